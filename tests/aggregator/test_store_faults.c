/* The other half of the store's suite: two writers at once, sessions and server processes that die, failed
 * allocations; and what only a server can get wrong. */
#include "tests/aggregator/store_suite.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "aggregator/pg.h"

/* --- two at once, and faults ------------------------------------------------------------------- */

struct racer {
	int kept, again;
	enum err_code failed;
	char why[400];
};

/* Append 5 rows at the head, 40 times, as one of two aggregators does. */
static void *
race(void *arg)
{
	struct racer *r = arg;
	struct kit_batch *b = malloc(sizeof(*b));
	struct store *s = NULL;
	struct err e = { 0 };
	enum err_code rc = store_open(where, false, &s, &e);

	while (rc == ERR_OK && r->kept < 40 && r->again < 10000) {
		struct store_head h;
		struct store_device d;

		rc = s->ops->begin(s, &e);
		if (rc == ERR_OK)
			rc = s->ops->device_lock(s, dev, &d, &e);
		if (rc == ERR_OK) {
			store_device_clear(&d);
			rc = s->ops->head(s, dev, 0, epoch, &h, &e);
		}
		if (rc == ERR_OK) {
			kit_batch(b, dev, 0, epoch, h.hw + 1, 5, 100);
			rc = s->ops->append(s, dev, 0, epoch, b->rows, 5, &e);
		}
		if (rc == ERR_OK)
			rc = s->ops->commit(s, &e);
		else
			s->ops->rollback(s);
		if (rc == ERR_OK)
			r->kept++;
		if (rc == ERR_AGAIN) {
			r->again++;
			rc = ERR_OK;
		}
	}
	r->failed = rc;
	snprintf(r->why, sizeof(r->why), "%s", e.msg);
	store_close(s);
	free(b);
	return NULL;
}

START_TEST(two_writers_on_one_chain_lose_and_double_nothing)
{
	struct racer r[2] = { 0 };
	pthread_t t[2];

	open_fresh(_i);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, race, &r[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 2; i++)
		ck_assert_msg(r[i].failed == ERR_OK && r[i].kept == 40, "%d kept: %s", r[i].kept, r[i].why);
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 400);
	ck_assert_uint_eq(read_rows(dev, epoch, 0, 1000).n, 400);
	ck_assert_int_eq(raw_count(_i, "record"), 400);
	close_all();
}
END_TEST

START_TEST(it_is_all_there_after_reopening)
{
	static struct kit_batch b;
	struct store *none = (struct store *)8;

	open_fresh(_i);
	keep(&b, 1, 7);
	store_close(st);
	ck_ok(store_open(where, false, &st, &err));
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 7);
	store_close(st);
	ck_ok(store_open(where, true, &st, &err));	/* again: nothing is made anew */
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 7);
	/* And where there is nothing it says so, and makes nothing. */
	if (is_pg(_i)) {
		char said[200];

		raw(_i, "DROP SCHEMA candour CASCADE", said);
		ck_assert_str_eq(said, "");
		ck_err(store_open(where, false, &none, &err), ERR_ABSENT, "centre init");
	} else {
		ck_err(store_open("/tmp/candour-there-is-no-such-file", false, &none, &err), ERR_ABSENT, "centre init");
	}
	ck_assert_ptr_null(none);
	close_all();
}
END_TEST

/* The server's process of the store's session. */
static int
backend_pid(void)
{
	return PQbackendPID(((struct pg_store *)(void *)st)->conn);
}

static void
terminate(int pid)
{
	char sql[100];
	PGconn *c = raw_pg();
	PGresult *r;

	/* Waits, up to 5 s, until it is gone. */
	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d, 5000)", pid);
	r = PQexec(c, sql);
	ck_assert_str_eq(PQgetvalue(r, 0, 0), "t");
	PQclear(r);
	PQfinish(c);
}

/* Until the server answers again after one of its processes was killed. */
static enum err_code
until(enum err_code (*fn)(void))
{
	enum err_code rc = ERR_AGAIN;

	for (int i = 0; i < 300 && (rc == ERR_AGAIN || rc == ERR_BROKEN); i++) {
		struct timespec t = { 0, 50000000 };

		rc = fn();
		if (rc != ERR_OK)
			nanosleep(&t, NULL);
	}
	return rc;
}

static enum err_code
try_head(void)
{
	struct store_head h;

	return st->ops->head(st, dev, 0, epoch, &h, &err);
}

START_TEST(a_session_lost_between_calls_is_made_anew)
{
	static struct kit_batch b;

	open_fresh(_i);
	keep(&b, 1, 5);
	terminate(backend_pid());
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 5);
	terminate(backend_pid());
	keep(&b, 6, 5);
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 10);
	close_all();
}
END_TEST

START_TEST(a_session_lost_before_commit_leaves_nothing)
{
	static struct kit_batch b;
	enum err_code rc;

	open_fresh(_i);
	keep(&b, 1, 5);
	kit_batch(&b, dev, 0, epoch, 6, 5, 100);
	/* In the middle: ERR_AGAIN, nothing was done. */
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &b, 0));
	terminate(backend_pid());
	ck_err(try_head(), ERR_AGAIN, "");
	st->ops->rollback(st);
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 5);
	/* With rows still to be sent when COMMIT is asked for: the same. */
	kit_batch(&b, dev, 0, epoch, 6, 5, 100);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &b, 0));
	terminate(backend_pid());
	ck_err(st->ops->commit(st, &err), ERR_AGAIN, "");
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 5);
	/* At COMMIT itself: unknown to the caller, who asks again. */
	kit_batch(&b, dev, 0, epoch, 6, 5, 100);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &b, 0));
	ck_ok(try_head());
	terminate(backend_pid());
	rc = st->ops->commit(st, &err);
	ck_assert_int_eq(rc, ERR_BROKEN);
	ck_assert_ptr_nonnull(strstr(err.msg, "unknown"));
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 5);
	keep(&b, 6, 5);
	ck_assert_uint_eq(read_rows(dev, epoch, 0, 100).n, 10);
	close_all();
}
END_TEST

static int victim;

static enum err_code
is_reaped(void)
{
	return kill(victim, 0) == 0 ? ERR_AGAIN : ERR_OK;
}

struct killer {
	int pid;
	long after_us;
};

static void *
kill_later(void *arg)
{
	struct killer *k = arg;
	struct timespec t = { 0, k->after_us * 1000 };

	nanosleep(&t, NULL);
	kill(k->pid, SIGKILL);
	return NULL;
}

/* SIGKILL of the server's process at any moment of a batch, the COMMIT included (the whole server then restarts):
 * what was confirmed is there, what was not is there whole or not at all, and asking by key tells which. */
START_TEST(a_killed_server_process_tears_no_batch)
{
	static struct kit_batch b;
	unsigned seed = (unsigned)time(NULL);
	uint64_t kept = 100;
	int unknown = 0, before = 0;
	struct timespec from, to;
	long one_us;

	printf("seed %u\n", seed);
	open_fresh(_i);
	keep(&b, 1, 50);
	clock_gettime(CLOCK_MONOTONIC, &from);
	keep(&b, 51, 50);
	clock_gettime(CLOCK_MONOTONIC, &to);
	one_us = 2 * ((to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
	for (int round = 0; round < 8; round++) {
		struct killer k = { backend_pid(), rand_r(&seed) % (one_us + one_us / 2) };
		pthread_t t;
		enum err_code rc;
		uint8_t link[32];
		uint64_t hw;

		ck_assert_int_gt(k.pid, 0);
		kit_batch(&b, dev, 0, epoch, kept + 1, 100, KIT_BODY);
		ck_assert_int_eq(pthread_create(&t, NULL, kill_later, &k), 0);
		rc = st->ops->begin(st, &err);
		if (rc == ERR_OK)
			rc = put_batch(st, &b, 0);
		if (rc == ERR_OK)
			rc = st->ops->commit(st, &err);
		else
			st->ops->rollback(st);
		ck_assert_msg(rc == ERR_OK || rc == ERR_AGAIN || rc == ERR_BROKEN, "%s: %s", err_word(rc), err.msg);
		pthread_join(t, NULL);
		/* Once the postmaster has reaped it, it lets nobody in until it has recovered. */
		victim = k.pid;
		ck_assert_int_eq(until(is_reaped), ERR_OK);
		ck_assert_int_eq(until(try_head), ERR_OK);
		hw = head_of(st, dev, epoch, link);
		if (rc == ERR_OK)
			ck_assert_uint_eq(hw, kept + 100);
		else
			ck_assert_msg(hw == kept || hw == kept + 100, "%d of 100 kept", (int)(hw - kept));
		if (hw > kept) {
			ck_assert_mem_eq(link, b.rows[99].link, 32);
			unknown += rc != ERR_OK;
		} else {
			before++;
		}
		kept = hw;
		ck_assert_uint_eq(read_rows(dev, epoch, 0, 5000).n, kept);
		ck_assert_int_eq(raw_count(_i, "record"), (int64_t)kept);
		ck_assert_int_eq(raw_count(_i, "body"), (int64_t)kept);
		ck_assert_int_eq(raw_count(_i, "receipt"), (int64_t)(kept / 100 + 1));
	}
	printf("8 kills: %d batches not kept, %d kept though the answer was lost\n", before, unknown);
	close_all();
}
END_TEST

/* --- PostgreSQL alone -------------------------------------------------------------------------- */

START_TEST(a_server_that_does_not_keep_what_it_confirms_is_refused)
{
	struct store *s = (struct store *)8;
	char url[400];

	open_fresh(_i);
	snprintf(url, sizeof(url), "%s&options=-c%%20synchronous_commit%%3Doff", kit_url);
	ck_err(store_open(url, false, &s, &err), ERR_INPUT, "synchronous_commit is off");
	ck_assert_ptr_null(s);
	close_all();
}
END_TEST

START_TEST(an_unreachable_server_is_an_error_to_try_again_and_says_no_password)
{
	struct store *s = (struct store *)8;

	ck_err(store_open("postgresql://candour:opensesame@127.0.0.1:1/candour", false, &s, &err), ERR_AGAIN, "PostgreSQL");
	ck_assert_ptr_null(s);
	ck_assert_ptr_null(strstr(err.msg, "opensesame"));
}
END_TEST

START_TEST(libpqs_own_way_to_name_a_database_is_taken_too)
{
	char words[200];
	struct store *s;

	open_fresh(_i);
	snprintf(words, sizeof(words), "host=%s user=candour dbname=candour", kit_dir);
	ck_ok(store_open(words, false, &s, &err));
	ck_assert_str_eq(s->ops->name, "postgresql");
	store_close(s);
	close_all();
}
END_TEST

START_TEST(a_newer_schema_is_left_alone)
{
	struct store *s = (struct store *)8;
	char said[200];

	open_fresh(_i);
	raw(_i, "INSERT INTO candour.version VALUES (99)", said);
	ck_assert_str_eq(said, "");
	ck_err(store_open(where, true, &s, &err), ERR_INPUT, "schema 99");
	ck_assert_ptr_null(s);
	close_all();
}
END_TEST

/* What candour_intake may do is what the aggregator does, and no more. */
START_TEST(the_aggregators_role_can_take_in_and_nothing_else)
{
	static const char *const denied[] = { "UPDATE candour.device SET state = 1", "DELETE FROM candour.record",
	    "TRUNCATE candour.entry", "UPDATE candour.receipt SET made = 0", "INSERT INTO candour.site VALUES ('a', 'b', 'c')",
	    "INSERT INTO candour.bundle VALUES (1, '', 1, '')", "UPDATE candour.epoch SET opened = 0",
	    "DELETE FROM candour.release", "UPDATE candour.release SET why = ''", "DELETE FROM candour.erased",
	   
	    "DROP TABLE candour.root", "CREATE TABLE candour.x (n int)",
	    "INSERT INTO candour.device (id, site, sign_key, spki, since, address, state) VALUES ('', '', '', '', 0, '', 1)" };
	static struct kit_batch b;
	char url[500], said[200];
	struct store *owner;
	uint8_t w[32], code[32], log_id[16];
	struct store_device d;
	struct store_seen seen = { .at = NOW };
	uint64_t gone;
	bool erased;

	open_fresh(_i);
	kit_bytes(code, 32, "code", 70);
	ck_ok(st->ops->invite(st, "meadow", "ROLE", code, NOW, NOW + 900, &err));
	raw(_i, "DROP USER IF EXISTS aggregator; CREATE USER aggregator", said);
	ck_assert_str_eq(said, "");
	snprintf(url, sizeof(url), "postgresql:///candour?host=%s&user=aggregator", kit_dir);
	owner = st;
	where = url;
	ck_err(store_open(url, false, &st, &err), ERR_DENIED, "GRANT candour_intake");
	where = kit_url;
	raw(_i, "GRANT candour_intake TO aggregator", said);
	ck_assert_str_eq(said, "");
	ck_ok(store_open(url, true, &st, &err));
	keep(&b, 1, 10);
	keep(&b, 11, 10);
	kit_bytes(w, 32, "w", 1);
	kit_bytes(log_id, 16, "log", 1);
	memcpy(seen.device, dev, 16);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->withdraw(st, dev, b.rows[3].tag, w, NOW, &erased, &err));
	ck_assert(erased);
	ck_ok(st->ops->quarantine(st, dev, "fork", NOW, "x", 1, &err));
	ck_ok(st->ops->seen(st, &seen, &err));
	ck_ok(st->ops->seen(st, &seen, &err));
	ck_ok(st->ops->boot_put(st, dev, w, NOW, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_ok(st->ops->pulled(st, dev, 0, epoch, 20, 19675, &err));
	ck_ok(st->ops->pulled(st, dev, 0, epoch, 20, 19676, &err));
	ck_ok(st->ops->erase(st, dev, 0, epoch, 0, 20, "retention", NOW, &gone, &err));
	ck_assert_uint_eq(gone, 18);	/* 20 but for the first, which opens the epoch, and the one withdrawn */
	ck_ok(st->ops->root_put(st, log_id, 19675, "monday", 6, &err));
	make_device(&d, 9, "meadow");
	ck_err(st->ops->enrol(st, &d, "ROLE", w, NOW, &err), ERR_DENIED, "wrong");
	ck_ok(st->ops->enrol(st, &d, "ROLE", code, NOW, &err));
	ck_err(st->ops->revoke(st, dev, NOW, NULL, 0, &err), ERR_DENIED, "permission");
	where = url;
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		raw(_i, denied[i], said);
		ck_assert_msg(strstr(said, "permission denied") != NULL || strstr(said, "must be owner") != NULL, "%s: %s",
		    denied[i], said);
	}
	where = kit_url;
	store_close(owner);
	close_all();
}
END_TEST

static enum err_code
tortured(void)
{
	static struct kit_batch b;
	enum err_code rc = st->ops->begin(st, &err);

	kit_batch(&b, dev, 0, epoch, 1, 3, 100);
	if (rc == ERR_OK)
		rc = put_batch(st, &b, 0);
	st->ops->rollback(st);
	return rc;
}

START_TEST(every_failed_allocation_of_a_batch_is_reported)
{
	enum err_code rc;

	open_fresh(_i);
	TORTURE(rc, tortured());
	ck_assert_int_eq(rc, ERR_OK);
	close_all();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("store faults");
	TCase *tc = tcase_create("store faults");

	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	EACH(two_writers_on_one_chain_lose_and_double_nothing);
	EACH(it_is_all_there_after_reopening);
	SERVER(a_session_lost_between_calls_is_made_anew);
	SERVER(a_session_lost_before_commit_leaves_nothing);
	OWN(a_killed_server_process_tears_no_batch);
	OWN(a_server_that_does_not_keep_what_it_confirms_is_refused);
	SERVER(an_unreachable_server_is_an_error_to_try_again_and_says_no_password);
	SERVER(a_newer_schema_is_left_alone);
	OWN(libpqs_own_way_to_name_a_database_is_taken_too);
	OWN(the_aggregators_role_can_take_in_and_nothing_else);
	EACH(every_failed_allocation_of_a_batch_is_reported);
	return s;
}

int
main(void)
{
	return run_suite(suite);
}
