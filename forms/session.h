/* One filling-in of a form: set answers, ask what to show, finish. All answers are in secret memory.
 * A session is used by one thread at a time. */
#ifndef FORMS_SESSION_H
#define FORMS_SESSION_H

#include "forms/form.h"

struct session;
struct zone;	/* forms/zone.h: a time zone from TZif data */

/* Everything from outside that an expression can see. Must outlive the session. */
struct session_env {
	int64_t (*now_ms)(void *arg);
	void (*random)(void *arg, void *out, size_t len);
	void *arg;
	const struct zone *zone;	/* NULL: UTC */
	const char *device_id;		/* NULL: "" */
	size_t language;		/* index of form_language_* */
	bool on_paper;			/* answers come from a sheet, which cannot insist: nothing is required */
};

enum err_code session_new(const struct form *f, const struct session_env *env, struct session **out,
	struct err *err) MUST_CHECK;
/* Go on from a submitted instance (XML). */
enum err_code session_edit(const struct form *f, const struct session_env *env, const char *xml, size_t len,
	struct session **out, struct err *err) MUST_CHECK;
/* Wipes and frees. */
void session_free(struct session *s);

/* Set the value of ROW from text as ODK writes it (space-separated names for select_multiple, ISO dates);
 * "" clears. ERR_INPUT: not of the node's type (nothing changed); ERR_LIMIT; ERR_DENIED: readonly or not
 * a question. A value that breaks its constraint is kept and shows up in the violations. */
enum err_code session_set(struct session *s, uint32_t row, const char *text, size_t len, struct err *err) MUST_CHECK;
enum err_code session_language(struct session *s, size_t language, struct err *err) MUST_CHECK;
/* Append an instance of the repeat whose row is REPEAT (page.h: a repeat's page). *ROW: the new one. */
enum err_code session_add(struct session *s, uint32_t repeat, uint32_t *row, struct err *err) MUST_CHECK;
enum err_code session_remove(struct session *s, uint32_t row, struct err *err) MUST_CHECK;
/* Set /ROOT/meta/candour:NAME, made if absent: who answered, how, in which variant (kiosk.md section 2). */
enum err_code session_meta(struct session *s, const char *name, const char *value, size_t len,
	struct err *err) MUST_CHECK;

/* --- pages: a question, a note, a field-list group, or the "add another" page of a repeat ------------ */

enum control_kind {
	CONTROL_INPUT, CONTROL_SELECT1, CONTROL_SELECT, CONTROL_RANGE, CONTROL_RANK, CONTROL_TRIGGER,
	CONTROL_NOTE, CONTROL_UPLOAD, CONTROL_REPEAT,
};

enum value_type { TYPE_STRING, TYPE_INT, TYPE_DECIMAL, TYPE_DATE, TYPE_TIME, TYPE_DATETIME, TYPE_BOOLEAN,
	TYPE_GEOPOINT, TYPE_BARCODE, TYPE_BINARY, TYPE_OTHER };

struct page_choice {
	const char *value;	/* what is stored */
	const char *label;
	const char *image, *audio;	/* jr:// URI or "" */
	const char *score, *opt_out, *symbol;	/* our columns of the item, "" if none */
	bool chosen;
	int rank;		/* CONTROL_RANK: from 1; 0: not ranked */
};

struct page_control {
	uint32_t row;
	enum control_kind kind;
	enum value_type type;
	const char *name;	/* node name */
	const char *path;	/* "/data/group/q1", without positions */
	const char *label, *hint, *guidance;
	const char *image, *audio, *video;	/* jr:// URI or "" */
	const char *appearance;	/* as the form says: words split by blanks */
	const char *value;	/* as stored; "" if empty */
	const char *shown;	/* the value as people say it: choice labels, else the value */
	bool required, readonly;
	const char *required_message, *constraint_message;	/* "" if the form has none */
	struct page_choice *choices;
	size_t n_choices;
	double start, end, step;	/* CONTROL_RANGE */
	const char *const *extra;	/* candour:KEY attributes of the control: key, value, .., NULL */
};

struct page {
	uint32_t id;		/* names the page; stable while its rows exist */
	const char *group_label;	/* of the enclosing groups that have one, innermost; "" if none */
	struct page_control *controls;
	size_t n_controls;
	size_t number, count;	/* 1-based place among the relevant pages that ask something, and their count */
	uint32_t repeat;	/* CONTROL_REPEAT: instances there are */
};

/* The page after *PAGE in document order that is relevant; *PAGE 0: the first. False at the end (*PAGE
 * untouched). */
bool session_next(struct session *s, uint32_t *page);
bool session_previous(struct session *s, uint32_t *page);
/* What to show. Borrowed until the session changes or the next call. ERR_ABSENT: no such relevant page. */
enum err_code session_page(struct session *s, uint32_t page, struct page *out, struct err *err) MUST_CHECK;

/* --- the whole form, as a sheet of paper shows it --------------------------------------------------- */

struct outline {
	const struct page_control *control;
	const char *group;		/* label of the innermost group that has one; "" */
	bool begins_group;		/* the first control under that label */
	bool in_repeat;			/* asked as often as there are instances */
	const char *const *when;	/* relevance expressions it hangs on, as the form has them, outermost first; NULL ends */
};

/* Each control in document order, relevant or not, the questions of a repeat once. S is to be fresh and is good for
 * nothing else afterwards. What FN gets is borrowed until it returns; an error of FN ends it and is returned. */
enum err_code session_outline(struct session *s, enum err_code (*fn)(void *arg, const struct outline *o,
	struct err *err), void *arg, struct err *err) MUST_CHECK;

enum violation_kind { VIOLATION_REQUIRED = 1, VIOLATION_CONSTRAINT, VIOLATION_TYPE };
struct violation {
	uint32_t page, row;
	enum violation_kind kind;
	const char *message;	/* the form's, in the session's language; "" if none. Borrowed */
};
/* All violations among the relevant rows, in page order; the first MAX go to OUT. Returns how many. */
size_t session_violations(struct session *s, struct violation *out, size_t max);

/* The submission document (ODK XForms, meta/instanceID) into OUT, a secret buffer. ERR_INPUT while there
 * are violations; ERR_BROKEN if recomputing from scratch does not give the same state. */
enum err_code session_finalise(struct session *s, struct buf *out, struct err *err) MUST_CHECK;
/* Drafts: the whole state, to go on later with the same form. */
enum err_code session_save(struct session *s, struct buf *draft, struct err *err) MUST_CHECK;
enum err_code session_restore(const struct form *f, const struct session_env *env, const void *draft, size_t len,
	struct session **out, struct err *err) MUST_CHECK;

#endif
