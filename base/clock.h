/* Time as a value that is passed in, so that tests, the demo and the simulation own it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
	int64_t (*now_ms)(void *arg);	/* milliseconds since 1970 UTC, as the system believes */
	int64_t (*boot_ms)(void *arg);	/* milliseconds since boot, counting sleep; never goes back */
	void *arg;
};

/* CLOCK_REALTIME and CLOCK_BOOTTIME. */
extern const struct clock clock_system;

int64_t clock_now_ms(const struct clock *c);
/* Seconds since 1970 UTC. */
int64_t clock_now_s(const struct clock *c);
int64_t clock_boot_ms(const struct clock *c);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. MONTH 1..12, DAY 1..31. */
int64_t day_from_date(int year, int month, int day);
void date_from_day(int64_t day, int *year, int *month, int *mday);
/* "2025-04-01T09:40:00Z" of seconds since 1970; TEXT has room for 32 bytes. */
void time_text(int64_t seconds, char text[32]);

#endif
