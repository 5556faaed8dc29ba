/* Quotes: what is suggested to be left out, what may not be left in, that a quote never adds, and that the facts keep the rules
 * even against a program that does not. */
#include "aggregator/audit_store.h"
#include "indicators/quotes.h"
#include "tests/test.h"

#include <string.h>
#include <unistd.h>

static struct err err;
static const uint8_t record[16] = { 7 };

static const struct { const char *text, *suggested, *look_at; } words[] = {
	{ "I like it here.", "I like it here.", "" },
	{ "Staff listen to me. They are kind.", "Staff listen to me. They are kind.", "Staff, They" },
	{ "The night nurse, Mary Jones, was rude!", "The night nurse, [name], was rude!", "The, Mary, Jones" },
	{ "My son Tom and Ann Lee came", "My son [name] and [name] came", "My, Tom, Ann, Lee" },
	{ "Ring 07700 900123 or mail jo@example.org.", "Ring [number] [number] or mail [e-mail].", "Ring" },
	{ "We moved from SW1A 1AA, it is far", "We moved from [postcode], it is far", "We, SW1A" },
	{ "Near m11ae they say", "Near [postcode] they say", "Near" },
	{ "Room 12 is cold. I'm in room 12.", "Room [number] is cold. I'm in room [number].", "Room" },
	{ "with Élodie and Łukasz", "with [name] and [name]", "Élodie, Łukasz" },
	{ "two\nlines  here", "two\nlines  here", "" },
	{ "", "", "" },
	{ "   ", "   ", "" },
	{ "already [name] gone", "already [name] gone", "" },
};

START_TEST(what_is_suggested)
{
	struct buf out;

	buf_init(&out, 4096);
	quote_suggest(words[_i].text, &out);
	ck_assert_str_eq(buf_str(&out), words[_i].suggested);
	buf_reset(&out);
	quote_look_at(words[_i].text, &out);
	ck_assert_str_eq(buf_str(&out), words[_i].look_at);
	buf_free(&out);
}
END_TEST

static const char original[] = "The night nurse, Mary Jones, was rude to me. I cried.\nRing 07700900123, M1 1AE, jo@example.org";
static const struct { const char *quote, *says; } checks[] = {
	{ "The night nurse, [name], was rude to me. I cried.", NULL },
	{ "The night nurse [..] was rude  to\nme. I cried. Ring [number]", NULL },
	{ "[..] was rude to me.", NULL },
	{ "I cried.", NULL },
	{ "The night nurse was rude to me.", "part 1 of it is not what was written" },
	{ "The night nurse, [name], was very rude", "part 2 of it is not what was written" },
	{ "I cried. [..] The night nurse", "part 2 of it is not what was written, or comes before" },
	{ "", "nothing is left" },
	{ "[name] [place]", "nothing is left" },
	{ "was rude [name", "a [ has no ]" },
	{ "was rude [she was very rude to me and I will tell you all of it]", "brackets hold a word" },
	{ "Ring 07700900123", "a long number" },
	{ "M1 1AE", "a postcode" },
	{ "jo@example.org", "an e-mail address" },
};

START_TEST(a_quote_leaves_out_and_never_adds)
{
	if (checks[_i].says == NULL)
		ck_ok(quote_check(original, checks[_i].quote, &err));
	else
		ck_err(quote_check(original, checks[_i].quote, &err), ERR_INPUT, checks[_i].says);
	/* what is said of it repeats nothing of it */
	ck_assert(checks[_i].says == NULL || strstr(err.msg, "nurse") == NULL);
}
END_TEST

START_TEST(a_quote_has_an_end)
{
	char text[QUOTE_TEXT_MAX + 3];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_err(quote_check(text, text, &err), ERR_INPUT, "at most 1000 characters");
	text[QUOTE_TEXT_MAX] = '\0';
	ck_ok(quote_check(text, text, &err));
}
END_TEST

/* What is suggested is always what was written, less what is in brackets: of random texts. */
START_TEST(a_suggestion_is_a_quote)
{
	static const char *const pieces[] = { "I", " was", " in", " Mary", " 12", " SW1A", " 1AA", ",", ".", "\n", " Ann-Marie", " it's", " x@y.z",
		" (Tom)", " \"Ann", "!", " é", " Élan", "  ", " and" };
	unsigned seed = (unsigned)_i * 2654435761u + 1;
	char text[400] = "well";
	struct buf out;

	for (int i = 0; i < 20; i++) {
		seed = seed * 1103515245u + 12345u;
		strcat(text, pieces[seed / 65536 % ARRAY_LEN(pieces)]);
	}
	buf_init(&out, 4096);
	quote_suggest(text, &out);
	ck_assert_msg(quote_check(text, buf_str(&out), &err) == ERR_OK, "run %d: \"%s\" -> \"%s\": %s", _i, text, buf_str(&out), err.msg);
	ck_assert_ptr_null(strstr(buf_str(&out), "x@y.z"));
	ck_assert_ptr_null(strstr(buf_str(&out), "12"));
	buf_free(&out);
}
END_TEST

/* --- kept ------------------------------------------------------------------------------------------------------- */

static struct facts *facts;
static char folder[64], path[96];

static void
setup(void)
{
	struct facts_record r = { .site = "elm", .form = "f@1", .day = 20544, .day_quality = "sealed", .state = "facts" };
	bool is_new;

	snprintf(folder, sizeof(folder), "/tmp/candour-quotes-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/facts.db", folder);
	ck_ok(facts_open(path, &facts, &err));
	for (int i = 0; i < 9; i++) {
		memcpy(r.record, record, 16);
		r.record[1] = (uint8_t)i;
		ck_ok(facts_put_record(facts, &r, &is_new, &err));
	}
}

static void
teardown(void)
{
	char command[128];

	facts_close(facts);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static const struct quote *
sample(void)
{
	static struct quote q = { .site = "elm", .question = "comment", .role = "individual", .area = "", .quarter = "2026-04..2026-06",
	    .text = "I like [name]" };

	memcpy(q.record, record, 16);
	return &q;
}

struct seen { char text[2000]; };

static enum err_code
see(void *arg, const struct quote *q, struct err *e)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)e;
	snprintf(s->text + n, sizeof(s->text) - n, "%lld.%lld %s %s/%s \"%s\";", (long long)q->id, (long long)q->version, q->state,
	    q->proposer, q->actor, q->text);
	return ERR_OK;
}

static void
seen(const char *want)
{
	struct seen s = { "" };

	ck_ok(quote_each(facts, see, &s, &err));
	ck_assert_str_eq(s.text, want);
}

START_TEST(one_proposes_another_releases)
{
	int64_t id = 0;

	ck_ok(quote_propose(facts, sample(), "ann", "analyst", 100, &id, &err));
	ck_assert_int_eq(id, 1);
	seen("1.1 proposed ann/ann \"I like [name]\";");
	ck_assert_int_eq(quote_propose(facts, sample(), "bob", "analyst", 101, &id, &err), ERR_EXISTS);
	ck_err(quote_decide(facts, 1, "released", "ann", "analyst", 102, &err), ERR_DENIED, "another person");
	ck_err(quote_decide(facts, 2, "released", "cal", "commissioner", 102, &err), ERR_ABSENT, "no quote 2");
	seen("1.1 proposed ann/ann \"I like [name]\";");
	ck_ok(quote_decide(facts, 1, "released", "cal", "commissioner", 103, &err));
	seen("1.2 released ann/cal \"I like [name]\";");
	ck_err(quote_decide(facts, 1, "released", "sue", "safeguarding", 104, &err), ERR_INPUT, "is released");
	ck_err(quote_decide(facts, 1, "refused", "sue", "safeguarding", 104, &err), ERR_INPUT, "is released");
	ck_ok(quote_decide(facts, 1, "taken_back", "ann", "analyst", 105, &err));
	seen("1.3 taken_back ann/ann \"I like [name]\";");
	ck_ok(quote_propose(facts, sample(), "bob", "analyst", 106, &id, &err));
	ck_assert_int_eq(id, 2);
	ck_ok(quote_decide(facts, 2, "refused", "bob", "analyst", 107, &err));
	seen("2.2 refused bob/bob \"I like [name]\";1.3 taken_back ann/ann \"I like [name]\";");
}
END_TEST

/* Withdrawing the answer takes the words of its quotes, released or not, and nothing can be done with them any more. */
START_TEST(a_withdrawn_answer_is_not_quoted)
{
	char out[16] = "";
	char command[200];
	int64_t id;
	FILE *p;

	ck_ok(quote_propose(facts, sample(), "ann", "analyst", 100, &id, &err));
	ck_ok(quote_decide(facts, 1, "released", "cal", "commissioner", 103, &err));
	ck_ok(facts_begin(facts, &err));
	ck_ok(facts_withdraw(facts, "elm", record, 1, &err));
	ck_ok(facts_commit(facts, &err));
	seen("1.2 withdrawn ann/cal \"\";");
	ck_err(quote_decide(facts, 1, "taken_back", "cal", "commissioner", 104, &err), ERR_INPUT, "is withdrawn");
	facts_close(facts);
	/* nor are they in the file: secure_delete, and the WAL is folded in when the last connection closes */
	snprintf(command, sizeof(command), "cat %s/facts.db* | grep -c 'I like' || true", folder);
	p = popen(command, "r");
	ck_assert_ptr_nonnull(fgets(out, sizeof(out), p));
	pclose(p);
	ck_assert_str_eq(out, "0\n");
	ck_ok(facts_open(path, &facts, &err));
}
END_TEST

/* The rules stand in the database: a program that does not keep them is refused. */
START_TEST(the_database_keeps_the_rules)
{
	static const char *const statements[] = {
		"UPDATE quote SET text = 'other'", "UPDATE quote SET actor = 'bob', text = ''", "UPDATE quote SET state = 'released'",
		"DELETE FROM quote",
		"INSERT INTO quote SELECT id, 2, 200, actor, 'released', site, record, question, role, area, quarter, text FROM quote",
		"INSERT INTO quote SELECT id, 3, 200, 'cal', 'released', site, record, question, role, area, quarter, text FROM quote",
		"INSERT INTO quote SELECT id, 2, 200, 'cal', 'released', site, record, question, role, area, quarter, 'other' FROM quote",
		"INSERT INTO quote SELECT id, 2, 200, 'cal', 'released', site, record, question, role, 'elm', quarter, text FROM quote",
		"INSERT INTO quote SELECT 2, 1, 200, 'cal', 'released', site, record, question, role, area, quarter, text FROM quote",
		"INSERT INTO quote SELECT id, 2, 200, 'cal', 'proposed', site, record, question, role, area, quarter, text FROM quote",
	};
	sqlite3 *db = NULL;
	int64_t id;

	ck_ok(quote_propose(facts, sample(), "ann", "analyst", 100, &id, &err));
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < ARRAY_LEN(statements); i++)
		ck_assert_msg(sqlite3_exec(db, statements[i], NULL, NULL, NULL) == SQLITE_CONSTRAINT, "%s: %s", statements[i],
		    sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_exec(db, "INSERT INTO quote SELECT id, 2, 200, 'cal', 'released', site, record, question, role, area,"
	    " quarter, text FROM quote", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}
END_TEST

/* 2026-04-01 is day 20544. A site is named from ten answers in the quarter, of those that were not withdrawn. */
START_TEST(a_site_is_named_from_ten_answers)
{
	struct facts_record r = { .site = "elm", .form = "f@1", .day = 20544 + 90, .day_quality = "sealed", .state = "none",
		.record = { 9 } };
	char quarter[32];
	bool is_new, may = true;

	quote_quarter(20544, quarter);
	ck_assert_str_eq(quarter, "2026-04..2026-06");
	quote_quarter(20543, quarter);
	ck_assert_str_eq(quarter, "2026-01..2026-03");
	quote_quarter(20544 + 274, quarter);
	ck_assert_str_eq(quarter, "2026-10..2026-12");
	ck_ok(quote_may_name(facts, "elm", 20544, &may, &err));
	ck_assert(!may);
	ck_ok(facts_put_record(facts, &r, &is_new, &err));
	ck_ok(quote_may_name(facts, "elm", 20544, &may, &err));
	ck_assert(may);
	ck_ok(quote_may_name(facts, "elm", 20544 + 91, &may, &err));
	ck_assert(!may);
	ck_ok(quote_may_name(facts, "oak", 20544, &may, &err));
	ck_assert(!may);
	ck_ok(facts_withdraw(facts, "elm", record, 1, &err));
	ck_ok(quote_may_name(facts, "elm", 20544, &may, &err));
	ck_assert(!may);
}
END_TEST

static Suite *
quotes_suite(void)
{
	Suite *s = suite_create("quotes");
	TCase *w = tcase_create("words"), *t = tcase_create("kept");

	tcase_add_loop_test(w, what_is_suggested, 0, ARRAY_LEN(words));
	tcase_add_loop_test(w, a_quote_leaves_out_and_never_adds, 0, ARRAY_LEN(checks));
	tcase_add_test(w, a_quote_has_an_end);
	tcase_add_loop_test(w, a_suggestion_is_a_quote, 0, 200);
	suite_add_tcase(s, w);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_proposes_another_releases);
	tcase_add_test(t, a_withdrawn_answer_is_not_quoted);
	tcase_add_test(t, the_database_keeps_the_rules);
	tcase_add_test(t, a_site_is_named_from_ten_answers);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(quotes_suite)
