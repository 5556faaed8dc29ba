/* Memory for things that die together: allocate piece by piece, free all at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct arena_block;

struct arena {
	struct arena_block *head;
	size_t used;	/* bytes handed out, rounded up to 16 a piece */
	size_t max;
	bool secret;	/* wipe on clear */
	bool limited;	/* an allocation failed because of max (else malloc failed) */
};

/* MAX: most bytes to hand out. */
void arena_init(struct arena *a, size_t max);
void arena_init_secret(struct arena *a, size_t max);
/* Zeroed, aligned to 16; NULL when over max or out of memory. Valid until arena_clear. */
void *arena_alloc(struct arena *a, size_t n);
/* COUNT * SIZE with overflow check. */
void *arena_calloc(struct arena *a, size_t count, size_t size);
/* A NUL-terminated copy of LEN bytes. */
char *arena_strn(struct arena *a, const char *text, size_t len);
char *arena_str(struct arena *a, const char *text);
/* printf into the arena; "" when that fails. For texts that pages show: at most 1,023 bytes, then cut. */
const char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Frees everything; the arena can be used again. An all-zero struct is fine. */
void arena_clear(struct arena *a);

#endif
