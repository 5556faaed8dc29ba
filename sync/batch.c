/* Batches. See batch.h; offsets as in docs/formats/batch.md. */
#include "sync/batch.h"

#include <string.h>

#include "base/codec.h"

enum { VERSION = 1, RECORD_MIN = 1 + 128 + 24 + 32 };	/* a withdrawal */

enum err_code
batch_head_make(const struct batch_header *h, const struct seal_key *key, uint8_t out[BATCH_HEAD],
    struct err *err)
{
	uint8_t p[BATCH_HEAD] = "CBAT";
	enum err_code rc;

	if (h->n > BATCH_RECORDS || h->body_len > (h->n == 1 ? BATCH_LONE : BATCH_BYTES + 4 * BATCH_RECORDS))
		return err_set(err, ERR_LIMIT, "batch of %u records and %u bytes", h->n, h->body_len);
	p[4] = VERSION;
	p[5] = h->lane;
	memcpy(p + 8, h->device, 16);
	memcpy(p + 24, h->epoch, 16);
	put_be64(p + 40, h->a);
	put_be32(p + 48, h->n);
	memcpy(p + 52, h->prev, 32);
	memcpy(p + 84, h->last, 32);
	put_be64(p + 116, h->time);
	put_be32(p + 124, h->quality << 24);
	memcpy(p + 128, h->boot_id, 16);
	put_be64(p + 144, h->boot_ms);
	put_be32(p + 152, h->waiting);
	put_be32(p + 156, h->oldest_hours);
	put_be32(p + 160, h->free_mib);
	put_be32(p + 164, h->ring_serial);
	put_be32(p + 168, h->software);
	put_be32(p + 172, h->bundle_refused);
	put_be32(p + 176, h->body_len);
	rc = seal_sign(key, "batch", p, BATCH_HEADER, p + BATCH_HEADER, err);
	if (rc == ERR_OK)
		memcpy(out, p, BATCH_HEAD);
	return rc;
}

static enum err_code
judge(const uint8_t *p, const struct batch_header *h, struct err *err)
{
	if (h->lane > 1)
		return err_set(err, ERR_INPUT, "batch: lane %d", h->lane);
	if (p[6] != 0 || p[7] != 0 || p[125] != 0 || p[126] != 0 || p[127] != 0)
		return err_set(err, ERR_INPUT, "batch: reserved bytes are not zero");
	if (h->quality > 2)
		return err_set(err, ERR_INPUT, "batch: clock quality %u", h->quality);
	if (h->a == 0 || h->a > UINT64_MAX / 4)
		return err_set(err, ERR_INPUT, "batch: sequence numbers begin at 1");
	if (h->n > BATCH_RECORDS)
		return err_set(err, ERR_LIMIT, "batch of %u records: at most %d", h->n, BATCH_RECORDS);
	if (h->n == 0 && memcmp(h->prev, h->last, 32) != 0)
		return err_set(err, ERR_INPUT, "batch: a heartbeat whose links differ");
	if (h->lane == 1 && (h->waiting != 0 || h->oldest_hours != 0))
		return err_set(err, ERR_INPUT, "batch: counts in the concern lane");
	if (h->body_len < h->n * (4 + RECORD_MIN) || (h->n == 0 && h->body_len != 0))
		return err_set(err, ERR_INPUT, "batch: %u bytes cannot hold %u records", h->body_len, h->n);
	if (h->body_len > (h->n == 1 ? BATCH_LONE : BATCH_BYTES + 4 * BATCH_RECORDS))
		return err_set(err, ERR_LIMIT, "batch: %u bytes in %u records", h->body_len, h->n);
	return ERR_OK;
}

enum err_code
batch_head_read(const uint8_t *p, size_t len, struct batch_header *out, struct err *err)
{
	struct batch_header h;
	enum err_code rc;

	if (len < BATCH_HEAD)
		return err_set(err, ERR_INPUT, "batch of %zu bytes: the head alone has %d", len, BATCH_HEAD);
	if (memcmp(p, "CBAT", 4) != 0)
		return err_set(err, ERR_INPUT, "batch: does not begin with CBAT");
	if (p[4] != VERSION)
		return err_set(err, ERR_INPUT, "batch: version %d is not known", p[4]);
	h = (struct batch_header){ .lane = p[5], .a = be64(p + 40), .n = be32(p + 48), .time = be64(p + 116),
	    .quality = p[124], .boot_ms = be64(p + 144), .waiting = be32(p + 152),
	    .oldest_hours = be32(p + 156), .free_mib = be32(p + 160), .ring_serial = be32(p + 164),
	    .software = be32(p + 168), .bundle_refused = be32(p + 172), .body_len = be32(p + 176) };
	memcpy(h.device, p + 8, 16);
	memcpy(h.epoch, p + 24, 16);
	memcpy(h.prev, p + 52, 32);
	memcpy(h.last, p + 84, 32);
	memcpy(h.boot_id, p + 128, 16);
	rc = judge(p, &h, err);
	if (rc == ERR_OK)
		*out = h;
	return rc;
}

bool
batch_head_signed(const uint8_t *bytes, size_t len, const uint8_t key[32])
{
	return len >= BATCH_HEAD && seal_verify(key, "batch", bytes, BATCH_HEADER, bytes + BATCH_HEADER);
}

enum err_code
batch_records(const struct batch_header *h, const uint8_t *body, size_t len, struct batch_record *records,
    struct err *err)
{
	size_t at = 0;

	if (len != h->body_len)
		return err_set(err, ERR_INPUT, "batch: %zu bytes after the head, %u announced", len, h->body_len);
	for (uint32_t i = 0; i < h->n; i++) {
		uint32_t n;

		if (len - at < 4)
			return err_set(err, ERR_INPUT, "batch: ends before record %u", i + 1);
		n = be32(body + at);
		at += 4;
		if (n < RECORD_MIN || n > len - at)
			return err_set(err, ERR_INPUT, "batch: record %u of %u bytes, %zu are left", i + 1, n,
			    len - at);
		records[i] = (struct batch_record){ body + at, n };
		at += n;
	}
	if (at != len)
		return err_set(err, ERR_INPUT, "batch: %zu bytes after the last record", len - at);
	return ERR_OK;
}
