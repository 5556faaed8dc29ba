/* Who took what. See pull_store.h. */
#include "aggregator/pull_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "aggregator/people_db.h"
#include "base/db.h"

enum { S_ADD, S_EACH, S_FORGET, S_N };
enum { DAY_S = 86400 };

static const char *const sql[S_N] = {
	[S_ADD] = "INSERT INTO pull VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6) ON CONFLICT (day, who, by_program, what, publication)"
	    " DO UPDATE SET times = times + 1, last_at = max(last_at, excluded.last_at)",
	[S_EACH] = "SELECT who, by_program, what, publication, times, first_at, last_at FROM pull WHERE day >= ?1"
	    " ORDER BY first_at, who, what, publication, by_program",
	[S_FORGET] = "DELETE FROM pull WHERE day < ?1",
};

struct pulls {
	sqlite3 *db;
	sqlite3_stmt *stmt[S_N];
	pthread_mutex_t lock;
};

static void
reset(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

/* Run statement S, bound, which returns no row. The lock is held, or nobody else knows P yet. */
static enum err_code
done(struct pulls *p, sqlite3_stmt *s, const char *what, struct err *err)
{
	enum err_code rc = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : db_err(p->db, what, err);

	reset(s);
	return rc;
}

enum err_code
pulls_open(const char *path, int64_t now, struct pulls **out, struct err *err)
{
	struct pulls *p = calloc(1, sizeof(*p));
	enum err_code rc;

	if (p == NULL)
		return err_nomem(err);
	pthread_mutex_init(&p->lock, NULL);
	rc = people_db_open(path, &p->db, err);
	if (rc == ERR_OK)
		rc = db_prepare(p->db, sql, p->stmt, S_N, err);
	if (rc == ERR_OK) {
		sqlite3_bind_int64(p->stmt[S_FORGET], 1, now / DAY_S - PULLS_KEPT_DAYS);
		rc = done(p, p->stmt[S_FORGET], "forget old pulls", err);
	}
	if (rc != ERR_OK) {
		pulls_close(p);
		return rc;
	}
	*out = p;
	return ERR_OK;
}

void
pulls_close(struct pulls *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < S_N; i++)
		sqlite3_finalize(p->stmt[i]);
	sqlite3_close(p->db);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

enum err_code
pulls_add(struct pulls *p, const char *who, bool by_program, const char *what, int64_t publication, int64_t now,
	struct err *err)
{
	sqlite3_stmt *s = p->stmt[S_ADD];
	char cut[PULL_WHAT + 1];
	enum err_code rc;

	snprintf(cut, sizeof(cut), "%s", what);
	pthread_mutex_lock(&p->lock);
	sqlite3_bind_int64(s, 1, now / DAY_S);
	sqlite3_bind_text(s, 2, who, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 3, by_program);
	sqlite3_bind_text(s, 4, cut, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, publication);
	sqlite3_bind_int64(s, 6, now);
	rc = done(p, s, "keep who took what", err);
	pthread_mutex_unlock(&p->lock);
	return rc;
}

enum err_code
pulls_each(struct pulls *p, int64_t since, enum err_code (*fn)(void *arg, const struct pull_line *line, struct err *err),
	void *arg, struct err *err)
{
	sqlite3_stmt *s = p->stmt[S_EACH];
	enum err_code rc = ERR_OK;
	int step = SQLITE_DONE;

	pthread_mutex_lock(&p->lock);
	sqlite3_bind_int64(s, 1, since / DAY_S);
	while (rc == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
		struct pull_line line = {
			.who = (const char *)sqlite3_column_text(s, 0), .by_program = sqlite3_column_int(s, 1) != 0,
			.what = (const char *)sqlite3_column_text(s, 2), .publication = sqlite3_column_int64(s, 3),
			.times = sqlite3_column_int64(s, 4), .first_at = sqlite3_column_int64(s, 5),
			.last_at = sqlite3_column_int64(s, 6),
		};

		rc = line.who == NULL || line.what == NULL ? err_nomem(err) : fn(arg, &line, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = db_err(p->db, "who took what", err);
	reset(s);
	pthread_mutex_unlock(&p->lock);
	return rc;
}
