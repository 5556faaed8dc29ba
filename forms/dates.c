/* Dates and times. See dates.h. */
#include "forms/dates.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* MIN..MAX digits of TEXT from *AT. */
static bool
number(const char *t, size_t len, size_t *at, unsigned min, unsigned max, int *out)
{
	unsigned n = 0;
	int v = 0;

	while (*at < len && n < max && t[*at] >= '0' && t[*at] <= '9') {
		v = v * 10 + (t[*at] - '0');
		(*at)++;
		n++;
	}
	*out = v;
	return n >= min;
}

static bool
sign(const char *t, size_t len, size_t *at, char c)
{
	if (*at >= len || t[*at] != c)
		return false;
	(*at)++;
	return true;
}

static int
month_days(int y, int m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0) ? 29 : days[m - 1];
}

static bool
date_at(const char *t, size_t len, size_t *at, int64_t *day)
{
	int y, m, d;

	if (!number(t, len, at, 4, 4, &y) || !sign(t, len, at, '-') || !number(t, len, at, 1, 2, &m)
	    || !sign(t, len, at, '-') || !number(t, len, at, 1, 2, &d))
		return false;
	if (m < 1 || m > 12 || d < 1 || d > month_days(y, m))
		return false;
	*day = day_from_date(y, m, d);
	return true;
}

bool
date_parse(const char *t, size_t len, int64_t *day)
{
	size_t at = 0;
	int64_t v;

	if (!date_at(t, len, &at, &v) || at != len)
		return false;
	*day = v;
	return true;
}

static bool
offset_at(const char *t, size_t len, size_t *at, int32_t *offset)
{
	int h, m = 0, s;

	if (sign(t, len, at, 'Z')) {
		*offset = 0;
		return true;
	}
	s = t[*at] == '-' ? -1 : 1;
	if (t[*at] != '-' && t[*at] != '+')
		return false;
	(*at)++;
	if (!number(t, len, at, 2, 2, &h))
		return false;
	if (*at < len) {
		sign(t, len, at, ':');
		if (!number(t, len, at, 2, 2, &m))
			return false;
	}
	if (h > 14 || m > 59)
		return false;
	*offset = s * (h * 60 + m);
	return true;
}

bool
time_parse(const char *t, size_t len, int64_t *ms, int32_t *offset, bool *has_offset)
{
	size_t at = 0;
	int h, m, s = 0, frac = 0;

	*has_offset = false;
	*offset = 0;
	if (!number(t, len, &at, 2, 2, &h) || !sign(t, len, &at, ':') || !number(t, len, &at, 2, 2, &m))
		return false;
	if (sign(t, len, &at, ':') && !number(t, len, &at, 2, 2, &s))
		return false;
	if (sign(t, len, &at, '.')) {
		int scale = 100;

		if (at >= len || t[at] < '0' || t[at] > '9')
			return false;
		for (; at < len && t[at] >= '0' && t[at] <= '9'; at++, scale /= 10)
			frac += scale * (t[at] - '0');
	}
	if (h > 23 || m > 59 || s > 59)
		return false;
	if (at < len) {
		if (!offset_at(t, len, &at, offset))
			return false;
		*has_offset = true;
	}
	if (at != len)
		return false;
	*ms = ((int64_t)h * 3600 + m * 60 + s) * 1000 + frac;
	return true;
}

int32_t
zone_minutes(const struct zone *zone, int64_t ms)
{
	return zone_offset(zone, ms / 1000 - (ms % 1000 < 0)) / 60;
}

int64_t
day_start(const struct zone *zone, int64_t day)
{
	return zone_to_utc(zone, day * 86400) * 1000;
}

int64_t
local_day(int64_t ms, int32_t offset)
{
	int64_t local = ms + (int64_t)offset * 60000;

	return local / DAY_MS - (local % DAY_MS < 0);
}

bool
datetime_parse(const char *t, size_t len, const struct zone *zone, int64_t *ms, int32_t *offset)
{
	size_t at = 0;
	int64_t day, time;
	int32_t off;
	bool has;

	if (!date_at(t, len, &at, &day) || at >= len || (t[at] != 'T' && t[at] != ' '))
		return false;
	if (!time_parse(t + at + 1, len - at - 1, &time, &off, &has))
		return false;
	if (has) {
		*ms = day * DAY_MS + time - (int64_t)off * 60000;
		*offset = off;
	} else {
		*ms = zone_to_utc(zone, day * 86400 + time / 1000) * 1000 + time % 1000;
		*offset = zone_minutes(zone, *ms);
	}
	return true;
}

void
date_text(int64_t day, char text[40])
{
	int y, m, d;

	/* years outside 0000..9999 have no ISO text that reads back */
	if (day < -719528 || day > 2932896) {
		snprintf(text, 40, "Invalid Date");
		return;
	}
	date_from_day(day, &y, &m, &d);
	snprintf(text, 40, "%04d-%02d-%02d", y, m, d);
}

void
datetime_text(int64_t ms, int32_t off, char text[40])
{
	int64_t local = ms + (int64_t)off * 60000, day = local / DAY_MS - (local % DAY_MS < 0);
	int64_t in = local - day * DAY_MS;
	char date[40];
	int a = off < 0 ? -off : off;

	date_text(day, date);
	if (date[0] == 'I') {
		snprintf(text, 40, "Invalid Date");
		return;
	}
	snprintf(text, 40, "%.10sT%02d:%02d:%02d.%03d%c%02d:%02d", date, (int)(in / 3600000),
	    (int)(in / 60000 % 60), (int)(in / 1000 % 60), (int)(in % 1000), off < 0 ? '-' : '+', a / 60 % 100, a % 60);
}

/* ISO 8601 week. */
static int
week_of(int64_t day, int y)
{
	int wday = (int)(((day + 3) % 7 + 7) % 7);	/* Monday 0 */
	int64_t thursday = day - wday + 3;
	int ty, m, d;

	(void)y;
	date_from_day(thursday, &ty, &m, &d);
	return (int)((thursday - day_from_date(ty, 1, 1)) / 7) + 1;
}

bool
date_format(struct buf *out, const char *f, size_t len, int64_t local)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July",
	    "August", "September", "October", "November", "December" };
	static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
	    "Saturday" };
	int64_t day = local / DAY_MS - (local % DAY_MS < 0), in = local - day * DAY_MS;
	int y, m, d, wday = (int)(((day + 4) % 7 + 7) % 7), hour = (int)(in / 3600000);

	date_from_day(day, &y, &m, &d);
	for (size_t i = 0; i < len; i++) {
		if (f[i] != '%') {
			buf_putc(out, f[i]);
			continue;
		}
		if (++i >= len)
			return false;
		switch (f[i]) {
		case 'Y': buf_printf(out, "%04d", y); break;
		case 'y': buf_printf(out, "%02d", ((y % 100) + 100) % 100); break;
		case 'm': buf_printf(out, "%02d", m); break;
		case 'n': buf_printf(out, "%d", m); break;
		case 'B': buf_puts(out, months[m - 1]); break;
		case 'b': buf_printf(out, "%.3s", months[m - 1]); break;
		case 'd': buf_printf(out, "%02d", d); break;
		case 'e': buf_printf(out, "%d", d); break;
		case 'H': buf_printf(out, "%02d", hour); break;
		case 'h': buf_printf(out, "%d", hour); break;
		case 'M': buf_printf(out, "%02d", (int)(in / 60000 % 60)); break;
		case 'S': buf_printf(out, "%02d", (int)(in / 1000 % 60)); break;
		case '3': buf_printf(out, "%03d", (int)(in % 1000)); break;
		case 'A': buf_puts(out, days[wday]); break;
		case 'a': buf_printf(out, "%.3s", days[wday]); break;
		case 'W': buf_printf(out, "%02d", week_of(day, y)); break;
		case 'w': buf_printf(out, "%d", wday); break;
		case '%': buf_putc(out, '%'); break;
		default: return false;
		}
	}
	return true;
}
