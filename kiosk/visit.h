/* One person's visit, kept on the server alone: where it stands, what was chosen, how pages look. The table
 * holds them all; a visit is found by a 128-bit cookie and dies by itself. The caller holds the kiosk's lock. */
#ifndef KIOSK_VISIT_H
#define KIOSK_VISIT_H

#include "forms/session.h"
#include "kiosk/catalog.h"
#include "kiosk/words.h"

enum {
	VISITS = 64,		/* open at once */
	ASKS = 24,		/* questions of one page */
	FLOORS = 4,		/* a page, and what lies over it */
	TYPED_MAX = 64 << 10,	/* of what is typed, a page */
	VOLUME_USUAL = 3,
	CODE_LEN = 32,		/* hex of 128 bits */
	TOKEN_LEN = 48,		/* hex of 8 bytes of the visit and 16 of the page */
};

enum place {
	AT_NOTHING, AT_STYLE, AT_WHO, AT_WHICH, AT_PRIVACY, AT_PRACTICE, AT_ASK, AT_REVIEW, AT_FAILED, AT_THANKS,
	AT_NO_FORM,
	/* over one of the above */
	AT_LOOK, AT_WRONG, AT_CONCERN, AT_CONCERN_FAILED, AT_CONCERN_SENT, AT_STILL, AT_SIGN,
};

struct look {
	unsigned size;		/* 0 usual, 1 larger, 2 largest */
	unsigned speed;		/* 0 slow, 1 usual, 2 fast */
	unsigned volume;	/* 0 to SAY_LOUD */
	bool is_dark, words_only, read_each;
};

/* What could not be stored in the form because it is not of its type: shown again as typed. */
struct typed {
	struct buf text;	/* secret */
	bool is_bad;
	bool too_long, not_text;
	bool is_shown;		/* of a masked question: "Show what I typed" was pressed */
};

/* One filling-in inside a visit: who answers, the questions, a concern. */
struct filling {
	const struct shelf *shelf;
	struct session *session;
	uint32_t page;		/* 0: before the first */
	bool show_errors;	/* Continue was pressed on this page */
	unsigned first;		/* first choice shown of a long list */
	struct buf find;	/* secret: what was searched for */
	struct typed typed[ASKS];
};

struct visit {
	bool is_open;
	bool is_busy;		/* what it sends is being kept, off the lock: its own requests wait, nobody ends it */
	bool is_unwanted;	/* .. and it ends then */
	bool is_tablet;		/* over the LAN */
	bool is_paper;		/* staff type in a sheet of paper: paper.h */
	char sheet[16], given_on[12];	/* its number, the date on it as 2026-11-22 or "" */
	uint8_t cookie[16], mark[8], page_mark[16];
	enum place floor[FLOORS];
	unsigned top;
	const struct words *words;
	char tag[36];		/* language of the answers, BCP 47 */
	bool easy_read, is_scale_turned, has_practised;
	bool is_changing;	/* came to this question from the review */
	size_t pages_before;	/* relevant pages when it did */
	struct look look;
	bool is_listening;
	bool has_script;	/* it has said so: pages come without Refresh */
	unsigned listen_n;	/* a new sound for each press */
	struct filling who, main, concern;
	const char *concern_kind;
	struct session_env env;
	const struct shelf *choice[CATALOG_MAX];
	size_t n_choice;
	bool choose_error;	/* nothing was chosen on a page of the kiosk's own */
	char ticked[3][12];	/* what is, on those: visit_ticked */
	unsigned review_page;
	bool review_shown;	/* masked answers are readable on it */
	char quote[4];		/* "", "yes", "no" */
	uint8_t record_id[16], concern_id[16], w[32];
	uint16_t receipt[4];
	bool has_receipt;
	int64_t started_ms, touched_ms, dies_ms;	/* boot time */
	int64_t lives_ms;	/* how long after the last sign of life */
};

struct visits {
	struct visit *list;	/* VISITS of them */
	uint64_t begun, finished, stopped, left;	/* counted, nothing else is kept */
	unsigned open;
	unsigned volume;	/* how loud a visit begins: 0 to SAY_LOUD */
};

enum err_code visits_init(struct visits *t, struct err *err) MUST_CHECK;
/* Ends and wipes all. */
void visits_clear(struct visits *t);
/* A new visit, at NOW_MS of boot time. ERR_AGAIN: too many are open. Lives until visit_end. */
enum err_code visit_begin(struct visits *t, int64_t now_ms, struct visit **out, struct err *err) MUST_CHECK;
/* By the cookie's text (NULL: none); NULL if there is none, or it has died. A busy one has not died. */
struct visit *visit_find(struct visits *t, const char *code, int64_t now_ms);
/* Wipes every byte of it. */
void visit_end(struct visits *t, struct visit *v);
/* End V now, or, while it is busy, as soon as it is not. */
void visit_dismiss(struct visits *t, struct visit *v);
/* End those whose time is over and that are not busy; how many. */
size_t visits_sweep(struct visits *t, int64_t now_ms);

void visit_code(const struct visit *v, char text[CODE_LEN + 1]);
void visit_token(const struct visit *v, char text[TOKEN_LEN + 1]);
enum token { TOKEN_FOREIGN, TOKEN_OLD, TOKEN_NOW };
/* Whose token is this: of the page shown now, of an earlier page of this visit, or of nobody here. */
enum token visit_token_check(const struct visit *v, const char *text, size_t len);
/* The page changes: earlier tokens are old from now on. */
void visit_turn(struct visit *v);

enum place visit_at(const struct visit *v);
/* Stand at PLACE, nothing over it. */
void visit_go(struct visit *v, enum place place);
/* Lay PLACE over what is there; nothing happens if it lies there already. */
void visit_over(struct visit *v, enum place place);
/* Take the uppermost away, if something lies under it. */
void visit_under(struct visit *v);

/* The value that is ticked on the page of the kiosk's own where V stands, "" for none: room for 11 characters. NULL on
 * every other page. */
char *visit_ticked(struct visit *v);

/* Begin, end one filling-in. */
enum err_code filling_begin(struct filling *f, const struct shelf *shelf, const struct session_env *env,
	struct err *err) MUST_CHECK;
void filling_clear(struct filling *f);
/* Forget what was typed wrongly and searched for: another page is shown. */
void filling_turn(struct filling *f);

#endif
