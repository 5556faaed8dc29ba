/* Records that were opened, as the facts know them. See facts_store.h and quotes.h. */
#include <string.h>

#include "indicators/facts_private.h"
#include "indicators/quotes.h"

enum err_code
facts_record_counts(struct facts *f, enum err_code (*fn)(void *arg, const char *site, int64_t n,
	int64_t first_day, int64_t last_day, struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_RECORD_COUNTS];
	enum err_code rc = ERR_OK;
	int step;

	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK)
		rc = fn(arg, (const char *)sqlite3_column_text(s, 0), sqlite3_column_int64(s, 1),
		    sqlite3_column_int64(s, 2), sqlite3_column_int64(s, 3), err);
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "count records", err);
	facts_reset(s);
	return rc;
}

/* The rows of S, bound, to FN. *N: how many. */
static enum err_code
each_record(struct facts *f, sqlite3_stmt *s, enum err_code (*fn)(void *arg, const struct facts_record *r, struct err *err),
	void *arg, size_t *n, struct err *err)
{
	enum err_code rc = ERR_OK;
	int step;

	*n = 0;
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct facts_record r = {
			.site = (const char *)sqlite3_column_text(s, 0),
			.form = (const char *)sqlite3_column_text(s, 3),
			.day = sqlite3_column_int64(s, 5),
			.day_quality = (const char *)sqlite3_column_text(s, 6),
			.state = (const char *)sqlite3_column_text(s, 7),
		};

		memcpy(r.record, sqlite3_column_blob(s, 1), FACTS_ID);
		memcpy(r.device, sqlite3_column_blob(s, 2), FACTS_ID);
		memcpy(r.form_hash, sqlite3_column_blob(s, 4), FACTS_ID);
		facts_get_place(s, 8, &r.place);
		memcpy(r.tag, sqlite3_column_blob(s, 12), FACTS_ID);
		++*n;
		rc = fn(arg, &r, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "records", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_records(struct facts *f, const char *site, size_t skip, size_t max, enum err_code (*fn)(void *arg,
	const struct facts_record *r, struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_RECORDS];
	size_t n;

	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, (int64_t)max);
	sqlite3_bind_int64(s, 3, (int64_t)skip);
	return each_record(f, s, fn, arg, &n, err);
}

enum err_code
facts_record_one(struct facts *f, const char *site, const uint8_t record[FACTS_ID],
	enum err_code (*fn)(void *arg, const struct facts_record *r, struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_RECORD_ONE];
	enum err_code rc;
	size_t n;

	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, record, FACTS_ID, SQLITE_STATIC);
	rc = each_record(f, s, fn, arg, &n, err);
	return rc == ERR_OK && n == 0 ? err_set(err, ERR_ABSENT, "no such answer at this site") : rc;
}
