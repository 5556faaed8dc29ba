/* Long CSV and the files that describe it. See csv.h. */
#include "aggregator/csv.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "aggregator/columns.h"
#include "base/clock.h"
#include "base/num.h"

static const struct column {
	const char *name, *type, *what;
} columns[] = {
	{ "Geographical code", "string", "the area's code at the organisation; all: the organisation" },
	{ "Geographical description", "string", "the area's name" },
	{ "Geographical level", "string", "site or organisation" },
	{ "ONS code", "string", "Office for National Statistics code, if the area has one" },
	{ "ASCOF measure code", "string", "code of the Adult Social Care Outcomes Framework in that period, if any" },
	{ "Disaggregation level", "string", "Total, or breakdown and category" },
	{ "Measure type", "string", "Numerator, Denominator, Outcome, Lower 95, Upper 95, Margin" },
	{ "Measure value", "number", "empty where it is hidden or there is none: see Flag" },
	{ "Period start", "date", "first day" },
	{ "Period end", "date", "last day" },
	{ "Indicator", "string", "id of the definition" },
	{ "Version", "integer", "version of the definition" },
	{ "Flag", "string", "[c] confidential [w] none or too few [x] not available [z] not applicable [u] unreliable "
	    "[p] as before [r] revised [b] break" },
	{ "Publication", "integer", "number of the publication" },
	{ "Definition hash", "string", "SHA-256 of the definition" },
};

const struct figure_column figure_columns[] = {
#define T(label, field, width) { label, COLUMN_TEXT, offsetof(struct pub_row, field), width }
#define N(label, field) { label, COLUMN_NUMBER, offsetof(struct pub_row, field), 12 }
	T("Indicator", indicator, 18), T("Version", version, 8), T("Title", title, 40), T("Area code", area_code, 14),
	T("Area", area_name, 24), T("Level", area_level, 12), T("Breakdown", breakdown, 14), T("Category", category, 18),
	T("Period start", period_start, 12), T("Period end", period_end, 12), N("Numerator", numerator),
	N("Denominator", denominator), N("Value", value), T("Unit", unit, 10), N("Lower 95 %", lower95),
	N("Upper 95 %", upper95), N("Lower 99.8 %", lower998), N("Upper 99.8 %", upper998), N("Margin", margin),
	N("Share helped", helped_share), N("Target", target), T("Target reached", verdict, 14),
	T("Comparison", comparison, 12), N("Chart mean", spc_mean), N("Chart lower", spc_lower), N("Chart upper", spc_upper),
	T("Chart rule", spc_rule, 10), T("Variation", variation, 10), T("Assurance", assurance, 16), T("Flag", flag, 8),
	T("Annotation", annotation, 24), T("Definition SHA-256", definition_hash, 20), T("ONS code", ons_code, 12),
	{ "Publication", COLUMN_WHOLE, offsetof(struct pub_row, publication), 12 }, T("Row", id, 40),
	{ NULL, COLUMN_TEXT, 0, 0 },
#undef T
#undef N
};

void
csv_field(struct buf *out, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		buf_puts(out, text);
		return;
	}
	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_putc(out, '"');
		buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

/* "alias.ascof = 1D from 2023-04" of the definition's text, in force at START; codes are reused, so the
 * date counts. Copied into CODE. */
static void
ascof_code(const struct publication *p, const struct pub_row *r, char code[16])
{
	static const char key[] = "alias.ascof = ";
	const char *text = "";

	code[0] = '\0';
	for (size_t i = 0; i < p->manifest.n_definitions; i++)
		if (strcmp(p->manifest.definitions[i].hash, r->definition_hash) == 0)
			text = p->manifest.definitions[i].text;
	for (const char *at = strstr(text, key); at != NULL; at = strstr(at + 1, key)) {
		char one[16], from[16] = "";

		if (sscanf(at + sizeof(key) - 1, "%15s from %15[0-9-]", one, from) >= 1
		    && strncmp(from, r->period_start, strlen(from)) <= 0)
			snprintf(code, 16, "%s", one);
	}
}

static void
put_line(struct buf *out, const struct publication *p, const struct pub_row *r, const char *type,
	const struct pub_num *n)
{
	char level[512], code[16], number[24];

	ascof_code(p, r, code);
	snprintf(level, sizeof(level), "%s%s%s", r->breakdown[0] == '\0' ? "Total" : r->breakdown,
	    r->category[0] == '\0' ? "" : ": ", r->category);
	const char *const before[] = { r->area_code, r->area_name, r->area_level, r->ons_code, code, level, type };
	snprintf(number, sizeof(number), "%lld", (long long)r->publication);
	const char *const after[] = { r->period_start, r->period_end, r->indicator, r->version,
	    n->shown ? strcmp(r->flag, "[c]") == 0 ? "" : r->flag : r->flag[0] != '\0' ? r->flag : "[z]",
	    number, r->definition_hash };

	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		csv_field(out, before[i]);
		buf_putc(out, ',');
	}
	if (n->shown)
		num_put(out, n->v);
	for (size_t i = 0; i < ARRAY_LEN(after); i++) {
		buf_putc(out, ',');
		csv_field(out, after[i]);
	}
	buf_puts(out, "\r\n");
}

void
csv_put(struct buf *out, const struct publication *p, const char *indicator)
{
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		buf_printf(out, "%s%s", i == 0 ? "" : ",", columns[i].name);
	buf_puts(out, "\r\n");
	for (size_t i = 0; i < p->n_rows; i++) {
		const struct pub_row *r = &p->rows[i];

		if (indicator != NULL && strcmp(r->indicator, indicator) != 0)
			continue;
		put_line(out, p, r, "Numerator", &r->numerator);
		put_line(out, p, r, "Denominator", &r->denominator);
		put_line(out, p, r, "Outcome", &r->value);
		put_line(out, p, r, "Lower 95", &r->lower95);
		put_line(out, p, r, "Upper 95", &r->upper95);
		put_line(out, p, r, "Margin", &r->margin);
	}
}

void
csv_safe_field(struct buf *out, const char *text)
{
	char *safe = NULL;

	if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL && asprintf(&safe, "'%s", text) < 0)
		out->failed = out->failed == ERR_OK ? ERR_NOMEM : out->failed;
	else
		csv_field(out, safe == NULL ? text : safe);
	free(safe);
}

void
csv_figures_put(struct buf *out, const struct publication *p)
{
	for (const struct figure_column *c = figure_columns; c->name != NULL; c++)
		buf_printf(out, "%s%s", c == figure_columns ? "" : ",", c->name);
	buf_puts(out, "\r\n");
	for (size_t i = 0; i < p->n_rows; i++) {
		for (const struct figure_column *c = figure_columns; c->name != NULL; c++) {
			const void *field = (const char *)&p->rows[i] + c->offset;
			const struct pub_num *n = field;

			if (c != figure_columns)
				buf_putc(out, ',');
			if (c->kind == COLUMN_TEXT)
				csv_safe_field(out, *(const char *const *)field);
			else if (c->kind == COLUMN_WHOLE)
				buf_printf(out, "%lld", (long long)*(const int64_t *)field);
			else if (n->shown)
				num_put(out, n->v);
		}
		buf_puts(out, "\r\n");
	}
}

/* Take ownership of V and append it as text. */
static void
put_json(struct buf *out, json_t *v)
{
	char *text = v == NULL ? NULL : json_dumps(v, JSON_INDENT(1) | JSON_PRESERVE_ORDER);

	if (text == NULL)
		out->failed = out->failed == ERR_OK ? ERR_NOMEM : out->failed;
	else
		buf_puts(out, text);
	buf_putc(out, '\n');
	free(text);
	json_decref(v);
}

void
csv_metadata_put(struct buf *out, const struct publication *p, const char *name)
{
	json_t *list = json_array();
	char made[32];

	time_text(p->manifest.made_at, made);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:b}", "titles", columns[i].name, "name",
		    columns[i].name, "datatype", columns[i].type, "dc:description", columns[i].what, "required", 0));
	put_json(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:b}, s:{s:o}}", "@context",
	    "http://www.w3.org/ns/csvw", "url", name, "dc:publisher", p->manifest.organisation, "dc:issued", made,
	    "dc:source", p->file_sha256, "dialect", "encoding", "utf-8", "header", 1, "tableSchema", "columns", list));
}

void
csv_package_put(struct buf *out, const struct publication *p, const char *name, const char *hash, size_t len)
{
	json_t *list = json_array();
	char full[80], made[32];

	time_text(p->manifest.made_at, made);
	snprintf(full, sizeof(full), "sha256:%s", hash);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", columns[i].name, "type",
		    columns[i].type, "description", columns[i].what));
	put_json(out, json_pack("{s:s, s:s, s:s, s:[{s:s, s:s, s:s, s:s, s:s, s:I, s:{s:o, s:[s]}}]}", "name",
	    "candour-publication", "created", made, "title", p->manifest.organisation, "resources", "name", "figures",
	    "path", name, "format", "csv", "encoding", "utf-8", "hash", full, "bytes", (json_int_t)len, "schema",
	    "fields", list, "missingValues", ""));
}
