/* Sheets of paper: their numbers. A number is 12 characters of Crockford's base32, shown as K7QM-2XPD-5F3A: 40 random
 * bits, and 20 bits of a hash of these, the form's definition and the language. So a sheet names its own questions
 * and language, a slip of the pen is caught, and a sheet of other questions fits none that are here. */
#ifndef KIOSK_PAPER_H
#define KIOSK_PAPER_H

#include "kiosk/catalog.h"

enum { SHEET_CODE = 12, SHEET_SHOWN = 14 };

/* A new number of SHELF in the language TAG, as it is shown. */
void sheet_new(const struct shelf *shelf, const char *tag, char shown[SHEET_SHOWN + 1]);
/* A number as people type or scan it ("candour:sheet:" in front, any case, O for 0, blanks) into how it is shown.
 * False: it is none. */
bool sheet_read(const char *text, char shown[SHEET_SHOWN + 1]);
/* Is SHOWN a sheet of SHELF in the language TAG? */
bool sheet_is_of(const char shown[SHEET_SHOWN + 1], const struct shelf *shelf, const char *tag);

#endif
