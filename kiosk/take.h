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

#endif
