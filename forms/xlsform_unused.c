/* Nothing is silent (forms.md 1): what a row or a sheet says and the XForm has no place for is warned about, with
 * what to do instead. Columns nobody knows are told in xlsform_columns.c. */
#include <string.h>

#include "forms/xlsform_int.h"

static const char *
kind_word(const struct el *e)
{
	return e->kind == EL_QUESTION ? e->type->name : e->kind == EL_REPEAT ? "repeat" : e->kind == EL_LOOP ? "loop" : "group";
}

static bool
is_spoken(const struct column *c)
{
	return c->use == COL_TEXT && (c->slot < TR_CONSTRAINT || c->slot > TR_NOAPP);
}

/* A file that is only attached has a name and a type; everything else says something of a question. */
static const char *
of_external(const struct column *c)
{
	if (c->use == COL_TEXT && c->slot == TR_LABEL)
		return NULL;	/* said already */
	if (c->use == COL_TEXT || c->use == COL_BIND || c->use == COL_CONTROL || c->use == COL_INSTANCE || c->use == COL_DEFAULT
	    || c->use == COL_KIOSK || c->use == COL_TRIGGER || c->use == COL_SAVE_TO || c->use == COL_FILTER)
		return "attaches a file and asks nothing, so this is not used: move it to a question";
	return NULL;
}

static const char *
of_question(const struct el *e, const struct column *c)
{
	if (e->type->class == TYPE_EXTERNAL)
		return of_external(c);
	if (e->type->class == TYPE_AUDIT && (c->use == COL_DEFAULT || c->use == COL_INSTANCE))
		return "is written by the device, so this is not used: remove it";
	if (!e->shown && (is_spoken(c) || c->use == COL_CONTROL || c->use == COL_KIOSK))
		return "shows nothing to people here, so this is not used: move it to a note or a question that they see";
	if (c->use == COL_FILTER && e->type->class != TYPE_SELECT && e->list == NULL && e->geometry == NULL)
		return "has no choices to filter, so this is not used: remove it";
	return NULL;
}

static const char *
of_group(const struct el *e, const struct column *c)
{
	/* a table-list has taken its hint along to the row of labels */
	if (c->use == COL_TEXT && (c->slot == TR_GUIDANCE || (c->slot == TR_HINT && e->tr[TR_HINT] != NULL)))
		return "has no hint, so this is not used: put a note into it";
	if (c->use == COL_TEXT && c->slot == TR_NOAPP)
		return "starts no program, so this is not used: remove it";
	if (c->use == COL_DEFAULT)
		return "holds no answer, so this is not used: give the default to a question in it";
	if (c->use == COL_PARAMETERS)
		return "takes no parameters, so this is not used: move it to a question";
	if (c->use == COL_FILTER)
		return "has no choices to filter, so this is not used: move it to a question";
	return NULL;
}

void
xf_unused(struct xlsform *x, const struct el *e, const char *const *value)
{
	const struct table *t = &x->survey;

	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		const struct column *c = &t->columns[i];
		const char *why;

		if (value[i] == NULL)
			continue;
		why = e->kind == EL_QUESTION ? of_question(e, c) : of_group(e, c);
		if (why != NULL)
			xf_warn_el(x, e, c->raw, "a row of type %s %s", kind_word(e), why);
	}
}

void
xf_unused_end(struct xlsform *x, const struct el *e, const struct sheet_row *row, const char *const *value)
{
	const struct table *t = &x->survey;

	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		const struct column *c = &t->columns[i];

		if (value[i] == NULL || c->use == COL_TYPE || c->use == COL_NONE || c->use == COL_DISABLED || c->use == COL_MEDIA)
			continue;
		if (c->use == COL_SAVE_TO)
			xf_error(x, t, row->number, row->line, c->raw, "groups and repeats cannot be saved: move save_to to a question");
		else if (c->use == COL_NAME && strcmp(value[i], e->name) != 0)
			xf_warn(x, t, row->number, row->line, c->raw, "this ends \"%.60s\" of row %u, not \"%.60s\": see that each end follows "
			    "its own begin", e->name, e->row, value[i]);
		else if (c->use != COL_NAME)
			xf_warn(x, t, row->number, row->line, c->raw, "this is not used in the row of end_%s: move it to row %u, where the %s "
			    "begins", kind_word(e), e->row, kind_word(e));
	}
}

/* --- sheets of an older time --------------------------------------------------------------------------- */

static bool
any_of_type(const struct el *e, const char *type)
{
	for (const struct el *k = e->first; k != NULL; k = k->next)
		if ((k->type != NULL && strcmp(k->type->name, type) == 0) || any_of_type(k, type))
			return true;
	return false;
}

static void
osm_columns(struct xlsform *x, const struct table *t)
{
	static const char *const known[] = { "list_name", "list name", "name", "label" };

	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		const char *h = t->sheet->header[i];
		bool found = h == NULL || h[0] == '_';

		for (size_t k = 0; k < ARRAY_LEN(known) && !found; k++)
			found = strcasecmp(known[k], h) == 0;
		if (!found)
			xf_warn(x, t, 1, t->sheet->header_line, h, "this column is not used: tags have list_name, name and label");
	}
}

void
xf_unused_sheets(struct xlsform *x)
{
	if (x->osm.sheet != NULL) {
		osm_columns(x, &x->osm);
		if (!any_of_type(x->root, "osm"))
			xf_warn(x, &x->osm, 0, 0, NULL, "this sheet is not used, because no question is of type osm: remove it, or start its "
			    "name with \"_\"");
	}
	if (x->external_choices.sheet != NULL)
		xf_warn(x, &x->external_choices, 0, 0, NULL, "this sheet is not in the XForm, which reads it from a file itemsets.csv: "
		    "move its rows to choices, or to a file for select_one_from_file");
}
