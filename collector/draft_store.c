/* Rows of drafts. See draft.h, draft_rows.h. What a draft becomes and that it is gone is one transaction. */
#include <string.h>

#include "collector/draft_rows.h"
#include "collector/outbox_db.h"

static enum err_code
put(struct outbox *ob, const struct draft_row *row, struct err *err)
{
	enum err_code rc = ob_exec(ob, OB_DRAFT_PUT, "keep draft", err, "bbiibbib", row->id, (size_t)16, row->form,
	    (size_t)16, (int64_t)row->kdf_t, (int64_t)row->kdf_m, row->salt, (size_t)16, row->wrap_pass,
	    (size_t)DRAFT_WRAP_PASS, row->day, row->head, (size_t)DRAFT_HEAD);

	for (size_t i = 0; i < row->n_wraps && rc == ERR_OK; i++)
		rc = ob_exec(ob, OB_DRAFT_WRAP_PUT, "keep draft key", err, "bibb", row->id, (size_t)16, (int64_t)i,
		    row->key_ids[i], (size_t)8, row->wraps[i], (size_t)RECORD_WRAP);
	return rc;
}

enum err_code
draft_row_put(struct outbox *ob, const struct draft_row *row, struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK)
		rc = ob_end(ob, put(ob, row, err), err);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

static enum err_code
get_row(struct outbox *ob, const uint8_t id[16], struct draft_row *row, struct err *err)
{
	sqlite3_stmt *s = ob->stmt[OB_DRAFT_GET];
	enum err_code rc = ob_query(ob, OB_DRAFT_GET, "draft", err, "b", id, (size_t)16);

	if (rc != ERR_OK)
		return rc;
	memset(row, 0, sizeof(*row));
	memcpy(row->id, id, 16);
	row->kdf_t = (uint32_t)sqlite3_column_int64(s, 1);
	row->kdf_m = (uint32_t)sqlite3_column_int64(s, 2);
	row->day = sqlite3_column_int64(s, 5);
	rc = ob_blob(ob, OB_DRAFT_GET, 0, row->form, 16, err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_DRAFT_GET, 3, row->salt, 16, err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_DRAFT_GET, 4, row->wrap_pass, DRAFT_WRAP_PASS, err);
	if (rc == ERR_OK)
		rc = ob_blob(ob, OB_DRAFT_GET, 6, row->head, DRAFT_HEAD, err);
	ob_done(ob, OB_DRAFT_GET);
	return rc;
}

static enum err_code
get_wraps(struct outbox *ob, struct draft_row *row, struct err *err)
{
	enum err_code rc = ob_query(ob, OB_DRAFT_WRAPS, "draft keys", err, "b", row->id, (size_t)16);

	while (rc == ERR_OK && row->n_wraps < RECORD_RECIPIENTS) {
		rc = ob_blob(ob, OB_DRAFT_WRAPS, 0, row->key_ids[row->n_wraps], 8, err);
		if (rc == ERR_OK)
			rc = ob_blob(ob, OB_DRAFT_WRAPS, 1, row->wraps[row->n_wraps], RECORD_WRAP, err);
		row->n_wraps += rc == ERR_OK;
		if (rc == ERR_OK)
			rc = ob_next(ob, OB_DRAFT_WRAPS, "draft keys", err);
	}
	ob_done(ob, OB_DRAFT_WRAPS);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static enum err_code
get_lines(struct outbox *ob, const uint8_t id[16], draft_box_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *s = ob->stmt[OB_DRAFT_LINES];
	enum err_code rc = ob_query(ob, OB_DRAFT_LINES, "draft lines", err, "b", id, (size_t)16);

	while (rc == ERR_OK) {
		const void *box = sqlite3_column_blob(s, 1);

		if (box == NULL)
			rc = err_nomem(err);
		else
			rc = fn(arg, (uint32_t)sqlite3_column_int64(s, 0), box, (size_t)sqlite3_column_bytes(s, 1), err);
		if (rc != ERR_OK) {
			ob_done(ob, OB_DRAFT_LINES);
			return rc;
		}
		rc = ob_next(ob, OB_DRAFT_LINES, "draft lines", err);
	}
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

enum err_code
draft_row_get(struct outbox *ob, const uint8_t id[16], struct draft_row *row, draft_box_fn *fn, void *arg,
	struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	/* One transaction: row and lines belong together. */
	if (rc == ERR_OK)
		rc = ob_exec(ob, OB_BEGIN_READ, "begin", err, "");
	if (rc == ERR_OK) {
		rc = get_row(ob, id, row, err);
		if (rc == ERR_OK)
			rc = get_wraps(ob, row, err);
		if (rc == ERR_OK && fn != NULL)
			rc = get_lines(ob, id, fn, arg, err);
		rc = ob_end(ob, rc, err);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
draft_row_add(struct outbox *ob, const uint8_t id[16], uint32_t n, const struct buf *box,
	const uint8_t head[DRAFT_HEAD], struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK) {
		rc = ob_exec(ob, OB_DRAFT_LINE_PUT, "keep line", err, "bib", id, (size_t)16, (int64_t)n, box->data,
		    box->len);
		if (rc == ERR_OK)
			rc = ob_exec(ob, OB_DRAFT_HEAD, "keep head", err, "bb", head, (size_t)DRAFT_HEAD, id, (size_t)16);
		rc = ob_end(ob, rc, err);
	}
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

enum err_code
draft_list(struct outbox *ob, struct draft_about *out, size_t max, size_t *n, struct err *err)
{
	sqlite3_stmt *s;
	enum err_code rc = ob_enter(ob, err);

	*n = 0;
	if (rc != ERR_OK)
		goto out;
	s = ob->stmt[OB_DRAFT_LIST];
	rc = ob_query(ob, OB_DRAFT_LIST, "drafts", err, "");
	while (rc == ERR_OK && *n < max) {
		struct draft_about *a = &out[*n];

		rc = ob_blob(ob, OB_DRAFT_LIST, 0, a->id, 16, err);
		if (rc == ERR_OK)
			rc = ob_blob(ob, OB_DRAFT_LIST, 1, a->form, 16, err);
		a->day = sqlite3_column_int64(s, 2);
		a->lines = (uint32_t)sqlite3_column_int64(s, 3);
		*n += rc == ERR_OK;
		if (rc == ERR_OK)
			rc = ob_next(ob, OB_DRAFT_LIST, "drafts", err);
	}
	ob_done(ob, OB_DRAFT_LIST);
	if (rc == ERR_ABSENT)
		rc = ERR_OK;
out:
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

/* Within a transaction. ERR_ABSENT: it is gone already. */
static enum err_code
drop(struct outbox *ob, const uint8_t id[16], struct err *err)
{
	enum err_code rc = ob_exec(ob, OB_DRAFT_DROP, "drop draft", err, "b", id, (size_t)16);

	if (rc == ERR_OK && sqlite3_changes(ob->db) == 0)
		rc = err_set(err, ERR_ABSENT, "there is no such draft");
	return rc;
}

/* secure_delete has written zeros over rows; the log still holds what they were. If a reader is in the way,
 * outbox_idle tries again. */
static bool
cut(struct outbox *ob)
{
	struct err ignored;
	bool done = false;

	if (ob_cut_wal(ob, &done, &ignored) != ERR_OK || !done)
		ob->cut_wal = true;
	return done;
}

enum err_code
draft_drop(struct outbox *ob, const uint8_t id[16], struct err *err)
{
	enum err_code rc = ob_enter(ob, err);

	if (rc == ERR_OK)
		rc = ob_begin(ob, err);
	if (rc == ERR_OK)
		rc = ob_end(ob, drop(ob, id, err), err);
	if (rc == ERR_OK)
		(void)cut(ob);
	pthread_mutex_unlock(&ob->lock);
	return rc;
}

static enum err_code
send_once(struct outbox *ob, const uint8_t id[16], const struct sealed_record *r, int64_t day, struct err *err)
{
	uint8_t device[16];
	enum err_code rc = ob_begin(ob, err);

	if (rc != ERR_OK)
		return rc;
	rc = ob_query(ob, OB_RECORD_HAS, "look for record", err, "b", r->id, (size_t)16);
	if (rc == ERR_OK) {
		/* Closed before: only the draft may still be there. */
		ob_done(ob, OB_RECORD_HAS);
	} else if (rc == ERR_ABSENT) {
		rc = ob_device(ob, device, err);
		if (rc == ERR_OK && memcmp(device, r->header + 8, 16) != 0)
			rc = err_set(err, ERR_INPUT, "the record is sealed as another device's");
		if (rc == ERR_OK)
			rc = ob_append(ob, r, err);
		if (rc == ERR_OK)
			rc = ob_exec(ob, OB_TAG_PUT, "keep tag", err, "bbi", r->header + 64, (size_t)16, r->id, (size_t)16,
			    day);
	}
	if (rc == ERR_OK) {
		rc = drop(ob, id, err);
		if (rc == ERR_ABSENT)
			rc = ERR_OK;
	}
	return ob_end(ob, rc, err);
}

enum err_code
draft_send(struct outbox *ob, const uint8_t id[16], const struct sealed_record *r, int64_t day, struct err *err)
{
	bool was_unknown = false;
	enum err_code rc;

	if (r->lane != LANE_ANSWERS || memcmp(r->id, id, 16) != 0)
		return err_set(err, ERR_INPUT, "a draft becomes a lane 0 record of its own id");
	rc = ob_enter(ob, err);
	if (rc == ERR_OK) {
		rc = send_once(ob, id, r, day, err);
		/* Unknown, not no: look at the file anew; what is there is left as it is. */
		was_unknown = rc == ERR_BROKEN || rc == ERR_NOMEM;
		if (was_unknown) {
			rc = ob_reopen(ob, err);
			if (rc == ERR_OK)
				rc = send_once(ob, id, r, day, err);
		}
	}
	/* What reads back after a failed sync may only be in memory: moving the log writes it anew. */
	if (rc == ERR_OK && !cut(ob) && was_unknown)
		rc = err_set(err, ERR_BROKEN, "the record is there, but it cannot be known whether for good");
	pthread_mutex_unlock(&ob->lock);
	return rc;
}
