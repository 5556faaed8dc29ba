/* TLS towards the aggregator: mbedTLS 2.28, set up in one function: TLS 1.2 at least, the pinned CA only,
 * host name checked, client certificate given, ECDHE-ECDSA with AEAD, no renegotiation. Six functions. */
#ifndef SYNC_TLS_H
#define SYNC_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/keyring.h"
#include "sync/net.h"

struct tls_conf;
struct tls;

struct tls_setup {
	const struct keyring *ring;	/* whose CA certificates alone are believed; */
	const char *ca_pem;		/* or these. Both NULL: a probe, which judges no certificate and
					 * must ask for signed things only */
	const char *cert_pem, *key_pem;	/* ours */
	/* Seconds since 1970 by which a certificate's dates are judged again where the system's clock
	 * says expired or not yet valid; NULL or a return of 0: not known. */
	int64_t (*corrected)(void *arg);
	void *arg;
};

/* *OUT is the caller's; free with tls_conf_free. Copies what it needs. ERR_INPUT for a bad PEM. */
enum err_code tls_conf_new(const struct tls_setup *setup, struct tls_conf **out, struct err *err) MUST_CHECK;
/* Handshake over STREAM (which stays the caller's, and must outlive *OUT) with the host name HOST.
 * ERR_AGAIN: connection lost or deadline; ERR_DENIED: their certificate is not acceptable, and why
 * ("not signed by our CA: an intercepting proxy?", "is for another name", "its dates ..", with
 * *BAD_DATES true if dates are all that is wrong; may be NULL). */
enum err_code tls_open(struct tls_conf *conf, const struct net *net, struct net_stream *stream,
	const char *host, int64_t deadline, struct tls **out, bool *bad_dates, struct err *err) MUST_CHECK;
/* Some bytes; 0 in *GOT at an orderly end. ERR_AGAIN, ERR_DENIED (the server refused our certificate). */
enum err_code tls_read(struct tls *t, void *data, size_t len, int64_t deadline, size_t *got,
	struct err *err) MUST_CHECK;
/* All LEN bytes. */
enum err_code tls_write(struct tls *t, const void *data, size_t len, int64_t deadline, struct err *err) MUST_CHECK;
void tls_close(struct tls *t);	/* NULL is fine */
void tls_conf_free(struct tls_conf *conf);	/* NULL is fine */

#endif
