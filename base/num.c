/* Numbers and text. See num.h. Programs never call setlocale, so strtod and printf are the C locale's. */
#include "base/num.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
num_i64(const char *text, size_t len, int64_t min, int64_t max, int64_t *out)
{
	bool neg = len > 0 && text[0] == '-';
	uint64_t v = 0, limit = neg ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
	int64_t r;

	if (len == (neg ? 1u : 0u))
		return false;
	for (size_t i = neg ? 1 : 0; i < len; i++) {
		unsigned d = (unsigned)text[i] - '0';

		if (d > 9 || v > (limit - d) / 10)
			return false;
		v = v * 10 + d;
	}
	r = neg ? (int64_t)(0 - v) : (int64_t)v;
	if (r < min || r > max)
		return false;
	*out = r;
	return true;
}

bool
num_double(const char *text, size_t len, double *out)
{
	char tmp[512], *end;
	double v;

	if (len == 0 || len >= sizeof(tmp))
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr("0123456789+-.eE", text[i]) == NULL || text[i] == '\0')
			return false;
	memcpy(tmp, text, len);
	tmp[len] = '\0';
	v = strtod(tmp, &end);
	if (end != tmp + len || !isfinite(v))
		return false;
	*out = v;
	return true;
}

void
num_put(struct buf *out, double v)
{
	char tmp[40];

	if (isnan(v)) {
		buf_puts(out, "NaN");
		return;
	}
	if (isinf(v)) {
		buf_puts(out, v < 0 ? "-Infinity" : "Infinity");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(tmp, sizeof(tmp), "%.*g", digits, v);
		if (strtod(tmp, NULL) == v)
			break;
	}
	buf_puts(out, tmp);
}
