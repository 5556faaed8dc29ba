/* Any text as a $filter: no crash, a refusal says why, and nothing holds under a filter and under not() of it. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/odata_private.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct property properties[] = { { "id", EDM_STRING }, { "value", EDM_DOUBLE }, { "n", EDM_INT64 },
	{ "hidden", EDM_BOOLEAN }, { "start", EDM_DATE } };
static const struct odata_value values[] = {
	{ .type = EDM_STRING, .text = "a" }, { .type = EDM_DOUBLE, .number = 46.2 }, { .type = EDM_INT64, .number = 3 },
	{ .type = EDM_BOOLEAN, .truth = true }, { .type = EDM_DATE, .text = "2025-04-01" },
	{ .type = EDM_STRING, .text = "b" }, { .type = EDM_DOUBLE, .is_null = true }, { .type = EDM_INT64 },
	{ .type = EDM_BOOLEAN }, { .type = EDM_DATE, .is_null = true, .text = "" },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct entity_set set = { "S", "T", properties, 5, 2, values };
	struct odata_filter *filter = NULL, *opposite = NULL;
	struct err err = { 0 };
	struct arena a;
	struct buf text, negated;

	if (len > 4000)
		return 0;
	arena_init(&a, 4 << 20);
	buf_init(&text, 8192);
	buf_init(&negated, 16384);
	buf_put(&text, data, len);
	buf_printf(&negated, "not(%s)", buf_str(&text));
	if (odata_filter_parse(&set, buf_str(&text), &a, &filter, &err) != ERR_OK) {
		if (err.msg[0] == '\0')
			abort();
	} else if (odata_filter_parse(&set, buf_str(&negated), &a, &opposite, &err) == ERR_OK) {
		for (size_t i = 0; i < set.n; i++)
			if (odata_filter_holds(filter, &set, i) && odata_filter_holds(opposite, &set, i))
				abort();
	}
	arena_clear(&a);
	buf_free(&text);
	buf_free(&negated);
	return 0;
}
