/* A funnel: every site's proportion over how many answered there, with the limits between which chance alone would put
 * 95 and 99.8 of 100 sites like the average one (control limits a -/+ z sqrt(a (1 - a) / n), Spiegelhalter 2005). Made
 * from published, rounded numbers alone. It says which sites to talk with; it ranks none. */
#include "aggregator/pages_private.h"

#include <math.h>
#include <string.h>

#include "aggregator/templates.h"

enum { SITES_MIN = 3, STEPS = 60 };

static const double z95 = 1.959963984540054, z998 = 3.090232306167813;

struct dot {
	const struct pub_row *r;
	double n, p;
};

struct plane {
	double low, high, n_max, left, right, top, bottom;
};

static double
at_x(const struct plane *pl, double n)
{
	return round((pl->left + n / pl->n_max * (pl->right - pl->left)) * 10) / 10;
}

static double
at_y(const struct plane *pl, double p)
{
	p = fmin(fmax(p, pl->low), pl->high);
	return round((pl->bottom - (p - pl->low) / (pl->high - pl->low) * (pl->bottom - pl->top)) * 10) / 10;
}

static double
limit(double a, double n, double z)
{
	return fmin(fmax(a + z * sqrt(a * (1 - a) / n), 0), 1);
}

/* The period that most sites have last; of several the newest. */
static const struct pub_row *
period_of(const struct series_list *l, const char *version, const struct pub_row **rows)
{
	const struct pub_row *best = NULL;
	size_t n = 0, most = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct pub_row *r = series_latest(&l->list[i]);

		if (r != NULL && strcmp(r->area_level, "site") == 0 && r->breakdown[0] == '\0' && strcmp(r->version, version) == 0
		    && r->numerator.shown && r->denominator.shown)
			rows[n++] = r;
	}
	for (size_t i = 0; i < n; i++) {
		size_t same = 0;

		for (size_t k = 0; k < n; k++)
			same += strcmp(rows[k]->period_start, rows[i]->period_start) == 0 && strcmp(rows[k]->period_end, rows[i]->period_end) == 0;
		if (same > most || (same == most && strcmp(rows[i]->period_start, best->period_start) > 0)) {
			best = rows[i];
			most = same;
		}
	}
	return best;
}

static size_t
collect(const struct series_list *l, const char *version, const struct pub_row *when, struct dot *dots, double *average)
{
	double x = 0, n = 0;
	size_t found = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct pub_row *first = series_first(&l->list[i]);

		if (strcmp(first->area_level, "site") != 0 || first->breakdown[0] != '\0' || strcmp(first->version, version) != 0)
			continue;
		for (size_t k = 0; k < l->list[i].n; k++) {
			const struct pub_row *r = l->list[i].rows[k];

			if (strcmp(r->period_start, when->period_start) != 0 || strcmp(r->period_end, when->period_end) != 0
			    || !r->value.shown || !r->denominator.shown || r->denominator.v <= 0)
				continue;
			dots[found++] = (struct dot){ r, r->denominator.v, r->value.v / 100 };
			x += r->value.v / 100 * r->denominator.v;
			n += r->denominator.v;
		}
	}
	*average = n > 0 ? x / n : 0;
	return found;
}

static void
curves(struct funnel_plot_view *v, const struct plane *pl, double a, struct arena *arena)
{
	const char **paths[2] = { &v->inner, &v->outer };
	const double zs[2] = { z95, z998 };

	for (size_t k = 0; k < 2; k++) {
		struct buf b;

		buf_init(&b, 1 << 16);
		for (int side = -1; side <= 1; side += 2)
			for (int i = 0; i <= STEPS; i++) {
				double n = fmax(pl->n_max * i / STEPS, pl->n_max / STEPS / 4);

				buf_printf(&b, "%s%.1f %.1f", i == 0 ? "M" : "L", at_x(pl, n), at_y(pl, limit(a, n, side * zs[k])));
			}
		*paths[k] = arena_str(arena, buf_str(&b));
		if (*paths[k] == NULL)
			*paths[k] = "";
		buf_free(&b);
	}
	v->mean = arena_printf(arena, "M%.1f %.1fH%.1f", pl->left, at_y(pl, a), pl->right);
}

static const char *
place(double p, double n, double a, bool *outside)
{
	*outside = p < limit(a, n, -z95) || p > limit(a, n, z95);
	if (p < limit(a, n, -z998))
		return "below the 99.8 % limits";
	if (p < limit(a, n, -z95))
		return "below the 95 % limits";
	if (p > limit(a, n, z998))
		return "above the 99.8 % limits";
	if (p > limit(a, n, z95))
		return "above the 95 % limits";
	return "within what chance explains";
}

static enum mark
mark_of(const struct pub_row *r, bool outside, bool above)
{
	if (!outside)
		return MARK_COMMON;
	if (strcmp(r->direction, "neutral") == 0)
		return above ? MARK_HIGH : MARK_LOW;
	return above == (strcmp(r->direction, "increase") == 0) ? MARK_BETTER : MARK_WORSE;
}

static enum err_code
grid(struct funnel_plot_view *v, const struct plane *pl, struct arena *a, struct err *err)
{
	bool narrow = v->width < 600;
	double step = chart_step((pl->high - pl->low) * 100, narrow ? 4 : 6) / 100, n_step = chart_step(pl->n_max, narrow ? 4 : 8);
	struct chart_line *rows = arena_calloc(a, 16, sizeof(*rows)), *columns = arena_calloc(a, 16, sizeof(*columns));

	if (rows == NULL || columns == NULL)
		return err_nomem(err);
	for (double p = ceil(pl->low / step) * step; p <= pl->high + step / 1e6 && v->n_rows < 16; p += step)
		rows[v->n_rows++] = (struct chart_line){ at_y(pl, p), at_y(pl, p) + 4, arena_printf(a, "%.0f %%", p * 100) };
	for (double n = 0; n <= pl->n_max && v->n_columns < 16; n += n_step)
		columns[v->n_columns++] = (struct chart_line){ at_x(pl, n), pl->bottom + 20, arena_printf(a, "%.0f", n) };
	v->rows = rows;
	v->columns = columns;
	return ERR_OK;
}

/* The drawing in V's size. */
static enum err_code
plot(struct page_request *q, struct funnel_plot_view *v, const struct dot *dots, size_t n, double average, struct err *err)
{
	struct funnel_mark_view *marks = arena_calloc(q->arena, n, sizeof(*marks));
	struct plane pl = { .low = average, .high = average };
	bool narrow = v->width < 600;

	if (marks == NULL)
		return err_nomem(err);
	v->left = pl.left = narrow ? 48 : 60;
	v->right = pl.right = v->width - (narrow ? 12 : 24);
	v->top = pl.top = 18;
	v->bottom = pl.bottom = v->height - 52;
	for (size_t i = 0; i < n; i++) {
		pl.n_max = fmax(pl.n_max, dots[i].n * 1.15);
		pl.low = fmin(pl.low, dots[i].p);
		pl.high = fmax(pl.high, dots[i].p);
	}
	pl.low = floor(fmax(fmin(pl.low, limit(average, pl.n_max / 3, -z998)) - 0.03, 0) * 20) / 20;
	pl.high = ceil(fmin(fmax(pl.high, limit(average, pl.n_max / 3, z998)) + 0.03, 1) * 20) / 20;
	curves(v, &pl, average, q->arena);
	for (size_t i = 0; i < n; i++) {
		bool outside;
		const char *says = place(dots[i].p, dots[i].n, average, &outside);
		enum mark m = mark_of(dots[i].r, outside, dots[i].p > average);

		marks[v->n_marks++] = (struct funnel_mark_view){ chart_shape(q->arena, m, at_x(&pl, dots[i].n),
		    at_y(&pl, dots[i].p), narrow ? 4.2 : 5.5), say_mark_class(m), arena_printf(q->arena, "%s: %s of %.0f people, %s",
		    dots[i].r->area_name, pages_number(q->arena, &dots[i].r->value, "%", 1), dots[i].n, says) };
	}
	v->marks = marks;
	return grid(v, &pl, q->arena, err);
}

static enum err_code
put_table(struct page_request *q, struct funnel_view *v, const struct dot *dots, size_t n, double average, struct err *err)
{
	struct funnel_row_view *table = arena_calloc(q->arena, n, sizeof(*table));
	size_t n_outside = 0;

	if (table == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const struct pub_row *r = dots[i].r;
		bool outside;
		const char *says = place(dots[i].p, dots[i].n, average, &outside);

		n_outside += outside;
		table[v->n_table++] = (struct funnel_row_view){ arena_printf(q->arena, "/indicator/%s?area=%s", r->indicator,
		    pages_encoded(q->arena, r->area_code)), r->area_name, arena_printf(q->arena, "%.0f", dots[i].n),
		    pages_number(q->arena, &r->value, "%", 1), says };
	}
	v->table = table;
	v->words = n_outside == 0 ? "No site stands out: the differences are what chance makes of groups of these sizes."
	    : arena_printf(q->arena, "%zu of %zu sites lie%s beyond the 95 %% limits: worth a talk about why.", n_outside, n,
	    n_outside == 1 ? "s" : "");
	return ERR_OK;
}

enum err_code
pages_funnel(struct page_request *q, const struct series_list *l, const char *version, struct indicator_view *v,
	struct err *err)
{
	const struct pub_row **last = arena_calloc(q->arena, l->n + 1, sizeof(*last)), *when;
	struct dot *dots = arena_calloc(q->arena, l->n + 1, sizeof(*dots));
	struct funnel_view f = {
		.full = { .id = "funnel", .class_name = "full", .width = 980, .height = 380 },
		.narrow = { .id = "funnel-narrow", .class_name = "slim", .width = 400, .height = 320 },
	};
	double average;
	struct buf work;
	size_t n;
	enum err_code rc;

	if (last == NULL || dots == NULL)
		return err_nomem(err);
	when = period_of(l, version, last);
	if (when == NULL || strcmp(when->unit, "%") != 0)
		return ERR_OK;
	n = collect(l, version, when, dots, &average);
	if (n < SITES_MIN)
		return ERR_OK;
	f.period = pages_period(q->arena, when);
	f.full.title = f.narrow.title = arena_printf(q->arena, "%s: sites beside each other", when->title);
	f.full.description = f.narrow.description = arena_printf(q->arena, "Funnel chart of %zu sites in %s. Average %.1f %%. "
	    "The same numbers are in the table below it.", n, f.period, average * 100);
	rc = plot(q, &f.full, dots, n, average, err);
	if (rc == ERR_OK)
		rc = plot(q, &f.narrow, dots, n, average, err);
	if (rc == ERR_OK)
		rc = put_table(q, &f, dots, n, average, err);
	if (rc != ERR_OK)
		return rc;
	buf_init(&work, 1 << 20);
	page_aggregator_funnel(&work, &f);
	v->funnel = pages_keep(q->arena, &work);
	return v->funnel == NULL ? err_nomem(err) : ERR_OK;
}
