/* The expression language read: tokens, and the tree they make. XPath 1.0's grammar, plus ${name} where
 * indicators ask for it. Trees live in the caller's arena. */
#ifndef FORMS_AST_H
#define FORMS_AST_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum token {
	TOK_END, TOK_NUMBER, TOK_STRING, TOK_NAME, TOK_REF, TOK_LPAREN, TOK_RPAREN, TOK_LBRACKET, TOK_RBRACKET,
	TOK_COMMA, TOK_AT, TOK_AXIS, TOK_DOT, TOK_DOTDOT, TOK_SLASH, TOK_SLASHES, TOK_STAR,
	/* operators */
	TOK_OR, TOK_AND, TOK_EQ, TOK_NE, TOK_LT, TOK_LE, TOK_GT, TOK_GE, TOK_ADD, TOK_SUB, TOK_MUL, TOK_DIV,
	TOK_MOD, TOK_UNION,
};

struct lexer {
	const char *text;
	size_t len, at;
	bool refs;		/* ${name} allowed */
	/* the token */
	enum token token, previous;
	size_t start;		/* offset of the token */
	const char *word;	/* TOK_NAME, TOK_REF, TOK_AXIS, TOK_STRING: its text; TOK_NAME may be "p:n", "p:*" */
	size_t word_len;
	double number;
	struct err *err;
	bool failed;
};

/* Move to the next token. False (and *ERR set) at something that is none. */
bool lex_next(struct lexer *x);
/* "unexpected 'word' at 12" into ERR; always false. */
bool lex_error(struct lexer *x, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);

enum axis {
	AXIS_CHILD, AXIS_DESCENDANT, AXIS_PARENT, AXIS_ANCESTOR, AXIS_FOLLOWING_SIBLING, AXIS_PRECEDING_SIBLING,
	AXIS_FOLLOWING, AXIS_PRECEDING, AXIS_ATTRIBUTE, AXIS_NAMESPACE, AXIS_SELF, AXIS_DESCENDANT_OR_SELF,
	AXIS_ANCESTOR_OR_SELF,
};
enum test { TEST_NAME, TEST_ANY, TEST_NODE, TEST_TEXT, TEST_COMMENT, TEST_PI };

struct ast;
struct ast_step {
	enum axis axis;
	enum test test;
	const char *name;	/* TEST_NAME: local part; TEST_ANY: NULL; TEST_PI: target or NULL */
	const char *prefix;	/* or NULL */
	struct ast *preds;	/* by next */
	struct ast_step *next;
	size_t at;
};

enum ast_kind { AST_NUMBER, AST_STRING, AST_BINARY, AST_NEGATE, AST_CALL, AST_PATH, AST_REF };
enum path_start { FROM_CONTEXT, FROM_ROOT, FROM_EXPR };

struct ast {
	enum ast_kind kind;
	size_t at;		/* offset in the text */
	struct ast *next;	/* among arguments, predicates */
	double number;
	const char *text;	/* AST_STRING, AST_CALL (name), AST_REF */
	size_t len;
	enum token op;
	struct ast *a, *b;	/* operands; AST_PATH FROM_EXPR: a; AST_CALL: a = first argument */
	unsigned n;		/* arguments */
	enum path_start start;
	struct ast *preds;	/* of the FROM_EXPR expression itself */
	struct ast_step *steps;
};

struct ast_limits { size_t bytes, depth; };	/* 0: 16 KiB, 100 */

/* Read TEXT. ERR_INPUT "at N: ...", ERR_LIMIT, ERR_NOMEM. *OUT lives in ARENA. */
enum err_code ast_parse(struct arena *arena, const char *text, size_t len, bool refs,
	const struct ast_limits *limits, struct ast **out, struct err *err) MUST_CHECK;
/* Is there a function called as CALL, an AST_CALL? If not, *NEAR is one that may be meant, or NULL. */
bool ast_known(const struct ast *call, const char **near);
/* May argument I of CALL, an AST_CALL, be several nodes (as sum() takes them), or is one value needed? */
bool ast_takes_set(const struct ast *call, unsigned i);
/* Write it out again, fully bracketed: reads back to an equal tree. */
void ast_print(const struct ast *e, struct buf *out);

#endif
