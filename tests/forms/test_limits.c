/* A form never makes the engine exceed its limits: hostile forms, each with the sentence that names the limit it
 * meets; random forms under small random limits, with everything counted after each operation. */
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "forms/state.h"
#include "tests/forms/gen.h"
#include "tests/test.h"

static struct err err;

/* of the sanitizer's runtime, where there is one */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t
allocated(void)
{
	return __sanitizer_get_current_allocated_bytes != NULL ? __sanitizer_get_current_allocated_bytes() : mallinfo2().uordblks;
}

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
	memset(out, 7, len);
}

static const struct session_env env = { .now_ms = now_ms, .random = chance };

/* --- hostile forms ------------------------------------------------------------------------------------------ */

/* FMT with a %d, N times (the number), between what stands before and after. */
static void
many(struct buf *b, const char *fmt, int n)
{
	for (int i = 0; i < n; i++) {
		const char *at = fmt;

		for (const char *p; (p = strstr(at, "%d")) != NULL; at = p + 2) {
			buf_put(b, at, (size_t)(p - at));
			buf_printf(b, "%d", i);
		}
		buf_puts(b, at);
	}
}

static void
times(struct buf *b, const char *text, int n)
{
	for (int i = 0; i < n; i++)
		buf_puts(b, text);
}

/* INSTANCE is written once, EACH INSTANCE_N times; the same of MODEL and BODY. SAID: what loading or, if it loads,
 * the first session says; NULL: both go well. */
static const struct hostile {
	const char *name, *instance;
	int instance_n;
	const char *fixed, *model;
	int model_n;
	const char *body;
	int body_n;
	const char *said;
} HOSTILE[] = {
	{ "nodes", "<q%d/>", 20001, "", "", 0, "", 0, "(limit nodes)" },
	{ "attributes as nodes", "<q%d a='1' b='2' c='3'/>", 6000, "", "", 0, "", 0, "(limit nodes)" },
	{ "controls", "<a/>", 1, "", "", 0, "<input ref='/data/a'/>", 20001, "(limit nodes)" },
	{ "steps over all nodes in every expression", "<q%d/>", 6000, "<g><x/></g>",
	    "<bind nodeset='/data/q%d' constraint='count(following::*) &gt; 1'/>", 6000, "", 0, "(limit reach)" },
	{ "every node below, squared", "<q%d/>", 5000, "<r/>", "<bind nodeset='/data/r' calculate='count(/data/*[count(//q1) = 0]/"
	    "following-sibling::*/preceding::*) + %d'/>", 1, "", 0, "(limit reach)" },
	{ "items times items", "<a/>", 1, "<b/>", "<instance id='L'><root>", 1, "", 0, "(limit " },
	{ "a text that doubles itself", "<b%d/>", 1, "<a>xxxxxxxx</a><c1/><c2/><c3/><c4/><c5/>", "<bind nodeset='/data/c1' calculate=\"concat("
	    "/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a,/data/a)\"/>"
	    "<bind nodeset='/data/c2' calculate='concat(/data/c1,/data/c1,/data/c1,/data/c1,/data/c1,/data/c1,/data/c1,/data/c1,/data/c1,/data/c1)'/>"
	    "<bind nodeset='/data/c3' calculate='concat(/data/c2,/data/c2,/data/c2,/data/c2,/data/c2,/data/c2,/data/c2,/data/c2,/data/c2,/data/c2)'/>"
	    "<bind nodeset='/data/c4' calculate='concat(/data/c3,/data/c3,/data/c3,/data/c3,/data/c3,/data/c3,/data/c3,/data/c3,/data/c3,/data/c3)'/>"
	    "<bind nodeset='/data/c5' calculate='concat(/data/c4,/data/c4,/data/c4,/data/c4,/data/c4,/data/c4,/data/c4,/data/c4,/data/c4,/data/c4)'/>",
	    1, "", 0, "(limit string_bytes)" },
	{ "a count beyond all", "<r><x/></r>", 1, "<n>999999</n>", "", 0, "<repeat nodeset='/data/r' jr:count='/data/n'><input"
	    " ref='/data/r/x'/></repeat>", 1, "(limit repeat_instances)" },
	{ "one more than there are, always", "<r><x/></r>", 1, "", "", 0, "<repeat nodeset='/data/r' jr:count='count(/data/r) + 1'>"
	    "<input ref='/data/r/x'/></repeat>", 1, "(limit repeat_instances)" },
	{ "counts in counts", "<r jr:template=''><s jr:template=''><t jr:template=''><x/></t></s></r>", 1, "", "", 0, "<repeat nodeset='/data/r'"
	    " jr:count='900'><repeat nodeset='/data/r/s' jr:count='900'><repeat nodeset='/data/r/s/t' jr:count='900'>"
	    "<input ref='/data/r/s/t/x'/></repeat></repeat></repeat>", 1, "(limit session_rows)" },
	{ "a pattern that takes for ever", "<a>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab</a>", 1, "<b/>", "<bind nodeset='/data/b' "
	    "calculate=\"regex(/data/a, '^(a+)+$')\"/>", 1, "", 0, "(limit regex)" },
	{ "actions that call each other", "<a/>", 1, "<b/>", "", 0, "<input ref='/data/a'><setvalue event='xforms-value-changed'"
	    " ref='/data/b' value='/data/a + 1'/></input><input ref='/data/b'><setvalue event='xforms-value-changed' ref='/data/a'"
	    " value='/data/b + 1'/></input>", 1, NULL },
	{ "brackets", "<a/>", 1, "", "<bind nodeset='/data/a' constraint='((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
	    "((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
	    ")))))'/>", 1, "", 0, "(limit ast_depth)" },
	{ "a chain from the last to the first", "<q%d/>", 10000, "<z/>", "<bind nodeset='/data/q%d' calculate='/data/z + 1'/>", 10000, "", 0,
	    NULL },
};

static void
write_form(const struct hostile *h, struct buf *b)
{
	buf_puts(b, FORM_HEAD "<instance><data id=\"h\">");
	buf_puts(b, h->fixed);
	many(b, h->instance, h->instance_n);
	buf_puts(b, "</data></instance>");
	if (strncmp(h->model, "<instance", 9) == 0) {
		buf_puts(b, h->model);
		many(b, "<item><name>n%d</name><x>v%d</x></item>", 20000);
		buf_puts(b, "</root></instance><bind nodeset='/data/b' calculate=\"count(instance('L')/root/item[x != current()/../a and "
		    "count(instance('L')/root/item[name != current()/../a]) = 0])\"/>");
	} else {
		many(b, h->model, h->model_n);
	}
	buf_puts(b, "</model></h:head><h:body>");
	times(b, h->body, h->body_n);
	buf_puts(b, "</h:body></h:html>");
}

/* Whatever the form says: a refusal names its limit; what loads and opens stays within the steps, and neither holds
 * more memory than the limits come to (measured: the largest holds 31 MiB). */
START_TEST(a_hostile_form_meets_a_limit_with_a_name)
{
	const struct hostile *h = &HOSTILE[_i];
	struct form_rules rules = { .admit = false };
	struct findings findings;
	struct form *f = NULL;
	struct session *s = NULL;
	struct buf xml;
	size_t before;
	enum err_code rc;

	buf_init(&xml, 8 << 20);
	write_form(h, &xml);
	ck_assert_int_eq(xml.failed, ERR_OK);
	findings_init(&findings);
	before = allocated();
	rc = form_load(buf_str(&xml), xml.len, &rules, &findings, &f, &err);
	findings_clear(&findings);
	if (rc == ERR_OK)
		rc = session_new(f, &env, &s, &err);
	ck_assert_uint_lt(allocated() - before, (size_t)64 << 20);
	if (h->said == NULL) {
		ck_assert_msg(rc == ERR_OK, "%s: %s", h->name, err.msg);
	} else {
		ck_assert_msg(rc == ERR_LIMIT || rc == ERR_INPUT, "%s: %s", h->name, err_word(rc));
		ck_assert_msg(strstr(err.msg, h->said) != NULL, "%s: %s", h->name, err.msg);
	}
	if (s != NULL) {
		ck_assert_uint_le(s->run.steps, f->limits.steps);
		/* answering it changes nothing of that */
		for (uint32_t row = 1; row <= s->tree.n && row < 50; row++) {
			(void)!session_set(s, row, "12", 2, &err);
			ck_assert_uint_le(s->run.steps, f->limits.steps);
		}
		ck_assert_uint_lt(allocated() - before, (size_t)64 << 20);
	}
	session_free(s);
	form_free(f);
	buf_free(&xml);
	ck_assert_uint_le(allocated(), before + (1 << 20));
}
END_TEST

/* --- random forms under small limits ------------------------------------------------------------------------ */

static uint64_t
seed_of_run(void)
{
	const char *given = getenv("SEED");

	return given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
}

static void
within(const struct session *s, const struct form_limits *l, uint64_t seed)
{
	ck_assert_msg(s->tree.n <= l->session_rows, "seed %llu: %u rows", (unsigned long long)seed, s->tree.n);
	ck_assert_msg(s->run.steps <= l->steps, "seed %llu: %llu steps", (unsigned long long)seed, (unsigned long long)s->run.steps);
	for (uint32_t row = 1; row <= s->tree.n; row++) {
		const struct row *r = &s->tree.rows[row];

		if (r->kind != ROW_HEAD) {
			ck_assert_msg(r->len <= l->string_bytes || r->len <= l->answer_bytes, "seed %llu: a value of %u bytes", (unsigned long long)seed, r->len);
			continue;
		}
		ck_assert_msg((r->flags & ROW_GONE) != 0 || r->name <= l->repeat_instances, "seed %llu: %u instances",
		    (unsigned long long)seed, r->name);
	}
}

START_TEST(random_forms_stay_within_random_limits)
{
	uint64_t first = seed_of_run();
	unsigned loaded = 0, met = 0;

	printf("test_limits: SEED=%llu\n", (unsigned long long)first);
	for (unsigned k = 0; k < 400; k++) {
		uint64_t seed = first + k;
		struct rng r = { seed };
		struct form_rules rules = { .limits = { .nodes = 20 + rnd(&r, 30), .steps = 50 + rnd(&r, 2000), .repeat_instances = 1 + rnd(&r, 6),
		    .session_rows = 20 + rnd(&r, 100), .string_bytes = 4 + rnd(&r, 60), .answer_bytes = 4 + rnd(&r, 20),
		    .reach = 5 + rnd(&r, 400), .program_len = 4 + rnd(&r, 60), .ast_depth = 3 + rnd(&r, 12), .depth = 2 + rnd(&r, 6),
		    .secondary_cells = 10 + rnd(&r, 60), .expr_bytes = 20 + rnd(&r, 100) } };
		struct findings findings;
		struct form *f;
		struct session *s = NULL;
		struct buf xml;
		enum err_code rc;

		buf_init(&xml, 1 << 20);
		gen_form(&r, &xml);
		findings_init(&findings);
		rc = form_load(buf_str(&xml), xml.len, &rules, &findings, &f, &err);
		buf_free(&xml);
		if (rc != ERR_OK) {
			ck_assert_msg((rc == ERR_LIMIT || rc == ERR_INPUT) && strstr(err.msg, "limit ") != NULL, "seed %llu: %s",
			    (unsigned long long)seed, err.msg);
			met++;
		} else {
			loaded++;
			ck_assert_uint_le(f->n_nodes, rules.limits.nodes);
			rc = session_new(f, &env, &s, &err);
			ck_assert_msg(rc == ERR_OK || rc == ERR_LIMIT, "seed %llu: %s", (unsigned long long)seed, err.msg);
			met += rc == ERR_LIMIT;
		}
		for (unsigned i = 0; s != NULL && i < 40; i++) {
			uint32_t row = 1 + rnd(&r, s->tree.n), at;
			char text[40];

			snprintf(text, sizeof(text), "%.*s", (int)rnd(&r, 30), "123456789012345678901234567890");
			rc = rnd(&r, 3) == 0 ? session_add(s, row, &at, &err) : session_set(s, row, text, strlen(text), &err);
			if (rc == ERR_LIMIT)
				ck_assert_msg(strstr(err.msg, "limit ") != NULL, "seed %llu: %s", (unsigned long long)seed, err.msg);
			met += rc == ERR_LIMIT;
			within(s, &f->limits, seed);
		}
		session_free(s);
		form_free(f);
		findings_clear(&findings);
	}
	ck_assert_uint_gt(loaded, 0);
	ck_assert_uint_gt(met, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("limits");
	TCase *t = tcase_create("limits");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_hostile_form_meets_a_limit_with_a_name, 0, (int)ARRAY_LEN(HOSTILE));
	tcase_add_test(t, random_forms_stay_within_random_limits);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
