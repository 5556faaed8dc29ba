/* An HTTP server for pages and machine requests, over libmicrohttpd: poll, a thread pool, bodies read by
 * our own code into secret buffers, one handler. GnuTLS serves TLS where a certificate is given. */
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct MHD_Connection;
struct http_server;

struct http_request {
	const char *method;	/* "GET", "POST" .. */
	const char *path;	/* percent-decoded once, begins with '/'; holds no NUL */
	const struct buf *body;	/* secret; empty for GET */
	const char *peer;	/* numeric address of the other side */
	struct MHD_Connection *connection;
	void *tls;		/* gnutls_session_t, or NULL without TLS */
	void *state;		/* what begin() left there */
	struct arena *arena;	/* secret; dies with the request */
};

/* A header of the request (any case), or NULL. */
const char *http_header(const struct http_request *r, const char *name);
/* A field of the query string, percent-decoded, or NULL. */
const char *http_query(const struct http_request *r, const char *name);
/* Every field of the query string in order; VALUE is "" where there is no '='. */
void http_query_each(const struct http_request *r, void (*fn)(void *arg, const char *name, const char *value),
	void *arg);
/* The cookie called NAME, in the arena, or NULL. */
const char *http_cookie(const struct http_request *r, const char *name);
/* A field of an application/x-www-form-urlencoded body, decoded into the arena. The N-th (from 0) of
 * that name; NULL if there is none. LEN (may be NULL) is its length: it can hold NULs. */
const char *http_field(const struct http_request *r, const char *name, size_t nth, size_t *len);
/* The next field called NAME at or after *AT (0 to begin with), which moves behind it; else as http_field. For
 * fields that may come any number of times: a body is gone through once. */
const char *http_field_next(const struct http_request *r, const char *name, size_t *at, size_t *len);

struct http_response {
	unsigned status;		/* 200 before the handler runs */
	const char *type;		/* "text/html; charset=utf-8" before the handler runs */
	struct buf body;		/* secret, at most 8 MiB */
	const void *fixed;		/* if set, sent instead of body and never copied: must outlive the server */
	size_t fixed_len;
	bool cacheable;			/* else Cache-Control: no-store is sent */
	bool close;			/* end the connection after it */
	struct arena *arena;		/* the request's */
	struct http_extra *extra;	/* headers added by http_add */
};

/* Add a header; NAME and VALUE are copied. CR and LF are refused: ERR_INPUT. */
enum err_code http_add(struct http_response *out, const char *name, const char *value,
	struct err *err) MUST_CHECK;
/* Make it a "303 See Other" to the fixed LOCATION. */
void http_see_other(struct http_response *out, const char *location);
/* Make it a one-line plain text answer. */
void http_plain(struct http_response *out, unsigned status, const char *text);

struct http_conf {
	const char *name;		/* for log lines: "kiosk" */
	const char *listen;		/* "127.0.0.1:8080", "[::1]:0"; port 0: any */
	int listen_fd;			/* a listening socket to take over instead (systemd), or -1 */
	const char *cert_pem, *key_pem;	/* both: serve TLS */
	const char *priorities;		/* GnuTLS; NULL: NORMAL without TLS 1.0 and 1.1 */
	unsigned threads;		/* 0: one */
	unsigned connections;		/* at a time, further ones wait; 0: 256 */
	unsigned per_address;		/* connections from one address; 0: no limit */
	unsigned timeout_s;		/* idle; 0: 30 */
	size_t body_max;		/* a longer body: 413 before it is read */
	bool close_posts;		/* end the connection after each POST */
	/* Called before each TLS handshake with the gnutls_session_t. May be NULL. */
	void (*tls_hook)(void *arg, void *session);
	/* Called when the headers are there, before any body is read: may refuse by filling OUT and
	 * returning false. STATE is handed on to handle(). May be NULL. */
	bool (*begin)(void *arg, const struct http_request *r, uint64_t body_len, void **state,
		struct http_response *out);
	/* Answers one request; runs in a pool thread. */
	void (*handle)(void *arg, const struct http_request *r, struct http_response *out);
	/* Asked for each message of libmicrohttpd: false keeps it out of the log. May be NULL. */
	bool (*say)(void *arg, const char *text);
	/* Called once for each state that begin() made, when the request is over. May be NULL. */
	void (*end)(void *arg, void *state);
	void *arg;
};

/* Start serving. ERR_INPUT for a bad address or certificate, ERR_BROKEN if it cannot listen. */
enum err_code http_start(const struct http_conf *conf, struct http_server **out, struct err *err) MUST_CHECK;
/* The port it listens on. */
uint16_t http_port(const struct http_server *s);
/* Stop accepting, finish what was accepted (up to 5 s), free. NULL is fine. */
void http_stop(struct http_server *s);

#endif
