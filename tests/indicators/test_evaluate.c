/* Evaluation of definitions over submissions of the questionnaire that ships. What is expected was read off the
 * definition by hand. */
#include "tests/test.h"

#include <math.h>

#include "base/file.h"
#include "forms/xlsform.h"
#include "indicators/evaluate.h"

static struct err err;
static struct form *form;

static void
setup(void)
{
	struct buf file, xml;
	struct findings f;

	buf_init(&file, 1 << 20);
	buf_init(&xml, 1 << 20);
	findings_init(&f);
	ck_ok(file_read("forms/library/satisfaction.csv", &file, &err));
	ck_ok(xlsform_convert(file.data, file.len, "satisfaction.csv", NULL, &xml, &f, &err));
	ck_ok(form_load(buf_str(&xml), xml.len, NULL, &f, &form, &err));
	buf_free(&file);
	buf_free(&xml);
	findings_clear(&f);
}

static void
teardown(void)
{
	form_free(form);
}

/* A submission with these answers and visit values, as the kiosk writes it. */
static struct instance *
answers(const char *q1, const char *more, const char *meta)
{
	char xml[2000];
	struct instance *in;

	snprintf(xml, sizeof(xml), "<data xmlns:jr=\"http://openrosa.org/javarosa\" xmlns:orx=\"http://openrosa.org/xforms\" "
	    "xmlns:candour=\"urn:candour:form:1\" id=\"satisfaction\" version=\"%s\"><q1>%s</q1>%s<orx:meta>"
	    "<orx:instanceID>uuid:00000000-0000-4000-8000-000000000001</orx:instanceID>%s</orx:meta></data>",
	    form_version(form), q1, more, meta);
	ck_ok(instance_read(form, xml, strlen(xml), &in, &err));
	return in;
}

#define SELF "<candour:role>individual</candour:role><candour:answered_by>self</candour:answered_by>"

static struct definition *
parse(const char *text)
{
	struct definition *d;
	struct findings f;

	findings_init(&f);
	ck_ok(definition_parse("x.ind", text, strlen(text), NULL, NULL, &f, &d, &err));
	findings_clear(&f);
	return d;
}

static const struct { const char *q1, *meta; enum outcome outcome; const char *item; double num; const char *bucket; } users[] = {
	{ "1", SELF, OUTCOME_COUNTED, "", 1, "role=individual;helped=no" },
	{ "2", SELF, OUTCOME_COUNTED, "", 1, "role=individual;helped=no" },
	{ "3", SELF, OUTCOME_COUNTED, "", 0, "role=individual;helped=no" },
	{ "5", SELF, OUTCOME_COUNTED, "", 0, "role=individual;helped=no" },
	{ "dk", SELF, OUTCOME_EXCLUDED, "-no_answer", 0, "role=individual;helped=no" },
	{ "pns", SELF, OUTCOME_EXCLUDED, "-no_answer", 0, "role=individual;helped=no" },
	{ "", SELF, OUTCOME_EXCLUDED, "-no_answer", 0, "role=individual;helped=no" },
	{ "1", "<candour:role>individual</candour:role><candour:answered_by>self_helped</candour:answered_by>",
	    OUTCOME_COUNTED, "", 1, "role=individual;helped=yes" },
	{ "1", "<candour:role>individual</candour:role><candour:answered_by>proxy</candour:answered_by>",
	    OUTCOME_OUTSIDE, NULL, 0, NULL },
	{ "1", "<candour:role>staff</candour:role><candour:answered_by>self</candour:answered_by>",
	    OUTCOME_OUTSIDE, NULL, 0, NULL },
};

START_TEST(satisfaction_of_users_as_the_definition_says)
{
	struct definition *d;
	struct evaluator *e;
	struct evaluation out;
	struct findings f;
	struct response about = { .site = "elm", .day = 20544 };	/* 2026-04-01 */
	struct instance *in = answers(users[_i].q1, "", users[_i].meta);

	findings_init(&f);
	ck_ok(definition_read("indicators/library/sat-users.ind", &f, &d, &err));
	ck_ok(evaluator_new(d, form, &f, &e, &err));
	ck_assert_uint_eq(f.n, 0);
	ck_ok(evaluator_run(e, in, &about, &out, &err));
	ck_assert_int_eq(out.outcome, users[_i].outcome);
	if (users[_i].item != NULL) {
		ck_assert_uint_eq(out.n, 1);
		ck_assert_str_eq(out.entries[0].item, users[_i].item);
		ck_assert_double_eq(out.entries[0].num, users[_i].num);
		ck_assert_str_eq(out.bucket, users[_i].bucket);
		ck_assert_int_eq(out.people, 1);
		ck_assert_int_eq(out.month, 2026 * 12 + 3);
	} else {
		ck_assert_uint_eq(out.n, 0);
	}
	instance_free(in);
	evaluator_free(e);
	definition_free(d);
	findings_clear(&f);
}
END_TEST

#define HEAD(kind) "[indicator]\nid = x\nversion = 1\nkind = " kind "\ntitle = T\ntitle_easy = T\ndirection = increase\n" \
	"duty = d\nsource = s\nowner = o\nreview_by = 2027-01\n[measure]\n"

static struct evaluator *
evaluator(const struct definition *d)
{
	struct evaluator *e;
	struct findings f;

	findings_init(&f);
	ck_ok(evaluator_new(d, form, &f, &e, &err));
	findings_clear(&f);
	return e;
}

/* The choices' own scores are 5 4 3 2 1 and 4 3 2 1; one item weighs double: 2 * 4 + 3 - 1 = 10. */
START_TEST(a_score_adds_points_of_its_items)
{
	struct definition *d = parse(HEAD("score") "item.q1 = 2 * score\nitem.q7a = score\noffset = -1\n[form satisfaction]\n");
	struct evaluator *e = evaluator(d);
	struct evaluation out;
	struct response about = { .site = "elm", .day = 20544 };
	struct instance *in = answers("2", "<q7a>2</q7a>", SELF), *part = answers("2", "<q7a>dk</q7a>", SELF);

	ck_ok(evaluator_run(e, in, &about, &out, &err));
	ck_assert_int_eq(out.outcome, OUTCOME_COUNTED);
	ck_assert_double_eq(out.entries[0].value, 10);
	ck_ok(evaluator_run(e, part, &about, &out, &err));
	ck_assert_int_eq(out.outcome, OUTCOME_EXCLUDED);
	ck_assert_str_eq(out.entries[0].item, "-missing");
	instance_free(in);
	instance_free(part);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

START_TEST(points_may_be_written_in_the_definition)
{
	struct definition *d = parse(HEAD("score") "item.q1 = 1 .919 .541 0 0\n[form satisfaction]\n");
	struct evaluator *e = evaluator(d);
	struct evaluation out;
	struct response about = { .site = "elm", .day = 20544 };
	struct instance *in = answers("2", "", SELF), *pns = answers("pns", "", SELF);

	ck_ok(evaluator_run(e, in, &about, &out, &err));
	ck_assert_double_eq(out.entries[0].value, .919);
	ck_ok(evaluator_run(e, pns, &about, &out, &err));
	ck_assert_str_eq(out.entries[0].item, "-missing");
	instance_free(in);
	instance_free(pns);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

START_TEST(each_option_is_counted_over_the_same_base)
{
	struct definition *d = parse(HEAD("options") "option.very = ${q1} = '1'\noption.happy = ${q1} = '1' or ${q1} = '2'\n"
	    "exclude.no_answer = ${q1} = 'dk' or ${q1} = 'pns'\n[form satisfaction]\n");
	struct evaluator *e = evaluator(d);
	struct evaluation out;
	struct response about = { .site = "elm", .day = 20544 };
	struct instance *in = answers("2", "", SELF);

	ck_ok(evaluator_run(e, in, &about, &out, &err));
	ck_assert_uint_eq(out.n, 2);
	ck_assert_str_eq(out.entries[0].item, "very");
	ck_assert_double_eq(out.entries[0].num, 0);
	ck_assert_str_eq(out.entries[1].item, "happy");
	ck_assert_double_eq(out.entries[1].num, 1);
	instance_free(in);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

START_TEST(a_mean_leaves_out_who_did_not_answer)
{
	struct definition *d = parse(HEAD("mean") "value = ${days}\n[form satisfaction]\n");
	struct evaluator *e = evaluator(d);
	struct evaluation out;
	struct response about = { .site = "elm", .day = 20544 };
	struct instance *in = answers("2", "<your_help><matters/><days>5</days></your_help>", SELF),
	    *none = answers("2", "<your_help><matters/><days/></your_help>", SELF);

	ck_ok(evaluator_run(e, in, &about, &out, &err));
	ck_assert_double_eq(out.entries[0].value, 5);
	ck_ok(evaluator_run(e, none, &about, &out, &err));
	ck_assert_int_eq(out.outcome, OUTCOME_EXCLUDED);
	ck_assert_str_eq(out.entries[0].item, "-missing");
	instance_free(in);
	instance_free(none);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

/* A question that was not relevant stands in no submission and reads '' (indicators.md section 1): who was not asked has
 * not answered. */
START_TEST(a_question_that_was_not_asked_reads_blank)
{
	static const char *const populations[] = { "${q7a} = ''", "not(${q7a} != '')", "'' = ${q7a}", "${days} = ''",
		"string-length(${q7a}) = 0", "not(selected(${matters}, 'food'))", "not(${days} > 0)", "${q7a} = ${days}" };
	char text[2000];
	struct definition *d;
	struct evaluator *e;
	struct evaluation out;
	struct response about = { .site = "elm", .day = 20544 };
	struct instance *in = answers("1", "", SELF);

	snprintf(text, sizeof(text), HEAD("count") "population = %s\n[form satisfaction]\n", populations[_i]);
	d = parse(text);
	ck_ok(evaluator_new(d, form, NULL, &e, &err));
	ck_ok(evaluator_run(e, in, &about, &out, &err));
	ck_assert_msg(out.outcome == OUTCOME_COUNTED, "%s is not true of who was not asked", populations[_i]);
	instance_free(in);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

/* Free text as a breakdown must not get into a published category. */
START_TEST(a_breakdown_that_is_no_code_reads_other)
{
	struct definition *d = parse(HEAD("count") "population = ${q1} != 'dk' and ${q1} != 'pns'\n[form satisfaction]\n[by]\n"
	    "what = ${comment}\nq = ${q1}\n");
	struct evaluator *e;
	struct evaluation out;
	struct response about = { .site = "elm", .day = 20544 };
	struct instance *in = answers("2", "<comment>Mrs Jones is rude</comment>", SELF);
	char value[64];

	/* lint refuses it; a definition that was never checked gives nothing away all the same */
	ck_ok(evaluator_new(d, form, NULL, &e, &err));
	ck_ok(evaluator_run(e, in, &about, &out, &err));
	ck_assert_str_eq(out.bucket, "what=other;q=2;helped=no");
	ck_assert(bucket_value(out.bucket, "q", value, sizeof(value)));
	ck_assert_str_eq(value, "2");
	ck_assert(!bucket_value(out.bucket, "role", value, sizeof(value)));
	instance_free(in);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

#define EASY HEAD("proportion") "exclude.no_answer = ${q1} = 'dk' or ${q1} = 'pns'\n[form satisfaction]\nvariant = standard\n" \
	"numerator = ${q1} = '1' or ${q1} = '2'\n[form satisfaction]\nvariant = easy_read\nnumerator = ${q1} = '1'\n"

START_TEST(a_variant_has_its_own_numerator_and_series)
{
	struct definition *d = parse(EASY);
	struct evaluator *e = evaluator(d);
	struct evaluation out;
	struct response about = { .site = "elm", .day = 20544 };
	struct instance *standard = answers("2", "", SELF "<candour:variant>standard</candour:variant>"),
	    *easy = answers("2", "", SELF "<candour:variant>easy_read</candour:variant>"),
	    *other = answers("2", "", SELF "<candour:variant>large</candour:variant>");

	ck_ok(evaluator_run(e, standard, &about, &out, &err));
	ck_assert_double_eq(out.entries[0].num, 1);
	ck_assert_str_eq(out.bucket, "role=individual;variant=standard;helped=no");
	ck_ok(evaluator_run(e, easy, &about, &out, &err));
	ck_assert_double_eq(out.entries[0].num, 0);
	ck_assert_str_eq(out.bucket, "role=individual;variant=easy_read;helped=no");
	ck_ok(evaluator_run(e, other, &about, &out, &err));
	ck_assert_int_eq(out.outcome, OUTCOME_UNMAPPED);
	instance_free(standard);
	instance_free(easy);
	instance_free(other);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

static enum err_code
factors(void *arg, const char *name, const char *path, struct buf *out, struct err *e)
{
	(void)arg;
	(void)name;
	(void)path;
	(void)e;
	buf_puts(out, "code,kg,from,until\nbus,10,,2026-03\nbus,8,2026-04,\n");
	return ERR_OK;
}

/* The table's rows of the response's own day: 10 to March 2026, 8 from April. */
START_TEST(a_table_is_read_as_of_the_day)
{
	static const char text[] = HEAD("quantity") "value = ${days} * pulldata('factors', 'kg', 'code', 'bus')\n"
	    "[form satisfaction]\n[tables]\nfactors = factors.csv\n";
	struct definition *d;
	struct evaluator *e;
	struct evaluation out;
	struct response march = { .site = "elm", .day = 20543 }, april = { .site = "elm", .day = 20544 };
	struct instance *in = answers("2", "<your_help><matters/><days>5</days></your_help>", SELF);

	ck_ok(definition_parse("x.ind", text, strlen(text), factors, NULL, NULL, &d, &err));
	e = evaluator(d);
	ck_ok(evaluator_run(e, in, &march, &out, &err));
	ck_assert_double_eq(out.entries[0].num, 50);
	ck_ok(evaluator_run(e, in, &april, &out, &err));
	ck_assert_double_eq(out.entries[0].num, 40);
	ck_ok(evaluator_run(e, in, &march, &out, &err));
	ck_assert_double_eq(out.entries[0].num, 50);
	instance_free(in);
	evaluator_free(e);
	definition_free(d);
}
END_TEST

static const struct { const char *measure, *says; } misfits[] = {
	{ "exclude.none = false()\nnumerator = ${q99} = '1'\n", "q99" },
	{ "exclude.none = false()\nnumerator = ${q1} = \n", "numerator" },
	{ "exclude.none = false()\nnumerator = today() = '1'\n", "today" },
	{ "exclude.none = false()\nnumerator = random() > 0.5\n", "random" },
	{ "exclude.none = false()\npopulation = ${_rol} = 'staff'\nnumerator = true()\n", "_rol" },
	{ "exclude.a = ${q1} = 'dk' or ${q1} = 'pns'\nnumerator = ${q1} = '6'\n", "'6' is no choice of q1" },
	{ "exclude.a = ${q1} = 'dk' or ${q1} = 'pns'\nnumerator = '6' = ${q1}\n", "'6' is no choice of q1" },
	{ "exclude.a = ${q1} = 'dk' or 'pns' = ${q1}\nnumerator = ${q1} != \"happy\"\n", "'happy' is no choice of q1" },
	{ "exclude.a = ${q1} = 'dk' or ${q1} = 'pns' or ${matters} = 'dk' or ${matters} = 'pns'\n"
	    "numerator = selected(${matters}, 'fod')\n", "'fod' is no choice of matters" },
	{ "exclude.a = ${q1} = ''\nnumerator = ${q1} = '1'\n", "opt-out choice 'dk' of q1" },
	{ "exclude.a = ${q1} = 'dk'\nnumerator = ${q1} = '1'\n", "opt-out choice 'pns' of q1" },
};

START_TEST(refuses_what_does_not_fit_the_form)
{
	char text[2000];
	struct definition *d;
	struct evaluator *e = NULL;
	struct findings f;
	bool found = false;

	snprintf(text, sizeof(text), "%s%s%s", HEAD("proportion"), misfits[_i].measure, "[form satisfaction]\n");
	d = parse(text);
	findings_init(&f);
	ck_assert_int_eq(evaluator_new(d, form, &f, &e, &err), ERR_INPUT);
	ck_assert_ptr_null(e);
	for (size_t i = 0; i < f.n; i++)
		found = found || (strstr(f.list[i].text, misfits[_i].says) != NULL && strncmp(f.list[i].place, "x.ind:1", 7) == 0);
	ck_assert_msg(found, "no finding says %s; the first: %s: %s", misfits[_i].says, f.n > 0 ? f.list[0].place : "-",
	    f.n > 0 ? f.list[0].text : "-");
	findings_clear(&f);
	definition_free(d);
}
END_TEST

START_TEST(a_form_it_has_no_block_for_is_not_its_business)
{
	struct definition *d = parse(HEAD("count") "[form other]\n"), *old = parse(HEAD("count")
	    "[form satisfaction]\nversions = 2020010101..2021010101\n");
	struct evaluator *e = NULL;

	ck_err(evaluator_new(d, form, NULL, &e, &err), ERR_ABSENT, "no block for form satisfaction");
	ck_err(evaluator_new(old, form, NULL, &e, &err), ERR_ABSENT, "no block for form satisfaction");
	definition_free(d);
	definition_free(old);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	struct definition *d = parse(EASY);
	struct evaluator *e = NULL;
	enum err_code rc;

	TORTURE(rc, evaluator_new(d, form, NULL, &e, &err));
	evaluator_free(e);
	definition_free(d);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("evaluate");
	TCase *c = tcase_create("evaluate");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, satisfaction_of_users_as_the_definition_says, 0, ARRAY_LEN(users));
	tcase_add_test(c, a_score_adds_points_of_its_items);
	tcase_add_test(c, points_may_be_written_in_the_definition);
	tcase_add_test(c, each_option_is_counted_over_the_same_base);
	tcase_add_test(c, a_mean_leaves_out_who_did_not_answer);
	tcase_add_loop_test(c, a_question_that_was_not_asked_reads_blank, 0, 8);
	tcase_add_test(c, a_breakdown_that_is_no_code_reads_other);
	tcase_add_test(c, a_variant_has_its_own_numerator_and_series);
	tcase_add_test(c, a_table_is_read_as_of_the_day);
	tcase_add_loop_test(c, refuses_what_does_not_fit_the_form, 0, ARRAY_LEN(misfits));
	tcase_add_test(c, a_form_it_has_no_block_for_is_not_its_business);
	tcase_add_test(c, survives_every_failed_allocation);
	suite_add_tcase(s, c);
	return s;
}

TEST_MAIN(suite)
