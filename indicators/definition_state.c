/* What is wrong with dates, the plan and the state of a definition: who agreed to which text, and since when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/num.h"
#include "indicators/definition_schema.h"

static int
line_of(const struct items *it, const char *section, const char *key)
{
	const struct item *x = items_get(it, section, "", key);

	return x == NULL ? 1 : x->line;
}

/* "2026-01-31" */
static bool
is_day(const char *s, size_t len)
{
	int64_t y, m, d;
	int year, month, day;

	if (len != 10 || s[4] != '-' || s[7] != '-' || !num_i64(s, 4, 1900, 2999, &y) || !num_i64(s + 5, 2, 1, 12, &m)
	    || !num_i64(s + 8, 2, 1, 31, &d))
		return false;
	date_from_day(day_from_date((int)y, (int)m, (int)d), &year, &month, &day);
	return year == y && month == m && day == d;
}

static bool
is_month_or_day(const char *s)
{
	int from, until;

	return strstr(s, "..") == NULL && ((strlen(s) == 7 && items_months(s, &from, &until)) || is_day(s, strlen(s)));
}

/* "DATE GROUP audit N", and whatever it is worth to say beside it. */
static bool
is_signature(const char *s)
{
	size_t day = strcspn(s, " "), group;
	char *end;

	if (!is_day(s, day))
		return false;
	s += day + strspn(s + day, " ");
	group = strspn(s, "abcdefghijklmnopqrstuvwxyz_");
	if (group == 0 || s[group] != ' ')
		return false;
	s += group + strspn(s + group, " ");
	if (strncmp(s, "audit ", 6) != 0 || s[6] < '0' || s[6] > '9')
		return false;
	strtoul(s + 6, &end, 10);
	return *end == '\0' || *end == ' ';
}

static void
rules_dates(struct items *it, const struct definition *d)
{
	const char *at = strchr(d->supersedes, '@');
	int64_t version;
	int from, until;

	if (d->review_by[0] != '\0' && !is_month_or_day(d->review_by))
		items_fault(it, line_of(it, "indicator", "review_by"), "[indicator] review_by: a month as 2027-04");
	for (size_t i = 0; i < d->n_aliases; i++) {
		const char *when = strstr(d->aliases[i].text, " from ");

		if (when == NULL)
			items_fault(it, d->aliases[i].line, "[indicator] alias.%s: codes are reused over the years, so date it: write 1D from "
			    "2023-04", d->aliases[i].label);
		else if (when == d->aliases[i].text || !items_months(when + 6, &from, &until))
			items_fault(it, d->aliases[i].line, "[indicator] alias.%s: write a code and its months: 1D from 2023-04, or 1D from "
			    "2023-04..2025-03", d->aliases[i].label);
	}
	if (d->supersedes[0] == '\0')
		return;
	if (at == NULL || at == d->supersedes || !num_i64(at + 1, strlen(at + 1), 1, 1000000, &version))
		items_fault(it, line_of(it, "indicator", "supersedes"), "[indicator] supersedes: write it as ID@VERSION");
	else if (strncmp(d->supersedes, d->id, (size_t)(at - d->supersedes)) == 0 && d->id[at - d->supersedes] == '\0'
	    && version >= d->version)
		items_fault(it, line_of(it, "indicator", "supersedes"), "[indicator] supersedes %s, but this is version %lld: versions go "
		    "up, so give this one version = %lld", d->supersedes, (long long)d->version, (long long)version + 1);
}

static void
rules_agreement(struct items *it, const struct definition *d)
{
	bool lived = d->n_signatures < 2;

	if (d->since[0] != '\0' && !is_month_or_day(d->since))
		items_fault(it, line_of(it, "state", "since"), "[state] since: a day as 2026-04-01");
	for (size_t i = 0; i < d->n_signatures; i++) {
		if (!is_signature(d->signatures[i].text))
			items_fault(it, d->signatures[i].line, "[state] signed: write DATE GROUP audit N, as 2026-04-01 individuals audit 17");
		lived = lived || strstr(d->signatures[i].text, "individuals") != NULL
		    || strstr(d->signatures[i].text, "key_people") != NULL;
	}
	if (d->state == STATE_AGREED && d->n_signatures < 2)
		items_fault(it, line_of(it, "state", "state"), "[state] agreed needs two lines signed = DATE GROUP audit N, one by people "
		    "who use services or key people");
	if (d->state != STATE_DRAFT && !lived)
		items_fault(it, d->signatures[0].line, "[state] signed: one of the groups must be individuals or key_people");
	if (d->state == STATE_RETIRED && items_get(it, "state", "", "reason") == NULL)
		items_fault(it, line_of(it, "state", "state"), "[state] retired needs reason = its successor (ID@VERSION) or why there is none");
}

/* What was signed is a text: another one is another version. */
static void
rules_signed_hash(struct items *it, const struct definition *d)
{
	char hex[65];

	hex_str(d->hash, sizeof(d->hash), hex);
	if (d->signed_hash[0] == '\0')
		return;
	if (strlen(d->signed_hash) != 64 || strspn(d->signed_hash, "0123456789abcdef") != 64)
		items_fault(it, line_of(it, "state", "hash"), "[state] hash: 64 hex digits, as `candour indicator check` prints them");
	else if (strcmp(d->signed_hash, hex) != 0)
		items_fault(it, line_of(it, "state", "hash"), "[state] hash: this is not the text that was signed (it is %.12s.., the hash of "
		    "this text %.12s..): put the text back, or make it version %lld and have it signed", d->signed_hash, hex,
		    (long long)d->version + 1);
}

void
definition_state_rules(struct items *it, const struct definition *d)
{
	int64_t n;

	rules_dates(it, d);
	rules_agreement(it, d);
	rules_signed_hash(it, d);
	if (d->plan[3].text[0] != '\0' && !num_i64(d->plan[3].text, strlen(d->plan[3].text), 1, 1000000000, &n))
		items_fault(it, d->plan[3].line, "[plan] target_n: a whole number of answers, as 385");
	if (d->only_organisation_year && definition_period(d, "organisation") != PERIOD_YEAR)
		items_fault(it, line_of(it, "disclosure", "only"), "[disclosure] only = organisation_year is for years: say [time] period = "
		    "year");
}
