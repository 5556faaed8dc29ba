/* What the files of the SQLite backend share: statements by number, values bound by a short format. */
#ifndef AGGREGATOR_SQLITE_H
#define AGGREGATOR_SQLITE_H

#include <sqlite3.h>

#include "aggregator/store_open.h"
#include "base/db.h"

enum sq {
	SQ_BEGIN, SQ_BEGIN_READ, SQ_COMMIT, SQ_ROLLBACK,
	SQ_HEAD, SQ_HEAD_PUT, SQ_LINK_AT,
	SQ_RECORD_PUT, SQ_RECORD_GET, SQ_BODY_PUT, SQ_WRAP_PUT, SQ_ENTRY_PUT, SQ_WITHDRAWN,
	SQ_RECEIPT_PUT, SQ_RECEIPT_COVERING, SQ_RECEIPT_NEWEST, SQ_RECEIPT_EPOCH,
	SQ_WITHDRAW_PUT, SQ_WITHDRAW_FIND, SQ_BODY_DELETE, SQ_WRAP_DELETE,
	SQ_QUARANTINE_SIZE, SQ_QUARANTINE_PUT, SQ_ASIDE_EACH, SQ_ASIDE_GET, SQ_ASIDE_RELEASE, SQ_ASIDE_DONE,
	SQ_EVENT_PUT, SQ_SEEN_PUT, SQ_BOOT_PUT, SQ_BOOT_GET,
	SQ_POSITIONS, SQ_ROWS, SQ_SEEN, SQ_EVENTS, SQ_COUNTS,
	SQ_DEVICE_GET, SQ_DEVICE_CERT, SQ_DEVICE_EACH, SQ_DEVICE_PUT, SQ_DEVICE_APPROVE, SQ_DEVICE_REVOKE,
	SQ_REVOCATION, SQ_INVITE_PUT, SQ_INVITE_GET, SQ_INVITE_TRY, SQ_INVITE_USE,
	SQ_SITE_PUT, SQ_SITE_EACH, SQ_BUNDLE_PUT, SQ_BUNDLE_NEWEST, SQ_BUNDLE_GET, SQ_BUNDLE_SERIAL,
	SQ_PULL_HAS, SQ_PULL_PUT, SQ_PULL_OLD, SQ_PULL_DONE, SQ_DUE, SQ_CAME_LATER, SQ_CAME_BY, SQ_RELEASE_PUT,
	SQ_RELEASED_BODY, SQ_RELEASED_WRAP, SQ_ERASED_PUT, SQ_RETENTION, SQ_LOG_DAYS, SQ_LOG_RECEIPTS, SQ_ROOT_PUT, SQ_ROOT_EACH,
	SQ_N
};

struct sqlite_store {
	struct store base;
	sqlite3 *db;
	sqlite3_stmt *stmt[SQ_N];
};

/* Reset statement N and bind by FMT: 'b' pointer, int length (NULL pointer: NULL); 'i' int64_t; 't' text. */
sqlite3_stmt *sq_bind(struct sqlite_store *st, enum sq n, const char *fmt, ...);
/* Run a bound statement that returns no row. */
enum err_code sq_done(struct sqlite_store *st, sqlite3_stmt *s, const char *what, struct err *err) MUST_CHECK;
/* Run to the first row: ERR_ABSENT if there is none. The caller resets with sqlite3_reset. */
enum err_code sq_row(struct sqlite_store *st, sqlite3_stmt *s, const char *what, struct err *err) MUST_CHECK;
/* Column COL as exactly LEN bytes (zero if it is NULL or of another length). */
void sq_bytes(sqlite3_stmt *s, int col, void *out, size_t len);
void sq_text(sqlite3_stmt *s, int col, char *out, size_t room);

/* BEGIN IMMEDIATE .. COMMIT around what the caller does in between. */
enum err_code sq_begin(struct sqlite_store *st, struct err *err) MUST_CHECK;
enum err_code sq_end(struct sqlite_store *st, enum err_code rc, struct err *err) MUST_CHECK;

/* sqlite_registry_store.c: registry, enrolment, bundles, what was put aside, roots. */
enum err_code sqlite_device_read(sqlite3_stmt *s, bool with_cert, struct store_device *out, struct err *err) MUST_CHECK;
enum err_code sqlite_device_get(struct store *base, const uint8_t id[16], struct store_device *out, struct err *err);
enum err_code sqlite_device_by_cert(struct store *base, const uint8_t sha256[32], struct store_device *out, struct err *err);
enum err_code sqlite_device_each(struct store *base, store_device_fn *fn, void *arg, struct err *err);
enum err_code sqlite_enrol(struct store *base, const struct store_device *d, const char *tag, const uint8_t code_hash[32], int64_t now, struct err *err);
enum err_code sqlite_approve(struct store *base, const struct store_device *d, int64_t now, struct err *err);
enum err_code sqlite_revoke(struct store *base, const uint8_t id[16], int64_t now, const void *order, size_t order_len, struct err *err);
enum err_code sqlite_revocation(struct store *base, const uint8_t id[16], struct buf *out, struct err *err);
enum err_code sqlite_invite(struct store *base, const char *site, const char *tag, const uint8_t code_hash[32],
	int64_t now, int64_t expires, struct err *err);
enum err_code sqlite_site_put(struct store *base, const struct store_site *s, struct err *err);
enum err_code sqlite_site_each(struct store *base, store_site_fn *fn, void *arg, struct err *err);
enum err_code sqlite_bundle_put(struct store *base, int kind, const uint8_t target[16], uint32_t serial, const void *bytes, size_t len, struct err *err);
enum err_code sqlite_bundle_get(struct store *base, int kind, const uint8_t *device, const uint8_t *site_target, uint32_t after, uint32_t *serial, struct buf *out, struct err *err);
enum err_code sqlite_bundle_serial(struct store *base, unsigned *out, struct err *err);
enum err_code sqlite_log_days(struct store *base, const uint8_t log_id[16], uint32_t after, store_day_fn *fn, void *arg, struct err *err);
enum err_code sqlite_log_receipts(struct store *base, const uint8_t log_id[16], uint32_t day, store_bytes_fn *fn, void *arg, struct err *err);
enum err_code sqlite_aside_each(struct store *base, store_aside_fn *fn, void *arg, struct err *err);
enum err_code sqlite_aside_get(struct store *base, const uint8_t device[16], const uint8_t id[16], struct buf *out, struct err *err);
enum err_code sqlite_aside_release(struct store *base, const uint8_t device[16], const uint8_t id[16], int64_t now, struct err *err);
enum err_code sqlite_aside_done(struct store *base, const uint8_t device[16], const uint8_t id[16], struct err *err);
enum err_code sqlite_root_put(struct store *base, const uint8_t log_id[16], uint32_t day, const void *bytes, size_t len, struct err *err);
enum err_code sqlite_root_each(struct store *base, const uint8_t log_id[16], store_bytes_fn *fn, void *arg, struct err *err);
/* sqlite_retain_store.c: pulls and the end of a body's time. */
enum err_code sqlite_pulled(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t seq, uint32_t day, struct err *err);
enum err_code sqlite_due(struct store *base, int lane, uint32_t day, const uint8_t device[16], const uint8_t epoch[16], size_t max, store_due_fn *fn, void *arg, struct err *err);
enum err_code sqlite_came_by(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after, uint32_t day, uint64_t *seq, struct err *err);
enum err_code sqlite_erase(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after, uint64_t last, const char *why, int64_t now, uint64_t *n, struct err *err);
enum err_code sqlite_retention(struct store *base, struct store_retention *out, struct err *err);
/* One audit line, in the transaction that is open. */
enum err_code sqlite_event(struct store *base, const struct store_event *e, struct err *err);

#endif
