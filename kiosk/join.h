/* Tablets on the site's network: which may answer. Staff let one in with a code that is good once and for ten
 * minutes; from then on the tablet has a cookie of its own, of which only a hash is kept (site.db, "lan.tablets"). Staff
 * can remove it. Nothing links a tablet to what is answered on it. */
#ifndef KIOSK_JOIN_H
#define KIOSK_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "kiosk/conf.h"

enum { TABLETS_MAX = 128, JOIN_CODE = 8 };

struct tablet {
	uint8_t hash[16];	/* of its cookie */
	uint32_t number;	/* "Tablet 3" */
	int32_t joined, seen;	/* days since 1970 */
};

struct joining {
	struct tablet tablet[TABLETS_MAX];
	size_t n;
	bool is_due;			/* a day of theirs is not kept yet */
	char code[JOIN_CODE + 1];	/* "": none is open */
	int64_t until_ms;		/* boot time */
	unsigned tries;			/* wrong ones with this code */
	int64_t cert_until;		/* seconds since 1970; 0: not known */
	char cert_words[80];		/* six words of the certificate's SHA-256 */
};

/* What a QR code says that joins the site's Wi-Fi: "WIFI:T:WPA;S:..;P:..;;" as cameras read it, with \ ; , : and "
 * escaped by \ (zxing's "Barcode Contents"). Nothing where no wifi_name is set. OUT holds a secret then. */
void join_wifi(const struct kiosk_conf *conf, struct buf *out);

#endif
