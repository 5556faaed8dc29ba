/* When to try again: full jitter, uniform(5 s, min(1 h, 5 s * 2^n)). */
#ifndef SYNC_BACKOFF_H
#define SYNC_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_MIN_MS = 5000, BACKOFF_MAX_MS = 3600000 };

struct backoff {
	unsigned n;		/* failures in a row */
	int64_t min_ms;		/* 0: BACKOFF_MIN_MS; smaller where send_every is (the demo, tests) */
};

/* Milliseconds to wait after one more failure. RETRY_AFTER_S: the server's minimum, plus up to a quarter; -1: none. */
int64_t backoff_next(struct backoff *b, int64_t retry_after_s);
/* After success. */
void backoff_reset(struct backoff *b);
/* A route came up: failures are forgotten, the jitter is not (a whole town's boxes get their line back at once). When
 * the next try is due, no later than DUE_MS: uniform(NOW_MS + 5 s, NOW_MS + 60 s), less where min_ms is. */
int64_t backoff_route_up(struct backoff *b, int64_t due_ms, int64_t now_ms);
/* Uniform in FROM..TO (milliseconds). */
int64_t backoff_between(int64_t from, int64_t to);

#endif
