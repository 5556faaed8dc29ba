/* Publications as .xlsx, by libxlsxwriter. See xlsx.h. The library writes to a file: here one in memory, that only this
 * process sees. */
#include "aggregator/xlsx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xlsxwriter.h>

#include "aggregator/columns.h"
#include "base/clock.h"
#include "base/file.h"

static const char *const notes[][2] = {
	{ "Hidden numbers", "An empty cell with a flag is hidden or not there. It is never 0." },
	{ "[c]", "hidden, so that nobody is given away" }, { "[w]", "no answers, or too few" },
	{ "[x]", "not available" }, { "[z]", "does not apply" }, { "[u]", "unreliable: more answers than people" },
	{ "[p]", "as published before; later answers wait until they are enough" }, { "[r]", "revised" },
	{ "[b]", "break: not comparable with before" },
	{ "Rounding", "Counts are rounded; shares are worked out before rounding." },
	{ "Limits", "19 of 20 such ranges would hold the true value, if people were asked again and again in the same way." },
	{ "Chart rule", "OU OL beyond a limit, T+ T- trend, Z+ Z- two of three near a limit, S+ S- a run on one side, CC none" },
	{ "Variation", "I improvement, C concern, H high, L low, . common cause" },
};

/* Text cells are strings whatever they begin with: nothing here is run as a formula. */
static lxw_error
put_text(lxw_worksheet *s, lxw_row_t row, lxw_col_t col, const char *text)
{
	return text == NULL || text[0] == '\0' ? LXW_NO_ERROR : worksheet_write_string(s, row, col, text, NULL);
}

static lxw_error
put_notes(lxw_worksheet *s, const struct publication *p, lxw_format *bold)
{
	const struct pub_manifest *m = &p->manifest;
	char number[32], made[32];
	lxw_error e = worksheet_set_column(s, 0, 0, 22, NULL);
	lxw_row_t row = 0;

	snprintf(number, sizeof(number), "%lld", (long long)m->no);
	time_text(m->made_at, made);
	const char *const about[][2] = { { "Organisation", m->organisation }, { "Publication", number }, { "Made", made },
	    { "SHA-256 of the signed file", p->file_sha256 }, { "Rules for hiding", m->policy } };

	if (e == LXW_NO_ERROR)
		e = worksheet_set_column(s, 1, 1, 90, NULL);
	for (size_t i = 0; i < ARRAY_LEN(about) && e == LXW_NO_ERROR; i++, row++) {
		e = worksheet_write_string(s, row, 0, about[i][0], bold);
		if (e == LXW_NO_ERROR)
			e = put_text(s, row, 1, about[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(notes) && e == LXW_NO_ERROR; i++, row++) {
		e = worksheet_write_string(s, row, 0, notes[i][0], bold);
		if (e == LXW_NO_ERROR)
			e = put_text(s, row, 1, notes[i][1]);
	}
	return e;
}

static lxw_error
put_row(lxw_worksheet *s, lxw_row_t at, const struct pub_row *r)
{
	lxw_error e = LXW_NO_ERROR;

	for (size_t c = 0; figure_columns[c].name != NULL && e == LXW_NO_ERROR; c++) {
		const void *field = (const char *)r + figure_columns[c].offset;
		const struct pub_num *n = field;

		if (figure_columns[c].kind == COLUMN_TEXT)
			e = put_text(s, at, (lxw_col_t)c, *(const char *const *)field);
		else if (figure_columns[c].kind == COLUMN_WHOLE)
			e = worksheet_write_number(s, at, (lxw_col_t)c, (double)*(const int64_t *)field, NULL);
		else if (n->shown)
			e = worksheet_write_number(s, at, (lxw_col_t)c, n->v, NULL);
	}
	return e;
}

static lxw_error
put_figures(lxw_worksheet *s, const struct publication *p, const char *indicator, lxw_format *bold)
{
	lxw_error e = LXW_NO_ERROR;
	lxw_row_t row = 1;
	size_t c = 0;

	for (; figure_columns[c].name != NULL && e == LXW_NO_ERROR; c++) {
		e = worksheet_set_column(s, (lxw_col_t)c, (lxw_col_t)c, figure_columns[c].width, NULL);
		if (e == LXW_NO_ERROR)
			e = worksheet_write_string(s, 0, (lxw_col_t)c, figure_columns[c].name, bold);
	}
	for (size_t i = 0; i < p->n_rows && e == LXW_NO_ERROR; i++)
		if (indicator == NULL || strcmp(p->rows[i].indicator, indicator) == 0)
			e = put_row(s, row++, &p->rows[i]);
	worksheet_freeze_panes(s, 1, 0);
	if (e == LXW_NO_ERROR)
		e = worksheet_autofilter(s, 0, 0, row - 1, (lxw_col_t)(c - 1));
	return e;
}

static lxw_error
put_definitions(lxw_worksheet *s, const struct publication *p, const char *indicator, lxw_format *bold)
{
	static const char *const heads[] = { "Indicator", "Version", "SHA-256", "Definition" };
	const struct pub_manifest *m = &p->manifest;
	lxw_error e = worksheet_set_column(s, 3, 3, 100, NULL);
	lxw_row_t row = 1;

	for (lxw_col_t c = 0; c < ARRAY_LEN(heads) && e == LXW_NO_ERROR; c++)
		e = worksheet_write_string(s, 0, c, heads[c], bold);
	for (size_t i = 0; i < m->n_definitions && e == LXW_NO_ERROR; i++) {
		const struct pub_definition *d = &m->definitions[i];
		char text[32001];	/* a cell holds 32,767 characters */

		if (indicator != NULL && strcmp(d->id, indicator) != 0)
			continue;
		snprintf(text, sizeof(text), "%s", d->text);
		e = worksheet_write_string(s, row, 0, d->id, NULL);
		if (e == LXW_NO_ERROR)
			e = worksheet_write_number(s, row, 1, (double)d->version, NULL);
		if (e == LXW_NO_ERROR)
			e = worksheet_write_string(s, row, 2, d->hash, NULL);
		if (e == LXW_NO_ERROR)
			e = put_text(s, row, 3, text);
		row++;
	}
	return e;
}

static lxw_error
put_all(lxw_workbook *book, const struct publication *p, const char *indicator)
{
	lxw_worksheet *about = workbook_add_worksheet(book, "Notes"), *figures = workbook_add_worksheet(book, "Figures");
	lxw_worksheet *definitions = workbook_add_worksheet(book, "Definitions");
	lxw_format *bold = workbook_add_format(book);
	char title[256];
	lxw_error e;

	if (about == NULL || figures == NULL || definitions == NULL || bold == NULL)
		return LXW_ERROR_MEMORY_MALLOC_FAILED;
	snprintf(title, sizeof(title), "%.180s, publication %lld", p->manifest.organisation, (long long)p->manifest.no);
	lxw_doc_properties properties = { .title = title, .company = (char *)(uintptr_t)p->manifest.organisation,
	    .created = (time_t)p->manifest.made_at };

	format_set_bold(bold);
	e = workbook_set_properties(book, &properties);
	if (e == LXW_NO_ERROR)
		e = put_notes(about, p, bold);
	if (e == LXW_NO_ERROR)
		e = put_figures(figures, p, indicator, bold);
	if (e == LXW_NO_ERROR)
		e = put_definitions(definitions, p, indicator, bold);
	return e;
}

enum err_code
xlsx_put(struct buf *out, const struct publication *p, const char *indicator, struct err *err)
{
	size_t before = out->len;
	char path[64];
	lxw_workbook *book;
	lxw_error e;
	enum err_code rc;
	int fd = memfd_create("candour-xlsx", MFD_CLOEXEC);

	if (fd < 0)
		return err_nomem(err);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	book = workbook_new(path);
	if (book == NULL) {
		close(fd);
		return err_nomem(err);
	}
	e = put_all(book, p, indicator);
	/* Closing writes the file and frees the book, also after a failure. */
	if (e == LXW_NO_ERROR)
		e = workbook_close(book);
	else
		lxw_workbook_free(book);
	rc = e == LXW_NO_ERROR ? file_read(path, out, err)
	    : e == LXW_ERROR_MEMORY_MALLOC_FAILED ? err_nomem(err)
	    : err_set(err, ERR_BROKEN, "cannot write the workbook: %s", lxw_strerror(e));
	if (rc != ERR_OK)
		buf_truncate(out, before);
	close(fd);
	return rc;
}
