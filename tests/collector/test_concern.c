/* Lane 1 seen from outside: somebody who has copies of site.db and no concern key tries to tell a quiet slot from
 * one in which a concern was raised, by what he can see: sizes, counts, which slots changed, whether what was
 * chained stood in the table before, which slot was chained. Each guess must do no better than chance. And a disk
 * that fills up. */
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>

#include "base/codec.h"
#include "base/file.h"
#include "tests/collector/site.h"

enum { TRIALS = 300, SLOTS = 4 };

static struct outbox *ob;
static struct seal_key *key;
static struct seal_recipient to;

static void
setup(void)
{
	make_folder();
	key = test_key(KEY_CONCERN, 1);
	to = recipient(key);
	ck_ok(outbox_create(db_path, device_a, &err));
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
}

static void
teardown(void)
{
	outbox_close(ob);
	seal_key_free(key);
	drop_folder();
}

static struct outbox_slots
slots(void)
{
	return (struct outbox_slots){ .to = &to, .n = 1, .slot_ms = 60000, .day = 20000 };
}

/* What a copy shows. */
struct copy {
	struct chain_hash slot[SLOTS];	/* of what stands in each */
	size_t slot_len[SLOTS];
	uint8_t slot_id[SLOTS][16];
	int64_t records;
	uint8_t last_id[16];
	size_t last_len;
};

static void
take(struct copy *c)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	ck_assert_int_eq(sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT n, sealed, substr(sealed, 26, 16) FROM slot", -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		int n = sqlite3_column_int(s, 0);

		c->slot_len[n] = (size_t)sqlite3_column_bytes(s, 1);
		chain_h("copy", sqlite3_column_blob(s, 1), c->slot_len[n], &c->slot[n]);
		memcpy(c->slot_id[n], sqlite3_column_blob(s, 2), 16);
	}
	sqlite3_finalize(s);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT (SELECT count(*) FROM record WHERE lane = 1), id, length(nonce_body) "
	    "FROM record WHERE lane = 1 ORDER BY seq DESC LIMIT 1", -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	c->records = sqlite3_column_int64(s, 0);
	memcpy(c->last_id, sqlite3_column_blob(s, 1), 16);
	c->last_len = (size_t)sqlite3_column_int64(s, 2);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

/* Every feature that can be computed from a pair of copies; a number each. */
enum { FEATURES = 5 };
static const char *const names[FEATURES] = { "records chained", "slots changed", "chained stood in the table before",
	"length of what was chained", "lengths of the slots" };

static void
features(const struct copy *before, const struct copy *after, double out[FEATURES])
{
	memset(out, 0, FEATURES * sizeof(*out));
	out[0] = (double)(after->records - before->records);
	for (int i = 0; i < SLOTS; i++) {
		out[1] += !chain_same(&before->slot[i], &after->slot[i]);
		out[2] += memcmp(before->slot_id[i], after->last_id, 16) == 0;
		out[4] += (double)after->slot_len[i];
	}
	out[3] = (double)after->last_len;
}

START_TEST(a_slot_with_a_concern_looks_like_a_quiet_one)
{
	double sum[2][FEATURES] = { { 0 } }, square[2][FEATURES] = { { 0 } };
	struct outbox_slots s = slots();
	int64_t now = 0;
	int n[2] = { 0, 0 };

	ck_ok(outbox_slots_start(ob, &s, now, &err));
	for (int i = 0; i < TRIALS; i++) {
		int raised = i % 2;
		struct copy before, after;
		double f[FEATURES];

		take(&before);
		/* The kiosk looks every 20 seconds; a concern comes in the middle of the slot. */
		for (int tick = 0; tick < 3; tick++) {
			now += 20000;
			if (tick == 1 && raised) {
				struct sealed_record r;

				seal_text(LANE_CONCERNS, NULL, "I am not safe", &r);
				ck_ok(outbox_put_concern(ob, &r, &s, &err));
				sealed_record_clear(&r);
			}
			ck_ok(outbox_slots_tick(ob, &s, now, &err));
		}
		take(&after);
		features(&before, &after, f);
		for (int k = 0; k < FEATURES; k++) {
			sum[raised][k] += f[k];
			square[raised][k] += f[k] * f[k];
		}
		n[raised]++;
	}
	for (int k = 0; k < FEATURES; k++) {
		double m0 = sum[0][k] / n[0], m1 = sum[1][k] / n[1];
		double v = (square[0][k] / n[0] - m0 * m0) / n[0] + (square[1][k] / n[1] - m1 * m1) / n[1];
		double gap = m0 > m1 ? m0 - m1 : m1 - m0;

		printf("%-36s quiet %.3f, concern %.3f\n", names[k], m0, m1);
		/* Counts and lengths must be equal to the last. Slots changed: the concern's own slot is then the one
		 * chained, in a quiet slot a rewritten one need not be; less than half a slot may remain. */
		if (k != 1)
			ck_assert_msg(gap == 0, "%s tells: %.3f and %.3f", names[k], m0, m1);
		else
			ck_assert_msg(gap < 0.5 && v >= 0, "%s tells: %.3f and %.3f", names[k], m0, m1);
	}
}
END_TEST

/* A file that may not grow (RLIMIT_FSIZE gives EFBIG where a full disk gives ENOSPC: SQLite reports both as an error
 * of the write): nothing is thanked that is not there, and answers are taken again when there is room. */
START_TEST(a_disk_that_fills_up_takes_answers_again_when_there_is_room)
{
	struct rlimit was, tight;
	struct stat st;
	char wal[128];
	uint8_t ids[400][16];
	int kept = 0, refused = 0;

	snprintf(wal, sizeof(wal), "%s-wal", db_path);
	keep_text(ob, "first");
	ck_assert_int_eq(stat(wal, &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	tight = was;
	tight.rlim_cur = (rlim_t)st.st_size + 200000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
	for (int i = 0; i < 400; i++) {
		struct sealed_record r;
		enum err_code rc;

		seal_text(LANE_ANSWERS, NULL, "<data>a full answer</data>", &r);
		err.msg[0] = '\0';
		rc = outbox_put(ob, &r, 20000, &err);
		if (rc == ERR_OK) {
			memcpy(ids[kept++], r.id, 16);
		} else {
			refused++;
			ck_assert_msg(rc == ERR_AGAIN || rc == ERR_BROKEN, "%s", err_word(rc));
			ck_assert_uint_gt(strlen(err.msg), 10);
		}
		sealed_record_clear(&r);
		if (refused > 3)
			break;
	}
	ck_assert_int_gt(kept, 0);
	ck_assert_int_gt(refused, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	keep_text(ob, "there is room again");
	for (int i = 0; i < kept; i++) {
		bool has = false;

		ck_ok(outbox_has(ob, ids[i], &has, &err));
		ck_assert(has);
	}
	ck_ok(outbox_check(ob, &err));
}
END_TEST

/* The marker of an answer is in no file of the store, whatever is written around it. */
START_TEST(no_file_holds_what_was_answered)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	static const char marker[] = "ZZMARKERZZ";
	struct outbox_slots s = slots();
	struct sealed_record r;
	struct buf b;

	for (int i = 0; i < 20; i++)
		keep_text(ob, "<data><comment>ZZMARKERZZ</comment></data>");
	ck_ok(outbox_slots_start(ob, &s, 0, &err));
	seal_text(LANE_CONCERNS, NULL, "ZZMARKERZZ", &r);
	ck_ok(outbox_put_concern(ob, &r, &s, &err));
	sealed_record_clear(&r);
	buf_init(&b, 64u << 20);
	for (int i = 0; i < 3; i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s%s", db_path, ends[i]);
		buf_reset(&b);
		ck_ok(file_read(path, &b, &err));
		ck_assert_uint_gt(b.len, 0);
		ck_assert_ptr_null(memmem(b.data, b.len, marker, strlen(marker)));
	}
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("concern");
	TCase *t = tcase_create("concern");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_slot_with_a_concern_looks_like_a_quiet_one);
	tcase_add_test(t, a_disk_that_fills_up_takes_answers_again_when_there_is_room);
	tcase_add_test(t, no_file_holds_what_was_answered);
	return s;
}

TEST_MAIN(suite)
