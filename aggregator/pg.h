/* What the files of the PostgreSQL backend share: a connection that is made anew when it was lost, statements by
 * number with values bound by a short format, and one mapping of SQLSTATE to our codes. */
#ifndef AGGREGATOR_PG_H
#define AGGREGATOR_PG_H

#include <libpq-fe.h>

#include "aggregator/store_open.h"

enum pq {
	PQ_BEGIN, PQ_COMMIT, PQ_ROLLBACK,
	PQ_DEVICE_LOCK, PQ_HEAD, PQ_HEAD_MOVE, PQ_EPOCH_NEXT, PQ_EPOCH_PUT, PQ_LINK_AT,
	PQ_RECORD_PUT, PQ_RECORD_GET, PQ_RELEASED, PQ_WITHDRAWN, PQ_BODY_PUT, PQ_WRAP_PUT, PQ_ENTRY_PUT,
	PQ_RECEIPT_PUT, PQ_RECEIPT_COVERING, PQ_EPOCH_NEWEST, PQ_RECEIPT_EPOCH,
	PQ_WITHDRAW_PUT, PQ_BODY_MARK, PQ_WRAP_MARK, PQ_BODY_DELETE, PQ_WRAP_DELETE,
	PQ_QUARANTINE_SIZE, PQ_QUARANTINE_PUT, PQ_ASIDE_EACH, PQ_ASIDE_GET, PQ_ASIDE_RELEASE, PQ_ASIDE_DONE,
	PQ_EVENT_PUT, PQ_SEEN_PUT, PQ_BOOT_PUT, PQ_BOOT_GET,
	PQ_POSITIONS, PQ_ROWS, PQ_ROW_OF, PQ_SEEN, PQ_EVENTS,
	PQ_COUNT_RECORDS, PQ_COUNT_DEVICES, PQ_COUNT_QUARANTINE,
	PQ_DEVICE_GET, PQ_CERT_GET, PQ_DEVICE_EACH, PQ_DEVICE_PUT, PQ_CERT_PUT, PQ_DEVICE_APPROVE, PQ_DEVICE_REVOKE,
	PQ_REVOCATION, PQ_INVITE_PUT, PQ_INVITE_LOCK, PQ_INVITE_TRY, PQ_INVITE_USE,
	PQ_SITE_PUT, PQ_SITE_EACH, PQ_BUNDLE_PUT, PQ_BUNDLE_NEWEST, PQ_BUNDLE_GET, PQ_BUNDLE_SERIAL,
	PQ_PULL_HAS, PQ_PULL_PUT, PQ_PULL_OLD, PQ_PULL_DONE, PQ_DUE, PQ_DUE_GONE, PQ_CAME_LATER, PQ_CAME_BY, PQ_SPAN, PQ_RELEASE_PUT,
	PQ_RELEASED_BODY, PQ_RELEASED_WRAP, PQ_GONE_BODY, PQ_GONE_WRAP, PQ_ERASED_PUT, PQ_CHAINS_PULLED, PQ_ERASED,
	PQ_LOG_DAYS, PQ_LOG_RECEIPTS, PQ_ROOT_PUT, PQ_ROOT_EACH,
	PQ_N
};

enum { PG_QUEUE = 24 };

struct pg_store {
	struct store base;
	struct store_ops ops;	/* a copy: one_device is known only after connecting */
	char *url;
	PGconn *conn;
	bool in_tx;
	struct pg_queued {
		enum pq n;
		const char *what;
		bool prepares;	/* the statement itself, not a run of it */
		int64_t expect;	/* rows to be written; -1: any number */
	} queue[PG_QUEUE];
	size_t n_queue;
	int64_t failed_ms;	/* when connecting last failed, CLOCK_BOOTTIME; 0: it did not */
	bool prepared[PQ_N];
};

/* --- pg_link_store.c ------------------------------------------------------------------------------ */

/* Connect, set the session up, judge the server: ERR_AGAIN unreachable (at once, if it was a second ago), ERR_DENIED refused, ERR_INPUT a server
 * that does not keep what it confirms (synchronous_commit, fsync). */
enum err_code pg_connect(struct pg_store *st, struct err *err) MUST_CHECK;
/* Run statement N, its values by FMT: 'b' pointer, int length (NULL pointer: NULL) as bytea; 'i' int64_t; 't'
 * text; 'A' struct pg_array of bytea, 'I' struct pg_array of bigint. *OUT (may be NULL) is the caller's: PQclear.
 * Outside a transaction a lost connection is made anew and the statement run once more: only readers are run so.
 * Errors: pg_error. */
enum err_code pg_run(struct pg_store *st, enum pq n, const char *what, PGresult **out, struct err *err,
	const char *fmt, ...) MUST_CHECK;
/* The same where no row is wanted; *CHANGED (may be NULL) rows were written. */
enum err_code pg_done(struct pg_store *st, enum pq n, const char *what, size_t *changed, struct err *err,
	const char *fmt, ...) MUST_CHECK;
/* The same, sent along with the next statement whose answer is waited for: a round trip less each. A failure is
 * that statement's, or that of COMMIT, which is then not sent. EXPECT (or -1) rows must be written, else ERR_AGAIN:
 * another writer was there. Outside a transaction it is one of its own. */
enum err_code pg_later(struct pg_store *st, enum pq n, const char *what, int64_t expect, struct err *err,
	const char *fmt, ...) MUST_CHECK;
/* SQLSTATE in our codes: ERR_AGAIN serialization, deadlock, unique (a race: run it again), timeouts, resources,
 * connection; ERR_INPUT other constraints and data; ERR_DENIED rights; ERR_BROKEN else. RES may be NULL. */
enum err_code pg_error(struct pg_store *st, const PGresult *res, const char *what, struct err *err);

/* BEGIN; if the connection was lost since the last use it is made anew. */
enum err_code pg_begin(struct pg_store *st, struct err *err) MUST_CHECK;
/* RC is ERR_OK: COMMIT, ERR_BROKEN where its outcome is unknown. Else ROLLBACK, and RC is returned. */
enum err_code pg_end(struct pg_store *st, enum err_code rc, struct err *err) MUST_CHECK;

/* Column COL of row ROW: exactly LEN bytes (zero if NULL or of another length); a number; text; bytes. */
void pg_bytes(const PGresult *res, int row, int col, void *out, size_t len);
int64_t pg_int(const PGresult *res, int row, int col);
void pg_text(const PGresult *res, int row, int col, char *out, size_t room);
const uint8_t *pg_blob(const PGresult *res, int row, int col, size_t *len);

/* A one-dimensional array in PostgreSQL's binary form, growing. */
struct pg_array {
	struct buf b;
	uint32_t n;
};
void pg_array_init(struct pg_array *a, bool of_bigint);
void pg_array_bytes(struct pg_array *a, const void *bytes, size_t len);	/* NULL: NULL */
void pg_array_int(struct pg_array *a, int64_t v);
void pg_array_clear(struct pg_array *a);

/* --- pg_schema_store.c ---------------------------------------------------------------------------- */

/* Is the schema there and ours? CREATE: make it, and shard it where citus is present. Sets one_device. */
enum err_code pg_schema(struct pg_store *st, bool create, struct err *err) MUST_CHECK;

/* --- pg_registry_store.c: registry, enrolment, bundles, log roots --------------------------------- */

enum err_code pg_device_lock(struct store *base, const uint8_t id[16], struct store_device *out, struct err *err);
enum err_code pg_event(struct store *base, const struct store_event *e, struct err *err);
void pg_registry_ops(struct store_ops *ops);
/* The statements of that file, by number. */
extern const char *const pg_registry_sql[PQ_N];
extern const char *const pg_store_sql[PQ_N];

/* --- pg_retain_store.c: pulls and the end of a body's time ----------------------------------------- */
void pg_retain_ops(struct store_ops *ops);
extern const char *const pg_retain_sql[PQ_N];

#endif
