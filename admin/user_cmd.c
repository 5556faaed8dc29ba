/* candour user: the people who may sign in to the published pages or the reading room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "aggregator/audit_store.h"
#include "aggregator/users.h"
#include "base/clock.h"
#include "base/file.h"
#include "collector/words.h"

enum { WORDS_DRAWN = 5 };

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour user add NAME ROLE --db FILE [--password-file FILE]\n"
	    "       candour user password NAME --db FILE [--password-file FILE]\n"
	    "       candour user disable NAME --db FILE\n"
	    "       candour user list --db FILE\n"
	    "       candour user reader NAME --db FILE\n\n"
	    "FILE is pages.db (published figures) or room.db (reading room); it is made if it is not there.\n"
	    "ROLE: viewer analyst commissioner safeguarding administrator.\n"
	    "Without --password-file (\"-\": standard input) a password of five words is made and printed.\n"
	    "reader makes a token for programs that pull CSV and OData.\n");
	return to == stdout ? 0 : 2;
}

/* The first line of PATH, or drawn words, which are printed. */
static enum err_code
password(const char *path, struct buf *out, bool *drawn, struct err *err)
{
	uint16_t words[WORDS_DRAWN];
	enum err_code rc = ERR_OK;
	char *line;

	*drawn = path == NULL;
	if (path == NULL) {
		words_draw(words, WORDS_DRAWN);
		words_put(words, WORDS_DRAWN, out);
		wipe(words, sizeof(words));
		return buf_check(out, err);
	}
	if (strcmp(path, "-") == 0) {
		char text[PASSWORD_MAX + 2];

		if (fgets(text, sizeof(text), stdin) == NULL)
			rc = err_set(err, ERR_INPUT, "no password on standard input");
		else
			buf_puts(out, text);
		wipe(text, sizeof(text));
	} else {
		rc = file_read(path, out, err);
	}
	line = rc == ERR_OK && out->len > 0 ? strpbrk((char *)out->data, "\r\n") : NULL;
	if (line != NULL)
		buf_truncate(out, (size_t)(line - (char *)out->data));
	return rc;
}

static enum err_code
print_user(void *arg, const struct user *u, struct err *err)
{
	char since[32];

	(void)arg;
	(void)err;
	time_text(u->since, since);
	printf("%-24s %-14s %.10s%s\n", u->name, role_word(u->role), since, u->disabled ? " disabled" : "");
	return ERR_OK;
}

static enum err_code
run(struct users *u, const char *verb, const char *name, const char *role_name, const char *password_file,
	struct err *err)
{
	int64_t now = clock_now_s(&clock_system);
	char token[TOKEN_TEXT];
	enum user_role role;
	struct buf pass;
	bool drawn = false;
	enum err_code rc;

	if (strcmp(verb, "list") == 0)
		return users_each(u, print_user, NULL, err);
	if (strcmp(verb, "disable") == 0)
		return users_disable(u, name, now, err);
	if (strcmp(verb, "reader") == 0) {
		rc = users_reader(u, name, now, token, err);
		if (rc == ERR_OK)
			printf("%s\n", token);
		wipe(token, sizeof(token));
		return rc;
	}
	if (role_name != NULL && !role_of(role_name, &role))
		return err_set(err, ERR_INPUT, "%.40s is no role: viewer analyst commissioner safeguarding administrator",
		    role_name);
	buf_init_secret(&pass, 4096);
	rc = password(password_file, &pass, &drawn, err);
	if (rc == ERR_OK)
		rc = role_name != NULL ? users_add(u, name, role, buf_str(&pass), now, err)
		    : users_password(u, name, buf_str(&pass), now, err);
	if (rc == ERR_OK && drawn)
		printf("%s\n", buf_str(&pass));
	buf_free(&pass);
	return rc;
}

int
cmd_user(int argc, char **argv)
{
	const char *words[3] = {0}, *db = NULL, *password_file = NULL;
	struct users *u = NULL;
	struct err err = {0};
	size_t n = 0, want;
	char me[AUDIT_TEXT];
	bool add;
	enum err_code rc;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(stdout);
		if (strcmp(argv[i], "--db") == 0 && i + 1 < argc)
			db = argv[++i];
		else if (strcmp(argv[i], "--password-file") == 0 && i + 1 < argc)
			password_file = argv[++i];
		else if (argv[i][0] != '-' && n < 3)
			words[n++] = argv[i];
		else
			return usage(stderr);
	}
	if (n == 0 || db == NULL)
		return usage(stderr);
	add = strcmp(words[0], "add") == 0;
	want = add ? 3 : strcmp(words[0], "list") == 0 ? 1 : 2;
	if (n != want || (!add && want == 2 && strcmp(words[0], "password") != 0 && strcmp(words[0], "disable") != 0
	    && strcmp(words[0], "reader") != 0))
		return usage(stderr);
	rc = users_open(db, &u, &err);
	if (rc == ERR_OK) {
		audit_me(me);
		users_actor(u, me);
	}
	if (rc == ERR_OK)
		rc = run(u, words[0], words[1], add ? words[2] : NULL, password_file, &err);
	users_close(u);
	if (rc != ERR_OK)
		fprintf(stderr, "candour user: %s\n", err.msg);
	return rc == ERR_OK ? 0 : 1;
}
