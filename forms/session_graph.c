/* What is computed again after a change: a list of vertices in topological order, each with the
 * instances it is dirty in. forms.md 3.4. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "forms/state.h"

void
dirty_mark(struct session *s, uint32_t v, uint32_t base)
{
	struct dirty *d = &s->dirty[v];

	if (v < s->dirty_from)
		s->dirty_from = v;
	s->dirty_bits[v / 64] |= (uint64_t)1 << (v % 64);
	if (d->all)
		return;
	if (base <= 1) {
		d->all = true;
		return;
	}
	for (unsigned i = 0; i < d->n; i++)
		if (d->base[i] == base)
			return;
	if (d->n == DIRTY_BASES)
		d->all = true;
	else
		d->base[d->n++] = base;
}

void
dirty_all(struct session *s)
{
	for (uint32_t v = 0; v < s->f->n_vertices; v++)
		dirty_mark(s, v, 1);
}

void
fire(struct session *s, uint32_t row)
{
	const struct form *f = s->f;
	const struct form_node *n = &f->nodes[s->tree.rows[row].node];

	for (uint32_t i = 0; i < n->edges; i++) {
		const struct edge *e = &f->edges[n->edge + i];

		dirty_mark(s, e->vertex, e->scope == 0 ? 1 : block_of(&s->tree, f, row, e->scope));
	}
}

static void
fire_subtree(struct session *s, uint32_t node, uint32_t repeat, uint32_t parent)
{
	const struct form *f = s->f;
	const struct form_node *n = &f->nodes[node];

	for (uint32_t i = 0; i < n->edges; i++) {
		const struct edge *e = &f->edges[n->edge + i];

		/* a reader that stays within one instance does not care for the others, unless for its place */
		if (e->scope != 0 && form_within(f, repeat, e->scope) && !e->structure)
			continue;
		if (e->scope != 0 && form_within(f, repeat, e->scope))
			dirty_mark(s, e->vertex, f->nodes[f->nodes[repeat].parent].repeat == 0 ? 1
			    : block_of(&s->tree, f, parent, f->nodes[f->nodes[repeat].parent].repeat));
		else
			dirty_mark(s, e->vertex, e->scope == 0 ? 1 : block_of(&s->tree, f, parent, e->scope));
	}
	for (uint32_t k = n->first; k != 0; k = f->nodes[k].next)
		fire_subtree(s, k, repeat, parent);
}

void
fire_structure(struct session *s, uint32_t head)
{
	fire_subtree(s, s->tree.rows[head].node, s->tree.rows[head].node, s->tree.rows[head].parent);
}

static void
dirty_nodes(struct session *s, uint32_t node, uint32_t instance)
{
	const struct form_node *n = &s->f->nodes[node];

	if (n->v_relevant != 0)
		dirty_mark(s, n->v_relevant - 1, instance);
	if (n->v_calculate != 0)
		dirty_mark(s, n->v_calculate - 1, instance);
	if (n->v_choice != 0)
		dirty_mark(s, n->v_choice - 1, instance);
	for (uint32_t k = n->first; k != 0; k = s->f->nodes[k].next) {
		if (s->f->nodes[k].v_count != 0)
			dirty_mark(s, s->f->nodes[k].v_count - 1, instance);
		dirty_nodes(s, k, instance);
	}
}

void
dirty_instance(struct session *s, uint32_t instance)
{
	dirty_nodes(s, s->tree.rows[instance].node, instance);
}

/* --- computing ------------------------------------------------------------------------------------------- */

enum err_code
run_at(struct session *s, const struct program *p, uint32_t row, struct val *out, struct err *err)
{
	struct nref node = { &s->tree, row };
	enum err_code rc;
	struct buf path;

	s->run.main = &s->tree;
	s->run.language = s->env.language;
	rc = program_run(&s->run, p, node, out, err);
	if (rc != ERR_OK && rc != ERR_NOMEM) {
		buf_init(&path, 1024);
		form_path(s->f, s->tree.rows[row].node, &path);
		err_in(err, "%s", buf_str(&path));
		buf_free(&path);
	}
	return rc;
}

/* What a relevant, required, readonly, constraint says. A node stands for its value, not for its being
 * there (JavaRosa): relevant="/data/yes" follows the answer. */
bool
truth(struct session *s, const struct val *v)
{
	const char *t;
	uint32_t n;
	double d;

	if (v->kind != VAL_SET || v->n != 1 || v->u.set[0].tree != &s->tree
	    || s->tree.rows[v->u.set[0].row].first != 0)
		return val_bool(&s->run, v);
	t = tree_text(&s->tree, v->u.set[0].row);
	n = s->tree.rows[v->u.set[0].row].len;
	switch (s->f->nodes[s->tree.rows[v->u.set[0].row].node].type) {
	case TYPE_BOOLEAN: return (n == 4 && memcmp(t, "true", 4) == 0) || (n == 1 && *t == '1');
	case TYPE_INT:
	case TYPE_DECIMAL:
		d = text_number(s->run.zone, t, n);
		return !isnan(d) && d != 0;
	default: return n > 0;
	}
}

void
begin_answer(struct session *s)
{
	s->run.steps = 0;
	s->run.depth = 0;
	scratch_reset(&s->scratch);
}

/* Flags of everything below ROW follow from ROW's. */
void
refresh_hidden(struct session *s, uint32_t row)
{
	struct tree *t = &s->tree;
	bool hidden = (t->rows[row].flags & (ROW_OFF | ROW_HIDDEN | ROW_SURPLUS)) != 0;

	for (uint32_t k = t->rows[row].first; k != 0; k = t->rows[k].next) {
		if (t->rows[k].kind == ROW_HEAD || ((t->rows[k].flags & ROW_HIDDEN) != 0) == hidden)
			continue;
		t->rows[k].flags ^= ROW_HIDDEN;
		/* what is off itself is not seen either way */
		if ((t->rows[k].flags & (ROW_OFF | ROW_SURPLUS)) == 0) {
			fire(s, k);
			refresh_hidden(s, k);
		}
	}
}

struct each_row {
	struct session *s;
	const struct vertex *v;
	struct err *err;
	enum err_code rc;
	bool check;		/* compare instead of changing */
	bool differs;
	uint32_t at;
};

static bool
relevant_row(struct each_row *w, uint32_t row)
{
	struct session *s = w->s;
	struct row *r = &s->tree.rows[row];
	struct val v;
	bool off;

	w->rc = run_at(s, w->v->program, row, &v, w->err);
	if (w->rc != ERR_OK)
		return false;
	off = !truth(s, &v);
	r = &s->tree.rows[row];
	if (((r->flags & ROW_OFF) != 0) == off)
		return true;
	if (w->check) {
		w->differs = true;
		w->at = row;
		return false;
	}
	r->flags ^= ROW_OFF;
	if ((r->flags & (ROW_HIDDEN | ROW_SURPLUS)) == 0) {
		fire(s, row);
		refresh_hidden(s, row);
	}
	return true;
}

static bool
calculate_row(struct each_row *w, uint32_t row)
{
	struct session *s = w->s;
	struct val v, text;
	bool changed;

	if (w->check && (s->tree.rows[row].flags & ROW_USER) != 0)
		return true;
	w->rc = run_at(s, w->v->program, row, &v, w->err);
	if (w->rc != ERR_OK)
		return false;
	s->run.err = w->err;
	if (!value_for_node(s, w->v->node, &v, &text)) {
		w->rc = s->run.rc != ERR_OK ? s->run.rc : err_nomem(w->err);
		return false;
	}
	if (w->check) {
		if (text.n != s->tree.rows[row].len || memcmp(text.u.s, tree_text(&s->tree, row), text.n) != 0) {
			w->differs = true;
			w->at = row;
			return false;
		}
		return true;
	}
	s->tree.rows[row].flags &= (uint16_t)~ROW_USER;
	w->rc = store(s, row, &text, &changed, w->err);
	if (w->rc == ERR_OK && changed && row_seen(s, row))
		fire(s, row);
	return w->rc == ERR_OK;
}

static bool
count_head(struct each_row *w, uint32_t head)
{
	struct session *s = w->s;
	struct val v;
	double n;
	uint32_t count, have = 0;

	w->rc = run_at(s, w->v->program, s->tree.rows[head].parent, &v, w->err);
	if (w->rc != ERR_OK)
		return false;
	n = trunc(val_number(&s->run, &v));
	/* no number: nothing changes yet (Web Forms) */
	if (isnan(n))
		return true;
	if (n < 0)
		n = 0;
	if (n > (double)s->f->limits.repeat_instances) {
		w->rc = err_set(w->err, ERR_LIMIT, "%.0f instances of a repeat: at most %zu (limit repeat_instances)", n,
		    s->f->limits.repeat_instances);
		return false;
	}
	count = (uint32_t)n;
	if (!w->check) {
		w->rc = set_count(s, head, count, w->err);
		return w->rc == ERR_OK;
	}
	for (uint32_t i = head_first(&s->tree, head); i != 0; i = instance_next(&s->tree, i))
		have += (s->tree.rows[i].flags & ROW_SURPLUS) == 0;
	if (have != count) {
		w->differs = true;
		w->at = head;
	}
	return have == count;
}

static bool
one_row(void *arg, uint32_t row)
{
	struct each_row *w = arg;

	switch ((enum vertex_kind)w->v->kind) {
	case VERTEX_RELEVANT: return relevant_row(w, row);
	case VERTEX_CALCULATE: return calculate_row(w, row);
	case VERTEX_COUNT: return count_head(w, row);
	case VERTEX_CHOICE:
		w->rc = w->check ? ERR_OK : check_offer(w->s, row, w->err);
		return w->rc == ERR_OK;
	}
	return true;
}

struct heads { struct each_row *w; const struct form *f; uint32_t node; };

static bool
one_head(void *arg, uint32_t parent_row)
{
	struct heads *h = arg;
	const struct form *f = h->f;
	uint32_t base = block_of(&h->w->s->tree, f, parent_row, f->nodes[f->nodes[h->node].parent].repeat);

	return count_head(h->w, base + f->nodes[h->node].head);
}

static enum err_code
compute(struct each_row *w, uint32_t base)
{
	struct session *s = w->s;
	const struct form *f = s->f;
	uint32_t repeat = base <= 1 ? 0 : s->tree.rows[base].node;

	if (w->v->kind == VERTEX_COUNT) {
		struct heads h = { w, f, w->v->node };

		block_each(&s->tree, f, base, repeat, f->nodes[w->v->node].parent, one_head, &h);
	} else {
		block_each(&s->tree, f, base, repeat, w->v->node, one_row, w);
	}
	return w->rc;
}

static bool
next_dirty(struct session *s, uint32_t *out)
{
	uint32_t words = (s->f->n_vertices + 63) / 64;

	for (uint32_t w = s->dirty_from / 64; w < words; w++)
		if (s->dirty_bits[w] != 0) {
			*out = w * 64 + (uint32_t)__builtin_ctzll(s->dirty_bits[w]);
			return true;
		}
	return false;
}

enum err_code
settle(struct session *s, struct err *err)
{
	uint32_t v;
	enum err_code rc = ERR_OK;

	for (;;) {
		while (rc == ERR_OK && next_dirty(s, &v)) {
			struct dirty d = s->dirty[v];
			struct each_row w = { .s = s, .v = &s->f->vertices[v], .err = err };

			memset(&s->dirty[v], 0, sizeof(s->dirty[v]));
			s->dirty_bits[v / 64] &= ~((uint64_t)1 << (v % 64));
			s->dirty_from = v;
			if (d.all)
				rc = compute(&w, 1);
			for (unsigned i = 0; !d.all && i < d.n && rc == ERR_OK; i++)
				if ((s->tree.rows[d.base[i]].flags & ROW_GONE) == 0)
					rc = compute(&w, d.base[i]);
			/* texts of this vertex are stored: the scratch can go */
			if (rc == ERR_OK && s->scratch.used > 65536)
				scratch_reset(&s->scratch);
		}
		s->dirty_from = 0;
		if (rc != ERR_OK || s->n_fresh == 0)
			return rc;
		rc = run_fresh(s, err);
	}
}

/* The state must be what computing from scratch would give: every equation holds, in topological order. */
enum err_code
session_check(struct session *s, struct err *err)
{
	for (uint32_t v = 0; v < s->f->n_vertices; v++) {
		struct each_row w = { .s = s, .v = &s->f->vertices[v], .err = err, .check = true };
		enum err_code rc;

		if (w.v->program->is_volatile || w.v->program->keeps_own || w.v->kind == VERTEX_CHOICE)
			continue;
		begin_answer(s);
		rc = compute(&w, 1);
		if (rc != ERR_OK)
			return rc;
		if (w.differs) {
			struct buf path;

			buf_init(&path, 1024);
			form_path(s->f, s->tree.rows[w.at].node, &path);
			err_set(err, ERR_BROKEN, "%s: computed anew it is different (%s)", buf_str(&path),
			    w.v->kind == VERTEX_RELEVANT ? "relevant" : w.v->kind == VERTEX_COUNT ? "jr:count" : "calculate");
			buf_free(&path);
			return ERR_BROKEN;
		}
	}
	/* what is hidden follows from what is off */
	for (uint32_t i = 2; i <= s->tree.n; i++) {
		const struct row *r = &s->tree.rows[i], *p = &s->tree.rows[r->parent];

		if (r->kind != ROW_ELEMENT || (r->flags & ROW_GONE) != 0)
			continue;
		if (((r->flags & ROW_HIDDEN) != 0) != ((p->flags & (ROW_OFF | ROW_HIDDEN | ROW_SURPLUS)) != 0))
			return err_set(err, ERR_BROKEN, "a node is hidden wrongly");
	}
	return ERR_OK;
}
