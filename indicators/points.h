/* Points: one estimate for one area, breakdown and period, out of the cells of one definition. Unrounded
 * and unsuppressed: what analysts see in the reading room, and what a publication is prepared from. */
#ifndef INDICATORS_POINTS_H
#define INDICATORS_POINTS_H

#include "indicators/definition.h"
#include "indicators/facts_store.h"

/* A cell with its bucket as text. */
struct leaf {
	const char *site, *stratum, *bucket, *item;
	int month;
	struct cell_sum sum;
};

struct point {
	const char *site;		/* "": the whole organisation */
	const char *breakdown;		/* "", or a name of [by] */
	const char *category;		/* its value */
	const char *variant;		/* "" unless the definition has variants that are not combined */
	const char *item;		/* "", or an option's name */
	enum period_kind period;
	int first_month;
	struct cell_sum sum;		/* merged in key order */
	int64_t excluded;		/* entries with a reason not to count */
	int64_t helped;			/* people among them who were helped to answer */
	double at_risk;			/* NAN where there is none */
	struct estimate e;
	double target;			/* NAN: none */
	enum verdict verdict;
	const uint32_t *leaves;		/* indexes of the cells it is the sum of */
	size_t n_leaves;
};

struct points {
	struct leaf *leaves;
	size_t n_leaves;
	struct point *list;		/* by site, variant, breakdown, category, item, month */
	size_t n;
	int64_t kept_from;	/* periods before this month are of cells whose facts are gone (facts_kept_from) */
	struct arena arena;
};

/* All points of DEF, the facts' number of D; none of a period that has facts in part only, because those of its first months were gone
 * before D came into use. *OUT (any content) is the caller's: points_clear. ERR_NOMEM,
 * ERR_LIMIT over 2,000,000 cells. */
enum err_code points_of(struct facts *f, const struct definition *d, int64_t def, struct points *out,
	struct err *err) MUST_CHECK;
void points_clear(struct points *p);
/* Are A and B points of one series (equal but for the month)? */
bool points_same_series(const struct point *a, const struct point *b);

#endif
