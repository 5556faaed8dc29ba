/* From published rows to the views of the pages: the start page and a page an indicator. */
#include "aggregator/pages_private.h"

#include <string.h>

#include "aggregator/deftext.h"
#include "aggregator/templates.h"

bool
pages_is_total(const struct series *s)
{
	const struct pub_row *r = series_first(s);

	return strcmp(r->area_level, "organisation") == 0 && r->breakdown[0] == '\0';
}

/* Series of an older version of the same indicator are behind a break. The list is in the order of indicator and
 * version, so the newest is that of the indicator's last series. */
bool
pages_is_newest(const struct series_list *l, size_t i)
{
	const struct pub_row *r = series_first(&l->list[i]);
	size_t low = i, high = l->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(series_first(&l->list[mid])->indicator, r->indicator) == 0)
			low = mid;
		else
			high = mid;
	}
	return strcmp(series_first(&l->list[low])->version, r->version) == 0;
}

bool
pages_is_group(const struct page_request *q, const struct series *s)
{
	const struct pub_row *r = series_first(s);
	const char *text = deftext_of(q->p, r->definition_hash);
	const char *unit = deftext_get(q->arena, text, "measure", "unit_of_analysis", 0, NULL);

	if (unit != NULL && strcmp(unit, "session") == 0)
		return true;
	return strcmp(r->category, "group") == 0 && (strcmp(r->breakdown, "mode") == 0 || strcmp(r->breakdown, "role") == 0
	    || strcmp(r->breakdown, "answered_by") == 0);
}

/* An indicator of several answers has no total: its most frequent answer stands on the start page. */
static bool
is_on_home(const struct series_list *l, size_t i)
{
	const struct pub_row *r = series_first(&l->list[i]), *mine = series_latest(&l->list[i]);

	if (!pages_is_newest(l, i) || strcmp(r->area_level, "organisation") != 0)
		return false;
	if (pages_is_total(&l->list[i]) || strcmp(r->breakdown, "answer") != 0)
		return pages_is_total(&l->list[i]);
	for (size_t k = 0; k < l->n; k++) {
		const struct pub_row *o = series_first(&l->list[k]), *theirs = series_latest(&l->list[k]);

		if (strcmp(o->indicator, r->indicator) == 0 && strcmp(o->area_level, "organisation") == 0
		    && strcmp(o->breakdown, "answer") == 0 && pages_is_newest(l, k)
		    && (mine == NULL ? theirs != NULL || k < i : theirs != NULL && (theirs->value.v > mine->value.v
		    || (theirs->value.v == mine->value.v && k < i))))
			return false;
	}
	return true;
}

const char *
pages_category(const struct page_request *q, const struct pub_row *r)
{
	return deftext_category(q->arena, deftext_of(q->p, r->definition_hash), r->breakdown, r->category);
}

enum err_code
pages_home(struct page_request *q, struct buf *body, struct err *err)
{
	struct home_view v = { .number = "", .groups = "" };
	struct series_list l = {0};
	struct card_view *cards;

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
		int places = pages_decimals(&l.list[i]);

		if (pages_is_group(q, &l.list[i])) {
			v.groups = "/groups";
			continue;
		}
		if (!is_on_home(&l, i))
			continue;
		cards[v.n_cards++] = (struct card_view){
			.href = arena_printf(q->arena, "/indicator/%s", first->indicator), .title = first->title,
			.value = last == NULL ? "" : pages_number(q->arena, &last->value, last->unit, places),
			.limits = pages_limits(q->arena, last, places, "and"),
			.period = arena_printf(q->arena, "%s%s%s", pages_category(q, first), first->category[0] != '\0' && last != NULL ? ", " : "",
			    pages_period(q->arena, last)),
			.verdict = pages_verdict(last), .change = pages_change(last),
			.chart = pages_chart(q, &l.list[i], arena_printf(q->arena, "c%zu", i), NULL),
		};
	}
	v.cards = cards;
	v.number = arena_printf(q->arena, "%lld", (long long)q->p->manifest.no);
	v.date = pages_date(q->arena, q->p->manifest.made_at);
	v.sha256 = q->p->file_sha256;
	page_aggregator_home(body, &v);
	return ERR_OK;
}

/* --- one indicator ---------------------------------------------------------------------------------- */

struct row_view
pages_row(struct arena *a, const struct pub_row *r, int places)
{
	const char *flag = say_flag(r->flag);
	const char *counts_unit = "";

	return (struct row_view){
		.period = pages_period(a, r), .numerator = pages_number(a, &r->numerator, counts_unit, -1),
		.denominator = pages_number(a, &r->denominator, counts_unit, -1),
		.value = pages_number(a, &r->value, r->unit, places),
		.limits = pages_limits(a, r, places, "to"), .target = pages_number(a, &r->target, r->unit, -1), .verdict = say_verdict(r->verdict),
		.says = r->value.shown && r->spc_rule[0] != '\0' ? arena_printf(a, "%s%s%s", say_rule(r->spc_rule),
		    r->variation[0] == '.' ? "" : ": ", r->variation[0] == '.' ? "" : say_mark(say_mark_of(r->variation)))
		    : "",
		.note = arena_printf(a, "%s%s%s%s%s", r->flag, r->flag[0] != '\0' ? " " : "", flag,
		    r->flag[0] != '\0' && r->annotation[0] != '\0' ? "; " : "", r->annotation),
		.hidden = !r->value.shown,
	};
}

static const char *
series_href(struct arena *a, const struct pub_row *r)
{
	return arena_printf(a, "/indicator/%s?area=%s%s%s%s%s", r->indicator, pages_encoded(a, r->area_code),
	    r->breakdown[0] != '\0' ? "&by=" : "", pages_encoded(a, r->breakdown),
	    r->category[0] != '\0' ? "&category=" : "", pages_encoded(a, r->category));
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
			int places = pages_decimals(&l->list[i]);
			bool site = strcmp(r->area_level, "site") == 0;
			const char *name = pass == 0 ? "site" : r->breakdown;

			if (strcmp(r->version, version) != 0 || pages_is_total(&l->list[i]) || site != (pass == 0)
			    || (site && r->breakdown[0] != '\0') || pages_is_group(q, &l->list[i]))
				continue;
			if (strcmp(name, last_name) != 0) {
				parts[v->n_parts++] = (struct part_view){ arena_printf(q->arena, "By %s", say_breakdown(name)), list, 0 };
				last_name = name;
			}
			*list = (struct small_view){
				.href = series_href(q->arena, r), .name = site ? r->area_name : pages_category(q, r),
				.value = last == NULL ? "" : pages_number(q->arena, &last->value, last->unit, places),
				.limits = pages_limits(q->arena, last, places, "to"),
				.verdict = pages_verdict(last), .change = pages_change(last), .is_here = i == here,
				.chart = pages_chart(q, &l->list[i], arena_printf(q->arena, "s%zu", i), NULL),
			};
			list++;
			((struct part_view *)parts)[v->n_parts - 1].n_list++;
		}
	v->parts = parts;
	return ERR_OK;
}

/* "71.4 % in October 2026. If everybody had been asked, it would lie between 66.1 and 76.2 %." */
static const char *
easy_words(struct arena *a, const struct pub_row *last, int places)
{
	if (last == NULL)
		return "Too few people answered to show a number. Numbers that could give somebody away are hidden.";
	if (!last->lower95.shown)
		return arena_printf(a, "The last value is of %s.", pages_period(a, last));
	return arena_printf(a, "This is what we heard in %s. Asking everybody would most likely give between %s.",
	    pages_period(a, last), pages_limits(a, last, places, "and"));
}

/* The series that the query asks for, of VERSION ("": the newest). SIZE_MAX: there is none. */
static size_t
find_series(const struct page_request *q, const struct series_list *l)
{
	const char *area = pages_query(q, "area"), *by = pages_query(q, "by"), *category = pages_query(q, "category");
	const char *version = pages_query(q, "version");
	size_t here = SIZE_MAX;

	for (size_t i = 0; i < l->n; i++) {
		const struct pub_row *first = series_first(&l->list[i]);

		if ((version[0] == '\0' ? pages_is_newest(l, i) : strcmp(first->version, version) == 0)
		    && strcmp(first->area_code, area[0] == '\0' ? "all" : area) == 0 && strcmp(first->breakdown, by) == 0
		    && strcmp(first->category, category) == 0)
			here = i;
	}
	/* Of several answers without a total: the one that stands on the start page. */
	for (size_t i = 0; i < l->n && here == SIZE_MAX && area[0] == '\0' && by[0] == '\0' && version[0] == '\0'; i++)
		if (is_on_home(l, i))
			here = i;
	return here;
}

/* Other versions of the indicator: counted otherwise, so they stand behind a link and not in the same chart. */
static enum err_code
add_versions(struct page_request *q, const struct series_list *l, const char *version, struct indicator_view *v,
	struct err *err)
{
	struct version_view *list = arena_calloc(q->arena, l->n + 1, sizeof(*list));

	if (list == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < l->n; i++) {
		const struct pub_row *r = series_first(&l->list[i]);
		const char *text = deftext_of(q->p, r->definition_hash), *why;

		if (!pages_is_total(&l->list[i]) || strcmp(r->version, version) == 0)
			continue;
		why = deftext_get(q->arena, text, "indicator", "break", 0, NULL);
		list[v->n_versions++] = (struct version_view){
			arena_printf(q->arena, "/indicator/%s?version=%s", r->indicator, r->version),
			arena_printf(q->arena, "Version %s, %s to %s", r->version, pages_period(q->arena, r),
			    pages_period(q->arena, l->list[i].rows[l->list[i].n - 1])), why == NULL ? "" : why };
	}
	v->versions = list;
	return ERR_OK;
}

/* Chart, small charts, funnel, and all that is said beside the figure. */
static enum err_code
add_pictures(struct page_request *q, const struct series_list *l, size_t here, struct indicator_view *v, struct err *err)
{
	const struct series *s = &l->list[here];
	struct explain e = {0};
	enum err_code rc = pages_explain(q, l, s, v, &e, err);

	if (rc != ERR_OK)
		return rc;
	struct chart_options how = { .size = CHART_FULL, .refs = e.refs, .n_refs = e.n_refs, .breaks = e.breaks,
	    .n_breaks = e.n_breaks };

	v->chart = pages_chart(q, s, "chart", &how);
	how.size = CHART_NARROW;
	v->narrow = pages_chart(q, s, "narrow", &how);
	if (pages_is_total(s))
		rc = pages_funnel(q, l, series_first(s)->version, v, err);
	if (rc == ERR_OK)
		rc = add_versions(q, l, series_first(s)->version, v, err);
	return rc != ERR_OK ? rc : add_parts(q, l, here, series_first(s)->version, v, err);
}

enum err_code
pages_indicator(struct page_request *q, const char *id, struct buf *body, const char **title, struct err *err)
{
	struct series_list l = {0};
	struct indicator_view v = {0};
	struct row_view *rows;
	const struct series *s;
	const struct pub_row *first, *last;
	size_t here;
	int places;

	if (q->p == NULL)
		return err_set(err, ERR_ABSENT, "nothing is published yet");
	if (series_of(q->p, id, q->arena, &l, err) != ERR_OK)
		return err->code;
	here = find_series(q, &l);
	if (here == SIZE_MAX)
		return err_set(err, ERR_ABSENT, "no such series is published");
	s = &l.list[here];
	first = series_first(s);
	if (pages_is_group(q, s)) {
		*title = "What groups told us";
		return pages_groups(q, body, err);
	}
	last = series_latest(s);
	places = pages_decimals(s);
	rows = arena_calloc(q->arena, s->n, sizeof(*rows));
	if (rows == NULL)
		return err_nomem(err);
	for (size_t i = s->n; i > 0; i--) {
		rows[v.n_rows++] = pages_row(q->arena, s->rows[i - 1], places);
		v.has_intervals = v.has_intervals || s->rows[i - 1]->lower95.shown;
		v.has_target = v.has_target || s->rows[i - 1]->target.shown;
	}
	*title = first->title;
	v.title = first->title;
	v.id = first->indicator;
	v.version = first->version;
	v.area = first->area_name;
	v.category = pages_category(q, first);
	v.value = last == NULL ? "" : pages_number(q->arena, &last->value, last->unit, places);
	v.unit = strcmp(first->unit, "%") == 0 ? "" : first->unit;
	v.period = pages_period(q->arena, last);
	v.hash = first->definition_hash;
	v.definition = deftext_of(q->p, first->definition_hash);
	v.csv = arena_printf(q->arena, "/csv/%s.csv", first->indicator);
	v.xlsx = arena_printf(q->arena, "/xlsx/%s.xlsx", first->indicator);
	v.easy_href = arena_printf(q->arena, "/easy/%s", first->indicator);
	v.large_href = q->is_large ? "" : arena_printf(q->arena, "%s%slook=large", series_href(q->arena, first),
	    strchr(series_href(q->arena, first), '?') == NULL ? "?" : "&");
	v.all = pages_is_total(s) || is_on_home(&l, here) ? "" : arena_printf(q->arena, "/indicator/%s", first->indicator);
	v.numerator_word = strcmp(first->unit, "%") == 0 ? "People" : "Count";
	v.verdict = pages_verdict(last);
	v.change = pages_change(last);
	v.assured = pages_assurance(last);
	v.easy = easy_words(q->arena, last, places);
	v.provisional = last != NULL ? last->annotation : "";
	v.rows = rows;
	if (add_pictures(q, &l, here, &v, err) != ERR_OK
	    || pages_actions(q, first->indicator, &v.actions, &v.n_actions, err) != ERR_OK)
		return err->code;
	page_aggregator_indicator(body, &v);
	return ERR_OK;
}
