/* The linear attacker, and what stops it. Every shown figure is an equation over the atoms; a hidden figure that is a
 * combination of shown ones can be subtracted out by anyone. Arithmetic is exact modulo the prime 2^61 - 1: a
 * combination over the rationals is one modulo the prime too, so nothing recoverable is missed.
 *
 * Sparse elimination: equations in order of length, each reduced by the pivots before it; a pivot's equation holds no
 * variable of an earlier pivot, so reducing in the order of pivots ends. With each equation goes the combination of
 * figures that it is made of; where a hidden figure reduces to nothing, one of its combination is hidden too. */
#include <stdlib.h>
#include <string.h>

#include "indicators/disclosure_private.h"

static const uint64_t prime = ((uint64_t)1 << 61) - 1;

static uint64_t
mod_mul(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;
	uint64_t r = (uint64_t)(p & prime) + (uint64_t)(p >> 61);

	return r >= prime ? r - prime : r;
}

static uint64_t
mod_sub(uint64_t a, uint64_t b)
{
	return a >= b ? a - b : a + prime - b;
}

static uint64_t
mod_inverse(uint64_t a)
{
	uint64_t r = 1;

	for (uint64_t e = prime - 2; e > 0; e >>= 1) {
		if ((e & 1) != 0)
			r = mod_mul(r, a);
		a = mod_mul(a, a);
	}
	return r;
}

/* A sparse vector: entries with value not 0. */
struct entry {
	uint32_t at;
	uint64_t v;
};

struct sparse {
	struct entry *list;
	size_t n;
};

/* A dense vector that knows which places were touched. */
struct dense {
	uint64_t *v;
	bool *in;
	uint32_t *touched;
	size_t n;
};

struct pivot {
	uint32_t variable;
	struct sparse row, from;	/* the equation; the figures it is made of */
};

struct system {
	struct disclosure *d;
	struct pivot *pivots;
	size_t n_pivots;
	uint32_t *pivot_of;	/* of an atom, + 1 */
	uint32_t *uses;		/* equations an atom stands in */
	struct dense row, from;
	uint32_t *heap;		/* pivots still to be taken off the row, smallest first */
	size_t n_heap;
	bool *queued;
};

static bool
dense_init(struct dense *x, size_t n)
{
	x->v = calloc(n + 1, sizeof(*x->v));
	x->in = calloc(n + 1, sizeof(*x->in));
	x->touched = calloc(n + 1, sizeof(*x->touched));
	return x->v != NULL && x->in != NULL && x->touched != NULL;
}

static void
dense_free(struct dense *x)
{
	free(x->v);
	free(x->in);
	free(x->touched);
}

static void
dense_set(struct dense *x, uint32_t at, uint64_t v)
{
	if (!x->in[at]) {
		x->in[at] = true;
		x->touched[x->n++] = at;
	}
	x->v[at] = v;
}

static void
dense_reset(struct dense *x)
{
	for (size_t i = 0; i < x->n; i++) {
		x->v[x->touched[i]] = 0;
		x->in[x->touched[i]] = false;
	}
	x->n = 0;
}

static bool
dense_keep(const struct dense *x, struct sparse *out)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		n += x->v[x->touched[i]] != 0;
	out->list = calloc(n + 1, sizeof(*out->list));
	if (out->list == NULL)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (x->v[x->touched[i]] != 0)
			out->list[out->n++] = (struct entry){ x->touched[i], x->v[x->touched[i]] };
	return true;
}

/* --- the queue of pivots to take off ------------------------------------------------------------------------------ */

static void
heap_push(struct system *s, uint32_t p)
{
	size_t i = s->n_heap;

	if (s->queued[p])
		return;
	s->queued[p] = true;
	s->heap[s->n_heap++] = p;
	while (i > 0 && s->heap[(i - 1) / 2] > s->heap[i]) {
		uint32_t t = s->heap[i];

		s->heap[i] = s->heap[(i - 1) / 2];
		s->heap[(i - 1) / 2] = t;
		i = (i - 1) / 2;
	}
}

static uint32_t
heap_pop(struct system *s)
{
	uint32_t top = s->heap[0];
	size_t i = 0;

	s->heap[0] = s->heap[--s->n_heap];
	for (;;) {
		size_t k = 2 * i + 1;
		uint32_t t;

		if (k + 1 < s->n_heap && s->heap[k + 1] < s->heap[k])
			k++;
		if (k >= s->n_heap || s->heap[i] <= s->heap[k])
			break;
		t = s->heap[i];
		s->heap[i] = s->heap[k];
		s->heap[k] = t;
		i = k;
	}
	s->queued[top] = false;
	return top;
}

static void
row_set(struct system *s, uint32_t atom, uint64_t v)
{
	dense_set(&s->row, atom, v);
	if (v != 0 && s->pivot_of[atom] != 0)
		heap_push(s, s->pivot_of[atom] - 1);
}

/* Put figure I into the row and take all pivots off it. What is left has no pivot's variable. */
static void
reduce(struct system *s, size_t i)
{
	const struct fig *g = &s->d->figs[i];
	const uint32_t *atoms = fig_atoms(s->d, g);

	for (size_t k = 0; k < g->f.n_atoms; k++)
		row_set(s, atoms[k], 1);
	while (s->n_heap > 0) {
		const struct pivot *p = &s->pivots[heap_pop(s)];
		uint64_t by = s->row.v[p->variable];	/* the pivot's own coefficient is 1 */

		if (by == 0)
			continue;
		for (size_t k = 0; k < p->row.n; k++) {
			uint32_t at = p->row.list[k].at;

			row_set(s, at, mod_sub(s->row.v[at], mod_mul(by, p->row.list[k].v)));
		}
		for (size_t k = 0; k < p->from.n; k++) {
			uint32_t at = p->from.list[k].at;

			dense_set(&s->from, at, mod_sub(s->from.v[at], mod_mul(by, p->from.list[k].v)));
		}
	}
}

/* What is left of a reduced equation becomes a pivot, on its variable in fewest equations; nothing left: redundant. */
static bool
add_pivot(struct system *s, size_t i)
{
	struct pivot *p = &s->pivots[s->n_pivots];
	uint32_t best = UINT32_MAX;
	uint64_t inverse;

	for (size_t k = 0; k < s->row.n; k++) {
		uint32_t at = s->row.touched[k];

		if (s->row.v[at] != 0 && (best == UINT32_MAX || s->uses[at] < s->uses[best]))
			best = at;
	}
	if (best == UINT32_MAX)
		return true;
	dense_set(&s->from, (uint32_t)i, 1);
	inverse = mod_inverse(s->row.v[best]);
	if (inverse != 1) {
		for (size_t k = 0; k < s->row.n; k++)
			s->row.v[s->row.touched[k]] = mod_mul(s->row.v[s->row.touched[k]], inverse);
		for (size_t k = 0; k < s->from.n; k++)
			s->from.v[s->from.touched[k]] = mod_mul(s->from.v[s->from.touched[k]], inverse);
	}
	p->variable = best;
	if (!dense_keep(&s->row, &p->row) || !dense_keep(&s->from, &p->from))
		return false;
	s->pivot_of[best] = (uint32_t)++s->n_pivots;
	return true;
}

struct order {
	size_t length;
	uint32_t fig;
};

static int
by_length(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	return x->fig < y->fig ? -1 : x->fig > y->fig;
}

static void
clear_row(struct system *s)
{
	dense_reset(&s->row);
	dense_reset(&s->from);
}

/* How much there is to solve for: atoms of hidden figures that no single shown figure gives, or the hidden figures
 * themselves where they are fewer (totals over much that is not published by itself). */
static size_t
hidden_unknowns(const struct disclosure *d, bool *seen)
{
	size_t n = 0, figures = 0;

	for (size_t i = 0; i < d->n; i++)
		if (fig_is_shown(&d->figs[i]) && d->figs[i].f.n_atoms == 1)
			seen[*fig_atoms(d, &d->figs[i])] = true;
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < d->figs[i].f.n_atoms && d->figs[i].hidden; k++) {
			uint32_t at = fig_atoms(d, &d->figs[i])[k];

			n += !seen[at];
			seen[at] = true;
		}
	for (size_t i = 0; i < d->n; i++)
		figures += d->figs[i].hidden;
	return figures < n ? figures : n;
}

static enum err_code
system_new(struct system *s, struct disclosure *d, struct order **order, struct err *err)
{
	size_t n = d->unknowns;

	memset(s, 0, sizeof(*s));
	s->d = d;
	s->pivots = calloc((d->n < n ? d->n : n) + 1, sizeof(*s->pivots));
	s->pivot_of = calloc(n + 1, sizeof(*s->pivot_of));
	s->uses = calloc(n + 1, sizeof(*s->uses));
	s->heap = calloc(n + 1, sizeof(*s->heap));
	s->queued = calloc(n + 1, sizeof(*s->queued));
	*order = calloc(d->n + 1, sizeof(**order));
	if (!dense_init(&s->row, n) || !dense_init(&s->from, d->n) || s->pivots == NULL || s->pivot_of == NULL
	    || s->uses == NULL || s->heap == NULL || s->queued == NULL || *order == NULL)
		return err_nomem(err);
	return ERR_OK;
}

static void
system_free(struct system *s)
{
	for (size_t i = 0; i < s->n_pivots; i++) {
		free(s->pivots[i].row.list);
		free(s->pivots[i].from.list);
	}
	if (s->pivots != NULL && s->d != NULL && s->pivots[s->n_pivots].row.list != NULL)
		free(s->pivots[s->n_pivots].row.list);
	free(s->pivots);
	free(s->pivot_of);
	free(s->uses);
	free(s->heap);
	free(s->queued);
	dense_free(&s->row);
	dense_free(&s->from);
}

static enum err_code
eliminate(struct system *s, struct order *order, struct err *err)
{
	struct disclosure *d = s->d;
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		if (!fig_is_shown(&d->figs[i]))
			continue;
		order[n++] = (struct order){ d->figs[i].f.n_atoms, (uint32_t)i };
		for (size_t k = 0; k < d->figs[i].f.n_atoms; k++)
			s->uses[fig_atoms(d, &d->figs[i])[k]]++;
	}
	qsort(order, n, sizeof(*order), by_length);
	for (size_t i = 0; i < n; i++) {
		reduce(s, order[i].fig);
		if (!add_pivot(s, order[i].fig))
			return err_nomem(err);
		clear_row(s);
	}
	return ERR_OK;
}

/* Has it an atom that stands in no equation? Then no combination gives it. */
static bool
is_out_of_reach(const struct system *s, const struct fig *g)
{
	for (size_t k = 0; k < g->f.n_atoms; k++)
		if (s->uses[fig_atoms(s->d, g)[k]] == 0)
			return true;
	return false;
}

/* Take figure I, a target: if it can be worked out, hide one of what it is worked out from. */
static size_t
protect(struct system *s, size_t i)
{
	struct disclosure *d = s->d;
	size_t best = SIZE_MAX;
	bool open = true, changed = false;

	reduce(s, i);
	for (size_t k = 0; k < s->row.n && open; k++)
		open = s->row.v[s->row.touched[k]] == 0;
	for (size_t k = 0; k < s->from.n && open; k++) {
		uint32_t at = s->from.touched[k];

		if (s->from.v[at] == 0)
			continue;
		changed = changed || d->figs[at].hidden;	/* in this pass: ask again in the next */
		if (!d->figs[at].f.frozen && !d->figs[at].hidden)
			best = best == SIZE_MAX ? at : disclosure_worse(d, best, at);
	}
	clear_row(s);
	if (!open || changed)
		return 0;
	return disclosure_hide_for(d, i, best);
}

static enum err_code
one_pass(struct disclosure *d, size_t *went, struct err *err)
{
	struct system s;
	struct order *order = NULL;
	enum err_code rc = system_new(&s, d, &order, err);

	if (rc == ERR_OK)
		rc = eliminate(&s, order, err);
	for (size_t i = 0; i < d->n && rc == ERR_OK; i++)
		if (fig_is_target(&d->figs[i]) && !is_out_of_reach(&s, &d->figs[i]))
			*went += protect(&s, i);
	free(order);
	system_free(&s);
	return rc;
}

enum err_code
disclosure_solve(struct disclosure *d, size_t *hidden, struct err *err)
{
	size_t went = 1, unknowns;
	bool *seen = calloc(d->unknowns + 1, sizeof(*seen));
	enum err_code rc = ERR_OK;

	if (seen == NULL)
		return err_nomem(err);
	unknowns = hidden_unknowns(d, seen);
	free(seen);
	if (unknowns > DISCLOSURE_UNKNOWNS_MAX)
		return err_set(err, ERR_LIMIT, "%zu hidden counts: more than %d cannot be checked; publish fewer breakdowns",
		    unknowns, DISCLOSURE_UNKNOWNS_MAX);
	while (went > 0 && rc == ERR_OK) {
		went = 0;
		rc = one_pass(d, &went, err);
		*hidden += went;
	}
	return rc;
}
