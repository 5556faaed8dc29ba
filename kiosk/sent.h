/* Settings that the centre sends in a bundle of kind 2 (docs/formats/settings.md): some of those of kiosk.conf, which
 * they stand above. */
#ifndef KIOSK_SENT_H
#define KIOSK_SENT_H

#include "kiosk/conf.h"

enum { SENT_KEYS = 7 };

struct sent {
	struct kiosk_conf conf;		/* kiosk.conf with what was sent laid over it; borrows the texts of both */
	char *text[SENT_KEYS];		/* the texts that were sent */
	struct sent *before;		/* kept, since a page may still show its texts; sent_free frees all */
};

/* The settings of a bundle's PAYLOAD over those of CONF, which must outlive them. *OUT is the caller's: sent_free.
 * ERR_INPUT: a file that is not settings.conf, a key that cannot be sent, a value that kiosk.conf would not take, with
 * its line; ERR_NOMEM. */
enum err_code sent_read(const uint8_t *payload, size_t n, const struct kiosk_conf *conf, struct sent **out,
	struct err *err) MUST_CHECK;
void sent_free(struct sent *s);	/* NULL is fine */

/* "Name: number; Name: number" as kiosk.conf has them: is TEXT that? ERR_INPUT. */
enum err_code sent_numbers_check(const char *text, struct err *err) MUST_CHECK;

#endif
