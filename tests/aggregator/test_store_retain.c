/* The third half of the store's suite: what was pulled, and bodies at the end of their time, on each backend. What must
 * hold is written in aggregator/retention.h; days are counted by hand. */
#include "tests/aggregator/store_suite.h"

#include "aggregator/retention.h"

enum { DAY = 20000 };	/* of the log, on which the first records come */

static struct kit_batch b;

/* N records from SEQ on, with a receipt of log day ON. */
static void
came(const uint8_t device[16], int lane, const uint8_t e[16], uint64_t seq, size_t n, uint32_t on)
{
	struct store_device d;
	struct receipt r;
	uint8_t bytes[200];

	kit_batch(&b, device, lane, e, seq, n, 100);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->device_lock(st, device, &d, &err));
	store_device_clear(&d);
	ck_ok(st->ops->append(st, device, lane, e, b.rows, n, &err));
	kit_receipt(&r, bytes, seq, seq + n - 1, b.rows[n - 1].link, on, (uint64_t)on * 86400);
	ck_ok(st->ops->receipt_put(st, device, lane, e, &r, bytes, &err));
	ck_ok(st->ops->commit(st, &err));
}

/* A whole round at the end of DAY; how many bodies went. */
static uint64_t
round_on(uint32_t day, uint32_t answers_days, uint32_t concerns_days)
{
	struct retention_conf conf = { .answers_days = answers_days, .concerns_days = concerns_days };
	struct retention_at at = { .lane = 0 };
	bool more = true;
	uint64_t n = 0;

	ck_ok(retention_go(st, &conf, (int64_t)day * 86400 + 86399, &at, 100000, &more, &n, &err));
	ck_assert(!more);
	return n;
}

struct looked {
	bool body[300];
	size_t n, bodies;
};

static enum err_code
look(void *arg, const struct store_row *row, struct err *e)
{
	struct looked *l = arg;
	struct store_row *want;
	static struct kit_batch one;

	(void)e;
	kit_batch(&one, row->device, row->lane, row->epoch, row->seq, 1, 100);
	want = &one.rows[0];
	ck_assert_mem_eq(row->id, want->id, 16);
	ck_assert_mem_eq(row->tag, want->tag, 16);
	ck_assert_mem_eq(row->leaf, want->leaf, 32);
	ck_assert_mem_eq(row->link, want->link, 32);
	ck_assert_mem_eq(row->hw, want->hw, 32);
	ck_assert_mem_eq(row->hb, want->hb, 32);
	ck_assert_mem_eq(row->header, want->header, 128);
	l->body[row->seq] = row->nonce_body != NULL;
	if (row->nonce_body == NULL)
		ck_assert_int_eq(row->n_wraps, 0);
	else
		ck_assert_mem_eq(row->nonce_body, want->nonce_body, 100);
	l->bodies += row->nonce_body != NULL;
	l->n++;
	return ERR_OK;
}

/* All that is kept of a chain is as it came, but for bodies and wraps that went. */
static struct looked
chain_of(const uint8_t device[16], int lane, const uint8_t e[16])
{
	static struct looked l;

	memset(&l, 0, sizeof(l));
	ck_ok(st->ops->rows(st, device, lane, e, 0, 299, look, &l, &err));
	return l;
}

static void
pulled(int lane, uint64_t seq, uint32_t day)
{
	ck_ok(st->ops->pulled(st, dev, lane, epoch, seq, day, &err));
}

START_TEST(what_nobody_pulled_stays_for_ever)
{
	open_fresh(_i);
	came(dev, 0, epoch, 1, 100, DAY);
	came(dev, 1, epoch, 1, 100, DAY);
	ck_assert_uint_eq(round_on(DAY + 40000, 30, 7), 0);
	pulled(0, 40, DAY + 1);
	pulled(1, 50, DAY + 1);
	/* The first of each chain opens the epoch: it holds nothing of anybody. */
	ck_assert_uint_eq(round_on(DAY + 40000, 30, 7), 39 + 49);
	ck_assert_uint_eq(round_on(DAY + 40000, 30, 7), 0);
	ck_assert(chain_of(dev, 0, epoch).body[41]);
	ck_assert(!chain_of(dev, 0, epoch).body[40]);
	ck_assert(chain_of(dev, 1, epoch).body[51]);
	ck_assert(!chain_of(dev, 1, epoch).body[50]);
	close_all();
}
END_TEST

START_TEST(nobody_pulls_what_is_not_there)
{
	uint8_t other[16];

	open_fresh(_i);
	came(dev, 0, epoch, 1, 10, DAY);
	kit_bytes(other, 16, "epoch", 2);
	ck_err(st->ops->pulled(st, dev, 0, epoch, 11, DAY, &err), ERR_INPUT, "does not reach 11");
	ck_err(st->ops->pulled(st, dev, 1, epoch, 1, DAY, &err), ERR_INPUT, "does not reach 1");
	ck_err(st->ops->pulled(st, dev, 0, other, 1, DAY, &err), ERR_INPUT, "does not reach 1");
	ck_assert_int_eq(raw_count(_i, "pull"), 0);
	pulled(0, 10, DAY);
	ck_assert_int_eq(raw_count(_i, "pull"), 1);
	close_all();
}
END_TEST

START_TEST(answers_go_when_their_days_have_passed)
{
	uint8_t before[200], after[200];
	struct looked l;

	open_fresh(_i);
	came(dev, 0, epoch, 1, 100, DAY);
	came(dev, 0, epoch, 101, 50, DAY);
	came(dev, 0, epoch, 151, 100, DAY + 1);
	pulled(0, 250, DAY + 1);
	ck_ok(st->ops->receipt_covering(st, dev, 0, epoch, 120, before, &err));
	ck_assert_uint_eq(round_on(DAY + 30, 30, 30), 0);
	ck_assert_uint_eq(round_on(DAY + 31, 0, 30), 0);
	ck_assert_uint_eq(round_on(DAY + 31, 30, 30), 149);
	l = chain_of(dev, 0, epoch);
	ck_assert_uint_eq(l.n, 250);
	ck_assert_uint_eq(l.bodies, 101);
	for (uint64_t seq = 1; seq <= 250; seq++)
		ck_assert_msg(l.body[seq] == (seq == 1 || seq > 150), "%llu", (unsigned long long)seq);
	ck_assert_int_eq(raw_count(_i, "body"), 101);
	ck_assert_int_eq(raw_count(_i, "wrap"), 100);
	ck_assert_int_eq(raw_count(_i, "release"), 149);
	ck_assert_int_eq(raw_count(_i, "record"), 250);
	ck_assert_int_eq(raw_count(_i, "receipt"), 3);
	ck_ok(st->ops->receipt_covering(st, dev, 0, epoch, 120, after, &err));
	ck_assert_mem_eq(before, after, 200);
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 250);
	ck_assert_uint_eq(round_on(DAY + 32, 30, 30), 100);
	ck_assert_uint_eq(round_on(DAY + 4000, 30, 30), 0);
	close_all();
}
END_TEST

/* A receipt that was made anew with another key has a later day: its records wait for that one. */
START_TEST(a_receipt_made_anew_only_makes_it_later)
{
	struct receipt r;
	uint8_t bytes[200];

	open_fresh(_i);
	came(dev, 0, epoch, 1, 10, DAY);
	came(dev, 0, epoch, 11, 10, DAY);
	came(dev, 0, epoch, 21, 10, DAY);
	ck_ok(st->ops->begin(st, &err));
	kit_receipt(&r, bytes, 11, 20, b.rows[0].link, DAY + 5, (DAY + 5) * 86400u);
	ck_ok(st->ops->receipt_put(st, dev, 0, epoch, &r, bytes, &err));
	ck_ok(st->ops->commit(st, &err));
	pulled(0, 30, DAY);
	ck_assert_uint_eq(round_on(DAY + 31, 30, 0), 9);
	ck_assert_uint_eq(round_on(DAY + 35, 30, 0), 0);
	ck_assert_uint_eq(round_on(DAY + 36, 30, 0), 20);
	close_all();
}
END_TEST

START_TEST(concerns_go_by_the_day_on_which_they_were_pulled)
{
	struct store_retention kept;

	open_fresh(_i);
	came(dev, 1, epoch, 1, 60, DAY);
	ck_ok(st->ops->retention(st, &kept, &err));
	ck_assert_uint_eq(kept.chains_pulled[1], 0);
	pulled(1, 20, DAY + 100);
	pulled(1, 20, DAY + 101);	/* nothing new: the first day counts */
	pulled(1, 30, DAY + 103);
	pulled(1, 40, DAY + 103);	/* twice on a day */
	pulled(1, 60, DAY + 110);
	ck_assert_int_eq(raw_count(_i, "pull"), 3);
	ck_assert_uint_eq(round_on(DAY + 130, 30, 30), 0);
	ck_assert_uint_eq(round_on(DAY + 131, 30, 0), 0);
	ck_assert_uint_eq(round_on(DAY + 131, 30, 30), 19);
	ck_assert_int_eq(raw_count(_i, "pull"), 2);
	ck_assert_uint_eq(round_on(DAY + 133, 30, 30), 0);
	ck_assert_uint_eq(round_on(DAY + 134, 30, 30), 20);
	ck_assert_uint_eq(chain_of(dev, 1, epoch).bodies, 21);
	ck_ok(st->ops->retention(st, &kept, &err));
	ck_assert_uint_eq(kept.chains_pulled[0], 0);
	ck_assert_uint_eq(kept.chains_pulled[1], 1);
	ck_assert_uint_eq(kept.erased[0], 0);
	ck_assert_uint_eq(kept.erased[1], 39);
	ck_assert_uint_eq(kept.erased_day, DAY + 134);
	ck_assert_uint_eq(round_on(DAY + 141, 30, 30), 20);
	ck_assert_uint_eq(chain_of(dev, 1, epoch).bodies, 1);
	ck_assert_int_eq(raw_count(_i, "pull"), 1);
	close_all();
}
END_TEST

/* A box with an old disk sends all of it in a new epoch: it is known, and stays without its body. */
START_TEST(what_comes_again_stays_without_its_body)
{
	static struct kit_batch again;
	uint8_t second[16];
	struct store_device d;

	open_fresh(_i);
	came(dev, 0, epoch, 1, 30, DAY);
	pulled(0, 20, DAY);
	ck_assert_uint_eq(round_on(DAY + 31, 30, 30), 19);
	kit_batch(&again, dev, 0, epoch, 1, 30, 100);
	kit_bytes(second, 16, "epoch", 2);
	for (size_t i = 0; i < 30; i++)
		memcpy(again.rows[i].epoch, second, 16);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->device_lock(st, dev, &d, &err));
	store_device_clear(&d);
	ck_ok(st->ops->append(st, dev, 0, second, again.rows, 30, &err));
	ck_ok(st->ops->commit(st, &err));
	for (size_t i = 0; i < 30; i++)
		ck_assert_int_eq(again.rows[i].found, STORE_KNOWN);
	ck_assert_int_eq(raw_count(_i, "body"), 11);
	ck_assert_int_eq(raw_count(_i, "wrap"), 10);
	close_all();
}
END_TEST

/* The bodies of a box's predecessor lie under that one's name, and go by the chain that brought them. */
START_TEST(a_predecessors_records_go_too)
{
	static struct kit_batch mixed;
	struct store_device d;
	struct receipt r;
	uint8_t bytes[200], own_id[16];

	open_fresh(_i);
	make_device(&d, 2, "meadow");
	memcpy(own_id, d.id, 16);
	invite_and_enrol(&d, 2);
	d.has_succeeds = true;
	memcpy(d.succeeds, dev, 16);
	approve(&d, 2);
	kit_batch(&mixed, own_id, 0, epoch, 1, 20, 100);
	for (size_t i = 5; i < 15; i++)
		memcpy(mixed.rows[i].owner, dev, 16);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->device_lock(st, own_id, &d, &err));
	store_device_clear(&d);
	ck_ok(st->ops->append(st, own_id, 0, epoch, mixed.rows, 20, &err));
	kit_receipt(&r, bytes, 1, 20, mixed.rows[19].link, DAY, DAY);
	ck_ok(st->ops->receipt_put(st, own_id, 0, epoch, &r, bytes, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_ok(st->ops->pulled(st, own_id, 0, epoch, 20, DAY, &err));
	ck_assert_uint_eq(round_on(DAY + 31, 30, 30), 19);
	ck_assert_int_eq(raw_count(_i, "body"), 1);
	ck_assert_uint_eq(chain_of(own_id, 0, epoch).bodies, 1);
	close_all();
}
END_TEST

/* An entry whose id another record has (a duplicate that was put aside) takes that one's body with it no more than
 * it stands for it. */
START_TEST(an_entry_that_is_not_the_records_erases_nothing)
{
	static struct kit_batch twin;
	uint8_t second[16], bytes[200];
	struct store_device d;
	struct receipt r;

	open_fresh(_i);
	came(dev, 0, epoch, 1, 10, DAY + 300);
	kit_bytes(second, 16, "epoch", 2);
	kit_batch(&twin, dev, 0, second, 1, 10, 100);
	for (size_t i = 1; i < 10; i++)
		memcpy(twin.rows[i].id, b.rows[i].id, 16);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->device_lock(st, dev, &d, &err));
	store_device_clear(&d);
	ck_ok(st->ops->append(st, dev, 0, second, twin.rows, 10, &err));
	kit_receipt(&r, bytes, 1, 10, twin.rows[9].link, DAY, DAY);
	ck_ok(st->ops->receipt_put(st, dev, 0, second, &r, bytes, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_assert_int_eq(twin.rows[4].found, STORE_OTHER);
	ck_ok(st->ops->pulled(st, dev, 0, second, 10, DAY, &err));
	ck_assert_uint_eq(round_on(DAY + 31, 30, 30), 0);
	ck_assert_uint_eq(chain_of(dev, 0, epoch).bodies, 10);
	close_all();
}
END_TEST

START_TEST(a_withdrawal_before_and_after_is_at_peace_with_it)
{
	uint8_t w[32];
	bool erased;

	open_fresh(_i);
	came(dev, 0, epoch, 1, 10, DAY);
	kit_bytes(w, 32, "w", 1);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->withdraw(st, dev, b.rows[3].tag, w, NOW, &erased, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_assert(erased);
	pulled(0, 10, DAY);
	ck_assert_uint_eq(round_on(DAY + 31, 30, 30), 8);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->withdraw(st, dev, b.rows[5].tag, w, NOW, &erased, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_assert(!erased);
	ck_assert_int_eq(raw_count(_i, "withdrawal"), 2);
	close_all();
}
END_TEST

/* Hundreds of chains, a few steps at a time, the program started anew in between: each body goes once. */
START_TEST(it_goes_on_where_it_was_left)
{
	enum { CHAINS = 120 };
	struct retention_conf conf = { .answers_days = 30, .concerns_days = 30 };
	struct retention_at at = { .lane = 0 };
	uint64_t all = 0, n;
	unsigned rounds = 0;
	bool more = true;

	open_fresh(_i);
	came(dev, 0, epoch, 1, 100, DAY);
	came(dev, 0, epoch, 101, 100, DAY);
	came(dev, 0, epoch, 201, 50, DAY);
	pulled(0, 250, DAY);
	for (unsigned k = 0; k < CHAINS; k++) {
		uint8_t e[16];

		kit_bytes(e, 16, "many", k);
		came(dev, k % 2 == 0 ? 0 : 1, e, 1, 2, DAY);
		ck_ok(st->ops->pulled(st, dev, k % 2 == 0 ? 0 : 1, e, 2, DAY, &err));
	}
	while (more) {
		ck_ok(retention_go(st, &conf, (int64_t)(DAY + 31) * 86400, &at, 7, &more, &n, &err));
		ck_assert_uint_le(n, 7 * 100);
		all += n;
		ck_assert_uint_lt(++rounds, 1000);
		if (rounds % 10 == 0) {
			store_close(st);
			ck_ok(store_open(where, true, &st, &err));
			at = (struct retention_at){ .lane = 0 };
		}
	}
	ck_assert_uint_eq(all, 249 + CHAINS);
	ck_assert_int_eq(raw_count(_i, "wrap"), 0);
	ck_assert_int_eq(raw_count(_i, "release"), 249 + CHAINS);
	close_all();
}
END_TEST

struct dues {
	struct store_due last;
	size_t n, begun;
};

static enum err_code
take_due(void *arg, const struct store_due *d, struct err *e)
{
	struct dues *l = arg;
	int order = memcmp(l->last.device, d->device, 16);

	(void)e;
	ck_assert(order < 0 || (order == 0 && memcmp(l->last.epoch, d->epoch, 16) < 0));
	ck_assert_uint_eq(d->pulled, 100);
	ck_assert(d->erased == 0 || d->erased == 40);
	l->begun += d->erased == 40;
	l->n++;
	l->last = *d;
	return ERR_OK;
}

/* Of 2,500 chains of each lane all of lane 1 are done with; of lane 0 each third is, the next was begun, and the one
 * after it was not; and there are others that nobody pulled, or too late. */
START_TEST(what_is_due_is_found_over_many_pages)
{
	static const char *const fill[] = {
		"INSERT INTO candour.pull (device, lane, epoch, day, seq) SELECT substr(sha256(i::text::bytea), 1, 16), l, "
		"substr(sha256((-i)::text::bytea), 1, 16), 20000 + k, 50 * k + 50 FROM generate_series(1, 2500) i, "
		"generate_series(0, 1) l, generate_series(0, 1) k",
		"INSERT INTO candour.pull (device, lane, epoch, day, seq) SELECT substr(sha256(i::text::bytea), 1, 16), 0, "
		"substr(sha256((-i)::text::bytea), 1, 16), 20002, 100 FROM generate_series(5001, 5100) i",
		"INSERT INTO candour.erased (device, lane, epoch, seq, n, day) SELECT substr(sha256(i::text::bytea), 1, 16), l, "
		"substr(sha256((-i)::text::bytea), 1, 16), CASE WHEN l = 1 OR i % 3 = 0 THEN 100 ELSE 40 END, 0, 0 "
		"FROM generate_series(1, 3000) i, generate_series(0, 1) l WHERE l = 1 OR i % 3 < 2",
	};
	struct dues l = { .n = 0 }, none = { .n = 0 };
	uint8_t zero[16] = { 0 };
	char said[200];

	open_fresh(_i);
	for (size_t i = 0; i < sizeof(fill) / sizeof(fill[0]); i++) {
		raw(_i, fill[i], said);
		ck_assert_str_eq(said, "");
	}
	ck_ok(st->ops->due(st, 1, 20001, zero, zero, 100, take_due, &none, &err));
	ck_assert_uint_eq(none.n, 0);
	ck_ok(st->ops->due(st, 0, 20001, zero, zero, 1200, take_due, &l, &err));
	ck_assert_uint_eq(l.n, 1200);
	ck_ok(st->ops->due(st, 0, 20001, l.last.device, l.last.epoch, 1200, take_due, &l, &err));
	ck_assert_uint_eq(l.n, 2500 - 833);
	ck_assert_uint_eq(l.begun, 834);
	ck_ok(st->ops->due(st, 0, 20001, l.last.device, l.last.epoch, 1200, take_due, &l, &err));
	ck_assert_uint_eq(l.n, 2500 - 833);
	close_all();
}
END_TEST

/* Another aggregator on the same database is at the same span. */
START_TEST(what_two_erase_goes_once)
{
	struct store *other;
	struct store_retention kept;
	uint64_t one, two;

	open_fresh(_i);
	came(dev, 0, epoch, 1, 50, DAY);
	pulled(0, 50, DAY);
	ck_ok(store_open(where, false, &other, &err));
	ck_ok(st->ops->erase(st, dev, 0, epoch, 0, 30, "retention", NOW, &one, &err));
	ck_ok(other->ops->erase(other, dev, 0, epoch, 0, 50, "retention", NOW, &two, &err));
	ck_ok(st->ops->erase(st, dev, 0, epoch, 0, 30, "retention", NOW, &one, &err));
	ck_assert_uint_eq(one, 0);
	ck_assert_uint_eq(two, 20);
	ck_ok(other->ops->retention(other, &kept, &err));
	ck_assert_uint_eq(kept.erased[0], 49);
	store_close(other);
	ck_assert_uint_eq(round_on(DAY + 400, 30, 30), 0);
	close_all();
}
END_TEST

/* What a release says is not taken back. (On a server the intake's role has no right to; its owner may do anything.) */
START_TEST(a_release_stands)
{
	char said[200];

	open_fresh(_i);
	came(dev, 0, epoch, 1, 10, DAY);
	pulled(0, 10, DAY);
	ck_assert_uint_eq(round_on(DAY + 31, 30, 30), 9);
	if (!is_pg(_i)) {
		raw(_i, "DELETE FROM release", said);
		ck_assert_ptr_nonnull(strstr(said, "kept as they are"));
		raw(_i, "UPDATE release SET why = ''", said);
		ck_assert_ptr_nonnull(strstr(said, "kept as they are"));
	}
	close_all();
}
END_TEST

/* A centre that was there before schema 2. */
START_TEST(a_store_of_schema_1_is_brought_up_to_date)
{
	static char sql[1 << 16];
	char said[200];
	size_t at = 0;
	FILE *f = fopen(is_pg(_i) ? "aggregator/sql/pg-1.sql" : "aggregator/sql/sqlite-1.sql", "r");

	ck_assert_ptr_nonnull(f);
	open_fresh(_i);
	store_close(st);
	st = NULL;
	if (is_pg(_i)) {
		raw(_i, "DROP SCHEMA candour CASCADE", said);
		at = (size_t)snprintf(sql, sizeof(sql), "CREATE SCHEMA candour; SET search_path = candour; ");
	} else {
		ck_assert_int_eq(unlink(path), 0);
	}
	at += fread(sql + at, 1, sizeof(sql) - at - 100, f);
	fclose(f);
	snprintf(sql + at, 100, "%s", is_pg(_i) ? "" : "PRAGMA user_version = 1;");
	raw(_i, sql, said);
	ck_assert_str_eq(said, "");
	ck_err(store_open(where, false, &st, &err), ERR_INPUT, "schema 1");
	ck_ok(store_open(where, true, &st, &err));
	ck_err(st->ops->pulled(st, dev, 0, epoch, 1, DAY, &err), ERR_INPUT, "does not reach");
	ck_assert_uint_eq(round_on(DAY, 30, 30), 0);
	close_all();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("store retention");
	TCase *tc = tcase_create("store retention");

	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	EACH(what_nobody_pulled_stays_for_ever);
	EACH(nobody_pulls_what_is_not_there);
	EACH(answers_go_when_their_days_have_passed);
	EACH(a_receipt_made_anew_only_makes_it_later);
	EACH(concerns_go_by_the_day_on_which_they_were_pulled);
	EACH(what_comes_again_stays_without_its_body);
	EACH(a_predecessors_records_go_too);
	EACH(an_entry_that_is_not_the_records_erases_nothing);
	EACH(a_withdrawal_before_and_after_is_at_peace_with_it);
	EACH(it_goes_on_where_it_was_left);
	SERVER(what_is_due_is_found_over_many_pages);
	EACH(what_two_erase_goes_once);
	EACH(a_release_stands);
	EACH(a_store_of_schema_1_is_brought_up_to_date);
	return s;
}

int
main(void)
{
	return run_suite(suite);
}
