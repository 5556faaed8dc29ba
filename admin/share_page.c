/* See share_page.h. Everything that holds the share is wiped; the code's squares are the share too. */
#include "admin/share_page.h"

#include <stdlib.h>
#include <string.h>

#include <qrencode.h>

#include "admin/templates.h"

enum { QUIET = 4, GROUPS_A_LINE = 5, LINES_MAX = 40, PATH_LIMIT = 128 << 10 };

static enum err_code
code(const char *text, struct buf *path, unsigned *size, struct err *err)
{
	QRcode *qr = QRcode_encodeString(text, 0, QR_ECLEVEL_Q, QR_MODE_8, 1);

	if (qr == NULL)
		return err_nomem(err);
	for (int y = 0; y < qr->width; y++)
		for (int x = 0, run; x < qr->width; x += run + 1) {
			for (run = 0; x + run < qr->width && (qr->data[y * qr->width + x + run] & 1) != 0;)
				run++;
			if (run > 0)
				buf_printf(path, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
		}
	*size = (unsigned)qr->width + 2 * QUIET;
	wipe(qr->data, (size_t)qr->width * (size_t)qr->width);
	QRcode_free(qr);
	return buf_check(path, err);
}

/* TEXT in lines of a few groups, in place: LINES point into it. */
static size_t
fold(char *text, struct share_line lines[LINES_MAX])
{
	size_t n = 0, groups = 0;

	lines[n++].text = text;
	for (char *p = text; *p != '\0'; p++)
		/* "candour-share" and the number are the first two. */
		if (*p == ' ' && ++groups >= 2 && (groups - 2) % GROUPS_A_LINE == 0 && n < LINES_MAX) {
			*p = '\0';
			lines[n++].text = p + 1;
		}
	return n;
}

enum err_code
share_page(const char *share, unsigned holder, const char *key_id, const char *made, struct buf *out, struct err *err)
{
	struct share_line lines[LINES_MAX];
	struct share_view v = { .holder = holder, .key_id = key_id, .made = made, .lines = lines };
	struct buf path, text;
	enum err_code rc;

	buf_init_secret(&path, PATH_LIMIT);
	buf_init_secret(&text, 1024);
	buf_reserve(&text, strlen(share) + 1);
	buf_puts(&text, share);
	rc = buf_check(&text, err);
	if (rc == ERR_OK)
		rc = code(share, &path, &v.qr_size, err);
	if (rc == ERR_OK) {
		v.n_lines = fold((char *)text.data, lines);
		v.qr_path = buf_str(&path);
		page_admin_share(out, &v);
		rc = buf_check(out, err);
	}
	buf_free(&path);
	buf_free(&text);
	return rc;
}
