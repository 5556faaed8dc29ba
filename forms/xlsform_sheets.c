/* Which sheet is which, the row of settings, and the choice lists. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/near.h"
#include "forms/xlsform_int.h"

struct role {
	const char *name;
	size_t offset;
};

static const struct role ROLES[] = {
	{ "survey", offsetof(struct xlsform, survey) }, { "choices", offsetof(struct xlsform, choices) },
	{ "settings", offsetof(struct xlsform, settings) }, { "osm", offsetof(struct xlsform, osm) },
	{ "external_choices", offsetof(struct xlsform, external_choices) },
	{ "entities", offsetof(struct xlsform, entities) },
};

static struct table *
table_of(struct xlsform *x, const struct role *r)
{
	return (struct table *)(void *)((char *)x + r->offset);
}

static const struct role *
role_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ROLES); i++)
		if (strcasecmp(ROLES[i].name, name) == 0)
			return &ROLES[i];
	return NULL;
}

/* "; did you mean the sheet "surveys"?" for a sheet that is not there. */
static const char *
near_sheet(struct xlsform *x, const char *name)
{
	struct near n;

	near_init(&n, name);
	for (size_t i = 0; i < x->book.n_sheets; i++)
		if (role_of(x->book.sheets[i].name) == NULL && x->book.sheets[i].name[0] != '_')
			near_try(&n, x->book.sheets[i].name);
	if (n.best == NULL)
		return "";
	n.best = xf_fmt(x, "; did you mean \"%.60s\" (rename it to \"%s\")?", n.best, name);
	return n.best != NULL ? n.best : "";
}

void
xf_sheets(struct xlsform *x)
{
	struct table whole = { .sheet = NULL };

	for (size_t i = 0; i < x->book.n_sheets; i++) {
		const struct sheet *s = &x->book.sheets[i];
		const struct role *r = role_of(s->name);
		struct table *t = r != NULL ? table_of(x, r) : NULL;

		if (t == NULL && x->book.n_sheets == 1)
			t = &x->survey;
		if (t == NULL && s->name[0] != '_') {
			struct table stray = { .sheet = s, .at = i };
			struct near n;

			near_init(&n, s->name);
			for (size_t k = 0; k < ARRAY_LEN(ROLES); k++)
				if (table_of(x, &ROLES[k])->sheet == NULL)
					near_try(&n, ROLES[k].name);
			if (n.best != NULL)
				xf_warn(x, &stray, 0, 0, NULL, "this sheet is not used; did you mean \"%s\"?", n.best);
			else
				xf_warn(x, &stray, 0, 0, NULL, "this sheet is not used; start its name with \"_\" to keep it as a "
				    "private note");
		}
		if (t != NULL && t->sheet != NULL) {
			struct table again = { .sheet = s, .at = i };

			xf_error(x, &again, 0, 0, NULL, "there are two sheets called %s: join them", r->name);
		} else if (t != NULL) {
			t->sheet = s;
			t->at = i;
		}
	}
	if (x->survey.sheet == NULL) {
		xf_error(x, &whole, 0, 0, NULL, "there is no sheet called survey, which holds the questions%s",
		    near_sheet(x, "survey"));
		return;
	}
	xf_columns(x, &x->survey, "survey");
	xf_columns(x, &x->choices, "choices");
	xf_columns(x, &x->settings, "settings");
	xf_columns(x, &x->entities, "entities");
}

/* --- settings ------------------------------------------------------------------------------------------ */

bool
xf_is_yes(const char *s)
{
	return strcasecmp(s, "yes") == 0 || strcasecmp(s, "true") == 0 || strcmp(s, "1") == 0
	    || strcasecmp(s, "true()") == 0;
}

bool
xf_is_no(const char *s)
{
	return strcasecmp(s, "no") == 0 || strcasecmp(s, "false") == 0 || strcmp(s, "0") == 0
	    || strcasecmp(s, "false()") == 0;
}

static void
yes_or_no(struct xlsform *x, const struct column *c, const char *value, bool *out)
{
	if (xf_is_yes(value))
		*out = true;
	else if (xf_is_no(value))
		*out = false;
	else
		xf_error(x, &x->settings, x->settings_row, x->settings_line, c->raw, "\"%.60s\" is neither yes nor no", value);
}

/* Smart quotes to straight ones; a copy only if there are any. */
const char *
xf_straight(struct xlsform *x, const char *s)
{
	const char *p = s;
	char *out, *to;

	while ((p = strchr(p, '\xE2')) != NULL
	    && !(p[1] == '\x80' && (p[2] == '\x98' || p[2] == '\x99' || p[2] == '\x9C' || p[2] == '\x9D')))
		p++;
	if (p == NULL)
		return s;
	out = xf_strn(x, s, strlen(s));
	if (out == NULL)
		return s;
	to = out;
	for (p = s; *p != '\0'; p++) {
		if (*p == '\xE2' && p[1] == '\x80' && (p[2] == '\x98' || p[2] == '\x99')) {
			*to++ = '\'';
			p += 2;
		} else if (*p == '\xE2' && p[1] == '\x80' && (p[2] == '\x9C' || p[2] == '\x9D')) {
			*to++ = '"';
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return out;
}

static void
one_setting(struct xlsform *x, const struct column *c, const char *v)
{
	const struct { const char *key; const char **out; } TEXTS[] = {
		{ "title", &x->title }, { "id", &x->id }, { "version", &x->version }, { "style", &x->style },
		{ "default_language", &x->default_language }, { "instance_name", &x->instance_name },
		{ "namespaces", &x->namespaces }, { "public_key", &x->public_key }, { "prefix", &x->prefix },
		{ "submission_url", &x->submission_url }, { "auto_send", &x->auto_send }, { "delimiter", &x->delimiter },
		{ "auto_delete", &x->auto_delete }, { "client_editable", &x->client_editable },
		{ "instance_xmlns", &x->xmlns }, { "name", &x->root_name },
	};
	bool yes = false;

	for (size_t i = 0; i < ARRAY_LEN(TEXTS); i++)
		if (strcmp(TEXTS[i].key, c->key) == 0)
			*TEXTS[i].out = v;
	if (strcmp(c->key, "name") == 0) {
		x->root_from_settings = true;
		if (!xf_is_name(v))
			xf_error(x, &x->settings, x->settings_row, x->settings_line, c->raw, "\"%.60s\" cannot name the form's root: use a "
			    "letter or _ first, then letters, digits, _ - and points", v);
	} else if (strcmp(c->key, "allow_choice_duplicates") == 0) {
		yes_or_no(x, c, v, &x->allow_duplicates);
	} else if (strcmp(c->key, "clean_text_values") == 0) {
		yes = true;
		yes_or_no(x, c, v, &yes);
		x->keep_text = !yes;
	} else if (strcmp(c->key, "client_editable") == 0) {
		yes_or_no(x, c, v, &yes);
	} else if (strcmp(c->key, "omit_instanceid") == 0) {
		yes_or_no(x, c, v, &x->omit_instance_id);
	}
}

/* A text in a language carries its tag: title.cy. */
static const char *
kiosk_key(struct xlsform *x, const struct column *c)
{
	char tag[36] = "";

	if (c->lang != NULL)
		xf_tag(c->lang, tag);
	return tag[0] == '\0' ? c->key : xf_fmt(x, "%s.%s", c->key, tag);
}

void
xf_settings(struct xlsform *x)
{
	const struct table *t = &x->settings;
	const struct sheet_row *row;

	x->default_language = "default";
	if (t->sheet != NULL && t->sheet->n_rows > 0 && t->columns != NULL) {
		row = &t->sheet->rows[0];
		x->settings_row = row->number;
		x->settings_line = row->line;
		for (size_t i = 0; i < t->sheet->n_columns; i++) {
			const struct column *c = &t->columns[i];
			const char *v = row->cells[i];

			if (v == NULL)
				continue;
			v = xf_straight(x, v);
			if (c->use == COL_SETTING)
				one_setting(x, c, v);
			else if (c->use == COL_KIOSK)
				xf_pair(x, &x->kiosk, kiosk_key(x, c), v, c->raw);
			else if (c->use == COL_ATTRIBUTE)
				xf_pair(x, &x->attributes, c->key, v, c->raw);
		}
		if (t->sheet->n_rows > 1)
			xf_warn(x, t, t->sheet->rows[1].number, t->sheet->rows[1].line, NULL,
			    "settings are one row; this one is not used");
	}
	if (x->root_name == NULL)
		x->root_name = "data";
	if (!x->root_from_settings && !xf_is_name(x->root_name))
		xf_error(x, NULL, 0, 0, NULL, "\"%.60s\" cannot name the form's root (--root): use a letter or _ first, then letters, "
		    "digits, _ - and points", x->root_name);
	if (x->id == NULL)
		x->id = x->file_name;
	if (x->title == NULL)
		x->title = x->id;
	if (x->id == NULL)
		x->id = x->title = "form";
}

/* --- choices ------------------------------------------------------------------------------------------- */

static unsigned
hash(const char *s)
{
	unsigned h = 5381;

	for (; *s != '\0'; s++)
		h = h * 33 ^ (unsigned char)*s;
	return h;
}

struct list *
xf_list(const struct xlsform *x, const char *name)
{
	struct list *l = x->list_index[hash(name) % ARRAY_LEN(x->list_index)];

	while (l != NULL && strcmp(l->name, name) != 0)
		l = l->chain;
	return l;
}

struct list *
xf_list_add(struct xlsform *x, const char *name)
{
	struct list *l = xf_list(x, name), **bucket;

	if (l != NULL)
		return l;
	l = xf_alloc(x, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->name = name;
	bucket = &x->list_index[hash(name) % ARRAY_LEN(x->list_index)];
	l->chain = *bucket;
	*bucket = l;
	if (x->lists_last != NULL)
		x->lists_last->next = l;
	else
		x->lists = l;
	x->lists_last = l;
	return l;
}

static void
fill_choice(struct xlsform *x, const struct sheet_row *row, struct choice *ch, struct list *l)
{
	const struct table *t = &x->choices;

	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		const struct column *c = &t->columns[i];
		const char *v = row->cells[i];

		if (v == NULL)
			continue;
		v = xf_straight(x, v);
		if (c->use == COL_TEXT) {
			xf_text(x, &ch->tr[c->slot], c->lang, v, c->raw);
			xf_ref_cell(x, t, row->number, row->line, c->raw, v);
			if (c->slot != TR_LABEL || c->lang != NULL || strstr(v, "${") != NULL)
				l->itext = true;
		} else if (c->use == COL_EXTRA) {
			xf_pair_new(x, &ch->extra, c->key, v, c->raw);
		}
	}
}

/* Choices of one list with the same name, found by sorting pointers. */
static int
by_name(const void *a, const void *b)
{
	const struct choice *p = *(const struct choice *const *)a, *q = *(const struct choice *const *)b;
	int d = strcmp(p->name, q->name);

	return d != 0 ? d : (p->row > q->row) - (p->row < q->row);
}

static void
find_duplicates(struct xlsform *x, const struct list *l)
{
	struct choice **all;
	size_t n = 0;

	if (x->allow_duplicates)
		return;
	all = xf_alloc(x, (l->n + 1) * sizeof(*all));
	if (all == NULL)
		return;
	for (struct choice *c = l->first; c != NULL; c = c->next)
		all[n++] = c;
	qsort(all, n, sizeof(*all), by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(all[i]->name, all[i - 1]->name) == 0)
			xf_error(x, &x->choices, all[i]->row, all[i]->line, "name", "the list \"%.60s\" has the choice \"%.60s\" already, "
			    "in row %u: give each its own name, or set allow_choice_duplicates to yes in settings", l->name,
			    all[i]->name, all[i - 1]->row);
}

static void
one_choice(struct xlsform *x, const struct sheet_row *row, size_t list_at, size_t name_at)
{
	const struct table *t = &x->choices;
	const char *list = row->cells[list_at], *name = row->cells[name_at];
	struct list *l;
	struct choice *c;

	if (list == NULL) {
		xf_warn(x, t, row->number, row->line, t->columns[list_at].raw, "a choice without a list name is not used");
		return;
	}
	list = xf_straight(x, list);
	l = xf_list_add(x, list);
	c = xf_alloc(x, sizeof(*c));
	if (l == NULL || c == NULL)
		return;
	c->row = row->number;
	c->line = row->line;
	c->name = name != NULL ? xf_straight(x, name) : NULL;
	if (c->name == NULL) {
		xf_error(x, t, row->number, row->line, "name", "a choice of the list \"%.60s\" has no name: the name is what is stored",
		    list);
		return;
	}
	fill_choice(x, row, c, l);
	if (c->tr[TR_LABEL] == NULL && c->tr[TR_IMAGE] == NULL && c->tr[TR_AUDIO] == NULL && c->tr[TR_VIDEO] == NULL)
		xf_warn(x, t, row->number, row->line, "label", "the choice \"%.60s\" of the list \"%.60s\" has no label: people "
		    "would see its name", c->name, list);
	if (l->last != NULL)
		l->last->next = c;
	else
		l->first = c;
	l->last = c;
	l->n++;
}

void
xf_choices(struct xlsform *x)
{
	const struct table *t = &x->choices;
	size_t list_at = SIZE_MAX, name_at = SIZE_MAX;

	if (t->sheet == NULL || t->columns == NULL || t->sheet->n_rows == 0)
		return;
	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		if (t->columns[i].use == COL_LIST)
			list_at = i;
		if (t->columns[i].use == COL_NAME)
			name_at = i;
	}
	if (list_at == SIZE_MAX)
		xf_error(x, t, 1, t->sheet->header_line, NULL, "the choices sheet has no column list_name");
	if (name_at == SIZE_MAX)
		xf_error(x, t, 1, t->sheet->header_line, NULL, "the choices sheet has no column name");
	if (list_at == SIZE_MAX || name_at == SIZE_MAX)
		return;
	for (size_t r = 0; r < t->sheet->n_rows && x->rc == ERR_OK; r++)
		one_choice(x, &t->sheet->rows[r], list_at, name_at);
	for (const struct list *l = x->lists; l != NULL; l = l->next)
		find_duplicates(x, l);
}
