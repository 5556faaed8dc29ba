/* The end of a fact's time, in the database. See facts_store.h, retain.h and sql/retain-1.sql. First the line moves, and with
 * it the cells before it stop changing; then the facts before it are nobody's any more and go in pieces, each its own
 * transaction, so that a kill or a full disk between two of them costs nothing but time. */
#include <stdio.h>
#include <string.h>

#include "collector/chain.h"
#include "indicators/definition.h"
#include "indicators/facts_private.h"
#include "indicators/quotes.h"

enum { TRACE = 16, ONE_PIECE = 1000 };

static enum err_code
meta(struct facts *f, const char *key, int64_t *v, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_META_GET];
	enum err_code rc = ERR_OK;

	*v = 0;
	sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW)
		*v = sqlite3_column_int64(s, 0);
	else
		rc = facts_err(f, key, err);
	facts_reset(s);
	return rc;
}

/* WHICH: S_META_SET or S_META_ADD. */
static enum err_code
meta_put(struct facts *f, enum facts_statement which, const char *key, int64_t v, struct err *err)
{
	sqlite3_stmt *s = f->stmt[which];

	sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, v);
	return facts_done(f, s, key, err);
}

enum err_code
facts_kept_from(struct facts *f, int64_t *month, struct err *err)
{
	return meta(f, "kept_from", month, err);
}

enum err_code
facts_retained(struct facts *f, struct facts_retained *out, struct err *err)
{
	enum err_code rc = meta(f, "kept_from", &out->kept_from, err);

	if (rc == ERR_OK)
		rc = meta(f, "retain_day", &out->day, err);
	if (rc == ERR_OK)
		rc = meta(f, "retain_since", &out->since, err);
	if (rc == ERR_OK)
		rc = meta(f, "facts_erased", &out->facts, err);
	return rc == ERR_OK ? meta(f, "records_erased", &out->records, err) : rc;
}

/* Close the transaction well or not at all. */
static enum err_code
finish(struct facts *f, enum err_code rc, struct err *err)
{
	if (rc == ERR_OK)
		rc = facts_commit(f, err);
	if (rc != ERR_OK)
		facts_rollback(f);
	return rc;
}

enum err_code
facts_retain_day(struct facts *f, int64_t day, int64_t since, struct err *err)
{
	enum err_code rc = facts_begin(f, err);

	if (rc != ERR_OK)
		return rc;
	rc = meta_put(f, S_META_SET, "retain_day", day, err);
	if (rc == ERR_OK)
		rc = meta_put(f, S_META_SET, "retain_since", since, err);
	return finish(f, rc, err);
}

/* --- the line ----------------------------------------------------------------------------------------------------- */

enum err_code
facts_frozen_same(struct facts *f, bool *same, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_FROZEN_GET];
	int64_t from, cells, kept;
	uint8_t digest[32];
	enum err_code rc = facts_kept_from(f, &from, err);

	*same = true;
	if (rc != ERR_OK || from == 0)
		return rc;
	rc = facts_frozen_cells(f, from, &cells, digest, err);
	if (rc != ERR_OK)
		return rc;
	sqlite3_bind_int64(s, 1, from);
	if (sqlite3_step(s) == SQLITE_ROW) {
		kept = sqlite3_column_int64(s, 0);
		*same = kept == cells && memcmp(sqlite3_column_blob(s, 1), digest, sizeof(digest)) == 0;
	} else {
		*same = false;
	}
	facts_reset(s);
	return ERR_OK;
}

enum err_code
facts_freeze(struct facts *f, int64_t month, int64_t at, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_FROZEN_PUT];
	int64_t from, cells, different;
	uint8_t digest[32];
	size_t n;
	enum err_code rc = facts_kept_from(f, &from, err);

	if (rc != ERR_OK || month <= from)
		return rc;
	rc = facts_update_cells(f, &n, err);
	if (rc == ERR_OK)
		rc = facts_compare(f, &cells, &different, err);
	if (rc == ERR_OK && different != 0)
		return err_set(err, ERR_BROKEN, "%lld of %lld cells are not what the facts add up to: no fact is erased until that "
		    "is explained", (long long)different, (long long)cells);
	if (rc == ERR_OK)
		rc = facts_frozen_cells(f, month, &cells, digest, err);
	if (rc != ERR_OK)
		return rc;
	sqlite3_bind_int64(s, 1, month);
	sqlite3_bind_int64(s, 2, at);
	sqlite3_bind_int64(s, 3, cells);
	sqlite3_bind_blob(s, 4, digest, sizeof(digest), SQLITE_STATIC);
	rc = facts_done(f, s, "keep the hash of the cells", err);
	return rc == ERR_OK ? meta_put(f, S_META_SET, "kept_from", month, err) : rc;
}

/* --- erasing ------------------------------------------------------------------------------------------------------ */

static void
trace_of(const char *site, const uint8_t record[FACTS_ID], uint8_t trace[TRACE])
{
	struct chain_state h;
	struct chain_hash hash;

	chain_begin(&h, "gone record");
	chain_add(&h, site, strlen(site) + 1);
	chain_add(&h, record, FACTS_ID);
	chain_end(&h, &hash);
	memcpy(trace, hash.bytes, TRACE);
}

enum err_code
facts_takes(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t day, const char *day_quality,
	bool *takes, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_GONE_GET];
	uint8_t trace[TRACE];
	int64_t from;
	enum err_code rc = facts_kept_from(f, &from, err);
	int step;

	*takes = rc == ERR_OK && month_of_day(day) >= from;
	if (!*takes || from == 0 || strcmp(day_quality, "sealed") == 0)
		return rc;
	trace_of(site, record, trace);
	sqlite3_bind_blob(s, 1, trace, TRACE, SQLITE_STATIC);
	step = sqlite3_step(s);
	*takes = step != SQLITE_ROW;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = facts_err(f, "records that are gone", err);
	facts_reset(s);
	return rc;
}

static enum err_code
take_day(void *arg, const struct facts_record *r, struct err *err)
{
	(void)err;
	*(int64_t *)arg = r->day;
	return ERR_OK;
}

enum err_code
facts_day_of(struct facts *f, const char *site, const uint8_t record[FACTS_ID], int64_t *day, struct err *err)
{
	return facts_record_one(f, site, record, take_day, day, err);
}

/* The facts of the oldest month of the pair of site and definition after AT, if it is before FROM; else AT moves on to that pair.
 * *DONE: there is no such pair. */
static enum err_code
erase_month(struct facts *f, int64_t from, struct facts_erasing *at, size_t *n, bool *done, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_PAIR_NEXT];
	char site[FACTS_TEXT];
	int64_t def = 0, period = 0;
	enum err_code rc = ERR_OK;
	int step;

	sqlite3_bind_text(s, 1, at->site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, at->def);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		snprintf(site, sizeof(site), "%s", sqlite3_column_text(s, 0));
		def = sqlite3_column_int64(s, 1);
		period = sqlite3_column_int64(s, 2);
	}
	*done = step == SQLITE_DONE;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = facts_err(f, "find facts to erase", err);
	facts_reset(s);
	if (rc != ERR_OK || *done)
		return rc;
	if (period >= from) {
		snprintf(at->site, sizeof(at->site), "%s", site);
		at->def = def;
		return ERR_OK;
	}
	s = f->stmt[S_PAIR_ERASE];
	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, def);
	sqlite3_bind_int64(s, 3, period);
	rc = facts_done(f, s, "erase facts", err);
	if (rc == ERR_OK) {
		*n += (size_t)sqlite3_changes(f->db);
		at->n_facts += sqlite3_changes(f->db);
		rc = meta_put(f, S_META_ADD, "facts_erased", sqlite3_changes(f->db), err);
	}
	return rc;
}

static enum err_code
by_record(struct facts *f, enum facts_statement which, const char *site, const uint8_t record[FACTS_ID], struct err *err)
{
	sqlite3_stmt *s = f->stmt[which];

	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, record, FACTS_ID, SQLITE_STATIC);
	return facts_done(f, s, "erase a record", err);
}

static enum err_code
erase_record(struct facts *f, const char *site, const uint8_t record[FACTS_ID], bool told, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_GONE_PUT];
	uint8_t trace[TRACE];
	enum err_code rc = by_record(f, S_QUOTE_WORDS, site, record, err);

	if (rc == ERR_OK)
		rc = by_record(f, S_QUOTE_FORGET, site, record, err);
	if (rc == ERR_OK)
		rc = facts_drop_codes(f, site, record, err);
	if (rc == ERR_OK)
		rc = by_record(f, S_RECORD_ERASE, site, record, err);
	if (rc != ERR_OK || !told)
		return rc;
	trace_of(site, record, trace);
	sqlite3_bind_blob(s, 1, trace, TRACE, SQLITE_STATIC);
	return facts_done(f, s, "keep what is gone", err);
}

/* Records of the site after AT: a piece of those that may go, or AT moves on to that site. */
static enum err_code
erase_records(struct facts *f, int64_t from, struct facts_erasing *at, size_t *n, bool *done, struct err *err)
{
	struct { uint8_t record[FACTS_ID]; bool told; } list[ONE_PIECE];
	sqlite3_stmt *s = f->stmt[S_RECORD_SITE];
	char site[FACTS_TEXT];
	size_t found = 0;
	enum err_code rc = ERR_OK;
	int step;

	sqlite3_bind_text(s, 1, at->site, -1, SQLITE_STATIC);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW)
		snprintf(site, sizeof(site), "%s", sqlite3_column_text(s, 0));
	*done = step == SQLITE_DONE;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = facts_err(f, "find records to erase", err);
	facts_reset(s);
	if (rc != ERR_OK || *done)
		return rc;
	s = f->stmt[S_RECORD_OLD];
	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, month_first_day((int)from));
	sqlite3_bind_int64(s, 3, ONE_PIECE);
	while (found < ONE_PIECE && (step = sqlite3_step(s)) == SQLITE_ROW) {
		memcpy(list[found].record, sqlite3_column_blob(s, 0), FACTS_ID);
		list[found++].told = strcmp((const char *)sqlite3_column_text(s, 1), "sealed") != 0;
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		rc = facts_err(f, "find records to erase", err);
	facts_reset(s);
	for (size_t i = 0; i < found && rc == ERR_OK; i++)
		rc = erase_record(f, site, list[i].record, list[i].told, err);
	if (rc == ERR_OK && found < ONE_PIECE)
		snprintf(at->site, sizeof(at->site), "%s", site);
	*n += found;
	at->n_records += (int64_t)found;
	return rc == ERR_OK ? meta_put(f, S_META_ADD, "records_erased", (int64_t)found, err) : rc;
}

enum err_code
facts_erase(struct facts *f, size_t max, struct facts_erasing *at, bool *more, struct err *err)
{
	struct facts_erasing next = *at;
	int64_t from;
	size_t n = 0, looks = 0;
	bool done = false;
	enum err_code rc = facts_begin(f, err);

	*more = false;
	if (rc != ERR_OK)
		return rc;
	rc = facts_kept_from(f, &from, err);
	while (rc == ERR_OK && from > 0 && n < max && looks++ < max && !(done && next.records)) {
		if (done) {
			next.records = true;
			next.site[0] = '\0';
			done = false;
		}
		rc = next.records ? erase_records(f, from, &next, &n, &done, err) : erase_month(f, from, &next, &n, &done, err);
	}
	if (rc == ERR_OK && n > 0)
		rc = meta_put(f, S_META_SET, "unwiped", 1, err);
	rc = finish(f, rc, err);
	if (rc != ERR_OK)
		return rc;
	if (done && !next.records) {	/* the last look found no more facts */
		next.records = true;
		next.site[0] = '\0';
		done = false;
	}
	*at = next;
	*more = from > 0 && !done;
	return ERR_OK;
}

/* secure_delete overwrites what is deleted, but where rows moved between pages before, a page may hold an old copy of one in
 * its free part. So all pages are written anew; then the log of the database, which has the old ones, ends. */
enum err_code
facts_wipe(struct facts *f, struct err *err)
{
	int64_t unwiped;
	enum err_code rc = meta(f, "unwiped", &unwiped, err);

	if (rc == ERR_OK && unwiped != 0)
		rc = db_exec(f->db, "VACUUM", err);
	if (rc == ERR_OK && sqlite3_wal_checkpoint_v2(f->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
		rc = facts_err(f, "overwrite what was erased", err);
	return rc == ERR_OK && unwiped != 0 ? meta_put(f, S_META_SET, "unwiped", 0, err) : rc;
}
