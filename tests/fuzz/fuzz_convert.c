/* Any bytes to the converter: no crash; nothing comes out of a refusal; what comes out is well-formed XML and
 * the same the second time, and the engine loads it or says why not; a refusal has a sentence. */
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "forms/form.h"
#include "forms/xlsform.h"

static enum err_code
once(const uint8_t *data, size_t size, struct buf *xml)
{
	struct findings found;
	struct err err = { 0 };
	enum err_code rc;

	findings_init(&found);
	rc = xlsform_convert(data, size, "fuzz.csv", NULL, xml, &found, &err);
	if (rc != ERR_OK && (xml->len != 0 || (found.errors == 0 && err.msg[0] == '\0')))
		abort();
	if (rc == ERR_OK && found.errors != 0)
		abort();
	findings_clear(&found);
	return rc;
}

static void
load(const struct buf *xml)
{
	const struct form_rules rules = { .admit = false };
	struct findings found;
	struct form *form = NULL;
	struct err err = { 0 };

	findings_init(&found);
	if (form_load(buf_str(xml), xml->len, &rules, &found, &form, &err) != ERR_OK && (form != NULL || err.msg[0] == '\0'))
		abort();
	form_free(form);
	findings_clear(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one, two;

	buf_init(&one, 64 << 20);
	buf_init(&two, 64 << 20);
	if (once(data, size, &one) != once(data, size, &two) || one.len != two.len
	    || (one.len > 0 && memcmp(one.data, two.data, one.len) != 0))
		abort();
	if (one.len > 0) {
		xmlDoc *doc = xmlReadMemory((const char *)one.data, (int)one.len, NULL, NULL,
		    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

		if (doc == NULL)
			abort();
		xmlFreeDoc(doc);
		load(&one);
	}
	buf_free(&two);
	buf_free(&one);
	return 0;
}
