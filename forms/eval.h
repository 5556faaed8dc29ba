/* Expressions compiled and run. A program is flat code for a small stack machine; it is immutable and
 * shared; what one run needs is in a struct run. Values follow forms.md 3.3. */
#ifndef FORMS_EVAL_H
#define FORMS_EVAL_H

#include <stdint.h>

#include "forms/ast.h"
#include "forms/form.h"
#include "forms/session.h"
#include "forms/tree.h"

/* --- values ------------------------------------------------------------------------------------ */

struct nref { const struct tree *tree; uint32_t row; };

enum val_kind { VAL_BOOL, VAL_NUMBER, VAL_STRING, VAL_DATE, VAL_DATETIME, VAL_BAD_DATE, VAL_SET };

struct val {
	enum val_kind kind;
	bool b;
	bool shuffled;		/* VAL_SET: not in document order, on purpose */
	uint32_t n;		/* VAL_STRING: bytes; VAL_SET: nodes */
	union {
		double num;
		const char *s;		/* N bytes, no NUL promised: in the tree, the program or the scratch */
		int64_t day;		/* VAL_DATE: days since 1970-01-01 */
		struct { int64_t ms; int32_t offset; } dt;
		const struct nref *set;
	} u;
};

/* --- programs ---------------------------------------------------------------------------------- */

enum op_code {
	OP_NUMBER, OP_STRING, OP_CALL, OP_NEGATE, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD, OP_EQ, OP_NE, OP_LT,
	OP_LE, OP_GT, OP_GE, OP_UNION, OP_BOOL, OP_AND, OP_OR, OP_JUMP, OP_UNLESS, OP_UNLESS_EMPTY, OP_ONCE,
	OP_CONTEXT, OP_CURRENT, OP_ROOT, OP_INSTANCE, OP_NODE, OP_NODE_UP, OP_STEP, OP_FILTER, OP_PROBE, OP_FACT,
	OP_INDEXED, OP_CHOICE_NAME, OP_TABLE, OP_FAIL, OP_END,
};

struct op {
	uint8_t code;
	uint8_t axis, test;	/* OP_STEP */
	uint8_t n;		/* arguments of OP_CALL; predicates after OP_STEP, OP_FILTER, OP_PROBE */
	uint32_t a;		/* constant, function, node, jump target, name, instance, index */
	uint32_t b;		/* OP_NODE: repeat whose current instance holds; OP_STEP: namespace */
};

struct constant { double number; const char *text; uint32_t len; };

struct program {
	struct op *ops;
	uint32_t n;
	struct constant *consts;
	uint32_t n_consts;
	struct regex **regexes;	/* compiled literals of regex() */
	const char *source;
	uint32_t id;		/* of the form: seeds random() */
	bool is_volatile;	/* reads the clock or chance */
	bool reads_language;
	bool keeps_own;		/* has once() */
};

/* What a program reads, for the dependency graph. */
struct read {
	uint32_t node;		/* form node */
	uint32_t scope;		/* repeat whose current instance is meant; 0: the whole form */
	bool elsewhere;		/* through a predicate at a repeat: perhaps another instance */
	bool structure;		/* number and order of the instances of NODE */
};
struct reads { struct read *list; size_t n, cap; bool failed; };
void reads_clear(struct reads *r);

struct ns_map { const char *prefix, *uri; };

/* A hash index over the items of a secondary instance by one of their children. */
struct probe_index;

/* Where an expression stands. */
struct scope {
	struct form *form;		/* NULL: any XML (the vectors) */
	const struct form *fixed;	/* the same form where it may not gain names or indexes (indicators) */
	struct names *names;		/* where FORM is NULL */
	uint32_t node;			/* form node of the context */
	const struct ns_map *ns;	/* FORM NULL: prefixes, NULL-ended */
	const char *default_ns;		/* FORM NULL: of names without prefix; NULL: none */
	bool refs;			/* ${name} */
	bool pure;			/* refuse today, now, random, uuid, once, randomize */
	const char *const *facts;	/* names for ${_name}; NULL: any */
	const char *const *tables;	/* for pulldata: names; NULL: secondary instances */
	size_t n_tables;
	bool own_allowed;		/* constraint: reading itself is no cycle (for messages only) */
	struct ast_limits limits;
	size_t max_ops;			/* 0: 4096 */
};

/* Compile into ARENA. READS may be NULL. ERR_INPUT "at character N: ...", ERR_LIMIT, ERR_NOMEM. The
 * program's regexes are freed with program_clear. */
enum err_code program_compile(struct arena *arena, const struct scope *scope, const char *text, size_t len,
	struct program **out, struct reads *reads, struct err *err) MUST_CHECK;
void program_clear(struct program *p);

/* --- running ----------------------------------------------------------------------------------- */

struct chunk;
struct scratch { struct chunk *head; size_t used, max; bool failed; /* malloc did */ };
void scratch_init(struct scratch *s, size_t max);
/* NULL when over max or out of memory. Aligned to 8, not zeroed. */
void *scratch_get(struct scratch *s, size_t n);
/* Forget everything (wiped), keep one piece. */
void scratch_reset(struct scratch *s);
void scratch_clear(struct scratch *s);

struct session;
struct facts;
struct run {
	/* set by the caller */
	const struct form *form;
	const struct tree *main;	/* the primary instance, or the only document */
	uint32_t root;			/* row that "/" means */
	struct session *session;	/* NULL outside sessions */
	const struct session_env *env;
	const struct zone *zone;
	size_t language;
	struct scratch *scratch;
	uint64_t steps, max_steps;
	size_t max_string;
	const struct facts *facts;
	const struct expr_table *tables;	/* for pulldata in indicators */
	const struct tree *const *secondary;	/* of the form, or of the vectors */
	uint64_t seed;			/* of random() in this session */
	/* of the run */
	const struct program *program;
	const struct op *op;		/* the call that is running */
	struct nref node, current;
	uint32_t position, size;
	unsigned depth;
	struct err *err;
	enum err_code rc;
	/* vectors: jr:itext and instance() over a document */
	bool (*itext)(struct run *x, const char *id, struct val *out);
	bool (*instance)(struct run *x, const char *id, struct val *out);
};

/* Run P with ROW of MAIN (or NODE) as context. ERR_INPUT: a value the language forbids (the message says
 * which); ERR_LIMIT; ERR_NOMEM. *OUT is good until the scratch is reset or the tree changes. */
enum err_code program_run(struct run *x, const struct program *p, struct nref node, struct val *out,
	struct err *err) MUST_CHECK;

/* --- values, for functions and callers ----------------------------------------------------------- */

bool val_bool(struct run *x, const struct val *v);
double val_number(struct run *x, const struct val *v);
/* Text of V as VAL_STRING; false when out of scratch (X's rc is set). */
bool val_string(struct run *x, const struct val *v, struct val *out);
double text_number(const struct zone *zone, const char *s, size_t n);
void number_text(double v, char text[400]);
/* Text of one node. */
bool node_string(struct run *x, struct nref node, struct val *out);
/* Is it a date, a date-time? Text and nodes are read. */
bool val_instant(struct run *x, const struct val *v, bool *is_day, int64_t *day, int64_t *ms, int32_t *offset);
/* scratch_get gave nothing: ERR_LIMIT or ERR_NOMEM. */
bool run_no_room(struct run *x);
bool run_fail(struct run *x, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool run_step(struct run *x, uint64_t n);
bool put_text(struct run *x, struct val *out, const char *s, size_t n);	/* copies */
/* The text of B if OK and no append to it failed. Frees B. */
bool put_buf(struct run *x, struct val *out, struct buf *b, bool ok);
void put_number(struct val *out, double v);
void put_bool(struct val *out, bool v);
bool compare(struct run *x, enum op_code op, const struct val *a, const struct val *b);
/* Document order within trees; sets of several trees by tree. */
int nref_order(const struct nref *a, const struct nref *b);
bool set_sort(struct run *x, struct val *v);

/* --- functions --------------------------------------------------------------------------------- */

enum fn_flag {
	FN_VOLATILE = 1,	/* clock or chance */
	FN_LANGUAGE = 2,
	FN_SETS = 4,		/* its path arguments stay open at the innermost repeat */
	FN_REFUSED = 8,
	FN_PURE_REFUSED = 16,	/* not in indicators */
	FN_STRUCTURE = 32,	/* position(node), count: reads the number of instances */
};

struct fn {
	const char *name;
	int min, max;		/* -1: any number */
	unsigned flags;
	bool (*call)(struct run *x, struct val *args, unsigned n, struct val *out);
	const char *sets;	/* 'n' at the places of arguments that must be node-sets */
};

const struct fn *fn_find(const char *name, size_t len);
/* The one whose name is nearest, or NULL. */
const char *fn_near(const char *name);
uint32_t fn_index(const struct fn *f);
const struct fn *fn_at(uint32_t i);
/* The tables of functions_*.c, each ended by a NULL name. */
extern const struct fn fn_text_table[], fn_number_table[], fn_set_table[], fn_date_table[];
uint64_t run_chance(struct run *x);
void uuid_text(unsigned char b[16], char text[40]);

/* Regular expressions (regex.c). */
struct regex;
enum err_code regex_compile(const char *pattern, size_t len, struct regex **out, struct err *err) MUST_CHECK;
void regex_free(struct regex *r);
/* 1 found, 0 not, -1 over the limits, -2 out of memory. */
int regex_search(const struct regex *r, const char *text, size_t len);

/* Values that stand in no document: ${_name}. */
struct fact { const char *name, *value; };
const char *facts_get(const struct facts *f, const char *name);

/* Secondary instances (secondary.c). */
uint32_t probe_find(const struct form *form, uint32_t index, const char *text, size_t len, uint32_t *next);

/* Labels that expressions need (form_text.c): false when there is none. */
bool itext_string(struct run *x, const char *id, size_t len, struct val *out);
/* The label of VALUE among the choices of form node NODE. */
bool choice_label(struct run *x, uint32_t node, const char *value, size_t len, struct val *out);

#endif
