/* The TLS client. See tls.h. mbedTLS 2.28 is called here and nowhere else. */
#include "sync/tls.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

struct tls_conf {
	mbedtls_ssl_config ssl;
	mbedtls_x509_crt ca, cert;
	mbedtls_pk_context key;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context rng;
	mbedtls_ssl_session session;	/* ticket of the last connection */
	char session_host[256];
	bool has_session, probe;
	int64_t (*corrected)(void *arg);
	void *arg;
};

struct tls {
	mbedtls_ssl_context ssl;
	struct tls_conf *conf;
	const struct net *net;
	struct net_stream *stream;
	int64_t deadline;
	struct err io;		/* what the stream said */
	char host[256];
};

static const int suites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 0
};
/* P-384 too: the list limits certificates' keys as well as key exchange. */
static const mbedtls_ecp_group_id curves[] = {
	MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE
};

static enum err_code
lib_err(int code, enum err_code rc, const char *what, struct err *err)
{
	char text[120];

	mbedtls_strerror(code, text, sizeof(text));
	return err_set(err, rc, "%s: %s", what, text);
}

/* Seconds since 1970 of a certificate's date (UTC). */
static int64_t
date_seconds(const mbedtls_x509_time *t)
{
	int64_t y = t->year - (t->mon <= 2), era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (t->mon + (t->mon > 2 ? -3 : 9)) + 2) / 5 + t->day - 1;
	int64_t day = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;

	return day * 86400 + t->hour * 3600 + t->min * 60 + t->sec;
}

/* A box without a clock sees every certificate as not yet valid. Where the dates are the only fault and
 * the time is known from the centre's signed time, judge by that. */
static int
judge_dates(void *arg, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
	const uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
	struct tls_conf *conf = arg;
	int64_t now;

	(void)depth;
	if ((*flags & dates) == 0 || conf->corrected == NULL)
		return 0;
	now = conf->corrected(conf->arg);
	if (now > 0 && now >= date_seconds(&cert->valid_from) && now <= date_seconds(&cert->valid_to))
		*flags &= ~dates;
	return 0;
}

static enum err_code
load_pem(struct tls_conf *conf, const struct tls_setup *setup, struct err *err)
{
	int no;

	for (size_t i = 0; setup->ring != NULL && i < setup->ring->n; i++) {
		const struct keyring_key *k = &setup->ring->keys[i];

		if (k->use != KEY_CA || k->state == KEY_STOP)
			continue;
		no = mbedtls_x509_crt_parse_der(&conf->ca, k->public_, k->public_len);
		if (no != 0)
			return lib_err(no, ERR_INPUT, "CA certificate in the key ring", err);
	}
	if (setup->ca_pem != NULL) {
		no = mbedtls_x509_crt_parse(&conf->ca, (const uint8_t *)setup->ca_pem, strlen(setup->ca_pem) + 1);
		if (no < 0)
			return lib_err(no, ERR_INPUT, "CA certificates", err);
	}
	mbedtls_ssl_conf_ca_chain(&conf->ssl, &conf->ca, NULL);
	if (setup->cert_pem == NULL)
		return ERR_OK;
	no = mbedtls_x509_crt_parse(&conf->cert, (const uint8_t *)setup->cert_pem, strlen(setup->cert_pem) + 1);
	if (no != 0)
		return lib_err(no, ERR_INPUT, "device certificate", err);
	no = mbedtls_pk_parse_key(&conf->key, (const uint8_t *)setup->key_pem, strlen(setup->key_pem) + 1, NULL, 0);
	if (no != 0)
		return lib_err(no, ERR_INPUT, "device TLS key", err);
	if (mbedtls_pk_check_pair(&conf->cert.pk, &conf->key) != 0)
		return err_set(err, ERR_INPUT, "the device certificate is for another key");
	no = mbedtls_ssl_conf_own_cert(&conf->ssl, &conf->cert, &conf->key);
	return no != 0 ? lib_err(no, ERR_NOMEM, "device certificate", err) : ERR_OK;
}

enum err_code
tls_conf_new(const struct tls_setup *setup, struct tls_conf **out, struct err *err)
{
	struct tls_conf *conf = calloc(1, sizeof(*conf));
	enum err_code rc;
	int no;

	*out = NULL;
	if (conf == NULL)
		return err_nomem(err);
	conf->corrected = setup->corrected;
	conf->arg = setup->arg;
	conf->probe = setup->ring == NULL && setup->ca_pem == NULL;
	mbedtls_ssl_config_init(&conf->ssl);
	mbedtls_x509_crt_init(&conf->ca);
	mbedtls_x509_crt_init(&conf->cert);
	mbedtls_pk_init(&conf->key);
	mbedtls_entropy_init(&conf->entropy);
	mbedtls_ctr_drbg_init(&conf->rng);
	mbedtls_ssl_session_init(&conf->session);
	no = mbedtls_ctr_drbg_seed(&conf->rng, mbedtls_entropy_func, &conf->entropy, NULL, 0);
	if (no == 0)
		no = mbedtls_ssl_config_defaults(&conf->ssl, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
		    MBEDTLS_SSL_PRESET_DEFAULT);
	if (no != 0) {
		rc = lib_err(no, ERR_BROKEN, "TLS setup", err);
		goto fail;
	}
	mbedtls_ssl_conf_rng(&conf->ssl, mbedtls_ctr_drbg_random, &conf->rng);
	mbedtls_ssl_conf_min_version(&conf->ssl, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_authmode(&conf->ssl, conf->probe ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ciphersuites(&conf->ssl, suites);
	mbedtls_ssl_conf_curves(&conf->ssl, curves);
	mbedtls_ssl_conf_renegotiation(&conf->ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_session_tickets(&conf->ssl, conf->probe ? MBEDTLS_SSL_SESSION_TICKETS_DISABLED
	    : MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
	mbedtls_ssl_conf_verify(&conf->ssl, judge_dates, conf);
	rc = load_pem(conf, setup, err);
	if (rc != ERR_OK)
		goto fail;
	*out = conf;
	return ERR_OK;
fail:
	tls_conf_free(conf);
	return rc;
}

void
tls_conf_free(struct tls_conf *conf)
{
	if (conf == NULL)
		return;
	mbedtls_ssl_session_free(&conf->session);
	mbedtls_ssl_config_free(&conf->ssl);
	mbedtls_x509_crt_free(&conf->ca);
	mbedtls_x509_crt_free(&conf->cert);
	mbedtls_pk_free(&conf->key);
	mbedtls_ctr_drbg_free(&conf->rng);
	mbedtls_entropy_free(&conf->entropy);
	free(conf);
}

static int
bio_send(void *arg, const uint8_t *data, size_t len)
{
	struct tls *t = arg;
	size_t n = 0;

	if (t->net->write(t->stream, data, len, t->deadline, &n, &t->io) != ERR_OK)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return (int)n;
}

static int
bio_recv(void *arg, uint8_t *data, size_t len)
{
	struct tls *t = arg;
	size_t n = 0;

	if (t->net->read(t->stream, data, len, t->deadline, &n, &t->io) != ERR_OK)
		return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
	return (int)n;
}

static enum err_code
bad_certificate(const struct tls *t, bool *bad_dates, struct err *err)
{
	const uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
	uint32_t flags = mbedtls_ssl_get_verify_result(&t->ssl);

	if (bad_dates != NULL)
		*bad_dates = (flags & dates) != 0 && (flags & ~dates) == 0;
	if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
		return err_set(err, ERR_DENIED, "%s: its certificate is not signed by our CA: an intercepting proxy?",
		    t->host);
	if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0)
		return err_set(err, ERR_DENIED, "%s: its certificate is for another name", t->host);
	if ((flags & dates) != 0)
		return err_set(err, ERR_DENIED, "%s: its certificate is %s by this box's clock", t->host,
		    (flags & MBEDTLS_X509_BADCERT_FUTURE) != 0 ? "not valid yet" : "out of date");
	return err_set(err, ERR_DENIED, "%s: its certificate is not acceptable (flags %#x)", t->host, flags);
}

/* What a failed call means. A server that refuses our certificate says so by an alert, in TLS 1.2 during
 * the handshake, in 1.3 at the first read, or just hangs up. */
static enum err_code
failed(struct tls *t, int no, const char *what, bool *bad_dates, struct err *err)
{
	if (no == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
		return bad_certificate(t, bad_dates, err);
	if (t->io.code != ERR_OK) {
		if (err != NULL)
			*err = t->io;
		return t->io.code;
	}
	if (no == MBEDTLS_ERR_SSL_INVALID_RECORD)
		return err_set(err, ERR_AGAIN, "%s: what answers in its place does not speak TLS: a network where somebody must sign "
		    "in first?", t->host);
	if (no == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
		switch (t->ssl.in_msg != NULL ? t->ssl.in_msg[1] : 0) {
		case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
		case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
		case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
		case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
		case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
		case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
		case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
		case MBEDTLS_SSL_ALERT_MSG_NO_CERT:
			return err_set(err, ERR_DENIED, "%s refuses this box's certificate", t->host);
		default:
			return lib_err(no, ERR_AGAIN, what, err);
		}
	}
	if (no == 0 || no == MBEDTLS_ERR_SSL_CONN_EOF || no == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		return err_set(err, ERR_AGAIN, "%s: %s ended the connection", what, t->host);
	if (no == MBEDTLS_ERR_SSL_ALLOC_FAILED)
		return err_nomem(err);
	return lib_err(no, ERR_AGAIN, what, err);
}

enum err_code
tls_open(struct tls_conf *conf, const struct net *net, struct net_stream *stream, const char *host,
    int64_t deadline, struct tls **out, bool *bad_dates, struct err *err)
{
	struct tls *t = calloc(1, sizeof(*t));
	enum err_code rc = ERR_OK;
	int no;

	*out = NULL;
	if (bad_dates != NULL)
		*bad_dates = false;
	if (t == NULL)
		return err_nomem(err);
	mbedtls_ssl_init(&t->ssl);
	t->conf = conf;
	t->net = net;
	t->stream = stream;
	t->deadline = deadline;
	if (strlen(host) >= sizeof(t->host)) {
		rc = err_set(err, ERR_INPUT, "host name of %zu bytes", strlen(host));
		goto fail;
	}
	memcpy(t->host, host, strlen(host) + 1);
	no = mbedtls_ssl_setup(&t->ssl, &conf->ssl);
	if (no == 0)
		no = mbedtls_ssl_set_hostname(&t->ssl, host);
	if (no == 0 && conf->has_session && strcmp(conf->session_host, host) == 0)
		no = mbedtls_ssl_set_session(&t->ssl, &conf->session);
	if (no != 0) {
		rc = lib_err(no, ERR_NOMEM, "TLS setup", err);
		goto fail;
	}
	mbedtls_ssl_set_bio(&t->ssl, t, bio_send, bio_recv, NULL);
	do
		no = mbedtls_ssl_handshake(&t->ssl);
	while (no == MBEDTLS_ERR_SSL_WANT_READ || no == MBEDTLS_ERR_SSL_WANT_WRITE);
	if (no != 0) {
		rc = failed(t, no, "TLS handshake", bad_dates, err);
		conf->has_session = false;
		goto fail;
	}
	if (!conf->probe) {
		mbedtls_ssl_session_free(&conf->session);
		mbedtls_ssl_session_init(&conf->session);
		conf->has_session = mbedtls_ssl_get_session(&t->ssl, &conf->session) == 0;
		memcpy(conf->session_host, t->host, sizeof(t->host));
	}
	*out = t;
	return ERR_OK;
fail:
	mbedtls_ssl_free(&t->ssl);
	free(t);
	return rc;
}

enum err_code
tls_read(struct tls *t, void *data, size_t len, int64_t deadline, size_t *got, struct err *err)
{
	int no;

	t->deadline = deadline;
	do
		no = mbedtls_ssl_read(&t->ssl, data, len);
	while (no == MBEDTLS_ERR_SSL_WANT_READ || no == MBEDTLS_ERR_SSL_WANT_WRITE);
	if (no == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		no = 0;
	if (no < 0)
		return failed(t, no, "TLS read", NULL, err);
	*got = (size_t)no;
	return ERR_OK;
}

enum err_code
tls_write(struct tls *t, const void *data, size_t len, int64_t deadline, struct err *err)
{
	const uint8_t *p = data;

	t->deadline = deadline;
	while (len > 0) {
		int no = mbedtls_ssl_write(&t->ssl, p, len);

		if (no == MBEDTLS_ERR_SSL_WANT_READ || no == MBEDTLS_ERR_SSL_WANT_WRITE)
			continue;	/* the same arguments again */
		if (no <= 0)
			return failed(t, no, "TLS write", NULL, err);
		p += no;
		len -= (size_t)no;
	}
	return ERR_OK;
}

void
tls_close(struct tls *t)
{
	if (t == NULL)
		return;
	t->deadline = 0;	/* say goodbye if it can be said at once */
	if (t->io.code == ERR_OK)
		(void)mbedtls_ssl_close_notify(&t->ssl);
	mbedtls_ssl_free(&t->ssl);
	free(t);
}
