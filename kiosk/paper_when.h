/* When a question on paper is to be answered, in words. */
#ifndef KIOSK_PAPER_WHEN_H
#define KIOSK_PAPER_WHEN_H

#include "base/arena.h"
#include "kiosk/words.h"

/* A question with choices that stands earlier on the sheet. */
struct paper_known { const char *name, *number; const char **values, **labels; size_t n; };

/* WHEN: relevance expressions, NULL ends. "Only if question 3 is: Sometimes or Never" where one expression asks for
 * choices of one of the N KNOWN, else "Only if this fits you."; "" without any. Lives in A or W; NULL: no memory. */
const char *paper_when(const struct words *w, const struct paper_known *known, size_t n, const char *const *when,
	struct arena *a);

#endif
