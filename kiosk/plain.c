/* Marked-up labels as plain words. See plain.h; ODK documentation, "Styling prompt text". */
#include "kiosk/plain.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"

static const char marks[] = "*_#[\\<";

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* How long the tag at S is, 0 if it is none that labels use. *BREAK: it begins a new line. */
static size_t
tag(const char *s, bool *is_break)
{
	static const char *const names[] = { "span", "p", "b", "i", "u", "em", "strong", "font", "br", "small", "big", "a", "div",
		"h1", "h2", "h3", "h4", "h5", "h6", "center", "sub", "sup" };
	const char *p = s + 1 + (s[1] == '/'), *end;
	size_t n = 0;

	while (isalnum((unsigned char)p[n]))
		n++;
	end = strpbrk(p + n, "<>");
	if (n == 0 || end == NULL || *end != '>' || strchr(" \t\n/>", p[n]) == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], p, n) == 0) {
			*is_break = n == 2 && strncasecmp(p, "br", 2) == 0;
			return (size_t)(end - s) + 1;
		}
	return 0;
}

/* The end of the words between marks that begin at S, which is N times the same character: NULL if they mark nothing. A
 * mark stands against its words, and a bar between words is part of them. */
static const char *
marked(const char *text, const char *s, size_t n)
{
	const char *p = s + n;

	if (*p == '\0' || isspace((unsigned char)*p) || *p == *s || (*s == '_' && s > text && is_word(s[-1])))
		return NULL;
	for (p++; *p != '\0' && *p != '\n'; p++) {
		size_t run = strspn(p, (const char[]){ *s, '\0' });

		if (run < n || isspace((unsigned char)p[-1])) {
			p += run > 0 ? run - 1 : 0;
			continue;
		}
		if (*s != '_' || !is_word(p[n]))
			return p;
		p += run - 1;
	}
	return NULL;
}

/* Append the LEN bytes at S, which are part of TEXT, without their marks. Gives where OUT ends. */
static char *
strip(const char *text, const char *s, size_t len, char *out, unsigned depth)
{
	const char *end = s + len, *to, *close;
	bool is_break = false;
	size_t n;

	while (s < end) {
		if (*s == '\\' && s + 1 < end && strchr("*_#[]\\<", s[1]) != NULL) {
			*out++ = s[1];
			s += 2;
			continue;
		}
		if (*s == '#' && (s == text || s[-1] == '\n') && (n = strspn(s, "#")) <= 6 && s[n] == ' ') {
			s += n + 1;
			continue;
		}
		n = *s == '<' ? tag(s, &is_break) : 0;
		if (n > 0 && s + n <= end) {
			if (is_break)
				*out++ = '\n';
			s += n;
			continue;
		}
		n = (*s == '*' || *s == '_') ? 1 + (s[1] == *s) : 0;
		to = n > 0 && depth < 4 ? marked(text, s, n) : NULL;
		if (to != NULL && to + n <= end) {
			out = strip(text, s + n, (size_t)(to - s) - n, out, depth + 1);
			s = to + n;
			continue;
		}
		to = *s == '[' ? strstr(s, "](") : NULL;
		close = to != NULL ? strchr(to, ')') : NULL;
		if (close != NULL && close < end && memchr(s, '\n', (size_t)(close - s)) == NULL && depth < 4) {
			out = strip(text, s + 1, (size_t)(to - s) - 1, out, depth + 1);
			s = close + 1;
			continue;
		}
		/* A run that marks nothing stays whole. */
		do
			*out++ = *s++;
		while (n > 0 && s < end && *s == s[-1]);
	}
	return out;
}

const char *
plain_text(struct arena *a, const char *text)
{
	size_t len = strlen(text);
	char *out;

	if (text[strcspn(text, marks)] == '\0')
		return text;
	out = arena_alloc(a, len + 1);
	if (out != NULL)
		*strip(text, text, len, out, 0) = '\0';
	return out;
}

const char *
plain_copy(struct arena *a, const char *text)
{
	const char *plain = plain_text(a, text);

	return plain == text ? arena_str(a, text) : plain;
}
