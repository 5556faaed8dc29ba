/* The half of the outbox that sync works with: reading what is unsent, receipts, epochs, the ring, bundles,
 * and the small things the two programs leave for each other. See outbox.h. */
#include "collector/outbox.h"

#include <string.h>

#include "base/codec.h"
#include "collector/outbox_db.h"

enum err_code
outbox_device(struct outbox *ob, uint8_t device[16], struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_device(ob, device, err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_version(struct outbox *ob, int64_t *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_VERSION, "data version", err, "");
	if (rc == ERR_OK) {
		*out = sqlite3_column_int64(ob->stmt[OB_VERSION], 0);
		ob_done(ob, OB_VERSION);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_has(struct outbox *ob, const uint8_t id[16], bool *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_RECORD_HAS, "look for record", err, "b", id, (size_t)16);
	if (rc == ERR_OK)
		ob_done(ob, OB_RECORD_HAS);
	if (rc == ERR_OK || rc == ERR_ABSENT) {
		*out = rc == ERR_OK;
		rc = ERR_OK;
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_lane(struct outbox *ob, uint8_t lane, struct outbox_lane *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_lane(ob, lane, out, err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_link(struct outbox *ob, uint8_t lane, uint64_t seq, struct chain_hash *out, struct err *err)
{
	struct outbox_lane l;
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_lane(ob, lane, &l, err);
	if (rc == ERR_OK)
		rc = ob_link(ob, lane, &l, seq, out, err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* --- spans --- */

void
outbox_span_clear(struct outbox_span *s)
{
	buf_free(&s->bytes);
	memset(s, 0, sizeof(*s));
}

/* The N wraps of record row NUMBER into OUT. */
static enum err_code
wraps(struct outbox *ob, int64_t number, unsigned n, uint8_t *out, struct err *err)
{
	enum err_code rc = n == 0 ? ERR_ABSENT : ob_query(ob, OB_WRAP_GET, "wraps", err, "i", number);
	unsigned got = 0;

	while (rc == ERR_OK && got < n) {
		rc = ob_blob(ob, OB_WRAP_GET, 1, out + (size_t)got * RECORD_WRAP, RECORD_WRAP, err);
		got++;
		if (rc == ERR_OK)
			rc = ob_next(ob, OB_WRAP_GET, "wraps", err);
	}
	ob_done(ob, OB_WRAP_GET);
	if (rc != ERR_OK && rc != ERR_ABSENT)
		return rc;
	if (got != n)
		return err_set(err, ERR_BROKEN, "site.db: a record with %u of %u wraps", got, n);
	return ERR_OK;
}

/* The wire form of the row that OB_RECORD_SPAN is at, with its length before it. */
static enum err_code
put_row(struct outbox *ob, struct buf *out, struct err *err)
{
	sqlite3_stmt *s = ob->stmt[OB_RECORD_SPAN];
	uint8_t header[RECORD_HEADER], wrap[RECORD_RECIPIENTS * RECORD_WRAP];
	struct chain_hash hw, hb;
	size_t start = out->len, len = (size_t)sqlite3_column_bytes(s, 6);
	enum err_code rc = ob_blob(ob, OB_RECORD_SPAN, 2, header, sizeof(header), err);

	if (rc == ERR_OK && header[80] > RECORD_RECIPIENTS)
		rc = err_set(err, ERR_BROKEN, "site.db: a record with %u recipients", header[80]);
	if (rc != ERR_OK)
		return rc;
	buf_u32(out, 0);
	if (sqlite3_column_type(s, 6) == SQLITE_NULL) {
		rc = ob_blob(ob, OB_RECORD_SPAN, 3, hw.bytes, 32, err);
		if (rc == ERR_OK)
			rc = ob_blob(ob, OB_RECORD_SPAN, 4, hb.bytes, 32, err);
		record_put_erased(out, header, &hw, &hb);
	} else {
		rc = wraps(ob, sqlite3_column_int64(s, 1), header[80], wrap, err);
		record_put_whole(out, header, wrap, header[80], sqlite3_column_blob(s, 6), len);
	}
	if (rc == ERR_OK)
		rc = buf_check(out, err);
	if (rc == ERR_OK)
		put_be32(out->data + start, (uint32_t)(out->len - start - 4));
	return rc;
}

/* Rows from OUT->a on while they fit. */
static enum err_code
fill_span(struct outbox *ob, uint8_t lane, uint32_t max_n, size_t max_bytes, struct outbox_span *out,
	struct err *err)
{
	enum err_code rc = ob_query(ob, OB_RECORD_SPAN, "read records", err, "bii", out->epoch, (size_t)16,
	    (int64_t)lane, (int64_t)out->a);
	size_t start;

	while (rc == ERR_OK && out->n < max_n) {
		struct chain_hash link;

		if ((uint64_t)sqlite3_column_int64(ob->stmt[OB_RECORD_SPAN], 0) != out->a + out->n) {
			rc = err_set(err, out->n == 0 ? ERR_ABSENT : ERR_BROKEN,
			    "site.db: record %llu of lane %u is not here", (unsigned long long)(out->a + out->n), lane);
			break;
		}
		start = out->bytes.len;
		rc = put_row(ob, &out->bytes, err);
		if (rc == ERR_OK)
			rc = ob_blob(ob, OB_RECORD_SPAN, 5, link.bytes, 32, err);
		if (rc != ERR_OK)
			break;
		if (out->n > 0 && out->bytes.len > max_bytes) {
			buf_truncate(&out->bytes, start);
			break;
		}
		out->last = link;
		out->n++;
		if (out->n < max_n)
			rc = ob_next(ob, OB_RECORD_SPAN, "read records", err);
	}
	ob_done(ob, OB_RECORD_SPAN);
	return rc == ERR_ABSENT && out->n > 0 ? ERR_OK : rc;
}

enum err_code
outbox_read(struct outbox *ob, uint8_t lane, uint64_t from, uint32_t max_n, size_t max_bytes,
	struct outbox_span *out, struct err *err)
{
	struct outbox_lane l;
	enum err_code rc = ob_enter(ob, err);

	memset(out, 0, sizeof(*out));
	buf_init(&out->bytes, max_bytes + RECORD_WIRE_MAX + 4);
	if (rc == ERR_OK)
		rc = ob_lane(ob, lane, &l, err);
	if (rc == ERR_OK && (from == 0 || from > l.head_seq + 1))
		rc = err_set(err, ERR_INPUT, "lane %u has no record %llu; its head is %llu", lane, (unsigned long long)from,
		    (unsigned long long)l.head_seq);
	if (rc == ERR_OK) {
		memcpy(out->epoch, l.epoch, 16);
		out->a = from;
		rc = ob_link(ob, lane, &l, from - 1, &out->before, err);
		out->last = out->before;
	}
	if (rc == ERR_OK && from <= l.head_seq)
		rc = fill_span(ob, lane, max_n, max_bytes, out, err);
	pthread_mutex_unlock(&ob->lock);
	if (rc != ERR_OK)
		outbox_span_clear(out);
	return rc;
}

/* --- receipts and epochs --- */

static enum err_code
take_receipt(struct outbox *ob, uint8_t lane, const uint8_t epoch[16], uint64_t b,
	const struct chain_hash *link, const void *bytes, size_t len, int64_t day, struct err *err)
{
	struct outbox_lane l;
	struct chain_hash ours;
	enum err_code rc = ob_lane(ob, lane, &l, err);

	if (rc != ERR_OK)
		return rc;
	if (memcmp(l.epoch, epoch, 16) != 0 || b < 1 || b > l.head_seq)
		return err_set(err, ERR_INPUT, "the receipt is for another epoch, or for records we do not have");
	if (b < l.acked_seq)
		return err_set(err, ERR_EXISTS, "acknowledged up to %llu already", (unsigned long long)l.acked_seq);
	rc = ob_link(ob, lane, &l, b, &ours, err);
	if (rc != ERR_OK)
		return rc;
	if (!chain_same(&ours, link))
		return err_set(err, ERR_INPUT, "the receipt is for another chain than ours");
	if (b == l.acked_seq)
		return err_set(err, ERR_EXISTS, "acknowledged up to %llu already", (unsigned long long)b);
	rc = ob_exec(ob, OB_RECEIPT_PUT, "keep receipt", err, "biiib", epoch, (size_t)16, (int64_t)lane, (int64_t)b, day,
	    bytes, len);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_RECORD_SENT, "mark sent", err, "ibii", day, epoch, (size_t)16, (int64_t)lane, (int64_t)b);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_LANE_ACK, "move acknowledged", err, "ibi", (int64_t)b, link->bytes, (size_t)32,
		    (int64_t)lane);
	return rc;
}

enum err_code
outbox_receipt(struct outbox *ob, uint8_t lane, const uint8_t epoch[16], uint64_t b,
	const struct chain_hash *link, const void *bytes, size_t len, int64_t day, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK)
		rc = ob_end(ob, take_receipt(ob, lane, epoch, b, link, bytes, len, day, err), err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_receipt_last(struct outbox *ob, uint8_t lane, struct buf *out, struct err *err)
{
	struct outbox_lane l;
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_lane(ob, lane, &l, err);
	if (rc == ERR_OK)
		rc = ob_query(ob, OB_RECEIPT_LAST, "receipt", err, "bi", l.epoch, (size_t)16, (int64_t)lane);
	if (rc == ERR_OK) {
		rc = ob_blob_put(ob, OB_RECEIPT_LAST, 0, out, err);
		ob_done(ob, OB_RECEIPT_LAST);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_receipt_closed(struct outbox *ob, struct buf *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_RECEIPT_CLOSED, "receipt", err, "");
	if (rc == ERR_OK) {
		rc = ob_blob_put(ob, OB_RECEIPT_CLOSED, 0, out, err);
		ob_done(ob, OB_RECEIPT_CLOSED);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_receipt_days(struct outbox *ob, const uint8_t log_id[16], struct buf *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_RECEIPT_DAYS, "receipts", err, "b", log_id, (size_t)16);
	while (rc == ERR_OK) {
		rc = ob_blob_put(ob, OB_RECEIPT_DAYS, 0, out, err);
		if (rc == ERR_OK)
			rc = ob_next(ob, OB_RECEIPT_DAYS, "receipts", err);
	}
	ob_done(ob, OB_RECEIPT_DAYS);
	pthread_mutex_unlock(&ob->lock);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static enum err_code
rewind_to(struct outbox *ob, uint8_t lane, uint64_t seq, const struct chain_hash *link, struct err *err)
{
	struct outbox_lane l;
	struct chain_hash ours, next;
	enum err_code rc = ob_lane(ob, lane, &l, err);

	if (rc == ERR_OK && seq > l.acked_seq)
		rc = err_set(err, ERR_INPUT, "nothing to rewind: acknowledged is %llu", (unsigned long long)l.acked_seq);
	if (rc == ERR_OK)
		rc = ob_link(ob, lane, &l, seq, &ours, err);
	if (rc == ERR_OK && !chain_same(&ours, link))
		rc = err_set(err, ERR_INPUT, "the centre's chain is another than ours at %llu", (unsigned long long)seq);
	/* The link of seq + 1 may be known from the lane row alone; its record must be here. */
	if (rc == ERR_OK && seq < l.head_seq) {
		rc = ob_query(ob, OB_RECORD_LINK, "record", err, "bii", l.epoch, (size_t)16, (int64_t)lane, (int64_t)seq + 1);
		if (rc == ERR_OK) {
			rc = ob_blob(ob, OB_RECORD_LINK, 0, next.bytes, 32, err);
			ob_done(ob, OB_RECORD_LINK);
		}
	}
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_RECORD_UNSENT, "mark unsent", err, "bii", l.epoch, (size_t)16, (int64_t)lane, (int64_t)seq);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_LANE_ACK, "move acknowledged", err, "ibi", (int64_t)seq, link->bytes, (size_t)32,
		    (int64_t)lane);
	return rc;
}

enum err_code
outbox_rewind(struct outbox *ob, uint8_t lane, uint64_t seq, const struct chain_hash *link, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK)
		rc = ob_end(ob, rewind_to(ob, lane, seq, link, err), err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_epoch(struct outbox *ob, uint8_t lane, enum epoch_reason reason, struct err *err)
{
	uint8_t device[16];
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK) {
		rc = ob_device(ob, device, err);
		if (rc == ERR_OK)
			rc = ob_epoch(ob, lane, device, reason, false, err);
		rc = ob_end(ob, rc, err);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_set_device(struct outbox *ob, const uint8_t device[16], struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK) {
		rc = ob_exec(ob, OB_META_PUT, "device", err, "tb", "device", device, (size_t)16);
		for (uint8_t lane = 0; lane < LANES && rc == ERR_OK; lane++)
			rc = ob_epoch(ob, lane, device, EPOCH_DEVICE, false, err);
		rc = ob_end(ob, rc, err);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

void
outbox_head_bytes(const uint8_t device[16], uint8_t lane, const struct outbox_lane *l, uint8_t out[OUTBOX_HEAD])
{
	memcpy(out, device, 16);
	out[16] = lane;
	memcpy(out + 17, l->epoch, 16);
	put_be64(out + 33, l->head_seq);
	memcpy(out + 41, l->head_link.bytes, 32);
}

enum err_code
outbox_head_put(struct outbox *ob, uint8_t lane, const struct outbox_lane *l, const uint8_t signature[64],
	struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_HEAD_PUT, "keep signed head", err, "ibibb", (int64_t)lane, l->epoch, (size_t)16,
		    (int64_t)l->head_seq, l->head_link.bytes, (size_t)32, signature, (size_t)64);
	if (rc == ERR_OK) {
		ob->head[lane].there = true;
		memcpy(ob->head[lane].epoch, l->epoch, 16);
		ob->head[lane].seq = l->head_seq;
		ob->head[lane].link = l->head_link;
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* The epoch was changed since EPOCH's head at SEQ was signed. Its opening says what it took for the head before; an
 * honest one was opened there or later. */
static enum err_code
opening_agrees(struct outbox *ob, uint8_t lane, const struct outbox_lane *now, const uint8_t epoch[16], uint64_t seq,
	const struct chain_hash *link, struct err *err)
{
	uint8_t header[RECORD_HEADER], nonce_body[RECORD_NONCE + RECORD_EPOCH_BODY];
	struct record r = { .header = header, .nonce_body = nonce_body, .nonce_body_len = sizeof(nonce_body) };
	struct record_epoch e;
	enum err_code rc = ob_query(ob, OB_RECORD_FIRST, "epoch", err, "bi", now->epoch, (size_t)16, (int64_t)lane);

	if (rc == ERR_ABSENT)
		return ERR_OK;	/* acknowledged long ago */
	if (rc != ERR_OK)
		return rc;
	rc = ob_blob(ob, OB_RECORD_FIRST, 0, header, sizeof(header), err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_RECORD_FIRST, 1, nonce_body, sizeof(nonce_body), err);
	ob_done(ob, OB_RECORD_FIRST);
	if (rc == ERR_OK)
		rc = record_header_get(header, &r.head, err);
	if (rc == ERR_OK)
		rc = record_epoch_get(&r, &e, err);
	if (rc == ERR_OK && memcmp(e.before, epoch, 16) == 0 && (e.seq < seq || (e.seq == seq && !chain_same(&e.link, link))))
		return err_set(err, ERR_BROKEN, "lane %u: an epoch was opened that denies records up to %llu, whose head this "
		    "device signed", lane, (unsigned long long)seq);
	return rc == ERR_INPUT ? ERR_BROKEN : rc;
}

/* Is what was signed at SEQ of EPOCH still in the chain? */
static enum err_code
signed_agrees(struct outbox *ob, uint8_t lane, const struct outbox_lane *now, const uint8_t epoch[16], uint64_t seq,
	const struct chain_hash *link, struct err *err)
{
	struct chain_hash here;
	enum err_code rc;

	if (memcmp(epoch, now->epoch, 16) != 0)
		return opening_agrees(ob, lane, now, epoch, seq, link, err);
	if (seq > now->head_seq)
		return err_set(err, ERR_BROKEN, "lane %u: records were cut off: this device signed a head at %llu, but the chain ends "
		    "at %llu", lane, (unsigned long long)seq, (unsigned long long)now->head_seq);
	rc = ob_link(ob, lane, now, seq, &here, err);
	if (rc == ERR_ABSENT && seq <= now->acked_seq)
		return ERR_OK;
	if (rc == ERR_ABSENT || (rc == ERR_OK && !chain_same(&here, link)))
		return err_set(err, ERR_BROKEN, "lane %u: the chain was rewritten: record %llu is not the one whose head this device "
		    "signed", lane, (unsigned long long)seq);
	return rc;
}

/* The head the file has as signed: ERR_ABSENT if none. */
static enum err_code
stored_head(struct outbox *ob, uint8_t lane, struct outbox_lane *out, uint8_t signature[64], struct err *err)
{
	enum err_code rc = ob_query(ob, OB_HEAD_GET, "signed head", err, "i", (int64_t)lane);

	if (rc != ERR_OK)
		return rc;
	rc = ob_blob(ob, OB_HEAD_GET, 0, out->epoch, 16, err);
	out->head_seq = (uint64_t)sqlite3_column_int64(ob->stmt[OB_HEAD_GET], 1);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_HEAD_GET, 2, out->head_link.bytes, 32, err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_HEAD_GET, 3, signature, 64, err);
	ob_done(ob, OB_HEAD_GET);
	return rc;
}

enum err_code
outbox_head_agrees(struct outbox *ob, uint8_t lane, const uint8_t sign_key[32], struct err *err)
{
	struct outbox_lane now, stored = { .head_seq = 0 };
	uint8_t device[16], signature[64], bytes[OUTBOX_HEAD];
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);	/* the kiosk appends meanwhile */
	if (rc != ERR_OK)
		goto out;
	rc = ob_lane(ob, lane, &now, err);
	if (rc == ERR_OK)
		rc = ob_device(ob, device, err);
	if (rc == ERR_OK && ob->head[lane].there)
		rc = signed_agrees(ob, lane, &now, ob->head[lane].epoch, ob->head[lane].seq, &ob->head[lane].link, err);
	if (rc == ERR_OK) {
		rc = stored_head(ob, lane, &stored, signature, err);
		if (rc == ERR_OK) {
			outbox_head_bytes(device, lane, &stored, bytes);
			/* Of an older epoch it may be by the keys the device had then. */
			if (memcmp(stored.epoch, now.epoch, 16) == 0 && !seal_verify(sign_key, "head", bytes, sizeof(bytes), signature))
				rc = err_set(err, ERR_BROKEN, "lane %u: the signature of the head at %llu is not this device's", lane,
				    (unsigned long long)stored.head_seq);
			else
				rc = signed_agrees(ob, lane, &now, stored.epoch, stored.head_seq, &stored.head_link, err);
		} else if (rc == ERR_ABSENT) {
			rc = ERR_OK;
		}
	}
	rc = ob_end(ob, rc, err);
out:
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* --- ring, bundles, clock, meta --- */

enum err_code
outbox_ring(struct outbox *ob, uint32_t *serial, struct buf *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_RING_GET, "key ring", err, "");
	if (rc == ERR_OK) {
		*serial = (uint32_t)sqlite3_column_int64(ob->stmt[OB_RING_GET], 0);
		rc = ob_blob_put(ob, OB_RING_GET, 1, out, err);
		ob_done(ob, OB_RING_GET);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_ring_put(struct outbox *ob, uint32_t serial, const void *text, size_t len, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK) {
		rc = ob_exec(ob, OB_RING_PUT, "keep key ring", err, "ib", (int64_t)serial, text, len);
		if (rc == ERR_OK && sqlite3_changes(ob->db) == 0)
			rc = err_set(err, ERR_EXISTS, "a key ring of serial %u or newer is here already", serial);
		if (rc == ERR_OK)
			rc = ob_exec(ob, OB_RING_PURGE, "drop older key rings", err, "");
		rc = ob_end(ob, rc, err);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_bundle(struct outbox *ob, uint8_t kind, const uint8_t target[16], uint32_t *serial, struct buf *out,
	struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_BUNDLE_GET, "bundle", err, "ib", (int64_t)kind, target, (size_t)16);
	if (rc == ERR_OK) {
		*serial = (uint32_t)sqlite3_column_int64(ob->stmt[OB_BUNDLE_GET], 0);
		rc = ob_blob_put(ob, OB_BUNDLE_GET, 1, out, err);
		ob_done(ob, OB_BUNDLE_GET);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_bundle_previous(struct outbox *ob, uint8_t kind, const uint8_t target[16], struct buf *out,
	struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_BUNDLE_PREVIOUS, "bundle before", err, "ib", (int64_t)kind, target, (size_t)16);
	if (rc == ERR_OK) {
		rc = ob_blob_put(ob, OB_BUNDLE_PREVIOUS, 0, out, err);
		ob_done(ob, OB_BUNDLE_PREVIOUS);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_bundle_put(struct outbox *ob, uint8_t kind, const uint8_t target[16], uint32_t serial, const void *bytes,
	size_t len, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_BUNDLE_PUT, "keep bundle", err, "ibib", (int64_t)kind, target, (size_t)16,
		    (int64_t)serial, bytes, len);
	if (rc == ERR_OK && sqlite3_changes(ob->db) == 0)
		rc = err_set(err, ERR_EXISTS, "a bundle of serial %u or newer is here already", serial);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_clock(struct outbox *ob, const uint8_t boot[16], int64_t *began_s, uint8_t *quality, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_CLOCK_GET, "clock", err, "b", boot, (size_t)16);
	if (rc == ERR_OK) {
		int64_t began = sqlite3_column_int64(ob->stmt[OB_CLOCK_GET], 0);

		if (began >= CLOCK_BEGAN_MIN) {
			*began_s = began;
			*quality = (uint8_t)sqlite3_column_int(ob->stmt[OB_CLOCK_GET], 1);
		} else {
			rc = err_set(err, ERR_ABSENT, "clock: not known in this boot");
		}
		ob_done(ob, OB_CLOCK_GET);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_clock_put(struct outbox *ob, const uint8_t boot[16], int64_t began_s, uint8_t quality, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_CLOCK_PUT, "keep clock", err, "bii", boot, (size_t)16, began_s, (int64_t)quality);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_CLOCK_PURGE, "drop old clocks", err, "");
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_meta(struct outbox *ob, const char *key, struct buf *out, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_META_GET, key, err, "t", key);
	if (rc == ERR_OK) {
		rc = ob_blob_put(ob, OB_META_GET, 0, out, err);
		ob_done(ob, OB_META_GET);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
outbox_meta_put(struct outbox *ob, const char *key, const void *value, size_t len, struct err *err)
{
	enum err_code rc = strcmp(key, "device") == 0
	    ? err_set(err, ERR_INPUT, "the device is changed by outbox_set_device") : ERR_OK;

	if (rc != ERR_OK)
		return rc;
	rc = ob_enter(ob, err);
	if (rc == ERR_OK && len == 0)
		rc = ob_exec(ob, OB_META_DROP, key, err, "t", key);
	else if (rc == ERR_OK)
		rc = ob_exec(ob, OB_META_PUT, key, err, "tb", key, value, len);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}
