/* The look over a site.db that proves it. See verify.h. One pass over the records in the order of their chains,
 * holding one row at a time, so that a million records take no more memory than a hundred. */
#include "collector/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "collector/ahead.h"
#include "collector/outbox_db.h"

/* Of a receipt only this is looked at here (docs/formats/receipt.md draws it): 200 bytes, "CRCP", link[b] at 56,
 * the key id at 120, the signature over the first 136. */
enum { RECEIPT = 200, RECEIPT_B = 48, RECEIPT_LINK = 56, RECEIPT_KEY = 120, RECEIPT_SIGNED = 136 };

enum v_stmt { V_TOTAL, V_EPOCHS, V_RECORDS, V_WRAPS, V_HEAD, V_RECEIPTS, V_STMTS };

static const char *const sql[V_STMTS] = {
	[V_TOTAL] = "SELECT count(*) FROM record",
	/* One step of a walk along the index, epoch by epoch: it reads no more than an entry of each. */
	[V_EPOCHS] = "SELECT epoch FROM record WHERE epoch > ? ORDER BY epoch LIMIT 1",
	[V_RECORDS] = ("SELECT seq, n, id, header, hw, hb, link, nonce_body, receipt_day FROM record "
	    "WHERE lane = ? AND epoch = ? ORDER BY seq"),
	[V_WRAPS] = "SELECT record_n, wrap FROM wrap WHERE record_n >= ? ORDER BY record_n, slot",
	[V_HEAD] = "SELECT epoch, seq, link, signature FROM signed_head WHERE lane = ?",
	[V_RECEIPTS] = "SELECT epoch, b, bytes FROM receipt WHERE lane = ?",
};

/* A record that withdraws, or one that was erased. */
struct withdrawal {
	uint8_t tag[16];
	uint64_t seq;
	uint8_t lane;
};

struct met {
	struct withdrawal *one;
	size_t n, cap;
};

struct verifier {
	const struct verify_options *o;
	struct verify_report *r;
	struct ahead *ahead;
	struct outbox *ob;
	sqlite3_stmt *s[V_STMTS];
	struct keyring *ring;
	uint8_t sign_key[32];
	struct met withdrawn, erased;	/* on the way; compared at the end */
	bool no_memory;
	uint64_t done, total;

	/* the lane now looked at */
	uint8_t lane;
	struct outbox_lane now;
	bool has_head;
	uint8_t head_epoch[16], head_signature[64];
	uint64_t head_seq;
	struct chain_hash head_link;
	bool head_met;

	/* the cursor over wraps: it walks along with the records, which come in the same order but for epochs */
	bool wraps_running;
	int64_t wraps_at;	/* the record it is at; INT64_MAX at the end */

	/* the row before, in the same epoch */
	bool has_before;
	uint8_t epoch[16];
	uint64_t seq;
	struct chain_hash link;
};

/* One row. */
struct row {
	uint8_t epoch[16];
	uint64_t seq;
	int64_t n;
	struct record_header head;
	uint8_t header[RECORD_HEADER];
	struct chain_hash hw, hb, link, leaf;
	const uint8_t *body;
	size_t body_len;
	bool erased, sent;
};

const char *
verify_kind_word(enum verify_kind kind)
{
	static const char *const words[VERIFY_KINDS] = { "damaged", "header", "leaf", "wrap", "body", "gone", "remains",
		"gap", "start", "end", "epoch", "signed", "signature", "sent", "receipt" };

	return (unsigned)kind < VERIFY_KINDS ? words[kind] : NULL;
}

static void found(struct verifier *v, enum verify_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void
found(struct verifier *v, enum verify_kind kind, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v->r->findings++;
	v->o->found(v->o->arg, kind, text);
}

#define SEQ(x) (unsigned long long)(x)

static bool
column_is(sqlite3_stmt *s, int col, void *out, size_t len)
{
	const void *p = sqlite3_column_blob(s, col);

	if (p == NULL || (size_t)sqlite3_column_bytes(s, col) != len)
		return false;
	memcpy(out, p, len);
	return true;
}

/* --- one record --- */

/* Keep what ROW says of a withdrawal until all of them were met. */
static void
meet(struct verifier *v, struct met *m, const struct row *row)
{
	struct withdrawal *more;

	if (m->n == m->cap) {
		more = realloc(m->one, (m->cap * 2 + 64) * sizeof(*more));
		if (more == NULL) {
			v->no_memory = true;
			return;
		}
		m->one = more;
		m->cap = m->cap * 2 + 64;
	}
	memcpy(m->one[m->n].tag, row->head.tag, 16);
	m->one[m->n].seq = row->seq;
	m->one[m->n++].lane = v->lane;
}

static bool
read_row(struct verifier *v, const uint8_t epoch[16], struct row *row)
{
	sqlite3_stmt *s = v->s[V_RECORDS];
	uint8_t id[16];
	struct err err = { 0 };

	memcpy(row->epoch, epoch, 16);
	row->seq = (uint64_t)sqlite3_column_int64(s, 0);
	row->n = sqlite3_column_int64(s, 1);
	row->sent = sqlite3_column_type(s, 8) != SQLITE_NULL;
	row->body = sqlite3_column_blob(s, 7);
	row->body_len = (size_t)sqlite3_column_bytes(s, 7);
	row->erased = row->body == NULL && sqlite3_column_type(s, 7) == SQLITE_NULL;
	if (!column_is(s, 2, id, 16) || !column_is(s, 3, row->header, RECORD_HEADER)
	    || !column_is(s, 4, row->hw.bytes, 32) || !column_is(s, 5, row->hb.bytes, 32)
	    || !column_is(s, 6, row->link.bytes, 32)) {
		found(v, VERIFY_DAMAGED, "Record %llu of lane %u: a field has the wrong length.", SEQ(row->seq), v->lane);
		return false;
	}
	if (record_header_get(row->header, &row->head, &err) != ERR_OK) {
		found(v, VERIFY_HEADER, "Record %llu of lane %u: its header was changed (%s).", SEQ(row->seq), v->lane, err.msg);
		memset(&row->head, 0, sizeof(row->head));
		row->head.kind = RECORD_SEALED;
		memcpy(row->head.id, id, 16);
		row->head.lane = v->lane;
	} else if (memcmp(row->head.id, id, 16) != 0 || row->head.lane != v->lane) {
		found(v, VERIFY_HEADER, "Record %llu of lane %u: its header is that of another record.", SEQ(row->seq), v->lane);
	}
	chain_leaf(row->header, &row->hw, &row->hb, &row->leaf);
	return true;
}

static void
next_wrap(struct verifier *v)
{
	v->wraps_at = sqlite3_step(v->s[V_WRAPS]) == SQLITE_ROW ? sqlite3_column_int64(v->s[V_WRAPS], 0) : INT64_MAX;
}

static void
check_wraps(struct verifier *v, const struct row *row)
{
	sqlite3_stmt *s = v->s[V_WRAPS];
	uint8_t wraps[RECORD_RECIPIENTS * RECORD_WRAP] = { 0 };
	struct chain_hash hw;
	unsigned n = 0;

	if (!v->wraps_running || v->wraps_at != row->n) {
		sqlite3_reset(s);
		sqlite3_bind_int64(s, 1, row->n);
		v->wraps_running = true;
		next_wrap(v);
	}
	for (; v->wraps_at == row->n; n++) {
		if (n < RECORD_RECIPIENTS)
			column_is(s, 1, wraps + (size_t)n * RECORD_WRAP, RECORD_WRAP);
		next_wrap(v);
	}
	if (row->erased) {
		if (n > 0)
			found(v, VERIFY_REMAINS, "Record %llu of lane %u: erased, but %u of its sealed keys are still there.",
			    SEQ(row->seq), v->lane, n);
		return;
	}
	if (n <= RECORD_RECIPIENTS)
		chain_wraps(wraps, n, &hw);
	if (n > RECORD_RECIPIENTS || !chain_same(&hw, &row->hw))
		found(v, VERIFY_WRAP, "Record %llu of lane %u: its sealed keys are not the ones it was sealed with.",
		    SEQ(row->seq), v->lane);
}

static void
check_body(struct verifier *v, const struct row *row)
{
	struct chain_hash hb;

	if (row->erased) {
		meet(v, &v->erased, row);
		return;
	}
	if (row->head.kind == RECORD_WITHDRAWAL)
		meet(v, &v->withdrawn, row);
	chain_body(row->body, row->body_len, &hb);
	if (!chain_same(&hb, &row->hb))
		found(v, VERIFY_BODY, "Record %llu of lane %u: its body is not the one that was sealed.", SEQ(row->seq),
		    v->lane);
}

/* --- one epoch --- */

static bool
is_current(const struct verifier *v, const uint8_t epoch[16])
{
	return memcmp(epoch, v->now.epoch, 16) == 0;
}

/* The first record of an epoch opens it; what it says of the one before must agree with the signed head. */
static void
check_opening(struct verifier *v, const struct row *row)
{
	struct record_epoch e;
	struct record r = { .head = row->head, .nonce_body = row->body, .nonce_body_len = row->body_len,
		.erased = row->erased };
	struct chain_hash genesis, link;

	if (row->erased || row->head.kind != RECORD_EPOCH || row->body_len != RECORD_NONCE + RECORD_EPOCH_BODY
	    || record_epoch_get(&r, &e, NULL) != ERR_OK) {
		found(v, VERIFY_EPOCH, "Lane %u: an epoch does not begin with the record that opens it.", v->lane);
		return;
	}
	chain_genesis(row->head.device, row->epoch, v->lane, &genesis);
	chain_link(&genesis, 1, &row->leaf, &link);
	if (!chain_same(&link, &row->link))
		found(v, VERIFY_EPOCH, "Lane %u: the record that opens an epoch was changed, or belongs to another one.",
		    v->lane);
	if (v->has_head && memcmp(e.before, v->head_epoch, 16) == 0 && (e.seq < v->head_seq
	    || (e.seq == v->head_seq && !chain_same(&e.link, &v->head_link))))
		found(v, VERIFY_SIGNED, "Lane %u: an epoch was opened that denies records up to %llu, whose head was signed.",
		    v->lane, SEQ(v->head_seq));
}

/* ROW is the first that is kept of its epoch. */
static void
check_first(struct verifier *v, const struct row *row)
{
	struct chain_hash link;

	v->r->lane[v->lane].epochs++;
	if (row->seq == 1) {
		check_opening(v, row);
		return;
	}
	if (!is_current(v, row->epoch))
		return;		/* what was before was acknowledged and went, or moved into a later epoch */
	if (row->seq > v->now.acked_seq + 1) {
		found(v, VERIFY_START, "Lane %u: records %llu to %llu are missing, and the centre never acknowledged them.",
		    v->lane, SEQ(v->now.acked_seq + 1), SEQ(row->seq - 1));
	} else if (row->seq == v->now.acked_seq + 1) {
		chain_link(&v->now.acked_link, row->seq, &row->leaf, &link);
		if (!chain_same(&link, &row->link))
			found(v, VERIFY_LEAF, "Record %llu of lane %u: its header or hashes were changed, or the chain before it.",
			    SEQ(row->seq), v->lane);
	}
}

static void
check_next(struct verifier *v, const struct row *row)
{
	struct chain_hash link;

	if (row->seq != v->seq + 1) {
		/* In an older epoch only what the centre has may stay behind; the rest moved on. */
		if (is_current(v, row->epoch) || row->sent)
			found(v, VERIFY_GAP, "Lane %u: records %llu to %llu are missing between two that are here.", v->lane,
			    SEQ(v->seq + 1), SEQ(row->seq - 1));
		return;
	}
	chain_link(&v->link, row->seq, &row->leaf, &link);
	if (!chain_same(&link, &row->link))
		found(v, VERIFY_LEAF, "Record %llu of lane %u: its header or hashes were changed, or the chain before it.",
		    SEQ(row->seq), v->lane);
}

static void
check_row(struct verifier *v, const struct row *row)
{
	struct verify_lane *l = &v->r->lane[v->lane];

	l->records++;
	l->erased += row->erased;
	if (row->head.kind == RECORD_SEALED || row->erased)
		check_wraps(v, row);
	check_body(v, row);
	if (v->has_before && memcmp(v->epoch, row->epoch, 16) == 0)
		check_next(v, row);
	else
		check_first(v, row);
	if (is_current(v, row->epoch)) {
		l->unsent += !row->sent;
		if (row->sent && row->seq > v->now.acked_seq)
			found(v, VERIFY_SENT, "Record %llu of lane %u: marked as sent, but the centre acknowledged only up to %llu.",
			    SEQ(row->seq), v->lane, SEQ(v->now.acked_seq));
		if (row->seq == v->now.acked_seq && !chain_same(&row->link, &v->now.acked_link))
			found(v, VERIFY_SENT, "Lane %u: what the centre acknowledged at %llu is not the chain that is here.",
			    v->lane, SEQ(row->seq));
	}
	if (v->has_head && row->seq == v->head_seq && memcmp(row->epoch, v->head_epoch, 16) == 0) {
		v->head_met = true;
		if (!chain_same(&row->link, &v->head_link))
			found(v, VERIFY_SIGNED, "Lane %u: the chain was rewritten: record %llu is not the one whose head the device "
			    "signed.", v->lane, SEQ(row->seq));
	}
	v->has_before = true;
	memcpy(v->epoch, row->epoch, 16);
	v->seq = row->seq;
	v->link = row->link;
}

/* --- one lane --- */

static void
read_head(struct verifier *v)
{
	sqlite3_stmt *s = v->s[V_HEAD];
	struct outbox_lane l = { .head_seq = 0 };
	uint8_t bytes[OUTBOX_HEAD];

	v->has_head = v->head_met = false;
	sqlite3_bind_int64(s, 1, v->lane);
	if (sqlite3_step(s) == SQLITE_ROW && column_is(s, 0, v->head_epoch, 16) && column_is(s, 2, v->head_link.bytes, 32)
	    && column_is(s, 3, v->head_signature, 64)) {
		v->head_seq = (uint64_t)sqlite3_column_int64(s, 1);
		v->has_head = true;
	}
	sqlite3_reset(s);
	if (!v->has_head || !v->r->has_device_key)
		return;
	memcpy(l.epoch, v->head_epoch, 16);
	l.head_seq = v->head_seq;
	l.head_link = v->head_link;
	outbox_head_bytes(v->r->device, v->lane, &l, bytes);
	if (!seal_verify(v->sign_key, "head", bytes, sizeof(bytes), v->head_signature)) {
		found(v, VERIFY_SIGNATURE, "Lane %u: the signature of the head at %llu is not the device's.", v->lane,
		    SEQ(v->head_seq));
		v->has_head = false;
	} else if (is_current(v, v->head_epoch)) {
		v->r->lane[v->lane].has_signed_head = true;
		v->r->lane[v->lane].signed_seq = v->head_seq;
	}
}

/* What the lane row says against the last record of the current epoch. */
static void
check_end(struct verifier *v)
{
	const struct outbox_lane *l = &v->now;
	bool last_is_current = v->has_before && is_current(v, v->epoch);

	if (last_is_current && v->seq < l->head_seq)
		found(v, VERIFY_END, "Lane %u: the head is %llu, but the last record here is %llu: records were cut off.",
		    v->lane, SEQ(l->head_seq), SEQ(v->seq));
	else if (last_is_current && (v->seq > l->head_seq || !chain_same(&v->link, &l->head_link)))
		found(v, VERIFY_END, "Lane %u: the head is not the last record that is here.", v->lane);
	else if (!last_is_current && (l->head_seq != l->acked_seq || !chain_same(&l->head_link, &l->acked_link)))
		found(v, VERIFY_END, "Lane %u: the head is %llu, but none of its records is here, and the centre acknowledged "
		    "only %llu.", v->lane, SEQ(l->head_seq), SEQ(l->acked_seq));
	if (v->has_head && is_current(v, v->head_epoch) && v->head_seq > l->head_seq)
		found(v, VERIFY_SIGNED, "Lane %u: the device signed a head at %llu, but the chain ends at %llu: records were "
		    "cut off.", v->lane, SEQ(v->head_seq), SEQ(l->head_seq));
}

static void
check_receipt(struct verifier *v, const uint8_t epoch[16], uint64_t b, const uint8_t *bytes, size_t len)
{
	const struct keyring_key *key;

	if (len != RECEIPT || memcmp(bytes, "CRCP", 4) != 0 || bytes[5] != v->lane || memcmp(bytes + 24, epoch, 16) != 0
	    || be64(bytes + RECEIPT_B) != b) {
		found(v, VERIFY_RECEIPT, "Lane %u: the receipt kept for %llu is none, or for something else.", v->lane, SEQ(b));
		return;
	}
	if (is_current(v, epoch) && b == v->now.acked_seq && memcmp(bytes + RECEIPT_LINK, v->now.acked_link.bytes, 32) != 0)
		found(v, VERIFY_RECEIPT, "Lane %u: the receipt for %llu is for another chain than the one that is here.",
		    v->lane, SEQ(b));
	if (v->ring == NULL)
		return;
	key = keyring_find(v->ring, KEY_RECEIPT, bytes + RECEIPT_KEY);
	if (key == NULL || !seal_verify(key->public_, "receipt", bytes, RECEIPT_SIGNED, bytes + RECEIPT_SIGNED))
		found(v, VERIFY_RECEIPT, "Lane %u: the receipt for %llu is not signed by a receipt key of the ring.", v->lane,
		    SEQ(b));
}

static void
check_receipts(struct verifier *v)
{
	sqlite3_stmt *s = v->s[V_RECEIPTS];
	bool acked = v->now.acked_seq == 0;
	uint8_t epoch[16];

	sqlite3_bind_int64(s, 1, v->lane);
	while (sqlite3_step(s) == SQLITE_ROW) {
		uint64_t b = (uint64_t)sqlite3_column_int64(s, 1);

		if (!column_is(s, 0, epoch, 16))
			continue;
		acked |= is_current(v, epoch) && b >= v->now.acked_seq;
		check_receipt(v, epoch, b, sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2));
	}
	sqlite3_reset(s);
	if (!acked)
		found(v, VERIFY_SENT, "Lane %u: acknowledged up to %llu, but no receipt says so.", v->lane,
		    SEQ(v->now.acked_seq));
}

static void
check_epoch(struct verifier *v, const uint8_t epoch[16])
{
	sqlite3_stmt *s = v->s[V_RECORDS];
	int got;

	sqlite3_bind_int64(s, 1, v->lane);
	sqlite3_bind_blob(s, 2, epoch, 16, SQLITE_STATIC);
	while ((got = sqlite3_step(s)) == SQLITE_ROW) {
		struct row row;

		if (read_row(v, epoch, &row))
			check_row(v, &row);
		if (++v->done % 4096 == 0 && v->o->progress != NULL)
			v->o->progress(v->o->arg, v->done, v->total);
	}
	if (got != SQLITE_DONE)
		found(v, VERIFY_DAMAGED, "Lane %u: reading stopped after %llu records: %s.", v->lane,
		    SEQ(v->r->lane[v->lane].records), sqlite3_errmsg(v->ob->db));
	sqlite3_reset(s);
}

static enum err_code
check_lane(struct verifier *v, uint8_t lane, struct err *err)
{
	sqlite3_stmt *s = v->s[V_EPOCHS];
	struct verify_lane *l = &v->r->lane[lane];
	enum err_code rc = ob_lane(v->ob, lane, &v->now, err);
	uint8_t epoch[16];

	v->lane = lane;
	v->has_before = false;
	if (rc == ERR_ABSENT) {
		found(v, VERIFY_END, "Lane %u: there is no head.", lane);
		return ERR_OK;
	}
	if (rc != ERR_OK)
		return rc;
	l->head = v->now.head_seq;
	l->acked = v->now.acked_seq;
	read_head(v);
	sqlite3_bind_zeroblob(s, 1, 0);
	while (sqlite3_step(s) == SQLITE_ROW && column_is(s, 0, epoch, 16)) {
		sqlite3_reset(s);
		if (!is_current(v, epoch))
			check_epoch(v, epoch);
		sqlite3_bind_blob(s, 1, epoch, 16, SQLITE_STATIC);
	}
	sqlite3_reset(s);
	v->has_before = false;
	check_epoch(v, v->now.epoch);
	check_end(v);
	check_receipts(v);
	return ERR_OK;
}

/* --- the whole --- */

static int
by_tag(const void *a, const void *b)
{
	return memcmp(((const struct withdrawal *)a)->tag, ((const struct withdrawal *)b)->tag, 16);
}

static int
by_place(const void *a, const void *b)
{
	const struct withdrawal *x = a, *y = b;

	return x->lane != y->lane ? x->lane - y->lane : (x->seq > y->seq) - (x->seq < y->seq);
}

/* What is erased was withdrawn by a record that is here: which may stand in a later epoch, so they are compared
 * when all were met. */
static void
check_erased(struct verifier *v)
{
	const struct met *w = &v->withdrawn, *e = &v->erased;

	if (w->n > 0)
		qsort(w->one, w->n, sizeof(*w->one), by_tag);
	if (e->n > 0)
		qsort(e->one, e->n, sizeof(*e->one), by_place);
	for (size_t i = 0; i < e->n; i++)
		if (w->n == 0 || bsearch(&e->one[i], w->one, w->n, sizeof(*w->one), by_tag) == NULL)
			found(v, VERIFY_GONE, "Record %llu of lane %u: its content is gone, and nobody withdrew it.",
			    SEQ(e->one[i].seq), e->one[i].lane);
}

/* The device's public keys, left by enrolment in meta "device.sign" and "device.tls": they count only if their
 * hash is the device id, which every header carries. */
static enum err_code
load_device(struct verifier *v, struct err *err)
{
	struct buf sign, tls;
	uint8_t id[16];
	enum err_code rc = ob_device(v->ob, v->r->device, err);

	buf_init(&sign, 64);
	buf_init(&tls, 1024);
	if (rc == ERR_OK && outbox_meta(v->ob, "device.sign", &sign, err) == ERR_OK
	    && outbox_meta(v->ob, "device.tls", &tls, err) == ERR_OK && sign.len == 32) {
		chain_device_id(sign.data, tls.data, tls.len, id);
		v->r->has_device_key = memcmp(id, v->r->device, 16) == 0;
		memcpy(v->sign_key, sign.data, 32);
		if (!v->r->has_device_key)
			found(v, VERIFY_SIGNATURE, "The device keys in the file are not those of its device id.");
	}
	if (rc == ERR_OK && v->o->device != NULL && memcmp(v->o->device, v->r->device, 16) != 0)
		found(v, VERIFY_SIGNATURE, "The store is another device's than the one that was named.");
	buf_free(&sign);
	buf_free(&tls);
	return rc;
}

static enum err_code
load_ring(struct verifier *v, struct err *err)
{
	struct buf text;
	uint32_t serial;
	enum err_code rc;

	if (v->o->pin == NULL)
		return ERR_OK;
	buf_init(&text, KEYRING_MAX);
	rc = outbox_ring(v->ob, &serial, &text, err);
	if (rc == ERR_OK && keyring_read(buf_str(&text), text.len, v->o->pin, &v->ring, err) != ERR_OK)
		found(v, VERIFY_RECEIPT, "The key ring in the file is not to be trusted (%s).", err->msg);
	buf_free(&text);
	return rc == ERR_NOMEM ? rc : ERR_OK;
}

/* SQLite's own look at one table, or at the whole file (NULL), its free pages included. */
static void
quick_check(struct verifier *v, const char *table)
{
	sqlite3_stmt *s = NULL;
	char pragma[64];

	if (table == NULL)
		snprintf(pragma, sizeof(pragma), "PRAGMA quick_check(5)");
	else
		snprintf(pragma, sizeof(pragma), "PRAGMA quick_check('%s')", table);
	if (sqlite3_prepare_v2(v->ob->db, pragma, -1, &s, NULL) != SQLITE_OK)
		found(v, VERIFY_DAMAGED, "SQLite cannot check the file: %s.", sqlite3_errmsg(v->ob->db));
	while (s != NULL && sqlite3_step(s) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);

		if (text != NULL && strcmp(text, "ok") != 0)
			found(v, VERIFY_DAMAGED, "SQLite finds the file damaged: %s.", text);
	}
	sqlite3_finalize(s);
}

/* Before the records: what is read without a hash to hold it. The records' own pages need no check of SQLite's,
 * which costs as much as all hashing does: a byte that is read and is another than the one that was written breaks
 * a hash, a row that is not found leaves a gap. */
static void
check_small_tables(struct verifier *v)
{
	static const char *const tables[] = { "lane", "tag", "receipt", "signed_head", "slot", "ring", "bundle", "draft",
		"draft_wrap", "draft_line", "clock", "meta" };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		quick_check(v, tables[i]);
}

static void
count_all(struct verifier *v)
{
	if (sqlite3_step(v->s[V_TOTAL]) == SQLITE_ROW)
		v->total = (uint64_t)sqlite3_column_int64(v->s[V_TOTAL], 0);
	sqlite3_reset(v->s[V_TOTAL]);
}

/* After the records: all of them were met, and if anything at all is wrong, what SQLite has to say of it. */
static void
check_file(struct verifier *v)
{
	if (v->done != v->total)
		found(v, VERIFY_DAMAGED, "The file holds %llu records, but %llu stand in the chains.", SEQ(v->total),
		    SEQ(v->done));
	if (v->o->whole_file || v->r->findings > 0)
		quick_check(v, NULL);
}

enum err_code
verify_site(const char *path, const struct verify_options *o, struct verify_report *out, struct err *err)
{
	struct verifier v = { .o = o, .r = out };
	enum err_code rc = ahead_new(&v.ahead, err);

	memset(out, 0, sizeof(*out));
	if (rc == ERR_OK && !chain_works())
		rc = err_set(err, ERR_BROKEN, "libsodium does not hash as it must on this machine");
	if (rc == ERR_OK)
		rc = ob_open(path, OUTBOX_READ, ahead_name(v.ahead), &v.ob, err);
	if (rc == ERR_OK)
		rc = db_prepare(v.ob->db, sql, v.s, V_STMTS, err);
	/* One read transaction: the kiosk may go on writing meanwhile. A small cache, since each page is met once: it
	 * stays in the processor's. */
	if (rc == ERR_OK)
		rc = db_exec(v.ob->db, "PRAGMA cache_size = -512; BEGIN", err);
	if (rc == ERR_OK) {
		count_all(&v);
		ahead_begin(v.ahead);
		check_small_tables(&v);
		rc = load_device(&v, err);
	}
	if (rc == ERR_OK)
		rc = load_ring(&v, err);
	for (uint8_t lane = 0; lane < LANES && rc == ERR_OK; lane++)
		rc = check_lane(&v, lane, err);
	if (rc == ERR_OK && v.no_memory)
		rc = err_nomem(err);
	if (rc == ERR_OK) {
		check_erased(&v);
		check_file(&v);
	}
	if (rc == ERR_OK && o->progress != NULL)
		o->progress(o->arg, v.done, v.total);
	free(v.withdrawn.one);
	free(v.erased.one);
	keyring_free(v.ring);
	db_finalize(v.s, V_STMTS);
	outbox_close(v.ob);
	ahead_free(v.ahead);
	return rc;
}
