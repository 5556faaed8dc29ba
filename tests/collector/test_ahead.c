/* collector/ahead.c: what is read ahead is what plain reading gives, also while another connection writes and moves
 * its WAL into the file. */
#include <sqlite3.h>

#include "collector/ahead.h"
#include "tests/collector/site.h"

static void
run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
}

static int64_t
number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t n;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_step(s) == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* 4,000 rows of random bytes, some with overflow pages; a file of some 5 MB whose end is no multiple of 64 KiB. */
static sqlite3 *
make_db(void)
{
	sqlite3 *db = NULL;

	make_folder();
	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	run(db, "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER PRIMARY KEY, x BLOB); "
	    "CREATE INDEX i ON t (substr(x, 1, 8));"
	    "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4000) "
	    "INSERT INTO t SELECT n, randomblob(500 + n % 7 * 300 + (n % 500 = 0) * 30000) FROM c; "
	    "PRAGMA wal_checkpoint(TRUNCATE)");
	return db;
}

/* Every byte, in the order of the table, of the index, and of neither. */
static const char *const sums[] = {
	"SELECT sum(n * (unicode(hex(substr(x, 1, 1))) + unicode(hex(substr(x, -1)))) + length(x)) FROM t",
	"SELECT count(*) FROM t AS a JOIN t AS b ON a.x = b.x AND a.n = b.n ORDER BY substr(a.x, 1, 8)",
	"SELECT count(*) FROM (SELECT x FROM t ORDER BY n * 7919 % 4001) WHERE hex(x) <> ''",
};

START_TEST(reads_what_plain_reading_gives)
{
	sqlite3 *plain = make_db(), *db = NULL;
	struct ahead *a = NULL;

	ck_ok(ahead_new(&a, &err));
	ck_assert_int_eq(sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READONLY, ahead_name(a)), SQLITE_OK);
	run(db, "PRAGMA cache_size = 20; BEGIN");
	number(db, "SELECT count(*) FROM sqlite_schema");
	ahead_begin(a);
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		ck_assert_int_eq(number(db, sums[i]), number(plain, sums[i]));
	ahead_end(a);
	sqlite3_close(db);
	ahead_free(a);
	sqlite3_close(plain);
	drop_folder();
}
END_TEST

/* The snapshot stands, whatever others write and move meanwhile; and the next one is the new one. */
START_TEST(keeps_to_its_snapshot)
{
	sqlite3 *writer = make_db(), *db = NULL;
	struct ahead *a = NULL;
	int64_t before = number(writer, sums[0]), after;

	ck_ok(ahead_new(&a, &err));
	ck_assert_int_eq(sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READONLY, ahead_name(a)), SQLITE_OK);
	run(db, "PRAGMA cache_size = 20; BEGIN");
	number(db, "SELECT count(*) FROM sqlite_schema");
	ahead_begin(a);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM t WHERE n < 100"), 99);	/* some chunks are filled */
	run(writer, "UPDATE t SET x = randomblob(900) WHERE n % 3 = 0; PRAGMA wal_checkpoint(PASSIVE)");
	ck_assert_int_eq(number(db, sums[0]), before);
	ahead_end(a);
	run(db, "COMMIT");
	run(writer, "PRAGMA wal_checkpoint(TRUNCATE)");
	after = number(writer, sums[0]);
	run(db, "BEGIN");
	number(db, "SELECT count(*) FROM sqlite_schema");
	ahead_begin(a);
	ck_assert_int_eq(number(db, sums[0]), after);
	ck_assert_int_ne(before, after);
	ahead_end(a);
	sqlite3_close(db);
	ahead_free(a);
	sqlite3_close(writer);
	drop_folder();
}
END_TEST

/* A file that ends before it should (it was cut while it was being read): an error, as with plain reading. */
START_TEST(says_what_is_missing)
{
	sqlite3 *db = make_db();
	struct ahead *a = NULL;
	sqlite3_stmt *s = NULL;
	int got;

	sqlite3_close(db);
	ck_ok(ahead_new(&a, &err));
	ck_assert_int_eq(sqlite3_open_v2(db_path, &db, SQLITE_OPEN_READONLY, ahead_name(a)), SQLITE_OK);
	run(db, "PRAGMA cache_size = 20; BEGIN");
	number(db, "SELECT count(*) FROM sqlite_schema");
	ahead_begin(a);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sums[0], -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(truncate(db_path, 1000000), 0);
	got = sqlite3_step(s);
	ck_assert_msg((got & 0xff) == SQLITE_CORRUPT || (got & 0xff) == SQLITE_IOERR, "%d", got);
	sqlite3_finalize(s);
	ahead_end(a);
	sqlite3_close(db);
	ahead_free(a);
	drop_folder();
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	struct ahead *a = NULL;
	enum err_code rc;

	TORTURE(rc, (ahead_free(a), ahead_new(&a, &err)));
	ck_ok(rc);
	ahead_free(a);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ahead");
	TCase *t = tcase_create("ahead");

	suite_add_tcase(s, t);
	tcase_add_test(t, reads_what_plain_reading_gives);
	tcase_add_test(t, keeps_to_its_snapshot);
	tcase_add_test(t, says_what_is_missing);
	tcase_add_test(t, survives_every_failed_allocation);
	return s;
}

TEST_MAIN(suite)
