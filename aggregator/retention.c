/* The end of a body's time. See retention.h. */
#include "aggregator/retention.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/metrics.h"
#include "base/log.h"
#include "collector/record.h"

enum { SPAN = 100, PAGE = 100, TICK_MAX = 500, AGAIN_MS = 3600000, DAY_S = 86400 };

struct page {
	struct store_due list[PAGE];
	size_t n;
};

static enum err_code
add_due(void *arg, const struct store_due *d, struct err *err)
{
	struct page *p = arg;

	(void)err;
	if (p->n < PAGE)
		p->list[p->n++] = *d;
	return ERR_OK;
}

/* Up to where the bodies of chain D may go. */
static enum err_code
limit(struct store *st, int lane, const struct store_due *d, uint32_t came_by, uint64_t *to, struct err *err)
{
	uint64_t came;
	enum err_code rc;

	*to = d->pulled;
	if (lane == LANE_CONCERNS)
		return ERR_OK;
	rc = st->ops->came_by(st, d->device, lane, d->epoch, d->erased, came_by, &came, err);
	if (rc == ERR_OK && came < *to)
		*to = came;
	return rc;
}

/* Spans of chain D, until *LEFT is used up. *DONE: the chain has no more. */
static enum err_code
chain(struct store *st, int lane, const struct store_due *d, uint32_t came_by, int64_t now, size_t *left, bool *done,
    uint64_t *n, struct err *err)
{
	uint64_t from = d->erased, to = 0, gone;
	enum err_code rc = limit(st, lane, d, came_by, &to, err);

	while (rc == ERR_OK && from < to && *left > 0) {
		uint64_t last = to - from > SPAN ? from + SPAN : to;

		rc = st->ops->erase(st, d->device, lane, d->epoch, from, last, lane == LANE_CONCERNS ? "pulled" : "retention",
		    now, &gone, err);
		if (rc == ERR_OK) {
			*n += gone;
			from = last;
			(*left)--;
		}
	}
	*done = rc == ERR_OK && from >= to;
	return rc;
}

/* Chains of AT's lane from where it stands. */
static enum err_code
lane_go(struct store *st, const struct retention_conf *conf, int64_t now, struct retention_at *at, size_t *left,
    bool *done, uint64_t *n, struct err *err)
{
	uint32_t today = (uint32_t)(now / DAY_S), days = at->lane == LANE_CONCERNS ? conf->concerns_days : conf->answers_days;
	uint32_t cut, pulled_by;
	struct page *page;
	enum err_code rc = ERR_OK;

	*done = true;
	if (days == 0 || now < 0 || today <= days)
		return ERR_OK;
	/* A day counts in full: what was pulled, or came, on day D is erased when DAYS whole days have passed after it. */
	cut = today - days - 1;
	pulled_by = at->lane == LANE_CONCERNS ? cut : today;
	page = malloc(sizeof(*page));
	if (page == NULL)
		return err_nomem(err);
	do {
		page->n = 0;
		rc = st->ops->due(st, at->lane, pulled_by, at->device, at->epoch, PAGE, add_due, page, err);
		for (size_t i = 0; i < page->n && rc == ERR_OK && *done; i++) {
			if (*left == 0) {
				*done = false;
				break;
			}
			(*left)--;
			rc = chain(st, at->lane, &page->list[i], cut, now, left, done, n, err);
			if (rc == ERR_OK && *done) {
				memcpy(at->device, page->list[i].device, 16);
				memcpy(at->epoch, page->list[i].epoch, 16);
			}
		}
	} while (rc == ERR_OK && *done && page->n == PAGE);
	free(page);
	return rc;
}

enum err_code
retention_go(struct store *st, const struct retention_conf *conf, int64_t now, struct retention_at *at, size_t max,
    bool *more, uint64_t *n, struct err *err)
{
	size_t left = max;
	enum err_code rc = ERR_OK;
	bool done = true;

	*n = 0;
	while (rc == ERR_OK && done && at->lane < 2) {
		rc = lane_go(st, conf, now, at, &left, &done, n, err);
		if (rc == ERR_OK && done)
			*at = (struct retention_at){ .lane = at->lane + 1 };
	}
	*more = at->lane < 2;
	return rc;
}

/* --- in the aggregator ---------------------------------------------------------------------------- */

struct retention {
	struct retention_conf conf;
	struct store *store;
	struct retention_at at;
	uint64_t gone;		/* in the round under way */
	int64_t due_ms;		/* CLOCK_BOOTTIME */
	atomic_uint_least64_t erased, failures, kept_erased[2];
	atomic_int_least64_t done_at;
};

enum err_code
retention_new(const struct retention_conf *conf, struct retention **out, struct err *err)
{
	struct retention *r = calloc(1, sizeof(*r));

	*out = r;
	if (r == NULL)
		return err_nomem(err);
	r->conf = *conf;
	return ERR_OK;
}

void
retention_free(struct retention *r)
{
	if (r == NULL)
		return;
	store_close(r->store);
	free(r);
}

static enum err_code
go_on(struct retention *r, bool *more, struct err *err)
{
	struct store_retention kept;
	uint64_t n = 0;
	enum err_code rc = ERR_OK;

	*more = false;
	if (r->store == NULL)
		rc = store_open(r->conf.store, false, &r->store, err);
	if (rc == ERR_OK)
		rc = retention_go(r->store, &r->conf, clock_now_s(r->conf.clock), &r->at, TICK_MAX, more, &n, err);
	r->gone += n;
	atomic_fetch_add(&r->erased, n);
	if (rc != ERR_OK || *more)
		return rc;
	rc = r->store->ops->retention(r->store, &kept, err);
	if (rc == ERR_OK)
		for (int lane = 0; lane < 2; lane++)
			atomic_store(&r->kept_erased[lane], kept.erased[lane]);
	return rc;
}

void
retention_tick(struct retention *r)
{
	struct err err = { 0 };
	bool more;

	if (clock_boot_ms(r->conf.clock) < r->due_ms)
		return;
	if (go_on(r, &more, &err) != ERR_OK) {
		log_err("aggregator", "retention", &err);
		atomic_fetch_add(&r->failures, 1);
	} else if (more) {
		return;		/* at the next tick */
	} else {
		if (r->gone > 0)
			log_event("aggregator", "retention=done erased=%llu", (unsigned long long)r->gone);
		atomic_store(&r->done_at, clock_now_s(r->conf.clock));
	}
	store_close(r->store);
	r->store = NULL;
	r->at = (struct retention_at){ .lane = 0 };
	r->gone = 0;
	r->due_ms = clock_boot_ms(r->conf.clock) + AGAIN_MS;
}

void
retention_metrics(struct retention *r, struct buf *out)
{
	if (r == NULL)
		return;
	metric_head(out, "candour_bodies_erased", METRIC_GAUGE, "Bodies that are gone, by lane.");
	buf_printf(out, "candour_bodies_erased{lane=\"answers\"} %llu\ncandour_bodies_erased{lane=\"concerns\"} %llu\n",
	    (unsigned long long)atomic_load(&r->kept_erased[0]), (unsigned long long)atomic_load(&r->kept_erased[1]));
	metric_one(out, "candour_retention_erased_total", METRIC_COUNTER, "Bodies erased since this program began.",
	    atomic_load(&r->erased));
	metric_one(out, "candour_retention_failures_total", METRIC_COUNTER, "Rounds of erasing that failed.",
	    atomic_load(&r->failures));
	metric_one(out, "candour_retention_last_round_seconds", METRIC_GAUGE,
	    "When the last round ended, seconds since 1970; 0: none did.", (uint64_t)atomic_load(&r->done_at));
}
