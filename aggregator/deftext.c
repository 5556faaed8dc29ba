/* The text of a published definition. See deftext.h. */
#include "aggregator/deftext.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/say.h"
#include "base/num.h"

const char *
deftext_of(const struct publication *p, const char *hash)
{
	for (size_t i = 0; p != NULL && i < p->manifest.n_definitions; i++)
		if (strcmp(p->manifest.definitions[i].hash, hash) == 0)
			return p->manifest.definitions[i].text;
	return "";
}

static const char *
copy(struct arena *a, const char *text, size_t len)
{
	const char *made = arena_strn(a, text, len);

	return made == NULL ? "" : made;
}

const char *
deftext_get(struct arena *a, const char *text, const char *section, const char *key, size_t nth,
	const char **label)
{
	size_t s = strlen(section), k = strlen(key);
	bool inside = false;

	for (const char *line = text; *line != '\0'; line += line[strcspn(line, "\n")] == '\n' ? strcspn(line, "\n") + 1
	    : strlen(line)) {
		size_t len = strcspn(line, "\n");
		const char *end = line + len, *at = line + k, *dot = NULL;

		if (line[0] == '[')
			inside = len == s + 2 && strncmp(line + 1, section, s) == 0 && line[s + 1] == ']';
		if (!inside || line[0] == '[' || len <= k || strncmp(line, key, k) != 0)
			continue;
		if (*at == '.') {
			dot = at + 1;
			at += 1 + strcspn(dot, " =\n");
		}
		if (strncmp(at, " = ", 3) != 0 || nth-- > 0)
			continue;
		if (label != NULL)
			*label = dot == NULL ? "" : copy(a, dot, (size_t)(at - dot));
		return copy(a, at + 3, (size_t)(end - at - 3));
	}
	return NULL;
}

static const char *
word_of(struct arena *a, const char *text, const char *breakdown, const char *code)
{
	const char *label = "", *word;

	for (size_t i = 0; (word = deftext_get(a, text, "words", "word", i, &label)) != NULL; i++)
		if (strcmp(label, code) == 0)
			return word;
	return say_category(breakdown, code);
}

const char *
deftext_category(struct arena *a, const char *text, const char *breakdown, const char *category)
{
	const char *made = "";

	while (*category != '\0') {
		size_t c = strcspn(category, ","), b = strcspn(breakdown, ",");
		const char *word = word_of(a, text, copy(a, breakdown, b), copy(a, category, c));

		made = arena_printf(a, "%s%s%s", made, made[0] != '\0' ? ", " : "", word);
		category += c + strspn(category + c, ", ");
		breakdown += b + strspn(breakdown + b, ", ");
	}
	return made;
}

const char *
deftext_method(struct arena *a, const char *text)
{
	static const struct { const char *code, *words; } all[] = {
		{ "wilson", "95 % limits by Wilson's method for shares" },
		{ "proportion", "95 % limits by Wilson's method for shares" }, { "options", "95 % limits by Wilson's method for shares" },
		{ "rate", "95 % limits of a count: exact Poisson under 10, Byar's method from 10" },
		{ "count", "95 % limits of a count: exact Poisson under 10, Byar's method from 10" },
		{ "t", "95 % limits of a mean by Student's t" }, { "mean", "95 % limits of a mean by Student's t" },
		{ "score", "95 % limits of a mean by Student's t" },
		{ "strata", "95 % limits over strata, with finite population correction" },
		{ "dsr", "directly standardised for age or the like: Dobson's method with Byar's limits, none under 10 events" },
		{ "none", "no limits: this is not a sample" },
	};
	const char *code = deftext_get(a, text, "estimate", "interval", 0, NULL);

	if (code == NULL)
		code = deftext_get(a, text, "indicator", "kind", 0, NULL);
	for (size_t i = 0; code != NULL && i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].code, code) == 0)
			return all[i].words;
	return "";
}

static bool
month(const char *text, char out[8])
{
	if (strspn(text, "0123456789") != 4 || text[4] != '-' || strspn(text + 5, "0123456789") != 2)
		return false;
	memcpy(out, text, 7);
	out[7] = '\0';
	return true;
}

bool
deftext_value(const char *text, struct deftext_value *out)
{
	size_t n = strcspn(text, " ");
	const char *at = text + n;

	*out = (struct deftext_value){ .name = "" };
	if (!num_double(text, n, &out->value) || !isfinite(out->value) || strncmp(at, " from ", 6) != 0
	    || !month(at + 6, out->from))
		return false;
	at += 13;
	if (strncmp(at, "..", 2) == 0) {
		if (!month(at + 2, out->until))
			return false;
		at += 9;
	}
	if (*at != '\0' && *at != ' ')
		return false;
	out->name = at + strspn(at, " ");
	return true;
}

bool
deftext_in_force(const struct deftext_value *v, const char *day)
{
	return strncmp(v->from, day, 7) <= 0 && (v->until[0] == '\0' || strncmp(v->until, day, 7) >= 0);
}

const char *
deftext_compare(const struct pub_row *r, double other)
{
	bool higher;

	if (r == NULL || !r->value.shown || !isfinite(other))
		return "";
	if (other >= (r->lower95.shown ? r->lower95.v : r->value.v) && other <= (r->upper95.shown ? r->upper95.v : r->value.v))
		return "similar";
	higher = other < r->value.v;
	if (strcmp(r->direction, "neutral") == 0)
		return higher ? "higher" : "lower";
	return higher == (strcmp(r->direction, "increase") == 0) ? "better" : "worse";
}
