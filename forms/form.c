/* What is asked of a loaded form. See form.h and model.h. */
#include <stdlib.h>
#include <string.h>

#include "forms/model.h"

void
form_limits_fill(struct form_limits *l)
{
#define PRESET(FIELD, VALUE) if (l->FIELD == 0) l->FIELD = (VALUE)
	PRESET(xml_bytes, FORM_XML_MAX);
	PRESET(depth, 64);
	PRESET(nodes, 20000);
	PRESET(languages, 64);
	PRESET(secondary_cells, 200000);
	PRESET(expr_bytes, 16384);
	PRESET(ast_depth, 100);
	PRESET(program_len, 4096);
	PRESET(reach, 20000000);
	PRESET(answer_bytes, 65536);
	PRESET(string_bytes, (size_t)1 << 20);
	PRESET(repeat_instances, 1000);
	PRESET(session_rows, 20000);
	PRESET(steps, 5000000);
#undef PRESET
}

const char *
form_node_name(const struct form *f, uint32_t node)
{
	return node == 0 ? "" : f->names.list[f->nodes[node].name].text;
}

bool
form_within(const struct form *f, uint32_t a, uint32_t b)
{
	while (b != a) {
		if (b == 0)
			return false;
		b = f->nodes[b].parent;
	}
	return true;
}

static uint32_t
child_slot(const struct form *f, uint32_t parent, uint32_t name, bool attribute)
{
	uint32_t h = (parent * 2654435761u) ^ (name * 2246822519u) ^ attribute, k;

	h ^= h >> 15;
	for (h &= f->n_children - 1; (k = f->children[h]) != 0; h = (h + 1) & (f->n_children - 1))
		if (f->nodes[k].parent == parent && f->nodes[k].name == name
		    && ((f->nodes[k].flags & NODE_ATTRIBUTE) != 0) == attribute)
			break;
	return h;
}

bool
form_child_add(struct form *f, uint32_t node)
{
	const struct form_node *n = &f->nodes[node];

	if (f->n_nodes * 2 > f->n_children) {
		uint32_t slots = f->n_children == 0 ? 128 : f->n_children * 2;
		uint32_t *list = calloc(slots, sizeof(*list));

		if (list == NULL)
			return false;
		free(f->children);
		f->children = list;
		f->n_children = slots;
		for (uint32_t k = 1; k < f->n_nodes; k++)
			if (k != node)
				f->children[child_slot(f, f->nodes[k].parent, f->nodes[k].name,
				    (f->nodes[k].flags & NODE_ATTRIBUTE) != 0)] = k;
	}
	f->children[child_slot(f, n->parent, n->name, (n->flags & NODE_ATTRIBUTE) != 0)] = node;
	return true;
}

uint32_t
form_child(const struct form *f, uint32_t node, uint32_t name, bool attribute)
{
	uint32_t k = f->n_children != 0 ? f->children[child_slot(f, node, name, attribute)] : 0;

	return k != 0 ? k : NO_NODE;
}

void
form_path(const struct form *f, uint32_t node, struct buf *out)
{
	uint32_t chain[128];
	unsigned n = 0;

	for (; node != 0 && node != NO_NODE && n < ARRAY_LEN(chain); node = f->nodes[node].parent)
		chain[n++] = node;
	if (n == 0)
		buf_putc(out, '/');
	while (n > 0) {
		n--;
		buf_puts(out, (f->nodes[chain[n]].flags & NODE_ATTRIBUTE) != 0 ? "/@" : "/");
		buf_puts(out, form_node_name(f, chain[n]));
	}
}

void
form_free(struct form *f)
{
	if (f == NULL)
		return;
	for (uint32_t i = 0; i < f->n_programs; i++)
		program_clear(f->programs[i]);
	free(f->programs);
	for (uint32_t i = 0; i < f->n_secondary; i++)
		tree_free(&f->secondary[i].tree);
	free(f->secondary);
	free(f->secondary_trees);
	for (uint32_t i = 0; i < f->n_probes; i++) {
		free(f->probes[i].slots);
		free(f->probes[i].entries);
	}
	free(f->probes);
	free(f->nodes);
	free(f->children);
	free(f->bodies);
	free(f->actions);
	free(f->vertices);
	free(f->edges);
	free(f->itext);
	free(f->itext_ids);
	free(f->itext_table);
	tree_free(&f->initial);
	names_clear(&f->names);
	arena_clear(&f->arena);
	free(f);
}

const char *
form_id(const struct form *f)
{
	return f->id;
}

const char *
form_version(const struct form *f)
{
	return f->version;
}

const char *
form_title(const struct form *f)
{
	return f->title;
}

const char *
form_setting(const struct form *f, const char *key)
{
	for (const char *const *s = f->settings; s != NULL && s[0] != NULL; s += 2)
		if (strcmp(s[0], key) == 0)
			return s[1];
	return "";
}

size_t
form_languages(const struct form *f)
{
	return f->n_languages;
}

const char *
form_language_name(const struct form *f, size_t i)
{
	return i < f->n_languages ? f->languages[i] : "";
}

const char *
form_language_tag(const struct form *f, size_t i)
{
	return i < f->n_languages ? f->tags[i] : "";
}

size_t
form_default_language(const struct form *f)
{
	return f->default_language;
}

size_t
form_questions(const struct form *f)
{
	return f->questions;
}
