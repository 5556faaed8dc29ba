/* Steps of paths over rows: axes, node tests, document order. See run_step.h. */
#include "forms/run_step.h"

#include <stdlib.h>
#include <string.h>

#include "forms/model.h"

bool
nlist_add(struct nlist *l, struct nref node)
{
	if (l->n == l->cap) {
		uint32_t cap = l->cap == 0 ? 8 : l->cap * 2;
		struct nref *list = scratch_get(l->x->scratch, cap * sizeof(*list));

		if (list == NULL)
			return run_no_room(l->x);
		if (l->n > 0)
			memcpy(list, l->list, l->n * sizeof(*list));
		l->list = list;
		l->cap = cap;
	}
	l->list[l->n++] = node;
	return true;
}

bool
is_above(const struct tree *t, uint32_t row, uint32_t of)
{
	for (of = t->rows[of].parent; of != 0; of = t->rows[of].parent)
		if (of == row)
			return true;
	return false;
}

bool
tree_is(const struct tree *t, uint32_t row, const char *s, size_t n)
{
	return t->rows[row].len == n && memcmp(tree_text(t, row), s, n) == 0;
}

/* --- node tests ------------------------------------------------------------------------------------ */

static bool
name_matches(const struct run *x, const struct tree *t, const struct row *r, const struct op *op)
{
	const struct name *n;

	if (r->name == op->a && op->b == 0)
		return true;
	if (r->name == 0)
		return false;
	n = &t->names->list[r->name];
	if (n->local != op->a)
		return false;
	/* forms: prefixes are ignored */
	if (x->form != NULL || op->b == 0)
		return true;
	return op->b == NO_NODE ? n->uri == 0 : n->uri == op->b;
}

static bool
passes(const struct run *x, const struct tree *t, uint32_t row, const struct op *op)
{
	const struct row *r = &t->rows[row];
	enum row_kind principal = op->axis == AXIS_ATTRIBUTE ? ROW_ATTRIBUTE : ROW_ELEMENT;

	if (r->kind == ROW_HEAD)
		return false;
	if (t->form != NULL && (r->flags & ROW_UNSEEN) != 0 && op->axis != AXIS_SELF && op->axis != AXIS_PARENT
	    && op->axis != AXIS_ANCESTOR && op->axis != AXIS_ANCESTOR_OR_SELF)
		return false;
	switch ((enum test)op->test) {
	case TEST_NAME: return r->kind == principal && name_matches(x, t, r, op);
	case TEST_ANY:
		return r->kind == principal && (op->b == 0 || x->form != NULL || t->names->list[r->name].uri == op->b);
	case TEST_NODE: return true;
	case TEST_TEXT: return r->kind == ROW_TEXT;
	case TEST_COMMENT: return r->kind == ROW_COMMENT;
	case TEST_PI: return r->kind == ROW_PI && (op->a == 0 || r->name == op->a);
	}
	return false;
}

/* --- axes -------------------------------------------------------------------------------------------- */

struct axis_walk { struct run *x; const struct tree *t; const struct op *op; struct nlist *to; };

static bool
visit(struct axis_walk *w, uint32_t row)
{
	if (!run_step(w->x, 1))
		return false;
	return !passes(w->x, w->t, row, w->op) || nlist_add(w->to, (struct nref){ w->t, row });
}

static bool
descend(struct axis_walk *w, uint32_t row, unsigned depth)
{
	for (uint32_t c = w->t->rows[row].first; c != 0; c = w->t->rows[c].next) {
		if (!visit(w, c))
			return false;
		if (w->t->rows[c].first != 0 && depth < 300 && !descend(w, c, depth + 1))
			return false;
	}
	return true;
}

static bool
descend_back(struct axis_walk *w, uint32_t row, unsigned depth)
{
	uint32_t kids[64], n = 0, c;

	/* last child first; long lists in pieces of 64 */
	for (uint32_t skip = 0, total = 0;; ) {
		if (total == 0)
			for (c = w->t->rows[row].first; c != 0; c = w->t->rows[c].next)
				total++;
		if (skip >= total)
			return true;
		n = 0;
		uint32_t from = total - skip > 64 ? total - skip - 64 : 0, at = 0;

		for (c = w->t->rows[row].first; c != 0 && at < total - skip; c = w->t->rows[c].next, at++)
			if (at >= from)
				kids[n++] = c;
		skip += n;
		while (n > 0) {
			c = kids[--n];
			if (depth < 300 && !descend_back(w, c, depth + 1))
				return false;
			if (!visit(w, c))
				return false;
		}
	}
}

static bool
attributes(struct axis_walk *w, uint32_t row)
{
	for (uint32_t a = row + 1; a <= w->t->n && w->t->rows[a].kind == ROW_ATTRIBUTE && w->t->rows[a].parent == row; a++)
		if (!visit(w, a))
			return false;
	return true;
}

static bool
siblings(struct axis_walk *w, uint32_t row, bool forward)
{
	uint32_t parent = w->t->rows[row].parent;
	struct nlist before = { .x = w->x };

	if (w->t->rows[row].kind == ROW_ATTRIBUTE || parent == 0)
		return true;
	if (forward) {
		for (uint32_t s = w->t->rows[row].next; s != 0; s = w->t->rows[s].next)
			if (!visit(w, s))
				return false;
		return true;
	}
	for (uint32_t s = w->t->rows[parent].first; s != 0 && s != row; s = w->t->rows[s].next)
		if (!nlist_add(&before, (struct nref){ w->t, s }))
			return false;
	while (before.n > 0)
		if (!visit(w, before.list[--before.n].row))
			return false;
	return true;
}

static bool
following(struct axis_walk *w, uint32_t row)
{
	if (w->t->rows[row].kind == ROW_ATTRIBUTE) {
		row = w->t->rows[row].parent;
		if (!descend(w, row, 0))
			return false;
	}
	for (; row != 0; row = w->t->rows[row].parent)
		for (uint32_t s = w->t->rows[row].next; s != 0; s = w->t->rows[s].next)
			if (!visit(w, s) || !descend(w, s, 0))
				return false;
	return true;
}

static bool
preceding(struct axis_walk *w, uint32_t row)
{
	if (w->t->rows[row].kind == ROW_ATTRIBUTE)
		row = w->t->rows[row].parent;
	for (; row != 0; row = w->t->rows[row].parent) {
		uint32_t parent = w->t->rows[row].parent;
		struct nlist before = { .x = w->x };

		if (parent == 0)
			break;
		for (uint32_t s = w->t->rows[parent].first; s != 0 && s != row; s = w->t->rows[s].next)
			if (!nlist_add(&before, (struct nref){ w->t, s }))
				return false;
		while (before.n > 0) {
			uint32_t s = before.list[--before.n].row;

			if (!descend_back(w, s, 0) || !visit(w, s))
				return false;
		}
	}
	return true;
}

static bool
walk_axis(struct axis_walk *w, uint32_t row)
{
	const struct tree *t = w->t;

	switch ((enum axis)w->op->axis) {
	case AXIS_CHILD:
		for (uint32_t c = t->rows[row].first; c != 0; c = t->rows[c].next)
			if (!visit(w, c))
				return false;
		return true;
	case AXIS_DESCENDANT: return descend(w, row, 0);
	case AXIS_DESCENDANT_OR_SELF: return visit(w, row) && descend(w, row, 0);
	case AXIS_PARENT: return t->rows[row].parent == 0 || visit(w, t->rows[row].parent);
	case AXIS_ANCESTOR:
	case AXIS_ANCESTOR_OR_SELF:
		for (row = w->op->axis == AXIS_ANCESTOR ? t->rows[row].parent : row; row != 0; row = t->rows[row].parent)
			if (!visit(w, row))
				return false;
		return true;
	case AXIS_FOLLOWING_SIBLING: return siblings(w, row, true);
	case AXIS_PRECEDING_SIBLING: return siblings(w, row, false);
	case AXIS_FOLLOWING: return following(w, row);
	case AXIS_PRECEDING: return preceding(w, row);
	case AXIS_ATTRIBUTE: return attributes(w, row);
	case AXIS_NAMESPACE: return true;
	case AXIS_SELF: return visit(w, row);
	}
	return true;
}

bool
step_run(struct run *x, uint32_t pc, const struct op *op, struct val *v)
{
	struct nlist all = { .x = x };
	bool back = op->axis == AXIS_ANCESTOR || op->axis == AXIS_ANCESTOR_OR_SELF || op->axis == AXIS_PRECEDING
	    || op->axis == AXIS_PRECEDING_SIBLING;

	if (v->kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "a path goes on after something that is no path");
	for (uint32_t i = 0; i < v->n; i++) {
		struct nlist one = { .x = x };
		struct axis_walk w = { .x = x, .t = v->u.set[i].tree, .op = op,
		    .to = op->n == 0 ? &all : &one };

		if (!walk_axis(&w, v->u.set[i].row))
			return false;
		if (op->n == 0)
			continue;
		if (!run_predicates(x, pc + 1, op->n, one.list, &one.n))
			return false;
		for (uint32_t k = 0; k < one.n; k++)
			if (!nlist_add(&all, one.list[k]))
				return false;
	}
	{
		bool plain = v->n <= 1 && !back;

		*v = (struct val){ .kind = VAL_SET, .n = all.n, .u.set = all.list };
		return plain || set_sort(x, v);
	}
}

/* --- document order ------------------------------------------------------------------------------------ */

/* The rows from the outermost block down to ROW: each level is a row within one block. */
static unsigned
levels(const struct tree *t, uint32_t row, uint32_t list[64])
{
	uint32_t rev[64];
	unsigned n = 0;

	while (n < 63) {
		uint32_t instance = block_of(t, t->form, row, t->form->nodes[t->rows[row].node].repeat);

		rev[n++] = row;
		if (instance <= 1)
			break;
		rev[n++] = instance;
		row = instance_head(t, t->form, instance);
		if (row == 0 || n > 60)
			break;
	}
	for (unsigned i = 0; i < n; i++)
		list[i] = rev[n - 1 - i];
	return n;
}

static int
form_order(const struct tree *t, uint32_t a, uint32_t b)
{
	uint32_t la[64], lb[64];
	unsigned na, nb;

	if (a == b)
		return 0;
	na = levels(t, a, la);
	nb = levels(t, b, lb);
	for (unsigned i = 0; i < na && i < nb; i++) {
		if (la[i] == lb[i])
			continue;
		if (i % 2 == 1) {
			/* two instances of one repeat */
			for (uint32_t s = instance_next(t, la[i]); s != 0; s = instance_next(t, s))
				if (s == lb[i])
					return -1;
			return 1;
		}
		return la[i] < lb[i] ? -1 : 1;
	}
	return na < nb ? -1 : 1;
}

int
nref_order(const struct nref *a, const struct nref *b)
{
	if (a->tree != b->tree)
		return a->tree < b->tree ? -1 : 1;
	if (a->tree->form != NULL)
		return form_order(a->tree, a->row, b->row);
	return a->row < b->row ? -1 : a->row > b->row;
}

static int
by_order(const void *a, const void *b)
{
	return nref_order(a, b);
}

bool
set_sort(struct run *x, struct val *v)
{
	struct nref *list;
	uint32_t kept = 0;
	bool sorted = true;

	for (uint32_t i = 1; i < v->n && sorted; i++)
		sorted = nref_order(&v->u.set[i - 1], &v->u.set[i]) < 0;
	if (sorted || v->n == 0)
		return run_step(x, v->n / 8);
	list = scratch_get(x->scratch, v->n * sizeof(*list));
	if (list == NULL || !run_step(x, v->n))
		return run_no_room(x);
	memcpy(list, v->u.set, v->n * sizeof(*list));
	qsort(list, v->n, sizeof(*list), by_order);
	for (uint32_t i = 0; i < v->n; i++)
		if (kept == 0 || list[kept - 1].row != list[i].row || list[kept - 1].tree != list[i].tree)
			list[kept++] = list[i];
	v->u.set = list;
	v->n = kept;
	v->shuffled = false;
	return true;
}
