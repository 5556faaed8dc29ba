/* Certificates of a site's own network. See cert_site.h. */
#include "admin/cert_site.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>

#include "collector/words.h"

enum { DAY = 86400, CA_DAYS = 5 * 365, SERVER_DAYS = 397, LONGEST_DAYS = 825, CHAIN_MAX = 8, FINGER_WORDS = 6 };

static enum err_code
bad(int no, const char *what, struct err *err)
{
	return err_set(err, no == GNUTLS_E_MEMORY_ERROR ? ERR_NOMEM : ERR_INPUT, "%s: %s", what, gnutls_strerror(no));
}

static gnutls_datum_t
datum(const struct buf *b)
{
	return (gnutls_datum_t){ b->data, (unsigned)b->len };
}

static int
load_key(const struct buf *pem, gnutls_x509_privkey_t *out)
{
	gnutls_datum_t d = datum(pem);
	int no = gnutls_x509_privkey_init(out);

	return no != 0 ? no : gnutls_x509_privkey_import2(*out, &d, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
}

static int
load_crt(const struct buf *pem, gnutls_x509_crt_t *out)
{
	gnutls_datum_t d = datum(pem);
	int no = gnutls_x509_crt_init(out);

	return no != 0 ? no : gnutls_x509_crt_import(*out, &d, GNUTLS_X509_FMT_PEM);
}

static int
begin(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *cn, int64_t from, int64_t to)
{
	uint8_t serial[16], id[64];
	size_t n = sizeof(id);
	int no = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40);
	no = no != 0 ? no : gnutls_x509_crt_set_version(crt, 3);
	no = no != 0 ? no : gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	no = no != 0 ? no : gnutls_x509_crt_set_activation_time(crt, (time_t)from);
	no = no != 0 ? no : gnutls_x509_crt_set_expiration_time(crt, (time_t)to);
	no = no != 0 ? no : gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn,
	    (unsigned)(strlen(cn) < 64 ? strlen(cn) : 64));
	no = no != 0 ? no : gnutls_x509_crt_set_key(crt, key);
	no = no != 0 ? no : gnutls_x509_crt_get_key_id(crt, 0, id, &n);
	return no != 0 ? no : gnutls_x509_crt_set_subject_key_id(crt, id, n);
}

static int
finish(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, gnutls_x509_privkey_t key, struct buf *out)
{
	gnutls_datum_t d = { NULL, 0 };
	uint8_t id[64];
	size_t n = sizeof(id);
	int no = gnutls_x509_crt_get_key_id(issuer, 0, id, &n);

	no = no != 0 ? no : gnutls_x509_crt_set_authority_key_id(crt, id, n);
	no = no != 0 ? no : gnutls_x509_crt_sign2(crt, issuer, key, GNUTLS_DIG_SHA256, 0);
	no = no != 0 ? no : gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &d);
	if (no == 0)
		buf_put(out, d.data, d.size);
	gnutls_free(d.data);
	return no;
}

enum err_code
cert_site_ca(const char *name, const struct buf *key_pem, int64_t now, struct buf *out, struct err *err)
{
	gnutls_datum_t only = { (unsigned char *)(uintptr_t)name, (unsigned)strlen(name) };
	gnutls_x509_name_constraints_t nc = NULL;
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	char cn[65];
	int no;

	snprintf(cn, sizeof(cn), "Candour tablets %.47s", name);
	no = load_key(key_pem, &key);
	no = no != 0 ? no : gnutls_x509_crt_init(&crt);
	no = no != 0 ? no : begin(crt, key, cn, now - DAY, now + (int64_t)CA_DAYS * DAY);
	no = no != 0 ? no : gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	no = no != 0 ? no : gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN);
	no = no != 0 ? no : gnutls_x509_name_constraints_init(&nc);
	no = no != 0 ? no : gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_DNSNAME, &only);
	no = no != 0 ? no : gnutls_x509_crt_set_name_constraints(crt, nc, 1);
	no = no != 0 ? no : finish(crt, crt, key, out);
	if (nc != NULL)
		gnutls_x509_name_constraints_deinit(nc);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return no != 0 ? bad(no, "CA certificate", err) : buf_check(out, err);
}

enum err_code
cert_site_server(const struct buf *ca_pem, const struct buf *ca_key_pem, const char *name, const struct buf *key_pem,
    int64_t now, struct buf *out, struct err *err)
{
	gnutls_x509_privkey_t key = NULL, ca_key = NULL;
	gnutls_x509_crt_t crt = NULL, ca = NULL;
	int64_t until = now + (int64_t)SERVER_DAYS * DAY;
	enum err_code rc;
	int no = load_crt(ca_pem, &ca);

	no = no != 0 ? no : load_key(ca_key_pem, &ca_key);
	no = no != 0 ? no : load_key(key_pem, &key);
	if (no == 0 && (int64_t)gnutls_x509_crt_get_expiration_time(ca) < until)
		until = (int64_t)gnutls_x509_crt_get_expiration_time(ca);
	no = no != 0 ? no : gnutls_x509_crt_init(&crt);
	no = no != 0 ? no : begin(crt, key, name, now - DAY, until);
	no = no != 0 ? no : gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
	    GNUTLS_FSAN_SET);
	no = no != 0 ? no : gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	no = no != 0 ? no : gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	no = no != 0 ? no : gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	no = no != 0 ? no : finish(crt, ca, ca_key, out);
	rc = no != 0 ? bad(no, "certificate", err) : buf_check(out, err);
	if (rc == ERR_OK && until <= now)
		rc = err_set(err, ERR_INPUT, "the site's CA is over: make a new one with --new-ca, and put it on the tablets");
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_crt_deinit(ca);
	gnutls_x509_privkey_deinit(key);
	gnutls_x509_privkey_deinit(ca_key);
	return rc;
}

enum err_code
cert_site_request(const char *name, const struct buf *key_pem, struct buf *out, struct err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crq_t crq = NULL;
	gnutls_datum_t d = { NULL, 0 };
	int no = load_key(key_pem, &key);

	no = no != 0 ? no : gnutls_x509_crq_init(&crq);
	no = no != 0 ? no : gnutls_x509_crq_set_version(crq, 1);
	no = no != 0 ? no : gnutls_x509_crq_set_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, name,
	    (unsigned)(strlen(name) < 64 ? strlen(name) : 64));
	no = no != 0 ? no : gnutls_x509_crq_set_key(crq, key);
	no = no != 0 ? no : gnutls_x509_crq_set_subject_alt_name(crq, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
	    GNUTLS_FSAN_SET);
	no = no != 0 ? no : gnutls_x509_crq_set_key_usage(crq, GNUTLS_KEY_DIGITAL_SIGNATURE);
	no = no != 0 ? no : gnutls_x509_crq_set_key_purpose_oid(crq, GNUTLS_KP_TLS_WWW_SERVER, 0);
	no = no != 0 ? no : gnutls_x509_crq_sign2(crq, key, GNUTLS_DIG_SHA256, 0);
	no = no != 0 ? no : gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_PEM, &d);
	if (no == 0)
		buf_put(out, d.data, d.size);
	gnutls_free(d.data);
	gnutls_x509_crq_deinit(crq);
	gnutls_x509_privkey_deinit(key);
	return no != 0 ? bad(no, "certificate request", err) : buf_check(out, err);
}

/* The same public key? */
static bool
same_key(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	uint8_t a[64], b[64];
	size_t n = sizeof(a), m = sizeof(b);

	return gnutls_x509_crt_get_key_id(crt, 0, a, &n) == 0 && gnutls_x509_privkey_get_key_id(key, 0, b, &m) == 0 && n == m
	    && memcmp(a, b, n) == 0;
}

static bool
is_for_servers(gnutls_x509_crt_t crt)
{
	char oid[128];

	for (unsigned i = 0;; i++) {
		size_t n = sizeof(oid);
		int no = gnutls_x509_crt_get_key_purpose_oid(crt, i, oid, &n, NULL);

		if (no != 0)
			return false;
		if (strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER) == 0)
			return true;
	}
}

static enum err_code
check(gnutls_x509_crt_t *crt, unsigned n, gnutls_x509_privkey_t key, const char *name, int64_t now, struct err *err)
{
	int64_t from = (int64_t)gnutls_x509_crt_get_activation_time(crt[0]);
	int64_t until = (int64_t)gnutls_x509_crt_get_expiration_time(crt[0]);

	if (!same_key(crt[0], key))
		return err_set(err, ERR_INPUT, "the first certificate is not of this site's key: was it made from the last request?");
	if (gnutls_x509_crt_check_hostname2(crt[0], name, GNUTLS_VERIFY_DO_NOT_ALLOW_WILDCARDS) == 0)
		return err_set(err, ERR_INPUT, "the certificate is not for %s (it must stand among its DNS names)", name);
	if (now < from || now >= until)
		return err_set(err, ERR_INPUT, "the certificate is not in time: it is good from %lld to %lld (seconds since 1970)",
		    (long long)from, (long long)until);
	if (until - from > (int64_t)LONGEST_DAYS * DAY)
		return err_set(err, ERR_INPUT, "the certificate is for %lld days; tablets take at most %d",
		    (long long)((until - from) / DAY), LONGEST_DAYS);
	if (!is_for_servers(crt[0]))
		return err_set(err, ERR_INPUT, "the certificate lacks the extended key usage serverAuth");
	for (unsigned i = 0; i + 1 < n; i++) {
		unsigned status = 0;

		if (gnutls_x509_crt_verify(crt[i], &crt[i + 1], 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) != 0 || status != 0)
			return err_set(err, ERR_INPUT, "certificate %u of the file is not signed by the one after it", i + 1);
	}
	return ERR_OK;
}

enum err_code
cert_site_check(const struct buf *chain_pem, const struct buf *key_pem, const char *name, int64_t now, struct err *err)
{
	gnutls_x509_crt_t crt[CHAIN_MAX];
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t d = datum(chain_pem);
	unsigned n = CHAIN_MAX;
	enum err_code rc;
	int no = gnutls_x509_crt_list_import(crt, &n, &d, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);

	if (no < 0)
		return bad(no, "certificates", err);
	n = (unsigned)no;
	no = load_key(key_pem, &key);
	rc = no != 0 ? bad(no, "key", err) : check(crt, n, key, name, now, err);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(crt[i]);
	gnutls_x509_privkey_deinit(key);
	return rc;
}

enum err_code
cert_site_facts(const struct buf *pem, struct cert_facts *out, struct err *err)
{
	gnutls_x509_crt_t crt = NULL;
	uint8_t sha256[32] = { 0 };
	uint16_t words[FINGER_WORDS];
	size_t n = sizeof(sha256), bit = 0;
	struct buf b;
	int no = load_crt(pem, &crt);

	memset(out, 0, sizeof(*out));
	no = no != 0 ? no : gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, sha256, &n);
	if (no != 0) {
		gnutls_x509_crt_deinit(crt);
		return bad(no, "certificate", err);
	}
	out->from = (int64_t)gnutls_x509_crt_get_activation_time(crt);
	out->until = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
	n = sizeof(out->issuer);
	if (gnutls_x509_crt_get_issuer_dn(crt, out->issuer, &n) != 0)
		out->issuer[0] = '\0';
	for (unsigned i = 0, at = 0;; i++) {
		char one[200];

		n = sizeof(one) - 1;
		if (gnutls_x509_crt_get_subject_alt_name(crt, i, one, &n, NULL) != GNUTLS_SAN_DNSNAME)
			break;
		one[n < sizeof(one) ? n : sizeof(one) - 1] = '\0';
		if (at + strlen(one) + 2 < sizeof(out->name))
			at += (unsigned)snprintf(out->name + at, sizeof(out->name) - at, "%s%s", at > 0 ? " " : "", one);
	}
	/* The same words stand on the kiosk's page about tablets (kiosk/join.c): 66 bits, the first first. */
	for (size_t i = 0; i < FINGER_WORDS; i++) {
		words[i] = 0;
		for (size_t j = 0; j < 11; j++, bit++)
			words[i] = (uint16_t)(words[i] << 1 | (sha256[bit / 8] >> (7 - bit % 8) & 1));
	}
	buf_init(&b, 200);
	words_put(WORDS_EN, words, FINGER_WORDS, &b);
	snprintf(out->words, sizeof(out->words), "%s", buf_str(&b));
	buf_free(&b);
	gnutls_x509_crt_deinit(crt);
	return ERR_OK;
}
