/* Actions. See action_store.h. */
#include "aggregator/action_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/audit_store.h"
#include "aggregator/people_db.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/db.h"
#include "base/num.h"

enum { S_PUT, S_LAST, S_NEXT, S_EACH, S_N };
enum { ACTIONS_MAX = 10000 };

static const char *const sql[S_N] = {
	[S_PUT] = "INSERT INTO action VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[S_LAST] = "SELECT max(version) FROM action WHERE id = ?1",
	[S_NEXT] = "SELECT coalesce(max(id), 0) + 1 FROM action",
	[S_EACH] = "SELECT id, version, at, indicator, said, did, owner, state, due, from_day, until_day FROM action AS a"
	    " WHERE (?1 IS NULL OR indicator = ?1)"
	    " AND version = (SELECT max(version) FROM action AS b WHERE b.id = a.id) ORDER BY id",
};

struct actions {
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

enum err_code
actions_open(const char *path, struct actions **out, struct err *err)
{
	struct actions *a = calloc(1, sizeof(*a));
	enum err_code rc;

	if (a == NULL)
		return err_nomem(err);
	pthread_mutex_init(&a->lock, NULL);
	rc = people_db_open(path, &a->db, err);
	if (rc == ERR_OK)
		rc = db_prepare(a->db, sql, a->stmt, S_N, err);
	if (rc != ERR_OK) {
		actions_close(a);
		return rc;
	}
	*out = a;
	return ERR_OK;
}

void
actions_close(struct actions *a)
{
	if (a == NULL)
		return;
	db_finalize(a->stmt, S_N);
	sqlite3_close(a->db);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

static size_t
words(const char *text)
{
	size_t n = 0;

	while (*(text += strspn(text, " ")) != '\0') {
		n++;
		text += strcspn(text, " ");
	}
	return n;
}

static bool
is_line(const char *text, size_t max)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			return false;
	return strlen(text) <= max;
}

static bool
is_day(const char *text)
{
	int64_t y, m, d;
	int year, month, day;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' || !num_i64(text, 4, 2000, 2999, &y)
	    || !num_i64(text + 5, 2, 1, 12, &m) || !num_i64(text + 8, 2, 1, 31, &d))
		return false;
	date_from_day(day_from_date((int)y, (int)m, (int)d), &year, &month, &day);
	return year == y && month == m && day == d;
}

static enum err_code
check(const struct action *a, struct err *err)
{
	static const char *const states[] = { "planned", "doing", "done", "dropped" };
	const char *const texts[2][2] = { { "said", a->said }, { "did", a->did } };
	const char *const days[3][2] = { { "due", a->due }, { "from", a->from_day }, { "until", a->until_day } };
	bool known = false;

	for (size_t i = 0; i < 2; i++) {
		size_t n = words(texts[i][1]);

		if (n < 1 || n > ACTION_WORDS || !is_line(texts[i][1], 400))
			return err_set(err, ERR_INPUT, "%s has %zu words: write 1 to %d on one line, kiosks show them", texts[i][0], n,
			    ACTION_WORDS);
	}
	if (!is_line(a->owner, 100) || !is_line(a->indicator, 60))
		return err_set(err, ERR_INPUT, "owner and indicator are one line each, of 100 and 60 characters");
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		known = known || strcmp(states[i], a->state) == 0;
	if (!known)
		return err_set(err, ERR_INPUT, "state \"%.20s\": it is planned, doing, done or dropped", a->state);
	for (size_t i = 0; i < 3; i++)
		if (days[i][1][0] != '\0' && !is_day(days[i][1]))
			return err_set(err, ERR_INPUT, "%s \"%.20s\" is no day: write it as 2026-12-31", days[i][0], days[i][1]);
	if ((a->from_day[0] == '\0') != (a->until_day[0] == '\0') || strcmp(a->from_day, a->until_day) > 0)
		return err_set(err, ERR_INPUT, "from and until belong together, and from comes first");
	return ERR_OK;
}

static enum err_code
one_number(struct actions *a, int which, int64_t id, int64_t *out, struct err *err)
{
	sqlite3_stmt *s = a->stmt[which];
	enum err_code rc = ERR_OK;

	if (which == S_LAST)
		sqlite3_bind_int64(s, 1, id);
	if (sqlite3_step(s) == SQLITE_ROW)
		*out = sqlite3_column_int64(s, 0);
	else
		rc = db_err(a->db, "actions", err);
	reset(s);
	return rc;
}

/* Within a transaction. */
static enum err_code
put(struct actions *a, const struct action *x, const char *actor, int64_t now, int64_t *id, struct err *err)
{
	const char *const fields[] = { x->indicator, x->said, x->did, x->owner, x->state, x->due, x->from_day, x->until_day };
	char object[64], detail[AUDIT_TEXT];
	struct audit_entry e = { .at = now, .actor = actor, .role = "", .verb = x->id == 0 ? "add_action" : "change_action",
	    .object = object, .detail = detail };
	sqlite3_stmt *s = a->stmt[S_PUT];
	int64_t last = 0;
	enum err_code rc = ERR_OK;

	*id = x->id;
	if (x->id == 0)
		rc = one_number(a, S_NEXT, 0, id, err);
	else
		rc = one_number(a, S_LAST, x->id, &last, err);
	if (rc == ERR_OK && x->id != 0 && last == 0)
		rc = err_set(err, ERR_ABSENT, "there is no action %lld", (long long)x->id);
	if (rc != ERR_OK)
		return rc;
	sqlite3_bind_int64(s, 1, *id);
	sqlite3_bind_int64(s, 2, last + 1);
	sqlite3_bind_int64(s, 3, now);
	for (int i = 0; i < (int)ARRAY_LEN(fields); i++)
		sqlite3_bind_text(s, 4 + i, fields[i], -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_DONE)
		rc = db_err(a->db, "keep action", err);
	reset(s);
	snprintf(object, sizeof(object), "action %lld", (long long)*id);
	snprintf(detail, sizeof(detail), "version=%lld state=%s indicator=%.60s", (long long)last + 1, x->state, x->indicator);
	return rc == ERR_OK ? audit_add(a->db, &e, err) : rc;
}

enum err_code
actions_put(struct actions *a, const struct action *action, const char *actor, int64_t now, int64_t *id, struct err *err)
{
	enum err_code rc = check(action, err);

	if (rc != ERR_OK)
		return rc;
	pthread_mutex_lock(&a->lock);
	rc = db_exec(a->db, "BEGIN IMMEDIATE", err);
	if (rc == ERR_OK)
		rc = put(a, action, actor, now, id, err);
	if (rc == ERR_OK)
		rc = db_exec(a->db, "COMMIT", err);
	if (rc != ERR_OK && !sqlite3_get_autocommit(a->db))
		sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
	pthread_mutex_unlock(&a->lock);
	return rc;
}

enum err_code
actions_list(struct actions *a, const char *indicator, struct arena *m, struct action **list, size_t *n, struct err *err)
{
	sqlite3_stmt *s = a->stmt[S_EACH];
	size_t cap = 0;
	enum err_code rc = ERR_OK;
	int step = SQLITE_DONE;

	*list = NULL;
	*n = 0;
	pthread_mutex_lock(&a->lock);
	if (indicator != NULL)
		sqlite3_bind_text(s, 1, indicator, -1, SQLITE_STATIC);
	while (rc == ERR_OK && *n < ACTIONS_MAX && (step = sqlite3_step(s)) == SQLITE_ROW) {
		const char *texts[8];

		if (*n == cap) {
			struct action *more = arena_calloc(m, cap == 0 ? 16 : cap * 2, sizeof(*more));

			if (more == NULL) {
				rc = err_nomem(err);
				break;
			}
			if (*n > 0)
				memcpy(more, *list, *n * sizeof(*more));
			*list = more;
			cap = cap == 0 ? 16 : cap * 2;
		}
		for (int i = 0; i < 8; i++) {
			texts[i] = arena_str(m, (const char *)sqlite3_column_text(s, 3 + i));
			if (texts[i] == NULL)
				rc = err_nomem(err);
		}
		(*list)[(*n)++] = (struct action){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
		    texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7] };
	}
	if (rc == ERR_OK && step != SQLITE_DONE && *n < ACTIONS_MAX)
		rc = db_err(a->db, "read actions", err);
	reset(s);
	pthread_mutex_unlock(&a->lock);
	return rc;
}
