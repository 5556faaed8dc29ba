/* Errors as values. See err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
clean(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

/* Cut a UTF-8 sequence that the end of the buffer split. */
static void
cut(char *s, size_t len)
{
	size_t i = len;

	while (i > 0 && ((unsigned char)s[i - 1] & 0xc0) == 0x80 && len - i < 4)
		i--;
	if (i == 0)
		return;
	unsigned char c = (unsigned char)s[i - 1];
	size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	if (need > len - i + 1)
		s[i - 1] = '\0';
}

static void
format(struct err *err, const char *fmt, va_list ap)
{
	int n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);

	if (n < 0)
		err->msg[0] = '\0';
	else if ((size_t)n >= sizeof(err->msg))
		cut(err->msg, sizeof(err->msg) - 1);
	clean(err->msg);
}

enum err_code
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return code;
	err->code = code;
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	return code;
}

enum err_code
err_in(struct err *err, const char *fmt, ...)
{
	char was[sizeof(err->msg)];
	size_t len;
	va_list ap;

	if (err == NULL)
		return ERR_BROKEN;
	memcpy(was, err->msg, sizeof(was));
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	if (len + 2 < sizeof(err->msg)) {
		int n = snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", was);
		if (n >= 0 && (size_t)n >= sizeof(err->msg) - len)
			cut(err->msg, sizeof(err->msg) - 1);
	}
	return err->code;
}

enum err_code
err_nomem(struct err *err)
{
	return err_set(err, ERR_NOMEM, "out of memory");
}

const char *
err_word(enum err_code code)
{
	switch (code) {
	case ERR_OK: return "ok";
	case ERR_INPUT: return "input";
	case ERR_LIMIT: return "limit";
	case ERR_DENIED: return "denied";
	case ERR_AGAIN: return "again";
	case ERR_EXISTS: return "exists";
	case ERR_ABSENT: return "absent";
	case ERR_BROKEN: return "broken";
	case ERR_NOMEM: return "nomem";
	}
	return "unknown";
}
