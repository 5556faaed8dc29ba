/* Estimates and intervals of official statistics (docs/indicators.md says which source each follows).
 * Pure functions of doubles: no allocation, no locale, no state. A number that has no value is NAN, so a
 * caller tests isnan() and never a magic 0. Counts need not be whole (weights). */
#ifndef INDICATORS_METHODS_H
#define INDICATORS_METHODS_H

#include <stdbool.h>
#include <stddef.h>

struct interval {
	double lower, upper;	/* NAN: none */
};

/* A figure as it is published: the value, its 95 % and its 99.8 % (funnel, "alert") limits. */
struct estimate {
	double value;
	double lower95, upper95;
	double lower998, upper998;
};

/* --- proportions, counts, rates, means ------------------------------------------------------------ */

/* Wilson's score interval of X in N (Wilson 1927). CONFIDENCE 0.95, 0.998, .. 1 (then 0 and 1). N <= 0 or
 * X outside 0..N: none. */
struct interval stat_wilson(double x, double n, double confidence);
/* X/N with Wilson limits, all times MULTIPLIER (1, 100). */
struct estimate stat_proportion(double x, double n, double multiplier);
/* Byar's approximation to a Poisson count's interval; lower is none where it is 0 or less. */
struct interval stat_byar(double x, double confidence);
/* The exact Poisson interval of a count, by chi squared (Garwood 1936). */
struct interval stat_poisson(double x, double confidence);
/* X/N * MULTIPLIER; exact limits below 10 events, Byar's from there. */
struct estimate stat_rate(double x, double n, double multiplier);
/* Mean, standard deviation (n-1, to *STDEV unless NULL) and Student t limits; n < 2: no limits. */
struct estimate stat_mean(const double *values, size_t n, double *stdev);
/* The same from what a cell keeps: N, mean and M2 = sum of (value - mean) squared. */
struct estimate stat_mean_of(double n, double mean, double m2, double *stdev);
/* Directly standardised rate (Dobson et al. 1991): N bands of counts (NAN is 0), populations, standard
 * populations. Under 10 events: none. */
struct estimate stat_dsr(const double *count, const double *pop, const double *stdpop, size_t n,
	double multiplier);
/* European Standard Population 2013: 19 bands 0-4 .. 90+, in thousands. */
extern const double stat_esp2013[19];

/* --- comparing areas ------------------------------------------------------------------------------- */

/* Quantile groups 1..Q of N values (NAN is missing and gets 0); INVERT: the highest value is group 1.
 * False (all 0): fewer values than groups. */
bool stat_quantile(const double *values, size_t n, int q, bool invert, int *out);

enum funnel_verdict { FUNNEL_LOW_001, FUNNEL_LOW_025, FUNNEL_NOT_SIGNIFICANT, FUNNEL_HIGH_025, FUNNEL_HIGH_001 };
/* Control limits for a proportion of N around AVERAGE, clamped to 0..1, times MULTIPLIER: value = AVERAGE,
 * lower95.. at z of 0.975, lower998.. at z of 0.999. */
struct estimate stat_funnel_limits(double average, double n, double multiplier);
/* Each X/N against the average of all (sum X / sum N). */
void stat_funnel_significance(const double *x, const double *n, size_t count, enum funnel_verdict *out);
/* "Low (0.001)" .. as published. Static. */
const char *stat_funnel_word(enum funnel_verdict v);

enum verdict { VERDICT_NONE, VERDICT_MET, VERDICT_NOT_MET, VERDICT_CANNOT_SAY };
enum comparison { COMPARISON_NONE, COMPARISON_SIMILAR, COMPARISON_BETTER, COMPARISON_WORSE,
	COMPARISON_HIGHER, COMPARISON_LOWER };
enum direction { DIRECTION_NEUTRAL, DIRECTION_INCREASE, DIRECTION_DECREASE };
/* Was TARGET reached? Met if the worse 95 % limit reaches it, not met if the better misses it; without limits
 * the value decides. NAN value or target, or neutral: none. */
enum verdict stat_verdict(const struct estimate *e, enum direction d, double target);
/* Against a comparator's value: outside the 95 % limits or similar. */
enum comparison stat_compare(const struct estimate *e, enum direction d, double comparator);
/* "met", "not met", "cannot say", "similar", "better" ..; "" for none. Static. */
const char *stat_verdict_word(enum verdict v);
const char *stat_comparison_word(enum comparison c);

/* --- survey work ------------------------------------------------------------------------------------ */

/* Half the width of a 95 % interval of proportion P (0..1), a simple random sample of N out of POPULATION,
 * in percent. */
double stat_margin_srs(double population, double n, double p);
/* How many must answer for +-MARGIN (percent) of POPULATION, unrounded; round() it to complete. */
double stat_sample_size(double population, double margin_pct);
/* How many to ask, when RESPONSE_RATE (percent) answer. */
double stat_to_send(double sample_size, double response_rate_pct);

/* Cohen's kappa of a K x K table (row-major counts) and its asymptotic standard error; NAN where chance
 * agreement is complete or the table empty. */
double stat_kappa(const double *table, size_t k, double *ase);

enum round_mode { ROUND_HALF_AWAY, ROUND_HALF_EVEN, ROUND_HALF_UP };
/* V to a multiple of 10^-DECIMALS, by scaling, rounding the product and unscaling (46.15 becomes 46.2). */
double stat_round(double v, int decimals, enum round_mode mode);
/* V to a multiple of STEP (5, 10). */
double stat_round_to(double v, double step, enum round_mode mode);

#endif
