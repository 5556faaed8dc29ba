/* The kiosk's own words: complete in each language, short sentences, plurals as CLDR has them. */
#include <string.h>

#include "kiosk/words.h"
#include "tests/test.h"

enum { SENTENCE = 15, BUTTON = 32 };

static struct err err;
static struct word_book *book;

static void
setup(void)
{
	ck_ok(word_book_open(&book, &err));
}

static void
teardown(void)
{
	word_book_free(book);
}

#define WORD_PAIR(key) { #key, w->key },

/* Longest sentence of TEXT, in words. */
static int
longest(const char *text)
{
	int most = 0, n = 0, in = 0;

	for (const char *p = text;; p++) {
		int letter = *p != '\0' && *p != ' ';

		n += letter && !in;
		in = letter;
		if (*p == '\0' || ((*p == '.' || *p == '?' || *p == '!') && (p[1] == ' ' || p[1] == '\0'))) {
			most = n > most ? n : most;
			n = 0;
		}
		if (*p == '\0')
			return most;
	}
}

START_TEST(no_sentence_is_longer_than_15_words)
{
	for (size_t i = 0; i < word_book_count(book); i++) {
		const struct words *w = word_book_at(book, i);
		const struct { const char *key, *text; } all[] = { KIOSK_WORDS(WORD_PAIR) };

		for (size_t k = 0; k < ARRAY_LEN(all); k++)
			ck_assert_msg(longest(all[k].text) <= SENTENCE, "%s: %s: %d words", w->code, all[k].key,
			    longest(all[k].text));
	}
}
END_TEST

/* Characters, not bytes: a longer translation is refused, never shrunk. */
static size_t
chars(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

START_TEST(buttons_fit)
{
	for (size_t i = 0; i < word_book_count(book); i++) {
		const struct words *w = word_book_at(book, i);
		const struct { const char *key, *text; size_t max; } all[] = {
			{ "back", w->back, 10 }, { "continue_", w->continue_, 16 }, { "listen", w->listen, 12 },
			{ "listen_stop", w->listen_stop, 14 }, { "text_size", w->text_size, 14 },
			{ "something_wrong", w->something_wrong, 22 }, { "stop_delete", w->stop_delete, 18 },
			{ "review_send", w->review_send, 22 }, { "change", w->change, 10 }, { "start", w->start, 14 },
			{ "typed_show", w->typed_show, 22 }, { "typed_hide", w->typed_hide, 22 }, { "minus", w->minus, 10 }, { "plus", w->plus, 10 }, { "wrong_staff", w->wrong_staff, BUTTON + 4 },
		};

		for (size_t k = 0; k < ARRAY_LEN(all); k++)
			ck_assert_msg(chars(all[k].text) <= all[k].max, "%s: %s has %zu characters, at most %zu fit", w->code,
			    all[k].key, chars(all[k].text), all[k].max);
	}
}
END_TEST

START_TEST(english_and_welsh_are_there)
{
	ck_assert_ptr_nonnull(word_book_find(book, "en"));
	ck_assert_ptr_nonnull(word_book_find(book, "cy"));
	ck_assert_ptr_eq(word_book_find(book, "en-GB"), word_book_find(book, "en"));
	ck_assert_ptr_null(word_book_find(book, "xx"));
	ck_assert_ptr_null(word_book_find(book, ""));
	ck_assert_str_eq(word_book_find(book, "cy")->name, "Cymraeg");
}
END_TEST

/* Integer samples of CLDR 42, plurals.xml, for one-other (en), cy, pl, ar. */
static const struct { const char *rule; uint64_t n; enum plural want; } samples[] = {
	{ "one-other", 0, PLURAL_OTHER }, { "one-other", 1, PLURAL_ONE }, { "one-other", 2, PLURAL_OTHER },
	{ "one-other", 16, PLURAL_OTHER }, { "one-other", 1000000, PLURAL_OTHER },
	{ "welsh", 0, PLURAL_ZERO }, { "welsh", 1, PLURAL_ONE }, { "welsh", 2, PLURAL_TWO },
	{ "welsh", 3, PLURAL_FEW }, { "welsh", 6, PLURAL_MANY }, { "welsh", 4, PLURAL_OTHER },
	{ "welsh", 5, PLURAL_OTHER }, { "welsh", 7, PLURAL_OTHER }, { "welsh", 20, PLURAL_OTHER },
	{ "welsh", 100, PLURAL_OTHER },
	{ "polish", 1, PLURAL_ONE }, { "polish", 2, PLURAL_FEW }, { "polish", 4, PLURAL_FEW },
	{ "polish", 22, PLURAL_FEW }, { "polish", 24, PLURAL_FEW }, { "polish", 102, PLURAL_FEW },
	{ "polish", 0, PLURAL_MANY }, { "polish", 5, PLURAL_MANY }, { "polish", 12, PLURAL_MANY },
	{ "polish", 14, PLURAL_MANY }, { "polish", 19, PLURAL_MANY }, { "polish", 100, PLURAL_MANY },
	{ "arabic", 0, PLURAL_ZERO }, { "arabic", 1, PLURAL_ONE }, { "arabic", 2, PLURAL_TWO },
	{ "arabic", 3, PLURAL_FEW }, { "arabic", 10, PLURAL_FEW }, { "arabic", 103, PLURAL_FEW },
	{ "arabic", 11, PLURAL_MANY }, { "arabic", 26, PLURAL_MANY }, { "arabic", 111, PLURAL_MANY },
	{ "arabic", 100, PLURAL_OTHER }, { "arabic", 102, PLURAL_OTHER }, { "arabic", 200, PLURAL_OTHER },
	{ "none", 1, PLURAL_OTHER },
};

START_TEST(plurals_are_those_of_cldr)
{
	ck_assert_int_eq(plural_of(samples[_i].rule, samples[_i].n), samples[_i].want);
}
END_TEST

/* Mutation after numerals: "2 gwestiwn", "3 chwestiwn", "2 funud" (Welsh grammars on dau, tri, chwe). */
START_TEST(counts_and_dates_read_as_people_write_them)
{
	const struct words *en = word_book_find(book, "en"), *cy = word_book_find(book, "cy");
	struct buf b;

	buf_init(&b, 1000);
	words_count(&b, en, &en->questions, 1);
	buf_puts(&b, "|");
	words_count(&b, en, &en->questions, 8);
	buf_puts(&b, "|");
	words_count(&b, cy, &cy->questions, 2);
	buf_puts(&b, "|");
	words_count(&b, cy, &cy->minutes, 2);
	buf_puts(&b, "|");
	words_count(&b, cy, &cy->questions, 8);
	buf_puts(&b, "|");
	words_date(&b, en, 20148, DATE_DAY);	/* date -u -d '1970-01-01 + 20148 days': 1 March 2025 */
	buf_puts(&b, "|");
	words_date(&b, cy, 20148, DATE_DAY);
	buf_puts(&b, "|");
	words_date(&b, cy, 20148, DATE_MONTH);
	buf_puts(&b, "|");
	words_date(&b, en, 20148, DATE_YEAR);
	ck_assert_str_eq(buf_str(&b), "1 question|8 questions|2 gwestiwn|2 funud|8 cwestiwn|1 March 2025|1 Mawrth 2025|Mawrth 2025|2025");
	buf_free(&b);
}
END_TEST

START_TEST(places_are_filled_once)
{
	struct buf b;

	buf_init(&b, 1000);
	words_fill(&b, "{1} of {2}, {x} { {1}", "{2}", "9");
	ck_assert_str_eq(buf_str(&b), "{2} of 9, {x} { {2}");
	buf_free(&b);
}
END_TEST

static const struct { const char *text, *why; } faults[] = {
	{ "@name = X\n", "is missing" },
	{ "nonsense = X\n", "is no key of the kiosk" },
	{ "@name = X\n@name = Y\n", "is there twice" },
	{ "no equals sign\n", "expected key = text" },
	{ "\xff = X\n", "is not UTF-8" },
};

START_TEST(a_faulty_file_says_where_and_what)
{
	ck_err(word_book_add(book, "xx", faults[_i].text, strlen(faults[_i].text), &err), ERR_INPUT, faults[_i].why);
	ck_assert_ptr_nonnull(strstr(err.msg, "words/xx.txt"));
	ck_assert_ptr_null(word_book_find(book, "xx"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("words");
	TCase *c = tcase_create("words");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, no_sentence_is_longer_than_15_words);
	tcase_add_test(c, buttons_fit);
	tcase_add_test(c, english_and_welsh_are_there);
	tcase_add_loop_test(c, plurals_are_those_of_cldr, 0, ARRAY_LEN(samples));
	tcase_add_test(c, counts_and_dates_read_as_people_write_them);
	tcase_add_test(c, places_are_filled_once);
	tcase_add_loop_test(c, a_faulty_file_says_where_and_what, 0, ARRAY_LEN(faults));
	suite_add_tcase(s, c);
	return s;
}

TEST_MAIN(suite)
