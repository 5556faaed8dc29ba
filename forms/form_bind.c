/* Binds: types, the five programs of a node, preloads. */
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"

static enum value_type
type_of(const char *t)
{
	static const struct { const char *name; enum value_type type; } types[] = {
		{ "string", TYPE_STRING }, { "int", TYPE_INT }, { "integer", TYPE_INT }, { "long", TYPE_INT },
		{ "decimal", TYPE_DECIMAL }, { "double", TYPE_DECIMAL }, { "float", TYPE_DECIMAL },
		{ "date", TYPE_DATE }, { "time", TYPE_TIME }, { "dateTime", TYPE_DATETIME },
		{ "boolean", TYPE_BOOLEAN }, { "geopoint", TYPE_GEOPOINT }, { "barcode", TYPE_BARCODE },
		{ "binary", TYPE_BINARY }, { "select1", TYPE_STRING }, { "select", TYPE_STRING },
		{ "text", TYPE_STRING }, { "rank", TYPE_STRING }, { "odk:rank", TYPE_STRING },
	};
	const char *colon = strncmp(t, "xsd:", 4) == 0 ? t + 4 : strncmp(t, "xs:", 3) == 0 ? t + 3 : t;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].name, colon) == 0)
			return types[i].type;
	return TYPE_OTHER;
}

static enum preload
preload_of(struct loader *l, const xmlNode *b)
{
	const char *p = load_attr(l, b, "preload", NS_JR), *params = load_attr(l, b, "preloadParams", NS_JR);

	if (p == NULL)
		return PRELOAD_NONE;
	if (params == NULL)
		params = "";
	if (strcmp(p, "uid") == 0)
		return PRELOAD_UID;
	if (strcmp(p, "timestamp") == 0)
		return strcmp(params, "end") == 0 ? PRELOAD_END : PRELOAD_START;
	if (strcmp(p, "date") == 0)
		return PRELOAD_TODAY;
	if (strcmp(p, "property") == 0 && strcmp(params, "deviceid") == 0)
		return PRELOAD_DEVICE;
	return PRELOAD_OTHER;
}

bool
load_binds(struct loader *l)
{
	struct form *f = l->f;

	l->bind_xml = calloc(f->n_nodes + 1, sizeof(*l->bind_xml));
	if (l->bind_xml == NULL)
		return load_nomem(l);
	for (xmlNode *b = l->model->children; b != NULL; b = b->next) {
		const char *ref, *type;
		uint32_t node;

		if (!load_is(b, "bind"))
			continue;
		ref = load_attr(l, b, "nodeset", NULL);
		if (ref == NULL)
			ref = load_attr(l, b, "ref", NULL);
		if (ref == NULL) {
			load_error(l, b, "a bind has no nodeset");
			continue;
		}
		node = load_resolve(l, 1, ref);
		if (node == NO_NODE) {
			if (l->admit)
				load_error(l, b, "there is no node %.80s in the instance", ref);
			else
				load_warn(l, b, "there is no node %.80s in the instance", ref);
			continue;
		}
		if (l->bind_xml[node] != NULL) {
			load_warn(l, b, "a second bind for %.80s: what the first does not say is taken from it", ref);
			for (const xmlAttr *a = b->properties; a != NULL; a = a->next)
				if (a->ns == NULL && xmlHasNsProp(l->bind_xml[node], a->name, NULL) == NULL) {
					const char *v = load_attr(l, b, (const char *)a->name, NULL);

					if (v == NULL || xmlSetProp(l->bind_xml[node], a->name, (const xmlChar *)v) == NULL)
						return load_nomem(l);
				}
			continue;
		}
		l->bind_xml[node] = b;
		f->nodes[node].flags |= NODE_BOUND;
		type = load_attr(l, b, "type", NULL);
		if (type != NULL) {
			f->nodes[node].type_name = type;
			f->nodes[node].type = (uint8_t)type_of(type);
		}
		f->nodes[node].preload = (uint8_t)preload_of(l, b);
		if (f->nodes[node].preload == PRELOAD_UID)
			f->nodes[node].flags |= NODE_UID;
		if (f->nodes[node].preload == PRELOAD_OTHER && l->admit)
			load_warn(l, b, "this preload is not known: the node stays as it is");
	}
	return l->rc == ERR_OK;
}

static bool
pending_add(struct loader *l, enum vertex_kind kind, uint32_t node, const struct program *p, struct reads *reads)
{
	if (l->n_pending == l->cap_pending) {
		size_t cap = l->cap_pending == 0 ? 64 : l->cap_pending * 2;
		struct pending *list = realloc(l->pending, cap * sizeof(*list));

		if (list == NULL) {
			reads_clear(reads);
			return load_nomem(l);
		}
		l->pending = list;
		l->cap_pending = cap;
	}
	l->pending[l->n_pending++] = (struct pending){ .v = { .node = node, .kind = (uint8_t)kind, .program = p,
	    .reads_language = p != NULL && p->reads_language }, .reads = *reads };
	return true;
}

/* readonly and required may not read their own node: nothing could decide them (forms.md 3.4). */
static void
check_self(struct loader *l, const xmlNode *b, uint32_t node, const char *what, const struct reads *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].node == node && !r->list[i].elsewhere)
			load_error(l, b, "%s: the question depends on itself", what);
}

static const struct program *
one(struct loader *l, const xmlNode *b, uint32_t node, const char *name, bool graph, enum vertex_kind kind)
{
	const char *text = load_attr(l, b, name, NULL);
	struct reads reads = { 0 };
	const struct program *p;

	if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
		return NULL;
	p = load_program(l, b, node, name, text, &reads);
	if (p != NULL && graph) {
		pending_add(l, kind, node, p, &reads);
		return p;
	}
	if (p != NULL && strcmp(name, "constraint") != 0)
		check_self(l, b, node, name, &reads);
	reads_clear(&reads);
	return p;
}

static void
repeat_count(struct loader *l, uint32_t body)
{
	struct form *f = l->f;
	const xmlNode *e = l->body_xml[body];
	const char *count = load_attr(l, e, "count", NS_JR), *fixed = load_attr(l, e, "noAddRemove", NS_JR);
	struct form_node *n = &f->nodes[f->bodies[body].node];
	struct reads reads = { 0 };
	uint32_t context = f->bodies[body].node;

	if (fixed != NULL && strncmp(fixed, "true", 4) == 0)
		n->no_add = true;
	if (count == NULL)
		return;
	n->no_add = true;
	/* a bare name is a sibling of the repeat (JavaRosa) */
	if (load_resolve(l, context, count) == NO_NODE && n->parent != 0 && load_resolve(l, n->parent, count) != NO_NODE)
		context = n->parent;
	n->count = load_program(l, e, context, "jr:count", count, &reads);
	if (n->count != NULL)
		pending_add(l, VERTEX_COUNT, f->bodies[body].node, n->count, &reads);
	else
		reads_clear(&reads);
}

bool
load_bind_programs(struct loader *l)
{
	struct form *f = l->f;

	for (uint32_t i = 1; i < f->n_nodes && l->rc == ERR_OK; i++) {
		const xmlNode *b = l->bind_xml[i];
		const char *m;

		if (b == NULL)
			continue;
		f->nodes[i].relevant = one(l, b, i, "relevant", true, VERTEX_RELEVANT);
		f->nodes[i].calculate = one(l, b, i, "calculate", true, VERTEX_CALCULATE);
		f->nodes[i].readonly = one(l, b, i, "readonly", false, VERTEX_RELEVANT);
		f->nodes[i].required = one(l, b, i, "required", false, VERTEX_RELEVANT);
		f->nodes[i].constraint = one(l, b, i, "constraint", false, VERTEX_RELEVANT);
		m = load_attr(l, b, "constraintMsg", NS_JR);
		if (m != NULL)
			load_message(l, b, i, m, &f->nodes[i].constraint_message);
		m = load_attr(l, b, "requiredMsg", NS_JR);
		if (m != NULL)
			load_message(l, b, i, m, &f->nodes[i].required_message);
	}
	for (uint32_t i = 0; i < f->n_bodies && l->rc == ERR_OK; i++)
		if (f->bodies[i].kind == BODY_REPEAT)
			repeat_count(l, i);
	return l->rc == ERR_OK;
}
