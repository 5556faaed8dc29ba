/* The questions of a form and the choices of its selects, as the form itself says them: what indicators compare answers
 * with and score them by, and what a table of responses can hold. */
#ifndef FORMS_CHOICES_H
#define FORMS_CHOICES_H

#include "base/arena.h"
#include "forms/session.h"

struct form_choice {
	const char *value;
	const char *score, *opt_out;	/* columns of the choices sheet, "" if none */
};

/* The choices of the first select called QUESTION, in the form's order, in ARENA. ERR_ABSENT: no select is called so,
 * or its choices depend on other answers; ERR_NOMEM. */
enum err_code form_choices(const struct form *f, const char *question, struct arena *arena,
	const struct form_choice **out, size_t *n, struct err *err) MUST_CHECK;

struct form_question {
	const char *name;
	const char *path;	/* "/data/group/q1" */
	enum value_type type;
	enum control_kind control;
	bool in_repeat;
};

/* Everything that is asked, in the order of the primary instance, in ARENA. ERR_NOMEM. */
enum err_code form_questions_list(const struct form *f, struct arena *arena, const struct form_question **out, size_t *n,
	struct err *err) MUST_CHECK;

/* What the column kiosk::KEY says of the group at PATH ("/data/food"): "minutes" of a topic. "" if it says nothing. */
const char *form_group_extra(const struct form *f, const char *path, const char *key);

#endif
