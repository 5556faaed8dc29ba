/* Cells: facts added up. Entries come in primary key order; pairs of an entry and its reversal are
 * netted; what is left is summed in two passes with Neumaier's compensation, so that the same entries
 * give the same bits however they arrived. Parents are Chan's merge in key order. */
#ifndef INDICATORS_CELLS_H
#define INDICATORS_CELLS_H

#include <stddef.h>
#include <stdint.h>

struct cell_sum {
	int64_t n, people;
	double num;		/* sum of numerators */
	double mean, m2;	/* of values: mean and sum of squared deviations */
	int64_t n_values;
};

struct cell_entry {
	double num, value;
	int has_value;
	int64_t people;
};

/* Neumaier's sum, a term at a time: add to S, then sum_value. */
struct sum {
	double s, c;
};
void sum_add(struct sum *s, double x);
double sum_value(const struct sum *s);

/* N netted entries in key order. */
struct cell_sum cell_of(const struct cell_entry *entries, size_t n);
/* Add B to A (Chan, Golub and LeVeque 1979); call in key order. */
void cell_merge(struct cell_sum *a, const struct cell_sum *b);

#endif
