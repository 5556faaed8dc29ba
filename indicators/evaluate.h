/* What one definition says of one response: nothing (not in its population), an exclusion with its reason, or
 * facts to add up. The response is read as it was sealed; nothing is recalculated. */
#ifndef INDICATORS_EVALUATE_H
#define INDICATORS_EVALUATE_H

#include "forms/expr.h"
#include "indicators/definition.h"

struct evaluator;	/* a definition compiled against one form; one thread at a time */

/* Compile D against FORM. Faults (a literal that is no choice, an unknown question ..) are findings at the
 * definition's lines. ERR_ABSENT: D has no block for this form's id and version; ERR_INPUT: findings hold
 * errors; ERR_NOMEM. D and FORM must outlive it. FINDINGS may be NULL. */
enum err_code evaluator_new(const struct definition *d, const struct form *form, struct findings *findings,
	struct evaluator **out, struct err *err) MUST_CHECK;
void evaluator_free(struct evaluator *e);
/* Is B for that version of its form? */
bool evaluate_covers(const struct form_block *b, const char *version);

/* What the record says beside the document. Visit values (_role, _answered_by, _variant, _mode ..) come from the
 * document's meta unless given here. */
struct response {
	const char *site;
	int64_t day;			/* since 1970: the half-day sealed, re-dated by receipts */
	const struct coded *codes;	/* what its comment was coded with, by frame */
	size_t n_codes;
};
/* Codes that people agreed on; definitions with theme = FRAME/CODE look here and count only what has their frame. */
struct coded {
	const char *frame;	/* "care@2" */
	const char *themes;	/* codes, blanks between them */
};
/* Is the code of THEME ("care@2/staffing") among those of C? *CODED: C has its frame. */
bool evaluate_theme(const char *theme, const struct coded *c, size_t n, bool *coded);

enum outcome {
	OUTCOME_OUTSIDE,	/* not in the population: no fact */
	OUTCOME_EXCLUDED,	/* one entry, item "-REASON", num and value 0 */
	OUTCOME_COUNTED,	/* one entry; for options one for each option */
	OUTCOME_UNMAPPED,	/* no block covers its variant: counted and shown */
};

struct entry {
	const char *item;	/* "", the option's name, or "-REASON" */
	double num;		/* what is added up: 0 or 1; the value of a mean, score, quantity */
	double value;		/* what means are taken of (equal to num) */
};

struct evaluation {
	enum outcome outcome;
	const struct form_block *block;
	const struct entry *entries;	/* each counts 1 in n of its item's cell */
	size_t n;
	int people;		/* how many people it stands for (disclosure) */
	int month;		/* of its day */
	const char *stratum;	/* "" without strata */
	/* The breakdowns in the definition's order, then variant (if its blocks have any), then helped:
	 * "role=individual;helped=no". A value that is no code of 1 to 40 [A-Za-z0-9_.-] reads "other". */
	const char *bucket;
};

/* Evaluate IN, read with the same form. OUT is borrowed until the next call on E. ERR_LIMIT: an expression took
 * too many steps; ERR_INPUT: a value that cannot be (people negative); ERR_NOMEM. */
enum err_code evaluator_run(struct evaluator *e, struct instance *in, const struct response *about,
	struct evaluation *out, struct err *err) MUST_CHECK;
/* The value of breakdown KEY in BUCKET into OUT; false if it has none. */
bool bucket_value(const char *bucket, const char *key, char *out, size_t max);

#endif
