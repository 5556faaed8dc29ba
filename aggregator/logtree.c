/* Proofs under the daily log root. See logtree.h. */
#include "aggregator/logtree.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

enum { HASH = 32, CAP_FIRST = 1024, IDLE_MS = 300000 };

void
logtree_clear(struct logtree *t)
{
	free(t->nodes);
	memset(t, 0, sizeof(*t));
}

/* --- the tree of a day ----------------------------------------------------------------------------- */

static enum err_code
reserve(struct logtree *t, size_t n, struct err *err)
{
	size_t cap = t->cap == 0 ? CAP_FIRST : t->cap;
	uint8_t *more;

	while (cap < n)
		cap *= 2;
	if (cap == t->cap)
		return ERR_OK;
	more = realloc(t->nodes, cap * HASH);
	if (more == NULL)
		return err_nomem(err);
	t->nodes = more;
	t->cap = cap;
	return ERR_OK;
}

static enum err_code
add_leaf(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *err)
{
	struct logtree *t = arg;
	enum err_code rc = reserve(t, t->n + 1, err);

	(void)key;
	(void)key_len;
	if (rc == ERR_OK)
		merkle_leaf(bytes, len, t->nodes + HASH * t->n++);
	return rc;
}

/* The levels above the leaves, one after another; the last of an odd number moves up as it is. */
static enum err_code
build(struct logtree *t, struct err *err)
{
	size_t from = 0, n = t->n, total = t->n;
	enum err_code rc;

	for (size_t k = n; k > 1; k = (k + 1) / 2)
		total += (k + 1) / 2;
	rc = reserve(t, total, err);
	if (rc != ERR_OK)
		return rc;
	while (n > 1) {
		uint8_t *below = t->nodes + HASH * from, *above = below + HASH * n;

		for (size_t i = 0; i + 1 < n; i += 2)
			merkle_node(below + HASH * i, below + HASH * (i + 1), above + HASH * (i / 2));
		if ((n & 1) != 0)
			memcpy(above + HASH * (n / 2), below + HASH * (n - 1), HASH);
		from += n;
		n = (n + 1) / 2;
	}
	return ERR_OK;
}

static enum err_code
load(struct logtree *t, struct store *st, const uint8_t log_id[16], uint32_t day, struct err *err)
{
	enum err_code rc;

	if (t->nodes != NULL && t->day == day && memcmp(t->log_id, log_id, 16) == 0)
		return ERR_OK;
	logtree_clear(t);
	rc = st->ops->log_receipts(st, log_id, day, add_leaf, t, err);
	if (rc == ERR_OK)
		rc = build(t, err);
	if (rc != ERR_OK) {
		logtree_clear(t);
		return rc;
	}
	memcpy(t->log_id, log_id, 16);
	t->day = day;
	return ERR_OK;
}

/* --- answers --------------------------------------------------------------------------------------- */

struct roots {
	uint32_t after, day;
	bool closed, has_day;
	struct buf bytes;
};

static enum err_code
add_root(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *err)
{
	struct roots *r = arg;
	uint32_t day = be32(key);

	(void)key_len;
	(void)err;
	if (day > r->after && day <= r->day) {
		buf_put(&r->bytes, bytes, len);
		r->has_day = day == r->day;
	}
	r->closed = r->closed || day >= r->day;	/* a later root closes those before */
	return ERR_OK;
}

static enum err_code
put_path(const struct logtree *t, const struct logtree_question *q, const struct buf *roots, struct buf *out,
    struct err *err)
{
	struct logproof p = { .roots = roots->data, .n_roots = roots->len / LOGROOT_LEN };
	uint8_t path[LOGPROOF_PATH * HASH];
	size_t at = 0, from = 0;

	while (at < t->n && memcmp(t->nodes + HASH * at, q->leaf, HASH) != 0)
		at++;
	if (at == t->n)
		return err_set(err, ERR_ABSENT, "the log of day %u holds no such receipt", q->day);
	p.index = at;
	for (size_t n = t->n; n > 1; n = (n + 1) / 2) {
		size_t beside = at ^ 1;

		if (beside < n)
			memcpy(path + HASH * p.n_path++, t->nodes + HASH * (from + beside), HASH);
		from += n;
		at /= 2;
	}
	p.path = path;
	logproof_put(&p, out);
	return buf_check(out, err);
}

enum err_code
logtree_answer(struct logtree *t, struct store *st, const struct logtree_question *q, bool *closed,
    struct buf *out, struct err *err)
{
	struct roots r = { .after = q->after, .day = q->day };
	enum err_code rc;

	if (q->day > LOGPROOF_ROOTS && r.after < q->day - LOGPROOF_ROOTS)
		r.after = q->day - LOGPROOF_ROOTS;
	buf_init(&r.bytes, LOGPROOF_ROOTS * LOGROOT_LEN);
	rc = st->ops->root_each(st, q->log_id, add_root, &r, err);
	if (rc == ERR_OK)
		rc = buf_check(&r.bytes, err);
	*closed = rc == ERR_OK && r.closed;
	if (*closed && !r.has_day)
		rc = err_set(err, ERR_ABSENT, "the log has no receipts of day %u", q->day);
	if (*closed && rc == ERR_OK)
		rc = load(t, st, q->log_id, q->day, err);
	if (*closed && rc == ERR_OK)
		rc = put_path(t, q, &r.bytes, out, err);
	buf_free(&r.bytes);
	return rc;
}

/* --- for many threads ------------------------------------------------------------------------------ */

struct logshow {
	const char *where;
	const struct clock *clock;
	pthread_mutex_t lock;	/* of what follows */
	struct store *store;	/* NULL: nobody asked lately */
	struct logtree tree;
	int64_t asked_ms;
};

enum err_code
logshow_new(const char *store, const struct clock *clock, struct logshow **out, struct err *err)
{
	struct logshow *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s == NULL)
		return err_nomem(err);
	s->where = store;
	s->clock = clock;
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return ERR_OK;
}

void
logshow_free(struct logshow *s)
{
	if (s == NULL)
		return;
	store_close(s->store);
	logtree_clear(&s->tree);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

enum err_code
logshow_ask(struct logshow *s, const struct logtree_question *q, bool *closed, struct buf *out, struct err *err)
{
	enum err_code rc = ERR_OK;

	*closed = false;
	/* Reading a day takes a while, and a thread that waits here takes in no batches. */
	if (pthread_mutex_trylock(&s->lock) != 0)
		return err_set(err, ERR_AGAIN, "another box is being shown the log");
	if (s->store == NULL)
		rc = store_open(s->where, false, &s->store, err);
	if (rc == ERR_OK)
		rc = logtree_answer(&s->tree, s->store, q, closed, out, err);
	s->asked_ms = clock_boot_ms(s->clock);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

void
logshow_rest(struct logshow *s)
{
	if (s == NULL || pthread_mutex_trylock(&s->lock) != 0)
		return;
	if (s->store != NULL && clock_boot_ms(s->clock) - s->asked_ms > IDLE_MS) {
		logtree_clear(&s->tree);
		store_close(s->store);
		s->store = NULL;
	}
	pthread_mutex_unlock(&s->lock);
}
