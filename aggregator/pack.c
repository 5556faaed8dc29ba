/* Packs of a publication. See pack.h. Every file is made in memory, hashed, and put into the zip in this order. */
#include "aggregator/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "aggregator/csv.h"
#include "aggregator/deftext.h"
#include "aggregator/embed.h"
#include "aggregator/xlsx.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/embed.h"
#include "collector/chain.h"

enum { PART_MAX = 256 << 20, NAME_MAX_ = 160, DAY_S = 86400 };

struct part {
	char name[NAME_MAX_];
	struct buf data;
};

struct pack {
	const struct publication *p;
	struct arena arena;
	struct part *parts;	/* SHA256SUMS is the last */
	size_t n;
};

static struct buf *
add(struct pack *k, const char *name)
{
	struct part *part = &k->parts[k->n++];

	snprintf(part->name, sizeof(part->name), "%s", name);
	buf_init(&part->data, PART_MAX);
	return &part->data;
}

static const char *
hash_of(struct arena *a, const struct buf *b)
{
	uint8_t hash[32];
	char hex[65];

	chain_sha256(b->data, b->len, hash);
	hex_str(hash, sizeof(hash), hex);
	return arena_printf(a, "%s", hex);
}

/* "definitions/sat-users@3.ind". Names of definitions are small letters, digits and -; others do not get out. */
static const char *
definition_path(struct arena *a, const struct pub_definition *d)
{
	bool fine = d->id[0] != '\0' && strlen(d->id) < 80
	    && strspn(d->id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(d->id);

	return fine ? arena_printf(a, "definitions/%s@%lld.ind", d->id, (long long)d->version)
	    : arena_printf(a, "definitions/%.64s.ind", strspn(d->hash, "0123456789abcdef") == 64 ? d->hash : "unnamed");
}

/* --- indicators.csv -------------------------------------------------------------------------------------------- */

/* What a definition says under a key, all lines of it. LABELS: "LABEL: value". */
static const char *
said(struct arena *a, const char *text, const char *section, const char *key, bool labels)
{
	const char *first = deftext_get(a, text, section, key, 0, NULL), *second = deftext_get(a, text, section, key, 1, NULL);
	const char *one, *label = "", *all;
	struct buf b;

	if (first == NULL || (second == NULL && !labels))
		return first == NULL ? "" : first;
	buf_init(&b, PART_MAX);
	for (size_t i = 0; (one = deftext_get(a, text, section, key, i, &label)) != NULL && b.failed == ERR_OK; i++)
		buf_printf(&b, "%s%s%s%s", i == 0 ? "" : "; ", labels ? label : "", labels && label[0] != '\0' ? ": " : "", one);
	all = arena_str(a, buf_str(&b));
	buf_free(&b);
	return all == NULL ? "" : all;
}

static size_t
rows_of(const struct publication *p, const char *hash)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rows; i++)
		n += strcmp(p->rows[i].definition_hash, hash) == 0;
	return n;
}

static void
put_indicators(struct pack *k, struct buf *out)
{
	static const char *const heads[] = { "Indicator", "Version", "Title", "In easy words", "What it says", "Kind", "Unit",
		"Better is", "Of whom", "Left out", "What is counted", "Code elsewhere", "Duty", "Source", "Asked by", "Limits",
		"Target", "Baseline", "Comparators", "Owner", "Review by", "Supersedes", "Break", "Figures", "SHA-256", "File" };

	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		buf_printf(out, "%s%s", i == 0 ? "" : ",", heads[i]);
	buf_puts(out, "\r\n");
	for (size_t i = 0; i < k->p->manifest.n_definitions; i++) {
		const struct pub_definition *d = &k->p->manifest.definitions[i];
		struct arena *a = &k->arena;
		const char *text = d->text, *counted = said(a, text, "measure", "numerator", false);

		if (counted[0] == '\0')
			counted = said(a, text, "measure", "value", false);
		if (counted[0] == '\0')
			counted = said(a, text, "measure", "option", true);
		if (counted[0] == '\0')
			counted = said(a, text, "measure", "item", true);
		const char *const cells[] = { d->id, arena_printf(a, "%lld", (long long)d->version),
			said(a, text, "indicator", "title", false), said(a, text, "indicator", "title_easy", false),
			said(a, text, "indicator", "about", false), said(a, text, "indicator", "kind", false),
			said(a, text, "indicator", "unit", false), said(a, text, "indicator", "direction", false),
			said(a, text, "measure", "population", false), said(a, text, "measure", "exclude", true), counted,
			said(a, text, "indicator", "alias", true), said(a, text, "indicator", "duty", false),
			said(a, text, "indicator", "source", false), said(a, text, "indicator", "method", false), deftext_method(a, text),
			said(a, text, "estimate", "target", false), said(a, text, "estimate", "baseline", false),
			said(a, text, "estimate", "comparator", false), said(a, text, "indicator", "owner", false),
			said(a, text, "indicator", "review_by", false), said(a, text, "indicator", "supersedes", false),
			said(a, text, "indicator", "break", false), arena_printf(a, "%zu", rows_of(k->p, d->hash)), d->hash,
			definition_path(a, d) };

		for (size_t c = 0; c < ARRAY_LEN(cells); c++) {
			if (c > 0)
				buf_putc(out, ',');
			csv_safe_field(out, cells[c]);
		}
		buf_puts(out, "\r\n");
	}
}

/* --- README.txt ------------------------------------------------------------------------------------------------- */

static void
put_readme(struct pack *k, struct buf *out)
{
	const struct pub_manifest *m = &k->p->manifest;
	const struct embed_file *fixed = embed_find(embed_aggregator, "words/pack.txt");
	char made[32];
	size_t hidden = 0;

	time_text(m->made_at, made);
	for (size_t i = 0; i < k->p->n_rows; i++)
		hidden += k->p->rows[i].suppressed;
	buf_printf(out, "%s: publication %lld\nMade %.10s. %zu figures of %zu indicators, %zu of them hidden.\n\n"
	    "HOW TO CITE IT\n  %s (%.4s), Candour publication %lld, %.10s, SHA-256 %s.\n"
	    "  One figure: the same, and its \"Row\" (last column of figures.csv).\n\n"
	    "WHAT IT WAS MADE FROM\n  data revision       %lld\n  tables              %s\n  policy SHA-256      %s\n"
	    "  rows SHA-256        %s\n  audit               %s\n  publication before  %s\n", m->organisation, (long long)m->no, made,
	    k->p->n_rows, m->n_definitions, hidden, m->organisation, made, (long long)m->no, made, k->p->file_sha256,
	    (long long)m->data_rev, m->tables[0] == '\0' ? "none" : m->tables, m->policy_hash, m->sha256,
	    m->audit_heads[0] == '\0' ? "none" : m->audit_heads, m->previous[0] == '\0' ? "none: this is the first" : m->previous);
	for (size_t i = 0; i < m->n_definitions; i++)
		buf_printf(out, "  %s@%lld%s%s\n", m->definitions[i].id, (long long)m->definitions[i].version, "  SHA-256 ",
		    m->definitions[i].hash);
	buf_put(out, fixed->data, fixed->len);
}

/* --- the parts --------------------------------------------------------------------------------------------------- */

static enum err_code
make_parts(struct pack *k, const void *file, size_t len, const struct buf *ring, struct err *err)
{
	const struct publication *p = k->p;
	struct buf *b, *csv;
	char name[64];
	enum err_code rc;

	put_readme(k, add(k, "README.txt"));
	rc = xlsx_put(add(k, "figures.xlsx"), p, NULL, err);
	if (rc != ERR_OK)
		return rc;
	csv_figures_put(add(k, "figures.csv"), p);
	csv = add(k, "figures-long.csv");
	csv_put(csv, p, NULL);
	csv_metadata_put(add(k, "figures-long.csv-metadata.json"), p, "figures-long.csv");
	csv_package_put(add(k, "datapackage.json"), p, "figures-long.csv", hash_of(&k->arena, csv), csv->len);
	put_indicators(k, add(k, "indicators.csv"));
	for (size_t i = 0; i < p->manifest.n_definitions; i++)
		buf_puts(add(k, definition_path(&k->arena, &p->manifest.definitions[i])), p->manifest.definitions[i].text);
	buf_puts(add(k, "policy.txt"), p->manifest.policy);
	snprintf(name, sizeof(name), "publication-%lld.pub", (long long)p->manifest.no);
	buf_put(add(k, name), file, len);
	if (ring != NULL)
		buf_put(add(k, "keyring.txt"), ring->data, ring->len);
	b = add(k, "SHA256SUMS");
	for (size_t i = 0; i + 1 < k->n; i++)
		buf_printf(b, "%s  %s\n", hash_of(&k->arena, &k->parts[i].data), k->parts[i].name);
	for (size_t i = 0; i < k->n && rc == ERR_OK; i++)
		rc = buf_check(&k->parts[i].data, err);
	return rc;
}

/* --- the zip ------------------------------------------------------------------------------------------------------ */

/* The date and time of a zip entry, of seconds since 1970: the publication's, whatever the machine's clock and zone. */
static void
dos_time(int64_t at, uint16_t *date, uint16_t *time)
{
	int y, m, d;
	int64_t s = at % DAY_S;

	date_from_day(at / DAY_S, &y, &m, &d);
	if (y < 1980 || y > 2107) {
		y = 1980;
		m = d = 1;
	}
	*date = (uint16_t)((y - 1980) << 9 | m << 5 | d);
	*time = (uint16_t)(s / 3600 << 11 | s / 60 % 60 << 5 | s % 60 / 2);
}

static bool
put_parts(zip_t *zip, const struct pack *k)
{
	uint16_t date, time;

	dos_time(k->p->manifest.made_at, &date, &time);
	for (size_t i = 0; i < k->n; i++) {
		const struct buf *b = &k->parts[i].data;
		zip_source_t *from = zip_source_buffer(zip, b->len > 0 ? (const void *)b->data : "", b->len, 0);
		char name[NAME_MAX_ + 40];
		zip_int64_t at;

		snprintf(name, sizeof(name), "publication-%lld/%s", (long long)k->p->manifest.no, k->parts[i].name);
		at = from == NULL ? -1 : zip_file_add(zip, name, from, ZIP_FL_ENC_UTF_8);
		if (at < 0) {
			zip_source_free(from);
			return false;
		}
		if (zip_file_set_dostime(zip, (zip_uint64_t)at, time, date, 0) != 0
		    || zip_file_set_external_attributes(zip, (zip_uint64_t)at, 0, ZIP_OPSYS_UNIX, (zip_uint32_t)0100644 << 16) != 0)
			return false;
	}
	return true;
}

/* What was written to SRC. */
static bool
take(zip_source_t *src, struct buf *out)
{
	zip_stat_t st;
	uint8_t *room;
	bool ok;

	if (zip_source_stat(src, &st) != 0 || (st.valid & ZIP_STAT_SIZE) == 0 || zip_source_open(src) != 0)
		return false;
	room = buf_room(out, (size_t)st.size);
	ok = room == NULL || zip_source_read(src, room, st.size) == (zip_int64_t)st.size;
	zip_source_close(src);
	return ok;
}

static enum err_code
put_zip(const struct pack *k, struct buf *out, struct err *err)
{
	size_t before = out->len;
	zip_error_t ze;
	zip_source_t *src;
	zip_t *zip = NULL;
	enum err_code rc = ERR_OK;

	zip_error_init(&ze);
	src = zip_source_buffer_create(NULL, 0, 0, &ze);
	if (src != NULL)
		zip = zip_open_from_source(src, ZIP_CREATE | ZIP_TRUNCATE, &ze);
	if (zip == NULL) {
		zip_source_free(src);
		rc = err_set(err, ERR_BROKEN, "cannot make the zip: %s", zip_error_strerror(&ze));
		zip_error_fini(&ze);
		return rc;
	}
	zip_source_keep(src);
	if (!put_parts(zip, k) || zip_close(zip) != 0) {
		rc = err_set(err, ERR_BROKEN, "cannot write the zip: %s", zip_strerror(zip));
		zip_discard(zip);
	} else if (!take(src, out)) {
		rc = err_set(err, ERR_BROKEN, "cannot read the zip back");
	}
	if (rc == ERR_OK)
		rc = buf_check(out, err);
	if (rc != ERR_OK)
		buf_truncate(out, before);
	zip_source_free(src);
	zip_error_fini(&ze);
	return rc;
}

enum err_code
pack_put(struct buf *out, const struct publication *p, const void *file, size_t len, const struct buf *ring, struct err *err)
{
	struct pack k = { .p = p };
	enum err_code rc;

	if (!p->is_signed)
		return err_set(err, ERR_DENIED, "publication %lld is only prepared: sign it first, a pack is of what was published",
		    (long long)p->manifest.no);
	k.parts = calloc(p->manifest.n_definitions + 12, sizeof(*k.parts));
	if (k.parts == NULL)
		return err_nomem(err);
	arena_init(&k.arena, (size_t)64 << 20);
	rc = make_parts(&k, file, len, ring, err);
	if (rc == ERR_OK)
		rc = put_zip(&k, out, err);
	for (size_t i = 0; i < k.n; i++)
		buf_free(&k.parts[i].data);
	free(k.parts);
	arena_clear(&k.arena);
	return rc;
}
