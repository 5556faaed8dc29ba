/* Series. See series.h. */
#include "aggregator/series.h"

#include <stdlib.h>
#include <string.h>

static int
series_cmp(const struct pub_row *a, const struct pub_row *b)
{
	int d = strcmp(a->indicator, b->indicator);

	if (d == 0)
		d = atoi(a->version) - atoi(b->version);
	if (d == 0)
		d = strcmp(a->area_level, b->area_level);	/* "organisation" before "site" */
	if (d == 0)
		d = strcmp(a->area_code, b->area_code);
	if (d == 0)
		d = strcmp(a->breakdown, b->breakdown);
	if (d == 0)
		d = strcmp(a->category, b->category);
	return d;
}

static int
row_cmp(const void *va, const void *vb)
{
	const struct pub_row *a = *(const struct pub_row *const *)va, *b = *(const struct pub_row *const *)vb;
	int d = series_cmp(a, b);

	return d != 0 ? d : strcmp(a->period_start, b->period_start);
}

enum err_code
series_of(const struct publication *p, const char *indicator, struct arena *a, struct series_list *out,
	struct err *err)
{
	const struct pub_row **rows = arena_calloc(a, p->n_rows + 1, sizeof(*rows));
	size_t n = 0, end;

	*out = (struct series_list){ arena_calloc(a, p->n_rows + 1, sizeof(*out->list)), 0 };
	if (rows == NULL || out->list == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < p->n_rows; i++)
		if (indicator == NULL || strcmp(p->rows[i].indicator, indicator) == 0)
			rows[n++] = &p->rows[i];
	qsort(rows, n, sizeof(*rows), row_cmp);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && series_cmp(rows[i], rows[end]) == 0; end++)
			;
		out->list[out->n++] = (struct series){ &rows[i], end - i };
	}
	return ERR_OK;
}

const struct pub_row *
series_latest(const struct series *s)
{
	for (size_t i = s->n; i > 0; i--)
		if (s->rows[i - 1]->value.shown)
			return s->rows[i - 1];
	return NULL;
}
