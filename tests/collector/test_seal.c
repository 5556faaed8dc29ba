/* collector/seal.c and record.c. Known answers: RFC 7748 6.1 (X25519), RFC 8032 7.1 test 1 (Ed25519 key),
 * OpenSSL 3.0's pkeyutl (the signature over a labelled message with that key), draft-irtf-cfrg-xchacha-03 A.3.1
 * (XChaCha20-Poly1305). Whole records are opened by another implementation in test_open.sh. */
#include "base/codec.h"
#include "tests/collector/site.h"

static void
from_hex(const char *hex, void *out, size_t len)
{
	ck_assert(hex_get(hex, strlen(hex), out, len));
}

static void
is_hex(const void *got, size_t len, const char *want)
{
	char text[513];

	hex_str(got, len, text);
	ck_assert_str_eq(text, want);
}

START_TEST(x25519_pair_is_rfc_7748)
{
	struct seal_key *k = NULL;
	uint8_t secret[32];

	from_hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", secret, 32);
	ck_ok(seal_key_from(KEY_RESPONSE, secret, &k, &err));
	is_hex(seal_key_public(k), 32, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	seal_key_free(k);
}
END_TEST

START_TEST(ed25519_pair_and_signature_are_rfc_8032_and_openssl)
{
	struct seal_key *k = NULL;
	uint8_t seed[32], signature[64];

	from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, 32);
	ck_ok(seal_key_from(KEY_DEVICE, seed, &k, &err));
	is_hex(seal_key_public(k), 32, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
	/* printf 'candour/1 batch\0hello' | openssl pkeyutl -sign -rawin */
	ck_ok(seal_sign(k, "batch", "hello", 5, signature, &err));
	is_hex(signature, 64, "545d75509f120ff15e90952014c1425978b0b615568e1b81e92aea4f0525e98f"
	    "a0dc941f23ea02f1512d3986de27ffc66af1e88fee6371341c3391ec300f4808");
	ck_assert(seal_verify(seal_key_public(k), "batch", "hello", 5, signature));
	ck_assert(!seal_verify(seal_key_public(k), "batch", "hellp", 5, signature));
	ck_assert(!seal_verify(seal_key_public(k), "receipt", "hello", 5, signature));
	signature[63] ^= 0x20;
	ck_assert(!seal_verify(seal_key_public(k), "batch", "hello", 5, signature));
	seal_key_free(k);
}
END_TEST

START_TEST(locked_box_is_the_xchacha_draft)
{
	static const char plain[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
	    "the future, sunscreen would be it.";
	uint8_t key[32], nonce[24], ad[12];
	struct buf box, back;

	from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", key, 32);
	from_hex("404142434445464748494a4b4c4d4e4f5051525354555657", nonce, 24);
	from_hex("50515253c0c1c2c3c4c5c6c7", ad, 12);
	buf_init(&box, 1000);
	buf_init_secret(&back, 1000);
	ck_ok(seal_lock(key, nonce, ad, 12, plain, strlen(plain), &box, &err));
	is_hex(box.data, box.len, "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
	    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
	    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
	    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
	ck_ok(seal_unlock(key, nonce, ad, 12, box.data, box.len, &back, &err));
	ck_assert_str_eq(buf_str(&back), plain);
	buf_reset(&back);
	box.data[3] ^= 1;
	ck_err(seal_unlock(key, nonce, ad, 12, box.data, box.len, &back, &err), ERR_DENIED, "wrong key");
	ck_assert_uint_eq(back.len, 0);
	buf_free(&box);
	buf_free(&back);
}
END_TEST

/* The paper counts 192 sizes up to 1 MiB, at most 12.5 % over from 4 KiB; Padme (Nikitin et al. 2019, algorithm 1)
 * from 16 KiB on. */
START_TEST(padding_has_192_sizes_and_costs_at_most_an_eighth)
{
	size_t last = 0, sizes = 0;

	for (size_t len = 0; len <= RECORD_PLAIN_MAX; len++) {
		size_t padded = record_padded(LANE_ANSWERS, len);

		if (padded <= len || padded % record_step(LANE_ANSWERS, padded) != 0
		    || (len >= 4096 && (padded - len) * 8 > len + 8))
			ck_abort_msg("%zu becomes %zu", len, padded);
		if (padded != last)
			sizes++;
		last = padded;
	}
	ck_assert_uint_eq(last, 1024 * 1024);
	ck_assert_uint_eq(sizes, 192);
	ck_assert_uint_eq(record_padded(LANE_CONCERNS, 0), 16384);
	ck_assert_uint_eq(record_padded(LANE_CONCERNS, 16383), 16384);
}
END_TEST

/* The wire form of a record of TEXT. */
static void
wire_of(uint8_t lane, const char *text, struct buf *wire)
{
	struct sealed_record r;

	seal_text(lane, NULL, text, &r);
	buf_init(wire, RECORD_WIRE_MAX);
	sealed_record_put(&r, wire);
	sealed_record_clear(&r);
}

static enum err_code
open_wire(const struct buf *wire, const struct seal_key *k, struct buf *out)
{
	struct record r;
	enum err_code rc = record_read(wire->data, wire->len, &r, &err);

	return rc == ERR_OK ? seal_open(k, &r, out, &err) : rc;
}

START_TEST(opens_with_either_key_and_no_other)
{
	struct seal_key *response = test_key(KEY_RESPONSE, 1), *escrow = test_key(KEY_ESCROW, 2);
	struct seal_key *other = test_key(KEY_RESPONSE, 3), *concern = test_key(KEY_CONCERN, 1);
	struct record_plain p;
	struct buf wire, out;

	wire_of(LANE_ANSWERS, "<data>ZZ</data>", &wire);
	buf_init_secret(&out, RECORD_PLAIN_MAX + 70000);
	ck_assert_uint_eq(wire.len, 1 + 328 + 512);
	ck_ok(open_wire(&wire, response, &out));
	ck_ok(record_plain_get(out.data, out.len, &p, &err));
	ck_assert_uint_eq(p.len, 15);
	ck_assert_mem_eq(p.content, "<data>ZZ</data>", 15);
	buf_reset(&out);
	ck_ok(open_wire(&wire, escrow, &out));
	buf_reset(&out);
	ck_err(open_wire(&wire, other, &out), ERR_DENIED, "not sealed to this response key");
	ck_err(open_wire(&wire, concern, &out), ERR_DENIED, "not sealed to this concern key");
	ck_assert_uint_eq(out.len, 0);
	buf_free(&wire);
	wire_of(LANE_CONCERNS, "unsafe", &wire);
	ck_assert_uint_eq(wire.len, 1 + 128 + 80 + 24 + 16 + 16384);
	ck_err(open_wire(&wire, response, &out), ERR_DENIED, "not sealed to this");
	ck_err(open_wire(&wire, escrow, &out), ERR_DENIED, "not sealed to this");
	ck_ok(open_wire(&wire, concern, &out));
	buf_free(&wire);
	buf_free(&out);
	seal_key_free(response);
	seal_key_free(escrow);
	seal_key_free(other);
	seal_key_free(concern);
}
END_TEST

/* Every byte of a whole record. The escrow wrap is not looked at by the response key; verify and intake find a
 * change there by hw. */
START_TEST(refuses_a_changed_byte)
{
	struct seal_key *k = test_key(KEY_RESPONSE, 1);
	struct buf wire, out;

	wire_of(LANE_ANSWERS, "5 of 5", &wire);
	buf_init_secret(&out, 4096);
	ck_assert_uint_eq(wire.len, 841);
	for (size_t i = 0; i < wire.len; i++) {
		bool escrow_wrap = i >= 1 + 128 + 80 && i < 1 + 128 + 160;
		enum err_code rc;

		wire.data[i] ^= 1;
		rc = open_wire(&wire, k, &out);
		wire.data[i] ^= 1;
		if (escrow_wrap)
			ck_assert_msg(rc == ERR_OK, "byte %zu: %s", i, err_word(rc));
		else
			ck_assert_msg((rc == ERR_DENIED || rc == ERR_INPUT) && out.len == 0, "byte %zu: %s", i, err_word(rc));
		buf_reset(&out);
	}
	buf_free(&wire);
	buf_free(&out);
	seal_key_free(k);
}
END_TEST

START_TEST(refuses_every_length_but_its_own)
{
	struct buf wire;
	struct record r;

	wire_of(LANE_ANSWERS, "x", &wire);
	for (size_t len = 0; len < wire.len; len++) {
		uint8_t *copy = malloc(len + 1);	/* so that ASan sees a read past the end */

		memcpy(copy, wire.data, len);
		ck_assert_int_eq(record_read(copy, len, &r, &err), ERR_INPUT);
		free(copy);
	}
	buf_u8(&wire, 0);
	ck_err(record_read(wire.data, wire.len, &r, &err), ERR_INPUT, "its header says");
	buf_free(&wire);
}
END_TEST

/* Poly1305 is not committing: two keys can be wrapped for one body. The nonce must be that of key and header. */
START_TEST(refuses_a_body_under_another_nonce)
{
	struct seal_key *k = test_key(KEY_RESPONSE, 1);
	struct seal_recipient to = recipient(k);
	uint8_t dek[32] = { 9 }, plain[512] = { 1, 1, 0, 0 }, nonce[24] = { 7 };
	struct record_header h = { .n = 1, .body_len = 528 };
	uint8_t header[128], wrap[80];
	struct buf wire, out, box;

	plain[100] = 0x80;
	memcpy(h.key_ids[0], to.id, 8);
	record_header_put(&h, header);
	ck_ok(seal_wrap(&to, dek, wrap, &err));
	buf_init(&box, 1000);
	buf_put(&box, nonce, 24);
	ck_ok(seal_lock(dek, nonce, header, 128, plain, 512, &box, &err));
	buf_init(&wire, 1000);
	buf_init_secret(&out, 1000);
	record_put_whole(&wire, header, wrap, 1, box.data, box.len);
	ck_err(open_wire(&wire, k, &out), ERR_DENIED, "do not belong to this body");
	buf_free(&wire);
	buf_free(&out);
	buf_free(&box);
	seal_key_free(k);
}
END_TEST

START_TEST(plaintext_head_comes_back)
{
	struct record_plain p = { .type = PLAIN_COUNTERS, .quality = CLOCK_SYNCED, .half_day = 40000,
		.boot_half_day = 3, .content = (const uint8_t *)"abc", .len = 3 }, q;
	struct buf b;

	memset(p.form, 5, 16);
	memset(p.boot, 6, 8);
	buf_init_secret(&b, 100);
	record_plain_put(&p, &b);
	ck_assert_uint_eq(b.len, PLAIN_HEAD + 3);
	ck_ok(record_plain_get(b.data, b.len, &q, &err));
	ck_assert_mem_eq(q.form, p.form, 16);
	ck_assert_mem_eq(q.boot, p.boot, 8);
	ck_assert_uint_eq(q.half_day, 40000);
	ck_assert_uint_eq(q.boot_half_day, 3);
	ck_assert_int_eq(q.type, PLAIN_COUNTERS);
	ck_assert_int_eq(q.quality, CLOCK_SYNCED);
	ck_assert_uint_eq(q.len, 3);
	ck_err(record_plain_get(b.data, PLAIN_HEAD - 1, &q, &err), ERR_INPUT, "only 35 bytes");
	b.data[1] = 9;
	ck_err(record_plain_get(b.data, b.len, &q, &err), ERR_INPUT, "unknown type 9");
	b.data[0] = 2;
	ck_err(record_plain_get(b.data, b.len, &q, &err), ERR_INPUT, "version 2");
	buf_free(&b);
}
END_TEST

START_TEST(times_are_cut_to_half_days)
{
	static const uint8_t boot[16] = { 1, 2, 3 };
	struct record_plain p = { .type = 1 };

	record_plain_time(&p, &clock_system, 0, CLOCK_UNKNOWN, boot);
	ck_assert_uint_eq(p.half_day, (uint32_t)(clock_now_s(&clock_system) / 43200));
	ck_assert_mem_eq(p.boot, boot, 8);
	record_plain_time(&p, &clock_system, 86400, CLOCK_UNKNOWN, NULL);
	ck_assert_uint_eq(p.half_day, (uint32_t)(clock_now_s(&clock_system) / 43200 + 2));
}
END_TEST

START_TEST(limits_are_named)
{
	struct seal_key *k = test_key(KEY_CONCERN, 1);
	struct seal_recipient to = recipient(k);
	uint8_t *big = calloc(1, RECORD_PLAIN_MAX);
	struct record_plain p = { .type = PLAIN_INSTANCE, .content = big, .len = RECORD_PLAIN_MAX - PLAIN_HEAD };
	struct sealed_record r;

	ck_assert_ptr_nonnull(big);
	ck_ok(seal_record(&to, 1, LANE_ANSWERS, device_a, NULL, NULL, &p, &r, &err));
	ck_assert_uint_eq(r.nonce_body.len, 24 + 1024 * 1024 + 16);
	sealed_record_clear(&r);
	p.len++;
	ck_err(seal_record(&to, 1, LANE_ANSWERS, device_a, NULL, NULL, &p, &r, &err), ERR_LIMIT, "too long to seal");
	p.len = 16383 - PLAIN_HEAD;
	ck_ok(seal_record(&to, 1, LANE_CONCERNS, device_a, NULL, NULL, &p, &r, &err));
	ck_assert_uint_eq(r.nonce_body.len, 24 + 16384 + 16);
	sealed_record_clear(&r);
	p.len++;
	ck_err(seal_record(&to, 1, LANE_CONCERNS, device_a, NULL, NULL, &p, &r, &err), ERR_LIMIT, "too long");
	ck_err(seal_record(&to, 0, LANE_ANSWERS, device_a, NULL, NULL, &p, &r, &err), ERR_INPUT, "0 recipients");
	memset(to.public_, 0, 32);
	p.len = 1;
	ck_err(seal_record(&to, 1, LANE_ANSWERS, device_a, NULL, NULL, &p, &r, &err), ERR_INPUT, "no point");
	ck_assert_ptr_null(r.nonce_body.data);
	free(big);
	seal_key_free(k);
}
END_TEST

START_TEST(epoch_and_withdrawal_records_read_back)
{
	struct record_epoch e = { .seq = 12, .reason = EPOCH_FORK }, got;
	uint8_t w[32] = { 3 };
	struct sealed_record s;
	struct record r;
	struct buf wire;

	memset(e.before, 8, 16);
	memset(e.link.bytes, 9, 32);
	buf_init(&wire, 1000);
	ck_ok(seal_epoch(device_a, LANE_CONCERNS, &e, &s, &err));
	sealed_record_put(&s, &wire);
	ck_ok(record_read(wire.data, wire.len, &r, &err));
	ck_ok(record_epoch_get(&r, &got, &err));
	ck_assert_uint_eq(got.seq, 12);
	ck_assert_uint_eq(got.reason, EPOCH_FORK);
	ck_assert_mem_eq(got.before, e.before, 16);
	ck_assert_mem_eq(got.link.bytes, e.link.bytes, 32);
	wire.data[wire.len - 1] = EPOCH_REASONS;
	ck_err(record_read(wire.data, wire.len, &r, &err), ERR_INPUT, "unknown reason");
	sealed_record_clear(&s);
	buf_reset(&wire);
	ck_ok(seal_withdrawal(device_a, w, &s, &err));
	sealed_record_put(&s, &wire);
	ck_ok(record_read(wire.data, wire.len, &r, &err));
	ck_assert_int_eq(r.head.kind, RECORD_WITHDRAWAL);
	ck_err(record_epoch_get(&r, &got, &err), ERR_INPUT, "does not open an epoch");
	wire.data[wire.len - 1] ^= 1;
	ck_err(record_read(wire.data, wire.len, &r, &err), ERR_INPUT, "does not hash to its tag");
	sealed_record_clear(&s);
	buf_free(&wire);
}
END_TEST

START_TEST(skeleton_keeps_the_leaf_and_opens_no_more)
{
	struct seal_key *k = test_key(KEY_RESPONSE, 1);
	struct record whole, skeleton;
	struct buf wire, short_, out;

	wire_of(LANE_ANSWERS, "x", &wire);
	buf_init(&short_, 1000);
	buf_init_secret(&out, 1000);
	ck_ok(record_read(wire.data, wire.len, &whole, &err));
	record_put_erased(&short_, whole.header, &whole.hw, &whole.hb);
	ck_ok(record_read(short_.data, short_.len, &skeleton, &err));
	ck_assert(skeleton.erased);
	ck_assert(chain_same(&skeleton.leaf, &whole.leaf));
	ck_err(seal_open(k, &skeleton, &out, &err), ERR_ABSENT, "erased");
	buf_free(&wire);
	buf_free(&short_);
	buf_free(&out);
	seal_key_free(k);
}
END_TEST

START_TEST(passwords_verify_and_refuse)
{
	char hash[SEAL_PASSWORD];

	ck_ok(seal_password_hash("correct horse", 13, hash, &err));
	ck_assert(strncmp(hash, "$argon2id$v=19$m=65536,t=3,p=1$", 31) == 0);
	ck_ok(seal_password_verify(hash, "correct horse", 13, &err));
	ck_err(seal_password_verify(hash, "correct horsf", 13, &err), ERR_DENIED, "another");
	ck_err(seal_password_verify("plain", "plain", 5, &err), ERR_INPUT, "not a stored password");
}
END_TEST

/* Argon2id by the reference implementation: argon2 0~20190702 (Debian), "printf PASS | argon2 somesaltsomesalt -id
 * -t T -k M -p 1 -l 32"; the costs are those of drafts and the least there is. */
START_TEST(stretching_is_argon2id)
{
	static const struct { const char *pass; struct seal_cost cost; const char *want; } known[] = {
		{ "a passphrase of a test", { 3, 65536 }, "e03a970de7a1d609206c06684633b2efab6f536ecb76d0342b1cb6afbbd28919" },
		{ "a passphrase of a test", { 2, 19456 }, "4329eda49b5130d204f548eaca303d441e01c5340065e77f565fbb2f348895e2" },
	};
	uint8_t out[32];

	ck_ok(seal_stretch(known[_i].pass, strlen(known[_i].pass), (const uint8_t *)"somesaltsomesalt", &known[_i].cost, out,
	    &err));
	is_hex(out, 32, known[_i].want);
}
END_TEST

/* The same, "argon2 somesaltsomesalt -id -t 2 -k 19456 -p 1 -l 32 -e". */
START_TEST(a_password_hashed_elsewhere_verifies)
{
	static const char hash[] = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
	    "k9ohroejZy1PN5E1SbHNPug6vB8eQAahb5SOAp6iGF4";

	ck_ok(seal_password_verify(hash, "correct horse", 13, &err));
	ck_err(seal_password_verify(hash, "correct horsf", 13, &err), ERR_DENIED, "another");
}
END_TEST

START_TEST(refuses_a_cost_out_of_bounds)
{
	struct seal_cost low = { 1, 65536 }, small = { 3, 1024 }, high = { 11, 65536 };
	uint8_t salt[16] = { 0 }, out[32];

	ck_err(seal_stretch("x", 1, salt, &low, out, &err), ERR_INPUT, "too small");
	ck_err(seal_stretch("x", 1, salt, &small, out, &err), ERR_INPUT, "too small");
	ck_err(seal_stretch("x", 1, salt, &high, out, &err), ERR_INPUT, "too large");
}
END_TEST

START_TEST(words_lead_to_one_tag_on_one_device_only)
{
	static const uint16_t words[4] = { 1, 2, 3, 4 }, other[4] = { 1, 2, 4, 3 };
	static const uint8_t device_b[16] = "device-b-------";
	uint8_t w1[32], w2[32], w3[32], w4[32], tag[16];

	ck_ok(seal_withdraw(device_a, words, w1, &err));
	/* Python: hashlib.blake2b for the salt, argon2-cffi 21.1.0 (the reference implementation) for the rest. */
	is_hex(w1, 32, "a9940f74e610743f4e3c50030118c4ef3079975a0f5cc8d013e23622cb0a8afd");
	chain_withdraw_tag(w1, tag);
	is_hex(tag, 16, "08313d35a145219468abb389f0a48376");
	ck_ok(seal_withdraw(device_a, words, w2, &err));
	ck_ok(seal_withdraw(device_b, words, w3, &err));
	ck_ok(seal_withdraw(device_a, other, w4, &err));
	ck_assert(seal_equal(w1, w2, 32));
	ck_assert(!seal_equal(w1, w3, 32));
	ck_assert(!seal_equal(w1, w4, 32));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("seal");
	TCase *t = tcase_create("seal");

	suite_add_tcase(s, t);
	tcase_add_test(t, x25519_pair_is_rfc_7748);
	tcase_add_test(t, ed25519_pair_and_signature_are_rfc_8032_and_openssl);
	tcase_add_test(t, locked_box_is_the_xchacha_draft);
	tcase_add_test(t, padding_has_192_sizes_and_costs_at_most_an_eighth);
	tcase_add_test(t, opens_with_either_key_and_no_other);
	tcase_add_test(t, refuses_a_changed_byte);
	tcase_add_test(t, refuses_every_length_but_its_own);
	tcase_add_test(t, refuses_a_body_under_another_nonce);
	tcase_add_test(t, plaintext_head_comes_back);
	tcase_add_test(t, times_are_cut_to_half_days);
	tcase_add_test(t, limits_are_named);
	tcase_add_test(t, epoch_and_withdrawal_records_read_back);
	tcase_add_test(t, skeleton_keeps_the_leaf_and_opens_no_more);
	tcase_add_test(t, passwords_verify_and_refuse);
	tcase_add_loop_test(t, stretching_is_argon2id, 0, 2);
	tcase_add_test(t, a_password_hashed_elsewhere_verifies);
	tcase_add_test(t, refuses_a_cost_out_of_bounds);
	tcase_add_test(t, words_lead_to_one_tag_on_one_device_only);
	return s;
}

TEST_MAIN(suite)
