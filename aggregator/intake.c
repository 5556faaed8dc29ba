/* The case table for batches. See intake.h and docs/formats/batch.md, whose rows the functions follow. */
#include "aggregator/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "collector/record.h"

enum { SUCCESSION_MAX = 8 };

/* --- on arrival --------------------------------------------------------------------------------- */

static void
row_of(const struct intake_batch *b, const struct record *r, uint64_t seq, const struct chain_hash *link,
    struct store_row *row)
{
	*row = (struct store_row){ .lane = b->h.lane, .seq = seq, .kind = r->head.kind, .header = r->header,
	    .nonce_body = r->nonce_body, .nonce_body_len = r->nonce_body_len, .wraps = r->wraps,
	    .n_wraps = r->erased ? 0 : r->head.n };
	memcpy(row->device, b->h.device, 16);
	memcpy(row->epoch, b->h.epoch, 16);
	memcpy(row->owner, r->head.device, 16);
	memcpy(row->id, r->head.id, 16);
	memcpy(row->tag, r->head.tag, 16);
	memcpy(row->leaf, r->leaf.bytes, 32);
	memcpy(row->link, link->bytes, 32);
	memcpy(row->hw, r->hw.bytes, 32);
	memcpy(row->hb, r->hb.bytes, 32);
}

enum err_code
intake_check(struct intake_batch *b, struct err *err)
{
	struct batch_record records[BATCH_RECORDS];
	struct chain_hash link;
	enum err_code rc;

	b->rows = NULL;
	rc = batch_records(&b->h, b->bytes + BATCH_HEAD, b->len - BATCH_HEAD, records, err);
	if (rc != ERR_OK)
		return rc;
	b->rows = calloc(b->h.n + 1, sizeof(*b->rows));
	if (b->rows == NULL)
		return err_nomem(err);
	if (b->h.a == 1) {
		chain_genesis(b->h.device, b->h.epoch, b->h.lane, &link);
		if (memcmp(link.bytes, b->h.prev, 32) != 0)
			return err_set(err, ERR_INPUT, "batch: does not begin at the epoch's beginning");
	}
	memcpy(link.bytes, b->h.prev, 32);
	for (uint32_t i = 0; i < b->h.n; i++) {
		uint64_t seq = b->h.a + i;
		struct record r;

		rc = record_read(records[i].bytes, records[i].len, &r, err);
		if (rc != ERR_OK)
			return err_in(err, "record %llu", (unsigned long long)seq);
		if (r.head.lane != b->h.lane)
			return err_set(err, ERR_INPUT, "record %llu: of lane %d in a batch of lane %d",
			    (unsigned long long)seq, r.head.lane, b->h.lane);
		if ((r.head.kind == RECORD_EPOCH) != (seq == 1))
			return err_set(err, ERR_INPUT, "record %llu: an epoch is opened by its first record, and only by it",
			    (unsigned long long)seq);
		chain_link(&link, seq, &r.leaf, &link);
		row_of(b, &r, seq, &link, &b->rows[i]);
	}
	if (memcmp(link.bytes, b->h.last, 32) != 0)
		return err_set(err, ERR_INPUT, "batch: the chain of its records does not end at its last link");
	return ERR_OK;
}

void
intake_clear(struct intake_batch *b)
{
	free(b->rows);
	b->rows = NULL;
}

/* --- deciding ----------------------------------------------------------------------------------- */

static enum err_code
note(struct store *st, struct intake_log *log, const struct intake_batch *b, const char *what, const char *detail,
    struct err *err)
{
	struct store_event e = { .at = clock_now_s(log->clock), .what = what, .detail = detail };

	memcpy(e.device, b->h.device, 16);
	return st->ops->event(st, &e, err);
}

/* Put LEN bytes aside with one event; a full quarantine is no error. */
static enum err_code
put_aside(struct store *st, struct intake_log *log, const struct intake_batch *b, const char *why,
    const void *bytes, size_t len, struct err *err)
{
	char detail[160], epoch[33];
	enum err_code rc = st->ops->quarantine(st, b->h.device, why, clock_now_s(log->clock), bytes, len, err);

	if (rc == ERR_LIMIT)
		return ERR_OK;
	if (rc != ERR_OK)
		return rc;
	hex_str(b->h.epoch, 16, epoch);
	snprintf(detail, sizeof(detail), "lane %d epoch %s from %llu, %u records", b->h.lane, epoch,
	    (unsigned long long)b->h.a, b->h.n);
	return note(st, log, b, why, detail, err);
}

static enum err_code
refuse(struct store *st, struct intake_log *log, struct intake_batch *b, enum intake_result result, const char *why,
    struct err *err)
{
	b->result = result;
	return put_aside(st, log, b, why, b->bytes, b->len, err);
}

static void
want(struct intake_batch *b, uint64_t seq)
{
	b->result = INTAKE_WANT;
	b->want = seq;
}

/* AFTER: the time of the receipt that this one replaces, or 0; the newer one's is later. */
static enum err_code
receipt_new(struct store *st, struct intake_log *log, struct intake_batch *b, uint64_t a, uint64_t last,
    const uint8_t link[32], uint64_t after, struct err *err)
{
	int64_t now = clock_now_s(log->clock);
	uint32_t today = (uint32_t)(now / 86400);
	struct receipt r = { .lane = b->h.lane, .a = a, .b = last, .time = (uint64_t)now > after ? (uint64_t)now : after + 1,
	    .ring_serial = atomic_load(log->ring_serial), .bundle_serial = atomic_load(log->bundle_serial) };
	enum err_code rc;

	if (today > log->log_day)
		log->log_day = today;
	r.log_day = log->log_day;
	memcpy(r.device, b->h.device, 16);
	memcpy(r.epoch, b->h.epoch, 16);
	memcpy(r.link, link, 32);
	memcpy(r.log_id, log->log_id, 16);
	memcpy(r.key_id, log->receipt_key_id, 8);
	rc = receipt_make(&r, log->receipt_key, b->receipt, err);
	if (rc != ERR_OK)
		return rc;
	return st->ops->receipt_put(st, b->h.device, b->h.lane, b->h.epoch, &r, b->receipt, err);
}

/* It was kept before: the stored receipt, or, where its key is no longer used, a new one for the same. */
static enum err_code
answer_again(struct store *st, struct intake_log *log, struct intake_batch *b, enum err_code rc, struct err *err)
{
	struct receipt r;

	if (rc != ERR_OK)
		return rc == ERR_ABSENT ? err_set(err, ERR_BROKEN, "records are kept without a receipt") : rc;
	rc = receipt_read(b->receipt, RECEIPT_LEN, &r, err);
	if (rc != ERR_OK)
		return err_set(err, ERR_BROKEN, "a stored receipt cannot be read");
	b->result = INTAKE_AGAIN;
	if (memcmp(r.key_id, log->receipt_key_id, 8) == 0)
		return ERR_OK;
	return receipt_new(st, log, b, r.a, r.b, r.link, r.time, err);
}

/* May this device send records of OWNER: its own, or those of a box it succeeds (over and over)? */
static enum err_code
may_send(struct store *st, const struct store_device *device, const uint8_t owner[16], bool *out, struct err *err)
{
	struct store_device at = *device, next;
	enum err_code rc = ERR_OK;

	*out = memcmp(device->id, owner, 16) == 0;
	at.cert_pem = NULL;
	for (int i = 0; i < SUCCESSION_MAX && !*out && at.has_succeeds && rc == ERR_OK; i++) {
		if (memcmp(at.succeeds, owner, 16) == 0) {
			*out = true;
			break;
		}
		rc = st->ops->device_get(st, at.succeeds, &next, err);
		if (rc == ERR_ABSENT)
			return ERR_OK;
		if (rc == ERR_OK) {
			at = next;
			at.cert_pem = NULL;
			store_device_clear(&next);
		}
	}
	return rc;
}

/* Rows that were appended: withdrawals take effect, and a second record under a known id is put aside. */
static enum err_code
after_append(struct store *st, struct intake_log *log, struct intake_batch *b, const struct store_row *rows,
    size_t n, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		const struct store_row *row = &rows[i];
		bool erased;

		if (row->found == STORE_OTHER) {
			struct buf wire;

			buf_init(&wire, RECORD_WIRE_MAX);
			store_row_wire(row, &wire);
			rc = buf_check(&wire, err);
			if (rc == ERR_OK)
				rc = put_aside(st, log, b, "duplicate", wire.data, wire.len, err);
			buf_free(&wire);
		} else if (row->kind == RECORD_WITHDRAWAL && row->nonce_body_len == RECORD_NONCE + 32) {
			rc = st->ops->withdraw(st, row->owner, row->tag, row->nonce_body + RECORD_NONCE,
			    clock_now_s(log->clock), &erased, err);
		}
	}
	return rc;
}

static enum err_code
keep(struct store *st, struct intake_log *log, const struct store_device *device, struct intake_batch *b,
    size_t skip, struct err *err)
{
	struct store_row *rows = b->rows + skip;
	size_t n = b->h.n - skip;
	enum err_code rc;

	for (size_t i = 0; i < n; i++) {
		bool may = false;

		rc = may_send(st, device, rows[i].owner, &may, err);
		if (rc != ERR_OK)
			return rc;
		if (!may) {
			b->result = INTAKE_BAD;
			err_set(&b->why, ERR_INPUT, "record %llu is another device's",
			    (unsigned long long)rows[i].seq);
			return ERR_OK;
		}
	}
	rc = st->ops->append(st, b->h.device, b->h.lane, b->h.epoch, rows, n, err);
	if (rc == ERR_OK)
		rc = after_append(st, log, b, rows, n, err);
	if (rc == ERR_OK)
		rc = receipt_new(st, log, b, rows[0].seq, rows[n - 1].seq, rows[n - 1].link, 0, err);
	if (rc == ERR_OK)
		b->result = INTAKE_KEPT;
	return rc;
}

/* Is LINK what is kept at SEQ (0: checked on arrival)? */
static enum err_code
same_link(struct store *st, const struct intake_batch *b, uint64_t seq, const uint8_t link[32], bool *out,
    struct err *err)
{
	uint8_t kept[32];
	enum err_code rc;

	*out = true;
	if (seq == 0)
		return ERR_OK;
	rc = st->ops->link_at(st, b->h.device, b->h.lane, b->h.epoch, seq, kept, err);
	if (rc == ERR_OK)
		*out = memcmp(kept, link, 32) == 0;
	return rc;
}

/* The rows of the table, for a device in good standing. */
static enum err_code
by_table(struct store *st, struct intake_log *log, const struct store_device *device, struct intake_batch *b,
    struct err *err)
{
	uint64_t last = b->h.a + b->h.n - 1;
	struct store_head head;
	bool same = false;
	enum err_code rc = st->ops->head(st, b->h.device, b->h.lane, b->h.epoch, &head, err);

	if (rc != ERR_OK)
		return rc;
	if (!head.known) {
		if (b->h.a == 1 && b->h.n > 0)
			return keep(st, log, device, b, 0, err);
		want(b, 1);
		return ERR_OK;
	}
	if (b->h.a > head.hw + 1) {
		want(b, head.hw + 1);
		return ERR_OK;
	}
	rc = same_link(st, b, b->h.a - 1, b->h.prev, &same, err);
	if (rc != ERR_OK)
		return rc;
	if (!same)
		return refuse(st, log, b, INTAKE_FORK, "fork", err);
	if (b->h.n == 0)
		return answer_again(st, log, b, st->ops->receipt_newest(st, b->h.device, b->h.lane, b->h.epoch,
		    b->receipt, err), err);
	if (last <= head.hw) {
		rc = same_link(st, b, last, b->h.last, &same, err);
		if (rc != ERR_OK)
			return rc;
		if (!same)
			return refuse(st, log, b, INTAKE_FORK, "fork", err);
		return answer_again(st, log, b, st->ops->receipt_covering(st, b->h.device, b->h.lane, b->h.epoch,
		    last, b->receipt, err), err);
	}
	if (b->h.a <= head.hw && memcmp(b->rows[head.hw - b->h.a].link, head.link, 32) != 0)
		return refuse(st, log, b, INTAKE_FORK, "fork", err);
	return keep(st, log, device, b, (size_t)(head.hw + 1 - b->h.a), err);
}

static enum err_code
remember(struct store *st, struct intake_log *log, const struct intake_batch *b, struct err *err)
{
	int64_t now = clock_now_s(log->clock);
	struct store_seen seen = { .at = now, .waiting = b->h.waiting, .oldest_hours = b->h.oldest_hours,
	    .free_mib = b->h.free_mib, .ring_serial = b->h.ring_serial, .software = b->h.software,
	    .bundle_refused = b->h.bundle_refused, .clock_off_s = now - (int64_t)b->h.time };
	static const uint8_t no_boot[8];
	enum err_code rc;

	if (b->h.lane != 0)
		return ERR_OK;
	memcpy(seen.device, b->h.device, 16);
	rc = st->ops->seen(st, &seen, err);
	if (rc == ERR_OK && memcmp(b->h.boot_id, no_boot, 8) != 0)
		rc = st->ops->boot_put(st, b->h.device, b->h.boot_id, now - (int64_t)(b->h.boot_ms / 1000), err);
	return rc;
}

enum err_code
intake_decide(struct store *st, struct intake_log *log, struct intake_batch *b, struct err *err)
{
	struct store_device device;
	enum err_code rc = st->ops->device_lock(st, b->h.device, &device, err);

	if (rc == ERR_ABSENT || (rc == ERR_OK && device.state == STORE_PENDING)) {
		b->result = INTAKE_BAD;
		err_set(&b->why, ERR_DENIED, "this device is not in the registry");
		rc = ERR_OK;
	} else if (rc == ERR_OK && device.state == STORE_REVOKED && !b->released) {
		rc = refuse(st, log, b, INTAKE_REVOKED, "revoked", err);
	} else if (rc == ERR_OK) {
		rc = by_table(st, log, &device, b, err);
		if (rc == ERR_OK && (b->result == INTAKE_KEPT || b->result == INTAKE_AGAIN))
			rc = remember(st, log, b, err);
	}
	store_device_clear(&device);
	return rc;
}
