/* Quotes in the reading room: one person proposes what is left of a comment, another releases it. See quotes.h. */
#include <stdio.h>
#include <string.h>

#include "aggregator/audit_store.h"
#include "aggregator/say.h"
#include "base/codec.h"
#include "base/num.h"
#include "collector/seal.h"
#include "forms/expr.h"
#include "indicators/quotes.h"
#include "indicators/room_private.h"
#include "indicators/templates.h"

enum { QUOTES_SHOWN = 500, PERIOD_TEXT = 48 };

/* What is asked for to be written in; concerns are not among it, and groups speak as groups. */
static const char *const quotable[] = { "comment", "better" };

bool
room_may_be_quoted(const struct form *form, const char *question, struct instance *in)
{
	struct expr *e = NULL;
	struct value v;
	struct err err = {0};
	bool asked = false, may = false;

	for (size_t i = 0; i < ARRAY_LEN(quotable); i++)
		asked = asked || strcmp(quotable[i], question) == 0;
	if (asked && strcmp(form_setting(form, "family"), "group") != 0 && strcmp(form_setting(form, "lane"), "concern") != 0
	    && expr_compile(form, "${_quote_ok} = 'yes'", 20, NULL, NULL, &e, &err) == ERR_OK)
		may = expr_eval(e, in, &v, &err) == ERR_OK && value_bool(&v);
	expr_free(e);
	return may;
}

struct source {
	const struct room_reading *rd;
	const char *question;
	struct store *store;
	const char *text, *role;
	int64_t day;
	bool may;
};

static enum err_code
read_source(void *arg, const struct facts_record *r, struct err *err)
{
	struct source *s = arg;
	const struct known_form *form;
	struct instance *in = NULL;
	struct expr *e = NULL;
	struct value v;
	struct buf plain;
	enum err_code rc;

	buf_init_secret(&plain, 2 * RECORD_PLAIN_MAX);
	rc = room_open_record(s->rd->room, s->store, r, &plain, &form, &in, err);
	if (rc == ERR_OK) {
		s->text = arena_str(s->rd->arena, instance_text(in, s->question));
		s->may = room_may_be_quoted(form->form, s->question, in);
		s->day = r->day;
		rc = expr_compile(form->form, "${_role}", 8, NULL, NULL, &e, err);
	}
	if (rc == ERR_OK)
		rc = expr_eval(e, in, &v, err);
	if (rc == ERR_OK)
		s->role = arena_str(s->rd->arena, v.kind == VALUE_TEXT ? v.text : "");
	if (rc == ERR_OK && (s->text == NULL || s->role == NULL))
		rc = err_nomem(err);
	if (rc == ERR_OK && s->text[0] == '\0')
		rc = err_set(err, ERR_ABSENT, "nothing was written there");
	expr_free(e);
	instance_free(in);
	buf_free(&plain);
	return rc;
}

/* "people who use services, April to June 2026, elm" */
static const char *
shown_as(struct arena *a, const char *role, const char *quarter, const char *area)
{
	char period[PERIOD_TEXT], start[16], end[16];
	const char *who = say_category("role", role);

	snprintf(start, sizeof(start), "%.7s-01", quarter);
	snprintf(end, sizeof(end), "%.7s-28", strlen(quarter) > 9 ? quarter + 9 : quarter);
	say_period(start, end, period);
	return arena_printf(a, "%s%s%s, %s", who, who[0] == '\0' ? "" : ", ", period, area[0] == '\0' ? "whole organisation" : area);
}

/* What is known of the answer that Q is of; Q's fields but text. */
static enum err_code
find_source(const struct room_reading *rd, const char *record, const char *question, struct source *s, struct quote *q,
	struct err *err)
{
	bool named = false;
	char *quarter = arena_alloc(rd->arena, 32);
	enum err_code rc;

	*s = (struct source){ .rd = rd, .question = question };
	*q = (struct quote){ .site = rd->site, .question = question };
	if (quarter == NULL)
		return err_nomem(err);
	if (rd->site == NULL || question == NULL || record == NULL || strlen(record) != 2 * FACTS_ID
	    || !hex_get(record, strlen(record), q->record, FACTS_ID))
		return err_set(err, ERR_INPUT, "say which comment: it has a link on the page of comments");
	rc = store_open(rd->room->conf.store, false, &s->store, err);
	if (rc == ERR_OK)
		rc = facts_record_one(rd->facts, rd->site, q->record, read_source, s, err);
	store_close(s->store);
	if (rc == ERR_OK)
		rc = quote_may_name(rd->facts, rd->site, s->day, &named, err);
	if (rc != ERR_OK)
		return rc;
	quote_quarter(s->day, quarter);
	q->quarter = quarter;
	q->role = s->role;
	q->area = named ? rd->site : "";
	return ERR_OK;
}

enum err_code
room_quote(const struct room_reading *rd, const char *record, const char *question, const char *text, const char *error,
	const char *csrf, struct buf *out, struct err *err)
{
	struct room_quote_view v;
	struct source s;
	struct quote q;
	struct buf suggested, look_at;
	enum err_code rc = find_source(rd, record, question, &s, &q, err);
	char object[AUDIT_TEXT];

	if (rc != ERR_OK)
		return rc;
	/* What is not written down is not shown. */
	snprintf(object, sizeof(object), "site %.100s", rd->site);
	rc = facts_audit(rd->facts, clock_now_s(rd->room->conf.clock), rd->reader, rd->role, "open_comments", object,
	    "opened=1 texts=1 for a quote", err);
	if (rc != ERR_OK)
		return rc;
	buf_init_secret(&suggested, 1 << 20);
	buf_init_secret(&look_at, 1 << 20);
	quote_suggest(s.text, &suggested);
	quote_look_at(text == NULL ? s.text : text, &look_at);
	v = (struct room_quote_view){
		.error = error, .original = s.text, .text = text == NULL ? buf_str(&suggested) : text, .look_at = buf_str(&look_at),
		.shown = shown_as(rd->arena, q.role, q.quarter, q.area), .site = rd->site, .record = record, .question = question,
		.csrf = csrf, .back = arena_printf(rd->arena, "/comments?site=%s", rd->site), .may = s.may,
	};
	page_indicators_quote(out, &v);
	buf_free(&suggested);
	buf_free(&look_at);
	return ERR_OK;
}

enum err_code
room_quote_propose(const struct room_reading *rd, const char *record, const char *question, const char *text, struct err *err)
{
	struct source s;
	struct quote q;
	int64_t id;
	enum err_code rc = find_source(rd, record, question, &s, &q, err);

	if (rc == ERR_OK && !s.may)
		rc = err_set(err, ERR_DENIED, "whoever wrote this did not say that it may be quoted");
	if (rc == ERR_OK)
		rc = quote_check(s.text, text == NULL ? "" : text, err);
	q.text = text;
	return rc == ERR_OK ? quote_propose(rd->facts, &q, rd->reader, rd->role, clock_now_s(rd->room->conf.clock), &id, err) : rc;
}

/* --- the list ---------------------------------------------------------------------------------------------------- */

struct listing {
	const struct room_reading *rd;
	const char *csrf;
	struct room_quote_row rows[QUOTES_SHOWN];
	size_t n;
};

static const char *
state_words(const char *state)
{
	static const struct { const char *state, *words; } all[] = { { "proposed", "waits for another person" },
		{ "released", "released" }, { "refused", "refused" }, { "taken_back", "taken back" },
		{ "withdrawn", "the answer was withdrawn" } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].state, state) == 0)
			return all[i].words;
	return state;
}

static enum err_code
add_row(void *arg, const struct quote *q, struct err *err)
{
	struct listing *l = arg;
	struct arena *a = l->rd->arena;
	bool proposed = strcmp(q->state, "proposed") == 0, mine = strcmp(q->proposer, l->rd->reader) == 0;
	char when[32];

	(void)err;
	if (l->n == QUOTES_SHOWN)
		return ERR_OK;
	time_text(q->at, when);
	l->rows[l->n++] = (struct room_quote_row){
		.id = arena_printf(a, "%lld", (long long)q->id), .number = arena_printf(a, "Quote %lld", (long long)q->id),
		.state = state_words(q->state), .text = arena_str(a, q->text), .shown = shown_as(a, q->role, q->quarter, q->area),
		.who = q->version == 1 ? arena_printf(a, "Proposed by %s on %.10s.", q->proposer, when)
		    : arena_printf(a, "Proposed by %s, then %s on %.10s.", q->proposer, q->actor, when),
		.csrf = l->csrf, .can_release = proposed && !mine, .can_refuse = proposed,
		.can_take_back = strcmp(q->state, "released") == 0,
	};
	return l->rows[l->n - 1].text == NULL ? err_nomem(err) : ERR_OK;
}

enum err_code
room_quotes(const struct room_reading *rd, const char *error, const char *csrf, struct buf *out, struct err *err)
{
	struct listing *l = arena_alloc(rd->arena, sizeof(*l));
	struct room_quotes_view v;
	enum err_code rc;

	if (l == NULL)
		return err_nomem(err);
	l->rd = rd;
	l->csrf = csrf;
	rc = quote_each(rd->facts, add_row, l, err);
	if (rc != ERR_OK)
		return rc;
	v = (struct room_quotes_view){ error, l->rows, l->n };
	page_indicators_quotes(out, &v);
	return ERR_OK;
}

enum err_code
room_quote_decide(const struct room_reading *rd, const char *id, const char *what, struct err *err)
{
	int64_t n;

	if (id == NULL || what == NULL || !num_i64(id, strlen(id), 1, INT64_MAX, &n)
	    || (strcmp(what, "released") != 0 && strcmp(what, "refused") != 0 && strcmp(what, "taken_back") != 0))
		return err_set(err, ERR_INPUT, "say which quote, and released, refused or taken_back");
	return quote_decide(rd->facts, n, what, rd->reader, rd->role, clock_now_s(rd->room->conf.clock), err);
}
