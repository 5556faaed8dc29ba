/* The courier of one lane: brings what the outbox has to the centre and takes receipts back, by the case table
 * of docs/formats/batch.md. It asks through a function, so that tests and the simulation can be the network. */
#ifndef SYNC_COURIER_H
#define SYNC_COURIER_H

#include "base/clock.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/receipt.h"
#include "sync/reply.h"

/* One exchange with the centre: as centre_ask. */
typedef enum err_code courier_ask(void *arg, const char *method, const char *path, const void *body, size_t len,
	struct reply *out, struct err *err);

/* How a round ended. */
enum courier_result {
	COURIER_IDLE,		/* nothing to send */
	COURIER_SENT,		/* everything is delivered */
	COURIER_MORE,		/* stopped after its share; there is more */
	COURIER_UNREACHABLE,	/* try again by backoff */
	COURIER_LATER,		/* the centre is busy: not before retry_after_s */
	COURIER_REFUSED,	/* the centre takes none of it, or the chain here was rewritten: alarm, hourly */
	COURIER_REVOKED,	/* this device was revoked */
	COURIER_BROKEN		/* our own database failed */
};
/* "idle", "sent", .. */
const char *courier_word(enum courier_result r);

struct courier {
	/* set by the caller */
	uint8_t lane;
	struct outbox *outbox;
	const struct seal_key *device_key;
	const struct keyring *ring;		/* may be exchanged between rounds */
	const struct clock *clock;
	courier_ask *ask;
	void *arg;
	uint32_t max_records;			/* 0: 100 */
	unsigned batches_a_round;		/* 0: 50 */
	bool (*give_way)(void *arg);		/* asked between batches: end the round, another lane is due; NULL: never */
	uint32_t free_mib, software, bundle_refused;
	int64_t offset_s;			/* of the clock */
	uint32_t clock_quality;
	/* kept between rounds */
	uint64_t until;				/* where a round ends that stopped after its share; 0: none did */
	bool asked_state;			/* since the start or the last contradiction */
	/* of the last round */
	uint64_t delivered;			/* records newly acknowledged */
	unsigned new_epochs;			/* opened in it: an alarm each */
	int64_t retry_after_s;			/* -1: not told */
	uint32_t ring_serial, bundle_serial;	/* as the last receipt told */
	struct buf order;			/* a signed revocation that came with COURIER_REVOKED */
};

void courier_init(struct courier *c);
void courier_clear(struct courier *c);
/* One round: state if it must be asked, then batches until nothing is left (a heartbeat if there is nothing and
 * HEARTBEAT). ERR says why for every result but IDLE, SENT and MORE. */
enum courier_result courier_round(struct courier *c, bool heartbeat, struct err *err);

#endif
