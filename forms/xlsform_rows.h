/* What xlsform_rows.c (the rows of the survey sheet, groups and repeats) and xlsform_question.c (questions) share. Nobody
 * else includes it. */
#ifndef FORMS_XLSFORM_ROWS_H
#define FORMS_XLSFORM_ROWS_H

#include "forms/xlsform_int.h"

enum { NEST_MAX = 60 };

struct rows {
	struct xlsform *x;
	struct el *open[NEST_MAX];
	const char *table_list[NEST_MAX];	/* "\1": no table-list; "": no select yet; else its list */
	size_t depth;
	bool nesting_failed;
	const struct sheet_row *row;
	const char **value;	/* cleaned, one a column */
};

/* What this row says in the column USE, or NULL; *COLUMN (may be NULL): that column's header. */
const char *row_value(const struct rows *r, enum column_use use, const char **column);
/* The header of the column USE, or OTHERWISE. */
const char *row_header(const struct xlsform *x, enum column_use use, const char *otherwise);
/* An element of this row, put where the row stands; one the converter makes up. NULL without memory. */
struct el *row_el(struct rows *r, enum el_kind kind, const char *name);
struct el *row_made(struct rows *r, const char *type, const char *name);
/* Is NAME one for a node? Says what is wrong if not. */
bool row_name(struct rows *r, const char *name, const char *column);
/* E gets what the row's other columns say. */
void row_fill(struct rows *r, struct el *e);

/* --- xlsform_question.c --- */
/* The row is a question, of the type TYPE_TEXT as written. */
void row_question(struct rows *r, const char *type_text);

#endif
