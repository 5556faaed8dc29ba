/* What the draft of a focus group is made of: one line an event, its fields split by US (0x1f). group.c writes them,
 * and what it applies is what it reads again after a power cut. Nobody else includes this. */
#ifndef KIOSK_GROUP_LINE_H
#define KIOSK_GROUP_LINE_H

#include "kiosk/group.h"

enum { GROUP_LINE_FIELDS = 32 };
struct group_line { const char *f[GROUP_LINE_FIELDS]; size_t n; };

/* Split a copy of LINE in A. ERR_BROKEN: no text, or too many fields. */
enum err_code group_line_split(struct arena *a, const uint8_t *line, size_t len, struct group_line *out,
	struct err *err) MUST_CHECK;
/* Append a field: TEXT without what a line or XML cannot hold; a number. */
void group_line_put(struct buf *b, const char *text);
void group_line_put_num(struct buf *b, int64_t v);
/* G as it is after the event of LINE. ERR_BROKEN: an event that nobody knows or that cannot be. */
enum err_code group_line_apply(struct group *g, const uint8_t *line, size_t len, struct err *err) MUST_CHECK;

/* The note with this number, or NULL. */
struct group_note *group_note_of(struct group *g, uint32_t id);
/* Seconds that passed from SINCE to NOW as time of talk: none where the clock jumped. */
unsigned group_stint(int64_t since, int64_t now);

#endif
