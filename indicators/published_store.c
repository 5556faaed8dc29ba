/* Publications as they were prepared and signed, and who did it. See facts_store.h. */
#include <stdio.h>

#include "aggregator/audit_store.h"
#include "indicators/facts_private.h"

static enum err_code
put_publication(struct facts *f, int which, int64_t no, int64_t data_rev, const char *sha256,
	const void *bytes, size_t len, struct err *err)
{
	sqlite3_stmt *s = f->stmt[which];

	sqlite3_bind_int64(s, 1, no);
	sqlite3_bind_int64(s, 2, data_rev);
	sqlite3_bind_text(s, 3, sha256, -1, SQLITE_STATIC);
	sqlite3_bind_blob64(s, 4, bytes, len, SQLITE_STATIC);
	return facts_done(f, s, "keep publication", err);
}

enum err_code
facts_prepared(struct facts *f, int64_t no, int64_t data_rev, const char *sha256, const void *bytes, size_t len,
	struct err *err)
{
	return put_publication(f, S_PUB_PREPARED, no, data_rev, sha256, bytes, len, err);
}

enum err_code
facts_published(struct facts *f, int64_t no, int64_t data_rev, const char *sha256, const void *bytes, size_t len,
	struct err *err)
{
	return put_publication(f, S_PUB_PUBLISHED, no, data_rev, sha256, bytes, len, err);
}

enum err_code
facts_last_publication(struct facts *f, int64_t *no, char sha256[65], struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_PUB_LAST];
	enum err_code rc = ERR_OK;
	int step = sqlite3_step(s);

	*no = 0;
	sha256[0] = '\0';
	if (step == SQLITE_ROW) {
		*no = sqlite3_column_int64(s, 0);
		snprintf(sha256, 65, "%s", sqlite3_column_text(s, 1));
	} else if (step != SQLITE_DONE) {
		rc = facts_err(f, "last publication", err);
	}
	facts_reset(s);
	return rc;
}

enum err_code
facts_pending(struct facts *f, struct buf *out, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_PUB_PENDING];
	enum err_code rc = ERR_OK;
	int step = sqlite3_step(s);

	if (step == SQLITE_ROW) {
		buf_put(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
		rc = buf_check(out, err);
	} else if (step != SQLITE_DONE) {
		rc = facts_err(f, "pending publication", err);
	}
	facts_reset(s);
	return rc;
}

enum err_code
facts_publications(struct facts *f, enum err_code (*fn)(void *arg, int64_t no, const void *bytes, size_t len,
	struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_PUB_EACH];
	enum err_code rc = ERR_OK;
	int step;

	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK)
		rc = fn(arg, sqlite3_column_int64(s, 0), sqlite3_column_blob(s, 1),
		    (size_t)sqlite3_column_bytes(s, 1), err);
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "publications", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_audit(struct facts *f, int64_t at, const char *actor, const char *role, const char *verb, const char *object,
	const char *detail, struct err *err)
{
	struct audit_entry e = { .at = at, .actor = actor, .role = role, .verb = verb, .object = object, .detail = detail };

	return audit_add(f->db, &e, err);
}

enum err_code
facts_audit_head(struct facts *f, char head[FACTS_TEXT], struct err *err)
{
	char hex[65];
	int64_t seq = 0;
	enum err_code rc = audit_head(f->db, &seq, hex, err);

	head[0] = '\0';
	if (rc == ERR_OK)
		snprintf(head, FACTS_TEXT, "facts %lld %s", (long long)seq, hex);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}
