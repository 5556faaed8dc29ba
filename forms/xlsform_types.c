/* The table of question types: XLSForm's names and old spellings, and what each becomes (forms.md 1.2). */
#include <stdio.h>
#include <string.h>

#include "forms/near.h"
#include "forms/xlsform_int.h"

static const struct xtype TYPES[] = {
	{ "text", TYPE_PLAIN, "string", "input", NULL, NULL, NULL },
	{ "integer", TYPE_PLAIN, "int", "input", NULL, NULL, NULL },
	{ "decimal", TYPE_PLAIN, "decimal", "input", NULL, NULL, NULL },
	{ "date", TYPE_PLAIN, "date", "input", NULL, NULL, NULL },
	{ "time", TYPE_PLAIN, "time", "input", NULL, NULL, NULL },
	{ "dateTime", TYPE_PLAIN, "dateTime", "input", NULL, NULL, NULL },
	{ "note", TYPE_NOTE, "string", "input", NULL, NULL, NULL },
	{ "calculate", TYPE_PLAIN, "string", NULL, NULL, NULL, NULL },
	{ "hidden", TYPE_PLAIN, "string", NULL, NULL, NULL, NULL },
	{ "acknowledge", TYPE_PLAIN, "string", "trigger", NULL, NULL, NULL },
	{ "barcode", TYPE_PLAIN, "barcode", "input", NULL, NULL, NULL },
	{ "percentage", TYPE_PLAIN, "int", "input", NULL, NULL, NULL },
	{ "phone number", TYPE_PLAIN, "string", "input", NULL, NULL, NULL },
	{ "number of days in last month", TYPE_PLAIN, "int", "input", "31", NULL, NULL },
	{ "number of days in last six months", TYPE_PLAIN, "int", "input", "183", NULL, NULL },
	{ "number of days in last year", TYPE_PLAIN, "int", "input", "365", NULL, NULL },
	{ "select_one", TYPE_SELECT, "string", "select1", NULL, NULL, NULL },
	{ "select_multiple", TYPE_SELECT, "string", "select", NULL, NULL, NULL },
	{ "rank", TYPE_SELECT, "odk:rank", "odk:rank", NULL, NULL, NULL },
	{ "select_one_from_file", TYPE_SELECT, "string", "select1", NULL, NULL, NULL },
	{ "select_multiple_from_file", TYPE_SELECT, "string", "select", NULL, NULL, NULL },
	{ "range", TYPE_RANGE, "int", "range", NULL, NULL, NULL },
	{ "start", TYPE_META, "dateTime", NULL, "start", "timestamp", NULL },
	{ "end", TYPE_META, "dateTime", NULL, "end", "timestamp", NULL },
	{ "today", TYPE_META, "date", NULL, "today", "date", NULL },
	{ "deviceid", TYPE_META, "string", NULL, "deviceid", "property", NULL },
	{ "username", TYPE_META, "string", NULL, "username", "property", NULL },
	{ "email", TYPE_META, "string", NULL, "email", "property", NULL },
	{ "phonenumber", TYPE_META, "string", NULL, "phonenumber", "property", NULL },
	{ "uri:deviceid", TYPE_META, "string", NULL, "uri:deviceid", "property", NULL },
	{ "uri:username", TYPE_META, "string", NULL, "uri:username", "property", NULL },
	{ "uri:phonenumber", TYPE_META, "string", NULL, "uri:phonenumber", "property", NULL },
	{ "uri:email", TYPE_META, "string", NULL, "uri:email", "property", NULL },
	{ "uri:simserial", TYPE_META, "string", NULL, "uri:simserial", "property", NULL },
	{ "uri:subscriberid", TYPE_META, "string", NULL, "uri:subscriberid", "property", NULL },
	{ "image", TYPE_UPLOAD, "binary", "upload", "image/*", NULL, NULL },
	{ "audio", TYPE_UPLOAD, "binary", "upload", "audio/*", NULL, NULL },
	{ "video", TYPE_UPLOAD, "binary", "upload", "video/*", NULL, NULL },
	{ "file", TYPE_UPLOAD, "binary", "upload", "application/*", NULL, NULL },
	{ "geopoint", TYPE_PLAIN, "geopoint", "input", NULL, NULL, NULL },
	{ "audit", TYPE_AUDIT, "binary", NULL, NULL, NULL, NULL },
	{ "csv-external", TYPE_EXTERNAL, NULL, NULL, "jr://file-csv/", ".csv", NULL },
	{ "xml-external", TYPE_EXTERNAL, NULL, NULL, "jr://file/", ".xml", NULL },
	{ "geotrace", TYPE_PLAIN, "geotrace", "input", NULL, NULL, NULL },
	{ "geoshape", TYPE_PLAIN, "geoshape", "input", NULL, NULL, NULL },
	{ "start-geopoint", TYPE_BACKGROUND, "geopoint", NULL, NULL, NULL, NULL },
	{ "background-geopoint", TYPE_BACKGROUND, "geopoint", NULL, NULL, NULL, NULL },
	{ "background-audio", TYPE_BACKGROUND, "binary", NULL, NULL, NULL, NULL },
	{ "osm", TYPE_UPLOAD, "binary", "upload", "osm/*", NULL, NULL },
	{ "simserial", TYPE_META, "string", NULL, "simserial", "property", NULL },
	{ "subscriberid", TYPE_META, "string", NULL, "subscriberid", "property", NULL },
	{ "imei", TYPE_META, "string", NULL, "deviceid", "property", NULL },
	{ "select_one_external", TYPE_SELECT, "string", "input", NULL, NULL, NULL },
	{ "include", TYPE_BACKGROUND, NULL, NULL, NULL, NULL, "pulls in another file, which is not supported; copy its rows into this survey" },
	{ "cascading_select", TYPE_BACKGROUND, NULL, NULL, NULL, NULL,
	    "is an old form of cascades; use select_one with a choice_filter" },
};

static const struct {
	const char *alias, *name;
} ALIASES[] = {
	{ "string", "text" }, { "int", "integer" }, { "datetime", "dateTime" }, { "date time", "dateTime" },
	{ "trigger", "acknowledge" }, { "photo", "image" }, { "picture", "image" }, { "gps", "geopoint" },
	{ "location", "geopoint" }, { "start time", "start" }, { "end time", "end" }, { "today time", "today" },
	{ "device id", "deviceid" }, { "phone_number", "phone number" },
	{ "get phone number", "phonenumber" },	/* not "phone number", which asks for one */
	{ "sim id", "simserial" }, { "sim serial", "simserial" }, { "subscriber id", "subscriberid" },
	{ "device_id", "deviceid" },
	{ "select one", "select_one" }, { "select one from", "select_one" }, { "select1", "select_one" },
	{ "add select one prompt using", "select_one" }, { "select one using", "select_one" },
	{ "select multiple", "select_multiple" }, { "select all that apply", "select_multiple" },
	{ "select all that apply from", "select_multiple" }, { "select multiple from", "select_multiple" },
	{ "select multiple using", "select_multiple" }, { "select", "select_multiple" },
	{ "add select multiple prompt using", "select_multiple" },
	{ "select one from file", "select_one_from_file" }, { "select_one from file", "select_one_from_file" },
	{ "select multiple from file", "select_multiple_from_file" },
	{ "select_multiple from file", "select_multiple_from_file" },
	{ "select one external", "select_one_external" }, { "background audio", "background-audio" },
	{ "begin_include", "include" }, { "cascading select", "cascading_select" },
};

static const struct xtype *
exact(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(ALIASES); i++) {
		if (strlen(ALIASES[i].alias) == len && memcmp(ALIASES[i].alias, text, len) == 0) {
			text = ALIASES[i].name;
			len = strlen(text);
			break;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (strlen(TYPES[i].name) == len && memcmp(TYPES[i].name, text, len) == 0)
			return &TYPES[i];
	return NULL;
}

const struct xtype *
xtype_find(const char *text)
{
	size_t len = strlen(text);
	const struct xtype *t = exact(text, len);

	if (t != NULL)
		return t;
	if (strncmp(text, "add ", 4) == 0 && len > 11 && strcmp(text + len - 7, " prompt") == 0)
		return exact(text + 4, len - 11);
	if (strncmp(text, "q ", 2) == 0)
		return exact(text + 2, len - 2);
	if (strncmp(text, "get ", 4) == 0)
		return exact(text + 4, len - 4);
	return NULL;
}

const char *
xtype_near(const char *text)
{
	struct near n;

	near_init(&n, text);
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (TYPES[i].refused == NULL)
			near_try(&n, TYPES[i].name);
	near_try(&n, "begin_group");
	near_try(&n, "end_group");
	near_try(&n, "begin_repeat");
	near_try(&n, "end_repeat");
	return n.best;
}

/* Converted, because other programs can use the form, but never run here. */
const char *
xtype_warning(const struct xtype *t)
{
	static const struct { const char *name, *why; } WARNED[] = {
		{ "geotrace", "asks where people are" }, { "geoshape", "asks where people are" },
		{ "geopoint", "asks where people are" }, { "osm", "asks where people are" },
		{ "image", "asks for a file" }, { "audio", "asks for a file" }, { "video", "asks for a file" }, { "file", "asks for a file" },
		{ "start-geopoint", "records where people are without asking" },
		{ "background-geopoint", "records where people are without asking" },
		{ "background-audio", "records people without asking" },
		{ "simserial", "reads a SIM card" }, { "subscriberid", "reads a SIM card" },
		{ "uri:simserial", "reads a SIM card" }, { "uri:subscriberid", "reads a SIM card" },
		{ "select_one_external", "needs the old itemsets.csv; select_one_from_file FILE.csv does the same" },
	};

	for (size_t i = 0; i < ARRAY_LEN(WARNED); i++)
		if (strcmp(t->name, WARNED[i].name) == 0)
			return WARNED[i].why;
	return NULL;
}
