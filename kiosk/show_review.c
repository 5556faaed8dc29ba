/* The end of a visit: answers to look at before they are sent, thanks and the four words. See show.h. */
#include <stdio.h>
#include <string.h>

#include "collector/words.h"
#include "kiosk/plain.h"
#include "kiosk/receipt.h"
#include "kiosk/show.h"
#include "kiosk/take.h"
#include "kiosk/templates.h"

enum { ANSWERS_A_PAGE = 4, DAY_S = 86400 };

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
shown_value(struct showing *s, const struct page_control *c)
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

void
show_review(struct showing *s)
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
	showing_frame(s, w->review_title);
	showing_say(s, w->review_title);
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
			showing_say(s, to->label);
			showing_say_own(s, to->shown);
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
	showing_say(s, view.reveal_label);
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
			showing_say(s, w->review_quote);
	} else {
		s->f.go_label = w->review_more;
	}
	view.f = s->f;
	page_kiosk_review(&s->out->body, &view);
}

void
show_thanks(struct showing *s)
{
	const struct words *w = s->v->words;
	struct thanks_view view = { .heading = w->thanks_title };
	struct line_view lines[2];
	enum clock_quality quality;
	struct buf until, words;

	showing_frame(s, w->thanks_title);
	s->f.has_back = false;
	s->f.has_look_off = false;
	s->f.go_label = w->finished;
	showing_say(s, w->thanks_title);
	showing_say(s, w->thanks_kept);
	buf_init_secret(&until, 200);
	buf_init_secret(&words, 200);
	words_date(&until, w, keep_now(s->k, &quality) / DAY_S + s->k->conf->withdraw_days, DATE_DAY);
	words_put(words_language(w->code), s->v->receipt, ARRAY_LEN(s->v->receipt), &words);
	view.words_lang = words_language(w->code) == WORDS_EN && strncmp(w->code, "en", 2) != 0 ? "en" : "";
	view.words = arena_calloc(s->a, 4, sizeof(*view.words));
	showing_say(s, w->thanks_words);
	for (size_t i = 0; view.words != NULL && i < 4; i++) {
		view.words[view.n_words].text = word_text(words_language(w->code), s->v->receipt[i]);
		showing_say_own(s, view.words[view.n_words++].text);
	}
	lines[0].text = text_fill(s->a, w->thanks_until, buf_str(&until), NULL);
	lines[1].text = w->thanks_private;
	view.lines = lines;
	view.n_lines = 2;
	showing_say(s, lines[0].text);
	showing_say(s, lines[1].text);
	view.qr_path = receipt_qr(buf_str(&words), s->a, &view.qr_size);
	view.f = s->f;
	page_kiosk_thanks(&s->out->body, &view);
	buf_free(&until);
	buf_free(&words);
}
