/* A listening socket handed over by systemd (sd_listen_fds(3)). */
#ifndef BASE_SOCKET_H
#define BASE_SOCKET_H

/* The first socket handed to this process, or -1. Takes the variables out of the environment. */
int socket_from_systemd(void);

#endif
