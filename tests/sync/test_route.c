/* What rtnetlink(7) tells of routes, from a real kernel in a network namespace of the test's own, changed by ip(8). */
#include "sync/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "tests/test.h"

/* A network of this process's own, whose root it is (what it executes too, therefore the map). */
static bool
alone(void)
{
	unsigned uid = geteuid();
	FILE *map;
	bool ok;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	map = fopen("/proc/self/uid_map", "we");
	ok = map != NULL && fprintf(map, "0 %u 1\n", uid) > 0;
	return map != NULL && fclose(map) == 0 && ok && system("ip link show lo > /dev/null") == 0;
}

static bool
may_be_alone(void)
{
	int child = fork(), status = 0;

	if (child == 0)
		_exit(alone() ? 0 : 1);
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
ip(const char *words)
{
	char line[200];

	snprintf(line, sizeof(line), "ip %s", words);
	ck_assert_msg(system(line) == 0, "%s", line);
}

START_TEST(a_way_out_is_noticed_and_nothing_else)
{
	static const struct { const char *words; bool up; } steps[] = {
		{ "link set lo up", false },			/* the machine's own addresses */
		{ "address add 198.51.100.7/32 dev lo", false },
		{ "route add blackhole 203.0.113.0/24", false },
		{ "route add 192.0.2.0/24 dev lo", true },
		{ "route del 192.0.2.0/24", false },
		{ "route add default dev lo", true },
		{ "route replace default dev lo metric 5", true },
		{ "route add 192.0.2.0/24 dev lo table 100", true },
		{ "rule add to 192.0.2.0/24 table 100", false },
		{ "-6 route add 2001:db8::/32 dev lo", true },
		{ "-6 route del 2001:db8::/32 dev lo", false },
	};
	struct err err;
	int fd;

	ck_assert(alone());
	ck_ok(route_listen(&fd, &err));
	ck_assert(!route_came_up(fd));
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		ip(steps[i].words);
		ck_assert_msg(route_came_up(fd) == steps[i].up, "%s", steps[i].words);
		ck_assert_msg(!route_came_up(fd), "%s: told twice", steps[i].words);
	}
	close(fd);
}
END_TEST

START_TEST(more_than_the_kernel_can_tell_counts_as_up)
{
	int fd, small = 1;
	struct err err;

	ck_assert(alone());
	ip("link set lo up");
	ck_ok(route_listen(&fd, &err));
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (int i = 0; i < 40; i++) {
		char words[64];

		snprintf(words, sizeof(words), "route add blackhole 203.0.113.%d", i);
		ip(words);
	}
	ck_assert(route_came_up(fd));
	ck_assert(!route_came_up(fd));
	close(fd);
}
END_TEST

/* Programs with rights over the network may write to the socket (others are refused by the kernel itself); only the
 * kernel is believed. */
START_TEST(others_are_not_believed)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg r;
	} m = { { .nlmsg_len = sizeof(m), .nlmsg_type = RTM_NEWROUTE },
		{ .rtm_type = RTN_UNICAST, .rtm_table = RT_TABLE_MAIN } };
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(to);
	struct err err;
	int fd, liar = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	ck_assert_int_ge(liar, 0);
	ck_ok(route_listen(&fd, &err));
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&to, &len), 0);
	for (int i = 0; i < 3; i++)
		ck_assert(sendto(liar, &m, i == 2 ? 3 : sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)) > 0 || errno == EPERM);
	ck_assert(!route_came_up(fd));
	close(liar);
	close(fd);
	ck_assert(!route_came_up(-1));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("routes");
	TCase *t = tcase_create("routes");

	suite_add_tcase(s, t);
	tcase_add_test(t, others_are_not_believed);
	if (may_be_alone()) {
		tcase_add_test(t, a_way_out_is_noticed_and_nothing_else);
		tcase_add_test(t, more_than_the_kernel_can_tell_counts_as_up);
	} else {
		puts("SKIP: this machine lets nobody make a network namespace");
	}
	return s;
}

TEST_MAIN(suite)
