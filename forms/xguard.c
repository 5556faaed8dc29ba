/* See xguard.h. */
#include "forms/xguard.h"

#include <string.h>
#include <strings.h>

enum kind { OPENS, CLOSES, OTHER };
enum state { TEXT, OPENED, BANG, COMMENT, CDATA, PI, TAG, QUOTED };

static const char comment_start[] = "--", cdata_start[] = "[CDATA[";

enum err_code
xguard_encoding(const void *bytes, size_t n, struct err *err)
{
	static const char *const plain[] = { "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1",
		"windows-1252" };
	const char *p = bytes, *end, *at;
	char quote;

	if (n >= 2 && (memchr(p, '\0', n < 4 ? n : 4) != NULL || memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return err_set(err, ERR_INPUT, "the XML is in UTF-16 or UTF-32: save it as UTF-8");
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3, n -= 3;
	if (n < 6 || memcmp(p, "<?xml", 5) != 0)
		return n > 0 && (p[0] == '<' || strchr(" \t\r\n", p[0]) != NULL) ? ERR_OK
		    : err_set(err, ERR_INPUT, "this is no XML: it does not begin with <");
	end = memchr(p, '>', n < 400 ? n : 400);
	if (end == NULL)
		return err_set(err, ERR_INPUT, "the XML declaration (<?xml ..) does not end");
	at = memmem(p, (size_t)(end - p), "encoding", 8);
	if (at == NULL)
		return ERR_OK;
	at += 8;
	while (at < end && strchr(" \t\r\n=", *at) != NULL)
		at++;
	quote = *at++;
	for (size_t i = 0; i < ARRAY_LEN(plain) && (quote == '"' || quote == '\''); i++) {
		size_t len = strlen(plain[i]);

		if ((size_t)(end - at) > len && strncasecmp(at, plain[i], len) == 0 && at[len] == quote)
			return ERR_OK;
	}
	return err_set(err, ERR_INPUT, "the XML is in an encoding that is not read: save it as UTF-8");
}

/* A tag is complete. */
static enum err_code
tag_end(struct xguard *g, struct err *err)
{
	if (g->kind == CLOSES) {
		if (g->depth > 0) {
			g->depth--;
			g->namespaces -= g->at_depth[g->depth];
		}
	} else if (g->kind == OTHER) {
		;
	} else if (!g->slash) {
		if (g->depth == XGUARD_DEPTH)
			return err_set(err, ERR_LIMIT, "elements are nested more than %d deep (limit depth)", XGUARD_DEPTH);
		g->depth++;
	} else {
		g->namespaces -= g->at_depth[g->depth];
	}
	g->state = TEXT;
	return ERR_OK;
}

static void
tag_begin(struct xguard *g, enum kind kind)
{
	g->state = TAG;
	g->kind = (uint8_t)kind;
	g->slash = false;
	g->attributes = 0;
	g->tag = 0;
	g->word = 0;
	if (kind == OPENS)
		g->at_depth[g->depth] = 0;
}

/* One byte of a tag, outside quotes. */
static enum err_code
in_tag(struct xguard *g, char c, struct err *err)
{
	static const char xmlns[] = "xmlns";

	if (c == '"' || c == '\'') {
		g->quote = c;
		g->state = QUOTED;
	} else if (c == '=') {
		if (++g->attributes > XGUARD_ATTRIBUTES)
			return err_set(err, ERR_LIMIT, "an element has more than %d attributes (limit attributes)", XGUARD_ATTRIBUTES);
		if (g->declares && g->kind == OPENS) {
			g->at_depth[g->depth]++;
			if (++g->namespaces > XGUARD_NAMESPACES)
				return err_set(err, ERR_LIMIT, "more than %d namespaces are declared (limit namespaces)", XGUARD_NAMESPACES);
		}
		g->declares = false;
	} else if (c == '>') {
		return tag_end(g, err);
	}
	/* a name that begins with xmlns */
	if (g->word < 5 && c == xmlns[g->word])
		g->declares = ++g->word == 5 || g->declares;
	else if (strchr(" \t\r\n\"'", c) != NULL)
		g->word = 0;
	else if (g->word < 5)
		g->word = 6;	/* another name */
	if (strchr(" \t\r\n", c) == NULL)
		g->slash = c == '/';
	return ERR_OK;
}

enum err_code
xguard(struct xguard *g, const void *bytes, size_t n, struct err *err)
{
	const char *p = bytes, *end = p + n;
	enum err_code rc = ERR_OK;

	for (; p < end && rc == ERR_OK; p++) {
		switch ((enum state)g->state) {
		case TEXT:
			p = memchr(p, '<', (size_t)(end - p));
			if (p == NULL)
				return ERR_OK;
			g->state = OPENED;
			break;
		case OPENED:
			if (*p == '!')
				g->state = BANG, g->matched = 0, g->quote = 0;
			else if (*p == '?')
				g->state = PI, g->matched = 0;
			else
				tag_begin(g, *p == '/' ? CLOSES : OPENS);
			if (g->state == TAG && g->kind == OPENS)
				rc = in_tag(g, *p, err);
			break;
		case BANG:
			/* QUOTE: which of the two it may be */
			if (g->matched == 0)
				g->quote = *p;
			if (g->quote == '-' && *p == comment_start[g->matched]) {
				if (comment_start[++g->matched] == '\0')
					g->state = COMMENT, g->matched = 0;
			} else if (g->quote == '[' && *p == cdata_start[g->matched]) {
				if (cdata_start[++g->matched] == '\0')
					g->state = CDATA, g->matched = 0;
			} else {
				/* a document type is refused by whoever parses */
				tag_begin(g, OTHER);
				rc = in_tag(g, *p, err);
			}
			break;
		case COMMENT:
		case CDATA:
		case PI: {
			char last = g->state == COMMENT ? '-' : g->state == CDATA ? ']' : '?';
			unsigned need = g->state == PI ? 1 : 2;

			if (*p == '>' && g->matched >= need)
				g->state = TEXT;
			g->matched = *p != last ? 0 : g->matched < 2 ? (uint8_t)(g->matched + 1) : 2;
			break;
		}
		case TAG:
			rc = in_tag(g, *p, err);
			break;
		case QUOTED: {
			const char *q = memchr(p, g->quote, (size_t)(end - p));

			g->tag += (size_t)((q != NULL ? q : end) - p);
			if (q == NULL) {
				p = end - 1;
			} else {
				p = q;
				g->state = TAG;
				g->word = 0;
				g->slash = false;
			}
			break;
		}
		}
		if ((g->state == TAG || g->state == QUOTED) && ++g->tag > XGUARD_TAG)
			rc = err_set(err, ERR_LIMIT, "a tag is longer than %d MiB (limit tag)", XGUARD_TAG >> 20);
	}
	return rc;
}
