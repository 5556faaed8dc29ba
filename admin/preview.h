/* A form in the kiosk's own pages, with nothing kept. */
#ifndef ADMIN_PREVIEW_H
#define ADMIN_PREVIEW_H

#include "base/buf.h"

/* Brings the file NAME (no folder in it) that lies beside the form. ERR_ABSENT: there is none. */
typedef enum err_code preview_file(void *arg, const char *name, struct buf *out, struct err *err);

/* Serve XML on 127.0.0.1:PORT (0: any) until SIGINT or SIGTERM; prints the address. The files that its jr:// addresses
 * name are asked of FILE and shown as the kiosk shows them; what is missing is said on stderr. Everything it made is
 * gone when it returns. ERR_BROKEN, ERR_INPUT. */
enum err_code preview_run(const struct buf *xml, preview_file *file, void *arg, unsigned port, struct err *err) MUST_CHECK;

#endif
