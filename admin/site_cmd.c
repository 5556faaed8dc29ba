/* candour site: `init` makes a box's folder, `invite` (at the centre) prints an invitation, `enrol` (on the box)
 * follows one. docs/formats/enrol.md. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <qrencode.h>

#include "admin/cert.h"
#include "admin/commands.h"
#include "admin/enrol.h"
#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/enrol.h"

static const char usage[] =
    "usage: candour site init DIR [--kiosk ADDRESS:PORT] [--forms DIR] [--send-every S] [--concern-slot S]\n"
    "       candour site invite SITE --host NAME [--port N] [--centre DIR] [--label TEXT] [--group NAME]\n"
    "                 [--minutes N]           (at the centre; 15 minutes, at most a day)\n"
    "       candour site enrol DIR [TEXT] [--no-wait]   (on the box; TEXT is the invitation, once)\n"
    "       candour site pin DIR                        (on the box; of the kiosk's staff area)\n"
    "       candour site seal DIR [--units DIR]         (on the box, as root; device keys under its TPM2 or host key)\n"
    "       candour site tls make|request|install|show DIR ..   (on the box; HTTPS for tablets)\n"
    "       candour site rekey DIR [TEXT] ..            (on the box, as root; new device keys for lost or stolen ones)\n"
    "       candour site repair DIR                     (on the box, as root; a damaged site.db)\n";

/* --- init --------------------------------------------------------------------------------------- */

struct init {
	const char *dir, *kiosk, *forms, *send_every, *concern_slot;
	char real[PATH_MAX];
	struct site_keys keys;	/* the public halves, kept in site.db for candour verify */
};

enum err_code
site_make_keys(const char *dir, struct site_keys *out, struct err *err)
{
	struct seal_key *key = NULL;
	struct keyfile k = { .use = 0 };
	struct buf pem, spki, cert;
	char path[PATH_MAX];
	enum err_code rc = seal_key_new(KEY_DEVICE, &key, err);

	buf_init_secret(&pem, 65536);
	buf_init(&spki, 4096);
	buf_init(&cert, 65536);
	if (rc == ERR_OK)
		rc = keyfile_of(key, &k, err);
	if (rc == ERR_OK)
		rc = cert_key_new(&pem, NULL, err);
	if (rc == ERR_OK)
		rc = cert_key_spki(&pem, &spki, err);
	if (rc == ERR_OK)
		rc = cert_provisional(&pem, &cert, err);
	if (rc == ERR_OK)
		rc = admin_path(dir, "keys/device.key", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = keyfile_write_raw(path, &k, err);
	if (rc == ERR_OK)
		rc = admin_path(dir, "keys/tls.key", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_create(path, pem.data, pem.len, 0600, err);
	if (rc == ERR_OK)
		rc = admin_path(dir, "keys/provisional.pem", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_create(path, cert.data, cert.len, 0644, err);
	if (rc == ERR_OK && out != NULL && spki.len > sizeof(out->spki))
		rc = err_set(err, ERR_BROKEN, "a public key of %zu bytes", spki.len);
	if (rc == ERR_OK && out != NULL) {
		chain_device_id(seal_key_public(key), spki.data, spki.len, out->device);
		memcpy(out->sign, seal_key_public(key), sizeof(out->sign));
		memcpy(out->spki, spki.data, spki.len);
		out->spki_len = spki.len;
	}
	keyfile_clear(&k);
	seal_key_free(key);
	buf_free(&pem);
	buf_free(&spki);
	buf_free(&cert);
	return rc;
}

static enum err_code
make_confs(const struct init *in, struct err *err)
{
	struct buf b;
	char path[PATH_MAX];
	enum err_code rc;

	buf_init(&b, 65536);
	buf_printf(&b, "# candour-kiosk; `candour-kiosk -h` lists every key.\nlisten = %s\nsite = %s/site.db\n"
	    "pin = %s/root.pin\nballast = %s/site.ballast\nconcern_slot_s = %s\n", in->kiosk, in->real, in->real, in->real,
	    in->concern_slot);
	if (in->forms != NULL)
		buf_printf(&b, "forms = %s\n", in->forms);
	rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = admin_path(in->dir, "kiosk.conf", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_create(path, b.data, b.len, 0644, err);
	buf_reset(&b);
	buf_printf(&b, "# candour-sync; `candour-sync -h` lists every key.\nsite_db = %s/site.db\nsite =\n"
	    "pin = %s/keys/sync.pin\ndevice_key = %s/keys/device.key\ntls_key = %s/keys/tls.key\n"
	    "tls_cert = %s/keys/tls.pem\n\n[centre]\nhost =\nport = 8443\nsend_every = %s\nconcern_slot = %s\n", in->real,
	    in->real, in->real, in->real, in->real, in->send_every, in->concern_slot);
	if (rc == ERR_OK)
		rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = admin_path(in->dir, "sync.conf", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_create(path, b.data, b.len, 0644, err);
	buf_free(&b);
	return rc;
}

static enum err_code
make_store(const struct init *in, const char *path, struct err *err)
{
	struct outbox *ob = NULL;
	enum err_code rc = outbox_create(path, in->keys.device, err);

	if (rc == ERR_OK)
		rc = outbox_open(path, OUTBOX_KIOSK, &ob, err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "device.sign", in->keys.sign, sizeof(in->keys.sign), err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "device.tls", in->keys.spki, in->keys.spki_len, err);
	outbox_close(ob);
	return rc;
}

static enum err_code
init(struct init *in, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc = admin_path(in->dir, "site.db", path, sizeof(path), err);
	struct stat s;

	if (rc == ERR_OK && stat(path, &s) == 0)
		return err_set(err, ERR_EXISTS, "%s is there already: a site is made once", path);
	if (rc == ERR_OK)
		rc = admin_path(in->dir, "keys", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_mkdirs(path, 0700, err);
	/* The folder is the site's group's, so that kiosk and sync may each be a user of their own. */
	if (rc == ERR_OK)
		(void)chmod(in->dir, 02770);
	if (rc == ERR_OK && realpath(in->dir, in->real) == NULL)
		rc = err_set(err, ERR_BROKEN, "%s: cannot be found again", in->dir);
	if (rc == ERR_OK && strpbrk(in->real, "\n#") != NULL)
		rc = err_set(err, ERR_INPUT, "%s: such a path cannot stand in a configuration", in->real);
	if (rc == ERR_OK)
		rc = site_make_keys(in->dir, &in->keys, err);
	if (rc == ERR_OK)
		rc = make_confs(in, err);
	if (rc == ERR_OK)
		rc = admin_path(in->dir, "site.db", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = make_store(in, path, err);
	return rc;
}

/* --- invite ------------------------------------------------------------------------------------- */

static void
print_qr(const char *text)
{
	QRcode *qr = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);

	if (qr == NULL)
		return;
	/* Two rows of modules a line, dark on light with a margin of two. */
	for (int y = -2; y < qr->width + 2; y += 2) {
		for (int x = -2; x < qr->width + 2; x++) {
			bool top = y >= 0 && y < qr->width && x >= 0 && x < qr->width && (qr->data[y * qr->width + x] & 1) != 0;
			bool low = y + 1 >= 0 && y + 1 < qr->width && x >= 0 && x < qr->width
			    && (qr->data[(y + 1) * qr->width + x] & 1) != 0;

			fputs(top ? (low ? " " : "\xe2\x96\x84") : (low ? "\xe2\x96\x80" : "\xe2\x96\x88"), stdout);
		}
		putchar('\n');
	}
	QRcode_free(qr);
}

enum { TAG_TRIES = 4096 };	/* of 1,024 tags: finds one that is free, if it is one of the last few, in 98 of 100 */

struct inviting {
	const char *site, *host, *label, *group, *dir;
	int64_t port, minutes;
};

static enum err_code
invite_in(struct store *st, const struct inviting *in, const struct keyring_pin *pin, struct err *err)
{
	struct store_site site = { .name = "" };
	char tag[ENROL_TAG + 1] = "";
	struct invite i = { .port = (uint16_t)in->port };
	uint8_t hash[32];
	int64_t now = time(NULL);
	struct buf text;
	enum err_code rc;

	snprintf(site.name, sizeof(site.name), "%s", in->site);
	snprintf(site.label, sizeof(site.label), "%s", in->label != NULL ? in->label : in->site);
	snprintf(site.group, sizeof(site.group), "%s", in->group != NULL ? in->group : "");
	rc = st->ops->site_put(st, &site, err);
	memcpy(i.root, pin->root, 32);
	snprintf(i.host, sizeof(i.host), "%s", in->host);
	snprintf(i.site, sizeof(i.site), "%s", in->site);
	for (int n = 0; rc == ERR_OK && n < TAG_TRIES; n++) {
		enrol_code_new(i.code);
		memcpy(tag, i.code, ENROL_TAG);
		enrol_code_hash(i.code, hash);
		rc = st->ops->invite(st, in->site, tag, hash, now, now + in->minutes * 60, err);
		if (rc != ERR_EXISTS)
			break;
		rc = n + 1 < TAG_TRIES ? ERR_OK
		    : err_set(err, ERR_LIMIT, "site %s has about a thousand open invitations: wait until some of them "
			"expire, or give shorter times with --minutes", in->site);
	}
	buf_init(&text, 1024);
	invite_put(&i, &text);
	if (rc == ERR_OK)
		rc = buf_check(&text, err);
	if (rc == ERR_OK) {
		print_qr(buf_str(&text));
		printf("%s\n", buf_str(&text));
		fprintf(stderr, "For one box at %s, within %lld minutes: candour site enrol DIR '...'\n", in->site,
		    (long long)in->minutes);
	}
	buf_free(&text);
	return rc;
}

static enum err_code
invite(const struct inviting *in, struct err *err)
{
	struct aggregator_settings set = { 0 };
	struct keyring_pin pin;
	struct store *st = NULL;
	char path[PATH_MAX];
	enum err_code rc = ERR_OK;

	if (!enrol_site_good(in->site))
		return err_set(err, ERR_INPUT, "\"%.70s\": a site's name is 1 to 64 of a-z 0-9 - _", in->site);
	rc = admin_path(in->dir, "aggregator.conf", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, err);
	if (rc == ERR_OK)
		rc = keyring_pin_read(set.root, &pin, err);
	if (rc == ERR_OK)
		rc = store_open(set.store, false, &st, err);
	if (rc == ERR_OK)
		rc = invite_in(st, in, &pin, err);
	store_close(st);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc;
}

/* --- the command -------------------------------------------------------------------------------- */

static int
run_invite(int argc, char **argv)
{
	const char *port = admin_option(&argc, argv, "--port"), *minutes = admin_option(&argc, argv, "--minutes");
	struct inviting in = { .host = admin_option(&argc, argv, "--host"), .label = admin_option(&argc, argv, "--label"),
	    .group = admin_option(&argc, argv, "--group"), .dir = admin_option(&argc, argv, "--centre"), .port = 8443,
	    .minutes = 15 };
	struct err err = { 0 };

	admin_no_more(argc, argv, usage);
	if (argc != 3 || in.host == NULL || (port != NULL && !num_i64(port, strlen(port), 1, 65535, &in.port))
	    || (minutes != NULL && !num_i64(minutes, strlen(minutes), 1, 1440, &in.minutes))) {
		fputs(usage, stderr);
		return 2;
	}
	in.site = argv[2];
	if (in.dir == NULL)
		in.dir = "/var/lib/candour/centre";
	return invite(&in, &err) == ERR_OK ? 0 : admin_fail("site invite", &err);
}

static int
run_init(int argc, char **argv)
{
	struct init in = { .kiosk = admin_option(&argc, argv, "--kiosk"), .forms = admin_option(&argc, argv, "--forms"),
	    .send_every = admin_option(&argc, argv, "--send-every"),
	    .concern_slot = admin_option(&argc, argv, "--concern-slot") };
	struct err err = { 0 };

	admin_no_more(argc, argv, usage);
	if (argc != 3) {
		fputs(usage, stderr);
		return 2;
	}
	in.dir = argv[2];
	in.kiosk = in.kiosk != NULL ? in.kiosk : "127.0.0.1:8080";
	in.send_every = in.send_every != NULL ? in.send_every : "900";
	in.concern_slot = in.concern_slot != NULL ? in.concern_slot : "1800";
	if (init(&in, &err) != ERR_OK)
		return admin_fail("site init", &err);
	printf("The site is in %s. Next, with an invitation of the centre:\n  candour site enrol %s TEXT\n", in.dir, in.dir);
	return 0;
}

static int
run_enrol(int argc, char **argv)
{
	bool no_wait = admin_flag(&argc, argv, "--no-wait");
	struct err err = { 0 };
	enum err_code rc;

	admin_no_more(argc, argv, usage);
	if (argc != 3 && argc != 4) {
		fputs(usage, stderr);
		return 2;
	}
	rc = enrol_box(argv[2], argc == 4 ? argv[3] : NULL, !no_wait, &err);
	return rc == ERR_OK ? 0 : admin_fail("site enrol", &err);
}

int
cmd_site(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "init") == 0)
		return run_init(argc, argv);
	if (argc > 1 && strcmp(argv[1], "invite") == 0)
		return run_invite(argc, argv);
	if (argc > 1 && strcmp(argv[1], "enrol") == 0)
		return run_enrol(argc, argv);
	if (argc > 1 && strcmp(argv[1], "pin") == 0)
		return site_pin(argc, argv);
	if (argc > 1 && strcmp(argv[1], "seal") == 0)
		return site_seal(argc, argv);
	if (argc > 1 && strcmp(argv[1], "tls") == 0)
		return site_tls(argc, argv);
	if (argc > 1 && strcmp(argv[1], "rekey") == 0)
		return site_rekey(argc, argv);
	if (argc > 1 && strcmp(argv[1], "repair") == 0)
		return site_repair(argc, argv);
	fputs(usage, stderr);
	return 2;
}
