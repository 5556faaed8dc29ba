/* What was published before, as arithmetic: every cell's exact counts at each publication, and every figure
 * that was ever shown. A cell is a chain of atoms: its first counts, then one atom for each change, so that
 * what two publications differ by is a figure like any other (disclosure.h). */
#ifndef INDICATORS_HISTORY_H
#define INDICATORS_HISTORY_H

#include "aggregator/publication.h"
#include "indicators/disclosure.h"
#include "indicators/points.h"

/* A row that showed something new, in publication NO ("[p]" rows show nothing new). */
struct shown {
	const struct pub_row *row;
	int64_t no;
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
/* The rows of ID with definition hash HASH that showed something: *N of them from *FIRST, oldest first. */
void history_of(const struct history *h, const char *id, const char *hash, size_t *first, size_t *n);

/* One stretch of a cell's life. */
struct change {
	int64_t no;		/* first publication that holds it; HISTORY_NOW: since the last */
	int64_t people, in;	/* counts from then on */
	uint32_t atom_in, atom_out;
};
#define HISTORY_NOW INT64_MAX

struct chain_of_cell {
	struct change *changes;	/* ascending */
	size_t n;
};

/* The chains of all leaves of P, of the facts' definition DEF, with two atoms of DIS for each change. COUNTS: the
 * numerator counts people (a proportion, not a mean; else all are outside it). In arena A. */
enum err_code history_chains(struct facts *f, int64_t def, const struct points *p, bool counts,
	struct disclosure *dis, struct arena *a, struct chain_of_cell **out, struct err *err) MUST_CHECK;
/* How many people came or went in the cells of PT since publication NO: the sum of what each cell changed by. */
int64_t history_moved(const struct chain_of_cell *chains, const struct point *pt, int64_t no);
/* The people and the numerator of PT as they were at publication NO (HISTORY_NOW: now). */
void history_counts(const struct chain_of_cell *chains, const struct point *pt, int64_t no, int64_t *people,
	int64_t *in);
/* Add figure KIND of PT as of NO; FIG gives what else is known of it. */
enum err_code history_figure(struct disclosure *dis, const struct chain_of_cell *chains, const struct point *pt,
	int64_t no, struct figure fig, int *index, struct err *err) MUST_CHECK;
/* Keep the counts of all leaves as those of publication NO, where they changed. */
enum err_code history_keep(struct facts *f, int64_t def, const struct points *p, const struct chain_of_cell *chains,
	int64_t no, struct err *err) MUST_CHECK;

#endif
