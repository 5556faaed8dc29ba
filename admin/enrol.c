/* The box's side of enrolment. See enrol.h and docs/formats/enrol.md. Steps leave what they reached on disk, so
 * that a cut anywhere is gone on from. */
#include "admin/enrol.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/cert.h"
#include "admin/site.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/agent.h"
#include "sync/centre.h"
#include "sync/enrol.h"
#include "sync/settings.h"

enum { POLL_S = 2 };

struct box {
	const char *dir;
	struct sync_settings set;
	struct invite invite;
	const uint8_t *succeeds;	/* whose records its store also holds; NULL: nobody's */
	struct buf key, cert;	/* TLS: key, provisional certificate */
	struct buf credentials;
	struct net_proxy proxy;
	char proxy_host[256];
	struct seal_key *device_key;
	uint8_t device[16];
	struct keyring_pin pin;
	struct keyring *ring;
	struct tls_conf *tls;
	struct centre *centre;
};

static enum err_code
read_in(const struct box *b, const char *name, struct buf *out, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc = admin_path(b->dir, name, path, sizeof(path), err);

	return rc != ERR_OK ? rc : file_read(path, out, err);
}

static enum err_code
write_in(const struct box *b, const char *name, const void *data, size_t len, mode_t mode, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc = admin_path(b->dir, name, path, sizeof(path), err);

	return rc != ERR_OK ? rc : file_write(path, data, len, mode, err);
}

static enum err_code
load(struct box *b, struct err *err)
{
	char path[PATH_MAX];
	struct buf spki;
	enum err_code rc = admin_path(b->dir, "sync.conf", path, sizeof(path), err);

	buf_init(&spki, 4096);
	if (rc == ERR_OK)
		rc = config_read(path, sync_keys, sync_n_keys, &b->set, err);
	if (rc == ERR_OK)
		rc = keyfile_load(b->set.device_key, KEY_DEVICE, keyfile_ask_terminal, NULL, &b->device_key, err);
	if (rc == ERR_OK)
		rc = keyfile_where(b->set.tls_key, KEY_DEVICE_TLS, path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_read(path, &b->key, err);
	if (rc == ERR_OK)
		rc = read_in(b, "keys/provisional.pem", &b->cert, err);
	if (rc == ERR_OK)
		rc = cert_key_spki(&b->key, &spki, err);
	if (rc == ERR_OK)
		chain_device_id(seal_key_public(b->device_key), spki.data, spki.len, b->device);
	if (rc == ERR_OK)
		rc = agent_proxy(b->set.proxy, b->set.proxy_credentials, b->proxy_host, sizeof(b->proxy_host), &b->credentials,
		    &b->proxy, err);
	buf_free(&spki);
	return rc;
}

/* The invitation, from TEXT or as kept. The code in it is used up by the first success. */
static enum err_code
take_invitation(struct box *b, const char *text, struct err *err)
{
	struct buf kept;
	enum err_code rc;

	buf_init(&kept, 4096);
	if (text == NULL) {
		rc = read_in(b, "keys/invitation", &kept, err);
		if (rc == ERR_ABSENT && b->set.host[0] != '\0')
			rc = err_set(err, ERR_ABSENT, "this box is enrolled already, as %s: there is nothing to do", b->set.site);
		else if (rc == ERR_ABSENT)
			rc = err_set(err, ERR_ABSENT, "an invitation is needed: candour site enrol %s TEXT", b->dir);
		text = buf_str(&kept);
	} else {
		rc = ERR_OK;
	}
	if (rc == ERR_OK)
		rc = invite_read(text, strlen(text), &b->invite, err);
	if (rc == ERR_OK)
		rc = write_in(b, "keys/invitation", text, strlen(text), 0600, err);
	if (rc == ERR_OK)
		keyring_pin_init(&b->pin, b->invite.root);
	buf_free(&kept);
	return rc;
}

/* The ring comes over a connection that judges no certificate: the root's signature judges it. */
static enum err_code
fetch_ring(struct box *b, struct err *err)
{
	struct keyring_pin fresh = b->pin;
	struct outbox *ob = NULL;
	struct reply reply;
	char path[PATH_MAX];
	enum err_code rc;

	reply_init(&reply, KEYRING_MAX);
	rc = agent_probe(&net_tcp, &b->proxy, b->invite.host, b->invite.port, buf_str(&b->cert), buf_str(&b->key),
	    "/v1/keyring", &reply, err);
	if (rc == ERR_OK && reply.status != 200)
		rc = err_set(err, ERR_AGAIN, "the centre answers %u: %.200s", reply.status, buf_str(&reply.body));
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&reply.body), reply.body.len, &b->pin, &b->ring, err);
	if (rc == ERR_OK) {
		keyring_pin_take(&b->pin, b->ring, buf_str(&reply.body), reply.body.len);
		rc = keyring_pin_write(b->set.pin, &b->pin, err);
	}
	/* The kiosk judges for itself: its pin knows the root, not yet a ring. */
	if (rc == ERR_OK)
		rc = admin_path(b->dir, "root.pin", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = keyring_pin_write(path, &fresh, err);
	if (rc == ERR_OK)
		rc = outbox_open(b->set.site_db, OUTBOX_SYNC, &ob, err);
	if (rc == ERR_OK) {
		rc = outbox_ring_put(ob, b->ring->serial, reply.body.data, reply.body.len, err);
		if (rc == ERR_EXISTS)
			rc = ERR_OK;
	}
	outbox_close(ob);
	reply_free(&reply);
	return rc;
}

static enum err_code
connect_strictly(struct box *b, struct err *err)
{
	struct tls_setup setup = { .ring = b->ring, .cert_pem = buf_str(&b->cert), .key_pem = buf_str(&b->key) };
	struct centre_conf conf = { .proxy = b->proxy, .host = b->invite.host, .port = b->invite.port };
	enum err_code rc = tls_conf_new(&setup, &b->tls, err);

	conf.tls = b->tls;
	return rc != ERR_OK ? rc : centre_new(&conf, &b->centre, err);
}

/* What the centre says, without its code and the end of its line. */
static enum err_code
refused(const struct reply *reply, struct err *err)
{
	const char *text = buf_str(&reply->body), *why = strchr(text, ' ');

	text = why != NULL ? why + 1 : text;
	return err_set(err, reply->status >= 500 || reply->status == 429 ? ERR_AGAIN : ERR_DENIED, "the centre says: %.*s",
	    (int)strcspn(text, "\r\n") < 200 ? (int)strcspn(text, "\r\n") : 200, text);
}

static enum err_code
ask_approval(struct box *b, struct err *err)
{
	struct enrol_request q = { .spki_len = 0 };
	struct buf body, spki;
	struct reply reply;
	enum err_code rc;

	buf_init(&body, ENROL_REQUEST_MAX);
	buf_init(&spki, ENROL_SPKI_MAX);
	reply_init(&reply, 4096);
	memcpy(q.code, b->invite.code, sizeof(q.code));
	memcpy(q.site, b->invite.site, sizeof(q.site));
	memcpy(q.sign_key, seal_key_public(b->device_key), 32);
	if (b->succeeds != NULL) {
		q.has_succeeds = true;
		memcpy(q.succeeds, b->succeeds, 16);
	}
	rc = cert_key_spki(&b->key, &spki, err);
	if (rc == ERR_OK) {
		memcpy(q.spki, spki.data, spki.len);
		q.spki_len = spki.len;
		rc = enrol_request_put(&q, b->device_key, &body, err);
	}
	if (rc == ERR_OK)
		rc = centre_ask(b->centre, "POST", "/v1/enrol", NULL, body.data, body.len, &reply, NULL, err);
	if (rc == ERR_OK && reply.status != 202)
		rc = refused(&reply, err);
	buf_free(&body);
	buf_free(&spki);
	reply_free(&reply);
	return rc;
}

/* ERR_AGAIN: still waiting. */
static enum err_code
fetch_certificate(struct box *b, struct buf *cert, struct err *err)
{
	char path[80], hex[33];
	struct reply reply;
	enum err_code rc;

	hex_str(b->device, 16, hex);
	snprintf(path, sizeof(path), "/v1/enrol?device=%s", hex);
	reply_init(&reply, 65536);
	rc = centre_ask(b->centre, "GET", path, NULL, NULL, 0, &reply, NULL, err);
	if (rc == ERR_OK && reply.status == 202)
		rc = err_set(err, ERR_AGAIN, "not approved at the centre yet");
	else if (rc == ERR_OK && reply.status != 200)
		rc = refused(&reply, err);
	else if (rc == ERR_OK)
		buf_put(cert, reply.body.data, reply.body.len);
	reply_free(&reply);
	return rc;
}

/* sync.conf with host, port and site filled in; every other line stays as it is. */
static enum err_code
fill_conf(struct box *b, struct err *err)
{
	struct buf in, out;
	const char *s;
	enum err_code rc;

	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	rc = read_in(b, "sync.conf", &in, err);
	s = buf_str(&in);
	while (rc == ERR_OK && *s != '\0') {
		size_t n = strcspn(s, "\n");

		if (strncmp(s, "host", 4) == 0 && strspn(s + 4, " =") > 0)
			buf_printf(&out, "host = %s", b->invite.host);
		else if (strncmp(s, "port", 4) == 0 && strspn(s + 4, " =") > 0)
			buf_printf(&out, "port = %u", b->invite.port);
		else if (strncmp(s, "site", 4) == 0 && strspn(s + 4, " =") > 0)
			buf_printf(&out, "site = %s", b->invite.site);
		else
			buf_put(&out, s, n);
		buf_putc(&out, '\n');
		s += n + (s[n] == '\n');
	}
	if (rc == ERR_OK)
		rc = buf_check(&out, err);
	if (rc == ERR_OK)
		rc = write_in(b, "sync.conf", out.data, out.len, 0644, err);
	buf_free(&in);
	buf_free(&out);
	return rc;
}

static enum err_code
finish(struct box *b, const struct buf *cert, struct err *err)
{
	struct tls_setup setup = { .ring = b->ring, .cert_pem = buf_str(cert), .key_pem = buf_str(&b->key) };
	struct tls_conf *tls = NULL;
	char path[PATH_MAX];
	enum err_code rc = tls_conf_new(&setup, &tls, err);	/* does it belong to our key? */

	tls_conf_free(tls);
	if (rc == ERR_OK)
		rc = file_write(b->set.tls_cert, cert->data, cert->len, 0644, err);
	if (rc == ERR_OK)
		rc = fill_conf(b, err);
	if (rc == ERR_OK && admin_path(b->dir, "keys/invitation", path, sizeof(path), err) == ERR_OK)
		(void)remove(path);
	return rc;
}

static enum err_code
follow(struct box *b, const char *text, bool wait, struct err *err)
{
	struct timespec pause = { .tv_sec = POLL_S };
	char finger[20], hex[33];
	struct buf cert;
	enum err_code rc = load(b, err);

	buf_init(&cert, 65536);
	if (rc == ERR_OK)
		rc = take_invitation(b, text, err);
	if (rc == ERR_OK)
		rc = fetch_ring(b, err);
	if (rc == ERR_OK)
		rc = connect_strictly(b, err);
	if (rc == ERR_OK && text != NULL)
		rc = ask_approval(b, err);
	if (rc == ERR_OK && text != NULL) {
		chain_fingerprint(b->device, finger);
		hex_str(b->device, 16, hex);
		printf("device %s\nfingerprint %s\n", hex, finger);
		printf("The centre is asked. Read the fingerprint to whoever approves this box (candour device approve).\n");
		fflush(stdout);
		if (!wait)
			goto out;
	}
	while (rc == ERR_OK) {
		rc = fetch_certificate(b, &cert, err);
		if (rc != ERR_AGAIN || !wait)
			break;
		clock_nanosleep(CLOCK_BOOTTIME, 0, &pause, NULL);
		rc = ERR_OK;
	}
	if (rc == ERR_OK)
		rc = finish(b, &cert, err);
	if (rc == ERR_OK)
		printf("This box is enrolled as %s.\n", b->invite.site);
out:
	buf_free(&cert);
	return rc;
}

enum err_code
enrol_box(const char *dir, const char *text, bool wait, struct err *err)
{
	return enrol_box_after(dir, text, wait, NULL, err);
}

enum err_code
enrol_box_after(const char *dir, const char *text, bool wait, const uint8_t old[16], struct err *err)
{
	struct box b = { .dir = dir, .succeeds = old };
	enum err_code rc;

	buf_init_secret(&b.key, 65536);
	buf_init(&b.cert, 65536);
	buf_init_secret(&b.credentials, 4096);
	rc = follow(&b, text, wait, err);
	centre_free(b.centre);
	tls_conf_free(b.tls);
	keyring_free(b.ring);
	seal_key_free(b.device_key);
	buf_free(&b.key);
	buf_free(&b.cert);
	buf_free(&b.credentials);
	config_clear(sync_keys, sync_n_keys, &b.set);
	return rc;
}

enum err_code
enrol_ring_again(const char *dir, const char *db, struct err *err)
{
	struct box b = { .dir = dir };
	struct outbox *ob = NULL;
	struct reply reply;
	char path[PATH_MAX];
	enum err_code rc = admin_path(dir, "sync.conf", path, sizeof(path), err);

	buf_init_secret(&b.key, 65536);
	buf_init(&b.cert, 65536);
	buf_init_secret(&b.credentials, 4096);
	reply_init(&reply, KEYRING_MAX);
	if (rc == ERR_OK)
		rc = config_read(path, sync_keys, sync_n_keys, &b.set, err);
	if (rc == ERR_OK && keyring_pin_read(b.set.pin, &b.pin, err) != ERR_OK) {
		rc = admin_path(dir, "root.pin", path, sizeof(path), err);
		if (rc == ERR_OK)
			rc = keyring_pin_read(path, &b.pin, err);
	}
	if (rc == ERR_OK)
		rc = agent_proxy(b.set.proxy, b.set.proxy_credentials, b.proxy_host, sizeof(b.proxy_host), &b.credentials,
		    &b.proxy, err);
	if (rc == ERR_OK)
		rc = cert_key_new(&b.key, NULL, err);
	if (rc == ERR_OK)
		rc = cert_provisional(&b.key, &b.cert, err);
	if (rc == ERR_OK)
		rc = agent_probe(&net_tcp, &b.proxy, b.set.host, (uint16_t)b.set.port, buf_str(&b.cert), buf_str(&b.key),
		    "/v1/keyring", &reply, err);
	if (rc == ERR_OK && reply.status != 200)
		rc = err_set(err, ERR_AGAIN, "the centre answers %u: %.200s", reply.status, buf_str(&reply.body));
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&reply.body), reply.body.len, &b.pin, &b.ring, err);
	if (rc == ERR_OK)
		rc = outbox_open(db, OUTBOX_KIOSK, &ob, err);
	if (rc == ERR_OK)
		rc = outbox_ring_put(ob, b.ring->serial, reply.body.data, reply.body.len, err);
	outbox_close(ob);
	reply_free(&reply);
	keyring_free(b.ring);
	buf_free(&b.key);
	buf_free(&b.cert);
	buf_free(&b.credentials);
	config_clear(sync_keys, sync_n_keys, &b.set);
	return rc;
}
