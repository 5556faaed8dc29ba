/* Any bytes as a table of responses to the questionnaire that ships: no crash; what is refused says why; of what is accepted
 * every row can be read as a response and evaluated by the definitions that ship. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "forms/xlsform.h"
#include "indicators/evaluate.h"
#include "indicators/responses.h"

enum { DEFINITIONS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct form *form;
static struct definition *definitions[DEFINITIONS];
static struct evaluator *evaluators[DEFINITIONS];

static void
good(enum err_code rc)
{
	if (rc != ERR_OK)
		abort();
}

/* The form and the definitions, once. */
static void
load(void)
{
	static const char *const files[DEFINITIONS] = { "indicators/library/sat-users.ind", "indicators/library/what-matters.ind",
		"indicators/library/experience-score.ind" };
	struct findings found;
	struct buf file, xml;
	struct err err = { 0 };

	findings_init(&found);
	buf_init(&file, 1 << 20);
	buf_init(&xml, 1 << 20);
	good(file_read("forms/library/satisfaction.csv", &file, &err));
	good(xlsform_convert(file.data, file.len, "satisfaction.csv", NULL, &xml, &found, &err));
	good(form_load(buf_str(&xml), xml.len, NULL, &found, &form, &err));
	for (int i = 0; i < DEFINITIONS; i++) {
		good(definition_read(files[i], &found, &definitions[i], &err));
		good(evaluator_new(definitions[i], form, NULL, &evaluators[i], &err));
	}
	buf_free(&file);
	buf_free(&xml);
	findings_clear(&found);
}

static void
evaluate(const struct responses *r, size_t i)
{
	struct response_row row;
	struct err err = { 0 };

	good(responses_row(r, i, &row, &err));
	for (int d = 0; d < DEFINITIONS; d++) {
		struct response about = { .site = row.site, .day = row.day };
		struct evaluation out;

		good(evaluator_run(evaluators[d], row.instance, &about, &out, &err));
		if (out.outcome == OUTCOME_COUNTED && (out.n == 0 || out.people != 1 || strchr(out.bucket, '\n') != NULL))
			abort();
	}
	instance_free(row.instance);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct responses *r = NULL;
	struct findings found;
	struct err err = { 0 };
	enum err_code rc;

	if (form == NULL)
		load();
	findings_init(&found);
	rc = responses_read(form, "r.csv", (const char *)data, len, &found, &r, &err);
	if (rc != ERR_OK && (r != NULL || err.msg[0] == '\0'))
		abort();
	for (size_t i = 0; rc == ERR_OK && i < responses_count(r) && i < 50; i++)
		evaluate(r, i);
	responses_free(r);
	findings_clear(&found);
	return 0;
}
