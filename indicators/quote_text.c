/* The words of quotes. See quotes.h. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "indicators/quotes.h"

enum { DIGITS_MAX = 4, FRAGMENT_MIN = 2 };

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* A word is what stands between blanks; its core is without punctuation around it. */
struct word {
	const char *at, *core;
	size_t len, core_len;
	bool begins;		/* a sentence */
};

static bool
is_edge(unsigned char c)
{
	return c < 0x80 && !isalnum(c) && c != '@' && c != '[' && c != ']';
}

/* The next word at or after *S, which moves behind it. BEGINS: does a sentence begin here? False: none. */
static bool
next_word(const char **s, bool begins, struct word *w)
{
	while (is_blank(**s))
		++*s;
	if (**s == '\0')
		return false;
	*w = (struct word){ .at = *s, .begins = begins };
	while ((*s)[w->len] != '\0' && !is_blank((*s)[w->len]))
		w->len++;
	w->core = w->at;
	w->core_len = w->len;
	while (w->core_len > 0 && is_edge((unsigned char)w->core[0])) {
		w->core++;
		w->core_len--;
	}
	while (w->core_len > 0 && is_edge((unsigned char)w->core[w->core_len - 1]))
		w->core_len--;
	*s += w->len;
	return true;
}

static bool
ends_sentence(const struct word *w)
{
	for (size_t i = w->len; i > 0; i--) {
		char c = w->at[i - 1];

		if (c == '.' || c == '!' || c == '?' || c == ':')
			return true;
		if (c != '"' && c != '\'' && c != ')')
			return false;
	}
	return false;
}

static size_t
digits_in(const struct word *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->core_len; i++)
		n += isdigit((unsigned char)w->core[i]) != 0;
	return n;
}

static bool
is_mail(const struct word *w)
{
	return memchr(w->core, '@', w->core_len) != NULL && w->core_len > 2;
}

/* "SW1A" */
static bool
is_outward(const struct word *w)
{
	size_t letters = 0;

	while (letters < w->core_len && isalpha((unsigned char)w->core[letters]))
		letters++;
	return letters >= 1 && letters <= 2 && w->core_len > letters && w->core_len <= letters + 2
	    && isdigit((unsigned char)w->core[letters])
	    && (w->core_len == letters + 1 || isalnum((unsigned char)w->core[letters + 1]));
}

/* "1AA" */
static bool
is_inward(const char *s, size_t len)
{
	return len == 3 && isdigit((unsigned char)s[0]) && isalpha((unsigned char)s[1]) && isalpha((unsigned char)s[2]);
}

static bool
is_whole_postcode(const struct word *w)
{
	struct word front = *w;

	if (w->core_len < 5 || !is_inward(w->core + w->core_len - 3, 3))
		return false;
	front.core_len -= 3;
	return is_outward(&front);
}

/* Does it begin with a capital letter: A to Z, or one of UTF-8's Latin, Greek or Cyrillic that are such? Two bytes from U+00C0. */
static bool
is_capital(const struct word *w)
{
	const unsigned char *s = (const unsigned char *)w->core;

	if (w->core_len == 0)
		return false;
	if (s[0] < 0x80)
		return isupper(s[0]) != 0;
	if (w->core_len < 2)
		return false;
	if (s[0] == 0xc3)	/* U+00C0 .. U+00DE */
		return s[1] >= 0x80 && s[1] <= 0x9e && s[1] != 0x97;
	if (s[0] == 0xc4 || s[0] == 0xc5)	/* Latin extended: capitals have even numbers, mostly */
		return true;
	return s[0] == 0xce || s[0] == 0xd0;
}

/* "I", "I'm", "I've": nobody's name. */
static bool
is_me(const struct word *w)
{
	return w->core_len > 0 && w->core[0] == 'I'
	    && (w->core_len == 1 || w->core[1] == '\'' || (unsigned char)w->core[1] == 0xe2);
}

static bool
is_bracket(const struct word *w)
{
	return w->core_len > 0 && w->core[0] == '[';
}

/* What stands for W; "" if it may stay. */
static const char *
instead(const struct word *w)
{
	if (is_bracket(w))
		return "";
	if (is_mail(w))
		return "[e-mail]";
	if (is_whole_postcode(w))
		return "[postcode]";
	if (digits_in(w) > 0)
		return "[number]";
	return is_capital(w) && !w->begins && !is_me(w) ? "[name]" : "";
}

void
quote_suggest(const char *text, struct buf *out)
{
	const char *s = text, *last = "", *from = text;
	bool begins = true;
	struct word w, next;

	while (next_word(&s, begins, &w)) {
		const char *put = instead(&w), *after = s;

		begins = ends_sentence(&w);
		/* "SW1A 1AA" is two words */
		if (is_outward(&w) && next_word(&after, false, &next) && is_inward(next.core, next.core_len)) {
			put = "[postcode]";
			begins = ends_sentence(&next);
			w.core_len = (size_t)(next.core + next.core_len - w.core);
			s = after;
		}
		/* what was between the last word and this one, unless both are one name */
		if (put[0] == '\0' || strcmp(put, last) != 0 || strcmp(put, "[name]") != 0 || (size_t)(w.core - from) > 1)
			buf_put(out, from, (size_t)(w.core - from));
		else
			put = "";
		if (put[0] != '\0')
			buf_puts(out, put);
		else if (instead(&w)[0] == '\0')
			buf_put(out, w.core, w.core_len);
		last = instead(&w);
		from = w.core + w.core_len;
	}
	buf_puts(out, from);
}

void
quote_look_at(const char *text, struct buf *out)
{
	const char *s = text;
	struct word w;

	while (next_word(&s, false, &w)) {
		const char *earlier = text;
		struct word e;
		bool before = false;

		if (is_bracket(&w) || is_me(&w) || !is_capital(&w))
			continue;
		while (!before && next_word(&earlier, false, &e) && e.at < w.at)
			before = e.core_len == w.core_len && memcmp(e.core, w.core, w.core_len) == 0;
		if (before)
			continue;
		if (out->len > 0)
			buf_puts(out, ", ");
		buf_put(out, w.core, w.core_len);
	}
}

/* --- checking -------------------------------------------------------------------------------------------------------- */

/* Does FRAGMENT (LEN bytes) begin at S, where any blanks match any blanks? *END behind it. */
static bool
matches(const char *s, const char *fragment, size_t len, const char **end)
{
	size_t i = 0;

	while (i < len) {
		if (is_blank(fragment[i])) {
			if (!is_blank(*s))
				return false;
			while (i < len && is_blank(fragment[i]))
				i++;
			while (is_blank(*s))
				s++;
		} else if (*s++ != fragment[i++]) {
			return false;
		}
	}
	*end = s;
	return true;
}

static const char *
find(const char *s, const char *fragment, size_t len, const char **end)
{
	for (; *s != '\0'; s++)
		if (matches(s, fragment, len, end))
			return s;
	return NULL;
}

static enum err_code
left_over(const char *quote, struct err *err)
{
	const char *s = quote;
	struct word w, next;

	while (next_word(&s, false, &w)) {
		const char *after = s;

		if (is_bracket(&w))
			continue;
		if (is_mail(&w))
			return err_set(err, ERR_INPUT, "an e-mail address still stands in it: write [e-mail] instead");
		if (is_whole_postcode(&w) || (is_outward(&w) && next_word(&after, false, &next) && is_inward(next.core, next.core_len)))
			return err_set(err, ERR_INPUT, "a postcode still stands in it: write [place] instead");
		if (digits_in(&w) > DIGITS_MAX)
			return err_set(err, ERR_INPUT, "a long number still stands in it: write [number] instead");
	}
	return ERR_OK;
}

enum err_code
quote_check(const char *original, const char *quote, struct err *err)
{
	const char *at = original, *end;
	size_t letters = 0;
	int part = 0;

	if (strlen(quote) > QUOTE_TEXT_MAX)
		return err_set(err, ERR_INPUT, "a quote has at most %d characters: leave out a part and write [..]", QUOTE_TEXT_MAX);
	for (const char *s = quote; *s != '\0';) {
		size_t len = strcspn(s, "["), n;

		while (len > 0 && is_blank(*s)) {
			s++;
			len--;
		}
		n = len;
		while (n > 0 && is_blank(s[n - 1]))
			n--;
		for (size_t i = 0; i < n; i++)
			letters += isalpha((unsigned char)s[i]) || (unsigned char)s[i] >= 0x80;
		part += n > 0;
		if (n > 0 && find(at, s, n, &end) == NULL)
			return err_set(err, ERR_INPUT, "part %d of it is not what was written, or comes before what stands in front of it: a quote "
			    "leaves out, in [brackets], and never adds", part);
		if (n > 0)
			at = end;
		s += len;
		if (*s == '[') {
			len = strcspn(s, "]");
			if (s[len] == '\0')
				return err_set(err, ERR_INPUT, "a [ has no ]: close the bracket");
			if (len > 41)
				return err_set(err, ERR_INPUT, "brackets hold a word for what was left out, as [name]: at most 40 characters");
			s += len + 1;
		}
	}
	if (letters < FRAGMENT_MIN)
		return err_set(err, ERR_INPUT, "nothing is left of what was written");
	return left_over(quote, err);
}
