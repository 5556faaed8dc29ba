/* What the files of the people's listener share. */
#ifndef AGGREGATOR_PAGES_PRIVATE_H
#define AGGREGATOR_PAGES_PRIVATE_H

#include <stdatomic.h>

#include "aggregator/action_store.h"
#include "aggregator/chart.h"
#include "aggregator/pages.h"
#include "aggregator/pages_views.h"
#include "aggregator/people.h"
#include "aggregator/publication_store.h"
#include "aggregator/pull_store.h"
#include "aggregator/series.h"

struct pages {
	struct pages_conf conf;
	struct people people;
	struct publications *publications;
	struct actions *actions;
	struct pulls *pulls;
	struct http_server *http;
	char organisation[256];
	atomic_int posting;		/* one publication is taken in at a time */
	_Atomic int64_t requests, refused, stored;
};

struct page_request {
	struct pages *pages;
	const struct http_request *r;
	struct http_response *out;
	struct visitor v;
	char reader[USER_NAME_MAX + 1];	/* whose token came with it; "" for a person's session */
	struct publication_held *held;	/* NULL: nothing is published yet */
	const struct publication *p;
	struct arena *arena;
	bool is_large;			/* "look=large": letters for large print */
};

/* Texts, in arena A; "" if there is no memory or nothing to say. pages_text.c. */
const char *pages_number(struct arena *a, const struct pub_num *n, const char *unit, int decimals);
/* How many places the values of S have: 77 beside 76.5 reads 77.0. */
int pages_decimals(const struct series *s);
/* "66.1 to 76.2 %", or "66.1 AND 76.2 %". R may be NULL. */
const char *pages_limits(struct arena *a, const struct pub_row *r, int decimals, const char *and);
const char *pages_period(struct arena *a, const struct pub_row *r);
const char *pages_date(struct arena *a, int64_t at);
const char *pages_month(struct arena *a, const char *month);	/* "2025-06" -> "June 2025" */
/* A value of a query, percent-encoded; a field of this request's query, "" if it is not there. */
const char *pages_encoded(struct arena *a, const char *text);
const char *pages_query(const struct page_request *q, const char *name);
struct badge_view pages_verdict(const struct pub_row *r);
struct badge_view pages_change(const struct pub_row *r);
/* One row of the table. PLACES: of its value. */
struct row_view pages_row(struct arena *a, const struct pub_row *r, int places);
struct badge_view pages_assurance(const struct pub_row *r);
/* WORK's bytes in the arena; WORK is freed. NULL: no memory. */
const struct buf *pages_keep(struct arena *a, struct buf *work);
/* The chart of S, drawn as HOW says (NULL: small). NULL: no memory. */
const struct buf *pages_chart(struct page_request *q, const struct series *s, const char *id,
	const struct chart_options *how);

/* Series: of the whole organisation without breakdown; of the newest version; of groups (focus groups and meetings:
 * evidence of another kind, never beside proportions). pages_figures.c. */
/* What people read for the category of R; "" for a total. */
const char *pages_category(const struct page_request *q, const struct pub_row *r);
bool pages_is_total(const struct series *s);
bool pages_is_newest(const struct series_list *l, size_t i);
bool pages_is_group(const struct page_request *q, const struct series *s);

/* What stands around a figure: what it is compared with, how sure it is, why limits moved. pages_explain.c.
 * S: the series of the page; V is filled. ERR_NOMEM. */
struct explain {
	struct chart_ref *refs;
	struct chart_break *breaks;
	size_t n_refs, n_breaks;
};
enum err_code pages_explain(struct page_request *q, const struct series_list *l, const struct series *s,
	struct indicator_view *v, struct explain *out, struct err *err) MUST_CHECK;

/* What is done about INDICATOR, for the page; dropped actions are left out. pages_other.c. */
enum err_code pages_actions(struct page_request *q, const char *indicator, const struct action_view **list, size_t *n,
	struct err *err) MUST_CHECK;

/* The sites beside each other, with the limits of chance for their size. funnel.c. Fills V's funnel if there are at
 * least three sites with a shown proportion of the same period; else leaves it empty. */
enum err_code pages_funnel(struct page_request *q, const struct series_list *l, const char *version,
	struct indicator_view *v, struct err *err) MUST_CHECK;

/* Pages: each fills BODY. ERR_ABSENT: there is no such thing. */
enum err_code pages_home(struct page_request *q, struct buf *body, struct err *err) MUST_CHECK;
enum err_code pages_indicator(struct page_request *q, const char *id, struct buf *body, const char **title,
	struct err *err) MUST_CHECK;
enum err_code pages_easy(struct page_request *q, const char *id, struct buf *body, const char **title,
	struct err *err) MUST_CHECK;
enum err_code pages_groups(struct page_request *q, struct buf *body, struct err *err) MUST_CHECK;
enum err_code pages_publications(struct page_request *q, struct buf *body, struct err *err) MUST_CHECK;
enum err_code pages_about(struct page_request *q, struct buf *body, struct err *err) MUST_CHECK;

#endif
