/* Publications. See publication.h. Reading is strict in one stroke: each line is parsed, written again
 * and compared, so there is one way to write a row and nothing to hide in a space or a doubled key. */
#include "aggregator/publication.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/codec.h"
#include "base/num.h"
#include "collector/chain.h"
#include "collector/seal.h"

static const char first_line[] = "candour-publication 1\n";
static const char signature_word[] = "signature ";
enum { SIGNATURE_LINE = sizeof("signature ") - 1 + 88 + 1 };

enum field_kind { TEXT, NUMBER, WHOLE, FLAG };
struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
};

#define T(name) { #name, TEXT, offsetof(struct pub_row, name) }
#define N(name) { #name, NUMBER, offsetof(struct pub_row, name) }
static const struct field row_fields[] = {
	T(id), T(indicator), T(version), T(title), T(unit), T(direction), T(definition_hash),
	T(area_code), T(area_name), T(area_level), T(ons_code), T(breakdown), T(category),
	T(period_start), T(period_end),
	N(numerator), N(denominator), N(value), N(lower95), N(upper95), N(lower998), N(upper998), N(margin),
	N(helped_share), N(target), T(verdict), T(comparison), N(spc_mean), N(spc_lower), N(spc_upper),
	T(spc_rule), T(variation), T(assurance), T(annotation),
	{ "suppressed", FLAG, offsetof(struct pub_row, suppressed) }, T(flag),
	{ "publication", WHOLE, offsetof(struct pub_row, publication) },
};
#undef T
#undef N

#define M(name, kind) { #name, kind, offsetof(struct pub_manifest, name) }
static const struct field manifest_fields[] = {
	M(no, WHOLE), M(made_at, WHOLE), M(data_rev, WHOLE), M(organisation, TEXT), M(policy, TEXT),
	M(policy_hash, TEXT), M(tables, TEXT), M(audit_heads, TEXT), M(n_rows, WHOLE), M(sha256, TEXT),
	M(previous, TEXT),
};
#undef M

#define D(name, kind) { #name, kind, offsetof(struct pub_definition, name) }
static const struct field definition_fields[] = {
	D(id, TEXT), D(version, WHOLE), D(hash, TEXT), D(text, TEXT),
};
#undef D

/* --- writing -------------------------------------------------------------------------------------- */

static void
put_text(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	for (const char *p = text == NULL ? "" : text; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_putc(out, *p);
	}
	buf_putc(out, '"');
}

static void
put_fields(struct buf *out, const struct field *fields, size_t n, const void *from)
{
	for (size_t i = 0; i < n; i++) {
		const char *at = (const char *)from + fields[i].offset;
		const struct pub_num *number;

		buf_printf(out, "%s\"%s\":", i == 0 ? "" : ",", fields[i].name);
		switch (fields[i].kind) {
		case TEXT:
			put_text(out, *(const char *const *)(const void *)at);
			break;
		case NUMBER:
			number = (const struct pub_num *)(const void *)at;
			if (number->shown && isfinite(number->v))
				num_put(out, number->v == 0 ? 0.0 : number->v);	/* no -0 */
			else
				buf_puts(out, "null");
			break;
		case WHOLE:
			buf_printf(out, "%lld", (long long)*(const int64_t *)(const void *)at);
			break;
		case FLAG:
			buf_puts(out, *(const bool *)(const void *)at ? "true" : "false");
			break;
		}
	}
}

void
pub_row_put(struct buf *out, const struct pub_row *row)
{
	buf_putc(out, '{');
	put_fields(out, row_fields, ARRAY_LEN(row_fields), row);
	buf_puts(out, "}\n");
}

static void
put_manifest(struct buf *out, const struct pub_manifest *m)
{
	buf_putc(out, '{');
	put_fields(out, manifest_fields, ARRAY_LEN(manifest_fields), m);
	buf_puts(out, ",\"definitions\":[");
	for (size_t i = 0; i < m->n_definitions; i++) {
		buf_puts(out, i == 0 ? "{" : ",{");
		put_fields(out, definition_fields, ARRAY_LEN(definition_fields), &m->definitions[i]);
		buf_putc(out, '}');
	}
	buf_puts(out, "]}\n");
}

static const char *
sha256_hex(struct arena *a, const void *data, size_t len)
{
	uint8_t hash[32];
	char *text = arena_alloc(a, 65);

	chain_sha256(data, len, hash);
	if (text != NULL)
		hex_str(hash, 32, text);
	return text;
}

/* A cell of a spreadsheet that begins so is run as a formula. */
static bool
runs_in_a_spreadsheet(const char *text)
{
	return text != NULL && text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
}

static enum err_code
check_row(const struct pub_row *r, size_t i, const char *before, struct err *err)
{
	const char *const names[] = { r->area_code, r->area_name, r->category, r->breakdown, r->title,
	    r->indicator };

	if (r->id == NULL || r->id[0] == '\0' || (before != NULL && strcmp(before, r->id) >= 0))
		return err_set(err, ERR_INPUT, "row %zu: id \"%s\" does not come after \"%s\": rows are in "
		    "ascending order of id, each once", i + 1, r->id == NULL ? "" : r->id,
		    before == NULL ? "" : before);
	for (size_t k = 0; k < ARRAY_LEN(names); k++)
		if (runs_in_a_spreadsheet(names[k]))
			return err_set(err, ERR_INPUT, "row %zu (%s): a name begins with \"%c\", which a "
			    "spreadsheet would run; rename it", i + 1, r->id, names[k][0]);
	/* How many were asked may be shown where what they said is not. */
	if (r->suppressed && (r->numerator.shown || r->value.shown || r->lower95.shown
	    || r->upper95.shown || r->lower998.shown || r->upper998.shown || r->margin.shown
	    || r->helped_share.shown || r->flag == NULL || r->flag[0] == '\0'
	    || (r->verdict != NULL && r->verdict[0] != '\0')))
		return err_set(err, ERR_INPUT, "row %zu (%s): a suppressed row shows no number and has a flag",
		    i + 1, r->id);
	return ERR_OK;
}

enum err_code
pub_write(struct pub_manifest *m, const struct pub_row *rows, size_t n, struct buf *out, struct err *err)
{
	struct buf lines;
	struct arena a;
	struct pub_manifest made = *m;
	enum err_code rc = ERR_OK;

	buf_init(&lines, PUB_MAX);
	arena_init(&a, 4096);
	if (n > PUB_ROWS_MAX)
		rc = err_set(err, ERR_LIMIT, "%zu rows: a publication holds at most %d", n, PUB_ROWS_MAX);
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		rc = check_row(&rows[i], i, i == 0 ? NULL : rows[i - 1].id, err);
		pub_row_put(&lines, &rows[i]);
	}
	if (rc == ERR_OK)
		rc = buf_check(&lines, err);
	if (rc != ERR_OK)
		goto out;
	made.n_rows = (int64_t)n;
	made.sha256 = sha256_hex(&a, lines.data, lines.len);
	made.policy_hash = sha256_hex(&a, m->policy, strlen(m->policy));
	if (made.sha256 == NULL || made.policy_hash == NULL) {
		rc = err_nomem(err);
		goto out;
	}
	buf_puts(out, first_line);
	put_manifest(out, &made);
	buf_put(out, lines.data, lines.len);
	rc = buf_check(out, err);
out:
	buf_free(&lines);
	arena_clear(&a);
	return rc;
}

void
pub_sign_line(struct buf *out, const uint8_t signature[64])
{
	buf_puts(out, signature_word);
	base64_put(out, signature, 64);
	buf_putc(out, '\n');
}

/* --- reading -------------------------------------------------------------------------------------- */

/* The fields of OBJECT into TO; false if one is missing or of another type. */
static bool
get_fields(struct arena *a, json_t *object, const struct field *fields, size_t n, void *to)
{
	for (size_t i = 0; i < n; i++) {
		char *at = (char *)to + fields[i].offset;
		json_t *v = json_object_get(object, fields[i].name);

		switch (fields[i].kind) {
		case TEXT:
			if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
				return false;
			*(const char **)(void *)at = arena_strn(a, json_string_value(v), json_string_length(v));
			if (*(const char **)(void *)at == NULL)
				return false;
			break;
		case NUMBER:
			if (!json_is_null(v) && !json_is_number(v))
				return false;
			*(struct pub_num *)(void *)at = (struct pub_num){ json_is_number(v), json_number_value(v) };
			break;
		case WHOLE:
			if (!json_is_integer(v))
				return false;
			*(int64_t *)(void *)at = json_integer_value(v);
			break;
		case FLAG:
			if (!json_is_boolean(v))
				return false;
			*(bool *)(void *)at = json_is_true(v);
			break;
		}
	}
	return true;
}

static enum err_code
not_canonical(size_t line, const char *what, struct err *err)
{
	return err_set(err, ERR_INPUT, "publication, line %zu: not %s as candour writes it (fields missing, "
	    "doubled, in another order or in another form)", line, what);
}

/* Parse LEN bytes (a line without its end) as an object. */
static json_t *
line_object(const uint8_t *line, size_t len)
{
	json_t *v = json_loadb((const char *)line, len, JSON_REJECT_DUPLICATES, NULL);

	if (v != NULL && !json_is_object(v)) {
		json_decref(v);
		v = NULL;
	}
	return v;
}

static bool
same_line(const struct buf *made, const uint8_t *line, size_t len)
{
	return made->failed == ERR_OK && made->len == len + 1 && memcmp(made->data, line, len) == 0;
}

static enum err_code
read_manifest(struct publication *p, const uint8_t *line, size_t len, struct buf *scratch, struct err *err)
{
	json_t *v = line_object(line, len), *list, *item;
	struct pub_manifest *m = &p->manifest;
	enum err_code rc = ERR_OK;
	size_t i;

	list = v == NULL ? NULL : json_object_get(v, "definitions");
	if (v == NULL || !get_fields(&p->arena, v, manifest_fields, ARRAY_LEN(manifest_fields), m)
	    || !json_is_array(list)) {
		rc = not_canonical(2, "a manifest", err);
		goto out;
	}
	m->definitions = arena_calloc(&p->arena, json_array_size(list) + 1, sizeof(*m->definitions));
	if (m->definitions == NULL) {
		rc = err_nomem(err);
		goto out;
	}
	json_array_foreach(list, i, item) {
		if (!json_is_object(item) || !get_fields(&p->arena, item, definition_fields,
		    ARRAY_LEN(definition_fields), &m->definitions[i])) {
			rc = not_canonical(2, "a manifest", err);
			goto out;
		}
		m->n_definitions++;
	}
	buf_reset(scratch);
	put_manifest(scratch, m);
	if (!same_line(scratch, line, len))
		rc = not_canonical(2, "a manifest", err);
	else if (m->no < 1)
		rc = err_set(err, ERR_INPUT, "publication, line 2: number %lld: publications are numbered "
		    "from 1", (long long)m->no);
	else if (m->n_rows < 0 || m->n_rows > PUB_ROWS_MAX)
		rc = err_set(err, ERR_LIMIT, "publication of %lld rows: at most %d", (long long)m->n_rows,
		    PUB_ROWS_MAX);
	else if (strcmp(m->policy_hash, sha256_hex(&p->arena, m->policy, strlen(m->policy))) != 0)
		rc = err_set(err, ERR_INPUT, "publication, line 2: policy_hash is not the SHA-256 of policy");
out:
	json_decref(v);
	return rc;
}

static enum err_code
read_row(struct publication *p, const uint8_t *line, size_t len, struct buf *scratch, struct err *err)
{
	struct pub_row *row = &p->rows[p->n_rows];
	json_t *v = line_object(line, len);
	enum err_code rc;

	buf_reset(scratch);
	if (v == NULL || !get_fields(&p->arena, v, row_fields, ARRAY_LEN(row_fields), row)) {
		rc = not_canonical(p->n_rows + 3, "a row", err);
		goto out;
	}
	pub_row_put(scratch, row);
	if (!same_line(scratch, line, len)) {
		rc = not_canonical(p->n_rows + 3, "a row", err);
		goto out;
	}
	rc = check_row(row, p->n_rows, p->n_rows == 0 ? NULL : row[-1].id, err);
	if (rc == ERR_OK && row->publication != p->manifest.no)
		rc = err_set(err, ERR_INPUT, "publication, line %zu: the row is of publication %lld, this is %lld",
		    p->n_rows + 3, (long long)row->publication, (long long)p->manifest.no);
	p->n_rows++;
out:
	json_decref(v);
	return rc;
}

static enum err_code
read_signature(struct publication *p, const uint8_t *line, size_t len, struct err *err)
{
	size_t word = sizeof(signature_word) - 1;
	struct buf bytes;
	bool good;

	buf_init(&bytes, 128);
	good = len == SIGNATURE_LINE && memcmp(line, signature_word, word) == 0 && line[len - 1] == '\n'
	    && base64_get((const char *)line + word, len - word - 1, &bytes) && bytes.len == 64;
	if (good) {
		memcpy(p->signature, bytes.data, 64);
		p->is_signed = true;
	}
	buf_free(&bytes);
	if (!good)
		return err_set(err, ERR_INPUT, "publication: after the %zu rows of the manifest comes one line "
		    "\"signature BASE64\" and nothing else", p->n_rows);
	return ERR_OK;
}

enum err_code
pub_read(const void *data, size_t len, struct publication *p, struct err *err)
{
	const uint8_t *at = data, *end = at + len, *rows = at;
	struct buf scratch;
	uint8_t hash[32];
	char hex[65];
	enum err_code rc = ERR_OK;

	memset(p, 0, sizeof(*p));
	buf_init(&scratch, PUB_MAX);
	arena_init(&p->arena, (size_t)PUB_MAX * 8);
	if (len > PUB_MAX) {
		rc = err_set(err, ERR_LIMIT, "publication of %zu bytes: at most %d", len, PUB_MAX);
		goto out;
	}
	if (len < sizeof(first_line) - 1 || memcmp(at, first_line, sizeof(first_line) - 1) != 0) {
		rc = err_set(err, ERR_INPUT, "not a publication: it begins with \"candour-publication 1\"");
		goto out;
	}
	at += sizeof(first_line) - 1;
	for (size_t line = 0; rc == ERR_OK && line <= (size_t)p->manifest.n_rows; line++) {
		const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));

		if (stop == NULL || (line > 0 && stop - at > PUB_LINE_MAX)) {
			rc = err_set(err, ERR_INPUT, "publication: cut off or too long at line %zu of %zu",
			    line + 2, (size_t)p->manifest.n_rows + 2);
			goto out;
		}
		if (line == 0) {
			rc = read_manifest(p, at, (size_t)(stop - at), &scratch, err);
			rows = stop + 1;
			if (rc == ERR_OK) {
				p->rows = arena_calloc(&p->arena, (size_t)p->manifest.n_rows + 1, sizeof(*p->rows));
				if (p->rows == NULL)
					rc = err_nomem(err);
			}
		} else {
			rc = read_row(p, at, (size_t)(stop - at), &scratch, err);
		}
		at = stop + 1;
	}
	if (rc != ERR_OK)
		goto out;
	chain_sha256(rows, (size_t)(at - rows), hash);
	hex_str(hash, 32, hex);
	if (strcmp(hex, p->manifest.sha256) != 0) {
		rc = err_set(err, ERR_INPUT, "publication %lld: the rows have SHA-256 %.16s.., the manifest says "
		    "%.16s..: rows were changed", (long long)p->manifest.no, hex, p->manifest.sha256);
		goto out;
	}
	p->signed_bytes = data;
	p->signed_len = (size_t)(at - (const uint8_t *)data);
	if (at != end)
		rc = read_signature(p, at, (size_t)(end - at), err);
	if (rc == ERR_OK) {
		chain_sha256(data, len, hash);
		hex_str(hash, 32, p->file_sha256);
	}
out:
	buf_free(&scratch);
	if (rc != ERR_OK)
		pub_clear(p);
	return rc;
}

void
pub_clear(struct publication *p)
{
	arena_clear(&p->arena);
	memset(p, 0, sizeof(*p));
}

enum err_code
pub_verify(const struct publication *p, const uint8_t public_key[32], struct err *err)
{
	if (!p->is_signed)
		return err_set(err, ERR_DENIED, "publication %lld is not signed: candour indicator publish signs it",
		    (long long)p->manifest.no);
	if (!seal_verify(public_key, "publication", p->signed_bytes, p->signed_len, p->signature))
		return err_set(err, ERR_DENIED, "publication %lld: not signed by this publish key",
		    (long long)p->manifest.no);
	return ERR_OK;
}

enum err_code
pub_verify_ring(const struct publication *p, const struct keyring *ring, struct err *err)
{
	if (!p->is_signed)
		return pub_verify(p, p->signature, err);
	for (size_t i = 0; i < ring->n; i++) {
		const struct keyring_key *k = &ring->keys[i];
		struct err ignored = {0};

		if (k->use == KEY_PUBLISH && (k->state == KEY_ACTIVE || k->state == KEY_OLD)
		    && k->public_len == 32 && pub_verify(p, k->public_, &ignored) == ERR_OK)
			return ERR_OK;
	}
	return err_set(err, ERR_DENIED, "publication %lld: not signed by a publish key of key ring %u that counts",
	    (long long)p->manifest.no, ring->serial);
}

enum err_code
pub_follows(const struct publication *p, int64_t last_no, const char *last_sha256, struct err *err)
{
	const struct pub_manifest *m = &p->manifest;

	if (m->no == last_no && strcmp(p->file_sha256, last_sha256) == 0)
		return err_set(err, ERR_EXISTS, "publication %lld is there already", (long long)m->no);
	if (m->no != last_no + 1)
		return err_set(err, ERR_INPUT, "publication %lld: the next one is number %lld; prepare it again",
		    (long long)m->no, (long long)last_no + 1);
	if (strcmp(m->previous, last_sha256) != 0)
		return err_set(err, ERR_INPUT, "publication %lld follows a file with SHA-256 \"%.16s\", the last "
		    "one here has \"%.16s\": not the same chain", (long long)m->no, m->previous, last_sha256);
	return ERR_OK;
}
