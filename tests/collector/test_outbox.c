/* collector/outbox*.c: records go in once, come out in the order of the chain, are marked sent by receipts only,
 * move into new epochs with the same bytes, are erased by their words; concerns leave one a slot. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/file.h"
#include "tests/collector/site.h"

static struct outbox *ob;

static void
setup(void)
{
	make_folder();
	ck_ok(outbox_create(db_path, device_a, &err));
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
}

static void
teardown(void)
{
	outbox_close(ob);
	ob = NULL;
	drop_folder();
}

/* Check a span from outside: every record reads, links join, and compute the last link. */
static void
span_joins(const struct outbox_span *s)
{
	struct chain_hash link = s->before;
	const uint8_t *p = s->bytes.data;

	for (uint32_t i = 0; i < s->n; i++) {
		struct record r;

		ck_ok(record_read(p + 4, be32(p), &r, &err));
		chain_link(&link, s->a + i, &r.leaf, &link);
		p += 4 + be32(p);
	}
	ck_assert_ptr_eq(p, s->bytes.data + s->bytes.len);
	ck_assert(chain_same(&link, &s->last));
}

START_TEST(created_in_wal_mode_with_an_epoch_in_each_lane)
{
	struct outbox_span span;
	struct outbox_lane l;
	struct record r;
	struct record_epoch e;
	struct chain_hash genesis;
	struct stat st;
	uint8_t device[16];

	ck_assert_int_eq(stat(db_path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	ck_ok(outbox_device(ob, device, &err));
	ck_assert_mem_eq(device, device_a, 16);
	for (uint8_t lane = 0; lane < LANES; lane++) {
		ck_ok(outbox_lane(ob, lane, &l, &err));
		ck_assert_uint_eq(l.head_seq, 1);
		ck_assert_uint_eq(l.acked_seq, 0);
		ck_ok(outbox_read(ob, lane, 1, 100, 1 << 20, &span, &err));
		ck_assert_uint_eq(span.n, 1);
		chain_genesis(device_a, l.epoch, lane, &genesis);
		ck_assert(chain_same(&span.before, &genesis));
		span_joins(&span);
		ck_assert(chain_same(&span.last, &l.head_link));
		ck_ok(record_read(span.bytes.data + 4, span.bytes.len - 4, &r, &err));
		ck_ok(record_epoch_get(&r, &e, &err));
		ck_assert_int_eq(e.reason, EPOCH_CREATED);
		ck_assert_uint_eq(e.seq, 0);
		outbox_span_clear(&span);
	}
	ck_err(outbox_create(db_path, device_a, &err), ERR_EXISTS, "there already");
	ck_ok(outbox_check(ob, &err));
}
END_TEST

START_TEST(refuses_what_is_no_site_db)
{
	struct outbox *other = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/other", folder);
	ck_err(outbox_open(path, OUTBOX_SYNC, &other, &err), ERR_ABSENT, "No such file");
	ck_ok(file_write(path, "this is a letter, not a database file at all, and long enough", 60, 0600, &err));
	ck_err(outbox_open(path, OUTBOX_SYNC, &other, &err), ERR_INPUT, "not a database");
	ck_err(outbox_create(path, device_a, &err), ERR_INPUT, "not a database");
	ck_assert_ptr_null(other);
}
END_TEST

START_TEST(finishes_a_half_made_file)
{
	char path[128];
	struct outbox *other = NULL;

	snprintf(path, sizeof(path), "%s/half.db", folder);
	ck_ok(file_write(path, "", 0, 0660, &err));
	ck_ok(outbox_create(path, device_a, &err));
	ck_ok(outbox_open(path, OUTBOX_SYNC, &other, &err));
	ck_ok(outbox_check(other, &err));
	outbox_close(other);
}
END_TEST

START_TEST(kept_records_come_out_sealed_in_order_and_open)
{
	struct seal_key *k = test_key(KEY_RESPONSE, 1);
	struct outbox_span span;
	struct buf out;
	const uint8_t *p;

	for (int i = 0; i < 5; i++) {
		char text[32];

		snprintf(text, sizeof(text), "answer %d", i);
		keep_text(ob, text);
	}
	ck_ok(outbox_read(ob, LANE_ANSWERS, 2, 100, 1 << 20, &span, &err));
	ck_assert_uint_eq(span.n, 5);
	span_joins(&span);
	p = span.bytes.data;
	buf_init_secret(&out, 4096);
	for (int i = 0; i < 5; i++) {
		char text[32];
		struct record r;
		struct record_plain plain;

		snprintf(text, sizeof(text), "answer %d", i);
		ck_ok(record_read(p + 4, be32(p), &r, &err));
		buf_reset(&out);
		ck_ok(seal_open(k, &r, &out, &err));
		ck_ok(record_plain_get(out.data, out.len, &plain, &err));
		ck_assert_uint_eq(plain.len, strlen(text));
		ck_assert_mem_eq(plain.content, text, plain.len);
		p += 4 + be32(p);
	}
	outbox_span_clear(&span);
	buf_free(&out);
	seal_key_free(k);
	ck_ok(outbox_check(ob, &err));
}
END_TEST

START_TEST(a_record_counts_once)
{
	struct outbox_counts c;
	struct sealed_record r;
	bool has = false;

	seal_text(LANE_ANSWERS, NULL, "once", &r);
	ck_ok(outbox_has(ob, r.id, &has, &err));
	ck_assert(!has);
	ck_ok(outbox_put(ob, &r, 20000, &err));
	ck_err(outbox_put(ob, &r, 20000, &err), ERR_EXISTS, "kept already");
	ck_ok(outbox_has(ob, r.id, &has, &err));
	ck_assert(has);
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.kept, 1);
	ck_assert_uint_eq(c.waiting, 1);
	ck_assert_int_eq(c.oldest_day, 20000);
	ck_assert_int_eq(c.receipt_day, -1);
	r.header[8] ^= 1;
	ck_err(outbox_put(ob, &r, 20000, &err), ERR_INPUT, "another device");
	sealed_record_clear(&r);
}
END_TEST

/* A save that went well does not close and reopen the file, as a doubtful one does: the log stays the same one. */
START_TEST(a_save_is_one_commit_into_the_same_log)
{
	struct stat first, then;
	char wal[128];

	snprintf(wal, sizeof(wal), "%s-wal", db_path);
	keep_text(ob, "x");
	ck_assert_int_eq(stat(wal, &first), 0);
	keep_text(ob, "x");
	ck_assert_int_eq(stat(wal, &then), 0);
	ck_assert_uint_eq(first.st_ino, then.st_ino);
	ck_assert_int_gt(then.st_size, first.st_size);
}
END_TEST

START_TEST(spans_keep_their_limits)
{
	struct outbox_span span;

	for (int i = 0; i < 6; i++)
		keep_text(ob, "x");
	ck_ok(outbox_read(ob, LANE_ANSWERS, 1, 3, 1 << 20, &span, &err));
	ck_assert_uint_eq(span.n, 3);
	span_joins(&span);
	outbox_span_clear(&span);
	/* A sealed record of the smallest size is 841 bytes and 4 of length; two fit into 1700. */
	ck_ok(outbox_read(ob, LANE_ANSWERS, 2, 100, 1700, &span, &err));
	ck_assert_uint_eq(span.n, 2);
	ck_assert_uint_le(span.bytes.len, 1700);
	span_joins(&span);
	outbox_span_clear(&span);
	ck_ok(outbox_read(ob, LANE_ANSWERS, 2, 100, 10, &span, &err));
	ck_assert_uint_eq(span.n, 1);
	span_joins(&span);
	outbox_span_clear(&span);
	ck_ok(outbox_read(ob, LANE_ANSWERS, 8, 100, 1700, &span, &err));
	ck_assert_uint_eq(span.n, 0);
	outbox_span_clear(&span);
	ck_err(outbox_read(ob, LANE_ANSWERS, 9, 100, 1700, &span, &err), ERR_INPUT, "has no record 9");
}
END_TEST

START_TEST(only_a_receipt_for_our_own_chain_marks_rows_sent)
{
	struct outbox_lane l;
	struct outbox_counts c;
	struct chain_hash link, wrong = { { 1 } };
	uint8_t epoch[16] = { 2 };
	struct buf got;

	for (int i = 0; i < 4; i++)
		keep_text(ob, "x");
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_ok(outbox_link(ob, LANE_ANSWERS, 3, &link, &err));
	ck_err(outbox_receipt(ob, 0, l.epoch, 3, &wrong, "r", 1, 20001, &err), ERR_INPUT, "another chain");
	ck_err(outbox_receipt(ob, 0, epoch, 3, &link, "r", 1, 20001, &err), ERR_INPUT, "another epoch");
	ck_err(outbox_receipt(ob, 0, l.epoch, 6, &link, "r", 1, 20001, &err), ERR_INPUT, "do not have");
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.waiting, 4);
	ck_ok(outbox_receipt(ob, 0, l.epoch, 3, &link, "receipt", 7, 20001, &err));
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.waiting, 2);
	ck_assert_int_eq(c.receipt_day, 20001);
	ck_err(outbox_receipt(ob, 0, l.epoch, 3, &link, "r", 1, 20001, &err), ERR_EXISTS, "already");
	ck_err(outbox_receipt(ob, 0, l.epoch, 2, &link, "r", 1, 20001, &err), ERR_EXISTS, "already");
	buf_init(&got, 100);
	ck_ok(outbox_receipt_last(ob, 0, &got, &err));
	ck_assert_str_eq(buf_str(&got), "receipt");
	buf_free(&got);
	ck_ok(outbox_receipt(ob, 0, l.epoch, 5, &l.head_link, "r", 1, 20001, &err));
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.waiting, 0);
	ck_assert_int_eq(c.oldest_day, -1);
	ck_ok(outbox_check(ob, &err));
}
END_TEST

/* At its start the kiosk refuses a store whose unsent records do not hold together, and says what is wrong. */
START_TEST(a_store_that_does_not_hold_together_is_refused_in_words)
{
	static const struct { const char *sql, *words; } cases[] = {
		{ "UPDATE record SET nonce_body = zeroblob(length(nonce_body)) WHERE lane = 0 AND seq = 2", "records 1 to 3 of lane 0 do not hash" },
		{ "UPDATE record SET header = CAST(substr(header, 1, 41) || x'01' || substr(header, 43) AS BLOB) WHERE lane = 0 "
		    "AND seq = 3", "reserved bytes are not zero" },
		{ "UPDATE lane SET head_link = zeroblob(32) WHERE lane = 0", "the head of lane 0 is not the link" },
		{ "DELETE FROM lane WHERE lane = 1", "lane 1 has no head" },
	};
	sqlite3 *db = NULL;

	keep_text(ob, "<one/>");
	keep_text(ob, "<two/>");
	ck_ok(outbox_check(ob, &err));
	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, cases[_i].sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	err.msg[0] = '\0';
	ck_err(outbox_check(ob, &err), ERR_BROKEN, cases[_i].words);
}
END_TEST

/* Left by a try that failed between making the file and giving it its mode: another process could not open it. */
START_TEST(a_file_of_an_earlier_try_gets_its_mode)
{
	char path[100];
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/other.db", folder);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_ok(outbox_create(path, device_a, &err));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
}
END_TEST

START_TEST(new_epoch_holds_the_same_unsent_bytes)
{
	struct outbox_span before, after;
	struct outbox_lane l, fresh;
	struct chain_hash link;
	struct record_epoch e;
	struct record r;
	size_t first;

	for (int i = 0; i < 4; i++)
		keep_text(ob, "x");
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_ok(outbox_link(ob, LANE_ANSWERS, 3, &link, &err));
	ck_ok(outbox_receipt(ob, 0, l.epoch, 3, &link, "r", 1, 20001, &err));
	ck_ok(outbox_read(ob, LANE_ANSWERS, 4, 100, 1 << 20, &before, &err));
	ck_ok(outbox_epoch(ob, LANE_ANSWERS, EPOCH_FORK, &err));
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &fresh, &err));
	ck_assert_uint_eq(fresh.head_seq, 3);
	ck_assert_uint_eq(fresh.acked_seq, 0);
	ck_assert_mem_ne(fresh.epoch, l.epoch, 16);
	ck_ok(outbox_read(ob, LANE_ANSWERS, 1, 100, 1 << 20, &after, &err));
	ck_assert_uint_eq(after.n, 3);
	span_joins(&after);
	ck_ok(record_read(after.bytes.data + 4, be32(after.bytes.data), &r, &err));
	ck_ok(record_epoch_get(&r, &e, &err));
	ck_assert_mem_eq(e.before, l.epoch, 16);
	ck_assert_uint_eq(e.seq, 5);
	ck_assert(chain_same(&e.link, &l.head_link));
	ck_assert_int_eq(e.reason, EPOCH_FORK);
	first = 4 + be32(after.bytes.data);
	ck_assert_uint_eq(after.bytes.len - first, before.bytes.len);
	ck_assert_mem_eq(after.bytes.data + first, before.bytes.data, before.bytes.len);
	outbox_span_clear(&before);
	outbox_span_clear(&after);
	/* What was sent belongs to the old epoch; a restored centre gets everything that is kept. */
	ck_ok(outbox_epoch(ob, LANE_ANSWERS, EPOCH_CENTRE_RESTORED, &err));
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &fresh, &err));
	ck_assert_uint_eq(fresh.head_seq, 5);
	ck_ok(outbox_check(ob, &err));
}
END_TEST

START_TEST(rewind_after_the_centre_was_restored)
{
	struct outbox_lane l;
	struct outbox_counts c;
	struct chain_hash link;

	for (int i = 0; i < 4; i++)
		keep_text(ob, "x");
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_ok(outbox_receipt(ob, 0, l.epoch, 5, &l.head_link, "r", 1, 20001, &err));
	ck_ok(outbox_link(ob, LANE_ANSWERS, 2, &link, &err));
	ck_err(outbox_rewind(ob, 0, 2, &l.head_link, &err), ERR_INPUT, "another than ours");
	ck_ok(outbox_rewind(ob, 0, 2, &link, &err));
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.waiting, 3);
	ck_ok(outbox_check(ob, &err));
	ck_ok(outbox_receipt(ob, 0, l.epoch, 5, &l.head_link, "r", 1, 20001, &err));
	ck_ok(outbox_retain(ob, 20100, 14, 60, &err));
	ck_err(outbox_rewind(ob, 0, 2, &link, &err), ERR_ABSENT, "not there");
}
END_TEST

START_TEST(rows_go_after_their_receipt_and_never_before)
{
	struct outbox_lane l, after;
	struct outbox_counts c;

	for (int i = 0; i < 3; i++)
		keep_text(ob, "x");
	ck_ok(outbox_retain(ob, 30000, 14, 60, &err));
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.kept, 3);
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_ok(outbox_receipt(ob, 0, l.epoch, 4, &l.head_link, "r", 1, 20001, &err));
	keep_text(ob, "later");
	ck_ok(outbox_retain(ob, 20014, 14, 60, &err));
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.kept, 4);
	ck_ok(outbox_retain(ob, 20015, 14, 60, &err));
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.kept, 1);
	ck_assert_uint_eq(c.waiting, 1);
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &after, &err));
	ck_assert_uint_eq(after.head_seq, 5);
	ck_ok(outbox_check(ob, &err));
}
END_TEST

START_TEST(words_erase_the_answer_and_the_chain_still_verifies)
{
	static const uint16_t words[4] = { 10, 20, 30, 40 };
	struct seal_key *k = test_key(KEY_RESPONSE, 1);
	struct outbox_counts c;
	struct outbox_lane l;
	struct outbox_span span;
	struct sealed_record s;
	struct record r;
	struct buf out;
	uint8_t w[32], wrong[32] = { 1 }, tag[16];
	const uint8_t *p;
	int64_t before, after;

	ck_ok(seal_withdraw(device_a, words, w, &err));
	chain_withdraw_tag(w, tag);
	keep_text(ob, "stays");
	seal_text(LANE_ANSWERS, tag, "goes", &s);
	ck_ok(outbox_put(ob, &s, 20000, &err));
	sealed_record_clear(&s);
	ck_ok(outbox_version(ob, &before, &err));
	ck_err(outbox_withdraw(ob, wrong, &err), ERR_ABSENT, "no answer");
	ck_ok(outbox_version(ob, &after, &err));
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_assert_uint_eq(l.head_seq, 3);
	ck_ok(outbox_withdraw(ob, w, &err));
	ck_ok(outbox_check(ob, &err));
	ck_ok(outbox_read(ob, LANE_ANSWERS, 3, 100, 1 << 20, &span, &err));
	ck_assert_uint_eq(span.n, 2);
	span_joins(&span);
	p = span.bytes.data;
	ck_ok(record_read(p + 4, be32(p), &r, &err));
	ck_assert(r.erased);
	buf_init_secret(&out, 4096);
	ck_err(seal_open(k, &r, &out, &err), ERR_ABSENT, "erased");
	p += 4 + be32(p);
	ck_ok(record_read(p + 4, be32(p), &r, &err));
	ck_assert_int_eq(r.head.kind, RECORD_WITHDRAWAL);
	ck_assert_mem_eq(r.head.tag, tag, 16);
	outbox_span_clear(&span);
	ck_err(outbox_withdraw(ob, w, &err), ERR_ABSENT, "no answer");
	ck_ok(outbox_counts(ob, &c, &err));
	ck_assert_uint_eq(c.waiting, 2);
	buf_free(&out);
	seal_key_free(k);
}
END_TEST

START_TEST(words_work_after_the_record_has_gone)
{
	static const uint16_t words[4] = { 10, 20, 30, 40 };
	struct outbox_lane l;
	struct sealed_record s;
	uint8_t w[32], tag[16];

	ck_ok(seal_withdraw(device_a, words, w, &err));
	chain_withdraw_tag(w, tag);
	seal_text(LANE_ANSWERS, tag, "goes", &s);
	ck_ok(outbox_put(ob, &s, 20000, &err));
	sealed_record_clear(&s);
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_ok(outbox_receipt(ob, 0, l.epoch, 2, &l.head_link, "r", 1, 20000, &err));
	ck_ok(outbox_retain(ob, 20030, 14, 60, &err));
	ck_ok(outbox_withdraw(ob, w, &err));
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_assert_uint_eq(l.head_seq, 3);
	ck_ok(outbox_check(ob, &err));
}
END_TEST

START_TEST(words_end_after_their_days)
{
	uint8_t w[32] = { 5 }, tag[16];
	struct sealed_record s;

	chain_withdraw_tag(w, tag);
	seal_text(LANE_ANSWERS, tag, "x", &s);
	ck_ok(outbox_put(ob, &s, 20000, &err));
	sealed_record_clear(&s);
	ck_ok(outbox_retain(ob, 20060, 14, 60, &err));
	ck_err(outbox_withdraw(ob, w, &err), ERR_ABSENT, "no answer");
}
END_TEST

/* A box that was not sure of the day when it gave the words, or believed in one five years ahead, counts from the first
 * day that it knows: people have their days in full. */
START_TEST(words_given_under_a_wrong_clock_last_their_days)
{
	static const int64_t given_on[] = { 0, -15000, -25000, 20000 + 5 * 365 };
	struct outbox_counts counts;
	struct sealed_record s;
	uint8_t w[32] = { 6 }, tag[16];

	chain_withdraw_tag(w, tag);
	for (int round = 0; round < 2; round++) {
		seal_text(LANE_ANSWERS, tag, "x", &s);
		ck_ok(outbox_put(ob, &s, given_on[_i], &err));
		sealed_record_clear(&s);
		ck_ok(outbox_counts(ob, &counts, &err));
		ck_assert_int_eq(counts.oldest_day, given_on[_i] < 0 ? -given_on[_i] : given_on[_i]);
		ck_ok(outbox_retain(ob, 20000, 14, 60, &err));
		ck_ok(outbox_retain(ob, 20059, 14, 60, &err));
		if (round == 0) {
			ck_ok(outbox_withdraw(ob, w, &err));
		} else {
			ck_ok(outbox_retain(ob, 20119, 14, 60, &err));
			ck_err(outbox_withdraw(ob, w, &err), ERR_ABSENT, "no answer");
		}
	}
}
END_TEST

/* A receipt of a centre whose clock was years ahead keeps its rows no longer than others, from the next night on. */
START_TEST(a_receipt_from_the_future_ages_too)
{
	struct outbox_counts counts;
	struct outbox_lane l;
	struct sealed_record s;

	seal_text(LANE_ANSWERS, NULL, "x", &s);
	ck_ok(outbox_put(ob, &s, 20000, &err));
	sealed_record_clear(&s);
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_ok(outbox_receipt(ob, 0, l.epoch, 2, &l.head_link, "r", 1, 22000, &err));
	ck_ok(outbox_retain(ob, 20001, 14, 60, &err));
	ck_ok(outbox_retain(ob, 20014, 14, 60, &err));
	ck_ok(outbox_counts(ob, &counts, &err));
	ck_assert_uint_eq(counts.kept, 1);
	ck_ok(outbox_retain(ob, 20015, 14, 60, &err));
	ck_ok(outbox_counts(ob, &counts, &err));
	ck_assert_uint_eq(counts.kept, 0);
}
END_TEST

/* --- slots --- */

static struct seal_key *concern_key;
static struct seal_recipient concern_to;

static struct outbox_slots
slots(void)
{
	struct outbox_slots s = { .n = 1, .slot_ms = 1000, .day = 20000 };

	if (concern_key == NULL)
		concern_key = test_key(KEY_CONCERN, 1);
	concern_to = recipient(concern_key);
	s.to = &concern_to;
	return s;
}

/* How many records of lane 1 are chained after the epoch's, and how many of them are real (open as type 1). */
static void
lane1(uint64_t *chained, unsigned *real)
{
	struct outbox_lane l;
	struct outbox_span span;

	ck_ok(outbox_lane(ob, LANE_CONCERNS, &l, &err));
	*chained = l.head_seq - 1;
	*real = 0;
	for (uint64_t seq = 2; seq <= l.head_seq; seq++) {
		struct record r;
		struct record_plain p;
		struct buf out;

		ck_ok(outbox_read(ob, LANE_CONCERNS, seq, 1, 0, &span, &err));
		ck_ok(record_read(span.bytes.data + 4, be32(span.bytes.data), &r, &err));
		ck_assert_uint_eq(r.head.body_len, 16384 + 16);
		buf_init_secret(&out, 20000);
		ck_ok(seal_open(concern_key, &r, &out, &err));
		ck_ok(record_plain_get(out.data, out.len, &p, &err));
		*real += p.type == PLAIN_INSTANCE;
		buf_free(&out);
		outbox_span_clear(&span);
	}
}

static void
concern(const char *text, const struct outbox_slots *s)
{
	struct sealed_record r;

	seal_text(LANE_CONCERNS, NULL, text, &r);
	ck_ok(outbox_put_concern(ob, &r, s, &err));
	sealed_record_clear(&r);
}

START_TEST(each_slot_chains_one_record_concern_or_not)
{
	struct outbox_slots s = slots();
	uint64_t chained;
	unsigned real;

	ck_ok(outbox_slots_start(ob, &s, 0, &err));
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 0);
	ck_ok(outbox_slots_tick(ob, &s, 999, &err));
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 0);
	ck_ok(outbox_slots_tick(ob, &s, 3000, &err));
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 3);
	ck_assert_uint_eq(real, 0);
	concern("one", &s);
	concern("two", &s);
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 3);
	ck_ok(outbox_slots_tick(ob, &s, 4000, &err));
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 4);
	ck_assert_uint_eq(real, 1);
	ck_ok(outbox_slots_tick(ob, &s, 6000, &err));
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 6);
	ck_assert_uint_eq(real, 2);
	ck_ok(outbox_check(ob, &err));
	seal_key_free(concern_key);
	concern_key = NULL;
}
END_TEST

START_TEST(a_concern_survives_a_restart_and_a_fifth_is_not_turned_away)
{
	struct outbox_slots s = slots();
	uint64_t chained;
	unsigned real;

	ck_ok(outbox_slots_start(ob, &s, 0, &err));
	for (int i = 0; i < 5; i++)
		concern("x", &s);
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 1);
	ck_assert_uint_eq(real, 1);
	outbox_close(ob);
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
	ck_ok(outbox_slots_start(ob, &s, 0, &err));
	lane1(&chained, &real);
	ck_assert_uint_eq(chained, 5);
	ck_assert_uint_eq(real, 5);
	ck_ok(outbox_check(ob, &err));
	seal_key_free(concern_key);
	concern_key = NULL;
}
END_TEST

/* As after a commit that seemed to fail: what stands in the slot is in the chain already. */
START_TEST(a_concern_chained_already_does_not_stop_the_slots)
{
	struct outbox_slots s = slots();
	struct sealed_record r;
	uint64_t chained;
	unsigned real;

	ck_ok(outbox_slots_start(ob, &s, 0, &err));
	seal_text(LANE_CONCERNS, NULL, "x", &r);
	ck_ok(outbox_put_concern(ob, &r, &s, &err));
	ck_ok(outbox_put_concern(ob, &r, &s, &err));
	sealed_record_clear(&r);
	ck_ok(outbox_slots_tick(ob, &s, 3000, &err));
	lane1(&chained, &real);
	ck_assert_uint_eq(real, 1);
	ck_ok(outbox_check(ob, &err));
	seal_key_free(concern_key);
	concern_key = NULL;
}
END_TEST

/* --- the small things --- */

START_TEST(rings_bundles_clock_and_meta_come_back_and_never_go_back)
{
	uint8_t target[16] = { 0 }, boot[16] = { 4 }, quality = 0;
	uint32_t serial = 0;
	int64_t offset = 0;
	struct buf b;

	buf_init(&b, 1000);
	ck_err(outbox_ring(ob, &serial, &b, &err), ERR_ABSENT, "not there");
	ck_ok(outbox_ring_put(ob, 3, "ring3", 5, &err));
	ck_err(outbox_ring_put(ob, 3, "ringX", 5, &err), ERR_EXISTS, "already");
	ck_err(outbox_ring_put(ob, 2, "ring2", 5, &err), ERR_EXISTS, "already");
	ck_ok(outbox_ring(ob, &serial, &b, &err));
	ck_assert_uint_eq(serial, 3);
	ck_assert_str_eq(buf_str(&b), "ring3");
	buf_reset(&b);
	ck_err(outbox_bundle_previous(ob, 1, target, &b, &err), ERR_ABSENT, "not there");
	ck_ok(outbox_bundle_put(ob, 1, target, 1, "one", 3, &err));
	ck_err(outbox_bundle_previous(ob, 1, target, &b, &err), ERR_ABSENT, "not there");
	ck_ok(outbox_bundle_put(ob, 1, target, 2, "two", 3, &err));
	ck_err(outbox_bundle_put(ob, 1, target, 2, "two", 3, &err), ERR_EXISTS, "already");
	ck_ok(outbox_bundle(ob, 1, target, &serial, &b, &err));
	ck_assert_uint_eq(serial, 2);
	ck_assert_str_eq(buf_str(&b), "two");
	buf_reset(&b);
	ck_ok(outbox_bundle_previous(ob, 1, target, &b, &err));
	ck_assert_str_eq(buf_str(&b), "one");
	buf_reset(&b);
	ck_err(outbox_clock(ob, boot, &offset, &quality, &err), ERR_ABSENT, "not there");
	/* As versions before kept it, how far the clock was off: nobody vouches for that. */
	ck_ok(outbox_clock_put(ob, boot, -77, 2, &err));
	ck_err(outbox_clock(ob, boot, &offset, &quality, &err), ERR_ABSENT, "not known");
	ck_ok(outbox_clock_put(ob, boot, 1760000077, 2, &err));
	ck_ok(outbox_clock(ob, boot, &offset, &quality, &err));
	ck_assert_int_eq(offset, 1760000077);
	ck_assert_int_eq(quality, 2);
	ck_ok(outbox_meta_put(ob, "staff.pin", "hash", 4, &err));
	ck_ok(outbox_meta(ob, "staff.pin", &b, &err));
	ck_assert_str_eq(buf_str(&b), "hash");
	ck_ok(outbox_meta_put(ob, "staff.pin", NULL, 0, &err));
	ck_err(outbox_meta(ob, "staff.pin", &b, &err), ERR_ABSENT, "not there");
	ck_err(outbox_meta_put(ob, "device", "x", 1, &err), ERR_INPUT, "outbox_set_device");
	buf_free(&b);
}
END_TEST

START_TEST(two_processes_meet_in_one_file)
{
	struct outbox *sync = NULL;
	struct outbox_lane l;
	int64_t v1, v2;

	ck_ok(outbox_open(db_path, OUTBOX_SYNC, &sync, &err));
	ck_ok(outbox_version(sync, &v1, &err));
	keep_text(ob, "x");
	ck_ok(outbox_version(sync, &v2, &err));
	ck_assert_int_ne(v1, v2);
	ck_ok(outbox_lane(sync, LANE_ANSWERS, &l, &err));
	ck_assert_uint_eq(l.head_seq, 2);
	ck_ok(outbox_receipt(sync, 0, l.epoch, 2, &l.head_link, "r", 1, 20001, &err));
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_assert_uint_eq(l.acked_seq, 2);
	outbox_close(sync);
}
END_TEST

START_TEST(new_device_keys_open_new_epochs_and_keep_old_records)
{
	static const uint8_t device_b[16] = "device-b-------";
	struct outbox_lane l;
	struct outbox_span span;
	struct chain_hash genesis;
	struct record r;

	keep_text(ob, "x");
	ck_ok(outbox_set_device(ob, device_b, &err));
	ck_ok(outbox_lane(ob, LANE_ANSWERS, &l, &err));
	ck_assert_uint_eq(l.head_seq, 2);
	ck_ok(outbox_read(ob, LANE_ANSWERS, 1, 100, 1 << 20, &span, &err));
	chain_genesis(device_b, l.epoch, 0, &genesis);
	ck_assert(chain_same(&span.before, &genesis));
	span_joins(&span);
	ck_ok(record_read(span.bytes.data + 8 + be32(span.bytes.data), span.bytes.len - 8 - be32(span.bytes.data), &r, &err));
	ck_assert_mem_eq(r.head.device, device_a, 16);
	outbox_span_clear(&span);
	ck_ok(outbox_check(ob, &err));
}
END_TEST

/* The words were given before the keys were lost: they still lead to the answer, and the centre, which has it under the old
 * id, gets a withdrawal of the old id. */
START_TEST(words_outlive_the_device_keys)
{
	static const uint8_t device_b[16] = "device-b-------";
	const uint16_t four[4] = { 7, 8, 9, 10 };
	uint8_t secret[32], tag[16], devices[OUTBOX_DEVICES][16];
	struct sealed_record r;
	struct record back;
	struct outbox_span span = { .n = 0 };
	size_t n = 0;

	ck_ok(seal_withdraw(device_a, four, secret, &err));
	chain_withdraw_tag(secret, tag);
	seal_text(LANE_ANSWERS, tag, "x", &r);
	ck_ok(outbox_put(ob, &r, 20000, &err));
	sealed_record_clear(&r);
	ck_ok(outbox_devices(ob, devices, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_ok(outbox_meta_put(ob, "device.before", device_a, 16, &err));
	ck_ok(outbox_set_device(ob, device_b, &err));
	ck_ok(outbox_devices(ob, devices, &n, &err));
	ck_assert_uint_eq(n, 2);
	ck_assert_mem_eq(devices[0], device_b, 16);
	ck_assert_mem_eq(devices[1], device_a, 16);
	ck_ok(seal_withdraw(device_b, four, secret, &err));
	ck_err(outbox_withdraw_of(ob, device_b, secret, &err), ERR_ABSENT, "no answer");
	ck_ok(seal_withdraw(device_a, four, secret, &err));
	ck_ok(outbox_withdraw_of(ob, device_a, secret, &err));
	/* opening, the erased answer, the withdrawal */
	ck_ok(outbox_read(ob, LANE_ANSWERS, 3, 100, 1 << 20, &span, &err));
	ck_assert_uint_eq(span.n, 1);
	ck_ok(record_read(span.bytes.data + 4, span.bytes.len - 4, &back, &err));
	ck_assert_int_eq(back.head.kind, RECORD_WITHDRAWAL);
	ck_assert_mem_eq(back.head.device, device_a, 16);
	ck_assert_mem_eq(back.head.tag, tag, 16);
	outbox_span_clear(&span);
	ck_ok(outbox_check(ob, &err));
}
END_TEST

/* Marks of a real disk, put above what it has: full; then under it: not full. */
START_TEST(low_room_is_full_until_there_is_enough_again)
{
	char ballast[128];
	struct outbox_space s = { .ballast_path = ballast, .ballast = 65536 };
	struct stat st;
	int64_t room = 0;
	bool full = true;

	snprintf(ballast, sizeof(ballast), "%s/site.ballast", folder);
	ck_ok(outbox_space(ob, &s, &full, &room, &err));
	ck_assert(!full);
	ck_assert_int_eq(stat(ballast, &st), 0);
	ck_assert_int_eq(st.st_size, 65536);
	s.low = room + (INT64_C(1) << 40);
	s.resume = s.low + 1;
	ck_ok(outbox_space(ob, &s, &full, &room, &err));
	ck_assert(full);
	ck_assert_int_eq(stat(ballast, &st), -1);
	s.low = 1;
	ck_ok(outbox_space(ob, &s, &full, &room, &err));
	ck_assert(full);	/* between the marks: stays full */
	s.resume = 2;
	ck_ok(outbox_space(ob, &s, &full, &room, &err));
	ck_assert(!full);
	ck_assert_int_eq(stat(ballast, &st), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("outbox");
	TCase *t = tcase_create("outbox");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, created_in_wal_mode_with_an_epoch_in_each_lane);
	tcase_add_test(t, refuses_what_is_no_site_db);
	tcase_add_test(t, finishes_a_half_made_file);
	tcase_add_test(t, kept_records_come_out_sealed_in_order_and_open);
	tcase_add_test(t, a_record_counts_once);
	tcase_add_test(t, a_save_is_one_commit_into_the_same_log);
	tcase_add_test(t, spans_keep_their_limits);
	tcase_add_test(t, only_a_receipt_for_our_own_chain_marks_rows_sent);
	tcase_add_loop_test(t, a_store_that_does_not_hold_together_is_refused_in_words, 0, 4);
	tcase_add_test(t, a_file_of_an_earlier_try_gets_its_mode);
	tcase_add_test(t, new_epoch_holds_the_same_unsent_bytes);
	tcase_add_test(t, rewind_after_the_centre_was_restored);
	tcase_add_test(t, rows_go_after_their_receipt_and_never_before);
	tcase_add_test(t, words_erase_the_answer_and_the_chain_still_verifies);
	tcase_add_test(t, words_work_after_the_record_has_gone);
	tcase_add_test(t, words_end_after_their_days);
	tcase_add_test(t, a_receipt_from_the_future_ages_too);
	tcase_add_loop_test(t, words_given_under_a_wrong_clock_last_their_days, 0, 4);
	tcase_add_test(t, each_slot_chains_one_record_concern_or_not);
	tcase_add_test(t, a_concern_survives_a_restart_and_a_fifth_is_not_turned_away);
	tcase_add_test(t, a_concern_chained_already_does_not_stop_the_slots);
	tcase_add_test(t, rings_bundles_clock_and_meta_come_back_and_never_go_back);
	tcase_add_test(t, two_processes_meet_in_one_file);
	tcase_add_test(t, new_device_keys_open_new_epochs_and_keep_old_records);
	tcase_add_test(t, words_outlive_the_device_keys);
	tcase_add_test(t, low_room_is_full_until_there_is_enough_again);
	return s;
}

TEST_MAIN(suite)
