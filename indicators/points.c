/* Points. See points.h. Every cell contributes to each point that it is part of; contributions are sorted
 * by point and then by cell, so cells are always merged in key order. */
#include "indicators/points.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indicators/evaluate.h"

enum { LEAVES_MAX = 2000000, VALUE_MAX = 72 };

struct part {
	const char *site, *variant, *breakdown, *category, *item;
	int first_month;
	enum period_kind period;
	bool excluded;
	uint32_t leaf;
};

struct gather {
	struct facts *f;
	const struct definition *d;
	struct points *out;
	size_t leaf_cap;
	struct part *parts;
	size_t n_parts, part_cap;
	bool by_variant, and_together;	/* a series a variant; with combine also all variants together */
	const char *last_bucket;
	int64_t last_bucket_no;
	int64_t kept_from;	/* a period that lies across this is known in part only: it has no point */
};

static enum err_code
add_leaf(void *arg, const struct facts_cell *c, struct err *err)
{
	struct gather *g = arg;
	struct points *p = g->out;
	struct leaf *leaf;
	char keys[FACTS_TEXT];
	enum err_code rc;

	if (p->n_leaves >= LEAVES_MAX)
		return err_set(err, ERR_LIMIT, "over %d cells in one indicator", LEAVES_MAX);
	if (p->n_leaves == g->leaf_cap) {
		size_t cap = g->leaf_cap == 0 ? 1024 : g->leaf_cap * 2;
		struct leaf *more = realloc(p->leaves, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		p->leaves = more;
		g->leaf_cap = cap;
	}
	if (g->last_bucket == NULL || g->last_bucket_no != c->key.bucket) {
		rc = facts_bucket_keys(g->f, c->key.bucket, keys, err);
		if (rc != ERR_OK)
			return rc;
		g->last_bucket = arena_str(&p->arena, keys);
		g->last_bucket_no = c->key.bucket;
	}
	leaf = &p->leaves[p->n_leaves++];
	*leaf = (struct leaf){
		.site = arena_str(&p->arena, c->key.site), .stratum = arena_str(&p->arena, c->key.stratum),
		.item = arena_str(&p->arena, c->key.item), .bucket = g->last_bucket,
		.month = (int)c->key.period, .sum = c->sum,
	};
	return leaf->site == NULL || leaf->stratum == NULL || leaf->item == NULL || leaf->bucket == NULL
	    ? err_nomem(err) : ERR_OK;
}

static enum err_code
add_part(struct gather *g, const char *site, const char *variant, const char *breakdown, const char *category,
	uint32_t at, struct err *err)
{
	const struct leaf *leaf = &g->out->leaves[at];
	enum period_kind period = definition_period(g->d, site[0] == '\0' ? "organisation" : "site");
	bool excluded = leaf->item[0] == '-';
	int first = period_first(g->d, period, leaf->month);

	if (first < g->kept_from && g->kept_from < first + period_months(period))
		return ERR_OK;
	if (g->n_parts == g->part_cap) {
		size_t cap = g->part_cap == 0 ? 4096 : g->part_cap * 2;
		struct part *more = realloc(g->parts, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		g->parts = more;
		g->part_cap = cap;
	}
	g->parts[g->n_parts++] = (struct part){
		.site = site, .variant = variant, .breakdown = breakdown, .category = category,
		.item = excluded ? "" : leaf->item, .excluded = excluded, .period = period,
		.first_month = first, .leaf = at,
	};
	return ERR_OK;
}

static bool
is_crossed(const struct definition *d, const char *name)
{
	char site_first[VALUE_MAX], site_last[VALUE_MAX];

	snprintf(site_first, sizeof(site_first), "site*%s", name);
	snprintf(site_last, sizeof(site_last), "%s*site", name);
	for (size_t i = 0; i < d->n_crosses; i++)
		if (strcmp(d->crosses[i].text, site_first) == 0 || strcmp(d->crosses[i].text, site_last) == 0)
			return true;
	return false;
}

/* The points of one series of variants that the leaf AT is part of: area totals, and each breakdown. */
static enum err_code
add_parts_of(struct gather *g, uint32_t at, const char *variant, struct err *err)
{
	const struct definition *d = g->d;
	const struct leaf *leaf = &g->out->leaves[at];
	char value[VALUE_MAX];
	const char *category;
	enum err_code rc = add_part(g, "", variant, "", "", at, err);

	if (rc == ERR_OK && d->by_site)
		rc = add_part(g, leaf->site, variant, "", "", at, err);
	for (size_t i = 0; i < d->n_by && rc == ERR_OK; i++) {
		const char *name = d->by[i].label;

		if (!bucket_value(leaf->bucket, name, value, sizeof(value)))
			continue;
		category = arena_str(&g->out->arena, value);
		if (category == NULL)
			return err_nomem(err);
		rc = add_part(g, "", variant, name, category, at, err);
		if (rc == ERR_OK && d->by_site && is_crossed(d, name))
			rc = add_part(g, leaf->site, variant, name, category, at, err);
	}
	return rc;
}

/* Every point that the leaf AT is part of. */
static enum err_code
add_parts(struct gather *g, uint32_t at, struct err *err)
{
	char value[VALUE_MAX];
	const char *variant = "";
	enum err_code rc = ERR_OK;

	if (g->by_variant && bucket_value(g->out->leaves[at].bucket, "variant", value, sizeof(value))) {
		variant = arena_str(&g->out->arena, value);
		if (variant == NULL)
			return err_nomem(err);
	}
	if (variant[0] == '\0' || g->and_together)
		rc = add_parts_of(g, at, "", err);
	return rc == ERR_OK && variant[0] != '\0' ? add_parts_of(g, at, variant, err) : rc;
}

static int
series_cmp(const struct part *a, const struct part *b)
{
	int d = strcmp(a->site, b->site);

	if (d == 0)
		d = strcmp(a->variant, b->variant);
	if (d == 0)
		d = strcmp(a->breakdown, b->breakdown);
	if (d == 0)
		d = strcmp(a->category, b->category);
	return d;
}

/* Excluded parts come first in their month, whatever option they would have been. */
static int
part_cmp(const void *va, const void *vb)
{
	const struct part *a = va, *b = vb;
	int d = series_cmp(a, b);

	if (d == 0)
		d = strcmp(a->item, b->item);
	if (d == 0)
		d = (a->first_month > b->first_month) - (a->first_month < b->first_month);
	if (d == 0)
		d = (a->leaf > b->leaf) - (a->leaf < b->leaf);
	return d;
}

static bool
same_point(const struct part *a, const struct part *b)
{
	return a->first_month == b->first_month && series_cmp(a, b) == 0 && strcmp(a->item, b->item) == 0;
}

static double
at_risk(const struct definition *d, const struct point *p)
{
	const struct measure *m = &d->blocks[0].measure;

	if (m->at_risk == NULL || m->at_risk[0] == '\0')
		return NAN;
	return definition_at_risk(d, m, p->site, p->first_month, p->first_month + period_months(p->period) - 1);
}

static void
estimate(const struct definition *d, struct point *p)
{
	/* Of sessions, people are counted: those who voted, or were there. */
	struct cell_sums sums = { .n = (double)(d->blocks[0].measure.by_session ? p->sum.people : p->sum.n), .num = p->sum.num, .mean = p->sum.mean, .m2 = p->sum.m2 };

	p->at_risk = at_risk(d, p);
	sums.at_risk = p->at_risk;
	p->e = definition_estimate(d, &d->blocks[0].measure, &sums);
	p->target = definition_target(d, p->first_month + period_months(p->period) - 1);
	p->verdict = stat_verdict(&p->e, d->direction, p->target);
}

/* Is the leaf in the point's area and period, whatever its breakdown? */
static bool
is_around(const struct definition *d, const struct point *p, const struct leaf *leaf)
{
	return leaf->item[0] != '-' && strcmp(leaf->item, p->item) == 0
	    && (p->site[0] == '\0' || strcmp(p->site, leaf->site) == 0)
	    && period_first(d, p->period, leaf->month) == p->first_month;
}

static struct stratum_sums *
stratum_of(struct stratum_sums *list, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i].stratum, name) == 0)
			return &list[i];
	list[*n] = (struct stratum_sums){ .stratum = name };
	return &list[(*n)++];
}

/* The estimate over strata: the point's leaves by stratum, beside all who answered there. */
static enum err_code
estimate_strata(struct gather *g, struct point *p, struct err *err)
{
	const struct points *all = g->out;
	struct stratum_sums *list = calloc(all->n_leaves + 1, sizeof(*list));
	struct cell_sum *sums = calloc(all->n_leaves + 1, sizeof(*sums));
	size_t n = 0;
	enum err_code rc = list == NULL || sums == NULL ? err_nomem(err) : ERR_OK;

	for (size_t i = 0; i < p->n_leaves && rc == ERR_OK; i++) {
		const struct leaf *leaf = &all->leaves[p->leaves[i]];

		cell_merge(&sums[stratum_of(list, &n, leaf->stratum) - list], &leaf->sum);
	}
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		list[i].sums = (struct cell_sums){ .n = (double)sums[i].n, .num = sums[i].num, .mean = sums[i].mean, .m2 = sums[i].m2 };
		list[i].of_all = p->breakdown[0] == '\0' ? (double)sums[i].n : 0;
		for (size_t k = 0; k < all->n_leaves && p->breakdown[0] != '\0'; k++)
			if (is_around(g->d, p, &all->leaves[k]) && strcmp(all->leaves[k].stratum, list[i].stratum) == 0)
				list[i].of_all += (double)all->leaves[k].sum.n;
	}
	if (rc == ERR_OK)
		rc = definition_stratified(g->d, p->site, p->first_month, list, n, &p->e, err);
	free(list);
	free(sums);
	if (rc == ERR_OK)
		p->verdict = stat_verdict(&p->e, g->d->direction, p->target);
	return rc;
}

/* One point out of the N parts at PART. */
static enum err_code
make_point(struct gather *g, const struct part *part, size_t n, struct err *err)
{
	struct points *p = g->out;
	struct point *pt = &p->list[p->n];
	uint32_t *leaves = arena_calloc(&p->arena, n, sizeof(*leaves));
	char value[VALUE_MAX];

	if (leaves == NULL)
		return err_nomem(err);
	*pt = (struct point){
		.site = part->site, .breakdown = part->breakdown, .category = part->category,
		.variant = part->variant, .item = part->item, .period = part->period,
		.first_month = part->first_month, .leaves = leaves,
	};
	for (size_t i = 0; i < n; i++) {
		const struct leaf *leaf = &p->leaves[part[i].leaf];

		if (part[i].excluded) {
			pt->excluded += leaf->sum.n;
			continue;
		}
		leaves[pt->n_leaves++] = part[i].leaf;
		cell_merge(&pt->sum, &leaf->sum);
		if (bucket_value(leaf->bucket, "helped", value, sizeof(value)) && strcmp(value, "yes") == 0)
			pt->helped += leaf->sum.people;
	}
	estimate(g->d, pt);
	p->n++;
	return g->d->strata_by[0] != '\0' ? estimate_strata(g, pt, err) : ERR_OK;
}

static enum err_code
make_points(struct gather *g, struct err *err)
{
	struct points *p = g->out;
	enum err_code rc = ERR_OK;
	size_t end;

	for (size_t i = 0; i < p->n_leaves && rc == ERR_OK; i++)
		rc = add_parts(g, (uint32_t)i, err);
	if (rc != ERR_OK)
		return rc;
	if (g->n_parts > 0)
		qsort(g->parts, g->n_parts, sizeof(*g->parts), part_cmp);
	p->list = calloc(g->n_parts + 1, sizeof(*p->list));
	if (p->list == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < g->n_parts && rc == ERR_OK; i = end) {
		for (end = i + 1; end < g->n_parts && same_point(&g->parts[i], &g->parts[end]); end++)
			;
		rc = make_point(g, &g->parts[i], end - i, err);
	}
	return rc;
}

enum err_code
points_of(struct facts *f, const struct definition *d, int64_t def, struct points *out, struct err *err)
{
	struct gather g = { .f = f, .d = d, .out = out };
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	arena_init(&out->arena, (size_t)1 << 30);
	for (size_t i = 0; i < d->n_blocks; i++)
		if (d->blocks[i].variant[0] != '\0') {
			g.by_variant = true;
			g.and_together = g.and_together || d->blocks[i].measure.combine != COMBINE_NONE;
		}
	rc = facts_kept_from(f, &g.kept_from, err);
	if (rc == ERR_OK)
		rc = facts_cells(f, def, add_leaf, &g, err);
	if (rc == ERR_OK)
		out->kept_from = g.kept_from;
	if (rc == ERR_OK)
		rc = make_points(&g, err);
	free(g.parts);
	if (rc != ERR_OK)
		points_clear(out);
	return rc;
}

void
points_clear(struct points *p)
{
	free(p->leaves);
	free(p->list);
	arena_clear(&p->arena);
	memset(p, 0, sizeof(*p));
}

bool
points_same_series(const struct point *a, const struct point *b)
{
	return strcmp(a->site, b->site) == 0 && strcmp(a->variant, b->variant) == 0
	    && strcmp(a->breakdown, b->breakdown) == 0 && strcmp(a->category, b->category) == 0
	    && strcmp(a->item, b->item) == 0;
}
