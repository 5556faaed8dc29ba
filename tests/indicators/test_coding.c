/* Agreed codes of comments become facts: counted by role, corrected when coded again, gone with a withdrawal and at the end of their
 * time, found again by a definition that comes later; and the command takes nothing that two people do not agree on. */
#include "tests/indicators/centre.h"

#include "admin/indicator_cmd.h"
#include "base/codec.h"
#include "indicators/coding.h"
#include "indicators/families.h"
#include "indicators/points.h"
#include "indicators/prepare.h"
#include "indicators/retain.h"

enum { DAY = NOW / 86400 - 60, ANSWERS = 60 };
static char conf_path[96];
static struct worker *w;

static const char theme[] = "[indicator]\nid = theme-%s\nversion = 1\nkind = theme\ntitle = Comments about %s\n"
	"title_easy = What people wrote about\nabout = a\nunit = comments\ndirection = neutral\nduty = d\nsource = s\n"
	"method = questionnaire\nowner = o\nreview_by = 2027-04\n[measure]\npopulation = ${_role} = 'individual'\ntheme = care@2/%s\n"
	"[form satisfaction]\n[by]\nsite = yes\n[time]\nperiod = month\n[state]\nstate = draft\n";

static void
put_theme(const char *code)
{
	char path[200], text[2000];

	snprintf(text, sizeof(text), theme, code, code, code);
	snprintf(path, sizeof(path), "%s/theme-%s.ind", definitions_path, code);
	ck_ok(file_write(path, text, strlen(text), 0600, &err));
}

static void
setup(void)
{
	char text[1000];

	centre_setup();
	put_theme("staffing");
	put_theme("food");
	snprintf(conf_path, sizeof(conf_path), "%s/indicators.conf", folder);
	snprintf(text, sizeof(text), "store = %s\nfacts = %s\nforms = %s\ndefinitions = %s\nkey = %s\nusers = %s/users.db\n", store_path,
	    facts_path, forms_path, definitions_path, key_path, folder);
	ck_ok(file_write(conf_path, text, strlen(text), 0600, &err));
}

static void
reopen(void)
{
	worker_close(w);
	w = NULL;
	ck_ok(worker_open(&worker_conf, &w, &err));
	ck_ok(worker_run(w, &err));
}

static void
teardown(void)
{
	worker_close(w);
	w = NULL;
	centre_teardown();
}

/* ANSWERS answers, the last ten of staff, half at each site. */
static void
answers(int64_t day)
{
	for (int i = 0; i < ANSWERS; i++)
		centre_answer(&(struct answer){ .device = (uint8_t)(1 + i % 2), .seq = 1 + i / 2, .id = 1000 + (uint32_t)i, .q1 = "1",
		    .comment = "some words", .day = day, .quality = CLOCK_SYNCED, .role = i < ANSWERS - 10 ? NULL : "staff" });
	reopen();
}

static void
record_id(int i, uint8_t id[16])
{
	uint32_t n = 1000 + (uint32_t)i;

	memset(id, 0, 16);
	memcpy(id, &n, sizeof(n));
}

/* Numerator and base of theme-CODE over everything; base -1: no such definition. */
static void
is_theme(const char *code, int64_t n, double x)
{
	char id[40];
	const struct definition *d;
	struct points p;
	int64_t def, cells, different, got = 0;
	double in = 0;
	bool is_new;

	snprintf(id, sizeof(id), "theme-%s", code);
	d = library_find(worker_library(w), id, 1);
	ck_assert_ptr_nonnull(d);
	ck_ok(facts_definition(worker_facts(w), id, 1, d->hash, false, buf_str(&d->canonical), &def, &is_new, &err));
	ck_ok(points_of(worker_facts(w), d, def, &p, &err));
	for (size_t i = 0; i < p.n; i++)
		if (p.list[i].site[0] == '\0' && p.list[i].breakdown[0] == '\0') {
			got += p.list[i].sum.n;
			in += p.list[i].sum.num;
		}
	points_clear(&p);
	ck_assert_msg(got == n && in == x, "%s: %g of %lld, wanted %g of %lld", code, in, (long long)got, x, (long long)n);
	ck_ok(worker_nightly(w, &cells, &different, &err));
	ck_assert_int_eq(different, 0);
}

/* Rows FROM .. TO - 1, each coded THEMES. */
static enum err_code
code(int from, int to, const char *themes, struct coding_result *got)
{
	struct coding_conf how = { worker_facts(w), worker_store(w), worker_key(w), worker_forms(w), worker_library(w) };
	struct coding_row rows[ANSWERS];

	for (int i = from; i < to; i++) {
		rows[i - from] = (struct coding_row){ .themes = themes, .file = "agreed.csv", .line = i + 2 };
		record_id(i, rows[i - from].record);
	}
	return coding_take(&how, "care@2", rows, (size_t)(to - from), NOW, "test", "", got, &err);
}

/* 50 individuals wrote; what nobody coded is in no base. */
START_TEST(codes_become_facts)
{
	struct coding_result got;

	answers(DAY);
	is_theme("staffing", 0, 0);
	ck_ok(code(0, 20, "staffing food", &got));
	ck_assert_uint_eq(got.taken, 20);
	ck_assert_uint_eq(got.indicators, 2);
	ck_assert_int_eq(got.facts, 40);
	ck_ok(code(20, 30, "", &got));
	ck_ok(code(45, ANSWERS, "foods staffing", &got));	/* 5 individuals, 10 staff */
	is_theme("staffing", 35, 25);
	is_theme("food", 35, 20);
	ck_ok(code(0, 20, "staffing food", &got));	/* the same sheet again */
	ck_assert_uint_eq(got.same, 20);
	is_theme("staffing", 35, 25);
	ck_ok(code(0, 5, "food", &got));		/* coded again, twice */
	ck_ok(code(0, 3, "staffing", &got));
	is_theme("staffing", 35, 23);
	is_theme("food", 35, 17);
	reopen();
	is_theme("staffing", 35, 23);
	put_theme("care");				/* a definition that comes later, from the codes that are kept */
	put_theme("foods");
	reopen();
	is_theme("care", 35, 0);
	is_theme("foods", 35, 5);
	is_theme("food", 35, 17);
}
END_TEST

/* Figures of themes are published like other shares; those of one frame are of the same comments, so they are one family. 60 of 60
 * coded, 50 of them by individuals. */
START_TEST(themes_are_published)
{
	struct prepare how = { .organisation = "Test", .now = NOW, .until = 2026 * 12 + 11, .drafts = true };
	struct prepare_report report;
	struct coding_result got;
	struct publication p;
	struct buf file;
	size_t *family, of[2] = { 0 };
	bool seen = false;

	answers(DAY);
	ck_ok(code(0, 20, "staffing food", &got));
	ck_ok(code(20, ANSWERS, "food", &got));
	ck_ok(families_of(worker_library(w), &family, &err));
	for (size_t i = 0; i < worker_library(w)->n; i++)
		for (int k = 0; k < 2; k++)
			if (strcmp(worker_library(w)->list[i]->id, k == 0 ? "theme-food" : "theme-staffing") == 0)
				of[k] = family[i] + 1;
	ck_assert_uint_ne(of[0], 0);
	ck_assert_uint_eq(of[0], of[1]);
	free(family);
	buf_init(&file, PUB_MAX);
	ck_ok(prepare_publication(worker_facts(w), worker_library(w), NULL, &how, &file, &report, &err));
	ck_ok(pub_read(file.data, file.len, &p, &err));
	for (size_t i = 0; i < p.n_rows; i++)
		if (strcmp(p.rows[i].indicator, "theme-staffing") == 0 && strcmp(p.rows[i].area_code, "all") == 0) {
			ck_assert(!p.rows[i].suppressed);
			ck_assert_double_eq(p.rows[i].value.v, 40);
			ck_assert_double_eq(p.rows[i].denominator.v, 50);
			seen = true;
		}
	ck_assert(seen);
	pub_clear(&p);
	buf_free(&file);
}
END_TEST

/* What cannot be right is refused where it stands. */
START_TEST(a_theme_is_written_rightly)
{
	static const struct { const char *from, *to, *want; } faults[] = {
		{ "care@2/staffing", "care/staffing", "FRAME@VERSION/CODE" },
		{ "care@2/staffing", "care@02/staffing", "FRAME@VERSION/CODE" },
		{ "care@2/staffing", "care@2/", "FRAME@VERSION/CODE" },
		{ "care@2/staffing", "care@2/two words", "FRAME@VERSION/CODE" },
		{ "care@2/staffing", "care@2/staffing\nnumerator = ${q1} = '1'", "keep one" },
		{ "theme = care@2/staffing\n", "", "add numerator" },
		{ "theme = care@2/staffing", "theme = care@2/staffing\nunit_of_analysis = session", "theme is of comments" },
	};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char text[2000], changed[2400], *at;
		struct definition *d = NULL;
		struct findings found;
		bool told = false;

		snprintf(text, sizeof(text), theme, "staffing", "staffing", "staffing");
		at = strstr(text, faults[i].from);
		snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, faults[i].to, at + strlen(faults[i].from));
		findings_init(&found);
		ck_err(definition_parse("x.ind", changed, strlen(changed), NULL, NULL, &found, &d, &err), ERR_INPUT, "");
		for (size_t k = 0; k < found.n; k++)
			told = told || strstr(found.list[k].text, faults[i].want) != NULL;
		ck_assert_msg(told, "%s: not told", faults[i].to);
		findings_clear(&found);
	}
}
END_TEST

/* All or nothing: one record that is not here, and none of the sheet is taken. */
START_TEST(a_wrong_row_takes_nothing)
{
	struct coding_result got;

	answers(DAY);
	ck_err(code(50, 61, "staffing", &got), ERR_INPUT, "agreed.csv:62: no answer here");
	is_theme("staffing", 0, 0);
	ck_ok(code(0, 1, "staffing", &got));
	ck_assert_uint_eq(got.taken, 1);
}
END_TEST

/* The codes go with the answer: when it is withdrawn, and at the end of its time. */
START_TEST(codes_go_with_the_answer)
{
	struct coding_result got;
	struct coded list[CODING_FRAMES];
	struct arena arena;
	struct retain r = {0};
	uint8_t id[16];
	size_t n, cells;

	arena_init(&arena, 1 << 20);
	answers(DAY - 900);
	ck_ok(code(0, 20, "staffing", &got));
	record_id(0, id);
	ck_ok(facts_codes(worker_facts(w), "elm", id, &arena, list, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(list[0].frame, "care@2");
	ck_assert_str_eq(list[0].themes, "staffing");
	ck_ok(facts_begin(worker_facts(w), &err));
	ck_ok(facts_withdraw(worker_facts(w), "elm", id, 99, &err));
	ck_ok(facts_update_cells(worker_facts(w), &cells, &err));
	ck_ok(facts_commit(worker_facts(w), &err));
	is_theme("staffing", 19, 19);
	ck_ok(facts_codes(worker_facts(w), "elm", id, &arena, list, &n, &err));
	ck_assert_uint_eq(n, 0);
	ck_err(code(0, 1, "food", &got), ERR_INPUT, "was withdrawn");
	ck_ok(retain_begin(&r, worker_facts(w), worker_library(w), 24, NOW / 86400, NOW, "test", &err));
	while (r.going)
		ck_ok(retain_go(&r, worker_facts(w), &err));
	is_theme("staffing", 19, 19);
	record_id(1, id);
	ck_ok(facts_codes(worker_facts(w), "oak", id, &arena, list, &n, &err));
	ck_assert_uint_eq(n, 0);
	ck_err(code(1, 2, "food", &got), ERR_INPUT, "its time is over");
	put_theme("food2");
	reopen();
	is_theme("food2", 0, 0);
	is_theme("staffing", 19, 19);
	arena_clear(&arena);
}
END_TEST

/* --- the command -------------------------------------------------------------------------------------------------- */

/* A sheet of records FROM .. TO - 1; every third has FOOD, those from SPLIT on are coded otherwise in STAFFING. */
static void
sheet(const char *name, int from, int to, int split, const char *more)
{
	struct buf b;
	char path[200];

	buf_init(&b, 1 << 20);
	buf_printf(&b, "record,themes\n");
	for (int i = from; i < to; i++) {
		uint8_t id[16];
		char hex[33];

		record_id(i, id);
		hex_str(id, 16, hex);
		buf_printf(&b, "%s,%s%s%s\n", hex, (i % 2 == 0) != (i >= split) ? "staffing" : "", i % 3 == 0 ? " food" : "", i == from ? more : "");
	}
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_ok(file_write(path, b.data, b.len, 0600, &err));
	buf_free(&b);
}

static int
command(const char *frame)
{
	char a[200], b[200], c[200];
	char *argv[] = { (char[]){ "codes" }, (char[]){ "-c" }, conf_path, (char[]){ "--frame" }, (char *)(uintptr_t)frame, a, b, c, NULL };

	snprintf(a, sizeof(a), "%s/first.csv", folder);
	snprintf(b, sizeof(b), "%s/second.csv", folder);
	snprintf(c, sizeof(c), "%s/agreed.csv", folder);
	return indicator_codes(8, argv);
}

START_TEST(the_command_takes_what_is_agreed)
{
	answers(DAY);
	sheet("first.csv", 0, 50, ANSWERS, "");
	sheet("second.csv", 0, 50, 46, "");	/* 4 of 50 otherwise: kappa 0.84 */
	sheet("agreed.csv", 0, ANSWERS, ANSWERS, "");
	ck_assert_int_eq(command("care@2"), 0);
	is_theme("staffing", 50, 25);
	is_theme("food", 50, 17);
}
END_TEST

START_TEST(the_command_takes_nothing_else)
{
	answers(DAY);
	sheet("agreed.csv", 0, ANSWERS, ANSWERS, "");
	sheet("first.csv", 0, 50, ANSWERS, "");
	sheet("second.csv", 0, 50, 37, "");	/* 13 of 50 otherwise: kappa 0.48 */
	ck_assert_int_eq(command("care@2"), 1);
	sheet("second.csv", 0, 49, ANSWERS, "");	/* 49 by two people */
	ck_assert_int_eq(command("care@2"), 1);
	sheet("second.csv", 0, 50, ANSWERS, "");
	ck_assert_int_eq(command("care"), 2);
	ck_assert_int_eq(command("other@1"), 1);	/* nobody counts it */
	sheet("agreed.csv", 0, ANSWERS, ANSWERS, " unseen");
	ck_assert_int_eq(command("care@2"), 1);
	sheet("agreed.csv", 1, ANSWERS, ANSWERS, "");	/* the first comment is not in it */
	ck_assert_int_eq(command("care@2"), 1);
	sheet("agreed.csv", 0, ANSWERS + 1, ANSWERS, "");	/* one record too many */
	ck_assert_int_eq(command("care@2"), 1);
	is_theme("staffing", 0, 0);
	is_theme("food", 0, 0);
}
END_TEST

static Suite *
coding_suite(void)
{
	Suite *s = suite_create("coding");
	TCase *t = tcase_create("coding");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, codes_become_facts);
	tcase_add_test(t, themes_are_published);
	tcase_add_test(t, a_theme_is_written_rightly);
	tcase_add_test(t, a_wrong_row_takes_nothing);
	tcase_add_test(t, codes_go_with_the_answer);
	tcase_add_test(t, the_command_takes_what_is_agreed);
	tcase_add_test(t, the_command_takes_nothing_else);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(coding_suite)
