/* All forms of a folder, found by the id that stands in a record: the hash of the definition's bytes. */
#ifndef INDICATORS_FORM_SET_H
#define INDICATORS_FORM_SET_H

#include "forms/form.h"

struct known_form {
	uint8_t id[16];		/* chain_form_id */
	struct form *form;
	char name[160];		/* "satisfaction@2025040100" */
};

struct form_set {
	struct known_form *list;
	size_t n;
};

/* Load every *.xml of DIR. Without admission rules: what a kiosk admitted once must be readable for ever.
 * ERR_INPUT names the file that does not load; ERR_ABSENT: no such folder. *OUT: form_set_clear. */
enum err_code form_set_read(const char *dir, struct form_set *out, struct err *err) MUST_CHECK;
void form_set_clear(struct form_set *s);
const struct known_form *form_set_find(const struct form_set *s, const uint8_t id[16]);

#endif
