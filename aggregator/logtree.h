/* What the centre shows of its log: the proof that one receipt is under the signed root of its day (GET /v1/root,
 * docs/formats/receipt.md). The tree of the day asked for last is kept, since all boxes ask for the same: 64 bytes a
 * receipt. */
#ifndef AGGREGATOR_LOGTREE_H
#define AGGREGATOR_LOGTREE_H

#include "aggregator/store.h"
#include "base/clock.h"
#include "sync/logroot.h"

struct logtree {	/* all zero: holds none; one thread at a time */
	uint8_t log_id[16];
	uint32_t day;
	uint8_t *nodes;		/* n leaf hashes, then the levels above; NULL: none */
	size_t n, cap;		/* leaves; room in nodes, in hashes */
};
void logtree_clear(struct logtree *t);

struct logtree_question {
	uint8_t log_id[16];
	uint32_t day;		/* of the receipt */
	uint32_t after;		/* day of the last root the asker knows */
	uint8_t leaf[32];	/* merkle_leaf of the receipt */
};

/* Appends the proof to OUT, with the roots of that log after AFTER (at most LOGPROOF_ROOTS days back). *CLOSED false:
 * that day is not over for this log, nothing is appended. ERR_ABSENT: it is, and the receipt is not in its tree. */
enum err_code logtree_answer(struct logtree *t, struct store *st, const struct logtree_question *q, bool *closed,
	struct buf *out, struct err *err) MUST_CHECK;

/* The same for many threads, with a store of its own that is opened when somebody asks. STORE and CLOCK are borrowed. */
struct logshow;
enum err_code logshow_new(const char *store, const struct clock *clock, struct logshow **out, struct err *err) MUST_CHECK;
void logshow_free(struct logshow *s);	/* NULL is fine */
/* As logtree_answer; ERR_AGAIN also while another thread is being answered. */
enum err_code logshow_ask(struct logshow *s, const struct logtree_question *q, bool *closed, struct buf *out,
	struct err *err) MUST_CHECK;
/* Give up tree and store where nobody has asked for five minutes; call now and then. */
void logshow_rest(struct logshow *s);

#endif
