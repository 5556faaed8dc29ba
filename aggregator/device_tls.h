/* Who is on the other end of a device connection. A certificate is required in every handshake; one of our CA
 * must be in date and for clients; a single self-signed one passes too, as that of a box not approved yet.
 * Because a resumed session does not verify again, the registry is asked on every request. */
#ifndef AGGREGATOR_DEVICE_TLS_H
#define AGGREGATOR_DEVICE_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct device_tls;

struct device_peer {
	uint8_t cert_sha256[32];
	bool provisional;	/* self-signed */
	uint8_t spki[128];	/* of a provisional one */
	uint32_t spki_len;
};

/* CA_PEM: one or more certificates. *OUT is the caller's; free with device_tls_free. ERR_INPUT. */
enum err_code device_tls_new(const char *ca_pem, struct device_tls **out, struct err *err) MUST_CHECK;
void device_tls_free(struct device_tls *t);	/* NULL is fine */
/* What http_conf.tls_hook calls for each new session. */
void device_tls_hook(struct device_tls *t, void *session);
/* The certificate of a session's other side: its hash, by which the registry knows it. ERR_DENIED if there is none. */
enum err_code device_tls_peer(void *session, struct device_peer *out, struct err *err) MUST_CHECK;
/* For one that the registry does not know (a certificate is parsed for it): is it a box's own, and its key? */
enum err_code device_tls_provisional(void *session, struct device_peer *out, struct err *err) MUST_CHECK;
/* For http_conf.say: a failed handshake is one line, that with the reason where we know it. */
bool device_tls_say(struct device_tls *t, const char *text);
/* Handshakes refused since the start. */
uint64_t device_tls_refused(const struct device_tls *t);

#endif
