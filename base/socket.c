/* systemd's protocol is two environment variables. See socket.h. */
#include "base/socket.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"

enum { FIRST = 3 };

int
socket_from_systemd(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	int64_t p = 0, count = 0;
	int fd = -1;

	if (pid != NULL && n != NULL && num_i64(pid, strlen(pid), 1, INT32_MAX, &p)
	    && num_i64(n, strlen(n), 1, 16, &count) && p == getpid()
	    && fcntl(FIRST, F_SETFD, FD_CLOEXEC) == 0)
		fd = FIRST;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return fd;
}
