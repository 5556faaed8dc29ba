/* Inside indicators/: the state of a disclosure run, shared by its steps. */
#ifndef INDICATORS_DISCLOSURE_PRIVATE_H
#define INDICATORS_DISCLOSURE_PRIVATE_H

#include "indicators/disclosure.h"

struct fig {
	struct figure f;	/* atoms: see first */
	size_t first;		/* its atoms in disclosure.atoms */
	bool hidden, primary, known, unreliable;
	bool rest;		/* of a base, without the count: the other side of a hidden count */
	bool alone;		/* only the guess of why it is hidden would give it away: nothing published does */
};

struct disclosure {
	struct policy policy;
	struct fig *figs;
	size_t n, cap;
	uint32_t *atoms;	/* of all figures, one after another */
	size_t n_atoms, cap_atoms;
	uint32_t unknowns;	/* atoms made */
	int64_t *expected;	/* of the first n_expected atoms; -1: not known */
	uint32_t n_expected;
	bool failed;		/* a run failed: everything is hidden */
};

static inline const uint32_t *
fig_atoms(const struct disclosure *d, const struct fig *g)
{
	return d->atoms + g->first;
}
/* Can an attacker read it? A base of 0 is shown as "none" and known. */
static inline bool
fig_is_shown(const struct fig *g)
{
	return !g->hidden && !g->f.unpublished;
}
/* Is it one that must not be worked out? */
static inline bool
fig_is_target(const struct fig *g)
{
	return g->hidden && !g->known;
}
/* Hide figure I to protect another, with what goes with it (counts of a base, its pair). */
void disclosure_hide(struct disclosure *d, size_t i);
/* Hide figure WHICH (SIZE_MAX: there is none that can be) to protect the target I; how many went. Where nothing but
 * earlier publications gives a count away, its base goes, so that at least the rest is not known; then it is known. */
size_t disclosure_hide_for(struct disclosure *d, size_t i, size_t which);
/* Of two shown figures: the one to hide first (lowest level, then smallest, then counts before bases). */
size_t disclosure_worse(const struct disclosure *d, size_t a, size_t b);

/* disclosure_solve.c: hides until no target lies in the span of the shown figures. *HIDDEN: how many went. */
enum err_code disclosure_solve(struct disclosure *d, size_t *hidden, struct err *err) MUST_CHECK;
/* disclosure_audit.c: hides until no target has a single possible value by bounds on counts. */
enum err_code disclosure_audit(struct disclosure *d, size_t *hidden, struct err *err) MUST_CHECK;

enum { DISCLOSURE_UNKNOWNS_MAX = 20000 };

#endif
