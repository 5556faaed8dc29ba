/* TCP with deadlines, and CONNECT through a proxy. See net.h. */
#include "sync/net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"

enum { PROXY_ANSWER_MAX = 8192 };

enum { SLICE_MS = 250 };	/* how soon a wait notices that the program is to stop */

struct net_stream {
	int fd;
	const struct net_stop *stop;
};

/* Wait for EVENTS; ERR_AGAIN when the deadline has passed or the program is to stop. */
static enum err_code
wait_for(int fd, short events, int64_t deadline, const struct net_stop *stop, const char *what, struct err *err)
{
	for (;;) {
		int64_t left = deadline - clock_boot_ms(&clock_system);
		struct pollfd p = { .fd = fd, .events = events };
		int n;

		if (left <= 0)
			return err_set(err, ERR_AGAIN, "%s: no answer in time", what);
		if (stop != NULL && stop->stopped(stop->arg))
			return err_set(err, ERR_AGAIN, "%s: stopping", what);
		n = poll(&p, 1, stop != NULL && left > SLICE_MS ? SLICE_MS : left > 1000000 ? 1000000 : (int)left);
		if (n > 0)
			return ERR_OK;
		if (n < 0 && errno != EINTR)
			return err_set(err, ERR_BROKEN, "poll: %s", strerror(errno));
	}
}

/* Until when to wait for A: the time left is shared with the addresses after it, or one behind which nothing answers
 * (IPv6 that leads nowhere) would take all of it, each time. */
static int64_t
share_of(const struct addrinfo *a, int64_t deadline)
{
	int64_t now = clock_boot_ms(&clock_system), n = 0;

	for (; a != NULL; a = a->ai_next)
		n++;
	return now >= deadline || n <= 1 ? deadline : now + (deadline - now) / n;
}

static enum err_code
connect_one(int fd, const struct addrinfo *a, int64_t deadline, const struct net_stop *stop, struct err *err)
{
	int on = 1, bad = 0;
	socklen_t len = sizeof(bad);
	enum err_code rc;

	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return err_set(err, ERR_AGAIN, "connect: %s", strerror(errno));
		rc = wait_for(fd, POLLOUT, deadline, stop, "connect", err);
		if (rc != ERR_OK)
			return rc;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &bad, &len) < 0 || bad != 0)
			return err_set(err, ERR_AGAIN, "connect: %s", strerror(bad != 0 ? bad : errno));
	}
	/* Without it the handshake's small writes meet delayed ACKs: 40 ms each. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return ERR_OK;
}

static enum err_code
tcp_connect(void *arg, const char *host, uint16_t port, int64_t deadline, struct net_stream **out,
    struct err *err)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	enum err_code rc = ERR_AGAIN;
	char service[8];
	int no, fd = -1;

	*out = NULL;
	snprintf(service, sizeof(service), "%u", port);
	no = getaddrinfo(host, service, &hint, &found);
	if (no != 0)
		return err_set(err, ERR_AGAIN, "the name %.100s is not found: %s", host, gai_strerror(no));
	for (struct addrinfo *a = found; a != NULL; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0) {
			rc = err_set(err, ERR_AGAIN, "socket: %s", strerror(errno));
			continue;
		}
		rc = connect_one(fd, a, share_of(a, deadline), arg, err);
		if (rc == ERR_OK)
			break;
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	if (rc != ERR_OK)
		return err_in(err, "%.100s port %u", host, port);
	*out = malloc(sizeof(**out));
	if (*out == NULL) {
		close(fd);
		return err_nomem(err);
	}
	(*out)->fd = fd;
	(*out)->stop = arg;
	return ERR_OK;
}

static enum err_code
tcp_read(struct net_stream *s, void *data, size_t len, int64_t deadline, size_t *got, struct err *err)
{
	for (;;) {
		ssize_t n = recv(s->fd, data, len, 0);
		enum err_code rc;

		if (n >= 0) {
			*got = (size_t)n;
			return ERR_OK;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return err_set(err, ERR_AGAIN, "connection lost: %s", strerror(errno));
		rc = wait_for(s->fd, POLLIN, deadline, s->stop, "read", err);
		if (rc != ERR_OK)
			return rc;
	}
}

static enum err_code
tcp_write(struct net_stream *s, const void *data, size_t len, int64_t deadline, size_t *put, struct err *err)
{
	for (;;) {
		ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL);
		enum err_code rc;

		if (n >= 0) {
			*put = (size_t)n;
			return ERR_OK;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return err_set(err, ERR_AGAIN, "connection lost: %s", strerror(errno));
		rc = wait_for(s->fd, POLLOUT, deadline, s->stop, "write", err);
		if (rc != ERR_OK)
			return rc;
	}
}

static void
tcp_close(struct net_stream *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	free(s);
}

const struct net net_tcp = { tcp_connect, tcp_read, tcp_write, tcp_close, NULL };

static enum err_code
write_all(const struct net *net, struct net_stream *s, const uint8_t *p, size_t len, int64_t deadline,
    struct err *err)
{
	while (len > 0) {
		size_t n = 0;
		enum err_code rc = net->write(s, p, len, deadline, &n, err);

		if (rc != ERR_OK)
			return rc;
		p += n;
		len -= n;
	}
	return ERR_OK;
}

/* "HTTP/1.x NNN ..." of the proxy's answer in OUT. */
static enum err_code
proxy_status(const char *text, struct err *err)
{
	if (strncmp(text, "HTTP/1.", 7) != 0 || strlen(text) < 12 || text[8] != ' ')
		return err_set(err, ERR_DENIED, "the proxy's answer is not HTTP");
	if (memcmp(text + 9, "200", 3) == 0)
		return ERR_OK;
	if (memcmp(text + 9, "407", 3) == 0)
		return err_set(err, ERR_DENIED, "the proxy wants a user name and password (407)");
	return err_set(err, memcmp(text + 9, "5", 1) == 0 ? ERR_AGAIN : ERR_DENIED,
	    "the proxy refuses the connection (%.3s)", text + 9);
}

/* Send CONNECT and read the answer up to its empty line, one byte at a time so that nothing of the TLS
 * stream behind it is swallowed. */
static enum err_code
tunnel(const struct net *net, const struct net_proxy *proxy, const char *host, uint16_t port,
    int64_t deadline, struct net_stream *s, struct err *err)
{
	const char *l = strchr(host, ':') != NULL ? "[" : "", *r = *l != '\0' ? "]" : "";
	struct buf ask, answer;
	enum err_code rc;

	buf_init_secret(&ask, 4096);
	buf_init(&answer, PROXY_ANSWER_MAX);
	buf_printf(&ask, "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n", l, host, r, port, l, host, r, port);
	if (proxy->credentials != NULL) {
		buf_puts(&ask, "Proxy-Authorization: Basic ");
		base64_put(&ask, proxy->credentials, strlen(proxy->credentials));
		buf_puts(&ask, "\r\n");
	}
	buf_puts(&ask, "\r\n");
	rc = buf_check(&ask, err);
	if (rc == ERR_OK)
		rc = write_all(net, s, ask.data, ask.len, deadline, err);
	while (rc == ERR_OK && (answer.len < 4 || memcmp(answer.data + answer.len - 4, "\r\n\r\n", 4) != 0)) {
		uint8_t byte;
		size_t got = 0;

		rc = net->read(s, &byte, 1, deadline, &got, err);
		if (rc == ERR_OK && got == 0)
			rc = err_set(err, ERR_AGAIN, "the proxy ended the connection");
		else if (rc == ERR_OK)
			buf_put(&answer, &byte, 1);
		if (rc == ERR_OK && answer.failed != ERR_OK)
			rc = err_set(err, ERR_DENIED, "the proxy's answer is over 8 KiB");
	}
	if (rc == ERR_OK)
		rc = proxy_status(buf_str(&answer), err);
	buf_free(&ask);
	buf_free(&answer);
	return rc;
}

enum err_code
net_open(const struct net *net, const struct net_proxy *proxy, const char *host, uint16_t port,
    int64_t deadline, struct net_stream **out, struct err *err)
{
	struct net_stream *s = NULL;
	enum err_code rc;

	*out = NULL;
	if (proxy == NULL || proxy->host == NULL)
		return net->connect(net->arg, host, port, deadline, out, err);
	rc = net->connect(net->arg, proxy->host, proxy->port, deadline, &s, err);
	if (rc == ERR_OK)
		rc = tunnel(net, proxy, host, port, deadline, s, err);
	if (rc != ERR_OK) {
		net->close(s);
		return err_in(err, "proxy");
	}
	*out = s;
	return ERR_OK;
}
