/* Attackers on published rows: what anybody can do who has every publication and knows which counts make up which
 * totals. Written without a look at the code that hides: dense elimination modulo two primes of their own, and a search
 * over whole numbers. Included by one test. */
#ifndef TESTS_INDICATORS_ATTACK_H
#define TESTS_INDICATORS_ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct attack_row {
	const uint32_t *cells;	/* which unknown counts it adds up */
	size_t n_cells;
	bool shown;
	int64_t value;		/* if shown */
	int64_t low, high;	/* if hidden: what its flag says of it (whole-number attack only) */
};

static int64_t
attack_power(int64_t a, int64_t e, int64_t p)
{
	int64_t r = 1;

	for (a %= p; e > 0; e /= 2, a = a * a % p)
		if (e % 2 == 1)
			r = r * a % p;
	return r;
}

/* Take EQUATIONS (each with its pivot column) off V. */
static void
attack_take_off(int64_t *v, int64_t **equations, const int *pivots, size_t n, int cells, int64_t p)
{
	for (size_t e = 0; e < n; e++) {
		int64_t by = v[pivots[e]];

		for (int c = 0; by != 0 && c < cells; c++)
			v[c] = (v[c] + (p - by) * equations[e][c]) % p;
	}
}

/* Marks in FOUND every hidden row in the span of the shown ones, modulo P. */
static void
attack_span(const struct attack_row *rows, size_t n, int cells, int64_t p, bool *found)
{
	int64_t **equations = calloc(n + 1, sizeof(*equations));
	int *pivots = calloc(n + 1, sizeof(*pivots));
	size_t rank = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			int64_t *v;
			int at = 0;

			if (rows[i].shown != (pass == 0))
				continue;
			v = calloc((size_t)cells + 1, sizeof(*v));
			for (size_t k = 0; k < rows[i].n_cells; k++)
				v[rows[i].cells[k]] = 1;
			attack_take_off(v, equations, pivots, rank, cells, p);
			while (at < cells && v[at] == 0)
				at++;
			if (pass == 1)
				found[i] = at == cells;
			if (pass == 1 || at == cells) {
				free(v);
				continue;
			}
			for (int64_t inverse = attack_power(v[at], p - 2, p), c = 0; c < cells; c++)
				v[c] = v[c] * inverse % p;
			equations[rank] = v;
			pivots[rank++] = at;
		}
	for (size_t e = 0; e < rank; e++)
		free(equations[e]);
	free(equations);
	free(pivots);
}

/* FOUND[i]: row I is hidden, but shown ones add up or subtract to it (modulo both primes: over the rationals). */
static void
attack_linear(const struct attack_row *rows, size_t n, int cells, bool *found)
{
	bool *other = calloc(n + 1, sizeof(*other));

	memset(found, 0, n * sizeof(*found));
	attack_span(rows, n, cells, 1000000007, found);
	attack_span(rows, n, cells, 998244353, other);
	for (size_t i = 0; i < n; i++)
		found[i] = found[i] && other[i] && !rows[i].shown;
	free(other);
}

/* --- whole numbers ------------------------------------------------------------------------------------------------ */

struct attack_search {
	const struct attack_row *rows;
	size_t n;
	int cells;
	int64_t *so_far;	/* of each row */
	int *left;		/* cells of each row still to choose */
	int64_t *room;		/* the most that they can add */
	const int *most;	/* of each cell */
	size_t target;		/* the hidden row that must differ from VALUE */
	int64_t truth;
	long steps;
	bool *chosen;		/* of each cell */
};

static bool
attack_has(const struct attack_row *r, int cell)
{
	for (size_t k = 0; k < r->n_cells; k++)
		if (r->cells[k] == (uint32_t)cell)
			return true;
	return false;
}

static int64_t
attack_low(const struct attack_row *r)
{
	return r->shown ? r->value : r->low;
}

static int64_t
attack_high(const struct attack_row *r)
{
	return r->shown ? r->value : r->high;
}

/* What CELL can be as far as each row alone says, the cells chosen so far given. */
static void
attack_range(const struct attack_search *s, int cell, int64_t *from, int64_t *to)
{
	*from = 0;
	*to = s->most[cell];
	for (size_t i = 0; i < s->n; i++) {
		int64_t most = attack_high(&s->rows[i]) - s->so_far[i];
		int64_t least = attack_low(&s->rows[i]) - s->so_far[i] - s->room[i] + s->most[cell];

		if (!attack_has(&s->rows[i], cell))
			continue;
		*to = most < *to ? most : *to;
		*from = least > *from ? least : *from;
	}
}

static void
attack_set(struct attack_search *s, int cell, int64_t v, int sign)
{
	s->chosen[cell] = sign > 0;
	for (size_t i = 0; i < s->n; i++)
		if (attack_has(&s->rows[i], cell)) {
			s->so_far[i] += sign * v;
			s->left[i] -= sign;
			s->room[i] -= sign * s->most[cell];
		}
}

/* Give the cell with the fewest possible counts each of them, and go on; true if all can be given. */
static bool
attack_try(struct attack_search *s)
{
	int cell = -1;
	int64_t from = 0, to = -1;
	bool found = false;

	if (++s->steps > 50000000)
		abort();	/* not tried is not shown */
	if (s->left[s->target] == 0 && s->so_far[s->target] == s->truth)
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->so_far[i] > attack_high(&s->rows[i]) || s->so_far[i] + s->room[i] < attack_low(&s->rows[i]))
			return false;
	for (int c = 0; c < s->cells; c++) {
		int64_t low, high;

		if (s->chosen[c])
			continue;
		attack_range(s, c, &low, &high);
		if (low > high)
			return false;
		if (cell < 0 || high - low < to - from) {
			cell = c;
			from = low;
			to = high;
		}
	}
	if (cell < 0)
		return true;
	for (int64_t v = from; v <= to && !found; v++) {
		attack_set(s, cell, v, 1);
		found = attack_try(s);
		attack_set(s, cell, v, -1);
	}
	return found;
}

/* Is the true value of row T (TRUTH of each row) the only one over all whole counts of 0 .. MOST[cell]? For few cells. */
static inline bool
attack_whole_row(const struct attack_row *rows, const int64_t *truth, size_t n, int cells, const int *most, size_t t)
{
	int64_t *so_far = calloc(n + 1, sizeof(*so_far));
	int *left = calloc(n + 1, sizeof(*left));
	int64_t *room = calloc(n + 1, sizeof(*room));
	bool *chosen = calloc((size_t)cells + 1, sizeof(*chosen));
	struct attack_search s = { rows, n, cells, so_far, left, room, most, t, truth[t], 0, chosen };
	bool only;

	for (size_t i = 0; i < n; i++) {
		left[i] = (int)rows[i].n_cells;
		for (size_t k = 0; k < rows[i].n_cells; k++)
			room[i] += most[rows[i].cells[k]];
	}
	only = !attack_try(&s);
	free(so_far);
	free(left);
	free(room);
	free(chosen);
	return only;
}

#endif
