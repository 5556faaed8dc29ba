/* For the benchmark of reconnecting devices: many made-up devices with certificates of a centre's CA, a client that
 * connects as each of them by a full TLS 1.2 handshake (as sync's mbedTLS does), and the limit line, a server that
 * does GnuTLS handshakes and nothing else.
 *	tool_reconnect make CENTRE N FILE	N keys and certificates into FILE, registered in CENTRE's store
 *	tool_reconnect load FILE PORT FROM N	connect as devices FROM.., each asks for its state: 204 wanted
 *	tool_reconnect shake FILE PORT FROM N	connect as devices FROM.., handshake only
 *	tool_reconnect bare CENTRE N		serve N mutual handshakes; the port on stdout, then "cpu_ms=X" */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "admin/cert.h"
#include "aggregator/store.h"
#include "base/file.h"
#include "collector/chain.h"
#include "collector/keyfile.h"
#include "collector/seal.h"
#include "sync/enrol.h"

enum { PEM_MAX = 8192 };

static struct err err;

static void
must(enum err_code rc, const char *what)
{
	if (rc == ERR_OK)
		return;
	fprintf(stderr, "tool_reconnect: %s: %s\n", what, err.msg);
	exit(1);
}

static void
good(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "tool_reconnect: %s: %s\n", what, gnutls_strerror(rc));
	exit(1);
}

/* --- devices ----------------------------------------------------------------------------------- */

static void
put_pem(FILE *f, const struct buf *pem)
{
	fprintf(f, "%zu\n", pem->len);
	fwrite(pem->data, 1, pem->len, f);
}

static void
one_device(struct store *st, const struct keyfile *ca, int i, FILE *f)
{
	struct store_device d = { .site = "bench" };
	uint8_t code[32];
	struct buf key, spki, pem;
	char tag[16];

	buf_init_secret(&key, PEM_MAX);
	buf_init(&spki, PEM_MAX);
	buf_init(&pem, PEM_MAX);
	must(cert_key_new(&key, NULL, &err), "key");
	must(cert_key_spki(&key, &spki, &err), "key");
	seal_random(d.sign_key, 32);
	chain_device_id(d.sign_key, spki.data, spki.len, d.id);
	must(cert_device(&ca->secret, &ca->public_, d.id, spki.data, spki.len, time(NULL), &pem, d.cert_sha256, &err), "cert");
	memcpy(d.spki, spki.data, spki.len);
	d.spki_len = (uint32_t)spki.len;
	d.cert_pem = strdup(buf_str(&pem));
	seal_random(code, 32);
	snprintf(tag, sizeof(tag), "T%d", i);
	must(st->ops->invite(st, d.site, tag, code, 0, 1, &err), "invite");
	must(st->ops->enrol(st, &d, tag, code, 0, &err), "enrol");
	must(st->ops->approve(st, &d, 0, &err), "approve");
	put_pem(f, &pem);
	put_pem(f, &key);
	store_device_clear(&d);
	buf_free(&key);
	buf_free(&spki);
	buf_free(&pem);
}

static int
make(const char *centre, int n, const char *out)
{
	struct store_site site = { "bench", "Bench", "" };
	struct keyfile ca = { .use = 0 };
	struct store *st;
	char path[1000];
	FILE *f = fopen(out, "w");

	if (f == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/keys/ca.key", centre);
	must(keyfile_read(path, NULL, NULL, &ca, &err), path);
	snprintf(path, sizeof(path), "%s/aggregator.db", centre);
	must(store_open(path, false, &st, &err), path);
	must(st->ops->site_put(st, &site, &err), "site");
	for (int i = 0; i < n; i++)
		one_device(st, &ca, i, f);
	store_close(st);
	keyfile_clear(&ca);
	return fclose(f) == 0 ? 0 : 1;
}

/* --- the client -------------------------------------------------------------------------------- */

static char *
get_pem(FILE *f)
{
	size_t n;
	char *text;

	if (fscanf(f, "%zu\n", &n) != 1 || n > PEM_MAX)
		return NULL;
	text = calloc(1, n + 1);
	if (text == NULL || fread(text, 1, n, f) != n) {
		free(text);
		return NULL;
	}
	return text;
}

static int
dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("tool_reconnect: connect");
		exit(1);
	}
	return fd;
}

static void
ask_state(gnutls_session_t s)
{
	static const char request[] = "GET /v1/state?lane=0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	char answer[1024] = "";
	size_t have = 0;
	ssize_t got;

	good((int)gnutls_record_send(s, request, sizeof(request) - 1), "request");
	while (have < sizeof(answer) - 1 && (got = gnutls_record_recv(s, answer + have, sizeof(answer) - 1 - have)) > 0)
		have += (size_t)got;
	if (strncmp(answer, "HTTP/1.1 204 ", 13) != 0) {
		fprintf(stderr, "tool_reconnect: %.200s\n", answer);
		exit(1);
	}
}

static void
one_connection(char *cert, char *key, int port, bool ask)
{
	gnutls_datum_t c = { (unsigned char *)cert, (unsigned)strlen(cert) }, k = { (unsigned char *)key, (unsigned)strlen(key) };
	gnutls_certificate_credentials_t cred;
	gnutls_session_t s;
	int fd = dial(port), rc;

	good(gnutls_certificate_allocate_credentials(&cred), "credentials");
	good(gnutls_certificate_set_x509_key_mem(cred, &c, &k, GNUTLS_X509_FMT_PEM), "certificate");
	good(gnutls_init(&s, GNUTLS_CLIENT), "session");
	good(gnutls_priority_set_direct(s, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-RSA", NULL), "priorities");
	good(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred), "credentials");
	good(gnutls_server_name_set(s, GNUTLS_NAME_DNS, "localhost", 9), "name");
	gnutls_transport_set_int(s, fd);
	do
		rc = gnutls_handshake(s);
	while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
	good(rc, "handshake");
	if (gnutls_session_is_resumed(s) != 0)
		good(-1, "a handshake that should be full");
	if (ask)
		ask_state(s);
	close(fd);
	gnutls_deinit(s);
	gnutls_certificate_free_credentials(cred);
}

static int
load(const char *path, int port, int from, int n, bool ask)
{
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return 1;
	for (int i = 0; i < from + n; i++) {
		char *cert = get_pem(f), *key = get_pem(f);

		if (cert == NULL || key == NULL) {
			fprintf(stderr, "tool_reconnect: fewer than %d devices in %s\n", from + n, path);
			return 1;
		}
		if (i >= from)
			one_connection(cert, key, port, ask);
		free(cert);
		free(key);
	}
	fclose(f);
	return 0;
}

/* --- the limit line ---------------------------------------------------------------------------- */

static int
serve_bare(const char *centre, int n)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	gnutls_certificate_credentials_t cred;
	gnutls_priority_t priorities;
	char cert[1000], key[1000], ca[1000];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct rusage from, to;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 64) != 0
	    || getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return 1;
	snprintf(cert, sizeof(cert), "%s/keys/devices.pem", centre);
	snprintf(key, sizeof(key), "%s/keys/devices.key", centre);
	snprintf(ca, sizeof(ca), "%s/keys/ca.pem", centre);
	good(gnutls_certificate_allocate_credentials(&cred), "credentials");
	good(gnutls_certificate_set_x509_key_file(cred, cert, key, GNUTLS_X509_FMT_PEM), cert);
	good(gnutls_certificate_set_x509_trust_file(cred, ca, GNUTLS_X509_FMT_PEM), ca);
	good(gnutls_priority_init(&priorities, "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA", NULL), "priorities");
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	getrusage(RUSAGE_SELF, &from);
	for (int i = 0; i < n; i++) {
		int c = accept(fd, NULL, NULL), rc;
		gnutls_session_t s;
		unsigned status = 1;

		good(gnutls_init(&s, GNUTLS_SERVER), "session");
		good(gnutls_priority_set(s, priorities), "priorities");
		good(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred), "credentials");
		gnutls_certificate_server_set_request(s, GNUTLS_CERT_REQUIRE);
		gnutls_transport_set_int(s, c);
		do
			rc = gnutls_handshake(s);
		while (rc < 0 && gnutls_error_is_fatal(rc) == 0);
		good(rc, "handshake");
		good(gnutls_certificate_verify_peers2(s, &status), "verify");
		if (status != 0)
			good(-1, "a client certificate of another CA");
		gnutls_deinit(s);
		close(c);
	}
	getrusage(RUSAGE_SELF, &to);
	printf("cpu_ms=%.1f\n", (double)(to.ru_utime.tv_sec - from.ru_utime.tv_sec + to.ru_stime.tv_sec - from.ru_stime.tv_sec)
	    * 1e3 + (double)(to.ru_utime.tv_usec - from.ru_utime.tv_usec + to.ru_stime.tv_usec - from.ru_stime.tv_usec) / 1e3);
	gnutls_certificate_free_credentials(cred);
	gnutls_priority_deinit(priorities);
	close(fd);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "make") == 0)
		return make(argv[2], atoi(argv[3]), argv[4]);
	if (argc == 6 && (strcmp(argv[1], "load") == 0 || strcmp(argv[1], "shake") == 0))
		return load(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]), argv[1][0] == 'l');
	if (argc == 4 && strcmp(argv[1], "bare") == 0)
		return serve_bare(argv[2], atoi(argv[3]));
	fprintf(stderr, "usage: tool_reconnect make|load|shake|bare ..\n");
	return 2;
}
