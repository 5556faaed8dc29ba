/* The exact counts behind each publication. See facts_store.h. */
#include <string.h>

#include "indicators/facts_private.h"

enum err_code
facts_snapshot_clear(struct facts *f, int64_t no, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_SNAP_CLEAR];
	enum err_code rc;

	sqlite3_bind_int64(s, 1, no);
	rc = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : facts_err(f, "clear snapshot", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_snapshot_put(struct facts *f, int64_t def, const struct facts_snapshot *snap, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_SNAP_PUT];
	enum err_code rc;

	sqlite3_bind_int64(s, 1, def);
	sqlite3_bind_text(s, 2, snap->site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, snap->period);
	sqlite3_bind_text(s, 4, snap->stratum, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, snap->bucket, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, snap->item, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 7, snap->no);
	sqlite3_bind_int64(s, 8, snap->n);
	sqlite3_bind_double(s, 9, snap->num);
	sqlite3_bind_int64(s, 10, snap->people);
	rc = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : facts_err(f, "keep snapshot", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_snapshot_each(struct facts *f, int64_t def, enum err_code (*fn)(void *arg, const struct facts_snapshot *snap,
	struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_SNAP_EACH];
	enum err_code rc = ERR_OK;
	int step;

	sqlite3_bind_int64(s, 1, def);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct facts_snapshot snap = {
			.site = (const char *)sqlite3_column_text(s, 0), .period = sqlite3_column_int64(s, 1),
			.stratum = (const char *)sqlite3_column_text(s, 2),
			.bucket = (const char *)sqlite3_column_text(s, 3),
			.item = (const char *)sqlite3_column_text(s, 4), .no = sqlite3_column_int64(s, 5),
			.n = sqlite3_column_int64(s, 6), .num = sqlite3_column_double(s, 7),
			.people = sqlite3_column_int64(s, 8),
		};

		rc = fn(arg, &snap, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "snapshots", err);
	facts_reset(s);
	return rc;
}

static struct facts_num
num_at(sqlite3_stmt *s, int column)
{
	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return (struct facts_num){ false, 0 };
	return (struct facts_num){ true, sqlite3_column_double(s, column) };
}

enum err_code
facts_entries(struct facts *f, const char *site, int64_t def, enum err_code (*fn)(void *arg,
	const struct facts_entry *e, struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_SITE_ENTRIES];
	enum err_code rc = ERR_OK;
	int step;

	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, def);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct facts_entry e = {
			.cell = { site, def, sqlite3_column_int64(s, 0), (const char *)sqlite3_column_text(s, 1),
			    sqlite3_column_int64(s, 2), (const char *)sqlite3_column_text(s, 3) },
			.rev = sqlite3_column_int64(s, 5), .sign = sqlite3_column_int(s, 6), .num = num_at(s, 7),
			.value = num_at(s, 8), .people = sqlite3_column_int64(s, 9), .data_rev = sqlite3_column_int64(s, 10),
		};

		memcpy(e.record, sqlite3_column_blob(s, 4), FACTS_ID);
		rc = fn(arg, &e, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "read facts", err);
	facts_reset(s);
	return rc;
}
