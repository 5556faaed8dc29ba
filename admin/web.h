/* One HTTP request to one of our own listeners: https with a pinned CA, plain http to this machine only. */
#ifndef ADMIN_WEB_H
#define ADMIN_WEB_H

#include "base/buf.h"

struct web_answer {
	unsigned status;
	struct buf body;	/* at most 64 MiB; free with buf_free */
};

/* METHOD URL (http://127.0.0.1:PORT/PATH, https://HOST[:PORT]/PATH) with BODY (may be NULL) of LEN bytes.
 * CA: PEM file of the certificates believed for https (NULL: the system's list). BASIC: "name:token" or NULL.
 * ERR_INPUT for a URL that is not one or is plain http to another machine; ERR_AGAIN: not reached or cut
 * off; ERR_DENIED: its certificate. *OUT is the caller's also on failure (empty then). */
enum err_code web_request(const char *method, const char *url, const char *ca, const char *basic,
	const void *body, size_t len, struct web_answer *out, struct err *err) MUST_CHECK;

#endif
