/* Nearest known words. See near.h. */
#include "forms/near.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 64 };

unsigned
near_distance(const char *a, const char *b, unsigned max)
{
	size_t n = strlen(a), m = strlen(b);
	unsigned row[WORD_MAX + 1];

	if (n > WORD_MAX || m > WORD_MAX || (n > m ? n - m : m - n) > max)
		return max + 1;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0], least;

		row[0] = (unsigned)i;
		least = row[0];
		for (size_t j = 1; j <= m; j++) {
			unsigned cost = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);
			unsigned best = diagonal + cost;

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
			if (best < least)
				least = best;
		}
		if (least > max)
			return max + 1;
	}
	return row[m] > max ? max + 1 : row[m];
}

void
near_init(struct near *n, const char *word)
{
	n->word = word;
	n->best = NULL;
	n->distance = strlen(word) <= 3 ? 2 : 3;
}

void
near_try(struct near *n, const char *candidate)
{
	unsigned d = near_distance(n->word, candidate, n->distance - 1);

	if (d < n->distance && d < strlen(candidate)) {
		n->distance = d == 0 ? 1 : d;
		n->best = candidate;
	}
}
