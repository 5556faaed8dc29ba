/* From points to published rows. See prepare.h. The order matters: exact figures are suppressed first (the
 * arithmetic of disclosure.h is over exact counts), only then is what is left rounded, and charts are made
 * from rounded, shown values: limits over hidden points would give them away. */
#include "indicators/prepare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/num.h"
#include "indicators/compare.h"
#include "indicators/families.h"
#include "indicators/prepare_private.h"
#include "indicators/spc.h"

enum { ARENA = 1 << 30, DAY_S = 86400 };

static const char *
text(struct work *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* In the arena; NULL if there is no memory, which the caller finds by asking arena_full. */
static const char *
text(struct work *w, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return arena_str(&w->arena, line);
}

static enum err_code
add_site(void *arg, const struct store_site *s, struct err *err)
{
	struct site_names *names = arg;

	if (names->n == names->cap) {
		size_t cap = names->cap == 0 ? 64 : names->cap * 2;
		struct store_site *more = realloc(names->list, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		names->list = more;
		names->cap = cap;
	}
	names->list[names->n++] = *s;
	return ERR_OK;
}

static const char *
area_name(const struct work *w, const char *site)
{
	if (site[0] == '\0')
		return w->how->organisation;
	for (size_t i = 0; i < w->sites.n; i++)
		if (strcmp(w->sites.list[i].name, site) == 0 && w->sites.list[i].label[0] != '\0')
			return w->sites.list[i].label;
	return site;
}

bool
prepare_month(const char *month_text, int *month)
{
	int64_t y, m;

	if (strlen(month_text) != 7 || month_text[4] != '-' || !num_i64(month_text, 4, 1970, 9999, &y)
	    || !num_i64(month_text + 5, 2, 1, 12, &m))
		return false;
	*month = (int)(y * 12 + m - 1);
	return true;
}

/* --- which points are published -------------------------------------------------------------------- */

static int
month_now(const struct work *w)
{
	return month_of_day(w->how->now / DAY_S);
}

static bool
is_complete(const struct work *w, const struct definition *d, const struct point *p)
{
	int last = p->first_month + period_months(p->period) - 1;

	return (month_first_day(last + 1) - 1 + d->wait_days) * DAY_S + DAY_S <= w->how->now;
}

static bool
is_wanted(const struct work *w, const struct definition *d, const struct point *p)
{
	int last = p->first_month + period_months(p->period) - 1;

	if (d->kind == KIND_OPTIONS && p->item[0] == '\0')
		return false;
	if (p->first_month > month_now(w))
		return false;
	if (d->only_organisation_year && (p->site[0] != '\0' || p->breakdown[0] != '\0' || p->variant[0] != '\0'
	    || p->period != PERIOD_YEAR))
		return false;
	return is_complete(w, d, p) || (w->how->until != 0 && last <= w->how->until);
}

static const char *
date_text(struct work *w, int64_t day)
{
	int year, month, mday;

	date_from_day(day, &year, &month, &mday);
	return text(w, "%04d-%02d-%02d", year, month, mday);
}

static const char *
period_id(struct work *w, const struct point *p)
{
	char name[32];

	period_text(p->period, p->first_month, name);
	return text(w, "%s", name);
}

/* "role", "answer", "role and answer"; and the category beside it. */
static void
name_breakdown(struct work *w, const struct point *p, struct pub_row *r)
{
	const char *parts[3] = { p->variant, p->category, p->item };
	const char *names[3] = { "variant", p->breakdown, "answer" };
	char breakdown[256] = "", category[256] = "";

	for (size_t i = 0; i < 3; i++) {
		size_t b = strlen(breakdown), c = strlen(category);

		if (parts[i][0] == '\0')
			continue;
		snprintf(breakdown + b, sizeof(breakdown) - b, "%s%s", b == 0 ? "" : ", ", names[i]);
		snprintf(category + c, sizeof(category) - c, "%s%s", c == 0 ? "" : ", ", parts[i]);
	}
	r->breakdown = text(w, "%s", breakdown);
	r->category = text(w, "%s", category);
}

const char *
prepare_row_id(struct work *w, const struct definition *d, const struct point *p)
{
	char area[160];

	if (p->site[0] == '\0')
		snprintf(area, sizeof(area), "all");
	else
		snprintf(area, sizeof(area), "site=%s", p->site);
	return text(w, "%s@%lld|%s|%s%s%s%s%s%s%s%s%s", d->id, (long long)d->version, period_id(w, p), area,
	    p->variant[0] != '\0' ? "|variant=" : "", p->variant,
	    p->breakdown[0] != '\0' ? "|" : "", p->breakdown, p->breakdown[0] != '\0' ? "=" : "", p->category,
	    p->item[0] != '\0' ? "|answer=" : "", p->item);
}

static const char *
direction_word(enum direction d)
{
	switch (d) {
	case DIRECTION_INCREASE:
		return "increase";
	case DIRECTION_DECREASE:
		return "decrease";
	case DIRECTION_NEUTRAL:
		break;
	}
	return "neutral";
}

static enum err_code
add_row(struct work *w, const struct definition *d, const char *hash, const struct point *p, struct err *err)
{
	struct draft_row *dr;
	struct pub_row *r;

	if (w->n == w->cap) {
		size_t cap = w->cap == 0 ? 1024 : w->cap * 2;
		struct draft_row *more = realloc(w->rows, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		w->rows = more;
		w->cap = cap;
	}
	dr = &w->rows[w->n++];
	*dr = (struct draft_row){ .d = d, .p = p, .base = FIGURE_NONE, .count = FIGURE_NONE,
	    .helped = FIGURE_NONE };
	r = &dr->row;
	r->id = prepare_row_id(w, d, p);
	r->indicator = d->id;
	r->version = text(w, "%lld", (long long)d->version);
	r->title = d->title;
	r->unit = d->value_percent ? "%" : d->unit;
	r->direction = direction_word(d->direction);
	r->definition_hash = hash;
	r->area_code = p->site[0] == '\0' ? "all" : p->site;
	r->area_name = area_name(w, p->site);
	r->area_level = p->site[0] == '\0' ? "organisation" : "site";
	r->ons_code = r->comparison = r->verdict = r->spc_rule = r->variation = r->assurance = r->flag = "";
	name_breakdown(w, p, r);
	r->period_start = date_text(w, month_first_day(p->first_month));
	r->period_end = date_text(w, month_first_day(p->first_month + period_months(p->period)) - 1);
	r->annotation = is_complete(w, d, p) ? "" : "not complete yet";
	r->publication = w->no;
	return r->id == NULL || r->version == NULL || r->breakdown == NULL || r->category == NULL
	    || r->period_start == NULL || r->period_end == NULL ? err_nomem(err) : ERR_OK;
}

bool
prepare_counts_people(const struct definition *d)
{
	return d->kind == KIND_PROPORTION || d->kind == KIND_OPTIONS || d->kind == KIND_THEME;
}

/* --- rounding ---------------------------------------------------------------------------------------- */

static struct pub_num
shown(double v)
{
	return isfinite(v) ? (struct pub_num){ true, v } : (struct pub_num){ false, 0 };
}

static struct pub_num
rounded(const struct definition *d, double v)
{
	if (d->value_percent)
		v *= 100;
	return shown(isfinite(v) ? stat_round(v, d->value_decimals, d->value_mode) : v);
}

static struct pub_num
rounded_count(const struct definition *d, bool organisation, double v)
{
	int step = organisation ? d->total_step : d->count_step;

	if (!isfinite(v) || step <= 1)
		return shown(v);
	return shown(stat_round_to(v, step, organisation ? d->total_mode : d->count_mode));
}

static const char *
verdict_id(enum verdict v)
{
	switch (v) {
	case VERDICT_MET:
		return "met";
	case VERDICT_NOT_MET:
		return "not_met";
	case VERDICT_CANNOT_SAY:
		return "cannot_say";
	case VERDICT_NONE:
		break;
	}
	return "";
}

static void
fill(struct work *w, struct draft_row *dr)
{
	const struct definition *d = dr->d;
	const struct point *p = dr->p;
	struct pub_row *r = &dr->row;
	bool organisation = p->site[0] == '\0' && p->breakdown[0] == '\0';
	struct buf compared;

	r->denominator = rounded_count(d, organisation, d->kind == KIND_RATE ? p->at_risk : d->blocks[0].measure.by_session
	    ? (double)p->sum.people : (double)p->sum.n);
	if (prepare_counts_people(d) || d->kind == KIND_RATE || d->kind == KIND_COUNT)
		r->numerator = rounded_count(d, organisation, p->sum.num);
	r->value = rounded(d, p->e.value);
	r->lower95 = rounded(d, p->e.lower95);
	r->upper95 = rounded(d, p->e.upper95);
	r->lower998 = rounded(d, p->e.lower998);
	r->upper998 = rounded(d, p->e.upper998);
	if (r->lower95.shown && r->upper95.shown)
		r->margin = shown(stat_round((r->upper95.v - r->lower95.v) / 2, d->value_decimals, d->value_mode));
	if (p->sum.people > 0)
		r->helped_share = shown(stat_round(100.0 * (double)p->helped / (double)p->sum.people, 0, ROUND_HALF_AWAY));
	r->target = rounded(d, p->target);
	r->verdict = verdict_id(p->verdict);
	buf_init(&compared, 4096);
	compare_row(d, r, &compared);
	r->comparison = text(w, "%s", buf_str(&compared));
	buf_free(&compared);
}

/* --- charts ------------------------------------------------------------------------------------------ */

/* The month index of a rebase among the N shown rows; SIZE_MAX if none. */
static size_t
rebase_at(struct draft_row *const *series, size_t n, int month)
{
	for (size_t i = 1; i < n; i++)
		if (series[i]->p->first_month >= month)
			return i;
	return SIZE_MAX;
}

static enum err_code
chart_series(struct draft_row *const *series, size_t n, struct err *err)
{
	const struct definition *d = series[0]->d;
	double *y = calloc(n, sizeof(*y)), target = series[n - 1]->row.target.shown ? series[n - 1]->row.target.v
	    : (double)NAN;
	size_t *rebase = calloc(d->n_rebases + 1, sizeof(*rebase));
	struct spc_options o = {
		.rebase = rebase, .fix_after = d->fix_after, .screen = d->screen, .improvement = d->direction,
		.target = target, .shift = d->shift, .trend = d->trend, .no_two_of_three = !d->two_of_three,
	};
	struct spc_chart chart = {0};
	enum err_code rc = y == NULL || rebase == NULL ? err_nomem(err) : ERR_OK;

	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		y[i] = series[i]->row.value.v;
	for (size_t i = 0; i < d->n_rebases && rc == ERR_OK; i++) {
		size_t at = rebase_at(series, n, d->rebases[i].month);

		if (at != SIZE_MAX && (o.n_rebase == 0 || rebase[o.n_rebase - 1] < at))
			rebase[o.n_rebase++] = at;
	}
	if (rc == ERR_OK)
		rc = spc_xmr(y, n, &o, &chart, err);
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		const struct spc_segment *s = &chart.segments[chart.points[i].segment];
		struct pub_row *r = &series[i]->row;

		r->spc_mean = rounded(&(struct definition){ .value_decimals = d->value_decimals + 1 }, s->mean);
		r->spc_lower = rounded(&(struct definition){ .value_decimals = d->value_decimals + 1 }, s->lower);
		r->spc_upper = rounded(&(struct definition){ .value_decimals = d->value_decimals + 1 }, s->upper);
		r->spc_rule = spc_rule_code(chart.points[i].rule);
		r->variation = spc_icon_code(chart.points[i].icon);
		r->assurance = i + 1 == n ? spc_assurance_word(chart.assurance) : "";
	}
	spc_clear(&chart);
	free(y);
	free(rebase);
	return rc;
}

/* Rows from FIRST on are in the order of their points: series after series, month after month. */
static enum err_code
chart(struct work *w, const struct definition *d, size_t first, size_t last, struct err *err)
{
	struct draft_row **series = calloc(last - first + 1, sizeof(*series));
	enum err_code rc = series == NULL ? err_nomem(err) : ERR_OK;
	size_t end;

	for (size_t i = first; i < last && rc == ERR_OK && d->chart; i = end) {
		size_t n = 0;

		for (end = i; end < last && points_same_series(w->rows[i].p, w->rows[end].p); end++)
			if (!w->rows[end].row.suppressed && w->rows[end].row.value.shown)
				series[n++] = &w->rows[end];
		if (n > 0)
			rc = chart_series(series, n, err);
	}
	free(series);
	return rc;
}

/* --- all together ------------------------------------------------------------------------------------ */

static bool
is_published(const struct definition *d, bool drafts)
{
	return d->state == STATE_AGREED || (drafts && d->state == STATE_DRAFT);
}

/* Which rows of a family are published: all; without what is crossed with sites; only totals of areas. */
enum rows_kept { ROWS_ALL, ROWS_UNCROSSED, ROWS_TOTALS };

static bool
is_kept(enum rows_kept kept, const struct point *p)
{
	if (p->breakdown[0] == '\0' || kept == ROWS_ALL)
		return true;
	return kept == ROWS_UNCROSSED && p->site[0] == '\0';
}

/* P as it was published last; NULL: it never was. */
static const struct shown *
last_shown(struct work *w, const struct member *m, const struct point *p)
{
	const char *id = prepare_row_id(w, m->d, p);
	size_t first, n;

	if (id == NULL)
		return NULL;
	history_of(&w->history, id, m->hash, &first, &n);
	return n == 0 ? NULL : &w->history.shown[first + n - 1];
}

void
prepare_as_before(struct pub_row *r, const struct pub_row *old)
{
	r->numerator = old->numerator;
	r->denominator = old->denominator;
	r->value = old->value;
	r->lower95 = old->lower95;
	r->upper95 = old->upper95;
	r->lower998 = old->lower998;
	r->upper998 = old->upper998;
	r->margin = old->margin;
	r->helped_share = old->helped_share;
	r->verdict = old->verdict;
	r->comparison = old->comparison;
}

/* Figures whose facts are gone are what was said of them last, shown or hidden: which people are in them is not known any
 * more, so nothing new may be said. */
static void
repeat(struct work *w, struct draft_row *dr, const struct shown *last)
{
	const struct pub_row *old = last->row;
	struct pub_row *r = &dr->row;

	dr->expired = true;
	dr->before = last;
	prepare_as_before(r, old);
	r->target = old->target;
	r->annotation = old->annotation;
	r->suppressed = old->suppressed;
	r->flag = strcmp(old->flag, "[r]") == 0 ? "" : old->flag;	/* revised in that publication, not in this */
	w->report.suppressed += old->suppressed;
	w->report.hidden_before += old->suppressed;
	w->report.expired++;
}

static enum err_code
add_rows(struct work *w, struct member *m, enum rows_kept kept, struct err *err)
{
	enum err_code rc = ERR_OK;

	m->first = w->n;
	for (size_t i = 0; rc == ERR_OK && i < m->points.n && m->is_published; i++) {
		const struct point *p = &m->points.list[i];
		bool expired = p->first_month < m->points.kept_from;
		const struct shown *last = expired ? last_shown(w, m, p) : NULL;

		if (!is_wanted(w, m->d, p))
			continue;
		if (expired && last == NULL) {
			w->report.unpublished++;
			continue;
		}
		if (!is_kept(kept, p)) {
			w->report.dropped++;
			continue;
		}
		rc = add_row(w, m->d, m->hash, p, err);
		if (rc == ERR_OK)
			fill(w, &w->rows[w->n - 1]);
		if (rc == ERR_OK && expired)
			repeat(w, &w->rows[w->n - 1], last);
	}
	m->end = w->n;
	return rc;
}

/* All rows of a family, hidden where they must be. What is too much to check is published without crosses, then without
 * breakdowns: fail closed. */
static enum err_code
add_family(struct work *w, struct member *members, size_t n, struct err *err)
{
	const struct prepare_report before = w->report;
	size_t first = w->n;
	enum err_code rc = ERR_LIMIT;

	for (int kept = ROWS_ALL; kept <= ROWS_TOTALS && rc == ERR_LIMIT; kept++) {
		w->n = first;
		w->report = before;
		rc = ERR_OK;
		for (size_t m = 0; m < n && rc == ERR_OK; m++)
			rc = add_rows(w, &members[m], (enum rows_kept)kept, err);
		if (rc == ERR_OK)
			rc = prepare_suppress(w, members, n, err);
	}
	for (size_t m = 0; m < n && rc == ERR_OK; m++) {
		const struct definition *d = members[m].d;

		rc = chart(w, d, members[m].first, members[m].end, err);
		if (members[m].end > members[m].first)
			w->definitions[w->n_definitions++] = (struct pub_definition){
				.id = d->id, .version = d->version, .hash = members[m].hash, .text = buf_str(&d->canonical),
			};
	}
	return rc;
}

static enum err_code
load_member(struct work *w, const struct definition *d, struct member *m, struct err *err)
{
	char *hash = arena_alloc(&w->arena, 65);
	bool is_new;
	enum err_code rc;

	if (hash == NULL)
		return err_nomem(err);
	hex_str(d->hash, 32, hash);
	*m = (struct member){ .d = d, .hash = hash, .is_published = is_published(d, w->how->drafts) };
	rc = facts_definition(w->f, d->id, d->version, d->hash, d->state != STATE_DRAFT, buf_str(&d->canonical), &m->def,
	    &is_new, err);
	return rc == ERR_OK ? points_of(w->f, d, m->def, &m->points, err) : rc;
}

/* The family of definition AT of L, if it is the first of it: one that is not published counts for what it showed. */
static enum err_code
prepare_family(struct work *w, const struct library *l, const size_t *family, size_t at, struct err *err)
{
	struct member *members = calloc(l->n, sizeof(*members));
	size_t n = 0;
	bool any = false;
	enum err_code rc = members == NULL ? err_nomem(err) : ERR_OK;

	for (size_t i = at; i < l->n && rc == ERR_OK && family[at] == at; i++) {
		if (family[i] != at)
			continue;
		rc = load_member(w, l->list[i], &members[n++], err);
		any = any || members[n - 1].is_published;
	}
	if (rc == ERR_OK && any)
		rc = add_family(w, members, n, err);
	for (size_t m = 0; m < n; m++)
		w->points[w->n_points++] = members[m].points;	/* rows point into them */
	free(members);
	return rc;
}

static const char *
policy_text(struct work *w, const struct library *l)
{
	struct buf out;
	const char *made;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < l->n; i++) {
		const struct policy *p = &l->list[i]->policy;

		buf_printf(&out, "%s@%lld: base_min %lld, cell_min %lld, zero %s, complement %s, round %d\n",
		    l->list[i]->id, (long long)l->list[i]->version, (long long)p->base_min, (long long)p->cell_min,
		    p->zero_hidden ? "organisation" : "shown", p->complement ? "yes" : "no", p->round);
	}
	made = arena_str(&w->arena, buf_str(&out));
	buf_free(&out);
	return made;
}

static const char *
tables_text(struct work *w, const struct library *l)
{
	struct buf out;
	const char *made;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->list[i]->n_tables; k++) {
			buf_printf(&out, "%s%s/%s ", out.len == 0 ? "" : ", ", l->list[i]->id,
			    l->list[i]->tables[k].name);
			hex_put(&out, l->list[i]->tables[k].hash, 32);
		}
	made = arena_str(&w->arena, buf_str(&out));
	buf_free(&out);
	return made;
}

static int
row_cmp(const void *va, const void *vb)
{
	const struct draft_row *a = va, *b = vb;

	return strcmp(a->row.id, b->row.id);
}

static enum err_code
write_file(struct work *w, const struct library *l, struct buf *out, struct err *err)
{
	struct pub_row *rows = calloc(w->n + 1, sizeof(*rows));
	char previous[65], head[FACTS_TEXT] = "", object[64];
	struct pub_manifest m = {
		.no = w->no, .made_at = w->how->now, .organisation = w->how->organisation,
		.policy = policy_text(w, l), .tables = tables_text(w, l), .audit_heads = head, .previous = previous,
		.definitions = w->definitions, .n_definitions = w->n_definitions,
	};
	int64_t last;
	enum err_code rc = rows == NULL || m.policy == NULL || m.tables == NULL ? err_nomem(err)
	    : facts_last_publication(w->f, &last, previous, err);

	snprintf(object, sizeof(object), "publication %lld", (long long)w->no);
	if (rc == ERR_OK)
		rc = facts_audit(w->f, w->how->now, w->how->actor == NULL ? "unknown" : w->how->actor,
		    w->how->role == NULL ? "" : w->how->role, "prepare", object, "", err);
	if (rc == ERR_OK)
		rc = facts_audit_head(w->f, head, err);
	if (rc == ERR_OK)
		rc = facts_data_rev(w->f, &m.data_rev, err);
	if (rc == ERR_OK) {
		qsort(w->rows, w->n, sizeof(*w->rows), row_cmp);
		for (size_t i = 0; i < w->n; i++)
			rows[i] = w->rows[i].row;
		rc = pub_write(&m, rows, w->n, out, err);
	}
	if (rc == ERR_OK)
		rc = facts_prepared(w->f, w->no, m.data_rev, "", out->data, out->len, err);
	free(rows);
	return rc;
}

/* The comparison of the night, now: what would be published must follow from the facts. */
static enum err_code
must_equal(struct facts *f, struct err *err)
{
	int64_t cells, different;
	enum err_code rc = facts_compare(f, &cells, &different, err);

	if (rc == ERR_OK && different != 0)
		rc = err_set(err, ERR_BROKEN, "%lld of %lld cells are not what the facts add up to: nothing is "
		    "published until that is explained", (long long)different, (long long)cells);
	return rc;
}

void
prepare_report_text(const struct prepare_report *r, struct buf *out)
{
	const struct { size_t n; const char *why; } hidden[] = { { r->small, "small themselves" },
	    { r->protecting, "so that those cannot be worked out" }, { r->empty, "of nobody" },
	    { r->hidden_before, "as before" } };
	const char *between = ": ";

	buf_printf(out, "publication %lld: %zu rows of %zu indicator%s prepared, %zu hidden", (long long)r->no, r->rows,
	    r->definitions, r->definitions == 1 ? "" : "s", r->suppressed);
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (hidden[i].n > 0) {
			buf_printf(out, "%s%zu %s", between, hidden[i].n, hidden[i].why);
			between = ", ";
		}
	if (r->kept_back > 0)
		buf_printf(out, "; %zu stay as published, because too few people came or went since", r->kept_back);
	if (r->expired > 0)
		buf_printf(out, "; %zu stay as published last, because their facts are gone", r->expired);
	if (r->unpublished > 0)
		buf_printf(out, "; %zu left out, because their facts went before they were ever published", r->unpublished);
	if (r->dropped > 0)
		buf_printf(out, "; %zu left out: more crosses and breakdowns than can be checked", r->dropped);
}

enum err_code
prepare_publication(struct facts *f, const struct library *library, struct store *sites,
	const struct prepare *how, struct buf *out, struct prepare_report *report, struct err *err)
{
	struct work w = { .f = f, .how = how };
	struct points *points = calloc(library->n + 1, sizeof(*points));	/* of all families: rows point into them */
	char sha256[65];
	size_t *family = NULL;
	enum err_code rc;

	arena_init(&w.arena, ARENA);
	w.points = points;
	w.definitions = arena_calloc(&w.arena, library->n + 1, sizeof(*w.definitions));
	rc = points == NULL || w.definitions == NULL ? err_nomem(err) : facts_begin(f, err);
	if (rc != ERR_OK)
		goto out;
	rc = must_equal(f, err);
	if (rc == ERR_OK && sites != NULL)
		rc = sites->ops->site_each(sites, add_site, &w.sites, err);
	if (rc == ERR_OK)
		rc = facts_last_publication(f, &w.no, sha256, err);
	w.no++;
	if (rc == ERR_OK)
		rc = facts_snapshot_clear(f, w.no, err);
	if (rc == ERR_OK)
		rc = history_load(f, &w.history, err);
	if (rc == ERR_OK)
		rc = families_of(library, &family, err);
	for (size_t i = 0; i < library->n && rc == ERR_OK; i++)
		rc = prepare_family(&w, library, family, i, err);
	if (rc == ERR_OK && w.n == 0)
		rc = err_set(err, ERR_INPUT, "there is nothing to publish: no agreed definition has a complete "
		    "period with answers (candour indicator check shows the states)");
	if (rc == ERR_OK)
		rc = write_file(&w, library, out, err);
	w.report.definitions = w.n_definitions;
	w.report.rows = w.n;
	w.report.no = w.no;
	if (rc == ERR_OK)
		rc = facts_commit(f, err);
	if (rc != ERR_OK)
		facts_rollback(f);
	else
		*report = w.report;
out:
	for (size_t i = 0; i < w.n_points; i++)
		points_clear(&points[i]);
	free(points);
	free(family);
	free(w.rows);
	free(w.sites.list);
	history_clear(&w.history);
	arena_clear(&w.arena);
	return rc;
}
