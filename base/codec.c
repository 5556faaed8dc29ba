/* Text encodings of bytes. See codec.h. */
#include "base/codec.h"

#include <string.h>

void
hex_str(const void *data, size_t len, char *text)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digit[p[i] >> 4];
		text[2 * i + 1] = digit[p[i] & 15];
	}
	text[2 * len] = '\0';
}

void
hex_put(struct buf *out, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		char two[3];

		hex_str(p + i, 1, two);
		buf_put(out, two, 2);
	}
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_get(const char *text, size_t text_len, void *out, size_t len)
{
	uint8_t *p = out;

	if (text_len / 2 != len || text_len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		int hi = hex_digit(text[2 * i]), lo = hex_digit(text[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_put(struct buf *out, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0)
		    | (n > 2 ? p[i + 2] : 0u);
		char four[4] = { b64[v >> 18], b64[v >> 12 & 63], n > 1 ? b64[v >> 6 & 63] : '=',
		    n > 2 ? b64[v & 63] : '=' };

		buf_put(out, four, 4);
	}
}

bool
base64_get(const char *text, size_t len, struct buf *out)
{
	size_t start = out->len;

	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		bool last = i + 4 == len;
		size_t n = 4;
		uint32_t v = 0;

		if (last && text[i + 3] == '=')
			n = text[i + 2] == '=' ? 2 : 3;
		for (size_t j = 0; j < 4; j++) {
			const char *at = j < n && text[i + j] != '\0' ? strchr(b64, text[i + j]) : NULL;

			if (j < n && at == NULL)
				goto bad;
			v = v << 6 | (at != NULL ? (uint32_t)(at - b64) : 0);
		}
		if ((n == 2 && (v & 0xffff) != 0) || (n == 3 && (v & 0xff) != 0))
			goto bad;
		uint8_t three[3] = { (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
		buf_put(out, three, n - 1);
	}
	return true;
bad:
	buf_truncate(out, start);
	return false;
}

static const char b32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
base32_put(struct buf *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t v = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++) {
		v = (v << 8 | p[i]) & 0xffff;
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			buf_putc(out, b32[v >> bits & 31]);
		}
	}
	if (bits > 0)
		buf_putc(out, b32[v << (5 - bits) & 31]);
}

static int
b32_digit(char c)
{
	const char *at;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'I' || c == 'L')
		c = '1';
	if (c == 'O')
		c = '0';
	at = c == '\0' ? NULL : strchr(b32, c);
	return at == NULL ? -1 : (int)(at - b32);
}

bool
base32_get(const char *text, size_t text_len, void *out, size_t len)
{
	uint8_t *p = out;
	uint32_t v = 0;
	unsigned bits = 0;
	size_t n = 0, digits = 0;

	for (size_t i = 0; i < text_len; i++) {
		int d;

		if (text[i] == '-' || text[i] == ' ')
			continue;
		d = b32_digit(text[i]);
		if (d < 0)
			return false;
		v = (v << 5 | (uint32_t)d) & 0xfff;
		bits += 5;
		digits++;
		if (bits >= 8) {
			bits -= 8;
			if (n == len)
				return false;
			p[n++] = (uint8_t)(v >> bits);
		}
	}
	return n == len && digits == (len * 8 + 4) / 5 && (v & ((1u << bits) - 1)) == 0;
}

uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

uint64_t
be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

void
put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

void
put_be64(uint8_t *p, uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

bool
utf8_valid(const void *text, size_t len, size_t *at)
{
	const uint8_t *s = text;
	size_t i = 0;

	while (i < len) {
		uint8_t c = s[i];
		size_t n = c < 0x80 ? 0 : c >= 0xc2 && c <= 0xdf ? 1 : (c & 0xf0) == 0xe0 ? 2
		    : c >= 0xf0 && c <= 0xf4 ? 3 : 9;

		if (n == 9 || n > len - i - 1)
			goto bad;
		for (size_t j = 1; j <= n; j++)
			if ((s[i + j] & 0xc0) != 0x80)
				goto bad;
		if ((c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xed && s[i + 1] > 0x9f)
		    || (c == 0xf0 && s[i + 1] < 0x90) || (c == 0xf4 && s[i + 1] > 0x8f))
			goto bad;
		i += n + 1;
	}
	return true;
bad:
	if (at != NULL)
		*at = i;
	return false;
}
