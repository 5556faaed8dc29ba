/* What the files of focus groups share: the session that is open on this kiosk, and the desks, the tablets of up to
 * four people who lead it. The caller holds the kiosk's lock. */
#ifndef KIOSK_GROUP_DESK_H
#define KIOSK_GROUP_DESK_H

#include "kiosk/group.h"
#include "kiosk/group_views.h"
#include "kiosk/inside.h"

enum { GROUP_DESKS = 4, GROUP_PASS_WORDS = 4, GROUP_ROWS = 4, GROUP_NOTES_SHOWN = 3 };

enum group_place { GROUP_AT_WHO, GROUP_AT_AGREE, GROUP_AT_TALK, GROUP_AT_ASK, GROUP_AT_POLL, GROUP_AT_READ,
	GROUP_AT_CLOSE, GROUP_AT_DONE, GROUP_AT_OWN, GROUP_AT_LEAVE };

struct group_look { unsigned size; bool is_dark; };

struct group_desk {
	bool is_open, is_lead, is_lan;
	int64_t touched_ms;
	uint8_t cookie[16], page[16];
	enum group_place at;
	const struct words *w;
	size_t poll, first;		/* shown; first row of a long list */
	unsigned read_topic;
	const char *error;		/* a text of words, or NULL */
	bool is_from_talk;		/* who is here: asked for while the group talks */
	size_t were_here;		/* then: how many there were */
	uint64_t seen;			/* close: the version that is being looked at */
	/* what was typed and is not kept yet: shown again */
	struct buf words, sentence, minority;	/* secret */
	int who;			/* -1: nobody chosen */
	uint32_t themes;
	bool is_exact;
	unsigned counted[3];		/* agree, change, not agreed */
	struct buf loaded;		/* secret; sentence, minority, counts as they were when the page was opened */
	unsigned loaded_version;
	bool has_other;			/* another desk has read this topic back too: shown beside */
	/* the tablet is passed round */
	bool is_passing, is_told, has_ballot, is_leaving;	/* is_told: the lead has read the number */
	uint8_t ballot[16];		/* single use: who has the tablet now */
	struct group_look look;		/* theirs, and gone with the ballot, as is what follows */
	bool is_looking, is_listening;
	uint16_t ticked;		/* bit I: answer I, while they look or listen */
	char number[5];			/* to come back from passing */
	unsigned number_tries;
};

struct group_room {
	struct group *g;		/* NULL: locked, or none */
	bool has_session, is_sealed;
	uint8_t id[16];			/* its draft */
	char code[GROUP_CODE + 1];	/* with which a second tablet joins */
	struct group_desk desks[GROUP_DESKS];
	int64_t touched_ms;
	bool is_busy;			/* a passphrase is being tried */
	uint16_t receipt[4];
	uint8_t w[32];
	bool has_receipt;
	unsigned code_tries;
	int64_t code_since_ms;
};

/* --- group_desk.c --- */
struct group_desk *group_desk_of(struct kiosk *k, const struct http_request *r, bool lan);
/* A new desk. If all are taken, that of a second tablet goes which was quiet longest; NULL: there is none. */
struct group_desk *group_desk_new(struct kiosk *k, const struct words *w, bool lead, bool lan);
void group_desk_clear(struct group_desk *d);
/* The tablet goes to somebody else: nothing is left of who had it. */
void group_desk_pass_on(struct group_desk *d);
void group_desk_cookie(const struct kiosk *k, const struct group_desk *d, bool lan, struct http_response *out);
/* The key and every note leave memory; desks stay, and ask for the passphrase. */
void group_lock(struct kiosk *k);
/* Nothing of the session is left in memory, desks included. */
void group_end(struct kiosk *k);
/* After an error of an event: says it, or locks. True: it was none. */
bool group_did(struct kiosk *k, struct group_desk *d, enum err_code rc, const struct err *err);
int64_t group_now(struct kiosk *k);
/* Wrong codes of anybody, twenty in ten minutes; true: not yet too many. */
bool group_may_try_code(struct kiosk *k);
/* Seal what the session is, remove its draft. */
enum err_code group_seal(struct kiosk *k, struct err *err) MUST_CHECK;
/* "Something is wrong" from any of these pages. */
void group_wrong(struct kiosk *k, const struct words *w, bool lan, struct http_response *out);

/* --- group_press.c --- */
/* What was read back of the topic, into the desk's fields. */
void group_load_read(const struct group *g, struct group_desk *d);
/* Did this desk change any of them since? */
bool group_is_read_touched(const struct group_desk *d);
void group_press(struct kiosk *k, struct group_desk *d, const struct http_request *r, struct http_response *out);

/* --- group_show.c --- */
void group_show(struct kiosk *k, struct group_desk *d, struct http_response *out);
/* What a session that is sealed agreed on, to print and hand out: no note, no receipt. */
void group_show_paper(struct kiosk *k, const struct group_desk *d, bool very_large, struct http_response *out);
/* The frame of a page: title and heading, buttons Back and Something is wrong, GO (label NULL: none). */
void group_frame(struct kiosk *k, const struct words *w, struct group_view *v, const char *heading, const char *go,
	const char *go_label);
void group_add_act(struct arena *a, struct group_view *v, const char *go, const char *label);

/* --- group_ballot.c --- */
/* Fill V with the ballot of P; bit I of TICKED: answer I is ticked. */
void group_fill_ballot(const struct words *w, struct arena *a, const struct group_poll *p, uint16_t ticked,
	struct group_view *v);
/* The answers R has ticked, right or wrong, as bits. */
uint16_t group_ticked(const struct http_request *r, const struct group_poll *p);
/* What R chose; false: nothing, or too many: *ERROR is said then. */
bool group_read_ballot(const struct words *w, const struct http_request *r, const struct group_poll *p,
	uint8_t n[GROUP_OPTIONS], const char **error);
void group_voter(const struct group *g, const struct group_poll *p, const uint8_t cookie[16], uint8_t out[16]);

/* --- group_look.c: voters' pages as they like them --- */
/* Is GO a button that leaves a voter where they are: Text size and what is on its page, Listen? */
bool group_look_is_aid(const char *go);
/* What the voter's cookie says, kept for some hours: size of words and colours, nothing else. */
struct group_look group_look_get(const struct kiosk *k, const struct http_request *r, bool lan);
/* Is GO a button of the page "Text size"? Then *L is changed by it. */
bool group_look_press(struct group_look *l, const char *go);
void group_look_keep(const struct kiosk *k, const struct group_look *l, bool lan, struct http_response *out);
/* The page looks like that, and has Text size; Listen too where there is a voice: SOUND is its address, and IS_LISTENING
 * plays it now. */
void group_look_dress(const struct kiosk *k, const struct group_look *l, const char *sound, bool is_listening,
	struct arena *a, struct frame *f);
/* The page "Text size" itself; V has its action and token, and what the page under it holds. */
void group_look_page(struct kiosk *k, const struct words *w, const struct group_look *l, struct group_view *v,
	struct http_response *out);
/* What Listen says of a ballot: ERROR (or ""), the question, its answers. Nothing of it gets into a file: a question may
 * be somebody's own words. */
void group_say_ballot(const struct words *w, const struct group_poll *p, const char *error, struct arena *a,
	struct say_list *list);
/* One more sentence of the kiosk's own words; "" adds none. */
void group_say(const char *text, struct arena *a, struct say_list *list);
/* Say LIST in W's voice: the body of the answer; 404 if there is nothing to say. The lock is let go meanwhile. */
void group_look_say(struct kiosk *k, const struct words *w, const struct say_list *list, struct http_response *out);
/* The sound of the page D's tablet shows while it is passed round. */
void group_look_sound(struct kiosk *k, const struct group_desk *d, struct http_response *out);

bool group_ballot_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out);

#endif
