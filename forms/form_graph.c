/* The dependency graph: vertices in topological order (or a cycle, which is refused), and from every
 * node the edges to what reads it. forms.md 3.4. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"

enum { ARCS_MAX = 4 << 20 };

struct arc { uint32_t from, to; bool weak; };
struct arcs { struct arc *list; size_t n, cap; };

static bool
arc(struct loader *l, struct arcs *a, uint32_t from, uint32_t to, bool weak)
{
	if (from == 0)
		return true;
	if (a->n == ARCS_MAX) {
		if (l->rc == ERR_OK)
			l->rc = err_set(l->err, ERR_LIMIT, "more than %d dependencies between questions (limit reach)", ARCS_MAX);
		return false;
	}
	if (a->n == a->cap) {
		size_t cap = a->cap == 0 ? 256 : a->cap * 2;
		struct arc *list = realloc(a->list, cap * sizeof(*list));

		if (list == NULL)
			return load_nomem(l);
		a->list = list;
		a->cap = cap;
	}
	a->list[a->n++] = (struct arc){ from - 1, to, weak };
	return true;
}

/* Offers of selects that can change: a value no longer offered is cleared. */
static bool
add_choices(struct loader *l)
{
	struct form *f = l->f;

	for (uint32_t i = 0; i < f->n_bodies; i++) {
		struct pending p = { .v = { .node = f->bodies[i].node, .kind = VERTEX_CHOICE } };

		if (f->bodies[i].kind != BODY_CONTROL || !f->bodies[i].filtered || f->bodies[i].itemset == NULL
		    || f->nodes[f->bodies[i].node].control != i + 1)
			continue;
		p.v.program = f->bodies[i].itemset;
		if (!load_offer_reads(l, &f->bodies[i], &l->body_reads[i]))
			return false;
		p.reads = l->body_reads[i];
		/* the offer may read its own question: that is no reason to look again */
		if (l->n_pending == l->cap_pending) {
			size_t cap = l->cap_pending == 0 ? 64 : l->cap_pending * 2;
			struct pending *list = realloc(l->pending, cap * sizeof(*list));

			if (list == NULL)
				return load_nomem(l);
			l->pending = list;
			l->cap_pending = cap;
		}
		l->pending[l->n_pending++] = p;
		memset(&l->body_reads[i], 0, sizeof(l->body_reads[i]));
	}
	return true;
}

static uint32_t *
slot(struct form_node *n, enum vertex_kind kind)
{
	switch (kind) {
	case VERTEX_RELEVANT: return &n->v_relevant;
	case VERTEX_CALCULATE: return &n->v_calculate;
	case VERTEX_COUNT: return &n->v_count;
	case VERTEX_CHOICE: return &n->v_choice;
	}
	return &n->v_relevant;
}

/* Does vertex V reach another instance by this read? Then it is no cycle (forms.md 3.4). */
static bool
is_weak(const struct form *f, const struct read *r, uint32_t node)
{
	uint32_t shared = f->nodes[r->node].repeat;

	if (!r->elsewhere)
		return false;
	while (shared != 0 && !form_within(f, shared, node))
		shared = f->nodes[f->nodes[shared].parent].repeat;
	return shared != 0 && shared != r->scope;
}

static bool
arcs_of(struct loader *l, struct arcs *a, uint32_t v)
{
	const struct form *f = l->f;
	const struct pending *p = &l->pending[v];
	uint32_t node = p->v.node;

	for (size_t i = 0; i < p->reads.n; i++) {
		const struct read *r = &p->reads.list[i];
		bool weak = is_weak(f, r, node);

		if (!arc(l, a, f->nodes[r->node].v_calculate, v, weak))
			return false;
		for (uint32_t x = r->node; x != 0; x = f->nodes[x].parent)
			/* "one more while the last says yes" goes round through jr:count, and comes to rest */
			if (!arc(l, a, f->nodes[x].v_relevant, v, weak) || !arc(l, a, f->nodes[x].v_count, v, true))
				return false;
	}
	for (size_t i = 0; i < p->indirect.n; i++) {
		uint32_t at = p->indirect.list[i].node;

		if (!arc(l, a, f->nodes[at].v_calculate, v, true))
			return false;
		for (uint32_t x = at; x != 0; x = f->nodes[x].parent)
			if (!arc(l, a, f->nodes[x].v_relevant, v, true))
				return false;
	}
	if (p->v.kind == VERTEX_COUNT)
		return true;
	/* instances are made before what is in them is computed */
	for (uint32_t x = node; x != 0; x = f->nodes[x].parent)
		if (!arc(l, a, f->nodes[x].v_count, v, true))
			return false;
	return true;
}

static void
cycle(struct loader *l, const uint32_t *degree, const bool *done)
{
	struct form *f = l->f;
	struct buf b;
	unsigned named = 0;

	buf_init(&b, 400);
	for (size_t v = 0; v < l->n_pending; v++) {
		if (done[v] || degree[v] == 0)
			continue;
		if (named++ < 4) {
			if (named > 1)
				buf_puts(&b, ", ");
			form_path(f, l->pending[v].v.node, &b);
		}
	}
	load_error(l, NULL, "these depend on each other, or on themselves: %s%s. Break the circle", buf_str(&b),
	    named > 4 ? ".." : "");
	buf_free(&b);
}

/* Vertices that wait for nothing, the smallest first. */
struct ready { uint32_t *list; size_t n; };

static void
ready_put(struct ready *r, uint32_t v)
{
	size_t i = r->n++;

	for (; i > 0 && r->list[(i - 1) / 2] > v; i = (i - 1) / 2)
		r->list[i] = r->list[(i - 1) / 2];
	r->list[i] = v;
}

static uint32_t
ready_take(struct ready *r)
{
	uint32_t first = r->list[0], last = r->list[--r->n];
	size_t i = 0, k;

	while ((k = 2 * i + 1) < r->n) {
		if (k + 1 < r->n && r->list[k + 1] < r->list[k])
			k++;
		if (r->list[k] >= last)
			break;
		r->list[i] = r->list[k];
		i = k;
	}
	r->list[i] = last;
	return first;
}

/* Kahn's algorithm; where only arcs to other instances stand in the way, they are left out. */
static bool
sort(struct loader *l, const struct arcs *a, uint32_t *order)
{
	size_t n = l->n_pending, placed = 0;
	uint32_t *degree = calloc(n + 1, sizeof(*degree)), *first = calloc(n + 2, sizeof(*first));
	uint32_t *to = calloc(a->n + 1, sizeof(*to));
	struct ready ready = { calloc(n + 1, sizeof(*ready.list)), 0 };
	bool *done = calloc(n + 1, sizeof(*done)), *weak = calloc(a->n + 1, sizeof(*weak)), dropped = false;
	bool ok = degree != NULL && first != NULL && to != NULL && done != NULL && weak != NULL && ready.list != NULL;

	if (!ok)
		load_nomem(l);
	for (size_t i = 0; ok && i < a->n; i++) {
		degree[a->list[i].to]++;
		first[a->list[i].from + 1]++;
	}
	for (size_t i = 0; ok && i < n; i++)
		first[i + 1] += first[i];
	for (size_t i = a->n; ok && i-- > 0; ) {
		uint32_t at = --first[a->list[i].from + 1];

		to[at] = a->list[i].to;
		weak[at] = a->list[i].weak;
	}
	for (size_t v = 0; ok && v < n; v++)
		if (degree[v] == 0)
			ready_put(&ready, (uint32_t)v);
	/* first[v + 1] is now where v's arcs begin; they end where v + 1's begin */
	while (ok && placed < n) {
		while (ready.n > 0) {
			uint32_t v = ready_take(&ready);

			done[v] = true;
			order[placed++] = v;
			for (uint32_t k = first[v + 1]; k < (v + 2 <= n ? first[v + 2] : a->n) && k < a->n; k++)
				if (!(dropped && weak[k]) && degree[to[k]] > 0 && --degree[to[k]] == 0)
					ready_put(&ready, to[k]);
		}
		if (placed == n)
			break;
		if (dropped) {
			cycle(l, degree, done);
			ok = false;
			break;
		}
		dropped = true;
		for (size_t i = 0; i < a->n; i++)
			if (a->list[i].weak && !done[a->list[i].from] && degree[a->list[i].to] > 0
			    && --degree[a->list[i].to] == 0 && !done[a->list[i].to])
				ready_put(&ready, a->list[i].to);
	}
	free(degree);
	free(first);
	free(to);
	free(done);
	free(weak);
	free(ready.list);
	return ok;
}

/* --- edges that sessions follow ------------------------------------------------------------------------ */

/* Calls FN for each (node read, scope, structure) of pending vertex V. */
struct edge_walk { struct loader *l; uint32_t vertex; bool fill; };

static void
edge(struct edge_walk *w, uint32_t node, uint32_t scope, bool structure)
{
	struct form *f = w->l->f;
	struct form_node *n = &f->nodes[node];

	if (w->fill)
		f->edges[n->edge + n->edges] = (struct edge){ w->vertex, scope, structure };
	n->edges++;
}

static void
edges_of(struct edge_walk *w, const struct pending *p)
{
	for (size_t i = 0; i < p->reads.n; i++) {
		const struct read *r = &p->reads.list[i];

		edge(w, r->node, r->scope, r->structure);
	}
	for (size_t i = 0; i < p->indirect.n; i++)
		edge(w, p->indirect.list[i].node, 0, p->indirect.list[i].structure);
}

static bool
make_edges(struct loader *l, const uint32_t *order)
{
	struct form *f = l->f;
	uint32_t total = 0;

	for (int fill = 0; fill < 2; fill++) {
		for (uint32_t i = 0; i < f->n_vertices; i++) {
			struct edge_walk w = { .l = l, .vertex = i, .fill = fill == 1 };

			edges_of(&w, &l->pending[order[i]]);
		}
		if (fill == 1)
			break;
		for (uint32_t i = 0; i < f->n_nodes; i++) {
			f->nodes[i].edge = total;
			total += f->nodes[i].edges;
			f->nodes[i].edges = 0;
		}
		f->n_edges = total;
		f->edges = calloc(total + 1, sizeof(*f->edges));
		if (f->edges == NULL)
			return load_nomem(l);
	}
	return true;
}

bool
load_graph(struct loader *l)
{
	struct form *f = l->f;
	struct arcs arcs = { 0 };
	uint32_t *order;
	bool ok;

	if (!add_choices(l))
		return false;
	for (size_t v = 0; v < l->n_pending; v++)
		*slot(&f->nodes[l->pending[v].v.node], (enum vertex_kind)l->pending[v].v.kind) = (uint32_t)v + 1;
	if (!load_indirect(l))
		return false;
	order = calloc(l->n_pending + 1, sizeof(*order));
	f->vertices = calloc(l->n_pending + 1, sizeof(*f->vertices));
	ok = order != NULL && f->vertices != NULL;
	if (!ok)
		load_nomem(l);
	/* offers come last: nothing waits for them */
	for (size_t v = 0; ok && v < l->n_pending; v++)
		if (l->pending[v].v.kind != VERTEX_CHOICE)
			ok = arcs_of(l, &arcs, (uint32_t)v);
	ok = ok && sort(l, &arcs, order);
	if (ok) {
		uint32_t n = 0;
		uint32_t *sorted = calloc(l->n_pending + 1, sizeof(*sorted));

		if (sorted == NULL)
			ok = load_nomem(l);
		for (int choice = 0; ok && choice < 2; choice++)
			for (size_t i = 0; i < l->n_pending; i++)
				if ((l->pending[order[i]].v.kind == VERTEX_CHOICE) == (choice == 1))
					sorted[n++] = order[i];
		f->n_vertices = n;
		for (uint32_t i = 0; ok && i < n; i++) {
			f->vertices[i] = l->pending[sorted[i]].v;
			*slot(&f->nodes[f->vertices[i].node], (enum vertex_kind)f->vertices[i].kind) = i + 1;
		}
		ok = ok && make_edges(l, sorted);
		free(sorted);
	}
	free(order);
	free(arcs.list);
	return ok;
}
