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
	S_DIRTY_EACH, S_DIRTY_CLEAR, S_CELL_ENTRIES, S_ALL_ENTRIES, S_CELL_PUT, S_CELL_ALL, S_CELL_DEF, S_CELL_FROZEN,
	/* retain_store.c */
	S_META_GET, S_META_SET, S_META_ADD, S_FROZEN_GET, S_FROZEN_PUT, S_PAIR_NEXT, S_PAIR_ERASE, S_RECORD_SITE, S_RECORD_ERASE,
	S_RECORD_OLD, S_GONE_PUT, S_GONE_GET, S_QUOTE_FORGET, S_QUOTE_WORDS,
	/* quote_store.c */
	S_QUOTE_NEXT, S_QUOTE_PUT, S_QUOTE_GET, S_QUOTE_EACH, S_QUOTE_BLANK, S_SITE_DAYS, S_RECORD_ONE,
	/* codes_store.c */
	S_CODE_PUT, S_CODE_EACH, S_CODE_DROP,
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
	    " FROM fact WHERE period >= ?1 ORDER BY " FACTS_CELL_COLUMNS ", record, rev, sign", \
	[S_CELL_PUT] = "INSERT OR REPLACE INTO cell VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12," \
	    " ?13)", \
	[S_CELL_ALL] = "SELECT " FACTS_CELL_COLUMNS ", n, num, n_values, mean, m2, people, data_rev FROM cell" \
	    " WHERE period >= ?1 ORDER BY " FACTS_CELL_COLUMNS, \
	[S_CELL_FROZEN] = "SELECT " FACTS_CELL_COLUMNS ", n, num, n_values, mean, m2, people, data_rev FROM cell" \
	    " WHERE period < ?1 ORDER BY " FACTS_CELL_COLUMNS, \
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

/* The statements of retain_store.c. */
#define FACTS_RETAIN_SQL \
	[S_META_GET] = "SELECT v FROM meta WHERE k = ?1", \
	[S_META_SET] = "UPDATE meta SET v = ?2 WHERE k = ?1", \
	[S_META_ADD] = "UPDATE meta SET v = v + ?2 WHERE k = ?1", \
	[S_FROZEN_GET] = "SELECT cells, digest FROM frozen WHERE kept_from = ?1", \
	[S_FROZEN_PUT] = "INSERT INTO frozen VALUES (?1, ?2, ?3, ?4)", \
	[S_PAIR_NEXT] = "SELECT site, def, period FROM fact WHERE (site, def) > (?1, ?2) ORDER BY site, def, period LIMIT 1", \
	[S_PAIR_ERASE] = "DELETE FROM fact WHERE site = ?1 AND def = ?2 AND period = ?3", \
	[S_RECORD_SITE] = "SELECT site FROM record WHERE site > ?1 ORDER BY site LIMIT 1", \
	[S_RECORD_OLD] = "SELECT record, day_quality FROM record INDEXED BY record_day WHERE site = ?1 AND day < ?2" \
	    " AND NOT EXISTS (SELECT 1 FROM fact WHERE fact.site = record.site AND fact.record = record.record) LIMIT ?3", \
	[S_RECORD_ERASE] = "DELETE FROM record WHERE site = ?1 AND record = ?2", \
	[S_GONE_PUT] = "INSERT INTO gone VALUES (?1) ON CONFLICT DO NOTHING", \
	[S_GONE_GET] = "SELECT 1 FROM gone WHERE trace = ?1", \
	[S_QUOTE_WORDS] = "UPDATE quote SET text = '' WHERE site = ?1 AND record = ?2 AND 'released' <>" \
	    " (SELECT n.state FROM quote AS n WHERE n.id = quote.id ORDER BY n.version DESC LIMIT 1)", \
	[S_QUOTE_FORGET] = "UPDATE quote SET record = zeroblob(16) WHERE site = ?1 AND record = ?2",

#define FACTS_CODE_SQL \
	[S_CODE_PUT] = "INSERT INTO code VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET themes = excluded.themes," \
	    " at = excluded.at WHERE themes <> excluded.themes", \
	[S_CODE_EACH] = "SELECT frame, themes FROM code WHERE site = ?1 AND record = ?2 ORDER BY frame", \
	[S_CODE_DROP] = "DELETE FROM code WHERE site = ?1 AND record = ?2",

struct facts {
	sqlite3 *db;
	sqlite3_stmt *stmt[FACTS_STATEMENTS];
};

/* A hash of the cells of all months before MONTH, as they are, and how many they are (cells_store.c). */
enum err_code facts_frozen_cells(struct facts *f, int64_t month, int64_t *cells, uint8_t digest[32], struct err *err) MUST_CHECK;
/* Are the cells of the months whose facts are gone what they were when they stopped changing (retain_store.c)? */
enum err_code facts_frozen_same(struct facts *f, bool *same, struct err *err) MUST_CHECK;
/* Where a record stands: four columns of S from AT on. */
void facts_get_place(sqlite3_stmt *s, int at, struct facts_place *p);
enum err_code facts_err(struct facts *f, const char *what, struct err *err);
void facts_reset(sqlite3_stmt *s);
/* The codes of a record go (codes_store.c). */
enum err_code facts_drop_codes(struct facts *f, const char *site, const uint8_t record[FACTS_ID], struct err *err) MUST_CHECK;
/* Run S, which is bound and returns no row. */
enum err_code facts_done(struct facts *f, sqlite3_stmt *s, const char *what, struct err *err) MUST_CHECK;

#endif
