/* SQLite helpers. See db.h. */
#include "base/db.h"

#include <stdio.h>

void
db_finalize(sqlite3_stmt **stmts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sqlite3_finalize(stmts[i]);
		stmts[i] = NULL;
	}
}

enum err_code
db_prepare(sqlite3 *db, const char *const *sql, sqlite3_stmt **stmts, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		stmts[i] = NULL;
	for (size_t i = 0; i < n; i++) {
		if (sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &stmts[i], NULL) != SQLITE_OK) {
			enum err_code rc = db_err(db, "prepare", err);

			db_finalize(stmts, n);
			return rc;
		}
	}
	return ERR_OK;
}

enum err_code
db_exec(sqlite3 *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_err(db, "database", err);
	return ERR_OK;
}

enum err_code
db_err(sqlite3 *db, const char *what, struct err *err)
{
	int x = sqlite3_extended_errcode(db);

	if (x == SQLITE_CONSTRAINT_UNIQUE || x == SQLITE_CONSTRAINT_PRIMARYKEY
	    || x == SQLITE_CONSTRAINT_ROWID)
		return err_set(err, ERR_EXISTS, "%s: %s", what, sqlite3_errmsg(db));
	switch (x & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
		return err_set(err, ERR_AGAIN, "%s: %s", what, sqlite3_errmsg(db));
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return err_set(err, ERR_INPUT, "%s: %s", what, sqlite3_errmsg(db));
	case SQLITE_NOMEM:
		return err_nomem(err);
	default:
		return err_set(err, ERR_BROKEN, "%s: %s", what, sqlite3_errmsg(db));
	}
}

static enum err_code
version(sqlite3 *db, int *out, struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK
	    || sqlite3_step(s) != SQLITE_ROW)
		rc = db_err(db, "read schema version", err);
	else
		*out = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return rc;
}

static enum err_code
step(sqlite3 *db, const char *sql, int to, struct err *err)
{
	char set[64];
	enum err_code rc = db_exec(db, "BEGIN IMMEDIATE", err);
	int now = 0;

	if (rc != ERR_OK)
		return rc;
	/* Another process may have done it while we waited for the lock. */
	rc = version(db, &now, err);
	snprintf(set, sizeof(set), "PRAGMA user_version = %d", to);
	if (rc == ERR_OK && now < to) {
		rc = db_exec(db, sql, err);
		if (rc == ERR_OK)
			rc = db_exec(db, set, err);
	}
	if (rc == ERR_OK)
		rc = db_exec(db, "COMMIT", err);
	if (rc != ERR_OK)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

enum err_code
db_migrate(sqlite3 *db, const char *const *schema, size_t n, struct err *err)
{
	int now = 0;
	enum err_code rc = version(db, &now, err);

	if (rc == ERR_OK && now > (int)n)
		return err_set(err, ERR_INPUT, "database has schema %d, this program knows up to %zu", now, n);
	for (int v = now; v < (int)n && rc == ERR_OK; v++) {
		rc = step(db, schema[v], v + 1, err);
		if (rc != ERR_OK)
			err_in(err, "schema %d", v + 1);
	}
	return rc;
}
