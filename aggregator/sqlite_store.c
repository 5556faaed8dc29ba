/* The central store in SQLite: opening, intake and reading. See store.h. The registry's half is in
 * sqlite_registry_store.c. Created with synchronous=EXTRA before the switch to WAL, so that a power cut
 * right after creation loses nothing (docs/ARCHITECTURE.md). */
#include "aggregator/sqlite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/embed.h"
#include "base/embed.h"
#include "base/file.h"

enum { SCHEMA_NOW = 2 };

static const char *const schema_files[SCHEMA_NOW] = { "sql/sqlite-1.sql", "sql/sqlite-2.sql" };

#define CHAIN "device = ?1 AND lane = ?2 AND epoch = ?3"
/* The records of entries ?4 + 1 to ?5 of a chain; another record of the same id is not the entry's. (What else is
 * asked of r.n is asked by EXISTS: with IN the planner went through all bodies for each entry.) */
#define SPAN "FROM entry t JOIN record r ON r.device = coalesce(t.owner, t.device) AND r.id = t.record_id " \
	"AND r.leaf = t.leaf WHERE t.device = ?1 AND t.lane = ?2 AND t.epoch = ?3 AND t.seq > ?4 AND t.seq <= ?5"

static const char *const sql[SQ_N] = {
	[SQ_BEGIN] = "BEGIN IMMEDIATE",
	[SQ_BEGIN_READ] = "BEGIN",
	[SQ_COMMIT] = "COMMIT",
	[SQ_ROLLBACK] = "ROLLBACK",
	[SQ_HEAD] = "SELECT hw, hw_link FROM epoch WHERE device = ?1 AND lane = ?2 AND epoch = ?3",
	[SQ_HEAD_PUT] = "INSERT INTO epoch (device, lane, epoch, opened, hw, hw_link) VALUES (?1, ?2, ?3, "
	    "(SELECT coalesce(max(opened), 0) + 1 FROM epoch WHERE device = ?1 AND lane = ?2), ?4, ?5) "
	    "ON CONFLICT DO UPDATE SET hw = excluded.hw, hw_link = excluded.hw_link",
	[SQ_LINK_AT] = "SELECT link FROM entry WHERE device = ?1 AND lane = ?2 AND epoch = ?3 AND seq = ?4",
	[SQ_RECORD_PUT] = "INSERT INTO record (device, id, kind, lane, tag, header, hw, hb, leaf) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (device, id) DO NOTHING",
	[SQ_RECORD_GET] = "SELECT r.n, r.leaf, b.n IS NOT NULL, e.n IS NOT NULL FROM record r "
	    "LEFT JOIN body b ON b.n = r.n LEFT JOIN release e ON e.n = r.n WHERE r.device = ?1 AND r.id = ?2",
	[SQ_BODY_PUT] = "INSERT INTO body (n, nonce_body) VALUES (?1, ?2)",
	[SQ_WRAP_PUT] = "INSERT INTO wrap (n, wraps) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
	[SQ_ENTRY_PUT] = "INSERT INTO entry (device, lane, epoch, seq, owner, record_id, leaf, link) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[SQ_WITHDRAWN] = "SELECT 1 FROM withdrawal WHERE device = ?1 AND tag = ?2",
	[SQ_RECEIPT_PUT] = "INSERT INTO receipt (device, lane, epoch, a, b, again, last_link, log_id, log_day, bytes) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, (SELECT count(*) FROM receipt WHERE device = ?1 AND lane = ?2 AND epoch = ?3 "
	    "AND b = ?5), ?6, ?7, ?8, ?9)",
	[SQ_RECEIPT_COVERING] = "SELECT bytes FROM receipt WHERE device = ?1 AND lane = ?2 AND epoch = ?3 AND b >= ?4 "
	    "ORDER BY b, again DESC LIMIT 1",
	[SQ_RECEIPT_NEWEST] = "SELECT r.bytes FROM receipt r JOIN epoch e USING (device, lane, epoch) "
	    "WHERE r.device = ?1 AND r.lane = ?2 ORDER BY e.opened DESC, r.b DESC, r.again DESC LIMIT 1",
	[SQ_RECEIPT_EPOCH] = "SELECT bytes FROM receipt WHERE device = ?1 AND lane = ?2 AND epoch = ?3 "
	    "ORDER BY b DESC, again DESC LIMIT 1",
	[SQ_WITHDRAW_PUT] = "INSERT INTO withdrawal (device, tag, w, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
	[SQ_WITHDRAW_FIND] = "SELECT r.n FROM record r JOIN body b ON b.n = r.n "
	    "WHERE r.device = ?1 AND r.tag = ?2 AND r.kind = 0 AND r.lane = 0",
	[SQ_BODY_DELETE] = "DELETE FROM body WHERE n IN (SELECT n FROM record WHERE device = ?1 AND tag = ?2 "
	    "AND kind = 0 AND lane = 0)",
	[SQ_WRAP_DELETE] = "DELETE FROM wrap WHERE n IN (SELECT n FROM record WHERE device = ?1 AND tag = ?2 "
	    "AND kind = 0 AND lane = 0)",
	[SQ_QUARANTINE_SIZE] = "SELECT coalesce(sum(size), 0) FROM quarantine WHERE device = ?1",
	[SQ_ASIDE_EACH] = "SELECT n, device, at, why, size FROM quarantine ORDER BY at, n",
	[SQ_ASIDE_GET] = "SELECT bytes FROM quarantine WHERE device = ?1 AND n = ?2",
	[SQ_ASIDE_RELEASE] = "UPDATE quarantine SET why = 'released' WHERE device = ?1 AND n = ?2 AND why = 'revoked'",
	[SQ_ASIDE_DONE] = "DELETE FROM quarantine WHERE device = ?1 AND n = ?2",
	[SQ_QUARANTINE_PUT] = "INSERT INTO quarantine (device, at, why, bytes, size) VALUES (?1, ?2, ?3, ?4, ?5)",
	[SQ_EVENT_PUT] = "INSERT INTO event (at, what, device, detail) VALUES (?1, ?2, ?3, ?4)",
	[SQ_SEEN_PUT] = "INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET "
	    "at = excluded.at, waiting = excluded.waiting, oldest_hours = excluded.oldest_hours, "
	    "free_mib = excluded.free_mib, ring_serial = excluded.ring_serial, software = excluded.software, "
	    "bundle_refused = excluded.bundle_refused, clock_off_s = excluded.clock_off_s",
	[SQ_BOOT_PUT] = "INSERT INTO boot (device, boot_id, began) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
	[SQ_BOOT_GET] = "SELECT began FROM boot WHERE device = ?1 AND boot_id = ?2",
	[SQ_POSITIONS] = "SELECT e.device, d.site, e.lane, e.epoch, e.hw FROM epoch e "
	    "JOIN device d ON d.id = e.device ORDER BY e.device, e.lane, e.opened",
	[SQ_ROWS] = "SELECT t.seq, coalesce(t.owner, t.device), t.record_id, t.leaf, t.link, r.kind, r.tag, r.header, "
	    "r.hw, r.hb, b.nonce_body, w.wraps FROM entry t "
	    "JOIN record r ON r.device = coalesce(t.owner, t.device) AND r.id = t.record_id "
	    "LEFT JOIN body b ON b.n = r.n LEFT JOIN wrap w ON w.n = r.n "
	    "WHERE t.device = ?1 AND t.lane = ?2 AND t.epoch = ?3 AND t.seq > ?4 ORDER BY t.seq LIMIT ?5",
	[SQ_SEEN] = "SELECT * FROM seen ORDER BY device",
	[SQ_EVENTS] = "SELECT at, what, device, detail FROM event WHERE at >= ?1 ORDER BY n",
	[SQ_COUNTS] = "SELECT (SELECT coalesce(max(n), 0) FROM record), (SELECT count(*) FROM device WHERE state = 1), "
	    "(SELECT coalesce(sum(size), 0) FROM quarantine)",
	[SQ_DEVICE_GET] = "SELECT id, site, sign_key, spki, cert_sha256, state, since, succeeds, address, cert_pem "
	    "FROM device WHERE id = ?1",
	[SQ_DEVICE_CERT] = "SELECT id, site, sign_key, spki, cert_sha256, state, since, succeeds, address, cert_pem "
	    "FROM device WHERE cert_sha256 = ?1",
	[SQ_DEVICE_EACH] = "SELECT id, site, sign_key, spki, cert_sha256, state, since, succeeds, address, NULL "
	    "FROM device ORDER BY site, since, id",
	[SQ_DEVICE_PUT] = "INSERT INTO device (id, site, sign_key, spki, state, since, succeeds, address) "
	    "VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7)",
	[SQ_DEVICE_APPROVE] = "UPDATE device SET state = 1, since = ?2, cert_sha256 = ?3, cert_pem = ?4, succeeds = ?5 "
	    "WHERE id = ?1 AND state = 0",
	[SQ_DEVICE_REVOKE] = "UPDATE device SET state = 2, since = ?2, revocation = coalesce(?3, revocation) WHERE id = ?1",
	[SQ_REVOCATION] = "SELECT revocation FROM device WHERE id = ?1 AND revocation IS NOT NULL",
	[SQ_INVITE_PUT] = "INSERT INTO invite (site, tag, code_hash, expires) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (site, tag) "
	    "DO UPDATE SET code_hash = excluded.code_hash, expires = excluded.expires, used = 0, tries = 0 "
	    "WHERE used = 1 OR expires < ?5",
	[SQ_INVITE_GET] = "SELECT code_hash, expires, used, tries FROM invite WHERE site = ?1 AND tag = ?2",
	[SQ_INVITE_TRY] = "UPDATE invite SET tries = tries + 1 WHERE site = ?1 AND tag = ?2",
	[SQ_INVITE_USE] = "UPDATE invite SET used = 1 WHERE site = ?1 AND tag = ?2 AND used = 0",
	[SQ_SITE_PUT] = "INSERT INTO site (name, label, grp) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET "
	    "label = excluded.label, grp = excluded.grp",
	[SQ_SITE_EACH] = "SELECT name, label, grp FROM site ORDER BY name",
	[SQ_BUNDLE_PUT] = "INSERT INTO bundle (kind, target, serial, bytes) VALUES (?1, ?2, ?3, ?4)",
	[SQ_BUNDLE_NEWEST] = "SELECT coalesce(max(serial), 0) FROM bundle WHERE kind = ?1 "
	    "AND (?2 = zeroblob(16) OR target IN (?2, zeroblob(16)))",
	[SQ_BUNDLE_GET] = "SELECT serial, bytes FROM bundle AS b WHERE kind = ?1 AND target IN (?2, ?3, zeroblob(16)) "
	    "AND serial > ?4 AND NOT EXISTS (SELECT 1 FROM bundle AS n WHERE n.kind = b.kind AND n.target = b.target "
	    "AND n.serial > b.serial) ORDER BY serial LIMIT 1",
	[SQ_BUNDLE_SERIAL] = "SELECT coalesce(max(serial), 0) FROM bundle",
	[SQ_PULL_HAS] = "SELECT 1 FROM pull WHERE " CHAIN " AND seq >= ?4 LIMIT 1",
	[SQ_PULL_PUT] = "INSERT INTO pull (device, lane, epoch, day, seq) SELECT device, lane, epoch, ?4, ?5 FROM epoch "
	    "WHERE " CHAIN " AND hw >= ?5 ON CONFLICT (device, lane, epoch, day) DO UPDATE SET seq = max(seq, excluded.seq)",
	[SQ_PULL_OLD] = "DELETE FROM pull WHERE " CHAIN " AND day < ?4",
	[SQ_PULL_DONE] = "DELETE FROM pull WHERE " CHAIN " AND seq <= ?4 AND day < (SELECT max(day) FROM pull WHERE " CHAIN ")",
	[SQ_DUE] = "SELECT p.device, p.epoch, max(p.seq), coalesce(max(e.seq), 0) FROM pull p LEFT JOIN erased e "
	    "ON e.device = p.device AND e.lane = p.lane AND e.epoch = p.epoch WHERE p.lane = ?1 AND p.day <= ?2 "
	    "AND p.device >= ?3 AND (p.device, p.epoch) > (?3, ?4) GROUP BY p.device, p.epoch "
	    "HAVING max(p.seq) > coalesce(max(e.seq), 0) ORDER BY p.device, p.epoch LIMIT ?5",
	[SQ_CAME_LATER] = "SELECT b FROM receipt WHERE " CHAIN " AND b > ?4 AND log_day > ?5 ORDER BY b LIMIT 1",
	[SQ_CAME_BY] = "SELECT coalesce(max(b), ?4) FROM receipt WHERE " CHAIN " AND b > ?4 AND b < ?5",
	[SQ_RELEASE_PUT] = "INSERT INTO release (n, why, at) SELECT r.n, ?6, ?7 " SPAN " AND r.kind = 0 "
	    "AND EXISTS (SELECT 1 FROM body b WHERE b.n = r.n) ON CONFLICT DO NOTHING",
	[SQ_RELEASED_BODY] = "DELETE FROM body WHERE n IN (SELECT r.n " SPAN " AND EXISTS (SELECT 1 FROM release e WHERE e.n = r.n))",
	[SQ_RELEASED_WRAP] = "DELETE FROM wrap WHERE n IN (SELECT r.n " SPAN " AND EXISTS (SELECT 1 FROM release e WHERE e.n = r.n))",
	[SQ_ERASED_PUT] = "INSERT INTO erased (device, lane, epoch, seq, n, day) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
	    "ON CONFLICT (device, lane, epoch) DO UPDATE SET seq = max(seq, excluded.seq), n = n + excluded.n, "
	    "day = CASE WHEN excluded.n > 0 THEN excluded.day ELSE day END",
	[SQ_RETENTION] = "SELECT (SELECT count(*) FROM (SELECT DISTINCT device, epoch FROM pull WHERE lane = ?1)), "
	    "(SELECT coalesce(sum(n), 0) FROM erased WHERE lane = ?1), "
	    "(SELECT coalesce(max(day), 0) FROM erased WHERE lane = ?1 AND n > 0)",
	[SQ_LOG_DAYS] = "SELECT DISTINCT log_day FROM receipt WHERE log_id = ?1 AND log_day > ?2 ORDER BY log_day",
	[SQ_LOG_RECEIPTS] = "SELECT device || lane, bytes FROM receipt WHERE log_id = ?1 AND log_day = ?2 "
	    "ORDER BY device, lane, epoch, b, again",
	[SQ_ROOT_PUT] = "INSERT INTO root (log_id, day, bytes) VALUES (?1, ?2, ?3)",
	[SQ_ROOT_EACH] = "SELECT day, bytes FROM root WHERE log_id = ?1 ORDER BY day",
};

/* --- small things ------------------------------------------------------------------------------ */

sqlite3_stmt *
sq_bind(struct sqlite_store *st, enum sq n, const char *fmt, ...)
{
	sqlite3_stmt *s = st->stmt[n];
	va_list ap;
	int i = 1;

	sqlite3_reset(s);
	va_start(ap, fmt);
	for (const char *f = fmt; *f != '\0'; f++, i++) {
		if (*f == 'b') {
			const void *p = va_arg(ap, const void *);
			int len = va_arg(ap, int);

			if (p == NULL)
				sqlite3_bind_null(s, i);
			else
				sqlite3_bind_blob(s, i, p, len, SQLITE_STATIC);
		} else if (*f == 'i') {
			sqlite3_bind_int64(s, i, va_arg(ap, int64_t));
		} else {
			sqlite3_bind_text(s, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
		}
	}
	va_end(ap);
	return s;
}

enum err_code
sq_done(struct sqlite_store *st, sqlite3_stmt *s, const char *what, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (sqlite3_step(s) != SQLITE_DONE)
		rc = db_err(st->db, what, err);
	sqlite3_reset(s);
	return rc;
}

enum err_code
sq_row(struct sqlite_store *st, sqlite3_stmt *s, const char *what, struct err *err)
{
	enum err_code rc;
	int no = sqlite3_step(s);

	if (no == SQLITE_ROW)
		return ERR_OK;
	rc = no == SQLITE_DONE ? err_set(err, ERR_ABSENT, "%s: there is none", what) : db_err(st->db, what, err);
	sqlite3_reset(s);
	return rc;
}

void
sq_bytes(sqlite3_stmt *s, int col, void *out, size_t len)
{
	memset(out, 0, len);
	if (sqlite3_column_bytes(s, col) == (int)len)
		memcpy(out, sqlite3_column_blob(s, col), len);
}

void
sq_text(sqlite3_stmt *s, int col, char *out, size_t room)
{
	const char *t = (const char *)sqlite3_column_text(s, col);
	size_t n = t == NULL ? 0 : strlen(t);

	if (n >= room)
		n = room - 1;
	if (n > 0)
		memcpy(out, t, n);
	out[n] = '\0';
}

static struct sqlite_store *
of(struct store *base)
{
	return (struct sqlite_store *)(void *)base;
}

enum err_code
sq_begin(struct sqlite_store *st, struct err *err)
{
	return sq_done(st, sq_bind(st, SQ_BEGIN, ""), "begin", err);
}

enum err_code
sq_end(struct sqlite_store *st, enum err_code rc, struct err *err)
{
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_COMMIT, ""), "commit", err);
	if (rc != ERR_OK && sqlite3_get_autocommit(st->db) == 0) {
		sqlite3_step(st->stmt[SQ_ROLLBACK]);
		sqlite3_reset(st->stmt[SQ_ROLLBACK]);
	}
	return rc;
}

static enum err_code
begin(struct store *base, struct err *err)
{
	return sq_begin(of(base), err);
}

static enum err_code
commit(struct store *base, struct err *err)
{
	return sq_end(of(base), ERR_OK, err);
}

static void
rollback(struct store *base)
{
	enum err_code rc = sq_end(of(base), ERR_AGAIN, NULL);

	(void)rc;
}

/* --- intake ------------------------------------------------------------------------------------ */

static enum err_code
head(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], struct store_head *out,
    struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_HEAD, "bib", device, 16, (int64_t)lane, epoch, 16);
	enum err_code rc = sq_row(st, s, "head", err);

	memset(out, 0, sizeof(*out));
	if (rc == ERR_ABSENT)
		return ERR_OK;
	if (rc != ERR_OK)
		return rc;
	out->known = true;
	out->hw = (uint64_t)sqlite3_column_int64(s, 0);
	sq_bytes(s, 1, out->link, 32);
	sqlite3_reset(s);
	return ERR_OK;
}

static enum err_code
link_at(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t seq,
    uint8_t link[32], struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_LINK_AT, "bibi", device, 16, (int64_t)lane, epoch, 16, (int64_t)seq);
	enum err_code rc = sq_row(st, s, "link", err);

	if (rc != ERR_OK)
		return rc;
	sq_bytes(s, 0, link, 32);
	sqlite3_reset(s);
	return ERR_OK;
}

/* Does a withdrawal for this record stand? Then its body is not kept. */
static enum err_code
withdrawn(struct sqlite_store *st, const struct store_row *row, bool *out, struct err *err)
{
	enum err_code rc;

	*out = false;
	if (row->kind != 0 || row->lane != 0)
		return ERR_OK;
	rc = sq_row(st, sq_bind(st, SQ_WITHDRAWN, "bb", row->owner, 16, row->tag, 16), "withdrawal", err);
	if (rc == ERR_ABSENT)
		return ERR_OK;
	*out = rc == ERR_OK;
	sqlite3_reset(st->stmt[SQ_WITHDRAWN]);
	return rc;
}

static enum err_code
body_put(struct sqlite_store *st, int64_t n, const struct store_row *row, struct err *err)
{
	bool gone = false;
	enum err_code rc;

	if (row->nonce_body == NULL)
		return ERR_OK;
	rc = withdrawn(st, row, &gone, err);
	if (rc != ERR_OK || gone)
		return rc;
	rc = sq_done(st, sq_bind(st, SQ_BODY_PUT, "ib", n, row->nonce_body, (int)row->nonce_body_len), "body", err);
	if (rc == ERR_OK && row->n_wraps > 0)
		rc = sq_done(st, sq_bind(st, SQ_WRAP_PUT, "ib", n, row->wraps, row->n_wraps * 80), "wraps", err);
	return rc;
}

/* The record itself: new, or known by its id. */
static enum err_code
record_put(struct sqlite_store *st, struct store_row *row, struct err *err)
{
	sqlite3_stmt *s = sq_bind(st, SQ_RECORD_PUT, "bbiibbbbb", row->owner, 16, row->id, 16, (int64_t)row->kind,
	    (int64_t)row->lane, row->tag, 16, row->header, 128, row->hw, 32, row->hb, 32, row->leaf, 32);
	enum err_code rc = sq_done(st, s, "record", err);
	uint8_t leaf[32];
	bool has_body, released;
	int64_t n;

	row->found = STORE_NEW;
	if (rc != ERR_OK)
		return rc;
	if (sqlite3_changes(st->db) == 1)
		return body_put(st, sqlite3_last_insert_rowid(st->db), row, err);
	s = sq_bind(st, SQ_RECORD_GET, "bb", row->owner, 16, row->id, 16);
	rc = sq_row(st, s, "record", err);
	if (rc != ERR_OK)
		return rc;
	n = sqlite3_column_int64(s, 0);
	sq_bytes(s, 1, leaf, 32);
	has_body = sqlite3_column_int(s, 2) != 0;
	released = sqlite3_column_int(s, 3) != 0;
	sqlite3_reset(s);
	row->found = memcmp(leaf, row->leaf, 32) == 0 ? STORE_KNOWN : STORE_OTHER;
	if (row->found == STORE_KNOWN && !has_body && !released)
		rc = body_put(st, n, row, err);
	return rc;
}

static enum err_code
append(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], struct store_row *rows,
    size_t n, struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		bool own = memcmp(rows[i].owner, device, 16) == 0;

		rc = record_put(st, &rows[i], err);
		if (rc == ERR_OK)
			rc = sq_done(st, sq_bind(st, SQ_ENTRY_PUT, "bibibbbb", device, 16, (int64_t)lane, epoch, 16,
			    (int64_t)rows[i].seq, own ? NULL : rows[i].owner, 16, rows[i].id, 16, rows[i].leaf, 32,
			    rows[i].link, 32), "entry", err);
	}
	if (rc == ERR_OK && n > 0)
		rc = sq_done(st, sq_bind(st, SQ_HEAD_PUT, "bibib", device, 16, (int64_t)lane, epoch, 16,
		    (int64_t)rows[n - 1].seq, rows[n - 1].link, 32), "head", err);
	return rc;
}

static enum err_code
receipt_put(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16],
    const struct receipt *r, const uint8_t bytes[200], struct err *err)
{
	struct sqlite_store *st = of(base);

	return sq_done(st, sq_bind(st, SQ_RECEIPT_PUT, "bibiibbib", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)r->a, (int64_t)r->b, r->link, 32, r->log_id, 16, (int64_t)r->log_day, bytes, 200),
	    "receipt", err);
}

static enum err_code
receipt_get(struct sqlite_store *st, sqlite3_stmt *s, uint8_t bytes[200], struct err *err)
{
	enum err_code rc = sq_row(st, s, "receipt", err);

	if (rc != ERR_OK)
		return rc;
	sq_bytes(s, 0, bytes, 200);
	sqlite3_reset(s);
	return ERR_OK;
}

static enum err_code
receipt_covering(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t b,
    uint8_t bytes[200], struct err *err)
{
	struct sqlite_store *st = of(base);

	return receipt_get(st, sq_bind(st, SQ_RECEIPT_COVERING, "bibi", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)b), bytes, err);
}

static enum err_code
receipt_newest(struct store *base, const uint8_t device[16], int lane, const uint8_t *epoch, uint8_t bytes[200],
    struct err *err)
{
	struct sqlite_store *st = of(base);

	return receipt_get(st, epoch == NULL ? sq_bind(st, SQ_RECEIPT_NEWEST, "bi", device, 16, (int64_t)lane)
	    : sq_bind(st, SQ_RECEIPT_EPOCH, "bib", device, 16, (int64_t)lane, epoch, 16), bytes, err);
}

static enum err_code
withdraw(struct store *base, const uint8_t owner[16], const uint8_t tag[16], const uint8_t w[32], int64_t at,
    bool *erased, struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc;

	*erased = false;
	rc = sq_done(st, sq_bind(st, SQ_WITHDRAW_PUT, "bbbi", owner, 16, tag, 16, w, 32, at), "withdrawal", err);
	if (rc != ERR_OK)
		return rc;
	rc = sq_done(st, sq_bind(st, SQ_BODY_DELETE, "bb", owner, 16, tag, 16), "erase body", err);
	*erased = rc == ERR_OK && sqlite3_changes(st->db) > 0;
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_WRAP_DELETE, "bb", owner, 16, tag, 16), "erase wraps", err);
	return rc;
}

static enum err_code
quarantine(struct store *base, const uint8_t device[16], const char *why, int64_t at, const void *bytes, size_t len,
    struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_QUARANTINE_SIZE, "b", device, 16);
	enum err_code rc = sq_row(st, s, "quarantine", err);
	int64_t used;

	if (rc != ERR_OK)
		return rc;
	used = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	if (len > STORE_QUARANTINE_MAX || used > (int64_t)(STORE_QUARANTINE_MAX - len))
		return err_set(err, ERR_LIMIT, "quarantine of this device is full");
	return sq_done(st, sq_bind(st, SQ_QUARANTINE_PUT, "bitbi", device, 16, at, why, bytes, (int)len, (int64_t)len),
	    "quarantine", err);
}

enum err_code
sqlite_event(struct store *base, const struct store_event *e, struct err *err)
{
	struct sqlite_store *st = of(base);

	return sq_done(st, sq_bind(st, SQ_EVENT_PUT, "itbt", e->at, e->what, e->device, 16, e->detail), "event", err);
}

static enum err_code
seen(struct store *base, const struct store_seen *x, struct err *err)
{
	struct sqlite_store *st = of(base);

	return sq_done(st, sq_bind(st, SQ_SEEN_PUT, "biiiiiiii", x->device, 16, x->at, (int64_t)x->waiting,
	    (int64_t)x->oldest_hours, (int64_t)x->free_mib, (int64_t)x->ring_serial, (int64_t)x->software,
	    (int64_t)x->bundle_refused, x->clock_off_s), "seen", err);
}

static enum err_code
boot_put(struct store *base, const uint8_t device[16], const uint8_t boot_id[8], int64_t began, struct err *err)
{
	struct sqlite_store *st = of(base);

	return sq_done(st, sq_bind(st, SQ_BOOT_PUT, "bbi", device, 16, boot_id, 8, began), "boot", err);
}

/* --- readers ----------------------------------------------------------------------------------- */

static enum err_code
boot_get(struct store *base, const uint8_t device[16], const uint8_t boot_id[8], int64_t *began, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_BOOT_GET, "bb", device, 16, boot_id, 8);
	enum err_code rc = sq_row(st, s, "boot", err);

	if (rc != ERR_OK)
		return rc;
	*began = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return ERR_OK;
}

static enum err_code
positions(struct store *base, store_position_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_POSITIONS, "");
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_position p = { .lane = (uint8_t)sqlite3_column_int(s, 2),
		    .hw = (uint64_t)sqlite3_column_int64(s, 4) };

		sq_bytes(s, 0, p.device, 16);
		sq_text(s, 1, p.site, sizeof(p.site));
		sq_bytes(s, 3, p.epoch, 16);
		rc = fn(arg, &p, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "positions", err);
	sqlite3_reset(s);
	return rc;
}

static void
row_read(sqlite3_stmt *s, struct store_row *row)
{
	row->seq = (uint64_t)sqlite3_column_int64(s, 0);
	sq_bytes(s, 1, row->owner, 16);
	sq_bytes(s, 2, row->id, 16);
	sq_bytes(s, 3, row->leaf, 32);
	sq_bytes(s, 4, row->link, 32);
	row->kind = (uint8_t)sqlite3_column_int(s, 5);
	sq_bytes(s, 6, row->tag, 16);
	row->header = sqlite3_column_blob(s, 7);
	sq_bytes(s, 8, row->hw, 32);
	sq_bytes(s, 9, row->hb, 32);
	row->nonce_body = sqlite3_column_blob(s, 10);
	row->nonce_body_len = (size_t)sqlite3_column_bytes(s, 10);
	row->wraps = sqlite3_column_blob(s, 11);
	row->n_wraps = (uint8_t)(sqlite3_column_bytes(s, 11) / 80);
}

static enum err_code
rows(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after, size_t max,
    store_row_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_ROWS, "bibii", device, 16, (int64_t)lane, epoch, 16, (int64_t)after,
	    (int64_t)max);
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_row row = { .lane = (uint8_t)lane };

		memcpy(row.device, device, 16);
		memcpy(row.epoch, epoch, 16);
		row_read(s, &row);
		rc = fn(arg, &row, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "rows", err);
	sqlite3_reset(s);
	return rc;
}

static enum err_code
seen_each(struct store *base, store_seen_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_SEEN, "");
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_seen x = { .at = sqlite3_column_int64(s, 1),
		    .waiting = (uint32_t)sqlite3_column_int64(s, 2),
		    .oldest_hours = (uint32_t)sqlite3_column_int64(s, 3),
		    .free_mib = (uint32_t)sqlite3_column_int64(s, 4),
		    .ring_serial = (uint32_t)sqlite3_column_int64(s, 5),
		    .software = (uint32_t)sqlite3_column_int64(s, 6),
		    .bundle_refused = (uint32_t)sqlite3_column_int64(s, 7),
		    .clock_off_s = sqlite3_column_int64(s, 8) };

		sq_bytes(s, 0, x.device, 16);
		rc = fn(arg, &x, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "seen", err);
	sqlite3_reset(s);
	return rc;
}

static enum err_code
events(struct store *base, int64_t since, store_event_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_EVENTS, "i", since);
	enum err_code rc = ERR_OK;
	int no;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_event e = { .at = sqlite3_column_int64(s, 0),
		    .what = (const char *)sqlite3_column_text(s, 1), .detail = (const char *)sqlite3_column_text(s, 3) };

		sq_bytes(s, 2, e.device, 16);
		rc = fn(arg, &e, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "events", err);
	sqlite3_reset(s);
	return rc;
}

static enum err_code
counts(struct store *base, uint64_t *records, uint64_t *devices, uint64_t *quarantined, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_COUNTS, "");
	enum err_code rc = sq_row(st, s, "counts", err);

	if (rc != ERR_OK)
		return rc;
	*records = (uint64_t)sqlite3_column_int64(s, 0);
	*devices = (uint64_t)sqlite3_column_int64(s, 1);
	*quarantined = (uint64_t)sqlite3_column_int64(s, 2);
	sqlite3_reset(s);
	return ERR_OK;
}

/* --- opening ----------------------------------------------------------------------------------- */

static void
close_store(struct store *base)
{
	struct sqlite_store *st = of(base);

	db_finalize(st->stmt, SQ_N);
	sqlite3_close(st->db);
	free(st);
}

static const struct store_ops ops = {
	.name = "sqlite", .close = close_store,
	.begin = begin, .commit = commit, .rollback = rollback,
	.device_lock = sqlite_device_get, .head = head, .link_at = link_at, .append = append,
	.receipt_put = receipt_put, .receipt_covering = receipt_covering, .receipt_newest = receipt_newest,
	.withdraw = withdraw, .quarantine = quarantine, .aside_each = sqlite_aside_each,
	.aside_get = sqlite_aside_get, .aside_release = sqlite_aside_release, .aside_done = sqlite_aside_done, .event = sqlite_event, .seen = seen, .boot_put = boot_put,
	.device_get = sqlite_device_get, .device_by_cert = sqlite_device_by_cert, .device_each = sqlite_device_each,
	.enrol = sqlite_enrol, .approve = sqlite_approve, .revoke = sqlite_revoke, .revocation = sqlite_revocation,
	.invite = sqlite_invite, .site_put = sqlite_site_put, .site_each = sqlite_site_each,
	.bundle_put = sqlite_bundle_put, .bundle_get = sqlite_bundle_get,
	.bundle_serial = sqlite_bundle_serial,
	.positions = positions, .rows = rows, .boot_get = boot_get, .seen_each = seen_each, .events = events,
	.counts = counts,
	.pulled = sqlite_pulled, .due = sqlite_due, .came_by = sqlite_came_by, .erase = sqlite_erase,
	.retention = sqlite_retention,
	.log_days = sqlite_log_days, .log_receipts = sqlite_log_receipts, .root_put = sqlite_root_put, .root_each = sqlite_root_each,
};

/* Who only reads does not change the schema: the aggregator does, when it starts. */
static enum err_code
judge_version(sqlite3 *db, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;
	int now = 0;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		rc = db_err(db, "read schema version", err);
	else
		now = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	if (rc == ERR_OK && now < SCHEMA_NOW)
		rc = err_set(err, ERR_INPUT, "the database has schema %d, this program needs %d; candour-aggregator brings it "
		    "up to date when it starts", now, SCHEMA_NOW);
	if (rc == ERR_OK && now > SCHEMA_NOW)
		rc = err_set(err, ERR_INPUT, "the database has schema %d, this program knows up to %d", now, SCHEMA_NOW);
	return rc;
}

static enum err_code
prepare_file(sqlite3 *db, bool create, const char *path, struct err *err)
{
	const char *schema[SCHEMA_NOW];
	enum err_code rc = db_exec(db, "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; "
	    "PRAGMA secure_delete = ON; PRAGMA recursive_triggers = ON; PRAGMA cache_size = -16384", err);

	if (rc == ERR_OK && create)
		rc = db_exec(db, "PRAGMA synchronous = EXTRA; PRAGMA journal_mode = WAL", err);
	if (rc == ERR_OK && create) {
		for (int i = 0; i < SCHEMA_NOW; i++)
			schema[i] = embed_find(embed_aggregator, schema_files[i])->data;
		rc = db_migrate(db, schema, SCHEMA_NOW, err);
	}
	if (rc == ERR_OK && !create)
		rc = judge_version(db, err);
	if (rc == ERR_OK && create)
		rc = file_sync_parent(path, err);
	if (rc == ERR_OK)
		rc = db_exec(db, "PRAGMA synchronous = FULL", err);
	return rc;
}

enum err_code
store_open_sqlite(const char *path, bool create, struct store **out, struct err *err)
{
	struct sqlite_store *st = calloc(1, sizeof(*st));
	enum err_code rc = ERR_OK;

	if (st == NULL)
		return err_nomem(err);
	st->base.ops = &ops;
	if (!create && access(path, R_OK | W_OK) != 0) {
		rc = errno == ENOENT ? err_set(err, ERR_ABSENT, "%s: there is no such database; `candour centre init` makes one", path)
		    : err_set(err, errno == EACCES ? ERR_DENIED : ERR_BROKEN, "%s: %s%s", path, strerror(errno), errno == EACCES
		    ? ": this program's user has to read and write it and to enter its folder" : "");
		goto fail;
	}
	if (sqlite3_open_v2(path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
	    | (create ? SQLITE_OPEN_CREATE : 0), NULL) != SQLITE_OK) {
		rc = db_err(st->db, path, err);
		goto fail;
	}
	sqlite3_extended_result_codes(st->db, 1);
	rc = prepare_file(st->db, create, path, err);
	if (rc == ERR_OK)
		rc = db_prepare(st->db, sql, st->stmt, SQ_N, err);
	if (rc != ERR_OK) {
		err_in(err, "%s", path);
		goto fail;
	}
	*out = &st->base;
	return ERR_OK;
fail:
	close_store(&st->base);
	return rc;
}
