/* A program's configuration: a table of what may be set, read from "key = value" files. */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum config_type {
	CONFIG_TEXT,	/* char *, malloc'ed; free with config_clear */
	CONFIG_INT,	/* int64_t within min..max */
	CONFIG_BOOL,	/* bool: yes or no */
};

struct config_key {
	const char *section;	/* "" for keys above the first section */
	const char *name;
	enum config_type type;
	size_t offset;		/* of the field in the caller's struct: offsetof */
	const char *preset;	/* default, as text; NULL: must be given */
	int64_t min, max;	/* CONFIG_INT; CONFIG_TEXT: most characters (0: 4096) */
	const char *help;
};

/* Set every field of CONF (all zero before) from PATH, defaults first. PATH NULL: defaults only.
 * Errors name FILE:LINE, the key and what would be right: ERR_INPUT (unknown key, repeated key, bad
 * value, missing key), ERR_ABSENT. On failure CONF is cleared. */
enum err_code config_read(const char *path, const struct config_key *keys, size_t n, void *conf,
	struct err *err) MUST_CHECK;
/* Free texts and zero all declared fields. */
void config_clear(const struct config_key *keys, size_t n, void *conf);
/* Print the table as a commented example file to stdout. */
void config_print(const struct config_key *keys, size_t n);

#endif
