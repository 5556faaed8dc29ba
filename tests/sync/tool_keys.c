/* tool_keys CENTRE OUT: for tests, the keys of a made-up organisation in OUT (root.key, response.key,
 * escrow.key, concern.key, publish.key), or with a third argument SERIAL a ring of them and of CENTRE's CA and
 * receipt key in OUT/ring. Test keys, of no worth. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/keyfile.h"
#include "collector/keyring.h"

static struct err err;

static void
die(const char *what)
{
	fprintf(stderr, "tool_keys: %s: %s\n", what, err.msg);
	exit(1);
}

static void
make(const char *dir, enum key_use use)
{
	struct seal_key *key = NULL;
	struct keyfile k = { .use = 0 };
	char path[1000];

	snprintf(path, sizeof(path), "%s/%s.key", dir, key_use_word(use));
	if (seal_key_new(use, &key, &err) != ERR_OK || keyfile_of(key, &k, &err) != ERR_OK
	    || keyfile_write_raw(path, &k, &err) != ERR_OK)
		die(path);
	keyfile_clear(&k);
	seal_key_free(key);
}

static void
add(struct keyring *ring, const char *dir, const char *name)
{
	struct keyfile k = { .use = 0 };
	char path[1000];

	snprintf(path, sizeof(path), "%s/%s.key", dir, name);
	if (keyfile_read(path, NULL, NULL, &k, &err) != ERR_OK
	    || keyring_add(ring, k.use, k.public_.data, k.public_.len, 0, 40000, KEY_ACTIVE, &err) != ERR_OK)
		die(path);
	keyfile_clear(&k);
}

int
main(int argc, char **argv)
{
	static const enum key_use uses[] = { KEY_ROOT, KEY_RESPONSE, KEY_ESCROW, KEY_CONCERN, KEY_PUBLISH };
	struct keyring *ring = calloc(1, sizeof(*ring));
	struct seal_key *root = NULL;
	struct buf text;
	char path[1000];
	FILE *f;

	if (argc < 3)
		return 2;
	if (argc == 3) {
		for (size_t i = 0; i < ARRAY_LEN(uses); i++)
			make(argv[2], uses[i]);
		free(ring);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/root.key", argv[2]);
	if (keyfile_load(path, KEY_ROOT, NULL, NULL, &root, &err) != ERR_OK)
		die(path);
	chain_org_id(seal_key_public(root), ring->org);
	ring->serial = (uint32_t)atoi(argv[3]);
	ring->made = time(NULL);
	add(ring, argv[2], "response");
	add(ring, argv[2], "escrow");
	add(ring, argv[2], "concern");
	add(ring, argv[2], "publish");
	snprintf(path, sizeof(path), "%s/keys", argv[1]);
	add(ring, path, "receipt");
	add(ring, path, "ca");
	buf_init(&text, KEYRING_MAX);
	if (keyring_write(ring, root, NULL, &text, &err) != ERR_OK)
		die("ring");
	snprintf(path, sizeof(path), "%s/ring", argv[2]);
	f = fopen(path, "w");
	if (f == NULL || fwrite(text.data, 1, text.len, f) != text.len || fclose(f) != 0)
		die(path);
	buf_free(&text);
	keyring_free(ring);
	seal_key_free(root);
	return 0;
}
