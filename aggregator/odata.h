/* OData 4.0, minimal conformance, read-only, over the published rows: service document, $metadata, the sets
 * Results, Indicators, Series and Actions, key lookup, $top $skip $count $select $orderby $filter $format,
 * pages of 500 with @odata.nextLink. docs/publication.md says what is there and what is not. */
#ifndef AGGREGATOR_ODATA_H
#define AGGREGATOR_ODATA_H

#include "aggregator/action_store.h"
#include "aggregator/publication_store.h"
#include "base/http.h"

/* Answer a request under /odata from the last publication of STORE, or the one that a $skiptoken names, and from ACTIONS
 * (NULL: none). */
void odata_answer(struct publications *store, struct actions *actions, const struct http_request *r,
	struct http_response *out);

#endif
