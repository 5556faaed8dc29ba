/* tool_cert CENTRE KEYFILE FROM TO: for tests, a device certificate by CENTRE's CA for the TLS key in KEYFILE
 * (PEM), valid from FROM to TO (seconds from now), to stdout.
 * tool_cert CENTRE server DAYS: CENTRE's server certificate for localhost as made so long ago that it ends in DAYS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/cert.h"
#include "base/file.h"
#include "collector/keyfile.h"

static int
server(const char *centre, int days)
{
	struct keyfile ca = { .use = 0 };
	struct buf key, pem;
	struct err err;
	char path[1000];
	enum err_code rc;

	buf_init_secret(&key, 65536);
	buf_init(&pem, 65536);
	snprintf(path, sizeof(path), "%s/keys/ca.key", centre);
	rc = keyfile_read(path, NULL, NULL, &ca, &err);
	snprintf(path, sizeof(path), "%s/keys/devices.key", centre);
	if (rc == ERR_OK)
		rc = file_read(path, &key, &err);
	if (rc == ERR_OK)
		rc = cert_server(&ca.secret, &ca.public_, "localhost", &key, time(NULL) + (int64_t)(days - 730) * 86400, &pem, &err);
	snprintf(path, sizeof(path), "%s/keys/devices.pem", centre);
	if (rc == ERR_OK)
		rc = file_write(path, pem.data, pem.len, 0644, &err);
	if (rc != ERR_OK)
		fprintf(stderr, "tool_cert: %s\n", err.msg);
	keyfile_clear(&ca);
	buf_free(&key);
	buf_free(&pem);
	return rc != ERR_OK;
}

int
main(int argc, char **argv)
{
	struct keyfile ca = { .use = 0 };
	struct buf key, spki, pem;
	uint8_t id[16] = { 7 }, sha[32];
	struct err err;
	char path[1000];
	int64_t now = time(NULL);

	if (argc == 4 && strcmp(argv[2], "server") == 0)
		return server(argv[1], atoi(argv[3]));
	if (argc != 5)
		return 2;
	buf_init_secret(&key, 65536);
	buf_init(&spki, 4096);
	buf_init(&pem, 65536);
	snprintf(path, sizeof(path), "%s/keys/ca.key", argv[1]);
	if (keyfile_read(path, NULL, NULL, &ca, &err) != ERR_OK || file_read(argv[2], &key, &err) != ERR_OK
	    || cert_key_spki(&key, &spki, &err) != ERR_OK || cert_device_dates(&ca.secret, &ca.public_, id, spki.data,
	    spki.len, now + atol(argv[3]), now + atol(argv[4]), &pem, sha, &err) != ERR_OK) {
		fprintf(stderr, "tool_cert: %s\n", err.msg);
		return 1;
	}
	fputs(buf_str(&pem), stdout);
	keyfile_clear(&ca);
	buf_free(&key);
	buf_free(&spki);
	buf_free(&pem);
	return 0;
}
