/* The primary instance becomes form nodes; repeats get their blocks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"

/* FLAGS: NODE_ATTRIBUTE or 0. */
static uint32_t
node_new(struct loader *l, uint32_t parent, const char *local, const xmlNs *ns, int line, uint16_t flags)
{
	struct form *f = l->f;
	struct form_node *n;
	uint32_t at = f->n_nodes, last;

	if (at >= f->limits.nodes) {
		l->rc = err_set(l->err, ERR_LIMIT, "the form has more than %zu nodes (limit nodes)", f->limits.nodes);
		return NO_NODE;
	}
	if (f->n_nodes == l->cap_nodes) {
		uint32_t cap = l->cap_nodes == 0 ? 64 : l->cap_nodes * 2;
		struct form_node *list = realloc(f->nodes, cap * sizeof(*list));
		uint32_t *last_child = realloc(l->last_child, cap * sizeof(*last_child));

		if (list != NULL)
			f->nodes = list;
		if (last_child != NULL)
			l->last_child = last_child;
		if (list == NULL || last_child == NULL) {
			load_nomem(l);
			return NO_NODE;
		}
		l->cap_nodes = cap;
	}
	n = &f->nodes[at];
	memset(n, 0, sizeof(*n));
	f->n_nodes++;
	n->parent = parent;
	n->preset = n->type_name = n->prefix = n->uri = "";
	n->line = line;
	n->type = TYPE_STRING;
	n->flags = flags;
	l->last_child[at] = 0;
	if (local[0] != '\0') {
		n->name = names_put(&f->names, local, strlen(local), "");
		if (n->name == 0) {
			load_nomem(l);
			return NO_NODE;
		}
	}
	if (ns != NULL) {
		n->uri = arena_str(&f->arena, (const char *)ns->href);
		n->prefix = ns->prefix != NULL ? arena_str(&f->arena, (const char *)ns->prefix) : "";
		if (n->uri == NULL || n->prefix == NULL) {
			load_nomem(l);
			return NO_NODE;
		}
	}
	if (at == 0)
		return at;
	if (!form_child_add(f, at)) {
		load_nomem(l);
		return NO_NODE;
	}
	last = l->last_child[parent];
	if (last == 0)
		f->nodes[parent].first = at;
	else
		f->nodes[last].next = at;
	l->last_child[parent] = at;
	return at;
}

static bool
is_template(const xmlNode *e)
{
	return xmlHasNsProp((xmlNode *)(uintptr_t)e, (const xmlChar *)"template", (const xmlChar *)NS_JR) != NULL;
}

static bool
is_repeat_path(const struct loader *l, const char *path)
{
	for (size_t i = 0; i < l->n_repeats; i++)
		if (strcmp(l->repeats[i], path) == 0)
			return true;
	return false;
}

static bool
has_elements(const xmlNode *e)
{
	for (const xmlNode *c = e->children; c != NULL; c = c->next)
		if (c->type == XML_ELEMENT_NODE)
			return true;
	return false;
}

static bool walk(struct loader *l, const xmlNode *e, uint32_t node, const char *path, unsigned depth, bool defaults);

static bool
attributes(struct loader *l, const xmlNode *e, uint32_t node)
{
	struct form *f = l->f;

	for (const xmlAttr *a = e->properties; a != NULL; a = a->next) {
		uint32_t name = names_put(&f->names, (const char *)a->name, strlen((const char *)a->name), ""), at;
		const char *v;

		if (a->ns != NULL && strcmp((const char *)a->ns->href, NS_JR) == 0)
			continue;
		if (name == 0)
			return load_nomem(l);
		if (form_child(f, node, name, true) != NO_NODE)
			continue;
		at = node_new(l, node, (const char *)a->name, a->ns, e->line, NODE_ATTRIBUTE);
		v = at != NO_NODE ? load_attr(l, e, (const char *)a->name, a->ns != NULL ? (const char *)a->ns->href : NULL) : NULL;
		if (v == NULL)
			return load_nomem(l);
		f->nodes[at].flags |= NODE_LEAF;
		f->nodes[at].preset = v;
		f->nodes[at].preset_len = (uint32_t)strlen(v);
	}
	return true;
}

static bool
child(struct loader *l, const xmlNode *e, uint32_t parent, const char *path, unsigned depth, bool defaults)
{
	struct form *f = l->f;
	uint32_t name = names_put(&f->names, (const char *)e->name, strlen((const char *)e->name), "");
	uint32_t at = name != 0 ? form_child(f, parent, name, false) : NO_NODE;
	char sub[1024];
	bool fresh = at == NO_NODE;

	if (name == 0)
		return load_nomem(l);
	if ((size_t)snprintf(sub, sizeof(sub), "%s/%s", path, (const char *)e->name) >= sizeof(sub)) {
		load_error(l, e, "the path of this node is too long");
		return true;
	}
	if (fresh) {
		at = node_new(l, parent, (const char *)e->name, e->ns, e->line, 0);
		if (at == NO_NODE)
			return false;
		if (is_repeat_path(l, sub))
			f->nodes[at].flags |= NODE_REPEAT;
	} else if (!form_is_repeat(f, at) && f->nodes[at].seen_in == e->parent) {
		/* several nodes of one name, no repeat: rows of their own, but nobody can add one */
		if (l->admit)
			load_error(l, e, "the instance has two nodes %.80s, and no repeat for them", sub);
		f->nodes[at].flags |= NODE_REPEAT;
		f->nodes[at].no_add = true;
	}
	f->nodes[at].seen_in = e->parent;
	if (is_template(e))
		f->nodes[at].flags |= NODE_TEMPLATE;
	return walk(l, e, at, sub, depth + 1, is_template(e) || (fresh && defaults));
}

/* DEFAULTS: this element gives the values a new instance starts with. */
static bool
walk(struct loader *l, const xmlNode *e, uint32_t node, const char *path, unsigned depth, bool defaults)
{
	struct form *f = l->f;

	if (depth > f->limits.depth) {
		l->rc = err_set(l->err, ERR_LIMIT, "the instance is nested more than %zu deep (limit depth)", f->limits.depth);
		return false;
	}
	if (!attributes(l, e, node))
		return false;
	if (!has_elements(e)) {
		f->nodes[node].flags |= NODE_LEAF;
		if (defaults) {
			const char *v = load_text(l, e);

			if (v == NULL)
				return false;
			f->nodes[node].preset = v;
			f->nodes[node].preset_len = (uint32_t)strlen(v);
		}
		return true;
	}
	f->nodes[node].flags &= (uint16_t)~NODE_LEAF;
	f->nodes[node].preset_len = 0;
	/* templates first: their values are the defaults */
	for (int round = 0; round < 2; round++)
		for (const xmlNode *c = e->children; c != NULL; c = c->next)
			if (c->type == XML_ELEMENT_NODE && is_template(c) == (round == 0)
			    && !child(l, c, node, path, depth, defaults))
				return false;
	return true;
}

/* walk() visits templates first, so the order of nodes is mended: as written in the instance. */
static void
sort_children(struct loader *l, const xmlNode *e, uint32_t node)
{
	struct form *f = l->f;
	uint32_t last = 0, list = 0, k, next;
	uint32_t rest = f->nodes[node].first;

	/* attributes stay first */
	for (k = rest; k != 0; k = next) {
		next = f->nodes[k].next;
		if ((f->nodes[k].flags & NODE_ATTRIBUTE) == 0)
			break;
		last = k;
		if (list == 0)
			list = k;
	}
	rest = k;
	for (const xmlNode *c = e->children; c != NULL; c = c->next) {
		uint32_t name, at, before = 0;

		if (c->type != XML_ELEMENT_NODE)
			continue;
		name = names_find(&f->names, (const char *)c->name, strlen((const char *)c->name), "");
		for (at = rest; at != 0 && f->nodes[at].name != name; at = f->nodes[at].next)
			before = at;
		if (at == 0)
			continue;
		if (before == 0)
			rest = f->nodes[at].next;
		else
			f->nodes[before].next = f->nodes[at].next;
		f->nodes[at].next = 0;
		if (last == 0)
			list = at;
		else
			f->nodes[last].next = at;
		last = at;
		sort_children(l, c, at);
	}
	if (last != 0)
		f->nodes[last].next = rest;
	f->nodes[node].first = list != 0 ? list : rest;
}

bool
load_nodes(struct loader *l)
{
	struct form *f = l->f;
	struct xml_rules rules = { .depth = f->limits.depth + 1 };
	char path[300];
	uint32_t root, meta, id;

	if (node_new(l, 0, "", NULL, 0, 0) == NO_NODE)
		return false;
	root = node_new(l, 0, (const char *)l->instance->name, l->instance->ns, l->instance->line, 0);
	if (root == NO_NODE)
		return false;
	snprintf(path, sizeof(path), "/%.250s", (const char *)l->instance->name);
	if (!walk(l, l->instance, root, path, 1, true))
		return false;
	sort_children(l, l->instance, root);
	meta = names_find(&f->names, "meta", 4, "");
	f->meta = meta != 0 ? form_child(f, root, meta, false) : NO_NODE;
	if (f->meta != NO_NODE) {
		for (uint32_t i = 1; i < f->n_nodes; i++)
			if (form_within(f, f->meta, i))
				f->nodes[i].flags |= NODE_IN_META;
		id = names_find(&f->names, "instanceID", 10, "");
		f->instance_id = id != 0 ? form_child(f, f->meta, id, false) : NO_NODE;
	}
	tree_init(&f->initial, &f->names, NULL, false, f->limits.nodes * 20, f->limits.xml_bytes);
	if (xtree_from_node(&f->initial, l->instance, &rules, l->err) != ERR_OK) {
		l->rc = l->err->code;
		return false;
	}
	return true;
}

/* --- blocks -------------------------------------------------------------------------------------------- */

static void
layout(struct form *f, uint32_t node, uint32_t repeat, uint32_t *off)
{
	f->nodes[node].repeat = repeat;
	f->nodes[node].off = (*off)++;
	/* attributes must follow their element at once */
	for (uint32_t k = f->nodes[node].first; k != 0; k = f->nodes[k].next)
		if ((f->nodes[k].flags & NODE_ATTRIBUTE) != 0) {
			f->nodes[k].repeat = repeat;
			f->nodes[k].off = (*off)++;
		}
	for (uint32_t k = f->nodes[node].first; k != 0; k = f->nodes[k].next) {
		if ((f->nodes[k].flags & NODE_ATTRIBUTE) != 0)
			continue;
		if (form_is_repeat(f, k)) {
			uint32_t inner = 0;

			f->nodes[k].head = (*off)++;
			layout(f, k, k, &inner);
			f->nodes[k].block = inner;
		} else {
			layout(f, k, repeat, off);
		}
	}
}

bool
load_layout(struct loader *l)
{
	uint32_t off = 0;

	layout(l->f, 0, 0, &off);
	l->f->nodes[0].block = off;
	if (off > l->f->limits.session_rows) {
		l->rc = err_set(l->err, ERR_LIMIT, "the form has more than %zu rows (limit session_rows)", l->f->limits.session_rows);
		return false;
	}
	return true;
}
