/* candour device: the registry at the centre. `approve` is the moment of trust: somebody compares what the
 * box's screen shows with what is typed here. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/cert.h"
#include "admin/commands.h"
#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/codec.h"
#include "base/file.h"
#include "collector/keyfile.h"
#include "sync/bundle.h"

static const char usage[] =
    "usage: candour device list [--centre DIR]\n"
    "       candour device approve ID [--centre DIR] [--fingerprint TEXT] [--succeeds ID]\n"
    "       candour device revoke ID [--centre DIR] [--publish-key FILE]\n"
    "  --centre DIR        the centre's folder [/var/lib/candour/centre]\n"
    "  ID                  hex digits as `list` shows them, at least 8, or a site's name if one device waits there\n"
    "  --succeeds ID       the box has the store of another one of its site, and sends what that had not delivered\n"
    "                      (`candour site rekey` on the box names it); `none`: it says so, but is not believed\n"
    "  --fingerprint TEXT  the whole fingerprint, for scripts; else its first and last group are asked for\n"
    "  --publish-key FILE  sign the order, so that the box itself stops (else the centre alone refuses it)\n";

struct pick {
	const char *text;
	bool pending_only;
	struct store_device found;
	size_t n;
};

static enum err_code
on_device(void *arg, const struct store_device *d, struct err *err)
{
	struct pick *p = arg;
	char hex[33];

	(void)err;
	hex_str(d->id, 16, hex);
	if ((strlen(p->text) >= 8 && strncmp(hex, p->text, strlen(p->text)) == 0)
	    || (strcmp(d->site, p->text) == 0 && (!p->pending_only || d->state == STORE_PENDING))) {
		p->found = *d;
		p->n++;
	}
	return ERR_OK;
}

static enum err_code
pick_device(struct store *st, const char *text, bool pending_only, struct store_device *out, struct err *err)
{
	struct pick p = { .text = text, .pending_only = pending_only };
	enum err_code rc = st->ops->device_each(st, on_device, &p, err);

	if (rc != ERR_OK)
		return rc;
	if (p.n != 1)
		return err_set(err, ERR_ABSENT, p.n == 0 ? "no device %.40s" : "%.40s is not one device alone: give more of "
		    "its id", text);
	return st->ops->device_get(st, p.found.id, out, err);
}

static enum err_code
on_list(void *arg, const struct store_device *d, struct err *err)
{
	static const char *const states[] = { "waiting", "approved", "revoked" };
	char hex[33], finger[20], when[60];

	(void)arg;
	(void)err;
	hex_str(d->id, 16, hex);
	chain_fingerprint(d->id, finger);
	admin_when(d->since, time(NULL), when, sizeof(when));
	printf("%s  %-9s %-20s %s  %s  %s\n", hex, states[d->state], d->site, finger, d->address, when);
	return ERR_OK;
}

static enum err_code
open_store(const char *dir, struct store **out, struct err *err)
{
	struct aggregator_settings set = { 0 };
	char path[PATH_MAX];
	enum err_code rc = admin_path(dir, "aggregator.conf", path, sizeof(path), err);

	if (rc == ERR_OK)
		rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, err);
	if (rc == ERR_OK)
		rc = store_open(set.store, false, out, err);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc;
}

/* First and last group, typed from the box's screen. */
static enum err_code
compare_by_hand(const struct store_device *d, struct err *err)
{
	char finger[20], line[64], when[60], groups[10];

	chain_fingerprint(d->id, finger);
	admin_when(d->since, time(NULL), when, sizeof(when));
	if (isatty(STDIN_FILENO) == 0)
		return err_set(err, ERR_DENIED, "no terminal to compare the fingerprint on: give --fingerprint");
	printf("site         %s\nasked        %s, from %s\n", d->site, when, d->address);
	printf("The box's screen shows four groups. Type the first and the last: ");
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return err_set(err, ERR_DENIED, "nothing was typed");
	memcpy(groups, finger, 4);
	memcpy(groups + 4, finger + 15, 4);
	groups[8] = '\0';
	{
		uint8_t typed[5], shown[5];

		line[strcspn(line, "\n")] = '\0';
		if (!base32_get(line, strlen(line), typed, 5) || !base32_get(groups, 8, shown, 5)
		    || memcmp(typed, shown, 5) != 0)
			return err_set(err, ERR_DENIED, "that is not this box's fingerprint: do not approve it");
	}
	return ERR_OK;
}

static enum err_code
sign_certificate(const char *dir, struct store_device *d, struct err *err)
{
	struct keyfile ca = { .use = 0 };
	char path[PATH_MAX];
	struct buf pem;
	enum err_code rc = admin_path(dir, "keys/ca.key", path, sizeof(path), err);

	buf_init(&pem, 65536);
	if (rc == ERR_OK)
		rc = keyfile_read(path, keyfile_ask_terminal, NULL, &ca, err);
	if (rc == ERR_OK)
		rc = cert_device(&ca.secret, &ca.public_, d->id, d->spki, d->spki_len, time(NULL), &pem, d->cert_sha256, err);
	if (rc == ERR_OK) {
		free(d->cert_pem);
		d->cert_pem = strdup(buf_str(&pem));
		if (d->cert_pem == NULL)
			rc = err_nomem(err);
	}
	keyfile_clear(&ca);
	buf_free(&pem);
	return rc;
}

static enum err_code
approve(struct store *st, const char *dir, const char *id, const char *finger, const char *succeeds, struct err *err)
{
	struct store_device d = { .site = "" }, old = { .site = "" };
	enum err_code rc = pick_device(st, id, true, &d, err);

	if (rc == ERR_OK && d.state != STORE_PENDING)
		rc = err_set(err, ERR_EXISTS, "this device is not waiting for approval");
	if (rc == ERR_OK && finger == NULL)
		rc = compare_by_hand(&d, err);
	else if (rc == ERR_OK && !chain_fingerprint_is(d.id, finger))
		rc = err_set(err, ERR_DENIED, "that is not this device's fingerprint: it was not approved");
	if (rc == ERR_OK && succeeds == NULL && d.has_succeeds) {
		char hex[33];

		hex_str(d.succeeds, 16, hex);
		rc = err_set(err, ERR_INPUT, "this box says that it holds answers of the box %s: give --succeeds %s if that is so "
		    "(else --succeeds none). It was not approved", hex, hex);
	}
	if (rc == ERR_OK && succeeds != NULL && strcmp(succeeds, "none") != 0) {
		rc = pick_device(st, succeeds, false, &old, err);
		if (rc == ERR_OK && strcmp(old.site, d.site) != 0)
			rc = err_set(err, ERR_INPUT, "%s is of another site: a box succeeds one of its own site", succeeds);
		d.has_succeeds = true;
		memcpy(d.succeeds, old.id, 16);
	} else if (rc == ERR_OK) {
		/* What the box says of its past counts only if it is named here. */
		d.has_succeeds = false;
	}
	if (rc == ERR_OK)
		rc = sign_certificate(dir, &d, err);
	if (rc == ERR_OK)
		rc = st->ops->approve(st, &d, time(NULL), err);
	if (rc == ERR_OK)
		printf("The box at %s is approved; it goes on by itself.\n", d.site);
	store_device_clear(&d);
	store_device_clear(&old);
	return rc;
}

static enum err_code
make_order(const char *key_path, const struct store_device *d, struct buf *out, struct err *err)
{
	struct bundle b = { .kind = BUNDLE_REVOKE, .serial = (uint32_t)time(NULL), .made = (uint64_t)time(NULL) };
	struct seal_key *key = NULL;
	enum err_code rc;

	if (key_path == NULL)
		return ERR_OK;
	rc = keyfile_load(key_path, KEY_PUBLISH, keyfile_ask_terminal, NULL, &key, err);
	if (rc == ERR_OK) {
		memcpy(b.target, d->id, 16);
		seal_key_id(key, b.key_id);
		rc = bundle_make(&b, key, out, err);
	}
	seal_key_free(key);
	return rc;
}

static enum err_code
revoke_device(struct store *st, const char *id, const char *key_path, struct err *err)
{
	struct store_device d = { .site = "" };
	struct buf order;
	enum err_code rc = pick_device(st, id, false, &d, err);

	buf_init(&order, BUNDLE_MAX);
	if (rc == ERR_OK)
		rc = make_order(key_path, &d, &order, err);
	if (rc == ERR_OK)
		rc = st->ops->revoke(st, d.id, time(NULL), order.len > 0 ? order.data : NULL, order.len, err);
	if (rc == ERR_OK)
		printf("The box at %s is revoked. What it still sends is put aside, not counted.\n", d.site);
	buf_free(&order);
	store_device_clear(&d);
	return rc;
}

int
cmd_device(int argc, char **argv)
{
	const char *dir = admin_option(&argc, argv, "--centre"), *finger = admin_option(&argc, argv, "--fingerprint");
	const char *succeeds = admin_option(&argc, argv, "--succeeds"), *key = admin_option(&argc, argv, "--publish-key");
	struct store *st = NULL;
	struct err err = { 0 };
	enum err_code rc;

	if (argc > 1 && strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	admin_no_more(argc, argv, usage);
	if (!((argc == 2 && strcmp(argv[1], "list") == 0) || (argc == 3 && (strcmp(argv[1], "approve") == 0
	    || strcmp(argv[1], "revoke") == 0)))) {
		fputs(usage, stderr);
		return 2;
	}
	if (dir == NULL)
		dir = "/var/lib/candour/centre";
	rc = open_store(dir, &st, &err);
	if (rc == ERR_OK) {
		if (argc == 2)
			rc = st->ops->device_each(st, on_list, NULL, &err);
		else if (strcmp(argv[1], "approve") == 0)
			rc = approve(st, dir, argv[2], finger, succeeds, &err);
		else
			rc = revoke_device(st, argv[2], key, &err);
	}
	store_close(st);
	return rc == ERR_OK ? 0 : admin_fail(argv[1], &err);
}
