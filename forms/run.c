/* Programs run: a stack machine. Predicates are programs inside the program. See eval.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forms/model.h"
#include "forms/run_step.h"

enum { STACK = 256, DEPTH = 110 };

static bool run_ops(struct run *x, uint32_t pc, struct val *out);

bool
put_set(struct run *x, struct val *out, const struct nref *list, uint32_t n)
{
	struct nref *copy = scratch_get(x->scratch, (n + 1) * sizeof(*copy));

	if (copy == NULL)
		return run_no_room(x);
	if (n > 0)
		memcpy(copy, list, n * sizeof(*copy));
	*out = (struct val){ .kind = VAL_SET, .n = n, .u.set = copy };
	return true;
}

static bool
put_one(struct run *x, struct val *out, const struct tree *tree, uint32_t row)
{
	struct nref one = { tree, row };

	return put_set(x, out, &one, row != 0 ? 1 : 0);
}

/* --- predicates --------------------------------------------------------------------------------- */

/* Run the N predicates that follow PC over LIST (axis order), keeping what passes. */
bool
run_predicates(struct run *x, uint32_t pc, unsigned n, struct nref *list, uint32_t *count)
{
	struct nref node = x->node;
	uint32_t position = x->position, size = x->size;
	bool ok = true;

	for (unsigned k = 0; k < n && ok; k++) {
		uint32_t kept = 0, all = *count;

		for (uint32_t i = 0; i < all && ok; i++) {
			struct val v;
			bool keep;

			x->node = list[i];
			x->position = i + 1;
			x->size = all;
			ok = run_step(x, 1) && run_ops(x, pc + 1, &v);
			keep = ok && (v.kind == VAL_NUMBER ? v.u.num == i + 1 : val_bool(x, &v));
			ok = ok && x->rc == ERR_OK;
			if (keep)
				list[kept++] = list[i];
		}
		*count = kept;
		pc = x->program->ops[pc].a;
	}
	x->node = node;
	x->position = position;
	x->size = size;
	return ok;
}

static uint32_t
after_predicates(const struct run *x, uint32_t pc, unsigned n)
{
	while (n-- > 0)
		pc = x->program->ops[pc].a;
	return pc;
}

/* --- nodes of the form ----------------------------------------------------------------------------- */

static bool
collect(void *arg, uint32_t row)
{
	struct nlist *l = arg;

	if ((l->x->main->rows[row].flags & ROW_UNSEEN) != 0)
		return true;
	return nlist_add(l, (struct nref){ l->x->main, row });
}

static bool
form_nodes(struct run *x, const struct op *op, struct val *out)
{
	const struct form *f = x->form;
	const struct tree *t = x->main;
	uint32_t base = op->b == 0 ? 1 : block_of(t, f, x->current.row, op->b);
	struct nlist l = { .x = x };

	if (base == 0)
		return put_set(x, out, NULL, 0);
	if (f->nodes[op->a].repeat == op->b || op->a == op->b) {
		uint32_t row = op->a == op->b && op->b != 0 ? base : block_row(f, base, op->a);

		if (row != x->current.row && (t->rows[row].flags & ROW_UNSEEN) != 0 && !is_above(t, row, x->current.row))
			row = 0;
		return put_one(x, out, t, row);
	}
	if (!block_each(t, f, base, op->b, op->a, collect, &l))
		return run_no_room(x);
	*out = (struct val){ .kind = VAL_SET, .n = l.n, .u.set = l.list };
	return true;
}

/* indexed-repeat: N numbers on the stack at ARGS, their repeats in the N ops after PC. */
static bool
indexed(struct run *x, const struct op *op, const struct val *args, struct val *out)
{
	const struct form *f = x->form;
	const struct tree *t = x->main;
	uint32_t chain[64], depth = 0, base, r;

	for (r = f->nodes[op->a].repeat; r != op->b && depth < ARRAY_LEN(chain); r = f->nodes[f->nodes[r].parent].repeat)
		chain[depth++] = r;
	base = op->b == 0 ? 1 : block_of(t, f, x->current.row, op->b);
	while (depth > 0 && base != 0) {
		uint32_t i = 0, at;
		double want = 1;

		r = chain[--depth];
		at = head_first(t, base + f->nodes[r].head);
		for (i = 0; i < op->n; i++)
			if (op[1 + i].a == r) {
				want = val_number(x, &args[i]);
				break;
			}
		if (!(want >= 1))
			at = 0;
		for (want = floor(want); at != 0 && want > 1; want--) {
			at = instance_next(t, at);
			if (!run_step(x, 1))
				return false;
		}
		base = at;
	}
	if (base != 0)
		base = block_row(f, base, op->a);
	if (base != 0 && base != x->current.row && (t->rows[base].flags & ROW_UNSEEN) != 0)
		base = 0;
	return put_one(x, out, t, base);
}

/* --- choice filters --------------------------------------------------------------------------------- */

static bool
probe_text(struct run *x, const struct op *op, const struct val *v, struct nlist *l)
{
	const struct probe_index *p = &x->form->probes[op->a];
	const struct tree *t = &x->form->secondary[p->instance].tree;
	uint32_t at = 0, next;

	for (at = probe_find(x->form, op->a, v->u.s, v->n, &next); at != 0; at = next) {
		uint32_t row = p->entries[at - 1].row;

		next = p->entries[at - 1].next;
		if (!run_step(x, 1))
			return false;
		if (tree_is(t, p->entries[at - 1].child, v->u.s, v->n)
		    && (l->n == 0 || l->list[l->n - 1].row != row) && !nlist_add(l, (struct nref){ t, row }))
			return false;
	}
	return true;
}

static bool
probe(struct run *x, uint32_t pc, const struct op *op, const struct val *v, struct val *out)
{
	const struct probe_index *p = &x->form->probes[op->a];
	const struct tree *t = &x->form->secondary[p->instance].tree;
	struct nlist l = { .x = x };
	struct val s;
	uint32_t sources = 1;

	if (v->kind == VAL_NUMBER || v->kind == VAL_BOOL) {
		/* no text to look for: compare each */
		for (uint32_t i = 0; i < p->n_entries; i++) {
			struct nref child = { t, p->entries[i].child };
			struct val set = { .kind = VAL_SET, .n = 1, .u.set = &child };

			if (!run_step(x, 1))
				return false;
			if (compare(x, OP_EQ, &set, v) && (l.n == 0 || l.list[l.n - 1].row != p->entries[i].row)
			    && !nlist_add(&l, (struct nref){ t, p->entries[i].row }))
				return false;
		}
	} else if (v->kind == VAL_SET) {
		sources = v->n;
		for (uint32_t i = 0; i < v->n; i++)
			if (!node_string(x, v->u.set[i], &s) || !probe_text(x, op, &s, &l))
				return false;
	} else if (!val_string(x, v, &s) || !probe_text(x, op, &s, &l)) {
		return false;
	}
	*out = (struct val){ .kind = VAL_SET, .n = l.n, .u.set = l.list };
	if (sources > 1 && !set_sort(x, out))
		return false;
	return run_predicates(x, pc + 1, op->n, l.list, &out->n);
}

/* --- the machine ----------------------------------------------------------------------------------- */

static bool
arithmetic(struct run *x, enum op_code code, struct val *a, const struct val *b)
{
	double l = val_number(x, a), r = val_number(x, b), v = 0;

	switch (code) {
	case OP_ADD: v = l + r; break;
	case OP_SUB: v = l - r; break;
	case OP_MUL: v = l * r; break;
	case OP_DIV: v = l / r; break;
	default: v = fmod(l, r); break;
	}
	put_number(a, v);
	return true;
}

static bool
is_empty(struct run *x, const struct val *v)
{
	struct val s;

	if (v->kind == VAL_NUMBER)
		return isnan(v->u.num);
	if (v->kind == VAL_BAD_DATE)
		return true;
	if (v->kind == VAL_STRING || v->kind == VAL_SET)
		return !val_string(x, v, &s) || s.n == 0;
	return false;
}

static bool
make_union(struct run *x, struct val *a, const struct val *b)
{
	struct nlist l = { .x = x };

	if (a->kind != VAL_SET || b->kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "\"|\" joins paths only");
	for (uint32_t i = 0; i < a->n; i++)
		if (!nlist_add(&l, a->u.set[i]))
			return false;
	for (uint32_t i = 0; i < b->n; i++)
		if (!nlist_add(&l, b->u.set[i]))
			return false;
	*a = (struct val){ .kind = VAL_SET, .n = l.n, .u.set = l.list };
	return set_sort(x, a);
}

static bool
own_value(struct run *x, struct val *out)
{
	struct nref one = { x->current.tree, x->current.row };

	return node_string(x, one, out);
}

static bool
filter(struct run *x, uint32_t pc, const struct op *op, struct val *v)
{
	struct nref *list;

	if (v->kind != VAL_SET)
		return run_fail(x, ERR_INPUT, "a predicate needs a path before it");
	list = scratch_get(x->scratch, (v->n + 1) * sizeof(*list));
	if (list == NULL)
		return run_no_room(x);
	if (v->n > 0)
		memcpy(list, v->u.set, v->n * sizeof(*list));
	v->u.set = list;
	return run_predicates(x, pc + 1, op->n, list, &v->n);
}

static bool
call(struct run *x, const struct op *op, struct val *args, struct val *out)
{
	const struct fn *f = fn_at(op->a);

	x->op = op;
	return run_step(x, 1) && f->call(x, args, op->n, out) && x->rc == ERR_OK;
}

static bool
run_loop(struct run *x, uint32_t pc, struct val *stack, struct val *out)
{
	const struct program *p = x->program;
	unsigned n = 0;
	struct val v;

	for (;; pc++) {
		const struct op *op = &p->ops[pc];

		if (!run_step(x, 1))
			return false;
		if (n + 2 > STACK)
			return run_fail(x, ERR_LIMIT, "the expression is too deep");
		switch ((enum op_code)op->code) {
		case OP_NUMBER:
			put_number(&stack[n++], p->consts[op->a].number);
			break;
		case OP_STRING:
			stack[n++] = (struct val){ .kind = VAL_STRING, .n = p->consts[op->a].len,
			    .u.s = p->consts[op->a].text };
			break;
		case OP_CALL:
			n -= op->n;
			if (!call(x, op, &stack[n], &v))
				return false;
			stack[n++] = v;
			break;
		case OP_NEGATE:
			put_number(&stack[n - 1], -val_number(x, &stack[n - 1]));
			break;
		case OP_ADD: case OP_SUB: case OP_MUL: case OP_DIV: case OP_MOD:
			n--;
			arithmetic(x, (enum op_code)op->code, &stack[n - 1], &stack[n]);
			break;
		case OP_EQ: case OP_NE: case OP_LT: case OP_LE: case OP_GT: case OP_GE:
			n--;
			put_bool(&stack[n - 1], compare(x, (enum op_code)op->code, &stack[n - 1], &stack[n]));
			if (x->rc != ERR_OK)
				return false;
			break;
		case OP_UNION:
			n--;
			if (!make_union(x, &stack[n - 1], &stack[n]))
				return false;
			break;
		case OP_BOOL:
			put_bool(&stack[n - 1], val_bool(x, &stack[n - 1]));
			break;
		case OP_AND:
		case OP_OR:
			if (val_bool(x, &stack[n - 1]) == (op->code == OP_OR)) {
				put_bool(&stack[n - 1], op->code == OP_OR);
				pc = op->a - 1;
			} else {
				n--;
			}
			break;
		case OP_JUMP:
			pc = op->a - 1;
			break;
		case OP_UNLESS:
			if (!val_bool(x, &stack[--n]))
				pc = op->a - 1;
			break;
		case OP_UNLESS_EMPTY:
			if (!is_empty(x, &stack[n - 1]))
				pc = op->a - 1;
			else
				n--;
			if (x->rc != ERR_OK)
				return false;
			break;
		case OP_ONCE:
			if (!own_value(x, &v))
				return false;
			if (v.n > 0) {
				stack[n++] = v;
				pc = op->a - 1;
			}
			break;
		case OP_CONTEXT:
		case OP_CURRENT: {
			struct nref at = op->code == OP_CONTEXT ? x->node : x->current;

			if (!put_one(x, &stack[n++], at.tree, at.row))
				return false;
			break;
		}
		case OP_ROOT:
			if (!put_one(x, &stack[n++], x->node.tree, x->node.tree == x->main ? x->root : 1))
				return false;
			break;
		case OP_INSTANCE:
			if (!put_one(x, &stack[n++], x->secondary[op->a], 1))
				return false;
			break;
		case OP_NODE:
		case OP_NODE_UP:
			if (!form_nodes(x, op, &stack[n++]))
				return false;
			break;
		case OP_STEP:
			if (!step_run(x, pc, op, &stack[n - 1]))
				return false;
			pc = after_predicates(x, pc + 1, op->n) - 1;
			break;
		case OP_FILTER:
			if (!filter(x, pc, op, &stack[n - 1]))
				return false;
			pc = after_predicates(x, pc + 1, op->n) - 1;
			break;
		case OP_PROBE:
			if (!probe(x, pc, op, &stack[n - 1], &v))
				return false;
			stack[n - 1] = v;
			pc = after_predicates(x, pc + 1, op->n) - 1;
			break;
		case OP_FACT: {
			const char *s = facts_get(x->facts, p->consts[op->a].text);

			stack[n++] = (struct val){ .kind = VAL_STRING, .n = (uint32_t)strlen(s), .u.s = s };
			break;
		}
		case OP_INDEXED:
			n -= op->n;
			if (!indexed(x, op, &stack[n], &v))
				return false;
			stack[n++] = v;
			pc += op->n;
			break;
		case OP_CHOICE_NAME: {
			struct val s;

			if (!val_string(x, &stack[n - 1], &s))
				return false;
			if (!choice_label(x, op->a, s.u.s, s.n, &stack[n - 1]))
				stack[n - 1] = (struct val){ .kind = VAL_STRING, .n = 0, .u.s = "" };
			if (x->rc != ERR_OK)
				return false;
			break;
		}
		case OP_TABLE:
			if (!table_lookup(x, op, &stack[n - 1]))
				return false;
			pc++;
			break;
		case OP_FAIL:
			return run_fail(x, ERR_INPUT, "%s", p->consts[op->a].text);
		case OP_END:
			*out = stack[n - 1];
			return true;
		}
	}
}

/* The stack is small for most programs; predicates get their own. */
static bool
run_ops(struct run *x, uint32_t pc, struct val *out)
{
	struct val stack[STACK / 8], *big;
	bool ok;

	if (++x->depth > DEPTH)
		return run_fail(x, ERR_LIMIT, "the expression is too deep");
	if (x->program->n < STACK / 8) {
		ok = run_loop(x, pc, stack, out);
	} else {
		big = scratch_get(x->scratch, STACK * sizeof(*big));
		ok = big != NULL ? run_loop(x, pc, big, out) : run_no_room(x);
	}
	x->depth--;
	return ok;
}

enum err_code
program_run(struct run *x, const struct program *p, struct nref node, struct val *out, struct err *err)
{
	const struct program *was = x->program;
	struct nref n = x->node, c = x->current;
	struct err *e = x->err;
	uint32_t position = x->position, size = x->size;
	unsigned depth = x->depth;
	struct err mine;

	x->program = p;
	x->node = x->current = node;
	x->position = x->size = 1;
	x->err = err != NULL ? err : &mine;
	x->rc = ERR_OK;
	if (!run_ops(x, 0, out) && x->rc == ERR_OK)
		x->rc = err_set(x->err, ERR_BROKEN, "an expression gave no value");
	x->program = was;
	x->node = n;
	x->current = c;
	x->position = position;
	x->size = size;
	x->depth = depth;
	x->err = e;
	return x->rc;
}
