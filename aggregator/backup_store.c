/* Copying the centre's databases. See backup_store.h.
 * A copy is made table by table out of one read transaction of the source, into files that have never held what
 * they should not hold: a deleted wrap would stay in free pages. */
#include "aggregator/backup_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/db.h"
#include "base/file.h"

/* What opens a record, and what may hold such. */
static const char *const short_lived[] = { "wrap", "quarantine" };

static const char list_schema[] = "SELECT type, name, sql FROM src.sqlite_schema WHERE sql IS NOT NULL "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type <> 'table', type <> 'index', rowid";
static const char read_version[] = "PRAGMA src.user_version";
static const char list_wraps[] = "SELECT name FROM wraps.sqlite_schema WHERE type = 'table'";

static bool
is_short(const char *table)
{
	for (size_t i = 0; i < sizeof(short_lived) / sizeof(short_lived[0]); i++)
		if (strcmp(table, short_lived[i]) == 0)
			return true;
	return false;
}

/* SQL is freed. */
static enum err_code
run(sqlite3 *db, const char *what, char *sql, struct err *err)
{
	enum err_code rc = sql == NULL ? err_nomem(err) : ERR_OK;

	if (rc == ERR_OK && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		rc = db_err(db, what, err);
	sqlite3_free(sql);
	return rc;
}

/* An empty file of the owner's at PATH. */
static enum err_code
make_file(const char *path, struct err *err)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(err, errno == EEXIST ? ERR_EXISTS : ERR_AGAIN, "%s: %s", path, strerror(errno));
	close(fd);
	return ERR_OK;
}

static enum err_code
attach(sqlite3 *db, const char *path, const char *name, bool read_only, struct err *err)
{
	enum err_code rc;
	char *uri;

	if (access(path, F_OK) != 0)
		return err_set(err, ERR_ABSENT, "%s: there is no such database", path);
	if (strpbrk(path, "?#%") != NULL)	/* they mean something in a URI */
		return err_set(err, ERR_INPUT, "%s: the path holds one of ? # %%: move it to another folder", path);
	uri = sqlite3_mprintf("file:%s?mode=%s", path, read_only ? "ro" : "rw");
	rc = run(db, path, sqlite3_mprintf("ATTACH %Q AS %s", uri, name), err);
	sqlite3_free(uri);
	return rc;
}

/* A database TO with FROM attached as src. */
static enum err_code
open_new(const char *to, const char *from, sqlite3 **db, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (sqlite3_open_v2(to, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		rc = db_err(*db, to, err);
	if (rc == ERR_OK)
		sqlite3_busy_timeout(*db, 20000);
	if (rc == ERR_OK)
		rc = db_exec(*db, "PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = OFF", err);
	if (rc == ERR_OK)
		rc = attach(*db, from, "src", true, err);
	return rc;
}

/* Tables with their rows, then indexes and triggers. With SPLIT the rows of short-lived tables go to wraps. */
static enum err_code
copy_tables(sqlite3 *db, bool split, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;
	int no = SQLITE_DONE;

	if (sqlite3_prepare_v2(db, list_schema, -1, &s, NULL) != SQLITE_OK)
		return db_err(db, "schema", err);
	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 1);

		rc = run(db, name, sqlite3_mprintf("%s", sqlite3_column_text(s, 2)), err);
		if (rc != ERR_OK || strcmp((const char *)sqlite3_column_text(s, 0), "table") != 0)
			continue;
		if (split && is_short(name))
			rc = run(db, name, sqlite3_mprintf("CREATE TABLE wraps.\"%w\" AS SELECT * FROM src.\"%w\"", name, name), err);
		else
			rc = run(db, name, sqlite3_mprintf("INSERT INTO main.\"%w\" SELECT * FROM src.\"%w\"", name, name), err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(db, "schema", err);
	sqlite3_finalize(s);
	return rc;
}

static enum err_code
copy_version(sqlite3 *db, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;

	if (sqlite3_prepare_v2(db, read_version, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		rc = db_err(db, "version", err);
	else
		rc = run(db, "version", sqlite3_mprintf("PRAGMA main.user_version = %d", sqlite3_column_int(s, 0)), err);
	sqlite3_finalize(s);
	return rc;
}

static enum err_code
join_wraps(sqlite3 *db, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;
	int no = SQLITE_DONE;

	if (sqlite3_prepare_v2(db, list_wraps, -1, &s, NULL) != SQLITE_OK)
		return db_err(db, "wraps", err);
	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(s, 0);

		rc = run(db, name, sqlite3_mprintf("INSERT INTO main.\"%w\" SELECT * FROM wraps.\"%w\"", name, name), err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(db, "wraps", err);
	sqlite3_finalize(s);
	return rc;
}

/* What all three do. WRAPS: NULL, or written (split) or read. */
static enum err_code
copy(const char *from, const char *to, const char *wraps, bool split, struct err *err)
{
	bool made_to = false, made_wraps = false;
	sqlite3 *db = NULL;
	enum err_code rc = make_file(to, err);

	made_to = rc == ERR_OK;
	if (rc == ERR_OK && split) {
		rc = make_file(wraps, err);
		made_wraps = rc == ERR_OK;
	}
	if (rc == ERR_OK)
		rc = open_new(to, from, &db, err);
	if (rc == ERR_OK && wraps != NULL)
		rc = attach(db, wraps, "wraps", !split, err);
	if (rc == ERR_OK)
		rc = db_exec(db, "BEGIN", err);
	if (rc == ERR_OK)
		rc = copy_version(db, err);
	if (rc == ERR_OK)
		rc = copy_tables(db, split, err);
	if (rc == ERR_OK && wraps != NULL && !split)
		rc = join_wraps(db, err);
	if (rc == ERR_OK)
		rc = db_exec(db, "COMMIT", err);
	if (rc == ERR_OK && wraps != NULL && !split)	/* as the store makes its file; a copy is read from any disk */
		rc = db_exec(db, "PRAGMA main.journal_mode = WAL", err);
	sqlite3_close(db);
	if (rc == ERR_OK)
		rc = file_sync_parent(to, err);
	if (rc != ERR_OK) {
		if (made_to)
			unlink(to);
		if (made_wraps)
			unlink(wraps);
	}
	return rc;
}

enum err_code
backup_copy(const char *from, const char *to, struct err *err)
{
	return copy(from, to, NULL, false, err);
}

enum err_code
backup_split(const char *from, const char *records, const char *wraps, struct err *err)
{
	return copy(from, records, wraps, true, err);
}

enum err_code
backup_join(const char *records, const char *wraps, const char *to, struct err *err)
{
	return copy(records, to, wraps, false, err);
}

enum err_code
backup_check(const char *path, struct err *err)
{
	static const char *const checks[] = { "PRAGMA integrity_check(1)", "PRAGMA foreign_key_check" };
	sqlite3 *db = NULL;
	enum err_code rc = ERR_OK;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		rc = db_err(db, path, err);
	for (size_t i = 0; rc == ERR_OK && i < 2; i++) {
		sqlite3_stmt *s = NULL;
		int no = sqlite3_prepare_v2(db, checks[i], -1, &s, NULL) == SQLITE_OK ? sqlite3_step(s) : SQLITE_ERROR;
		const char *said = no == SQLITE_ROW ? (const char *)sqlite3_column_text(s, 0) : NULL;

		if (no != SQLITE_ROW && no != SQLITE_DONE)
			rc = db_err(db, path, err);
		else if (no == SQLITE_ROW && (i == 1 || said == NULL || strcmp(said, "ok") != 0))
			rc = err_set(err, ERR_BROKEN, "%s is damaged: %s %s", path, i == 1 ? "rows that belong to nothing in" : "",
			    said != NULL ? said : "");
		sqlite3_finalize(s);
	}
	sqlite3_close(db);
	return rc;
}
