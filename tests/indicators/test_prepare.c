/* Publications prepared from facts: rounded, hidden, charted, kept back; and on random sequences of three
 * publications of one growing set of answers nobody who has all of them can work out a hidden count. The attacker
 * (attack.h) sees rows only; what it is told of a shown row is the exact count behind it, more than rounding
 * leaves to see. */
#include "indicators/prepare.h"
#include "tests/aggregator/sample.h"
#include "tests/indicators/attack.h"
#include "tests/test.h"

static struct err err;
static struct facts *f;
static struct library library;
static int64_t def;
static struct seal_key *publish_key;

enum { SITES = 3, ROLES = 2, MONTHS = 2, LEAVES = SITES * ROLES * MONTHS, MONTH = 2026 * 12 + 3, PUBS = 3 };
static const char *const sites[SITES] = { "ash", "elm", "oak" };
static const char *const roles[ROLES] = { "individual", "staff" };

static const char definition[] = "[indicator]\nid = x\nversion = 1\nkind = proportion\ntitle = People who are happy\n"
	"title_easy = Happy people\nabout = a\nunit = people\ndirection = increase\nduty = d\nsource = s\nmethod = questionnaire\n"
	"owner = o\nreview_by = 2027-04\n[measure]\nexclude.none = false()\nnumerator = ${q1} = '1'\n[form satisfaction]\n"
	"[by]\nsite = yes\nrole = ${_role}\ncross = site*role\n[time]\nperiod = month\n[estimate]\ninterval = wilson\n"
	"target = 0.70 from 2025-04\ncomparator = 0.9 from 2024-04..2025-03 England\ncomparator = 0.6 from 2025-04 England\nbaseline = 0.7 from 2024-04\n"
	"[round]\nvalue = percent 1 half_away\ncount = 5 half_away\n[spc]\nchart = xmr\n[state]\nstate = draft\n";

static void
setup(void)
{
	struct definition *d;
	struct findings found;
	bool is_new;

	findings_init(&found);
	if (definition_parse("x.ind", definition, strlen(definition), NULL, NULL, &found, &d, &err) != ERR_OK) {
		for (size_t i = 0; i < found.n; i++)
			fprintf(stderr, "%s: %s\n", found.list[i].place, found.list[i].text);
		ck_abort_msg("%s", err.msg);
	}
	findings_clear(&found);
	library.list = malloc(sizeof(*library.list));
	library.list[0] = d;
	library.n = 1;
	ck_ok(facts_open(":memory:", &f, &err));
	ck_ok(facts_definition(f, "x", 1, d->hash, false, "", &def, &is_new, &err));
	publish_key = sample_key(KEY_PUBLISH, 5);
}

static void
teardown(void)
{
	facts_close(f);
	library_clear(&library);
	seal_key_free(publish_key);
}

static int next_record;

/* People of one leaf, IN of them in the numerator. */
static void
answer(int leaf, int in, int out)
{
	int64_t data_rev;
	char keys[64];
	int64_t bucket;

	ck_ok(facts_next_rev(f, &data_rev, &err));
	snprintf(keys, sizeof(keys), "role=%s;helped=no", roles[leaf / MONTHS % ROLES]);
	ck_ok(facts_bucket(f, def, keys, &bucket, &err));
	for (int i = 0; i < in + out; i++) {
		struct facts_entry e = { .cell = { sites[leaf / MONTHS / ROLES], def, MONTH + leaf % MONTHS, "", bucket, "" },
		    .rev = 1, .sign = 1, .num = { true, i < in }, .value = { true, i < in }, .people = 1,
		    .data_rev = data_rev };

		next_record++;
		memcpy(e.record, &next_record, sizeof(next_record));
		ck_ok(facts_put(f, &e, &err));
	}
}

static void
commit(void)
{
	size_t n;

	ck_ok(facts_update_cells(f, &n, &err));
	ck_ok(facts_commit(f, &err));
}

/* Prepare, sign and mark as published; FILE and P are the caller's. */
static void
publish(struct buf *file, struct publication *p, struct prepare_report *report)
{
	struct prepare how = { .organisation = "Test", .now = 1792000000, .until = MONTH + 20, .drafts = true };
	uint8_t signature[64];

	buf_init(file, PUB_MAX);
	ck_ok(prepare_publication(f, &library, NULL, &how, file, report, &err));
	ck_ok(seal_sign(publish_key, "publication", file->data, file->len, signature, &err));
	pub_sign_line(file, signature);
	ck_ok(pub_read(file->data, file->len, p, &err));
	ck_ok(facts_published(f, p->manifest.no, p->manifest.data_rev, p->file_sha256, file->data, file->len, &err));
}

static const struct pub_row *
row_of(const struct publication *p, const char *id)
{
	for (size_t i = 0; i < p->n_rows; i++)
		if (strcmp(p->rows[i].id, id) == 0)
			return &p->rows[i];
	ck_abort_msg("no row %s", id);
	return NULL;
}

/* 46 of 60: 76.7 %, Wilson 64.6 to 85.6 % (Wilson 1927, by R's prop.test(46, 60, correct = FALSE)). */
START_TEST(a_figure_is_estimated_then_rounded)
{
	struct publication p;
	struct prepare_report report;
	const struct pub_row *r;
	struct buf file;

	ck_ok(facts_begin(f, &err));
	answer(0, 46, 14);
	commit();
	publish(&file, &p, &report);
	r = row_of(&p, "x@1|2026-04|site=ash|role=individual");
	ck_assert_double_eq(r->value.v, 76.7);
	ck_assert_double_eq(r->lower95.v, 64.6);
	ck_assert_double_eq(r->upper95.v, 85.6);
	ck_assert_double_eq(r->numerator.v, 45);
	ck_assert_double_eq(r->denominator.v, 60);
	ck_assert_double_eq(r->target.v, 70);
	ck_assert_str_eq(r->verdict, "cannot_say");
	/* 60 % lies below 64.6 %; the comparator of the year before does not count. */
	ck_assert_str_eq(r->comparison, "better England 60; similar baseline 70");
	ck_assert_str_eq(r->unit, "%");
	pub_clear(&p);
	buf_free(&file);
}
END_TEST

START_TEST(a_small_figure_is_null_and_a_flag)
{
	struct publication p;
	struct prepare_report report;
	const struct pub_row *r;
	struct buf file;

	ck_ok(facts_begin(f, &err));
	answer(0, 46, 14);
	answer(2, 3, 12);
	commit();
	publish(&file, &p, &report);
	r = row_of(&p, "x@1|2026-04|site=ash|role=staff");
	ck_assert(r->suppressed && !r->value.shown && !r->numerator.shown);
	ck_assert_str_eq(r->flag, "[c]");
	pub_clear(&p);
	buf_free(&file);
}
END_TEST

/* Take the answers FROM .. FROM + N (as numbered by answer()) of site ash back, as a withdrawal does. */
static void
withdraw(int from, int n, int64_t data_rev)
{
	for (int i = from; i < from + n; i++) {
		struct facts_record r = { .site = "ash", .form = "f@1", .day = 1, .day_quality = "sealed", .state = "facts" };
		bool is_new;

		memcpy(r.record, &i, sizeof(i));
		ck_ok(facts_put_record(f, &r, &is_new, &err));
		ck_ok(facts_withdraw(f, "ash", r.record, data_rev, &err));
	}
}

/* Withdrawn answers are gone from the facts at once; what was published stays as it was, because the difference would tell
 * what those few had said, until enough people came or went. 46 of 60, then 36 of 50 (72.0 %). */
START_TEST(withdrawals_reach_publications_when_they_are_enough)
{
	static const struct { int gone; double want; const char *flag; } steps[] = { { 0, 76.7, "" }, { 3, 76.7, "[p]" },
	    { 6, 76.7, "[p]" }, { 1, 72.0, "[r]" }, { 0, 72.0, "" } };
	struct publication p;
	struct prepare_report report;
	const struct pub_row *r;
	int64_t cells, different;
	struct buf file;
	int first = next_record + 1, gone = 0;

	ck_ok(facts_begin(f, &err));
	answer(0, 46, 14);
	commit();
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		ck_ok(facts_begin(f, &err));
		withdraw(first + gone, steps[i].gone, (int64_t)i + 2);
		gone += steps[i].gone;
		commit();
		ck_ok(facts_compare(f, &cells, &different, &err));
		ck_assert_int_eq(different, 0);
		publish(&file, &p, &report);
		r = row_of(&p, "x@1|2026-04|site=ash|role=individual");
		ck_assert_msg(r->value.v == steps[i].want && strcmp(r->flag, steps[i].flag) == 0, "step %zu: %g %s", i, r->value.v, r->flag);
		pub_clear(&p);
		buf_free(&file);
	}
}
END_TEST

/* What was published stays until at least base_min people came: then it is revised. */
START_TEST(a_published_figure_stays_until_enough_people_came)
{
	static const struct { int in, out; double want; const char *flag; } steps[] = {
		{ 0, 0, 76.7, "" }, { 3, 0, 76.7, "[p]" }, { 0, 5, 76.7, "[p]" }, { 1, 1, 71.4, "[r]" },
		{ 0, 1, 71.4, "[p]" } };
	struct publication p;
	struct prepare_report report;
	const struct pub_row *r;
	struct buf file;

	ck_ok(facts_begin(f, &err));
	answer(0, 46, 14);
	commit();
	for (size_t i = 0; i <= ARRAY_LEN(steps); i++) {
		publish(&file, &p, &report);
		r = row_of(&p, "x@1|2026-04|site=ash");
		ck_assert_int_eq(p.manifest.no, (int64_t)i + 1);
		if (i > 0) {
			ck_assert_msg(fabs(r->value.v - steps[i - 1].want) < 1e-9, "step %zu: %g", i, r->value.v);
			ck_assert_str_eq(r->flag, steps[i - 1].flag);
		}
		pub_clear(&p);
		buf_free(&file);
		if (i == ARRAY_LEN(steps))
			break;
		ck_ok(facts_begin(f, &err));
		answer(0, steps[i].in, steps[i].out);
		commit();
	}
}
END_TEST

/* The facts of all months before MONTH + MONTHS_LATER go. */
static void
expire(int months_later)
{
	struct facts_erasing at = {0};
	bool more = true;

	ck_ok(facts_begin(f, &err));
	ck_ok(facts_freeze(f, MONTH + months_later, 1792000000, &err));
	ck_ok(facts_commit(f, &err));
	while (more)
		ck_ok(facts_erase(f, 100, &at, &more, &err));
	ck_assert_int_gt(at.n_facts, 0);
	ck_ok(facts_wipe(f, &err));
}

static void
same_num(struct pub_num a, struct pub_num b, const char *id)
{
	ck_assert_msg(a.shown == b.shown && (!a.shown || a.v == b.v), "%s", id);
}

/* Where the facts are gone a figure stays as it was published last, shown or hidden, whatever had come since; what was never
 * published is not any more; the months after it and the chart go on. */
START_TEST(figures_whose_facts_are_gone_stay)
{
	struct publication p[2];
	struct prepare_report report;
	struct buf files[2];
	size_t old = 0;

	ck_ok(facts_begin(f, &err));
	answer(0, 46, 14);	/* April, individuals at ash */
	answer(2, 3, 12);	/* staff: too few said yes */
	answer(1, 30, 30);	/* May */
	commit();
	publish(&files[0], &p[0], &report);
	ck_ok(facts_begin(f, &err));
	answer(0, 4, 0);	/* too few to tell apart: [p] */
	answer(4, 20, 20);	/* April at elm: came after the publication, and never was in one */
	answer(1, 20, 0);
	commit();
	expire(1);
	publish(&files[1], &p[1], &report);
	for (size_t i = 0; i < p[0].n_rows; i++) {
		const struct pub_row *a = &p[0].rows[i], *b = row_of(&p[1], a->id);

		if (strcmp(a->period_start, "2026-04-01") != 0)
			continue;
		old++;
		same_num(a->value, b->value, a->id);
		same_num(a->numerator, b->numerator, a->id);
		same_num(a->denominator, b->denominator, a->id);
		same_num(a->lower95, b->lower95, a->id);
		same_num(a->upper998, b->upper998, a->id);
		same_num(a->margin, b->margin, a->id);
		same_num(a->helped_share, b->helped_share, a->id);
		ck_assert_int_eq(a->suppressed, b->suppressed);
		ck_assert_str_eq(a->verdict, b->verdict);
		ck_assert_str_eq(a->comparison, b->comparison);
		/* of staff nobody came */
		ck_assert_str_eq(b->flag, a->suppressed ? a->flag : "[p]");
	}
	ck_assert_uint_eq(report.expired, old);
	ck_assert(row_of(&p[0], "x@1|2026-04|site=ash|role=staff")->suppressed);
	ck_assert_uint_eq(report.unpublished, 2);	/* elm, and its individuals */
	for (size_t i = 0; i < p[1].n_rows; i++)
		ck_assert_msg(strncmp(p[1].rows[i].id, "x@1|2026-04|site=elm", 20) != 0, "%s", p[1].rows[i].id);
	/* May: 50 of 80 */
	ck_assert_double_eq(row_of(&p[1], "x@1|2026-05|site=ash|role=individual")->value.v, 62.5);
	ck_assert_str_eq(row_of(&p[1], "x@1|2026-05|site=ash|role=individual")->flag, "[r]");
	/* the chart is of both months: 65.3 (49 of 75) and 62.5 */
	ck_assert_double_eq(row_of(&p[1], "x@1|2026-04|site=ash")->value.v, 65.3);
	ck_assert_double_eq(row_of(&p[1], "x@1|2026-04|site=ash")->spc_mean.v, 63.9);
	ck_assert_double_eq(row_of(&p[1], "x@1|2026-05|site=ash")->spc_mean.v, 63.9);
	for (int i = 0; i < 2; i++) {
		pub_clear(&p[i]);
		buf_free(&files[i]);
	}
}
END_TEST

START_TEST(nothing_is_published_from_wrong_cells)
{
	struct prepare how = { .organisation = "Test", .now = 1792000000, .until = MONTH + 20, .drafts = true };
	struct prepare_report report;
	struct facts_entry e = { .cell = { "ash", def, MONTH, "", 1, "" }, .rev = 1, .sign = 1, .num = { true, 1 },
	    .people = 1, .data_rev = 1 };
	struct buf file;

	buf_init(&file, PUB_MAX);
	ck_err(prepare_publication(f, &library, NULL, &how, &file, &report, &err), ERR_INPUT, "nothing to publish");
	ck_ok(facts_begin(f, &err));
	ck_ok(facts_put(f, &e, &err));
	ck_ok(facts_commit(f, &err));	/* its cell was never made */
	ck_err(prepare_publication(f, &library, NULL, &how, &file, &report, &err), ERR_BROKEN, "1 of 1 cells");
	ck_assert_uint_eq(file.len, 0);
	buf_free(&file);
}
END_TEST

/* --- options: no more is hidden than must be ---------------------------------------------------------------------- */

static const char options[] = "[indicator]\nid = o\nversion = 1\nkind = options\ntitle = What matters\ntitle_easy = What matters\n"
	"about = a\nunit = people\ndirection = neutral\nduty = d\nsource = s\nmethod = questionnaire\nowner = o\nreview_by = 2027-04\n"
	"[measure]\noption.food = selected(${m}, 'food')\noption.friends = selected(${m}, 'friends')\noption.none = selected(${m}, 'none')\n"
	"option.out = selected(${m}, 'out')\n[form satisfaction]\n[time]\nperiod = month\n[spc]\nchart = none\n[state]\nstate = draft\n";

static void
setup_with(const char *text)
{
	struct definition *d;
	struct findings found;
	bool is_new;

	findings_init(&found);
	ck_ok(definition_parse("o.ind", text, strlen(text), NULL, NULL, &found, &d, &err));
	findings_clear(&found);
	library.list = malloc(sizeof(*library.list));
	library.list[0] = d;
	library.n = 1;
	ck_ok(facts_open(":memory:", &f, &err));
	ck_ok(facts_definition(f, "o", 1, d->hash, false, "", &def, &is_new, &err));
	publish_key = sample_key(KEY_PUBLISH, 5);
}

static void
setup_options(void)
{
	setup_with(options);
}

/* One person of SITE who chose what CHOSEN says, a bit for each option. */
static void
choose(const char *site, unsigned chosen)
{
	static const char *const items[] = { "food", "friends", "none", "out" };
	int64_t data_rev, bucket;

	ck_ok(facts_next_rev(f, &data_rev, &err));
	ck_ok(facts_bucket(f, def, "role=individual;helped=no", &bucket, &err));
	next_record++;
	for (unsigned i = 0; i < ARRAY_LEN(items); i++) {
		struct facts_entry e = { .cell = { site, def, MONTH, "", bucket, items[i] }, .rev = 1, .sign = 1,
		    .num = { true, chosen >> i & 1 }, .value = { true, chosen >> i & 1 }, .people = 1, .data_rev = data_rev };

		memcpy(e.record, &next_record, sizeof(next_record));
		ck_ok(facts_put(f, &e, &err));
	}
}

/* Nobody at any site chose "none". That may not be said of a site (0 % tells what each person there said), so not of all
 * sites together either; everything else may. Seven ways to choose from three, up to 30 people of each: all of them
 * bear on each other. */
START_TEST(an_option_that_nobody_chose_hides_itself_alone)
{
	static const unsigned ways[] = { 1, 2, 8, 3, 9, 10, 11 };
	struct publication p;
	struct prepare_report report;
	struct buf file;
	size_t hidden = 0;

	ck_ok(facts_begin(f, &err));
	for (int s = 0; s < SITES; s++)
		for (unsigned w = 0; w < ARRAY_LEN(ways); w++)
			for (int n = 5 + (s * 7 + (int)w * 3) % 26; n > 0; n--)
				choose(sites[s], ways[w]);
	commit();
	publish(&file, &p, &report);
	ck_assert_uint_eq(p.n_rows, 4 * (2 + SITES));	/* the organisation, role=individual, the sites */
	for (size_t i = 0; i < p.n_rows; i++) {
		bool none = strstr(p.rows[i].id, "answer=none") != NULL;

		ck_assert_msg(p.rows[i].suppressed == none, "%s", p.rows[i].id);
		hidden += p.rows[i].suppressed;
	}
	ck_assert_uint_eq(report.suppressed, hidden);
	pub_clear(&p);
	buf_free(&file);
}
END_TEST

/* --- means ---------------------------------------------------------------------------------------------------------- */

static const char mean[] = "[indicator]\nid = o\nversion = 1\nkind = mean\ntitle = Days enjoyed\ntitle_easy = Days enjoyed\n"
	"about = a\nunit = days\ndirection = increase\nduty = d\nsource = s\nmethod = questionnaire\nowner = o\nreview_by = 2027-04\n"
	"[measure]\nvalue = ${days}\n[form satisfaction]\n[time]\nperiod = month\n[spc]\nchart = none\n[state]\nstate = draft\n";

static void
setup_mean(void)
{
	setup_with(mean);
}

/* N people of SITE, who gave LEAST, LEAST + STEP, LEAST + 2 STEP, LEAST .. days. */
static void
enjoyed(const char *site, int n, double least, double step)
{
	int64_t data_rev, bucket;

	ck_ok(facts_next_rev(f, &data_rev, &err));
	ck_ok(facts_bucket(f, def, "role=individual;helped=no", &bucket, &err));
	for (int i = 0; i < n; i++) {
		double days = least + step * (i % 3);
		struct facts_entry e = { .cell = { site, def, MONTH, "", bucket, "" }, .rev = 1, .sign = 1, .num = { true, days },
		    .value = { true, days }, .people = 1, .data_rev = data_rev };

		next_record++;
		memcpy(e.record, &next_record, sizeof(next_record));
		ck_ok(facts_put(f, &e, &err));
	}
}

/* A mean without spread is what each person said, as 100 % is: hidden below the organisation, and with it one more site, or
 * it would be the whole less the others. */
START_TEST(a_mean_of_one_value_is_not_told_of_a_site)
{
	struct publication p;
	struct prepare_report report;
	struct buf file;

	ck_ok(facts_begin(f, &err));
	enjoyed("ash", 20, 6.7, 0);
	enjoyed("elm", 30, 3, 1);
	enjoyed("oak", 40, 2, 2);
	commit();
	publish(&file, &p, &report);
	ck_assert(row_of(&p, "o@1|2026-04|site=ash")->suppressed && !row_of(&p, "o@1|2026-04|site=ash")->denominator.shown);
	ck_assert(row_of(&p, "o@1|2026-04|site=elm")->suppressed);
	ck_assert(!row_of(&p, "o@1|2026-04|site=oak")->suppressed);
	ck_assert(!row_of(&p, "o@1|2026-04|all")->suppressed);
	ck_assert_uint_eq(report.small, 1);
	ck_assert_uint_eq(report.protecting, 1);
	pub_clear(&p);
	buf_free(&file);
}
END_TEST

/* --- the attack ---------------------------------------------------------------------------------------- */

/* Unknowns: of each leaf, in and out, what came before each publication. */
static uint32_t
unknown(int leaf, bool out, int pub)
{
	return (uint32_t)((leaf * 2 + out) * PUBS + pub);
}

struct attacked {
	struct attack_row *rows;
	size_t n;
};

/* The base (or the numerator) of ROW of publication PUB, as of publication AS_OF. */
static void
tell(struct attacked *a, const struct pub_row *r, bool base, int as_of, bool is_shown, int64_t counts[LEAVES][2][PUBS])
{
	struct attack_row *row = &a->rows[a->n++];
	uint32_t *cells = malloc(sizeof(*cells) * LEAVES * 2 * PUBS);

	*row = (struct attack_row){ .cells = cells, .shown = is_shown };
	for (int leaf = 0; leaf < LEAVES; leaf++) {
		char month[16];
		bool here = strcmp(r->area_code, "all") == 0 || strcmp(r->area_code, sites[leaf / MONTHS / ROLES]) == 0;

		snprintf(month, sizeof(month), "2026-%02d-01", 4 + leaf % MONTHS);
		here = here && strcmp(r->period_start, month) == 0
		    && (r->category[0] == '\0' || strcmp(r->category, roles[leaf / MONTHS % ROLES]) == 0);
		for (int out = 0; here && out <= base; out++)
			for (int pub = 0; pub <= as_of; pub++) {
				cells[row->n_cells++] = unknown(leaf, out, pub);
				row->value += counts[leaf][out][pub];
			}
	}
}

/* SEED=N for one, SEEDS_FROM=N for others than those of every run (make disclosure). */
static unsigned
seed_of(int i)
{
	const char *one = getenv("SEED"), *from = getenv("SEEDS_FROM");

	if (one != NULL)
		return (unsigned)strtoul(one, NULL, 10);
	return (from == NULL ? 20261122u : (unsigned)strtoul(from, NULL, 10)) + (unsigned)i;
}

/* In every other sequence the facts of the first month go before the last publication, with answers of it that came after the
 * second one. */
START_TEST(nobody_can_subtract_publications)
{
	unsigned seed = seed_of(_i);
	struct attacked a = {0};
	struct publication p[PUBS];
	struct buf files[PUBS];
	int64_t counts[LEAVES][2][PUBS] = {0};
	bool *found;
	size_t hidden = 0;

	srand(seed);
	a.rows = calloc(PUBS * 200, sizeof(*a.rows));
	for (int pub = 0; pub < PUBS; pub++) {
		struct prepare_report report;

		ck_ok(facts_begin(f, &err));
		for (int leaf = 0; leaf < LEAVES; leaf++) {
			int most = pub == 0 ? 18 : rand() % 3 == 0 ? 9 : 1;
			int in = rand() % (most + 1), out = rand() % (most + 1);

			counts[leaf][0][pub] = in;
			counts[leaf][1][pub] = out;
			answer(leaf, in, out);
		}
		commit();
		if (pub == PUBS - 1 && seed % 2 == 1)
			expire(1);
		publish(&files[pub], &p[pub], &report);
		for (size_t i = 0; i < p[pub].n_rows; i++) {
			const struct pub_row *r = &p[pub].rows[i];
			int as_of = pub;

			if (pub == PUBS - 1 && seed % 2 == 1 && strcmp(r->period_start, "2026-04-01") == 0) {
				/* as it was said before, and not as it is */
				tell(&a, r, true, as_of, false, counts);
				tell(&a, r, false, as_of, false, counts);
				if (strstr(row_of(&p[pub - 1], r->id)->flag, "[p]") != NULL)	/* of before that */
					continue;
				as_of = pub - 1;
				tell(&a, r, true, as_of, r->denominator.shown, counts);
				tell(&a, r, false, as_of, r->value.shown, counts);
				continue;
			}
			/* "[p]" repeats an earlier publication; what its figures are by now is as hidden as in a
			 * hidden row. */
			tell(&a, r, true, as_of, r->denominator.shown && strstr(r->flag, "[p]") == NULL, counts);
			tell(&a, r, false, as_of, r->value.shown && strstr(r->flag, "[p]") == NULL, counts);
			hidden += !r->value.shown;
		}
	}
	found = calloc(a.n, sizeof(*found));
	attack_linear(a.rows, a.n, LEAVES * 2 * PUBS, found);
	for (size_t i = 0; i < a.n; i++)
		ck_assert_msg(!found[i], "seed %u: row %zu of %zu (%zu cells, value %lld) can be worked out", seed, i, a.n,
		    a.rows[i].n_cells, (long long)a.rows[i].value);
	ck_assert_uint_gt(hidden, 0);
	for (size_t i = 0; i < a.n; i++)
		free((void *)(uintptr_t)a.rows[i].cells);
	for (int pub = 0; pub < PUBS; pub++) {
		pub_clear(&p[pub]);
		buf_free(&files[pub]);
	}
	free(a.rows);
	free(found);
}
END_TEST

static Suite *
prepare_suite(void)
{
	Suite *s = suite_create("prepare");
	TCase *t = tcase_create("prepare");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_figure_is_estimated_then_rounded);
	tcase_add_test(t, a_small_figure_is_null_and_a_flag);
	tcase_add_test(t, withdrawals_reach_publications_when_they_are_enough);
	tcase_add_test(t, a_published_figure_stays_until_enough_people_came);
	tcase_add_test(t, figures_whose_facts_are_gone_stay);
	tcase_add_test(t, nothing_is_published_from_wrong_cells);
	tcase_add_loop_test(t, nobody_can_subtract_publications, 0, 60);
	suite_add_tcase(s, t);
	t = tcase_create("options");
	tcase_add_checked_fixture(t, setup_options, teardown);
	tcase_add_test(t, an_option_that_nobody_chose_hides_itself_alone);
	suite_add_tcase(s, t);
	t = tcase_create("means");
	tcase_add_checked_fixture(t, setup_mean, teardown);
	tcase_add_test(t, a_mean_of_one_value_is_not_told_of_a_site);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(prepare_suite)
