/* One connection to the centre: TCP (or a proxy), TLS, HTTP; opened when first needed, kept while the server
 * keeps it, opened again once where a kept one turns out to be gone. */
#ifndef SYNC_CENTRE_H
#define SYNC_CENTRE_H

#include "sync/reply.h"
#include "sync/tls.h"

struct centre;

struct centre_conf {
	const struct net *net;		/* NULL: net_tcp */
	struct net_proxy proxy;
	const char *host;
	uint16_t port;
	struct tls_conf *tls;		/* borrowed */
	int64_t connect_ms, handshake_ms, request_ms;	/* 0: 15, 30, 120 s */
};

enum err_code centre_new(const struct centre_conf *conf, struct centre **out, struct err *err) MUST_CHECK;
/* Closes. NULL is fine. */
void centre_free(struct centre *c);
/* Close the connection; the next request opens another. */
void centre_hang_up(struct centre *c);
/* One request; EXTRA are header lines, each ended by CR LF, or NULL. ERR_OK whatever the status is.
 * ERR_AGAIN unreachable or cut, ERR_DENIED their or our certificate (or the proxy), ERR_INPUT, ERR_LIMIT no
 * proper response. *BAD_DATES as in tls_open; may be NULL. */
enum err_code centre_ask(struct centre *c, const char *method, const char *path, const char *extra,
	const void *body, size_t len, struct reply *out, bool *bad_dates, struct err *err) MUST_CHECK;

#endif
