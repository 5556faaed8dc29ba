/* For the chain test: opens every lane 0 record of a central store with the response key and prints, a line
 * each, "RECORD-ID FIELD-VALUE" (line breaks as blanks). It goes its own way from the store's rows to the
 * text, beside candour-indicators' worker.
 *	tool_open STORE KEY FORM.xml FIELD */
#include <stdio.h>
#include <string.h>

#include "aggregator/store.h"
#include "base/codec.h"
#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/record.h"
#include "collector/seal.h"
#include "forms/expr.h"

struct opening {
	struct store *store;
	struct seal_key *key;
	struct form *form;
	uint8_t form_id[16];
	const char *field;
	unsigned long opened, other;
};

static void
print(const struct opening *o, const uint8_t id[16], const struct record_plain *plain)
{
	struct instance *in = NULL;
	struct err err = { 0 };
	char hex[33];

	if (instance_read(o->form, (const char *)plain->content, plain->len, &in, &err) != ERR_OK) {
		fprintf(stderr, "tool_open: %s\n", err.msg);
		return;
	}
	hex_str(id, 16, hex);
	printf("%s ", hex);
	for (const char *s = instance_text(in, o->field); *s != '\0'; s++)
		putchar(*s == '\n' || *s == '\r' ? ' ' : *s);
	putchar('\n');
	instance_free(in);
}

static enum err_code
row(void *arg, const struct store_row *r, struct err *err)
{
	struct opening *o = arg;
	struct record_plain plain;
	struct record record;
	struct buf wire, text;
	enum err_code rc;

	if (r->kind != RECORD_SEALED)
		return ERR_OK;
	buf_init(&wire, RECORD_WIRE_MAX);
	buf_init_secret(&text, RECORD_PLAIN_MAX + RECORD_HEADER);
	store_row_wire(r, &wire);
	rc = record_read(wire.data, wire.len, &record, err);
	if (rc == ERR_OK && seal_open(o->key, &record, &text, err) == ERR_OK
	    && record_plain_get(text.data, text.len, &plain, err) == ERR_OK && plain.type == PLAIN_INSTANCE
	    && memcmp(plain.form, o->form_id, 16) == 0) {
		o->opened++;
		print(o, r->id, &plain);
	} else {
		o->other++;
	}
	buf_free(&text);
	buf_free(&wire);
	return rc;
}

static enum err_code
chain(void *arg, const struct store_position *p, struct err *err)
{
	struct opening *o = arg;
	uint64_t after = 0;
	enum err_code rc = ERR_OK;

	if (p->lane != LANE_ANSWERS)
		return ERR_OK;
	while (after < p->hw && rc == ERR_OK) {
		uint64_t n = p->hw - after < 100 ? p->hw - after : 100;

		rc = o->store->ops->rows(o->store, p->device, p->lane, p->epoch, after, n, row, o, err);
		after += n;
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct opening o = { 0 };
	struct findings findings;
	struct err err = { 0 };
	struct buf xml;
	enum err_code rc;

	if (argc != 5) {
		fprintf(stderr, "usage: tool_open STORE KEY FORM.xml FIELD\n");
		return 2;
	}
	o.field = argv[4];
	findings_init(&findings);
	buf_init(&xml, 8 << 20);
	rc = file_read(argv[3], &xml, &err);
	if (rc == ERR_OK) {
		chain_form_id(xml.data, xml.len, o.form_id);
		rc = form_load(buf_str(&xml), xml.len, NULL, &findings, &o.form, &err);
	}
	if (rc == ERR_OK)
		rc = keyfile_load(argv[2], KEY_RESPONSE, NULL, NULL, &o.key, &err);
	if (rc == ERR_OK)
		rc = store_open(argv[1], false, &o.store, &err);
	if (rc == ERR_OK)
		rc = o.store->ops->positions(o.store, chain, &o, &err);
	if (rc != ERR_OK)
		fprintf(stderr, "tool_open: %s\n", err.msg);
	fprintf(stderr, "opened=%lu other=%lu\n", o.opened, o.other);
	store_close(o.store);
	seal_key_free(o.key);
	form_free(o.form);
	findings_clear(&findings);
	buf_free(&xml);
	return rc == ERR_OK ? 0 : 1;
}
