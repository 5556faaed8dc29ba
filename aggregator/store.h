/* The central store behind one interface: sqlite_store.c (a file) and pg_store.c (postgresql://..), held to
 * one test suite. What is written is only ever appended; bodies and wraps can be erased where a withdrawal
 * or the end of retention is recorded. Keys lead with the device, so the tables shard by it.
 *
 * A struct store is used by one thread at a time; open one for each thread (or each process: the
 * indicators worker reads through a store of its own). */
#ifndef AGGREGATOR_STORE_H
#define AGGREGATOR_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sync/receipt.h"

enum { STORE_SITE_MAX = 64 };

enum store_state { STORE_PENDING = 0, STORE_APPROVED = 1, STORE_REVOKED = 2 };

/* A row of the registry. */
struct store_device {
	uint8_t id[16];
	char site[STORE_SITE_MAX + 1];	/* never changes */
	uint8_t sign_key[32];
	uint8_t spki[128];		/* P-256 SubjectPublicKeyInfo, DER */
	uint32_t spki_len;
	uint8_t cert_sha256[32];	/* of the certificate it presents; zero while pending */
	char *cert_pem;			/* approved: what the device fetches; NULL in lists. store_device_clear */
	enum store_state state;
	int64_t since;			/* of the state, seconds since 1970 */
	uint8_t succeeds[16];		/* zero: none. A box enrolled anew may send that one's records */
	bool has_succeeds;
	char address[64];		/* where the enrolment came from */
};
void store_device_clear(struct store_device *d);

/* A site: NAME is what `candour site invite NAME` and the indicators call it. */
struct store_site {
	char name[STORE_SITE_MAX + 1];
	char label[200];
	char group[STORE_SITE_MAX + 1];	/* for comparisons; "" */
};

/* One record as it stands in a chain, in or out. */
struct store_row {
	uint8_t device[16];	/* whose chain; read only */
	uint8_t lane;
	uint8_t epoch[16];
	uint64_t seq;
	uint8_t owner[16];	/* the device in the record's own header (the predecessor, if one succeeds) */
	uint8_t id[16];		/* record id */
	uint8_t kind;		/* 0 sealed, 1 withdrawal, 2 epoch opens */
	uint8_t tag[16];
	uint8_t leaf[32], link[32];
	uint8_t hw[32], hb[32];
	const uint8_t *header;	/* 128 bytes */
	const uint8_t *nonce_body;	/* 24 + body; NULL: erased or skeleton */
	size_t nonce_body_len;
	const uint8_t *wraps;	/* n_wraps * 80 */
	uint8_t n_wraps;
	enum { STORE_NEW = 0, STORE_KNOWN, STORE_OTHER } found;	/* out: see intake_append */
};

/* Where a lane stands. */
struct store_head {
	bool known;		/* this epoch has been opened */
	uint64_t hw;		/* highest sequence kept */
	uint8_t link[32];	/* at hw */
};

/* Where a device's lane stands, for readers. */
struct store_position {
	uint8_t device[16];
	char site[STORE_SITE_MAX + 1];
	uint8_t lane;
	uint8_t epoch[16];
	uint64_t hw;
};

struct store_event {
	int64_t at;
	const char *what;	/* "fork", "approved", "revoked", "duplicate", "quarantine", "released" */
	uint8_t device[16];
	const char *detail;	/* ids and numbers */
};

/* What is known of a device from its batches. */
struct store_seen {
	uint8_t device[16];
	int64_t at;		/* last batch; 0: none */
	uint32_t waiting, oldest_hours, free_mib, ring_serial, software, bundle_refused;
	int64_t clock_off_s;	/* corrected minus device time */
};

/* What was put aside. */
struct store_aside {
	uint8_t device[16], id[16];	/* together its name */
	int64_t at;
	const char *why;	/* "revoked", "fork", "duplicate"; "released": a person let a revoked device's batch in */
	uint64_t size;
};

/* A chain of which more was pulled than is erased. */
struct store_due {
	uint8_t device[16], epoch[16];
	uint64_t pulled;	/* up to here, by the day that was asked for */
	uint64_t erased;	/* up to here the bodies are gone; 0: none */
};

/* What is known of pulls and erasure, for status. */
struct store_retention {
	uint64_t chains_pulled[2];	/* by lane: chains of which something was marked as pulled */
	uint64_t erased[2];		/* by lane: bodies that went at the end of their time */
	uint32_t erased_day;		/* the last day one did, days since 1970; 0: never */
};

struct store;
typedef enum err_code store_due_fn(void *arg, const struct store_due *d, struct err *err);
typedef enum err_code store_aside_fn(void *arg, const struct store_aside *a, struct err *err);
typedef enum err_code store_device_fn(void *arg, const struct store_device *d, struct err *err);
typedef enum err_code store_site_fn(void *arg, const struct store_site *s, struct err *err);
typedef enum err_code store_position_fn(void *arg, const struct store_position *p, struct err *err);
typedef enum err_code store_row_fn(void *arg, const struct store_row *row, struct err *err);
typedef enum err_code store_seen_fn(void *arg, const struct store_seen *s, struct err *err);
typedef enum err_code store_event_fn(void *arg, const struct store_event *e, struct err *err);
typedef enum err_code store_day_fn(void *arg, uint32_t day, struct err *err);
typedef enum err_code store_bytes_fn(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes,
	size_t len, struct err *err);

struct store_ops {
	const char *name;	/* "sqlite", "postgresql" */
	bool one_device;	/* a transaction holds one device (sharded by device) */
	void (*close)(struct store *st);

	/* --- intake: one transaction, by the writer thread ------------------------------------------- */
	enum err_code (*begin)(struct store *st, struct err *err);
	/* ERR_BROKEN or ERR_AGAIN: the outcome is unknown; ask again by key. */
	enum err_code (*commit)(struct store *st, struct err *err);
	void (*rollback)(struct store *st);
	/* Lock and read a device's row. ERR_ABSENT. */
	enum err_code (*device_lock)(struct store *st, const uint8_t id[16], struct store_device *out,
		struct err *err);
	enum err_code (*head)(struct store *st, const uint8_t device[16], int lane, const uint8_t epoch[16],
		struct store_head *out, struct err *err);
	/* The link at a kept sequence number. ERR_ABSENT. */
	enum err_code (*link_at)(struct store *st, const uint8_t device[16], int lane,
		const uint8_t epoch[16], uint64_t seq, uint8_t link[32], struct err *err);
	/* Append N rows of one chain and move its head to the last. rows[i].found: STORE_NEW kept;
	 * STORE_KNOWN the same record was kept before (entry only; body stored if it was missing and no
	 * erasure is recorded); STORE_OTHER another record has this id (entry only). */
	enum err_code (*append)(struct store *st, const uint8_t device[16], int lane,
		const uint8_t epoch[16], struct store_row *rows, size_t n, struct err *err);
	/* R is what BYTES, signed, say. */
	enum err_code (*receipt_put)(struct store *st, const uint8_t device[16], int lane,
		const uint8_t epoch[16], const struct receipt *r, const uint8_t bytes[200], struct err *err);
	/* The stored receipt with the lowest b' >= b. ERR_ABSENT. */
	enum err_code (*receipt_covering)(struct store *st, const uint8_t device[16], int lane,
		const uint8_t epoch[16], uint64_t b, uint8_t bytes[200], struct err *err);
	/* Of the lane's newest epoch, or of EPOCH if not NULL: the receipt with the highest b. ERR_ABSENT. */
	enum err_code (*receipt_newest)(struct store *st, const uint8_t device[16], int lane,
		const uint8_t *epoch, uint8_t bytes[200], struct err *err);
	/* Record the withdrawal W and erase wraps and body of OWNER's record with TAG; one that comes later is
	 * kept without them. *ERASED false: there was none to erase. */
	enum err_code (*withdraw)(struct store *st, const uint8_t owner[16], const uint8_t tag[16],
		const uint8_t w[32], int64_t at, bool *erased, struct err *err);
	/* Keep refused bytes, up to 64 MiB a device. ERR_LIMIT when that is full. */
	enum err_code (*quarantine)(struct store *st, const uint8_t device[16], const char *why, int64_t at,
		const void *bytes, size_t len, struct err *err);
	/* All that is aside, by time. */
	enum err_code (*aside_each)(struct store *st, store_aside_fn *fn, void *arg, struct err *err);
	/* Its bytes, appended to OUT. ERR_ABSENT. */
	enum err_code (*aside_get)(struct store *st, const uint8_t device[16], const uint8_t id[16], struct buf *out,
		struct err *err);
	/* Mark what a revoked device sent as released, with the event, in a transaction of its own: the aggregator takes
	 * it in. ERR_ABSENT: there is none, or it is not that. */
	enum err_code (*aside_release)(struct store *st, const uint8_t device[16], const uint8_t id[16], int64_t now,
		struct err *err);
	/* In a transaction of its own: it was taken in. */
	enum err_code (*aside_done)(struct store *st, const uint8_t device[16], const uint8_t id[16], struct err *err);
	enum err_code (*event)(struct store *st, const struct store_event *e, struct err *err);
	enum err_code (*seen)(struct store *st, const struct store_seen *seen, struct err *err);
	/* When (seconds since 1970 by the centre's clock) the boot of that id, first half, began; the first
	 * word stands. A record's own time is this plus what it says of time since boot. */
	enum err_code (*boot_put)(struct store *st, const uint8_t device[16], const uint8_t boot_id[8],
		int64_t began, struct err *err);

	/* --- registry and enrolment: each its own transaction ---------------------------------------- */
	enum err_code (*device_get)(struct store *st, const uint8_t id[16], struct store_device *out,
		struct err *err);
	enum err_code (*device_by_cert)(struct store *st, const uint8_t sha256[32], struct store_device *out,
		struct err *err);
	enum err_code (*device_each)(struct store *st, store_device_fn *fn, void *arg, struct err *err);
	/* A new pending row (ERR_EXISTS if the id is known), using up the invitation of its site with TAG.
	 * ERR_DENIED: no such invitation, used, too old, a wrong code (which counts as a try), or five
	 * wrong tries before. */
	enum err_code (*enrol)(struct store *st, const struct store_device *d, const char *tag,
		const uint8_t code_hash[32], int64_t now, struct err *err);
	/* Pending to approved with its certificate, and the event, in one transaction. */
	enum err_code (*approve)(struct store *st, const struct store_device *d, int64_t now, struct err *err);
	enum err_code (*revoke)(struct store *st, const uint8_t id[16], int64_t now, const void *order,
		size_t order_len, struct err *err);
	/* The signed revocation of a device; appends nothing if none was stored. */
	enum err_code (*revocation)(struct store *st, const uint8_t id[16], struct buf *out, struct err *err);
	/* TAG: the public first characters of the code, by which a try finds its invitation. One that was used, or
	 * had expired before NOW, gives way. ERR_ABSENT: no such site; ERR_EXISTS: the site has an open invitation
	 * of that tag. */
	enum err_code (*invite)(struct store *st, const char *site, const char *tag,
		const uint8_t code_hash[32], int64_t now, int64_t expires, struct err *err);
	enum err_code (*site_put)(struct store *st, const struct store_site *s, struct err *err);
	enum err_code (*site_each)(struct store *st, store_site_fn *fn, void *arg, struct err *err);

	/* --- what goes down ------------------------------------------------------------------------- */
	/* KIND: a bundle kind, 0 for the key ring (target zero). ERR_EXISTS: this or a newer serial of the kind is
	 * there for the same target or for everybody, or, where this one is for everybody, for anybody: a device asks
	 * by serial alone, and has what lies below. */
	enum err_code (*bundle_put)(struct store *st, int kind, const uint8_t target[16], uint32_t serial,
		const void *bytes, size_t len, struct err *err);
	/* What a device lacks of KIND: of the newest for itself, for its site and for everybody those above AFTER, the
	 * lowest serial first, so that one that comes late goes the way of those that were there. ERR_ABSENT. */
	enum err_code (*bundle_get)(struct store *st, int kind, const uint8_t *device,
		const uint8_t *site_target, uint32_t after, uint32_t *serial, struct buf *out, struct err *err);
	/* The highest serial of all bundles; 0: none. */
	enum err_code (*bundle_serial)(struct store *st, unsigned *out, struct err *err);

	/* --- readers: indicators, exports, status ---------------------------------------------------- */
	/* All chains, by device, lane and the order in which their epochs were opened. */
	enum err_code (*positions)(struct store *st, store_position_fn *fn, void *arg, struct err *err);
	/* Up to MAX rows of one chain with seq > AFTER, in order. Pointers are borrowed for the call. */
	enum err_code (*rows)(struct store *st, const uint8_t device[16], int lane, const uint8_t epoch[16],
		uint64_t after, size_t max, store_row_fn *fn, void *arg, struct err *err);
	/* When a boot of the record's owner or chain began, or ERR_ABSENT. */
	enum err_code (*boot_get)(struct store *st, const uint8_t device[16], const uint8_t boot_id[8],
		int64_t *began, struct err *err);
	enum err_code (*seen_each)(struct store *st, store_seen_fn *fn, void *arg, struct err *err);
	enum err_code (*events)(struct store *st, int64_t since, store_event_fn *fn, void *arg,
		struct err *err);
	/* Counts for /metrics and status: records kept, devices, bytes in quarantine. */
	enum err_code (*counts)(struct store *st, uint64_t *records, uint64_t *devices,
		uint64_t *quarantined, struct err *err);

	/* --- the end of a body's time: retention.h. Each its own transaction ------------------------- */
	/* A reader has the chain up to SEQ, on DAY (days since 1970). ERR_INPUT: the chain is not that long. */
	enum err_code (*pulled)(struct store *st, const uint8_t device[16], int lane, const uint8_t epoch[16],
		uint64_t seq, uint32_t day, struct err *err);
	/* Up to MAX chains of the lane after (DEVICE, EPOCH), in that order, of which more was pulled by the end of DAY
	 * than is erased. FN must not write. */
	enum err_code (*due)(struct store *st, int lane, uint32_t day, const uint8_t device[16],
		const uint8_t epoch[16], size_t max, store_due_fn *fn, void *arg, struct err *err);
	/* *SEQ: all of the chain from AFTER + 1 to there came on DAY of the log or before; AFTER: nothing did. */
	enum err_code (*came_by)(struct store *st, const uint8_t device[16], int lane, const uint8_t epoch[16],
		uint64_t after, uint32_t day, uint64_t *seq, struct err *err);
	/* Erase wraps and bodies of the sealed records from AFTER + 1 to LAST, saying WHY for each, and remember that it
	 * went so far. What comes again of them stays without. *N: how many had one. */
	enum err_code (*erase)(struct store *st, const uint8_t device[16], int lane, const uint8_t epoch[16],
		uint64_t after, uint64_t last, const char *why, int64_t now, uint64_t *n, struct err *err);
	enum err_code (*retention)(struct store *st, struct store_retention *out, struct err *err);

	/* --- the daily log root ---------------------------------------------------------------------- */
	/* Days after AFTER that have receipts, ascending. */
	enum err_code (*log_days)(struct store *st, const uint8_t log_id[16], uint32_t after,
		store_day_fn *fn, void *arg, struct err *err);
	enum err_code (*log_receipts)(struct store *st, const uint8_t log_id[16], uint32_t day,
		store_bytes_fn *fn, void *arg, struct err *err);
	enum err_code (*root_put)(struct store *st, const uint8_t log_id[16], uint32_t day, const void *bytes,
		size_t len, struct err *err);
	enum err_code (*root_each)(struct store *st, const uint8_t log_id[16], store_bytes_fn *fn, void *arg,
		struct err *err);
};

/* The first member of each backend's own struct. */
struct store {
	const struct store_ops *ops;
};

/* WHERE: a file's path, or postgresql://.. or libpq's "host=.. dbname=..". CREATE: make what is missing (else ERR_ABSENT).
 * *OUT is the caller's; free with store_close. */
enum err_code store_open(const char *where, bool create, struct store **out, struct err *err) MUST_CHECK;
void store_close(struct store *st);	/* NULL is fine */

/* The chains of LANE, as positions gives them. *LIST (NULL after an error) is the caller's: free. ERR_NOMEM. */
enum err_code store_chains(struct store *st, int lane, struct store_position **list, size_t *n,
	struct err *err) MUST_CHECK;
/* A row in the wire form that seal_open reads: u8 1, header, wraps, nonce, body; or the skeleton, u8 2,
 * header, hw, hb, if it was erased. Appends to OUT. */
void store_row_wire(const struct store_row *row, struct buf *out);

#endif
