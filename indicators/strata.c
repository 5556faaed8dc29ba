/* Stratified estimates. See strata.h. */
#include "indicators/strata.h"

#include <math.h>

static const double z_025 = 1.959963984540054, survey_z = 1.96;

static const struct stratified none = { NAN, NAN, NAN, NAN };

static double
population_of(const struct stratum *s, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += s[i].population;
	return sum;
}

/* A stratum of people none of whom answered says nothing of them. */
static bool
is_silent(const struct stratum *s)
{
	return !(s->n > 0) && s->population > 0;
}

/* Everybody in it answered: then nothing of it is uncertain, not even of one person (R survey: self-representing). */
static bool
is_census(const struct stratum *s)
{
	return s->n == s->population;
}

static struct stratified
limits(double value, double variance)
{
	struct stratified r = { value, sqrt(variance < 0 ? 0 : variance), NAN, NAN };

	r.lower95 = value - z_025 * r.se;
	r.upper95 = value + z_025 * r.se;
	return r;
}

struct stratified
strata_proportion(const struct stratum *s, size_t n)
{
	double total = population_of(s, n), value = 0, variance = 0;

	if (!(total > 0))
		return none;
	for (size_t i = 0; i < n; i++) {
		double w = s[i].population / total, p = s[i].x / s[i].n;

		if (is_silent(&s[i]))
			return none;
		if (s[i].population == 0)
			continue;
		value += w * p;
		if (!is_census(&s[i]))
			variance += w * w * (1 - s[i].n / s[i].population) * p * (1 - p) / (s[i].n - 1);
	}
	return limits(value, variance);
}

struct stratified
strata_mean(const struct stratum *s, size_t n)
{
	double total = population_of(s, n), value = 0, variance = 0;

	if (!(total > 0))
		return none;
	for (size_t i = 0; i < n; i++) {
		double w = s[i].population / total;

		if (is_silent(&s[i]))
			return none;
		if (s[i].population == 0)
			continue;
		value += w * s[i].mean;
		if (!is_census(&s[i]))
			variance += w * w * (1 - s[i].n / s[i].population) * (s[i].m2 / (s[i].n - 1)) / s[i].n;
	}
	return limits(value, variance);
}

struct strata_option
strata_option(const struct stratum *s, size_t n)
{
	double total = population_of(s, n), variance = 0;
	struct strata_option o = { 0, NAN, NAN, 0 };

	for (size_t i = 0; i < n; i++) {
		double p = s[i].x / s[i].n;

		if (is_silent(&s[i]))
			return (struct strata_option){ NAN, NAN, NAN, o.respondents };
		if (s[i].population == 0)
			continue;
		o.est_population += s[i].population * p;
		variance += s[i].population * s[i].population * p * (1 - p) * (1 - s[i].n / s[i].population) / (s[i].n - 1);
		o.respondents += s[i].x;
	}
	o.percentage = total > 0 ? o.est_population / total * 100 : NAN;
	o.margin = survey_z * 100 / total * sqrt(variance < 0 ? 0 : variance);
	return o;
}

double
strata_group_population(double population, double answered_in_group, double answered)
{
	return answered > 0 ? population * answered_in_group / answered : NAN;
}

bool
strata_overfull(const struct stratum *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i].n > s[i].population || s[i].n == 1)
			return true;
	return false;
}
