/* How pages look and sound: the page "Text size". See show.h. */
#include "kiosk/show.h"
#include "kiosk/templates.h"

static void
row(struct showing *s, struct look_view *view, const char *label, const char *verb, unsigned on,
    const char *const *labels, size_t n)
{
	struct look_row_view *r = &view->rows[view->n_rows++];

	r->label = label;
	r->options = arena_calloc(s->a, n, sizeof(*r->options));
	showing_say(s, label);
	for (size_t i = 0; r->options != NULL && i < n; i++) {
		r->options[i] = (struct option_view){ .go = text_of(s->a, "%s-%zu", verb, i), .label = labels[i],
		    .on = i == on };
		r->n_options++;
		showing_say(s, labels[i]);
	}
}

static void
language_row(struct showing *s, struct look_view *view)
{
	struct kiosk *k = s->k;
	struct look_row_view *r = &view->rows[view->n_rows];
	size_t n = 0;

	for (size_t i = 0; i < k->n_languages; i++)
		n += show_offers(k, k->language[i]) || k->language[i] == s->v->words;
	if (n < 2)
		return;
	view->n_rows++;
	r->label = s->v->words->look_language;
	r->options = arena_calloc(s->a, k->n_languages, sizeof(*r->options));
	for (size_t i = 0; r->options != NULL && i < k->n_languages; i++)
		if (show_offers(k, k->language[i]) || k->language[i] == s->v->words)
			r->options[r->n_options++] = (struct option_view){
			    .go = text_of(s->a, "lang-%s", k->language[i]->code), .label = k->language[i]->name,
			    .on = k->language[i] == s->v->words };
}

void
show_look(struct showing *s)
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
	showing_frame(s, w->look_title);
	s->f.has_back = s->f.has_stop = false;
	s->f.has_look_off = true;
	showing_say(s, w->look_title);
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
