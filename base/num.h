/* Numbers from and to text: the whole text, a given range, no locale. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Decimal integer, optional '-', nothing around it; false (and *OUT untouched) if TEXT of LEN bytes is
 * not one or is outside MIN..MAX. */
bool num_i64(const char *text, size_t len, int64_t min, int64_t max, int64_t *out);
/* Decimal fraction with optional exponent; false on anything else, also on inf, nan and hex. */
bool num_double(const char *text, size_t len, double *out);
/* The shortest text that reads back as V ("%.15g", else 16, else 17 digits), C locale; "NaN", "Infinity". */
void num_put(struct buf *out, double v);

#endif
