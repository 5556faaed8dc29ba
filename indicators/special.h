/* Special functions behind the intervals: inverse normal, chi squared and Student t distributions.
 * Accuracy against 40-digit values: docs/indicators.md. Thread-safe. */
#ifndef INDICATORS_SPECIAL_H
#define INDICATORS_SPECIAL_H

/* Upper point z of the standard normal: P(Z <= z) = p, 0 < p < 1. */
double special_normal_inv(double p);
/* The two-sided point for CONFIDENCE: 0.95 gives 1.959963984540054. */
double special_z(double confidence);
/* Regularised incomplete gamma P(a, x) and its complement Q. */
double special_gamma_p(double a, double x);
double special_gamma_q(double a, double x);
/* x with P(chi squared with NU degrees of freedom <= x) = p. */
double special_chisq_inv(double p, double nu);
/* Regularised incomplete beta I_x(a, b). */
double special_beta(double a, double b, double x);
/* t with P(T <= t) = p, NU degrees of freedom (> 0, need not be whole). */
double special_t_inv(double p, double nu);

#endif
