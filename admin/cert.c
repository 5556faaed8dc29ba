/* Certificates by GnuTLS. See cert.h. */
#include "admin/cert.h"

#include <arpa/inet.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/clock.h"
#include "base/codec.h"

enum { SERIAL = 16, DAY_S = 86400 };

static enum err_code
broken(int code, const char *what, struct err *err)
{
	if (code == GNUTLS_E_MEMORY_ERROR)
		return err_nomem(err);
	return err_set(err, ERR_BROKEN, "%s: %s", what, gnutls_strerror(code));
}

/* Append what GnuTLS allocated, and free (wipe) it. */
static enum err_code
take(gnutls_datum_t *d, struct buf *out, struct err *err)
{
	buf_put(out, d->data, d->size);
	if (out->secret)
		wipe(d->data, d->size);
	gnutls_free(d->data);
	d->data = NULL;
	return buf_check(out, err);
}

static enum err_code
key_open(const struct buf *key, gnutls_x509_privkey_t *out, struct err *err)
{
	gnutls_datum_t d = { key->data, (unsigned)key->len };
	int code = gnutls_x509_privkey_init(out);

	if (code < 0)
		return broken(code, "private key", err);
	code = gnutls_x509_privkey_import_pkcs8(*out, &d, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN);
	if (code < 0) {
		gnutls_x509_privkey_deinit(*out);
		*out = NULL;
		return err_set(err, ERR_INPUT, "not a private key in PKCS #8: %s", gnutls_strerror(code));
	}
	return ERR_OK;
}

static enum err_code
key_export(const struct buf *key, gnutls_x509_crt_fmt_t format, struct buf *out, struct err *err)
{
	gnutls_x509_privkey_t k = NULL;
	gnutls_datum_t d = { NULL, 0 };
	enum err_code rc = key_open(key, &k, err);
	int code;

	if (rc != ERR_OK)
		return rc;
	code = gnutls_x509_privkey_export2_pkcs8(k, format, NULL, GNUTLS_PKCS_PLAIN, &d);
	rc = code < 0 ? broken(code, "private key", err) : take(&d, out, err);
	gnutls_x509_privkey_deinit(k);
	return rc;
}

enum err_code
cert_key_new(struct buf *key, struct err *err)
{
	gnutls_x509_privkey_t k = NULL;
	gnutls_datum_t d = { NULL, 0 };
	enum err_code rc;
	int code = gnutls_x509_privkey_init(&k);

	if (code == 0)
		code = gnutls_x509_privkey_generate(k, GNUTLS_PK_ECDSA,
		    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (code == 0)
		code = gnutls_x509_privkey_export2_pkcs8(k, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, &d);
	rc = code < 0 ? broken(code, "make a key", err) : take(&d, key, err);
	if (k != NULL)
		gnutls_x509_privkey_deinit(k);
	return rc;
}

enum err_code
cert_key_pem(const struct buf *key, struct buf *pem, struct err *err)
{
	return key_export(key, GNUTLS_X509_FMT_PEM, pem, err);
}

enum err_code
cert_key_spki(const struct buf *key, struct buf *spki, struct err *err)
{
	gnutls_x509_privkey_t k = NULL;
	gnutls_privkey_t any = NULL;
	gnutls_pubkey_t pub = NULL;
	gnutls_datum_t d = { NULL, 0 };
	enum err_code rc = key_open(key, &k, err);
	int code;

	if (rc != ERR_OK)
		return rc;
	code = gnutls_privkey_init(&any);
	if (code == 0)
		code = gnutls_privkey_import_x509(any, k, 0);
	if (code == 0)
		code = gnutls_pubkey_init(&pub);
	if (code == 0)
		code = gnutls_pubkey_import_privkey(pub, any, 0, 0);
	if (code == 0)
		code = gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &d);
	rc = code < 0 ? broken(code, "public key", err) : take(&d, spki, err);
	if (pub != NULL)
		gnutls_pubkey_deinit(pub);
	if (any != NULL)
		gnutls_privkey_deinit(any);
	gnutls_x509_privkey_deinit(k);
	return rc;
}

/* What every certificate has: version, random serial, validity, subject CN. */
static int
begin(gnutls_x509_crt_t crt, const char *cn, int64_t from, int64_t until)
{
	unsigned char serial[SERIAL];
	int code = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);	/* positive, full length: RFC 5280 4.1.2.2 */
	if (code == 0)
		code = gnutls_x509_crt_set_version(crt, 3);
	if (code == 0)
		code = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (code == 0)
		code = gnutls_x509_crt_set_activation_time(crt, (time_t)from);
	if (code == 0)
		code = gnutls_x509_crt_set_expiration_time(crt, (time_t)until);
	if (code == 0)
		code = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn, (unsigned)strlen(cn));
	return code;
}

/* Subject key id of CRT, authority key id of ISSUER (itself, if NULL), then the signature. */
static int
finish(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, gnutls_x509_privkey_t by)
{
	unsigned char id[64];
	size_t len = sizeof(id);
	int code = gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id, &len);

	if (code == 0)
		code = gnutls_x509_crt_set_subject_key_id(crt, id, len);
	len = sizeof(id);
	if (code == 0)
		code = gnutls_x509_crt_get_key_id(issuer != NULL ? issuer : crt, GNUTLS_KEYID_USE_SHA256, id, &len);
	if (code == 0)
		code = gnutls_x509_crt_set_authority_key_id(crt, id, len);
	if (code == 0)
		code = gnutls_x509_crt_sign2(crt, issuer != NULL ? issuer : crt, by, GNUTLS_DIG_SHA256, 0);
	return code;
}

static enum err_code
export(gnutls_x509_crt_t crt, int code, struct buf *pem, struct err *err)
{
	gnutls_datum_t d = { NULL, 0 };

	if (code == 0)
		code = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &d);
	return code < 0 ? broken(code, "certificate", err) : take(&d, pem, err);
}

static int64_t
far_end(void)
{
	return day_from_date(2049, 12, 31) * DAY_S;
}

enum err_code
cert_ca(const struct buf *key, const char *name, int64_t now, struct buf *pem, struct err *err)
{
	gnutls_x509_privkey_t k = NULL;
	gnutls_x509_crt_t crt = NULL;
	enum err_code rc = key_open(key, &k, err);
	int code;

	if (rc != ERR_OK)
		return rc;
	code = gnutls_x509_crt_init(&crt);
	if (code == 0)
		code = begin(crt, name, now - DAY_S, far_end());
	if (code == 0)
		code = gnutls_x509_crt_set_key(crt, k);
	if (code == 0)
		code = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	if (code == 0)
		code = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (code == 0)
		code = finish(crt, NULL, k);
	rc = export(crt, code, pem, err);
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(k);
	return rc;
}

static enum err_code
crt_open(const char *pem, gnutls_x509_crt_t *out, struct err *err)
{
	gnutls_datum_t d = { (unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem) };
	int code = gnutls_x509_crt_init(out);

	if (code < 0)
		return broken(code, "certificate", err);
	code = gnutls_x509_crt_import(*out, &d, GNUTLS_X509_FMT_PEM);
	if (code < 0) {
		gnutls_x509_crt_deinit(*out);
		*out = NULL;
		return err_set(err, ERR_INPUT, "not a certificate in PEM: %s", gnutls_strerror(code));
	}
	return ERR_OK;
}

static int
add_name(gnutls_x509_crt_t crt, const char *name)
{
	unsigned char ip[16];

	if (inet_pton(AF_INET, name, ip) == 1)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, ip, 4, GNUTLS_FSAN_APPEND);
	if (inet_pton(AF_INET6, name, ip) == 1)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, ip, 16, GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
	    GNUTLS_FSAN_APPEND);
}

static bool
name_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 253
	    && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") == len;
}

enum err_code
cert_server(const struct buf *ca_key, const char *ca_pem, const struct buf *key, const char *const *names,
    int64_t now, int days, struct buf *pem, struct err *err)
{
	gnutls_x509_privkey_t ca = NULL, k = NULL;
	gnutls_x509_crt_t issuer = NULL, crt = NULL;
	enum err_code rc;
	int code = 0;

	if (names[0] == NULL)
		return err_set(err, ERR_INPUT, "a server certificate needs a name: give the host's DNS name");
	for (size_t i = 0; names[i] != NULL; i++)
		if (!name_ok(names[i]))
			return err_set(err, ERR_INPUT, "\"%.60s\" is no host name: letters, digits, dots and hyphens",
			    names[i]);
	rc = key_open(ca_key, &ca, err);
	if (rc == ERR_OK)
		rc = key_open(key, &k, err);
	if (rc == ERR_OK)
		rc = crt_open(ca_pem, &issuer, err);
	if (rc != ERR_OK)
		goto out;
	code = gnutls_x509_crt_init(&crt);
	if (code == 0)
		code = begin(crt, names[0], now - DAY_S, now + (int64_t)days * DAY_S);
	if (code == 0)
		code = gnutls_x509_crt_set_key(crt, k);
	if (code == 0)
		code = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (code == 0)
		code = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (code == 0)
		code = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	for (size_t i = 0; names[i] != NULL && code == 0; i++)
		code = add_name(crt, names[i]);
	if (code == 0)
		code = finish(crt, issuer, ca);
	rc = export(crt, code, pem, err);
out:
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	if (issuer != NULL)
		gnutls_x509_crt_deinit(issuer);
	if (k != NULL)
		gnutls_x509_privkey_deinit(k);
	if (ca != NULL)
		gnutls_x509_privkey_deinit(ca);
	return rc;
}

/* CRT is for the public key PUB, named by ID, for a TLS client. */
static int
client(gnutls_x509_crt_t crt, gnutls_pubkey_t pub, const uint8_t id[16], int64_t now)
{
	char cn[33];
	int code;

	hex_str(id, 16, cn);
	code = begin(crt, cn, now - DAY_S, far_end());
	if (code == 0)
		code = gnutls_x509_crt_set_pubkey(crt, pub);
	if (code == 0)
		code = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (code == 0)
		code = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (code == 0)
		code = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
	return code;
}

static enum err_code
pub_open(const void *spki, size_t len, gnutls_pubkey_t *out, struct err *err)
{
	gnutls_datum_t d = { (unsigned char *)(uintptr_t)spki, (unsigned)len };
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	int code = gnutls_pubkey_init(out);

	if (code < 0)
		return broken(code, "public key", err);
	code = gnutls_pubkey_import(*out, &d, GNUTLS_X509_FMT_DER);
	if (code < 0 || gnutls_pubkey_export_ecc_raw(*out, &curve, NULL, NULL) < 0
	    || curve != GNUTLS_ECC_CURVE_SECP256R1) {
		gnutls_pubkey_deinit(*out);
		*out = NULL;
		return err_set(err, ERR_INPUT, "the device's public key is not of P-256");
	}
	return ERR_OK;
}

enum err_code
cert_device(const struct buf *ca_key, const char *ca_pem, const void *spki, size_t spki_len,
    const uint8_t id[16], int64_t now, struct buf *pem, struct err *err)
{
	gnutls_x509_privkey_t ca = NULL;
	gnutls_x509_crt_t issuer = NULL, crt = NULL;
	gnutls_pubkey_t pub = NULL;
	enum err_code rc = pub_open(spki, spki_len, &pub, err);
	int code;

	if (rc == ERR_OK)
		rc = key_open(ca_key, &ca, err);
	if (rc == ERR_OK)
		rc = crt_open(ca_pem, &issuer, err);
	if (rc != ERR_OK)
		goto out;
	code = gnutls_x509_crt_init(&crt);
	if (code == 0)
		code = client(crt, pub, id, now);
	if (code == 0)
		code = finish(crt, issuer, ca);
	rc = export(crt, code, pem, err);
out:
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	if (issuer != NULL)
		gnutls_x509_crt_deinit(issuer);
	if (ca != NULL)
		gnutls_x509_privkey_deinit(ca);
	if (pub != NULL)
		gnutls_pubkey_deinit(pub);
	return rc;
}

enum err_code
cert_self_signed(const struct buf *key, const uint8_t id[16], int64_t now, struct buf *pem, struct err *err)
{
	gnutls_x509_privkey_t k = NULL;
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t pub = NULL;
	struct buf spki;
	enum err_code rc;
	int code;

	buf_init(&spki, CERT_KEY_MAX);
	rc = cert_key_spki(key, &spki, err);
	if (rc == ERR_OK)
		rc = pub_open(spki.data, spki.len, &pub, err);
	if (rc == ERR_OK)
		rc = key_open(key, &k, err);
	if (rc != ERR_OK)
		goto out;
	code = gnutls_x509_crt_init(&crt);
	if (code == 0)
		code = client(crt, pub, id, now);
	if (code == 0)
		code = finish(crt, NULL, k);
	rc = export(crt, code, pem, err);
out:
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	if (k != NULL)
		gnutls_x509_privkey_deinit(k);
	if (pub != NULL)
		gnutls_pubkey_deinit(pub);
	buf_free(&spki);
	return rc;
}

enum err_code
cert_der(const char *pem, struct buf *der, struct err *err)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t d = { NULL, 0 };
	enum err_code rc = crt_open(pem, &crt, err);
	int code;

	if (rc != ERR_OK)
		return rc;
	code = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &d);
	rc = code < 0 ? broken(code, "certificate", err) : take(&d, der, err);
	gnutls_x509_crt_deinit(crt);
	return rc;
}

enum err_code
cert_pem(const void *der, size_t len, struct buf *pem, struct err *err)
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)der, (unsigned)len };
	gnutls_x509_crt_t crt = NULL;
	enum err_code rc;
	int code = gnutls_x509_crt_init(&crt);

	if (code < 0)
		return broken(code, "certificate", err);
	code = gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER);
	if (code < 0)
		rc = err_set(err, ERR_INPUT, "not a certificate in DER: %s", gnutls_strerror(code));
	else
		rc = export(crt, 0, pem, err);
	gnutls_x509_crt_deinit(crt);
	return rc;
}
