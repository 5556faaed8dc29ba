/* Expressions that ask a repeat from outside for one value: there is one in each instance, and engines stop, take the
 * first, or (=) any (forms.md 3.5, node-sets). What is meant is nearly always the sum, the number or a certain one of them. */
#include <stdio.h>
#include <string.h>

#include "forms/ast.h"
#include "forms/xlsform_int.h"

struct cell {
	struct xlsform *x;
	const struct el *e;	/* whose row it is */
	const char *column;
	bool warned;		/* once a cell */
};

static void walk(struct cell *c, const struct ast *e, bool is_set);

static bool
stands_in(const struct el *e, const struct el *repeat)
{
	for (; e != NULL; e = e->parent)
		if (e == repeat)
			return true;
	return false;
}

/* TARGET is asked for where one value is needed. */
static void
check(struct cell *c, const struct el *target)
{
	const struct el *repeat = target == NULL || target->kind == EL_REPEAT ? target : target->repeat;
	const char *q;

	if (repeat == NULL || c->warned || stands_in(c->e, repeat))
		return;
	c->warned = true;
	q = target->name;
	if (target == repeat)
		xf_warn_el(c->x, c->e, c->column, "one value is needed here, and ${%.40s} is a repeat: write count(${%.40s}) for the number of its "
		    "instances", q, q);
	else
		xf_warn_el(c->x, c->e, c->column, "one value is needed here, and ${%.40s} has one in each \"%.40s\", and programs differ in which they "
		    "take: write sum(${%.40s}), max(${%.40s}), count-non-empty(${%.40s}) or join(', ', ${%.40s}) for all of them, or "
		    "indexed-repeat(${%.40s}, ${%.40s}, 1) for a certain one", q, repeat->name, q, q, q, q, q, repeat->name);
}

static const struct el *
find_path(const struct xlsform *x, const char *path, const char *name)
{
	size_t n;

	for (const struct el *e = xf_find(x, name, strlen(name), &n); e != NULL; e = e->same_name)
		if (strcmp(e->path, path) == 0)
			return e;
	return NULL;
}

/* What PATH leads to, if it is an absolute one or ${name}/.. of names only; NULL: anything else, or nothing. */
static const struct el *
target_of(const struct cell *c, const struct ast *e)
{
	char path[1024] = "";
	const char *name = "";
	const struct el *from = NULL;
	size_t len, n;

	if (e->kind == AST_REF)
		return xf_find(c->x, e->text, e->len, &n);
	if (e->start == FROM_EXPR && e->a->kind == AST_REF && e->preds == NULL) {
		from = xf_find(c->x, e->a->text, e->a->len, &n);
		if (from == NULL || e->steps == NULL)
			return from;
		snprintf(path, sizeof(path), "%.1000s", from->path);
	} else if (e->start != FROM_ROOT) {
		return NULL;
	}
	len = strlen(path);
	for (const struct ast_step *s = e->steps; s != NULL; s = s->next) {
		if (s->axis != AXIS_CHILD || s->test != TEST_NAME || s->preds != NULL || len + strlen(s->name) + 2 > sizeof(path))
			return NULL;
		len += (size_t)snprintf(path + len, sizeof(path) - len, "/%s", s->name);
		name = s->name;
	}
	return find_path(c->x, path, name);
}

static void
walk_path(struct cell *c, const struct ast *e, bool is_set)
{
	if (!is_set)
		check(c, target_of(c, e));
	if (e->start == FROM_EXPR && e->a->kind != AST_REF)
		walk(c, e->a, true);
	for (const struct ast *p = e->preds; p != NULL; p = p->next)
		walk(c, p, false);
	for (const struct ast_step *s = e->steps; s != NULL; s = s->next)
		for (const struct ast *p = s->preds; p != NULL; p = p->next)
			walk(c, p, false);
}

static void
walk_call(struct cell *c, const struct ast *e)
{
	unsigned i = 0;

	for (const struct ast *a = e->a; a != NULL; a = a->next, i++)
		walk(c, a, ast_takes_set(e, i));
}

/* IS_SET: E may be several nodes. */
static void
walk(struct cell *c, const struct ast *e, bool is_set)
{
	switch (e->kind) {
	case AST_NUMBER:
	case AST_STRING:
		break;
	case AST_NEGATE:
		walk(c, e->a, false);
		break;
	case AST_BINARY:
		walk(c, e->a, is_set && e->op == TOK_UNION);
		walk(c, e->b, is_set && e->op == TOK_UNION);
		break;
	case AST_CALL:
		walk_call(c, e);
		break;
	case AST_REF:
		if (!is_set)
			check(c, target_of(c, e));
		break;
	case AST_PATH:
		walk_path(c, e, is_set);
		break;
	}
}

static void
one_text(struct xlsform *x, const struct el *e, const char *text, const char *column)
{
	struct cell c = { .x = x, .e = e, .column = column };
	struct ast *tree = NULL;
	struct arena mem;
	struct err ignored = { 0 };
	enum err_code rc;

	if (text == NULL || column == NULL || (strstr(text, "${") == NULL && strchr(text, '/') == NULL))
		return;
	arena_init(&mem, 1 << 20);
	/* what cannot be read is an error when the form is loaded */
	rc = ast_parse(&mem, text, strlen(text), true, NULL, &tree, &ignored);
	if (rc == ERR_OK)
		walk(&c, tree, false);
	else if (rc == ERR_NOMEM && x->rc == ERR_OK)
		x->rc = err_nomem(x->err);
	arena_clear(&mem);
}

void
xf_lint_repeats(struct xlsform *x, const struct el *parent)
{
	static const char *const exprs[] = { "required", "relevant", "constraint", "readonly" };

	for (const struct el *e = parent->first; e != NULL; e = e->next) {
		for (const struct pair *p = e->bind.first; p != NULL && !e->made; p = p->next)
			for (size_t i = 0; i < ARRAY_LEN(exprs); i++)
				if (strcmp(p->key, exprs[i]) == 0)
					one_text(x, e, p->value, p->column);
		if (!e->made) {
			one_text(x, e, e->calculation, e->calc_column);
			one_text(x, e, e->from_repeat == NULL ? e->filter : NULL, e->filter_column);
			if (e->kind == EL_REPEAT)
				one_text(x, e->parent, e->count, e->count_column);
			if (e->kind == EL_QUESTION && e->def != NULL && xf_is_dynamic(e->def, e->type))
				one_text(x, e, e->def, e->def_column);
		}
		xf_lint_repeats(x, e);
	}
}
