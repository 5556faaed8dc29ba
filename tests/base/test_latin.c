/* base/latin.c: letters of Latin-1 (ISO 8859-1) and of Welsh, searched for by somebody who has no key for them. */
#include "base/latin.h"

#include "base/attr.h"
#include "tests/test.h"

static const struct { const char *text, *part; bool holds; } CASES[] = {
	{ "T\u0177 Gwyn", "ty gwyn", true }, { "TY GWYN", "t\u0176", true }, { "B\u00f4n-y-maen", "bon-y", true },
	{ "Caf\u00e9", "CAFE", true }, { "Cafe", "f\u00e9", true }, { "\u00dcberlingen", "uber", true }, { "D\u0175r", "dwr", true },
	{ "Cardiff", "diff", true }, { "Cardiff", "", true }, { "", "", true }, { "", "a", false }, { "Cardiff", "cardiffs", false },
	{ "Aber", "ab er", false }, { "St. David's", "t. d", true }, { "St. David's", "td", false },
	/* Other scripts byte by byte, whole letters only: the first byte of one is not another's. */
	{ "\u041c\u043e\u0441\u043a\u0432\u0430", "\u0441\u043a", true }, { "\u041c\u043e\u0441\u043a\u0432\u0430", "\u043c", false },
	{ "stra\u00dfe", "strasse", false }, { "\u00c3", "a", false }, { "1\u00d72", "1\u00d7", true }, { "a\xc3", "a", true }, { "\xc3", "a", false },
};

START_TEST(people_find_what_they_cannot_type)
{
	ck_assert_msg(latin_holds(CASES[_i].text, CASES[_i].part) == CASES[_i].holds, "%s in %s", CASES[_i].part, CASES[_i].text);
}
END_TEST

START_TEST(a_letter_says_how_long_it_is)
{
	size_t n = 9;

	ck_assert_int_eq(latin_letter("\u0174", 2, &n), 'w');
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(latin_letter("\u0174", 1, &n), '\0');
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(latin_letter("Q", 1, &n), 'q');
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(latin_letter("", 0, &n), '\0');
	ck_assert_int_eq(latin_letter("7", 1, &n), '\0');
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("latin");
	TCase *t = tcase_create("latin");

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, people_find_what_they_cannot_type, 0, ARRAY_LEN(CASES));
	tcase_add_test(t, a_letter_says_how_long_it_is);
	return s;
}

TEST_MAIN(suite)
