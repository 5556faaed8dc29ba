/* What compiled templates call. Everything goes through html_put, which escapes; only html_raw, given a
 * buffer that another template made, does not. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Escapes & < > " ' and drops control characters that HTML forbids; invalid UTF-8 becomes U+FFFD.
 * NULL prints nothing. */
void html_text(struct buf *out, const char *text);
void html_text_n(struct buf *out, const char *text, size_t len);
void html_int(struct buf *out, int64_t v);
void html_uint(struct buf *out, uint64_t v);
void html_double(struct buf *out, double v);
void html_raw(struct buf *out, const struct buf *made);

#define html_put(out, x) _Generic((x), \
	char *: html_text, const char *: html_text, \
	int: html_int, long: html_int, long long: html_int, short: html_int, \
	unsigned: html_uint, unsigned long: html_uint, unsigned long long: html_uint, \
	unsigned char: html_uint, unsigned short: html_uint, \
	double: html_double, float: html_double)(out, x)

bool html_true_text(const char *text);	/* not NULL, not "" */
bool html_true_buf(const struct buf *b);	/* not NULL, not empty */
bool html_true_num(double v);

#define html_true(x) _Generic((x), char *: html_true_text, const char *: html_true_text, \
	struct buf *: html_true_buf, const struct buf *: html_true_buf, \
	default: html_true_num)(x)

#endif
