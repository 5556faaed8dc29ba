/* Stratified estimates with finite population correction, as the Adult Social Care Survey makes them. */
#ifndef INDICATORS_STRATA_H
#define INDICATORS_STRATA_H

#include <stdbool.h>
#include <stddef.h>

struct stratum {
	double population;	/* N */
	double n;		/* who answered */
	double x;		/* of them, with the answer (proportions) */
	double mean, m2;	/* of the values (means): M2 = sum of squares about the mean */
};

struct stratified {
	double value, se, lower95, upper95;	/* NAN: none */
};

/* Proportion over strata; a stratum of one answer has no variance: se and limits none. A stratum with a
 * population but nobody answering: no estimate at all (the caller may merge strata first). */
struct stratified strata_proportion(const struct stratum *s, size_t n);
struct stratified strata_mean(const struct stratum *s, size_t n);

struct strata_option {
	double est_population;	/* sum of N p */
	double percentage;	/* of all N */
	double margin;		/* 95 %, in percentage points; NAN: none */
	double respondents;
};
/* One option of a question: x of n answered it, in each stratum. */
struct strata_option strata_option(const struct stratum *s, size_t n);

/* N x (answered, in group) / answered; nobody answered: NAN. */
double strata_group_population(double population, double answered_in_group, double answered);
/* More answers than people, or fewer than two: what the estimate must be flagged with. */
bool strata_overfull(const struct stratum *s, size_t n);

#endif
