/* Four words, six words: drawing and reading them. See words.h. */
#include "collector/words.h"

#include <ctype.h>
#include <string.h>

#include "collector/seal.h"

enum { SHORT = 4 };

static const char (*const lists[WORDS_LANGUAGES])[WORD_LONGEST + 1] = { word_list, word_list_cy };

enum word_language
words_language(const char *tag)
{
	return strncmp(tag, "cy", 2) == 0 && (tag[2] == '\0' || tag[2] == '-') ? WORDS_CY : WORDS_EN;
}

const char *
word_text(enum word_language language, unsigned n)
{
	return n < WORDS ? lists[language][n] : "";
}

void
words_draw(uint16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint16_t)seal_random_below(WORDS);
}

void
words_put(enum word_language language, const uint16_t *words, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, ' ');
		buf_puts(out, word_text(language, words[i]));
	}
}

/* The number of the word that TEXT of LEN lower case letters stands for, or -1. */
static int
find(const char (*list)[WORD_LONGEST + 1], const char *text, size_t len)
{
	for (int n = 0; n < WORDS; n++) {
		size_t whole = strlen(list[n]);

		if (len <= whole && memcmp(list[n], text, len) == 0 && (len == whole || len >= SHORT))
			return n;
	}
	return -1;
}

/* The letter TEXT begins with, in lower case and without its accent, and in *BYTES how long it is; 0 if it is none. Lists
 * have no accents, but people who know the word as it is spelt do. */
static char
letter(const char *text, size_t len, size_t *bytes)
{
	static const struct { const char *accented; char plain; } letters[] = {
		{ "\u00e2\u00c2\u00e1\u00c1\u00e0\u00c0\u00e4\u00c4", 'a' },
		{ "\u00ea\u00ca\u00e9\u00c9\u00e8\u00c8\u00eb\u00cb", 'e' },
		{ "\u00ee\u00ce\u00ed\u00cd\u00ec\u00cc\u00ef\u00cf", 'i' },
		{ "\u00f4\u00d4\u00f3\u00d3\u00f2\u00d2\u00f6\u00d6", 'o' },
		{ "\u00fb\u00db\u00fa\u00da\u00f9\u00d9\u00fc\u00dc", 'u' },
		{ "\u0175\u0174", 'w' }, { "\u0177\u0176\u00fd\u00dd\u00ff\u0178", 'y' },
	};

	*bytes = 1;
	if (isalpha((unsigned char)text[0]))
		return (char)tolower((unsigned char)text[0]);
	for (size_t i = 0; len > 1 && i < ARRAY_LEN(letters); i++)
		for (const char *p = letters[i].accented; *p != '\0'; p += 2)
			if (memcmp(p, text, 2) == 0) {
				*bytes = 2;
				return letters[i].plain;
			}
	return '\0';
}

enum err_code
words_read(enum word_language language, const char *text, size_t len, uint16_t *out, size_t n, struct err *err)
{
	char word[WORD_LONGEST + 1], c;
	size_t at = 0, bytes;

	for (size_t i = 0; i < n; i++) {
		size_t used = 0;
		int found;

		while (at < len && letter(text + at, len - at, &bytes) == '\0')
			at++;
		while (at < len && (c = letter(text + at, len - at, &bytes)) != '\0') {
			if (used < sizeof(word))
				word[used++] = c;
			at += bytes;
		}
		found = used == 0 || used > WORD_LONGEST ? -1 : find(lists[language], word, used);
		wipe(word, sizeof(word));
		if (used == 0)
			return err_set(err, ERR_INPUT, "%zu words are needed, %zu were given", n, i);
		if (found < 0)
			return err_set(err, ERR_INPUT, "word %zu is not in the list", i + 1);
		out[i] = (uint16_t)found;
	}
	while (at < len && letter(text + at, len - at, &bytes) == '\0')
		at++;
	return at < len ? err_set(err, ERR_INPUT, "more than %zu words were given", n) : ERR_OK;
}
