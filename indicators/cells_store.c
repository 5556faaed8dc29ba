/* Cells out of entries: the dirty ones after a batch, all of them in the night. Both run the same loop
 * over entries in primary key order, so they give the same bits. */
#include "indicators/facts_private.h"

#include <stdlib.h>
#include <string.h>

#include "collector/chain.h"
#include "indicators/cells.h"

/* One cell being gathered. Texts are copies, because the statement moves on. */
struct gather {
	bool open;
	struct facts_cell_key key;
	char *texts;		/* site, stratum, item, NUL after each */
	size_t texts_cap, site_len, stratum_len, item_len;
	struct cell_entry *entries;
	size_t n, cap;
	int64_t data_rev;
	/* the entry before, which the next one may cancel or be cancelled by */
	uint8_t record[FACTS_ID];
	int64_t rev;
	int last_sign;
};

static void
gather_clear(struct gather *g)
{
	free(g->texts);
	free(g->entries);
	memset(g, 0, sizeof(*g));
}

/* As a blob: the text as it lies in the page, without a terminated copy of it. This runs for each entry of a recompute. */
static inline bool
same_text(sqlite3_stmt *s, int column, const char *text, size_t len)
{
	return (size_t)sqlite3_column_bytes(s, column) == len
	    && (len == 0 || memcmp(sqlite3_column_blob(s, column), text, len) == 0);
}

/* The columns that change most often first. */
static inline bool
same_cell(const struct gather *g, sqlite3_stmt *s)
{
	return g->open && sqlite3_column_int64(s, 2) == g->key.period
	    && sqlite3_column_int64(s, 4) == g->key.bucket && sqlite3_column_int64(s, 1) == g->key.def
	    && same_text(s, 5, g->key.item, g->item_len) && same_text(s, 0, g->key.site, g->site_len)
	    && same_text(s, 3, g->key.stratum, g->stratum_len);
}

static enum err_code
gather_start(struct gather *g, sqlite3_stmt *s, struct err *err)
{
	size_t site = (size_t)sqlite3_column_bytes(s, 0) + 1, stratum = (size_t)sqlite3_column_bytes(s, 3) + 1,
	    item = (size_t)sqlite3_column_bytes(s, 5) + 1;

	if (site + stratum + item > g->texts_cap) {
		char *texts = realloc(g->texts, site + stratum + item);

		if (texts == NULL)
			return err_nomem(err);
		g->texts = texts;
		g->texts_cap = site + stratum + item;
	}
	memcpy(g->texts, sqlite3_column_text(s, 0), site);
	memcpy(g->texts + site, sqlite3_column_text(s, 3), stratum);
	memcpy(g->texts + site + stratum, sqlite3_column_text(s, 5), item);
	g->key = (struct facts_cell_key){
		.site = g->texts, .stratum = g->texts + site, .item = g->texts + site + stratum,
		.def = sqlite3_column_int64(s, 1), .period = sqlite3_column_int64(s, 2),
		.bucket = sqlite3_column_int64(s, 4),
	};
	g->site_len = site - 1;
	g->stratum_len = stratum - 1;
	g->item_len = item - 1;
	g->open = true;
	g->n = 0;
	g->data_rev = 0;
	g->last_sign = 0;
	return ERR_OK;
}

/* A reversal sorts just before the entry it cancels: (record, rev, -1), (record, rev, 1). So the record is looked at
 * only of a reversal and of what follows one. */
static enum err_code
gather_add(struct gather *g, sqlite3_stmt *s, struct err *err)
{
	int64_t data_rev = sqlite3_column_int64(s, 12);
	bool follows_reversal = g->last_sign == -1;

	if (data_rev > g->data_rev)
		g->data_rev = data_rev;
	g->last_sign = sqlite3_column_int(s, 8);
	if (g->last_sign == -1) {
		g->rev = sqlite3_column_int64(s, 7);
		memcpy(g->record, sqlite3_column_blob(s, 6), FACTS_ID);
		return ERR_OK;
	}
	if (follows_reversal && sqlite3_column_int64(s, 7) == g->rev
	    && memcmp(sqlite3_column_blob(s, 6), g->record, FACTS_ID) == 0)
		return ERR_OK;
	if (g->n == g->cap) {
		size_t cap = g->cap == 0 ? 64 : g->cap * 2;
		struct cell_entry *more = realloc(g->entries, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		g->entries = more;
		g->cap = cap;
	}
	g->entries[g->n++] = (struct cell_entry){
		.num = sqlite3_column_double(s, 9),
		.has_value = sqlite3_column_type(s, 10) != SQLITE_NULL,
		.value = sqlite3_column_double(s, 10),
		.people = sqlite3_column_int64(s, 11),
	};
	return ERR_OK;
}

static enum err_code
gather_end(struct gather *g, facts_cell_fn *fn, void *arg, struct err *err)
{
	struct cell_sum sum = cell_of(g->entries, g->n);
	struct facts_cell cell = { .key = g->key, .sum = sum, .data_rev = g->data_rev };

	g->open = false;
	return fn(arg, &cell, err);
}

/* Every cell that the rows of S make, in their order. */
static enum err_code
gather_rows(struct facts *f, sqlite3_stmt *s, struct gather *g, facts_cell_fn *fn, void *arg, struct err *err)
{
	enum err_code rc = ERR_OK;
	int step;

	while (rc == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
		if (!same_cell(g, s)) {
			if (g->open)
				rc = gather_end(g, fn, arg, err);
			if (rc == ERR_OK)
				rc = gather_start(g, s, err);
		}
		if (rc == ERR_OK)
			rc = gather_add(g, s, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "read facts", err);
	if (rc == ERR_OK && g->open)
		rc = gather_end(g, fn, arg, err);
	g->open = false;
	return rc;
}

enum err_code
facts_recompute(struct facts *f, facts_cell_fn *fn, void *arg, struct err *err)
{
	struct gather g = {0};
	int64_t from;
	enum err_code rc = facts_kept_from(f, &from, err);

	if (rc == ERR_OK) {
		sqlite3_bind_int64(f->stmt[S_ALL_ENTRIES], 1, from);
		rc = gather_rows(f, f->stmt[S_ALL_ENTRIES], &g, fn, arg, err);
	}
	facts_reset(f->stmt[S_ALL_ENTRIES]);
	gather_clear(&g);
	return rc;
}

static enum err_code
put_cell(void *arg, const struct facts_cell *c, struct err *err)
{
	struct facts *f = arg;
	sqlite3_stmt *s = f->stmt[S_CELL_PUT];
	enum err_code rc = ERR_OK;

	sqlite3_bind_text(s, 1, c->key.site, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, c->key.def);
	sqlite3_bind_int64(s, 3, c->key.period);
	sqlite3_bind_text(s, 4, c->key.stratum, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, c->key.bucket);
	sqlite3_bind_text(s, 6, c->key.item, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 7, c->sum.n);
	sqlite3_bind_double(s, 8, c->sum.num);
	sqlite3_bind_int64(s, 9, c->sum.n_values);
	sqlite3_bind_double(s, 10, c->sum.mean);
	sqlite3_bind_double(s, 11, c->sum.m2);
	sqlite3_bind_int64(s, 12, c->sum.people);
	sqlite3_bind_int64(s, 13, c->data_rev);
	if (sqlite3_step(s) != SQLITE_DONE)
		rc = facts_err(f, "keep cell", err);
	facts_reset(s);
	return rc;
}

enum err_code
facts_update_cells(struct facts *f, size_t *n, struct err *err)
{
	sqlite3_stmt *dirty = f->stmt[S_DIRTY_EACH], *s = f->stmt[S_CELL_ENTRIES];
	struct gather g = {0};
	enum err_code rc = ERR_OK;
	int step = SQLITE_DONE;

	*n = 0;
	while (rc == ERR_OK && (step = sqlite3_step(dirty)) == SQLITE_ROW) {
		for (int i = 0; i < 6; i++)
			sqlite3_bind_value(s, i + 1, sqlite3_column_value(dirty, i));
		rc = gather_rows(f, s, &g, put_cell, f, err);
		facts_reset(s);
		(*n)++;
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "dirty cells", err);
	facts_reset(dirty);
	gather_clear(&g);
	if (rc == ERR_OK && *n > 0) {
		if (sqlite3_step(f->stmt[S_DIRTY_CLEAR]) != SQLITE_DONE)
			rc = facts_err(f, "clear dirty cells", err);
		facts_reset(f->stmt[S_DIRTY_CLEAR]);
	}
	return rc;
}

static struct facts_cell
cell_row(sqlite3_stmt *s)
{
	return (struct facts_cell){
		.key = {
			.site = (const char *)sqlite3_column_text(s, 0),
			.def = sqlite3_column_int64(s, 1),
			.period = sqlite3_column_int64(s, 2),
			.stratum = (const char *)sqlite3_column_text(s, 3),
			.bucket = sqlite3_column_int64(s, 4),
			.item = (const char *)sqlite3_column_text(s, 5),
		},
		.sum = {
			.n = sqlite3_column_int64(s, 6),
			.num = sqlite3_column_double(s, 7),
			.n_values = sqlite3_column_int64(s, 8),
			.mean = sqlite3_column_double(s, 9),
			.m2 = sqlite3_column_double(s, 10),
			.people = sqlite3_column_int64(s, 11),
		},
		.data_rev = sqlite3_column_int64(s, 12),
	};
}

static int
key_cmp(const struct facts_cell_key *a, const struct facts_cell_key *b)
{
	int d = strcmp(a->site, b->site);

	if (d == 0)
		d = (a->def > b->def) - (a->def < b->def);
	if (d == 0)
		d = (a->period > b->period) - (a->period < b->period);
	if (d == 0)
		d = strcmp(a->stratum, b->stratum);
	if (d == 0)
		d = (a->bucket > b->bucket) - (a->bucket < b->bucket);
	return d != 0 ? d : strcmp(a->item, b->item);
}

/* Bit for bit: also -0 and 0 differ. */
static bool
same_sums(const struct facts_cell *a, const struct facts_cell *b)
{
	return a->sum.n == b->sum.n && a->sum.n_values == b->sum.n_values && a->sum.people == b->sum.people
	    && a->data_rev == b->data_rev && memcmp(&a->sum.num, &b->sum.num, sizeof(double)) == 0
	    && memcmp(&a->sum.mean, &b->sum.mean, sizeof(double)) == 0
	    && memcmp(&a->sum.m2, &b->sum.m2, sizeof(double)) == 0;
}

struct compare {
	sqlite3_stmt *kept;
	bool at_row;
	int64_t cells, different;
};

/* A merge of two sorted streams: what was recomputed, and what is kept. */
static enum err_code
compare_cell(void *arg, const struct facts_cell *c, struct err *err)
{
	struct compare *m = arg;

	(void)err;
	m->cells++;
	while (m->at_row) {
		struct facts_cell kept = cell_row(m->kept);
		int d = key_cmp(&kept.key, &c->key);

		if (d > 0)
			break;
		if (d < 0 || !same_sums(&kept, c))
			m->different++;
		m->at_row = sqlite3_step(m->kept) == SQLITE_ROW;
		if (d == 0)
			return ERR_OK;
	}
	m->different++;
	return ERR_OK;
}

enum err_code
facts_compare(struct facts *f, int64_t *cells, int64_t *different, struct err *err)
{
	struct compare m = { .kept = f->stmt[S_CELL_ALL] };
	int64_t from;
	bool same = true;
	enum err_code rc = facts_kept_from(f, &from, err);

	*cells = *different = 0;
	if (rc == ERR_OK)
		rc = facts_frozen_same(f, &same, err);
	if (rc != ERR_OK)
		return rc;
	m.different = !same;
	sqlite3_bind_int64(m.kept, 1, from);
	m.at_row = sqlite3_step(m.kept) == SQLITE_ROW;
	rc = facts_recompute(f, compare_cell, &m, err);
	for (; rc == ERR_OK && m.at_row; m.at_row = sqlite3_step(m.kept) == SQLITE_ROW)
		m.different++;
	facts_reset(m.kept);
	*cells = m.cells;
	*different = m.different;
	return rc;
}

static void
add_real(struct chain_state *h, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	chain_add_u64(h, bits);
}

/* The texts with their NULs: none runs into the next. */
enum err_code
facts_frozen_cells(struct facts *f, int64_t month, int64_t *cells, uint8_t digest[32], struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_CELL_FROZEN];
	struct chain_state h;
	struct chain_hash hash;
	enum err_code rc = ERR_OK;
	int step;

	*cells = 0;
	chain_begin(&h, "frozen cells");
	sqlite3_bind_int64(s, 1, month);
	while ((step = sqlite3_step(s)) == SQLITE_ROW) {
		struct facts_cell c = cell_row(s);

		chain_add(&h, c.key.site, strlen(c.key.site) + 1);
		chain_add_u64(&h, (uint64_t)c.key.def);
		chain_add_u64(&h, (uint64_t)c.key.period);
		chain_add(&h, c.key.stratum, strlen(c.key.stratum) + 1);
		chain_add_u64(&h, (uint64_t)c.key.bucket);
		chain_add(&h, c.key.item, strlen(c.key.item) + 1);
		chain_add_u64(&h, (uint64_t)c.sum.n);
		add_real(&h, c.sum.num);
		chain_add_u64(&h, (uint64_t)c.sum.n_values);
		add_real(&h, c.sum.mean);
		add_real(&h, c.sum.m2);
		chain_add_u64(&h, (uint64_t)c.sum.people);
		chain_add_u64(&h, (uint64_t)c.data_rev);
		++*cells;
	}
	if (step != SQLITE_DONE)
		rc = facts_err(f, "read cells", err);
	facts_reset(s);
	chain_end(&h, &hash);
	memcpy(digest, hash.bytes, 32);
	return rc;
}

enum err_code
facts_cells(struct facts *f, int64_t def, facts_cell_fn *fn, void *arg, struct err *err)
{
	sqlite3_stmt *s = f->stmt[S_CELL_DEF];
	enum err_code rc = ERR_OK;
	int step;

	sqlite3_bind_int64(s, 1, def);
	while ((step = sqlite3_step(s)) == SQLITE_ROW && rc == ERR_OK) {
		struct facts_cell cell = cell_row(s);

		rc = fn(arg, &cell, err);
	}
	if (rc == ERR_OK && step != SQLITE_DONE)
		rc = facts_err(f, "cells", err);
	facts_reset(s);
	return rc;
}
