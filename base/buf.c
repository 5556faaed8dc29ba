/* Growing byte buffers. See buf.h. Wiping is libsodium's sodium_memzero. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/registers.h"

void
wipe(void *p, size_t n)
{
	if (p != NULL && n > 0)
		sodium_memzero(p, n);
	wipe_registers();
}

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_init_secret(struct buf *b, size_t max)
{
	buf_init(b, max);
	b->secret = true;
}

static void
drop(struct buf *b)
{
	if (b->secret)
		wipe(b->data, b->cap);
	free(b->data);
}

void
buf_free(struct buf *b)
{
	drop(b);
	b->data = NULL;
	b->len = b->cap = 0;
	b->failed = ERR_OK;
}

void
buf_reset(struct buf *b)
{
	buf_truncate(b, 0);
	b->failed = ERR_OK;
}

void
buf_truncate(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	if (b->secret)
		wipe(b->data + len, b->len - len);
	b->len = len;
	b->data[len] = 0;
}

/* Make room for N more bytes and a NUL. A secret buffer moves by hand, as realloc would leave a copy. */
static bool
grow(struct buf *b, size_t n)
{
	uint8_t *data;
	size_t cap;

	if (b->failed != ERR_OK)
		return false;
	if (n > b->max - b->len) {
		b->failed = ERR_LIMIT;
		return false;
	}
	if (b->len + n < b->cap)
		return true;
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap <= b->len + n)
		cap += cap / 2;
	if (b->secret) {
		data = malloc(cap);
		if (data != NULL) {
			if (b->len > 0)
				memcpy(data, b->data, b->len);
			drop(b);
		}
	} else {
		data = realloc(b->data, cap);
	}
	if (data == NULL) {
		b->failed = ERR_NOMEM;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

uint8_t *
buf_room(struct buf *b, size_t n)
{
	uint8_t *at;

	if (!grow(b, n))
		return NULL;
	at = b->data + b->len;
	b->len += n;
	b->data[b->len] = 0;
	return at;
}

void
buf_reserve(struct buf *b, size_t n)
{
	if (grow(b, n))
		b->data[b->len] = 0;
}

void
buf_put(struct buf *b, const void *data, size_t len)
{
	uint8_t *at;

	if (len == 0)
		return;
	/* Pages are made of hundreds of short pieces. */
	if (b->failed == ERR_OK && len < b->cap - b->len && len <= b->max - b->len) {
		memcpy(b->data + b->len, data, len);
		b->len += len;
		b->data[b->len] = 0;
		return;
	}
	at = buf_room(b, len);
	if (at != NULL)
		memcpy(at, data, len);
}

void
buf_puts(struct buf *b, const char *text)
{
	buf_put(b, text, strlen(text));
}

void
buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0 || !grow(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void
buf_u16(struct buf *b, uint16_t v)
{
	uint8_t x[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	buf_put(b, x, sizeof(x));
}

void
buf_u32(struct buf *b, uint32_t v)
{
	uint8_t x[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	buf_put(b, x, sizeof(x));
}

void
buf_u64(struct buf *b, uint64_t v)
{
	buf_u32(b, (uint32_t)(v >> 32));
	buf_u32(b, (uint32_t)v);
}

void
buf_fill(struct buf *b, uint8_t value, size_t n)
{
	uint8_t *at = buf_room(b, n);

	if (at != NULL)
		memset(at, value, n);
}

enum err_code
buf_check(const struct buf *b, struct err *err)
{
	if (b->failed == ERR_NOMEM)
		return err_nomem(err);
	if (b->failed == ERR_LIMIT)
		return err_set(err, ERR_LIMIT, "more than %zu bytes", b->max);
	return ERR_OK;
}

const char *
buf_str(const struct buf *b)
{
	return b->data == NULL ? "" : (const char *)b->data;
}
