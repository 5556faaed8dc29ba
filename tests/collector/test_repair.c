/* A damaged site.db and what becomes of it. The store is damaged by hand, page by page; what must be saved is told by
 * where the bytes of each record stood in the file (searched for, not asked of SQLite's trees); the new store must be
 * proved by `candour verify`'s own look, and the real intake must take what comes from it: none lost, none doubled. */
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mman.h>

#include "collector/draft.h"
#include "collector/repair.h"
#include "collector/verify.h"
#include "tests/sync/world.h"

enum { DELIVERED = 14, WAITING = 34, ALL = DELIVERED + WAITING, PAGE = 4096, W = 20, WRAPS = 2 };

static struct world w;
static struct box *a;
static char old[160], fresh[160];
static uint8_t withdrawn_id[16];
static uint8_t *image;
static size_t image_len;
/* Of each answer: the page of its row, those of its sealed keys. */
static size_t row_page[ALL], wrap_page[ALL][WRAPS];

static void
slurp(const char *path, uint8_t **out, size_t *len)
{
	struct buf b;

	buf_init(&b, 64 << 20);
	must(file_read(path, &b, &world_err));
	*out = malloc(b.len + 1);
	ck_assert_ptr_nonnull(*out);
	memcpy(*out, b.data, b.len);
	*len = b.len;
	buf_free(&b);
}

static void
spit(const char *path, const uint8_t *p, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static size_t
page_of(const void *bytes, size_t len)
{
	const uint8_t *at = memmem(image, image_len, bytes, len);

	return at == NULL ? 0 : (size_t)(at - image) / PAGE + 1;
}

/* Where the rows stand, by their bytes. */
static void
find_pages(void)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	ck_assert_int_eq(sqlite3_open(old, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT id, header, slot, wrap FROM record JOIN wrap ON record_n = n", -1, &s,
	    NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		for (size_t i = 0; i < a->n_given; i++)
			if (memcmp(a->given[i], sqlite3_column_blob(s, 0), 16) == 0) {
				row_page[i] = page_of(sqlite3_column_blob(s, 1), 128);
				wrap_page[i][sqlite3_column_int(s, 2)] = page_of(sqlite3_column_blob(s, 3), 80);
			}
	sqlite3_finalize(s);
	sqlite3_close(db);
	for (size_t i = 0; i < a->n_given; i++)
		ck_assert(i == W || (row_page[i] > 0 && wrap_page[i][0] > 0 && wrap_page[i][1] > 0));
}

/* Answer number W is one with words, which are then said: it is withdrawn. */
static void
give_and_withdraw(void)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)"<data/>", .len = 7 };
	struct sealed_record r = { .lane = 0 };
	const uint16_t words[4] = { 1, 2, 3, 4 };
	uint8_t secret[32], tag[16];
	char before[160];
	size_t n = 0;
	bool stale;

	must(keyring_recipients(w.ring, 0, w.now_ms / 86400000, to, &n, &stale, &world_err));
	must(seal_withdraw(a->id, words, secret, &world_err));
	chain_withdraw_tag(secret, tag);
	must(seal_record(to, n, 0, a->id, NULL, tag, &plain, &r, &world_err));
	must(outbox_put(a->outbox, &r, 20000, &world_err));
	memcpy(withdrawn_id, r.id, 16);
	memcpy(a->given[a->n_given++], r.id, 16);
	sealed_record_clear(&r);
	box_give(a, 3);
	must(outbox_idle(a->outbox, &world_err));
	snprintf(before, sizeof(before), "%s/before.db", w.dir);
	copy_file(a->db, before);
	must(outbox_withdraw(a->outbox, secret, &world_err));
}

/* The kiosk ran for two slots: four sealed places, and two records in the concern lane. */
static void
concerns(void)
{
	struct seal_recipient to;
	struct outbox_slots slots = { .to = &to, .n = 1, .slot_ms = 1800000, .day = 20000 };

	seal_key_id(w.concern, to.id);
	memcpy(to.public_, seal_key_public(w.concern), 32);
	must(outbox_slots_start(a->outbox, &slots, 1000, &world_err));
	must(outbox_slots_tick(a->outbox, &slots, 1000 + 1800000, &world_err));
	must(outbox_slots_tick(a->outbox, &slots, 1000 + 2 * 1800000, &world_err));
}

static void
setup(void)
{
	static const uint8_t form[16] = "form";
	struct seal_recipient to;
	struct draft *d = NULL;
	int fd = open("/dev/null", O_WRONLY);

	log_to(fd);
	world_init(&w, NULL);
	a = calloc(1, sizeof(*a));
	ck_assert_ptr_nonnull(a);
	box_init(a, &w, "a");
	box_give(a, DELIVERED);
	box_deliver(a);
	box_give(a, W - DELIVERED);
	give_and_withdraw();
	box_give(a, ALL - a->n_given);
	seal_key_id(w.response, to.id);
	memcpy(to.public_, seal_key_public(w.response), 32);
	must(draft_new(a->outbox, form, 20000, "a long passphrase", 17, &to, 1, &d, &world_err));
	must(draft_add(d, "one", 3, &world_err));
	must(draft_add(d, "two", 3, &world_err));
	draft_free(d);
	must(outbox_ring_put(a->outbox, 7, "candour-keyring 1\nserial = 7\n", 28, &world_err));
	must(outbox_meta_put(a->outbox, "staff.pin", "hash", 4, &world_err));
	concerns();
	box_close(a);
	snprintf(old, sizeof(old), "%s/old.db", w.dir);
	snprintf(fresh, sizeof(fresh), "%s/fresh.db", w.dir);
	copy_db(a->db, old);
	slurp(old, &image, &image_len);
	ck_assert_uint_eq(image_len % PAGE, 0);
	find_pages();
}

static void
teardown(void)
{
	if (a->outbox != NULL)
		box_free(a);
	else
		seal_key_free(a->key);
	free(a);
	free(image);
	world_free(&w);
}

static char said[8192];

static void
on_gap(void *arg, const char *sentence)
{
	size_t n = strlen(said);

	(void)arg;
	snprintf(said + n, sizeof(said) - n, "%s\n", sentence);
}

static void
on_finding(void *arg, enum verify_kind kind, const char *sentence)
{
	(void)arg;
	ck_abort_msg("the repaired store is not proved: %s: %s", verify_kind_word(kind), sentence);
}

/* Repair OLD into FRESH, which must then be proved in every way we have. */
static struct repair_report
repair(void)
{
	struct repair_owner owner = { .has_device = true };
	struct verify_options o = { .found = on_finding, .whole_file = true };
	struct verify_report proved;
	struct repair_report r;
	struct salvage *s = NULL;

	memcpy(owner.device, a->id, 16);
	said[0] = '\0';
	unlink(fresh);
	must(salvage_open(old, &s, &world_err));
	must(repair_store(s, fresh, &owner, 20001, on_gap, NULL, &r, &world_err));
	salvage_free(s);
	must(verify_site(fresh, &o, &proved, &world_err));
	must(repair_sqlite(fresh, &world_err));
	ck_assert_mem_eq(proved.device, a->id, 16);
	return r;
}

/* 0 not there, 1 there and whole, 2 erased. SENT (may be NULL): marked as delivered. */
static int
in_fresh(const uint8_t id[16], bool *sent)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int there = 0;

	ck_assert_int_eq(sqlite3_open(fresh, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT nonce_body IS NULL, receipt_day IS NOT NULL, (SELECT count(*) FROM wrap "
	    "WHERE record_n = n) FROM record WHERE id = ?", -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_blob(s, 1, id, 16, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW) {
		there = 1 + sqlite3_column_int(s, 0);
		ck_assert_int_eq(sqlite3_column_int(s, 2), there == 1 ? WRAPS : 0);
		if (sent != NULL)
			*sent = sqlite3_column_int(s, 1) != 0;
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return there;
}

static bool
touched(size_t i, size_t page)
{
	return row_page[i] == page || wrap_page[i][0] == page || wrap_page[i][1] == page;
}

/* What is in the new store goes to the centre: the centre then has every record but those that DAMAGED page took, each
 * once. Page 0: none is damaged. */
static void
deliver_all_but(size_t page)
{
	uint64_t before = world_records(&w), want = 0;
	struct outbox_lane lane;
	size_t lost = 0;

	for (size_t i = DELIVERED; i < ALL; i++) {
		bool gone = page > 0 && touched(i, page);

		if (i != W)
			ck_assert_msg(in_fresh(a->given[i], NULL) == !gone, "page %zu: answer %zu should be %s", page, i,
			    gone ? "lost" : "saved");
		lost += gone && i != W;
	}
	copy_db(fresh, a->db);
	box_open(a);
	must(outbox_lane(a->outbox, 0, &lane, &world_err));
	box_deliver(a);
	box_close(a);
	/* Whoever counts records at the centre: the opening of the epoch and the withdrawal are records too. */
	want = before + 1 + (uint64_t)(WAITING - 1) - lost;
	ck_assert_uint_ge(world_records(&w), want);
	ck_assert_uint_le(world_records(&w), want + 2);
	/* The oracle wants all that were thanked: take those away that the page held. */
	for (size_t i = 0; i < ALL; i++)
		if (i == W || (page > 0 && i >= DELIVERED && touched(i, page)))
			memcpy(a->given[i], a->given[0], 16);
	ck_assert_uint_eq(box_all_kept(a), 2);
	ck_assert_uint_eq(world_aside(&w), 0);
}

START_TEST(a_sound_store_comes_through_whole)
{
	struct repair_report r = repair();
	struct outbox *ob = NULL;
	struct draft_about drafts[2];
	struct buf b;
	uint32_t serial;
	size_t n = 0;
	bool sent;

	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(r.lane[0].lost + r.lane[0].damaged + r.lane[0].unproved + r.lane[0].again, 0);
	ck_assert_uint_eq(r.drafts, 1);
	ck_assert_uint_eq(r.lines, 2);
	ck_assert(r.ring);
	ck_assert_uint_eq(r.slots, 4);
	ck_assert_uint_eq(r.lane[1].kept, 2);
	ck_assert_uint_eq(r.lane[1].waiting, 2);
	for (size_t i = 0; i < ALL; i++) {
		ck_assert_int_eq(in_fresh(a->given[i], &sent), i == W ? 2 : 1);
		/* what is delivered stays delivered, and nothing else is */
		ck_assert_int_eq(sent, i < DELIVERED);
	}
	must(outbox_open(fresh, OUTBOX_READ, &ob, &world_err));
	buf_init(&b, 1000);
	must(outbox_meta(ob, "staff.pin", &b, &world_err));
	ck_assert_str_eq(buf_str(&b), "hash");
	buf_reset(&b);
	must(outbox_ring(ob, &serial, &b, &world_err));
	ck_assert_uint_eq(serial, 7);
	must(draft_list(ob, drafts, 2, &n, &world_err));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(drafts[0].lines, 2);
	buf_free(&b);
	outbox_close(ob);
	deliver_all_but(0);
}
END_TEST

static void
damage(size_t page, bool torn)
{
	uint8_t *was = malloc(image_len);

	ck_assert_ptr_nonnull(was);
	memcpy(was, image, image_len);
	if (!torn)
		memset(image + (page - 1) * PAGE, 0, PAGE);
	for (size_t i = 0; torn && i < PAGE / 2; i++)
		image[(page - 1) * PAGE + PAGE / 2 + i] = (uint8_t)(i * 7 + page);
	spit(old, image, image_len);
	memcpy(image, was, image_len);
	free(was);
}

/* Each page in turn is zeros. */
START_TEST(a_lost_page_costs_what_stood_in_it)
{
	size_t lost = 0;

	ck_assert_uint_ge(image_len / PAGE, 30);
	for (size_t page = 1; page * PAGE <= image_len; page++) {
		struct repair_report r;
		size_t here = 0;

		damage(page, false);
		r = repair();
		for (size_t i = DELIVERED; i < ALL; i++) {
			bool gone = touched(i, page);

			if (i == W)
				continue;
			ck_assert_msg(in_fresh(a->given[i], NULL) == !gone, "page %zu: answer %zu should be %s", page, i,
			    gone ? "lost" : "saved");
			here += gone;
		}
		/* It says so: the withdrawn one and its withdrawal may be among them. */
		ck_assert_uint_ge(r.lane[0].lost, here);
		ck_assert_uint_le(r.lane[0].lost, here + 2);
		ck_assert(here == 0 || said[0] != '\0');
		ck_assert_int_ne(in_fresh(withdrawn_id, NULL), 1);
		lost += here;
	}
	/* Each stands in a page, its sealed keys in one or two more. */
	ck_assert_uint_ge(lost, 2 * (WAITING - 1));
}
END_TEST

/* Loop test: what is left after the loss of a page with the N-th answer is delivered. */
START_TEST(what_is_left_is_taken_by_the_centre)
{
	size_t page = _i < 4 ? row_page[DELIVERED + 8 * (size_t)_i] : _i == 4 ? wrap_page[ALL - 1][0] : 1;

	damage(page, false);
	repair();
	deliver_all_but(page);
}
END_TEST

/* The second half of each page in turn was never written. What it cost, nobody can say but by hashes: no record that
 * stood elsewhere, and the whole is proved. */
START_TEST(a_torn_page_costs_nothing_elsewhere)
{
	for (size_t page = 1; page * PAGE <= image_len; page++) {
		damage(page, true);
		repair();
		for (size_t i = DELIVERED; i < ALL; i++)
			ck_assert(i == W || touched(i, page) || in_fresh(a->given[i], NULL) == 1);
		ck_assert_int_ne(in_fresh(withdrawn_id, NULL), 1);
	}
}
END_TEST

START_TEST(every_index_and_the_first_page_may_be_lost)
{
	size_t lost = 0;

	for (size_t page = 1; page * PAGE <= image_len; page++) {
		uint8_t *p = image + (page - 1) * PAGE, kind = p[page == 1 ? 100 : 0];
		bool holds = false;

		for (size_t i = 0; i < ALL; i++)
			holds |= touched(i, page);
		/* tables' leaves stay (0x0d), and the pages of sealed keys, which are an index to SQLite */
		if (page > 1 && (kind == 0x0d || holds))
			continue;
		memset(p, 0xa5, PAGE);
		lost++;
	}
	ck_assert_uint_ge(lost, 5);
	spit(old, image, image_len);
	repair();
	for (size_t i = DELIVERED; i < ALL; i++)
		ck_assert_int_eq(in_fresh(a->given[i], NULL), i == W ? 2 : 1);
	deliver_all_but(0);
}
END_TEST

START_TEST(a_file_of_zeros_gives_an_empty_store_that_works)
{
	struct repair_report r;

	memset(image, 0, image_len);
	spit(old, image, image_len);
	r = repair();
	ck_assert_uint_eq(r.lane[0].kept + r.lane[0].delivered, 0);
	ck_assert_uint_eq(r.file.zeros, image_len / PAGE);
	ck_assert(!r.ring);
	copy_db(fresh, a->db);
	box_open(a);
	box_give(a, 2);
	box_deliver(a);
	box_close(a);
	for (size_t i = DELIVERED; i < ALL; i++)
		memcpy(a->given[i], a->given[0], 16);
	ck_assert_uint_eq(box_all_kept(a), 2);
}
END_TEST

START_TEST(an_empty_file_without_any_key_belongs_to_nobody)
{
	struct repair_owner nobody = { .has_device = false };
	struct repair_report r;
	struct salvage *s = NULL;
	struct err err = { 0 };

	spit(old, image, 0);
	must(salvage_open(old, &s, &world_err));
	ck_assert_int_eq(repair_store(s, fresh, &nobody, 20001, on_gap, NULL, &r, &err), ERR_INPUT);
	salvage_free(s);
	ck_assert_int_eq(access(fresh, F_OK), -1);
}
END_TEST

/* Header, body, sealed key: a byte of each, of a record in the middle that was not delivered. */
START_TEST(what_does_not_hash_is_left_out_and_said)
{
	static const char *const what[] = { "header", "nonce_body", "wrap" };
	enum { VICTIM = 30 };
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	struct repair_report r;
	const uint8_t *p;
	char q[200];

	ck_assert_int_eq(sqlite3_open(old, &db), SQLITE_OK);
	snprintf(q, sizeof(q), "SELECT %s FROM record JOIN wrap ON record_n = n WHERE id = ? AND slot = 0", what[_i]);
	ck_assert_int_eq(sqlite3_prepare_v2(db, q, -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_blob(s, 1, a->given[VICTIM], 16, SQLITE_STATIC);
	ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
	p = memmem(image, image_len, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
	ck_assert_ptr_nonnull(p);
	image[(size_t)(p - image) + 70] ^= 1;	/* of a header: the withdrawal tag */
	sqlite3_finalize(s);
	sqlite3_close(db);
	spit(old, image, image_len);
	r = repair();
	ck_assert_uint_eq(r.lane[0].damaged, 1);
	ck_assert_uint_eq(r.lane[0].lost, 1);
	/* 1 opening, 30 answers before it, 1 withdrawal of which comes after number 24 */
	ck_assert_str_eq(said, "answers: number 33, not delivered, is missing or damaged.\n");
	for (size_t i = 0; i < ALL; i++)
		ck_assert_int_eq(in_fresh(a->given[i], NULL), i == VICTIM ? 0 : i == W ? 2 : 1);
}
END_TEST

/* The log was not moved into the file, and one frame of it is damaged: SQLite would show nothing that was kept after
 * it. */
START_TEST(what_was_logged_after_a_damaged_frame_is_found)
{
	char wal[180], path[180];
	struct repair_report r;
	struct salvage *s = NULL;
	uint8_t *log = NULL;
	size_t len = 0;

	snprintf(wal, sizeof(wal), "%s-wal", a->db);
	snprintf(path, sizeof(path), "%s-wal", old);
	box_open(a);
	a->n_given = 0;
	box_give(a, 12);
	copy_db(a->db, old);
	slurp(path, &log, &len);
	ck_assert_uint_gt(len, 20 * PAGE);
	log[32 + 24 + 5 * (PAGE + 24) + 100 + (size_t)_i * 999] ^= 0x40;
	spit(path, log, len);
	must(salvage_open(old, &s, &world_err));
	{
		struct salvage_about about;

		salvage_about(s, &about);
		ck_assert_uint_gt(about.late, 10);
	}
	salvage_free(s);
	r = repair();
	ck_assert_uint_eq(r.lane[0].lost, 0);
	for (size_t i = 0; i < 12; i++)
		ck_assert_int_eq(in_fresh(a->given[i], NULL), 1);
	ck_assert_int_eq(in_fresh(withdrawn_id, NULL), 2);
	free(log);
}
END_TEST

/* The last transaction was cut off by the power: nobody was thanked for it, and it does not come back. */
START_TEST(what_was_never_committed_stays_away)
{
	char path[180];
	uint8_t *log = NULL;
	size_t len = 0, n;

	snprintf(path, sizeof(path), "%s-wal", old);
	box_open(a);
	box_give(a, 1);
	copy_db(a->db, old);
	slurp(path, &log, &len);
	n = (len - 32) / (PAGE + 24);
	ck_assert_uint_gt(n, 1);
	spit(path, log, 32 + (n - 1) * (PAGE + 24));
	repair();
	ck_assert_int_eq(in_fresh(a->given[ALL], NULL), 0);
	ck_assert_int_eq(in_fresh(a->given[ALL - 1], NULL), 1);
	free(log);
}
END_TEST

/* An old page of before the withdrawal, as a copied sector could leave it: the withdrawal decides. */
START_TEST(what_was_withdrawn_does_not_come_back)
{
	char path[180];
	uint8_t *before = NULL, *both;
	size_t len = 0;

	/* The file as it is, and behind it every page of a file in which the answer stood whole. */
	snprintf(path, sizeof(path), "%s/before.db", w.dir);
	slurp(path, &before, &len);
	both = malloc(image_len + len);
	ck_assert_ptr_nonnull(both);
	/* It was whole there: else this shows nothing. */
	ck_assert_ptr_nonnull(memmem(before, len, withdrawn_id, 16));
	memcpy(both, image, image_len);
	memcpy(both + image_len, before, len);
	spit(old, both, image_len + len);
	repair();
	ck_assert_int_eq(in_fresh(withdrawn_id, NULL), 2);
	free(before);
	free(both);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("repair");
	TCase *t = tcase_create("repair");

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_sound_store_comes_through_whole);
	tcase_add_test(t, a_lost_page_costs_what_stood_in_it);
	tcase_add_loop_test(t, what_is_left_is_taken_by_the_centre, 0, 6);
	tcase_add_test(t, a_torn_page_costs_nothing_elsewhere);
	tcase_add_test(t, every_index_and_the_first_page_may_be_lost);
	tcase_add_test(t, a_file_of_zeros_gives_an_empty_store_that_works);
	tcase_add_test(t, an_empty_file_without_any_key_belongs_to_nobody);
	tcase_add_loop_test(t, what_does_not_hash_is_left_out_and_said, 0, 3);
	tcase_add_loop_test(t, what_was_logged_after_a_damaged_frame_is_found, 0, 3);
	tcase_add_test(t, what_was_never_committed_stays_away);
	tcase_add_test(t, what_was_withdrawn_does_not_come_back);
	return s;
}

TEST_MAIN(suite)
