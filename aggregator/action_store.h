/* Actions: what people said, what is done about it, by whom, until when ("You said, we did"). Kept in pages.db, every
 * version; each change stands in the audit. Safe from any thread. */
#ifndef AGGREGATOR_ACTION_STORE_H
#define AGGREGATOR_ACTION_STORE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum { ACTION_WORDS = 30 };	/* of said and did, at most: they are shown on kiosks */

struct action {
	int64_t id, version;
	int64_t at;			/* of this version */
	const char *indicator;		/* id of the definition; "" for none */
	const char *said, *did;		/* 1 to 30 words each */
	const char *owner;
	const char *state;		/* planned doing done dropped */
	const char *due;		/* "2026-12-31", or "" */
	const char *from_day, *until_day;	/* when kiosks show it, both inclusive; "" : they do not */
};

struct actions;

/* The actions in PATH (pages.db), made if absent. *OUT: actions_close. */
enum err_code actions_open(const char *path, struct actions **out, struct err *err) MUST_CHECK;
void actions_close(struct actions *a);
/* Keep A as the next version of its id (0: a new action; *ID is its number), in ACTOR's name. ERR_INPUT says which field and
 * what it should be; ERR_ABSENT: no such action. */
enum err_code actions_put(struct actions *a, const struct action *action, const char *actor, int64_t now, int64_t *id,
	struct err *err) MUST_CHECK;
/* The newest version of each, by id, in arena M. *LIST: N of them. INDICATOR NULL: all. */
enum err_code actions_list(struct actions *a, const char *indicator, struct arena *m, struct action **list, size_t *n,
	struct err *err) MUST_CHECK;

#endif
