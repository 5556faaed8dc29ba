/* Letters as people type them who have no key for an accent. */
#ifndef BASE_LATIN_H
#define BASE_LATIN_H

#include <stdbool.h>
#include <stddef.h>

/* The letter that the LEN bytes at TEXT (UTF-8) begin with, in lower case and without its accent, and in *BYTES how long
 * it is: a to z, and what Latin-1 and Welsh make of them (those of one letter, no ligatures). '\0' if it is none; *BYTES is
 * 1 then. */
char latin_letter(const char *text, size_t len, size_t *bytes);
/* Does TEXT hold PART, both read in that way? What is no such letter counts byte by byte. Every text holds "". */
bool latin_holds(const char *text, const char *part);

#endif
