/* The start page: what it offers. See show.h. */
#include "base/log.h"
#include "kiosk/show.h"
#include "kiosk/templates.h"

enum { DAY_S = 86400 };

bool
show_offers(const struct kiosk *k, const struct words *w)
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
		if (k->language[i] != w && show_offers(k, k->language[i]))
			languages[view.n_languages++] = (struct link_view){
			    .href = text_of(out->arena, "/?l=%s", k->language[i]->code),
			    .label = k->language[i]->name, .lang = k->language[i]->tag };
	if (http_add(out, "Refresh", "600; url=/", &err) != ERR_OK)
		log_err("kiosk", "page", &err);
	page_kiosk_attract(&out->body, &view);
}
