/* What an XML parser is not asked to read. libxml2 looks at every attribute of an element for each further
 * one, and at every namespace in scope for each prefix: 400,000 attributes took it a minute. The guard walks
 * the bytes first, in pieces as they come; it knows tags, quotes, comments and the like, nothing else. */
#ifndef FORMS_XGUARD_H
#define FORMS_XGUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum xguard_limits {
	XGUARD_ATTRIBUTES = 500,	/* of an element, declarations of namespaces included */
	XGUARD_NAMESPACES = 250,	/* declared at once by an element and those around it */
	XGUARD_DEPTH = 250,		/* libxml2 itself goes no deeper than 256 */
	XGUARD_TAG = 4 << 20,		/* bytes of a tag */
};

/* All zero to begin with. */
struct xguard {
	uint8_t state;
	char quote;
	uint8_t kind;		/* of tag */
	bool slash, declares;
	uint8_t matched;	/* of "<!--", "<![CDATA[", or of an end that is looked for */
	uint8_t word;		/* of "xmlns" */
	unsigned attributes, namespaces, depth;
	size_t tag;
	uint16_t at_depth[XGUARD_DEPTH + 1];	/* namespaces declared by the open elements */
};

/* Is the document in an encoding whose markup is plain ASCII bytes (UTF-8, Latin-1 and their like)? P is its
 * beginning. ERR_INPUT if not. */
enum err_code xguard_encoding(const void *p, size_t n, struct err *err) MUST_CHECK;
/* The next N bytes. ERR_LIMIT, the limit named. What is no XML at all is left to the parser. */
enum err_code xguard(struct xguard *g, const void *p, size_t n, struct err *err) MUST_CHECK;

#endif
