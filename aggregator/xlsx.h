/* A publication as an .xlsx workbook: notes first, then a sheet a table, one heading row, no merged cells. A hidden
 * number is an empty cell, and its flag stands beside it. */
#ifndef AGGREGATOR_XLSX_H
#define AGGREGATOR_XLSX_H

#include "aggregator/publication.h"

/* Append the workbook of INDICATOR (NULL: all) to OUT. ERR_NOMEM, ERR_LIMIT (OUT is full), ERR_BROKEN: it could not
 * be written; OUT has gained nothing. */
enum err_code xlsx_put(struct buf *out, const struct publication *p, const char *indicator, struct err *err) MUST_CHECK;

#endif
