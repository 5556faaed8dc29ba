/* What each header means: aliases, "::" and translations, as the reference reads them (forms.md 1.1, 1.3,
 * 1.4). A header nobody knows is warned about, with the nearest known one. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/near.h"
#include "forms/xlsform_int.h"

struct known {
	const char *name;
	enum column_use use;
	enum slot slot;
	const char *key;
};

static const struct known SURVEY[] = {
	{ "type", COL_TYPE, 0, NULL }, { "command", COL_TYPE, 0, NULL },
	{ "name", COL_NAME, 0, NULL }, { "tag", COL_NAME, 0, NULL }, { "value", COL_NAME, 0, NULL },
	{ "label", COL_TEXT, TR_LABEL, NULL }, { "caption", COL_TEXT, TR_LABEL, NULL },
	{ "hint", COL_TEXT, TR_HINT, NULL }, { "guidance_hint", COL_TEXT, TR_GUIDANCE, NULL },
	{ "constraint_message", COL_TEXT, TR_CONSTRAINT, NULL },
	{ "constraining_message", COL_TEXT, TR_CONSTRAINT, NULL },
	{ "required_message", COL_TEXT, TR_REQUIRED, NULL }, { "requiredmsg", COL_TEXT, TR_REQUIRED, NULL },
	{ "noapperrorstring", COL_TEXT, TR_NOAPP, NULL }, { "no_app_error_string", COL_TEXT, TR_NOAPP, NULL },
	{ "image", COL_TEXT, TR_IMAGE, NULL }, { "big-image", COL_TEXT, TR_BIG_IMAGE, NULL },
	{ "audio", COL_TEXT, TR_AUDIO, NULL }, { "video", COL_TEXT, TR_VIDEO, NULL },
	{ "required", COL_BIND, 0, "required" }, { "relevant", COL_BIND, 0, "relevant" },
	{ "relevance", COL_BIND, 0, "relevant" }, { "constraint", COL_BIND, 0, "constraint" },
	{ "calculation", COL_BIND, 0, "calculate" }, { "calculate", COL_BIND, 0, "calculate" },
	{ "read_only", COL_BIND, 0, "readonly" }, { "readonly", COL_BIND, 0, "readonly" },
	{ "default", COL_DEFAULT, 0, NULL }, { "appearance", COL_CONTROL, 0, "appearance" },
	{ "parameters", COL_PARAMETERS, 0, NULL }, { "choice_filter", COL_FILTER, 0, NULL },
	{ "repeat_count", COL_COUNT, 0, NULL }, { "count", COL_COUNT, 0, NULL }, { "jr:count", COL_COUNT, 0, NULL },
	{ "trigger", COL_TRIGGER, 0, NULL }, { "autoplay", COL_CONTROL, 0, "autoplay" },
	{ "rows", COL_CONTROL, 0, "rows" }, { "intent", COL_CONTROL, 0, "intent" },
	{ "disabled", COL_DISABLED, 0, NULL }, { "save_to", COL_SAVE_TO, 0, NULL },
	{ "media", COL_MEDIA, 0, NULL },
	{ "compact_tag", COL_INSTANCE, 0, "odk:tag" },
	{ "sms_field", COL_NONE, 0, NULL }, { "sms_option", COL_NONE, 0, NULL },
	{ "sms_separator", COL_NONE, 0, NULL }, { "sms_allow_media", COL_NONE, 0, NULL },
	{ "sms_date_format", COL_NONE, 0, NULL }, { "sms_datetime_format", COL_NONE, 0, NULL },
	{ "sms_response", COL_NONE, 0, NULL },
};

static const struct known CHOICES[] = {
	{ "list_name", COL_LIST, 0, NULL }, { "list name", COL_LIST, 0, NULL },
	{ "name", COL_NAME, 0, NULL }, { "value", COL_NAME, 0, NULL },
	{ "label", COL_TEXT, TR_LABEL, NULL }, { "caption", COL_TEXT, TR_LABEL, NULL },
	{ "image", COL_TEXT, TR_IMAGE, NULL }, { "big-image", COL_TEXT, TR_BIG_IMAGE, NULL },
	{ "audio", COL_TEXT, TR_AUDIO, NULL }, { "video", COL_TEXT, TR_VIDEO, NULL },
};

static const struct known SETTINGS[] = {
	{ "form_title", COL_SETTING, 0, "title" }, { "set_form_title", COL_SETTING, 0, "title" },
	{ "title", COL_SETTING, 0, "title" },
	{ "form_id", COL_SETTING, 0, "id" }, { "set_form_id", COL_SETTING, 0, "id" },
	{ "id_string", COL_SETTING, 0, "id" }, { "version", COL_SETTING, 0, "version" },
	{ "default_language", COL_SETTING, 0, "default_language" }, { "name", COL_SETTING, 0, "name" },
	{ "allow_choice_duplicates", COL_SETTING, 0, "allow_choice_duplicates" },
	{ "clean_text_values", COL_SETTING, 0, "clean_text_values" }, { "style", COL_SETTING, 0, "style" },
	{ "instance_name", COL_SETTING, 0, "instance_name" }, { "namespaces", COL_SETTING, 0, "namespaces" },
	{ "omit_instanceid", COL_SETTING, 0, "omit_instanceid" }, { "public_key", COL_SETTING, 0, "public_key" },
	{ "submission_url", COL_SETTING, 0, "submission_url" }, { "auto_send", COL_SETTING, 0, "auto_send" },
	{ "auto_delete", COL_SETTING, 0, "auto_delete" }, { "client_editable", COL_SETTING, 0, "client_editable" },
	{ "instance_xmlns", COL_SETTING, 0, "instance_xmlns" }, { "prefix", COL_SETTING, 0, "prefix" },
	{ "delimiter", COL_SETTING, 0, "delimiter" }, { "sms_keyword", COL_NONE, 0, NULL },
	{ "sms_separator", COL_NONE, 0, NULL }, { "sms_allow_media", COL_NONE, 0, NULL },
	{ "sms_date_format", COL_NONE, 0, NULL }, { "sms_datetime_format", COL_NONE, 0, NULL },
	{ "sms_response", COL_NONE, 0, NULL }, { "flat", COL_NONE, 0, NULL }, { "add_none_option", COL_NONE, 0, NULL },
};

static const struct known ENTITIES[] = {
	{ "list_name", COL_ENTITY, 0, "list_name" }, { "dataset", COL_ENTITY, 0, "list_name" },
	{ "entity_id", COL_ENTITY, 0, "entity_id" }, { "create_if", COL_ENTITY, 0, "create_if" },
	{ "update_if", COL_ENTITY, 0, "update_if" }, { "label", COL_ENTITY, 0, "label" },
};

static const char *const SURVEY_KIOSK[] = { "alt", "symbol", "speak", "minutes", "max_chars" };
static const char *const SETTINGS_KIOSK[] = { "anonymous", "lane", "time_precision", "idle_seconds", "languages",
	"family", "variant", "roles", "minutes", "locked", "title" };

struct table_kind {
	const char *kind;
	const struct known *known;
	size_t n;
	const char *const *kiosk;
	size_t n_kiosk;
};

static const struct table_kind KINDS[] = {
	{ "survey", SURVEY, ARRAY_LEN(SURVEY), SURVEY_KIOSK, ARRAY_LEN(SURVEY_KIOSK) },
	{ "choices", CHOICES, ARRAY_LEN(CHOICES), NULL, 0 },
	{ "settings", SETTINGS, ARRAY_LEN(SETTINGS), SETTINGS_KIOSK, ARRAY_LEN(SETTINGS_KIOSK) },
	{ "entities", ENTITIES, ARRAY_LEN(ENTITIES), NULL, 0 },
};

/* Lower case, blanks to "_". */
static char *
normal(struct xlsform *x, const char *s, size_t len)
{
	char *out = xf_strn(x, s, len);

	for (char *p = out; p != NULL && *p != '\0'; p++)
		*p = *p == ' ' ? '_' : (char)tolower((unsigned char)*p);
	return out;
}

static const struct known *
lookup(const struct table_kind *k, const char *name)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->known[i].name, name) == 0)
			return &k->known[i];
	return NULL;
}

/* HEADER split at "::", or at ":" when the sheet has no "::" anywhere ("jr:x" stays whole). */
static size_t
split(struct xlsform *x, const char *header, bool doubles, char *token[4])
{
	size_t n = 0;
	const char *p = header;
	bool is_double = doubles || strstr(header, "::") != NULL;

	while (n < 4) {
		const char *q = p, *end;
		size_t len;

		if (n == 3)
			q = NULL;
		else if (is_double)
			q = strstr(p, "::");
		else if (strncmp(p, "jr:", 3) == 0)
			q = strchr(p + 3, ':');
		else
			q = strchr(p, ':');
		end = q != NULL ? q : p + strlen(p);
		while (p < end && *p == ' ')
			p++;
		len = (size_t)(end - p);
		while (len > 0 && p[len - 1] == ' ')
			len--;
		token[n++] = xf_strn(x, p, len);
		if (q == NULL)
			break;
		p = q + (is_double ? 2 : 1);
	}
	return n;
}

static const struct {
	const char *key;
	enum slot slot;
} BIND_TEXTS[] = { { "jr:constraintMsg", TR_CONSTRAINT }, { "jr:requiredMsg", TR_REQUIRED },
	{ "jr:noAppErrorString", TR_NOAPP } };

static const struct {
	const char *key;
	enum slot slot;
} MEDIA[] = { { "image", TR_IMAGE }, { "big-image", TR_BIG_IMAGE }, { "audio", TR_AUDIO }, { "video", TR_VIDEO } };

static const char *const XFORM_BIND[] = { "relevant", "constraint", "required", "readonly", "calculate" };

static void
set_bind(struct column *c, char *key, char *lang)
{
	static const struct { const char *alias, *key; } SAME[] = { { "relevance", "relevant" }, { "read_only", "readonly" },
		{ "calculation", "calculate" } };

	c->use = COL_BIND;
	c->key = key;
	for (size_t i = 0; i < ARRAY_LEN(SAME); i++)
		if (strcasecmp(key, SAME[i].alias) == 0)
			c->key = SAME[i].key;
	for (size_t i = 0; i < ARRAY_LEN(XFORM_BIND); i++)
		if (strcasecmp(key, XFORM_BIND[i]) == 0)
			c->key = XFORM_BIND[i];
	for (size_t i = 0; i < ARRAY_LEN(BIND_TEXTS); i++) {
		if (strcasecmp(key, BIND_TEXTS[i].key) == 0) {
			c->use = COL_TEXT;
			c->slot = BIND_TEXTS[i].slot;
			c->lang = lang;
		}
	}
}

/* Texts have languages, numbers and words for the kiosk have none. */
static void
kiosk_language(struct xlsform *x, struct table *t, struct column *c)
{
	char tag[36];

	xf_tag(c->lang, tag);
	if (strcmp(c->key, "alt") != 0 && strcmp(c->key, "speak") != 0 && strcmp(c->key, "title") != 0)
		xf_error(x, t, 1, t->sheet->header_line, c->raw, "kiosk::%.40s has no languages: call the column kiosk::%.40s", c->key,
		    c->key);
	else if (tag[0] == '\0')
		xf_error(x, t, 1, t->sheet->header_line, c->raw, "the language \"%.60s\" has no tag: write it as \"English (en)\"", c->lang);
}

/* What the converter writes itself: the name in the XForm, and where authors say it. */
static const struct {
	const char *group, *key, *instead;
} TAKEN[] = {
	{ "bind", "nodeset", "name" }, { "body", "ref", "name" }, { "body", "nodeset", "name" }, { "body", "query", "choice_filter" },
	{ "control", "ref", "name" }, { "control", "nodeset", "name" }, { "control", "query", "choice_filter" },
	{ "instance", "jr:template", "begin_repeat in the column type" }, { "attribute", "id", "form_id" },
	{ "attribute", "version", "version" }, { "attribute", "xmlns", "instance_xmlns" },
	{ "attribute", "odk:prefix", "prefix" }, { "attribute", "odk:delimiter", "delimiter" },
};

static void
refuse_taken(struct xlsform *x, struct table *t, const struct column *c, const char *group)
{
	for (size_t i = 0; i < ARRAY_LEN(TAKEN); i++)
		if (strcmp(TAKEN[i].group, group) == 0 && c->key != NULL && strcmp(TAKEN[i].key, c->key) == 0)
			xf_error(x, t, 1, t->sheet->header_line, c->raw, "\"%s\" is written by the converter: remove this column and use %s",
			    TAKEN[i].key, TAKEN[i].instead);
}

static void
kiosk_column(struct xlsform *x, struct table *t, const struct table_kind *k, struct column *c, char **token, size_t n)
{
	struct near near;

	c->use = COL_KIOSK;
	c->key = n > 1 ? token[1] : "";
	c->lang = n > 2 ? token[2] : NULL;
	for (size_t i = 0; i < k->n_kiosk; i++) {
		if (strcmp(k->kiosk[i], c->key) != 0)
			continue;
		if (c->lang != NULL)
			kiosk_language(x, t, c);
		else if (strcmp(c->key, "title") == 0)
			xf_error(x, t, 1, t->sheet->header_line, c->raw, "kiosk::title is the title in another language: call the column "
			    "kiosk::title::Language (tag); form_title is the form's own");
		return;
	}
	near_init(&near, c->key);
	for (size_t i = 0; i < k->n_kiosk; i++)
		near_try(&near, k->kiosk[i]);
	c->use = COL_NONE;
	xf_error(x, t, 1, t->sheet->header_line, c->raw, "no column of the %s sheet is called kiosk::%.40s%s%s%s",
	    k->kind, c->key, near.best != NULL ? "; did you mean \"kiosk::" : "", near.best != NULL ? near.best : "",
	    near.best != NULL ? "\"?" : "");
}

static void
unknown_column(struct xlsform *x, struct table *t, const struct table_kind *k, const struct column *c, const char *word)
{
	struct near near;

	if (strncasecmp(c->raw, "form_title::", 12) == 0) {
		xf_warn(x, t, 1, t->sheet->header_line, c->raw, "this column is not used: a form_title has no languages (XLSForm); for "
		    "kiosks call it kiosk::title::%.60s", c->raw + 12);
		return;
	}
	near_init(&near, word);
	for (size_t i = 0; i < k->n; i++)
		near_try(&near, k->known[i].name);
	if (near.best != NULL)
		xf_warn(x, t, 1, t->sheet->header_line, c->raw, "this column is not used: no column is called \"%.60s\"; "
		    "did you mean \"%s\"?", c->raw, near.best);
	else
		xf_warn(x, t, 1, t->sheet->header_line, c->raw, "this column is not used: no column is called \"%.60s\"; "
		    "start its name with \"_\" to keep it as a private note", c->raw);
}

static void
choice_column(struct xlsform *x, struct table *t, struct column *c)
{
	c->use = COL_EXTRA;
	c->key = c->raw;
	if (!xf_is_name(c->raw)) {
		c->use = COL_NONE;
		xf_warn(x, t, 1, t->sheet->header_line, c->raw, "the column \"%.60s\" is left out: choice columns are XML names "
		    "(letters, digits, _ - . and no spaces); rename it", c->raw);
	}
}

/* What stands behind the last "::" that C has a use for. */
static void
warn_surplus(struct xlsform *x, struct table *t, const struct column *c, char **token, size_t n, size_t used)
{
	if (n > used)
		xf_warn(x, t, 1, t->sheet->header_line, c->raw, "\"%.40s\" at the end of this header is not used: remove it", token[used]);
}

static void
one_column(struct xlsform *x, struct table *t, const struct table_kind *k, struct column *c, bool doubles)
{
	char *token[4];
	char *whole = normal(x, c->raw, strlen(c->raw));
	const struct known *found = whole != NULL ? lookup(k, whole) : NULL;
	size_t n;
	char *head;

	if (found == NULL && strcmp(k->kind, "choices") == 0 && strcasecmp(c->raw, "list name") == 0)
		found = lookup(k, "list_name");
	if (x->rc != ERR_OK)
		return;
	if (found != NULL) {
		c->use = found->use;
		c->slot = found->slot;
		c->key = found->key != NULL ? found->key : found->name;
		if (c->use == COL_MEDIA)
			xf_warn(x, t, 1, t->sheet->header_line, c->raw, "this column is not used: say of what kind its files are with "
			    "media::image, media::audio or media::video");
		else if (c->use == COL_NONE)
			xf_warn(x, t, 1, t->sheet->header_line, c->raw, "this column is not used: %s", strcmp(found->name, "add_none_option") == 0
			    ? "add the choice to the lists that need it" : "answers are not sent by text message");
		return;
	}
	if (c->raw[0] == '_')
		return;
	n = split(x, c->raw, doubles, token);
	head = token[0] != NULL ? normal(x, token[0], strlen(token[0])) : NULL;
	if (x->rc != ERR_OK)
		return;
	if (strcmp(head, "kiosk") == 0 && k->n_kiosk > 0) {
		kiosk_column(x, t, k, c, token, n);
		warn_surplus(x, t, c, token, n, 3);
	} else if (strcmp(k->kind, "survey") == 0 && n > 1 && strcmp(head, "bind") == 0) {
		set_bind(c, token[1], n > 2 ? token[2] : NULL);
		refuse_taken(x, t, c, head);
		warn_surplus(x, t, c, token, n, c->use == COL_TEXT ? 3 : 2);
	} else if (strcmp(k->kind, "survey") == 0 && n > 1 && (strcmp(head, "body") == 0 || strcmp(head, "control") == 0)) {
		c->key = n > 2 ? xf_fmt(x, "%s:%s", token[1], token[2]) : token[1];
		c->use = strcmp(c->key, "jr:count") == 0 ? COL_COUNT : COL_CONTROL;
		refuse_taken(x, t, c, head);
		warn_surplus(x, t, c, token, n, 3);
	} else if (strcmp(k->kind, "survey") == 0 && n > 1 && strcmp(head, "instance") == 0) {
		c->use = COL_INSTANCE;
		c->key = n > 2 ? xf_fmt(x, "%s:%s", token[1], token[2]) : token[1];
		refuse_taken(x, t, c, head);
		warn_surplus(x, t, c, token, n, 3);
	} else if (n > 1 && strcmp(head, "media") == 0 && (k->known == SURVEY || k->known == CHOICES)) {
		for (size_t i = 0; i < ARRAY_LEN(MEDIA); i++) {
			if (strcasecmp(token[1], MEDIA[i].key) == 0) {
				c->use = COL_TEXT;
				c->slot = MEDIA[i].slot;
				c->lang = n > 2 ? token[2] : NULL;
			}
		}
		if (c->use == COL_NONE)
			xf_error(x, t, 1, t->sheet->header_line, c->raw, "no medium is called \"%.40s\": use image, big-image, "
			    "audio or video", token[1]);
		else
			warn_surplus(x, t, c, token, n, 3);
	} else if (strcmp(k->kind, "settings") == 0 && n > 1 && strcmp(head, "attribute") == 0) {
		c->use = COL_ATTRIBUTE;
		c->key = token[1];
		refuse_taken(x, t, c, head);
		warn_surplus(x, t, c, token, n, 2);
	} else {
		found = lookup(k, head);
		if (found != NULL && n > 1 && found->use == COL_TEXT) {
			c->use = COL_TEXT;
			c->slot = found->slot;
			c->lang = token[1] != NULL && token[1][0] != '\0' ? token[1] : NULL;
			warn_surplus(x, t, c, token, n, 2);
		} else if (strcmp(k->kind, "choices") == 0) {
			choice_column(x, t, c);
		} else if (strcmp(k->kind, "entities") == 0) {
			xf_error(x, t, 1, t->sheet->header_line, c->raw, "no column of the entities sheet is called \"%.60s\": "
			    "use list_name, label, entity_id, create_if or update_if", c->raw);
		} else {
			unknown_column(x, t, k, c, head);
		}
	}
}

/* Two headers that mean the same cell. */
static void
find_doubles(struct xlsform *x, const struct table *t)
{
	for (size_t i = 0; i < t->sheet->n_columns; i++) {
		const struct column *a = &t->columns[i];

		if (a->use == COL_NONE || a->raw == NULL)
			continue;
		for (size_t k = 0; k < i; k++) {
			const struct column *b = &t->columns[k];

			if (b->raw == NULL || a->use != b->use || strcmp(a->raw, b->raw) == 0
			    || (a->lang == NULL) != (b->lang == NULL) || (a->lang != NULL && strcmp(a->lang, b->lang) != 0))
				continue;
			if (a->use == COL_TEXT ? a->slot != b->slot : a->key != b->key
			    && (a->key == NULL || b->key == NULL || strcmp(a->key, b->key) != 0))
				if (!(a->use == COL_TYPE || a->use == COL_NAME || a->use == COL_LIST || a->use == COL_COUNT))
					continue;
			if (a->use == COL_SETTING)
				xf_warn(x, t, 1, t->sheet->header_line, a->raw, "the columns \"%.60s\" and \"%.60s\" mean the same, and "
				    "the last one counts: remove the first", b->raw, a->raw);
			else
				xf_error(x, t, 1, t->sheet->header_line, a->raw, "the columns \"%.60s\" and \"%.60s\" mean the same: "
				    "remove one", b->raw, a->raw);
		}
	}
}

void
xf_columns(struct xlsform *x, struct table *t, const char *kind)
{
	const struct table_kind *k = NULL;
	bool doubles = false;

	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
		if (strcmp(KINDS[i].kind, kind) == 0)
			k = &KINDS[i];
	if (k == NULL || t->sheet == NULL)
		return;
	t->columns = xf_alloc(x, (t->sheet->n_columns + 1) * sizeof(*t->columns));
	if (t->columns == NULL)
		return;
	for (size_t i = 0; i < t->sheet->n_columns; i++)
		if (t->sheet->header[i] != NULL && strstr(t->sheet->header[i], "::") != NULL)
			doubles = true;
	for (size_t i = 0; i < t->sheet->n_columns && x->rc == ERR_OK; i++) {
		t->columns[i].raw = t->sheet->header[i];
		if (t->columns[i].raw != NULL)
			one_column(x, t, k, &t->columns[i], doubles);
	}
	if (x->rc == ERR_OK)
		find_doubles(x, t);
	for (size_t i = 0; i < t->sheet->n_columns && x->rc == ERR_OK; i++) {
		for (size_t r = 0; r < t->sheet->n_rows && t->columns[i].raw == NULL; r++) {
			const struct sheet_row *row = &t->sheet->rows[r];
			char at[8];

			if (row->cells[i] == NULL)
				continue;
			sheet_column_name(x->book.kind, i, at);
			xf_warn(x, t, row->number, row->line, at, "this column has values and no header, so they are not used");
			break;
		}
	}
	if (t->sheet->stray_row > 0)
		xf_warn(x, t, t->sheet->stray_row, 0, NULL, "this row and those below it are not used, because more than %d empty rows stand "
		    "before it: move them up", SHEET_EMPTY_ROWS);
	if (t->sheet->beside.row > 0) {
		char at[8];

		sheet_column_name(x->book.kind, t->sheet->beside.column, at);
		xf_warn(x, t, t->sheet->beside.row, t->sheet->beside.line, at, "values to the right of the last header are not used%s",
		    x->book.kind == SHEET_CSV ? " (a text with a comma in it needs \" around it)" : "");
	}
}
