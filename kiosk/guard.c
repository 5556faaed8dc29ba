/* Who may ask for a page at all. See inside.h. A browser that was sent here by another page, and a page under
 * another name that resolves to us (DNS rebinding), are refused before anything is looked up. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kiosk/inside.h"

static bool
is_host(const struct kiosk *k, const char *host, bool lan)
{
	static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };
	char want[300];

	if (host == NULL)
		return false;
	if (lan) {
		snprintf(want, sizeof(want), "%s:%u", k->conf->lan_name, k->lan_port);
		return k->conf->lan_name[0] != '\0' && (strcasecmp(host, want) == 0
		    || (k->lan_port == (k->conf->lan_plain ? 80 : 443) && strcasecmp(host, k->conf->lan_name) == 0));
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(want, sizeof(want), "%s:%u", names[i], k->port);
		if (strcasecmp(host, want) == 0 || (k->port == 80 && strcasecmp(host, names[i]) == 0))
			return true;
	}
	return false;
}

static bool
is_post(const struct http_request *r)
{
	return strcmp(r->method, "POST") == 0;
}

bool
guard_request(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const char *host = http_header(r, "Host"), *site = http_header(r, "Sec-Fetch-Site");
	const char *origin = http_header(r, "Origin"), *type = http_header(r, "Content-Type");
	bool get = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;

	if (!is_host(k, host, lan)) {
		http_plain(out, 421, "This address is not served here.\n");
		out->close = true;
		return false;
	}
	if (!get && !is_post(r)) {
		http_plain(out, 405, "Only GET and POST are answered.\n");
		out->close = true;
		return false;
	}
	/* An address typed by hand or opened by the kiosk's own start has "none". */
	if (site != NULL && strcmp(site, "same-origin") != 0 && (is_post(r) || strcmp(site, "none") != 0)) {
		http_plain(out, 403, "Asked for by another site.\n");
		return false;
	}
	/* "null" is what our own pages send, whose Referrer-Policy is no-referrer; the page's token guards them. */
	if (is_post(r) && origin != NULL && strcmp(origin, "null") != 0) {
		const char *slashes = strstr(origin, "://");

		if (slashes == NULL || strcasecmp(slashes + 3, host) != 0) {
			http_plain(out, 403, "Asked for by another site.\n");
			return false;
		}
	}
	if (is_post(r) && (type == NULL || strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)) {
		http_plain(out, 415, "A form is expected.\n");
		return false;
	}
	return true;
}

/* Over HTTPS the name is bound to this host and to encryption. Where there is none (lan_plain) it is still another
 * than the screen's own, which must not be worth anything out there. */
static void
cookie_name(const struct kiosk *k, char *to, size_t max, const char *name, bool lan)
{
	snprintf(to, max, "%s%s", !lan ? "" : k->conf->lan_plain ? "lan-" : "__Host-", name);
}

void
guard_cookie_for(const struct kiosk *k, struct http_response *out, const char *name, const char *code, bool lan,
    int seconds)
{
	char full[64], age[32] = "", line[200];

	cookie_name(k, full, sizeof(full), name, lan);
	if (code == NULL || seconds > 0)
		snprintf(age, sizeof(age), "; Max-Age=%d", code == NULL ? 0 : seconds);
	snprintf(line, sizeof(line), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", full, code != NULL ? code : "",
	    lan && !k->conf->lan_plain ? "; Secure" : "", age);
	if (http_add(out, "Set-Cookie", line, NULL) != ERR_OK)
		http_plain(out, 503, "Out of memory. Please try again.\n");
	wipe(line, sizeof(line));
}

void
guard_cookie(const struct kiosk *k, struct http_response *out, const char *name, const char *code, bool lan)
{
	guard_cookie_for(k, out, name, code, lan, 0);
}

const char *
guard_cookie_get(const struct kiosk *k, const struct http_request *r, const char *name, bool lan)
{
	char full[64];

	cookie_name(k, full, sizeof(full), name, lan);
	return http_cookie(r, full);
}
