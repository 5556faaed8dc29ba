/* Which request gets which page. See kiosk.h. */
#include <stdio.h>
#include <string.h>

#include "base/embed.h"
#include "base/log.h"
#include "base/num.h"
#include "kiosk/embed.h"
#include "kiosk/inside.h"
#include "kiosk/say.h"

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool
is_post(const struct http_request *r)
{
	return is(r->method, "POST");
}

const char *
field_text(const struct http_request *r, const char *name)
{
	size_t len;
	const char *text = http_field(r, name, 0, &len);

	return text == NULL || strlen(text) != len ? "" : text;
}

/* The words of the visit R belongs to, else of the page it came from. */
static const struct words *
words_of(struct kiosk *k, const struct http_request *r)
{
	const struct visit *v = visit_find(&k->visits, guard_cookie_get(k, r, "v", false), clock_boot_ms(k->clock));

	if (v == NULL)
		v = visit_find(&k->visits, guard_cookie_get(k, r, "v", true), clock_boot_ms(k->clock));
	return v != NULL ? v->words : show_words(k, http_query(r, "l"));
}

static void
not_found(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const struct words *w = words_of(k, r);

	show_message(k, w, 404, w->not_found_title, w->not_found_text, out);
}

static void
refused(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const struct words *w = words_of(k, r);

	k->refused++;
	show_message(k, w, 403, w->refused_title, w->refused_text, out);
}

/* --- static files ------------------------------------------------------------------------------------ */

void
static_handle(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	static const char *const fonts[] = { "Andika-Regular.woff2", "Andika-Bold.woff2" };
	const char *name = r->path + strlen("/static/");
	size_t n = strlen(k->version);
	const struct embed_file *f;
	char path[80];
	int64_t mm;

	if (strncmp(name, k->version, n) != 0 || name[n] != '/' || strlen(name + n + 1) > 40) {
		not_found(k, r, out);
		return;
	}
	name += n + 1;
	for (size_t i = 0; i < ARRAY_LEN(fonts); i++)
		if (is(name, fonts[i]) && k->font[i].len > 0) {
			out->type = "font/woff2";
			out->fixed = k->font[i].data;
			out->fixed_len = k->font[i].len;
			goto keep;
		}
	if (strncmp(name, "mm-", 3) == 0 && is(name + strlen(name) - 4, ".css")
	    && num_i64(name + 3, strlen(name) - 7, 200, 3000, &mm)) {
		out->type = "text/css; charset=utf-8";
		buf_printf(&out->body, ":root{--mm:%d.%02dpx}\n", (int)mm / 100, (int)mm % 100);
		goto keep;
	}
	snprintf(path, sizeof(path), "static/%s", name);
	f = embed_find(embed_kiosk, path);
	if (f == NULL) {
		not_found(k, r, out);
		return;
	}
	out->type = is(name + strlen(name) - 3, ".js") ? "text/javascript; charset=utf-8" : "text/css; charset=utf-8";
	out->fixed = f->data;
	out->fixed_len = f->len;
keep:
	out->cacheable = true;
	if (http_add(out, "Cache-Control", "public, max-age=31536000, immutable", NULL) != ERR_OK)
		http_plain(out, 503, "Out of memory. Please try again.\n");
}

/* --- a visit ----------------------------------------------------------------------------------------- */

/* The attract page again, and nothing of the visit anywhere. */
static void
to_start(const struct kiosk *k, struct http_response *out, bool lan)
{
	http_see_other(out, "/");
	guard_cookie(k, out, "v", NULL, lan);
	out->close = true;
}

static struct visit *
visit_of(struct kiosk *k, const struct http_request *r, bool lan)
{
	const char *code = guard_cookie_get(k, r, "v", lan);
	struct visit *v = visit_find(&k->visits, code, clock_boot_ms(k->clock));

	/* Send pressed twice: the second press finds what the first has done. */
	while (v != NULL && v->is_busy) {
		pthread_cond_wait(&k->freed, &k->lock);
		v = visit_find(&k->visits, code, clock_boot_ms(k->clock));
	}
	/* A cookie of the screen is worth nothing on the site's network, and the other way round; a sheet of paper is
	 * typed in by staff who are in. */
	return v != NULL && v->is_tablet == lan && (!v->is_paper || staff_is_in(k, r, lan)) ? v : NULL;
}

static void
start(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const char *go = field_text(r, "go"), *code = http_field(r, "l", 0, NULL) == NULL ? http_query(r, "l") : field_text(r, "l");
	struct visit *v = visit_of(k, r, lan);
	char cookie[CODE_LEN + 1];
	struct err err;
	enum err_code rc;

	code = code == NULL ? "" : code;
	/* Start pressed twice: one visit. */
	if (v != NULL) {
		http_see_other(out, "/s");
		return;
	}
	if (!is(go, "start") && !is(go, "easy") && !is(go, "wrong")) {
		http_see_other(out, "/");
		return;
	}
	if (!is(go, "wrong") && (!keep_can(k) || k->catalog->n == 0)) {
		http_see_other(out, "/");
		return;
	}
	rc = flow_begin(k, go, code, lan, &v, &err);
	if (rc != ERR_OK) {
		if (rc != ERR_AGAIN)
			log_err("kiosk", "start", &err);
		show_attract(k, r, code, lan, out);
		return;
	}
	visit_code(v, cookie);
	http_see_other(out, "/s");
	guard_cookie(k, out, "v", cookie, lan);
	wipe(cookie, sizeof(cookie));
}

static void
press(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	struct visit *v = visit_of(k, r, lan);
	const char *token;
	size_t len = 0;
	bool paper;

	if (v == NULL) {
		to_start(k, out, lan);
		return;
	}
	paper = v->is_paper;
	token = http_field(r, "t", 0, &len);
	switch (visit_token_check(v, token, len)) {
	case TOKEN_FOREIGN:
		refused(k, r, out);
		return;
	case TOKEN_OLD:
		http_see_other(out, "/s");
		return;
	case TOKEN_NOW:
		break;
	}
	if (paper)
		staff_touch(k);
	if (flow_press(k, v, field_text(r, "go"), r)) {
		if (v->is_unwanted) {
			visit_end(&k->visits, v);
			to_start(k, out, lan);
		} else {
			http_see_other(out, "/s");
		}
	} else if (paper) {
		http_see_other(out, "/staff/key");
		guard_cookie(k, out, "v", NULL, lan);
	} else {
		to_start(k, out, lan);
	}
}

/* From the script: 204, or 410 when the visit is over. An old page's words are not taken. */
static void
save(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	struct visit *v = visit_of(k, r, lan);
	const char *token;
	size_t len = 0;

	if (v == NULL) {
		http_plain(out, 410, "This visit is over.\n");
		return;
	}
	token = http_field(r, "t", 0, &len);
	switch (visit_token_check(v, token, len)) {
	case TOKEN_FOREIGN:
		refused(k, r, out);
		return;
	case TOKEN_OLD:
		break;
	case TOKEN_NOW:
		v->has_script |= is(r->path, "/s/here");
		flow_save(k, v, r);
		break;
	}
	out->status = 204;
}

/* What the kiosk says, read in no visit: each sentence is made once and kept. */
static void
outside_sound(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const struct words *w = show_words(k, http_query(r, "l"));
	struct say_how how = { .program = k->conf->voice, .media = k->notices_folder, .cache = k->speech_folder,
	    .voice = w->voice, .speed = 1, .volume = k->visits.volume };
	struct say_list *list = arena_alloc(out->arena, sizeof(*list));
	struct err err;

	if (list == NULL || !say_can(k, w)) {
		not_found(k, r, out);
		return;
	}
	about_said(k, r, out->arena, list);
	pthread_mutex_unlock(&k->lock);
	out->type = "audio/wav";
	if (say_list(&how, list, &out->body, &err) != ERR_OK) {
		log_event("kiosk", "speech=failed");
		http_plain(out, 503, "No sound could be made.\n");
	}
	pthread_mutex_lock(&k->lock);
}

/* The sound of a page: what to say is gathered under the lock, the sound made without it. */
static void
sound(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	struct visit *v = visit_of(k, r, lan);
	struct say_how how = { .program = k->conf->voice, .media = k->media_folder, .cache = k->speech_folder };
	struct say_list *list = arena_alloc(out->arena, sizeof(*list));
	struct err err;

	if (v == NULL || list == NULL) {
		not_found(k, r, out);
		return;
	}
	how.voice = say_can(k, v->words) ? v->words->voice : "";
	how.speed = v->look.speed;
	how.volume = v->look.volume;
	show_said(k, v, out->arena, list);
	pthread_mutex_unlock(&k->lock);
	out->type = "audio/wav";
	if (say_list(&how, list, &out->body, &err) != ERR_OK) {
		log_event("kiosk", "speech=failed");
		http_plain(out, 503, "No sound could be made.\n");
	}
	pthread_mutex_lock(&k->lock);
}

/* /m/ID: a picture or film of a form. Nobody's answer is in it, but which one was looked at is nobody's business:
 * it is not kept by the browser either. */
static void
media(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const struct media_file *file = media_at(&k->catalog->media, r->path + strlen("/m/"));
	struct media_file copy;
	struct err err;

	if (file == NULL || file->kind == MEDIA_AUDIO) {
		not_found(k, r, out);
		return;
	}
	copy = *file;
	pthread_mutex_unlock(&k->lock);
	out->type = copy.type;
	if (media_read(k->media_folder, &copy, &out->body, &err) != ERR_OK) {
		log_err("kiosk", "media", &err);
		http_plain(out, 404, "This is not there any more.\n");
	}
	pthread_mutex_lock(&k->lock);
}

static void
visit_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	struct visit *v;

	if (is_post(r)) {
		if (is(r->path, "/s"))
			press(k, r, lan, out);
		else if (is(r->path, "/s/save") || is(r->path, "/s/here"))
			save(k, r, lan, out);
		else
			not_found(k, r, out);
		return;
	}
	if (is(r->path, "/s/sound")) {
		sound(k, r, lan, out);
		return;
	}
	v = visit_of(k, r, lan);
	if (v == NULL) {
		to_start(k, out, lan);
	} else if (is(r->path, "/s")) {
		show_visit(k, v, out);
	} else if (is(r->path, "/s/still")) {
		visit_over(v, AT_STILL);
		show_visit(k, v, out);
	} else if (is(r->path, "/s/over")) {
		/* Only the question "are you still there?" leads here, and only when its time is over. */
		if (visit_at(v) == AT_STILL && clock_boot_ms(k->clock) + 6000 >= v->dies_ms) {
			k->visits.left += v->floor[0] != AT_NOTHING;
			visit_end(&k->visits, v);
			to_start(k, out, lan);
		} else {
			http_see_other(out, "/s");
		}
	} else {
		not_found(k, r, out);
	}
}

/* --- for machines ------------------------------------------------------------------------------------ */

/* What candour-sync counted of deliveries that failed: lines of a word and a number. Only such are shown. */
static void
put_failures(struct kiosk *k, struct buf *out)
{
	struct buf text;
	struct err err;
	const char *at;

	buf_init(&text, 1024);
	buf_printf(out, "# TYPE candour_sync_failures_total counter\n");
	at = outbox_meta(k->ob, "sync.failures", &text, &err) == ERR_OK ? buf_str(&text) : "";
	while (*at != '\0') {
		size_t word = strspn(at, "abcdefghijklmnopqrstuvwxyz"), len = strcspn(at, "\n");
		int64_t n;

		if (word > 0 && at[word] == ' ' && len > word && num_i64(at + word + 1, len - word - 1, 0, INT64_MAX, &n))
			buf_printf(out, "candour_sync_failures_total{reason=\"%.*s\"} %lld\n", (int)word, at, (long long)n);
		at += len + (at[len] == '\n');
	}
	buf_free(&text);
}

void
metrics_handle(struct kiosk *k, struct http_response *out)
{
	struct outbox_counts counts = { .oldest_day = -1, .receipt_day = -1 };
	enum clock_quality quality;
	int64_t day = keep_now(k, &quality) / 86400;
	struct err err;
	struct buf *b = &out->body;

	out->type = "text/plain; version=0.0.4; charset=utf-8";
	if (outbox_counts(k->ob, &counts, &err) != ERR_OK) {
		http_plain(out, 503, "site.db cannot be read.\n");
		return;
	}
	buf_printf(b, "# TYPE candour_outbox_records gauge\ncandour_outbox_records %llu\n",
	    (unsigned long long)counts.waiting);
	buf_printf(b, "# TYPE candour_outbox_oldest_hours gauge\ncandour_outbox_oldest_hours %lld\n",
	    counts.oldest_day < 0 ? 0LL : (long long)(day - counts.oldest_day) * 24);
	if (counts.receipt_day >= 0)
		buf_printf(b, "# TYPE candour_receipt_age_seconds gauge\ncandour_receipt_age_seconds %lld\n",
		    (long long)(day - counts.receipt_day) * 86400);
	put_failures(k, b);
	buf_printf(b, "# TYPE candour_kiosk_visits_total counter\n");
	buf_printf(b, "candour_kiosk_visits_total{end=\"begun\"} %llu\n", (unsigned long long)k->visits.begun);
	buf_printf(b, "candour_kiosk_visits_total{end=\"finished\"} %llu\n", (unsigned long long)k->visits.finished);
	buf_printf(b, "candour_kiosk_visits_total{end=\"stopped\"} %llu\n", (unsigned long long)k->visits.stopped);
	buf_printf(b, "candour_kiosk_visits_total{end=\"left\"} %llu\n", (unsigned long long)k->visits.left);
	buf_printf(b, "# TYPE candour_kiosk_not_kept_total counter\ncandour_kiosk_not_kept_total %llu\n",
	    (unsigned long long)k->not_kept);
	buf_printf(b, "# TYPE candour_kiosk_ready gauge\ncandour_kiosk_ready %d\n",
	    keep_can(k) && k->catalog->n > 0);
}

static void
health_handle(struct kiosk *k, struct http_response *out)
{
	if (k->ring == NULL)
		http_plain(out, 503, "no key ring\n");
	else if (k->is_revoked)
		http_plain(out, 503, "revoked\n");
	else if (k->catalog->n == 0)
		http_plain(out, 503, "no forms\n");
	else if (k->is_full)
		http_plain(out, 503, "storage full\n");
	else
		http_plain(out, 200, "ok\n");
}

/* --- all --------------------------------------------------------------------------------------------- */

static void
route(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const char *p = r->path;

	if (is(p, "/") && !is_post(r)) {
		/* Staff who come back here, or whose page went idle, are out. */
		if (staff_is_in(k, r, lan) && visit_of(k, r, lan) == NULL)
			staff_end(k);
		if (visit_of(k, r, lan) != NULL)
			http_see_other(out, "/s");
		else if (group_is_desk(k, r, lan))
			http_see_other(out, "/group/s");
		else
			show_attract(k, r, http_query(r, "l"), lan, out);
	} else if (is(p, "/start")) {
		if (is_post(r))
			start(k, r, lan, out);
		else
			http_see_other(out, "/");
	} else if (is(p, "/s") || strncmp(p, "/s/", 3) == 0) {
		visit_handle(k, r, lan, out);
	} else if (is(p, "/sound") && !is_post(r)) {
		outside_sound(k, r, out);
	} else if (strncmp(p, "/m/", 3) == 0 && !is_post(r)) {
		media(k, r, out);
	} else if (strncmp(p, "/static/", 8) == 0 && !is_post(r)) {
		static_handle(k, r, out);
	} else if (is(p, "/favicon.ico")) {
		out->status = 204;
	} else if (is(p, "/healthz") && !is_post(r)) {
		health_handle(k, out);
	} else if (is(p, "/metrics") && !is_post(r) && !lan) {
		metrics_handle(k, out);
	} else if (!about_handle(k, r, lan, out) && !staff_handle(k, r, lan, out) && !group_handle(k, r, lan, out)) {
		not_found(k, r, out);
	}
}

/* What a tablet that was not let in may see: the staff door, the files of pages, and what has a code of its own: a
 * group's poll, the place of a second facilitator. */
static bool
is_open_to_all(const char *path)
{
	static const char *const pages[] = { "/healthz", "/staff", "/g", "/j", "/group" };
	static const char *const under[] = { "/static/", "/staff/", "/g/", "/j/", "/group/" };

	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (is(path, pages[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(under); i++)
		if (strncmp(path, under[i], strlen(under[i])) == 0)
			return true;
	return false;
}

/* What staff and facilitators do is not done where anybody on the Wi-Fi can listen: PIN, passphrase, notes. */
static bool
is_for_staff(const char *path)
{
	static const char *const of[] = { "/staff", "/group", "/j" };

	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		if (strncmp(path, of[i], strlen(of[i])) == 0 && strchr("/", path[strlen(of[i])]) != NULL)
			return true;
	return false;
}

static void
route_lan(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const struct words *w = show_words(k, http_query(r, "l"));

	if (k->conf->lan_plain && is_for_staff(r->path))
		show_message(k, w, 403, w->lan_plain_title, w->lan_plain_text, out);
	else if (!k->conf->lan_join)
		route(k, r, true, out);
	else if (is(r->path, "/join"))
		join_handle(k, r, out);
	else if (is_open_to_all(r->path) || join_has(k, r) || staff_is_in(k, r, true))
		route(k, r, true, out);
	else
		http_see_other(out, "/join");
}

static void
handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	pthread_mutex_lock(&k->lock);
	if (guard_request(k, r, lan, out)) {
		k->pages++;
		if (lan)
			route_lan(k, r, out);
		else
			route(k, r, false, out);
	} else {
		k->refused++;
	}
	pthread_mutex_unlock(&k->lock);
}

void
kiosk_handle(void *k, const struct http_request *r, struct http_response *out)
{
	handle(k, r, false, out);
}

void
kiosk_handle_lan(void *k, const struct http_request *r, struct http_response *out)
{
	handle(k, r, true, out);
}
