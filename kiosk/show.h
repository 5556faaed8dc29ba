/* What the files that show a visit's pages share: show.c (frame, which page it is, time), show_ask.c (questions, and the
 * kiosk's own with tiles), show_plain.c (before and after them, "Something is wrong"), show_look.c (text size and what
 * goes with it), show_review.c (review and thanks), show_attract.c (the start page). Nobody else includes it. */
#ifndef KIOSK_SHOW_H
#define KIOSK_SHOW_H

#include "kiosk/inside.h"
#include "kiosk/say.h"

/* One page being made. */
struct showing {
	struct kiosk *k;
	struct visit *v;
	struct arena *a;
	struct http_response *out;
	struct frame f;
	struct say_list *said;	/* what Listen says; NULL while nobody listens */
	bool has_sound;		/* the form brings sound of its own for this page */
	bool has_text;		/* something is written here: it gets more time */
};

/* The frame of a page called TITLE, as S's visit wants it; what a page has otherwise it changes after this. */
void showing_frame(struct showing *s, const char *title);
/* There is something to hear on this page. */
void showing_listen(struct showing *s);
/* What Listen says: TEXT, or the form's own SOUND of it (NULL: none). IS_OWN: somebody's own words, never in a file. */
void showing_say_piece(struct showing *s, const char *text, const struct media_file *sound, bool is_own);
void showing_say(struct showing *s, const char *text);
void showing_say_own(struct showing *s, const char *text);
/* Where the visit stands, whatever that is. */
void show_place(struct showing *s);

/* --- show_ask.c: the page F stands at; IS_LAST_SEND: its last one has a button that sends --- */
void show_filling(struct showing *s, struct filling *f, bool is_last_send);
/* The film of the page under this one, in sign language. */
void show_sign(struct showing *s);
void show_style(struct showing *s);
void show_which(struct showing *s);
void show_practice(struct showing *s);

/* --- show_plain.c --- */
void show_privacy(struct showing *s);
void show_failed(struct showing *s, bool concern);
void show_still(struct showing *s);
void show_no_form(struct showing *s);
void show_concern_sent(struct showing *s);
void show_wrong(struct showing *s);

/* --- show_look.c --- */
void show_look(struct showing *s);

/* --- show_review.c --- */
void show_review(struct showing *s);
void show_thanks(struct showing *s);

/* --- show_attract.c --- */
/* Is there something to answer in the words of W? A form that names no language is in the site's first. */
bool show_offers(const struct kiosk *k, const struct words *w);

#endif
