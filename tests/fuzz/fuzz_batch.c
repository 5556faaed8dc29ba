/* Any bytes: what the batch reader takes is written back byte for byte, and its records cover the body exactly; the
 * intake's check never accepts a chain that does not end at the head's link. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct seal_key *
test_key(void)
{
	static const uint8_t seed[32] = { 1 };	/* a test key */
	struct seal_key *key = NULL;
	struct err err;

	if (seal_key_from(KEY_DEVICE, seed, &key, &err) != ERR_OK)
		abort();
	return key;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct batch_record records[BATCH_RECORDS];
	struct intake_batch b = { .bytes = data, .len = len };
	uint8_t again[BATCH_HEAD];
	struct err err = { 0 };
	struct seal_key *key;
	size_t sum = 0;

	if (batch_head_read(data, len, &b.h, &err) != ERR_OK)
		return 0;
	key = test_key();
	assert(batch_head_make(&b.h, key, again, &err) == ERR_OK);
	assert(memcmp(again, data, BATCH_HEADER) == 0);
	assert(batch_head_signed(again, sizeof(again), seal_key_public(key)));
	seal_key_free(key);
	if (batch_records(&b.h, data + BATCH_HEAD, len - BATCH_HEAD, records, &err) == ERR_OK) {
		for (uint32_t i = 0; i < b.h.n; i++)
			sum += 4 + records[i].len;
		assert(sum == len - BATCH_HEAD);
	}
	if (intake_check(&b, &err) == ERR_OK && b.h.n > 0)
		assert(memcmp(b.rows[b.h.n - 1].link, b.h.last, 32) == 0);
	intake_clear(&b);
	return 0;
}
