/* The facts. See facts_store.h and docs/formats/facts.md. What recomputes cells is in cells_store.c,
 * what was published in published_store.c and snapshot_store.c. */
#include "indicators/facts_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/audit_store.h"
#include "indicators/embed.h"
#include "indicators/facts_private.h"

static const char *const sql[FACTS_STATEMENTS] = {
	[S_REV] = "SELECT v FROM meta WHERE k = 'data_rev'",
	[S_REV_NEXT] = "UPDATE meta SET v = v + 1 WHERE k = 'data_rev'",
	[S_DEF_GET] = "SELECT def, hash FROM definition WHERE id = ?1 AND version = ?2 ORDER BY hash = ?3 DESC,"
	    " def DESC LIMIT 1",
	[S_DEF_PUT] = "INSERT INTO definition (id, version, hash, text) VALUES (?1, ?2, ?3, ?4)",
	[S_DEF_USED] = "SELECT 1 FROM meta WHERE k = 'used:' || ?1",
	[S_DEF_UNUSE] = "DELETE FROM meta WHERE substr(k, 1, 5) = 'used:'",
	[S_DEF_USE] = "INSERT INTO meta (k, v) VALUES ('used:' || ?1, 1) ON CONFLICT DO NOTHING",
	[S_FACT_HAS] = "SELECT 1 FROM fact INDEXED BY fact_record WHERE site = ?1 AND record = ?2 AND def = ?3 LIMIT 1",
	[S_DEF_EACH] = "SELECT def, id, version, hash, text FROM definition ORDER BY id, version, def",
	[S_BUCKET_GET] = "SELECT bucket FROM bucket WHERE def = ?1 AND keys = ?2",
	[S_BUCKET_PUT] = "INSERT INTO bucket (def, keys) VALUES (?1, ?2)",
	[S_BUCKET_KEYS] = "SELECT keys FROM bucket WHERE bucket = ?1",
	[S_POS_GET] = "SELECT seq FROM position WHERE device = ?1 AND lane = ?2 AND epoch = ?3",
	[S_POS_PUT] = "INSERT INTO position VALUES (?1, ?2, ?3, ?4)"
	    " ON CONFLICT DO UPDATE SET seq = excluded.seq",
	[S_RECORD_PUT] = "INSERT INTO record (site, record, device, form, form_hash, day, day_quality, state, chain,"
	    " lane, epoch, seq, tag) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
	    " ON CONFLICT DO NOTHING",
	[S_RECORD_STATE] = "UPDATE record SET state = ?3 WHERE site = ?1 AND record = ?2",
	[S_RECORD_DROP] = "DELETE FROM record WHERE site = ?1 AND record = ?2",
	[S_SAVE] = "SAVEPOINT one",
	[S_UNDO] = "ROLLBACK TO one",
	[S_KEEP] = "RELEASE one",
	[S_FACT_PUT] = "INSERT INTO fact VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
	    " ON CONFLICT DO NOTHING",
	[S_DIRTY_PUT] = "INSERT INTO dirty VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
	[S_HELD_PUT] = "INSERT INTO quarantine (device, record, site, reason, day, chain, lane, epoch, seq)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
	    " ON CONFLICT DO UPDATE SET tries = tries + 1, reason = excluded.reason",
	[S_HELD_DROP] = "DELETE FROM quarantine WHERE device = ?1 AND record = ?2",
	[S_HELD_COUNT] = "SELECT count(*) FROM quarantine",
	[S_OPENED] = "SELECT count(*) + (SELECT v FROM meta WHERE k = 'records_erased') FROM record",
	[S_HELD_EACH] = "SELECT device, record, site, reason, day, tries, chain, lane, epoch, seq FROM quarantine"
	    " ORDER BY day, device, record",
	[S_STANDING] = "SELECT site, def, period, stratum, bucket, item, record, rev, sign, num, value, people,"
	    " data_rev FROM fact AS f WHERE site = ?1 AND record = ?2 AND (?3 < 0 OR def = ?3) AND sign = 1"
	    " AND period >= (SELECT v FROM meta WHERE k = 'kept_from')"
	    " AND NOT EXISTS (SELECT 1 FROM fact AS g WHERE g.site = f.site AND g.record = f.record"
	    " AND g.def = f.def AND g.item = f.item AND g.rev = f.rev AND g.sign = -1)"
	    " ORDER BY def, item, rev",
	[S_BLANK] = "UPDATE fact SET num = NULL, value = NULL WHERE site = ?1 AND record = ?2",
	[S_RECORD_COUNTS] = "SELECT site, count(*), min(day), max(day) FROM record"
	    " WHERE state <> 'withdrawn' GROUP BY site ORDER BY site",
	[S_RECORDS] = "SELECT site, record, device, form, form_hash, day, day_quality, state, chain, lane, epoch,"
	    " seq, tag FROM record WHERE (?1 = '' OR site = ?1) AND state IN ('facts', 'none')"
	    " ORDER BY day DESC, site, record LIMIT ?2 OFFSET ?3",
	[S_BY_TAG] = "SELECT site, record FROM record WHERE device = ?1 AND tag = ?2 LIMIT 1",
	[S_PUB_PREPARED] = "INSERT INTO publication VALUES (?1, ?2, ?3, 'prepared', ?4)"
	    " ON CONFLICT DO UPDATE SET data_rev = excluded.data_rev, sha256 = excluded.sha256,"
	    " bytes = excluded.bytes",
	[S_PUB_PUBLISHED] = "INSERT INTO publication VALUES (?1, ?2, ?3, 'published', ?4)"
	    " ON CONFLICT DO UPDATE SET data_rev = excluded.data_rev, sha256 = excluded.sha256,"
	    " state = 'published', bytes = excluded.bytes",
	[S_PUB_LAST] = "SELECT no, sha256 FROM publication WHERE state = 'published' ORDER BY no DESC LIMIT 1",
	[S_PUB_PENDING] = "SELECT bytes FROM publication WHERE state = 'prepared' AND sha256 <> '' ORDER BY no"
	    " LIMIT 1",
	[S_PUB_EACH] = "SELECT no, bytes FROM publication WHERE state = 'published' ORDER BY no",
	[S_SNAP_CLEAR] = "DELETE FROM snapshot WHERE no >= ?1",
	[S_SNAP_PUT] = "INSERT INTO snapshot VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[S_SNAP_EACH] = "SELECT site, period, stratum, bucket, item, no, n, num, people FROM snapshot"
	    " WHERE def = ?1 ORDER BY site, period, stratum, bucket, item, no",
	[S_SITE_ENTRIES] = "SELECT period, stratum, bucket, item, record, rev, sign, num, value, people, data_rev FROM fact"
	    " WHERE site = ?1 AND def = ?2 ORDER BY period, stratum, bucket, item, record, rev, sign",
	FACTS_QUOTE_SQL
	FACTS_CELL_SQL
	FACTS_RETAIN_SQL
	FACTS_CODE_SQL
};

enum err_code
facts_err(struct facts *f, const char *what, struct err *err)
{
	return db_err(f->db, what, err);
}

void
facts_reset(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

static int
text(sqlite3_stmt *s, int at, const char *t)
{
	return sqlite3_bind_text(s, at, t, -1, SQLITE_STATIC);
}

static int
blob(sqlite3_stmt *s, int at, const void *b, size_t len)
{
	return sqlite3_bind_blob64(s, at, b, len, SQLITE_STATIC);
}

static int
number(sqlite3_stmt *s, int at, const struct facts_num *n)
{
	return n->given ? sqlite3_bind_double(s, at, n->v) : sqlite3_bind_null(s, at);
}

enum err_code
facts_done(struct facts *f, sqlite3_stmt *s, const char *what, struct err *err)
{
	enum err_code rc = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : facts_err(f, what, err);

	facts_reset(s);
	return rc;
}

enum err_code
facts_open(const char *path, struct facts **out, struct err *err)
{
	struct facts *f = calloc(1, sizeof(*f));
	const struct embed_file *schema = embed_find(embed_indicators, "sql/1.sql");
	const char *versions[] = { schema->data, audit_schema(), embed_find(embed_indicators, "sql/quotes-1.sql")->data,
		embed_find(embed_indicators, "sql/retain-1.sql")->data, embed_find(embed_indicators, "sql/codes-1.sql")->data };
	enum err_code rc;
	int fd;

	if (f == NULL)
		return err_nomem(err);
	/* The database takes its mode from this file, and WAL and shm take theirs from the database. */
	if (strcmp(path, ":memory:") != 0) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0) {
			rc = err_set(err, ERR_INPUT, "cannot open the facts database %s", path);
			goto out;
		}
		close(fd);
	}
	if (sqlite3_open_v2(path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		rc = facts_err(f, path, err);
		goto out;
	}
	sqlite3_busy_timeout(f->db, 5000);
	/* The order matters: sealing-and-sync.md section 3. */
	rc = db_exec(f->db, "PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;"
	    " PRAGMA secure_delete=ON;", err);
	if (rc == ERR_OK)
		rc = db_migrate(f->db, versions, ARRAY_LEN(versions), err);
	if (rc == ERR_OK)
		rc = db_exec(f->db, "PRAGMA synchronous=FULL; PRAGMA cache_size=-16384;", err);
	if (rc == ERR_OK)
		rc = db_prepare(f->db, sql, f->stmt, FACTS_STATEMENTS, err);
out:
	if (rc != ERR_OK) {
		facts_close(f);
		return rc;
	}
	*out = f;
	return ERR_OK;
}

void
facts_close(struct facts *f)
{
	if (f == NULL)
		return;
	db_finalize(f->stmt, FACTS_STATEMENTS);
	sqlite3_close(f->db);
	free(f);
}

enum err_code
facts_begin(struct facts *f, struct err *err)
{
	return db_exec(f->db, "BEGIN IMMEDIATE", err);
}

enum err_code
facts_commit(struct facts *f, struct err *err)
{
	return db_exec(f->db, "COMMIT", err);
}

void
facts_rollback(struct facts *f)
{
	struct err ignored = {0};

	if (!sqlite3_get_autocommit(f->db) && db_exec(f->db, "ROLLBACK", &ignored) != ERR_OK)
		return;
}

enum err_code
facts_savepoint(struct facts *f, struct err *err)
{
	return facts_done(f, f->stmt[S_SAVE], "savepoint", err);
}

enum err_code
facts_undo(struct facts *f, struct err *err)
{
	enum err_code rc = facts_done(f, f->stmt[S_UNDO], "undo", err);

	return rc != ERR_OK ? rc : facts_keep(f, err);
}

enum err_code
facts_keep(struct facts *f, struct err *err)
{
	return facts_done(f, f->stmt[S_KEEP], "keep", err);
}

/* --- revisions, definitions, buckets, positions ------------------------------------------------- */

enum err_code
facts_data_rev(struct facts *f, int64_t *out, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_REV];
	enum err_code rc = ERR_OK;

	if (sqlite3_step(s) == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	else
		rc = facts_err(f, "data revision", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_next_rev(struct facts *f, int64_t *out, struct err *err)
{
	enum err_code rc = facts_done(f, f->stmt[S_REV_NEXT], "data revision", err);

	return rc != ERR_OK ? rc : facts_data_rev(f, out, err);
}

enum err_code
facts_definition(struct facts *f, const char *id, int64_t version, const uint8_t hash[32], bool agreed,
	const char *definition, int64_t *def, bool *is_new, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_DEF_GET];
	enum err_code rc = ERR_OK;
	int step;

	*is_new = false;
	text(s, 1, id);
	sqlite3_bind_int64(s, 2, version);
	blob(s, 3, hash, 32);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW && memcmp(sqlite3_column_blob(s, 1), hash, 32) == 0) {
		*def = sqlite3_column_int64(s, 0);
		facts_reset(s);
		return ERR_OK;
	}
	if (step == SQLITE_ROW && agreed)
		rc = err_set(err, ERR_INPUT, "indicator %s version %lld was agreed with another text: an agreed "
		    "version never changes, so give the change a new version", id, (long long)version);
	else if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = facts_err(f, "definition", err);
	facts_reset(s);
	if (rc != ERR_OK)
		return rc;
	s = f->stmt[S_DEF_PUT];
	text(s, 1, id);
	sqlite3_bind_int64(s, 2, version);
	blob(s, 3, hash, 32);
	text(s, 4, definition);
	rc = facts_done(f, s, "keep definition", err);
	if (rc == ERR_OK) {
		*def = sqlite3_last_insert_rowid(f->db);
		*is_new = true;
	}
	return rc;
}

/* Does statement S, bound, give a row? */
static enum err_code
is_there(struct facts *f, sqlite3_stmt *s, const char *what, bool *there, struct err *err)
{
	int step = sqlite3_step(s);

	*there = step == SQLITE_ROW;
	facts_reset(s);
	return step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : facts_err(f, what, err);
}

enum err_code
facts_is_used(struct facts *f, int64_t def, bool *used, struct err *err)
{
	sqlite3_bind_int64(f->stmt[S_DEF_USED], 1, def);
	return is_there(f, f->stmt[S_DEF_USED], "definition in use", used, err);
}

enum err_code
facts_use_none(struct facts *f, struct err *err)
{
	return facts_done(f, f->stmt[S_DEF_UNUSE], "definitions in use", err);
}

enum err_code
facts_use(struct facts *f, int64_t def, struct err *err)
{
	sqlite3_bind_int64(f->stmt[S_DEF_USE], 1, def);
	return facts_done(f, f->stmt[S_DEF_USE], "definition in use", err);
}

enum err_code
facts_has(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t def, bool *has, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_FACT_HAS];

	text(s, 1, site);
	blob(s, 2, record, FACTS_ID);
	sqlite3_bind_int64(s, 3, def);
	return is_there(f, s, "facts of a record", has, err);
}

enum err_code
facts_definitions(struct facts *f, enum err_code (*fn)(void *arg, const struct facts_def *d, struct err *err),
	void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_DEF_EACH];
	enum err_code rc = ERR_OK;
	int step;

	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct facts_def d = {
			.def = sqlite3_column_int64(s, 0),
			.id = (const char *)sqlite3_column_text(s, 1),
			.version = sqlite3_column_int64(s, 2),
			.hash = sqlite3_column_blob(s, 3),
			.text = (const char *)sqlite3_column_text(s, 4),
		};

		rc = fn(arg, &d, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "definitions", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_bucket(struct facts *f, int64_t def, const char *keys, int64_t *bucket, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_BUCKET_GET];
	enum err_code rc;
	int step;

	sqlite3_bind_int64(s, 1, def);
	text(s, 2, keys);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW)
		*bucket = sqlite3_column_int64(s, 0);
	rc = step == SQLITE_ROW || step == SQLITE_DONE ? ERR_OK : facts_err(f, "bucket", err);
	facts_reset(s);
	if (rc != ERR_OK || step == SQLITE_ROW)
		return rc;
	s = f->stmt[S_BUCKET_PUT];
	sqlite3_bind_int64(s, 1, def);
	text(s, 2, keys);
	rc = facts_done(f, s, "keep bucket", err);
	if (rc == ERR_OK)
		*bucket = sqlite3_last_insert_rowid(f->db);
	return rc;
}

enum err_code
facts_bucket_keys(struct facts *f, int64_t bucket, char keys[FACTS_TEXT], struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_BUCKET_KEYS];
	enum err_code rc = ERR_OK;

	sqlite3_bind_int64(s, 1, bucket);
	if (sqlite3_step(s) == SQLITE_ROW)
		snprintf(keys, FACTS_TEXT, "%s", sqlite3_column_text(s, 0));
	else
		rc = err_set(err, ERR_ABSENT, "no bucket %lld", (long long)bucket);
	facts_reset(s);
	return rc;
}

enum err_code
facts_position(struct facts *f, const uint8_t device[FACTS_ID], int lane, const uint8_t epoch[FACTS_ID],
	int64_t *seq, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_POS_GET];
	enum err_code rc = ERR_OK;
	int step;

	blob(s, 1, device, FACTS_ID);
	sqlite3_bind_int(s, 2, lane);
	blob(s, 3, epoch, FACTS_ID);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW)
		*seq = sqlite3_column_int64(s, 0);
	else if (step == SQLITE_DONE)
		*seq = 0;
	else
		rc = facts_err(f, "position", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_set_position(struct facts *f, const uint8_t device[FACTS_ID], int lane, const uint8_t epoch[FACTS_ID],
	int64_t seq, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_POS_PUT];

	blob(s, 1, device, FACTS_ID);
	sqlite3_bind_int(s, 2, lane);
	blob(s, 3, epoch, FACTS_ID);
	sqlite3_bind_int64(s, 4, seq);
	return facts_done(f, s, "position", err);
}

/* --- records, facts, quarantine ------------------------------------------------------------------ */

static void
bind_place(sqlite3_stmt *s, int at, const struct facts_place *p)
{
	blob(s, at, p->chain, FACTS_ID);
	sqlite3_bind_int(s, at + 1, p->lane);
	blob(s, at + 2, p->epoch, FACTS_ID);
	sqlite3_bind_int64(s, at + 3, p->seq);
}

void
facts_get_place(sqlite3_stmt *s, int at, struct facts_place *p)
{
	memcpy(p->chain, sqlite3_column_blob(s, at), FACTS_ID);
	p->lane = sqlite3_column_int(s, at + 1);
	memcpy(p->epoch, sqlite3_column_blob(s, at + 2), FACTS_ID);
	p->seq = sqlite3_column_int64(s, at + 3);
}

enum err_code
facts_put_record(struct facts *f, const struct facts_record *r, bool *is_new, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_RECORD_PUT];
	enum err_code rc;

	text(s, 1, r->site);
	blob(s, 2, r->record, FACTS_ID);
	blob(s, 3, r->device, FACTS_ID);
	text(s, 4, r->form);
	blob(s, 5, r->form_hash, FACTS_ID);
	sqlite3_bind_int64(s, 6, r->day);
	text(s, 7, r->day_quality);
	text(s, 8, r->state);
	bind_place(s, 9, &r->place);
	blob(s, 13, r->tag, FACTS_ID);
	rc = facts_done(f, s, "keep record", err);
	*is_new = rc == ERR_OK && sqlite3_changes(f->db) > 0;
	return rc;
}

enum err_code
facts_record_state(struct facts *f, const char *site, const uint8_t record[FACTS_ID], const char *state,
	struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_RECORD_STATE];

	text(s, 1, site);
	blob(s, 2, record, FACTS_ID);
	text(s, 3, state);
	return facts_done(f, s, "record state", err);
}

enum err_code
facts_forget_record(struct facts *f, const char *site, const uint8_t record[FACTS_ID], struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_RECORD_DROP];

	text(s, 1, site);
	blob(s, 2, record, FACTS_ID);
	return facts_done(f, s, "forget record", err);
}

static void
bind_key(sqlite3_stmt *s, const struct facts_cell_key *k)
{
	text(s, 1, k->site);
	sqlite3_bind_int64(s, 2, k->def);
	sqlite3_bind_int64(s, 3, k->period);
	text(s, 4, k->stratum);
	sqlite3_bind_int64(s, 5, k->bucket);
	text(s, 6, k->item);
}

enum err_code
facts_put(struct facts *f, const struct facts_entry *e, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_FACT_PUT];
	enum err_code rc;

	bind_key(s, &e->cell);
	blob(s, 7, e->record, FACTS_ID);
	sqlite3_bind_int64(s, 8, e->rev);
	sqlite3_bind_int(s, 9, e->sign);
	number(s, 10, &e->num);
	number(s, 11, &e->value);
	sqlite3_bind_int64(s, 12, e->people);
	sqlite3_bind_int64(s, 13, e->data_rev);
	rc = facts_done(f, s, "keep fact", err);
	if (rc != ERR_OK || sqlite3_changes(f->db) == 0)
		return rc;
	s = f->stmt[S_DIRTY_PUT];
	bind_key(s, &e->cell);
	return facts_done(f, s, "mark cell", err);
}

enum err_code
facts_quarantine(struct facts *f, const struct facts_held *held, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_HELD_PUT];

	blob(s, 1, held->device, FACTS_ID);
	blob(s, 2, held->record, FACTS_ID);
	text(s, 3, held->site);
	text(s, 4, held->reason);
	sqlite3_bind_int64(s, 5, held->day);
	bind_place(s, 6, &held->place);
	return facts_done(f, s, "quarantine", err);
}

enum err_code
facts_release(struct facts *f, const uint8_t device[FACTS_ID], const uint8_t record[FACTS_ID], struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_HELD_DROP];

	blob(s, 1, device, FACTS_ID);
	blob(s, 2, record, FACTS_ID);
	return facts_done(f, s, "release", err);
}

static enum err_code
count(struct facts *f, int which, int64_t *n, struct err *err)
{
	sqlite3_stmt *s = f->stmt[which];
	enum err_code rc = ERR_OK;

	if (sqlite3_step(s) == SQLITE_ROW)
		*n = sqlite3_column_int64(s, 0);
	else
		rc = facts_err(f, "count", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_opened(struct facts *f, int64_t *n, struct err *err)
{
	return count(f, S_OPENED, n, err);
}

enum err_code
facts_quarantined(struct facts *f, int64_t *n, struct err *err)
{
	return count(f, S_HELD_COUNT, n, err);
}

enum err_code
facts_quarantine_each(struct facts *f, enum err_code (*fn)(void *arg, const struct facts_held *held,
	struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_HELD_EACH];
	enum err_code rc = ERR_OK;
	int step;

	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct facts_held h = {
			.site = (const char *)sqlite3_column_text(s, 2),
			.reason = (const char *)sqlite3_column_text(s, 3),
			.day = sqlite3_column_int64(s, 4),
			.tries = sqlite3_column_int64(s, 5),
		};

		memcpy(h.device, sqlite3_column_blob(s, 0), FACTS_ID);
		memcpy(h.record, sqlite3_column_blob(s, 1), FACTS_ID);
		facts_get_place(s, 6, &h.place);
		rc = fn(arg, &h, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "quarantine", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_standing(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t def,
	facts_entry_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_STANDING];
	enum err_code rc = ERR_OK;
	int step;

	text(s, 1, site);
	blob(s, 2, record, FACTS_ID);
	sqlite3_bind_int64(s, 3, def);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct facts_entry e = {
			.cell = {
				.site = (const char *)sqlite3_column_text(s, 0),
				.def = sqlite3_column_int64(s, 1),
				.period = sqlite3_column_int64(s, 2),
				.stratum = (const char *)sqlite3_column_text(s, 3),
				.bucket = sqlite3_column_int64(s, 4),
				.item = (const char *)sqlite3_column_text(s, 5),
			},
			.rev = sqlite3_column_int64(s, 7),
			.sign = sqlite3_column_int(s, 8),
			.num = { sqlite3_column_type(s, 9) != SQLITE_NULL, sqlite3_column_double(s, 9) },
			.value = { sqlite3_column_type(s, 10) != SQLITE_NULL, sqlite3_column_double(s, 10) },
			.people = sqlite3_column_int64(s, 11),
			.data_rev = sqlite3_column_int64(s, 12),
		};

		memcpy(e.record, sqlite3_column_blob(s, 6), FACTS_ID);
		rc = fn(arg, &e, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "facts of a record", err);
	facts_reset(s);
	return rc;
}

struct standing {
	struct facts_entry *list;
	char (*texts)[3][FACTS_TEXT];
	size_t n, cap;
};

/* Keep a copy: entries are written while the statement that found them is over. */
static enum err_code
collect(void *arg, const struct facts_entry *e, struct err *err)
{
	struct standing *st = arg;

	if (st->n == st->cap) {
		size_t cap = st->cap == 0 ? 16 : st->cap * 2;
		struct facts_entry *list = realloc(st->list, cap * sizeof(*list));
		char (*texts)[3][FACTS_TEXT];

		if (list == NULL)
			return err_nomem(err);
		st->list = list;
		texts = realloc(st->texts, cap * sizeof(*texts));
		if (texts == NULL)
			return err_nomem(err);
		st->texts = texts;
		st->cap = cap;
	}
	st->list[st->n] = *e;
	snprintf(st->texts[st->n][0], FACTS_TEXT, "%s", e->cell.site);
	snprintf(st->texts[st->n][1], FACTS_TEXT, "%s", e->cell.stratum);
	snprintf(st->texts[st->n][2], FACTS_TEXT, "%s", e->cell.item);
	st->n++;
	return ERR_OK;
}

enum err_code
facts_reverse(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t def, int64_t data_rev,
	int64_t *last_rev, struct err *err)
{
	struct standing st = {0};
	enum err_code rc = facts_standing(f, site, record, def, collect, &st, err);

	*last_rev = 0;
	for (size_t i = 0; i < st.n && rc == ERR_OK; i++) {
		struct facts_entry e = st.list[i];

		e.cell.site = st.texts[i][0];
		e.cell.stratum = st.texts[i][1];
		e.cell.item = st.texts[i][2];
		e.sign = -1;
		e.data_rev = data_rev;
		if (e.rev > *last_rev)
			*last_rev = e.rev;
		rc = facts_put(f, &e, err);
	}
	free(st.list);
	free(st.texts);
	return rc;
}

enum err_code
facts_by_tag(struct facts *f, const uint8_t device[FACTS_ID], const uint8_t tag[FACTS_ID], char site[FACTS_TEXT],
	uint8_t record[FACTS_ID], struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_BY_TAG];
	enum err_code rc = ERR_OK;
	int step;

	blob(s, 1, device, FACTS_ID);
	blob(s, 2, tag, FACTS_ID);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		snprintf(site, FACTS_TEXT, "%s", sqlite3_column_text(s, 0));
		memcpy(record, sqlite3_column_blob(s, 1), FACTS_ID);
	} else {
		rc = step == SQLITE_DONE ? err_set(err, ERR_ABSENT, "no record has this tag")
		    : facts_err(f, "find record by tag", err);
	}
	facts_reset(s);
	return rc;
}

enum err_code
facts_withdraw(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t data_rev,
	struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_BLANK];
	enum err_code rc;
	int64_t rev;

	rc = facts_record_state(f, site, record, "withdrawn", err);
	if (rc != ERR_OK)
		return rc;
	if (sqlite3_changes(f->db) == 0)
		return err_set(err, ERR_ABSENT, "no such record at this site");
	rc = facts_reverse(f, site, record, -1, data_rev, &rev, err);
	if (rc == ERR_OK)
		rc = facts_drop_codes(f, site, record, err);
	if (rc != ERR_OK)
		return rc;
	text(s, 1, site);
	blob(s, 2, record, FACTS_ID);
	rc = facts_done(f, s, "blank facts", err);
	if (rc != ERR_OK)
		return rc;
	s = f->stmt[S_QUOTE_BLANK];
	text(s, 1, site);
	blob(s, 2, record, FACTS_ID);
	return facts_done(f, s, "blank quotes", err);
}
