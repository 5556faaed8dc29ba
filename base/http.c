/* The HTTP server. See http.h. A request's life: access() is called with the headers (begin, length
 * check), then with each piece of the body, then with none left, when the handler runs and its answer is
 * queued. Bodies and answers are wiped: the request's in request_over, the answer's when libmicrohttpd
 * lets go of it. */
#include "base/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/listener.h"
#include "base/log.h"
#include "base/num.h"
#include "base/registers.h"

enum { RESPONSE_MAX = 8 << 20, ARENA_MAX = 4 << 20, DISCARD_MAX = 1 << 20, MEMORY = 16384,
	TLS_MEMORY = 20480, SLOW_AFTER_MS = 10000, SLOW_BYTES_S = 1024 };

struct http_server {
	struct http_conf conf;
	struct MHD_Daemon *daemon;
	struct listener *listener;
	atomic_int open;	/* requests between their first byte and request_over */
	pthread_mutex_t lock;
	pthread_cond_t idle;
};

struct http_extra {
	struct http_extra *next;
	char *name, *value;
};

struct exchange {
	struct http_server *server;
	struct http_request request;
	struct buf body;
	struct arena arena;
	char peer[INET6_ADDRSTRLEN];
	size_t discarded;	/* bytes of a body that was too long */
	int64_t began_ms;	/* when its headers were there, boot time */
	bool has_state, too_long;
};

static const char csp[] = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

const char *
http_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *
http_query(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct each {
	void (*fn)(void *arg, const char *name, const char *value);
	void *arg;
};

static enum MHD_Result
one_of_query(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct each *e = arg;

	(void)kind;
	e->fn(e->arg, name, value == NULL ? "" : value);
	return MHD_YES;
}

void
http_query_each(const struct http_request *r, void (*fn)(void *arg, const char *name, const char *value), void *arg)
{
	struct each e = { fn, arg };

	MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, one_of_query, &e);
}

const char *
http_cookie(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, name);
}

/* Decode LEN bytes of a form-encoded name or value into OUT, which has room for as many. */
static size_t
form_decode(const char *s, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte;

		if (s[i] == '+') {
			out[n++] = ' ';
		} else if (s[i] == '%' && i + 2 < len && hex_get(s + i + 1, 2, &byte, 1)) {
			out[n++] = (char)byte;
			i += 2;
		} else {
			out[n++] = s[i];
		}
	}
	return n;
}

/* The next field called NAME at or after AT as it was sent, or NULL. */
static const char *
find_field(const struct http_request *r, const char *name, size_t *at, size_t *len)
{
	const char *begin = buf_str(r->body), *s = begin + *at, *end = begin + r->body->len;
	size_t want = strlen(name);

	while (s < end) {
		const char *amp = memchr(s, '&', (size_t)(end - s));
		const char *stop = amp == NULL ? end : amp;
		const char *eq = memchr(s, '=', (size_t)(stop - s));
		size_t key_len = (size_t)((eq == NULL ? stop : eq) - s);
		char key[128];

		*at = (size_t)(amp == NULL ? end - begin : stop + 1 - begin);
		if (key_len < sizeof(key) && form_decode(s, key_len, key) == want
		    && memcmp(key, name, want) == 0) {
			*len = eq == NULL ? 0 : (size_t)(stop - eq - 1);
			return eq == NULL ? stop : eq + 1;
		}
		s = begin + *at;
	}
	return NULL;
}

static const char *
decode_field(const struct http_request *r, const char *value, size_t len, size_t *out_len)
{
	char *out = arena_alloc(r->arena, len + 1);
	size_t n;

	if (out == NULL)
		return NULL;
	n = form_decode(value, len, out);
	if (out_len != NULL)
		*out_len = n;
	return out;
}

const char *
http_field(const struct http_request *r, const char *name, size_t nth, size_t *len)
{
	const char *value;
	size_t at = 0, n;

	while ((value = find_field(r, name, &at, &n)) != NULL)
		if (nth-- == 0)
			return decode_field(r, value, n, len);
	return NULL;
}

const char *
http_field_next(const struct http_request *r, const char *name, size_t *at, size_t *len)
{
	size_t n;
	const char *value = find_field(r, name, at, &n);

	return value == NULL ? NULL : decode_field(r, value, n, len);
}

enum err_code
http_add(struct http_response *out, const char *name, const char *value, struct err *err)
{
	struct http_extra *x = arena_alloc(out->arena, sizeof(*x));

	if (strpbrk(value, "\r\n") != NULL)
		return err_set(err, ERR_INPUT, "a header value holds a line break");
	if (x == NULL)
		return err_nomem(err);
	x->name = arena_str(out->arena, name);
	x->value = arena_str(out->arena, value);
	if (x->name == NULL || x->value == NULL)
		return err_nomem(err);
	x->next = out->extra;
	out->extra = x;
	return ERR_OK;
}

void
http_see_other(struct http_response *out, const char *location)
{
	buf_reset(&out->body);
	out->status = 303;
	if (http_add(out, "Location", location, NULL) != ERR_OK)
		http_plain(out, 503, "Out of memory. Please try again.\n");
}

void
http_plain(struct http_response *out, unsigned status, const char *text)
{
	buf_reset(&out->body);
	out->fixed = NULL;
	out->status = status;
	out->type = "text/plain; charset=utf-8";
	buf_puts(&out->body, text);
}

static void
free_body(void *cls)
{
	struct buf *b = cls;

	buf_free(b);
	free(b);
}

/* Hand OUT's body over to a libmicrohttpd response. */
static struct MHD_Response *
wrap(struct http_response *out)
{
	struct MHD_Response *mhd;
	struct buf *own;

	if (out->fixed != NULL)
		return MHD_create_response_from_buffer(out->fixed_len, (void *)(uintptr_t)out->fixed,
		    MHD_RESPMEM_PERSISTENT);
	own = malloc(sizeof(*own));
	if (own == NULL)
		return NULL;
	*own = out->body;
	buf_init_secret(&out->body, RESPONSE_MAX);
	mhd = MHD_create_response_from_buffer_with_free_callback_cls(own->len,
	    own->data == NULL ? (void *)(uintptr_t)"" : own->data, free_body, own);
	if (mhd == NULL)
		free_body(own);
	return mhd;
}

static enum MHD_Result
queue(struct exchange *x, struct http_response *out)
{
	struct MHD_Response *mhd;
	enum MHD_Result done = MHD_YES;

	if (out->body.failed != ERR_OK) {
		log_event(x->server->conf.name, "answer=failed code=%s status=500", err_word(out->body.failed));
		http_plain(out, 500, "This page could not be made.\n");
	}
	mhd = wrap(out);
	if (mhd == NULL)
		return MHD_NO;
	for (struct http_extra *e = out->extra; e != NULL; e = e->next)
		done &= MHD_add_response_header(mhd, e->name, e->value);
	if (out->status != 204 && out->status != 304)
		done &= MHD_add_response_header(mhd, "Content-Type", out->type);
	done &= MHD_add_response_header(mhd, "Content-Security-Policy", csp);
	done &= MHD_add_response_header(mhd, "X-Content-Type-Options", "nosniff");
	done &= MHD_add_response_header(mhd, "Referrer-Policy", "no-referrer");
	if (!out->cacheable)
		done &= MHD_add_response_header(mhd, "Cache-Control", "no-store");
	if (out->close)
		done &= MHD_add_response_header(mhd, "Connection", "close");
	if (done)
		done = MHD_queue_response(x->request.connection, out->status, mhd);
	MHD_destroy_response(mhd);
	return done;
}

static void
response_init(struct http_response *out, struct exchange *x)
{
	*out = (struct http_response){ .status = 200, .type = "text/html; charset=utf-8",
	    .arena = &x->arena };
	buf_init_secret(&out->body, RESPONSE_MAX);
}

static uint64_t
body_length(const struct exchange *x)
{
	const char *text = http_header(&x->request, "Content-Length");
	int64_t n;

	if (text == NULL)
		return 0;
	return num_i64(text, strlen(text), 0, INT64_MAX, &n) ? (uint64_t)n : UINT64_MAX;
}

/* The headers are there: refuse now what can be refused without reading the body. */
static enum MHD_Result
first(struct exchange *x)
{
	const struct http_conf *conf = &x->server->conf;
	uint64_t len = body_length(x);
	struct http_response out;
	enum MHD_Result done = MHD_YES;

	response_init(&out, x);
	if (len > conf->body_max) {
		log_event(conf->name, "request=refused status=413 bytes=%llu", (unsigned long long)len);
		http_plain(&out, 413, "Too much data in one request.\n");
		out.close = true;
		done = queue(x, &out);
	} else if (conf->begin != NULL) {
		if (!conf->begin(conf->arg, &x->request, len, &x->request.state, &out)) {
			out.close = true;
			done = queue(x, &out);
		}
		x->has_state = x->request.state != NULL;
	}
	buf_free(&out.body);
	return done;
}

/* A chunked body has no length to refuse at once and can only be answered at its end: what is too much is
 * thrown away, and a sender that goes on for another megabyte is cut off. */
static bool
is_too_slow(const struct exchange *x, size_t taken)
{
	int64_t ms = clock_boot_ms(&clock_system) - x->began_ms;

	return ms > SLOW_AFTER_MS && (int64_t)taken < ms * SLOW_BYTES_S / 1000;
}

static enum MHD_Result
piece(struct exchange *x, const char *data, size_t *len)
{
	/* Who drips a body to hold a connection and its memory is cut off. */
	if (is_too_slow(x, x->body.len + x->discarded + *len)) {
		log_event(x->server->conf.name, "request=refused why=\"under %d bytes a second\" from=%s", SLOW_BYTES_S, x->peer);
		return MHD_NO;
	}
	if (x->too_long || *len > x->server->conf.body_max - x->body.len) {
		x->too_long = true;
		x->discarded += *len;
		if (x->discarded > DISCARD_MAX)
			return MHD_NO;
	} else {
		buf_put(&x->body, data, *len);
	}
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result
last(struct exchange *x)
{
	const struct http_conf *conf = &x->server->conf;
	struct http_response out;
	enum MHD_Result done;

	response_init(&out, x);
	if (x->too_long) {
		log_event(conf->name, "request=refused status=413");
		http_plain(&out, 413, "Too much data in one request.\n");
		out.close = true;
	} else if (x->body.failed != ERR_OK) {
		http_plain(&out, 503, "Out of memory. Please try again.\n");
	} else {
		conf->handle(conf->arg, &x->request, &out);
	}
	if (conf->close_posts && strcmp(x->request.method, "POST") == 0)
		out.close = true;
	done = queue(x, &out);
	buf_free(&out.body);
	return done;
}

static void
count_out(struct http_server *s)
{
	if (atomic_fetch_sub(&s->open, 1) != 1)
		return;
	pthread_mutex_lock(&s->lock);
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
}

static void
exchange_free(struct exchange *x)
{
	struct http_server *s = x->server;

	if (x->has_state && s->conf.end != NULL)
		s->conf.end(s->conf.arg, x->request.state);
	buf_free(&x->body);
	arena_clear(&x->arena);
	free(x);
	count_out(s);
}

static void
peer_text(struct MHD_Connection *c, char *out, size_t len)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	out[0] = '\0';
	if (info == NULL || info->client_addr == NULL)
		return;
	if (info->client_addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)info->client_addr)->sin_addr, out,
		    (socklen_t)len);
	else if (info->client_addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)info->client_addr)->sin6_addr, out,
		    (socklen_t)len);
}

static struct exchange *
exchange_new(struct http_server *s, struct MHD_Connection *c, const char *url, const char *method)
{
	struct exchange *x = calloc(1, sizeof(*x));
	const union MHD_ConnectionInfo *info;

	if (x == NULL)
		return NULL;
	x->server = s;
	x->began_ms = clock_boot_ms(&clock_system);
	atomic_fetch_add(&s->open, 1);
	buf_init_secret(&x->body, s->conf.body_max);
	arena_init_secret(&x->arena, ARENA_MAX);
	peer_text(c, x->peer, sizeof(x->peer));
	info = s->conf.cert_pem == NULL ? NULL
	    : MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	x->request = (struct http_request){ .method = method, .path = url, .body = &x->body,
	    .peer = x->peer, .connection = c, .tls = info == NULL ? NULL : info->tls_session,
	    .arena = &x->arena };
	return x;
}

static enum MHD_Result
answer(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
    const char *data, size_t *len, void **state)
{
	struct exchange *x = *state;

	(void)version;
	if (x == NULL) {
		x = exchange_new(cls, c, url, method);
		*state = x;
		return x == NULL ? MHD_NO : first(x);
	}
	if (*len > 0)
		return piece(x, data, len);
	return last(x);
}

static void
request_over(void *cls, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)c;
	(void)why;
	if (*state != NULL)
		exchange_free(*state);
	*state = NULL;
	wipe_registers();
}

static void
connection_event(void *cls, struct MHD_Connection *c, void **socket_context,
    enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = cls;
	const union MHD_ConnectionInfo *info;

	(void)socket_context;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		wipe_registers();	/* libmicrohttpd has copied since, too */
		listener_over(s->listener);
	}
	if (what != MHD_CONNECTION_NOTIFY_STARTED || s->conf.tls_hook == NULL)
		return;
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info != NULL)
		s->conf.tls_hook(s->conf.arg, info->tls_session);
}

static void
library_log(void *cls, const char *fmt, va_list ap)
{
	struct http_server *s = cls;
	char text[300];
	size_t len;

	if (strncmp(fmt, "Failed to start serving", 23) == 0)
		listener_over(s->listener);	/* no memory for a connection that it had taken: no event tells */
	vsnprintf(text, sizeof(text), fmt, ap);
	len = strlen(text);
	while (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (s->conf.say != NULL && !s->conf.say(s->conf.arg, text))
		return;
	log_event(s->conf.name, "http=\"%s\"", text);
}

static bool
take_connection(void *arg, int fd, const struct sockaddr *peer, socklen_t len)
{
	struct http_server *s = arg;

	return MHD_add_connection(s->daemon, fd, peer, len) == MHD_YES;
}

static enum err_code
start_daemon(struct http_server *s, unsigned places, struct err *err)
{
	const struct http_conf *conf = &s->conf;
	bool tls = conf->cert_pem != NULL;
	unsigned threads = conf->threads > 1 ? conf->threads : 1;
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET
	    | (tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem extra[12];
	size_t n = 0;

	/* The listener counts. Libmicrohttpd divides its limit among its threads, counts a connection for a moment after
	 * it has said that it is over, and turns away where it is at the limit: it must never get there. */
	extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)places * threads * 2, NULL };
	extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_TIMEOUT,
	    conf->timeout_s > 0 ? (int)conf->timeout_s : 30, NULL };
	extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (int)conf->per_address, NULL };
	extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_MEMORY_LIMIT, tls ? TLS_MEMORY : MEMORY, NULL };
	if (threads > 1)
		extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, (int)threads, NULL };
	if (tls) {
		extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0,
		    (void *)(uintptr_t)conf->cert_pem };
		extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0,
		    (void *)(uintptr_t)conf->key_pem };
		extra[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
		    (void *)(uintptr_t)(conf->priorities != NULL ? conf->priorities
		    : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2") };
	}
	extra[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, s,
	    MHD_OPTION_EXTERNAL_LOGGER, library_log, s,
	    MHD_OPTION_NOTIFY_COMPLETED, request_over, s,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_event, s,
	    MHD_OPTION_ARRAY, extra, MHD_OPTION_END);
	return s->daemon != NULL ? ERR_OK
	    : err_set(err, tls ? ERR_INPUT : ERR_BROKEN, "the HTTP server on %s did not start%s", conf->listen,
	    tls ? ": is the certificate right, and does the key belong to it?" : "");
}

enum err_code
http_start(const struct http_conf *conf, struct http_server **out, struct err *err)
{
	struct http_server *s = calloc(1, sizeof(*s));
	unsigned places = conf->connections > 0 ? conf->connections : 256;
	enum err_code rc;

	*out = NULL;
	if (s == NULL)
		return err_nomem(err);
	s->conf = *conf;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->idle, NULL);
	rc = listener_open(conf->listen, conf->listen_fd, &s->listener, err);
	if (rc == ERR_OK)
		rc = start_daemon(s, places, err);
	if (rc == ERR_OK)
		rc = listener_run(s->listener, places, take_connection, s, err);
	if (rc != ERR_OK) {
		http_stop(s);
		return rc;
	}
	*out = s;
	return ERR_OK;
}

uint16_t
http_port(const struct http_server *s)
{
	return listener_port(s->listener);
}

void
http_stop(struct http_server *s)
{
	struct timespec until;

	if (s == NULL)
		return;
	if (s->listener != NULL)
		listener_stop(s->listener);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	pthread_mutex_lock(&s->lock);
	while (atomic_load(&s->open) > 0)
		if (pthread_cond_timedwait(&s->idle, &s->lock, &until) == ETIMEDOUT)
			break;
	pthread_mutex_unlock(&s->lock);
	if (s->daemon != NULL)
		MHD_stop_daemon(s->daemon);
	listener_free(s->listener);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->idle);
	free(s);
}
