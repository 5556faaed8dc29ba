/* Four words, six words: drawing and reading them. See words.h. */
#include "collector/words.h"

#include <string.h>

#include "base/latin.h"
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

enum err_code
words_read(enum word_language language, const char *text, size_t len, uint16_t *out, size_t n, struct err *err)
{
	char word[WORD_LONGEST + 1], c;
	size_t at = 0, bytes;

	for (size_t i = 0; i < n; i++) {
		size_t used = 0;
		int found;

		while (at < len && latin_letter(text + at, len - at, &bytes) == '\0')
			at++;
		while (at < len && (c = latin_letter(text + at, len - at, &bytes)) != '\0') {
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
	while (at < len && latin_letter(text + at, len - at, &bytes) == '\0')
		at++;
	return at < len ? err_set(err, ERR_INPUT, "more than %zu words were given", n) : ERR_OK;
}
