/* The pages of a visit: from where it stands to a view. See inside.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "collector/words.h"
#include "kiosk/plain.h"
#include "kiosk/receipt.h"
#include "kiosk/say.h"
#include "kiosk/take.h"
#include "kiosk/templates.h"

enum { ANSWERS_A_PAGE = 4, LINES_WIDE = 5, TEXT_IDLE_S = 600, GRACE_S = 5, SCRIPT_S = 25, DAY_S = 86400, PAGE_ROOM = 9000 };

/* One page being made. */
struct sheet {
	struct kiosk *k;
	struct visit *v;
	struct arena *a;
	struct http_response *out;
	struct frame f;
	struct say_list *said;	/* what Listen says; NULL while nobody listens */
	bool has_sound;		/* the form brings sound of its own for this page */
	bool has_text;		/* something is written here: it gets more time */
};

static void show_place(struct sheet *s);

const struct words *
show_words(struct kiosk *k, const char *code)
{
	for (size_t i = 0; code != NULL && i < k->n_languages; i++)
		if (strcmp(k->language[i]->code, code) == 0)
			return k->language[i];
	return k->language[0];
}

void
show_frame(struct kiosk *k, const struct words *w, struct frame *f, const char *title)
{
	static const char *const mm = "588";

	memset(f, 0, sizeof(*f));
	f->w = w;
	f->lang = w->tag;
	f->dir = w->dir;
	f->look = "";
	f->title = title;
	f->mm = k->mm_text[0] != '\0' ? k->mm_text : mm;
	f->version = k->version;
	f->warn_s = f->answer_s = f->back_href = f->listen_href = f->wrong_at = "";
	f->token = f->audio = f->steps = f->go = f->go_label = f->other = f->other_label = "";
}

/* There is something to hear on this page. */
static void
set_listen(struct sheet *s)
{
	s->f.has_listen = true;
	s->f.is_listening = s->v->is_listening;
	if (s->f.is_listening)
		s->f.audio = text_of(s->a, "/s/sound?n=%u", s->v->listen_n);
}

/* Seconds without a press until the page asks: the form's word before the site's. */
static int64_t
warn_s(const struct sheet *s)
{
	const struct shelf *shelf = s->v->main.shelf;

	return visit_at(s->v) == AT_ASK && shelf != NULL && shelf->idle_s >= 60 ? shelf->idle_s : s->k->conf->idle_warn_s;
}

static void
frame(struct sheet *s, const char *title)
{
	struct visit *v = s->v;
	static const char *const sizes[] = { "", " larger", " larger largest" };
	char *token = arena_alloc(s->a, TOKEN_LEN + 1);

	show_frame(s->k, v->words, &s->f, title);
	if (token != NULL) {
		visit_token(v, token);
		s->f.token = token;
	}
	s->f.look = text_join(s->a, v->look.is_dark ? "dark" : "", v->look.words_only ? " words-only" : "",
	    sizes[v->look.size % 3]);
	s->f.is_larger = v->look.size > 0;
	s->f.has_back = s->f.has_wrong = true;
	/* What was sent is not deleted by stopping. */
	s->f.has_stop = v->floor[0] != AT_THANKS;
	s->f.has_sent = v->floor[0] == AT_THANKS || (v->floor[0] == AT_NOTHING && (visit_at(v) == AT_CONCERN_SENT
	    || (visit_at(v) == AT_STILL && v->floor[v->top - 1] == AT_CONCERN_SENT)));
	if (say_can(s->k, v->words) && !v->is_paper)
		set_listen(s);
	s->f.go = "next";
	s->f.go_label = v->words->continue_;
	s->f.has_script = visit_at(v) != AT_STILL;
	s->f.is_fresh = !v->has_script;
	s->f.warn_s = text_of(s->a, "%lld", (long long)warn_s(s));
	s->f.answer_s = text_of(s->a, "%lld", (long long)s->k->conf->idle_answer_s);
}

static void
say_piece(struct sheet *s, const char *text, const struct media_file *sound, bool is_own)
{
	struct media_file *copy = NULL;
	struct say_piece *p;

	s->has_sound |= sound != NULL;
	if (s->said == NULL || s->said->n == SAY_PIECES || text == NULL || (text[0] == '\0' && sound == NULL))
		return;
	if (sound != NULL) {
		copy = arena_alloc(s->a, sizeof(*copy));
		if (copy != NULL)
			*copy = *sound;
	}
	p = &s->said->piece[s->said->n];
	*p = (struct say_piece){ .text = arena_str(s->a, text), .sound = copy, .is_own = is_own };
	s->said->n += p->text != NULL;
}

static void
say(struct sheet *s, const char *text)
{
	say_piece(s, text, NULL, false);
}

/* Somebody's own words: never in a file. */
static void
say_own(struct sheet *s, const char *text)
{
	say_piece(s, text, NULL, true);
}

/* --- questions --------------------------------------------------------------------------------------- */

static void
say_asks(struct sheet *s, const struct question_view *q)
{
	say(s, q->heading);
	if (q->n_errors > 0)
		say(s, s->v->words->err_summary);
	for (size_t i = 0; i < q->n_asks; i++) {
		const struct ask_view *a = &q->asks[i];

		say(s, a->error);
		say_piece(s, a->label, a->sound, false);
		say(s, a->hint);
		say(s, a->reveal_label);
		for (size_t n = 0; n < a->n_choices; n++)
			say_piece(s, a->choices[n].label, a->choices[n].sound, false);
		for (size_t n = 0; n < a->n_others; n++)
			say_piece(s, a->others[n].label, a->others[n].sound, false);
		/* Dots are not read aloud either. */
		if (!a->is_masked)
			say_own(s, a->value);
		s->has_text |= a->is_text || a->is_line;
		s->f.has_keys |= !s->v->is_tablet && strcmp(s->k->conf->keyboard, "page") == 0
		    && (a->is_text || a->is_line || a->is_number || a->is_date || a->is_time || a->has_search);
	}
}

static void
show_filling(struct sheet *s, struct filling *f, bool is_last_send)
{
	struct question_view q = { .heading = NULL };
	const char *heading;
	uint32_t next = f->page;
	struct err err;

	frame(s, "");
	s->f.has_sign = ask_film(f, &s->k->catalog->media, s->v->tag) != NULL;
	if (ask_fill(s->v, f, &s->k->catalog->media, s->a, &q, &err) != ERR_OK) {
		log_err("kiosk", "page", &err);
		s->out->status = 500;
		return;
	}
	heading = q.heading[0] != '\0' ? q.heading : q.n_asks > 0 ? q.asks[0].label : "";
	/* "3 of 8" is said of the questions themselves, not of who answers them. */
	if (f != &s->v->main)
		q.f.steps = "";
	s->f.steps = q.f.steps;
	s->f.pebbles = q.f.pebbles;
	s->f.n_pebbles = q.f.n_pebbles;
	s->f.title = q.error_title[0] != '\0' ? text_join(s->a, s->v->words->error, ": ", heading)
	    : q.f.steps[0] != '\0' ? text_join(s->a, text_join(s->a, s->v->words->question_n, " ", q.f.steps), ": ", heading)
	    : heading;
	if (s->v->is_paper) {
		s->f.steps = text_of(s->a, "%s%s%s", s->v->sheet, q.f.steps[0] != '\0' ? ", " : "", q.f.steps);
		s->f.has_plain_steps = true;
	}
	s->f.has_stop = f != &s->v->concern;
	s->f.has_wrong = f != &s->v->concern;
	if (is_last_send && !session_next(f->session, &next))
		s->f.go_label = s->v->words->concern_send;
	say_asks(s, &q);
	if (s->has_sound && !s->v->is_paper)
		set_listen(s);
	q.f = s->f;
	page_kiosk_question(&s->out->body, &q);
}

/* The film of the page under this one, in sign language. */
static void
show_sign(struct sheet *s)
{
	struct visit *v = s->v;
	enum place under = v->top > 0 ? v->floor[v->top - 1] : AT_NOTHING;
	struct filling *f = under == AT_WHO ? &v->who : under == AT_CONCERN ? &v->concern : &v->main;
	struct sign_view view = { .src = "" };
	const struct media_file *film;
	struct page page;
	struct err err;

	film = f->session == NULL ? NULL : ask_film(f, &s->k->catalog->media, v->tag);
	if (film == NULL || session_page(f->session, f->page, &page, &err) != ERR_OK) {
		visit_under(v);
		show_place(s);
		return;
	}
	view.heading = plain_copy(s->a, page.n_controls == 1 ? page.controls[0].label : page.group_label);
	frame(s, view.heading);
	s->f.has_listen = s->f.has_stop = s->f.has_wrong = false;
	s->f.audio = "";
	s->f.has_look_off = true;
	s->f.go_label = v->words->sign_back;
	s->f.other = "again";
	s->f.other_label = v->words->sign_again;
	view.src = text_of(s->a, "/m/%s", film->id);
	view.f = s->f;
	page_kiosk_sign(&s->out->body, &view);
}

/* A page of the kiosk's own with tiles: one question, the choices numbered by VALUES. */
static void
show_tiles(struct sheet *s, const char *label, const char *hint, const char *const *values,
    const char *const *labels, size_t n)
{
	struct question_view q = { .heading = "", .error_title = "", .page_id = "0", .n_asks = 1 };
	struct ask_view *a = arena_calloc(s->a, 1, sizeof(*a));
	const char *ticked = visit_ticked(s->v);

	if (a == NULL)
		return;
	frame(s, label);
	a->w = s->v->words;
	a->is_group = a->is_radio = a->is_lone = true;
	a->id = a->name = "a0";
	a->label = label;
	a->hint = hint;
	a->value = a->find = "";
	a->picture = (struct picture_view){ "", "", "" };
	a->described = hint[0] != '\0' ? "a0-hint" : "";
	a->error = s->v->choose_error ? s->v->words->err_choose : "";
	a->focus_error = s->v->choose_error;
	if (s->v->choose_error) {
		a->described = "a0-error";
		s->f.title = text_of(s->a, "%s: %s", s->v->words->error, label);
	}
	a->choices = arena_calloc(s->a, n + 1, sizeof(*a->choices));
	a->grid = n <= 2 ? "n2" : n == 3 ? "n3" : n == 4 ? "n4" : n == 5 ? "n5" : n <= 6 ? "n6" : "n8";
	for (size_t i = 0; a->choices != NULL && i < n; i++) {
		a->choices[i] = (struct choice_view){ .id = text_of(s->a, "a0-%zu", i), .value = values[i],
		    .label = labels[i], .checked = ticked != NULL && strcmp(ticked, values[i]) == 0, .symbol = "",
		    .rank = "", .up = "", .down = "", .picture = { "", "", "" } };
		a->n_choices++;
	}
	q.asks = a;
	say_asks(s, &q);
	/* The start page also asks whether to be read to. */
	if (visit_at(s->v) == AT_STYLE && s->f.has_listen) {
		q.read = s->v->words->style_read;
		q.is_read = s->v->look.read_each;
		say(s, q.read);
	}
	q.f = s->f;
	page_kiosk_question(&s->out->body, &q);
}

static void
show_style(struct sheet *s)
{
	const struct words *w = s->v->words;
	const char *const values[] = { "standard", "easy", "words" };
	const char *const labels[] = { w->style_standard, w->style_easy, w->style_words };

	show_tiles(s, w->style_title, "", values, labels, ARRAY_LEN(values));
}

static void
show_which(struct sheet *s)
{
	const char *values[CATALOG_MAX], *labels[CATALOG_MAX];

	for (size_t i = 0; i < s->v->n_choice; i++) {
		values[i] = text_of(s->a, "%zu", i);
		labels[i] = plain_copy(s->a, shelf_title(s->v->choice[i], s->v->tag));
	}
	show_tiles(s, s->v->words->which_form, "", values, labels, s->v->n_choice);
}

/* Easy Read begins with a question to try, which is not kept. */
static void
show_practice(struct sheet *s)
{
	const struct words *w = s->v->words;
	const char *const values[] = { "tea", "coffee", "neither" };
	const char *const labels[] = { w->practice_tea, w->practice_coffee, w->practice_neither };

	show_tiles(s, w->practice_title, w->practice_hint, values, labels, ARRAY_LEN(values));
}

/* --- plain pages ------------------------------------------------------------------------------------- */

static void
message(struct sheet *s, const char *heading, const char *const *lines, size_t n, struct message_view *m)
{
	m->lines = arena_calloc(s->a, n + 1, sizeof(*m->lines));
	m->heading = heading;
	m->action = "/s";
	if (m->icon == NULL)
		m->icon = "i-talk";
	say(s, heading);
	for (size_t i = 0; m->lines != NULL && i < n; i++)
		if (lines[i] != NULL && lines[i][0] != '\0') {
			m->lines[m->n_lines++].text = lines[i];
			say(s, lines[i]);
		}
	m->is_long = m->n_lines > LINES_WIDE;
	m->f = s->f;
	page_kiosk_message(&s->out->body, m);
}

void
show_privacy_lines(struct kiosk *k, const struct words *w, struct arena *a, const char *lines[PRIVACY_LINES])
{
	int64_t days = k->conf->answers_days;
	const char *kept = days % 365 == 0 ? text_count(a, w, &w->years, (uint64_t)days / 365)
	    : text_count(a, w, &w->days, (uint64_t)days);
	const char *const all[] = { w->privacy_1, w->privacy_2, w->privacy_3, w->privacy_4,
	    days > 0 ? text_fill(a, w->privacy_keep, kept, NULL) : "", w->privacy_5, w->privacy_6 };

	memcpy(lines, all, sizeof(all));
}

static void
show_privacy(struct sheet *s)
{
	const struct words *w = s->v->words;
	bool falls_back = s->v->easy_read && strcmp(s->v->main.shelf->variant, "easy_read") != 0;
	const char *lines[1 + PRIVACY_LINES] = { falls_back ? w->privacy_no_easy : "" };
	struct message_view m = { .is_alert = false, .icon = "i-lock" };

	frame(s, w->privacy_title);
	show_privacy_lines(s->k, w, s->a, lines + 1);
	s->f.go_label = w->privacy_agree;
	s->f.other = "no";
	s->f.other_label = w->privacy_no;
	s->f.has_stop = false;
	message(s, w->privacy_title, lines, ARRAY_LEN(lines), &m);
}

static void
show_failed(struct sheet *s, bool concern)
{
	const struct words *w = s->v->words;
	const char *const lines[] = { w->send_failed_text };
	struct message_view m = { .is_alert = true, .icon = "i-care" };

	frame(s, w->send_failed_title);
	s->f.go_label = w->try_again;
	s->f.has_wrong = !concern;
	message(s, w->send_failed_title, lines, 1, &m);
}

static void
show_still(struct sheet *s)
{
	const struct words *w = s->v->words;
	const char *lines[1];
	struct message_view m = { .is_alert = true, .icon = "i-talk" };

	frame(s, w->still_title);
	lines[0] = s->f.has_sent ? w->still_sent : w->still_text;
	s->f.has_back = false;
	s->f.go_label = w->still_yes;
	message(s, w->still_title, lines, 1, &m);
}

static void
show_no_form(struct sheet *s)
{
	const struct words *w = s->v->words;
	struct message_view m = { .is_alert = false };

	frame(s, w->attract_no_form);
	s->f.has_stop = false;
	s->f.go_label = w->to_start;
	message(s, w->attract_no_form, NULL, 0, &m);
}

static void
show_concern_sent(struct sheet *s)
{
	const struct words *w = s->v->words;
	const char *const lines[] = { w->concern_sent, w->wrong_cannot, w->concern_no_words };
	struct message_view m = { .is_alert = false, .icon = "i-tick" };

	frame(s, w->concern_sent_title);
	s->f.has_back = s->f.has_wrong = false;
	s->f.has_stop = false;
	message(s, w->concern_sent_title, lines, ARRAY_LEN(lines), &m);
}

static void
show_wrong(struct sheet *s)
{
	const struct words *w = s->v->words;
	struct number_view numbers[ARRAY_LEN(s->k->numbers) + 2] = { { .name = w->number_emergency, .number = "999" } };
	struct wrong_view view = { .n_numbers = 1, .numbers = numbers };

	frame(s, w->wrong_title);
	s->f.has_wrong = false;
	s->f.has_stop &= s->v->floor[0] != AT_NOTHING;
	s->f.go_label = w->wrong_back;
	for (size_t i = 0; i < s->k->n_numbers; i++)
		numbers[view.n_numbers++] = s->k->numbers[i];
	if (s->k->n_numbers == 0)
		numbers[view.n_numbers++] = (struct number_view){ .name = w->number_cqc, .number = "03000 616161" };
	view.has_form = keep_can_concern(s->k, s->v->is_tablet);
	say(s, w->wrong_title);
	say(s, w->wrong_call);
	say(s, w->wrong_numbers);
	for (size_t i = 0; i < view.n_numbers; i++) {
		say(s, view.numbers[i].name);
		say(s, view.numbers[i].number);
	}
	if (view.has_form) {
		say(s, w->wrong_write);
		say(s, w->wrong_cannot);
		say(s, w->wrong_not_safe);
		say(s, w->wrong_complaint);
		say(s, w->wrong_staff);
	} else {
		say(s, w->wrong_no_form);
	}
	view.f = s->f;
	page_kiosk_wrong(&s->out->body, &view);
}

/* --- text size and what goes with it ------------------------------------------------------------------ */

static void
row(struct sheet *s, struct look_view *view, const char *label, const char *verb, unsigned on,
    const char *const *labels, size_t n)
{
	struct look_row_view *r = &view->rows[view->n_rows++];

	r->label = label;
	r->options = arena_calloc(s->a, n, sizeof(*r->options));
	say(s, label);
	for (size_t i = 0; r->options != NULL && i < n; i++) {
		r->options[i] = (struct option_view){ .go = text_of(s->a, "%s-%zu", verb, i), .label = labels[i],
		    .on = i == on };
		r->n_options++;
		say(s, labels[i]);
	}
}

/* Is there something to answer in the words of W? A form that names no language is in the site's first. */
static bool
offers(const struct kiosk *k, const struct words *w)
{
	bool any = false;

	for (size_t i = 0; i < k->catalog->n; i++) {
		const struct shelf *f = &k->catalog->shelf[i];

		if (!shelf_is_asked(f))
			continue;
		any = true;
		if (shelf_has_language(f, w->code) || (w == k->language[0] && form_language_tag(f->form, 0)[0] == '\0'))
			return true;
	}
	return !any;
}

static void
language_row(struct sheet *s, struct look_view *view)
{
	struct kiosk *k = s->k;
	struct look_row_view *r = &view->rows[view->n_rows];
	size_t n = 0;

	for (size_t i = 0; i < k->n_languages; i++)
		n += offers(k, k->language[i]) || k->language[i] == s->v->words;
	if (n < 2)
		return;
	view->n_rows++;
	r->label = s->v->words->look_language;
	r->options = arena_calloc(s->a, k->n_languages, sizeof(*r->options));
	for (size_t i = 0; r->options != NULL && i < k->n_languages; i++)
		if (offers(k, k->language[i]) || k->language[i] == s->v->words)
			r->options[r->n_options++] = (struct option_view){
			    .go = text_of(s->a, "lang-%s", k->language[i]->code), .label = k->language[i]->name,
			    .on = k->language[i] == s->v->words };
}

static void
show_look(struct sheet *s)
{
	const struct words *w = s->v->words;
	const struct look *l = &s->v->look;
	const char *const sizes[] = { w->look_size_1, w->look_size_2, w->look_size_3 };
	const char *const colours[] = { w->look_light, w->look_dark };
	const char *const pictures[] = { w->look_with, w->look_without };
	const char *const speeds[] = { w->look_slow, w->look_usual, w->look_fast };
	const char *const reads[] = { w->look_read_off, w->look_read_on };
	const char *const volumes[] = { w->look_quieter, w->look_louder };
	struct look_view view = { .rows = arena_calloc(s->a, 7, sizeof(*view.rows)) };

	if (view.rows == NULL)
		return;
	frame(s, w->look_title);
	s->f.has_back = s->f.has_stop = false;
	s->f.has_look_off = true;
	say(s, w->look_title);
	row(s, &view, w->look_size, "size", l->size, sizes, 3);
	row(s, &view, w->look_colour, "dark", l->is_dark, colours, 2);
	row(s, &view, w->look_pictures, "words", l->words_only, pictures, 2);
	if (s->f.has_listen) {
		row(s, &view, w->look_voice, "speed", l->speed, speeds, 3);
		row(s, &view, text_fill(s->a, w->look_volume, text_of(s->a, "%u", l->volume + 1),
		    text_of(s->a, "%d", SAY_LOUD + 1)), "volume", 2, volumes, 2);
		row(s, &view, w->look_read, "read", l->read_each, reads, 2);
	}
	language_row(s, &view);
	view.f = s->f;
	page_kiosk_look(&s->out->body, &view);
}

/* --- review ------------------------------------------------------------------------------------------ */

static bool
asks_something(const struct page_control *c)
{
	if (ask_is_headings(c))
		return false;
	switch (c->kind) {
	case CONTROL_NOTE:
	case CONTROL_REPEAT:
	case CONTROL_UPLOAD:
		return false;
	case CONTROL_INPUT:
		return !c->readonly;
	case CONTROL_SELECT1:
	case CONTROL_SELECT:
	case CONTROL_RANGE:
	case CONTROL_RANK:
	case CONTROL_TRIGGER:
		return true;
	}
	return false;
}

/* Dates and times as people write them, a tick as its box says; everything else as the engine says it. */
static const char *
shown_value(struct sheet *s, const struct page_control *c)
{
	bool has_day = c->type == TYPE_DATE || c->type == TYPE_DATETIME, has_time = c->type == TYPE_TIME || c->type == TYPE_DATETIME;
	const char *t = c->type == TYPE_DATETIME ? strchr(c->value, 'T') : c->value, *text;
	int y, m, d, hour, minute;
	struct buf b;

	if (c->kind == CONTROL_TRIGGER && c->value[0] != '\0')
		return s->v->words->tick_ok;
	if (ask_is_masked(c) && !s->v->review_shown)
		return s->v->words->review_masked;
	if ((!has_day && !has_time) || (has_day && sscanf(c->value, "%d-%d-%d", &y, &m, &d) != 3)
	    || (has_time && (t == NULL || sscanf(t + (*t == 'T'), "%d:%d", &hour, &minute) != 2)))
		return c->kind == CONTROL_INPUT || c->kind == CONTROL_RANGE ? arena_str(s->a, c->shown) : plain_copy(s->a, c->shown);
	buf_init_secret(&b, 200);
	if (has_day)
		words_date(&b, s->v->words, day_from_date(y, m, d), ask_has_day(c) ? DATE_DAY : ask_has_month(c) ? DATE_MONTH
		    : DATE_YEAR);
	if (has_time)
		buf_printf(&b, "%s%02d:%02d", has_day ? ", " : "", hour, minute);
	text = arena_strn(s->a, buf_str(&b), b.len);
	buf_free(&b);
	return text;
}

/* How many answers there are to look at, and whether any is typed. */
static size_t
count_answers(struct session *session, bool *typed)
{
	uint32_t at = 0;
	struct page page;
	struct err err;
	size_t n = 0;

	*typed = false;
	while (session_next(session, &at))
		if (session_page(session, at, &page, &err) == ERR_OK)
			for (size_t i = 0; i < page.n_controls; i++) {
				const struct page_control *c = &page.controls[i];

				n += asks_something(c);
				*typed |= c->kind == CONTROL_INPUT && c->type == TYPE_STRING && c->value[0] != '\0';
			}
	return n;
}

static void
show_review(struct sheet *s)
{
	const struct words *w = s->v->words;
	struct review_view view = { .answers = arena_calloc(s->a, ANSWERS_A_PAGE, sizeof(*view.answers)) };
	size_t first, n = 0, all, pages, a_page;
	bool typed, masked = false;
	uint32_t at = 0;
	struct page page;
	struct err err;

	if (view.answers == NULL)
		return;
	frame(s, w->review_title);
	say(s, w->review_title);
	all = count_answers(s->v->main.session, &typed);
	/* The question whether words may be quoted stands on the last page, and takes the room of one. */
	a_page = typed && all % ANSWERS_A_PAGE == 0 ? ANSWERS_A_PAGE - 1 : ANSWERS_A_PAGE;
	pages = all == 0 ? 1 : (all + a_page - 1) / a_page;
	first = (size_t)s->v->review_page * a_page;
	while (session_next(s->v->main.session, &at)) {
		if (session_page(s->v->main.session, at, &page, &err) != ERR_OK)
			continue;
		for (size_t i = 0; i < page.n_controls; i++) {
			const struct page_control *c = &page.controls[i];
			struct answer_view *to;

			if (!asks_something(c))
				continue;
			if (n++ < first || n > first + a_page)
				continue;
			to = &view.answers[view.n_answers++];
			to->label = plain_copy(s->a, c->label);
			to->is_empty = c->value[0] == '\0';
			to->shown = to->is_empty ? w->review_empty : shown_value(s, c);
			to->go = text_of(s->a, "change-%u", at);
			masked |= ask_is_masked(c) && !to->is_empty;
			say(s, to->label);
			say_own(s, to->shown);
		}
	}
	if (s->v->review_page >= pages) {
		s->v->review_page = (unsigned)pages - 1;
		if (s->said != NULL)
			s->said->n = 0;
		show_review(s);
		return;
	}
	view.reveal_label = !masked ? "" : s->v->review_shown ? w->typed_hide : w->typed_show;
	say(s, view.reveal_label);
	if (pages > 1)
		s->f.steps = text_fill(s->a, w->of_n, text_of(s->a, "%u", s->v->review_page + 1),
		    text_of(s->a, "%zu", pages));
	s->f.has_plain_steps = true;
	view.error = "";
	if (s->v->review_page + 1 == pages) {
		s->f.go = "send";
		s->f.go_label = s->v->is_paper ? w->key_keep : w->review_send;
		view.ask_quote = typed;
		view.quote_yes = strcmp(s->v->quote, "yes") == 0;
		view.quote_no = strcmp(s->v->quote, "no") == 0;
		if (typed)
			say(s, w->review_quote);
	} else {
		s->f.go_label = w->review_more;
	}
	view.f = s->f;
	page_kiosk_review(&s->out->body, &view);
}

static void
show_thanks(struct sheet *s)
{
	const struct words *w = s->v->words;
	struct thanks_view view = { .heading = w->thanks_title };
	struct line_view lines[2];
	enum clock_quality quality;
	struct buf until, words;

	frame(s, w->thanks_title);
	s->f.has_back = false;
	s->f.has_look_off = false;
	s->f.go_label = w->finished;
	say(s, w->thanks_title);
	say(s, w->thanks_kept);
	buf_init_secret(&until, 200);
	buf_init_secret(&words, 200);
	words_date(&until, w, keep_now(s->k, &quality) / DAY_S + s->k->conf->withdraw_days, DATE_DAY);
	words_put(words_language(w->code), s->v->receipt, ARRAY_LEN(s->v->receipt), &words);
	view.words_lang = words_language(w->code) == WORDS_EN && strncmp(w->code, "en", 2) != 0 ? "en" : "";
	view.words = arena_calloc(s->a, 4, sizeof(*view.words));
	say(s, w->thanks_words);
	for (size_t i = 0; view.words != NULL && i < 4; i++) {
		view.words[view.n_words].text = word_text(words_language(w->code), s->v->receipt[i]);
		say_own(s, view.words[view.n_words++].text);
	}
	lines[0].text = text_fill(s->a, w->thanks_until, buf_str(&until), NULL);
	lines[1].text = w->thanks_private;
	view.lines = lines;
	view.n_lines = 2;
	say(s, lines[0].text);
	say(s, lines[1].text);
	view.qr_path = receipt_qr(buf_str(&words), s->a, &view.qr_size);
	view.f = s->f;
	page_kiosk_thanks(&s->out->body, &view);
	buf_free(&until);
	buf_free(&words);
}

/* --- all of them ------------------------------------------------------------------------------------- */

static void
show_place(struct sheet *s)
{
	switch (visit_at(s->v)) {
	case AT_STYLE:
		show_style(s);
		break;
	case AT_WHO:
		show_filling(s, &s->v->who, false);
		break;
	case AT_WHICH:
		show_which(s);
		break;
	case AT_PRIVACY:
		show_privacy(s);
		break;
	case AT_PRACTICE:
		show_practice(s);
		break;
	case AT_ASK:
		show_filling(s, &s->v->main, false);
		break;
	case AT_REVIEW:
		show_review(s);
		break;
	case AT_FAILED:
		show_failed(s, false);
		break;
	case AT_THANKS:
		show_thanks(s);
		break;
	case AT_NOTHING:
	case AT_NO_FORM:
		show_no_form(s);
		break;
	case AT_LOOK:
		show_look(s);
		break;
	case AT_WRONG:
		show_wrong(s);
		break;
	case AT_CONCERN:
		show_filling(s, &s->v->concern, true);
		break;
	case AT_CONCERN_FAILED:
		show_failed(s, true);
		break;
	case AT_CONCERN_SENT:
		show_concern_sent(s);
		break;
	case AT_STILL:
		show_still(s);
		break;
	case AT_SIGN:
		show_sign(s);
		break;
	}
}

/* Without script a page asks by itself whether anybody is there; the server's clock decides in any case. */
static void
set_idle(struct sheet *s)
{
	const struct kiosk_conf *conf = s->k->conf;
	int64_t warn, now = clock_boot_ms(s->k->clock);
	struct err err;

	/* The script asks on the page, at WARN and for ANSWER seconds; its last word may be 20 s older than the last press. */
	if (s->v->has_script && visit_at(s->v) != AT_STILL) {
		s->v->lives_ms = (warn_s(s) + conf->idle_answer_s + SCRIPT_S + GRACE_S) * 1000;
		s->v->dies_ms = now + s->v->lives_ms;
		return;
	}

	if (visit_at(s->v) == AT_STILL) {
		s->v->dies_ms = now + (conf->idle_answer_s + GRACE_S) * 1000;
		if (http_add(s->out, "Refresh", text_of(s->a, "%lld; url=/s/over", (long long)conf->idle_answer_s),
		    &err) != ERR_OK)
			log_err("kiosk", "page", &err);
		return;
	}
	warn = warn_s(s) + conf->idle_answer_s;
	if (s->has_text && warn < TEXT_IDLE_S)
		warn = TEXT_IDLE_S;
	s->v->lives_ms = (warn + conf->idle_answer_s + GRACE_S) * 1000;
	s->v->dies_ms = now + s->v->lives_ms;
	if (http_add(s->out, "Refresh", text_of(s->a, "%lld; url=/s/still", (long long)warn), &err) != ERR_OK)
		log_err("kiosk", "page", &err);
}

static void
sheet_init(struct sheet *s, struct kiosk *k, struct visit *v, struct http_response *out)
{
	memset(s, 0, sizeof(*s));
	s->k = k;
	s->v = v;
	s->a = out->arena;
	s->out = out;
}

void
show_visit(struct kiosk *k, struct visit *v, struct http_response *out)
{
	struct sheet s;

	/* A secret buffer that grows copies and wipes each time. */
	buf_reserve(&out->body, PAGE_ROOM);
	sheet_init(&s, k, v, out);
	show_place(&s);
	set_idle(&s);
}

static bool
is_wrong_place(const struct visit *v)
{
	for (unsigned i = 0; i <= v->top; i++)
		if (v->floor[i] == AT_WRONG || v->floor[i] == AT_CONCERN || v->floor[i] == AT_CONCERN_FAILED
		    || v->floor[i] == AT_CONCERN_SENT)
			return true;
	return false;
}

void
show_said(struct kiosk *k, struct visit *v, struct arena *a, struct say_list *list)
{
	struct http_response out = { .arena = a };
	struct sheet s;

	buf_init_secret(&out.body, 8 << 20);
	sheet_init(&s, k, v, &out);
	s.said = list;
	show_place(&s);
	buf_free(&out.body);
	/* That a page of "Something is wrong" was heard must not show in any file. */
	if (is_wrong_place(v))
		for (size_t i = 0; i < list->n; i++)
			list->piece[i].is_own = true;
}

void
show_message(struct kiosk *k, const struct words *w, unsigned status, const char *heading, const char *text,
    struct http_response *out)
{
	struct line_view line = { .text = text };
	struct link_view start = { .href = "/", .label = w->to_start, .lang = "" };
	struct message_view m = { .heading = heading, .lines = &line, .n_lines = text[0] != '\0', .links = &start,
	    .n_links = 1, .action = "/", .icon = "i-talk" };

	buf_reset(&out->body);
	show_frame(k, w, &m.f, heading);
	out->status = status;
	page_kiosk_message(&out->body, &m);
}

/* "8 questions, about 5 minutes": of the form most people get. */
const char *
show_how_long(struct kiosk *k, const struct words *w, struct arena *a)
{
	const struct shelf *s;
	struct buf questions, minutes;
	const char *text;

	if (catalog_fit(k->catalog, "individual", "self", "standard", &s, 1) == 0
	    && catalog_fit(k->catalog, "", "", "easy_read", &s, 1) == 0)
		return "";
	buf_init(&questions, 100);
	buf_init(&minutes, 100);
	words_count(&questions, w, &w->questions, form_questions(s->form));
	words_count(&minutes, w, &w->minutes, s->minutes > 0 ? s->minutes : form_questions(s->form) / 2 + 1);
	text = text_fill(a, w->attract_how_long, buf_str(&questions), buf_str(&minutes));
	buf_free(&questions);
	buf_free(&minutes);
	return text;
}

static bool
in_use(struct kiosk *k)
{
	int64_t now = clock_boot_ms(k->clock);

	for (size_t i = 0; i < VISITS; i++)
		if (k->visits.list[i].is_open && !k->visits.list[i].is_tablet && now < k->visits.list[i].dies_ms)
			return true;
	return false;
}

void
show_attract(struct kiosk *k, const struct http_request *r, const char *code, bool lan, struct http_response *out)
{
	const struct words *w = show_words(k, code);
	struct link_view languages[ARRAY_LEN(k->language)];
	struct attract_view view = { .code = w->code, .languages = languages };
	const struct notice *one;
	struct notice_view told;
	enum clock_quality quality;
	struct err err;
	bool any = false;

	show_frame(k, w, &view.f, w->attract_title);
	about_aloud(k, "attract", "/", w, r, out->arena, &view.f);
	/* One notice, the next at each return: nothing moves. */
	one = notices_at(k->notices, keep_now(k, &quality) / DAY_S, k->next_notice);
	if (one == NULL) {
		k->next_notice = 0;
		one = notices_at(k->notices, keep_now(k, &quality) / DAY_S, 0);
	}
	if (one != NULL) {
		k->next_notice++;
		told = (struct notice_view){ .said = notice_in(one, w->code)->said, .did = notice_in(one, w->code)->did,
		    .id = "told" };
		view.notices = &told;
		view.n_notices = 1;
	}
	for (size_t i = 0; i < k->catalog->n; i++)
		any |= shelf_is_asked(&k->catalog->shelf[i]);
	view.is_in_use = !lan && in_use(k);
	view.note = k->is_full ? w->attract_full : k->ring == NULL || k->is_revoked ? w->unavailable_text
	    : !any ? w->attract_no_form : view.is_in_use ? w->attract_in_use : "";
	view.can_start = view.note[0] == '\0';
	view.has_easy = view.can_start && catalog_has_variant(k->catalog, "easy_read");
	view.how_long = show_how_long(k, w, out->arena);
	for (size_t i = 0; i < k->n_languages; i++)
		if (k->language[i] != w && offers(k, k->language[i]))
			languages[view.n_languages++] = (struct link_view){
			    .href = text_of(out->arena, "/?l=%s", k->language[i]->code),
			    .label = k->language[i]->name, .lang = k->language[i]->tag };
	if (http_add(out, "Refresh", "600; url=/", &err) != ERR_OK)
		log_err("kiosk", "page", &err);
	page_kiosk_attract(&out->body, &view);
}
