/* A form in the kiosk's own pages, with nothing kept. */
#ifndef ADMIN_PREVIEW_H
#define ADMIN_PREVIEW_H

#include "base/buf.h"

/* Serve XML on 127.0.0.1:PORT (0: any) until SIGINT or SIGTERM; prints the address. Everything it made is gone
 * when it returns. ERR_BROKEN, ERR_INPUT. */
enum err_code preview_run(const struct buf *xml, unsigned port, struct err *err) MUST_CHECK;

#endif
