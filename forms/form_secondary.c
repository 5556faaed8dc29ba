/* Secondary instances of the model: inside the form, or read through the caller's opener. */
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"

static size_t
cells(const xmlNode *e)
{
	size_t n = 0;

	for (const xmlNode *c = e->children; c != NULL; c = c->next)
		if (c->type == XML_ELEMENT_NODE)
			n += 1 + (c->children != NULL ? cells(c) : 0);
	return n;
}

static bool
external(struct loader *l, const xmlNode *i, struct secondary *s, const char *src)
{
	struct buf b;
	struct err err = { 0 };
	enum err_code rc;

	if (strstr(src, "last-saved") != NULL) {
		s->broken = true;
		load_error(l, i, "last-saved would show the last respondent's answers: it is never allowed");
		return true;
	}
	if (l->rules->open == NULL) {
		s->broken = true;
		load_error(l, i, "the file %.80s cannot be read here", src);
		return true;
	}
	buf_init(&b, (size_t)64 << 20);
	rc = l->rules->open(l->rules->arg, src, &b, &err);
	if (rc == ERR_OK)
		rc = secondary_read(l->f, &s->tree, src, (const char *)b.data, b.len, &err);
	buf_free(&b);
	if (rc == ERR_NOMEM)
		return load_nomem(l);
	if (rc != ERR_OK) {
		s->broken = true;
		load_error(l, i, "%.80s: %s", src, err.msg);
	}
	return true;
}

bool
load_secondary(struct loader *l)
{
	struct form *f = l->f;
	struct xml_rules rules = { .max_rows = 0 };
	size_t total = 0;
	uint32_t n = 0;

	for (const xmlNode *i = l->model->children; i != NULL; i = i->next)
		n += load_is(i, "instance");
	f->secondary = calloc(n + 1, sizeof(*f->secondary));
	if (f->secondary == NULL)
		return load_nomem(l);
	for (xmlNode *i = l->model->children; i != NULL && l->rc == ERR_OK; i = i->next) {
		const char *id = load_is(i, "instance") ? load_attr(l, i, "id", NULL) : NULL, *src;
		struct secondary *s;
		const xmlNode *root = NULL;

		if (id == NULL || l->instance->parent == i)
			continue;
		src = load_attr(l, i, "src", NULL);
		if (secondary_find(f, id, strlen(id)) != 0) {
			load_error(l, i, "two instances have the id %.60s", id);
			continue;
		}
		s = &f->secondary[f->n_secondary++];
		s->id = id;
		tree_init(&s->tree, &f->names, NULL, false, f->limits.secondary_cells * 2 + 100, (size_t)64 << 20);
		for (const xmlNode *c = i->children; c != NULL && root == NULL; c = c->next)
			if (c->type == XML_ELEMENT_NODE)
				root = c;
		if (root == NULL && src != NULL) {
			if (!external(l, i, s, src))
				return false;
			total += s->tree.n;
		} else if (root != NULL) {
			total += cells(root);
			if (total <= f->limits.secondary_cells
			    && xtree_from_node(&s->tree, root, &rules, l->err) != ERR_OK)
				l->rc = l->err->code;
		}
		if (total > f->limits.secondary_cells && l->rc == ERR_OK)
			l->rc = err_set(l->err, ERR_LIMIT, "the lists of the form have more than %zu cells (limit secondary_cells)",
			    f->limits.secondary_cells);
		if (s->tree.n == 0 && l->rc == ERR_OK) {
			uint32_t doc = tree_rows(&s->tree, 1, l->err);

			if (doc == 0)
				l->rc = l->err->code;
			else
				s->tree.rows[doc].kind = ROW_DOCUMENT;
		}
	}
	return l->rc == ERR_OK;
}
