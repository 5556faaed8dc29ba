/* collector/keyring.c and keyfile.c: a ring is taken only as its root signed it and never an older one; records go
 * to the right keys whatever the dates say; key files open with their passphrase only. */
#include <sys/stat.h>

#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "tests/collector/site.h"

static struct seal_key *root;
static struct keyring_pin pin;

static void
setup(void)
{
	make_folder();
	root = test_key(KEY_ROOT, 1);
	keyring_pin_init(&pin, seal_key_public(root));
}

static void
teardown(void)
{
	seal_key_free(root);
	drop_folder();
}

static void
add(struct keyring *r, enum key_use use, uint8_t n, int64_t from, int64_t to, enum key_state state)
{
	struct seal_key *k = test_key(use, n);

	ck_ok(keyring_add(r, use, seal_key_public(k), 32, from, to, state, &err));
	seal_key_free(k);
}

/* A ring of one active key of each use (n = 10 + use), valid on days 100 to 200. */
static struct keyring *
ring_new(uint32_t serial)
{
	struct keyring *r = calloc(1, sizeof(*r));

	ck_assert_ptr_nonnull(r);
	memcpy(r->org, pin.org, 16);
	r->serial = serial;
	r->made = 8640000;
	for (enum key_use use = KEY_RESPONSE; use <= KEY_RECEIPT; use++)
		add(r, use, (uint8_t)(10 + use), 100, 200, KEY_ACTIVE);
	ck_ok(keyring_add(r, KEY_CA, "a certificate", 13, 100, 200, KEY_ACTIVE, &err));
	return r;
}

static void
text_of(const struct keyring *r, const struct seal_key *next, struct buf *out)
{
	buf_init(out, KEYRING_MAX);
	ck_ok(keyring_write(r, root, next, out, &err));
}

START_TEST(a_ring_comes_back_as_it_was_signed)
{
	struct keyring *r = ring_new(7), *back = NULL;
	struct buf t;

	text_of(r, NULL, &t);
	ck_ok(keyring_read(buf_str(&t), t.len, &pin, &back, &err));
	ck_assert_uint_eq(back->serial, 7);
	ck_assert_uint_eq(back->n, 6);
	ck_assert_uint_eq(back->keys[5].public_len, 13);
	ck_assert_mem_eq(back->keys[5].public_, "a certificate", 13);
	ck_assert_int_eq(back->keys[0].not_before, 100);
	ck_assert_int_eq(back->keys[0].not_after, 200);
	keyring_free(r);
	keyring_free(back);
	buf_free(&t);
}
END_TEST

START_TEST(no_changed_byte_is_taken)
{
	struct keyring *r = ring_new(7), *back = NULL;
	struct buf t;

	text_of(r, NULL, &t);
	for (size_t i = 0; i < t.len; i++) {
		enum err_code rc;

		t.data[i] ^= 1;
		rc = keyring_read(buf_str(&t), t.len, &pin, &back, &err);
		t.data[i] ^= 1;
		ck_assert_msg(rc == ERR_INPUT || rc == ERR_DENIED, "byte %zu: %s", i, err_word(rc));
		ck_assert_ptr_null(back);
	}
	for (size_t len = 0; len < t.len; len++)
		ck_assert_int_ne(keyring_read(buf_str(&t), len, &pin, &back, &err), ERR_OK);
	keyring_free(r);
	buf_free(&t);
}
END_TEST

START_TEST(refusals_say_why)
{
	struct keyring *r = ring_new(7), *back = NULL;
	struct keyring_pin other = pin;
	struct seal_key *stranger = test_key(KEY_ROOT, 99);
	struct buf t, same;

	text_of(r, NULL, &t);
	memcpy(other.root, seal_key_public(stranger), 32);
	ck_err(keyring_read(buf_str(&t), t.len, &other, &back, &err), ERR_DENIED, "not signed by the root");
	other = pin;
	other.org[0] ^= 1;
	ck_err(keyring_read(buf_str(&t), t.len, &other, &back, &err), ERR_DENIED, "another organisation");
	other = pin;
	other.ring_serial = 8;
	ck_err(keyring_read(buf_str(&t), t.len, &other, &back, &err), ERR_DENIED, "serial 7 is older than 8");
	keyring_pin_take(&pin, r, buf_str(&t), t.len);
	ck_ok(keyring_read(buf_str(&t), t.len, &pin, &back, &err));
	keyring_free(back);
	back = NULL;
	r->made++;
	text_of(r, NULL, &same);
	ck_err(keyring_read(buf_str(&same), same.len, &pin, &back, &err), ERR_DENIED, "alarm: another ring");
	r->serial = 9;
	r->keys[2].state = KEY_OLD;
	buf_free(&same);
	text_of(r, NULL, &same);
	ck_err(keyring_read(buf_str(&same), same.len, &pin, &back, &err), ERR_INPUT, "no active concern key");
	ck_assert_ptr_null(back);
	seal_key_free(stranger);
	keyring_free(r);
	buf_free(&t);
	buf_free(&same);
}
END_TEST

/* A box that has taken the ring of a handover trusts the new root; started anew it reads that same ring again. A later
 * ring that both roots sign is for boxes that slept through the first as well as for those that did not. */
START_TEST(the_ring_of_a_handover_is_read_before_and_after)
{
	struct seal_key *next = test_key(KEY_ROOT, 2), *third = test_key(KEY_ROOT, 3);
	struct keyring *r = ring_new(7), *back = NULL;
	struct keyring_pin moved = pin;
	struct buf t;
	char *at;

	text_of(r, next, &t);
	ck_ok(keyring_read(buf_str(&t), t.len, &moved, &back, &err));
	keyring_pin_take(&moved, back, buf_str(&t), t.len);
	keyring_free(back);
	ck_ok(keyring_read(buf_str(&t), t.len, &moved, &back, &err));
	keyring_pin_take(&moved, back, buf_str(&t), t.len);
	ck_assert_mem_eq(moved.root, seal_key_public(next), 32);
	keyring_free(back);
	back = NULL;
	at = strstr((char *)t.data, "signature-next = ");
	ck_assert_ptr_nonnull(at);
	at[20] = at[20] == 'A' ? 'B' : 'A';
	ck_err(keyring_read(buf_str(&t), t.len, &moved, &back, &err), ERR_DENIED, "not signed by the root");
	buf_free(&t);
	r->serial = 8;
	text_of(r, next, &t);
	ck_ok(keyring_read(buf_str(&t), t.len, &pin, &back, &err));
	keyring_free(back);
	ck_ok(keyring_read(buf_str(&t), t.len, &moved, &back, &err));
	keyring_free(back);
	back = NULL;
	buf_free(&t);
	/* The old root alone, or with a third, says nothing to those that have moved. */
	r->serial = 9;
	text_of(r, third, &t);
	ck_err(keyring_read(buf_str(&t), t.len, &moved, &back, &err), ERR_DENIED, "not signed by the root");
	buf_free(&t);
	text_of(r, NULL, &t);
	ck_err(keyring_read(buf_str(&t), t.len, &moved, &back, &err), ERR_DENIED, "not signed by the root");
	buf_free(&t);
	seal_key_free(next);
	seal_key_free(third);
	keyring_free(r);
}
END_TEST

START_TEST(the_root_hands_over_to_the_next_one)
{
	struct seal_key *next = test_key(KEY_ROOT, 2), *third = test_key(KEY_ROOT, 3);
	struct keyring *r = ring_new(7), *back = NULL;
	struct buf t;

	text_of(r, next, &t);
	ck_ok(keyring_read(buf_str(&t), t.len, &pin, &back, &err));
	ck_assert(back->has_next_root);
	keyring_pin_take(&pin, back, buf_str(&t), t.len);
	keyring_free(back);
	buf_free(&t);
	/* The next ring is signed by the new root; the organisation keeps its id. */
	r->serial = 8;
	buf_init(&t, KEYRING_MAX);
	ck_ok(keyring_write(r, next, NULL, &t, &err));
	ck_ok(keyring_read(buf_str(&t), t.len, &pin, &back, &err));
	keyring_free(back);
	buf_reset(&t);
	ck_ok(keyring_write(r, root, NULL, &t, &err));
	ck_err(keyring_read(buf_str(&t), t.len, &pin, &back, &err), ERR_DENIED, "not signed by the root");
	/* Announcing somebody else's key without their signature gains nothing. */
	buf_reset(&t);
	ck_ok(keyring_write(r, next, third, &t, &err));
	{
		char *at = strstr((char *)t.data, "signature-next = ");

		ck_assert_ptr_nonnull(at);
		at[20] = at[20] == 'A' ? 'B' : 'A';
	}
	ck_assert_int_eq(keyring_read(buf_str(&t), t.len, &pin, &back, &err), ERR_DENIED);
	seal_key_free(next);
	seal_key_free(third);
	keyring_free(r);
	buf_free(&t);
}
END_TEST

static void
goes_to(const struct keyring *r, uint8_t lane, int64_t day, size_t want_n, const uint8_t *want, bool want_stale)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	size_t n = 0;
	bool stale = !want_stale;

	ck_ok(keyring_recipients(r, lane, day, to, &n, &stale, &err));
	ck_assert_uint_eq(n, want_n);
	ck_assert_int_eq(stale, want_stale);
	for (size_t i = 0; i < n; i++) {
		enum key_use use = lane == LANE_CONCERNS ? KEY_CONCERN : i == 0 ? KEY_RESPONSE : KEY_ESCROW;
		struct seal_key *k = test_key(use, want[i]);

		ck_assert_mem_eq(to[i].public_, seal_key_public(k), 32);
		seal_key_free(k);
	}
}

START_TEST(an_expired_key_never_stops_collection_and_a_stopped_one_does)
{
	struct keyring *r = ring_new(7);
	struct seal_recipient to[RECORD_RECIPIENTS];
	size_t n;
	bool stale;

	goes_to(r, LANE_ANSWERS, 150, 2, (const uint8_t[]){ 12, 13 }, false);
	goes_to(r, LANE_ANSWERS, 201, 2, (const uint8_t[]){ 12, 13 }, true);
	goes_to(r, LANE_ANSWERS, 99, 2, (const uint8_t[]){ 12, 13 }, true);
	add(r, KEY_RESPONSE, 50, 140, 300, KEY_ACTIVE);
	add(r, KEY_ESCROW, 51, 140, 300, KEY_NEXT);
	goes_to(r, LANE_ANSWERS, 150, 2, (const uint8_t[]){ 50, 13 }, false);
	goes_to(r, LANE_ANSWERS, 120, 2, (const uint8_t[]){ 12, 13 }, false);
	goes_to(r, LANE_ANSWERS, 400, 2, (const uint8_t[]){ 50, 13 }, true);
	r->keys[0].state = KEY_STOP;
	goes_to(r, LANE_ANSWERS, 120, 2, (const uint8_t[]){ 50, 13 }, true);
	r->keys[6].state = KEY_STOP;
	ck_err(keyring_recipients(r, LANE_ANSWERS, 150, to, &n, &stale, &err), ERR_DENIED, "every response key is stopped");
	goes_to(r, LANE_CONCERNS, 150, 1, (const uint8_t[]){ 14 }, false);
	add(r, KEY_CONCERN, 60, 100, 200, KEY_ACTIVE);
	add(r, KEY_CONCERN, 61, 160, 200, KEY_ACTIVE);
	goes_to(r, LANE_CONCERNS, 150, 2, (const uint8_t[]){ 14, 60 }, false);
	goes_to(r, LANE_CONCERNS, 170, 3, (const uint8_t[]){ 14, 60, 61 }, false);
	goes_to(r, LANE_CONCERNS, 300, 1, (const uint8_t[]){ 61 }, true);
	keyring_free(r);
}
END_TEST

START_TEST(verifiers_are_active_or_old_never_stopped_or_next)
{
	struct keyring *r = ring_new(7);

	ck_assert_ptr_nonnull(keyring_verifier(r, KEY_RECEIPT, r->keys[4].id));
	r->keys[4].state = KEY_OLD;
	ck_assert_ptr_nonnull(keyring_verifier(r, KEY_RECEIPT, r->keys[4].id));
	r->keys[4].state = KEY_STOP;
	ck_assert_ptr_null(keyring_verifier(r, KEY_RECEIPT, r->keys[4].id));
	r->keys[4].state = KEY_NEXT;
	ck_assert_ptr_null(keyring_verifier(r, KEY_RECEIPT, r->keys[4].id));
	ck_assert_ptr_null(keyring_verifier(r, KEY_PUBLISH, r->keys[4].id));
	keyring_free(r);
}
END_TEST

START_TEST(a_ring_holds_64_keys_and_each_once)
{
	struct keyring *r = ring_new(7), *back = NULL;
	struct buf t;
	uint8_t key[32] = { 0 };

	while (r->n < KEYRING_KEYS) {
		key[0] = (uint8_t)r->n;
		ck_ok(keyring_add(r, KEY_CONCERN, key, 32, 1, 2, KEY_OLD, &err));
	}
	key[1] = 1;
	ck_err(keyring_add(r, KEY_CONCERN, key, 32, 1, 2, KEY_OLD, &err), ERR_LIMIT, "at most 64");
	text_of(r, NULL, &t);
	ck_ok(keyring_read(buf_str(&t), t.len, &pin, &back, &err));
	ck_assert_uint_eq(back->n, 64);
	r->n = 10;
	key[0] = 9;
	key[1] = 0;
	ck_err(keyring_add(r, KEY_CONCERN, key, 32, 1, 2, KEY_OLD, &err), ERR_EXISTS, "in the ring already");
	r->n = 64;
	keyring_free(r);
	keyring_free(back);
	buf_free(&t);
}
END_TEST

START_TEST(a_pin_comes_back)
{
	struct keyring_pin got;
	char path[128];
	struct stat st;

	pin.ring_serial = 12;
	pin.bundle_serial[3] = 9;
	snprintf(path, sizeof(path), "%s/root.pin", folder);
	ck_err(keyring_pin_read(path, &got, &err), ERR_ABSENT, "no such file");
	ck_ok(keyring_pin_write(path, &pin, &err));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	memset(&got, 0, sizeof(got));
	ck_ok(keyring_pin_read(path, &got, &err));
	ck_assert_uint_eq(got.ring_serial, 12);
	ck_assert_uint_eq(got.bundle_serial[3], 9);
	ck_assert_mem_eq(got.root, pin.root, 32);
	ck_assert_mem_eq(got.org, pin.org, 16);
	ck_ok(file_write(path, "candour-pin 1\norg = 00\n", 23, 0600, &err));
	ck_err(keyring_pin_read(path, &got, &err), ERR_INPUT, "line 2: org is not 32 lower case hex digits");
}
END_TEST

/* --- key files --- */

static enum err_code
say(void *arg, const char *path, struct buf *pass, struct err *e)
{
	(void)path;
	(void)e;
	buf_puts(pass, arg);
	return ERR_OK;
}

START_TEST(a_locked_key_opens_with_its_passphrase_only)
{
	static const struct seal_cost cost = { 2, 19 * 1024 };
	struct seal_key *k = test_key(KEY_CONCERN, 44), *back = NULL;
	struct keyfile f = { .use = 0 }, shown = { .use = 0 };
	char path[128], right[] = "six plain words", wrong[] = "six plain wordz";
	struct buf text;

	snprintf(path, sizeof(path), "%s/concern.key", folder);
	ck_ok(keyfile_of(k, &f, &err));
	ck_ok(keyfile_write_cost(path, &f, right, strlen(right), &cost, &err));
	ck_err(keyfile_write_cost(path, &f, right, strlen(right), &cost, &err), ERR_EXISTS, "there already");
	ck_err(keyfile_load(path, KEY_CONCERN, say, wrong, &back, &err), ERR_DENIED, "wrong passphrase");
	ck_err(keyfile_load(path, KEY_CONCERN, NULL, NULL, &back, &err), ERR_DENIED, "no one to ask");
	ck_err(keyfile_load(path, KEY_RESPONSE, say, right, &back, &err), ERR_INPUT, "a concern key, not a response key");
	ck_ok(keyfile_load(path, KEY_CONCERN, say, right, &back, &err));
	ck_assert_mem_eq(seal_key_public(back), seal_key_public(k), 32);
	ck_ok(keyfile_show(path, &shown, &err));
	ck_assert_int_eq(shown.use, KEY_CONCERN);
	ck_assert_uint_eq(shown.secret.len, 0);
	/* Every line is authenticated: a cheaper cost written in cannot be passed off. */
	buf_init(&text, KEYFILE_MAX);
	ck_ok(file_read(path, &text, &err));
	memcpy(strstr((char *)text.data, "t = 2"), "t = 3", 5);
	ck_ok(file_write(path, text.data, text.len, 0600, &err));
	seal_key_free(back);
	ck_err(keyfile_load(path, KEY_CONCERN, say, right, &back, &err), ERR_DENIED, "or the file was changed");
	memcpy(strstr((char *)text.data, "t = 3"), "t = 1", 5);
	ck_ok(file_write(path, text.data, text.len, 0600, &err));
	ck_err(keyfile_load(path, KEY_CONCERN, say, right, &back, &err), ERR_INPUT, "too small");
	buf_free(&text);
	keyfile_clear(&f);
	keyfile_clear(&shown);
	seal_key_free(k);
}
END_TEST

START_TEST(a_credential_comes_from_systemd_and_only_for_us)
{
	struct seal_key *k = test_key(KEY_RECEIPT, 45), *back = NULL;
	struct keyfile f = { .use = 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/receipt", folder);
	ck_ok(keyfile_of(k, &f, &err));
	ck_ok(keyfile_write_raw(path, &f, &err));
	unsetenv("CREDENTIALS_DIRECTORY");
	ck_err(keyfile_load("", KEY_RECEIPT, NULL, NULL, &back, &err), ERR_ABSENT, "hands over no credentials");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	ck_ok(keyfile_load(NULL, KEY_RECEIPT, NULL, NULL, &back, &err));
	ck_assert_mem_eq(seal_key_public(back), seal_key_public(k), 32);
	seal_key_free(back);
	/* where systemd lets the service's user in by an ACL, the mode shows its mask */
	ck_assert_int_eq(chmod(path, 0440), 0);
	ck_ok(keyfile_load(NULL, KEY_RECEIPT, NULL, NULL, &back, &err));
	seal_key_free(back);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_err(keyfile_load(NULL, KEY_RECEIPT, NULL, NULL, &back, &err), ERR_DENIED, "mode 0444 lets others read");
	ck_err(keyfile_load(NULL, KEY_RESPONSE, NULL, NULL, &back, &err), ERR_ABSENT, "no such file");
	unsetenv("CREDENTIALS_DIRECTORY");
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_err(keyfile_load(path, KEY_RECEIPT, NULL, NULL, &back, &err), ERR_DENIED, "mode 0640 lets others read");
	ck_assert_ptr_null(back);
	keyfile_clear(&f);
	seal_key_free(k);
}
END_TEST

START_TEST(one_share_says_nothing_and_two_give_the_key)
{
	struct seal_key *k = test_key(KEY_ESCROW, 46), *other = test_key(KEY_RESPONSE, 46), *back = NULL;
	struct buf s[3];
	uint8_t wrong[32] = { 9 };

	ck_err(keyfile_split(other, s, &err), ERR_INPUT, "only the escrow key is split");
	ck_ok(keyfile_split(k, s, &err));
	for (int a = 0; a < 3; a++) {
		for (int b = 0; b < 3; b++) {
			if (a == b)
				continue;
			ck_ok(keyfile_join(buf_str(&s[a]), buf_str(&s[b]), seal_key_public(k), &back, &err));
			seal_key_free(back);
			ck_err(keyfile_join(buf_str(&s[a]), buf_str(&s[b]), wrong, &back, &err), ERR_DENIED, "another key");
			ck_assert_ptr_null(back);
		}
	}
	for (int i = 0; i < 3; i++)
		buf_free(&s[i]);
	seal_key_free(k);
	seal_key_free(other);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("keyring");
	TCase *t = tcase_create("keyring");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_ring_comes_back_as_it_was_signed);
	tcase_add_test(t, no_changed_byte_is_taken);
	tcase_add_test(t, refusals_say_why);
	tcase_add_test(t, the_root_hands_over_to_the_next_one);
	tcase_add_test(t, the_ring_of_a_handover_is_read_before_and_after);
	tcase_add_test(t, an_expired_key_never_stops_collection_and_a_stopped_one_does);
	tcase_add_test(t, verifiers_are_active_or_old_never_stopped_or_next);
	tcase_add_test(t, a_ring_holds_64_keys_and_each_once);
	tcase_add_test(t, a_pin_comes_back);
	tcase_add_test(t, a_locked_key_opens_with_its_passphrase_only);
	tcase_add_test(t, a_credential_comes_from_systemd_and_only_for_us);
	tcase_add_test(t, one_share_says_nothing_and_two_give_the_key);
	return s;
}

TEST_MAIN(suite)
