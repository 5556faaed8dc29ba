/* admin/cert: what GnuTLS writes is judged by OpenSSL's command and by mbedTLS, which the devices use. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "admin/cert.h"
#include "base/file.h"
#include "tests/test.h"

static const int64_t now = 1764000000;	/* 2025-11-24 */
static const uint8_t id[16] = { 1, 2, 3, 0xab };
static struct err err;
static struct buf ca_key, ca, key, spki, server, device, own;
static char dir[] = "/tmp/candour-cert-XXXXXX";

static void
start(void)
{
	static const char *const names[] = { "agg.example", "127.0.0.1", NULL };

	buf_init_secret(&ca_key, CERT_KEY_MAX);
	buf_init_secret(&key, CERT_KEY_MAX);
	buf_init(&ca, CERT_PEM_MAX);
	buf_init(&spki, CERT_KEY_MAX);
	buf_init(&server, CERT_PEM_MAX);
	buf_init(&device, CERT_PEM_MAX);
	buf_init(&own, CERT_PEM_MAX);
	ck_ok(cert_key_new(&ca_key, &err));
	ck_ok(cert_key_new(&key, &err));
	ck_ok(cert_key_spki(&key, &spki, &err));
	ck_ok(cert_ca(&ca_key, "Test CA", now, &ca, &err));
	ck_ok(cert_server(&ca_key, buf_str(&ca), &key, names, now, 730, &server, &err));
	ck_ok(cert_device(&ca_key, buf_str(&ca), spki.data, spki.len, id, now, &device, &err));
	ck_ok(cert_self_signed(&key, id, now, &own, &err));
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
stop(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	strcpy(dir, "/tmp/candour-cert-XXXXXX");
	buf_free(&ca_key);
	buf_free(&key);
	buf_free(&ca);
	buf_free(&spki);
	buf_free(&server);
	buf_free(&device);
	buf_free(&own);
}

/* Run openssl in the folder; its output. */
static void
openssl(const char *args, char *out, size_t max)
{
	char command[512];
	size_t n;
	FILE *p;

	snprintf(command, sizeof(command), "cd %s && openssl %s 2>&1", dir, args);
	p = popen(command, "r");
	ck_assert_ptr_nonnull(p);
	n = fread(out, 1, max - 1, p);
	out[n] = '\0';
	pclose(p);
}

static void
save(const char *name, const struct buf *b)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_ok(file_write(path, b->data, b->len, 0600, &err));
}

START_TEST(openssl_accepts_each_for_its_purpose_only)
{
	char out[4096];

	save("ca.pem", &ca);
	save("server.pem", &server);
	save("device.pem", &device);
	save("own.pem", &own);
	openssl("verify -attime 1764000100 -CAfile ca.pem -purpose sslserver -verify_hostname agg.example server.pem",
	    out, sizeof(out));
	ck_assert_str_eq(out, "server.pem: OK\n");
	openssl("verify -attime 1764000100 -CAfile ca.pem -purpose sslclient device.pem", out, sizeof(out));
	ck_assert_str_eq(out, "device.pem: OK\n");
	openssl("verify -attime 1764000100 -CAfile ca.pem -purpose sslclient server.pem", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "error"));
	openssl("verify -attime 1764000100 -CAfile ca.pem -purpose sslserver device.pem", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "error"));
	openssl("verify -attime 1764000100 -CAfile ca.pem -verify_hostname other.example server.pem", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "error"));
	openssl("verify -attime 1764000100 -CAfile ca.pem own.pem", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "error"));
	openssl("verify -attime 1830000000 -CAfile ca.pem -purpose sslserver server.pem", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "expired"));
	openssl("x509 -in device.pem -noout -subject -enddate", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "CN = 010203ab000000000000000000000000"));
	ck_assert_ptr_nonnull(strstr(out, "Dec 31 00:00:00 2049 GMT"));
	openssl("x509 -in server.pem -noout -ext subjectAltName", out, sizeof(out));
	ck_assert_ptr_nonnull(strstr(out, "DNS:agg.example, IP Address:127.0.0.1"));
}
END_TEST

START_TEST(mbedtls_reads_keys_and_certificates)
{
	mbedtls_x509_crt crt;
	mbedtls_pk_context pk;
	struct buf pem;
	uint32_t flags = 0;

	buf_init_secret(&pem, CERT_PEM_MAX);
	ck_ok(cert_key_pem(&key, &pem, &err));
	mbedtls_x509_crt_init(&crt);
	mbedtls_pk_init(&pk);
	ck_assert_int_eq(mbedtls_pk_parse_key(&pk, pem.data, pem.len + 1, NULL, 0), 0);
	ck_assert_int_eq(mbedtls_x509_crt_parse(&crt, server.data, server.len + 1), 0);
	ck_assert_int_eq(mbedtls_pk_check_pair(&crt.pk, &pk), 0);
	mbedtls_x509_crt_free(&crt);
	mbedtls_x509_crt_init(&crt);
	ck_assert_int_eq(mbedtls_x509_crt_parse(&crt, ca.data, ca.len + 1), 0);
	{
		mbedtls_x509_crt leaf;

		mbedtls_x509_crt_init(&leaf);
		ck_assert_int_eq(mbedtls_x509_crt_parse(&leaf, server.data, server.len + 1), 0);
		mbedtls_x509_crt_verify(&leaf, &crt, NULL, "agg.example", &flags, NULL, NULL);
		/* Only the date may be wrong: the test's now is fixed. */
		ck_assert_uint_eq(flags & ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE), 0);
		mbedtls_x509_crt_free(&leaf);
	}
	mbedtls_x509_crt_free(&crt);
	mbedtls_pk_free(&pk);
	buf_free(&pem);
}
END_TEST

START_TEST(der_and_pem_are_the_same_certificate)
{
	struct buf der, back;

	buf_init(&der, CERT_PEM_MAX);
	buf_init(&back, CERT_PEM_MAX);
	ck_ok(cert_der(buf_str(&device), &der, &err));
	ck_ok(cert_pem(der.data, der.len, &back, &err));
	ck_assert_str_eq(buf_str(&back), buf_str(&device));
	buf_free(&der);
	buf_free(&back);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	static const char *const none[] = { NULL }, *const bad[] = { "a b", NULL };
	struct buf out;

	buf_init(&out, CERT_PEM_MAX);
	ck_err(cert_server(&ca_key, buf_str(&ca), &key, none, now, 1, &out, &err), ERR_INPUT, "needs a name");
	ck_err(cert_server(&ca_key, buf_str(&ca), &key, bad, now, 1, &out, &err), ERR_INPUT, "a b");
	ck_err(cert_device(&ca_key, buf_str(&ca), "xx", 2, id, now, &out, &err), ERR_INPUT, "P-256");
	ck_err(cert_device(&ca_key, "nonsense", spki.data, spki.len, id, now, &out, &err), ERR_INPUT, "PEM");
	ck_err(cert_key_pem(&spki, &out, &err), ERR_INPUT, "PKCS #8");
	ck_assert_uint_eq(out.len, 0);
	buf_free(&out);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cert");
	TCase *t = tcase_create("cert");

	tcase_add_checked_fixture(t, start, stop);
	tcase_add_test(t, openssl_accepts_each_for_its_purpose_only);
	tcase_add_test(t, mbedtls_reads_keys_and_certificates);
	tcase_add_test(t, der_and_pem_are_the_same_certificate);
	tcase_add_test(t, what_is_wrong_is_said);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
