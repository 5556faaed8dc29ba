/* SQLite, opened the same way everywhere: numbered schema files, statements prepared once, one mapping
 * of its codes to ours. SQL text itself stays in the *_store.c and outbox.c files. */
#ifndef BASE_DB_H
#define BASE_DB_H

#include <sqlite3.h>

#include "base/err.h"

/* Prepare N statements (persistent). On failure all are NULL. */
enum err_code db_prepare(sqlite3 *db, const char *const *sql, sqlite3_stmt **stmts, size_t n,
	struct err *err) MUST_CHECK;
void db_finalize(sqlite3_stmt **stmts, size_t n);
/* Run statements that return no rows. */
enum err_code db_exec(sqlite3 *db, const char *sql, struct err *err) MUST_CHECK;
/* The database's last error in our codes: ERR_AGAIN busy, locked, full; ERR_EXISTS unique or primary
 * key; ERR_INPUT other constraints; ERR_NOMEM; ERR_BROKEN else. The message is "WHAT: sqlite's". */
enum err_code db_err(sqlite3 *db, const char *what, struct err *err);

/* Bring the schema up to date: SCHEMA[0] makes version 1 out of nothing, SCHEMA[i] makes i+1; each in
 * its own transaction, counted by PRAGMA user_version. ERR_INPUT for a database of a newer program. */
enum err_code db_migrate(sqlite3 *db, const char *const *schema, size_t n, struct err *err) MUST_CHECK;

#endif
