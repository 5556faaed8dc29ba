/* The daily look at the centre's log. See logcheck.h. Kept in meta: "log.root.LOG", day and hash of the last root
 * that was shown; "log.held", the newest day that held; "log.unshown", since which day no proof came;
 * "log.problem", when and what. */
#include "sync/logcheck.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/codec.h"
#include "base/log.h"
#include "sync/logroot.h"

enum { ROOT_KEPT = 36, UNSHOWN_DAYS = 3, DAY_S = 86400 };

static const char *const words[] = { "nothing", "holds", "later", "wrong" };

const char *
logcheck_word(enum logcheck_result r)
{
	return words[r];
}

void
logcheck_date(uint32_t day, char text[16])
{
	time_t at = (time_t)day * DAY_S;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(text, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(text, 16, "day %u", (unsigned)day);
}

/* --- what is kept --------------------------------------------------------------------------------- */

/* The value of KEY: *GOT bytes, at most ROOM; 0 where there is none. */
static enum err_code
kept(struct outbox *ob, const char *key, void *out, size_t room, size_t *got, struct err *err)
{
	struct buf b;
	enum err_code rc;

	*got = 0;
	buf_init(&b, 65536);
	rc = outbox_meta(ob, key, &b, err);
	if (rc == ERR_ABSENT) {
		rc = ERR_OK;
	} else if (rc == ERR_OK) {
		*got = b.len < room ? b.len : room;
		memcpy(out, b.data, *got);
	}
	buf_free(&b);
	return rc;
}

enum err_code
logcheck_status(struct outbox *ob, struct logcheck_status *out, struct err *err)
{
	uint8_t bytes[8 + sizeof(out->problem) - 1];
	size_t n;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	rc = kept(ob, "log.held", bytes, sizeof(bytes), &n, err);
	if (rc == ERR_OK && n == 4)
		out->held_day = be32(bytes);
	if (rc == ERR_OK)
		rc = kept(ob, "log.problem", bytes, sizeof(bytes), &n, err);
	if (rc == ERR_OK && n > 8) {
		out->problem_at = (int64_t)be64(bytes);
		memcpy(out->problem, bytes + 8, n - 8);
	}
	return rc;
}

static enum err_code
problem_put(const struct logcheck *c, const char *text, struct err *err)
{
	uint8_t bytes[8 + 299];
	size_t len = strlen(text);

	if (len > sizeof(bytes) - 8)
		len = sizeof(bytes) - 8;
	put_be64(bytes, (uint64_t)(c->now > 0 ? c->now : 1));
	memcpy(bytes + 8, text, len);
	return outbox_meta_put(c->outbox, "log.problem", bytes, 8 + len, err);
}

/* --- judging -------------------------------------------------------------------------------------- */

struct looking {
	struct logcheck *c;
	const uint8_t *receipt;
	struct receipt r;
	char root_key[64];
	bool has_known;
	uint32_t known_day;
	uint8_t known[32];
	char date[16];
};

static enum logcheck_result
wrong(struct err *err, const struct looking *l, const char *what)
{
	err_set(err, ERR_DENIED, "the centre's log of %s %s", l->date, what);
	return LOGCHECK_WRONG;
}

/* The roots follow one another, and the first follows the one we know. */
static bool
chained(const struct looking *l, const struct logproof *p)
{
	uint8_t before[32];
	uint32_t day = l->has_known ? l->known_day : 0;

	memcpy(before, l->known, 32);
	for (size_t i = 0; i < p->n_roots; i++) {
		const uint8_t *bytes = p->roots + LOGROOT_LEN * i;
		struct logroot r;
		struct err err;

		if (logroot_read(bytes, LOGROOT_LEN, &r, &err) != ERR_OK || memcmp(r.log_id, l->r.log_id, 16) != 0
		    || r.day <= day || ((i > 0 || l->has_known) && memcmp(r.previous, before, 32) != 0))
			return false;
		day = r.day;
		logroot_hash(bytes, before);
	}
	return true;
}

/* Each day between the root we know and the last one of P of which we hold a receipt has a root among those of P;
 * else *MISSING is it. A day that is left out whole has no root to be compared with. */
static enum err_code
complete(const struct looking *l, const struct logproof *p, uint32_t *missing, struct err *err)
{
	struct buf days;
	enum err_code rc;

	*missing = 0;
	buf_init(&days, 1 << 20);
	rc = outbox_receipt_days(l->c->outbox, l->r.log_id, &days, err);
	if (rc == ERR_OK)
		rc = buf_check(&days, err);
	for (size_t i = 0; rc == ERR_OK && i < days.len / 4 && l->has_known; i++) {
		uint32_t day = be32(days.data + 4 * i);
		bool there = day <= l->known_day || day > l->r.log_day;

		for (size_t k = 0; k < p->n_roots && !there; k++)
			there = be32(p->roots + LOGROOT_LEN * k + 24) == day;
		if (!there && *missing == 0)
			*missing = day;
	}
	buf_free(&days);
	return rc;
}

static enum err_code
keep_root(const struct looking *l, const uint8_t *last, struct err *err)
{
	uint8_t bytes[ROOT_KEPT];

	put_be32(bytes, l->r.log_day);
	logroot_hash(last, bytes + 4);
	return outbox_meta_put(l->c->outbox, l->root_key, bytes, sizeof(bytes), err);
}

static enum logcheck_result
judge(struct looking *l, const struct buf *body, struct err *err)
{
	const struct keyring_key *key;
	const uint8_t *last;
	struct logproof p;
	struct logroot root;
	uint32_t missing;
	uint8_t leaf[32];

	if (logproof_read(body->data, body->len, &p, err) != ERR_OK)
		return wrong(err, l, "comes with something that is no proof");
	last = p.roots + LOGROOT_LEN * (p.n_roots - 1);
	if (logroot_read(last, LOGROOT_LEN, &root, err) != ERR_OK || root.day != l->r.log_day
	    || memcmp(root.log_id, l->r.log_id, 16) != 0)
		return wrong(err, l, "is answered with another day's or another log's");
	key = keyring_verifier(l->c->ring, KEY_RECEIPT, root.key_id);
	if (key == NULL) {
		/* Its key may have been stopped since; a later root that links to this one will tell. */
		err_set(err, ERR_AGAIN, "the centre's log of %s is signed by a key that is not in the key ring", l->date);
		return LOGCHECK_LATER;
	}
	if (!logroot_signed(last, key->public_))
		return wrong(err, l, "is not signed by the centre");
	/* From here on it is the centre's own signed word: the next look goes on from it, whatever this one says. */
	if (keep_root(l, last, err) != ERR_OK)
		return LOGCHECK_LATER;
	if (!chained(l, &p))
		return wrong(err, l, "does not continue what the centre showed before");
	if (complete(l, &p, &missing, err) != ERR_OK)
		return LOGCHECK_LATER;
	if (missing != 0) {
		logcheck_date(missing, l->date);
		return wrong(err, l, "was left out, a day on which it confirmed deliveries of this box");
	}
	merkle_leaf(l->receipt, RECEIPT_LEN, leaf);
	if (!merkle_proves(leaf, p.index, root.n, p.path, p.n_path, root.root))
		return wrong(err, l, "does not hold a delivery of this box that the centre confirmed");
	return LOGCHECK_HOLDS;
}

static enum logcheck_result
answered(struct looking *l, const struct reply *reply, struct err *err)
{
	if (reply->status == 200)
		return judge(l, &reply->body, err);
	if (reply->status == 404 && reply->body.len >= 11 && memcmp(reply->body.data, "code=absent", 11) == 0)
		return wrong(err, l, "does not hold a delivery of this box that the centre confirmed");
	err_set(err, ERR_AGAIN, "the centre does not show its log of %s (answer %u)", l->date, reply->status);
	return LOGCHECK_LATER;
}

/* --- one look --------------------------------------------------------------------------------------- */

/* A day that was looked at before: nothing to do. */
static enum err_code
prepare(struct looking *l, bool *again, struct err *err)
{
	uint8_t bytes[ROOT_KEPT];
	char hex[33];
	size_t n;
	enum err_code rc;

	hex_str(l->r.log_id, 16, hex);
	snprintf(l->root_key, sizeof(l->root_key), "log.root.%s", hex);
	logcheck_date(l->r.log_day, l->date);
	rc = kept(l->c->outbox, l->root_key, bytes, sizeof(bytes), &n, err);
	if (rc != ERR_OK)
		return rc;
	if (n == ROOT_KEPT) {
		l->known_day = be32(bytes);
		memcpy(l->known, bytes + 4, 32);
		/* Further back than an answer goes: begin anew. */
		l->has_known = l->known_day < l->r.log_day && l->r.log_day - l->known_day <= LOGPROOF_ROOTS;
	}
	*again = n == ROOT_KEPT && l->known_day >= l->r.log_day;
	return ERR_OK;
}

static enum logcheck_result
ask(struct looking *l, bool *withheld, struct err *err)
{
	char path[256], log_id[33], leaf[65];
	uint8_t hash[32];
	struct reply reply;
	enum logcheck_result result = LOGCHECK_LATER;
	bool got;

	merkle_leaf(l->receipt, RECEIPT_LEN, hash);
	hex_str(hash, 32, leaf);
	hex_str(l->r.log_id, 16, log_id);
	snprintf(path, sizeof(path), "/v1/root?log=%s&day=%u&after=%u&leaf=%s", log_id, l->r.log_day,
	    l->has_known ? l->known_day : l->r.log_day - 1, leaf);
	reply_init(&reply, LOGPROOF_MAX);
	got = l->c->ask(l->c->arg, "GET", path, NULL, 0, &reply, err) == ERR_OK;
	if (got)
		result = answered(l, &reply, err);
	/* Who answers, but never with a proof, hides something as well; a broken line or a busy centre does not. */
	*withheld = got && result == LOGCHECK_LATER && err->code == ERR_AGAIN && reply.status != 429 && reply.status < 500;
	reply_free(&reply);
	return result;
}

/* Since which day has the centre answered without a proof? */
static enum err_code
unshown(struct looking *l, struct err *err)
{
	uint8_t bytes[4];
	char text[300], since[16];
	size_t n;
	enum err_code rc = kept(l->c->outbox, "log.unshown", bytes, sizeof(bytes), &n, err);

	if (rc != ERR_OK)
		return rc;
	if (n != sizeof(bytes)) {
		put_be32(bytes, l->r.log_day);
		return outbox_meta_put(l->c->outbox, "log.unshown", bytes, sizeof(bytes), err);
	}
	if (l->r.log_day < be32(bytes) + UNSHOWN_DAYS)
		return ERR_OK;
	logcheck_date(be32(bytes), since);
	snprintf(text, sizeof(text), "the centre has not shown its log since that of %s", since);
	return problem_put(l->c, text, err);
}

static enum err_code
keep_result(struct looking *l, enum logcheck_result result, bool withheld, const char *why, struct err *err)
{
	uint8_t day[4];
	enum err_code rc = ERR_OK;

	put_be32(day, l->r.log_day);
	if (result == LOGCHECK_WRONG)
		return problem_put(l->c, why, err);
	if (result == LOGCHECK_HOLDS)
		rc = outbox_meta_put(l->c->outbox, "log.held", day, sizeof(day), err);
	if (result == LOGCHECK_HOLDS && rc == ERR_OK)
		rc = outbox_meta_put(l->c->outbox, "log.unshown", NULL, 0, err);
	if (withheld)
		rc = unshown(l, err);
	return rc;
}

/* A log whose day stands still is never closed, and nothing would ever have to be proved: the newest receipt's day
 * is not behind its own time (one day is let pass, for a centre's clock that was set back). */
static enum err_code
moves_on(struct looking *l, struct buf *bytes, bool *moves, struct err *err)
{
	enum err_code rc = outbox_receipt_last(l->c->outbox, 0, bytes, err);

	*moves = true;
	if (rc == ERR_ABSENT)
		return ERR_OK;
	if (rc == ERR_OK)
		rc = receipt_read(bytes->data, bytes->len, &l->r, err);
	if (rc == ERR_OK)
		*moves = l->r.time / DAY_S <= (uint64_t)l->r.log_day + 1;
	logcheck_date(l->r.log_day, l->date);
	buf_reset(bytes);
	return rc;
}

enum logcheck_result
logcheck_run(struct logcheck *c, struct err *err)
{
	struct looking l = { .c = c };
	enum logcheck_result result = LOGCHECK_LATER;
	struct err kept_err = { 0 };
	struct buf bytes;
	bool again = false, withheld = false, moves;
	enum err_code rc;

	c->day = 0;
	buf_init(&bytes, RECEIPT_LEN);
	rc = moves_on(&l, &bytes, &moves, err);
	if (rc != ERR_OK)
		goto out;
	if (!moves) {
		c->day = l.r.log_day;
		result = wrong(err, &l, "goes on for days: the centre never closes it, so that it need prove nothing");
		goto keep;
	}
	rc = outbox_receipt_closed(c->outbox, &bytes, err);
	if (rc == ERR_ABSENT) {
		result = LOGCHECK_NOTHING;
		goto out;
	}
	if (rc == ERR_OK)
		rc = receipt_read(bytes.data, bytes.len, &l.r, err);
	if (rc == ERR_OK)
		rc = prepare(&l, &again, err);
	if (rc != ERR_OK)
		goto out;
	if (again) {
		result = LOGCHECK_NOTHING;
		goto out;
	}
	c->day = l.r.log_day;
	l.receipt = bytes.data;
	result = ask(&l, &withheld, err);
keep:
	if (keep_result(&l, result, withheld, err->msg, &kept_err) != ERR_OK)
		log_err("sync", "log", &kept_err);
out:
	buf_free(&bytes);
	return result;
}
