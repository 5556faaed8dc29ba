/* What people who answer would stumble over: words, languages, ways out (forms.md 2.2). Runs on the tree of a
 * form without errors. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/num.h"
#include "forms/xlsform_int.h"

enum { CHOICES_EASY = 7, WORDS_HARD = 20, WORDS_MAX = 25 };

struct lint {
	struct xlsform *x;
	const struct form_files *files;
	const char *languages;	/* kiosk::languages: tags with blanks between */
};

/* --- languages ----------------------------------------------------------------------------------------- */

static bool
listed(const char *tags, const char *tag)
{
	size_t len = strlen(tag);

	for (const char *p = tags; p != NULL && *p != '\0' && len > 0; ) {
		size_t n;

		p += strspn(p, " ,;");
		n = strcspn(p, " ,;");
		if (n == len && strncasecmp(p, tag, n) == 0)
			return true;
		p += n;
	}
	return false;
}

/* espeak-ng 1.51's voices, by language. */
static bool
can_speak(const char *tag)
{
	static const char voices[] = " af am an ar as az ba be bg bn bs ca cs cv cy da de el en eo es et eu fa fi fr ga gd gn gu "
		"hak haw he hi hr ht hu hy ia id io is it ja ka kk kl kn ko kok ku ky la lb lt lv mi mk ml mr ms mt my nb nci ne nl "
		"nog om or pa pap pl pt qu quc ro ru sd shn si sk sl sq sr sv sw ta te th tk tn tr tt ug uk ur uz vi yue zh cmn ";
	char word[8];

	snprintf(word, sizeof(word), " %.*s ", (int)(strcspn(tag, "-") > 4 ? 4 : strcspn(tag, "-")), tag);
	return strstr(voices, word) != NULL;
}

static void
check_languages(struct lint *l)
{
	struct xlsform *x = l->x;

	for (const struct lang *k = x->langs; k != NULL; k = k->next) {
		char tag[36];
		bool is_default = strcmp(k->name, x->default_language) == 0;

		xf_tag(k->name, tag);
		if (strcmp(k->name, "default") == 0) {
			if (x->langs->next != NULL)
				xf_error(x, &x->settings, x->settings_row, x->settings_line, "default_language", "texts have languages and there is no "
				    "default_language, so some are shown as \"-\": set default_language to one of them, for example \"%s\"",
				    k->next != NULL ? k->next->name : x->langs->name);
			continue;
		}
		if (tag[0] == '\0')
			xf_error(x, &x->survey, 1, x->survey.sheet->header_line, NULL, "the language \"%.60s\" has no tag: write it as "
			    "\"English (en)\", so that it is read aloud and shown right", k->name);
		else if (!can_speak(tag))
			xf_warn(x, &x->survey, 1, x->survey.sheet->header_line, NULL, "nothing can speak \"%.60s\": give its texts audio",
			    k->name);
		(void)is_default;
	}
	if (x->langs != NULL && x->langs->next == NULL && strcmp(x->default_language, "default") == 0
	    && strcmp(x->langs->name, "default") != 0)
		xf_error(x, &x->settings, x->settings_row, x->settings_line, "default_language", "labels have a language and "
		    "default_language is not set: set it to \"%.60s\"", x->langs->name);
}

static const char *
lang_of(const struct xlsform *x, const struct tr *t)
{
	return t->lang != NULL ? t->lang : x->default_language;
}

/* --- one text ------------------------------------------------------------------------------------------ */

/* Words of the longest sentence of TEXT. */
static unsigned
longest_sentence(const char *text)
{
	unsigned words = 0, most = 0;
	bool in_word = false;

	for (const char *p = text; ; p++) {
		bool blank = *p == '\0' || isspace((unsigned char)*p);

		if (!blank && !in_word)
			words++;
		in_word = !blank;
		if (words > most)
			most = words;
		if (*p == '\0')
			return most;
		if (strchr(".!?", *p) != NULL && (p[1] == '\0' || isspace((unsigned char)p[1])))
			words = 0, in_word = false;
		else if (*p == '\n')
			words = 0;
	}
}

static void
check_text(struct lint *l, const struct table *t, unsigned row, unsigned line, const struct tr *texts, const char *what)
{
	struct xlsform *x = l->x;

	if (texts == NULL)
		return;
	for (const struct tr *k = texts; k != NULL; k = k->next) {
		unsigned words = longest_sentence(k->text);

		if (words > WORDS_MAX)
			xf_error(x, t, row, line, k->column, "a sentence of %u words: few people follow more than %d; split it", words, WORDS_MAX);
		else if (words > WORDS_HARD)
			xf_warn(x, t, row, line, k->column, "a sentence of %u words is hard to follow: use 15 or fewer", words);
	}
	for (const struct lang *k = x->langs; k != NULL; k = k->next) {
		const struct tr *found = texts;
		char tag[36];

		while (found != NULL && strcmp(lang_of(x, found), k->name) != 0)
			found = found->next;
		if (found != NULL || strcmp(k->name, "default") == 0)
			continue;
		if (texts->next == NULL && texts->lang == NULL)
			continue;	/* one text for all languages, such as a picture's name */
		xf_tag(k->name, tag);
		if (listed(l->languages, tag))
			xf_error(x, t, row, line, NULL, "the %s is empty in %.60s, which kiosk::languages promises", what, k->name);
		else
			xf_warn(x, t, row, line, NULL, "the %s is empty in %.60s", what, k->name);
	}
}

static void
check_files(struct lint *l, const struct table *t, unsigned row, unsigned line, struct tr *const tr[TR_N])
{
	for (enum slot s = TR_IMAGE; s <= TR_VIDEO && l->files != NULL; s++)
		for (const struct tr *k = tr[s]; k != NULL; k = k->next)
			if (strstr(k->text, "${") == NULL && !l->files->exists(l->files->arg, k->text))
				xf_warn(l->x, t, row, line, k->column, "there is no file \"%.80s\" beside the form", k->text);
}

/* --- choices ------------------------------------------------------------------------------------------- */

static bool
has_opt_out(const struct list *l)
{
	for (const struct choice *c = l->first; c != NULL; c = c->next)
		if (xf_get(&c->extra, "opt_out") != NULL)
			return true;
	return false;
}

static void
check_scores(struct lint *l, const struct list *list)
{
	struct xlsform *x = l->x;
	bool scored = false;

	for (const struct choice *c = list->first; c != NULL; c = c->next) {
		const char *score = xf_get(&c->extra, "score");
		double v;

		if (score == NULL)
			continue;
		scored = true;
		if (!num_double(score, strlen(score), &v))
			xf_warn(x, &x->choices, c->row, c->line, "score", "\"%.40s\" is no number, so it counts in no indicator", score);
		for (const struct choice *o = list->first; o != c; o = o->next) {
			const char *other = xf_get(&o->extra, "score");

			if (other != NULL && strcmp(other, score) == 0)
				xf_warn(x, &x->choices, c->row, c->line, "score", "the choice of row %u has the score %.40s too", o->row, score);
		}
	}
	if (scored && !has_opt_out(list))
		xf_warn(x, &x->choices, list->first->row, list->first->line, NULL, "the list \"%.60s\" has scores and no way out: add "
		    "choices with opt_out dk (I do not know) and pns (I would rather not say)", list->name);
}

static void
check_list(struct lint *l, const struct list *list)
{
	struct xlsform *x = l->x;
	size_t real = 0;

	for (const struct choice *c = list->first; c != NULL; c = c->next) {
		const char *out = xf_get(&c->extra, "opt_out");

		real += out == NULL;
		if (out != NULL && strcmp(out, "dk") != 0 && strcmp(out, "pns") != 0)
			xf_warn(x, &x->choices, c->row, c->line, "opt_out", "\"%.40s\" is neither dk (I do not know) nor pns (I would rather not "
			    "say)", out);
		if (c->row > 0) {
			check_text(l, &x->choices, c->row, c->line, c->tr[TR_LABEL], "choice");
			check_files(l, &x->choices, c->row, c->line, c->tr);
		}
		if ((c->tr[TR_IMAGE] != NULL || c->tr[TR_BIG_IMAGE] != NULL) && c->tr[TR_LABEL] == NULL)
			xf_error(x, &x->choices, c->row, c->line, c->tr[TR_IMAGE] != NULL ? c->tr[TR_IMAGE]->column : NULL,
			    "a picture without words says nothing to people who do not see it: give a label");
	}
	if (list->used && real > CHOICES_EASY)
		xf_warn(x, &x->choices, list->first->row, list->first->line, NULL, "the list \"%.60s\" has %zu choices: more than %d are hard "
		    "to choose from", list->name, real, CHOICES_EASY);
	check_scores(l, list);
}

/* --- questions ----------------------------------------------------------------------------------------- */

/* regex(.., 'PATTERN') without ^ and $ finds the pattern anywhere. */
static void
check_regex(struct lint *l, const struct el *e, const char *text, const char *column)
{
	for (const char *p = text; p != NULL && (p = strstr(p, "regex(")) != NULL; ) {
		const char *comma = strchr(p, ','), *q, *end;

		p += 6;
		if (comma == NULL)
			return;
		q = comma + 1 + strspn(comma + 1, " ");
		if (*q != '\'' && *q != '"')
			continue;
		end = strchr(q + 1, *q);
		if (end != NULL && (q[1] != '^' || end[-1] != '$'))
			xf_warn_el(l->x, e, column, "the pattern %.*s is looked for anywhere in the answer: begin it with ^ and end it with $",
			    (int)(end + 1 - q > 60 ? 60 : end + 1 - q), q);
	}
}

/* "$(name)" is what people type who mean "${name}". */
static void
check_expression(struct lint *l, const struct el *e, const char *text, const char *column)
{
	const char *at = text != NULL ? strstr(text, "$(") : NULL;

	if (at != NULL)
		xf_error_el(l->x, e, column, "\"%.*s\" is no expression: a question is written ${name}, with curly brackets",
		    (int)strcspn(at, ")") + (strchr(at, ')') != NULL), at);
	check_regex(l, e, text, column);
}

/* "2024-04-01": as dates are stored. */
static bool
is_date(const char *s)
{
	int64_t y, m, d;
	int ry, rm, rd;

	if (strlen(s) != 10 || s[4] != '-' || s[7] != '-' || !num_i64(s, 4, 0, 9999, &y) || !num_i64(s + 5, 2, 1, 12, &m)
	    || !num_i64(s + 8, 2, 1, 31, &d))
		return false;
	date_from_day(day_from_date((int)y, (int)m, (int)d), &ry, &rm, &rd);
	return rm == m && rd == d;
}

static bool
has_choice(const struct list *l, const char *name, size_t len)
{
	for (const struct choice *c = l->first; c != NULL; c = c->next)
		if (strlen(c->name) == len && memcmp(c->name, name, len) == 0)
			return true;
	return false;
}

/* A default that no one could have answered. */
static void
check_default(struct lint *l, const struct el *e)
{
	struct xlsform *x = l->x;
	const char *d = e->def;
	double v;
	int64_t i;

	if (d == NULL || strstr(d, "${") != NULL || xf_is_dynamic(d, e->type))
		return;
	if (strcmp(e->type->name, "date") == 0 && !is_date(d))
		xf_warn_el(x, e, e->def_column, "\"%.40s\" is no date as it is stored: write it like 2024-04-01, in a cell formatted as text", d);
	else if (strcmp(e->type->name, "integer") == 0 && !num_i64(d, strlen(d), INT64_MIN / 2, INT64_MAX / 2, &i))
		xf_warn_el(x, e, e->def_column, "\"%.40s\" is no whole number", d);
	else if (strcmp(e->type->name, "decimal") == 0 && !num_double(d, strlen(d), &v))
		xf_warn_el(x, e, e->def_column, "\"%.40s\" is no number: write it with digits and a point", d);
	else if (e->type->class == TYPE_SELECT && e->list != NULL && e->file == NULL && e->from_repeat == NULL && !e->list->searched)
		for (const char *p = d; *p != '\0'; ) {
			size_t n = e->is_multiple || e->type->control[0] == 'o' ? strcspn(p, " ") : strlen(p);

			if (n > 0 && !has_choice(e->list, p, n))
				xf_warn_el(x, e, e->def_column, "no choice of the list \"%.60s\" is called \"%.*s\"", e->list->name,
				    (int)(n < 60 ? n : 60), p);
			p += n;
			p += strspn(p, " ");
		}
}

static void
check_question(struct lint *l, const struct el *e)
{
	struct xlsform *x = l->x;
	const char *required = xf_get(&e->bind, "required");
	bool select = e->type->class == TYPE_SELECT;

	if (e->shown && e->tr[TR_LABEL] == NULL && (e->tr[TR_IMAGE] != NULL || e->tr[TR_BIG_IMAGE] != NULL)
	    && xf_get(&e->kiosk, "alt") == NULL)
		xf_error_el(x, e, e->tr[TR_IMAGE] != NULL ? e->tr[TR_IMAGE]->column : NULL, "a picture without words says nothing to people "
		    "who do not see it: give a label or kiosk::alt");
	if (select && required != NULL && strcmp(required, "false()") != 0 && e->list != NULL && !has_opt_out(e->list))
		xf_warn_el(x, e, "required", "people must answer, and the list \"%.60s\" has no way out: add choices with opt_out dk and pns",
		    e->list->name);
	for (const struct pair *p = e->bind.first; p != NULL; p = p->next) {
		static const char *const exprs[] = { "required", "relevant", "constraint", "readonly" };

		if (strcmp(p->key, "constraint") == 0 && e->tr[TR_CONSTRAINT] == NULL && p->column != NULL)
			xf_warn_el(x, e, p->column, "there is no constraint_message: people would not know what to change");
		for (size_t i = 0; i < ARRAY_LEN(exprs); i++)
			if (strcmp(p->key, exprs[i]) == 0)
				check_expression(l, e, p->value, p->column);
	}
	if (e->tr[TR_CONSTRAINT] != NULL && xf_get(&e->bind, "constraint") == NULL)
		xf_warn_el(x, e, e->tr[TR_CONSTRAINT]->column, "there is no constraint, so nobody will see this message");
	if (e->tr[TR_REQUIRED] != NULL && required == NULL)
		xf_warn_el(x, e, e->tr[TR_REQUIRED]->column, "the question is not required, so nobody will see this message");
	check_default(l, e);
	check_expression(l, e, e->calculation, e->calc_column);
	check_expression(l, e, e->filter, e->filter_column);
}

static void
check_tree(struct lint *l, const struct el *e)
{
	static const struct { enum slot slot; const char *what; } TEXTS[] = { { TR_LABEL, "label" }, { TR_HINT, "hint" },
		{ TR_GUIDANCE, "guidance" }, { TR_CONSTRAINT, "constraint message" }, { TR_REQUIRED, "required message" } };

	for (const struct el *k = e->first; k != NULL; k = k->next) {
		for (size_t i = 0; i < ARRAY_LEN(TEXTS) && !k->made; i++)
			check_text(l, &l->x->survey, k->row, k->line, k->tr[TEXTS[i].slot], TEXTS[i].what);
		check_files(l, &l->x->survey, k->row, k->line, k->tr);
		if (k->kind == EL_QUESTION && !k->made)
			check_question(l, k);
		check_tree(l, k);
	}
}

/* --- coverage ------------------------------------------------------------------------------------------ */

struct count {
	size_t all, have;
};

static void
count_texts(const struct xlsform *x, struct tr *const tr[TR_N], const char *lang, struct count *n)
{
	for (enum slot s = TR_LABEL; s <= TR_REQUIRED; s++) {
		if (tr[s] == NULL)
			continue;
		n->all++;
		for (const struct tr *t = tr[s]; t != NULL; t = t->next) {
			if (strcmp(lang_of(x, t), lang) == 0) {
				n->have++;
				break;
			}
		}
	}
}

static void
count_tree(const struct xlsform *x, const struct el *e, const char *lang, struct count *n)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		if (!k->made)
			count_texts(x, k->tr, lang, n);
		count_tree(x, k, lang, n);
	}
}

void
xf_lint(struct xlsform *x, const struct form_files *files, struct buf *coverage)
{
	struct lint l = { .x = x, .files = files, .languages = xf_get(&x->kiosk, "languages") };

	check_languages(&l);
	if (x->version != NULL && x->version[strspn(x->version, "0123456789")] != '\0')
		xf_warn(x, &x->settings, x->settings_row, x->settings_line, "version", "\"%.40s\" is not digits only, such as 2026112101: "
		    "newer versions must be larger numbers", x->version);
	for (const struct list *k = x->lists; k != NULL; k = k->next)
		if (k->first != NULL)
			check_list(&l, k);
	check_tree(&l, x->root);
	xf_lint_expressions(x, x->root);
	for (const struct lang *k = x->langs; k != NULL && coverage != NULL; k = k->next) {
		struct count n = { 0, 0 };

		count_tree(x, x->root, k->name, &n);
		for (const struct list *c = x->lists; c != NULL; c = c->next)
			for (const struct choice *o = c->first; o != NULL; o = o->next)
				count_texts(x, o->tr, k->name, &n);
		buf_printf(coverage, "%s: %zu of %zu texts\n", k->name, n.have, n.all);
	}
}
