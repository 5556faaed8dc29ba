/* The daily log root. See logroot.h; the format is in sync/logroot.c. */
#include "aggregator/logroot.h"

#include <string.h>

#include "base/codec.h"
#include "base/log.h"

/* peak[k] is the root of a full subtree of 2^k leaves wherever bit k of n is set. */
void
merkle_add(struct merkle *m, const void *leaf, size_t len)
{
	uint8_t at[32];
	int k = 0;

	merkle_leaf(leaf, len, at);
	for (uint64_t n = m->n; (n & 1) != 0; n >>= 1, k++)
		merkle_node(m->peak[k], at, at);
	memcpy(m->peak[k], at, 32);
	m->n++;
}

void
merkle_root(const struct merkle *m, uint8_t out[32])
{
	struct chain_hash h;
	bool some = false;

	if (m->n == 0) {
		chain_h("merkle", NULL, 0, &h);
		memcpy(out, h.bytes, 32);
		return;
	}
	for (int k = 0; k < 64; k++) {
		if ((m->n >> k & 1) == 0)
			continue;
		if (some)
			merkle_node(m->peak[k], out, out);
		else
			memcpy(out, m->peak[k], 32);
		some = true;
	}
}

/* --- days --------------------------------------------------------------------------------------- */

struct closing {
	struct store *st;
	struct intake_log *log;
	bool any;		/* a root is there */
	uint32_t last;		/* its day */
	uint8_t previous[32];	/* H of its bytes; zero: none */
	uint32_t days[64];	/* to be closed */
	size_t n;
	uint32_t newest;
};

static enum err_code
on_root(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *err)
{
	struct closing *c = arg;

	(void)key_len;
	if (len != LOGROOT_LEN)
		return err_set(err, ERR_BROKEN, "log root: %zu bytes are kept, %d expected", len, LOGROOT_LEN);
	logroot_hash(bytes, c->previous);
	c->last = be32(key);
	c->any = true;
	return ERR_OK;
}

static enum err_code
on_day(void *arg, uint32_t day, struct err *err)
{
	struct closing *c = arg;

	(void)err;
	c->newest = day;
	if (day < c->log->log_day && c->n < ARRAY_LEN(c->days))
		c->days[c->n++] = day;
	return ERR_OK;
}

static enum err_code
on_receipt(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *err)
{
	(void)key;
	(void)key_len;
	(void)err;
	merkle_add(arg, bytes, len);
	return ERR_OK;
}

static enum err_code
close_day(struct closing *c, uint32_t day, struct err *err)
{
	struct logroot r = { .day = day, .time = (uint64_t)clock_now_s(c->log->clock) };
	struct merkle m = { .n = 0 };
	uint8_t bytes[LOGROOT_LEN];
	enum err_code rc = c->st->ops->log_receipts(c->st, c->log->log_id, day, on_receipt, &m, err);

	if (rc != ERR_OK)
		return rc;
	memcpy(r.log_id, c->log->log_id, 16);
	memcpy(r.previous, c->previous, 32);
	memcpy(r.key_id, c->log->receipt_key_id, 8);
	r.n = m.n;
	merkle_root(&m, r.root);
	rc = logroot_make(&r, c->log->receipt_key, bytes, err);
	if (rc == ERR_OK)
		rc = c->st->ops->root_put(c->st, c->log->log_id, day, bytes, LOGROOT_LEN, err);
	if (rc != ERR_OK)
		return rc;
	logroot_hash(bytes, c->previous);
	log_event("aggregator", "root=closed day=%u receipts=%llu", day, (unsigned long long)m.n);
	return ERR_OK;
}

enum err_code
logroot_close(struct store *st, struct intake_log *log, struct err *err)
{
	struct closing c = { .st = st, .log = log };
	enum err_code rc = st->ops->root_each(st, log->log_id, on_root, &c, err);

	if (rc == ERR_OK)
		rc = st->ops->log_days(st, log->log_id, c.any ? c.last : 0, on_day, &c, err);
	for (size_t i = 0; i < c.n && rc == ERR_OK; i++)
		rc = close_day(&c, c.days[i], err);
	return rc;
}

enum err_code
logroot_start(struct store *st, struct intake_log *log, struct err *err)
{
	struct closing c = { .st = st, .log = log };
	uint32_t today = (uint32_t)(clock_now_s(log->clock) / 86400);
	enum err_code rc = st->ops->root_each(st, log->log_id, on_root, &c, err);

	if (rc == ERR_OK)
		rc = st->ops->log_days(st, log->log_id, c.any ? c.last : 0, on_day, &c, err);
	if (rc != ERR_OK)
		return rc;
	/* Whatever the clock says, a receipt's day never goes back behind a day that is closed. */
	log->log_day = today;
	if (c.any && c.last + 1 > log->log_day)
		log->log_day = c.last + 1;
	if (c.newest > log->log_day)
		log->log_day = c.newest;
	return logroot_close(st, log, err);
}
