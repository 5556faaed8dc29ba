/* What the files of the facts share: the open database and its statements. */
#ifndef INDICATORS_FACTS_PRIVATE_H
#define INDICATORS_FACTS_PRIVATE_H

#include "base/db.h"
#include "indicators/facts_store.h"

enum facts_statement {
	S_REV, S_REV_NEXT, S_DEF_GET, S_DEF_PUT, S_DEF_USED, S_DEF_UNUSE, S_DEF_USE, S_FACT_HAS, S_DEF_EACH, S_BUCKET_GET, S_BUCKET_PUT, S_BUCKET_KEYS,
	S_POS_GET, S_POS_PUT, S_RECORD_PUT, S_RECORD_STATE, S_RECORD_DROP, S_SAVE, S_UNDO, S_KEEP, S_FACT_PUT,
	S_DIRTY_PUT, S_HELD_PUT, S_HELD_DROP,
	S_HELD_COUNT, S_OPENED, S_HELD_EACH, S_STANDING, S_BLANK, S_RECORD_COUNTS, S_RECORDS, S_BY_TAG, S_PUB_PREPARED,
	S_PUB_PUBLISHED, S_PUB_LAST, S_PUB_PENDING, S_PUB_EACH,
	/* snapshot_store.c */
	S_SNAP_CLEAR, S_SNAP_PUT, S_SNAP_EACH, S_SITE_ENTRIES,
	/* cells_store.c */
	S_DIRTY_EACH, S_DIRTY_CLEAR, S_CELL_ENTRIES, S_ALL_ENTRIES, S_CELL_PUT, S_CELL_ALL, S_CELL_DEF,
	/* quote_store.c */
	S_QUOTE_NEXT, S_QUOTE_PUT, S_QUOTE_GET, S_QUOTE_EACH, S_QUOTE_BLANK, S_SITE_DAYS, S_RECORD_ONE,
	FACTS_STATEMENTS
};

/* The statements of cells_store.c, as designators of the one table. */
#define FACTS_CELL_COLUMNS "site, def, period, stratum, bucket, item"
#define FACTS_CELL_SQL \
	[S_DIRTY_EACH] = "SELECT " FACTS_CELL_COLUMNS " FROM dirty ORDER BY " FACTS_CELL_COLUMNS, \
	[S_DIRTY_CLEAR] = "DELETE FROM dirty", \
	[S_CELL_ENTRIES] = "SELECT " FACTS_CELL_COLUMNS ", record, rev, sign, num, value, people, data_rev" \
	    " FROM fact WHERE site = ?1 AND def = ?2 AND period = ?3 AND stratum = ?4 AND bucket = ?5" \
	    " AND item = ?6 ORDER BY record, rev, sign", \
	[S_ALL_ENTRIES] = "SELECT " FACTS_CELL_COLUMNS ", record, rev, sign, num, value, people, data_rev" \
	    " FROM fact ORDER BY " FACTS_CELL_COLUMNS ", record, rev, sign", \
	[S_CELL_PUT] = "INSERT OR REPLACE INTO cell VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12," \
	    " ?13)", \
	[S_CELL_ALL] = "SELECT " FACTS_CELL_COLUMNS ", n, num, n_values, mean, m2, people, data_rev FROM cell" \
	    " ORDER BY " FACTS_CELL_COLUMNS, \
	[S_CELL_DEF] = "SELECT " FACTS_CELL_COLUMNS ", n, num, n_values, mean, m2, people, data_rev FROM cell" \
	    " WHERE def = ?1 ORDER BY " FACTS_CELL_COLUMNS,

#define FACTS_QUOTE_COLUMNS "q.id, q.version, q.at, q.actor, q.state, q.site, q.record, q.question, q.role, q.area, q.quarter," \
	" q.text, (SELECT p.actor FROM quote AS p WHERE p.id = q.id AND p.version = 1)"
#define FACTS_QUOTE_SQL \
	[S_QUOTE_NEXT] = "SELECT coalesce(max(id), 0) + 1 FROM quote", \
	[S_QUOTE_PUT] = "INSERT INTO quote VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)", \
	[S_QUOTE_GET] = "SELECT " FACTS_QUOTE_COLUMNS " FROM quote AS q WHERE id = ?1 ORDER BY version DESC LIMIT 1", \
	[S_QUOTE_EACH] = "SELECT " FACTS_QUOTE_COLUMNS " FROM quote AS q" \
	    " WHERE version = (SELECT max(version) FROM quote AS n WHERE n.id = q.id) ORDER BY id DESC", \
	[S_QUOTE_BLANK] = "UPDATE quote SET text = '' WHERE site = ?1 AND record = ?2", \
	[S_SITE_DAYS] = "SELECT count(*) FROM record WHERE site = ?1 AND day BETWEEN ?2 AND ?3 AND state <> 'withdrawn'", \
	[S_RECORD_ONE] = "SELECT site, record, device, form, form_hash, day, day_quality, state, chain, lane, epoch, seq, tag" \
	    " FROM record WHERE site = ?1 AND record = ?2 AND state <> 'withdrawn'",

struct facts {
	sqlite3 *db;
	sqlite3_stmt *stmt[FACTS_STATEMENTS];
};

/* Where a record stands: four columns of S from AT on. */
void facts_get_place(sqlite3_stmt *s, int at, struct facts_place *p);
enum err_code facts_err(struct facts *f, const char *what, struct err *err);
void facts_reset(sqlite3_stmt *s);
/* Run S, which is bound and returns no row. */
enum err_code facts_done(struct facts *f, sqlite3_stmt *s, const char *what, struct err *err) MUST_CHECK;

#endif
