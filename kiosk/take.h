/* What ask.c (showing questions) and take.c (reading what was pressed) agree on. */
#ifndef KIOSK_TAKE_H
#define KIOSK_TAKE_H

#include "kiosk/inside.h"

/* Does this choice stand alone: an opt-out, or "none of these"? */
bool ask_is_exclusive(const struct page_choice *c);
/* The control's candour:KEY, or "". */
const char *ask_extra(const struct page_control *c, const char *key);
/* Is this range shown as tiles? */
bool ask_is_tiles(const struct page_control *c);
/* May what is written here be read over a shoulder only when the person says so (appearance masked)? */
bool ask_is_masked(const struct page_control *c);
/* A row of headings over choices (appearance label): each choice says its own label here, so there is nothing to ask. */
bool ask_is_headings(const struct page_control *c);
/* What of a date is asked: appearances year and month-year ask less than a day; what is not asked is 1. */
bool ask_has_day(const struct page_control *c);
bool ask_has_month(const struct page_control *c);

#endif
