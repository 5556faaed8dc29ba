/* From published rows to the views of the pages: the start page and a page an indicator. */
#include "aggregator/pages_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/chart.h"
#include "aggregator/say.h"
#include "aggregator/templates.h"

enum { CHART_MAX = 1 << 20 };

static const char *
number(struct arena *a, const struct pub_num *n, const char *unit, int decimals)
{
	char text[48];

	say_number(n, unit, decimals, text);
	return arena_printf(a, "%s", text);
}

/* How many places the values of S have: 77 beside 76.5 reads 77.0. */
static int
decimals_of(const struct series *s)
{
	int most = 0;

	for (size_t i = 0; i < s->n; i++) {
		char text[48];
		const char *point;

		say_number(&s->rows[i]->value, "", -1, text);
		point = strchr(text, '.');
		if (point != NULL && (int)strlen(point + 1) > most)
			most = (int)strlen(point + 1);
	}
	return most;
}

/* "66.1 to 76.2 %", or "66.1 AND 76.2 %". */
static const char *
limits(struct arena *a, const struct pub_row *r, int decimals, const char *and)
{
	char lower[48], upper[48];

	if (r == NULL || !r->lower95.shown || !r->upper95.shown)
		return "";
	say_number(&r->lower95, "", decimals, lower);
	say_number(&r->upper95, r->unit, decimals, upper);
	return arena_printf(a, "%s %s %s", lower, and, upper);
}

static const char *
period(struct arena *a, const struct pub_row *r)
{
	char text[48];

	if (r == NULL)
		return "";
	say_period(r->period_start, r->period_end, text);
	return arena_printf(a, "%s", text);
}

static struct badge_view
verdict_badge(const struct pub_row *r)
{
	if (r == NULL || r->verdict[0] == '\0')
		return (struct badge_view){ "", "" };
	return (struct badge_view){ strcmp(r->verdict, "met") == 0 ? "tick" : strcmp(r->verdict, "not_met") == 0
	    ? "cross" : "ask", strcmp(r->verdict, "met") == 0 ? "target reached"
	    : strcmp(r->verdict, "not_met") == 0 ? "target not reached" : "cannot say if the target is reached" };
}

static struct badge_view
change_badge(const struct pub_row *r)
{
	enum mark m = r == NULL ? MARK_NONE : say_mark_of(r->variation);

	if (m == MARK_NONE)
		return (struct badge_view){ "", "" };
	return (struct badge_view){ m == MARK_HIGH || m == MARK_LOW ? "square" : say_mark_class(m), say_mark(m) };
}

/* The chart of S as a buffer in the arena (its bytes too). NULL: no memory. */
static const struct buf *
draw(struct page_request *q, const struct series *s, const char *id, bool is_small)
{
	struct buf *made = arena_alloc(q->arena, sizeof(*made)), work;
	struct chart_view view;
	struct err err = {0};

	if (made == NULL || chart_of(s, id, is_small, q->arena, &view, &err) != ERR_OK)
		return NULL;
	buf_init(&work, CHART_MAX);
	page_aggregator_chart(&work, &view);
	if (work.failed == ERR_OK && work.len > 0) {
		made->data = (uint8_t *)arena_strn(q->arena, (const char *)work.data, work.len);
		made->len = made->data == NULL ? 0 : work.len;
	}
	buf_free(&work);
	return made;
}

static bool
is_total(const struct series *s)
{
	const struct pub_row *r = series_first(s);

	return strcmp(r->area_level, "organisation") == 0 && r->breakdown[0] == '\0';
}

/* Series of an older version of the same indicator are behind a break. */
static bool
is_newest_version(const struct series_list *l, size_t i)
{
	const struct pub_row *r = series_first(&l->list[i]);

	for (size_t k = 0; k < l->n; k++) {
		const struct pub_row *o = series_first(&l->list[k]);

		if (strcmp(o->indicator, r->indicator) == 0 && atoi(o->version) > atoi(r->version))
			return false;
	}
	return true;
}

/* An indicator of several answers has no total: its most frequent answer stands on the start page. */
static bool
is_on_home(const struct series_list *l, size_t i)
{
	const struct pub_row *r = series_first(&l->list[i]), *mine = series_latest(&l->list[i]);

	if (!is_newest_version(l, i) || strcmp(r->area_level, "organisation") != 0)
		return false;
	if (is_total(&l->list[i]) || strcmp(r->breakdown, "answer") != 0)
		return is_total(&l->list[i]);
	for (size_t k = 0; k < l->n; k++) {
		const struct pub_row *o = series_first(&l->list[k]), *theirs = series_latest(&l->list[k]);

		if (strcmp(o->indicator, r->indicator) == 0 && strcmp(o->area_level, "organisation") == 0
		    && strcmp(o->breakdown, "answer") == 0 && is_newest_version(l, k)
		    && (mine == NULL ? theirs != NULL || k < i : theirs != NULL && (theirs->value.v > mine->value.v
		    || (theirs->value.v == mine->value.v && k < i))))
			return false;
	}
	return true;
}

enum err_code
pages_home(struct page_request *q, struct buf *body, struct err *err)
{
	struct home_view v = { .number = "" };
	struct series_list l = {0};
	struct card_view *cards;
	char date[32];

	if (q->p == NULL) {
		page_aggregator_home(body, &v);
		return ERR_OK;
	}
	if (series_of(q->p, NULL, q->arena, &l, err) != ERR_OK)
		return err->code;
	cards = arena_calloc(q->arena, l.n + 1, sizeof(*cards));
	if (cards == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < l.n; i++) {
		const struct pub_row *first = series_first(&l.list[i]), *last = series_latest(&l.list[i]);
		int places = decimals_of(&l.list[i]);

		if (!is_on_home(&l, i))
			continue;
		cards[v.n_cards++] = (struct card_view){
			.href = arena_printf(q->arena, "/indicator/%s", first->indicator), .title = first->title,
			.value = last == NULL ? "" : number(q->arena, &last->value, last->unit, places),
			.limits = limits(q->arena, last, places, "and"),
			.period = arena_printf(q->arena, "%s%s%s", first->category, first->category[0] != '\0' ? ", " : "",
			    period(q->arena, last)),
			.verdict = verdict_badge(last), .change = change_badge(last),
			.chart = draw(q, &l.list[i], arena_printf(q->arena, "c%zu", i), true),
		};
	}
	time_text(q->p->manifest.made_at, date);
	date[10] = '\0';
	v.cards = cards;
	v.number = arena_printf(q->arena, "%lld", (long long)q->p->manifest.no);
	v.date = date;
	v.sha256 = q->p->file_sha256;
	page_aggregator_home(body, &v);
	return ERR_OK;
}

/* --- one indicator ---------------------------------------------------------------------------------- */

static struct row_view
row_view(struct arena *a, const struct pub_row *r, int places)
{
	const char *flag = say_flag(r->flag);
	const char *counts_unit = "";

	return (struct row_view){
		.period = period(a, r), .numerator = number(a, &r->numerator, counts_unit, -1),
		.denominator = number(a, &r->denominator, counts_unit, -1),
		.value = number(a, &r->value, r->unit, places),
		.limits = limits(a, r, places, "to"), .target = number(a, &r->target, r->unit, -1), .verdict = say_verdict(r->verdict),
		.says = r->value.shown && r->spc_rule[0] != '\0' ? arena_printf(a, "%s%s%s", say_rule(r->spc_rule),
		    r->variation[0] == '.' ? "" : ": ", r->variation[0] == '.' ? "" : say_mark(say_mark_of(r->variation)))
		    : "",
		.note = arena_printf(a, "%s%s%s%s%s", r->flag, r->flag[0] != '\0' ? " " : "", flag,
		    r->flag[0] != '\0' && r->annotation[0] != '\0' ? "; " : "", r->annotation),
		.hidden = !r->value.shown,
	};
}

static const char *
query(const struct page_request *q, const char *name)
{
	const char *v = http_query(q->r, name);

	return v == NULL ? "" : v;
}

/* A value of a query, percent-encoded. */
static const char *
encoded(struct arena *a, const char *text)
{
	char out[512];
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && n + 4 < sizeof(out); p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')
		    || strchr("-_.", *p) != NULL)
			out[n++] = (char)*p;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X", *p);
	}
	out[n] = '\0';
	return arena_printf(a, "%s", out);
}

static const char *
series_href(struct arena *a, const struct pub_row *r)
{
	return arena_printf(a, "/indicator/%s?area=%s%s%s%s%s", r->indicator, encoded(a, r->area_code),
	    r->breakdown[0] != '\0' ? "&by=" : "", encoded(a, r->breakdown),
	    r->category[0] != '\0' ? "&category=" : "", encoded(a, r->category));
}

/* The other series as small charts: sites first, then each breakdown of the organisation. */
static enum err_code
add_parts(struct page_request *q, const struct series_list *l, size_t here, const char *version,
	struct indicator_view *v, struct err *err)
{
	struct part_view *parts = arena_calloc(q->arena, l->n + 2, sizeof(*parts));
	struct small_view *list = arena_calloc(q->arena, l->n + 1, sizeof(*list));
	const char *last_name = "";

	if (parts == NULL || list == NULL)
		return err_nomem(err);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < l->n; i++) {
			const struct pub_row *r = series_first(&l->list[i]), *last = series_latest(&l->list[i]);
			int places = decimals_of(&l->list[i]);
			bool site = strcmp(r->area_level, "site") == 0;
			const char *name = pass == 0 ? "site" : r->breakdown;

			if (strcmp(r->version, version) != 0 || is_total(&l->list[i]) || site != (pass == 0)
			    || (site && r->breakdown[0] != '\0'))
				continue;
			if (strcmp(name, last_name) != 0) {
				parts[v->n_parts++] = (struct part_view){ arena_printf(q->arena, "By %s", name), list, 0 };
				last_name = name;
			}
			*list = (struct small_view){
				.href = series_href(q->arena, r), .name = site ? r->area_name : r->category,
				.value = last == NULL ? "" : number(q->arena, &last->value, last->unit, places),
				.limits = limits(q->arena, last, places, "to"),
				.verdict = verdict_badge(last), .change = change_badge(last), .is_here = i == here,
				.chart = draw(q, &l->list[i], arena_printf(q->arena, "s%zu", i), true),
			};
			list++;
			((struct part_view *)parts)[v->n_parts - 1].n_list++;
		}
	v->parts = parts;
	return ERR_OK;
}

static const char *
definition_text(const struct publication *p, const char *hash)
{
	for (size_t i = 0; i < p->manifest.n_definitions; i++)
		if (strcmp(p->manifest.definitions[i].hash, hash) == 0)
			return p->manifest.definitions[i].text;
	return "";
}

/* "71.4 % in October 2026. If everybody had been asked, it would lie between 66.1 and 76.2 %." */
static const char *
easy_words(struct arena *a, const struct pub_row *last, int places)
{
	if (last == NULL)
		return "Too few people answered to show a number. Numbers that could give somebody away are hidden.";
	if (!last->lower95.shown)
		return arena_printf(a, "The last value is of %s.", period(a, last));
	return arena_printf(a, "This is what we heard in %s. Asking everybody would most likely give between %s.",
	    period(a, last), limits(a, last, places, "and"));
}

enum err_code
pages_indicator(struct page_request *q, const char *id, struct buf *body, const char **title, struct err *err)
{
	const char *area = query(q, "area"), *by = query(q, "by"), *category = query(q, "category");
	struct series_list l = {0};
	struct indicator_view v = {0};
	struct row_view *rows;
	const struct pub_row *first, *last;
	size_t here = SIZE_MAX;
	int places;

	if (q->p == NULL)
		return err_set(err, ERR_ABSENT, "nothing is published yet");
	if (series_of(q->p, id, q->arena, &l, err) != ERR_OK)
		return err->code;
	for (size_t i = 0; i < l.n; i++) {
		first = series_first(&l.list[i]);
		if (is_newest_version(&l, i) && strcmp(first->area_code, area[0] == '\0' ? "all" : area) == 0
		    && strcmp(first->breakdown, by) == 0 && strcmp(first->category, category) == 0)
			here = i;
	}
	if (here == SIZE_MAX && area[0] == '\0' && by[0] == '\0' && l.n > 0)
		here = 0;
	if (here == SIZE_MAX)
		return err_set(err, ERR_ABSENT, "no such series is published");
	first = series_first(&l.list[here]);
	last = series_latest(&l.list[here]);
	places = decimals_of(&l.list[here]);
	rows = arena_calloc(q->arena, l.list[here].n, sizeof(*rows));
	if (rows == NULL)
		return err_nomem(err);
	for (size_t i = l.list[here].n; i > 0; i--) {
		rows[v.n_rows++] = row_view(q->arena, l.list[here].rows[i - 1], places);
		v.has_intervals = v.has_intervals || l.list[here].rows[i - 1]->lower95.shown;
	}
	*title = first->title;
	v.title = first->title;
	v.id = first->indicator;
	v.version = first->version;
	v.area = first->area_name;
	v.category = first->category;
	v.value = last == NULL ? "" : number(q->arena, &last->value, last->unit, places);
	v.period = period(q->arena, last);
	v.assurance = last == NULL ? "" : say_assurance(last->assurance);
	v.hash = first->definition_hash;
	v.definition = definition_text(q->p, first->definition_hash);
	v.csv = arena_printf(q->arena, "/csv/%s.csv", first->indicator);
	v.all = is_total(&l.list[here]) ? "" : arena_printf(q->arena, "/indicator/%s", first->indicator);
	v.numerator_word = strcmp(first->unit, "%") == 0 ? "People" : "Count";
	v.verdict = verdict_badge(last);
	v.change = change_badge(last);
	v.easy = easy_words(q->arena, last, places);
	v.chart = draw(q, &l.list[here], "chart", false);
	v.rows = rows;
	if (add_parts(q, &l, here, first->version, &v, err) != ERR_OK)
		return err->code;
	page_aggregator_indicator(body, &v);
	return ERR_OK;
}

/* --- publications, about ----------------------------------------------------------------------------- */

struct listing {
	struct page_request *q;
	struct published_view list[1000];
	size_t n;
};

static enum err_code
add_publication(void *arg, const struct publication_line *line, struct err *err)
{
	struct listing *l = arg;
	char date[32];

	(void)err;
	if (l->n == ARRAY_LEN(l->list)) {
		memmove(l->list, l->list + 1, sizeof(l->list) - sizeof(l->list[0]));
		l->n--;
	}
	time_text(line->stored_at, date);
	date[10] = '\0';
	l->list[l->n++] = (struct published_view){
		.number = arena_printf(l->q->arena, "%lld", (long long)line->no), .date = arena_printf(l->q->arena, "%s", date),
		.sha256 = arena_printf(l->q->arena, "%s", line->sha256), .size = arena_printf(l->q->arena, "%zu", line->len),
		.href = arena_printf(l->q->arena, "/publications/%lld", (long long)line->no),
	};
	return ERR_OK;
}

enum err_code
pages_publications(struct page_request *q, struct buf *body, struct err *err)
{
	struct listing *l = arena_alloc(q->arena, sizeof(*l));
	struct publications_view v;
	enum err_code rc;

	if (l == NULL)
		return err_nomem(err);
	l->q = q;
	rc = publications_each(q->pages->publications, add_publication, l, err);
	for (size_t i = 0; i < l->n / 2; i++) {
		struct published_view t = l->list[i];

		l->list[i] = l->list[l->n - 1 - i];
		l->list[l->n - 1 - i] = t;
	}
	v = (struct publications_view){ l->list, l->n };
	page_aggregator_publications(body, &v);
	return rc;
}

enum err_code
pages_about(struct page_request *q, struct buf *body, struct err *err)
{
	struct about_view v = { q->p == NULL ? "" : q->p->manifest.policy };

	(void)err;
	page_aggregator_about(body, &v);
	return ERR_OK;
}
