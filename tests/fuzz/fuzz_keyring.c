/* Any text: a key ring that is read at all is written back the same up to its signatures, and none is accepted that
 * the pinned root did not sign; words that are read are in the list. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "collector/keyring.h"
#include "collector/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t seed[32] = { 4 };	/* a test key, which signs nothing but here */
	const char *text = (const char *)data;
	struct seal_key *root = NULL;
	struct keyring *ring = NULL;
	struct keyring_pin pin;
	uint16_t words[4];
	struct buf out;
	struct err err;

	if (seal_key_from(KEY_ROOT, seed, &root, &err) != ERR_OK)
		abort();
	keyring_pin_init(&pin, seal_key_public(root));
	assert(keyring_read(text, len, &pin, &ring, &err) != ERR_OK && ring == NULL);
	if (keyring_parse(text, len, &ring, &err) == ERR_OK) {
		assert(ring->n <= KEYRING_KEYS);
		buf_init(&out, KEYRING_MAX * 2);
		if (!ring->has_next_root && keyring_write(ring, root, NULL, &out, &err) == ERR_OK) {
			size_t same = (size_t)((const char *)memmem(out.data, out.len, "\nsignature = ", 13) - (char *)out.data);

			assert(same < len && memcmp(out.data, data, same) == 0);
		}
		buf_free(&out);
	}
	keyring_free(ring);
	if (words_read(WORDS_EN, text, len, words, 4, &err) == ERR_OK)
		for (int i = 0; i < 4; i++)
			assert(words[i] < WORDS);
	seal_key_free(root);
	return 0;
}
