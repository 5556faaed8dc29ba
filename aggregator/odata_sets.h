/* The entity sets of a publication. */
#ifndef AGGREGATOR_ODATA_SETS_H
#define AGGREGATOR_ODATA_SETS_H

#include "aggregator/action_store.h"
#include "aggregator/odata_private.h"
#include "aggregator/publication.h"

enum { ODATA_SETS = 4 };

/* For $metadata. */
struct property_view { const char *name, *type; bool is_key; };
struct set_view { const char *name, *type, *key; const struct property_view *properties; size_t n_properties; };
struct metadata_view { const struct set_view *sets; size_t n_sets; };

/* Fill all sets from P (NULL: empty ones) and ACTIONS (NULL: none), in arena A. */
enum err_code odata_sets(const struct publication *p, struct actions *actions, struct arena *a, struct entity_set sets[ODATA_SETS],
	struct err *err) MUST_CHECK;
/* "Edm.String" .. */
const char *odata_type(enum edm type);

#endif
