/* Pages beside the figures: easy read, what groups told us, publications, how to read this. */
#include "aggregator/pages_private.h"

#include <math.h>
#include <string.h>

#include "aggregator/deftext.h"
#include "aggregator/templates.h"

enum { PEOPLE = 10 };

/* --- what was done --------------------------------------------------------------------------------------------- */

enum err_code
pages_actions(struct page_request *q, const char *indicator, const struct action_view **list, size_t *n, struct err *err)
{
	static const struct { const char *state, *words; } words[] = { { "planned", "We will do this" }, { "doing", "We are doing this" },
	    { "done", "We did this" } };
	struct action_view *views;
	struct action *all;
	size_t found = 0;
	enum err_code rc = actions_list(q->pages->actions, indicator, q->arena, &all, &found, err);

	*n = 0;
	if (rc != ERR_OK)
		return rc;
	views = arena_calloc(q->arena, found + 1, sizeof(*views));
	if (views == NULL)
		return err_nomem(err);
	for (size_t i = found; i > 0; i--)
		for (size_t k = 0; k < ARRAY_LEN(words); k++)
			if (strcmp(all[i - 1].state, words[k].state) == 0)
				views[(*n)++] = (struct action_view){ all[i - 1].said, all[i - 1].did, words[k].words,
				    strcmp(all[i - 1].state, "done") == 0 ? "" : all[i - 1].due };
	*list = views;
	return ERR_OK;
}

/* --- easy read: one picture, short sentences ---------------------------------------------------------- */

static const char *
change_words(const struct pub_row *r)
{
	switch (r == NULL ? MARK_NONE : say_mark_of(r->variation)) {
	case MARK_BETTER:
		return "This is getting better.";
	case MARK_WORSE:
		return "This is getting worse.";
	case MARK_HIGH:
		return "This is more than before.";
	case MARK_LOW:
		return "This is less than before.";
	case MARK_COMMON:
		return "This is about the same as before.";
	case MARK_NONE:
		break;
	}
	return "";
}

static const char *
target_words(struct arena *a, const struct pub_row *r)
{
	const char *number;

	if (r == NULL || !r->target.shown)
		return "";
	number = strcmp(r->unit, "%") == 0 ? arena_printf(a, "%.0f in every 10", round(r->target.v / 10))
	    : pages_number(a, &r->target, r->unit, -1);
	if (strcmp(r->verdict, "met") == 0)
		return arena_printf(a, "We want %s. We got there.", number);
	if (strcmp(r->verdict, "not_met") == 0)
		return arena_printf(a, "We want %s. We are not there yet.", number);
	return arena_printf(a, "We want %s. We cannot be sure if we got there.", number);
}

static const char *
of_ten(struct arena *a, const struct pub_row *r, int k)
{
	if (r->value.v < 5)
		return "Very few people";
	if (r->value.v > 95)
		return "Nearly everybody";
	return arena_printf(a, "About %d in every 10 people", k);
}

static void
fill_easy(struct page_request *q, const struct series *s, struct easy_view *v, struct person_view *people)
{
	const struct pub_row *first = series_first(s), *last = series_latest(s);
	const char *easy = deftext_get(q->arena, deftext_of(q->p, first->definition_hash), "indicator", "title_easy", 0, NULL);

	v->title = easy == NULL || easy[0] == '\0' ? first->title : easy;
	v->organisation = q->p->manifest.organisation;
	v->more_href = arena_printf(q->arena, "/indicator/%s", first->indicator);
	v->value = v->picture_words = v->heard = v->hidden = "";
	v->change = change_words(last);
	v->target = target_words(q->arena, last);
	if (last == NULL) {
		v->hidden = "Only a few people answered. So we do not show a number. Nobody can find out what one person said.";
		return;
	}
	v->heard = arena_printf(q->arena, "People told us this in %s.", pages_period(q->arena, last));
	if (strcmp(last->unit, "%") != 0) {
		v->value = pages_number(q->arena, &last->value, last->unit, pages_decimals(s));
		return;
	}
	for (int i = 0; i < PEOPLE; i++)
		people[i].is_on = i < (int)round(last->value.v / 10);
	v->people = people;
	v->n_people = PEOPLE;
	v->picture_words = of_ten(q->arena, last, (int)round(last->value.v / 10));
}

/* The newest answers of the organisation to the indicator of series HERE, most chosen first; those hidden last. */
static enum err_code
add_told(struct page_request *q, const struct series_list *l, size_t here, struct easy_view *v, struct err *err)
{
	struct told_view *told = arena_calloc(q->arena, l->n + 1, sizeof(*told));
	double *at = arena_calloc(q->arena, l->n + 1, sizeof(*at));

	if (told == NULL || at == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < l->n; i++) {
		const struct pub_row *r = series_first(&l->list[i]), *last = series_latest(&l->list[i]);
		double value = last == NULL ? -1 : last->value.v;
		size_t k = v->n_told;

		if (!pages_is_newest(l, i) || strcmp(r->area_level, "organisation") != 0 || strcmp(r->breakdown, "answer") != 0
		    || strcmp(r->unit, "%") != 0 || strcmp(r->version, series_first(&l->list[here])->version) != 0)
			continue;
		for (; k > 0 && at[k - 1] < value; k--) {
			told[k] = told[k - 1];
			at[k] = at[k - 1];
		}
		told[k] = (struct told_view){ pages_category(q, r), last == NULL ? "We do not show this number, so that nobody can find out what one person said"
		    : of_ten(q->arena, last, (int)round(last->value.v / 10)) };
		at[k] = value;
		v->n_told++;
	}
	v->told = told;
	v->change = v->target = "";
	return ERR_OK;
}

enum err_code
pages_easy(struct page_request *q, const char *id, struct buf *body, const char **title, struct err *err)
{
	struct person_view *people = arena_calloc(q->arena, PEOPLE, sizeof(*people));
	struct series_list l = {0};
	struct easy_view v = {0};
	size_t here = SIZE_MAX;

	if (people == NULL)
		return err_nomem(err);
	if (q->p == NULL)
		return err_set(err, ERR_ABSENT, "nothing is published yet");
	if (series_of(q->p, id, q->arena, &l, err) != ERR_OK)
		return err->code;
	for (size_t i = 0; i < l.n; i++)
		if (pages_is_newest(&l, i) && strcmp(series_first(&l.list[i])->area_level, "organisation") == 0
		    && !pages_is_group(q, &l.list[i]) && (pages_is_total(&l.list[i]) || here == SIZE_MAX))
			here = i;
	if (here == SIZE_MAX)
		return err_set(err, ERR_ABSENT, "no such indicator is published");
	fill_easy(q, &l.list[here], &v, people);
	if (strcmp(series_first(&l.list[here])->breakdown, "answer") == 0 && add_told(q, &l, here, &v, err) != ERR_OK)
		return err->code;
	if (pages_actions(q, series_first(&l.list[here])->indicator, &v.actions, &v.n_actions, err) != ERR_OK)
		return err->code;
	*title = v.title;
	page_aggregator_easy(body, &v);
	return ERR_OK;
}

/* --- what groups told us ---------------------------------------------------------------------------------- */

/* Is it a series of groups that is shown? Groups by mode are all there is of them once more. */
static bool
is_listed(const struct page_request *q, const struct series_list *l, size_t i)
{
	return pages_is_newest(l, i) && pages_is_group(q, &l->list[i])
	    && strncmp(series_first(&l->list[i])->breakdown, "mode", 4) != 0;
}

/* The rows of the indicator that begins with series AT, newest period first; *END: the series after it. */
static enum err_code
add_group(struct page_request *q, const struct series_list *l, size_t at, size_t *end, struct group_view *g, struct err *err)
{
	const struct pub_row *first = series_first(&l->list[at]);
	const char *text = deftext_of(q->p, first->definition_hash);
	const char *about = deftext_get(q->arena, text, "indicator", "about", 0, NULL);
	struct row_view *rows;
	size_t most = 0;

	for (*end = at; *end < l->n && strcmp(series_first(&l->list[*end])->indicator, first->indicator) == 0; ++*end)
		most += l->list[*end].n;
	rows = arena_calloc(q->arena, most, sizeof(*rows));
	if (rows == NULL)
		return err_nomem(err);
	*g = (struct group_view){ .title = first->title, .about = about == NULL ? "" : about, .rows = rows,
	    .how = first->unit[0] == '\0' ? "" : arena_printf(q->arena, "Counted in %s.", first->unit) };
	for (size_t i = at; i < *end; i++)
		for (size_t k = l->list[i].n; k > 0 && is_listed(q, l, i); k--) {
			const struct pub_row *r = l->list[i].rows[k - 1];

			rows[g->n_rows] = pages_row(q->arena, r, pages_decimals(&l->list[i]));
			rows[g->n_rows++].area = r->category[0] == '\0' || strcmp(r->category, "group") == 0 ? r->area_name
			    : arena_printf(q->arena, "%s, %s", r->area_name, pages_category(q, r));
		}
	return ERR_OK;
}

/* A focus group is no sample: what it says stands here, as counts of people and votes in groups, without limits, targets
 * or charts, and on no page beside a proportion of people who answered alone. */
enum err_code
pages_groups(struct page_request *q, struct buf *body, struct err *err)
{
	struct series_list l = {0};
	struct group_view *list;
	struct groups_view v = {0};
	size_t end;

	if (q->p != NULL && series_of(q->p, NULL, q->arena, &l, err) != ERR_OK)
		return err->code;
	list = arena_calloc(q->arena, l.n + 1, sizeof(*list));
	if (list == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < l.n; i = end) {
		end = i + 1;
		if (!is_listed(q, &l, i))
			continue;
		if (add_group(q, &l, i, &end, &list[v.n_list++], err) != ERR_OK)
			return err->code;
	}
	v.list = list;
	page_aggregator_groups(body, &v);
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

	(void)err;
	if (l->n == ARRAY_LEN(l->list)) {
		memmove(l->list, l->list + 1, sizeof(l->list) - sizeof(l->list[0]));
		l->n--;
	}
	l->list[l->n++] = (struct published_view){
		.number = arena_printf(l->q->arena, "%lld", (long long)line->no), .date = pages_date(l->q->arena, line->stored_at),
		.sha256 = arena_printf(l->q->arena, "%s", line->sha256), .size = arena_printf(l->q->arena, "%zu", line->len),
		.href = arena_printf(l->q->arena, "/publications/%lld", (long long)line->no),
		.pack_href = arena_printf(l->q->arena, "/packs/%lld.zip", (long long)line->no),
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
