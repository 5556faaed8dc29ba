/* XmR charts. See spc.h; the rules are numbered in docs/indicators.md. */
#include "indicators/spc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 7, SHORT_UNDER = 13 };

/* 3 / d2, D4 and two thirds of the way to a limit, for ranges of two. */
static const double to_limit = 2.66, to_screen = 3.267, to_near = 2.66 * 2 / 3;

static int
sign_of(double v)
{
	return (v > 0) - (v < 0);
}

/* --- helpers, each a rule's step -------------------------------------------------------------------------- */

void
spc_one_side_run(const int *side, size_t n, int run, int *out)
{
	int length = 0;

	for (size_t i = 0; i < n; i++) {
		if (side[i] == 0)
			length = 0;
		else if (i > 0 && side[i] == side[i - 1])
			length++;
		else
			length = 1;
		out[i] = length >= run ? side[i] : 0;
	}
}

void
spc_trend_run(const double *y, size_t n, int run, int *out)
{
	int moves = 0, way = 0;

	for (size_t i = 0; i < n; i++) {
		int now = i == 0 ? 0 : sign_of(y[i] - y[i - 1]);

		moves = now == 0 ? 0 : now == way ? moves + 1 : 1;
		way = now;
		out[i] = moves >= run - 1 ? way : 0;
	}
}

void
spc_part_of_run(const int *flag, size_t n, int run, int *out)
{
	size_t next = n;	/* the nearest flag at or after the point */

	for (size_t i = n; i-- > 0;) {
		if (flag[i] != 0)
			next = i;
		out[i] = next < n && next - i < (size_t)run;
	}
}

void
spc_two_in_three(const int *close, const int *side, size_t n, int *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = 0;
	for (size_t i = 0; i + 2 < n; i++) {
		int together = side[i] + side[i + 1] + side[i + 2];

		if (close[i] + close[i + 1] + close[i + 2] >= 2 && abs(together) == 3)
			out[i] = out[i + 1] = out[i + 2] = 1;
	}
}

void
spc_part_of_two_in_three(const int *flag, const int *close, size_t n, int *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = flag[i] != 0 && close[i] != 0;
}

/* --- one segment ------------------------------------------------------------------------------------------- */

/* Mean and limits of the first USED of the segment's values (rule 1); NAN limits without variation (rule 5). */
static void
limits(struct spc_segment *s, const double *y, size_t used, bool screen)
{
	double sum = 0, all = 0, kept = 0, amr;
	size_t n_kept = 0;

	for (size_t i = 0; i < used; i++)
		sum += y[i];
	s->mean = sum / (double)used;
	for (size_t i = 1; i < used; i++)
		all += fabs(y[i] - y[i - 1]);
	amr = all / (double)(used - 1);
	if (screen && used > 1) {
		for (size_t i = 1; i < used; i++) {
			double range = fabs(y[i] - y[i - 1]);

			if (range < to_screen * amr) {
				kept += range;
				n_kept++;
			}
		}
		amr = kept / (double)n_kept;
	}
	if (used < 2 || !(amr > 0)) {
		s->lower = s->upper = s->near_lower = s->near_upper = NAN;
		return;
	}
	s->lower = s->mean - to_limit * amr;
	s->upper = s->mean + to_limit * amr;
	s->near_lower = s->mean - to_near * amr;
	s->near_upper = s->mean + to_near * amr;
}

/* Room for the steps of one segment. */
struct steps {
	int *side, *outside, *close, *trend, *in_trend, *shift, *in_shift, *two;
};

/* The direction of a trend's point: of the move into it, but of the move out of it if the next point is in a trend
 * too (rule 3). */
static int
trend_way(const double *y, const struct steps *t, size_t n, size_t i)
{
	if (i + 1 < n && t->in_trend[i + 1] != 0)
		return sign_of(y[i + 1] - y[i]);
	return i > 0 ? sign_of(y[i] - y[i - 1]) : 0;
}

static enum spc_rule
rule_of(const double *y, const struct steps *t, size_t n, size_t i)
{
	if (t->outside[i] != 0)
		return t->outside[i] > 0 ? SPC_OUT_UPPER : SPC_OUT_LOWER;
	if (t->in_trend[i] != 0)
		return trend_way(y, t, n, i) > 0 ? SPC_TREND_UP : SPC_TREND_DOWN;
	if (t->two[i] != 0)
		return t->side[i] > 0 ? SPC_TWO_UP : SPC_TWO_DOWN;
	if (t->in_shift[i] != 0)
		return t->side[i] > 0 ? SPC_SHIFT_UP : SPC_SHIFT_DOWN;
	return SPC_COMMON;
}

static enum spc_icon
icon_of(enum spc_rule r, enum direction d)
{
	bool high = r == SPC_OUT_UPPER || r == SPC_TREND_UP || r == SPC_TWO_UP || r == SPC_SHIFT_UP;

	if (r == SPC_COMMON)
		return SPC_ICON_COMMON;
	if (d == DIRECTION_NEUTRAL)
		return high ? SPC_ICON_HIGH : SPC_ICON_LOW;
	return high == (d == DIRECTION_INCREASE) ? SPC_ICON_IMPROVEMENT : SPC_ICON_CONCERN;
}

static void
segment(struct spc_segment *s, const double *y, const struct spc_options *o, const struct steps *t, struct spc_point *out)
{
	size_t n = s->n, used = o->fix_after > 0 && o->fix_after < n ? o->fix_after : n;
	int shift = o->shift > 0 ? o->shift : RUN, trend = o->trend > 0 ? o->trend : RUN;

	limits(s, y, used, o->screen);
	s->is_short = n < SHORT_UNDER;
	for (size_t i = 0; i < n; i++) {
		t->side[i] = sign_of(y[i] - s->mean);
		/* comparisons with NAN are false: without limits nothing is outside or close */
		t->outside[i] = (y[i] > s->upper) - (y[i] < s->lower);
		t->close[i] = t->outside[i] == 0 && (y[i] > s->near_upper || y[i] < s->near_lower);
	}
	spc_trend_run(y, n, trend, t->trend);
	spc_part_of_run(t->trend, n, trend, t->in_trend);
	spc_one_side_run(t->side, n, shift, t->shift);
	spc_part_of_run(t->shift, n, shift, t->in_shift);
	spc_two_in_three(t->close, t->side, n, t->two);
	spc_part_of_two_in_three(t->two, t->close, n, t->two);
	if (o->no_two_of_three)
		memset(t->two, 0, n * sizeof(*t->two));
	for (size_t i = 0; i < n; i++) {
		out[i].rule = rule_of(y, t, n, i);
		out[i].icon = icon_of(out[i].rule, o->improvement);
	}
}

/* --- the chart ----------------------------------------------------------------------------------------------- */

enum spc_assurance
spc_assure(enum direction improvement, double lower, double upper, double target)
{
	if (improvement == DIRECTION_NEUTRAL || isnan(target) || isnan(lower) || isnan(upper))
		return SPC_ASSURANCE_NONE;
	if (target > upper)
		return improvement == DIRECTION_INCREASE ? SPC_CONSISTENT_FAIL : SPC_CONSISTENT_PASS;
	if (target < lower)
		return improvement == DIRECTION_INCREASE ? SPC_CONSISTENT_PASS : SPC_CONSISTENT_FAIL;
	return SPC_INCONSISTENT;
}

static enum err_code
check(const double *y, size_t n, const struct spc_options *o, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(y[i]))
			return err_set(err, ERR_INPUT, "value %zu of the chart is no number: leave missing periods out", i + 1);
	for (size_t i = 0; i < o->n_rebase; i++)
		if (o->rebase[i] >= n || (i > 0 && o->rebase[i] <= o->rebase[i - 1]))
			return err_set(err, ERR_INPUT, "rebase %zu of the chart is outside it or out of order", i + 1);
	return ERR_OK;
}

static bool
steps_new(struct steps *t, size_t n)
{
	int *all = calloc(8 * n + 1, sizeof(*all));

	if (all == NULL)
		return false;
	*t = (struct steps){ all, all + n, all + 2 * n, all + 3 * n, all + 4 * n, all + 5 * n, all + 6 * n, all + 7 * n };
	return true;
}

enum err_code
spc_xmr(const double *y, size_t n, const struct spc_options *o, struct spc_chart *out, struct err *err)
{
	struct spc_chart c = { .n = n };
	struct steps t = { 0 };
	enum err_code rc = check(y, n, o, err);

	memset(out, 0, sizeof(*out));
	if (rc != ERR_OK || n == 0)
		return rc;
	c.segments = calloc(o->n_rebase + 1, sizeof(*c.segments));
	c.points = calloc(n, sizeof(*c.points));
	if (c.segments == NULL || c.points == NULL || !steps_new(&t, n)) {
		rc = err_nomem(err);
		spc_clear(&c);
		goto out;
	}
	for (size_t i = 0, k = 0; i < n; i++) {
		bool starts = k < o->n_rebase && o->rebase[k] == i;

		k += starts;
		if (i == 0 || starts)
			c.segments[c.n_segments++].start = i;
		c.points[i].segment = c.n_segments - 1;
		c.segments[c.n_segments - 1].n++;
	}
	for (size_t i = 0; i < c.n_segments; i++)
		segment(&c.segments[i], y + c.segments[i].start, o, &t, c.points + c.segments[i].start);
	c.variation = c.points[n - 1].icon;
	c.assurance = spc_assure(o->improvement, c.segments[c.n_segments - 1].lower, c.segments[c.n_segments - 1].upper,
	    o->target);
	*out = c;
out:
	free(t.side);
	return rc;
}

void
spc_clear(struct spc_chart *c)
{
	free(c->segments);
	free(c->points);
	memset(c, 0, sizeof(*c));
}

const char *
spc_rule_code(enum spc_rule r)
{
	static const char *const codes[] = { [SPC_COMMON] = "CC", [SPC_OUT_UPPER] = "OU", [SPC_OUT_LOWER] = "OL",
		[SPC_TREND_UP] = "T+", [SPC_TREND_DOWN] = "T-", [SPC_TWO_UP] = "Z+", [SPC_TWO_DOWN] = "Z-",
		[SPC_SHIFT_UP] = "S+", [SPC_SHIFT_DOWN] = "S-" };

	return codes[r];
}

const char *
spc_icon_code(enum spc_icon i)
{
	static const char *const codes[] = { [SPC_ICON_NONE] = "", [SPC_ICON_COMMON] = ".", [SPC_ICON_IMPROVEMENT] = "I",
		[SPC_ICON_CONCERN] = "C", [SPC_ICON_HIGH] = "H", [SPC_ICON_LOW] = "L" };

	return codes[i];
}

const char *
spc_assurance_word(enum spc_assurance a)
{
	static const char *const words[] = { [SPC_ASSURANCE_NONE] = "", [SPC_CONSISTENT_PASS] = "consistent_pass",
		[SPC_CONSISTENT_FAIL] = "consistent_fail", [SPC_INCONSISTENT] = "inconsistent" };

	return words[a];
}
