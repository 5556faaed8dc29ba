/* What the files that make up the outbox share; nobody else includes it. Every function here expects the
 * caller to hold ob->lock, which ob_enter takes. */
#ifndef COLLECTOR_OUTBOX_DB_H
#define COLLECTOR_OUTBOX_DB_H

#include <pthread.h>

#include "base/db.h"
#include "collector/outbox.h"

enum ob_stmt {
	OB_BEGIN, OB_BEGIN_READ, OB_COMMIT, OB_ROLLBACK, OB_VERSION,
	OB_LANE_GET, OB_LANE_NEW, OB_LANE_HEAD, OB_LANE_ACK, OB_LANE_EPOCH,
	OB_RECORD_PUT, OB_RECORD_HAS, OB_RECORD_BY_ID, OB_RECORD_LINK, OB_RECORD_SPAN, OB_RECORD_ALL,
	OB_RECORD_MOVE, OB_RECORD_SENT, OB_RECORD_UNSENT, OB_RECORD_ERASE, OB_RECORD_FORGET, OB_RECORD_PURGE,
	OB_RECORD_COUNT, OB_RECORD_WAITING, OB_RECORD_OLDEST, OB_RECORD_DAY,
	OB_WRAP_PUT, OB_WRAP_GET, OB_WRAP_ERASE,
	OB_TAG_PUT, OB_TAG_GET, OB_TAG_DROP, OB_TAG_DAY, OB_RECORD_DAYS, OB_TAG_PURGE,
	OB_RECEIPT_PUT, OB_RECEIPT_LAST, OB_RECEIPT_CLOSED, OB_RECEIPT_DAYS, OB_RECEIPT_PURGE, OB_HEAD_PUT, OB_HEAD_GET,
	OB_RECORD_FIRST,
	OB_SLOT_GET, OB_SLOT_PUT,
	OB_RING_GET, OB_RING_PUT, OB_RING_PURGE, OB_BUNDLE_GET, OB_BUNDLE_PREVIOUS, OB_BUNDLE_PUT,
	OB_CLOCK_GET, OB_CLOCK_PUT, OB_CLOCK_PURGE, OB_META_GET, OB_META_PUT, OB_META_DROP,
	OB_DRAFT_PUT, OB_DRAFT_GET, OB_DRAFT_LIST, OB_DRAFT_HEAD, OB_DRAFT_DROP, OB_DRAFT_WRAP_PUT, OB_DRAFT_WRAPS,
	OB_DRAFT_LINE_PUT, OB_DRAFT_LINES,
	OB_STMTS
};

#define OB_SLOTS 4
#define OB_COVERS 24

/* The further sealings of the concern in a slot. */
struct ob_family {
	uint8_t first[16];	/* id of the one that was kept first */
	struct sealed_record *spare;
	size_t n, next;
};

struct outbox {
	sqlite3 *db;
	sqlite3_stmt *stmt[OB_STMTS];
	pthread_mutex_t lock;
	enum outbox_role role;
	char *path;
	const char *vfs;	/* NULL: the usual one */
	bool full;		/* a write met a full disk; until outbox_space says otherwise */
	bool cut_wal;		/* the WAL holds what was erased and could not be cut yet */
	int wal_pages;
	struct {
		bool there;
		uint8_t epoch[16];
		uint64_t seq;
		struct chain_hash link;
	} head[LANES];		/* what this process signed last: the row of it can be taken away */
	struct {
		bool started;
		bool used[OB_SLOTS];
		uint64_t order[OB_SLOTS];	/* which used one came first */
		struct ob_family family[OB_SLOTS];
		uint64_t next_order;
		int64_t end_ms;			/* of the slot now running */
		int64_t cover_ms[OB_COVERS];	/* when one of the four is written anew */
		unsigned n_covers;
	} slots;
};

/* outbox_open through the VFS called VFS (NULL: the usual one), which must outlive it. */
enum err_code ob_open(const char *path, enum outbox_role role, const char *vfs, struct outbox **out,
	struct err *err) MUST_CHECK;
/* Forget which slots are used. */
void ob_slots_clear(struct outbox *ob);
/* Lock OB, and open the file again if an earlier error closed it. Unlock in any case. */
enum err_code ob_enter(struct outbox *ob, struct err *err) MUST_CHECK;

/* Bind by FMT and run a statement that returns no rows. FMT: i int64_t, b (const void *, size_t) blob (NULL
 * pointer: NULL), t const char *, n NULL. Errors as db_err, "WHAT: ..". */
enum err_code ob_exec(struct outbox *ob, enum ob_stmt s, const char *what, struct err *err, const char *fmt,
	...) MUST_CHECK;
/* Bind and step to the first row: ERR_OK, then read columns and ob_done; ERR_ABSENT without a row. */
enum err_code ob_query(struct outbox *ob, enum ob_stmt s, const char *what, struct err *err, const char *fmt,
	...) MUST_CHECK;
/* The next row: ERR_OK, ERR_ABSENT at the end. */
enum err_code ob_next(struct outbox *ob, enum ob_stmt s, const char *what, struct err *err) MUST_CHECK;
void ob_done(struct outbox *ob, enum ob_stmt s);
/* Column COL is a blob of LEN bytes: copy it. ERR_BROKEN else. */
enum err_code ob_blob(struct outbox *ob, enum ob_stmt s, int col, void *out, size_t len, struct err *err) MUST_CHECK;
/* Column COL, appended whole. */
enum err_code ob_blob_put(struct outbox *ob, enum ob_stmt s, int col, struct buf *out, struct err *err) MUST_CHECK;

enum err_code ob_begin(struct outbox *ob, struct err *err) MUST_CHECK;
/* COMMIT if RC is ERR_OK, else ROLLBACK; returns RC or what COMMIT said. */
enum err_code ob_end(struct outbox *ob, enum err_code rc, struct err *err) MUST_CHECK;
/* Close and open the same file again, after an error that leaves things unknown. */
enum err_code ob_reopen(struct outbox *ob, struct err *err) MUST_CHECK;

enum err_code ob_lane(struct outbox *ob, uint8_t lane, struct outbox_lane *out, struct err *err) MUST_CHECK;
enum err_code ob_device(struct outbox *ob, uint8_t device[16], struct err *err) MUST_CHECK;
enum err_code ob_link(struct outbox *ob, uint8_t lane, const struct outbox_lane *l, uint64_t seq,
	struct chain_hash *out, struct err *err) MUST_CHECK;
/* Within a transaction: chain R at the end of its lane. */
enum err_code ob_append(struct outbox *ob, const struct sealed_record *r, struct err *err) MUST_CHECK;
/* Within a transaction: open a new epoch and move into it what outbox_epoch says. */
enum err_code ob_epoch(struct outbox *ob, uint8_t lane, const uint8_t device[16], enum epoch_reason reason,
	bool is_new, struct err *err) MUST_CHECK;
/* Move the whole WAL into the file and cut it; *DONE false if a reader was in the way. */
enum err_code ob_cut_wal(struct outbox *ob, bool *done, struct err *err) MUST_CHECK;

#endif
