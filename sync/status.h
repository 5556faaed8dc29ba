/* How delivery is doing, as sync leaves it in site.db. */
#ifndef SYNC_STATUS_H
#define SYNC_STATUS_H

#include "collector/outbox.h"

/* What sync leaves in meta "sync.status" for kiosk and `candour status`. */
struct sync_status {
	char result[16];	/* courier_word, or "not_enrolled" */
	char why[300];
	int64_t tried_at, delivered_at;	/* seconds since 1970 by the corrected clock; 0: never */
	int64_t next_at;
	unsigned failures;	/* in a row */
};
enum err_code sync_status_put(struct outbox *ob, const struct sync_status *s, struct err *err) MUST_CHECK;
/* ERR_ABSENT: none yet. */
enum err_code sync_status_get(struct outbox *ob, struct sync_status *out, struct err *err) MUST_CHECK;

#endif
