/* One expression of the forms' language, run on a finished instance: what indicators are made of.
 * A question that was not relevant reads ''. ${name} is the node called NAME anywhere in the form (it must
 * be unique, or in the same repeat); ${_name} is /ROOT/meta/candour:NAME, or given by the caller. */
#ifndef FORMS_EXPR_H
#define FORMS_EXPR_H

#include "forms/form.h"

struct expr;
struct instance;	/* a submission document, read */

struct value {
	enum { VALUE_BOOL, VALUE_NUMBER, VALUE_TEXT } kind;
	bool boolean;
	double number;
	const char *text;	/* borrowed until the next evaluation on the same instance */
};

/* Read a submission of FORM (XML). Secret memory. *OUT is the caller's: instance_free. */
enum err_code instance_read(const struct form *form, const char *xml, size_t len, struct instance **out,
	struct err *err) MUST_CHECK;
void instance_free(struct instance *in);
/* Give ${_NAME} a value that stands in no document (_site, _day, ..). Copied; overrides meta. */
enum err_code instance_fact(struct instance *in, const char *name, const char *value, struct err *err) MUST_CHECK;
/* The text of the node called NAME (first in document order), "" if absent or empty. Borrowed. */
const char *instance_text(const struct instance *in, const char *name);
/* The NTH (from 0) of that name in document order, as repeats have several; NULL: there are not so many. */
const char *instance_text_nth(const struct instance *in, const char *name, size_t nth);

/* Compile TEXT against FORM. FACTS: NULL-ended names that may be used as ${_NAME} beside the form's own
 * meta nodes (NULL: any). ERR_INPUT with the position and the sentence. today, now, random, uuid, once
 * and randomize are refused. TABLES (may be NULL): name, CSV text pairs for pulldata, NULL-ended. */
enum err_code expr_compile(const struct form *form, const char *text, size_t len, const char *const *facts,
	const char *const *tables, struct expr **out, struct err *err) MUST_CHECK;
void expr_free(struct expr *e);
/* ERR_LIMIT when it takes too many steps. */
enum err_code expr_eval(const struct expr *e, struct instance *in, struct value *out, struct err *err) MUST_CHECK;
bool value_bool(const struct value *v);
double value_number(const struct value *v);

#endif
