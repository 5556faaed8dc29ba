/* candour form preview FILE: the questionnaire in the kiosk's own pages on 127.0.0.1. A site made up for it
 * lives in a folder in memory (or the temporary folder) and is removed at the end; what is answered is sealed
 * to keys that were thrown away before the first page, so nobody can ever read it. */
#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/preview.h"
#include "base/file.h"
#include "base/http.h"
#include "base/num.h"
#include "base/program.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "collector/seal.h"
#include "kiosk/kiosk.h"

enum { MEDIA_EACH = 8 << 20, MEDIA_ALL = 64 << 20, FILE_NAME = 128 };

enum { BODY_MAX = 256 << 10, RING_MAX = 1 << 20, DAYS = 3650 };

struct preview {
	char dir[64];
	struct kiosk_conf conf;
	struct kiosk *kiosk;
	struct http_server *server;
};

/* PATH of NAME in the preview's folder. */
static const char *
in(const struct preview *p, const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", p->dir, name);
	return path;
}

static enum err_code
add_key(struct keyring *ring, enum key_use use, int64_t day, struct seal_key **out, struct err *err)
{
	enum err_code rc = seal_key_new(use, out, err);

	if (rc == ERR_OK && use != KEY_ROOT)
		rc = keyring_add(ring, use, seal_key_public(*out), 32, day - 1, day + DAYS, KEY_ACTIVE, err);
	return rc;
}

/* A key ring whose private keys are gone when this returns. */
static enum err_code
make_ring(struct keyring_pin *pin, struct buf *text, struct err *err)
{
	static const enum key_use uses[] = { KEY_ROOT, KEY_RESPONSE, KEY_ESCROW, KEY_CONCERN, KEY_PUBLISH, KEY_RECEIPT };
	static const char no_ca[] = "preview: there is no certificate";
	struct seal_key *keys[ARRAY_LEN(uses)] = { NULL };
	struct keyring *ring = calloc(1, sizeof(*ring));
	int64_t day = (int64_t)time(NULL) / 86400;
	enum err_code rc = ERR_OK;

	if (ring == NULL)
		return err_nomem(err);
	ring->serial = 1;
	ring->made = time(NULL);
	for (size_t i = 0; i < ARRAY_LEN(uses) && rc == ERR_OK; i++)
		rc = add_key(ring, uses[i], day, &keys[i], err);
	if (rc == ERR_OK)
		rc = keyring_add(ring, KEY_CA, no_ca, sizeof(no_ca) - 1, day - 1, day + DAYS, KEY_ACTIVE, err);
	if (rc == ERR_OK) {
		chain_org_id(seal_key_public(keys[0]), ring->org);
		keyring_pin_init(pin, seal_key_public(keys[0]));
		rc = keyring_write(ring, keys[0], NULL, text, err);
	}
	for (size_t i = 0; i < ARRAY_LEN(uses); i++)
		seal_key_free(keys[i]);
	keyring_free(ring);
	return rc;
}

/* Copy what XML shows into the folder of its media. A name is of letters, digits, points, - _ and bytes of UTF-8, so it
 * leads nowhere else. */
static enum err_code
copy_media(const struct preview *p, const struct buf *xml, preview_file *file, void *arg, struct err *err)
{
	const char *at = buf_str(xml), *end = at + xml->len;
	char path[256], name[FILE_NAME + 1], whole[400];
	size_t total = 0;
	struct buf data;
	enum err_code rc = file_mkdirs(in(p, "forms/preview-media", path), 0700, err);

	buf_init(&data, MEDIA_EACH);
	while (rc == ERR_OK && (at = memmem(at, (size_t)(end - at), "jr://", 5)) != NULL) {
		struct err why = { 0 };
		size_t n = 0;

		at += 5;
		while (at < end && isalpha((unsigned char)*at))
			at++;
		if (strncmp(at, "-csv/", 5) == 0)
			at += 4;
		if (*at != '/')
			continue;
		at++;
		while (n < FILE_NAME && at + n < end && (isalnum((unsigned char)at[n]) || strchr("-_. ", at[n]) != NULL || (at[n] & 0x80) != 0))
			n++;
		snprintf(name, sizeof(name), "%.*s", (int)n, at);
		snprintf(whole, sizeof(whole), "%s/forms/preview-media/%s", p->dir, name);
		if (n == 0 || name[0] == '.' || at[n] == '/' || access(whole, F_OK) == 0)
			continue;
		buf_reset(&data);
		if (file(arg, name, &data, &why) != ERR_OK)
			fprintf(stderr, "candour: preview: %s: %s\n", name, why.msg);
		else if (data.len > MEDIA_ALL - total)
			rc = err_set(err, ERR_LIMIT, "the files beside the form take more than %d MiB together", MEDIA_ALL >> 20);
		else
			rc = file_write(whole, data.data, data.len, 0600, err);
		total += data.len;
	}
	buf_free(&data);
	return rc;
}

static enum err_code
make_site(struct preview *p, const struct buf *xml, struct err *err)
{
	char path[256], site[256];
	uint8_t device[16];
	struct keyring_pin pin;
	struct outbox *ob = NULL;
	struct buf ring;
	enum err_code rc;

	buf_init(&ring, RING_MAX);
	seal_random(device, sizeof(device));
	in(p, "site.db", site);
	rc = make_ring(&pin, &ring, err);
	if (rc == ERR_OK)
		rc = file_mkdirs(in(p, "forms", path), 0700, err);
	if (rc == ERR_OK)
		rc = file_write(in(p, "forms/preview.xml", path), xml->data, xml->len, 0600, err);
	if (rc == ERR_OK)
		rc = keyring_pin_write(in(p, "root.pin", path), &pin, err);
	if (rc == ERR_OK)
		rc = outbox_create(site, device, err);
	if (rc == ERR_OK)
		rc = outbox_open(site, OUTBOX_SYNC, &ob, err);
	if (rc == ERR_OK)
		rc = outbox_ring_put(ob, 1, ring.data, ring.len, err);
	outbox_close(ob);
	buf_free(&ring);
	return rc;
}

static enum err_code
configure(struct preview *p, unsigned port, struct err *err)
{
	char path[256];
	struct buf text;
	enum err_code rc;

	buf_init(&text, 4096);
	buf_printf(&text, "listen = 127.0.0.1:%u\nsite = %s/site.db\npin = %s/root.pin\nforms = %s/forms\nlow_mib = 0\n"
	    "resume_mib = 1\nballast_mib = 0\n", port, p->dir, p->dir, p->dir);
	rc = file_write(in(p, "kiosk.conf", path), text.data, text.len, 0600, err);
	if (rc == ERR_OK)
		rc = config_read(path, kiosk_keys, kiosk_n_keys, &p->conf, err);
	buf_free(&text);
	return rc;
}

/* Remove DIR, which holds files and one level of folders. */
static void
remove_all(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char path[512];

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%.255s", dir, e->d_name);
		if (unlink(path) != 0)
			remove_all(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(dir);
}

static enum err_code
make_folder(struct preview *p, struct err *err)
{
	static const char *const places[] = { "/dev/shm", "/tmp" };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		snprintf(p->dir, sizeof(p->dir), "%s/candour-preview.XXXXXX", places[i]);
		if (mkdtemp(p->dir) != NULL)
			return ERR_OK;
	}
	p->dir[0] = '\0';
	return err_set(err, ERR_BROKEN, "no folder for the preview can be made in /dev/shm or /tmp");
}

static enum err_code
serve(struct preview *p, struct err *err)
{
	struct http_conf http = { .name = "preview", .listen = p->conf.listen, .listen_fd = -1, .threads = 2,
		.connections = 32, .timeout_s = 30, .body_max = BODY_MAX, .close_posts = true, .handle = kiosk_handle };
	enum err_code rc = kiosk_open(&p->conf, &clock_system, &p->kiosk, err);

	if (rc != ERR_OK)
		return rc;
	http.arg = p->kiosk;
	rc = http_start(&http, &p->server, err);
	if (rc != ERR_OK)
		return rc;
	kiosk_ports(p->kiosk, http_port(p->server), 0);
	kiosk_tick(p->kiosk);
	printf("http://127.0.0.1:%u/   nothing is kept; Ctrl-C ends it\n", http_port(p->server));
	fflush(stdout);
	while (!program_wait(1000))
		kiosk_tick(p->kiosk);
	return ERR_OK;
}

enum err_code
preview_run(const struct buf *xml, preview_file *file, void *arg, unsigned port, struct err *err)
{
	struct preview p = { .server = NULL };
	sigset_t stop;
	enum err_code rc;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	umask(0077);
	rc = make_folder(&p, err);
	if (rc == ERR_OK)
		rc = make_site(&p, xml, err);
	if (rc == ERR_OK)
		rc = copy_media(&p, xml, file, arg, err);
	if (rc == ERR_OK)
		rc = configure(&p, port, err);
	if (rc == ERR_OK)
		rc = serve(&p, err);
	http_stop(p.server);
	kiosk_close(p.kiosk);
	config_clear(kiosk_keys, kiosk_n_keys, &p.conf);
	if (p.dir[0] != '\0')
		remove_all(p.dir);
	return rc;
}
