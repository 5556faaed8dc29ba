/* Values of .xlsx cells as text. See xlsx_value.h. */
#include "forms/xlsx_value.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"

/* The character of "_xHHHH_" at S, LEN bytes long; 0 if there is none that a text can hold. */
static unsigned
escaped(const char *s, size_t len)
{
	unsigned c = 0;

	if (len < 7 || s[0] != '_' || s[1] != 'x' || s[6] != '_')
		return 0;
	for (size_t i = 2; i < 6; i++) {
		const char *hex = "0123456789abcdef", *at = s[i] != '\0' ? strchr(hex, s[i] | 0x20) : NULL;

		if (at == NULL || (s[i] < '0'))
			return 0;
		c = c * 16 + (unsigned)(at - hex);
	}
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0xD800 && c < 0xE000) || c >= 0xFFFE ? 0 : c;
}

/* What is written in full is never longer than its escape. A carriage return ends a line. */
void
xlsx_unescape(struct buf *text)
{
	char *s = (char *)text->data, *to;
	size_t len = text->len;

	if (text->failed != ERR_OK || len < 7 || memmem(s, len, "_x", 2) == NULL)
		return;
	to = s;
	for (size_t i = 0; i < len; ) {
		unsigned c = escaped(s + i, len - i);

		if (c == 0) {
			*to++ = s[i++];
			continue;
		}
		i += 7;
		if (c == '\r' && i < len && (s[i] == '\n' || escaped(s + i, len - i) == '\n'))
			continue;
		if (c < 0x80) {
			*to++ = c == '\r' ? '\n' : (char)c;
		} else if (c < 0x800) {
			*to++ = (char)(0xC0 | c >> 6);
			*to++ = (char)(0x80 | (c & 0x3F));
		} else {
			*to++ = (char)(0xE0 | c >> 12);
			*to++ = (char)(0x80 | (c >> 6 & 0x3F));
			*to++ = (char)(0x80 | (c & 0x3F));
		}
	}
	buf_truncate(text, (size_t)(to - s));
}

/* Serial numbers count days from 1899-12-30, except that below 60 Excel's 29 February 1900 is missing. */
static void
put_date(struct buf *out, double serial, bool is_1904)
{
	int64_t ms = (int64_t)llround(serial * 86400000.0), day, in_day;
	int y, m, d;
	bool only_time = serial >= 0 && serial < 1;

	day = ms / 86400000;
	in_day = ms % 86400000 / 1000;
	if (!only_time) {
		day += is_1904 ? day_from_date(1904, 1, 1)
		    : day_from_date(1899, 12, 30) + (serial < 60 ? 1 : 0);
		date_from_day(day, &y, &m, &d);
		buf_printf(out, "%04d-%02d-%02d ", y, m, d);
	}
	buf_printf(out, "%02d:%02d:%02d", (int)(in_day / 3600), (int)(in_day / 60 % 60), (int)(in_day % 60));
}

static bool
all_digits(const char *s)
{
	if (*s == '-')
		s++;
	return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

void
xlsx_put_number(struct buf *out, const char *text, bool is_date, bool is_1904)
{
	double v;

	if (!num_double(text, strlen(text), &v)) {
		buf_puts(out, text);
	} else if (is_date && v >= 0 && v < 2958466) {
		put_date(out, v, is_1904);
	} else if (v == 0) {
		buf_puts(out, "0");
	} else if (all_digits(text)) {
		buf_puts(out, text);
	} else if (v == floor(v) && fabs(v) < 1e300) {
		buf_printf(out, "%.0f", v);
	} else {
		num_put(out, v);
	}
}

void
xlsx_put_iso(struct buf *text)
{
	if (text->len == 10 && memchr(text->data, ':', text->len) == NULL)
		buf_puts(text, " 00:00:00");
	if (text->len > 11 && text->data[10] == 'T')
		text->data[10] = ' ';
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == '.' || text->data[i] == 'Z')
			buf_truncate(text, i);
}
