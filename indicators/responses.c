/* Responses from CSV. See responses.h. Each row becomes a submission document of the form, so that it goes the way of any
 * other: read as an instance, evaluated by the same expressions. */
#include "indicators/responses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/html.h"
#include "base/num.h"
#include "forms/choices.h"
#include "forms/near.h"
#include "indicators/table.h"

enum { ROWS_MAX = 1000000, FINDINGS_MAX = 1000, DOCUMENT_MAX = 8 << 20 };

/* What a visit's column may hold; NULL: anything. */
static const struct visit_value {
	const char *name;
	const char *words;
} visit_values[] = {
	{ "site", NULL }, { "day", NULL }, { "id", NULL }, { "language", NULL },
	{ "mode", "kiosk tablet paper_keyed group" }, { "variant", "standard easy_read" },
	{ "role", "individual key_person community staff group" },
	{ "answered_by", "self self_helped proxy group" },
	{ "helped_by", "friend_family staff_here advocate interpreter other" },
	{ "pictures", "yes no" }, { "scale_order", "up down" }, { "quote_ok", "yes no" },
};

struct column {
	const char *name;
	const struct form_question *question;	/* NULL: a visit's value */
	const struct visit_value *visit;
	const struct form_choice *choices;
	size_t n_choices;
};

struct responses {
	const struct form *form;
	const char *file;
	struct arena arena;
	const struct form_question *questions;
	size_t n_questions;
	struct column *columns;
	size_t n_columns;
	const char *const **rows;
	int *lines;
	size_t n, cap;
	int at_site, at_day, at_id;	/* columns, or -1 */
	struct findings *findings;	/* while reading */
};

static void
fault(struct responses *r, int line, const char *text)
{
	char place[300];

	if (r->findings->n >= FINDINGS_MAX)
		return;
	snprintf(place, sizeof(place), "%.250s:%d", r->file, line);
	findings_add(r->findings, false, line, place, "%s", text);
}

/* --- the header ------------------------------------------------------------------------------------------------ */

static void
unknown_column(struct responses *r, const char *name)
{
	struct near near;
	char text[400], known[80];
	bool is_visit = false;

	if (name[0] == '\0') {
		fault(r, 1, "a column has no name: name it, or remove it");
		return;
	}
	if (name[strspn(name, " ")] != name[0] || name[strlen(name) - 1] == ' ') {
		snprintf(text, sizeof(text), "column \"%.60s\" has blanks around its name: remove them", name);
		fault(r, 1, text);
		return;
	}
	near_init(&near, name);
	for (size_t i = 0; i < r->n_questions; i++)
		near_try(&near, r->questions[i].name);
	for (size_t i = 0; i < ARRAY_LEN(visit_values); i++) {
		snprintf(known, sizeof(known), "_%s", visit_values[i].name);
		if (strcasecmp(name, known) == 0)
			near.best = NULL;
		is_visit = is_visit || (near.best == NULL && (strcasecmp(name, known) == 0 || near_distance(name, known, 2) <= 2));
		if (is_visit && near.best == NULL)
			near.best = visit_values[i].name;
	}
	snprintf(text, sizeof(text), "column %.60s is neither a question of form %.60s nor a visit's value%s%s%.60s%s", name,
	    form_id(r->form), near.best != NULL ? "; did you mean " : ": remove it, or see `candour indicator evaluate -h`",
	    is_visit ? "_" : "", near.best != NULL ? near.best : "", near.best != NULL ? "?" : "");
	fault(r, 1, text);
}

static enum err_code
find_column(struct responses *r, struct column *c, struct err *err)
{
	enum err_code rc;

	for (size_t i = 0; c->name[0] == '_' && i < ARRAY_LEN(visit_values); i++)
		if (strcmp(visit_values[i].name, c->name + 1) == 0) {
			c->visit = &visit_values[i];
			return ERR_OK;
		}
	for (size_t i = 0; i < r->n_questions; i++)
		if (strcmp(r->questions[i].name, c->name) == 0)
			c->question = &r->questions[i];
	if (c->question == NULL) {
		unknown_column(r, c->name);
		return ERR_OK;
	}
	if (c->question->in_repeat)
		fault(r, 1, "a question in a repeat has no place in a table: leave its column out");
	rc = form_choices(r->form, c->name, &r->arena, &c->choices, &c->n_choices, err);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static enum err_code
read_header(struct responses *r, const char *const *fields, size_t n, struct err *err)
{
	r->columns = arena_calloc(&r->arena, n + 1, sizeof(*r->columns));
	if (r->columns == NULL)
		return err_nomem(err);
	r->n_columns = n;
	r->at_site = r->at_day = r->at_id = -1;
	for (size_t i = 0; i < n; i++) {
		enum err_code rc;

		r->columns[i].name = fields[i];
		for (size_t k = 0; k < i; k++)
			if (strcmp(fields[k], fields[i]) == 0 && fields[i][0] != '\0')
				fault(r, 1, "two columns have the same name: keep one");
		if (strcmp(fields[i], "_site") == 0)
			r->at_site = (int)i;
		if (strcmp(fields[i], "_day") == 0)
			r->at_day = (int)i;
		if (strcmp(fields[i], "_id") == 0)
			r->at_id = (int)i;
		rc = find_column(r, &r->columns[i], err);
		if (rc != ERR_OK)
			return rc;
	}
	if (r->at_day < 0)
		fault(r, 1, "no column _day: give each response its day, as 2026-04-01");
	return ERR_OK;
}

/* --- values ---------------------------------------------------------------------------------------------------- */

static bool
is_day(const char *s, int64_t *day)
{
	int64_t y, m, d;
	int yy, mm, dd;

	if (strlen(s) != 10 || s[4] != '-' || s[7] != '-' || !num_i64(s, 4, 1900, 2999, &y) || !num_i64(s + 5, 2, 1, 12, &m)
	    || !num_i64(s + 8, 2, 1, 31, &d))
		return false;
	*day = day_from_date((int)y, (int)m, (int)d);
	date_from_day(*day, &yy, &mm, &dd);
	return dd == (int)d;
}

/* A site by the name that somebody gave it; what stands in ids of rows has a meaning there. */
static bool
is_site(const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return len <= 64 && strpbrk(s, "|=;") == NULL;
}

static bool
is_word_of(const char *word, size_t len, const char *words)
{
	for (const char *s = words; *s != '\0'; s += strcspn(s, " "), s += strspn(s, " "))
		if (strcspn(s, " ") == len && memcmp(s, word, len) == 0)
			return true;
	return false;
}

static bool
is_choice(const struct column *c, const char *word, size_t len)
{
	for (size_t i = 0; i < c->n_choices; i++)
		if (strlen(c->choices[i].value) == len && memcmp(c->choices[i].value, word, len) == 0)
			return true;
	return c->n_choices == 0;
}

static void
bad_choice(struct responses *r, const struct column *c, int line)
{
	char text[600], known[300] = "";
	size_t at = 0;

	for (size_t i = 0; i < c->n_choices && at < sizeof(known); i++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", at > 0 ? ", " : "", c->choices[i].value);
	snprintf(text, sizeof(text), "column %.60s holds no choice of that question; its choices are %s", c->name, known);
	fault(r, line, text);
}

/* The value of a question. Values are answers: no message repeats one. */
static void
check_answer(struct responses *r, const struct column *c, const char *value, int line)
{
	char text[200];
	double number;
	int64_t whole;
	const char *want = NULL;

	if (c->question->control == CONTROL_SELECT1 && !is_choice(c, value, strlen(value))) {
		bad_choice(r, c, line);
	} else if (c->question->control == CONTROL_SELECT || c->question->control == CONTROL_RANK) {
		for (const char *s = value; *s != '\0'; s += strcspn(s, " "), s += strspn(s, " "))
			if (!is_choice(c, s, strcspn(s, " "))) {
				bad_choice(r, c, line);
				return;
			}
	} else if (c->question->type == TYPE_INT && !num_i64(value, strlen(value), INT64_MIN, INT64_MAX, &whole)) {
		want = "a whole number";
	} else if (c->question->type == TYPE_DECIMAL && !num_double(value, strlen(value), &number)) {
		want = "a number";
	} else if (c->question->type == TYPE_DATE && !is_day(value, &whole)) {
		want = "a date as 2026-04-01";
	}
	if (want != NULL) {
		snprintf(text, sizeof(text), "column %.60s must hold %s", c->name, want);
		fault(r, line, text);
	}
}

static void
check_row(struct responses *r, const char *const *fields, size_t n, int line)
{
	char text[300];
	int64_t day;

	if (n != r->n_columns) {
		snprintf(text, sizeof(text), "%zu fields where the header has %zu columns", n, r->n_columns);
		fault(r, line, text);
		return;
	}
	if (r->at_day >= 0 && !is_day(fields[r->at_day], &day))
		fault(r, line, "column _day must hold a date as 2026-04-01");
	if (r->at_site >= 0 && !is_site(fields[r->at_site]))
		fault(r, line, "column _site must hold a name of up to 64 characters without | = ; and control characters");
	for (size_t i = 0; i < n; i++) {
		const struct column *c = &r->columns[i];

		if (fields[i][0] == '\0')
			continue;
		if (c->question != NULL)
			check_answer(r, c, fields[i], line);
		else if (c->visit != NULL && c->visit->words != NULL
		    && !is_word_of(fields[i], strlen(fields[i]), c->visit->words)) {
			snprintf(text, sizeof(text), "column %.60s must hold one of %s", c->name, c->visit->words);
			fault(r, line, text);
		}
	}
}

static enum err_code
keep_row(struct responses *r, const char *const *fields, int line, struct err *err)
{
	if (r->n == r->cap) {
		size_t cap = r->cap * 2 + 256;
		const char *const **rows = realloc(r->rows, cap * sizeof(*rows));
		int *lines;

		if (rows == NULL)
			return err_nomem(err);
		r->rows = rows;
		lines = realloc(r->lines, cap * sizeof(*lines));
		if (lines == NULL)
			return err_nomem(err);
		r->lines = lines;
		r->cap = cap;
	}
	if (r->n == ROWS_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %d responses", r->file, ROWS_MAX);
	r->rows[r->n] = fields;
	r->lines[r->n++] = line;
	return ERR_OK;
}

struct id_line {
	const char *id;
	int line;
};

static int
by_id(const void *a, const void *b)
{
	const struct id_line *x = a, *y = b;
	int d = strcmp(x->id, y->id);

	return d != 0 ? d : x->line - y->line;
}

/* A response counts once: of two with one _id the second is refused. */
static enum err_code
check_ids(struct responses *r, struct err *err)
{
	struct id_line *ids = r->at_id < 0 ? NULL : calloc(r->n + 1, sizeof(*ids));
	size_t n = 0;
	char text[120];

	if (r->at_id < 0)
		return ERR_OK;
	if (ids == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < r->n; i++)
		if (r->rows[i][r->at_id][0] != '\0')
			ids[n++] = (struct id_line){ r->rows[i][r->at_id], r->lines[i] };
	qsort(ids, n, sizeof(*ids), by_id);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (strcmp(ids[i].id, ids[first].id) != 0) {
			first = i;
			continue;
		}
		snprintf(text, sizeof(text), "the _id of line %d again: a response counts once, so remove one of them", ids[first].line);
		fault(r, ids[i].line, text);
	}
	free(ids);
	return ERR_OK;
}

static enum err_code
read_all(struct responses *r, const char *text, size_t len, struct err *err)
{
	struct csv_rows csv = { text, len, 0, 0, 0 };
	const char *const *fields;
	size_t n;
	enum err_code rc = csv_check(text, len, &csv.line, err);

	if (rc == ERR_OK) {
		csv.line = 0;
		rc = form_questions_list(r->form, &r->arena, &r->questions, &r->n_questions, err);
	}
	if (rc == ERR_OK)
		rc = csv_next(&csv, &r->arena, &fields, &n, err);
	if (rc == ERR_OK && n == 0)
		rc = err_set(err, ERR_INPUT, "no header line: the first line names the questions");
	if (rc == ERR_OK)
		rc = read_header(r, fields, n, err);
	while (rc == ERR_OK) {
		rc = csv_next(&csv, &r->arena, &fields, &n, err);
		if (rc != ERR_OK || n == 0)
			break;
		check_row(r, fields, n, csv.line);
		if (n == r->n_columns)
			rc = keep_row(r, fields, csv.line, err);
	}
	if (rc == ERR_OK)
		rc = check_ids(r, err);
	if (rc == ERR_INPUT)
		fault(r, csv.line, err->msg);
	else if (rc == ERR_LIMIT)
		err_in(err, "%s:%d", r->file, csv.line == 0 ? 1 : csv.line);
	return rc;
}

enum err_code
responses_read(const struct form *form, const char *file, const char *text, size_t len, struct findings *findings,
    struct responses **out, struct err *err)
{
	struct responses *r = calloc(1, sizeof(*r));
	size_t before = findings->errors, first = findings->n;
	enum err_code rc;

	*out = NULL;
	if (r == NULL)
		return err_nomem(err);
	arena_init_secret(&r->arena, SIZE_MAX / 2);
	r->form = form;
	r->file = file;
	r->findings = findings;
	rc = read_all(r, text, len, err);
	if (rc == ERR_OK && findings->errors > before)
		rc = err_set(err, ERR_INPUT, "%s: %s", findings->list[first].place, findings->list[first].text);
	r->findings = NULL;
	if (rc == ERR_OK)
		*out = r;
	else
		responses_free(r);
	return rc;
}

void
responses_free(struct responses *r)
{
	if (r == NULL)
		return;
	free(r->rows);
	free(r->lines);
	arena_clear(&r->arena);
	free(r);
}

bool
responses_has(const struct responses *r, const char *name)
{
	for (size_t i = 0; i < r->n_columns; i++)
		if (strcmp(r->columns[i].name, name) == 0)
			return true;
	return false;
}

size_t
responses_count(const struct responses *r)
{
	return r->n;
}

/* --- a row as a document -------------------------------------------------------------------------------------------- */

/* How many characters PATH and OPEN (a path without its last step) share as whole steps. */
static size_t
common(const char *open, const char *path)
{
	size_t at = 0;

	for (size_t i = 0;; i++) {
		bool end_open = open[i] == '\0' || open[i] == '/', end_path = path[i] == '\0' || path[i] == '/';

		if (end_open && end_path)
			at = i;
		if (open[i] != path[i] || open[i] == '\0')
			break;
	}
	return at;
}

static void
close_to(struct buf *out, char *open, size_t len)
{
	while (strlen(open) > len) {
		char *slash = strrchr(open, '/');

		buf_printf(out, "</%s>", slash + 1);
		*slash = '\0';
	}
}

static void
put_answer(struct buf *out, char *open, size_t max, const struct form_question *q, const char *value)
{
	const char *last = strrchr(q->path, '/'), *s;
	size_t len = (size_t)(last - q->path);

	if (len >= max)
		return;
	close_to(out, open, common(open, q->path) < len ? common(open, q->path) : len);
	s = q->path + strlen(open);
	while (s < last) {	/* the groups that are not open yet */
		size_t n = strcspn(s + 1, "/");

		buf_printf(out, "<%.*s>", (int)n, s + 1);
		s += n + 1;
	}
	memcpy(open, q->path, len);
	open[len] = '\0';
	buf_printf(out, "<%s>", q->name);
	html_text(out, value);
	buf_printf(out, "</%s>", q->name);
}

enum err_code
responses_row(const struct responses *r, size_t i, struct response_row *out, struct err *err)
{
	const char *const *fields = r->rows[i];
	char open[1024] = "", root[300] = "data";
	struct buf xml;
	enum err_code rc;

	*out = (struct response_row){ .site = r->at_site < 0 || fields[r->at_site][0] == '\0' ? "unknown"
	    : fields[r->at_site], .line = r->lines[i] };
	if (!is_day(fields[r->at_day], &out->day))
		return err_set(err, ERR_INPUT, "%s:%d: no day", r->file, r->lines[i]);
	if (r->n_questions > 0)
		snprintf(root, sizeof(root), "%.*s", (int)strcspn(r->questions[0].path + 1, "/"), r->questions[0].path + 1);
	buf_init_secret(&xml, DOCUMENT_MAX);
	buf_printf(&xml, "<%s xmlns:orx=\"http://openrosa.org/xforms\" xmlns:candour=\"urn:candour:form:1\" id=\"", root);
	html_text(&xml, form_id(r->form));
	buf_puts(&xml, "\" version=\"");
	html_text(&xml, form_version(r->form));
	buf_puts(&xml, "\">");
	snprintf(open, sizeof(open), "/%s", root);
	for (size_t q = 0; q < r->n_questions; q++)
		for (size_t c = 0; c < r->n_columns; c++)
			if (r->columns[c].question == &r->questions[q])
				put_answer(&xml, open, sizeof(open), &r->questions[q], fields[c]);
	close_to(&xml, open, strlen(root) + 1);
	buf_puts(&xml, "<orx:meta>");
	for (size_t c = 0; c < r->n_columns; c++)
		if (r->columns[c].visit != NULL && fields[c][0] != '\0' && (int)c != r->at_site
		    && (int)c != r->at_day && (int)c != r->at_id) {
			buf_printf(&xml, "<candour:%s>", r->columns[c].visit->name);
			html_text(&xml, fields[c]);
			buf_printf(&xml, "</candour:%s>", r->columns[c].visit->name);
		}
	buf_printf(&xml, "</orx:meta></%s>", root);
	rc = buf_check(&xml, err);
	if (rc == ERR_OK)
		rc = instance_read(r->form, buf_str(&xml), xml.len, &out->instance, err);
	if (rc != ERR_OK)
		err_in(err, "%s:%d", r->file, r->lines[i]);
	buf_free(&xml);
	return rc;
}
