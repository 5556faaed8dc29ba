/* Texts of a form as they read in a session's language. */
#ifndef FORMS_TEXT_H
#define FORMS_TEXT_H

#include "forms/model.h"

/* Number of an itext id, from 1; 0: none. */
uint32_t itext_find(const struct form *f, const char *id, size_t len);
/* The text of an id in LANGUAGE, else the default language, else any; NULL. */
const struct pieces *itext_pieces(const struct form *f, size_t language, uint32_t id, enum text_form form);
/* Append, with outputs computed for ROW. False: X's rc says why. */
bool pieces_put(struct run *x, const struct pieces *p, uint32_t row, struct buf *out);
bool shown_put(struct run *x, const struct shown *s, uint32_t row, enum text_form form, struct buf *out);

#endif
