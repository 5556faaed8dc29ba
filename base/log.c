/* Logging. See log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int log_fd = STDERR_FILENO;
static int is_verbose;

void
log_to(int fd)
{
	log_fd = fd;
}

void
log_verbose(int verbose)
{
	is_verbose = verbose;
}

static void
line(const char *area, const char *fmt, va_list ap)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "%s: ", area);
	int m = vsnprintf(text + n, sizeof(text) - (size_t)n - 1, fmt, ap);
	size_t len;

	if (m < 0)
		return;
	len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	text[len++] = '\n';
	/* A log that cannot be written must not stop the service. */
	if (write(log_fd, text, len) < 0)
		return;
}

void
log_event(const char *area, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(area, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *area, const char *fmt, ...)
{
	va_list ap;

	if (!is_verbose)
		return;
	va_start(ap, fmt);
	line(area, fmt, ap);
	va_end(ap);
}

void
log_err(const char *area, const char *what, const struct err *err)
{
	log_event(area, "%s=failed code=%s why=\"%s\"", what, err_word(err->code), err->msg);
}
