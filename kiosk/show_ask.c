/* The pages of a visit that ask: those of forms, and the kiosk's own with tiles. See show.h. */
#include <string.h>

#include "base/log.h"
#include "kiosk/plain.h"
#include "kiosk/show.h"
#include "kiosk/templates.h"

static void
say_asks(struct showing *s, const struct question_view *q)
{
	showing_say(s, q->heading);
	if (q->n_errors > 0)
		showing_say(s, s->v->words->err_summary);
	for (size_t i = 0; i < q->n_asks; i++) {
		const struct ask_view *a = &q->asks[i];

		showing_say(s, a->error);
		showing_say_piece(s, a->label, a->sound, false);
		showing_say(s, a->hint);
		showing_say(s, a->reveal_label);
		for (size_t n = 0; n < a->n_choices; n++)
			showing_say_piece(s, a->choices[n].label, a->choices[n].sound, false);
		for (size_t n = 0; n < a->n_others; n++)
			showing_say_piece(s, a->others[n].label, a->others[n].sound, false);
		/* Dots are not read aloud either. */
		if (!a->is_masked)
			showing_say_own(s, a->value);
		s->has_text |= a->is_text || a->is_line;
		s->f.has_keys |= !s->v->is_tablet && strcmp(s->k->conf->keyboard, "page") == 0
		    && (a->is_text || a->is_line || a->is_number || a->is_date || a->is_time || a->has_search);
	}
}

void
show_filling(struct showing *s, struct filling *f, bool is_last_send)
{
	struct question_view q = { .heading = NULL };
	const char *heading;
	uint32_t next = f->page;
	struct err err;

	showing_frame(s, "");
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
		showing_listen(s);
	q.f = s->f;
	page_kiosk_question(&s->out->body, &q);
}

/* The film of the page under this one, in sign language. */
void
show_sign(struct showing *s)
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
	showing_frame(s, view.heading);
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
show_tiles(struct showing *s, const char *label, const char *hint, const char *const *values,
    const char *const *labels, size_t n)
{
	struct question_view q = { .heading = "", .error_title = "", .page_id = "0", .n_asks = 1 };
	struct ask_view *a = arena_calloc(s->a, 1, sizeof(*a));
	const char *ticked = visit_ticked(s->v);

	if (a == NULL)
		return;
	showing_frame(s, label);
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
		showing_say(s, q.read);
	}
	q.f = s->f;
	page_kiosk_question(&s->out->body, &q);
}

void
show_style(struct showing *s)
{
	const struct words *w = s->v->words;
	const char *const values[] = { "standard", "easy", "words" };
	const char *const labels[] = { w->style_standard, w->style_easy, w->style_words };

	show_tiles(s, w->style_title, "", values, labels, ARRAY_LEN(values));
}

void
show_which(struct showing *s)
{
	const char *values[CATALOG_MAX], *labels[CATALOG_MAX];

	for (size_t i = 0; i < s->v->n_choice; i++) {
		values[i] = text_of(s->a, "%zu", i);
		labels[i] = plain_copy(s->a, shelf_title(s->v->choice[i], s->v->tag));
	}
	show_tiles(s, s->v->words->which_form, "", values, labels, s->v->n_choice);
}

/* Easy Read begins with a question to try, which is not kept. */
void
show_practice(struct showing *s)
{
	const struct words *w = s->v->words;
	const char *const values[] = { "tea", "coffee", "neither" };
	const char *const labels[] = { w->practice_tea, w->practice_coffee, w->practice_neither };

	show_tiles(s, w->practice_title, w->practice_hint, values, labels, ARRAY_LEN(values));
}
