/* What the files of preparing share: the rows being made and the definitions they come from. */
#ifndef INDICATORS_PREPARE_PRIVATE_H
#define INDICATORS_PREPARE_PRIVATE_H

#include "indicators/disclosure.h"
#include "indicators/history.h"
#include "indicators/points.h"
#include "indicators/prepare.h"

/* A row being made, with the exact figures behind it. */
struct draft_row {
	struct pub_row row;
	const struct definition *d;
	const struct point *p;
	int base, count, helped;	/* figures, or FIGURE_NONE */
	const struct shown *before;	/* the last time its value was shown, or NULL; of an expired row: its last publication */
	const struct shown *base_before;	/* the last time its denominator was */
	int base_then;			/* the figure of that denominator */
	bool is_between;		/* its denominator must stay, its value cannot be told with it */
	bool kept;			/* as it was then: what came since is too little to tell apart */
	bool expired;			/* as it was last: its facts are gone, and it is in no system any more */
};

/* A definition of a family, its points and its rows. */
struct member {
	const struct definition *d;
	const char *hash;
	int64_t def;
	bool is_published;		/* else only what it showed before counts */
	struct points points;
	struct chain_of_cell *chains;
	size_t first, end;		/* its rows, in the order of its points */
};

struct site_names {
	struct store_site *list;
	size_t n, cap;
};

struct work {
	struct facts *f;
	const struct prepare *how;
	struct arena arena;
	struct site_names sites;
	struct draft_row *rows;
	size_t n, cap;
	struct pub_definition *definitions;
	size_t n_definitions;
	struct history history;
	int64_t no;
	struct points *points;	/* of all families */
	size_t n_points;
	struct prepare_report report;
};

const char *prepare_row_id(struct work *w, const struct definition *d, const struct point *p);
bool prepare_counts_people(const struct definition *d);
/* R says the figures, margin and verdict that OLD, the row of an earlier publication, said. */
void prepare_as_before(struct pub_row *r, const struct pub_row *old);

/* prepare_suppress.c: hide, keep back or revise all rows of the N members of a family, in one system with everything
 * they ever showed. ERR_LIMIT: too much to check; the rows are in no state to use. */
enum err_code prepare_suppress(struct work *w, struct member *members, size_t n, struct err *err) MUST_CHECK;

#endif
