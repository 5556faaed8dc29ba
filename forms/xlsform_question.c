/* A row that asks: its type, its list, what old types bring along, the text behind "other". See xlsform_rows.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/near.h"
#include "forms/xlsform_rows.h"

/* Splits "select_one LIST or_other"; true if TYPE is a select (or osm, ..) with a list. */
static const struct xtype *
with_list(struct xlsform *x, const char *type, const char **list, bool *other)
{
	static const char *const others[] = { " or_other", " or other", " or specify other" };
	size_t len = strlen(type);
	const char *space;
	char *head;
	const struct xtype *t;

	*other = false;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		size_t n = strlen(others[i]);

		if (len > n && strcmp(type + len - n, others[i]) == 0) {
			*other = true;
			len -= n;
			break;
		}
	}
	head = xf_strn(x, type, len);
	if (head == NULL)
		return NULL;
	space = strrchr(head, ' ');
	if (space == NULL)
		return NULL;
	*list = space + 1;
	head[space - head] = '\0';
	t = xtype_find(head);
	if (t == NULL || (t->class != TYPE_SELECT && t->refused == NULL && strcmp(t->name, "osm") != 0))
		return NULL;
	return t;
}

static bool
ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcmp(s + n - m, suffix) == 0;
}

static void
from_file(struct rows *r, struct el *e, const char *file)
{
	static const char *const exts[] = { ".csv", ".xml", ".geojson" };

	for (size_t i = 0; i < ARRAY_LEN(exts); i++) {
		if (!ends_with(file, exts[i]))
			continue;
		e->file_ext = exts[i];
		e->file = xf_strn(r->x, file, strlen(file) - strlen(exts[i]));
		e->value_ref = i == 2 ? "id" : "name";
		e->label_ref = i == 2 ? "title" : "label";
	}
	if (e->file == NULL)
		xf_error_el(r->x, e, row_header(r->x, COL_TYPE, "type"), "the file \"%.60s\" of %s must end in .csv, .xml or .geojson",
		    file, e->type->name);
}

static void
in_table_list(struct rows *r, const char *list, const struct xtype *type, bool filtered)
{
	struct xlsform *x = r->x;
	const char **state = &r->table_list[r->depth];
	struct el *head;

	if (filtered)
		xf_error(x, &x->survey, r->row->number, r->row->line, row_header(x, COL_FILTER, "choice_filter"),
		    "a table-list cannot have a choice_filter: remove it, or use field-list");
	if (**state != '\0') {
		if (strcmp(*state, list) != 0)
			xf_error(x, &x->survey, r->row->number, r->row->line, row_header(x, COL_TYPE, "type"), "all questions of a "
			    "table-list use one list: this one has \"%.60s\", the first has \"%.60s\"", list, *state);
		return;
	}
	*state = list;
	head = row_made(r, type->name, xf_fmt(x, "reserved_name_for_field_list_labels_%u", r->row->number));
	if (head == NULL)
		return;
	head->list_name = list;
	head->appearance = "label";
	xf_text(x, &head->tr[TR_LABEL], NULL, " ", NULL);
}

static void
other_text(struct rows *r, const struct el *e)
{
	struct xlsform *x = r->x;
	struct el *o = row_made(r, "text", xf_fmt(x, "%s_other", e->name));

	if (o == NULL)
		return;
	xf_text(x, &o->tr[TR_LABEL], NULL, "Specify other.", NULL);
	xf_pair(x, &o->bind, "relevant", xf_fmt(x, "selected(../%s, 'other')", e->name), NULL);
	if (e->filter != NULL)
		xf_error_el(x, e, e->filter_column, "or_other cannot be used with a choice_filter: add the choice \"other\" to the "
		    "list and a text question after it");
}

/* The choice "other" in a list, in every language that the list's labels have. */
static void
other_choice(struct xlsform *x, struct list *l)
{
	struct choice *c;

	if (l == NULL || l->other_added)
		return;
	l->other_added = true;
	for (c = l->first; c != NULL; c = c->next)
		if (strcmp(c->name, "other") == 0)
			return;
	c = xf_alloc(x, sizeof(*c));
	if (c == NULL)
		return;
	c->name = "other";
	for (const struct choice *k = l->first; k != NULL; k = k->next) {
		bool translated = false;

		for (const struct tr *t = k->tr[TR_LABEL]; t != NULL; t = t->next)
			translated = translated || t->lang != NULL;
		for (const struct tr *t = k->tr[TR_LABEL]; t != NULL && translated; t = t->next) {
			const char *lang = t->lang != NULL ? t->lang : x->default_language;
			const struct tr *had = c->tr[TR_LABEL];

			while (had != NULL && strcmp(had->lang, lang) != 0)
				had = had->next;
			if (had == NULL)
				xf_text(x, &c->tr[TR_LABEL], lang, "Other", NULL);
		}
	}
	if (c->tr[TR_LABEL] == NULL)
		xf_text(x, &c->tr[TR_LABEL], NULL, "Other", NULL);
	if (l->last != NULL)
		l->last->next = c;
	else
		l->first = c;
	l->last = c;
	l->n++;
}

static void
select_question(struct rows *r, struct el *e, const char *list, bool other)
{
	struct xlsform *x = r->x;

	e->is_multiple = strcmp(e->type->control, "select") == 0;
	e->list_name = list;
	if (strstr(e->type->name, "from_file") != NULL)
		from_file(r, e, list);
	else if (strncmp(list, "${", 2) == 0)
		e->from_repeat = list;
	else if (other)
		other_choice(x, xf_list(x, list));
	if (other && (e->file != NULL || e->from_repeat != NULL))
		xf_error_el(x, e, row_header(x, COL_TYPE, "type"), "or_other needs a list of the choices sheet");
	else if (other)
		other_text(r, e);
}

static void
default_bind(struct xlsform *x, struct el *e, const char *key, const char *value)
{
	if (xf_get(&e->bind, key) == NULL)
		xf_pair(x, &e->bind, key, value, NULL);
}

/* What the old convenience types bring along. */
static void
type_extras(struct xlsform *x, struct el *e)
{
	const char *name = e->type->name;

	if (e->type->class == TYPE_NOTE)
		default_bind(x, e, "readonly", "true()");
	if (strcmp(name, "percentage") == 0)
		default_bind(x, e, "constraint", "0 <= . and . <= 100");
	if (strncmp(name, "number of days", 14) == 0) {
		default_bind(x, e, "constraint", xf_fmt(x, "0 <= . and . <= %s", e->type->extra));
		if (e->tr[TR_HINT] == NULL)
			xf_text(x, &e->tr[TR_HINT], NULL, xf_fmt(x, "Enter a number 0-%s.", e->type->extra), NULL);
	}
	if (strcmp(name, "phone number") == 0) {
		default_bind(x, e, "constraint", "regex(., '^\\d*$')");
		if (e->tr[TR_HINT] == NULL)
			xf_text(x, &e->tr[TR_HINT], NULL, "Enter numbers only.", NULL);
	}
}

/* True if the row asks nothing of the engine although its type would show a control. */
static void
check_shown(struct xlsform *x, struct el *e)
{
	bool label = e->tr[TR_LABEL] != NULL, hint = e->tr[TR_HINT] != NULL, media = e->vague_media;

	for (enum slot s = TR_IMAGE; s <= TR_VIDEO; s++)
		media = media || e->tr[s] != NULL;
	e->shown = e->type->control != NULL;
	if (e->shown && (e->calculation != NULL || e->trigger != NULL) && !label && !hint && !media
	    && e->tr[TR_GUIDANCE] == NULL)
		e->shown = false;
	if (!e->shown)
		return;
	if (!label && !hint && !media)
		xf_error_el(x, e, "label", "the question \"%.60s\" shows nothing: give it a label, a hint or an image%s", e->name,
		    e->tr[TR_GUIDANCE] != NULL ? " (guidance is hidden at first, so it is not enough)" : "");
	if (e->tr[TR_BIG_IMAGE] != NULL && e->tr[TR_IMAGE] == NULL)
		xf_error_el(x, e, e->tr[TR_BIG_IMAGE]->column, "big-image needs a small picture to press: fill in the image column too");
}

static void
calculation_check(struct xlsform *x, const struct el *e)
{
	if (strcmp(e->type->name, "calculate") != 0 || e->calculation != NULL)
		return;
	if (e->def != NULL && xf_is_dynamic(e->def, e->type))
		return;
	if (e->trigger != NULL && e->def != NULL)
		return;
	xf_error_el(x, e, "calculation", "\"%.60s\" is a calculate without a calculation: fill that column in", e->name);
}

static void
external(struct rows *r, struct el *e)
{
	if (e->tr[TR_LABEL] != NULL)
		xf_warn_el(r->x, e, e->tr[TR_LABEL]->column, "an external file is not shown; its label is not used");
}

static void
audit_question(struct rows *r, struct el *e)
{
	struct xlsform *x = r->x;

	if (strcmp(e->name, "audit") != 0)
		xf_error_el(x, e, row_header(x, COL_NAME, "name"), "an audit is always called \"audit\"");
	if (x->audit != NULL)
		xf_error_el(x, e, row_header(x, COL_TYPE, "type"), "a form has one audit; the first is in row %u", x->audit->row);
	x->audit = e;
	e->in_meta = true;
}

void
row_question(struct rows *r, const char *type_text)
{
	struct xlsform *x = r->x;
	const char *type_column = row_header(x, COL_TYPE, "type"), *list = NULL;
	const char *column = row_header(x, COL_NAME, "name"), *name = row_value(r, COL_NAME, &column), *params;
	const char *params_column = "parameters";
	bool other = false;
	const struct xtype *t = xtype_find(type_text);
	struct el *e;

	if (t == NULL)
		t = with_list(x, type_text, &list, &other);
	if (t == NULL) {
		const char *near = xtype_near(type_text), *space = strchr(type_text, ' ');

		if (near == NULL && space != NULL)
			near = xtype_near(xf_strn(x, type_text, (size_t)(space - type_text)));
		xf_error(x, &x->survey, r->row->number, r->row->line, type_column, "there is no question type \"%.60s\"%s%s%s", type_text,
		    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
		return;
	}
	if (t->refused != NULL) {
		xf_error(x, &x->survey, r->row->number, r->row->line, type_column, "%.60s %s", type_text, t->refused);
		return;
	}
	if (t->class == TYPE_SELECT && list == NULL) {
		xf_error(x, &x->survey, r->row->number, r->row->line, type_column, "%s names no list: write \"%s LIST\"", type_text, t->name);
		return;
	}
	if (name == NULL && t->class == TYPE_NOTE)
		name = xf_fmt(x, "generated_note_name_%u", r->row->number);
	else if (name == NULL && t->class == TYPE_AUDIT)
		name = "audit";
	if (name == NULL) {
		xf_error(x, &x->survey, r->row->number, r->row->line, column, "this question has no name: give it one");
		name = "";
	} else if (!row_name(r, name, column)) {
		name = "";
	}
	if (t->class == TYPE_SELECT && *r->table_list[r->depth] != '\1')
		in_table_list(r, list, t, row_value(r, COL_FILTER, NULL) != NULL);
	e = row_el(r, EL_QUESTION, name);
	if (e == NULL)
		return;
	e->type = t;
	row_fill(r, e);
	if (t->class == TYPE_SELECT && *r->table_list[r->depth] != '\1')
		e->appearance = "list-nolabel";
	type_extras(x, e);
	if (t->class == TYPE_AUDIT)
		audit_question(r, e);
	if (t->class == TYPE_EXTERNAL)
		external(r, e);
	if (t->class == TYPE_SELECT)
		select_question(r, e, list, other);
	else if (t->class == TYPE_UPLOAD && list != NULL)
		e->list_name = list;
	if (xtype_warning(t) != NULL)
		xf_warn_el(x, e, type_column, "%s %s, so Candour will not run this form: leave the question out", t->name, xtype_warning(t));
	if (strcmp(t->name, "imei") == 0)
		xf_warn_el(x, e, type_column, "imei is what deviceid is, a name of the device and not a phone's number: write deviceid");
	if (strcmp(t->name, "background-geopoint") == 0 && e->trigger == NULL)
		xf_error_el(x, e, row_header(x, COL_TRIGGER, "trigger"), "a background-geopoint needs a trigger: ${question}");
	if (strcmp(t->name, "background-geopoint") == 0 && e->calculation != NULL)
		xf_error_el(x, e, e->calc_column, "a background-geopoint cannot have a calculation: remove it");
	if (e->count != NULL)
		xf_warn_el(x, e, e->count_column, "only repeats have a count; this is not used");
	check_shown(x, e);
	calculation_check(x, e);
	params = row_value(r, COL_PARAMETERS, &params_column);
	xf_parameters(x, e, params != NULL ? params : "", params_column);
	xf_unused(x, e, r->value);
}
