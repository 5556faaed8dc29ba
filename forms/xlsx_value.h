/* What stands in a cell of an .xlsx file (ECMA-376), as the text that a spreadsheet program shows. */
#ifndef FORMS_XLSX_VALUE_H
#define FORMS_XLSX_VALUE_H

#include "base/buf.h"

/* _xHHHH_ (part 1, 22.9.2.19) to what it stands for, in place. Escapes of what no text may hold stay as they are. */
void xlsx_unescape(struct buf *text);
/* The number TEXT, as the reference reads it: whole ones without a point, others shortest; IS_DATE: as a date, a time
 * or both. What is no number is put as it is. */
void xlsx_put_number(struct buf *out, const char *text, bool is_date, bool is_1904);
/* An ISO 8601 date and time (cells of type d) as dates are put elsewhere, in place: no T, fraction or Z. */
void xlsx_put_iso(struct buf *text);

#endif
