/* The reading room: the pages of candour-indicators, for the few people who may see figures before they are
 * rounded, and comments. It listens on a loopback or internal address. Its users are its own. */
#ifndef INDICATORS_ROOM_H
#define INDICATORS_ROOM_H

#include <stdatomic.h>

#include "base/clock.h"
#include "indicators/worker.h"

struct room;

struct room_conf {
	const char *listen;
	int listen_fd;			/* or -1 */
	const char *cert, *key;		/* PEM files; both "": plain HTTP, on loopback only */
	const char *users;		/* database of its users */
	const char *store, *facts;	/* opened again, for the room's own threads */
	const char *organisation;
	const struct clock *clock;
	const struct worker *worker;	/* key, forms and definitions are read from it */
};

/* What the worker's loop tells the room. */
struct room_state {
	_Atomic int64_t opened, quarantined, dummies, withdrawn, unmapped, last_step_at, last_error_at;
	_Atomic int64_t nightly_at, nightly_cells, nightly_different;
	_Atomic int64_t late, facts_erased, records_erased, retention_at, retention_failures;
	atomic_bool retry;		/* the room asks for worker_retry */
};

/* ERR_INPUT for an address that is not loopback without TLS; ERR_BROKEN. *OUT: room_stop. STATE must outlive it. */
enum err_code room_start(const struct room_conf *conf, struct room_state *state, struct room **out,
	struct err *err) MUST_CHECK;
uint16_t room_port(const struct room *r);
void room_stop(struct room *r);

#endif
