/* The receipt as a QR code. See receipt.h. */
#include "kiosk/receipt.h"

#include <qrencode.h>

#include "base/buf.h"

enum { QUIET = 4, PATH_MAX_LEN = 64 << 10 };

const char *
receipt_qr(const char *text, struct arena *a, unsigned *size)
{
	QRcode *qr = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	const char *path;
	struct buf b;

	*size = 0;
	if (qr == NULL)
		return "";
	buf_init_secret(&b, PATH_MAX_LEN);
	for (int y = 0; y < qr->width; y++)
		for (int x = 0; x < qr->width; x++) {
			int run = 0;

			while (x + run < qr->width && (qr->data[y * qr->width + x + run] & 1) != 0)
				run++;
			if (run > 0)
				buf_printf(&b, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
			x += run;
		}
	*size = (unsigned)qr->width + 2 * QUIET;
	wipe(qr->data, (size_t)qr->width * (size_t)qr->width);
	QRcode_free(qr);
	path = b.failed == ERR_OK ? arena_strn(a, buf_str(&b), b.len) : NULL;
	buf_free(&b);
	return path == NULL ? "" : path;
}
