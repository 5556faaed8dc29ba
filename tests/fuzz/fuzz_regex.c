/* Any pattern on any text (a NUL byte between them): it compiles or is refused with a sentence; searching
 * gives the same answer twice, within the limits on steps, depth and memory; a quoted text is found in
 * itself, a text that is no UTF-8 never is. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
quoted(const char *text, size_t len)
{
	struct regex *r;
	struct err err = { 0 };
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, "\\Q");
	buf_put(&b, text, len);
	buf_puts(&b, "\\E");
	if (regex_compile(buf_str(&b), b.len, &r, &err) == ERR_OK) {
		assert(regex_search(r, text, len) == 1);
		regex_free(r);
	} else {
		assert(err.code == ERR_LIMIT);
	}
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *pattern = (const char *)data, *nul = len > 0 ? memchr(data, '\0', len) : NULL;
	size_t n = nul != NULL ? (size_t)(nul - pattern) : len, m = nul != NULL ? len - n - 1 : 0;
	const char *text = nul != NULL ? nul + 1 : "";
	bool valid = utf8_valid(text, m, NULL);
	struct regex *r = NULL;
	struct err err = { 0 };
	int found;

	if (regex_compile(pattern, n, &r, &err) != ERR_OK) {
		assert(r == NULL && err.msg[0] != '\0' && (err.code == ERR_INPUT || err.code == ERR_LIMIT));
	} else {
		found = regex_search(r, text, m);
		assert(found >= -1 && found <= 1 && found == regex_search(r, text, m));
		assert(valid || found != 1);
		regex_free(r);
	}
	if (valid && memmem(text, m, "\\E", 2) == NULL)
		quoted(text, m);
	return 0;
}
