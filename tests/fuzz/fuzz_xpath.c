/* Any text as an expression: it compiles or is refused with a place; what was read, written out fully
 * bracketed, compiles to the same program and gives the same value; running stays within its limits. */
#include <assert.h>
#include <string.h>

#include "forms/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char document[] =
	"<data id=\"d\"><a>1</a><b>two</b><g x=\"7\"><c>3.5</c><c>-4</c><c/></g><d>2024-02-29</d>"
	"<m>a b  c</m><!-- k --><e><f><g>deep</g></f></e><t>2024-07-01T10:00:00.000+01:00</t></data>";

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return 1711972800000;
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 3, len);
}

struct world {
	struct arena names_arena, code;
	struct names names;
	struct tree tree;
	struct scratch scratch;
};

static bool
run_one(struct world *w, const struct program *p, struct buf *out)
{
	struct session_env env = { .now_ms = now_ms, .random = chance };
	const struct tree *trees[] = { &w->tree };
	struct run x = { .main = &w->tree, .root = 1, .scratch = &w->scratch, .max_steps = 20000, .max_string = 65536,
	    .env = &env, .secondary = trees, .seed = 1 };
	struct err err = { 0 };
	struct val v, s;

	scratch_reset(&w->scratch);
	if (program_run(&x, p, (struct nref){ &w->tree, 2 }, &v, &err) != ERR_OK) {
		assert(err.msg[0] != '\0');
		buf_printf(out, "error %s", err_word(err.code));
		return false;
	}
	x.err = &err;
	assert(x.steps <= 20000);
	if (val_string(&x, &v, &s))
		buf_put(out, s.u.s, s.n);
	return true;
}

static bool
same_program(const struct program *a, const struct program *b)
{
	if (a->n != b->n || a->n_consts != b->n_consts || memcmp(a->ops, b->ops, a->n * sizeof(*a->ops)) != 0)
		return false;
	for (uint32_t i = 0; i < a->n_consts; i++) {
		const struct constant *p = &a->consts[i], *q = &b->consts[i];

		if (p->number != q->number || p->len != q->len || (p->text != NULL && memcmp(p->text, q->text, p->len) != 0))
			return false;
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world w;
	struct scope scope = { .names = &w.names };
	struct program *p = NULL, *q = NULL;
	struct _xmlDoc *doc;
	struct xml_rules rules = { .all = true };
	struct arena ast_arena;
	struct ast *e;
	struct buf text, one, two;
	struct err err = { 0 };

	arena_init(&w.names_arena, 1 << 20);
	arena_init(&w.code, 16 << 20);
	arena_init(&ast_arena, 16 << 20);
	names_init(&w.names, &w.names_arena);
	tree_init(&w.tree, &w.names, NULL, false, 1000, 65536);
	scratch_init(&w.scratch, 8 << 20);
	buf_init(&text, 1 << 20);
	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	if (xml_parse(document, sizeof(document) - 1, false, &doc, &err) != ERR_OK
	    || xtree_from_node(&w.tree, (const struct _xmlNode *)doc, &rules, &err) != ERR_OK)
		assert(false);
	xml_free(doc);
	if (program_compile(&w.code, &scope, (const char *)data, len, &p, NULL, &err) != ERR_OK) {
		assert(err.code == ERR_LIMIT || strstr(err.msg, "at character ") != NULL);
		goto out;
	}
	run_one(&w, p, &one);
	if (ast_parse(&ast_arena, (const char *)data, len, false, NULL, &e, &err) != ERR_OK)
		assert(false);
	ast_print(e, &text);
	if (text.failed == ERR_OK) {
		/* brackets nest deeper and take more room than what was written */
		scope.limits = (struct ast_limits){ 1 << 20, 4000 };
		if (program_compile(&w.code, &scope, buf_str(&text), text.len, &q, NULL, &err) != ERR_OK)
			assert(err.code == ERR_LIMIT);
		else {
			assert(same_program(p, q));
			run_one(&w, q, &two);
			assert(one.len == two.len && (one.len == 0 || memcmp(one.data, two.data, one.len) == 0));
		}
	}
out:
	program_clear(p);
	program_clear(q);
	buf_free(&text);
	buf_free(&one);
	buf_free(&two);
	scratch_clear(&w.scratch);
	tree_free(&w.tree);
	names_clear(&w.names);
	arena_clear(&w.names_arena);
	arena_clear(&w.code);
	arena_clear(&ast_arena);
	return 0;
}
