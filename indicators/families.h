/* Which definitions are one family for disclosure control: those that say so, and those that count people by the same
 * question of the same form, whether they say so or not: a reader who has both could subtract one from the other. */
#ifndef INDICATORS_FAMILIES_H
#define INDICATORS_FAMILIES_H

#include "indicators/definition.h"

/* *FAMILY is the caller's, to be freed: for each definition of L the index of the first of its family. ERR_NOMEM. */
enum err_code families_of(const struct library *l, size_t **family, struct err *err) MUST_CHECK;

#endif
