/* An indicator's definition: the .ind file people read, sign and version (docs/formats/indicator.md). Reading
 * checks everything that needs no form; evaluate.h compiles the expressions against the forms. */
#ifndef INDICATORS_DEFINITION_H
#define INDICATORS_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "forms/findings.h"
#include "indicators/disclosure.h"
#include "indicators/methods.h"
#include "indicators/table.h"

enum indicator_kind { KIND_PROPORTION, KIND_OPTIONS, KIND_MEAN, KIND_SCORE, KIND_RATE, KIND_COUNT, KIND_QUANTITY,
	KIND_THEME };
enum period_kind { PERIOD_MONTH, PERIOD_QUARTER, PERIOD_HALF_YEAR, PERIOD_YEAR };
enum interval_kind { INTERVAL_NONE, INTERVAL_WILSON, INTERVAL_RATE, INTERVAL_T, INTERVAL_STRATA,
	INTERVAL_DSR };
enum definition_state { STATE_DRAFT, STATE_AGREED, STATE_RETIRED };
enum combine_kind { COMBINE_NONE, COMBINE_ASC_SATISFACTION };

/* "key.LABEL = TEXT" at LINE (0: a default). Texts everywhere are "" where nothing is said, never NULL. */
struct labelled {
	const char *label, *text;
	int line;
};

struct measure_item {			/* of a score */
	const char *question;
	const double *points;		/* of codes 1, 2 ..; NULL: the choices' score column */
	size_t n_points;
	double factor;
	struct labelled answer;		/* an expression; "" : ${QUESTION} */
	int line;
};

struct measure {
	struct labelled population, numerator, value, people;
	struct labelled *excludes, *options;
	size_t n_excludes, n_options;
	struct measure_item *items;
	size_t n_items;
	double offset, per;
	const char *theme;		/* FRAME@VERSION/CODE or "" */
	const char *at_risk;		/* name of a table or "" */
	bool by_session;		/* unit_of_analysis = session */
	enum combine_kind combine;
};

/* One [form ID] block with what [measure] gives it filled in. Two blocks of one form differ in variant. */
struct form_block {
	const char *form;
	const char *versions;		/* "" any, "2025040101", "2025040101..", "A..B" */
	const char *variant;		/* "", "standard", "easy_read" */
	const char *locked;		/* hash of the form in hex, or "" */
	struct measure measure;
	int line;
};

struct period_span {		/* a value that holds FROM a month UNTIL a month (inclusive) */
	double value;
	int from, until;	/* month indexes: year * 12 + month - 1; INT_MIN, INT_MAX if open */
	int line;
};

struct period_level { const char *level; enum period_kind period; int line; };
struct rebase { int month; const char *why, *decision; int line; };

struct definition {
	const char *file;	/* as given to the reader, for messages */
	/* [indicator] */
	const char *id, *title, *title_easy, *about, *unit, *owner, *review_by, *supersedes, *break_why, *family;
	int64_t version;
	enum indicator_kind kind;
	enum direction direction;
	struct labelled *aliases, *duties, *sources, *methods;
	size_t n_aliases, n_duties, n_sources, n_methods;
	/* [form ID] */
	struct form_block *blocks;
	size_t n_blocks;
	/* [tables], loaded */
	struct table *tables;
	size_t n_tables;
	/* [strata] */
	const char *strata_by, *strata_sizes;	/* "" : none */
	const char *strata_standard;		/* table of the standard population of a rate, or "" */
	struct labelled *strata_merges;		/* text "1+2" */
	size_t n_strata_merges;
	/* [by]: breakdowns beside the site; each an expression. Default: role */
	struct labelled *by;
	size_t n_by;
	bool by_site;
	struct labelled *crosses;		/* text "site*role" */
	size_t n_crosses;
	/* [time] */
	enum period_kind period;
	struct period_level *period_levels;
	size_t n_period_levels;
	int year_start;		/* month 1..12 */
	int64_t wait_days;
	/* [estimate] */
	enum interval_kind interval;
	struct period_span *targets, *baselines;
	size_t n_targets, n_baselines;
	struct labelled *comparators;
	size_t n_comparators;
	/* [round] */
	int value_decimals, count_step, total_step;
	bool value_percent;
	enum round_mode value_mode, count_mode, total_mode;
	/* [spc] */
	bool chart, screen, two_of_three;
	int shift, trend;
	size_t fix_after;
	struct rebase *rebases;
	size_t n_rebases;
	/* [disclosure] */
	struct policy policy;
	bool only_organisation_year;	/* concerns and complaints: nothing else is published */
	/* [plan], [state] */
	struct labelled plan[4];	/* who, where, every, target_n */
	enum definition_state state;
	const char *since;
	struct labelled *signatures;
	size_t n_signatures;
	const char *signed_hash;	/* in hex, or "": what was signed; another text is refused */

	struct buf canonical;	/* what the hash is over */
	uint8_t hash[32];	/* SHA-256 of canonical */
	struct arena arena;	/* owns every text above */
};

/* Read TEXT. Tables are read by OPEN (NULL: from the folder of NAME) into their text. Every fault is a finding
 * placed "FILE:LINE" that says how to mend it; ERR_INPUT if any is an error (and *OUT is NULL),
 * ERR_LIMIT over 64 KiB, ERR_NOMEM. *OUT is the caller's: definition_free. */
typedef enum err_code table_open(void *arg, const char *name, const char *path, struct buf *out, struct err *err);
enum err_code definition_parse(const char *name, const char *text, size_t len, table_open *open, void *arg,
	struct findings *findings, struct definition **out, struct err *err) MUST_CHECK;
/* The file at PATH. ERR_ABSENT if it is not there. */
enum err_code definition_read(const char *path, struct findings *findings, struct definition **out,
	struct err *err) MUST_CHECK;
void definition_free(struct definition *d);

/* All *.ind of DIR by file name; findings of all. ERR_INPUT if any has an error, if two share (scheme, code, date) or id and
 * version, or if what one supersedes is not older or comes back to it. */
struct library {
	struct definition **list;
	size_t n;
};
enum err_code library_read(const char *dir, struct findings *findings, struct library *out, struct err *err) MUST_CHECK;
void library_clear(struct library *l);
/* The definition ID at VERSION (0: the highest), or NULL. */
const struct definition *library_find(const struct library *l, const char *id, int64_t version);

/* "sat-users@3" into TEXT. */
enum { DEFINITION_NAME_MAX = 80 };
void definition_name(const struct definition *d, char text[DEFINITION_NAME_MAX]);
const char *definition_kind_word(enum indicator_kind k);
const char *definition_period_word(enum period_kind p);
const char *definition_state_word(enum definition_state s);
const char *definition_interval_word(enum interval_kind k);

/* --- time: months are year * 12 + month - 1; longer periods are named by their first month -------------- */

int month_of_day(int64_t day);	/* of a day since 1970 */
int64_t month_first_day(int month);
/* The period that LEVEL ("site", "provider", "area", "organisation" ..) is published in. */
enum period_kind definition_period(const struct definition *d, const char *level);
/* First month of the period of kind P that holds MONTH; years begin at D's year_start. */
int period_first(const struct definition *d, enum period_kind p, int month);
int period_months(enum period_kind p);		/* 1, 3, 6, 12 */
/* "2025-04", "2025-04..2025-06". */
void period_text(enum period_kind p, int first_month, char text[32]);
/* The target in force in MONTH; NAN: none. */
double definition_target(const struct definition *d, int month);
double definition_baseline(const struct definition *d, int month);
/* People at risk (rate) or supported at AREA in the months FIRST..LAST (average); NAN: not in the table. */
double definition_at_risk(const struct definition *d, const struct measure *m, const char *area, int first, int last);
double definition_stratum_size(const struct definition *d, const char *area, const char *stratum, int month);
/* The estimate that D prescribes of a cell: N, sum of numerators or values, mean, M2. For a rate give at_risk. */
struct cell_sums { double n, num, mean, m2, at_risk; };
struct estimate definition_estimate(const struct definition *d, const struct measure *m, const struct cell_sums *c);
/* The same over strata, weighted by the sizes of AREA ("": all) in MONTH, strata of one [strata] merge joined. OF_ALL: who
 * answered in the stratum altogether, where SUMS are of a group of them (its size is then estimated); else the same n.
 * 95 % limits only. No value if a stratum has people but no answer, or its size is not known. A rate is standardised
 * directly: to the standard population, over the sizes as they are, also of a group. ERR_NOMEM. */
struct stratum_sums {
	const char *stratum;
	struct cell_sums sums;
	double of_all;
};
enum err_code definition_stratified(const struct definition *d, const char *area, int month, const struct stratum_sums *s,
	size_t n, struct estimate *out, struct err *err) MUST_CHECK;

#endif
