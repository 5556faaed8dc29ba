/* Comparators and baseline. See compare.h. */
#include "indicators/compare.h"

#include <math.h>
#include <stdlib.h>

#include "aggregator/deftext.h"
#include "base/num.h"
#include "indicators/methods.h"

/* Percent of 0.644 is 64.4, not 64.400000000000006. */
enum { PLACES = 6 };

static int
month_of(const char *day)
{
	return atoi(day) * 12 + atoi(day + 5) - 1;
}

static void
add(const struct definition *d, const struct pub_row *r, double value, const char *name, struct buf *out)
{
	double v = stat_round(d->value_percent ? value * 100 : value, PLACES, ROUND_HALF_AWAY);
	const char *relation = deftext_compare(r, v);

	if (relation[0] == '\0')
		return;
	buf_printf(out, "%s%s %s ", out->len > 0 ? "; " : "", relation, name);
	num_put(out, v);
}

void
compare_row(const struct definition *d, const struct pub_row *r, struct buf *out)
{
	double baseline = definition_baseline(d, month_of(r->period_start));

	for (size_t i = 0; i < d->n_comparators; i++) {
		struct deftext_value v;

		if (deftext_value(d->comparators[i].text, &v) && deftext_in_force(&v, r->period_start))
			add(d, r, v.value, v.name, out);
	}
	if (!isnan(baseline))
		add(d, r, baseline, "baseline", out);
}
