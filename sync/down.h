/* Bundles on their way down to a box: which are asked for, that a download goes on where it broke off, that each is judged
 * before it is kept, and that one which this box cannot take holds up no other. */
#ifndef SYNC_DOWN_H
#define SYNC_DOWN_H

#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/bundle.h"
#include "sync/reply.h"

/* GET PATH with the header lines EXTRA (NULL: none). */
typedef enum err_code down_ask(void *arg, const char *path, const char *extra, struct reply *out, struct err *err);

struct down {
	/* set by the caller */
	struct outbox *outbox;
	const struct keyring *ring;		/* may be exchanged between looks */
	const char *site;
	uint8_t device[16];
	down_ask *ask;
	bool (*give_way)(void *arg);		/* asked between two exchanges: leave off, the concern lane is due */
	void *arg;
	uint32_t newest, newest_ring;		/* serials, as the last receipt told */
	/* kept between looks */
	bool asked;				/* all was asked for when the centre's newest was SEEN */
	int next;				/* where a look goes on that was left off: a kind; 0: nowhere */
	uint32_t seen;
	struct buf begun[BUNDLE_REVOKE + 1];	/* by kind: what came of a bundle before the connection broke */
	/* By kind: the highest that this box could not take. With the same ring it would not take it in an hour either. */
	uint32_t passed[BUNDLE_REVOKE + 1], passed_ring;
	uint32_t refused;			/* the highest of them that nothing newer stands above; 0: none */
};

void down_init(struct down *d);
void down_clear(struct down *d);
/* Judge the bundle BYTES and keep it. One that is there already is fine. ERR_DENIED: it is meant for others, or not
 * signed by a publish key of the ring; ERR_INPUT, ERR_LIMIT as bundle_read; what the outbox says. */
enum err_code down_take(struct down *d, const struct buf *bytes, struct err *err) MUST_CHECK;
/* Ask for what there is to ask for: always where FORCED, else where the centre has something newer than at the last
 * look. What fails is logged, and asked for again at the next look. */
void down_look(struct down *d, bool forced);

#endif
