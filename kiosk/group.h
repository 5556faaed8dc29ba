/* A focus group while it talks: who is here, what was agreed, topics, notes, polls, what was read back. Everything is
 * an event; an event is one line of the draft, durable before anybody sees it, and the state is what the lines say
 * when they are read in order. The caller holds the kiosk's lock. docs/focus-groups.md. */
#ifndef KIOSK_GROUP_H
#define KIOSK_GROUP_H

#include "base/arena.h"
#include "collector/draft.h"
#include "forms/session.h"
#include "kiosk/catalog.h"

enum {
	GROUP_TOPICS = 20, GROUP_PROMPTS = 8, GROUP_THEMES = 24, GROUP_PEOPLE = 26, GROUP_POLLS = 40, GROUP_OPTIONS = 10,
	GROUP_NOTES = 600, GROUP_BALLOTS = 60, GROUP_WORDS = 2000, GROUP_SENTENCE = 1000, GROUP_QUESTION = 200, GROUP_ANSWER = 80, GROUP_FEW = 5, GROUP_CODE = 8,
};

enum group_role { GROUP_LIVES_HERE, GROUP_FAMILY, GROUP_CARER, GROUP_ADVOCATE, GROUP_INTERPRETER, GROUP_STAFF, GROUP_ROLES };
/* "lives_here" ..: as the form's nodes and choices are called. */
extern const char *const group_role_name[GROUP_ROLES];
enum group_consent { GROUP_NOTING, GROUP_SOUND, GROUP_QUOTING, GROUP_CONSENTS };
enum group_vote { GROUP_POLL, GROUP_DOTS, GROUP_HANDS, GROUP_VOTES };
extern const char *const group_vote_name[GROUP_VOTES];

struct group_option { const char *id, *label; };

/* A guide, read from its form in one language. All in one arena. */
struct group_topic {
	const char *id, *label;		/* id: the group's name without "t_" */
	unsigned minutes;
	const char *prompts[GROUP_PROMPTS];
	size_t n_prompts;
};
struct group_ask {			/* a question of the guide to vote on */
	const char *id, *label;
	size_t topic;
	bool is_dots;
	struct group_option options[GROUP_OPTIONS];
	size_t n_options;
};
struct group_guide {
	struct arena arena;
	const struct shelf *shelf;
	size_t language;
	struct group_topic topics[GROUP_TOPICS];
	struct group_ask asks[GROUP_POLLS];
	struct group_option themes[GROUP_THEMES], places[GROUP_OPTIONS], leaders[GROUP_OPTIONS];
	size_t n_topics, n_asks, n_themes, n_places, n_leaders;
};
/* Read the guide of SHELF in its language LANGUAGE. ERR_INPUT: it has no topics, or lacks a node that a session
 * needs; the message says which. OUT is cleared by group_guide_clear in any case. */
enum err_code group_guide_read(const struct shelf *shelf, size_t language, struct group_guide *out,
	struct err *err) MUST_CHECK;
void group_guide_clear(struct group_guide *g);

struct group_person { enum group_role role; bool has_left; };

struct group_note {
	uint32_t id;			/* 1, 2 .. */
	unsigned topic, minute, who;	/* who: index of people */
	const char *words;
	bool is_exact, is_struck;
	uint32_t themes;		/* bits */
};

struct group_ballot { uint8_t voter[16]; uint8_t n[GROUP_OPTIONS]; uint8_t changes; };

struct group_poll {
	unsigned topic;
	enum group_vote kind;
	unsigned dots;			/* each voter's, for dots */
	char code[GROUP_CODE + 1];	/* address /g/CODE; "" for hands */
	const char *id, *question;	/* id "": asked on the spot */
	struct group_option options[GROUP_OPTIONS];
	size_t n_options;
	bool is_open, is_cancelled;
	struct group_ballot ballots[GROUP_BALLOTS];
	size_t n_ballots;		/* voters */
	unsigned hands[GROUP_OPTIONS];
};

struct group_summary {
	const char *sentence, *minority;
	unsigned agree, change, not_agreed;
	bool is_read;
	unsigned version;		/* how often it was read back */
};

struct group {
	struct draft *draft;		/* NULL: locked */
	struct group_guide guide;
	struct arena words;		/* secret: everything anybody typed */
	const char *place, *leader, *tag;
	struct group_person people[GROUP_PEOPLE];
	size_t n_people;
	int no[GROUP_CONSENTS];		/* how many said no; -1: not asked yet */
	unsigned topic;
	int64_t topic_since[GROUP_TOPICS];	/* seconds since 1970; 0: not begun */
	unsigned topic_spent[GROUP_TOPICS];	/* seconds before that */
	struct group_note notes[GROUP_NOTES];
	size_t n_notes;
	struct group_poll polls[GROUP_POLLS];
	size_t n_polls;
	struct group_summary read[GROUP_TOPICS];
	uint64_t version;		/* changes with every event */
};

/* --- life --- */

/* A new session: the draft exists already (draft_new) and belongs to *OUT from here on, on failure too. PLACE, LEADER:
 * values of the guide's choices; TAG: its language. */
enum err_code group_begin(struct draft *draft, const struct group_guide *guide, const char *place, const char *leader,
	const char *tag, struct group **out, struct err *err) MUST_CHECK;
/* Go on with one: LINES were collected from draft_open, each "u32 length, bytes". */
enum err_code group_resume(struct draft *draft, const struct catalog *forms, const struct buf *lines,
	struct group **out, struct err *err) MUST_CHECK;
/* draft_open's callback that collects lines into a secret struct buf. */
enum err_code group_collect(void *arg, uint32_t n, const uint8_t *line, size_t len, struct err *err) MUST_CHECK;
/* Wipes everything, closes the draft; the rows stay. */
void group_free(struct group *g);

/* --- events: durable when they return ERR_OK. ERR_INPUT, ERR_LIMIT: nothing happened. ERR_BROKEN: lock the session --- */

enum err_code group_come(struct group *g, enum group_role role, struct err *err) MUST_CHECK;
/* WHO (index of people) leaves; TAKES_BACK: all their notes are struck. ERR_ABSENT: they are not here. */
enum err_code group_leave(struct group *g, unsigned who, bool takes_back, struct err *err) MUST_CHECK;
enum err_code group_agree(struct group *g, enum group_consent what, unsigned no, struct err *err) MUST_CHECK;
enum err_code group_turn(struct group *g, unsigned topic, int64_t now, struct err *err) MUST_CHECK;
/* The topic's time stops (the session locks), and runs again after it was opened. */
enum err_code group_pause(struct group *g, int64_t now, struct err *err) MUST_CHECK;
enum err_code group_again(struct group *g, int64_t now, struct err *err) MUST_CHECK;
/* ID 0: a new one. ERR_DENIED: somebody said no to notes. ERR_LIMIT: too long, or the session is full; closing it
 * still goes. */
enum err_code group_write(struct group *g, const struct group_note *note, struct err *err) MUST_CHECK;
enum err_code group_strike(struct group *g, uint32_t id, bool struck, struct err *err) MUST_CHECK;
/* Open POLL (question, options, kind set by the caller); draws its code. *AT: its number. */
enum err_code group_ask(struct group *g, const struct group_poll *poll, size_t *at, struct err *err) MUST_CHECK;
/* VOTER: whoever has voted before changes the vote, up to 20 times. */
enum err_code group_vote(struct group *g, size_t poll, const uint8_t voter[16], const uint8_t n[GROUP_OPTIONS],
	struct err *err) MUST_CHECK;
enum err_code group_hands(struct group *g, size_t poll, const unsigned n[GROUP_OPTIONS], struct err *err) MUST_CHECK;
/* CANCEL: it does not count and does not leave. */
enum err_code group_end_poll(struct group *g, size_t poll, bool cancel, struct err *err) MUST_CHECK;
enum err_code group_read_back(struct group *g, unsigned topic, const struct group_summary *s, struct err *err) MUST_CHECK;

/* --- what follows from it --- */

size_t group_present(const struct group *g);
size_t group_of_role(const struct group *g, enum group_role role);
/* Nobody said no: -1 (not asked) is no consent. */
bool group_may(const struct group *g, enum group_consent what);
unsigned group_topic_seconds(const struct group *g, unsigned topic, int64_t now);
/* Votes for option I of a poll, of dots and hands too; and how many voted. */
unsigned group_votes(const struct group_poll *p, size_t i);
unsigned group_voters(const struct group_poll *p);
struct group_poll *group_open_poll(struct group *g, const char *code);
/* The role by which a note leaves: "other" where only one person of that role was here. */
const char *group_note_role(const struct group *g, const struct group_note *n);
/* Bytes of TEXT in XML. */
size_t group_xml_length(const char *text);
/* The session as an instance of its guide, checked by the form engine. OUT: secret. */
enum err_code group_instance(const struct group *g, const struct session_env *env, int64_t now, struct buf *out,
	struct err *err) MUST_CHECK;

#endif
