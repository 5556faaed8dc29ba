/* Comments on demand: the sealed records of a site are opened again, what people wrote is shown, and every
 * copy is wiped when the answer is sent. Nothing is written but one log line: who opened how many, where. */
#include "indicators/room_private.h"

#include <stdio.h>
#include <string.h>

#include "aggregator/audit_store.h"
#include "base/codec.h"
#include "base/log.h"
#include "base/num.h"
#include "collector/seal.h"
#include "forms/expr.h"
#include "indicators/templates.h"

enum { PAGE = 50, COMMENTS_MAX = 5000 };

const char *
room_prepared_text(struct room *room, struct arena *a)
{
	const char *text = "";
	struct buf said;

	buf_init(&said, 4096);
	pthread_mutex_lock(&room->lock);
	if (room->prepared.len > 0) {
		prepare_report_text(&room->report, &said);
		text = arena_printf(a, "P%s.", buf_str(&said) + 1);	/* a sentence */
	}
	pthread_mutex_unlock(&room->lock);
	buf_free(&said);
	return text;
}

void
room_keep_prepared(struct room *room, const struct buf *file, const struct prepare_report *report)
{
	pthread_mutex_lock(&room->lock);
	buf_reset(&room->prepared);
	buf_put(&room->prepared, file->data, file->len);
	room->report = *report;
	pthread_mutex_unlock(&room->lock);
}

bool
room_copy_prepared(struct room *room, struct buf *out, int64_t *no)
{
	bool found;

	pthread_mutex_lock(&room->lock);
	found = room->prepared.len > 0 && room->prepared.failed == ERR_OK;
	if (found)
		buf_put(out, room->prepared.data, room->prepared.len);
	*no = room->report.no;
	pthread_mutex_unlock(&room->lock);
	return found;
}

struct opening {
	const struct room_reading *rd;
	struct store *store;
	struct room_comment_view rows[COMMENTS_MAX];
	size_t n, opened;
};

/* TEXT, written under NAME, if there is any. */
static void
add_text(struct opening *o, const struct facts_record *r, const char *name, const char *text)
{
	struct arena *a = o->rd->arena;
	char hex[33];
	int year, month, day;

	if (text == NULL || text[0] == '\0' || o->n == COMMENTS_MAX)
		return;
	hex_str(r->record, 16, hex);
	date_from_day(r->day, &year, &month, &day);
	o->rows[o->n++] = (struct room_comment_view){
		.record = arena_printf(a, "%s", hex), .form = arena_printf(a, "%s", r->form),
		.day = arena_printf(a, "%04d-%02d", year, month), .question = arena_printf(a, "%s", name),
		.text = arena_str(a, text), .quote = "",
	};
}

/* What a focus group said: each note with role and themes, each sentence that was read back, other views. */
static void
add_group(struct opening *o, const struct facts_record *r, const struct instance *in)
{
	struct arena *a = o->rd->arena;
	const char *text;

	for (size_t i = 0; (text = instance_text_nth(in, "note_words", i)) != NULL; i++) {
		const char *role = instance_text_nth(in, "note_role", i), *themes = instance_text_nth(in, "note_theme", i);
		const char *exact = instance_text_nth(in, "note_exact", i);

		add_text(o, r, arena_printf(a, "%s%s%s%s%s", exact != NULL && strcmp(exact, "yes") == 0 ? "exact words, " : "note, ",
		    role == NULL ? "" : role, themes == NULL || themes[0] == '\0' ? "" : " (", themes == NULL ? "" : themes,
		    themes == NULL || themes[0] == '\0' ? "" : ")"), text);
	}
	for (size_t i = 0; (text = instance_text_nth(in, "sentence", i)) != NULL; i++) {
		const char *minority = instance_text_nth(in, "minority", i);

		add_text(o, r, arena_printf(a, "read back, agreed by %s", instance_text_nth(in, "agree", i)), text);
		add_text(o, r, "read back, other views", minority == NULL ? "" : minority);
	}
}

enum err_code
room_open_record(const struct room *room, struct store *store, const struct facts_record *r, struct buf *plain,
	const struct known_form **form, struct instance **in, struct err *err)
{
	struct record_plain p;
	enum err_code rc;

	*form = form_set_find(worker_forms(room->conf.worker), r->form_hash);
	if (*form == NULL)
		return err_set(err, ERR_ABSENT, "the form of that answer is not in the forms folder");
	rc = worker_open_record(store, worker_key(room->conf.worker), &r->place, plain, err);
	if (rc == ERR_OK)
		rc = record_plain_get(plain->data, plain->len, &p, err);
	return rc == ERR_OK ? instance_read((*form)->form, (const char *)p.content, p.len, in, err) : rc;
}

static enum err_code
open_one(void *arg, const struct facts_record *r, struct err *err)
{
	static const char *const questions[] = { "comment", "better", "note", "what_happened" };
	struct opening *o = arg;
	const struct known_form *form;
	struct instance *in = NULL;
	struct buf plain;
	struct err why = {0};
	enum err_code rc;

	buf_init_secret(&plain, 2 * RECORD_PLAIN_MAX);
	rc = room_open_record(o->rd->room, o->store, r, &plain, &form, &in, &why);
	for (size_t i = 0; rc == ERR_OK && i < ARRAY_LEN(questions); i++) {
		size_t before = o->n;

		add_text(o, r, questions[i], instance_text(in, questions[i]));
		if (o->n > before && room_may_be_quoted(form->form, questions[i], in))
			o->rows[before].quote = arena_printf(o->rd->arena, "/quote?site=%s&record=%s&question=%s", o->rd->site,
			    o->rows[before].record, questions[i]);
	}
	if (rc == ERR_OK && strcmp(form_setting(form->form, "family"), "group") == 0)
		add_group(o, r, in);
	o->opened += rc == ERR_OK;
	instance_free(in);
	buf_free(&plain);
	/* One that is erased or damaged by now is left out; a lack of memory is everybody's trouble. */
	return rc == ERR_NOMEM ? err_nomem(err) : ERR_OK;
}

enum err_code
room_comments(const struct room_reading *rd, struct buf *out, struct err *err)
{
	struct opening *o;
	int64_t skip = 0;
	enum err_code rc;

	if (rd->site == NULL || rd->site[0] == '\0')
		return err_set(err, ERR_INPUT, "say which site: /comments?site=NAME");
	if (rd->skip != NULL && !num_i64(rd->skip, strlen(rd->skip), 0, 100000000, &skip))
		return err_set(err, ERR_INPUT, "skip is a number");
	o = arena_alloc(rd->arena, sizeof(*o));
	if (o == NULL)
		return err_nomem(err);
	o->rd = rd;
	rc = store_open(rd->room->conf.store, false, &o->store, err);
	if (rc == ERR_OK)
		rc = facts_records(rd->facts, rd->site, (size_t)skip, PAGE, open_one, o, err);
	/* What is not written down is not shown. */
	if (rc == ERR_OK) {
		char object[AUDIT_TEXT], detail[AUDIT_TEXT];

		snprintf(object, sizeof(object), "site %.100s", rd->site);
		snprintf(detail, sizeof(detail), "opened=%zu texts=%zu skip=%lld", o->opened, o->n, (long long)skip);
		rc = facts_audit(rd->facts, clock_now_s(rd->room->conf.clock), rd->reader, rd->role, "open_comments", object, detail,
		    err);
	}
	if (rc == ERR_OK) {
		struct room_comments_view v = {
			.site = rd->site, .rows = o->rows, .n_rows = o->n,
			.opened = arena_printf(rd->arena, "%zu answers opened, %zu texts in them", o->opened, o->n),
			.older = o->opened < PAGE ? "" : arena_printf(rd->arena, "/comments?site=%s&skip=%lld", rd->site,
			    (long long)skip + PAGE),
		};

		log_event("room", "opened=%zu reader=%s site=%s", o->opened, rd->reader, rd->site);
		page_indicators_comments(out, &v);
	}
	store_close(o->store);
	return rc;
}
