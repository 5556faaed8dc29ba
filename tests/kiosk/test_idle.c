/* kiosk-idle: with a given clock. A question asks by itself whether anybody is there; "Yes, go on" keeps the answers;
 * at the end nothing is sent, one visit is counted as left, and the next person gets the attract page. */
#include "tests/kiosk/client.h"

#include <sqlite3.h>

#include "collector/outbox.h"
#include "collector/record.h"

static void
setup(void)
{
	open_kiosk(NULL);
}

START_TEST(a_question_asks_after_150_seconds_and_gives_60)
{
	to_questions();
	ck_assert(has("Question 1 of"));
	ck_assert_msg(has("Refresh: 150; url=/s/still"), "%.600s", answer);
	after(150);
	ck_assert_int_eq(ask("GET", "/s/still", NULL), 200);
	ck_assert(has("Are you still there?"));
	ck_assert(has("Your answers are not sent yet."));
	/* At least 20 s: WCAG 2.2.1. */
	ck_assert_msg(has("Refresh: 60; url=/s/over"), "%.600s", answer);
}
END_TEST

START_TEST(yes_keeps_what_was_chosen_as_often_as_wanted)
{
	to_questions();
	press("next", "&a0=2");
	press("back", "");
	ck_assert(has("value=\"2\" checked"));
	for (int i = 0; i < 5; i++) {
		after(150);
		ask("GET", "/s/still", NULL);
		ck_assert(has("Are you still there?"));
		after(55);
		press("next", "");
		ck_assert_msg(has("value=\"2\" checked"), "round %d: %.600s", i, answer);
	}
}
END_TEST

START_TEST(the_end_sends_nothing_and_shows_the_attract_page)
{
	to_questions();
	press("next", "&a0=2");
	after(150);
	ask("GET", "/s/still", NULL);
	after(60);
	ck_assert_int_eq(ask("GET", "/s/over", NULL), 303);
	ck_assert(has("Location: /\r\n"));
	ck_assert(has("Max-Age=0"));
	ask("GET", "/metrics", NULL);
	ck_assert(has("candour_kiosk_visits_total{end=\"left\"} 1"));
	ck_assert(has("candour_kiosk_visits_total{end=\"finished\"} 0"));
	ck_assert_int_eq(sealed(), 0);
}
END_TEST

START_TEST(the_servers_clock_is_the_truth)
{
	char old[80];

	to_questions();
	snprintf(old, sizeof(old), "%s", cookie);
	after(150 + 60 + 4);
	ck_assert_int_eq(ask("GET", "/s", NULL), 200);
	ck_assert(has("Question 1 of"));
	after(150 + 60 + 6);
	snprintf(cookie, sizeof(cookie), "%s", old);
	ck_assert_int_eq(ask("GET", "/s", NULL), 303);
	ck_assert(has("Location: /\r\n"));
	snprintf(cookie, sizeof(cookie), "%s", old);
	ck_assert_int_eq(ask("POST", "/s", "go=next&a0=1&t=00"), 303);
	ck_assert_int_eq(sealed(), 0);
	/* And somebody else can start. */
	cookie[0] = '\0';
	to_questions();
	ck_assert(has("Question 1 of"));
	ck_assert(!has("checked"));
}
END_TEST

START_TEST(over_before_its_time_ends_nothing)
{
	to_questions();
	ck_assert_int_eq(ask("GET", "/s/over", NULL), 303);
	ck_assert(has("Location: /s\r\n"));
	ask("GET", "/s/still", NULL);
	after(20);
	ck_assert_int_eq(ask("GET", "/s/over", NULL), 303);
	ck_assert(has("Location: /s\r\n"));
	ask("GET", "/s", NULL);
	press("next", "");
	ck_assert(has("Question 1 of"));
}
END_TEST

START_TEST(writing_takes_longer)
{
	to_questions();
	for (int i = 0; i < 12 && !has("<textarea"); i++)
		press("next", "&a0=1");
	ck_assert(has("<textarea"));
	ck_assert_msg(has("Refresh: 600; url=/s/still"), "%.600s", answer);
	after(640);
	ck_assert_int_eq(ask("GET", "/s", NULL), 200);
}
END_TEST

START_TEST(receipt_words_go_too)
{
	char old[80];

	to_questions();
	for (int i = 0; i < 20 && !has("class=\"thanks\""); i++)
		press(has("value=\"send\"") ? "send" : "next", "&a0=1");
	ck_assert(has("class=\"four\""));
	ck_assert_int_eq(sealed(), 1);
	/* What was sent is not said to be deleted. */
	after(100);
	ck_assert_int_eq(ask("GET", "/s/still", NULL), 200);
	ck_assert_msg(has("What you sent is safe") && !has("delete"), "%.3000s", answer);
	press("next", "");
	ck_assert(has("class=\"four\""));
	snprintf(old, sizeof(old), "%s", cookie);
	after(150 + 60 + 6);
	snprintf(cookie, sizeof(cookie), "%s", old);
	ck_assert_int_eq(ask("GET", "/s", NULL), 303);
	ck_assert(!has("class=\"four\""));
}
END_TEST

/* --- by the day -------------------------------------------------------------------------------------- */

static int
tags(const char *sql)
{
	char path[128];
	sqlite3_stmt *s;
	sqlite3 *db;
	int n;

	snprintf(path, sizeof(path), "%s/site.db", site);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_busy_timeout(db, 10000), SQLITE_OK);
	if (sql != NULL)
		ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM tag", -1, &s, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

/* The kiosk's clock says 9 October 2025, day 20370. As long as nothing vouches for it, words that somebody holds are not
 * ended by it; once sync has found it right they are, but for those given before. */
START_TEST(words_are_not_ended_by_a_clock_that_nothing_vouches_for)
{
	uint8_t boot[16];
	char path[128];
	struct outbox *ob;

	snprintf(path, sizeof(path), "%s/site.db", site);
	ck_assert_int_eq(tags("INSERT INTO tag VALUES (zeroblob(16), zeroblob(16), 20270), "
	    "(x'01010101010101010101010101010101', zeroblob(16), -20270)"), 2);
	after(60);
	ck_assert_int_eq(tags(NULL), 2);
	record_boot_id(boot);
	ck_ok(outbox_open(path, OUTBOX_SYNC, &ob, &err));
	ck_ok(outbox_clock_put(ob, boot, (given_now(NULL) - given_boot(NULL)) / 1000, CLOCK_SYNCED, &err));
	after(60);
	ck_assert_int_eq(tags(NULL), 1);
	outbox_close(ob);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("idle");
	TCase *c = tcase_create("idle");

	tcase_add_checked_fixture(c, setup, close_kiosk);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, a_question_asks_after_150_seconds_and_gives_60);
	tcase_add_test(c, yes_keeps_what_was_chosen_as_often_as_wanted);
	tcase_add_test(c, the_end_sends_nothing_and_shows_the_attract_page);
	tcase_add_test(c, the_servers_clock_is_the_truth);
	tcase_add_test(c, over_before_its_time_ends_nothing);
	tcase_add_test(c, writing_takes_longer);
	tcase_add_test(c, receipt_words_go_too);
	tcase_add_test(c, words_are_not_ended_by_a_clock_that_nothing_vouches_for);
	suite_add_tcase(s, c);
	return s;
}

TEST_MAIN(suite)
