/* collector/words.c and the frozen lists. */
#include <ctype.h>

#include "base/codec.h"
#include "collector/chain.h"
#include "collector/seal.h"
#include "collector/words.h"
#include "tests/test.h"

#include <string.h>

static struct err err;

/* SHA-256 of each list, one word a line, by sha256sum when it was frozen: no word may ever change its number. */
static const struct { enum word_language language; const char *tag, *hash; } LISTS[] = {
	{ WORDS_EN, "en", "809f3169c430f02c47a4beca467161e67250f8362ae2aad2d6ee07a63d1b98d5" },
	{ WORDS_CY, "cy", "6df5f54bdc26626a56f262de73b45747e62145793a1fe7461e95b30e772102e7" },
};

START_TEST(list_is_sorted_lower_case_and_tells_words_apart_by_four_letters)
{
	enum word_language l = LISTS[_i].language;

	for (unsigned n = 0; n < WORDS; n++) {
		const char *w = word_text(l, n);

		ck_assert_uint_ge(strlen(w), 3);
		for (const char *p = w; *p != '\0'; p++)
			ck_assert(islower((unsigned char)*p));
		if (n > 0)
			ck_assert_msg(strcmp(word_text(l, n - 1), w) < 0 && strncmp(word_text(l, n - 1), w, 4) != 0, "%s", w);
	}
	ck_assert_str_eq(word_text(l, WORDS), "");
}
END_TEST

START_TEST(list_is_frozen)
{
	char text[65];
	uint8_t h[32];
	struct buf b;

	buf_init(&b, 100000);
	for (unsigned n = 0; n < WORDS; n++)
		buf_printf(&b, "%s\n", word_text(LISTS[_i].language, n));
	chain_sha256(b.data, b.len, h);
	hex_str(h, 32, text);
	ck_assert_str_eq(text, LISTS[_i].hash);
	buf_free(&b);
}
END_TEST

START_TEST(every_word_reads_back_whole_short_and_shouted)
{
	enum word_language l = LISTS[_i].language;

	for (unsigned n = 0; n < WORDS; n++) {
		char text[32];
		uint16_t got = 9999;

		snprintf(text, sizeof(text), "%s", word_text(l, n));
		ck_ok(words_read(l, text, strlen(text), &got, 1, &err));
		ck_assert_uint_eq(got, n);
		if (strlen(text) > 4)
			text[4] = '\0';
		for (char *p = text; *p != '\0'; p++)
			*p = (char)toupper((unsigned char)*p);
		got = 9999;
		ck_ok(words_read(l, text, strlen(text), &got, 1, &err));
		ck_assert_uint_eq(got, n);
	}
}
END_TEST

START_TEST(drawn_words_go_out_and_come_back)
{
	enum word_language l = LISTS[_i].language;
	uint16_t drawn[6], got[6];
	struct buf b;

	buf_init_secret(&b, 200);
	for (int i = 0; i < 100; i++) {
		buf_reset(&b);
		words_draw(drawn, 6);
		words_put(l, drawn, 6, &b);
		ck_ok(words_read(l, buf_str(&b), b.len, got, 6, &err));
		ck_assert_mem_eq(drawn, got, sizeof(got));
	}
	buf_free(&b);
}
END_TEST

START_TEST(says_which_word_is_wrong_and_not_what_it_was)
{
	uint16_t got[4];
	static const char bad[] = "acorn, zzsecretzz - acre? apple!";

	ck_err(words_read(WORDS_EN, bad, strlen(bad), got, 4, &err), ERR_INPUT, "word 2 is not in the list");
	ck_assert_ptr_null(strstr(err.msg, "secret"));
	ck_err(words_read(WORDS_EN, "acorn aco", 9, got, 2, &err), ERR_INPUT, "word 2 is not");
	ck_err(words_read(WORDS_EN, "acorn", 5, got, 4, &err), ERR_INPUT, "4 words are needed, 1 were given");
	ck_err(words_read(WORDS_EN, "acorn acre", 10, got, 1, &err), ERR_INPUT, "more than 1");
	ck_err(words_read(WORDS_EN, "acornacornacornacorn", 20, got, 1, &err), ERR_INPUT, "word 1");
}
END_TEST

START_TEST(each_language_has_its_list_and_others_the_english_one)
{
	static const struct { const char *tag; enum word_language list; } of[] = {
		{ "cy", WORDS_CY }, { "cy-GB", WORDS_CY }, { "en", WORDS_EN }, { "en-GB", WORDS_EN }, { "", WORDS_EN },
		{ "cym", WORDS_EN }, { "xx", WORDS_EN },
	};

	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		ck_assert_msg(words_language(of[i].tag) == of[i].list, "%s", of[i].tag);
	for (size_t i = 0; i < ARRAY_LEN(LISTS); i++)
		ck_assert_int_eq(words_language(LISTS[i].tag), LISTS[i].language);
}
END_TEST

/* The list says "telyn" and "gwobr"; somebody may put a circumflex where Welsh could have one, in either case, and a
 * letter of no language stands between words. */
START_TEST(accents_of_welsh_are_taken_off)
{
	static const char *const as[] = { "afal gwobr telyn", "AFAL, GWOBR, TELYN", "\u00e2fal gwobr t\u00eal\u0177n",
	    "\u00c2FAL G\u0174OBR TEL\u0176N", "afal\u2013gwobr\u2019telyn" };
	uint16_t want[3], got[3];

	ck_ok(words_read(WORDS_CY, as[0], strlen(as[0]), want, 3, &err));
	for (size_t i = 0; i < ARRAY_LEN(as); i++) {
		ck_assert_msg(words_read(WORDS_CY, as[i], strlen(as[i]), got, 3, &err) == ERR_OK, "%zu: %s", i, err.msg);
		ck_assert_mem_eq(want, got, sizeof(want));
	}
	ck_err(words_read(WORDS_CY, "afal gwobr \xc3", 12, got, 3, &err), ERR_INPUT, "3 words are needed, 2");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, list_is_sorted_lower_case_and_tells_words_apart_by_four_letters, 0, ARRAY_LEN(LISTS));
	tcase_add_loop_test(t, list_is_frozen, 0, ARRAY_LEN(LISTS));
	tcase_add_loop_test(t, every_word_reads_back_whole_short_and_shouted, 0, ARRAY_LEN(LISTS));
	tcase_add_loop_test(t, drawn_words_go_out_and_come_back, 0, ARRAY_LEN(LISTS));
	tcase_add_test(t, says_which_word_is_wrong_and_not_what_it_was);
	tcase_add_test(t, each_language_has_its_list_and_others_the_english_one);
	tcase_add_test(t, accents_of_welsh_are_taken_off);
	return s;
}

TEST_MAIN(suite)
