/* `candour verify` over a store of years: records a second of a core, and memory (docs/sealing.md). The limit line,
 * measured in the same run, is libsodium's hash over the very bytes that prove the store: of each record the wraps,
 * the body, the leaf and the link. VERIFY (records, 1,000,000) and ANSWER (bytes of one) can be set; KEEP=FILE leaves
 * the store there, or looks at the one that is there. The store is made by a process of its own, and looked at by
 * another, so that the memory is that of the look alone. */
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/codec.h"
#include "collector/verify.h"
#include "tests/collector/site.h"

enum { LOOKS = 3 };	/* the fastest counts, of the limit line, too: others use the processor as well */

static size_t answer_len;
static uint64_t heard;	/* times that progress was told */

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t
setting(const char *name, size_t preset)
{
	const char *v = getenv(name);

	return v == NULL ? preset : (size_t)strtoull(v, NULL, 10);
}

static void
die(const char *what)
{
	fprintf(stderr, "bench_verify: %s: %s\n", what, err.msg);
	exit(1);
}

/* --- a store of years --- */

static void
seal_one(struct sealed_record *r)
{
	struct seal_key *keys[2];
	struct seal_recipient to[2];
	uint8_t *answer = calloc(1, answer_len);
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = answer, .len = answer_len };

	if (seal_key_new(KEY_RESPONSE, &keys[0], &err) != ERR_OK || seal_key_new(KEY_ESCROW, &keys[1], &err) != ERR_OK)
		die("keys");
	for (int i = 0; i < 2; i++) {
		to[i] = recipient(keys[i]);
		seal_key_free(keys[i]);
	}
	if (answer == NULL || seal_record(to, 2, LANE_ANSWERS, device_a, NULL, NULL, &plain, r, &err) != ERR_OK)
		die("seal");
	free(answer);
}

struct filler {
	sqlite3 *db;
	sqlite3_stmt *put, *wrap, *head;
};

static void
step(struct filler *f, sqlite3_stmt *s)
{
	if (sqlite3_step(s) != SQLITE_DONE)
		die(sqlite3_errmsg(f->db));
	sqlite3_reset(s);
}

/* Bytes that nothing will open, but each record's own: a body that was hashed once and stays in the processor's cache
 * would flatter. */
static void
fill_one(struct filler *f, struct outbox_lane *l, struct sealed_record *r)
{
	struct chain_hash hw, hb, leaf;

	put_be64(r->header + 24, l->head_seq);
	memcpy(r->nonce_body.data, r->header + 24, 16);
	memcpy(r->wraps, r->header + 24, 16);
	chain_wraps(r->wraps, r->n, &hw);
	chain_body(r->nonce_body.data, r->nonce_body.len, &hb);
	chain_leaf(r->header, &hw, &hb, &leaf);
	chain_link(&l->head_link, ++l->head_seq, &leaf, &l->head_link);
	sqlite3_bind_blob(f->put, 1, r->header + 24, 16, SQLITE_STATIC);
	sqlite3_bind_blob(f->put, 2, l->epoch, 16, SQLITE_STATIC);
	sqlite3_bind_int64(f->put, 3, (int64_t)l->head_seq);
	sqlite3_bind_blob(f->put, 4, r->header, 128, SQLITE_STATIC);
	sqlite3_bind_blob(f->put, 5, hw.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_blob(f->put, 6, hb.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_blob(f->put, 7, l->head_link.bytes, 32, SQLITE_STATIC);
	sqlite3_bind_blob(f->put, 8, r->nonce_body.data, (int)r->nonce_body.len, SQLITE_STATIC);
	step(f, f->put);
	for (int slot = 0; slot < 2; slot++) {
		sqlite3_bind_int64(f->wrap, 1, sqlite3_last_insert_rowid(f->db));
		sqlite3_bind_int(f->wrap, 2, slot);
		sqlite3_bind_blob(f->wrap, 3, r->wraps + (size_t)slot * RECORD_WRAP, RECORD_WRAP, SQLITE_STATIC);
		step(f, f->wrap);
	}
}

/* N records chained by plain SQL in one transaction, ids ascending so that making them takes less than a minute;
 * the schema is the store's own. */
static void
fill(size_t n)
{
	struct filler f = { .db = NULL };
	struct outbox *ob = NULL;
	struct outbox_lane l;
	struct sealed_record r;

	if (outbox_create(db_path, device_a, &err) != ERR_OK || outbox_open(db_path, OUTBOX_KIOSK, &ob, &err) != ERR_OK
	    || outbox_lane(ob, 0, &l, &err) != ERR_OK)
		die("make");
	outbox_close(ob);
	seal_one(&r);
	if (sqlite3_open(db_path, &f.db) != SQLITE_OK
	    || sqlite3_exec(f.db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; BEGIN",
	    NULL, NULL, NULL) != SQLITE_OK
	    || sqlite3_prepare_v2(f.db, "INSERT INTO record (id, epoch, lane, seq, header, hw, hb, link, nonce_body) "
	    "VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)", -1, &f.put, NULL) != SQLITE_OK
	    || sqlite3_prepare_v2(f.db, "INSERT INTO wrap VALUES (?, ?, ?)", -1, &f.wrap, NULL) != SQLITE_OK
	    || sqlite3_prepare_v2(f.db, "UPDATE lane SET head_seq = ?, head_link = ? WHERE lane = 0", -1, &f.head, NULL)
	    != SQLITE_OK)
		die("fill");
	for (size_t i = 0; i < n; i++)
		fill_one(&f, &l, &r);
	sqlite3_bind_int64(f.head, 1, (int64_t)l.head_seq);
	sqlite3_bind_blob(f.head, 2, l.head_link.bytes, 32, SQLITE_STATIC);
	step(&f, f.head);
	sqlite3_finalize(f.put);
	sqlite3_finalize(f.wrap);
	sqlite3_finalize(f.head);
	if (sqlite3_exec(f.db, "COMMIT; PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(f.db));
	sqlite3_close(f.db);
	sealed_record_clear(&r);
}

/* --- the look --- */

static void
nothing(void *arg, enum verify_kind kind, const char *sentence)
{
	(void)arg;
	fprintf(stderr, "bench_verify: verify (%s): %s\n", verify_kind_word(kind), sentence);
	exit(1);
}

static void
progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	if (done > total)
		die("progress");
	heard++;
}

/* Seconds of CPU that libsodium takes to hash N times what of one record is hashed: label and fields, as
 * docs/formats/chain.md draws them, in one call each. */
static double
bare(size_t n)
{
	size_t body = 15 + RECORD_NONCE + record_padded(LANE_ANSWERS, PLAIN_HEAD + answer_len) + RECORD_TAG;
	const size_t len[4] = { 16 + 2 * RECORD_WRAP, body, 15 + RECORD_HEADER + 64, 15 + 72 };
	uint8_t *bytes = calloc(1, body + 4096), out[32];
	double start = cpu();

	if (bytes == NULL)
		die("memory");
	for (size_t i = 0; i < n; i++) {
		memcpy(bytes, &i, sizeof(i));
		for (int j = 0; j < 4; j++)
			if (crypto_generichash(out, sizeof(out), bytes, len[j], NULL, 0) != 0)
				die("crypto_generichash");
	}
	free(bytes);
	return cpu() - start;
}

static void
look(size_t n)
{
	struct verify_options o = { .found = nothing, .progress = progress };
	struct verify_report report;
	struct rusage u;
	double took = 0, line = 0;

	for (int i = 0; i < LOOKS; i++) {
		double start = cpu(), one;

		if (verify_site(db_path, &o, &report, &err) != ERR_OK)
			die("verify");
		one = cpu() - start;
		took = i == 0 || one < took ? one : took;
		one = bare(n / 4) * 4;
		line = i == 0 || one < line ? one : line;
	}
	if (report.findings != 0 || report.lane[0].records != n + 1 || heard < LOOKS * (n / 100000 + 1))
		die("the look is not what it should be");
	getrusage(RUSAGE_SELF, &u);
	printf("verify: %zu records of %zu bytes, padded to %zu: %.0f records/s a core (goal >= 300,000); hashing alone "
	    "%.0f/s: ratio %.2f; told %llu times how far; %ld MB (goal < 32)\n", n, PLAIN_HEAD + answer_len,
	    record_padded(LANE_ANSWERS, PLAIN_HEAD + answer_len), (double)n / took, (double)n / line, line / took,
	    (unsigned long long)heard / LOOKS, u.ru_maxrss / 1024);
}

/* In a process of its own. */
static void
apart(void (*work)(size_t), size_t n)
{
	int status = 1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		work(n);
		fflush(stdout);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		exit(1);
}

int
main(void)
{
	size_t n = setting("VERIFY", 1000000);
	const char *keep = getenv("KEEP");
	char command[128];
	struct stat st;

	answer_len = setting("ANSWER", 700);
	snprintf(folder, sizeof(folder), "build/bench-XXXXXX");
	if (answer_len > 60000 || mkdtemp(folder) == NULL)
		die("folder");
	if (keep != NULL)
		snprintf(db_path, sizeof(db_path), "%s", keep);
	else
		snprintf(db_path, sizeof(db_path), "%s/site.db", folder);
	if (keep == NULL || stat(keep, &st) != 0)
		apart(fill, n);
	apart(look, n);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) == 0 ? 0 : 1;
}
