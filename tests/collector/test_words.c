/* collector/words.c and the frozen list. */
#include <ctype.h>

#include "base/codec.h"
#include "collector/chain.h"
#include "collector/seal.h"
#include "collector/words.h"
#include "tests/test.h"

#include <string.h>

static struct err err;

START_TEST(list_is_sorted_lower_case_and_tells_words_apart_by_four_letters)
{
	for (unsigned n = 0; n < WORDS; n++) {
		const char *w = word_text(n);

		ck_assert_uint_ge(strlen(w), 3);
		for (const char *p = w; *p != '\0'; p++)
			ck_assert(islower((unsigned char)*p));
		if (n > 0)
			ck_assert_msg(strcmp(word_text(n - 1), w) < 0 && strncmp(word_text(n - 1), w, 4) != 0, "%s", w);
	}
	ck_assert_str_eq(word_text(WORDS), "");
}
END_TEST

/* SHA-256 of the list, one word a line, by sha256sum when it was frozen: no word may ever change its number. */
START_TEST(list_is_frozen)
{
	char text[65];
	uint8_t h[32];
	struct buf b;

	buf_init(&b, 100000);
	for (unsigned n = 0; n < WORDS; n++)
		buf_printf(&b, "%s\n", word_text(n));
	chain_sha256(b.data, b.len, h);
	hex_str(h, 32, text);
	ck_assert_str_eq(text, "809f3169c430f02c47a4beca467161e67250f8362ae2aad2d6ee07a63d1b98d5");
	buf_free(&b);
}
END_TEST

START_TEST(every_word_reads_back_whole_short_and_shouted)
{
	for (unsigned n = 0; n < WORDS; n++) {
		char text[32];
		uint16_t got = 9999;

		snprintf(text, sizeof(text), "%s", word_text(n));
		ck_ok(words_read(text, strlen(text), &got, 1, &err));
		ck_assert_uint_eq(got, n);
		if (strlen(text) > 4)
			text[4] = '\0';
		for (char *p = text; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		got = 9999;
		ck_ok(words_read(text, strlen(text), &got, 1, &err));
		ck_assert_uint_eq(got, n);
	}
}
END_TEST

START_TEST(drawn_words_go_out_and_come_back)
{
	uint16_t drawn[6], got[6];
	struct buf b;

	buf_init_secret(&b, 200);
	for (int i = 0; i < 100; i++) {
		buf_reset(&b);
		words_draw(drawn, 6);
		words_put(drawn, 6, &b);
		ck_ok(words_read(buf_str(&b), b.len, got, 6, &err));
		ck_assert_mem_eq(drawn, got, sizeof(got));
	}
	buf_free(&b);
}
END_TEST

START_TEST(says_which_word_is_wrong_and_not_what_it_was)
{
	uint16_t got[4];
	static const char bad[] = "acorn, zzsecretzz - acre? apple!";

	ck_err(words_read(bad, strlen(bad), got, 4, &err), ERR_INPUT, "word 2 is not in the list");
	ck_assert_ptr_null(strstr(err.msg, "secret"));
	ck_err(words_read("acorn aco", 9, got, 2, &err), ERR_INPUT, "word 2 is not");
	ck_err(words_read("acorn", 5, got, 4, &err), ERR_INPUT, "4 words are needed, 1 were given");
	ck_err(words_read("acorn acre", 10, got, 1, &err), ERR_INPUT, "more than 1");
	ck_err(words_read("acornacornacornacorn", 20, got, 1, &err), ERR_INPUT, "word 1");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");

	suite_add_tcase(s, t);
	tcase_add_test(t, list_is_sorted_lower_case_and_tells_words_apart_by_four_letters);
	tcase_add_test(t, list_is_frozen);
	tcase_add_test(t, every_word_reads_back_whole_short_and_shouted);
	tcase_add_test(t, drawn_words_go_out_and_come_back);
	tcase_add_test(t, says_which_word_is_wrong_and_not_what_it_was);
	return s;
}

TEST_MAIN(suite)
