/* XML documents as rows. libxml2 parses; nothing else of it is used. See tree.h. */
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "forms/tree.h"
#include "forms/xguard.h"

/* libxml2's messages quote the document: only its place and kind are passed on. *ARG (bool): memory ran out, which
 * a later error may hide. */
static void
quiet(void *arg, xmlErrorPtr e)
{
	if (e != NULL && e->code == XML_ERR_NO_MEMORY)
		*(bool *)arg = true;
}

enum err_code
xml_parse(const char *xml, size_t len, bool allow_dtd, struct _xmlDoc **out, struct err *err)
{
	struct xguard guard = { .state = 0 };
	xmlParserCtxtPtr p;
	enum err_code rc = ERR_OK;
	bool out_of_memory = false;

	*out = NULL;
	if (len > 0x7fffffff)
		return err_set(err, ERR_LIMIT, "the document is too long");
	if (len == 0)
		return err_set(err, ERR_INPUT, "the document is empty");
	if (!allow_dtd && memmem(xml, len, "<!DOCTYPE", 9) != NULL)
		return err_set(err, ERR_INPUT, "a document type declaration (<!DOCTYPE) is not allowed: remove it");
	rc = xguard_encoding(xml, len, err);
	if (rc == ERR_OK)
		rc = xguard(&guard, xml, len, err);
	if (rc != ERR_OK)
		return rc;
	p = xmlNewParserCtxt();
	if (p == NULL)
		return err_nomem(err);
	xmlSetStructuredErrorFunc(&out_of_memory, quiet);
	*out = xmlCtxtReadMemory(p, xml, (int)len, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT
	    | (allow_dtd ? XML_PARSE_NOENT : 0));
	xmlSetStructuredErrorFunc(NULL, NULL);
	if (out_of_memory && *out != NULL) {
		/* what is there may lack attributes */
		xmlFreeDoc(*out);
		*out = NULL;
		rc = err_nomem(err);
	} else if (*out == NULL) {
		const xmlError *e = xmlCtxtGetLastError(p);

		/* without a reason of its own the parser ran out of memory */
		if (out_of_memory || e == NULL || e->code == XML_ERR_NO_MEMORY || e->code == XML_ERR_OK)
			rc = err_nomem(err);
		else
			rc = err_set(err, ERR_INPUT, "line %d: this is not well-formed XML (libxml2 error %d)",
			    e->line, e->code);
	} else if (!allow_dtd && (*out)->intSubset != NULL) {
		rc = err_set(err, ERR_INPUT, "a document type declaration (<!DOCTYPE) is not allowed: remove it");
		xmlFreeDoc(*out);
		*out = NULL;
	} else if (xmlDocGetRootElement(*out) == NULL) {
		rc = err_set(err, ERR_INPUT, "the document has no root element");
		xmlFreeDoc(*out);
		*out = NULL;
	}
	xmlFreeParserCtxt(p);
	return rc;
}

struct walk {
	struct tree *t;
	const struct xml_rules *rules;
	struct err *err;
};

static uint32_t
name_of(struct walk *w, const xmlChar *local, const xmlNs *ns)
{
	char q[512];
	const char *l = (const char *)local;

	if (!w->rules->keep_ns || ns == NULL)
		return names_put(w->t->names, l, strlen(l), "");
	if (ns->prefix == NULL)
		return names_put(w->t->names, l, strlen(l), (const char *)ns->href);
	if ((size_t)snprintf(q, sizeof(q), "%s:%s", (const char *)ns->prefix, l) >= sizeof(q))
		return 0;
	return names_put(w->t->names, q, strlen(q), (const char *)ns->href);
}

static enum err_code
add(struct walk *w, uint32_t parent, uint32_t *last, enum row_kind kind, uint32_t name, const xmlChar *text,
	uint32_t *out)
{
	uint32_t row = tree_rows(w->t, 1, w->err);
	struct row *r;

	if (row == 0)
		return w->err->code;
	r = &w->t->rows[row];
	r->kind = (uint8_t)kind;
	r->name = name;
	r->node = NO_NODE;
	r->parent = parent;
	if (kind != ROW_ATTRIBUTE) {
		if (*last == 0)
			w->t->rows[parent].first = row;
		else
			w->t->rows[*last].next = row;
		*last = row;
	}
	*out = row;
	if (text == NULL || text[0] == '\0')
		return ERR_OK;
	return tree_set(w->t, row, (const char *)text, strlen((const char *)text), w->err);
}

static enum err_code
attributes(struct walk *w, const xmlNode *e, uint32_t row)
{
	for (const xmlAttr *a = e->properties; a != NULL; a = a->next) {
		xmlChar *v = xmlNodeListGetString(e->doc, a->children, 1);
		uint32_t none = 0, at;
		enum err_code rc = v == NULL && a->children != NULL ? err_nomem(w->err)
		    : add(w, row, &none, ROW_ATTRIBUTE, name_of(w, a->name, a->ns), v, &at);

		xmlFree(v);
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static bool
is_text(const xmlNode *c)
{
	return c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE;
}

static enum err_code
children(struct walk *w, const xmlNode *list, uint32_t parent, unsigned depth)
{
	uint32_t last = 0, row;
	bool leaf = true;
	enum err_code rc = ERR_OK;

	if (depth > (w->rules->depth != 0 ? w->rules->depth : 200))
		return err_set(w->err, ERR_LIMIT, "elements are nested more than %u deep (limit depth)", depth - 1);
	for (const xmlNode *c = list; c != NULL; c = c->next)
		if (c->type == XML_ELEMENT_NODE)
			leaf = false;
	for (const xmlNode *c = list; c != NULL && rc == ERR_OK; c = c->next) {
		if (c->type == XML_ELEMENT_NODE) {
			rc = add(w, parent, &last, ROW_ELEMENT, name_of(w, c->name, c->ns), NULL, &row);
			if (rc == ERR_OK)
				rc = attributes(w, c, row);
			if (rc == ERR_OK)
				rc = children(w, c->children, row, depth + 1);
		} else if (is_text(c) && w->rules->all) {
			rc = add(w, parent, &last, ROW_TEXT, 0, c->content, &row);
		} else if (is_text(c) && leaf && w->t->rows[parent].kind == ROW_ELEMENT) {
			if (w->t->rows[parent].len == 0)
				rc = tree_set(w->t, parent, (const char *)c->content,
				    c->content != NULL ? strlen((const char *)c->content) : 0, w->err);
			else if (c->content != NULL) {
				/* text split by a comment */
				struct row *p = &w->t->rows[parent];

				buf_puts(&w->t->text, (const char *)c->content);
				rc = buf_check(&w->t->text, w->err);
				if (rc == ERR_OK)
					p->len = (uint32_t)(w->t->text.len - p->value);
			}
		} else if (c->type == XML_COMMENT_NODE && w->rules->all) {
			rc = add(w, parent, &last, ROW_COMMENT, 0, c->content, &row);
		} else if (c->type == XML_PI_NODE && w->rules->all) {
			rc = add(w, parent, &last, ROW_PI, name_of(w, c->name, NULL), c->content, &row);
		}
	}
	return rc;
}

enum err_code
xtree_from_node(struct tree *t, const struct _xmlNode *root, const struct xml_rules *rules, struct err *err)
{
	struct err mine;
	struct walk w = { .t = t, .rules = rules, .err = err != NULL ? err : &mine };
	uint32_t doc = tree_rows(t, 1, w.err), last = 0, row;
	enum err_code rc;

	if (doc == 0)
		return w.err->code;
	t->rows[doc].kind = ROW_DOCUMENT;
	t->rows[doc].node = NO_NODE;
	if (root->type == XML_DOCUMENT_NODE)
		return children(&w, root->children, doc, 0);
	rc = add(&w, doc, &last, ROW_ELEMENT, name_of(&w, root->name, root->ns), NULL, &row);
	if (rc == ERR_OK)
		rc = attributes(&w, root, row);
	if (rc == ERR_OK)
		rc = children(&w, root->children, row, 1);
	return rc;
}

void
xml_free(struct _xmlDoc *doc)
{
	if (doc != NULL)
		xmlFreeDoc(doc);
}
