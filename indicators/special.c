/* Special functions. See special.h. Series and continued fractions as in Abramowitz & Stegun 6.5.29, 6.5.31,
 * 26.5.8 and 26.7.5; inverses by bisection until the interval stops shrinking, so that no starting value or
 * tolerance is a matter of taste. */
#include "indicators/special.h"

#include <float.h>
#include <math.h>

enum { STEPS_MAX = 100000, HALVINGS_MAX = 2200 };

/* Nothing smaller stands in a denominator of Lentz's method. */
static const double tiny = 1e-300;

/* z >= 0 with P(Z > z) = q, 0 < q <= 0.5. log Q is concave and the start lies to the right of the root, so Newton
 * comes down to it without overshooting. */
static double
upper_tail_inv(double q)
{
	double z = sqrt(-2 * log(2 * q)), last = INFINITY;

	if (q >= 0.5)
		return 0;
	for (int i = 0; i < 100 && z < last; i++) {
		double tail = 0.5 * erfc(z / M_SQRT2);
		double density = exp(-0.5 * z * z) / sqrt(2 * M_PI);

		last = z;
		z += log(tail / q) * tail / density;
	}
	return z < last ? z : last;
}

double
special_normal_inv(double p)
{
	if (!(p > 0 && p < 1))
		return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
	return p < 0.5 ? -upper_tail_inv(p) : upper_tail_inv(1 - p);
}

double
special_z(double confidence)
{
	if (!(confidence > 0 && confidence < 1))
		return confidence == 0 ? 0 : confidence == 1 ? INFINITY : NAN;
	return upper_tail_inv((1 - confidence) / 2);
}

static double
log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* x^a e^-x / Gamma(a) */
static double
gamma_front(double a, double x)
{
	return exp(a * log(x) - x - log_gamma(a));
}

static double
gamma_series(double a, double x)
{
	double term = 1 / a, sum = term;

	for (int i = 1; i < STEPS_MAX && fabs(term) > fabs(sum) * DBL_EPSILON / 8; i++) {
		term *= x / (a + i);
		sum += term;
	}
	return sum * gamma_front(a, x);
}

static double
gamma_fraction(double a, double x)
{
	double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d, delta = 0;

	for (int i = 1; i < STEPS_MAX && fabs(delta - 1) > DBL_EPSILON / 2; i++) {
		double an = -i * (i - a);

		b += 2;
		d = an * d + b;
		d = fabs(d) < tiny ? 1 / tiny : 1 / d;
		c = b + an / c;
		c = fabs(c) < tiny ? tiny : c;
		delta = d * c;
		h *= delta;
	}
	return gamma_front(a, x) * h;
}

double
special_gamma_p(double a, double x)
{
	if (!(a > 0) || !(x >= 0))
		return NAN;
	if (x == 0)
		return 0;
	return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double
special_gamma_q(double a, double x)
{
	if (!(a > 0) || !(x >= 0))
		return NAN;
	if (x == 0)
		return 1;
	return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

/* Is x beyond the point with lower tail p (upper tail q, the smaller of the two is exact)? */
static int
chisq_beyond(double x, double nu, double p, double q)
{
	return p <= q ? special_gamma_p(nu / 2, x / 2) > p : special_gamma_q(nu / 2, x / 2) < q;
}

double
special_chisq_inv(double p, double nu)
{
	double lower = 0, upper = nu + 1, q = 1 - p;

	if (!(p >= 0 && p <= 1) || !(nu > 0))
		return NAN;
	if (p == 0 || p == 1)
		return p == 0 ? 0 : INFINITY;
	while (!chisq_beyond(upper, nu, p, q))
		upper *= 2;
	for (int i = 0; i < HALVINGS_MAX; i++) {
		double mid = lower + (upper - lower) / 2;

		if (mid <= lower || mid >= upper)
			break;
		if (chisq_beyond(mid, nu, p, q))
			upper = mid;
		else
			lower = mid;
	}
	return lower + (upper - lower) / 2;
}

static double
beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), h, delta = 0;

	d = fabs(d) < tiny ? 1 / tiny : 1 / d;
	h = d;
	for (int m = 1; m < STEPS_MAX && fabs(delta - 1) > DBL_EPSILON / 2; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

		d = 1 + even * d;
		d = fabs(d) < tiny ? 1 / tiny : 1 / d;
		c = 1 + even / c;
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		d = 1 + odd * d;
		d = fabs(d) < tiny ? 1 / tiny : 1 / d;
		c = 1 + odd / c;
		c = fabs(c) < tiny ? tiny : c;
		delta = d * c;
		h *= delta;
	}
	return h;
}

/* I_x(a, b) with x and y = 1 - x both given, so that neither loses digits. */
static double
beta_of(double a, double b, double x, double y)
{
	double front;

	if (x <= 0)
		return 0;
	if (y <= 0)
		return 1;
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(y));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, y) / b;
}

double
special_beta(double a, double b, double x)
{
	if (!(a > 0) || !(b > 0) || !(x >= 0 && x <= 1))
		return NAN;
	return beta_of(a, b, x, 1 - x);
}

/* Student t from the normal point z (Abramowitz & Stegun 26.7.5), for many degrees of freedom. */
static double
t_expansion(double z, double nu)
{
	double z2 = z * z, z3 = z2 * z, z5 = z3 * z2, z7 = z5 * z2, z9 = z7 * z2;

	return z + (z3 + z) / (4 * nu) + (5 * z5 + 16 * z3 + 3 * z) / (96 * nu * nu)
	    + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * nu * nu * nu)
	    + (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * nu * nu * nu * nu);
}

double
special_t_inv(double p, double nu)
{
	double q = p < 0.5 ? p : 1 - p, lower = 0, upper = 1, t;

	if (!(p > 0 && p < 1) || !(nu > 0))
		return NAN;
	if (q == 0.5)
		return 0;
	if (nu >= 1000) {
		t = t_expansion(upper_tail_inv(q), nu);
		return p < 0.5 ? -t : t;
	}
	while (beta_of(nu / 2, 0.5, nu / (nu + upper * upper), upper * upper / (nu + upper * upper)) > 2 * q)
		upper *= 2;
	for (int i = 0; i < HALVINGS_MAX; i++) {
		t = lower + (upper - lower) / 2;
		if (t <= lower || t >= upper)
			break;
		if (beta_of(nu / 2, 0.5, nu / (nu + t * t), t * t / (nu + t * t)) > 2 * q)
			lower = t;
		else
			upper = t;
	}
	t = lower + (upper - lower) / 2;
	return p < 0.5 ? -t : t;
}
