/* base/: errors, buffers, numbers, codecs, ini files, the calendar. Expected values are from RFC 4648,
 * RFC 3629 and the Gregorian calendar. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/html.h"
#include "base/ini.h"
#include "base/num.h"
#include "tests/test.h"

START_TEST(error_message_stays_one_line_of_utf8)
{
	struct err err = { 0 };
	char text[600];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 397, "\xc3\xa9", 2);	/* splits at 399 */
	memcpy(text + 3, "\n", 1);
	ck_assert_int_eq(err_set(&err, ERR_LIMIT, "%s", text), ERR_LIMIT);
	ck_assert(utf8_valid(err.msg, strlen(err.msg), NULL));
	ck_assert_ptr_null(strchr(err.msg, '\n'));
	err_set(&err, ERR_INPUT, "bad");
	err_in(&err, "file %d", 7);
	ck_assert_str_eq(err.msg, "file 7: bad");
}
END_TEST

START_TEST(buffer_failure_sticks_and_keeps_what_was_there)
{
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, 5);
	buf_puts(&b, "abc");
	buf_puts(&b, "defg");
	buf_puts(&b, "h");
	ck_assert_str_eq(buf_str(&b), "abc");
	ck_assert_int_eq(buf_check(&b, &err), ERR_LIMIT);
	buf_reset(&b);
	buf_puts(&b, "12345");
	ck_ok(buf_check(&b, &err));
	buf_free(&b);
}
END_TEST

/* What is kept in secret buffers is wiped where it leaves: so room is made beforehand, and nothing moves. */
START_TEST(reserved_room_does_not_move_and_keeps_the_limit)
{
	struct err err = { 0 };
	const uint8_t *at;
	struct buf b;

	buf_init_secret(&b, 300);
	buf_puts(&b, "ab");
	buf_reserve(&b, 290);
	ck_assert_str_eq(buf_str(&b), "ab");
	at = b.data;
	for (int i = 0; i < 290; i++)
		buf_put(&b, "x", 1);
	ck_assert_ptr_eq(b.data, at);
	ck_assert_uint_eq(b.len, 292);
	ck_assert_int_eq(b.data[292], 0);
	buf_puts(&b, "12345678");
	ck_ok(buf_check(&b, &err));
	buf_put(&b, "9", 1);
	ck_assert_int_eq(buf_check(&b, &err), ERR_LIMIT);
	ck_assert_uint_eq(b.len, 300);
	buf_free(&b);
}
END_TEST

/* RFC 4648 section 10 */
static const char *const base64_vectors[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
	{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };

START_TEST(base64_is_rfc_4648)
{
	struct buf b, back;

	buf_init(&b, 100);
	buf_init(&back, 100);
	base64_put(&b, base64_vectors[_i][0], strlen(base64_vectors[_i][0]));
	ck_assert_str_eq(buf_str(&b), base64_vectors[_i][1]);
	ck_assert(base64_get(buf_str(&b), b.len, &back));
	ck_assert_str_eq(buf_str(&back), base64_vectors[_i][0]);
	buf_free(&b);
	buf_free(&back);
}
END_TEST

START_TEST(base64_refuses_what_is_not_canonical)
{
	struct buf b;

	buf_init(&b, 100);
	ck_assert(!base64_get("Zg=", 3, &b));
	ck_assert(!base64_get("Zh==", 4, &b));
	ck_assert(!base64_get("Z===", 4, &b));
	ck_assert(!base64_get("Zg==Zg==", 8, &b));
	ck_assert(!base64_get("Z g=", 4, &b));
	ck_assert_uint_eq(b.len, 0);
	buf_free(&b);
}
END_TEST

START_TEST(base32_comes_back)
{
	uint8_t in[10], out[10];
	struct buf b;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 37 + _i);
	buf_init(&b, 100);
	base32_put(&b, in, 1 + (size_t)_i);
	ck_assert(base32_get(buf_str(&b), b.len, out, 1 + (size_t)_i));
	ck_assert_mem_eq(in, out, 1 + (size_t)_i);
	ck_assert(!base32_get(buf_str(&b), b.len - 1, out, 1 + (size_t)_i));
	buf_free(&b);
}
END_TEST

START_TEST(numbers_are_whole_strings_in_range)
{
	int64_t v = 5;
	double d;

	ck_assert(num_i64("-9223372036854775808", 20, INT64_MIN, INT64_MAX, &v) && v == INT64_MIN);
	ck_assert(num_i64("9223372036854775807", 19, INT64_MIN, INT64_MAX, &v) && v == INT64_MAX);
	ck_assert(!num_i64("9223372036854775808", 19, INT64_MIN, INT64_MAX, &v));
	ck_assert(!num_i64("", 0, 0, 9, &v) && !num_i64("-", 1, -9, 9, &v) && !num_i64("1 ", 2, 0, 9, &v));
	ck_assert(!num_i64("10", 2, 0, 9, &v));
	ck_assert(num_double("1e-3", 4, &d) && d > 0.0009 && d < 0.0011);
	ck_assert(!num_double("nan", 3, &d) && !num_double("0x10", 4, &d) && !num_double("1,5", 3, &d));
}
END_TEST

static const struct { double v; const char *text; } shortest[] = { { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" },
	{ 100, "100" }, { 5e-324, "4.94065645841247e-324" }, { -0.5, "-0.5" } };

START_TEST(numbers_print_shortest)
{
	struct buf b;

	buf_init(&b, 100);
	num_put(&b, shortest[_i].v);
	ck_assert_str_eq(buf_str(&b), shortest[_i].text);
	buf_free(&b);
}
END_TEST

/* RFC 3629: overlong forms, surrogates and beyond U+10FFFF are not UTF-8. */
static const struct { const char *text; bool ok; } utf8[] = { { "abc", true }, { "\xc3\xa9", true },
	{ "\xe2\x82\xac", true }, { "\xf0\x9f\x98\x80", true }, { "\xc0\xaf", false }, { "\xe0\x80\xaf", false },
	{ "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false }, { "\xc3", false }, { "\x80", false } };

START_TEST(utf8_is_rfc_3629)
{
	ck_assert_int_eq(utf8_valid(utf8[_i].text, strlen(utf8[_i].text), NULL), utf8[_i].ok);
}
END_TEST

START_TEST(calendar_is_gregorian)
{
	int y, m, d;
	char text[32];

	ck_assert_int_eq(day_from_date(1970, 1, 1), 0);
	ck_assert_int_eq(day_from_date(2000, 3, 1), 11017);
	ck_assert_int_eq(day_from_date(2026, 11, 21), 20778);
	for (int64_t day = -800000; day < 800000; day += 997) {
		date_from_day(day, &y, &m, &d);
		ck_assert_int_eq(day_from_date(y, m, d), day);
	}
	time_text(951782400, text);
	ck_assert_str_eq(text, "2000-02-29T00:00:00Z");
}
END_TEST

struct seen {
	struct buf b;
};

static enum err_code
see(void *arg, const struct ini_item *it, struct err *err)
{
	struct seen *s = arg;

	(void)err;
	buf_printf(&s->b, "%s|%s|%s|%s|%s|%d\n", it->section, it->argument, it->key == NULL ? "-" : it->key,
	    it->label, it->value, it->line);
	return ERR_OK;
}

START_TEST(ini_reads_sections_labels_and_continuations)
{
	static const char text[] = "a = 1\n# c\n[form ascs easy]\nexclude.no_answer = ${q} = ''\n  or x\nb=\n";
	struct err err = { 0 };
	struct seen s;

	buf_init(&s.b, 4096);
	ck_ok(ini_read("f", text, strlen(text), see, &s, &err));
	ck_assert_str_eq(buf_str(&s.b), "||a||1|1\nform|ascs easy|-|||3\n"
	    "form|ascs easy|exclude|no_answer|${q} = '' or x|4\nform|ascs easy|b|||6\n");
	buf_free(&s.b);
}
END_TEST

static const char *const bad_ini[][2] = { { "x\n", "f:1:" }, { "a = 1\n[b\n", "f:2:" }, { " a = 1\n", "f:1:" },
	{ "a = 1\nB = 2\n", "f:2:" }, { "a. = 1\n", "f:1:" }, { "a = \xff\n", "f:1:" } };

START_TEST(ini_says_where_it_is_wrong)
{
	struct err err = { 0 };
	struct seen s;

	buf_init(&s.b, 4096);
	ck_err(ini_read("f", bad_ini[_i][0], strlen(bad_ini[_i][0]), see, &s, &err), ERR_INPUT, bad_ini[_i][1]);
	buf_free(&s.b);
}
END_TEST

START_TEST(html_escapes_for_text_and_attributes)
{
	struct buf b;

	buf_init(&b, 1000);
	html_put(&b, "<a b=\"c\" d='e'>&\x01\xff\n");
	ck_assert_str_eq(buf_str(&b), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\xef\xbf\xbd\n");
	buf_reset(&b);
	html_put(&b, 42);
	html_put(&b, (size_t)7);
	html_put(&b, 0.5);
	ck_assert_str_eq(buf_str(&b), "4270.5");
	buf_free(&b);
}
END_TEST

/* Whoever says an admin command as root does not take a daemon's file away from it. */
START_TEST(a_file_written_by_root_stays_its_owners)
{
	char dir[] = "/tmp/candour-base-XXXXXX", path[64];
	struct stat st;
	struct err err;
	uid_t owner = geteuid() == 0 ? 12345 : geteuid();

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	ck_ok(file_write(path, "one", 3, 0600, &err));
	ck_assert_int_eq(chown(path, owner, (gid_t)-1), 0);
	ck_ok(file_write(path, "two", 3, 0640, &err));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, owner);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_size, 3);
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(arena_keeps_its_limit)
{
	struct arena a;

	arena_init(&a, 1000);
	ck_assert_str_eq(arena_str(&a, "hello"), "hello");
	ck_assert_ptr_nonnull(arena_alloc(&a, 900));
	ck_assert_ptr_null(arena_alloc(&a, 200));
	ck_assert(a.limited);
	ck_assert_ptr_null(arena_calloc(&a, (size_t)-1, 16));
	arena_clear(&a);
	ck_assert_ptr_nonnull(arena_alloc(&a, 1000));
	arena_clear(&a);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");

	tcase_add_test(t, error_message_stays_one_line_of_utf8);
	tcase_add_test(t, buffer_failure_sticks_and_keeps_what_was_there);
	tcase_add_test(t, reserved_room_does_not_move_and_keeps_the_limit);
	tcase_add_loop_test(t, base64_is_rfc_4648, 0, ARRAY_LEN(base64_vectors));
	tcase_add_test(t, base64_refuses_what_is_not_canonical);
	tcase_add_loop_test(t, base32_comes_back, 0, 10);
	tcase_add_test(t, numbers_are_whole_strings_in_range);
	tcase_add_loop_test(t, numbers_print_shortest, 0, ARRAY_LEN(shortest));
	tcase_add_loop_test(t, utf8_is_rfc_3629, 0, ARRAY_LEN(utf8));
	tcase_add_test(t, calendar_is_gregorian);
	tcase_add_test(t, ini_reads_sections_labels_and_continuations);
	tcase_add_loop_test(t, ini_says_where_it_is_wrong, 0, ARRAY_LEN(bad_ini));
	tcase_add_test(t, html_escapes_for_text_and_attributes);
	tcase_add_test(t, a_file_written_by_root_stays_its_owners);
	tcase_add_test(t, arena_keeps_its_limit);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
