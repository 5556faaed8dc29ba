/* From sealed records to facts: exactly once under kills, wrong ones aside, withdrawn ones gone, and no word of
 * an answer on disk. */
#include "tests/indicators/centre.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "aggregator/retention.h"
#include "indicators/points.h"
#include "indicators/retain.h"

enum { DAY = NOW / 86400 - 60 };

static struct worker *
worker(void)
{
	struct worker *w = NULL;

	ck_ok(worker_open(&worker_conf, &w, &err));
	ck_ok(worker_run(w, &err));
	return w;
}

/* n and x of sat-users over everything. */
static void
total(int64_t *n, double *x, int64_t *excluded)
{
	struct findings found;
	struct library library;
	struct points points;
	struct facts *f = NULL;
	int64_t def;
	bool is_new;

	*n = *excluded = 0;
	*x = 0;
	findings_init(&found);
	ck_ok(library_read(definitions_path, &found, &library, &err));
	ck_ok(facts_open(facts_path, &f, &err));
	ck_ok(facts_definition(f, "sat-users", 1, library_find(&library, "sat-users", 1)->hash, false, "", &def, &is_new, &err));
	ck_ok(points_of(f, library_find(&library, "sat-users", 1), def, &points, &err));
	for (size_t i = 0; i < points.n; i++)
		if (points.list[i].site[0] == '\0' && points.list[i].breakdown[0] == '\0') {
			*n += points.list[i].sum.n;
			*x += points.list[i].sum.num;
			*excluded += points.list[i].excluded;
		}
	points_clear(&points);
	facts_close(f);
	library_clear(&library);
	findings_clear(&found);
}

static enum err_code
add_cell(void *arg, const struct facts_cell *c, struct err *e)
{
	struct cell_sum *sum = arg;

	(void)e;
	cell_merge(sum, &c->sum);
	return ERR_OK;
}

static void
nightly_is_equal(struct worker *w)
{
	int64_t cells, different;

	ck_ok(worker_nightly(w, &cells, &different, &err));
	ck_assert_int_eq(different, 0);
}

START_TEST(answers_become_facts_once)
{
	static const char *const q1[] = { "1", "2", "3", "dk", "5" };
	struct worker *w;
	int64_t n, excluded;
	double x;

	for (int i = 0; i < 5; i++)
		centre_answer(&(struct answer){ .device = (uint8_t)(1 + i % 2), .seq = 1 + i / 2, .q1 = q1[i],
		    .day = DAY, .quality = CLOCK_SYNCED });
	centre_answer(&(struct answer){ .device = 1, .seq = 4, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED,
	    .role = "staff" });
	for (int again = 0; again < 2; again++) {
		w = worker();
		total(&n, &x, &excluded);
		ck_assert_int_eq(n, 4);
		ck_assert_double_eq(x, 2);
		ck_assert_int_eq(excluded, 1);
		ck_assert_int_eq(worker_counts(w).opened, 6);
		nightly_is_equal(w);
		worker_close(w);
	}
}
END_TEST

/* The end of a body's time at the centre: the figures stand, whoever starts anew. */
START_TEST(figures_stand_when_the_bodies_have_gone)
{
	struct retention_conf conf = { .answers_days = 30, .concerns_days = 30 };
	struct retention_at at = { .lane = 0 };
	struct worker *w;
	uint64_t gone;
	int64_t n, excluded;
	double x;
	bool more;

	for (int i = 0; i < 5; i++)
		centre_answer(&(struct answer){ .device = (uint8_t)(1 + i % 2), .seq = 1 + i / 2, .q1 = i == 4 ? "1" : "3",
		    .day = DAY, .quality = CLOCK_SYNCED });
	ck_ok(retention_go(store, &conf, NOW + 400 * 86400LL, &at, 1000, &more, &gone, &err));
	ck_assert_uint_eq(gone, 0);	/* nobody has read them */
	w = worker();
	ck_ok(worker_mark_pulled(w, NOW, &err));
	ck_ok(worker_mark_pulled(w, NOW + 86400, &err));
	worker_close(w);
	at = (struct retention_at){ .lane = 0 };
	ck_ok(retention_go(store, &conf, NOW + 400 * 86400LL, &at, 1000, &more, &gone, &err));
	ck_assert_uint_eq(gone, 5);
	centre_answer(&(struct answer){ .device = 1, .seq = 4, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	for (int again = 0; again < 2; again++) {
		w = worker();
		total(&n, &x, &excluded);
		ck_assert_int_eq(n, 6);
		ck_assert_double_eq(x, 2);
		nightly_is_equal(w);
		worker_close(w);
	}
}
END_TEST

/* A restored device sends the same bytes again in a new epoch. */
START_TEST(the_same_record_in_two_epochs_counts_once)
{
	int64_t n, excluded;
	double x;

	centre_answer(&(struct answer){ .device = 1, .seq = 1, .id = 77, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	centre_answer(&(struct answer){ .device = 1, .epoch = 9, .seq = 1, .id = 77, .q1 = "1", .day = DAY,
	    .quality = CLOCK_SYNCED });
	worker_close(worker());
	total(&n, &x, &excluded);
	ck_assert_int_eq(n, 1);
}
END_TEST

START_TEST(what_does_not_open_stops_nothing)
{
	struct seal_key *other = NULL;
	struct worker *w;
	int64_t n, excluded, opened;
	double x;

	centre_key(KEY_RESPONSE, 8, &other);
	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED, .to = other });
	centre_answer(&(struct answer){ .device = 1, .seq = 2, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	centre_answer(&(struct answer){ .device = 1, .seq = 3, .q1 = "9]]>&", .day = DAY, .quality = CLOCK_SYNCED });
	centre_answer(&(struct answer){ .device = 1, .seq = 4, .q1 = "2", .day = DAY, .quality = CLOCK_SYNCED });
	w = worker();
	ck_assert_int_eq(worker_counts(w).quarantined, 2);
	total(&n, &x, &excluded);
	ck_assert_int_eq(n, 2);
	ck_ok(worker_retry(w, &opened, &err));
	ck_assert_int_eq(opened, 0);
	ck_assert_int_eq(worker_counts(w).quarantined, 2);
	nightly_is_equal(w);
	worker_close(w);
	seal_key_free(other);
}
END_TEST

START_TEST(an_unknown_form_opens_when_the_form_comes)
{
	struct worker *w;
	int64_t n, excluded;
	double x;

	centre_form(NULL, "20300101");
	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	w = worker();
	ck_assert_int_eq(worker_counts(w).quarantined, 1);
	worker_close(w);
	total(&n, &x, &excluded);
	ck_assert_int_eq(n, 0);
	centre_form("later.xml", "20300101");
	w = worker();
	ck_assert_int_eq(worker_counts(w).quarantined, 0);
	nightly_is_equal(w);
	worker_close(w);
	total(&n, &x, &excluded);
	ck_assert_int_eq(n, 1);
}
END_TEST

static enum err_code
take_day(void *arg, const struct facts_record *r, struct err *e)
{
	int64_t *days = arg;

	(void)e;
	days[strcmp(r->site, "oak") == 0] = r->day;
	return ERR_OK;
}

/* Its own half-day where the clock was known, the receipt's day where it was not. */
START_TEST(a_record_is_dated_by_what_is_known)
{
	struct facts *f = NULL;
	int64_t days[2] = {0};

	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .day = DAY, .quality = CLOCK_STAFF_SET });
	centre_answer(&(struct answer){ .device = 2, .seq = 1, .q1 = "1", .day = 3, .quality = CLOCK_UNKNOWN });
	worker_close(worker());
	ck_ok(facts_open(facts_path, &f, &err));
	ck_ok(facts_records(f, "", 0, 10, take_day, days, &err));
	ck_assert_int_eq(days[0], DAY);
	ck_assert_int_eq(days[1], NOW / 86400);
	facts_close(f);
}
END_TEST

/* As the intake does it: the record of the withdrawal is kept, the answer's wraps and body are erased. */
static void
withdraw(const uint8_t w[32], const uint8_t tag[16], int seq)
{
	struct sealed_record r = {0};
	uint8_t device[16];
	bool erased;

	memset(device, 1, 16);
	ck_ok(seal_withdrawal(device, w, &r, &err));
	centre_keep(&(struct answer){ .device = 1, .seq = seq }, &r, (uint32_t)(NOW / 86400));
	ck_ok(store->ops->begin(store, &err));
	ck_ok(store->ops->withdraw(store, device, tag, w, NOW, &erased, &err));
	ck_assert(erased);
	ck_ok(store->ops->commit(store, &err));
	sealed_record_clear(&r);
}

/* Before it was read or after: a withdrawn answer counts nowhere, and its figures are gone. */
START_TEST(a_withdrawn_answer_counts_nowhere)
{
	uint8_t w[32], tag[16];
	struct worker *wk;
	int64_t n, excluded;
	double x;

	memset(w, 5, 32);
	chain_withdraw_tag(w, tag);
	for (int i = 0; i < 3; i++)
		centre_answer(&(struct answer){ .device = 1, .seq = 1 + i, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	centre_tagged(&(struct answer){ .device = 1, .seq = 4, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED }, tag);
	if (_i == 0) {
		worker_close(worker());
		total(&n, &x, &excluded);
		ck_assert_int_eq(n, 4);
	}
	withdraw(w, tag, 5);
	wk = worker();
	total(&n, &x, &excluded);
	ck_assert_int_eq(n, 3);
	ck_assert_int_eq(worker_counts(wk).withdrawn, _i == 0 ? 1 : 0);
	nightly_is_equal(wk);
	worker_close(wk);
}
END_TEST

START_TEST(no_word_of_an_answer_is_on_disk)
{
	char command[256];

	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .comment = "ZZMARKERZZ", .day = DAY,
	    .quality = CLOCK_SYNCED });
	worker_close(worker());
	snprintf(command, sizeof(command), "grep -r ZZMARKERZZ %s > /dev/null", folder);
	ck_assert_int_ne(system(command), 0);
}
END_TEST

/* A child reads and is killed, again and again, at random moments; in the end each answer counts once. */
START_TEST(kills_lose_and_double_nothing)
{
	enum { ANSWERS = 150, KILLS = 25 };
	unsigned seed = (unsigned)time(NULL);
	struct worker *w;
	int64_t n, excluded;
	double x;

	srand(seed);
	fprintf(stderr, "kills: seed %u\n", seed);
	worker_conf.batch = 4;
	for (int i = 0; i < ANSWERS; i++)
		centre_answer(&(struct answer){ .device = (uint8_t)(1 + i % 2), .seq = 1 + i / 2, .q1 = "1", .day = DAY - i,
		    .quality = CLOCK_SYNCED });
	for (int i = 0; i < KILLS; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			struct worker *mine = NULL;
			bool more = true;

			if (worker_open(&worker_conf, &mine, &err) != ERR_OK)
				_exit(1);
			while (more && worker_step(mine, &more, &err) == ERR_OK)
				;
			_exit(0);
		}
		usleep((useconds_t)(rand() % 150000));
		kill(child, SIGKILL);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
	}
	w = worker();
	total(&n, &x, &excluded);
	ck_assert_msg(n == ANSWERS, "seed %u: %lld of %d", seed, (long long)n, ANSWERS);
	ck_assert_int_eq(worker_counts(w).opened, ANSWERS);
	nightly_is_equal(w);
	worker_close(w);
}
END_TEST

/* A second version appears: it derives its own facts from what is held; the first one's stay as they are. */
START_TEST(a_new_version_derives_from_what_is_held)
{
	struct buf text;
	char path[200], *at;
	struct worker *w;
	int64_t n, excluded;
	double x;
	struct facts *f = NULL;
	struct cell_sum sum;

	for (int i = 0; i < 3; i++)
		centre_answer(&(struct answer){ .device = 1, .seq = 1 + i, .q1 = i == 0 ? "2" : "1", .day = DAY,
		    .quality = CLOCK_SYNCED });
	worker_close(worker());
	buf_init(&text, 65536);
	ck_ok(file_read("indicators/library/sat-users.ind", &text, &err));
	at = strstr((char *)text.data, "version = 1");
	at[10] = '2';
	at = strstr((char *)text.data, "numerator = ${q1} = '1' or ${q1} = '2'");
	ck_assert_ptr_nonnull(at);
	memcpy(at, "numerator = ${q1} = '1'               ", 38);
	snprintf(path, sizeof(path), "%s/sat-users-2.ind", definitions_path);
	ck_ok(file_write(path, text.data, text.len, 0600, &err));
	buf_free(&text);
	for (int again = 0; again < 2; again++) {
		w = worker();
		nightly_is_equal(w);
		worker_close(w);
		total(&n, &x, &excluded);
		ck_assert_int_eq(n, 3);
		ck_assert_double_eq(x, 3);
		ck_ok(facts_open(facts_path, &f, &err));
		sum = (struct cell_sum){0};
		ck_ok(facts_cells(f, 2, add_cell, &sum, &err));
		ck_assert_int_eq(sum.n, 3);
		ck_assert_double_eq(sum.num, 2);
		facts_close(f);
	}
}
END_TEST

static void
answers(int from, int n)
{
	for (int i = from; i < from + n; i++)
		centre_answer(&(struct answer){ .device = 1, .seq = i, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	worker_close(worker());
}

/* Replace the definition sat-users; "": there is none for a while. */
static void
put_definition(const char *text)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/sat-users.ind", definitions_path);
	if (text[0] == '\0')
		ck_assert_int_eq(unlink(path), 0);
	else
		ck_ok(file_write(path, text, strlen(text), 0600, &err));
}

/* A definition that was away, a draft that takes its earlier text again, and one that was numbered by a publication before the
 * worker saw it: each has all the answers of the time in which nobody derived for it, and none of them twice. */
START_TEST(a_definition_that_comes_back_misses_nothing)
{
	struct buf text, other;
	struct findings found;
	struct definition *d;
	struct facts *f = NULL;
	int64_t n, excluded, def;
	bool is_new;
	double x;
	char *at;

	buf_init(&text, 65536);
	buf_init(&other, 65536);
	ck_ok(file_read("indicators/library/sat-users.ind", &text, &err));
	answers(1, 3);
	put_definition("");
	answers(4, 2);
	put_definition(buf_str(&text));
	answers(6, 0);
	total(&n, &x, &excluded);
	ck_assert_int_eq(n, 5);

	buf_put(&other, text.data, text.len);
	at = strstr((char *)other.data, "0.70");
	memcpy(at, "0.71", 4);
	put_definition(buf_str(&other));
	answers(6, 2);
	put_definition(buf_str(&text));
	answers(8, 1);
	total(&n, &x, &excluded);
	ck_assert_int_eq(n, 8);

	memcpy(at, "0.72", 4);
	put_definition(buf_str(&other));
	findings_init(&found);
	ck_ok(definition_parse("x.ind", buf_str(&other), other.len, NULL, NULL, &found, &d, &err));
	ck_ok(facts_open(facts_path, &f, &err));
	ck_ok(facts_definition(f, d->id, d->version, d->hash, false, buf_str(&d->canonical), &def, &is_new, &err));
	ck_assert(is_new);
	facts_close(f);
	definition_free(d);
	findings_clear(&found);
	for (int again = 0; again < 2; again++) {
		struct worker *w = worker();

		nightly_is_equal(w);
		worker_close(w);
		total(&n, &x, &excluded);
		ck_assert_int_eq(n, 8);
		ck_assert_double_eq(x, 8);
	}
	buf_free(&text);
	buf_free(&other);
}
END_TEST

/* A round of the facts' time at DAY, as the daemon does it. */
static int64_t
retain(struct worker *w, int64_t day)
{
	struct retain r = {0};

	ck_ok(retain_begin(&r, worker_facts(w), worker_library(w), 24, day, day * 86400, "test", &err));
	while (r.going)
		ck_ok(retain_go(&r, worker_facts(w), &err));
	return r.at.n_records;
}

/* Answers of three years; the facts of the oldest go. Figures stand through restarts; a withdrawal, a late answer, a copy in
 * another epoch and a new version end without touching them; the bytes of what went are in no file. */
START_TEST(figures_stand_when_the_facts_have_gone)
{
	enum { OLD = DAY - 900 };
	uint8_t secret[32], tag[16];
	struct worker *w;
	struct buf text;
	char path[200], *at;
	int64_t n, excluded, log_day;
	double x;
	struct facts *f = NULL;
	struct cell_sum sum = {0};
	static const char *const ends[] = { "", "-wal" };
	uint32_t id = 0x5eed1234;

	memset(secret, 5, 32);
	chain_withdraw_tag(secret, tag);
	for (int i = 0; i < 6; i++)
		centre_tagged(&(struct answer){ .device = (uint8_t)(1 + i % 2), .seq = 1 + i / 2, .id = id + (uint32_t)i, .q1 = i < 3 ? "1" : "5",
		    .day = i < 4 ? OLD : DAY, .quality = CLOCK_SYNCED }, i == 0 ? tag : NULL);
	w = worker();
	ck_ok(retain_log_day(worker_store(w), NOW, &log_day, &err));
	ck_assert_int_eq(log_day, NOW / 86400);
	ck_assert_int_eq(retain(w, NOW / 86400), 4);
	worker_close(w);
	/* late, the same once more, and taken back */
	centre_answer(&(struct answer){ .device = 1, .seq = 4, .q1 = "1", .day = OLD + 3, .quality = CLOCK_SYNCED });
	centre_answer(&(struct answer){ .device = 2, .epoch = 9, .seq = 1, .id = id + 1, .q1 = "1", .day = OLD, .quality = CLOCK_SYNCED });
	withdraw(secret, tag, 5);
	for (int again = 0; again < 2; again++) {
		w = worker();
		total(&n, &x, &excluded);
		ck_assert_int_eq(n, 6);
		ck_assert_double_eq(x, 3);
		ck_assert_int_eq(worker_counts(w).withdrawn, 0);
		ck_assert_int_eq(worker_counts(w).late, again == 0 ? 2 : 0);
		ck_assert_int_eq(worker_counts(w).opened, 6);
		nightly_is_equal(w);
		ck_assert_int_eq(retain(w, NOW / 86400), 0);
		worker_close(w);
	}
	/* a new version has the months that are kept, and only those */
	buf_init(&text, 65536);
	ck_ok(file_read("indicators/library/sat-users.ind", &text, &err));
	at = strstr((char *)text.data, "version = 1");
	at[10] = '2';
	snprintf(path, sizeof(path), "%s/sat-users-2.ind", definitions_path);
	ck_ok(file_write(path, text.data, text.len, 0600, &err));
	w = worker();
	nightly_is_equal(w);
	worker_close(w);
	ck_ok(facts_open(facts_path, &f, &err));
	ck_ok(facts_cells(f, 2, add_cell, &sum, &err));
	ck_assert_int_eq(sum.n, 2);
	facts_close(f);
	for (uint32_t i = 0; i < 6; i++)
		for (size_t k = 0; k < ARRAY_LEN(ends); k++) {
			uint8_t name[16] = {0};
			uint32_t one = id + i;

			memcpy(name, &one, sizeof(one));
			snprintf(path, sizeof(path), "%s%s", facts_path, ends[k]);
			if (access(path, R_OK) != 0)
				continue;
			buf_free(&text);
			buf_init(&text, 16 << 20);
			ck_ok(file_read(path, &text, &err));
			ck_assert_msg((memmem(text.data, text.len, name, 16) != NULL) == (i >= 4), "record %u in %s", i, path);
		}
	buf_free(&text);
}
END_TEST

static Suite *
worker_suite(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");

	tcase_add_checked_fixture(t, centre_setup, centre_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, answers_become_facts_once);
	tcase_add_test(t, figures_stand_when_the_bodies_have_gone);
	tcase_add_test(t, figures_stand_when_the_facts_have_gone);
	tcase_add_test(t, the_same_record_in_two_epochs_counts_once);
	tcase_add_test(t, what_does_not_open_stops_nothing);
	tcase_add_test(t, an_unknown_form_opens_when_the_form_comes);
	tcase_add_test(t, a_record_is_dated_by_what_is_known);
	tcase_add_loop_test(t, a_withdrawn_answer_counts_nowhere, 0, 2);
	tcase_add_test(t, no_word_of_an_answer_is_on_disk);
	tcase_add_test(t, kills_lose_and_double_nothing);
	tcase_add_test(t, a_new_version_derives_from_what_is_held);
	tcase_add_test(t, a_definition_that_comes_back_misses_nothing);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(worker_suite)
