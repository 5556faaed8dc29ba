/* What sync tells kiosk and `candour status`. See status.h. */
#include "sync/status.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

enum err_code
sync_status_put(struct outbox *ob, const struct sync_status *s, struct err *err)
{
	struct buf b;
	enum err_code rc;

	buf_init(&b, 2048);
	buf_printf(&b, "result=%s\ntried_at=%lld\ndelivered_at=%lld\nnext_at=%lld\nfailures=%u\nwhy=%s\n", s->result,
	    (long long)s->tried_at, (long long)s->delivered_at, (long long)s->next_at, s->failures, s->why);
	rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(ob, "sync.status", b.data, b.len, err);
	buf_free(&b);
	return rc;
}

static int64_t
status_int(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	int64_t v = 0;

	if (at != NULL) {
		at += strlen(key);
		if (!num_i64(at, strcspn(at, "\n"), 0, INT64_MAX, &v))
			v = 0;
	}
	return v;
}

static void
status_text(const char *text, const char *key, char *out, size_t room)
{
	const char *at = strstr(text, key);
	size_t n;

	out[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(key);
	n = strcspn(at, "\n");
	if (n >= room)
		n = room - 1;
	memcpy(out, at, n);
	out[n] = '\0';
}

enum err_code
sync_status_get(struct outbox *ob, struct sync_status *out, struct err *err)
{
	struct buf b;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	buf_init(&b, 65536);
	rc = outbox_meta(ob, "sync.status", &b, err);
	if (rc == ERR_OK) {
		const char *text = buf_str(&b);

		status_text(text, "result=", out->result, sizeof(out->result));
		status_text(text, "why=", out->why, sizeof(out->why));
		out->tried_at = status_int(text, "tried_at=");
		out->delivered_at = status_int(text, "delivered_at=");
		out->next_at = status_int(text, "next_at=");
		out->failures = (unsigned)status_int(text, "failures=");
	}
	buf_free(&b);
	return rc;
}
