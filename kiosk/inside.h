/* What the files of the kiosk share among themselves, and nobody else. */
#ifndef KIOSK_INSIDE_H
#define KIOSK_INSIDE_H

#include <pthread.h>

#include "collector/keyring.h"
#include "collector/outbox.h"
#include "kiosk/join.h"
#include "kiosk/kiosk.h"
#include "kiosk/notices.h"
#include "kiosk/views.h"
#include "kiosk/visit.h"

struct say_list;

struct clock_offset { int64_t s; enum clock_quality quality; };

struct staff {
	uint8_t cookie[16], token[16];
	bool is_in, is_lan;
	int64_t until_ms;	/* boot time */
	const struct words *words;	/* NULL: the first language */
	char typed[16];		/* the sheet that was typed in last, or "" */
	bool was_kept;		/* .. and kept */
};

struct kiosk {
	const struct kiosk_conf *conf;	/* as given, or with what the centre sent laid over it */
	const struct kiosk_conf *given;
	struct sent *sent;
	uint32_t sent_serial;
	const struct clock *clock;
	pthread_mutex_t lock;	/* not held while a visit's commit waits for the disk */
	pthread_cond_t freed;	/* a visit is not busy any more */
	struct word_book *words;
	const struct words *language[16];	/* offered, in the site's order */
	size_t n_languages;
	struct outbox *ob;
	struct keyring_pin pin;
	bool has_pin;
	struct keyring *ring;		/* NULL: none that can be used */
	struct catalog *catalog;	/* never NULL */
	struct notices *notices;	/* NULL: none */
	size_t next_notice;
	uint8_t device[16], boot[16];
	char device_text[40];
	bool is_full, is_reload_due, is_lane1_started;
	bool is_revoked;		/* the centre took this box out of service: nothing more is accepted */
	bool has_told_refused;
	uint32_t forms_serial;		/* of the bundle that is in force; 0: forms of a folder */
	uint8_t forms_signer[8];	/* .. and the key that signed it */
	uint32_t forms_refused;		/* serial of the forms that could not be loaded, as told to sync; 0: none */
	int64_t seen_version, last_slow_ms, last_night_day;
	struct clock_offset offset;
	uint16_t port, lan_port;
	char mm_text[8];
	bool has_voice, is_pin_busy;
	struct number_view numbers[16];
	size_t n_numbers;
	char *number_text;
	struct visits visits;
	struct staff staff;
	struct joining joining;
	struct group_room *group;	/* focus groups (group_desk.h) */
	char version[20];		/* of the static files */
	struct buf font[2];
	char ballast[4096], media_folder[4200], speech_folder[4200], notices_folder[4200];
	int64_t withdraw_since_ms;
	unsigned withdraw_tries;
	uint64_t pages, refused, kept, not_kept;	/* for /metrics */
};

/* --- guard.c --- */
/* May this request be answered at all? Checks Host, Sec-Fetch-Site and Origin; fills OUT and returns false if
 * not. */
bool guard_request(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out);
/* Set or (CODE NULL) delete the cookie NAME. LAN: of the site's network, where it has another name, bound to HTTPS
 * unless lan_plain is set. */
void guard_cookie(const struct kiosk *k, struct http_response *out, const char *name, const char *code, bool lan);
const char *guard_cookie_get(const struct kiosk *k, const struct http_request *r, const char *name, bool lan);
/* The same that stays for SECONDS (0: until the browser closes). */
void guard_cookie_for(const struct kiosk *k, struct http_response *out, const char *name, const char *code, bool lan,
	int seconds);

/* --- ask.c: the questions of a page --- */
/* Fill VIEW with the page F stands at. Texts live in A. */
enum err_code ask_fill(struct visit *v, struct filling *f, const struct media *media, struct arena *a,
	struct question_view *view, struct err *err) MUST_CHECK;
/* The film in sign language of the page F stands at, which is shown in the language TAG; or NULL. */
const struct media_file *ask_film(struct filling *f, const struct media *media, const char *tag);
/* Store what R's body says about the questions of F's page. What is not of its type is kept as typed.
 * *BAD: something was. */
enum err_code ask_take(struct visit *v, struct filling *f, const struct http_request *r, bool *bad,
	struct err *err) MUST_CHECK;
/* Minus, plus, up, down, more, find: GO is the button's value. False if it is none of these. */
bool ask_press(struct visit *v, struct filling *f, const char *go, const struct http_request *r);
/* Does the page F stands at hold violations? */
bool ask_has_violations(struct filling *f);

/* The picture beside choice X of C on a scale with N points, or "". */
const char *ask_symbol(const struct page_control *c, const struct page_choice *x, size_t n);

/* --- flow.c: what pressing a button does --- */
/* Start (GO: "start", "easy", "wrong") with the language CODE. */
enum err_code flow_begin(struct kiosk *k, const char *go, const char *code, bool lan, struct visit **out,
	struct err *err) MUST_CHECK;
/* What the script sends on its own: what is written so far, as it is. The page stays. */
void flow_save(struct kiosk *k, struct visit *v, const struct http_request *r);
/* Staff begin to type in the sheet CODE of SHELF, answered on GIVEN_ON ("" or a date), in LANGUAGE. */
enum err_code flow_begin_paper(struct kiosk *k, const struct shelf *shelf, const char *code, const char *given_on,
	const char *language, bool lan, struct visit **out, struct err *err) MUST_CHECK;
/* A POST to /s with a token of now. False: the visit is over (and wiped). */
bool flow_press(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r);

/* --- keep.c: into the outbox --- */
/* Is there a ring to seal to, a form, room? */
bool keep_can(const struct kiosk *k);
/* May "Something is wrong" be written about, on a tablet of the site's network (TABLET) or here? Not where others on
 * the Wi-Fi could read it. */
bool keep_can_concern(const struct kiosk *k, bool tablet);
/* Four receipt words and the secret made of them, which takes some milliseconds and 8 MiB on purpose: needs no lock. */
struct receipt_draw { uint16_t words[4]; uint8_t w[32]; };
enum err_code keep_draw(const struct kiosk *k, struct receipt_draw *out, struct err *err) MUST_CHECK;
/* At Start: they are V's. */
void keep_prepare(struct visit *v, const struct receipt_draw *draw);
/* Finalise, seal, put, commit. ERR_OK: durable. The lock is let go while the disk is waited for; V is busy then. */
enum err_code keep_answers(struct kiosk *k, struct visit *v, struct err *err) MUST_CHECK;
enum err_code keep_concern(struct kiosk *k, struct visit *v, struct err *err) MUST_CHECK;
/* Seal CONTENT of TYPE, written by SHELF's form (NULL: none), for LANE_ANSWERS as record ID. TAG NULL: random. */
enum err_code keep_seal(struct kiosk *k, const struct shelf *shelf, enum plain_type type, const uint8_t id[16],
	const uint8_t *tag, const struct buf *content, int64_t *day, struct sealed_record *out, struct err *err) MUST_CHECK;
/* Lane 1 goes on in its slots, whatever anybody writes. Without the lock. */
void keep_tick(struct kiosk *k);
/* What site.db says of the clock in this boot: staff set it here, candour-sync from the centre's. Waits for whoever
 * writes to site.db, so it is asked once in ten seconds and kept in K->offset. */
struct clock_offset keep_clock(struct kiosk *k);
/* Seconds since 1970 as far as known, and how well they are known. */
int64_t keep_now(struct kiosk *k, enum clock_quality *quality);

/* --- show.c: pages --- */
/* The page a visit stands at, into OUT. */
void show_visit(struct kiosk *k, struct visit *v, struct http_response *out);
void show_attract(struct kiosk *k, const struct http_request *r, const char *code, bool lan, struct http_response *out);
/* A page that says HEADING and TEXT and leads back to the start. */
void show_message(struct kiosk *k, const struct words *w, unsigned status, const char *heading, const char *text,
	struct http_response *out);
/* The frame of a page, for the other files that show pages. */
void show_frame(struct kiosk *k, const struct words *w, struct frame *f, const char *title);
const struct words *show_words(struct kiosk *k, const char *code);

/* --- say.c: pages aloud (say.h) --- */
/* Is there a voice for these words? */
bool say_can(const struct kiosk *k, const struct words *w);

/* --- other pages --- */
/* False: the path is none of theirs. */
bool staff_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out);
/* Has R the cookie of staff who are in? */
bool staff_is_in(struct kiosk *k, const struct http_request *r, bool lan);
/* What staff have set before: volume, first language. */
void staff_sound_load(struct kiosk *k);
/* Something was done: ten minutes more. */
void staff_touch(struct kiosk *k);
/* join.c: the tablets that were let in, from site.db; the certificate they meet (PEM). */
void join_load(struct kiosk *k);
void join_certificate(struct kiosk *k, const char *pem);
/* Does it end within 60 days of TODAY? */
bool join_cert_ends(const struct kiosk *k, int64_t today);
/* Once in a while: keep on which day each was seen. */
void join_tick(struct kiosk *k);
/* Has R the cookie of a tablet that was let in? */
bool join_has(struct kiosk *k, const struct http_request *r);
/* /join on the site's network. */
void join_handle(struct kiosk *k, const struct http_request *r, struct http_response *out);
/* Where tablets may answer that nobody let in (lan_join = no): the codes that lead one here, into VIEW. False: they may
 * not. */
bool join_invite(struct kiosk *k, struct tablets_view *view, struct arena *a);
/* Out, and whatever sheet was being typed in is gone. */
void staff_end(struct kiosk *k);
/* What Listen says on a page outside a visit: R asks /sound for p = attract, about, privacy, withdraw or notices. */
void about_said(struct kiosk *k, const struct http_request *r, struct arena *a, struct say_list *list);
/* The button Listen, and the sound if it was pressed, of such a page, whose address is PATH. */
void about_aloud(struct kiosk *k, const char *page, const char *path, const struct words *w,
	const struct http_request *r, struct arena *a, struct frame *f);
/* Who reads what is said here, why, how long, and when danger is acted on: PRIVACY_LINES lines. "": not this one. */
enum { PRIVACY_LINES = 7 };
void show_privacy_lines(struct kiosk *k, const struct words *w, struct arena *a, const char *lines[PRIVACY_LINES]);
/* "8 questions, about 5 minutes." */
const char *show_how_long(struct kiosk *k, const struct words *w, struct arena *a);
/* --- group_desk.c: focus groups --- */
enum err_code group_open(struct kiosk *k, struct err *err) MUST_CHECK;
void group_close(struct kiosk *k);
bool group_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out);
/* Does R come from a desk of the session that is open? */
bool group_is_desk(struct kiosk *k, const struct http_request *r, bool lan);
/* The catalogue must stay while a session is open. */
bool group_holds_forms(const struct kiosk *k);
/* Lock what is left alone; once a second. */
void group_tick(struct kiosk *k);
bool about_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out);
/* A text field of the body without NULs, or "". */
const char *field_text(const struct http_request *r, const char *name);
void static_handle(struct kiosk *k, const struct http_request *r, struct http_response *out);
void metrics_handle(struct kiosk *k, struct http_response *out);

/* "a" format into the arena: NULL if memory is short. */
const char *text_of(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* X, Y and Z one behind the other in the arena (X or Z NULL: ""); NULL if memory is short. */
const char *text_join(struct arena *a, const char *x, const char *y, const char *z);
/* words_count into the arena. */
const char *text_count(struct arena *a, const struct words *w, const struct counted *noun, uint64_t n);
/* words_fill into the arena. */
const char *text_fill(struct arena *a, const char *text, const char *x, const char *y);

#endif
