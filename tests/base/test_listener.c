/* base/listener through base/http: what happens when there are more connections than places, more from one address than
 * it may have, no descriptor left, and when it ends with the house full. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http.h"
#include "base/listener.h"
#include "tests/test.h"

enum { DEADLINE_MS = 10000, PLACES = 3, CROWD = 40 };

static struct http_server *server;
static struct err err;

static void
handle(void *arg, const struct http_request *r, struct http_response *out)
{
	(void)arg;
	buf_puts(&out->body, r->path);
}

static void
start(unsigned threads, unsigned per_address, int fd)
{
	struct http_conf conf = { .name = "test", .listen = "127.0.0.1:0", .listen_fd = fd, .threads = threads,
	    .connections = PLACES, .per_address = per_address, .handle = handle };

	ck_ok(http_start(&conf, &server, &err));
}

static void
stop(void)
{
	http_stop(server);
	server = NULL;
}

static void
dial(int fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(http_port(server)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
}

static int
dial_new(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	dial(fd);
	return fd;
}

static void
ask(int fd)
{
	static const char request[] = "GET /here HTTP/1.1\r\nHost: a\r\n\r\n";

	ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
}

/* Whether an answer comes; false: the other side closed. */
static bool
answered(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[2000];
	ssize_t n;

	ck_assert_int_eq(poll(&p, 1, DEADLINE_MS), 1);
	n = recv(fd, text, sizeof(text), 0);
	if (n <= 0)
		return false;
	ck_assert_int_eq(memcmp(text, "HTTP/1.1 200", 12), 0);
	return true;
}

static const unsigned threads[] = { 1, 2, 8 };

START_TEST(who_comes_too_many_waits_and_is_served)
{
	int in[PLACES], waiting[CROWD];
	char byte;

	start(threads[_i], 0, -1);
	for (int i = 0; i < PLACES; i++) {
		in[i] = dial_new();
		ask(in[i]);
		ck_assert(answered(in[i]));
	}
	for (int i = 0; i < CROWD; i++) {
		waiting[i] = dial_new();
		ask(waiting[i]);
	}
	/* Those inside go on; those outside are neither served nor sent away. */
	for (int i = 0; i < PLACES; i++) {
		ask(in[i]);
		ck_assert(answered(in[i]));
	}
	for (int i = 0; i < CROWD; i++)
		ck_assert_int_eq(recv(waiting[i], &byte, 1, MSG_DONTWAIT), -1);
	for (int i = 0; i < PLACES; i++)
		close(in[i]);
	for (int i = 0; i < CROWD; i++) {
		ck_assert(answered(waiting[i]));
		close(waiting[i]);
	}
	stop();
}
END_TEST

/* A connection that is refused gives its place back. */
START_TEST(one_address_has_its_share)
{
	int first;

	start(2, 1, -1);
	first = dial_new();
	ask(first);
	ck_assert(answered(first));
	for (int i = 0; i < CROWD; i++) {
		int fd = dial_new();

		ck_assert(!answered(fd));
		close(fd);
	}
	ask(first);
	ck_assert(answered(first));
	close(first);
	stop();
}
END_TEST

START_TEST(without_descriptors_it_waits)
{
	struct rlimit old, none;
	int fd = socket(AF_INET, SOCK_STREAM, 0), next;

	start(2, 0, -1);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	next = open("/dev/null", O_RDONLY);
	ck_assert_int_ge(next, 0);
	close(next);
	none = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = old.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	dial(fd);
	ask(fd);
	ck_assert_int_eq(open("/dev/null", O_RDONLY), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	ck_assert(answered(fd));
	close(fd);
	stop();
}
END_TEST

START_TEST(it_ends_with_the_house_full)
{
	int fd[CROWD];

	start(2, 0, -1);
	for (int i = 0; i < CROWD; i++)
		fd[i] = dial_new();
	ask(fd[0]);
	ck_assert(answered(fd[0]));
	stop();
	for (int i = 0; i < CROWD; i++) {
		ck_assert(!answered(fd[i]));
		close(fd[i]);
	}
}
END_TEST

/* As systemd hands one over: blocking. */
START_TEST(a_socket_can_be_handed_over)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int given = socket(AF_INET, SOCK_STREAM, 0), fd;
	struct listener *l;

	ck_assert_int_eq(bind(given, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_err(listener_open("the unit", given, &l, &err), ERR_INPUT, "does not listen");
	ck_assert_ptr_null(l);
	ck_assert_int_eq(listen(given, 10), 0);
	start(2, 0, given);
	fd = dial_new();
	ask(fd);
	ck_assert(answered(fd));
	close(fd);
	stop();
	ck_assert_int_eq(fcntl(given, F_GETFD), -1);
}
END_TEST

START_TEST(a_port_in_use_is_said)
{
	struct listener *l, *again;
	char text[40];

	ck_ok(listener_open("[::1]:0", -1, &l, &err));
	snprintf(text, sizeof(text), "[::1]:%u", listener_port(l));
	ck_err(listener_open(text, -1, &again, &err), ERR_BROKEN, "in use");
	ck_assert_ptr_null(again);
	listener_free(l);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("listener");
	TCase *t = tcase_create("listener");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, who_comes_too_many_waits_and_is_served, 0, ARRAY_LEN(threads));
	tcase_add_test(t, one_address_has_its_share);
	tcase_add_test(t, without_descriptors_it_waits);
	tcase_add_test(t, it_ends_with_the_house_full);
	tcase_add_test(t, a_socket_can_be_handed_over);
	tcase_add_test(t, a_port_in_use_is_said);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
