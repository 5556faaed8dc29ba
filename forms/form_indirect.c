/* What a program reads through texts: jr:choice-name() and jr:itext() show labels, and a label may hold
 * <output>. Such reads tell a session what to compute anew. They order the vertices but make no cycle, since
 * which text is meant is known in the session only. */
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"
#include "forms/text.h"

static bool
add(struct loader *l, struct reads *r, uint32_t node, bool structure)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].node == node) {
			r->list[i].structure |= structure;
			return true;
		}
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 8 : r->cap * 2;
		struct read *list = realloc(r->list, cap * sizeof(*list));

		if (list == NULL)
			return load_nomem(l);
		r->list = list;
		r->cap = cap;
	}
	r->list[r->n++] = (struct read){ .node = node, .structure = structure };
	return true;
}

static bool
add_pieces(struct loader *l, struct reads *r, const struct pieces *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		for (uint32_t k = 0; k < p->list[i].n_reads; k++)
			if (!add(l, r, p->list[i].reads[k], true))
				return false;
	return true;
}

/* The text ID in all languages. */
static bool
add_itext(struct loader *l, struct reads *r, uint32_t id)
{
	const struct form *f = l->f;

	for (size_t k = 0; id != 0 && k < f->n_languages; k++)
		for (int form = TEXT_LONG; form <= TEXT_SHORT; form++)
			if (!add_pieces(l, r, &f->itext[k * f->n_itext + id - 1].form[form]))
				return false;
	return true;
}

static bool
has_outputs(const struct form *f)
{
	for (size_t i = 0; i < f->n_languages * f->n_itext; i++)
		for (int form = TEXT_LONG; form <= TEXT_SHORT; form++)
			for (uint32_t k = 0; k < f->itext[i].form[form].n; k++)
				if (f->itext[i].form[form].list[k].n_reads > 0)
					return true;
	return false;
}

/* The labels of the choices of B. */
static bool
add_labels(struct loader *l, struct reads *r, const struct body *b, bool outputs)
{
	const struct form *f = l->f;

	for (uint32_t i = 0; i < b->n_choices; i++)
		if (!add_pieces(l, r, &b->choices[i].label.literal) || !add_itext(l, r, b->choices[i].label.itext))
			return false;
	if (b->itemset == NULL || !b->label_itext || !outputs)
		return true;
	for (uint32_t i = 0; i < f->n_secondary; i++) {
		const struct tree *t = f->secondary_trees[i];

		for (uint32_t row = 1; row <= t->n; row++)
			if (t->rows[row].kind == ROW_ELEMENT && t->rows[row].name == b->label_name && t->rows[row].first == 0
			    && !add_itext(l, r, itext_find(f, tree_text(t, row), t->rows[row].len)))
				return false;
	}
	return true;
}

/* A select on answers of a repeat reads each one's value and label. */
bool
load_offer_reads(struct loader *l, const struct body *b, struct reads *r)
{
	const struct form *f = l->f;
	size_t n = r->n;

	for (size_t i = 0; i < n; i++) {
		uint32_t repeat = r->list[i].node;

		if (!r->list[i].structure || (f->nodes[repeat].flags & NODE_REPEAT) == 0)
			continue;
		for (uint32_t c = f->nodes[repeat].first; c != 0; c = f->nodes[c].next)
			if ((f->nodes[c].name == b->value_name || (b->label_ref != NULL && f->nodes[c].name == b->label_name))
			    && !add(l, r, c, false))
				return false;
	}
	return true;
}

static bool
indirect_of(struct loader *l, struct pending *p, bool outputs)
{
	const struct form *f = l->f;

	for (size_t i = 0; i < p->reads.n; i++) {
		uint32_t node = p->reads.list[i].node, control = f->nodes[node].control;

		/* "structure" of a question is its offer of choices, for jr:choice-name */
		if (!p->reads.list[i].structure || control == 0 || f->bodies[control - 1].kind != BODY_CONTROL)
			continue;
		for (size_t v = 0; f->nodes[node].v_choice != 0 && v < l->n_pending; v++) {
			const struct pending *q = &l->pending[v];

			for (size_t k = 0; q->v.kind == VERTEX_CHOICE && q->v.node == node && k < q->reads.n; k++)
				if (!add(l, &p->indirect, q->reads.list[k].node, q->reads.list[k].structure))
					return false;
		}
		if (!add_labels(l, &p->indirect, &f->bodies[control - 1], outputs))
			return false;
	}
	/* the id of jr:itext('..') */
	for (uint32_t i = 0; outputs && p->v.program->reads_language && i < p->v.program->n_consts; i++) {
		const struct constant *c = &p->v.program->consts[i];

		if (c->text != NULL && !add_itext(l, &p->indirect, itext_find(f, c->text, c->len)))
			return false;
	}
	return true;
}

bool
load_indirect(struct loader *l)
{
	bool outputs = has_outputs(l->f);

	for (size_t i = 0; i < l->n_pending; i++)
		if (l->pending[i].v.kind != VERTEX_CHOICE && !indirect_of(l, &l->pending[i], outputs))
			return false;
	return true;
}
