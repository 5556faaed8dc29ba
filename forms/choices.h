/* The choices of a select, as the form itself says them: what indicators compare answers with and score them by. */
#ifndef FORMS_CHOICES_H
#define FORMS_CHOICES_H

#include "base/arena.h"
#include "forms/form.h"

struct form_choice {
	const char *value;
	const char *score, *opt_out;	/* columns of the choices sheet, "" if none */
};

/* The choices of the first select called QUESTION, in the form's order, in ARENA. ERR_ABSENT: no select is called so,
 * or its choices depend on other answers; ERR_NOMEM. */
enum err_code form_choices(const struct form *f, const char *question, struct arena *arena,
	const struct form_choice **out, size_t *n, struct err *err) MUST_CHECK;

#endif
