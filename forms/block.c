/* Form trees: blocks of fixed layout. See tree.h and model.h. */
#include <string.h>

#include "forms/model.h"

static void
put(struct tree *t, const struct form *f, uint32_t row, uint32_t node, uint32_t parent, enum row_kind kind)
{
	struct row *r = &t->rows[row];

	r->node = node;
	r->name = kind == ROW_HEAD ? 0 : f->nodes[node].name;
	r->parent = parent;
	r->kind = (uint8_t)kind;
}

static enum err_code
fill(struct tree *t, const struct form *f, uint32_t base, uint32_t node, bool presets, struct err *err)
{
	uint32_t me = block_row(f, base, node), last = 0;
	enum err_code rc = ERR_OK;

	if (presets && f->nodes[node].preset_len > 0)
		rc = tree_set(t, me, f->nodes[node].preset, f->nodes[node].preset_len, err);
	for (uint32_t k = f->nodes[node].first; k != 0 && rc == ERR_OK; k = f->nodes[k].next) {
		bool repeat = form_is_repeat(f, k), attribute = (f->nodes[k].flags & NODE_ATTRIBUTE) != 0;
		uint32_t row = repeat ? base + f->nodes[k].head : block_row(f, base, k);

		put(t, f, row, k, me, repeat ? ROW_HEAD : attribute ? ROW_ATTRIBUTE : ROW_ELEMENT);
		if (!attribute) {
			if (last == 0)
				t->rows[me].first = row;
			else
				t->rows[last].next = row;
			last = row;
		}
		if (!repeat)
			rc = fill(t, f, base, k, presets, err);
	}
	return rc;
}

uint32_t
block_add(struct tree *t, const struct form *f, uint32_t head, bool presets, struct err *err)
{
	uint32_t node = head == 0 ? 0 : t->rows[head].node;
	uint32_t base, last;

	if (head != 0 && t->rows[head].name >= f->limits.repeat_instances) {
		err_set(err, ERR_LIMIT, "more than %zu instances of a repeat (limit repeat_instances)",
		    f->limits.repeat_instances);
		return 0;
	}
	base = tree_rows(t, f->nodes[node].block, err);
	if (base == 0)
		return 0;
	put(t, f, base, node, head == 0 ? 0 : t->rows[head].parent, head == 0 ? ROW_DOCUMENT : ROW_ELEMENT);
	if (fill(t, f, base, node, presets, err) != ERR_OK) {
		t->n = base - 1;
		return 0;
	}
	if (head == 0)
		return base;
	last = t->rows[head].value == 0 ? head : t->rows[head].len;
	t->rows[base].next = t->rows[last].next;
	t->rows[last].next = base;
	if (t->rows[head].value == 0)
		t->rows[head].value = base;
	t->rows[head].len = base;
	t->rows[head].name++;
	return base;
}

static void
drop(struct tree *t, uint32_t row)
{
	struct row *r = &t->rows[row];

	if (r->kind != ROW_HEAD) {
		if (r->len > 0 && t->secret)
			wipe(t->text.data + r->value, r->len);
		t->dead += r->len;
		r->len = 0;
	}
	r->flags |= ROW_GONE;
	for (uint32_t a = row + 1; a <= t->n && t->rows[a].kind == ROW_ATTRIBUTE && t->rows[a].parent == row; a++)
		drop(t, a);
	for (uint32_t k = r->first; k != 0; k = t->rows[k].next)
		drop(t, k);
}

void
block_remove(struct tree *t, const struct form *f, uint32_t instance)
{
	uint32_t head = instance_head(t, f, instance), before = head;

	while (t->rows[before].next != instance)
		before = t->rows[before].next;
	if (t->rows[head].value == instance)
		t->rows[head].value = instance_next(t, instance);
	if (t->rows[head].len == instance)
		t->rows[head].len = before == head ? 0 : before;
	t->rows[before].next = t->rows[instance].next;
	t->rows[head].name--;
	t->rows[instance].next = 0;
	drop(t, instance);
}

uint32_t
block_of(const struct tree *t, const struct form *f, uint32_t row, uint32_t repeat)
{
	if (repeat == 0)
		return 1;
	if (t->rows[row].kind == ROW_HEAD)
		row = t->rows[row].parent;
	while (row != 0) {
		const struct form_node *n = &f->nodes[t->rows[row].node];
		uint32_t instance = row - n->off;

		if (n->repeat == repeat)
			return instance;
		if (n->repeat == 0)
			return 0;
		row = t->rows[instance].parent;
	}
	return 0;
}

uint32_t
head_first(const struct tree *t, uint32_t head)
{
	return t->rows[head].value;
}

uint32_t
instance_next(const struct tree *t, uint32_t instance)
{
	uint32_t next = t->rows[instance].next;

	return next != 0 && t->rows[next].kind == ROW_ELEMENT && t->rows[next].node == t->rows[instance].node ? next : 0;
}

uint32_t
instance_head(const struct tree *t, const struct form *f, uint32_t instance)
{
	uint32_t node = t->rows[instance].node, parent = t->rows[instance].parent;

	return block_of(t, f, parent, f->nodes[f->nodes[node].parent].repeat) + f->nodes[node].head;
}

uint32_t
instance_position(const struct tree *t, const struct form *f, uint32_t instance)
{
	uint32_t n = 1;

	for (uint32_t i = head_first(t, instance_head(t, f, instance)); i != 0 && i != instance; i = instance_next(t, i))
		n++;
	return n;
}

static bool
each(const struct tree *t, const struct form *f, uint32_t base, const uint32_t *chain, unsigned depth,
	uint32_t node, block_fn *fn, void *arg)
{
	uint32_t repeat, head;

	if (depth == 0)
		return fn(arg, block_row(f, base, node));
	repeat = chain[depth - 1];
	head = base + f->nodes[repeat].head;
	for (uint32_t i = head_first(t, head); i != 0; i = instance_next(t, i))
		if (!each(t, f, i, chain, depth - 1, node, fn, arg))
			return false;
	return true;
}

bool
block_each(const struct tree *t, const struct form *f, uint32_t base, uint32_t repeat, uint32_t node,
	block_fn *fn, void *arg)
{
	uint32_t chain[64];
	unsigned depth = 0;

	for (uint32_t r = f->nodes[node].repeat; r != repeat && r != 0 && depth < ARRAY_LEN(chain);
	    r = f->nodes[f->nodes[r].parent].repeat)
		chain[depth++] = r;
	return each(t, f, base, chain, depth, node, fn, arg);
}
