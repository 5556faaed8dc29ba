/* site.db: making, opening, and keeping a record. See outbox.h; docs/formats/site-db.md draws the tables.
 *
 * The rule everything here serves: outbox_put says ERR_OK only when the record would be there after the power
 * went off. */
#include "collector/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "collector/embed.h"
#include "collector/outbox_db.h"

/* 'CAND': file(1) and outbox_open know whose file it is. */
#define APPLICATION_ID 0x43414e44
#define WAL_PAGES_MAX 16000

static const char *const sql[OB_STMTS] = {
	[OB_BEGIN] = "BEGIN IMMEDIATE",
	[OB_BEGIN_READ] = "BEGIN",
	[OB_COMMIT] = "COMMIT",
	[OB_ROLLBACK] = "ROLLBACK",
	[OB_VERSION] = "PRAGMA data_version",
	[OB_LANE_GET] = "SELECT epoch, head_seq, head_link, acked_seq, acked_link FROM lane WHERE lane = ?",
	[OB_LANE_NEW] = "INSERT INTO lane (lane, epoch, head_seq, head_link, acked_seq, acked_link) "
	    "VALUES (?, ?, ?, ?, 0, ?)",
	[OB_LANE_HEAD] = "UPDATE lane SET head_seq = ?, head_link = ? WHERE lane = ?",
	[OB_LANE_ACK] = "UPDATE lane SET acked_seq = ?, acked_link = ? WHERE lane = ?",
	[OB_LANE_EPOCH] = "UPDATE lane SET epoch = ?, head_seq = ?, head_link = ?, acked_seq = 0, acked_link = ? "
	    "WHERE lane = ?",
	[OB_RECORD_PUT] = "INSERT INTO record (id, epoch, lane, seq, header, hw, hb, link, nonce_body) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[OB_RECORD_HAS] = "SELECT n FROM record WHERE id = ?",
	[OB_RECORD_BY_ID] = "SELECT n, nonce_body IS NULL FROM record WHERE id = ?",
	[OB_RECORD_LINK] = "SELECT link FROM record WHERE epoch = ? AND lane = ? AND seq = ?",
	[OB_RECORD_SPAN] = "SELECT seq, n, header, hw, hb, link, nonce_body FROM record "
	    "WHERE epoch = ? AND lane = ? AND seq >= ? ORDER BY seq",
	[OB_RECORD_ALL] = "SELECT n, header, hw, hb FROM record WHERE lane = ? AND n > ? AND epoch <> ? "
	    "AND (receipt_day IS NULL OR ?) ORDER BY n LIMIT 1",
	[OB_RECORD_MOVE] = "UPDATE record SET epoch = ?, seq = ?, link = ?, receipt_day = NULL WHERE n = ?",
	[OB_RECORD_SENT] = "UPDATE record SET receipt_day = ? WHERE epoch = ? AND lane = ? AND seq <= ? "
	    "AND receipt_day IS NULL",
	[OB_RECORD_UNSENT] = "UPDATE record SET receipt_day = NULL WHERE epoch = ? AND lane = ? AND seq > ?",
	[OB_RECORD_ERASE] = "UPDATE record SET nonce_body = NULL WHERE n = ?",
	[OB_RECORD_FORGET] = "DELETE FROM record WHERE n = ?",
	[OB_RECORD_DAYS] = "UPDATE record SET receipt_day = ?1 WHERE receipt_day > ?1",	/* the centre's clock was ahead */
	[OB_RECORD_PURGE] = "DELETE FROM record WHERE receipt_day <= ?",
	[OB_RECORD_COUNT] = "SELECT count(*) FROM record WHERE lane = 0 AND substr(header, 7, 1) = x'00'",
	[OB_RECORD_WAITING] = "SELECT count(*) FROM record WHERE lane = 0 AND epoch = ? AND seq > ? "
	    "AND substr(header, 7, 1) = x'00'",
	[OB_RECORD_OLDEST] = "SELECT abs(tag.day) FROM record JOIN tag ON tag.tag = substr(record.header, 65, 16) "
	    "WHERE lane = 0 AND epoch = ? AND seq > ? AND substr(header, 7, 1) = x'00' ORDER BY seq LIMIT 1",
	[OB_RECORD_DAY] = "SELECT max(day) FROM receipt WHERE lane = 0",
	[OB_WRAP_PUT] = "INSERT INTO wrap (record_n, slot, wrap) VALUES (?, ?, ?)",
	[OB_WRAP_GET] = "SELECT slot, wrap FROM wrap WHERE record_n = ? ORDER BY slot",
	[OB_WRAP_ERASE] = "DELETE FROM wrap WHERE record_n = ?",
	[OB_TAG_PUT] = "INSERT INTO tag (tag, record_id, day) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
	[OB_TAG_GET] = "SELECT record_id FROM tag WHERE tag = ?",
	[OB_TAG_DROP] = "DELETE FROM tag WHERE tag = ?",
	/* Given on a day that nothing vouched for, or that was ahead. */
	[OB_TAG_DAY] = "UPDATE tag SET day = ?1 WHERE day <= 0 OR day > ?1",
	[OB_TAG_PURGE] = "DELETE FROM tag WHERE day <= ?",
	[OB_RECEIPT_PUT] = "INSERT INTO receipt (epoch, lane, b, day, bytes) VALUES (?, ?, ?, ?, ?) "
	    "ON CONFLICT (epoch, lane, b) DO UPDATE SET day = excluded.day, bytes = excluded.bytes",
	[OB_RECEIPT_LAST] = "SELECT bytes FROM receipt WHERE epoch = ? AND lane = ? ORDER BY b DESC LIMIT 1",
	/* Bytes 89 to 108 of a receipt are the centre's log and the day in it (docs/formats/receipt.md). */
	[OB_RECEIPT_CLOSED] = "SELECT bytes FROM receipt WHERE substr(bytes, 105, 4) = (SELECT max(substr(bytes, 105, 4)) "
	    "FROM receipt WHERE substr(bytes, 105, 4) < (SELECT max(substr(bytes, 105, 4)) FROM receipt)) "
	    "ORDER BY random() LIMIT 1",
	[OB_RECEIPT_DAYS] = "SELECT DISTINCT substr(bytes, 105, 4) FROM receipt WHERE substr(bytes, 89, 16) = ? ORDER BY 1",
	[OB_RECEIPT_PURGE] = "DELETE FROM receipt WHERE day <= ? AND (epoch, lane, b) NOT IN "
	    "(SELECT epoch, lane, acked_seq FROM lane)",
	[OB_HEAD_PUT] = "INSERT INTO signed_head (lane, epoch, seq, link, signature) VALUES (?, ?, ?, ?, ?) "
	    "ON CONFLICT (lane) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, link = excluded.link, "
	    "signature = excluded.signature",
	[OB_HEAD_GET] = "SELECT epoch, seq, link, signature FROM signed_head WHERE lane = ?",
	[OB_RECORD_FIRST] = "SELECT header, nonce_body FROM record WHERE epoch = ? AND lane = ? AND seq = 1",
	[OB_SLOT_GET] = "SELECT sealed FROM slot WHERE n = ?",
	[OB_SLOT_PUT] = "INSERT INTO slot (n, sealed) VALUES (?, ?) "
	    "ON CONFLICT (n) DO UPDATE SET sealed = excluded.sealed",
	[OB_RING_GET] = "SELECT serial, bytes FROM ring ORDER BY serial DESC LIMIT 1",
	[OB_RING_PUT] = "INSERT INTO ring (serial, bytes) SELECT ?1, ?2 "
	    "WHERE ?1 > coalesce((SELECT max(serial) FROM ring), 0)",
	[OB_RING_PURGE] = "DELETE FROM ring WHERE serial < (SELECT max(serial) FROM ring)",
	[OB_BUNDLE_GET] = "SELECT serial, bytes FROM bundle WHERE kind = ? AND target = ?",
	[OB_BUNDLE_PREVIOUS] = "SELECT previous FROM bundle WHERE kind = ? AND target = ? AND previous IS NOT NULL",
	[OB_BUNDLE_PUT] = "INSERT INTO bundle (kind, target, serial, bytes) VALUES (?, ?, ?, ?) "
	    "ON CONFLICT (kind, target) DO UPDATE SET previous = bundle.bytes, serial = excluded.serial, "
	    "bytes = excluded.bytes WHERE excluded.serial > bundle.serial",
	[OB_CLOCK_GET] = "SELECT offset_s, quality FROM clock WHERE boot_id = ?",
	[OB_CLOCK_PUT] = "INSERT INTO clock (boot_id, offset_s, quality) VALUES (?, ?, ?) ON CONFLICT (boot_id) "
	    "DO UPDATE SET offset_s = excluded.offset_s, quality = excluded.quality",
	[OB_CLOCK_PURGE] = "DELETE FROM clock WHERE rowid <= (SELECT max(rowid) FROM clock) - 100",
	[OB_META_GET] = "SELECT v FROM meta WHERE k = ?",
	[OB_META_PUT] = "INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
	[OB_META_DROP] = "DELETE FROM meta WHERE k = ?",
	[OB_DRAFT_PUT] = "INSERT INTO draft (id, form, kdf_t, kdf_m, salt, wrap_pass, made_day, head) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[OB_DRAFT_GET] = "SELECT form, kdf_t, kdf_m, salt, wrap_pass, made_day, head FROM draft WHERE id = ?",
	[OB_DRAFT_LIST] = "SELECT id, form, made_day, (SELECT count(*) FROM draft_line WHERE draft_id = draft.id) "
	    "FROM draft ORDER BY made_day DESC, rowid DESC",
	[OB_DRAFT_HEAD] = "UPDATE draft SET head = ? WHERE id = ?",
	[OB_DRAFT_DROP] = "DELETE FROM draft WHERE id = ?",
	[OB_DRAFT_WRAP_PUT] = "INSERT INTO draft_wrap (draft_id, slot, key_id, wrap) VALUES (?, ?, ?, ?)",
	[OB_DRAFT_WRAPS] = "SELECT key_id, wrap FROM draft_wrap WHERE draft_id = ? ORDER BY slot",
	[OB_DRAFT_LINE_PUT] = "INSERT INTO draft_line (draft_id, n, box) VALUES (?, ?, ?)",
	[OB_DRAFT_LINES] = "SELECT n, box FROM draft_line WHERE draft_id = ? ORDER BY n",
};

/* --- statements --- */

static bool
bind_all(sqlite3_stmt *s, const char *fmt, va_list ap)
{
	bool good = true;

	for (int i = 1; *fmt != '\0'; fmt++, i++) {
		if (*fmt == 'i') {
			good &= sqlite3_bind_int64(s, i, va_arg(ap, int64_t)) == SQLITE_OK;
		} else if (*fmt == 't') {
			good &= sqlite3_bind_text(s, i, va_arg(ap, const char *), -1, SQLITE_STATIC) == SQLITE_OK;
		} else if (*fmt == 'b') {
			const void *p = va_arg(ap, const void *);
			size_t len = va_arg(ap, size_t);

			good &= sqlite3_bind_blob64(s, i, p, len, SQLITE_STATIC) == SQLITE_OK;
		} else {
			good &= sqlite3_bind_null(s, i) == SQLITE_OK;
		}
	}
	return good;
}

void
ob_done(struct outbox *ob, enum ob_stmt s)
{
	sqlite3_reset(ob->stmt[s]);
	sqlite3_clear_bindings(ob->stmt[s]);
}

static enum err_code
fail(struct outbox *ob, const char *what, struct err *err)
{
	enum err_code rc = db_err(ob->db, what, err);

	if ((sqlite3_errcode(ob->db) & 0xff) == SQLITE_FULL) {
		ob->full = true;
		rc = err_set(err, ERR_AGAIN, "%s: storage is full", what);
	}
	return rc;
}

enum err_code
ob_exec(struct outbox *ob, enum ob_stmt s, const char *what, struct err *err, const char *fmt, ...)
{
	enum err_code rc = ERR_OK;
	va_list ap;
	bool good;

	va_start(ap, fmt);
	good = bind_all(ob->stmt[s], fmt, ap);
	va_end(ap);
	if (!good || sqlite3_step(ob->stmt[s]) != SQLITE_DONE)
		rc = fail(ob, what, err);
	ob_done(ob, s);
	return rc;
}

enum err_code
ob_next(struct outbox *ob, enum ob_stmt s, const char *what, struct err *err)
{
	int got = sqlite3_step(ob->stmt[s]);
	enum err_code rc = ERR_OK;

	if (got != SQLITE_ROW) {
		rc = got == SQLITE_DONE ? err_set(err, ERR_ABSENT, "%s: not there", what) : fail(ob, what, err);
		ob_done(ob, s);
	}
	return rc;
}

enum err_code
ob_query(struct outbox *ob, enum ob_stmt s, const char *what, struct err *err, const char *fmt, ...)
{
	va_list ap;
	bool good;

	va_start(ap, fmt);
	good = bind_all(ob->stmt[s], fmt, ap);
	va_end(ap);
	if (!good) {
		enum err_code rc = fail(ob, what, err);

		ob_done(ob, s);
		return rc;
	}
	return ob_next(ob, s, what, err);
}

enum err_code
ob_blob(struct outbox *ob, enum ob_stmt s, int col, void *out, size_t len, struct err *err)
{
	const void *p = sqlite3_column_blob(ob->stmt[s], col);

	if (p == NULL || (size_t)sqlite3_column_bytes(ob->stmt[s], col) != len)
		return err_set(err, ERR_BROKEN, "site.db: a field of %d bytes where %zu belong",
		    sqlite3_column_bytes(ob->stmt[s], col), len);
	memcpy(out, p, len);
	return ERR_OK;
}

enum err_code
ob_blob_put(struct outbox *ob, enum ob_stmt s, int col, struct buf *out, struct err *err)
{
	const void *p = sqlite3_column_blob(ob->stmt[s], col);
	size_t len = (size_t)sqlite3_column_bytes(ob->stmt[s], col);

	if (p == NULL && sqlite3_errcode(ob->db) == SQLITE_NOMEM)
		return err_nomem(err);
	buf_put(out, p, len);
	return buf_check(out, err);
}

enum err_code
ob_begin(struct outbox *ob, struct err *err)
{
	return ob_exec(ob, OB_BEGIN, "begin", err, "");
}

enum err_code
ob_end(struct outbox *ob, enum err_code rc, struct err *err)
{
	struct err ignored;

	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_COMMIT, "commit", err, "");
	if (rc != ERR_OK && !sqlite3_get_autocommit(ob->db) && ob_exec(ob, OB_ROLLBACK, "roll back", &ignored, "") != ERR_OK)
		return rc;
	return rc;
}

/* --- opening --- */

static int
count_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct outbox *ob = arg;

	(void)db;
	(void)name;
	ob->wal_pages = pages;
	return SQLITE_OK;
}

static enum err_code
pragma_int(sqlite3 *db, const char *pragma, int64_t *out, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;

	if (sqlite3_prepare_v2(db, pragma, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		rc = db_err(db, pragma, err);
	else
		*out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return rc;
}

/* A copy without -wal on read-only ground cannot make the -shm file that WAL mode wants. */
static int
open_immutable(const char *path, const char *vfs, sqlite3 **db)
{
	struct buf uri, wal;
	struct stat st;
	struct err err;
	int rc = SQLITE_CANTOPEN;

	buf_init(&uri, 20000);
	buf_init(&wal, 5000);
	buf_printf(&wal, "%s-wal", path);
	buf_puts(&uri, "file:");
	for (const char *p = path; *p != '\0'; p++) {
		if (strchr("?#%", *p) != NULL)
			buf_printf(&uri, "%%%02X", (unsigned char)*p);
		else
			buf_putc(&uri, *p);
	}
	buf_puts(&uri, "?immutable=1");
	if (buf_check(&uri, &err) == ERR_OK && buf_check(&wal, &err) == ERR_OK
	    && (stat(buf_str(&wal), &st) < 0 || st.st_size == 0))
		rc = sqlite3_open_v2(buf_str(&uri), db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, vfs);
	buf_free(&uri);
	buf_free(&wal);
	return rc;
}

static enum err_code
connect_db(const char *path, enum outbox_role role, const char *vfs, sqlite3 **out, struct err *err)
{
	int flags = (role == OUTBOX_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
	enum err_code rc = ERR_OK;
	sqlite3 *db = NULL;
	int64_t n = 0;

	if (sqlite3_open_v2(path, &db, flags, vfs) != SQLITE_OK) {
		rc = db == NULL ? err_nomem(err) : db_err(db, path, err);
		goto out;
	}
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, 5000);
	if (role == OUTBOX_READ && pragma_int(db, "PRAGMA schema_version", &n, err) != ERR_OK
	    && (sqlite3_errcode(db) & 0xff) == SQLITE_CANTOPEN) {
		sqlite3_close(db);
		db = NULL;
		if (open_immutable(path, vfs, &db) != SQLITE_OK) {
			rc = db == NULL ? err_nomem(err) : db_err(db, path, err);
			goto out;
		}
		sqlite3_extended_result_codes(db, 1);
	}
	/* EXTRA until the file is known to be in WAL mode, then FULL: see docs/formats/site-db.md. */
	rc = db_exec(db, "PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; "
	    "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", err);
	if (rc != ERR_OK && (sqlite3_errcode(db) & 0xff) == SQLITE_NOTADB)
		rc = err_set(err, ERR_INPUT, "not a database");
	if (rc != ERR_OK)
		err_in(err, "%s", path);
out:
	if (rc != ERR_OK) {
		sqlite3_close(db);
		db = NULL;
	}
	*out = db;
	return rc;
}

static enum err_code
attach(struct outbox *ob, struct err *err)
{
	int64_t id = 0, version = 0;
	enum err_code rc = connect_db(ob->path, ob->role, ob->vfs, &ob->db, err);

	if (rc != ERR_OK)
		return rc;
	rc = pragma_int(ob->db, "PRAGMA application_id", &id, err);
	if (rc == ERR_OK)
		rc = pragma_int(ob->db, "PRAGMA user_version", &version, err);
	if (rc != ERR_OK && (sqlite3_errcode(ob->db) & 0xff) == SQLITE_NOTADB)
		rc = err_set(err, ERR_INPUT, "%s: not a database", ob->path);
	if (rc == ERR_OK && id != APPLICATION_ID)
		rc = err_set(err, ERR_INPUT, "%s: not a site.db of Candour", ob->path);
	if (rc == ERR_OK && version != 1)
		rc = err_set(err, ERR_INPUT, "%s: schema %d; this program knows 1", ob->path, (int)version);
	if (rc == ERR_OK && ob->role != OUTBOX_READ)
		rc = db_exec(ob->db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -512", err);
	if (rc == ERR_OK)
		rc = db_prepare(ob->db, sql, ob->stmt, OB_STMTS, err);
	if (rc != ERR_OK) {
		sqlite3_close(ob->db);
		ob->db = NULL;
		return rc;
	}
	sqlite3_wal_hook(ob->db, count_wal, ob);
	return ERR_OK;
}

static void
detach(struct outbox *ob)
{
	if (ob->db == NULL)
		return;
	db_finalize(ob->stmt, OB_STMTS);
	sqlite3_close(ob->db);
	ob->db = NULL;
}

enum err_code
ob_reopen(struct outbox *ob, struct err *err)
{
	detach(ob);
	return attach(ob, err);
}

enum err_code
ob_enter(struct outbox *ob, struct err *err)
{
	pthread_mutex_lock(&ob->lock);
	return ob->db == NULL ? attach(ob, err) : ERR_OK;
}

enum err_code
ob_open(const char *path, enum outbox_role role, const char *vfs, struct outbox **out, struct err *err)
{
	struct outbox *ob = calloc(1, sizeof(*ob));
	enum err_code rc;
	struct stat st;

	*out = NULL;
	if (ob == NULL)
		return err_nomem(err);
	pthread_mutex_init(&ob->lock, NULL);
	ob->role = role;
	ob->vfs = vfs;
	ob->path = strdup(path);
	if (ob->path == NULL)
		rc = err_nomem(err);
	else if (stat(path, &st) < 0)
		rc = err_set(err, errno == ENOENT ? ERR_ABSENT : ERR_BROKEN, "%s: %s", path, strerror(errno));
	else
		rc = attach(ob, err);
	if (rc != ERR_OK) {
		outbox_close(ob);
		return rc;
	}
	*out = ob;
	return ERR_OK;
}

enum err_code
outbox_open(const char *path, enum outbox_role role, struct outbox **out, struct err *err)
{
	return ob_open(path, role, NULL, out, err);
}

void
outbox_close(struct outbox *ob)
{
	if (ob == NULL)
		return;
	detach(ob);
	ob_slots_clear(ob);
	pthread_mutex_destroy(&ob->lock);
	free(ob->path);
	free(ob);
}

/* --- making --- */

/* The file first, with the mode that -wal and -shm will take from it. */
static enum err_code
make_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	enum err_code rc = ERR_OK;
	struct stat st;

	/* An empty one may be ours of an earlier try that failed before it had its mode. (Not opened: closing it would
	 * take the locks of SQLite's connections with it.) */
	if (fd < 0 && errno == EEXIST) {
		if (stat(path, &st) < 0 || (st.st_size == 0 && chmod(path, 0660) < 0))
			return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
		return ERR_OK;
	}
	if (fd < 0)
		return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (fchmod(fd, 0660) < 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	close(fd);
	return rc;
}

static enum err_code
make_lanes(struct outbox *ob, const uint8_t device[16], struct err *err)
{
	struct outbox_lane l;
	enum err_code rc = ob_begin(ob, err);

	if (rc != ERR_OK)
		return rc;
	rc = ob_lane(ob, LANE_ANSWERS, &l, err);
	if (rc == ERR_OK)
		rc = err_set(err, ERR_EXISTS, "%s is there already", ob->path);
	else if (rc == ERR_ABSENT)
		rc = ob_exec(ob, OB_META_PUT, "device", err, "tb", "device", device, (size_t)16);
	for (uint8_t lane = 0; lane < LANES && rc == ERR_OK; lane++)
		rc = ob_epoch(ob, lane, device, EPOCH_CREATED, true, err);
	return ob_end(ob, rc, err);
}

enum err_code
outbox_create(const char *path, const uint8_t device[16], struct err *err)
{
	const struct embed_file *schema = embed_find(embed_collector, "sql/1.sql");
	struct outbox *ob = NULL;
	sqlite3 *db = NULL;
	int64_t version = 0;
	enum err_code rc = make_file(path, err);

	if (rc == ERR_OK)
		rc = connect_db(path, OUTBOX_KIOSK, NULL, &db, err);
	if (rc == ERR_OK)
		rc = pragma_int(db, "PRAGMA user_version", &version, err);
	if (rc == ERR_OK && version == 0) {
		/* The switch to WAL is itself a transaction with a rollback journal. Under FULL its journal can come
		 * back after a power cut and undo everything since; EXTRA (set by connect_db) syncs the folder. */
		rc = db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0", err);
		if (rc == ERR_OK)
			rc = db_exec(db, "BEGIN IMMEDIATE", err);
		if (rc == ERR_OK)
			rc = db_exec(db, schema->data, err);
		if (rc == ERR_OK)
			rc = db_exec(db, "PRAGMA application_id = 1128353348; PRAGMA user_version = 1; COMMIT", err);
	}
	if (rc == ERR_OK)
		rc = file_sync_parent(path, err);
	sqlite3_close(db);
	if (rc == ERR_OK)
		rc = outbox_open(path, OUTBOX_KIOSK, &ob, err);
	if (rc == ERR_OK)
		rc = make_lanes(ob, device, err);
	outbox_close(ob);
	return rc;
}

/* --- lanes and epochs --- */

enum err_code
ob_lane(struct outbox *ob, uint8_t lane, struct outbox_lane *out, struct err *err)
{
	enum err_code rc = ob_query(ob, OB_LANE_GET, "lane", err, "i", (int64_t)lane);

	if (rc != ERR_OK)
		return rc;
	out->head_seq = (uint64_t)sqlite3_column_int64(ob->stmt[OB_LANE_GET], 1);
	out->acked_seq = (uint64_t)sqlite3_column_int64(ob->stmt[OB_LANE_GET], 3);
	rc = ob_blob(ob, OB_LANE_GET, 0, out->epoch, 16, err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_LANE_GET, 2, out->head_link.bytes, 32, err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_LANE_GET, 4, out->acked_link.bytes, 32, err);
	ob_done(ob, OB_LANE_GET);
	return rc;
}

enum err_code
ob_device(struct outbox *ob, uint8_t device[16], struct err *err)
{
	enum err_code rc = ob_query(ob, OB_META_GET, "device", err, "t", "device");

	if (rc == ERR_OK) {
		rc = ob_blob(ob, OB_META_GET, 0, device, 16, err);
		ob_done(ob, OB_META_GET);
	}
	return rc == ERR_ABSENT ? err_set(err, ERR_BROKEN, "site.db: belongs to no device") : rc;
}

enum err_code
ob_link(struct outbox *ob, uint8_t lane, const struct outbox_lane *l, uint64_t seq, struct chain_hash *out,
	struct err *err)
{
	uint8_t device[16];
	enum err_code rc;

	if (seq == l->head_seq || seq == l->acked_seq) {
		*out = seq == l->head_seq ? l->head_link : l->acked_link;
		return ERR_OK;
	}
	if (seq == 0) {
		rc = ob_device(ob, device, err);
		if (rc == ERR_OK)
			chain_genesis(device, l->epoch, lane, out);
		return rc;
	}
	rc = ob_query(ob, OB_RECORD_LINK, "link", err, "bii", l->epoch, (size_t)16, (int64_t)lane, (int64_t)seq);
	if (rc != ERR_OK)
		return rc;
	rc = ob_blob(ob, OB_RECORD_LINK, 0, out->bytes, 32, err);
	ob_done(ob, OB_RECORD_LINK);
	return rc;
}

/* Insert R as number SEQ of EPOCH with LINK. */
static enum err_code
insert(struct outbox *ob, const struct sealed_record *r, const uint8_t epoch[16], uint64_t seq,
	const struct chain_hash *before, struct chain_hash *link, struct err *err)
{
	struct chain_hash hw, hb, leaf;
	enum err_code rc;
	int64_t n;

	chain_wraps(r->wraps, r->n, &hw);
	chain_body(r->nonce_body.data, r->nonce_body.len, &hb);
	chain_leaf(r->header, &hw, &hb, &leaf);
	chain_link(before, seq, &leaf, link);
	rc = ob_exec(ob, OB_RECORD_PUT, "keep record", err, "bbiibbbbb", r->id, (size_t)16, epoch, (size_t)16,
	    (int64_t)r->lane, (int64_t)seq, r->header, (size_t)RECORD_HEADER, hw.bytes, (size_t)32, hb.bytes,
	    (size_t)32, link->bytes, (size_t)32, r->nonce_body.data, r->nonce_body.len);
	n = sqlite3_last_insert_rowid(ob->db);
	for (size_t i = 0; i < r->n && rc == ERR_OK; i++)
		rc = ob_exec(ob, OB_WRAP_PUT, "keep wrap", err, "iib", n, (int64_t)i, r->wraps + i * RECORD_WRAP,
		    (size_t)RECORD_WRAP);
	return rc;
}

enum err_code
ob_append(struct outbox *ob, const struct sealed_record *r, struct err *err)
{
	struct outbox_lane l;
	struct chain_hash link;
	enum err_code rc = ob_lane(ob, r->lane, &l, err);

	if (rc == ERR_OK)
		rc = insert(ob, r, l.epoch, l.head_seq + 1, &l.head_link, &link, err);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_LANE_HEAD, "move head", err, "ibi", (int64_t)l.head_seq + 1, link.bytes, (size_t)32,
		    (int64_t)r->lane);
	return rc;
}

/* Take the next record of another epoch (after row *N) into EPOCH as number *SEQ. An unsent opening of an epoch
 * that nobody will hear of is dropped. ERR_ABSENT: no more. */
static enum err_code
move_one(struct outbox *ob, uint8_t lane, const uint8_t epoch[16], bool all, int64_t *n, uint64_t *seq,
	struct chain_hash *link, struct err *err)
{
	uint8_t header[RECORD_HEADER];
	struct chain_hash hw, hb, leaf;
	enum err_code rc = ob_query(ob, OB_RECORD_ALL, "records", err, "iibi", (int64_t)lane, *n, epoch, (size_t)16,
	    (int64_t)all);

	if (rc != ERR_OK)
		return rc;
	*n = sqlite3_column_int64(ob->stmt[OB_RECORD_ALL], 0);
	rc = ob_blob(ob, OB_RECORD_ALL, 1, header, sizeof(header), err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_RECORD_ALL, 2, hw.bytes, 32, err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_RECORD_ALL, 3, hb.bytes, 32, err);
	ob_done(ob, OB_RECORD_ALL);
	if (rc != ERR_OK)
		return rc;
	if (header[6] == RECORD_EPOCH)
		return ob_exec(ob, OB_RECORD_FORGET, "drop epoch", err, "i", *n);
	chain_leaf(header, &hw, &hb, &leaf);
	chain_link(link, ++*seq, &leaf, link);
	return ob_exec(ob, OB_RECORD_MOVE, "chain anew", err, "bibi", epoch, (size_t)16, (int64_t)*seq, link->bytes,
	    (size_t)32, *n);
}

enum err_code
ob_epoch(struct outbox *ob, uint8_t lane, const uint8_t device[16], enum epoch_reason reason, bool is_new,
	struct err *err)
{
	struct record_epoch e = { .reason = (uint8_t)reason };
	struct outbox_lane l = { .head_seq = 0 };
	struct sealed_record r = { .lane = lane };
	struct chain_hash genesis, link;
	uint8_t epoch[16];
	uint64_t seq = 1;
	int64_t n = 0;
	enum err_code rc = is_new ? ERR_OK : ob_lane(ob, lane, &l, err);

	if (rc != ERR_OK)
		return rc;
	memcpy(e.before, l.epoch, 16);
	e.seq = l.head_seq;
	e.link = l.head_link;
	seal_random(epoch, sizeof(epoch));
	chain_genesis(device, epoch, lane, &genesis);
	rc = seal_epoch(device, lane, &e, &r, err);
	if (rc == ERR_OK)
		rc = insert(ob, &r, epoch, 1, &genesis, &link, err);
	while (rc == ERR_OK && !is_new)
		rc = move_one(ob, lane, epoch, reason == EPOCH_CENTRE_RESTORED, &n, &seq, &link, err);
	if (rc == ERR_ABSENT)
		rc = ERR_OK;
	if (rc == ERR_OK && is_new)
		rc = ob_exec(ob, OB_LANE_NEW, "open lane", err, "ibibb", (int64_t)lane, epoch, (size_t)16, (int64_t)seq,
		    link.bytes, (size_t)32, genesis.bytes, (size_t)32);
	else if (rc == ERR_OK)
		rc = ob_exec(ob, OB_LANE_EPOCH, "open epoch", err, "bibbi", epoch, (size_t)16, (int64_t)seq, link.bytes,
		    (size_t)32, genesis.bytes, (size_t)32, (int64_t)lane);
	sealed_record_clear(&r);
	return rc;
}

/* --- keeping a record --- */

static enum err_code
put_once(struct outbox *ob, const struct sealed_record *r, int64_t day, bool *unknown, struct err *err)
{
	uint8_t device[16];
	enum err_code rc = ob_begin(ob, err);

	*unknown = false;
	if (rc != ERR_OK)
		return rc;
	rc = ob_device(ob, device, err);
	if (rc == ERR_OK && memcmp(device, r->header + 8, 16) != 0)
		rc = err_set(err, ERR_INPUT, "the record is sealed as another device's");
	if (rc == ERR_OK)
		rc = ob_append(ob, r, err);
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_TAG_PUT, "keep tag", err, "bbi", r->header + 64, (size_t)16, r->id, (size_t)16, day);
	if (rc == ERR_OK) {
		rc = ob_exec(ob, OB_COMMIT, "commit", err, "");
		/* Busy and full are answers; anything else may have reached the disk or not. */
		*unknown = rc == ERR_BROKEN || rc == ERR_NOMEM;
	}
	return rc == ERR_OK || *unknown ? rc : ob_end(ob, rc, err);
}

/* After an error that leaves it open: is the record there, and on the disk? What reads back can still be only
 * in memory, since a failed fsync drops what it could not write. So the WAL is copied into the file, which
 * writes and syncs it anew. ERR_ABSENT: it is not there. */
static enum err_code
find_out(struct outbox *ob, const uint8_t id[16], struct err *err)
{
	bool done = false;
	enum err_code rc = ob_reopen(ob, err);

	if (rc == ERR_OK)
		rc = ob_query(ob, OB_RECORD_HAS, "look for record", err, "b", id, (size_t)16);
	if (rc != ERR_OK)
		return rc;
	ob_done(ob, OB_RECORD_HAS);
	rc = ob_cut_wal(ob, &done, err);
	if (rc == ERR_OK && !done)
		rc = err_set(err, ERR_BROKEN, "the record is there, but it cannot be known whether for good");
	return rc;
}

enum err_code
outbox_put(struct outbox *ob, const struct sealed_record *r, int64_t day, struct err *err)
{
	struct err ignored;
	enum err_code rc;
	bool unknown, done;

	if (r->lane != LANE_ANSWERS)
		return err_set(err, ERR_INPUT, "a concern goes into a slot, not straight into the chain");
	rc = ob_enter(ob, err);
	if (rc != ERR_OK)
		goto out;
	if (ob->wal_pages > WAL_PAGES_MAX && ob_cut_wal(ob, &done, &ignored) != ERR_OK)
		ob->wal_pages = 0;
	rc = put_once(ob, r, day, &unknown, err);
	if (rc == ERR_EXISTS)
		err_set(err, ERR_EXISTS, "that record is kept already");
	if (rc != ERR_OK && (unknown || rc == ERR_BROKEN)) {
		rc = find_out(ob, r->id, err);
		if (rc == ERR_ABSENT)
			rc = put_once(ob, r, day, &unknown, err);
		if (rc == ERR_BROKEN)
			err_in(err, "the answer could not be kept");
	}
out:
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
ob_cut_wal(struct outbox *ob, bool *done, struct err *err)
{
	int frames = 0, moved = 0;
	int rc = sqlite3_wal_checkpoint_v2(ob->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &frames, &moved);

	*done = rc == SQLITE_OK && frames == moved;
	if (*done) {
		ob->wal_pages = 0;
		ob->cut_wal = false;
	}
	if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
		return fail(ob, "move the log into the file", err);
	return ERR_OK;
}
