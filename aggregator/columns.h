/* The columns of a table of figures, one row a figure: the same in the workbook and in CSV. */
#ifndef AGGREGATOR_COLUMNS_H
#define AGGREGATOR_COLUMNS_H

#include "aggregator/publication.h"

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_WHOLE };
struct figure_column {
	const char *name;
	enum column_kind kind;
	size_t offset;		/* in struct pub_row: const char *, struct pub_num, int64_t */
	double width;		/* on a sheet, in characters */
};
/* Until a NULL name. */
extern const struct figure_column figure_columns[];

#endif
