/* Any bytes: a bundle that is read has files with good names that lie inside it and, made again from them, the same
 * payload. */
#include <assert.h>
#include <string.h>

#include "sync/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
files(const struct bundle *b)
{
	char name[BUNDLE_NAME_MAX + 1];
	const uint8_t *file;
	struct buf again;
	struct err err;
	size_t at = 0, n;

	buf_init(&again, BUNDLE_MAX);
	while (bundle_next(b, &at, name, &file, &n)) {
		assert(file >= b->payload && n <= (size_t)(b->payload + b->payload_len - file));
		assert(strlen(name) > 0 && strchr(name, '/') == NULL && name[0] != '.');
		assert(bundle_add(&again, name, file, n, &err) == ERR_OK);
	}
	if (at == b->payload_len && at > 0)
		assert(again.len == b->payload_len && memcmp(again.data, b->payload, again.len) == 0);
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* The payload alone, since no mutation finds its hash; then the whole. */
	struct bundle b = { .payload = data, .payload_len = (uint32_t)len };
	struct err err;

	if (len > 1 << 20)
		return 0;
	files(&b);
	if (bundle_read(data, len, &b, &err) == ERR_OK)
		files(&b);
	return 0;
}
