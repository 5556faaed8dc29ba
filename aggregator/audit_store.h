/* The audit: who did what to whom, as one chain in a database (facts.db, pages.db, room.db). Each entry's link is the
 * SHA-256 of the link before it and its own line, so nothing before a link that somebody else holds can be changed
 * unseen; publications carry the head (manifest audit_heads). docs/formats/audit.md draws it. No answer and no secret
 * stands in it: ids, numbers, hashes. */
#ifndef AGGREGATOR_AUDIT_STORE_H
#define AGGREGATOR_AUDIT_STORE_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/err.h"

enum { AUDIT_TEXT = 200 };	/* bytes of a field, at most */

struct audit_entry {
	int64_t seq;		/* 1, 2, .. */
	int64_t at;		/* seconds since 1970 */
	const char *actor;	/* a user's name; "worker"; "uid 1000" for commands */
	const char *role;	/* "analyst"; "" */
	const char *verb;	/* "publish", "add_user", "open_comments" */
	const char *object;	/* "publication 3", "user ann" */
	const char *detail;	/* "sha256=.."; "" */
	uint8_t link[32];
};

/* Append E (its seq and link are filled in by this). Within the transaction that is open on DB, or in one of its own.
 * ERR_INPUT: a field is too long or holds a control character; ERR_AGAIN; ERR_BROKEN. */
enum err_code audit_add(sqlite3 *db, const struct audit_entry *e, struct err *err) MUST_CHECK;
/* Each entry by number. Texts are borrowed for the call. */
enum err_code audit_each(sqlite3 *db, enum err_code (*fn)(void *arg, const struct audit_entry *e, struct err *err),
	void *arg, struct err *err) MUST_CHECK;
/* Recompute every link. *N: entries; HEX: the head ("" without any). ERR_BROKEN names the first entry that is not what it
 * was when it was written. */
enum err_code audit_verify(sqlite3 *db, int64_t *n, char hex[65], struct err *err) MUST_CHECK;
/* The link of entry SEQ (0: the last, which *SEQ becomes) in hex. ERR_ABSENT: there is none. */
enum err_code audit_head(sqlite3 *db, int64_t *seq, char hex[65], struct err *err) MUST_CHECK;
/* Who runs this command: "uid 1000" and the user's name, if the system knows one. */
void audit_me(char actor[AUDIT_TEXT]);
/* The schema, for db_migrate. */
const char *audit_schema(void);

/* Open PATH read-only, to verify. ERR_ABSENT, ERR_INPUT: no audit in it. *OUT: sqlite3_close. */
enum err_code audit_open(const char *path, sqlite3 **out, struct err *err) MUST_CHECK;

#endif
