/* Dates, times and date-times as text (ISO 8601 as ODK XForms writes it) and as numbers. A date is a
 * calendar day; only a date-time knows a zone (forms.md 3.3). */
#ifndef FORMS_DATES_H
#define FORMS_DATES_H

#include <stdint.h>

#include "base/buf.h"
#include "forms/zone.h"

#define DAY_MS 86400000

/* "2024-03-01", also "2024-3-1". Only days that exist. */
bool date_parse(const char *text, size_t len, int64_t *day);
/* "10:00", "10:00:00.000", "10:00:00.000+01:00", "..Z". OFFSET in minutes; *HAS_OFFSET if one is given. */
bool time_parse(const char *text, size_t len, int64_t *ms, int32_t *offset, bool *has_offset);
/* A date, "T" (or blank), a time. Without offset the time is local in ZONE. MS since 1970 UTC; OFFSET in
 * minutes is what was written, or the zone's. */
bool datetime_parse(const char *text, size_t len, const struct zone *zone, int64_t *ms, int32_t *offset);

/* Each appends; TEXT forms for 40 bytes of room. */
void date_text(int64_t day, char text[40]);
void datetime_text(int64_t ms, int32_t offset_min, char text[40]);
/* The zone's offset in minutes. */
int32_t zone_minutes(const struct zone *zone, int64_t ms);
/* Local midnight of a day, ms UTC. */
int64_t day_start(const struct zone *zone, int64_t day);
/* The local day of an instant. */
int64_t local_day(int64_t ms, int32_t offset_min);

/* format-date, format-date-time: %Y %y %m %n %B %b %d %e %H %h %M %S %3 %a %A %W %w %%. MS is local
 * (as if UTC). False at a % that is none of these. */
bool date_format(struct buf *out, const char *format, size_t len, int64_t local_ms);

#endif
