/* The daily look at the centre's log: is a receipt of this box, drawn at random, under the signed root of its day,
 * and is that root chained to those that the centre showed before? Who drops or exchanges what it has confirmed
 * cannot show that. Whatever comes of it is said, and delivery goes on. */
#ifndef SYNC_LOGCHECK_H
#define SYNC_LOGCHECK_H

#include "sync/courier.h"

enum logcheck_result {
	LOGCHECK_NOTHING,	/* no receipt of a day that is over, or that day was looked at before */
	LOGCHECK_HOLDS,
	LOGCHECK_LATER,		/* no answer, or nothing that proves or disproves: ask again */
	LOGCHECK_WRONG		/* what the centre shows is not what it confirmed */
};
/* "nothing", "holds", .. */
const char *logcheck_word(enum logcheck_result r);

struct logcheck {
	struct outbox *outbox;
	const struct keyring *ring;
	int64_t now;		/* seconds since 1970, corrected */
	courier_ask *ask;
	void *arg;
	uint32_t day;		/* out: of the log, looked at; 0: none */
};
/* ERR says why for LATER and WRONG. What came of it is kept for logcheck_status. */
enum logcheck_result logcheck_run(struct logcheck *c, struct err *err);

/* For `candour status`. */
struct logcheck_status {
	uint32_t held_day;	/* newest day of the log that held; 0: none */
	int64_t problem_at;	/* seconds since 1970; 0: none */
	char problem[300];
};
enum err_code logcheck_status(struct outbox *ob, struct logcheck_status *out, struct err *err) MUST_CHECK;

/* "2026-11-21". */
void logcheck_date(uint32_t day, char text[16]);

#endif
