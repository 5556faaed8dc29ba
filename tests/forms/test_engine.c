/* The engine through its headers: forms loaded and refused, pages, answers, submissions, instances and
 * indicators' expressions; dates and zones. Expected values: XPath 1.0, ODK XForms, RFC 8536's examples
 * and the European summer time rule. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "forms/dates.h"
#include "forms/expr.h"
#include "forms/form.h"
#include "forms/session.h"
#include "tests/forms/gen.h"
#include "tests/test.h"

static struct err err;

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

static const char questionnaire[] = FORM_HEAD
    "<itext><translation lang=\"English (en)\" default=\"true()\"><text id=\"/data/q1:label\"><value>How are you?</value></text>"
    "<text id=\"L-0\"><value>Well</value></text><text id=\"L-1\"><value>Badly</value></text></translation>"
    "<translation lang=\"Cymraeg (cy)\"><text id=\"/data/q1:label\"><value>Sut wyt ti?</value></text>"
    "<text id=\"L-0\"><value>Da</value></text><text id=\"L-1\"><value>-</value></text></translation></itext>"
    "<instance><data id=\"t\" version=\"3\"><q1/><g><why/><days/></g><total/><meta><instanceID/></meta></data></instance>"
    "<instance id=\"L\"><root><item><itextId>L-0</itextId><name>1</name><score>5</score></item>"
    "<item><itextId>L-1</itextId><name>2</name><score>1</score></item></root></instance>"
    "<bind nodeset=\"/data/q1\" type=\"string\" required=\"true()\" jr:requiredMsg=\"Please answer\"/>"
    "<bind nodeset=\"/data/g/why\" type=\"string\" relevant=\" /data/q1 = '2'\"/>"
    "<bind nodeset=\"/data/g/days\" type=\"int\" constraint=\". &gt;= 0 and . &lt;= 7\" jr:constraintMsg=\"0 to 7\"/>"
    "<bind nodeset=\"/data/total\" type=\"int\" calculate=\" /data/g/days * 2\"/>"
    "<bind nodeset=\"/data/meta/instanceID\" type=\"string\" readonly=\"true()\" jr:preload=\"uid\"/>"
    "</model></h:head><h:body><select1 ref=\"/data/q1\"><label ref=\"jr:itext('/data/q1:label')\"/>"
    "<itemset nodeset=\"instance('L')/root/item\"><value ref=\"name\"/><label ref=\"jr:itext(itextId)\"/></itemset></select1>"
    "<group ref=\"/data/g\"><label>More</label><input ref=\"/data/g/why\"><label>Why?</label></input>"
    "<input ref=\"/data/g/days\"><label>Days, you said <output value=\" /data/q1 \"/></label></input></group>"
    "</h:body></h:html>";

static struct form *
load(const char *xml)
{
	struct findings findings;
	struct form *f;

	findings_init(&findings);
	ck_ok(form_load(xml, strlen(xml), NULL, &findings, &f, &err));
	findings_clear(&findings);
	return f;
}

static uint32_t
page_of(struct session *s, const char *path, struct page *p)
{
	uint32_t page = 0;

	while (session_next(s, &page)) {
		ck_ok(session_page(s, page, p, &err));
		for (size_t i = 0; i < p->n_controls; i++)
			if (strcmp(p->controls[i].path, path) == 0)
				return p->controls[i].row;
	}
	return 0;
}

static void
set(struct session *s, const char *path, const char *value)
{
	struct page p;
	uint32_t row = page_of(s, path, &p);

	ck_assert_msg(row != 0, "no page for %s", path);
	ck_ok(session_set(s, row, value, strlen(value), &err));
}

START_TEST(pages_follow_relevance)
{
	struct form *f = load(questionnaire);
	struct session *s;
	struct page p;
	uint32_t page = 0, first;

	ck_ok(session_new(f, &env, &s, &err));
	ck_assert(session_next(s, &page));
	first = page;
	ck_ok(session_page(s, page, &p, &err));
	ck_assert_str_eq(p.controls[0].label, "How are you?");
	ck_assert_uint_eq(p.controls[0].n_choices, 2);
	ck_assert_str_eq(p.controls[0].choices[0].score, "5");
	ck_assert(p.controls[0].required);
	ck_assert_uint_eq(p.number, 1);
	ck_assert_uint_eq(p.count, 2);
	ck_assert_uint_eq(page_of(s, "/data/g/why", &p), 0);
	set(s, "/data/q1", "2");
	ck_assert_uint_ne(page_of(s, "/data/g/why", &p), 0);
	ck_assert_str_eq(p.group_label, "More");
	ck_assert_uint_eq(p.count, 3);
	page_of(s, "/data/g/days", &p);
	ck_assert_str_eq(p.controls[0].label, "Days, you said 2");
	page = p.id;
	ck_assert(!session_next(s, &page));
	ck_assert(session_previous(s, &page) && session_previous(s, &page));
	ck_assert_uint_eq(page, first);
	ck_assert(!session_previous(s, &page));
	ck_err(session_page(s, 9999, &p, &err), ERR_ABSENT, "no page");
	session_free(s);
	form_free(f);
}
END_TEST

/* A translation that is missing ("-") is shown in the default language. */
START_TEST(languages_change_the_texts)
{
	struct form *f = load(questionnaire);
	struct session *s;
	struct page p;

	ck_assert_uint_eq(form_languages(f), 2);
	ck_assert_str_eq(form_language_tag(f, 1), "cy");
	ck_ok(session_new(f, &env, &s, &err));
	ck_ok(session_language(s, 1, &err));
	page_of(s, "/data/q1", &p);
	ck_assert_str_eq(p.controls[0].label, "Sut wyt ti?");
	ck_assert_str_eq(p.controls[0].choices[0].label, "Da");
	ck_assert_str_eq(p.controls[0].choices[1].label, "Badly");
	ck_err(session_language(s, 7, &err), ERR_INPUT, "no language");
	session_free(s);
	form_free(f);
}
END_TEST

/* A label may hold <output>, and a calculate may hold the label: the name of a choice follows what its label shows,
 * in the language of the draft too (ODK XForms: jr:choice-name, output). */
START_TEST(the_name_of_a_choice_follows_its_label)
{
	static const char xml[] = FORM_HEAD
	    "<itext><translation lang=\"en\" default=\"true()\"><text id=\"L-0\"><value>Home <output value=\"/data/n\"/></value></text></translation>"
	    "<translation lang=\"cy\"><text id=\"L-0\"><value>Cartref <output value=\"/data/n\"/></value></text></translation></itext>"
	    "<instance><data id=\"t\"><n>1</n><q>h</q><who/><name/><called/><r><a>Ann</a><age>9</age></r><meta><instanceID/></meta></data></instance>"
	    "<instance id=\"L\"><root><item><itextId>L-0</itextId><name>h</name></item></root></instance>"
	    "<bind nodeset=\"/data/n\" type=\"int\"/><bind nodeset=\"/data/r/age\" type=\"int\"/>"
	    "<bind nodeset=\"/data/name\" calculate=\"jr:choice-name(/data/q, '/data/q')\"/>"
	    "<bind nodeset=\"/data/called\" calculate=\"concat(jr:itext('L-0'), '!')\"/>"
	    "</model></h:head><h:body><input ref=\"/data/n\"><label>N</label></input>"
	    "<select1 ref=\"/data/q\"><label>Q</label><itemset nodeset=\"instance('L')/root/item\"><value ref=\"name\"/>"
	    "<label ref=\"jr:itext(itextId)\"/></itemset></select1>"
	    "<group ref=\"/data/r\"><label>R</label><repeat nodeset=\"/data/r\"><input ref=\"/data/r/a\"><label>A</label></input></repeat></group>"
	    "<select1 ref=\"/data/who\"><label>Who</label><itemset nodeset=\"/data/r[age &gt; 3]\"><value ref=\"a\"/><label ref=\"a\"/></itemset></select1>"
	    "</h:body></h:html>";
	struct form *f = load(xml);
	struct session *s, *back;
	struct buf draft, out;

	buf_init_secret(&draft, 1 << 16);
	buf_init_secret(&out, 1 << 16);
	ck_ok(session_new(f, &env, &s, &err));
	set(s, "/data/n", "2");
	set(s, "/data/who", "Ann");
	/* nobody of that name is there any more */
	set(s, "/data/r/a", "Bea");
	ck_ok(session_language(s, 1, &err));
	ck_ok(session_save(s, &draft, &err));
	ck_ok(session_restore(f, &env, draft.data, draft.len, &back, &err));
	set(back, "/data/n", "3");
	ck_ok(session_finalise(back, &out, &err));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "<name>Cartref 3</name>"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "<called>Cartref 3!</called>"));
	ck_assert_ptr_null(strstr(buf_str(&out), "Ann"));
	session_free(s);
	session_free(back);
	form_free(f);
	buf_free(&draft);
	buf_free(&out);
}
END_TEST

static int64_t
night(void *arg)
{
	(void)arg;
	return 1719876600000;	/* 2024-07-01T23:30:00Z: half past midnight of 2 July in London */
}

/* A day begins at local midnight when it is compared with an instant (Web Forms, JavaRosa). */
START_TEST(today_has_begun_at_half_past_midnight)
{
	static const char xml[] = FORM_HEAD "<instance><data id=\"t\"><a/><b/><c/><meta><instanceID/></meta></data></instance>"
	    "<bind nodeset=\"/data/a\" calculate=\"today() &lt;= now() and '2024-07-02' &lt; now()\"/>"
	    "<bind nodeset=\"/data/b\" calculate=\"now() &lt; '2024-07-03' and now() &gt; '2024-07-01'\"/>"
	    "<bind nodeset=\"/data/c\" calculate=\"'2024-07-02T00:00:00.000+01:00' &lt; today()\"/>"
	    "</model></h:head><h:body/></h:html>";
	struct session_env late = { .now_ms = night, .random = chance };
	struct zone *zone = NULL;
	struct form *f;
	struct session *s;
	struct buf out;

	if (zone_load("Europe/London", &zone, &err) != ERR_OK) {
		printf("SKIP: no time zones on this machine\n");
		return;
	}
	f = load(xml);
	late.zone = zone;
	buf_init_secret(&out, 1 << 16);
	ck_ok(session_new(f, &late, &s, &err));
	ck_ok(session_finalise(s, &out, &err));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "<a>true</a><b>true</b><c>false</c>"));
	session_free(s);
	form_free(f);
	zone_free(zone);
	buf_free(&out);
}
END_TEST

START_TEST(bad_answers_are_refused_or_block)
{
	struct form *f = load(questionnaire);
	struct session *s;
	struct violation v[4];
	struct page p;
	struct buf out;
	uint32_t row;

	buf_init_secret(&out, 1 << 16);
	ck_ok(session_new(f, &env, &s, &err));
	ck_assert_uint_eq(session_violations(s, v, 4), 1);
	ck_assert_int_eq(v[0].kind, VIOLATION_REQUIRED);
	ck_assert_str_eq(v[0].message, "Please answer");
	row = page_of(s, "/data/g/days", &p);
	ck_err(session_set(s, row, "4.5", 3, &err), ERR_INPUT, "int");
	ck_err(session_set(s, row, "3000000000", 10, &err), ERR_INPUT, "int");
	ck_err(session_set(s, row, "\xff", 1, &err), ERR_INPUT, "UTF-8");
	ck_ok(session_set(s, row, "9", 1, &err));
	ck_err(session_set(s, page_of(s, "/data/q1", &p), "7", 1, &err), ERR_INPUT, "choices");
	ck_err(session_set(s, 1, "x", 1, &err), ERR_DENIED, "no question");
	set(s, "/data/q1", "1");
	ck_assert_uint_eq(session_violations(s, v, 4), 1);
	ck_assert_int_eq(v[0].kind, VIOLATION_CONSTRAINT);
	ck_assert_str_eq(v[0].message, "0 to 7");
	ck_err(session_finalise(s, &out, &err), ERR_INPUT, "not answered");
	ck_assert_uint_eq(out.len, 0);
	session_free(s);
	form_free(f);
	buf_free(&out);
}
END_TEST

/* XML 1.0 production 2: no U+FFFE, no U+FFFF; U+FFFD and what else
 * begins with the same byte is text. However it was typed, the document is one that the centre can read. */
START_TEST(what_xml_cannot_hold_is_left_out)
{
	struct form *f = load(questionnaire);
	struct session *s;
	struct instance *in;
	struct buf out;

	buf_init_secret(&out, 1 << 16);
	ck_ok(session_new(f, &env, &s, &err));
	set(s, "/data/q1", "2");
	set(s, "/data/g/why", "a\xef\xbf\xbf" "b\xef\xbf\xbe" "cd\xef\xbf\xbd\xef\xbc\x81");
	set(s, "/data/g/days", "3");
	ck_ok(session_finalise(s, &out, &err));
	ck_ok(instance_read(f, buf_str(&out), out.len, &in, &err));
	ck_assert_str_eq(instance_text(in, "why"), "abcd\xef\xbf\xbd\xef\xbc\x81");
	instance_free(in);
	session_free(s);
	form_free(f);
	buf_free(&out);
}
END_TEST

/* What is not relevant at the end is not in the document; meta is. */
START_TEST(a_submission_reads_back)
{
	static const char *const facts[] = { "site", "role", NULL };
	static const char *const tables[] = { "names", "key,name\n1,one\n\"2\",\"two, or so\"\n", NULL };
	static const struct { const char *expr; const char *want; } cases[] = {
		{ "${q1} = '1'", "true" }, { "${why}", "" }, { "${days} + 1", "4" }, { "${_role}", "individual" },
		{ "${_site} = 's9' and ${_role} != 'proxy'", "true" }, { "count(/data/g/why)", "0" },
		{ "pulldata('names', 'name', 'key', '2')", "two, or so" }, { "selected(${q1}, '1')", "true" },
		{ "${total}", "6" }, { "number(${why})", "NaN" }, { "if(${days} > 2, 'many', 'few')", "many" },
	};
	struct form *f = load(questionnaire);
	struct session *s;
	struct instance *in;
	struct buf out;

	buf_init_secret(&out, 1 << 16);
	ck_ok(session_new(f, &env, &s, &err));
	set(s, "/data/q1", "2");
	set(s, "/data/g/why", "a < b & \"c\"");
	set(s, "/data/q1", "1");
	set(s, "/data/g/days", "3");
	ck_ok(session_meta(s, "role", "individual", 10, &err));
	ck_err(session_meta(s, "no good", "x", 1, &err), ERR_INPUT, "no name");
	ck_ok(session_finalise(s, &out, &err));
	ck_assert_ptr_null(strstr(buf_str(&out), "why"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "<candour:role>individual</candour:role>"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "<instanceID>uuid:"));
	ck_ok(instance_read(f, buf_str(&out), out.len, &in, &err));
	ck_ok(instance_fact(in, "site", "s9", &err));
	ck_assert_str_eq(instance_text(in, "days"), "3");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct expr *e;
		struct value v;

		ck_ok(expr_compile(f, cases[i].expr, strlen(cases[i].expr), facts, tables, &e, &err));
		ck_ok(expr_eval(e, in, &v, &err));
		ck_assert_msg(strcmp(v.text, cases[i].want) == 0, "%s: %s, wanted %s", cases[i].expr, v.text, cases[i].want);
		expr_free(e);
	}
	instance_free(in);
	session_free(s);
	form_free(f);
	buf_free(&out);
}
END_TEST

START_TEST(expressions_are_refused_with_their_place)
{
	static const char *const facts[] = { "site", NULL };
	static const struct { const char *expr, *want; } cases[] = {
		{ "${agee} > 3", "at character 1: no question is called \"agee\"" }, { "${_where}", "nothing gives ${_where}" },
		{ "today() > 3", "today() cannot be used here" }, { "nosuch(1)", "at character 1: there is no function nosuch()" },
		{ "1 +", "at character 4: the expression ends where a value is expected" },
		{ "round(1, 2, 3)", "round() takes 1 to 2 arguments, not 3" }, { "", "the expression is empty" },
		{ "'a", "has no closing" }, { "${q1} & 'x'", "write \"and\", or concat" }, { "/data/none", "there is no node \"none\"" },
		{ "date('2024-02-30')", "is no date" }, { "regex(${q1}, '[')", "regular expression" },
	};
	struct form *f = load(questionnaire);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct expr *e;

		ck_err(expr_compile(f, cases[i].expr, strlen(cases[i].expr), facts, NULL, &e, &err), ERR_INPUT, cases[i].want);
		ck_assert_ptr_null(e);
	}
	form_free(f);
}
END_TEST

/* One form each: what is wrong, and what the message says. */
START_TEST(forms_are_refused_with_a_sentence)
{
#define FORM(MODEL, BODY) FORM_HEAD "<instance><data id=\"x\"><a/><b/></data></instance>" MODEL \
	"</model></h:head><h:body>" BODY "</h:body></h:html>"
	static const struct { const char *xml, *want; } cases[] = {
		{ "<html", "not well-formed" }, { "<!DOCTYPE x><x/>", "DOCTYPE" }, { "<data/>", "no XForm" },
		{ FORM("<bind nodeset=\"/data/a\" calculate=\"/data/b\"/><bind nodeset=\"/data/b\" calculate=\"/data/a\"/>", ""), "depend on each other" },
		{ FORM("<bind nodeset=\"/data/a\" relevant=\"/data/c = 1\"/>", ""), "there is no node \"c\"" },
		{ FORM("<bind nodeset=\"/data/a\" required=\"/data/a = ''\"/>", ""), "depends on itself" },
		{ FORM("", "<input ref=\"/data/z\"/>"), "there is no node /data/z" },
		{ FORM("<setvalue event=\"xforms-ready\" ref=\"/data/a\" value=\"1\"/>", ""), "xforms-ready" },
		{ FORM("", "<input ref=\"/data/a\"><label ref=\"jr:itext('none')\"/></input>"), "there is no text 'none'" },
		{ FORM("<bind nodeset=\"/data/a\" type=\"geopoint\"/>", ""), "may not hold a place" },
		{ FORM("<bind nodeset=\"/data/a\" jr:preload=\"property\" jr:preloadParams=\"email\"/>", ""), "may not hold email" },
		{ FORM("<instance id=\"__last-saved\" src=\"jr://instance/last-saved\"/>", ""), "last-saved" },
		{ FORM("", "<input ref=\"/data/a\" appearance=\"maps\"/>"), "appearance maps" },
		{ FORM("<submission method=\"get\"/>", ""), "submission method" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct findings findings;
		struct form *f;

		findings_init(&findings);
		ck_err(form_load(cases[i].xml, strlen(cases[i].xml), NULL, &findings, &f, &err), ERR_INPUT, cases[i].want);
		ck_assert_ptr_null(f);
		ck_assert_uint_gt(findings.errors, 0);
		findings_clear(&findings);
	}
}
END_TEST

START_TEST(limits_are_named)
{
	struct form_rules rules = { .admit = true };
	struct findings findings;
	struct form *f;

	findings_init(&findings);
	rules.limits.nodes = 4;
	ck_err(form_load(questionnaire, strlen(questionnaire), &rules, &findings, &f, &err), ERR_LIMIT, "limit nodes");
	rules.limits.nodes = 0;
	rules.limits.xml_bytes = 100;
	ck_err(form_load(questionnaire, strlen(questionnaire), &rules, &findings, &f, &err), ERR_LIMIT, "limit xml_bytes");
	rules.limits.xml_bytes = 0;
	rules.limits.languages = 1;
	ck_err(form_load(questionnaire, strlen(questionnaire), &rules, &findings, &f, &err), ERR_LIMIT, "limit languages");
	rules.limits.languages = 0;
	rules.limits.secondary_cells = 3;
	ck_err(form_load(questionnaire, strlen(questionnaire), &rules, &findings, &f, &err), ERR_LIMIT, "limit secondary_cells");
	findings_clear(&findings);
}
END_TEST

/* A damaged or foreign draft is refused; a good one goes on where it was. */
START_TEST(drafts_go_on)
{
	struct form *f = load(questionnaire), *other = load(FORM("", "<input ref=\"/data/a\"/>"));
	struct session *s, *back;
	struct buf draft;
	struct page p;

	buf_init_secret(&draft, 1 << 16);
	ck_ok(session_new(f, &env, &s, &err));
	set(s, "/data/q1", "2");
	ck_ok(session_save(s, &draft, &err));
	ck_ok(session_restore(f, &env, draft.data, draft.len, &back, &err));
	ck_assert_uint_eq(page_of(s, "/data/g/why", &p), page_of(back, "/data/g/why", &p));
	set(back, "/data/g/why", "x");
	session_free(back);
	ck_err(session_restore(other, &env, draft.data, draft.len, &back, &err), ERR_INPUT, "another version");
	ck_err(session_restore(f, &env, draft.data, draft.len - 1, &back, &err), ERR_INPUT, "damaged");
	ck_err(session_restore(f, &env, "x", 1, &back, &err), ERR_INPUT, "no draft");
	session_free(s);
	form_free(f);
	form_free(other);
	buf_free(&draft);
}
END_TEST

/* European summer time: last Sundays of March and October at 01:00 UTC. */
START_TEST(zones_know_summer_time)
{
	struct zone *z;
	int64_t ms;
	int32_t offset;

	if (zone_load("Europe/London", &z, &err) != ERR_OK)
		return;
	ck_assert_int_eq(zone_offset(z, 1711846799), 0);	/* 2024-03-31T00:59:59Z */
	ck_assert_int_eq(zone_offset(z, 1711846800), 3600);
	ck_assert_int_eq(zone_offset(z, 1729990799), 3600);	/* 2024-10-27T00:59:59Z */
	ck_assert_int_eq(zone_offset(z, 1729990800), 0);
	ck_assert_int_eq(zone_offset(z, 4118000400 + 86400 * 120), 3600);	/* summer of 2100, by the rule */
	/* 01:30 on the day it does not exist goes forward; the one that comes twice is the earlier */
	ck_assert(datetime_parse("2024-03-31T01:30:00", 19, z, &ms, &offset));
	ck_assert_int_eq(ms / 1000, 1711848600);
	ck_assert(datetime_parse("2024-10-27T01:30:00", 19, z, &ms, &offset));
	ck_assert_int_eq(ms / 1000, 1729989000);
	zone_free(z);
}
END_TEST

START_TEST(dates_read_and_print)
{
	static const char *const bad[] = { "2024-02-30", "2023-02-29", "24-01-01", "2024-13-01", "2024-00-10", "2024-01-01x", "" };
	int64_t day;
	char text[40];
	struct buf b;

	ck_assert(date_parse("1970-01-01", 10, &day) && day == 0);
	ck_assert(date_parse("2024-2-29", 9, &day) && day == 19782);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!date_parse(bad[i], strlen(bad[i]), &day), "%s", bad[i]);
	for (int64_t d = -800000 + 90000; d < 2900000; d += 997) {
		date_text(d, text);
		ck_assert(date_parse(text, strlen(text), &day) && day == d);
	}
	datetime_text(1711972800123, 60, text);
	ck_assert_str_eq(text, "2024-04-01T13:00:00.123+01:00");
	buf_init(&b, 200);
	ck_assert(date_format(&b, "%Y-%m-%d %e/%n/%y %b %a %H:%M:%S.%3", 35, 1711972800123));
	ck_assert_str_eq(buf_str(&b), "2024-04-01 1/4/24 Apr Mon 12:00:00.123");
	ck_assert(!date_format(&b, "%Q", 2, 0));
	buf_free(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("engine");
	TCase *t = tcase_create("engine");

	tcase_add_test(t, pages_follow_relevance);
	tcase_add_test(t, languages_change_the_texts);
	tcase_add_test(t, what_xml_cannot_hold_is_left_out);
	tcase_add_test(t, the_name_of_a_choice_follows_its_label);
	tcase_add_test(t, today_has_begun_at_half_past_midnight);
	tcase_add_test(t, bad_answers_are_refused_or_block);
	tcase_add_test(t, a_submission_reads_back);
	tcase_add_test(t, expressions_are_refused_with_their_place);
	tcase_add_test(t, forms_are_refused_with_a_sentence);
	tcase_add_test(t, limits_are_named);
	tcase_add_test(t, drafts_go_on);
	tcase_add_test(t, zones_know_summer_time);
	tcase_add_test(t, dates_read_and_print);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
