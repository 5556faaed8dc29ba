/* People, passwords, sessions. See users.h. */
#include "aggregator/users.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/audit_store.h"
#include "aggregator/embed.h"
#include "aggregator/people_db.h"
#include "base/codec.h"
#include "base/db.h"
#include "collector/chain.h"
#include "collector/seal.h"

enum { WRONG_TRIES = 5, WRONG_WINDOW_S = 15 * 60, TOKEN = 32 };

enum { S_ADD, S_GET, S_PASSWORD, S_DISABLE, S_EACH, S_SESSION_PUT, S_SESSION_GET, S_SESSION_DROP, S_SESSION_END,
	S_SESSION_OLD, S_WRONG_PUT, S_WRONG_COUNT, S_WRONG_OLD, S_WRONG_FORGET, S_READER_PUT, S_READER_GET, S_N };

static const char *const sql[S_N] = {
	[S_ADD] = "INSERT INTO user (name, role, password, since) VALUES (?1, ?2, ?3, ?4)",
	[S_GET] = "SELECT role, password, since, disabled FROM user WHERE name = ?1",
	[S_PASSWORD] = "UPDATE user SET password = ?2, disabled = 0 WHERE name = ?1",
	[S_DISABLE] = "UPDATE user SET disabled = 1 WHERE name = ?1",
	[S_EACH] = "SELECT name, role, since, disabled FROM user ORDER BY name",
	[S_SESSION_PUT] = "INSERT INTO session VALUES (?1, ?2, ?3)",
	[S_SESSION_GET] = "SELECT u.name, u.role, u.since, u.disabled FROM session AS s JOIN user AS u"
	    " ON u.name = s.name WHERE s.hash = ?1 AND s.until > ?2 AND u.disabled = 0",
	[S_SESSION_DROP] = "DELETE FROM session WHERE hash = ?1",
	[S_SESSION_END] = "DELETE FROM session WHERE name = ?1",
	[S_SESSION_OLD] = "DELETE FROM session WHERE until <= ?1",
	[S_WRONG_PUT] = "INSERT INTO wrong_try VALUES (?1, ?2)",
	[S_WRONG_COUNT] = "SELECT count(*) FROM wrong_try WHERE name = ?1 AND at > ?2",
	[S_WRONG_OLD] = "DELETE FROM wrong_try WHERE at <= ?1",
	[S_WRONG_FORGET] = "DELETE FROM wrong_try WHERE name = ?1",
	[S_READER_PUT] = "INSERT INTO reader VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET hash = excluded.hash,"
	    " since = excluded.since",
	[S_READER_GET] = "SELECT hash FROM reader WHERE name = ?1",
};

struct users {
	sqlite3 *db;
	sqlite3_stmt *stmt[S_N];
	pthread_mutex_t lock;		/* the statements */
	pthread_mutex_t stretching;	/* one Argon2id at a time: 64 MiB each */
	char actor[AUDIT_TEXT];
	char nobody[SEAL_PASSWORD];	/* what an unknown name's password is compared with */
};

static const char *const role_words[] = {
	[ROLE_VIEWER] = "viewer", [ROLE_ANALYST] = "analyst", [ROLE_COMMISSIONER] = "commissioner",
	[ROLE_SAFEGUARDING] = "safeguarding", [ROLE_ADMINISTRATOR] = "administrator",
};

const char *
role_word(enum user_role role)
{
	return role >= ROLE_VIEWER && role <= ROLE_ADMINISTRATOR ? role_words[role] : "";
}

bool
role_of(const char *word, enum user_role *out)
{
	for (size_t i = ROLE_VIEWER; i < ARRAY_LEN(role_words); i++)
		if (strcmp(word, role_words[i]) == 0) {
			*out = (enum user_role)i;
			return true;
		}
	return false;
}

enum err_code
people_db_open(const char *path, sqlite3 **out, struct err *err)
{
	const struct embed_file *schema = embed_find(embed_aggregator, "sql/pages-1.sql");
	const char *versions[] = { schema->data, audit_schema(), embed_find(embed_aggregator, "sql/actions-1.sql")->data,
	    embed_find(embed_aggregator, "sql/pulls-1.sql")->data };
	sqlite3 *db = NULL;
	enum err_code rc;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(err, ERR_INPUT, "cannot open the database of users and publications %s", path);
	close(fd);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL) != SQLITE_OK) {
		rc = db_err(db, path, err);
		sqlite3_close(db);
		return rc;
	}
	sqlite3_busy_timeout(db, 5000);
	rc = db_exec(db, "PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;"
	    " PRAGMA secure_delete=ON;", err);
	if (rc == ERR_OK)
		rc = db_migrate(db, versions, ARRAY_LEN(versions), err);
	if (rc == ERR_OK)
		rc = db_exec(db, "PRAGMA synchronous=FULL;", err);
	if (rc != ERR_OK) {
		sqlite3_close(db);
		return rc;
	}
	*out = db;
	return ERR_OK;
}

enum err_code
users_open(const char *path, struct users **out, struct err *err)
{
	struct users *u = calloc(1, sizeof(*u));
	enum err_code rc;

	if (u == NULL)
		return err_nomem(err);
	pthread_mutex_init(&u->lock, NULL);
	pthread_mutex_init(&u->stretching, NULL);
	users_actor(u, "unknown");
	rc = people_db_open(path, &u->db, err);
	if (rc == ERR_OK)
		rc = db_prepare(u->db, sql, u->stmt, S_N, err);
	if (rc != ERR_OK) {
		users_close(u);
		return rc;
	}
	*out = u;
	return ERR_OK;
}

void
users_close(struct users *u)
{
	if (u == NULL)
		return;
	db_finalize(u->stmt, S_N);
	sqlite3_close(u->db);
	pthread_mutex_destroy(&u->lock);
	pthread_mutex_destroy(&u->stretching);
	wipe(u->nobody, sizeof(u->nobody));
	free(u);
}

static void
text(sqlite3_stmt *s, int at, const char *t)
{
	sqlite3_bind_text(s, at, t, -1, SQLITE_STATIC);
}

static void
reset(sqlite3_stmt *s)
{
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
}

/* Run a bound statement without rows; *CHANGES may be NULL. The lock is held. */
static enum err_code
done(struct users *u, sqlite3_stmt *s, const char *what, int *changes, struct err *err)
{
	enum err_code rc = sqlite3_step(s) == SQLITE_DONE ? ERR_OK : db_err(u->db, what, err);

	if (changes != NULL)
		*changes = sqlite3_changes(u->db);
	reset(s);
	return rc;
}

void
users_actor(struct users *u, const char *actor)
{
	snprintf(u->actor, sizeof(u->actor), "%s", actor);
}

enum err_code
users_audit(struct users *u, int64_t at, const char *actor, const char *role, const char *verb, const char *object,
	const char *detail, struct err *err)
{
	struct audit_entry e = { .at = at, .actor = actor, .role = role, .verb = verb, .object = object, .detail = detail };
	enum err_code rc;

	pthread_mutex_lock(&u->lock);
	rc = audit_add(u->db, &e, err);
	pthread_mutex_unlock(&u->lock);
	return rc;
}

/* Close the transaction in which VERB was done to NAME: with an entry, or not at all. The lock is held. */
static enum err_code
finish(struct users *u, enum err_code rc, const char *verb, const char *name, const char *detail, int64_t now,
	struct err *err)
{
	char object[AUDIT_TEXT];
	struct audit_entry e = { .at = now, .actor = u->actor, .role = "", .verb = verb, .object = object, .detail = detail };

	snprintf(object, sizeof(object), "user %s", name);
	if (rc == ERR_OK)
		rc = audit_add(u->db, &e, err);
	if (rc == ERR_OK)
		rc = db_exec(u->db, "COMMIT", err);
	if (rc != ERR_OK && !sqlite3_get_autocommit(u->db))
		sqlite3_exec(u->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static bool
name_good(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= USER_NAME_MAX && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static enum err_code
password_good(const char *name, const char *password, struct err *err)
{
	static const char *const common[] = { "password", "passw0rd", "qwertyuiop", "123456789", "letmein",
	    "candour", "welcome" };
	size_t n = strlen(password), kinds = 0;
	bool seen[256] = {0};

	if (n < PASSWORD_MIN || n > PASSWORD_MAX)
		return err_set(err, ERR_INPUT, "the password has %zu characters: give %d to %d, for example four "
		    "words", n, PASSWORD_MIN, PASSWORD_MAX);
	for (size_t i = 0; i < n; i++)
		if (!seen[(unsigned char)password[i]]) {
			seen[(unsigned char)password[i]] = true;
			kinds++;
		}
	if (kinds < 6)
		return err_set(err, ERR_INPUT, "the password uses only %zu different characters: give at least 6",
		    kinds);
	if (strncasecmp(password, name, strlen(name)) == 0 && n < strlen(name) + 8)
		return err_set(err, ERR_INPUT, "the password begins with the name: choose another");
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (strncasecmp(password, common[i], strlen(common[i])) == 0 && n < strlen(common[i]) + 8)
			return err_set(err, ERR_INPUT, "the password is one that everybody tries first: choose "
			    "another, for example four words");
	return ERR_OK;
}

static enum err_code
stretch(struct users *u, const char *password, char hash[SEAL_PASSWORD], struct err *err)
{
	enum err_code rc;

	pthread_mutex_lock(&u->stretching);
	rc = seal_password_hash(password, strlen(password), hash, err);
	pthread_mutex_unlock(&u->stretching);
	return rc;
}

enum err_code
users_add(struct users *u, const char *name, enum user_role role, const char *password, int64_t now,
	struct err *err)
{
	char hash[SEAL_PASSWORD];
	sqlite3_stmt *s = u->stmt[S_ADD];
	enum err_code rc;

	if (!name_good(name))
		return err_set(err, ERR_INPUT, "a user's name is 1 to %d of a-z 0-9 . _ -", USER_NAME_MAX);
	rc = password_good(name, password, err);
	if (rc == ERR_OK)
		rc = stretch(u, password, hash, err);
	if (rc != ERR_OK)
		return rc;
	pthread_mutex_lock(&u->lock);
	rc = db_exec(u->db, "BEGIN IMMEDIATE", err);
	if (rc == ERR_OK) {
		text(s, 1, name);
		sqlite3_bind_int(s, 2, (int)role);
		text(s, 3, hash);
		sqlite3_bind_int64(s, 4, now);
		rc = finish(u, done(u, s, "add user", NULL, err), "add_user", name, role_word(role), now, err);
	}
	pthread_mutex_unlock(&u->lock);
	wipe(hash, sizeof(hash));
	return rc == ERR_EXISTS ? err_set(err, ERR_EXISTS, "there is a user %s already", name) : rc;
}

/* Change NAME's row by S (bound), then end the sessions. */
static enum err_code
change(struct users *u, sqlite3_stmt *s, const char *verb, const char *name, int64_t now, struct err *err)
{
	int changes;
	enum err_code rc = db_exec(u->db, "BEGIN IMMEDIATE", err);

	if (rc != ERR_OK) {
		reset(s);
		return rc;
	}
	rc = done(u, s, "change user", &changes, err);
	if (rc == ERR_OK && changes == 0)
		rc = err_set(err, ERR_ABSENT, "there is no user %s", name);
	text(u->stmt[S_SESSION_END], 1, name);
	if (rc == ERR_OK)
		rc = done(u, u->stmt[S_SESSION_END], "end sessions", NULL, err);
	return finish(u, rc, verb, name, "", now, err);
}

enum err_code
users_password(struct users *u, const char *name, const char *password, int64_t now, struct err *err)
{
	char hash[SEAL_PASSWORD];
	enum err_code rc = password_good(name, password, err);

	if (rc == ERR_OK)
		rc = stretch(u, password, hash, err);
	if (rc != ERR_OK)
		return rc;
	pthread_mutex_lock(&u->lock);
	text(u->stmt[S_PASSWORD], 1, name);
	text(u->stmt[S_PASSWORD], 2, hash);
	rc = change(u, u->stmt[S_PASSWORD], "new_password", name, now, err);
	pthread_mutex_unlock(&u->lock);
	wipe(hash, sizeof(hash));
	return rc;
}

enum err_code
users_disable(struct users *u, const char *name, int64_t now, struct err *err)
{
	enum err_code rc;

	pthread_mutex_lock(&u->lock);
	text(u->stmt[S_DISABLE], 1, name);
	rc = change(u, u->stmt[S_DISABLE], "disable_user", name, now, err);
	pthread_mutex_unlock(&u->lock);
	return rc;
}

enum err_code
users_each(struct users *u, enum err_code (*fn)(void *arg, const struct user *user, struct err *err), void *arg,
	struct err *err)
{
	sqlite3_stmt *s = u->stmt[S_EACH];
	enum err_code rc = ERR_OK;
	int step;

	pthread_mutex_lock(&u->lock);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct user user = {
			.role = (enum user_role)sqlite3_column_int(s, 1),
			.since = sqlite3_column_int64(s, 2),
			.disabled = sqlite3_column_int(s, 3) != 0,
		};

		snprintf(user.name, sizeof(user.name), "%s", sqlite3_column_text(s, 0));
		rc = fn(arg, &user, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = db_err(u->db, "list users", err);
	reset(s);
	pthread_mutex_unlock(&u->lock);
	return rc;
}

/* --- sessions ------------------------------------------------------------------------------------- */

static void
token_new(char token[TOKEN_TEXT])
{
	uint8_t random[TOKEN];

	seal_random(random, sizeof(random));
	hex_str(random, sizeof(random), token);
	wipe(random, sizeof(random));
}

static void
token_hash(const char *label, const char *token, struct chain_hash *out)
{
	chain_h(label, token, strlen(token), out);
}

/* How often NAME was tried in vain lately; tries of long ago are forgotten. The lock is held. */
static enum err_code
wrong_tries(struct users *u, const char *name, int64_t now, int *n, struct err *err)
{
	sqlite3_stmt *s = u->stmt[S_WRONG_COUNT];
	enum err_code rc = ERR_OK;

	text(s, 1, name);
	sqlite3_bind_int64(s, 2, now - WRONG_WINDOW_S);
	if (sqlite3_step(s) == SQLITE_ROW)
		*n = sqlite3_column_int(s, 0);
	else
		rc = db_err(u->db, "wrong tries", err);
	reset(s);
	if (rc != ERR_OK)
		return rc;
	sqlite3_bind_int64(u->stmt[S_WRONG_OLD], 1, now - WRONG_WINDOW_S);
	return done(u, u->stmt[S_WRONG_OLD], "wrong tries", NULL, err);
}

/* The stored hash of NAME, or the one that nobody's password has. */
static enum err_code
stored_hash(struct users *u, const char *name, int64_t now, char hash[SEAL_PASSWORD], bool *known, struct err *err)
{
	sqlite3_stmt *s = u->stmt[S_GET];
	enum err_code rc;
	int n = 0, step;

	*known = false;
	pthread_mutex_lock(&u->lock);
	rc = wrong_tries(u, name, now, &n, err);
	if (rc == ERR_OK && n >= WRONG_TRIES)
		rc = err_set(err, ERR_AGAIN, "too many wrong tries: wait a quarter of an hour");
	if (rc == ERR_OK) {
		text(s, 1, name);
		step = sqlite3_step(s);
		if (step == SQLITE_ROW && sqlite3_column_int(s, 3) == 0) {
			snprintf(hash, SEAL_PASSWORD, "%s", sqlite3_column_text(s, 1));
			*known = true;
		} else if (step != SQLITE_ROW && step != SQLITE_DONE) {
			rc = db_err(u->db, "find user", err);
		}
		reset(s);
	}
	pthread_mutex_unlock(&u->lock);
	if (rc != ERR_OK || *known)
		return rc;
	pthread_mutex_lock(&u->stretching);
	if (u->nobody[0] == '\0') {
		char random[TOKEN_TEXT];

		token_new(random);
		rc = seal_password_hash(random, TOKEN_TEXT - 1, u->nobody, err);
		wipe(random, sizeof(random));
	}
	memcpy(hash, u->nobody, SEAL_PASSWORD);
	pthread_mutex_unlock(&u->stretching);
	return rc;
}

enum err_code
users_sign_in(struct users *u, const char *name, const char *password, int64_t now, char token[TOKEN_TEXT],
	struct err *err)
{
	char hash[SEAL_PASSWORD] = "";
	struct chain_hash h;
	struct err why = {0};
	bool known;
	enum err_code rc;

	if (!name_good(name) || strlen(password) > PASSWORD_MAX)
		return err_set(err, ERR_DENIED, "name or password is not right");
	rc = stored_hash(u, name, now, hash, &known, err);
	if (rc != ERR_OK)
		return rc;
	pthread_mutex_lock(&u->stretching);
	rc = seal_password_verify(hash, password, strlen(password), &why);
	pthread_mutex_unlock(&u->stretching);
	wipe(hash, sizeof(hash));
	if (rc != ERR_OK && rc != ERR_DENIED)
		return err_set(err, rc, "%s", why.msg);
	pthread_mutex_lock(&u->lock);
	if (rc == ERR_DENIED || !known) {
		text(u->stmt[S_WRONG_PUT], 1, name);
		sqlite3_bind_int64(u->stmt[S_WRONG_PUT], 2, now);
		rc = done(u, u->stmt[S_WRONG_PUT], "wrong try", NULL, err);
		if (rc == ERR_OK)
			rc = err_set(err, ERR_DENIED, "name or password is not right");
		goto out;
	}
	text(u->stmt[S_WRONG_FORGET], 1, name);
	rc = done(u, u->stmt[S_WRONG_FORGET], "forget wrong tries", NULL, err);
	sqlite3_bind_int64(u->stmt[S_SESSION_OLD], 1, now);
	if (rc == ERR_OK)
		rc = done(u, u->stmt[S_SESSION_OLD], "old sessions", NULL, err);
	if (rc != ERR_OK)
		goto out;
	token_new(token);
	token_hash("session", token, &h);
	sqlite3_bind_blob(u->stmt[S_SESSION_PUT], 1, h.bytes, 32, SQLITE_STATIC);
	text(u->stmt[S_SESSION_PUT], 2, name);
	sqlite3_bind_int64(u->stmt[S_SESSION_PUT], 3, now + SESSION_S);
	rc = done(u, u->stmt[S_SESSION_PUT], "session", NULL, err);
out:
	pthread_mutex_unlock(&u->lock);
	return rc;
}

enum err_code
users_session(struct users *u, const char *token, int64_t now, struct user *out, char csrf[TOKEN_TEXT],
	struct err *err)
{
	sqlite3_stmt *s = u->stmt[S_SESSION_GET];
	struct chain_hash h;
	enum err_code rc = ERR_OK;
	int step;

	if (token == NULL || strlen(token) != TOKEN_TEXT - 1)
		return err_set(err, ERR_DENIED, "not signed in");
	token_hash("session", token, &h);
	pthread_mutex_lock(&u->lock);
	sqlite3_bind_blob(s, 1, h.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, now);
	step = sqlite3_step(s);
	if (step == SQLITE_ROW) {
		memset(out, 0, sizeof(*out));
		snprintf(out->name, sizeof(out->name), "%s", sqlite3_column_text(s, 0));
		out->role = (enum user_role)sqlite3_column_int(s, 1);
		out->since = sqlite3_column_int64(s, 2);
	} else {
		rc = step == SQLITE_DONE ? err_set(err, ERR_DENIED, "not signed in")
		    : db_err(u->db, "session", err);
	}
	reset(s);
	pthread_mutex_unlock(&u->lock);
	if (rc == ERR_OK) {
		token_hash("csrf", token, &h);
		hex_str(h.bytes, 32, csrf);
	}
	return rc;
}

enum err_code
users_sign_out(struct users *u, const char *token, struct err *err)
{
	sqlite3_stmt *s = u->stmt[S_SESSION_DROP];
	struct chain_hash h;
	enum err_code rc;

	token_hash("session", token == NULL ? "" : token, &h);
	pthread_mutex_lock(&u->lock);
	sqlite3_bind_blob(s, 1, h.bytes, 32, SQLITE_STATIC);
	rc = done(u, s, "sign out", NULL, err);
	pthread_mutex_unlock(&u->lock);
	return rc;
}

bool
users_csrf_is(const char csrf[TOKEN_TEXT], const char *given)
{
	return given != NULL && strlen(given) == TOKEN_TEXT - 1 && seal_equal(csrf, given, TOKEN_TEXT - 1);
}

/* --- readers -------------------------------------------------------------------------------------- */

enum err_code
users_reader(struct users *u, const char *name, int64_t now, char token[TOKEN_TEXT], struct err *err)
{
	sqlite3_stmt *s = u->stmt[S_READER_PUT];
	struct chain_hash h;
	enum err_code rc;

	if (!name_good(name))
		return err_set(err, ERR_INPUT, "a reader's name is 1 to %d of a-z 0-9 . _ -", USER_NAME_MAX);
	token_new(token);
	token_hash("reader", token, &h);
	pthread_mutex_lock(&u->lock);
	rc = db_exec(u->db, "BEGIN IMMEDIATE", err);
	if (rc == ERR_OK) {
		text(s, 1, name);
		sqlite3_bind_blob(s, 2, h.bytes, 32, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, now);
		rc = finish(u, done(u, s, "keep reader", NULL, err), "new_reader", name, "", now, err);
	}
	pthread_mutex_unlock(&u->lock);
	return rc;
}

enum err_code
users_reader_is(struct users *u, const char *name, const char *token, struct err *err)
{
	sqlite3_stmt *s = u->stmt[S_READER_GET];
	struct chain_hash h;
	enum err_code rc;

	token_hash("reader", token, &h);
	pthread_mutex_lock(&u->lock);
	text(s, 1, name);
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_bytes(s, 0) == 32
	    && seal_equal(sqlite3_column_blob(s, 0), h.bytes, 32))
		rc = ERR_OK;
	else
		rc = err_set(err, ERR_DENIED, "not a reader's name and token");
	reset(s);
	pthread_mutex_unlock(&u->lock);
	return rc;
}
