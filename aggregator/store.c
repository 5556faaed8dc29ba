/* Which store, and what both share. See store.h. */
#include "aggregator/store.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/store_open.h"
#include "collector/record.h"

void
store_device_clear(struct store_device *d)
{
	free(d->cert_pem);
	memset(d, 0, sizeof(*d));
}

/* A URL, or libpq's "host=.. dbname=..": a file's path begins with neither. */
static bool
is_pg(const char *where)
{
	static const char *const begins[] = { "postgresql://", "postgres://", "host=", "hostaddr=", "port=", "dbname=",
	    "user=", "service=" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (strncmp(where, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

enum err_code
store_open(const char *where, bool create, struct store **out, struct err *err)
{
	*out = NULL;
	if (is_pg(where))
		return store_open_pg(where, create, out, err);
	return store_open_sqlite(where, create, out, err);
}

void
store_close(struct store *st)
{
	if (st != NULL)
		st->ops->close(st);
}

struct chains {
	int lane;
	struct store_position *list;
	size_t n, cap;
};

static enum err_code
add_chain(void *arg, const struct store_position *p, struct err *err)
{
	struct chains *c = arg;

	if (p->lane != c->lane)
		return ERR_OK;
	if (c->n == c->cap) {
		size_t cap = c->cap == 0 ? 64 : c->cap * 2;
		struct store_position *more = realloc(c->list, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		c->list = more;
		c->cap = cap;
	}
	c->list[c->n++] = *p;
	return ERR_OK;
}

enum err_code
store_chains(struct store *st, int lane, struct store_position **list, size_t *n, struct err *err)
{
	struct chains c = { .lane = lane };
	enum err_code rc = st->ops->positions(st, add_chain, &c, err);

	if (rc != ERR_OK) {
		free(c.list);
		c = (struct chains){ .list = NULL };
	}
	*list = c.list;
	*n = c.n;
	return rc;
}

void
store_row_wire(const struct store_row *row, struct buf *out)
{
	if (row->nonce_body != NULL) {
		record_put_whole(out, row->header, row->wraps, row->n_wraps, row->nonce_body,
		    row->nonce_body_len);
	} else {
		struct chain_hash hw, hb;

		memcpy(hw.bytes, row->hw, 32);
		memcpy(hb.bytes, row->hb, 32);
		record_put_erased(out, row->header, &hw, &hb);
	}
}
