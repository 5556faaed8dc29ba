/* Expressions as their authors wrote them: those that cannot be read, with the place in the cell; answers that a list
 * does not have; and those that ask a repeat from outside for one value: there is one in each instance, and engines stop, take the
 * first, or (=) any (forms.md 3.5, node-sets). What is meant is nearly always the sum, the number or a certain one of them. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "forms/ast.h"
#include "forms/near.h"
#include "forms/xlsform_int.h"

struct cell {
	struct xlsform *x;
	const struct el *e;	/* whose row it is */
	const char *column;
	bool warned;		/* once a cell */
	bool strict;		/* the engine will refuse what cannot be read, without the column */
	bool refused;
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

/* The list whose choices E, a ${question}, answers; NULL: none, or not known here. */
static const struct list *
list_of(const struct cell *c, const struct ast *e)
{
	size_t n;
	const struct el *q = e->kind == AST_REF ? xf_find(c->x, e->text, e->len, &n) : NULL;

	if (e->kind == AST_PATH && e->start == FROM_EXPR && e->preds == NULL && e->steps == NULL)
		return list_of(c, e->a);
	if (q == NULL || n != 1 || q->kind != EL_QUESTION || q->type->class != TYPE_SELECT || q->file != NULL || q->from_repeat != NULL
	    || q->list == NULL || q->list->searched)
		return NULL;
	return q->list;
}

/* Is VALUE, a literal, among the choices of Q? */
static void
check_choice(struct cell *c, const struct ast *q, const struct ast *value)
{
	const struct list *l = list_of(c, q);
	struct near near;
	double v;

	if (l == NULL || l->first == NULL || (value->kind == AST_STRING ? value->len == 0 : value->kind != AST_NUMBER))
		return;
	near_init(&near, value->kind == AST_STRING ? value->text : "");
	for (const struct choice *k = l->first; k != NULL; k = k->next) {
		if (value->kind == AST_STRING ? strcmp(k->name, value->text) == 0
		    : num_double(k->name, strlen(k->name), &v) && v == value->number)
			return;
		near_try(&near, k->name);
	}
	if (value->kind == AST_NUMBER)
		xf_warn_el(c->x, c->e, c->column, "no choice of the list \"%.60s\" is called %g: use the names of the choices", l->name,
		    value->number);
	else
		xf_warn_el(c->x, c->e, c->column, "no choice of the list \"%.60s\" is called '%.60s'%s%.60s%s", l->name, value->text,
		    near.best != NULL ? "; did you mean '" : ": use the names of the choices, not their labels",
		    near.best != NULL ? near.best : "", near.best != NULL ? "'?" : "");
}

static void
walk_call(struct cell *c, const struct ast *e)
{
	unsigned i = 0;
	const char *near;

	if (!ast_known(e, &near) && c->strict && !c->refused) {
		c->refused = true;
		xf_error_el(c->x, c->e, c->column, "at character %zu: there is no function %.60s()%s%s%s", e->at + 1, e->text,
		    near != NULL ? "; did you mean " : "", near != NULL ? near : "", near != NULL ? "()?" : "");
	}
	if (strcmp(e->text, "selected") == 0 && e->n == 2)
		check_choice(c, e->a, e->a->next);
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
		if (e->op == TOK_EQ || e->op == TOK_NE) {
			check_choice(c, e->a, e->b);
			check_choice(c, e->b, e->a);
		}
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

/* True if TEXT is refused, and has been said to be. STRICT: say so. */
static bool
one_text(struct xlsform *x, const struct el *e, const char *text, const char *column, bool strict)
{
	struct cell c = { .x = x, .e = e, .column = column, .strict = strict };
	struct ast *tree = NULL;
	struct arena mem;
	struct err why = { 0 };
	enum err_code rc;

	/* ${last-saved#..} is no name, and refused elsewhere */
	if (text == NULL || column == NULL || strstr(text, "last-saved#") != NULL)
		return false;
	arena_init(&mem, 1 << 20);
	rc = ast_parse(&mem, text, strlen(text), true, NULL, &tree, &why);
	if (rc == ERR_OK) {
		walk(&c, tree, false);
	} else if (rc == ERR_NOMEM && x->rc == ERR_OK) {
		x->rc = err_nomem(x->err);
	} else if (rc == ERR_INPUT && strict) {
		c.refused = true;
		if (strstr(text, "$(") == NULL)		/* told with its own words */
			xf_error_el(x, e, column, "%s", why.msg);
	}
	arena_clear(&mem);
	return c.refused;
}

static const char *const BINDS[] = { "relevant", "calculate", "required", "constraint", "readonly" };

bool
xf_lint_said(const struct el *e, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(BINDS); i++) {
		size_t n = strlen(BINDS[i]);

		if ((e->unreadable & 1U << i) != 0 && strncmp(text, BINDS[i], n) == 0 && strncmp(text + n, ": at character ", 15) == 0)
			return true;
	}
	return false;
}

void
xf_lint_expressions(struct xlsform *x, struct el *parent)
{
	for (struct el *e = parent->first; e != NULL; e = e->next) {
		for (const struct pair *p = e->bind.first; p != NULL && !e->made; p = p->next)
			for (size_t i = 0; i < ARRAY_LEN(BINDS); i++)
				if (strcmp(p->key, BINDS[i]) == 0 && one_text(x, e, p->value, p->column, true))
					e->unreadable |= 1U << i;
		if (!e->made) {
			if (one_text(x, e, e->calculation, e->calc_column, e->trigger == NULL))
				e->unreadable |= 1U << 1;
			one_text(x, e, e->from_repeat == NULL ? e->filter : NULL, e->filter_column, false);
			if (e->kind == EL_REPEAT)
				one_text(x, e->parent, e->count, e->count_column, false);
			if (e->kind == EL_QUESTION && e->def != NULL && xf_is_dynamic(e->def, e->type))
				one_text(x, e, e->def, e->def_column, false);
		}
		xf_lint_expressions(x, e);
	}
}
