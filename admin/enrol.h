/* The box's side of enrolment. */
#ifndef ADMIN_ENROL_H
#define ADMIN_ENROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Follow the invitation TEXT (NULL: go on with the one followed before) for the site folder DIR: pin the root,
 * fetch and check the key ring, ask for approval, show the fingerprint; then wait until the centre approves, or
 * with WAIT false return at once (and call again later). Prints what people need to see.
 * ERR_AGAIN: not approved yet (WAIT false, TEXT NULL), or unreachable. */
enum err_code enrol_box(const char *dir, const char *text, bool wait, struct err *err) MUST_CHECK;

/* The same for a box whose store is OLD's: the centre is told so, and whoever approves has to say it. */
enum err_code enrol_box_after(const char *dir, const char *text, bool wait, const uint8_t old[16],
	struct err *err) MUST_CHECK;

/* The key ring from the centre that sync.conf in DIR names, into the store at DB, which has lost it: judged by the pinned
 * root as any other. Needs none of the box's keys. ERR_ABSENT: no root is pinned. ERR_AGAIN: unreachable. */
enum err_code enrol_ring_again(const char *dir, const char *db, struct err *err) MUST_CHECK;

#endif
