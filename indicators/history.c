/* What was published before. See history.h. */
#include "indicators/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "indicators/evaluate.h"

/* --- figures ever shown ------------------------------------------------------------------------------ */

static enum err_code
load_one(void *arg, int64_t no, const void *bytes, size_t len, struct err *err)
{
	struct history *h = arg;
	struct publication *more = realloc(h->publications, (h->n_publications + 1) * sizeof(*more));
	struct buf *files;
	size_t at = h->n_publications;

	(void)no;
	if (more == NULL)
		return err_nomem(err);
	h->publications = more;
	files = realloc(h->files, (at + 1) * sizeof(*files));
	if (files == NULL)
		return err_nomem(err);
	h->files = files;
	buf_init(&h->files[at], PUB_MAX);
	buf_put(&h->files[at], bytes, len);
	memset(&h->publications[at], 0, sizeof(h->publications[at]));
	h->n_publications++;
	if (buf_check(&h->files[at], err) != ERR_OK)
		return err->code;
	return pub_read(h->files[at].data, h->files[at].len, &h->publications[at], err);
}

static int
shown_cmp(const void *va, const void *vb)
{
	const struct shown *a = va, *b = vb;
	int d = strcmp(a->row->id, b->row->id);

	if (d == 0)
		d = strcmp(a->row->definition_hash, b->row->definition_hash);
	return d != 0 ? d : (a->no > b->no) - (a->no < b->no);
}

static bool
shows_something_new(const struct pub_row *r)
{
	return (r->value.shown || r->denominator.shown || r->numerator.shown) && strstr(r->flag, "[p]") == NULL;
}

enum err_code
history_load(struct facts *f, struct history *out, struct err *err)
{
	size_t n = 0;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	rc = facts_publications(f, load_one, out, err);
	for (size_t i = 0; i < out->n_publications && rc == ERR_OK; i++)
		n += out->publications[i].n_rows;
	if (rc == ERR_OK) {
		out->shown = calloc(n + 1, sizeof(*out->shown));
		if (out->shown == NULL)
			rc = err_nomem(err);
	}
	for (size_t i = 0; i < out->n_publications && rc == ERR_OK; i++) {
		const struct publication *p = &out->publications[i];

		for (size_t k = 0; k < p->n_rows; k++)
			out->shown[out->n_shown++] = (struct shown){ &p->rows[k], p->manifest.no,
				shows_something_new(&p->rows[k]) };
	}
	if (rc != ERR_OK) {
		history_clear(out);
		return rc;
	}
	qsort(out->shown, out->n_shown, sizeof(*out->shown), shown_cmp);
	return ERR_OK;
}

void
history_clear(struct history *h)
{
	for (size_t i = 0; i < h->n_publications; i++) {
		pub_clear(&h->publications[i]);
		buf_free(&h->files[i]);
	}
	free(h->publications);
	free(h->files);
	free(h->shown);
	memset(h, 0, sizeof(*h));
}

void
history_of(const struct history *h, const char *id, const char *hash, size_t *first, size_t *n)
{
	size_t low = 0, high = h->n_shown;
	struct pub_row want = { .id = id, .definition_hash = hash };
	struct shown key = { .row = &want };

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (shown_cmp(&h->shown[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*first = low;
	for (*n = 0; low + *n < h->n_shown && strcmp(h->shown[low + *n].row->id, id) == 0
	    && strcmp(h->shown[low + *n].row->definition_hash, hash) == 0; ++*n)
		;
}

/* --- cells over time ---------------------------------------------------------------------------------- */

struct reading {
	const struct points *p;
	struct chain_of_cell *chains;
	struct arena *arena;
	bool counts;
	uint32_t *order;	/* leaves sorted as snapshots are */
	size_t at;
};

static int
text_cmp(const struct leaf *l, const struct facts_snapshot *s)
{
	int d = strcmp(l->site, s->site);

	if (d == 0)
		d = (l->month > s->period) - (l->month < s->period);
	if (d == 0)
		d = strcmp(l->stratum, s->stratum);
	if (d == 0)
		d = strcmp(l->bucket, s->bucket);
	return d != 0 ? d : strcmp(l->item, s->item);
}

static int
leaf_cmp(const void *va, const void *vb, void *arg)
{
	const struct leaf *leaves = arg, *a = &leaves[*(const uint32_t *)va], *b = &leaves[*(const uint32_t *)vb];
	struct facts_snapshot as = { .site = b->site, .period = b->month, .stratum = b->stratum, .bucket = b->bucket,
	    .item = b->item };

	return text_cmp(a, &as);
}

static enum err_code
add_change(struct arena *a, struct chain_of_cell *c, int64_t no, int64_t people, int64_t in, struct err *err)
{
	struct change *more = arena_calloc(a, c->n + 1, sizeof(*more));

	if (more == NULL)
		return err_nomem(err);
	if (c->n > 0)
		memcpy(more, c->changes, c->n * sizeof(*more));
	more[c->n] = (struct change){ .no = no, .people = people, .in = in };
	c->changes = more;
	c->n++;
	return ERR_OK;
}

/* Both streams are sorted: walk them together. A snapshot of a cell that is no more cannot be: cells stay. */
static enum err_code
take_snapshot(void *arg, const struct facts_snapshot *s, struct err *err)
{
	struct reading *r = arg;

	while (r->at < r->p->n_leaves && text_cmp(&r->p->leaves[r->order[r->at]], s) < 0)
		r->at++;
	if (r->at == r->p->n_leaves || text_cmp(&r->p->leaves[r->order[r->at]], s) != 0)
		return ERR_OK;
	return add_change(r->arena, &r->chains[r->order[r->at]], s->no, s->people,
	    r->counts ? (int64_t)llround(s->num) : 0, err);
}

enum err_code
history_chains(struct facts *f, int64_t def, const struct points *p, bool counts, struct arena *a,
	struct chain_of_cell **out, struct err *err)
{
	struct reading r = { .p = p, .arena = a, .counts = counts };
	enum err_code rc = ERR_OK;

	r.chains = arena_calloc(a, p->n_leaves + 1, sizeof(*r.chains));
	r.order = arena_calloc(a, p->n_leaves + 1, sizeof(*r.order));
	if (r.chains == NULL || r.order == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < p->n_leaves; i++)
		r.order[i] = (uint32_t)i;
	if (p->n_leaves > 0)
		qsort_r(r.order, p->n_leaves, sizeof(*r.order), leaf_cmp, p->leaves);
	rc = facts_snapshot_each(f, def, take_snapshot, &r, err);
	for (size_t i = 0; i < p->n_leaves && rc == ERR_OK; i++) {
		struct chain_of_cell *c = &r.chains[i];
		int64_t people = p->leaves[i].sum.people, in = counts ? (int64_t)llround(p->leaves[i].sum.num) : 0;

		if (c->n == 0 || c->changes[c->n - 1].people != people || c->changes[c->n - 1].in != in)
			rc = add_change(a, c, HISTORY_NOW, people, in, err);
	}
	if (rc == ERR_OK)
		*out = r.chains;
	return rc;
}

/* The counts of a cell at NO. */
static struct change
at_no(const struct chain_of_cell *c, int64_t no)
{
	struct change found = {0};

	for (size_t i = 0; i < c->n && c->changes[i].no <= no; i++)
		found = c->changes[i];
	return found;
}

int64_t
history_moved(const struct chain_of_cell *chains, const struct point *pt, int64_t no)
{
	int64_t moved = 0;

	for (size_t i = 0; i < pt->n_leaves; i++) {
		struct change then = at_no(&chains[pt->leaves[i]], no), now = at_no(&chains[pt->leaves[i]], HISTORY_NOW);

		moved += llabs(now.in - then.in) + llabs((now.people - now.in) - (then.people - then.in));
	}
	return moved;
}

bool
history_same(const struct chain_of_cell *chains, const struct point *pt, int64_t no, int64_t later)
{
	for (size_t i = 0; i < pt->n_leaves; i++) {
		const struct chain_of_cell *c = &chains[pt->leaves[i]];

		for (size_t k = 0; k < c->n; k++)
			if (c->changes[k].no > no && c->changes[k].no <= later)
				return false;
	}
	return true;
}

struct history_count
history_counts(const struct points *p, const struct chain_of_cell *chains, const struct point *pt, int64_t no)
{
	struct history_count n = {0};
	char value[8];

	for (size_t i = 0; i < pt->n_leaves; i++) {
		struct change c = at_no(&chains[pt->leaves[i]], no);

		n.people += c.people;
		n.in += c.in;
		if (bucket_value(p->leaves[pt->leaves[i]].bucket, "helped", value, sizeof(value)) && strcmp(value, "yes") == 0)
			n.helped += c.people;
	}
	return n;
}

enum err_code
history_keep(struct facts *f, int64_t def, const struct points *p, const struct chain_of_cell *chains, int64_t no,
	struct err *err)
{
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < p->n_leaves && rc == ERR_OK; i++) {
		const struct leaf *l = &p->leaves[i];
		struct facts_snapshot s = { .site = l->site, .stratum = l->stratum, .bucket = l->bucket, .item = l->item,
		    .period = l->month, .no = no, .n = l->sum.n, .num = l->sum.num, .people = l->sum.people };

		if (chains[i].n > 0 && chains[i].changes[chains[i].n - 1].no == HISTORY_NOW)
			rc = facts_snapshot_put(f, def, &s, err);
	}
	return rc;
}
