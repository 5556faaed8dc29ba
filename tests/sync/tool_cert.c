/* tool_cert CENTRE KEYFILE FROM TO: for tests, a device certificate by CENTRE's CA for the TLS key in KEYFILE
 * (PEM), valid from FROM to TO (seconds from now), to stdout. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "admin/cert.h"
#include "base/file.h"
#include "collector/keyfile.h"

int
main(int argc, char **argv)
{
	struct keyfile ca = { .use = 0 };
	struct buf key, spki, pem;
	uint8_t id[16] = { 7 }, sha[32];
	struct err err;
	char path[1000];
	int64_t now = time(NULL);

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
