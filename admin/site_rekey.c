/* candour site rekey: new device keys for a box whose old ones are lost or stolen, on the site.db it has. The new keys are
 * made in a folder of their own, DIR/rekey, and enrolled from there by a one-time code; until the centre has approved them
 * nothing of the box changes. Then, each step so that the same command goes on after a cut: the store becomes the new
 * device's (new epochs, docs/formats/record.md), the keys move to DIR/keys (the certificate last: while it is in
 * DIR/rekey, this is not done), sync.conf names them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/cert.h"
#include "admin/enrol.h"
#include "admin/site.h"
#include "base/codec.h"
#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/outbox.h"
#include "collector/keyring.h"
#include "sync/enrol.h"
#include "sync/settings.h"

static const char usage[] =
    "usage: candour site rekey DIR [TEXT] [--no-wait] [--units DIR]     (on the box, as root; candour-kiosk and\n"
    "                 candour-sync stopped; TEXT is an invitation of the centre, given once)\n\n"
    "New device keys for a box whose keys are lost (a changed TPM, a new board) or stolen. Its answers stay; what was not\n"
    "delivered yet goes to the centre under the new keys.\n"
    "  --no-wait     ask the centre and return; say the command again without TEXT when it has approved\n"
    "  --units DIR   where `candour site seal` told systemd of the old keys [/etc/systemd/system]\n\n"
    "Example:\n"
    "  systemctl stop candour-kiosk.socket candour-kiosk candour-sync\n"
    "  candour site rekey /var/lib/candour/site 'candour:1:centre.example:8443:...'\n";

struct rekeying {
	const char *dir, *text, *units;
	bool wait;
	char real[PATH_MAX], stage[PATH_MAX + 8];
	uint8_t old[16], new[16];
	uid_t uid;
	gid_t gid;
};

static enum err_code
in_stage(const struct rekeying *k, const char *name, char *path, struct err *err)
{
	return admin_path(k->stage, name, path, PATH_MAX, err);
}

static bool
is_there(const struct rekeying *k, const char *name)
{
	char path[PATH_MAX];
	struct err err;

	return in_stage(k, name, path, &err) == ERR_OK && access(path, F_OK) == 0;
}

/* --- new keys, enrolled --------------------------------------------------------------------------- */

/* The sync.conf at FROM but for the lines of keys and pin, which name files in FOLDER. */
static enum err_code
conf_with(const char *from, const char *folder, const char *to, struct err *err)
{
	static const char *const keys[] = { "device_key", "tls_key", "tls_cert", "pin" };
	static const char *const names[] = { "device.key", "tls.key", "tls.pem", "sync.pin" };
	struct site_setting set[ARRAY_LEN(keys)];
	char paths[ARRAY_LEN(keys)][PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		enum err_code rc = admin_path(folder, names[i], paths[i], sizeof(paths[i]), err);

		if (rc != ERR_OK)
			return rc;
		set[i] = (struct site_setting){ keys[i], paths[i] };
	}
	return site_settings(from, to, set, ARRAY_LEN(keys), NULL, err);
}

/* DIR/rekey: keys, and a sync.conf for enrol_box. What is there of an earlier try is used. */
static enum err_code
make_stage(const struct rekeying *k, struct err *err)
{
	char path[PATH_MAX], keys[PATH_MAX], conf[PATH_MAX];
	enum err_code rc = in_stage(k, "keys", keys, err);

	if (rc == ERR_OK)
		rc = file_mkdirs(keys, 0700, err);
	if (rc == ERR_OK && !is_there(k, "keys/provisional.pem")) {
		/* Half made: begin anew. */
		static const char *const parts[] = { "keys/device.key", "keys/tls.key" };

		for (size_t i = 0; i < ARRAY_LEN(parts) && rc == ERR_OK; i++) {
			rc = in_stage(k, parts[i], path, err);
			if (rc == ERR_OK)
				(void)unlink(path);
		}
		if (rc == ERR_OK)
			rc = site_make_keys(k->stage, NULL, err);
	}
	if (rc == ERR_OK)
		rc = in_stage(k, "sync.conf", path, err);
	if (rc == ERR_OK)
		rc = admin_path(k->real, "sync.conf", conf, sizeof(conf), err);
	if (rc == ERR_OK && access(path, F_OK) != 0)
		rc = conf_with(conf, keys, path, err);
	return rc;
}

/* --- the exchange --------------------------------------------------------------------------------- */

/* Where NAME is now: still in DIR/rekey, or moved already. */
static enum err_code
where(const struct rekeying *k, const char *name, char *path, struct err *err)
{
	enum err_code rc = in_stage(k, name, path, err);

	if (rc == ERR_OK && access(path, F_OK) != 0)
		rc = admin_path(k->real, name, path, PATH_MAX, err);
	return rc;
}

static enum err_code
load_new(const struct rekeying *k, struct seal_key **key, struct buf *spki, struct err *err)
{
	char path[PATH_MAX];
	struct buf pem;
	uint8_t id[16];
	enum err_code rc = where(k, "keys/device.key", path, err);

	buf_init_secret(&pem, 65536);
	if (rc == ERR_OK)
		rc = keyfile_load(path, KEY_DEVICE, NULL, NULL, key, err);
	if (rc == ERR_OK)
		rc = where(k, "keys/tls.key", path, err);
	if (rc == ERR_OK)
		rc = file_read(path, &pem, err);
	if (rc == ERR_OK)
		rc = cert_key_spki(&pem, spki, err);
	if (rc == ERR_OK) {
		chain_device_id(seal_key_public(*key), spki->data, spki->len, id);
		if (memcmp(id, k->new, 16) != 0)
			rc = err_set(err, ERR_BROKEN, "%s: the certificate there is not these keys'", k->stage);
	}
	buf_free(&pem);
	return rc;
}

/* Whose words and records this store also holds: "device.before", 16 bytes each, the latest last. */
static enum err_code
remember(struct outbox *ob, const uint8_t old[16], struct err *err)
{
	struct buf before;
	enum err_code rc;

	buf_init(&before, 16 * OUTBOX_DEVICES);
	rc = outbox_meta(ob, "device.before", &before, err);
	if (rc == ERR_ABSENT)
		rc = ERR_OK;
	if (rc == ERR_OK && (before.len < 16 || memcmp(before.data + before.len - 16, old, 16) != 0)) {
		if (before.len + 16 >= (size_t)16 * OUTBOX_DEVICES) {
			memmove(before.data, before.data + 16, before.len - 16);
			buf_truncate(&before, before.len - 16);
		}
		buf_put(&before, old, 16);
		rc = buf_check(&before, err);
		if (rc == ERR_OK)
			rc = outbox_meta_put(ob, "device.before", before.data, before.len, err);
	}
	buf_free(&before);
	return rc;
}

static enum err_code
sign_heads(struct outbox *ob, const struct rekeying *k, const struct seal_key *key, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (uint8_t lane = 0; lane < LANES && rc == ERR_OK; lane++) {
		uint8_t bytes[OUTBOX_HEAD], signature[64];
		struct outbox_lane l;

		rc = outbox_lane(ob, lane, &l, err);
		if (rc == ERR_OK) {
			outbox_head_bytes(k->new, lane, &l, bytes);
			rc = seal_sign(key, "head", bytes, sizeof(bytes), signature, err);
		}
		if (rc == ERR_OK)
			rc = outbox_head_put(ob, lane, &l, signature, err);
	}
	return rc;
}

/* The store becomes the new device's. */
static enum err_code
hand_over(const struct rekeying *k, struct err *err)
{
	struct seal_key *key = NULL;
	struct outbox *ob = NULL;
	char path[PATH_MAX];
	uint8_t now[16];
	struct buf spki;
	enum err_code rc = admin_path(k->real, "site.db", path, sizeof(path), err);

	buf_init(&spki, 4096);
	if (rc == ERR_OK)
		rc = load_new(k, &key, &spki, err);
	if (rc == ERR_OK)
		rc = outbox_open(path, OUTBOX_KIOSK, &ob, err);
	if (rc == ERR_OK)
		rc = outbox_device(ob, now, err);
	if (rc == ERR_OK && memcmp(now, k->new, 16) != 0) {
		rc = remember(ob, now, err);
		if (rc == ERR_OK)
			rc = outbox_set_device(ob, k->new, err);
	}
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "device.sign", seal_key_public(key), 32, err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "device.tls", spki.data, spki.len, err);
	if (rc == ERR_OK)
		rc = sign_heads(ob, k, key, err);
	outbox_close(ob);
	seal_key_free(key);
	buf_free(&spki);
	return rc;
}

static enum err_code
move_files(const struct rekeying *k, struct err *err)
{
	/* The certificate is the last: until it has moved, this is done again. */
	static const char *const names[] = { "keys/device.key", "keys/tls.key", "keys/provisional.pem", "keys/sync.pin",
	    "keys/tls.pem" };
	char from[PATH_MAX], to[PATH_MAX], keys[PATH_MAX];
	enum err_code rc = admin_path(k->real, "keys", keys, sizeof(keys), err);

	if (rc == ERR_OK)
		rc = admin_path(k->real, "sync.conf", to, sizeof(to), err);
	if (rc == ERR_OK)
		rc = in_stage(k, "sync.conf", from, err);
	if (rc == ERR_OK)
		rc = conf_with(from, keys, to, err);
	for (size_t i = 0; i < ARRAY_LEN(names) && rc == ERR_OK; i++) {
		rc = in_stage(k, names[i], from, err);
		if (rc == ERR_OK)
			rc = admin_path(k->real, names[i], to, sizeof(to), err);
		if (rc == ERR_OK && geteuid() == 0 && access(from, F_OK) == 0 && chown(from, k->uid, k->gid) < 0)
			rc = err_set(err, ERR_BROKEN, "%s: %s", from, strerror(errno));
		if (rc == ERR_OK && rename(from, to) < 0 && errno != ENOENT)
			rc = err_set(err, ERR_BROKEN, "%s: %s", to, strerror(errno));
		if (rc == ERR_OK)
			rc = file_sync_parent(to, err);
	}
	return rc;
}

/* The old keys as systemd's credentials: the unit would not start without them. */
static enum err_code
forget_credentials(const struct rekeying *k, bool *told, struct err *err)
{
	static const char *const names[] = { "keys/device.cred", "keys/device-tls.cred" };
	char path[PATH_MAX];
	struct buf text;
	enum err_code rc = admin_path(k->units, "candour-sync.service.d/keys.conf", path, sizeof(path), err);

	buf_init(&text, 65536);
	*told = false;
	if (rc == ERR_OK && file_read(path, &text, err) == ERR_OK
	    && strncmp(buf_str(&text), "# Written by `candour site seal`", 32) == 0) {
		*told = true;
		if (unlink(path) < 0)
			rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	}
	for (size_t i = 0; i < ARRAY_LEN(names) && rc == ERR_OK; i++) {
		rc = admin_path(k->real, names[i], path, sizeof(path), err);
		if (rc == ERR_OK)
			(void)unlink(path);
	}
	buf_free(&text);
	return rc;
}

static void
drop_stage(const struct rekeying *k)
{
	static const char *const names[] = { "keys/invitation", "keys/device.key", "keys/tls.key", "keys/provisional.pem",
	    "keys/sync.pin", "keys/tls.pem", "sync.conf", "root.pin" };
	char path[PATH_MAX];
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (in_stage(k, names[i], path, &err) == ERR_OK)
			(void)unlink(path);
	if (in_stage(k, "keys", path, &err) == ERR_OK)
		(void)rmdir(path);
	(void)rmdir(k->stage);
}

static enum err_code nobody_there(const struct rekeying *k, struct err *err);

static enum err_code
exchange(struct rekeying *k, struct err *err)
{
	char path[PATH_MAX], hex[33];
	struct buf pem;
	bool told = false;
	enum err_code rc = in_stage(k, "keys/tls.pem", path, err);

	buf_init(&pem, 65536);
	if (rc == ERR_OK)
		rc = file_read(path, &pem, err);
	if (rc == ERR_OK)
		rc = cert_device_id(&pem, k->new, err);
	buf_free(&pem);
	if (rc == ERR_OK)
		rc = nobody_there(k, err);
	if (rc == ERR_OK)
		rc = hand_over(k, err);
	if (rc == ERR_OK)
		rc = move_files(k, err);
	if (rc == ERR_OK)
		rc = forget_credentials(k, &told, err);
	if (rc != ERR_OK)
		return rc;
	drop_stage(k);
	hex_str(k->old, 16, hex);
	printf("This box has new keys. What it had not delivered goes to the centre under them.\n");
	if (told)
		printf("The old keys were sealed under this box; the new ones are files again. Next:\n"
		    "  systemctl daemon-reload\n  candour site seal %s\n", k->dir);
	printf("Start it again: systemctl start candour-kiosk.socket candour-kiosk candour-sync\n");
	if (memcmp(k->old, k->new, 16) != 0)
		printf("If the old keys were stolen, at the centre: candour device revoke %s\n", hex);
	return ERR_OK;
}

/* --- the whole ------------------------------------------------------------------------------------ */

/* Another organisation's invitation, or another site's, would take the answers where they do not belong. */
static enum err_code
judge_invitation(const struct rekeying *k, struct err *err)
{
	struct sync_settings set = { 0 };
	struct keyring_pin pin;
	struct invite i;
	struct err none;
	char path[PATH_MAX];
	enum err_code rc = invite_read(k->text, strlen(k->text), &i, err);

	if (rc == ERR_OK)
		rc = admin_path(k->real, "root.pin", path, sizeof(path), err);
	if (rc == ERR_OK && keyring_pin_read(path, &pin, &none) == ERR_OK && memcmp(pin.root, i.root, 32) != 0)
		rc = err_set(err, ERR_DENIED, "this invitation is of another organisation than the one this box is pinned to");
	if (rc == ERR_OK)
		rc = admin_path(k->real, "sync.conf", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = config_read(path, sync_keys, sync_n_keys, &set, err);
	if (rc == ERR_OK && set.site[0] != '\0' && strcmp(set.site, i.site) != 0)
		rc = err_set(err, ERR_DENIED, "this invitation is for the site %s; this box is at %s", i.site, set.site);
	config_clear(sync_keys, sync_n_keys, &set);
	return rc;
}

/* Is everything stopped that has the store open? */
static enum err_code
nobody_there(const struct rekeying *k, struct err *err)
{
	char path[PATH_MAX];
	int fd = -1;
	enum err_code rc = admin_path(k->real, "site.db", path, sizeof(path), err);

	if (rc == ERR_OK)
		rc = site_lock(path, &fd, err);
	/* SQLite needs the lock itself. */
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum err_code
prepare(struct rekeying *k, struct err *err)
{
	struct outbox *ob = NULL;
	char path[PATH_MAX];
	struct stat st;
	enum err_code rc;

	if (realpath(k->dir, k->real) == NULL)
		return err_set(err, ERR_ABSENT, "%s: %s", k->dir, strerror(errno));
	rc = admin_path(k->real, "rekey", k->stage, sizeof(k->stage), err);
	if (rc == ERR_OK)
		rc = admin_path(k->real, "site.db", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = outbox_open(path, OUTBOX_READ, &ob, err);
	if (rc == ERR_OK)
		rc = outbox_device(ob, k->old, err);
	outbox_close(ob);
	if (rc == ERR_OK)
		rc = admin_path(k->real, "keys", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_mkdirs(path, 0700, err);
	if (rc == ERR_OK && stat(path, &st) < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (rc == ERR_OK) {
		k->uid = st.st_uid;
		k->gid = st.st_gid;
	}
	return rc;
}

static enum err_code
rekey(struct rekeying *k, struct err *err)
{
	char hex[33];
	enum err_code rc = prepare(k, err);

	if (rc == ERR_OK)
		rc = nobody_there(k, err);
	if (rc == ERR_OK && is_there(k, "keys/tls.pem"))
		return exchange(k, err);
	if (rc == ERR_OK && k->text != NULL)
		rc = judge_invitation(k, err);
	if (rc == ERR_OK && k->text == NULL && !is_there(k, "keys/invitation"))
		rc = err_set(err, ERR_ABSENT, "an invitation is needed: at the centre, candour site invite SITE; then candour site "
		    "rekey %s TEXT", k->dir);
	if (rc == ERR_OK)
		rc = make_stage(k, err);
	if (rc == ERR_OK && k->text != NULL) {
		hex_str(k->old, 16, hex);
		printf("At the centre this box is approved with\n  candour device approve SITE --succeeds %s\n", hex);
		fflush(stdout);
	}
	if (rc == ERR_OK)
		rc = enrol_box_after(k->stage, k->text, k->wait, k->old, err);
	if (rc == ERR_OK && is_there(k, "keys/tls.pem"))
		rc = exchange(k, err);
	return rc;
}

int
site_rekey(int argc, char **argv)
{
	struct rekeying k = { .units = admin_option(&argc, argv, "--units") };
	struct err err = { 0 };

	k.wait = !admin_flag(&argc, argv, "--no-wait");
	admin_no_more(argc, argv, usage);
	if (argc != 3 && argc != 4) {
		fputs(usage, stderr);
		return 2;
	}
	k.dir = argv[2];
	k.text = argc == 4 ? argv[3] : NULL;
	if (k.units == NULL)
		k.units = "/etc/systemd/system";
	return rekey(&k, &err) == ERR_OK ? 0 : admin_fail("site rekey", &err);
}
