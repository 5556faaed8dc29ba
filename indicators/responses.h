/* Responses from a table: CSV whose columns are a form's questions and a visit's values (_site, _day, _role ..), one
 * response a row. For trying a definition out, and for answers that were taken down elsewhere; nothing is sealed or kept. */
#ifndef INDICATORS_RESPONSES_H
#define INDICATORS_RESPONSES_H

#include "forms/expr.h"
#include "forms/findings.h"

struct responses;

struct response_row {
	const char *site;	/* column _site; "unknown" without */
	int64_t day;		/* column _day */
	int line;
	struct instance *instance;
};

/* Read LEN bytes of FILE (a name for messages) against FORM. Every unknown column, every value that the form would not
 * take and every _id that comes twice is a finding at FILE:LINE; ERR_INPUT if there is any, ERR_LIMIT over 1,000,000 rows, ERR_NOMEM. Borrowed: TEXT, FORM. */
enum err_code responses_read(const struct form *form, const char *file, const char *text, size_t len,
	struct findings *findings, struct responses **out, struct err *err) MUST_CHECK;
void responses_free(struct responses *r);
/* Is there a column called NAME? */
bool responses_has(const struct responses *r, const char *name);
size_t responses_count(const struct responses *r);
/* Row I as an instance, which the caller frees with instance_free. */
enum err_code responses_row(const struct responses *r, size_t i, struct response_row *out, struct err *err) MUST_CHECK;

#endif
