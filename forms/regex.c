/* regex(): PCRE2, searching (ODK XForms), UTF, no JIT, with limits on matching and depth. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "forms/eval.h"

enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, HEAP_KIB = 4096, PATTERN_MAX = 4096 };

struct regex { pcre2_code *code; };

enum err_code
regex_compile(const char *pattern, size_t len, struct regex **out, struct err *err)
{
	struct regex *r;
	int code;
	PCRE2_SIZE at;
	PCRE2_UCHAR text[200];

	*out = NULL;
	if (len > PATTERN_MAX)
		return err_set(err, ERR_LIMIT, "a regular expression of %zu bytes: at most %d", len, PATTERN_MAX);
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return err_nomem(err);
	r->code = pcre2_compile((PCRE2_SPTR)pattern, len, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	if (r->code == NULL) {
		free(r);
		if (code == PCRE2_ERROR_HEAP_FAILED)
			return err_nomem(err);
		pcre2_get_error_message(code, text, sizeof(text));
		return err_set(err, ERR_INPUT, "the regular expression: %s, at its character %zu",
		    (const char *)text, (size_t)at + 1);
	}
	*out = r;
	return ERR_OK;
}

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	pcre2_code_free(r->code);
	free(r);
}

int
regex_search(const struct regex *r, const char *text, size_t len)
{
	pcre2_match_data *md = pcre2_match_data_create(1, NULL);
	pcre2_match_context *mc = pcre2_match_context_create(NULL);
	int rc = -2;

	if (md != NULL && mc != NULL) {
		pcre2_set_match_limit(mc, MATCH_LIMIT);
		pcre2_set_depth_limit(mc, DEPTH_LIMIT);
		pcre2_set_heap_limit(mc, HEAP_KIB);
		rc = pcre2_match(r->code, (PCRE2_SPTR)text, len, 0, 0, md, mc);
		rc = rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : rc == PCRE2_ERROR_NOMEMORY ? -2 : -1;
	}
	pcre2_match_data_free(md);
	pcre2_match_context_free(mc);
	return rc;
}
