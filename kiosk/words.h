/* The kiosk's own words: kiosk/words/TAG.txt, "key = text" with places {1}..{9}, compiled in and read
 * once at start. A language is one file; the file must hold every key of words_list.h and no other. */
#ifndef KIOSK_WORDS_H
#define KIOSK_WORDS_H

#include <stdint.h>

#include "base/buf.h"
#include "kiosk/words_list.h"

/* CLDR's plural categories. */
enum plural { PLURAL_ZERO, PLURAL_ONE, PLURAL_TWO, PLURAL_FEW, PLURAL_MANY, PLURAL_OTHER, PLURALS };

/* A noun counted: "1 minute", "{1} minutes". A form the file leaves out is that of "other". */
struct counted { const char *form[PLURALS]; };

#define WORD_FIELD(key) const char *key;
struct words {
	const char *code;	/* of the file: "en" */
	const char *name;	/* in itself: "Cymraeg" */
	const char *tag;	/* for lang=: "en-GB" */
	const char *dir;	/* "ltr" or "rtl" */
	const char *voice;	/* espeak-ng's voice, "" if none */
	const char *plural;	/* rule: none, one-other, welsh, polish, arabic */
	const char *date;	/* "{d} {m} {y}" */
	const char *months;	/* twelve, by blanks */
	KIOSK_WORDS(WORD_FIELD)
	struct counted questions, minutes, days, years, seconds, votes, notes;
};
#undef WORD_FIELD

struct word_book;

/* Read all words/ *.txt that are compiled in. ERR_INPUT names file, line and key: missing, unknown, twice,
 * a place that English does not have. *OUT is the caller's: word_book_free. */
enum err_code word_book_open(struct word_book **out, struct err *err) MUST_CHECK;
void word_book_free(struct word_book *b);
/* One file more, TEXT of LEN bytes called CODE: what word_book_open does for each. For tests. */
enum err_code word_book_add(struct word_book *b, const char *code, const char *text, size_t len,
	struct err *err) MUST_CHECK;
size_t word_book_count(const struct word_book *b);
const struct words *word_book_at(const struct word_book *b, size_t i);
/* The words for a BCP 47 tag: the whole tag, else its language; NULL if there are none. */
const struct words *word_book_find(const struct word_book *b, const char *tag);

/* The category of N under CLDR's rule called RULE; PLURAL_OTHER for an unknown rule. */
enum plural plural_of(const char *rule, uint64_t n);
/* "8 questions". */
void words_count(struct buf *out, const struct words *w, const struct counted *noun, uint64_t n);
/* TEXT with {1}, {2} replaced by A and B (NULL: ""). */
void words_fill(struct buf *out, const char *text, const char *a, const char *b);
/* "1 March 2025" of days since 1970. */
enum date_parts { DATE_DAY, DATE_MONTH, DATE_YEAR };
void words_date(struct buf *out, const struct words *w, int64_t day, enum date_parts parts);

#endif
