/* Survey rows to a tree of elements: names, begin and end, the rows of a table-list and of a repeat's count; questions are
 * xlsform_question.c. What a row says is kept as written; references are resolved when everything is known. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/xlsform_rows.h"

const char *
row_value(const struct rows *r, enum column_use use, const char **column)
{
	const struct table *t = &r->x->survey;

	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		if (t->columns[i].use == use && r->value[i] != NULL) {
			if (column != NULL)
				*column = t->columns[i].raw;
			return r->value[i];
		}
	}
	return NULL;
}

const char *
row_header(const struct xlsform *x, enum column_use use, const char *otherwise)
{
	const struct table *t = &x->survey;

	for (size_t i = 0; i < t->sheet->n_columns; i++)
		if (t->columns[i].use == use)
			return t->columns[i].raw;
	return otherwise;
}

/* Runs of spaces to one, unless the settings keep texts as they are. */
static const char *
clean(struct xlsform *x, const char *s)
{
	char *out, *to;

	s = xf_straight(x, s);
	if (x->keep_text || strstr(s, "  ") == NULL)
		return s;
	out = to = xf_strn(x, s, strlen(s));
	if (out == NULL)
		return s;
	for (const char *p = s; *p != '\0'; p++)
		if (*p != ' ' || to == out || to[-1] != ' ')
			*to++ = *p;
	*to = '\0';
	return out;
}

void
xf_text(struct xlsform *x, struct tr **at, const char *lang, const char *text, const char *column)
{
	struct tr *t;

	while (*at != NULL)
		at = &(*at)->next;
	t = xf_alloc(x, sizeof(*t));
	if (t == NULL)
		return;
	*t = (struct tr){ .lang = lang, .text = text, .column = column };
	*at = t;
}

struct el *
xf_el(struct xlsform *x, struct el *parent, enum el_kind kind, const char *name)
{
	struct el *e = xf_alloc(x, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->kind = kind;
	e->name = name != NULL ? name : "";
	e->parent = parent;
	if (parent != NULL) {
		if (parent->last != NULL)
			parent->last->next = e;
		else
			parent->first = e;
		parent->last = e;
	}
	return e;
}

bool
xf_is_name(const char *s)
{
	unsigned colons = 0;

	for (bool first = true; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == ':' && !first) {
			first = true;
			if (++colons > 1 || s[1] == '\0')
				return false;
			continue;
		}
		if (!(isalpha(c) || c == '_' || c >= 0x80 || (!first && (isdigit(c) || c == '-' || c == '.'))))
			return false;
		first = false;
		if (s[1] == '\0')
			return true;
	}
	return false;
}

/* --- what a row sets ----------------------------------------------------------------------------------- */

static const char *
bind_value(const char *key, const char *v)
{
	static const char *const keys[] = { "readonly", "required", "relevant", "constraint", "calculate" };
	static const char *const yes[] = { "yes", "Yes", "YES", "true", "True", "TRUE" };
	static const char *const no[] = { "no", "No", "NO", "false", "False", "FALSE" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strcmp(keys[i], key) != 0)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(yes); k++) {
			if (strcmp(v, yes[k]) == 0)
				return "true()";
			if (strcmp(v, no[k]) == 0)
				return "false()";
		}
	}
	return v;
}

/* Texts in other languages than the default one carry its tag: alt.fr. */
static void
kiosk_value(struct xlsform *x, struct el *e, const struct column *c, const char *v)
{
	char tag[36] = "";

	if (c->lang != NULL)
		xf_tag(c->lang, tag);
	xf_pair(x, &e->kiosk, tag[0] == '\0' || strcmp(c->lang, x->default_language) == 0 ? c->key : xf_fmt(x, "%s.%s", c->key, tag),
	    v, c->raw);
}

void
row_fill(struct rows *r, struct el *e)
{
	struct xlsform *x = r->x;
	const struct table *t = &x->survey;

	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		const struct column *c = &t->columns[i];
		const char *v = r->value[i];

		if (v == NULL)
			continue;
		switch (c->use) {
		case COL_TEXT:
			xf_text(x, &e->tr[c->slot], c->lang, v, c->raw);
			break;
		case COL_BIND:
			if (strcmp(c->key, "calculate") == 0) {
				e->calculation = bind_value(c->key, v);
				e->calc_column = c->raw;
			} else {
				xf_pair(x, &e->bind, c->key, bind_value(c->key, v), c->raw);
			}
			break;
		case COL_CONTROL:
			if (strcmp(c->key, "appearance") == 0)
				e->appearance = v;
			else
				xf_pair(x, &e->control, c->key, v, c->raw);
			break;
		case COL_INSTANCE:
			xf_pair(x, &e->instance, c->key, v, c->raw);
			break;
		case COL_KIOSK:
			kiosk_value(x, e, c, v);
			break;
		case COL_DEFAULT:
			e->def = v;
			e->def_column = c->raw;
			break;
		case COL_FILTER:
			e->filter = v;
			e->filter_column = c->raw;
			break;
		case COL_TRIGGER:
			e->trigger = v;
			e->trigger_column = c->raw;
			break;
		case COL_COUNT:
			e->count = v;
			e->count_column = c->raw;
			break;
		case COL_SAVE_TO:
			e->save_to = v;
			e->save_to_column = c->raw;
			break;
		case COL_MEDIA:
			e->vague_media = true;
			break;
		case COL_NONE: case COL_TYPE: case COL_NAME: case COL_LIST: case COL_PARAMETERS: case COL_DISABLED:
		case COL_SETTING: case COL_ATTRIBUTE: case COL_EXTRA: case COL_ENTITY:
			break;
		}
	}
}

struct el *
row_el(struct rows *r, enum el_kind kind, const char *name)
{
	struct el *e = xf_el(r->x, r->open[r->depth], kind, name);

	if (e == NULL)
		return NULL;
	e->row = r->row->number;
	e->line = r->row->line;
	return e;
}

struct el *
row_made(struct rows *r, const char *type, const char *name)
{
	struct el *e = row_el(r, EL_QUESTION, name);

	if (e != NULL) {
		e->made = true;
		e->type = xtype_find(type);
	}
	return e;
}

bool
row_name(struct rows *r, const char *name, const char *column)
{
	struct xlsform *x = r->x;

	if (!xf_is_name(name)) {
		xf_error(x, &x->survey, r->row->number, r->row->line, column, "\"%.60s\" cannot be a name: use a letter or _ first, "
		    "then letters, digits, _ - and points, no spaces", name);
		return false;
	}
	if (strcmp(name, "meta") == 0) {
		xf_error(x, &x->survey, r->row->number, r->row->line, column, "the name \"meta\" is taken by the form itself: "
		    "choose another");
		return false;
	}
	return true;
}

/* --- begin and end ------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum el_kind kind;
} CONTROLS[] = { { "group", EL_GROUP }, { "repeat", EL_REPEAT }, { "loop", EL_LOOP }, { "lgroup", EL_REPEAT },
	{ "looped group", EL_REPEAT } };

/* TYPE after "begin" or "end"; *REST what follows the word (the list of a loop). */
static bool
control_word(const char *type, const char *verb, enum el_kind *kind, const char **rest)
{
	size_t n = strlen(verb);

	if (strncmp(type, verb, n) != 0 || (type[n] != ' ' && type[n] != '_'))
		return false;
	type += n + 1;
	for (size_t i = 0; i < ARRAY_LEN(CONTROLS); i++) {
		size_t len = strlen(CONTROLS[i].word);

		if (strncmp(type, CONTROLS[i].word, len) == 0 && (type[len] == '\0' || type[len] == ' ')) {
			*kind = CONTROLS[i].kind;
			*rest = type[len] == ' ' ? type + len + 1 : "";
			return true;
		}
	}
	return false;
}

static const char *
kind_word(enum el_kind kind)
{
	return kind == EL_REPEAT ? "repeat" : kind == EL_LOOP ? "loop" : "group";
}

/* "table-list minimal" is "field-list minimal" with a row of labels. */
static void
table_list(struct rows *r, struct el *e)
{
	struct xlsform *x = r->x;
	const char *at = e->appearance != NULL ? strstr(e->appearance, "table-list") : NULL;
	struct el *note;

	if (at == NULL)
		return;
	e->appearance = xf_fmt(x, "%.*sfield-list%s", (int)(at - e->appearance), e->appearance, at + 10);
	r->table_list[r->depth] = "";
	if (e->tr[TR_LABEL] == NULL && e->tr[TR_HINT] == NULL)
		return;
	note = row_made(r, "note", xf_fmt(x, "generated_table_list_label_%u", r->row->number));
	if (note == NULL)
		return;
	xf_pair(x, &note->bind, "readonly", "true()", NULL);
	note->tr[TR_LABEL] = e->tr[TR_LABEL];
	note->tr[TR_HINT] = e->tr[TR_HINT];
	e->tr[TR_LABEL] = e->tr[TR_HINT] = NULL;
}

static bool
only_ref(const char *s)
{
	struct ref ref;

	return xf_ref_next(s, &ref) && !ref.bad && ref.start == s && *ref.end == '\0';
}

static void
begin(struct rows *r, enum el_kind kind, const char *rest)
{
	struct xlsform *x = r->x;
	const char *column = row_header(x, COL_NAME, "name"), *name = row_value(r, COL_NAME, &column);
	struct el *e, *count = NULL;
	const char *expr = row_value(r, COL_COUNT, NULL);

	if (name == NULL)
		xf_error(x, &x->survey, r->row->number, r->row->line, column, "this %s has no name: give it one", kind_word(kind));
	else if (!row_name(r, name, column))
		name = NULL;
	if (r->depth + 1 == NEST_MAX) {
		xf_error(x, &x->survey, r->row->number, r->row->line, NULL, "groups are nested more than %d deep", NEST_MAX - 1);
		r->nesting_failed = true;
		return;
	}
	if (kind == EL_REPEAT && expr != NULL && name != NULL && !only_ref(expr)) {
		count = row_made(r, "calculate", xf_fmt(x, "%s_count", name));
		if (count != NULL) {
			count->calculation = expr;
			count->calc_column = row_header(x, COL_COUNT, "repeat_count");
			xf_pair(x, &count->bind, "readonly", "true()", NULL);
		}
	}
	e = row_el(r, kind, name != NULL ? name : "");
	if (e == NULL)
		return;
	row_fill(r, e);
	if (count != NULL)
		e->count = xf_fmt(x, "${%s}", count->name);
	if (kind != EL_REPEAT && e->count != NULL) {
		xf_warn_el(x, e, e->count_column, "only repeats have a count; this is not used");
		e->count = NULL;
	}
	if (kind == EL_LOOP) {
		if (strncmp(rest, "over ", 5) == 0)
			rest += 5;
		e->list_name = rest;
		if (*rest == '\0')
			xf_error_el(x, e, row_header(x, COL_TYPE, "type"), "a loop needs a list: write \"begin_loop over LIST\"");
	}
	r->open[++r->depth] = e;
	r->table_list[r->depth] = "\1";
	table_list(r, e);
	xf_unused(x, e, r->value);
}

static void
end(struct rows *r, enum el_kind kind)
{
	struct xlsform *x = r->x;
	const char *name = row_value(r, COL_NAME, NULL);
	const struct el *e = r->open[r->depth];

	if (r->nesting_failed)
		return;
	if (r->depth == 0 || e->kind != kind) {
		if (r->depth == 0)
			xf_error(x, &x->survey, r->row->number, r->row->line, row_header(x, COL_TYPE, "type"), "end_%s%s%.60s without a "
			    "begin_%s before it: remove this row or add the begin", kind_word(kind), name != NULL ? " of " : "",
			    name != NULL ? name : "", kind_word(kind));
		else
			xf_error(x, &x->survey, r->row->number, r->row->line, row_header(x, COL_TYPE, "type"), "end_%s, but what is open "
			    "here is the %s \"%.60s\" of row %u: end it first with end_%s", kind_word(kind), kind_word(e->kind),
			    e->name, e->row, kind_word(e->kind));
		r->nesting_failed = true;
		return;
	}
	xf_unused_end(x, e, r->row, r->value);
	r->depth--;
}

/* --- rows ---------------------------------------------------------------------------------------------- */

/* The row's values, cleaned and their references checked for syntax. False: nothing to do with it. */
static bool
read_row(struct rows *r)
{
	struct xlsform *x = r->x;
	const struct table *t = &x->survey;
	const char *column = NULL, *disabled;
	bool any = false;

	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		const struct column *c = &t->columns[i];

		r->value[i] = NULL;
		if (r->row->cells[i] == NULL || c->raw == NULL || c->raw[0] == '_')
			continue;
		r->value[i] = clean(x, r->row->cells[i]);
		any = any || c->use != COL_NONE;
	}
	if (!any)
		return false;
	disabled = row_value(r, COL_DISABLED, &column);
	if (disabled != NULL && xf_is_yes(disabled)) {
		xf_warn(x, t, r->row->number, r->row->line, column, "this row is disabled and left out of the form; to hide it from some "
		    "people only, use relevant");
		return false;
	}
	if (disabled != NULL && !xf_is_no(disabled))
		xf_warn(x, t, r->row->number, r->row->line, column, "\"%.60s\" is neither yes nor no, so the row is kept", disabled);
	return true;
}

static void
one_row(struct rows *r)
{
	struct xlsform *x = r->x;
	const struct table *t = &x->survey;
	const char *type, *rest;
	enum el_kind kind;

	if (!read_row(r))
		return;
	type = row_value(r, COL_TYPE, NULL);
	if (type == NULL) {
		bool labelled = false;

		for (size_t i = 0; i < t->sheet->n_columns; i++)
			labelled = labelled || (t->columns[i].use == COL_TEXT && t->columns[i].slot == TR_LABEL && r->value[i] != NULL);
		if (row_value(r, COL_NAME, NULL) == NULL && !labelled)
			xf_warn(x, t, r->row->number, r->row->line, NULL, "a row without type, name and label is skipped as a comment");
		else
			xf_error(x, t, r->row->number, r->row->line, row_header(x, COL_TYPE, "type"), "this row has no type: say what kind "
			    "of question it is, for example text or note");
		return;
	}
	for (size_t i = 0; i < t->sheet->n_columns; i++)
		if (r->value[i] != NULL && t->columns[i].use != COL_TYPE && t->columns[i].use != COL_NAME)
			xf_ref_cell(x, t, r->row->number, r->row->line, t->columns[i].raw, r->value[i]);
	if (control_word(type, "begin", &kind, &rest))
		begin(r, kind, rest);
	else if (control_word(type, "end", &kind, &rest))
		end(r, kind);
	else
		row_question(r, type);
}

void
xf_rows(struct xlsform *x)
{
	struct rows r = { .x = x };
	const struct table *t = &x->survey;
	size_t errors = x->findings->errors;

	if (t->columns == NULL)
		return;
	for (size_t i = 0; i < NEST_MAX; i++)
		r.table_list[i] = "\1";
	x->root = xf_el(x, NULL, EL_ROOT, x->root_name);
	r.value = xf_alloc(x, (t->sheet->n_columns + 1) * sizeof(*r.value));
	if (x->root == NULL || r.value == NULL)
		return;
	r.open[0] = x->root;
	if (t->sheet->n_rows > 0 && row_header(x, COL_TYPE, NULL) == NULL) {
		xf_error(x, t, 1, t->sheet->header_line, NULL, "the survey sheet has no column type, which says what each row is");
		return;
	}
	if (t->sheet->n_rows > ROWS_MAX) {
		x->rc = err_set(x->err, ERR_LIMIT, "the survey sheet has %zu rows: at most %d make a form", t->sheet->n_rows, ROWS_MAX);
		return;
	}
	for (size_t i = 0; i < t->sheet->n_rows && x->rc == ERR_OK; i++) {
		r.row = &t->sheet->rows[i];
		one_row(&r);
	}
	for (size_t d = r.depth; d > 0 && !r.nesting_failed; d--)
		xf_error_el(x, r.open[d], row_header(x, COL_TYPE, "type"), "the %s \"%.60s\" begins here and never ends: add end_%s",
		    kind_word(r.open[d]->kind), r.open[d]->name, kind_word(r.open[d]->kind));
	if (x->root->first == NULL && x->findings->errors == errors && x->rc == ERR_OK)
		xf_error(x, t, 0, 0, NULL, "the survey sheet has no questions");
}
