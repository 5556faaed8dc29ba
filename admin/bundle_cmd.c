/* candour bundle: `make` signs files for devices with the publish key (on the commissioners' machine, which need
 * not be the centre); `post` puts the bundle where devices fetch it. docs/formats/bundle.md. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "admin/commands.h"
#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "kiosk/bundle.h"
#include "kiosk/catalog.h"
#include "kiosk/sent.h"
#include "sync/bundle.h"
#include "sync/enrol.h"

static const char usage[] =
    "usage: candour bundle make KIND --publish-key FILE --out FILE [--site NAME | --device ID] [--serial N] FILE...\n"
    "       candour bundle post FILE [--centre DIR]\n"
    "       candour bundle show FILE\n"
    "  KIND      forms, settings or notices (a revocation is `candour device revoke --publish-key`)\n"
    "  FILE      of forms: NAME.xml, and the pictures, sounds, films and lists (*.csv) that they name\n"
    "            of settings: one, settings.conf (docs/formats/settings.md)\n"
    "  --serial  counts up for each kind; if not given, the present time\n";

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static enum err_code
add_files(char **files, int n, struct buf *payload, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (int i = 0; i < n && rc == ERR_OK; i++) {
		struct buf data;

		buf_init(&data, BUNDLE_PAYLOAD_MAX);
		rc = file_read(files[i], &data, err);
		if (rc == ERR_OK)
			rc = bundle_add(payload, base_name(files[i]), data.data, data.len, err);
		buf_free(&data);
	}
	return rc;
}

struct making {
	const char *key, *out, *site, *device;
	int64_t serial;
	char **files;
	int n;
};

/* Forms as a kiosk will load them: what it would refuse, or show without a picture that it names, is refused here. */
static enum err_code
judge_forms(const struct buf *payload, struct err *err)
{
	char name[BUNDLE_NAME_MAX + 1], lacks[MEDIA_NAME + 1];
	struct catalog *c = NULL;
	const uint8_t *data;
	size_t at = 0, n;
	enum err_code rc = catalog_payload(payload->data, payload->len, "", &c, err);

	while (rc == ERR_OK && bundle_file(payload->data, payload->len, &at, name, &data, &n)) {
		size_t from = 0, len = strlen(name);

		if (len > 4 && strcmp(name + len - 4, ".xml") == 0
		    && media_missing(&c->media, (const char *)data, n, &from, lacks))
			rc = err_set(err, ERR_INPUT, "%s names %s, which is not among the files: add it", name, lacks);
	}
	if (rc == ERR_OK && c->n == 0)
		rc = err_set(err, ERR_INPUT, "there is no form among the files (NAME.xml, made by candour form convert)");
	catalog_free(c);
	return rc;
}

/* Settings as a kiosk reads them. */
static enum err_code
judge_settings(const struct buf *payload, struct err *err)
{
	char page[] = "page", none[] = "";
	struct kiosk_conf conf = { .keyboard = page, .numbers = none };
	struct sent *s = NULL;
	enum err_code rc = sent_read(payload->data, payload->len, &conf, &s, err);

	sent_free(s);
	return rc;
}

static enum err_code
make(enum bundle_kind kind, const struct making *m, struct err *err)
{
	struct bundle b = { .kind = kind, .serial = (uint32_t)m->serial, .made = (uint64_t)time(NULL) };
	struct seal_key *key = NULL;
	struct buf payload, out;
	enum err_code rc;

	buf_init(&payload, BUNDLE_PAYLOAD_MAX);
	buf_init(&out, BUNDLE_MAX);
	rc = add_files(m->files, m->n, &payload, err);
	if (rc == ERR_OK && kind == BUNDLE_FORMS)
		rc = judge_forms(&payload, err);
	if (rc == ERR_OK && kind == BUNDLE_SETTINGS)
		rc = judge_settings(&payload, err);
	if (rc == ERR_OK && m->site != NULL && !enrol_site_good(m->site))
		rc = err_set(err, ERR_INPUT, "\"%.70s\" is no site's name", m->site);
	if (rc == ERR_OK && m->site != NULL)
		bundle_site_target(m->site, b.target);
	if (rc == ERR_OK && m->device != NULL && !hex_get(m->device, strlen(m->device), b.target, 16))
		rc = err_set(err, ERR_INPUT, "a device is named by its 32 hex digits (candour device list)");
	if (rc == ERR_OK)
		rc = keyfile_load(m->key, KEY_PUBLISH, keyfile_ask_terminal, NULL, &key, err);
	if (rc == ERR_OK) {
		b.payload = payload.data;
		b.payload_len = (uint32_t)payload.len;
		seal_key_id(key, b.key_id);
		rc = bundle_make(&b, key, &out, err);
	}
	if (rc == ERR_OK)
		rc = file_write(m->out, out.data, out.len, 0644, err);
	seal_key_free(key);
	buf_free(&payload);
	buf_free(&out);
	return rc;
}

/* Is B signed by a publish key of the centre's ring? What devices would refuse is refused here. */
static enum err_code
judge(const struct aggregator_settings *set, const struct bundle *b, const uint8_t *bytes, struct err *err)
{
	const struct keyring_key *key;
	struct keyring *ring = NULL;
	struct buf text;
	enum err_code rc;

	buf_init(&text, KEYRING_MAX);
	rc = file_read(set->ring, &text, err);
	if (rc == ERR_OK)
		rc = keyring_parse(buf_str(&text), text.len, &ring, err);
	if (rc == ERR_OK) {
		key = keyring_verifier(ring, KEY_PUBLISH, b->key_id);
		if (key == NULL || !bundle_signed(bytes, key->public_))
			rc = err_set(err, ERR_DENIED, "the bundle is not signed by a publish key of the key ring");
	}
	keyring_free(ring);
	buf_free(&text);
	return rc;
}

struct reach {
	struct store *st;
	const struct bundle *b;
};

/* A box of the registry that B is for, and that may have a higher one already (its own above its site's, its site's
 * above its own), would never ask for B. */
static enum err_code
on_box(void *arg, const struct store_device *d, struct err *err)
{
	const struct reach *r = arg;
	uint8_t site[16];
	uint32_t serial = 0;
	enum err_code rc;

	bundle_site_target(d->site, site);
	if (d->state != STORE_APPROVED || (memcmp(r->b->target, d->id, 16) != 0 && memcmp(r->b->target, site, 16) != 0))
		return ERR_OK;
	rc = r->st->ops->bundle_get(r->st, (int)r->b->kind, d->id, site, r->b->serial - 1, &serial, NULL, err);
	if (rc == ERR_ABSENT)
		return ERR_OK;
	return rc != ERR_OK ? rc : err_set(err, ERR_EXISTS, "serial %u: the box at %s is given serial %u already",
	    r->b->serial, d->site, serial);
}

static enum err_code
post_to(struct store *st, const struct bundle *b, const void *bytes, size_t len, struct err *err)
{
	struct reach r = { st, b };
	struct err why = { 0 };
	enum err_code rc = st->ops->device_each(st, on_box, &r, &why);

	if (rc == ERR_OK)
		rc = st->ops->bundle_put(st, (int)b->kind, b->target, b->serial, bytes, len, &why);
	if (rc == ERR_EXISTS)
		return err_set(err, rc, "%s, and a box asks for what is above what it has: make this bundle again, now, "
		    "or with a higher --serial", why.msg);
	*err = why;
	return rc;
}

static enum err_code
post(const char *file, const char *dir, struct bundle *b, struct err *err)
{
	struct aggregator_settings set = { 0 };
	struct store *st = NULL;
	struct buf bytes;
	char path[PATH_MAX];
	enum err_code rc;

	buf_init(&bytes, BUNDLE_MAX);
	rc = file_read(file, &bytes, err);
	if (rc == ERR_OK)
		rc = bundle_read(bytes.data, bytes.len, b, err);
	if (rc == ERR_OK)
		rc = admin_path(dir, "aggregator.conf", path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, err);
	if (rc == ERR_OK)
		rc = judge(&set, b, bytes.data, err);
	if (rc == ERR_OK)
		rc = store_open(set.store, false, &st, err);
	if (rc == ERR_OK)
		rc = post_to(st, b, bytes.data, bytes.len, err);
	store_close(st);
	buf_free(&bytes);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc;
}

static enum err_code
show(const char *file, struct err *err)
{
	char name[BUNDLE_NAME_MAX + 1], target[33];
	const uint8_t *data;
	struct bundle b;
	struct buf bytes;
	size_t at = 0, n;
	enum err_code rc;

	buf_init(&bytes, BUNDLE_MAX);
	rc = file_read(file, &bytes, err);
	if (rc == ERR_OK)
		rc = bundle_read(bytes.data, bytes.len, &b, err);
	if (rc == ERR_OK) {
		hex_str(b.target, 16, target);
		printf("kind %s\nserial %u\ntarget %s\n", bundle_kind_word(b.kind), b.serial, target);
		while (bundle_next(&b, &at, name, &data, &n))
			printf("file %s, %zu bytes\n", name, n);
	}
	buf_free(&bytes);
	return rc;
}

int
cmd_bundle(int argc, char **argv)
{
	struct making m = { .key = admin_option(&argc, argv, "--publish-key"), .out = admin_option(&argc, argv, "--out"),
	    .site = admin_option(&argc, argv, "--site"), .device = admin_option(&argc, argv, "--device"),
	    .serial = time(NULL) };
	const char *serial = admin_option(&argc, argv, "--serial"), *dir = admin_option(&argc, argv, "--centre");
	enum bundle_kind kind = argc > 2 ? bundle_kind_of(argv[2]) : (enum bundle_kind)0;
	struct bundle b;
	struct err err = { 0 };

	if (argc > 1 && strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	admin_no_more(argc, argv, usage);
	if (serial != NULL && !num_i64(serial, strlen(serial), 1, UINT32_MAX, &m.serial)) {
		fputs(usage, stderr);
		return 2;
	}
	if (argc > 3 && strcmp(argv[1], "make") == 0 && kind != 0 && kind != BUNDLE_REVOKE && m.out != NULL && m.key != NULL
	    && (m.site == NULL || m.device == NULL)) {
		m.files = argv + 3;
		m.n = argc - 3;
		if (make(kind, &m, &err) != ERR_OK)
			return admin_fail("bundle make", &err);
		printf("%s, serial %lld: candour bundle post %s at the centre\n", m.out, (long long)m.serial, m.out);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "post") == 0) {
		if (post(argv[2], dir != NULL ? dir : "/var/lib/candour/centre", &b, &err) != ERR_OK)
			return admin_fail("bundle post", &err);
		printf("Posted. Boxes fetch it when they next deliver.\n");
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "show") == 0)
		return show(argv[2], &err) == ERR_OK ? 0 : admin_fail("bundle show", &err);
	fputs(usage, stderr);
	return 2;
}
