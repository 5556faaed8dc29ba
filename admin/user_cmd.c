/* candour user: the people who may sign in to the published pages or the reading room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/commands.h"
#include "aggregator/audit_store.h"
#include "aggregator/pull_store.h"
#include "aggregator/users.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/words.h"

enum { WORDS_DRAWN = 5 };

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour user add NAME ROLE --db FILE [--password-file FILE]\n"
	    "       candour user password NAME --db FILE [--password-file FILE]\n"
	    "       candour user disable NAME --db FILE\n"
	    "       candour user list --db FILE\n"
	    "       candour user reader NAME --db FILE\n"
	    "       candour user pulls --db FILE [--since YYYY-MM-DD]\n\n"
	    "FILE is pages.db (published figures) or room.db (reading room); it is made if it is not there.\n"
	    "ROLE: viewer analyst commissioner safeguarding administrator.\n"
	    "Without --password-file (\"-\": standard input) a password of five words is made and printed.\n"
	    "reader makes a token for programs that pull CSV and OData.\n"
	    "pulls says who took which files and figures of publications, a line a day (kept for two years).\n");
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
		words_put(WORDS_EN, words, WORDS_DRAWN, out);
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
print_pull(void *arg, const struct pull_line *l, struct err *err)
{
	char first[32], last[32];

	(void)err;
	time_text(l->first_at, first);
	time_text(l->last_at, last);
	printf("%.16s to %.5s  %-24s %-8s publication %-4lld %-40s %lld time%s\n", first, last + 11, l->who,
	    l->by_program ? "program" : "person", (long long)l->publication, l->what, (long long)l->times, l->times == 1 ? "" : "s");
	++*(size_t *)arg;
	return ERR_OK;
}

/* Those since DAY ("2026-04-01"; NULL: all that are kept). */
static enum err_code
print_pulls(const char *db, const char *day, struct err *err)
{
	struct pulls *p = NULL;
	int64_t y, m, d, since = 0;
	int yy, mm, dd;
	size_t n = 0;
	enum err_code rc;

	if (day != NULL) {
		if (strlen(day) != 10 || day[4] != '-' || day[7] != '-' || !num_i64(day, 4, 1970, 2999, &y)
		    || !num_i64(day + 5, 2, 1, 12, &m) || !num_i64(day + 8, 2, 1, 31, &d))
			return err_set(err, ERR_INPUT, "--since %.40s is no day: write it as 2026-04-01", day);
		since = day_from_date((int)y, (int)m, (int)d);
		date_from_day(since, &yy, &mm, &dd);
		if (dd != (int)d)
			return err_set(err, ERR_INPUT, "--since %.40s is no day: that month is shorter", day);
	}
	if (access(db, F_OK) != 0)
		return err_set(err, ERR_ABSENT, "%s: no such file", db);
	rc = pulls_open(db, clock_now_s(&clock_system), &p, err);
	if (rc == ERR_OK)
		rc = pulls_each(p, since * 86400, print_pull, &n, err);
	if (rc == ERR_OK && n == 0)
		printf("nobody took anything\n");
	pulls_close(p);
	return rc;
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
	const char *words[3] = {0}, *db = NULL, *password_file = NULL, *since = NULL;
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
		else if (strcmp(argv[i], "--since") == 0 && i + 1 < argc)
			since = argv[++i];
		else if (argv[i][0] != '-' && n < 3)
			words[n++] = argv[i];
		else
			return usage(stderr);
	}
	if (n == 0 || db == NULL)
		return usage(stderr);
	if (strcmp(words[0], "pulls") == 0 && n == 1 && password_file == NULL) {
		rc = print_pulls(db, since, &err);
		if (rc != ERR_OK)
			fprintf(stderr, "candour user: %s\n", err.msg);
		return rc == ERR_OK ? 0 : 1;
	}
	add = strcmp(words[0], "add") == 0;
	want = add ? 3 : strcmp(words[0], "list") == 0 ? 1 : 2;
	if (since != NULL || n != want || (!add && want == 2 && strcmp(words[0], "password") != 0 && strcmp(words[0], "disable") != 0
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
