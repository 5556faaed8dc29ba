/* What the files of OData share: entities as rows of values, and expressions over them. */
#ifndef AGGREGATOR_ODATA_PRIVATE_H
#define AGGREGATOR_ODATA_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum edm { EDM_STRING, EDM_DOUBLE, EDM_INT64, EDM_BOOLEAN, EDM_DATE };

struct property {
	const char *name;
	enum edm type;
};

struct odata_value {
	bool is_null;
	enum edm type;
	const char *text;	/* string, date */
	double number;		/* double, int64 */
	bool truth;
};

/* One entity set: the first property is the key. */
struct entity_set {
	const char *name, *type;
	const struct property *properties;
	size_t n_properties;
	size_t n;
	const struct odata_value *values;	/* n * n_properties */
};

static inline const struct odata_value *
odata_value(const struct entity_set *s, size_t i, size_t property)
{
	return &s->values[i * s->n_properties + property];
}

/* Index of the property called NAME (LEN bytes), or -1. */
int odata_property(const struct entity_set *s, const char *name, size_t len);
/* -1, 0, 1; null is least. */
int odata_compare(const struct odata_value *a, const struct odata_value *b);

struct odata_filter;

/* Parse a $filter of S, in arena A. ERR_INPUT: syntax or types (400); ERR_DENIED: an operator, function or
 * field that is not there (501); ERR_NOMEM. */
enum err_code odata_filter_parse(const struct entity_set *s, const char *text, struct arena *a,
	struct odata_filter **out, struct err *err) MUST_CHECK;
bool odata_filter_holds(const struct odata_filter *f, const struct entity_set *s, size_t i);

#endif
