/* Multi-sheet .csv: RFC 4180 quoting, values split by commas, or by semicolons or tabs as spreadsheet programs do
 * where the comma is the decimal point. A row whose first cell is filled names a sheet (and may already hold
 * its header in the further cells), the next row with anything in it is the header. Rows are counted from 1
 * at the header and blank ones do not count, as the reference converter does; lines are the file's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/sheet.h"

struct csv {
	const char *p, *end;
	char separator;
	unsigned line;
	struct buf cell;
	const struct sheet_build *b;
	unsigned row, row_line;	/* of the row being read, */
	size_t column;		/* and of the cell, in the file */
};

enum cell_end { END_CELL, END_ROW, END_FILE };

/* The rest of a cell in quotes, behind the first one. False if it never ends. */
static bool
quoted(struct csv *c)
{
	for (;;) {
		const char *q = memchr(c->p, '"', (size_t)(c->end - c->p));

		for (const char *k = c->p; k < (q != NULL ? q : c->end); k++)
			c->line += *k == '\n' || (*k == '\r' && (k + 1 == c->end || k[1] != '\n'));
		if (q == NULL)
			return false;
		buf_put(&c->cell, c->p, (size_t)(q - c->p));
		c->p = q + 1;
		if (c->p == c->end || *c->p != '"')
			return true;
		buf_putc(&c->cell, '"');
		c->p++;
	}
}

/* CODE with what is wrong with the cell, and where it is. */
static enum err_code
bad_cell(const struct csv *c, enum err_code code, struct err *err, const char *what)
{
	char place[SHEET_PLACE];

	if (c->b->sheet == NULL || c->column == 0)
		snprintf(place, sizeof(place), "line %u", c->row_line);
	else
		sheet_place(c->b, c->row, c->row_line, c->column - 1, place);
	return err_set(err, code, "%s: %s", place, what);
}

/* Text, or why it is none. Ends of lines are \n. */
static enum err_code
clean_cell(struct csv *c, struct err *err)
{
	char *s = (char *)c->cell.data;
	size_t len = c->cell.len, from, bad, n = 0;
	char what[200];

	if (len == 0)
		return ERR_OK;
	if (memchr(s, '\0', len) != NULL)
		return bad_cell(c, ERR_INPUT, err, "the cell holds a byte 0, which is no text: type it anew, or save the file as \"CSV "
		    "UTF-8\" or .xlsx");
	if (!utf8_valid(s, len, &bad)) {
		from = bad > 20 ? bad - 20 : 0;
		while (from < bad && ((unsigned char)s[from] & 0xC0) == 0x80)
			from++;
		snprintf(what, sizeof(what), "the character after \"%.*s\" is not in UTF-8 (what Excel calls just \"CSV\" is not): save the "
		    "file as \"CSV UTF-8\" or .xlsx", (int)(bad - from), s + from);
		return bad_cell(c, ERR_INPUT, err, what);
	}
	if (memchr(s, '\r', len) == NULL)
		return ERR_OK;
	for (size_t i = 0; i < len; i++)
		if (s[i] != '\r' || i + 1 == len || s[i + 1] != '\n')
			s[n++] = s[i] == '\r' ? '\n' : s[i];
	buf_truncate(&c->cell, n);
	return ERR_OK;
}

static enum err_code
next_cell(struct csv *c, enum cell_end *how, struct err *err)
{
	buf_reset(&c->cell);
	if (c->p < c->end && *c->p == '"') {
		c->p++;
		if (!quoted(c))
			return bad_cell(c, ERR_INPUT, err, "the cell starts with \" and never ends: close it with another \"");
	}
	while (c->p < c->end && *c->p != c->separator && *c->p != '\n' && *c->p != '\r')
		buf_putc(&c->cell, *c->p++);
	if (c->p == c->end) {
		*how = END_FILE;
	} else if (*c->p == c->separator) {
		c->p++;
		*how = END_CELL;
	} else {
		if (*c->p == '\r' && c->p + 1 < c->end && c->p[1] == '\n')
			c->p++;
		c->p++;
		c->line++;
		*how = END_ROW;
	}
	if (c->cell.failed == ERR_NOMEM)
		return err_nomem(err);
	if (buf_check(&c->cell, NULL) != ERR_OK)
		return bad_cell(c, ERR_LIMIT, err, "the cell is longer than 32,767 characters: shorten it, or add the closing \" that is "
		    "missing");
	return clean_cell(c, err);
}

/* The author left out the names of the sheets: the first row is a header at once. */
static bool
is_header(const char *name)
{
	static const char *const first[] = { "type", "name", "label", "list_name", "list name", "form_title", "form_id" };

	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		if (strcasecmp(first[i], name) == 0)
			return true;
	return false;
}

/* What follows the first cell of the first row that has a second one. */
static char
separator_of(const char *p, const char *end)
{
	while (p < end) {
		if (*p == '"') {
			const char *q = memchr(p + 1, '"', (size_t)(end - p - 1));

			p = q != NULL ? q + 1 : end;
		}
		while (p < end && strchr(",;\t\r\n", *p) == NULL)
			p++;
		if (p < end && *p != '\r' && *p != '\n')
			return *p;
		while (p < end && (*p == '\r' || *p == '\n'))
			p++;
	}
	return ',';
}

/* One row into the sheet that is open; START says where it begins, *LAST that the file ends with it. */
static enum err_code
next_row(struct csv *c, struct sheet_build *b, unsigned *number, bool *last, struct err *err)
{
	enum cell_end how = END_CELL;
	unsigned line = c->line;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; how == END_CELL; i++) {
		const char *text;
		size_t len;

		c->row = *number + 1;
		c->row_line = line;
		c->column = i;
		rc = next_cell(c, &how, err);
		if (rc != ERR_OK)
			return rc;
		text = buf_str(&c->cell);
		len = c->cell.len;
		while (len > 0 && i == 0 && strchr(" \t", *text) != NULL) {
			text++;
			len--;
		}
		while (len > 0 && i == 0 && strchr(" \t", text[len - 1]) != NULL)
			len--;
		if (i == 0 && len > 0) {
			char name[256];

			memcpy(name, text, len < sizeof(name) - 1 ? len : sizeof(name) - 1);
			name[len < sizeof(name) - 1 ? len : sizeof(name) - 1] = '\0';
			if (b->sheet == NULL && is_header(name))
				return err_set(err, ERR_INPUT, "line %u: \"%.20s\" stands where the name of a sheet is needed: move everything "
				    "one column to the right, write survey into column 1 of a row of its own above it, and choices and settings "
				    "above theirs; or save the sheets as one .xlsx", line, name);
			rc = sheet_begin(b, name, err);
			*number = 0;
		} else if (i > 0 && b->sheet != NULL) {
			rc = sheet_put(b, i - 1, text, len, err);
		} else if (i > 0 && len > 0) {
			rc = err_set(err, ERR_INPUT, "line %u: values before the name of a sheet: write survey, "
			    "choices or settings into column 1 of a row of its own", line);
		}
		if (rc != ERR_OK)
			return rc;
	}
	*last = how == END_FILE;
	if (b->sheet != NULL && b->used > 0)
		rc = sheet_row_end(b, ++*number, line, err);
	return rc;
}

enum err_code
csv_read(const char *text, size_t len, struct sheet_build *b, struct err *err)
{
	struct csv c = { .p = text, .end = text + len, .line = 1, .b = b };
	unsigned number = 0;
	bool last = false;
	enum err_code rc = ERR_OK;

	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		c.p += 3;
	/* "sep=;" is a line for Excel alone */
	if (c.end - c.p > 5 && strncasecmp(c.p, "sep=", 4) == 0 && (c.p[5] == '\r' || c.p[5] == '\n')) {
		c.p += c.p[5] == '\r' && c.end - c.p > 6 && c.p[6] == '\n' ? 7 : 6;
		c.line = 2;
	}
	c.separator = separator_of(c.p, c.end);
	buf_init(&c.cell, (size_t)SHEET_CELL_MAX * 4);
	while (rc == ERR_OK && !last)
		rc = next_row(&c, b, &number, &last, err);
	if (rc == ERR_OK && b->book->n_sheets == 0)
		rc = err_set(err, ERR_INPUT, "no sheet is named: write survey into column 1 of a row of its own");
	buf_free(&c.cell);
	return rc;
}
