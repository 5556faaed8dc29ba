/* Translations: which texts go to itext, in which languages, and the itext block (forms.md 2.1). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "forms/xlsform_int.h"

static bool
translated(const struct tr *t)
{
	for (; t != NULL; t = t->next)
		if (t->lang != NULL)
			return true;
	return false;
}

static bool
has_media(struct tr *const tr[TR_N])
{
	return tr[TR_IMAGE] != NULL || tr[TR_BIG_IMAGE] != NULL || tr[TR_AUDIO] != NULL || tr[TR_VIDEO] != NULL;
}

bool
xf_needs_itext(const struct xlsform *x, const struct el *e, enum slot slot)
{
	(void)x;
	switch (slot) {
	case TR_LABEL:
		return translated(e->tr[TR_LABEL]) || has_media(e->tr);
	case TR_HINT:
		return translated(e->tr[TR_HINT]) || e->tr[TR_GUIDANCE] != NULL;
	case TR_CONSTRAINT: case TR_REQUIRED:
		return translated(e->tr[slot]) || (e->tr[slot] != NULL && xf_has_ref(e->tr[slot]->text));
	case TR_NOAPP:
		return translated(e->tr[slot]);
	case TR_GUIDANCE: case TR_IMAGE: case TR_BIG_IMAGE: case TR_AUDIO: case TR_VIDEO: case TR_N:
		break;
	}
	return true;
}

/* --- languages ----------------------------------------------------------------------------------------- */

static void
add_lang(struct xlsform *x, const char *name)
{
	struct lang *l;

	for (l = x->langs; l != NULL; l = l->next)
		if (strcmp(l->name, name) == 0)
			return;
	l = xf_alloc(x, sizeof(*l));
	if (l == NULL)
		return;
	l->name = name;
	x->n_langs++;
	if (strcmp(name, x->default_language) == 0) {
		l->next = x->langs;
		x->langs = l;
		if (x->langs_last == NULL)
			x->langs_last = l;
		return;
	}
	if (x->langs_last != NULL)
		x->langs_last->next = l;
	else
		x->langs = l;
	x->langs_last = l;
}

static void
add_langs(struct xlsform *x, const struct tr *t)
{
	for (; t != NULL; t = t->next)
		add_lang(x, t->lang != NULL ? t->lang : x->default_language);
}

static void
media_langs(struct xlsform *x, struct tr *const tr[TR_N])
{
	for (enum slot s = TR_IMAGE; s <= TR_VIDEO; s++)
		add_langs(x, tr[s]);
}

static void
find_langs(struct xlsform *x, const struct el *e)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (xf_needs_itext(x, k, TR_LABEL)) {
			add_langs(x, k->tr[TR_LABEL]);
			media_langs(x, k->tr);
		}
		if (xf_needs_itext(x, k, TR_HINT)) {
			add_langs(x, k->tr[TR_HINT]);
			add_langs(x, k->tr[TR_GUIDANCE]);
		}
		for (enum slot s = TR_CONSTRAINT; s <= TR_NOAPP; s++)
			if (k->tr[s] != NULL && xf_needs_itext(x, k, s))
				add_langs(x, k->tr[s]);
		find_langs(x, k);
	}
}

/* --- texts --------------------------------------------------------------------------------------------- */

static const char *
in_lang(const struct xlsform *x, const struct tr *t, const char *lang)
{
	const char *found = NULL;

	for (; t != NULL; t = t->next)
		if (strcmp(t->lang != NULL ? t->lang : x->default_language, lang) == 0)
			found = t->text;
	return found;
}

static void
value(struct writer *w, const struct el *context, const char *form, const char *prefix, const char *text)
{
	w_open(w, "value");
	if (form != NULL)
		w_attr(w, "form", form);
	buf_putc(w->out, '>');
	buf_puts(w->out, prefix);
	w_label_text(w, context, text);
	buf_puts(w->out, "</value>");
}

static void
text_value(struct writer *w, const struct el *context, const struct tr *t, const char *form, const char *lang)
{
	const char *text = in_lang(w->x, t, lang);

	if (t != NULL)
		value(w, context, form, "", text != NULL ? text : "-");
}

static void
media_values(struct writer *w, const struct el *context, struct tr *const tr[TR_N], const char *lang)
{
	static const struct { enum slot slot; const char *form, *prefix; } MEDIA[] = {
		{ TR_IMAGE, "image", "jr://images/" }, { TR_BIG_IMAGE, "big-image", "jr://images/" },
		{ TR_AUDIO, "audio", "jr://audio/" }, { TR_VIDEO, "video", "jr://video/" } };

	for (size_t i = 0; i < ARRAY_LEN(MEDIA); i++) {
		const char *text = in_lang(w->x, tr[MEDIA[i].slot], lang);

		if (text != NULL)
			value(w, context, MEDIA[i].form, MEDIA[i].prefix, text);
	}
}

static void
open_text(struct writer *w, const char *id)
{
	w_open(w, "text");
	w_attr(w, "id", id);
	w_close(w, false);
}

static void
el_texts(struct writer *w, const struct el *e, const char *lang)
{
	static const struct { enum slot slot; const char *key; } MESSAGES[] = { { TR_CONSTRAINT, "jr:constraintMsg" },
		{ TR_REQUIRED, "jr:requiredMsg" }, { TR_NOAPP, "jr:noAppErrorString" } };
	struct xlsform *x = w->x;

	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (xf_needs_itext(x, k, TR_LABEL)) {
			open_text(w, xf_fmt(x, "%s:label", k->path));
			text_value(w, k, k->tr[TR_LABEL], NULL, lang);
			media_values(w, k, k->tr, lang);
			w_end(w, "text");
		}
		if (xf_needs_itext(x, k, TR_HINT)) {
			open_text(w, xf_fmt(x, "%s:hint", k->path));
			text_value(w, k, k->tr[TR_HINT], NULL, lang);
			text_value(w, k, k->tr[TR_GUIDANCE], "guidance", lang);
			w_end(w, "text");
		}
		for (size_t i = 0; i < ARRAY_LEN(MESSAGES); i++) {
			if (k->tr[MESSAGES[i].slot] == NULL || !xf_needs_itext(x, k, MESSAGES[i].slot))
				continue;
			open_text(w, xf_fmt(x, "%s:%s", k->path, MESSAGES[i].key));
			text_value(w, k, k->tr[MESSAGES[i].slot], NULL, lang);
			w_end(w, "text");
		}
		el_texts(w, k, lang);
	}
}

static void
list_texts(struct writer *w, const struct list *l, const char *lang)
{
	size_t i = 0;

	for (const struct choice *c = l->first; c != NULL; c = c->next, i++) {
		open_text(w, xf_fmt(w->x, "%s-%zu", l->name, i));
		text_value(w, NULL, c->tr[TR_LABEL], NULL, lang);
		media_values(w, NULL, c->tr, lang);
		w_end(w, "text");
	}
}

void
xf_write_itext(struct writer *w)
{
	struct xlsform *x = w->x;

	find_langs(x, x->root);
	for (const struct list *l = x->lists; l != NULL; l = l->next) {
		for (const struct choice *c = l->first; c != NULL && l->itext; c = c->next) {
			add_langs(x, c->tr[TR_LABEL]);
			media_langs(x, c->tr);
		}
	}
	if (x->langs == NULL)
		return;
	if (x->n_langs > LANGS_MAX) {
		xf_error(x, &x->survey, 1, x->survey.sheet->header_line, NULL, "the form has %zu languages: at most %d", x->n_langs,
		    LANGS_MAX);
		return;
	}
	w_open(w, "itext");
	w_close(w, false);
	for (const struct lang *l = x->langs; l != NULL; l = l->next) {
		w_open(w, "translation");
		if (strcmp(l->name, x->default_language) == 0)
			w_attr(w, "default", "true()");
		w_attr(w, "lang", l->name);
		w_close(w, false);
		el_texts(w, x->root, l->name);
		for (const struct list *c = x->lists; c != NULL; c = c->next)
			if (c->itext)
				list_texts(w, c, l->name);
		w_end(w, "translation");
	}
	w_end(w, "itext");
}

void
xf_tag(const char *name, char out[36])
{
	const char *open = strrchr(name, '('), *from = open != NULL ? open + 1 : name;
	size_t n = strcspn(from, ")");
	size_t first = strcspn(from, "-)");

	out[0] = '\0';
	if ((open != NULL && (from[n] != ')' || from[n + 1] != '\0')) || n == 0 || n > 35 || first < 2 || first > 3)
		return;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)from[i]) && from[i] != '-')
			return;
	memcpy(out, from, n);
	out[n] = '\0';
}
