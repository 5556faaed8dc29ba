/* candour site seal: the device's keys as credentials that open on this box only, and the files that held them gone.
 * Steps, each of which can be said again after a cut: credentials written and opened once, systemd told where they
 * are, sync.conf without the files' names, the files overwritten and removed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/credential.h"
#include "admin/site.h"
#include "base/file.h"
#include "collector/keyfile.h"
#include "sync/settings.h"

enum { PEM_MAX = 65536 };

struct sealing {
	const char *dir, *units;
	char real[PATH_MAX];
	char key[PATH_MAX], tls[PATH_MAX];	/* the files; "" if sync.conf names none any more */
};

/* What SET names, judged: a device key that opens, a PEM. Sealed as it stands. */
static enum err_code
seal_file(const struct sealing *s, const char *file, enum key_use use, struct err *err)
{
	struct keyfile k = { .use = 0 };
	char name[64], path[PATH_MAX];
	struct buf text;
	enum err_code rc = ERR_OK;

	buf_init_secret(&text, PEM_MAX);
	if (use == KEY_DEVICE) {
		rc = keyfile_read(file, keyfile_ask_terminal, NULL, &k, err);
		if (rc == ERR_OK && k.use != use)
			rc = err_set(err, ERR_INPUT, "%s: not a device key", file);
		if (rc == ERR_OK)
			keyfile_put_raw(&k, &text);
	} else {
		rc = file_read(file, &text, err);
		if (rc == ERR_OK && strstr(buf_str(&text), "PRIVATE KEY-----") == NULL)
			rc = err_set(err, ERR_INPUT, "%s: not a private key (PEM)", file);
	}
	snprintf(name, sizeof(name), "keys/%s.cred", key_use_word(use));
	if (rc == ERR_OK)
		rc = admin_path(s->real, name, path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = buf_check(&text, err);
	if (rc == ERR_OK)
		rc = credential_write(path, key_use_word(use), &text, err);
	keyfile_clear(&k);
	buf_free(&text);
	return rc;
}

/* What systemd is told, beside what the package's unit says. */
static enum err_code
tell_systemd(const struct sealing *s, struct err *err)
{
	char path[PATH_MAX];
	struct buf text;
	enum err_code rc = admin_path(s->units, "candour-sync.service.d", path, sizeof(path), err);

	buf_init(&text, 65536);
	buf_printf(&text, "# Written by `candour site seal`: the device's keys, opened by systemd for candour-sync alone.\n[Service]\n"
	    "LoadCredentialEncrypted=device:%s/keys/device.cred\n"
	    "LoadCredentialEncrypted=device-tls:%s/keys/device-tls.cred\n", s->real, s->real);
	if (rc == ERR_OK)
		rc = buf_check(&text, err);
	if (rc == ERR_OK)
		rc = file_mkdirs(path, 0755, err);
	if (rc == ERR_OK)
		rc = admin_path(s->units, "candour-sync.service.d/keys.conf", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_write(path, text.data, text.len, 0644, err);
	buf_free(&text);
	return rc;
}

/* sync.conf with no file named for the keys; every other line stays as it is. */
static enum err_code
name_no_file(const struct sealing *s, struct err *err)
{
	static const struct site_setting none[] = { { "device_key", "" }, { "tls_key", "" } };
	char path[PATH_MAX];
	enum err_code rc = admin_path(s->real, "sync.conf", path, sizeof(path), err);

	return rc != ERR_OK ? rc : site_settings(path, path, none, ARRAY_LEN(none), NULL, err);
}

/* Zeros over PATH, durably, and away with it. (What a disk without moving parts keeps elsewhere is beyond a program.) */
static enum err_code
drop_file(const char *path, struct err *err)
{
	static const char zeros[4096];
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t left = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	enum err_code rc = ERR_OK;

	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (left >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		for (ssize_t n; left > 0; left -= n) {
			n = write(fd, zeros, left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros));
			if (n <= 0)
				break;
		}
	if (left != 0 || fsync(fd) != 0 || unlink(path) != 0)
		rc = err_set(err, ERR_BROKEN, "%s: cannot be wiped: %s", path, strerror(errno));
	else
		rc = file_sync_parent(path, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

static enum err_code
drop_files(const struct sealing *s, struct err *err)
{
	static const char *const usual[] = { "keys/device.key", "keys/tls.key" };
	char path[PATH_MAX];
	enum err_code rc = ERR_OK;

	if (s->key[0] != '\0')
		rc = drop_file(s->key, err);
	if (rc == ERR_OK && s->tls[0] != '\0')
		rc = drop_file(s->tls, err);
	/* After a cut sync.conf may no longer name what is still there. */
	for (size_t i = 0; i < ARRAY_LEN(usual) && rc == ERR_OK; i++) {
		rc = admin_path(s->real, usual[i], path, sizeof(path), err);
		if (rc == ERR_OK)
			rc = drop_file(path, err);
	}
	return rc;
}

/* Both credentials are in place. */
static enum err_code
sealed_already(const struct sealing *s, struct err *err)
{
	static const char *const names[] = { "keys/device.cred", "keys/device-tls.cred" };
	char path[PATH_MAX];
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_LEN(names) && rc == ERR_OK; i++) {
		rc = admin_path(s->real, names[i], path, sizeof(path), err);
		if (rc == ERR_OK && access(path, R_OK) != 0)
			rc = err_set(err, ERR_ABSENT, "sync.conf names no key files, and %s is not there", path);
	}
	return rc;
}

static enum err_code
seal_site(struct sealing *s, struct err *err)
{
	struct sync_settings set = { 0 };
	char path[PATH_MAX];
	enum err_code rc = ERR_OK;

	if (realpath(s->dir, s->real) == NULL)
		return err_set(err, ERR_ABSENT, "%s: %s", s->dir, strerror(errno));
	if (strpbrk(s->real, "\n\\%") != NULL)
		return err_set(err, ERR_INPUT, "%s: such a path cannot stand in a unit", s->real);
	rc = admin_path(s->real, "sync.conf", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = config_read(path, sync_keys, sync_n_keys, &set, err);
	if (rc == ERR_OK && set.host[0] == '\0')
		rc = err_set(err, ERR_INPUT, "this box is not enrolled: enrol first (candour site enrol %s TEXT), then seal", s->dir);
	if (rc == ERR_OK && access(set.tls_cert, R_OK) != 0)
		rc = err_set(err, ERR_INPUT, "this box is not approved at the centre yet: first candour site enrol %s", s->dir);
	if (rc == ERR_OK) {
		snprintf(s->key, sizeof(s->key), "%s", set.device_key);
		snprintf(s->tls, sizeof(s->tls), "%s", set.tls_key);
	}
	config_clear(sync_keys, sync_n_keys, &set);
	if (rc == ERR_OK && s->key[0] != '\0')
		rc = seal_file(s, s->key, KEY_DEVICE, err);
	if (rc == ERR_OK && s->tls[0] != '\0')
		rc = seal_file(s, s->tls, KEY_DEVICE_TLS, err);
	if (rc == ERR_OK)
		rc = sealed_already(s, err);
	if (rc == ERR_OK)
		rc = tell_systemd(s, err);
	if (rc == ERR_OK)
		rc = name_no_file(s, err);
	return rc != ERR_OK ? rc : drop_files(s, err);
}

int
site_seal(int argc, char **argv)
{
	struct sealing s = { .units = admin_option(&argc, argv, "--units") };
	struct err err = { 0 };

	if (argc != 3 || argv[2][0] == '-') {
		fputs("usage: candour site seal DIR [--units DIR]\n", stderr);
		return 2;
	}
	s.dir = argv[2];
	if (s.units == NULL)
		s.units = "/etc/systemd/system";
	if (seal_site(&s, &err) != ERR_OK)
		return admin_fail("site seal", &err);
	printf("The device's keys are sealed under %s, and their files are gone.\n"
	    "Next: systemctl daemon-reload && systemctl restart candour-sync\n", credential_guard());
	return 0;
}
