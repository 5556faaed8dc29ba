/* The pages of a visit: what all of them have, and which of them it is. See show.h and inside.h. */
#include <string.h>

#include "base/log.h"
#include "kiosk/show.h"
#include "kiosk/templates.h"

enum { TEXT_IDLE_S = 600, GRACE_S = 5, SCRIPT_S = 25, PAGE_ROOM = 9000 };

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
void
showing_listen(struct showing *s)
{
	s->f.has_listen = true;
	s->f.is_listening = s->v->is_listening;
	if (s->f.is_listening)
		s->f.audio = text_of(s->a, "/s/sound?n=%u", s->v->listen_n);
}

/* Seconds without a press until the page asks: the form's word before the site's. */
static int64_t
warn_s(const struct showing *s)
{
	const struct shelf *shelf = s->v->main.shelf;

	return visit_at(s->v) == AT_ASK && shelf != NULL && shelf->idle_s >= 60 ? shelf->idle_s : s->k->conf->idle_warn_s;
}

void
showing_frame(struct showing *s, const char *title)
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
		showing_listen(s);
	s->f.go = "next";
	s->f.go_label = v->words->continue_;
	s->f.has_script = visit_at(v) != AT_STILL;
	s->f.is_fresh = !v->has_script;
	s->f.warn_s = text_of(s->a, "%lld", (long long)warn_s(s));
	s->f.answer_s = text_of(s->a, "%lld", (long long)s->k->conf->idle_answer_s);
}

void
showing_say_piece(struct showing *s, const char *text, const struct media_file *sound, bool is_own)
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

void
showing_say(struct showing *s, const char *text)
{
	showing_say_piece(s, text, NULL, false);
}

/* Somebody's own words: never in a file. */
void
showing_say_own(struct showing *s, const char *text)
{
	showing_say_piece(s, text, NULL, true);
}

void
show_place(struct showing *s)
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
set_idle(struct showing *s)
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
showing_init(struct showing *s, struct kiosk *k, struct visit *v, struct http_response *out)
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
	struct showing s;

	/* A secret buffer that grows copies and wipes each time. */
	buf_reserve(&out->body, PAGE_ROOM);
	showing_init(&s, k, v, out);
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
	struct showing s;

	buf_init_secret(&out.body, 8 << 20);
	showing_init(&s, k, v, &out);
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
