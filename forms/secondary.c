/* Secondary instances: internal, CSV, XML, GeoJSON; and the hash indexes that choice filters and
 * pulldata use. Everything becomes an XML tree root/item/column. */
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"

uint32_t
secondary_find(const struct form *f, const char *id, size_t len)
{
	for (uint32_t i = 0; i < f->n_secondary; i++)
		if (strlen(f->secondary[i].id) == len && memcmp(f->secondary[i].id, id, len) == 0)
			return i + 1;
	return 0;
}

/* --- indexes ------------------------------------------------------------------------------------------ */

uint32_t
probe_request(struct form *f, uint32_t instance, const uint32_t *steps, uint32_t n, uint32_t column,
	bool attribute)
{
	struct probe_index *p;
	uint32_t *copy;

	for (uint32_t i = 0; i < f->n_probes; i++)
		if (f->probes[i].instance == instance && f->probes[i].column == column && f->probes[i].attribute == attribute && f->probes[i].n_steps == n
		    && memcmp(f->probes[i].steps, steps, n * sizeof(*steps)) == 0)
			return i + 1;
	if (f->n_probes == f->cap_probes) {
		uint32_t cap = f->cap_probes == 0 ? 8 : f->cap_probes * 2;
		struct probe_index *list = realloc(f->probes, cap * sizeof(*list));

		if (list == NULL)
			return 0;
		f->probes = list;
		f->cap_probes = cap;
	}
	copy = arena_calloc(&f->arena, n, sizeof(*copy));
	if (copy == NULL)
		return 0;
	memcpy(copy, steps, n * sizeof(*copy));
	p = &f->probes[f->n_probes++];
	memset(p, 0, sizeof(*p));
	p->instance = instance;
	p->steps = copy;
	p->n_steps = n;
	p->column = column;
	p->attribute = attribute;
	return f->n_probes;
}

static uint32_t
hash_of(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

static bool
entry(struct probe_index *p, const struct tree *t, uint32_t row, uint32_t child, uint32_t *cap)
{
	if (p->n_entries == *cap) {
		uint32_t more = *cap == 0 ? 64 : *cap * 2;
		struct probe_entry *list = realloc(p->entries, more * sizeof(*list));

		if (list == NULL)
			return false;
		p->entries = list;
		*cap = more;
	}
	p->entries[p->n_entries++] = (struct probe_entry){ .row = row, .child = child,
	    .hash = hash_of(tree_text(t, child), t->rows[child].len) };
	return true;
}

static bool
gather(struct probe_index *p, const struct tree *t, uint32_t row, uint32_t depth, uint32_t *cap)
{
	if (depth < p->n_steps) {
		for (uint32_t c = t->rows[row].first; c != 0; c = t->rows[c].next)
			if (t->rows[c].kind == ROW_ELEMENT && t->rows[c].name == p->steps[depth]
			    && !gather(p, t, c, depth + 1, cap))
				return false;
		return true;
	}
	for (uint32_t a = row + 1; p->attribute && a <= t->n && t->rows[a].kind == ROW_ATTRIBUTE && t->rows[a].parent == row; a++)
		if (t->rows[a].name == p->column && !entry(p, t, row, a, cap))
			return false;
	for (uint32_t c = t->rows[row].first; !p->attribute && c != 0; c = t->rows[c].next)
		if (t->rows[c].kind == ROW_ELEMENT && t->rows[c].name == p->column && !entry(p, t, row, c, cap))
			return false;
	return true;
}

enum err_code
probe_build(struct form *f, struct probe_index *p, struct err *err)
{
	const struct tree *t = &f->secondary[p->instance].tree;
	uint32_t cap = 0;

	if (t->n > 0 && !gather(p, t, 1, 0, &cap))
		return err_nomem(err);
	p->n_slots = 16;
	while (p->n_slots < p->n_entries * 2)
		p->n_slots *= 2;
	p->slots = calloc(p->n_slots, sizeof(*p->slots));
	if (p->slots == NULL)
		return err_nomem(err);
	/* backwards, so that each chain is in document order */
	for (uint32_t i = p->n_entries; i-- > 0; ) {
		uint32_t *slot = &p->slots[p->entries[i].hash & (p->n_slots - 1)];

		p->entries[i].next = *slot;
		*slot = i + 1;
	}
	return ERR_OK;
}

uint32_t
probe_find(const struct form *f, uint32_t index, const char *text, size_t len, uint32_t *next)
{
	const struct probe_index *p = &f->probes[index];
	uint32_t at = p->slots[hash_of(text, len) & (p->n_slots - 1)];

	*next = at != 0 ? p->entries[at - 1].next : 0;
	return at;
}

/* --- tables of text ------------------------------------------------------------------------------------- */

struct table { struct tree *t; uint32_t root, last, item, last_cell; size_t cells, max; struct err *err; };

static uint32_t
element(struct table *b, uint32_t parent, uint32_t *last, const char *name, size_t len)
{
	uint32_t row = tree_rows(b->t, 1, b->err);

	if (row == 0)
		return 0;
	b->t->rows[row].kind = ROW_ELEMENT;
	b->t->rows[row].node = NO_NODE;
	b->t->rows[row].parent = parent;
	b->t->rows[row].name = names_put(b->t->names, name, len, NULL);
	if (b->t->rows[row].name == 0) {
		err_nomem(b->err);
		return 0;
	}
	if (*last == 0)
		b->t->rows[parent].first = row;
	else
		b->t->rows[*last].next = row;
	*last = row;
	return row;
}

static bool
table_begin(struct table *b)
{
	uint32_t doc = tree_rows(b->t, 1, b->err), last = 0;

	if (doc == 0)
		return false;
	b->t->rows[doc].kind = ROW_DOCUMENT;
	b->t->rows[doc].node = NO_NODE;
	b->root = element(b, doc, &last, "root", 4);
	return b->root != 0;
}

static bool
table_item(struct table *b)
{
	b->item = element(b, b->root, &b->last, "item", 4);
	b->last_cell = 0;
	return b->item != 0;
}

static bool
table_cell(struct table *b, const char *name, const char *value, size_t len)
{
	uint32_t row;

	if (++b->cells > b->max) {
		err_set(b->err, ERR_LIMIT, "more than %zu cells (limit secondary_cells)", b->max);
		return false;
	}
	row = element(b, b->item, &b->last_cell, name, strlen(name));
	return row != 0 && tree_set(b->t, row, value, len, b->err) == ERR_OK;
}

/* RFC 4180, UTF-8, with the first record as column names; comma or semicolon. One field; false at the end. */
static bool
csv_field(const char **p, const char *end, char sep, struct buf *out, bool *last)
{
	const char *s = *p;

	buf_reset(out);
	*last = true;
	if (s < end && *s == '"') {
		for (s++; s < end; s++) {
			if (*s == '"') {
				if (s + 1 < end && s[1] == '"')
					s++;
				else
					break;
			}
			buf_putc(out, *s);
		}
		if (s < end)
			s++;
	}
	while (s < end && *s != sep && *s != '\n' && *s != '\r')
		buf_putc(out, *s++);
	if (s < end && *s == sep) {
		*last = false;
		s++;
	} else {
		if (s < end && *s == '\r')
			s++;
		if (s < end && *s == '\n')
			s++;
	}
	*p = s;
	return true;
}

static enum err_code
from_csv(struct table *b, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *line = memchr(text, '\n', len);
	char *names[256];
	size_t n = 0, k;
	struct buf cell;
	bool last = false, ok = true;
	char sep;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	sep = memchr(p, ',', (size_t)((line != NULL ? line : end) - p)) == NULL
	    && memchr(p, ';', (size_t)((line != NULL ? line : end) - p)) != NULL ? ';' : ',';
	buf_init(&cell, 65536);
	while (!last && p < end && n < ARRAY_LEN(names)) {
		csv_field(&p, end, sep, &cell, &last);
		names[n] = strdup(buf_str(&cell));
		if (names[n] == NULL)
			ok = false;
		else
			n++;
	}
	while (ok && p < end) {
		if (*p == '\n' || *p == '\r') {
			p++;
			continue;
		}
		ok = table_item(b);
		for (k = 0, last = false; ok && !last; k++) {
			csv_field(&p, end, sep, &cell, &last);
			if (k < n && names[k][0] != '\0')
				ok = table_cell(b, names[k], buf_str(&cell), cell.len);
			if (p >= end)
				break;
		}
	}
	while (n > 0)
		free(names[--n]);
	buf_free(&cell);
	if (!ok && b->err->code == ERR_OK)
		return err_nomem(b->err);
	return ok ? ERR_OK : b->err->code;
}

/* GeoJSON is read by a small reader of our own: only FeatureCollection.features[].properties and geometry
 * points, which is what ODK defines. */
struct json { const char *p, *end; struct buf text; bool bad; };

static void
json_blank(struct json *j)
{
	while (j->p < j->end && strchr(" \t\r\n", *j->p) != NULL)
		j->p++;
}

static bool
json_is(struct json *j, char c)
{
	json_blank(j);
	if (j->p < j->end && *j->p == c) {
		j->p++;
		return true;
	}
	return false;
}

static void
json_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_putc(out, (char)c);
	} else if (c < 0x800) {
		buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_putc(out, (char)(0xe0 | c >> 12));
		buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

static bool
json_string(struct json *j)
{
	buf_reset(&j->text);
	if (!json_is(j, '"'))
		return false;
	while (j->p < j->end && *j->p != '"') {
		if (*j->p == '\\' && j->p + 1 < j->end) {
			unsigned c = 0;

			switch (*++j->p) {
			case 'n': buf_putc(&j->text, '\n'); break;
			case 't': buf_putc(&j->text, '\t'); break;
			case 'u':
				for (int i = 0; i < 4 && j->p + 1 < j->end; i++) {
					char h = *++j->p;

					c = c * 16 + (unsigned)(h <= '9' ? h - '0' : (h | 32) - 'a' + 10);
				}
				json_utf8(&j->text, c & 0xffff);
				break;
			default: buf_putc(&j->text, *j->p); break;
			}
			j->p++;
		} else {
			buf_putc(&j->text, *j->p++);
		}
	}
	return json_is(j, '"');
}

/* Any value; its text (numbers, words) to j->text; [x, y] as "y x 0 0" is made by the caller. */
static bool
json_skip(struct json *j, unsigned depth)
{
	json_blank(j);
	if (j->p >= j->end || depth > 60)
		return false;
	if (*j->p == '"')
		return json_string(j);
	if (*j->p == '{' || *j->p == '[') {
		bool object = *j->p == '{';
		char close = object ? '}' : ']';

		j->p++;
		if (json_is(j, close))
			return true;
		do {
			if (object && (!json_string(j) || !json_is(j, ':')))
				return false;
			if (!json_skip(j, depth + 1))
				return false;
		} while (json_is(j, ','));
		return json_is(j, close);
	}
	buf_reset(&j->text);
	while (j->p < j->end && strchr(",]} \t\r\n", *j->p) == NULL)
		buf_putc(&j->text, *j->p++);
	if (strcmp(buf_str(&j->text), "null") == 0)
		buf_reset(&j->text);
	return true;
}

static bool
json_point(struct json *j, struct buf *out)
{
	struct buf x;
	bool ok;

	buf_init(&x, 64);
	ok = json_is(j, '[') && json_skip(j, 0);
	buf_put(&x, buf_str(&j->text), j->text.len);
	ok = ok && json_is(j, ',') && json_skip(j, 0);
	buf_reset(out);
	buf_printf(out, "%s %s 0 0", buf_str(&j->text), buf_str(&x));
	while (ok && json_is(j, ','))
		ok = json_skip(j, 0);
	buf_free(&x);
	return ok && json_is(j, ']');
}

static bool
json_feature(struct json *j, struct table *b)
{
	char name[256];
	struct buf point;
	bool ok = table_item(b) && json_is(j, '{'), done = ok && json_is(j, '}');

	buf_init(&point, 256);
	while (ok && !done) {
		ok = json_string(j) && json_is(j, ':');
		memcpy(name, buf_str(&j->text), j->text.len < 255 ? j->text.len + 1 : 255);
		name[255] = '\0';
		if (ok && strcmp(name, "id") == 0) {
			ok = json_skip(j, 0) && table_cell(b, "id", buf_str(&j->text), j->text.len);
		} else if (ok && (strcmp(name, "properties") == 0 || strcmp(name, "geometry") == 0)) {
			bool geometry = name[0] == 'g';

			ok = json_is(j, '{');
			if (!json_is(j, '}')) {
				do {
					char key[256];

					ok = ok && json_string(j) && j->text.len < sizeof(key) && json_is(j, ':');
					if (ok)
						memcpy(key, buf_str(&j->text), j->text.len + 1);
					if (ok && geometry && strcmp(key, "coordinates") == 0) {
						json_blank(j);
						ok = json_point(j, &point)
						    && table_cell(b, "geometry", buf_str(&point), point.len);
					} else if (ok) {
						ok = json_skip(j, 0);
						if (ok && !geometry)
							ok = table_cell(b, key, buf_str(&j->text), j->text.len);
					}
				} while (ok && json_is(j, ','));
				ok = ok && json_is(j, '}');
			}
		} else if (ok) {
			ok = json_skip(j, 0);
		}
		if (ok && !json_is(j, ',')) {
			ok = json_is(j, '}');
			done = true;
		}
	}
	buf_free(&point);
	return ok;
}

static enum err_code
from_geojson(struct table *b, const char *text, size_t len)
{
	struct json j = { .p = text, .end = text + len };
	bool ok, found = false;

	buf_init(&j.text, 65536);
	ok = json_is(&j, '{');
	while (ok) {
		ok = json_string(&j) && json_is(&j, ':');
		if (ok && strcmp(buf_str(&j.text), "features") == 0) {
			found = true;
			ok = json_is(&j, '[');
			if (!json_is(&j, ']')) {
				do
					ok = ok && json_feature(&j, b);
				while (ok && json_is(&j, ','));
				ok = ok && json_is(&j, ']');
			}
		} else if (ok) {
			ok = json_skip(&j, 0);
		}
		if (ok && !json_is(&j, ','))
			break;
	}
	ok = ok && found && json_is(&j, '}');
	buf_free(&j.text);
	if (ok)
		return ERR_OK;
	return b->err->code != ERR_OK ? b->err->code : err_set(b->err, ERR_INPUT, "this is no GeoJSON FeatureCollection of points");
}

enum err_code
secondary_read(const struct form *f, struct tree *t, const char *uri, const char *data, size_t len, struct err *err)
{
	struct table b = { .t = t, .max = f->limits.secondary_cells, .err = err };
	size_t n = strlen(uri);
	static const char none[] = "";
	struct xml_rules rules = { .max_rows = 0 };
	struct _xmlDoc *doc;
	enum err_code rc;

	if (len == 0)
		data = none;
	if (n > 8 && strcasecmp(uri + n - 8, ".geojson") == 0)
		return table_begin(&b) ? from_geojson(&b, data, len) : err->code;
	if ((n > 4 && strcasecmp(uri + n - 4, ".csv") == 0) || strncmp(uri, "jr://file-csv/", 14) == 0)
		return table_begin(&b) ? from_csv(&b, data, len) : err->code;
	rc = xml_parse(data, len, false, &doc, err);
	if (rc != ERR_OK)
		return rc;
	rc = xtree_from_node(t, (const struct _xmlNode *)doc, &rules, err);
	xml_free(doc);
	return rc;
}
