/* Paths. In forms the leading plain steps become one node number and the repeat whose current instance
 * holds (forms.md 3.2, "absolute paths in a repeat"); what follows runs step by step. While compiling, a
 * path's reach - the form nodes it can mean - is kept, to refuse names that are not there and to write
 * down what is read. */
#include <stdlib.h>
#include <string.h>

#include "forms/compile.h"

static const struct form *
form_of(const struct compiler *c)
{
	return c->s->form != NULL ? c->s->form : c->s->fixed;
}

/* --- reach ---------------------------------------------------------------------------------------- */

static void
reach_free(struct reach *r)
{
	free(r->nodes);
	r->nodes = NULL;
	r->n = r->cap = 0;
}

static bool
reach_add(struct compiler *c, struct reach *r, uint32_t node)
{
	if (!compile_reached(c, 1 + r->n / 16))
		return false;
	for (uint32_t i = 0; i < r->n; i++)
		if (r->nodes[i] == node)
			return true;
	if (r->n == r->cap) {
		uint32_t cap = r->cap == 0 ? 4 : r->cap * 2;
		uint32_t *nodes = realloc(r->nodes, cap * sizeof(*nodes));

		if (nodes == NULL)
			return compile_nomem(c);
		r->nodes = nodes;
		r->cap = cap;
	}
	r->nodes[r->n++] = node;
	return true;
}

static uint32_t
child_called(const struct form *f, uint32_t node, const struct ast_step *s)
{
	uint32_t name = names_find(&f->names, s->name, strlen(s->name), "");

	return name != 0 ? form_child(f, node, name, s->axis == AXIS_ATTRIBUTE) : NO_NODE;
}

static bool
matches(struct compiler *c, const struct ast_step *s, uint32_t node)
{
	const struct form *f = form_of(c);
	const struct form_node *n = &f->nodes[node];
	bool attribute = (n->flags & NODE_ATTRIBUTE) != 0;

	if (attribute != (s->axis == AXIS_ATTRIBUTE) && s->axis != AXIS_SELF && s->axis != AXIS_ANCESTOR_OR_SELF
	    && s->axis != AXIS_DESCENDANT_OR_SELF)
		return false;
	switch (s->test) {
	case TEST_NAME: return node != 0 && strcmp(form_node_name(f, node), s->name) == 0;
	case TEST_ANY: return node != 0;
	case TEST_NODE: return true;
	case TEST_TEXT: return false;
	default: return false;
	}
}

static bool
below(struct compiler *c, struct reach *to, const struct ast_step *s, uint32_t node)
{
	const struct form *f = form_of(c);

	for (uint32_t k = f->nodes[node].first; k != 0; k = f->nodes[k].next) {
		if (!compile_reached(c, 1) || (matches(c, s, k) && !reach_add(c, to, k)))
			return false;
		if (!below(c, to, s, k))
			return false;
	}
	return true;
}

static uint32_t
scope_up(const struct form *f, uint32_t scope, uint32_t node)
{
	return scope == 0 || form_within(f, scope, node) ? scope : f->nodes[node].repeat;
}

/* The reach after one step. */
static bool
reach_step(struct compiler *c, struct reach *r, const struct ast_step *s)
{
	const struct form *f = form_of(c);
	struct reach to = { .scope = r->scope, .elsewhere = r->elsewhere, .outside = r->outside };
	bool ok = true;

	if (r->outside)
		return true;
	for (uint32_t i = 0; i < r->n && ok; i++) {
		uint32_t n = r->nodes[i], k;

		switch (s->axis) {
		case AXIS_CHILD:
		case AXIS_ATTRIBUTE:
			if (s->test == TEST_NAME) {
				k = child_called(f, n, s);
				ok = k == NO_NODE || reach_add(c, &to, k);
				break;
			}
			for (k = f->nodes[n].first; k != 0 && ok; k = f->nodes[k].next)
				if (matches(c, s, k))
					ok = reach_add(c, &to, k);
			break;
		case AXIS_DESCENDANT_OR_SELF:
			ok = !matches(c, s, n) || reach_add(c, &to, n);
			ok = ok && below(c, &to, s, n);
			break;
		case AXIS_DESCENDANT:
			ok = below(c, &to, s, n);
			break;
		case AXIS_SELF:
			ok = !matches(c, s, n) || reach_add(c, &to, n);
			break;
		case AXIS_PARENT:
			if (n != 0 && (s->test == TEST_NODE || matches(c, s, f->nodes[n].parent))) {
				ok = reach_add(c, &to, f->nodes[n].parent);
				to.scope = scope_up(f, to.scope, f->nodes[n].parent);
			}
			break;
		case AXIS_ANCESTOR_OR_SELF:
		case AXIS_ANCESTOR:
			for (k = s->axis == AXIS_ANCESTOR ? f->nodes[n].parent : n; ok; k = f->nodes[k].parent) {
				if (matches(c, s, k))
					ok = reach_add(c, &to, k);
				if (k == 0)
					break;
			}
			break;
		default:
			/* siblings and the rest of the document */
			to.scope = 0;
			ok = compile_reached(c, f->n_nodes);
			for (k = 1; k < f->n_nodes && ok; k++)
				if ((s->test == TEST_NAME && strcmp(form_node_name(f, k), s->name) == 0)
				    || s->test != TEST_NAME)
					ok = reach_add(c, &to, k);
			break;
		}
	}
	free(r->nodes);
	*r = to;
	return ok;
}

static void
read_below(struct compiler *c, uint32_t node, const struct reach *r)
{
	const struct form *f = form_of(c);

	for (uint32_t k = f->nodes[node].first; k != 0; k = f->nodes[k].next) {
		if ((f->nodes[k].flags & NODE_ATTRIBUTE) != 0)
			continue;
		if (c->rc != ERR_OK)
			return;
		compile_read(c, k, r->scope, r->elsewhere, false);
		read_below(c, k, r);
	}
}

static void
read_reach(struct compiler *c, const struct reach *r)
{
	if (r->outside || c->reads == NULL)
		return;
	for (uint32_t i = 0; i < r->n && c->rc == ERR_OK; i++) {
		compile_read(c, r->nodes[i], r->scope, r->elsewhere, c->structure);
		if (!c->structure)
			read_below(c, r->nodes[i], r);
	}
}

/* --- predicates and steps ------------------------------------------------------------------------- */

static bool
compile_preds(struct compiler *c, const struct ast *list, const struct reach *context, uint32_t owner)
{
	const struct reach *was = c->context;
	bool open = c->open, structure = c->structure;
	unsigned n = 0;

	c->context = context;
	c->open = c->structure = false;
	for (; list != NULL && c->rc == ERR_OK; list = list->next) {
		uint32_t jump = emit(c, OP_JUMP, 0, 0);

		if (++n > 250)
			return compile_error(c, list->at, "too many predicates");
		if (!compile_expr(c, list))
			return false;
		emit(c, OP_END, 0, 0);
		if (c->rc == ERR_OK)
			c->ops[jump].a = c->n_ops;
	}
	c->context = was;
	c->open = open;
	c->structure = structure;
	if (c->rc == ERR_OK)
		c->ops[owner].n = (uint8_t)n;
	return c->rc == ERR_OK;
}

static const char *
prefix_uri(struct compiler *c, const struct ast_step *s, bool *known)
{
	*known = true;
	if (s->prefix == NULL)
		return s->axis != AXIS_ATTRIBUTE ? c->s->default_ns : NULL;
	for (const struct ns_map *m = c->s->ns; m != NULL && m->prefix != NULL; m++)
		if (strcmp(m->prefix, s->prefix) == 0)
			return m->uri;
	*known = strcmp(s->prefix, "xml") == 0;
	return *known ? "http://www.w3.org/XML/1998/namespace" : NULL;
}

static bool
plain_step(struct compiler *c, const struct ast_step *s, uint32_t *at)
{
	uint32_t name = 0, uri = 0;

	if (s->test == TEST_NAME || s->test == TEST_PI)
		name = s->name != NULL ? compile_name(c, s->name, NULL) : 0;
	if (form_of(c) == NULL && (s->test == TEST_NAME || (s->test == TEST_ANY && s->prefix != NULL))) {
		bool known;
		const char *ns = prefix_uri(c, s, &known);

		if (!known)
			return compile_error(c, s->at, "the prefix \"%s\" is not declared", s->prefix);
		if (ns != NULL)
			uri = compile_name(c, ns, NULL);
		/* a name without prefix is in no namespace */
		else if (s->test == TEST_NAME)
			uri = NO_NODE;
	}
	*at = emit(c, OP_STEP, name, uri);
	if (c->rc == ERR_OK) {
		c->ops[*at].axis = (uint8_t)s->axis;
		c->ops[*at].test = (uint8_t)s->test;
	}
	return c->rc == ERR_OK;
}

static bool
unknown(struct compiler *c, const struct ast_step *s)
{
	if (s->test == TEST_NAME)
		return compile_error(c, s->at, "there is no node \"%.60s\" at this place of the form", s->name);
	return compile_error(c, s->at, "this step leads nowhere in the form");
}

static bool
compile_steps(struct compiler *c, const struct ast_step *s, struct reach *r)
{
	const struct form *f = form_of(c);
	uint32_t at = 0;

	for (; s != NULL; s = s->next) {
		if (f != NULL) {
			if (!reach_step(c, r, s))
				return false;
			if (!r->outside && r->n == 0 && s->test != TEST_TEXT)
				return unknown(c, s);
			if (s->preds != NULL && !r->outside)
				for (uint32_t i = 0; i < r->n; i++)
					if (form_is_repeat(f, r->nodes[i]))
						r->elsewhere = true;
		}
		if (!plain_step(c, s, &at) || !compile_preds(c, s->preds, f != NULL ? r : NULL, at))
			return false;
	}
	return true;
}

/* --- the leading plain steps of a path in a form --------------------------------------------------- */

static bool
is_plain(const struct ast_step *s)
{
	if (s->preds != NULL)
		return false;
	return (s->test == TEST_NAME && (s->axis == AXIS_CHILD || s->axis == AXIS_ATTRIBUTE))
	    || (s->test == TEST_NODE && (s->axis == AXIS_PARENT || s->axis == AXIS_SELF));
}

/* Where a path of names would end, whatever its predicates; NO_NODE if it is not such a path. */
static uint32_t
end_of(const struct form *f, uint32_t node, const struct ast_step *s)
{
	for (; s != NULL && node != NO_NODE; s = s->next) {
		if (s->test == TEST_NAME && (s->axis == AXIS_CHILD || s->axis == AXIS_ATTRIBUTE))
			node = child_called(f, node, s);
		else if (s->test == TEST_NODE && s->axis == AXIS_PARENT && node != 0)
			node = f->nodes[node].parent;
		else if (s->test != TEST_NODE || s->axis != AXIS_SELF)
			return NO_NODE;
	}
	return node;
}

/* The deepest repeat that holds both TARGET and CONTEXT. */
static uint32_t
shared_repeat(const struct form *f, uint32_t target, uint32_t context)
{
	uint32_t r = f->nodes[target].repeat;

	while (r != 0 && !form_within(f, r, context))
		r = f->nodes[f->nodes[r].parent].repeat;
	return r;
}

static uint32_t
outer_repeat(const struct form *f, uint32_t repeat)
{
	return f->nodes[f->nodes[repeat].parent].repeat;
}

static uint32_t
narrowed(struct compiler *c, uint32_t target, const struct ast_step *rest, uint32_t end)
{
	const struct form *f = form_of(c);
	uint32_t scope = shared_repeat(f, target, c->s->node), innermost;

	if (rest == NULL && scope != 0 && scope == target && form_is_repeat(f, target))
		scope = outer_repeat(f, scope);
	if (!c->open || end == NO_NODE)
		return scope;
	innermost = f->nodes[end].repeat;
	while (scope != 0 && innermost != 0 && form_within(f, innermost, scope))
		scope = outer_repeat(f, scope);
	return scope;
}

/* Fold the leading plain steps. */
static bool
compile_form_path(struct compiler *c, const struct ast *e, bool from_current)
{
	const struct form *f = form_of(c);
	bool absolute = e->start == FROM_ROOT && !from_current;
	uint32_t node = absolute ? 0 : c->s->node, scope = absolute ? 0 : f->nodes[c->s->node].repeat;
	uint32_t end = end_of(f, node, e->steps);
	const struct ast_step *s = e->steps;
	struct reach r = { 0 };
	bool moved = false, ok;

	for (; s != NULL && is_plain(s); s = s->next) {
		if (s->axis == AXIS_SELF)
			continue;
		moved = true;
		if (s->axis == AXIS_PARENT) {
			if (node == 0)
				return unknown(c, s);
			node = f->nodes[node].parent;
			scope = scope_up(f, scope, node);
			continue;
		}
		node = child_called(f, node, s);
		if (node == NO_NODE)
			return unknown(c, s);
	}
	if (absolute)
		scope = narrowed(c, node, s, end);
	r.scope = scope;
	if (!reach_add(c, &r, node))
		return false;
	if (!moved)
		emit(c, absolute ? OP_ROOT : OP_CURRENT, 0, 0);
	else
		emit(c, OP_NODE, node, scope);
	ok = c->rc == ERR_OK && compile_steps(c, s, &r);
	if (ok)
		read_reach(c, &r);
	reach_free(&r);
	return ok;
}

/* --- choice filters: instance('x')/root/item[col = ..] ------------------------------------------------ */

static bool
is_call(const struct ast *e, const char *name)
{
	return e->kind == AST_CALL && strcmp(e->text, name) == 0;
}

/* Does E mean the same in and outside a predicate? */
static bool
independent(const struct ast *e)
{
	static const char *const implicit[] = { "position", "last", "string", "number", "normalize-space",
	    "string-length", "name", "local-name", "namespace-uri", "lang" };

	switch (e->kind) {
	case AST_NUMBER: case AST_STRING: case AST_REF:
		return true;
	case AST_NEGATE:
		return independent(e->a);
	case AST_BINARY:
		return independent(e->a) && independent(e->b);
	case AST_CALL:
		for (size_t i = 0; e->n == 0 && i < ARRAY_LEN(implicit); i++)
			if (strcmp(e->text, implicit[i]) == 0)
				return false;
		for (const struct ast *a = e->a; a != NULL; a = a->next)
			if (!independent(a))
				return false;
		return strcmp(e->text, "lang") != 0;
	case AST_PATH:
		if (e->start == FROM_EXPR)
			return independent(e->a);
		return e->start == FROM_ROOT;
	}
	return false;
}

static bool
is_column(const struct ast *e)
{
	return e->kind == AST_PATH && e->start == FROM_CONTEXT && e->steps != NULL && e->steps->next == NULL
	    && (e->steps->axis == AXIS_CHILD || e->steps->axis == AXIS_ATTRIBUTE) && e->steps->test == TEST_NAME
	    && e->steps->preds == NULL;
}

/* If E is such a path, emit the probe up to and including the item step. */
static bool
compile_probe(struct compiler *c, const struct ast *e, const struct ast_step **rest)
{
	const struct ast *id = e->a->a, *pred, *value;
	const struct ast_step *s = e->steps, *column;
	uint32_t instance, steps[8], n = 0, index, at;
	bool open = c->open, structure = c->structure;
	struct reach outside = { .outside = true };

	if (c->s->form == NULL || !is_call(e->a, "instance") || e->preds != NULL || id == NULL
	    || id->kind != AST_STRING)
		return false;
	instance = secondary_find(c->s->form, id->text, id->len);
	if (instance == 0)
		return false;
	for (; s != NULL; s = s->next) {
		if (s->axis != AXIS_CHILD || s->test != TEST_NAME || n == ARRAY_LEN(steps))
			return false;
		steps[n++] = compile_name(c, s->name, NULL);
		if (s->preds != NULL)
			break;
	}
	if (s == NULL)
		return false;
	pred = s->preds;
	if (pred->kind != AST_BINARY || pred->op != TOK_EQ)
		return false;
	value = is_column(pred->a) ? pred->b : pred->a;
	if (!is_column(value == pred->b ? pred->a : pred->b) || !independent(value))
		return false;
	column = (value == pred->b ? pred->a : pred->b)->steps;
	index = probe_request(c->s->form, instance - 1, steps, n, compile_name(c, column->name, NULL),
	    column->axis == AXIS_ATTRIBUTE);
	if (index == 0) {
		compile_nomem(c);
		return false;
	}
	c->open = c->structure = false;
	if (!compile_expr(c, value))
		return false;
	c->open = open;
	c->structure = structure;
	at = emit(c, OP_PROBE, index - 1, 0);
	*rest = s->next;
	return c->rc == ERR_OK && compile_preds(c, pred->next, &outside, at);
}

/* --- paths ---------------------------------------------------------------------------------------------- */

static bool
everything(struct compiler *c, struct reach *r)
{
	const struct form *f = form_of(c);

	for (uint32_t i = 0; i < f->n_nodes; i++)
		if (!reach_add(c, r, i))
			return false;
	return true;
}

static bool
from_expression(struct compiler *c, const struct ast *e)
{
	const struct form *f = form_of(c);
	struct reach r = { .outside = f == NULL };
	const struct ast_step *rest = NULL;
	uint32_t at = 0;
	bool ok;

	if (f != NULL && is_call(e->a, "current") && e->preds == NULL)
		return compile_form_path(c, e, true);
	if (f != NULL && is_call(e->a, "instance")) {
		r.outside = true;
		if (compile_probe(c, e, &rest))
			return compile_steps(c, rest, &r);
		if (c->rc != ERR_OK)
			return false;
	} else if (f != NULL && e->steps == NULL && e->preds == NULL) {
		return compile_expr(c, e->a);
	} else if (f != NULL && !everything(c, &r)) {
		return false;
	}
	ok = compile_expr(c, e->a);
	if (ok && e->preds != NULL) {
		at = emit(c, OP_FILTER, 0, 0);
		ok = compile_preds(c, e->preds, f != NULL ? &r : NULL, at);
	}
	ok = ok && compile_steps(c, e->steps, &r);
	if (ok && e->steps != NULL)
		read_reach(c, &r);
	reach_free(&r);
	return ok;
}

bool
compile_path(struct compiler *c, const struct ast *e)
{
	struct reach r = { .outside = true };
	bool ok;

	if (e->start == FROM_EXPR)
		return from_expression(c, e);
	if (form_of(c) != NULL && (e->start == FROM_ROOT || c->context == NULL))
		return compile_form_path(c, e, false);
	emit(c, e->start == FROM_ROOT ? OP_ROOT : OP_CONTEXT, 0, 0);
	if (c->context != NULL && form_of(c) != NULL) {
		r.outside = c->context->outside;
		r.scope = c->context->scope;
		r.elsewhere = c->context->elsewhere;
		for (uint32_t i = 0; i < c->context->n; i++)
			if (!reach_add(c, &r, c->context->nodes[i]))
				return false;
	}
	ok = c->rc == ERR_OK && compile_steps(c, e->steps, &r);
	if (ok)
		read_reach(c, &r);
	reach_free(&r);
	return ok;
}

/* ${name} and ${_name} */
bool
compile_reference(struct compiler *c, const struct ast *e)
{
	const struct form *f = form_of(c);
	uint32_t found = NO_NODE;

	if (e->text[0] == '_') {
		bool known = c->s->facts == NULL;
		uint32_t k = f->meta == NO_NODE ? 0 : f->nodes[f->meta].first;

		for (const char *const *p = c->s->facts; p != NULL && *p != NULL; p++)
			known |= strcmp(*p, e->text + 1) == 0;
		for (; k != 0; k = f->nodes[k].next)
			known |= strcmp(form_node_name(f, k), e->text + 1) == 0;
		if (!known)
			return compile_error(c, e->at, "nothing gives ${%.60s}", e->text);
		emit(c, OP_FACT, compile_text(c, e->text + 1, e->len - 1), 0);
		return c->rc == ERR_OK;
	}
	for (uint32_t i = 1; i < f->n_nodes; i++) {
		if ((f->nodes[i].flags & (NODE_ATTRIBUTE | NODE_IN_META)) != 0
		    || strcmp(form_node_name(f, i), e->text) != 0)
			continue;
		if (found != NO_NODE)
			return compile_error(c, e->at, "more than one question is called \"%.60s\"", e->text);
		found = i;
	}
	if (found == NO_NODE)
		return compile_error(c, e->at, "no question is called \"%.60s\"", e->text);
	emit(c, OP_NODE, found, 0);
	compile_read(c, found, 0, false, c->structure);
	return c->rc == ERR_OK;
}

bool
compile_current(struct compiler *c, const struct ast *e)
{
	(void)e;
	emit(c, OP_CURRENT, 0, 0);
	if (form_of(c) != NULL)
		compile_read(c, c->s->node, form_of(c)->nodes[c->s->node].repeat, false, c->structure);
	return c->rc == ERR_OK;
}

bool
compile_instance(struct compiler *c, const struct ast *e)
{
	uint32_t i;

	if (e->a->kind != AST_STRING)
		return compile_error(c, e->a->at, "instance() needs the id written out: instance('list')");
	i = secondary_find(form_of(c), e->a->text, e->a->len);
	if (i == 0) {
		if (form_of(c)->instance_prefix != NULL && strcmp(form_of(c)->instance_prefix, e->a->text) == 0) {
			emit(c, OP_NODE, 1, 0);
			return c->rc == ERR_OK;
		}
		return compile_error(c, e->a->at, "there is no instance '%.60s' in the form", e->a->text);
	}
	emit(c, OP_INSTANCE, i - 1, 0);
	return c->rc == ERR_OK;
}

/* The node an argument names: a path of plain steps, absolute or from the context. */
static uint32_t
argument_node(struct compiler *c, const struct ast *e)
{
	const struct form *f = form_of(c);
	uint32_t node;

	if (e->kind == AST_PATH && e->start == FROM_EXPR && is_call(e->a, "current") && e->preds == NULL)
		return end_of(f, c->s->node, e->steps);
	if (e->kind != AST_PATH || e->start == FROM_EXPR)
		return NO_NODE;
	for (const struct ast_step *s = e->steps; s != NULL; s = s->next)
		if (!is_plain(s))
			return NO_NODE;
	node = end_of(f, e->start == FROM_ROOT ? 0 : c->s->node, e->steps);
	return node;
}

/* indexed-repeat(target, repeat, index, ..) */
bool
compile_indexed(struct compiler *c, const struct ast *e)
{
	const struct form *f = form_of(c);
	uint32_t target = argument_node(c, e->a), repeats[8], n = 0, scope, r, at;
	bool open = c->open, structure = c->structure;

	if (e->n % 2 == 0 || e->n < 3 || e->n / 2 > ARRAY_LEN(repeats))
		return compile_error(c, e->at, "indexed-repeat() takes a question, then a repeat and a number each");
	if (target == NO_NODE)
		return compile_error(c, e->a->at, "the first argument of indexed-repeat() must be the path of a node");
	c->open = c->structure = false;
	for (const struct ast *a = e->a->next; a != NULL; a = a->next->next) {
		r = argument_node(c, a);
		if (r == NO_NODE || !form_is_repeat(f, r) || !form_within(f, r, target))
			return compile_error(c, a->at, "this argument of indexed-repeat() must be a repeat around the question");
		repeats[n++] = r;
		if (!compile_expr(c, a->next))
			return false;
	}
	c->open = open;
	c->structure = structure;
	/* current instances hold outside the outermost repeat that is given */
	scope = shared_repeat(f, target, c->s->node);
	for (uint32_t i = 0; i < n; i++)
		while (scope != 0 && form_within(f, repeats[i], scope))
			scope = outer_repeat(f, scope);
	compile_read(c, target, scope, true, false);
	at = emit(c, OP_INDEXED, target, scope);
	for (uint32_t i = 0; i < n; i++)
		emit(c, OP_NODE, repeats[i], 0);
	if (c->rc == ERR_OK)
		c->ops[at].n = (uint8_t)n;
	return c->rc == ERR_OK;
}

/* jr:choice-name(value, 'path of the question') */
bool
compile_choice_name(struct compiler *c, const struct ast *e)
{
	const struct form *f = form_of(c);
	const struct ast *q = e->a->next;
	struct ast *path = NULL;
	struct arena temp;
	uint32_t node = NO_NODE;
	bool open = c->open, structure = c->structure;

	if (f == NULL)
		return compile_error(c, e->at, "jr:choice-name() needs a form");
	c->open = c->structure = false;
	if (!compile_expr(c, e->a))
		return false;
	c->open = open;
	c->structure = structure;
	if (q->kind == AST_STRING) {
		struct err ignored = { 0 };
		enum err_code rc;

		arena_init(&temp, 1 << 20);
		rc = ast_parse(&temp, q->text, q->len, false, NULL, &path, &ignored);
		if (rc == ERR_OK)
			node = argument_node(c, path);
		arena_clear(&temp);
		if (rc == ERR_NOMEM)
			return compile_nomem(c);
	} else {
		node = argument_node(c, q);
	}
	if (node == NO_NODE)
		return compile_error(c, q->at, "the second argument of jr:choice-name() must be the path of a question, in quotes");
	if (f->nodes[node].control == 0 || (f->bodies[f->nodes[node].control - 1].n_choices == 0
	    && f->bodies[f->nodes[node].control - 1].value_ref == NULL))
		return compile_error(c, q->at, "the question of jr:choice-name() has no choices");
	emit(c, OP_CHOICE_NAME, node, 0);
	c->reads_language = true;
	/* "structure" of a question is its offer of choices: see form_graph.c */
	compile_read(c, node, shared_repeat(f, node, c->s->node), true, true);
	return c->rc == ERR_OK;
}

/* pulldata('instance', 'column', 'key column', key) */
bool
compile_pulldata(struct compiler *c, const struct ast *e)
{
	const struct ast *col = e->a->next, *key = col->next, *value = key->next;
	bool open = c->open, structure = c->structure;
	uint32_t instance, steps[2], index, at;

	if (e->a->kind != AST_STRING || col->kind != AST_STRING || key->kind != AST_STRING)
		return compile_error(c, e->at, "the first three arguments of pulldata() must be written out in quotes");
	c->open = c->structure = false;
	if (!compile_expr(c, value))
		return false;
	c->open = open;
	c->structure = structure;
	if (c->s->tables != NULL) {
		for (uint32_t i = 0; i < c->s->n_tables; i++)
			if (strcmp(c->s->tables[i], e->a->text) == 0) {
				emit(c, OP_TABLE, i, compile_text(c, key->text, key->len));
				emit(c, OP_TABLE, 0, compile_text(c, col->text, col->len));
				return c->rc == ERR_OK;
			}
	}
	if (c->s->form == NULL)
		return compile_error(c, e->a->at, "there is no table '%.60s'", e->a->text);
	instance = secondary_find(c->s->form, e->a->text, e->a->len);
	if (instance == 0)
		return compile_error(c, e->a->at, "there is no instance '%.60s' in the form", e->a->text);
	steps[0] = compile_name(c, "root", NULL);
	steps[1] = compile_name(c, "item", NULL);
	index = probe_request(c->s->form, instance - 1, steps, 2, compile_name(c, key->text + (key->text[0] == '@'), NULL),
	    key->text[0] == '@');
	if (index == 0)
		return compile_nomem(c);
	emit(c, OP_PROBE, index - 1, 0);
	at = emit(c, OP_STEP, compile_name(c, col->text + (col->text[0] == '@'), NULL), 0);
	if (c->rc == ERR_OK) {
		c->ops[at].axis = col->text[0] == '@' ? AXIS_ATTRIBUTE : AXIS_CHILD;
		c->ops[at].test = TEST_NAME;
	}
	return c->rc == ERR_OK;
}
