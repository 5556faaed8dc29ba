/* A publication as something to hand on: one .zip with the figures for a spreadsheet, what each means, what was signed,
 * and the hashes of it all, so that it can be cited and checked years later by somebody who has nothing else. The same
 * publication gives the same bytes. */
#ifndef AGGREGATOR_PACK_H
#define AGGREGATOR_PACK_H

#include "aggregator/publication.h"

/* P was read by pub_read from the LEN bytes at FILE, and is signed. RING: text of the organisation's key ring to put beside
 * it, or NULL. Append the zip to OUT. ERR_DENIED: not signed; ERR_LIMIT (OUT is full), ERR_NOMEM, ERR_BROKEN: OUT has gained
 * nothing. */
enum err_code pack_put(struct buf *out, const struct publication *p, const void *file, size_t len, const struct buf *ring,
	struct err *err) MUST_CHECK;

#endif
