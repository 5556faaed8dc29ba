/* The converter's passes in order, its memory and its findings. See xlsform_int.h. */
#include "forms/xlsform_int.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONVERT_MEM_MAX = 96 << 20, PLACE = 240 };

void *
xf_alloc(struct xlsform *x, size_t n)
{
	void *p = x->rc == ERR_OK ? arena_alloc(&x->mem, n) : NULL;

	if (p == NULL && x->rc == ERR_OK)
		x->rc = x->mem.limited ? err_set(x->err, ERR_LIMIT, "the form is too large to convert (over %d MiB)",
		    CONVERT_MEM_MAX >> 20) : err_nomem(x->err);
	return p;
}

char *
xf_strn(struct xlsform *x, const char *s, size_t len)
{
	char *copy = xf_alloc(x, len + 1);

	if (copy != NULL)
		memcpy(copy, s, len);
	return copy;
}

char *
xf_fmt(struct xlsform *x, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *text;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = xf_alloc(x, (size_t)n + 1);
	if (text == NULL)
		return x->none;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

void
xf_pair(struct xlsform *x, struct pairs *p, const char *key, const char *value, const char *column)
{
	struct pair *one;

	for (one = p->first; one != NULL; one = one->next) {
		if (strcmp(one->key, key) == 0) {
			one->value = value;
			one->column = column;
			return;
		}
	}
	one = xf_alloc(x, sizeof(*one));
	if (one == NULL)
		return;
	*one = (struct pair){ .key = key, .value = value, .column = column };
	if (p->last != NULL)
		p->last->next = one;
	else
		p->first = one;
	p->last = one;
}

const char *
xf_get(const struct pairs *p, const char *key)
{
	for (const struct pair *one = p->first; one != NULL; one = one->next)
		if (strcmp(one->key, key) == 0)
			return one->value;
	return NULL;
}

/* --- findings ------------------------------------------------------------------------------------------ */

static void
add(struct xlsform *x, bool warning, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *fmt, va_list ap)
{
	char place[PLACE] = "", text[1024];
	size_t n = 0;

	if (t != NULL && t->sheet != NULL) {
		n = (size_t)snprintf(place, sizeof(place), "sheet %.40s", t->sheet->name);
		if (row > 0 && t == &x->settings)
			n += (size_t)snprintf(place + n, sizeof(place) - n, ", row %u (record %u%s", row, row - 1,
			    line > 0 ? "" : ")");
		else if (row > 0)
			n += (size_t)snprintf(place + n, sizeof(place) - n, ", row %u%s", row, line > 0 ? " (" : "");
		if (row > 0 && line > 0)
			n += (size_t)snprintf(place + n, sizeof(place) - n, "%sline %u)",
			    t == &x->settings ? ", " : "", line);
		if (column != NULL && n < sizeof(place))
			snprintf(place + n, sizeof(place) - n, ", column %.60s", column);
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	findings_add(x->findings, warning, (long)(t != NULL && t->sheet != NULL ? t->at : 0) * 10000000L + (long)row,
	    place, "%s", text);
}

#define ADD(warning, t, row, line, column) \
	do { \
		va_list ap; \
		va_start(ap, fmt); \
		add(x, warning, t, row, line, column, fmt, ap); \
		va_end(ap); \
	} while (0)

void
xf_error(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *fmt, ...)
{
	ADD(false, t, row, line, column);
}

void
xf_warn(struct xlsform *x, const struct table *t, unsigned row, unsigned line, const char *column,
	const char *fmt, ...)
{
	ADD(true, t, row, line, column);
}

void
xf_error_el(struct xlsform *x, const struct el *e, const char *column, const char *fmt, ...)
{
	ADD(false, &x->survey, e->row, e->line, column);
}

void
xf_warn_el(struct xlsform *x, const struct el *e, const char *column, const char *fmt, ...)
{
	ADD(true, &x->survey, e->row, e->line, column);
}

/* --- the passes ---------------------------------------------------------------------------------------- */

/* The stem of FILE_NAME: what names the form when the settings do not. */
static const char *
stem(struct xlsform *x, const char *file_name)
{
	const char *slash = strrchr(file_name, '/'), *base = slash != NULL ? slash + 1 : file_name;
	const char *dot = strrchr(base, '.');

	return xf_strn(x, base, dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base));
}

static void
passes(struct xlsform *x, struct buf *xml)
{
	size_t errors = x->findings->errors;
	struct buf out;

	xf_sheets(x);
	if (x->rc != ERR_OK || x->survey.sheet == NULL)
		return;
	xf_settings(x);
	xf_choices(x);
	xf_rows(x);
	if (x->rc == ERR_OK)
		xf_tree(x);
	if (x->rc != ERR_OK || x->findings->errors > errors)
		return;
	buf_init(&out, xml->max);
	xf_write(x, &out);
	if (x->rc == ERR_OK && x->findings->errors == errors) {
		x->rc = buf_check(&out, x->err);
		if (x->rc == ERR_OK)
			buf_put(xml, out.data, out.len);
		if (x->rc == ERR_OK)
			x->rc = buf_check(xml, x->err);
	}
	buf_free(&out);
}

enum err_code
xlsform_convert(const void *data, size_t len, const char *file_name, const char *root,
	struct buf *xml, struct findings *findings, struct err *err)
{
	struct xlsform *x = calloc(1, sizeof(*x));
	size_t before = findings->errors, had = xml->len;
	enum err_code rc;

	if (x == NULL)
		return err_nomem(err);
	x->findings = findings;
	x->err = err;
	arena_init(&x->mem, CONVERT_MEM_MAX);
	rc = workbook_read(data, len, &x->book, findings, err);
	if (rc == ERR_OK && x->book.kind == SHEET_XFORM) {
		rc = xlsform_check_xml(data, len, findings, err);
		if (rc == ERR_OK) {
			buf_put(xml, data, len);
			rc = buf_check(xml, err);
		}
	} else if (rc == ERR_OK) {
		x->file_name = stem(x, file_name);
		x->root_name = root;
		passes(x, xml);
		rc = x->rc;
	}
	if (rc == ERR_OK && findings->errors > before)
		rc = err_set(err, ERR_INPUT, "%zu errors", findings->errors - before);
	if (rc != ERR_OK)
		buf_truncate(xml, had);
	workbook_clear(&x->book);
	arena_clear(&x->mem);
	free(x);
	return rc;
}
