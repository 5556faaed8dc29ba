/* The expression parser: precedence climbing over the tokens of lex.c. XPath 1.0's grammar. See ast.h. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "forms/ast.h"

struct parser {
	struct lexer x;
	struct arena *arena;
	size_t depth, max_depth;
	bool nomem, too_deep;
};

static struct ast *expression(struct parser *p, int level);

static struct ast *
node(struct parser *p, enum ast_kind kind, size_t at)
{
	struct ast *e = arena_alloc(p->arena, sizeof(*e));

	if (e == NULL) {
		p->nomem = true;
		p->x.failed = true;
		return NULL;
	}
	e->kind = kind;
	e->at = at;
	return e;
}

static const char *
keep(struct parser *p, const char *text, size_t len)
{
	const char *s = arena_strn(p->arena, text, len);

	if (s == NULL) {
		p->nomem = true;
		p->x.failed = true;
	}
	return s;
}

static bool
expect(struct parser *p, enum token t, const char *what)
{
	if (p->x.failed)
		return false;
	if (p->x.token != t)
		return lex_error(&p->x, p->x.start, p->x.token == TOK_END ? "%s is missing at the end"
		    : "%s is expected here", what);
	return lex_next(&p->x);
}

static bool
predicates(struct parser *p, struct ast **list)
{
	while (!p->x.failed && p->x.token == TOK_LBRACKET) {
		struct ast *e;

		if (!lex_next(&p->x))
			return false;
		e = expression(p, 0);
		if (e == NULL || !expect(p, TOK_RBRACKET, "\"]\""))
			return false;
		*list = e;
		list = &e->next;
	}
	return !p->x.failed;
}

static bool
axis_of(struct parser *p, enum axis *out)
{
	static const char *const names[] = {
		[AXIS_CHILD] = "child", [AXIS_DESCENDANT] = "descendant", [AXIS_PARENT] = "parent",
		[AXIS_ANCESTOR] = "ancestor", [AXIS_FOLLOWING_SIBLING] = "following-sibling",
		[AXIS_PRECEDING_SIBLING] = "preceding-sibling", [AXIS_FOLLOWING] = "following",
		[AXIS_PRECEDING] = "preceding", [AXIS_ATTRIBUTE] = "attribute",
		[AXIS_NAMESPACE] = "namespace", [AXIS_SELF] = "self",
		[AXIS_DESCENDANT_OR_SELF] = "descendant-or-self", [AXIS_ANCESTOR_OR_SELF] = "ancestor-or-self",
	};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == p->x.word_len && memcmp(names[i], p->x.word, p->x.word_len) == 0) {
			*out = (enum axis)i;
			return true;
		}
	return lex_error(&p->x, p->x.start, "there is no axis \"%.*s\"",
	    (int)(p->x.word_len > 60 ? 60 : p->x.word_len), p->x.word);
}

/* Is the name at hand a node type test, "text()"? The lexer stands behind the name. */
static bool
at_call(const struct parser *p)
{
	size_t at = p->x.at;

	while (at < p->x.len && strchr(" \t\r\n", p->x.text[at]) != NULL)
		at++;
	return at < p->x.len && p->x.text[at] == '(';
}

static bool
is_node_type(const struct lexer *x, enum test *test)
{
	static const struct { const char *name; enum test test; } types[] = {
		{ "node", TEST_NODE }, { "text", TEST_TEXT }, { "comment", TEST_COMMENT },
		{ "processing-instruction", TEST_PI },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strlen(types[i].name) == x->word_len && memcmp(types[i].name, x->word, x->word_len) == 0) {
			*test = types[i].test;
			return true;
		}
	return false;
}

static bool
name_test(struct parser *p, struct ast_step *s)
{
	const char *colon = memchr(p->x.word, ':', p->x.word_len);
	const char *local = colon != NULL ? colon + 1 : p->x.word;
	size_t len = p->x.word_len - (size_t)(local - p->x.word);

	s->test = TEST_NAME;
	if (colon != NULL) {
		s->prefix = keep(p, p->x.word, (size_t)(colon - p->x.word));
		if (s->prefix == NULL)
			return false;
	}
	if (len == 1 && local[0] == '*') {
		s->test = TEST_ANY;
	} else {
		s->name = keep(p, local, len);
		if (s->name == NULL)
			return false;
	}
	return lex_next(&p->x);
}

static bool
node_test(struct parser *p, struct ast_step *s)
{
	if (p->x.token == TOK_STAR) {
		s->test = TEST_ANY;
		return lex_next(&p->x);
	}
	if (p->x.token != TOK_NAME)
		return lex_error(&p->x, p->x.start, p->x.token == TOK_END ? "the path has no name at its end"
		    : "a name is expected here");
	if (!at_call(p) || !is_node_type(&p->x, &s->test))
		return name_test(p, s);
	if (!lex_next(&p->x) || !expect(p, TOK_LPAREN, "\"(\""))
		return false;
	if (s->test == TEST_PI && p->x.token == TOK_STRING) {
		s->name = keep(p, p->x.word, p->x.word_len);
		if (s->name == NULL || !lex_next(&p->x))
			return false;
	}
	return expect(p, TOK_RPAREN, "\")\"");
}

static struct ast_step *
step(struct parser *p)
{
	struct ast_step *s = arena_alloc(p->arena, sizeof(*s));

	if (s == NULL) {
		p->nomem = p->x.failed = true;
		return NULL;
	}
	s->at = p->x.start;
	if (p->x.token == TOK_DOT || p->x.token == TOK_DOTDOT) {
		s->axis = p->x.token == TOK_DOT ? AXIS_SELF : AXIS_PARENT;
		s->test = TEST_NODE;
		if (!lex_next(&p->x))
			return NULL;
		/* Not XPath 1.0's grammar, but engines take ".[..]". */
		return predicates(p, &s->preds) ? s : NULL;
	}
	if (p->x.token == TOK_AT) {
		s->axis = AXIS_ATTRIBUTE;
		if (!lex_next(&p->x))
			return NULL;
	} else if (p->x.token == TOK_AXIS) {
		if (!axis_of(p, &s->axis) || !lex_next(&p->x))
			return NULL;
	}
	if (!node_test(p, s) || !predicates(p, &s->preds))
		return NULL;
	return s;
}

/* Steps split by "/" and "//", appended to *END. */
static bool
steps(struct parser *p, struct ast_step **end, bool slashes)
{
	for (;;) {
		struct ast_step *s;

		if (slashes) {
			s = arena_alloc(p->arena, sizeof(*s));
			if (s == NULL) {
				p->nomem = p->x.failed = true;
				return false;
			}
			s->axis = AXIS_DESCENDANT_OR_SELF;
			s->test = TEST_NODE;
			s->at = p->x.start;
			*end = s;
			end = &s->next;
		}
		s = step(p);
		if (s == NULL)
			return false;
		*end = s;
		end = &s->next;
		if (p->x.token != TOK_SLASH && p->x.token != TOK_SLASHES)
			return true;
		slashes = p->x.token == TOK_SLASHES;
		if (!lex_next(&p->x))
			return false;
	}
}

static bool
begins_step(const struct parser *p)
{
	switch (p->x.token) {
	case TOK_NAME: case TOK_STAR: case TOK_AT: case TOK_AXIS: case TOK_DOT: case TOK_DOTDOT:
		return true;
	default:
		return false;
	}
}

static struct ast *
call(struct parser *p)
{
	struct ast *e = node(p, AST_CALL, p->x.start), **end;

	if (e == NULL)
		return NULL;
	e->text = keep(p, p->x.word, p->x.word_len);
	e->len = p->x.word_len;
	if (e->text == NULL || !lex_next(&p->x) || !expect(p, TOK_LPAREN, "\"(\""))
		return NULL;
	end = &e->a;
	if (p->x.token != TOK_RPAREN)
		for (;;) {
			*end = expression(p, 0);
			if (*end == NULL)
				return NULL;
			end = &(*end)->next;
			e->n++;
			if (p->x.token != TOK_COMMA)
				break;
			if (!lex_next(&p->x))
				return NULL;
		}
	return expect(p, TOK_RPAREN, "\")\"") ? e : NULL;
}

static struct ast *
primary(struct parser *p)
{
	struct ast *e = NULL;
	enum token t = p->x.token;

	switch (t) {
	case TOK_NUMBER:
		e = node(p, AST_NUMBER, p->x.start);
		if (e != NULL)
			e->number = p->x.number;
		break;
	case TOK_STRING:
	case TOK_REF:
		e = node(p, t == TOK_STRING ? AST_STRING : AST_REF, p->x.start);
		if (e != NULL) {
			e->text = keep(p, p->x.word, p->x.word_len);
			e->len = p->x.word_len;
		}
		break;
	case TOK_LPAREN:
		if (!lex_next(&p->x))
			return NULL;
		e = expression(p, 0);
		if (e == NULL || !expect(p, TOK_RPAREN, "\")\""))
			return NULL;
		return e;
	case TOK_NAME:
		return call(p);
	case TOK_END:
		lex_error(&p->x, p->x.start, "the expression ends where a value is expected");
		return NULL;
	default:
		if (p->x.token == TOK_EQ && p->x.previous == TOK_END)
			lex_error(&p->x, p->x.start, "an expression does not begin with \"=\": remove it");
		else
			lex_error(&p->x, p->x.start, "a value is expected here");
		return NULL;
	}
	if (e == NULL || p->x.failed || !lex_next(&p->x))
		return NULL;
	return e;
}

static struct ast *
path(struct parser *p)
{
	struct ast *e, *from;
	enum test t;

	if (p->x.token == TOK_SLASH || p->x.token == TOK_SLASHES) {
		bool slashes = p->x.token == TOK_SLASHES;

		e = node(p, AST_PATH, p->x.start);
		if (e == NULL || !lex_next(&p->x))
			return NULL;
		e->start = FROM_ROOT;
		if (!slashes && !begins_step(p))
			return e;
		return steps(p, &e->steps, slashes) ? e : NULL;
	}
	if (begins_step(p) && !(p->x.token == TOK_NAME && at_call(p) && !is_node_type(&p->x, &t))) {
		e = node(p, AST_PATH, p->x.start);
		return e != NULL && steps(p, &e->steps, false) ? e : NULL;
	}
	from = primary(p);
	if (from == NULL || (p->x.token != TOK_LBRACKET && p->x.token != TOK_SLASH && p->x.token != TOK_SLASHES))
		return from;
	e = node(p, AST_PATH, from->at);
	if (e == NULL)
		return NULL;
	e->start = FROM_EXPR;
	e->a = from;
	if (!predicates(p, &e->preds))
		return NULL;
	if (p->x.token == TOK_SLASH || p->x.token == TOK_SLASHES) {
		bool slashes = p->x.token == TOK_SLASHES;

		if (!lex_next(&p->x) || !steps(p, &e->steps, slashes))
			return NULL;
	}
	return e;
}

static int
level_of(enum token t)
{
	switch (t) {
	case TOK_OR: return 1;
	case TOK_AND: return 2;
	case TOK_EQ: case TOK_NE: return 3;
	case TOK_LT: case TOK_LE: case TOK_GT: case TOK_GE: return 4;
	case TOK_ADD: case TOK_SUB: return 5;
	case TOK_MUL: case TOK_DIV: case TOK_MOD: return 6;
	case TOK_UNION: return 8;
	default: return 0;
	}
}

/* A unary minus binds between the products and "|". */
static struct ast *
unary(struct parser *p, int level)
{
	struct ast *e;
	size_t at = p->x.start;

	if (p->x.token != TOK_SUB || level > 7)
		return path(p);
	if (!lex_next(&p->x))
		return NULL;
	e = node(p, AST_NEGATE, at);
	if (e == NULL)
		return NULL;
	e->a = expression(p, 7);
	return e->a != NULL ? e : NULL;
}

/* An expression of operators that bind tighter than LEVEL. */
static struct ast *
expression(struct parser *p, int level)
{
	struct ast *left, *e;
	size_t links = 0;

	if (++p->depth > p->max_depth) {
		p->too_deep = p->x.failed = true;
		return NULL;
	}
	left = unary(p, level);
	while (left != NULL && !p->x.failed && level_of(p->x.token) > level) {
		int mine = level_of(p->x.token);

		/* a long chain is a deep tree */
		if (p->depth + ++links > p->max_depth * 20) {
			p->too_deep = p->x.failed = true;
			return NULL;
		}
		e = node(p, AST_BINARY, p->x.start);
		if (e == NULL)
			return NULL;
		e->op = p->x.token;
		if (!lex_next(&p->x))
			return NULL;
		e->a = left;
		e->b = expression(p, mine);
		left = e->b != NULL ? e : NULL;
	}
	p->depth--;
	return p->x.failed ? NULL : left;
}

enum err_code
ast_parse(struct arena *arena, const char *text, size_t len, bool refs, const struct ast_limits *limits,
	struct ast **out, struct err *err)
{
	struct err mine = { 0 };
	size_t bytes = limits != NULL && limits->bytes != 0 ? limits->bytes : 16384;
	struct parser p = {
		.x = { .text = text, .len = len, .refs = refs, .err = err != NULL ? err : &mine },
		.arena = arena,
		.max_depth = limits != NULL && limits->depth != 0 ? limits->depth : 100,
	};
	struct ast *e;

	*out = NULL;
	if (len > bytes)
		return err_set(err, ERR_LIMIT, "an expression of %zu bytes: at most %zu (limit expr_bytes)", len, bytes);
	if (!lex_next(&p.x))
		return ERR_INPUT;
	if (p.x.token == TOK_END)
		return err_set(err, ERR_INPUT, "at character 1: the expression is empty");
	e = expression(&p, 0);
	if (e != NULL && p.x.token != TOK_END) {
		lex_error(&p.x, p.x.start, "an operator or the end is expected here");
		e = NULL;
	}
	if (e != NULL) {
		*out = e;
		return ERR_OK;
	}
	if (p.nomem)
		return err_nomem(err);
	if (p.too_deep)
		return err_set(err, ERR_LIMIT, "at character %zu: nested more than %zu deep (limit ast_depth)",
		    p.x.start + 1, p.max_depth);
	return ERR_INPUT;
}

/* --- writing it out --------------------------------------------------------------------------- */

static void
print_preds(const struct ast *list, struct buf *out)
{
	for (; list != NULL; list = list->next) {
		buf_putc(out, '[');
		ast_print(list, out);
		buf_putc(out, ']');
	}
}

static void
print_steps(const struct ast_step *s, struct buf *out)
{
	static const char *const axes[] = {
		"child", "descendant", "parent", "ancestor", "following-sibling", "preceding-sibling",
		"following", "preceding", "attribute", "namespace", "self", "descendant-or-self",
		"ancestor-or-self",
	};
	static const char *const tests[] = { "", "*", "node()", "text()", "comment()", "processing-instruction" };

	for (; s != NULL; s = s->next) {
		buf_printf(out, "%s::", axes[s->axis]);
		if (s->prefix != NULL)
			buf_printf(out, "%s:", s->prefix);
		if (s->test == TEST_NAME)
			buf_puts(out, s->name);
		else
			buf_puts(out, tests[s->test]);
		if (s->test == TEST_PI && s->name != NULL)
			buf_printf(out, strchr(s->name, '"') != NULL ? "('%s')" : "(\"%s\")", s->name);
		else if (s->test == TEST_PI)
			buf_puts(out, "()");
		print_preds(s->preds, out);
		if (s->next != NULL)
			buf_putc(out, '/');
	}
}

void
ast_print(const struct ast *e, struct buf *out)
{
	static const char *const ops[] = {
		[TOK_OR] = "or", [TOK_AND] = "and", [TOK_EQ] = "=", [TOK_NE] = "!=", [TOK_LT] = "<",
		[TOK_LE] = "<=", [TOK_GT] = ">", [TOK_GE] = ">=", [TOK_ADD] = "+", [TOK_SUB] = "-",
		[TOK_MUL] = "*", [TOK_DIV] = "div", [TOK_MOD] = "mod", [TOK_UNION] = "|",
	};

	switch (e->kind) {
	case AST_NUMBER:
		num_put(out, e->number);
		break;
	case AST_STRING:
		buf_putc(out, memchr(e->text, '"', e->len) != NULL ? '\'' : '"');
		buf_put(out, e->text, e->len);
		buf_putc(out, memchr(e->text, '"', e->len) != NULL ? '\'' : '"');
		break;
	case AST_REF:
		buf_printf(out, "${%s}", e->text);
		break;
	case AST_NEGATE:
		buf_puts(out, "(-");
		ast_print(e->a, out);
		buf_putc(out, ')');
		break;
	case AST_BINARY:
		buf_putc(out, '(');
		ast_print(e->a, out);
		buf_printf(out, " %s ", ops[e->op]);
		ast_print(e->b, out);
		buf_putc(out, ')');
		break;
	case AST_CALL:
		buf_printf(out, "%s(", e->text);
		for (const struct ast *a = e->a; a != NULL; a = a->next) {
			ast_print(a, out);
			if (a->next != NULL)
				buf_putc(out, ',');
		}
		buf_putc(out, ')');
		break;
	case AST_PATH:
		if (e->start == FROM_ROOT) {
			buf_putc(out, '/');
		} else if (e->start == FROM_EXPR) {
			buf_putc(out, '(');
			ast_print(e->a, out);
			buf_putc(out, ')');
			print_preds(e->preds, out);
			if (e->steps != NULL)
				buf_putc(out, '/');
		}
		print_steps(e->steps, out);
		break;
	}
}
