/* One way to fail: a code that says what the caller can do, and a message that says what happened.
 * Messages hold ids, sizes and places, never a key, a token or an answer. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

#include "base/attr.h"

enum err_code {
	ERR_OK = 0,
	ERR_INPUT,	/* reject: the bytes or values given are not acceptable */
	ERR_LIMIT,	/* reject: well formed, but more than a named limit allows */
	ERR_DENIED,	/* refuse: not authentic, or not allowed */
	ERR_AGAIN,	/* retry later: busy, full, unreachable; nothing was done */
	ERR_EXISTS,	/* treat as done: it was there already */
	ERR_ABSENT,	/* what was asked for is not there */
	ERR_BROKEN,	/* stop: storage, library or our own invariant failed; outcome may be unknown */
	ERR_NOMEM,	/* an allocation failed; nothing was done */
};

/* Room for one sentence. All zero is "no error". */
struct err {
	enum err_code code;
	char msg[400];
};

/* Record CODE and the formatted message in *ERR (which may be NULL) and return CODE. A message too
 * long is cut at a UTF-8 boundary; control characters become '?', so one error stays one log line. */
enum err_code err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put "WHERE: " (formatted) in front of the message that is there. Returns err->code. */
enum err_code err_in(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ERR_NOMEM with the usual message; the short way out of a failed allocation. */
enum err_code err_nomem(struct err *err);

/* A short stable word for logs: "input", "limit", "denied", "again", "exists", "absent", "broken",
 * "nomem", "ok". Static storage. */
const char *err_word(enum err_code code);

#endif
