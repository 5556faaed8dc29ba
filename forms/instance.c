/* Documents taken into form trees; and indicators' expressions on them. See expr.h. */
#include <stdlib.h>
#include <string.h>

#include "forms/load.h"
#include "forms/expr.h"
#include "forms/run_step.h"
#include "forms/state.h"

/* --- taking over a document ----------------------------------------------------------------------------- */

static bool
has_template(const struct tree *t, uint32_t row)
{
	for (uint32_t a = row + 1; a <= t->n && t->rows[a].kind == ROW_ATTRIBUTE && t->rows[a].parent == row; a++)
		if (strcmp(t->names->list[t->rows[a].name].colon, "template") == 0)
			return true;
	return false;
}

/* The form node a document's name means, under NODE. Names of the two may be in different tables. */
static uint32_t
child_node(const struct form *f, const struct tree *from, uint32_t row, uint32_t node, bool attribute)
{
	const char *name = from->names->list[from->rows[row].name].colon;

	if (from->names == &f->names)
		return form_child(f, node, from->rows[row].name, attribute);
	for (uint32_t k = f->nodes[node].first; k != 0; k = f->nodes[k].next)
		if (((f->nodes[k].flags & NODE_ATTRIBUTE) != 0) == attribute && strcmp(form_node_name(f, k), name) == 0)
			return k;
	return NO_NODE;
}

static enum err_code
fill(struct tree *t, const struct form *f, const struct tree *from, uint32_t src, uint32_t dst, uint32_t base,
	bool presets, struct err *err)
{
	uint32_t node = t->rows[dst].node;
	enum err_code rc = ERR_OK;

	t->rows[dst].flags &= (uint16_t)~ROW_ABSENT;
	for (uint32_t a = src + 1; rc == ERR_OK && a <= from->n && from->rows[a].kind == ROW_ATTRIBUTE
	    && from->rows[a].parent == src; a++) {
		uint32_t k = child_node(f, from, a, node, true);

		if (k == NO_NODE)
			continue;
		t->rows[block_row(f, base, k)].flags &= (uint16_t)~ROW_ABSENT;
		rc = tree_set(t, block_row(f, base, k), tree_text(from, a), from->rows[a].len, err);
	}
	if (rc == ERR_OK && t->rows[dst].first == 0)
		return tree_set(t, dst, tree_text(from, src), from->rows[src].len, err);
	for (uint32_t c = from->rows[src].first; c != 0 && rc == ERR_OK; c = from->rows[c].next) {
		uint32_t k = from->rows[c].kind == ROW_ELEMENT ? child_node(f, from, c, node, false) : NO_NODE;

		if (k == NO_NODE || has_template(from, c))
			continue;
		if (form_is_repeat(f, k)) {
			uint32_t at = block_add(t, f, base + f->nodes[k].head, presets, err);

			rc = at == 0 ? err->code : fill(t, f, from, c, at, at, presets, err);
		} else {
			rc = fill(t, f, from, c, block_row(f, base, k), base, presets, err);
		}
	}
	return rc;
}

enum err_code
tree_fill(struct tree *t, const struct form *f, const struct tree *from, bool presets, struct err *err)
{
	struct err mine = { 0 };
	uint32_t root = from->n > 0 ? from->rows[1].first : 0, first;

	if (err == NULL)
		err = &mine;
	first = block_add(t, f, 0, presets, err);
	if (first == 0)
		return err->code;
	if (!presets)
		for (uint32_t i = first; i <= t->n; i++)
			t->rows[i].flags |= ROW_ABSENT;
	t->rows[first].flags = 0;
	while (root != 0 && from->rows[root].kind != ROW_ELEMENT)
		root = from->rows[root].next;
	if (root == 0 || child_node(f, from, root, 0, false) == NO_NODE)
		return err_set(err, ERR_INPUT, "this is not a submission of the form: its root element is another");
	return fill(t, f, from, root, block_row(f, first, 1), first, presets, err);
}

/* --- instances ---------------------------------------------------------------------------------------------- */

struct facts { struct fact *list; size_t n, cap; };

struct instance {
	const struct form *f;
	struct tree tree;
	struct scratch scratch;
	struct facts facts;
};

/* A table for pulldata that came with the expression: root/item/column. */
struct expr_table { struct tree tree; };

struct expr {
	struct arena arena;
	struct names names;		/* of the tables */
	struct program *program;
	const struct form *f;
	struct expr_table *tables;
	size_t n_tables;
};

const char *
facts_get(const struct facts *f, const char *name)
{
	for (size_t i = f != NULL ? f->n : 0; i-- > 0; )
		if (strcmp(f->list[i].name, name) == 0)
			return f->list[i].value;
	return "";
}

static void
wipe_text(const char *s)
{
	char *copy;

	if (s == NULL)
		return;
	memcpy(&copy, &s, sizeof(copy));
	wipe(copy, strlen(copy));
	free(copy);
}

enum err_code
instance_fact(struct instance *in, const char *name, const char *value, struct err *err)
{
	struct facts *f = &in->facts;
	char *n = strdup(name), *v = strdup(value);

	if (n == NULL || v == NULL)
		goto nomem;
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].name, name) == 0) {
			wipe_text(f->list[i].value);
			f->list[i].value = v;
			free(n);
			return ERR_OK;
		}
	if (f->n == f->cap) {
		size_t cap = f->cap == 0 ? 16 : f->cap * 2;
		struct fact *list = realloc(f->list, cap * sizeof(*list));

		if (list == NULL)
			goto nomem;
		f->list = list;
		f->cap = cap;
	}
	f->list[f->n++] = (struct fact){ n, v };
	return ERR_OK;
nomem:
	free(n);
	wipe_text(v);
	return err_nomem(err);
}

static enum err_code
meta_facts(struct instance *in, const struct tree *doc, struct err *err)
{
	uint32_t root = doc->rows[1].first;
	enum err_code rc = ERR_OK;

	for (uint32_t m = root != 0 ? doc->rows[root].first : 0; m != 0; m = doc->rows[m].next) {
		if (doc->rows[m].kind != ROW_ELEMENT || strcmp(doc->names->list[doc->rows[m].name].colon, "meta") != 0)
			continue;
		for (uint32_t k = doc->rows[m].first; k != 0 && rc == ERR_OK; k = doc->rows[k].next) {
			char *v = doc->rows[k].kind == ROW_ELEMENT ? strndup(tree_text(doc, k), doc->rows[k].len) : NULL;

			if (doc->rows[k].kind != ROW_ELEMENT)
				continue;
			rc = v != NULL ? instance_fact(in, doc->names->list[doc->rows[k].name].colon, v, err) : err_nomem(err);
			wipe_text(v);
		}
	}
	return rc;
}

enum err_code
instance_read(const struct form *form, const char *xml, size_t len, struct instance **out, struct err *err)
{
	struct instance *in;
	struct tree doc;
	struct names names;
	struct arena arena;
	struct _xmlDoc *parsed = NULL;
	struct xml_rules rules = { .keep_ns = false };
	enum err_code rc;

	*out = NULL;
	if (len > form->limits.xml_bytes)
		return err_set(err, ERR_LIMIT, "the submission has %zu bytes: at most %zu (limit xml_bytes)", len,
		    form->limits.xml_bytes);
	in = calloc(1, sizeof(*in));
	if (in == NULL)
		return err_nomem(err);
	in->f = form;
	arena_init_secret(&arena, (size_t)64 << 20);
	names_init(&names, &arena);
	tree_init(&doc, &names, NULL, true, 400000, (size_t)64 << 20);
	tree_init(&in->tree, NULL, form, true, form->limits.session_rows, (size_t)64 << 20);
	memcpy(&in->tree.names, &(struct names *){ (struct names *)(uintptr_t)&form->names }, sizeof(in->tree.names));
	scratch_init(&in->scratch, (size_t)64 << 20);
	rc = xml_parse(xml, len, false, &parsed, err);
	if (rc == ERR_OK)
		rc = xtree_from_node(&doc, (const struct _xmlNode *)parsed, &rules, err);
	if (rc == ERR_OK)
		rc = tree_fill(&in->tree, form, &doc, false, err);
	if (rc == ERR_OK)
		rc = meta_facts(in, &doc, err);
	xml_free(parsed);
	tree_free(&doc);
	names_clear(&names);
	arena_clear(&arena);
	if (rc != ERR_OK) {
		instance_free(in);
		return rc;
	}
	*out = in;
	return ERR_OK;
}

void
instance_free(struct instance *in)
{
	if (in == NULL)
		return;
	tree_free(&in->tree);
	scratch_clear(&in->scratch);
	for (size_t i = 0; i < in->facts.n; i++) {
		wipe_text(in->facts.list[i].name);
		wipe_text(in->facts.list[i].value);
	}
	free(in->facts.list);
	free(in);
}

struct text_search { const struct instance *in; uint32_t row; size_t skip; };

static bool
first_seen(void *arg, uint32_t row)
{
	struct text_search *s = arg;

	if ((s->in->tree.rows[row].flags & ROW_UNSEEN) != 0)
		return true;
	if (s->skip > 0) {
		s->skip--;
		return true;
	}
	s->row = row;
	return false;
}

const char *
instance_text(const struct instance *in, const char *name)
{
	const char *text = instance_text_nth(in, name, 0);

	return text == NULL ? "" : text;
}

const char *
instance_text_nth(const struct instance *in, const char *name, size_t nth)
{
	const struct form *f = in->f;
	struct text_search s = { in, 0, nth };
	char *copy;

	for (uint32_t i = 1; i < f->n_nodes && s.row == 0; i++)
		if ((f->nodes[i].flags & NODE_ATTRIBUTE) == 0 && strcmp(form_node_name(f, i), name) == 0)
			block_each(&in->tree, f, 1, 0, i, first_seen, &s);
	if (s.row == 0)
		return NULL;
	if (in->tree.rows[s.row].len == 0)
		return "";
	copy = scratch_get(&((struct instance *)(uintptr_t)in)->scratch, in->tree.rows[s.row].len + 1);
	if (copy == NULL)
		return "";
	memcpy(copy, tree_text(&in->tree, s.row), in->tree.rows[s.row].len);
	copy[in->tree.rows[s.row].len] = '\0';
	return copy;
}

/* --- expressions -------------------------------------------------------------------------------------------------- */

/* Read NAME, CSV pairs; NAMES gets the names. */
static enum err_code
read_tables(struct expr *e, const char *const *tables, const char ***names, struct err *err)
{
	struct err mine = { 0 };
	size_t n = 0;

	if (err == NULL)
		err = &mine;
	while (tables != NULL && tables[n * 2] != NULL)
		n++;
	*names = arena_calloc(&e->arena, n + 1, sizeof(**names));
	e->tables = calloc(n + 1, sizeof(*e->tables));
	if (*names == NULL || e->tables == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		enum err_code rc;

		tree_init(&e->tables[i].tree, &e->names, NULL, false, e->f->limits.secondary_cells * 2, (size_t)64 << 20);
		e->n_tables = i + 1;
		(*names)[i] = tables[i * 2];
		rc = secondary_read(e->f, &e->tables[i].tree, "table.csv", tables[i * 2 + 1], strlen(tables[i * 2 + 1]), err);
		if (rc != ERR_OK) {
			err_in(err, "table %s", tables[i * 2]);
			return rc;
		}
	}
	return ERR_OK;
}

enum err_code
expr_compile(const struct form *form, const char *text, size_t len, const char *const *facts,
	const char *const *tables, struct expr **out, struct err *err)
{
	struct scope scope = { .fixed = form, .node = 1, .refs = true, .pure = true, .facts = facts,
	    .limits = { form->limits.expr_bytes, form->limits.ast_depth }, .max_ops = form->limits.program_len };
	struct expr *e = calloc(1, sizeof(*e));
	const char **names = NULL;
	enum err_code rc;

	*out = NULL;
	if (e == NULL)
		return err_nomem(err);
	e->f = form;
	arena_init(&e->arena, (size_t)64 << 20);
	names_init(&e->names, &e->arena);
	rc = read_tables(e, tables, &names, err);
	scope.tables = names;
	scope.n_tables = e->n_tables;
	if (rc == ERR_OK)
		rc = program_compile(&e->arena, &scope, text, len, &e->program, NULL, err);
	if (rc != ERR_OK) {
		expr_free(e);
		return rc;
	}
	*out = e;
	return ERR_OK;
}

void
expr_free(struct expr *e)
{
	if (e == NULL)
		return;
	program_clear(e->program);
	for (size_t i = 0; i < e->n_tables; i++)
		tree_free(&e->tables[i].tree);
	free(e->tables);
	names_clear(&e->names);
	arena_clear(&e->arena);
	free(e);
}

enum err_code
expr_eval(const struct expr *e, struct instance *in, struct value *out, struct err *err)
{
	struct run x = {
		.form = e->f, .main = &in->tree, .root = 1, .scratch = &in->scratch, .max_steps = e->f->limits.steps,
		.max_string = e->f->limits.string_bytes, .facts = &in->facts, .secondary = e->f->secondary_trees,
		.language = e->f->default_language, .tables = e->tables,
	};
	struct nref node = { &in->tree, block_row(e->f, 1, 1) };
	struct val v, s, copy;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	out->text = "";
	scratch_reset(&in->scratch);
	rc = program_run(&x, e->program, node, &v, err);
	if (rc != ERR_OK)
		return rc;
	x.err = err;
	out->boolean = val_bool(&x, &v);
	out->number = val_number(&x, &v);
	if (!val_string(&x, &v, &s) || !put_text(&x, &copy, s.u.s, s.n))
		return x.rc;
	out->text = copy.u.s;
	out->kind = v.kind == VAL_BOOL ? VALUE_BOOL : v.kind == VAL_NUMBER ? VALUE_NUMBER : VALUE_TEXT;
	return ERR_OK;
}

bool
value_bool(const struct value *v)
{
	return v->boolean;
}

double
value_number(const struct value *v)
{
	return v->number;
}

static uint32_t
cell(const struct tree *t, uint32_t item, const struct constant *column)
{
	for (uint32_t c = t->rows[item].first; c != 0; c = t->rows[c].next)
		if (strcmp(t->names->list[t->rows[c].name].text, column->text) == 0)
			return c;
	return 0;
}

/* pulldata: the first row whose key column holds the value, in table A; two ops: key column, then column. */
bool
table_lookup(struct run *x, const struct op *op, struct val *v)
{
	const struct constant *key = &x->program->consts[op[0].b], *column = &x->program->consts[op[1].b];
	const struct tree *t;
	struct val want;
	uint32_t root, c;

	if (x->tables == NULL || !val_string(x, v, &want))
		return run_fail(x, ERR_INPUT, "pulldata() has no tables here");
	t = &x->tables[op->a].tree;
	*v = (struct val){ .kind = VAL_STRING, .n = 0, .u.s = "" };
	root = t->n > 0 ? t->rows[1].first : 0;
	for (uint32_t item = root != 0 ? t->rows[root].first : 0; item != 0; item = t->rows[item].next) {
		if (!run_step(x, 1))
			return false;
		c = cell(t, item, key);
		if (c == 0 || !tree_is(t, c, want.u.s, want.n))
			continue;
		c = cell(t, item, column);
		if (c != 0)
			*v = (struct val){ .kind = VAL_STRING, .n = t->rows[c].len, .u.s = tree_text(t, c) };
		break;
	}
	return true;
}
