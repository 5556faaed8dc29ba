/* Findings. See findings.h. */
#include "forms/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

/* Beyond KEPT they are counted only: 200 are shown, and a hostile file may have one for each few bytes. */
enum { SHOWN = 200, KEPT = 5000, TEXT = 1024 };

void
findings_init(struct findings *f)
{
	memset(f, 0, sizeof(*f));
}

void
findings_clear(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].place);
		free(f->list[i].text);
	}
	free(f->list);
	findings_init(f);
}

static bool
room(struct findings *f)
{
	size_t cap = f->cap == 0 ? 16 : f->cap * 2;
	struct finding *list;

	if (f->n < f->cap)
		return true;
	list = realloc(f->list, cap * sizeof(*list));
	if (list == NULL)
		return false;
	f->list = list;
	f->cap = cap;
	return true;
}

/* Quotes are cut at so many bytes: leave no half character. */
static void
whole_characters(char *text)
{
	size_t len = strlen(text), bad;

	while (!utf8_valid(text, len, &bad)) {
		memmove(text + bad, text + bad + 1, len - bad);
		len--;
	}
}

bool
findings_full(struct findings *f, bool warning)
{
	/* an error is never lost among warnings */
	if (f->n < KEPT || (!warning && f->n < 2 * KEPT))
		return false;
	if (warning)
		f->warnings++;
	else
		f->errors++;
	return true;
}

void
findings_add(struct findings *f, bool warning, long order, const char *place, const char *fmt, ...)
{
	char text[TEXT];
	struct finding one = { .warning = warning, .order = order };
	va_list ap;

	if (findings_full(f, warning))
		return;
	if (warning)
		f->warnings++;
	else
		f->errors++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	whole_characters(text);
	one.place = strdup(place);
	one.text = strdup(text);
	if (one.place == NULL || one.text == NULL || !room(f)) {
		free(one.place);
		free(one.text);
		f->failed = true;
		return;
	}
	f->list[f->n++] = one;
}

/* qsort is not stable; equal orders keep the place they were added at. */
static int
by_order(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a, *y = *(const struct finding *const *)b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x < y ? -1 : x > y;
}

void
findings_print(struct findings *f, const char *name, struct buf *out)
{
	const struct finding **sorted = calloc(f->n + 1, sizeof(*sorted));

	for (size_t i = 0; i < f->n && sorted != NULL; i++)
		sorted[i] = &f->list[i];
	if (sorted != NULL)
		qsort(sorted, f->n, sizeof(*sorted), by_order);
	for (size_t i = 0; i < f->n && i < SHOWN; i++) {
		const struct finding *x = sorted != NULL ? sorted[i] : &f->list[i];

		buf_printf(out, "%s: %s%s%s%s\n", name, x->place, x->place[0] != '\0' ? ": " : "",
		    x->warning ? "warning: " : "", x->text);
	}
	if (f->errors + f->warnings > SHOWN && f->n > SHOWN)
		buf_printf(out, "%s: and %zu more\n", name, f->errors + f->warnings - SHOWN);
	if (f->failed)
		buf_printf(out, "%s: out of memory: some findings are missing\n", name);
	free(sorted);
}
