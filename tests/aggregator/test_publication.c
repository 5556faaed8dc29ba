/* The publication's format and store: one way to write a row, every changed byte found, numbers and chain
 * kept, and nothing that was published ever changed. */
#include "aggregator/publication_store.h"
#include "tests/aggregator/sample.h"
#include "tests/test.h"

#include <unistd.h>

#include <sqlite3.h>

static struct err err;
static struct buf file;
static char folder[64], db[96], ring_path[96];
static struct keyring *ring;

static void
setup(void)
{
	struct buf text;

	snprintf(folder, sizeof(folder), "/tmp/candour-pub-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(db, sizeof(db), "%s/pages.db", folder);
	snprintf(ring_path, sizeof(ring_path), "%s/ring", folder);
	sample_ring(ring_path);
	buf_init(&text, KEYRING_MAX);
	ck_ok(file_read(ring_path, &text, &err));
	ck_ok(keyring_parse((const char *)text.data, text.len, &ring, &err));
	buf_free(&text);
	buf_init(&file, PUB_MAX);
	sample_publication(1, "", 5, &file);
}

static void
teardown(void)
{
	char command[128];

	buf_free(&file);
	keyring_free(ring);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(reads_what_it_wrote)
{
	struct publication p;

	ck_ok(pub_read(file.data, file.len, &p, &err));
	ck_ok(pub_verify_ring(&p, ring, &err));
	ck_assert_int_eq(p.manifest.no, 1);
	ck_assert_uint_eq(p.n_rows, 7 * 24);
	ck_assert_str_eq(p.manifest.organisation, "Sampleshire Council");
	for (size_t i = 0; i < p.n_rows; i++)
		if (p.rows[i].suppressed) {
			ck_assert(!p.rows[i].value.shown && !p.rows[i].numerator.shown);
			ck_assert_str_eq(p.rows[i].flag, "[c]");
		}
	pub_clear(&p);
}
END_TEST

/* The rows' hash is what anybody's sha256sum gives of the row lines. */
START_TEST(the_hash_is_that_of_sha256sum)
{
	char command[512], path[128], out[65] = "";
	struct publication p;
	FILE *f;

	snprintf(path, sizeof(path), "%s/p.pub", folder);
	ck_ok(file_write(path, file.data, file.len, 0600, &err));
	ck_ok(pub_read(file.data, file.len, &p, &err));
	snprintf(command, sizeof(command), "sed -n '3,$p' %s | grep -v '^signature ' | sha256sum", path);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(out, 1, 64, f), 64);
	pclose(f);
	ck_assert_str_eq(out, p.manifest.sha256);
	snprintf(command, sizeof(command), "sha256sum < %s", path);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(out, 1, 64, f), 64);
	pclose(f);
	ck_assert_str_eq(out, p.file_sha256);
	pub_clear(&p);
}
END_TEST

/* Loop test over places spread through the whole file: one changed bit is never accepted. */
START_TEST(refuses_a_changed_bit)
{
	size_t at = file.len * (size_t)_i / 100;
	struct publication p;
	enum err_code rc;

	file.data[at] ^= (uint8_t)(1 << (_i % 7));
	rc = pub_read(file.data, file.len, &p, &err);
	if (rc == ERR_OK) {
		rc = pub_verify_ring(&p, ring, &err);
		pub_clear(&p);
	}
	ck_assert_msg(rc == ERR_INPUT || rc == ERR_DENIED || rc == ERR_LIMIT, "byte %zu: %s", at, err_word(rc));
}
END_TEST

START_TEST(refuses_a_cut_file)
{
	struct publication p;
	size_t len = file.len * (size_t)_i / 50;
	enum err_code rc = pub_read(file.data, len, &p, &err);

	if (rc == ERR_OK) {	/* only the signature line is missing: then it is unsigned */
		ck_assert(!p.is_signed);
		ck_err(pub_verify_ring(&p, ring, &err), ERR_DENIED, "not signed");
		pub_clear(&p);
	}
}
END_TEST

START_TEST(refuses_another_key)
{
	struct publication p;
	struct buf other;

	buf_init(&other, PUB_MAX);
	sample_publication(1, "", 99, &other);
	ck_ok(pub_read(other.data, other.len, &p, &err));
	ck_err(pub_verify_ring(&p, ring, &err), ERR_DENIED, "not signed by a publish key");
	pub_clear(&p);
	buf_free(&other);
}
END_TEST

static struct pub_row
plain_row(const char *id)
{
	return (struct pub_row){ .id = id, .indicator = "a", .version = "1", .area_code = "all", .area_name = "All",
	    .flag = "", .publication = 1 };
}

START_TEST(refuses_rows_that_give_away_or_run)
{
	struct pub_manifest m = { .no = 1, .organisation = "o", .policy = "", .tables = "", .audit_heads = "",
	    .previous = "" };
	struct pub_row hidden = plain_row("a"), name = plain_row("a"), pair[2] = { plain_row("b"), plain_row("a") };
	struct buf out;

	buf_init(&out, PUB_MAX);
	hidden.suppressed = true;
	hidden.flag = "[c]";
	hidden.value = (struct pub_num){ true, 0 };
	ck_err(pub_write(&m, &hidden, 1, &out, &err), ERR_INPUT, "shows no number");
	hidden.value.shown = false;
	hidden.flag = "";
	ck_err(pub_write(&m, &hidden, 1, &out, &err), ERR_INPUT, "has a flag");
	name.area_name = "=HYPERLINK(1)";
	ck_err(pub_write(&m, &name, 1, &out, &err), ERR_INPUT, "spreadsheet");
	ck_err(pub_write(&m, pair, 2, &out, &err), ERR_INPUT, "ascending");
	pair[0].id = "a";
	ck_err(pub_write(&m, pair, 2, &out, &err), ERR_INPUT, "ascending");
	ck_assert_uint_eq(out.len, 0);
	buf_free(&out);
}
END_TEST

/* Hidden is null, never 0; and numbers are written the shortest way. */
START_TEST(a_row_is_written_one_way)
{
	struct pub_row r = plain_row("x|\"\\\n");
	struct buf out;

	buf_init(&out, 65536);
	r.value = (struct pub_num){ true, 46.2 };
	r.numerator = (struct pub_num){ true, 0 };
	r.lower95 = (struct pub_num){ false, 7 };
	pub_row_put(&out, &r);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "{\"id\":\"x|\\\"\\\\\\n\","));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "\"numerator\":0,\"denominator\":null,\"value\":46.2,\"lower95\":null,"));
	buf_free(&out);
}
END_TEST

START_TEST(the_store_keeps_number_and_chain)
{
	struct publications *store = NULL;
	struct publication_held *held, *old;
	struct publication p;
	struct buf second, wrong;
	int64_t no;
	sqlite3 *raw;

	buf_init(&second, PUB_MAX);
	buf_init(&wrong, PUB_MAX);
	ck_ok(publications_open(db, &store, &err));
	ck_assert_ptr_null(publications_hold(store));
	ck_ok(pub_read(file.data, file.len, &p, &err));
	sample_publication(2, p.file_sha256, 5, &second);
	ck_err(publications_put(store, second.data, second.len, ring, 5, &no, &err), ERR_INPUT, "next one is number 1");
	ck_ok(publications_put(store, file.data, file.len, ring, 5, &no, &err));
	ck_err(publications_put(store, file.data, file.len, ring, 5, &no, &err), ERR_EXISTS, "there already");
	sample_publication(2, "0123", 5, &wrong);
	ck_err(publications_put(store, wrong.data, wrong.len, ring, 5, &no, &err), ERR_INPUT, "not the same chain");
	old = publications_hold(store);
	ck_ok(publications_put(store, second.data, second.len, ring, 6, &no, &err));
	held = publications_hold(store);
	ck_assert_int_eq(publication_of(held)->manifest.no, 2);
	ck_assert_int_eq(publication_of(old)->manifest.no, 1);	/* a reader in the middle keeps its own */
	publications_release(store, held);
	publications_release(store, old);
	publications_close(store);
	ck_assert_int_eq(sqlite3_open(db, &raw), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(raw, "DELETE FROM publication", NULL, NULL, NULL), SQLITE_CONSTRAINT);
	ck_assert_int_eq(sqlite3_exec(raw, "UPDATE publication SET bytes = x'00'", NULL, NULL, NULL), SQLITE_CONSTRAINT);
	ck_assert_int_eq(sqlite3_exec(raw, "INSERT INTO publication VALUES (4, printf('%064d', 4), '', 0, x'')", NULL,
	    NULL, NULL), SQLITE_CONSTRAINT);
	sqlite3_close(raw);
	ck_ok(publications_open(db, &store, &err));
	held = publications_hold(store);
	ck_assert_int_eq(publication_of(held)->manifest.no, 2);
	publications_release(store, held);
	publications_close(store);
	pub_clear(&p);
	buf_free(&second);
	buf_free(&wrong);
}
END_TEST

static Suite *
publication_suite(void)
{
	Suite *s = suite_create("publication");
	TCase *t = tcase_create("publication");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, reads_what_it_wrote);
	tcase_add_test(t, the_hash_is_that_of_sha256sum);
	tcase_add_loop_test(t, refuses_a_changed_bit, 0, 100);
	tcase_add_loop_test(t, refuses_a_cut_file, 0, 50);
	tcase_add_test(t, refuses_another_key);
	tcase_add_test(t, refuses_rows_that_give_away_or_run);
	tcase_add_test(t, a_row_is_written_one_way);
	tcase_add_test(t, the_store_keeps_number_and_chain);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(publication_suite)
