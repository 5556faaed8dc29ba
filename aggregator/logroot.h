/* The log root: when a day is over, the aggregator's writer closes it with a signed Merkle tree root over the
 * day's receipts, chained to the root before (docs/formats/logroot.md). Who holds a receipt can ask to be
 * shown that it is under a root that others hold too: silent dropping shows. */
#ifndef AGGREGATOR_LOGROOT_H
#define AGGREGATOR_LOGROOT_H

#include "aggregator/intake.h"

enum { LOGROOT_LEN = 200 };

struct logroot {
	uint8_t log_id[16];
	uint32_t day;
	uint64_t n;		/* receipts */
	uint8_t root[32];	/* of the tree; H of nothing for an empty day */
	uint8_t previous[32];	/* H(root; bytes of the root before); zero for the first */
	uint64_t time;
	uint8_t key_id[8];
};

enum err_code logroot_make(const struct logroot *r, const struct seal_key *key, uint8_t out[LOGROOT_LEN],
	struct err *err) MUST_CHECK;
enum err_code logroot_read(const void *bytes, size_t len, struct logroot *out, struct err *err) MUST_CHECK;
bool logroot_signed(const uint8_t bytes[LOGROOT_LEN], const uint8_t key[32]);

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
