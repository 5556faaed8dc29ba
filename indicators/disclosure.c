/* Disclosure control: the model, the policy's own rules, and the loop that goes on hiding until nothing hidden can be
 * worked out. See disclosure.h; the arithmetic is in disclosure_solve.c and disclosure_audit.c. */
#include "indicators/disclosure.h"

#include <stdlib.h>
#include <string.h>

#include "indicators/disclosure_private.h"

enum { ROUNDS_MAX = 100000 };

enum err_code
disclosure_new(const struct policy *p, struct disclosure **out, struct err *err)
{
	struct disclosure *d = calloc(1, sizeof(*d));

	*out = d;
	if (d == NULL)
		return err_nomem(err);
	d->policy = *p;
	return ERR_OK;
}

void
disclosure_free(struct disclosure *d)
{
	if (d == NULL)
		return;
	free(d->figs);
	free(d->atoms);
	free(d->expected);
	free(d);
}

uint32_t
disclosure_atom(struct disclosure *d)
{
	return d->unknowns++;
}

void
disclosure_expect(struct disclosure *d, uint32_t atom, int64_t people)
{
	if (atom >= d->unknowns)
		return;
	if (atom >= d->n_expected) {
		int64_t *more = realloc(d->expected, d->unknowns * sizeof(*more));

		if (more == NULL)
			return;
		for (uint32_t i = d->n_expected; i < d->unknowns; i++)
			more[i] = -1;
		d->expected = more;
		d->n_expected = d->unknowns;
	}
	d->expected[atom] = people;
}

static bool
room(struct disclosure *d, size_t more)
{
	if (d->n == d->cap) {
		size_t cap = d->cap * 2 + 64;
		struct fig *figs = realloc(d->figs, cap * sizeof(*figs));

		if (figs == NULL)
			return false;
		d->figs = figs;
		d->cap = cap;
	}
	if (more > d->cap_atoms - d->n_atoms) {
		size_t cap = d->cap_atoms * 2 + more + 256;
		uint32_t *atoms = realloc(d->atoms, cap * sizeof(*atoms));

		if (atoms == NULL)
			return false;
		d->atoms = atoms;
		d->cap_atoms = cap;
	}
	return true;
}

static bool
is_figure(const struct disclosure *d, int i)
{
	return i == FIGURE_NONE || (i >= 0 && (size_t)i <= d->n);
}

enum err_code
disclosure_add(struct disclosure *d, const struct figure *f, int *index, struct err *err)
{
	struct fig *g;

	*index = FIGURE_NONE;
	for (size_t i = 0; i < f->n_atoms; i++)
		if (f->atoms[i] >= d->unknowns)
			return err_set(err, ERR_INPUT, "figure %zu has an atom that was not made", d->n);
	if (!is_figure(d, f->base) || !is_figure(d, f->whole) || f->count < 0 || d->n >= INT32_MAX
	    || (f->kind == FIGURE_BASE) != (f->base == FIGURE_NONE))
		return err_set(err, ERR_INPUT, "figure %zu: its base, whole or count cannot be", d->n);
	if (!room(d, f->n_atoms))
		return err_nomem(err);
	g = &d->figs[d->n];
	*g = (struct fig){ .f = *f, .first = d->n_atoms };
	g->f.atoms = NULL;
	if (f->n_atoms > 0)
		memcpy(d->atoms + d->n_atoms, f->atoms, f->n_atoms * sizeof(*f->atoms));
	d->n_atoms += f->n_atoms;
	*index = (int)d->n++;
	return ERR_OK;
}

void
disclosure_pair(struct disclosure *d, int a, int b)
{
	if (a < 0 || b < 0 || (size_t)a >= d->n || (size_t)b >= d->n)
		return;
	d->figs[a].f.pair = b;
	d->figs[b].f.pair = a;
}

/* --- the policy's own rules --------------------------------------------------------------------------------------- */

static bool
is_small(int64_t v, int64_t min)
{
	return v > 0 && v < min;
}

static bool
base_is_small(const struct policy *p, const struct fig *g)
{
	return is_small(g->f.count, p->base_min) || (g->f.count > 0 && g->f.supported >= 0 && g->f.supported < p->base_min);
}

static bool
count_is_small(const struct policy *p, const struct fig *g, int64_t base)
{
	int64_t rest = base - g->f.count;

	if (is_small(g->f.count, p->cell_min) || is_small(rest, p->cell_min))
		return true;
	/* nobody or everybody: below the organisation that is what each person there said */
	return p->zero_hidden && g->f.kind == FIGURE_COUNT && g->f.level < LEVEL_ORGANISATION
	    && (g->f.count == 0 || rest == 0);
}

static void
primary(struct disclosure *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct fig *g = &d->figs[i];

		g->hidden = g->primary = g->known = g->alone = g->unreliable = false;
		if (g->f.frozen)
			continue;
		if (g->f.kind == FIGURE_BASE) {
			g->primary = g->f.never || base_is_small(&d->policy, g);
			g->unreliable = g->f.supported >= 0 && g->f.count > g->f.supported;
		} else {
			const struct fig *base = &d->figs[g->f.base];

			g->primary = g->f.never || base->primary
			    || (base->f.count > 0 && count_is_small(&d->policy, g, base->f.count));
		}
		g->hidden = g->primary;
	}
}

/* --- hiding ---------------------------------------------------------------------------------------------------------- */

void
disclosure_hide(struct disclosure *d, size_t i)
{
	struct fig *g = &d->figs[i];

	if (g->hidden || g->f.frozen)
		return;
	g->hidden = true;
	if (g->f.pair != FIGURE_NONE && (size_t)g->f.pair < d->n)
		disclosure_hide(d, (size_t)g->f.pair);
	if (g->f.kind != FIGURE_BASE)
		return;
	for (size_t k = 0; k < d->n; k++)	/* a row without its base says nothing */
		if (d->figs[k].f.base == (int)i)
			disclosure_hide(d, k);
}

size_t
disclosure_hide_for(struct disclosure *d, size_t i, size_t which)
{
	int base = d->figs[i].f.base;

	if (which == SIZE_MAX && base != FIGURE_NONE && fig_is_shown(&d->figs[base]) && !d->figs[base].f.frozen)
		which = (size_t)base;
	if (which == SIZE_MAX) {
		d->figs[i].known = true;
		return 0;
	}
	disclosure_hide(d, which);
	return 1;
}

size_t
disclosure_worse(const struct disclosure *d, size_t a, size_t b)
{
	const struct figure *x = &d->figs[a].f, *y = &d->figs[b].f;

	if (x->level != y->level)
		return x->level < y->level ? a : b;
	if (x->count != y->count)
		return x->count < y->count ? a : b;
	if ((x->kind == FIGURE_BASE) != (y->kind == FIGURE_BASE))
		return x->kind == FIGURE_BASE ? b : a;
	return a < b ? a : b;
}

static size_t
hide_pairs(struct disclosure *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		int other = d->figs[i].f.pair;

		if (!d->figs[i].hidden || other == FIGURE_NONE || (size_t)other >= d->n || d->figs[other].hidden
		    || d->figs[other].f.frozen)
			continue;
		disclosure_hide(d, (size_t)other);
		n++;
	}
	return n;
}

struct part {
	int whole, split;
	size_t fig;
};

static int
by_whole(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->whole != y->whole)
		return x->whole < y->whole ? -1 : 1;
	if (x->split != y->split)
		return x->split < y->split ? -1 : 1;
	return x->fig < y->fig ? -1 : x->fig > y->fig;
}

/* One total and its parts PARTS[0..N-1]: hidden ones must be two at least and make up cell_min. */
static size_t
protect_whole(struct disclosure *d, const struct part *parts, size_t n)
{
	const struct fig *whole = &d->figs[parts[0].whole];
	int64_t sum = 0;
	size_t hidden = 0, went = 0;

	for (size_t i = 0; i < n; i++)
		if (d->figs[parts[i].fig].hidden) {
			sum += d->figs[parts[i].fig].f.count;
			hidden++;
		}
	if (!fig_is_shown(whole) || hidden == 0)
		return 0;
	while (hidden < 2 || sum < d->policy.cell_min) {
		size_t next = SIZE_MAX;

		for (size_t i = 0; i < n; i++) {
			const struct fig *g = &d->figs[parts[i].fig];

			if (g->hidden || g->f.frozen || g->f.count == 0)
				continue;
			next = next == SIZE_MAX ? parts[i].fig : disclosure_worse(d, next, parts[i].fig);
		}
		if (next == SIZE_MAX)
			break;
		sum += d->figs[next].f.count;
		hidden++;
		went++;
		disclosure_hide(d, next);
	}
	return went;
}

static enum err_code
protect_wholes(struct disclosure *d, size_t *went, struct err *err)
{
	struct part *parts = calloc(d->n + 1, sizeof(*parts));
	size_t n = 0;

	if (parts == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < d->n; i++)
		if (d->figs[i].f.whole != FIGURE_NONE)
			parts[n++] = (struct part){ d->figs[i].f.whole, d->figs[i].f.split, i };
	qsort(parts, n, sizeof(*parts), by_whole);
	for (size_t i = 0, k; i < n; i = k) {
		for (k = i; k < n && parts[k].whole == parts[i].whole && parts[k].split == parts[i].split;)
			k++;
		*went += protect_whole(d, parts + i, k - i);
	}
	free(parts);
	return ERR_OK;
}

/* The rest of a base is as telling as the count: where one of the two is small, nobody may work out either, even with
 * the base hidden. Adds the rest of each such count as a figure that is not published. */
static enum err_code
add_rests(struct disclosure *d, struct err *err)
{
	uint32_t *atoms = calloc(d->n_atoms + 1, sizeof(*atoms));
	bool *in = calloc((size_t)d->unknowns + 1, sizeof(*in));
	size_t n = d->n;
	enum err_code rc = atoms == NULL || in == NULL ? err_nomem(err) : ERR_OK;
	int index;

	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		struct figure f = d->figs[i].f;
		const struct fig *g = &d->figs[i], *base = f.base == FIGURE_NONE ? NULL : &d->figs[f.base];

		if (base == NULL || !g->hidden || !count_is_small(&d->policy, g, base->f.count) || base->f.count < f.count)
			continue;
		for (size_t k = 0; k < g->f.n_atoms; k++)
			in[fig_atoms(d, g)[k]] = true;
		f.n_atoms = 0;
		for (size_t k = 0; k < base->f.n_atoms; k++)
			if (!in[fig_atoms(d, base)[k]])
				atoms[f.n_atoms++] = fig_atoms(d, base)[k];
		for (size_t k = 0; k < g->f.n_atoms; k++)
			in[fig_atoms(d, g)[k]] = false;
		f.atoms = atoms;
		f.count = base->f.count - f.count;
		f.pair = f.whole = FIGURE_NONE;
		f.frozen = false;
		f.never = f.unpublished = true;
		rc = f.n_atoms + g->f.n_atoms == base->f.n_atoms ? disclosure_add(d, &f, &index, err) : ERR_OK;
		if (rc == ERR_OK && d->n > n)
			d->figs[d->n - 1].hidden = d->figs[d->n - 1].primary = d->figs[d->n - 1].rest = true;
	}
	free(atoms);
	free(in);
	return rc;
}

enum err_code
disclosure_run(struct disclosure *d, struct err *err)
{
	size_t went = 1, n = d->n, n_atoms = d->n_atoms;
	enum err_code rc;

	primary(d);
	rc = add_rests(d, err);
	for (int round = 0; round < ROUNDS_MAX && went > 0 && rc == ERR_OK; round++) {
		went = hide_pairs(d);
		if (!d->policy.complement)
			continue;
		rc = protect_wholes(d, &went, err);
		if (rc == ERR_OK)
			rc = disclosure_solve(d, &went, err);
		if (rc == ERR_OK && went == 0)
			rc = disclosure_audit(d, &went, err);
	}
	d->failed = rc != ERR_OK;
	d->n = n;
	d->n_atoms = n_atoms;
	return rc;
}

/* --- what came out ------------------------------------------------------------------------------------------------------- */

char
disclosure_flag(const struct disclosure *d, int figure)
{
	const struct fig *g;

	if (d->failed || figure < 0 || (size_t)figure >= d->n)
		return 'c';
	g = &d->figs[figure];
	if (g->hidden)
		return 'c';
	if (g->f.count == 0 && (g->f.kind == FIGURE_BASE || d->figs[g->f.base].f.count == 0))
		return 'w';
	if (g->unreliable || (g->f.base != FIGURE_NONE && d->figs[g->f.base].unreliable))
		return 'u';
	return 0;
}

bool
disclosure_is_primary(const struct disclosure *d, int figure)
{
	return figure >= 0 && (size_t)figure < d->n && d->figs[figure].primary;
}

bool
disclosure_is_known(const struct disclosure *d, int figure)
{
	return figure >= 0 && (size_t)figure < d->n && d->figs[figure].known;
}
