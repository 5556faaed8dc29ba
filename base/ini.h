/* The text format of configurations and indicator definitions (indicators.md section 1):
 * "[section]" or "[section argument]"; "key = value" or "key.label = value", split at the first '=' and
 * trimmed; a line that begins with a blank continues the value above (joined by one space); '#' opens a
 * comment only as the first non-blank. UTF-8, LF (CRLF accepted). No quotes, no escapes. */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/buf.h"

struct ini_item {
	const char *section;	/* "" before the first section */
	const char *argument;	/* "" if none */
	const char *key;	/* [a-z][a-z0-9_]*; NULL: the section line itself */
	const char *label;	/* [A-Za-z0-9_-]+; "" if none */
	const char *value;
	int line;		/* of the key, from 1 */
};

/* Called for every section line and every item, in order; all texts are borrowed for the call.
 * A return other than ERR_OK stops the reading and is returned. */
typedef enum err_code ini_fn(void *arg, const struct ini_item *item, struct err *err);

/* NAME is for messages: "NAME:LINE: what is wrong". ERR_INPUT for syntax, ERR_LIMIT over 1 MiB. */
enum err_code ini_read(const char *name, const char *text, size_t len, ini_fn *fn, void *arg,
	struct err *err) MUST_CHECK;

#endif
