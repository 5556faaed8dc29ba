/* Client certificates. See device_tls.h. */
#include "aggregator/device_tls.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/log.h"
#include "collector/chain.h"

struct device_tls {
	gnutls_x509_trust_list_t trust;
	gnutls_datum_t ticket_key;
	atomic_uint_least64_t refused;
	atomic_int explained;	/* refused with a line of ours; libmicrohttpd's is still to come */
};

enum err_code
device_tls_new(const char *ca_pem, struct device_tls **out, struct err *err)
{
	struct device_tls *t = calloc(1, sizeof(*t));
	gnutls_datum_t d = { (unsigned char *)(uintptr_t)ca_pem, (unsigned)strlen(ca_pem) };
	int no;

	*out = NULL;
	if (t == NULL)
		return err_nomem(err);
	no = gnutls_x509_trust_list_init(&t->trust, 0);
	if (no == 0)
		no = gnutls_x509_trust_list_add_trust_mem(t->trust, &d, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (no <= 0) {
		device_tls_free(t);
		return err_set(err, ERR_INPUT, "ca: no certificate in it%s%s", no < 0 ? ": " : "",
		    no < 0 ? gnutls_strerror(no) : "");
	}
	no = gnutls_session_ticket_key_generate(&t->ticket_key);
	if (no != 0) {
		device_tls_free(t);
		return err_set(err, ERR_BROKEN, "session tickets: %s", gnutls_strerror(no));
	}
	*out = t;
	return ERR_OK;
}

void
device_tls_free(struct device_tls *t)
{
	if (t == NULL)
		return;
	if (t->trust != NULL)
		gnutls_x509_trust_list_deinit(t->trust, 1);
	if (t->ticket_key.data != NULL)
		gnutls_memset(t->ticket_key.data, 0, t->ticket_key.size);
	gnutls_free(t->ticket_key.data);
	free(t);
}

static bool
self_signed(gnutls_x509_crt_t crt)
{
	unsigned bits;

	return gnutls_x509_crt_check_issuer(crt, crt) == 1
	    && gnutls_x509_crt_get_pk_algorithm(crt, &bits) == GNUTLS_PK_ECDSA && bits == 256;
}

/* Chain, dates and purpose of our CA's certificates. */
static bool
of_our_ca(struct device_tls *t, gnutls_x509_crt_t *chain, unsigned n, unsigned *status)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
	    .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };

	*status = 0;
	return gnutls_x509_trust_list_verify_crt2(t->trust, chain, n, &purpose, 1, 0, status, NULL) == 0
	    && *status == 0;
}

static int
verify(gnutls_session_t session)
{
	struct device_tls *t = gnutls_session_get_ptr(session);
	gnutls_x509_crt_t chain[4] = { NULL };
	const gnutls_datum_t *sent;
	unsigned n = 0, status = 0;
	bool ok = false, readable = true;

	sent = gnutls_certificate_get_peers(session, &n);
	if (sent == NULL || n == 0 || n > 4) {
		readable = false;
	} else {
		for (unsigned i = 0; i < n && readable; i++)
			readable = gnutls_x509_crt_init(&chain[i]) == 0
			    && gnutls_x509_crt_import(chain[i], &sent[i], GNUTLS_X509_FMT_DER) == 0;
		ok = readable && (of_our_ca(t, chain, n, &status) || (n == 1 && self_signed(chain[0])));
	}
	for (unsigned i = 0; i < 4; i++)
		if (chain[i] != NULL)
			gnutls_x509_crt_deinit(chain[i]);
	if (!ok) {
		atomic_fetch_add(&t->refused, 1);
		atomic_fetch_add(&t->explained, 1);
		log_event("aggregator", "handshake=refused why=\"%s\"", !readable ? "no client certificate"
		    : (status & GNUTLS_CERT_EXPIRED) != 0 ? "client certificate expired"
		    : (status & GNUTLS_CERT_NOT_ACTIVATED) != 0 ? "client certificate not valid yet"
		    : (status & GNUTLS_CERT_PURPOSE_MISMATCH) != 0 ? "certificate is not for clients"
		    : "client certificate not of our CA");
	}
	return ok ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* GnuTLS ends the handshake by itself where no certificate comes: that is one log line too. */
static int
after_message(gnutls_session_t session, unsigned type, unsigned post, unsigned incoming, const gnutls_datum_t *msg)
{
	unsigned empty = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3 ? 4 : 3;
	struct device_tls *t = gnutls_session_get_ptr(session);

	(void)post;
	(void)type;
	if (incoming != 0 && msg->size <= empty) {
		atomic_fetch_add(&t->refused, 1);
		atomic_fetch_add(&t->explained, 1);
		log_event("aggregator", "handshake=refused why=\"no client certificate\"");
	}
	return 0;
}

void
device_tls_hook(struct device_tls *t, void *p)
{
	gnutls_session_t session = p;

	gnutls_session_set_ptr(session, t);
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_function(session, verify);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_CERTIFICATE_PKT, GNUTLS_HOOK_PRE, after_message);
	(void)gnutls_session_ticket_enable_server(session, &t->ticket_key);
}

enum err_code
device_tls_provisional(void *p, struct device_peer *out, struct err *err)
{
	const gnutls_datum_t *der;
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t pub = NULL;
	gnutls_datum_t spki = { NULL, 0 };
	unsigned n = 0;
	int no;

	out->provisional = false;
	der = p == NULL ? NULL : gnutls_certificate_get_peers(p, &n);
	if (der == NULL || n != 1)
		return ERR_OK;
	no = gnutls_x509_crt_init(&crt);
	if (no == 0)
		no = gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER);
	out->provisional = no == 0 && self_signed(crt);
	if (out->provisional) {
		no = gnutls_pubkey_init(&pub);
		if (no == 0)
			no = gnutls_pubkey_import_x509(pub, crt, 0);
		if (no == 0)
			no = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &spki);
		if (no == 0 && spki.size <= sizeof(out->spki)) {
			memcpy(out->spki, spki.data, spki.size);
			out->spki_len = spki.size;
		}
	}
	gnutls_free(spki.data);
	gnutls_pubkey_deinit(pub);
	gnutls_x509_crt_deinit(crt);
	return no == 0 ? ERR_OK : err_set(err, ERR_DENIED, "client certificate: %s", gnutls_strerror(no));
}

enum err_code
device_tls_peer(void *p, struct device_peer *out, struct err *err)
{
	const gnutls_datum_t *sent;
	unsigned n = 0;

	memset(out, 0, sizeof(*out));
	if (p == NULL)
		return err_set(err, ERR_DENIED, "no TLS");
	sent = gnutls_certificate_get_peers(p, &n);
	if (sent == NULL || n == 0)
		return err_set(err, ERR_DENIED, "no client certificate");
	chain_sha256(sent[0].data, sent[0].size, out->cert_sha256);
	return ERR_OK;
}

bool
device_tls_say(struct device_tls *t, const char *text)
{
	/* What libmicrohttpd 0.9.75 says of every handshake that fails. */
	if (strstr(text, "handshake message out of context") == NULL)
		return true;
	if (atomic_fetch_sub(&t->explained, 1) > 0)
		return false;
	atomic_fetch_add(&t->explained, 1);
	atomic_fetch_add(&t->refused, 1);
	log_event("aggregator", "handshake=failed why=\"not TLS 1.2 or 1.3, or broken off\"");
	return false;
}

uint64_t
device_tls_refused(const struct device_tls *t)
{
	return atomic_load(&t->refused);
}
