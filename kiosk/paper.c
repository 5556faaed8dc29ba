/* The numbers of sheets of paper. See paper.h. */
#include "kiosk/paper.h"

#include <string.h>
#include <strings.h>

#include "base/codec.h"
#include "collector/chain.h"
#include "collector/seal.h"

enum { RANDOM_BYTES = 5, HEAD = 8, TAIL = SHEET_CODE - HEAD };

/* The last characters of a number whose first are HEAD. */
static void
check_of(const char head[HEAD], const struct shelf *shelf, const char *tag, char tail[TAIL])
{
	struct chain_state state;
	struct chain_hash h;
	struct buf b;

	chain_begin(&state, "sheet");
	chain_add(&state, head, HEAD);
	chain_add(&state, shelf->id, sizeof(shelf->id));
	chain_add(&state, tag, strlen(tag));
	chain_end(&state, &h);
	buf_init(&b, 64);
	base32_put(&b, h.bytes, RANDOM_BYTES);
	memcpy(tail, buf_str(&b), TAIL);
	buf_free(&b);
}

static void
show(const char code[SHEET_CODE], char shown[SHEET_SHOWN + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < SHEET_CODE; i++) {
		if (i > 0 && i % 4 == 0)
			shown[n++] = '-';
		shown[n++] = code[i];
	}
	shown[n] = '\0';
}

void
sheet_new(const struct shelf *shelf, const char *tag, char shown[SHEET_SHOWN + 1])
{
	uint8_t random[RANDOM_BYTES];
	char code[SHEET_CODE] = { 0 };
	struct buf b;

	seal_random(random, sizeof(random));
	buf_init(&b, 64);
	base32_put(&b, random, sizeof(random));
	memcpy(code, buf_str(&b), HEAD);
	buf_free(&b);
	check_of(code, shelf, tag, code + HEAD);
	show(code, shown);
}

bool
sheet_read(const char *text, char shown[SHEET_SHOWN + 1])
{
	static const char front[] = "candour:sheet:", digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char code[SHEET_CODE];
	size_t n = 0;

	text += strspn(text, " \t");
	if (strncasecmp(text, front, strlen(front)) == 0)
		text += strlen(front);
	for (; *text != '\0'; text++) {
		char c = *text;

		if (c == ' ' || c == '-' || c == '\t')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
		if (strchr(digits, c) == NULL || n == SHEET_CODE)
			return false;
		code[n++] = c;
	}
	if (n != SHEET_CODE)
		return false;
	show(code, shown);
	return true;
}

bool
sheet_is_of(const char shown[SHEET_SHOWN + 1], const struct shelf *shelf, const char *tag)
{
	char code[SHEET_CODE], tail[TAIL];
	size_t n = 0;

	for (const char *c = shown; *c != '\0' && n < SHEET_CODE; c++)
		if (*c != '-')
			code[n++] = *c;
	if (n != SHEET_CODE)
		return false;
	check_of(code, shelf, tag, tail);
	return memcmp(tail, code + HEAD, TAIL) == 0;
}
