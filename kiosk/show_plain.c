/* The pages of a visit that tell: privacy, what went wrong, "Something is wrong". See show.h. */
#include <string.h>

#include "kiosk/show.h"
#include "kiosk/templates.h"

enum { LINES_WIDE = 5 };

static void
message(struct showing *s, const char *heading, const char *const *lines, size_t n, struct message_view *m)
{
	m->lines = arena_calloc(s->a, n + 1, sizeof(*m->lines));
	m->heading = heading;
	m->action = "/s";
	if (m->icon == NULL)
		m->icon = "i-talk";
	showing_say(s, heading);
	for (size_t i = 0; m->lines != NULL && i < n; i++)
		if (lines[i] != NULL && lines[i][0] != '\0') {
			m->lines[m->n_lines++].text = lines[i];
			showing_say(s, lines[i]);
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

void
show_privacy(struct showing *s)
{
	const struct words *w = s->v->words;
	bool falls_back = s->v->easy_read && strcmp(s->v->main.shelf->variant, "easy_read") != 0;
	const char *lines[1 + PRIVACY_LINES] = { falls_back ? w->privacy_no_easy : "" };
	struct message_view m = { .is_alert = false, .icon = "i-lock" };

	showing_frame(s, w->privacy_title);
	show_privacy_lines(s->k, w, s->a, lines + 1);
	s->f.go_label = w->privacy_agree;
	s->f.other = "no";
	s->f.other_label = w->privacy_no;
	s->f.has_stop = false;
	message(s, w->privacy_title, lines, ARRAY_LEN(lines), &m);
}

void
show_failed(struct showing *s, bool concern)
{
	const struct words *w = s->v->words;
	const char *const lines[] = { w->send_failed_text };
	struct message_view m = { .is_alert = true, .icon = "i-care" };

	showing_frame(s, w->send_failed_title);
	s->f.go_label = w->try_again;
	s->f.has_wrong = !concern;
	message(s, w->send_failed_title, lines, 1, &m);
}

void
show_still(struct showing *s)
{
	const struct words *w = s->v->words;
	const char *lines[1];
	struct message_view m = { .is_alert = true, .icon = "i-talk" };

	showing_frame(s, w->still_title);
	lines[0] = s->f.has_sent ? w->still_sent : w->still_text;
	s->f.has_back = false;
	s->f.go_label = w->still_yes;
	message(s, w->still_title, lines, 1, &m);
}

void
show_no_form(struct showing *s)
{
	const struct words *w = s->v->words;
	struct message_view m = { .is_alert = false };

	showing_frame(s, w->attract_no_form);
	s->f.has_stop = false;
	s->f.go_label = w->to_start;
	message(s, w->attract_no_form, NULL, 0, &m);
}

void
show_concern_sent(struct showing *s)
{
	const struct words *w = s->v->words;
	const char *const lines[] = { w->concern_sent, w->wrong_cannot, w->concern_no_words };
	struct message_view m = { .is_alert = false, .icon = "i-tick" };

	showing_frame(s, w->concern_sent_title);
	s->f.has_back = s->f.has_wrong = false;
	s->f.has_stop = false;
	message(s, w->concern_sent_title, lines, ARRAY_LEN(lines), &m);
}

void
show_wrong(struct showing *s)
{
	const struct words *w = s->v->words;
	struct number_view numbers[ARRAY_LEN(s->k->numbers) + 2] = { { .name = w->number_emergency, .number = "999" } };
	struct wrong_view view = { .n_numbers = 1, .numbers = numbers };

	showing_frame(s, w->wrong_title);
	s->f.has_wrong = false;
	s->f.has_stop &= s->v->floor[0] != AT_NOTHING;
	s->f.go_label = w->wrong_back;
	for (size_t i = 0; i < s->k->n_numbers; i++)
		numbers[view.n_numbers++] = s->k->numbers[i];
	if (s->k->n_numbers == 0)
		numbers[view.n_numbers++] = (struct number_view){ .name = w->number_cqc, .number = "03000 616161" };
	view.has_form = keep_can_concern(s->k, s->v->is_tablet);
	showing_say(s, w->wrong_title);
	showing_say(s, w->wrong_call);
	showing_say(s, w->wrong_numbers);
	for (size_t i = 0; i < view.n_numbers; i++) {
		showing_say(s, view.numbers[i].name);
		showing_say(s, view.numbers[i].number);
	}
	if (view.has_form) {
		showing_say(s, w->wrong_write);
		showing_say(s, w->wrong_cannot);
		showing_say(s, w->wrong_not_safe);
		showing_say(s, w->wrong_complaint);
		showing_say(s, w->wrong_staff);
	} else {
		showing_say(s, w->wrong_no_form);
	}
	view.f = s->f;
	page_kiosk_wrong(&s->out->body, &view);
}
