/* Names, interned. See names.h. Open addressing; the key is the qualified name, a 0x01 and the URI. */
#include "forms/names.h"

#include <stdlib.h>
#include <string.h>

void
names_init(struct names *t, struct arena *arena)
{
	memset(t, 0, sizeof(*t));
	t->arena = arena;
}

void
names_clear(struct names *t)
{
	free(t->list);
	free(t->table);
	t->list = NULL;
	t->table = NULL;
	t->n = t->cap = t->slots = 0;
}

/* FNV-1a */
static uint32_t
hash_of(const char *q, size_t len, const char *uri)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)q[i]) * 16777619u;
	h = (h ^ 1) * 16777619u;
	for (; *uri != '\0'; uri++)
		h = (h ^ (unsigned char)*uri) * 16777619u;
	return h;
}

uint32_t
names_find(const struct names *t, const char *q, size_t len, const char *uri)
{
	uint32_t h;

	if (t->slots == 0)
		return 0;
	if (uri == NULL)
		uri = "";
	h = hash_of(q, len, uri);
	for (uint32_t i = h & (t->slots - 1); t->table[i] != 0; i = (i + 1) & (t->slots - 1)) {
		const struct name *m = &t->list[t->table[i]];

		if (m->hash == h && strncmp(m->text, q, len) == 0 && m->text[len] == '\0'
		    && strcmp(m->ns, uri) == 0)
			return t->table[i];
	}
	return 0;
}

static bool
grow(struct names *t)
{
	if (t->n + 2 > t->cap) {
		uint32_t cap = t->cap == 0 ? 64 : t->cap * 2;
		struct name *list = realloc(t->list, cap * sizeof(*list));

		if (list == NULL)
			return false;
		t->list = list;
		t->cap = cap;
	}
	if (t->n * 2 + 4 > t->slots) {
		uint32_t slots = t->slots == 0 ? 128 : t->slots * 2;
		uint32_t *table = calloc(slots, sizeof(*table));

		if (table == NULL)
			return false;
		for (uint32_t k = 1; k <= t->n; k++) {
			uint32_t i = t->list[k].hash & (slots - 1);

			while (table[i] != 0)
				i = (i + 1) & (slots - 1);
			table[i] = k;
		}
		free(t->table);
		t->table = table;
		t->slots = slots;
	}
	return true;
}

uint32_t
names_put(struct names *t, const char *q, size_t len, const char *uri)
{
	uint32_t at = names_find(t, q, len, uri), i;
	const char *colon = memchr(q, ':', len);
	size_t skip = colon != NULL ? (size_t)(colon - q) + 1 : 0;
	struct name m = { 0 };

	if (at != 0)
		return at;
	if (uri == NULL)
		uri = "";
	if (skip > 0 || uri[0] != '\0') {
		m.local = names_put(t, q + skip, len - skip, "");
		if (m.local == 0)
			return 0;
	}
	if (uri[0] != '\0') {
		m.uri = names_put(t, uri, strlen(uri), "");
		if (m.uri == 0)
			return 0;
	}
	if (!grow(t))
		return 0;
	m.text = arena_strn(t->arena, q, len);
	if (m.text == NULL)
		return 0;
	m.ns = m.uri != 0 ? t->list[m.uri].text : "";
	m.colon = m.text + skip;
	m.hash = hash_of(q, len, uri);
	at = ++t->n;
	if (m.local == 0)
		m.local = at;
	t->list[at] = m;
	for (i = m.hash & (t->slots - 1); t->table[i] != 0; i = (i + 1) & (t->slots - 1))
		;
	t->table[i] = at;
	return at;
}
