/* Escaping for templates. See html.h. */
#include "base/html.h"

#include <inttypes.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"

static size_t
sequence(const char *s, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++)
		if (utf8_valid(s, n, NULL))
			return n;
	return 0;
}

/* Printable ASCII that needs no escape: most of most texts. */
static const bool is_plain[256] = {
	[' '] = true, ['!'] = true, ['#' ... '%'] = true, ['(' ... ';'] = true, ['='] = true, ['?' ... '~'] = true,
};

static size_t
plain(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && is_plain[(unsigned char)s[n]])
		n++;
	return n;
}

void
html_text_n(struct buf *out, const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = plain(s + i, len - i);

		if (n > 0) {
			buf_put(out, s + i, n);
			i += n;
			continue;
		}
		switch (s[i]) {
		case '&': buf_puts(out, "&amp;"); i++; continue;
		case '<': buf_puts(out, "&lt;"); i++; continue;
		case '>': buf_puts(out, "&gt;"); i++; continue;
		case '"': buf_puts(out, "&quot;"); i++; continue;
		case '\'': buf_puts(out, "&#39;"); i++; continue;
		default: break;
		}
		n = sequence(s + i, len - i);
		if (n == 0) {
			buf_puts(out, "\xef\xbf\xbd");
			i++;
			continue;
		}
		if (n > 1 || (unsigned char)s[i] >= 0x20 || s[i] == '\n' || s[i] == '\t' || s[i] == '\r')
			if (s[i] != 0x7f)
				buf_put(out, s + i, n);
		i += n;
	}
}

void
html_text(struct buf *out, const char *text)
{
	if (text != NULL)
		html_text_n(out, text, strlen(text));
}

void
html_int(struct buf *out, int64_t v)
{
	buf_printf(out, "%" PRId64, v);
}

void
html_uint(struct buf *out, uint64_t v)
{
	buf_printf(out, "%" PRIu64, v);
}

void
html_double(struct buf *out, double v)
{
	num_put(out, v);
}

void
html_raw(struct buf *out, const struct buf *made)
{
	if (made != NULL && made->len > 0)
		buf_put(out, made->data, made->len);
}

bool
html_true_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

bool
html_true_buf(const struct buf *b)
{
	return b != NULL && b->len > 0;
}

bool
html_true_num(double v)
{
	return v < 0 || v > 0;
}
