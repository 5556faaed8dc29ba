/* What the files of the people's listener share. */
#ifndef AGGREGATOR_PAGES_PRIVATE_H
#define AGGREGATOR_PAGES_PRIVATE_H

#include <stdatomic.h>

#include "aggregator/pages.h"
#include "aggregator/pages_views.h"
#include "aggregator/people.h"
#include "aggregator/publication_store.h"
#include "aggregator/series.h"

struct pages {
	struct pages_conf conf;
	struct people people;
	struct publications *publications;
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
	struct publication_held *held;	/* NULL: nothing is published yet */
	const struct publication *p;
	struct arena *arena;
};

/* In the request's arena; "" if there is no memory. */

/* Pages: each fills BODY. ERR_ABSENT: there is no such thing. */
enum err_code pages_home(struct page_request *q, struct buf *body, struct err *err) MUST_CHECK;
enum err_code pages_indicator(struct page_request *q, const char *id, struct buf *body, const char **title,
	struct err *err) MUST_CHECK;
enum err_code pages_publications(struct page_request *q, struct buf *body, struct err *err) MUST_CHECK;
enum err_code pages_about(struct page_request *q, struct buf *body, struct err *err) MUST_CHECK;

#endif
