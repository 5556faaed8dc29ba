/* The staff area behind a PIN. See inside.h. */
#include <string.h>

#include "kiosk/inside.h"

bool
staff_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	(void)k;
	(void)r;
	(void)lan;
	(void)out;
	return false;
}
