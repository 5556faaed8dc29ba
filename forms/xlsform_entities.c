/* Entities (ODK entities 2025.1.0): each row of the entities sheet is an element meta/entity in a container
 * (the survey, a group or a repeat). A save_to belongs to the nearest entity around its question, so the
 * containers are found by a small search: no two entities share one, and every save_to meets its own. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "forms/xlsform_int.h"

enum { ENTITIES_MAX = 64, STEPS_MAX = 100000 };

struct entity {
	const char *list, *label, *id, *create_if, *update_if;
	unsigned row, line;
	struct el *container;
	struct el *scope;	/* the innermost repeat of all it refers to, or the root */
	struct el *deepest;	/* container of the deepest question it refers to */
	struct el *common;	/* lowest container of all its save_to */
	bool failed;
	struct entity *next;
};

struct save {		/* a question with save_to */
	struct el *el;
	struct entity *entity;
	const char *property;
	struct save *next;
};

struct entities {
	struct xlsform *x;
	struct entity *all[ENTITIES_MAX];
	size_t n;
	struct save *saves, *last;
	unsigned steps;
};

/* --- reading the sheet --------------------------------------------------------------------------------- */

static const char **
field(struct entity *e, const char *key)
{
	if (strcmp(key, "list_name") == 0)
		return &e->list;
	if (strcmp(key, "label") == 0)
		return &e->label;
	if (strcmp(key, "entity_id") == 0)
		return &e->id;
	if (strcmp(key, "create_if") == 0)
		return &e->create_if;
	return &e->update_if;
}

#define BAD(e, column, ...) xf_error(x, &x->entities, (e)->row, (e)->line, column, __VA_ARGS__)

static void
check_declaration(struct xlsform *x, struct entity *e)
{
	if (e->list == NULL) {
		BAD(e, "list_name", "this entity has no list: fill in list_name");
		e->list = "";
	} else if (!xf_is_name(e->list) || strchr(e->list, ':') != NULL) {
		BAD(e, "list_name", "\"%.60s\" cannot name an entity list: use a letter or _ first, then letters, digits, _ and -", e->list);
	} else if (strncmp(e->list, "__", 2) == 0) {
		BAD(e, "list_name", "\"%.60s\" cannot name an entity list: names that begin with __ are taken", e->list);
	} else if (strchr(e->list, '.') != NULL) {
		BAD(e, "list_name", "\"%.60s\" cannot name an entity list: it must not hold a point", e->list);
	}
	if (e->id == NULL && e->label == NULL)
		BAD(e, "label", "a new entity of \"%.60s\" needs a label", e->list);
	if (e->id == NULL && e->update_if != NULL)
		BAD(e, "entity_id", "update_if says when to change an entity, and entity_id which one: fill that in too");
	if (e->id != NULL && e->create_if != NULL && e->update_if == NULL)
		BAD(e, "update_if", "with create_if and entity_id both, say with update_if when to change the entity instead");
}

static void
read_rows(struct entities *s)
{
	struct xlsform *x = s->x;
	const struct table *t = &x->entities;

	for (size_t r = 0; r < t->sheet->n_rows && x->rc == ERR_OK; r++) {
		const struct sheet_row *row = &t->sheet->rows[r];
		struct entity *e = xf_alloc(x, sizeof(*e));

		if (e == NULL)
			return;
		e->row = row->number;
		e->line = row->line;
		if (s->n == ENTITIES_MAX) {
			BAD(e, NULL, "more than %d entities", ENTITIES_MAX);
			return;
		}
		for (size_t i = 0; i < t->sheet->n_columns; i++) {
			if (row->cells[i] == NULL || t->columns[i].use != COL_ENTITY)
				continue;
			*field(e, t->columns[i].key) = xf_straight(x, row->cells[i]);
			e->failed = !xf_refs_check(x, t, e->row, e->line, t->columns[i].raw, row->cells[i]) || e->failed;
		}
		check_declaration(x, e);
		for (size_t i = 0; i < s->n; i++)
			if (e->list[0] != '\0' && strcmp(s->all[i]->list, e->list) == 0)
				BAD(e, "list_name", "the list \"%.60s\" is declared already in row %u", e->list, s->all[i]->row);
		if (s->n > 0)
			s->all[s->n - 1]->next = e;
		s->all[s->n++] = e;
	}
}

/* --- save_to ------------------------------------------------------------------------------------------- */

static struct entity *
entity_of(struct entities *s, const struct el *q, const char **property)
{
	struct xlsform *x = s->x;
	const char *hash = strchr(q->save_to, '#');
	size_t len = hash != NULL ? (size_t)(hash - q->save_to) : 0;

	if (hash != NULL && (strchr(hash + 1, '#') != NULL || len == 0 || hash[1] == '\0')) {
		xf_error_el(x, q, q->save_to_column, "\"%.60s\" is not list#property: write the name of the list, one #, and the property",
		    q->save_to);
		return NULL;
	}
	*property = hash != NULL ? hash + 1 : q->save_to;
	if (hash == NULL && s->n > 1) {
		xf_error_el(x, q, q->save_to_column, "there are several entities: write list#%.60s", q->save_to);
		return NULL;
	}
	if (hash == NULL)
		return s->all[0];
	for (size_t i = 0; i < s->n; i++)
		if (strlen(s->all[i]->list) == len && memcmp(s->all[i]->list, q->save_to, len) == 0)
			return s->all[i];
	xf_error_el(x, q, q->save_to_column, "the entities sheet declares no list \"%.*s\"", (int)(len > 60 ? 60 : len), q->save_to);
	return NULL;
}

static void
one_save(struct entities *s, struct el *q)
{
	struct xlsform *x = s->x;
	const char *property = NULL;
	struct entity *e;
	struct save *save;

	if (s->n == 0) {
		xf_error_el(x, q, q->save_to_column, "save_to needs an entity: add an entities sheet with list_name and label");
		return;
	}
	if (q->kind != EL_QUESTION) {
		xf_error_el(x, q, q->save_to_column, "groups and repeats cannot be saved: move save_to to a question");
		return;
	}
	e = entity_of(s, q, &property);
	if (e == NULL)
		return;
	if (strcasecmp(property, "name") == 0 || strcasecmp(property, "label") == 0) {
		xf_error_el(x, q, q->save_to_column, "the property cannot be called \"%.60s\": entities have a name and a label of their own",
		    property);
		return;
	}
	if (strncmp(property, "__", 2) == 0 || !xf_is_name(property) || strchr(property, ':') != NULL) {
		xf_error_el(x, q, q->save_to_column, "\"%.60s\" cannot name a property: use a letter or one _ first, then letters, digits, "
		    "_ - and points", property);
		return;
	}
	for (const struct save *o = s->saves; o != NULL; o = o->next) {
		if (o->entity == e && strcmp(o->property, property) == 0) {
			xf_error_el(x, q, q->save_to_column, "the property \"%.60s\" is saved already in row %u", property, o->el->row);
			return;
		}
	}
	save = xf_alloc(x, sizeof(*save));
	if (save == NULL)
		return;
	*save = (struct save){ .el = q, .entity = e, .property = property };
	if (s->last != NULL)
		s->last->next = save;
	else
		s->saves = save;
	s->last = save;
	xf_pair(x, &q->bind, "entities:saveto", property, q->save_to_column);
}

static void
find_saves(struct entities *s, struct el *e)
{
	for (struct el *k = e->first; k != NULL; k = k->next) {
		if (k->save_to != NULL)
			one_save(s, k);
		find_saves(s, k);
	}
}

/* --- scopes -------------------------------------------------------------------------------------------- */

static bool
around(const struct el *outer, const struct el *e)
{
	for (; e != NULL; e = e->parent)
		if (e == outer)
			return true;
	return false;
}

static struct el *
scope_of(struct entities *s, struct el *q)
{
	return q->repeat != NULL ? q->repeat : s->x->root;
}

/* Take SCOPE into E's: it must be around what is there, or inside it. False: they lie side by side. */
static bool
narrow(struct entity *e, struct el *scope)
{
	if (e->scope == NULL || around(e->scope, scope))
		e->scope = scope;
	return around(scope, e->scope);
}

static void
var_scopes(struct entities *s, struct entity *e, const char *text)
{
	struct xlsform *x = s->x;
	struct ref ref;

	for (const char *p = text; p != NULL && xf_ref_next(p, &ref); p = ref.end) {
		size_t n;
		struct el *q = ref.bad || ref.last_saved ? NULL : xf_find(x, ref.name, ref.len, &n);
		struct el *at;

		if (q == NULL)
			continue;
		at = q->kind == EL_QUESTION ? q->parent : q;
		if (!narrow(e, scope_of(s, q))) {
			BAD(e, NULL, "the entity \"%.60s\" uses \"%.60s\" of the repeat in row %u and something of another repeat (row %u): "
			    "bring one over with a calculate", e->list, q->name, scope_of(s, q)->row, e->scope->row);
			e->failed = true;
			return;
		}
		if (e->deepest == NULL || at->depth > e->deepest->depth)
			e->deepest = at;
	}
}

static void
save_scopes(struct entities *s, struct entity *e)
{
	struct xlsform *x = s->x;

	for (const struct save *v = s->saves; v != NULL; v = v->next) {
		if (v->entity != e)
			continue;
		if (!narrow(e, scope_of(s, v->el))) {
			xf_error_el(x, v->el, v->el->save_to_column, "the entity \"%.60s\" (row %u of entities) belongs to another repeat "
			    "(row %u): bring the value over with a calculate", e->list, e->row, e->scope->row);
			e->failed = true;
		}
		if (e->common == NULL)
			e->common = v->el->parent;
		while (!around(e->common, v->el))
			e->common = e->common->parent;
	}
	for (const struct save *v = s->saves; v != NULL && !e->failed; v = v->next) {
		if (v->entity == e && scope_of(s, v->el) != e->scope) {
			xf_error_el(x, v->el, v->el->save_to_column, "the entity \"%.60s\" (row %u of entities) is made in the repeat of row %u, "
			    "and this question is outside it: bring the value in with a calculate", e->list, e->row, e->scope->row);
			e->failed = true;
		}
	}
}

/* --- containers ---------------------------------------------------------------------------------------- */

/* May E live in C, given what is placed so far: does every save_to meet its own entity first? */
static bool
saves_agree(const struct entities *s)
{
	for (const struct save *v = s->saves; v != NULL; v = v->next) {
		for (const struct el *c = v->entity->container != NULL ? v->el->parent : NULL; c != NULL; c = c->parent) {
			if (c->entity == v->entity)
				break;
			if (c->entity != NULL)
				return false;
		}
	}
	return true;
}

static bool
allocate(struct entities *s, struct entity **order, size_t i)
{
	struct entity *e;
	struct el *from, *to, *c;

	if (i == s->n)
		return true;
	if (++s->steps > STEPS_MAX)
		return false;
	e = order[i];
	to = e->scope;
	from = e->common != NULL ? e->common : e->deepest != NULL && around(to, e->deepest) ? e->deepest : to;
	if (s->n == 1 && to == s->x->root)
		from = to;	/* one entity of the whole survey stands in its meta */
	for (c = from; c != NULL && c->depth >= to->depth; c = c->parent) {
		if (c->entity != NULL)
			continue;
		c->entity = e;
		e->container = c;
		if (saves_agree(s) && allocate(s, order, i + 1))
			return true;
		c->entity = NULL;
		e->container = NULL;
	}
	return false;
}

static void
place_all(struct entities *s)
{
	struct xlsform *x = s->x;
	struct entity *order[ENTITIES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->all[i]->common != NULL)
			order[n++] = s->all[i];
	for (size_t i = 0; i < s->n; i++)
		if (s->all[i]->common == NULL)
			order[n++] = s->all[i];
	if (allocate(s, order, 0))
		return;
	for (size_t i = 1; i < s->n; i++) {
		for (size_t k = i; k-- > 0; ) {
			if (s->all[k]->scope != s->all[i]->scope)
				continue;
			BAD(s->all[i], NULL, "there is no group of its own for the entity \"%.60s\" beside that of row %u: the survey, each group "
			    "and each repeat hold one entity; put the questions that each saves into groups of their own", s->all[i]->list,
			    s->all[k]->row);
			break;
		}
	}
	if (x->rc == ERR_OK && s->n == 1)
		BAD(s->all[0], NULL, "there is no place for the entity \"%.60s\"", s->all[0]->list);
}

void
xf_entities(struct xlsform *x)
{
	struct entities s = { .x = x };
	bool failed = false;

	if (x->entities.sheet != NULL && x->entities.columns != NULL)
		read_rows(&s);
	find_saves(&s, x->root);
	if (s.n == 0 || x->rc != ERR_OK)
		return;
	x->entities_list = s.all[0];
	x->n_entities = s.n;
	for (size_t i = 0; i < s.n; i++) {
		struct entity *e = s.all[i];

		if (!e->failed) {
			var_scopes(&s, e, e->label);
			var_scopes(&s, e, e->id);
			var_scopes(&s, e, e->create_if);
			var_scopes(&s, e, e->update_if);
			save_scopes(&s, e);
		}
		if (e->scope == NULL)
			e->scope = x->root;
		failed = failed || e->failed;
	}
	if (!failed)
		place_all(&s);
}

bool
xf_entity_list(const struct xlsform *x, const char *name)
{
	for (const struct entity *e = x->entities_list; e != NULL; e = e->next)
		if (strcmp(e->list, name) == 0)
			return true;
	return false;
}

bool
xf_entity_place(const struct xlsform *x, const char *path, unsigned *row, unsigned *line)
{
	const char *end = strstr(path, "/meta/entity");

	for (const struct entity *e = end != NULL ? x->entities_list : NULL; e != NULL; e = e->next) {
		if (e->container == NULL || strlen(e->container->path) != (size_t)(end - path)
		    || memcmp(e->container->path, path, (size_t)(end - path)) != 0)
			continue;
		*row = e->row;
		*line = e->line;
		return true;
	}
	return false;
}

/* --- output -------------------------------------------------------------------------------------------- */

static bool
creates(const struct entity *e)
{
	return e->id == NULL || e->create_if != NULL;
}

void
xf_write_entity_instance(struct writer *w, const struct entity *e)
{
	bool own_meta = e->container != w->x->root;

	if (own_meta) {
		w_open(w, "meta");
		w_close(w, false);
	}
	w_open(w, "entity");
	w_attr(w, "dataset", e->list);
	w_attr(w, "id", "");
	if (creates(e))
		w_attr(w, "create", "1");
	if (e->id != NULL) {
		w_attr(w, "update", "1");
		w_attr(w, "baseVersion", "");
		w_attr(w, "trunkVersion", "");
		w_attr(w, "branchId", "");
	}
	w_close(w, e->label == NULL);
	if (e->label != NULL) {
		w_open(w, "label");
		w_close(w, true);
		w_end(w, "entity");
	}
	if (own_meta)
		w_end(w, "meta");
}

static void
entity_bind(struct writer *w, const struct entity *e, const char *leaf, const char *calculate)
{
	struct xlsform *x = w->x;
	struct el meta = { .kind = EL_GROUP, .parent = e->container, .depth = e->container->depth + 1 };
	struct el entity = { .kind = EL_GROUP, .parent = &meta, .depth = meta.depth + 1 };
	struct el node = { .kind = EL_QUESTION, .parent = &entity, .depth = entity.depth + 1 };

	w_open(w, "bind");
	w_attr(w, "nodeset", xf_fmt(x, "%s/meta/entity/%s", e->container->path, leaf));
	w_attr(w, "type", "string");
	w_attr(w, "readonly", "true()");
	if (calculate != NULL)
		w_attr(w, "calculate", xf_resolve(x, &node, calculate, false));
	w_close(w, true);
}

static void
make_id(struct writer *w, const struct entity *e, const char *event)
{
	w_open(w, "setvalue");
	w_attr(w, "event", event);
	w_attr(w, "ref", xf_fmt(w->x, "%s/meta/entity/@id", e->container->path));
	w_attr(w, "value", "uuid()");
	w_close(w, true);
}

void
xf_write_entity_binds(struct writer *w, const struct entity *e)
{
	static const struct { const char *leaf, *column; } VERSIONS[] = { { "@baseVersion", "__version" },
		{ "@trunkVersion", "__trunkVersion" }, { "@branchId", "__branchId" } };
	struct xlsform *x = w->x;

	if (e->create_if != NULL)
		entity_bind(w, e, "@create", e->create_if);
	entity_bind(w, e, "@id", e->id);
	if (e->id == NULL)
		make_id(w, e, "odk-instance-first-load");
	if (e->update_if != NULL)
		entity_bind(w, e, "@update", e->update_if);
	for (size_t i = 0; i < ARRAY_LEN(VERSIONS) && e->id != NULL; i++)
		entity_bind(w, e, VERSIONS[i].leaf, xf_fmt(x, "instance('%s')/root/item[name=%s]/%s", e->list, e->id,
		    VERSIONS[i].column));
	if (e->label != NULL)
		entity_bind(w, e, "label", e->label);
}

void
xf_write_entity_new_repeat(struct writer *w, const struct entity *e)
{
	if (e->id == NULL)
		make_id(w, e, "odk-new-repeat");
}
