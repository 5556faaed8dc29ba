/* What a form's author marked up, as plain words: a kiosk shows one weight of type and reads pages aloud, so the marks of
 * ODK's "styling prompts" (Markdown and a few HTML tags) are taken off and the words stay. */
#ifndef KIOSK_PLAIN_H
#define KIOSK_PLAIN_H

#include "base/arena.h"

/* TEXT without **strong**, *emphasis*, __strong__, _emphasis_, # headings, [words](address), backslashes before such a
 * mark, and tags like <span style="..">, <b>, <br> (a new line). Stars, bars and angles that mark nothing up stay: "2 * 3",
 * "snake_case", "under <70". TEXT itself where nothing is to be done; NULL if memory is short. */
const char *plain_text(struct arena *a, const char *text);
/* The same in memory of A's own, whatever becomes of TEXT. */
const char *plain_copy(struct arena *a, const char *text);

#endif
