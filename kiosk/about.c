/* Pages outside a visit: about this screen, who reads answers, taking them back, "You said, we did". See inside.h. */
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "collector/words.h"
#include "kiosk/say.h"
#include "kiosk/templates.h"

enum { TRIES = 5, TRIES_MS = 600000, SHOWN = 12, NOTICES_A_PAGE = 2, DAY_S = 86400 };

/* Nobody there any more: the next person finds the start, not four words. */
static void
to_start_later(struct http_response *out)
{
	struct err err;

	if (http_add(out, "Refresh", "300; url=/", &err) != ERR_OK)
		log_err("kiosk", "page", &err);
}

/* A page outside a visit: what it shows, and what Listen says of it. */
struct outside {
	struct kiosk *k;
	const struct words *w;
	struct arena *a;
	const char *page;		/* "about", "privacy", "withdraw", "notices", "attract" */
	bool easy, is_listening;
	size_t first;			/* notice */
	const char *heading;
	struct say_piece line[2 * NOTICES_A_PAGE + 8];
	size_t n;
};

static void
line(struct outside *o, const char *text, const struct media_file *sound)
{
	if (o->n < ARRAY_LEN(o->line) && text != NULL && text[0] != '\0')
		o->line[o->n++] = (struct say_piece){ .text = text, .sound = sound };
}

/* The notices of one page, as they are shown and read. Returns how many there are from FIRST on. */
static size_t
fill_notices(struct outside *o, struct notice_view *list, bool *has_easy)
{
	enum clock_quality quality;
	int64_t day = keep_now(o->k, &quality) / DAY_S;
	size_t n = 0;

	*has_easy = false;
	for (size_t i = o->first; i < SHOWN; i++) {
		const struct notice *one = notices_at(o->k->notices, day, i);
		const struct notice_text *t;
		bool easy;

		if (one == NULL)
			break;
		t = notice_in(one, o->w->code);
		*has_easy |= t->easy_said != NULL;
		if (n++ >= NOTICES_A_PAGE)
			continue;
		easy = o->easy && t->easy_said != NULL;
		list[n - 1] = (struct notice_view){ .said = easy ? t->easy_said : t->said, .did = easy ? t->easy_did : t->did,
		    .id = text_of(o->a, "told-%zu", n) };
		if (t->sound != NULL && !easy) {
			line(o, text_of(o->a, "%s: %s. %s: %s", o->w->notices_said, t->said, o->w->notices_did, t->did), t->sound);
		} else {
			line(o, text_of(o->a, "%s: %s", o->w->notices_said, list[n - 1].said), NULL);
			line(o, text_of(o->a, "%s: %s", o->w->notices_did, list[n - 1].did), NULL);
		}
	}
	return n;
}

static void
fill(struct outside *o)
{
	const struct words *w = o->w;
	const char *privacy[PRIVACY_LINES];

	if (strcmp(o->page, "privacy") == 0) {
		o->heading = w->about_privacy;
		show_privacy_lines(o->k, w, o->a, privacy);
		for (size_t i = 0; i < ARRAY_LEN(privacy); i++)
			line(o, privacy[i], NULL);
	} else if (strcmp(o->page, "withdraw") == 0) {
		o->heading = w->withdraw_title;
		line(o, w->withdraw_hint, NULL);
	} else if (strcmp(o->page, "notices") == 0) {
		o->heading = w->notices_title;
	} else if (strcmp(o->page, "tablet") == 0) {
		o->heading = w->about_tablet;
		line(o, w->tablets_hint, NULL);
	} else if (strcmp(o->page, "attract") == 0) {
		o->heading = w->attract_title;
		line(o, show_how_long(o->k, w, o->a), NULL);
		line(o, w->attract_promise, NULL);
	} else {
		o->page = "about";
		o->heading = w->about_title;
		line(o, w->about_text, NULL);
		line(o, w->attract_promise, NULL);
	}
}

static struct outside
outside(struct kiosk *k, const char *page, const struct words *w, const struct http_request *r, struct arena *a)
{
	struct outside o = { .k = k, .w = w, .a = a, .page = page, .easy = http_query(r, "e") != NULL,
	    .is_listening = http_query(r, "listen") != NULL };
	const char *n = http_query(r, "n");
	int64_t first = 0;

	if (n != NULL && num_i64(n, strlen(n), 0, SHOWN, &first))
		o.first = (size_t)first;
	fill(&o);
	return o;
}

/* The address of this page, as sound or as itself. */
static const char *
address(const struct outside *o, const char *path, const char *more)
{
	return text_of(o->a, "%s?l=%s%s%s%s", path, o->w->code, o->easy ? "&e=1" : "",
	    o->first > 0 ? text_of(o->a, "&n=%zu", o->first) : "", more);
}

static void
aloud(const struct outside *o, const char *path, struct frame *f)
{
	if (!say_can(o->k, o->w) || o->page[0] == '\0')
		return;
	f->is_listening = o->is_listening;
	f->listen_href = address(o, path, o->is_listening ? "" : "&listen=1");
	if (o->is_listening)
		f->audio = address(o, "/sound", text_of(o->a, "&p=%s", o->page));
}

/* One press from everywhere: as on the start page, it opens a visit of its own. */
static void
set_wrong(const struct words *w, struct arena *a, struct frame *f)
{
	f->has_wrong = true;
	f->wrong_at = text_of(a, "/start?l=%s", w->code);
}

void
about_aloud(struct kiosk *k, const char *page, const char *path, const struct words *w, const struct http_request *r,
    struct arena *a, struct frame *f)
{
	struct outside o = outside(k, page, w, r, a);

	aloud(&o, path, f);
}

void
about_said(struct kiosk *k, const struct http_request *r, struct arena *a, struct say_list *list)
{
	const char *page = http_query(r, "p");
	struct notice_view shown[NOTICES_A_PAGE];
	struct outside o = outside(k, page == NULL ? "" : page, show_words(k, http_query(r, "l")), r, a);
	bool easy;

	if (strcmp(o.page, "notices") == 0 && fill_notices(&o, shown, &easy) == 0)
		line(&o, o.w->notices_none, NULL);
	list->piece[list->n++] = (struct say_piece){ .text = o.heading };
	for (size_t i = 0; i < o.n; i++)
		list->piece[list->n++] = o.line[i];
	for (size_t i = 0; i < list->n; i++)
		if (list->piece[i].sound != NULL) {
			struct media_file *copy = arena_alloc(a, sizeof(*copy));

			if (copy != NULL)
				*copy = *list->piece[i].sound;
			list->piece[i].sound = copy;
		}
}

static void
plain(struct outside *o, const char *path, const char *back, struct link_view *links, size_t n_links,
    struct http_response *out)
{
	struct line_view *l = arena_calloc(o->a, o->n + 1, sizeof(*l));
	struct message_view m = { .heading = o->heading, .lines = l, .links = links, .n_links = n_links,
	    .action = "/", .icon = strcmp(o->page, "privacy") == 0 ? "i-lock" : o->page[0] == '\0' ? "i-tick" : "i-talk" };

	show_frame(o->k, o->w, &m.f, o->heading);
	m.f.back_href = back;
	set_wrong(o->w, o->a, &m.f);
	aloud(o, path, &m.f);
	for (size_t i = 0; l != NULL && i < o->n; i++)
		l[m.n_lines++].text = o->line[i].text;
	m.is_long = m.n_lines > 5;
	to_start_later(out);
	page_kiosk_message(&out->body, &m);
}

static void
about(struct kiosk *k, const struct words *w, const struct http_request *r, bool lan, struct http_response *out)
{
	struct outside o = outside(k, "about", w, r, out->arena);
	struct tablets_view tablets;
	struct link_view links[5] = {
		{ text_of(o.a, "/privacy?l=%s", w->code), w->about_privacy, w->tag },
		{ text_of(o.a, "/withdraw?l=%s", w->code), w->about_withdraw, w->tag },
		{ text_of(o.a, "/notices?l=%s", w->code), w->about_notices, w->tag },
		{ "/staff", w->about_staff, w->tag },
	};
	size_t n = 4;

	if (!lan && join_invite(k, &tablets, o.a)) {
		links[4] = links[3];
		links[3] = (struct link_view){ text_of(o.a, "/tablet?l=%s", w->code), w->about_tablet, w->tag };
		n++;
	}
	plain(&o, "/about", text_of(o.a, "/?l=%s", w->code), links, n, out);
}

/* How a tablet comes here: only where anybody's may. */
static bool
tablet(struct kiosk *k, const struct words *w, const struct http_request *r, struct http_response *out)
{
	struct outside o = outside(k, "tablet", w, r, out->arena);
	struct tablets_view view;

	if (!join_invite(k, &view, o.a))
		return false;
	show_frame(k, w, &view.f, o.heading);
	set_wrong(w, o.a, &view.f);
	view.f.back_href = text_of(o.a, "/about?l=%s", w->code);
	aloud(&o, "/tablet", &view.f);
	to_start_later(out);
	page_kiosk_tablet(&out->body, &view);
	return true;
}

static void
privacy(struct kiosk *k, const struct words *w, const struct http_request *r, struct http_response *out)
{
	struct outside o = outside(k, "privacy", w, r, out->arena);

	plain(&o, "/privacy", text_of(o.a, "/about?l=%s", w->code), NULL, 0, out);
}

static void
notices(struct kiosk *k, const struct words *w, const struct http_request *r, struct http_response *out)
{
	struct outside o = outside(k, "notices", w, r, out->arena), other;
	struct notice_view list[NOTICES_A_PAGE];
	struct notices_view view = { .heading = o.heading, .list = list, .more = "", .easy = "", .easy_label = "" };
	bool has_easy;
	size_t n = fill_notices(&o, list, &has_easy);

	show_frame(k, w, &view.f, o.heading);
	view.n_list = n < NOTICES_A_PAGE ? n : NOTICES_A_PAGE;
	view.none = n == 0 ? w->notices_none : "";
	other = o;
	other.first += NOTICES_A_PAGE;
	if (n > NOTICES_A_PAGE)
		view.more = address(&other, "/notices", "");
	other = o;
	other.easy = !o.easy;
	if (has_easy) {
		view.easy = address(&other, "/notices", "");
		view.easy_label = o.easy ? w->style_standard : w->easy_read;
	}
	set_wrong(w, o.a, &view.f);
	view.f.back_href = text_of(o.a, "/about?l=%s", w->code);
	if (o.first > 0) {
		other = o;
		other.first -= o.first < NOTICES_A_PAGE ? o.first : NOTICES_A_PAGE;
		view.f.back_href = address(&other, "/notices", "");
	}
	aloud(&o, "/notices", &view.f);
	to_start_later(out);
	page_kiosk_notices(&out->body, &view);
}

/* --- taking answers back ------------------------------------------------------------------------------ */

static void
withdraw_page(struct kiosk *k, const struct words *w, const struct http_request *r, const char *error, bool lan,
    struct http_response *out)
{
	struct field_view view = { .heading = w->withdraw_title, .label = w->withdraw_label,
	    .hint = w->withdraw_hint, .error = error, .name = "words", .type = "text", .inputmode = "text",
	    .value = "", .action = text_of(out->arena, "/withdraw?l=%s", w->code),
	    .back = text_of(out->arena, "/about?l=%s", w->code) };

	show_frame(k, w, &view.f, error[0] != '\0' ? text_of(out->arena, "%s: %s", w->error, w->withdraw_title)
	    : w->withdraw_title);
	set_wrong(w, out->arena, &view.f);
	about_aloud(k, "withdraw", "/withdraw", w, r, out->arena, &view.f);
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

/* The answers that the numbers FOUR belong to. The words lead to another secret for each device id; after new keys those
 * of before are still good. ERR_ABSENT: none. */
static enum err_code
take_back_of(struct kiosk *k, const uint16_t four[4])
{
	uint8_t secret[32], devices[OUTBOX_DEVICES][16];
	struct err err;
	size_t n = 0;
	enum err_code rc = outbox_devices(k->ob, devices, &n, &err);

	for (size_t i = 0; i < n; i++) {
		rc = seal_withdraw(devices[i], four, secret, &err);
		if (rc == ERR_OK)
			rc = outbox_withdraw_of(k->ob, devices[i], secret, &err);
		if (rc != ERR_ABSENT)
			break;
	}
	wipe(secret, sizeof(secret));
	if (rc != ERR_OK && rc != ERR_ABSENT)
		log_err("kiosk", "withdraw", &err);
	return rc;
}

/* The four words were given in the language of that page: it may be another one than this page's, and a few words are in
 * more than one list. ERR_INPUT: they are in none. */
static enum err_code
take_back(struct kiosk *k, const char *text, enum word_language language)
{
	enum err_code rc = ERR_INPUT, found;
	uint16_t four[4];
	struct err err;

	for (unsigned i = 0; i < WORDS_LANGUAGES && (rc == ERR_INPUT || rc == ERR_ABSENT); i++) {
		found = words_read((language + i) % WORDS_LANGUAGES, text, strlen(text), four, ARRAY_LEN(four), &err);
		if (found == ERR_OK)
			rc = take_back_of(k, four);
	}
	wipe(four, sizeof(four));
	return rc;
}

static void
withdraw(struct kiosk *k, const struct http_request *r, const struct words *w, bool lan, struct http_response *out)
{
	const char *text = field_text(r, "words");
	enum err_code rc;

	if (!may_try(k)) {
		withdraw_page(k, w, r, w->withdraw_wait, lan, out);
		return;
	}
	/* Milliseconds on purpose, then the disk: others go on meanwhile. */
	pthread_mutex_unlock(&k->lock);
	rc = take_back(k, text, words_language(w->code));
	pthread_mutex_lock(&k->lock);
	if (rc == ERR_OK) {
		struct outside o = { .k = k, .w = w, .a = out->arena, .page = "", .heading = w->withdraw_done_title };
		struct link_view start = { "/", w->to_start, w->tag };

		line(&o, w->withdraw_done, NULL);
		line(&o, w->withdraw_published, NULL);
		plain(&o, "", "", &start, 1, out);
	} else if (rc == ERR_INPUT || rc == ERR_ABSENT) {
		withdraw_page(k, w, r, w->withdraw_wrong, lan, out);
	} else {
		withdraw_page(k, w, r, w->withdraw_failed, lan, out);
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
			withdraw_page(k, w, r, "", lan, out);
		return true;
	}
	if (post)
		return false;
	if (strcmp(r->path, "/about") == 0)
		about(k, w, r, lan, out);
	else if (strcmp(r->path, "/tablet") == 0 && !lan)
		return tablet(k, w, r, out);
	else if (strcmp(r->path, "/privacy") == 0)
		privacy(k, w, r, out);
	else if (strcmp(r->path, "/notices") == 0)
		notices(k, w, r, out);
	else
		return false;
	return true;
}
