/* The attacker who knows that counts are whole, not negative, and small where they are hidden for being small: bounds
 * on every atom, tightened through every shown figure until nothing moves. A hidden figure whose bounds meet is as good
 * as printed (two primaries that sum to 8 are both 4). Where few counts are open that bear on each other, all whole
 * solutions are tried as well.
 *
 * A flag does not say why a figure is hidden, so "small" is more than a reader knows; the audit is held to it as long as
 * there is something left to hide. Where nothing shown is left and only that guess gives a figure away (four counts of
 * 1..4 whose total, hidden too, is 1..4), the audit without the guess decides. */
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "indicators/disclosure_private.h"

enum { SWEEPS_MAX = 50, SMALL_CLASSES = 16, NODES_MAX = 3000, HELPERS_MAX = 64 };

static const int64_t no_limit = (int64_t)1 << 40;

/* Atoms that stand in the same figures are one class: only their sum can matter. */
struct audit {
	struct disclosure *d;
	uint32_t *class_of;	/* of an atom */
	uint32_t n_classes;
	size_t *first;		/* of a figure: its classes in list */
	uint32_t *list;
	size_t *length;
	int64_t *lower, *upper;	/* of a class */
	int64_t *kept_lower, *kept_upper;
	int64_t *truth;		/* of a class; -1: not known */
	int64_t *sum_lower, *sum_upper;	/* of a figure, what is known of it */
	uint32_t *why_lower, *why_upper;	/* the figure that said so last, + 1; 0: none did */
	size_t *active, n_active;	/* figures with a class whose bounds have not met */
	bool *changed;		/* of a class: a figure over it was hidden in this pass */
	uint32_t *use_first, *uses;	/* figures of a class, CSR */
	uint32_t *group;	/* of an open class: those that bear on each other have one number */
	uint32_t *size, *head;	/* of a group: how many, the first */
	uint32_t *next;		/* of an open class: the next of its group; UINT32_MAX */
	uint32_t *group_seen, *fig_seen, stamp;
	uint32_t *mine;		/* the open classes of one search */
	size_t n_mine;
	int64_t *kept;		/* their bounds, for each depth of the search */
};

/* --- classes ----------------------------------------------------------------------------------------------------------- */

struct signature {
	uint64_t h;
	uint32_t atom;
};

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h ^= v + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
	h *= 0xff51afd7ed558ccdu;
	return h ^ (h >> 33);
}

static int
by_hash(const void *a, const void *b)
{
	const struct signature *x = a, *y = b;

	return x->h < y->h ? -1 : x->h > y->h ? 1 : x->atom < y->atom ? -1 : x->atom > y->atom;
}

/* Two hashes of 64 bits over ascending figure numbers: atoms of one signature stand in the same figures. */
static bool
make_classes(struct audit *a)
{
	struct disclosure *d = a->d;
	struct signature *s = calloc(d->unknowns + 1, sizeof(*s));

	if (s == NULL)
		return false;
	for (uint32_t i = 0; i < d->unknowns; i++)
		s[i].atom = i;
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < d->figs[i].f.n_atoms; k++) {
			uint32_t at = fig_atoms(d, &d->figs[i])[k];

			s[at].h = mix(s[at].h, i + 1);
		}
	qsort(s, d->unknowns, sizeof(*s), by_hash);
	for (uint32_t i = 0; i < d->unknowns; i++) {
		a->n_classes += i > 0 && s[i].h != s[i - 1].h;
		a->class_of[s[i].atom] = a->n_classes;
	}
	a->n_classes += d->unknowns > 0;
	for (uint32_t i = 0; i < d->unknowns; i++) {
		int64_t *truth = &a->truth[a->class_of[i]];

		*truth = *truth < 0 || i >= d->n_expected || d->expected[i] < 0 ? -1 : *truth + d->expected[i];
	}
	free(s);
	return true;
}

static bool
make_lists(struct audit *a)
{
	struct disclosure *d = a->d;
	uint32_t *seen = calloc(a->n_classes + 1, sizeof(*seen));
	size_t at = 0;

	a->use_first = calloc(a->n_classes + 2, sizeof(*a->use_first));
	a->uses = calloc(d->n_atoms + 1, sizeof(*a->uses));
	if (seen == NULL || a->use_first == NULL || a->uses == NULL) {
		free(seen);
		return false;
	}
	for (size_t i = 0; i < d->n; i++) {
		a->first[i] = at;
		for (size_t k = 0; k < d->figs[i].f.n_atoms; k++) {
			uint32_t c = a->class_of[fig_atoms(d, &d->figs[i])[k]];

			if (seen[c] == i + 1)
				continue;
			seen[c] = (uint32_t)i + 1;
			a->list[at++] = c;
			a->use_first[c + 2]++;
		}
		a->length[i] = at - a->first[i];
	}
	for (uint32_t c = 0; c < a->n_classes; c++)
		a->use_first[c + 1] += a->use_first[c];
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < a->length[i]; k++)
			a->uses[a->use_first[a->list[a->first[i] + k] + 1]++] = (uint32_t)i;
	free(seen);
	return true;
}

/* --- bounds -------------------------------------------------------------------------------------------------------------- */

/* What is known of a figure: its count if it is shown; if it is hidden and the attacker is TOLD why, what the policy says
 * of such a one. */
static void
figure_bounds(const struct disclosure *d, const struct fig *g, bool told, int64_t *lower, int64_t *upper)
{
	const struct fig *base = g->f.base == FIGURE_NONE ? NULL : &d->figs[g->f.base];

	*lower = 0;
	*upper = no_limit;
	if (fig_is_shown(g)) {
		*lower = *upper = g->f.count;
	} else if (!told) {
		return;
	} else if (g->primary && !g->f.never && base == NULL && g->f.count > 0 && g->f.count < d->policy.base_min) {
		*lower = 1;
		*upper = d->policy.base_min - 1;
	} else if (g->primary && (!g->f.never || g->rest) && base != NULL && !base->primary) {
		/* it was small, or its rest was; an attacker who guesses which is the stronger */
		bool zero = d->policy.zero_hidden && g->f.kind == FIGURE_COUNT && g->f.level < LEVEL_ORGANISATION;
		int64_t least = zero ? 0 : 1, most = d->policy.cell_min - 1, rest = base->f.count - g->f.count;

		if (g->f.count >= least && g->f.count <= most) {
			*lower = least;
			*upper = most;
		} else if (fig_is_shown(base) && rest >= least && rest <= most) {
			*lower = base->f.count - most;
			*upper = base->f.count - least;
		}
	}
	/* a policy that leaves one value: what is hidden is as well hidden to protect another */
	if (!fig_is_shown(g) && *lower == *upper) {
		*lower = 0;
		*upper = no_limit;
	}
}

static void
start_bounds(struct audit *a, bool told)
{
	for (uint32_t c = 0; c < a->n_classes; c++) {
		a->lower[c] = 0;
		a->upper[c] = no_limit;
		a->why_lower[c] = a->why_upper[c] = 0;
	}
	for (size_t i = 0; i < a->d->n; i++)
		figure_bounds(a->d, &a->d->figs[i], told, &a->sum_lower[i], &a->sum_upper[i]);
}

/* Tighten the classes of figure I by its sum. False: they cannot make it up. */
static bool
tighten(struct audit *a, size_t i, bool *moved)
{
	const uint32_t *list = a->list + a->first[i];
	int64_t low = 0, high = 0;
	size_t n = a->length[i];

	for (size_t k = 0; k < n; k++) {
		low += a->lower[list[k]];
		high += a->upper[list[k]];
	}
	if (low > a->sum_upper[i] || high < a->sum_lower[i])
		return false;
	for (size_t k = 0; k < n; k++) {
		int64_t *lo = &a->lower[list[k]], *up = &a->upper[list[k]];
		int64_t up_new = a->sum_upper[i] - (low - *lo), lo_new = a->sum_lower[i] - (high - *up);

		if (up_new < *up) {
			high -= *up - up_new;
			*up = up_new;
			a->why_upper[list[k]] = (uint32_t)i + 1;
			*moved = true;
		}
		if (lo_new > *lo) {
			low += lo_new - *lo;
			*lo = lo_new;
			a->why_lower[list[k]] = (uint32_t)i + 1;
			*moved = true;
		}
		if (*lo > *up)
			return false;
	}
	return true;
}

static bool
sweep(struct audit *a)
{
	bool moved = true;

	for (int s = 0; s < SWEEPS_MAX && moved; s++) {
		moved = false;
		for (size_t i = 0; i < a->n_active; i++)
			if (!tighten(a, a->active[i], &moved))
				return false;
	}
	return true;
}

/* Leave out the figures that cannot move any more. */
static void
narrow(struct audit *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_active; i++) {
		bool open = false;

		for (size_t k = 0; k < a->length[a->active[i]] && !open; k++) {
			uint32_t c = a->list[a->first[a->active[i]] + k];

			open = a->lower[c] < a->upper[c];
		}
		if (open)
			a->active[n++] = a->active[i];
	}
	a->n_active = n;
}

static void
range_of(const struct audit *a, size_t i, int64_t *low, int64_t *high)
{
	*low = *high = 0;
	for (size_t k = 0; k < a->length[i]; k++) {
		*low += a->lower[a->list[a->first[i] + k]];
		*high += a->upper[a->list[a->first[i] + k]];
	}
}

/* --- few open counts: is there another whole solution? ------------------------------------------------------------------------ */

/* Can a solution be found for the classes of this search with the bounds as they are? Bounds are left changed. After
 * NODES_MAX it gives up: false, so that what could not be shown to be safe is protected. */
static bool
solvable(struct audit *a, size_t depth, int *nodes)
{
	uint32_t pick = UINT32_MAX;
	int64_t *kept = a->kept + depth * 2 * SMALL_CLASSES, from, to;
	bool found = false;

	if (++*nodes > NODES_MAX || !sweep(a))
		return false;
	for (size_t k = 0; k < a->n_mine; k++) {
		uint32_t c = a->mine[k];

		if (a->lower[c] < a->upper[c] && (pick == UINT32_MAX || a->upper[c] - a->lower[c] < a->upper[pick] - a->lower[pick]))
			pick = c;
		kept[2 * k] = a->lower[c];
		kept[2 * k + 1] = a->upper[c];
	}
	if (pick == UINT32_MAX)
		return true;
	from = a->lower[pick];
	to = a->upper[pick];
	for (int64_t v = from; v <= to && !found && *nodes <= NODES_MAX; v++) {
		a->lower[pick] = a->upper[pick] = v;
		found = solvable(a, depth + 1, nodes);
		for (size_t k = 0; k < a->n_mine; k++) {
			a->lower[a->mine[k]] = kept[2 * k];
			a->upper[a->mine[k]] = kept[2 * k + 1];
		}
	}
	return found;
}

static void
reset(struct audit *a)
{
	for (size_t k = 0; k < a->n_mine; k++) {
		a->lower[a->mine[k]] = a->kept_lower[a->mine[k]];
		a->upper[a->mine[k]] = a->kept_upper[a->mine[k]];
	}
}

static uint32_t
group_of(struct audit *a, uint32_t c)
{
	while (a->group[c] != c)
		c = a->group[c] = a->group[a->group[c]];
	return c;
}

/* Open classes that stand in one figure of which something is known bear on each other. */
static void
make_groups(struct audit *a)
{
	for (uint32_t c = 0; c < a->n_classes; c++) {
		a->group[c] = c;
		a->size[c] = 0;
		a->head[c] = UINT32_MAX;
	}
	for (size_t i = 0; i < a->n_active; i++) {
		size_t at = a->active[i];
		uint32_t first = UINT32_MAX;

		for (size_t k = 0; k < a->length[at] && (a->sum_lower[at] > 0 || a->sum_upper[at] < no_limit); k++) {
			uint32_t c = a->list[a->first[at] + k];

			if (a->lower[c] == a->upper[c])
				continue;
			if (first != UINT32_MAX)
				a->group[group_of(a, c)] = group_of(a, first);
			first = c;
		}
	}
	for (uint32_t c = 0; c < a->n_classes; c++)
		if (a->lower[c] < a->upper[c]) {
			uint32_t g = group_of(a, c);

			a->size[g]++;
			a->next[c] = a->head[g];
			a->head[g] = c;
		}
}

/* The open classes that bear on figure I, and the figures over them. False: too many to try. */
static bool
choose(struct audit *a, size_t i)
{
	a->n_mine = a->n_active = 0;
	a->stamp++;
	for (size_t k = 0; k < a->length[i]; k++) {
		uint32_t c = a->list[a->first[i] + k], g = group_of(a, c);

		if (a->lower[c] == a->upper[c] || a->group_seen[g] == a->stamp)
			continue;
		a->group_seen[g] = a->stamp;
		if (a->size[g] > SMALL_CLASSES - a->n_mine)
			return false;
		for (uint32_t m = a->head[g]; m != UINT32_MAX; m = a->next[m])
			a->mine[a->n_mine++] = m;
	}
	for (size_t k = 0; k < a->n_mine; k++)
		for (uint32_t u = a->use_first[a->mine[k]]; u < a->use_first[a->mine[k] + 1]; u++) {
			if (a->fig_seen[a->uses[u]] == a->stamp)
				continue;
			a->fig_seen[a->uses[u]] = a->stamp;
			a->active[a->n_active++] = a->uses[u];
		}
	return true;
}

/* A solution with figure I within LOW and HIGH, each class at most AWAY from the truth? *NODES over NODES_MAX: not in time. */
static bool
has_solution(struct audit *a, size_t i, int64_t low, int64_t high, int64_t away, int *nodes)
{
	int64_t was_low = a->sum_lower[i], was_high = a->sum_upper[i];
	bool found;

	*nodes = 0;
	for (size_t k = 0; k < a->n_mine; k++) {
		uint32_t c = a->mine[k];
		int64_t truth = a->truth[c];

		if (truth < a->lower[c] || truth > a->upper[c])
			continue;
		a->lower[c] = truth - away > a->lower[c] ? truth - away : a->lower[c];
		a->upper[c] = truth + away < a->upper[c] ? truth + away : a->upper[c];
	}
	a->sum_lower[i] = low;
	a->sum_upper[i] = high;
	found = low <= high && solvable(a, 0, nodes);
	a->sum_lower[i] = was_low;
	a->sum_upper[i] = was_high;
	reset(a);
	return found;
}

/* Is figure I's value the only one, over all whole solutions of the classes chosen? Also true, but not *PROVEN, if none
 * was found in time. Another is mostly near the truth (somebody moves from one class to its neighbour), and there it is
 * found at once where all of many large counts could not be tried. */
static bool
is_only_value(struct audit *a, size_t i, bool *proven)
{
	static const int64_t away[] = { 1, 3, (int64_t)1 << 40 };
	int64_t v = a->d->figs[i].f.count, low = a->sum_lower[i], high = a->sum_upper[i];
	bool other = false;
	int under = 0, over = 0;

	for (size_t k = 0; k < ARRAY_LEN(away) && !other; k++)
		other = has_solution(a, i, low, v - 1, away[k], &under) || has_solution(a, i, v + 1, high, away[k], &over);
	*proven = under <= NODES_MAX && over <= NODES_MAX;
	return !other;
}

/* --- hiding more ----------------------------------------------------------------------------------------------------------------- */

/* Of two shown figures, as disclosure_worse, but one that counts somebody before one that counts nobody. */
static size_t
first_to_go(const struct disclosure *d, size_t a, size_t b)
{
	if (a == SIZE_MAX || b == SIZE_MAX)
		return a == SIZE_MAX ? b : a;
	if ((d->figs[a].f.count == 0) != (d->figs[b].f.count == 0))
		return d->figs[a].f.count == 0 ? b : a;
	return disclosure_worse(d, a, b);
}

/* A shown figure that bears on figure I: the first to go among the nearest, step by step over shared people; SIZE_MAX:
 * none that can be hidden bears on it, however far. */
static size_t
neighbour(const struct audit *a, size_t i)
{
	struct disclosure *d = a->d;
	size_t best = SIZE_MAX, *queue = calloc(d->n + 1, sizeof(*queue)), n = 0, ring = 1;
	bool *seen = calloc(d->n + 1, sizeof(*seen));

	if (queue != NULL && seen != NULL) {
		queue[n++] = i;
		seen[i] = true;
	}
	for (size_t q = 0; q < n && (best == SIZE_MAX || q < ring); q++) {
		if (q == ring)
			ring = n;
		for (size_t k = 0; k < a->length[queue[q]]; k++) {
			uint32_t c = a->list[a->first[queue[q]] + k];

			for (uint32_t u = a->use_first[c]; u < a->use_first[c + 1]; u++) {
				size_t at = a->uses[u];

				if (seen[at])
					continue;
				seen[at] = true;
				queue[n++] = at;
				if (fig_is_shown(&d->figs[at]) && !d->figs[at].f.frozen)
					best = first_to_go(d, best, at);
			}
		}
	}
	free(queue);
	free(seen);
	return best;
}

static bool
can_go(const struct disclosure *d, size_t i)
{
	return fig_is_shown(&d->figs[i]) && !d->figs[i].f.frozen;
}

/* The shown figure that says what the bounds of figure I are, or the nearest behind those that do; the first to go if
 * several do. SIZE_MAX: none that can be hidden. */
static size_t
reason(const struct audit *a, size_t i)
{
	struct disclosure *d = a->d;
	size_t best = SIZE_MAX, *queue = calloc(d->n + 1, sizeof(*queue)), n = 0, ring = 1;
	bool *seen = calloc(d->n + 1, sizeof(*seen));

	if (queue != NULL && seen != NULL) {
		queue[n++] = i;
		seen[i] = true;
	}
	for (size_t q = 0; q < n && (best == SIZE_MAX || q < ring); q++) {
		if (q == ring)
			ring = n;
		for (size_t k = 0; k < 2 * a->length[queue[q]]; k++) {
			uint32_t c = a->list[a->first[queue[q]] + k / 2], why = k % 2 == 0 ? a->why_lower[c] : a->why_upper[c];

			if (why == 0 || seen[why - 1])
				continue;
			seen[why - 1] = true;
			queue[n++] = why - 1;
			if (can_go(d, why - 1))
				best = best == SIZE_MAX ? why - 1 : disclosure_worse(d, best, why - 1);
		}
	}
	free(queue);
	free(seen);
	return best;
}

/* Would another value of figure I be possible, near the truth, if figure AT were not shown? */
static bool
helps(struct audit *a, size_t i, size_t at)
{
	int64_t v = a->d->figs[i].f.count, low = a->sum_lower[i], high = a->sum_upper[i], was_low = a->sum_lower[at],
	    was_high = a->sum_upper[at];
	bool other = false;
	int nodes;

	for (size_t k = 0; k < a->n_mine; k++)
		if (a->truth[a->mine[k]] < 0)
			return false;
	/* what is known of the classes was known by figure AT too */
	for (size_t k = 0; k < a->n_mine; k++) {
		a->kept_lower[a->mine[k]] = 0;
		a->kept_upper[a->mine[k]] = no_limit;
	}
	reset(a);
	a->sum_lower[at] = 0;
	a->sum_upper[at] = no_limit;
	for (int64_t away = 1; away <= 3 && !other; away += 2)
		other = has_solution(a, i, low, v - 1, away, &nodes) || has_solution(a, i, v + 1, high, away, &nodes);
	a->sum_lower[at] = was_low;
	a->sum_upper[at] = was_high;
	return other;
}

/* After a search: of the figures over its classes the first to go that helps by itself; SIZE_MAX: none does. Bounds are left
 * changed. */
static size_t
helper(struct audit *a, size_t i)
{
	struct disclosure *d = a->d;
	size_t tried[HELPERS_MAX];

	for (size_t n = 0; n < HELPERS_MAX; n++) {
		size_t best = SIZE_MAX;

		for (size_t k = 0; k < a->n_active; k++) {
			bool was = !can_go(d, a->active[k]) || a->active[k] == i;

			for (size_t t = 0; t < n && !was; t++)
				was = tried[t] == a->active[k];
			if (!was)
				best = best == SIZE_MAX ? a->active[k] : disclosure_worse(d, best, a->active[k]);
		}
		if (best == SIZE_MAX)
			break;
		if (helps(a, i, best))
			return best;
		tried[n] = best;
	}
	return SIZE_MAX;
}

/* One for each neighbourhood and pass: hiding one figure may be enough for several. AT: which, if that is known. */
static size_t
hide_near(struct audit *a, size_t i, size_t at, size_t went)
{
	for (size_t k = 0; k < a->length[i]; k++)
		if (a->changed[a->list[a->first[i] + k]])
			return 0;
	if (at == SIZE_MAX)
		at = neighbour(a, i);
	if (at == SIZE_MAX && went > 0)	/* the bounds are from before this pass: ask again */
		return 0;
	for (size_t k = 0; at != SIZE_MAX && k < a->length[at]; k++)
		a->changed[a->list[a->first[at] + k]] = true;
	return disclosure_hide_for(a->d, i, at);
}

/* Figure I has one possible value, or (not PROVEN) another was not found in time: hide something near it. What no hiding
 * can help is given up on: with the guess of why it is hidden only that (ALONE), without it the figure itself (known from
 * earlier publications). */
static size_t
help(struct audit *a, size_t i, bool told, bool searched, bool proven, size_t went)
{
	if ((told || !proven) && neighbour(a, i) == SIZE_MAX) {
		a->d->figs[i].alone = true;
		return 0;
	}
	return hide_near(a, i, searched ? helper(a, i) : reason(a, i), went);
}

static size_t
look(struct audit *a, bool told)
{
	struct disclosure *d = a->d;
	size_t went = 0;
	bool proven = true;

	memset(a->changed, 0, a->n_classes * sizeof(*a->changed));
	start_bounds(a, told);
	for (a->n_active = 0; a->n_active < d->n; a->n_active++)
		a->active[a->n_active] = a->n_active;
	if (!sweep(a))
		return 0;
	narrow(a);
	memcpy(a->kept_lower, a->lower, a->n_classes * sizeof(*a->lower));
	memcpy(a->kept_upper, a->upper, a->n_classes * sizeof(*a->upper));
	for (size_t i = 0; i < d->n; i++) {
		int64_t low, high;

		if (!fig_is_target(&d->figs[i]) || a->length[i] == 0 || (told && d->figs[i].alone))
			continue;
		range_of(a, i, &low, &high);
		if (low == high)
			went += help(a, i, told, false, true, went);
	}
	if (went > 0)
		return went;
	make_groups(a);
	for (size_t i = 0; i < d->n && went == 0; i++)
		if (fig_is_target(&d->figs[i]) && a->length[i] > 0 && !d->figs[i].alone && choose(a, i) && is_only_value(a, i, &proven))
			went += help(a, i, told, true, proven, went);
	return went;
}

static bool
make_room(struct audit *a)
{
	size_t classes = a->d->unknowns + 1, figures = a->d->n + 1;

	a->class_of = calloc(classes, sizeof(*a->class_of));
	a->lower = calloc(classes, sizeof(*a->lower));
	a->upper = calloc(classes, sizeof(*a->upper));
	a->kept_lower = calloc(classes, sizeof(*a->lower));
	a->kept_upper = calloc(classes, sizeof(*a->upper));
	a->why_lower = calloc(classes, sizeof(*a->why_lower));
	a->why_upper = calloc(classes, sizeof(*a->why_upper));
	a->truth = calloc(classes, sizeof(*a->truth));
	a->changed = calloc(classes, sizeof(*a->changed));
	a->group = calloc(classes, sizeof(*a->group));
	a->size = calloc(classes, sizeof(*a->size));
	a->head = calloc(classes, sizeof(*a->head));
	a->next = calloc(classes, sizeof(*a->next));
	a->group_seen = calloc(classes, sizeof(*a->group_seen));
	a->mine = calloc(classes, sizeof(*a->mine));
	a->kept = calloc((SMALL_CLASSES + 1) * 2 * SMALL_CLASSES, sizeof(*a->kept));
	a->first = calloc(figures, sizeof(*a->first));
	a->length = calloc(figures, sizeof(*a->length));
	a->list = calloc(a->d->n_atoms + 1, sizeof(*a->list));
	a->active = calloc(figures, sizeof(*a->active));
	a->fig_seen = calloc(figures, sizeof(*a->fig_seen));
	a->sum_lower = calloc(figures, sizeof(*a->sum_lower));
	a->sum_upper = calloc(figures, sizeof(*a->sum_upper));
	return a->class_of != NULL && a->lower != NULL && a->upper != NULL && a->kept_lower != NULL && a->kept_upper != NULL
	    && a->why_lower != NULL && a->why_upper != NULL && a->truth != NULL && a->changed != NULL && a->group != NULL && a->size != NULL && a->head != NULL && a->next != NULL
	    && a->group_seen != NULL && a->mine != NULL && a->kept != NULL
	    && a->first != NULL && a->length != NULL && a->list != NULL && a->active != NULL && a->fig_seen != NULL
	    && a->sum_lower != NULL && a->sum_upper != NULL;
}

enum err_code
disclosure_audit(struct disclosure *d, size_t *hidden, struct err *err)
{
	struct audit a = { .d = d };
	enum err_code rc = ERR_OK;
	size_t went = 0;

	if (!make_room(&a) || !make_classes(&a) || !make_lists(&a))
		rc = err_nomem(err);
	if (rc == ERR_OK)
		went = look(&a, true);
	if (rc == ERR_OK && went == 0)
		went = look(&a, false);
	*hidden += went;
	free(a.class_of);
	free(a.lower);
	free(a.upper);
	free(a.kept_lower);
	free(a.kept_upper);
	free(a.truth);
	free(a.why_lower);
	free(a.why_upper);
	free(a.changed);
	free(a.group);
	free(a.size);
	free(a.mine);
	free(a.kept);
	free(a.first);
	free(a.length);
	free(a.list);
	free(a.active);
	free(a.fig_seen);
	free(a.head);
	free(a.next);
	free(a.group_seen);
	free(a.sum_lower);
	free(a.sum_upper);
	free(a.use_first);
	free(a.uses);
	return rc;
}
