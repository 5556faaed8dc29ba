/* kiosk/plain.c: what authors mark up. The left side is as ODK documents it ("Styling prompt text") or as Markdown has it
 * (CommonMark 0.31, examples of 6.2 by number), the right one what is left to read. */
#include "kiosk/plain.h"
#include "tests/test.h"

static const struct { const char *text, *plain; } CASES[] = {
	{ "How are you?", "How are you?" }, { "", "" },
	{ "**How** are *you*?", "How are you?" }, { "__How__ are _you_?", "How are you?" },
	{ "# Your room", "Your room" }, { "###### small\n## next", "small\nnext" }, { "####### seven", "####### seven" },
	{ "#1 of our homes", "#1 of our homes" }, { "Room # 4", "Room # 4" },
	{ "See [our page](https://a.example/x_y) now", "See our page now" }, { "[a](b) and [**c**](d)", "a and c" },
	{ "[1] first (see 2)", "[1] first (see 2)" }, { "[open", "[open" },
	{ "<span style=\"color:red\">Red</span> word", "Red word" }, { "<p style='text-align:center'>Mid</p>", "Mid" },
	{ "One<br>two<br/>three<BR />four", "One\ntwo\nthree\nfour" }, { "<b>Bold</b> & <I>it</I>", "Bold & it" },
	{ "under <70 or >90", "under <70 or >90" }, { "a <b and c> d", "a  d" }, { "5 < b, 7 > c", "5 < b, 7 > c" }, { "<script>x</script>", "<script>x</script>" },
	{ "<name>", "<name>" }, { "<", "<" }, { "</", "</" }, { "<b", "<b" },
	{ "2 * 3 * 4", "2 * 3 * 4" }, { "a * foo bar*", "a * foo bar*" /* 351 */ }, { "foo*bar*", "foobar" /* 355 */ },
	{ "snake_case_name", "snake_case_name" /* 361 */ }, { "_foo*", "_foo*" /* 364 */ }, { "5*6*78", "5678" /* 356 */ },
	{ "***", "***" }, { "**", "**" }, { "* one\n* two", "* one\n* two" }, { "**not closed", "**not closed" }, { "____", "____" },
	{ "**foo*", "**foo*" }, { "Name: ________", "Name: ________" }, { "*a\nb*", "*a\nb*" },
	{ "\\*as it is\\*", "*as it is*" }, { "C:\\dir", "C:\\dir" }, { "ends with \\", "ends with \\" },
	{ "**a _b_ c**", "a b c" }, { "\xc3\xa9_\xc3\xa9_\xc3\xa9", "\xc3\xa9_\xc3\xa9_\xc3\xa9" },
};

START_TEST(the_words_stay_and_the_marks_go)
{
	struct arena a;

	arena_init(&a, 1 << 16);
	ck_assert_str_eq(plain_text(&a, CASES[_i].text), CASES[_i].plain);
	arena_clear(&a);
}
END_TEST

/* Never longer than what it is made of, and nothing but its bytes (a line end for a tag). */
START_TEST(any_bytes_give_no_more_bytes)
{
	static const char of[] = "*_#[]()\\<>/b r\n ap1\xc3\xa9";
	unsigned seed = 20261122;
	char text[48];

	for (int n = 0; n < 200000; n++) {
		struct arena a;
		size_t len = (seed >> 8) % (sizeof(text) - 1);
		const char *out;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525u + 1013904223u;
			text[i] = of[(seed >> 16) % (sizeof(of) - 1)];
		}
		text[len] = '\0';
		seed = seed * 1664525u + 1013904223u;
		arena_init(&a, 4096);
		out = plain_text(&a, text);
		ck_assert_msg(out != NULL && strlen(out) <= len && strspn(out, of) == strlen(out), "%s", text);
		arena_clear(&a);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("plain");
	TCase *t = tcase_create("plain");

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, the_words_stay_and_the_marks_go, 0, ARRAY_LEN(CASES));
	tcase_add_test(t, any_bytes_give_no_more_bytes);
	return s;
}

TEST_MAIN(suite)
