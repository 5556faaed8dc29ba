/* A small HTTP/1.1 client. See web.h. Connection: close, so an answer ends where the stream ends; its
 * Content-Length is held against what came. */
#include "admin/web.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"
#include "sync/net.h"
#include "sync/tls.h"

enum { ANSWER_MAX = (64 << 20) + 65536, DEADLINE_MS = 120000 };

static const char system_ca[] = "/etc/ssl/certs/ca-certificates.crt";

struct url {
	bool tls;
	char host[256];
	uint16_t port;
	const char *path;
};

static enum err_code
url_read(const char *text, struct url *u, struct err *err)
{
	const char *at = strstr(text, "://"), *end, *colon;
	int64_t port;
	size_t n;

	memset(u, 0, sizeof(*u));
	if (strncmp(text, "https://", 8) == 0)
		u->tls = true;
	else if (strncmp(text, "http://", 7) != 0)
		return err_set(err, ERR_INPUT, "\"%.80s\": an address begins with https:// or http://127.0.0.1", text);
	at += 3;
	u->path = strchr(at, '/');
	end = u->path == NULL ? at + strlen(at) : u->path;
	if (u->path == NULL)
		u->path = "/";
	colon = memchr(at, ':', (size_t)(end - at));
	n = (size_t)((colon == NULL ? end : colon) - at);
	port = u->tls ? 443 : 80;
	if (n == 0 || n >= sizeof(u->host)
	    || (colon != NULL && !num_i64(colon + 1, (size_t)(end - colon - 1), 1, 65535, &port)))
		return err_set(err, ERR_INPUT, "\"%.80s\" is no address: https://HOST:PORT/", text);
	memcpy(u->host, at, n);
	u->port = (uint16_t)port;
	if (!u->tls && strcmp(u->host, "localhost") != 0 && strncmp(u->host, "127.", 4) != 0)
		return err_set(err, ERR_INPUT, "plain http goes to this machine only (127.0.0.1); use https for %s",
		    u->host);
	return ERR_OK;
}

/* A stream with or without TLS. */
struct wire {
	struct net_stream *stream;
	struct tls_conf *conf;
	struct tls *tls;
	int64_t deadline;
};

static enum err_code
wire_open(struct wire *w, const struct url *u, const char *ca, struct err *err)
{
	struct net_proxy none = { NULL, 0, NULL };
	struct tls_setup setup = {0};
	struct buf pem;
	enum err_code rc;

	w->deadline = clock_boot_ms(&clock_system) + DEADLINE_MS;
	rc = net_open(&net_tcp, &none, u->host, u->port, w->deadline, &w->stream, err);
	if (rc != ERR_OK || !u->tls)
		return rc;
	buf_init(&pem, 8 << 20);
	rc = file_read(ca == NULL ? system_ca : ca, &pem, err);
	setup.ca_pem = buf_str(&pem);
	if (rc == ERR_OK)
		rc = tls_conf_new(&setup, &w->conf, err);
	buf_free(&pem);
	if (rc == ERR_OK)
		rc = tls_open(w->conf, &net_tcp, w->stream, u->host, w->deadline, &w->tls, NULL, err);
	return rc;
}

static void
wire_close(struct wire *w)
{
	tls_close(w->tls);
	tls_conf_free(w->conf);
	net_tcp.close(w->stream);
}

static enum err_code
wire_write(struct wire *w, const void *data, size_t len, struct err *err)
{
	const uint8_t *at = data;
	enum err_code rc = ERR_OK;

	if (w->tls != NULL)
		return tls_write(w->tls, data, len, w->deadline, err);
	while (len > 0 && rc == ERR_OK) {
		size_t put = 0;

		rc = net_tcp.write(w->stream, at, len, w->deadline, &put, err);
		at += put;
		len -= put;
	}
	return rc;
}

static enum err_code
wire_read_all(struct wire *w, struct buf *out, struct err *err)
{
	char piece[16384];
	enum err_code rc;
	size_t got;

	do {
		got = 0;
		rc = w->tls != NULL ? tls_read(w->tls, piece, sizeof(piece), w->deadline, &got, err)
		    : net_tcp.read(w->stream, piece, sizeof(piece), w->deadline, &got, err);
		buf_put(out, piece, got);
		if (rc == ERR_OK)
			rc = buf_check(out, err);
	} while (rc == ERR_OK && got > 0);
	return rc;
}

static enum err_code
answer_read(const struct buf *all, struct web_answer *out, struct err *err)
{
	const char *text = buf_str(all), *head_end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "\r\nContent-Length:");
	int64_t status, want = -1;
	size_t have;

	if (head_end == NULL || strncmp(text, "HTTP/1.", 7) != 0 || !num_i64(text + 9, 3, 100, 599, &status))
		return err_set(err, ERR_AGAIN, "the answer is not HTTP or was cut off");
	have = all->len - (size_t)(head_end + 4 - text);
	if (length != NULL && length < head_end) {
		length += strlen("\r\nContent-Length:");
		length += strspn(length, " ");
		if (!num_i64(length, strspn(length, "0123456789"), 0, ANSWER_MAX, &want) || (size_t)want != have)
			return err_set(err, ERR_AGAIN, "the answer was cut off: %zu of %lld bytes", have, (long long)want);
	}
	out->status = (unsigned)status;
	buf_put(&out->body, head_end + 4, have);
	return buf_check(&out->body, err);
}

enum err_code
web_request(const char *method, const char *url, const char *ca, const char *basic, const void *body, size_t len,
	struct web_answer *out, struct err *err)
{
	struct wire w = {0};
	struct buf head, answer;
	struct url u;
	enum err_code rc;

	out->status = 0;
	buf_init(&out->body, ANSWER_MAX);
	buf_init_secret(&head, 8192);
	buf_init(&answer, ANSWER_MAX);
	rc = url_read(url, &u, err);
	if (rc != ERR_OK)
		goto out;
	buf_printf(&head, "%s %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\nAccept: */*\r\n"
	    "Content-Length: %zu\r\n", method, u.path, u.host, u.port, len);
	if (basic != NULL) {
		buf_puts(&head, "Authorization: Basic ");
		base64_put(&head, basic, strlen(basic));
		buf_puts(&head, "\r\n");
	}
	buf_puts(&head, "\r\n");
	rc = buf_check(&head, err);
	if (rc == ERR_OK)
		rc = wire_open(&w, &u, ca, err);
	if (rc == ERR_OK)
		rc = wire_write(&w, head.data, head.len, err);
	if (rc == ERR_OK && len > 0)
		rc = wire_write(&w, body, len, err);
	if (rc == ERR_OK)
		rc = wire_read_all(&w, &answer, err);
	if (rc == ERR_OK)
		rc = answer_read(&answer, out, err);
	wire_close(&w);
	if (rc != ERR_OK)
		err_in(err, "%.200s", url);
out:
	buf_free(&head);
	buf_free(&answer);
	return rc;
}
