/* The frozen lists of 2,048 plain words, one a language: four words withdraw an answer, six make a passphrase. No two of
 * a list begin with the same four letters. Words are stored nowhere: their numbers are hashed (seal_withdraw), so that
 * the same four can be said in any language that has a list. */
#ifndef COLLECTOR_WORDS_H
#define COLLECTOR_WORDS_H

#include <stdint.h>

#include "base/buf.h"

#define WORDS 2048
#define WORD_LONGEST 12

enum word_language { WORDS_EN, WORDS_CY, WORDS_LANGUAGES };

extern const char word_list[WORDS][WORD_LONGEST + 1], word_list_cy[WORDS][WORD_LONGEST + 1];

/* The list of the language with the tag TAG ("cy", "cy-GB"); English where there is none. */
enum word_language words_language(const char *tag);
/* The N-th word (0 to 2047); "" beyond. Static storage. */
const char *word_text(enum word_language language, unsigned n);
/* Draw N words at random. */
void words_draw(uint16_t *out, size_t n);
/* Append N words with one blank between. */
void words_put(enum word_language language, const uint16_t *words, size_t n, struct buf *out);
/* Read exactly N words: either case, with or without the accents of Welsh, anything but letters between them, each whole
 * or its first four letters (or more). ERR_INPUT says which word is not in the list, by its place, never by its text. */
enum err_code words_read(enum word_language language, const char *text, size_t len, uint16_t *out, size_t n,
	struct err *err) MUST_CHECK;

#endif
