/* The schema `candour` in PostgreSQL: numbered files, each in its own transaction and counted in candour.version;
 * sharded by citus.sql where that extension is present; rights for candour_intake where this user may give them. */
#include "aggregator/pg.h"

#include <string.h>

#include "aggregator/embed.h"
#include "base/embed.h"
#include "base/log.h"

enum { SCHEMA_NOW = 2 };

/* For statements that reach every shard of every table. */
#define LONGER "SET LOCAL statement_timeout = '10min'; SET LOCAL lock_timeout = '60s'; "

static const char *const schema_files[SCHEMA_NOW] = { "sql/pg-1.sql", "sql/pg-2.sql" };

/* Statements without values, and one row of text back: COLS columns into OUT (borrowed from *RES). */
static enum err_code
ask(struct pg_store *st, const char *sql, const char *what, PGresult **res, struct err *err)
{
	enum err_code rc = ERR_OK;
	ExecStatusType got;

	*res = PQexec(st->conn, sql);
	got = PQresultStatus(*res);
	if (got != PGRES_TUPLES_OK && got != PGRES_COMMAND_OK) {
		rc = pg_error(st, *res, what, err);
		PQclear(*res);
		*res = NULL;
	}
	return rc;
}

static enum err_code
tell(struct pg_store *st, const char *sql, const char *what, struct err *err)
{
	PGresult *res;
	enum err_code rc = ask(st, sql, what, &res, err);

	PQclear(res);
	return rc;
}

/* SQL gives one row of one boolean. */
static enum err_code
holds(struct pg_store *st, const char *sql, bool *out, struct err *err)
{
	PGresult *res;
	enum err_code rc = ask(st, sql, "look at the database", &res, err);

	*out = rc == ERR_OK && PQntuples(res) == 1 && strcmp(PQgetvalue(res, 0, 0), "t") == 0;
	PQclear(res);
	return rc;
}

/* 0: there is no schema of ours. */
static enum err_code
version(struct pg_store *st, int *out, struct err *err)
{
	bool there, may;
	PGresult *res;
	enum err_code rc;

	*out = 0;
	rc = holds(st, "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
	    "WHERE n.nspname = 'candour' AND c.relname = 'version')", &there, err);
	if (rc != ERR_OK || !there)
		return rc;
	rc = holds(st, "SELECT has_schema_privilege('candour', 'USAGE') "
	    "AND has_table_privilege((SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
	    "WHERE n.nspname = 'candour' AND c.relname = 'version'), 'SELECT')", &may, err);
	if (rc == ERR_OK && !may)
		rc = err_set(err, ERR_DENIED, "PostgreSQL: this user may not use the schema candour: "
		    "GRANT candour_intake TO it");
	if (rc != ERR_OK)
		return rc;
	rc = ask(st, "SELECT max(n) FROM candour.version", "schema version", &res, err);
	if (rc == ERR_OK)
		for (const char *p = PQgetvalue(res, 0, 0); *p >= '0' && *p <= '9' && *out < 10000; p++)
			*out = *out * 10 + (*p - '0');
	PQclear(res);
	return rc;
}

static enum err_code
run_file(struct pg_store *st, const char *name, struct err *err)
{
	return tell(st, embed_find(embed_aggregator, name)->data, name, err);
}

/* Inside a transaction, one process at a time. */
static enum err_code
migrate(struct pg_store *st, struct err *err)
{
	int now = 0;
	bool there = false;
	enum err_code rc;

	rc = tell(st, LONGER "SELECT pg_advisory_xact_lock(720143, 1)", "lock the schema", err);
	if (rc == ERR_OK)
		rc = holds(st, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'candour')", &there, err);
	/* Where Citus is told to make of each new schema a tenant of its own, this one is none: its tables are sharded. */
	if (rc == ERR_OK && !there)
		rc = tell(st, "SELECT set_config(name, 'off', true) FROM pg_settings "
		    "WHERE name = 'citus.enable_schema_based_sharding'; CREATE SCHEMA candour", "make the schema candour", err);
	if (rc == ERR_OK)
		rc = version(st, &now, err);
	for (int v = now; rc == ERR_OK && v < SCHEMA_NOW; v++)
		rc = run_file(st, schema_files[v], err);
	return rc;
}

static enum err_code
shard(struct pg_store *st, struct err *err)
{
	bool present, sharded;
	enum err_code rc = holds(st, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')", &present, err);

	if (rc != ERR_OK || !present)
		return rc;
	rc = holds(st, "SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = 'candour.device'::regclass)",
	    &sharded, err);
	if (rc == ERR_OK && !sharded)
		rc = run_file(st, "sql/citus.sql", err);
	return rc;
}

/* Rights for candour_intake. Who may not make roles makes it beforehand, or connects as the owner. */
static enum err_code
give_rights(struct pg_store *st, struct err *err)
{
	bool may;
	enum err_code rc = holds(st, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'candour_intake') "
	    "OR EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole))", &may, err);

	if (rc != ERR_OK || !may)
		return rc;
	return run_file(st, "sql/pg-role.sql", err);
}

static enum err_code
make(struct pg_store *st, struct err *err)
{
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = migrate(st, err);
	if (rc == ERR_OK)
		rc = shard(st, err);
	return pg_end(st, rc, err);
}

/* After the schema and apart from it: a server that will not have the role (a Citus before 13.1 takes no rights on
 * single columns) serves the owner all the same, and says so. */
static enum err_code
grant(struct pg_store *st, struct err *err)
{
	struct err why;
	enum err_code rc = pg_begin(st, err);

	if (rc != ERR_OK)
		return rc;
	rc = tell(st, LONGER "SELECT pg_advisory_xact_lock(720143, 1)", "lock the schema", &why);
	if (rc == ERR_OK)
		rc = give_rights(st, &why);
	rc = pg_end(st, rc, &why);
	if (rc == ERR_OK || rc == ERR_AGAIN)
		return rc == ERR_OK ? rc : err_set(err, rc, "%s", why.msg);
	err_in(&why, "role candour_intake has not its rights; use the schema's owner");
	log_err("store", "rights", &why);
	return ERR_OK;
}

/* Each worker must keep what it confirms, like the server itself (pg_connect). */
static enum err_code
judge_workers(struct pg_store *st, struct err *err)
{
	bool careless;
	enum err_code rc = holds(st, "SELECT EXISTS (SELECT FROM run_command_on_workers("
	    "$$SELECT current_setting('synchronous_commit') || ' ' || current_setting('fsync')$$) "
	    "WHERE success AND (result LIKE 'off %' OR result NOT LIKE '% on'))", &careless, err);

	if (rc == ERR_OK && careless)
		rc = err_set(err, ERR_INPUT, "Citus: synchronous_commit or fsync is off on a worker, so receipts would promise "
		    "what a crash undoes: set both to on there");
	return rc == ERR_AGAIN || rc == ERR_INPUT ? rc : ERR_OK;	/* who may not ask is not kept out */
}

enum err_code
pg_schema(struct pg_store *st, bool create, struct err *err)
{
	bool owner = true;
	int now = 0;
	enum err_code rc = version(st, &now, err);

	if (rc == ERR_OK && now > SCHEMA_NOW)
		return err_set(err, ERR_INPUT, "the database has schema %d, this program knows up to %d", now, SCHEMA_NOW);
	if (rc == ERR_OK && create && now > 0)
		rc = holds(st, "SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'candour'", &owner, err);
	/* Who runs as candour_intake finds the schema as it is. */
	if (rc == ERR_OK && create && owner) {
		rc = make(st, err);
		/* Lost at COMMIT: made or not, the next try finds out. */
		if (rc == ERR_BROKEN && st->conn == NULL)
			rc = ERR_AGAIN;
		if (rc == ERR_OK)
			rc = grant(st, err);
		if (rc == ERR_OK)
			rc = version(st, &now, err);
	}
	if (rc == ERR_OK && now == 0)
		rc = err_set(err, ERR_ABSENT, "this database has no schema candour; `candour centre init` makes it");
	if (rc == ERR_OK && now < SCHEMA_NOW)
		rc = err_set(err, ERR_INPUT, "the database has schema %d, this program needs %d; `candour centre init` "
		    "brings it up to date", now, SCHEMA_NOW);
	if (rc == ERR_OK)
		rc = holds(st, "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')", &st->ops.one_device, err);
	if (rc == ERR_OK && st->ops.one_device)
		rc = judge_workers(st, err);
	return rc;
}
