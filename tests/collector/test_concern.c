/* Lane 1 seen from outside: somebody who has copies of site.db and its WAL and no concern key is told that of two
 * stretches of time, equally long and next to each other, one held a concern and the other did not, and has to say
 * which. Every number that we could think of which can be got out of the copies is a way to guess; so is a straight
 * line through all of them, fitted to half of the pairs. None may do better than chance: the wins of each must lie
 * within 5.2 standard deviations of a fair coin's (one run in 100,000 fails by chance alone with 40 of them).
 * TRIALS=N for more pairs, SEED=N to repeat one. And a disk that fills up. */
#include <math.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <time.h>

#include "base/codec.h"
#include "base/file.h"
#include "tests/collector/site.h"

enum { SLOTS = 4, SLOT_MS = 1800000, TICK_MS = 60000, STORE_PAIRS = 8 };

static struct outbox *ob;
static struct seal_key *key;
static struct seal_recipient to;

/* In memory, where there is such a folder: thousands of commits, and no power to be cut. */
static void
make_place(void)
{
	snprintf(folder, sizeof(folder), "%s/candour-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(db_path, sizeof(db_path), "%s/site.db", folder);
}

static void
setup(void)
{
	make_place();
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
	return (struct outbox_slots){ .to = &to, .n = 1, .slot_ms = SLOT_MS, .day = 20000 };
}

/* --- copies ------------------------------------------------------------------------------------- */

/* What a copy shows: the files, and what SQLite reads out of them. */
struct copy {
	struct buf db, wal;
	struct chain_hash slot[SLOTS];
	size_t slot_len[SLOTS];
	uint8_t slot_id[SLOTS][16];
	double slot_ones, slot_zeros;	/* bits and bytes of what stands in the slots */
	double rows;			/* of all tables together */
	double records, last_n, body_len, wraps, head_seq, max_gap, header_sum;
	uint8_t (*ids)[16];		/* of the records of lane 1, in their order */
	size_t n_ids;
};

static void
copy_free(struct copy *c)
{
	buf_free(&c->db);
	buf_free(&c->wal);
	free(c->ids);
	memset(c, 0, sizeof(*c));
}

static double
ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	double v;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	v = sqlite3_column_double(s, 0);
	sqlite3_finalize(s);
	return v;
}

static void
take_slots(struct copy *c, sqlite3 *db)
{
	sqlite3_stmt *s = NULL;

	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT n, sealed FROM slot", -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		int n = sqlite3_column_int(s, 0);
		const uint8_t *p = sqlite3_column_blob(s, 1);

		c->slot_len[n] = (size_t)sqlite3_column_bytes(s, 1);
		chain_h("copy", p, c->slot_len[n], &c->slot[n]);
		memcpy(c->slot_id[n], p + 25, 16);
		for (size_t i = 0; i < c->slot_len[n]; i++) {
			c->slot_ones += __builtin_popcount(p[i]);
			c->slot_zeros += p[i] == 0;
		}
	}
	sqlite3_finalize(s);
}

static void
take_records(struct copy *c, sqlite3 *db)
{
	sqlite3_stmt *s = NULL;

	c->ids = calloc((size_t)c->records + 1, 16);
	ck_assert_ptr_nonnull(c->ids);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT id FROM record WHERE lane = 1 ORDER BY seq", -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		memcpy(c->ids[c->n_ids++], sqlite3_column_blob(s, 0), 16);
	sqlite3_finalize(s);
}

static void
take(struct copy *c)
{
	char wal[128];
	sqlite3 *db = NULL;

	memset(c, 0, sizeof(*c));
	buf_init(&c->db, 64u << 20);
	buf_init(&c->wal, 64u << 20);
	snprintf(wal, sizeof(wal), "%s-wal", db_path);
	ck_ok(file_read(db_path, &c->db, &err));
	ck_ok(file_read(wal, &c->wal, &err));
	ck_assert_int_eq(sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	take_slots(c, db);
	c->records = ask(db, "SELECT count(*) FROM record WHERE lane = 1");
	c->last_n = ask(db, "SELECT max(n) FROM record");
	c->max_gap = ask(db, "SELECT max(n) - count(*) FROM record");
	c->body_len = ask(db, "SELECT sum(length(nonce_body)) FROM record WHERE lane = 1 AND seq > 1");
	c->header_sum = ask(db, "SELECT sum(unicode(hex(substr(header, 64, 1))) + unicode(hex(substr(header, 81, 1))) + "
	    "unicode(hex(substr(header, 7, 1)))) FROM record WHERE lane = 1");
	c->wraps = ask(db, "SELECT count(*) FROM wrap");
	c->head_seq = ask(db, "SELECT head_seq FROM lane WHERE lane = 1");
	c->rows = ask(db, "SELECT (SELECT count(*) FROM tag) + (SELECT count(*) FROM meta) + (SELECT count(*) FROM receipt) + "
	    "(SELECT count(*) FROM slot) + (SELECT count(*) FROM draft) + (SELECT count(*) FROM clock)");
	take_records(c, db);
	sqlite3_close(db);
}

/* --- ways to guess ------------------------------------------------------------------------------ */

enum { FEATURES = 31 };
static const char *const names[FEATURES] = { "records chained", "slots changed", "which slots changed",
	"chained stood in the table before", "chained stands in the table after", "where what was chained stood",
	"slots of before chained later", "length of the bodies", "lengths of the slots", "bits of the slots", "zero bytes of the slots",
	"row numbers", "gaps of row numbers", "wraps", "head", "fields of the headers", "rows of other tables", "size of the file",
	"change counter", "pages", "free pages", "schema counter", "other numbers of page 1", "pages changed", "first page changed",
	"last page changed", "bits of changed pages", "size of the WAL", "checkpoints of the WAL", "frames of the WAL",
	"pages in the WAL" };

static bool
stands(const struct copy *c, const uint8_t id[16], double *where)
{
	for (int i = 0; i < SLOTS; i++)
		if (memcmp(c->slot_id[i], id, 16) == 0) {
			*where += i + 1;
			return true;
		}
	return false;
}

/* Of the WAL: how often it began anew, how many frames count, and the sum of the numbers of their pages. */
static void
wal_numbers(const struct buf *wal, double *begun, double *frames, double *pages)
{
	*begun = *frames = *pages = 0;
	if (wal->len < 32)
		return;
	*begun = be32(wal->data + 12);
	for (size_t at = 32; at + 24 + 4096 <= wal->len && memcmp(wal->data + at + 8, wal->data + 16, 8) == 0; at += 24 + 4096) {
		*frames += 1;
		*pages += be32(wal->data + at);
	}
}

static void
page_numbers(const struct copy *a, const struct copy *b, double *f)
{
	size_t pages = (a->db.len < b->db.len ? a->db.len : b->db.len) / 4096;

	for (size_t i = 0; i < pages; i++) {
		const uint8_t *p = b->db.data + i * 4096;

		if (memcmp(a->db.data + i * 4096, p, 4096) == 0)
			continue;
		f[0] += 1;
		f[1] = f[1] == 0 ? (double)i : f[1];
		f[2] = (double)i;
		for (size_t j = 0; j < 4096; j++)
			f[3] += __builtin_popcount(p[j]);
	}
}

static void
features(const struct copy *a, const struct copy *b, double f[FEATURES])
{
	double begun, frames, pages, begun_before, ignored;

	memset(f, 0, FEATURES * sizeof(*f));
	f[0] = b->records - a->records;
	for (int i = 0; i < SLOTS; i++) {
		bool changed = !chain_same(&a->slot[i], &b->slot[i]);

		f[1] += changed;
		f[2] += changed * (i + 1);
		f[8] += (double)b->slot_len[i];
		for (size_t j = 0; j < b->n_ids; j++)
			f[6] += memcmp(a->slot_id[i], b->ids[j], 16) == 0;
	}
	for (size_t j = a->n_ids; j < b->n_ids; j++) {
		f[3] += stands(a, b->ids[j], &f[5]);
		f[4] += stands(b, b->ids[j], &f[5]);
	}
	f[7] = b->body_len - a->body_len;
	f[9] = b->slot_ones;
	f[10] = b->slot_zeros;
	f[11] = b->last_n - a->last_n;
	f[12] = b->max_gap - a->max_gap;
	f[13] = b->wraps - a->wraps;
	f[14] = b->head_seq - a->head_seq;
	f[15] = b->header_sum - a->header_sum;
	f[16] = b->rows - a->rows;
	f[17] = (double)b->db.len - (double)a->db.len;
	f[18] = (double)be32(b->db.data + 24) - be32(a->db.data + 24);
	f[19] = (double)be32(b->db.data + 28) - be32(a->db.data + 28);
	f[20] = (double)be32(b->db.data + 36) - be32(a->db.data + 36);
	f[21] = (double)be32(b->db.data + 40) - be32(a->db.data + 40);
	for (int i = 44; i < 100; i++)
		f[22] += b->db.data[i] - a->db.data[i];
	page_numbers(a, b, f + 23);
	wal_numbers(&a->wal, &begun_before, &ignored, &ignored);
	wal_numbers(&b->wal, &begun, &frames, &pages);
	f[27] = (double)b->wal.len - (double)a->wal.len;
	f[28] = begun - begun_before;
	f[29] = frames;
	f[30] = pages;
}

/* --- pairs -------------------------------------------------------------------------------------- */

static uint64_t dice;

static uint64_t
roll(uint64_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (dice * UINT64_C(0x2545F4914F6CDD1D) >> 20) % n;
}

static void
raise_concern(const struct outbox_slots *s)
{
	struct sealed_record r, spare[OUTBOX_SPARES];

	seal_text(LANE_CONCERNS, NULL, "I am not safe", &r);
	for (int i = 0; i < OUTBOX_SPARES; i++)
		seal_text(LANE_CONCERNS, NULL, "I am not safe", &spare[i]);
	ck_ok(outbox_put_concern_spares(ob, &r, spare, OUTBOX_SPARES, s, &err));
	sealed_record_clear(&r);
	for (int i = 0; i < OUTBOX_SPARES; i++)
		sealed_record_clear(&spare[i]);
}

/* Live from *NOW to END; at AT (-1: never) a concern. The kiosk looks each minute, and moves the WAL when idle. */
static void
live(const struct outbox_slots *s, int64_t *now, int64_t end, int64_t at)
{
	while (*now < end) {
		int64_t next = *now - *now % TICK_MS + TICK_MS;

		next = next > end ? end : next;
		if (at > *now && at <= next) {
			raise_concern(s);
			ck_ok(outbox_idle(ob, &err));
		}
		*now = next;
		if (next % TICK_MS == 0) {
			ck_ok(outbox_slots_tick(ob, s, next, &err));
			ck_ok(outbox_idle(ob, &err));
		}
	}
}

struct pair {
	double difference[FEATURES];	/* of the stretch with the concern to the one without */
};

static void
one_pair(const struct outbox_slots *s, int64_t *now, struct pair *p)
{
	/* Half a slot to one and a half, beginning anywhere in one. */
	int64_t len = SLOT_MS / 2 + (int64_t)roll(SLOT_MS);
	unsigned which = (unsigned)roll(2);
	double f[2][FEATURES];
	struct copy c[3];

	live(s, now, *now + 4 * SLOT_MS + (int64_t)roll(SLOT_MS), -1);
	take(&c[0]);
	for (unsigned i = 0; i < 2; i++) {
		live(s, now, *now + len, which == i ? *now + 1 + (int64_t)roll((uint64_t)len) : -1);
		take(&c[i + 1]);
		features(&c[i], &c[i + 1], f[i]);
	}
	for (int k = 0; k < FEATURES; k++)
		p->difference[k] = f[which][k] - f[1 - which][k];
	for (int i = 0; i < 3; i++)
		copy_free(&c[i]);
}

static void
judge(const char *name, size_t wins, size_t losses)
{
	double n = (double)(wins + losses), off = n == 0 ? 0 : fabs((double)wins - n / 2) / (sqrt(n) / 2);

	printf("%-36s larger %zu, smaller %zu: %.1f deviations from a coin\n", name, wins, losses, off);
	ck_assert_msg(off < 5.2, "%s tells: %zu against %zu", name, wins, losses);
}

/* A straight line through all features, fitted to the even pairs, guesses the odd ones. */
static void
judge_all_together(const struct pair *p, size_t n)
{
	double weight[FEATURES] = { 0 };
	size_t wins = 0, losses = 0;

	for (int k = 0; k < FEATURES; k++) {
		double sum = 0, square = 0;

		for (size_t i = 0; i < n; i += 2) {
			sum += p[i].difference[k];
			square += p[i].difference[k] * p[i].difference[k];
		}
		weight[k] = square > 0 ? sum / square : 0;
	}
	for (size_t i = 1; i < n; i += 2) {
		double v = 0;

		for (int k = 0; k < FEATURES; k++)
			v += weight[k] * p[i].difference[k];
		wins += v > 0;
		losses += v < 0;
	}
	judge("all of them together", wins, losses);
}

START_TEST(nobody_can_tell_which_stretch_held_the_concern)
{
	size_t n = getenv("TRIALS") != NULL ? (size_t)strtoull(getenv("TRIALS"), NULL, 10) : 200;
	struct outbox_slots s = slots();
	struct pair *p = calloc(n, sizeof(*p));
	int64_t now = 0;

	ck_assert_ptr_nonnull(p);
	dice = getenv("SEED") != NULL ? strtoull(getenv("SEED"), NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu (the seals are random all the same)\n", (unsigned long long)dice);
	dice = dice * UINT64_C(0x9E3779B97F4A7C15) | 1;
	for (size_t i = 0; i < n; i++) {
		if (i % STORE_PAIRS == 0) {	/* a new store: one of years would take years to copy */
			outbox_close(ob);
			drop_folder();
			make_place();
			ck_ok(outbox_create(db_path, device_a, &err));
			ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
			now = 0;
			ck_ok(outbox_slots_start(ob, &s, now, &err));
			ck_ok(outbox_idle(ob, &err));
		}
		one_pair(&s, &now, &p[i]);
	}
	for (int k = 0; k < FEATURES; k++) {
		size_t wins = 0, losses = 0;

		for (size_t i = 0; i < n; i++) {
			wins += p[i].difference[k] > 0;
			losses += p[i].difference[k] < 0;
		}
		judge(names[k], wins, losses);
	}
	judge_all_together(p, n);
	free(p);
}
END_TEST

/* Of a concern one sealing is chained, whichever it is, and it opens. */
START_TEST(a_concern_is_chained_once_whatever_its_slot_went_through)
{
	struct outbox_slots s = slots();
	struct outbox_span span = { .n = 0 };
	int64_t now = 0;
	const uint8_t *p;
	unsigned real = 0;

	ck_ok(outbox_slots_start(ob, &s, now, &err));
	for (int i = 0; i < 4; i++) {
		live(&s, &now, now + SLOT_MS / 3, now + 1000);
		live(&s, &now, now + 10000, -1);
	}
	live(&s, &now, now + 8 * SLOT_MS, -1);
	ck_ok(outbox_read(ob, LANE_CONCERNS, 1, 100, 8 << 20, &span, &err));
	p = span.bytes.data;
	for (uint32_t i = 0; i < span.n; i++) {
		struct record r;
		struct record_plain plain;
		struct buf out;

		ck_ok(record_read(p + 4, be32(p), &r, &err));
		buf_init_secret(&out, 1 << 20);
		if (r.head.kind == RECORD_SEALED) {
			ck_ok(seal_open(key, &r, &out, &err));
			ck_ok(record_plain_get(out.data, out.len, &plain, &err));
			real += plain.type == PLAIN_INSTANCE;
		}
		buf_free(&out);
		p += 4 + be32(p);
	}
	ck_assert_uint_eq(real, 4);
	outbox_span_clear(&span);
	ck_ok(outbox_check(ob, &err));
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
	tcase_set_timeout(t, 600);
	tcase_add_test(t, nobody_can_tell_which_stretch_held_the_concern);
	tcase_add_test(t, a_concern_is_chained_once_whatever_its_slot_went_through);
	tcase_add_test(t, a_disk_that_fills_up_takes_answers_again_when_there_is_room);
	tcase_add_test(t, no_file_holds_what_was_answered);
	return s;
}

TEST_MAIN(suite)
