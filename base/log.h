/* One event, one line on stderr: "area: key=value key=value". Ids, sizes and counts only. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

/* Where lines go; STDERR_FILENO at start. A test or the demo can point it elsewhere. */
void log_to(int fd);
/* With VERBOSE off, log_debug prints nothing (the default). */
void log_verbose(int verbose);

/* Writes "AREA: " and the formatted text as one line in one write; control characters become '?'. */
void log_event(const char *area, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *area, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "AREA: WHAT=failed code=WORD why=\"message\"". */
void log_err(const char *area, const char *what, const struct err *err);

#endif
