/* Tables and CSV rows. See table.h. */
#include "indicators/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/num.h"
#include "collector/chain.h"

enum { COLUMNS_MAX = 1024, ROWS_MAX = 1000000 };

static bool
at_end_of_row(const struct csv_rows *c)
{
	return c->at >= c->len || c->text[c->at] == '\n'
	    || (c->text[c->at] == '\r' && c->at + 1 < c->len && c->text[c->at + 1] == '\n');
}

/* A quoted field, C->at after the opening quote. */
static enum err_code
quoted(struct csv_rows *c, struct arena *arena, const char **out, struct err *err)
{
	size_t start = c->at, n = 0;
	char *text;

	for (;;) {
		if (c->at >= c->len)
			return err_set(err, ERR_INPUT, "a quoted field has no closing quote");
		if (c->text[c->at] == '"' && (c->at + 1 >= c->len || c->text[c->at + 1] != '"'))
			break;
		c->inside += c->text[c->at] == '\n';
		c->at += c->text[c->at] == '"' ? 2 : 1;
	}
	text = arena_alloc(arena, c->at - start + 1);
	if (text == NULL)
		return err_nomem(err);
	for (size_t i = start; i < c->at; i++) {
		text[n++] = c->text[i];
		i += c->text[i] == '"';
	}
	text[n] = '\0';
	c->at++;
	if (!at_end_of_row(c) && c->text[c->at] != ',')
		return err_set(err, ERR_INPUT, "text follows a closing quote: put the whole field in quotes and double "
		    "those inside");
	*out = text;
	return ERR_OK;
}

static enum err_code
one_field(struct csv_rows *c, struct arena *arena, const char **out, struct err *err)
{
	size_t start = c->at;

	if (c->at < c->len && c->text[c->at] == '"') {
		c->at++;
		return quoted(c, arena, out, err);
	}
	while (!at_end_of_row(c) && c->text[c->at] != ',') {
		if (c->text[c->at] == '"')
			return err_set(err, ERR_INPUT, "a quote inside a field: put the whole field in quotes and double it");
		c->at++;
	}
	*out = arena_strn(arena, c->text + start, c->at - start);
	return *out == NULL ? err_nomem(err) : ERR_OK;
}

/* The first line names the columns: what separates them, where it is no comma; 0 if that cannot be said. */
static char
separator(const char *text, size_t len)
{
	const char *end = memchr(text, '\n', len);
	size_t n = end == NULL ? len : (size_t)(end - text);

	if (memchr(text, ',', n) != NULL)
		return 0;
	return memchr(text, ';', n) != NULL ? ';' : memchr(text, '\t', n) != NULL ? '\t' : 0;
}

enum err_code
csv_check(const char *text, size_t len, int *line, struct err *err)
{
	size_t at = 0;
	const char *nul = memchr(text, '\0', len);
	char other = separator(text, len);

	*line = 1;
	if (len >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0))
		return err_set(err, ERR_INPUT, "this is UTF-16: save it as CSV in UTF-8 (\"CSV UTF-8\" in a spreadsheet)");
	if (nul != NULL || !utf8_valid(text, len, &at)) {
		if (nul != NULL && (utf8_valid(text, len, &at) || (size_t)(nul - text) < at))
			at = (size_t)(nul - text);
		for (size_t i = 0; i < at; i++)
			*line += text[i] == '\n';
		return err_set(err, ERR_INPUT, "not UTF-8 text: save it as CSV in UTF-8 (\"CSV UTF-8\" in a spreadsheet)");
	}
	if (memchr(text, '\r', len) != NULL && memchr(text, '\n', len) == NULL)
		return err_set(err, ERR_INPUT, "lines end with CR alone: save it with LF or CR LF line ends");
	if (len >= 4 && memcmp(text, "sep=", 4) == 0)
		return err_set(err, ERR_INPUT, "remove this line (sep=): the first line names the columns, with commas between them");
	if (other != 0)
		return err_set(err, ERR_INPUT, "columns are separated by %s: save it with commas between the columns",
		    other == ';' ? "semicolons" : "tabs");
	return ERR_OK;
}

enum err_code
csv_next(struct csv_rows *c, struct arena *arena, const char *const **fields, size_t *n, struct err *err)
{
	const char **list = NULL;
	size_t cap = 0;
	enum err_code rc;

	*n = 0;
	if (c->at == 0 && c->len >= 3 && memcmp(c->text, "\xEF\xBB\xBF", 3) == 0)
		c->at = 3;
	c->line = c->line == 0 ? 1 : c->line + c->inside;
	c->inside = 0;
	while (c->at < c->len && at_end_of_row(c)) {	/* empty lines */
		c->at += c->text[c->at] == '\r' ? 2 : 1;
		c->line++;
	}
	if (c->at >= c->len)
		return ERR_OK;
	for (;;) {
		if (*n == cap) {
			const char **more = cap >= COLUMNS_MAX ? NULL : arena_calloc(arena, cap * 2 + 16, sizeof(*more));

			if (more == NULL)
				return cap >= COLUMNS_MAX ? err_set(err, ERR_LIMIT, "more than %d columns", COLUMNS_MAX)
				    : err_nomem(err);
			if (cap > 0)
				memcpy(more, list, cap * sizeof(*more));
			list = more;
			cap = cap * 2 + 16;
		}
		rc = one_field(c, arena, &list[*n], err);
		if (rc != ERR_OK)
			return rc;
		(*n)++;
		if (at_end_of_row(c))
			break;
		c->at++;
	}
	*fields = list;
	return ERR_OK;
}

int
table_column(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (strcmp(t->columns[i], name) == 0)
			return (int)i;
	return -1;
}

/* "2025-04" or "2025-04-01"; END: the last day meant. False: neither. "" gives the open end. */
static bool
read_day(const char *text, bool end, int64_t *day)
{
	int64_t y, m, d = 0;
	size_t len = strlen(text);
	int yy, mm, dd;

	if (len == 0) {
		*day = end ? INT64_MAX : INT64_MIN;
		return true;
	}
	if ((len != 7 && len != 10) || text[4] != '-' || !num_i64(text, 4, 1900, 2999, &y)
	    || !num_i64(text + 5, 2, 1, 12, &m) || (len == 10 && (text[7] != '-' || !num_i64(text + 8, 2, 1, 31, &d))))
		return false;
	if (d == 0)
		*day = !end ? day_from_date((int)y, (int)m, 1)
		    : day_from_date((int)(m == 12 ? y + 1 : y), (int)(m == 12 ? 1 : m + 1), 1) - 1;
	else
		*day = day_from_date((int)y, (int)m, (int)d);
	date_from_day(*day, &yy, &mm, &dd);
	return d == 0 || dd == d;
}

static enum err_code
read_dates(struct table *t, size_t row, int line, int64_t *from, int64_t *until, struct err *err)
{
	int a = table_column(t, "from"), b = table_column(t, "until");
	const char *const *cells = t->cells + row * t->n_columns;

	if (!read_day(a < 0 ? "" : cells[a], false, &from[row]))
		return err_set(err, ERR_INPUT, "%s:%d: from is no date: write 2025-04 or 2025-04-01", t->file, line);
	if (!read_day(b < 0 ? "" : cells[b], true, &until[row]))
		return err_set(err, ERR_INPUT, "%s:%d: until is no date: write 2026-03 or 2026-03-31", t->file, line);
	if (from[row] > until[row])
		return err_set(err, ERR_INPUT, "%s:%d: until comes before from", t->file, line);
	return ERR_OK;
}

/* Counts the rows, so that the arrays can be made. */
static size_t
count_rows(const char *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static enum err_code
read_rows(struct arena *arena, struct csv_rows *c, struct table *t, const char **cells, int64_t *from, int64_t *until,
    int *lines, struct err *err)
{
	const char *const *fields;
	size_t n;
	enum err_code rc;

	for (;;) {
		rc = csv_next(c, arena, &fields, &n, err);
		if (rc != ERR_OK)
			return err_in(err, "%s:%d", t->file, c->line);
		if (n == 0)
			return ERR_OK;
		if (n != t->n_columns)
			return err_set(err, ERR_INPUT, "%s:%d: %zu fields where the header has %zu columns", t->file, c->line, n,
			    t->n_columns);
		memcpy(cells + t->n_rows * t->n_columns, fields, n * sizeof(*cells));
		lines[t->n_rows] = c->line;
		rc = read_dates(t, t->n_rows, c->line, from, until, err);
		if (rc != ERR_OK)
			return rc;
		t->n_rows++;
	}
}

enum err_code
table_parse(struct arena *arena, const char *name, const char *file, const char *text, size_t len, struct table *out,
    struct err *err)
{
	struct csv_rows c = { text, len, 0, 0, 0 };
	struct table t = { .name = name, .file = file };
	size_t rows = count_rows(text, len);
	const char **cells;
	int64_t *from, *until;
	int *lines;
	enum err_code rc;

	rc = csv_check(text, len, &c.line, err);
	if (rc != ERR_OK)
		return err_in(err, "%s:%d", file, c.line);
	c.line = 0;
	rc = csv_next(&c, arena, &t.columns, &t.n_columns, err);
	if (rc != ERR_OK)
		return err_in(err, "%s:%d", file, c.line);
	if (t.n_columns == 0)
		return err_set(err, ERR_INPUT, "%s:1: no header line: the first line names the columns", file);
	if (rows > ROWS_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d rows", file, ROWS_MAX);
	for (size_t i = 0; i < t.n_columns; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(t.columns[i], t.columns[k]) == 0)
				return err_set(err, ERR_INPUT, "%s:1: two columns are called %.60s", file, t.columns[i]);
	cells = arena_calloc(arena, rows * t.n_columns, sizeof(*cells));
	from = arena_calloc(arena, rows, sizeof(*from));
	until = arena_calloc(arena, rows, sizeof(*until));
	lines = arena_calloc(arena, rows, sizeof(*lines));
	if (cells == NULL || from == NULL || until == NULL || lines == NULL)
		return err_nomem(err);
	t.cells = cells;
	t.from = from;
	t.until = until;
	t.lines = lines;
	rc = read_rows(arena, &c, &t, cells, from, until, lines, err);
	if (rc != ERR_OK)
		return rc;
	chain_sha256(text, len, t.hash);
	*out = t;
	return ERR_OK;
}

static bool
in_force(const struct table *t, size_t row, int64_t day)
{
	return t->from[row] <= day && day <= t->until[row];
}

/* By what a row is of (all columns but n and the dates), then by when it begins. */
static int
by_subject(const void *va, const void *vb, void *arg)
{
	const struct table *t = arg;
	size_t a = *(const size_t *)va, b = *(const size_t *)vb;
	int n = table_column(t, "n"), from = table_column(t, "from"), until = table_column(t, "until"), d = 0;

	for (int i = 0; i < (int)t->n_columns && d == 0; i++)
		if (i != n && i != from && i != until)
			d = strcmp(t->cells[a * t->n_columns + (size_t)i], t->cells[b * t->n_columns + (size_t)i]);
	return d != 0 ? d : (t->from[a] > t->from[b]) - (t->from[a] < t->from[b]);
}

static bool
same_subject(const struct table *t, size_t a, size_t b)
{
	int n = table_column(t, "n"), from = table_column(t, "from"), until = table_column(t, "until");

	for (int i = 0; i < (int)t->n_columns; i++)
		if (i != n && i != from && i != until
		    && strcmp(t->cells[a * t->n_columns + (size_t)i], t->cells[b * t->n_columns + (size_t)i]) != 0)
			return false;
	return true;
}

static enum err_code
check_twice(const struct table *t, struct err *err)
{
	size_t *rows = calloc(t->n_rows + 1, sizeof(*rows));
	enum err_code rc = ERR_OK;

	if (rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < t->n_rows; i++)
		rows[i] = i;
	qsort_r(rows, t->n_rows, sizeof(*rows), by_subject, (void *)(uintptr_t)t);
	for (size_t i = 1; i < t->n_rows && rc == ERR_OK; i++) {
		size_t a = rows[i - 1], b = rows[i];

		if (t->from[b] <= t->until[a] && same_subject(t, a, b))
			rc = err_set(err, ERR_INPUT, "%s:%d: of the same and at the same time as line %d, and both would be counted: give them "
			    "dates (from, until) that do not overlap, or remove one", t->file, t->lines[a > b ? a : b], t->lines[a > b ? b : a]);
	}
	free(rows);
	return rc;
}

enum err_code
table_counts(const struct table *t, bool strata, struct err *err)
{
	int n = table_column(t, "n");
	double v;

	if (n < 0 || (strata && table_column(t, "stratum") < 0))
		return err_set(err, ERR_INPUT, "%s:1: no column %s: people are counted in columns %s", t->file, n < 0 ? "n" : "stratum",
		    strata ? "stratum and n, and site or area where they differ" : "site (or area) and n");
	for (size_t i = 0; i < t->n_rows; i++) {
		const char *text = t->cells[i * t->n_columns + (size_t)n];

		if (!num_double(text, strlen(text), &v) || !isfinite(v) || v < 0)
			return err_set(err, ERR_INPUT, "%s:%d: n is \"%.40s\", no number from 0: write it as 1234, or leave the row out", t->file,
			    t->lines[i], text);
	}
	return check_twice(t, err);
}

const char *
table_find(const struct table *t, const char *want, const char *key, const char *value, int64_t day)
{
	int w = table_column(t, want), k = table_column(t, key);

	for (size_t i = 0; i < t->n_rows && w >= 0 && k >= 0; i++)
		if (in_force(t, i, day) && strcmp(t->cells[i * t->n_columns + (size_t)k], value) == 0)
			return t->cells[i * t->n_columns + (size_t)w];
	return NULL;
}

static void
put_field(struct buf *out, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		buf_puts(out, text);
		return;
	}
	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_putc(out, '"');
		buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

void
table_csv(const struct table *t, int64_t day, struct buf *out)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_field(out, t->columns[i]);
	}
	buf_putc(out, '\n');
	for (size_t r = 0; r < t->n_rows; r++) {
		if (!in_force(t, r, day))
			continue;
		for (size_t i = 0; i < t->n_columns; i++) {
			if (i > 0)
				buf_putc(out, ',');
			put_field(out, t->cells[r * t->n_columns + i]);
		}
		buf_putc(out, '\n');
	}
}

int64_t
table_next_change(const struct table *t, int64_t day)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < t->n_rows; i++) {
		if (t->from[i] > day && t->from[i] < next)
			next = t->from[i];
		if (t->until[i] != INT64_MAX && t->until[i] >= day && t->until[i] + 1 < next)
			next = t->until[i] + 1;
	}
	return next;
}
