/* What was published before: every cell's exact counts at each publication, and every figure that was ever
 * shown. Which people make up a figure is in history_atoms.h. */
#ifndef INDICATORS_HISTORY_H
#define INDICATORS_HISTORY_H

#include "aggregator/publication.h"
#include "indicators/disclosure.h"
#include "indicators/points.h"

/* A row of publication NO. IS_NEW: it showed something, and not what an earlier one did ("[p]"). */
struct shown {
	const struct pub_row *row;
	int64_t no;
	bool is_new;
};

struct history {
	struct publication *publications;	/* all that were published */
	struct buf *files;
	size_t n_publications;
	struct shown *shown;			/* by id, then number */
	size_t n_shown;
};

/* Read every published publication of F. *OUT (any content): history_clear. */
enum err_code history_load(struct facts *f, struct history *out, struct err *err) MUST_CHECK;
void history_clear(struct history *h);
/* The rows of ID with definition hash HASH: *N of them from *FIRST, oldest first. */
void history_of(const struct history *h, const char *id, const char *hash, size_t *first, size_t *n);

/* One stretch of a cell's life. */
struct change {
	int64_t no;		/* first publication that holds it; HISTORY_NOW: since the last */
	int64_t people, in;	/* counts from then on */
};
#define HISTORY_NOW INT64_MAX

struct chain_of_cell {
	struct change *changes;	/* ascending */
	size_t n;
};

/* The chains of all leaves of P, of the facts' definition DEF. COUNTS: the numerator counts people (a proportion, not a
 * mean; else all are outside it). In arena A. */
enum err_code history_chains(struct facts *f, int64_t def, const struct points *p, bool counts, struct arena *a,
	struct chain_of_cell **out, struct err *err) MUST_CHECK;
/* How many people came or went in the cells of PT since publication NO: the sum of what each cell changed by. */
int64_t history_moved(const struct chain_of_cell *chains, const struct point *pt, int64_t no);
/* Did no cell of PT change from publication NO to LATER? */
bool history_same(const struct chain_of_cell *chains, const struct point *pt, int64_t no, int64_t later);
/* The people, the numerator and the helped people of POINT as they were at publication NO (HISTORY_NOW: now). */
struct history_count {
	int64_t people, in, helped;
};
struct history_count history_counts(const struct points *p, const struct chain_of_cell *chains, const struct point *pt,
	int64_t no);
/* Keep the counts of all leaves as those of publication NO, where they changed. */
enum err_code history_keep(struct facts *f, int64_t def, const struct points *p, const struct chain_of_cell *chains,
	int64_t no, struct err *err) MUST_CHECK;

#endif
