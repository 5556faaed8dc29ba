/* XPath 1.0 against libxml2's: random expressions over random documents, each run by both. What forms add to XPath (dates,
 * concat of all nodes of a set) is kept out of the expressions; how a number is written stays within what both write
 * alike (whole numbers and halves). XPATH1_SEED=N repeats one document, XPATH1_N says how many (200). */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "forms/dates.h"
#include "forms/eval.h"
#include "forms/tree.h"
#include "tests/forms/gen.h"
#include "tests/test.h"

enum { EACH = 50, ROWS = 4000 };

/* --- documents ---------------------------------------------------------------------------------- */

static const char *const names[] = { "a", "b", "c", "d" };
static const char *const words[] = { "1", "2", "3", "10", "-4", "2.5", "", " ", "one", "two one", " x  y ", "a", "b", "0", "NaN" };

static void
xp_element(struct rng *r, struct buf *b, int depth)
{
	const char *name = names[rnd(r, ARRAY_LEN(names))];
	unsigned n = depth == 0 ? 0 : rnd(r, 5);

	buf_printf(b, "<%s", name);
	if (rnd(r, 3) == 0)
		buf_printf(b, " x=\"%s\"", words[rnd(r, ARRAY_LEN(words))]);
	if (rnd(r, 4) == 0)
		buf_printf(b, " y=\"%u\"", rnd(r, 5));
	buf_putc(b, '>');
	if (n == 0 || rnd(r, 4) == 0)
		buf_puts(b, words[rnd(r, ARRAY_LEN(words))]);
	for (unsigned i = 0; i < n; i++) {
		xp_element(r, b, depth - 1);
		if (rnd(r, 8) == 0)
			buf_printf(b, "<!--%u-->", rnd(r, 9));
		if (rnd(r, 10) == 0)
			buf_printf(b, "<?p%u q?>", rnd(r, 2));
		if (rnd(r, 5) == 0)
			buf_puts(b, words[rnd(r, ARRAY_LEN(words))]);
	}
	buf_printf(b, "</%s>", name);
}

/* --- expressions -------------------------------------------------------------------------------- */

static void xp_set(struct rng *r, struct buf *b, int depth);
static void xp_num(struct rng *r, struct buf *b, int depth, bool plain);
static void xp_str(struct rng *r, struct buf *b, int depth);
static void xp_bool(struct rng *r, struct buf *b, int depth);

static void
xp_value(struct rng *r, struct buf *b, int depth)
{
	switch (rnd(r, 4)) {
	case 0: xp_num(r, b, depth, true); break;
	case 1: xp_str(r, b, depth); break;
	default: xp_set(r, b, depth); break;
	}
}

static void
xp_any(struct rng *r, struct buf *b, int depth)
{
	if (rnd(r, 5) == 0)
		xp_bool(r, b, depth);
	else
		xp_value(r, b, depth);
}

/* Attributes end a path here: libxml2 takes what follows their element for what follows them, where to XPath the content of
 * the element does as well. */
static bool no_attributes;

static void
xp_step(struct rng *r, struct buf *b, int depth, bool last, bool after_slashes)
{
	static const char *const axes[] = { "child", "descendant", "descendant-or-self", "self", "parent", "ancestor",
	    "ancestor-or-self", "following", "following-sibling", "preceding", "preceding-sibling" };
	static const char *const tests[] = { "a", "b", "c", "d", "*", "node()", "text()", "comment()", "processing-instruction()",
	    "processing-instruction('p1')" };
	unsigned kind = rnd(r, 12);

	if (kind == 2 && (!last || no_attributes))
		kind = 3;
	/* .//. has the node itself in XPath (descendant-or-self::node()/.), in libxml2 2.9.14 it has not. */
	if (kind == 0 && after_slashes)
		kind = 3;

	if (kind == 0)
		buf_puts(b, ".");
	else if (kind == 1)
		buf_puts(b, "..");
	if (kind < 2)
		return;
	if (kind == 2) {
		buf_puts(b, rnd(r, 3) == 0 ? "@*" : rnd(r, 2) == 0 ? "@x" : "attribute::y");
		return;
	}
	if (kind < 7)
		buf_puts(b, tests[rnd(r, 6)]);
	else
		buf_printf(b, "%s::%s", axes[rnd(r, ARRAY_LEN(axes))], tests[rnd(r, ARRAY_LEN(tests))]);
	while (depth > 0 && rnd(r, 3) == 0) {
		buf_putc(b, '[');
		switch (rnd(r, 4)) {
		case 0: buf_printf(b, "%u", 1 + rnd(r, 3)); break;
		case 1: buf_puts(b, rnd(r, 2) == 0 ? "last()" : "position() > 1"); break;
		case 2: xp_bool(r, b, depth - 1); break;
		default: xp_set(r, b, depth - 1); break;
		}
		buf_putc(b, ']');
		depth--;
	}
}

static void
xp_path(struct rng *r, struct buf *b, int depth)
{
	unsigned n = 1 + rnd(r, 3), start = rnd(r, 6);
	bool slashes = start == 1;

	buf_puts(b, start == 0 ? "/" : slashes ? "//" : "");
	for (unsigned i = 0; i < n; i++) {
		if (i > 0) {
			slashes = rnd(r, 4) == 0;
			buf_puts(b, slashes ? "//" : "/");
		}
		xp_step(r, b, depth - 1, i == n - 1, slashes);
	}
}

static void
xp_set(struct rng *r, struct buf *b, int depth)
{
	if (depth > 0 && rnd(r, 6) == 0) {
		xp_path(r, b, depth - 1);
		buf_puts(b, " | ");
		xp_path(r, b, depth - 1);
	} else if (depth > 0 && rnd(r, 6) == 0) {
		bool step = rnd(r, 2) == 0, before = no_attributes;

		no_attributes = no_attributes || step;
		buf_putc(b, '(');
		xp_set(r, b, depth - 1);
		buf_putc(b, ')');
		no_attributes = before;
		if (rnd(r, 2) == 0)
			buf_printf(b, "[%u]", 1 + rnd(r, 3));
		if (step) {
			buf_putc(b, '/');
			xp_step(r, b, depth - 1, false, false);
		}
	} else {
		xp_path(r, b, depth);
	}
}

/* PLAIN: a whole number or a half, of no great size. */
static void
xp_num(struct rng *r, struct buf *b, int depth, bool plain)
{
	static const char *const ops[] = { " + ", " - ", " * ", " mod ", " div " };

	switch (depth <= 0 ? rnd(r, 2) : rnd(r, 10)) {
	case 0: buf_printf(b, "%u", rnd(r, 13)); break;
	case 1: buf_printf(b, "%s%u.5", rnd(r, 2) == 0 ? "-" : "", rnd(r, 7)); break;
	case 2: buf_puts(b, "count("); xp_set(r, b, depth - 1); buf_putc(b, ')'); break;
	case 3: buf_puts(b, "string-length("); xp_str(r, b, depth - 1); buf_putc(b, ')'); break;
	case 4: buf_puts(b, rnd(r, 2) == 0 ? "position()" : "last()"); break;
	case 5: buf_puts(b, rnd(r, 3) == 0 ? "floor(" : rnd(r, 2) == 0 ? "ceiling(" : "round("); xp_num(r, b, depth - 1, plain); buf_putc(b, ')'); break;
	case 6: buf_puts(b, "number("); xp_any(r, b, depth - 1); buf_putc(b, ')'); break;
	case 7: buf_puts(b, "sum("); xp_set(r, b, depth - 1); buf_putc(b, ')'); break;
	case 8: buf_puts(b, "-("); xp_num(r, b, depth - 1, plain); buf_putc(b, ')'); break;
	default:
		buf_putc(b, '(');
		xp_num(r, b, depth - 1, plain);
		buf_puts(b, ops[rnd(r, plain ? 2 : 5)]);
		xp_num(r, b, depth - 1, plain);
		buf_putc(b, ')');
		break;
	}
}

static void
xp_str(struct rng *r, struct buf *b, int depth)
{
	switch (depth <= 0 ? 0 : rnd(r, 10)) {
	case 1: buf_puts(b, "string("); xp_any(r, b, depth - 1); buf_putc(b, ')'); break;
	case 2: buf_puts(b, "concat("); xp_str(r, b, depth - 1); buf_puts(b, ", "); xp_str(r, b, depth - 1); buf_putc(b, ')'); break;
	case 3: buf_puts(b, "substring("); xp_str(r, b, depth - 1); buf_puts(b, ", "); xp_num(r, b, depth - 1, false);
		if (rnd(r, 2) == 0) {
			buf_puts(b, ", ");
			xp_num(r, b, depth - 1, false);
		}
		buf_putc(b, ')');
		break;
	case 4: buf_puts(b, rnd(r, 2) == 0 ? "substring-before(" : "substring-after("); xp_str(r, b, depth - 1); buf_puts(b, ", "); xp_str(r, b, depth - 1); buf_putc(b, ')'); break;
	case 5: buf_puts(b, "normalize-space("); xp_str(r, b, depth - 1); buf_putc(b, ')'); break;
	case 6: buf_puts(b, "translate("); xp_str(r, b, depth - 1); buf_puts(b, ", 'one ', 'xy')"); break;
	case 7: buf_puts(b, rnd(r, 2) == 0 ? "name(" : "local-name("); xp_set(r, b, depth - 1); buf_putc(b, ')'); break;
	case 8: buf_puts(b, "string("); xp_set(r, b, depth - 1); buf_putc(b, ')'); break;
	default: buf_printf(b, "'%s'", words[rnd(r, ARRAY_LEN(words))]); break;
	}
}

static void
xp_bool(struct rng *r, struct buf *b, int depth)
{
	static const char *const ops[] = { " = ", " != ", " < ", " <= ", " > ", " >= " };
	unsigned op;

	switch (depth <= 0 ? rnd(r, 2) : rnd(r, 9)) {
	case 0: buf_puts(b, "true()"); break;
	case 1: buf_puts(b, "false()"); break;
	case 2: buf_puts(b, "not("); xp_bool(r, b, depth - 1); buf_putc(b, ')'); break;
	case 3: buf_puts(b, "boolean("); xp_any(r, b, depth - 1); buf_putc(b, ')'); break;
	case 4: buf_puts(b, rnd(r, 2) == 0 ? "starts-with(" : "contains("); xp_str(r, b, depth - 1); buf_puts(b, ", "); xp_str(r, b, depth - 1); buf_putc(b, ')'); break;
	case 5: buf_putc(b, '('); xp_bool(r, b, depth - 1); buf_puts(b, rnd(r, 2) == 0 ? " and " : " or "); xp_bool(r, b, depth - 1); buf_putc(b, ')'); break;
	default:
		buf_putc(b, '(');
		/* By < and > a set meets a boolean otherwise than in XPath 1.0, as in all engines of forms. */
		op = rnd(r, ARRAY_LEN(ops));
		op < 2 ? xp_any(r, b, depth - 1) : xp_value(r, b, depth - 1);
		buf_puts(b, ops[op]);
		op < 2 ? xp_any(r, b, depth - 1) : xp_value(r, b, depth - 1);
		buf_putc(b, ')');
		break;
	}
}

/* --- both --------------------------------------------------------------------------------------- */

struct both {
	struct arena arena;
	struct names names;
	struct tree tree;
	struct _xmlDoc *doc;
	const xmlNode *nodes[ROWS];	/* by row */
	uint32_t n;
};

/* Rows in the order of the document: an element's attributes come right after it in both. */
static void
line_up(struct both *d, uint32_t row, const xmlNode *node)
{
	const xmlNode *c = node->children;
	uint32_t a = row + 1;

	ck_assert_uint_lt(row, ROWS);
	d->nodes[row] = node;
	if (node->type == XML_ELEMENT_NODE)
		for (const xmlAttr *at = node->properties; at != NULL; at = at->next, a++) {
			ck_assert_int_eq(d->tree.rows[a].kind, ROW_ATTRIBUTE);
			d->nodes[a] = (const xmlNode *)at;
		}
	for (uint32_t k = d->tree.rows[row].first; k != 0; k = d->tree.rows[k].next, c = c->next) {
		ck_assert_ptr_nonnull(c);
		if (d->tree.rows[k].kind == ROW_ELEMENT)
			line_up(d, k, c);
		else
			d->nodes[k] = c;
	}
	ck_assert_ptr_null(c);
}

/* What V is, in words: theirs and ours in the same form. */
static void
say_theirs(const xmlXPathObject *o, const struct both *d, struct buf *b)
{
	switch (o->type) {
	case XPATH_BOOLEAN:
		buf_puts(b, o->boolval ? "true" : "false");
		break;
	case XPATH_NUMBER:
		buf_printf(b, isnan(o->floatval) ? "NaN" : "%.12g", o->floatval == 0 ? 0 : o->floatval);
		break;
	case XPATH_STRING:
		buf_printf(b, "\"%s\"", (const char *)o->stringval);
		break;
	case XPATH_NODESET:
		for (int i = 0; o->nodesetval != NULL && i < o->nodesetval->nodeNr; i++)
			for (uint32_t row = 1; row <= d->tree.n; row++)
				if (d->nodes[row] == o->nodesetval->nodeTab[i])
					buf_printf(b, "#%u ", row);
		break;
	default:
		buf_puts(b, "?");
		break;
	}
}

static void
say_ours(const struct val *v, struct buf *b)
{
	switch (v->kind) {
	case VAL_BOOL:
		buf_puts(b, v->b ? "true" : "false");
		break;
	case VAL_NUMBER:
		buf_printf(b, isnan(v->u.num) ? "NaN" : "%.12g", v->u.num == 0 ? 0 : v->u.num);
		break;
	case VAL_STRING:
		buf_printf(b, "\"%.*s\"", (int)v->n, v->u.s);
		break;
	case VAL_SET:
		for (uint32_t i = 0; i < v->n; i++)
			buf_printf(b, "#%u ", v->u.set[i].row);
		break;
	default:
		buf_puts(b, "?");
		break;
	}
}

static unsigned compared, over_limit;

static void
held_against(struct both *d, const char *expr, uint32_t row, uint64_t seed, const char *text, const struct zone *zone)
{
	xmlXPathContext *context = xmlXPathNewContext(d->doc);
	struct run x = { .main = &d->tree, .max_steps = 50000000, .max_string = 1 << 20, .seed = 1, .root = 1, .zone = zone };
	struct scope scope = { .names = &d->names };
	struct program *p = NULL;
	struct scratch scratch;
	struct buf theirs, ours;
	xmlXPathObject *o;
	struct arena code;
	struct err err = { 0 };
	struct val v;
	enum err_code rc;

	buf_init(&theirs, 1 << 20);
	buf_init(&ours, 1 << 20);
	arena_init(&code, 16 << 20);
	scratch_init(&scratch, 64 << 20);
	x.scratch = &scratch;
	context->node = (xmlNode *)(uintptr_t)d->nodes[row];
	context->contextSize = context->proximityPosition = 1;
	o = xmlXPathEval((const xmlChar *)expr, context);
	ck_assert_msg(o != NULL, "libxml2 does not take what this test made: %s", expr);
	xmlXPathNodeSetSort(o->type == XPATH_NODESET ? o->nodesetval : NULL);
	say_theirs(o, d, &theirs);
	rc = program_compile(&code, &scope, expr, strlen(expr), &p, NULL, &err);
	if (rc == ERR_OK)
		rc = program_run(&x, p, (struct nref){ &d->tree, row }, &v, &err);
	if (rc == ERR_OK)
		say_ours(&v, &ours);
	compared++;
	over_limit += rc == ERR_LIMIT;
	ck_assert_msg(rc == ERR_LIMIT || (rc == ERR_OK && strcmp(buf_str(&theirs), buf_str(&ours)) == 0),
	    "XPATH1_SEED=%llu: %s\nat row %u of %s\nlibxml2: %s\nours:    %s", (unsigned long long)seed, expr, row, text,
	    buf_str(&theirs), rc == ERR_OK ? buf_str(&ours) : err.msg);
	program_clear(p);
	arena_clear(&code);
	scratch_clear(&scratch);
	xmlXPathFreeObject(o);
	xmlXPathFreeContext(context);
	buf_free(&theirs);
	buf_free(&ours);
}

static void
one_document(uint64_t seed, const struct zone *zone)
{
	struct xml_rules rules = { .all = true };
	struct rng r = { seed * 0x9e3779b97f4a7c15u + 1 };
	struct both *d = calloc(1, sizeof(*d));
	struct err err = { 0 };
	struct buf text, expr;
	uint32_t row;

	ck_assert_ptr_nonnull(d);
	buf_init(&text, 1 << 20);
	buf_init(&expr, 1 << 20);
	xp_element(&r, &text, 4);
	arena_init(&d->arena, 64 << 20);
	names_init(&d->names, &d->arena);
	tree_init(&d->tree, &d->names, NULL, false, 1 << 20, 64 << 20);
	ck_ok(xml_parse(buf_str(&text), text.len, true, &d->doc, &err));
	ck_ok(xtree_from_node(&d->tree, (const struct _xmlNode *)d->doc, &rules, &err));
	line_up(d, 1, (const xmlNode *)d->doc);
	for (uint32_t k = 1; k <= d->tree.n; k++)
		ck_assert_ptr_nonnull(d->nodes[k]);
	for (int i = 0; i < EACH; i++) {
		buf_reset(&expr);
		xp_any(&r, &expr, 4);
		do
			row = 1 + rnd(&r, d->tree.n);
		while (d->tree.rows[row].kind != ROW_ELEMENT);
		held_against(d, buf_str(&expr), row, seed, buf_str(&text), zone);
	}
	xml_free(d->doc);
	tree_free(&d->tree);
	names_clear(&d->names);
	arena_clear(&d->arena);
	buf_free(&text);
	buf_free(&expr);
	free(d);
}

static uint64_t
number(const char *name, uint64_t preset)
{
	const char *text = getenv(name);

	return text == NULL ? preset : strtoull(text, NULL, 10);
}

START_TEST(agrees_with_libxml2)
{
	uint64_t first = number("XPATH1_SEED", 1), n = getenv("XPATH1_SEED") != NULL ? 1 : number("XPATH1_N", 200);
	struct zone *zone = NULL;
	struct err err = { 0 };

	ck_ok(zone_load("UTC", &zone, &err));
	for (uint64_t seed = first; seed < first + n; seed++)
		one_document(seed, zone);
	zone_free(zone);
	/* What takes too much is refused, and that is rare. */
	ck_assert_uint_ge(compared, (unsigned)n * EACH);
	ck_assert_uint_le(over_limit, compared / 200 + 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("xpath1");
	TCase *t = tcase_create("xpath1");

	suite_add_tcase(s, t);
	tcase_add_test(t, agrees_with_libxml2);
	return s;
}

TEST_MAIN(suite)
