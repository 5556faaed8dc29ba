/* "Did you mean": the known word nearest to a misspelt one. */
#ifndef FORMS_NEAR_H
#define FORMS_NEAR_H

#include <stddef.h>

/* Levenshtein distance of A and B in bytes, letters of either case alike; MAX + 1 if it is more than MAX. */
unsigned near_distance(const char *a, const char *b, unsigned max);

struct near {
	const char *word;	/* what was written */
	const char *best;	/* NULL: nothing within 2 (1 for words of up to 3 letters) */
	unsigned distance;
};

void near_init(struct near *n, const char *word);
void near_try(struct near *n, const char *candidate);

#endif
