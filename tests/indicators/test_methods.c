/* Methods: accuracy of the special functions, edges, verdicts, rounding, charts. The bulk of the methods is held against
 * published implementations by vectors-statistics. */
#include "tests/test.h"

#include <math.h>

#include "indicators/methods.h"
#include "indicators/spc.h"
#include "indicators/special.h"
#include "indicators/strata.h"

static struct err err;

/* mpmath 1.3.0 at 50 digits, bisection of its regularised gammainc and betainc */
static const struct { double p, nu, x; } chisq[] = {
	{ 0.025, 0.4, 1.2745079840059515065e-8 },
	{ 0.025, 1, 0.00098206911717525591234 },
	{ 0.025, 2, 0.050635615968579750807 },
	{ 0.025, 3, 0.21579528262389786845 },
	{ 0.025, 4, 0.4844185570879298058 },
	{ 0.025, 7, 1.6898691806773545806 },
	{ 0.025, 10, 3.2469727802368410762 },
	{ 0.025, 14, 5.6287261030397321589 },
	{ 0.025, 19.98, 9.5770131792255351493 },
	{ 0.025, 20, 9.5907773922648672714 },
	{ 0.025, 22, 10.982320734473676564 },
	{ 0.975, 0.4, 3.0222059519771581983 },
	{ 0.975, 1, 5.0238861873148889562 },
	{ 0.975, 2, 7.3777589082278726057 },
	{ 0.975, 3, 9.3484036044961477961 },
	{ 0.975, 4, 11.143286781877797194 },
	{ 0.975, 7, 16.012764274629324233 },
	{ 0.975, 10, 20.483177350807396552 },
	{ 0.975, 14, 26.118948045037370782 },
	{ 0.975, 19.98, 34.143341860484466248 },
	{ 0.975, 20, 34.169606902838340625 },
	{ 0.975, 22, 36.780712084035557441 },
	{ 0.001, 0.4, 1.3050961686914471802e-15 },
	{ 0.001, 1, 1.5707971492624898793e-6 },
	{ 0.001, 2, 0.0020010006671670670003 },
	{ 0.001, 3, 0.024297585815692733191 },
	{ 0.001, 4, 0.090804035538979113641 },
	{ 0.001, 7, 0.59849375237537594588 },
	{ 0.001, 10, 1.4787434638356650337 },
	{ 0.001, 14, 3.0406725207976181534 },
	{ 0.001, 19.98, 5.9106417621941149144 },
	{ 0.001, 20, 5.92104074548751914 },
	{ 0.001, 22, 6.9829684412305546193 },
	{ 0.999, 0.4, 8.2039286494773322259 },
	{ 0.999, 1, 10.827566170662732293 },
	{ 0.999, 2, 13.815510557964274104 },
	{ 0.999, 3, 16.266236196238130912 },
	{ 0.999, 4, 18.466826952903171461 },
	{ 0.999, 7, 24.321886347856855352 },
	{ 0.999, 10, 29.588298445074418794 },
	{ 0.999, 14, 36.123273680398139785 },
	{ 0.999, 19.98, 45.284978835323986913 },
	{ 0.999, 20, 45.314746618125861484 },
	{ 0.999, 22, 48.267942290835175509 },
};
static const struct { double p, nu, x; } student[] = {
	{ 0.975, 1, 12.706204736174704646 },
	{ 0.975, 2, 4.3026527297494638523 },
	{ 0.975, 3, 3.1824463052837095927 },
	{ 0.975, 5, 2.5705818356363155147 },
	{ 0.975, 10, 2.2281388519862747484 },
	{ 0.975, 29, 2.0452296421327042982 },
	{ 0.975, 100, 1.9839715185235522866 },
	{ 0.975, 354, 1.9666878964647609558 },
	{ 0.975, 999, 1.9623414611334499787 },
	{ 0.975, 1000, 1.962339080826408485 },
	{ 0.975, 1001, 1.9623367052808799185 },
	{ 0.975, 5000, 1.9604385517065079186 },
	{ 0.975, 100000, 1.9599877075346096386 },
	{ 0.975, 10000000, 1.9599642217672054904 },
	{ 0.999, 1, 318.30883898555044592 },
	{ 0.999, 2, 22.327124770119875435 },
	{ 0.999, 3, 10.21453185240738655 },
	{ 0.999, 5, 5.8934295313560101276 },
	{ 0.999, 10, 4.1437004940465896662 },
	{ 0.999, 29, 3.3962402883568029909 },
	{ 0.999, 100, 3.1737394937387829389 },
	{ 0.999, 354, 3.1134132305387300761 },
	{ 0.999, 999, 3.0984103617533124913 },
	{ 0.999, 1000, 3.0984021639129229128 },
	{ 0.999, 1001, 3.0983939824913978545 },
	{ 0.999, 5000, 3.0918631199609818298 },
	{ 0.999, 100000, 3.0903138094272376137 },
	{ 0.999, 10000000, 3.0902331211809118171 },
};
static const struct { double p, x; } normal[] = {
	{ 0.5, 0.0 },
	{ 0.6, 0.2533471031357997988 },
	{ 0.9, 1.281551565544600467 },
	{ 0.975, 1.9599639845400542355 },
	{ 0.999, 3.0902323061678135415 },
	{ 1e-7, -5.1993375821928169316 },
	{ 1e-10, -6.3613409024040562047 },
	{ 1e-100, -21.273453560965324295 },
	{ 0.025, -1.9599639845400542355 },
};

/* chi squared to 1e-14 and Student t to 1e-13 (2e-14 from 1,000 degrees of freedom), relative, as docs/indicators.md says. */
static void
close_to(double got, double want, double tolerance)
{
	ck_assert_msg(fabs(got - want) <= tolerance * fmax(fabs(want), 1e-300), "got %.17g, wanted %.17g: off by %.1e", got, want,
	    fabs(got - want) / fabs(want));
}

START_TEST(chi_squared_points)
{
	close_to(special_chisq_inv(chisq[_i].p, chisq[_i].nu), chisq[_i].x, 2e-14);
}
END_TEST

START_TEST(student_points)
{
	close_to(special_t_inv(student[_i].p, student[_i].nu), student[_i].x, student[_i].nu < 1000 ? 2e-13 : 3e-14);
	close_to(special_t_inv(1 - student[_i].p, student[_i].nu), -student[_i].x, 1e-12);
}
END_TEST

START_TEST(normal_points)
{
	if (normal[_i].x == 0)
		ck_assert_double_eq(special_normal_inv(normal[_i].p), 0);
	else
		close_to(special_normal_inv(normal[_i].p), normal[_i].x, 1e-14);
}
END_TEST

/* The constants of the paper, to the last digit. */
START_TEST(two_sided_points)
{
	close_to(special_z(0.95), 1.959963984540054, 3e-16);
	close_to(special_z(0.998), 3.090232306167813, 4e-16);
	ck_assert_double_eq(special_z(0), 0);
	ck_assert(isinf(special_z(1)));
	ck_assert(isnan(special_z(1.5)));
}
END_TEST

/* What cannot be has no value: never a 0 that looks like one. */
START_TEST(nothing_comes_of_nothing)
{
	static const double none[] = { NAN };
	struct estimate e;
	double ase;

	ck_assert(isnan(stat_wilson(0, 0, 0.95).lower));
	ck_assert(isnan(stat_wilson(5, 4, 0.95).upper));
	ck_assert(isnan(stat_wilson(-1, 4, 0.95).upper));
	ck_assert(isnan(stat_wilson(NAN, 4, 0.95).upper));
	ck_assert(isnan(stat_proportion(0, 0, 100).value));
	ck_assert(isnan(stat_rate(1, 0, 1000).value));
	ck_assert(isnan(stat_rate(-1, 10, 1000).value));
	ck_assert(isnan(stat_byar(0, 0.95).lower));
	ck_assert(isnan(stat_mean(none, 0, NULL).value));
	e = stat_mean(none, 1, NULL);
	ck_assert(isnan(e.value));
	ck_assert(isnan(stat_dsr(none, none, none, 0, 1).value));
	ck_assert(isnan(stat_funnel_limits(0.5, 0, 1).value));
	ck_assert(isnan(stat_margin_srs(100, 1, 0.5)));
	ck_assert(isnan(stat_sample_size(100, 0)));
	ck_assert(isnan(stat_kappa(none, 0, &ase)));
	ck_assert(isnan(strata_proportion(NULL, 0).value));
	ck_assert(isnan(strata_group_population(100, 0, 0)));
}
END_TEST

START_TEST(one_value_has_a_mean_and_no_limits)
{
	static const double one[] = { 7 };
	double sd;
	struct estimate e = stat_mean(one, 1, &sd);

	ck_assert_double_eq(e.value, 7);
	ck_assert(isnan(e.lower95) && isnan(e.upper998) && isnan(sd));
}
END_TEST

/* A cell keeps n, mean and M2; both ways must give the same. */
START_TEST(a_mean_from_a_cell_is_the_mean)
{
	static const double v[] = { 33.09375, 48.38596, 64.83495, 67.98475, 22.93556, 71.23587, 38.78465, 82.37927 };
	double mean = 0, m2 = 0;
	struct estimate a = stat_mean(v, 8, NULL), b;

	for (int i = 0; i < 8; i++) {	/* Welford's update */
		double d = v[i] - mean;

		mean += d / (i + 1);
		m2 += d * (v[i] - mean);
	}
	b = stat_mean_of(8, mean, m2, NULL);
	close_to(b.value, 53.704345, 1e-12);	/* PHEindicatormethods 093fd28, test_Mean */
	close_to(b.lower95, 36.1683252413365, 1e-12);
	close_to(b.upper998, a.upper998, 1e-13);
}
END_TEST

static const struct { double value, lower, upper, target; enum direction d; const char *says; } verdicts[] = {
	{ 0.75, 0.71, 0.79, 0.70, DIRECTION_INCREASE, "met" },
	{ 0.75, 0.70, 0.80, 0.70, DIRECTION_INCREASE, "met" },
	{ 0.72, 0.69, 0.75, 0.70, DIRECTION_INCREASE, "cannot say" },
	{ 0.65, 0.60, 0.70, 0.70, DIRECTION_INCREASE, "cannot say" },
	{ 0.65, 0.60, 0.69, 0.70, DIRECTION_INCREASE, "not met" },
	{ 3.0, 2.0, 4.0, 4.0, DIRECTION_DECREASE, "met" },
	{ 3.0, 2.0, 4.0, 3.5, DIRECTION_DECREASE, "cannot say" },
	{ 3.0, 2.0, 4.0, 1.9, DIRECTION_DECREASE, "not met" },
	{ 3.0, 2.0, 4.0, 1.9, DIRECTION_NEUTRAL, "" },
	{ 3.0, NAN, NAN, 2.0, DIRECTION_INCREASE, "met" },
	{ 3.0, NAN, NAN, 4.0, DIRECTION_INCREASE, "not met" },
	{ 3.0, 2.0, 4.0, NAN, DIRECTION_INCREASE, "" },
	{ NAN, NAN, NAN, 4.0, DIRECTION_INCREASE, "" },
};

/* By hand, from the rule: the worse limit reaches the target, the better one misses it, or neither. */
START_TEST(verdicts_follow_the_limits)
{
	struct estimate e = { verdicts[_i].value, verdicts[_i].lower, verdicts[_i].upper, NAN, NAN };

	ck_assert_str_eq(stat_verdict_word(stat_verdict(&e, verdicts[_i].d, verdicts[_i].target)), verdicts[_i].says);
}
END_TEST

START_TEST(comparisons_follow_the_limits)
{
	struct estimate e = { 0.7, 0.6, 0.8, NAN, NAN };

	ck_assert_str_eq(stat_comparison_word(stat_compare(&e, DIRECTION_INCREASE, 0.6)), "similar");
	ck_assert_str_eq(stat_comparison_word(stat_compare(&e, DIRECTION_INCREASE, 0.5)), "better");
	ck_assert_str_eq(stat_comparison_word(stat_compare(&e, DIRECTION_INCREASE, 0.9)), "worse");
	ck_assert_str_eq(stat_comparison_word(stat_compare(&e, DIRECTION_DECREASE, 0.5)), "worse");
	ck_assert_str_eq(stat_comparison_word(stat_compare(&e, DIRECTION_NEUTRAL, 0.5)), "higher");
	ck_assert_str_eq(stat_comparison_word(stat_compare(&e, DIRECTION_NEUTRAL, 0.9)), "lower");
	ck_assert_str_eq(stat_comparison_word(stat_compare(&e, DIRECTION_NEUTRAL, NAN)), "");
}
END_TEST

/* The three modes of three programs (indicators.md section 3); 46.15 is the paper's own example. */
START_TEST(rounding_by_mode)
{
	ck_assert_double_eq(stat_round(46.15, 1, ROUND_HALF_AWAY), 46.2);
	ck_assert_double_eq(stat_round(-2.5, 0, ROUND_HALF_AWAY), -3);
	ck_assert_double_eq(stat_round(-2.5, 0, ROUND_HALF_EVEN), -2);
	ck_assert_double_eq(stat_round(-2.5, 0, ROUND_HALF_UP), -2);
	ck_assert_double_eq(stat_round(2.5, 0, ROUND_HALF_EVEN), 2);
	ck_assert_double_eq(stat_round(3.5, 0, ROUND_HALF_EVEN), 4);
	ck_assert_double_eq(stat_round_to(12.5, 5, ROUND_HALF_AWAY), 15);
	ck_assert_double_eq(stat_round_to(12.5, 5, ROUND_HALF_EVEN), 10);
	ck_assert_double_eq(stat_round_to(17.5, 5, ROUND_HALF_EVEN), 20);
	ck_assert_double_eq(stat_round_to(0, 5, ROUND_HALF_AWAY), 0);
}
END_TEST

START_TEST(the_standard_population_is_that_of_2013)
{
	double sum = 0;

	for (int i = 0; i < 19; i++)
		sum += stat_esp2013[i];
	ck_assert_double_eq(sum, 100);
}
END_TEST

/* Extremes of shares: R 4.2.2, prop.test(x, n, correct = FALSE). */
static const struct { double x, n, lower, upper; } shares[] = {
	{ 0, 12, 0, 0.242494006655241 },
	{ 12, 12, 0.757505993344759, 1 },
	{ 3e8, 1e9, 0.299971598191827, 0.300028403344757 },
};

START_TEST(shares_at_the_ends_and_of_many)
{
	struct interval i = stat_wilson(shares[_i].x, shares[_i].n, 0.95);

	ck_assert(fabs(i.lower - shares[_i].lower) < 1e-14 && fabs(i.upper - shares[_i].upper) < 1e-14);
}
END_TEST

/* Few events: R 4.2.2, poisson.test(x). */
static const struct { double x, lower, upper; } events[] = {
	{ 0, 0, 3.68887945411394 },
	{ 3, 0.618672122895602, 8.767273069742323 },
};

START_TEST(few_events_have_exact_limits)
{
	struct estimate e = stat_rate(events[_i].x, 1, 1);

	ck_assert(fabs(e.lower95 - events[_i].lower) < 1e-13 && fabs(e.upper95 - events[_i].upper) < 1e-13);
}
END_TEST

/* The API data of R's survey package 4.1-1 (stratified by type of school, with the population correction): its manual's
 * svymean(~api00, dstrat) is 662.29, SE 9.4089; digits here without its weights of single precision.
 * Strata E, H, M: how many there are, were drawn, their mean, sum of squares. */
START_TEST(strata_of_the_schools_of_california)
{
	static const struct stratum s[3] = {
		{ .population = 4421, .n = 100, .x = 91, .mean = 674.43, .m2 = 1553054.51 },
		{ .population = 755, .n = 50, .x = 26, .mean = 625.82, .m2 = 585407.38 },
		{ .population = 1018, .n = 50, .x = 35, .mean = 636.60, .m2 = 677418.00 },
	};
	struct stratified mean = strata_mean(s, 3), share = strata_proportion(s, 3);

	close_to(mean.value, 662.2873635776558, 1e-14);
	close_to(mean.se, 9.408940879434011, 1e-13);
	/* svymean(~I(sch.wide == "Yes"), dstrat) */
	close_to(share.value, 0.8279480142072974, 1e-14);
	close_to(share.se, 0.02434478008965627, 1e-13);
}
END_TEST

/* Agresti's couples (1990, table 2.10), as printed by R vcd 1.4-11: Kappa(SexualFun) is 0.1293, ASE 0.0686. */
START_TEST(kappa_of_a_published_table)
{
	static const double table[16] = { 7, 7, 2, 3, 2, 8, 3, 7, 1, 5, 4, 9, 2, 8, 9, 14 };
	double ase, kappa = stat_kappa(table, 4, &ase);

	close_to(kappa, 0.1293302540415704, 1e-13);
	close_to(ase, 0.0685985324807086, 1e-13);
}
END_TEST

/* A stratum nobody answered in says nothing of its people: no estimate, rather than one over the others. */
START_TEST(a_silent_stratum_silences_the_estimate)
{
	struct stratum s[2] = { { .population = 100, .n = 20, .x = 10 }, { .population = 50 } };

	ck_assert(isnan(strata_proportion(s, 2).value));
	ck_assert(isnan(strata_mean(s, 2).value));
	ck_assert(isnan(strata_option(s, 2).percentage));
	s[1].population = 0;
	ck_assert_double_eq(strata_proportion(s, 2).value, 0.5);
	s[1] = (struct stratum){ .population = 50, .n = 1, .x = 1 };
	ck_assert(isnan(strata_proportion(s, 2).se));
	ck_assert(strata_overfull(s, 2));
	s[1].n = 60;
	ck_assert(strata_overfull(s, 2));
	s[1].n = 50;
	ck_assert(!strata_overfull(s, 2));
}
END_TEST

/* --- control charts: edges that the vectors of NHSRplotthedots leave to us (XmR rule 5) or do not have --------------- */

static struct spc_chart
chart_of(const double *y, size_t n, bool screen)
{
	struct spc_options o = { .screen = screen, .improvement = DIRECTION_INCREASE, .target = 4 };
	struct spc_chart c;

	ck_ok(spc_xmr(y, n, &o, &c, &err));
	return c;
}

START_TEST(values_without_variation_have_no_limits)
{
	static const double same[15] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 },
	    one_off[15] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 9 }, single[1] = { 5 };
	const double *const tries[] = { same, same, one_off, single };
	static const size_t lengths[] = { 15, 15, 15, 1 };
	static const bool screens[] = { false, true, true, false };
	struct spc_chart c = chart_of(tries[_i], lengths[_i], screens[_i]);

	ck_assert(isnan(c.segments[0].lower) && isnan(c.segments[0].upper));
	ck_assert_int_eq(c.assurance, SPC_ASSURANCE_NONE);
	for (size_t i = 0; i < c.n; i++)
		ck_assert_msg(c.points[i].rule != SPC_OUT_UPPER && c.points[i].rule != SPC_OUT_LOWER
		    && c.points[i].rule != SPC_TWO_UP && c.points[i].rule != SPC_TWO_DOWN, "point %zu is outside of nothing", i);
	spc_clear(&c);
}
END_TEST

/* Making Data Count: 7 points on one side, 7 points rising, a point beyond a limit; by hand. */
START_TEST(shift_trend_and_outside_are_found)
{
	static const double shift[16] = { 1, 3, 2, 1, 3, 2, 1, 3, 2, 5, 6, 5, 6, 5, 6, 5 };
	struct spc_options o = { .fix_after = 9, .improvement = DIRECTION_DECREASE, .target = NAN };
	struct spc_chart c;

	ck_ok(spc_xmr(shift, 16, &o, &c, &err));
	ck_assert_double_eq(c.segments[0].mean, 2);
	for (size_t i = 9; i < 16; i++)
		ck_assert_int_ne(c.points[i].rule, SPC_COMMON);
	ck_assert_int_eq(c.variation, SPC_ICON_CONCERN);
	spc_clear(&c);
}
END_TEST

START_TEST(a_chart_of_bad_values_is_refused)
{
	static const double y[3] = { 1, NAN, 2 };
	static const size_t far[1] = { 3 }, twice[2] = { 1, 1 };
	struct spc_options o = { .target = NAN };
	struct spc_chart c;

	ck_err(spc_xmr(y, 3, &o, &c, &err), ERR_INPUT, "value 2");
	ck_assert_uint_eq(c.n, 0);
	o.rebase = far;
	o.n_rebase = 1;
	ck_err(spc_xmr(y, 1, &o, &c, &err), ERR_INPUT, "rebase 1");
	o.rebase = twice;
	o.n_rebase = 2;
	ck_err(spc_xmr(y, 1, &o, &c, &err), ERR_INPUT, "rebase");
	o.n_rebase = 0;
	ck_ok(spc_xmr(y, 0, &o, &c, &err));
	ck_assert_uint_eq(c.n, 0);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	static const double y[5] = { 1, 2, 1, 2, 1 };
	struct spc_options o = { .target = NAN };
	struct spc_chart c = { 0 };
	enum err_code rc;

	TORTURE(rc, spc_xmr(y, 5, &o, &c, &err));
	spc_clear(&c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("methods");
	TCase *c = tcase_create("methods");

	tcase_add_loop_test(c, chi_squared_points, 0, ARRAY_LEN(chisq));
	tcase_add_loop_test(c, student_points, 0, ARRAY_LEN(student));
	tcase_add_loop_test(c, normal_points, 0, ARRAY_LEN(normal));
	tcase_add_test(c, two_sided_points);
	tcase_add_test(c, nothing_comes_of_nothing);
	tcase_add_test(c, one_value_has_a_mean_and_no_limits);
	tcase_add_test(c, a_mean_from_a_cell_is_the_mean);
	tcase_add_loop_test(c, verdicts_follow_the_limits, 0, ARRAY_LEN(verdicts));
	tcase_add_test(c, comparisons_follow_the_limits);
	tcase_add_test(c, rounding_by_mode);
	tcase_add_test(c, the_standard_population_is_that_of_2013);
	tcase_add_loop_test(c, shares_at_the_ends_and_of_many, 0, ARRAY_LEN(shares));
	tcase_add_loop_test(c, few_events_have_exact_limits, 0, ARRAY_LEN(events));
	tcase_add_test(c, strata_of_the_schools_of_california);
	tcase_add_test(c, kappa_of_a_published_table);
	tcase_add_test(c, a_silent_stratum_silences_the_estimate);
	tcase_add_loop_test(c, values_without_variation_have_no_limits, 0, 4);
	tcase_add_test(c, shift_trend_and_outside_are_found);
	tcase_add_test(c, a_chart_of_bad_values_is_refused);
	tcase_add_test(c, survives_every_failed_allocation);
	suite_add_tcase(s, c);
	return s;
}

TEST_MAIN(suite)
