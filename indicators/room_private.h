/* What the files of the reading room share. */
#ifndef INDICATORS_ROOM_PRIVATE_H
#define INDICATORS_ROOM_PRIVATE_H

#include <pthread.h>

#include "aggregator/people.h"
#include "forms/expr.h"
#include "indicators/form_set.h"
#include "indicators/prepare.h"
#include "indicators/room.h"
#include "indicators/room_views.h"

struct room {
	struct room_conf conf;
	struct room_state *state;
	struct people people;
	struct http_server *http;
	pthread_mutex_t lock;
	struct buf prepared;		/* the file prepared last */
	struct prepare_report report;
};

/* In arena A; "" if there is no memory. */

/* The file that was prepared last: what the start page says of it ("" if none), keep one, hand it out. */
const char *room_prepared_text(struct room *room, struct arena *a);
void room_keep_prepared(struct room *room, const struct buf *file, const struct prepare_report *report);
bool room_copy_prepared(struct room *room, struct buf *out, int64_t *no);

/* Comments of a site, opened now. */
struct room_reading {
	struct room *room;
	struct facts *facts;
	struct arena *arena;		/* secret: holds what was opened */
	const char *reader, *role;	/* who asks: goes to the log and the audit */
	const char *site, *skip;	/* of the query; NULL: not given */
};
/* The page's body into OUT, a secret buffer. ERR_INPUT: no site. */
enum err_code room_comments(const struct room_reading *rd, struct buf *out, struct err *err) MUST_CHECK;
/* Open R: its plaintext in PLAIN (secret), its form, its answers in *IN (instance_free). ERR_ABSENT: its form is not here. */
enum err_code room_open_record(const struct room *room, struct store *store, const struct facts_record *r, struct buf *plain,
	const struct known_form **form, struct instance **in, struct err *err) MUST_CHECK;

/* Quotes (room_quotes.c). Did whoever wrote IN's answer to QUESTION say that it may be quoted? */
bool room_may_be_quoted(const struct form *form, const char *question, struct instance *in);
/* The page to propose one: TEXT is what was sent before (NULL: what is suggested), ERROR what was wrong with it (""). ERR_INPUT,
 * ERR_ABSENT: there is no such comment. */
enum err_code room_quote(const struct room_reading *rd, const char *record, const char *question, const char *text,
	const char *error, const char *csrf, struct buf *out, struct err *err) MUST_CHECK;
/* ERR_INPUT: it cannot be quoted so (quote_check); ERR_DENIED: without consent; ERR_EXISTS. */
enum err_code room_quote_propose(const struct room_reading *rd, const char *record, const char *question, const char *text,
	struct err *err) MUST_CHECK;
enum err_code room_quotes(const struct room_reading *rd, const char *error, const char *csrf, struct buf *out,
	struct err *err) MUST_CHECK;
enum err_code room_quote_decide(const struct room_reading *rd, const char *id, const char *what, struct err *err) MUST_CHECK;

#endif
