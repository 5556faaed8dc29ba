/* The reading room over HTTP, beside a worker on real sealed records: what cannot be opened is counted and shown, stops
 * nothing and is tried again; provisional figures are there at once; each role sees its own; comments are shown only to
 * who may, and their opening is written down; a cell that is wrong raises the alarm and stops publishing. */
#include "indicators/room.h"
#include "aggregator/audit_store.h"
#include "aggregator/users.h"
#include "tests/aggregator/ask.h"
#include "tests/indicators/centre.h"

enum { DAY = NOW / 86400 - 60 };

static struct worker *worker;
static struct room *room;
static struct room_state state;
static char users_path[96];
static const char password[] = "blue teapot on the hill";

static void
setup(void)
{
	static const struct { const char *name; enum user_role role; } people[] = { { "ann", ROLE_ANALYST },
	    { "cal", ROLE_COMMISSIONER }, { "sue", ROLE_SAFEGUARDING }, { "adam", ROLE_ADMINISTRATOR }, { "vic", ROLE_VIEWER } };
	struct users *u = NULL;

	centre_setup();
	snprintf(users_path, sizeof(users_path), "%s/room.db", folder);
	ck_ok(users_open(users_path, &u, &err));
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		ck_ok(users_add(u, people[i].name, people[i].role, password, NOW, &err));
	users_close(u);
	memset(&state, 0, sizeof(state));
	ck_ok(worker_open(&worker_conf, &worker, &err));
	struct room_conf conf = { .listen = "127.0.0.1:0", .listen_fd = -1, .users = users_path, .store = store_path,
	    .facts = facts_path, .organisation = "Test", .worker = worker };

	ck_ok(room_start(&conf, &state, &room, &err));
}

static void
teardown(void)
{
	room_stop(room);
	worker_close(worker);
	centre_teardown();
}

static int
ask(const char *method, const char *path, const char *headers, const char *body, struct buf *out)
{
	return ask_port(room_port(room), method, path, headers, body, strlen(body), out);
}

static bool
says(const struct buf *answer, const char *text)
{
	return strstr(buf_str(answer), text) != NULL;
}

static void
sign_in(const char *name, char cookie[256], struct buf *out)
{
	char form[200];
	const char *at;

	snprintf(form, sizeof(form), "name=%s&password=blue+teapot+on+the+hill", name);
	ck_assert_int_eq(ask("POST", "/sign-in", "Content-Type: application/x-www-form-urlencoded\r\n", form, out), 303);
	at = strstr(buf_str(out), "Set-Cookie: ");
	snprintf(cookie, 256, "Cookie: %.*s\r\n", (int)strcspn(at + 12, ";"), at + 12);
}

/* The token that the form at PATH carries. */
static void
token_of(const char *path, const char *cookie, char token[100], struct buf *out)
{
	const char *at;

	ck_assert_int_eq(ask("GET", path, cookie, "", out), 200);
	at = strstr(buf_str(out), "name=\"csrf\" value=\"");
	ck_assert_ptr_nonnull(at);
	snprintf(token, 100, "csrf=%.64s", at + 19);
}

static void
run(void)
{
	struct worker_counts c;

	ck_ok(worker_run(worker, &err));
	c = worker_counts(worker);
	atomic_store(&state.opened, c.opened);
	atomic_store(&state.quarantined, c.quarantined);
}

START_TEST(what_cannot_be_opened_is_counted_shown_and_stops_nothing)
{
	struct seal_key *other = NULL;
	char cookie[256], token[100];
	struct buf out;
	int64_t opened;

	buf_init(&out, 8 << 20);
	centre_key(KEY_RESPONSE, 8, &other);
	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	centre_answer(&(struct answer){ .device = 1, .seq = 2, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED, .to = other });
	centre_form(NULL, "20300101");
	centre_answer(&(struct answer){ .device = 1, .seq = 3, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	centre_form(NULL, NULL);
	centre_answer(&(struct answer){ .device = 1, .seq = 4, .q1 = "2", .day = DAY, .quality = CLOCK_SYNCED });
	run();
	ck_assert_int_eq(worker_counts(worker).opened, 2);
	ck_assert_int_eq(ask("GET", "/metrics", "", "", &out), 200);
	ck_assert(says(&out, "candour_records_quarantined 2\n") && says(&out, "candour_records_opened_total 2\n"));
	ck_assert_int_eq(ask("GET", "/healthz", "", "", &out), 200);
	sign_in("ann", cookie, &out);
	ck_assert_int_eq(ask("GET", "/", cookie, "", &out), 200);
	ck_assert(says(&out, "<strong>2 records</strong> could not be read"));
	token_of("/quarantine", cookie, token, &out);
	ck_assert(says(&out, "not sealed to our key") && says(&out, "made with a form that is not in the forms folder"));
	/* Provisional figures of what did open are there at once. */
	ck_assert_int_eq(ask("GET", "/indicator?id=sat-users&version=1", cookie, "", &out), 200);
	ck_assert(says(&out, ">2<") && says(&out, "<strong>Provisional.</strong>"));
	/* In words, not in codes. */
	ck_assert(says(&out, " 2026</td>") && says(&out, "Target reached?") && !says(&out, "cannot_say") && !says(&out, "not_met"));
	ck_assert_int_eq(ask("POST", "/quarantine", cookie, "csrf=x", &out), 403);
	ck_assert(!atomic_load(&state.retry));
	ck_assert_int_eq(ask("POST", "/quarantine", cookie, token, &out), 303);
	ck_assert(atomic_load(&state.retry));
	ck_ok(worker_retry(worker, &opened, &err));
	ck_assert_int_eq(opened, 0);
	ck_assert_int_eq(worker_counts(worker).quarantined, 2);
	seal_key_free(other);
	buf_free(&out);
}
END_TEST

/* Who may see what: rows are pages, columns the roles of setup(); 200, or 403, or 404 for what does not exist. */
START_TEST(each_role_sees_its_own)
{
	static const char *const names[] = { "ann", "cal", "sue", "adam", "vic" };
	static const struct { const char *path; int status[5]; } pages[] = {
		{ "/", { 200, 200, 200, 200, 403 } }, { "/indicator?id=sat-users&version=1", { 200, 200, 403, 403, 403 } },
		{ "/comments?site=elm", { 200, 403, 200, 403, 403 } }, { "/quarantine", { 200, 200, 200, 200, 403 } },
		{ "/prepared", { 404, 404, 403, 403, 403 } }, { "/quotes", { 200, 200, 200, 403, 403 } },
		{ "/quote", { 422, 403, 422, 403, 403 } }, { "/nothing", { 404, 404, 404, 404, 403 } },
	};
	static const struct { const char *path; int status[5]; } forms[] = {
		{ "/prepare", { 422, 403, 403, 403, 403 } }, { "/quote", { 422, 403, 422, 403, 403 } },
		{ "/quotes", { 422, 422, 422, 403, 403 } }, { "/quarantine", { 303, 403, 403, 303, 403 } },
	};
	struct buf out;

	buf_init(&out, 8 << 20);
	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .comment = "MARK of a comment", .day = DAY,
	    .quality = CLOCK_SYNCED });
	run();
	for (size_t who = 0; who < ARRAY_LEN(names); who++) {
		char cookie[256], token[100];

		sign_in(names[who], cookie, &out);
		for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
			int status = ask("GET", pages[i].path, cookie, "", &out);

			ck_assert_msg(status == pages[i].status[who], "%s %s: %d", names[who], pages[i].path, status);
			ck_assert_msg(says(&out, "MARK") == (strncmp(pages[i].path, "/comm", 5) == 0 && status == 200), "%s %s",
			    names[who], pages[i].path);
		}
		if (who == 4)	/* whose pages have no form but the one to sign out */
			ask("GET", "/", cookie, "", &out);
		else
			ck_assert_int_eq(ask("GET", "/", cookie, "", &out), 200);
		snprintf(token, sizeof(token), "csrf=%.64s", strstr(buf_str(&out), "name=\"csrf\" value=\"") + 19);
		for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
			int status = ask("POST", forms[i].path, cookie, token, &out);

			ck_assert_msg(status == forms[i].status[who], "%s POST %s: %d", names[who], forms[i].path, status);
			ck_assert_int_eq(ask("POST", forms[i].path, cookie, "", &out), 403);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		ck_assert_int_eq(ask("GET", pages[i].path, "", "", &out), 303);
	buf_free(&out);
}
END_TEST

static char audit_text[4096];

static enum err_code
collect(void *arg, const struct audit_entry *e, struct err *unused)
{
	size_t n = strlen(audit_text);

	(void)arg;
	(void)unused;
	snprintf(audit_text + n, sizeof(audit_text) - n, "%s %s %s %s %s;", e->actor, e->role, e->verb, e->object, e->detail);
	return ERR_OK;
}

START_TEST(an_opened_comment_is_written_down)
{
	char cookie[256], head[65];
	sqlite3 *db = NULL;
	struct buf out;
	int64_t n;

	buf_init(&out, 8 << 20);
	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .comment = "MARK", .day = DAY, .quality = CLOCK_SYNCED });
	run();
	sign_in("sue", cookie, &out);
	ck_assert_int_eq(ask("GET", "/comments?site=elm", cookie, "", &out), 200);
	ck_ok(audit_open(facts_path, &db, &err));
	audit_text[0] = '\0';
	ck_ok(audit_each(db, collect, NULL, &err));
	ck_assert_msg(strstr(audit_text, "worker  take_definition sat-users@1 state=draft") != NULL, "%s", audit_text);
	ck_assert_msg(strstr(audit_text, "sue safeguarding open_comments site elm opened=1 texts=1 skip=0;") != NULL, "%s", audit_text);
	ck_ok(audit_verify(db, &n, head, &err));
	ck_assert_int_eq(n, 2);
	sqlite3_close(db);
	buf_free(&out);
}
END_TEST

/* The link of the comment with TEXT on the page of comments, or "" */
static void
link_of(const struct buf *page, const char *text, char link[300])
{
	const char *at = strstr(buf_str(page), text), *end = at == NULL ? NULL : strstr(at, "</article>");
	const char *href = at == NULL ? NULL : strstr(at, "href=\"/quote?");

	link[0] = '\0';
	ck_assert_ptr_nonnull(end);
	for (size_t n = 0; href != NULL && href < end && href[6 + n] != '"' && n < 299; n++) {
		/* the template writes & as &amp; */
		size_t k = strlen(link);

		if (strncmp(href + 6 + n, "&amp;", 5) == 0)
			n += 4;
		link[k] = href[6 + n] == ';' ? '&' : href[6 + n];
		link[k + 1] = '\0';
	}
}

/* One person proposes what is left of a comment, another releases it; nobody quotes without consent, nobody adds words, and
 * withdrawing the answer takes the quote with it. */
START_TEST(a_comment_becomes_a_quote_by_two_people)
{
	static const char wrong[] = "&text=The+nurse+was+very+kind.", right[] = "&text=The+nurse+%5Bname%5D+is+kind.";
	char ann[256], cal[256], sue[256], link[300], token[100], form[700], record[33];
	struct buf out;

	buf_init(&out, 8 << 20);
	centre_answer(&(struct answer){ .device = 1, .seq = 1, .q1 = "1", .comment = "The nurse Mary is kind.", .day = DAY,
	    .quality = CLOCK_SYNCED, .quote = "yes" });
	centre_answer(&(struct answer){ .device = 1, .seq = 2, .q1 = "1", .comment = "Not to be quoted", .day = DAY,
	    .quality = CLOCK_SYNCED, .quote = "no" });
	centre_answer(&(struct answer){ .device = 1, .seq = 3, .q1 = "1", .comment = "Never asked", .day = DAY, .quality = CLOCK_SYNCED });
	run();
	sign_in("ann", ann, &out);
	sign_in("cal", cal, &out);
	sign_in("sue", sue, &out);
	ck_assert_int_eq(ask("GET", "/comments?site=elm", ann, "", &out), 200);
	link_of(&out, "Not to be quoted", link);
	ck_assert_str_eq(link, "");
	link_of(&out, "Never asked", link);
	ck_assert_str_eq(link, "");
	link_of(&out, "The nurse Mary", link);
	ck_assert_ptr_nonnull(strstr(link, "/quote?site=elm&record="));
	ck_assert_int_eq(ask("GET", link, cal, "", &out), 403);
	token_of(link, ann, token, &out);
	ck_assert(says(&out, "The nurse Mary is kind.") && says(&out, ">The nurse [name] is kind.</textarea>"));
	ck_assert(says(&out, "Look at these words: The, Mary") && says(&out, "whole organisation"));
	snprintf(form, sizeof(form), "%s&%s%s", token, strchr(link, '?') + 1, wrong);
	ck_assert_int_eq(ask("POST", "/quote", ann, form, &out), 422);
	ck_assert(says(&out, "is not what was written") && says(&out, ">The nurse was very kind.</textarea>"));
	snprintf(form, sizeof(form), "csrf=x&%s%s", strchr(link, '?') + 1, right);
	ck_assert_int_eq(ask("POST", "/quote", ann, form, &out), 403);
	snprintf(form, sizeof(form), "%s&%s%s", token, strchr(link, '?') + 1, right);
	ck_assert_int_eq(ask("POST", "/quote", ann, form, &out), 303);
	ck_assert_int_eq(ask("POST", "/quote", ann, form, &out), 303);	/* again: it is there */
	ck_assert_int_eq(ask("GET", "/quotes", ann, "", &out), 200);
	ck_assert(says(&out, "Quote 1: waits for another person") && says(&out, "The nurse [name] is kind.") && !says(&out, "Mary"));
	ck_assert(!says(&out, "Release Quote") && !says(&out, "Quote 2"));
	snprintf(form, sizeof(form), "%s&id=1&what=released", token);
	ck_assert_int_eq(ask("POST", "/quotes", ann, form, &out), 403);
	ck_assert(says(&out, "another person releases what you proposed"));
	token_of("/quotes", cal, token, &out);
	ck_assert(says(&out, "Release Quote 1") && !says(&out, "Mary"));
	snprintf(form, sizeof(form), "%s&id=9&what=released", token);
	ck_assert_int_eq(ask("POST", "/quotes", cal, form, &out), 404);
	snprintf(form, sizeof(form), "%s&id=1&what=released", token);
	ck_assert_int_eq(ask("POST", "/quotes", cal, form, &out), 303);
	ck_assert_int_eq(ask("GET", "/quotes", sue, "", &out), 200);
	ck_assert(says(&out, "Quote 1: released") && says(&out, "Proposed by ann, then cal on"));
	/* the one that must not be quoted: its record by its place in the page, asked for by hand */
	ck_assert_int_eq(ask("GET", "/comments?site=elm", ann, "", &out), 200);
	snprintf(record, sizeof(record), "%.32s", strstr(strstr(buf_str(&out), "Not to be quoted"), "<code>") + 6);
	snprintf(link, sizeof(link), "/quote?site=elm&record=%s&question=comment", record);
	ck_assert_int_eq(ask("GET", link, ann, "", &out), 200);
	ck_assert(says(&out, "did not say that it may be quoted") && !says(&out, "<textarea"));
	token_of("/quotes", ann, token, &out);
	snprintf(form, sizeof(form), "%s&%s&text=Not+to+be+quoted", token, strchr(link, '?') + 1);
	ck_assert_int_eq(ask("POST", "/quote", ann, form, &out), 403);
	snprintf(link, sizeof(link), "/quote?site=oak&record=%s&question=comment", record);
	ck_assert_int_eq(ask("GET", link, ann, "", &out), 404);
	buf_free(&out);
}
END_TEST

/* A planted wrong cell: the night finds it, says so, and nothing is published until it is right again. */
START_TEST(a_wrong_cell_is_an_alarm)
{
	char cookie[256], token[100];
	int64_t cells, different;
	sqlite3 *db = NULL;
	struct buf out;

	buf_init(&out, 8 << 20);
	for (int i = 0; i < 30; i++)
		centre_answer(&(struct answer){ .device = 1, .seq = 1 + i, .q1 = "1", .day = DAY, .quality = CLOCK_SYNCED });
	run();
	ck_ok(worker_nightly(worker, &cells, &different, &err));
	ck_assert_int_eq(different, 0);
	ck_assert_int_eq(sqlite3_open(facts_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "UPDATE cell SET num = num - 1 WHERE item = ''", NULL, NULL, NULL), SQLITE_OK);
	ck_ok(worker_nightly(worker, &cells, &different, &err));
	ck_assert_int_ge(different, 1);
	atomic_store(&state.nightly_at, NOW);
	atomic_store(&state.nightly_different, different);
	ck_assert_int_eq(ask("GET", "/healthz", "", "", &out), 503);
	ck_assert(says(&out, "nightly recompute differs"));
	sign_in("ann", cookie, &out);
	token_of("/", cookie, token, &out);
	ck_assert(says(&out, "DIFFERENT"));
	strcat(token, "&until=2026-10");
	ck_assert_int_eq(ask("POST", "/prepare", cookie, token, &out), 503);
	ck_assert_int_eq(sqlite3_exec(db, "UPDATE cell SET num = num + 1 WHERE item = ''", NULL, NULL, NULL), SQLITE_OK);
	ck_ok(worker_nightly(worker, &cells, &different, &err));
	ck_assert_int_eq(different, 0);
	sqlite3_close(db);
	buf_free(&out);
}
END_TEST

static Suite *
room_suite(void)
{
	Suite *s = suite_create("room");
	TCase *t = tcase_create("room");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_cannot_be_opened_is_counted_shown_and_stops_nothing);
	tcase_add_test(t, each_role_sees_its_own);
	tcase_add_test(t, an_opened_comment_is_written_down);
	tcase_add_test(t, a_comment_becomes_a_quote_by_two_people);
	tcase_add_test(t, a_wrong_cell_is_an_alarm);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(room_suite)
