/* From tree to program: names resolved, arguments checked, paths of forms turned into node numbers, and
 * what is read written down for the dependency graph. See eval.h; forms.md 3.2. */
#include "forms/compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
reads_clear(struct reads *r)
{
	free(r->list);
	r->list = NULL;
	r->n = r->cap = 0;
}

bool
compile_error(struct compiler *c, size_t at, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	if (c->rc != ERR_OK)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->rc = err_set(c->err, ERR_INPUT, "at character %zu: %s", at + 1, text);
	return false;
}

bool
compile_nomem(struct compiler *c)
{
	if (c->rc == ERR_OK)
		c->rc = err_nomem(c->err);
	return false;
}

bool
compile_reached(struct compiler *c, size_t n)
{
	const struct form *f = c->s->form != NULL ? c->s->form : c->s->fixed;

	c->reached += n;
	if (c->rc != ERR_OK)
		return false;
	if (f == NULL || c->reached + (c->s->form != NULL ? f->reached : 0) <= f->limits.reach)
		return true;
	c->rc = err_set(c->err, ERR_LIMIT, "the expressions of the form look at too many of its nodes, as // and following:: do (limit "
	    "reach)");
	return false;
}

void
compile_read(struct compiler *c, uint32_t node, uint32_t scope, bool elsewhere, bool structure)
{
	struct reads *r = c->reads;

	if (r == NULL || node == NO_NODE || !compile_reached(c, 1 + r->n / 16))
		return;
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].node == node && r->list[i].scope == scope && r->list[i].elsewhere == elsewhere) {
			r->list[i].structure |= structure;
			return;
		}
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 8 : r->cap * 2;
		struct read *list = realloc(r->list, cap * sizeof(*list));

		if (list == NULL) {
			r->failed = true;
			compile_nomem(c);
			return;
		}
		r->list = list;
		r->cap = cap;
	}
	r->list[r->n++] = (struct read){ node, scope, elsewhere, structure };
}

uint32_t
emit(struct compiler *c, enum op_code code, uint32_t a, uint32_t b)
{
	if (c->rc != ERR_OK)
		return 0;
	if (c->n_ops >= c->max_ops) {
		c->rc = err_set(c->err, ERR_LIMIT, "the expression needs more than %zu instructions (limit program_len)",
		    c->max_ops);
		return 0;
	}
	if (c->n_ops == c->cap_ops) {
		uint32_t cap = c->cap_ops == 0 ? 32 : c->cap_ops * 2;
		struct op *ops = realloc(c->ops, cap * sizeof(*ops));

		if (ops == NULL) {
			compile_nomem(c);
			return 0;
		}
		c->ops = ops;
		c->cap_ops = cap;
	}
	c->ops[c->n_ops] = (struct op){ .code = (uint8_t)code, .a = a, .b = b };
	return c->n_ops++;
}

static uint32_t
constant(struct compiler *c, struct constant k)
{
	if (c->n_consts == c->cap_consts) {
		uint32_t cap = c->cap_consts == 0 ? 8 : c->cap_consts * 2;
		struct constant *list = realloc(c->consts, cap * sizeof(*list));

		if (list == NULL) {
			compile_nomem(c);
			return 0;
		}
		c->consts = list;
		c->cap_consts = cap;
	}
	c->consts[c->n_consts] = k;
	return c->n_consts++;
}

uint32_t
compile_text(struct compiler *c, const char *text, size_t len)
{
	return constant(c, (struct constant){ .text = text, .len = (uint32_t)len });
}

uint32_t
compile_name(struct compiler *c, const char *name, const char *uri)
{
	uint32_t id;

	if (c->s->form != NULL || (c->s->names != NULL && c->s->fixed == NULL)) {
		id = names_put(c->s->form != NULL ? &c->s->form->names : c->s->names, name, strlen(name), uri);
		if (id == 0)
			compile_nomem(c);
		return id;
	}
	return names_find(&c->s->fixed->names, name, strlen(name), uri);
}

/* --- operators ---------------------------------------------------------------------------------- */

static enum op_code
operator_code(enum token t)
{
	switch (t) {
	case TOK_EQ: return OP_EQ;
	case TOK_NE: return OP_NE;
	case TOK_LT: return OP_LT;
	case TOK_LE: return OP_LE;
	case TOK_GT: return OP_GT;
	case TOK_GE: return OP_GE;
	case TOK_ADD: return OP_ADD;
	case TOK_SUB: return OP_SUB;
	case TOK_MUL: return OP_MUL;
	case TOK_DIV: return OP_DIV;
	case TOK_MOD: return OP_MOD;
	default: return OP_UNION;
	}
}

static bool
is_set(const struct ast *e)
{
	const struct fn *f;

	if (e->kind == AST_PATH || (e->kind == AST_BINARY && e->op == TOK_UNION) || e->kind == AST_REF)
		return true;
	if (e->kind != AST_CALL)
		return false;
	/* these give what their branches give: seen when run */
	if (strcmp(e->text, "if") == 0 || strcmp(e->text, "coalesce") == 0 || strcmp(e->text, "once") == 0)
		return true;
	if (strcmp(e->text, "instance") == 0 || strcmp(e->text, "current") == 0 || strcmp(e->text, "id") == 0
	    || strcmp(e->text, "randomize") == 0 || strcmp(e->text, "indexed-repeat") == 0)
		return true;
	f = fn_find(e->text, e->len);
	return f == NULL;
}

static bool
binary(struct compiler *c, const struct ast *e)
{
	uint32_t jump;

	if (e->op == TOK_AND || e->op == TOK_OR) {
		if (!compile_expr(c, e->a))
			return false;
		jump = emit(c, e->op == TOK_AND ? OP_AND : OP_OR, 0, 0);
		if (!compile_expr(c, e->b))
			return false;
		emit(c, OP_BOOL, 0, 0);
		if (c->rc == ERR_OK)
			c->ops[jump].a = c->n_ops;
		return c->rc == ERR_OK;
	}
	if (e->op == TOK_UNION && (!is_set(e->a) || !is_set(e->b)))
		return compile_error(c, e->at, "\"|\" joins paths only");
	if (!compile_expr(c, e->a) || !compile_expr(c, e->b))
		return false;
	emit(c, operator_code(e->op), 0, 0);
	return c->rc == ERR_OK;
}

/* --- calls --------------------------------------------------------------------------------------- */

static bool
compile_if(struct compiler *c, const struct ast *e)
{
	uint32_t unless, jump;

	if (!compile_expr(c, e->a))
		return false;
	unless = emit(c, OP_UNLESS, 0, 0);
	if (!compile_expr(c, e->a->next))
		return false;
	jump = emit(c, OP_JUMP, 0, 0);
	if (c->rc != ERR_OK)
		return false;
	c->ops[unless].a = c->n_ops;
	if (!compile_expr(c, e->a->next->next))
		return false;
	c->ops[jump].a = c->n_ops;
	return true;
}

static bool
compile_coalesce(struct compiler *c, const struct ast *e)
{
	uint32_t jumps[64], n = 0;

	for (const struct ast *a = e->a; a != NULL; a = a->next) {
		if (!compile_expr(c, a))
			return false;
		if (a->next == NULL)
			break;
		if (n == ARRAY_LEN(jumps))
			return compile_error(c, e->at, "coalesce() has too many arguments");
		jumps[n++] = emit(c, OP_UNLESS_EMPTY, 0, 0);
	}
	while (n > 0 && c->rc == ERR_OK)
		c->ops[jumps[--n]].a = c->n_ops;
	return c->rc == ERR_OK;
}

static bool
compile_once(struct compiler *c, const struct ast *e)
{
	uint32_t jump;

	jump = emit(c, OP_ONCE, 0, 0);
	c->keeps_own = true;
	if (!compile_expr(c, e->a))
		return false;
	c->ops[jump].a = c->n_ops;
	return c->rc == ERR_OK;
}

static bool
arity_fits(const struct ast *e, const struct fn *f)
{
	return (int)e->n >= f->min && (f->max < 0 || (int)e->n <= f->max);
}

static bool
check_arguments(struct compiler *c, const struct ast *e, const struct fn *f)
{
	const struct ast *a = e->a;

	if (!arity_fits(e, f)) {
		if (f->max == f->min)
			return compile_error(c, e->at, "%s() takes %d argument%s, not %u", f->name, f->min,
			    f->min == 1 ? "" : "s", e->n);
		if (f->max < 0)
			return compile_error(c, e->at, "%s() takes at least %d argument%s, not %u", f->name, f->min,
			    f->min == 1 ? "" : "s", e->n);
		return compile_error(c, e->at, "%s() takes %d to %d arguments, not %u", f->name, f->min, f->max, e->n);
	}
	if (e->n > 250)
		return compile_error(c, e->at, "%s() has too many arguments", f->name);
	for (unsigned i = 0; f->sets != NULL && a != NULL && f->sets[i] != '\0'; i++, a = a->next)
		if (f->sets[i] == 'n' && !is_set(a))
			return compile_error(c, a->at, "argument %u of %s() must be a path", i + 1, f->name);
	return true;
}

/* Literals that date() and date-time() cannot read are refused in forms (forms.md 3.2). */
static bool
check_literals(struct compiler *c, const struct ast *e, const struct fn *f)
{
	const struct ast *a = e->a;
	int64_t day, ms;
	int32_t off;

	if (c->s->form == NULL && c->s->fixed == NULL)
		return true;
	if ((strcmp(f->name, "date") == 0 || strcmp(f->name, "date-time") == 0) && a->kind == AST_STRING && a->len > 0
	    && !date_parse(a->text, a->len, &day) && !datetime_parse(a->text, a->len, NULL, &ms, &off))
		return compile_error(c, a->at, "\"%.60s\" is no date: write YYYY-MM-DD, and only days that exist",
		    a->text);
	return true;
}

static bool
compile_regex(struct compiler *c, const struct ast *e, uint32_t *slot)
{
	const struct ast *pattern = e->a->next;
	struct regex *r, **list;
	struct err err = { 0 };

	if (pattern->kind != AST_STRING)
		return true;
	if (regex_compile(pattern->text, pattern->len, &r, &err) != ERR_OK) {
		if (err.code == ERR_NOMEM)
			return compile_nomem(c);
		if (c->s->form == NULL && c->s->fixed == NULL)
			return true;
		return compile_error(c, pattern->at, "%s", err.msg);
	}
	list = realloc(c->regexes, (c->n_regexes + 2) * sizeof(*list));
	if (list == NULL) {
		regex_free(r);
		return compile_nomem(c);
	}
	c->regexes = list;
	list[c->n_regexes++] = r;
	list[c->n_regexes] = NULL;
	*slot = c->n_regexes;
	return true;
}

bool
ast_known(const struct ast *call, const char **near)
{
	*near = NULL;
	if (fn_find(call->text, call->len) != NULL)
		return true;
	*near = fn_near(call->text);
	return false;
}

bool
ast_takes_set(const struct ast *call, unsigned i)
{
	const struct fn *f = fn_find(call->text, call->len);

	if (f == NULL)
		return true;
	if (strcmp(f->name, "indexed-repeat") == 0)
		return i == 0 || i % 2 == 1;
	/* concat of several is of single values; of one argument, of all its nodes */
	if ((f->flags & FN_SETS) != 0 && (strcmp(f->name, "concat") != 0 || call->n == 1))
		return true;
	return f->sets != NULL && i < strlen(f->sets) && f->sets[i] == 'n';
}

static bool
call(struct compiler *c, const struct ast *e)
{
	const struct fn *f = fn_find(e->text, e->len);
	uint32_t slot = 0, at;
	bool open = c->open, in_form = c->s->form != NULL || c->s->fixed != NULL;

	if (f == NULL) {
		const char *near = fn_near(e->text);

		return compile_error(c, e->at, "there is no function %.60s()%s%s%s", e->text, near != NULL ? "; did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "()?" : "");
	}
	if ((f->flags & FN_REFUSED) != 0)
		return compile_error(c, e->at, "%s() is not supported: feedback has no places and no signed texts",
		    f->name);
	if (c->s->pure && (f->flags & (FN_VOLATILE | FN_PURE_REFUSED)) != 0)
		return compile_error(c, e->at, "%s() cannot be used here: its value would change from run to run", f->name);
	if (!in_form && !arity_fits(e, f)) {
		/* on any XML, wrong calls fail where they are reached, as in XPath engines; forms refuse them at load */
		emit(c, OP_FAIL, compile_text(c, "wrong number of arguments", 25), 0);
		return c->rc == ERR_OK;
	}
	if (!check_arguments(c, e, f) || !check_literals(c, e, f))
		return false;
	c->is_volatile |= (f->flags & FN_VOLATILE) != 0;
	c->reads_language |= (f->flags & FN_LANGUAGE) != 0;
	if (strcmp(f->name, "if") == 0)
		return compile_if(c, e);
	if (strcmp(f->name, "coalesce") == 0)
		return compile_coalesce(c, e);
	if (strcmp(f->name, "once") == 0)
		return compile_once(c, e);
	if (strcmp(f->name, "current") == 0)
		return compile_current(c, e);
	if (strcmp(f->name, "instance") == 0 && in_form)
		return compile_instance(c, e);
	if (strcmp(f->name, "indexed-repeat") == 0 && in_form)
		return compile_indexed(c, e);
	if (strcmp(f->name, "jr:choice-name") == 0)
		return compile_choice_name(c, e);
	if (strcmp(f->name, "pulldata") == 0)
		return compile_pulldata(c, e);
	if (strcmp(f->name, "position") == 0 && e->n == 0 && c->context == NULL && c->s->form != NULL
	    && form_is_repeat(c->s->form, c->s->node)) {
		slot = 1;
		compile_read(c, c->s->node, c->s->form->nodes[c->s->form->nodes[c->s->node].parent].repeat, true, true);
	}
	if (strcmp(f->name, "regex") == 0 && !compile_regex(c, e, &slot))
		return false;
	/* concat of several is of single values; of one argument, of all its nodes */
	c->open = (f->flags & FN_SETS) != 0 && (strcmp(f->name, "concat") != 0 || e->n == 1);
	for (const struct ast *a = e->a; a != NULL; a = a->next) {
		bool was = c->structure;

		c->structure = (f->flags & FN_STRUCTURE) != 0;
		if (!compile_expr(c, a))
			return false;
		c->structure = was;
	}
	c->open = open;
	at = emit(c, OP_CALL, fn_index(f), slot);
	if (c->rc == ERR_OK)
		c->ops[at].n = (uint8_t)e->n;
	return c->rc == ERR_OK;
}

bool
compile_expr(struct compiler *c, const struct ast *e)
{
	bool open = c->open;

	if (c->rc != ERR_OK)
		return false;
	switch (e->kind) {
	case AST_NUMBER:
		emit(c, OP_NUMBER, constant(c, (struct constant){ .number = e->number }), 0);
		break;
	case AST_STRING:
		emit(c, OP_STRING, compile_text(c, e->text, e->len), 0);
		break;
	case AST_NEGATE:
		c->open = false;
		if (compile_expr(c, e->a))
			emit(c, OP_NEGATE, 0, 0);
		break;
	case AST_BINARY:
		c->open = e->op == TOK_UNION && open;
		binary(c, e);
		break;
	case AST_CALL:
		call(c, e);
		break;
	case AST_PATH:
		compile_path(c, e);
		break;
	case AST_REF:
		compile_reference(c, e);
		break;
	}
	c->open = open;
	return c->rc == ERR_OK;
}

/* --- the whole ------------------------------------------------------------------------------------ */

static struct program *
finish(struct compiler *c, const char *text, size_t len)
{
	struct program *p = arena_alloc(c->arena, sizeof(*p));
	struct op *ops = arena_calloc(c->arena, c->n_ops, sizeof(*ops));
	struct constant *consts = arena_calloc(c->arena, c->n_consts + 1, sizeof(*consts));

	if (p == NULL || ops == NULL || consts == NULL)
		return NULL;
	memcpy(ops, c->ops, c->n_ops * sizeof(*ops));
	if (c->n_consts > 0)
		memcpy(consts, c->consts, c->n_consts * sizeof(*consts));
	for (uint32_t i = 0; i < c->n_consts; i++)
		if (consts[i].text != NULL) {
			consts[i].text = arena_strn(c->arena, consts[i].text, consts[i].len);
			if (consts[i].text == NULL)
				return NULL;
		}
	p->ops = ops;
	p->n = c->n_ops;
	p->consts = consts;
	p->n_consts = c->n_consts;
	p->source = arena_strn(c->arena, text, len);
	p->is_volatile = c->is_volatile;
	p->reads_language = c->reads_language;
	p->keeps_own = c->keeps_own;
	if (p->source == NULL)
		return NULL;
	p->regexes = c->regexes;
	c->regexes = NULL;
	return p;
}

enum err_code
program_compile(struct arena *arena, const struct scope *scope, const char *text, size_t len,
	struct program **out, struct reads *reads, struct err *err)
{
	struct compiler c = { .s = scope, .arena = arena, .reads = reads, .err = err,
	    .max_ops = scope->max_ops != 0 ? scope->max_ops : 4096 };
	struct arena temp;
	struct ast *e;
	enum err_code rc;

	*out = NULL;
	arena_init(&temp, (size_t)16 << 20);
	rc = ast_parse(&temp, text, len, scope->refs, &scope->limits, &e, err);
	if (rc == ERR_OK) {
		if (compile_expr(&c, e)) {
			emit(&c, OP_END, 0, 0);
			*out = c.rc == ERR_OK ? finish(&c, text, len) : NULL;
			if (*out == NULL)
				compile_nomem(&c);
		}
		rc = c.rc;
	}
	if (scope->form != NULL)
		scope->form->reached += c.reached;
	for (size_t i = 0; c.regexes != NULL && c.regexes[i] != NULL; i++)
		regex_free(c.regexes[i]);
	free(c.regexes);
	free(c.ops);
	free(c.consts);
	arena_clear(&temp);
	return rc;
}

void
program_clear(struct program *p)
{
	if (p == NULL || p->regexes == NULL)
		return;
	for (size_t i = 0; p->regexes[i] != NULL; i++)
		regex_free(p->regexes[i]);
	free(p->regexes);
	p->regexes = NULL;
}
