/* A care site for tests, without a centre: tool_site make DIR [FORM.xml..] writes keys (of tests, in clear), key
 * ring, pin, site.db, forms and kiosk.conf into DIR; tool_site open DIR prints what was sealed there, as only the
 * holder of the keys can; tool_site count DIR prints the number of sealed answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/codec.h"
#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/bundle.h"

static int
fail(const struct err *err)
{
	fprintf(stderr, "tool_site: %s: %s\n", err_word(err->code), err->msg);
	return 1;
}

static const char *
in(const char *dir, const char *name)
{
	static char path[8][4096];
	static unsigned n;
	char *p = path[n++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static enum err_code
make_key(const char *dir, enum key_use use, struct keyring *ring, int64_t day, struct seal_key **out,
    struct err *err)
{
	struct keyfile file = { .use = use };
	enum err_code rc = seal_key_new(use, out, err);

	if (rc == ERR_OK)
		rc = keyfile_of(*out, &file, err);
	if (rc == ERR_OK)
		rc = keyfile_write_raw(in(dir, key_use_word(use)), &file, err);
	if (rc == ERR_OK && use != KEY_ROOT)
		rc = keyring_add(ring, use, seal_key_public(*out), 32, day - 1, day + 3650, KEY_ACTIVE, err);
	keyfile_clear(&file);
	return rc;
}

static enum err_code
make_ring(const char *dir, struct keyring_pin *pin, struct buf *text, struct err *err)
{
	static const enum key_use uses[] = { KEY_ROOT, KEY_RESPONSE, KEY_ESCROW, KEY_CONCERN, KEY_PUBLISH, KEY_RECEIPT };
	struct seal_key *keys[ARRAY_LEN(uses)] = { NULL };
	struct keyring *ring = calloc(1, sizeof(*ring));
	int64_t day = time(NULL) / 86400;
	enum err_code rc = ERR_OK;

	if (ring == NULL)
		return err_nomem(err);
	ring->serial = 1;
	ring->made = time(NULL);
	for (size_t i = 0; i < ARRAY_LEN(uses) && rc == ERR_OK; i++)
		rc = make_key(dir, uses[i], ring, day, &keys[i], err);
	if (rc == ERR_OK) {
		/* No certificate: nothing here speaks TLS. */
		rc = keyring_add(ring, KEY_CA, "not a certificate: a key of tests", 33, day - 1, day + 3650, KEY_ACTIVE, err);
		chain_org_id(seal_key_public(keys[0]), ring->org);
		keyring_pin_init(pin, seal_key_public(keys[0]));
	}
	if (rc == ERR_OK)
		rc = keyring_write(ring, keys[0], NULL, text, err);
	for (size_t i = 0; i < ARRAY_LEN(uses); i++)
		seal_key_free(keys[i]);
	keyring_free(ring);
	return rc;
}

static int
make(const char *dir, char **forms)
{
	uint8_t device[16];
	struct keyring_pin pin;
	struct outbox *ob = NULL;
	struct buf text, conf;
	struct err err;
	int status = 0;

	buf_init(&text, 8 << 20);
	buf_init(&conf, 65536);
	seal_random(device, sizeof(device));
	if (file_mkdirs(in(dir, "forms"), 0700, &err) != ERR_OK || make_ring(dir, &pin, &text, &err) != ERR_OK
	    || keyring_pin_write(in(dir, "root.pin"), &pin, &err) != ERR_OK
	    || outbox_create(in(dir, "site.db"), device, &err) != ERR_OK
	    || outbox_open(in(dir, "site.db"), OUTBOX_SYNC, &ob, &err) != ERR_OK
	    || outbox_ring_put(ob, 1, text.data, text.len, &err) != ERR_OK)
		status = fail(&err);
	outbox_close(ob);
	for (; *forms != NULL && status == 0; forms++) {
		const char *base = strrchr(*forms, '/') == NULL ? *forms : strrchr(*forms, '/') + 1;
		char name[300];

		snprintf(name, sizeof(name), "forms/%s", base);
		buf_reset(&text);
		if (file_read(*forms, &text, &err) != ERR_OK
		    || file_write(in(dir, name), text.data, text.len, 0600, &err) != ERR_OK)
			status = fail(&err);
	}
	buf_printf(&conf, "listen = 127.0.0.1:0\nsite = %s\npin = %s\nforms = %s\nlow_mib = 1\nresume_mib = 2\n"
	    "scale_coin = no\nnumbers = Council safeguarding: 01234 567890; Advocate: 01234 098765\n",
	    in(dir, "site.db"), in(dir, "root.pin"), in(dir, "forms"));
	if (status == 0 && file_write(in(dir, "kiosk.conf"), conf.data, conf.len, 0600, &err) != ERR_OK)
		status = fail(&err);
	buf_free(&text);
	buf_free(&conf);
	return status;
}

/* Every sealed record of LANE; SHOW its content. */
static int
each(const char *dir, uint8_t lane, bool show, size_t *count)
{
	struct seal_key *key = NULL;
	struct outbox *ob = NULL;
	struct outbox_span span = { .n = 0 };
	struct buf plain;
	struct err err;
	uint64_t at = 1;

	buf_init_secret(&plain, 2 << 20);
	if (outbox_open(in(dir, "site.db"), OUTBOX_READ, &ob, &err) != ERR_OK
	    || keyfile_load(in(dir, lane == 0 ? "response" : "concern"), lane == 0 ? KEY_RESPONSE : KEY_CONCERN,
	    NULL, NULL, &key, &err) != ERR_OK)
		return fail(&err);
	for (;;) {
		size_t offset = 0;

		outbox_span_clear(&span);
		memset(&span, 0, sizeof(span));
		if (outbox_read(ob, lane, at, 100, 1 << 20, &span, &err) != ERR_OK)
			return fail(&err);
		if (span.n == 0)
			break;
		while (offset < span.bytes.len) {
			uint32_t len = be32(span.bytes.data + offset);
			struct record_plain p;
			struct record r;

			if (record_read(span.bytes.data + offset + 4, len, &r, &err) != ERR_OK)
				return fail(&err);
			offset += 4 + len;
			if (r.head.kind == RECORD_WITHDRAWAL && show)
				printf("<withdrawal/>\n");
			if (r.head.kind != RECORD_SEALED)
				continue;
			if (r.erased) {
				if (show)
					printf("<erased/>\n");
				continue;
			}
			buf_reset(&plain);
			if (seal_open(key, &r, &plain, &err) != ERR_OK
			    || record_plain_get(plain.data, plain.len, &p, &err) != ERR_OK)
				return fail(&err);
			if (p.type != PLAIN_INSTANCE)
				continue;
			(*count)++;
			if (show)
				printf("%.*s\n", (int)p.len, (const char *)p.content);
		}
		at += span.n;
	}
	outbox_span_clear(&span);
	outbox_close(ob);
	seal_key_free(key);
	buf_free(&plain);
	return 0;
}

/* Sign FILES as a bundle of KIND and put it into site.db, as sync would; $BUNDLE_SITE: for that site alone. */
static int
bundle(const char *dir, int kind, const char *serial, char **files)
{
	const char *target = getenv("BUNDLE_SITE");
	struct seal_key *key = NULL;
	struct outbox *ob = NULL;
	struct buf payload, file, out;
	struct bundle b = { .kind = (enum bundle_kind)kind, .serial = (uint32_t)atoi(serial), .made = (uint64_t)time(NULL) };
	struct err err;
	int status = 0;

	if (target != NULL)
		bundle_site_target(target, b.target);
	buf_init(&payload, 8 << 20);
	buf_init(&file, 8 << 20);
	buf_init(&out, 9 << 20);
	for (; *files != NULL && status == 0; files++) {
		const char *base = strrchr(*files, '/') == NULL ? *files : strrchr(*files, '/') + 1;

		buf_reset(&file);
		if (file_read(*files, &file, &err) != ERR_OK || bundle_add(&payload, base, file.data, file.len, &err) != ERR_OK)
			status = fail(&err);
	}
	b.payload = payload.data;
	b.payload_len = (uint32_t)payload.len;
	if (status == 0 && (keyfile_load(in(dir, "publish"), KEY_PUBLISH, NULL, NULL, &key, &err) != ERR_OK
	    || (seal_key_id(key, b.key_id), bundle_make(&b, key, &out, &err) != ERR_OK)
	    || outbox_open(in(dir, "site.db"), OUTBOX_SYNC, &ob, &err) != ERR_OK
	    || outbox_bundle_put(ob, (uint8_t)kind, b.target, b.serial, out.data, out.len, &err) != ERR_OK))
		status = fail(&err);
	outbox_close(ob);
	seal_key_free(key);
	buf_free(&payload);
	buf_free(&file);
	buf_free(&out);
	return status;
}

/* This box stands at SITE, as sync says it when it takes a bundle. */
static int
at_site(const char *dir, const char *name)
{
	struct outbox *ob = NULL;
	uint8_t target[16];
	struct err err;
	int status = 0;

	bundle_site_target(name, target);
	if (outbox_open(in(dir, "site.db"), OUTBOX_SYNC, &ob, &err) != ERR_OK
	    || outbox_meta_put(ob, "site.target", target, sizeof(target), &err) != ERR_OK)
		status = fail(&err);
	outbox_close(ob);
	return status;
}

int
main(int argc, char **argv)
{
	size_t n = 0;
	int status;

	if (argc >= 3 && strcmp(argv[1], "make") == 0)
		return make(argv[2], argv + 3);
	if (argc == 3 && (strcmp(argv[1], "open") == 0 || strcmp(argv[1], "concerns") == 0))
		return each(argv[2], strcmp(argv[1], "open") == 0 ? 0 : 1, true, &n);
	if (argc == 3 && strcmp(argv[1], "count") == 0) {
		status = each(argv[2], 0, false, &n);
		printf("%zu\n", n);
		return status;
	}
	if (argc == 4 && strcmp(argv[1], "at") == 0)
		return at_site(argv[2], argv[3]);
	if (argc >= 5 && strcmp(argv[1], "notices") == 0)
		return bundle(argv[2], BUNDLE_NOTICES, argv[3], argv + 4);
	if (argc >= 5 && strcmp(argv[1], "forms") == 0)
		return bundle(argv[2], BUNDLE_FORMS, argv[3], argv + 4);
	fprintf(stderr, "usage: tool_site make DIR [FORM.xml..] | open DIR | concerns DIR | count DIR\n"
	    "       tool_site forms|notices DIR SERIAL FILE.. | at DIR SITE\n");
	return 2;
}
