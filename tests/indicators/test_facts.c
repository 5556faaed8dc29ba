/* Facts and cells: exactly once, never changed, and incremental equal to recomputed, bit for bit, on random
 * histories of answers, corrections, withdrawals and definition changes. The sums are held against whole
 * numbers here (values are multiples of 1/64, so their sums are exact), and against the certified values of a NIST reference data set. */
#include "indicators/facts_store.h"
#include "tests/test.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

static struct err err;
static char folder[64], path[96];

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/candour-facts-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/facts.db", folder);
}

static void
teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct facts_record
record_of(int i, const char *site)
{
	struct facts_record r = { .site = site, .form = "f@1", .day = 20000 + i % 300, .day_quality = "sealed",
	    .state = "facts", .place = { .seq = i + 1 } };

	memcpy(r.record, &i, sizeof(i));
	memcpy(r.tag, &i, sizeof(i));
	return r;
}

static struct facts_entry
entry_of(int i, const char *site, int64_t def, int period, const char *item, double value, int64_t rev, int64_t data_rev)
{
	struct facts_entry e = { .cell = { site, def, period, "", 1, item }, .rev = rev, .sign = 1,
	    .num = { true, value > 0.5 }, .value = { true, value }, .people = 1, .data_rev = data_rev };

	memcpy(e.record, &i, sizeof(i));
	return e;
}

static struct facts *
opened(void)
{
	struct facts *f = NULL;
	uint8_t hash[32] = {1};
	int64_t def, bucket;
	bool is_new;

	ck_ok(facts_open(path, &f, &err));
	ck_ok(facts_begin(f, &err));
	ck_ok(facts_definition(f, "a", 1, hash, true, "text", &def, &is_new, &err));
	ck_ok(facts_bucket(f, def, "", &bucket, &err));
	ck_ok(facts_commit(f, &err));
	return f;
}

struct one_cell {
	struct cell_sum sum;
	int n;
};

static enum err_code
take_cell(void *arg, const struct facts_cell *c, struct err *e)
{
	struct one_cell *o = arg;

	(void)e;
	o->sum = c->sum;
	o->n++;
	return ERR_OK;
}

/* The second time the same record comes, nothing is derived. */
START_TEST(a_record_counts_once)
{
	struct facts *f = opened();
	struct facts_record r = record_of(7, "elm");
	struct one_cell got = {0};
	size_t n;

	for (int i = 0; i < 3; i++) {
		struct facts_entry e = entry_of(7, "elm", 1, 100, "", 1, 1, i + 1);
		bool is_new;

		ck_ok(facts_begin(f, &err));
		ck_ok(facts_put_record(f, &r, &is_new, &err));
		ck_assert_int_eq(is_new, i == 0);
		ck_ok(facts_put(f, &e, &err));
		ck_ok(facts_update_cells(f, &n, &err));
		ck_assert_uint_eq(n, i == 0 ? 1 : 0);
		ck_ok(facts_commit(f, &err));
	}
	ck_ok(facts_cells(f, 1, take_cell, &got, &err));
	ck_assert_int_eq(got.n, 1);
	ck_assert_int_eq(got.sum.n, 1);
	facts_close(f);
}
END_TEST

/* Bookkeeping entries are never changed: the database itself refuses, whoever writes. */
START_TEST(entries_cannot_be_changed_or_deleted)
{
	static const char *const tries[] = { "UPDATE fact SET num = 5", "UPDATE fact SET value = 1, rev = 9",
	    "UPDATE fact SET people = 3", "DELETE FROM fact" };
	struct facts *f = opened();
	struct facts_entry e = entry_of(1, "elm", 1, 100, "", 1, 1, 1);
	sqlite3 *db;

	ck_ok(facts_begin(f, &err));
	ck_ok(facts_put(f, &e, &err));
	ck_ok(facts_commit(f, &err));
	facts_close(f);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < ARRAY_LEN(tries); i++)
		ck_assert_int_eq(sqlite3_exec(db, tries[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
	sqlite3_close(db);
}
END_TEST

static enum err_code
no_entry(void *arg, const struct facts_entry *e, struct err *unused)
{
	(void)e;
	(void)unused;
	++*(int *)arg;
	return ERR_OK;
}

/* After a withdrawal the figures of that record are NULL on disk and its cell is empty. */
START_TEST(a_withdrawal_takes_figures_away)
{
	struct facts *f = opened();
	struct facts_record r = record_of(7, "elm");
	struct facts_entry e = entry_of(7, "elm", 1, 100, "", 0.75, 1, 1);
	struct one_cell got = {0};
	char site[FACTS_TEXT];
	uint8_t record[16];
	int64_t cells, different;
	int standing = 0;
	sqlite3_stmt *s;
	sqlite3 *db;
	bool is_new;
	size_t n;

	ck_ok(facts_begin(f, &err));
	ck_ok(facts_put_record(f, &r, &is_new, &err));
	ck_ok(facts_put(f, &e, &err));
	ck_ok(facts_update_cells(f, &n, &err));
	ck_ok(facts_by_tag(f, r.device, r.tag, site, record, &err));
	ck_assert_str_eq(site, "elm");
	ck_ok(facts_withdraw(f, site, record, 2, &err));
	ck_ok(facts_update_cells(f, &n, &err));
	ck_ok(facts_commit(f, &err));
	ck_ok(facts_cells(f, 1, take_cell, &got, &err));
	ck_assert_int_eq(got.sum.n, 0);
	ck_assert(got.sum.num == 0 && got.sum.mean == 0);
	ck_ok(facts_standing(f, "elm", record, -1, no_entry, &standing, &err));
	ck_assert_int_eq(standing, 0);
	ck_ok(facts_compare(f, &cells, &different, &err));
	ck_assert_int_eq(different, 0);
	facts_close(f);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*), count(num), count(value) FROM fact", -1, &s, NULL), 0);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_int(s, 0), 2);
	ck_assert_int_eq(sqlite3_column_int(s, 1) + sqlite3_column_int(s, 2), 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
}
END_TEST

START_TEST(an_agreed_version_never_changes)
{
	struct facts *f = opened();
	uint8_t other[32] = {2};
	int64_t def;
	bool is_new;

	ck_err(facts_definition(f, "a", 1, other, true, "another", &def, &is_new, &err), ERR_INPUT, "new version");
	ck_ok(facts_definition(f, "a", 2, other, true, "another", &def, &is_new, &err));
	ck_assert(is_new);
	facts_close(f);
}
END_TEST

/* A changed cell is found by the nightly comparison, and so is one too many. */
START_TEST(the_nightly_comparison_finds_a_changed_cell)
{
	static const char *const damage[] = { "UPDATE cell SET num = num + 1e-15 WHERE n > 0",
	    "UPDATE cell SET n = n + 1", "DELETE FROM cell",
	    "INSERT INTO cell VALUES ('zzz', 1, 1, '', 1, '', 0, 0, 0, 0, 0, 0, 0)" };
	struct facts *f = opened();
	struct facts_entry e = entry_of(1, "elm", 1, 100, "", 0.25, 1, 1);
	int64_t cells, different;
	sqlite3 *db;
	size_t n;

	ck_ok(facts_begin(f, &err));
	ck_ok(facts_put(f, &e, &err));
	ck_ok(facts_update_cells(f, &n, &err));
	ck_ok(facts_commit(f, &err));
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, damage[_i], NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	ck_ok(facts_compare(f, &cells, &different, &err));
	ck_assert_int_eq(cells, 1);
	ck_assert_int_eq(different, 1);
	facts_close(f);
}
END_TEST

/* --- random histories -------------------------------------------------------------------------------- */

enum { RECORDS = 40, DEFS = 3, PERIODS = 4 };
static const char *const sites[] = { "ash", "elm", "oak" };

struct model {		/* what stands: the oracle, kept apart from the code under test */
	bool known[RECORDS], withdrawn[RECORDS];
	const char *site[RECORDS];
	int period[RECORDS][DEFS];
	long sixty_fourths[RECORDS][DEFS];
	int64_t rev[RECORDS][DEFS];
	bool def_there[DEFS];
};

static void
derive(struct facts *f, struct model *m, int r, int def, int64_t data_rev)
{
	struct facts_entry e;

	m->period[r][def] = rand() % PERIODS;
	m->sixty_fourths[r][def] = rand() % 640;
	m->rev[r][def]++;
	e = entry_of(r, m->site[r], def + 1, m->period[r][def], "", (double)m->sixty_fourths[r][def] / 64,
	    m->rev[r][def], data_rev);
	ck_ok(facts_put(f, &e, &err));
}

/* One random thing happens: an answer (perhaps a known one again), a correction, a withdrawal, a new
 * definition derived from everything that is still held. */
static void
happen(struct facts *f, struct model *m, int64_t data_rev)
{
	int r = rand() % RECORDS, what = rand() % 10;
	int64_t last;
	bool is_new;

	if (what < 6) {
		struct facts_record row;

		if (!m->known[r])
			m->site[r] = sites[rand() % 3];
		row = record_of(r, m->site[r]);
		ck_ok(facts_put_record(f, &row, &is_new, &err));
		ck_assert_int_eq(is_new, !m->known[r]);
		for (int d = 0; is_new && d < DEFS; d++)
			if (m->def_there[d])
				derive(f, m, r, d, data_rev);
		m->known[r] = true;
	} else if (what < 8 && m->known[r] && !m->withdrawn[r]) {
		int d = rand() % DEFS;

		if (!m->def_there[d])
			return;
		ck_ok(facts_reverse(f, m->site[r], record_of(r, "").record, d + 1, data_rev, &last, &err));
		ck_assert_int_eq(last, m->rev[r][d]);
		derive(f, m, r, d, data_rev);
	} else if (what == 8 && m->known[r] && !m->withdrawn[r]) {
		ck_ok(facts_withdraw(f, m->site[r], record_of(r, "").record, data_rev, &err));
		m->withdrawn[r] = true;
	} else if (what == 9) {
		int d = rand() % DEFS;

		for (int k = 0; !m->def_there[d] && k < RECORDS; k++)
			if (m->known[k] && !m->withdrawn[k])
				derive(f, m, k, d, data_rev);
		m->def_there[d] = true;
	}
}

static struct model *oracle;

static enum err_code
check_cell(void *arg, const struct facts_cell *c, struct err *e)
{
	long sum = 0, n = 0;
	double mean, m2 = 0;

	(void)e;
	for (int r = 0; r < RECORDS; r++)
		if (oracle->known[r] && !oracle->withdrawn[r] && oracle->rev[r][c->key.def - 1] > 0
		    && strcmp(oracle->site[r], c->key.site) == 0 && oracle->period[r][c->key.def - 1] == c->key.period) {
			sum += oracle->sixty_fourths[r][c->key.def - 1];
			n++;
		}
	mean = n == 0 ? 0 : (double)sum / 64 / (double)n;
	for (int r = 0; r < RECORDS; r++)
		if (oracle->known[r] && !oracle->withdrawn[r] && oracle->rev[r][c->key.def - 1] > 0
		    && strcmp(oracle->site[r], c->key.site) == 0 && oracle->period[r][c->key.def - 1] == c->key.period)
			m2 += pow((double)oracle->sixty_fourths[r][c->key.def - 1] / 64 - mean, 2);
	ck_assert_int_eq(c->sum.n, n);
	ck_assert_int_eq(c->sum.people, n);
	ck_assert(fabs(c->sum.mean - mean) <= 1e-14 * fabs(mean));
	ck_assert(fabs(c->sum.m2 - m2) <= 1e-12 * fmax(1, m2));
	*(long *)arg += n;
	return ERR_OK;
}

/* In memory, or 1,000 histories would measure the disk. */
START_TEST(incremental_equals_recompute_on_random_histories)
{
	unsigned seed = (unsigned)(_i * 2654435761u) ^ (unsigned)time(NULL);

	srand(seed);
	fprintf(stderr, "random histories: seed %u\n", seed);
	for (int history = 0; history < 100; history++) {
		struct model m = { .def_there = { true } };
		struct facts *f = NULL;
		int64_t cells, different, data_rev, bucket;
		long standing = 0, want = 0;
		int steps = 5 + rand() % 60;

		ck_ok(facts_open(":memory:", &f, &err));
		for (int d = 0; d < DEFS; d++) {
			uint8_t hash[32] = { (uint8_t)(d + 1) };
			int64_t def;
			bool is_new;

			ck_ok(facts_definition(f, "x", d + 1, hash, true, "", &def, &is_new, &err));
			ck_ok(facts_bucket(f, def, "", &bucket, &err));
		}
		oracle = &m;
		for (int i = 0; i < steps; i++) {
			size_t n;
			bool back = rand() % 12 == 0;
			struct model before = m;

			ck_ok(facts_begin(f, &err));
			ck_ok(facts_next_rev(f, &data_rev, &err));
			for (int k = rand() % 4; k >= 0; k--)
				happen(f, &m, data_rev);
			ck_ok(facts_update_cells(f, &n, &err));
			if (back) {	/* a kill before the commit */
				facts_rollback(f);
				m = before;
			} else {
				ck_ok(facts_commit(f, &err));
			}
			ck_ok(facts_compare(f, &cells, &different, &err));
			ck_assert_msg(different == 0, "seed %u history %d step %d: %lld cells differ", seed, history, i,
			    (long long)different);
		}
		for (int d = 1; d <= DEFS; d++)
			ck_ok(facts_cells(f, d, check_cell, &standing, &err));
		for (int r = 0; r < RECORDS; r++)
			for (int d = 0; d < DEFS; d++)
				want += m.known[r] && !m.withdrawn[r] && m.rev[r][d] > 0;
		ck_assert_int_eq(standing, want);
		facts_close(f);
	}
}
END_TEST

/* NIST StRD, data set NumAcc3: mean 1000000.2, standard deviation 0.1 (certified values). */
START_TEST(cells_keep_small_differences_of_large_values)
{
	enum { N = 1001 };
	struct cell_entry entries[N] = { { 0, 1000000.2, 1, 1 } };
	struct cell_sum whole, parts = {0};

	for (int i = 1; i < N; i++)
		entries[i] = (struct cell_entry){ 0, i % 2 == 1 ? 1000000.1 : 1000000.3, 1, 1 };
	whole = cell_of(entries, N);
	ck_assert(fabs(whole.mean - 1000000.2) < 1e-9);
	ck_assert(fabs(sqrt(whole.m2 / (N - 1)) - 0.1) < 1e-9);
	for (size_t at = 0; at < N; at += 143) {
		struct cell_sum part = cell_of(entries + at, N - at < 143 ? N - at : 143);

		cell_merge(&parts, &part);
	}
	ck_assert_int_eq(parts.n, N);
	ck_assert(fabs(parts.mean - 1000000.2) < 1e-9);
	ck_assert(fabs(sqrt(parts.m2 / (N - 1)) - 0.1) < 1e-9);
}
END_TEST

static Suite *
facts_suite(void)
{
	Suite *s = suite_create("facts");
	TCase *t = tcase_create("facts"), *random = tcase_create("random histories");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_record_counts_once);
	tcase_add_test(t, entries_cannot_be_changed_or_deleted);
	tcase_add_test(t, a_withdrawal_takes_figures_away);
	tcase_add_test(t, an_agreed_version_never_changes);
	tcase_add_loop_test(t, the_nightly_comparison_finds_a_changed_cell, 0, 4);
	tcase_add_test(t, cells_keep_small_differences_of_large_values);
	suite_add_tcase(s, t);
	tcase_set_timeout(random, 120);
	tcase_add_loop_test(random, incremental_equals_recompute_on_random_histories, 0, 10);
	suite_add_tcase(s, random);
	return s;
}

TEST_MAIN(facts_suite)
