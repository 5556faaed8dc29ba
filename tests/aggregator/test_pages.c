/* The people's pages over HTTP: nobody sees a figure without signing in, a form without the session's token
 * does nothing, wrong passwords are slowed down, hidden values are shown nowhere, and only what the publish
 * key signed is taken in. */
#include "aggregator/action_store.h"
#include "aggregator/pages.h"
#include "aggregator/pull_store.h"
#include "aggregator/users.h"
#include "base/codec.h"
#include "forms/sheet.h"
#include "tests/aggregator/ask.h"
#include "tests/aggregator/sample.h"
#include "tests/test.h"

#include <unistd.h>

static struct err err;
static char folder[64], db[96], ring_path[96];
static struct pages *pages;
static const char password[] = "blue teapot on the hill";

static void
setup(void)
{
	struct pages_conf conf = { .listen = "127.0.0.1:0", .listen_fd = -1, .db = db, .ring = ring_path };
	struct users *users = NULL;

	snprintf(folder, sizeof(folder), "/tmp/candour-pages-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(db, sizeof(db), "%s/pages.db", folder);
	snprintf(ring_path, sizeof(ring_path), "%s/ring", folder);
	sample_ring(ring_path);
	ck_ok(users_open(db, &users, &err));
	ck_ok(users_add(users, "ann", ROLE_VIEWER, password, 1790000000, &err));
	users_close(users);
	ck_ok(pages_start(&conf, &pages, &err));
}

static void
teardown(void)
{
	char command[128];

	pages_stop(pages);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static int
ask(const char *method, const char *path, const char *headers, const void *body, size_t len, struct buf *out)
{
	return ask_port(pages_port(pages), method, path, headers, body, len, out);
}

static bool
says(const struct buf *answer, const char *text)
{
	return strstr(buf_str(answer), text) != NULL;
}

/* Sign in; the cookie's header line into COOKIE. */
static void
sign_in(char cookie[256], struct buf *out)
{
	const char form[] = "name=ann&password=blue+teapot+on+the+hill";
	const char *at;

	ck_assert_int_eq(ask("POST", "/sign-in", "Content-Type: application/x-www-form-urlencoded\r\n", form,
	    strlen(form), out), 303);
	at = strstr(buf_str(out), "Set-Cookie: ");
	ck_assert_ptr_nonnull(at);
	ck_assert_ptr_nonnull(strstr(at, "HttpOnly; SameSite=Strict"));
	snprintf(cookie, 256, "Cookie: %.*s\r\n", (int)strcspn(at + 12, ";"), at + 12);
}

static void
publish(int64_t no, const char *previous, uint8_t seed, int want, struct buf *out)
{
	struct buf file;

	buf_init(&file, PUB_MAX);
	sample_publication(no, previous, seed, &file);
	ck_assert_int_eq(ask("POST", "/v1/publication", "", file.data, file.len, out), want);
	buf_free(&file);
}

START_TEST(nobody_sees_figures_without_signing_in)
{
	static const char *const paths[] = { "/", "/indicator/sat-users", "/csv/all.csv", "/xlsx/all.xlsx", "/easy/sat-users", "/groups", "/publications",
	    "/publications/1", "/packs/1.zip", "/about", "/nothing" };
	struct buf out;

	buf_init(&out, PUB_MAX);
	publish(1, "", 5, 201, &out);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		int status = ask("GET", paths[i], "", NULL, 0, &out);

		ck_assert_msg(status == 303 || status == 401, "%s: %d", paths[i], status);
		ck_assert(!says(&out, "sat-users@3"));
		ck_assert_int_eq(ask("GET", paths[i],
		    "Cookie: candour_pages=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n", NULL, 0,
		    &out), 303);
	}
	ck_assert_int_eq(ask("GET", "/healthz", "", NULL, 0, &out), 200);
	ck_assert_int_eq(ask("GET", "/metrics", "", NULL, 0, &out), 200);
	ck_assert(says(&out, "candour_publication_last 1"));
	buf_free(&out);
}
END_TEST

START_TEST(a_signed_in_person_sees_chart_table_and_csv)
{
	char cookie[256];
	struct buf out;

	buf_init(&out, PUB_MAX);
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("GET", "/", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "Nothing has been published yet"));
	publish(1, "", 5, 201, &out);
	publish(1, "", 5, 200, &out);
	ck_assert_int_eq(ask("GET", "/", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "People satisfied with their care and support"));
	ck_assert_int_eq(ask("GET", "/indicator/sat-users", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "role=\"img\"") && says(&out, "<title id=\"chart-t\">") && says(&out, "<caption>"));
	ck_assert(says(&out, "[c] hidden, so that nobody is given away"));
	ck_assert(says(&out, "Content-Security-Policy: default-src 'self'"));
	ck_assert(!says(&out, "<script"));
	ck_assert_int_eq(ask("GET", "/indicator/sat-users?area=elm", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "Elm View"));
	ck_assert_int_eq(ask("GET", "/indicator/sat-users?area=nowhere", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/csv/sat-users.csv", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "Geographical code,Geographical description,Geographical level,ONS code,ASCOF measure code,"
	    "Disaggregation level,Measure type,Measure value,Period start,Period end,Indicator,Version,Flag,"
	    "Publication,Definition hash\r\n"));
	ck_assert(says(&out, "elm,Elm View,site,,1D,Total,Outcome,"));
	ck_assert_int_eq(ask("GET", "/csv/sat-users.csv-metadata.json", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "http://www.w3.org/ns/csvw"));
	ck_assert_int_eq(ask("GET", "/csv/none.csv", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/publications/1", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "candour-publication 1\n"));
	ck_assert_int_eq(ask("GET", "/publications/2", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/packs/1.zip", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "application/zip") && says(&out, "filename=\"publication-1.zip\"") && says(&out, "\r\n\r\nPK\x03\x04"));
	ck_assert_int_eq(ask("GET", "/packs/last.zip", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "filename=\"publication-1.zip\""));
	ck_assert_int_eq(ask("GET", "/packs/2.zip", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/packs/0.zip", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/packs/1.tar", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/packs/../1.zip", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/publications", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "href=\"/packs/1.zip\""));
	buf_free(&out);
}
END_TEST

struct seen { struct buf lines; };

static enum err_code
put_pull(void *arg, const struct pull_line *l, struct err *e)
{
	(void)e;
	buf_printf(&((struct seen *)arg)->lines, "%s %s %s %lld %lld\n", l->who, l->by_program ? "program" : "person", l->what,
	    (long long)l->publication, (long long)l->times);
	return ERR_OK;
}

/* Files and figures for programs are written down, pages are not; what was refused or is not there was not taken; after
 * two years it is forgotten. */
START_TEST(who_took_what_is_written_down)
{
	static const char *const taken[] = { "/csv/all.csv", "/csv/all.csv", "/xlsx/sat-users.xlsx", "/packs/1.zip", "/packs/last.zip",
	    "/publications/2", "/odata/Results?%24top=1", "/odata/Results/$count" }, *const not_taken[] = { "/", "/publications",
	    "/indicator/sat-users", "/csv/none.csv", "/csv/all.csv-metadata.json", "/odata/", "/odata/$metadata", "/packs/9.zip",
	    "/odata/Nothing", "/odata/Results?%24skiptoken=x" };
	struct seen seen;
	struct pulls *pulls = NULL;
	struct publication p = {0};
	char cookie[256];
	struct buf out, first;
	int64_t now = clock_now_s(&clock_system);

	buf_init(&out, PUB_MAX);
	buf_init(&first, PUB_MAX);
	buf_init(&seen.lines, 10000);
	sample_publication(1, "", 5, &first);
	ck_ok(pub_read(first.data, first.len, &p, &err));
	publish(1, "", 5, 201, &out);
	publish(2, p.file_sha256, 5, 201, &out);
	sign_in(cookie, &out);
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		ck_assert_msg(ask("GET", taken[i], cookie, NULL, 0, &out) == 200, "%s", taken[i]);
	for (size_t i = 0; i < ARRAY_LEN(not_taken); i++)
		ask("GET", not_taken[i], cookie, NULL, 0, &out);
	ask("HEAD", "/csv/all.csv", cookie, NULL, 0, &out);
	ask("GET", "/csv/all.csv", "", NULL, 0, &out);
	ck_ok(pulls_open(db, now, &pulls, &err));
	ck_ok(pulls_add(pulls, "power-bi", true, "odata/Results", 1, now, &err));
	ck_ok(pulls_each(pulls, now - 86400, put_pull, &seen, &err));
	/* In the order of the clock's seconds, then of who and what: the lines are asked for, not their order. */
	ck_assert(says(&seen.lines, "ann person csv/all.csv 2 2\n") && says(&seen.lines, "ann person xlsx/sat-users.xlsx 2 1\n"));
	ck_assert(says(&seen.lines, "ann person pack 1 1\n") && says(&seen.lines, "ann person pack 2 1\n"));
	ck_assert(says(&seen.lines, "ann person publication 2 1\n") && says(&seen.lines, "ann person odata/Results 2 1\n"));
	ck_assert(says(&seen.lines, "ann person odata/Results/$count 2 1\n") && says(&seen.lines, "power-bi program odata/Results 1 1\n"));
	ck_assert_uint_eq(seen.lines.len, strlen("ann person csv/all.csv 2 2\nann person xlsx/sat-users.xlsx 2 1\nann person pack 1 1\n"
	    "ann person pack 2 1\nann person publication 2 1\nann person odata/Results 2 1\nann person odata/Results/$count 2 1\n"
	    "power-bi program odata/Results 1 1\n"));
	pulls_close(pulls);
	buf_reset(&seen.lines);
	ck_ok(pulls_open(db, now + (PULLS_KEPT_DAYS + 2) * INT64_C(86400), &pulls, &err));
	ck_ok(pulls_each(pulls, 0, put_pull, &seen, &err));
	ck_assert_uint_eq(seen.lines.len, 0);
	pulls_close(pulls);
	pub_clear(&p);
	buf_free(&seen.lines);
	buf_free(&first);
	buf_free(&out);
}
END_TEST

/* What stands around a figure: comparators, baseline, why limits moved, version, n, method, caveats; and pages of the
 * same figure for other readers. */
START_TEST(a_figure_is_explained)
{
	static const char *const indicator[] = { "Beside other numbers", "England (made up)", "64.4 %",
	    "In March 2026 the limits begin again, because two homes opened (decision 12).",
	    "what was published of November 2024 to March 2025", "240 people in October 2026", "Wilson", "sat-users, version 3",
	    "2 of 24 periods are hidden", "Sites beside each other", "will reach the target at times", "/xlsx/sat-users.xlsx" };
	static const char *const easy[] = { "People who are happy with the help they get", "About 7 in every 10 people",
	    "This is getting better.", "We want 7 in every 10. We cannot be sure if we got there." };
	char cookie[256];
	struct buf out;

	buf_init(&out, PUB_MAX);
	publish(1, "", 5, 201, &out);
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("GET", "/indicator/sat-users", cookie, NULL, 0, &out), 200);
	for (size_t i = 0; i < ARRAY_LEN(indicator); i++)
		ck_assert_msg(says(&out, indicator[i]), "%s", indicator[i]);
	ck_assert_int_eq(ask("GET", "/easy/sat-users", cookie, NULL, 0, &out), 200);
	for (size_t i = 0; i < ARRAY_LEN(easy); i++)
		ck_assert_msg(says(&out, easy[i]), "%s", easy[i]);
	ck_assert_int_eq(ask("GET", "/easy/nothing", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/indicator/sat-users?look=large", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "<html lang=\"en\" class=\"large\">"));
	ck_assert_int_eq(ask("GET", "/groups", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "Nothing is published yet of what groups said."));
	buf_free(&out);
}
END_TEST

/* Read back by the reader of questionnaires: as many rows as the publication has, an empty cell where a value is
 * hidden, and no cell of a hidden row that is 0. */
START_TEST(the_workbook_holds_the_same_numbers)
{
	char cookie[256];
	struct workbook book;
	struct findings found;
	struct buf out;
	const struct sheet *figures;
	size_t hidden = 0, at;

	buf_init(&out, PUB_MAX);
	findings_init(&found);
	publish(1, "", 5, 201, &out);
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("GET", "/xlsx/nothing.xlsx", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/xlsx/all.xlsx", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "spreadsheetml.sheet"));
	for (at = 0; at + 4 < out.len && memcmp(out.data + at, "\r\n\r\n", 4) != 0; at++)
		;
	ck_ok(workbook_read(out.data + at + 4, out.len - at - 4, &book, &found, &err));
	ck_assert_uint_eq(book.n_sheets, 3);
	ck_assert_str_eq(book.sheets[0].name, "Notes");
	figures = &book.sheets[1];
	ck_assert_str_eq(figures->name, "Figures");
	ck_assert_uint_eq(figures->n_rows, 168);
	for (size_t i = 0; i < figures->n_rows; i++) {
		const char **cells = figures->rows[i].cells;
		bool is_hidden = cells[29] != NULL && strcmp(cells[29], "[c]") == 0;

		ck_assert_str_eq(figures->header[12], "Value");
		ck_assert_str_eq(figures->header[29], "Flag");
		hidden += is_hidden;
		ck_assert_msg((cells[12] == NULL) == is_hidden && (cells[10] == NULL) == is_hidden, "row %zu", i);
	}
	ck_assert_uint_gt(hidden, 5);
	workbook_clear(&book);
	findings_clear(&found);
	buf_free(&out);
}
END_TEST

/* Votes of groups stand on a page of their own: not on the start page, not beside a proportion, without chart and limits. */
START_TEST(groups_stand_apart)
{
	char cookie[256];
	struct buf out;

	buf_init(&out, PUB_MAX);
	sample_groups = true;
	publish(1, "", 5, 201, &out);
	sample_groups = false;
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("GET", "/", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "href=\"/groups\"") && !says(&out, "Focus groups: what") && !says(&out, "62.5"));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ask("GET", i == 0 ? "/groups" : "/indicator/group-first", cookie, NULL, 0, &out), 200);
		ck_assert(says(&out, "Focus groups: what should change first") && says(&out, "Counted in votes.")
		    && says(&out, "Sampleshire Council, food") && says(&out, "Votes in focus groups, of all who voted."));
		ck_assert(!says(&out, "class=\"chart") && !says(&out, "group, food") && !says(&out, "95 %"));
		ck_assert(says(&out, "[c] hidden, so that nobody is given away"));
	}
	ck_assert_int_eq(ask("GET", "/easy/group-first", cookie, NULL, 0, &out), 404);
	ck_assert_int_eq(ask("GET", "/indicator/sat-users", cookie, NULL, 0, &out), 200);
	ck_assert(!says(&out, "Focus groups"));
	buf_free(&out);
}
END_TEST

/* Codes have words: of the definition, or those that every definition has. Files for programs keep the codes. */
START_TEST(answers_stand_in_words)
{
	const char *was_text = sample_group_text, *was_unit = sample_group_unit;
	char cookie[256];
	struct buf out;

	buf_init(&out, PUB_MAX);
	sample_groups = true;
	sample_group_unit = "%";
	sample_group_text = "[indicator]\nid = group-first\n[words]\nword.trips = Going <out>\nword.food = Good food\n";
	publish(1, "", 5, 201, &out);
	sample_groups = false;
	sample_group_unit = was_unit;
	sample_group_text = was_text;
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("GET", "/", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "Good food, April to September 2026"));
	ck_assert_int_eq(ask("GET", "/indicator/group-first", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, ">Good food</a>") && says(&out, ">Going &lt;out&gt;</a>") && says(&out, "Sampleshire Council, Good food"));
	ck_assert(says(&out, "category=food") && !says(&out, ">food<"));
	ck_assert_int_eq(ask("GET", "/easy/group-first", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "<dt>Good food</dt><dd>About 6 in every 10 people</dd>"));
	ck_assert(says(&out, "<dt>Going &lt;out&gt;</dt><dd>We do not show this number, so that nobody can find out what one person said</dd>"));
	ck_assert_int_eq(ask("GET", "/csv/group-first.csv", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "food") && !says(&out, "Good food"));
	buf_free(&out);
}
END_TEST

/* "You said, we did": on the figure's page and its easy page, through OData, never dropped ones, every version kept. */
START_TEST(actions_stand_beside_the_figure)
{
	struct action x = { .indicator = "sat-users", .said = "The garden door is <b>too heavy</b>.", .did = "A new door is ordered.",
	    .owner = "House manager", .state = "doing", .due = "2026-12-31", .from_day = "", .until_day = "" };
	static const struct { const char *said, *did, *state, *due, *from, *until, *why; } bad[] = {
		{ "", "x", "done", "", "", "", "said has 0 words" }, { "x", "a\nb", "done", "", "", "", "one line" },
		{ "x", "y", "finished", "", "", "", "planned, doing, done or dropped" }, { "x", "y", "done", "31.12.2026", "", "", "2026-12-31" },
		{ "x", "y", "done", "2026-02-30", "", "", "no day" }, { "x", "y", "done", "", "2026-01-01", "", "belong together" },
		{ "x", "y", "done", "", "2026-02-01", "2026-01-01", "from comes first" } };
	struct actions *a = NULL;
	struct action *list;
	struct arena m;
	char cookie[256];
	struct buf out;
	int64_t id;
	size_t n;

	buf_init(&out, PUB_MAX);
	arena_init(&m, 1 << 20);
	publish(1, "", 5, 201, &out);
	sign_in(cookie, &out);
	ck_ok(actions_open(db, &a, &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct action b = { .indicator = "", .said = bad[i].said, .did = bad[i].did, .owner = "", .state = bad[i].state,
		    .due = bad[i].due, .from_day = bad[i].from, .until_day = bad[i].until };

		ck_err(actions_put(a, &b, "ann", 5, &id, &err), ERR_INPUT, bad[i].why);
	}
	ck_ok(actions_put(a, &x, "ann", 5, &id, &err));
	ck_assert_int_eq(id, 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ask("GET", i == 0 ? "/indicator/sat-users" : "/easy/sat-users", cookie, NULL, 0, &out), 200);
		ck_assert(says(&out, "You said, we did") && says(&out, "The garden door is &lt;b&gt;too heavy") && says(&out, "We are doing this, until 2026-12-31"));
	}
	ck_assert_int_eq(ask("GET", "/odata/Actions?$filter=state%20eq%20'doing'", cookie, NULL, 0, &out), 200);
	ck_assert(says(&out, "\"did\":\"A new door is ordered.\"") && says(&out, "\"due\":\"2026-12-31\""));
	x.id = 1;
	x.state = "dropped";
	ck_ok(actions_put(a, &x, "ann", 6, &id, &err));
	ck_assert_int_eq(ask("GET", "/indicator/sat-users", cookie, NULL, 0, &out), 200);
	ck_assert(!says(&out, "You said, we did"));
	x.id = 2;
	ck_err(actions_put(a, &x, "ann", 7, &id, &err), ERR_ABSENT, "no action 2");
	ck_ok(actions_list(a, NULL, &m, &list, &n, &err));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(list[0].version, 2);
	ck_ok(actions_list(a, "other", &m, &list, &n, &err));
	ck_assert_uint_eq(n, 0);
	actions_close(a);
	arena_clear(&m);
	buf_free(&out);
}
END_TEST

/* In CSV as on the page: a hidden value is an empty field with its flag, in no line a 0. */
START_TEST(hidden_is_empty_and_a_flag)
{
	char cookie[256], *line, *save = NULL;
	size_t hidden = 0;
	struct buf out;

	buf_init(&out, PUB_MAX);
	publish(1, "", 5, 201, &out);
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("GET", "/csv/all.csv", cookie, NULL, 0, &out), 200);
	for (line = strtok_r((char *)out.data, "\r\n", &save); line != NULL; line = strtok_r(NULL, "\r\n", &save)) {
		if (strstr(line, ",[c],") == NULL)
			continue;
		hidden++;
		ck_assert_msg(strstr(line, ",,20") != NULL, "%s", line);
	}
	ck_assert_uint_gt(hidden, 50);
	buf_free(&out);
}
END_TEST

START_TEST(only_the_publish_key_publishes)
{
	struct buf out;

	buf_init(&out, PUB_MAX);
	publish(1, "", 99, 403, &out);
	ck_assert(says(&out, "code=denied") && says(&out, "publish key"));
	publish(2, "", 5, 422, &out);
	ck_assert(says(&out, "next one is number 1"));
	ck_assert_int_eq(ask("POST", "/v1/publication", "", "rubbish", 7, &out), 422);
	ck_assert_int_eq(ask("POST", "/v1/publication", "", "", 0, &out), 422);
	ck_assert_int_eq(ask("GET", "/v1/publication", "", NULL, 0, &out), 405);
	publish(1, "", 5, 201, &out);
	buf_free(&out);
}
END_TEST

START_TEST(a_form_without_the_token_does_nothing)
{
	char cookie[256];
	struct buf out;

	buf_init(&out, PUB_MAX);
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("POST", "/sign-out", cookie, "csrf=0", 6, &out), 403);
	ck_assert_int_eq(ask("GET", "/", cookie, NULL, 0, &out), 200);
	buf_free(&out);
}
END_TEST

/* After five wrong tries even the right password waits; another name is not locked out by it. */
START_TEST(wrong_passwords_are_slowed_down)
{
	const char wrong[] = "name=ann&password=not+the+right+one", right[] = "name=ann&password=blue+teapot+on+the+hill";
	struct buf out;

	buf_init(&out, PUB_MAX);
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(ask("POST", "/sign-in", "", wrong, strlen(wrong), &out), 403);
		ck_assert(says(&out, "The name or the password is not right."));
	}
	ck_assert_int_eq(ask("POST", "/sign-in", "", right, strlen(right), &out), 429);
	ck_assert_int_eq(ask("POST", "/sign-in", "", "name=bob&password=whatever+it+is", 32, &out), 403);
	ck_assert_int_eq(ask("POST", "/sign-in", "Sec-Fetch-Site: cross-site\r\n", right, strlen(right), &out), 400);
	buf_free(&out);
}
END_TEST

START_TEST(passwords_and_names_have_rules)
{
	struct users *u = NULL;
	struct user who;
	char token[TOKEN_TEXT], csrf[TOKEN_TEXT];

	ck_ok(users_open(db, &u, &err));
	ck_err(users_add(u, "ann", ROLE_VIEWER, password, 1, &err), ERR_EXISTS, "already");
	ck_err(users_add(u, "An n", ROLE_VIEWER, password, 1, &err), ERR_INPUT, "name");
	ck_err(users_add(u, "carl", ROLE_VIEWER, "short", 1, &err), ERR_INPUT, "characters");
	ck_err(users_add(u, "carl", ROLE_VIEWER, "aaaaaaaaaaaaaaaa", 1, &err), ERR_INPUT, "different");
	ck_err(users_add(u, "carl", ROLE_VIEWER, "password1234", 1, &err), ERR_INPUT, "everybody");
	ck_ok(users_sign_in(u, "ann", password, 1000, token, &err));
	ck_ok(users_session(u, token, 1000 + SESSION_S - 1, &who, csrf, &err));
	ck_assert_str_eq(who.name, "ann");
	ck_assert(users_csrf_is(csrf, csrf) && !users_csrf_is(csrf, "x") && !users_csrf_is(csrf, NULL));
	ck_err(users_session(u, token, 1000 + SESSION_S, &who, csrf, &err), ERR_DENIED, "not signed in");
	ck_ok(users_disable(u, "ann", 1, &err));
	ck_err(users_session(u, token, 1001, &who, csrf, &err), ERR_DENIED, "not signed in");
	ck_err(users_sign_in(u, "ann", password, 1000, token, &err), ERR_DENIED, "not right");
	ck_err(users_disable(u, "nobody", 1, &err), ERR_ABSENT, "nobody");
	users_close(u);
}
END_TEST

START_TEST(plain_http_stays_on_this_machine)
{
	struct pages_conf conf = { .listen = "0.0.0.0:8090", .listen_fd = -1, .db = db, .ring = ring_path };

	ck_err(pages_check(&conf, &err), ERR_INPUT, "127.0.0.1");
	conf.cert = "x.pem";
	ck_err(pages_check(&conf, &err), ERR_INPUT, "private key");
}
END_TEST

/* A page is not an upload: what is not a publication is cut off before it is read. */
START_TEST(a_huge_form_is_refused)
{
	struct buf out, big;

	buf_init(&out, PUB_MAX);
	buf_init(&big, 1 << 20);
	buf_fill(&big, 'a', 100000);
	ck_assert_int_eq(ask("POST", "/sign-in", "", big.data, 20000, &out), 413);
	buf_free(&out);
	buf_free(&big);
}
END_TEST

/* OData 4.0: what is asked, the status, and a piece of the answer. The statuses are those of ODK Central's service
 * where the standard leaves a choice (501 for what is not offered). */
static const struct { const char *path, *headers; int status; const char *says; } odata[] = {
	{ "/odata/", "", 200, "\"value\":[{\"name\":\"Results\",\"kind\":\"EntitySet\",\"url\":\"Results\"}" },
	{ "/odata", "", 200, "@odata.context" },
	{ "/odata/$metadata", "", 200, "<EntitySet Name=\"Results\" EntityType=\"Candour.Result\"/>" },
	{ "/odata/$metadata", "Accept: application/json\r\n", 406, "" },
	{ "/odata/Results", "", 200, "OData-Version: 4.0" },
	{ "/odata/Results", "Accept: text/csv\r\n", 406, "\"code\":\"406\"" },
	{ "/odata/Results?$format=json", "Accept: text/csv\r\n", 200, "" },
	{ "/odata/Results?$format=xml", "", 406, "" },
	{ "/odata/Results", "OData-MaxVersion: 3.0\r\n", 400, "" },
	{ "/odata/Results", "OData-MaxVersion: 4.01\r\n", 200, "" },
	{ "/odata/Results/$count", "", 200, "\r\n\r\n168" },
	{ "/odata/Results/$count?$filter=area_code%20eq%20'elm'", "", 200, "\r\n\r\n24" },
	{ "/odata/Results/$count?%24filter=area_code+eq+'elm'", "", 200, "\r\n\r\n24" },
	{ "/odata/Results/$count?$filter=year(period_start)%20eq%202025%20and%20month(period_start)%20le%202", "", 200,
	    "\r\n\r\n14" },
	{ "/odata/Results/$count?$filter=not(area_level%20eq%20'site')", "", 200, "\r\n\r\n24" },
	{ "/odata/Results/$count?$filter=period_start%20ge%202026-10-01%20or%20period_start%20lt%202024-12-01", "", 200,
	    "\r\n\r\n14" },
	{ "/odata/Results?$count=true&$top=2", "", 200, "\"@odata.count\":168,\"value\":[{" },
	{ "/odata/Results?$top=0", "", 200, "\"value\":[]}" },
	{ "/odata/Results?$select=id,value&$top=1&$filter=suppressed", "", 200, "\"value\":null}]}" },
	{ "/odata/Results?$select=id,value&$top=1", "", 200, "$metadata#Results(id,value)" },
	{ "/odata/Results?$orderby=value&$top=1&$select=value", "", 200, "\"value\":[{\"value\":null}]" },
	{ "/odata/Results?$orderby=value%20desc,id&$top=1&$select=flag", "", 200, "\"value\":[{\"flag\":null}]" },
	{ "/odata/Results('sat-users@3%7C2025-04%7Csite=elm')", "", 200, "$metadata#Results/$entity" },
	{ "/odata/Results('none')", "", 404, "" },
	{ "/odata/Results(1)", "", 400, "" },
	{ "/odata/Nothing", "", 404, "\"error\"" },
	{ "/odata/Results/more", "", 404, "" },
	{ "/odata/Results?$expand=x", "", 501, "" },
	{ "/odata/Results?$search=x", "", 501, "" },
	{ "/odata/Results?custom=1&$top=1", "", 200, "" },
	{ "/odata/Results?$filter=contains(area_name,'E')", "", 501, "" },
	{ "/odata/Results?$filter=nothing%20eq%201", "", 501, "" },
	{ "/odata/Results?$filter=value%20add%201%20eq%202", "", 501, "" },
	{ "/odata/Results?$orderby=nothing", "", 501, "" },
	{ "/odata/Results?$select=nothing", "", 400, "" },
	{ "/odata/Results?$filter=value%20eq", "", 400, "" },
	{ "/odata/Results?$filter=value%20eq%20'x'", "", 400, "" },
	{ "/odata/Results?$filter=(value%20eq%201", "", 400, "" },
	{ "/odata/Results?$filter=value", "", 400, "" },
	{ "/odata/Results?$filter=area_code%20eq%20'x", "", 400, "" },
	{ "/odata/Results?$top=-1", "", 400, "" },
	{ "/odata/Results?$top=1&$top=2", "", 400, "" },
	{ "/odata/Results?$count=maybe", "", 400, "" },
	{ "/odata/Results?$skiptoken=1.500.9.0123456789abcdef", "", 400, "" },
	{ "/odata/Indicators('sat-users@3')", "", 200, "\"direction\":\"increase\"" },
	{ "/odata/Series/$count", "", 200, "\r\n\r\n7" },
	{ "/odata/Actions", "", 200, "\"value\":[]" },
};

START_TEST(odata_answers_as_the_standard_says)
{
	struct users *u = NULL;
	char token[TOKEN_TEXT], headers[1024], both[200];
	struct buf out, basic;

	buf_init(&out, PUB_MAX);
	buf_init(&basic, 1024);
	publish(1, "", 5, 201, &out);
	ck_ok(users_open(db, &u, &err));
	ck_ok(users_reader(u, "power-query", 1, token, &err));
	users_close(u);
	snprintf(both, sizeof(both), "power-query:%s", token);
	base64_put(&basic, both, strlen(both));
	for (size_t i = 0; i < ARRAY_LEN(odata); i++) {
		int status;

		snprintf(headers, sizeof(headers), "Authorization: Basic %s\r\n%s", buf_str(&basic), odata[i].headers);
		status = ask("GET", odata[i].path, headers, NULL, 0, &out);
		ck_assert_msg(status == odata[i].status, "%s: %d, wanted %d: %s", odata[i].path, status, odata[i].status,
		    buf_str(&out));
		ck_assert_msg(says(&out, odata[i].says), "%s: \"%s\" is not in %s", odata[i].path, odata[i].says,
		    buf_str(&out));
	}
	snprintf(headers, sizeof(headers), "Authorization: Basic %s\r\n", buf_str(&basic));
	ck_assert_int_eq(ask("POST", "/odata/Results", headers, NULL, 0, &out), 405);
	ck_assert_int_eq(ask("GET", "/odata/Results", "Authorization: Basic cG93ZXI6bm8=\r\n", NULL, 0, &out), 401);
	buf_free(&out);
	buf_free(&basic);
}
END_TEST

/* Where the walk goes on, without "http://x"; "" at its end. */
static void
next_link(const struct buf *out, char path[512])
{
	static const char mark[] = "\"@odata.nextLink\":\"http://x";
	const char *at = strstr(buf_str(out), mark);

	snprintf(path, 512, "%.*s", at == NULL ? 0 : (int)strcspn(at + sizeof(mark) - 1, "\""), at == NULL ? "" : at + sizeof(mark) - 1);
}

static size_t
times(const struct buf *out, const char *text)
{
	size_t n = 0;

	for (const char *at = buf_str(out); (at = strstr(at, text)) != NULL; at++)
		n++;
	return n;
}

/* A walk stays in the publication that it began with, also when a newer one comes in between, and after that one too; a
 * new walk begins with the newer. */
START_TEST(a_walk_survives_a_newer_publication)
{
	static const char first[] = "/odata/Results?$select=id,publication&$orderby=id";
	char cookie[256], sha256[65] = "", path[512], again[512];
	struct publication p;
	struct buf out, file;

	buf_init(&out, PUB_MAX);
	buf_init(&file, PUB_MAX);
	sample_months(1, "", 5, 100, &file);
	ck_assert_int_eq(ask("POST", "/v1/publication", "", file.data, file.len, &out), 201);
	ck_ok(pub_read(file.data, file.len, &p, &err));
	snprintf(sha256, sizeof(sha256), "%s", p.file_sha256);
	pub_clear(&p);
	sign_in(cookie, &out);
	ck_assert_int_eq(ask("GET", first, cookie, NULL, 0, &out), 200);
	ck_assert_uint_eq(times(&out, "\"publication\":1}"), 500);
	next_link(&out, path);
	ck_assert_str_ne(path, "");
	publish(2, sha256, 5, 201, &out);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ask("GET", path, cookie, NULL, 0, &out), 200);
		ck_assert_uint_eq(times(&out, "\"publication\":1}"), 200);
		ck_assert_uint_eq(times(&out, "\"publication\":2}"), 0);
		next_link(&out, again);
		ck_assert_str_eq(again, "");
	}
	ck_assert_int_eq(ask("GET", first, cookie, NULL, 0, &out), 200);
	ck_assert_uint_eq(times(&out, "\"publication\":2}"), 168);
	next_link(&out, path);
	ck_assert_str_eq(path, "");
	buf_free(&out);
	buf_free(&file);
}
END_TEST

/* What nobody should send, on every path: a clear refusal or a page, never a crash, never a figure without a session. */
START_TEST(every_route_stands_what_nobody_should_send)
{
	static const char *const paths[] = { "/", "/indicator/", "/indicator/sat-users", "/easy/", "/easy/x", "/groups", "/csv/", "/csv/all.csv",
	    "/csv/all.csv-metadata.json", "/xlsx/", "/xlsx/all.xlsx", "/publications", "/publications/", "/publications/1", "/about",
	    "/odata", "/odata/", "/odata/Results", "/odata/$metadata", "/sign-in", "/sign-out", "/v1/publication", "/static/",
	    "/static/people.css", "/healthz", "/metrics", "/nowhere" };
	static const char *const tails[] = { "%00", "/../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "?area=%00", "?area='%20or%201=1--",
	    "?$filter=%27", "?$skiptoken=9999999999999999999.1.1.x", "?%24top=99999999999999999999", "?area=<script>alert(1)</script>",
	    "?area=%ff%fe", "?version=-1", "?look=large&look=small", "?$orderby=id,id,id,id,id,id,id,id,id,id,id", "%0d%0aX:%20y" };
	static const char *const methods[] = { "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW", "HEAD" };
	char cookie[256], longest[9000];
	struct buf out;

	buf_init(&out, PUB_MAX);
	publish(1, "", 5, 201, &out);
	sign_in(cookie, &out);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		bool is_open = strncmp(paths[i], "/static", 7) == 0 || strcmp(paths[i], "/healthz") == 0
		    || strcmp(paths[i], "/metrics") == 0 || strcmp(paths[i], "/sign-in") == 0;

		for (size_t k = 0; k < ARRAY_LEN(tails); k++)
			for (int in = 0; in < 2; in++) {
				char path[400];
				int status;

				snprintf(path, sizeof(path), "%s%s", paths[i], tails[k]);
				status = ask("GET", path, in ? cookie : "", NULL, 0, &out);
				ck_assert_msg(status != 500 && status != 503, "%s: %d", path, status);
				ck_assert_msg(!says(&out, "root:") && !says(&out, "<script") && !says(&out, "\r\nX: y"), "%s", path);
				ck_assert_msg(in || is_open || status == 303 || status == 401 || status == 405 || status >= 400, "%s: %d", path, status);
				ck_assert_msg(in || !says(&out, "sat-users@3"), "%s without a session", path);
			}
		for (size_t k = 0; k < ARRAY_LEN(methods); k++) {
			int status = ask(methods[k], paths[i], cookie, "x=1", strcmp(methods[k], "HEAD") == 0 ? 0 : 3, &out);

			ck_assert_msg(status != 500 && status != 503 && (status >= 400 || strcmp(methods[k], "HEAD") == 0 || status == 303),
			    "%s %s: %d", methods[k], paths[i], status);
		}
		memset(longest, 'a', sizeof(longest));
		snprintf(longest, 200, "%s?", paths[i]);
		longest[strlen(longest)] = 'a';
		longest[sizeof(longest) - 1] = '\0';
		ck_assert_int_ne(ask("GET", longest, cookie, NULL, 0, &out), 500);
	}
	/* Sent by another site: nothing is done. */
	ck_assert_int_eq(ask("POST", "/sign-out", cookie, "csrf=0000000000000000000000000000000000000000000000000000000000000000", 69, &out), 403);
	ck_assert_int_eq(ask("GET", "/", cookie, NULL, 0, &out), 200);
	for (const char *const *next = (const char *const[]){ "//evil.example", "/\\evil.example", "https://evil.example/", "/%0d%0aSet-Cookie:x",
	    NULL }; *next != NULL; next++) {
		char form[300];

		snprintf(form, sizeof(form), "name=ann&password=blue+teapot+on+the+hill&next=%s", *next);
		ck_assert_int_eq(ask("POST", "/sign-in", "", form, strlen(form), &out), 303);
		ck_assert_msg(!says(&out, "evil") && !says(&out, "Set-Cookie:x"), "%s", *next);
	}
	ck_assert_int_eq(ask("GET", "/healthz", "", NULL, 0, &out), 200);
	buf_free(&out);
}
END_TEST

static Suite *
pages_suite(void)
{
	Suite *s = suite_create("pages");
	TCase *t = tcase_create("pages");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 240);
	tcase_add_test(t, nobody_sees_figures_without_signing_in);
	tcase_add_test(t, a_signed_in_person_sees_chart_table_and_csv);
	tcase_add_test(t, who_took_what_is_written_down);
	tcase_add_test(t, a_figure_is_explained);
	tcase_add_test(t, the_workbook_holds_the_same_numbers);
	tcase_add_test(t, groups_stand_apart);
	tcase_add_test(t, answers_stand_in_words);
	tcase_add_test(t, actions_stand_beside_the_figure);
	tcase_add_test(t, hidden_is_empty_and_a_flag);
	tcase_add_test(t, only_the_publish_key_publishes);
	tcase_add_test(t, a_form_without_the_token_does_nothing);
	tcase_add_test(t, wrong_passwords_are_slowed_down);
	tcase_add_test(t, passwords_and_names_have_rules);
	tcase_add_test(t, plain_http_stays_on_this_machine);
	tcase_add_test(t, a_huge_form_is_refused);
	tcase_add_test(t, odata_answers_as_the_standard_says);
	tcase_add_test(t, a_walk_survives_a_newer_publication);
	tcase_add_test(t, every_route_stands_what_nobody_should_send);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(pages_suite)
