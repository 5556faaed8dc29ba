/* Inside indicators/: what a definition says of the choices of a form's questions. */
#ifndef INDICATORS_EVALUATE_LINT_H
#define INDICATORS_EVALUATE_LINT_H

#include "forms/form.h"
#include "indicators/definition.h"

/* A category is a code of up to so many characters; those of a response stand together in a text of so many. */
enum { EVALUATE_CODE_MAX = 40, EVALUATE_BUCKET_MAX = 127 };

/* A literal compared with a select that is none of its choices, an opt-out choice that no expression names, a score of a
 * question whose choices have none, a breakdown by what people wrote, more breakdowns than fit. */
enum err_code evaluate_lint(const struct definition *d, const struct form_block *b, const struct form *form,
	struct findings *findings, struct err *err) MUST_CHECK;

/* Every ${NAME} that the expressions of block B read, and of D's strata; a name may come more than once. */
typedef void evaluate_name(void *arg, const char *name, size_t len);
void evaluate_names(const struct definition *d, const struct form_block *b, evaluate_name *each, void *arg);
/* Only those whose answers it counts: in the numerator, the options, the value, the items. */
void evaluate_counted(const struct form_block *b, evaluate_name *each, void *arg);

#endif
