/* Routes that come up. See route.h. */
#include "sync/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGES = 8192,	/* netlink(7): this much takes any datagram of the kernel's whole */
	READS = 256 };	/* at a time: whoever floods us does not hold us up */

enum err_code
route_listen(int *fd, struct err *err)
{
	struct sockaddr_nl here = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };

	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (*fd >= 0 && bind(*fd, (struct sockaddr *)&here, sizeof(here)) == 0)
		return ERR_OK;
	err_set(err, ERR_ABSENT, "the kernel does not tell of routes here: %s", strerror(errno));
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return err->code;
}

/* Also true of a table of its own, as VPNs have; not of the machine's own addresses and of what leads nowhere. */
static bool
leads_out(struct nlmsghdr *m)
{
	const struct rtmsg *r = NLMSG_DATA(m);	/* which casts const away */

	return m->nlmsg_type == RTM_NEWROUTE && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*r)) && r->rtm_type == RTN_UNICAST
	    && r->rtm_table != RT_TABLE_LOCAL;
}

bool
route_came_up(int fd)
{
	union {
		struct nlmsghdr first;	/* for its alignment */
		char bytes[MESSAGES];
	} in;
	bool up = false;

	for (int i = 0; fd >= 0 && i < READS; i++) {
		struct sockaddr_nl from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(fd, in.bytes, sizeof(in.bytes), 0, (struct sockaddr *)&from, &from_len);
		size_t left = n > 0 ? (size_t)n : 0;

		if (n < 0 && errno == ENOBUFS)
			up = true;
		else if (n < 0 && errno != EINTR)
			break;
		if (from_len != sizeof(from) || from.nl_pid != 0)
			continue;	/* 0 is the kernel; others may send to this socket too */
		for (struct nlmsghdr *m = &in.first; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left))
			up = up || leads_out(m);
	}
	return up;
}
