/* Any bytes to the converter: no crash; nothing comes out of a refusal, which has a sentence; what comes out is
 * well-formed XML and the same the second time. What converts, loads: the engine refuses only an author's own
 * expressions and features that it knows by name. */
#include <libxml/parser.h>
#include <stdio.h>
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

static enum err_code
open_file(void *arg, const char *uri, struct buf *out, struct err *err)
{
	(void)arg;
	if (strstr(uri, ".geojson") != NULL)
		buf_puts(out, "{\"type\":\"FeatureCollection\",\"features\":[]}");
	else
		buf_puts(out, strstr(uri, "csv") != NULL ? "name,label\n" : "<root/>");
	return buf_check(out, err);
}

static bool
no_file(void *arg, const char *name)
{
	(void)arg, (void)name;
	return false;
}

/* What an author writes reaches the engine as it stands: expressions and what they add up to, and names of
 * features that the converter carries for other programs. Anything else would be the converter's own doing. */
static bool
by_the_author(const char *text)
{
	static const char *const said[] = { "at character ", "depend", "last-saved", "(limit ", "is not supported", "odk:",
		"no item of the list has a <label>" };

	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (strstr(text, said[i]) != NULL)
			return true;
	return false;
}

static void
load(const struct buf *xml)
{
	const struct form_rules rules = { .admit = false, .open = open_file };
	struct findings found;
	struct form *form = NULL;
	struct err err = { 0 };

	findings_init(&found);
	if (form_load(buf_str(xml), xml->len, &rules, &found, &form, &err) != ERR_OK) {
		if (form != NULL || err.msg[0] == '\0')
			abort();
		for (size_t i = 0; i < found.n; i++)
			if (!found.list[i].warning && !by_the_author(found.list[i].text)) {
				fprintf(stderr, "%s: %s\n%s\n", found.list[i].place, found.list[i].text, buf_str(xml));
				abort();
			}
	}
	form_free(form);
	findings_clear(&found);
}

/* form check on what converts: it refuses with errors, or passes without. */
static void
check(const uint8_t *data, size_t size)
{
	const struct form_files none = { .exists = no_file, .open = open_file };
	struct findings found;
	struct err err = { 0 };
	enum err_code rc;

	findings_init(&found);
	rc = xlsform_check(data, size, "fuzz.csv", &none, &found, NULL, &err);
	if (rc == ERR_OK ? found.errors != 0 : found.errors == 0 && err.msg[0] == '\0')
		abort();
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
		check(data, size);
		if (data[0] == 'P' || memchr(data, '<', size < 4 ? size : 4) == NULL)	/* XForm XML comes out as it is */
			load(&one);
	}
	buf_free(&two);
	buf_free(&one);
	return 0;
}
