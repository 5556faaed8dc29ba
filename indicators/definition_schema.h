/* Inside indicators/: the keys a definition may hold, in the order of the canonical text, and a definition's
 * items as they stand in the file. */
#ifndef INDICATORS_DEFINITION_SCHEMA_H
#define INDICATORS_DEFINITION_SCHEMA_H

#include "indicators/definition.h"

enum label_rule { LABEL_NONE, LABEL_MUST, LABEL_ANY_KEY };
enum repeat_rule { REPEAT_NO, REPEAT_LABEL, REPEAT_FREE };	/* never; each label once; as often as wanted */

struct key_rule {
	const char *section;
	const char *key;	/* NULL: any key (tables, by) */
	enum label_rule label;
	enum repeat_rule repeat;
};

struct item {
	const char *section, *argument, *key, *label, *value;
	int line;
	const struct key_rule *rule;
};

struct section {
	const char *name, *argument;
	int line;
};

struct items {
	struct item *list;
	size_t n, cap;
	struct section *sections;
	size_t n_sections, cap_sections;
	const char *file;
	struct findings *findings;
	struct arena *arena;
	bool nomem;
};

/* Read TEXT into IT (file, findings, arena set): every item has its rule; the others are findings. */
enum err_code items_read(struct items *it, const char *text, size_t len, struct err *err) MUST_CHECK;
void items_clear(struct items *it);
/* The item, or NULL. */
const struct item *items_get(const struct items *it, const char *section, const char *argument, const char *key);
/* The hashed text: sections and keys in schema order, repeats in file order, no [state]. */
void items_canonical(const struct items *it, struct buf *out);
/* A finding at LINE of IT's file. */
void items_fault(struct items *it, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);
void items_warn(struct items *it, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* definition_rules.c: what is wrong with D whatever the forms (section 1, "Lint"). */
void definition_rules(struct items *it, const struct definition *d);
/* definition_state.c: dates, the plan, and who agreed to which text; when the hash is known. */
void definition_state_rules(struct items *it, const struct definition *d);
/* "2025-04", "2025-04..2026-03", "2025-04.." as month indexes; INT_MAX if open. */
bool items_months(const char *s, int *from, int *until);

#endif
