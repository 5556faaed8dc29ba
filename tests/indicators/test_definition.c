/* Definitions: what is read, what the hash is over, and that each possible fault is refused with file, line, what and
 * how to mend it. */
#include "tests/test.h"

#include <limits.h>
#include <math.h>
#include <unistd.h>

#include "base/codec.h"
#include "indicators/definition.h"

static struct err err;

static const char good[] =
	"# a comment\n"						/* 1 */
	"[indicator]\n"						/* 2 */
	"id = sat-test\n"					/* 3 */
	"version = 3\n"						/* 4 */
	"kind = proportion\n"					/* 5 */
	"title = People satisfied with their care\n"		/* 6 */
	"title_easy = People who are happy with their care\n"	/* 7 */
	"direction = increase\n"				/* 8 */
	"alias.ascof = 1D from 2023-04\n"			/* 9 */
	"duty = CQC:LA-3\n"					/* 10 */
	"source = Adult Social Care Survey\n"			/* 11 */
	"owner = Lead commissioner\n"				/* 12 */
	"review_by = 2027-04\n"					/* 13 */
	"[measure]\n"						/* 14 */
	"population = ${_role} = 'individual'\n"		/* 15 */
	"  and ${_answered_by} != 'proxy'\n"			/* 16 */
	"exclude.no_answer = ${q1} = ''\n"			/* 17 */
	"numerator = ${q1} = '1'\n"				/* 18 */
	"[form satisfaction]\n"					/* 19 */
	"[by]\n"						/* 20 */
	"role = ${_role}\n"					/* 21 */
	"cross = site*role\n"					/* 22 */
	"[time]\n"						/* 23 */
	"period = month\n"					/* 24 */
	"period.site = half_year\n"				/* 25 */
	"year_start = 04-01\n"					/* 26 */
	"[estimate]\n"						/* 27 */
	"interval = wilson\n"					/* 28 */
	"target = 0.70 from 2025-04\n"				/* 29 */
	"target = 0.75 from 2026-04\n"				/* 30 */
	"baseline = 2023-04..2024-03\n"				/* 31 */
	"[round]\n"						/* 32 */
	"value = percent 1 half_away\n"				/* 33 */
	"[spc]\n"						/* 34 */
	"chart = xmr\n"						/* 35 */
	"rebase = 2025-06 because the home moved decision 7\n"	/* 36 */
	"[disclosure]\n"					/* 37 */
	"base_min = 12\n"					/* 38 */
	"[state]\n"						/* 39 */
	"state = draft\n";					/* 40 */

/* GOOD with one text replaced by another; "" for the end of the file. */
static void
changed(const char *from, const char *to, char *out, size_t max)
{
	const char *at = from[0] == '\0' ? good + strlen(good) : strstr(good, from);

	ck_assert_msg(at != NULL, "%s is not in the definition", from);
	snprintf(out, max, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
}

START_TEST(reads_what_stands_there)
{
	struct definition *d;
	struct findings f;

	findings_init(&f);
	ck_ok(definition_parse("x.ind", good, strlen(good), NULL, NULL, &f, &d, &err));
	ck_assert_uint_eq(f.errors, 0);
	ck_assert_str_eq(d->id, "sat-test");
	ck_assert_int_eq(d->version, 3);
	ck_assert_int_eq(d->kind, KIND_PROPORTION);
	ck_assert_int_eq(d->direction, DIRECTION_INCREASE);
	ck_assert_uint_eq(d->n_blocks, 1);
	ck_assert_str_eq(d->blocks[0].form, "satisfaction");
	ck_assert_str_eq(d->blocks[0].measure.population.text, "${_role} = 'individual' and ${_answered_by} != 'proxy'");
	ck_assert_uint_eq(d->blocks[0].measure.n_excludes, 1);
	ck_assert_str_eq(d->blocks[0].measure.excludes[0].label, "no_answer");
	ck_assert_int_eq(d->interval, INTERVAL_WILSON);
	ck_assert_int_eq(definition_period(d, "organisation"), PERIOD_MONTH);
	ck_assert_int_eq(definition_period(d, "site"), PERIOD_HALF_YEAR);
	ck_assert_double_eq(definition_target(d, 2025 * 12 + 3), 0.70);
	ck_assert_double_eq(definition_target(d, 2026 * 12 + 5), 0.75);
	ck_assert(isnan(definition_target(d, 2025 * 12 + 2)));
	ck_assert_int_eq(d->policy.base_min, 12);
	ck_assert_int_eq(d->policy.cell_min, 5);
	ck_assert_uint_eq(d->n_rebases, 1);
	ck_assert_str_eq(d->rebases[0].why, "the home moved");
	ck_assert_str_eq(d->rebases[0].decision, "7");
	ck_assert_uint_eq(d->n_by, 1);
	definition_free(d);
	findings_clear(&f);
}
END_TEST

/* The SHA-256 is sha256sum's of the text below, which was written by hand from the rules of indicators.md section 1:
 * schema order, repeats in file order, lines joined, no comments, no [state]. */
START_TEST(the_hash_is_of_the_canonical_text)
{
	static const char mixed[] = "[state]\nstate = draft\n[form f]\n[measure]\nnumerator = ${q}\n   = '1'\n"
	    "exclude.none = false()\n# no\n[indicator]\ntitle_easy = T\ntitle = T\nduty = b\nduty = a\nkind = proportion\n"
	    "id = x\nversion = 1\ndirection = increase\nsource = s\nowner = o\nreview_by = 2027-01\n";
	static const char canonical[] = "[indicator]\nid = x\nversion = 1\nkind = proportion\ntitle = T\ntitle_easy = T\n"
	    "direction = increase\nduty = b\nduty = a\nsource = s\nowner = o\nreview_by = 2027-01\n[measure]\n"
	    "exclude.none = false()\nnumerator = ${q} = '1'\n[form f]\n";
	char hex[65];
	struct definition *d;

	ck_ok(definition_parse("x.ind", mixed, strlen(mixed), NULL, NULL, NULL, &d, &err));
	ck_assert_str_eq(buf_str(&d->canonical), canonical);
	hex_str(d->hash, 32, hex);
	ck_assert_str_eq(hex, "d76be8e94d720cfdabeb8ac7fad3cea840007d2ad2c09cabee8d5cd4a4f95610");
	definition_free(d);
}
END_TEST

static const struct fault {
	const char *from, *to;
	int line;
	const char *says;
} faults[] = {
	/* the file */
	{ "id = sat-test\n", "id sat-test\n", 3, "expected key = value" },
	{ "[measure]\n", "[measure\n", 14, "ends with ]" },
	{ "owner = Lead commissioner\n", "Owner = x\n", 12, "is no key" },
	{ "# a comment\n", "  a = b\n", 1, "nothing above to continue" },
	{ "# a comment\n", "\xff\n", 1, "not UTF-8" },
	{ "# a comment\n", "id = a\n", 1, "before any section" },
	{ "[spc]\n", "[spd]\n", 34, "there is no section [spd]" },
	{ "[by]\n", "[by role]\n", 20, "takes no argument" },
	{ "[form satisfaction]\n", "[form]\n", 19, "say which form" },
	{ "[disclosure]\n", "[estimate]\n", 37, "there already, on line 27" },
	/* keys */
	{ "owner = ", "owners = ", 12, "no key owners" },
	{ "version = 3\n", "version = 3\nversion = 4\n", 5, "there already, on line 4" },
	{ "exclude.no_answer", "exclude", 17, "needs a name" },
	{ "kind = ", "kind.x = ", 5, "takes no name" },
	{ "title = People satisfied with their care\n", "title =\n", 6, "is empty" },
	{ "numerator = ${q1} = '1'\n", "exclude.no_answer = false()\nnumerator = ${q1} = '1'\n", 18, "there already" },
	/* [indicator] */
	{ "id = sat-test\n", "", 2, "says no id" },
	{ "id = sat-test", "id = Sat Test", 3, "small letters" },
	{ "version = 3\n", "", 2, "says no version" },
	{ "version = 3", "version = three", 4, "no whole number from 1" },
	{ "version = 3", "version = 0", 4, "no whole number from 1" },
	{ "kind = proportion\n", "", 2, "says no kind" },
	{ "kind = proportion", "kind = share", 5, "is not one of proportion, options" },
	{ "title = People satisfied with their care\n", "", 2, "says no title" },
	{ "title_easy = People who are happy with their care\n", "", 2, "says no title_easy" },
	{ "title_easy = People", "title_easy = a b c d e f g h i j k l m n o p People", 7, "say it in 15" },
	{ "direction = increase\n", "", 2, "says no direction" },
	{ "direction = increase", "direction = up", 8, "is not one of increase" },
	{ "alias.ascof = 1D from 2023-04", "alias.ascof = 1D", 9, "date it" },
	{ "duty = CQC:LA-3\n", "", 2, "says no duty" },
	{ "source = Adult Social Care Survey\n", "", 2, "says no source" },
	{ "owner = Lead commissioner\n", "", 2, "says no owner" },
	{ "review_by = 2027-04\n", "", 2, "says no review_by" },
	{ "review_by = 2027-04", "review_by = soon", 13, "a month as 2027-04" },
	{ "owner =", "method = guessing\nowner =", 12, "is not one of questionnaire" },
	{ "owner =", "supersedes = sat-test\nowner =", 12, "ID@VERSION" },
	{ "owner =", "supersedes = sat-test@x\nowner =", 12, "ID@VERSION" },
	{ "owner =", "supersedes = sat-test@3\nowner =", 12, "versions go up, so give this one version = 4" },
	{ "review_by = 2027-04", "review_by = 2027-13", 13, "a month as 2027-04" },
	{ "review_by = 2027-04", "review_by = 2027-02-30", 13, "a month as 2027-04" },
	{ "alias.ascof = 1D from 2023-04", "alias.ascof = 1D from April", 9, "1D from 2023-04..2025-03" },
	{ "alias.ascof = 1D from 2023-04", "alias.ascof = 1D from 2024-04..2023-04", 9, "1D from 2023-04..2025-03" },
	{ "alias.ascof = ", "alias = ", 9, "needs a name" },
	{ "version = 3", "version = 3.5", 4, "no whole number from 1" },
	{ "version = 3", "version = 99999999999999999999", 4, "no whole number from 1" },
	/* [measure], [form] */
	{ "exclude.no_answer = ${q1} = ''\n", "", 18, "exclude.none = false()" },
	{ "exclude.no_answer", "exclude.missing", 17, "taken for answers without a value" },
	{ "numerator = ${q1} = '1'\n", "", 18, "counts something" },
	{ "numerator = ${q1} = '1'\n", "numerator = ${q1} = '1'\nvalue = ${q1}\n", 19, "kind = proportion has none" },
	{ "numerator = ", "option.a = true()\nnumerator = ", 18, "only kind = options" },
	{ "numerator = ", "item.q1 = 1 2\nnumerator = ", 18, "only kind = score" },
	{ "kind = proportion", "kind = score", 19, "adds items" },
	{ "kind = proportion", "kind = options", 19, "two or more lines option.NAME" },
	{ "kind = proportion", "kind = mean", 19, "add value" },
	{ "kind = proportion", "kind = rate", 19, "add at_risk" },
	{ "numerator = ", "unit_of_analysis = household\nnumerator = ", 18, "is not one of response, session" },
	{ "numerator = ", "unit_of_analysis = session\nnumerator = ", 29, "no sample of people" },
	{ "numerator = ", "at_risk = people\nnumerator = ", 20, "no [tables] people" },
	{ "numerator = ", "per = 0\nnumerator = ", 18, "a number above 0" },
	{ "numerator = ", "combine = all\nnumerator = ", 18, "is not one of none, asc_satisfaction" },
	{ "numerator = ", "offset = x\nnumerator = ", 18, "is no number" },
	{ "[form satisfaction]\n", "", 14, "no [form ID] block" },
	{ "[form satisfaction]\n", "[form satisfaction]\nvariant = large\n", 19, "standard or easy_read" },
	{ "[form satisfaction]\n", "[form satisfaction]\nlocked = abc\n", 19, "32 hex digits" },
	{ "[form satisfaction]\n", "[form satisfaction]\n[form satisfaction]\n", 20, "same versions and variant" },
	{ "[form satisfaction]\n", "[form satisfaction]\n[form other]\nunit_of_analysis = session\n", 20, "never added up" },
	/* [tables], [strata], [by] */
	{ "[by]\n", "[tables]\npeople = /etc/passwd\n[by]\n", 21, "beside the definition" },
	{ "[by]\n", "[tables]\npeople = ../people.csv\n[by]\n", 21, "beside the definition" },
	{ "[by]\n", "[tables]\npeople = no-such-file.csv\n[by]\n", 21, "no-such-file.csv" },
	{ "[by]\n", "[strata]\nby = ${q2}\n[by]\n", 21, "has no sizes" },
	{ "[by]\n", "[strata]\nby = ${q2}\nsizes = people\n[by]\n", 22, "no [tables] people" },
	{ "[by]\n", "[strata]\nby = ${q2}\nsizes = a\nstandard = b\n[by]\n", 23, "only a rate is standardised, a proportion is weighted" },
	{ "cross = site*role", "cross = site*age", 22, "no breakdown age" },
	{ "role = ${_role}\n", "variant = ${_variant}\n", 21, "taken" },
	/* [time] */
	{ "period = month", "period = week", 24, "is not one of month" },
	{ "period = month", "period = rolling_12", 24, "rolling periods overlap" },
	{ "period.site = half_year", "period.site = half_year\nperiod.site = year", 26, "there already" },
	{ "year_start = 04-01", "year_start = 04-06", 26, "first day of a month" },
	{ "year_start = 04-01", "year_start = 04-01\nwait_days = -1", 27, "no whole number from 0" },
	/* [estimate] */
	{ "interval = wilson", "interval = normal", 28, "is not one of wilson" },
	{ "interval = wilson", "interval = t", 28, "t is for means" },
	{ "interval = wilson", "interval = rate", 28, "rate is for kind = rate" },
	{ "interval = wilson", "interval = strata", 28, "needs [strata] by" },
	{ "interval = wilson", "interval = dsr", 28, "dsr is for kind = rate" },
	{ "target = 0.70 from 2025-04", "target = seventy", 29, "write it as 0.70 from 2025-04" },
	{ "target = 0.70 from 2025-04", "target = 70 from 2025-04", 29, "a share from 0 to 1" },
	{ "target = 0.75 from 2026-04", "target = 0.75 from 2025-04", 30, "from the same month" },
	{ "target = 0.75 from 2026-04", "target = 0.75 from 2026-13", 30, "write it as" },
	{ "direction = increase", "direction = neutral", 29, "neither way is better" },
	{ "baseline = 2023-04..2024-03", "baseline = 2024-04..2023-03", 31, "write 0.62 from" },
	{ "baseline = 2023-04..2024-03", "comparator = 64 % England", 31, "0.64 from 2024-04 England" },
	{ "baseline = 2023-04..2024-03", "comparator = 0.64 from 2024-04", 31, "whose it is" },
	/* [round], [spc], [disclosure], [state] */
	{ "value = percent 1 half_away", "value = 1", 33, "percent 1 half_away" },
	{ "value = percent 1 half_away", "value = percent 1 up", 33, "is not one of half_away" },
	{ "value = percent 1 half_away", "count = 0", 33, "write it as 5 half_away" },
	{ "chart = xmr", "chart = pie", 35, "is not one of xmr, none" },
	{ "chart = xmr", "chart = xmr\nscreen = maybe", 36, "is not one of yes, no" },
	{ "chart = xmr", "chart = xmr\nshift = 3", 36, "from 5 to 20" },
	{ "chart = xmr", "chart = xmr\nfix_after = 5", 36, "from 12" },
	{ "rebase = 2025-06 because the home moved decision 7", "rebase = 2025-06", 36, "human decision" },
	{ "rebase = 2025-06 because the home moved decision 7", "rebase = 2025-06 because it looks better", 36, "human decision" },
	{ "base_min = 12", "base_min = 9", 38, "never weaker" },
	{ "base_min = 12", "cell_min = 4", 37, "never weaker" },
	{ "base_min = 12", "zero = shown", 37, "never weaker" },
	{ "base_min = 12", "complement = no", 37, "never weaker" },
	{ "base_min = 12", "base_min = many", 38, "no whole number from 1" },
	{ "base_min = 12", "cell_min = 0", 38, "no whole number from 1" },
	{ "base_min = 12", "round = 0", 38, "no whole number from 1" },
	{ "base_min = 12", "only = year", 38, "is not one of all, organisation_year" },
	{ "base_min = 12", "only = organisation_year", 38, "[time] period = year" },
	{ "base_min = 12", "base_min = 12\nbase_min = 13", 39, "there already, on line 38" },
	{ "[state]\n", "[plan]\ntarget_n = many\n[state]\n", 40, "a whole number of answers" },
	{ "[state]\n", "[plan]\nwhom = all\n[state]\n", 40, "no key whom" },
	{ "base_min = 12", "preset = nhs", 38, "is not one of organisation" },
	{ "state = draft", "state = agreed", 40, "two lines signed" },
	{ "state = draft", "state = agreed\nsigned = 2026-01-01 staff audit 1\nsigned = 2026-01-02 board audit 2", 41,
	    "individuals or key_people" },
	{ "state = draft", "state = retired", 40, "its successor" },
	{ "state = draft", "state = draft\nsince = yesterday", 41, "a day as 2026-04-01" },
	{ "state = draft", "state = draft\nsince = 2026-04-31", 41, "a day as 2026-04-01" },
	{ "state = draft", "state = draft\nsigned = individuals 2026-04-01 audit 1", 41, "DATE GROUP audit N" },
	{ "state = draft", "state = draft\nsigned = 2026-04-01 individuals", 41, "DATE GROUP audit N" },
	{ "state = draft", "state = draft\nsigned = 2026-04-01 individuals audit one", 41, "DATE GROUP audit N" },
	{ "state = draft", "state = draft\nhash = abc", 41, "64 hex digits" },
	{ "state = draft", "state = draft\nhash = 0000000000000000000000000000000000000000000000000000000000000000", 41,
	    "not the text that was signed" },
	{ "owner =", "break = the wording changed\nowner =", 12, "it supersedes nothing" },
	{ "owner =", "family = Those Two\nowner =", 12, "the id of one of them" },
	{ "[form satisfaction]\n", "[form satisfaction]\nversions = new..\n", 19, "a range of all-digit ones" },
	{ "[form satisfaction]\n", "[form satisfaction]\nversions = 2025..2026b\n", 19, "a range of all-digit ones" },
	{ "numerator = ", "theme = care@2/staffing\nnumerator = ", 20, "only kind = theme" },
	{ "numerator = ", "combine = asc_satisfaction\nnumerator = ", 20, "no block has variant = easy_read" },
	{ "role = ${_role}\n", "role = ${_role}\nlanguage = ${_language}\ncross = role*language\n", 23, "crossed with site only" },
	{ "cross = site*role", "cross = site", 22, "crossed with site only" },
	{ "period.site = half_year", "period.planet = half_year", 25, "no such level" },
	{ "target = 0.70 from 2025-04", "target = 0.70", 29, "write it as 0.70 from 2025-04" },
	{ "target = 0.70 from 2025-04", "target = NaN from 2025-04", 29, "write it as 0.70 from 2025-04" },
	{ "baseline = 2023-04..2024-03", "comparator = 64 from 2024-04 England", 31, "a share from 0 to 1" },
	{ "baseline = 2023-04..2024-03", "baseline = 62 from 2023-04", 31, "a share from 0 to 1" },
	{ "rebase = 2025-06 because the home moved decision 7", "rebase = 2025-06 because A decision 7\nrebase = 2025-06 because B decision 8",
	    37, "begins in the same month" },
	{ "base_min = 12", "preset = ascs\nbase_min = 1", 38, "weaker than its preset ascs" },
	{ "# a comment\n", "\xef\xbb\xbf# a comment\n", 1, "byte order mark" },
	{ "state = draft", "state = final", 40, "is not one of draft" },
};

/* Loop test: one run for each fault. */
START_TEST(refuses_each_fault_where_it_stands)
{
	const struct fault *x = &faults[_i];
	struct definition *d = NULL;
	struct findings f;
	char text[8192], place[40];
	bool found = false;

	changed(x->from, x->to, text, sizeof(text));
	findings_init(&f);
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(definition_parse("x.ind", text, strlen(text), NULL, NULL, &f, &d, &err), ERR_INPUT);
	ck_assert_ptr_null(d);
	ck_assert_uint_gt(f.errors, 0);
	snprintf(place, sizeof(place), "x.ind:%d", x->line);
	ck_assert_msg(strncmp(err.msg, "x.ind:", 6) == 0, "\"%s\" names no line", err.msg);
	for (size_t i = 0; i < f.n; i++)
		found = found || (!f.list[i].warning && strcmp(f.list[i].place, place) == 0
		    && strstr(f.list[i].text, x->says) != NULL);
	ck_assert_msg(found, "%s to %s: no finding at %s says \"%s\"; the first says %s: %s", x->from, x->to, place, x->says,
	    f.list[0].place, f.list[0].text);
	findings_clear(&f);
}
END_TEST

START_TEST(a_definition_that_is_too_long_is_refused)
{
	char *text = calloc(1, 70000);
	struct definition *d;

	memset(text, '#', 69999);
	ck_err(definition_parse("x.ind", text, 69999, NULL, NULL, NULL, &d, &err), ERR_LIMIT, "64 KiB");
	free(text);
}
END_TEST

/* A preset is the policy of another publication, chosen openly: no complaint that it is weaker. */
START_TEST(a_preset_is_allowed)
{
	struct definition *d;
	char text[8192];

	changed("base_min = 12", "preset = sace", text, sizeof(text));
	ck_ok(definition_parse("x.ind", text, strlen(text), NULL, NULL, NULL, &d, &err));
	ck_assert_int_eq(d->policy.preset, PRESET_SACE);
	ck_assert_int_eq(d->policy.base_min, 3);
	definition_free(d);
}
END_TEST

static const char people[] = "site,from,until,n\nelm,2025-04,2025-09,30\nelm,2025-10,,36\noak,2025-04-01,,12\n";

static enum err_code
give_people(void *arg, const char *name, const char *path, struct buf *out, struct err *e)
{
	(void)name;
	(void)e;
	ck_assert_str_eq(path, "people.csv");
	buf_puts(out, arg);
	return ERR_OK;
}

static const char rate[] = "[indicator]\nid = r\nversion = 1\nkind = rate\ntitle = T\ntitle_easy = T\ndirection = decrease\n"
	"duty = d\nsource = s\nowner = o\nreview_by = 2027-01\n[measure]\nat_risk = people_supported\n[form concern]\n"
	"[tables]\npeople_supported = people.csv\n";

START_TEST(tables_are_dated)
{
	struct definition *d;
	char table[sizeof(people)];

	snprintf(table, sizeof(table), "%s", people);
	ck_ok(definition_parse("x.ind", rate, strlen(rate), give_people, table, NULL, &d, &err));
	ck_assert_double_eq(definition_at_risk(d, &d->blocks[0].measure, "elm", 2025 * 12 + 3, 2025 * 12 + 3), 30);
	ck_assert_double_eq(definition_at_risk(d, &d->blocks[0].measure, "elm", 2025 * 12 + 9, 2025 * 12 + 11), 36);
	/* half of the time 30, half 36 */
	ck_assert_double_eq(definition_at_risk(d, &d->blocks[0].measure, "elm", 2025 * 12 + 3, 2025 * 12 + 14), 33);
	ck_assert_double_eq(definition_at_risk(d, &d->blocks[0].measure, "", 2025 * 12 + 3, 2025 * 12 + 3), 42);
	ck_assert(isnan(definition_at_risk(d, &d->blocks[0].measure, "elm", 2025 * 12, 2025 * 12)));
	ck_assert(isnan(definition_at_risk(d, &d->blocks[0].measure, "ash", 2025 * 12 + 3, 2025 * 12 + 3)));
	definition_free(d);
}
END_TEST

static const char sizes[] = "stratum,n,from,until\n1,326,,\n2,257,,\n3,640,2025-01,\n3,99,,2024-12\n";
#define STRATA(more) "[indicator]\nid = r\nversion = 1\nkind = proportion\ntitle = T\ntitle_easy = T\ndirection = increase\n" \
	"duty = d\nsource = s\nowner = o\nreview_by = 2027-01\n[measure]\nexclude.none = false()\nnumerator = true()\n[form f]\n" \
	"[tables]\nsizes = people.csv\n[strata]\nby = ${q2}\nsizes = sizes\n" more "[estimate]\ninterval = strata\n"

static struct estimate
stratified(const char *text, const struct stratum_sums *s, size_t n)
{
	struct definition *d;
	struct estimate e;
	char table[sizeof(sizes)];

	snprintf(table, sizeof(table), "%s", sizes);
	ck_ok(definition_parse("x.ind", text, strlen(text), give_people, table, NULL, &d, &err));
	ck_ok(definition_stratified(d, "", 2025 * 12 + 3, s, n, &e, &err));
	definition_free(d);
	return e;
}

/* R survey 4.1.1: N 326 257 640, n 61 120 318, x 50 69 255. */
START_TEST(strata_are_weighted_by_their_sizes)
{
	struct stratum_sums s[3] = { { "1", { .n = 61, .num = 50 }, 61 }, { "3", { .n = 318, .num = 255 }, 318 },
		{ "2", { .n = 120, .num = 69 }, 120 } };
	struct estimate e = stratified(STRATA(""), s, 3);

	ck_assert_double_eq_tol(e.value, 0.758949846217424, 1e-12);
	ck_assert_double_eq_tol(e.lower95, 0.727366175011236, 1e-12);
	ck_assert_double_eq_tol(e.upper95, 0.790533517423612, 1e-12);
	ck_assert(isnan(e.lower998));
	/* nobody answered in stratum 2: no estimate; merged with 1, by hand: N 583 640, 50/61 and 255/318 */
	e = stratified(STRATA(""), s, 2);
	ck_assert(isnan(e.value));
	e = stratified(STRATA("merge = 1+2\n"), s, 2);
	ck_assert_double_eq_tol(e.value, (583 * 50. / 61 + 640 * 255. / 318) / 1223, 1e-12);
	/* a stratum that the table does not know has no weight */
	s[2].stratum = "9";
	ck_assert(isnan(stratified(STRATA(""), s, 3).value));
}
END_TEST

/* A group of those who answered: its size in each stratum is N x (in group) / (answered); by hand. */
START_TEST(a_group_is_weighted_by_its_estimated_size)
{
	struct stratum_sums s[3] = { { "1", { .n = 20, .num = 10 }, 40 }, { "2", { .n = 30, .num = 30 }, 60 },
		{ "3", { .n = 10, .num = 5 }, 40 } };
	double a = 326 / 2., b = 257 / 2., c = 640 / 4.;

	ck_assert_double_eq_tol(stratified(STRATA(""), s, 3).value, (a * .5 + b + c * .5) / (a + b + c), 1e-12);
}
END_TEST

static const struct { const char *csv, *says; } bad_tables[] = {
	{ "", "no header" },
	{ "site,n\nelm\n", "people.csv:2: 1 fields" },
	{ "site,n,n\nelm,1,2\n", "two columns are called n" },
	{ "site,n\n\"elm,1\n", "no closing quote" },
	{ "site,n\ne\"lm,1\n", "a quote inside a field" },
	{ "site,n\n\"elm\"x,1\n", "text follows a closing quote" },
	{ "site,from,n\n\nelm,April,1\n", "people.csv:3: from is no date" },
	{ "site,until,n\nelm,2025-02-30,1\n", "people.csv:2: until is no date" },
	{ "site,from,until,n\n\"e\nm\",2025-02,2025-01,1\n", "people.csv:2: until comes before from" },
	{ "site,people\nelm,1\n", "people.csv:1: no column n: people are counted in columns site (or area) and n" },
	{ "site,n\nelm,1\noak,twelve\n", "people.csv:3: n is \"twelve\", no number from 0" },
	{ "site,n\nelm,-1\n", "people.csv:2: n is \"-1\", no number from 0" },
	{ "site,n\nelm,\n", "people.csv:2: n is \"\", no number from 0" },
	{ "site,n\nelm,\"1,200\"\n", "people.csv:2: n is \"1,200\", no number from 0" },
	{ "site,n\nelm,inf\n", "people.csv:2: n is \"inf\", no number from 0" },
	{ "site,n\nelm,1\noak,2\nelm,1\n", "people.csv:4: of the same and at the same time as line 2" },
	{ "site,from,until,n\nelm,2025-01,2025-06,1\nelm,2025-06,,2\n", "people.csv:3: of the same and at the same time as line 2" },
	{ "site,from,until,n\nelm,2025-06,,2\nelm,2025-01,2025-06,1\n", "people.csv:3: of the same and at the same time as line 2" },
};

START_TEST(a_bad_table_is_refused_with_its_line)
{
	struct definition *d;
	char table[200];

	snprintf(table, sizeof(table), "%s", bad_tables[_i].csv);
	ck_err(definition_parse("x.ind", rate, strlen(rate), give_people, table, NULL, &d, &err), ERR_INPUT, bad_tables[_i].says);
	ck_assert_msg(strncmp(err.msg, "x.ind:16:", 9) == 0, "%s", err.msg);
}
END_TEST

/* A rate over strata says its standard population, and strata have a column of that name. */
static const struct { const char *more, *csv; int line; const char *says; } bad_rates[] = {
	{ "[strata]\nby = ${age}\nsizes = people_supported\n", "site,n,stratum\nelm,1,a\n", 18, "a rate over strata is standardised" },
	{ "[strata]\nby = ${age}\nsizes = people_supported\nstandard = people_supported\n", "site,n,stratum\nelm,1,a\n", 20,
	    "interval = dsr (or none)" },
	{ "[strata]\nby = ${age}\nsizes = people_supported\nstandard = esp\n[estimate]\ninterval = dsr\n",
	    "site,n,stratum\nelm,1,a\n", 20, "there is no [tables] esp" },
	{ "[strata]\nby = ${age}\nsizes = people_supported\nstandard = people_supported\n[estimate]\ninterval = dsr\n",
	    "site,n\nelm,1\n", 16, "people.csv:1: no column stratum" },
	{ "[estimate]\ninterval = dsr\n", "site,n\nelm,1\n", 18, "needs [strata] by" },
	{ "[strata]\nstandard = people_supported\n[estimate]\ninterval = none\n", "site,n,stratum\nelm,1,a\n", 18, "says nothing without by" },
};

START_TEST(a_bad_standardised_rate_is_refused)
{
	struct definition *d = NULL;
	struct findings f;
	char table[200], text[1000], place[40];
	bool found = false;

	snprintf(table, sizeof(table), "%s", bad_rates[_i].csv);
	snprintf(text, sizeof(text), "%s%s", rate, bad_rates[_i].more);
	snprintf(place, sizeof(place), "x.ind:%d", bad_rates[_i].line);
	findings_init(&f);
	ck_assert_int_eq(definition_parse("x.ind", text, strlen(text), give_people, table, &f, &d, &err), ERR_INPUT);
	for (size_t i = 0; i < f.n; i++)
		found = found || (strcmp(f.list[i].place, place) == 0 && strstr(f.list[i].text, bad_rates[_i].says) != NULL);
	ck_assert_msg(found, "no finding at %s says \"%s\"; the first says %s: %s", place, bad_rates[_i].says,
	    f.n > 0 ? f.list[0].place : "", f.n > 0 ? f.list[0].text : "");
	findings_clear(&f);
}
END_TEST

/* Chunks of a year from year_start; by hand from the calendar. */
START_TEST(periods_begin_with_the_year)
{
	struct definition *d;
	char text[32];

	ck_ok(definition_parse("x.ind", good, strlen(good), NULL, NULL, NULL, &d, &err));
	ck_assert_int_eq(period_first(d, PERIOD_YEAR, 2026 * 12 + 2), 2025 * 12 + 3);	/* March 2026 is in 2025/26 */
	ck_assert_int_eq(period_first(d, PERIOD_YEAR, 2026 * 12 + 3), 2026 * 12 + 3);
	ck_assert_int_eq(period_first(d, PERIOD_QUARTER, 2026 * 12 + 1), 2026 * 12);
	ck_assert_int_eq(period_first(d, PERIOD_HALF_YEAR, 2026 * 12 + 1), 2025 * 12 + 9);
	ck_assert_int_eq(month_of_day(20544), 2026 * 12 + 3);	/* 2026-04-01 */
	ck_assert_int_eq(month_first_day(2026 * 12 + 3), 20544);
	period_text(PERIOD_MONTH, 2026 * 12 + 3, text);
	ck_assert_str_eq(text, "2026-04");
	period_text(PERIOD_HALF_YEAR, 2025 * 12 + 9, text);
	ck_assert_str_eq(text, "2025-10..2026-03");
	definition_free(d);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	struct definition *d = NULL;
	enum err_code rc;

	TORTURE(rc, definition_parse("x.ind", good, strlen(good), NULL, NULL, NULL, &d, &err));
	definition_free(d);
}
END_TEST

/* Two files that supersede each other: the library says so. */
START_TEST(a_library_goes_round_in_no_circle)
{
	char dir[] = "/tmp/candour-ind-XXXXXX", path[80], text[8192];
	struct library l;
	struct findings f;
	static const char *const supersedes[2] = { "id = one\nsupersedes = two@3", "id = two\nsupersedes = one@3" };
	bool found = false;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (int i = 0; i < 2; i++) {
		FILE *o;

		changed("id = sat-test", supersedes[i], text, sizeof(text));
		snprintf(path, sizeof(path), "%s/%d.ind", dir, i);
		o = fopen(path, "w");
		ck_assert_ptr_nonnull(o);
		fputs(text, o);
		fclose(o);
	}
	findings_init(&f);
	ck_assert_int_eq(library_read(dir, &f, &l, &err), ERR_INPUT);
	for (size_t i = 0; i < f.n; i++)
		found = found || strstr(f.list[i].text, "supersedes two@3, which comes back to one@3") != NULL;
	ck_assert(found);
	findings_clear(&f);
	library_clear(&l);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%d.ind", dir, i);
		unlink(path);
	}
	rmdir(dir);
}
END_TEST

/* What ships is without findings, agreed with itself, and every id is its file's name. */
START_TEST(the_library_is_without_fault)
{
	struct library l;
	struct findings f;

	findings_init(&f);
	ck_ok(library_read("indicators/library", &f, &l, &err));
	ck_assert_uint_gt(l.n, 0);
	ck_assert_uint_eq(f.errors, 0);
	for (size_t i = 0; i < l.n; i++) {
		char path[200];

		snprintf(path, sizeof(path), "indicators/library/%s.ind", l.list[i]->id);
		ck_assert_str_eq(l.list[i]->file, path);
	}
	ck_assert_ptr_nonnull(library_find(&l, "sat-users", 0));
	ck_assert_ptr_null(library_find(&l, "sat-users", 99));
	library_clear(&l);
	findings_clear(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("definition");
	TCase *c = tcase_create("read");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, reads_what_stands_there);
	tcase_add_test(c, the_hash_is_of_the_canonical_text);
	tcase_add_loop_test(c, refuses_each_fault_where_it_stands, 0, ARRAY_LEN(faults));
	tcase_add_test(c, a_definition_that_is_too_long_is_refused);
	tcase_add_test(c, a_preset_is_allowed);
	tcase_add_test(c, tables_are_dated);
	tcase_add_test(c, strata_are_weighted_by_their_sizes);
	tcase_add_test(c, a_group_is_weighted_by_its_estimated_size);
	tcase_add_loop_test(c, a_bad_table_is_refused_with_its_line, 0, ARRAY_LEN(bad_tables));
	tcase_add_loop_test(c, a_bad_standardised_rate_is_refused, 0, ARRAY_LEN(bad_rates));
	tcase_add_test(c, periods_begin_with_the_year);
	tcase_add_test(c, survives_every_failed_allocation);
	tcase_add_test(c, a_library_goes_round_in_no_circle);
	tcase_add_test(c, the_library_is_without_fault);
	suite_add_tcase(s, c);
	return s;
}

TEST_MAIN(suite)
