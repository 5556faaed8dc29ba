/* Any bytes: a receipt, a log root, a log proof and signed time that are read at all are written back byte for byte, and none
 * verifies under a key that did not sign it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sync/enrol.h"
#include "sync/logroot.h"
#include "sync/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[32] = { 2 };	/* a test key */
	struct seal_key *key = NULL;
	uint8_t again[RECEIPT_LEN] = { 0 };
	struct logproof proof;
	struct logroot root;
	struct buf whole;
	struct receipt r;
	struct err err;
	int64_t now;

	if (seal_key_from(KEY_RECEIPT, seed, &key, &err) != ERR_OK)
		abort();
	if (receipt_read(data, len, &r, &err) == ERR_OK) {
		assert(receipt_make(&r, key, again, &err) == ERR_OK);
		assert(memcmp(again, data, RECEIPT_SIGNED) == 0);
		assert(receipt_verify(again, RECEIPT_LEN, seal_key_public(key), &r, &err) == ERR_OK);
	}
	if (logroot_read(data, len, &root, &err) == ERR_OK) {
		assert(logroot_make(&root, key, again, &err) == ERR_OK);
		assert(memcmp(again, data, 136) == 0);
	}
	if (logproof_read(data, len, &proof, &err) == ERR_OK) {
		assert(proof.n_roots > 0);
		buf_init(&whole, LOGPROOF_MAX);
		logproof_put(&proof, &whole);
		assert(whole.len == len && memcmp(whole.data, data, len) == 0);
		buf_free(&whole);
		assert(!merkle_proves(again, proof.index, len, proof.path, proof.n_path, proof.roots));
	}
	if (len >= TIME_NONCE)
		assert(time_verify(data, len, data, seal_key_public(key), &now, &err) != ERR_OK || len == TIME_LEN);
	seal_key_free(key);
	return 0;
}
