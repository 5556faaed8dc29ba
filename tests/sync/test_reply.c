/* What a centre, or whatever answers in its place, says: RFC 9112, and Retry-After of RFC 9110, 10.2.3, where the three
 * forms of a date are those of 5.6.7 (the examples there are all 784111777 s after 1970). */
#include "sync/reply.h"

#include <string.h>

#include "tests/test.h"

static struct reply r;
static struct err err;

struct source {
	const char *text;
	size_t at;
};

static enum err_code
some(void *arg, void *out, size_t len, size_t *got, struct err *e)
{
	struct source *s = arg;
	size_t n = strlen(s->text + s->at);

	(void)e;
	*got = n < len ? n : len;
	memcpy(out, s->text + s->at, *got);
	s->at += *got;
	return ERR_OK;
}

static enum err_code
read_text(const char *text)
{
	struct source s = { text, 0 };

	return reply_read(&r, some, &s, &err);
}

static void
setup(void)
{
	reply_init(&r, 1000);
}

static void
teardown(void)
{
	reply_free(&r);
}

static const struct {
	const char *date, *retry;
	int64_t seconds;
} waits[] = {
	{ NULL, "120", 120 },
	{ NULL, "0", 0 },
	{ NULL, "86400", 86400 },
	/* More than a day is a day, however many digits it takes to say so. */
	{ NULL, "86401", 86400 },
	{ NULL, "4294967297", 86400 },
	{ NULL, "99999999999999999999999999", 86400 },
	/* What is neither says nothing. */
	{ NULL, "", -1 },
	{ NULL, "-5", -1 },
	{ NULL, "1e3", -1 },
	{ NULL, "12 s", -1 },
	{ NULL, "soon", -1 },
	/* A date, by the answer's own; the box's clock is not asked. */
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:51:37 GMT", 120 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:51:37 1994", 120 },
	{ "Sun Nov  6 08:49:37 1994", "Sunday, 06-Nov-94 08:51:37 GMT", 120 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", 86400 },
	{ NULL, "Sun, 06 Nov 1994 08:51:37 GMT", -1 },
	{ "yesterday", "Sun, 06 Nov 1994 08:51:37 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:51:37 GMT, or so", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 36 Nov 1994 08:51:37 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", "7", 7 },
};

START_TEST(retry_after_is_seconds_or_a_date)
{
	char text[400];

	snprintf(text, sizeof(text), "HTTP/1.1 503 Later\r\nRetry-After: %s\r\n%s%s%sContent-Length: 2\r\n\r\nno", waits[_i].retry,
	    waits[_i].date != NULL ? "Date: " : "", waits[_i].date != NULL ? waits[_i].date : "",
	    waits[_i].date != NULL ? "\r\n" : "");
	ck_ok(read_text(text));
	ck_assert_uint_eq(r.status, 503);
	ck_assert_int_eq(r.retry_after_s, waits[_i].seconds);
}
END_TEST

/* One answer does not colour the next. */
START_TEST(nothing_is_left_of_the_answer_before)
{
	ck_ok(read_text("HTTP/1.1 206 Part\r\nRetry-After: 9\r\nETag: \"7\"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n"
	    "Connection: close\r\n\r\nhello"));
	ck_assert_str_eq(buf_str(&r.body), "hello");
	ck_assert_uint_eq(r.from, 5);
	ck_assert(r.close);
	ck_ok(read_text("HTTP/1.1 204 None\r\n\r\n"));
	ck_assert_int_eq(r.retry_after_s, -1);
	ck_assert_str_eq(r.etag, "");
	ck_assert_uint_eq(r.from, 0);
	ck_assert_uint_eq(r.body.len, 0);
	ck_assert(!r.close);
}
END_TEST

static const struct {
	const char *text;
	enum err_code rc;
	const char *why;
} refused[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ERR_AGAIN, "5 bytes before" },
	{ "HTTP/1.1 200 OK\r\nContent-Le", ERR_AGAIN, "inside" },
	{ "HTTP/1.1 200 OK\r\n\r\n<html>", ERR_INPUT, "not told in advance" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ERR_INPUT, "not told in advance" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", ERR_INPUT, "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ERR_INPUT, "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", ERR_INPUT, "Content-Length" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", ERR_LIMIT, "at most 1000" },
	{ "<!DOCTYPE html><title>Welcome to our Wi-Fi</title>\n", ERR_INPUT, "not HTTP" },
	{ "SSH-2.0-OpenSSH_9.2\r\n", ERR_INPUT, "not HTTP" },
	{ "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 100 Go on\r\n\r\n", ERR_INPUT,
	    "interim" },
};

START_TEST(what_is_no_answer_of_the_centre_is_refused)
{
	ck_err(read_text(refused[_i].text), refused[_i].rc, refused[_i].why);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reply");
	TCase *t = tcase_create("reply");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, retry_after_is_seconds_or_a_date, 0, sizeof(waits) / sizeof(waits[0]));
	tcase_add_test(t, nothing_is_left_of_the_answer_before);
	tcase_add_loop_test(t, what_is_no_answer_of_the_centre_is_refused, 0, sizeof(refused) / sizeof(refused[0]));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
