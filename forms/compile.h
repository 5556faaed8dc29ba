/* The compiler's own state, shared by compile.c and compile_path.c. */
#ifndef FORMS_COMPILE_H
#define FORMS_COMPILE_H

#include <stdarg.h>

#include "forms/dates.h"
#include "forms/eval.h"
#include "forms/model.h"

/* The form nodes a path can mean so far, as known when compiling. */
struct reach {
	uint32_t *nodes;
	uint32_t n, cap;
	uint32_t scope;		/* repeat whose current instance holds */
	bool elsewhere;		/* came through a predicate at a repeat */
	bool outside;		/* left the primary instance: nothing is known */
};

struct compiler {
	const struct scope *s;
	struct arena *arena;
	struct reads *reads;
	struct err *err;
	enum err_code rc;
	struct op *ops;
	uint32_t n_ops, cap_ops;
	size_t max_ops;
	struct constant *consts;
	uint32_t n_consts, cap_consts;
	struct regex **regexes;
	uint32_t n_regexes;
	bool is_volatile, reads_language, keeps_own;
	bool open;		/* the path's innermost repeat stays open */
	bool structure;		/* the path is counted */
	const struct reach *context;	/* of a predicate; NULL: the expression's own */
	size_t reached;		/* of the limit reach, by this expression */
};

/* Nodes looked at for a path, and compared with those known: a // in each of 20,000 questions would
 * take minutes. False: over the limit. */
bool compile_reached(struct compiler *c, size_t n);

bool compile_error(struct compiler *c, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool compile_nomem(struct compiler *c);
void compile_read(struct compiler *c, uint32_t node, uint32_t scope, bool elsewhere, bool structure);
uint32_t emit(struct compiler *c, enum op_code code, uint32_t a, uint32_t b);
uint32_t compile_text(struct compiler *c, const char *text, size_t len);
uint32_t compile_name(struct compiler *c, const char *name, const char *uri);
bool compile_expr(struct compiler *c, const struct ast *e);

/* compile_path.c */
bool compile_path(struct compiler *c, const struct ast *e);
bool compile_reference(struct compiler *c, const struct ast *e);
bool compile_current(struct compiler *c, const struct ast *e);
bool compile_instance(struct compiler *c, const struct ast *e);
bool compile_indexed(struct compiler *c, const struct ast *e);
bool compile_choice_name(struct compiler *c, const struct ast *e);
bool compile_pulldata(struct compiler *c, const struct ast *e);

#endif
