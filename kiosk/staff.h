/* What the pages behind the PIN share: staff.c (door, state), staff_setup.c (clock, screen), staff_sound.c (volume, first
 * language), paper_print.c and
 * paper_key.c (sheets of paper), join.c (tablets). Each handler runs under the kiosk's lock, for staff who are in; a
 * POST has shown the token already. */
#ifndef KIOSK_STAFF_H
#define KIOSK_STAFF_H

#include "kiosk/inside.h"

enum { STAFF_DAY_S = 86400 };

/* The language staff came in with. */
const struct words *staff_words(const struct kiosk *k);
/* The frame of a page behind the PIN, with the token of the session; GO "": no filled button. */
void staff_frame(struct kiosk *k, struct frame *f, const char *title, const char *go, const char *label,
	struct arena *a);
/* "22 November 2026" of days since 1970. */
const char *staff_date(const struct words *w, int64_t day, struct arena *a);
/* A whole number from MIN to MAX in the field NAME; leading zeros are fine. */
bool staff_number(const struct http_request *r, const char *name, int64_t min, int64_t max, int64_t *out);

void staff_setup(struct kiosk *k, const struct http_request *r, struct http_response *out);
void staff_sound(struct kiosk *k, const struct http_request *r, struct http_response *out);
void join_staff(struct kiosk *k, const struct http_request *r, struct http_response *out);
void paper_print(struct kiosk *k, const struct http_request *r, struct http_response *out);
void paper_key(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out);

#endif
