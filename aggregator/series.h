/* Published rows as series: one indicator version, area, breakdown and category over time. */
#ifndef AGGREGATOR_SERIES_H
#define AGGREGATOR_SERIES_H

#include "aggregator/publication.h"

struct series {
	const struct pub_row *const *rows;	/* by period_start */
	size_t n;
};

struct series_list {
	struct series *list;	/* by indicator, version, level (organisation first), area, breakdown, category */
	size_t n;
};

/* All series of P, in arena A. INDICATOR NULL: of all. ERR_NOMEM. */
enum err_code series_of(const struct publication *p, const char *indicator, struct arena *a,
	struct series_list *out, struct err *err) MUST_CHECK;
/* The last row that shows a value, or NULL. */
const struct pub_row *series_latest(const struct series *s);
static inline const struct pub_row *
series_first(const struct series *s)
{
	return s->rows[0];
}

#endif
