/* How loud a visit begins, and which language the start page is in: set by staff, kept in site.db. See staff.h. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "kiosk/say.h"
#include "kiosk/staff.h"
#include "kiosk/templates.h"

static void
put(struct kiosk *k, const char *key, const char *value)
{
	struct err err;

	if (outbox_meta_put(k->ob, key, value, strlen(value), &err) != ERR_OK)
		log_err("kiosk", "staff", &err);
}

/* The language CODE to the front; the order of the others stays. */
static bool
first(struct kiosk *k, const char *code)
{
	for (size_t i = 0; i < k->n_languages; i++)
		if (strcmp(k->language[i]->code, code) == 0) {
			const struct words *w = k->language[i];

			memmove(&k->language[1], &k->language[0], i * sizeof(k->language[0]));
			k->language[0] = w;
			return true;
		}
	return false;
}

void
staff_sound_load(struct kiosk *k)
{
	int64_t volume;
	struct buf b;
	struct err err;

	buf_init(&b, 64);
	k->visits.volume = VOLUME_USUAL;
	if (outbox_meta(k->ob, "kiosk.volume", &b, &err) == ERR_OK && num_i64(buf_str(&b), b.len, 0, SAY_LOUD, &volume))
		k->visits.volume = (unsigned)volume;
	buf_reset(&b);
	if (outbox_meta(k->ob, "kiosk.language", &b, &err) == ERR_OK)
		(void)first(k, buf_str(&b));
	buf_free(&b);
}

static void
show(struct kiosk *k, struct http_response *out)
{
	const struct words *w = staff_words(k);
	struct arena *a = out->arena;
	struct option_view languages[ARRAY_LEN(k->language)];
	struct sound_view view = { .languages = languages };

	staff_frame(k, &view.f, w->staff_sound, "", "", a);
	if (say_can(k, w))
		view.volume = text_fill(a, w->staff_volume, text_of(a, "%u", k->visits.volume + 1), text_of(a, "%d", SAY_LOUD + 1));
	for (size_t i = 0; i < k->n_languages; i++)
		languages[view.n_languages++] = (struct option_view){ .go = text_of(a, "first-%s", k->language[i]->code),
		    .label = k->language[i]->name, .on = i == 0 };
	view.has_languages = view.n_languages > 1;
	page_kiosk_staff_sound(&out->body, &view);
}

void
staff_sound(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const char *go = strcmp(r->method, "POST") == 0 ? field_text(r, "go") : "";
	unsigned was = k->visits.volume;
	char text[12];

	if (strcmp(go, "louder") == 0)
		k->visits.volume += was < SAY_LOUD;
	else if (strcmp(go, "quieter") == 0)
		k->visits.volume -= was > 0;
	else if (strncmp(go, "first-", 6) == 0 && first(k, go + 6))
		put(k, "kiosk.language", go + 6);
	if (k->visits.volume != was) {
		snprintf(text, sizeof(text), "%u", k->visits.volume);
		put(k, "kiosk.volume", text);
	}
	show(k, out);
}
