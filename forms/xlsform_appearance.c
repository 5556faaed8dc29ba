/* The appearance column: which words there are and for what (ODK documentation, "Question types"; XLSForm reference
 * table; Enketo's words are those of the latter). All words reach the XForm; what nobody knows is warned about. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "forms/form.h"
#include "forms/near.h"
#include "forms/xlsform_int.h"

enum kinds {
	TEXT = 1, NUMBER = 2, DATE = 4, ONE = 8, MANY = 16, RANGE = 32, PLACE = 64, IMAGE = 128, SOUND = 256, BARCODE = 512,
	NOTE = 1024, GROUP = 2048, REPEAT = 4096, RANK = 8192, OTHER = 16384,
	SELECT = ONE | MANY, ANY = 32767,
};

static const struct word {
	const char *word;
	int kinds;
	const char *what;	/* of questions, groups: what the word is for */
} WORDS[] = {
	{ "numbers", TEXT, "text" }, { "multiline", TEXT, "text" }, { "masked", TEXT | NUMBER, "text and numbers" },
	{ "url", TEXT | NOTE, "text" }, { "thousands-sep", TEXT | NUMBER | NOTE, "numbers" }, { "bearing", NUMBER, "decimal" },
	{ "counter", NUMBER, "integer" }, { "printer", TEXT, "text" },
	{ "no-calendar", DATE, "date" }, { "month-year", DATE, "date" }, { "year", DATE, "date" }, { "ethiopian", DATE, "date" },
	{ "coptic", DATE, "date" }, { "islamic", DATE, "date" }, { "bikram-sambat", DATE, "date" }, { "myanmar", DATE, "date" },
	{ "persian", DATE, "date" }, { "buddhist", DATE, "date" },
	{ "minimal", SELECT | GROUP, "selects" }, { "search", SELECT, "selects" }, { "autocomplete", SELECT, "selects" },
	{ "quick", ONE, "select_one" }, { "compact", SELECT | GROUP | REPEAT, "selects" }, { "quickcompact", ONE, "select_one" },
	{ "columns", SELECT, "selects" }, { "columns-pack", SELECT, "selects" }, { "no-buttons", SELECT, "selects" },
	{ "likert", ONE, "select_one" }, { "image-map", SELECT, "selects" }, { "map", SELECT, "selects" },
	{ "label", SELECT, "selects" }, { "list-nolabel", SELECT, "selects" }, { "list", SELECT, "selects" },
	{ "horizontal", SELECT | RANGE, "selects" }, { "horizontal-compact", SELECT, "selects" },
	{ "vertical", RANGE | SELECT, "range" }, { "no-ticks", RANGE, "range" }, { "picker", RANGE, "range" },
	{ "rating", RANGE, "range" }, { "distress", RANGE, "range" }, { "analog-scale", RANGE, "range" },
	{ "maps", PLACE, "places" }, { "placement-map", PLACE, "places" }, { "hide-input", PLACE, "places" },
	{ "streets", PLACE, "places" }, { "satellite", PLACE, "places" }, { "terrain", PLACE, "places" },
	{ "signature", IMAGE, "image" }, { "draw", IMAGE, "image" }, { "annotate", IMAGE, "image" },
	{ "new", IMAGE | SOUND, "image, audio and video" }, { "new-front", IMAGE | SOUND, "image and video" },
	{ "selfie", IMAGE | SOUND, "image and video" },
	{ "front", BARCODE, "barcode" }, { "hidden-answer", BARCODE, "barcode" },
	{ "field-list", GROUP | REPEAT, "groups and repeats" }, { "table-list", GROUP | REPEAT, "groups" },
	{ "no-collapse", GROUP | REPEAT, "groups and repeats" },
};

static int
kind_of(const struct el *e)
{
	static const struct { const char *type; int kind; } TYPES[] = { { "text", TEXT }, { "integer", NUMBER },
		{ "decimal", NUMBER }, { "percentage", NUMBER }, { "date", DATE }, { "dateTime", DATE }, { "note", NOTE },
		{ "geopoint", PLACE }, { "geotrace", PLACE }, { "geoshape", PLACE }, { "image", IMAGE }, { "audio", SOUND },
		{ "video", SOUND }, { "barcode", BARCODE }, { "range", RANGE }, { "rank", RANK } };

	if (e->kind != EL_QUESTION)
		return e->kind == EL_REPEAT ? REPEAT : GROUP;
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (strcmp(TYPES[i].type, e->type->name) == 0)
			return TYPES[i].kind;
	if (e->type->class == TYPE_SELECT)
		return e->is_multiple ? MANY : ONE;
	return strncmp(e->type->name, "number of days", 14) == 0 ? NUMBER : OTHER;
}

/* columns-3, compact-2, quickcompact-4; w1 to w12. */
static bool
is_numbered(const char *word, const char *stem, int *kinds)
{
	size_t n = strlen(stem);

	if (strncmp(word, stem, n) != 0 || word[n] < '1' || word[n] > '9' || word[n + 1 + strspn(word + n + 1, "0123456789")] != '\0'
	    || strlen(word + n) > 2)
		return false;
	*kinds = strcmp(stem, "w") == 0 ? ANY : SELECT;
	return true;
}

static void
check_word(struct xlsform *x, struct el *e, const char *word, const char *column)
{
	static const char *const numbered[] = { "columns-", "compact-", "quickcompact-", "w" };
	int kinds = 0, kind = kind_of(e);
	const char *what = "selects";
	struct near near;

	near_init(&near, word);
	for (size_t i = 0; i < ARRAY_LEN(WORDS) && kinds == 0; i++) {
		if (strcmp(WORDS[i].word, word) == 0) {
			kinds = WORDS[i].kinds;
			what = WORDS[i].what;
		}
		near_try(&near, WORDS[i].word);
	}
	for (size_t i = 0; i < ARRAY_LEN(numbered) && kinds == 0; i++)
		is_numbered(word, numbered[i], &kinds);
	if (kinds == 0 && near.best != NULL)
		xf_warn_el(x, e, column, "no appearance is called \"%.40s\"; did you mean \"%s\"?", word, near.best);
	else if (kinds == 0)
		xf_warn_el(x, e, column, "no appearance is called \"%.40s\", so it changes nothing here: see the list in the documentation, "
		    "or remove it", word);
	else if ((kinds & kind) == 0)
		xf_warn_el(x, e, column, "the appearance %.40s is for %s, so it changes nothing here: remove it", word, what);
}

/* search() of the appearance; the choices then stand in the body and are no instance. False if there is none. */
static bool
check_search(struct xlsform *x, struct el *e, const char *column)
{
	const char *at = e->appearance != NULL ? strstr(e->appearance, "search(") : NULL;

	if (e->kind != EL_QUESTION || e->type->class != TYPE_SELECT
	    || at == NULL || (at > e->appearance && (isalnum((unsigned char)at[-1]) || at[-1] == '-')))
		return false;
	if (e->file != NULL) {
		xf_error_el(x, e, column, "search() looks into a file of its own: remove it, or use select_one with a list");
		return true;
	}
	xf_warn_el(x, e, column, "search() is not supported here, so Candour will not run this form: use select_one_from_file "
	    "FILE.csv with a choice_filter");
	if (e->list != NULL) {
		e->inline_choices = true;
		e->list->searched = true;
	}
	return true;
}

void
xf_appearance(struct xlsform *x, struct el *e)
{
	static const char column[] = "appearance";
	char one[64], barred[32];
	const char *why;

	for (const struct pair *p = e->control.first; p != NULL && xf_get(&e->parameters, "app") == NULL; p = p->next)
		if (strcmp(p->key, "intent") == 0)
			xf_warn_el(x, e, p->column, "an intent starts another program, so Candour will not run this form: remove it");
	if (e->appearance == NULL || e->made || check_search(x, e, column))
		return;
	why = form_appearance_refused(e->appearance, barred);
	if (why != NULL)
		xf_warn_el(x, e, column, "\"%s\" %s, so Candour will not run this form: remove it", barred, why);
	/* what follows names a program and its arguments, or an answer */
	if (strpbrk(e->appearance, ":(${") != NULL)
		return;
	for (const char *p = e->appearance; *p != '\0'; ) {
		size_t n;

		p += strspn(p, " ");
		n = strcspn(p, " ");
		snprintf(one, sizeof(one), "%.*s", (int)(n < 63 ? n : 63), p);
		if (n > 0)
			check_word(x, e, one, column);
		p += n;
	}
}
