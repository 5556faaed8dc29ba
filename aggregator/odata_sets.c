/* Results, Indicators, Series, Actions out of published rows. See odata_sets.h. */
#include "aggregator/odata_sets.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/series.h"

enum { ROW_FIELDS = 35 };

static const struct row_field {
	struct property property;
	size_t offset;
	bool is_number;
} row_fields[] = {
#define T(name) { { #name, EDM_STRING }, offsetof(struct pub_row, name), false }
#define D(name) { { #name, EDM_DATE }, offsetof(struct pub_row, name), false }
#define N(name) { { #name, EDM_DOUBLE }, offsetof(struct pub_row, name), true }
	T(id), T(indicator), { { "version", EDM_INT64 }, offsetof(struct pub_row, version), false },
	T(title), T(unit), T(direction), T(definition_hash), T(area_code), T(area_name),
	T(area_level), T(ons_code), T(breakdown), T(category), D(period_start), D(period_end),
	N(numerator), N(denominator), N(value), N(lower95), N(upper95), N(lower998), N(upper998), N(margin),
	N(helped_share), N(target), T(verdict), T(comparison), N(spc_mean), N(spc_lower), N(spc_upper), T(spc_rule),
	T(variation), T(assurance), T(annotation), T(flag),
#undef T
#undef D
#undef N
};
_Static_assert(ARRAY_LEN(row_fields) == ROW_FIELDS, "as many as counted");

static const struct property indicator_properties[] = { { "id", EDM_STRING }, { "indicator", EDM_STRING },
	{ "version", EDM_INT64 }, { "title", EDM_STRING }, { "unit", EDM_STRING }, { "direction", EDM_STRING },
	{ "definition_hash", EDM_STRING }, { "publication", EDM_INT64 } };
static const struct property series_properties[] = { { "id", EDM_STRING }, { "indicator", EDM_STRING },
	{ "version", EDM_INT64 }, { "area_code", EDM_STRING }, { "area_name", EDM_STRING },
	{ "area_level", EDM_STRING }, { "breakdown", EDM_STRING }, { "category", EDM_STRING },
	{ "points", EDM_INT64 }, { "first_period", EDM_DATE }, { "last_period", EDM_DATE },
	{ "variation", EDM_STRING }, { "assurance", EDM_STRING } };
static const struct property action_properties[] = { { "id", EDM_STRING }, { "indicator", EDM_STRING },
	{ "said", EDM_STRING }, { "did", EDM_STRING }, { "owner", EDM_STRING }, { "state", EDM_STRING }, { "due", EDM_DATE },
	{ "version", EDM_INT64 } };

const char *
odata_type(enum edm type)
{
	static const char *const names[] = { "Edm.String", "Edm.Double", "Edm.Int64", "Edm.Boolean", "Edm.Date" };

	return names[type];
}

static struct odata_value
text(enum edm type, const char *t)
{
	return (struct odata_value){ .type = type, .text = t, .is_null = t[0] == '\0' };
}

static struct odata_value
whole(int64_t n)
{
	return (struct odata_value){ .type = EDM_INT64, .number = (double)n };
}

static void
fill_result(const struct pub_row *r, struct odata_value *v)
{
	for (size_t i = 0; i < ROW_FIELDS; i++) {
		const char *at = (const char *)r + row_fields[i].offset;

		if (row_fields[i].is_number) {
			const struct pub_num *n = (const struct pub_num *)(const void *)at;

			v[i] = (struct odata_value){ .type = EDM_DOUBLE, .is_null = !n->shown, .number = n->v };
		} else if (row_fields[i].property.type == EDM_INT64) {
			v[i] = whole(atoll(*(const char *const *)(const void *)at));
		} else {
			v[i] = text(row_fields[i].property.type, *(const char *const *)(const void *)at);
		}
	}
	v[ROW_FIELDS] = (struct odata_value){ .type = EDM_BOOLEAN, .truth = r->suppressed };
	v[ROW_FIELDS + 1] = whole(r->publication);
}

/* "sat-users@3|2025-04|site=elm" without the period. */
static const char *
series_id(struct arena *a, const char *row_id)
{
	const char *first = strchr(row_id, '|'), *second = first == NULL ? NULL : strchr(first + 1, '|');
	char *id;

	if (second == NULL)
		return arena_str(a, row_id);
	id = arena_alloc(a, strlen(row_id) + 1);
	if (id == NULL)
		return NULL;
	memcpy(id, row_id, (size_t)(first - row_id));
	memcpy(id + (first - row_id), second, strlen(second) + 1);
	return id;
}

static enum err_code
fill_series(const struct series_list *l, struct arena *a, struct odata_value *v, struct err *err)
{
	for (size_t i = 0; i < l->n; i++, v += ARRAY_LEN(series_properties)) {
		const struct pub_row *r = series_first(&l->list[i]), *end = l->list[i].rows[l->list[i].n - 1];
		const struct pub_row *last = series_latest(&l->list[i]);
		const char *id = series_id(a, r->id);

		if (id == NULL)
			return err_nomem(err);
		const struct odata_value made[] = { text(EDM_STRING, id), text(EDM_STRING, r->indicator),
		    whole(atoll(r->version)), text(EDM_STRING, r->area_code), text(EDM_STRING, r->area_name),
		    text(EDM_STRING, r->area_level), text(EDM_STRING, r->breakdown), text(EDM_STRING, r->category),
		    whole((int64_t)l->list[i].n), text(EDM_DATE, r->period_start), text(EDM_DATE, end->period_end),
		    text(EDM_STRING, last == NULL ? "" : last->variation),
		    text(EDM_STRING, last == NULL ? "" : last->assurance) };

		memcpy(v, made, sizeof(made));
	}
	return ERR_OK;
}

/* One for each definition: the first series of each. */
static size_t
fill_indicators(const struct series_list *l, struct arena *a, struct odata_value *v)
{
	const char *last = "";
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct pub_row *r = series_first(&l->list[i]);
		char *id = arena_strn(a, r->id, strcspn(r->id, "|"));

		if (id == NULL || strcmp(id, last) == 0)
			continue;
		last = id;
		const struct odata_value made[] = { text(EDM_STRING, id), text(EDM_STRING, r->indicator),
		    whole(atoll(r->version)), text(EDM_STRING, r->title), text(EDM_STRING, r->unit),
		    text(EDM_STRING, r->direction), text(EDM_STRING, r->definition_hash), whole(r->publication) };

		memcpy(v + n * ARRAY_LEN(indicator_properties), made, sizeof(made));
		n++;
	}
	return n;
}

static enum err_code
fill_actions(struct actions *actions, struct arena *a, struct odata_value **values, size_t *n, struct err *err)
{
	struct action *list = NULL;
	struct odata_value *v;
	enum err_code rc;

	*n = 0;
	rc = actions == NULL ? ERR_OK : actions_list(actions, NULL, a, &list, n, err);
	if (rc != ERR_OK)
		return rc;
	*values = v = arena_calloc(a, *n * ARRAY_LEN(action_properties) + 1, sizeof(*v));
	if (v == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < *n; i++, v += ARRAY_LEN(action_properties)) {
		const struct action *x = &list[i];
		const struct odata_value made[] = { text(EDM_STRING, arena_printf(a, "%lld", (long long)x->id)),
		    text(EDM_STRING, x->indicator), text(EDM_STRING, x->said), text(EDM_STRING, x->did), text(EDM_STRING, x->owner),
		    text(EDM_STRING, x->state), text(EDM_DATE, x->due), whole(x->version) };

		memcpy(v, made, sizeof(made));
	}
	return ERR_OK;
}

enum err_code
odata_sets(const struct publication *p, struct actions *actions, struct arena *a, struct entity_set sets[ODATA_SETS],
	struct err *err)
{
	size_t rows = p == NULL ? 0 : p->n_rows;
	struct property *properties = arena_calloc(a, ROW_FIELDS + 2, sizeof(*properties));
	struct odata_value *results = arena_calloc(a, rows * (ROW_FIELDS + 2) + 1, sizeof(*results));
	struct odata_value *series = arena_calloc(a, rows * ARRAY_LEN(series_properties) + 1, sizeof(*series));
	struct odata_value *indicators = arena_calloc(a, rows * ARRAY_LEN(indicator_properties) + 1, sizeof(*indicators));
	struct odata_value *done = NULL;
	struct series_list l = {0};
	size_t n_done;

	if (properties == NULL || results == NULL || series == NULL || indicators == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < ROW_FIELDS; i++)
		properties[i] = row_fields[i].property;
	properties[ROW_FIELDS] = (struct property){ "suppressed", EDM_BOOLEAN };
	properties[ROW_FIELDS + 1] = (struct property){ "publication", EDM_INT64 };
	for (size_t i = 0; i < rows; i++)
		fill_result(&p->rows[i], &results[i * (ROW_FIELDS + 2)]);
	if (p != NULL && series_of(p, NULL, a, &l, err) != ERR_OK)
		return err->code;
	if (fill_series(&l, a, series, err) != ERR_OK || fill_actions(actions, a, &done, &n_done, err) != ERR_OK)
		return err->code;
	sets[0] = (struct entity_set){ "Results", "Result", properties, ROW_FIELDS + 2, rows, results };
	sets[1] = (struct entity_set){ "Indicators", "Indicator", indicator_properties,
	    ARRAY_LEN(indicator_properties), fill_indicators(&l, a, indicators), indicators };
	sets[2] = (struct entity_set){ "Series", "SeriesItem", series_properties, ARRAY_LEN(series_properties), l.n,
	    series };
	sets[3] = (struct entity_set){ "Actions", "Action", action_properties, ARRAY_LEN(action_properties),
	    n_done, done };
	return ERR_OK;
}
