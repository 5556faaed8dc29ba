/* XForm XML given instead of a sheet: well formed, without a document type, and an XForm. */
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "forms/xguard.h"
#include "forms/xlsform_int.h"

struct look {
	bool seen, root_ok, model, instance, body, dtd;
	xmlParserCtxtPtr ctx;
	char message[200];
	int line;
};

static void
on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
	int n, int n_default, const xmlChar **attrs)
{
	struct look *l = arg;
	const char *s = (const char *)name;

	(void)prefix, (void)n_ns, (void)ns, (void)n, (void)n_default, (void)attrs;
	if (!l->seen && strcmp(s, "html") == 0 && uri != NULL)
		l->root_ok = strcmp((const char *)uri, "http://www.w3.org/1999/xhtml") == 0;
	l->seen = true;
	l->model = l->model || strcmp(s, "model") == 0;
	l->instance = l->instance || strcmp(s, "instance") == 0;
	l->body = l->body || strcmp(s, "body") == 0;
}

static void
on_dtd(void *arg, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	struct look *l = arg;

	(void)name, (void)public_id, (void)system_id;
	l->dtd = true;
	xmlStopParser(l->ctx);
}

static void
on_error(void *arg, xmlErrorPtr error)
{
	struct look *l = arg;

	if (l->message[0] != '\0' || error->message == NULL || error->level < XML_ERR_ERROR)
		return;
	l->line = error->line;
	snprintf(l->message, sizeof(l->message), "%s", error->message);
	l->message[strcspn(l->message, "\n")] = '\0';
}

enum err_code
xlsform_check_xml(const void *data, size_t len, struct findings *findings, struct err *err)
{
	xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC, .startElementNs = on_start, .internalSubset = on_dtd };
	struct look l = { .root_ok = false };
	struct xguard guard = { .state = 0 };
	struct err why = { 0 };
	char place[64];

	if (xguard_encoding(data, len, &why) != ERR_OK || xguard(&guard, data, len, &why) != ERR_OK) {
		findings_add(findings, false, 1, "", "%s", why.msg);
		return ERR_OK;
	}
	sax.serror = on_error;
	l.ctx = xmlCreatePushParserCtxt(&sax, &l, NULL, 0, NULL);
	if (l.ctx == NULL)
		return err_nomem(err);
	xmlCtxtUseOptions(l.ctx, XML_PARSE_NONET);
	for (size_t at = 0; at < len && !l.dtd; at += 65536)
		if (xmlParseChunk(l.ctx, (const char *)data + at, (int)(len - at < 65536 ? len - at : 65536), 0) != 0)
			break;
	if (!l.dtd)
		xmlParseChunk(l.ctx, NULL, 0, 1);
	snprintf(place, sizeof(place), "line %d", l.line);
	if (l.dtd)
		findings_add(findings, false, 1, "", "the XML has a document type (DOCTYPE): forms have none; remove it");
	else if (l.ctx->wellFormed == 0)
		findings_add(findings, false, l.line, place, "this is not well-formed XML: %s", l.message);
	else if (!l.root_ok || !l.model || !l.instance || !l.body)
		findings_add(findings, false, 1, "", "this XML is no XForm: an h:html with a head, model, instance and body is needed");
	if (l.ctx->myDoc != NULL)
		xmlFreeDoc(l.ctx->myDoc);
	xmlFreeParserCtxt(l.ctx);
	return ERR_OK;
}
