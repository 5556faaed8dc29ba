/* The kiosk: everything behind its pages. Handles requests (in any thread; one at a time inside), keeps answers
 * in site.db, looks after the clock and the key ring. */
#ifndef KIOSK_KIOSK_H
#define KIOSK_KIOSK_H

#include "base/clock.h"
#include "base/http.h"
#include "kiosk/conf.h"

struct kiosk;

/* Open site.db, pin, ring, forms, fonts. CONF and CLOCK are borrowed until kiosk_close. A site.db without ring or
 * forms is served all the same: pages say that this screen is not available.
 * ERR_ABSENT, ERR_INPUT, ERR_BROKEN: site.db or pin cannot be used. */
enum err_code kiosk_open(const struct kiosk_conf *conf, const struct clock *clock, struct kiosk **out,
	struct err *err) MUST_CHECK;
/* Ends and wipes all visits. */
void kiosk_close(struct kiosk *k);
/* The ports pages are served on, for the Host check: 0 is none. */
void kiosk_ports(struct kiosk *k, uint16_t loopback, uint16_t lan);
/* The certificate that is shown on the site's network (PEM): its end and fingerprint stand on the staff pages. */
void kiosk_certificate(struct kiosk *k, const char *pem);
/* Answer one request: struct http_conf's handle, with the kiosk as ARG. */
void kiosk_handle(void *k, const struct http_request *r, struct http_response *out);
/* The same for requests that came over the site's network. */
void kiosk_handle_lan(void *k, const struct http_request *r, struct http_response *out);
/* Once a second: visits whose time is over, slots of lane 1, new ring and forms, storage, the night's cleaning. */
void kiosk_tick(struct kiosk *k);

#endif
