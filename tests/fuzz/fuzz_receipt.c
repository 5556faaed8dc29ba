/* Any bytes: a receipt, a log root and signed time that are read at all are written back byte for byte, and none
 * verifies under a key that did not sign it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/logroot.h"
#include "sync/enrol.h"
#include "sync/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[32] = { 2 };	/* a test key */
	struct seal_key *key = NULL;
	uint8_t again[RECEIPT_LEN];
	struct logroot root;
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
	if (len >= TIME_NONCE)
		assert(time_verify(data, len, data, seal_key_public(key), &now, &err) != ERR_OK || len == TIME_LEN);
	seal_key_free(key);
	return 0;
}
