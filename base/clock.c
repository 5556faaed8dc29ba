/* Clocks and the calendar. See clock.h. */
#include "base/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
system_now(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_REALTIME);
}

static int64_t
system_boot(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_BOOTTIME);
}

const struct clock clock_system = { system_now, system_boot, NULL };

int64_t
clock_now_ms(const struct clock *c)
{
	return c->now_ms(c->arg);
}

int64_t
clock_now_s(const struct clock *c)
{
	int64_t ms = c->now_ms(c->arg);

	return ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
}

int64_t
clock_boot_ms(const struct clock *c)
{
	return c->boot_ms(c->arg);
}

/* Counting from 1 March of year 0 puts the leap day at the end of the year. */
int64_t
day_from_date(int year, int month, int day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

void
date_from_day(int64_t day, int *year, int *month, int *mday)
{
	int64_t z = day + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*mday = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

void
time_text(int64_t seconds, char text[32])
{
	int64_t day = seconds >= 0 ? seconds / 86400 : -((-seconds + 86399) / 86400);
	int64_t s = seconds - day * 86400;
	int y, m, d;

	date_from_day(day, &y, &m, &d);
	snprintf(text, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", y % 10000, m, d, (int)(s / 3600),
	    (int)(s / 60 % 60), (int)(s % 60));
}
