/* Functions on nodes and sets of nodes, and the table of all functions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forms/model.h"
#include "forms/run_step.h"
#include "forms/near.h"

static bool
fn_position(struct run *x, struct val *a, unsigned n, struct val *out)
{
	const struct tree *t;
	uint32_t row, k = 1;

	if (n == 0) {
		/* outside predicates: the place of the node itself among its repeat's instances (JavaRosa) */
		t = x->node.tree;
		k = x->position;
		if (x->op->b != 0 && t->form != NULL && form_is_repeat(t->form, t->rows[x->node.row].node))
			k = instance_position(t, t->form, x->node.row);
		put_number(out, k);
		return true;
	}
	if (a[0].kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "position() takes a path");
	if (a[0].n == 0) {
		put_number(out, NAN);
		return true;
	}
	t = a[0].u.set[0].tree;
	row = a[0].u.set[0].row;
	if (t->form != NULL && form_is_repeat(t->form, t->rows[row].node)) {
		k = instance_position(t, t->form, row);
	} else if (t->rows[row].parent != 0) {
		for (uint32_t s = t->rows[t->rows[row].parent].first; s != 0 && s != row; s = t->rows[s].next)
			k += t->rows[s].kind == t->rows[row].kind && t->rows[s].name == t->rows[row].name;
	}
	put_number(out, k);
	return run_step(x, k);
}

static bool
fn_last(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)a;
	(void)n;
	put_number(out, x->size);
	return true;
}

static bool
fn_count(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)n;
	if (a[0].kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "count() takes a path");
	put_number(out, a[0].n);
	return true;
}

static bool
has_element(struct nref node)
{
	const struct tree *t = node.tree;

	if (t->form != NULL)
		return false;
	for (uint32_t c = t->rows[node.row].first; c != 0; c = t->rows[c].next)
		if (t->rows[c].kind == ROW_ELEMENT)
			return true;
	return false;
}

static bool
fn_count_non_empty(struct run *x, struct val *a, unsigned n, struct val *out)
{
	uint32_t k = 0;
	struct val s;

	(void)n;
	if (a[0].kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "count-non-empty() takes a path");
	for (uint32_t i = 0; i < a[0].n; i++) {
		if (!run_step(x, 1) || !node_string(x, a[0].u.set[i], &s))
			return false;
		/* what has elements in it is not empty (JavaRosa) */
		k += s.n > 0 || has_element(a[0].u.set[i]);
	}
	put_number(out, k);
	return true;
}

/* The number of a node; an empty form node is left out of min and max, and adds 0 (forms.md 3.5, 10). */
static bool
node_number(struct run *x, struct nref node, double *v, bool *empty)
{
	struct val s;

	if (!run_step(x, 1) || !node_string(x, node, &s))
		return false;
	*empty = s.n == 0 && node.tree->form != NULL;
	*v = *empty ? 0 : text_number(x->zone, s.u.s, s.n);
	return true;
}

static bool
fn_sum(struct run *x, struct val *a, unsigned n, struct val *out)
{
	double sum = 0, v;
	bool empty;

	(void)n;
	if (a[0].kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "sum() takes a path");
	for (uint32_t i = 0; i < a[0].n; i++) {
		if (!node_number(x, a[0].u.set[i], &v, &empty))
			return false;
		sum += v;
	}
	put_number(out, sum);
	return true;
}

static bool
extreme(struct run *x, struct val *a, unsigned n, struct val *out, bool max)
{
	double best = NAN, v;
	bool any = false, empty;

	for (unsigned i = 0; i < n; i++) {
		uint32_t nodes = a[i].kind == VAL_SET ? a[i].n : 1;

		for (uint32_t k = 0; k < nodes; k++) {
			if (a[i].kind != VAL_SET) {
				v = val_number(x, &a[i]);
			} else {
				if (!node_number(x, a[i].u.set[k], &v, &empty))
					return false;
				if (empty)
					continue;
			}
			if (isnan(v)) {
				put_number(out, NAN);
				return true;
			}
			if (!any || (max ? v > best : v < best))
				best = v;
			any = true;
		}
	}
	put_number(out, best);
	return true;
}

static bool
fn_min(struct run *x, struct val *a, unsigned n, struct val *out)
{
	return extreme(x, a, n, out, false);
}

static bool
fn_max(struct run *x, struct val *a, unsigned n, struct val *out)
{
	return extreme(x, a, n, out, true);
}

/* --- checklists: a node counts if it has text (Enketo, Web Forms) -------------------------------------- */

static bool
within(double min, double max, double sum)
{
	return (min == -1 || sum >= min) && (max == -1 || sum <= max);
}

static bool
fn_checklist(struct run *x, struct val *a, unsigned n, struct val *out)
{
	double sum = 0;
	struct val s;

	for (unsigned i = 2; i < n; i++) {
		if (a[i].kind != VAL_SET) {
			sum += val_bool(x, &a[i]);
			continue;
		}
		for (uint32_t k = 0; k < a[i].n; k++) {
			if (!run_step(x, 1) || !node_string(x, a[i].u.set[k], &s))
				return false;
			sum += val_bool(x, &s);
		}
	}
	put_bool(out, within(val_number(x, &a[0]), val_number(x, &a[1]), sum));
	return true;
}

static bool
fn_weighted(struct run *x, struct val *a, unsigned n, struct val *out)
{
	double sum = 0;
	struct val v, w;

	if (n % 2 != 0)
		return run_fail(x, ERR_INPUT, "weighted-checklist(): a weight for each value");
	for (unsigned i = 2; i + 1 < n; i += 2) {
		uint32_t nv = a[i].kind == VAL_SET ? a[i].n : 1, nw = a[i + 1].kind == VAL_SET ? a[i + 1].n : 1;

		for (uint32_t k = 0; k < nv && k < nw; k++) {
			v = a[i];
			w = a[i + 1];
			if (!run_step(x, 1) || (v.kind == VAL_SET && !node_string(x, a[i].u.set[k], &v))
			    || (w.kind == VAL_SET && !node_string(x, a[i + 1].u.set[k], &w)))
				return false;
			if (val_bool(x, &v))
				sum += val_number(x, &w);
		}
	}
	put_bool(out, within(val_number(x, &a[0]), val_number(x, &a[1]), sum));
	return true;
}

/* --- order by chance -------------------------------------------------------------------------------- */

/* Inside-out Fisher-Yates with the Park-Miller generator (forms.md 3.5, 24). */
static bool
fn_randomize(struct run *x, struct val *a, unsigned n, struct val *out)
{
	int64_t seed;
	struct nref *list;
	double v;

	if (a[0].kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "randomize() takes a path");
	if (n > 1) {
		v = val_number(x, &a[1]);
		if (isnan(v))
			v = 0;
		v = trunc(v);
		seed = (int64_t)fmod(v, 2147483647.0);
	} else {
		seed = (int64_t)(run_chance(x) % 2147483646) + 1;
	}
	if (seed <= 0)
		seed += 2147483646;
	list = scratch_get(x->scratch, (a[0].n + 1) * sizeof(*list));
	if (list == NULL || !run_step(x, a[0].n))
		return run_no_room(x);
	for (uint32_t i = 0; i < a[0].n; i++) {
		uint32_t k;

		seed = seed * 16807 % 2147483647;
		k = (uint32_t)((double)(seed - 1) / 2147483646.0 * (i + 1));
		if (k != i)
			list[i] = list[k];
		list[k] = a[0].u.set[i];
	}
	*out = (struct val){ .kind = VAL_SET, .shuffled = true, .n = a[0].n, .u.set = list };
	return true;
}

/* --- names, languages, ids ----------------------------------------------------------------------------- */

static bool
one_node(struct run *x, struct val *a, unsigned n, struct nref *node)
{
	if (n == 0) {
		*node = x->node;
		return true;
	}
	if (a[0].kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "this function takes a path");
	node->row = 0;
	if (a[0].n > 0)
		*node = a[0].u.set[0];
	return true;
}

static bool
name_of(struct run *x, struct val *a, unsigned n, struct val *out, int part)
{
	struct nref node = { 0 };
	const struct name *m;
	const char *s = "";

	if (!one_node(x, a, n, &node))
		return false;
	if (node.row != 0 && node.tree->rows[node.row].kind != ROW_HEAD && node.tree->rows[node.row].name != 0) {
		m = &node.tree->names->list[node.tree->rows[node.row].name];
		s = part == 0 ? m->text : part == 1 ? m->colon : m->ns;
	}
	*out = (struct val){ .kind = VAL_STRING, .n = (uint32_t)strlen(s), .u.s = s };
	return true;
}

static bool
fn_name(struct run *x, struct val *a, unsigned n, struct val *out)
{
	return name_of(x, a, n, out, 0);
}

static bool
fn_local_name(struct run *x, struct val *a, unsigned n, struct val *out)
{
	return name_of(x, a, n, out, 1);
}

static bool
fn_namespace_uri(struct run *x, struct val *a, unsigned n, struct val *out)
{
	return name_of(x, a, n, out, 2);
}

/* XPath 1.0, 4.3: the nearest xml:lang, or a language it is a variant of. */
static bool
fn_lang(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val want;
	const struct tree *t = x->node.tree;

	(void)n;
	put_bool(out, false);
	if (!val_string(x, &a[0], &want))
		return false;
	for (uint32_t row = x->node.row; row != 0; row = t->rows[row].parent)
		for (uint32_t k = row + 1; k <= t->n && t->rows[k].kind == ROW_ATTRIBUTE && t->rows[k].parent == row; k++) {
			const char *v = tree_text(t, k);

			if (strcmp(t->names->list[t->rows[k].name].text, "xml:lang") != 0)
				continue;
			put_bool(out, t->rows[k].len >= want.n && strncasecmp(v, want.u.s, want.n) == 0
			    && (t->rows[k].len == want.n || v[want.n] == '-'));
			return true;
		}
	return true;
}

static bool
has_id(const struct tree *t, uint32_t row, const char *id, size_t len)
{
	for (uint32_t k = row + 1; k <= t->n && t->rows[k].kind == ROW_ATTRIBUTE && t->rows[k].parent == row; k++)
		if ((strcmp(t->names->list[t->rows[k].name].text, "id") == 0
		    || strcmp(t->names->list[t->rows[k].name].text, "xml:id") == 0) && tree_is(t, k, id, len))
			return true;
	return false;
}

static bool
add_ids(struct run *x, const struct val *ids, struct nlist *l)
{
	const struct tree *t = x->node.tree;
	uint32_t at = 0, from;

	while (at < ids->n) {
		while (at < ids->n && strchr(" \t\r\n", ids->u.s[at]) != NULL)
			at++;
		from = at;
		while (at < ids->n && strchr(" \t\r\n", ids->u.s[at]) == NULL)
			at++;
		for (uint32_t row = 1; row <= t->n && at > from; row++) {
			if (!run_step(x, 1))
				return false;
			if (t->rows[row].kind == ROW_ELEMENT && has_id(t, row, ids->u.s + from, at - from)) {
				if (!nlist_add(l, (struct nref){ t, row }))
					return false;
				break;
			}
		}
	}
	return true;
}

static bool
fn_id(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct nlist l = { .x = x };
	struct val s;

	(void)n;
	if (a[0].kind == VAL_SET) {
		for (uint32_t i = 0; i < a[0].n; i++)
			if (!node_string(x, a[0].u.set[i], &s) || !add_ids(x, &s, &l))
				return false;
	} else if (!val_string(x, &a[0], &s) || !add_ids(x, &s, &l)) {
		return false;
	}
	*out = (struct val){ .kind = VAL_SET, .n = l.n, .u.set = l.list };
	return set_sort(x, out);
}

/* --- outside forms -------------------------------------------------------------------------------------- */

static bool
fn_instance(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;
	char id[256];

	(void)n;
	if (!val_string(x, &a[0], &s))
		return false;
	if (x->instance == NULL || s.n >= sizeof(id))
		return run_fail(x, ERR_INPUT, "there are no instances here");
	memcpy(id, s.u.s, s.n);
	id[s.n] = '\0';
	return x->instance(x, id, out);
}

static bool
under(const struct nref *node, const struct nref *above)
{
	return node->tree == above->tree && (node->row == above->row || is_above(node->tree, above->row, node->row));
}

/* On any document: of the nodes of each repeat path that lie in what was chosen before, the index-th. */
static bool
fn_indexed_repeat(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct nref chosen = { 0 };
	struct nlist l = { .x = x };

	if (n % 2 == 0 || a[0].kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "indexed-repeat() takes a path, then a repeat and a number each");
	for (unsigned i = 1; i + 1 < n; i += 2) {
		double want = val_number(x, &a[i + 1]), k = 0;
		struct nref next = { 0 };

		if (a[i].kind != VAL_SET)
			return run_fail(x, ERR_INPUT, "indexed-repeat() takes a path, then a repeat and a number each");
		for (uint32_t j = 0; j < a[i].n && next.row == 0; j++) {
			if (chosen.row != 0 && !under(&a[i].u.set[j], &chosen))
				continue;
			if (++k == want)
				next = a[i].u.set[j];
		}
		chosen = next;
		if (chosen.row == 0)
			break;
	}
	for (uint32_t j = 0; j < a[0].n && chosen.row != 0; j++)
		if (under(&a[0].u.set[j], &chosen) && !nlist_add(&l, a[0].u.set[j]))
			return false;
	*out = (struct val){ .kind = VAL_SET, .n = l.n, .u.set = l.list };
	return true;
}

/* The compiler makes code of these: it never calls them. */
static bool
fn_compiled(struct run *x, struct val *a, unsigned n, struct val *out)
{
	(void)a;
	(void)n;
	(void)out;
	return run_fail(x, ERR_BROKEN, "a compiled function was called");
}

const struct fn fn_set_table[] = {
	{ "position", 0, 1, FN_STRUCTURE, fn_position, "n" },
	{ "last", 0, 0, 0, fn_last, NULL },
	{ "count", 1, 1, FN_SETS | FN_STRUCTURE, fn_count, "n" },
	{ "count-non-empty", 1, 1, FN_SETS, fn_count_non_empty, "n" },
	{ "sum", 1, 1, FN_SETS, fn_sum, "n" },
	{ "min", 1, -1, FN_SETS, fn_min, NULL },
	{ "max", 1, -1, FN_SETS, fn_max, NULL },
	{ "checklist", 3, -1, FN_SETS, fn_checklist, NULL },
	{ "weighted-checklist", 4, -1, FN_SETS, fn_weighted, NULL },
	{ "randomize", 1, 2, FN_SETS | FN_PURE_REFUSED, fn_randomize, "n" },
	{ "name", 0, 1, 0, fn_name, "n" },
	{ "local-name", 0, 1, 0, fn_local_name, "n" },
	{ "namespace-uri", 0, 1, 0, fn_namespace_uri, "n" },
	{ "lang", 1, 1, 0, fn_lang, NULL },
	{ "id", 1, 1, 0, fn_id, NULL },
	{ "instance", 1, 1, 0, fn_instance, NULL },
	{ "indexed-repeat", 3, -1, FN_SETS, fn_indexed_repeat, "n" },
	{ "if", 3, 3, 0, fn_compiled, NULL },
	{ "coalesce", 1, -1, 0, fn_compiled, NULL },
	{ "once", 1, 1, FN_PURE_REFUSED, fn_compiled, NULL },
	{ "current", 0, 0, 0, fn_compiled, NULL },
	{ "jr:choice-name", 2, 2, FN_LANGUAGE, fn_compiled, NULL },
	{ "pulldata", 4, 4, 0, fn_compiled, NULL },
	{ "area", 1, 1, FN_REFUSED, fn_compiled, NULL },
	{ "distance", 1, -1, FN_REFUSED, fn_compiled, NULL },
	{ "geofence", 2, 2, FN_REFUSED, fn_compiled, NULL },
	{ "extract-signed", 2, 2, FN_REFUSED, fn_compiled, NULL },
	{ NULL, 0, 0, 0, NULL, NULL },
};

/* --- all functions -------------------------------------------------------------------------------------------- */

static const struct fn *const tables[] = { fn_text_table, fn_number_table, fn_set_table, fn_date_table };

const struct fn *
fn_find(const char *name, size_t len)
{
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (const struct fn *f = tables[t]; f->name != NULL; f++)
			if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
				return f;
	return NULL;
}

const char *
fn_near(const char *name)
{
	struct near n;

	near_init(&n, name);
	for (size_t t = 0; t < ARRAY_LEN(tables); t++)
		for (const struct fn *f = tables[t]; f->name != NULL; f++)
			if ((f->flags & FN_REFUSED) == 0)
				near_try(&n, f->name);
	return n.best;
}

uint32_t
fn_index(const struct fn *f)
{
	for (uint32_t t = 0; t < ARRAY_LEN(tables); t++) {
		uint32_t n = 0;

		while (tables[t][n].name != NULL)
			n++;
		if (f >= tables[t] && f < tables[t] + n)
			return t << 8 | (uint32_t)(f - tables[t]);
	}
	return 0;
}

const struct fn *
fn_at(uint32_t i)
{
	return &tables[i >> 8][i & 0xff];
}
