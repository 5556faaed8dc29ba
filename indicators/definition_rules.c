/* What is wrong with a definition whatever the forms: the lint of indicators.md section 1. Each finding stands at
 * its line, says what, and how to mend it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/deftext.h"
#include "indicators/definition_schema.h"

enum { EASY_WORDS = 15 };

static int
line_of(const struct items *it, const char *section, const char *key)
{
	const struct item *x = items_get(it, section, "", key);

	if (x != NULL)
		return x->line;
	for (size_t i = 0; i < it->n_sections; i++)
		if (strcmp(it->sections[i].name, section) == 0)
			return it->sections[i].line;
	return 1;
}

static void
must(struct items *it, const char *key, const char *value, const char *example)
{
	if (value[0] == '\0')
		items_fault(it, line_of(it, "indicator", key), "[indicator] says no %s: add %s = %s", key, key, example);
}

static size_t
words_in(const char *s)
{
	size_t n = 0;

	while (*(s += strspn(s, " ")) != '\0') {
		n++;
		s += strcspn(s, " ");
	}
	return n;
}

/* [a-z][a-z0-9-]*, up to 60 */
static bool
is_id(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return s[0] >= 'a' && s[0] <= 'z' && s[n] == '\0' && n <= 60;
}

/* A row of a publication begins its cell with it. */
static bool
runs_in_a_spreadsheet(const char *s)
{
	return s[0] != '\0' && strchr("=+-@", s[0]) != NULL;
}

static void
rules_indicator(struct items *it, const struct definition *d)
{
	size_t words = words_in(d->title_easy);

	must(it, "id", d->id, "a-short-name");
	if (d->id[0] != '\0' && !is_id(d->id))
		items_fault(it, line_of(it, "indicator", "id"), "[indicator] id: small letters, digits and -, beginning with a letter, "
		    "up to 60");
	if (d->version == 0 && items_get(it, "indicator", "", "version") == NULL)
		must(it, "version", "", "1");
	must(it, "kind", items_get(it, "indicator", "", "kind") == NULL ? "" : "x", "proportion");
	must(it, "title", d->title, "what it measures, for everybody");
	must(it, "title_easy", d->title_easy, "the same in up to 15 plain words");
	must(it, "direction", items_get(it, "indicator", "", "direction") == NULL ? "" : "x", "increase (decrease, neutral)");
	must(it, "owner", d->owner, "who answers for it");
	must(it, "review_by", d->review_by, "2027-04");
	must(it, "source", d->n_sources == 0 ? "" : "x", "where the question or method comes from");
	must(it, "duty", d->n_duties == 0 ? "" : "x", "the law, statement or outcome it serves");
	if (runs_in_a_spreadsheet(d->title))
		items_fault(it, line_of(it, "indicator", "title"), "[indicator] title begins with %c, which a spreadsheet would run: begin with "
		    "a word", d->title[0]);
	if (words > EASY_WORDS)
		items_fault(it, line_of(it, "indicator", "title_easy"), "[indicator] title_easy has %zu words: say it in %d", words,
		    EASY_WORDS);
	if (d->supersedes[0] != '\0' && d->break_why[0] == '\0')
		items_warn(it, line_of(it, "indicator", "supersedes"), "[indicator] supersedes an older version: say in break = .. why "
		    "the two cannot be compared");
	if (d->supersedes[0] == '\0' && d->break_why[0] != '\0')
		items_fault(it, line_of(it, "indicator", "break"), "[indicator] break says why this cannot be compared with what it "
		    "supersedes, and it supersedes nothing: add supersedes = ID@VERSION, or remove it");
	if (d->family != d->id && !is_id(d->family))
		items_fault(it, line_of(it, "indicator", "family"), "[indicator] family: small letters, digits and -, beginning with a "
		    "letter, up to 60: the id of one of them");
	for (size_t i = 0; i < d->n_methods; i++) {
		static const char *const known[] = { "questionnaire", "interview", "focus_group", "observation", "record", "return" };
		bool ok = false;

		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			ok |= strcmp(known[k], d->methods[i].text) == 0;
		if (!ok)
			items_fault(it, d->methods[i].line, "[indicator] method: %.40s is not one of questionnaire, interview, "
			    "focus_group, observation, record, return", d->methods[i].text);
	}
}

static bool
has_table(const struct definition *d, const char *name)
{
	for (size_t i = 0; i < d->n_tables; i++)
		if (strcmp(d->tables[i].name, name) == 0)
			return true;
	return false;
}

/* Any, one as it is written, or a range of all-digit ones. */
static bool
is_versions(const char *s)
{
	const char *dots = strstr(s, "..");
	size_t from = strspn(s, "0123456789"), until;

	if (dots == NULL)
		return true;
	until = strspn(dots + 2, "0123456789");
	return s + from == dots && dots[2 + until] == '\0' && from > 0;
}

static bool
has_easy_read(const struct definition *d)
{
	for (size_t i = 0; i < d->n_blocks; i++)
		if (strcmp(d->blocks[i].variant, "easy_read") == 0)
			return true;
	return false;
}

static bool
is_theme(const char *text)
{
	size_t frame = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-"), version, code;
	const char *at = text + frame;

	if (frame == 0 || frame > 40 || *at++ != '@' || *at == '0')
		return false;
	version = strspn(at, "0123456789");
	if (version == 0 || version > 9 || at[version] != '/')
		return false;
	at += version + 1;
	code = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
	return code > 0 && code <= 40 && at[code] == '\0';
}

/* What KIND computes with must be there, in [measure] or in the block. */
static void
rules_measure(struct items *it, const struct definition *d, const struct form_block *b)
{
	const struct measure *m = &b->measure;
	const char *kind = definition_kind_word(d->kind);
	bool counts = d->kind == KIND_PROPORTION || d->kind == KIND_THEME;

	if (m->theme[0] != '\0' && !is_theme(m->theme))
		items_fault(it, b->line, "[form %s] theme: FRAME@VERSION/CODE, such as care@2/staffing", b->form);
	if (m->theme[0] != '\0' && m->numerator.text[0] != '\0')
		items_fault(it, b->line, "[form %s] theme counts what people agreed on, numerator what the form says: keep one", b->form);
	if (m->theme[0] != '\0' && m->by_session)
		items_fault(it, b->line, "[form %s] theme is of comments; what groups said is coded in their form: use numerator", b->form);
	if (counts && m->numerator.text[0] == '\0' && m->theme[0] == '\0')
		items_fault(it, b->line, "[form %s] a %s counts something: add numerator = EXPRESSION here or in [measure]", b->form,
		    kind);
	if (!counts && m->numerator.text[0] != '\0')
		items_fault(it, m->numerator.line, "numerator: kind = %s has none; use %s", kind, d->kind == KIND_OPTIONS ? "option.NAME"
		    : d->kind == KIND_SCORE ? "item.QUESTION" : "value, or population for what is counted");
	if (d->kind == KIND_OPTIONS && m->n_options < 2)
		items_fault(it, b->line, "[form %s] options needs two or more lines option.NAME = EXPRESSION", b->form);
	if (d->kind != KIND_OPTIONS && m->n_options > 0)
		items_fault(it, m->options[0].line, "option.%s: only kind = options has options", m->options[0].label);
	if ((d->kind == KIND_MEAN || d->kind == KIND_QUANTITY) && m->value.text[0] == '\0')
		items_fault(it, b->line, "[form %s] a %s is of a number: add value = EXPRESSION", b->form, kind);
	if ((counts || d->kind == KIND_OPTIONS || d->kind == KIND_SCORE) && m->value.text[0] != '\0')
		items_fault(it, m->value.line, "value: kind = %s has none: remove it", kind);
	if (d->kind == KIND_SCORE && m->n_items == 0)
		items_fault(it, b->line, "[form %s] a score adds items: add item.QUESTION = points of codes 1, 2 ..", b->form);
	if (d->kind != KIND_SCORE && m->n_items > 0)
		items_fault(it, m->items[0].line, "item.%s: only kind = score has items", m->items[0].question);
	for (size_t i = 0; i < m->n_items; i++)
		if (m->items[i].line == 0)
			items_fault(it, m->items[i].answer.line, "answer.%s has no item.%s", m->items[i].question, m->items[i].question);
	if (d->kind == KIND_PROPORTION && m->n_excludes == 0)
		items_fault(it, b->line, "[form %s] says nothing of people who did not answer: add exclude.no_answer = EXPRESSION, or "
		    "exclude.none = false() to say openly that all count", b->form);
	for (size_t i = 0; i < m->n_excludes; i++)
		if (strcmp(m->excludes[i].label, "missing") == 0)
			items_fault(it, m->excludes[i].line, "exclude.missing: taken for answers without a value; choose another name");
	if (d->kind == KIND_RATE && m->at_risk[0] == '\0')
		items_fault(it, b->line, "[form %s] a rate is out of people at risk: add at_risk = TABLE", b->form);
	if (m->at_risk[0] != '\0' && !has_table(d, m->at_risk))
		items_fault(it, b->line, "[form %s] at_risk: there is no [tables] %.60s", b->form, m->at_risk);
	if (m->by_session && d->interval != INTERVAL_NONE)
		items_fault(it, line_of(it, "estimate", "interval"), "[estimate] interval: a group session is no sample of people: "
		    "say interval = none");
	if (m->combine == COMBINE_ASC_SATISFACTION && d->kind != KIND_PROPORTION)
		items_fault(it, b->line, "[form %s] combine = asc_satisfaction is for a proportion", b->form);
}

static void
rules_blocks(struct items *it, const struct definition *d)
{
	if (d->n_blocks == 0)
		items_fault(it, line_of(it, "measure", ""), "no [form ID] block: say which form it is measured with");
	for (size_t i = 0; i < d->n_blocks; i++) {
		const struct form_block *b = &d->blocks[i];

		if (b->variant[0] != '\0' && strcmp(b->variant, "standard") != 0 && strcmp(b->variant, "easy_read") != 0)
			items_fault(it, b->line, "[form %s] variant: standard or easy_read", b->form);
		if (b->locked[0] != '\0' && (strlen(b->locked) != 32 || strspn(b->locked, "0123456789abcdef") != 32))
			items_fault(it, b->line, "[form %s] locked: the form's id, 32 hex digits, as `candour indicator check` prints it",
			    b->form);
		if (!is_versions(b->versions))
			items_fault(it, b->line, "[form %s] versions: one version as the form writes it, or a range of all-digit ones: "
			    "2025040101..2026033101, or 2025040101..", b->form);
		if (b->measure.theme[0] != '\0' && d->kind != KIND_THEME)
			items_fault(it, b->line, "[form %s] theme: only kind = theme has one", b->form);
		if (b->measure.combine != COMBINE_NONE && !has_easy_read(d))
			items_fault(it, b->line, "[form %s] combine joins the standard and the easy-read form, and no block has variant = "
			    "easy_read: add it, or remove combine", b->form);
		if (b->measure.by_session != d->blocks[0].measure.by_session)
			items_fault(it, b->line, "[form %s] unit_of_analysis: sessions and single responses are never added up: make two "
			    "indicators", b->form);
		for (size_t k = 0; k < i; k++)
			if (strcmp(d->blocks[k].form, b->form) == 0 && strcmp(d->blocks[k].variant, b->variant) == 0
			    && (d->blocks[k].versions[0] == '\0' || b->versions[0] == '\0'
			    || strcmp(d->blocks[k].versions, b->versions) == 0))
				items_fault(it, b->line, "[form %s] covers the same versions and variant as the block on line %d: give them "
				    "different versions or variants", b->form, d->blocks[k].line);
		rules_measure(it, d, b);
	}
}

/* A rate over strata is one of a standard population, or it is no rate over strata. */
static void
rules_standard(struct items *it, const struct definition *d)
{
	int line = line_of(it, "strata", "standard");

	if (d->interval == INTERVAL_DSR && (d->strata_by[0] == '\0' || d->strata_standard[0] == '\0'))
		items_fault(it, line_of(it, "estimate", "interval"), "[estimate] interval = dsr needs [strata] by = EXPRESSION, sizes = TABLE "
		    "and standard = TABLE (columns stratum, n)");
	if (d->kind == KIND_RATE && d->strata_by[0] != '\0' && d->strata_standard[0] == '\0')
		items_fault(it, line_of(it, "strata", "by"), "[strata] a rate over strata is standardised: add standard = TABLE (columns "
		    "stratum, n) and [estimate] interval = dsr, or remove [strata]");
	if (d->kind == KIND_RATE && d->strata_standard[0] != '\0' && d->interval == INTERVAL_RATE)
		items_fault(it, line, "[strata] standard: the limits of a standardised rate are interval = dsr (or none)");
	if (d->kind != KIND_RATE && d->strata_standard[0] != '\0')
		items_fault(it, line, "[strata] standard: only a rate is standardised, a %s is weighted by sizes: remove it",
		    definition_kind_word(d->kind));
	if (d->strata_standard[0] != '\0' && d->strata_by[0] == '\0')
		items_fault(it, line, "[strata] standard says nothing without by = EXPRESSION and sizes = TABLE: add them");
	if (d->strata_standard[0] != '\0' && !has_table(d, d->strata_standard))
		items_fault(it, line, "[strata] standard: there is no [tables] %.60s", d->strata_standard);
}

static void
rules_estimate(struct items *it, const struct definition *d)
{
	int line = line_of(it, "estimate", "interval");
	bool share = d->kind == KIND_PROPORTION || d->kind == KIND_OPTIONS || d->kind == KIND_THEME;
	bool mean = d->kind == KIND_MEAN || d->kind == KIND_SCORE;
	const char *want = NULL;

	if (d->interval == INTERVAL_WILSON && !share)
		want = "wilson is for shares of people";
	if (d->interval == INTERVAL_T && !mean)
		want = "t is for means and scores";
	if (d->interval == INTERVAL_RATE && d->kind != KIND_RATE)
		want = "rate is for kind = rate";
	if (d->interval == INTERVAL_STRATA && !share && !mean)
		want = "strata is for shares, means and scores";
	if (d->interval == INTERVAL_DSR && d->kind != KIND_RATE)
		want = "dsr is for kind = rate";
	if (want != NULL)
		items_fault(it, line, "[estimate] interval: %s, not for a %s: use %s or none", want, definition_kind_word(d->kind),
		    share ? "wilson" : mean ? "t" : d->kind == KIND_RATE ? "rate" : "none");
	if (d->interval == INTERVAL_STRATA && d->strata_by[0] == '\0')
		items_fault(it, line, "[estimate] interval = strata needs [strata] by = EXPRESSION and sizes = TABLE");
	rules_standard(it, d);
	if (d->strata_by[0] != '\0' && d->strata_sizes[0] == '\0')
		items_fault(it, line_of(it, "strata", "by"), "[strata] has no sizes: answers are weighted by how many people each stratum "
		    "has; add sizes = TABLE (columns stratum, n, from, until)");
	if (d->strata_sizes[0] != '\0' && !has_table(d, d->strata_sizes))
		items_fault(it, line_of(it, "strata", "sizes"), "[strata] sizes: there is no [tables] %.60s", d->strata_sizes);
	for (size_t i = 0; i < d->n_targets; i++) {
		double v = d->targets[i].value;

		if (share && (v < 0 || v > 1))
			items_fault(it, d->targets[i].line, "[estimate] target: a share from 0 to 1 (0.70 for 70 %%)");
		for (size_t k = 0; k < i; k++)
			if (d->targets[k].from <= d->targets[i].until && d->targets[i].from <= d->targets[k].until
			    && d->targets[k].from == d->targets[i].from)
				items_fault(it, d->targets[i].line, "[estimate] target: the one on line %d holds from the same month",
				    d->targets[k].line);
	}
	if (d->direction == DIRECTION_NEUTRAL && d->n_targets > 0)
		items_fault(it, d->targets[0].line, "[estimate] target: direction = neutral says that neither way is better: remove one");
	for (size_t i = 0; i < d->n_comparators; i++) {
		struct deftext_value v;

		if (!deftext_value(d->comparators[i].text, &v) || v.name[0] == '\0')
			items_fault(it, d->comparators[i].line, "[estimate] comparator: write its value, since when, and whose it is: "
			    "0.64 from 2024-04 England");
		else if (share && (v.value < 0 || v.value > 1))
			items_fault(it, d->comparators[i].line, "[estimate] comparator: a share from 0 to 1 (0.64 for 64 %%)");
	}
	for (size_t i = 0; i < d->n_baselines; i++)
		if (share && (d->baselines[i].value < 0 || d->baselines[i].value > 1))
			items_fault(it, d->baselines[i].line, "[estimate] baseline: a share from 0 to 1 (0.62 for 62 %%)");
}

/* Figures are made of areas and of one breakdown in them. */
static bool
is_with_site(const char *cross)
{
	const char *star = strchr(cross, '*');

	return star != NULL && strchr(star + 1, '*') == NULL
	    && (strncmp(cross, "site*", 5) == 0 || strcmp(star, "*site") == 0);
}

static void
rules_time(struct items *it, const struct definition *d)
{
	static const char *const levels[] = { "site", "provider", "area", "organisation" };

	for (size_t i = 0; i < d->n_period_levels; i++) {
		bool ok = false;

		for (size_t k = 0; k < ARRAY_LEN(levels); k++)
			ok |= strcmp(levels[k], d->period_levels[i].level) == 0;
		if (!ok)
			items_fault(it, d->period_levels[i].line, "[time] period.%.40s: there is no such level: use site, provider, area or "
			    "organisation", d->period_levels[i].level);
	}
	for (size_t i = 0; i < d->n_rebases; i++)
		for (size_t k = 0; k < i; k++)
			if (d->rebases[k].month == d->rebases[i].month)
				items_fault(it, d->rebases[i].line, "[spc] rebase: the one on line %d begins in the same month: keep one",
				    d->rebases[k].line);
}

static void
rules_rest(struct items *it, const struct definition *d)
{
	const struct item *preset = items_get(it, "disclosure", "", "preset");
	const struct policy *least = preset == NULL ? &policy_preset_organisation : policy_find(preset->value);

	for (size_t i = 0; i < d->n_crosses; i++) {
		const char *s = d->crosses[i].text;

		if (!is_with_site(s))
			items_fault(it, d->crosses[i].line, "[by] cross: a breakdown is crossed with site only: write it as site*role");

		while (*s != '\0') {
			size_t n = strcspn(s, " *");
			bool ok = n == 4 && strncmp(s, "site", 4) == 0;

			for (size_t k = 0; k < d->n_by; k++)
				ok |= strlen(d->by[k].label) == n && strncmp(d->by[k].label, s, n) == 0;
			if (n > 0 && !ok)
				items_fault(it, d->crosses[i].line, "[by] cross: there is no breakdown %.*s; write names of [by] as site*role",
				    n > 40 ? 40 : (int)n, s);
			s += n + strspn(s + n, " *");
		}
	}
	if (preset != NULL && least != NULL && !policy_at_least(&d->policy, least))
		items_fault(it, preset->line, "[disclosure] is weaker than its preset %s: it may be stricter, never weaker", preset->value);
	if (preset == NULL && !policy_at_least(&d->policy, least))
		items_fault(it, line_of(it, "disclosure", "base_min"), "[disclosure] is weaker than the organisation's policy (base_min 10, "
		    "cell_min 5, zero organisation, complement yes): a definition may be stricter, never weaker");
}

/* Tables by which people are counted must be such: what is no number would be left out and nobody would see it. */
static void
rules_tables(struct items *it, const struct definition *d)
{
	for (size_t i = 0; i < d->n_tables; i++) {
		const struct table *t = &d->tables[i];
		bool strata = strcmp(t->name, d->strata_sizes) == 0 || strcmp(t->name, d->strata_standard) == 0;
		bool counts = strata || strcmp(t->name, "people_supported") == 0;
		struct err why = { 0 };

		for (size_t b = 0; b < d->n_blocks; b++)
			counts = counts || strcmp(t->name, d->blocks[b].measure.at_risk) == 0;
		if (counts && table_counts(t, strata, &why) != ERR_OK)
			items_fault(it, line_of(it, "tables", t->name), "[tables] %s: %s", t->name, why.msg);
	}
}

void
definition_rules(struct items *it, const struct definition *d)
{
	rules_indicator(it, d);
	rules_blocks(it, d);
	rules_estimate(it, d);
	rules_time(it, d);
	rules_rest(it, d);
	rules_tables(it, d);
}
