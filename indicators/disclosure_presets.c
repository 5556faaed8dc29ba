/* Policies and the rules of single publications that the presets stand for. See disclosure.h. */
#include "indicators/disclosure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "indicators/methods.h"

const struct policy policy_preset_organisation = { PRESET_ORGANISATION, 10, 5, true, true, 5 };

const struct policy *
policy_find(const char *name)
{
	static const struct policy list[] = {
		{ PRESET_ORGANISATION, 10, 5, true, true, 5 },
		{ PRESET_ASCS, 3, 1, false, true, 5 },
		{ PRESET_SACE, 3, 1, false, true, 5 },
		{ PRESET_OFQUAL, 1, 5, false, true, 5 },
		{ PRESET_GPPS, 10, 5, false, true, 1 },
	};
	static const char *const names[] = { "organisation", "ascs", "sace", "ofqual", "gpps" };

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strcmp(names[i], name) == 0)
			return &list[i];
	return NULL;
}

bool
policy_at_least(const struct policy *a, const struct policy *b)
{
	return a->base_min >= b->base_min && a->cell_min >= b->cell_min && a->zero_hidden >= b->zero_hidden
	    && a->complement >= b->complement;
}

struct pairwise_hidden
suppress_pairwise(const struct pairwise *p)
{
	return (struct pairwise_hidden){ p->male < 3 || p->female < 3, p->age_18_64 < 3 || p->age_65 < 3, p->total < 3 };
}

const char *
suppress_ascs_question(double respondents, bool by_council)
{
	if (respondents == 0)
		return by_council ? "[x]" : "[w]";
	return respondents < 3 ? "[c]" : "";
}

const char *
suppress_ascs_margin(double respondents_in_cell, const char *question_flag)
{
	if (question_flag[0] != '\0')
		return "";
	return respondents_in_cell < 2 ? "[w]" : "";
}

void
suppress_option_counts(const double *counts, size_t n, bool small_population, bool *hidden)
{
	double base = 0;
	size_t small = 0, next = n;

	for (size_t i = 0; i < n; i++)
		base += counts[i];
	for (size_t i = 0; i < n; i++) {
		hidden[i] = base < 10 || (small_population && counts[i] >= 1 && counts[i] < 5);
		small += hidden[i];
	}
	if (small != 1 || base < 10)
		return;
	/* one hidden alone is the total less the others: the next lowest goes too */
	for (size_t i = 0; i < n; i++)
		if (!hidden[i] && counts[i] > 0 && (next == n || counts[i] < counts[next]))
			next = i;
	if (next < n)
		hidden[next] = true;
}

void
suppress_round5_fewer(double count, char text[32])
{
	if (count > 0 && count < 5)
		snprintf(text, 32, "fewer than 5");
	else
		snprintf(text, 32, "%.0f", stat_round_to(count, 5, ROUND_HALF_AWAY));
}

void
suppress_records(const int *group, size_t n, size_t max, bool *hidden)
{
	for (size_t i = 0; i < n; i++) {
		size_t same = 0;

		for (size_t k = 0; k < n; k++)
			same += group[k] == group[i];
		hidden[i] = same <= max;
	}
}
