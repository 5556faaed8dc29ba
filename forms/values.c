/* Values and their conversions: forms.md 3.3, XPath 1.0 section 4. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/dates.h"
#include "forms/eval.h"
#include "forms/model.h"

/* --- scratch memory -------------------------------------------------------------------------- */

struct chunk { struct chunk *next; size_t cap, used; char data[]; };

enum { CHUNK = 8192 };

void
scratch_init(struct scratch *s, size_t max)
{
	s->head = NULL;
	s->used = 0;
	s->max = max;
	s->failed = false;
}

void *
scratch_get(struct scratch *s, size_t n)
{
	struct chunk *c = s->head;
	size_t cap;

	if (n > s->max || s->used > s->max - n)
		return NULL;
	n = (n + 7) & ~(size_t)7;
	if (c == NULL || c->cap - c->used < n) {
		cap = n > CHUNK ? n : CHUNK;
		if (c != NULL && cap < c->cap * 2 && c->cap < ((size_t)1 << 20))
			cap = c->cap * 2;
		c = malloc(sizeof(*c) + cap);
		if (c == NULL) {
			s->failed = true;
			return NULL;
		}
		c->cap = cap;
		c->used = 0;
		c->next = s->head;
		s->head = c;
	}
	c->used += n;
	s->used += n;
	return c->data + c->used - n;
}

void
scratch_reset(struct scratch *s)
{
	s->failed = false;
	while (s->head != NULL && s->head->next != NULL) {
		struct chunk *c = s->head;

		s->head = c->next;
		wipe(c->data, c->used);
		free(c);
	}
	if (s->head != NULL) {
		wipe(s->head->data, s->head->used);
		s->head->used = 0;
	}
	s->used = 0;
}

void
scratch_clear(struct scratch *s)
{
	scratch_reset(s);
	free(s->head);
	s->head = NULL;
}

/* --- failing --------------------------------------------------------------------------------- */

bool
run_fail(struct run *x, enum err_code code, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	if (x->rc != ERR_OK)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	x->rc = err_set(x->err, code, "%s", text);
	return false;
}

bool
run_no_room(struct run *x)
{
	if (x->scratch->failed)
		return run_fail(x, ERR_NOMEM, "out of memory");
	return run_fail(x, ERR_LIMIT, "too much memory for one answer (limit memory)");
}

bool
run_step(struct run *x, uint64_t n)
{
	x->steps += n;
	if (x->steps <= x->max_steps)
		return true;
	return run_fail(x, ERR_LIMIT, "more than %llu steps for one answer (limit steps)",
	    (unsigned long long)x->max_steps);
}

/* --- making ---------------------------------------------------------------------------------- */

bool
put_text(struct run *x, struct val *out, const char *s, size_t n)
{
	char *copy;

	if (n > x->max_string)
		return run_fail(x, ERR_LIMIT, "a text of %zu bytes: at most %zu (limit string_bytes)", n, x->max_string);
	copy = scratch_get(x->scratch, n + 1);
	if (copy == NULL)
		return run_no_room(x);
	if (n > 0)
		memcpy(copy, s, n);
	copy[n] = '\0';
	*out = (struct val){ .kind = VAL_STRING, .n = (uint32_t)n, .u.s = copy };
	return true;
}

bool
put_buf(struct run *x, struct val *out, struct buf *b, bool ok)
{
	if (ok && b->failed == ERR_NOMEM)
		ok = run_fail(x, ERR_NOMEM, "out of memory");
	if (ok && b->failed != ERR_OK)
		ok = run_fail(x, ERR_LIMIT, "a text over %zu bytes (limit string_bytes)", x->max_string);
	ok = ok && put_text(x, out, buf_str(b), b->len);
	buf_free(b);
	return ok;
}

void
put_number(struct val *out, double v)
{
	*out = (struct val){ .kind = VAL_NUMBER, .u.num = v };
}

void
put_bool(struct val *out, bool v)
{
	*out = (struct val){ .kind = VAL_BOOL, .b = v };
}

/* --- numbers and text ------------------------------------------------------------------------ */

/* Shortest digits that read back, never with an exponent. */
void
number_text(double v, char text[400])
{
	char e[40], digits[24];
	int exp, n = 0, at = 0;
	const char *p;

	if (isnan(v) || isinf(v)) {
		snprintf(text, 400, "%s", isnan(v) ? "NaN" : v < 0 ? "-Infinity" : "Infinity");
		return;
	}
	if (v == 0) {
		snprintf(text, 400, "0");
		return;
	}
	if (fabs(v) < 1e15 && v == (double)(int64_t)v) {
		snprintf(text, 400, "%lld", (long long)v);
		return;
	}
	for (int prec = 14; prec <= 16; prec++) {
		snprintf(e, sizeof(e), "%.*e", prec, v);
		if (strtod(e, NULL) == v)
			break;
	}
	p = e;
	if (*p == '-')
		text[at++] = *p++;
	for (; *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	exp = atoi(p + 1);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	if (exp < 0) {
		text[at++] = '0';
		text[at++] = '.';
		for (int i = -1; i > exp; i--)
			text[at++] = '0';
	}
	for (int i = 0; i < n || i <= exp; i++) {
		if (exp >= 0 && i == exp + 1)
			text[at++] = '.';
		text[at++] = i < n ? digits[i] : '0';
	}
	text[at] = '\0';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* XPath 1.0's Number with an optional minus; else a date or date-time; else NaN. */
double
text_number(const struct zone *zone, const char *s, size_t n)
{
	size_t i, digits = 0;
	int64_t day, ms;
	int32_t offset;

	while (n > 0 && is_blank(s[0])) {
		s++;
		n--;
	}
	while (n > 0 && is_blank(s[n - 1]))
		n--;
	i = n > 0 && s[0] == '-' ? 1 : 0;
	if (n - i < 16) {
		int64_t v = 0;

		for (; i < n && s[i] >= '0' && s[i] <= '9'; i++, digits++)
			v = v * 10 + (s[i] - '0');
		if (i == n && digits > 0)
			return s[0] == '-' ? -(double)v : (double)v;
	}
	for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
		digits++;
	if (i < n && s[i] == '.')
		for (i++; i < n && s[i] >= '0' && s[i] <= '9'; i++)
			digits++;
	if (i == n && digits > 0 && n < 400) {
		char tmp[400];

		memcpy(tmp, s, n);
		tmp[n] = '\0';
		return strtod(tmp, NULL);
	}
	if (n >= 8 && n < 40 && s[4] == '-') {
		if (date_parse(s, n, &day))
			return (double)day;
		if (datetime_parse(s, n, zone, &ms, &offset))
			return (double)ms / DAY_MS;
	}
	return NAN;
}

/* --- nodes ----------------------------------------------------------------------------------- */

/* Text of an element with children: all texts below it, in order. */
static bool
gather(struct run *x, const struct tree *t, uint32_t row, char *to, size_t *len)
{
	for (uint32_t c = t->rows[row].first; c != 0; c = t->rows[c].next) {
		const struct row *r = &t->rows[c];

		if (!run_step(x, 1))
			return false;
		if (r->kind == ROW_TEXT || (r->kind == ROW_ELEMENT && r->first == 0)) {
			if (t->form != NULL && (r->flags & ROW_UNSEEN) != 0)
				continue;
			if (to != NULL)
				memcpy(to + *len, tree_text(t, c), r->len);
			*len += r->len;
		} else if (r->kind == ROW_ELEMENT && !gather(x, t, c, to, len)) {
			return false;
		}
	}
	return true;
}

bool
node_string(struct run *x, struct nref node, struct val *out)
{
	const struct tree *t = node.tree;
	const struct row *r = &t->rows[node.row];
	size_t len = 0;
	char *s;

	if (r->first == 0 || (r->kind != ROW_ELEMENT && r->kind != ROW_DOCUMENT)) {
		/* values are not NUL-terminated in the tree: callers use N */
		*out = (struct val){ .kind = VAL_STRING, .n = r->kind == ROW_HEAD ? 0 : r->len,
		    .u.s = r->kind == ROW_HEAD ? "" : tree_text(t, node.row) };
		return true;
	}
	if (!gather(x, t, node.row, NULL, &len))
		return false;
	if (len > x->max_string)
		return run_fail(x, ERR_LIMIT, "a text of %zu bytes: at most %zu (limit string_bytes)", len, x->max_string);
	s = scratch_get(x->scratch, len + 1);
	if (s == NULL)
		return run_no_room(x);
	len = 0;
	if (!gather(x, t, node.row, s, &len))
		return false;
	s[len] = '\0';
	*out = (struct val){ .kind = VAL_STRING, .n = (uint32_t)len, .u.s = s };
	return true;
}

/* --- conversions ------------------------------------------------------------------------------ */

bool
val_bool(struct run *x, const struct val *v)
{
	(void)x;
	switch (v->kind) {
	case VAL_BOOL: return v->b;
	case VAL_NUMBER: return v->u.num != 0 && !isnan(v->u.num);
	case VAL_STRING: return v->n > 0;
	case VAL_DATE:
	case VAL_DATETIME: return true;
	case VAL_BAD_DATE: return false;
	case VAL_SET: return v->n > 0;
	}
	return false;
}

static bool
is_boolean_node(struct nref n)
{
	return n.tree->form->nodes[n.tree->rows[n.row].node].type == TYPE_BOOLEAN;
}

double
val_number(struct run *x, const struct val *v)
{
	struct val s;

	switch (v->kind) {
	case VAL_BOOL: return v->b ? 1 : 0;
	case VAL_NUMBER: return v->u.num;
	case VAL_STRING: return text_number(x->zone, v->u.s, v->n);
	case VAL_DATE: return (double)v->u.day;
	case VAL_DATETIME: return (double)v->u.dt.ms / DAY_MS;
	case VAL_BAD_DATE: return NAN;
	case VAL_SET:
		if (v->n == 0 || !node_string(x, v->u.set[0], &s))
			return NAN;
		/* a node of type boolean counts 1 and 0 */
		if (s.n >= 4 && v->u.set[0].tree->form != NULL && is_boolean_node(v->u.set[0]))
			return s.n == 4 && memcmp(s.u.s, "true", 4) == 0 ? 1 : 0;
		return text_number(x->zone, s.u.s, s.n);
	}
	return NAN;
}

static const struct val empty = { .kind = VAL_STRING, .n = 0, .u.s = "" };

bool
val_string(struct run *x, const struct val *v, struct val *out)
{
	char text[400];

	switch (v->kind) {
	case VAL_BOOL:
		*out = (struct val){ .kind = VAL_STRING, .n = v->b ? 4 : 5, .u.s = v->b ? "true" : "false" };
		return true;
	case VAL_NUMBER:
		number_text(v->u.num, text);
		return put_text(x, out, text, strlen(text));
	case VAL_STRING:
		*out = *v;
		return true;
	case VAL_DATE:
		date_text(v->u.day, text);
		return put_text(x, out, text, strlen(text));
	case VAL_DATETIME:
		datetime_text(v->u.dt.ms, v->u.dt.offset, text);
		return put_text(x, out, text, strlen(text));
	case VAL_BAD_DATE:
		*out = (struct val){ .kind = VAL_STRING, .n = 12, .u.s = "Invalid Date" };
		return true;
	case VAL_SET:
		if (v->n == 0) {
			*out = empty;
			return true;
		}
		return node_string(x, v->u.set[0], out);
	}
	return false;
}

bool
val_instant(struct run *x, const struct val *v, bool *is_day, int64_t *day, int64_t *ms, int32_t *offset)
{
	struct val s;

	*is_day = false;
	if (v->kind == VAL_DATE) {
		*is_day = true;
		*day = v->u.day;
		return true;
	}
	if (v->kind == VAL_DATETIME) {
		*ms = v->u.dt.ms;
		*offset = v->u.dt.offset;
		return true;
	}
	if (v->kind != VAL_STRING && v->kind != VAL_SET)
		return false;
	if (!val_string(x, v, &s))
		return false;
	if (date_parse(s.u.s, s.n, day)) {
		*is_day = true;
		return true;
	}
	return datetime_parse(s.u.s, s.n, x->zone, ms, offset);
}

/* --- comparison (XPath 1.0, 3.4) ---------------------------------------------------------------- */

static bool
by_number(enum op_code op, double a, double b)
{
	switch (op) {
	case OP_EQ: return a == b;
	case OP_NE: return a != b;
	case OP_LT: return a < b;
	case OP_LE: return a <= b;
	case OP_GT: return a > b;
	default: return a >= b;
	}
}

static bool
by_text(enum op_code op, const struct val *a, const struct val *b)
{
	bool same = a->n == b->n && memcmp(a->u.s, b->u.s, a->n) == 0;

	return op == OP_EQ ? same : !same;
}

/* A day against an instant, by < and >: the day begins at local midnight, so that today() <= now() holds at every hour
 * (JavaRosa, Web Forms and Enketo agree). False if they are not one of each. */
static bool
day_and_instant(struct run *x, enum op_code op, const struct val *a, const struct val *b, bool *out)
{
	bool a_day, b_day;
	int64_t day, a_ms, b_ms;
	int32_t offset;

	if (a->kind == VAL_NUMBER || b->kind == VAL_NUMBER || a->kind == VAL_BOOL || b->kind == VAL_BOOL)
		return false;
	if (!val_instant(x, a, &a_day, &day, &a_ms, &offset))
		return false;
	if (a_day)
		a_ms = day_start(x->zone, day);
	if (!val_instant(x, b, &b_day, &day, &b_ms, &offset) || a_day == b_day)
		return false;
	if (b_day)
		b_ms = day_start(x->zone, day);
	*out = by_number(op, (double)a_ms, (double)b_ms);
	return true;
}

static bool
scalars(struct run *x, enum op_code op, const struct val *a, const struct val *b)
{
	struct val s, t;
	bool known;

	if (op != OP_EQ && op != OP_NE && day_and_instant(x, op, a, b, &known))
		return known;
	if (op != OP_EQ && op != OP_NE)
		return by_number(op, val_number(x, a), val_number(x, b));
	if (a->kind == VAL_BOOL || b->kind == VAL_BOOL)
		return (val_bool(x, a) == val_bool(x, b)) == (op == OP_EQ);
	if (a->kind == VAL_NUMBER || b->kind == VAL_NUMBER)
		return by_number(op, val_number(x, a), val_number(x, b));
	if (!val_string(x, a, &s) || !val_string(x, b, &t))
		return false;
	return by_text(op, &s, &t);
}

/* In indicators a question that was not relevant, and so stands in no submission, reads '': without this ${q} = '' would
 * be false of it, as XPath has it for an empty node-set, and whoever was not asked would count as having answered. */
static const struct val *
absent_is_blank(const struct run *x, const struct val *v)
{
	static const struct val blank = { .kind = VAL_STRING, .n = 0, .u.s = "" };

	return x->facts != NULL && v->kind == VAL_SET && v->n == 0 ? &blank : v;
}

bool
compare(struct run *x, enum op_code op, const struct val *a, const struct val *b)
{
	struct val s, t;

	a = absent_is_blank(x, a);
	b = absent_is_blank(x, b);
	if (a->kind == VAL_SET && b->kind == VAL_SET) {
		for (uint32_t i = 0; i < a->n; i++) {
			if (!node_string(x, a->u.set[i], &s))
				return false;
			for (uint32_t k = 0; k < b->n; k++) {
				if (!run_step(x, 1) || !node_string(x, b->u.set[k], &t))
					return false;
				if (scalars(x, op, &s, &t))
					return true;
			}
		}
		return false;
	}
	/* by < and > a set meets a boolean node by node, as numbers: what all engines do, against XPath 1.0 */
	if ((op == OP_EQ || op == OP_NE) && ((a->kind == VAL_SET && b->kind == VAL_BOOL)
	    || (a->kind == VAL_BOOL && b->kind == VAL_SET))) {
		struct val p, q;

		put_bool(&p, val_bool(x, a));
		put_bool(&q, val_bool(x, b));
		return scalars(x, op, &p, &q);
	}
	if (a->kind == VAL_SET || b->kind == VAL_SET) {
		const struct val *set = a->kind == VAL_SET ? a : b;

		for (uint32_t i = 0; i < set->n; i++) {
			if (!run_step(x, 1) || !node_string(x, set->u.set[i], &s))
				return false;
			if (set == a ? scalars(x, op, &s, b) : scalars(x, op, a, &s))
				return true;
		}
		return false;
	}
	return scalars(x, op, a, b);
}
