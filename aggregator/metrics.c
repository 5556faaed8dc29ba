/* See metrics.h. */
#include "aggregator/metrics.h"

#include "base/codec.h"

void
metric_head(struct buf *out, const char *name, enum metric_type type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type == METRIC_COUNTER ? "counter" : "gauge");
}

void
metric_one(struct buf *out, const char *name, enum metric_type type, const char *help, uint64_t value)
{
	metric_head(out, name, type, help);
	buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static const struct {
	const char *name, *help;
} of_boxes[] = {
	{ "candour_outbox_records", "Answers that waited at the box when it was last heard of." },
	{ "candour_outbox_oldest_hours", "Hours that the oldest of them had waited." },
	{ "candour_receipt_age_seconds", "Seconds since the box last delivered." },
	{ "candour_ring_serial", "Serial of the key ring that the box uses." },
	{ "candour_bundle_refused", "Serial of the bundle that the box could not use, 0: none." },
};

struct boxes {
	struct buf of[ARRAY_LEN(of_boxes)];	/* a run for each name */
	int64_t now;
};

static enum err_code
on_box(void *arg, const struct store_seen *s, struct err *err)
{
	struct boxes *b = arg;
	const int64_t values[] = { s->waiting, s->oldest_hours, b->now - s->at, s->ring_serial, s->bundle_refused };
	char id[17];

	(void)err;
	hex_str(s->device, 8, id);
	for (size_t i = 0; i < ARRAY_LEN(of_boxes); i++)
		buf_printf(&b->of[i], "%s{device=\"%s\"} %lld\n", of_boxes[i].name, id, (long long)values[i]);
	return ERR_OK;
}

enum err_code
metrics_boxes(struct store *st, int64_t now, struct buf *out, struct err *err)
{
	struct boxes b = { .now = now };
	enum err_code rc;

	for (size_t i = 0; i < ARRAY_LEN(of_boxes); i++) {
		buf_init(&b.of[i], out->max);
		metric_head(&b.of[i], of_boxes[i].name, METRIC_GAUGE, of_boxes[i].help);
	}
	rc = st->ops->seen_each(st, on_box, &b, err);
	for (size_t i = 0; i < ARRAY_LEN(of_boxes); i++) {
		if (rc == ERR_OK)
			rc = buf_check(&b.of[i], err);
		if (rc == ERR_OK)
			buf_put(out, b.of[i].data, b.of[i].len);
		buf_free(&b.of[i]);
	}
	return rc;
}
