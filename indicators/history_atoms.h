/* Which people make up which figure, so that disclosure control can reckon with all of them at once: the atoms of a
 * *family*, definitions that ask the same people (docs/indicators.md section 3).
 *
 * A record's life is where it counted, for each definition of the family, in each publication and now. Records of one
 * life are one atom. So nested numerators, the options of one question over one base, versions beside each other and
 * what changed between publications are sums of the same atoms. Where somebody could have been but is not (a leaf where
 * everybody said yes) stands an atom of nobody: that it is empty must not be taken as known. */
#ifndef INDICATORS_HISTORY_ATOMS_H
#define INDICATORS_HISTORY_ATOMS_H

#include "indicators/history.h"

struct atoms;

struct atoms_member {
	int64_t def;
	const struct points *points;
	bool counts;		/* its numerator counts people */
};

/* What an atom does in a leaf: it is there in publications FROM .. UNTIL - 1 (indexes: atoms_index). */
struct atom_span {
	uint32_t atom, from, until;
	bool in;		/* in the numerator */
};

/* Make the atoms of the N members in DIS. *OUT is the caller's: atoms_free. H and the points must outlive it.
 * ERR_LIMIT: over 2,000,000 atoms; ERR_BROKEN: a cell without a leaf; ERR_NOMEM. */
enum err_code atoms_new(struct facts *f, const struct history *h, const struct atoms_member *members, size_t n,
	struct disclosure *dis, struct atoms **out, struct err *err) MUST_CHECK;
void atoms_free(struct atoms *a);
/* How many; they are 0 .. of DIS if it was new. */
size_t atoms_count(const struct atoms *a);
/* The index of publication NO (HISTORY_NOW: of what is now). */
uint32_t atoms_index(const struct atoms *a, int64_t no);
/* The *N spans of LEAF of MEMBER. */
const struct atom_span *atoms_of(const struct atoms *a, size_t member, uint32_t leaf, size_t *n);
/* How many people ATOM stands for; -1: not known for itself (it was withdrawn, or stands for several people). */
int64_t atoms_people(const struct atoms *a, uint32_t atom);

#endif
