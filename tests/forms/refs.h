/* Rows of a session by path, for runners: "/data/rep[2]/n". A sight of the inside that callers of
 * session.h do not have. */
#ifndef TESTS_FORMS_REFS_H
#define TESTS_FORMS_REFS_H

#include <stdlib.h>
#include <string.h>

#include "forms/state.h"

/* The row REF means, indexes counted from FIRST; a step without index means the first instance. With
 * HEAD, the last step names a repeat: its head row, and *INDEX the index given (-1: none). 0: not there. */
static inline uint32_t
row_of(const struct session *s, const char *ref, long first, bool want_head, long *index)
{
	const struct form *f = s->f;
	uint32_t row = 1;

	if (index != NULL)
		*index = -1;
	while (*ref == '/') {
		size_t n = strcspn(++ref, "/[");
		const char *colon = memchr(ref, ':', n);
		uint32_t name, node = s->tree.rows[row].node, k, base, at;
		long want = -1;
		const char *word = ref;

		if (n == 0)
			return 0;
		ref += n;
		if (*ref == '[') {
			want = strtol(ref + 1, NULL, 10);
			ref = strchr(ref, ']') + 1;
		}
		if (colon != NULL) {
			n -= (size_t)(colon + 1 - word);
			word = colon + 1;
		}
		name = names_find(&f->names, word + (*word == '@'), n - (*word == '@'), "");
		k = name != 0 ? form_child(f, node, name, *word == '@') : NO_NODE;
		if (k == NO_NODE)
			return 0;
		base = block_of(&s->tree, f, row, f->nodes[node].repeat);
		if (!form_is_repeat(f, k)) {
			row = block_row(f, base, k);
			continue;
		}
		row = base + f->nodes[k].head;
		if (want_head && *ref == '\0') {
			if (index != NULL)
				*index = want;
			return row;
		}
		at = head_first(&s->tree, row);
		for (long i = want < 0 ? first : want; at != 0 && i > first; i--)
			at = instance_next(&s->tree, at);
		if (at == 0)
			return 0;
		row = at;
	}
	return row;
}

#endif
