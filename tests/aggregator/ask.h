/* One HTTP request over a connection of its own, as a program makes it, for tests of listeners in this process. */
#ifndef TESTS_AGGREGATOR_ASK_H
#define TESTS_AGGREGATOR_ASK_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/test.h"

/* The whole answer, head and body, into OUT. Returns the status; 0 if the connection was closed without an answer. */
static inline int
ask_port(uint16_t port, const char *method, const char *path, const char *headers, const void *body, size_t len,
	struct buf *out)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char piece[8192];
	struct buf head;
	ssize_t n;

	buf_reset(out);
	buf_init(&head, 1 << 20);
	buf_printf(&head, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n", method, path, headers, len);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	for (size_t at = 0; at < head.len; at += (size_t)n) {
		n = send(fd, head.data + at, head.len - at, MSG_NOSIGNAL);
		if (n <= 0)
			break;
	}
	for (size_t at = 0; at < len; at += (size_t)n) {
		n = send(fd, (const char *)body + at, len - at, MSG_NOSIGNAL);
		if (n <= 0)
			break;
	}
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_put(out, piece, (size_t)n);
	close(fd);
	buf_free(&head);
	return out->len > 12 ? atoi((const char *)out->data + 9) : 0;
}

#endif
