/* Any bytes from the server's side: the response reader ends, keeps its limits, and takes the same whether bytes come
 * at once or one by one. */
#include <assert.h>
#include <string.h>

#include "sync/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct source {
	const uint8_t *data;
	size_t len, at, piece;
};

static enum err_code
some(void *arg, void *out, size_t len, size_t *got, struct err *err)
{
	struct source *s = arg;
	size_t n = s->len - s->at;

	(void)err;
	if (n > len)
		n = len;
	if (n > s->piece)
		n = s->piece;
	memcpy(out, s->data + s->at, n);
	s->at += n;
	*got = n;
	return ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct source a = { data, len, 0, SIZE_MAX }, b = { data, len, 0, 1 };
	struct reply x, y;
	struct err err = { 0 };
	enum err_code rx, ry;

	reply_init(&x, 4096);
	reply_init(&y, 4096);
	rx = reply_read(&x, some, &a, &err);
	ry = reply_read(&y, some, &b, &err);
	assert(rx == ry);
	assert(x.body.len <= 4096);
	if (rx == ERR_OK) {
		assert(x.status >= 200 && x.status <= 599 && x.status == y.status);
		assert(x.body.len == y.body.len && memcmp(buf_str(&x.body), buf_str(&y.body), x.body.len) == 0);
		assert(x.retry_after_s == y.retry_after_s && x.retry_after_s >= -1 && x.retry_after_s <= 86400);
		assert(strcmp(x.etag, y.etag) == 0);
	}
	reply_free(&x);
	reply_free(&y);
	return 0;
}
