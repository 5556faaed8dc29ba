/* Our own columns: what their values may be (forms.md 1.4). Here we own the spelling, so what nobody knows is an
 * error, not a warning. */
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "forms/near.h"
#include "forms/xlsform_int.h"

struct rule {
	const char *key;
	const char *words;	/* allowed, with blanks around; NULL: a number */
	bool many;		/* several of them */
	int64_t min, max;
};

static const struct rule SETTINGS[] = {
	{ "anonymous", " yes no ", false, 0, 0 }, { "lane", " feedback concern ", false, 0, 0 },
	{ "time_precision", " date hour ", false, 0, 0 }, { "locked", " yes no ", false, 0, 0 },
	{ "variant", " standard easy_read ", false, 0, 0 },
	{ "roles", " individual key_person community staff group proxy ", true, 0, 0 },
	{ "minutes", NULL, false, 1, 600 }, { "idle_seconds", NULL, false, 60, 600 },
};

static const struct rule SURVEY[] = {
	{ "minutes", NULL, false, 1, 600 }, { "max_chars", NULL, false, 1, 16000 },
};

static const struct rule BIND[] = {
	{ "candour:role", " comment concern consent respondent ", false, 0, 0 },
};

/* The nearest of WORDS to WORD, copied to OUT; false if none is near. */
static bool
nearest(const char *words, const char *word, char out[32])
{
	char one[32];
	unsigned best = 3;

	out[0] = '\0';
	for (const char *p = words; *p != '\0'; ) {
		size_t n;
		unsigned d;

		p += strspn(p, " ");
		n = strcspn(p, " ");
		if (n == 0 || n >= sizeof(one))
			break;
		memcpy(one, p, n);
		one[n] = '\0';
		d = near_distance(one, word, 2);
		if (d < best && d < n) {
			best = d;
			memcpy(out, one, n + 1);
		}
		p += n;
	}
	return out[0] != '\0';
}

static void
check_word(struct xlsform *x, const struct el *e, const struct pair *p, const struct rule *r, const char *word)
{
	const struct table *t = e != NULL ? &x->survey : &x->settings;
	char quoted[64], near[32];
	bool has_near;

	snprintf(quoted, sizeof(quoted), " %.60s ", word);
	if (strstr(r->words, quoted) != NULL)
		return;
	has_near = nearest(r->words, word, near);
	xf_error(x, t, e != NULL ? e->row : x->settings_row, e != NULL ? e->line : x->settings_line, p->column,
	    "\"%.60s\" is none of:%s%s%s%s", word, r->words, has_near ? "; did you mean \"" : "", near, has_near ? "\"?" : "");
}

static void
check_value(struct xlsform *x, const struct el *e, const struct pair *p, const struct rule *r)
{
	int64_t v;

	if (r->words == NULL) {
		if (!num_i64(p->value, strlen(p->value), r->min, r->max, &v))
			xf_error(x, e != NULL ? &x->survey : &x->settings, e != NULL ? e->row : x->settings_row, e != NULL ? e->line
			    : x->settings_line, p->column, "\"%.40s\" is no whole number from %lld to %lld", p->value, (long long)r->min,
			    (long long)r->max);
		return;
	}
	for (const char *s = p->value; *s != '\0'; ) {
		size_t n = r->many ? strcspn(s, " ") : strlen(s);
		char word[64];

		snprintf(word, sizeof(word), "%.*s", (int)(n < 60 ? n : 60), s);
		check_word(x, e, p, r, word);
		s += n;
		s += strspn(s, " ");
	}
}

static void
check_all(struct xlsform *x, const struct el *e, const struct pairs *pairs, const struct rule *rules, size_t n)
{
	for (const struct pair *p = pairs->first; p != NULL; p = p->next)
		for (size_t i = 0; i < n; i++)
			if (strcmp(rules[i].key, p->key) == 0)
				check_value(x, e, p, &rules[i]);
}

static void
check_els(struct xlsform *x, const struct el *e)
{
	for (const struct el *k = e->first; k != NULL; k = k->next) {
		check_all(x, k, &k->kiosk, SURVEY, ARRAY_LEN(SURVEY));
		check_all(x, k, &k->bind, BIND, ARRAY_LEN(BIND));
		check_els(x, k);
	}
}

void
xf_ours(struct xlsform *x)
{
	check_all(x, NULL, &x->kiosk, SETTINGS, ARRAY_LEN(SETTINGS));
	check_els(x, x->root);
}
