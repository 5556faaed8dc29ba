/* The frozen list of 2,048 plain words: four of them withdraw an answer, six make a passphrase. No two begin
 * with the same four letters. Words are stored nowhere: their numbers are hashed (seal_withdraw). */
#ifndef COLLECTOR_WORDS_H
#define COLLECTOR_WORDS_H

#include <stdint.h>

#include "base/buf.h"

#define WORDS 2048
#define WORD_LONGEST 12

extern const char word_list[WORDS][WORD_LONGEST + 1];

/* The N-th word (0 to 2047); "" beyond. Static storage. */
const char *word_text(unsigned n);
/* Draw N words at random. */
void words_draw(uint16_t *out, size_t n);
/* Append N words with one blank between. */
void words_put(const uint16_t *words, size_t n, struct buf *out);
/* Read exactly N words: either case, anything but letters between them, each whole or its first four letters
 * (or more). ERR_INPUT says which word is not in the list, by its place, never by its text. */
enum err_code words_read(const char *text, size_t len, uint16_t *out, size_t n, struct err *err) MUST_CHECK;

#endif
