/* Functions on numbers and truth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/eval.h"

static bool
fn_number(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;

	if (n > 0) {
		put_number(out, val_number(x, &a[0]));
		return true;
	}
	if (!node_string(x, x->node, &s))
		return false;
	put_number(out, text_number(x->zone, s.u.s, s.n));
	return true;
}

/* -7 div 2 is -3: cut, not floor (Web Forms, JavaRosa). */
static bool
fn_int(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	put_number(out, trunc(val_number(x, &a[0])));
	return true;
}

/* Half up in decimal, on the shortest digits of V: 1.005 to 2 places is 1.01 (forms.md 3.5, 13). */
static double
round_places(double v, int places)
{
	char text[400], *dot, out[420];
	size_t whole, keep, n;
	bool neg = v < 0, up;

	if (!isfinite(v) || v == 0 || places > 30)
		return v;
	if (places < -300)
		return 0;
	number_text(fabs(v), text);
	dot = strchr(text, '.');
	whole = dot != NULL ? (size_t)(dot - text) : strlen(text);
	/* digits without the dot, behind a 0 for the carry */
	out[0] = '0';
	memcpy(out + 1, text, whole);
	n = whole + 1;
	if (dot != NULL) {
		memcpy(out + n, dot + 1, strlen(dot + 1));
		n += strlen(dot + 1);
	}
	out[n] = '\0';
	if ((long)whole + places < 0)
		return 0;
	keep = 1 + whole + (size_t)0;
	keep = (size_t)((long)keep + places);
	if (keep >= n)
		return v;
	up = out[keep] >= '5';
	/* the half of a negative number goes up, towards zero (XPath 1.0), when nothing follows it */
	if (neg && out[keep] == '5' && strspn(out + keep + 1, "0") == strlen(out + keep + 1) && places == 0)
		up = false;
	for (size_t i = keep; i < n; i++)
		out[i] = '0';
	for (size_t i = keep; up && i-- > 0; ) {
		if (out[i] < '9') {
			out[i]++;
			break;
		}
		out[i] = '0';
	}
	{
		char joined[440];

		snprintf(joined, sizeof(joined), "%s%.*s.%s", neg ? "-" : "", (int)(whole + 1), out, out + whole + 1);
		return strtod(joined, NULL);
	}
}

static bool
fn_round(struct run *x, struct val *a, unsigned n, struct val *out)
{
	double v = val_number(x, &a[0]), places = n > 1 ? trunc(val_number(x, &a[1])) : 0;

	if (n == 1)
		put_number(out, !isfinite(v) ? v : v < 0 && v >= -0.5 ? -0.0 : floor(v + 0.5));
	else if (isnan(places))
		put_number(out, NAN);
	else
		put_number(out, round_places(v, places > 400 ? 400 : places < -400 ? -400 : (int)places));
	return true;
}

#define UNARY(NAME, EXPR) \
	static bool \
	NAME(struct run *x, struct val *a, unsigned n, struct val *out) \
	{ \
		double v = val_number(x, &a[0]); \
		\
		(void)n; \
		put_number(out, EXPR); \
		return true; \
	}

UNARY(fn_floor, floor(v))
UNARY(fn_ceiling, ceil(v))
UNARY(fn_abs, fabs(v))
UNARY(fn_sqrt, sqrt(v))
UNARY(fn_log, log(v))
UNARY(fn_log10, log10(v))
UNARY(fn_exp, exp(v))
UNARY(fn_exp10, pow(10, v))
UNARY(fn_sin, sin(v))
UNARY(fn_cos, cos(v))
UNARY(fn_tan, tan(v))
UNARY(fn_asin, asin(v))
UNARY(fn_acos, acos(v))
UNARY(fn_atan, atan(v))

static bool
fn_pow(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	put_number(out, pow(val_number(x, &a[0]), val_number(x, &a[1])));
	return true;
}

static bool
fn_atan2(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	put_number(out, atan2(val_number(x, &a[0]), val_number(x, &a[1])));
	return true;
}

static bool
fn_pi(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)x;
	(void)a;
	(void)n;
	put_number(out, 3.14159265358979323846);
	return true;
}

/* --- truth ---------------------------------------------------------------------------------------- */

static bool
fn_boolean(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	put_bool(out, val_bool(x, &a[0]));
	return true;
}

static bool
fn_not(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	put_bool(out, !val_bool(x, &a[0]));
	return true;
}

static bool
fn_true(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)x;
	(void)a;
	(void)n;
	put_bool(out, true);
	return true;
}

static bool
fn_false(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)x;
	(void)a;
	(void)n;
	put_bool(out, false);
	return true;
}

/* --- chance ------------------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t
mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Fixed for the session: the same call on the same node gives the same number (forms.md 3.6). */
uint64_t
run_chance(struct run *x)
{
	uint64_t at = (uint64_t)(x->op - x->program->ops);

	return mix(x->seed ^ mix(((uint64_t)x->program->id << 40) ^ ((uint64_t)x->current.row << 16) ^ at));
}

static bool
fn_random(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)a;
	(void)n;
	put_number(out, (double)(run_chance(x) >> 11) / 9007199254740992.0);
	return true;
}

static bool
fn_uuid(struct run *x, struct val *a, unsigned n, struct val *out)
{
	static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	unsigned char bytes[16];
	char text[40], *s;
	double len;

	if (x->env == NULL || x->env->random == NULL)
		return run_fail(x, ERR_INPUT, "uuid() needs a source of chance");
	if (n > 0) {
		len = trunc(val_number(x, &a[0]));
		if (!(len >= 0) || len > 4096)
			return run_fail(x, ERR_INPUT, "uuid(): a length from 0 to 4096");
		s = scratch_get(x->scratch, (size_t)len + 1);
		if (s == NULL)
			return run_no_room(x);
		for (size_t i = 0; i < (size_t)len; ) {
			x->env->random(x->env->arg, bytes, sizeof(bytes));
			for (size_t k = 0; k < sizeof(bytes) && i < (size_t)len; k++)
				if (bytes[k] < 248)
					s[i++] = alphabet[bytes[k] % 62];
		}
		*out = (struct val){ .kind = VAL_STRING, .n = (uint32_t)len, .u.s = s };
		return run_step(x, (uint64_t)len);
	}
	x->env->random(x->env->arg, bytes, sizeof(bytes));
	uuid_text(bytes, text);
	return put_text(x, out, text, strlen(text));
}

/* RFC 4122, version 4 */
void
uuid_text(unsigned char b[16], char text[40])
{
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(text, 40, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
	    b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

const struct fn fn_number_table[] = {
	{ "number", 0, 1, 0, fn_number, NULL },
	{ "int", 1, 1, 0, fn_int, NULL },
	{ "round", 1, 2, 0, fn_round, NULL },
	{ "floor", 1, 1, 0, fn_floor, NULL },
	{ "ceiling", 1, 1, 0, fn_ceiling, NULL },
	{ "abs", 1, 1, 0, fn_abs, NULL },
	{ "sqrt", 1, 1, 0, fn_sqrt, NULL },
	{ "log", 1, 1, 0, fn_log, NULL },
	{ "log10", 1, 1, 0, fn_log10, NULL },
	{ "exp", 1, 1, 0, fn_exp, NULL },
	{ "exp10", 1, 1, 0, fn_exp10, NULL },
	{ "sin", 1, 1, 0, fn_sin, NULL },
	{ "cos", 1, 1, 0, fn_cos, NULL },
	{ "tan", 1, 1, 0, fn_tan, NULL },
	{ "asin", 1, 1, 0, fn_asin, NULL },
	{ "acos", 1, 1, 0, fn_acos, NULL },
	{ "atan", 1, 1, 0, fn_atan, NULL },
	{ "atan2", 2, 2, 0, fn_atan2, NULL },
	{ "pow", 2, 2, 0, fn_pow, NULL },
	{ "pi", 0, 0, 0, fn_pi, NULL },
	{ "boolean", 1, 1, 0, fn_boolean, NULL },
	{ "not", 1, 1, 0, fn_not, NULL },
	{ "true", 0, 0, 0, fn_true, NULL },
	{ "false", 0, 0, 0, fn_false, NULL },
	{ "random", 0, 0, FN_PURE_REFUSED, fn_random, NULL },
	{ "uuid", 0, 1, FN_VOLATILE, fn_uuid, NULL },
	{ NULL, 0, 0, 0, NULL, NULL },
};
