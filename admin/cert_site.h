/* Certificates of a site's own network, by GnuTLS: a CA that may sign one name only, the server's certificate of that
 * name, a request for another CA, and the check of what such a CA gave. P-256. docs/kiosk.md. */
#ifndef ADMIN_CERT_SITE_H
#define ADMIN_CERT_SITE_H

#include <stdint.h>

#include "base/buf.h"

struct cert_facts {
	char name[256];		/* the DNS names in it, with blanks between */
	int64_t from, until;	/* seconds since 1970 */
	char words[80];		/* six words of its SHA-256 */
	char issuer[200];
};

/* A CA of KEY_PEM for 5 years whose certificates are good for NAME (and names under it) alone: a name constraint, so
 * that a tablet which trusts it trusts it for nothing else. PEM appended. */
enum err_code cert_site_ca(const char *name, const struct buf *key_pem, int64_t now, struct buf *out,
	struct err *err) MUST_CHECK;
/* The server's certificate of KEY_PEM for NAME, 397 days or as long as the CA: PEM, appended.
 * ERR_INPUT: the CA is over, or is for another name. */
enum err_code cert_site_server(const struct buf *ca_pem, const struct buf *ca_key_pem, const char *name,
	const struct buf *key_pem, int64_t now, struct buf *out, struct err *err) MUST_CHECK;
/* A certificate request (PKCS 10, PEM) of KEY_PEM for NAME. */
enum err_code cert_site_request(const char *name, const struct buf *key_pem, struct buf *out, struct err *err) MUST_CHECK;
/* Does CHAIN_PEM fit KEY_PEM and NAME, is it in time, for servers, of a kind tablets take? Each link signs the one
 * before. ERR_INPUT says what is wrong. */
enum err_code cert_site_check(const struct buf *chain_pem, const struct buf *key_pem, const char *name, int64_t now,
	struct err *err) MUST_CHECK;
/* What the first certificate of PEM says. */
enum err_code cert_site_facts(const struct buf *pem, struct cert_facts *out, struct err *err) MUST_CHECK;

#endif
