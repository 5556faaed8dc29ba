/* Any bytes as a publication: no crash; what is accepted is written again to the same bytes, shows no number in a
 * suppressed row, and has a signature or none; what is refused says why. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/publication.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct publication p = { .n_rows = 0 };
	struct err err = { 0 };
	struct buf again;

	if (pub_read(data, len, &p, &err) != ERR_OK) {
		if (err.msg[0] == '\0' || p.rows != NULL)
			abort();
		return 0;
	}
	for (size_t i = 0; i < p.n_rows; i++)
		if (p.rows[i].suppressed && (p.rows[i].value.shown || p.rows[i].numerator.shown))
			abort();
	buf_init(&again, PUB_MAX);
	if (pub_write(&p.manifest, p.rows, p.n_rows, &again, &err) != ERR_OK || again.len != p.signed_len
	    || memcmp(again.data, data, again.len) != 0)
		abort();
	buf_free(&again);
	pub_clear(&p);
	return 0;
}
