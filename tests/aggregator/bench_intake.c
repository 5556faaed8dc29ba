/* Intake's rate against its limit line, in one run on the same disk: batches of 100 records of 1 KB, verified,
 * decided, stored with receipts and committed ten at a time, against the same rows put into bare SQLite by prepared
 * statements without triggers, in transactions of the same size. Prints "bench intake ratio=R ..." (goal 0.7), and
 * the rate with few and with many records kept. */
#include "tests/sync/world.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <time.h>

enum { BATCHES = 200, GROUP = 10 };

static struct world w;
static struct box *b;
static uint8_t *bodies[BATCHES];
static size_t lens[BATCHES];

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Batches as a device would send them, made before the clock runs. */
static void
make_batches(void)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	static uint8_t content[900];
	struct chain_hash link, leaf;
	uint8_t epoch[16];
	uint64_t seq = 0;
	size_t n_to;
	bool stale;

	must(keyring_recipients(w.ring, 0, 20000, to, &n_to, &stale, &world_err));
	seal_random(epoch, 16);
	chain_genesis(b->id, epoch, 0, &link);
	for (int i = 0; i < BATCHES; i++) {
		struct batch_header h = { .a = seq + 1, .n = BATCH_RECORDS, .time = 1790000000 };
		struct buf body;

		buf_init(&body, BATCH_MAX);
		memcpy(h.device, b->id, 16);
		memcpy(h.epoch, epoch, 16);
		memcpy(h.prev, link.bytes, 32);
		buf_fill(&body, 0, BATCH_HEAD);
		for (int k = 0; k < BATCH_RECORDS; k++) {
			struct record_plain plain = { .type = PLAIN_INSTANCE, .content = content, .len = sizeof(content) };
			struct record_epoch e = { .reason = EPOCH_CREATED };
			struct sealed_record r = { .lane = 0 };
			struct buf wire;
			struct record view;

			if (seq == 0)
				must(seal_epoch(b->id, 0, &e, &r, &world_err));
			else
				must(seal_record(to, n_to, 0, b->id, NULL, NULL, &plain, &r, &world_err));
			buf_init(&wire, RECORD_WIRE_MAX);
			sealed_record_put(&r, &wire);
			must(record_read(wire.data, wire.len, &view, &world_err));
			leaf = view.leaf;
			chain_link(&link, ++seq, &leaf, &link);
			buf_u32(&body, (uint32_t)wire.len);
			buf_put(&body, wire.data, wire.len);
			buf_free(&wire);
			sealed_record_clear(&r);
		}
		memcpy(h.last, link.bytes, 32);
		h.body_len = (uint32_t)(body.len - BATCH_HEAD);
		must(batch_head_make(&h, b->key, body.data, &world_err));
		bodies[i] = body.data;
		lens[i] = body.len;
	}
}

static void
check_and_read(int i, struct intake_batch *x)
{
	*x = (struct intake_batch){ .bytes = bodies[i], .len = lens[i] };
	must(batch_head_read(x->bytes, x->len, &x->h, &world_err));
	ck_assert(batch_head_signed(x->bytes, x->len, seal_key_public(b->key)));
	must(intake_check(x, &world_err));
}

static double
intake(int from, int to)
{
	double began = seconds();

	for (int i = from; i < to; i += GROUP) {
		struct intake_batch x[GROUP], *group[GROUP];

		for (int k = 0; k < GROUP; k++) {
			check_and_read(i + k, &x[k]);
			group[k] = &x[k];
		}
		intake_group(w.store, &w.log, group, GROUP);
		for (int k = 0; k < GROUP; k++) {
			ck_assert_int_eq(x[k].result, INTAKE_KEPT);
			intake_clear(&x[k]);
		}
	}
	return (to - from) * BATCH_RECORDS / (seconds() - began);
}

static void
run_sql(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
}

/* The same rows and indexes, and nothing else: no check, no chain, no receipt, no trigger. */
static double
bare(void)
{
	static const char *const sql[] = {
		"INSERT INTO record VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "INSERT INTO body VALUES (?, ?)",
		"INSERT INTO wrap VALUES (?, ?)", "INSERT INTO entry VALUES (?, 0, ?, ?, NULL, ?, ?, ?)",
	};
	sqlite3_stmt *s[4];
	char path[200];
	sqlite3 *db;
	double began;
	struct intake_batch *x = calloc(BATCHES, sizeof(*x));

	ck_assert_ptr_nonnull(x);
	snprintf(path, sizeof(path), "%s/bare.db", w.dir);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	run_sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;"
	    "CREATE TABLE record (n INTEGER PRIMARY KEY, device BLOB, id BLOB, kind INTEGER, lane INTEGER, tag BLOB, header BLOB,"
	    " hw BLOB, hb BLOB, leaf BLOB, UNIQUE (device, id)); CREATE INDEX record_tag ON record (device, tag);"
	    "CREATE TABLE body (n INTEGER PRIMARY KEY, nonce_body BLOB); CREATE TABLE wrap (n INTEGER PRIMARY KEY, wraps BLOB);"
	    "CREATE TABLE entry (device BLOB, lane INTEGER, epoch BLOB, seq INTEGER, owner BLOB, record_id BLOB, leaf BLOB,"
	    " link BLOB, PRIMARY KEY (device, lane, epoch, seq)) WITHOUT ROWID");
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(sqlite3_prepare_v2(db, sql[i], -1, &s[i], NULL), SQLITE_OK);
	for (int i = 0; i < BATCHES; i++)
		check_and_read(i, &x[i]);
	began = seconds();
	for (int i = 0; i < BATCHES; i++) {
		if (i % GROUP == 0)
			run_sql(db, "BEGIN IMMEDIATE");
		for (uint32_t k = 0; k < x[i].h.n; k++) {
			const struct store_row *r = &x[i].rows[k];
			int64_t n;

			sqlite3_bind_blob(s[0], 1, r->owner, 16, SQLITE_STATIC);
			sqlite3_bind_blob(s[0], 2, r->id, 16, SQLITE_STATIC);
			sqlite3_bind_int(s[0], 3, r->kind);
			sqlite3_bind_int(s[0], 4, r->lane);
			sqlite3_bind_blob(s[0], 5, r->tag, 16, SQLITE_STATIC);
			sqlite3_bind_blob(s[0], 6, r->header, 128, SQLITE_STATIC);
			sqlite3_bind_blob(s[0], 7, r->hw, 32, SQLITE_STATIC);
			sqlite3_bind_blob(s[0], 8, r->hb, 32, SQLITE_STATIC);
			sqlite3_bind_blob(s[0], 9, r->leaf, 32, SQLITE_STATIC);
			ck_assert_int_eq(sqlite3_step(s[0]), SQLITE_DONE);
			sqlite3_reset(s[0]);
			n = sqlite3_last_insert_rowid(db);
			sqlite3_bind_int64(s[1], 1, n);
			sqlite3_bind_blob(s[1], 2, r->nonce_body, (int)r->nonce_body_len, SQLITE_STATIC);
			ck_assert_int_eq(sqlite3_step(s[1]), SQLITE_DONE);
			sqlite3_reset(s[1]);
			sqlite3_bind_int64(s[2], 1, n);
			sqlite3_bind_blob(s[2], 2, r->wraps, r->n_wraps * 80, SQLITE_STATIC);
			ck_assert_int_eq(sqlite3_step(s[2]), SQLITE_DONE);
			sqlite3_reset(s[2]);
			sqlite3_bind_blob(s[3], 1, r->device, 16, SQLITE_STATIC);
			sqlite3_bind_blob(s[3], 2, r->epoch, 16, SQLITE_STATIC);
			sqlite3_bind_int64(s[3], 3, (int64_t)r->seq);
			sqlite3_bind_blob(s[3], 4, r->id, 16, SQLITE_STATIC);
			sqlite3_bind_blob(s[3], 5, r->leaf, 32, SQLITE_STATIC);
			sqlite3_bind_blob(s[3], 6, r->link, 32, SQLITE_STATIC);
			ck_assert_int_eq(sqlite3_step(s[3]), SQLITE_DONE);
			sqlite3_reset(s[3]);
		}
		if (i % GROUP == GROUP - 1)
			run_sql(db, "COMMIT");
	}
	began = BATCHES * BATCH_RECORDS / (seconds() - began);
	for (int i = 0; i < BATCHES; i++)
		intake_clear(&x[i]);
	for (int i = 0; i < 4; i++)
		sqlite3_finalize(s[i]);
	sqlite3_close(db);
	free(x);
	return began;
}

/* world.h's helpers are Check's, so this runs as one test. */
START_TEST(bench)
{
	double first, rest, limit;

	log_to(open("/dev/null", O_WRONLY));
	world_init(&w, NULL);
	b = calloc(1, sizeof(*b));
	ck_assert_ptr_nonnull(b);
	box_init(b, &w, "bench");
	make_batches();
	limit = bare();
	first = intake(0, BATCHES / 10);
	rest = intake(BATCHES / 10, BATCHES);
	printf("bench intake ratio=%.2f rows_s=%.0f bare_sqlite_rows_s=%.0f goal=0.70\n", rest / limit, rest, limit);
	printf("bench intake_grown first_%d=%.0f rest=%.0f\n", BATCHES / 10 * BATCH_RECORDS, first, rest);
	for (int i = 0; i < BATCHES; i++)
		free(bodies[i]);
	box_free(b);
	free(b);
	world_free(&w);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("intake's rate");
	TCase *t = tcase_create("bench");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, bench);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
