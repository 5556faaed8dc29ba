/* Charts: a target stands over the periods it is for, and every one it had is on the page. Places are worked out from
 * the sizes that chart.h's view tells, not from chart.c. */
#include "aggregator/chart.h"

#include <string.h>

#include "base/attr.h"
#include "tests/test.h"

enum { MONTHS = 6 };

struct fixture {
	struct pub_row rows[MONTHS];
	const struct pub_row *list[MONTHS];
	struct series s;
	struct arena arena;
};

/* Six months of 50 %, with targets TARGET (negative: none is published in that month). */
static void
setup(struct fixture *f, const double target[MONTHS])
{
	static const char *starts[] = { "2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01", "2025-06-01" };
	static const char *ends[] = { "2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31", "2025-06-30" };

	memset(f, 0, sizeof(*f));
	arena_init(&f->arena, 1 << 20);
	for (size_t i = 0; i < MONTHS; i++) {
		f->rows[i] = (struct pub_row){ .id = "", .indicator = "i", .version = "1", .title = "T", .unit = "%",
		    .direction = "increase", .definition_hash = "", .area_code = "all", .area_name = "A",
		    .area_level = "organisation", .ons_code = "", .breakdown = "", .category = "", .period_start = starts[i],
		    .period_end = ends[i], .value = { true, 50 }, .target = { target[i] >= 0, target[i] }, .verdict = "",
		    .comparison = "", .spc_rule = "", .variation = "", .assurance = "", .annotation = "", .flag = "" };
		f->list[i] = &f->rows[i];
	}
	f->s = (struct series){ f->list, MONTHS };
}

static void
draw(struct fixture *f, enum chart_size size, struct chart_view *v)
{
	const struct chart_ref refs[] = { { f->rows[MONTHS - 1].target.v, "Target", "target" }, { 45, "England", "other" } };
	const struct chart_options how = { .size = size, .refs = refs, .n_refs = ARRAY_LEN(refs) };
	struct err err;

	ck_ok(chart_of(&f->s, "c", &how, &f->arena, v, &err));
}

/* "M x y H x2" number N of the path D. */
static void
stretch(const char *d, int n, double *x, double *y, double *x2)
{
	for (int i = 0; i < n && d != NULL; i++)
		d = strchr(d + 1, 'M');
	ck_assert(d != NULL && sscanf(d, "M%lf %lfH%lf", x, y, x2) == 3);
}

static int
stretches(const char *d)
{
	int n = 0;

	for (; *d != '\0'; d++)
		n += *d == 'M';
	return n;
}

START_TEST(a_target_stands_over_its_own_periods)
{
	const double target[MONTHS] = { -1, -1, 60, 60, 90, 90 };
	struct chart_view v;
	struct fixture f;
	double x, y, x2, third, last, y2;

	setup(&f, target);
	draw(&f, CHART_FULL, &v);
	ck_assert_uint_eq(v.n_refs, 2);
	ck_assert_int_eq(stretches(v.refs[0].d), 2);
	third = v.left + (v.right - v.left) / MONTHS * 2;
	last = v.left + (v.right - v.left) / MONTHS * 4;
	stretch(v.refs[0].d, 0, &x, &y, &x2);
	ck_assert_double_eq_tol(x, third, 0.1);
	ck_assert_double_eq_tol(x2, last, 0.1);
	stretch(v.refs[0].d, 1, &x, &y2, &x2);
	ck_assert_double_eq_tol(x, last, 0.1);
	ck_assert_double_eq_tol(x2, v.right, 0.1);
	/* Both lie inside; the higher one higher, and on a line of numbers if that is one of them. */
	ck_assert(y2 >= v.top && y < v.bottom && y2 < y);
	for (size_t i = 0; i < v.n_rows; i++) {
		if (strcmp(v.rows[i].text, "90 %") == 0)
			ck_assert_double_eq_tol(v.rows[i].at, y2, 0.1);
		if (strcmp(v.rows[i].text, "60 %") == 0)
			ck_assert_double_eq_tol(v.rows[i].at, y, 0.1);
	}
	/* Others go from edge to edge. */
	stretch(v.refs[1].d, 0, &x, &y, &x2);
	ck_assert_double_eq_tol(x, v.left, 0.1);
	ck_assert_double_eq_tol(x2, v.right, 0.1);
	arena_clear(&f.arena);
}
END_TEST

START_TEST(a_month_that_does_not_say_keeps_the_target)
{
	const double target[MONTHS] = { 60, -1, 60, 60, -1, 60 };
	struct chart_view v;
	struct fixture f;
	double x, y, x2;

	setup(&f, target);
	draw(&f, CHART_SMALL, &v);
	ck_assert_uint_eq(v.n_refs, 1);	/* small charts have room for the target alone */
	ck_assert_int_eq(stretches(v.refs[0].d), 1);
	stretch(v.refs[0].d, 0, &x, &y, &x2);
	ck_assert_double_eq_tol(x, v.left, 0.1);
	ck_assert_double_eq_tol(x2, v.right, 0.1);
	arena_clear(&f.arena);
}
END_TEST

/* An older, far target is not pushed onto the edge by a range that only knows the newest. */
START_TEST(the_range_holds_every_target)
{
	const double target[MONTHS] = { 10, 10, 10, 55, 55, 55 };
	struct chart_view v;
	struct fixture f;
	double x, y, y2, x2;

	setup(&f, target);
	draw(&f, CHART_FULL, &v);
	stretch(v.refs[0].d, 0, &x, &y, &x2);
	stretch(v.refs[0].d, 1, &x, &y2, &x2);
	/* 45 points apart, and 40 between the lines of two numbers 40 apart */
	for (size_t i = 0; i + 1 < v.n_rows; i++) {
		double a, b;

		if (sscanf(v.rows[0].text, "%lf", &a) == 1 && sscanf(v.rows[i + 1].text, "%lf", &b) == 1)
			ck_assert_double_eq_tol((y - y2) / 45, (v.rows[0].at - v.rows[i + 1].at) / (b - a), 0.1);
	}
	arena_clear(&f.arena);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("chart");
	TCase *t = tcase_create("targets");

	suite_add_tcase(s, t);
	tcase_add_test(t, a_target_stands_over_its_own_periods);
	tcase_add_test(t, a_month_that_does_not_say_keeps_the_target);
	tcase_add_test(t, the_range_holds_every_target);
	return s;
}

TEST_MAIN(suite)
