/* What the text of a published definition says: the manifest of a publication carries each definition's canonical
 * text ([section] lines and "key = value" lines, docs/formats/indicator.md), so that figures are explained by the
 * very words that they were computed from. */
#ifndef AGGREGATOR_DEFTEXT_H
#define AGGREGATOR_DEFTEXT_H

#include "aggregator/publication.h"

/* The text of the definition with HASH (64 hex digits) in P; "" if it is not there. */
const char *deftext_of(const struct publication *p, const char *hash);
/* The value of the NTH (from 0) line "KEY = .." or "KEY.LABEL = .." of [SECTION], in arena A; NULL if there are not
 * so many, "" if there is no memory. LABEL may be NULL; else it gets the label, or "". */
const char *deftext_get(struct arena *a, const char *text, const char *section, const char *key, size_t nth,
	const char **label);

/* How its 95 % limits are made, in words; "" if TEXT does not say. */
const char *deftext_method(struct arena *a, const char *text);

/* A number to hold a figure against: "0.644 from 2023-04 England", "0.62 from 2023-04", "0.62 from 2023-04..2024-03". */
struct deftext_value {
	double value;
	char from[8], until[8];		/* "2023-04"; until "" if open */
	const char *name;		/* points into TEXT; "" without */
};
/* Read TEXT. False if it is none. */
bool deftext_value(const char *text, struct deftext_value *out);
/* Does OUT hold in the month of DAY ("2025-04-01")? */
bool deftext_in_force(const struct deftext_value *v, const char *day);

/* What people read for CATEGORY of BREAKDOWN ("role, answer" of "individual, family"): each code by its line word.CODE of
 * [words], else by the words that every definition has (say_category), else as it is. "" if there is no memory. */
const char *deftext_category(struct arena *a, const char *text, const char *breakdown, const char *category);

/* "better", "worse", "higher", "lower", "similar" or "" (no value): is the figure of R on another side of OTHER than
 * its 95 % limits (its value, if it has none) allow? As indicators/methods.h says it (stat_compare), on published
 * numbers. */
const char *deftext_compare(const struct pub_row *r, double other);

#endif
