/* collector/chain.c. Expected values: Python 3.11's hashlib.blake2b(b"candour/1 NAME\0" + fields, digest_size=32)
 * (an implementation of RFC 7693 that is not libsodium's); SHA-256 from FIPS 180-4's example "abc". */
#include <string.h>

#include "base/codec.h"
#include "collector/chain.h"
#include "collector/seal.h"
#include "tests/test.h"

static void
is_hex(const void *got, size_t len, const char *want)
{
	char text[129];

	hex_str(got, len, text);
	ck_assert_str_eq(text, want);
}

static uint8_t filled[256];

static const uint8_t *
bytes(uint8_t value)
{
	memset(filled, value, sizeof(filled));
	return filled;
}

START_TEST(labelled_hash_is_blake2b)
{
	struct chain_hash h;

	chain_h("x", NULL, 0, &h);
	is_hex(h.bytes, 32, "51c06b99386e3c3970da264dcf8d2f59242c7a7425a2b1e65723a6c61ad1b194");
	chain_wraps(bytes(0x88), 2, &h);
	is_hex(h.bytes, 32, "feeb48c35df82c227ce967e5347c55afdd1fc4aff233e3e707d850bc538b408c");
	chain_body(bytes(0x99), 100, &h);
	is_hex(h.bytes, 32, "61594fb6a9b3f61f31f3486828052cdbc20aed61ddcfadb959168ebb28dfc762");
}
END_TEST

/* Before sodium_init() libsodium hashes with its portable code, after it with what suits the processor: `candour
 * verify` does without it (docs/sealing.md), everybody else does not. */
START_TEST(hashes_are_the_same_before_and_after_sodium_init)
{
	uint8_t any[8];

	ck_assert(chain_works());
	seal_random(any, sizeof(any));	/* calls it */
	ck_assert(chain_works());
}
END_TEST

START_TEST(leaf_link_and_genesis_are_as_drawn)
{
	struct chain_hash hw, hb, h;
	uint8_t header[128], device[16];

	for (int i = 0; i < 128; i++)
		header[i] = (uint8_t)i;
	memset(hw.bytes, 0x11, 32);
	memset(hb.bytes, 0x22, 32);
	chain_leaf(header, &hw, &hb, &h);
	is_hex(h.bytes, 32, "93efdfd880ec44808f05b5585f9657df5a46efa73d881bc0914842ef353eabdc");
	memset(hw.bytes, 0x33, 32);
	memset(hb.bytes, 0x44, 32);
	chain_link(&hw, 7, &hb, &hw);	/* in place */
	is_hex(hw.bytes, 32, "7d533ff960a506b8a36cd76cd6e746a42eb2bb584b7d540f421b7b2cbcf42a34");
	memset(device, 0x55, 16);
	chain_genesis(device, bytes(0x66), 1, &h);
	is_hex(h.bytes, 32, "ad0c25a6eb8ab1c29f68250658bd9a7b2ad7c9c76a345a611836dd81ac2c2ab2");
}
END_TEST

START_TEST(ids_are_first_bytes_of_their_hash)
{
	uint8_t id[16];

	chain_key_id(KEY_RESPONSE, bytes(0x77), 32, id);
	is_hex(id, 8, "4a53156c9c6aa3c5");
	chain_org_id(bytes(0x77), id);
	is_hex(id, 16, "146b7f5ec531c5e020d8f0598213b8ae");
	chain_device_id(bytes(0x77), "spki", 4, id);
	is_hex(id, 16, "c0acad033890bcb5e5ed816fa30a2253");
	chain_form_id("<h:html/>", 9, id);
	is_hex(id, 16, "dab58549774b0dbb8487163280676dea");
	chain_withdraw_tag(bytes(0xaa), id);
	is_hex(id, 16, "22fa88a4c1176b23e7c5341c0082502a");
}
END_TEST

/* The same ten bytes as one big number in base 32, by Python. */
START_TEST(fingerprint_is_crockford_base32_of_ten_bytes)
{
	uint8_t device[16];
	char text[20];

	for (int i = 0; i < 16; i++)
		device[i] = (uint8_t)(200 + i);
	chain_fingerprint(device, text);
	ck_assert_str_eq(text, "S34W-NJYC-SQ7C-ZM6H");
	ck_assert(chain_fingerprint_is(device, text));
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	ck_assert(chain_fingerprint_is(device, text));
	text[0] = text[0] == '0' ? '2' : '0';
	ck_assert(!chain_fingerprint_is(device, text));
	ck_assert(!chain_fingerprint_is(device, ""));
}
END_TEST

START_TEST(sha256_is_fips_180)
{
	uint8_t h[32];

	chain_sha256("abc", 3, h);
	is_hex(h, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(use_words_go_both_ways)
{
	for (int use = 1; use <= KEY_USES; use++)
		ck_assert_int_eq(key_use_of(key_use_word((enum key_use)use)), use);
	ck_assert_int_eq(key_use_of("passport"), 0);
	ck_assert_ptr_null(key_use_word((enum key_use)(KEY_USES + 1)));
	ck_assert_ptr_null(key_use_word((enum key_use)0));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("chain");

	suite_add_tcase(s, t);
	tcase_add_test(t, labelled_hash_is_blake2b);
	tcase_add_test(t, hashes_are_the_same_before_and_after_sodium_init);
	tcase_add_test(t, leaf_link_and_genesis_are_as_drawn);
	tcase_add_test(t, ids_are_first_bytes_of_their_hash);
	tcase_add_test(t, fingerprint_is_crockford_base32_of_ten_bytes);
	tcase_add_test(t, sha256_is_fips_180);
	tcase_add_test(t, use_words_go_both_ways);
	return s;
}

TEST_MAIN(suite)
