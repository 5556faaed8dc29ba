/* Charts: from values to places on a page. See chart.h. */
#include "aggregator/chart.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS = 8 };

struct scale {
	double low, high, top, bottom, left, step;
};

static double
tenth(double v)
{
	return round(v * 10) / 10;
}

static double
x_of(const struct scale *s, size_t i)
{
	return tenth(s->left + s->step * ((double)i + 0.5));
}

static double
y_of(const struct scale *s, double v)
{
	if (v < s->low)
		v = s->low;
	if (v > s->high)
		v = s->high;
	return tenth(s->bottom - (v - s->low) / (s->high - s->low) * (s->bottom - s->top));
}

static void
reach(double *low, double *high, const struct pub_num *n)
{
	if (!n->shown)
		return;
	*low = fmin(*low, n->v);
	*high = fmax(*high, n->v);
}

/* The next of 1, 2, 5, 10, 20 .. that is at least V. */
static double
nice(double v)
{
	double e = pow(10, floor(log10(v)));

	return v <= e ? e : v <= 2 * e ? 2 * e : v <= 5 * e ? 5 * e : 10 * e;
}

double
chart_step(double range, int n)
{
	return nice(range / n);
}

static bool
is_target(const struct chart_ref *r)
{
	return strcmp(r->class_name, "target") == 0;
}

/* From what is shown; a percentage never leaves 0..100, and small differences are not blown up. */
static double
set_range(const struct series *s, const struct chart_options *how, struct scale *sc)
{
	double low = HUGE_VAL, high = -HUGE_VAL, step;
	bool percent = strcmp(series_first(s)->unit, "%") == 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct pub_row *r = s->rows[i];

		reach(&low, &high, &r->value);
		if (!r->value.shown)
			continue;
		reach(&low, &high, &r->spc_lower);
		reach(&low, &high, &r->spc_upper);
		reach(&low, &high, &r->lower95);
		reach(&low, &high, &r->upper95);
	}
	for (size_t i = 0; i < how->n_refs && isfinite(low); i++) {
		reach(&low, &high, &(struct pub_num){ true, how->refs[i].v });
		for (size_t k = 0; k < s->n && is_target(&how->refs[i]); k++)
			reach(&low, &high, &s->rows[k]->target);
	}
	if (!isfinite(low)) {
		low = 0;
		high = percent ? 100 : 1;
	}
	if (percent && high - low < 40) {
		double mid = (low + high) / 2;

		low = mid - 20;
		high = mid + 20;
	}
	if (high - low < 1e-9) {
		low -= 1;
		high += 1;
	}
	step = chart_step(high - low, how->size == CHART_NARROW ? 4 : TICKS - 2);
	sc->low = floor(low / step) * step;
	sc->high = ceil(high / step) * step;
	if (percent) {
		sc->low = fmax(sc->low, 0);
		sc->high = fmin(sc->high, 100);
	}
	return step;
}

/* Paths of a mark around (x, y): circle, triangle up, square on its corner, and the two neutral ones. */
const char *
chart_shape(struct arena *a, enum mark m, double x, double y, double r)
{
	switch (m) {
	case MARK_BETTER:
		return arena_printf(a, "M%.1f %.1fl%.1f %.1fh%.1fz", x, y - r * 1.35, r * 1.25, r * 2.2, -r * 2.5);
	case MARK_WORSE:
		return arena_printf(a, "M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz", x, y - r * 1.45, r * 1.45, r * 1.45,
		    -r * 1.45, r * 1.45, -r * 1.45, -r * 1.45);
	case MARK_HIGH:
	case MARK_LOW:
		return arena_printf(a, "M%.1f %.1fh%.1fv%.1fh%.1fz", x - r, y - r, 2 * r, 2 * r, -2 * r);
	case MARK_COMMON:
	case MARK_NONE:
		break;
	}
	return arena_printf(a, "M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 %.1f 0z", x - r, y, r, r, 2 * r, r, r, -2 * r);
}

static const char *
say_point(struct arena *a, const struct pub_row *r)
{
	char period[48], value[48], lower[48], upper[48];

	say_period(r->period_start, r->period_end, period);
	say_number(&r->value, r->unit, -1, value);
	say_number(&r->lower95, "", -1, lower);
	say_number(&r->upper95, r->unit, -1, upper);
	if (!r->value.shown)
		return arena_printf(a, "%s: %s", period, say_flag(r->flag));
	return arena_printf(a, "%s: %s%s%s%s%s%s%s%s", period, value, lower[0] != '\0' ? ", 95 % limits " : "", lower,
	    lower[0] != '\0' ? " to " : "", upper, r->variation[0] != '\0' ? "; " : "",
	    r->variation[0] != '\0' ? say_mark(say_mark_of(r->variation)) : "",
	    r->annotation[0] != '\0' ? "; not complete yet" : "");
}

static void
put_marks(struct chart_view *v, const struct series *s, const struct scale *sc, double size, struct arena *a,
	struct chart_mark *marks, struct chart_gap *gaps)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct pub_row *r = s->rows[i];
		double x = x_of(sc, i);

		if (!r->value.shown) {
			gaps[v->n_gaps++] = (struct chart_gap){ x, v->is_small ? sc->bottom : sc->bottom - 6,
			    r->flag[0] != '\0' ? arena_printf(a, "%.1s", r->flag + 1) : "-", say_point(a, r) };
			continue;
		}
		marks[v->n_marks] = (struct chart_mark){
			.d = chart_shape(a, say_mark_of(r->variation), x, y_of(sc, r->value.v), size),
			.class_name = say_mark_class(say_mark_of(r->variation)),
			.title = say_point(a, r), .whisker = "",
		};
		if (r->lower95.shown && r->upper95.shown)
			marks[v->n_marks].whisker = arena_printf(a, "M%.1f %.1fV%.1f", x, y_of(sc, r->lower95.v),
			    y_of(sc, r->upper95.v));
		v->n_marks++;
	}
	v->marks = marks;
	v->gaps = gaps;
}

/* The row whose limits hold at I: a hidden value lies within the segment of its neighbours, if both have the
 * same limits. */
static const struct pub_row *
limits_at(const struct series *s, size_t i)
{
	const struct pub_row *before = NULL, *after = NULL;

	if (s->rows[i]->value.shown)
		return s->rows[i];
	for (size_t k = i; k > 0 && before == NULL; k--)
		before = s->rows[k - 1]->value.shown ? s->rows[k - 1] : NULL;
	for (size_t k = i + 1; k < s->n && after == NULL; k++)
		after = s->rows[k]->value.shown ? s->rows[k] : NULL;
	return before != NULL && after != NULL && before->spc_mean.v == after->spc_mean.v ? before : s->rows[i];
}

/* The line, broken at each gap; the mean and the limits, one stretch for each segment. */
static enum err_code
put_paths(struct chart_view *v, const struct series *s, const struct scale *sc, struct arena *a, struct err *err)
{
	struct buf line, mean, band;
	bool pen = false;
	enum err_code rc;

	buf_init(&line, 1 << 20);
	buf_init(&mean, 1 << 20);
	buf_init(&band, 1 << 20);
	for (size_t i = 0; i < s->n; i++) {
		const struct pub_row *r = s->rows[i], *limits = limits_at(s, i);
		double x = x_of(sc, i), from = tenth(x - sc->step / 2), to = tenth(x + sc->step / 2);

		if (r->value.shown)
			buf_printf(&line, "%s%.1f %.1f", pen ? "L" : "M", x, y_of(sc, r->value.v));
		pen = r->value.shown;
		if (limits->spc_mean.shown)
			buf_printf(&mean, "M%.1f %.1fH%.1f", from, y_of(sc, limits->spc_mean.v), to);
		if (limits->spc_lower.shown && limits->spc_upper.shown)
			buf_printf(&band, "M%.1f %.1fH%.1fV%.1fH%.1fz", from, y_of(sc, limits->spc_upper.v), to,
			    y_of(sc, limits->spc_lower.v), from);
	}
	v->line = arena_str(a, buf_str(&line));
	v->mean = arena_str(a, buf_str(&mean));
	v->band = arena_str(a, buf_str(&band));
	rc = v->line == NULL || v->mean == NULL || v->band == NULL ? err_nomem(err) : ERR_OK;
	buf_free(&line);
	buf_free(&mean);
	buf_free(&band);
	return rc;
}

static void
put_grid(struct chart_view *v, const struct series *s, const struct scale *sc, double step, struct arena *a,
	struct chart_line *rows, struct chart_line *columns)
{
	const char *unit = series_first(s)->unit;
	int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;	/* a step is 1, 2 or 5 times a power of ten */
	size_t every = 1;

	for (double at = sc->low; at <= sc->high + step / 1e6 && v->n_rows < 2 * TICKS; at += step) {
		char number[48];

		say_number(&(struct pub_num){ true, at }, unit, decimals, number);
		rows[v->n_rows++] = (struct chart_line){ y_of(sc, at), y_of(sc, at) + 4, arena_printf(a, "%s", number) };
	}
	while (sc->step * (double)every < (v->is_small ? 90 : 62))
		every++;
	for (size_t i = (s->n - 1) % every; i < s->n; i += every) {
		char month[16];

		say_month_short(s->rows[i]->period_start, month);
		columns[v->n_columns++] = (struct chart_line){ x_of(sc, i), sc->bottom + 20, arena_printf(a, "%s", month) };
	}
	v->rows = rows;
	v->columns = columns;
}

static void
put_words(struct chart_view *v, const struct series *s, const char *category, struct arena *a)
{
	const struct pub_row *first = series_first(s), *last = series_latest(s);
	char from[48], to[48], value[48] = "";

	say_period(first->period_start, first->period_end, from);
	say_period(s->rows[s->n - 1]->period_start, s->rows[s->n - 1]->period_end, to);
	if (last != NULL)
		say_number(&last->value, last->unit, -1, value);
	v->title = arena_printf(a, "%s, %s%s%s", first->title, first->area_name, first->category[0] != '\0' ? ", " : "",
	    category == NULL ? first->category : category);
	v->description = arena_printf(a, "Line chart from %s to %s, %zu values, %zu hidden. Last value: %s. %s. The same "
	    "numbers are in a table.", from, to, v->n_marks, v->n_gaps, value[0] != '\0' ? value : "none",
	    last != NULL && last->variation[0] != '\0' ? say_mark(say_mark_of(last->variation)) : "No limits yet");
}

/* Each target over the periods for which it was set; a period whose row does not say has that of the one before. */
static const char *
target_path(const struct series *s, const struct scale *sc, struct arena *a)
{
	const char *path = "";

	for (size_t i = 0, end; i < s->n && path != NULL; i = end) {
		const struct pub_num *t = &s->rows[i]->target;

		for (end = i + 1; end < s->n && (!t->shown ? !s->rows[end]->target.shown
		    : !s->rows[end]->target.shown || s->rows[end]->target.v == t->v); end++)
			;
		if (t->shown)
			path = arena_printf(a, "%sM%.1f %.1fH%.1f", path, tenth(sc->left + sc->step * (double)i), y_of(sc, t->v),
			    tenth(sc->left + sc->step * (double)end));
	}
	return path == NULL ? "" : path;
}

/* Lines to hold the series against. */
static enum err_code
put_refs(struct chart_view *v, const struct series *s, const struct chart_options *how, const struct scale *sc,
	struct arena *a, struct err *err)
{
	struct chart_ref_view *refs = arena_calloc(a, how->n_refs + 1, sizeof(*refs));

	if (refs == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < how->n_refs; i++)
		if (!v->is_small || is_target(&how->refs[i]))
			refs[v->n_refs++] = (struct chart_ref_view){ is_target(&how->refs[i]) ? target_path(s, sc, a)
			    : arena_printf(a, "M%.1f %.1fH%.1f", v->left, y_of(sc, how->refs[i].v), v->right),
			    how->refs[i].class_name };
	v->refs = refs;
	return ERR_OK;
}

static int
label_cmp(const void *a, const void *b)
{
	double x = ((const struct chart_label *)a)->y, y = ((const struct chart_label *)b)->y;

	return (x > y) - (x < y);
}

/* Names of the lines, in the margin on the right where no value can lie under them; each as near to its line as the
 * others leave it. */
static enum err_code
put_labels(struct chart_view *v, const struct series *s, const struct chart_options *how, const struct scale *sc,
	struct arena *a, struct err *err)
{
	enum { LINE = 17, NAME = 14 };
	const struct pub_row *last = series_latest(s);
	struct chart_label *labels = arena_calloc(a, how->n_refs + 2, sizeof(*labels));
	const char *unit = series_first(s)->unit;
	char number[48];

	if (labels == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < how->n_refs; i++) {
		const struct chart_ref *r = &how->refs[i];
		size_t cut = strlen(r->name) > NAME ? NAME : strlen(r->name);

		while (cut > 0 && ((unsigned char)r->name[cut] & 0xc0) == 0x80)	/* whole characters */
			cut--;
		say_number(&(struct pub_num){ true, r->v }, unit, -1, number);
		labels[v->n_labels++] = (struct chart_label){ .y = y_of(sc, r->v), .class_name = r->class_name,
		    .text = arena_printf(a, "%.*s%s %s", (int)cut, r->name, r->name[cut] != '\0' ? ".." : "", number) };
	}
	if (last != NULL && last->spc_mean.shown) {
		say_number(&last->spc_mean, unit, strcmp(unit, "%") == 0 ? 1 : 2, number);
		labels[v->n_labels++] = (struct chart_label){ .y = y_of(sc, last->spc_mean.v), .class_name = "of-mean",
		    .text = arena_printf(a, "Mean %s", number) };
	}
	qsort(labels, v->n_labels, sizeof(*labels), label_cmp);
	for (size_t i = 0; i < v->n_labels; i++) {
		labels[i].text_y = labels[i].y + 4;
		if (i > 0 && labels[i].text_y < labels[i - 1].text_y + LINE)
			labels[i].text_y = labels[i - 1].text_y + LINE;
	}
	/* What was pushed over the lower edge goes up again, with all above it. */
	for (size_t i = v->n_labels; i > 0; i--) {
		double most = i == v->n_labels ? sc->bottom : labels[i].text_y - LINE;

		if (labels[i - 1].text_y > most)
			labels[i - 1].text_y = most;
		labels[i - 1].leader = arena_printf(a, "M%.1f %.1fL%.1f %.1f", v->right, labels[i - 1].y, v->right + 9,
		    labels[i - 1].text_y - 4);
	}
	v->labels = labels;
	return ERR_OK;
}

/* Limits begin again at the first shown value of the month, as in indicators/prepare.c. */
static enum err_code
put_breaks(struct chart_view *v, const struct series *s, const struct chart_options *how, const struct scale *sc,
	struct arena *a, struct err *err)
{
	struct chart_break_view *breaks = arena_calloc(a, how->n_breaks + 1, sizeof(*breaks));

	if (breaks == NULL)
		return err_nomem(err);
	for (size_t k = 0; k < how->n_breaks && !v->is_small; k++)
		for (size_t i = 1; i < s->n; i++)
			if (s->rows[i]->value.shown && strncmp(s->rows[i]->period_start, how->breaks[k].from, 7) >= 0) {
				breaks[v->n_breaks++] = (struct chart_break_view){ tenth(x_of(sc, i) - sc->step / 2),
				    arena_printf(a, "%zu", k + 1) };
				break;
			}
	v->breaks = breaks;
	return ERR_OK;
}

static const struct shape_of_chart {
	int width, height, left, top, right, bottom;
	double mark;
	const char *class_name;
} sizes[] = {
	[CHART_FULL] = { 980, 380, 60, 18, 150, 34, 5.5, "full" },
	[CHART_NARROW] = { 400, 300, 48, 14, 8, 30, 4.2, "slim" },
	[CHART_SMALL] = { 340, 150, 44, 10, 8, 26, 3.2, "small" },
};

enum err_code
chart_of(const struct series *s, const char *id, const struct chart_options *how, struct arena *a,
	struct chart_view *out, struct err *err)
{
	const struct shape_of_chart *size = &sizes[how->size];
	bool is_small = how->size == CHART_SMALL;
	struct chart_view v = {
		.id = id, .is_small = is_small, .class_name = size->class_name, .width = size->width, .height = size->height,
		.left = size->left, .top = size->top, .right = size->width - size->right, .bottom = size->height - size->bottom,
	};
	struct scale sc = { .left = v.left, .top = v.top, .bottom = v.bottom, .step = (v.right - v.left) / (double)s->n };
	struct chart_mark *marks = arena_calloc(a, s->n, sizeof(*marks));
	struct chart_gap *gaps = arena_calloc(a, s->n, sizeof(*gaps));
	struct chart_line *rows = arena_calloc(a, 2 * TICKS, sizeof(*rows));
	struct chart_line *columns = arena_calloc(a, s->n, sizeof(*columns));
	double step;
	enum err_code rc;

	if (marks == NULL || gaps == NULL || rows == NULL || columns == NULL)
		return err_nomem(err);
	step = set_range(s, how, &sc);
	if (is_small)
		step = sc.high - sc.low;
	put_marks(&v, s, &sc, size->mark, a, marks, gaps);
	put_grid(&v, s, &sc, step, a, rows, columns);
	put_words(&v, s, how->category, a);
	rc = put_paths(&v, s, &sc, a, err);
	if (rc == ERR_OK)
		rc = put_refs(&v, s, how, &sc, a, err);
	if (rc == ERR_OK && how->size == CHART_FULL)
		rc = put_labels(&v, s, how, &sc, a, err);
	if (rc == ERR_OK)
		rc = put_breaks(&v, s, how, &sc, a, err);
	if (rc == ERR_OK)
		*out = v;
	return rc;
}
