/* Routes that come up, as the kernel tells of them (rtnetlink(7)): a box whose line was down tries again at once. */
#ifndef SYNC_ROUTE_H
#define SYNC_ROUTE_H

#include <stdbool.h>

#include "base/err.h"

/* Listen from now on. *FD is the caller's to close; -1 after an error (no such sockets on this machine): then tries
 * just follow their pauses. */
enum err_code route_listen(int *fd, struct err *err) MUST_CHECK;
/* Has a way to other machines (a unicast route outside the table of local addresses) come up since the last call?
 * Takes what has been told so far and never waits; FD -1: false. What the kernel could not tell for lack of room
 * counts as one that came up. */
bool route_came_up(int fd);

#endif
