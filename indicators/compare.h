/* A published figure beside others: what stands in a row's "comparison". */
#ifndef INDICATORS_COMPARE_H
#define INDICATORS_COMPARE_H

#include "aggregator/publication.h"
#include "indicators/definition.h"

/* Append "better England 64.4; similar baseline 62" to OUT: the figures of R, as they will be shown, against each
 * comparator of D in force at its period and against a baseline that is a number. Nothing if there is none. */
void compare_row(const struct definition *d, const struct pub_row *r, struct buf *out);

#endif
