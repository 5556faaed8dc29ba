/* The audit: an entry for every change, a chain that shows what was changed afterwards, and heads in publications that
 * show it even if the whole chain was made anew. The link of one entry is held against sha256sum (see the test). */
#include "aggregator/audit_store.h"
#include "aggregator/publication_store.h"
#include "aggregator/users.h"
#include "tests/aggregator/sample.h"
#include "tests/test.h"

#include <unistd.h>

static struct err err;
static char folder[64], db_path[96];
static sqlite3 *db;

static void
setup(void)
{
	struct users *u = NULL;

	snprintf(folder, sizeof(folder), "/tmp/candour-audit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(db_path, sizeof(db_path), "%s/pages.db", folder);
	ck_ok(users_open(db_path, &u, &err));
	users_close(u);
	ck_assert_int_eq(sqlite3_open(db_path, &db), SQLITE_OK);
}

static void
teardown(void)
{
	char command[128];

	sqlite3_close(db);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
add(const char *actor, const char *verb, const char *object)
{
	struct audit_entry e = { .at = 1790000000, .actor = actor, .role = "analyst", .verb = verb, .object = object, .detail = "" };

	ck_ok(audit_add(db, &e, &err));
}

/* { head -c 32 /dev/zero; printf '1\t1790000000\tann\tanalyst\tprepare\tpublication 1\t\n'; } | sha256sum, and of the second
 * entry with these 32 bytes before it. */
START_TEST(a_link_is_the_sha256_of_the_one_before_and_the_line)
{
	char head[65];
	int64_t n, seq = 1;

	ck_ok(audit_verify(db, &n, head, &err));
	ck_assert_int_eq(n, 0);
	ck_assert_str_eq(head, "");
	add("ann", "prepare", "publication 1");
	add("bob", "publish", "publication 1");
	ck_ok(audit_verify(db, &n, head, &err));
	ck_assert_int_eq(n, 2);
	ck_assert_str_eq(head, "cbbfe23df97c9cee3cffd7b332c0d16bf9398443daf0509bb0706c46adc03344");
	ck_ok(audit_head(db, &seq, head, &err));
	ck_assert_str_eq(head, "59a43a8e29f79e4dc39ab7e20336c9c9ee4daec5d44570b6add0b26afaf2a52d");
	seq = 3;
	ck_err(audit_head(db, &seq, head, &err), ERR_ABSENT, "no such entry");
}
END_TEST

/* The database refuses; and who takes its triggers away is found by the chain. */
START_TEST(what_is_changed_afterwards_is_found)
{
	static const char *const tries[] = { "UPDATE audit SET actor = 'eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2",
	    "UPDATE audit SET at = at + 1 WHERE seq = 1", "UPDATE audit SET detail = 'x', role = '' WHERE seq = 3",
	    "UPDATE audit SET link = zeroblob(32) WHERE seq = 2" };
	char head[65];
	int64_t n;

	for (int i = 0; i < 3; i++)
		add("ann", "open_comments", "site elm");
	ck_assert_int_eq(sqlite3_exec(db, tries[_i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
	ck_ok(audit_verify(db, &n, head, &err));
	ck_assert_int_eq(sqlite3_exec(db, "DROP TRIGGER audit_update; DROP TRIGGER audit_delete", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, tries[_i], NULL, NULL, NULL), SQLITE_OK);
	ck_err(audit_verify(db, &n, head, &err), ERR_BROKEN, "audit entry");
}
END_TEST

START_TEST(a_field_holds_no_line_of_its_own)
{
	static const struct { const char *actor, *object; } bad[] = { { "ann\tbob", "x" }, { "ann", "x\n9\t1" }, { "", "x" },
	    { "ann\x7f", "x" } };
	char head[65];
	int64_t n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct audit_entry e = { .actor = bad[i].actor, .role = "", .verb = "v", .object = bad[i].object, .detail = "" };

		ck_assert_int_eq(audit_add(db, &e, &err), ERR_INPUT);
	}
	ck_ok(audit_verify(db, &n, head, &err));
	ck_assert_int_eq(n, 0);
}
END_TEST

struct seen {
	char text[4096];
};

static enum err_code
collect(void *arg, const struct audit_entry *e, struct err *unused)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)unused;
	snprintf(s->text + n, sizeof(s->text) - n, "%s %s %s %s;", e->actor, e->verb, e->object, e->detail);
	return ERR_OK;
}

/* Every change of a user and every publication stands in it; a change that failed does not. */
START_TEST(every_change_is_written_down_with_it)
{
	static const char password[] = "blue teapot on the hill";
	char ring_path[96], token[TOKEN_TEXT], head[65];
	struct publications *store = NULL;
	struct keyring *ring = NULL;
	struct users *u = NULL;
	struct seen seen = {0};
	struct buf file, text;
	int64_t no, n;

	snprintf(ring_path, sizeof(ring_path), "%s/ring", folder);
	sample_ring(ring_path);
	buf_init(&file, PUB_MAX);
	buf_init(&text, KEYRING_MAX);
	ck_ok(file_read(ring_path, &text, &err));
	ck_ok(keyring_parse((const char *)text.data, text.len, &ring, &err));
	ck_ok(users_open(db_path, &u, &err));
	users_actor(u, "uid 0 root");
	ck_ok(users_add(u, "ann", ROLE_VIEWER, password, 5, &err));
	ck_err(users_add(u, "ann", ROLE_VIEWER, password, 5, &err), ERR_EXISTS, "already");
	ck_ok(users_password(u, "ann", "another teapot on a hill", 6, &err));
	ck_err(users_password(u, "nobody", "another teapot on a hill", 6, &err), ERR_ABSENT, "nobody");
	ck_ok(users_reader(u, "bi", 7, token, &err));
	ck_ok(users_disable(u, "ann", 8, &err));
	ck_ok(publications_open(db_path, &store, &err));
	sample_publication(1, "", 5, &file);
	ck_ok(publications_put(store, file.data, file.len, ring, 9, &no, &err));
	ck_assert_int_eq(publications_put(store, file.data, file.len, ring, 9, &no, &err), ERR_EXISTS);
	ck_ok(audit_each(db, collect, &seen, &err));
	ck_assert_msg(strncmp(seen.text, "uid 0 root add_user user ann viewer;uid 0 root new_password user ann ;uid 0 root new_reader "
	    "user bi ;uid 0 root disable_user user ann ;publish key publish publication 1 sha256=", 150) == 0, "%s", seen.text);
	ck_ok(audit_verify(db, &n, head, &err));
	ck_assert_int_eq(n, 5);
	ck_assert_ptr_null(strstr(seen.text, "teapot"));
	ck_assert_ptr_null(strstr(seen.text, token));
	publications_close(store);
	users_close(u);
	keyring_free(ring);
	buf_free(&file);
	buf_free(&text);
}
END_TEST

static Suite *
audit_suite(void)
{
	Suite *s = suite_create("audit");
	TCase *t = tcase_create("audit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 240);
	tcase_add_test(t, a_link_is_the_sha256_of_the_one_before_and_the_line);
	tcase_add_loop_test(t, what_is_changed_afterwards_is_found, 0, 5);
	tcase_add_test(t, a_field_holds_no_line_of_its_own);
	tcase_add_test(t, every_change_is_written_down_with_it);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(audit_suite)
