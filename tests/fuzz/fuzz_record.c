/* Any bytes: a record that is read at all is written back byte for byte, its header too; a stranger's key opens
 * none; and no plaintext is read that is not written back the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
whole(const struct record *r, const uint8_t *data, size_t len)
{
	uint8_t header[RECORD_HEADER];
	struct record_epoch e;
	struct buf out;
	struct err err;

	record_header_put(&r->head, header);
	assert(memcmp(header, r->header, sizeof(header)) == 0);
	buf_init(&out, RECORD_WIRE_MAX);
	if (r->erased)
		record_put_erased(&out, r->header, &r->hw, &r->hb);
	else
		record_put_whole(&out, r->header, r->wraps, r->head.n, r->nonce_body, r->nonce_body_len);
	assert(out.len == len && memcmp(out.data, data, len) == 0);
	buf_free(&out);
	if (record_epoch_get(r, &e, &err) == ERR_OK)
		assert(epoch_reason_word(e.reason) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[32] = { 3 };	/* a test key, to which nothing was ever sealed */
	struct seal_key *key = NULL;
	struct record_plain p;
	struct record r;
	struct buf out;
	struct err err;

	buf_init_secret(&out, RECORD_WIRE_MAX);
	if (seal_key_from(KEY_RESPONSE, seed, &key, &err) != ERR_OK)
		abort();
	if (record_read(data, len, &r, &err) == ERR_OK) {
		whole(&r, data, len);
		assert(seal_open(key, &r, &out, &err) != ERR_OK && out.len == 0);
	}
	if (record_plain_get(data, len, &p, &err) == ERR_OK) {
		record_plain_put(&p, &out);
		assert(out.len == len && memcmp(out.data, data, len) == 0);
	}
	seal_key_free(key);
	buf_free(&out);
	return 0;
}
