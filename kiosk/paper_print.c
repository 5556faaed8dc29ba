/* A form as sheets of paper: every question and choice, relevant or not, in large print. See staff.h and paper.h. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "forms/session.h"
#include "kiosk/paper.h"
#include "kiosk/paper_when.h"
#include "kiosk/plain.h"
#include "kiosk/receipt.h"
#include "kiosk/staff.h"
#include "kiosk/take.h"
#include "kiosk/templates.h"

enum { SHEETS_MAX = 20, ASKS_MAX = 500, LINES_LONG = 6, LINES_SHORT = 1, TILES_MAX = 5, POINTS_MAX = 11 };

/* --- the questions of one form -------------------------------------------------------------------------- */

struct writing {
	const struct words *w;
	struct arena *a;
	struct paper_ask_view *asks;
	size_t n, room;
	struct paper_known *known;
	size_t n_known;
	unsigned number;
	bool has_text;
	bool has_repeat;
};

static bool
put_lines(struct writing *x, struct paper_ask_view *ask, size_t n)
{
	ask->lines = arena_calloc(x->a, n, sizeof(*ask->lines));
	ask->n_lines = ask->lines != NULL ? n : 0;
	for (size_t i = 0; i < ask->n_lines; i++)
		ask->lines[i].text = "";
	return ask->lines != NULL;
}

static bool
put_choices(struct writing *x, const struct page_control *c, struct paper_ask_view *ask)
{
	size_t n = c->n_choices, scored = 0, faces = 0;
	struct paper_known *q = &x->known[x->n_known];

	ask->choices = arena_calloc(x->a, n + 1, sizeof(*ask->choices));
	ask->others = arena_calloc(x->a, n + 1, sizeof(*ask->others));
	q->values = arena_calloc(x->a, n + 1, sizeof(*q->values));
	q->labels = arena_calloc(x->a, n + 1, sizeof(*q->labels));
	if (ask->choices == NULL || ask->others == NULL || q->values == NULL || q->labels == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		scored += c->choices[i].score[0] != '\0';
	for (size_t i = 0; i < n; i++) {
		const struct page_choice *from = &c->choices[i];
		struct paper_choice_view *to = from->opt_out[0] != '\0' ? &ask->others[ask->n_others++]
		    : &ask->choices[ask->n_choices++];

		to->label = plain_copy(x->a, from->label);
		to->symbol = arena_str(x->a, ask_symbol(c, from, scored));
		if (to->label == NULL || to->symbol == NULL)
			return false;
		faces += to->symbol[0] != '\0';
		q->values[i] = arena_str(x->a, from->value);
		q->labels[i] = to->label;
		if (q->values[i] == NULL)
			return false;
	}
	q->n = n;
	q->name = arena_str(x->a, c->name);
	q->number = ask->number;
	x->n_known += q->name != NULL;
	ask->grid = faces > 0 && faces == ask->n_choices && faces <= TILES_MAX ? "tiles" : "rows";
	return true;
}

/* A short range: a box for each number. */
static bool
put_points(struct writing *x, const struct page_control *c, struct paper_ask_view *ask)
{
	size_t n = (size_t)((c->end - c->start) / c->step + 0.5) + 1;

	ask->choices = arena_calloc(x->a, n, sizeof(*ask->choices));
	for (size_t i = 0; ask->choices != NULL && i < n; i++) {
		struct buf number;

		buf_init(&number, 64);
		num_put(&number, c->start + c->step * (double)i);
		ask->choices[ask->n_choices++] = (struct paper_choice_view){ .label = arena_str(x->a, buf_str(&number)),
		    .symbol = "" };
		buf_free(&number);
	}
	ask->grid = "points";
	return ask->choices != NULL;
}

static bool
put_range(struct writing *x, const struct page_control *c, struct paper_ask_view *ask)
{
	double n = c->step != 0 ? (c->end - c->start) / c->step : 0;
	struct buf from, to;

	if (n >= 1 && n < POINTS_MAX)
		return put_points(x, c, ask);
	buf_init(&from, 64);
	buf_init(&to, 64);
	num_put(&from, c->start);
	num_put(&to, c->end);
	ask->is_number = true;
	if (ask->hint[0] == '\0')
		ask->hint = text_fill(x->a, x->w->sheet_range, buf_str(&from), buf_str(&to));
	buf_free(&from);
	buf_free(&to);
	return ask->hint != NULL;
}

/* What there is to tick or to write on. */
static bool
put_body(struct writing *x, const struct page_control *c, struct paper_ask_view *ask)
{
	switch (c->kind) {
	case CONTROL_SELECT1:
	case CONTROL_SELECT:
	case CONTROL_RANK:
		ask->is_rank = c->kind == CONTROL_RANK;
		if (ask->hint[0] == '\0')
			ask->hint = c->kind == CONTROL_SELECT ? x->w->sheet_many : ask->is_rank ? x->w->sheet_rank : "";
		/* A list that hangs on another answer: it is written. */
		return c->n_choices == 0 ? put_lines(x, ask, LINES_SHORT) : put_choices(x, c, ask);
	case CONTROL_RANGE:
		return put_range(x, c, ask);
	case CONTROL_TRIGGER:
		ask->choices = arena_calloc(x->a, 1, sizeof(*ask->choices));
		if (ask->choices == NULL)
			return false;
		ask->choices[0] = (struct paper_choice_view){ .label = x->w->tick_ok, .symbol = "" };
		ask->n_choices = 1;
		return true;
	case CONTROL_INPUT:
		if (c->type == TYPE_INT || c->type == TYPE_DECIMAL) {
			ask->is_number = true;
			return true;
		}
		ask->is_date = c->type == TYPE_DATE || c->type == TYPE_DATETIME;
		ask->is_time = c->type == TYPE_TIME || c->type == TYPE_DATETIME;
		ask->has_day = ask_has_day(c);
		ask->has_month = ask_has_month(c);
		if (ask->is_date || ask->is_time)
			return true;
		x->has_text = true;
		return put_lines(x, ask, word_in(c->appearance, "multiline") ? LINES_LONG : LINES_SHORT);
	case CONTROL_NOTE:
	case CONTROL_UPLOAD:
	case CONTROL_REPEAT:
		break;
	}
	ask->is_note = true;
	return true;
}

static enum err_code
put_ask(void *arg, const struct outline *o, struct err *err)
{
	struct writing *x = arg;
	const struct page_control *c = o->control;
	bool note = c->kind == CONTROL_NOTE || c->readonly;
	struct paper_ask_view *ask;

	/* A note that hangs on an answer speaks of the screen it would appear on. Nothing is attached to paper. */
	if (c->kind == CONTROL_UPLOAD || ask_is_headings(c) || (note && o->when[0] != NULL))
		return ERR_OK;
	if (x->n == x->room)
		return err_set(err, ERR_LIMIT, "the form has over %zu questions", x->room);
	ask = &x->asks[x->n];
	*ask = (struct paper_ask_view){ .w = x->w, .number = "", .grid = "rows", .is_note = note };
	ask->label = plain_copy(x->a, c->label);
	ask->hint = plain_copy(x->a, c->hint);
	ask->group = o->begins_group ? plain_copy(x->a, o->group) : "";
	if (!note)
		ask->number = text_of(x->a, "%u", ++x->number);
	ask->when = paper_when(x->w, x->known, x->n_known, o->when, x->a);
	if (ask->label == NULL || ask->hint == NULL || ask->group == NULL || ask->when == NULL || ask->number == NULL
	    || (!note && !put_body(x, c, ask)))
		return err_nomem(err);
	x->has_repeat |= o->in_repeat;
	x->n++;
	return ERR_OK;
}

static int64_t
env_now(void *arg)
{
	struct kiosk *k = arg;
	enum clock_quality quality;

	return keep_now(k, &quality) * 1000;
}

/* All questions of SHELF in the words' language, appended to X. */
static enum err_code
write_form(struct kiosk *k, const struct shelf *shelf, struct writing *x, struct err *err)
{
	struct session_env env = { .now_ms = env_now, .arg = k, .device_id = k->device_text, .on_paper = true,
	    .language = shelf_language(shelf, x->w->code) };
	struct session *s = NULL;
	enum err_code rc = session_new(shelf->form, &env, &s, err);

	if (rc == ERR_OK)
		rc = session_outline(s, put_ask, x, err);
	session_free(s);
	return rc;
}

/* --- sheets ------------------------------------------------------------------------------------------------ */

static void
put_says(struct kiosk *k, const struct shelf *shelf, const struct words *w, struct sheet_view *sheet, struct arena *a)
{
	bool typed = k->conf->paper_key_in && !shelf->is_concern;
	const char *const lines[] = { w->sheet_do, w->sheet_empty, w->sheet_help, w->no_names, w->sheet_private,
	    w->sheet_reads, w->privacy_6, w->sheet_no_back };

	sheet->says = arena_calloc(a, ARRAY_LEN(lines) + 1, sizeof(*sheet->says));
	for (size_t i = 0; sheet->says != NULL && i < ARRAY_LEN(lines); i++)
		/* A concern may name whom it likes. */
		if (!shelf->is_concern || (lines[i] != w->no_names && lines[i] != w->sheet_private))
			sheet->says[sheet->n_says++].text = lines[i];
	sheet->give_back = typed ? w->sheet_staff : k->conf->paper_return[0] == '\0' ? w->sheet_post_none
	    : text_fill(a, w->sheet_post, k->conf->paper_return, NULL);
}

static enum err_code
make_sheets(struct kiosk *k, const struct shelf *shelf, const struct words *w, size_t n, struct paper_view *view,
    struct arena *a, struct err *err)
{
	const struct shelf *visit = shelf->is_concern ? NULL : catalog_visit(k->catalog);
	struct writing x = { .w = w, .a = a, .room = ASKS_MAX };
	struct sheet_view sheet = { .w = w, .title = shelf_title(shelf, w->code), .version = form_version(shelf->form),
	    .lang = w->tag, .heading = "" };
	enum err_code rc = ERR_OK;

	x.asks = arena_calloc(a, ASKS_MAX, sizeof(*x.asks));
	x.known = arena_calloc(a, ASKS_MAX, sizeof(*x.known));
	view->sheets = arena_calloc(a, n, sizeof(*view->sheets));
	if (x.asks == NULL || x.known == NULL || view->sheets == NULL)
		return err_nomem(err);
	if (visit != NULL) {
		rc = write_form(k, visit, &x, err);
		sheet.heading = w->sheet_who;
		sheet.who = x.asks;
		sheet.n_who = x.n;
	}
	x.has_text = false;
	if (rc == ERR_OK)
		rc = write_form(k, shelf, &x, err);
	if (rc != ERR_OK)
		return rc;
	sheet.asks = x.asks + sheet.n_who;
	sheet.n_asks = x.n - sheet.n_who;
	sheet.ask_quote = x.has_text && !shelf->is_concern;
	sheet.quote_number = text_of(a, "%u", x.number + 1);
	put_says(k, shelf, w, &sheet, a);
	if (x.has_repeat && sheet.says != NULL)
		sheet.says[sheet.n_says++].text = w->sheet_again;
	for (size_t i = 0; i < n; i++) {
		char code[SHEET_SHOWN + 1], text[40];

		sheet_new(shelf, w->code, code);
		snprintf(text, sizeof(text), "candour:sheet:%s", code);
		sheet.code = arena_str(a, code);
		sheet.qr_path = receipt_qr(text, a, &sheet.qr_size);
		if (sheet.code == NULL)
			return err_nomem(err);
		view->sheets[view->n_sheets++] = sheet;
	}
	return ERR_OK;
}

/* --- pages ------------------------------------------------------------------------------------------------- */

static void
show_list(struct kiosk *k, const char *copies, const char *error, struct http_response *out)
{
	const struct words *w = staff_words(k);
	struct arena *a = out->arena;
	struct prints_view view = { .error = error, .copies = copies };

	staff_frame(k, &view.f, error[0] != '\0' ? text_of(a, "%s: %s", w->error, w->paper_title) : w->paper_title, "", "", a);
	view.forms = arena_calloc(a, k->catalog->n + 1, sizeof(*view.forms));
	for (size_t i = 0; view.forms != NULL && i < k->catalog->n; i++) {
		const struct shelf *shelf = &k->catalog->shelf[i];
		struct print_view *to = &view.forms[view.n_forms];

		if (shelf->is_visit)
			continue;
		*to = (struct print_view){ .title = shelf_title(shelf, w->code),
		    .version = text_fill(a, w->staff_version, form_version(shelf->form), NULL) };
		to->languages = arena_calloc(a, k->n_languages, sizeof(*to->languages));
		for (size_t l = 0; to->languages != NULL && l < k->n_languages; l++)
			if (shelf_has_language(shelf, k->language[l]->code))
				to->languages[to->n_languages++] = (struct option_view){
				    .go = text_of(a, "print-%zu-%s", i, k->language[l]->code), .label = k->language[l]->name };
		view.n_forms++;
	}
	page_kiosk_staff_paper(&out->body, &view);
}

/* "print-3-cy" */
static const struct shelf *
wanted(struct kiosk *k, const char *go, const struct words **w)
{
	const char *dash;
	int64_t i;

	if (strncmp(go, "print-", 6) != 0)
		return NULL;
	go += 6;
	dash = strchr(go, '-');
	if (dash == NULL || k->catalog->n == 0 || !num_i64(go, (size_t)(dash - go), 0, (int64_t)k->catalog->n - 1, &i)
	    || k->catalog->shelf[i].is_visit)
		return NULL;
	for (size_t l = 0; l < k->n_languages; l++)
		if (strcmp(dash + 1, k->language[l]->code) == 0) {
			*w = k->language[l];
			return &k->catalog->shelf[i];
		}
	return NULL;
}

void
paper_print(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const struct words *mine = staff_words(k), *w = NULL;
	const struct shelf *shelf = strcmp(r->method, "POST") == 0 ? wanted(k, field_text(r, "go"), &w) : NULL;
	struct paper_view view = { .back = "/staff/paper" };
	enum err_code rc;
	struct err err;
	int64_t n;

	if (shelf == NULL) {
		show_list(k, "1", "", out);
		return;
	}
	if (!staff_number(r, "n", 1, SHEETS_MAX, &n)) {
		show_list(k, field_text(r, "n"), mine->paper_copies_bad, out);
		return;
	}
	staff_frame(k, &view.f, mine->paper_title, "", "", out->arena);
	rc = make_sheets(k, shelf, w, (size_t)n, &view, out->arena, &err);
	if (rc != ERR_OK) {
		log_err("kiosk", "paper", &err);
		show_message(k, mine, 503, mine->unavailable_title, "", out);
		return;
	}
	view.f.title = text_of(out->arena, "%s: %s", mine->paper_title, view.sheets[0].title);
	log_event("kiosk", "paper=%s sheets=%lld", form_id(shelf->form), (long long)n);
	page_kiosk_paper(&out->body, &view);
}
