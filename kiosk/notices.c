/* "You said, we did". See notices.h. */
#include "kiosk/notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ini.h"
#include "kiosk/bundle.h"

enum { ARENA_MAX = 1 << 20 };

struct reading {
	struct notices *all;
	struct notice *one;
	const char *name;
};

static bool
read_day(const char *text, int64_t *out)
{
	int y, m, d, y2, m2, d2, n = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &y, &m, &d, &n) != 3 || text[n] != '\0' || y < 1970)
		return false;
	*out = day_from_date(y, m, d);
	date_from_day(*out, &y2, &m2, &d2);
	return y == y2 && m == m2 && d == d2;
}

static size_t
count_words(const char *s)
{
	size_t n = 0;

	while (*s != '\0') {
		size_t len = strcspn(s, " \t\n");

		n += len > 0;
		s += len;
		s += strspn(s, " \t\n");
	}
	return n;
}

static struct notice_text *
text_in(struct notice *one, const char *tag, struct arena *a)
{
	for (size_t i = 0; i < one->n; i++)
		if (strcmp(one->text[i].tag, tag) == 0)
			return &one->text[i];
	if (one->n == NOTICE_LANGUAGES)
		return NULL;
	one->text[one->n].tag = arena_str(a, tag);
	return one->text[one->n].tag == NULL ? NULL : &one->text[one->n++];
}

/* "said.en = ..": where it goes; NULL: no such key. */
static const char **
place(struct notice_text *t, const char *key)
{
	return strcmp(key, "said") == 0 ? &t->said : strcmp(key, "did") == 0 ? &t->did
	    : strcmp(key, "easy_said") == 0 ? &t->easy_said : strcmp(key, "easy_did") == 0 ? &t->easy_did : NULL;
}

/* "audio.en = door.mp3" */
static enum err_code
take_sound(struct reading *r, struct notice_text *t, const struct ini_item *it, struct err *err)
{
	char uri[MEDIA_NAME + 16];

	if (strlen(it->value) <= MEDIA_NAME)
		snprintf(uri, sizeof(uri), "jr://audio/%s", it->value);
	else
		uri[0] = '\0';
	t->sound = media_find(&r->all->media, uri, MEDIA_AUDIO);
	if (t->sound == NULL)
		return err_set(err, ERR_INPUT, "%s:%d: audio.%s: no sound \"%.64s\" came with the notices", r->name, it->line,
		    it->label, it->value);
	return ERR_OK;
}

static enum err_code
item(void *arg, const struct ini_item *it, struct err *err)
{
	struct reading *r = arg;
	struct notice_text *t, spare;
	const char **to;

	if (it->key == NULL)
		return err_set(err, ERR_INPUT, "%s:%d: a notice has no sections", r->name, it->line);
	if (it->label[0] == '\0' && (strcmp(it->key, "from") == 0 || strcmp(it->key, "until") == 0)) {
		if (!read_day(it->value, it->key[0] == 'f' ? &r->one->from : &r->one->until))
			return err_set(err, ERR_INPUT, "%s:%d: %s is a day like 2026-03-01", r->name, it->line, it->key);
		return ERR_OK;
	}
	if (it->label[0] == '\0' || (place(&spare, it->key) == NULL && strcmp(it->key, "audio") != 0))
		return err_set(err, ERR_INPUT, "%s:%d: expected from, until, and said, did, easy_said, easy_did, audio with "
		    ".LANGUAGE", r->name, it->line);
	t = text_in(r->one, it->label, &r->all->arena);
	if (t == NULL)
		return err_set(err, ERR_LIMIT, "%s:%d: too many languages", r->name, it->line);
	if (strcmp(it->key, "audio") == 0)
		return take_sound(r, t, it, err);
	if (count_words(it->value) == 0 || count_words(it->value) > NOTICE_WORDS)
		return err_set(err, ERR_INPUT, "%s:%d: %s.%s has %zu words; 1 to %d", r->name, it->line, it->key, it->label,
		    count_words(it->value), NOTICE_WORDS);
	to = place(t, it->key);
	if (*to != NULL)
		return err_set(err, ERR_INPUT, "%s:%d: %s.%s is there twice", r->name, it->line, it->key, it->label);
	*to = arena_str(&r->all->arena, it->value);
	return *to == NULL ? err_nomem(err) : ERR_OK;
}

static enum err_code
check(const struct reading *r, const char *language, struct err *err)
{
	bool first = false;

	if (r->one->from == INT64_MIN || r->one->until == INT64_MIN || r->one->until < r->one->from)
		return err_set(err, ERR_INPUT, "%s: needs from and until, in this order", r->name);
	for (size_t i = 0; i < r->one->n; i++) {
		const struct notice_text *t = &r->one->text[i];

		if (t->said == NULL || t->did == NULL)
			return err_set(err, ERR_INPUT, "%s: %s.%s is missing", r->name, t->said == NULL ? "said" : "did",
			    t->tag);
		if ((t->easy_said == NULL) != (t->easy_did == NULL))
			return err_set(err, ERR_INPUT, "%s: easy_%s.%s is missing", r->name, t->easy_said == NULL ? "said" : "did",
			    t->tag);
		first |= strcmp(t->tag, language) == 0;
	}
	if (!first)
		return err_set(err, ERR_INPUT, "%s: said.%s and did.%s are missing: the site's first language", r->name,
		    language, language);
	return ERR_OK;
}

static int
newest_first(const void *a, const void *b)
{
	const struct notice *x = a, *y = b;

	return (x->from < y->from) - (x->from > y->from);
}

static bool
is_notice(const char *name)
{
	size_t n = strlen(name);

	return n > 7 && strcmp(name + n - 7, ".notice") == 0;
}

enum err_code
notices_read(const uint8_t *payload, size_t len, const char *language, const char *media, struct notices **out,
    struct err *err)
{
	struct notices *all = calloc(1, sizeof(*all));
	enum err_code rc = ERR_OK;
	size_t at = 0, n;
	const uint8_t *data;
	char name[80];

	*out = NULL;
	if (all == NULL)
		return err_nomem(err);
	arena_init(&all->arena, ARENA_MAX);
	media_init(&all->media, media);
	/* Sounds first: pointers to them stay from then on. */
	while (rc == ERR_OK && bundle_file(payload, len, &at, name, &data, &n))
		if (!is_notice(name))
			rc = media_add(&all->media, name, data, n, err);
	at = 0;
	while (rc == ERR_OK && bundle_file(payload, len, &at, name, &data, &n)) {
		if (!is_notice(name))
			continue;
		struct reading r = { .all = all, .one = &all->list[all->n], .name = name };

		if (all->n == NOTICES_MAX) {
			rc = err_set(err, ERR_LIMIT, "more than %d notices", NOTICES_MAX);
			break;
		}
		r.one->from = r.one->until = INT64_MIN;
		rc = ini_read(name, (const char *)data, n, item, &r, err);
		if (rc == ERR_OK)
			rc = check(&r, language, err);
		all->n++;
	}
	if (rc == ERR_OK && at != len)
		rc = err_set(err, ERR_INPUT, "notices bundle: cut off at byte %zu", at);
	if (rc != ERR_OK) {
		notices_free(all);
		return rc;
	}
	qsort(all->list, all->n, sizeof(all->list[0]), newest_first);
	*out = all;
	return ERR_OK;
}

void
notices_free(struct notices *n)
{
	if (n == NULL)
		return;
	arena_clear(&n->arena);
	media_clear(&n->media);
	free(n);
}

const struct notice *
notices_at(const struct notices *n, int64_t day, size_t i)
{
	if (n == NULL)
		return NULL;
	for (size_t k = 0; k < n->n; k++)
		if (n->list[k].from <= day && day <= n->list[k].until && i-- == 0)
			return &n->list[k];
	return NULL;
}

const struct notice_text *
notice_in(const struct notice *n, const char *tag)
{
	for (size_t i = 0; i < n->n; i++)
		if (strcmp(n->text[i].tag, tag) == 0)
			return &n->text[i];
	return &n->text[0];
}
