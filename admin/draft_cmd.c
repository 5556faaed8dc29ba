/* candour draft: focus groups whose passphrase is lost, read with a key of the organisation. */
#include <stdio.h>
#include <string.h>

#include "admin/commands.h"
#include "aggregator/store.h"
#include "base/codec.h"
#include "collector/draft.h"
#include "collector/keyfile.h"

enum { DRAFTS = 64, FIELD_SPLIT = 0x1f };

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour draft recover --key FILE SITE.DB\n"
	    "       candour draft recover --key FILE --store STORE\n\n"
	    "Prints every line of focus groups that were never closed, one event a line, fields split by tabs:\n"
	    "those that lie in a care site's store (a copy will do), or those that staff sent unopened and that have\n"
	    "come to the centre. FILE is the response or the escrow key. Nothing of it was read back to the group, so\n"
	    "nothing of it counts: settle with the people who were there what may be done with it. Changes nothing.\n");
	return to == stdout ? 0 : 2;
}

static enum err_code
print_line(void *arg, uint32_t n, const uint8_t *line, size_t len, struct err *err)
{
	(void)arg;
	(void)err;
	printf("%u\t", n);
	for (size_t i = 0; i < len; i++)
		putchar(line[i] == FIELD_SPLIT ? '\t' : line[i] == '\n' ? ' ' : line[i]);
	putchar('\n');
	return ERR_OK;
}

static enum err_code
recover(const struct seal_key *key, const uint8_t id[16], const uint8_t *packed, size_t len, size_t *found, struct err *err)
{
	char hex[33];

	hex_str(id, 16, hex);
	printf("draft %s\n", hex);
	(*found)++;
	return draft_recover(packed, len, key, print_line, NULL, err);
}

static enum err_code
from_site(const char *path, const struct seal_key *key, size_t *found, struct err *err)
{
	struct draft_about list[DRAFTS];
	struct outbox *ob = NULL;
	struct buf packed;
	size_t n = 0;
	enum err_code rc = outbox_open(path, OUTBOX_READ, &ob, err);

	buf_init(&packed, RECORD_PLAIN_MAX);
	if (rc == ERR_OK)
		rc = draft_list(ob, list, DRAFTS, &n, err);
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		buf_reset(&packed);
		rc = draft_pack(ob, list[i].id, &packed, err);
		if (rc == ERR_OK)
			rc = recover(key, list[i].id, packed.data, packed.len, found, err);
	}
	buf_free(&packed);
	outbox_close(ob);
	return rc;
}

struct search {
	struct store *store;
	const struct seal_key *key;
	size_t found;
};

/* Records that do not open, and those of other types, are none of ours. */
static enum err_code
take_row(void *arg, const struct store_row *row, struct err *err)
{
	struct search *s = arg;
	struct record_plain plain;
	struct record record;
	struct buf wire, text;
	struct err why;
	enum err_code rc = ERR_OK;

	if (row->kind != RECORD_SEALED)
		return ERR_OK;
	buf_init(&wire, RECORD_WIRE_MAX);
	buf_init_secret(&text, RECORD_PLAIN_MAX + RECORD_HEADER);
	store_row_wire(row, &wire);
	if (wire.failed != ERR_OK)
		rc = err_nomem(err);
	else if (record_view(wire.data, wire.len, &record, &why) == ERR_OK && !record.erased
	    && seal_open(s->key, &record, &text, &why) == ERR_OK
	    && record_plain_get(text.data, text.len, &plain, &why) == ERR_OK && plain.type == PLAIN_DRAFT)
		rc = recover(s->key, row->id, plain.content, plain.len, &s->found, err);
	buf_free(&text);
	buf_free(&wire);
	return rc;
}

static enum err_code
take_chain(void *arg, const struct store_position *p, struct err *err)
{
	struct search *s = arg;
	uint64_t after = 0;
	enum err_code rc = ERR_OK;

	while (p->lane == LANE_ANSWERS && after < p->hw && rc == ERR_OK) {
		uint64_t n = p->hw - after < 100 ? p->hw - after : 100;

		rc = s->store->ops->rows(s->store, p->device, p->lane, p->epoch, after, n, take_row, s, err);
		after += n;
	}
	return rc;
}

static enum err_code
from_store(const char *path, const struct seal_key *key, size_t *found, struct err *err)
{
	struct search s = { .key = key };
	enum err_code rc = store_open(path, false, &s.store, err);

	if (rc == ERR_OK)
		rc = s.store->ops->positions(s.store, take_chain, &s, err);
	store_close(s.store);
	*found = s.found;
	return rc;
}

int
cmd_draft(int argc, char **argv)
{
	const char *key_path = NULL, *store = NULL, *site = NULL;
	struct keyfile shown = { .use = 0 };
	struct seal_key *key = NULL;
	struct err err = { 0 };
	size_t found = 0;
	enum err_code rc;

	if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
		return usage(stdout);
	if (argc < 2 || strcmp(argv[1], "recover") != 0)
		return usage(stderr);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			key_path = argv[++i];
		else if (strcmp(argv[i], "--store") == 0 && i + 1 < argc)
			store = argv[++i];
		else if (argv[i][0] != '-' && site == NULL)
			site = argv[i];
		else
			return strcmp(argv[i], "-h") == 0 ? usage(stdout) : usage(stderr);
	}
	if (key_path == NULL || (store == NULL) == (site == NULL))
		return usage(stderr);
	rc = keyfile_show(key_path, &shown, &err);
	if (rc == ERR_OK && shown.use != KEY_RESPONSE && shown.use != KEY_ESCROW)
		rc = err_set(&err, ERR_INPUT, "%s is a %s key: the response or the escrow key is needed", key_path,
		    key_use_word(shown.use));
	if (rc == ERR_OK)
		rc = keyfile_load(key_path, shown.use, keyfile_ask_terminal, NULL, &key, &err);
	if (rc == ERR_OK)
		rc = store != NULL ? from_store(store, key, &found, &err) : from_site(site, key, &found, &err);
	keyfile_clear(&shown);
	seal_key_free(key);
	if (rc != ERR_OK) {
		fprintf(stderr, "candour draft: %s\n", err.msg);
		return 1;
	}
	fprintf(stderr, "%zu draft%s\n", found, found == 1 ? "" : "s");
	return 0;
}
