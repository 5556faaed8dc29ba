/* Full jitter. See backoff.h. */
#include "sync/backoff.h"

#include "collector/seal.h"

int64_t
backoff_between(int64_t from, int64_t to)
{
	if (to <= from)
		return from;
	return from + (int64_t)seal_random_below((uint32_t)(to - from + 1));
}

int64_t
backoff_next(struct backoff *b, int64_t retry_after_s)
{
	int64_t min = b->min_ms > 0 ? b->min_ms : BACKOFF_MIN_MS, top = min, wait, least;

	for (unsigned i = 0; i <= b->n && top < BACKOFF_MAX_MS; i++)
		top *= 2;
	if (top > BACKOFF_MAX_MS)
		top = BACKOFF_MAX_MS;
	b->n++;
	wait = backoff_between(min, top);
	if (retry_after_s < 0)
		return wait;
	least = retry_after_s * 1000;
	return wait > least ? wait : least + backoff_between(0, least / 4);
}

void
backoff_reset(struct backoff *b)
{
	b->n = 0;
}

int64_t
backoff_route_up(struct backoff *b, int64_t due_ms, int64_t now_ms)
{
	int64_t min = b->min_ms > 0 ? b->min_ms : BACKOFF_MIN_MS, soon = now_ms + backoff_between(min, 12 * min);

	b->n = 0;
	return soon < due_ms ? soon : due_ms;
}
