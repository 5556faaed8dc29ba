/* The converter's passes in order, its memory and its findings. See xlsform_int.h. */
#include "forms/form.h"
#include "forms/xlsform_int.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* WORK_MEM_MAX: a file, its cells and what is made of them, together. */
enum { WORK_MEM_MAX = 44 << 20, PLACE = 240 };

void *
xf_alloc(struct xlsform *x, size_t n)
{
	void *p = x->rc == ERR_OK ? arena_alloc(&x->mem, n) : NULL;

	if (p == NULL && x->rc == ERR_OK)
		x->rc = x->mem.limited ? err_set(x->err, ERR_LIMIT, "the form is too large to convert: its file, its cells and the "
		    "texts made of them take more than %d MiB; split it into several forms", WORK_MEM_MAX >> 20) : err_nomem(x->err);
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
	xf_pair_new(x, p, key, value, column);
}

void
xf_pair_new(struct xlsform *x, struct pairs *p, const char *key, const char *value, const char *column)
{
	struct pair *one = xf_alloc(x, sizeof(*one));

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

	if (findings_full(x->findings, warning))
		return;
	if (t != NULL && t->sheet != NULL) {
		n = (size_t)snprintf(place, sizeof(place), "sheet %.40s", t->sheet->name);
		if (row > 1 && t == &x->settings)
			n += (size_t)snprintf(place + n, sizeof(place) - n, ", row %u (record %u%s", row, row - 1,
			    line > 0 ? "" : ")");
		else if (row > 0)
			n += (size_t)snprintf(place + n, sizeof(place) - n, ", row %u%s", row, line > 0 ? " (" : "");
		if (row > 0 && line > 0)
			n += (size_t)snprintf(place + n, sizeof(place) - n, "%sline %u)",
			    row > 1 && t == &x->settings ? ", " : "", line);
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

/* Write the XForm behind what XML holds. */
static void
put_xml(struct xlsform *x, struct buf *xml)
{
	size_t max = xml->max;

	if (max - xml->len > FORM_XML_MAX)
		xml->max = xml->len + FORM_XML_MAX;
	xf_write(x, xml);
	if (xml->failed == ERR_NOMEM && x->rc == ERR_OK)
		x->rc = err_nomem(x->err);
	if (xml->failed == ERR_LIMIT && (x->rc == ERR_OK || x->rc == ERR_LIMIT))
		x->rc = err_set(x->err, ERR_LIMIT, "the XForm of this questionnaire would have more than %d MiB, which no kiosk loads: "
		    "split it into several forms", FORM_XML_MAX >> 20);
	xml->max = max;
}

static void
passes(struct xlsform *x, struct buf *xml)
{
	size_t errors = x->findings->errors, had = xml->len;

	xf_sheets(x);
	if (x->rc != ERR_OK || x->survey.sheet == NULL)
		return;
	xf_settings(x);
	xf_choices(x);
	xf_rows(x);
	if (x->rc == ERR_OK)
		xf_tree(x);
	if (x->rc == ERR_OK && x->findings->errors == errors)
		put_xml(x, xml);
	if (x->rc != ERR_OK || x->findings->errors > errors) {
		buf_truncate(xml, had);
		xml->failed = ERR_OK;
	}
}

/* What else a caller wants to do with the tree. */
struct after {
	const struct form_files *files;
	struct buf *coverage;
	bool check;
};

static enum err_code
load(struct xlsform *x, const struct buf *xml, const struct form_files *files, struct findings *out, struct err *err)
{
	struct form_rules rules = { .admit = true };
	struct form *form = NULL;
	enum err_code rc;

	(void)x;
	if (files != NULL) {
		rules.open = files->open;
		rules.arg = files->arg;
	}
	rc = form_load(buf_str(xml), xml->len, &rules, out, &form, err);
	form_free(form);
	return rc;
}

/* The element at PATH (which ends at a blank, ':' or the end of text), or NULL. */
static const struct el *
at_path(const struct xlsform *x, const char *path)
{
	size_t len = strcspn(path, " :[']"), n;
	const char *name = path + len;

	while (name > path && name[-1] != '/')
		name--;
	for (const struct el *e = xf_find(x, name, (size_t)(path + len - name), &n); e != NULL; e = e->same_name)
		if (strlen(e->path) == len && memcmp(e->path, path, len) == 0)
			return e;
	return NULL;
}

/* The engine says "line 12, /data/q1"; authors want the row. */
static void
adopt(struct xlsform *x, const struct findings *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct finding *f = &from->list[i];
		const char *path = strchr(f->place, '/');
		const struct el *e = path != NULL && x->root != NULL ? at_path(x, path) : NULL;

		unsigned row, line;

		if (path != NULL && xf_entity_place(x, path, &row, &line))
			(f->warning ? xf_warn : xf_error)(x, &x->entities, row, line, NULL, "%s", f->text);
		else if (e != NULL && xf_lint_said(e, f->text))
			continue;
		else if (e != NULL && f->warning)
			xf_warn_el(x, e, NULL, "%s", f->text);
		else if (e != NULL)
			xf_error_el(x, e, NULL, "%s", f->text);
		else
			findings_add(x->findings, f->warning, x->root != NULL ? 0 : f->order, x->root != NULL ? "the whole form"
			    : f->place, "%s", f->text);
	}
}

static enum err_code
run(const void *data, size_t len, const char *file_name, const char *root, struct buf *xml,
	const struct after *after, struct findings *findings, struct err *err)
{
	struct xlsform *x = calloc(1, sizeof(*x));
	size_t before = findings->errors, had = xml->len;
	struct findings loaded;
	enum err_code rc;

	if (x == NULL)
		return err_nomem(err);
	findings_init(&loaded);
	x->findings = findings;
	x->err = err;
	rc = workbook_read(data, len, &x->book, findings, err);
	arena_init(&x->mem, (size_t)WORK_MEM_MAX - (len + x->book.mem.used < WORK_MEM_MAX ? len + x->book.mem.used : WORK_MEM_MAX));
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
		if (rc == ERR_OK && findings->errors == before && after->check) {
			xf_lint(x, after->files, after->coverage);
			rc = x->rc;
		}
	}
	if (rc == ERR_OK && after->check && xml->len > had) {
		rc = load(x, xml, after->files, &loaded, err);
		adopt(x, &loaded);
		if (rc == ERR_INPUT)
			rc = ERR_OK;
	}
	if (rc == ERR_OK && (findings->failed || loaded.failed))
		rc = err_nomem(err);
	if (rc == ERR_OK && findings->errors > before)
		rc = err_set(err, ERR_INPUT, "%zu errors", findings->errors - before);
	if (rc != ERR_OK)
		buf_truncate(xml, had);
	findings_clear(&loaded);
	workbook_clear(&x->book);
	arena_clear(&x->mem);
	free(x);
	return rc;
}

enum err_code
xlsform_convert(const void *data, size_t len, const char *file_name, const char *root,
	struct buf *xml, struct findings *findings, struct err *err)
{
	static const struct after nothing = { .check = false };

	return run(data, len, file_name, root, xml, &nothing, findings, err);
}

enum err_code
xlsform_check(const void *data, size_t len, const char *file_name, const struct form_files *files,
	struct findings *findings, struct buf *coverage, struct err *err)
{
	const struct after check = { .files = files, .coverage = coverage, .check = true };
	struct buf xml;
	enum err_code rc;

	buf_init(&xml, SHEET_FILE_MAX);
	rc = run(data, len, file_name, NULL, &xml, &check, findings, err);
	buf_free(&xml);
	return rc;
}
