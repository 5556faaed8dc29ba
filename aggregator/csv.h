/* Published rows as CSV in the shape of the Adult Social Care Outcomes Framework: one line a measure
 * (numerator, denominator, outcome, limits, margin), RFC 4180. Hidden is empty, with its flag. */
#ifndef AGGREGATOR_CSV_H
#define AGGREGATOR_CSV_H

#include "aggregator/publication.h"

/* Of INDICATOR (NULL: all) in P. ALIAS: the framework's code, "" where there is none. */
void csv_put(struct buf *out, const struct publication *p, const char *indicator);
/* All figures, one row a figure, with the columns of the workbook (columns.h). Hidden is empty. */
void csv_figures_put(struct buf *out, const struct publication *p);
/* W3C CSV on the Web metadata of the file called NAME, and a Data Package of it with HASH (SHA-256, hex)
 * and LEN bytes. */
void csv_metadata_put(struct buf *out, const struct publication *p, const char *name);
void csv_package_put(struct buf *out, const struct publication *p, const char *name, const char *hash, size_t len);
/* One field, quoted if it must be. */
void csv_field(struct buf *out, const char *text);
/* The same for text of any kind: what a spreadsheet would run (= + - @ in front) gets a ' before it. */
void csv_safe_field(struct buf *out, const char *text);

#endif
