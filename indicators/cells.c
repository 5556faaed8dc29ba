/* Cells. See cells.h. */
#include "indicators/cells.h"

#include <math.h>

/* Neumaier 1974: what the addition loses is kept beside the sum, whichever of the two is larger. */
void
sum_add(struct sum *s, double x)
{
	double t = s->s + x;

	if (fabs(s->s) >= fabs(x))
		s->c += (s->s - t) + x;
	else
		s->c += (x - t) + s->s;
	s->s = t;
}

double
sum_value(const struct sum *s)
{
	return s->s + s->c;
}

struct cell_sum
cell_of(const struct cell_entry *entries, size_t n)
{
	struct cell_sum out = {0};
	struct sum num = {0}, value = {0}, square = {0};

	for (size_t i = 0; i < n; i++) {
		out.n++;
		out.people += entries[i].people;
		sum_add(&num, entries[i].num);
		if (entries[i].has_value) {
			out.n_values++;
			sum_add(&value, entries[i].value);
		}
	}
	out.num = sum_value(&num);
	if (out.n_values == 0)
		return out;
	out.mean = sum_value(&value) / (double)out.n_values;
	for (size_t i = 0; i < n; i++) {
		double d = entries[i].value - out.mean;

		if (entries[i].has_value)
			sum_add(&square, d * d);
	}
	out.m2 = sum_value(&square);
	return out;
}

void
cell_merge(struct cell_sum *a, const struct cell_sum *b)
{
	double na = (double)a->n_values, nb = (double)b->n_values, delta = b->mean - a->mean;

	a->n += b->n;
	a->people += b->people;
	a->num += b->num;
	if (b->n_values == 0)
		return;
	if (a->n_values == 0) {
		a->mean = b->mean;
		a->m2 = b->m2;
	} else {
		a->mean += delta * nb / (na + nb);
		a->m2 += b->m2 + delta * delta * na * nb / (na + nb);
	}
	a->n_values += b->n_values;
}
