/* The kiosk's own words. See words.h. */
#include "kiosk/words.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "kiosk/embed.h"

enum { LANGUAGES = 64, BOOK_MAX = 4 << 20, KEY_MAX = 64 };

struct word_book {
	struct arena arena;
	struct words language[LANGUAGES];
	size_t n;
};

struct field { const char *key; size_t offset; };

#define HEAD(key) { "@" #key, offsetof(struct words, key) },
#define WORD_FIELD(key) { #key, offsetof(struct words, key) },
static const struct field fields[] = {
	HEAD(name) HEAD(tag) HEAD(dir) HEAD(voice) HEAD(plural) HEAD(date) HEAD(months)
	KIOSK_WORDS(WORD_FIELD)
};
#undef WORD_FIELD
#undef HEAD

static const struct field nouns[] = {
	{ "questions", offsetof(struct words, questions) },
	{ "minutes", offsetof(struct words, minutes) },
	{ "seconds", offsetof(struct words, seconds) },
	{ "votes", offsetof(struct words, votes) },
	{ "days", offsetof(struct words, days) },
	{ "years", offsetof(struct words, years) },
	{ "notes", offsetof(struct words, notes) },
};

static const char *const plural_word[PLURALS] = { "zero", "one", "two", "few", "many", "other" };

static const char **
slot(struct words *w, size_t offset)
{
	return (const char **)(void *)((char *)w + offset);
}

/* Where KEY's text goes, or NULL. */
static const char **
find(struct words *w, const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(fields[i].key, key) == 0)
			return slot(w, fields[i].offset);
	for (size_t i = 0; i < ARRAY_LEN(nouns); i++) {
		size_t n = strlen(nouns[i].key);

		if (strncmp(nouns[i].key, key, n) != 0 || key[n] != '.')
			continue;
		for (size_t p = 0; p < PLURALS; p++)
			if (strcmp(key + n + 1, plural_word[p]) == 0)
				return slot(w, nouns[i].offset + p * sizeof(char *));
	}
	return NULL;
}

static const char *
trim(const char *s, const char **end)
{
	while (s < *end && (*s == ' ' || *s == '\t'))
		s++;
	while (*end > s && ((*end)[-1] == ' ' || (*end)[-1] == '\t' || (*end)[-1] == '\r'))
		(*end)--;
	return s;
}

static enum err_code
line_add(struct word_book *b, struct words *w, const char *s, const char *end, int line, struct err *err)
{
	const char *eq, *key_end, *value;
	const char **to;
	char key[KEY_MAX];

	s = trim(s, &end);
	if (s == end || *s == '#')
		return ERR_OK;
	eq = memchr(s, '=', (size_t)(end - s));
	if (eq == NULL)
		return err_set(err, ERR_INPUT, "words/%s.txt:%d: expected key = text", w->code, line);
	key_end = eq;
	s = trim(s, &key_end);
	if ((size_t)(key_end - s) >= sizeof(key))
		return err_set(err, ERR_INPUT, "words/%s.txt:%d: the key is too long", w->code, line);
	memcpy(key, s, (size_t)(key_end - s));
	key[key_end - s] = '\0';
	value = trim(eq + 1, &end);
	to = find(w, key);
	if (to == NULL)
		return err_set(err, ERR_INPUT, "words/%s.txt:%d: %s is no key of the kiosk", w->code, line, key);
	if (*to != NULL)
		return err_set(err, ERR_INPUT, "words/%s.txt:%d: %s is there twice", w->code, line, key);
	*to = arena_strn(&b->arena, value, (size_t)(end - value));
	return *to == NULL ? err_nomem(err) : ERR_OK;
}

/* The places of TEXT as bits. */
static unsigned
places(const char *text)
{
	unsigned set = 0;

	for (; *text != '\0'; text++)
		if (text[0] == '{' && text[1] >= '1' && text[1] <= '9' && text[2] == '}')
			set |= 1u << (text[1] - '0');
	return set;
}

static enum err_code
check(const struct word_book *b, struct words *w, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *text = *slot(w, fields[i].offset);

		if (text == NULL)
			return err_set(err, ERR_INPUT, "words/%s.txt: %s is missing", w->code, fields[i].key);
		if (b->n > 0 && fields[i].key[0] != '@'
		    && places(text) != places(*slot((struct words *)(uintptr_t)&b->language[0], fields[i].offset)))
			return err_set(err, ERR_INPUT, "words/%s.txt: %s has other places in braces than words/%s.txt",
			    w->code, fields[i].key, b->language[0].code);
	}
	for (size_t i = 0; i < ARRAY_LEN(nouns); i++) {
		const char *other = *slot(w, nouns[i].offset + PLURAL_OTHER * sizeof(char *));

		if (other == NULL)
			return err_set(err, ERR_INPUT, "words/%s.txt: %s.other is missing", w->code, nouns[i].key);
		for (size_t p = 0; p < PLURALS; p++)
			if (*slot(w, nouns[i].offset + p * sizeof(char *)) == NULL)
				*slot(w, nouns[i].offset + p * sizeof(char *)) = other;
	}
	return ERR_OK;
}

enum err_code
word_book_add(struct word_book *b, const char *code, const char *text, size_t len, struct err *err)
{
	struct words w = { .code = arena_str(&b->arena, code) };
	const char *end = text + len;
	enum err_code rc = ERR_OK;

	if (w.code == NULL)
		return err_nomem(err);
	if (b->n == LANGUAGES)
		return err_set(err, ERR_LIMIT, "words/%s.txt: more than %d languages", code, LANGUAGES);
	if (!utf8_valid(text, len, NULL))
		return err_set(err, ERR_INPUT, "words/%s.txt is not UTF-8", code);
	for (int line = 1; text < end && rc == ERR_OK; line++) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		const char *stop = nl == NULL ? end : nl;

		rc = line_add(b, &w, text, stop, line, err);
		text = stop + (nl != NULL);
	}
	if (rc == ERR_OK)
		rc = check(b, &w, err);
	if (rc == ERR_OK)
		b->language[b->n++] = w;
	return rc;
}

enum err_code
word_book_open(struct word_book **out, struct err *err)
{
	struct word_book *b = calloc(1, sizeof(*b));
	const struct embed_file *en = embed_find(embed_kiosk, "words/en.txt");
	enum err_code rc;

	*out = NULL;
	if (b == NULL)
		return err_nomem(err);
	arena_init(&b->arena, BOOK_MAX);
	rc = en == NULL ? err_set(err, ERR_BROKEN, "words/en.txt is not compiled in")
	    : word_book_add(b, "en", en->data, en->len, err);
	for (const struct embed_file *f = embed_kiosk; f->name != NULL && rc == ERR_OK; f++) {
		char code[KEY_MAX];
		size_t n = strlen(f->name);

		if (strncmp(f->name, "words/", 6) != 0 || f == en || n < 11 || n - 10 >= sizeof(code))
			continue;
		memcpy(code, f->name + 6, n - 10);
		code[n - 10] = '\0';
		rc = word_book_add(b, code, f->data, f->len, err);
	}
	if (rc != ERR_OK) {
		word_book_free(b);
		return rc;
	}
	*out = b;
	return ERR_OK;
}

void
word_book_free(struct word_book *b)
{
	if (b == NULL)
		return;
	arena_clear(&b->arena);
	free(b);
}

size_t
word_book_count(const struct word_book *b)
{
	return b->n;
}

const struct words *
word_book_at(const struct word_book *b, size_t i)
{
	return &b->language[i];
}

const struct words *
word_book_find(const struct word_book *b, const char *tag)
{
	size_t n = strcspn(tag, "-_");

	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->language[i].code, tag) == 0)
			return &b->language[i];
	for (size_t i = 0; i < b->n; i++)
		if (n > 0 && strlen(b->language[i].code) == n && strncmp(b->language[i].code, tag, n) == 0)
			return &b->language[i];
	return NULL;
}

/* CLDR's supplemental plural rules, for whole numbers. */
enum plural
plural_of(const char *rule, uint64_t n)
{
	uint64_t d = n % 10, h = n % 100;

	if (strcmp(rule, "one-other") == 0)
		return n == 1 ? PLURAL_ONE : PLURAL_OTHER;
	if (strcmp(rule, "welsh") == 0)
		return n == 0 ? PLURAL_ZERO : n == 1 ? PLURAL_ONE : n == 2 ? PLURAL_TWO : n == 3 ? PLURAL_FEW
		    : n == 6 ? PLURAL_MANY : PLURAL_OTHER;
	if (strcmp(rule, "polish") == 0) {
		if (n == 1)
			return PLURAL_ONE;
		return d >= 2 && d <= 4 && (h < 12 || h > 14) ? PLURAL_FEW : PLURAL_MANY;
	}
	if (strcmp(rule, "arabic") == 0)
		return n == 0 ? PLURAL_ZERO : n == 1 ? PLURAL_ONE : n == 2 ? PLURAL_TWO
		    : h >= 3 && h <= 10 ? PLURAL_FEW : h >= 11 ? PLURAL_MANY : PLURAL_OTHER;
	return PLURAL_OTHER;
}

void
words_fill(struct buf *out, const char *text, const char *a, const char *b)
{
	const char *open = strchr(text, '{');

	for (; open != NULL; open = strchr(text, '{')) {
		buf_put(out, text, (size_t)(open - text));
		if ((open[1] == '1' || open[1] == '2') && open[2] == '}') {
			const char *value = open[1] == '1' ? a : b;

			if (value != NULL)
				buf_puts(out, value);
			text = open + 3;
		} else {
			buf_putc(out, '{');
			text = open + 1;
		}
	}
	buf_puts(out, text);
}

void
words_count(struct buf *out, const struct words *w, const struct counted *noun, uint64_t n)
{
	struct buf number;

	buf_init(&number, 32);
	buf_printf(&number, "%llu", (unsigned long long)n);
	words_fill(out, noun->form[plural_of(w->plural, n)], buf_str(&number), NULL);
	buf_free(&number);
}

void
words_date(struct buf *out, const struct words *w, int64_t day, enum date_parts parts)
{
	const char *month = w->months;
	const char *p = w->date;
	int y, m, d;

	/* A language says a month as the last of a date, a year as the last of that: "{d} {m} {y}". */
	if (parts != DATE_DAY)
		p = strstr(p, parts == DATE_MONTH ? "{m}" : "{y}");
	if (p == NULL)
		p = "{m} {y}";
	date_from_day(day, &y, &m, &d);
	for (int i = 1; i < m && *month != '\0'; i++) {
		month += strcspn(month, " ");
		month += strspn(month, " ");
	}
	for (; *p != '\0'; p++) {
		if (p[0] != '{' || p[1] == '\0' || p[2] != '}') {
			buf_putc(out, *p);
			continue;
		}
		if (p[1] == 'd')
			buf_printf(out, "%d", d);
		else if (p[1] == 'm')
			buf_put(out, month, strcspn(month, " "));
		else
			buf_printf(out, "%d", y);
		p += 2;
	}
}
