/* Publications at the aggregator. See publication_store.h. */
#include "aggregator/publication_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/audit_store.h"
#include "aggregator/people_db.h"
#include "base/db.h"
#include "base/log.h"

enum { S_PUT, S_GET, S_LAST, S_EACH, S_N };

static const char *const sql[S_N] = {
	[S_PUT] = "INSERT INTO publication VALUES (?1, ?2, ?3, ?4, ?5)",
	[S_GET] = "SELECT bytes FROM publication WHERE no = ?1",
	[S_LAST] = "SELECT no, sha256 FROM publication ORDER BY no DESC LIMIT 1",
	[S_EACH] = "SELECT no, stored_at, sha256, length(bytes) FROM publication ORDER BY no",
};

/* A read publication and the bytes it borrows from; freed when nobody holds it and a newer one came. */
struct publication_held {
	struct publication pub;
	struct buf bytes;
	size_t holders;
};

struct publications {
	sqlite3 *db;
	sqlite3_stmt *stmt[S_N];
	pthread_mutex_t lock;
	struct publication_held *last;	/* counts as one holder */
};

static void
reset(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

static void
drop(struct publication_held *h)
{
	if (h == NULL || --h->holders > 0)
		return;
	pub_clear(&h->pub);
	buf_free(&h->bytes);
	free(h);
}

/* The lock is held. */
static enum err_code
last(struct publications *p, int64_t *no, char sha256[65], struct err *err)
{
	sqlite3_stmt *s = p->stmt[S_LAST];
	enum err_code rc = ERR_OK;
	int step = sqlite3_step(s);

	*no = 0;
	sha256[0] = '\0';
	if (step == SQLITE_ROW) {
		*no = sqlite3_column_int64(s, 0);
		snprintf(sha256, 65, "%s", sqlite3_column_text(s, 1));
	} else if (step != SQLITE_DONE) {
		rc = db_err(p->db, "last publication", err);
	}
	reset(s);
	return rc;
}

static enum err_code
get(struct publications *p, int64_t no, struct buf *out, struct err *err)
{
	sqlite3_stmt *s = p->stmt[S_GET];
	enum err_code rc = ERR_OK;
	int step;

	sqlite3_bind_int64(s, 1, no);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		buf_put(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
		rc = buf_check(out, err);
	} else {
		rc = step == SQLITE_DONE ? err_set(err, ERR_ABSENT, "no publication %lld", (long long)no)
		    : db_err(p->db, "read publication", err);
	}
	reset(s);
	return rc;
}

/* Read the newest into memory, in place of the one that was there. The lock is held. */
static enum err_code
load(struct publications *p, struct err *err)
{
	struct publication_held *h;
	int64_t no;
	char sha256[65];
	enum err_code rc = last(p, &no, sha256, err);

	if (rc != ERR_OK || no == 0 || (p->last != NULL && p->last->pub.manifest.no == no))
		return rc;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return err_nomem(err);
	h->holders = 1;
	buf_init(&h->bytes, PUB_MAX);
	rc = get(p, no, &h->bytes, err);
	if (rc == ERR_OK)
		rc = pub_read(h->bytes.data, h->bytes.len, &h->pub, err);
	if (rc != ERR_OK) {
		drop(h);
		return rc;
	}
	drop(p->last);
	p->last = h;
	return ERR_OK;
}

enum err_code
publications_open(const char *path, struct publications **out, struct err *err)
{
	struct publications *p = calloc(1, sizeof(*p));
	enum err_code rc;

	if (p == NULL)
		return err_nomem(err);
	pthread_mutex_init(&p->lock, NULL);
	rc = people_db_open(path, &p->db, err);
	if (rc == ERR_OK)
		rc = db_prepare(p->db, sql, p->stmt, S_N, err);
	if (rc == ERR_OK)
		rc = load(p, err);
	if (rc != ERR_OK) {
		publications_close(p);
		return rc;
	}
	*out = p;
	return ERR_OK;
}

void
publications_close(struct publications *p)
{
	if (p == NULL)
		return;
	drop(p->last);
	db_finalize(p->stmt, S_N);
	sqlite3_close(p->db);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Whoever holds the publish key did it: its signature is the name. */
static enum err_code
write_down(struct publications *p, const struct publication *pub, int64_t now, struct err *err)
{
	char object[64], detail[AUDIT_TEXT];
	struct audit_entry e = { .at = now, .actor = "publish key", .role = "commissioner", .verb = "publish",
	    .object = object, .detail = detail };

	snprintf(object, sizeof(object), "publication %lld", (long long)pub->manifest.no);
	snprintf(detail, sizeof(detail), "sha256=%s", pub->file_sha256);
	return audit_add(p->db, &e, err);
}

enum err_code
publications_put(struct publications *p, const void *bytes, size_t len, const struct keyring *ring, int64_t now,
	int64_t *no, struct err *err)
{
	sqlite3_stmt *s = p->stmt[S_PUT];
	struct publication pub;
	char sha256[65];
	int64_t last_no;
	enum err_code rc = pub_read(bytes, len, &pub, err);

	if (rc != ERR_OK)
		return rc;
	*no = pub.manifest.no;
	pthread_mutex_lock(&p->lock);
	rc = pub_verify_ring(&pub, ring, err);
	if (rc == ERR_OK)
		rc = last(p, &last_no, sha256, err);
	if (rc == ERR_OK)
		rc = pub_follows(&pub, last_no, sha256, err);
	if (rc != ERR_OK)
		goto out;
	rc = db_exec(p->db, "BEGIN IMMEDIATE", err);
	if (rc != ERR_OK)
		goto out;
	sqlite3_bind_int64(s, 1, pub.manifest.no);
	sqlite3_bind_text(s, 2, pub.file_sha256, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, pub.manifest.previous, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, now);
	sqlite3_bind_blob64(s, 5, bytes, len, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		rc = db_err(p->db, "keep publication", err);
	reset(s);
	if (rc == ERR_OK)
		rc = write_down(p, &pub, now, err);
	if (rc == ERR_OK)
		rc = db_exec(p->db, "COMMIT", err);
	if (rc != ERR_OK && !sqlite3_get_autocommit(p->db))
		sqlite3_exec(p->db, "ROLLBACK", NULL, NULL, NULL);
	if (rc == ERR_OK)
		rc = load(p, err);
out:
	pthread_mutex_unlock(&p->lock);
	pub_clear(&pub);
	return rc;
}

enum err_code
publications_get(struct publications *p, int64_t no, struct buf *out, struct err *err)
{
	char sha256[65];
	enum err_code rc = ERR_OK;

	pthread_mutex_lock(&p->lock);
	if (no == 0)
		rc = last(p, &no, sha256, err);
	if (rc == ERR_OK)
		rc = get(p, no, out, err);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

enum err_code
publications_last(struct publications *p, int64_t *no, char sha256[65], struct err *err)
{
	enum err_code rc;

	pthread_mutex_lock(&p->lock);
	rc = last(p, no, sha256, err);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

/* Another aggregator on the same database may have stored a newer one: look each time. */
struct publication_held *
publications_hold(struct publications *p)
{
	struct publication_held *h;
	struct err ignored = {0};

	pthread_mutex_lock(&p->lock);
	/* If the newer one cannot be read, the one in hand is still true. */
	if (load(p, &ignored) != ERR_OK)
		log_err("pages", "read_publication", &ignored);
	h = p->last;
	if (h != NULL)
		h->holders++;
	pthread_mutex_unlock(&p->lock);
	return h;
}

const struct publication *
publication_of(const struct publication_held *h)
{
	return &h->pub;
}

void
publications_release(struct publications *p, struct publication_held *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	drop(h);
	pthread_mutex_unlock(&p->lock);
}

enum err_code
publications_each(struct publications *p, enum err_code (*fn)(void *arg, const struct publication_line *line,
	struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = p->stmt[S_EACH];
	enum err_code rc = ERR_OK;
	int step;

	pthread_mutex_lock(&p->lock);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct publication_line line = {
			.no = sqlite3_column_int64(s, 0),
			.stored_at = sqlite3_column_int64(s, 1),
			.sha256 = (const char *)sqlite3_column_text(s, 2),
			.len = (size_t)sqlite3_column_int64(s, 3),
		};

		rc = fn(arg, &line, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = db_err(p->db, "list publications", err);
	reset(s);
	pthread_mutex_unlock(&p->lock);
	return rc;
}
