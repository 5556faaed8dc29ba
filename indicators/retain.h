/* The end of a fact's time: when it comes, and what must be sure before anything goes (docs/publication.md, "The end of a fact's
 * time"). Whole months go, `months` months after the end of the longest period that any definition counts them in; their
 * cells stay as they are (facts_store.h). */
#ifndef INDICATORS_RETAIN_H
#define INDICATORS_RETAIN_H

#include "aggregator/store.h"
#include "indicators/definition.h"
#include "indicators/facts_store.h"

enum { RETAIN_MONTHS_LEAST = 6, RETAIN_STEADY_DAYS = 7, RETAIN_LEAP_DAYS = 35 };

/* Do MONTHS and the definitions of L go together? 0: facts are kept for ever. ERR_INPUT says what would erase too soon, or that
 * no month begins a period of every definition. */
enum err_code retain_check(const struct library *l, int64_t months, struct err *err) MUST_CHECK;
/* *MONTH: on DAY (days since 1970) the first month of which facts are kept; 0: all are. ERR_INPUT as above. */
enum err_code retain_line(const struct library *l, int64_t months, int64_t day, int64_t *month, struct err *err) MUST_CHECK;

/* The newest day of the centre's log that a receipt in ST tells, or any from ENOUGH on: then no more are read. 0: none. */
enum err_code retain_log_day(struct store *st, int64_t enough, int64_t *day, struct err *err) MUST_CHECK;
/* The day by which facts may be erased, where the own clock says TODAY and the log LOG_DAY: the earlier one, once the clock has
 * gone on for RETAIN_STEADY_DAYS without a leap (back, or by more than RETAIN_LEAP_DAYS). 0: not yet. Keeps in F what it saw. */
enum err_code retain_day(struct facts *f, int64_t today, int64_t log_day, int64_t *day, struct err *err) MUST_CHECK;

/* Where a round of erasing stands; all zero: none is under way. */
struct retain {
	struct facts_erasing at;
	bool going;	/* call retain_go */
};
/* Begin a round: draw the line at DAY (0: leave it where it is) and go over all that is before it. AT: for the books.
 * ERR_BROKEN: a cell differs, so nothing more goes. */
enum err_code retain_begin(struct retain *r, struct facts *f, const struct library *l, int64_t months, int64_t day, int64_t at,
	const char *actor, struct err *err) MUST_CHECK;
/* Go on: about 5,000 rows. R->going says whether there is more. ERR_AGAIN: busy, or somebody reads an older state: later. */
enum err_code retain_go(struct retain *r, struct facts *f, struct err *err) MUST_CHECK;

#endif
