/* Streams as a table of functions, so that tests can cut, delay and count what the daemon sends. The real
 * one is TCP with a deadline on every step. Deadlines are in milliseconds of CLOCK_BOOTTIME. */
#ifndef SYNC_NET_H
#define SYNC_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct net_stream;	/* one connection */

struct net {
	/* ERR_AGAIN (unreachable, refused, no such host, deadline). HOST without brackets. */
	enum err_code (*connect)(void *arg, const char *host, uint16_t port, int64_t deadline,
		struct net_stream **out, struct err *err);
	/* Some bytes: 1..LEN in *GOT, 0 at the end of the stream. ERR_AGAIN: deadline or connection lost. */
	enum err_code (*read)(struct net_stream *s, void *data, size_t len, int64_t deadline, size_t *got,
		struct err *err);
	/* Some bytes: 1..LEN in *PUT. ERR_AGAIN: deadline or connection lost. */
	enum err_code (*write)(struct net_stream *s, const void *data, size_t len, int64_t deadline,
		size_t *put, struct err *err);
	void (*close)(struct net_stream *s);	/* NULL is fine */
	void *arg;
};

/* Asked every quarter of a second while a stream waits: true makes it give up with ERR_AGAIN. */
struct net_stop {
	bool (*stopped)(void *arg);
	void *arg;
};

/* TCP, non-blocking, TCP_NODELAY, poll. Its arg is a const struct net_stop *, or NULL. */
extern const struct net net_tcp;

struct net_proxy {
	const char *host;	/* NULL: none */
	uint16_t port;
	const char *credentials;	/* "user:password" or NULL */
};
/* Connect to HOST:PORT, through PROXY by CONNECT if it names one. ERR_DENIED: the proxy wants
 * credentials (407) or refuses; its answer is read up to 8 KiB. */
enum err_code net_open(const struct net *net, const struct net_proxy *proxy, const char *host,
	uint16_t port, int64_t deadline, struct net_stream **out, struct err *err) MUST_CHECK;

#endif
