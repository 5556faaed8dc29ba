/* Signing in, and the frame of every page. See people.h. */
#include "aggregator/people.h"

#include <stdio.h>
#include <string.h>

#include "aggregator/embed.h"
#include "aggregator/templates.h"
#include "base/file.h"
#include "base/log.h"

enum { FONT_MAX = 4 << 20, BODY = 4 << 20 };

static const char *const font_names[2] = { "/static/Andika-Regular.woff2", "/static/Andika-Bold.woff2" };
static const char *const font_files[2] = {
	"/usr/share/fonts-sil-andika/woff2/Andika-Regular.woff2",
	"/usr/share/fonts-sil-andika/woff2/Andika-Bold.woff2",
};

void
people_init(struct people *p)
{
	for (size_t i = 0; i < 2; i++) {
		struct err ignored = {0};

		buf_init(&p->fonts[i], FONT_MAX);
		/* Without the package the pages fall back to what the reader's machine has. */
		if (file_read(font_files[i], &p->fonts[i], &ignored) != ERR_OK)
			buf_reset(&p->fonts[i]);
	}
}

void
people_clear(struct people *p)
{
	for (size_t i = 0; i < 2; i++)
		buf_free(&p->fonts[i]);
	users_close(p->users);
	p->users = NULL;
}

static bool
serve_static(struct people *p, const struct http_request *r, struct http_response *out)
{
	const struct embed_file *file;

	if (strncmp(r->path, "/static/", 8) != 0)
		return false;
	out->cacheable = true;
	for (size_t i = 0; i < 2; i++)
		if (strcmp(r->path, font_names[i]) == 0 && p->fonts[i].len > 0) {
			out->type = "font/woff2";
			out->fixed = p->fonts[i].data;
			out->fixed_len = p->fonts[i].len;
			return true;
		}
	file = embed_find(embed_aggregator, r->path + 1);
	if (file == NULL) {
		http_plain(out, 404, "There is no such file.\n");
		return true;
	}
	out->type = strstr(r->path, ".css") != NULL ? "text/css; charset=utf-8"
	    : strstr(r->path, ".svg") != NULL ? "image/svg+xml" : "application/octet-stream";
	out->fixed = file->data;
	out->fixed_len = file->len;
	return true;
}

/* Only places on this site: "/x", not "//x" or "/\x". */
static bool
is_local(const char *next)
{
	return next != NULL && next[0] == '/' && next[1] != '/' && next[1] != '\\'
	    && strspn(next, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-?=&%@|") == strlen(next);
}

static void
show_sign_in(struct people *p, const char *error, const char *name, const char *next, struct http_response *out)
{
	struct sign_in_view v = { p->place, p->organisation, error, name, next };
	struct buf body;

	buf_init(&body, BODY);
	page_aggregator_sign_in(&body, &v);
	people_page(p, NULL, "Sign in", NULL, 0, &body, out);
	buf_free(&body);
}

static void
set_cookie(struct people *p, const char *token, int max_age, struct http_response *out)
{
	char line[256];

	snprintf(line, sizeof(line), "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", p->cookie, token,
	    max_age, p->secure ? "; Secure" : "");
	if (http_add(out, "Set-Cookie", line, NULL) != ERR_OK)
		http_plain(out, 503, "Out of memory. Please try again.\n");
	wipe(line, sizeof(line));
}

/* A cross-site form could sign somebody in as somebody else; browsers say where a POST comes from. */
static bool
is_same_origin(const struct http_request *r)
{
	const char *site = http_header(r, "Sec-Fetch-Site");

	return site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}

static void
sign_in(struct people *p, const struct http_request *r, struct http_response *out)
{
	const char *name = http_field(r, "name", 0, NULL), *password = http_field(r, "password", 0, NULL);
	const char *next = http_field(r, "next", 0, NULL);
	char token[TOKEN_TEXT];
	struct err err = {0};
	enum err_code rc;

	if (!is_local(next))
		next = "/";
	if (name == NULL || password == NULL || !is_same_origin(r)) {
		out->status = 400;
		show_sign_in(p, "Please give your name and password.", name == NULL ? "" : name, next, out);
		return;
	}
	rc = users_sign_in(p->users, name, password, clock_now_s(p->clock), token, &err);
	if (rc == ERR_OK) {
		log_event("people", "signed_in=yes place=\"%s\"", p->place);
		http_see_other(out, next);
		set_cookie(p, token, SESSION_S, out);
		wipe(token, sizeof(token));
		return;
	}
	log_err("people", "sign_in", &err);
	out->status = rc == ERR_DENIED ? 403 : rc == ERR_AGAIN ? 429 : 503;
	show_sign_in(p, rc == ERR_DENIED ? "The name or the password is not right."
	    : rc == ERR_AGAIN ? "There were too many wrong tries. Please wait a quarter of an hour."
	    : "Signing in does not work at the moment. Please try again.", name, next, out);
}

bool
people_handle(struct people *p, const struct http_request *r, struct http_response *out)
{
	bool post = strcmp(r->method, "POST") == 0;
	struct err err = {0};
	struct visitor v;

	if (!post && strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
		http_plain(out, 405, "These pages know GET and POST.\n");
		if (http_add(out, "Allow", "GET, HEAD, POST", NULL) != ERR_OK)
			out->status = 503;
		return true;
	}
	if (!post && serve_static(p, r, out))
		return true;
	if (strcmp(r->path, "/sign-in") == 0) {
		const char *next = http_query(r, "next");

		if (post)
			sign_in(p, r, out);
		else
			show_sign_in(p, "", "", is_local(next) ? next : "/", out);
		return true;
	}
	if (strcmp(r->path, "/sign-out") == 0 && post) {
		if (people_visitor(p, r, &v, out) && people_csrf(p, r, &v, out)) {
			if (users_sign_out(p->users, http_cookie(r, p->cookie), &err) != ERR_OK)
				log_err("people", "sign_out", &err);
			http_see_other(out, "/sign-in");
			set_cookie(p, "", 0, out);
		}
		return true;
	}
	return false;
}

bool
people_visitor(struct people *p, const struct http_request *r, struct visitor *v, struct http_response *out)
{
	const char *token = http_cookie(r, p->cookie);
	struct err err = {0};
	char where[512];

	if (token != NULL && users_session(p->users, token, clock_now_s(p->clock), &v->user, v->csrf, &err) == ERR_OK)
		return true;
	if (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0) {
		snprintf(where, sizeof(where), "/sign-in?next=%s", is_local(r->path) ? r->path : "/");
		http_see_other(out, where);
	} else {
		http_plain(out, 403, "Please sign in.\n");
	}
	return false;
}

bool
people_csrf(struct people *p, const struct http_request *r, const struct visitor *v, struct http_response *out)
{
	if (users_csrf_is(v->csrf, http_field(r, "csrf", 0, NULL)))
		return true;
	people_message(p, v, 403, "That did not come from this page",
	    "Nothing was done. Please go back, load the page again and try once more.", "/", "Go to the start", out);
	return false;
}

void
people_page(struct people *p, const struct visitor *v, const char *title, const struct nav_item *nav,
	size_t n_nav, const struct buf *body, struct http_response *out)
{
	struct frame_view frame = {
		.title = title, .organisation = p->organisation, .place = p->place, .is_room = p->is_room,
		.is_large = v != NULL && v->is_large,
		.user = v == NULL ? "" : v->user.name, .role = v == NULL || strcmp(v->user.name, role_word(v->user.role)) == 0 ? "" : role_word(v->user.role),
		.csrf = v == NULL ? "" : v->csrf, .nav = nav, .n_nav = n_nav, .body = body,
	};
	struct err err = {0};

	if (buf_check(body, &err) != ERR_OK) {
		http_plain(out, 503, "This page is too long to show.\n");
		return;
	}
	page_aggregator_frame(&out->body, &frame);
}

void
people_message(struct people *p, const struct visitor *v, unsigned status, const char *heading,
	const char *text, const char *href, const char *label, struct http_response *out)
{
	struct message_view view = { heading, text, href, label };
	struct buf body;

	buf_init(&body, BODY);
	page_aggregator_message(&body, &view);
	out->status = status;
	people_page(p, v, heading, NULL, 0, &body, out);
	buf_free(&body);
}
