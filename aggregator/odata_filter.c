/* $filter: eq ne gt ge lt le and or not, parentheses, null, year() month() day(). OData 4.0 part 2, section
 * 5.1.1; precedence as there: comparison, then not, and, or. A comparison with null other than eq and ne is
 * false. Depth is limited, so a hostile filter costs nothing. */
#include "aggregator/odata_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { DEPTH = 50, WORD = 64 };
enum node_kind { NODE_OR, NODE_AND, NODE_NOT, NODE_EQ, NODE_NE, NODE_GT, NODE_GE, NODE_LT, NODE_LE, NODE_FIELD,
	NODE_LITERAL, NODE_YEAR, NODE_MONTH, NODE_DAY };

struct odata_filter {
	enum node_kind kind;
	struct odata_filter *left, *right;
	int field;
	struct odata_value value;
	enum edm type;		/* of what it gives */
};

struct parser {
	const struct entity_set *set;
	const char *at;
	struct arena *arena;
	struct err *err;
	int depth;
};

static struct odata_filter *parse_or(struct parser *p);

static struct odata_filter *
fail(struct parser *p, enum err_code code, const char *what)
{
	if (p->err->code == ERR_OK)
		err_set(p->err, code, "$filter at \"%.40s\": %s", p->at, what);
	return NULL;
}

static struct odata_filter *
node(struct parser *p, enum node_kind kind, struct odata_filter *left, struct odata_filter *right, enum edm type)
{
	struct odata_filter *n = arena_alloc(p->arena, sizeof(*n));

	if (n == NULL) {
		if (p->err->code == ERR_OK)
			err_nomem(p->err);
		return NULL;
	}
	n->kind = kind;
	n->left = left;
	n->right = right;
	n->type = type;
	return n;
}

static void
blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

static size_t
word_len(const char *at)
{
	return strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./");
}

/* Is the next word WORD? Then take it. */
static bool
take_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	blanks(p);
	if (word_len(p->at) != n || strncmp(p->at, word, n) != 0)
		return false;
	p->at += n;
	return true;
}

/* Never past the end of the text. */
static bool
take_close(struct parser *p)
{
	blanks(p);
	if (*p->at != ')')
		return false;
	p->at++;
	return true;
}

static struct odata_filter *
text_literal(struct parser *p)
{
	struct odata_filter *n = node(p, NODE_LITERAL, NULL, NULL, EDM_STRING);
	const char *from = ++p->at;
	char *text = arena_alloc(p->arena, strlen(from) + 1);
	size_t len = 0;

	if (n == NULL || text == NULL)
		return fail(p, ERR_NOMEM, "out of memory");
	for (;; p->at++) {
		if (*p->at == '\0')
			return fail(p, ERR_INPUT, "a text does not end: close it with '");
		if (*p->at == '\'' && p->at[1] != '\'')
			break;
		p->at += *p->at == '\'';
		text[len++] = *p->at;
	}
	p->at++;
	n->value = (struct odata_value){ .type = EDM_STRING, .text = text };
	return n;
}

static bool
is_date(const char *at, size_t len)
{
	return len == 10 && at[4] == '-' && at[7] == '-' && strspn(at, "0123456789-") >= 10;
}

static struct odata_filter *
plain_literal(struct parser *p)
{
	size_t len = strspn(p->at, "0123456789+-.eE:TZ");
	struct odata_filter *n = node(p, NODE_LITERAL, NULL, NULL, EDM_DOUBLE);
	double number;

	if (n == NULL)
		return NULL;
	if (is_date(p->at, len)) {
		n->type = EDM_DATE;
		n->value = (struct odata_value){ .type = EDM_DATE, .text = arena_strn(p->arena, p->at, len) };
		if (n->value.text == NULL)
			return fail(p, ERR_NOMEM, "out of memory");
	} else if (num_double(p->at, len, &number)) {
		n->value = (struct odata_value){ .type = EDM_DOUBLE, .number = number };
	} else {
		return fail(p, ERR_INPUT, "a field, a text in ' ', a number, a date, true, false or null is expected");
	}
	p->at += len;
	return n;
}

static struct odata_filter *
function(struct parser *p, size_t len)
{
	static const struct { const char *name; enum node_kind kind; } known[] = { { "year", NODE_YEAR },
	    { "month", NODE_MONTH }, { "day", NODE_DAY } };
	struct odata_filter *of;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strlen(known[i].name) != len || strncmp(known[i].name, p->at, len) != 0)
			continue;
		p->at += len + 1;
		blanks(p);
		of = parse_or(p);
		if (of == NULL)
			return NULL;
		if (of->type != EDM_DATE)
			return fail(p, ERR_INPUT, "year, month and day are of a date");
		if (!take_close(p))
			return fail(p, ERR_INPUT, "a ) is missing");
		return node(p, known[i].kind, of, NULL, EDM_DOUBLE);
	}
	return fail(p, ERR_DENIED, "this function is not offered (year, month and day are)");
}

static struct odata_filter *
operand(struct parser *p)
{
	struct odata_filter *n;
	size_t len;
	int field;

	blanks(p);
	if (*p->at == '\'')
		return text_literal(p);
	if (*p->at == '(') {
		p->at++;
		n = parse_or(p);
		if (n != NULL && !take_close(p))
			return fail(p, ERR_INPUT, "a ) is missing");
		return n;
	}
	if (strchr("0123456789-+.", *p->at) != NULL && *p->at != '\0')
		return plain_literal(p);
	len = word_len(p->at);
	if (len == 0)
		return fail(p, ERR_INPUT, "a field or a value is expected");
	if (p->at[len] == '(')
		return function(p, len);
	if ((len == 4 && (strncmp(p->at, "true", 4) == 0 || strncmp(p->at, "null", 4) == 0))
	    || (len == 5 && strncmp(p->at, "false", 5) == 0)) {
		n = node(p, NODE_LITERAL, NULL, NULL, EDM_BOOLEAN);
		if (n != NULL)
			n->value = (struct odata_value){ .type = EDM_BOOLEAN, .is_null = *p->at == 'n',
			    .truth = *p->at == 't' };
		p->at += len;
		return n;
	}
	field = odata_property(p->set, p->at, len);
	if (field < 0)
		return fail(p, ERR_DENIED, "there is no such field");
	p->at += len;
	n = node(p, NODE_FIELD, NULL, NULL, p->set->properties[field].type);
	if (n != NULL)
		n->field = field;
	return n;
}

static bool
is_null_literal(const struct odata_filter *n)
{
	return n->kind == NODE_LITERAL && n->value.is_null;
}

static bool
comparable(const struct odata_filter *a, const struct odata_filter *b)
{
	bool an = a->type == EDM_DOUBLE || a->type == EDM_INT64, bn = b->type == EDM_DOUBLE || b->type == EDM_INT64;

	return is_null_literal(a) || is_null_literal(b) || a->type == b->type || (an && bn);
}

static struct odata_filter *
parse_comparison(struct parser *p)
{
	static const struct { const char *word; enum node_kind kind; } known[] = { { "eq", NODE_EQ }, { "ne", NODE_NE },
	    { "gt", NODE_GT }, { "ge", NODE_GE }, { "lt", NODE_LT }, { "le", NODE_LE } };
	struct odata_filter *left = operand(p), *right;
	size_t len;

	if (left == NULL)
		return NULL;
	blanks(p);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!take_word(p, known[i].word))
			continue;
		right = operand(p);
		if (right == NULL)
			return NULL;
		if (!comparable(left, right))
			return fail(p, ERR_INPUT, "the two sides are of different types");
		return node(p, known[i].kind, left, right, EDM_BOOLEAN);
	}
	len = word_len(p->at);
	if (len > 0 && strncmp(p->at, "and", 3) != 0 && strncmp(p->at, "or", 2) != 0)
		return fail(p, ERR_DENIED, "this operator is not offered (eq ne gt ge lt le and or not are)");
	return left;
}

static struct odata_filter *
parse_not(struct parser *p)
{
	struct odata_filter *n;

	if (!take_word(p, "not"))
		return parse_comparison(p);
	if (++p->depth > DEPTH)
		return fail(p, ERR_INPUT, "too deep");
	n = parse_not(p);
	p->depth--;
	if (n != NULL && n->type != EDM_BOOLEAN)
		return fail(p, ERR_INPUT, "not is of true or false");
	return n == NULL ? NULL : node(p, NODE_NOT, n, NULL, EDM_BOOLEAN);
}

static struct odata_filter *
parse_joined(struct parser *p, const char *word, enum node_kind kind, struct odata_filter *(*lower)(struct parser *))
{
	struct odata_filter *left = lower(p), *right;

	while (left != NULL && take_word(p, word)) {
		right = lower(p);
		if (right == NULL)
			return NULL;
		if (left->type != EDM_BOOLEAN || right->type != EDM_BOOLEAN)
			return fail(p, ERR_INPUT, "and, or join what is true or false");
		left = node(p, kind, left, right, EDM_BOOLEAN);
	}
	return left;
}

static struct odata_filter *
parse_and(struct parser *p)
{
	return parse_joined(p, "and", NODE_AND, parse_not);
}

static struct odata_filter *
parse_or(struct parser *p)
{
	struct odata_filter *n;

	if (++p->depth > DEPTH)
		return fail(p, ERR_INPUT, "too deep");
	n = parse_joined(p, "or", NODE_OR, parse_and);
	p->depth--;
	return n;
}

enum err_code
odata_filter_parse(const struct entity_set *s, const char *text, struct arena *a, struct odata_filter **out,
	struct err *err)
{
	struct parser p = { .set = s, .at = text, .arena = a, .err = err };
	struct odata_filter *n;

	*err = (struct err){0};
	n = parse_or(&p);
	if (n == NULL)
		return err->code == ERR_OK ? err_nomem(err) : err->code;
	blanks(&p);
	if (*p.at != '\0')
		return err_set(err, ERR_INPUT, "$filter at \"%.40s\": something is left over", p.at);
	if (n->type != EDM_BOOLEAN)
		return err_set(err, ERR_INPUT, "$filter: it gives no true or false");
	*out = n;
	return ERR_OK;
}

static struct odata_value
evaluate(const struct odata_filter *f, const struct entity_set *s, size_t i)
{
	struct odata_value v = { .type = EDM_BOOLEAN }, l, r;
	int d;

	switch (f->kind) {
	case NODE_LITERAL:
		return f->value;
	case NODE_FIELD:
		return *odata_value(s, i, (size_t)f->field);
	case NODE_YEAR:
	case NODE_MONTH:
	case NODE_DAY:
		l = evaluate(f->left, s, i);
		v = (struct odata_value){ .type = EDM_DOUBLE, .is_null = l.is_null };
		if (!l.is_null)
			v.number = atoi(l.text + (f->kind == NODE_YEAR ? 0 : f->kind == NODE_MONTH ? 5 : 8));
		return v;
	case NODE_NOT:
		v = evaluate(f->left, s, i);
		v.truth = !v.truth;
		return v;
	case NODE_AND:
		v.truth = evaluate(f->left, s, i).truth && evaluate(f->right, s, i).truth;
		return v;
	case NODE_OR:
		v.truth = evaluate(f->left, s, i).truth || evaluate(f->right, s, i).truth;
		return v;
	case NODE_EQ:
	case NODE_NE:
	case NODE_GT:
	case NODE_GE:
	case NODE_LT:
	case NODE_LE:
		break;
	}
	l = evaluate(f->left, s, i);
	r = evaluate(f->right, s, i);
	if (l.is_null || r.is_null) {
		v.truth = f->kind == NODE_EQ ? l.is_null && r.is_null : f->kind == NODE_NE && l.is_null != r.is_null;
		return v;
	}
	d = odata_compare(&l, &r);
	v.truth = f->kind == NODE_EQ ? d == 0 : f->kind == NODE_NE ? d != 0 : f->kind == NODE_GT ? d > 0
	    : f->kind == NODE_GE ? d >= 0 : f->kind == NODE_LT ? d < 0 : d <= 0;
	return v;
}

bool
odata_filter_holds(const struct odata_filter *f, const struct entity_set *s, size_t i)
{
	struct odata_value v = evaluate(f, s, i);

	return !v.is_null && v.truth;
}
