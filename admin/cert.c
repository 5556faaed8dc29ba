/* Certificates. See cert.h. */
#include "admin/cert.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "base/codec.h"
#include "collector/chain.h"

enum { DAY = 86400, CA_DAYS = 20 * 365, SERVER_DAYS = 730, PROVISIONAL_DAYS = 30 };
static const int64_t end_of_2049 = 2524607999;

static enum err_code
bad(int no, const char *what, struct err *err)
{
	return err_set(err, no == GNUTLS_E_MEMORY_ERROR ? ERR_NOMEM : ERR_BROKEN, "%s: %s", what,
	    gnutls_strerror(no));
}

static enum err_code
put_datum(struct buf *out, gnutls_datum_t *d, struct err *err)
{
	buf_put(out, d->data, d->size);
	wipe(d->data, d->size);
	gnutls_free(d->data);
	d->data = NULL;
	return buf_check(out, err);
}

static gnutls_datum_t
datum(const void *data, size_t len)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)data, (unsigned)len };
}

enum err_code
cert_key_new(struct buf *pem, struct buf *der, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t out = { NULL, 0 };
	enum err_code rc = ERR_OK;
	int no = gnutls_x509_privkey_init(&key);

	if (no == 0)
		no = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (no == 0 && pem != NULL) {
		no = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &out);
		if (no == 0)
			rc = put_datum(pem, &out, err);
	}
	if (no == 0 && rc == ERR_OK && der != NULL) {
		no = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, &out);
		if (no == 0)
			rc = put_datum(der, &out, err);
	}
	if (no != 0)
		rc = bad(no, "new P-256 key", err);
	gnutls_x509_privkey_deinit(key);
	return rc;
}

static int
load_key(const struct buf *text, gnutls_x509_crt_fmt_t form, gnutls_x509_privkey_t *out)
{
	gnutls_datum_t d = datum(text->data, text->len);
	int no = gnutls_x509_privkey_init(out);

	if (no == 0)
		no = gnutls_x509_privkey_import2(*out, &d, form, NULL, GNUTLS_PKCS_PLAIN);
	return no;
}

enum err_code
cert_key_spki(const struct buf *key_pem, struct buf *spki, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_privkey_t any = NULL;
	gnutls_pubkey_t pub = NULL;
	gnutls_datum_t out = { NULL, 0 };
	enum err_code rc = ERR_OK;
	int no = load_key(key_pem, GNUTLS_X509_FMT_PEM, &key);

	if (no == 0)
		no = gnutls_privkey_init(&any);
	if (no == 0)
		no = gnutls_privkey_import_x509(any, key, 0);
	if (no == 0)
		no = gnutls_pubkey_init(&pub);
	if (no == 0)
		no = gnutls_pubkey_import_privkey(pub, any, 0, 0);
	if (no == 0)
		no = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &out);
	rc = no != 0 ? bad(no, "TLS key", err) : put_datum(spki, &out, err);
	gnutls_pubkey_deinit(pub);
	gnutls_privkey_deinit(any);
	gnutls_x509_privkey_deinit(key);
	return rc;
}

/* What every certificate has: version, random serial, dates, name. */
static int
begin(gnutls_x509_crt_t crt, const char *cn, int64_t from, int64_t to)
{
	uint8_t serial[16];
	int no = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] &= 0x7f;
	serial[0] |= 0x40;
	if (no == 0)
		no = gnutls_x509_crt_set_version(crt, 3);
	if (no == 0)
		no = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (no == 0)
		no = gnutls_x509_crt_set_activation_time(crt, (time_t)from);
	if (no == 0)
		no = gnutls_x509_crt_set_expiration_time(crt, (time_t)to);
	if (no == 0)
		no = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn, (unsigned)strlen(cn));
	return no;
}

static enum err_code
finish(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, gnutls_x509_privkey_t key, bool pem, struct buf *out,
    uint8_t *sha256, struct err *err)
{
	gnutls_datum_t d = { NULL, 0 };
	int no = gnutls_x509_crt_sign2(crt, issuer, key, GNUTLS_DIG_SHA256, 0);

	if (no == 0 && sha256 != NULL) {
		no = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &d);
		if (no == 0)
			chain_sha256(d.data, d.size, sha256);
		gnutls_free(d.data);
	}
	if (no == 0)
		no = gnutls_x509_crt_export2(crt, pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER, &d);
	return no != 0 ? bad(no, "certificate", err) : put_datum(out, &d, err);
}

static int
key_ids(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer)
{
	uint8_t id[64];
	size_t n = sizeof(id);
	int no = gnutls_x509_crt_get_key_id(crt, 0, id, &n);

	if (no == 0)
		no = gnutls_x509_crt_set_subject_key_id(crt, id, n);
	n = sizeof(id);
	if (no == 0)
		no = gnutls_x509_crt_get_key_id(issuer, 0, id, &n);
	if (no == 0)
		no = gnutls_x509_crt_set_authority_key_id(crt, id, n);
	return no;
}

enum err_code
cert_ca(const char *organisation, const struct buf *key_der, int64_t now, struct buf *cert_der, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	char cn[64];
	enum err_code rc;
	int no;

	snprintf(cn, sizeof(cn), "Candour CA %.50s", organisation);
	no = load_key(key_der, GNUTLS_X509_FMT_DER, &key);
	if (no == 0)
		no = gnutls_x509_crt_init(&crt);
	if (no == 0)
		no = begin(crt, cn, now - DAY, now + (int64_t)CA_DAYS * DAY);
	if (no == 0)
		no = gnutls_x509_crt_set_key(crt, key);
	if (no == 0)
		no = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	if (no == 0)
		no = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (no == 0)
		no = key_ids(crt, crt);
	rc = no != 0 ? bad(no, "CA certificate", err) : finish(crt, crt, key, false, cert_der, NULL, err);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return rc;
}

struct issuer {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
};

static int
issuer_load(struct issuer *ca, const struct buf *key_der, const struct buf *cert_der)
{
	gnutls_datum_t d = datum(cert_der->data, cert_der->len);
	int no = load_key(key_der, GNUTLS_X509_FMT_DER, &ca->key);

	if (no == 0)
		no = gnutls_x509_crt_init(&ca->crt);
	if (no == 0)
		no = gnutls_x509_crt_import(ca->crt, &d, GNUTLS_X509_FMT_DER);
	return no;
}

static void
issuer_clear(struct issuer *ca)
{
	gnutls_x509_crt_deinit(ca->crt);
	gnutls_x509_privkey_deinit(ca->key);
}

/* DNS names of a comma separated list; the first is the CN. */
static int
set_names(gnutls_x509_crt_t crt, const char *names)
{
	int no = 0;

	while (no == 0 && *names != '\0') {
		size_t n = strcspn(names, ", ");

		if (n > 0)
			no = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, names, (unsigned)n,
			    GNUTLS_FSAN_APPEND);
		names += n;
		names += strspn(names, ", ");
	}
	return no;
}

enum err_code
cert_server(const struct buf *ca_key_der, const struct buf *ca_cert_der, const char *names,
    const struct buf *key_pem, int64_t now, struct buf *out, struct err *err)
{
	struct issuer ca = { NULL, NULL };
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	char cn[64];
	enum err_code rc;
	int no;

	snprintf(cn, sizeof(cn), "%.*s", (int)(strcspn(names, ", ") < 63 ? strcspn(names, ", ") : 63), names);
	if (cn[0] == '\0' || strspn(cn, "0123456789.") == strlen(cn) || strchr(cn, ':') != NULL)
		return err_set(err, ERR_INPUT, "a server needs a DNS name (localhost will do on one machine), not an "
		    "address: devices check names only");
	no = issuer_load(&ca, ca_key_der, ca_cert_der);
	if (no == 0)
		no = load_key(key_pem, GNUTLS_X509_FMT_PEM, &key);
	if (no == 0)
		no = gnutls_x509_crt_init(&crt);
	if (no == 0)
		no = begin(crt, cn, now - DAY, now + (int64_t)SERVER_DAYS * DAY);
	if (no == 0)
		no = gnutls_x509_crt_set_key(crt, key);
	if (no == 0)
		no = set_names(crt, names);
	if (no == 0)
		no = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (no == 0)
		no = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (no == 0)
		no = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (no == 0)
		no = key_ids(crt, ca.crt);
	rc = no != 0 ? bad(no, "server certificate", err) : finish(crt, ca.crt, ca.key, true, out, NULL, err);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	issuer_clear(&ca);
	return rc;
}

enum err_code
cert_device_dates(const struct buf *ca_key_der, const struct buf *ca_cert_der, const uint8_t id[16],
    const void *spki, size_t spki_len, int64_t from, int64_t to, struct buf *out, uint8_t sha256[32], struct err *err)
{
	struct issuer ca = { NULL, NULL };
	gnutls_datum_t d = datum(spki, spki_len);
	gnutls_pubkey_t pub = NULL;
	gnutls_x509_crt_t crt = NULL;
	char cn[33];
	enum err_code rc;
	int no;

	hex_str(id, 16, cn);
	no = issuer_load(&ca, ca_key_der, ca_cert_der);
	if (no == 0)
		no = gnutls_pubkey_init(&pub);
	if (no == 0)
		no = gnutls_pubkey_import(pub, &d, GNUTLS_X509_FMT_DER);
	if (no == 0)
		no = gnutls_x509_crt_init(&crt);
	if (no == 0)
		no = begin(crt, cn, from, to);
	if (no == 0)
		no = gnutls_x509_crt_set_pubkey(crt, pub);
	if (no == 0)
		no = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (no == 0)
		no = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (no == 0)
		no = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	if (no == 0)
		no = key_ids(crt, ca.crt);
	rc = no != 0 ? bad(no, "device certificate", err) : finish(crt, ca.crt, ca.key, true, out, sha256, err);
	gnutls_x509_crt_deinit(crt);
	gnutls_pubkey_deinit(pub);
	issuer_clear(&ca);
	return rc;
}

enum err_code
cert_device(const struct buf *ca_key_der, const struct buf *ca_cert_der, const uint8_t id[16], const void *spki,
    size_t spki_len, int64_t now, struct buf *out, uint8_t sha256[32], struct err *err)
{
	return cert_device_dates(ca_key_der, ca_cert_der, id, spki, spki_len, now - DAY, end_of_2049, out, sha256, err);
}

enum err_code
cert_provisional(const struct buf *key_pem, struct buf *out, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	enum err_code rc;
	int no = load_key(key_pem, GNUTLS_X509_FMT_PEM, &key);

	if (no == 0)
		no = gnutls_x509_crt_init(&crt);
	/* A box without a clock makes it, so its dates say nothing. */
	if (no == 0)
		no = begin(crt, "candour provisional", DAY, end_of_2049);
	if (no == 0)
		no = gnutls_x509_crt_set_key(crt, key);
	rc = no != 0 ? bad(no, "provisional certificate", err) : finish(crt, crt, key, true, out, NULL, err);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return rc;
}

enum err_code
cert_pem(const void *der, size_t len, struct buf *pem, struct err *err)
{
	buf_puts(pem, "-----BEGIN CERTIFICATE-----\n");
	for (size_t at = 0; at < len; at += 48) {
		base64_put(pem, (const uint8_t *)der + at, len - at < 48 ? len - at : 48);
		buf_putc(pem, '\n');
	}
	buf_puts(pem, "-----END CERTIFICATE-----\n");
	return buf_check(pem, err);
}

enum err_code
cert_device_id(const struct buf *pem, uint8_t id[16], struct err *err)
{
	gnutls_datum_t in = { pem->data, (unsigned)pem->len };
	gnutls_x509_crt_t crt = NULL;
	uint8_t got[16];
	char name[80];
	size_t n = sizeof(name);
	bool good = gnutls_x509_crt_init(&crt) == 0 && gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_PEM) == 0
	    && gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &n) == 0
	    && hex_get(name, n, got, sizeof(got));

	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	if (!good)
		return err_set(err, ERR_INPUT, "not the certificate of a device");
	memcpy(id, got, sizeof(got));
	return ERR_OK;
}

enum err_code
cert_server_read(const struct buf *pem, struct buf *names, int64_t *until, struct err *err)
{
	gnutls_datum_t in = { pem->data, (unsigned)pem->len };
	gnutls_x509_crt_t crt = NULL;
	unsigned n = 0;
	bool good = gnutls_x509_crt_init(&crt) == 0 && gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_PEM) == 0;

	for (unsigned i = 0; good; i++) {
		char name[256];
		size_t len = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &len, NULL);

		if (type < 0)
			break;
		if (type != GNUTLS_SAN_DNSNAME)
			continue;
		if (names != NULL)
			buf_printf(names, "%s%.*s", n > 0 ? "," : "", (int)len, name);
		n++;
	}
	if (good)
		*until = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	if (!good || n == 0)
		return err_set(err, ERR_INPUT, "not a server's certificate with DNS names");
	return names == NULL ? ERR_OK : buf_check(names, err);
}
