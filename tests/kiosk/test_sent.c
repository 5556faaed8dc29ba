/* Settings from the centre over those of kiosk.conf: docs/formats/settings.md says which, the ranges are kiosk.conf's. */
#include "kiosk/sent.h"

#include <string.h>

#include "base/codec.h"
#include "tests/test.h"

static struct err err;
static char page[] = "page", own[] = "Office: 1", home[] = "2 Home Road";
static const struct kiosk_conf conf = { .keyboard = page, .numbers = own, .paper_return = home, .idle_warn_s = 90,
	.idle_answer_s = 60, .scale_coin = true, .withdraw_days = 60 };

static void
put_file(struct buf *b, const char *name, const char *text)
{
	buf_u16(b, (uint16_t)strlen(name));
	buf_puts(b, name);
	buf_u32(b, (uint32_t)strlen(text));
	buf_puts(b, text);
}

static enum err_code
read_settings(const char *text, struct sent **out)
{
	struct buf b;
	enum err_code rc;

	buf_init(&b, 65536);
	put_file(&b, "settings.conf", text);
	*out = NULL;
	rc = buf_check(&b, &err);
	if (rc == ERR_OK)
		rc = sent_read(b.data, b.len, &conf, out, &err);
	buf_free(&b);
	return rc;
}

START_TEST(what_is_sent_stands_above_the_rest)
{
	struct sent *s = NULL;

	ck_ok(read_settings("# for elm\nnumbers = Night desk: 01234 567890; Council: 5\nidle_warn_s = 600\nscale_coin = no\n"
	    "paper_key_in = yes\nkeyboard = system\n", &s));
	ck_assert_str_eq(s->conf.numbers, "Night desk: 01234 567890; Council: 5");
	ck_assert_int_eq(s->conf.idle_warn_s, 600);
	ck_assert(!s->conf.scale_coin && s->conf.paper_key_in);
	ck_assert_str_eq(s->conf.keyboard, "system");
	/* What it does not say. */
	ck_assert_int_eq(s->conf.idle_answer_s, 60);
	ck_assert_int_eq(s->conf.withdraw_days, 60);
	ck_assert_str_eq(s->conf.paper_return, "2 Home Road");
	sent_free(s);
	ck_ok(read_settings("", &s));
	ck_assert_str_eq(s->conf.numbers, "Office: 1");
	sent_free(s);
	ck_ok(read_settings("numbers =\n", &s));
	ck_assert_str_eq(s->conf.numbers, "");
	sent_free(s);
	sent_free(NULL);
}
END_TEST

static const struct {
	const char *text, *why;
} refused[] = {
	{ "idle_warn_s = 59\n", "settings.conf:1: idle_warn_s = 59: a number from 60 to 600" },
	{ "\nidle_answer_s = soon\n", "settings.conf:2: idle_answer_s" },
	{ "scale_coin = maybe\n", "yes or no" },
	{ "keyboard = piano\n", "page, system or none" },
	{ "numbers = 01234 567890\n", "Name: number" },
	{ "keyboard = page\nkeyboard = none\n", "settings.conf:2: keyboard is there twice" },
	/* People were told how long their words hold; where things are and who may connect is not the centre's to say. */
	{ "withdraw_days = 1\n", "withdraw_days cannot be sent" },
	{ "listen = 0.0.0.0:80\n", "listen cannot be sent" },
	{ "lan_plain = yes\n", "lan_plain cannot be sent" },
	{ "voice = /bin/sh\n", "voice cannot be sent" },
	{ "site = /etc/passwd\n", "site cannot be sent" },
	{ "[centre]\nsend_every = 1\n", "cannot be sent" },
	{ "keyboard.en = page\n", "cannot be sent" },
	{ "no settings at all\n", "settings.conf:1" },
};

START_TEST(what_a_kiosk_would_not_take_is_refused)
{
	struct sent *s = NULL;

	ck_err(read_settings(refused[_i].text, &s), ERR_INPUT, refused[_i].why);
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(a_bundle_holds_that_file_and_no_other)
{
	struct sent *s = NULL;
	struct buf b;

	buf_init(&b, 1000);
	ck_err(sent_read(b.data, 0, &conf, &s, &err), ERR_INPUT, "holds one file");
	put_file(&b, "kiosk.conf", "scale_coin = no\n");
	ck_err(sent_read(b.data, b.len, &conf, &s, &err), ERR_INPUT, "kiosk.conf: a bundle of settings holds one file");
	buf_reset(&b);
	put_file(&b, "settings.conf", "");
	put_file(&b, "settings.conf", "");
	ck_err(sent_read(b.data, b.len, &conf, &s, &err), ERR_INPUT, "holds one file");
	ck_assert_ptr_null(s);
	buf_free(&b);
}
END_TEST

static enum err_code
read_and_free(void)
{
	struct sent *s = NULL;
	enum err_code rc = read_settings("numbers = A: 1\npaper_return = B\n", &s);

	sent_free(s);
	return rc;
}

START_TEST(survives_every_failed_allocation)
{
	enum err_code rc;

	TORTURE(rc, read_and_free());
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sent");
	TCase *t = tcase_create("sent");

	tcase_add_test(t, what_is_sent_stands_above_the_rest);
	tcase_add_loop_test(t, what_a_kiosk_would_not_take_is_refused, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(t, a_bundle_holds_that_file_and_no_other);
	tcase_add_test(t, survives_every_failed_allocation);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
