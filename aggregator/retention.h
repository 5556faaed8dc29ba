/* The end of a body's time at the centre. Answers: `answers_days` after they came, if the indicators have read them.
 * Concerns and their dummies alike: `concerns_days` after a holder pulled them. Wraps and body go; header, hashes,
 * chain, receipts and the record's name stay, so that all of it stays provable, a batch that comes again gets its
 * receipt, and what was erased does not come back. What nobody has pulled is not erased, whatever its age.
 *
 * A span of at most 100 records is one transaction; several aggregators on one database may do it at once. */
#ifndef AGGREGATOR_RETENTION_H
#define AGGREGATOR_RETENTION_H

#include "aggregator/store.h"
#include "base/clock.h"

struct retention_conf {
	const char *store;	/* as store_open; a connection of its own is opened when it is needed */
	const struct clock *clock;
	uint32_t answers_days, concerns_days;	/* 0: never */
};

struct retention;
/* CONF's strings and clock are borrowed. */
enum err_code retention_new(const struct retention_conf *conf, struct retention **out, struct err *err) MUST_CHECK;
void retention_free(struct retention *r);	/* NULL is fine */
/* Go on with the round that is under way, for some seconds at most, or begin one where the last ended an hour ago.
 * Call now and then from one thread. What fails is logged and tried again after an hour. */
void retention_tick(struct retention *r);
/* Prometheus text, appended; from any thread. */
void retention_metrics(struct retention *r, struct buf *out);

/* One round over ST at NOW (seconds since 1970), for tests and for retention_tick: from where *AT stands, looking at
 * MAX chains and spans at most. *MORE: there is more to do; *N bodies went. */
struct retention_at {	/* all zero: the beginning */
	int lane;
	uint8_t device[16], epoch[16];
};
enum err_code retention_go(struct store *st, const struct retention_conf *conf, int64_t now, struct retention_at *at,
	size_t max, bool *more, uint64_t *n, struct err *err) MUST_CHECK;

#endif
