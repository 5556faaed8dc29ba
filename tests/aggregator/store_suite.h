/* What the two halves of the store's suite share: its backends (SQLite, a PostgreSQL that the program starts, and the
 * database in CANDOUR_TEST_CITUS, a URL or libpq's key=value: store_citus.h), a fresh store for each test with one site
 * and one approved device, and raw SQL beside the store. */
#ifndef TESTS_AGGREGATOR_STORE_SUITE_H
#define TESTS_AGGREGATOR_STORE_SUITE_H

#include "tests/aggregator/store_citus.h"
#include "tests/aggregator/store_kit.h"

#include <sqlite3.h>

#include "tests/test.h"

enum { NOW = 1700000000 };

struct backend {
	const char *name;
	const char *url;	/* NULL: SQLite */
};
static struct backend backends[3];
static int n_backends;

static struct err err;
static struct store *st;
static const char *where;
static char dir[64], path[128];
static uint8_t dev[16], epoch[16];

/* --- helpers ----------------------------------------------------------------------------------- */

static inline void
quiet(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

static inline PGconn *
raw_pg(void)
{
	PGconn *c = PQconnectdb(where);

	PQsetNoticeProcessor(c, quiet, NULL);
	ck_assert_msg(PQstatus(c) == CONNECTION_OK, "%s", PQerrorMessage(c));
	return c;
}

static inline bool
is_pg(int i)
{
	return backends[i].url != NULL;
}

/* SQL beside the store: empty if it went through, else the message. */
static inline void
raw(int i, const char *sql, char said[200])
{
	said[0] = '\0';
	if (is_pg(i)) {
		PGconn *c = raw_pg();
		PGresult *r = PQexec(c, sql);

		if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
			snprintf(said, 200, "%s", PQresultErrorMessage(r));
		PQclear(r);
		PQfinish(c);
	} else {
		sqlite3 *db;
		char *message = NULL;

		ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
		if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
			snprintf(said, 200, "%s", message);
		sqlite3_free(message);
		sqlite3_close(db);
	}
}

static inline int64_t
raw_count(int i, const char *table)
{
	char sql[200];
	int64_t n = -1;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s%s", is_pg(i) ? "candour." : "", table);
	if (is_pg(i)) {
		PGconn *c = raw_pg();
		PGresult *r = PQexec(c, sql);

		ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK, "%s", PQerrorMessage(c));
		n = atoll(PQgetvalue(r, 0, 0));
		PQclear(r);
		PQfinish(c);
	} else {
		sqlite3 *db;
		sqlite3_stmt *s;

		ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
		ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
		ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
		n = sqlite3_column_int64(s, 0);
		sqlite3_finalize(s);
		sqlite3_close(db);
	}
	return n;
}

static inline void
make_device(struct store_device *d, uint64_t n, const char *site)
{
	memset(d, 0, sizeof(*d));
	kit_bytes(d->id, 16, "device", n);
	snprintf(d->site, sizeof(d->site), "%s", site);
	kit_bytes(d->sign_key, 32, "sign", n);
	kit_bytes(d->spki, 91, "spki", n);
	d->spki_len = 91;
	snprintf(d->address, sizeof(d->address), "192.0.2.%d", (int)n);
}

static inline void
invite_and_enrol(const struct store_device *d, uint64_t n)
{
	char tag[8];
	uint8_t code[32];

	snprintf(tag, sizeof(tag), "T%03d", (int)n);
	kit_bytes(code, 32, "code", n);
	ck_ok(st->ops->invite(st, d->site, tag, code, NOW, NOW + 900, &err));
	ck_ok(st->ops->enrol(st, d, tag, code, NOW, &err));
}

static inline void
approve(const struct store_device *d, uint64_t n)
{
	static char pem[] = "-----BEGIN CERTIFICATE-----\nfor a test\n-----END CERTIFICATE-----\n";
	struct store_device a = *d;

	kit_bytes(a.cert_sha256, 32, "cert", n);
	a.cert_pem = pem;
	ck_ok(st->ops->approve(st, &a, NOW + 10, &err));
}

static inline void
open_fresh(int i)
{
	struct store_site site = { "meadow", "Meadow House", "north" };
	struct store_device d;
	char said[200];

	where = is_pg(i) ? backends[i].url : path;
	snprintf(dir, sizeof(dir), "/tmp/candour-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/centre.db", dir);
	if (is_pg(i)) {
		raw(i, "DROP SCHEMA IF EXISTS candour CASCADE", said);
		ck_assert_str_eq(said, "");
	}
	ck_ok(store_open(where, true, &st, &err));
	ck_ok(st->ops->site_put(st, &site, &err));
	make_device(&d, 1, "meadow");
	memcpy(dev, d.id, 16);
	kit_bytes(epoch, 16, "epoch", 1);
	invite_and_enrol(&d, 1);
	approve(&d, 1);
}

static inline void
close_all(void)
{
	char command[128];

	store_close(st);
	st = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* One batch as intake writes it, without its commit. */
static inline enum err_code
put_batch(struct store *s, struct kit_batch *b, int lane)
{
	const struct store_row *last = &b->rows[b->n - 1];
	struct store_device d;
	struct receipt r;
	uint8_t bytes[200];
	enum err_code rc = s->ops->device_lock(s, last->device, &d, &err);

	if (rc == ERR_OK)
		store_device_clear(&d);
	if (rc == ERR_OK)
		rc = s->ops->append(s, last->device, lane, last->epoch, b->rows, b->n, &err);
	kit_receipt(&r, bytes, b->rows[0].seq, last->seq, last->link, 19675, NOW);
	if (rc == ERR_OK)
		rc = s->ops->receipt_put(s, last->device, lane, last->epoch, &r, bytes, &err);
	return rc;
}

/* N records of the test's chain from SEQ on, kept. */
static inline void
keep(struct kit_batch *b, uint64_t seq, size_t n)
{
	kit_batch(b, dev, 0, epoch, seq, n, 100);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, b, 0));
	ck_ok(st->ops->commit(st, &err));
}

static inline uint64_t
head_of(struct store *s, const uint8_t device[16], const uint8_t e[16], uint8_t link[32])
{
	struct store_head h;

	ck_ok(s->ops->head(s, device, 0, e, &h, &err));
	if (link != NULL)
		memcpy(link, h.link, 32);
	return h.known ? h.hw : 0;
}

struct seen_rows {
	uint64_t first, last;
	size_t n, erased;
	struct store_row row;	/* the last one; bytes not kept */
	uint8_t body[KIT_BODY], wraps[320], header[128];
};

static inline enum err_code
count_row(void *arg, const struct store_row *row, struct err *e)
{
	struct seen_rows *s = arg;

	(void)e;
	if (s->n++ == 0)
		s->first = row->seq;
	else
		ck_assert_uint_eq(row->seq, s->last + 1);
	s->last = row->seq;
	if (row->nonce_body == NULL) {
		s->erased++;
		ck_assert_ptr_null(row->wraps);
		ck_assert_int_eq(row->n_wraps, 0);
	}
	s->row = *row;
	memcpy(s->header, row->header, 128);
	if (row->nonce_body != NULL)
		memcpy(s->body, row->nonce_body, row->nonce_body_len);
	if (row->wraps != NULL)
		memcpy(s->wraps, row->wraps, (size_t)row->n_wraps * 80);
	return ERR_OK;
}

static inline struct seen_rows
read_rows(const uint8_t device[16], const uint8_t e[16], uint64_t after, size_t max)
{
	static struct seen_rows s;

	memset(&s, 0, sizeof(s));
	ck_ok(st->ops->rows(st, device, 0, e, after, max, count_row, &s, &err));
	return s;
}

/* Every backend; those that are servers; the server that is ours to kill. */
#define EACH(test) tcase_add_loop_test(tc, test, 0, n_backends)
#define SERVER(test) tcase_add_loop_test(tc, test, 1, n_backends)
#define OWN(test) tcase_add_loop_test(tc, test, 1, kit_url[0] == 'p' ? 2 : 1)

/* What main does: servers, the suite on each backend, servers down. */
static inline int
run_suite(Suite *(*suite)(void))
{
	const char *citus = getenv("CANDOUR_TEST_CITUS");
	bool has_citus = citus != NULL && *citus != '\0';
	SRunner *sr;
	int bad;

	if (has_citus && !citus_start(citus))
		return EXIT_FAILURE;
	backends[n_backends++] = (struct backend){ "sqlite", NULL };
	if (kit_start())
		backends[n_backends++] = (struct backend){ "postgresql", kit_url };
	else if (access("/usr/lib/postgresql", F_OK) == 0)
		return EXIT_FAILURE;	/* postgres.sh said why */
	else
		printf("SKIP: the store's suite on PostgreSQL: no server here (package postgresql)\n");
	if (has_citus) {
		backends[n_backends++] = (struct backend){ "citus", citus };
		setenv("CK_TIMEOUT_MULTIPLIER", "10", 0);	/* a statement of intake goes over two servers and 32 shards */
	} else {
		printf("SKIP: the store's suite on Citus: CANDOUR_TEST_CITUS holds no connection string\n");
	}
	for (int i = 0; i < n_backends; i++)
		printf("backend %d: %s\n", i, backends[i].name);
	fflush(stdout);
	sr = srunner_create(suite());
	srunner_run_all(sr, CK_NORMAL);
	bad = srunner_ntests_failed(sr);
	srunner_free(sr);
	if (has_citus)
		citus_stop();
	kit_stop();
	return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
