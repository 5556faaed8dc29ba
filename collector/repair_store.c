/* Writing what a damaged store still held into a new one. See repair.h. The old epochs keep what the centre has, in its
 * place; everything else is chained into a new epoch of each lane, whose opening names what the old head was and says
 * "repaired" (docs/formats/record.md). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/outbox_db.h"
#include "collector/repair_rows.h"

enum r_stmt {
	R_CLEAR_RECORDS, R_CLEAR_LANES, R_LANE, R_RECORD, R_WRAP, R_TAG, R_RECEIPT, R_RING, R_BUNDLE, R_CLOCK, R_META, R_SLOT,
	R_DRAFT, R_DRAFT_WRAP, R_DRAFT_LINE, R_STMTS
};

static const char *const sql[R_STMTS] = {
	[R_CLEAR_RECORDS] = "DELETE FROM record",
	[R_CLEAR_LANES] = "DELETE FROM lane",
	[R_LANE] = "INSERT INTO lane (lane, epoch, head_seq, head_link, acked_seq, acked_link) VALUES (?, ?, ?, ?, 0, ?)",
	[R_RECORD] = "INSERT INTO record (n, id, epoch, lane, seq, header, hw, hb, link, nonce_body, receipt_day) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[R_WRAP] = "INSERT INTO wrap (record_n, slot, wrap) VALUES (?, ?, ?)",
	[R_TAG] = "INSERT OR REPLACE INTO tag (tag, record_id, day) VALUES (?, ?, ?)",
	[R_RECEIPT] = "INSERT OR REPLACE INTO receipt (epoch, lane, b, day, bytes) VALUES (?, ?, ?, ?, ?)",
	[R_RING] = "INSERT OR REPLACE INTO ring (serial, bytes) VALUES (?, ?)",
	[R_BUNDLE] = "INSERT INTO bundle (kind, target, serial, bytes, previous) VALUES (?, ?, ?, ?, ?) "
	    "ON CONFLICT (kind, target) DO UPDATE SET serial = excluded.serial, bytes = excluded.bytes, "
	    "previous = excluded.previous WHERE excluded.serial >= bundle.serial",
	[R_CLOCK] = "INSERT OR REPLACE INTO clock (boot_id, offset_s, quality) VALUES (?, ?, ?)",
	[R_META] = "INSERT OR REPLACE INTO meta (k, v) VALUES (?, ?)",
	[R_SLOT] = "INSERT OR REPLACE INTO slot (n, sealed) VALUES (?, ?)",
	[R_DRAFT] = "INSERT OR REPLACE INTO draft (id, form, kdf_t, kdf_m, salt, wrap_pass, made_day, head) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[R_DRAFT_WRAP] = "INSERT OR REPLACE INTO draft_wrap (draft_id, slot, key_id, wrap) VALUES (?, ?, ?, ?)",
	[R_DRAFT_LINE] = "INSERT OR REPLACE INTO draft_line (draft_id, n, box) VALUES (?, ?, ?)",
};

struct writer {
	struct repair_rows *rows;
	struct outbox *ob;
	sqlite3_stmt *s[R_STMTS];
	int64_t today, n;		/* number of the last record written */
	uint64_t unplaced;		/* rows that wait for their place in the new epoch */
	uint8_t nowhere[16];		/* the epoch they are in until then */
};

/* --- statements ----------------------------------------------------------------------------------- */

static void
bind_blob(sqlite3_stmt *s, int i, const void *p, size_t len)
{
	sqlite3_bind_blob64(s, i, p, len, SQLITE_STATIC);
}

/* Columns FROM.. of ROW as parameters AT.. of S. */
static void
bind_row(sqlite3_stmt *s, int at, const struct salvage_row *row, unsigned from)
{
	for (unsigned i = from; i < row->n; i++, at++) {
		const struct salvage_value *v = &row->v[i];

		if (v->type == 'i')
			sqlite3_bind_int64(s, at, v->i);
		else if (v->type == 't')
			sqlite3_bind_text64(s, at, (const char *)v->p, v->len, SQLITE_STATIC, SQLITE_UTF8);
		else if (v->type == 'b')
			sqlite3_bind_blob64(s, at, v->p, v->len, SQLITE_STATIC);
		else
			sqlite3_bind_null(s, at);
	}
}

static enum err_code
run(struct writer *w, enum r_stmt n, const char *what, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (sqlite3_step(w->s[n]) != SQLITE_DONE)
		rc = db_err(w->ob->db, what, err);
	sqlite3_reset(w->s[n]);
	sqlite3_clear_bindings(w->s[n]);
	return rc;
}

/* A row that does not keep the table's own rules is a damaged one: it stays behind. */
static enum err_code
run_row(struct writer *w, enum r_stmt n, const struct salvage_row *row, unsigned from, int at, bool *taken, struct err *err)
{
	enum err_code rc;

	bind_row(w->s[n], at, row, from);
	rc = run(w, n, "carry over", err);
	*taken = rc == ERR_OK;
	return rc == ERR_INPUT || rc == ERR_EXISTS ? ERR_OK : rc;
}

/* --- records -------------------------------------------------------------------------------------- */

static enum err_code
put_wraps(struct writer *w, const struct repair_record *x, struct err *err)
{
	uint8_t wraps[RECORD_RECIPIENTS * RECORD_WRAP];
	size_t n = x->erased ? 0 : repair_rows_wraps(w->rows, x, wraps);
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		sqlite3_bind_int64(w->s[R_WRAP], 1, w->n);
		sqlite3_bind_int64(w->s[R_WRAP], 2, (int64_t)i);
		bind_blob(w->s[R_WRAP], 3, wraps + i * RECORD_WRAP, RECORD_WRAP);
		rc = run(w, R_WRAP, "carry over a sealed key", err);
	}
	return rc;
}

/* Whoever has the words of X can still withdraw it, also where the row of its tag was lost. */
static enum err_code
put_tag(struct writer *w, const struct repair_record *x, struct err *err)
{
	if (x->lane != LANE_ANSWERS || x->kind != RECORD_SEALED || x->erased)
		return ERR_OK;
	bind_blob(w->s[R_TAG], 1, x->header + 64, 16);
	bind_blob(w->s[R_TAG], 2, x->id, 16);
	sqlite3_bind_int64(w->s[R_TAG], 3, w->today);
	return run(w, R_TAG, "carry over words", err);
}

static enum err_code
put_record(struct writer *w, const struct repair_record *x, struct err *err)
{
	sqlite3_stmt *s = w->s[R_RECORD];
	bool stays = x->fate == REPAIR_STAY;
	struct salvage_row row;
	enum err_code rc = ERR_OK;

	if (!x->erased)
		rc = salvage_again(w->rows->from, x->late, x->page, x->at, &row, err);
	if (rc != ERR_OK)
		return rc;
	sqlite3_bind_int64(s, 1, ++w->n);
	bind_blob(s, 2, x->id, 16);
	bind_blob(s, 3, stays ? x->epoch : w->nowhere, 16);
	sqlite3_bind_int64(s, 4, x->lane);
	sqlite3_bind_int64(s, 5, (int64_t)(stays ? x->seq : ++w->unplaced));
	bind_blob(s, 6, x->header, RECORD_HEADER);
	bind_blob(s, 7, x->hw.bytes, 32);
	bind_blob(s, 8, x->hb.bytes, 32);
	bind_blob(s, 9, x->link.bytes, 32);
	if (!x->erased)
		bind_blob(s, 10, row.v[9].p, row.v[9].len);
	if (stays)
		sqlite3_bind_int64(s, 11, x->has_day ? x->day : w->today);
	rc = run(w, R_RECORD, "carry over a record", err);
	if (rc == ERR_OK)
		rc = put_wraps(w, x, err);
	return rc == ERR_OK ? put_tag(w, x, err) : rc;
}

static int
by_arrival(const void *a, const void *b)
{
	const struct repair_record *x = *(const struct repair_record *const *)a, *y = *(const struct repair_record *const *)b;

	return x->n != y->n ? (x->n > y->n) - (x->n < y->n) : (x->seq > y->seq) - (x->seq < y->seq);
}

static enum err_code
put_records(struct writer *w, struct err *err)
{
	const struct repair_record *x = w->rows->records.p, **order;
	size_t n = 0;
	enum err_code rc = ERR_OK;

	order = malloc((w->rows->records.n + 1) * sizeof(*order));
	if (order == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < w->rows->records.n; i++)
		if (x[i].fate != REPAIR_DROP)
			order[n++] = &x[i];
	if (n > 0)
		qsort(order, n, sizeof(*order), by_arrival);
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		rc = put_record(w, order[i], err);
	free(order);
	return rc;
}

/* The lane as it was, then the new epoch after it. */
static enum err_code
put_lane(struct writer *w, uint8_t lane, struct err *err)
{
	const struct outbox_lane *l = &w->rows->lane[lane];
	struct chain_hash genesis;
	enum err_code rc = ERR_OK;

	if (!w->rows->has_lane[lane])
		return ob_epoch(w->ob, lane, w->rows->device, EPOCH_REPAIRED, true, err);
	chain_genesis(w->rows->device, l->epoch, lane, &genesis);
	sqlite3_bind_int64(w->s[R_LANE], 1, lane);
	bind_blob(w->s[R_LANE], 2, l->epoch, 16);
	sqlite3_bind_int64(w->s[R_LANE], 3, (int64_t)l->head_seq);
	bind_blob(w->s[R_LANE], 4, l->head_link.bytes, 32);
	bind_blob(w->s[R_LANE], 5, genesis.bytes, 32);
	rc = run(w, R_LANE, "carry over a lane", err);
	return rc == ERR_OK ? ob_epoch(w->ob, lane, w->rows->device, EPOCH_REPAIRED, false, err) : rc;
}

/* --- everything else ------------------------------------------------------------------------------ */

struct others {
	struct writer *w;
	struct repair_report *out;
	uint8_t slots;		/* bits */
};

static bool
is_slot(const struct salvage_row *row)
{
	struct record view;
	struct err why;

	return row->rowid >= 0 && row->rowid < OB_SLOTS && row->n == 2 && row->v[1].type == 'b'
	    && record_read(row->v[1].p, row->v[1].len, &view, &why) == ERR_OK && !view.erased
	    && view.head.lane == LANE_CONCERNS && view.head.kind == RECORD_SEALED;
}

static bool
is_ours(const struct salvage_row *row, const char *name)
{
	return row->v[0].len == strlen(name) && memcmp(row->v[0].p, name, row->v[0].len) == 0;
}

static enum err_code
put_other(void *arg, const struct salvage_row *row, struct err *err)
{
	struct others *o = arg;
	struct writer *w = o->w;
	char t[SALVAGE_COLUMNS + 1];
	bool taken = false;
	enum err_code rc = ERR_OK;

	for (unsigned i = 0; i < row->n; i++)
		t[i] = row->v[i].type;
	t[row->n] = '\0';
	if (is_slot(row)) {
		sqlite3_bind_int64(w->s[R_SLOT], 1, row->rowid);
		rc = run_row(w, R_SLOT, row, 1, 2, &taken, err);
		if (taken)
			o->slots |= (uint8_t)(1u << row->rowid);
	} else if (strcmp(t, "nb") == 0 && row->rowid > 0 && row->v[1].len > 17
	    && memcmp(row->v[1].p, "candour-keyring 1", 17) == 0) {
		sqlite3_bind_int64(w->s[R_RING], 1, row->rowid);
		rc = run_row(w, R_RING, row, 1, 2, &taken, err);
		o->out->ring |= taken;
	} else if (strcmp(t, "bbi") == 0 && row->v[0].len == 16 && row->v[1].len == 16) {
		rc = run_row(w, R_TAG, row, 0, 1, &taken, err);
		o->out->tags += taken;
	} else if (repair_receipt_good(row)) {
		rc = run_row(w, R_RECEIPT, row, 0, 1, &taken, err);
	} else if (strcmp(t, "ibibb") == 0 || strcmp(t, "ibibn") == 0) {
		rc = run_row(w, R_BUNDLE, row, 0, 1, &taken, err);
		o->out->bundles += taken;
	} else if (strcmp(t, "bii") == 0) {
		rc = run_row(w, R_CLOCK, row, 0, 1, &taken, err);
	} else if (strcmp(t, "bbiibbib") == 0) {
		rc = run_row(w, R_DRAFT, row, 0, 1, &taken, err);
		o->out->drafts += taken;
	} else if (strcmp(t, "bibb") == 0) {
		rc = run_row(w, R_DRAFT_WRAP, row, 0, 1, &taken, err);
	} else if (strcmp(t, "bib") == 0 && row->v[0].len == 16) {
		rc = run_row(w, R_DRAFT_LINE, row, 0, 1, &taken, err);
		o->out->lines += taken;
	} else if (strcmp(t, "tb") == 0 && !is_ours(row, "device") && !is_ours(row, "device.sign")
	    && !is_ours(row, "device.tls")) {
		rc = run_row(w, R_META, row, 0, 1, &taken, err);
	}
	return rc;
}

static enum err_code
put_meta(struct writer *w, const char *key, const void *value, size_t len, struct err *err)
{
	sqlite3_bind_text(w->s[R_META], 1, key, -1, SQLITE_STATIC);
	bind_blob(w->s[R_META], 2, value, len);
	return run(w, R_META, key, err);
}

static enum err_code
put_all(struct writer *w, struct repair_report *out, struct err *err)
{
	struct others o = { w, out, 0 };
	enum err_code rc = run(w, R_CLEAR_RECORDS, "begin", err);

	if (rc == ERR_OK)
		rc = run(w, R_CLEAR_LANES, "begin", err);
	if (rc == ERR_OK)
		rc = put_records(w, err);
	for (uint8_t lane = 0; lane < LANES && rc == ERR_OK; lane++)
		rc = put_lane(w, lane, err);
	if (rc == ERR_OK)
		rc = salvage_each(w->rows->from, put_other, &o, err);
	/* Lines and keys of drafts that are gone. */
	if (rc == ERR_OK)
		rc = db_exec(w->ob->db, "DELETE FROM draft_line WHERE draft_id NOT IN (SELECT id FROM draft); "
		    "DELETE FROM draft_wrap WHERE draft_id NOT IN (SELECT id FROM draft); "
		    "DELETE FROM tag WHERE tag IN (SELECT substr(header, 65, 16) FROM record WHERE substr(header, 7, 1) = x'01')",
		    err);
	if (rc == ERR_OK && out->device_keys)
		rc = put_meta(w, "device.sign", w->rows->sign.data, w->rows->sign.len, err);
	if (rc == ERR_OK && out->device_keys)
		rc = put_meta(w, "device.tls", w->rows->spki.data, w->rows->spki.len, err);
	for (unsigned i = 0; i < OB_SLOTS; i++)
		out->slots += (o.slots >> i) & 1u;
	return rc;
}

static enum err_code
write_store(struct repair_rows *rows, const char *to, int64_t today, struct repair_report *out, struct err *err)
{
	struct writer w = { .rows = rows, .today = today };
	bool done = false;
	enum err_code rc = outbox_create(to, rows->device, err);

	seal_random(w.nowhere, sizeof(w.nowhere));
	if (rc == ERR_OK)
		rc = outbox_open(to, OUTBOX_KIOSK, &w.ob, err);
	if (rc == ERR_OK)
		rc = db_prepare(w.ob->db, sql, w.s, R_STMTS, err);
	/* Rows of drafts come in the order of pages; what hangs on nothing is removed at the end. */
	if (rc == ERR_OK)
		rc = db_exec(w.ob->db, "PRAGMA foreign_keys = OFF", err);
	if (rc == ERR_OK)
		rc = ob_begin(w.ob, err);
	if (rc == ERR_OK)
		rc = ob_end(w.ob, put_all(&w, out, err), err);
	if (rc == ERR_OK)
		rc = ob_cut_wal(w.ob, &done, err);
	if (rc == ERR_OK && !done)
		rc = err_set(err, ERR_BROKEN, "%s: somebody else has it open", to);
	db_finalize(w.s, R_STMTS);
	outbox_close(w.ob);
	return rc;
}

enum err_code
repair_store(struct salvage *from, const char *to, const struct repair_owner *owner, int64_t today, repair_gap_fn *gap,
	void *arg, struct repair_report *out, struct err *err)
{
	struct repair_rows rows;
	enum err_code rc = repair_rows_read(from, &rows, err);

	memset(out, 0, sizeof(*out));
	salvage_about(from, &out->file);
	if (rc == ERR_OK)
		rc = repair_rows_judge(&rows, owner, gap, arg, out, err);
	if (rc == ERR_OK)
		rc = write_store(&rows, to, today, out, err);
	repair_rows_free(&rows);
	return rc;
}

enum err_code
repair_sqlite(const char *path, struct err *err)
{
	struct outbox *ob = NULL;
	sqlite3_stmt *s = NULL;
	const char *text = NULL;
	enum err_code rc = outbox_open(path, OUTBOX_READ, &ob, err);

	if (rc != ERR_OK)
		return rc;
	if (sqlite3_prepare_v2(ob->db, "PRAGMA integrity_check(1)", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(s, 0);
	if (text == NULL)
		rc = db_err(ob->db, "integrity check", err);
	else if (strcmp(text, "ok") != 0)
		rc = err_set(err, ERR_BROKEN, "SQLite finds the file damaged: %.300s", text);
	sqlite3_finalize(s);
	outbox_close(ob);
	return rc;
}
