/* The schema of .ind files and the reading of items by it. See definition_schema.h. */
#include "indicators/definition_schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ini.h"

enum { FINDING_TEXT = 700 };

static const struct key_rule rules[] = {
	{ "indicator", "id", LABEL_NONE, REPEAT_NO }, { "indicator", "version", LABEL_NONE, REPEAT_NO },
	{ "indicator", "kind", LABEL_NONE, REPEAT_NO }, { "indicator", "title", LABEL_NONE, REPEAT_NO },
	{ "indicator", "title_easy", LABEL_NONE, REPEAT_NO }, { "indicator", "about", LABEL_NONE, REPEAT_NO },
	{ "indicator", "unit", LABEL_NONE, REPEAT_NO }, { "indicator", "direction", LABEL_NONE, REPEAT_NO },
	{ "indicator", "alias", LABEL_MUST, REPEAT_FREE }, { "indicator", "duty", LABEL_NONE, REPEAT_FREE },
	{ "indicator", "source", LABEL_NONE, REPEAT_FREE }, { "indicator", "method", LABEL_NONE, REPEAT_FREE },
	{ "indicator", "owner", LABEL_NONE, REPEAT_NO }, { "indicator", "review_by", LABEL_NONE, REPEAT_NO },
	{ "indicator", "supersedes", LABEL_NONE, REPEAT_NO }, { "indicator", "break", LABEL_NONE, REPEAT_NO },
	{ "indicator", "family", LABEL_NONE, REPEAT_NO },

	{ "form", "versions", LABEL_NONE, REPEAT_NO }, { "form", "variant", LABEL_NONE, REPEAT_NO },
	{ "form", "locked", LABEL_NONE, REPEAT_NO },
	/* keys of measure, which a form block may override */
	{ "measure", "population", LABEL_NONE, REPEAT_NO }, { "measure", "exclude", LABEL_MUST, REPEAT_LABEL },
	{ "measure", "numerator", LABEL_NONE, REPEAT_NO }, { "measure", "option", LABEL_MUST, REPEAT_LABEL },
	{ "measure", "value", LABEL_NONE, REPEAT_NO }, { "measure", "item", LABEL_MUST, REPEAT_LABEL },
	{ "measure", "answer", LABEL_MUST, REPEAT_LABEL }, { "measure", "offset", LABEL_NONE, REPEAT_NO },
	{ "measure", "theme", LABEL_NONE, REPEAT_NO }, { "measure", "unit_of_analysis", LABEL_NONE, REPEAT_NO },
	{ "measure", "people", LABEL_NONE, REPEAT_NO }, { "measure", "at_risk", LABEL_NONE, REPEAT_NO },
	{ "measure", "per", LABEL_NONE, REPEAT_NO }, { "measure", "combine", LABEL_NONE, REPEAT_NO },

	{ "tables", NULL, LABEL_NONE, REPEAT_NO },
	{ "strata", "by", LABEL_NONE, REPEAT_NO }, { "strata", "sizes", LABEL_NONE, REPEAT_NO },
	{ "strata", "standard", LABEL_NONE, REPEAT_NO }, { "strata", "merge", LABEL_NONE, REPEAT_FREE },
	{ "by", "cross", LABEL_NONE, REPEAT_FREE }, { "by", NULL, LABEL_NONE, REPEAT_NO },
	{ "words", "word", LABEL_MUST, REPEAT_LABEL },
	{ "time", "period", LABEL_ANY_KEY, REPEAT_LABEL }, { "time", "year_start", LABEL_NONE, REPEAT_NO },
	{ "time", "wait_days", LABEL_NONE, REPEAT_NO },
	{ "estimate", "interval", LABEL_NONE, REPEAT_NO }, { "estimate", "target", LABEL_NONE, REPEAT_FREE },
	{ "estimate", "baseline", LABEL_NONE, REPEAT_NO }, { "estimate", "comparator", LABEL_NONE, REPEAT_FREE },
	{ "round", "value", LABEL_NONE, REPEAT_NO }, { "round", "count", LABEL_NONE, REPEAT_NO },
	{ "round", "total", LABEL_NONE, REPEAT_NO },
	{ "spc", "chart", LABEL_NONE, REPEAT_NO }, { "spc", "screen", LABEL_NONE, REPEAT_NO },
	{ "spc", "shift", LABEL_NONE, REPEAT_NO }, { "spc", "trend", LABEL_NONE, REPEAT_NO },
	{ "spc", "two_of_three", LABEL_NONE, REPEAT_NO }, { "spc", "fix_after", LABEL_NONE, REPEAT_NO },
	{ "spc", "rebase", LABEL_NONE, REPEAT_FREE },
	{ "disclosure", "preset", LABEL_NONE, REPEAT_NO }, { "disclosure", "base_min", LABEL_NONE, REPEAT_NO },
	{ "disclosure", "cell_min", LABEL_NONE, REPEAT_NO }, { "disclosure", "zero", LABEL_NONE, REPEAT_NO },
	{ "disclosure", "complement", LABEL_NONE, REPEAT_NO }, { "disclosure", "round", LABEL_NONE, REPEAT_NO },
	{ "disclosure", "only", LABEL_NONE, REPEAT_NO },
	{ "plan", "who", LABEL_NONE, REPEAT_NO }, { "plan", "where", LABEL_NONE, REPEAT_NO },
	{ "plan", "every", LABEL_NONE, REPEAT_NO }, { "plan", "target_n", LABEL_NONE, REPEAT_NO },
	{ "state", "state", LABEL_NONE, REPEAT_NO }, { "state", "since", LABEL_NONE, REPEAT_NO },
	{ "state", "signed", LABEL_NONE, REPEAT_FREE }, { "state", "reason", LABEL_NONE, REPEAT_NO },
	{ "state", "hash", LABEL_NONE, REPEAT_NO },
};

/* The sections in canonical order. */
static const char *const section_order[] = { "indicator", "measure", "form", "tables", "strata", "by", "words", "time",
	"estimate", "round", "spc", "disclosure", "plan", "state" };

static void
fault(struct items *it, bool warning, int line, const char *fmt, va_list ap)
{
	char place[300], text[FINDING_TEXT];

	snprintf(place, sizeof(place), "%.250s:%d", it->file, line);
	vsnprintf(text, sizeof(text), fmt, ap);
	findings_add(it->findings, warning, line, place, "%s", text);
}

void
items_fault(struct items *it, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fault(it, false, line, fmt, ap);
	va_end(ap);
}

void
items_warn(struct items *it, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fault(it, true, line, fmt, ap);
	va_end(ap);
}

/* Keys of [measure] are also keys of [form ID]. */
static bool
rule_in(const struct key_rule *r, const char *section)
{
	return strcmp(r->section, section) == 0 || (strcmp(section, "form") == 0 && strcmp(r->section, "measure") == 0);
}

static const struct key_rule *
find_rule(const char *section, const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rule_in(&rules[i], section) && (rules[i].key == NULL || strcmp(rules[i].key, key) == 0))
			return &rules[i];
	return NULL;
}

static bool
section_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(section_order); i++)
		if (strcmp(section_order[i], name) == 0)
			return true;
	return false;
}

static void
keys_of(const char *section, char *out, size_t max)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(rules) && at < max; i++)
		if (rule_in(&rules[i], section) && rules[i].key != NULL)
			at += (size_t)snprintf(out + at, max - at, "%s%s", at > 0 ? " " : "", rules[i].key);
}

static void *
grow(void *list, size_t n, size_t *cap, size_t size)
{
	void *p;

	if (n < *cap)
		return list;
	p = realloc(list, (*cap * 2 + 32) * size);
	if (p != NULL)
		*cap = *cap * 2 + 32;
	return p;
}

static enum err_code
add_section(struct items *it, const struct ini_item *in, struct err *err)
{
	struct section *list, *s;
	bool takes_argument = strcmp(in->section, "form") == 0;

	for (size_t i = 0; i < it->n_sections; i++)
		if (!takes_argument && strcmp(it->sections[i].name, in->section) == 0)
			items_fault(it, in->line, "[%s] is there already, on line %d: join the two", in->section,
			    it->sections[i].line);
	if (!section_known(in->section))
		items_fault(it, in->line, "there is no section [%.40s]: use indicator, measure, form ID, tables, strata, by, "
		    "words, time, estimate, round, spc, disclosure, plan or state", in->section);
	else if (takes_argument && in->argument[0] == '\0')
		items_fault(it, in->line, "say which form: [form ID]");
	else if (!takes_argument && in->argument[0] != '\0')
		items_fault(it, in->line, "[%s] takes no argument: remove \"%.40s\"", in->section, in->argument);
	list = grow(it->sections, it->n_sections, &it->cap_sections, sizeof(*list));
	if (list == NULL)
		return err_nomem(err);
	it->sections = list;
	s = &list[it->n_sections];
	*s = (struct section){ arena_str(it->arena, in->section), arena_str(it->arena, in->argument), in->line };
	if (s->name == NULL || s->argument == NULL)
		return err_nomem(err);
	it->n_sections++;
	return ERR_OK;
}

/* The label and repetition that RULE asks for; says so if IN does otherwise. */
static bool
allowed(struct items *it, const struct key_rule *rule, const struct ini_item *in, const struct section *now)
{
	if (rule->label == LABEL_MUST && in->label[0] == '\0') {
		items_fault(it, in->line, "[%s] %s needs a name: %s.NAME = ..", in->section, in->key, in->key);
		return false;
	}
	if (rule->label == LABEL_NONE && in->label[0] != '\0') {
		items_fault(it, in->line, "[%s] %s takes no name: write %s = ..", in->section, in->key, in->key);
		return false;
	}
	for (size_t i = 0; i < it->n && rule->repeat != REPEAT_FREE; i++) {
		const struct item *x = &it->list[i];

		if (x->line > now->line && strcmp(x->key, in->key) == 0 && strcmp(x->label, in->label) == 0) {
			items_fault(it, in->line, "[%s] %s%s%s is there already, on line %d: keep one", in->section, in->key,
			    in->label[0] != '\0' ? "." : "", in->label, x->line);
			return false;
		}
	}
	for (const char *s = in->value; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f) {
			items_fault(it, in->line, "[%s] %s holds a control character (code %d), which nobody sees: remove it", in->section, in->key,
			    *s);
			return false;
		}
	if (in->value[0] == '\0') {
		items_fault(it, in->line, "[%s] %s is empty: give it a value or remove the line", in->section, in->key);
		return false;
	}
	return true;
}

static enum err_code
on_item(void *arg, const struct ini_item *in, struct err *err)
{
	struct items *it = arg;
	const struct key_rule *rule;
	struct item *list;
	char keys[400];

	if (in->key == NULL)
		return add_section(it, in, err);
	if (it->n_sections == 0) {
		items_fault(it, in->line, "%.40s stands before any section: begin with [indicator]", in->key);
		return ERR_OK;
	}
	if (!section_known(in->section))
		return ERR_OK;
	rule = find_rule(in->section, in->key);
	if (rule == NULL) {
		keys_of(in->section, keys, sizeof(keys));
		items_fault(it, in->line, "[%s] has no key %.40s: it knows %s", in->section, in->key, keys);
		return ERR_OK;
	}
	if (!allowed(it, rule, in, &it->sections[it->n_sections - 1]))
		return ERR_OK;
	list = grow(it->list, it->n, &it->cap, sizeof(*list));
	if (list == NULL)
		return err_nomem(err);
	it->list = list;
	list[it->n] = (struct item){ it->sections[it->n_sections - 1].name, it->sections[it->n_sections - 1].argument,
	    arena_str(it->arena, in->key), arena_str(it->arena, in->label), arena_str(it->arena, in->value), in->line, rule };
	if (list[it->n].key == NULL || list[it->n].label == NULL || list[it->n].value == NULL)
		return err_nomem(err);
	it->n++;
	return ERR_OK;
}

enum err_code
items_read(struct items *it, const char *text, size_t len, struct err *err)
{
	return ini_read(it->file, text, len, on_item, it, err);
}

void
items_clear(struct items *it)
{
	free(it->list);
	free(it->sections);
	it->list = NULL;
	it->sections = NULL;
	it->n = it->n_sections = it->cap = it->cap_sections = 0;
}

const struct item *
items_get(const struct items *it, const char *section, const char *argument, const char *key)
{
	for (size_t i = 0; i < it->n; i++)
		if (strcmp(it->list[i].section, section) == 0 && strcmp(it->list[i].argument, argument) == 0
		    && strcmp(it->list[i].key, key) == 0)
			return &it->list[i];
	return NULL;
}

static void
put_section(const struct items *it, const struct section *s, const struct section *next, struct buf *out)
{
	int end = next == NULL ? INT32_MAX : next->line;

	buf_printf(out, "[%s%s%s]\n", s->name, s->argument[0] != '\0' ? " " : "", s->argument);
	for (size_t r = 0; r < ARRAY_LEN(rules); r++)
		for (size_t i = 0; i < it->n; i++) {
			const struct item *x = &it->list[i];

			if (x->rule == &rules[r] && x->line > s->line && x->line < end) {
				buf_printf(out, "%s%s%s = ", x->key, x->label[0] != '\0' ? "." : "", x->label);
				buf_puts(out, x->value);
				buf_putc(out, '\n');
			}
		}
}

void
items_canonical(const struct items *it, struct buf *out)
{
	for (size_t k = 0; k < ARRAY_LEN(section_order); k++)
		for (size_t i = 0; i < it->n_sections; i++)
			if (strcmp(section_order[k], "state") != 0 && strcmp(it->sections[i].name, section_order[k]) == 0)
				put_section(it, &it->sections[i], i + 1 < it->n_sections ? &it->sections[i + 1] : NULL, out);
}
