/* Arenas. See arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { BLOCK = 16384 };

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t cap;
	alignas(16) unsigned char data[];
};

void
arena_init(struct arena *a, size_t max)
{
	memset(a, 0, sizeof(*a));
	a->max = max;
}

void
arena_init_secret(struct arena *a, size_t max)
{
	arena_init(a, max);
	a->secret = true;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->head;
	void *p;

	if (n > a->max || a->used > a->max - n) {
		a->limited = true;
		return NULL;
	}
	n = n == 0 ? 16 : (n + 15) & ~(size_t)15;
	if (b == NULL || n > b->cap - b->used) {
		/* a large piece gets a block of its own, and the one that is being filled stays in front */
		bool own = n > BLOCK / 4;
		size_t cap = own ? n : BLOCK;

		b = malloc(sizeof(*b) + cap);
		if (b == NULL)
			return NULL;
		b->used = 0;
		b->cap = cap;
		if (own && a->head != NULL) {
			b->next = a->head->next;
			a->head->next = b;
		} else {
			b->next = a->head;
			a->head = b;
		}
	}
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	memset(p, 0, n);
	return p;
}

void *
arena_calloc(struct arena *a, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(a, count * size);
}

char *
arena_strn(struct arena *a, const char *text, size_t len)
{
	char *p;

	if (len == SIZE_MAX)
		return NULL;
	p = arena_alloc(a, len + 1);
	if (p != NULL && len > 0)
		memcpy(p, text, len);
	return p;
}

char *
arena_str(struct arena *a, const char *text)
{
	return arena_strn(a, text, strlen(text));
}

const char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	char line[1024];
	const char *made;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	made = arena_str(a, line);
	if (a->secret)
		wipe(line, sizeof(line));
	return made == NULL ? "" : made;
}

void
arena_clear(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b != NULL) {
		struct arena_block *next = b->next;

		if (a->secret)
			wipe(b->data, b->used);
		free(b);
		b = next;
	}
	a->head = NULL;
	a->used = 0;
	a->limited = false;
}
