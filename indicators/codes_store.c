/* Agreed codes, kept by record. See coding.h. */
#include <string.h>

#include "indicators/coding.h"
#include "indicators/facts_private.h"

static void
bind(sqlite3_stmt *s, const char *site, const uint8_t record[FACTS_ID])
{
	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, record, FACTS_ID, SQLITE_STATIC);
}

enum err_code
facts_put_code(struct facts *f, const char *site, const uint8_t record[FACTS_ID], const char *frame, const char *themes,
	int64_t at, bool *changed, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_CODE_PUT];
	enum err_code rc;

	bind(s, site, record);
	sqlite3_bind_text(s, 3, frame, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, themes, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, at);
	rc = facts_done(f, s, "keep codes", err);
	*changed = rc == ERR_OK && sqlite3_changes(f->db) > 0;
	return rc;
}

enum err_code
facts_codes(struct facts *f, const char *site, const uint8_t record[FACTS_ID], struct arena *a,
	struct coded list[CODING_FRAMES], size_t *n, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_CODE_EACH];
	enum err_code rc = ERR_OK;
	int step = SQLITE_DONE;

	*n = 0;
	bind(s, site, record);
	while (rc == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
		if (*n == CODING_FRAMES) {
			rc = err_set(err, ERR_LIMIT, "a comment is coded with more than %d frames", CODING_FRAMES);
			break;
		}
		list[*n] = (struct coded){ arena_str(a, (const char *)sqlite3_column_text(s, 0)),
		    arena_str(a, (const char *)sqlite3_column_text(s, 1)) };
		if (list[*n].frame == NULL || list[*n].themes == NULL)
			rc = err_nomem(err);
		++*n;
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "codes of a record", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_drop_codes(struct facts *f, const char *site, const uint8_t record[FACTS_ID], struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_CODE_DROP];

	bind(s, site, record);
	return facts_done(f, s, "erase codes", err);
}
