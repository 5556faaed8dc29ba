/* base/http: what a stranger on the socket can do. Each case speaks raw bytes to a real server. */
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http.h"
#include "base/log.h"
#include "tests/test.h"

enum { BODY_MAX = 1000, DEADLINE_MS = 10000 };

static struct http_server *server;
static struct err err;

static void
handle(void *arg, const struct http_request *r, struct http_response *out)
{
	const char *field = http_field(r, "a", 0, NULL), *second = http_field(r, "a", 1, NULL);
	const char *query = http_query(r, "q");

	size_t n = 0, at = 0;

	(void)arg;
	/* One by one they are what they are when asked for by number. */
	for (const char *next, *same; (next = http_field_next(r, "a", &at, NULL)) != NULL; n++)
		if ((same = http_field(r, "a", n, NULL)) == NULL || strcmp(next, same) != 0)
			out->status = 500;
	if (http_field(r, "a", n, NULL) != NULL)
		out->status = 500;
	if (strcmp(r->path, "/see") == 0) {
		http_see_other(out, "/s");
		return;
	}
	if (strcmp(r->path, "/split") == 0
	    && http_add(out, "X-Thing", "a\r\nSet-Cookie: b", &err) != ERR_INPUT)
		out->status = 500;
	buf_printf(&out->body, "%s %s body=%zu a=%s a2=%s q=%s", r->method, r->path, r->body->len,
	    field == NULL ? "-" : field, second == NULL ? "-" : second, query == NULL ? "-" : query);
}

static bool
begin(void *arg, const struct http_request *r, uint64_t len, void **state, struct http_response *out)
{
	(void)arg;
	(void)len;
	(void)state;
	if (strcmp(r->path, "/denied") != 0)
		return true;
	http_plain(out, 403, "code=denied\n");
	return false;
}

static void
start(void)
{
	struct http_conf conf = { .name = "test", .listen = "127.0.0.1:0", .listen_fd = -1, .threads = 2,
	    .body_max = BODY_MAX, .handle = handle, .begin = begin, .timeout_s = 2 };

	ck_ok(http_start(&conf, &server, &err));
}

static void
stop(void)
{
	http_stop(server);
	server = NULL;
}

static int
connect_to(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(http_port(server)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Send LEN bytes and read until the other side closes, or has sent what Content-Length says. */
static void
exchange(const char *bytes, size_t len, struct buf *out)
{
	int fd = connect_to();
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const char *body, *clen;

	buf_init(out, 1 << 20);
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		bytes += n;
		len -= (size_t)n;
	}
	for (;;) {
		char tmp[4096];
		ssize_t n;

		ck_assert_int_eq(poll(&p, 1, DEADLINE_MS), 1);
		n = recv(fd, tmp, sizeof(tmp), 0);
		if (n <= 0)
			break;
		buf_put(out, tmp, (size_t)n);
		body = strstr(buf_str(out), "\r\n\r\n");
		clen = strstr(buf_str(out), "Content-Length: ");
		if (body != NULL && clen != NULL
		    && out->len >= (size_t)(body + 4 - buf_str(out)) + strtoul(clen + 16, NULL, 10))
			break;
	}
	close(fd);
}

static void
says(const char *request, const char *expected)
{
	struct buf out;

	exchange(request, strlen(request), &out);
	ck_assert_msg(strstr(buf_str(&out), expected) != NULL, "\"%.200s\" is not in \"%.900s\"", expected,
	    buf_str(&out));
	buf_free(&out);
}

static const struct { const char *request, *expected; } cases[] = {
	{ "GET /x?q=1%262 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x body=0 a=- a2=- q=1&2" },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "default-src 'self'; object-src 'none'" },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "Cache-Control: no-store" },
	{ "GET /see HTTP/1.1\r\nHost: a\r\n\r\n", "303 See Other" },
	{ "GET /split HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK" },
	{ "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\nb=0&a=x+y%26&a=%c3", "a=x y& a2=%c" },
	{ "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nb=0&a=x+y%26&a=%c3", "a=x y& a2=\xc3" },
	{ "POST /denied HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n", "403 Forbidden" },
	{ "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", "413 " },
	{ "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n", "413 " },
	{ "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 4" },
	{ "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", "HTTP/1.1 4" },
};

START_TEST(answers_and_refuses)
{
	says(cases[_i].request, cases[_i].expected);
}
END_TEST

START_TEST(a_chunked_body_meets_the_limit_too)
{
	struct buf in, out;

	buf_init(&in, 1 << 16);
	buf_puts(&in, "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 20; i++) {
		buf_puts(&in, "64\r\n");
		buf_fill(&in, 'x', 100);
		buf_puts(&in, "\r\n");
	}
	buf_puts(&in, "0\r\n\r\n");
	exchange(buf_str(&in), in.len, &out);
	ck_assert_msg(strstr(buf_str(&out), "413 ") != NULL, "%s", buf_str(&out));
	buf_free(&in);
	buf_free(&out);
}
END_TEST

START_TEST(an_endless_body_is_cut_off)
{
	struct buf in, out;

	buf_init(&in, 4 << 20);
	buf_puts(&in, "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n300000\r\n");
	buf_fill(&in, 'x', 3 << 20);
	exchange(buf_str(&in), in.len, &out);
	ck_assert_ptr_null(strstr(buf_str(&out), "200 OK"));
	buf_free(&in);
	buf_free(&out);
	says("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK");
}
END_TEST

/* Headers over the connection's memory, garbage, NULs: an error or a closed connection, and it goes on. */
START_TEST(garbage_does_not_stop_it)
{
	unsigned seed = 0x5eed0000u + (unsigned)_i;
	struct buf in, out;

	buf_init(&in, 1 << 17);
	if (_i == 0) {
		buf_puts(&in, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
		buf_fill(&in, 'y', 100000);
	} else if (_i == 1) {
		buf_puts(&in, "GET / HTTP/1.1\r\n");
		for (int i = 0; i < 2000; i++)
			buf_printf(&in, "X%d: y\r\n", i);
	} else if (_i == 2) {
		buf_puts(&in, "GET /");
		buf_fill(&in, 'a', 50000);
	} else {
		for (int i = 0; i < 5000; i++)
			buf_u8(&in, (uint8_t)(rand_r(&seed) >> 7));
	}
	buf_puts(&in, "\r\n\r\n");
	printf("seed %u\n", seed);
	exchange(buf_str(&in), in.len, &out);
	ck_assert_ptr_null(strstr(buf_str(&out), "200 OK"));
	buf_free(&in);
	buf_free(&out);
	says("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK");
}
END_TEST

static const char *const bad_listen[] = { "nowhere", "127.0.0.1", "example.com:80", "127.0.0.1:99999", ":80" };

START_TEST(a_bad_address_is_named)
{
	struct http_conf conf = { .name = "test", .listen = bad_listen[_i], .listen_fd = -1, .handle = handle };
	struct http_server *s = NULL;

	ck_err(http_start(&conf, &s, &err), ERR_INPUT, "ADDRESS:PORT");
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(a_bad_certificate_is_refused)
{
	struct http_conf conf = { .name = "test", .listen = "127.0.0.1:0", .listen_fd = -1, .handle = handle,
	    .cert_pem = "nonsense", .key_pem = "nonsense" };
	struct http_server *s = NULL;

	ck_err(http_start(&conf, &s, &err), ERR_INPUT, "certificate");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("http");
	TCase *t = tcase_create("served"), *u = tcase_create("start");

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_loop_test(t, answers_and_refuses, 0, ARRAY_LEN(cases));
	tcase_add_test(t, a_chunked_body_meets_the_limit_too);
	tcase_add_test(t, an_endless_body_is_cut_off);
	tcase_add_loop_test(t, garbage_does_not_stop_it, 0, 8);
	tcase_add_loop_test(u, a_bad_address_is_named, 0, ARRAY_LEN(bad_listen));
	tcase_add_test(u, a_bad_certificate_is_refused);
	suite_add_tcase(s, t);
	suite_add_tcase(s, u);
	return s;
}

TEST_MAIN(suite)
