/* A damaged site.db: what can still be read of it and whose hashes hold, in a new one. docs/sealing.md, "A damaged
 * store", says what goes where. Nothing here can open a record, and nothing here changes the old file. */
#ifndef COLLECTOR_REPAIR_H
#define COLLECTOR_REPAIR_H

#include "base/buf.h"
#include "collector/salvage.h"

/* What is known from elsewhere of whose store it is (the key files, the certificate). */
struct repair_owner {
	bool has_device;
	uint8_t device[16];
	bool has_keys;
	uint8_t sign[32];
	const uint8_t *spki;
	size_t spki_len;
};

struct repair_lane {
	uint64_t kept;		/* sealed records carried over, what was delivered included */
	uint64_t waiting;	/* of all rows of the new store: not delivered yet */
	uint64_t delivered;	/* rows that stay as delivered */
	uint64_t again;		/* delivered, but cut off by a gap: they go to the centre again, which counts them once */
	uint64_t unproved;	/* after a gap: content whole, but no hash proves its header */
	uint64_t damaged;	/* rows found whose hashes do not hold: not carried over */
	uint64_t lost;		/* numbers up to the head that were not found or are damaged, and not known as delivered */
};

struct repair_report {
	uint8_t device[16];
	struct repair_lane lane[2];
	struct salvage_about file;
	uint64_t drafts, lines, tags, bundles, slots;	/* of 4 slots */
	uint64_t withdrawn_unsure;	/* withdrawn answers whose withdrawal was not found */
	bool ring, device_keys;
};

/* Called for each stretch of records that is missing or damaged, with a sentence. */
typedef void repair_gap_fn(void *arg, const char *sentence);

/* Does SQLite find nothing wrong with PATH, its indices included (what verify_site does not look at)? ERR_BROKEN says what
 * it found. */
enum err_code repair_sqlite(const char *path, struct err *err) MUST_CHECK;
/* Make TO (which must not be there) out of what FROM holds. TODAY: days since 1970, for what has lost its day. TO is
 * closed, without a log, when this returns; on failure it may be there, half made: remove it. ERR_INPUT: it cannot be
 * found out whose store it is. ERR_AGAIN: no room. */
enum err_code repair_store(struct salvage *from, const char *to, const struct repair_owner *owner, int64_t today,
	repair_gap_fn *gap, void *arg, struct repair_report *out, struct err *err) MUST_CHECK;

#endif
