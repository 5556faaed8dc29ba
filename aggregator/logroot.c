/* The daily log root. See logroot.h; offsets as in docs/formats/logroot.md. */
#include "aggregator/logroot.h"

#include <string.h>

#include "base/codec.h"
#include "base/log.h"

enum { SIGNED = 136 };

enum err_code
logroot_make(const struct logroot *r, const struct seal_key *key, uint8_t out[LOGROOT_LEN], struct err *err)
{
	memset(out, 0, LOGROOT_LEN);
	memcpy(out, "CLOG\1", 5);
	memcpy(out + 8, r->log_id, 16);
	put_be32(out + 24, r->day);
	put_be64(out + 32, r->n);
	memcpy(out + 40, r->root, 32);
	memcpy(out + 72, r->previous, 32);
	put_be64(out + 104, r->time);
	memcpy(out + 112, r->key_id, 8);
	return seal_sign(key, "root", out, SIGNED, out + SIGNED, err);
}

enum err_code
logroot_read(const void *bytes, size_t len, struct logroot *out, struct err *err)
{
	const uint8_t *p = bytes;
	static const uint8_t zero[16];

	if (len != LOGROOT_LEN || memcmp(p, "CLOG\1\0\0\0", 8) != 0 || memcmp(p + 28, zero, 4) != 0
	    || memcmp(p + 120, zero, 16) != 0)
		return err_set(err, ERR_INPUT, "log root: not one of this version (%zu bytes)", len);
	*out = (struct logroot){ .day = be32(p + 24), .n = be64(p + 32), .time = be64(p + 104) };
	memcpy(out->log_id, p + 8, 16);
	memcpy(out->root, p + 40, 32);
	memcpy(out->previous, p + 72, 32);
	memcpy(out->key_id, p + 112, 8);
	return ERR_OK;
}

bool
logroot_signed(const uint8_t bytes[LOGROOT_LEN], const uint8_t key[32])
{
	return seal_verify(key, "root", bytes, SIGNED, bytes + SIGNED);
}

/* RFC 6962, 2.1: leaf = H(0x00, input), node = H(0x01, left, right). */
static void
node(const uint8_t left[32], const uint8_t right[32], uint8_t out[32])
{
	struct chain_state s;
	struct chain_hash h;

	chain_begin(&s, "merkle");
	chain_add_u8(&s, 1);
	chain_add(&s, left, 32);
	chain_add(&s, right, 32);
	chain_end(&s, &h);
	memcpy(out, h.bytes, 32);
}

/* peak[k] is the root of a full subtree of 2^k leaves wherever bit k of n is set. */
void
merkle_add(struct merkle *m, const void *leaf, size_t len)
{
	struct chain_state s;
	struct chain_hash h;
	uint8_t at[32];
	int k = 0;

	chain_begin(&s, "merkle");
	chain_add_u8(&s, 0);
	chain_add(&s, leaf, len);
	chain_end(&s, &h);
	memcpy(at, h.bytes, 32);
	for (uint64_t n = m->n; (n & 1) != 0; n >>= 1, k++)
		node(m->peak[k], at, at);
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
			node(m->peak[k], out, out);
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
	struct chain_hash h;

	(void)err;
	(void)key_len;
	chain_h("root", bytes, len, &h);
	memcpy(c->previous, h.bytes, 32);
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
	struct chain_hash h;
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
	chain_h("root", bytes, LOGROOT_LEN, &h);
	memcpy(c->previous, h.bytes, 32);
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
