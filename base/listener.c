/* See listener.h. The semaphore holds the free places: the thread takes one before it accepts. */
#include "base/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/num.h"

enum { BACKLOG = 1024, TROUBLE_MS = 100 };

struct listener {
	int fd;
	int stop_fd;		/* an eventfd: readable when it shall stop */
	uint16_t port;
	listener_take *take;
	void *arg;
	sem_t places;
	atomic_bool stopping;
	bool runs;
	pthread_t thread;
};

/* "HOST:PORT" or "[HOST]:PORT", numeric. */
static enum err_code
resolve(const char *text, struct sockaddr_storage *addr, socklen_t *len, struct err *err)
{
	struct addrinfo hint = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	    .ai_socktype = SOCK_STREAM }, *found = NULL;
	const char *colon = strrchr(text, ':');
	char host[128];
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	int64_t port;

	if (n == 0 || n >= sizeof(host) || !num_i64(colon + 1, strlen(colon + 1), 0, 65535, &port))
		return err_set(err, ERR_INPUT, "listen = %.60s: expected ADDRESS:PORT", text);
	memcpy(host, text, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		memmove(host, host + 1, n - 1);
	}
	if (getaddrinfo(host, colon + 1, &hint, &found) != 0)
		return err_set(err, ERR_INPUT, "listen = %.60s: expected a numeric ADDRESS:PORT", text);
	memcpy(addr, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return ERR_OK;
}

static enum err_code
bind_new(const char *text, int *out, struct err *err)
{
	struct sockaddr_storage addr;
	socklen_t len = 0;
	enum err_code rc = resolve(text, &addr, &len, err);
	int fd, on = 1;

	if (rc != ERR_OK)
		return rc;
	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0
	    || bind(fd, (struct sockaddr *)&addr, len) < 0 || listen(fd, BACKLOG) < 0) {
		rc = err_set(err, ERR_BROKEN, "cannot listen on %s: %s", text, strerror(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	*out = fd;
	return ERR_OK;
}

enum err_code
listener_open(const char *text, int fd, struct listener **out, struct err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr), size = sizeof(int);
	enum err_code rc = ERR_OK;
	int listens;

	*out = NULL;
	if (l == NULL)
		return err_nomem(err);
	sem_init(&l->places, 0, 0);
	l->fd = fd;
	l->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (l->stop_fd < 0)
		rc = err_set(err, ERR_BROKEN, "cannot listen on %s: %s", text, strerror(errno));
	if (rc == ERR_OK && fd < 0)
		rc = bind_new(text, &l->fd, err);
	if (rc == ERR_OK && (getsockopt(l->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens))
		rc = err_set(err, ERR_INPUT, "the socket handed over for %s does not listen", text);
	if (rc == ERR_OK && (getsockname(l->fd, (struct sockaddr *)&addr, &len) < 0
	    || fcntl(l->fd, F_SETFL, fcntl(l->fd, F_GETFL) | O_NONBLOCK) < 0))
		rc = err_set(err, ERR_BROKEN, "cannot listen on %s: %s", text, strerror(errno));
	if (rc != ERR_OK) {
		if (l->fd >= 0 && l->fd != fd)
			close(l->fd);
		if (l->stop_fd >= 0)
			close(l->stop_fd);
		free(l);
		return rc;
	}
	l->port = addr.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)(void *)&addr)->sin_port)
	    : ntohs(((struct sockaddr_in6 *)(void *)&addr)->sin6_port);
	*out = l;
	return ERR_OK;
}

uint16_t
listener_port(const struct listener *l)
{
	return l->port;
}

/* Wait for a connection, or, where the last one could not be accepted (no descriptor free), a moment; and for the
 * end. */
static void
await(const struct listener *l, bool trouble)
{
	struct pollfd p[2] = { { .fd = l->stop_fd, .events = POLLIN }, { .fd = l->fd, .events = POLLIN } };

	poll(p, trouble ? 1 : 2, trouble ? TROUBLE_MS : -1);
}

static void
accept_one(struct listener *l, bool *trouble)
{
	struct sockaddr_storage peer;
	socklen_t len;
	int fd;

	for (;;) {
		len = sizeof(peer);
		fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0 || atomic_load(&l->stopping))
			break;
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && !*trouble)
			log_event("http", "accept=waits why=\"%s\" port=%u", strerror(errno), l->port);
		*trouble = errno != EAGAIN;
		await(l, *trouble);
	}
	*trouble = false;
	if (fd < 0 || !l->take(l->arg, fd, (struct sockaddr *)&peer, len))
		listener_over(l);
}

static void *
accept_all(void *arg)
{
	struct listener *l = arg;
	bool trouble = false;

	while (!atomic_load(&l->stopping)) {
		if (sem_wait(&l->places) != 0)
			continue;	/* EINTR */
		accept_one(l, &trouble);
	}
	return NULL;
}

enum err_code
listener_run(struct listener *l, unsigned limit, listener_take *take, void *arg, struct err *err)
{
	int rc;

	l->take = take;
	l->arg = arg;
	for (unsigned i = 0; i < limit; i++)
		sem_post(&l->places);
	rc = pthread_create(&l->thread, NULL, accept_all, l);
	l->runs = rc == 0;
	return rc == 0 ? ERR_OK : err_set(err, ERR_BROKEN, "cannot accept connections: %s", strerror(rc));
}

void
listener_over(struct listener *l)
{
	sem_post(&l->places);
}

void
listener_stop(struct listener *l)
{
	if (l->runs) {
		atomic_store(&l->stopping, true);
		eventfd_write(l->stop_fd, 1);
		sem_post(&l->places);
		pthread_join(l->thread, NULL);
	}
	l->runs = false;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	listener_stop(l);
	close(l->stop_fd);
	sem_destroy(&l->places);
	free(l);
}
