/* The engine with every allocation failing in turn, libxml2's too: loading and each operation of a session
 * either work or return ERR_NOMEM, and the same operation then works and leads to the same submission.
 * The expected submission is that of the run in which nothing fails. */
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>
#include <string.h>

#include "forms/form.h"
#include "forms/session.h"
#include "tests/forms/gen.h"
#include "tests/test.h"

static struct err err;
static bool with_libxml;

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return 1711972800000;	/* 2024-04-01T12:00:00Z */
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 5, len);
}

static const struct session_env env = { .now_ms = now_ms, .random = chance };

/* Functions of each kind, texts, lists filtered by an index, actions, a repeat with a count and one without. */
static const char xml[] = FORM_HEAD
    "<itext><translation lang=\"English (en)\" default=\"true()\"><text id=\"/data/q:label\"><value>How?</value></text>"
    "<text id=\"L-0\"><value>Well</value></text><text id=\"L-1\"><value>Badly <output value=\" /data/n \"/></value></text></translation>"
    "<translation lang=\"Cymraeg (cy)\"><text id=\"/data/q:label\"><value>Sut?</value></text>"
    "<text id=\"L-0\"><value>Da</value></text><text id=\"L-1\"><value>-</value></text></translation></itext>"
    "<instance><data id=\"t\" version=\"3\"><q/><m/><n>3</n><d>2024-04-01</d><text/><made/><hash/><name/><list/><first/><seen/>"
    "<r jr:template=\"\"><a/><b/><pos/></r><r><a/><b/><pos/></r><c jr:template=\"\"><x/></c><sum/><none/><meta><instanceID/></meta></data></instance>"
    "<instance id=\"L\"><root><item><itextId>L-0</itextId><name>1</name><group>a</group></item>"
    "<item><itextId>L-1</itextId><name>2</name><group>b</group></item></root></instance>"
    "<instance id=\"t\"><root><item><name>a</name><label>A</label></item><item><name>b</name><label>B</label></item></root></instance>"
    "<bind nodeset=\"/data/q\" type=\"string\" required=\"true()\"/>"
    "<bind nodeset=\"/data/n\" type=\"int\" constraint=\". &lt; 5 and regex(., '^[0-9]+$')\" jr:constraintMsg=\"less\"/>"
    "<bind nodeset=\"/data/d\" type=\"date\"/>"
    "<bind nodeset=\"/data/text\" type=\"string\"/>"
    "<bind nodeset=\"/data/made\" type=\"string\" calculate=\"concat(translate(/data/text, 'ab', 'cd'), '-', substr(/data/text, 1),"
    " format-date(/data/d, '%Y %b %e'), normalize-space(' x  y '), string(/data/n * 1.5), substring-before('a:b', ':'))\"/>"
    "<bind nodeset=\"/data/hash\" type=\"string\" calculate=\"digest(/data/text, 'SHA-256', 'hex')\"/>"
    "<bind nodeset=\"/data/name\" type=\"string\" calculate=\"jr:choice-name(/data/q, '/data/q')\"/>"
    "<bind nodeset=\"/data/list\" type=\"string\" calculate=\"join(', ', instance('t')/root/item[name = /data/first]/label, /data/r/a)\"/>"
    "<bind nodeset=\"/data/r/pos\" type=\"int\" calculate=\"position(..)\"/>"
    "<bind nodeset=\"/data/r/b\" type=\"string\" relevant=\"../a != ''\"/>"
    "<bind nodeset=\"/data/sum\" type=\"int\" calculate=\"sum(/data/r/a) + count-selected(/data/m) + if(selected(/data/m, '1'), 10, 20)\"/>"
    "<bind nodeset=\"/data/none\" type=\"string\" relevant=\"/data/n &gt; 3\"/>"
    "<bind nodeset=\"/data/meta/instanceID\" type=\"string\" readonly=\"true()\" jr:preload=\"uid\"/>"
    "<setvalue event=\"odk-instance-first-load\" ref=\"/data/first\" value=\"substring('ab', 1, 1)\"/>"
    "</model></h:head><h:body><select1 ref=\"/data/q\"><label ref=\"jr:itext('/data/q:label')\"/>"
    "<itemset nodeset=\"randomize(instance('L')/root/item[group != ''], 42)\"><value ref=\"name\"/><label ref=\"jr:itext(itextId)\"/></itemset></select1>"
    "<select ref=\"/data/m\"><label>Which?</label><itemset nodeset=\"instance('L')/root/item\"><value ref=\"name\"/>"
    "<label ref=\"jr:itext(itextId)\"/></itemset></select>"
    "<input ref=\"/data/n\"><label>Number, <output value=\"concat('now ', /data/n)\"/></label></input>"
    "<input ref=\"/data/text\"><label>Text</label><setvalue event=\"xforms-value-changed\" ref=\"/data/seen\" value=\"concat(/data/seen, 'x')\"/></input>"
    "<group ref=\"/data/r\"><label>R</label><repeat nodeset=\"/data/r\"><input ref=\"/data/r/a\"><label>A</label></input>"
    "<input ref=\"/data/r/b\"><label>B</label></input></repeat></group>"
    "<group ref=\"/data/c\"><label>C</label><repeat nodeset=\"/data/c\" jr:count=\"/data/n\"><input ref=\"/data/c/x\"><label>X</label></input></repeat></group>"
    "<input ref=\"/data/none\"><label>None</label></input>"
    "</h:body></h:html>";

/* Run EXPR; if an allocation failed in it, the answer is ERR_NOMEM or ERR_OK, and it works when tried again. */
#define TRY(expr) \
	do { \
		enum err_code rc_ = (expr); \
		if (rc_ != ERR_OK) { \
			ck_assert_msg(torture_hit && rc_ == ERR_NOMEM, "%s: allocation %ld: %s: %s", #expr, at, err_word(rc_), err.msg); \
			torture_left = -1; \
			memset(&err, 0, sizeof(err)); \
			ck_ok(expr); \
		} \
	} while (0)

static long at;

static enum err_code
load(struct form **out)
{
	struct findings findings;
	enum err_code rc;

	findings_init(&findings);
	rc = form_load(xml, sizeof(xml) - 1, NULL, &findings, out, &err);
	findings_clear(&findings);
	return rc;
}

/* The row of PATH, after looking at all pages before it. */
static uint32_t
row_of(struct session *s, const char *path)
{
	struct page p;

	for (int again = 0; again < 2; again++) {
		uint32_t page = 0;

		while (session_next(s, &page)) {
			enum err_code rc = session_page(s, page, &p, &err);

			if (rc != ERR_OK) {
				ck_assert_msg(torture_hit && rc == ERR_NOMEM, "page of %s: allocation %ld: %s: %s", path, at, err_word(rc), err.msg);
				torture_left = -1;
				ck_ok(session_page(s, page, &p, &err));
			}
			for (size_t i = 0; i < p.n_controls; i++)
				if (strcmp(p.controls[i].path, path) == 0)
					return p.controls[i].row;
		}
	}
	ck_abort_msg("allocation %ld: no page shows %s", at, path);
	return 0;
}

static void
put(struct session *s, const char *path, const char *text)
{
	uint32_t row = row_of(s, path);

	TRY(session_set(s, row, text, strlen(text), &err));
}

/* Everything once; OUT is the submission. */
static void
live(struct buf *out)
{
	struct form *f;
	struct session *s, *back;
	struct buf draft;
	uint32_t row, n;

	buf_init_secret(&draft, 1 << 20);
	TRY(load(&f));
	TRY(session_new(f, &env, &s, &err));
	put(s, "/data/q", "2");
	put(s, "/data/m", "1 2");
	put(s, "/data/text", "abc");
	put(s, "/data/r/a", "4");
	put(s, "/data/r/b", "yes");
	row = row_of(s, "/data/r");
	TRY(session_add(s, row, &n, &err));
	TRY(session_language(s, 1, &err));
	put(s, "/data/n", "4");
	put(s, "/data/none", "gone");
	put(s, "/data/c/x", "first");
	put(s, "/data/n", "2");
	TRY(session_remove(s, n, &err));
	TRY(session_meta(s, "role", "individual", 10, &err));
	TRY((buf_reset(&draft), session_save(s, &draft, &err)));
	TRY(session_restore(f, &env, draft.data, draft.len, &back, &err));
	session_free(s);
	s = back;
	session_violations(s, NULL, 0);
	TRY((buf_reset(out), session_finalise(s, out, &err)));
	session_free(s);
	TRY(session_edit(f, &env, (const char *)out->data, out->len, &s, &err));
	session_free(s);
	form_free(f);
	buf_free(&draft);
}

static void
silent(void *arg, const char *fmt, ...)
{
	(void)arg;
	(void)fmt;
}

START_TEST(nothing_is_lost_when_memory_runs_out)
{
	struct buf want, got;

	xmlSetGenericErrorFunc(NULL, silent);
	with_libxml = _i == 1;
	buf_init_secret(&want, 1 << 20);
	buf_init_secret(&got, 1 << 20);
	at = -1;
	live(&want);
	ck_assert_ptr_nonnull(strstr(buf_str(&want), "<c><x>first</x></c>"));
	at = 0;
	do {
		ck_assert_int_lt(at, 20000);
		torture_hit = 0;
		torture_left = at;
		live(&got);
		torture_left = -1;
		ck_assert_msg(got.len == want.len && memcmp(got.data, want.data, got.len) == 0, "allocation %ld leads to:\n%s\nnot:\n%s",
		    at, buf_str(&got), buf_str(&want));
		buf_reset(&got);
		at++;
	} while (torture_hit);
	ck_assert_int_gt(at, 100);
	buf_free(&want);
	buf_free(&got);
}
END_TEST

/* --- libxml2's allocator: as the library's own unless the test says otherwise -------------------------- */

void *__real_malloc(size_t n);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);

static void *
xml_malloc(size_t n)
{
	return with_libxml ? malloc(n) : __real_malloc(n);
}

static void *
xml_realloc(void *p, size_t n)
{
	return with_libxml ? realloc(p, n) : __real_realloc(p, n);
}

static char *
xml_strdup(const char *s)
{
	return with_libxml ? strdup(s) : __real_strdup(s);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("nomem");
	TCase *t = tcase_create("nomem");

	if (xmlMemSetup(free, xml_malloc, xml_realloc, xml_strdup) != 0)
		abort();
	xmlInitParser();
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, nothing_is_lost_when_memory_runs_out, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
