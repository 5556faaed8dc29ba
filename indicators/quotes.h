/* Quotes: what somebody said in a comment, redacted by one person and released by another. Nothing else of what people wrote
 * leaves the reading room. docs/publication.md says what must hold before a quote is released. */
#ifndef INDICATORS_QUOTES_H
#define INDICATORS_QUOTES_H

#include "indicators/facts_store.h"

enum { QUOTE_TEXT_MAX = 1000, QUOTE_AREA_MIN = 10 };

/* --- words (quote_text.c): pure ------------------------------------------------------------------------------------- */

/* TEXT with what could tell who it is about put into brackets: [e-mail], [postcode], [number] (any word with a digit), [name]
 * (words with a capital letter that do not begin a sentence). A suggestion: a person reads it and does better. */
void quote_suggest(const char *text, struct buf *out);
/* Words of TEXT in which a name may still stand: those with a capital letter, also at the beginning of a sentence, each once, joined
 * by ", ". "I" and what is in brackets is left out. */
void quote_look_at(const char *text, struct buf *out);
/* May QUOTE stand for ORIGINAL? What is not in brackets must stand there, in that order, and no e-mail address, postcode or number
 * of five digits or more may be left. ERR_INPUT says what is wrong, and repeats nothing of it. */
enum err_code quote_check(const char *original, const char *quote, struct err *err) MUST_CHECK;

/* --- kept in the facts (quote_store.c) -------------------------------------------------------------------------------- */

struct quote {
	int64_t id, version, at;
	const char *actor, *proposer;	/* of this version; of the first */
	const char *state;		/* proposed released refused taken_back; "withdrawn": its text is gone */
	const char *site;		/* where it was said: for the reading room only */
	uint8_t record[FACTS_ID];
	const char *question;
	const char *role;		/* of who said it */
	const char *area;		/* as it is shown: a site, or "" for the organisation */
	const char *quarter;		/* "2026-04..2026-06" */
	const char *text;
};

/* May SITE be named beside a quote of the quarter of DAY? From QUOTE_AREA_MIN answers there and then. */
enum err_code quote_may_name(struct facts *f, const char *site, int64_t day, bool *may, struct err *err) MUST_CHECK;
/* "2026-04..2026-06". */
void quote_quarter(int64_t day, char text[32]);
/* Keep Q (id, version, state, proposer: not looked at) as a proposal of ACTOR, and write it down; *ID is its number. One
 * transaction. ERR_EXISTS: one of the same answer with the same text is there and not refused or taken back. */
enum err_code quote_propose(struct facts *f, const struct quote *q, const char *actor, const char *role, int64_t now,
	int64_t *id, struct err *err) MUST_CHECK;
/* "released" and "refused" of one that is proposed, "taken_back" of one that is proposed or released. ERR_DENIED: released
 * by who proposed it; ERR_INPUT: not in that state; ERR_ABSENT. */
enum err_code quote_decide(struct facts *f, int64_t id, const char *state, const char *actor, const char *role, int64_t now,
	struct err *err) MUST_CHECK;
/* The newest version of each, newest quote first. Borrowed for the call. */
enum err_code quote_each(struct facts *f, enum err_code (*fn)(void *arg, const struct quote *q, struct err *err), void *arg,
	struct err *err) MUST_CHECK;
/* One record of SITE that was not withdrawn. ERR_ABSENT. Borrowed for the call. */
enum err_code facts_record_one(struct facts *f, const char *site, const uint8_t record[FACTS_ID],
	enum err_code (*fn)(void *arg, const struct facts_record *r, struct err *err), void *arg, struct err *err) MUST_CHECK;

#endif
