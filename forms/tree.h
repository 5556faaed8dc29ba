/* Rows: the one shape of all XML the engine looks at. Two kinds of trees are made of them.
 * - An XML tree (xtree.c): any document; rows in document order; row 1 is the document node; attributes
 *   follow their element.
 * - A form tree (block.c): the primary instance, made of blocks of fixed layout, one for the root and one
 *   for each instance of a repeat, so that the row of a form node in an instance is one addition away.
 *   Each repeat has a head row before its instances; XPath does not see heads. */
#ifndef FORMS_TREE_H
#define FORMS_TREE_H

#include "base/buf.h"
#include "forms/names.h"

struct form;

enum row_kind { ROW_NONE, ROW_DOCUMENT, ROW_ELEMENT, ROW_TEXT, ROW_ATTRIBUTE, ROW_COMMENT, ROW_PI, ROW_HEAD };

enum row_flag {
	ROW_OFF = 1,		/* its own relevant is false, or a surplus instance of jr:count */
	ROW_HIDDEN = 2,		/* an ancestor is off */
	ROW_ABSENT = 4,		/* not in the document that was read */
	ROW_USER = 8,		/* the user's value stands over the calculate */
	ROW_LOCKED = 16,	/* readonly, or in something readonly (kept for the state, computed when asked) */
	ROW_SURPLUS = 32,	/* an instance beyond jr:count */
	ROW_GONE = 64,		/* of a removed instance */
	ROW_UNSEEN = ROW_OFF | ROW_HIDDEN | ROW_ABSENT | ROW_SURPLUS | ROW_GONE,
};

struct row {
	uint32_t name;		/* in names; ROW_HEAD: number of instances */
	uint32_t node;		/* form node; 0xffffffff in XML trees */
	uint32_t parent, first, next;
	uint32_t value, len;	/* own text in TEXT; ROW_HEAD: first and last instance */
	uint16_t flags;
	uint8_t kind;
	uint8_t spare;
};

#define NO_NODE 0xffffffffu

struct tree {
	struct row *rows;	/* from 1 */
	uint32_t n, cap;	/* rows in use, beginning with 1: rows[1..n] */
	uint32_t max;
	struct buf text;	/* values; secret in form trees */
	size_t dead;		/* bytes of TEXT no row refers to */
	struct names *names;	/* or const, where nothing is added */
	const struct form *form;	/* NULL: an XML tree */
	bool secret;
};

void tree_init(struct tree *t, struct names *names, const struct form *form, bool secret, size_t max_rows,
	size_t max_text);
void tree_free(struct tree *t);
/* N new zeroed rows in one piece; the first, or 0 (ERR_LIMIT or ERR_NOMEM in *ERR). */
uint32_t tree_rows(struct tree *t, uint32_t n, struct err *err);
/* Own value of a row. */
enum err_code tree_set(struct tree *t, uint32_t row, const char *text, size_t len, struct err *err) MUST_CHECK;
static inline const char *
tree_text(const struct tree *t, uint32_t row)
{
	return t->rows[row].len == 0 ? "" : (const char *)t->text.data + t->rows[row].value;
}
/* Copy living values together when more than half of TEXT is dead. */
void tree_compact(struct tree *t);

/* --- XML trees --- */
struct _xmlDoc;
struct _xmlNode;
struct xml_rules {
	bool all;		/* keep text, comments and PIs as rows; else text of leaves is their value */
	bool keep_ns;		/* names with namespaces; else local names only */
	bool no_blank;		/* !all: text between child elements is dropped (always); unused with all */
	size_t depth;		/* deepest nesting; 0: 200 */
	size_t max_rows;
};
/* Parse bytes: no network, no DTD (ALLOW_DTD: it is ignored), no entities but the five. The caller frees
 * with xmlFreeDoc. */
enum err_code xml_parse(const char *xml, size_t len, bool allow_dtd, struct _xmlDoc **out, struct err *err) MUST_CHECK;
void xml_free(struct _xmlDoc *doc);
/* Append DOC's content as an XML tree: T must be new. */
enum err_code xtree_from_node(struct tree *t, const struct _xmlNode *root, const struct xml_rules *rules,
	struct err *err) MUST_CHECK;

#endif
