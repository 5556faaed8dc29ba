/* A share of the escrow key as a page to print: a QR code of its text, the text, and what its holder has to know. */
#ifndef ADMIN_SHARE_PAGE_H
#define ADMIN_SHARE_PAGE_H

#include "base/buf.h"

struct share_line {
	const char *text;
};

struct share_view {
	unsigned holder;
	const char *key_id, *made;
	unsigned qr_size;
	const char *qr_path;	/* of squares one unit wide */
	struct share_line *lines;
	size_t n_lines;
};

/* The page for SHARE (one line, as keyfile_split makes it) of HOLDER, appended to OUT, which must be a secret buffer.
 * KEY_ID: the escrow key's; MADE: a day, in words. ERR_LIMIT, ERR_NOMEM; OUT may have gained something then. */
enum err_code share_page(const char *share, unsigned holder, const char *key_id, const char *made, struct buf *out,
	struct err *err) MUST_CHECK;

#endif
