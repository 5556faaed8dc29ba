/* Dates, times and zones. The first byte chooses: text as a date, a time, a date-time (what reads prints and
 * reads again to the same, in five zones); bytes as TZif data; a format with an instant. In a zone of the
 * system every instant's local time leads back to it, or to the earlier of the two that show it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/dates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FIRST_YEAR_MS_DAYS = 719528, LAST_DAY = 2932896, DAY_S = 86400 };

static const char *const names[] = { "UTC", "Europe/London", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe" };

/* NULL where the machine has no such zone. */
static struct zone *
zone_of(uint8_t which)
{
	static struct zone *zones[ARRAY_LEN(names)];
	size_t i = which % ARRAY_LEN(names);
	struct err err;

	if (zones[i] == NULL && zone_load(names[i], &zones[i], &err) != ERR_OK)
		assert(zones[i] == NULL);
	return zones[i];
}

static void
texts(const char *t, size_t len, const struct zone *zone)
{
	int64_t day, again, ms;
	int32_t offset, offset2;
	bool has;
	char text[40];

	if (date_parse(t, len, &day)) {
		date_text(day, text);
		assert(date_parse(text, strlen(text), &again) && again == day);
		assert(local_day(day_start(NULL, day), 0) == day);
	}
	if (time_parse(t, len, &ms, &offset, &has)) {
		assert(ms >= 0 && ms < DAY_MS && offset >= -900 && offset <= 900 && (has || offset == 0));
	}
	if (datetime_parse(t, len, zone, &ms, &offset)) {
		datetime_text(ms, offset, text);
		/* the last day of year 9999, seen from the east, has no text; ISO 8601 has offsets to 14 hours */
		if (text[0] != 'I' && offset >= -840 && offset <= 840) {
			assert(datetime_parse(text, strlen(text), NULL, &again, &offset2));
			assert(again == ms && offset2 == offset);
		}
	}
}

static void
instants(const uint8_t *data, size_t len, const struct zone *zone, bool real)
{
	for (size_t i = 0; i + 5 <= len && i < 200; i += 5) {
		int64_t utc = (int64_t)be32(data + i) * 60 + data[i + 4] - ((int64_t)FIRST_YEAR_MS_DAYS * DAY_S) / 2;
		int32_t offset = zone_offset(zone, utc);
		int64_t local = utc + offset, back = zone_to_utc(zone, local);

		/* RFC 8536 allows -89999..93599; summer time without an offset of its own adds an hour */
		assert(offset >= -89999 && offset <= 93599 + 3600);
		if (real)
			assert(back <= utc && back + zone_offset(zone, back) == local);
	}
}

static void
format(const uint8_t *data, size_t len)
{
	struct buf a;
	int64_t ms;

	if (len < 8)
		return;
	ms = (int64_t)(be64(data) % ((uint64_t)(LAST_DAY + FIRST_YEAR_MS_DAYS) * DAY_MS)) - (int64_t)FIRST_YEAR_MS_DAYS * DAY_MS;
	buf_init(&a, 1 << 16);
	if (date_format(&a, (const char *)data + 8, len - 8, ms))
		assert(a.failed != ERR_OK || a.len + 1 >= (len - 8 + 1) / 2);
	buf_free(&a);
	/* the calendar, printed in pieces, is the date */
	buf_init(&a, 64);
	assert(date_format(&a, "%Y-%m-%dT%H:%M:%S.%3Z", 21, ms));
	texts(buf_str(&a), a.len, NULL);
	{
		int64_t again;
		int32_t offset;

		assert(datetime_parse(buf_str(&a), a.len, NULL, &again, &offset) && again == ms);
	}
	buf_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct zone *zone;
	struct err err = { 0 };

	if (len < 2)
		return 0;
	switch (data[0] % 4) {
	case 0: texts((const char *)data + 2, len - 2, zone_of(data[1])); break;
	case 1: instants(data + 2, len - 2, zone_of(data[1]), true); break;
	case 2: format(data + 2, len - 2); break;
	default:
		if (zone_parse(data + 1, len - 1, &zone, &err) != ERR_OK) {
			assert(zone == NULL && err.msg[0] != '\0');
			break;
		}
		instants(data + 1, len - 1, zone, false);
		texts("2024-03-31 01:30:00", 19, zone);
		zone_free(zone);
	}
	return 0;
}
