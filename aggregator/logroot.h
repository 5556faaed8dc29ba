/* The log root: when a day is over, the aggregator's writer closes it with a signed Merkle tree root over the
 * day's receipts, chained to the root before (format: sync/logroot.h; what is shown of it: logtree.h). */
#ifndef AGGREGATOR_LOGROOT_H
#define AGGREGATOR_LOGROOT_H

#include "aggregator/intake.h"
#include "sync/logroot.h"

/* RFC 6962's tree with BLAKE2b-256 over N leaf inputs: incremental. */
struct merkle {
	uint8_t peak[64][32];
	uint64_t n;
};
void merkle_add(struct merkle *m, const void *leaf, size_t len);
void merkle_root(const struct merkle *m, uint8_t out[32]);

/* Set LOG->log_day from the last root, and close all days before today. Call at start, before the writer. */
enum err_code logroot_start(struct store *st, struct intake_log *log, struct err *err) MUST_CHECK;
/* Close every day before LOG->log_day that has no root yet: by the writer, before the first receipt of a day. */
enum err_code logroot_close(struct store *st, struct intake_log *log, struct err *err) MUST_CHECK;

#endif
