/* The staff area by a given clock: waiting after wrong PINs, the end of a session, what opens no door. */
#include "tests/kiosk/client.h"

static const char pin[] = "271828";

static void
open_staff(void)
{
	open_kiosk(NULL);
	run("printf '%s\\n' | %s/candour site pin %s > /dev/null", pin, build_dir(), site);
}

/* The cookie that was set, as it is sent back. */
static void
take_cookie(void)
{
	const char *at = strstr(answer, "Set-Cookie: staff=");

	ck_assert_ptr_nonnull(at);
	snprintf(cookie, sizeof(cookie), "%.*s", (int)strcspn(at + 12, ";\r"), at + 12);
}

static int
try(const char *text)
{
	char body[80];

	snprintf(body, sizeof(body), "go=in&pin=%s", text);
	return ask("POST", "/staff", body);
}

static void
go_in(void)
{
	ck_assert_int_eq(try(pin), 303);
	take_cookie();
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(has("Answers waiting to be sent"));
}

/* Design of the kiosk, section 4: wrong tries wait 1, 2, 4 .. 900 s. */
START_TEST(each_wrong_try_waits_twice_as_long)
{
	static const int waits[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 };
	char text[60];

	open_staff();
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		ck_assert_int_eq(try("999999"), 200);
		snprintf(text, sizeof(text), "Please wait %d second%s.", waits[i], waits[i] == 1 ? "" : "s");
		ck_assert_msg(has(text), "try %zu: %s", i, strstr(answer, "Please wait") != NULL ? strstr(answer, "Please wait") : "");
		/* Not even the right one before that. */
		if (waits[i] > 1) {
			after(waits[i] - 1);
			ck_assert_int_eq(try(pin), 200);
			ck_assert(has("Please wait 1 second, then try again"));
			after(1);
		} else {
			after(waits[i]);
		}
	}
	go_in();
	/* Who knew it starts anew. */
	cookie[0] = '\0';
	ck_assert_int_eq(try("999999"), 200);
	ck_assert(has("Please wait 1 second."));
	close_kiosk();
}
END_TEST

START_TEST(pulling_the_plug_does_not_shorten_the_wait)
{
	open_staff();
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(try("999999"), 200);
		if (i < 4)
			after(1 << i);
	}
	http_stop(server);
	kiosk_close(kiosk);
	ck_ok(kiosk_open(&conf, &given, &kiosk, &err));
	struct http_conf http = { .name = "kiosk", .listen = "127.0.0.1:0", .listen_fd = -1, .threads = 2,
	    .body_max = 256 << 10, .close_posts = true, .handle = kiosk_handle, .arg = kiosk };
	ck_ok(http_start(&http, &server, &err));
	kiosk_ports(kiosk, http_port(server), 0);
	ck_assert_int_eq(try(pin), 200);
	ck_assert(has("then try again"));
	after(16);
	go_in();
	close_kiosk();
}
END_TEST

START_TEST(a_session_ends_after_ten_minutes_without_a_press)
{
	open_staff();
	go_in();
	ck_assert(has("Refresh: 300; url=/"));
	after(599);
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(has("Answers waiting to be sent"));
	after(599);
	ck_assert_int_eq(ask("GET", "/staff/setup", NULL), 200);
	ck_assert(has("Set the clock"));
	after(601);
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(!has("Answers waiting to be sent") && has("Write the PIN"));
	ck_assert_int_eq(ask("GET", "/staff/setup", NULL), 303);
	/* The start page, where the browser goes by itself after five minutes, ends it too. */
	go_in();
	ck_assert_int_eq(ask("GET", "/", NULL), 200);
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(has("Write the PIN"));
	close_kiosk();
}
END_TEST

START_TEST(foreign_cookies_and_tokens_open_nothing)
{
	static const char *const pages[] = { "/staff/setup", "/staff/paper", "/staff/key", "/staff/tablets", "/staff/x" };
	char real[80];

	open_staff();
	go_in();
	snprintf(real, sizeof(real), "%s", cookie);
	/* No cookie, a made-up one, that of a visit: the door, and nothing is done. */
	for (int i = 0; i < 3; i++) {
		snprintf(cookie, sizeof(cookie), "%s", i == 0 ? "" : i == 1 ? "staff=00112233445566778899aabbccddeeff" : "staff=zz");
		ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
		ck_assert(has("Write the PIN") && !has("Answers waiting"));
		for (size_t p = 0; p < ARRAY_LEN(pages); p++) {
			ck_assert_int_eq(ask("GET", pages[p], NULL), 303);
			ck_assert_int_eq(ask("POST", pages[p], "go=clock&d=1&m=1&y=2030&h=1&n=1"), 303);
		}
	}
	/* The cookie without the token of the session (CSRF). */
	snprintf(cookie, sizeof(cookie), "%s", real);
	ck_assert_int_eq(ask("POST", "/staff/setup", "go=clock&d=1&m=1&y=2030&h=1&n=1"), 403);
	ck_assert_int_eq(ask("POST", "/staff/setup", "t=00000000000000000000000000000000&go=clock&d=1&m=1&y=2030&h=1&n=1"), 403);
	ck_assert_int_eq(ask("POST", "/staff", "go=out"), 403);
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(has("Answers waiting") && has("not checked by anybody"));
	close_kiosk();
}
END_TEST

START_TEST(staff_can_set_the_clock_and_leave)
{
	char body[200];

	open_staff();
	go_in();
	ck_assert_int_eq(ask("GET", "/staff/setup", NULL), 200);
	snprintf(body, sizeof(body), "t=%s&go=clock&d=31&m=2&y=2026&h=1&n=1", token);
	ck_assert_int_eq(ask("POST", "/staff/setup", body), 200);
	ck_assert(!has("The clock is set."));
	snprintf(body, sizeof(body), "t=%s&go=clock&d=07&m=2&y=2027&h=09&n=05", token);
	ck_assert_int_eq(ask("POST", "/staff/setup", body), 200);
	ck_assert(has("The clock is set."));
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(has("7 February 2027, 09:05") && has("set by staff"));
	snprintf(body, sizeof(body), "t=%s&go=out", token);
	ck_assert_int_eq(ask("POST", "/staff", body), 303);
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(has("Write the PIN"));
	close_kiosk();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("staff");
	TCase *t = tcase_create("staff");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, each_wrong_try_waits_twice_as_long);
	tcase_add_test(t, pulling_the_plug_does_not_shorten_the_wait);
	tcase_add_test(t, a_session_ends_after_ten_minutes_without_a_press);
	tcase_add_test(t, foreign_cookies_and_tokens_open_nothing);
	tcase_add_test(t, staff_can_set_the_clock_and_leave);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
