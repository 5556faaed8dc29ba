/* Names, interned: equal names have equal numbers, so that steps of a path compare integers. An entry
 * is a qualified name with its namespace; LOCAL and URI are the entries of those texts alone. */
#ifndef FORMS_NAMES_H
#define FORMS_NAMES_H

#include <stdint.h>

#include "base/arena.h"

struct name {
	const char *text;	/* as written: "orx:meta" */
	const char *colon;	/* local part of TEXT */
	const char *ns;		/* namespace URI, "" for none */
	uint32_t local;		/* entry of the local part alone */
	uint32_t uri;		/* entry of the URI; 0: none */
	uint32_t hash;
};

struct names {
	struct name *list;	/* from 1 */
	uint32_t n, cap;
	uint32_t *table;
	uint32_t slots;
	struct arena *arena;	/* texts */
};

/* Texts go to ARENA, which must outlive NAMES. */
void names_init(struct names *t, struct arena *arena);
void names_clear(struct names *t);
/* The number of a qualified name (URI may be NULL or ""); 0 when out of memory. */
uint32_t names_put(struct names *t, const char *qname, size_t len, const char *uri);
/* The same, never adding: 0 if it is not there. */
uint32_t names_find(const struct names *t, const char *qname, size_t len, const char *uri);

#endif
