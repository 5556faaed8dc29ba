/* What the vector runners share: JSON lines, and the reviewed list of deviations, whose rules are over
 * the fields of a case, never its id. */
#ifndef TESTS_FORMS_VECTORS_H
#define TESTS_FORMS_VECTORS_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = 64, CONDITIONS_MAX = 8 };

struct rule {
	char name[16], file[32];
	struct { char field[32]; regex_t re; } when[CONDITIONS_MAX];
	int n;
	char *reason;
	unsigned used;
};

static struct rule rules[RULES_MAX];
static int n_rules;

static inline char *
trimmed(char *s)
{
	char *end;

	while (*s == ' ' || *s == '\t')
		s++;
	end = s + strlen(s);
	while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\n'))
		*--end = '\0';
	return s;
}

/* "rule | file | field=regex ;; field=regex | reason"; regexes hold no "|" at top level: write it "\v". */
static inline bool
rules_read(const char *path, const char *file)
{
	FILE *f = fopen(path, "r");
	char line[4096];

	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		char *part[4], *p = line, *next;
		struct rule *r = &rules[n_rules];
		int n = 0;

		if (line[0] == '#' || line[0] == '\n')
			continue;
		while (n < 3 && (next = strstr(p, " | ")) != NULL) {
			*next = '\0';
			part[n++] = trimmed(p);
			p = next + 3;
		}
		if (n < 3 || n_rules == RULES_MAX) {
			fprintf(stderr, "%s: bad rule: %s\n", path, line);
			exit(2);
		}
		part[3] = trimmed(p);
		if (strcmp(part[1], file) != 0)
			continue;
		snprintf(r->name, sizeof(r->name), "%.15s", part[0]);
		r->reason = strdup(part[3]);
		for (p = part[2]; p != NULL && *p != '\0'; p = next) {
			char *eq;

			next = strstr(p, " ;; ");
			if (next != NULL) {
				*next = '\0';
				next += 4;
			}
			p = trimmed(p);
			eq = strchr(p, '=');
			if (eq == NULL || r->n == CONDITIONS_MAX) {
				fprintf(stderr, "%s: rule %s: field=regex is wanted\n", path, r->name);
				exit(2);
			}
			snprintf(r->when[r->n].field, sizeof(r->when[r->n].field), "%.*s", (int)(eq - p), p);
			if (strcmp(r->when[r->n].field, "id") == 0) {
				fprintf(stderr, "%s: rule %s: rules are over fields, never ids\n", path, r->name);
				exit(2);
			}
			if (regcomp(&r->when[r->n].re, eq + 1, REG_EXTENDED | REG_NOSUB) != 0) {
				fprintf(stderr, "%s: rule %s: bad regex %s\n", path, r->name, eq + 1);
				exit(2);
			}
			r->n++;
		}
		n_rules++;
	}
	fclose(f);
	return true;
}

/* A field as text: strings as they are, lists joined by blanks, the rest as JSON. */
static inline char *
field_text(json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name), *e;
	size_t i, n = 0;
	char *out;

	if (json_is_string(v))
		return strdup(json_string_value(v));
	if (json_is_array(v)) {
		out = calloc(1, 65536);
		json_array_foreach(v, i, e) {
			if (json_is_string(e) && n + json_string_length(e) + 2 < 65536) {
				n += (size_t)snprintf(out + n, 65536 - n, "%s%s", n > 0 ? " " : "", json_string_value(e));
			}
		}
		return out;
	}
	if (v == NULL || json_is_null(v))
		return strdup("");
	out = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	return out != NULL ? out : strdup("");
}

static inline const struct rule *
rule_for(json_t *o)
{
	for (int i = 0; i < n_rules; i++) {
		bool all = rules[i].n > 0;

		for (int k = 0; k < rules[i].n && all; k++) {
			char *text = field_text(o, rules[i].when[k].field);

			all = regexec(&rules[i].when[k].re, text, 0, NULL, 0) == 0;
			free(text);
		}
		if (all) {
			rules[i].used++;
			return &rules[i];
		}
	}
	return NULL;
}

static inline const char *
str(json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

/* Where the rules stand: beside the sources. */
static inline const char *
rules_path(void)
{
	const char *p = getenv("DEVIATIONS");

	return p != NULL ? p : "tests/forms/deviations.txt";
}

#endif
