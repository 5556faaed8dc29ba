/* The body: groups, repeats and controls with labels, hints, choices and the actions they fire. */
#include <stdio.h>
#include <string.h>

#include "forms/xlsform_int.h"

static void
write_text_node(struct writer *w, const struct el *e, const char *name, enum slot slot)
{
	w_open(w, name);
	if (xf_needs_itext(w->x, e, slot)) {
		w_attr(w, "ref", xf_fmt(w->x, "jr:itext('%s:%s')", e->path, name));
		w_close(w, true);
	} else if (e->tr[slot] != NULL) {
		buf_putc(w->out, '>');
		w_label_text(w, e, e->tr[slot]->text);
		buf_printf(w->out, "</%s>", name);
	} else {
		w_close(w, true);
	}
}

static bool
has_label(const struct el *e)
{
	return e->tr[TR_LABEL] != NULL || e->tr[TR_IMAGE] != NULL || e->tr[TR_BIG_IMAGE] != NULL
	    || e->tr[TR_AUDIO] != NULL || e->tr[TR_VIDEO] != NULL;
}

static char *
replace_all(struct xlsform *x, const char *text, const char *what, const char *with)
{
	struct buf out;
	size_t n = strlen(what);
	char *made;

	buf_init(&out, 4 << 20);
	for (const char *p = text; *p != '\0'; ) {
		if (n > 0 && strncmp(p, what, n) == 0) {
			buf_puts(&out, with);
			p += n;
		} else {
			buf_putc(&out, *p++);
		}
	}
	made = xf_strn(x, buf_str(&out), out.len);
	buf_free(&out);
	return made;
}

/* "${name}" of a repeat: the repeat is the set, the question the value and the label. */
static const char *
repeat_nodeset(struct xlsform *x, const struct el *e, const char **value)
{
	const char *path = xf_resolve_itemset(x, e, e->from_repeat), *slash = strrchr(path, '/');
	char *set, *filter;

	if (slash == NULL) {
		*value = path;
		return path;
	}
	*value = slash + 1;
	set = xf_strn(x, path, (size_t)(slash - path));
	if (set == NULL)
		return "";
	if (e->filter == NULL)
		return xf_fmt(x, "%s[./%s != '']", set, *value);
	filter = replace_all(x, xf_resolve_filter(x, e, e->filter), xf_fmt(x, "current()/%s", set), ".");
	if (filter != NULL)
		filter = replace_all(x, filter, set, ".");
	return xf_fmt(x, "%s[%s]", set, filter != NULL ? filter : "");
}

static const char *
trimmed(struct xlsform *x, const char *s)
{
	size_t len;

	while (*s == ' ')
		s++;
	len = strlen(s);
	while (len > 0 && s[len - 1] == ' ')
		len--;
	return xf_strn(x, s, len);
}

static void
write_itemset(struct writer *w, const struct el *e)
{
	struct xlsform *x = w->x;
	const char *set, *value = "name", *label = "label";

	if (e->from_repeat != NULL) {
		set = repeat_nodeset(x, e, &value);
		label = value;
	} else {
		set = xf_fmt(x, "instance('%s')/root/item", e->file != NULL ? e->file : e->list->name);
		if (e->filter != NULL)
			set = xf_fmt(x, "%s[%s]", set, xf_resolve(x, e, e->filter, true));
		if (e->file != NULL) {
			value = e->value_ref;
			label = e->label_ref;
		} else if (e->list->itext) {
			label = "jr:itext(itextId)";
		}
	}
	if (e->randomize && e->seed != NULL)
		set = xf_fmt(x, "randomize(%s, %s)", set, trimmed(x, xf_resolve(x, e, e->seed, false)));
	else if (e->randomize)
		set = xf_fmt(x, "randomize(%s)", set);
	if (x->rc != ERR_OK)
		return;
	w_open(w, "itemset");
	w_attr(w, "nodeset", set);
	w_close(w, false);
	w_open(w, "value");
	w_attr(w, "ref", value);
	w_close(w, true);
	w_open(w, "label");
	w_attr(w, "ref", label);
	w_close(w, true);
	w_end(w, "itemset");
}

static void
write_control_attrs(struct writer *w, const struct el *e)
{
	struct xlsform *x = w->x;

	if (e->appearance != NULL)
		w_attr(w, "appearance", xf_resolve(x, e, e->appearance, false));
	for (const struct pair *p = e->control.first; p != NULL; p = p->next)
		w_attr(w, p->key, xf_resolve(x, e, p->value, false));
	for (const struct pair *p = e->kiosk.first; p != NULL; p = p->next)
		w_attr(w, xf_fmt(x, "candour:%s", p->key), p->value);
}

/* select_one_external: the old way, a query into itemsets.csv. */
static void
write_query(struct writer *w, const struct el *e)
{
	struct xlsform *x = w->x;

	if (strcmp(e->type->name, "select_one_external") == 0)
		w_attr(w, "query", xf_fmt(x, "instance('%s')/root/item[%s]", e->list_name,
		    e->filter != NULL ? xf_resolve(x, e, e->filter, true) : "true()"));
}

/* reference-geometry: the places a map shows, as an itemset. */
static void
write_geometry(struct writer *w, const struct el *e)
{
	struct xlsform *x = w->x;
	bool repeat = strncmp(e->geometry, "${", 2) == 0;
	const struct list *l = xf_list(x, e->geometry);
	const char *set = repeat ? trimmed(x, xf_resolve(x, e, e->geometry, false))
	    : xf_fmt(x, "instance('%s')/root/item", e->geometry);
	const char *filter = e->filter != NULL && set != NULL ? xf_resolve(x, e, e->filter, true) : NULL;

	if (repeat && filter != NULL)
		filter = replace_all(x, replace_all(x, filter, xf_fmt(x, "current()/%s", set), "."), set, ".");
	if (repeat && filter == NULL)
		filter = "./geometry != ''";
	if (filter != NULL)
		set = xf_fmt(x, "%s[%s]", set, filter);
	if (set == NULL)
		return;
	w_open(w, "itemset");
	w_attr(w, "nodeset", set);
	w_close(w, false);
	w_open(w, "value");
	w_attr(w, "ref", repeat ? "geometry" : "name");
	w_close(w, true);
	w_open(w, "label");
	w_attr(w, "ref", repeat ? "geometry" : l != NULL && l->itext ? "jr:itext(itextId)" : "label");
	w_close(w, true);
	w_end(w, "itemset");
}

/* search(): the choices in the body. */
static void
write_items(struct writer *w, const struct list *l)
{
	size_t i = 0;

	for (const struct choice *c = l->first; c != NULL; c = c->next, i++) {
		w_open(w, "item");
		w_close(w, false);
		w_open(w, "label");
		if (l->itext) {
			w_attr(w, "ref", xf_fmt(w->x, "jr:itext('%s-%zu')", l->name, i));
			w_close(w, true);
		} else {
			buf_putc(w->out, '>');
			w_label_text(w, NULL, c->tr[TR_LABEL] != NULL ? c->tr[TR_LABEL]->text : c->name);
			buf_puts(w->out, "</label>");
		}
		w_open(w, "value");
		buf_putc(w->out, '>');
		w_text(w, c->name);
		buf_puts(w->out, "</value>");
		w_end(w, "item");
	}
}

/* The tags of an osm question, from the sheet of that name. */
static void
write_tags(struct writer *w, const struct el *e)
{
	const struct sheet *s = w->x->osm.sheet;
	size_t list = SIZE_MAX, name = SIZE_MAX, label = SIZE_MAX;

	for (size_t i = 0; s != NULL && i < s->n_columns; i++) {
		const char *h = s->header[i] != NULL ? s->header[i] : "";

		if (strcasecmp(h, "list_name") == 0 || strcasecmp(h, "list name") == 0)
			list = i;
		else if (strcasecmp(h, "name") == 0)
			name = i;
		else if (strcasecmp(h, "label") == 0)
			label = i;
	}
	for (size_t r = 0; list != SIZE_MAX && name != SIZE_MAX && e->list_name != NULL && r < s->n_rows; r++) {
		const char **cells = s->rows[r].cells;

		if (cells[list] == NULL || cells[name] == NULL || strcmp(cells[list], e->list_name) != 0)
			continue;
		w_open(w, "tag");
		w_attr(w, "key", cells[name]);
		w_close(w, false);
		w_open(w, "label");
		buf_putc(w->out, '>');
		w_text(w, label != SIZE_MAX && cells[label] != NULL ? cells[label] : cells[name]);
		buf_puts(w->out, "</label>");
		w_end(w, "tag");
	}
}

static void
write_targets(struct writer *w, const struct el *e)
{
	for (const struct target *t = e->targets; t != NULL; t = t->next) {
		bool place = strcmp(t->el->type->name, "background-geopoint") == 0;

		w_open(w, place ? "odk:setgeopoint" : "setvalue");
		w_attr(w, "event", "xforms-value-changed");
		w_attr(w, "ref", t->el->path);
		if (t->el->calculation != NULL)
			w_attr(w, "value", xf_resolve(w->x, t->el, t->el->calculation, false));
		w_close(w, true);
	}
}

static void
write_question(struct writer *w, const struct el *e)
{
	if (!e->shown && !e->made)
		return;
	if (e->type->control == NULL)
		return;
	w_open(w, e->type->control);
	w_attr(w, "ref", e->path);
	if (e->type->class == TYPE_UPLOAD && xf_get(&e->control, "mediatype") == NULL)
		w_attr(w, "mediatype", e->type->extra);
	write_control_attrs(w, e);
	write_query(w, e);
	w_close(w, false);
	write_text_node(w, e, "label", TR_LABEL);
	if (e->tr[TR_HINT] != NULL || e->tr[TR_GUIDANCE] != NULL)
		write_text_node(w, e, "hint", TR_HINT);
	if (e->inline_choices)
		write_items(w, e->list);
	else if (e->type->class == TYPE_SELECT && (e->list != NULL || e->file != NULL || e->from_repeat != NULL)
	    && strcmp(e->type->name, "select_one_external") != 0)
		write_itemset(w, e);
	if (e->geometry != NULL)
		write_geometry(w, e);
	if (strcmp(e->type->name, "osm") == 0)
		write_tags(w, e);
	if (e->type->class == TYPE_RANGE && e->list != NULL)
		write_itemset(w, e);
	write_targets(w, e);
	w_end(w, e->type->control);
}

static void write_all(struct writer *w, const struct el *e);

/* Dynamic defaults of everything in the repeat that is in no inner repeat. */
static void
new_repeat_actions(struct writer *w, const struct el *e)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (k->kind == EL_QUESTION && k->def != NULL && xf_is_dynamic(k->def, k->type)) {
			w_open(w, "setvalue");
			w_attr(w, "event", "odk-new-repeat");
			w_attr(w, "ref", k->path);
			w_attr(w, "value", xf_resolve(w->x, k, k->def, false));
			w_close(w, true);
		}
		if (k->entity != NULL && k->kind != EL_REPEAT)
			xf_write_entity_new_repeat(w, k->entity);
		if (k->kind != EL_REPEAT)
			new_repeat_actions(w, k);
	}
}

static void
write_repeat(struct writer *w, const struct el *e)
{
	w_open(w, "group");
	w_attr(w, "ref", e->path);
	w_close(w, false);
	write_text_node(w, e, "label", TR_LABEL);
	w_open(w, "repeat");
	w_attr(w, "nodeset", e->path);
	if (e->count != NULL)
		w_attr(w, "jr:count", xf_resolve(w->x, e, e->count, false));
	write_control_attrs(w, e);
	w_close(w, false);
	if (e->entity != NULL)
		xf_write_entity_new_repeat(w, e->entity);
	new_repeat_actions(w, e);
	write_all(w, e);
	w_end(w, "repeat");
	w_end(w, "group");
}

static void
write_group(struct writer *w, const struct el *e)
{
	w_open(w, "group");
	w_attr(w, "ref", e->path);
	write_control_attrs(w, e);
	w_close(w, false);
	if (has_label(e))
		write_text_node(w, e, "label", TR_LABEL);
	write_all(w, e);
	w_end(w, "group");
}

static void
write_all(struct writer *w, const struct el *e)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (k->kind == EL_REPEAT)
			write_repeat(w, k);
		else if (k->kind == EL_QUESTION)
			write_question(w, k);
		else
			write_group(w, k);
	}
}

void
xf_write_body(struct writer *w)
{
	write_all(w, w->x->root);
}
