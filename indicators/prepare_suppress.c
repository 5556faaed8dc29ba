/* Suppression of what is prepared: every figure of a family of definitions, of this and of every earlier publication, is
 * one system (disclosure.h). See prepare.h. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "indicators/evaluate.h"
#include "indicators/history_atoms.h"
#include "indicators/prepare_private.h"

enum { LEVEL_SITE_BREAKDOWN = 0, LEVEL_SITE = 1, LEVEL_BREAKDOWN = LEVEL_ORGANISATION - 1, LEVEL_BY_POINT = -1 };
enum { SPLIT_SITES = 0, SPLIT_VARIANT = 1, SPLIT_BREAKDOWN = 2 };

struct system {
	struct work *w;
	struct member *members;
	size_t n_members;
	struct policy policy;
	struct disclosure *dis;
	struct atoms *atoms;
	uint32_t *list;		/* room for the atoms of a figure */
	uint8_t *mark;		/* of an atom */
	size_t n_list;
};

static bool
is_helped(const struct leaf *l)
{
	char value[8];

	return bucket_value(l->bucket, "helped", value, sizeof(value)) && strcmp(value, "yes") == 0;
}

/* The atoms of figure KIND of PT as of publication NO into the list. */
static void
atoms_in(struct system *s, size_t member, const struct point *pt, enum figure_kind kind, int64_t no)
{
	const struct points *p = &s->members[member].points;
	uint32_t at = atoms_index(s->atoms, no);

	s->n_list = 0;
	for (size_t i = 0; i < pt->n_leaves; i++) {
		size_t n;
		const struct atom_span *span = atoms_of(s->atoms, member, pt->leaves[i], &n);

		if (kind == FIGURE_HELPED && !is_helped(&p->leaves[pt->leaves[i]]))
			continue;
		for (size_t k = 0; k < n; k++)
			if (span[k].from <= at && at < span[k].until && (kind != FIGURE_COUNT || span[k].in))
				s->list[s->n_list++] = span[k].atom;
	}
}

/* People that the point's site supports (table people_supported); -1: not said, or not a site. */
static int64_t
supported(const struct definition *d, const struct point *p)
{
	double n = p->site[0] == '\0' ? NAN
	    : definition_at_risk(d, NULL, p->site, p->first_month, p->first_month + period_months(p->period) - 1);

	return isnan(n) ? -1 : (int64_t)n;
}

/* Breakdowns lie below the total of their own area. */
static int
level_of(const struct point *p)
{
	bool part = p->breakdown[0] != '\0' || p->variant[0] != '\0';

	if (p->site[0] != '\0')
		return part ? LEVEL_SITE_BREAKDOWN : LEVEL_SITE;
	return part ? LEVEL_BREAKDOWN : LEVEL_ORGANISATION;
}

/* Add figure KIND of PT as of NO; FIG says what else is known of it. */
static enum err_code
add_figure(struct system *s, size_t member, const struct point *pt, int64_t no, struct figure fig, int *index,
	struct err *err)
{
	const struct member *m = &s->members[member];
	struct history_count n = history_counts(&m->points, m->chains, pt, no);

	atoms_in(s, member, pt, fig.kind, no);
	if (fig.level == LEVEL_BY_POINT)
		fig.level = level_of(pt);
	fig.supported = fig.kind == FIGURE_BASE ? supported(m->d, pt) : -1;
	fig.count = fig.kind == FIGURE_BASE ? n.people : fig.kind == FIGURE_HELPED ? n.helped : n.in;
	if (fig.kind != FIGURE_BASE && fig.count > n.people)	/* a session counts once and stands for nobody */
		fig.count = n.people;
	fig.atoms = s->list;
	fig.n_atoms = s->n_list;
	return disclosure_add(s->dis, &fig, index, err);
}

static struct figure
plain(enum figure_kind kind, int base)
{
	return (struct figure){ .kind = kind, .level = LEVEL_BY_POINT, .base = base, .pair = FIGURE_NONE, .whole = FIGURE_NONE };
}

/* --- the past ------------------------------------------------------------------------------------------------------ */

/* A rate shows how many events there were, beside a number at risk that everybody knows. */
static bool
showed_base(const struct definition *d, const struct pub_row *r)
{
	return d->kind == KIND_RATE ? r->numerator.shown || r->value.shown : r->denominator.shown;
}

/* What THEN did not show of POINT is as little to be worked out now. NEXT: the publication after it, whose figures it is
 * not worth repeating. */
static enum err_code
add_hidden_past(struct system *s, size_t member, const struct point *point, const struct shown *then, int64_t next,
	struct err *err)
{
	const struct member *m = &s->members[member];
	bool base_shown = then->is_new && showed_base(m->d, then->row);
	struct figure fig = plain(FIGURE_BASE, FIGURE_NONE);
	int unused;
	enum err_code rc = ERR_OK;

	if (history_same(m->chains, point, then->no, next) || (base_shown && then->row->value.shown && then->row->helped_share.shown))
		return ERR_OK;
	fig.never = fig.unpublished = true;
	rc = add_figure(s, member, point, then->no, fig, &fig.base, err);
	fig.kind = FIGURE_COUNT;
	if (rc == ERR_OK && prepare_counts_people(m->d))
		rc = add_figure(s, member, point, then->no, fig, &unused, err);
	fig.kind = FIGURE_HELPED;
	fig.never = false;	/* left out of every hidden row: a secret only if it is small */
	return rc == ERR_OK ? add_figure(s, member, point, then->no, fig, &unused, err) : rc;
}

/* Every figure of POINT that was ever shown. DR (or NULL: no such row now) learns the last of them. */
static enum err_code
add_shown_past(struct system *s, size_t member, const struct point *point, const struct shown *then, struct draft_row *dr,
	struct err *err)
{
	const struct member *m = &s->members[member];
	int base = FIGURE_NONE, count = FIGURE_NONE, helped = FIGURE_NONE;
	struct figure fig = plain(FIGURE_BASE, FIGURE_NONE);
	enum err_code rc;

	fig.frozen = true;
	rc = add_figure(s, member, point, then->no, fig, &base, err);
	fig.base = base;
	fig.kind = FIGURE_COUNT;
	if (rc == ERR_OK && then->row->value.shown && prepare_counts_people(m->d))
		rc = add_figure(s, member, point, then->no, fig, &count, err);
	fig.kind = FIGURE_HELPED;
	if (rc == ERR_OK && then->row->helped_share.shown)
		rc = add_figure(s, member, point, then->no, fig, &helped, err);
	if (dr == NULL)
		return rc;
	dr->base_before = then;
	dr->base_then = base;
	if (then->row->value.shown) {
		dr->before = then;
		dr->base = base;
		dr->count = count;
		dr->helped = helped;
	}
	return rc;
}

static enum err_code
add_past(struct system *s, size_t member, const struct point *point, struct draft_row *dr, struct err *err)
{
	const struct member *m = &s->members[member];
	const char *id = prepare_row_id(s->w, m->d, point);
	size_t first, n;
	enum err_code rc = id == NULL ? err_nomem(err) : ERR_OK;

	if (rc != ERR_OK)
		return rc;
	history_of(&s->w->history, id, m->hash, &first, &n);
	for (size_t i = first; i < first + n && rc == ERR_OK; i++) {
		const struct shown *then = &s->w->history.shown[i];

		if (then->is_new && showed_base(m->d, then->row))
			rc = add_shown_past(s, member, point, then, dr, err);
		if (rc == ERR_OK)
			rc = add_hidden_past(s, member, point, then, i + 1 < first + n ? then[1].no : HISTORY_NOW, err);
	}
	return rc;
}

/* --- the present --------------------------------------------------------------------------------------------------- */

/* A figure that was shown stays as it was, [p], until at least base_min people came or went since. */
static void
stay(struct work *w, struct draft_row *dr, int64_t moved)
{
	const struct pub_row *old = dr->before->row;
	struct pub_row *r = &dr->row;

	dr->kept = true;
	prepare_as_before(r, old);
	if (moved == 0)
		return;
	r->flag = "[p]";
	w->report.kept_back++;
}

/* What DR's figures are now, where the row shows those of an earlier publication: if nothing CHANGED that says so, and they
 * are as good as printed; else they are not to be shown, and not to be worked out from other rows either. */
static enum err_code
add_now(struct system *s, size_t member, const struct draft_row *dr, bool changed, struct err *err)
{
	struct figure fig = plain(FIGURE_BASE, FIGURE_NONE);
	int base, unused;
	enum err_code rc;

	fig.never = changed;
	fig.frozen = !changed;
	rc = add_figure(s, member, dr->p, HISTORY_NOW, fig, &base, err);
	fig.base = base;
	fig.kind = FIGURE_COUNT;
	if (rc == ERR_OK && prepare_counts_people(dr->d))
		rc = add_figure(s, member, dr->p, HISTORY_NOW, fig, &unused, err);
	fig.kind = FIGURE_HELPED;
	if (rc == ERR_OK && (changed || dr->row.helped_share.shown))
		rc = add_figure(s, member, dr->p, HISTORY_NOW, fig, &unused, err);
	return rc;
}

static int
text_cmp(const char *const a[], const char *const b[], size_t n)
{
	int d = 0;

	for (size_t i = 0; i < n && d == 0; i++)
		d = strcmp(a[i], b[i]);
	return d;
}

/* The row of M at this place and period; NULL: none. Rows are in the order of points. */
static struct draft_row *
find_row(const struct work *w, const struct member *m, const char *const key[5], int month)
{
	size_t low = m->first, high = m->end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct point *p = w->rows[mid].p;
		const char *const at[5] = { p->site, p->variant, p->breakdown, p->category, p->item };
		int d = text_cmp(at, key, 5);

		if (d == 0 && p->first_month == month)
			return &w->rows[mid];
		if (d < 0 || (d == 0 && p->first_month < month))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* The row that DR is a part of, and by what; NULL: none. */
static const struct draft_row *
whole_of(const struct work *w, const struct member *m, const struct draft_row *dr, int *split)
{
	const struct point *p = dr->p;
	const char *site = p->site, *variant = p->variant, *breakdown = p->breakdown, *category = p->category;
	const struct draft_row *whole;

	if (p->breakdown[0] != '\0') {
		*split = SPLIT_BREAKDOWN;
		for (size_t i = 0; i < m->d->n_by; i++)
			if (strcmp(m->d->by[i].label, p->breakdown) == 0)
				*split = SPLIT_BREAKDOWN + (int)i;
		breakdown = category = "";
	} else if (p->variant[0] != '\0') {
		*split = SPLIT_VARIANT;
		variant = "";
	} else {
		*split = SPLIT_SITES;
		site = "";
	}
	whole = find_row(w, m, (const char *const[]){ site, variant, breakdown, category, p->item }, p->first_month);
	return whole != NULL && whole != dr && whole->p->period == p->period ? whole : NULL;
}

/* A breakdown with one category is its whole again: what may be said there may be said here. */
static int
level_of_row(const struct work *w, const struct member *m, const struct draft_row *dr)
{
	const struct draft_row *whole;
	int split;

	while ((whole = whole_of(w, m, dr, &split)) != NULL && whole->p->n_leaves == dr->p->n_leaves)
		dr = whole;
	return level_of(dr->p);
}

/* A mean of one and the same value says what each person there gave, as 0 % and 100 % do. */
static bool
is_told_of_each(const struct system *s, const struct draft_row *dr, int level)
{
	const struct cell_sum *sum = &dr->p->sum;

	return (dr->d->kind == KIND_MEAN || dr->d->kind == KIND_SCORE) && s->policy.zero_hidden && level < LEVEL_ORGANISATION
	    && sum->n > 0 && sum->m2 <= 1e-18 * (double)sum->n * fmax(1, sum->mean * sum->mean);
}

/* The figures of the row DR: a kept one is in the system already, another is asked for. */
static enum err_code
add_present_row(struct system *s, size_t member, struct draft_row *dr, struct err *err)
{
	const struct member *m = &s->members[member];
	int64_t moved = dr->before == NULL ? INT64_MAX : history_moved(m->chains, dr->p, dr->before->no);
	int64_t base_moved = dr->base_before == NULL ? INT64_MAX : history_moved(m->chains, dr->p, dr->base_before->no);
	struct figure fig = plain(FIGURE_BASE, FIGURE_NONE);
	const struct draft_row *whole = whole_of(s->w, m, dr, &fig.split);
	enum err_code rc = ERR_OK;

	if (moved < s->policy.base_min) {
		stay(s->w, dr, moved);
		return add_now(s, member, dr, moved > 0, err);
	}
	dr->count = dr->helped = FIGURE_NONE;
	if (base_moved < s->policy.base_min)
		dr->row.denominator = dr->base_before->row->denominator;
	dr->is_between = base_moved > 0 && base_moved < s->policy.base_min;
	if (dr->is_between) {
		dr->base = dr->base_then;
		return add_now(s, member, dr, true, err);
	}
	fig.level = level_of_row(s->w, m, dr);
	fig.never = is_told_of_each(s, dr, fig.level);
	fig.frozen = base_moved == 0 && !fig.never;	/* shown again: who came and who left are as many */
	fig.whole = whole == NULL ? FIGURE_NONE : whole->base;
	rc = add_figure(s, member, dr->p, HISTORY_NOW, fig, &dr->base, err);
	fig.frozen = fig.never = false;
	fig.base = dr->base;
	fig.kind = FIGURE_COUNT;
	fig.whole = whole == NULL ? FIGURE_NONE : whole->count;
	if (rc == ERR_OK && prepare_counts_people(m->d))
		rc = add_figure(s, member, dr->p, HISTORY_NOW, fig, &dr->count, err);
	fig.kind = FIGURE_HELPED;
	fig.whole = whole == NULL ? FIGURE_NONE : whole->helped;
	return rc == ERR_OK ? add_figure(s, member, dr->p, HISTORY_NOW, fig, &dr->helped, err) : rc;
}

/* A breakdown of two (male and female, 18-64 and 65 and over) hides as a pair. */
static void
pair_rows(struct system *s, const struct member *m)
{
	const struct work *w = s->w;
	size_t end;

	for (size_t i = m->first; i < m->end; i = end) {
		const struct point *p = w->rows[i].p;
		const char *second = NULL;
		size_t categories = 1, middle = i;

		for (end = i; end < m->end; end++) {
			const struct point *q = w->rows[end].p;

			if (strcmp(p->site, q->site) != 0 || strcmp(p->variant, q->variant) != 0
			    || strcmp(p->breakdown, q->breakdown) != 0)
				break;
			if (strcmp(second == NULL ? p->category : second, q->category) == 0)
				continue;
			second = q->category;
			middle = categories++ == 1 ? end : middle;
		}
		for (size_t k = i; k < middle && categories == 2; k++) {
			const struct point *q = w->rows[k].p;
			const struct draft_row *a = &w->rows[k], *b = find_row(w, m, (const char *const[]){ q->site, q->variant,
			    q->breakdown, second, q->item }, q->first_month);

			if (b == NULL || a->expired || a->kept || b->kept || a->is_between || b->is_between)
				continue;
			disclosure_pair(s->dis, a->base, b->base);
			disclosure_pair(s->dis, a->count, b->count);
		}
	}
}

/* --- overlapping definitions --------------------------------------------------------------------------------------- */

/* Who is in figure KIND of A and not in that of B: if they are few, nobody may find out how many, so a figure of its own
 * that is not published. */
static enum err_code
add_difference(struct system *s, size_t ma, const struct draft_row *a, size_t mb, const struct draft_row *b,
	enum figure_kind kind, struct err *err)
{
	int64_t no_a = a->kept ? a->before->no : HISTORY_NOW, no_b = b->kept ? b->before->no : HISTORY_NOW, people = 0, min;
	struct figure fig = plain(FIGURE_BASE, FIGURE_NONE);
	size_t n = 0;
	int unused;

	atoms_in(s, mb, b->p, kind, no_b);
	for (size_t i = 0; i < s->n_list; i++)
		s->mark[s->list[i]] = 1;
	atoms_in(s, ma, a->p, kind, no_a);
	for (size_t i = 0; i < s->n_list; i++) {
		int64_t k = atoms_people(s->atoms, s->list[i]);

		if (s->mark[s->list[i]] != 0)
			continue;
		people = k < 0 || people < 0 ? -1 : people + k;
		s->list[n++] = s->list[i];
	}
	fig.atoms = s->list;
	fig.n_atoms = n;
	fig.count = people;
	fig.level = level_of(a->p);
	fig.supported = -1;
	fig.never = fig.unpublished = true;
	min = kind == FIGURE_BASE ? s->policy.base_min : s->policy.cell_min;
	if (people > 0 && people < min) {
		enum err_code rc = disclosure_add(s->dis, &fig, &unused, err);

		if (rc != ERR_OK)
			return rc;
	}
	atoms_in(s, mb, b->p, kind, no_b);
	for (size_t i = 0; i < s->n_list; i++)
		s->mark[s->list[i]] = 0;
	return ERR_OK;
}

/* Rows of two definitions at one place and time. */
static enum err_code
add_differences(struct system *s, size_t ma, size_t mb, struct err *err)
{
	const struct member *a = &s->members[ma], *b = &s->members[mb];
	struct work *w = s->w;
	enum err_code rc = ERR_OK;

	for (size_t i = b->first; i < b->end && rc == ERR_OK; i++) {
		const struct point *q = w->rows[i].p;
		bool expired = w->rows[i].expired;
		const char *const key[4] = { q->site, q->variant, q->breakdown, q->category };
		size_t low = a->first, high = a->end;

		while (low < high) {
			size_t mid = low + (high - low) / 2;
			const struct point *p = w->rows[mid].p;

			if (text_cmp((const char *const[]){ p->site, p->variant, p->breakdown, p->category }, key, 4) < 0)
				low = mid + 1;
			else
				high = mid;
		}
		for (; low < a->end && rc == ERR_OK && !expired; low++) {
			const struct point *p = w->rows[low].p;

			if (text_cmp((const char *const[]){ p->site, p->variant, p->breakdown, p->category }, key, 4) != 0)
				break;
			if (p->first_month != q->first_month || p->period != q->period)
				continue;
			for (int kind = FIGURE_BASE; kind <= FIGURE_COUNT && rc == ERR_OK; kind++) {
				if (kind == FIGURE_COUNT && (!prepare_counts_people(a->d) || !prepare_counts_people(b->d)))
					continue;
				rc = add_difference(s, ma, &w->rows[low], mb, &w->rows[i], (enum figure_kind)kind, err);
				if (rc == ERR_OK)
					rc = add_difference(s, mb, &w->rows[i], ma, &w->rows[low], (enum figure_kind)kind, err);
			}
		}
	}
	return rc;
}

/* --- what came out ------------------------------------------------------------------------------------------------- */

static const struct pub_num none = { false, 0 };

static void
hide(struct work *w, struct pub_row *r, bool base_too, const char *flag)
{
	r->numerator = r->value = r->lower95 = r->upper95 = r->lower998 = r->upper998 = none;
	r->margin = r->helped_share = none;
	if (base_too)
		r->denominator = none;
	r->verdict = r->comparison = "";
	r->suppressed = true;
	r->flag = flag;
	w->report.suppressed++;
}

/* Why: figure FIG was small itself, or counts nobody, or it goes to protect another. */
static void
note_why(struct work *w, const struct disclosure *dis, char flag, int fig)
{
	if (flag == 'w')
		w->report.empty++;
	else if (fig != FIGURE_NONE && disclosure_is_primary(dis, fig))
		w->report.small++;
	else
		w->report.protecting++;
}

static const char *
flag_text(char flag)
{
	return flag == 'w' ? "[w]" : "[c]";
}

static void
put_flags(struct work *w, const struct disclosure *dis, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		struct draft_row *dr = &w->rows[i];
		char base, count = 0;

		if (dr->kept || dr->expired)
			continue;
		base = disclosure_flag(dis, dr->base);
		if (dr->count != FIGURE_NONE)
			count = disclosure_flag(dis, dr->count);
		if (dr->is_between) {
			hide(w, &dr->row, false, "[c][p]");
			note_why(w, dis, 'c', FIGURE_NONE);
		} else if (base == 'c' || base == 'w') {
			hide(w, &dr->row, true, flag_text(base));
			note_why(w, dis, base, dr->base);
		} else if (count == 'c' || count == 'w') {
			hide(w, &dr->row, false, flag_text(count));
			note_why(w, dis, count, dr->count);
		} else if (base == 'u') {
			dr->row.lower95 = dr->row.upper95 = dr->row.lower998 = dr->row.upper998 = dr->row.margin = none;
			dr->row.verdict = dr->row.comparison = "";
			dr->row.flag = "[u]";
		} else if (dr->before != NULL) {
			dr->row.flag = "[r]";
		}
		if (dr->helped == FIGURE_NONE || disclosure_flag(dis, dr->helped) == 'c')
			dr->row.helped_share = none;
	}
}

/* A figure whose facts are gone, and which some had changed between its publication and then: it stays for ever. */
static void
mark_expired(struct work *w, const struct member *m)
{
	for (size_t i = m->first; i < m->end; i++) {
		struct draft_row *dr = &w->rows[i];

		if (dr->expired && !dr->row.suppressed && dr->row.flag[0] == '\0' && history_moved(m->chains, dr->p, dr->before->no) > 0)
			dr->row.flag = "[p]";
	}
}

/* The strictest of all. */
static struct policy
policy_of(const struct member *members, size_t n)
{
	struct policy p = members[0].d->policy;

	for (size_t i = 1; i < n; i++) {
		const struct policy *q = &members[i].d->policy;

		p.base_min = q->base_min > p.base_min ? q->base_min : p.base_min;
		p.cell_min = q->cell_min > p.cell_min ? q->cell_min : p.cell_min;
		p.zero_hidden = p.zero_hidden || q->zero_hidden;
		p.complement = p.complement || q->complement;
	}
	return p;
}

static enum err_code
system_new(struct system *s, struct err *err)
{
	struct atoms_member *of = calloc(s->n_members + 1, sizeof(*of));
	enum err_code rc = of == NULL ? err_nomem(err) : disclosure_new(&s->policy, &s->dis, err);
	size_t n = 0;

	for (size_t m = 0; m < s->n_members && rc == ERR_OK; m++) {
		struct member *k = &s->members[m];
		bool counts = prepare_counts_people(k->d);

		of[m] = (struct atoms_member){ k->def, &k->points, counts };
		rc = history_chains(s->w->f, k->def, &k->points, counts, &s->w->arena, &k->chains, err);
	}
	if (rc == ERR_OK)
		rc = atoms_new(s->w->f, &s->w->history, of, s->n_members, s->dis, &s->atoms, err);
	if (rc == ERR_OK) {
		n = atoms_count(s->atoms);
		s->list = calloc(n + 1, sizeof(*s->list));
		s->mark = calloc(n + 1, sizeof(*s->mark));
		if (s->list == NULL || s->mark == NULL)
			rc = err_nomem(err);
	}
	free(of);
	return rc;
}

static enum err_code
fill_system(struct system *s, struct err *err)
{
	struct work *w = s->w;
	enum err_code rc = ERR_OK;

	for (size_t m = 0; m < s->n_members && rc == ERR_OK; m++) {
		struct member *k = &s->members[m];
		size_t row = k->first;

		for (size_t i = 0; i < k->points.n && rc == ERR_OK; i++) {
			bool wanted = row < k->end && w->rows[row].p == &k->points.list[i];

			/* where facts are gone nothing new is said, so there is nothing to protect */
			if (k->points.list[i].first_month >= k->points.kept_from)
				rc = add_past(s, m, &k->points.list[i], wanted ? &w->rows[row] : NULL, err);
			row += wanted;
		}
	}
	for (size_t m = 0; m < s->n_members && rc == ERR_OK; m++) {
		for (size_t i = s->members[m].first; i < s->members[m].end && rc == ERR_OK; i++)
			if (!w->rows[i].expired)
				rc = add_present_row(s, m, &w->rows[i], err);
		if (rc == ERR_OK)
			pair_rows(s, &s->members[m]);
	}
	for (size_t b = 1; b < s->n_members && rc == ERR_OK; b++)
		for (size_t a = 0; a < b && rc == ERR_OK; a++)
			rc = add_differences(s, a, b, err);
	return rc;
}

enum err_code
prepare_suppress(struct work *w, struct member *members, size_t n, struct err *err)
{
	struct system s = { .w = w, .members = members, .n_members = n, .policy = policy_of(members, n) };
	enum err_code rc = system_new(&s, err);

	if (rc == ERR_OK)
		rc = fill_system(&s, err);
	if (rc == ERR_OK)
		rc = disclosure_run(s.dis, err);
	if (rc == ERR_LIMIT)
		err_in(err, "%s@%" PRId64, members[0].d->id, members[0].d->version);
	for (size_t m = 0; m < n && rc == ERR_OK; m++) {
		put_flags(w, s.dis, members[m].first, members[m].end);
		mark_expired(w, &members[m]);
		rc = history_keep(w->f, members[m].def, &members[m].points, members[m].chains, w->no, err);
	}
	free(s.list);
	free(s.mark);
	atoms_free(s.atoms);
	disclosure_free(s.dis);
	return rc;
}
