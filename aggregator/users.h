/* The people who may look: names, roles, passwords (Argon2id), and their sessions. Used by the pages of
 * the aggregator and by the reading room, each with a database of its own. All calls are safe from any
 * thread. Passwords and tokens never stand in a message or a log line. */
#ifndef AGGREGATOR_USERS_H
#define AGGREGATOR_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum user_role {
	ROLE_VIEWER = 1,	/* publications */
	ROLE_ANALYST,		/* provisional figures; prepares publications */
	ROLE_COMMISSIONER,	/* signs, decides */
	ROLE_SAFEGUARDING,	/* comments and concerns in the reading room */
	ROLE_ADMINISTRATOR,	/* users, sites, devices; no other role beside it */
};

enum { USER_NAME_MAX = 64, PASSWORD_MIN = 12, PASSWORD_MAX = 256, TOKEN_TEXT = 65, SESSION_S = 8 * 3600 };

struct user {
	char name[USER_NAME_MAX + 1];
	enum user_role role;
	int64_t since;		/* seconds since 1970 */
	bool disabled;
};

/* "viewer", "analyst", "commissioner", "safeguarding", "administrator". */
const char *role_word(enum user_role role);
/* False if there is no such role. */
bool role_of(const char *word, enum user_role *out);

struct users;

/* The users in the database PATH, made if absent. */
enum err_code users_open(const char *path, struct users **out, struct err *err) MUST_CHECK;
void users_close(struct users *u);
/* In whose name changes are written to the audit from now on (copied); before this: "unknown". */
void users_actor(struct users *u, const char *actor);
/* Write ACTOR's deed to the audit of this database. ERR_INPUT: an empty or overlong field. */
enum err_code users_audit(struct users *u, int64_t at, const char *actor, const char *role, const char *verb,
	const char *object, const char *detail, struct err *err) MUST_CHECK;

/* Each change and its entry in the audit are one transaction: there is no change without one.
 * ERR_INPUT for a name that is not 1..64 of [a-z0-9._-] or a password that is too short or common;
 * ERR_EXISTS if the name is taken. */
enum err_code users_add(struct users *u, const char *name, enum user_role role, const char *password,
	int64_t now, struct err *err) MUST_CHECK;
/* A new password; ends all sessions of NAME. ERR_ABSENT. */
enum err_code users_password(struct users *u, const char *name, const char *password, int64_t now,
	struct err *err) MUST_CHECK;
/* No more sign-in; ends all sessions. ERR_ABSENT. */
enum err_code users_disable(struct users *u, const char *name, int64_t now, struct err *err) MUST_CHECK;
enum err_code users_each(struct users *u, enum err_code (*fn)(void *arg, const struct user *user,
	struct err *err), void *arg, struct err *err) MUST_CHECK;

/* Sign in: TOKEN is the cookie's value. ERR_DENIED for a wrong name or password (the same message and
 * the same work for both), ERR_AGAIN after five wrong tries for a name within 15 minutes. */
enum err_code users_sign_in(struct users *u, const char *name, const char *password, int64_t now,
	char token[TOKEN_TEXT], struct err *err) MUST_CHECK;
/* Who TOKEN is; CSRF is what each form must carry. ERR_DENIED if there is no such session or it is over. */
enum err_code users_session(struct users *u, const char *token, int64_t now, struct user *out,
	char csrf[TOKEN_TEXT], struct err *err) MUST_CHECK;
/* End it; an unknown token is fine. */
enum err_code users_sign_out(struct users *u, const char *token, struct err *err) MUST_CHECK;
/* Is TEXT (may be NULL) the session's CSRF token? Constant time. */
bool users_csrf_is(const char csrf[TOKEN_TEXT], const char *text);

/* A reader's token for OData and CSV (Basic authentication): made once, kept hashed. */
enum err_code users_reader(struct users *u, const char *name, int64_t now, char token[TOKEN_TEXT],
	struct err *err) MUST_CHECK;
enum err_code users_reader_is(struct users *u, const char *name, const char *token, struct err *err) MUST_CHECK;

#endif
