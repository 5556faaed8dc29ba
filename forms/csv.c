/* Multi-sheet .csv: RFC 4180 quoting; a row whose first cell is filled names a sheet (and may already hold
 * its header in the further cells), the next row with anything in it is the header. Rows are counted from 1
 * at the header and blank ones do not count, as the reference converter does; lines are the file's own. */
#include <stdlib.h>
#include <string.h>

#include "forms/sheet.h"

struct csv {
	const char *p, *end;
	unsigned line;
	struct buf cell;
	bool quoted;		/* the last cell was */
};

enum cell_end { END_CELL, END_ROW, END_FILE };

static enum err_code
next_cell(struct csv *c, enum cell_end *how, struct err *err)
{
	unsigned from = c->line;

	buf_reset(&c->cell);
	c->quoted = false;
	if (c->p < c->end && *c->p == '"') {
		c->quoted = true;
		c->p++;
		for (;;) {
			const char *q = memchr(c->p, '"', (size_t)(c->end - c->p));

			if (q == NULL)
				return err_set(err, ERR_INPUT, "line %u: a cell starts with \" and never ends: "
				    "close it with another \"", from);
			for (const char *k = c->p; k < q; k++)
				c->line += *k == '\n';
			buf_put(&c->cell, c->p, (size_t)(q - c->p));
			c->p = q + 1;
			if (c->p == c->end || *c->p != '"')
				break;
			buf_putc(&c->cell, '"');
			c->p++;
		}
	}
	while (c->p < c->end && *c->p != ',' && *c->p != '\n' && *c->p != '\r')
		buf_putc(&c->cell, *c->p++);
	if (c->p == c->end) {
		*how = END_FILE;
	} else if (*c->p == ',') {
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
		return err_set(err, ERR_LIMIT, "line %u: a cell is longer than %d characters", from, SHEET_CELL_MAX);
	return ERR_OK;
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
	struct csv c = { .p = text, .end = text + len, .line = 1 };
	unsigned number = 0;
	bool last = false;
	enum err_code rc = ERR_OK;

	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		c.p += 3;
	buf_init(&c.cell, (size_t)SHEET_CELL_MAX * 4);
	while (rc == ERR_OK && !last)
		rc = next_row(&c, b, &number, &last, err);
	if (rc == ERR_OK && b->book->n_sheets == 0)
		rc = err_set(err, ERR_INPUT, "no sheet is named: write survey into column 1 of a row of its own");
	buf_free(&c.cell);
	return rc;
}
