/* The connection to the centre. See centre.h. */
#include "sync/centre.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { LAST_WORD_MS = 1000 };	/* how long an answer is waited for after a write failed */

struct centre {
	struct centre_conf conf;
	char *host;
	struct net_stream *stream;
	struct tls *tls;
	int64_t deadline;
	bool used;	/* an answer came over this connection */
};

enum err_code
centre_new(const struct centre_conf *conf, struct centre **out, struct err *err)
{
	struct centre *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return err_nomem(err);
	c->conf = *conf;
	c->host = strdup(conf->host);
	if (c->host == NULL) {
		free(c);
		return err_nomem(err);
	}
	if (c->conf.net == NULL)
		c->conf.net = &net_tcp;
	if (c->conf.connect_ms == 0)
		c->conf.connect_ms = 15000;
	if (c->conf.handshake_ms == 0)
		c->conf.handshake_ms = 30000;
	if (c->conf.request_ms == 0)
		c->conf.request_ms = 120000;
	*out = c;
	return ERR_OK;
}

void
centre_hang_up(struct centre *c)
{
	tls_close(c->tls);
	c->tls = NULL;
	if (c->stream != NULL)
		c->conf.net->close(c->stream);
	c->stream = NULL;
	c->used = false;
}

void
centre_free(struct centre *c)
{
	if (c == NULL)
		return;
	centre_hang_up(c);
	free(c->host);
	free(c);
}

static enum err_code
connect_now(struct centre *c, bool *bad_dates, struct err *err)
{
	int64_t now = clock_boot_ms(&clock_system);
	enum err_code rc;

	if (c->tls != NULL)
		return ERR_OK;
	rc = net_open(c->conf.net, &c->conf.proxy, c->host, c->conf.port, now + c->conf.connect_ms, &c->stream, err);
	if (rc == ERR_OK)
		rc = tls_open(c->conf.tls, c->conf.net, c->stream, c->host,
		    clock_boot_ms(&clock_system) + c->conf.handshake_ms, &c->tls, bad_dates, err);
	if (rc != ERR_OK)
		centre_hang_up(c);
	return rc;
}

static enum err_code
read_some(void *arg, void *data, size_t len, size_t *got, struct err *err)
{
	struct centre *c = arg;

	return tls_read(c->tls, data, len, c->deadline, got, err);
}

static enum err_code
once(struct centre *c, const struct buf *head, const void *body, size_t len, struct reply *out, struct err *err)
{
	enum err_code rc;

	c->deadline = clock_boot_ms(&clock_system) + c->conf.request_ms;
	rc = tls_write(c->tls, head->data, head->len, c->deadline, err);
	if (rc == ERR_OK && len > 0) {
		rc = tls_write(c->tls, body, len, c->deadline, err);
		/* The server may have refused before the body was through: its answer says why. */
		if (rc == ERR_AGAIN) {
			struct err ignored;

			c->deadline = clock_boot_ms(&clock_system) + LAST_WORD_MS;
			if (reply_read(out, read_some, c, &ignored) == ERR_OK) {
				out->close = true;
				return ERR_OK;
			}
			return rc;
		}
	}
	if (rc == ERR_OK)
		rc = reply_read(out, read_some, c, err);
	return rc;
}

enum err_code
centre_ask(struct centre *c, const char *method, const char *path, const char *extra, const void *body, size_t len,
    struct reply *out, bool *bad_dates, struct err *err)
{
	bool was_used = c->used, ipv6 = strchr(c->host, ':') != NULL;
	struct buf head;
	enum err_code rc;

	out->status = 0;
	buf_init(&head, 8192);
	buf_printf(&head, "%s %s HTTP/1.1\r\nHost: %s%s%s:%u\r\n%s", method, path, ipv6 ? "[" : "", c->host,
	    ipv6 ? "]" : "", c->conf.port, extra != NULL ? extra : "");
	if (len > 0)
		buf_printf(&head, "Content-Type: application/octet-stream\r\nContent-Length: %zu\r\n", len);
	buf_puts(&head, "\r\n");
	rc = buf_check(&head, err);
	if (rc == ERR_OK)
		rc = connect_now(c, bad_dates, err);
	if (rc == ERR_OK)
		rc = once(c, &head, body, len, out, err);
	if (rc == ERR_AGAIN && was_used && c->tls != NULL && out->status == 0) {
		/* A kept connection that the server had closed meanwhile: every request may be repeated. */
		centre_hang_up(c);
		rc = connect_now(c, bad_dates, err);
		if (rc == ERR_OK)
			rc = once(c, &head, body, len, out, err);
	}
	buf_free(&head);
	if (rc != ERR_OK || out->close)
		centre_hang_up(c);
	else
		c->used = true;
	return rc;
}
