/* vectors-scenarios [-v] FILE...: a form and operations a line (vectors/README.md, forms.md section 4).
 * Counted are what the tests themselves assert: answerOf, choicesOf, countRepeatInstancesOf, validate,
 * and forms that must be refused. States are the peer's own word, and reported apart. */
#include <math.h>

#include "forms/dates.h"
#include "tests/forms/refs.h"
#include "tests/forms/vectors.h"

static unsigned passed, failed, skipped, refused, not_refused, same_states, other_states;
static bool verbose, states;

struct play {
	json_t *o;
	const char *id;
	bool javarosa;
	struct zone *zone;
	struct form *f;
	struct session *s;
	struct session_env env;
};

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return 1700000000000;
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		((unsigned char *)out)[i] = (unsigned char)rand();
}

static void
verdict(struct play *p, bool ok, size_t step, const char *what, const char *want, const char *got)
{
	const struct rule *rule = ok ? NULL : rule_for(p->o);

	if (ok) {
		passed++;
	} else if (rule != NULL) {
		skipped++;
		if (verbose)
			printf("SKIP %s: step %zu: %s %s\n", p->id, step, rule->name, rule->reason);
	} else {
		failed++;
		printf("FAIL %s: step %zu %s: expected %s, got %s\n", p->id, step, what, want, got);
	}
}

static bool
as_number(const char *s, double *v)
{
	char *end;

	if (s[0] == '\0')
		return false;
	*v = strtod(s, &end);
	return *end == '\0';
}

static bool
same_value(const char *want, const char *got)
{
	double a, b;
	int64_t m, n;
	int32_t off;

	if (strcmp(want, "<null>") == 0)
		want = "";
	if (strcmp(want, got) == 0)
		return true;
	if ((strcmp(want, "1") == 0 && strcmp(got, "true") == 0) || (strcmp(want, "0") == 0 && strcmp(got, "false") == 0)
	    || (strcmp(want, "true") == 0 && strcmp(got, "1") == 0) || (strcmp(want, "false") == 0 && strcmp(got, "0") == 0))
		return true;
	if (datetime_parse(want, strlen(want), NULL, &m, &off) && datetime_parse(got, strlen(got), NULL, &n, &off))
		return m == n;
	return as_number(want, &a) && as_number(got, &b) && a == b;
}

static char *
as_text(json_t *v)
{
	char *s;
	json_t *e;
	size_t i, n = 0;

	if (v == NULL || json_is_null(v))
		return strdup("");
	if (json_is_string(v))
		return strdup(json_string_value(v));
	if (json_is_array(v)) {
		s = calloc(1, 65536);
		json_array_foreach(v, i, e)
			n += (size_t)snprintf(s + n, 65536 - n, "%s%s", i > 0 ? " " : "",
			    json_is_string(e) ? json_string_value(e) : "?");
		return s;
	}
	if (json_is_real(v)) {
		char text[400];

		number_text(json_real_value(v), text);
		return strdup(text);
	}
	s = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	return s != NULL ? s : strdup("");
}

static char *
value_of(struct play *p, const char *ref)
{
	uint32_t row = row_of(p->s, ref, 1, false, NULL);

	/* JavaRosa's tests look at what is kept, relevant or not */
	if (row == 0 || (!p->javarosa && !row_seen(p->s, row)))
		return strdup("");
	return strndup(tree_text(&p->s->tree, row), p->s->tree.rows[row].len);
}

static void
answer_of(struct play *p, json_t *step, size_t i)
{
	char *want = as_text(json_object_get(step, "result")), *got = value_of(p, str(step, "args"));
	char what[300];

	snprintf(what, sizeof(what), "answerOf %.250s", str(step, "args"));
	verdict(p, same_value(want, got), i, what, want, got);
	free(want);
	free(got);
}

static void
choices_of(struct play *p, json_t *step, size_t i)
{
	uint32_t row = row_of(p->s, str(step, "args"), 1, false, NULL), n = 0;
	json_t *want = json_object_get(step, "result");
	const struct form_node *node = row != 0 ? &p->f->nodes[p->s->tree.rows[row].node] : NULL;
	struct offer *list = NULL;
	struct err err = { 0 };
	char what[300], got[4000] = "", *text = json_dumps(want, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t at = 0;
	bool ok;

	begin_answer(p->s);
	if (node != NULL && node->control != 0)
		(void)!offers(p->s, row, &p->f->bodies[node->control - 1], &list, &n, &err);
	ok = n == json_array_size(want);
	for (uint32_t k = 0; k < n; k++) {
		json_t *w = json_array_get(want, k);
		const char *value = json_is_array(w) ? json_string_value(json_array_get(w, 0)) : json_string_value(w);
		const char *label = json_is_array(w) ? json_string_value(json_array_get(w, 1)) : NULL;
		struct buf b;

		buf_init(&b, 65536);
		p->s->run.err = &err;
		ok &= offer_label(&p->s->run, &p->f->bodies[node->control - 1], &list[k], row, TEXT_LONG, &b);
		ok &= value != NULL && strlen(value) == list[k].len && memcmp(value, list[k].value, list[k].len) == 0;
		ok &= label == NULL || strcmp(label, buf_str(&b)) == 0;
		if (at < sizeof(got))
			at += (size_t)snprintf(got + at, sizeof(got) - at, "[%.*s,%s]", (int)list[k].len, list[k].value, buf_str(&b));
		buf_free(&b);
	}
	snprintf(what, sizeof(what), "choicesOf %.250s", str(step, "args"));
	verdict(p, ok, i, what, text, got);
	free(text);
}

static void
count_of(struct play *p, json_t *step, size_t i)
{
	uint32_t head = row_of(p->s, str(step, "args"), 1, true, NULL);
	long long want = json_integer_value(json_object_get(step, "result")), got = head != 0 ? count_seen(p->s, head) : 0;
	char w[30], g[30];

	snprintf(w, sizeof(w), "%lld", want);
	snprintf(g, sizeof(g), "%lld", got);
	verdict(p, want == got, i, "countRepeatInstancesOf", w, g);
}

static void
validate(struct play *p, json_t *step, size_t i)
{
	json_t *want = json_object_get(step, "result");
	long long outcome = json_integer_value(json_object_get(want, "outcome"));
	struct violation v = { 0 };
	size_t n = session_violations(p->s, &v, 1);
	bool ok = n > 0 ? (long long)v.kind == outcome && row_of(p->s, str(want, "at"), 0, false, NULL) == v.row : outcome == 0;

	verdict(p, ok, i, "validate", outcome == 1 ? "required" : "constraint", n == 0 ? "valid" : "another");
}

static void
answer(struct play *p, json_t *step, size_t i)
{
	json_t *args = json_object_get(step, "args");
	char *value = as_text(json_object_get(args, "value"));
	uint32_t row = row_of(p->s, str(args, "ref"), p->javarosa ? 0 : 1, false, NULL);
	struct err err = { 0 };
	enum err_code rc;
	char *old;

	if (row == 0) {
		if (verbose)
			printf("note %s: step %zu: no row %s\n", p->id, i, str(args, "ref"));
		free(value);
		return;
	}
	old = strndup(tree_text(&p->s->tree, row), p->s->tree.rows[row].len);
	rc = session_set(p->s, row, value, strlen(value), &err);
	/* what cannot be read leaves the question blank in Web Forms; session_set refuses it */
	if (rc == ERR_INPUT && !p->javarosa)
		(void)!session_set(p->s, row, "", 0, &err);
	if (rc != ERR_OK && verbose)
		printf("note %s: step %zu: answer %s = %s: %s\n", p->id, i, str(args, "ref"), value, err.msg);
	/* JavaRosa drops what breaks a constraint */
	if (strcmp(str(step, "result"), "CONSTRAINT_VIOLATED") == 0)
		(void)!session_set(p->s, row, old, strlen(old), &err);
	free(old);
	free(value);
}

static void
create(struct play *p, json_t *step, size_t i)
{
	json_t *args = json_object_get(step, "args");
	const char *instance = str(args, "instance"), *ref = instance[0] != '\0' ? instance : str(args, "ref");
	long index;
	uint32_t head = row_of(p->s, ref, p->javarosa ? 0 : 1, true, &index), row;
	struct err err = { 0 };

	if (head == 0) {
		printf("note %s: step %zu: no repeat %s\n", p->id, i, ref);
		return;
	}
	if (instance[0] != '\0' && index >= 0 && (long)p->s->tree.rows[head].name > index)
		return;
	if (session_add(p->s, head, &row, &err) != ERR_OK && verbose)
		printf("note %s: step %zu: add %s: %s\n", p->id, i, ref, err.msg);
}

static void
drop(struct play *p, json_t *step, size_t i)
{
	json_t *args = json_object_get(step, "args");
	uint32_t row = row_of(p->s, str(args, "ref"), p->javarosa ? 0 : 1, false, NULL);
	struct err err = { 0 };

	if (row == 0 || session_remove(p->s, row, &err) != ERR_OK)
		printf("note %s: step %zu: remove %s: %s\n", p->id, i, str(args, "ref"), row == 0 ? "no row" : err.msg);
}

static void
language(struct play *p, json_t *step)
{
	const char *lang = str(json_object_get(step, "args"), "lang");
	struct err err;

	for (size_t k = 0; k < form_languages(p->f); k++)
		if (strcmp(form_language_name(p->f, k), lang) == 0)
			(void)!session_language(p->s, k, &err);
}

/* What the peer says of each row. */
static void
compare_state(struct play *p, json_t *rows, size_t step)
{
	json_t *r;
	size_t i;

	json_array_foreach(rows, i, r) {
		uint32_t row = row_of(p->s, str(r, "ref"), p->javarosa ? 0 : 1, false, NULL);
		bool same = row != 0, rel;
		char *v;

		/* Web Forms puts a meta group into every form it loads */
		if (row == 0 && (json_object_get(r, "n") != NULL || strstr(str(r, "ref"), "/orx:meta") != NULL))
			continue;
		if (row == 0) {
			other_states++;
			if (states)
				printf("state %s: step %zu %s: not there\n", p->id, step, str(r, "ref"));
			continue;
		}
		rel = row_seen(p->s, row);
		v = strndup(tree_text(&p->s->tree, row), p->s->tree.rows[row].kind == ROW_HEAD ? 0 : p->s->tree.rows[row].len);
		if (json_object_get(r, "rel") != NULL)
			same &= json_is_true(json_object_get(r, "rel")) == rel;
		if (json_object_get(r, "v") != NULL && rel && p->s->tree.rows[row].first == 0) {
			char *want = as_text(json_object_get(r, "v"));

			same &= same_value(want, v) || strncmp(v, "uuid:", 5) == 0;
			if (!same && states)
				printf("state %s: step %zu %s: expected %s, got %s\n", p->id, step, str(r, "ref"), want, v);
			free(want);
		} else if (!same && states) {
			printf("state %s: step %zu %s: relevant %d\n", p->id, step, str(r, "ref"), rel);
		}
		if (same)
			same_states++;
		else
			other_states++;
		free(v);
	}
}

static bool
begin(struct play *p, struct err *err)
{
	const char *edit = json_string_value(json_object_get(p->o, "edit_instance"));

	session_free(p->s);
	p->s = NULL;
	if (edit != NULL)
		return session_edit(p->f, &p->env, edit, strlen(edit), &p->s, err) == ERR_OK;
	return session_new(p->f, &p->env, &p->s, err) == ERR_OK;
}

static void
steps(struct play *p)
{
	json_t *step;
	struct err err;
	size_t i;

	compare_state(p, json_object_get(json_object_get(p->o, "initial"), "state"), 0);
	json_array_foreach(json_object_get(p->o, "steps"), i, step) {
		const char *op = str(step, "op");

		if (strcmp(op, "answer") == 0)
			answer(p, step, i);
		else if (strcmp(op, "answerOf") == 0)
			answer_of(p, step, i);
		else if (strcmp(op, "choicesOf") == 0)
			choices_of(p, step, i);
		else if (strcmp(op, "countRepeatInstancesOf") == 0)
			count_of(p, step, i);
		else if (strcmp(op, "validate") == 0)
			validate(p, step, i);
		else if (strcmp(op, "create_repeat") == 0)
			create(p, step, i);
		else if (strcmp(op, "remove_repeat") == 0)
			drop(p, step, i);
		else if (strcmp(op, "set_language") == 0)
			language(p, step);
		else if (strcmp(op, "new_instance") == 0 && !begin(p, &err))
			return;
		if (json_object_get(step, "changed") != NULL)
			compare_state(p, json_object_get(step, "changed"), i);
	}
	if (session_check(p->s, &err) != ERR_OK) {
		failed++;
		printf("FAIL %s: %s\n", p->id, err.msg);
	}
}

static unsigned
asserted(json_t *o)
{
	static const char *const ops[] = { "answerOf", "choicesOf", "countRepeatInstancesOf", "validate" };
	json_t *step;
	size_t i;
	unsigned n = 0;

	json_array_foreach(json_object_get(o, "steps"), i, step)
		for (size_t k = 0; k < 4; k++)
			n += strcmp(str(step, "op"), ops[k]) == 0;
	return n;
}

static bool
has_flag(json_t *o, const char *flag)
{
	json_t *v, *list = json_object_get(o, "flags");
	size_t i;

	json_array_foreach(list, i, v)
		if (flag == NULL || strcmp(json_string_value(v), flag) == 0)
			return true;
	return false;
}

static void
one(json_t *o)
{
	struct play p = { .o = o, .id = str(o, "id"), .javarosa = strncmp(str(o, "suite"), "javarosa", 8) == 0,
	    .env = { .now_ms = now_ms, .random = chance } };
	struct form_rules rules_of_load = { .admit = false };
	struct findings findings;
	const char *xml = str(o, "form_xml");
	bool must_fail = json_is_string(json_object_get(o, "load_error"));
	struct err err = { 0 };
	enum err_code rc;

	if (has_flag(o, "external") || (!must_fail && has_flag(o, NULL))) {
		skipped += must_fail ? 1 : asserted(o);
		return;
	}
	findings_init(&findings);
	if (zone_load(str(o, "tz")[0] != '\0' ? str(o, "tz") : "UTC", &p.zone, &err) != ERR_OK)
		abort();
	p.env.zone = p.zone;
	rc = form_load(xml, strlen(xml), &rules_of_load, &findings, &p.f, &err);
	if (rc == ERR_OK) {
		p.env.language = form_default_language(p.f);
		if (!begin(&p, &err))
			rc = err.code;
	}
	if (must_fail) {
		refused += rc != ERR_OK;
		not_refused += rc == ERR_OK;
		verdict(&p, rc != ERR_OK, 0, "load", "a refusal", "loaded");
	} else if (rc != ERR_OK) {
		unsigned n = asserted(o);

		for (unsigned i = 0; i < n; i++)
			verdict(&p, false, i, "load", "a form", err.msg);
		if (n == 0 && verbose)
			printf("note %s: nothing asserted, and it does not load: %s\n", p.id, err.msg);
	} else {
		steps(&p);
	}
	session_free(p.s);
	form_free(p.f);
	zone_free(p.zone);
	findings_clear(&findings);
}

int
main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;

	rules_read(rules_path(), "scenarios");
	for (int i = 1; i < argc; i++) {
		FILE *f;

		if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "-s") == 0) {
			verbose |= argv[i][1] == 'v';
			states |= argv[i][1] == 's';
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
	printf("forms that must be refused: %u refused, %u loaded\n", refused, not_refused);
	printf("rows of the peers' states: %u agree, %u differ\n", same_states, other_states);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed > 0 ? 1 : 0;
}
