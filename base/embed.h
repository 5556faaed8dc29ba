/* Files compiled into the programs: everything in FOLDER/sql, FOLDER/static and FOLDER/words, as table
 * embed_FOLDER (declared in the generated FOLDER/embed.h), sorted by name, ended by a NULL name. */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include <stddef.h>

struct embed_file {
	const char *name;	/* "static/kiosk.css", "sql/1.sql" */
	const char *data;	/* LEN bytes, then a NUL */
	size_t len;
};

/* The file called NAME, or NULL. */
const struct embed_file *embed_find(const struct embed_file *table, const char *name);

#endif
