/* Workbooks: kind by magic bytes, and what .xlsx and .csv have in common: cells, headers, rows. */
#include "forms/sheet.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"

void
sheet_column_name(enum sheet_kind kind, size_t i, char name[8])
{
	char rev[8];
	size_t n = 0;

	i += kind == SHEET_CSV;
	do {
		rev[n++] = (char)('A' + i % 26);
		i = i / 26;
	} while (i-- > 0 && n < sizeof(rev) - 1);
	for (size_t k = 0; k < n; k++)
		name[k] = rev[n - 1 - k];
	name[n] = '\0';
}

void
sheet_place(const struct sheet_build *b, unsigned row, unsigned line, size_t column, char place[SHEET_PLACE])
{
	char at[8], in_file[32] = "";

	sheet_column_name(b->book->kind, column, at);
	if (line > 0)
		snprintf(in_file, sizeof(in_file), " (line %u)", line);
	snprintf(place, SHEET_PLACE, "sheet %.60s, row %u%s, column %s", b->sheet->name, row, in_file, at);
}

bool
sheet_has_role(const char *name)
{
	static const char *const roles[] = { "survey", "choices", "settings", "external_choices", "osm", "entities" };

	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strcasecmp(name, roles[i]) == 0)
			return true;
	return false;
}

static bool
starts(const unsigned char *p, size_t len, const char *magic, size_t n)
{
	return len >= n && memcmp(p, magic, n) == 0;
}

/* What other files people pick by mistake, and what to do about each. */
static const struct {
	const char *magic;
	size_t len;
	const char *what;
} STRANGERS[] = {
	{ "\xD0\xCF\x11\xE0", 4, "an old .xls file (or one with a password): open it and save it as .xlsx without a password" },
	{ "%PDF", 4, "a PDF: give the spreadsheet that it was made from" },
	{ "{\\rtf", 5, "a text document: give the spreadsheet" },
	{ "\x1F\x8B", 2, "a gzip archive: unpack it first" },
	{ "7z\xBC\xAF", 4, "a 7z archive: unpack it first" },
	{ "Rar!", 4, "a RAR archive: unpack it first" },
	{ "\x89PNG", 4, "a picture: give the spreadsheet" },
	{ "\xFF\xD8\xFF", 3, "a picture: give the spreadsheet" },
	{ "SQLite format 3", 15, "a database: give the spreadsheet" },
	{ "\xFF\xFE", 2, "text in UTF-16: save it as \"CSV UTF-8\"" },
	{ "\xFE\xFF", 2, "text in UTF-16: save it as \"CSV UTF-8\"" },
	{ "PK\5\6", 4, "an empty zip archive: give the spreadsheet itself" },
	{ "{", 1, "JSON, or a shortcut to a sheet in Google Drive: open the sheet there and download it as .xlsx" },
	{ "MIME-Version:", 13, "a web archive: open it in a spreadsheet program and save it as .xlsx" },
	{ "ID;P", 4, "a SYLK file: open it in a spreadsheet program and save it as .xlsx" },
};

/* Spreadsheets in XML that is neither .xlsx nor an XForm, by what their first 64 KiB hold (in any case of letters). */
static const struct {
	const char *holds, *what;
} XML_STRANGERS[] = {
	{ "urn:schemas-microsoft-com:office:spreadsheet", "an XML spreadsheet of Excel 2003" },
	{ "<office:document", "a flat OpenDocument file" },
	{ "urn:schemas-microsoft-com:office:excel", "a web page that a spreadsheet program made" },
	{ "<!doctype html", "a web page, whatever its name" }, { "<table", "a web page, whatever its name" },
};

static const char ENCRYPTED[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";

static bool
holds(const char *head, size_t len, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= len; i++)
		if (strncasecmp(head + i, what, n) == 0)
			return true;
	return false;
}

/* XML that is no .xlsx: an XForm, unless it says otherwise. */
static enum err_code
xml_kind(const char *data, size_t len, struct err *err)
{
	static const char xforms[] = "http://www.w3.org/2002/xforms";
	size_t head = len < 65536 ? len : 65536;

	if (memmem(data, len, xforms, sizeof(xforms) - 1) != NULL)
		return ERR_OK;
	for (size_t i = 0; i < ARRAY_LEN(XML_STRANGERS); i++)
		if (holds(data, head, XML_STRANGERS[i].holds))
			return err_set(err, ERR_INPUT, "this is %s: open it in a spreadsheet program and save it as .xlsx",
			    XML_STRANGERS[i].what);
	return ERR_OK;
}

enum err_code
sheet_kind(const void *data, size_t len, enum sheet_kind *kind, struct err *err)
{
	const unsigned char *p = data;
	size_t i = 0, head = len < 5120 ? len : 5120, commas = 0, semicolons = 0, tabs = 0;

	if (len == 0)
		return err_set(err, ERR_INPUT, "the file is empty");
	if (starts(p, len, "PK\x03\x04", 4)) {
		*kind = SHEET_XLSX;
		return ERR_OK;
	}
	/* MS-OFFCRYPTO 2.3.4.4: an encrypted workbook is a stream of that name, in UTF-16 */
	if (starts(p, len, "\xD0\xCF\x11\xE0", 4) && memmem(p, len, ENCRYPTED, sizeof(ENCRYPTED) - 1) != NULL)
		return err_set(err, ERR_INPUT, "this workbook has a password: open it, take the password away and save it as .xlsx");
	for (size_t k = 0; k < ARRAY_LEN(STRANGERS); k++)
		if (starts(p, len, STRANGERS[k].magic, STRANGERS[k].len))
			return err_set(err, ERR_INPUT, "this is %s", STRANGERS[k].what);
	if (starts(p, len, "\xEF\xBB\xBF", 3))
		i = 3;
	while (i < len && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n'))
		i++;
	if (i < len && p[i] == '<') {
		*kind = SHEET_XFORM;
		return xml_kind(data, len, err);
	}
	if (memchr(p, '\0', head) != NULL)
		return err_set(err, ERR_INPUT, "this is neither an .xlsx workbook nor text: save it as .xlsx");
	for (size_t k = 0; k < head; k++) {
		commas += p[k] == ',';
		semicolons += p[k] == ';';
		tabs += p[k] == '\t';
	}
	if (commas < 4 && semicolons < 4 && tabs < 4)
		return err_set(err, ERR_INPUT, "this is neither an .xlsx workbook, nor a .csv with a sheet name in "
		    "column 1 and values split by commas, semicolons or tabs, nor XForm XML");
	*kind = SHEET_CSV;
	return ERR_OK;
}

enum err_code
sheet_begin(struct sheet_build *b, const char *name, struct err *err)
{
	struct workbook *book = b->book;
	size_t n;

	if (book->n_sheets == SHEET_SHEETS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d sheets", SHEET_SHEETS_MAX);
	b->sheet = &book->sheets[book->n_sheets];
	memset(b->sheet, 0, sizeof(*b->sheet));
	while (*name == ' ' || strncmp(name, "\xC2\xA0", 2) == 0)
		name += *name == ' ' ? 1 : 2;
	n = strlen(name);
	while (n > 0 && (name[n - 1] == ' ' || (n > 1 && memcmp(name + n - 2, "\xC2\xA0", 2) == 0)))
		n -= name[n - 1] == ' ' ? 1 : 2;
	b->sheet->name = arena_strn(&book->mem, name, n);
	if (b->sheet->name == NULL)
		return err_nomem(err);
	b->at = book->n_sheets++;
	b->has_header = b->done = false;
	b->last = 0;
	b->used = 0;
	b->beside = SIZE_MAX;
	return ERR_OK;
}

static enum err_code
no_memory(const struct sheet_build *b, struct err *err)
{
	if (b->book->mem.limited)
		return err_set(err, ERR_LIMIT, "the sheets hold more than %d MiB of text", SHEET_MEM_MAX >> 20);
	return err_nomem(err);
}

/* U+00A0 is C2 A0. */
static char *
clean_copy(struct arena *mem, const char *text, size_t len)
{
	char *out = arena_strn(mem, text, len);
	size_t n = 0, from = 0;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)out[i] == 0xC2 && i + 1 < len && (unsigned char)out[i + 1] == 0xA0) {
			out[n++] = ' ';
			i++;
		} else {
			out[n++] = out[i];
		}
	}
	while (n > 0 && strchr(" \t\r\n\f\v", out[n - 1]) != NULL)
		n--;
	out[n] = '\0';
	while (out[from] != '\0' && strchr(" \t\r\n\f\v", out[from]) != NULL)
		from++;
	return out + from;
}

static bool
only_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr(" \t\r\n", text[i]) != NULL && text[i] != '\0')
			continue;
		if ((unsigned char)text[i] == 0xC2 && i + 1 < len && (unsigned char)text[i + 1] == 0xA0)
			i++;
		else
			return false;
	}
	return true;
}

enum err_code
sheet_put(struct sheet_build *b, size_t i, const char *text, size_t len, struct err *err)
{
	char *copy;
	size_t bad;

	if (b->done || only_blank(text, len))
		return ERR_OK;
	if (i >= SHEET_COLUMNS_MAX || (b->has_header && i >= b->sheet->n_columns)) {
		if (i < b->beside)
			b->beside = i;
		return ERR_OK;
	}
	if (len > (size_t)SHEET_CELL_MAX * 4)
		return err_set(err, ERR_LIMIT, "a cell of sheet %.60s is longer than %d characters", b->sheet->name,
		    SHEET_CELL_MAX);
	if (!utf8_valid(text, len, &bad) || memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_INPUT, "sheet %.60s holds a cell that is not text in UTF-8", b->sheet->name);
	copy = clean_copy(&b->book->mem, text, len);
	if (copy == NULL)
		return no_memory(b, err);
	sheet_put_shared(b, i, copy);
	return ERR_OK;
}

enum err_code
sheet_share(struct sheet_build *b, const char *text, size_t len, const char **out, struct err *err)
{
	size_t bad;

	if (len > (size_t)SHEET_CELL_MAX * 4)
		return err_set(err, ERR_LIMIT, "a shared text is longer than %d characters", SHEET_CELL_MAX);
	if (!utf8_valid(text, len, &bad) || memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_INPUT, "the shared texts hold one that is not UTF-8");
	*out = clean_copy(&b->book->mem, text, len);
	return *out == NULL ? no_memory(b, err) : ERR_OK;
}

void
sheet_put_shared(struct sheet_build *b, size_t i, const char *text)
{
	if (b->done || *text == '\0')
		return;
	if (i >= SHEET_COLUMNS_MAX || (b->has_header && i >= b->sheet->n_columns)) {
		if (i < b->beside)
			b->beside = i;
		return;
	}
	b->cells[i] = text;
	if (b->used <= i)
		b->used = i + 1;
}

/* Runs of spaces to one, in place. */
static void
squeeze(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++)
		if (*s != ' ' || to[-1] != ' ')
			*to++ = *s;
	*to = '\0';
}

static enum err_code
set_header(struct sheet_build *b, unsigned line, struct err *err)
{
	struct sheet *s = b->sheet;
	size_t n = 0, empty = 0;

	for (size_t i = 0; i < b->used && empty < SHEET_EMPTY_COLUMNS; i++) {
		empty = b->cells[i] == NULL ? empty + 1 : 0;
		if (b->cells[i] != NULL)
			n = i + 1;
	}
	for (size_t i = n; i < b->used && b->beside == SIZE_MAX; i++)
		if (b->cells[i] != NULL)
			b->beside = i;
	s->header = arena_calloc(&b->book->mem, n + 1, sizeof(*s->header));
	if (s->header == NULL)
		return no_memory(b, err);
	s->n_columns = n;
	s->header_line = line;
	for (size_t i = 0; i < n; i++) {
		char *copy;

		if (b->cells[i] == NULL)
			continue;
		copy = arena_str(&b->book->mem, b->cells[i]);
		if (copy == NULL)
			return no_memory(b, err);
		squeeze(copy);
		s->header[i] = copy;
		for (size_t k = 0; k < i; k++) {
			char place[SHEET_PLACE];

			if (s->header[k] == NULL || strcmp(s->header[k], copy) != 0)
				continue;
			sheet_place(b, 1, line, i, place);
			findings_add(b->findings, false, (long)b->at * 10000000L + 1, place,
			    "the header \"%.60s\" is there twice: remove or rename one of the columns", copy);
			break;
		}
	}
	b->has_header = true;
	return ERR_OK;
}

static enum err_code
keep_row(struct sheet_build *b, unsigned number, unsigned line, struct err *err)
{
	struct sheet *s = b->sheet;
	struct arena *mem = &b->book->mem;
	struct sheet_row *row;

	if (s->n_rows == s->cap) {
		size_t cap = s->cap == 0 ? 32 : s->cap * 2;
		struct sheet_row *rows = arena_calloc(mem, cap, sizeof(*rows));

		if (rows == NULL)
			return no_memory(b, err);
		if (s->n_rows > 0)
			memcpy(rows, s->rows, s->n_rows * sizeof(*rows));
		s->rows = rows;
		s->cap = cap;
	}
	row = &s->rows[s->n_rows];
	row->number = number;
	row->line = line;
	row->cells = arena_calloc(mem, s->n_columns + 1, sizeof(*row->cells));
	if (row->cells == NULL)
		return no_memory(b, err);
	memcpy(row->cells, b->cells, b->used * sizeof(*row->cells));
	s->n_rows++;
	return ERR_OK;
}

enum err_code
sheet_row_end(struct sheet_build *b, unsigned number, unsigned line, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (b->done) {
		b->used = 0;
		return ERR_OK;
	}
	if (!b->has_header) {
		rc = set_header(b, line, err);
	} else if (number > b->last + SHEET_EMPTY_ROWS) {
		b->done = b->used > 0;
		b->sheet->stray_row = b->used > 0 ? number : 0;
	} else if (b->used > 0) {
		rc = keep_row(b, number, line, err);
	}
	if (b->used > 0 || b->last == 0)
		b->last = number;
	if (b->beside != SIZE_MAX && b->sheet->beside.row == 0) {
		b->sheet->beside.row = number;
		b->sheet->beside.line = line;
		b->sheet->beside.column = b->beside;
	}
	b->beside = SIZE_MAX;
	memset(b->cells, 0, b->used * sizeof(*b->cells));
	b->used = 0;
	return rc;
}

enum err_code
workbook_read(const void *data, size_t len, struct workbook *book, struct findings *findings, struct err *err)
{
	struct sheet_build b = { .book = book, .findings = findings };
	enum err_code rc;

	memset(book, 0, sizeof(*book));
	arena_init(&book->mem, SHEET_MEM_MAX);
	if (len > SHEET_FILE_MAX)
		return err_set(err, ERR_LIMIT, "the file has %zu bytes: at most %d can be read", len, SHEET_FILE_MAX);
	rc = sheet_kind(data, len, &book->kind, err);
	if (rc != ERR_OK || book->kind == SHEET_XFORM)
		return rc;
	book->sheets = arena_calloc(&book->mem, SHEET_SHEETS_MAX, sizeof(*book->sheets));
	b.cells = arena_calloc(&book->mem, SHEET_COLUMNS_MAX, sizeof(*b.cells));
	if (book->sheets == NULL || b.cells == NULL)
		rc = err_nomem(err);
	else if (book->kind == SHEET_XLSX)
		rc = xlsx_read(data, len, &b, err);
	else
		rc = csv_read(data, len, &b, err);
	if (rc != ERR_OK)
		workbook_clear(book);
	return rc;
}

void
workbook_clear(struct workbook *book)
{
	arena_clear(&book->mem);
	memset(book, 0, sizeof(*book));
}
