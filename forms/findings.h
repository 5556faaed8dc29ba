/* What is wrong or doubtful in a form, all of it at once: each with a place and how to mend it. */
#ifndef FORMS_FINDINGS_H
#define FORMS_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct finding {
	bool warning;
	char *place;	/* "sheet survey, row 7, column relevant" or "line 12, /data/q1"; "" for the file */
	char *text;	/* what, and how to mend it */
	long order;	/* sheet * 10,000,000 + row: findings are shown by it, then as added */
};

struct findings {
	struct finding *list;
	size_t n, cap;
	size_t errors, warnings;
	bool failed;	/* out of memory: some are missing */
};

void findings_init(struct findings *f);
void findings_clear(struct findings *f);
void findings_add(struct findings *f, bool warning, long order, const char *place, const char *fmt, ...)
	PRINTF_LIKE(5, 6);
/* Lines "NAME: PLACE: [warning: ]TEXT", by order; after 200 "and N more". */
/* Would another one be counted only? Then it is counted. */
bool findings_full(struct findings *f, bool warning);
void findings_print(struct findings *f, const char *name, struct buf *out);

#endif
