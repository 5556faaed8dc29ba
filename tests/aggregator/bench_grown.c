/* Does intake slow down as records gather? Two stores side by side, one with 1,000 records of a thousand devices kept,
 * one with KEPT (1,000,000); then the same work in turns on both: ten boxes, whose ids lie anywhere among those kept,
 * send a batch of 100 records of 1 KB each, committed together. The median of the ratios of each turn, and what two
 * halves of the small store's own turns differ by (the noise), on SQLite and on PostgreSQL. In turns and by medians,
 * because other work on the machine and checkpoints come and go; the CPU of this process, in which SQLite's is, says the
 * same with less noise.
 *	bench_grown [KEPT]	(1,000,000 without) */
#include <sqlite3.h>
#include <unistd.h>

#include "tests/aggregator/bench_kit.h"

enum { TURNS = 25, SMALL = 1000, BOXES = GROUP };

struct side {
	struct store *st;
	struct box boxes[BOXES];
	double rate[TURNS];
	double cpu_us;	/* a record */
};

static struct intake_log log_;

static int
by_size(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static double
median(const double *v, size_t n)
{
	double sorted[TURNS];

	memcpy(sorted, v, n * sizeof(*v));
	qsort(sorted, n, sizeof(*sorted), by_size);
	return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* A batch of each box, made before the clock runs; their way in is timed. */
static double
turn(struct side *s)
{
	static struct made made[BOXES];
	struct intake_batch batches[BOXES], *group[BOXES];
	double t, cpu;

	for (int i = 0; i < BOXES; i++)
		make_batch(&s->boxes[i], RECORDS, &made[i]);
	cpu = cpu_s();
	t = now_s();
	for (int i = 0; i < BOXES; i++) {
		struct intake_batch *b = &batches[i];

		memset(b, 0, sizeof(*b));
		b->bytes = made[i].bytes.data;
		b->len = made[i].bytes.len;
		memcpy(b->device, s->boxes[i].id, 16);
		if (!batch_head_signed(b->bytes, b->len, seal_key_public(s->boxes[i].sign)))
			must(err_set(&err, ERR_DENIED, "signature"), "batch");
		must(batch_head_read(b->bytes, b->len, &b->h, &err), "head");
		must(intake_check(b, &err), "check");
		group[i] = b;
	}
	intake_group(s->st, &log_, group, BOXES);
	t = now_s() - t;
	s->cpu_us += (cpu_s() - cpu) * 1e6 / (BOXES * RECORDS * TURNS);
	for (int i = 0; i < BOXES; i++) {
		if (batches[i].result != INTAKE_KEPT)
			must(err_set(&err, ERR_BROKEN, "result %d: %s", batches[i].result, batches[i].why.msg), "intake");
		intake_clear(&batches[i]);
		buf_free(&made[i].bytes);
	}
	return BOXES * RECORDS / t;
}

static int
compare(const char *backend, struct side *small, struct side *large, long kept)
{
	double ratio[TURNS], even[TURNS], odd[TURNS], noise, middle, lost;
	size_t n_even = 0, n_odd = 0;

	for (int i = 0; i < BOXES; i++) {
		make_box(small->st, &small->boxes[i], (uint64_t)i + 1);
		make_box(large->st, &large->boxes[i], (uint64_t)i + 1);
	}
	turn(small);	/* statements prepared, epochs opened */
	turn(large);
	small->cpu_us = large->cpu_us = 0;
	for (int i = 0; i < TURNS; i++) {
		if (i % 2 == 0) {
			small->rate[i] = turn(small);
			large->rate[i] = turn(large);
		} else {
			large->rate[i] = turn(large);
			small->rate[i] = turn(small);
		}
		ratio[i] = large->rate[i] / small->rate[i];
		if (i % 2 == 0)
			even[n_even++] = small->rate[i];
		else
			odd[n_odd++] = small->rate[i];
	}
	noise = median(even, n_even) / median(odd, n_odd) - 1;
	middle = median(ratio, TURNS);
	/* The spread of single turns, as a quartile, says how far a median of TURNS of them can be off. */
	qsort(ratio, TURNS, sizeof(*ratio), by_size);
	lost = 1 - middle;
	printf("bench intake_grown backend=%s kept=%ld ratio=%.2f quartiles=%.2f..%.2f noise=%+.2f rows_s=%.0f "
	    "rows_s_with_%d=%.0f cpu_us=%.1f cpu_us_with_%d=%.1f goal=0.90 or noise\n", backend, kept, middle,
	    ratio[TURNS / 4], ratio[TURNS - 1 - TURNS / 4], noise, median(large->rate, TURNS), SMALL,
	    median(small->rate, TURNS), large->cpu_us, SMALL, small->cpu_us);
	for (int i = 0; i < BOXES; i++) {
		free_box(&small->boxes[i]);
		free_box(&large->boxes[i]);
	}
	return lost <= 0.1 || lost <= noise || lost <= -noise ? 0 : 1;
}

/* N records of a thousand other devices, kept before the run; made by SQLite itself. */
static void
fill_sqlite(const char *path, long n)
{
	static const char *const steps[] = {
		"CREATE TEMPORARY TABLE made AS WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i < 999) "
		"SELECT i AS k, randomblob(16) AS id FROM s",
		"INSERT INTO record (n, device, id, kind, lane, tag, header, hw, hb, leaf) WITH RECURSIVE s(i) AS "
		"(SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < ?1) SELECT i, (SELECT id FROM made WHERE rowid = i % 1000 + 1), "
		"randomblob(16), 0, 0, randomblob(16), randomblob(128), randomblob(32), randomblob(32), randomblob(32) FROM s "
		"ORDER BY 2",
		"INSERT INTO body SELECT n, randomblob(1048) FROM record WHERE n <= ?1",
		"INSERT INTO wrap SELECT n, randomblob(160) FROM record WHERE n <= ?1",
		"INSERT INTO entry SELECT device, 0, device, n, NULL, id, leaf, hw FROM record WHERE n <= ?1 ORDER BY device, n",
	};
	sqlite3 *db;
	bool ok = sqlite3_open(path, &db) == SQLITE_OK
	    && sqlite3_exec(db, "PRAGMA cache_size = -400000; BEGIN", NULL, NULL, NULL) == SQLITE_OK;

	for (size_t i = 0; ok && i < sizeof(steps) / sizeof(steps[0]); i++) {
		sqlite3_stmt *s = NULL;

		ok = sqlite3_prepare_v2(db, steps[i], -1, &s, NULL) == SQLITE_OK
		    && (sqlite3_bind_parameter_count(s) == 0 || sqlite3_bind_int64(s, 1, n) == SQLITE_OK) && sqlite3_step(s) == SQLITE_DONE;
		sqlite3_finalize(s);
	}
	ok = ok && sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) == SQLITE_OK;
	if (!ok)
		must(err_set(&err, ERR_BROKEN, "%s", sqlite3_errmsg(db)), "fill");
	sqlite3_close(db);
}

static int
on_sqlite(long kept)
{
	static struct side small, large;
	struct store_site site = { "meadow", "Meadow House", "" };
	char dir[] = "/tmp/candour-grown-XXXXXX", path[2][64], command[64];
	int bad;

	if (mkdtemp(dir) == NULL)
		return 1;
	for (int i = 0; i < 2; i++) {
		struct store **st = i == 0 ? &small.st : &large.st;

		snprintf(path[i], sizeof(path[i]), "%s/%d.db", dir, i);
		must(store_open(path[i], true, st, &err), "store");
		must((*st)->ops->site_put(*st, &site, &err), "site");
		fill_sqlite(path[i], i == 0 ? SMALL : kept);
	}
	bad = compare("sqlite", &small, &large, kept);
	store_close(small.st);
	store_close(large.st);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? bad : 1;
}

/* Two databases of one server. */
static int
on_postgresql(long kept)
{
	static struct side small, large;
	struct store_site site = { "meadow", "Meadow House", "" };
	char other[300];
	int bad;

	if (access("/usr/lib/postgresql", F_OK) != 0) {
		printf("SKIP: intake on PostgreSQL: no server here (package postgresql)\n");
		return 0;
	}
	if (!kit_start())
		return 1;
	for (int i = 0; i < 2; i++) {
		struct store **st = i == 0 ? &small.st : &large.st;
		PGconn *c = PQconnectdb(kit_url);

		snprintf(other, sizeof(other), "postgresql:///large?host=%s&user=candour", kit_dir);
		if (i == 1) {
			sql(c, "CREATE DATABASE large");
			PQfinish(c);
			c = PQconnectdb(other);
		}
		must(store_open(i == 0 ? kit_url : other, true, st, &err), "store");
		must((*st)->ops->site_put(*st, &site, &err), "site");
		sql(c, "SET search_path = candour, pg_catalog");
		fill(c, i == 0 ? SMALL : kept);
		PQfinish(c);
	}
	bad = compare("postgresql", &small, &large, kept);
	store_close(small.st);
	store_close(large.st);
	kit_stop();
	return bad;
}

int
main(int argc, char **argv)
{
	long kept = argc > 1 ? strtol(argv[1], NULL, 10) : 1000000;
	atomic_uint none = 0;
	struct seal_key *receipt;
	int bad;

	if (kept < SMALL || kept > 100000000) {
		fprintf(stderr, "usage: bench_grown [KEPT]\n");
		return 2;
	}
	must(seal_key_new(KEY_RECEIPT, &receipt, &err), "key");
	log_ = (struct intake_log){ .clock = &clock_system, .ring_serial = &none, .bundle_serial = &none,
	    .receipt_key = receipt };
	seal_key_id(receipt, log_.receipt_key_id);
	kit_bytes(log_.log_id, 16, "log", 1);
	bad = on_sqlite(kept) + on_postgresql(kept);
	seal_key_free(receipt);
	return bad == 0 ? 0 : 1;
}
