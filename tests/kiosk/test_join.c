/* Tablets let in with a code, by a given clock: what opens the gate, what does not, and who is removed. The kiosk's
 * handler for the site's network is served in clear here; HTTPS itself is tests/browser/test_join.mjs. */
#include "kiosk/join.h"
#include "kiosk/receipt.h"
#include "tests/kiosk/client.h"

static struct http_server *net;
static char staff_cookie[80], staff_token[64], code[16];

static void
open_both(void)
{
	struct http_conf http = { .name = "kiosk", .listen = "127.0.0.1:0", .listen_fd = -1, .threads = 2,
	    .body_max = 256 << 10, .close_posts = true, .handle = kiosk_handle_lan };

	open_kiosk(NULL);
	run("printf '271828\\n' | %s/candour site pin %s > /dev/null", build_dir(), site);
	free(conf.lan_name);
	conf.lan_name = strdup("127.0.0.1");
	http.arg = kiosk;
	ck_ok(http_start(&http, &net, &err));
	kiosk_ports(kiosk, http_port(server), http_port(net));
}

static void
close_both(void)
{
	http_stop(net);
	bench_port = 0;
	close_kiosk();
}

/* The next requests go over the network, with COOKIE. */
static void
as_tablet(const char *with)
{
	bench_port = http_port(net);
	snprintf(cookie, sizeof(cookie), "%s", with);
}

static void
as_staff(void)
{
	bench_port = 0;
	snprintf(cookie, sizeof(cookie), "%s", staff_cookie);
	if (staff_cookie[0] == '\0') {
		ck_assert_int_eq(ask("POST", "/staff", "go=in&pin=271828"), 303);
		snprintf(staff_cookie, sizeof(staff_cookie), "%.*s", 38, strstr(answer, "Set-Cookie: staff=") + 12);
		snprintf(cookie, sizeof(cookie), "%s", staff_cookie);
		ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	}
}

static void
staff_press(const char *go)
{
	char body[120];

	as_staff();
	ck_assert_int_eq(ask("GET", "/staff/tablets", NULL), 200);
	snprintf(staff_token, sizeof(staff_token), "%s", token);
	snprintf(body, sizeof(body), "t=%s&go=%s", staff_token, go);
	ck_assert_int_eq(ask("POST", "/staff/tablets", body), 200);
}

static void
new_code(void)
{
	const char *at;

	staff_press("join");
	at = strstr(answer, "<p class=\"code\">");
	ck_assert_ptr_nonnull(at);
	snprintf(code, sizeof(code), "%.4s%.4s", at + 16, at + 21);
}

static int
join(const char *with)
{
	char body[120];

	as_tablet("");
	snprintf(body, sizeof(body), "go=join&c=%s", with);
	return ask("POST", "/join", body);
}

static void
take_screen(char out[80])
{
	const char *at = strstr(answer, "Set-Cookie: __Host-screen=");

	ck_assert_ptr_nonnull(at);
	ck_assert(strstr(at, "; Secure") != NULL && strstr(at, "HttpOnly") != NULL && strstr(at, "SameSite=Strict") != NULL);
	snprintf(out, 80, "%.*s", (int)strcspn(at + 12, ";"), at + 12);
}

START_TEST(who_was_not_let_in_sees_the_way_in_only)
{
	static const char *const pages[] = { "/", "/s", "/about", "/privacy", "/withdraw", "/notices", "/start", "/nowhere", "/join/x" };

	open_both();
	for (int i = 0; i < 3; i++) {
		as_tablet(i == 0 ? "" : i == 1 ? "__Host-screen=00112233445566778899aabbccddeeff" : "__Host-screen=zz; screen=zz");
		for (size_t p = 0; p < ARRAY_LEN(pages); p++) {
			ck_assert_msg(ask("GET", pages[p], NULL) == 303 && has("Location: /join\r"), "%s", pages[p]);
			as_tablet("");
		}
		ck_assert_int_eq(ask("POST", "/start", "go=start&l=en"), 303);
		ck_assert(has("Location: /join\r"));
		ck_assert_int_eq(ask("GET", "/join", NULL), 200);
		ck_assert(has("Let this tablet join"));
		ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	}
	/* The kiosk's own screen needs none of it. */
	bench_port = 0;
	ck_assert_int_eq(ask("GET", "/", NULL), 200);
	close_both();
}
END_TEST

START_TEST(a_code_lets_in_one_tablet_once)
{
	char screen[80], link[40];

	open_both();
	new_code();
	snprintf(link, sizeof(link), "/join?c=%s", code);
	/* Looking at the link uses nothing up. */
	as_tablet("");
	ck_assert_int_eq(ask("GET", link, NULL), 200);
	ck_assert(has(code));
	ck_assert_int_eq(ask("GET", link, NULL), 200);
	ck_assert_int_eq(join(code), 303);
	take_screen(screen);
	/* The same code again: no. */
	ck_assert_int_eq(join(code), 200);
	ck_assert(has("This code is not right, or too old"));
	as_tablet(screen);
	ck_assert_int_eq(ask("GET", "/", NULL), 200);
	ck_assert_int_eq(ask("POST", "/start", "go=start&l=en"), 303);
	ck_assert(has("Location: /s\r"));
	/* On the kiosk's own screen its cookie is nothing. */
	staff_press("");
	ck_assert(has("Tablet 1") && has("joined"));
	close_both();
}
END_TEST

START_TEST(a_code_is_good_for_ten_minutes)
{
	open_both();
	new_code();
	after(599);
	ck_assert_int_eq(join(code), 303);
	new_code();
	after(601);
	ck_assert_int_eq(join(code), 200);
	ck_assert(has("This code is not right, or too old"));
	close_both();
}
END_TEST

START_TEST(forged_codes_open_nothing_and_end_the_real_one)
{
	static const char *const forged[] = { "", "AAAAAAAA", "A", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%00", "../..", "00000000",
	    "%ff%fe" };

	open_both();
	/* None is open: nothing fits, the empty one least of all. */
	for (size_t i = 0; i < ARRAY_LEN(forged); i++)
		ck_assert_int_eq(join(forged[i]), 200);
	new_code();
	for (size_t i = 0; i < ARRAY_LEN(forged); i++)
		ck_assert_int_eq(join(forged[i]), 200);
	/* As a person writes it: in two halves, in small letters. */
	char spaced[20];
	snprintf(spaced, sizeof(spaced), "%.4s+%.4s", code, code + 4);
	for (char *c = spaced; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	ck_assert_int_eq(join(spaced), 303);
	/* Twenty wrong ones end it: nobody guesses for ten minutes. */
	new_code();
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(join("ZZZZZZZZ"), 200);
	ck_assert_int_eq(join(code), 200);
	close_both();
}
END_TEST

START_TEST(a_removed_tablet_is_out_and_the_others_stay_over_a_restart)
{
	struct http_conf http = { .name = "kiosk", .listen = "127.0.0.1:0", .listen_fd = -1, .threads = 2, .body_max = 256 << 10,
	    .close_posts = true };
	char screen[2][80];

	open_both();
	for (int i = 0; i < 2; i++) {
		new_code();
		ck_assert_int_eq(join(code), 303);
		take_screen(screen[i]);
	}
	staff_press("remove-1");
	ck_assert(!has("Tablet 1<") && has("Tablet 2<"));
	for (int again = 0; again < 2; again++) {
		as_tablet(screen[0]);
		ck_assert_int_eq(ask("GET", "/", NULL), 303);
		as_tablet(screen[1]);
		ck_assert_int_eq(ask("GET", "/", NULL), 200);
		if (again == 1)
			break;
		http_stop(net);
		http_stop(server);
		kiosk_close(kiosk);
		ck_ok(kiosk_open(&conf, &given, &kiosk, &err));
		http.arg = kiosk;
		http.handle = kiosk_handle;
		ck_ok(http_start(&http, &server, &err));
		http.handle = kiosk_handle_lan;
		ck_ok(http_start(&http, &net, &err));
		kiosk_ports(kiosk, http_port(server), http_port(net));
	}
	/* Nothing of a cookie is in the file of the site. */
	run("! grep -qa '%s' %s/site.db %s/site.db-wal", screen[1] + 14, site, site);
	close_both();
}
END_TEST

START_TEST(there_is_room_for_a_hundred_and_more)
{
	open_both();
	for (int i = 0; i < TABLETS_MAX; i++) {
		new_code();
		ck_assert_int_eq(join(code), 303);
	}
	staff_press("join");
	ck_assert(has("There are as many tablets as fit") && !has("<p class=\"code\">"));
	staff_press("remove-7");
	new_code();
	ck_assert_int_eq(join(code), 303);
	staff_press("");
	ck_assert(has("Tablet 7<"));
	close_both();
}
END_TEST

/* --- without HTTPS ------------------------------------------------------------------------------------------ */

static void
text_set(char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
	ck_assert_ptr_nonnull(*field);
}

/* conf after config_read of these LINES; what kiosk_conf_check says. */
static enum err_code
check_conf(const char *lines)
{
	struct kiosk_conf c = { .site = NULL };
	char path[] = "/tmp/candour-test-XXXXXX";
	int fd = mkstemp(path);
	enum err_code rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "site = x\npin = y\n%s", lines), 0);
	close(fd);
	rc = config_read(path, kiosk_keys, kiosk_n_keys, &c, &err);
	unlink(path);
	if (rc == ERR_OK)
		rc = kiosk_conf_check(&c, &err);
	config_clear(kiosk_keys, kiosk_n_keys, &c);
	return rc;
}

#define RISK "lan_plain_risk = anyone on this Wi-Fi may read answers as given\n"

START_TEST(plain_http_needs_the_risk_word_for_word)
{
	static const struct { const char *lines; enum err_code rc; const char *says; } cases[] = {
		{ "", ERR_OK, "" },
		{ "lan = yes\n", ERR_INPUT, "lan_cert" },
		{ "lan_plain = yes\n" RISK, ERR_INPUT, "lan = yes" },
		{ "lan = yes\nlan_name = k\nlan_plain = yes\n", ERR_INPUT, "word for word" },
		{ "lan = yes\nlan_name = k\nlan_plain = yes\nlan_plain_risk = yes\n", ERR_INPUT, "word for word" },
		{ "lan = yes\nlan_name = k\nlan_plain = yes\nlan_plain_risk = Anyone on this Wi-Fi may read answers as given\n",
		    ERR_INPUT, "word for word" },
		{ "lan = yes\nlan_plain = yes\n" RISK, ERR_INPUT, "lan_name" },
		{ "lan = yes\nlan_name = k\nlan_plain = yes\nlan_cert = c\n" RISK, ERR_INPUT, "only one" },
		{ "lan = yes\nlan_name = k\nlan_cert = c\nlan_key = d\n" RISK, ERR_OK, "" },
		{ "lan = yes\nlan_name = k\nlan_plain = yes\n" RISK, ERR_OK, "" },
	};

	ck_assert_int_eq(check_conf(cases[_i].lines), cases[_i].rc);
	if (cases[_i].rc != ERR_OK)
		ck_assert_msg(strstr(err.msg, cases[_i].says) != NULL, "%s", err.msg);
}
END_TEST

/* Lengths of IEEE 802.11: 32 bytes, 8 to 63 characters, or 64 hex digits. */
START_TEST(a_wifi_that_cannot_be_is_refused_and_its_password_not_told)
{
	static const struct { const char *lines; enum err_code rc; } cases[] = {
		{ "wifi_name = 12345678901234567890123456789012\n", ERR_OK },
		{ "wifi_name = 123456789012345678901234567890123\n", ERR_INPUT },
		{ "wifi_key = swordfish\n", ERR_INPUT },
		{ "wifi_name = w\nwifi_key = swordfi\n", ERR_INPUT },
		{ "wifi_name = w\nwifi_key = swordfis\n", ERR_OK },
		{ "wifi_name = w\nwifi_key = swordfish\xc3\xa9\n", ERR_INPUT },
		{ "wifi_name = w\nwifi_key = swordfish012345678901234567890123456789012345678901234567890123\n", ERR_OK },
		{ "wifi_name = w\nwifi_key = swordfish0123456789012345678901234567890123456789012345678901234\n", ERR_INPUT },
		{ "wifi_name = w\nwifi_key = 0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF\n", ERR_OK },
	};

	ck_assert_msg(check_conf(cases[_i].lines) == cases[_i].rc, "%s", err.msg);
	if (cases[_i].rc != ERR_OK)
		ck_assert_msg(strstr(err.msg, "sword") == NULL, "%s", err.msg);
}
END_TEST

/* The first three are the examples of zxing's "Barcode Contents" (its second, with T:WPA as it stands there for the
 * first); the last has every sign that is escaped. */
START_TEST(the_wifi_code_is_what_cameras_read)
{
	static const struct { const char *name, *key, *want; } cases[] = {
		{ "mynetwork", "mypassword", "WIFI:T:WPA;S:mynetwork;P:mypassword;;" },
		{ "\"foo;bar\\baz\"", "mypassword", "WIFI:T:WPA;S:\\\"foo\\;bar\\\\baz\\\";P:mypassword;;" },
		{ "mynetwork", "", "WIFI:T:nopass;S:mynetwork;;" },
		{ "", "", "" },
		{ "Caf\xc3\xa9: a,b", "a\\b;c,d:e\"f", "WIFI:T:WPA;S:Caf\xc3\xa9\\: a\\,b;P:a\\\\b\\;c\\,d\\:e\\\"f;;" },
	};
	struct kiosk_conf c = { .wifi_name = strdup(cases[_i].name), .wifi_key = strdup(cases[_i].key) };
	struct buf b;

	buf_init_secret(&b, 400);
	join_wifi(&c, &b);
	ck_assert_str_eq(buf_str(&b), cases[_i].want);
	buf_free(&b);
	free(c.wifi_name);
	free(c.wifi_key);
}
END_TEST

START_TEST(staff_see_the_wifi_code_with_an_open_code_and_nobody_else_does)
{
	unsigned size;
	struct arena a;
	const char *path;

	open_both();
	new_code();
	ck_assert_msg(!has("st-wifi"), "%s", answer);
	text_set(&conf.wifi_name, "Oak <House>");
	text_set(&conf.wifi_key, "swordfish;1");
	arena_init_secret(&a, 1 << 20);
	path = receipt_qr("WIFI:T:WPA;S:Oak <House>;P:swordfish\\;1;;", &a, &size);
	new_code();
	ck_assert(has("st-wifi") && has("Oak &lt;House&gt;") && has(path) && !has("swordfish"));
	as_tablet("");
	for (const char *const *p = (const char *const []){ "/join", "/", "/staff", "/g", NULL }; *p != NULL; p++) {
		(void)ask("GET", *p, NULL);
		ck_assert(!has(path) && !has("Oak &lt;House"));
	}
	given_ms += 600000;	/* the code is over, and with it the page of codes */
	staff_cookie[0] = '\0';
	staff_press("");
	ck_assert(!has("st-wifi") && !has(path));
	arena_clear(&a);
	close_both();
}
END_TEST

static void
open_plain(void)
{
	open_both();
	conf.lan_plain = true;
	conf.lan_join = false;
}

START_TEST(over_plain_http_nobody_comes_to_what_staff_do)
{
	static const char *const paths[] = { "/staff", "/staff/", "/staff/tablets", "/staff/key", "/group", "/group/s",
	    "/group/live", "/group/open", "/j", "/j/abcdefgh" };

	open_plain();
	as_staff();
	as_tablet(staff_cookie);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		ck_assert_int_eq(ask("GET", paths[i], NULL), 403);
		ck_assert_int_eq(ask("POST", paths[i], "go=in&pin=271828&pass=x"), 403);
		ck_assert(has("own screen") && !has("Set-Cookie"));
	}
	ck_assert_int_eq(ask("GET", "/g", NULL), 200);
	ck_assert_int_eq(ask("GET", "/join", NULL), 404);
	/* On the screen itself they are there, and say how tablets are served. */
	as_staff();
	ck_assert_int_eq(ask("GET", "/staff", NULL), 200);
	ck_assert(has("anyone on this Wi-Fi may read answers as given"));
	close_both();
}
END_TEST

START_TEST(over_plain_http_something_is_wrong_gives_numbers_only)
{
	static const char *const kinds[] = { "not_safe", "complaint", "staff_report" };
	char body[100], in[80];
	const char *at;

	open_plain();
	kiosk_tick(kiosk);
	/* The screen itself takes what is written. */
	bench_port = 0;
	snprintf(cookie, sizeof(cookie), "%s", "");
	ck_assert_int_eq(ask("POST", "/start", "go=wrong&l=en"), 303);
	ck_assert(has("Set-Cookie: v="));
	ck_assert_int_eq(ask("GET", "/s", NULL), 200);
	ck_assert(has("value=\"not_safe\""));
	/* A tablet does not, whatever it is asked. */
	as_tablet("");
	ck_assert_int_eq(ask("POST", "/start", "go=wrong&l=en"), 303);
	at = strstr(answer, "Set-Cookie: lan-v=");
	ck_assert_ptr_nonnull(at);
	ck_assert(strstr(answer, "Secure") == NULL);
	snprintf(in, sizeof(in), "%.*s", (int)strcspn(at + 12, ";"), at + 12);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		as_tablet(in);
		ck_assert_int_eq(ask("GET", "/s", NULL), 200);
		ck_assert(has("999") && has("Please call") && !has("value=\"not_safe\"") && !has("<textarea"));
		snprintf(body, sizeof(body), "t=%s&go=%s", token, kinds[i]);
		ck_assert_int_eq(ask("POST", "/s", body), 303);
	}
	ck_assert_int_eq(ask("GET", "/s", NULL), 200);
	ck_assert(has("Please call") && !has("<textarea"));
	close_both();
}
END_TEST

START_TEST(over_plain_http_a_tablet_still_has_to_be_let_in)
{
	char with[80];

	open_plain();
	conf.lan_join = true;
	as_tablet("");
	ck_assert_int_eq(ask("GET", "/", NULL), 303);
	ck_assert(has("Location: /join"));
	new_code();
	ck_assert_msg(has("http://127.0.0.1:") && !has("https://"), "%s", answer);
	ck_assert_int_eq(join(code), 303);
	ck_assert(has("Set-Cookie: lan-screen=") && has("; Max-Age=34560000") && !has("Secure"));
	snprintf(with, sizeof(with), "%.*s", (int)strlen("lan-screen=") + 32,
	    strstr(answer, "Set-Cookie: lan-screen=") + 12);
	as_tablet(with);
	ck_assert_int_eq(ask("GET", "/", NULL), 200);
	close_both();
}
END_TEST

static void
fresh(void)
{
	staff_cookie[0] = '\0';
}

static Suite *
suite(void)
{
	Suite *s = suite_create("join");
	TCase *t = tcase_create("join");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, fresh, NULL);
	tcase_add_test(t, who_was_not_let_in_sees_the_way_in_only);
	tcase_add_test(t, a_code_lets_in_one_tablet_once);
	tcase_add_test(t, a_code_is_good_for_ten_minutes);
	tcase_add_test(t, forged_codes_open_nothing_and_end_the_real_one);
	tcase_add_test(t, a_removed_tablet_is_out_and_the_others_stay_over_a_restart);
	tcase_add_test(t, there_is_room_for_a_hundred_and_more);
	tcase_add_loop_test(t, plain_http_needs_the_risk_word_for_word, 0, 10);
	tcase_add_loop_test(t, a_wifi_that_cannot_be_is_refused_and_its_password_not_told, 0, 9);
	tcase_add_loop_test(t, the_wifi_code_is_what_cameras_read, 0, 5);
	tcase_add_test(t, staff_see_the_wifi_code_with_an_open_code_and_nobody_else_does);
	tcase_add_test(t, over_plain_http_nobody_comes_to_what_staff_do);
	tcase_add_test(t, over_plain_http_something_is_wrong_gives_numbers_only);
	tcase_add_test(t, over_plain_http_a_tablet_still_has_to_be_let_in);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
