/* collector/verify_store.c: each way of tampering with a site.db, done with plain SQL by somebody without the
 * device key, is found and has a sentence of its own. */
#include <sqlite3.h>

#include "base/codec.h"
#include "collector/verify.h"
#include "tests/collector/site.h"

static struct outbox *ob;
static struct seal_key *device_key;
static const uint8_t spki[] = "not really a SubjectPublicKeyInfo";
static uint8_t device[16];

/* A store of a device whose keys are known: 6 answers (one withdrawn), two of them acknowledged. */
static void
keep(const char *text, const uint8_t *tag)
{
	struct seal_key *one = test_key(KEY_RESPONSE, 1), *two = test_key(KEY_ESCROW, 2);
	struct seal_recipient to[2] = { recipient(one), recipient(two) };
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)text, .len = strlen(text) };
	struct sealed_record r;

	ck_ok(seal_record(to, 2, LANE_ANSWERS, device, NULL, tag, &plain, &r, &err));
	ck_ok(outbox_put(ob, &r, 20000, &err));
	sealed_record_clear(&r);
	seal_key_free(one);
	seal_key_free(two);
}

/* A receipt by the test receipt key, drawn here by hand from docs/formats/receipt.md. */
static void
acknowledge(uint64_t b)
{
	struct seal_key *k = test_key(KEY_RECEIPT, 7);
	struct outbox_lane l;
	struct chain_hash link;
	uint8_t bytes[200] = "CRCP\1";

	ck_ok(outbox_lane(ob, 0, &l, &err));
	ck_ok(outbox_link(ob, 0, b, &link, &err));
	memcpy(bytes + 8, device, 16);
	memcpy(bytes + 24, l.epoch, 16);
	put_be64(bytes + 40, 1);
	put_be64(bytes + 48, b);
	memcpy(bytes + 56, link.bytes, 32);
	seal_key_id(k, bytes + 120);
	ck_ok(seal_sign(k, "receipt", bytes, 136, bytes + 136, &err));
	ck_ok(outbox_receipt(ob, 0, l.epoch, b, &link, bytes, sizeof(bytes), 20001, &err));
	seal_key_free(k);
}

static void
sign_head(void)
{
	struct outbox_lane l;
	uint8_t bytes[OUTBOX_HEAD], signature[64];

	ck_ok(outbox_lane(ob, 0, &l, &err));
	outbox_head_bytes(device, 0, &l, bytes);
	ck_ok(seal_sign(device_key, "head", bytes, sizeof(bytes), signature, &err));
	ck_ok(outbox_head_put(ob, 0, &l, signature, &err));
}

static void
setup(void)
{
	uint8_t w[32] = { 6 }, tag[16];

	make_folder();
	device_key = test_key(KEY_DEVICE, 8);
	chain_device_id(seal_key_public(device_key), spki, sizeof(spki), device);
	ck_ok(outbox_create(db_path, device, &err));
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
	ck_ok(outbox_meta_put(ob, "device.sign", seal_key_public(device_key), 32, &err));
	ck_ok(outbox_meta_put(ob, "device.tls", spki, sizeof(spki), &err));
	chain_withdraw_tag(w, tag);
	for (int i = 0; i < 6; i++)
		keep("<data/>", i == 2 ? tag : NULL);	/* 2 to 7 */
	ck_ok(outbox_withdraw(ob, w, &err));		/* 8; erases 4 */
	acknowledge(3);
	sign_head();
	outbox_close(ob);
	ob = NULL;
}

static void
teardown(void)
{
	seal_key_free(device_key);
	drop_folder();
}

/* --- tampering --- */

static void
sql(const char *text)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; "
	    "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, "%s", why);
	sqlite3_free(why);
	sqlite3_close(db);
}

/* Chain everything in lane 0 of this store anew from sequence FROM, as somebody who knows our formats but has no
 * device key would; the lane row follows. */
static void
chain_anew(uint64_t from)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL, *u = NULL;
	struct chain_hash link;
	uint64_t seq = from;
	bool first = true;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT n, header, hw, hb, (SELECT link FROM record p WHERE p.lane = 0 AND "
	    "p.seq = ?1 - 1) FROM record WHERE lane = 0 AND seq >= ?1 ORDER BY seq", -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "UPDATE record SET link = ?, seq = ? WHERE n = ?", -1, &u, NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, (int64_t)from);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct chain_hash hw, hb, leaf;

		if (first)
			memcpy(link.bytes, sqlite3_column_blob(s, 4), 32);
		first = false;
		memcpy(hw.bytes, sqlite3_column_blob(s, 2), 32);
		memcpy(hb.bytes, sqlite3_column_blob(s, 3), 32);
		chain_leaf(sqlite3_column_blob(s, 1), &hw, &hb, &leaf);
		chain_link(&link, seq, &leaf, &link);
		sqlite3_bind_blob(u, 1, link.bytes, 32, SQLITE_TRANSIENT);
		sqlite3_bind_int64(u, 2, (int64_t)seq++);
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

/* --- looking --- */

struct seen {
	unsigned n[VERIFY_KINDS];
	char text[VERIFY_KINDS][2000];	/* sentences, one after another */
};

static void
note(void *arg, enum verify_kind kind, const char *sentence)
{
	struct seen *s = arg;

	size_t len = strlen(s->text[kind]);

	s->n[kind]++;
	snprintf(s->text[kind] + len, sizeof(s->text[kind]) - len, "%s ", sentence);
}

static struct verify_report
look(struct seen *s)
{
	struct verify_options o = { .found = note, .arg = s, .device = device };
	struct verify_report r;

	memset(s, 0, sizeof(*s));
	ck_ok(verify_site(db_path, &o, &r, &err));
	return r;
}

static char all[40000];

static const char *
everything(const struct seen *s)
{
	all[0] = '\0';
	for (int k = 0; k < VERIFY_KINDS; k++)
		if (s->n[k] > 0)
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "[%s x%u: %s]", verify_kind_word((enum verify_kind)k),
			    s->n[k], s->text[k]);
	return all;
}

START_TEST(an_honest_store_is_proved_and_counted)
{
	struct seen s;
	struct verify_report r = look(&s);

	ck_assert_msg(r.findings == 0, "%s", everything(&s));
	ck_assert(r.has_device_key);
	ck_assert_uint_eq(r.lane[0].records, 8);
	ck_assert_uint_eq(r.lane[0].erased, 1);
	ck_assert_uint_eq(r.lane[0].head, 8);
	ck_assert_uint_eq(r.lane[0].acked, 3);
	ck_assert_uint_eq(r.lane[0].unsent, 5);
	ck_assert(r.lane[0].has_signed_head);
	ck_assert_uint_eq(r.lane[0].signed_seq, 8);
	ck_assert_uint_eq(r.lane[1].records, 1);
}
END_TEST

/* Set SQL; what must be found, and words of its sentence. ANEW: chain anew from there, to hide it. */
struct tampering {
	const char *sql;
	uint64_t anew;
	enum verify_kind kind;
	const char *words;
};

static const struct tampering tamperings[] = {
	{ "UPDATE record SET nonce_body = (SELECT nonce_body FROM record WHERE seq = 6 AND lane = 0) "
	  "WHERE seq = 5 AND lane = 0", 0, VERIFY_BODY, "Record 5 of lane 0: its body is not the one" },
	{ "CREATE TEMP TABLE t AS SELECT seq, nonce_body b FROM record WHERE lane = 0; UPDATE record SET nonce_body = "
	  "(SELECT b FROM t WHERE t.seq = 11 - record.seq) WHERE lane = 0 AND seq IN (5, 6)", 0, VERIFY_BODY,
	  "Record 5 of lane 0: its body is not the one" },
	{ "UPDATE wrap SET slot = 3 WHERE slot = 0 AND record_n = (SELECT n FROM record WHERE lane = 0 AND seq = 5)", 0,
	  VERIFY_WRAP, "Record 5 of lane 0: its sealed keys" },
	{ "UPDATE wrap SET wrap = zeroblob(80) WHERE record_n = (SELECT n FROM record WHERE lane = 0 AND seq = 6) "
	  "AND slot = 1", 0, VERIFY_WRAP, "Record 6 of lane 0: its sealed keys" },
	{ "DELETE FROM wrap WHERE record_n = (SELECT n FROM record WHERE lane = 0 AND seq = 6)", 0, VERIFY_WRAP,
	  "Record 6 of lane 0: its sealed keys" },
	{ "DELETE FROM record WHERE lane = 0 AND seq = 5", 0, VERIFY_GAP, "records 5 to 5 are missing between" },
	{ "DELETE FROM record WHERE lane = 0 AND seq IN (5, 6)", 0, VERIFY_GAP, "records 5 to 6 are missing between" },
	{ "DELETE FROM record WHERE lane = 0 AND seq < 6", 0, VERIFY_START, "records 4 to 5 are missing, and the centre" },
	{ "DELETE FROM record WHERE lane = 0 AND seq = 8", 0, VERIFY_END, "the head is 8, but the last record here is 7" },
	{ "DELETE FROM record WHERE lane = 0", 0, VERIFY_END, "none of its records is here" },
	{ "UPDATE lane SET head_link = zeroblob(32) WHERE lane = 0", 0, VERIFY_END, "the head is not the last record" },
	{ "DELETE FROM record WHERE lane = 0 AND seq = 8", 6, VERIFY_SIGNED, "signed a head at 8, but the chain ends at 7" },
	{ "DELETE FROM record WHERE lane = 0 AND seq = 5", 5, VERIFY_SIGNED, "signed a head at 8, but the chain ends at 7" },
	{ "UPDATE record SET hb = zeroblob(32) WHERE lane = 0 AND seq = 5", 5, VERIFY_SIGNED, "the chain was rewritten" },
	{ "UPDATE record SET hb = zeroblob(32) WHERE lane = 0 AND seq = 5", 0, VERIFY_LEAF, "Record 5 of lane 0: its header "
	  "or hashes" },
	{ "UPDATE record SET nonce_body = NULL WHERE lane = 0 AND seq = 5; DELETE FROM wrap WHERE record_n = "
	  "(SELECT n FROM record WHERE lane = 0 AND seq = 5)", 0, VERIFY_GONE, "nobody withdrew it" },
	{ "INSERT INTO wrap SELECT n, 0, zeroblob(80) FROM record WHERE lane = 0 AND seq = 4", 0, VERIFY_REMAINS,
	  "erased, but 1 of its sealed keys" },
	{ "UPDATE signed_head SET seq = 7, link = (SELECT link FROM record WHERE lane = 0 AND seq = 7)", 0,
	  VERIFY_SIGNATURE, "signature of the head at 7 is not the device's" },
	{ "UPDATE record SET receipt_day = 20001 WHERE lane = 0 AND seq = 5", 0, VERIFY_SENT, "marked as sent, but" },
	{ "UPDATE lane SET acked_seq = 5, acked_link = (SELECT link FROM record WHERE lane = 0 AND seq = 5) WHERE lane = 0",
	  0, VERIFY_SENT, "no receipt says so" },
	{ "UPDATE receipt SET bytes = zeroblob(200)", 0, VERIFY_RECEIPT, "the receipt kept for 3 is none" },
	{ "UPDATE lane SET epoch = zeroblob(16) WHERE lane = 0; UPDATE record SET epoch = zeroblob(16) WHERE lane = 0; "
	  "UPDATE receipt SET epoch = zeroblob(16)", 0, VERIFY_EPOCH, "opens an epoch was changed" },
	{ "UPDATE record SET header = (SELECT header FROM record WHERE lane = 0 AND seq = 6) WHERE lane = 0 AND seq = 5",
	  0, VERIFY_HEADER, "its header is that of another record" },
	{ "UPDATE meta SET v = zeroblob(32) WHERE k = 'device.sign'", 0, VERIFY_SIGNATURE, "not those of its device id" },
	{ "UPDATE meta SET v = zeroblob(16) WHERE k = 'device'", 0, VERIFY_SIGNATURE, "another device's than the one" },
};

START_TEST(each_tampering_has_its_sentence)
{
	const struct tampering *t = &tamperings[_i];
	struct seen s;
	struct verify_report r;

	sql(t->sql);
	if (t->anew != 0)
		chain_anew(t->anew);
	r = look(&s);
	ck_assert_uint_gt(r.findings, 0);
	ck_assert_msg(s.n[t->kind] > 0 && strstr(s.text[t->kind], t->words) != NULL, "wanted \"%s\", found %s", t->words,
	    everything(&s));
}
END_TEST

/* Every single byte of a header, one by one. */
START_TEST(each_flipped_header_byte_is_found)
{
	for (int i = 0; i < RECORD_HEADER; i++) {
		char text[300];
		struct seen s;
		struct verify_report r;

		snprintf(text, sizeof(text), "UPDATE record SET header = CAST(substr(header, 1, %d) || "
		    "CASE substr(header, %d, 1) WHEN x'7f' THEN x'7e' ELSE x'7f' END || substr(header, %d) AS BLOB) "
		    "WHERE lane = 0 AND seq = 6", i, i + 1, i + 2);
		sql("CREATE TABLE saved AS SELECT header h FROM record WHERE lane = 0 AND seq = 6");
		sql(text);
		r = look(&s);
		ck_assert_msg(r.findings > 0 && s.n[VERIFY_LEAF] + s.n[VERIFY_HEADER] > 0, "byte %d: %s", i, everything(&s));
		sql("UPDATE record SET header = (SELECT h FROM saved) WHERE lane = 0 AND seq = 6; DROP TABLE saved");
	}
	{
		struct seen s;

		ck_assert_uint_eq(look(&s).findings, 0);
	}
}
END_TEST

/* A new epoch that forgets what was signed: whoever has no device key cannot hide a cut behind it. */
START_TEST(an_epoch_cannot_hide_a_cut)
{
	struct seen s;

	sql("DELETE FROM record WHERE lane = 0 AND seq = 8");
	chain_anew(7);
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
	ck_ok(outbox_epoch(ob, 0, EPOCH_FORK, &err));
	outbox_close(ob);
	ob = NULL;
	ck_assert_uint_gt(look(&s).findings, 0);
	ck_assert_msg(s.n[VERIFY_SIGNED] == 1 && strstr(s.text[VERIFY_SIGNED], "denies records up to 8") != NULL, "%s",
	    everything(&s));
}
END_TEST

START_TEST(honest_epochs_rewinds_and_purges_are_proved)
{
	struct seen s;

	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
	ck_ok(outbox_epoch(ob, 0, EPOCH_BEHIND, &err));
	ck_assert_msg(look(&s).findings == 0, "%s", everything(&s));
	acknowledge(4);
	ck_assert_msg(look(&s).findings == 0, "%s", everything(&s));
	ck_ok(outbox_retain(ob, 20015, 14, 60, &err));
	ck_assert_msg(look(&s).findings == 0, "%s", everything(&s));
	keep("more", NULL);
	sign_head();
	ck_assert_msg(look(&s).findings == 0, "%s", everything(&s));
	ck_ok(outbox_epoch(ob, 0, EPOCH_CENTRE_RESTORED, &err));
	ck_assert_msg(look(&s).findings == 0, "%s", everything(&s));
	acknowledge(4);
	ck_ok(outbox_retain(ob, 20060, 14, 60, &err));
	ck_assert_msg(look(&s).findings == 0, "%s", everything(&s));
	outbox_close(ob);
	ob = NULL;
}
END_TEST

/* A file whose pages are overwritten: says so, or cannot be opened, never a crash and never "proved". */
START_TEST(a_damaged_file_is_never_proved)
{
	FILE *f = fopen(db_path, "r+b");
	struct verify_report r;
	struct seen s = { .n = { 0 } };
	struct verify_options o = { .found = note, .arg = &s };
	long size;
	enum err_code rc;

	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	ck_assert_int_gt(size, 5 * 4096);
	ck_assert_int_lt(_i, size / 4096);
	fseek(f, (long)_i * 4096 + 100, SEEK_SET);
	for (int i = 0; i < 600; i++)
		fputc(i * 7 + 13, f);
	fclose(f);
	rc = verify_site(db_path, &o, &r, &err);
	/* Some pages hold nothing that is looked at, or are free: then there is nothing to find. */
	if (rc == ERR_OK && r.findings == 0) {
		ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
		ck_ok(outbox_check(ob, &err));
		outbox_close(ob);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("verify");
	TCase *t = tcase_create("verify");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_honest_store_is_proved_and_counted);
	tcase_add_loop_test(t, each_tampering_has_its_sentence, 0, (int)(sizeof(tamperings) / sizeof(tamperings[0])));
	tcase_add_test(t, each_flipped_header_byte_is_found);
	tcase_add_test(t, an_epoch_cannot_hide_a_cut);
	tcase_add_test(t, honest_epochs_rewinds_and_purges_are_proved);
	tcase_add_loop_test(t, a_damaged_file_is_never_proved, 0, 12);
	return s;
}

TEST_MAIN(suite)
