/* vectors-xpath [-v] FILE...: one expression a line (vectors/README.md), evaluated in the document it
 * comes with. Prints FAIL id: expected, got; last line "N passed, N failed, N skipped". */
#include <math.h>

#include "base/clock.h"
#include "forms/dates.h"
#include "forms/eval.h"
#include "tests/forms/vectors.h"

static unsigned passed, failed, skipped;
static bool verbose;

struct doc {
	struct arena arena;
	struct names names;
	struct tree tree;
	const char *lang;
	int64_t now;
};

static int64_t
now_ms(void *arg)
{
	return ((struct doc *)arg)->now;
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		((unsigned char *)out)[i] = (unsigned char)rand();
}

/* "/node()[2]/node()[1]/@a" */
static uint32_t
row_at(const struct tree *t, const char *path)
{
	uint32_t row = 1;

	while (*path != '\0') {
		char *end;
		unsigned long k;

		if (*path == '/')
			path++;
		if (*path == '\0')
			break;
		if (*path == '@') {
			for (uint32_t a = row + 1; a <= t->n && t->rows[a].kind == ROW_ATTRIBUTE; a++)
				if (strcmp(t->names->list[t->rows[a].name].text, path + 1) == 0)
					return a;
			return 0;
		}
		if (strncmp(path, "node()[", 7) != 0)
			return 0;
		k = strtoul(path + 7, &end, 10);
		for (row = t->rows[row].first; row != 0 && k > 1; k--)
			row = t->rows[row].next;
		if (row == 0)
			return 0;
		path = end + 1;
	}
	return row;
}

static void
path_of(const struct tree *t, uint32_t row, char *out, size_t len)
{
	char tail[2048] = "", part[600];
	unsigned k;

	if (row == 1) {
		snprintf(out, len, "/");
		return;
	}
	while (row > 1) {
		uint32_t parent = t->rows[row].parent;

		if (t->rows[row].kind == ROW_ATTRIBUTE) {
			snprintf(part, sizeof(part), "/@%.500s", t->names->list[t->rows[row].name].text);
		} else {
			k = 1;
			for (uint32_t s = t->rows[parent].first; s != row && s != 0; s = t->rows[s].next)
				k++;
			snprintf(part, sizeof(part), "/node()[%u]", k);
		}
		snprintf(out, len, "%s%s", part, tail);
		snprintf(tail, sizeof(tail), "%.2000s", out);
		row = parent;
	}
}

static const char *
local(const struct tree *t, uint32_t row)
{
	return t->rows[row].kind == ROW_ELEMENT ? t->names->list[t->rows[row].name].colon : "";
}

static const char *
attr(const struct tree *t, uint32_t row, const char *name, uint32_t *len)
{
	for (uint32_t a = row + 1; a <= t->n && t->rows[a].kind == ROW_ATTRIBUTE && t->rows[a].parent == row; a++)
		if (strcmp(t->names->list[t->rows[a].name].text, name) == 0) {
			*len = t->rows[a].len;
			return tree_text(t, a);
		}
	*len = 0;
	return NULL;
}

static bool
find_instance(struct run *x, const char *id, struct val *out)
{
	const struct tree *t = x->main;
	uint32_t len;

	*out = (struct val){ .kind = VAL_SET };
	for (uint32_t r = 1; r <= t->n; r++) {
		const char *v = strcmp(local(t, r), "instance") == 0 ? attr(t, r, "id", &len) : NULL;

		if (v != NULL && strlen(id) == len && memcmp(v, id, len) == 0) {
			struct nref *one = scratch_get(x->scratch, sizeof(*one));

			*one = (struct nref){ t, r };
			*out = (struct val){ .kind = VAL_SET, .n = 1, .u.set = one };
			return true;
		}
	}
	return true;
}

/* The text of ID in LANG, else in the default translation. */
static bool
find_itext(struct run *x, const char *id, struct val *out)
{
	const struct tree *t = x->main;
	const struct doc *d = x->env->arg;
	uint32_t len, pick = 0, preset = 0, first = 0;

	for (uint32_t r = 1; r <= t->n; r++) {
		const char *v;

		if (strcmp(local(t, r), "translation") != 0)
			continue;
		v = attr(t, r, "lang", &len);
		if (first == 0)
			first = r;
		if (attr(t, r, "default", &len) != NULL)
			preset = r;
		v = attr(t, r, "lang", &len);
		if (v != NULL && d->lang != NULL && strlen(d->lang) == len && memcmp(v, d->lang, len) == 0)
			pick = r;
	}
	if (pick == 0)
		pick = preset != 0 ? preset : first;
	for (uint32_t c = pick != 0 ? t->rows[pick].first : 0; c != 0; c = t->rows[c].next) {
		const char *v = strcmp(local(t, c), "text") == 0 ? attr(t, c, "id", &len) : NULL;

		if (v == NULL || strlen(id) != len || memcmp(v, id, len) != 0)
			continue;
		for (uint32_t k = t->rows[c].first; k != 0; k = t->rows[k].next)
			if (strcmp(local(t, k), "value") == 0 && attr(t, k, "form", &len) == NULL)
				return node_string(x, (struct nref){ t, k }, out);
	}
	return put_text(x, out, "", 0);
}

static double
number_of(json_t *v)
{
	const char *s = json_string_value(v);

	if (s == NULL)
		return json_number_value(v);
	if (strcmp(s, "NaN") == 0)
		return NAN;
	if (strcmp(s, "Infinity") == 0)
		return INFINITY;
	if (strcmp(s, "-Infinity") == 0)
		return -INFINITY;
	return strcmp(s, "-0") == 0 ? -0.0 : atof(s);
}

static bool
same_number(double want, double got, double tolerance)
{
	if (isnan(want) || isnan(got))
		return isnan(want) && isnan(got);
	if (isinf(want) || isinf(got))
		return want == got;
	return fabs(want - got) <= tolerance;
}

/* Compare a value with what the case expects; GOT is for the message. */
static bool
judge(struct run *x, json_t *o, const struct val *v, char *got, size_t len)
{
	const char *type = str(o, "type");
	json_t *expect = json_object_get(o, "expect");
	double tolerance = json_number_value(json_object_get(o, "tolerance"));
	struct val s;

	if (strcmp(type, "boolean") == 0) {
		bool b = val_bool(x, v);

		snprintf(got, len, "%s", b ? "true" : "false");
		return b == json_is_true(expect);
	}
	if (strcmp(type, "number") == 0 || strcmp(type, "rounded") == 0) {
		double n = val_number(x, v), factor = json_number_value(json_object_get(o, "factor"));

		if (strcmp(type, "rounded") == 0) {
			n = round(n * factor) / factor;
			/* the division may leave another last digit than JavaScript's */
			tolerance = fabs(n) * 1e-14;
		}
		snprintf(got, len, "%.17g", n);
		return same_number(number_of(expect), n, tolerance);
	}
	if (strncmp(type, "nodeset", 7) == 0 || strcmp(type, "node") == 0 || strcmp(type, "nodenames") == 0) {
		size_t n = json_is_array(expect) ? json_array_size(expect) : 1, at = 0;
		bool same = v->kind == VAL_SET && (strcmp(type, "node") == 0 ? v->n >= 1 : v->n == n);

		got[0] = '\0';
		for (uint32_t i = 0; v->kind == VAL_SET && i < v->n; i++) {
			char path[4096];
			const char *want = json_is_array(expect) ? json_string_value(json_array_get(expect, i))
			    : json_string_value(expect);
			bool found = false;

			if (strcmp(type, "nodenames") == 0)
				snprintf(path, sizeof(path), "%s", x->main->names->list[x->main->rows[v->u.set[i].row].name].text);
			else
				path_of(x->main, v->u.set[i].row, path, sizeof(path));
			at += (size_t)snprintf(got + at, at < len ? len - at : 0, "%s ", path);
			if (strcmp(type, "nodeset-unordered") == 0) {
				for (size_t k = 0; k < n; k++)
					found |= strcmp(json_string_value(json_array_get(expect, k)), path) == 0;
				same &= found;
			} else if (strcmp(type, "node") != 0 || i == 0) {
				same &= want != NULL && strcmp(want, path) == 0;
			}
		}
		return same;
	}
	if (!val_string(x, v, &s))
		return false;
	snprintf(got, len, "\"%.*s\"", (int)(s.n < 500 ? s.n : 500), s.u.s);
	if (strcmp(type, "string-length") == 0)
		return s.n == (uint32_t)json_number_value(expect);
	if (strcmp(type, "match") == 0) {
		struct regex *re;
		struct err err;
		const char *p = json_string_value(expect);
		bool found = regex_compile(p, strlen(p), &re, &err) == ERR_OK && regex_search(re, s.u.s, s.n) == 1;

		regex_free(re);
		return found;
	}
	if (strcmp(type, "date") == 0) {
		bool is_day;
		int64_t day, ms = 0;
		int32_t offset;

		if (!val_instant(x, v, &is_day, &day, &ms, &offset))
			return false;
		return (is_day ? day_start(x->zone, day) : ms) == (int64_t)json_number_value(json_object_get(o, "expect_ms"));
	}
	return json_is_string(expect) && json_string_length(expect) == s.n
	    && memcmp(json_string_value(expect), s.u.s, s.n) == 0;
}

static int64_t
instant(const char *text)
{
	int64_t ms = 0;
	int32_t offset;

	if (!datetime_parse(text, strlen(text), NULL, &ms, &offset))
		ms = 1700000000000;
	return ms;
}

static bool
run_case(json_t *o, char *got, size_t len)
{
	struct doc d = { .lang = json_string_value(json_object_get(o, "lang")), .now = instant(str(o, "now")) };
	struct xml_rules xml = { .all = true, .keep_ns = true };
	struct session_env env = { .now_ms = now_ms, .random = chance, .arg = &d };
	struct ns_map ns[32] = { 0 };
	struct zone *zone = NULL;
	struct scratch scratch;
	struct arena code;
	struct program *p = NULL;
	struct err err = { 0 };
	struct _xmlDoc *parsed = NULL;
	const char *text = json_string_value(json_object_get(o, "doc")), *node = str(o, "node"), *root = str(o, "root");
	const char *expr = str(o, "expr"), *key;
	struct run x = { .main = &d.tree, .scratch = &scratch, .max_steps = 5000000, .max_string = 1 << 20, .env = &env,
	    .seed = 42, .itext = find_itext, .instance = find_instance };
	struct scope scope = { .names = &d.names, .ns = ns, .default_ns = json_string_value(json_object_get(o, "default_ns")) };
	struct val v;
	bool ok = false;
	json_t *uri;
	size_t n = 0;
	enum err_code rc;

	json_object_foreach(json_object_get(o, "ns"), key, uri)
		if (n < 31)
			ns[n++] = (struct ns_map){ key, json_string_value(uri) };
	arena_init(&d.arena, 64 << 20);
	arena_init(&code, 16 << 20);
	names_init(&d.names, &d.arena);
	tree_init(&d.tree, &d.names, NULL, false, 1 << 20, 64 << 20);
	scratch_init(&scratch, 64 << 20);
	if (text == NULL || text[0] == '\0')
		text = "<data/>";
	if (zone_load(str(o, "tz")[0] != '\0' ? str(o, "tz") : "UTC", &zone, &err) != ERR_OK
	    || xml_parse(text, strlen(text), true, &parsed, &err) != ERR_OK
	    || xtree_from_node(&d.tree, (const struct _xmlNode *)parsed, &xml, &err) != ERR_OK) {
		snprintf(got, len, "cannot set up: %s", err.msg);
		goto out;
	}
	x.zone = zone;
	x.root = root[0] != '\0' ? row_at(&d.tree, root) : 1;
	rc = program_compile(&code, &scope, expr, strlen(expr), &p, NULL, &err);
	if (rc == ERR_OK) {
		struct nref at = { &d.tree, node[0] != '\0' ? row_at(&d.tree, node) : 1 };

		if (at.row == 0 || x.root == 0) {
			snprintf(got, len, "no such context node");
			goto out;
		}
		rc = program_run(&x, p, at, &v, &err);
	}
	x.err = &err;
	if (strcmp(str(o, "type"), "error") == 0) {
		ok = rc != ERR_OK;
		snprintf(got, len, "a value");
	} else if (rc != ERR_OK) {
		snprintf(got, len, "%s", err.msg);
	} else {
		ok = judge(&x, o, &v, got, len);
	}
out:
	program_clear(p);
	xml_free(parsed);
	scratch_clear(&scratch);
	tree_free(&d.tree);
	names_clear(&d.names);
	arena_clear(&d.arena);
	arena_clear(&code);
	zone_free(zone);
	return ok;
}

static void
one(json_t *o)
{
	json_t *pass = json_object_get(o, "peer_pass"), *custom = json_object_get(o, "custom_functions");
	const struct rule *rule;
	char got[6000] = "", *want;

	if (json_is_false(pass) || json_is_true(custom) || json_object_get(o, "conflict") != NULL) {
		skipped++;
		if (verbose)
			printf("SKIP %s: not applicable\n", str(o, "id"));
		return;
	}
	if (run_case(o, got, sizeof(got))) {
		passed++;
		return;
	}
	rule = rule_for(o);
	if (rule != NULL) {
		skipped++;
		if (verbose)
			printf("SKIP %s: %s %s\n", str(o, "id"), rule->name, rule->reason);
		return;
	}
	failed++;
	want = json_dumps(json_object_get(o, "expect"), JSON_ENCODE_ANY | JSON_COMPACT);
	printf("FAIL %s: expected %s %s, got %s  [%s]\n", str(o, "id"), str(o, "type"), want != NULL ? want : "null", got,
	    str(o, "expr"));
	free(want);
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;

	if (!rules_read(rules_path(), "xpath"))
		fprintf(stderr, "no %s: nothing is skipped by rule\n", rules_path());
	for (int i = 1; i < argc; i++) {
		FILE *f;

		if (strcmp(argv[i], "-v") == 0) {
			verbose = true;
			continue;
		}
		f = fopen(argv[i], "r");
		if (f == NULL) {
			perror(argv[i]);
			return 2;
		}
		while (getline(&line, &cap, f) > 0) {
			json_t *o = json_loads(line, JSON_ALLOW_NUL, NULL);

			if (o == NULL) {
				printf("FAIL: a line of %s is no JSON\n", argv[i]);
				failed++;
				continue;
			}
			one(o);
			json_decref(o);
		}
		fclose(f);
	}
	free(line);
	for (int i = 0; i < n_rules && verbose; i++)
		printf("rule %s: %u cases: %s\n", rules[i].name, rules[i].used, rules[i].reason);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed > 0 ? 1 : 0;
}
