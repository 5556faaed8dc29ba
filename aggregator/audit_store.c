/* The audit chain. See audit_store.h. Entries are few: statements are prepared when they are needed. */
#include "aggregator/audit_store.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/embed.h"
#include "base/buf.h"
#include "base/codec.h"
#include "base/db.h"
#include "collector/chain.h"

enum { LINE_MAX_ = 8 * AUDIT_TEXT };

static const char add_sql[] = "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char each_sql[] = "SELECT seq, at, actor, role, verb, object, detail, link FROM audit ORDER BY seq";
static const char last_sql[] = "SELECT seq, link FROM audit ORDER BY seq DESC LIMIT 1";
static const char link_sql[] = "SELECT seq, link FROM audit WHERE seq = ?1";

const char *
audit_schema(void)
{
	return embed_find(embed_aggregator, "sql/audit-1.sql")->data;
}

/* SHA-256(BEFORE, "SEQ\tAT\tACTOR\tROLE\tVERB\tOBJECT\tDETAIL\n") */
static enum err_code
link_of(const uint8_t before[32], const struct audit_entry *e, uint8_t out[32], struct err *err)
{
	struct buf b;
	enum err_code rc;

	buf_init(&b, LINE_MAX_);
	buf_put(&b, before, 32);
	buf_printf(&b, "%lld\t%lld\t%s\t%s\t%s\t%s\t%s\n", (long long)e->seq, (long long)e->at, e->actor, e->role, e->verb,
	    e->object, e->detail);
	rc = buf_check(&b, err);
	if (rc == ERR_OK)
		chain_sha256(b.data, b.len, out);
	buf_free(&b);
	return rc;
}

static enum err_code
check(const struct audit_entry *e, struct err *err)
{
	const char *const fields[] = { e->actor, e->role, e->verb, e->object, e->detail };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strlen(fields[i]) > AUDIT_TEXT)
			return err_set(err, ERR_INPUT, "audit: a field of %zu bytes, at most %d", strlen(fields[i]), AUDIT_TEXT);
		for (const char *p = fields[i]; *p != '\0'; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				return err_set(err, ERR_INPUT, "audit: a control character in a field");
	}
	return e->actor[0] == '\0' || e->verb[0] == '\0' ? err_set(err, ERR_INPUT, "audit: nobody did it, or nothing") : ERR_OK;
}

static enum err_code
prepared(sqlite3 *db, const char *sql, sqlite3_stmt **s, struct err *err)
{
	return sqlite3_prepare_v2(db, sql, -1, s, NULL) == SQLITE_OK ? ERR_OK : db_err(db, "audit", err);
}

static enum err_code
read_link(sqlite3 *db, const char *sql, int64_t *seq, uint8_t link[32], struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = prepared(db, sql, &s, err);
	int step;

	if (rc != ERR_OK)
		return rc;
	if (sql == link_sql)
		sqlite3_bind_int64(s, 1, *seq);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW && sqlite3_column_bytes(s, 1) == 32) {
		*seq = sqlite3_column_int64(s, 0);
		memcpy(link, sqlite3_column_blob(s, 1), 32);
	} else {
		rc = step == SQLITE_DONE ? err_set(err, ERR_ABSENT, "the audit has no such entry") : db_err(db, "audit", err);
	}
	sqlite3_finalize(s);
	return rc;
}

static enum err_code
append(sqlite3 *db, struct audit_entry *e, struct err *err)
{
	uint8_t before[32] = {0};
	struct err none = {0};
	sqlite3_stmt *s = NULL;
	enum err_code rc = read_link(db, last_sql, &e->seq, before, &none);

	if (rc != ERR_OK && rc != ERR_ABSENT)
		return err_set(err, rc, "%s", none.msg);
	e->seq = rc == ERR_OK ? e->seq + 1 : 1;
	rc = link_of(before, e, e->link, err);
	if (rc == ERR_OK)
		rc = prepared(db, add_sql, &s, err);
	if (rc != ERR_OK)
		return rc;
	sqlite3_bind_int64(s, 1, e->seq);
	sqlite3_bind_int64(s, 2, e->at);
	sqlite3_bind_text(s, 3, e->actor, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, e->role, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, e->verb, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, e->object, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 7, e->detail, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 8, e->link, 32, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		rc = db_err(db, "write the audit", err);
	sqlite3_finalize(s);
	return rc;
}

enum err_code
audit_add(sqlite3 *db, const struct audit_entry *given, struct err *err)
{
	struct audit_entry e = *given;
	bool own = sqlite3_get_autocommit(db) != 0;
	enum err_code rc = check(&e, err);

	if (rc == ERR_OK && own)
		rc = db_exec(db, "BEGIN IMMEDIATE", err);
	if (rc != ERR_OK)
		return rc;
	rc = append(db, &e, err);
	if (own && rc == ERR_OK)
		rc = db_exec(db, "COMMIT", err);
	if (own && rc != ERR_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

enum err_code
audit_each(sqlite3 *db, enum err_code (*fn)(void *arg, const struct audit_entry *e, struct err *err), void *arg,
	struct err *err)
{
	sqlite3_stmt *s = NULL;
	enum err_code rc = prepared(db, each_sql, &s, err);
	int step = SQLITE_DONE;

	while (rc == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
		struct audit_entry e = {
			.seq = sqlite3_column_int64(s, 0), .at = sqlite3_column_int64(s, 1),
			.actor = (const char *)sqlite3_column_text(s, 2), .role = (const char *)sqlite3_column_text(s, 3),
			.verb = (const char *)sqlite3_column_text(s, 4), .object = (const char *)sqlite3_column_text(s, 5),
			.detail = (const char *)sqlite3_column_text(s, 6),
		};

		if (sqlite3_column_bytes(s, 7) == 32)
			memcpy(e.link, sqlite3_column_blob(s, 7), 32);
		rc = fn(arg, &e, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = db_err(db, "read the audit", err);
	sqlite3_finalize(s);
	return rc;
}

struct verifying {
	int64_t n;
	uint8_t link[32];
};

static enum err_code
verify_one(void *arg, const struct audit_entry *e, struct err *err)
{
	struct verifying *v = arg;
	uint8_t link[32];

	if (e->seq != v->n + 1)
		return err_set(err, ERR_BROKEN, "audit entry %lld is missing", (long long)v->n + 1);
	if (link_of(v->link, e, link, err) != ERR_OK)
		return err->code;
	if (memcmp(link, e->link, 32) != 0)
		return err_set(err, ERR_BROKEN, "audit entry %lld (%s, %s) is not what it was when it was written, or one before it is "
		    "not", (long long)e->seq, e->actor, e->verb);
	memcpy(v->link, link, 32);
	v->n = e->seq;
	return ERR_OK;
}

enum err_code
audit_verify(sqlite3 *db, int64_t *n, char hex[65], struct err *err)
{
	struct verifying v = {0};
	enum err_code rc = audit_each(db, verify_one, &v, err);

	*n = v.n;
	hex[0] = '\0';
	if (rc == ERR_OK && v.n > 0)
		hex_str(v.link, 32, hex);
	return rc;
}

enum err_code
audit_head(sqlite3 *db, int64_t *seq, char hex[65], struct err *err)
{
	uint8_t link[32];
	enum err_code rc = read_link(db, *seq == 0 ? last_sql : link_sql, seq, link, err);

	hex[0] = '\0';
	if (rc == ERR_OK)
		hex_str(link, 32, hex);
	return rc;
}

void
audit_me(char actor[AUDIT_TEXT])
{
	struct passwd pw, *found = NULL;
	char text[4096];

	snprintf(actor, AUDIT_TEXT, "uid %lu", (unsigned long)getuid());
	if (getpwuid_r(getuid(), &pw, text, sizeof(text), &found) == 0 && found != NULL)
		snprintf(actor, AUDIT_TEXT, "uid %lu %.100s", (unsigned long)getuid(), pw.pw_name);
}

enum err_code
audit_open(const char *path, sqlite3 **out, struct err *err)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	enum err_code rc = ERR_OK;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		rc = err_set(err, ERR_ABSENT, "cannot open %s", path);
	else if (sqlite3_prepare_v2(db, last_sql, -1, &s, NULL) != SQLITE_OK)
		rc = err_set(err, ERR_INPUT, "%s holds no audit (facts.db, pages.db and room.db do, once this version has opened them)",
		    path);
	sqlite3_finalize(s);
	if (rc != ERR_OK) {
		sqlite3_close(db);
		return rc;
	}
	*out = db;
	return ERR_OK;
}
