/* Words for codes. See say.h. */
#include "aggregator/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August",
	"September", "October", "November", "December" };

struct word {
	const char *code, *text;
};

static const char *
look(const struct word *words, size_t n, const char *code)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].code, code) == 0)
			return words[i].text;
	return code;
}

enum mark
say_mark_of(const char *variation)
{
	switch (variation[0]) {
	case 'I':
		return MARK_BETTER;
	case 'C':
		return MARK_WORSE;
	case 'H':
		return MARK_HIGH;
	case 'L':
		return MARK_LOW;
	case '.':
		return MARK_COMMON;
	default:
		return MARK_NONE;
	}
}

const char *
say_mark(enum mark m)
{
	static const char *const words[] = { "no sign of change", "a change for the better", "a change for the worse",
	    "a change upwards", "a change downwards", "too few to say" };

	return words[m];
}

const char *
say_mark_class(enum mark m)
{
	static const char *const words[] = { "common", "better", "worse", "high", "low", "none" };

	return words[m];
}

const char *
say_rule(const char *code)
{
	static const struct word words[] = {
		{ "", "" }, { "CC", "within what is usual" },
		{ "OU", "above the upper limit" }, { "OL", "below the lower limit" },
		{ "T+", "rising, point after point" }, { "T-", "falling, point after point" },
		{ "Z+", "two of three near the upper limit" }, { "Z-", "two of three near the lower limit" },
		{ "S+", "a run above the mean" }, { "S-", "a run below the mean" },
	};

	return look(words, ARRAY_LEN(words), code);
}

const char *
say_verdict(const char *verdict)
{
	static const struct word words[] = {
		{ "", "" }, { "met", "Reached" }, { "not_met", "Not reached" }, { "cannot_say", "Cannot say" },
	};

	return look(words, ARRAY_LEN(words), verdict);
}

const char *
say_assurance(const char *assurance)
{
	static const struct word words[] = {
		{ "", "" }, { "consistent_pass", "will keep reaching the target unless something changes" },
		{ "consistent_fail", "will keep missing the target unless something changes" },
		{ "inconsistent", "will sometimes reach the target and sometimes miss it" },
	};

	return look(words, ARRAY_LEN(words), assurance);
}

const char *
say_flag(const char *flag)
{
	static const struct word words[] = {
		{ "", "" }, { "[c]", "hidden, so that nobody is given away" }, { "[x]", "not available" },
		{ "[w]", "no answers, or too few" }, { "[z]", "does not apply" },
		{ "[u]", "unreliable: more answers than people" }, { "[p]", "as published before; later answers wait" },
		{ "[r]", "revised" }, { "[b]", "break: not comparable with before" },
	};

	return look(words, ARRAY_LEN(words), flag);
}

const char *
say_category(const char *breakdown, const char *code)
{
	static const struct word roles[] = { { "individual", "people who use the service" }, { "key_person", "family and friends" },
	    { "community", "people from the community" }, { "staff", "staff" }, { "group", "focus groups" } };
	static const struct word variants[] = { { "standard", "standard questionnaire" }, { "easy_read", "Easy Read" } };

	if (strcmp(breakdown, "role") == 0)
		return look(roles, ARRAY_LEN(roles), code);
	return strcmp(breakdown, "variant") == 0 ? look(variants, ARRAY_LEN(variants), code) : code;
}

const char *
say_breakdown(const char *breakdown)
{
	static const struct word words[] = { { "role", "who answered" }, { "role, answer", "who answered, answer" },
	    { "variant", "questionnaire" }, { "variant, answer", "questionnaire, answer" },
	    { "variant, role", "questionnaire, who answered" } };

	return look(words, ARRAY_LEN(words), breakdown);
}

void
say_period(const char *start, const char *end, char text[48])
{
	int y1 = atoi(start), y2 = atoi(end), m1 = 0, m2 = 0;

	if (strlen(start) == 10 && strlen(end) == 10) {
		m1 = atoi(start + 5);
		m2 = atoi(end + 5);
	}
	if (m1 < 1 || m1 > 12 || m2 < 1 || m2 > 12)
		snprintf(text, 48, "%.20s", start);
	else if (y1 == y2 && m1 == m2)
		snprintf(text, 48, "%s %d", months[m1 - 1], y1);
	else if (y1 == y2)
		snprintf(text, 48, "%s to %s %d", months[m1 - 1], months[m2 - 1], y1);
	else
		snprintf(text, 48, "%s %d to %s %d", months[m1 - 1], y1, months[m2 - 1], y2);
}

void
say_month_short(const char *start, char text[16])
{
	int m = strlen(start) == 10 ? atoi(start + 5) : 0;

	if (m < 1 || m > 12)
		snprintf(text, 16, "%.7s", start);
	else
		snprintf(text, 16, "%.3s %.2s", months[m - 1], start + 2);
}

void
say_number(const struct pub_num *n, const char *unit, int decimals, char text[48])
{
	const char *end = strcmp(unit, "%") == 0 ? " %" : "";
	struct buf b;

	text[0] = '\0';
	if (!n->shown)
		return;
	if (decimals >= 0) {
		snprintf(text, 48, "%.*f%s", decimals, n->v, end);
		return;
	}
	buf_init(&b, 40);
	num_put(&b, n->v);
	snprintf(text, 48, "%s%s", buf_str(&b), end);
	buf_free(&b);
}
