/* What a publication says of focus groups: the two definitions that ship, read from the library; sessions of 3, 8 and 22
 * people. By people and not by sessions: nothing of a group under five, no count of votes under five, and nothing from
 * which either follows by subtraction. */
#include "base/file.h"
#include "indicators/prepare.h"
#include "tests/aggregator/sample.h"
#include "tests/test.h"

enum { MONTH = 2026 * 12 + 3 };
static struct err err;
static struct facts *f;
static struct library library;
static int64_t def;
static struct seal_key *publish_key;
static int next_record;

static void
setup(void)
{
	struct definition *d;
	struct findings found;
	struct buf text;
	bool is_new;

	findings_init(&found);
	buf_init(&text, 1 << 16);
	ck_ok(file_read("indicators/library/group-compared.ind", &text, &err));
	ck_ok(definition_parse("group-compared.ind", buf_str(&text), text.len, NULL, NULL, &found, &d, &err));
	findings_clear(&found);
	buf_free(&text);
	library.list = malloc(sizeof(*library.list));
	library.list[0] = d;
	library.n = 1;
	ck_ok(facts_open(":memory:", &f, &err));
	ck_ok(facts_definition(f, "group-compared", 1, d->hash, false, "", &def, &is_new, &err));
	publish_key = sample_key(KEY_PUBLISH, 5);
}

static void
teardown(void)
{
	facts_close(f);
	library_clear(&library);
	seal_key_free(publish_key);
}

/* One session at SITE of PEOPLE voters: votes for better, do not know, same, worse. As the worker keeps them
 * (indicators/evaluate.c): one entry an answer, its number the votes, its people the session's. */
static void
session(const char *site, int64_t people, const int votes[4])
{
	static const char *const items[] = { "better", "dk", "same", "worse" };
	int64_t data_rev, bucket;

	ck_ok(facts_next_rev(f, &data_rev, &err));
	ck_ok(facts_bucket(f, def, "mode=group", &bucket, &err));
	next_record++;
	for (size_t i = 0; i < 4; i++) {
		struct facts_entry e = { .cell = { site, def, MONTH, "", bucket, items[i] }, .rev = 1, .sign = 1,
		    .num = { true, votes[i] }, .value = { true, votes[i] }, .people = people, .data_rev = data_rev };

		memcpy(e.record, &next_record, sizeof(next_record));
		ck_ok(facts_put(f, &e, &err));
	}
}

static void
publish(struct buf *file, struct publication *p)
{
	struct prepare how = { .organisation = "Test", .now = 1792000000, .until = MONTH + 20, .drafts = true };
	struct prepare_report report;
	uint8_t signature[64];
	size_t n;

	ck_ok(facts_update_cells(f, &n, &err));
	ck_ok(facts_commit(f, &err));
	buf_init(file, PUB_MAX);
	ck_ok(prepare_publication(f, &library, NULL, &how, file, &report, &err));
	ck_ok(seal_sign(publish_key, "publication", file->data, file->len, signature, &err));
	pub_sign_line(file, signature);
	ck_ok(pub_read(file->data, file->len, p, &err));
}

static bool
of_site(const struct pub_row *r, const char *site)
{
	char key[40];

	snprintf(key, sizeof(key), "site=%s", site);
	return strstr(r->id, key) != NULL;
}

START_TEST(nothing_is_said_of_a_group_of_three)
{
	struct publication p;
	struct buf file;
	unsigned seen = 0;

	ck_ok(facts_begin(f, &err));
	session("oak", 3, (const int[]){ 2, 0, 1, 0 });
	publish(&file, &p);
	for (size_t i = 0; i < p.n_rows; i++) {
		const struct pub_row *r = &p.rows[i];

		seen++;
		ck_assert_msg(r->suppressed && !r->value.shown && !r->numerator.shown && !r->denominator.shown, "%s", r->id);
		ck_assert_msg(strstr(r->id, "individual") == NULL, "%s", r->id);
	}
	ck_assert_uint_gt(seen, 0);
	pub_clear(&p);
	buf_free(&file);
}
END_TEST

/* elm: 4 better, 3 the same, 1 worse; oak too small; ash: 12 better, 5 the same, 5 worse. All sites together
 * may be shown, so ash may not be: the difference would be elm's one who voted worse. */
START_TEST(no_small_count_of_votes_is_told_or_follows)
{
	struct publication p;
	struct buf file;
	unsigned shown = 0;

	ck_ok(facts_begin(f, &err));
	session("elm", 8, (const int[]){ 4, 0, 3, 1 });
	session("oak", 3, (const int[]){ 2, 0, 1, 0 });
	session("ash", 22, (const int[]){ 12, 0, 5, 5 });
	publish(&file, &p);
	for (size_t i = 0; i < p.n_rows; i++) {
		const struct pub_row *r = &p.rows[i];
		bool small = of_site(r, "oak") || of_site(r, "elm"), worse_ash = of_site(r, "ash") && strstr(r->id, "answer=worse");

		/* all less ash is elm and oak: one vote for worse */
		ck_assert_msg((!small && !worse_ash) || (r->suppressed && !r->numerator.shown && !r->value.shown), "%s", r->id);
		ck_assert_msg(!of_site(r, "oak") || !r->denominator.shown, "%s", r->id);
		shown += !r->suppressed && strstr(r->id, "site=") == NULL;
	}
	/* the four answers of all sites, with and without "mode=group" */
	ck_assert_uint_eq(shown, 8);
	pub_clear(&p);
	buf_free(&file);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prepare_group");
	TCase *t = tcase_create("group");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_is_said_of_a_group_of_three);
	tcase_add_test(t, no_small_count_of_votes_is_told_or_follows);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
