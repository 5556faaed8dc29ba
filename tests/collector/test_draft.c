/* collector/draft*.c: what is noted comes back with the passphrase and with the organisation's key, and with nothing
 * else; a changed, cut or exchanged row is found; after closing no box and no key is left in any file; a kill at
 * any moment costs at most the line being kept. */
#include <signal.h>
#include <sys/wait.h>

#include <sqlite3.h>

#include "base/codec.h"
#include "base/file.h"
#include "collector/draft.h"
#include "tests/collector/site.h"

static const char pass[] = "anchor velvet lemon bridge";
static const uint8_t form[16] = "form of a group";
static struct outbox *ob;
static struct draft *draft;

static void
setup(void)
{
	make_folder();
	ck_ok(outbox_create(db_path, device_a, &err));
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
}

static void
teardown(void)
{
	draft_free(draft);
	draft = NULL;
	outbox_close(ob);
	ob = NULL;
	drop_folder();
}

static enum err_code
begin(struct outbox *in, struct draft **out)
{
	struct seal_key *one = NULL, *two = NULL;
	struct seal_recipient to[2];
	uint8_t secret[32];
	enum err_code rc;

	memset(secret, 1, sizeof(secret));
	rc = seal_key_from(KEY_RESPONSE, secret, &one, &err);
	memset(secret, 2, sizeof(secret));
	if (rc == ERR_OK)
		rc = seal_key_from(KEY_ESCROW, secret, &two, &err);
	if (rc == ERR_OK) {
		to[0] = recipient(one);
		to[1] = recipient(two);
		rc = draft_new(in, form, 20000, pass, strlen(pass), to, 2, out, &err);
	}
	seal_key_free(one);
	seal_key_free(two);
	return rc;
}

static void
add(struct draft *d, unsigned i)
{
	char line[64];

	snprintf(line, sizeof(line), "XMARKX note number %u", i);
	ck_ok(draft_add(d, line, strlen(line), &err));
}

/* Lines in the order and with the text that add() gave them. */
struct seen { unsigned n; };

static enum err_code
see(void *arg, uint32_t n, const uint8_t *line, size_t len, struct err *e)
{
	struct seen *s = arg;
	char want[64];

	(void)e;
	snprintf(want, sizeof(want), "XMARKX note number %u", s->n);
	ck_assert_uint_eq(n, s->n + 1);
	ck_assert_uint_eq(len, strlen(want));
	ck_assert_mem_eq(line, want, len);
	s->n++;
	return ERR_OK;
}

static void
open_again(unsigned lines)
{
	struct seen s = { 0 };

	draft_free(draft);
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
	struct draft_about about[4];
	size_t n;

	ck_ok(draft_list(ob, about, 4, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_ok(draft_open(ob, about[0].id, pass, strlen(pass), see, &s, &draft, &err));
	ck_assert_uint_eq(s.n, lines);
}

/* How often WHAT stands in the files of site.db. */
static size_t
in_files(const void *what, size_t len)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	size_t found = 0;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char path[128];
		struct buf b;

		snprintf(path, sizeof(path), "%s%s", db_path, ends[i]);
		buf_init(&b, 64 << 20);
		if (access(path, F_OK) == 0) {
			ck_ok(file_read(path, &b, &err));
			for (const uint8_t *p = b.data; p != NULL && (p = memmem(p, b.len - (size_t)(p - b.data), what, len)) != NULL; p++)
				found++;
		}
		buf_free(&b);
	}
	return found;
}

static int64_t
one_int(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

static void
run_sql(const char *sql)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void
blob_of(const char *sql, uint8_t *out, size_t len)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_bytes(s, 0), (int)len);
	memcpy(out, sqlite3_column_blob(s, 0), len);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

START_TEST(lines_come_back_with_the_passphrase)
{
	struct seen s = { 0 };
	uint8_t id[16];

	ck_ok(begin(ob, &draft));
	for (unsigned i = 0; i < 40; i++)
		add(draft, i);
	ck_assert_uint_eq(draft_lines(draft), 40);
	memcpy(id, draft_id(draft), 16);
	outbox_close(ob);
	open_again(40);
	ck_assert_mem_eq(draft_id(draft), id, 16);
	ck_assert_mem_eq(draft_form(draft), form, 16);
	/* and goes on */
	add(draft, 40);
	draft_free(draft);
	draft = NULL;
	ck_ok(draft_open(ob, id, pass, strlen(pass), see, &s, &draft, &err));
	ck_assert_uint_eq(s.n, 41);
}
END_TEST

START_TEST(another_passphrase_shows_no_line)
{
	struct seen s = { 0 };
	struct draft *other = NULL;

	ck_ok(begin(ob, &draft));
	add(draft, 0);
	ck_err(draft_open(ob, draft_id(draft), "anchor velvet lemon bridges", 27, see, &s, &other, &err), ERR_DENIED,
	    "another passphrase");
	ck_assert_ptr_null(other);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_ptr_null(strstr(err.msg, "anchor"));
	ck_err(draft_open(ob, form, pass, strlen(pass), see, &s, &other, &err), ERR_ABSENT, "draft");
}
END_TEST

START_TEST(short_and_long_passphrases_are_refused)
{
	struct seal_key *k = test_key(KEY_RESPONSE, 1);
	struct seal_recipient to = recipient(k);
	char long_one[DRAFT_PASS_MAX + 2];

	memset(long_one, 'x', sizeof(long_one));
	ck_err(draft_new(ob, form, 1, "short", 5, &to, 1, &draft, &err), ERR_LIMIT, "5 bytes");
	ck_err(draft_new(ob, form, 1, long_one, sizeof(long_one), &to, 1, &draft, &err), ERR_LIMIT, "202 bytes");
	ck_err(draft_new(ob, form, 1, pass, strlen(pass), &to, 0, &draft, &err), ERR_INPUT, "0 recipients");
	ck_assert_int_eq(one_int("SELECT count(*) FROM draft"), 0);
	seal_key_free(k);
}
END_TEST

START_TEST(no_plaintext_is_in_any_file)
{
	ck_ok(begin(ob, &draft));
	for (unsigned i = 0; i < 20; i++)
		add(draft, i);
	ck_assert_uint_eq(in_files("XMARKX", 6), 0);
	ck_assert_uint_eq(in_files(pass, strlen(pass)), 0);
	ck_assert_uint_eq(in_files("velvet", 6), 0);
	/* the check itself finds what is there */
	ck_assert_uint_gt(in_files(draft_id(draft), 16), 0);
}
END_TEST

/* Sizes say little: notes of 1 and of 200 characters take the same room. */
START_TEST(short_and_longer_notes_have_one_size)
{
	char text[201];

	memset(text, 'a', sizeof(text));
	ck_ok(begin(ob, &draft));
	ck_ok(draft_add(draft, "x", 1, &err));
	ck_ok(draft_add(draft, text, 200, &err));
	ck_assert_int_eq(one_int("SELECT count(DISTINCT length(box)) FROM draft_line"), 1);
}
END_TEST

static const char *const damage[] = {
	"UPDATE draft_line SET box = CAST(substr(box, 1, length(box) - 1) || x'00' AS BLOB) WHERE n = 2",
	"UPDATE draft_line SET box = CAST(substr(box, 1, 40) AS BLOB) WHERE n = 1",
	"DELETE FROM draft_line WHERE n = 3",
	"DELETE FROM draft_line WHERE n = 1",
	"UPDATE draft_line SET n = n + 10 WHERE n = 2",
	"UPDATE draft_line SET box = (SELECT box FROM draft_line WHERE n = 1) WHERE n = 2",
	"INSERT INTO draft_line SELECT draft_id, 4, box FROM draft_line WHERE n = 3",
	"UPDATE draft SET head = zeroblob(80)",
	"UPDATE draft_line SET n = 9 WHERE n = 1; UPDATE draft_line SET n = 1 WHERE n = 2; UPDATE draft_line SET n = 2 WHERE n = 9",
};

START_TEST(damage_is_found)
{
	struct draft *other = NULL;
	uint8_t id[16];

	ck_ok(begin(ob, &draft));
	for (unsigned i = 0; i < 3; i++)
		add(draft, i);
	memcpy(id, draft_id(draft), 16);
	run_sql(damage[_i]);
	ck_err(draft_open(ob, id, pass, strlen(pass), NULL, NULL, &other, &err), ERR_BROKEN, "draft");
	ck_assert_ptr_null(other);
}
END_TEST

/* Boxes of another draft with the same passphrase do not fit. */
START_TEST(lines_of_another_draft_do_not_fit)
{
	struct draft *second = NULL, *other = NULL;
	uint8_t id[16];
	char sql[300], hex[33];

	ck_ok(begin(ob, &draft));
	add(draft, 0);
	ck_ok(begin(ob, &second));
	add(second, 0);
	memcpy(id, draft_id(second), 16);
	hex_str(id, 16, hex);
	snprintf(sql, sizeof(sql), "UPDATE draft_line SET box = (SELECT box FROM draft_line WHERE draft_id <> x'%s') WHERE draft_id = x'%s'",
	    hex, hex);
	draft_free(second);
	run_sql(sql);
	ck_err(draft_open(ob, id, pass, strlen(pass), NULL, NULL, &other, &err), ERR_BROKEN, "changed");
}
END_TEST

START_TEST(the_organisation_opens_what_nobody_has_the_words_for)
{
	struct seal_key *response = test_key(KEY_RESPONSE, 1), *escrow = test_key(KEY_ESCROW, 2);
	struct seal_key *foreign = test_key(KEY_RESPONSE, 9);
	struct seen s = { 0 };
	struct buf packed;

	ck_ok(begin(ob, &draft));
	for (unsigned i = 0; i < 12; i++)
		add(draft, i);
	buf_init(&packed, RECORD_PLAIN_MAX);
	ck_ok(draft_pack(ob, draft_id(draft), &packed, &err));
	ck_assert_ptr_null(memmem(packed.data, packed.len, "XMARKX", 6));
	ck_ok(draft_recover(packed.data, packed.len, response, see, &s, &err));
	ck_assert_uint_eq(s.n, 12);
	s.n = 0;
	ck_ok(draft_recover(packed.data, packed.len, escrow, see, &s, &err));
	ck_assert_uint_eq(s.n, 12);
	ck_err(draft_recover(packed.data, packed.len, foreign, see, &s, &err), ERR_DENIED, "not sealed to this response key");
	/* cut anywhere it is refused, never half believed */
	for (size_t len = 0; len < packed.len; len += 7) {
		enum err_code rc = draft_recover(packed.data, len, response, NULL, NULL, &err);

		ck_assert_msg(rc == ERR_INPUT || rc == ERR_BROKEN || rc == ERR_DENIED, "%zu bytes: %s", len, err_word(rc));
	}
	buf_free(&packed);
	seal_key_free(response);
	seal_key_free(escrow);
	seal_key_free(foreign);
}
END_TEST

static void
seal_draft(const struct draft *d, struct sealed_record *out)
{
	struct seal_key *one = test_key(KEY_RESPONSE, 1);
	struct seal_recipient to = recipient(one);
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)"<data/>", .len = 7 };

	ck_ok(seal_record(&to, 1, LANE_ANSWERS, device_a, draft_id(d), NULL, &plain, out, &err));
	seal_key_free(one);
}

START_TEST(closing_keeps_the_record_and_leaves_no_key)
{
	uint8_t wrap_pass[72], wrap[80], box[40], id[16];
	struct sealed_record r;
	struct draft *other = NULL;
	bool has = false;

	ck_ok(begin(ob, &draft));
	for (unsigned i = 0; i < 30; i++)
		add(draft, i);
	memcpy(id, draft_id(draft), 16);
	blob_of("SELECT wrap_pass FROM draft", wrap_pass, sizeof(wrap_pass));
	blob_of("SELECT wrap FROM draft_wrap WHERE slot = 1", wrap, sizeof(wrap));
	blob_of("SELECT substr(box, 1, 40) FROM draft_line WHERE n = 17", box, sizeof(box));
	ck_assert_uint_gt(in_files(wrap_pass, sizeof(wrap_pass)), 0);
	ck_assert_uint_gt(in_files(box, sizeof(box)), 0);
	seal_draft(draft, &r);
	ck_ok(draft_close(draft, &r, 20000, &err));
	ck_ok(outbox_has(ob, id, &has, &err));
	ck_assert(has);
	ck_assert_int_eq(one_int("SELECT (SELECT count(*) FROM draft) + (SELECT count(*) FROM draft_wrap) + (SELECT count(*) FROM draft_line)"), 0);
	ck_assert_uint_eq(in_files(wrap_pass, sizeof(wrap_pass)), 0);
	ck_assert_uint_eq(in_files(wrap, sizeof(wrap)), 0);
	ck_assert_uint_eq(in_files(box, sizeof(box)), 0);
	ck_err(draft_open(ob, id, pass, strlen(pass), NULL, NULL, &other, &err), ERR_ABSENT, "draft");
	/* the button pressed twice */
	ck_ok(draft_close(draft, &r, 20000, &err));
	ck_assert_int_eq(one_int("SELECT count(*) FROM record WHERE lane = 0"), 2);	/* with the epoch's own */
	ck_ok(outbox_check(ob, &err));
	sealed_record_clear(&r);
}
END_TEST

START_TEST(a_record_of_another_id_closes_nothing)
{
	struct sealed_record r;

	ck_ok(begin(ob, &draft));
	seal_text(LANE_ANSWERS, NULL, "<data/>", &r);
	ck_err(draft_close(draft, &r, 20000, &err), ERR_INPUT, "its own id");
	ck_assert_int_eq(one_int("SELECT count(*) FROM draft"), 1);
	sealed_record_clear(&r);
}
END_TEST

START_TEST(dropping_leaves_nothing)
{
	uint8_t wrap_pass[72], id[16];

	ck_ok(begin(ob, &draft));
	add(draft, 0);
	memcpy(id, draft_id(draft), 16);
	blob_of("SELECT wrap_pass FROM draft", wrap_pass, sizeof(wrap_pass));
	ck_ok(draft_drop(ob, id, &err));
	ck_assert_uint_eq(in_files(wrap_pass, sizeof(wrap_pass)), 0);
	ck_assert_uint_eq(in_files(id, sizeof(id)), 0);
	ck_err(draft_drop(ob, id, &err), ERR_ABSENT, "no such draft");
	/* what is added to a draft that is gone does not bring it back */
	ck_assert_int_ne(draft_add(draft, "x", 1, &err), ERR_OK);
	ck_assert_int_eq(one_int("SELECT count(*) FROM draft_line"), 0);
}
END_TEST

START_TEST(too_long_and_too_much_are_refused)
{
	char *big = calloc(1, DRAFT_LINE_MAX + 1);
	enum err_code rc = ERR_OK;
	unsigned n = 0;

	ck_ok(begin(ob, &draft));
	ck_err(draft_add(draft, big, DRAFT_LINE_MAX + 1, &err), ERR_LIMIT, "full");
	while (rc == ERR_OK && n < 100)
		rc = draft_add(draft, big, DRAFT_LINE_MAX, &err), n += rc == ERR_OK;
	ck_assert_int_eq(rc, ERR_LIMIT);
	ck_assert_uint_eq(n, 13);	/* 900 KiB of 64 KiB lines and their padding: a record holds no more */
	struct buf packed;

	buf_init(&packed, RECORD_PLAIN_MAX - PLAIN_HEAD);
	ck_ok(draft_pack(ob, draft_id(draft), &packed, &err));
	buf_free(&packed);
	free(big);
}
END_TEST

/* A child adds lines and says each that is kept; it is killed at some moment between. What it said is there, and at
 * most one more. */
static void
kill_while_adding(unsigned after)
{
	int pipe_fd[2], status;
	uint8_t got;
	unsigned kept = 0;
	pid_t child;
	struct seen s = { 0 };
	struct draft_about about;
	size_t n;

	outbox_close(ob);
	ob = NULL;
	ck_assert_int_eq(pipe(pipe_fd), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct outbox *own = NULL;
		struct draft *d = NULL;

		close(pipe_fd[0]);
		if (outbox_open(db_path, OUTBOX_KIOSK, &own, &err) != ERR_OK || begin(own, &d) != ERR_OK)
			_exit(2);
		if (write(pipe_fd[1], "b", 1) != 1)
			_exit(3);
		for (unsigned i = 0; i < 2000; i++) {
			char line[64];

			snprintf(line, sizeof(line), "XMARKX note number %u", i);
			if (draft_add(d, line, strlen(line), &err) != ERR_OK || write(pipe_fd[1], "k", 1) != 1)
				_exit(4);
		}
		_exit(0);
	}
	close(pipe_fd[1]);
	ck_assert_int_eq(read(pipe_fd[0], &got, 1), 1);
	while (kept < after && read(pipe_fd[0], &got, 1) == 1)
		kept++;
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	while (read(pipe_fd[0], &got, 1) == 1)
		kept++;
	close(pipe_fd[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_ok(outbox_open(db_path, OUTBOX_KIOSK, &ob, &err));
	ck_ok(outbox_check(ob, &err));
	ck_ok(draft_list(ob, &about, 1, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_ok(draft_open(ob, about.id, pass, strlen(pass), see, &s, &draft, &err));
	ck_assert_msg(s.n == kept || s.n == kept + 1, "%u lines were kept, %u are there", kept, s.n);
	draft_free(draft);
	draft = NULL;
	ck_ok(draft_drop(ob, about.id, &err));
}

START_TEST(a_kill_costs_the_line_being_kept)
{
	for (unsigned i = 0; i < 12; i++)
		kill_while_adding(i * 3);
}
END_TEST

static enum err_code
whole_life(void)
{
	struct outbox *own = NULL;
	struct draft *d = NULL, *again = NULL;
	uint8_t id[16] = { 0 };
	struct buf packed;
	enum err_code rc = outbox_open(db_path, OUTBOX_KIOSK, &own, &err);

	buf_init(&packed, RECORD_PLAIN_MAX);
	if (rc == ERR_OK)
		rc = begin(own, &d);
	if (rc == ERR_OK) {
		memcpy(id, draft_id(d), 16);
		rc = draft_add(d, "one line", 8, &err);
	}
	if (rc == ERR_OK)
		rc = draft_open(own, id, pass, strlen(pass), NULL, NULL, &again, &err);
	if (rc == ERR_OK)
		rc = draft_pack(own, id, &packed, &err);
	if (rc == ERR_OK)
		rc = draft_drop(own, id, &err);
	buf_free(&packed);
	draft_free(d);
	draft_free(again);
	outbox_close(own);
	return rc;
}

START_TEST(survives_every_failed_allocation)
{
	enum err_code rc;

	TORTURE(rc, whole_life());
	ck_assert_int_eq(rc, ERR_OK);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("draft");
	TCase *t = tcase_create("draft");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, lines_come_back_with_the_passphrase);
	tcase_add_test(t, another_passphrase_shows_no_line);
	tcase_add_test(t, short_and_long_passphrases_are_refused);
	tcase_add_test(t, no_plaintext_is_in_any_file);
	tcase_add_test(t, short_and_longer_notes_have_one_size);
	tcase_add_loop_test(t, damage_is_found, 0, (int)ARRAY_LEN(damage));
	tcase_add_test(t, lines_of_another_draft_do_not_fit);
	tcase_add_test(t, the_organisation_opens_what_nobody_has_the_words_for);
	tcase_add_test(t, closing_keeps_the_record_and_leaves_no_key);
	tcase_add_test(t, a_record_of_another_id_closes_nothing);
	tcase_add_test(t, dropping_leaves_nothing);
	tcase_add_test(t, too_long_and_too_much_are_refused);
	tcase_add_test(t, a_kill_costs_the_line_being_kept);
	tcase_add_test(t, survives_every_failed_allocation);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
