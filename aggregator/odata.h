/* OData 4.0, minimal conformance, read-only, over the published rows: service document, $metadata, entity
 * sets, key lookup, query options. docs/publication.md says what is there and what is not. */
#ifndef AGGREGATOR_ODATA_H
#define AGGREGATOR_ODATA_H

#include "aggregator/publication.h"
#include "base/http.h"

/* Answer a request under /odata. P may be NULL: nothing is published, all sets are empty. */
void odata_answer(const struct publication *p, const struct http_request *r, struct http_response *out);

#endif
