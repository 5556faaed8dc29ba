/* candour centre: `init` makes the centre's folder (CA, server certificate, receipt key, store, configuration);
 * `ring` takes a signed key ring into use. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/cert.h"
#include "admin/commands.h"
#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/config.h"
#include "base/file.h"
#include "base/log.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"

static const char usage[] =
    "usage: candour centre init DIR --root FILE --host NAME[,NAME] [--organisation NAME]\n"
    "                 [--devices ADDRESS:PORT] [--pages ADDRESS:PORT] [--status ADDRESS:PORT]\n"
    "                 [--store postgresql://...] [--batches-a-minute N]\n"
    "       candour centre ring DIR FILE\n"
    "       candour centre cert DIR [--host NAME[,NAME]]     (a new server certificate; 2 years)\n"
    "  --root FILE   key file of the organisation's root key, or its pin file: only the public half is read\n"
    "  --host NAME   the DNS name that devices call (localhost if all is on one machine)\n";

struct centre {
	const char *dir, *root, *host, *organisation, *devices, *pages, *status, *store, *rate;
	char real[PATH_MAX];
};

/* The root's public key, from a key file or a pin. */
static enum err_code
root_of(const char *path, struct keyring_pin *pin, struct err *err)
{
	struct keyfile k = { .use = 0 };
	enum err_code rc = keyring_pin_read(path, pin, err);

	if (rc == ERR_OK || rc == ERR_ABSENT)
		return rc;
	rc = keyfile_show(path, &k, err);
	if (rc == ERR_OK && (k.use != KEY_ROOT || k.public_.len != 32))
		rc = err_set(err, ERR_INPUT, "%s: holds no root key", path);
	if (rc == ERR_OK)
		keyring_pin_init(pin, k.public_.data);
	keyfile_clear(&k);
	return rc;
}

static enum err_code
write_in(const char *dir, const char *name, const struct buf *data, mode_t mode, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc = admin_path(dir, name, path, sizeof(path), err);

	return rc != ERR_OK ? rc : file_create(path, data->data, data->len, mode, err);
}

/* CA key and certificate, and the certificate of the devices' listener. */
static enum err_code
make_certificates(const struct centre *c, struct err *err)
{
	struct keyfile ca = { .use = KEY_CA };
	struct buf pem, key, cert;
	int64_t now = time(NULL);
	char path[PATH_MAX];
	enum err_code rc;

	buf_init(&ca.public_, 65536);
	buf_init_secret(&ca.secret, 65536);
	buf_init(&pem, 65536);
	buf_init_secret(&key, 65536);
	buf_init(&cert, 65536);
	rc = cert_key_new(NULL, &ca.secret, err);
	if (rc == ERR_OK)
		rc = cert_ca(c->organisation, &ca.secret, now, &ca.public_, err);
	if (rc == ERR_OK)
		rc = cert_key_new(&key, NULL, err);
	if (rc == ERR_OK)
		rc = cert_server(&ca.secret, &ca.public_, c->host, &key, now, &cert, err);
	if (rc == ERR_OK)
		rc = cert_pem(ca.public_.data, ca.public_.len, &pem, err);
	if (rc == ERR_OK) {
		chain_key_id(KEY_CA, ca.public_.data, ca.public_.len, ca.id);
		rc = admin_path(c->dir, "keys/ca.key", path, sizeof(path), err);
	}
	if (rc == ERR_OK)
		rc = keyfile_write_raw(path, &ca, err);
	if (rc == ERR_OK)
		rc = write_in(c->dir, "keys/ca.pem", &pem, 0644, err);
	if (rc == ERR_OK)
		rc = write_in(c->dir, "keys/devices.key", &key, 0600, err);
	if (rc == ERR_OK)
		rc = write_in(c->dir, "keys/devices.pem", &cert, 0644, err);
	keyfile_clear(&ca);
	buf_free(&pem);
	buf_free(&key);
	buf_free(&cert);
	return rc;
}

static enum err_code
make_receipt_key(const struct centre *c, struct err *err)
{
	struct seal_key *key = NULL;
	struct keyfile k = { .use = 0 };
	char path[PATH_MAX];
	enum err_code rc = seal_key_new(KEY_RECEIPT, &key, err);

	if (rc == ERR_OK)
		rc = keyfile_of(key, &k, err);
	if (rc == ERR_OK)
		rc = admin_path(c->dir, "keys/receipt.key", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = keyfile_write_raw(path, &k, err);
	keyfile_clear(&k);
	seal_key_free(key);
	return rc;
}

static enum err_code
make_conf(const struct centre *c, struct err *err)
{
	struct buf b;
	uint8_t log_id[16];
	char hex[33];
	enum err_code rc;

	seal_random(log_id, 16);
	hex_str(log_id, 16, hex);
	buf_init(&b, 65536);
	buf_puts(&b, "# candour-aggregator; `candour-aggregator -h` lists every key.\n");
	if (c->store != NULL)
		buf_printf(&b, "store = %s\n", c->store);
	else
		buf_printf(&b, "store = %s/aggregator.db\n", c->real);
	buf_printf(&b, "log_id = %s\nring = %s/keyring\nroot = %s/root.pin\nreceipt_key = %s/keys/receipt.key\n\n", hex,
	    c->real, c->real, c->real);
	buf_printf(&b, "[devices]\nlisten = %s\ncert = %s/keys/devices.pem\nkey = %s/keys/devices.key\nca = %s/keys/ca.pem\n",
	    c->devices, c->real, c->real, c->real);
	if (c->rate != NULL)
		buf_printf(&b, "batches_a_minute = %s\n", c->rate);
	buf_printf(&b, "\n[pages]\nlisten = %s\ndb = %s/pages.db\norganisation = %s\n", c->pages,
	    c->real, c->organisation);
	if (c->status != NULL)
		buf_printf(&b, "\n[status]\nlisten = %s\n", c->status);
	rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = write_in(c->dir, "aggregator.conf", &b, 0644, err);
	buf_free(&b);
	return rc;
}

static enum err_code
make_store(const struct centre *c, struct err *err)
{
	struct store *st = NULL;
	char path[PATH_MAX + 32];
	enum err_code rc;

	snprintf(path, sizeof(path), "%s/aggregator.db", c->real);
	rc = store_open(c->store != NULL ? c->store : path, true, &st, err);
	store_close(st);
	return rc;
}

static enum err_code
init(struct centre *c, struct err *err)
{
	struct keyring_pin pin;
	char path[PATH_MAX];
	enum err_code rc = root_of(c->root, &pin, err);

	if (rc == ERR_OK)
		rc = admin_path(c->dir, "aggregator.conf", path, sizeof(path), err);
	if (rc == ERR_OK) {
		struct buf b;

		buf_init(&b, 65536);
		if (file_read(path, &b, NULL) != ERR_ABSENT)
			rc = err_set(err, ERR_EXISTS, "%s is there already: a centre is made once", path);
		buf_free(&b);
	}
	if (rc == ERR_OK)
		rc = admin_path(c->dir, "keys", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_mkdirs(path, 0700, err);
	if (rc == ERR_OK && realpath(c->dir, c->real) == NULL)
		rc = err_set(err, ERR_BROKEN, "%s: cannot be found again", c->dir);
	if (rc == ERR_OK)
		rc = make_certificates(c, err);
	if (rc == ERR_OK)
		rc = make_receipt_key(c, err);
	if (rc == ERR_OK)
		rc = admin_path(c->dir, "root.pin", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = keyring_pin_write(path, &pin, err);
	if (rc == ERR_OK)
		rc = make_store(c, err);
	if (rc == ERR_OK)
		rc = make_conf(c, err);	/* last: with it the centre is there */
	return rc;
}

static enum err_code
take_ring(const char *dir, const char *file, uint32_t *serial, struct err *err)
{
	struct keyring *ring = NULL;
	struct keyring_pin pin;
	char path[PATH_MAX];
	struct buf text;
	enum err_code rc;

	buf_init(&text, KEYRING_MAX);
	rc = file_read(file, &text, err);
	if (rc == ERR_OK)
		rc = admin_path(dir, "root.pin", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = keyring_pin_read(path, &pin, err);
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&text), text.len, &pin, &ring, err);
	if (rc == ERR_OK) {
		*serial = ring->serial;
		keyring_pin_take(&pin, ring, buf_str(&text), text.len);
		rc = keyring_pin_write(path, &pin, err);
	}
	if (rc == ERR_OK)
		rc = admin_path(dir, "keyring", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_write(path, text.data, text.len, 0644, err);
	keyring_free(ring);
	buf_free(&text);
	return rc;
}

/* A new certificate for the key that the devices' listener has: one file changes, at once. HOST NULL: for the names of the
 * old one. */
static enum err_code
renew(const char *dir, const char *host, struct err *err)
{
	struct aggregator_settings set = { 0 };
	struct keyfile ca = { .use = 0 };
	struct buf old, key, cert, names;
	char path[PATH_MAX], date[16];
	int64_t until = 0;
	int year, month, day;
	enum err_code rc = admin_path(dir, "aggregator.conf", path, sizeof(path), err);

	buf_init(&old, 65536);
	buf_init_secret(&key, 65536);
	buf_init(&cert, 65536);
	buf_init(&names, 4096);
	if (rc == ERR_OK)
		rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, err);
	if (rc == ERR_OK)
		rc = file_read(set.devices_key, &key, err);
	if (rc == ERR_OK && host != NULL) {
		buf_puts(&names, host);
	} else if (rc == ERR_OK) {
		rc = file_read(set.devices_cert, &old, err);
		if (rc == ERR_OK)
			rc = cert_server_read(&old, &names, &until, err);
		if (rc != ERR_OK)
			err_in(err, "%s: say the names with --host", set.devices_cert);
	}
	if (rc == ERR_OK)
		rc = admin_path(dir, "keys/ca.key", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = keyfile_read(path, keyfile_ask_terminal, NULL, &ca, err);
	if (rc == ERR_OK)
		rc = cert_server(&ca.secret, &ca.public_, buf_str(&names), &key, time(NULL), &cert, err);
	if (rc == ERR_OK)
		rc = cert_server_read(&cert, NULL, &until, err);
	if (rc == ERR_OK)
		rc = file_write(set.devices_cert, cert.data, cert.len, 0644, err);
	if (rc == ERR_OK) {
		date_from_day(until / 86400, &year, &month, &day);
		snprintf(date, sizeof(date), "%04d-%02d-%02d", year % 10000, month, day);
		printf("%s is for %s and good until %s.\nTo use it: systemctl restart candour-aggregator\n", set.devices_cert,
		    buf_str(&names), date);
	}
	keyfile_clear(&ca);
	buf_free(&old);
	buf_free(&key);
	buf_free(&cert);
	buf_free(&names);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc;
}

int
cmd_centre(int argc, char **argv)
{
	struct centre c = { .root = admin_option(&argc, argv, "--root"), .host = admin_option(&argc, argv, "--host"),
	    .organisation = admin_option(&argc, argv, "--organisation"), .devices = admin_option(&argc, argv, "--devices"),
	    .pages = admin_option(&argc, argv, "--pages"), .status = admin_option(&argc, argv, "--status"),
	    .store = admin_option(&argc, argv, "--store"), .rate = admin_option(&argc, argv, "--batches-a-minute") };
	struct err err = { 0 };
	uint32_t serial = 0;

	if (argc > 1 && strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	admin_no_more(argc, argv, usage);
	if (argc == 3 && strcmp(argv[1], "init") == 0 && c.root != NULL && c.host != NULL) {
		c.dir = argv[2];
		c.organisation = c.organisation != NULL ? c.organisation : "Candour";
		c.devices = c.devices != NULL ? c.devices : "0.0.0.0:8443";
		c.pages = c.pages != NULL ? c.pages : "127.0.0.1:8090";
		if (init(&c, &err) != ERR_OK)
			return admin_fail("centre init", &err);
		printf("The centre is in %s. Put keys/ca.pem and keys/receipt.key into the key ring (candour key ring), then\n"
		    "  candour centre ring %s FILE\n", c.dir, c.dir);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "cert") == 0)
		return renew(argv[2], c.host, &err) == ERR_OK ? 0 : admin_fail("centre cert", &err);
	if (argc == 4 && strcmp(argv[1], "ring") == 0) {
		if (take_ring(argv[2], argv[3], &serial, &err) != ERR_OK)
			return admin_fail("centre ring", &err);
		printf("Key ring %u is in use; devices fetch it when they next connect.\n", serial);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
