/* Reading an HTTP/1.1 response: a status line, headers up to 8 KiB, and a body of a length told in advance
 * (our server always tells it; anything else, and whatever a proxy may invent, is refused). */
#ifndef SYNC_REPLY_H
#define SYNC_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { REPLY_HEAD_MAX = 8192 };

struct reply {
	unsigned status;	/* 100..599 */
	struct buf body;
	int64_t retry_after_s;	/* -1: not told; at most a day. Told as a date, counted from that of the answer */
	uint64_t from;		/* of a 206: where the body begins in the whole */
	char etag[80];		/* "" */
	bool close;		/* the server ends the connection after it */
};

/* BODY_MAX: most bytes of body. */
void reply_init(struct reply *r, size_t body_max);
void reply_free(struct reply *r);

/* Where bytes come from: some in *GOT, 0 at the end. */
typedef enum err_code reply_read_fn(void *arg, void *data, size_t len, size_t *got, struct err *err);
/* Read one response into R (emptied first). Interim 1xx answers are skipped. ERR_AGAIN: the connection broke;
 * ERR_INPUT: not such a response; ERR_LIMIT: head or body too long. */
enum err_code reply_read(struct reply *r, reply_read_fn *fn, void *arg, struct err *err) MUST_CHECK;

#endif
