/* A central store with one device a site and records sealed to a test key, for tests of the worker and of
 * publications. Test keys only: their seeds are constants. */
#ifndef TESTS_INDICATORS_CENTRE_H
#define TESTS_INDICATORS_CENTRE_H

#include <string.h>
#include <unistd.h>

#include "aggregator/store.h"
#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/seal.h"
#include "forms/xlsform.h"
#include "indicators/worker.h"
#include "sync/receipt.h"
#include "tests/test.h"

#define NOW 1792000000	/* 2026-10-14, seconds since 1970 */

static struct err err;
static char folder[64], store_path[96], facts_path[96], forms_path[96], definitions_path[96], key_path[96];
static struct store *store;
static struct seal_key *response_key;
static uint8_t form_hash[16];
static char form_version_text[32];
static struct worker_conf worker_conf;

static inline void
centre_key(enum key_use use, uint8_t seed, struct seal_key **out)
{
	uint8_t secret[32];

	memset(secret, seed, sizeof(secret));
	ck_ok(seal_key_from(use, secret, out, &err));
}

/* The XForm of the questionnaire that ships, with VERSION in place of its own if not NULL. */
static inline void
centre_form(const char *name, const char *version)
{
	struct buf file, xml;
	struct findings found;
	struct form *form;
	char path[160], *at;

	buf_init(&file, 1 << 20);
	buf_init(&xml, 1 << 20);
	findings_init(&found);
	ck_ok(file_read("forms/library/satisfaction.csv", &file, &err));
	ck_ok(xlsform_convert(file.data, file.len, "satisfaction.csv", NULL, &xml, &found, &err));
	ck_ok(form_load(buf_str(&xml), xml.len, NULL, &found, &form, &err));
	snprintf(form_version_text, sizeof(form_version_text), "%s", form_version(form));
	form_free(form);
	for (at = strstr((char *)xml.data, form_version_text); version != NULL && at != NULL;
	    at = strstr(at + 1, form_version_text))
		memcpy(at, version, strlen(version));
	if (version != NULL)
		snprintf(form_version_text, sizeof(form_version_text), "%s", version);
	chain_form_id(xml.data, xml.len, form_hash);
	if (name != NULL) {
		snprintf(path, sizeof(path), "%s/%s", forms_path, name);
		ck_ok(file_write(path, xml.data, xml.len, 0600, &err));
	}
	findings_clear(&found);
	buf_free(&file);
	buf_free(&xml);
}

static inline void
centre_device(uint8_t n, const char *site)
{
	static char pem[] = "-----BEGIN CERTIFICATE-----\nfor a test\n-----END CERTIFICATE-----\n";
	struct store_site row = {0};
	struct store_device d = { .spki_len = 91 };
	uint8_t code[32] = { n };
	char tag[8];

	snprintf(row.name, sizeof(row.name), "%s", site);
	snprintf(row.label, sizeof(row.label), "The %s", site);
	snprintf(d.site, sizeof(d.site), "%s", site);
	snprintf(tag, sizeof(tag), "T%03d", n);
	memset(d.id, n, 16);
	memset(d.sign_key, n, 32);
	memset(d.spki, n, 91);
	memset(d.cert_sha256, n, 32);
	ck_ok(store->ops->site_put(store, &row, &err));
	ck_ok(store->ops->invite(store, site, tag, code, NOW, NOW + 900, &err));
	ck_ok(store->ops->enrol(store, &d, tag, code, NOW, &err));
	d.cert_pem = pem;
	ck_ok(store->ops->approve(store, &d, NOW, &err));
}

static inline void
centre_copy(const char *from, const char *name)
{
	struct buf text;
	char path[200];

	buf_init(&text, 1 << 20);
	ck_ok(file_read(from, &text, &err));
	snprintf(path, sizeof(path), "%s/%s", definitions_path, name);
	ck_ok(file_write(path, text.data, text.len, 0600, &err));
	buf_free(&text);
}

static inline void
centre_setup(void)
{
	struct keyfile k = {0};

	snprintf(folder, sizeof(folder), "/tmp/candour-worker-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(store_path, sizeof(store_path), "%s/aggregator.db", folder);
	snprintf(facts_path, sizeof(facts_path), "%s/facts.db", folder);
	snprintf(forms_path, sizeof(forms_path), "%s/forms", folder);
	snprintf(definitions_path, sizeof(definitions_path), "%s/definitions", folder);
	snprintf(key_path, sizeof(key_path), "%s/response.key", folder);
	ck_ok(file_mkdirs(forms_path, 0700, &err));
	ck_ok(file_mkdirs(definitions_path, 0700, &err));
	centre_copy("indicators/library/sat-users.ind", "sat-users.ind");
	centre_form("satisfaction.xml", NULL);
	centre_key(KEY_RESPONSE, 7, &response_key);
	ck_ok(keyfile_of(response_key, &k, &err));
	ck_ok(keyfile_write_raw(key_path, &k, &err));
	keyfile_clear(&k);
	ck_ok(store_open(store_path, true, &store, &err));
	centre_device(1, "elm");
	centre_device(2, "oak");
	worker_conf = (struct worker_conf){ .store = store_path, .facts = facts_path, .forms = forms_path,
	    .definitions = definitions_path, .key = key_path };
}

static inline void
centre_teardown(void)
{
	char command[128];

	store_close(store);
	store = NULL;
	seal_key_free(response_key);
	response_key = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

struct answer {
	uint8_t device;		/* 1 or 2 */
	uint8_t epoch;
	int seq;
	uint32_t id;		/* 0: random */
	const char *q1, *comment;
	int64_t day;
	enum clock_quality quality;
	const struct seal_key *to;	/* NULL: the response key */
	const char *role;	/* NULL: individual */
	const char *quote;	/* may it be quoted: "yes", "no"; NULL: was not asked */
};

/* Keep sealed record R as SEQ of the chain, with a receipt of LOG_DAY. */
static inline void
centre_keep(const struct answer *a, const struct sealed_record *r, uint32_t log_day)
{
	uint8_t device[16], epoch[16], bytes[RECEIPT_LEN];
	struct seal_key *receipt_key = NULL;
	struct receipt receipt = { .a = (uint64_t)a->seq, .b = (uint64_t)a->seq, .log_day = log_day };
	struct store_row row = {0};
	struct record read;
	struct buf wire;

	memset(device, a->device, 16);
	memset(epoch, a->epoch == 0 ? 1 : a->epoch, 16);
	buf_init(&wire, RECORD_WIRE_MAX);
	sealed_record_put(r, &wire);
	ck_ok(record_read(wire.data, wire.len, &read, &err));
	row.seq = (uint64_t)a->seq;
	row.kind = read.head.kind;
	memcpy(row.owner, read.head.device, 16);
	memcpy(row.id, read.head.id, 16);
	memcpy(row.tag, read.head.tag, 16);
	memcpy(row.leaf, read.leaf.bytes, 32);
	memcpy(row.hw, read.hw.bytes, 32);
	memcpy(row.hb, read.hb.bytes, 32);
	memcpy(row.epoch, epoch, 16);
	row.header = read.header;
	row.nonce_body = read.nonce_body;
	row.nonce_body_len = read.nonce_body_len;
	row.wraps = read.wraps;
	row.n_wraps = read.head.n;
	memcpy(receipt.device, device, 16);
	memcpy(receipt.epoch, epoch, 16);
	centre_key(KEY_RECEIPT, 6, &receipt_key);
	ck_ok(receipt_make(&receipt, receipt_key, bytes, &err));
	seal_key_free(receipt_key);
	ck_ok(store->ops->begin(store, &err));
	ck_ok(store->ops->append(store, device, 0, epoch, &row, 1, &err));
	ck_ok(store->ops->receipt_put(store, device, 0, epoch, &receipt, bytes, &err));
	ck_ok(store->ops->commit(store, &err));
	buf_free(&wire);
}

/* Seal an answer with the withdrawal tag TAG (NULL: random) and keep it. */
static inline void
centre_tagged(const struct answer *a, const uint8_t *tag)
{
	struct record_plain plain = { .type = PLAIN_INSTANCE, .quality = (uint8_t)a->quality,
	    .half_day = (uint32_t)(a->day * 2 + 1) };
	struct seal_recipient to;
	struct sealed_record sealed = {0};
	const struct seal_key *key = a->to == NULL ? response_key : a->to;
	uint8_t device[16], id[16] = {0};
	char xml[4000];

	snprintf(xml, sizeof(xml), "<data xmlns:orx=\"http://openrosa.org/xforms\" xmlns:candour=\"urn:candour:form:1\""
	    " id=\"satisfaction\" version=\"%s\"><q1>%s</q1><comment>%s</comment><orx:meta><orx:instanceID>uuid:%08x-0000-"
	    "4000-8000-000000000001</orx:instanceID><candour:role>%s</candour:role><candour:answered_by>self"
	    "</candour:answered_by><candour:quote_ok>%s</candour:quote_ok></orx:meta></data>", form_version_text, a->q1,
	    a->comment == NULL ? "" : a->comment, a->id, a->role == NULL ? "individual" : a->role, a->quote == NULL ? "" : a->quote);
	plain.content = (const uint8_t *)xml;
	plain.len = strlen(xml);
	memcpy(plain.form, form_hash, 16);
	memcpy(to.public_, seal_key_public(key), 32);
	seal_key_id(key, to.id);
	memset(device, a->device, 16);
	memcpy(id, &a->id, sizeof(a->id));
	ck_ok(seal_record(&to, 1, LANE_ANSWERS, device, a->id == 0 ? NULL : id, tag, &plain, &sealed, &err));
	centre_keep(a, &sealed, (uint32_t)(NOW / 86400));
	sealed_record_clear(&sealed);
}

static inline void
centre_answer(const struct answer *a)
{
	centre_tagged(a, NULL);
}

#endif
