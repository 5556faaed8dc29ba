/* Pages outside a visit: about this screen, who reads answers, taking them back, "You said, we did". See inside.h. */
#include <string.h>

#include "base/log.h"
#include "collector/words.h"
#include "kiosk/inside.h"
#include "kiosk/templates.h"

enum { TRIES = 5, TRIES_MS = 600000, SHOWN = 12 };

/* Nobody there any more: the next person finds the start, not four words. */
static void
to_start_later(struct http_response *out)
{
	struct err err;

	if (http_add(out, "Refresh", "300; url=/", &err) != ERR_OK)
		log_err("kiosk", "page", &err);
}

static void
plain(struct kiosk *k, const struct words *w, const char *heading, const char *const *lines, size_t n,
    struct link_view *links, size_t n_links, struct http_response *out)
{
	struct line_view *l = arena_calloc(out->arena, n + 1, sizeof(*l));
	struct message_view m = { .heading = heading, .lines = l, .links = links, .n_links = n_links,
	    .action = "/", .icon = "" };

	show_frame(k, w, &m.f, heading);
	for (size_t i = 0; l != NULL && i < n; i++)
		l[m.n_lines++].text = lines[i];
	to_start_later(out);
	page_kiosk_message(&out->body, &m);
}

static void
about(struct kiosk *k, const struct words *w, struct http_response *out)
{
	const char *const lines[] = { w->about_text, w->attract_promise };
	struct arena *a = out->arena;
	struct link_view links[] = {
		{ text_of(a, "/privacy?l=%s", w->code), w->about_privacy, w->tag },
		{ text_of(a, "/withdraw?l=%s", w->code), w->about_withdraw, w->tag },
		{ text_of(a, "/notices?l=%s", w->code), w->about_notices, w->tag },
		{ "/staff", w->about_staff, w->tag },
		{ text_of(a, "/?l=%s", w->code), w->to_start, w->tag },
	};

	plain(k, w, w->about_title, lines, ARRAY_LEN(lines), links, ARRAY_LEN(links), out);
}

static void
privacy(struct kiosk *k, const struct words *w, struct http_response *out)
{
	const char *const lines[] = { w->privacy_1, w->privacy_2, w->privacy_3, w->privacy_4, w->privacy_5,
	    w->privacy_6 };
	struct link_view back = { text_of(out->arena, "/about?l=%s", w->code), w->back, w->tag };

	plain(k, w, w->about_privacy, lines, ARRAY_LEN(lines), &back, 1, out);
}

static void
notices(struct kiosk *k, const struct words *w, struct http_response *out)
{
	const char *lines[2 * SHOWN];
	struct link_view back = { text_of(out->arena, "/about?l=%s", w->code), w->back, w->tag };
	enum clock_quality quality;
	int64_t day = keep_now(k, &quality) / 86400;
	size_t n = 0;

	for (size_t i = 0; i < SHOWN; i++) {
		const struct notice *one = notices_at(k->notices, day, i);

		if (one == NULL)
			break;
		lines[n++] = text_of(out->arena, "%s: %s", w->notices_said, notice_in(one, w->code)->said);
		lines[n++] = text_of(out->arena, "%s: %s", w->notices_did, notice_in(one, w->code)->did);
	}
	if (n == 0)
		lines[n++] = w->notices_none;
	plain(k, w, w->notices_title, lines, n, &back, 1, out);
}

/* --- taking answers back ------------------------------------------------------------------------------ */

static void
withdraw_page(struct kiosk *k, const struct words *w, const char *error, bool lan, struct http_response *out)
{
	struct field_view view = { .heading = w->withdraw_title, .label = w->withdraw_label,
	    .hint = w->withdraw_hint, .error = error, .name = "words", .type = "text", .inputmode = "text",
	    .value = "", .action = text_of(out->arena, "/withdraw?l=%s", w->code),
	    .back = text_of(out->arena, "/about?l=%s", w->code) };

	show_frame(k, w, &view.f, error[0] != '\0' ? text_of(out->arena, "%s: %s", w->error, w->withdraw_title)
	    : w->withdraw_title);
	view.f.go = "withdraw";
	view.f.go_label = w->withdraw_do;
	view.f.has_script = view.f.has_keys = !lan && strcmp(k->conf->keyboard, "page") == 0;
	to_start_later(out);
	page_kiosk_field(&out->body, &view);
}

/* Five tries in ten minutes, whoever tries. */
static bool
may_try(struct kiosk *k)
{
	int64_t now = clock_boot_ms(k->clock);

	if (now - k->withdraw_since_ms >= TRIES_MS) {
		k->withdraw_since_ms = now;
		k->withdraw_tries = 0;
	}
	return k->withdraw_tries++ < TRIES;
}

static void
withdraw(struct kiosk *k, const struct http_request *r, const struct words *w, bool lan, struct http_response *out)
{
	const char *text = field_text(r, "words");
	uint16_t four[4];
	enum err_code rc;
	uint8_t secret[32];
	struct err err;

	if (!may_try(k)) {
		withdraw_page(k, w, w->withdraw_wait, lan, out);
		return;
	}
	rc = words_read(text, strlen(text), four, ARRAY_LEN(four), &err);
	if (rc == ERR_OK) {
		rc = seal_withdraw(k->device, four, secret, &err);
		if (rc == ERR_OK)
			rc = outbox_withdraw(k->ob, secret, &err);
		wipe(secret, sizeof(secret));
	}
	wipe(four, sizeof(four));
	if (rc == ERR_OK) {
		const char *const lines[] = { w->withdraw_done, w->withdraw_published };
		struct link_view start = { "/", w->to_start, w->tag };

		plain(k, w, w->withdraw_done_title, lines, 2, &start, 1, out);
	} else if (rc == ERR_INPUT || rc == ERR_ABSENT) {
		withdraw_page(k, w, w->withdraw_wrong, lan, out);
	} else {
		log_err("kiosk", "withdraw", &err);
		withdraw_page(k, w, w->withdraw_failed, lan, out);
	}
}

bool
about_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const struct words *w = show_words(k, http_query(r, "l"));
	bool post = strcmp(r->method, "POST") == 0;

	if (strcmp(r->path, "/withdraw") == 0) {
		if (post)
			withdraw(k, r, w, lan, out);
		else
			withdraw_page(k, w, "", lan, out);
		return true;
	}
	if (post)
		return false;
	if (strcmp(r->path, "/about") == 0)
		about(k, w, out);
	else if (strcmp(r->path, "/privacy") == 0)
		privacy(k, w, out);
	else if (strcmp(r->path, "/notices") == 0)
		notices(k, w, out);
	else
		return false;
	return true;
}
