/* HTTP responses. See reply.h. RFC 9112. */
#include "sync/reply.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/num.h"

enum { RETRY_MAX_S = 86400, INTERIM_MAX = 4 };

void
reply_init(struct reply *r, size_t body_max)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->body, body_max);
	r->retry_after_s = -1;
}

void
reply_free(struct reply *r)
{
	buf_free(&r->body);
}

/* Bytes read but not used yet: head and beginning of the body arrive together. */
struct source {
	reply_read_fn *fn;
	void *arg;
	uint8_t data[REPLY_HEAD_MAX];
	size_t len, at;
};

/* Up to and without CR LF (a lone LF is accepted), NUL-terminated in LINE. */
static enum err_code
line(struct source *s, char *out, size_t room, size_t *budget, struct err *err)
{
	size_t n = 0;

	for (;;) {
		char c;

		if (s->at == s->len) {
			enum err_code rc;

			s->at = s->len = 0;
			rc = s->fn(s->arg, s->data, sizeof(s->data), &s->len, err);
			if (rc != ERR_OK)
				return rc;
			if (s->len == 0)
				return err_set(err, ERR_AGAIN, "the connection ended inside a response");
		}
		c = (char)s->data[s->at++];
		if ((*budget)-- == 0)
			return err_set(err, ERR_LIMIT, "response: headers over %d bytes", REPLY_HEAD_MAX);
		if (c == '\n')
			break;
		if (c == '\0')
			return err_set(err, ERR_INPUT, "response: a NUL in its headers");
		if (n + 1 < room)
			out[n++] = c;
		else
			return err_set(err, ERR_LIMIT, "response: a header line over %zu bytes", room);
	}
	if (n > 0 && out[n - 1] == '\r')
		n--;
	out[n] = '\0';
	return ERR_OK;
}

static enum err_code
status_line(struct reply *r, const char *text, struct err *err)
{
	int64_t status;

	if (strncmp(text, "HTTP/1.", 7) != 0 || strlen(text) < 12 || text[8] != ' ' || (text[12] != ' ' && text[12] != '\0')
	    || !num_i64(text + 9, 3, 100, 599, &status))
		return err_set(err, ERR_INPUT, "response: not HTTP/1.1");
	r->status = (unsigned)status;
	r->close = text[7] == '0';
	return ERR_OK;
}

/* What the headers say that is put together at their end; -1: not told. */
struct told {
	int64_t length, date, retry_at;
};

/* An HTTP-date in one of its three forms (RFC 9110, 5.6.7); -1 if it is none. */
static int64_t
date_of(const char *text)
{
	static const char *const forms[] = { "%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y" };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = { .tm_mday = 1 };
		const char *end = strptime(text, forms[i], &tm);

		if (end != NULL && *end == '\0')
			return timegm(&tm);
	}
	return -1;
}

/* Seconds, however many, or a date. */
static void
retry_after(struct reply *r, const char *value, size_t n, struct told *told)
{
	if (n > 0 && strspn(value, "0123456789") == n) {
		if (!num_i64(value, n, 0, RETRY_MAX_S, &r->retry_after_s))
			r->retry_after_s = RETRY_MAX_S;
	} else {
		told->retry_at = date_of(value);
	}
}

/* A date is as far away as it is from that of the answer itself: our own clock may be at 1970. */
static void
retry_at(struct reply *r, const struct told *told)
{
	if (told->retry_at < 0 || told->date < 0)
		return;
	r->retry_after_s = told->retry_at <= told->date ? 0 : told->retry_at - told->date;
	if (r->retry_after_s > RETRY_MAX_S)
		r->retry_after_s = RETRY_MAX_S;
}

static enum err_code
header(struct reply *r, char *text, struct told *told, struct err *err)
{
	char *colon = strchr(text, ':'), *value;
	size_t n;

	if (colon == NULL || colon == text)
		return err_set(err, ERR_INPUT, "response: a header without a colon");
	*colon = '\0';
	value = colon + 1;
	while (*value == ' ' || *value == '\t')
		value++;
	n = strlen(value);
	while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		value[--n] = '\0';
	if (strcasecmp(text, "Content-Length") == 0) {
		int64_t length;

		if (!num_i64(value, n, 0, INT64_MAX, &length) || (told->length >= 0 && told->length != length))
			return err_set(err, ERR_INPUT, "response: Content-Length is no length");
		told->length = length;
	} else if (strcasecmp(text, "Transfer-Encoding") == 0) {
		return err_set(err, ERR_INPUT, "response: of a length not told in advance");
	} else if (strcasecmp(text, "Retry-After") == 0) {
		retry_after(r, value, n, told);
	} else if (strcasecmp(text, "Date") == 0) {
		told->date = date_of(value);
	} else if (strcasecmp(text, "Connection") == 0) {
		r->close = r->close || strcasecmp(value, "close") == 0;
	} else if (strcasecmp(text, "ETag") == 0 && n < sizeof(r->etag)) {
		memcpy(r->etag, value, n + 1);
	} else if (strcasecmp(text, "Content-Range") == 0 && strncmp(value, "bytes ", 6) == 0) {
		size_t digits = strspn(value + 6, "0123456789");
		int64_t from;

		if (num_i64(value + 6, digits, 0, INT64_MAX, &from))
			r->from = (uint64_t)from;
	}
	return ERR_OK;
}

static enum err_code
head(struct reply *r, struct source *s, int64_t *length, struct err *err)
{
	struct told told = { -1, -1, -1 };
	size_t budget = REPLY_HEAD_MAX;
	char text[1024];
	enum err_code rc = line(s, text, sizeof(text), &budget, err);

	if (rc == ERR_OK)
		rc = status_line(r, text, err);
	while (rc == ERR_OK) {
		rc = line(s, text, sizeof(text), &budget, err);
		if (rc != ERR_OK || text[0] == '\0')
			break;
		rc = header(r, text, &told, err);
	}
	retry_at(r, &told);
	*length = told.length;
	return rc;
}

static enum err_code
body(struct reply *r, struct source *s, uint64_t length, struct err *err)
{
	if (length > r->body.max)
		return err_set(err, ERR_LIMIT, "response of %llu bytes: at most %zu", (unsigned long long)length,
		    r->body.max);
	while (r->body.len < length) {
		size_t want = length - r->body.len, n = s->len - s->at;

		if (n == 0) {
			enum err_code rc;

			s->at = s->len = 0;
			rc = s->fn(s->arg, s->data, sizeof(s->data), &s->len, err);
			if (rc != ERR_OK)
				return rc;
			if (s->len == 0)
				return err_set(err, ERR_AGAIN, "the connection ended %zu bytes before the response did", want);
			continue;
		}
		if (n > want)
			n = want;
		buf_put(&r->body, s->data + s->at, n);
		s->at += n;
		if (r->body.failed != ERR_OK)
			return buf_check(&r->body, err);
	}
	return ERR_OK;
}

enum err_code
reply_read(struct reply *r, reply_read_fn *fn, void *arg, struct err *err)
{
	struct source s = { .fn = fn, .arg = arg };
	enum err_code rc = ERR_OK;
	int64_t length = -1;

	for (int i = 0; i < INTERIM_MAX && rc == ERR_OK; i++) {
		buf_reset(&r->body);
		r->status = 0;
		r->retry_after_s = -1;
		r->from = 0;
		r->etag[0] = '\0';
		rc = head(r, &s, &length, err);
		if (rc == ERR_OK && r->status >= 200)
			break;
	}
	if (rc != ERR_OK)
		return rc;
	if (r->status < 200)
		return err_set(err, ERR_INPUT, "response: interim answers only");
	if (r->status == 204 || r->status == 304)
		return ERR_OK;
	if (length < 0)
		return err_set(err, ERR_INPUT, "response: of a length not told in advance");
	rc = body(r, &s, (uint64_t)length, err);
	if (rc == ERR_OK && s.at != s.len)
		r->close = true;	/* something follows that nobody asked for */
	return rc;
}
