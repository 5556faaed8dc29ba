/* Disclosure control. The property tests take made-up tables through it and set attackers on what would be published.
 * DISCLOSURE_TABLES=N sets how many (make disclosure: 10,000), DISCLOSURE_SEED=S repeats one run. */
#include "tests/test.h"

#include <inttypes.h>

#include "indicators/disclosure.h"
#include "tests/indicators/attack.h"

static struct err err;

/* --- xorshift, so that a seed is the whole story ----------------------------------------------------------------- */

static uint64_t state;
/* Every other case is told how many people each atom stands for, as prepared publications are: it must not matter. */
static bool expects;

static uint32_t
rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 33) % below;
}

static uint64_t
first_seed(void)
{
	const char *s = getenv("DISCLOSURE_SEED");

	return s == NULL ? 20261122 : strtoull(s, NULL, 10);
}

static int
how_many(int preset)
{
	const char *s = getenv("DISCLOSURE_TABLES");

	return s == NULL ? preset : atoi(s);
}

/* --- a world: sites x roles x months x answers x helped, published up to three times ----------------------------- */

enum { SITES = 5, ROLES = 3, MONTHS = 2, ANSWERS = 3, HELPED = 2, ROUNDS = 3, KINDS = 4 };
enum { GROUPS = SITES * ROLES * MONTHS * ANSWERS * HELPED, LOG_MAX = 4000 };

/* The smallest groups of people, alike in everything published. Each has an atom for who stays from the first
 * publication on, and for each later one an atom for who came and one for who left before it. */
struct group {
	int site, role, month, answer, helped;
	uint32_t stays, came[ROUNDS], left[ROUNDS];
	int64_t n_stays, n_came[ROUNDS], n_left[ROUNDS];
};

/* A figure of a publication, as the attacker has it. */
struct logged {
	int site, role, month, kind, round;	/* -1: all */
	int64_t value;
	bool shown;
	bool old;		/* hidden, but older publications give it away: the attacker must find the same */
	uint32_t *atoms, *rest;	/* of a count also the rest of its base */
	size_t n_atoms, n_rest;
	int64_t base;
};

struct world {
	struct policy policy;
	int sites, roles, months, rounds;
	struct group groups[GROUPS];
	int n_groups;
	uint32_t n_atoms;
	struct logged log[LOG_MAX];
	size_t n_log;
};

static void
make_group(struct world *w, int site, int role, int month, int answer, int helped, uint32_t size)
{
	struct group *g = &w->groups[w->n_groups++];

	*g = (struct group){ .site = site, .role = role, .month = month, .answer = answer, .helped = helped };
	g->stays = w->n_atoms++;
	g->n_stays = rnd(4) == 0 ? 0 : rnd(size + 1);
	for (int k = 1; k < w->rounds; k++) {
		g->came[k] = w->n_atoms++;
		g->n_came[k] = rnd(6) == 0 ? 1 + rnd(6) : 0;
		g->left[k] = w->n_atoms++;
		g->n_left[k] = rnd(12) == 0 ? 1 + rnd(2) : 0;
	}
}

static void
make_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->policy = (struct policy){ .base_min = 2 + rnd(18), .cell_min = 1 + rnd(9), .zero_hidden = rnd(2) == 0,
	    .complement = true, .round = 5 };
	w->sites = 1 + (int)rnd(SITES);
	w->roles = 1 + (int)rnd(ROLES);
	w->months = 1 + (int)rnd(MONTHS);
	w->rounds = 1 + (int)rnd(ROUNDS);
	for (int s = 0; s < w->sites; s++)
		for (int r = 0; r < w->roles; r++)
			for (int m = 0; m < w->months; m++) {
				uint32_t size = 1 + rnd(rnd(3) == 0 ? 60 : 12);

				for (int a = 0; a < ANSWERS; a++)
					for (int h = 0; h < HELPED; h++)
						make_group(w, s, r, m, a, h, size);
			}
}

static void
clear_world(struct world *w)
{
	for (size_t i = 0; i < w->n_log; i++) {
		free(w->log[i].atoms);
		free(w->log[i].rest);
	}
}

/* Kinds: 0 the base, 1 "very", 2 "very or fairly" (another definition, nested), 3 helped. */
static bool
is_in(const struct group *g, const struct logged *q)
{
	return (q->site < 0 || q->site == g->site) && (q->role < 0 || q->role == g->role)
	    && (q->month < 0 || q->month == g->month) && (q->kind != 1 || g->answer == 0)
	    && (q->kind != 2 || g->answer <= 1) && (q->kind != 3 || g->helped == 1);
}

/* Value and atoms of Q in its round. An atom of nobody is left out: that nobody came is no secret of anyone. */
static void
collect(const struct world *w, struct logged *q)
{
	q->value = 0;
	q->n_atoms = 0;
	q->atoms = calloc((size_t)w->n_atoms + 1, sizeof(*q->atoms));
	for (int i = 0; i < w->n_groups; i++) {
		const struct group *g = &w->groups[i];

		if (!is_in(g, q))
			continue;
		q->atoms[q->n_atoms++] = g->stays;
		q->value += g->n_stays;
		for (int k = 1; k < w->rounds; k++) {
			if (k <= q->round && g->n_came[k] > 0) {
				q->atoms[q->n_atoms++] = g->came[k];
				q->value += g->n_came[k];
			}
			if (k > q->round && g->n_left[k] > 0) {
				q->atoms[q->n_atoms++] = g->left[k];
				q->value += g->n_left[k];
			}
		}
	}
}

/* People who came or left in the row of Q after round SINCE. */
static int64_t
changed(const struct world *w, const struct logged *q, int since)
{
	struct logged all = *q;
	int64_t n = 0;

	all.kind = 0;
	for (int i = 0; i < w->n_groups; i++)
		for (int k = since + 1; k <= q->round && is_in(&w->groups[i], &all); k++)
			n += w->groups[i].n_came[k] + w->groups[i].n_left[k];
	return n;
}

static int
level_of(const struct logged *q)
{
	int level = (q->site < 0 ? 4 : 0) + (q->role < 0 ? 2 : 0) + (q->month < 0 ? 1 : 0);

	return level == 7 ? LEVEL_ORGANISATION : level;
}

static struct figure
figure_of(const struct logged *q, int base)
{
	return (struct figure){ .kind = q->kind == 0 ? FIGURE_BASE : q->kind == 3 ? FIGURE_HELPED : FIGURE_COUNT,
	    .count = q->value, .level = level_of(q), .base = q->kind == 0 ? FIGURE_NONE : base, .pair = FIGURE_NONE,
	    .whole = FIGURE_NONE, .supported = -1, .atoms = q->atoms, .n_atoms = q->n_atoms };
}

/* The last round before ROUND in which the row of Q was in a publication; -1: none. */
static int
last_round(const struct world *w, const struct logged *q)
{
	int last = -1;

	for (size_t i = 0; i < w->n_log; i++)
		if (w->log[i].kind == 0 && w->log[i].site == q->site && w->log[i].role == q->role && w->log[i].month == q->month
		    && w->log[i].round < q->round && w->log[i].round > last)
			last = w->log[i].round;
	return last;
}

struct fresh {
	size_t at;	/* in the log */
	int figure;
	bool kept;	/* the old value stands: the new one is nobody's to know */
};

/* Rows of one selection, all four figures. */
static size_t
add_new(struct world *w, struct disclosure *d, int site, int role, int month, int round, struct fresh *fresh)
{
	int base = FIGURE_NONE, since;
	size_t n = 0;
	bool kept = false;

	for (int kind = 0; kind < KINDS; kind++) {
		struct logged *q = &w->log[w->n_log];
		struct figure f;

		*q = (struct logged){ .site = site, .role = role, .month = month, .kind = kind, .round = round };
		if (kind == 0) {
			since = last_round(w, q);
			kept = since >= 0 && changed(w, q, since) < w->policy.base_min;
			if (since >= 0 && changed(w, q, since) == 0)
				return 0;
		}
		ck_assert_uint_lt(w->n_log, LOG_MAX - 1);
		collect(w, q);
		q->base = kind == 0 ? 0 : w->log[w->n_log - (size_t)kind].value;
		q->rest = calloc((size_t)w->n_atoms + 1, sizeof(*q->rest));
		for (size_t k = 0; kind > 0 && k < w->log[w->n_log - (size_t)kind].n_atoms; k++) {
			uint32_t at = w->log[w->n_log - (size_t)kind].atoms[k];
			bool in = false;

			for (size_t i = 0; i < q->n_atoms; i++)
				in = in || q->atoms[i] == at;
			if (!in)
				q->rest[q->n_rest++] = at;
		}
		f = figure_of(q, base);
		f.never = f.unpublished = kept;
		fresh[n] = (struct fresh){ w->n_log++, -1, kept };
		ck_ok(disclosure_add(d, &f, &fresh[n].figure, &err));
		if (kind == 0)
			base = fresh[n].figure;
		n++;
	}
	return n;
}

/* Earlier publications: what they showed, and what they hid. */
static void
add_past(struct world *w, struct disclosure *d)
{
	int base = FIGURE_NONE, index;

	for (size_t i = 0; i < w->n_log; i++) {
		struct figure f = figure_of(&w->log[i], base);

		f.frozen = w->log[i].shown;
		f.never = f.unpublished = !w->log[i].shown;
		ck_ok(disclosure_add(d, &f, &index, &err));
		if (w->log[i].kind == 0)
			base = index;
	}
}

static void
publish(struct world *w, int round)
{
	struct disclosure *d;
	struct fresh fresh[LOG_MAX];
	size_t n = 0;

	ck_ok(disclosure_new(&w->policy, &d, &err));
	for (uint32_t i = 0; i < w->n_atoms; i++)
		disclosure_atom(d);
	for (int i = 0; i < w->n_groups && expects; i++) {
		const struct group *g = &w->groups[i];

		disclosure_expect(d, g->stays, g->n_stays);
		for (int k = 1; k < w->rounds; k++) {
			disclosure_expect(d, g->came[k], g->n_came[k]);
			disclosure_expect(d, g->left[k], g->n_left[k]);
		}
	}
	add_past(w, d);
	for (int s = -1; s < w->sites; s++)
		for (int r = -1; r < w->roles; r++)
			for (int m = -1; m < w->months; m++)
				n += add_new(w, d, s, r, m, round, fresh + n);
	ck_ok(disclosure_run(d, &err));
	for (size_t i = 0; i < n; i++) {
		struct logged *q = &w->log[fresh[i].at];
		char flag = disclosure_flag(d, fresh[i].figure);

		/* "none" is as good as a 0 in print */
		q->shown = !fresh[i].kept && flag != 'c';
		q->old = disclosure_is_known(d, fresh[i].figure);
	}
	disclosure_free(d);
}

/* The rules of the policy, read again from the published rows. */
static void
check_primary(const struct world *w, uint64_t seed)
{
	int64_t base = 0;
	bool base_shown = false;

	for (size_t i = 0; i < w->n_log; i++) {
		const struct logged *q = &w->log[i];
		int64_t rest;

		if (q->kind == 0) {
			base = q->value;
			base_shown = q->shown;
			ck_assert_msg(!q->shown || base == 0 || base >= w->policy.base_min, "base %" PRId64 " shown, seed %" PRIu64, base,
			    seed);
			continue;
		}
		rest = base - q->value;
		ck_assert_msg(!q->shown || base_shown, "a count without its base, seed %" PRIu64, seed);
		if (!q->shown || base == 0)
			continue;
		ck_assert_msg((q->value == 0 || q->value >= w->policy.cell_min) && (rest == 0 || rest >= w->policy.cell_min),
		    "%" PRId64 " of %" PRId64 " shown, seed %" PRIu64, q->value, base, seed);
		ck_assert_msg(q->kind == 3 || !w->policy.zero_hidden || level_of(q) == LEVEL_ORGANISATION
		    || (q->value > 0 && rest > 0), "none or all shown, seed %" PRIu64, seed);
	}
}

/* The rows of all publications up to ROUND, and with REST the small rests of hidden counts as targets; how many. */
static size_t
published(const struct world *w, int round, bool rest, struct attack_row *rows, size_t *which)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_log; i++) {
		const struct logged *q = &w->log[i];
		int64_t left = q->base - q->value;

		if (q->round <= round) {
			which[n] = i;
			rows[n++] = (struct attack_row){ .cells = q->atoms, .n_cells = q->n_atoms, .shown = q->shown, .value = q->value };
		}
		if (rest && q->kind > 0 && !q->shown && left > 0 && left < w->policy.cell_min) {
			which[n] = i;
			rows[n++] = (struct attack_row){ .cells = q->rest, .n_cells = q->n_rest };
		}
	}
	return n;
}

/* Is row I fixed by bounds on whole counts alone, from the shown rows: 0 <= each, each <= what the others leave? */
static bool
pinned(const struct attack_row *rows, size_t n, size_t i, uint32_t cells)
{
	int64_t *low = calloc(cells + 1, sizeof(*low)), *high = calloc(cells + 1, sizeof(*high)), least = 0, most = 0;
	bool moved = true;

	for (uint32_t c = 0; c < cells; c++)
		high[c] = 1 << 20;
	while (moved) {
		moved = false;
		for (size_t r = 0; r < n; r++)
			for (size_t k = 0; k < rows[r].n_cells && rows[r].shown; k++) {
				uint32_t c = rows[r].cells[k];
				int64_t up = rows[r].value, down = rows[r].value;

				for (size_t j = 0; j < rows[r].n_cells; j++) {
					up -= j == k ? 0 : low[rows[r].cells[j]];
					down -= j == k ? 0 : high[rows[r].cells[j]];
				}
				moved = moved || up < high[c] || down > low[c];
				high[c] = up < high[c] ? up : high[c];
				low[c] = down > low[c] ? down : low[c];
			}
	}
	for (size_t k = 0; k < rows[i].n_cells; k++) {
		least += low[rows[i].cells[k]];
		most += high[rows[i].cells[k]];
	}
	free(low);
	free(high);
	return least == most;
}

/* On random tables with random policies, overlapping breakdowns, nested definitions and up to three publications no
 * hidden figure is a sum or difference of shown ones; a figure that older publications give away by themselves (the
 * people it counts did not change) is the one exception, and the attacker must find it in those alone. */
START_TEST(no_hidden_figure_can_be_subtracted_out)
{
	struct world *w = calloc(1, sizeof(*w));
	struct attack_row *rows = calloc(2 * LOG_MAX, sizeof(*rows));
	size_t *which = calloc(2 * LOG_MAX, sizeof(*which));
	bool *found = calloc(2 * LOG_MAX, sizeof(*found));
	uint64_t seed = first_seed();
	int tables = how_many(60);
	size_t hidden = 0, shown = 0, old = 0;

	for (int t = 0; t < tables; t++, seed++) {
		size_t n;

		state = seed * 0x9e3779b97f4a7c15u | 1;
		expects = seed % 2 == 0;
		make_world(w);
		for (int round = 0; round < w->rounds; round++)
			publish(w, round);
		check_primary(w, seed);
		n = published(w, w->rounds, true, rows, which);
		attack_linear(rows, n, (int)w->n_atoms, found);
		for (size_t i = 0; i < n; i++) {
			const struct logged *q = &w->log[which[i]];

			hidden += !rows[i].shown;
			shown += rows[i].shown;
			ck_assert_msg(!found[i] || (q->old && rows[i].cells == q->atoms), "seed %" PRIu64 ": site %d role %d month %d kind "
			    "%d round %d, value %" PRId64 " of %" PRId64 ", %s can be subtracted out", seed, q->site, q->role, q->month,
			    q->kind, q->round, q->value, q->base, rows[i].cells == q->atoms ? "it" : "its rest");
		}
		for (int round = 1; round < w->rounds; round++) {
			/* what is called old in this round: from earlier ones, with this round's rows as targets */
			n = published(w, round, false, rows, which);
			for (size_t i = 0; i < n; i++)
				rows[i].shown = rows[i].shown && w->log[which[i]].round < round;
			attack_linear(rows, n, (int)w->n_atoms, found);
			for (size_t i = 0; i < n; i++)
				if (w->log[which[i]].old && w->log[which[i]].round == round) {
					old++;
					ck_assert_msg(found[i] || pinned(rows, n, i, w->n_atoms), "seed %" PRIu64 ": given up on site %d role %d month %d kind %d round %d, %" PRId64
					    " of %" PRId64 ", that older ones do not give away", seed, w->log[which[i]].site, w->log[which[i]].role,
					    w->log[which[i]].month, w->log[which[i]].kind, round, w->log[which[i]].value, w->log[which[i]].base);
				}
		}
		clear_world(w);
	}
	printf("disclosure: %d tables from seed %" PRIu64 ": %zu figures shown, %zu hidden, none recoverable (%zu were known "
	    "before)\n", tables, first_seed(), shown, hidden, old);
	ck_assert_uint_gt(shown, 0);
	ck_assert_uint_gt(hidden, 0);
	free(rows);
	free(which);
	free(found);
	free(w);
}
END_TEST

/* --- tables of up to 8 cells: every whole solution ------------------------------------------------------------------ */

enum { SMALL = 8 };

/* Unknowns: of each cell who is in, and for tables of up to 4 cells of numerators also who is out. In larger ones bases that
 * are shown are limits on their cells. */
enum { MAX_BELIEVED = 40, SMALL_ROWS = 80 };

struct small {
	int rows_n, cols, cells, unknowns;
	bool numerators, with_out;
	struct policy policy;
	int64_t in[SMALL], out[SMALL];
	uint32_t atoms[2 * SMALL];
	/* what could be published: cells and totals */
	struct attack_row rows[SMALL_ROWS];
	int64_t truth[SMALL_ROWS], base[SMALL_ROWS];
	uint32_t terms[SMALL_ROWS][2 * SMALL];
	int kind[SMALL_ROWS], level[SMALL_ROWS], figure[SMALL_ROWS], base_figure[SMALL_ROWS], count;
};
enum { SMALL_BASE, SMALL_COUNT, SMALL_REST };

/* What somebody who was told that row I is hidden for its own size, and on which side, would know of it. Nothing of a
 * count that is hidden for its base; and a range of one value is told to nobody: there the word would be the figure. */
static void
tell_why(const struct small *t, const struct disclosure *d, int i, int64_t *low, int64_t *high)
{
	bool zero = t->policy.zero_hidden && t->level[i] < LEVEL_ORGANISATION;
	int64_t least = zero && t->kind[i] != SMALL_BASE ? 0 : 1, most = t->policy.cell_min - 1;

	*low = 0;
	*high = 1000;
	if (t->kind[i] != SMALL_BASE && disclosure_is_primary(d, t->base_figure[i]))
		return;
	if (t->kind[i] == SMALL_BASE)
		most = t->policy.base_min - 1;
	if (least >= most)
		return;
	if (t->truth[i] >= least && t->truth[i] <= most) {
		*low = least;
		*high = most;
	} else if (t->kind[i] != SMALL_BASE && t->base[i] - t->truth[i] >= least && t->base[i] - t->truth[i] <= most
	    && disclosure_flag(d, t->base_figure[i]) != 'c') {
		*low = t->base[i] - most;
		*high = t->base[i] - least;
	}
}

static void
add_small_row(struct small *t, int kind, int r, int c, int level, int figure, int base_figure)
{
	int i = t->count++;

	t->rows[i] = (struct attack_row){ .cells = t->terms[i], .high = 1000 };
	t->kind[i] = kind;
	t->level[i] = level;
	t->figure[i] = figure;
	t->base_figure[i] = base_figure;
	t->truth[i] = t->base[i] = 0;
	for (int k = 0; k < t->cells; k++) {
		if ((r >= 0 && k / t->cols != r) || (c >= 0 && k % t->cols != c))
			continue;
		t->base[i] += t->in[k] + t->out[k];
		if (kind != SMALL_REST) {
			t->terms[i][t->rows[i].n_cells++] = (uint32_t)k;
			t->truth[i] += t->in[k];
		}
		if (kind != SMALL_COUNT) {
			t->truth[i] += t->out[k];
			if (t->with_out)
				t->terms[i][t->rows[i].n_cells++] = (uint32_t)(t->cells + k);
		}
	}
}

/* The figures of row R and column C (-1: all), and what an attacker may see of them. */
static void
add_small(struct small *t, struct disclosure *d, int r, int c)
{
	uint32_t both[2 * SMALL];
	struct figure f = { .kind = FIGURE_BASE, .level = (r < 0 ? 1 : 0) + (c < 0 ? 1 : 0), .base = FIGURE_NONE,
	    .pair = FIGURE_NONE, .whole = FIGURE_NONE, .supported = -1, .atoms = both };
	size_t n = 0;
	int base, count;

	f.level = f.level == 2 ? LEVEL_ORGANISATION : f.level;
	for (int k = 0; k < t->cells; k++)
		if ((r < 0 || k / t->cols == r) && (c < 0 || k % t->cols == c)) {
			both[n++] = t->atoms[2 * k];
			f.count += t->in[k];
		}
	f.n_atoms = n;
	for (int k = 0; k < t->cells && t->numerators; k++)
		if ((r < 0 || k / t->cols == r) && (c < 0 || k % t->cols == c)) {
			both[f.n_atoms++] = t->atoms[2 * k + 1];
			f.count += t->out[k];
		}
	ck_ok(disclosure_add(d, &f, &base, &err));
	if (!t->numerators || t->with_out)
		add_small_row(t, SMALL_BASE, r, c, f.level, base, base);
	if (!t->numerators)
		return;
	f.kind = FIGURE_COUNT;
	f.base = base;
	f.n_atoms = n;
	f.count = 0;
	for (int k = 0; k < t->cells; k++)
		if ((r < 0 || k / t->cols == r) && (c < 0 || k % t->cols == c))
			f.count += t->in[k];
	ck_ok(disclosure_add(d, &f, &count, &err));
	add_small_row(t, SMALL_COUNT, r, c, f.level, count, base);
	if (t->with_out)
		add_small_row(t, SMALL_REST, r, c, f.level, count, base);
}

static void
make_small(struct small *t, struct disclosure **d)
{
	bool wide = rnd(2) == 0;

	t->rows_n = 1 + (int)rnd(4);
	t->cols = t->rows_n > 2 ? 2 : 1 + (int)rnd(4);
	t->cells = t->rows_n * t->cols;
	t->numerators = rnd(2) == 0;
	t->with_out = t->numerators && t->cells <= SMALL / 2;
	t->unknowns = t->with_out ? 2 * t->cells : t->cells;
	t->policy = (struct policy){ .base_min = 5, .cell_min = 5, .complement = true, .round = 5 };
	if (wide) {
		t->policy.base_min = 2 + rnd(9);
		t->policy.cell_min = 1 + rnd(6);
		t->policy.zero_hidden = rnd(2) == 0;
	}
	ck_ok(disclosure_new(&t->policy, d, &err));
	for (int i = 0; i < t->cells; i++) {
		t->in[i] = rnd(3) == 0 ? rnd(5) : rnd(12);
		t->out[i] = t->numerators ? (wide ? 0 : 5) + rnd(8) : 0;
		t->atoms[2 * i] = disclosure_atom(*d);
		t->atoms[2 * i + 1] = disclosure_atom(*d);
		if (expects) {
			disclosure_expect(*d, t->atoms[2 * i], t->in[i]);
			disclosure_expect(*d, t->atoms[2 * i + 1], t->out[i]);
		}
	}
	for (int r = -1; r < t->rows_n; r++)
		for (int c = -1; c < t->cols; c++)
			add_small(t, *d, r, c);
	ck_ok(disclosure_run(*d, &err));
}

/* Which rows the attacker must not have: hidden ones, and the small rests of hidden counts. */
static bool
is_small_target(const struct small *t, const struct disclosure *d, int i)
{
	int64_t rest = t->base[i] - t->truth[i];

	if (t->rows[i].shown || t->rows[i].n_cells == 0 || disclosure_is_known(d, t->figure[i]))
		return false;
	rest = t->kind[i] == SMALL_REST ? t->truth[i] : rest;
	return t->kind[i] != SMALL_REST || (rest > 0 && rest < t->policy.cell_min);
}

/* Would the attacker who is told why have row AT if nothing at all were published? (Four counts of 1..4 and a total
 * of 1..4 are four times 1.) Then no hiding helps against the word, and the publication is not to blame. */
static bool
is_told_alone(const struct small *t, int at)
{
	struct attack_row rows[SMALL_ROWS];
	int most[2 * SMALL];

	for (int i = 0; i < t->count; i++) {
		rows[i] = t->rows[i];
		if (rows[i].shown) {
			rows[i].shown = false;
			rows[i].low = 0;
			rows[i].high = 1000;
		}
	}
	for (int i = 0; i < t->unknowns; i++)
		most[i] = MAX_BELIEVED;
	return attack_whole_row(rows, t->truth, (size_t)t->count, t->unknowns, most, (size_t)at);
}

static void
small_table(uint64_t seed, size_t *hidden_sum, size_t *told_alone)
{
	struct small *t = calloc(1, sizeof(*t));
	struct disclosure *d;
	int most[2 * SMALL];

	make_small(t, &d);
	for (int i = 0; i < t->unknowns; i++)
		most[i] = MAX_BELIEVED;
	/* the reader: every published row */
	for (int i = 0; i < t->count; i++) {
		t->rows[i].shown = disclosure_flag(d, t->figure[i]) != 'c'
		    && (t->kind[i] != SMALL_REST || disclosure_flag(d, t->base_figure[i]) != 'c');
		t->rows[i].value = t->truth[i];
		*hidden_sum += !t->rows[i].shown;
		if (t->numerators && !t->with_out && t->rows[i].n_cells == 1 && disclosure_flag(d, t->base_figure[i]) != 'c')
			most[t->terms[i][0]] = (int)t->base[i];
		ck_assert_msg(!disclosure_is_known(d, t->figure[i]), "seed %" PRIu64 ": given up on a figure", seed);
	}
	for (int told = 0; told < 2; told++) {
		/* the second attacker is more than a reader: told which are hidden for their own size */
		for (int i = 0; i < t->count && told; i++)
			if (!t->rows[i].shown && disclosure_is_primary(d, t->figure[i]))
				tell_why(t, d, i, &t->rows[i].low, &t->rows[i].high);
		for (int i = 0; i < t->count; i++) {
			if (!is_small_target(t, d, i)
			    || !attack_whole_row(t->rows, t->truth, (size_t)t->count, t->unknowns, most, (size_t)i))
				continue;
			ck_assert_msg(told && is_told_alone(t, i), "seed %" PRIu64 ": %s %dx%d, policy %d %d %d%s: row %d has one possible "
			    "value, %" PRId64, seed, t->numerators ? "numerators" : "bases", t->rows_n, t->cols, (int)t->policy.base_min,
			    (int)t->policy.cell_min, (int)t->policy.zero_hidden, told ? ", told why" : "", i, t->truth[i]);
			++*told_alone;
		}
	}
	disclosure_free(d);
	free(t);
}

START_TEST(no_hidden_cell_of_a_small_table_has_one_possible_value)
{
	uint64_t seed = first_seed();
	int tables = how_many(60);
	size_t hidden = 0, alone = 0;

	for (int t = 0; t < tables; t++, seed++) {
		state = seed * 0x9e3779b97f4a7c15u | 1;
		expects = seed % 2 == 0;
		small_table(seed, &hidden, &alone);
	}
	printf("disclosure: %d small tables from seed %" PRIu64 ": %zu hidden, none with one possible value; told why, neither (%zu "
	    "by that word alone)\n", tables, first_seed(), hidden, alone);
	ck_assert_uint_gt(hidden, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("disclosure");
	TCase *publications = tcase_create("publications"), *small = tcase_create("small");

	tcase_set_timeout(publications, 0);
	tcase_set_timeout(small, 0);
	tcase_add_test(publications, no_hidden_figure_can_be_subtracted_out);
	tcase_add_test(small, no_hidden_cell_of_a_small_table_has_one_possible_value);
	suite_add_tcase(s, publications);
	suite_add_tcase(s, small);
	return s;
}

TEST_MAIN(suite)
