/* The connection to PostgreSQL: made, judged, made anew; statements prepared at their first use on it; errors.
 * What was lost at COMMIT is unknown, what was lost before it was not done. See pg.h. */
#include "aggregator/pg.h"

#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"

enum { ARGS_MAX = 12, AGAIN_MS = 1000, OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25, OID_BYTEAS = 1001, OID_INT8S = 1016 };

/* A lock that is not had in 10 s (an in-doubt transaction of another aggregator holds it) and a statement of
 * 30 s are given up: the device is told to come again. */
static const char session[] =
	"SET statement_timeout = '30s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; "
	"SET client_min_messages = warning; SET search_path = candour, pg_catalog; "
	"SELECT current_setting('synchronous_commit'), current_setting('fsync')";

struct args {
	int n;
	Oid types[ARGS_MAX];
	const char *values[ARGS_MAX];
	int lengths[ARGS_MAX];
	int formats[ARGS_MAX];
	uint8_t ints[ARGS_MAX][8];
};

static void
quiet(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

/* libpq ends its messages with a newline and may use several lines. */
static const char *
first_line(const char *text, char line[256])
{
	size_t n = strcspn(text, "\n");

	if (n > 255)
		n = 255;
	memcpy(line, text, n);
	line[n] = '\0';
	return n > 0 ? line : "no reason given";
}

/* --- connection -------------------------------------------------------------------------------- */

static enum err_code
judge_server(struct pg_store *st, struct err *err)
{
	PGresult *res = PQexec(st->conn, session);
	enum err_code rc = ERR_OK;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		rc = pg_error(st, res, "set the session up", err);
	else if (strcmp(PQgetvalue(res, 0, 0), "off") == 0)
		rc = err_set(err, ERR_INPUT, "PostgreSQL: synchronous_commit is off, so receipts would promise what a "
		    "crash undoes: ALTER ROLE or ALTER DATABASE .. SET synchronous_commit = on");
	else if (strcmp(PQgetvalue(res, 0, 1), "on") != 0)
		rc = err_set(err, ERR_INPUT, "PostgreSQL: fsync is off, so receipts would promise what a power cut "
		    "undoes: set fsync = on in postgresql.conf");
	PQclear(res);
	return rc;
}

enum err_code
pg_connect(struct pg_store *st, struct err *err)
{
	/* Before dbname: defaults that the URL may override. After it: what it may not. */
	const char *const keys[] = { "connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count",
	    "tcp_user_timeout", "fallback_application_name", "dbname", "client_encoding", NULL };
	const char *const values[] = { "10", "10", "5", "3", "30000", "candour", st->url, "UTF8", NULL };
	enum err_code rc;
	char line[256];

	/* A group of batches asks once for all, or an unreachable host would cost each of them the time-out. */
	if (st->failed_ms != 0 && clock_boot_ms(&clock_system) - st->failed_ms < AGAIN_MS)
		return err_set(err, ERR_AGAIN, "PostgreSQL: not reachable a moment ago");
	st->failed_ms = 0;
	PQfinish(st->conn);
	memset(st->prepared, 0, sizeof(st->prepared));
	st->in_tx = false;
	st->n_queue = 0;
	st->conn = PQconnectdbParams(keys, values, 1);
	if (st->conn == NULL)
		return err_nomem(err);
	PQsetNoticeProcessor(st->conn, quiet, NULL);
	if (PQstatus(st->conn) != CONNECTION_OK) {
		st->failed_ms = clock_boot_ms(&clock_system);
		return err_set(err, ERR_AGAIN, "PostgreSQL: %s", first_line(PQerrorMessage(st->conn), line));
	}
	rc = judge_server(st, err);
	if (rc != ERR_OK) {
		PQfinish(st->conn);
		st->conn = NULL;
	}
	return rc;
}

static bool
is_lost(const struct pg_store *st)
{
	return st->conn == NULL || PQstatus(st->conn) != CONNECTION_OK;
}

/* --- errors ------------------------------------------------------------------------------------ */

static enum err_code
code_of(const char *state)
{
	static const struct { const char *prefix; enum err_code code; } table[] = {
		{ "23505", ERR_AGAIN }, { "40", ERR_AGAIN }, { "55P03", ERR_AGAIN }, { "55006", ERR_AGAIN },
		{ "57", ERR_AGAIN }, { "53", ERR_AGAIN }, { "08", ERR_AGAIN }, { "25P03", ERR_AGAIN },
		{ "25006", ERR_AGAIN },	/* read-only: a standby that is not yet, or no longer, the primary */
		{ "23", ERR_INPUT }, { "22", ERR_INPUT }, { "54", ERR_INPUT },
		{ "42501", ERR_DENIED }, { "28", ERR_DENIED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strncmp(state, table[i].prefix, strlen(table[i].prefix)) == 0)
			return table[i].code;
	return ERR_BROKEN;
}

enum err_code
pg_error(struct pg_store *st, const PGresult *res, const char *what, struct err *err)
{
	const char *state = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = res == NULL ? NULL : PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	char line[256];

	/* The primary message holds no values; the detail would. */
	if (state != NULL && text != NULL)
		return err_set(err, code_of(state), "%s: %s (%s)", what, first_line(text, line), state);
	return err_set(err, is_lost(st) ? ERR_AGAIN : ERR_BROKEN, "%s: %s", what,
	    first_line(st->conn == NULL ? "no connection" : PQerrorMessage(st->conn), line));
}

/* --- statements -------------------------------------------------------------------------------- */

static enum err_code
take(struct args *a, const char *fmt, va_list ap, struct err *err)
{
	enum err_code rc = ERR_OK;

	a->n = 0;
	for (const char *f = fmt; *f != '\0' && a->n < ARGS_MAX; f++, a->n++) {
		int i = a->n;

		a->formats[i] = 1;
		switch (*f) {
		case 'b':
			a->types[i] = OID_BYTEA;
			a->values[i] = va_arg(ap, const char *);
			a->lengths[i] = va_arg(ap, int);
			break;
		case 'i':
			a->types[i] = OID_INT8;
			put_be64(a->ints[i], (uint64_t)va_arg(ap, int64_t));
			a->values[i] = (const char *)a->ints[i];
			a->lengths[i] = 8;
			break;
		case 't':
			a->types[i] = OID_TEXT;
			a->values[i] = va_arg(ap, const char *);
			a->lengths[i] = (int)(a->values[i] == NULL ? 0 : strlen(a->values[i]));
			break;
		default: {
			const struct pg_array *x = va_arg(ap, const struct pg_array *);

			a->types[i] = *f == 'I' ? OID_INT8S : OID_BYTEAS;
			a->values[i] = (const char *)x->b.data;
			a->lengths[i] = (int)x->b.len;
			if (rc == ERR_OK)
				rc = buf_check(&x->b, err);
		}
		}
	}
	return rc;
}

static const char *
text_of(enum pq n)
{
	return pg_store_sql[n] != NULL ? pg_store_sql[n] : pg_retain_sql[n] != NULL ? pg_retain_sql[n] : pg_registry_sql[n];
}

static enum err_code
run_once(struct pg_store *st, enum pq n, const struct args *a, const char *what, PGresult **out, struct err *err)
{
	enum err_code rc = ERR_OK;
	ExecStatusType got;
	PGresult *res;
	char name[16];

	snprintf(name, sizeof(name), "c%d", (int)n);
	if (st->conn == NULL)
		return err_set(err, ERR_AGAIN, "%s: no connection", what);
	if (!st->prepared[n]) {
		res = PQprepare(st->conn, name, text_of(n), a->n, a->types);
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			rc = pg_error(st, res, what, err);
		PQclear(res);
		if (rc != ERR_OK)
			return rc;
		st->prepared[n] = true;
	}
	res = PQexecPrepared(st->conn, name, a->n, a->values, a->lengths, a->formats, 1);
	got = PQresultStatus(res);
	if (got != PGRES_TUPLES_OK && got != PGRES_COMMAND_OK) {
		rc = pg_error(st, res, what, err);
		PQclear(res);
		return rc;
	}
	*out = res;
	return ERR_OK;
}

/* --- the queue: statements sent together (libpq's pipeline mode) ------------------------------- */

static size_t
written(PGresult *res)
{
	size_t n = 0;

	for (const char *p = PQcmdTuples(res); *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (size_t)(*p - '0');
	return n;
}

/* One queued statement's answer. */
static enum err_code
answer(struct pg_store *st, const struct pg_queued *q, PGresult *res, struct err *err)
{
	switch (PQresultStatus(res)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		if (q->prepares)
			st->prepared[q->n] = true;
		else if (q->expect >= 0 && written(res) != (size_t)q->expect)
			return err_set(err, ERR_AGAIN, "%s: another writer was there", q->what);
		return ERR_OK;
	case PGRES_PIPELINE_ABORTED:
		return err_set(err, ERR_AGAIN, "%s: given up after an error before it", q->what);
	default:
		return pg_error(st, res, q->what, err);
	}
}

/* Wait for all that is queued. The first error counts; *LAST (may be NULL) is the last one's result. */
static enum err_code
drain(struct pg_store *st, PGresult **last, struct err *err)
{
	bool whole = st->conn != NULL && PQpipelineSync(st->conn) == 1;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; whole && i < st->n_queue; i++) {
		PGresult *res = PQgetResult(st->conn), *more;
		struct err why = { 0 };
		enum err_code one;

		whole = res != NULL;
		if (!whole)
			break;
		one = answer(st, &st->queue[i], res, &why);
		if (rc == ERR_OK && one != ERR_OK)
			rc = err_set(err, one, "%s", why.msg);
		if (last != NULL && i + 1 == st->n_queue && rc == ERR_OK)
			*last = res;
		else
			PQclear(res);
		while ((more = PQgetResult(st->conn)) != NULL)
			PQclear(more);
	}
	if (whole) {
		PGresult *sync = PQgetResult(st->conn);

		whole = PQresultStatus(sync) == PGRES_PIPELINE_SYNC;
		PQclear(sync);
	}
	if (rc == ERR_OK && !whole)
		rc = pg_error(st, NULL, "connection", err);
	st->n_queue = 0;
	if (!whole || PQexitPipelineMode(st->conn) != 1) {
		PQfinish(st->conn);
		st->conn = NULL;
		if (rc == ERR_BROKEN)
			rc = ERR_AGAIN;	/* before COMMIT: nothing was done */
	}
	if (rc != ERR_OK && last != NULL && *last != NULL) {
		PQclear(*last);
		*last = NULL;
	}
	return rc;
}

static bool
is_queued(const struct pg_store *st, enum pq n)
{
	for (size_t i = 0; i < st->n_queue; i++)
		if (st->queue[i].prepares && st->queue[i].n == n)
			return true;
	return false;
}

static enum err_code
enqueue(struct pg_store *st, enum pq n, const struct args *a, const char *what, int64_t expect, struct err *err)
{
	enum err_code rc = ERR_OK;
	char name[16];
	int ok = 1;

	if (st->n_queue + 2 > PG_QUEUE)
		rc = drain(st, NULL, err);
	if (rc != ERR_OK)
		return rc;
	if (is_lost(st))
		return err_set(err, ERR_AGAIN, "%s: no connection", what);
	snprintf(name, sizeof(name), "c%d", (int)n);
	if (st->n_queue == 0)
		ok = PQenterPipelineMode(st->conn);
	if (ok == 1 && !st->prepared[n] && !is_queued(st, n)) {
		ok = PQsendPrepare(st->conn, name, text_of(n), a->n, a->types);
		if (ok == 1)
			st->queue[st->n_queue++] = (struct pg_queued){ n, what, true, -1 };
	}
	if (ok == 1)
		ok = PQsendQueryPrepared(st->conn, name, a->n, a->values, a->lengths, a->formats, 1);
	if (ok == 1)
		st->queue[st->n_queue++] = (struct pg_queued){ n, what, false, expect };
	else
		rc = pg_error(st, NULL, what, err);
	return rc;
}

static enum err_code
run_queued(struct pg_store *st, enum pq n, const struct args *a, const char *what, PGresult **out, struct err *err)
{
	enum err_code rc = enqueue(st, n, a, what, -1, err);

	return rc == ERR_OK ? drain(st, out, err) : rc;
}

static enum err_code
run_args(struct pg_store *st, enum pq n, const char *what, PGresult **out, struct err *err, const char *fmt,
    va_list ap)
{
	bool free_to_repeat = !st->in_tx;
	PGresult *res = NULL;
	struct args a;
	enum err_code rc = take(&a, fmt, ap, err);

	if (rc != ERR_OK)
		return rc;
	rc = st->n_queue > 0 ? run_queued(st, n, &a, what, &res, err) : run_once(st, n, &a, what, &res, err);
	if (rc != ERR_OK && free_to_repeat && is_lost(st)) {
		rc = pg_connect(st, err);
		if (rc == ERR_OK)
			rc = run_once(st, n, &a, what, &res, err);
	}
	if (rc == ERR_OK && out != NULL)
		*out = res;
	else
		PQclear(res);
	return rc;
}

enum err_code
pg_run(struct pg_store *st, enum pq n, const char *what, PGresult **out, struct err *err, const char *fmt, ...)
{
	enum err_code rc;
	va_list ap;

	*out = NULL;
	va_start(ap, fmt);
	rc = run_args(st, n, what, out, err, fmt, ap);
	va_end(ap);
	return rc;
}

enum err_code
pg_done(struct pg_store *st, enum pq n, const char *what, size_t *changed, struct err *err, const char *fmt, ...)
{
	PGresult *res = NULL;
	enum err_code rc;
	va_list ap;

	va_start(ap, fmt);
	rc = run_args(st, n, what, &res, err, fmt, ap);
	va_end(ap);
	if (changed != NULL)
		*changed = rc == ERR_OK ? written(res) : 0;
	PQclear(res);
	return rc;
}

enum err_code
pg_later(struct pg_store *st, enum pq n, const char *what, int64_t expect, struct err *err, const char *fmt, ...)
{
	bool alone = !st->in_tx;
	enum err_code rc;
	struct args a;
	va_list ap;

	va_start(ap, fmt);
	rc = take(&a, fmt, ap, err);
	va_end(ap);
	if (rc == ERR_OK && alone)
		rc = pg_begin(st, err);
	if (rc != ERR_OK)
		return rc;
	rc = enqueue(st, n, &a, what, expect, err);
	return alone ? pg_end(st, rc, err) : rc;
}

/* --- transactions ------------------------------------------------------------------------------ */

enum err_code
pg_begin(struct pg_store *st, struct err *err)
{
	enum err_code rc;

	if (st->in_tx)
		return err_set(err, ERR_BROKEN, "begin: a transaction is open");
	rc = pg_done(st, PQ_BEGIN, "begin", NULL, err, "");
	st->in_tx = rc == ERR_OK;
	return rc;
}

enum err_code
pg_end(struct pg_store *st, enum err_code rc, struct err *err)
{
	PGresult *res = NULL;
	struct err why;

	if (!st->in_tx)
		return rc != ERR_OK ? rc : err_set(err, ERR_AGAIN, "commit: the transaction was lost");
	if (st->n_queue > 0) {
		enum err_code queued = drain(st, NULL, &why);

		if (rc == ERR_OK && queued != ERR_OK)
			rc = err_set(err, queued, "%s", why.msg);
	}
	if (rc == ERR_OK) {
		rc = pg_run(st, PQ_COMMIT, "commit", &res, &why, "");
		/* COMMIT of a transaction that had failed is answered ROLLBACK, as a success. */
		if (rc == ERR_OK && strcmp(PQcmdStatus(res), "COMMIT") != 0)
			rc = err_set(err, ERR_AGAIN, "commit: the transaction had failed");
		else if (rc != ERR_OK)
			rc = err_set(err, ERR_BROKEN, "outcome unknown: %s", why.msg);
		PQclear(res);
		st->in_tx = false;
		/* What is left of the session is not to be trusted with the next transaction. */
		if (rc == ERR_BROKEN) {
			PQfinish(st->conn);
			st->conn = NULL;
		}
		return rc;
	}
	if (!is_lost(st) && pg_done(st, PQ_ROLLBACK, "rollback", NULL, &why, "") != ERR_OK) {
		PQfinish(st->conn);	/* the server rolls back what has no session */
		st->conn = NULL;
	}
	st->in_tx = false;
	return rc;
}

/* --- results ----------------------------------------------------------------------------------- */

void
pg_bytes(const PGresult *res, int row, int col, void *out, size_t len)
{
	memset(out, 0, len);
	if (PQgetisnull(res, row, col) == 0 && PQgetlength(res, row, col) == (int)len)
		memcpy(out, PQgetvalue(res, row, col), len);
}

int64_t
pg_int(const PGresult *res, int row, int col)
{
	const uint8_t *p = (const uint8_t *)PQgetvalue(res, row, col);

	switch (PQgetlength(res, row, col)) {
	case 1:
		return p[0];
	case 2:
		return (int16_t)be16(p);
	case 4:
		return (int32_t)be32(p);
	case 8:
		return (int64_t)be64(p);
	default:
		return 0;
	}
}

void
pg_text(const PGresult *res, int row, int col, char *out, size_t room)
{
	size_t n = (size_t)PQgetlength(res, row, col);

	if (n >= room)
		n = room - 1;
	memcpy(out, PQgetvalue(res, row, col), n);
	out[n] = '\0';
}

const uint8_t *
pg_blob(const PGresult *res, int row, int col, size_t *len)
{
	*len = (size_t)PQgetlength(res, row, col);
	return PQgetisnull(res, row, col) != 0 ? NULL : (const uint8_t *)PQgetvalue(res, row, col);
}

/* --- arrays ------------------------------------------------------------------------------------ */

enum { ARRAY_MAX = 64 << 20, ARRAY_HEAD = 20 };

void
pg_array_init(struct pg_array *a, bool of_bigint)
{
	a->n = 0;
	buf_init(&a->b, ARRAY_MAX);
	buf_u32(&a->b, 1);	/* dimensions */
	buf_u32(&a->b, 1);	/* may hold NULL */
	buf_u32(&a->b, of_bigint ? OID_INT8 : OID_BYTEA);
	buf_u32(&a->b, 0);	/* elements: kept up to date */
	buf_u32(&a->b, 1);	/* lower bound */
}

static void
count(struct pg_array *a)
{
	a->n++;
	if (a->b.failed == ERR_OK && a->b.len >= ARRAY_HEAD)
		put_be32(a->b.data + 12, a->n);
}

void
pg_array_bytes(struct pg_array *a, const void *bytes, size_t len)
{
	buf_u32(&a->b, bytes == NULL ? UINT32_MAX : (uint32_t)len);
	if (bytes != NULL)
		buf_put(&a->b, bytes, len);
	count(a);
}

void
pg_array_int(struct pg_array *a, int64_t v)
{
	buf_u32(&a->b, 8);
	buf_u64(&a->b, (uint64_t)v);
	count(a);
}

void
pg_array_clear(struct pg_array *a)
{
	buf_free(&a->b);
	a->n = 0;
}
