/* The tree as a whole: loops filled in, paths, names, lists, triggers and the external files it needs. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/near.h"
#include "forms/xlsform_int.h"

/* --- loops --------------------------------------------------------------------------------------------- */

static const char *
choice_label(const struct xlsform *x, const struct choice *c, const char *lang)
{
	const char *first = NULL;

	for (const struct tr *t = c->tr[TR_LABEL]; t != NULL; t = t->next) {
		const char *own = t->lang != NULL ? t->lang : x->default_language;

		if (first == NULL)
			first = t->text;
		if (lang != NULL && strcmp(own, lang) == 0)
			return t->text;
	}
	return first != NULL ? first : c->name;
}

/* %(name)s and %(label)s of TEXT filled in. */
static const char *
fill_in(struct xlsform *x, const char *text, const struct choice *c, const char *lang)
{
	struct buf out;
	const char *made;

	if (text == NULL || strstr(text, "%(") == NULL)
		return text;
	buf_init(&out, 1 << 20);
	for (const char *p = text; *p != '\0'; ) {
		if (strncmp(p, "%(name)s", 8) == 0) {
			buf_puts(&out, c->name);
			p += 8;
		} else if (strncmp(p, "%(label)s", 9) == 0) {
			buf_puts(&out, choice_label(x, c, lang));
			p += 9;
		} else {
			buf_putc(&out, *p++);
		}
	}
	made = xf_strn(x, buf_str(&out), out.len);
	buf_free(&out);
	return made;
}

static void
fill_pairs(struct xlsform *x, struct pairs *to, const struct pairs *from, const struct choice *c)
{
	memset(to, 0, sizeof(*to));
	for (const struct pair *p = from->first; p != NULL; p = p->next)
		xf_pair(x, to, p->key, fill_in(x, p->value, c, NULL), p->column);
}

static void
copy_into(struct xlsform *x, struct el *parent, const struct el *from, const struct choice *c)
{
	struct el *e = xf_el(x, parent, from->kind, NULL), *keep_first, *keep_last, *keep_next;

	if (e == NULL)
		return;
	keep_first = e->first, keep_last = e->last, keep_next = e->next;
	*e = *from;
	e->parent = parent;
	e->first = keep_first, e->last = keep_last, e->next = keep_next;
	e->name = fill_in(x, from->name, c, NULL);
	for (int s = 0; s < TR_N; s++) {
		e->tr[s] = NULL;
		for (const struct tr *t = from->tr[s]; t != NULL; t = t->next)
			xf_text(x, &e->tr[s], t->lang, fill_in(x, t->text, c, t->lang), t->column);
	}
	fill_pairs(x, &e->bind, &from->bind, c);
	fill_pairs(x, &e->control, &from->control, c);
	fill_pairs(x, &e->instance, &from->instance, c);
	fill_pairs(x, &e->kiosk, &from->kiosk, c);
	e->appearance = fill_in(x, from->appearance, c, NULL);
	e->trigger = fill_in(x, from->trigger, c, NULL);
	e->def = fill_in(x, from->def, c, NULL);
	e->filter = fill_in(x, from->filter, c, NULL);
	e->calculation = fill_in(x, from->calculation, c, NULL);
	for (const struct el *k = from->first; k != NULL; k = k->next)
		copy_into(x, e, k, c);
}

static void
expand_loop(struct xlsform *x, struct el *e)
{
	struct el *body = e->first;
	const struct list *l = xf_list(x, e->list_name);

	e->kind = EL_GROUP;
	e->first = e->last = NULL;
	if (l == NULL) {
		xf_error_el(x, e, "type", "there is no list \"%.60s\" on the choices sheet for this loop", e->list_name);
		return;
	}
	for (const struct choice *c = l->first; c != NULL && x->rc == ERR_OK; c = c->next) {
		struct el *g = xf_el(x, e, EL_GROUP, c->name);

		if (g == NULL)
			return;
		g->row = e->row;
		g->line = e->line;
		for (int s = 0; s < TR_N; s++)
			g->tr[s] = c->tr[s];
		if (!xf_is_name(c->name))
			xf_error(x, &x->choices, c->row, c->line, "name", "\"%.60s\" cannot name a group of the loop over \"%.60s\": use letters, "
			    "digits and _", c->name, l->name);
		for (const struct el *k = body; k != NULL; k = k->next)
			copy_into(x, g, k, c);
	}
}

/* Each choice would bring a repeat of the same name. */
static void
refuse_repeats(struct xlsform *x, const struct el *e)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (k->kind == EL_REPEAT)
			xf_error_el(x, k, "type", "a repeat cannot stand in a loop, which would make one called \"%.60s\" for each choice: "
			    "write the repeats out one by one", k->name);
		refuse_repeats(x, k);
	}
}

static void
expand_loops(struct xlsform *x, struct el *e)
{
	for (struct el *k = e->first; k != NULL && x->rc == ERR_OK; k = k->next) {
		expand_loops(x, k);
		if (k->kind == EL_LOOP)
			refuse_repeats(x, k);
		if (k->kind == EL_LOOP)
			expand_loop(x, k);
	}
}

/* --- paths and names ----------------------------------------------------------------------------------- */

static uint32_t
hash(const char *s, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

static size_t
count_els(const struct el *e)
{
	size_t n = 1;

	for (const struct el *k = e->first; k != NULL; k = k->next)
		n += count_els(k);
	return n;
}

static struct el **
place(const struct names *names, const char *name, size_t len)
{
	size_t i = hash(name, len) & (names->cap - 1);

	while (names->slot[i] != NULL && (strncmp(names->slot[i]->name, name, len) != 0 || names->slot[i]->name[len] != '\0'))
		i = (i + 1) & (names->cap - 1);
	return &names->slot[i];
}

struct el *
xf_find(const struct xlsform *x, const char *name, size_t len, size_t *n)
{
	struct el *e;

	*n = 0;
	if (x->names.cap == 0)
		return NULL;
	e = *place(&x->names, name, len);
	for (const struct el *k = e; k != NULL; k = k->same_name)
		++*n;
	return e;
}

static void
set_paths(struct xlsform *x, struct el *e)
{
	for (struct el *k = e->first; k != NULL && x->rc == ERR_OK; k = k->next) {
		struct el **at;

		k->depth = e->depth + 1;
		k->repeat = e->kind == EL_REPEAT ? e : e->repeat;
		k->path = k->in_meta ? xf_fmt(x, "%s/meta/%s", x->root->path, k->name) : xf_fmt(x, "%s/%s", e->path, k->name);
		if (k->name[0] != '\0' && (k->type == NULL || k->type->class != TYPE_EXTERNAL) && !k->in_meta) {
			at = place(&x->names, k->name, strlen(k->name));
			k->same_name = *at;
			*at = k;
		}
		set_paths(x, k);
	}
}

static int
by_folded_name(const void *a, const void *b)
{
	const struct el *p = *(const struct el *const *)a, *q = *(const struct el *const *)b;
	int d = strcasecmp(p->name, q->name);

	if (d != 0)
		return d;
	return p->row != q->row ? (p->row > q->row) - (p->row < q->row) : p->made - q->made;
}

static void
check_siblings(struct xlsform *x, struct el *e)
{
	struct el **all;
	size_t n = 0;

	for (const struct el *k = e->first; k != NULL; k = k->next)
		n++;
	all = n > 1 ? xf_alloc(x, n * sizeof(*all)) : NULL;
	n = 0;
	for (struct el *k = e->first; k != NULL && all != NULL; k = k->next)
		all[n++] = k;
	if (all != NULL)
		qsort(all, n, sizeof(*all), by_folded_name);
	for (size_t i = 1; i < n && all != NULL; i++) {
		bool same = false;
		size_t k;

		if (all[i]->name[0] == '\0' || strcasecmp(all[i]->name, all[i - 1]->name) != 0)
			continue;
		for (k = i; k-- > 0 && strcasecmp(all[k]->name, all[i]->name) == 0 && !same; )
			same = strcmp(all[k]->name, all[i]->name) == 0;
		if (same && (all[i]->made || all[i - 1]->made))
			xf_error_el(x, all[i], "name", "the name \"%.60s\" is needed for a row made for row %u: choose another", all[i]->name,
			    all[i]->made ? all[i]->row : all[i - 1]->row);
		else if (same)
			xf_error_el(x, all[i], "name", "the name \"%.60s\" is used already in row %u of the same %s: choose another",
			    all[i]->name, all[i - 1]->row, e->kind == EL_REPEAT ? "repeat" : e->kind == EL_GROUP ? "group" : "survey");
		else
			xf_warn_el(x, all[i], "name", "\"%.60s\" and \"%.60s\" (row %u) differ only in capital letters", all[i]->name,
			    all[i - 1]->name, all[i - 1]->row);
	}
	for (struct el *k = e->first; k != NULL; k = k->next)
		check_siblings(x, k);
}

static void
check_repeat_names(struct xlsform *x, struct el *e)
{
	for (struct el *k = e->first; k != NULL; k = k->next) {
		if (k->kind == EL_REPEAT && k->name[0] != '\0') {
			size_t n;

			if (strcmp(k->name, x->root->name) == 0)
				xf_error_el(x, k, "name", "the repeat has the name of the whole form, \"%.60s\": choose another", k->name);
			for (const struct el *o = xf_find(x, k->name, strlen(k->name), &n); o != NULL; o = o->same_name) {
				if (o != k && o->kind == EL_REPEAT && o->row < k->row && o->parent != k->parent) {
					xf_error_el(x, k, "name", "the repeat in row %u is called \"%.60s\" too: repeats need a name of their own "
					    "in the whole form", o->row, k->name);
					break;
				}
			}
		}
		check_repeat_names(x, k);
	}
}

/* --- lists --------------------------------------------------------------------------------------------- */

static void
find_list(struct xlsform *x, struct el *e)
{
	struct near n;

	e->list = xf_list(x, e->list_name);
	if (e->list != NULL) {
		for (const struct choice *c = e->list->first; c != NULL && e->is_multiple; c = c->next)
			if (strchr(c->name, ' ') != NULL)
				xf_error(x, &x->choices, c->row, c->line, "name", "\"%.60s\" has a space, and the list \"%.60s\" is used by "
				    "select_multiple, which splits answers at spaces: use _ instead", c->name, e->list_name);
		return;
	}
	if (e->made)
		return;
	if (x->choices.sheet == NULL) {
		near_init(&n, "choices");
		for (size_t i = 0; i < x->book.n_sheets; i++)
			near_try(&n, x->book.sheets[i].name);
		xf_error_el(x, e, "type", "the list \"%.60s\" is wanted, but there is no sheet called choices%s%s%s: add one with the "
		    "columns list_name, name and label", e->list_name, n.best != NULL ? "; did you mean the sheet \"" : "",
		    n.best != NULL ? n.best : "", n.best != NULL ? "\"" : "");
		return;
	}
	near_init(&n, e->list_name);
	for (const struct list *l = x->lists; l != NULL && x->findings->errors < NEAR_ERRORS; l = l->next)
		near_try(&n, l->name);
	xf_error_el(x, e, "type", "there is no list \"%.60s\" on the choices sheet%s%s%s", e->list_name,
	    n.best != NULL ? "; did you mean \"" : "", n.best != NULL ? n.best : "", n.best != NULL ? "\"?" : "");
}

static void
check_from_repeat(struct xlsform *x, struct el *e)
{
	struct ref ref;
	const struct el *target;
	size_t n;

	if (!xf_refs_check(x, &x->survey, e->row, e->line, "type", e->from_repeat) || !xf_ref_next(e->from_repeat, &ref))
		return;
	target = xf_find(x, ref.name, ref.len, &n);
	if (target != NULL && target->repeat == NULL)
		xf_error_el(x, e, "type", "\"%.60s\" is not in a repeat: choices can come from earlier answers only if they repeat",
		    target->name);
}

static bool
is_instance(const struct xlsform *x, const char *id)
{
	for (const struct instance_use *u = x->instances; u != NULL; u = u->next)
		if (strcmp(u->id, id) == 0 && strcmp(u->what, "pulldata") != 0)
			return true;
	return xf_list(x, id) != NULL || xf_entity_list(x, id);
}

/* reference-geometry: a list, an attached file, an entity list, or a repeat with a question "geometry". */
static void
check_geometry(struct xlsform *x, struct el *e)
{
	struct ref ref;
	const struct el *target = NULL;
	size_t n = 0;

	if (e->geometry == NULL || is_instance(x, e->geometry))
		return;
	if (xf_ref_next(e->geometry, &ref) && !ref.bad && ref.start == e->geometry)
		target = xf_find(x, ref.name, ref.len, &n);
	if (target == NULL || n != 1 || target->kind != EL_REPEAT)
		xf_error_el(x, e, "parameters", "reference-geometry=%.60s is neither a list of the choices sheet, an entity list, an "
		    "attached file nor ${repeat}", e->geometry);
}

static void
check_geometries(struct xlsform *x, struct el *e)
{
	for (struct el *k = e->first; k != NULL; k = k->next) {
		check_geometry(x, k);
		check_geometries(x, k);
	}
}

/* A list of the old external_choices sheet, which becomes itemsets.csv. */
static void
find_external_list(struct xlsform *x, struct el *e)
{
	const struct table *t = &x->external_choices;
	size_t at = SIZE_MAX;
	struct near n;

	near_init(&n, "external_choices");
	for (size_t i = 0; i < x->book.n_sheets; i++)
		near_try(&n, x->book.sheets[i].name);
	if (t->sheet == NULL) {
		xf_error_el(x, e, "type", "there is no sheet called external_choices%s%s%s: add one with the columns list_name, name and "
		    "label, or use select_one_from_file FILE.csv", n.best != NULL ? "; did you mean \"" : "",
		    n.best != NULL ? n.best : "", n.best != NULL ? "\"" : "");
		return;
	}
	for (size_t i = 0; i < t->sheet->n_columns; i++)
		if (t->sheet->header[i] != NULL && (strcasecmp(t->sheet->header[i], "list_name") == 0
		    || strcasecmp(t->sheet->header[i], "list name") == 0))
			at = i;
	for (size_t r = 0; r < t->sheet->n_rows && at != SIZE_MAX; r++)
		if (t->sheet->rows[r].cells[at] != NULL && strcmp(t->sheet->rows[r].cells[at], e->list_name) == 0)
			return;
	xf_error_el(x, e, "type", "there is no list \"%.60s\" on the external_choices sheet", e->list_name);
}

/* --- external files ------------------------------------------------------------------------------------ */

static void
use_instance(struct xlsform *x, struct el *e, const char *id, const char *src, const char *what)
{
	struct instance_use *u;

	for (u = x->instances; u != NULL; u = u->next) {
		if (strcmp(u->id, id) != 0)
			continue;
		if (strcmp(u->src, src) != 0)
			xf_error_el(x, e, NULL, "%s %.60s would read %.100s as \"%.60s\", but row %u uses that name for %.100s: rename one of the "
			    "files", what, id, src, id, u->el->row, u->src);
		else if (e->type != NULL && e->type->class == TYPE_EXTERNAL && u->el->type != NULL
		    && u->el->type->class == TYPE_EXTERNAL)
			xf_error_el(x, e, "name", "the external file \"%.60s\" is there already, in row %u: once is enough", id, u->el->row);
		return;
	}
	if (xf_list(x, id) != NULL)
		xf_error_el(x, e, NULL, "%s \"%.60s\" has the name of a list on the choices sheet: rename one of them", what, id);
	u = xf_alloc(x, sizeof(*u));
	if (u == NULL)
		return;
	*u = (struct instance_use){ .id = id, .src = src, .what = what, .el = e };
	if (x->instances_last != NULL)
		x->instances_last->next = u;
	else
		x->instances = u;
	x->instances_last = u;
}

/* Each pulldata('FILE', ..) of TEXT. */
static void
find_pulldata(struct xlsform *x, struct el *e, const char *text)
{
	const char *p = text;

	while (p != NULL && (p = strstr(p, "pulldata")) != NULL) {
		const char *q, *end;

		p += 8;
		q = p + strspn(p, " \t\r\n");
		if (*q++ != '(')
			continue;
		q += strspn(q, " \t\r\n");
		if (*q != '\'' && *q != '"')
			continue;
		end = strchr(q + 1, *q);
		if (end == NULL)
			continue;
		q = xf_strn(x, q + 1, (size_t)(end - q - 1));
		if (q == NULL)
			return;
		q += strspn(q, " ");
		use_instance(x, e, q, xf_fmt(x, "jr://file-csv/%s.csv", q), "pulldata");
		p = end;
	}
}

/* --- triggers ------------------------------------------------------------------------------------------ */

static void
add_target(struct xlsform *x, struct el *at, struct el *e)
{
	struct target *t;

	/* all triggers of E are added one after the other, so a second mention of AT finds E last */
	if (at->last_target != NULL && at->last_target->el == e)
		return;
	t = xf_alloc(x, sizeof(*t));
	if (t == NULL)
		return;
	t->el = e;
	if (at->last_target != NULL)
		at->last_target->next = t;
	else
		at->targets = t;
	at->last_target = t;
}

static void
find_triggers(struct xlsform *x, struct el *e)
{
	const char *p = e->trigger;
	bool first = true;

	while (*p != '\0') {
		struct ref ref;
		struct el *at;
		size_t n;

		size_t gap = strspn(p, " \t,");

		if (p[gap] == '\0')
			break;
		if (!first && memchr(p, ',', gap) == NULL) {
			xf_error_el(x, e, e->trigger_column, "put a comma between the triggers: ${a}, ${b}");
			return;
		}
		p += gap;
		first = false;
		if (!xf_ref_next(p, &ref) || ref.start != p || ref.bad || ref.last_saved) {
			xf_error_el(x, e, e->trigger_column, "\"%.60s\" is not a trigger: write ${name} with the name of a question, several "
			    "with commas between them", p);
			return;
		}
		at = xf_find(x, ref.name, ref.len, &n);
		p = ref.end;
		if (at == NULL || n != 1)
			continue;	/* xf_refs_check has said so */
		if (at->kind != EL_QUESTION || !at->shown)
			xf_error_el(x, e, e->trigger_column, "\"%.60s\" is not shown to people, so it can trigger nothing: choose a question "
			    "with a label", at->name);
		else
			add_target(x, at, e);
	}
}

/* --- the pass ------------------------------------------------------------------------------------------ */

static void
check_el(struct xlsform *x, struct el *e)
{
	for (struct el *k = e->first; k != NULL && x->rc == ERR_OK; k = k->next) {
		if (k->kind == EL_QUESTION && k->type->class == TYPE_SELECT) {
			if (k->from_repeat != NULL)
				check_from_repeat(x, k);
			else if (k->file != NULL)
				use_instance(x, k, k->file, xf_fmt(x, "%s%s%s", strcmp(k->file_ext, ".csv") == 0 ? "jr://file-csv/"
				    : "jr://file/", k->file, k->file_ext), k->type->name);
			else if (strcmp(k->type->name, "select_one_external") == 0)
				find_external_list(x, k);
			else if (strstr(k->type->name, "from_file") == NULL)
				find_list(x, k);
		}
		if (k->kind == EL_QUESTION && k->type->class == TYPE_EXTERNAL)
			use_instance(x, k, k->name, xf_fmt(x, "%s%s%s", k->type->extra, k->name, k->type->preload), k->type->name);
		find_pulldata(x, k, k->calculation);
		find_pulldata(x, k, k->def);
		find_pulldata(x, k, k->filter);
		for (const struct pair *p = k->bind.first; p != NULL; p = p->next)
			find_pulldata(x, k, p->value);
		xf_appearance(x, k);
		if (k->list != NULL && !k->inline_choices)
			k->list->used = true;
		if (k->trigger != NULL && k->kind == EL_QUESTION)
			find_triggers(x, k);
		else if (k->trigger != NULL)
			xf_warn_el(x, k, k->trigger_column, "only questions can be triggered; this is not used");
		check_el(x, k);
	}
}

static void
check_refs(struct xlsform *x)
{
	for (const struct ref_cell *c = x->ref_cells; c != NULL; c = c->next)
		xf_refs_check(x, c->table, c->row, c->line, c->column, c->text);
	if (x->settings.sheet != NULL && x->instance_name != NULL)
		xf_refs_check(x, &x->settings, x->settings_row, x->settings_line, "instance_name", x->instance_name);
}

void
xf_tree(struct xlsform *x)
{
	size_t n;

	if (x->root == NULL)
		return;
	expand_loops(x, x->root);
	n = count_els(x->root);
	x->names.cap = 16;
	while (x->names.cap < n * 2)
		x->names.cap *= 2;
	x->names.slot = xf_alloc(x, x->names.cap * sizeof(*x->names.slot));
	if (x->rc != ERR_OK)
		return;
	x->root->path = xf_fmt(x, "/%s", x->root->name);
	set_paths(x, x->root);
	if (x->rc != ERR_OK)
		return;
	check_siblings(x, x->root);
	check_repeat_names(x, x->root);
	check_refs(x);
	check_el(x, x->root);
	if (x->uses_last_saved && x->instances != NULL) {
		for (const struct instance_use *u = x->instances; u != NULL; u = u->next)
			if (strcmp(u->id, "__last-saved") == 0)
				xf_error_el(x, u->el, "name", "the name \"__last-saved\" is taken by ${last-saved#..}: choose another");
	}
	xf_entities(x);
	xf_ours(x);
	check_geometries(x, x->root);
	xf_unused_sheets(x);
}
