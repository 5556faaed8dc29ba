/* Estimates and intervals. See methods.h; sources and formulas in docs/indicators.md. */
#include "indicators/methods.h"

#include <math.h>

#include "indicators/special.h"

static const double z_025 = 1.959963984540054, z_001 = 3.090232306167813;	/* points of 0.975, 0.999 */

enum { EXACT_BELOW = 10 };	/* events: exact limits under it; standardised rates need it */

static const struct interval no_interval = { NAN, NAN };
static const struct estimate no_estimate = { NAN, NAN, NAN, NAN, NAN };

const double stat_esp2013[19] = { 5, 5.5, 5.5, 5.5, 6, 6, 6.5, 7, 7, 7, 7, 6.5, 6, 5.5, 5, 4, 2.5, 1.5, 1 };

static double
z_of(double confidence)
{
	if (confidence == 0.95)
		return z_025;
	if (confidence == 0.998)
		return z_001;
	return special_z(confidence);
}

struct interval
stat_wilson(double x, double n, double confidence)
{
	double z = z_of(confidence), half;

	if (!(n > 0) || !(x >= 0 && x <= n) || isnan(z))
		return no_interval;
	if (confidence == 1)
		return (struct interval){ 0, 1 };
	half = z * sqrt(z * z + 4 * x * (1 - x / n));
	return (struct interval){ (2 * x + z * z - half) / (2 * (n + z * z)), (2 * x + z * z + half) / (2 * (n + z * z)) };
}

struct estimate
stat_proportion(double x, double n, double multiplier)
{
	struct interval i95 = stat_wilson(x, n, 0.95), i998 = stat_wilson(x, n, 0.998);

	if (isnan(i95.lower))
		return no_estimate;
	return (struct estimate){ x / n * multiplier, i95.lower * multiplier, i95.upper * multiplier, i998.lower * multiplier,
	    i998.upper * multiplier };
}

struct interval
stat_byar(double x, double confidence)
{
	double z = z_of(confidence), lower, upper;

	if (!(x >= 0) || isnan(z))
		return no_interval;
	lower = x > 0 ? x * pow(1 - 1 / (9 * x) - z / (3 * sqrt(x)), 3) : NAN;
	upper = (x + 1) * pow(1 - 1 / (9 * (x + 1)) + z / (3 * sqrt(x + 1)), 3);
	return (struct interval){ lower < 0 ? NAN : lower, upper };
}

struct interval
stat_poisson(double x, double confidence)
{
	if (!(x >= 0) || !(confidence > 0 && confidence < 1))
		return no_interval;
	return (struct interval){ x == 0 ? 0 : special_chisq_inv((1 - confidence) / 2, 2 * x) / 2,
	    special_chisq_inv((1 + confidence) / 2, 2 * x + 2) / 2 };
}

static struct interval
rate_interval(double x, double confidence)
{
	return x < EXACT_BELOW ? stat_poisson(x, confidence) : stat_byar(x, confidence);
}

struct estimate
stat_rate(double x, double n, double multiplier)
{
	struct interval i95, i998;

	if (!(x >= 0) || !(n > 0))
		return no_estimate;
	i95 = rate_interval(x, 0.95);
	i998 = rate_interval(x, 0.998);
	return (struct estimate){ x / n * multiplier, i95.lower / n * multiplier, i95.upper / n * multiplier,
	    i998.lower / n * multiplier, i998.upper / n * multiplier };
}

struct estimate
stat_mean_of(double n, double mean, double m2, double *stdev)
{
	struct estimate e = no_estimate;
	double s = n >= 2 ? sqrt(m2 / (n - 1)) : NAN, half95, half998;

	if (stdev != NULL)
		*stdev = s;
	if (!(n >= 1))
		return e;
	e.value = mean;
	if (n < 2)
		return e;
	half95 = special_t_inv(0.975, n - 1) * s / sqrt(n);
	half998 = special_t_inv(0.999, n - 1) * s / sqrt(n);
	return (struct estimate){ mean, mean - half95, mean + half95, mean - half998, mean + half998 };
}

struct estimate
stat_mean(const double *values, size_t n, double *stdev)
{
	double sum = 0, mean, m2 = 0, drift = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	mean = n > 0 ? sum / (double)n : NAN;
	for (size_t i = 0; i < n; i++) {
		m2 += (values[i] - mean) * (values[i] - mean);
		drift += values[i] - mean;
	}
	/* the corrected two-pass algorithm (Chan, Golub and LeVeque 1983) */
	if (n > 0)
		m2 -= drift * drift / (double)n;
	return stat_mean_of((double)n, mean, m2, stdev);
}

static struct interval
dsr_limits(double value, double variance, double events, double confidence)
{
	struct interval b = stat_byar(events, confidence);
	double unit = sqrt(variance / events);

	return (struct interval){ value + unit * (b.lower - events), value + unit * (b.upper - events) };
}

struct estimate
stat_dsr(const double *count, const double *pop, const double *stdpop, size_t n, double multiplier)
{
	double total = 0, standard = 0, value = 0, variance = 0;
	struct interval i95, i998;

	for (size_t i = 0; i < n; i++) {
		double c = isnan(count[i]) ? 0 : count[i];

		if (!(pop[i] > 0))
			return no_estimate;
		total += c;
		standard += stdpop[i];
		value += c * stdpop[i] / pop[i];
		variance += c * (stdpop[i] / pop[i]) * (stdpop[i] / pop[i]);
	}
	if (total < EXACT_BELOW)
		return no_estimate;
	value /= standard;
	variance /= standard * standard;
	i95 = dsr_limits(value, variance, total, 0.95);
	i998 = dsr_limits(value, variance, total, 0.998);
	return (struct estimate){ value * multiplier, i95.lower * multiplier, i95.upper * multiplier, i998.lower * multiplier,
	    i998.upper * multiplier };
}

bool
stat_quantile(const double *values, size_t n, int q, bool invert, int *out)
{
	size_t given = 0;

	for (size_t i = 0; i < n; i++) {
		given += !isnan(values[i]);
		out[i] = 0;
	}
	if (q < 1 || given < (size_t)q)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t rank = 1;

		if (isnan(values[i]))
			continue;
		for (size_t k = 0; k < n; k++)
			rank += invert ? values[k] > values[i] : values[k] < values[i];
		out[i] = (q + 1) - (int)ceil((double)(given + 1 - rank) / ((double)given / q));
		if (out[i] == 0)
			out[i] = 1;
	}
	return true;
}

static double
clamp01(double v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

struct estimate
stat_funnel_limits(double average, double n, double multiplier)
{
	double se;

	if (!(n > 0) || !(average >= 0 && average <= 1))
		return no_estimate;
	se = sqrt(average * (1 - average) / n);
	return (struct estimate){ average * multiplier, clamp01(average - z_025 * se) * multiplier,
	    clamp01(average + z_025 * se) * multiplier, clamp01(average - z_001 * se) * multiplier,
	    clamp01(average + z_001 * se) * multiplier };
}

void
stat_funnel_significance(const double *x, const double *n, size_t count, enum funnel_verdict *out)
{
	double sum_x = 0, sum_n = 0;

	for (size_t i = 0; i < count; i++) {
		sum_x += x[i];
		sum_n += n[i];
	}
	for (size_t i = 0; i < count; i++) {
		struct estimate e = stat_funnel_limits(sum_x / sum_n, n[i], 1);
		double p = x[i] / n[i];

		if (p < e.lower998)
			out[i] = FUNNEL_LOW_001;
		else if (p < e.lower95)
			out[i] = FUNNEL_LOW_025;
		else if (p > e.upper998)
			out[i] = FUNNEL_HIGH_001;
		else if (p > e.upper95)
			out[i] = FUNNEL_HIGH_025;
		else
			out[i] = FUNNEL_NOT_SIGNIFICANT;
	}
}

const char *
stat_funnel_word(enum funnel_verdict v)
{
	static const char *const words[] = { [FUNNEL_LOW_001] = "Low (0.001)", [FUNNEL_LOW_025] = "Low (0.025)",
		[FUNNEL_NOT_SIGNIFICANT] = "Not significant", [FUNNEL_HIGH_025] = "High (0.025)",
		[FUNNEL_HIGH_001] = "High (0.001)" };

	return words[v];
}

enum verdict
stat_verdict(const struct estimate *e, enum direction d, double target)
{
	double lower = isnan(e->lower95) ? e->value : e->lower95, upper = isnan(e->upper95) ? e->value : e->upper95;

	if (isnan(e->value) || isnan(target) || d == DIRECTION_NEUTRAL)
		return VERDICT_NONE;
	if (d == DIRECTION_INCREASE ? lower >= target : upper <= target)
		return VERDICT_MET;
	if (d == DIRECTION_INCREASE ? upper < target : lower > target)
		return VERDICT_NOT_MET;
	return VERDICT_CANNOT_SAY;
}

enum comparison
stat_compare(const struct estimate *e, enum direction d, double comparator)
{
	double lower = isnan(e->lower95) ? e->value : e->lower95, upper = isnan(e->upper95) ? e->value : e->upper95;
	bool higher;

	if (isnan(e->value) || isnan(comparator))
		return COMPARISON_NONE;
	if (comparator >= lower && comparator <= upper)
		return COMPARISON_SIMILAR;
	higher = comparator < lower;
	if (d == DIRECTION_NEUTRAL)
		return higher ? COMPARISON_HIGHER : COMPARISON_LOWER;
	return higher == (d == DIRECTION_INCREASE) ? COMPARISON_BETTER : COMPARISON_WORSE;
}

const char *
stat_verdict_word(enum verdict v)
{
	static const char *const words[] = { [VERDICT_NONE] = "", [VERDICT_MET] = "met", [VERDICT_NOT_MET] = "not met",
		[VERDICT_CANNOT_SAY] = "cannot say" };

	return words[v];
}

const char *
stat_comparison_word(enum comparison c)
{
	static const char *const words[] = { [COMPARISON_NONE] = "", [COMPARISON_SIMILAR] = "similar",
		[COMPARISON_BETTER] = "better", [COMPARISON_WORSE] = "worse", [COMPARISON_HIGHER] = "higher",
		[COMPARISON_LOWER] = "lower" };

	return words[c];
}

/* --- survey work ------------------------------------------------------------------------------------------ */

static const double survey_z = 1.96;	/* as the official guidance writes it */

double
stat_margin_srs(double population, double n, double p)
{
	double variance = p * (1 - p) / (n - 1) * (1 - n / population);

	if (!(n > 1) || !(population > 0) || !(p >= 0 && p <= 1))
		return NAN;
	return 100 * survey_z * sqrt(variance < 0 ? 0 : variance);
}

double
stat_sample_size(double population, double margin_pct)
{
	double m = margin_pct / 100, n0 = survey_z * survey_z * 0.25 / (m * m);

	if (!(population > 0) || !(m > 0))
		return NAN;
	return (n0 + 1) / (1 + n0 / population);
}

double
stat_to_send(double sample_size, double response_rate_pct)
{
	return response_rate_pct > 0 ? ceil(sample_size / (response_rate_pct / 100)) : NAN;
}

double
stat_kappa(const double *table, size_t k, double *ase)
{
	double total = 0, agree = 0, chance = 0, kappa, spread = 0;

	*ase = NAN;
	for (size_t i = 0; i < k * k; i++)
		total += table[i];
	if (!(total > 0))
		return NAN;
	for (size_t i = 0; i < k; i++) {
		double row = 0, column = 0;

		for (size_t j = 0; j < k; j++) {
			row += table[i * k + j];
			column += table[j * k + i];
		}
		agree += table[i * k + i] / total;
		chance += row / total * (column / total);
	}
	if (chance >= 1)
		return NAN;
	kappa = (agree - chance) / (1 - chance);
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++) {
			double column = 0, row = 0, part;

			for (size_t m = 0; m < k; m++) {
				column += table[m * k + i] / total;	/* of rater 2 in category i */
				row += table[j * k + m] / total;	/* of rater 1 in category j */
			}
			part = (i == j ? 1 : 0) - (1 - kappa) * (column + row);
			spread += table[i * k + j] / total * part * part;
		}
	spread -= (kappa - chance * (1 - kappa)) * (kappa - chance * (1 - kappa));
	*ase = sqrt((spread < 0 ? 0 : spread) / ((1 - chance) * (1 - chance) * total));
	return kappa;
}

/* --- rounding ---------------------------------------------------------------------------------------------- */

/* Not rint(): that follows the thread's rounding mode. */
static double
half_even(double v)
{
	double below = floor(v), part = v - below;

	if (part != 0.5)
		return part < 0.5 ? below : below + 1;
	return fmod(below, 2) == 0 ? below : below + 1;
}

static double
to_whole(double v, enum round_mode mode)
{
	switch (mode) {
	case ROUND_HALF_AWAY:
		return round(v);
	case ROUND_HALF_EVEN:
		return half_even(v);
	case ROUND_HALF_UP:
		return v - floor(v) >= 0.5 ? floor(v) + 1 : floor(v);
	}
	return v;
}

double
stat_round(double v, int decimals, enum round_mode mode)
{
	double scale = pow(10, decimals);

	return to_whole(v * scale, mode) / scale;
}

double
stat_round_to(double v, double step, enum round_mode mode)
{
	return to_whole(v / step, mode) * step;
}
