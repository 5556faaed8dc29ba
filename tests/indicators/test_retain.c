/* The end of a fact's time: random histories of answers, corrections and withdrawals with retention at random days, killed in
 * the middle now and then. Held against a model of its own: cells of months whose facts are gone stay as they were, those of
 * kept months are what the model adds up, and nothing that was erased is in the bytes of the files. */
#include "indicators/retain.h"
#include "tests/test.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/file.h"
#include "indicators/quotes.h"

static struct err err;
static char folder[64], path[96];
static struct library library;

#define MINIMAL(id, period, more) "[indicator]\nid = " id "\nversion = 1\nkind = proportion\ntitle = People who are happy\n" \
	"title_easy = Happy people\nabout = a\nunit = people\ndirection = increase\nduty = d\nsource = s\nmethod = questionnaire\n" \
	"owner = o\nreview_by = 2027-04\n[measure]\nexclude.none = false()\nnumerator = ${q1} = '1'\n[form satisfaction]\n" \
	"[time]\nperiod = " period "\n" more "[estimate]\ninterval = wilson\n[state]\nstate = draft\n"

static struct definition *
parsed(const char *text)
{
	struct definition *d = NULL;
	struct findings found;

	findings_init(&found);
	if (definition_parse("x.ind", text, strlen(text), NULL, NULL, &found, &d, &err) != ERR_OK) {
		for (size_t i = 0; i < found.n; i++)
			fprintf(stderr, "%s: %s\n", found.list[i].place, found.list[i].text);
		ck_abort_msg("%s", err.msg);
	}
	findings_clear(&found);
	return d;
}

static void
library_of(const char *const *texts, size_t n)
{
	library.list = calloc(n, sizeof(*library.list));
	ck_assert_ptr_nonnull(library.list);
	library.n = n;
	for (size_t i = 0; i < n; i++)
		library.list[i] = parsed(texts[i]);
}

static void
setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/candour-retain-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/facts.db", folder);
}

static void
teardown(void)
{
	char command[128];

	library_clear(&library);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* --- when --------------------------------------------------------------------------------------------------------- */

static int
month(int y, int m)
{
	return y * 12 + m - 1;
}

static int64_t
line_at(int64_t months, int y, int m, int d)
{
	int64_t line;

	ck_ok(retain_line(&library, months, day_from_date(y, m, d), &line, &err));
	return line;
}

/* Months go 24 months after they ended, to the day. */
START_TEST(a_month_goes_when_its_time_is_over)
{
	library_of((const char *const[]){ MINIMAL("a", "month", "") }, 1);
	ck_assert_int_eq(line_at(24, 2026, 10, 31), month(2024, 10));
	ck_assert_int_eq(line_at(24, 2026, 11, 1), month(2024, 11));
	ck_assert_int_eq(line_at(6, 2026, 3, 1), month(2025, 9));
	ck_assert_int_eq(line_at(0, 2026, 11, 1), 0);
	ck_assert_int_eq(line_at(24, 1970, 1, 1), 0);	/* a clock that was never set */
}
END_TEST

/* No period of any definition is cut: a year that begins in April goes as a whole. */
START_TEST(a_period_goes_as_a_whole)
{
	library_of((const char *const[]){ MINIMAL("a", "month", ""), MINIMAL("b", "quarter", ""),
	    MINIMAL("c", "month", "period.site = year\n") }, 3);
	ck_assert_int_eq(line_at(24, 2027, 3, 31), month(2024, 4));
	ck_assert_int_eq(line_at(24, 2027, 4, 1), month(2025, 4));
	library_clear(&library);
	library_of((const char *const[]){ MINIMAL("a", "month", ""), MINIMAL("b", "quarter", "") }, 2);
	ck_assert_int_eq(line_at(24, 2026, 11, 30), month(2024, 10));
	ck_assert_int_eq(line_at(24, 2027, 1, 1), month(2025, 1));
}
END_TEST

START_TEST(what_would_erase_too_soon_is_refused)
{
	int64_t line;

	library_of((const char *const[]){ MINIMAL("a", "year", ""), MINIMAL("b", "year", "year_start = 01-01\n") }, 2);
	ck_err(retain_check(&library, 24, &err), ERR_INPUT, "begin differently");
	ck_err(retain_line(&library, 24, 20000, &line, &err), ERR_INPUT, "begin differently");
	ck_assert_int_eq(line, 0);
	ck_ok(retain_check(&library, 0, &err));
	library_clear(&library);
	library_of((const char *const[]){ MINIMAL("a", "month", "wait_days = 200\n") }, 1);
	ck_err(retain_check(&library, 5, &err), ERR_INPUT, "at least 6");
	ck_err(retain_check(&library, 7, &err), ERR_INPUT, "waits 200 days");
	ck_ok(retain_check(&library, 8, &err));
}
END_TEST

/* What the clock must have done before anything goes: own day, day of the log, the day that may be relied on. */
START_TEST(the_clock_must_be_vouched_for)
{
	static const struct { int64_t own, log, want; } steps[] = {
		{ 20000, 20000, 0 }, { 20003, 20003, 0 }, { 20006, 20006, 0 }, { 20007, 20007, 20007 },	/* a week without a leap */
		{ 20008, 20001, 20001 },	/* nothing came since: by the log */
		{ 20009, 0, 0 },		/* no receipt at all */
		{ 21834, 21834, 0 },		/* five years ahead, and the centre with it */
		{ 20010, 20010, 0 }, { 20012, 20012, 0 }, { 20017, 20017, 20017 },	/* set right */
		{ 0, 20017, 0 }, { 1, 20017, 0 }, { 8, 20017, 8 },	/* 1970 */
		{ 20018, 20018, 0 }, { 20025, 20025, 20025 }, { 20060, 20060, 20060 }, { 20096, 20096, 0 },	/* off for 36 days */
		{ 20103, 99999, 20103 },	/* the log is ahead */
	};
	struct facts *f = NULL;
	int64_t day;

	ck_ok(facts_open(path, &f, &err));
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		ck_ok(retain_day(f, steps[i].own, steps[i].log, &day, &err));
		ck_assert_msg(day == steps[i].want, "step %zu: %lld", i, (long long)day);
		if (i % 5 == 0) {	/* across restarts */
			facts_close(f);
			ck_ok(facts_open(path, &f, &err));
		}
	}
	facts_close(f);
}
END_TEST

/* --- random histories --------------------------------------------------------------------------------------------- */

enum { RECORDS = 400, DEFS = 3, FIRST = 2020 * 12, MONTHS = 30 };
static const char *const sites[] = { "ash", "elm", "oak" };

struct answer {
	uint8_t id[16], tag[16];
	const char *site;
	int month;
	bool known, withdrawn, sealed;
	double value[DEFS];
	int64_t rev[DEFS];
};

static struct answer answers[RECORDS];
static int64_t line;	/* as the model has it */
static bool pending;	/* a round was cut off: what is before the line may be there still */

static void
fill(void *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)rand();
}

static struct facts_record
row_of(const struct answer *a)
{
	struct facts_record r = { .site = a->site, .form = "f@1", .day = month_first_day(a->month) + 3,
	    .day_quality = a->sealed ? "sealed" : "receipt", .state = "facts", .place = { .seq = 1 } };

	memcpy(r.record, a->id, 16);
	memcpy(r.tag, a->tag, 16);
	return r;
}

static struct facts_entry
entry_of(const struct answer *a, int def, int64_t data_rev)
{
	struct facts_entry e = { .cell = { a->site, def + 1, a->month, "", 1, "" }, .rev = a->rev[def], .sign = 1,
	    .num = { true, 1 }, .value = { true, a->value[def] }, .people = 1, .data_rev = data_rev };

	memcpy(e.record, a->id, 16);
	return e;
}

/* A value that no other number is by chance: 53 random bits. */
static double
some_value(void)
{
	return 1 + ldexp((double)(((uint64_t)rand() << 21) ^ (uint64_t)rand()), -52);
}

static void
arrive(struct facts *f, struct answer *a, int64_t data_rev)
{
	struct facts_record row;
	bool takes, is_new;

	a->site = sites[rand() % 3];
	a->month = FIRST + rand() % MONTHS;
	a->sealed = rand() % 4 != 0;
	fill(a->id, 16);
	fill(a->tag, 16);
	row = row_of(a);
	ck_ok(facts_takes(f, a->site, a->id, row.day, row.day_quality, &takes, &err));
	ck_assert_int_eq(takes, a->month >= line);
	if (!takes)
		return;
	ck_ok(facts_put_record(f, &row, &is_new, &err));
	ck_assert(is_new);
	for (int d = 0; d < DEFS; d++) {
		struct facts_entry e;

		a->value[d] = some_value();
		a->rev[d] = 1;
		e = entry_of(a, d, data_rev);
		ck_ok(facts_put(f, &e, &err));
	}
	a->known = true;
}

/* An erased answer comes once more, perhaps dated by a later receipt, is corrected, or is withdrawn: nothing comes of it. */
static void
too_late(struct facts *f, const struct answer *a, int64_t data_rev)
{
	struct facts_record row = row_of(a);
	char site[FACTS_TEXT];
	uint8_t record[16];
	int64_t last, day;
	bool takes;

	ck_ok(facts_reverse(f, a->site, a->id, -1, data_rev, &last, &err));
	ck_assert_int_eq(last, 0);
	if (pending) {	/* its row may be there still, until the round goes on */
		bool is_new;

		if (facts_withdraw(f, a->site, a->id, data_rev, &err) != ERR_OK)
			ck_assert_int_eq(err.code, ERR_ABSENT);
		ck_ok(facts_takes(f, a->site, a->id, row.day, row.day_quality, &takes, &err));
		ck_assert(!takes);
		if (facts_by_tag(f, row.device, a->tag, site, record, &err) == ERR_OK) {
			ck_ok(facts_put_record(f, &row, &is_new, &err));
			ck_assert(!is_new);
		}
		return;
	}
	ck_err(facts_by_tag(f, row.device, a->tag, site, record, &err), ERR_ABSENT, "");
	ck_err(facts_withdraw(f, a->site, a->id, data_rev, &err), ERR_ABSENT, "");
	ck_err(facts_day_of(f, a->site, a->id, &day, &err), ERR_ABSENT, "");
	ck_ok(facts_takes(f, a->site, a->id, row.day, row.day_quality, &takes, &err));
	ck_assert(!takes);
	if (a->sealed)
		return;
	ck_ok(facts_takes(f, a->site, a->id, month_first_day((int)line + 5), "receipt", &takes, &err));
	ck_assert(!takes);
}

static void
happen(struct facts *f, int64_t data_rev)
{
	struct answer *a = &answers[rand() % RECORDS];
	int64_t last;

	if (!a->known) {
		arrive(f, a, data_rev);
	} else if (a->month < line) {
		too_late(f, a, data_rev);
	} else if (rand() % 3 == 0 && !a->withdrawn) {
		ck_ok(facts_withdraw(f, a->site, a->id, data_rev, &err));
		a->withdrawn = true;
	} else if (!a->withdrawn) {
		int d = rand() % DEFS;
		struct facts_entry e;

		ck_ok(facts_reverse(f, a->site, a->id, d + 1, data_rev, &last, &err));
		ck_assert_int_eq(last, a->rev[d]);
		a->rev[d]++;
		a->value[d] = some_value();
		e = entry_of(a, d, data_rev);
		ck_ok(facts_put(f, &e, &err));
	}
}

/* Cells as the model has them; those before the line as they were when it passed them. */
struct told {
	int64_t n;
	double total;
};
static struct told frozen[3][DEFS][MONTHS];

static struct told
sum_of(int site, int def, int at)
{
	struct told s = {0};

	for (int r = 0; r < RECORDS; r++) {
		const struct answer *a = &answers[r];

		if (!a->known || a->withdrawn || a->site != sites[site] || a->month != FIRST + at)
			continue;
		s.n++;
		s.total += a->value[def];
	}
	return s;
}

static enum err_code
check_cell(void *arg, const struct facts_cell *c, struct err *e)
{
	int at = (int)c->key.period - FIRST, site = 0;
	struct told want;

	(void)e;
	while (strcmp(sites[site], c->key.site) != 0)
		site++;
	want = c->key.period < line ? frozen[site][c->key.def - 1][at] : sum_of(site, (int)c->key.def - 1, at);
	ck_assert_int_eq(c->sum.n, want.n);
	ck_assert_int_eq(c->sum.people, want.n);
	ck_assert(fabs(c->sum.mean * (double)c->sum.n - want.total) <= 1e-12 * fmax(1, want.total));
	*(int64_t *)arg += c->sum.n;
	return ERR_OK;
}

static void
all_is_right(struct facts *f)
{
	int64_t cells, different, n = 0, want = 0;

	ck_ok(facts_compare(f, &cells, &different, &err));
	ck_assert_int_eq(different, 0);
	for (int d = 1; d <= DEFS; d++)
		ck_ok(facts_cells(f, d, check_cell, &n, &err));
	for (int s = 0; s < 3; s++)
		for (int d = 0; d < DEFS; d++)
			for (int m = 0; m < MONTHS; m++)
				want += FIRST + m < line ? frozen[s][d][m].n : sum_of(s, d, m).n;
	ck_assert_int_eq(n, want);
}

static struct facts *
reopened(struct facts *f)
{
	facts_close(f);
	ck_ok(facts_open(path, &f, &err));
	return f;
}

static bool
holds(const struct buf *b, const void *bytes, size_t len)
{
	return memmem(b->data, b->len, bytes, len) != NULL;
}

/* As SQLite writes a REAL: big-endian. */
static bool
holds_value(const struct buf *b, double v)
{
	uint64_t bits;
	uint8_t bytes[8];

	memcpy(&bits, &v, sizeof(bits));
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(bits >> (56 - 8 * i));
	return holds(b, bytes, sizeof(bytes));
}

/* Neither ids, tags nor values of what is gone are in the files; those of what is kept are, so the search can find. */
static void
nothing_is_left(unsigned seed)
{
	static const char *const ends[] = { "", "-wal", "-journal" };
	struct buf all;
	int found = 0, kept = 0;

	buf_init(&all, 64 << 20);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char name[128];

		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		if (access(name, R_OK) == 0)
			ck_ok(file_read(name, &all, &err));
	}
	for (int r = 0; r < RECORDS; r++) {
		const struct answer *a = &answers[r];

		if (!a->known)
			continue;
		if (a->month >= line) {
			kept++;
			found += holds(&all, a->id, 16) && holds(&all, a->tag, 16)
			    && (a->withdrawn || holds_value(&all, a->value[0]));
			continue;
		}
		ck_assert_msg(!holds(&all, a->id, 16), "seed %u: id of record %d", seed, r);
		ck_assert_msg(!holds(&all, a->tag, 16), "seed %u: tag of record %d", seed, r);
		for (int d = 0; d < DEFS; d++)	/* the mean of one answer is that answer: such a cell says it */
			ck_assert_msg((frozen[a->site == sites[0] ? 0 : a->site == sites[1] ? 1 : 2][d][a->month - FIRST].n == 1)
			    || !holds_value(&all, a->value[d]), "seed %u: value of record %d", seed, r);
	}
	ck_assert_int_eq(found, kept);
	buf_free(&all);
}

/* One round at DAY. BREAK: it is cut off after some pieces, and the process with it. */
static struct facts *
retain(struct facts *f, int64_t day, bool cut)
{
	struct retain r = {0};
	int64_t next;

	ck_ok(retain_line(&library, 6, day, &next, &err));
	ck_ok(retain_begin(&r, f, &library, 6, day, day * 86400, "test", &err));
	for (int m = (int)line; m < next; m++)
		for (int s = 0; s < 3 && m >= FIRST && m < FIRST + MONTHS; s++)
			for (int d = 0; d < DEFS; d++)
				frozen[s][d][m - FIRST] = sum_of(s, d, m - FIRST);
	line = next > line ? next : line;
	while (r.going) {
		pending = true;
		if (cut && rand() % 2 == 0)
			return reopened(f);
		if (cut) {
			bool more;

			ck_ok(facts_erase(f, 1 + (size_t)rand() % 40, &r.at, &more, &err));
			if (more)
				continue;
		}
		ck_ok(retain_go(&r, f, &err));
	}
	pending = false;
	return f;
}

static void
definitions(struct facts *f)
{
	for (int d = 0; d < DEFS; d++) {
		uint8_t hash[32] = { (uint8_t)(d + 1) };
		int64_t def, bucket;
		bool is_new;

		ck_ok(facts_begin(f, &err));
		ck_ok(facts_definition(f, "x", d + 1, hash, true, "", &def, &is_new, &err));
		ck_ok(facts_bucket(f, def, "", &bucket, &err));
		ck_ok(facts_commit(f, &err));
	}
}

START_TEST(figures_stand_on_random_histories)
{
	unsigned seed = (unsigned)(_i * 2654435761u) ^ (unsigned)time(NULL);
	const char *fixed = getenv("RETAIN_SEED");
	struct facts *f = NULL;
	int64_t today = month_first_day(FIRST + 10), data_rev;

	seed = fixed != NULL ? (unsigned)strtoul(fixed, NULL, 10) : seed;
	srand(seed);
	fprintf(stderr, "random retention: seed %u\n", seed);
	library_of((const char *const[]){ MINIMAL("a", "month", ""), MINIMAL("b", "quarter", "") }, _i % 2 + 1);
	memset(answers, 0, sizeof(answers));
	memset(frozen, 0, sizeof(frozen));
	line = 0;
	pending = false;
	ck_ok(facts_open(path, &f, &err));
	definitions(f);
	for (int step = 0; step < 45; step++) {
		size_t n;

		ck_ok(facts_begin(f, &err));
		ck_ok(facts_next_rev(f, &data_rev, &err));
		for (int k = rand() % 30; k >= 0; k--)
			happen(f, data_rev);
		ck_ok(facts_update_cells(f, &n, &err));
		ck_ok(facts_commit(f, &err));
		today += rand() % 20;
		if (rand() % 6 == 0)
			f = retain(f, today, rand() % 2 == 0);
		if (rand() % 10 == 0)
			f = reopened(f);
		all_is_right(f);
	}
	f = retain(f, today, false);
	all_is_right(f);
	ck_assert_int_gt(line, FIRST);
	nothing_is_left(seed);		/* while it is open: what is in the files now */
	facts_close(f);
	nothing_is_left(seed);
}
END_TEST

/* --- what can go wrong -------------------------------------------------------------------------------------------- */

/* 400 answers, a year of them before the line. */
static struct facts *
filled(void)
{
	struct facts *f = NULL;
	size_t n;

	library_of((const char *const[]){ MINIMAL("a", "month", "") }, 1);
	memset(answers, 0, sizeof(answers));
	memset(frozen, 0, sizeof(frozen));
	line = 0;
	pending = false;
	ck_ok(facts_open(path, &f, &err));
	definitions(f);
	ck_ok(facts_begin(f, &err));
	for (int r = 0; r < RECORDS; r++)
		arrive(f, &answers[r], 1);
	ck_ok(facts_update_cells(f, &n, &err));
	ck_ok(facts_commit(f, &err));
	return f;
}

static int64_t
day_of_line(int at)
{
	return month_first_day(FIRST + at + 6);
}

/* What a killed or starved child may have done, the next round does to its end. */
static void
finish_round(int64_t day)
{
	struct facts *f = NULL;

	ck_ok(facts_open(path, &f, &err));
	f = retain(f, day, false);
	all_is_right(f);
	facts_close(f);
	nothing_is_left(0);
}

/* Killed anywhere: the line stands or it does not, and the next round ends the work. */
START_TEST(a_kill_costs_nothing)
{
	struct facts *f;
	int64_t day = day_of_line(15);

	srand((unsigned)_i + 1);
	f = filled();
	facts_close(f);
	for (int kills = 0; kills < 5; kills++) {
		pid_t child = fork();
		int status;

		ck_assert_int_ge(child, 0);
		if (child == 0) {
			struct facts *mine = NULL;
			struct facts_erasing at = {0};
			struct retain r = {0};
			bool more = true;

			if (facts_open(path, &mine, &err) != ERR_OK || retain_begin(&r, mine, &library, 6, day, 1, "test", &err) != ERR_OK)
				_exit(1);
			while (more && facts_erase(mine, 10, &at, &more, &err) == ERR_OK)
				;
			_exit(retain_go(&r, mine, &err) != ERR_OK);
		}
		usleep((useconds_t)(rand() % 30000));
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		if (WIFEXITED(status))
			ck_assert_int_eq(WEXITSTATUS(status), 0);
		ck_ok(facts_open(path, &f, &err));
		{
			int64_t cells, different, from;

			ck_ok(facts_compare(f, &cells, &different, &err));
			ck_assert_int_eq(different, 0);
			ck_ok(facts_kept_from(f, &from, &err));
			ck_assert(from == 0 || from == FIRST + 15);
		}
		facts_close(f);
	}
	finish_round(day);
}
END_TEST

/* No room on the disk: the round ends with an error, the figures stand, and with room again it goes on. */
START_TEST(a_full_disk_costs_nothing)
{
	struct facts *f = filled();
	int64_t day = day_of_line(15);
	int status;
	pid_t child;

	facts_close(f);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct rlimit most = { (rlim_t)_i * 16384, RLIM_INFINITY };
		struct retain r = { .going = true };
		struct facts *mine = NULL;
		enum err_code rc;

		signal(SIGXFSZ, SIG_IGN);
		if (facts_open(path, &mine, &err) != ERR_OK || setrlimit(RLIMIT_FSIZE, &most) != 0)
			_exit(1);
		rc = retain_begin(&r, mine, &library, 6, day, 1, "test", &err);
		while (rc == ERR_OK && r.going)
			rc = retain_go(&r, mine, &err);
		_exit(rc == ERR_OK ? 2 : 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	finish_round(day);
}
END_TEST

/* A cell that is wrong: the facts are needed to find out why. A frozen one that is changed is found; the database refuses to. */
START_TEST(nothing_goes_while_a_cell_is_wrong)
{
	static const char *const refused[] = { "UPDATE cell SET n = n + 1", "DELETE FROM cell", "DELETE FROM fact",
	    "UPDATE meta SET v = 0 WHERE k = 'kept_from'", "DELETE FROM meta",
	    "INSERT INTO cell SELECT 'zzz', def, period, stratum, bucket, item, n, num, n_values, mean, m2, people, data_rev FROM cell",
	    "INSERT INTO fact VALUES ('ash', 1, 24240, '', 1, '', zeroblob(16), 1, 1, 1, 1, 1, 1)" };
	struct facts *f = filled();
	struct retain r = {0};
	int64_t cells, different, from;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "UPDATE cell SET n = n + 1 WHERE site = 'ash'", NULL, NULL, NULL), SQLITE_OK);
	ck_err(retain_begin(&r, f, &library, 6, day_of_line(15), 1, "test", &err), ERR_BROKEN, "no fact is erased");
	ck_assert(!r.going);
	ck_ok(facts_kept_from(f, &from, &err));
	ck_assert_int_eq(from, 0);
	ck_assert_int_eq(sqlite3_exec(db, "UPDATE cell SET n = n - 1 WHERE site = 'ash'", NULL, NULL, NULL), SQLITE_OK);
	f = retain(f, day_of_line(15), false);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		ck_assert_msg(sqlite3_exec(db, refused[i], NULL, NULL, NULL) == SQLITE_CONSTRAINT, "%s", refused[i]);
	ck_assert_int_eq(sqlite3_exec(db, "DROP TRIGGER cell_update; UPDATE cell SET num = num + 1e-9 WHERE period ="
	    " (SELECT min(period) FROM cell)", NULL, NULL, NULL), SQLITE_OK);
	ck_ok(facts_compare(f, &cells, &different, &err));
	ck_assert_int_eq(different, 1);
	ck_err(retain_begin(&r, f, &library, 6, day_of_line(16), 1, "test", &err), ERR_BROKEN, "no fact is erased");
	sqlite3_close(db);
	facts_close(f);
}
END_TEST

/* While somebody reads an older state the files cannot be overwritten: later they are. */
START_TEST(a_reader_only_delays)
{
	struct facts *f = filled();
	struct retain r = {0};
	sqlite3_stmt *s;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM fact", -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	sqlite3_finalize(s);
	ck_ok(retain_begin(&r, f, &library, 6, day_of_line(15), 1, "test", &err));
	ck_err(retain_go(&r, f, &err), ERR_AGAIN, "");
	ck_assert(r.going);
	ck_assert_int_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	ck_ok(retain_go(&r, f, &err));
	ck_assert(!r.going);
	facts_close(f);
	finish_round(day_of_line(15));
}
END_TEST

/* A quote forgets whose answer it was; its words stay if they were released, else they go. */
START_TEST(quotes_forget_who_said_it)
{
	static const char *const states[] = { "released", "taken_back", "refused", "" };
	struct facts *f = filled();
	struct buf all;
	int64_t id[4];
	int old = 0;

	while (answers[old].month >= FIRST + 15)
		old++;
	for (int i = 0; i < 4; i++) {
		char words[32];
		struct quote q = { .site = answers[old].site, .question = "q", .role = "individual", .area = "", .quarter = "2026-04..2026-06",
		    .text = words };

		snprintf(words, sizeof(words), "Kind words %d here.", i);
		memcpy(q.record, answers[old].id, 16);
		ck_ok(quote_propose(f, &q, "ann", "analyst", 100, &id[i], &err));
		if (i == 1)
			ck_ok(quote_decide(f, id[i], "released", "bob", "analyst", 101, &err));
		if (states[i][0] != '\0')
			ck_ok(quote_decide(f, id[i], states[i], "bob", "analyst", 102, &err));
	}
	f = retain(f, day_of_line(15), false);
	ck_ok(quote_decide(f, id[0], "taken_back", "ann", "analyst", 103, &err));
	ck_err(quote_decide(f, id[3], "released", "bob", "analyst", 103, &err), ERR_INPUT, "");
	facts_close(f);
	nothing_is_left(0);
	buf_init(&all, 64 << 20);
	ck_ok(file_read(path, &all, &err));
	for (int i = 0; i < 4; i++) {
		char words[32];

		snprintf(words, sizeof(words), "Kind words %d here.", i);
		ck_assert_msg(holds(&all, words, strlen(words)) == (i == 0), "%s", words);
	}
	buf_free(&all);
}
END_TEST

static Suite *
retain_suite(void)
{
	Suite *s = suite_create("retain");
	TCase *t = tcase_create("when"), *random = tcase_create("random histories");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_month_goes_when_its_time_is_over);
	tcase_add_test(t, a_period_goes_as_a_whole);
	tcase_add_test(t, what_would_erase_too_soon_is_refused);
	tcase_add_test(t, the_clock_must_be_vouched_for);
	suite_add_tcase(s, t);
	t = tcase_create("what can go wrong");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_kill_costs_nothing, 0, 2);
	tcase_add_loop_test(t, a_full_disk_costs_nothing, 1, 3);
	tcase_add_test(t, nothing_goes_while_a_cell_is_wrong);
	tcase_add_test(t, a_reader_only_delays);
	tcase_add_test(t, quotes_forget_who_said_it);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(random, setup, teardown);
	tcase_set_timeout(random, 120);
	tcase_add_loop_test(random, figures_stand_on_random_histories, 0, 4);
	suite_add_tcase(s, random);
	return s;
}

TEST_MAIN(retain_suite)
