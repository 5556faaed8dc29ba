/* The daily look at the centre's log: real boxes, intake and store (CANDOUR_TEST_STORE: that one instead of a SQLite
 * file), with a centre that tells the truth, lies, drops what it has confirmed or shows two histories. Trees and paths
 * are compared with RFC 6962, 2.1 and 2.1.1, written here as they stand there. */
#include "tests/sync/world.h"

#include <fcntl.h>
#include <sqlite3.h>

#include "sync/logcheck.h"

static struct world w;
static struct box *a, *b;
static struct err err;

static struct box *
new_box(const char *name)
{
	struct box *box = calloc(1, sizeof(*box));

	ck_assert_ptr_nonnull(box);
	box_init(box, &w, name);
	return box;
}

static void
setup(void)
{
	log_to(open("/dev/null", O_WRONLY));
	world_init(&w, NULL);
	a = new_box("a");
	b = new_box("b");
}

static void
teardown(void)
{
	box_free(a);
	box_free(b);
	free(a);
	free(b);
	world_free(&w);
}

/* --- trees ---------------------------------------------------------------------------------------- */

static size_t
below(size_t n)
{
	size_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

/* MTH(D[n]), n > 0 */
static void
mth(const uint8_t (*d)[RECEIPT_LEN], size_t n, uint8_t out[32])
{
	uint8_t left[32], right[32];

	if (n == 1) {
		merkle_leaf(d[0], RECEIPT_LEN, out);
		return;
	}
	mth(d, below(n), left);
	mth(d + below(n), n - below(n), right);
	merkle_node(left, right, out);
}

/* PATH(m, D[n]); the number of its hashes */
static size_t
path_of(size_t m, const uint8_t (*d)[RECEIPT_LEN], size_t n, uint8_t *out)
{
	size_t k = below(n), used;

	if (n == 1)
		return 0;
	used = m < k ? path_of(m, d, k, out) : path_of(m - k, d + k, n - k, out);
	if (m < k)
		mth(d + k, n - k, out + 32 * used);
	else
		mth(d, k, out + 32 * used);
	return used + 1;
}

/* Computed with Python's hashlib, n leaves of 200 bytes of value 1 to n:
 * H = lambda b: blake2b(b"candour/1 merkle\0" + b, digest_size=32).digest()
 * mth = lambda d: H(b"\0" + d[0]) if len(d) == 1 else H(b"\\1" + mth(d[:k]) + mth(d[k:])), k the largest 2^i < len(d) */
static const struct {
	size_t n;
	const char *root;
} trees[] = {
	{ 1, "438d1515bd591f1019bba9279f0d498a6735c54a78148927956269591ebb48f4" },
	{ 2, "563c8540b5fd60834422ca0da47676b80ed9750188352ba8f768aaa2b9fd53a5" },
	{ 3, "b232ee1d53c817507912f37a2aa3c5f69434feeb94ede0b2a7d91dcda9a20442" },
	{ 7, "1e687ff1ee11b2850e26c9371b4460eed59a4e765e4b19ed679da8c4ef1f8191" },
	{ 8, "057794f35ab3e711c61f7b0a9b156c4f1249d865c238afb89645ab8a99f227c7" },
};

START_TEST(a_tree_has_the_root_that_python_computes)
{
	static uint8_t d[8][RECEIPT_LEN];
	struct merkle m = { .n = 0 };
	uint8_t root[32];
	char hex[65];

	for (size_t i = 0; i < trees[_i].n; i++) {
		memset(d[i], (int)i + 1, RECEIPT_LEN);
		merkle_add(&m, d[i], RECEIPT_LEN);
	}
	merkle_root(&m, root);
	hex_str(root, 32, hex);
	ck_assert_str_eq(hex, trees[_i].root);
	mth((const uint8_t (*)[RECEIPT_LEN])d, trees[_i].n, root);
	hex_str(root, 32, hex);
	ck_assert_str_eq(hex, trees[_i].root);
}
END_TEST

START_TEST(a_path_proves_its_own_leaf_and_no_other)
{
	static uint8_t d[40][RECEIPT_LEN];
	uint8_t root[32], leaf[32], path[64 * 32];

	for (size_t i = 0; i < ARRAY_LEN(d); i++)
		memset(d[i], (int)i + 1, RECEIPT_LEN);
	for (size_t n = 1; n <= ARRAY_LEN(d); n++) {
		mth((const uint8_t (*)[RECEIPT_LEN])d, n, root);
		for (size_t m = 0; m < n; m++) {
			size_t used = path_of(m, (const uint8_t (*)[RECEIPT_LEN])d, n, path);

			merkle_leaf(d[m], RECEIPT_LEN, leaf);
			ck_assert_msg(merkle_proves(leaf, m, n, path, used, root), "leaf %zu of %zu", m, n);
			ck_assert(!merkle_proves(leaf, n, n, path, used, root));
			ck_assert(!merkle_proves(leaf, m, n, path, used + 1, root));
			ck_assert(used == 0 || !merkle_proves(leaf, m, n, path, used - 1, root));
			ck_assert(n == 1 || !merkle_proves(leaf, (m + 1) % n, n, path, used, root));
			for (size_t i = 0; i < used; i++) {
				path[32 * i + m % 32] ^= 1;
				ck_assert(!merkle_proves(leaf, m, n, path, used, root));
				path[32 * i + m % 32] ^= 1;
			}
			leaf[0] ^= 1;
			ck_assert(!merkle_proves(leaf, m, n, path, used, root));
		}
	}
}
END_TEST

/* --- the centre's side ------------------------------------------------------------------------------ */

struct day {
	uint8_t d[40][RECEIPT_LEN];
	size_t n;
};

static enum err_code
on_receipt(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *e)
{
	struct day *day = arg;

	(void)key;
	(void)key_len;
	(void)e;
	ck_assert_uint_eq(len, RECEIPT_LEN);
	ck_assert_uint_lt(day->n, ARRAY_LEN(day->d));
	memcpy(day->d[day->n++], bytes, len);
	return ERR_OK;
}

static void
next_day(void)
{
	w.now_ms += 86400000;
	w.boot_ms += 86400000;
}

static uint32_t
today(void)
{
	return (uint32_t)(w.now_ms / 86400000);
}

static void
deliver(struct box *box, size_t n)
{
	box_give(box, n);
	box_deliver(box);
}

/* Every receipt of a day, whatever their number, by the path that RFC 6962 gives it. */
START_TEST(each_receipt_is_shown_under_its_root)
{
	struct logtree_question q = { .day = today() };
	struct logtree tree = { .nodes = NULL };
	static struct day day;
	struct buf out;
	bool closed = true;

	memset(&day, 0, sizeof(day));
	for (int i = 0; i <= _i; i++)
		deliver(i % 3 == 2 ? b : a, 1);
	memcpy(q.log_id, w.log.log_id, 16);
	q.after = q.day - 1;
	buf_init(&out, LOGPROOF_MAX);
	must(logtree_answer(&tree, w.store, &q, &closed, &out, &world_err));
	ck_assert(!closed);
	ck_assert_uint_eq(out.len, 0);
	next_day();
	deliver(a, 1);
	must(w.store->ops->log_receipts(w.store, w.log.log_id, q.day, on_receipt, &day, &world_err));
	ck_assert_uint_eq(day.n, (size_t)_i + 1);
	for (size_t m = 0; m < day.n; m++) {
		uint8_t path[64 * 32];
		size_t used = path_of(m, (const uint8_t (*)[RECEIPT_LEN])day.d, day.n, path);
		struct logproof p;
		struct logroot root;

		buf_reset(&out);
		merkle_leaf(day.d[m], RECEIPT_LEN, q.leaf);
		must(logtree_answer(&tree, w.store, &q, &closed, &out, &world_err));
		ck_assert(closed);
		must(logproof_read(out.data, out.len, &p, &world_err));
		ck_assert_uint_eq(p.index, m);
		ck_assert_uint_eq(p.n_path, used);
		ck_assert_mem_eq(p.path, path, 32 * used);
		ck_assert_uint_eq(p.n_roots, 1);
		ck_assert(logroot_signed(p.roots, seal_key_public(w.receipt)));
		must(logroot_read(p.roots, LOGROOT_LEN, &root, &world_err));
		ck_assert_uint_eq(root.n, day.n);
		ck_assert_uint_eq(root.day, q.day);
		ck_assert(merkle_proves(q.leaf, m, root.n, p.path, p.n_path, root.root));
	}
	q.leaf[5] ^= 1;
	ck_assert_int_eq(logtree_answer(&tree, w.store, &q, &closed, &out, &err), ERR_ABSENT);
	q.day--;	/* nobody delivered on the day before, and it is over: there is a later root */
	q.after--;
	ck_assert_int_eq(logtree_answer(&tree, w.store, &q, &closed, &out, &err), ERR_ABSENT);
	logtree_clear(&tree);
	buf_free(&out);
}
END_TEST

START_TEST(a_proof_of_any_other_form_is_refused)
{
	uint8_t roots[2 * LOGROOT_LEN] = { 7 }, path[3 * 32] = { 9 };
	struct logproof p = { .index = 5, .n_path = 3, .n_roots = 2, .path = path, .roots = roots }, got;
	struct buf out;

	buf_init(&out, LOGPROOF_MAX);
	logproof_put(&p, &out);
	ck_assert_uint_eq(out.len, LOGPROOF_HEAD + sizeof(path) + sizeof(roots));
	must(logproof_read(out.data, out.len, &got, &err));
	ck_assert_uint_eq(got.index, 5);
	ck_assert_mem_eq(got.path, path, sizeof(path));
	ck_assert_mem_eq(got.roots, roots, sizeof(roots));
	for (size_t len = 0; len < out.len; len++)
		ck_assert_int_eq(logproof_read(out.data, len, &got, &err), ERR_INPUT);
	/* All of the head but the index says something that must fit. */
	for (size_t i = 0; i < LOGPROOF_HEAD; i++) {
		if (i >= 8 && i < 16)
			continue;
		out.data[i] ^= 1;
		ck_assert_msg(logproof_read(out.data, out.len, &got, &err) == ERR_INPUT, "byte %zu", i);
		out.data[i] ^= 1;
	}
	buf_free(&out);
}
END_TEST

/* --- the box's side --------------------------------------------------------------------------------- */

enum lie { TRUTH, CUT, BUSY, WITHHELD, NO_PATH, ABSENT, GARBAGE, PATH, INDEX, SIGNATURE, OTHER_KEY, OTHER_LOG, OTHER_DAY,
	SMALLER, OTHER_PAST };

struct liar {
	struct box *box;
	enum lie lie;
	unsigned asked;
	size_t roots;	/* of the last answer */
};

/* The last root of the answer, changed and signed anew, as only the centre can. */
static void
resign(uint8_t *bytes, enum lie lie)
{
	struct seal_key *stranger = NULL;
	struct logroot r;

	must(logroot_read(bytes, LOGROOT_LEN, &r, &world_err));
	if (lie == OTHER_LOG)
		r.log_id[0] ^= 1;
	if (lie == OTHER_DAY)
		r.day--;
	if (lie == SMALLER)
		r.root[0] ^= 1;
	if (lie == OTHER_PAST)
		r.previous[0] ^= 1;
	if (lie == OTHER_KEY) {
		must(seal_key_new(KEY_RECEIPT, &stranger, &world_err));
		seal_key_id(stranger, r.key_id);
	}
	must(logroot_make(&r, stranger != NULL ? stranger : w.receipt, bytes, &world_err));
	seal_key_free(stranger);
}

static enum err_code
ask(void *arg, const char *method, const char *path, const void *body, size_t len, struct reply *out, struct err *e)
{
	struct liar *l = arg;
	enum err_code rc = box_ask(l->box, method, path, body, len, out, e);
	uint8_t *last;

	ck_assert_int_eq(rc, ERR_OK);
	l->asked++;
	l->roots = out->status == 200 ? be16(out->body.data + 18) : 0;
	switch (l->lie) {
	case TRUTH: return ERR_OK;
	case CUT: return err_set(e, ERR_AGAIN, "cut");
	case BUSY: reply_text(out, 503, "code=later\n"); return ERR_OK;
	case WITHHELD: reply_bytes(out, 204, "", 0); return ERR_OK;
	case NO_PATH: reply_text(out, 404, "code=path there is nothing at this path\n"); return ERR_OK;
	case ABSENT: reply_text(out, 404, "code=absent\n"); return ERR_OK;
	case GARBAGE: reply_text(out, 200, "<html>"); return ERR_OK;
	default: break;
	}
	ck_assert_uint_eq(out->status, 200);
	last = out->body.data + out->body.len - LOGROOT_LEN;
	switch (l->lie) {
	case PATH: out->body.data[LOGPROOF_HEAD] ^= 1; break;
	case INDEX: out->body.data[15] ^= 1; break;
	case SIGNATURE: last[LOGROOT_LEN - 1] ^= 1; break;
	default: resign(last, l->lie); break;
	}
	return ERR_OK;
}

static enum logcheck_result
look(struct liar *l)
{
	struct logcheck c = { .outbox = l->box->outbox, .ring = w.ring, .now = w.now_ms / 1000, .ask = ask, .arg = l };

	memset(&err, 0, sizeof(err));
	return logcheck_run(&c, &err);
}

static struct logcheck_status
status(void)
{
	struct logcheck_status s;

	must(logcheck_status(a->outbox, &s, &world_err));
	return s;
}

/* Two days with several receipts of both boxes each; the first was looked at. */
static void
two_days(struct liar *l)
{
	for (int i = 0; i < 5; i++) {
		deliver(a, 1);
		deliver(b, 2);
	}
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(l), LOGCHECK_HOLDS);
	for (int i = 0; i < 4; i++) {
		deliver(b, 1);
		deliver(a, 1);
	}
	next_day();
	deliver(a, 1);
}

START_TEST(a_day_that_is_over_is_looked_at_once)
{
	struct liar l = { .box = a };
	uint32_t first = today();

	ck_assert_int_eq(look(&l), LOGCHECK_NOTHING);	/* no receipt at all */
	deliver(a, 3);
	deliver(b, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_NOTHING);
	next_day();
	ck_assert_int_eq(look(&l), LOGCHECK_NOTHING);	/* for all we know it is still the same day at the centre */
	ck_assert_uint_eq(l.asked, 0);
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
	ck_assert_uint_eq(status().held_day, first);
	ck_assert_int_eq(look(&l), LOGCHECK_NOTHING);
	ck_assert_uint_eq(l.asked, 1);
	/* Days on which only others delivered: their roots come along and are chained. */
	for (int i = 0; i < 3; i++) {
		next_day();
		deliver(b, 1);
	}
	deliver(a, 1);
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
	ck_assert_uint_eq(l.roots, 4);
	ck_assert_uint_eq(status().held_day, first + 4);
	ck_assert_int_eq(status().problem_at, 0);
}
END_TEST

/* What is wrong is said, and delivery goes on. */
static const struct {
	enum lie lie;
	enum logcheck_result want;
	const char *says;	/* in the message; kept as the problem where it is wrong */
} lies[] = {
	{ CUT, LOGCHECK_LATER, "cut" },
	{ BUSY, LOGCHECK_LATER, "answer 503" },
	{ WITHHELD, LOGCHECK_LATER, "does not show its log" },
	{ NO_PATH, LOGCHECK_LATER, "does not show its log" },
	{ OTHER_KEY, LOGCHECK_LATER, "a key that is not in the key ring" },
	{ ABSENT, LOGCHECK_WRONG, "does not hold a delivery of this box" },
	{ PATH, LOGCHECK_WRONG, "does not hold a delivery of this box" },
	{ INDEX, LOGCHECK_WRONG, "does not hold a delivery of this box" },
	{ SMALLER, LOGCHECK_WRONG, "does not hold a delivery of this box" },
	{ GARBAGE, LOGCHECK_WRONG, "no proof" },
	{ SIGNATURE, LOGCHECK_WRONG, "not signed" },
	{ OTHER_LOG, LOGCHECK_WRONG, "another log's" },
	{ OTHER_DAY, LOGCHECK_WRONG, "another day's" },
	{ OTHER_PAST, LOGCHECK_WRONG, "does not continue" },
};

START_TEST(a_lie_is_said_and_delivery_goes_on)
{
	struct liar l = { .box = a };
	struct logcheck_status s;
	uint32_t held;

	two_days(&l);
	held = status().held_day;
	l.lie = lies[_i].lie;
	ck_assert_int_eq(look(&l), lies[_i].want);
	ck_assert_msg(strstr(err.msg, lies[_i].says) != NULL, "%s", err.msg);
	s = status();
	ck_assert_uint_eq(s.held_day, held);
	if (lies[_i].want == LOGCHECK_WRONG) {
		ck_assert_str_eq(s.problem, err.msg);
		ck_assert_int_eq(s.problem_at, w.now_ms / 1000);
	} else {
		ck_assert_int_eq(s.problem_at, 0);
	}
	l.lie = TRUTH;
	if (lies[_i].want == LOGCHECK_LATER)
		ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
	box_give(a, 2);
	ck_assert_int_eq(box_round(a), COURIER_SENT);
	ck_assert_uint_eq(box_all_kept(a), 1);
}
END_TEST

/* Who answers but never proves: after three days that is a problem. A bad line or a busy centre is none. */
START_TEST(a_log_that_is_not_shown_for_days_is_said)
{
	static const enum lie kinds[] = { WITHHELD, NO_PATH, OTHER_KEY, CUT, BUSY };
	struct liar l = { .box = a, .lie = kinds[_i] };

	deliver(a, 1);
	for (int day = 0; day < 4; day++) {
		next_day();
		deliver(a, 1);
		ck_assert_int_eq(status().problem_at, 0);
		for (int i = 0; i < 30; i++)
			ck_assert_int_eq(look(&l), LOGCHECK_LATER);
	}
	if (_i < 3)
		ck_assert_ptr_nonnull(strstr(status().problem, "has not shown its log since that of 20"));
	else
		ck_assert_int_eq(status().problem_at, 0);
	l.lie = TRUTH;
	ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
}
END_TEST

/* --- a centre that takes things out ------------------------------------------------------------------ */

static void
change(const char *file, const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
	ck_assert_int_gt(sqlite3_total_changes(db), 0);
	sqlite3_close(db);
}

static void
tamper(const char *sql)
{
	change(w.where, sql);
}

#define DROP_ALL_BUT_TODAY "DROP TRIGGER receipt_delete; DELETE FROM receipt WHERE log_day < (SELECT max(log_day) FROM receipt);"

/* The operator of the centre drops a day of receipts before its root is made, or afterwards. */
START_TEST(what_the_centre_drops_shows)
{
	struct liar l = { .box = a };

	if (getenv("CANDOUR_TEST_STORE") != NULL)
		return;	/* the raw SQL here is SQLite's */
	deliver(a, 3);
	if (_i == 0)
		tamper("DROP TRIGGER receipt_delete; DELETE FROM receipt");
	deliver(b, 1);
	next_day();
	deliver(a, 1);
	if (_i == 1)
		tamper(DROP_ALL_BUT_TODAY);
	ck_assert_int_eq(look(&l), LOGCHECK_WRONG);
	ck_assert_ptr_nonnull(strstr(status().problem, "does not hold a delivery of this box that the centre confirmed"));
}
END_TEST

/* A day that is left out as a whole, whether it was refused at first or never asked for. */
START_TEST(a_day_left_out_shows)
{
	struct liar l = { .box = a };

	if (getenv("CANDOUR_TEST_STORE") != NULL)
		return;
	deliver(a, 1);
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
	tamper("DROP TRIGGER receipt_delete; DELETE FROM receipt");
	next_day();
	deliver(a, 1);
	if (_i == 1)
		ck_assert_int_eq(look(&l), LOGCHECK_LATER);
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_WRONG);
	ck_assert_ptr_nonnull(strstr(status().problem, "was left out, a day on which it confirmed deliveries of this box"));
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
}
END_TEST

/* It rewrites a day that it has shown, and closes it anew: the next root does not continue the old one. */
START_TEST(a_second_history_shows)
{
	struct liar l = { .box = a };

	if (getenv("CANDOUR_TEST_STORE") != NULL)
		return;
	deliver(a, 1);
	deliver(b, 1);
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
	tamper("DROP TRIGGER root_delete; DELETE FROM root; " DROP_ALL_BUT_TODAY);
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_WRONG);
	ck_assert_ptr_nonnull(strstr(status().problem, "does not continue what the centre showed before"));
	/* Said once; the history that is now goes on from there. */
	next_day();
	deliver(a, 1);
	ck_assert_int_eq(look(&l), LOGCHECK_HOLDS);
	ck_assert_ptr_nonnull(strstr(status().problem, "does not continue"));
}
END_TEST

/* A log day that stands still would never have to be closed, and so nothing ever proved. All receipts of box a get
 * the first one's day here, as a centre might write them (receipt.md: the day is the 4 bytes at 104). */
START_TEST(a_day_that_never_ends_shows)
{
	struct liar l = { .box = a };
	char sql[200];

	snprintf(sql, sizeof(sql), "UPDATE receipt SET bytes = CAST(substr(bytes, 1, 104) || x'%08x' || substr(bytes, 109) AS BLOB)",
	    today());
	deliver(a, 1);
	for (int day = 1; day <= 3; day++) {
		next_day();
		deliver(a, 1);
		change(a->db, sql);
		ck_assert_int_eq(look(&l), day == 1 ? LOGCHECK_NOTHING : LOGCHECK_WRONG);
	}
	ck_assert_uint_eq(l.asked, 0);
	ck_assert_ptr_nonnull(strstr(status().problem, "the centre never closes it"));
	next_day();
	deliver(a, 1);	/* an honest one again */
	ck_assert_int_ne(look(&l), LOGCHECK_NOTHING);
	ck_assert_uint_eq(l.asked, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("logcheck");
	TCase *t = tcase_create("logcheck");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, a_tree_has_the_root_that_python_computes, 0, (int)ARRAY_LEN(trees));
	tcase_add_test(t, a_path_proves_its_own_leaf_and_no_other);
	tcase_add_loop_test(t, each_receipt_is_shown_under_its_root, 0, 9);
	tcase_add_test(t, a_proof_of_any_other_form_is_refused);
	tcase_add_test(t, a_day_that_is_over_is_looked_at_once);
	tcase_add_loop_test(t, a_lie_is_said_and_delivery_goes_on, 0, (int)ARRAY_LEN(lies));
	tcase_add_loop_test(t, a_log_that_is_not_shown_for_days_is_said, 0, 5);
	tcase_add_loop_test(t, what_the_centre_drops_shows, 0, 2);
	tcase_add_loop_test(t, a_day_left_out_shows, 0, 2);
	tcase_add_test(t, a_second_history_shows);
	tcase_add_test(t, a_day_that_never_ends_shows);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
