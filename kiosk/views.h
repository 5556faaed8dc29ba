/* What templates show. All texts are borrowed: they live in the request's arena, the visit or the form. */
#ifndef KIOSK_VIEWS_H
#define KIOSK_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "kiosk/words.h"

struct pebble { bool done, now; };

/* What every page has round its middle. */
struct frame {
	const struct words *w;	/* a misspelt key is an error in the template */
	const char *lang, *dir;
	const char *look;	/* classes of <html>: dark, words-only, larger .. */
	const char *title;
	const char *mm;		/* hundredths of pixels in a millimetre: "588" */
	const char *version;	/* of the static files */
	const char *token;	/* "" on pages outside a visit */
	const char *audio;	/* address of the sound that plays now, or "" */
	const char *steps;	/* "3 of 8", or "" */
	bool has_back, has_listen, is_listening, is_larger, has_wrong, has_stop;
	bool has_sent;		/* what somebody said here is kept: nothing of it is deleted any more */
	bool has_look_off;	/* no button "Text size" */
	bool has_plain_steps;	/* "1 of 2" without the word Question */
	bool has_script;	/* a page of a visit: what the script needs is there */
	bool has_keys;		/* something can be written on it, by keys to touch */
	bool is_fresh;		/* the script has not said yet that it runs: the page leaves by itself */
	const char *warn_s, *answer_s;
	const char *back_href, *listen_href;	/* outside a visit these are links; "": none */
	const char *wrong_at;	/* outside a visit: where its button leads; "": to the page's own form */
	bool has_sign;		/* there is a film of this page in sign language */
	const char *go, *go_label;	/* the main button; label "": none */
	const char *other, *other_label;	/* one more quiet button; label "": none */
	struct pebble *pebbles;
	size_t n_pebbles;
};

/* A picture of the form; src "": none. */
struct picture_view { const char *src, *width, *height; };
struct media_file;

struct choice_view {
	const char *id;		/* "a0-3" */
	const char *value, *label;
	const char *symbol;	/* id in the sprite, or "" */
	bool checked;
	const char *rank;	/* "2", or "" */
	const char *up, *down;	/* values of the rank buttons, "" if it cannot move */
	struct picture_view picture;
	const struct media_file *sound;	/* the form's own, or NULL */
};

struct link_view { const char *href, *label, *lang; };

/* One question. Exactly one is_* is set, beside is_lone. */
struct ask_view {
	const struct words *w;
	bool is_group;		/* shown as fieldset: choices, date, time, rank, tick */
	bool is_lone;		/* the only one of its page: its label is the heading */
	bool is_radio, is_check, is_number, is_line, is_text, is_date, is_time, is_rank, is_note, is_tick,
		is_repeat;
	bool has_day, has_month;	/* of a date */
	bool is_masked;		/* what is written shows as dots .. */
	const char *reveal, *reveal_label;	/* .. until this button is pressed; "": none */
	const char *id, *name;	/* "a0" */
	const char *label, *hint, *error;
	bool focus_error;	/* the first error of the page */
	const char *described;	/* ids for aria-describedby, or "" */
	const char *value;
	const char *inputmode;	/* "numeric" or "decimal" */
	const char *max;	/* characters, as text */
	const char *day, *month, *year, *hour, *minute;
	const char *grid;	/* class of the group: "n3", "n5", "rows" */
	struct choice_view *choices;
	size_t n_choices;
	struct choice_view *others;	/* opt-outs: dashed, at the end */
	size_t n_others;
	struct choice_view *kept;	/* chosen on another page of a long list */
	size_t n_kept;
	bool has_pages, has_search;
	bool has_more_row;	/* pages, but no search: the button stands alone */
	const char *find;	/* what was searched for */
	const char *step_text;	/* range: "0 to 10" */
	struct picture_view picture;
	const struct media_file *sound;	/* the form's own, or NULL */
};

struct question_view {
	struct frame f;
	const char *heading;	/* of a page with several questions */
	const char *error_title;
	struct ask_view *asks;
	size_t n_asks;
	const char *page_id;
	bool has_add;
	const char *read;	/* start: a box "Read each page to me", or NULL */
	bool is_read;		/* it is ticked */
	struct link_view *errors;	/* of a page with several questions: those to look at again */
	size_t n_errors;
};

struct notice_view { const char *said, *did, *id; };

struct notices_view {
	struct frame f;
	const char *heading, *none;
	struct notice_view *list;
	size_t n_list;
	const char *more, *easy, *easy_label;	/* addresses; "": none */
};

struct attract_view {
	struct frame f;
	const char *how_long, *note;
	bool can_start, has_easy, is_in_use;
	const char *code;	/* language chosen so far */
	struct link_view *languages;
	size_t n_languages;
	struct notice_view *notices;
	size_t n_notices;
};

struct line_view { const char *text; };

/* A heading, sentences, perhaps a list of buttons or links: privacy, still, about, messages. */
struct message_view {
	struct frame f;
	const char *heading;
	struct line_view *lines;
	size_t n_lines;
	struct link_view *links;	/* as links, or with is_form as buttons called "go" */
	size_t n_links;
	bool is_form;
	const char *action;
	const char *icon;
	bool is_long;		/* many lines: closer together */
	bool is_alert;
};

struct answer_view { const char *label, *shown, *go; bool is_empty; };

struct review_view {
	struct frame f;
	const char *page_text;
	struct answer_view *answers;
	size_t n_answers;
	const char *reveal_label;	/* masked answers: the button that shows or hides them; "": none here */
	bool has_earlier, has_more, ask_quote, quote_yes, quote_no;
	const char *error;
};

struct thanks_view {
	struct frame f;
	const char *heading, *until;
	struct line_view *words;
	size_t n_words;
	const char *words_lang;	/* of the words: "" as the page */
	const char *qr_path;
	unsigned qr_size;
	struct line_view *lines;
	size_t n_lines;
};

struct number_view { const char *name, *number; };

struct wrong_view {
	struct frame f;
	struct number_view *numbers;
	size_t n_numbers;
	bool has_form;
};

struct option_view { const char *go, *label; bool on; };
struct look_row_view { const char *label; struct option_view *options; size_t n_options; };

struct sign_view {
	struct frame f;
	const char *heading, *src;
};

struct look_view {
	struct frame f;
	struct look_row_view *rows;
	size_t n_rows;
};

struct field_view {
	struct frame f;
	const char *heading, *label, *hint, *error, *name, *type, *inputmode, *value, *action;
	const char *back;	/* a link's address */
};

struct fact_view { const char *name, *value; bool look; };

struct staff_view {
	struct frame f;
	struct fact_view *facts;
	size_t n_facts;
	struct fact_view *forms;
	size_t n_forms;
	const char *note, *signer;	/* of the forms */
	bool is_well, has_key_in, has_tablets, has_group;
};

/* How loud a visit begins, in words ("": nothing is read aloud), and the language of the start page. */
struct sound_view {
	struct frame f;
	const char *volume;
	struct option_view *languages;
	size_t n_languages;
	bool has_languages;
};

/* Clock and size of the screen. */
struct setup_view {
	struct frame f;
	const char *note;
	const char *day, *month, *year, *hour, *minute;
};

struct print_view { const char *title, *version; struct option_view *languages; size_t n_languages; };
struct prints_view {
	struct frame f;
	const char *error, *copies;
	struct print_view *forms;
	size_t n_forms;
};

/* A sheet of paper: everything is text or empty, whatever was answered on the screen. */
struct paper_choice_view { const char *label, *symbol; };
struct paper_ask_view {
	const struct words *w;
	const char *number, *group, *when, *label, *hint;
	struct paper_choice_view *choices;
	size_t n_choices;
	const char *grid;	/* "tiles" or "rows" */
	struct paper_choice_view *others;
	size_t n_others;
	bool is_note, is_rank, is_number, is_date, is_time, has_day, has_month;
	struct line_view *lines;	/* to write on */
	size_t n_lines;
};
struct sheet_view {
	const struct words *w;
	const char *title, *version, *code, *qr_path, *lang;
	unsigned qr_size;
	const char *heading;	/* of the questions about the person, or "" */
	struct line_view *says;
	size_t n_says;
	struct paper_ask_view *who;
	size_t n_who;
	struct paper_ask_view *asks;
	size_t n_asks;
	bool ask_quote;
	const char *give_back, *quote_number;
};
struct paper_view {
	struct frame f;
	const char *back;
	struct sheet_view *sheets;
	size_t n_sheets;
};

struct tablet_view { const char *name, *since, *go; };
struct tablets_view {
	struct frame f;
	const char *note, *code, *address, *qr_path, *finger;
	const char *wifi, *wifi_path;	/* the network's name and the QR code that joins it, or "" */
	unsigned qr_size, wifi_size;
	struct tablet_view *tablets;
	size_t n_tablets;
};

struct key_view {
	struct frame f;
	const char *error, *note, *sheet, *day, *month, *year;
};

#endif
