/* Exactly once: every row of the batch case table (docs/formats/batch.md), device and centre together, with real
 * outboxes and a real store. Runs on SQLite; tests/aggregator/test_postgres.sh runs the same on PostgreSQL
 * (CANDOUR_TEST_STORE). */
#include "tests/sync/world.h"

#include <fcntl.h>

#include <sqlite3.h>

#include "aggregator/retention.h"

static struct world w;
static struct box *a;

static void
setup(void)
{
	int fd = open("/dev/null", O_WRONLY);

	log_to(fd);
	world_init(&w, NULL);
	a = calloc(1, sizeof(*a));
	ck_assert_ptr_nonnull(a);
	box_init(a, &w, "a");
}

static void
teardown(void)
{
	box_free(a);
	free(a);
	world_free(&w);
}

/* --- a batch by hand ---------------------------------------------------------------------------- */

struct bytes {
	uint8_t *data;
	size_t len;
	struct batch_header h;
};

/* Records FROM..FROM+N-1 of B's lane 0, signed. */
static struct bytes
batch_of(struct box *b, uint64_t from, uint32_t n)
{
	struct outbox_span span = { .n = 0 };
	struct bytes out = { .h = { .lane = 0 } };

	must(outbox_read(b->outbox, 0, from, n, BATCH_BYTES, &span, &world_err));
	memcpy(out.h.device, b->id, 16);
	memcpy(out.h.epoch, span.epoch, 16);
	out.h.a = span.a;
	out.h.n = span.n;
	memcpy(out.h.prev, span.before.bytes, 32);
	memcpy(out.h.last, span.last.bytes, 32);
	out.h.body_len = (uint32_t)span.bytes.len;
	out.len = BATCH_HEAD + span.bytes.len;
	out.data = malloc(out.len);
	ck_assert_ptr_nonnull(out.data);
	must(batch_head_make(&out.h, b->key, out.data, &world_err));
	memcpy(out.data + BATCH_HEAD, span.bytes.data, span.bytes.len);
	outbox_span_clear(&span);
	return out;
}

static struct reply
post(struct box *b, const struct bytes *x)
{
	struct reply r;

	reply_init(&r, 8192);
	centre_batch(b->world, b->id, x->data, x->len, &r);
	return r;
}

static void
done(struct bytes *x, struct reply *r)
{
	free(x->data);
	reply_free(r);
}

/* a = hw+1, links join: append, receipt; the device marks sent. */
START_TEST(delivers_all_once)
{
	box_give(a, 250);
	ck_assert_int_eq(box_round(a), COURIER_SENT);
	ck_assert_uint_eq(a->courier.delivered, 251);	/* with the record that opens the epoch */
	ck_assert_uint_eq(box_all_kept(a), 1);
	ck_assert_uint_eq(world_records(&w), 251);
	ck_assert_uint_eq(w.answered[200], 3);
	ck_assert_int_eq(box_round(a), COURIER_IDLE);	/* a heartbeat */
	ck_assert_uint_eq(world_records(&w), 251);
}
END_TEST

/* b <= hw, link equal: the stored receipt, byte for byte, however often. */
START_TEST(the_same_batch_again_gets_the_same_receipt)
{
	struct bytes x;
	struct reply first, again;

	box_give(a, 7);
	x = batch_of(a, 1, 100);
	first = post(a, &x);
	ck_assert_uint_eq(first.status, 200);
	for (int i = 0; i < 3; i++) {
		w.now_ms += 86400000;	/* another day, another time in a new receipt */
		again = post(a, &x);
		ck_assert_uint_eq(again.status, 200);
		ck_assert_mem_eq(again.body.data, first.body.data, RECEIPT_LEN);
		reply_free(&again);
	}
	ck_assert_uint_eq(world_records(&w), 8);
	done(&x, &first);
}
END_TEST

/* ... and where its key is no longer in use: a new one for the same b and link, kept from then on. */
START_TEST(a_receipt_of_an_old_key_is_renewed)
{
	struct receipt r;
	struct bytes x;
	struct reply first, again, third;

	world_log(&w, w.old_receipt);
	box_give(a, 3);
	x = batch_of(a, 1, 100);
	first = post(a, &x);
	world_log(&w, w.receipt);
	again = post(a, &x);
	ck_assert_uint_eq(again.status, 200);
	must(receipt_verify(again.body.data, again.body.len, seal_key_public(w.receipt), &r, &world_err));
	ck_assert_uint_eq(r.b, 4);
	ck_assert_mem_eq(r.link, x.h.last, 32);
	w.now_ms += 5000;
	third = post(a, &x);
	ck_assert_mem_eq(third.body.data, again.body.data, RECEIPT_LEN);
	reply_free(&third);
	reply_free(&again);
	done(&x, &first);
}
END_TEST

/* a > hw+1: 409 want; an epoch that is not known: want=1. */
START_TEST(a_gap_is_asked_for)
{
	struct bytes x, y;
	struct reply r;

	box_give(a, 20);
	x = batch_of(a, 5, 3);
	r = post(a, &x);
	ck_assert_uint_eq(r.status, 409);
	ck_assert_str_eq(buf_str(&r.body), "code=want want=1\n");
	reply_free(&r);
	y = batch_of(a, 1, 4);
	r = post(a, &y);
	ck_assert_uint_eq(r.status, 200);
	done(&y, &r);
	y = batch_of(a, 10, 2);
	r = post(a, &y);
	ck_assert_str_eq(buf_str(&r.body), "code=want want=5\n");
	done(&y, &r);
	r = post(a, &x);
	ck_assert_uint_eq(r.status, 200);
	done(&x, &r);
	box_deliver(a);
	ck_assert_uint_eq(box_all_kept(a), 1);
	ck_assert_uint_eq(world_records(&w), 21);
}
END_TEST

/* a <= hw < b, link equal at hw: the rest is appended (batches may be cut anew). */
START_TEST(an_overlapping_batch_adds_its_rest)
{
	struct receipt got;
	struct bytes x, y;
	struct reply r;

	box_give(a, 20);
	x = batch_of(a, 1, 8);
	r = post(a, &x);
	ck_assert_uint_eq(r.status, 200);
	done(&x, &r);
	y = batch_of(a, 4, 10);
	r = post(a, &y);
	ck_assert_uint_eq(r.status, 200);
	must(receipt_read(r.body.data, r.body.len, &got, &world_err));
	ck_assert_uint_eq(got.a, 9);
	ck_assert_uint_eq(got.b, 13);
	ck_assert_uint_eq(world_records(&w), 13);
	done(&y, &r);
	/* One inside what is kept is answered by the receipt that covers it. */
	y = batch_of(a, 2, 3);
	r = post(a, &y);
	must(receipt_read(r.body.data, r.body.len, &got, &world_err));
	ck_assert_uint_eq(got.b, 8);
	done(&y, &r);
	box_deliver(a);
	ck_assert_uint_eq(box_all_kept(a), 1);
}
END_TEST

static enum fate
fate_from_list(struct box *b, const char *method, const char *path)
{
	const char **list = b->fate_arg;
	char c = **list;

	(void)method;
	(void)path;
	if (c == '\0')
		return FATE_GOOD;
	(*list)++;
	return c == 'q' ? FATE_LOST_ASKING : c == 'a' ? FATE_LOST_ANSWER : c == 'd' ? FATE_DOUBLED : FATE_GOOD;
}

/* CANDOUR_STRIDE=1 runs every case; else a spread of them. */
static int
stride(void)
{
	const char *text = getenv("CANDOUR_STRIDE");

	return text != NULL && atoi(text) > 0 ? atoi(text) : 21;
}

static bool
always(void *arg)
{
	(void)arg;
	return true;
}

/* A backlog gives way to the concern lane between batches, and goes on to where it meant to end: what was given
 * meanwhile waits for the next round. */
START_TEST(a_backlog_gives_way_and_goes_on)
{
	box_give(a, 249);	/* and the record that opens the epoch */
	a->courier.give_way = always;
	for (uint64_t sent = 100; sent <= 200; sent += 100) {
		ck_assert_int_eq(box_round(a), COURIER_MORE);
		ck_assert_uint_eq(world_records(&w), sent);
		box_give(a, 1);
	}
	a->courier.give_way = NULL;
	ck_assert_int_eq(box_round(a), COURIER_SENT);
	ck_assert_uint_eq(world_records(&w), 250);
	ck_assert_int_eq(box_round(a), COURIER_SENT);
	ck_assert_uint_eq(world_records(&w), 252);
	ck_assert_uint_eq(box_all_kept(a), 1);
}
END_TEST

/* Every combination of a lost question, a lost answer, a doubled one and a good one over five exchanges. */
START_TEST(any_five_exchanges_may_fail)
{
	char fates[6];
	const char *at = fates;

	for (int i = 0, x = _i * stride() % 1024; i < 5; i++, x /= 4)
		fates[i] = "gqad"[x % 4];
	fates[5] = '\0';
	a->fate = fate_from_list;
	a->fate_arg = &at;
	a->courier.max_records = 4;
	for (int i = 0; i < 3; i++) {
		enum courier_result r;

		box_give(a, 5);
		r = box_round(a);
		ck_assert(r == COURIER_SENT || r == COURIER_UNREACHABLE);
	}
	at = "";
	box_deliver(a);
	ck_assert_uint_eq(box_all_kept(a), 1);
	ck_assert_uint_eq(world_records(&w), 16);
}
END_TEST

/* A box restored from an old copy of its disk: what it sent since is at the centre, what it is given from then on
 * arrives in a new epoch; one alarm. */
START_TEST(a_restored_device_opens_an_epoch)
{
	char copy[160];

	snprintf(copy, sizeof(copy), "%s.copy", a->db);
	box_give(a, 10);
	if (_i == 1)
		box_deliver(a);	/* the copy knows receipts, or none */
	box_close(a);
	copy_db(a->db, copy);
	box_open(a);
	box_give(a, 6);
	box_deliver(a);
	box_close(a);
	copy_db(copy, a->db);
	box_open(a);
	if (_i >= 2)
		box_give(a, (size_t)_i * 3);	/* fewer, as many and more than were lost */
	ck_assert_int_eq(box_round(a), _i < 2 ? COURIER_SENT : COURIER_SENT);
	ck_assert_uint_eq(a->courier.new_epochs, 1);
	box_give(a, 2);
	box_deliver(a);
	ck_assert_uint_eq(a->courier.new_epochs, 0);
	ck_assert_uint_eq(box_all_kept(a), 2);
	ck_assert_uint_eq(world_records(&w), a->n_given + 2);
}
END_TEST

/* Two boxes cloned from one disk, both going on: each has an epoch of its own in the end, all is there once. */
START_TEST(clones_part_into_epochs)
{
	struct box *b = calloc(1, sizeof(*b));
	unsigned epochs = 0;

	ck_assert_ptr_nonnull(b);
	box_give(a, 5);
	box_deliver(a);
	box_close(a);
	*b = *a;
	snprintf(b->db, sizeof(b->db), "%s/clone.db", w.dir);
	copy_db(a->db, b->db);
	box_open(a);
	box_open(b);
	for (int i = 0; i < 4; i++) {
		box_give(a, 3);
		box_give(b, 4);
		box_deliver(a);
		epochs += a->courier.new_epochs;
		box_deliver(b);
		epochs += b->courier.new_epochs;
	}
	ck_assert_uint_eq(box_all_kept(a), 2);
	box_all_kept(b);
	ck_assert_uint_eq(epochs, 1);
	ck_assert_uint_eq(world_records(&w), 2 + 5 + 12 + 16);
	box_close(b);
	free(b);
}
END_TEST

/* The link differs at a known place: 409 fork, the bytes in quarantine with one event. */
START_TEST(a_fork_is_put_aside)
{
	struct bytes x, y;
	char copy[160];
	struct reply r;

	snprintf(copy, sizeof(copy), "%s.copy", a->db);
	box_give(a, 3);
	box_close(a);
	copy_db(a->db, copy);
	box_open(a);
	box_give(a, 3);
	x = batch_of(a, 1, 100);
	r = post(a, &x);
	ck_assert_uint_eq(r.status, 200);
	done(&x, &r);
	box_close(a);
	copy_db(copy, a->db);
	box_open(a);
	a->n_given = 3;
	box_give(a, 3);
	y = batch_of(a, 1, 100);
	r = post(a, &y);
	ck_assert_uint_eq(r.status, 409);
	ck_assert(strncmp(buf_str(&r.body), "code=fork", 9) == 0);
	ck_assert_uint_eq(world_aside(&w), y.len);
	ck_assert_uint_eq(world_records(&w), 7);
	done(&y, &r);
}
END_TEST

static void
centre_restart(const char *from)
{
	store_close(w.store);
	copy_db(from, w.where);
	world_open(&w);
}

/* The centre restored from an old copy: devices send again what it lost. Only where the store is a file. */
START_TEST(a_restored_centre_gets_it_all_again)
{
	char copy[500];

	if (getenv("CANDOUR_TEST_STORE") != NULL)
		return;
	snprintf(copy, sizeof(copy), "%s.copy", w.where);
	box_give(a, 10);
	if (_i > 0)
		box_deliver(a);	/* else the copy has never heard of this epoch */
	store_close(w.store);
	copy_db(w.where, copy);
	world_open(&w);
	box_give(a, 10);
	box_deliver(a);
	if (_i == 2) {
		/* What the device was told is kept no longer. */
		must(outbox_retain(a->outbox, w.now_ms / 86400000 + 100, 14, 60, &world_err));
		box_give(a, 3);
	}
	centre_restart(copy);
	a->courier.asked_state = false;
	box_give(a, 2);
	box_deliver(a);
	if (_i == 2) {
		/* Gone for good is what neither has; what is here arrives in a new epoch, and it is an alarm. */
		ck_assert_uint_ge(a->courier.new_epochs, 1);
		ck_assert_uint_eq(world_records(&w), 11 + 1 + 5);
		return;
	}
	ck_assert_uint_eq(box_all_kept(a), 1);
	ck_assert_uint_eq(world_records(&w), 23);
}
END_TEST

/* Revoked: 403, nothing kept, the bytes put aside. */
START_TEST(a_revoked_device_is_refused)
{
	box_give(a, 3);
	box_deliver(a);
	must(w.store->ops->revoke(w.store, a->id, 1, "order", 5, &world_err));
	box_give(a, 3);
	ck_assert_int_eq(box_round(a), COURIER_REVOKED);
	ck_assert_uint_eq(world_records(&w), 4);
	ck_assert_uint_gt(world_aside(&w), 1000);
}
END_TEST

/* Two records of one id: the first stays, the entry is there, the second's bytes are put aside. */
START_TEST(another_record_of_a_known_id_is_put_aside)
{
	struct seal_recipient to = { .id = { 1 } };
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)"x", .len = 1 };
	struct sealed_record r = { .lane = 0 }, s = { .lane = 0 };
	struct box *b = calloc(1, sizeof(*b));
	uint8_t id[16] = { 9 };

	ck_assert_ptr_nonnull(b);
	memcpy(to.public_, seal_key_public(w.response), 32);
	must(seal_record(&to, 1, 0, a->id, id, NULL, &plain, &r, &world_err));
	must(seal_record(&to, 1, 0, a->id, id, NULL, &plain, &s, &world_err));
	box_close(a);
	*b = *a;
	snprintf(b->db, sizeof(b->db), "%s/second.db", w.dir);
	must(outbox_create(b->db, a->id, &world_err));
	box_open(a);
	box_open(b);
	must(outbox_put(a->outbox, &r, 20000, &world_err));
	must(outbox_put(b->outbox, &s, 20000, &world_err));
	box_deliver(a);
	ck_assert_uint_eq(world_aside(&w), 0);
	box_deliver(b);
	ck_assert_uint_gt(world_aside(&w), 100);
	ck_assert_uint_eq(world_records(&w), 3);	/* two epochs' openings and one answer */
	sealed_record_clear(&r);
	sealed_record_clear(&s);
	box_close(b);
	free(b);
}
END_TEST

/* Records of another device are refused, unless this one was approved as its successor. */
START_TEST(only_a_successor_sends_anothers_records)
{
	struct box *b = calloc(1, sizeof(*b));
	struct store_device row;

	ck_assert_ptr_nonnull(b);
	box_init(b, &w, "b");
	box_give(a, 4);
	must(outbox_set_device(a->outbox, b->id, &world_err));	/* the same box with new keys */
	a->courier.device_key = b->key;
	{
		uint8_t old[16];

		memcpy(old, a->id, 16);
		memcpy(a->id, b->id, 16);
		ck_assert_int_eq(box_round(a), COURIER_REFUSED);
		ck_assert_uint_eq(world_records(&w), 0);
		must(w.store->ops->device_get(w.store, b->id, &row, &world_err));
		store_device_clear(&row);
		memcpy(b->given, old, 16);
	}
	free(b->courier.order.data);
	box_close(b);
	seal_key_free(b->key);
	free(b);
	a->courier.device_key = a->key;
}
END_TEST

/* The courier takes no receipt that is not the centre's, or not for this chain. */
static enum err_code
forged(void *arg, const char *method, const char *path, const void *body, size_t len, struct reply *out, struct err *e)
{
	struct box *b = arg;
	enum err_code rc = box_ask(arg, method, path, body, len, out, e);

	if (rc == ERR_OK && out->status == 200 && out->body.len == RECEIPT_LEN)
		out->body.data[*(int *)b->fate_arg] ^= 1;
	return rc;
}

START_TEST(no_flipped_receipt_is_believed)
{
	struct outbox_lane lane;
	int at;

	box_give(a, 3);
	a->courier.ask = forged;
	at = _i * stride() % RECEIPT_LEN;
	a->fate_arg = &at;
	ck_assert_int_eq(box_round(a), COURIER_REFUSED);
	must(outbox_lane(a->outbox, 0, &lane, &world_err));
	ck_assert_uint_eq(lane.acked_seq, 0);
	a->courier.ask = box_ask;
	box_deliver(a);
	ck_assert_uint_eq(box_all_kept(a), 1);
	ck_assert_uint_eq(world_records(&w), 4);
}
END_TEST

/* --- withdrawal --------------------------------------------------------------------------------- */

static enum err_code
count_bodies(void *arg, const struct store_row *row, struct err *e)
{
	size_t *n = arg;

	(void)e;
	if (row->kind == 0 && row->nonce_body != NULL)
		(*n)++;
	if (row->kind == 0 && row->nonce_body == NULL)
		ck_assert_uint_eq(row->n_wraps, 0);
	return ERR_OK;
}

static enum err_code
bodies_of(void *arg, const struct store_position *p, struct err *e)
{
	if (memcmp(p->device, a->id, 16) != 0)
		return ERR_OK;
	return w.store->ops->rows(w.store, p->device, p->lane, p->epoch, 0, 1000, count_bodies, arg, e);
}

/* A withdrawn answer's body and wraps go at the centre too; the chain still verifies. */
START_TEST(a_withdrawal_erases_body_and_wraps)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)"x", .len = 1 };
	struct sealed_record r = { .lane = 0 };
	uint8_t secret[32] = { 5 }, tag[16];
	size_t n_to, bodies = 0;
	bool stale;

	chain_withdraw_tag(secret, tag);
	must(keyring_recipients(w.ring, 0, 20000, to, &n_to, &stale, &world_err));
	must(seal_record(to, n_to, 0, a->id, NULL, tag, &plain, &r, &world_err));
	box_give(a, 2);
	must(outbox_put(a->outbox, &r, 20000, &world_err));
	memcpy(a->given[a->n_given++], r.id, 16);
	box_deliver(a);
	must(w.store->ops->positions(w.store, bodies_of, &bodies, &world_err));
	ck_assert_uint_eq(bodies, 3);
	must(outbox_withdraw(a->outbox, secret, &world_err));
	box_deliver(a);
	bodies = 0;
	must(w.store->ops->positions(w.store, bodies_of, &bodies, &world_err));
	ck_assert_uint_eq(bodies, 2);
	ck_assert_uint_eq(box_all_kept(a), 1);
	sealed_record_clear(&r);
}
END_TEST

/* --- the end of a body's time --------------------------------------------------------------------- */

static enum err_code
pull_all(void *arg, const struct store_position *p, struct err *e)
{
	if (memcmp(p->device, a->id, 16) != 0)
		return ERR_OK;
	return w.store->ops->pulled(w.store, p->device, p->lane, p->epoch, p->hw, *(uint32_t *)arg, e);
}

static size_t
bodies_now(void)
{
	size_t bodies = 0;

	must(w.store->ops->positions(w.store, bodies_of, &bodies, &world_err));
	return bodies;
}

/* All that is there is pulled; the round DAYS later. */
static void
pull_and_erase(uint32_t days)
{
	struct retention_conf conf = { .answers_days = 30, .concerns_days = 30 };
	struct retention_at at = { .lane = 0 };
	uint32_t today = (uint32_t)(w.now_ms / 86400000);
	uint64_t n;
	bool more;

	must(w.store->ops->positions(w.store, pull_all, &today, &world_err));
	w.now_ms += (int64_t)days * 86400000;
	w.boot_ms += (int64_t)days * 86400000;
	must(retention_go(w.store, &conf, w.now_ms / 1000, &at, 100000, &more, &n, &world_err));
	ck_assert(!more);
}

/* Chain and receipts stand without the bodies: what was kept is proved, the batch sent again has the same receipt. */
START_TEST(an_erased_answer_stays_proved)
{
	struct bytes x;
	struct reply first, again;

	box_give(a, 20);
	x = batch_of(a, 1, 100);
	first = post(a, &x);
	ck_assert_uint_eq(first.status, 200);
	box_deliver(a);
	ck_assert_uint_eq(bodies_now(), 20);
	pull_and_erase(30);
	ck_assert_uint_eq(bodies_now(), 20);
	pull_and_erase(1);
	ck_assert_uint_eq(bodies_now(), 0);
	again = post(a, &x);
	ck_assert_uint_eq(again.status, 200);
	ck_assert_mem_eq(again.body.data, first.body.data, RECEIPT_LEN);
	box_give(a, 3);
	box_deliver(a);
	ck_assert_uint_eq(bodies_now(), 3);
	ck_assert_uint_eq(box_all_kept(a), 1);
	ck_assert_uint_eq(world_records(&w), 24);
	reply_free(&again);
	done(&x, &first);
}
END_TEST

/* A box restored from a copy that was made before it delivered brings erased answers again, in another chain. */
START_TEST(a_restored_device_does_not_bring_bodies_back)
{
	char copy[160];

	snprintf(copy, sizeof(copy), "%s.copy", a->db);
	box_give(a, 10);
	box_close(a);
	copy_db(a->db, copy);
	box_open(a);
	box_give(a, 1);
	box_deliver(a);
	pull_and_erase(31);
	ck_assert_uint_eq(bodies_now(), 0);
	box_close(a);
	copy_db(copy, a->db);
	box_open(a);
	box_give(a, 2);
	box_deliver(a);
	ck_assert_uint_eq(box_all_kept(a), 2);
	ck_assert_uint_eq(bodies_now(), 2);
	ck_assert_uint_eq(world_records(&w), a->n_given + 2);
	pull_and_erase(31);
	ck_assert_uint_eq(bodies_now(), 0);
	ck_assert_uint_eq(box_all_kept(a), 2);
}
END_TEST

/* The day of a receipt is the centre's, which signed it: a box whose own clock is at 1970 or five years ahead keeps what
 * was delivered for as long as any other, should a restored centre ask for it. */
START_TEST(a_wrong_clock_does_not_change_how_long_a_row_is_kept)
{
	static const int64_t off_ms[] = { -1790000000000, 5LL * 365 * 86400000 };
	struct world own = { .now_ms = w.now_ms + off_ms[_i], .boot_ms = w.boot_ms };
	struct clock wrong = { world_now, world_boot, &own };
	int64_t today = w.now_ms / 86400000;
	struct outbox_counts counts;

	a->courier.clock = &wrong;
	box_give(a, 5);
	box_deliver(a);
	must(outbox_counts(a->outbox, &counts, &world_err));
	ck_assert_int_eq(counts.receipt_day, today);
	must(outbox_retain(a->outbox, today + 13, 14, 60, &world_err));
	must(outbox_counts(a->outbox, &counts, &world_err));
	ck_assert_uint_eq(counts.kept, 5);
	must(outbox_retain(a->outbox, today + 14, 14, 60, &world_err));
	must(outbox_counts(a->outbox, &counts, &world_err));
	ck_assert_uint_eq(counts.kept, 0);
}
END_TEST

/* --- commit errors ------------------------------------------------------------------------------ */

static struct store_ops broken;
static const struct store_ops *real_ops;
static int commits_to_fail;

/* Fails after the fact: the worst case, "unknown". */
static enum err_code
commit_and_fail(struct store *st, struct err *e)
{
	enum err_code rc = real_ops->commit(st, e);

	if (rc == ERR_OK && commits_to_fail > 0) {
		commits_to_fail--;
		return err_set(e, ERR_BROKEN, "connection lost at commit");
	}
	return rc;
}

static enum err_code
fail_commit(struct store *st, struct err *e)
{
	if (commits_to_fail > 0) {
		commits_to_fail--;
		real_ops->rollback(st);
		return err_set(e, ERR_AGAIN, "disk full");
	}
	return real_ops->commit(st, e);
}

START_TEST(a_failed_commit_is_asked_again)
{
	real_ops = w.store->ops;
	broken = *real_ops;
	broken.commit = _i == 0 ? fail_commit : commit_and_fail;
	commits_to_fail = 3;
	w.store->ops = &broken;
	box_give(a, 30);
	ck_assert_int_eq(box_round(a), COURIER_LATER);
	box_deliver(a);
	w.store->ops = real_ops;
	ck_assert_uint_eq(box_all_kept(a), 1);
	ck_assert_uint_eq(world_records(&w), 31);
}
END_TEST

/* One bad batch in a group fails alone. */
START_TEST(a_bad_batch_fails_no_other)
{
	struct box *b = calloc(1, sizeof(*b));
	struct intake_batch x = { 0 }, y = { 0 }, *both[] = { &x, &y };
	struct bytes xb, yb;
	uint8_t stranger[16] = { 0xff };

	ck_assert_ptr_nonnull(b);
	box_init(b, &w, "b");
	box_give(a, 3);
	box_give(b, 3);
	xb = batch_of(a, 1, 100);
	yb = batch_of(b, 1, 100);
	x.bytes = xb.data, x.len = xb.len;
	y.bytes = yb.data, y.len = yb.len;
	x.h = xb.h;
	y.h = yb.h;
	must(intake_check(&x, &world_err));
	must(intake_check(&y, &world_err));
	memcpy(x.rows[2].owner, stranger, 16);
	intake_group(w.store, &w.log, both, 2);
	ck_assert_int_eq(x.result, INTAKE_BAD);
	ck_assert_int_eq(y.result, INTAKE_KEPT);
	ck_assert_uint_eq(world_records(&w), 4);
	intake_clear(&x);
	intake_clear(&y);
	free(xb.data);
	free(yb.data);
	box_free(b);
	free(b);
}
END_TEST

/* --- the writer thread -------------------------------------------------------------------------- */

START_TEST(the_writer_answers_after_the_commit)
{
	struct intake_writer *writer;
	struct intake_batch x = { 0 };
	struct bytes xb;
	struct receipt r;

	box_give(a, 9);
	xb = batch_of(a, 1, 100);
	x.bytes = xb.data, x.len = xb.len;
	x.h = xb.h;
	must(intake_check(&x, &world_err));
	must(intake_writer_start(w.store, &w.log, &writer, &world_err));
	intake_submit(writer, &x);
	ck_assert_int_eq(x.result, INTAKE_KEPT);
	intake_writer_stop(writer);
	must(receipt_verify(x.receipt, RECEIPT_LEN, seal_key_public(w.receipt), &r, &world_err));
	ck_assert_uint_eq(r.b, 10);
	ck_assert_uint_eq(world_records(&w), 10);
	intake_clear(&x);
	free(xb.data);
}
END_TEST

/* --- log roots ---------------------------------------------------------------------------------- */

/* RFC 6962, 2.1, as written there: recursive. */
static void
mth(const uint8_t (*leaf)[8], size_t n, uint8_t out[32])
{
	struct chain_state s;
	struct chain_hash h;
	uint8_t left[32], right[32];
	size_t k = 1;

	chain_begin(&s, "merkle");
	if (n == 1) {
		chain_add_u8(&s, 0);
		chain_add(&s, leaf[0], 8);
	} else if (n > 1) {
		while (k * 2 < n)
			k *= 2;
		mth(leaf, k, left);
		mth(leaf + k, n - k, right);
		chain_add_u8(&s, 1);
		chain_add(&s, left, 32);
		chain_add(&s, right, 32);
	}
	chain_end(&s, &h);
	memcpy(out, h.bytes, 32);
}

START_TEST(the_tree_is_that_of_rfc_6962)
{
	uint8_t leaves[70][8] = { { 0 } }, want[32], got[32];

	for (size_t n = 0; n <= 70; n++) {
		struct merkle m = { .n = 0 };

		for (size_t i = 0; i < n; i++) {
			leaves[i][0] = (uint8_t)i;
			merkle_add(&m, leaves[i], 8);
		}
		merkle_root(&m, got);
		mth((const uint8_t (*)[8])leaves, n, want);
		ck_assert_mem_eq(got, want, 32);
	}
}
END_TEST

struct roots {
	struct logroot r[10];
	uint8_t bytes[10][LOGROOT_LEN];
	size_t n;
};

static enum err_code
on_root(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *e)
{
	struct roots *x = arg;

	(void)key;
	(void)key_len;
	ck_assert_uint_eq(len, LOGROOT_LEN);
	ck_assert(logroot_signed(bytes, seal_key_public(w.receipt)));
	memcpy(x->bytes[x->n], bytes, len);
	return logroot_read(bytes, len, &x->r[x->n++], e);
}

/* Each day with receipts is closed once, chained to the one before; a clock that goes back changes nothing. */
START_TEST(days_are_closed_and_chained)
{
	struct roots x = { .n = 0 };
	struct chain_hash h;

	for (int day = 0; day < 4; day++) {
		box_give(a, 2);
		box_deliver(a);
		w.now_ms += day == 2 ? -86400000 * 2 : 86400000;
	}
	w.now_ms += 86400000LL * 3;
	box_give(a, 1);
	box_deliver(a);
	must(w.store->ops->root_each(w.store, w.log.log_id, on_root, &x, &world_err));
	ck_assert_uint_eq(x.n, 3);
	for (size_t i = 1; i < x.n; i++) {
		ck_assert_uint_gt(x.r[i].day, x.r[i - 1].day);
		chain_h("root", x.bytes[i - 1], LOGROOT_LEN, &h);
		ck_assert_mem_eq(x.r[i].previous, h.bytes, 32);
	}
	ck_assert_uint_eq(x.r[0].n, 1);
	ck_assert_uint_eq(x.r[2].n, 2);	/* the third day, and what came while the clock was behind it */
}
END_TEST

/* --- what is append-only stays so --------------------------------------------------------------- */

START_TEST(the_log_cannot_be_changed)
{
	static const char *const sql[] = {
		"UPDATE record SET tag = zeroblob(16)", "DELETE FROM record", "UPDATE entry SET seq = seq + 100",
		"DELETE FROM entry", "UPDATE receipt SET a = 0", "DELETE FROM receipt", "DELETE FROM body", "DELETE FROM wrap",
		"UPDATE body SET nonce_body = x'00'", "UPDATE device SET site = 'other'", "DELETE FROM device",
		"UPDATE event SET what = ''", "DELETE FROM event",
	};
	sqlite3 *db;

	if (getenv("CANDOUR_TEST_STORE") != NULL)
		return;
	box_give(a, 3);
	box_deliver(a);
	ck_assert_int_eq(sqlite3_open(w.where, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql[_i], NULL, NULL, NULL) != SQLITE_OK, "%s is accepted", sql[_i]);
	sqlite3_close(db);
	ck_assert_uint_eq(box_all_kept(a), 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("intake");
	TCase *t = tcase_create("table");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, delivers_all_once);
	tcase_add_test(t, the_same_batch_again_gets_the_same_receipt);
	tcase_add_test(t, a_receipt_of_an_old_key_is_renewed);
	tcase_add_test(t, a_gap_is_asked_for);
	tcase_add_test(t, an_overlapping_batch_adds_its_rest);
	tcase_add_test(t, a_backlog_gives_way_and_goes_on);
	tcase_add_loop_test(t, any_five_exchanges_may_fail, 0, 1024 / stride());
	tcase_add_loop_test(t, a_restored_device_opens_an_epoch, 0, 5);
	tcase_add_test(t, clones_part_into_epochs);
	tcase_add_test(t, a_fork_is_put_aside);
	tcase_add_loop_test(t, a_restored_centre_gets_it_all_again, 0, 3);
	tcase_add_test(t, a_revoked_device_is_refused);
	tcase_add_test(t, another_record_of_a_known_id_is_put_aside);
	tcase_add_test(t, only_a_successor_sends_anothers_records);
	tcase_add_loop_test(t, no_flipped_receipt_is_believed, 0, stride() == 1 ? RECEIPT_LEN : 1024 / stride());
	tcase_add_test(t, a_withdrawal_erases_body_and_wraps);
	tcase_add_test(t, an_erased_answer_stays_proved);
	tcase_add_test(t, a_restored_device_does_not_bring_bodies_back);
	tcase_add_loop_test(t, a_wrong_clock_does_not_change_how_long_a_row_is_kept, 0, 2);
	tcase_add_loop_test(t, a_failed_commit_is_asked_again, 0, 2);
	tcase_add_test(t, a_bad_batch_fails_no_other);
	tcase_add_test(t, the_writer_answers_after_the_commit);
	tcase_add_test(t, the_tree_is_that_of_rfc_6962);
	tcase_add_test(t, days_are_closed_and_chained);
	tcase_add_loop_test(t, the_log_cannot_be_changed, 0, 13);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
