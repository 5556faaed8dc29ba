/* A listening TCP socket and the one thread that accepts from it. A pool of threads that all poll one listening
 * socket all wake for each connection (libmicrohttpd's do); here one wakes and hands the connection to whom it
 * may concern. At its limit it leaves further connections to wait in the kernel's queue: none is turned away. */
#ifndef BASE_LISTENER_H
#define BASE_LISTENER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct listener;

/* Takes FD over; false: it could not, and has closed FD. Called in the accepting thread. */
typedef bool listener_take(void *arg, int fd, const struct sockaddr *peer, socklen_t len);

/* Listen on TEXT, "127.0.0.1:8080" or "[::1]:0" (port 0: any), or, where FD is not negative, on that bound and
 * listening socket, which is the listener's from now on. ERR_INPUT for a bad address, ERR_BROKEN if it cannot
 * listen: then FD is still the caller's. */
enum err_code listener_open(const char *text, int fd, struct listener **out, struct err *err) MUST_CHECK;
/* The port it listens on. */
uint16_t listener_port(const struct listener *l);
/* Begin to accept: TAKE gets each connection, up to LIMIT (at least 1) at a time. ERR_BROKEN: no thread to be had. */
enum err_code listener_run(struct listener *l, unsigned limit, listener_take *take, void *arg, struct err *err) MUST_CHECK;
/* One of the connections that were taken is over. Any thread. */
void listener_over(struct listener *l);
/* Accept no more and close the socket. */
void listener_stop(struct listener *l);
/* After listener_stop, and after the last listener_over. NULL is fine. */
void listener_free(struct listener *l);

#endif
