/* The central store in PostgreSQL: what was pulled, and bodies at the end of their time. See store.h, retention.h.
 * A span is erased under the locks of the device and of the owners of its records, like intake, so that a body that
 * comes and its release cannot pass each other. */
#include "aggregator/pg.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN "device = $1 AND lane = $2 AND epoch = $3"

const char *const pg_retain_sql[PQ_N] = {
	[PQ_PULL_HAS] = "SELECT 1 FROM pull WHERE " CHAIN " AND seq >= $4 LIMIT 1",
	[PQ_PULL_PUT] = "INSERT INTO pull (device, lane, epoch, day, seq) VALUES ($1, $2, $3, $4, $5) "
	    "ON CONFLICT (device, lane, epoch, day) DO UPDATE SET seq = greatest(pull.seq, excluded.seq)",
	[PQ_PULL_OLD] = "DELETE FROM pull WHERE " CHAIN " AND day < $4",
	[PQ_PULL_DONE] = "DELETE FROM pull WHERE " CHAIN " AND seq <= $4 AND day < (SELECT max(day) FROM pull WHERE " CHAIN ")",
	/* Two statements, put together here: an outer join whose inner side is aggregated, or a HAVING over two tables, is
	 * what Citus gets wrong (its issues 7787, a crash, and 2558, 8823). */
	[PQ_DUE] = "SELECT device, epoch, max(seq) FROM pull WHERE lane = $1 AND day <= $2 AND (device, epoch) > ($3, $4) "
	    "GROUP BY device, epoch ORDER BY device, epoch LIMIT $5",
	[PQ_DUE_GONE] = "SELECT device, epoch, seq FROM erased WHERE lane = $1 AND (device, epoch) > ($2, $3) "
	    "AND (device, epoch) <= ($4, $5) ORDER BY device, epoch",
	[PQ_CAME_LATER] = "SELECT b FROM receipt WHERE " CHAIN " AND b > $4 AND log_day > $5 ORDER BY b LIMIT 1",
	[PQ_CAME_BY] = "SELECT coalesce(max(b), $4) FROM receipt WHERE " CHAIN " AND b > $4 AND b < $5",
	[PQ_SPAN] = "SELECT owner, record_id, leaf FROM entry WHERE " CHAIN " AND seq > $4 AND seq <= $5 ORDER BY seq",
	[PQ_RELEASE_PUT] = "INSERT INTO release (device, id, why, at) SELECT r.device, r.id, $4, $5 FROM record r "
	    "JOIN body b ON b.device = r.device AND b.id = r.id WHERE r.device = $1 AND r.id = ANY ($2) AND r.leaf = ANY ($3) "
	    "AND r.kind = 0 ON CONFLICT (device, id) DO NOTHING",
	[PQ_RELEASED_BODY] = "UPDATE body SET gone = 'released' WHERE device = $1 AND gone IS NULL AND id IN "
	    "(SELECT id FROM release WHERE device = $1 AND id = ANY ($2))",
	[PQ_RELEASED_WRAP] = "UPDATE wrap SET gone = 'released' WHERE device = $1 AND gone IS NULL AND id IN "
	    "(SELECT id FROM release WHERE device = $1 AND id = ANY ($2))",
	[PQ_GONE_BODY] = "DELETE FROM body WHERE device = $1 AND gone IS NOT NULL AND id = ANY ($2)",
	[PQ_GONE_WRAP] = "DELETE FROM wrap WHERE device = $1 AND gone IS NOT NULL AND id = ANY ($2)",
	[PQ_ERASED_PUT] = "INSERT INTO erased (device, lane, epoch, seq, n, day) VALUES ($1, $2, $3, $4, $5, $6) "
	    "ON CONFLICT (device, lane, epoch) DO UPDATE SET seq = greatest(erased.seq, excluded.seq), "
	    "n = erased.n + excluded.n, day = CASE WHEN excluded.n > 0 THEN excluded.day ELSE erased.day END",
	[PQ_CHAINS_PULLED] = "SELECT count(*) FROM (SELECT device, epoch FROM pull WHERE lane = $1 GROUP BY device, epoch) p",
	[PQ_ERASED] = "SELECT coalesce(sum(n), 0)::bigint, coalesce(max(CASE WHEN n > 0 THEN day ELSE 0 END), 0) FROM erased "
	    "WHERE lane = $1",
};

static struct pg_store *
of(struct store *base)
{
	return (struct pg_store *)(void *)base;
}

static enum err_code
pull_put(struct pg_store *st, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t seq, uint32_t day,
    struct err *err)
{
	struct store_head h;
	enum err_code rc = st->ops.head(&st->base, device, lane, epoch, &h, err);

	if (rc == ERR_OK && (!h.known || h.hw < seq))
		rc = err_set(err, ERR_INPUT, "pull: the chain does not reach %llu", (unsigned long long)seq);
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_PULL_PUT, "pull", NULL, err, "bibii", device, 16, (int64_t)lane, epoch, 16, (int64_t)day,
		    (int64_t)seq);
	/* Answers wait for nothing after they were pulled: which day it was says nothing more. */
	if (rc == ERR_OK && lane == 0)
		rc = pg_done(st, PQ_PULL_OLD, "pull", NULL, err, "bibi", device, 16, (int64_t)lane, epoch, 16, (int64_t)day);
	return rc;
}

static enum err_code
pulled(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t seq, uint32_t day,
    struct err *err)
{
	struct pg_store *st = of(base);
	PGresult *res;
	enum err_code rc = pg_run(st, PQ_PULL_HAS, "pull", &res, err, "bibi", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)seq);
	bool has = rc == ERR_OK && PQntuples(res) > 0;

	PQclear(res);
	if (rc != ERR_OK || has)
		return rc;
	rc = pg_begin(st, err);
	if (rc == ERR_OK)
		rc = pg_end(st, pull_put(st, device, lane, epoch, seq, day, err), err);
	return rc;
}

/* Columns 0 and 1 of both are a chain's device and epoch. */
static int
order(const PGresult *x, int i, const PGresult *y, int j)
{
	int o = memcmp(PQgetvalue(x, i, 0), PQgetvalue(y, j, 0), 16);

	return o != 0 ? o : memcmp(PQgetvalue(x, i, 1), PQgetvalue(y, j, 1), 16);
}

/* The chains of PULLED that are not erased as far as in GONE, both in the same order, as long as *LEFT of them. */
static enum err_code
due_of(const PGresult *pulled, const PGresult *gone, size_t *left, store_due_fn *fn, void *arg, struct err *err)
{
	enum err_code rc = ERR_OK;
	int j = 0;

	for (int i = 0; rc == ERR_OK && i < PQntuples(pulled) && *left > 0; i++) {
		struct store_due d = { .pulled = (uint64_t)pg_int(pulled, i, 2) };

		while (j < PQntuples(gone) && order(gone, j, pulled, i) < 0)
			j++;
		if (j < PQntuples(gone) && order(gone, j, pulled, i) == 0)
			d.erased = (uint64_t)pg_int(gone, j, 2);
		if (d.pulled <= d.erased)
			continue;
		pg_bytes(pulled, i, 0, d.device, 16);
		pg_bytes(pulled, i, 1, d.epoch, 16);
		rc = fn(arg, &d, err);
		(*left)--;
	}
	return rc;
}

static enum err_code
due(struct store *base, int lane, uint32_t day, const uint8_t device[16], const uint8_t epoch[16], size_t max,
    store_due_fn *fn, void *arg, struct err *err)
{
	enum { PAGE = 1000 };
	uint8_t from[2][16], to[2][16];
	enum err_code rc = ERR_OK;
	int n = PAGE;

	memcpy(from[0], device, 16);
	memcpy(from[1], epoch, 16);
	while (rc == ERR_OK && n == PAGE && max > 0) {
		PGresult *pulled, *gone = NULL;

		rc = pg_run(of(base), PQ_DUE, "due", &pulled, err, "iibbi", (int64_t)lane, (int64_t)day, from[0], 16, from[1], 16,
		    (int64_t)PAGE);
		n = rc == ERR_OK ? PQntuples(pulled) : 0;
		if (n > 0) {
			pg_bytes(pulled, n - 1, 0, to[0], 16);
			pg_bytes(pulled, n - 1, 1, to[1], 16);
			rc = pg_run(of(base), PQ_DUE_GONE, "due", &gone, err, "ibbbb", (int64_t)lane, from[0], 16, from[1], 16, to[0],
			    16, to[1], 16);
			if (rc == ERR_OK)
				rc = due_of(pulled, gone, &max, fn, arg, err);
			memcpy(from, to, sizeof(from));
		}
		PQclear(pulled);
		PQclear(gone);
	}
	return rc;
}

static enum err_code
came_by(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after, uint32_t day,
    uint64_t *seq, struct err *err)
{
	struct pg_store *st = of(base);
	int64_t later = INT64_MAX;
	PGresult *res;
	enum err_code rc = pg_run(st, PQ_CAME_LATER, "receipts", &res, err, "bibii", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)after, (int64_t)day);

	if (rc == ERR_OK && PQntuples(res) > 0)
		later = pg_int(res, 0, 0);
	PQclear(res);
	if (rc != ERR_OK)
		return rc;
	rc = pg_run(st, PQ_CAME_BY, "receipts", &res, err, "bibii", device, 16, (int64_t)lane, epoch, 16, (int64_t)after,
	    later);
	if (rc == ERR_OK)
		*seq = (uint64_t)pg_int(res, 0, 0);
	PQclear(res);
	return rc;
}

/* --- erasing ------------------------------------------------------------------------------------- */

/* Those entries of SPAN whose record belongs to OWNER. */
static enum err_code
erase_of(struct pg_store *st, const PGresult *span, const uint8_t device[16], const uint8_t owner[16], const char *why,
    int64_t now, uint64_t *n, struct err *err)
{
	static const enum pq steps[] = { PQ_RELEASED_BODY, PQ_RELEASED_WRAP, PQ_GONE_WRAP, PQ_GONE_BODY };
	struct pg_array ids, leaves;
	size_t changed = 0;
	enum err_code rc;

	pg_array_init(&ids, false);
	pg_array_init(&leaves, false);
	for (int i = 0; i < PQntuples(span); i++) {
		size_t len;
		const uint8_t *whose = PQgetisnull(span, i, 0) ? device : pg_blob(span, i, 0, &len), *id, *leaf;

		if (memcmp(whose, owner, 16) != 0)
			continue;
		id = pg_blob(span, i, 1, &len);
		pg_array_bytes(&ids, id, 16);
		leaf = pg_blob(span, i, 2, &len);
		pg_array_bytes(&leaves, leaf, 32);
	}
	rc = pg_done(st, PQ_RELEASE_PUT, "release", NULL, err, "bAAti", owner, 16, &ids, &leaves, why, now);
	for (size_t i = 0; rc == ERR_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = pg_done(st, steps[i], "erase", &changed, err, "bA", owner, 16, &ids);
	if (rc == ERR_OK)
		*n += changed;	/* of the last step */
	pg_array_clear(&ids);
	pg_array_clear(&leaves);
	return rc;
}

/* The device first and then its predecessors, as intake locks them. */
static enum err_code
erase_owners(struct pg_store *st, const PGresult *span, const uint8_t device[16], const char *why, int64_t now,
    uint64_t *n, struct err *err)
{
	size_t rows = (size_t)PQntuples(span), k = 0, len;
	uint8_t (*owners)[16] = malloc((rows + 1) * sizeof(*owners));
	enum err_code rc = ERR_OK;

	if (owners == NULL)
		return err_nomem(err);
	memcpy(owners[k++], device, 16);
	for (size_t i = 0; i < rows; i++) {
		const uint8_t *owner = PQgetisnull(span, (int)i, 0) ? device : pg_blob(span, (int)i, 0, &len);
		size_t at = 0;

		while (at < k && memcmp(owners[at], owner, 16) != 0)
			at++;
		if (at == k)
			memcpy(owners[k++], owner, 16);
	}
	for (size_t i = 0; i < k && rc == ERR_OK; i++)
		rc = pg_done(st, PQ_DEVICE_LOCK, "device", NULL, err, "b", owners[i], 16);
	for (size_t i = 0; i < k && rc == ERR_OK; i++)
		rc = erase_of(st, span, device, owners[i], why, now, n, err);
	free(owners);
	return rc;
}

static enum err_code
erase_span(struct pg_store *st, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after,
    uint64_t last, const char *why, int64_t now, uint64_t *n, struct err *err)
{
	PGresult *span;
	enum err_code rc = pg_run(st, PQ_SPAN, "entries", &span, err, "bibii", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)after, (int64_t)last);

	if (rc == ERR_OK)
		rc = erase_owners(st, span, device, why, now, n, err);
	PQclear(span);
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_ERASED_PUT, "erased", NULL, err, "bibiii", device, 16, (int64_t)lane, epoch, 16,
		    (int64_t)last, (int64_t)*n, now / 86400);
	if (rc == ERR_OK)
		rc = pg_done(st, PQ_PULL_DONE, "pull", NULL, err, "bibi", device, 16, (int64_t)lane, epoch, 16, (int64_t)last);
	return rc;
}

static enum err_code
erase(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after, uint64_t last,
    const char *why, int64_t now, uint64_t *n, struct err *err)
{
	struct pg_store *st = of(base);
	enum err_code rc = pg_begin(st, err);

	*n = 0;
	if (rc == ERR_OK)
		rc = pg_end(st, erase_span(st, device, lane, epoch, after, last, why, now, n, err), err);
	if (rc != ERR_OK)
		*n = 0;
	return rc;
}

static enum err_code
retention(struct store *base, struct store_retention *out, struct err *err)
{
	struct pg_store *st = of(base);
	enum err_code rc = ERR_OK;

	memset(out, 0, sizeof(*out));
	for (int lane = 0; lane < 2 && rc == ERR_OK; lane++) {
		PGresult *res;
		uint32_t day;

		rc = pg_run(st, PQ_CHAINS_PULLED, "retention", &res, err, "i", (int64_t)lane);
		if (rc == ERR_OK)
			out->chains_pulled[lane] = (uint64_t)pg_int(res, 0, 0);
		PQclear(res);
		if (rc != ERR_OK)
			break;
		rc = pg_run(st, PQ_ERASED, "retention", &res, err, "i", (int64_t)lane);
		if (rc == ERR_OK) {
			out->erased[lane] = (uint64_t)pg_int(res, 0, 0);
			day = (uint32_t)pg_int(res, 0, 1);
			out->erased_day = day > out->erased_day ? day : out->erased_day;
		}
		PQclear(res);
	}
	return rc;
}

void
pg_retain_ops(struct store_ops *ops)
{
	ops->pulled = pulled;
	ops->due = due;
	ops->came_by = came_by;
	ops->erase = erase;
	ops->retention = retention;
}
