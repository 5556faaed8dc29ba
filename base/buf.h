/* A growing byte buffer with a limit set by its owner. Appends never fail on the spot: the first
 * failure sticks, later appends do nothing, and buf_check reports it once. A secret buffer wipes each
 * copy it leaves behind. All integers are appended big-endian. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct buf {
	uint8_t *data;	/* LEN bytes; NULL while nothing was appended. Always followed by a NUL byte */
	size_t len;
	size_t cap;
	size_t max;	/* most bytes it may hold */
	bool secret;
	enum err_code failed;	/* ERR_OK, ERR_LIMIT or ERR_NOMEM */
};

void buf_init(struct buf *b, size_t max);
/* For keys-free plaintext: answers, tokens. Every copy is wiped when it grows, is reset or freed. */
void buf_init_secret(struct buf *b, size_t max);
/* Releases (and wipes, if secret). An all-zero struct is fine. The struct can be used again. */
void buf_free(struct buf *b);
/* Empty, keep the memory (wiped, if secret), forget a failure. */
void buf_reset(struct buf *b);
/* Cut back to LEN bytes (no more than it has); wipes what is cut if secret. */
void buf_truncate(struct buf *b, size_t len);

void buf_put(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_u8(struct buf *b, uint8_t v);
void buf_u16(struct buf *b, uint16_t v);
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
/* N bytes of VALUE. */
void buf_fill(struct buf *b, uint8_t value, size_t n);
/* Append N uninitialised bytes and return where they are, or NULL (the failure sticks). */
uint8_t *buf_room(struct buf *b, size_t n);
/* Nothing is appended; the next N bytes will not make the buffer move. */
void buf_reserve(struct buf *b, size_t n);

/* ERR_OK, or the first failure: ERR_LIMIT over max, ERR_NOMEM. */
enum err_code buf_check(const struct buf *b, struct err *err) MUST_CHECK;
/* NUL-terminated contents; "" when empty. Borrowed until the next call. */
const char *buf_str(const struct buf *b);

/* Overwrite N bytes so that the compiler cannot leave it out, and what this thread's vector registers still have of it. */
void wipe(void *p, size_t n);

#endif
