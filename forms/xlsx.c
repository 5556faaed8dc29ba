/* .xlsx and .xlsm (ECMA-376) by libzip and libxml2's push parser: parts are inflated in pieces, never whole,
 * and every size is counted as it comes, because what a zip says of itself need not be true. */
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/num.h"
#include "forms/sheet.h"
#include "forms/xguard.h"
#include "forms/xlsx_value.h"

enum { PIECE = 16384, RATIO_FROM = 1 << 20, STYLES_MAX = 65536, TARGETS_MAX = 256, STRINGS_MAX = 1 << 20 };

struct target {
	const char *id, *path, *type;
};

struct entry {
	const char *name, *rel;
	bool hidden;
};

struct xlsx {
	struct sheet_build *b;
	zip_t *zip;
	uint64_t inflated;	/* of all parts so far */
	struct target targets[TARGETS_MAX];
	size_t n_targets;
	struct entry entries[SHEET_SHEETS_MAX];
	size_t n_entries;
	bool is_1904;
	const char **strings;
	size_t n_strings, strings_cap;
	bool *is_date;		/* by cell style */
	size_t n_styles;
	struct { int id; bool date; } formats[1024];
	size_t n_formats;

	/* the part being read */
	const char *part, *folder;
	xmlParserCtxtPtr ctx;
	enum err_code rc;
	struct err *err;
	struct buf text;
	bool collect;		/* text goes to TEXT */
	int skip;		/* depth inside an element whose text does not count (phonetic readings) */
	unsigned row, next_row;
	size_t column, next_column;
	char type[16];
	size_t style;
	bool in_cell_formats, row_open;
	bool formula, has_value;	/* of the cell: <f>, <v> or <is> */
};

typedef void (*start_fn)(struct xlsx *x, const char *name, int n, const xmlChar **attrs);
typedef void (*end_fn)(struct xlsx *x, const char *name);

struct reader {
	struct xlsx *x;
	start_fn start;
	end_fn end;
};

static void
stop(struct xlsx *x, enum err_code rc)
{
	if (x->rc == ERR_OK && rc != ERR_OK) {
		x->rc = rc;
		xmlStopParser(x->ctx);
	}
}

/* --- libxml2's callbacks ------------------------------------------------------------------------------ */

static void
on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
	int n, int n_default, const xmlChar **attrs)
{
	struct reader *r = arg;

	(void)prefix, (void)uri, (void)n_ns, (void)ns, (void)n_default;
	if (r->x->rc == ERR_OK)
		r->start(r->x, (const char *)name, n, attrs);
}

static void
on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = arg;

	(void)prefix, (void)uri;
	if (r->x->rc == ERR_OK && r->end != NULL)
		r->end(r->x, (const char *)name);
}

static void
on_text(void *arg, const xmlChar *text, int len)
{
	struct xlsx *x = ((struct reader *)arg)->x;

	if (x->collect && x->skip == 0 && x->rc == ERR_OK)
		buf_put(&x->text, text, (size_t)len);
}

static void
on_dtd(void *arg, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	struct xlsx *x = ((struct reader *)arg)->x;

	(void)name, (void)public_id, (void)system_id;
	stop(x, err_set(x->err, ERR_INPUT, "part %.80s of the workbook has a document type: no spreadsheet "
	    "program writes that; save it again as .xlsx", x->part));
}

static void
on_error(void *arg, xmlErrorPtr error)
{
	(void)arg, (void)error;
}

/* Attribute NAME as text in OUT (cut to SIZE); false if it is not there. Local names only. */
static bool
attr(int n, const xmlChar **attrs, const char *name, char *out, size_t size)
{
	for (int i = 0; i < n; i++) {
		const xmlChar **a = attrs + (ptrdiff_t)i * 5;
		size_t len = (size_t)(a[4] - a[3]);

		if (strcmp((const char *)a[0], name) != 0)
			continue;
		if (len > size - 1)
			len = size - 1;
		memcpy(out, a[3], len);
		out[len] = '\0';
		return true;
	}
	return false;
}

static long
attr_number(int n, const xmlChar **attrs, const char *name, long otherwise)
{
	char text[32];
	int64_t v;

	if (attr(n, attrs, name, text, sizeof(text)) && num_i64(text, strlen(text), 0, 1 << 30, &v))
		return (long)v;
	return otherwise;
}

/* --- parts -------------------------------------------------------------------------------------------- */

/* Where PART is in the archive, or -1. Some writers separate folders as Windows does. */
static zip_int64_t
locate(const struct xlsx *x, const char *part)
{
	zip_int64_t at = zip_name_locate(x->zip, part, ZIP_FL_NOCASE);
	char windows[1500];

	if (at >= 0 || strchr(part, '/') == NULL)
		return at;
	snprintf(windows, sizeof(windows), "%s", part);
	for (char *p = windows; *p != '\0'; p++)
		if (*p == '/')
			*p = '\\';
	return zip_name_locate(x->zip, windows, ZIP_FL_NOCASE);
}

/* Inflate PART through the parser. Absent parts are ERR_ABSENT with nothing read. */
static enum err_code
read_part(struct xlsx *x, const char *part, start_fn start, end_fn end, struct err *err)
{
	struct reader r = { .x = x, .start = start, .end = end };
	struct xguard guard = { .state = 0 };
	xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC, .startElementNs = on_start, .endElementNs = on_end,
		.characters = on_text, .cdataBlock = on_text, .internalSubset = on_dtd };
	zip_stat_t st;
	zip_file_t *f = NULL;
	char piece[PIECE];
	zip_int64_t got, at;
	uint64_t size = 0;
	enum err_code rc = ERR_OK;

	at = locate(x, part);
	if (at < 0 || zip_stat_index(x->zip, (zip_uint64_t)at, 0, &st) != 0)
		return err_set(err, ERR_ABSENT, "part %.80s is missing from the workbook", part);
	x->part = part;
	x->rc = ERR_OK;
	x->err = err;
	x->collect = false;
	x->skip = 0;
	buf_reset(&x->text);
	if (st.encryption_method != ZIP_EM_NONE)
		return err_set(err, ERR_INPUT, "the workbook is encrypted: save it without a password");
	if (st.size > SHEET_PART_MAX)
		return err_set(err, ERR_LIMIT, "part %.80s of the workbook has %llu bytes: at most %d are read", part,
		    (unsigned long long)st.size, SHEET_PART_MAX);
	f = zip_fopen_index(x->zip, (zip_uint64_t)at, 0);
	if (f == NULL)
		return err_set(err, ERR_INPUT, "part %.80s of the workbook cannot be read: %s", part, zip_strerror(x->zip));
	sax.serror = on_error;
	x->ctx = xmlCreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (x->ctx == NULL) {
		zip_fclose(f);
		return err_nomem(err);
	}
	xmlCtxtUseOptions(x->ctx, XML_PARSE_NONET);
	while (rc == ERR_OK && (got = zip_fread(f, piece, sizeof(piece))) > 0) {
		size += (uint64_t)got;
		x->inflated += (uint64_t)got;
		if (size > SHEET_PART_MAX || x->inflated > SHEET_ALL_MAX
		    || (size > RATIO_FROM && size / SHEET_RATIO_MAX > st.comp_size))
			rc = err_set(err, ERR_LIMIT, "part %.80s of the workbook swells to more than %d times its size or "
			    "more than %d bytes: that is no questionnaire", part, SHEET_RATIO_MAX, SHEET_PART_MAX);
		else if (size == (uint64_t)got && (rc = xguard_encoding(piece, (size_t)got, err)) != ERR_OK)
			err_in(err, "part %.80s of the workbook (open it in a spreadsheet program and save it again)", part);
		else if ((rc = xguard(&guard, piece, (size_t)got, err)) != ERR_OK)
			err_in(err, "part %.80s of the workbook", part);
		else if (xmlParseChunk(x->ctx, piece, (int)got, 0) != 0 && x->rc == ERR_OK)
			rc = err_set(err, ERR_INPUT, "part %.80s of the workbook is not well-formed XML near its line %d",
			    part, x->ctx->input != NULL ? x->ctx->input->line : 0);
		if (x->rc != ERR_OK)
			rc = x->rc;
	}
	if (rc == ERR_OK && got < 0)
		rc = err_set(err, ERR_INPUT, "part %.80s of the workbook is damaged: %s", part, zip_file_strerror(f));
	if (rc == ERR_OK && xmlParseChunk(x->ctx, NULL, 0, 1) != 0 && x->rc == ERR_OK)
		rc = err_set(err, ERR_INPUT, "part %.80s of the workbook ends too early", part);
	if (rc == ERR_OK)
		rc = x->rc;
	if (x->ctx->myDoc != NULL)
		xmlFreeDoc(x->ctx->myDoc);
	xmlFreeParserCtxt(x->ctx);
	x->ctx = NULL;
	zip_fclose(f);
	return rc;
}

/* TARGET of a relationship, made absolute in the package: no leading slash. */
static char *
resolve(struct xlsx *x, const char *folder, const char *target)
{
	char path[600], plain[512];
	size_t n = 0;

	/* some writers put "./" before it, or the separators of Windows */
	snprintf(plain, sizeof(plain), "%s", target);
	for (char *p = plain; *p != '\0'; p++)
		if (*p == '\\')
			*p = '/';
	target = plain;
	while (strncmp(target, "./", 2) == 0)
		target += 2;
	if (target[0] == '/') {
		snprintf(path, sizeof(path), "%s", target + 1);
	} else {
		n = strlen(folder);
		while (strncmp(target, "../", 3) == 0 && n > 0) {
			target += 3;
			for (n--; n > 0 && folder[n - 1] != '/'; n--)
				;
		}
		snprintf(path, sizeof(path), "%.*s%s", (int)n, folder, target);
	}
	return arena_str(&x->b->book->mem, path);
}

static void
rels_start(struct xlsx *x, const char *name, int n, const xmlChar **attrs)
{
	char id[64], target[512], type[256];
	const char *last;
	struct target *t = &x->targets[x->n_targets];

	if (strcmp(name, "Relationship") != 0 || x->n_targets == TARGETS_MAX
	    || !attr(n, attrs, "Id", id, sizeof(id)) || !attr(n, attrs, "Target", target, sizeof(target))
	    || !attr(n, attrs, "Type", type, sizeof(type)))
		return;
	last = strrchr(type, '/');
	t->id = arena_str(&x->b->book->mem, id);
	t->path = resolve(x, x->folder, target);
	t->type = arena_str(&x->b->book->mem, last != NULL ? last + 1 : type);
	if (t->id == NULL || t->path == NULL || t->type == NULL)
		stop(x, err_nomem(x->err));
	else
		x->n_targets++;
}

static const char *
target_of(const struct xlsx *x, const char *type, const char *id)
{
	for (size_t i = 0; i < x->n_targets; i++)
		if ((type == NULL || strcmp(x->targets[i].type, type) == 0)
		    && (id == NULL || strcmp(x->targets[i].id, id) == 0))
			return x->targets[i].path;
	return NULL;
}

static void
book_start(struct xlsx *x, const char *name, int n, const xmlChar **attrs)
{
	char text[256], rel[64], state[32];
	struct entry *e;

	if (strcmp(name, "workbookPr") == 0 && attr(n, attrs, "date1904", text, sizeof(text)))
		x->is_1904 = strcmp(text, "1") == 0 || strcmp(text, "true") == 0;
	if (strcmp(name, "sheet") != 0 || !attr(n, attrs, "name", text, sizeof(text))
	    || !attr(n, attrs, "id", rel, sizeof(rel)))
		return;
	if (x->n_entries == SHEET_SHEETS_MAX) {
		stop(x, err_set(x->err, ERR_LIMIT, "more than %d sheets", SHEET_SHEETS_MAX));
		return;
	}
	e = &x->entries[x->n_entries];
	e->name = arena_str(&x->b->book->mem, text);
	e->rel = arena_str(&x->b->book->mem, rel);
	e->hidden = attr(n, attrs, "state", state, sizeof(state)) && strcmp(state, "visible") != 0;
	if (e->name == NULL || e->rel == NULL)
		stop(x, err_nomem(x->err));
	else
		x->n_entries++;
}

/* --- shared strings ----------------------------------------------------------------------------------- */

static void
strings_start(struct xlsx *x, const char *name, int n, const xmlChar **attrs)
{
	(void)n, (void)attrs;
	if (strcmp(name, "si") == 0)
		buf_reset(&x->text);
	else if (strcmp(name, "rPh") == 0)
		x->skip++;
	else if (strcmp(name, "t") == 0)
		x->collect = true;
}

static void
strings_end(struct xlsx *x, const char *name)
{
	if (strcmp(name, "t") == 0)
		x->collect = false;
	if (strcmp(name, "rPh") == 0 && x->skip > 0)
		x->skip--;
	if (strcmp(name, "si") != 0)
		return;
	xlsx_unescape(&x->text);
	if (x->n_strings == x->strings_cap) {
		size_t cap = x->strings_cap == 0 ? 256 : x->strings_cap * 2;
		const char **grown = cap > STRINGS_MAX ? NULL : realloc(x->strings, cap * sizeof(*grown));

		if (grown == NULL && cap <= STRINGS_MAX) {
			stop(x, err_nomem(x->err));
			return;
		}
		if (grown == NULL) {
			stop(x, err_set(x->err, ERR_LIMIT, "more than %d shared texts", STRINGS_MAX));
			return;
		}
		x->strings = grown;
		x->strings_cap = cap;
	}
	if (buf_check(&x->text, x->err) != ERR_OK)
		stop(x, x->text.failed);
	else
		stop(x, sheet_share(x->b, buf_str(&x->text), x->text.len, &x->strings[x->n_strings++], x->err));
}

/* --- styles: which number formats are dates ----------------------------------------------------------- */

/* ECMA-376 18.8.30: the built-in formats that show a date or a time. */
static bool
builtin_date(int id)
{
	return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

static bool
code_is_date(const char *code)
{
	for (const char *p = code; *p != '\0' && *p != ';'; p++) {
		if (*p == '"' || (*p == '[' && strchr("hHmMsS", p[1]) == NULL)) {
			const char *q = strchr(p + 1, *p == '"' ? '"' : ']');

			if (q == NULL)
				return false;
			p = q;
		} else if (*p == '\\' || *p == '_' || *p == '*') {
			if (p[1] != '\0')
				p++;
		} else if (strncasecmp(p, "General", 7) == 0) {
			p += 6;
		} else if (strchr("dmyhsDMYHS", *p) != NULL) {
			return true;
		}
	}
	return false;
}

static void
styles_start(struct xlsx *x, const char *name, int n, const xmlChar **attrs)
{
	char code[256];
	long id;

	if (strcmp(name, "numFmt") == 0 && x->n_formats < ARRAY_LEN(x->formats)
	    && attr(n, attrs, "formatCode", code, sizeof(code))) {
		x->formats[x->n_formats].id = (int)attr_number(n, attrs, "numFmtId", -1);
		x->formats[x->n_formats++].date = code_is_date(code);
	}
	if (strcmp(name, "cellXfs") == 0)
		x->in_cell_formats = true;
	if (strcmp(name, "xf") != 0 || !x->in_cell_formats || x->n_styles == STYLES_MAX)
		return;
	if (x->is_date == NULL)
		x->is_date = calloc(STYLES_MAX, sizeof(*x->is_date));
	if (x->is_date == NULL) {
		stop(x, err_nomem(x->err));
		return;
	}
	id = attr_number(n, attrs, "numFmtId", 0);
	x->is_date[x->n_styles] = builtin_date((int)id);
	for (size_t i = 0; i < x->n_formats; i++)
		if (x->formats[i].id == id)
			x->is_date[x->n_styles] = x->formats[i].date;
	x->n_styles++;
}

static void
styles_end(struct xlsx *x, const char *name)
{
	if (strcmp(name, "cellXfs") == 0)
		x->in_cell_formats = false;
}

/* --- cells -------------------------------------------------------------------------------------------- */

/* "AB12" gives 27. */
static size_t
column_of(const char *ref)
{
	size_t n = 0;

	for (; *ref >= 'A' && *ref <= 'Z' && n < 100000; ref++)
		n = n * 26 + (size_t)(*ref - 'A') + 1;
	return n == 0 ? SIZE_MAX : n - 1;
}

/* Is the cell being read part of the form? Notes and sums beside it may be wrong as they please. */
static bool
matters(const struct xlsx *x)
{
	const struct sheet_build *b = x->b;
	const struct sheet *s = b->sheet;

	if (b->done || (x->n_entries > 1 && !sheet_has_role(s->name)))
		return false;
	return !b->has_header || (x->column < s->n_columns && s->header[x->column] != NULL && s->header[x->column][0] != '_');
}

/* FMT takes one text. */
static void
cell_error(struct xlsx *x, const char *fmt, const char *text)
{
	struct sheet_build *b = x->b;
	char place[SHEET_PLACE];

	if (!matters(x))
		return;
	sheet_place(b, x->row, 0, x->column, place);
	findings_add(b->findings, false, (long)b->at * 10000000L + x->row, place, fmt, text);
}

static void
cell_end(struct xlsx *x)
{
	struct sheet_build *b = x->b;
	const char *text = buf_str(&x->text);
	bool is_number = x->type[0] == '\0' || strcmp(x->type, "n") == 0;
	char place[SHEET_PLACE];
	struct buf out;
	int64_t i;

	if (strcmp(x->type, "s") != 0 && strcmp(x->type, "e") != 0)
		xlsx_unescape(&x->text);
	if (x->text.failed == ERR_NOMEM) {
		stop(x, err_nomem(x->err));
	} else if (buf_check(&x->text, x->err) != ERR_OK) {
		sheet_place(b, x->row, 0, x->column, place);
		stop(x, err_set(x->err, ERR_LIMIT, "%s: the cell is longer than %d characters", place, SHEET_CELL_MAX));
	} else if (strcmp(x->type, "s") == 0) {
		if (num_i64(text, x->text.len, 0, (int64_t)x->n_strings - 1, &i)) {
			sheet_put_shared(b, x->column, x->strings[i]);
		} else if (x->text.len > 0) {
			sheet_place(b, x->row, 0, x->column, place);
			stop(x, err_set(x->err, ERR_INPUT, "%s: the cell refers to a shared text that is not there: open the file in a "
			    "spreadsheet program and save it again", place));
		}
	} else if (strcmp(x->type, "e") == 0) {
		cell_error(x, "the formula gives %.20s: mend it or type the value", text);
	} else if (x->formula && (!x->has_value || (is_number && x->text.len == 0))) {
		cell_error(x, "the formula has no stored result%s: open the file in a spreadsheet program and save it, or type the value",
		    "");
	} else if (strcmp(x->type, "b") == 0) {
		bool yes = text[0] == '1' || strcmp(text, "true") == 0;

		stop(x, sheet_put(b, x->column, yes ? "TRUE" : "FALSE", yes ? 4 : 5, x->err));
	} else if (strcmp(x->type, "d") == 0) {
		xlsx_put_iso(&x->text);
		stop(x, sheet_put(b, x->column, buf_str(&x->text), x->text.len, x->err));
	} else if (is_number) {
		buf_init(&out, 1024);
		if (x->text.len > 0)
			xlsx_put_number(&out, text, x->style < x->n_styles && x->is_date[x->style], x->is_1904);
		stop(x, sheet_put(b, x->column, buf_str(&out), out.len, x->err));
		buf_free(&out);
	} else {
		stop(x, sheet_put(b, x->column, text, x->text.len, x->err));
	}
}

static void
sheet_start(struct xlsx *x, const char *name, int n, const xmlChar **attrs)
{
	char ref[32];

	if (strcmp(name, "row") == 0) {
		x->row = (unsigned)attr_number(n, attrs, "r", (long)x->next_row);
		if (x->row < x->next_row) {
			stop(x, err_set(x->err, ERR_INPUT, "sheet %.60s has row %u after row %u: open the file in a spreadsheet program "
			    "and save it again", x->b->sheet->name, x->row, x->next_row - 1));
			return;
		}
		x->next_row = x->row + 1;
		x->next_column = 0;
		x->row_open = true;
		if (!x->b->has_header && x->row != 1)
			stop(x, sheet_row_end(x->b, 1, 0, x->err));
	} else if (strcmp(name, "c") == 0) {
		x->column = attr(n, attrs, "r", ref, sizeof(ref)) ? column_of(ref) : x->next_column;
		if (x->column == SIZE_MAX)
			x->column = x->next_column;
		x->next_column = x->column + 1;
		x->type[0] = '\0';
		attr(n, attrs, "t", x->type, sizeof(x->type));
		x->style = (size_t)attr_number(n, attrs, "s", 0);
		x->formula = x->has_value = false;
		buf_reset(&x->text);
	} else if (strcmp(name, "f") == 0) {
		x->formula = true;
	} else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
		x->collect = x->has_value = true;
	} else if (strcmp(name, "rPh") == 0) {
		x->skip++;
	}
}

static void
sheet_end(struct xlsx *x, const char *name)
{
	if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
		x->collect = false;
	} else if (strcmp(name, "rPh") == 0 && x->skip > 0) {
		x->skip--;
	} else if (strcmp(name, "c") == 0 && x->row_open) {
		cell_end(x);
	} else if (strcmp(name, "row") == 0) {
		x->row_open = false;
		stop(x, sheet_row_end(x->b, x->row, 0, x->err));
	}
}

static enum err_code
read_sheets(struct xlsx *x, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < x->n_entries && rc == ERR_OK; i++) {
		const char *part = target_of(x, NULL, x->entries[i].rel);

		if (part == NULL || target_of(x, "worksheet", x->entries[i].rel) == NULL)
			continue;
		rc = sheet_begin(x->b, x->entries[i].name, err);
		if (rc != ERR_OK)
			break;
		x->b->sheet->hidden = x->entries[i].hidden;
		x->next_row = 1;
		x->row_open = false;
		memset(x->b->cells, 0, SHEET_COLUMNS_MAX * sizeof(*x->b->cells));
		rc = read_part(x, part, sheet_start, sheet_end, err);
	}
	return rc;
}

/* A zip archive that is no workbook: what it is, by the names of its parts. */
static enum err_code
stranger(struct xlsx *x, struct err *err)
{
	zip_int64_t n = zip_get_num_entries(x->zip, 0);

	if (zip_name_locate(x->zip, "content.xml", 0) >= 0)
		return err_set(err, ERR_INPUT, "this is an OpenDocument file: save it as .xlsx");
	for (zip_int64_t i = 0; i < n && i < 1000; i++) {
		const char *name = zip_get_name(x->zip, (zip_uint64_t)i, 0);
		size_t len = name != NULL ? strlen(name) : 0;

		if (len > 4 && strcmp(name + len - 4, ".iwa") == 0)
			return err_set(err, ERR_INPUT, "this is a file of Apple Numbers (or Pages): open it and export it to Excel (.xlsx)");
		if (len > 5 && (strcasecmp(name + len - 5, ".xlsx") == 0 || strcasecmp(name + len - 4, ".csv") == 0))
			return err_set(err, ERR_INPUT, "this is a zip archive: unpack it and give the file \"%.60s\" in it", name);
	}
	return err_set(err, ERR_INPUT, "this is a zip archive but no .xlsx workbook: give the spreadsheet itself");
}

static enum err_code
read_book(struct xlsx *x, struct err *err)
{
	char rels[1400], folder[600];
	const char *book, *strings, *styles, *slash;
	enum err_code rc;

	x->folder = "";
	rc = read_part(x, "_rels/.rels", rels_start, NULL, err);
	book = rc == ERR_OK ? target_of(x, "officeDocument", NULL) : NULL;
	if (book == NULL && (rc == ERR_OK || rc == ERR_ABSENT))
		return stranger(x, err);
	if (rc != ERR_OK)
		return rc;
	if (strstr(book, "document.xml") != NULL || strstr(book, "presentation.xml") != NULL)
		return err_set(err, ERR_INPUT, "this is a text document or a presentation: give the spreadsheet as .xlsx");
	if (strstr(book, ".bin") != NULL)
		return err_set(err, ERR_INPUT, "this is a binary workbook (.xlsb): open it and save it as .xlsx");
	x->n_targets = 0;
	slash = strrchr(book, '/');
	snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash + 1 - book) : 0, book);
	snprintf(rels, sizeof(rels), "%s_rels/%s.rels", folder, slash != NULL ? slash + 1 : book);
	x->folder = folder;
	rc = read_part(x, book, book_start, NULL, err);
	if (rc == ERR_OK)
		rc = read_part(x, rels, rels_start, NULL, err);
	if (rc == ERR_ABSENT)
		rc = ERR_INPUT;
	strings = target_of(x, "sharedStrings", NULL);
	styles = target_of(x, "styles", NULL);
	if (rc == ERR_OK && strings != NULL)
		rc = read_part(x, strings, strings_start, strings_end, err);
	if (rc == ERR_OK && styles != NULL)
		rc = read_part(x, styles, styles_start, styles_end, err);
	if (rc == ERR_OK)
		rc = read_sheets(x, err);
	if (rc == ERR_ABSENT)
		rc = ERR_INPUT;
	return rc;
}

enum err_code
xlsx_read(const void *data, size_t len, struct sheet_build *b, struct err *err)
{
	struct xlsx *x = calloc(1, sizeof(*x));
	zip_error_t ze;
	zip_source_t *src;
	enum err_code rc;

	if (x == NULL)
		return err_nomem(err);
	x->b = b;
	buf_init(&x->text, (size_t)SHEET_CELL_MAX * 4);
	zip_error_init(&ze);
	src = zip_source_buffer_create(data, len, 0, &ze);
	if (src != NULL)
		x->zip = zip_open_from_source(src, ZIP_RDONLY | ZIP_CHECKCONS, &ze);
	if (x->zip == NULL) {
		if (src != NULL)
			zip_source_free(src);
		rc = err_set(err, ERR_INPUT, "the .xlsx file is damaged or cut short (%s): save it again",
		    zip_error_strerror(&ze));
	} else {
		rc = read_book(x, err);
		zip_discard(x->zip);
	}
	zip_error_fini(&ze);
	buf_free(&x->text);
	free(x->strings);
	free(x->is_date);
	free(x);
	return rc;
}
