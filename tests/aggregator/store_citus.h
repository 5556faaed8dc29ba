/* The Citus that CANDOUR_TEST_CITUS names: is it one that the store's suite can run on? Each thing that is missing is
 * said with what mends it. The suite drops the schema `candour` before each test: one that holds anything but a test's
 * data is refused. One run at a time has the database (an advisory lock, which ends with the run however that ends);
 * what a killed run left is dropped by the next. Nothing here asks for a superuser but making the extension, where it
 * is missing. */
#ifndef TESTS_AGGREGATOR_STORE_CITUS_H
#define TESTS_AGGREGATOR_STORE_CITUS_H

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CITUS_MAJOR_MIN = 11 };	/* the first that takes our triggers */

static PGconn *citus_conn;	/* holds the lock */
static bool citus_had_role;
static char citus_why[500];	/* of the last question that had no answer */

static inline void
citus_quiet(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

/* False, always: what to mend. */
static inline bool
citus_fail(const char *fmt, ...)
{
	va_list ap;

	printf("FAIL: CANDOUR_TEST_CITUS: ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return false;
}

/* The one value SQL gives, "" for NULL or none; NULL: it failed, citus_why. Good until the next. */
static inline const char *
citus_ask(const char *sql)
{
	static char value[1000];
	PGresult *r = PQexec(citus_conn, sql);
	ExecStatusType got = PQresultStatus(r);
	bool ok = got == PGRES_TUPLES_OK || got == PGRES_COMMAND_OK;

	if (!ok) {
		snprintf(citus_why, sizeof(citus_why), "%s", PQerrorMessage(citus_conn));
		citus_why[strcspn(citus_why, "\n")] = '\0';
	}
	snprintf(value, sizeof(value), "%s", ok && PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
	PQclear(r);
	return ok ? value : NULL;
}

static inline bool
citus_is(const char *sql, const char *want)
{
	const char *got = citus_ask(sql);

	return got != NULL && strcmp(got, want) == 0;
}

static inline bool
citus_connect(const char *url)
{
	const char *const keys[] = { "connect_timeout", "fallback_application_name", "dbname", NULL };
	const char *const values[] = { "15", "candour store suite", url, NULL };
	char why[300];

	citus_conn = PQconnectdbParams(keys, values, 1);
	PQsetNoticeProcessor(citus_conn, citus_quiet, NULL);
	if (PQstatus(citus_conn) == CONNECTION_OK) {
		PQclear(PQexec(citus_conn, "SET idle_session_timeout = 0"));	/* the lock is to last */
		return true;
	}
	snprintf(why, sizeof(why), "%s", PQerrorMessage(citus_conn));
	why[strcspn(why, "\n")] = '\0';
	return citus_fail("no connection: %s. It holds the address of the coordinator, "
	    "postgresql://USER:PASSWORD@HOST:PORT/DATABASE", why);
}

/* Two runs in one database would drop each other's schema. */
static inline bool
citus_lock(void)
{
	if (citus_is("SELECT pg_try_advisory_lock(720143, 2)", "t"))
		return true;
	printf("another run of this suite has the database of CANDOUR_TEST_CITUS: waiting for it, 20 minutes at most\n");
	fflush(stdout);
	if (citus_ask("SET statement_timeout = 0; SET lock_timeout = '20min'") != NULL
	    && citus_ask("SELECT pg_advisory_lock(720143, 2)") != NULL)
		return true;
	return citus_fail("another run of this suite has the database: name a database of its own (%s)", citus_why);
}

/* The suite's devices have addresses of documentation (RFC 5737), which no real one has. */
static inline bool
citus_is_ours_to_drop(void)
{
	static const char *const real[] = {
		"device WHERE address NOT LIKE '192.0.2.%'",
		"site WHERE name NOT IN ('meadow', 'zoe', 'Abbey', 'other')",
	};

	for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
		char sql[200];

		snprintf(sql, sizeof(sql), "SELECT to_regclass('candour.%.*s') IS NULL", (int)strcspn(real[i], " "), real[i]);
		if (citus_is(sql, "t"))
			continue;
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM candour.%s", real[i]);
		if (!citus_is(sql, "0"))
			return citus_fail("the schema candour of this database holds data that is no test's, and this suite drops "
			    "it: name a database of its own%s%s", citus_why[0] == '\0' ? "" : ": ", citus_why);
	}
	return true;
}

static inline bool
citus_loaded(void)
{
	if (citus_ask("CREATE EXTENSION IF NOT EXISTS citus") == NULL
	    && !citus_is("SELECT count(*) FROM pg_extension WHERE extname = 'citus'", "1"))
		return citus_fail("this database has no extension citus, and this user cannot make it (%s). On a server with Citus "
		    "installed and shared_preload_libraries = 'citus': CREATE EXTENSION citus, as a superuser", citus_why);
	if (citus_ask("SELECT citus_version()") == NULL)
		return citus_fail("the extension is there and does not work (%s): put citus first in shared_preload_libraries "
		    "and restart the server", citus_why);
	if (atoi(citus_ask("SELECT extversion FROM pg_extension WHERE extname = 'citus'")) < CITUS_MAJOR_MIN)
		return citus_fail("this is %s; Citus %d or later is needed", citus_ask("SELECT citus_version()"), CITUS_MAJOR_MIN);
	return true;
}

static inline bool
citus_fit(void)
{
	const char *down;

	if (!citus_is("SELECT groupid FROM pg_dist_local_group", "0"))
		return citus_fail("this is a worker: name the coordinator");
	if (!citus_is("SELECT has_database_privilege(current_database(), 'CREATE')", "t"))
		return citus_fail("this user may make no schema: GRANT CREATE ON DATABASE to it");
	down = citus_ask("SELECT string_agg(nodename || ':' || nodeport || ' (' || result || ')', ', ') "
	    "FROM run_command_on_workers('SELECT 1') WHERE NOT success");
	if (down != NULL && down[0] != '\0')
		return citus_fail("workers that do not answer: %s. Start them, or take them out with citus_remove_node", down);
	down = citus_ask("SELECT string_agg(nodename || ':' || nodeport, ', ') FROM run_command_on_workers("
	    "$$SELECT has_database_privilege(current_database(), 'CREATE')$$) WHERE result = 'f'");
	if (down != NULL && down[0] != '\0')
		return citus_fail("this user may make no schema on %s: GRANT CREATE ON DATABASE to it there too", down);
	return true;
}

/* Says what is missing. */
static inline bool
citus_start(const char *url)
{
	const char *nodes;

	if (!citus_connect(url) || !citus_lock() || !citus_is_ours_to_drop() || !citus_loaded() || !citus_fit()) {
		PQfinish(citus_conn);
		citus_conn = NULL;
		return false;
	}
	citus_had_role = citus_is("SELECT count(*) FROM pg_roles WHERE rolname = 'candour_intake'", "1");
	printf("Citus: %s", citus_ask("SELECT citus_version()"));
	nodes = citus_ask("SELECT count(*) FROM pg_dist_node WHERE noderole = 'primary'");
	printf(", %s nodes (0: it is its own)\n", nodes == NULL ? "?" : nodes);
	return true;
}

/* As it was, but for the extension. */
static inline void
citus_stop(void)
{
	if (citus_ask("SELECT 1") == NULL)
		PQreset(citus_conn);
	if (citus_ask("DROP SCHEMA IF EXISTS candour CASCADE") == NULL)
		fprintf(stderr, "the schema candour is left in the database of CANDOUR_TEST_CITUS: %s\n", citus_why);
	if (!citus_had_role && citus_ask("DROP ROLE IF EXISTS candour_intake") == NULL)
		fprintf(stderr, "the role candour_intake is left at the server of CANDOUR_TEST_CITUS: %s\n", citus_why);
	PQfinish(citus_conn);
	citus_conn = NULL;
}

#endif
