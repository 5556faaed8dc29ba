/* What somebody without the device key can do to records on their way, and what comes of it at the centre: in the batch
 * (between the device's signature and intake), and in site.db (before sync reads it). test_verify.c has the same for
 * `candour verify`. Intake sees of the chain its links only, so everything that changes a record and keeps its form has
 * one sentence there: the chain does not end where the device signed that it does. */
#include <fcntl.h>
#include <sqlite3.h>

#include "tests/sync/world.h"

static struct world w;
static struct box *a;

static void
setup(void)
{
	int fd = open("/dev/null", O_WRONLY);

	log_to(fd);
	world_init(&w, NULL);
	a = calloc(1, sizeof(*a));
	ck_assert_ptr_nonnull(a);
	box_init(a, &w, "a");
	box_give(a, 5);		/* 2 to 6 */
}

static void
teardown(void)
{
	box_free(a);
	free(a);
	world_free(&w);
}

/* --- in the batch ------------------------------------------------------------------------------- */

enum { RECORDS = 6 };

struct batch {
	struct batch_header h;
	uint8_t bytes[16384];
	size_t len;
	uint8_t *record[RECORDS];	/* wire form of each, in bytes */
	uint32_t record_len[RECORDS];
};

static void
batch_make(struct batch *x)
{
	struct outbox_span span = { .n = 0 };
	size_t at = BATCH_HEAD;

	memset(x, 0, sizeof(*x));
	must(outbox_read(a->outbox, 0, 1, 100, BATCH_BYTES, &span, &world_err));
	ck_assert_uint_eq(span.n, RECORDS);
	memcpy(x->h.device, a->id, 16);
	memcpy(x->h.epoch, span.epoch, 16);
	x->h.a = span.a;
	x->h.n = span.n;
	memcpy(x->h.prev, span.before.bytes, 32);
	memcpy(x->h.last, span.last.bytes, 32);
	x->h.body_len = (uint32_t)span.bytes.len;
	x->len = BATCH_HEAD + span.bytes.len;
	ck_assert_uint_le(x->len, sizeof(x->bytes));
	must(batch_head_make(&x->h, a->key, x->bytes, &world_err));
	memcpy(x->bytes + BATCH_HEAD, span.bytes.data, span.bytes.len);
	outbox_span_clear(&span);
	for (size_t i = 0; i < RECORDS; i++) {
		x->record_len[i] = be32(x->bytes + at);
		x->record[i] = x->bytes + at + 4;
		at += 4 + x->record_len[i];
	}
	ck_assert_uint_eq(at, x->len);
}

/* As devices.c does it on arrival: what is wrong with it, in words; NULL if nothing. */
static const char *
arrive(struct batch *x)
{
	struct intake_batch b = { .bytes = x->bytes, .len = x->len };
	enum err_code rc = batch_head_read(x->bytes, x->len, &b.h, &world_err);

	if (rc == ERR_OK && !batch_head_signed(x->bytes, x->len, seal_key_public(a->key)))
		return "the batch is not signed by this device's key";
	if (rc == ERR_OK)
		rc = intake_check(&b, &world_err);
	intake_clear(&b);
	return rc == ERR_OK ? NULL : world_err.msg;
}

static void
swap(uint8_t *p, uint8_t *q, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t was = p[i];

		p[i] = q[i];
		q[i] = was;
	}
}

enum { WRAPS = 1 + RECORD_HEADER, BODY = WRAPS + 2 * RECORD_WRAP };

static void swap_wraps(struct batch *x) { swap(x->record[2] + WRAPS, x->record[2] + WRAPS + RECORD_WRAP, RECORD_WRAP); }
static void swap_wrap_0(struct batch *x) { swap(x->record[2] + WRAPS, x->record[3] + WRAPS, RECORD_WRAP); }
static void swap_wrap_1(struct batch *x)
{
	swap(x->record[2] + WRAPS + RECORD_WRAP, x->record[3] + WRAPS + RECORD_WRAP, RECORD_WRAP);
}
static void swap_bodies(struct batch *x) { swap(x->record[2] + BODY, x->record[3] + BODY, x->record_len[2] - BODY); }
static void swap_records(struct batch *x) { swap(x->record[2], x->record[3], x->record_len[2]); }

/* Without the third record; the head's numbers are left as signed. */
static void
cut(struct batch *x)
{
	uint8_t *from = x->record[3] - 4;

	memmove(x->record[2] - 4, from, (size_t)(x->bytes + x->len - from));
	x->len -= 4 + x->record_len[2];
}

/* The same, and the head says so: as many records, bytes and the last link that fit, but the old signature. */
static void
cut_and_chain_anew(struct batch *x)
{
	struct chain_hash link;

	cut(x);
	memcpy(link.bytes, x->h.prev, 32);
	for (uint64_t i = 0; i < RECORDS - 1; i++) {
		const uint8_t *p = i < 2 ? x->record[i] : x->record[i + 1] - (4 + x->record_len[2]);
		struct record r;

		must(record_read(p, x->record_len[i], &r, &world_err));
		chain_link(&link, i + 1, &r.leaf, &link);
	}
	put_be32(x->bytes + 48, RECORDS - 1);
	put_be32(x->bytes + 176, (uint32_t)(x->len - BATCH_HEAD));
	memcpy(x->bytes + 84, link.bytes, 32);
}

/* A withdrawal that nobody with the words made. */
static void
forge_withdrawal(struct batch *x)
{
	struct sealed_record r;
	struct buf wire;
	uint8_t w_of_another[32] = { 1 };

	must(seal_withdrawal(a->id, w_of_another, &r, &world_err));
	memcpy(r.header + 64, x->record[2] + 1 + 64, 16);	/* the tag of record 3 */
	buf_init(&wire, RECORD_WIRE_MAX);
	sealed_record_put(&r, &wire);
	ck_assert_uint_lt(wire.len, x->record_len[2]);
	memcpy(x->record[2], wire.data, wire.len);
	memmove(x->record[2] + wire.len, x->record[3] - 4, (size_t)(x->bytes + x->len - (x->record[3] - 4)));
	put_be32(x->record[2] - 4, (uint32_t)wire.len);
	x->len -= x->record_len[2] - wire.len;
	put_be32(x->bytes + 176, (uint32_t)(x->len - BATCH_HEAD));
	/* Signed by the device: as if a subverted sync sent it. */
	must(batch_head_read(x->bytes, x->len, &x->h, &world_err));
	must(batch_head_make(&x->h, a->key, x->bytes, &world_err));
	buf_free(&wire);
	sealed_record_clear(&r);
}

static const struct { const char *what; void (*tamper)(struct batch *x); const char *words; } on_the_way[] = {
	{ "wraps of a record swapped", swap_wraps, "the chain of its records does not end at its last link" },
	{ "first wraps of two records", swap_wrap_0, "the chain of its records does not end at its last link" },
	{ "second wraps of two records", swap_wrap_1, "the chain of its records does not end at its last link" },
	{ "bodies of two records", swap_bodies, "the chain of its records does not end at its last link" },
	{ "two records", swap_records, "the chain of its records does not end at its last link" },
	{ "a record cut out", cut, "bytes after the head" },
	{ "a record cut out, chained anew", cut_and_chain_anew, "not signed by this device's key" },
	{ "a withdrawal without the words", forge_withdrawal, "the withdrawal does not hash to its tag" },
};

START_TEST(nothing_changed_on_the_way_is_taken)
{
	struct batch x;
	const char *why;

	batch_make(&x);
	ck_assert_ptr_null(arrive(&x));
	on_the_way[_i].tamper(&x);
	why = arrive(&x);
	ck_assert_msg(why != NULL && strstr(why, on_the_way[_i].words) != NULL, "%s: %s", on_the_way[_i].what, why);
}
END_TEST

/* One run for each record and byte of its header; each of the eight bits in turn. */
START_TEST(no_flipped_header_byte_is_taken)
{
	struct batch x;

	batch_make(&x);
	for (size_t i = 0; i < RECORDS; i++) {
		uint8_t *byte = x.record[i] + 1 + _i;
		const char *why;

		*byte ^= (uint8_t)(1u << (((size_t)_i + i) % 8));
		why = arrive(&x);
		ck_assert_msg(why != NULL && strlen(why) > 20, "record %zu, byte %d: %s", i + 1, _i, why);
		*byte ^= (uint8_t)(1u << (((size_t)_i + i) % 8));
	}
	ck_assert_ptr_null(arrive(&x));
}
END_TEST

/* --- in site.db --------------------------------------------------------------------------------- */

static void
sql(const char *text)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	ck_assert_int_eq(sqlite3_open(a->db, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF", NULL, NULL, NULL);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, "%s", why);
	sqlite3_free(why);
	sqlite3_close(db);
}

/* Chain lane 0 anew from sequence FROM, by somebody who knows the formats. */
static void
chain_anew(uint64_t from)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL, *u = NULL;
	struct chain_hash link, hw, hb, leaf;
	uint64_t seq = from;

	ck_assert_int_eq(sqlite3_open(a->db, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT link FROM record WHERE lane = 0 AND seq = ?", -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, (int64_t)from - 1);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	memcpy(link.bytes, sqlite3_column_blob(s, 0), 32);
	sqlite3_finalize(s);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT n, header, hw, hb FROM record WHERE lane = 0 AND seq >= ? ORDER BY seq", -1,
	    &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "UPDATE record SET seq = ?, link = ? WHERE n = ?", -1, &u, NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, (int64_t)from);
	while (sqlite3_step(s) == SQLITE_ROW) {
		memcpy(hw.bytes, sqlite3_column_blob(s, 2), 32);
		memcpy(hb.bytes, sqlite3_column_blob(s, 3), 32);
		chain_leaf(sqlite3_column_blob(s, 1), &hw, &hb, &leaf);
		chain_link(&link, seq, &leaf, &link);
		sqlite3_bind_int64(u, 1, (int64_t)seq++);
		sqlite3_bind_blob(u, 2, link.bytes, 32, SQLITE_TRANSIENT);
		sqlite3_bind_int64(u, 3, sqlite3_column_int64(s, 0));
		ck_assert_int_eq(sqlite3_step(u), SQLITE_DONE);
		sqlite3_reset(u);
	}
	sqlite3_finalize(s);
	sqlite3_finalize(u);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "UPDATE lane SET head_seq = ?, head_link = ? WHERE lane = 0", -1, &u, NULL),
	    SQLITE_OK);
	sqlite3_bind_int64(u, 1, (int64_t)seq - 1);
	sqlite3_bind_blob(u, 2, link.bytes, 32, SQLITE_TRANSIENT);
	ck_assert_int_eq(sqlite3_step(u), SQLITE_DONE);
	sqlite3_finalize(u);
	sqlite3_close(db);
}

/* As sync does each minute. */
static void
sign_head(void)
{
	struct outbox_lane l;
	uint8_t bytes[OUTBOX_HEAD], signature[64];

	must(outbox_head_agrees(a->outbox, 0, seal_key_public(a->key), &world_err));
	must(outbox_lane(a->outbox, 0, &l, &world_err));
	outbox_head_bytes(a->id, 0, &l, bytes);
	must(seal_sign(a->key, "head", bytes, sizeof(bytes), signature, &world_err));
	must(outbox_head_put(a->outbox, 0, &l, signature, &world_err));
}

static const struct in_store { const char *sql; uint64_t anew; bool forgets; const char *words; } in_store[] = {
	{ "DELETE FROM record WHERE lane = 0 AND seq = 4", 4, false, "records were cut off: this device signed a head at 6" },
	{ "DELETE FROM record WHERE lane = 0 AND seq = 6", 5, false, "records were cut off: this device signed a head at 6" },
	{ "UPDATE record SET nonce_body = zeroblob(length(nonce_body)), hb = x'"
	  "0000000000000000000000000000000000000000000000000000000000000000' WHERE lane = 0 AND seq = 4", 4, false,
	  "the chain was rewritten: record 6 is not the one" },
	{ "UPDATE signed_head SET seq = 5, link = (SELECT link FROM record WHERE lane = 0 AND seq = 5)", 0, true,
	  "the signature of the head at 5 is not this device's" },
	/* The row that says so is taken away, but sync still knows. */
	{ "DELETE FROM record WHERE lane = 0 AND seq = 6; DELETE FROM signed_head", 5, false, "records were cut off" },
	/* Not chained anew: the links are wrong before anything is signed. */
	{ "DELETE FROM record WHERE lane = 0 AND seq = 4", 0, false, "record 4 of lane 0 is not here" },
	{ "UPDATE record SET header = (SELECT header FROM record WHERE lane = 0 AND seq = 5) WHERE lane = 0 AND seq = 4", 0,
	  false, "the chain of its records does not end at its last link" },
	{ "CREATE TEMP TABLE t AS SELECT seq, nonce_body b FROM record WHERE lane = 0; UPDATE record SET nonce_body = "
	  "(SELECT b FROM t WHERE t.seq = 9 - record.seq) WHERE lane = 0 AND seq IN (4, 5)", 0, false,
	  "the chain of its records does not end at its last link" },
	{ "UPDATE wrap SET wrap = (SELECT wrap FROM wrap WHERE slot = 0 AND record_n = (SELECT n FROM record WHERE lane = 0 "
	  "AND seq = 5)) WHERE slot = 0 AND record_n = (SELECT n FROM record WHERE lane = 0 AND seq = 4)", 0, false,
	  "the chain of its records does not end at its last link" },
};

/* The device refuses to put its name to it, or the centre refuses it; in words, and nothing of it is kept. */
START_TEST(nothing_changed_in_the_store_is_delivered)
{
	const struct in_store *t = &in_store[_i];
	struct err why = { 0 };
	enum courier_result r;

	sign_head();
	if (t->forgets) {	/* sync was started again */
		box_close(a);
		box_open(a);
	}
	sql(t->sql);
	if (t->anew != 0)
		chain_anew(t->anew);
	r = courier_round(&a->courier, true, &why);
	ck_assert_msg(r == COURIER_REFUSED || r == COURIER_BROKEN, "%s: %s", courier_word(r), why.msg);
	ck_assert_msg(strstr(why.msg, t->words) != NULL, "wanted \"%s\": %s", t->words, why.msg);
	ck_assert_uint_eq(world_records(&w), 0);
}
END_TEST

/* An epoch that denies what was signed. */
START_TEST(an_epoch_that_forgets_is_not_delivered)
{
	struct err why = { 0 };

	sign_head();
	box_close(a);
	box_open(a);	/* sync was started again: only the file knows */
	sql("DELETE FROM record WHERE lane = 0 AND seq = 6");
	chain_anew(5);
	must(outbox_epoch(a->outbox, 0, EPOCH_FORK, &world_err));
	ck_assert_int_eq(courier_round(&a->courier, true, &why), COURIER_REFUSED);
	ck_assert_msg(strstr(why.msg, "denies records up to 6") != NULL, "%s", why.msg);
	ck_assert_uint_eq(world_records(&w), 0);
}
END_TEST

/* Honest lives go on: more answers, receipts, epochs, purges, each with a head signed before and after. */
START_TEST(an_honest_chain_agrees_with_its_signed_heads)
{
	sign_head();
	box_give(a, 3);
	sign_head();
	box_deliver(a);
	sign_head();
	must(outbox_epoch(a->outbox, 0, EPOCH_BEHIND, &world_err));
	must(outbox_head_agrees(a->outbox, 0, seal_key_public(a->key), &world_err));
	box_give(a, 3);
	sign_head();
	box_deliver(a);
	must(outbox_retain(a->outbox, w.now_ms / 86400000 + 100, 14, 60, &world_err));
	sign_head();
	box_close(a);
	box_open(a);
	must(outbox_head_agrees(a->outbox, 0, seal_key_public(a->key), &world_err));
	must(outbox_epoch(a->outbox, 0, EPOCH_CENTRE_RESTORED, &world_err));
	must(outbox_head_agrees(a->outbox, 0, seal_key_public(a->key), &world_err));
	box_give(a, 3);
	sign_head();
	box_deliver(a);
}
END_TEST

#define COUNT(x) (int)(sizeof(x) / sizeof((x)[0]))

static Suite *
suite(void)
{
	Suite *s = suite_create("tamper");
	TCase *t = tcase_create("tamper");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, nothing_changed_on_the_way_is_taken, 0, COUNT(on_the_way));
	tcase_add_loop_test(t, no_flipped_header_byte_is_taken, 0, RECORD_HEADER);
	tcase_add_loop_test(t, nothing_changed_in_the_store_is_delivered, 0, COUNT(in_store));
	tcase_add_test(t, an_epoch_that_forgets_is_not_delivered);
	tcase_add_test(t, an_honest_chain_agrees_with_its_signed_heads);
	return s;
}

TEST_MAIN(suite)
