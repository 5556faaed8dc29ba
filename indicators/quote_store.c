/* Quotes in the facts. See quotes.h; the rules stand in sql/quotes-1.sql too. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "indicators/facts_private.h"
#include "indicators/quotes.h"

enum { DAY_TEXT = 32 };

static const char *
column(sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	return text == NULL ? "" : text;
}

/* First and last day of the quarter of the calendar that holds DAY. */
static void
quarter_days(int64_t day, int64_t *first, int64_t *last)
{
	int y, m, d;

	date_from_day(day, &y, &m, &d);
	m = (m - 1) / 3 * 3 + 1;
	*first = day_from_date(y, m, 1);
	*last = (m == 10 ? day_from_date(y + 1, 1, 1) : day_from_date(y, m + 3, 1)) - 1;
}

void
quote_quarter(int64_t day, char text[32])
{
	int64_t first, last;
	int y, m, d, y2, m2;

	quarter_days(day, &first, &last);
	date_from_day(first, &y, &m, &d);
	date_from_day(last, &y2, &m2, &d);
	snprintf(text, DAY_TEXT, "%04d-%02d..%04d-%02d", y % 10000, m, y2 % 10000, m2);
}

enum err_code
quote_may_name(struct facts *f, const char *site, int64_t day, bool *may, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_SITE_DAYS];
	int64_t first, last;
	enum err_code rc = ERR_OK;

	*may = false;
	quarter_days(day, &first, &last);
	sqlite3_bind_text(s, 1, site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, first);
	sqlite3_bind_int64(s, 3, last);
	if (sqlite3_step(s) == SQLITE_ROW)
		*may = sqlite3_column_int64(s, 0) >= QUOTE_AREA_MIN;
	else
		rc = facts_err(f, "count answers of a quarter", err);
	facts_reset(s);
	return rc;
}

static void
get_quote(sqlite3_stmt *s, struct quote *q)
{
	*q = (struct quote){
		.id = sqlite3_column_int64(s, 0), .version = sqlite3_column_int64(s, 1), .at = sqlite3_column_int64(s, 2),
		.actor = column(s, 3), .state = column(s, 4), .site = column(s, 5), .question = column(s, 7),
		.role = column(s, 8), .area = column(s, 9), .quarter = column(s, 10), .text = column(s, 11), .proposer = column(s, 12),
	};
	if (sqlite3_column_bytes(s, 6) == FACTS_ID)
		memcpy(q->record, sqlite3_column_blob(s, 6), FACTS_ID);
	if (q->text[0] == '\0')
		q->state = "withdrawn";
}

/* The next version of Q, in the transaction that is open. */
static enum err_code
put(struct facts *f, const struct quote *q, int64_t version, const char *state, const char *actor, int64_t now,
	struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_QUOTE_PUT];
	const char *const texts[] = { q->question, q->role, q->area, q->quarter, q->text };

	sqlite3_bind_int64(s, 1, q->id);
	sqlite3_bind_int64(s, 2, version);
	sqlite3_bind_int64(s, 3, now);
	sqlite3_bind_text(s, 4, actor, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, state, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 6, q->site, -1, SQLITE_STATIC);
	sqlite3_bind_blob(s, 7, q->record, FACTS_ID, SQLITE_STATIC);
	for (int i = 0; i < (int)ARRAY_LEN(texts); i++)
		sqlite3_bind_text(s, 8 + i, texts[i], -1, SQLITE_STATIC);
	return facts_done(f, s, "keep quote", err);
}

/* Write it down: no text, and no record, which would tell whose it was once the site is known. */
static enum err_code
note(struct facts *f, const struct quote *q, const char *verb, const char *actor, const char *role, int64_t now, struct err *err)
{
	char object[64], detail[160];

	snprintf(object, sizeof(object), "quote %lld", (long long)q->id);
	snprintf(detail, sizeof(detail), "area=%.60s quarter=%.20s", q->area[0] == '\0' ? "all" : q->area, q->quarter);
	return facts_audit(f, now, actor, role, verb, object, detail, err);
}

struct same {
	const struct quote *q;
	bool found;
};

static enum err_code
is_same(void *arg, const struct quote *q, struct err *err)
{
	struct same *s = arg;

	(void)err;
	s->found = s->found || (memcmp(q->record, s->q->record, FACTS_ID) == 0 && strcmp(q->site, s->q->site) == 0
	    && strcmp(q->text, s->q->text) == 0 && (strcmp(q->state, "proposed") == 0 || strcmp(q->state, "released") == 0));
	return ERR_OK;
}

enum err_code
quote_propose(struct facts *f, const struct quote *q, const char *actor, const char *role, int64_t now, int64_t *id,
	struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_QUOTE_NEXT];
	struct same same = { q, false };
	struct quote next = *q;
	enum err_code rc = facts_begin(f, err);

	if (rc != ERR_OK)
		return rc;
	rc = quote_each(f, is_same, &same, err);
	if (rc == ERR_OK && same.found)
		rc = err_set(err, ERR_EXISTS, "this is proposed already");
	if (rc == ERR_OK && sqlite3_step(s) != SQLITE_ROW)
		rc = facts_err(f, "number quotes", err);
	if (rc == ERR_OK)
		next.id = *id = sqlite3_column_int64(s, 0);
	facts_reset(s);
	if (rc == ERR_OK)
		rc = put(f, &next, 1, "proposed", actor, now, err);
	if (rc == ERR_OK)
		rc = note(f, &next, "propose_quote", actor, role, now, err);
	if (rc == ERR_OK)
		rc = facts_commit(f, err);
	if (rc != ERR_OK)
		facts_rollback(f);
	return rc;
}

/* The newest version of ID is Q, borrowed from S: the caller resets it. */
static enum err_code
newest(struct facts *f, int64_t id, sqlite3_stmt *s, struct quote *q, struct err *err)
{
	int step;

	sqlite3_bind_int64(s, 1, id);
	step = sqlite3_step(s);
	if (step == SQLITE_DONE)
		return err_set(err, ERR_ABSENT, "there is no quote %lld", (long long)id);
	if (step != SQLITE_ROW)
		return facts_err(f, "read quote", err);
	get_quote(s, q);
	return ERR_OK;
}

enum err_code
quote_decide(struct facts *f, int64_t id, const char *state, const char *actor, const char *role, int64_t now, struct err *err)
{
	bool release = strcmp(state, "released") == 0, take_back = strcmp(state, "taken_back") == 0;
	sqlite3_stmt *s = f->stmt[S_QUOTE_GET];
	struct quote q;
	enum err_code rc = facts_begin(f, err);

	if (rc != ERR_OK)
		return rc;
	rc = newest(f, id, s, &q, err);
	if (rc == ERR_OK && strcmp(q.state, "proposed") != 0 && !(take_back && strcmp(q.state, "released") == 0))
		rc = err_set(err, ERR_INPUT, "quote %lld is %s: that cannot be done with it any more", (long long)id, q.state);
	if (rc == ERR_OK && release && strcmp(q.proposer, actor) == 0)
		rc = err_set(err, ERR_DENIED, "another person releases what you proposed");
	if (rc == ERR_OK)
		rc = put(f, &q, q.version + 1, state, actor, now, err);
	if (rc == ERR_OK)
		rc = note(f, &q, release ? "release_quote" : take_back ? "take_back_quote" : "refuse_quote", actor, role, now, err);
	facts_reset(s);
	if (rc == ERR_OK)
		rc = facts_commit(f, err);
	if (rc != ERR_OK)
		facts_rollback(f);
	return rc;
}

enum err_code
quote_each(struct facts *f, enum err_code (*fn)(void *arg, const struct quote *q, struct err *err), void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_QUOTE_EACH];
	enum err_code rc = ERR_OK;
	int step = SQLITE_DONE;

	while (rc == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
		struct quote q;

		get_quote(s, &q);
		rc = fn(arg, &q, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "quotes", err);
	facts_reset(s);
	return rc;
}
