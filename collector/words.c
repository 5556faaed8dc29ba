/* Four words, six words: drawing and reading them. See words.h. */
#include "collector/words.h"

#include <ctype.h>
#include <string.h>

#include "collector/seal.h"

enum { SHORT = 4 };

const char *
word_text(unsigned n)
{
	return n < WORDS ? word_list[n] : "";
}

void
words_draw(uint16_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint16_t)seal_random_below(WORDS);
}

void
words_put(const uint16_t *words, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(out, ' ');
		buf_puts(out, word_text(words[i]));
	}
}

/* The number of the word that TEXT of LEN lower case letters stands for, or -1. */
static int
find(const char *text, size_t len)
{
	for (int n = 0; n < WORDS; n++) {
		size_t whole = strlen(word_list[n]);

		if (len <= whole && memcmp(word_list[n], text, len) == 0 && (len == whole || len >= SHORT))
			return n;
	}
	return -1;
}

enum err_code
words_read(const char *text, size_t len, uint16_t *out, size_t n, struct err *err)
{
	char word[WORD_LONGEST + 1];
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t used = 0;
		int found;

		while (at < len && !isalpha((unsigned char)text[at]))
			at++;
		while (at < len && isalpha((unsigned char)text[at])) {
			if (used < sizeof(word))
				word[used++] = (char)tolower((unsigned char)text[at]);
			at++;
		}
		found = used == 0 || used > WORD_LONGEST ? -1 : find(word, used);
		wipe(word, sizeof(word));
		if (used == 0)
			return err_set(err, ERR_INPUT, "%zu words are needed, %zu were given", n, i);
		if (found < 0)
			return err_set(err, ERR_INPUT, "word %zu is not in the list", i + 1);
		out[i] = (uint16_t)found;
	}
	while (at < len && !isalpha((unsigned char)text[at]))
		at++;
	return at < len ? err_set(err, ERR_INPUT, "more than %zu words were given", n) : ERR_OK;
}
