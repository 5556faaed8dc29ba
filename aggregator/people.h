/* What the people's pages of the aggregator and the reading room have in common: the frame of a page, signing
 * in and out, style sheet and type. */
#ifndef AGGREGATOR_PEOPLE_H
#define AGGREGATOR_PEOPLE_H

#include "aggregator/users.h"
#include "base/clock.h"
#include "base/http.h"

/* One entry of the menu. */
struct nav_item {
	const char *href, *label;
	bool is_here;
};

/* What surrounds every page. */
struct frame_view {
	const char *title;		/* of the page */
	bool is_large;			/* letters for large print */
	const char *organisation;
	const char *place;		/* "Published figures", "Reading room" */
	const char *user, *role;	/* "" before signing in; role: "" also if the user is called so */
	const char *csrf;
	const struct nav_item *nav;
	size_t n_nav;
	bool is_room;			/* unrounded figures: the frame says so on every page */
	const struct buf *body;
};

struct sign_in_view {
	const char *place, *organisation;
	const char *error;		/* "" */
	const char *name;
	const char *next;		/* where to go then */
};

struct message_view {
	const char *heading, *text, *href, *label;
};

struct people {
	struct users *users;
	const struct clock *clock;
	const char *cookie;		/* its name: each listener of one host has its own */
	bool secure;			/* TLS: mark the cookie so */
	const char *place, *organisation;
	bool is_room;
	struct buf fonts[2];		/* regular, bold: loaded once; empty if the package is not there */
};

struct visitor {
	struct user user;
	char csrf[TOKEN_TEXT];
	bool is_large;		/* the page was asked for in large print */
};

/* Loads the type; call once. */
void people_init(struct people *p);
void people_clear(struct people *p);

/* Static files, /sign-in, /sign-out, and methods that no page has (405): true if the request was one of them and is answered. */
bool people_handle(struct people *p, const struct http_request *r, struct http_response *out);
/* Who asks? False: nobody; the answer then is a redirect to the sign-in page (for GET) or 403. */
bool people_visitor(struct people *p, const struct http_request *r, struct visitor *v, struct http_response *out);
/* For POST: does the form carry the session's token? False: answered with 403. */
bool people_csrf(struct people *p, const struct http_request *r, const struct visitor *v, struct http_response *out);
/* Put the frame around BODY. V may be NULL (not signed in). */
void people_page(struct people *p, const struct visitor *v, const char *title, const struct nav_item *nav,
	size_t n_nav, const struct buf *body, struct http_response *out);
/* A page of a heading, a sentence and a way on, with STATUS. */
void people_message(struct people *p, const struct visitor *v, unsigned status, const char *heading,
	const char *text, const char *href, const char *label, struct http_response *out);

#endif
