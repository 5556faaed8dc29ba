/* Bytes to text and back: hex, base64 (RFC 4648), Crockford base32; big-endian integers; UTF-8. */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Lower case hex of LEN bytes. */
void hex_put(struct buf *out, const void *data, size_t len);
/* The same into TEXT, which has room for 2*LEN+1. */
void hex_str(const void *data, size_t len, char *text);
/* Exactly 2*LEN hex digits of either case into OUT; false otherwise (OUT may be changed). */
bool hex_get(const char *text, size_t text_len, void *out, size_t len);

/* Base64 with padding, one line. */
void base64_put(struct buf *out, const void *data, size_t len);
/* Strict: padding required, no blanks, unused bits zero. Appends; false otherwise (OUT truncated back). */
bool base64_get(const char *text, size_t len, struct buf *out);

/* Crockford base32, upper case, no padding: ceil(len*8/5) characters. */
void base32_put(struct buf *out, const void *data, size_t len);
/* Reads exactly LEN bytes; either case, I L as 1, O as 0, '-' and blanks skipped; spare bits zero. */
bool base32_get(const char *text, size_t text_len, void *out, size_t len);

uint16_t be16(const uint8_t *p);
uint32_t be32(const uint8_t *p);
uint64_t be64(const uint8_t *p);
void put_be16(uint8_t *p, uint16_t v);
void put_be32(uint8_t *p, uint32_t v);
void put_be64(uint8_t *p, uint64_t v);

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF)? If not and AT is not
 * NULL, *AT is the offset of the first bad byte. */
bool utf8_valid(const void *text, size_t len, size_t *at);

#endif
