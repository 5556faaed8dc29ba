/* Functions on texts. ODK XForms "XPath functions"; XPath 1.0, 4.2. Characters are code points. */
#include <math.h>
#include <mbedtls/md.h>
#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "forms/model.h"
#include "forms/run_step.h"

static bool
text(struct run *x, const struct val *v, struct val *out)
{
	return val_string(x, v, out);
}

/* The argument, or the context node where there is none. */
static bool
text_or_context(struct run *x, struct val *args, unsigned n, struct val *out)
{
	return n > 0 ? text(x, &args[0], out) : node_string(x, x->node, out);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static uint32_t
characters(const char *s, size_t n)
{
	uint32_t k = 0;

	for (size_t i = 0; i < n; i++)
		k += ((unsigned char)s[i] & 0xc0) != 0x80;
	return k;
}

/* Byte offset of character K. */
static size_t
offset_of(const char *s, size_t n, uint32_t k)
{
	size_t i = 0;

	while (i < n && k > 0) {
		for (i++; i < n && ((unsigned char)s[i] & 0xc0) == 0x80; )
			i++;
		k--;
	}
	return i;
}

static void
slice(struct val *out, const struct val *s, size_t from, size_t to)
{
	*out = (struct val){ .kind = VAL_STRING, .n = (uint32_t)(to - from), .u.s = s->u.s + from };
}

static bool
fn_string(struct run *x, struct val *a, unsigned n, struct val *out)
{
	return text_or_context(x, a, n, out);
}

static bool
add_text(struct run *x, struct buf *b, const struct val *v)
{
	struct val s;

	if (v->kind != VAL_SET) {
		if (!text(x, v, &s))
			return false;
		buf_put(b, s.u.s, s.n);
		return true;
	}
	for (uint32_t i = 0; i < v->n; i++) {
		if (!run_step(x, 1) || !node_string(x, v->u.set[i], &s))
			return false;
		buf_put(b, s.u.s, s.n);
	}
	return true;
}

/* All nodes of each path argument (ODK XForms; Enketo, JavaRosa). */
static bool
fn_concat(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct buf b;
	bool ok = true;

	buf_init_secret(&b, x->max_string);
	for (unsigned i = 0; i < n && ok; i++)
		ok = add_text(x, &b, &a[i]);
	return put_buf(x, out, &b, ok);
}

static bool
fn_join(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct buf b;
	struct val sep, s;
	bool ok = text(x, &a[0], &sep), first = true;

	buf_init_secret(&b, x->max_string);
	for (unsigned i = 1; i < n && ok; i++) {
		uint32_t nodes = a[i].kind == VAL_SET ? a[i].n : 1;

		for (uint32_t k = 0; k < nodes && ok; k++) {
			ok = run_step(x, 1) && (a[i].kind == VAL_SET ? node_string(x, a[i].u.set[k], &s) : text(x, &a[i], &s));
			if (!ok)
				break;
			if (!first)
				buf_put(&b, sep.u.s, sep.n);
			buf_put(&b, s.u.s, s.n);
			first = false;
		}
	}
	return put_buf(x, out, &b, ok);
}

static bool
two(struct run *x, struct val *a, struct val *s, struct val *t)
{
	return text(x, &a[0], s) && text(x, &a[1], t) && run_step(x, s->n / 64);
}

static bool
fn_starts_with(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s, t;

	(void)n;
	if (!two(x, a, &s, &t))
		return false;
	put_bool(out, s.n >= t.n && memcmp(s.u.s, t.u.s, t.n) == 0);
	return true;
}

static bool
fn_ends_with(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s, t;

	(void)n;
	if (!two(x, a, &s, &t))
		return false;
	put_bool(out, s.n >= t.n && memcmp(s.u.s + s.n - t.n, t.u.s, t.n) == 0);
	return true;
}

static bool
fn_contains(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s, t;

	(void)n;
	if (!two(x, a, &s, &t))
		return false;
	put_bool(out, t.n == 0 || memmem(s.u.s, s.n, t.u.s, t.n) != NULL);
	return true;
}

static bool
fn_before(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s, t;
	const char *at;

	(void)n;
	if (!two(x, a, &s, &t))
		return false;
	at = t.n == 0 ? s.u.s : memmem(s.u.s, s.n, t.u.s, t.n);
	slice(out, &s, 0, at != NULL ? (size_t)(at - s.u.s) : 0);
	return true;
}

static bool
fn_after(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s, t;
	const char *at;

	(void)n;
	if (!two(x, a, &s, &t))
		return false;
	at = t.n == 0 ? s.u.s : memmem(s.u.s, s.n, t.u.s, t.n);
	slice(out, &s, at != NULL ? (size_t)(at - s.u.s) + t.n : s.n, s.n);
	return true;
}

static double
xpath_round(double v)
{
	return isfinite(v) ? floor(v + 0.5) : v;
}

static bool
fn_substring(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;
	double from, to;
	uint32_t k, i = 0, begin = 0, end = 0;
	bool any = false;

	if (!text(x, &a[0], &s))
		return false;
	from = xpath_round(val_number(x, &a[1]));
	to = n > 2 ? from + xpath_round(val_number(x, &a[2])) : INFINITY;
	k = characters(s.u.s, s.n);
	if (!run_step(x, k / 64))
		return false;
	/* XPath 1.0, 4.2: character P (from 1) is in if P >= from and P < to */
	if (!isnan(from) && !isnan(to)) {
		double lo = from < 1 ? 1 : from, hi = to > (double)k + 1 ? (double)k + 1 : to;

		if (lo < hi) {
			begin = (uint32_t)lo - 1;
			end = (uint32_t)hi - 1;
			any = true;
		}
	}
	(void)i;
	if (!any)
		begin = end = 0;
	slice(out, &s, offset_of(s.u.s, s.n, begin), offset_of(s.u.s, s.n, end));
	return true;
}

/* ODK: from START (0-based, negative: from the end) up to but not including END. */
static bool
fn_substr(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;
	double k, from, to;

	if (!text(x, &a[0], &s))
		return false;
	k = characters(s.u.s, s.n);
	from = trunc(val_number(x, &a[1]));
	to = n > 2 ? trunc(val_number(x, &a[2])) : k;
	if (isnan(from))
		from = 0;
	if (isnan(to))
		to = 0;
	if (from < 0)
		from = fmax(k + from, 0);
	if (to < 0)
		to = k + to;
	to = fmin(to, k);
	if (from >= to)
		slice(out, &s, 0, 0);
	else
		slice(out, &s, offset_of(s.u.s, s.n, (uint32_t)from), offset_of(s.u.s, s.n, (uint32_t)to));
	return run_step(x, s.n / 64);
}

static bool
fn_string_length(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;

	if (!text_or_context(x, a, n, &s))
		return false;
	put_number(out, characters(s.u.s, s.n));
	return run_step(x, s.n / 64);
}

static bool
fn_normalize(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;
	char *to;
	uint32_t at = 0;

	if (!text_or_context(x, a, n, &s))
		return false;
	to = scratch_get(x->scratch, (size_t)s.n + 1);
	if (to == NULL)
		return run_no_room(x);
	for (uint32_t i = 0; i < s.n; i++) {
		if (!is_blank(s.u.s[i]))
			to[at++] = s.u.s[i];
		else if (at > 0 && to[at - 1] != ' ')
			to[at++] = ' ';
	}
	if (at > 0 && to[at - 1] == ' ')
		at--;
	*out = (struct val){ .kind = VAL_STRING, .n = at, .u.s = to };
	return run_step(x, s.n / 64);
}

static size_t
char_len(const char *s, size_t n, size_t at)
{
	size_t end = at + 1;

	while (end < n && ((unsigned char)s[end] & 0xc0) == 0x80)
		end++;
	return end - at;
}

static bool
fn_translate(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s, from, to;
	struct buf b;

	(void)n;
	if (!text(x, &a[0], &s) || !text(x, &a[1], &from) || !text(x, &a[2], &to))
		return false;
	if (!run_step(x, (uint64_t)s.n * (from.n + 1) / 64))
		return false;
	buf_init_secret(&b, x->max_string);
	for (size_t i = 0, len; i < s.n; i += len) {
		uint32_t k = 0;
		size_t f = 0, flen, t;

		len = char_len(s.u.s, s.n, i);
		for (; f < from.n; f += flen, k++) {
			flen = char_len(from.u.s, from.n, f);
			if (flen == len && memcmp(from.u.s + f, s.u.s + i, len) == 0)
				break;
		}
		if (f >= from.n) {
			buf_put(&b, s.u.s + i, len);
			continue;
		}
		t = offset_of(to.u.s, to.n, k);
		if (t < to.n)
			buf_put(&b, to.u.s + t, char_len(to.u.s, to.n, t));
	}
	return put_buf(x, out, &b, true);
}

static bool
fn_regex(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s, p;
	struct regex *r = NULL;
	struct err err = { 0 };
	int found;

	(void)n;
	if (!text(x, &a[0], &s))
		return false;
	if (x->op->b != 0) {
		found = regex_search(x->program->regexes[x->op->b - 1], s.u.s, s.n);
	} else {
		if (!text(x, &a[1], &p) || !run_step(x, 1000))
			return false;
		if (regex_compile(p.u.s, p.n, &r, &err) != ERR_OK)
			return run_fail(x, err.code, "%s", err.msg);
		found = regex_search(r, s.u.s, s.n);
		regex_free(r);
	}
	if (found == -2)
		return run_fail(x, ERR_NOMEM, "out of memory");
	if (found < 0)
		return run_fail(x, ERR_LIMIT, "regex(): the expression takes too long on this text (limit regex)");
	put_bool(out, found == 1);
	return run_step(x, s.n / 8);
}

/* --- select_multiple ---------------------------------------------------------------------------- */

/* The next blank-separated word from *AT; false at the end. */
static bool
next_word(const struct val *s, uint32_t *at, uint32_t *from, uint32_t *to)
{
	while (*at < s->n && is_blank(s->u.s[*at]))
		(*at)++;
	if (*at >= s->n)
		return false;
	*from = *at;
	while (*at < s->n && !is_blank(s->u.s[*at]))
		(*at)++;
	*to = *at;
	return true;
}

static void
trim(struct val *s)
{
	while (s->n > 0 && is_blank(s->u.s[0])) {
		s->u.s++;
		s->n--;
	}
	while (s->n > 0 && is_blank(s->u.s[s->n - 1]))
		s->n--;
}

static bool
fn_selected(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val list, want;
	uint32_t at = 0, from, to;
	bool found = false;

	(void)n;
	if (!two(x, a, &list, &want))
		return false;
	trim(&want);
	trim(&list);
	if (want.n == 0)
		found = list.n == 0;
	else
		while (!found && next_word(&list, &at, &from, &to))
			found = to - from == want.n && memcmp(list.u.s + from, want.u.s, want.n) == 0;
	put_bool(out, found);
	return true;
}

static bool
fn_selected_at(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val list;
	double k = trunc(val_number(x, &a[1]));
	uint32_t at = 0, from, to;

	(void)n;
	if (!text(x, &a[0], &list))
		return false;
	slice(out, &list, 0, 0);
	if (!(k >= 0))
		return true;
	while (next_word(&list, &at, &from, &to))
		if (k-- == 0) {
			slice(out, &list, from, to);
			break;
		}
	return run_step(x, list.n / 64);
}

static bool
fn_count_selected(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val list;
	uint32_t at = 0, from, to, k = 0;

	(void)n;
	if (!text(x, &a[0], &list))
		return false;
	while (next_word(&list, &at, &from, &to))
		k++;
	put_number(out, k);
	return run_step(x, list.n / 64);
}

/* --- digests, base64 -------------------------------------------------------------------------------- */

static bool
is(const struct val *v, const char *s)
{
	return v->n == strlen(s) && strncasecmp(v->u.s, s, v->n) == 0;
}

static bool
fn_digest(struct run *x, struct val *a, unsigned n, struct val *out)
{
	static const struct { const char *name; mbedtls_md_type_t type; } kinds[] = {
		{ "MD5", MBEDTLS_MD_MD5 }, { "SHA-1", MBEDTLS_MD_SHA1 }, { "SHA-256", MBEDTLS_MD_SHA256 },
		{ "SHA-384", MBEDTLS_MD_SHA384 }, { "SHA-512", MBEDTLS_MD_SHA512 }, { "SHA1", MBEDTLS_MD_SHA1 },
		{ "SHA256", MBEDTLS_MD_SHA256 }, { "SHA384", MBEDTLS_MD_SHA384 }, { "SHA512", MBEDTLS_MD_SHA512 },
	};
	struct val s, algorithm, encoding = { .kind = VAL_STRING, .n = 6, .u.s = "base64" };
	const mbedtls_md_info_t *md = NULL;
	unsigned char hash[64];
	struct buf b;

	if (!text(x, &a[0], &s) || !text(x, &a[1], &algorithm) || (n > 2 && !text(x, &a[2], &encoding)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (is(&algorithm, kinds[i].name))
			md = mbedtls_md_info_from_type(kinds[i].type);
	if (md == NULL)
		return run_fail(x, ERR_INPUT, "digest(): use MD5, SHA-1, SHA-256, SHA-384 or SHA-512");
	if (!is(&encoding, "base64") && !is(&encoding, "hex"))
		return run_fail(x, ERR_INPUT, "digest(): the encoding is base64 or hex");
	if (mbedtls_md(md, (const unsigned char *)s.u.s, s.n, hash) != 0)
		return run_fail(x, ERR_BROKEN, "digest() failed");
	buf_init_secret(&b, 256);
	if (is(&encoding, "hex"))
		hex_put(&b, hash, mbedtls_md_get_size(md));
	else
		base64_put(&b, hash, mbedtls_md_get_size(md));
	return run_step(x, s.n / 8) && put_buf(x, out, &b, true);
}

static bool
fn_base64_decode(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;
	struct buf b;
	size_t len = 0, bad;
	bool ok;

	(void)n;
	if (!text(x, &a[0], &s))
		return false;
	buf_init_secret(&b, x->max_string);
	if (buf_room(&b, s.n + 1) == NULL)
		return put_buf(x, out, &b, true);
	if (mbedtls_base64_decode(b.data, s.n + 1, &len,
	    (const unsigned char *)s.u.s, s.n) != 0)
		len = 0;
	/* only text comes out */
	if (len > 0 && !utf8_valid(b.data, len, &bad))
		len = 0;
	ok = put_text(x, out, len > 0 ? (const char *)b.data : "", len);
	buf_free(&b);
	return ok;
}

static bool
fn_boolean_from_string(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;

	(void)n;
	if (!text(x, &a[0], &s))
		return false;
	put_bool(out, is(&s, "true") || is(&s, "1"));
	return true;
}

static bool
fn_itext(struct run *x, struct val *a, unsigned n, struct val *out)
{
	struct val s;
	char id[512];

	(void)n;
	if (!text(x, &a[0], &s))
		return false;
	if (x->itext != NULL && s.n < sizeof(id)) {
		memcpy(id, s.u.s, s.n);
		id[s.n] = '\0';
		return x->itext(x, id, out);
	}
	if (x->form != NULL && itext_string(x, s.u.s, s.n, out))
		return true;
	if (x->rc != ERR_OK)
		return false;
	return put_text(x, out, "", 0);
}

const struct fn fn_text_table[] = {
	{ "string", 0, 1, 0, fn_string, NULL },
	{ "concat", 0, -1, FN_SETS, fn_concat, NULL },
	{ "join", 1, -1, FN_SETS, fn_join, NULL },
	{ "starts-with", 2, 2, 0, fn_starts_with, NULL },
	{ "ends-with", 2, 2, 0, fn_ends_with, NULL },
	{ "contains", 2, 2, 0, fn_contains, NULL },
	{ "substring-before", 2, 2, 0, fn_before, NULL },
	{ "substring-after", 2, 2, 0, fn_after, NULL },
	{ "substring", 2, 3, 0, fn_substring, NULL },
	{ "substr", 2, 3, 0, fn_substr, NULL },
	{ "string-length", 0, 1, 0, fn_string_length, NULL },
	{ "normalize-space", 0, 1, 0, fn_normalize, NULL },
	{ "translate", 3, 3, 0, fn_translate, NULL },
	{ "regex", 2, 2, 0, fn_regex, NULL },
	{ "selected", 2, 2, 0, fn_selected, NULL },
	{ "selected-at", 2, 2, 0, fn_selected_at, NULL },
	{ "count-selected", 1, 1, 0, fn_count_selected, NULL },
	{ "digest", 2, 3, 0, fn_digest, NULL },
	{ "base64-decode", 1, 1, 0, fn_base64_decode, NULL },
	{ "boolean-from-string", 1, 1, 0, fn_boolean_from_string, NULL },
	{ "jr:itext", 1, 1, FN_LANGUAGE, fn_itext, NULL },
	{ NULL, 0, 0, 0, NULL, NULL },
};
