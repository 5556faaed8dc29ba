/* A centre and boxes in one process, for tests: real outboxes, couriers, intake and store; the network between is
 * a function that a test (or the simulation) can make drop, double and delay. Everything lies in a fresh folder on
 * a RAM disk where there is one. Times come from the world's own clock. */
#ifndef TESTS_SYNC_WORLD_H
#define TESTS_SYNC_WORLD_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aggregator/intake.h"
#include "aggregator/logroot.h"
#include "aggregator/logtree.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "sync/batch.h"
#include "sync/bundle.h"
#include "sync/courier.h"
#include "tests/test.h"

/* What the network does to one exchange. */
enum fate { FATE_GOOD, FATE_LOST_ASKING, FATE_LOST_ANSWER, FATE_DOUBLED };

struct world {
	char dir[64];
	char where[400];		/* the store */
	int64_t now_ms, boot_ms;
	struct clock clock;
	struct seal_key *root, *response, *escrow, *concern, *publish, *receipt, *old_receipt;
	struct keyring *ring;
	struct store *store;
	struct intake_log log;
	atomic_uint ring_serial, bundle_serial;
	unsigned answered[600];		/* by status */
	uint64_t exchanges;
	uint64_t base_records, base_aside;	/* a database server keeps what earlier tests put there */
};

struct box {
	struct world *world;
	char db[128];
	struct seal_key *key;
	uint8_t id[16];
	struct outbox *outbox;
	struct courier courier;
	uint8_t given[4096][16];	/* ids of records that were thanked */
	size_t n_given;
	enum fate (*fate)(struct box *b, const char *method, const char *path);
	void *fate_arg;
};

static inline int64_t world_now(void *arg) { return ((struct world *)arg)->now_ms; }
static inline int64_t world_boot(void *arg) { return ((struct world *)arg)->boot_ms; }

static struct err world_err;

#define must(expr) \
	do { \
		enum err_code must_rc_ = (expr); \
		ck_assert_msg(must_rc_ == ERR_OK, "%s: %s: %s", #expr, err_word(must_rc_), world_err.msg); \
	} while (0)

static inline void
copy_file(const char *from, const char *to)
{
	static char bytes[1 << 16];
	FILE *in = fopen(from, "r"), *out;
	size_t n;

	if (in == NULL) {
		unlink(to);
		return;
	}
	out = fopen(to, "w");
	ck_assert_ptr_nonnull(out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
	ck_assert_int_eq(fclose(out), 0);
	fclose(in);
}

/* A SQLite database with what is in its WAL; nobody has it open. */
static inline void
copy_db(const char *from, const char *to)
{
	char a[512], b[512];

	copy_file(from, to);
	snprintf(a, sizeof(a), "%s-wal", from);
	snprintf(b, sizeof(b), "%s-wal", to);
	copy_file(a, b);
	snprintf(b, sizeof(b), "%s-shm", to);
	unlink(b);
}

static inline void
world_ring_add(struct world *w, const struct seal_key *k, enum key_state state)
{
	must(keyring_add(w->ring, seal_key_use(k), seal_key_public(k), 32, 0, 40000, state, &world_err));
}

static inline void
world_log(struct world *w, struct seal_key *receipt)
{
	w->log.receipt_key = receipt;
	seal_key_id(receipt, w->log.receipt_key_id);
}

static inline void
world_open(struct world *w)
{
	must(store_open(w->where, true, &w->store, &world_err));
	must(logroot_start(w->store, &w->log, &world_err));
}

/* WHERE NULL: an SQLite file, or CANDOUR_TEST_STORE if that is set. */
static inline void
world_init(struct world *w, const char *where)
{
	static const enum key_use uses[] = { KEY_ROOT, KEY_RESPONSE, KEY_ESCROW, KEY_CONCERN, KEY_PUBLISH, KEY_RECEIPT,
	    KEY_RECEIPT };
	struct seal_key **keys[] = { &w->root, &w->response, &w->escrow, &w->concern, &w->publish, &w->receipt,
	    &w->old_receipt };
	uint64_t devices;

	memset(w, 0, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "%s/candour-world-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	w->now_ms = 1790000000000;
	w->boot_ms = 100000;
	w->clock = (struct clock){ world_now, world_boot, w };
	for (size_t i = 0; i < ARRAY_LEN(uses); i++)
		must(seal_key_new(uses[i], keys[i], &world_err));
	w->ring = calloc(1, sizeof(*w->ring));
	ck_assert_ptr_nonnull(w->ring);
	chain_org_id(seal_key_public(w->root), w->ring->org);
	w->ring->serial = 1;
	for (size_t i = 1; i < 5; i++)
		world_ring_add(w, *keys[i], KEY_ACTIVE);
	world_ring_add(w, w->receipt, KEY_ACTIVE);
	world_ring_add(w, w->old_receipt, KEY_OLD);
	if (where == NULL)
		where = getenv("CANDOUR_TEST_STORE");
	if (where == NULL)
		snprintf(w->where, sizeof(w->where), "%s/centre.db", w->dir);
	else
		snprintf(w->where, sizeof(w->where), "%s", where);
	w->log.clock = &w->clock;
	w->log.ring_serial = &w->ring_serial;
	w->log.bundle_serial = &w->bundle_serial;
	seal_random(w->log.log_id, 16);
	world_log(w, w->receipt);
	world_open(w);
	must(w->store->ops->counts(w->store, &w->base_records, &devices, &w->base_aside, &world_err));
}

static inline void
world_free(struct world *w)
{
	struct seal_key *keys[] = { w->root, w->response, w->escrow, w->concern, w->publish, w->receipt, w->old_receipt };
	char path[400];
	struct dirent *e;
	DIR *d;

	store_close(w->store);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		seal_key_free(keys[i]);
	keyring_free(w->ring);
	d = opendir(w->dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", w->dir, e->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(w->dir);
}

/* --- the centre's answers, as aggregator/devices.c gives them ------------------------------------ */

static inline void
reply_bytes(struct reply *out, unsigned status, const void *data, size_t len)
{
	buf_reset(&out->body);
	out->status = status;
	out->retry_after_s = -1;
	buf_put(&out->body, data, len);
}

static inline void
reply_text(struct reply *out, unsigned status, const char *text)
{
	reply_bytes(out, status, text, strlen(text));
}

static inline void
centre_batch(struct world *w, const uint8_t *device, const uint8_t *body, size_t len, struct reply *out)
{
	struct intake_batch b = { .bytes = body, .len = len }, *one = &b;
	struct store_device row;
	struct err err = { 0 };
	char text[80];

	if (batch_head_read(body, len, &b.h, &err) != ERR_OK || memcmp(b.h.device, device, 16) != 0) {
		reply_text(out, 400, err.msg);
		return;
	}
	must(w->store->ops->device_get(w->store, device, &row, &world_err));
	if (!batch_head_signed(body, len, row.sign_key) || intake_check(&b, &err) != ERR_OK) {
		reply_text(out, 422, err.msg);
	} else {
		intake_group(w->store, &w->log, &one, 1);
		snprintf(text, sizeof(text), "code=want want=%llu\n", (unsigned long long)b.want);
		switch (b.result) {
		case INTAKE_KEPT:
		case INTAKE_AGAIN: reply_bytes(out, 200, b.receipt, RECEIPT_LEN); break;
		case INTAKE_WANT: reply_text(out, 409, text); break;
		case INTAKE_FORK: reply_text(out, 409, "code=fork\n"); break;
		case INTAKE_REVOKED: reply_text(out, 403, "code=revoked\n"); break;
		case INTAKE_BAD: reply_text(out, 422, b.why.msg); break;
		case INTAKE_LATER: reply_text(out, 503, "code=later\n"); break;
		}
	}
	intake_clear(&b);
	store_device_clear(&row);
}

static inline void
centre_state(struct world *w, const uint8_t *device, const char *path, struct reply *out)
{
	const char *epoch = strstr(path, "epoch=");
	uint8_t bytes[RECEIPT_LEN], e[16];
	struct err err;

	if (epoch != NULL)
		ck_assert(hex_get(epoch + 6, 32, e, 16));
	if (w->store->ops->receipt_newest(w->store, device, path[strlen("/v1/state?lane=")] - '0', epoch != NULL ? e : NULL,
	    bytes, &err) == ERR_OK)
		reply_bytes(out, 200, bytes, RECEIPT_LEN);
	else
		reply_bytes(out, 204, "", 0);
}

static inline void
centre_root(struct world *w, const char *path, struct reply *out)
{
	struct logtree_question q = { .day = 0 };
	struct logtree tree = { .nodes = NULL };
	struct err err = { 0 };
	struct buf proof;
	char log_id[33], leaf[65];
	bool closed;
	enum err_code rc;

	ck_assert_int_eq(sscanf(path, "/v1/root?log=%32[0-9a-f]&day=%u&after=%u&leaf=%64[0-9a-f]", log_id, &q.day, &q.after,
	    leaf), 4);
	ck_assert(hex_get(log_id, 32, q.log_id, 16) && hex_get(leaf, 64, q.leaf, 32));
	buf_init(&proof, LOGPROOF_MAX);
	rc = logtree_answer(&tree, w->store, &q, &closed, &proof, &err);
	if (rc == ERR_ABSENT)
		reply_text(out, 404, "code=absent\n");
	else if (rc != ERR_OK)
		reply_text(out, 503, err.msg);
	else
		reply_bytes(out, closed ? 200 : 204, proof.data, proof.len);
	logtree_clear(&tree);
	buf_free(&proof);
}

static inline void
centre_answer(struct box *b, const char *method, const char *path, const void *body, size_t len, struct reply *out)
{
	if (strcmp(method, "POST") == 0)
		centre_batch(b->world, b->id, body, len, out);
	else if (strncmp(path, "/v1/root?", 9) == 0)
		centre_root(b->world, path, out);
	else
		centre_state(b->world, b->id, path, out);
	b->world->answered[out->status]++;
	b->world->exchanges++;
}

static inline enum err_code
box_ask(void *arg, const char *method, const char *path, const void *body, size_t len, struct reply *out,
    struct err *err)
{
	struct box *b = arg;
	enum fate fate = b->fate == NULL ? FATE_GOOD : b->fate(b, method, path);

	b->world->now_ms += 20;
	b->world->boot_ms += 20;
	if (fate == FATE_LOST_ASKING)
		return err_set(err, ERR_AGAIN, "cut");
	centre_answer(b, method, path, body, len, out);
	if (fate == FATE_DOUBLED)
		centre_answer(b, method, path, body, len, out);
	if (fate == FATE_LOST_ANSWER)
		return err_set(err, ERR_AGAIN, "cut");
	return ERR_OK;
}

/* --- boxes -------------------------------------------------------------------------------------- */

static inline void
box_courier(struct box *b)
{
	courier_init(&b->courier);
	b->courier.outbox = b->outbox;
	b->courier.device_key = b->key;
	b->courier.ring = b->world->ring;
	b->courier.clock = &b->world->clock;
	b->courier.ask = box_ask;
	b->courier.arg = b;
}

static inline void
box_open(struct box *b)
{
	must(outbox_open(b->db, OUTBOX_KIOSK, &b->outbox, &world_err));
	box_courier(b);
}

static inline void
box_close(struct box *b)
{
	courier_clear(&b->courier);
	outbox_close(b->outbox);
	b->outbox = NULL;
}

/* An approved device at site "home". */
static inline void
box_init(struct box *b, struct world *w, const char *name)
{
	struct store_site site = { .name = "home", .label = "Home" };
	struct store_device row = { .site = "home", .spki_len = 4 };
	uint8_t hash[32];

	memset(b, 0, sizeof(*b));
	b->world = w;
	must(seal_key_new(KEY_DEVICE, &b->key, &world_err));
	seal_random(row.spki, 4);
	chain_device_id(seal_key_public(b->key), row.spki, 4, b->id);
	memcpy(row.id, b->id, 16);
	memcpy(row.sign_key, seal_key_public(b->key), 32);
	seal_random(row.cert_sha256, 32);
	seal_random(hash, 32);
	must(w->store->ops->site_put(w->store, &site, &world_err));
	{
		char tag[9];

		hex_str(b->id, 4, tag);
		must(w->store->ops->invite(w->store, "home", tag, hash, 0, INT64_MAX / 2, &world_err));
		must(w->store->ops->enrol(w->store, &row, tag, hash, w->now_ms / 1000, &world_err));
	}
	row.cert_pem = strdup("-----BEGIN CERTIFICATE-----\n");
	must(w->store->ops->approve(w->store, &row, w->now_ms / 1000, &world_err));
	store_device_clear(&row);
	snprintf(b->db, sizeof(b->db), "%s/%s.db", w->dir, name);
	must(outbox_create(b->db, b->id, &world_err));
	box_open(b);
}

static inline void
box_free(struct box *b)
{
	box_close(b);
	seal_key_free(b->key);
}

/* Keep N answers. */
static inline void
box_give(struct box *b, size_t n)
{
	struct seal_recipient to[RECORD_RECIPIENTS];
	size_t n_to = 0;
	bool stale;

	must(keyring_recipients(b->world->ring, 0, b->world->now_ms / 86400000, to, &n_to, &stale, &world_err));
	for (size_t i = 0; i < n; i++) {
		struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)"<data/>", .len = 7 };
		struct sealed_record r = { .lane = 0 };

		record_plain_time(&plain, &b->world->clock, 0, CLOCK_SYNCED, NULL);
		must(seal_record(to, n_to, 0, b->id, NULL, NULL, &plain, &r, &world_err));
		must(outbox_put(b->outbox, &r, b->world->now_ms / 86400000, &world_err));
		ck_assert_uint_lt(b->n_given, ARRAY_LEN(b->given));
		memcpy(b->given[b->n_given++], r.id, 16);
		sealed_record_clear(&r);
	}
}

static inline enum courier_result
box_round(struct box *b)
{
	struct err err = { 0 };

	return courier_round(&b->courier, true, &err);
}

/* Rounds until all is delivered; at most 50. */
static inline void
box_deliver(struct box *b)
{
	struct outbox_lane lane;
	struct err err = { 0 };

	for (int i = 0; i < 50; i++) {
		enum courier_result r = courier_round(&b->courier, true, &err);

		ck_assert_msg(r != COURIER_BROKEN, "%s", err.msg);
		must(outbox_lane(b->outbox, 0, &lane, &world_err));
		if (lane.acked_seq == lane.head_seq && (r == COURIER_SENT || r == COURIER_IDLE))
			return;
	}
	ck_abort_msg("not delivered in 50 rounds: %s", err.msg);
}

/* --- the oracle --------------------------------------------------------------------------------- */

struct found {
	const struct box *box;
	size_t times[4096];
	size_t sealed, bodies;
	struct chain_hash link;
};

static inline enum err_code
on_row(void *arg, const struct store_row *row, struct err *err)
{
	struct found *f = arg;
	struct chain_hash leaf;
	struct record r;
	struct buf wire;

	/* The chain as kept verifies from its genesis. */
	if (row->seq == 1)
		chain_genesis(row->device, row->epoch, row->lane, &f->link);
	memcpy(leaf.bytes, row->leaf, 32);
	chain_link(&f->link, row->seq, &leaf, &f->link);
	ck_assert_mem_eq(f->link.bytes, row->link, 32);
	buf_init(&wire, RECORD_WIRE_MAX);
	store_row_wire(row, &wire);
	if (record_read(wire.data, wire.len, &r, err) != ERR_OK)
		ck_abort_msg("a kept record cannot be read: %s", err->msg);
	buf_free(&wire);
	if (row->kind != 0)
		return ERR_OK;
	f->sealed++;
	f->bodies += row->nonce_body != NULL;
	for (size_t i = 0; i < f->box->n_given; i++)
		if (memcmp(f->box->given[i], row->id, 16) == 0)
			f->times[i] = 1;	/* entries may repeat across epochs; the record is one row */
	return ERR_OK;
}

struct walk {
	struct world *w;
	struct found *f;
	const uint8_t *device;
	size_t chains;
};

static inline enum err_code
on_position(void *arg, const struct store_position *p, struct err *err)
{
	struct walk *walk = arg;

	if (p->lane != 0 || memcmp(p->device, walk->device, 16) != 0)
		return ERR_OK;
	walk->chains++;
	return walk->w->store->ops->rows(walk->w->store, p->device, 0, p->epoch, 0, 100000, on_row, walk->f, err);
}

/* Every thanked record of B is at the centre, in chains that verify; the number of chains (epochs) there. */
static inline size_t
box_all_kept(struct box *b)
{
	struct found *f = calloc(1, sizeof(*f));
	struct walk walk = { b->world, f, b->id, 0 };

	ck_assert_ptr_nonnull(f);
	f->box = b;
	/* positions() and rows() are read one after the other, so a store of one connection may nest them */
	must(b->world->store->ops->positions(b->world->store, on_position, &walk, &world_err));
	for (size_t i = 0; i < b->n_given; i++)
		ck_assert_msg(f->times[i] == 1, "record %zu of %zu is lost", i, b->n_given);
	free(f);
	return walk.chains;
}

/* Records the store has (each id once, by its key). */
static inline uint64_t
world_records(struct world *w)
{
	uint64_t records = 0, devices, aside;

	must(w->store->ops->counts(w->store, &records, &devices, &aside, &world_err));
	return records - w->base_records;
}

static inline uint64_t
world_aside(struct world *w)
{
	uint64_t records = 0, devices, aside = 0;

	must(w->store->ops->counts(w->store, &records, &devices, &aside, &world_err));
	return aside - w->base_aside;
}

#endif
