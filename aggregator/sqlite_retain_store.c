/* The central store in SQLite: what was pulled, and bodies at the end of their time. See store.h, retention.h. */
#include "aggregator/sqlite.h"

#include <string.h>

static struct sqlite_store *
of(struct store *base)
{
	return (struct sqlite_store *)(void *)base;
}

enum err_code
sqlite_pulled(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t seq,
    uint32_t day, struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = sq_row(st, sq_bind(st, SQ_PULL_HAS, "bibi", device, 16, (int64_t)lane, epoch, 16, (int64_t)seq),
	    "pull", err);

	sqlite3_reset(st->stmt[SQ_PULL_HAS]);
	if (rc != ERR_ABSENT)
		return rc;
	rc = sq_begin(st, err);
	if (rc != ERR_OK)
		return rc;
	rc = sq_done(st, sq_bind(st, SQ_PULL_PUT, "bibii", device, 16, (int64_t)lane, epoch, 16, (int64_t)day,
	    (int64_t)seq), "pull", err);
	if (rc == ERR_OK && sqlite3_changes(st->db) == 0)
		rc = err_set(err, ERR_INPUT, "pull: the chain does not reach %llu", (unsigned long long)seq);
	/* Answers wait for nothing after they were pulled: which day it was says nothing more. */
	if (rc == ERR_OK && lane == 0)
		rc = sq_done(st, sq_bind(st, SQ_PULL_OLD, "bibi", device, 16, (int64_t)lane, epoch, 16, (int64_t)day), "pull",
		    err);
	return sq_end(st, rc, err);
}

enum err_code
sqlite_due(struct store *base, int lane, uint32_t day, const uint8_t device[16], const uint8_t epoch[16], size_t max,
    store_due_fn *fn, void *arg, struct err *err)
{
	struct sqlite_store *st = of(base);
	sqlite3_stmt *s = sq_bind(st, SQ_DUE, "iibbi", (int64_t)lane, (int64_t)day, device, 16, epoch, 16, (int64_t)max);
	enum err_code rc = ERR_OK;
	int no = SQLITE_DONE;

	while (rc == ERR_OK && (no = sqlite3_step(s)) == SQLITE_ROW) {
		struct store_due d = { .pulled = (uint64_t)sqlite3_column_int64(s, 2),
		    .erased = (uint64_t)sqlite3_column_int64(s, 3) };

		sq_bytes(s, 0, d.device, 16);
		sq_bytes(s, 1, d.epoch, 16);
		rc = fn(arg, &d, err);
	}
	if (rc == ERR_OK && no != SQLITE_DONE)
		rc = db_err(st->db, "due", err);
	sqlite3_reset(s);
	return rc;
}

enum err_code
sqlite_came_by(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after,
    uint32_t day, uint64_t *seq, struct err *err)
{
	struct sqlite_store *st = of(base);
	int64_t later = INT64_MAX;
	enum err_code rc = sq_row(st, sq_bind(st, SQ_CAME_LATER, "bibii", device, 16, (int64_t)lane, epoch, 16,
	    (int64_t)after, (int64_t)day), "receipts", err);

	if (rc == ERR_OK)
		later = sqlite3_column_int64(st->stmt[SQ_CAME_LATER], 0);
	sqlite3_reset(st->stmt[SQ_CAME_LATER]);
	if (rc != ERR_OK && rc != ERR_ABSENT)
		return rc;
	rc = sq_row(st, sq_bind(st, SQ_CAME_BY, "bibii", device, 16, (int64_t)lane, epoch, 16, (int64_t)after, later),
	    "receipts", err);
	if (rc != ERR_OK)
		return rc;
	*seq = (uint64_t)sqlite3_column_int64(st->stmt[SQ_CAME_BY], 0);
	sqlite3_reset(st->stmt[SQ_CAME_BY]);
	return ERR_OK;
}

static enum err_code
erase_span(struct sqlite_store *st, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after,
    uint64_t last, const char *why, int64_t now, uint64_t *n, struct err *err)
{
	int64_t l = lane, a = (int64_t)after, b = (int64_t)last;
	enum err_code rc = sq_done(st, sq_bind(st, SQ_RELEASE_PUT, "bibiiti", device, 16, l, epoch, 16, a, b, why, now),
	    "release", err);

	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_RELEASED_BODY, "bibii", device, 16, l, epoch, 16, a, b), "erase body", err);
	*n = rc == ERR_OK ? (uint64_t)sqlite3_changes(st->db) : 0;
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_RELEASED_WRAP, "bibii", device, 16, l, epoch, 16, a, b), "erase wraps", err);
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_ERASED_PUT, "bibiii", device, 16, l, epoch, 16, b, (int64_t)*n, now / 86400),
		    "erased", err);
	if (rc == ERR_OK)
		rc = sq_done(st, sq_bind(st, SQ_PULL_DONE, "bibi", device, 16, l, epoch, 16, b), "pull", err);
	return rc;
}

enum err_code
sqlite_erase(struct store *base, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t after,
    uint64_t last, const char *why, int64_t now, uint64_t *n, struct err *err)
{
	struct sqlite_store *st = of(base);
	enum err_code rc = sq_begin(st, err);

	*n = 0;
	if (rc == ERR_OK)
		rc = sq_end(st, erase_span(st, device, lane, epoch, after, last, why, now, n, err), err);
	if (rc != ERR_OK)
		*n = 0;
	return rc;
}

enum err_code
sqlite_retention(struct store *base, struct store_retention *out, struct err *err)
{
	struct sqlite_store *st = of(base);

	memset(out, 0, sizeof(*out));
	for (int lane = 0; lane < 2; lane++) {
		sqlite3_stmt *s = sq_bind(st, SQ_RETENTION, "i", (int64_t)lane);
		enum err_code rc = sq_row(st, s, "retention", err);
		uint32_t day;

		if (rc != ERR_OK)
			return rc;
		out->chains_pulled[lane] = (uint64_t)sqlite3_column_int64(s, 0);
		out->erased[lane] = (uint64_t)sqlite3_column_int64(s, 1);
		day = (uint32_t)sqlite3_column_int64(s, 2);
		out->erased_day = day > out->erased_day ? day : out->erased_day;
		sqlite3_reset(s);
	}
	return ERR_OK;
}
