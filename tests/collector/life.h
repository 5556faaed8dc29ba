/* The life of a care site's store, step by step: everything that is ever written to site.db, from its creation to
 * retention, with an oracle that knows what was promised. Used under power cuts and under faults. */
#ifndef TESTS_COLLECTOR_LIFE_H
#define TESTS_COLLECTOR_LIFE_H

#include "collector/outbox.h"
#include "collector/verify.h"
#include "tests/collector/cutvfs.h"

enum { LIFE_RECORDS = 24, LIFE_CONCERNS = 6 };

enum fate { NEVER, THANKED, UNKNOWN };

struct promised {
	struct sealed_record r;
	uint8_t w[32];
	enum fate kept;		/* what outbox_put said */
	bool withdrawn;		/* outbox_withdraw said ERR_OK */
	bool may_be_gone;	/* a receipt for it may have been taken, and retention may have run since */
	bool may_be_erased;	/* a withdrawal was tried */
};

struct life {
	char dir[200], path[256];
	const char *plain_text;
	struct promised record[LIFE_RECORDS], concern[LIFE_CONCERNS];
	struct seal_recipient to[2], concern_to;
	struct outbox *kiosk, *sync;
	size_t step, next_record, next_concern;
	uint32_t ring, bundle;	/* highest serials that were promised */
	int64_t boot_ms;
	bool created;
	uint64_t lost, doubled, unopened, unverified, broken_promises;	/* what must stay 0 */
	char why[500];
};

static const uint8_t life_device[16] = "device-of-a-life";

static void
life_die(const char *what, const struct err *err)
{
	fprintf(stderr, "life: %s: %s\n", what, err->msg);
	exit(1);
}

static void
life_seal(struct life *l, struct promised *p, uint8_t lane)
{
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)l->plain_text,
		.len = strlen(l->plain_text) };
	uint8_t tag[16];
	struct err err;

	seal_random(p->w, sizeof(p->w));
	chain_withdraw_tag(p->w, tag);
	if (seal_record(lane == LANE_ANSWERS ? l->to : &l->concern_to, lane == LANE_ANSWERS ? 2 : 1, lane, life_device, NULL,
	    lane == LANE_ANSWERS ? tag : NULL, &plain, &p->r, &err) != ERR_OK)
		life_die("seal", &err);
}

static void
life_init(struct life *l)
{
	static const enum key_use uses[3] = { KEY_RESPONSE, KEY_ESCROW, KEY_CONCERN };
	struct err err;

	memset(l, 0, sizeof(*l));
	l->plain_text = "<data><q1>ZZMARKERZZ</q1></data>";
	snprintf(l->dir, sizeof(l->dir), "%s/candour-life-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(l->dir) == NULL)
		abort();
	snprintf(l->path, sizeof(l->path), "%s/site.db", l->dir);
	for (int i = 0; i < 3; i++) {
		struct seal_recipient *to = i < 2 ? &l->to[i] : &l->concern_to;
		struct seal_key *k = NULL;

		if (seal_key_new(uses[i], &k, &err) != ERR_OK)
			life_die("key", &err);
		seal_key_id(k, to->id);
		memcpy(to->public_, seal_key_public(k), 32);
		seal_key_free(k);
	}
	for (size_t i = 0; i < LIFE_RECORDS; i++)
		life_seal(l, &l->record[i], LANE_ANSWERS);
	for (size_t i = 0; i < LIFE_CONCERNS; i++)
		life_seal(l, &l->concern[i], LANE_CONCERNS);
}

static void
life_clear(struct life *l)
{
	char command[300];

	for (size_t i = 0; i < LIFE_RECORDS; i++)
		sealed_record_clear(&l->record[i].r);
	for (size_t i = 0; i < LIFE_CONCERNS; i++)
		sealed_record_clear(&l->concern[i].r);
	snprintf(command, sizeof(command), "rm -rf '%s'", l->dir);
	if (system(command) != 0)
		abort();
}

/* Begin a new life with the same sealed bytes in an empty folder. */
static void
life_again(struct life *l)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };

	snprintf(l->why, sizeof(l->why), "%s/site.ballast", l->dir);
	unlink(l->why);
	l->why[0] = '\0';
	for (size_t i = 0; i < 4; i++) {
		char path[300];

		snprintf(path, sizeof(path), "%s%s", l->path, ends[i]);
		unlink(path);
	}
	for (size_t i = 0; i < LIFE_RECORDS + LIFE_CONCERNS; i++) {
		struct promised *p = i < LIFE_RECORDS ? &l->record[i] : &l->concern[i - LIFE_RECORDS];

		p->kept = NEVER;
		p->withdrawn = p->may_be_gone = p->may_be_erased = false;
	}
	l->step = l->next_record = l->next_concern = 0;
	l->ring = l->bundle = 0;
	l->boot_ms = 0;
	l->created = false;
	cut_reset();
}

static void
life_close(struct life *l)
{
	outbox_close(l->kiosk);
	outbox_close(l->sync);
	l->kiosk = l->sync = NULL;
}

/* --- steps --- */

static struct outbox_slots
life_slots(struct life *l)
{
	return (struct outbox_slots){ .to = &l->concern_to, .n = 1, .slot_ms = 60000, .day = 20000 };
}

static enum err_code
do_open(struct life *l, struct err *err)
{
	enum err_code rc = ERR_OK;

	if (!l->created) {
		rc = outbox_create(l->path, life_device, err);
		if (rc == ERR_EXISTS)
			rc = ERR_OK;
		if (rc == ERR_OK) {
			l->created = true;
			cut_sync_folder();	/* it did, by fsync, which the VFS does not see */
		}
	}
	if (rc == ERR_OK && l->kiosk == NULL)
		rc = outbox_open(l->path, OUTBOX_KIOSK, &l->kiosk, err);
	if (rc == ERR_OK && l->sync == NULL)
		rc = outbox_open(l->path, OUTBOX_SYNC, &l->sync, err);
	return rc;
}

/* Put the next record; once a "thank you" was missed, the person's browser sends the same bytes again. */
static enum err_code
do_put(struct life *l, struct err *err)
{
	struct promised *p = &l->record[l->next_record];
	enum err_code rc = outbox_put(l->kiosk, &p->r, 20000, err);

	if (rc == ERR_OK || (rc == ERR_EXISTS && p->kept != NEVER)) {
		p->kept = THANKED;
		l->next_record++;
		return ERR_OK;
	}
	if (p->kept == NEVER)
		p->kept = UNKNOWN;
	return rc;
}

static enum err_code
do_concern(struct life *l, struct err *err)
{
	struct outbox_slots s = life_slots(l);
	struct promised *p = &l->concern[l->next_concern];
	enum err_code rc = outbox_put_concern(l->kiosk, &p->r, &s, err);

	if (rc == ERR_ABSENT) {		/* after a restart */
		rc = outbox_slots_start(l->kiosk, &s, l->boot_ms, err);
		if (rc != ERR_OK)
			return rc;
		rc = outbox_put_concern(l->kiosk, &p->r, &s, err);
	}
	p->kept = rc == ERR_OK ? THANKED : UNKNOWN;
	/* After an error this one is not tried again: it could be there, and a concern has no id to look for. */
	l->next_concern++;
	return rc;
}

static enum err_code
do_slots(struct life *l, struct err *err)
{
	struct outbox_slots s = life_slots(l);

	return outbox_slots_start(l->kiosk, &s, l->boot_ms, err);
}

static enum err_code
do_tick(struct life *l, struct err *err)
{
	struct outbox_slots s = life_slots(l);
	enum err_code rc;

	l->boot_ms += 61000;
	rc = outbox_slots_tick(l->kiosk, &s, l->boot_ms, err);
	if (rc == ERR_ABSENT) {		/* after a restart */
		rc = outbox_slots_start(l->kiosk, &s, l->boot_ms, err);
	}
	return rc;
}

static void
may_be_sent(struct life *l)
{
	for (size_t i = 0; i < l->next_record; i++)
		l->record[i].may_be_gone = true;
}

static enum err_code
take_receipt(struct life *l, uint64_t behind, struct err *err)
{
	struct outbox_lane lane;
	struct chain_hash link;
	uint8_t bytes[200] = "CRCP\1";
	enum err_code rc = outbox_lane(l->sync, LANE_ANSWERS, &lane, err);
	uint64_t b;

	if (rc != ERR_OK || lane.head_seq - lane.acked_seq <= behind)
		return rc;
	b = lane.head_seq - behind;
	rc = outbox_link(l->sync, LANE_ANSWERS, b, &link, err);
	if (rc != ERR_OK)
		return rc;
	may_be_sent(l);
	memcpy(bytes + 24, lane.epoch, 16);
	for (int i = 0; i < 8; i++)
		bytes[48 + i] = (uint8_t)(b >> (56 - 8 * i));
	memcpy(bytes + 56, link.bytes, 32);
	rc = outbox_receipt(l->sync, LANE_ANSWERS, lane.epoch, b, &link, bytes, sizeof(bytes), 20001, err);
	return rc == ERR_EXISTS ? ERR_OK : rc;
}

static enum err_code do_receipt_some(struct life *l, struct err *err) { return take_receipt(l, 2, err); }
static enum err_code do_receipt_all(struct life *l, struct err *err) { return take_receipt(l, 0, err); }

static enum err_code
do_withdraw(struct life *l, struct err *err)
{
	struct promised *p = &l->record[l->next_record - 1];
	bool again = p->may_be_erased;
	enum err_code rc;

	p->may_be_erased = true;
	rc = outbox_withdraw(l->kiosk, p->w, err);
	if (rc == ERR_ABSENT && again)
		rc = ERR_OK;	/* it was done before the power went */
	if (rc == ERR_OK)
		p->withdrawn = true;
	return rc;
}

static enum err_code
do_ring(struct life *l, struct err *err)
{
	enum err_code rc = outbox_ring_put(l->sync, l->ring + 1, "ring", 4, err);

	if (rc == ERR_OK || rc == ERR_EXISTS)
		l->ring++;
	return rc == ERR_EXISTS ? ERR_OK : rc;
}

static enum err_code
do_bundle(struct life *l, struct err *err)
{
	static const uint8_t target[16], bytes[20000];
	enum err_code rc = outbox_bundle_put(l->sync, 1, target, l->bundle + 1, bytes, sizeof(bytes), err);

	if (rc == ERR_OK || rc == ERR_EXISTS)
		l->bundle++;
	return rc == ERR_EXISTS ? ERR_OK : rc;
}

static enum err_code
do_small(struct life *l, struct err *err)
{
	static const uint8_t boot[16] = { 5 };
	enum err_code rc = outbox_meta_put(l->kiosk, "staff.tries", "3", 1, err);

	if (rc == ERR_OK)
		rc = outbox_clock_put(l->sync, boot, -9, 2, err);
	return rc;
}

static enum err_code
do_head(struct life *l, struct err *err)
{
	static const uint8_t signature[64];
	struct outbox_lane lane;
	enum err_code rc = outbox_lane(l->sync, LANE_ANSWERS, &lane, err);

	return rc == ERR_OK ? outbox_head_put(l->sync, LANE_ANSWERS, &lane, signature, err) : rc;
}

static enum err_code do_idle(struct life *l, struct err *err) { return outbox_idle(l->kiosk, err); }
static enum err_code do_fork(struct life *l, struct err *err) { return outbox_epoch(l->sync, 0, EPOCH_FORK, err); }
static enum err_code do_restored(struct life *l, struct err *err)
{
	return outbox_epoch(l->sync, 0, EPOCH_CENTRE_RESTORED, err);
}

static enum err_code
do_retain(struct life *l, struct err *err)
{
	return outbox_retain(l->kiosk, 20020, 14, 60, err);
}

/* As the kiosk does it at its start. */
static enum err_code do_check(struct life *l, struct err *err) { return outbox_check(l->kiosk, err); }

static enum err_code
space(struct life *l, int64_t low, bool want_full, struct err *err)
{
	char path[300];
	struct outbox_space s = { .ballast_path = path, .ballast = 40000, .low = low, .resume = low };
	bool full;
	enum err_code rc;

	snprintf(path, sizeof(path), "%s/site.ballast", l->dir);
	rc = outbox_space(l->kiosk, &s, &full, NULL, err);
	if (rc == ERR_OK && full != want_full) {
		l->broken_promises++;
		snprintf(l->why, sizeof(l->why), "%s although %s", full ? "full" : "not full", want_full ? "there is no room" :
		    "there is room");
	}
	return rc;
}

static enum err_code do_room(struct life *l, struct err *err) { return space(l, 1, false, err); }
static enum err_code do_full(struct life *l, struct err *err) { return space(l, INT64_MAX / 4, true, err); }

static enum err_code
do_reopen(struct life *l, struct err *err)
{
	life_close(l);
	return do_open(l, err);
}

static enum err_code
do_rewind(struct life *l, struct err *err)
{
	struct outbox_lane lane;
	struct chain_hash link;
	enum err_code rc = outbox_lane(l->sync, LANE_ANSWERS, &lane, err);

	if (rc == ERR_OK && lane.acked_seq > 1)
		rc = outbox_link(l->sync, LANE_ANSWERS, lane.acked_seq - 1, &link, err);
	else if (rc == ERR_OK)
		return ERR_OK;
	if (rc == ERR_OK)
		rc = outbox_rewind(l->sync, LANE_ANSWERS, lane.acked_seq - 1, &link, err);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static enum err_code (*const life_steps[])(struct life *, struct err *) = {
	do_open, do_check, do_room, do_put, do_put, do_slots, do_ring, do_put, do_bundle, do_small, do_receipt_some, do_put, do_tick,
	do_concern, do_put, do_withdraw, do_tick, do_put, do_idle, do_put, do_head, do_fork, do_put, do_receipt_some,
	do_concern, do_full, do_reopen, do_check, do_slots, do_room, do_put, do_put, do_withdraw, do_bundle, do_receipt_all, do_retain, do_put, do_tick,
	do_ring, do_receipt_all, do_rewind, do_put, do_receipt_all, do_withdraw, do_put, do_restored, do_put, do_concern,
	do_tick, do_tick, do_receipt_some, do_retain, do_put, do_idle, do_put, do_head, do_reopen, do_put, do_receipt_all,
	do_retain, do_put,
};
#define LIFE_STEPS (sizeof(life_steps) / sizeof(life_steps[0]))

/* --- the oracle --- */

static void
blame(struct life *l, uint64_t *count, const char *fmt, ...)
{
	va_list ap;

	(*count)++;
	va_start(ap, fmt);
	vsnprintf(l->why, sizeof(l->why), fmt, ap);
	va_end(ap);
}

static void
life_finding(void *arg, enum verify_kind kind, const char *sentence)
{
	struct life *l = arg;

	blame(l, &l->unverified, "verify (%s): %s", verify_kind_word(kind), sentence);
}

/* A number out of the file by plain SQL, independent of our own reading. */
static int64_t
ask(sqlite3 *db, const char *sql, const uint8_t *id)
{
	sqlite3_stmt *s = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK) {
		if (id != NULL)
			sqlite3_bind_blob(s, 1, id, 16, SQLITE_STATIC);
		if (sqlite3_step(s) == SQLITE_ROW)
			n = sqlite3_column_int64(s, 0);
	}
	sqlite3_finalize(s);
	return n;
}

/* All connections are closed, the power is back: is everything there that was promised? */
static void
life_judge(struct life *l)
{
	struct verify_options o = { .found = life_finding, .arg = l };
	struct verify_report report;
	struct err err;
	sqlite3 *db = NULL;
	enum err_code rc;

	if (!l->created)
		return;		/* nothing was promised; do_open makes or finishes it */
	rc = do_open(l, &err);
	if (rc == ERR_OK)
		rc = outbox_check(l->kiosk, &err);
	if (rc != ERR_OK) {
		blame(l, &l->unopened, "does not open: %s", err.msg);
		life_close(l);
		return;
	}
	rc = verify_site(l->path, &o, &report, &err);
	if (rc != ERR_OK)
		blame(l, &l->unverified, "verify: %s", err.msg);
	if (sqlite3_open_v2(l->path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		blame(l, &l->unopened, "sqlite: %s", sqlite3_errmsg(db));
	for (size_t i = 0; i < LIFE_RECORDS; i++) {
		const struct promised *p = &l->record[i];
		int64_t n = ask(db, "SELECT count(*) FROM record WHERE id = ?", p->r.id);

		if (n > 1 || (n == 1 && p->kept == NEVER))
			blame(l, &l->doubled, "record %zu is there %d times", i, (int)n);
		if (n != 1 && p->kept == THANKED && !p->may_be_gone)
			blame(l, &l->lost, "record %zu is lost", i);
		if (n == 1 && p->withdrawn && ask(db, "SELECT count(*) FROM record WHERE id = ? AND nonce_body IS NOT NULL",
		    p->r.id) != 0)
			blame(l, &l->broken_promises, "withdrawn record %zu is back", i);
		if (n == 1 && !p->may_be_erased && ask(db, "SELECT count(*) FROM record WHERE id = ? AND nonce_body IS NULL",
		    p->r.id) != 0)
			blame(l, &l->lost, "record %zu lost its content", i);
	}
	for (size_t i = 0; i < LIFE_CONCERNS; i++) {
		const struct promised *p = &l->concern[i];
		int64_t n = ask(db, "SELECT (SELECT count(*) FROM record WHERE id = ?1) + "
		    "(SELECT count(*) FROM slot WHERE instr(sealed, ?1) > 0)", p->r.id);

		if (p->kept == THANKED && n != 1)
			blame(l, n == 0 ? &l->lost : &l->doubled, "concern %zu is there %d times", i, (int)n);
	}
	if (ask(db, "SELECT coalesce(max(serial), 0) FROM ring", NULL) < l->ring
	    || ask(db, "SELECT coalesce(max(serial), 0) FROM bundle", NULL) < l->bundle)
		blame(l, &l->broken_promises, "an older ring or bundle is back");
	sqlite3_close(db);
}

static uint64_t
life_bad(const struct life *l)
{
	return l->lost + l->doubled + l->unopened + l->unverified + l->broken_promises;
}

#endif
