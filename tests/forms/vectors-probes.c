/* vectors-probes [-p] EXPECTED.csv DIR: forms on which engines differ, and what we do. EXPECTED.csv has
 * probe,op,expected,rule; ops are those of DIR/PROBE.ops in order, one row for each that shows something.
 * With -p what comes out is printed instead of compared. */
#include "base/file.h"
#include "forms/text.h"
#include "forms/zone.h"
#include "tests/forms/refs.h"
#include "tests/forms/vectors.h"

static unsigned passed, failed;
static bool printing;

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return 1711972800000;	/* 2024-04-01T12:00:00Z */
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 7, len);
}

/* What is in the root, without meta; and whether it is valid. */
static void
show(struct session *s, struct buf *out)
{
	struct buf xml;
	struct err err;
	struct violation v;
	char *from, *end, *meta;

	buf_init(&xml, 1 << 20);
	begin_answer(s);
	if (serialise(s, &xml, &err) != ERR_OK)
		abort();
	from = strchr((char *)xml.data, '>') + 1;
	end = strstr(from, "</data>");
	meta = strstr(from, "<orx:meta");
	buf_put(out, from, (size_t)((meta != NULL ? meta : end) - from));
	if (session_violations(s, &v, 1) == 0) {
		buf_puts(out, " valid");
	} else {
		buf_printf(out, " INVALID %s at ", v.kind == VIOLATION_REQUIRED ? "required" : v.kind == VIOLATION_TYPE ? "type"
		    : "constraint");
		form_path(s->f, s->tree.rows[v.row].node, out);
	}
	buf_free(&xml);
}

static void
choices(struct session *s, uint32_t row, struct buf *out)
{
	const struct form_node *n = &s->f->nodes[s->tree.rows[row].node];
	struct offer *list;
	struct err err;
	uint32_t k;

	begin_answer(s);
	if (n->control == 0 || offers(s, row, &s->f->bodies[n->control - 1], &list, &k, &err) != ERR_OK)
		return;
	for (uint32_t i = 0; i < k; i++)
		buf_printf(out, "%s%.*s", i > 0 ? " " : "", (int)list[i].len, list[i].value);
}

static bool
op(struct session *s, char *line, struct buf *out)
{
	char *word = strtok(line, " "), *ref = strtok(NULL, " "), *value = strtok(NULL, "");
	char text[100];
	struct err err = { 0 };
	uint32_t row = ref != NULL && ref[0] == '/' ? row_of(s, ref, 1, false, NULL) : 0, at;
	size_t n = 0;

	if (strcmp(word, "show") == 0) {
		show(s, out);
		return true;
	}
	if (strcmp(word, "showall") == 0) {
		struct buf xml;

		buf_init(&xml, 1 << 20);
		if (session_finalise(s, &xml, &err) != ERR_OK)
			buf_puts(&xml, err.msg);
		/* the uuid is new each time */
		for (char *u = strstr((char *)xml.data, "uuid:"); u != NULL && *u != '<'; u++)
			if (u[0] != '-' && u > strstr((char *)xml.data, "uuid:") + 4)
				*u = 'x';
		buf_puts(out, buf_str(&xml));
		buf_free(&xml);
		return true;
	}
	if (strcmp(word, "choices") == 0) {
		choices(s, row, out);
		return true;
	}
	if (strcmp(word, "label") == 0) {
		begin_answer(s);
		s->run.err = &err;
		shown_put(&s->run, &s->f->bodies[s->f->nodes[s->tree.rows[row].node].control - 1].label, row, TEXT_LONG, out);
		return true;
	}
	if (strcmp(word, "set") == 0) {
		/* "_" stands for a blank */
		for (; value != NULL && value[n] != '\0' && n < sizeof(text) - 1; n++)
			text[n] = value[n] == '_' ? ' ' : value[n];
		if (session_set(s, row, text, n, &err) != ERR_OK) {
			buf_printf(out, "refused");
			return true;
		}
	} else if (strcmp(word, "lang") == 0) {
		for (size_t k = 0; k < form_languages(s->f); k++)
			if (strcmp(form_language_name(s->f, k), ref) == 0 && session_language(s, k, &err) != ERR_OK)
				buf_puts(out, err.msg);
	} else if (strcmp(word, "add") == 0) {
		if (session_add(s, row_of(s, ref, 1, true, NULL), &at, &err) != ERR_OK)
			buf_puts(out, err.msg);
	} else if (strcmp(word, "del") == 0) {
		if (session_remove(s, row, &err) != ERR_OK)
			buf_puts(out, err.msg);
	}
	return out->len > 0;
}

struct expected { char probe[64], op[128], *text, *rule; bool used; };
static struct expected list[400];
static size_t n_list;

/* RFC 4180 */
static char *
field(char **p)
{
	char *s = *p, *to = s, *out = s;

	if (*s == '"') {
		for (s++, out = to = s; *s != '\0'; s++) {
			if (*s == '"' && s[1] == '"')
				s++;
			else if (*s == '"')
				break;
			*to++ = *s;
		}
		s++;
	} else {
		while (*s != '\0' && *s != ',' && *s != '\n')
			s++;
		to = s;
	}
	*p = *s == ',' ? s + 1 : s;
	*to = '\0';
	return out;
}

static void
read_expected(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	while (getline(&line, &cap, f) > 0 && n_list < 400) {
		char *p = line;
		struct expected *e = &list[n_list];

		if (strncmp(line, "probe,", 6) == 0 || line[0] == '\n')
			continue;
		snprintf(e->probe, sizeof(e->probe), "%s", field(&p));
		snprintf(e->op, sizeof(e->op), "%s", field(&p));
		e->text = strdup(field(&p));
		e->rule = strdup(field(&p));
		n_list++;
	}
	free(line);
	fclose(f);
}

static void
judge(const char *probe, const char *what, const char *got)
{
	if (printing) {
		printf("%s,%s,\"", probe, what);
		for (; *got != '\0'; got++)
			printf(*got == '"' ? "\"\"" : "%c", *got);
		printf("\",\n");
		return;
	}
	for (size_t i = 0; i < n_list; i++)
		if (!list[i].used && strcmp(list[i].probe, probe) == 0) {
			list[i].used = true;
			if (strcmp(list[i].op, what) == 0 && strcmp(list[i].text, got) == 0) {
				passed++;
			} else {
				failed++;
				printf("FAIL %s %s: expected %s: %s, got %s (%s)\n", probe, what, list[i].op, list[i].text, got,
				    list[i].rule);
			}
			return;
		}
	failed++;
	printf("FAIL %s %s: nothing is expected, got %s\n", probe, what, got);
}

static void
probe(const char *dir, const char *name)
{
	char path[600], line[400], what[400];
	struct form_rules rules_of_load = { .admit = false };
	struct session_env env = { .now_ms = now_ms, .random = chance };
	struct findings findings;
	struct zone *zone = NULL;
	struct form *f = NULL;
	struct session *s = NULL;
	struct err err = { 0 };
	struct buf xml, out;
	FILE *ops;

	buf_init(&xml, 8 << 20);
	findings_init(&findings);
	snprintf(path, sizeof(path), "%s/%s.xml", dir, name);
	/* the peers ran in London */
	if (file_read(path, &xml, &err) != ERR_OK || zone_load("Europe/London", &zone, &err) != ERR_OK) {
		printf("FAIL %s: %s\n", name, err.msg);
		failed++;
		goto out;
	}
	env.zone = zone;
	if (form_load((const char *)xml.data, xml.len, &rules_of_load, &findings, &f, &err) != ERR_OK
	    || session_new(f, &env, &s, &err) != ERR_OK) {
		judge(name, "load", err.msg);
		goto out;
	}
	snprintf(path, sizeof(path), "%s/%s.ops", dir, name);
	ops = fopen(path, "r");
	buf_init(&out, 1 << 20);
	while (ops != NULL && fgets(line, sizeof(line), ops) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		snprintf(what, sizeof(what), "%s", line);
		buf_reset(&out);
		if (op(s, line, &out))
			judge(name, what, buf_str(&out));
	}
	if (ops != NULL)
		fclose(ops);
	if (session_check(s, &err) != ERR_OK) {
		printf("FAIL %s: %s\n", name, err.msg);
		failed++;
	}
	buf_free(&out);
out:
	session_free(s);
	form_free(f);
	zone_free(zone);
	findings_clear(&findings);
	buf_free(&xml);
}

#include <dirent.h>

static int
is_xml(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 4 && strcmp(d->d_name + n - 4, ".xml") == 0;
}

int
main(int argc, char **argv)
{
	struct dirent **names;
	unsigned probes = 0;
	int n;

	printing = argc > 1 && strcmp(argv[1], "-p") == 0;
	if (argc < 3)
		return 2;
	if (!printing)
		read_expected(argv[1]);
	n = scandir(argv[2], &names, is_xml, alphasort);
	if (n < 0) {
		perror(argv[2]);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		names[i]->d_name[strlen(names[i]->d_name) - 4] = '\0';
		probe(argv[2], names[i]->d_name);
		probes++;
		free(names[i]);
	}
	free(names);
	for (size_t i = 0; i < n_list; i++) {
		if (!list[i].used) {
			failed++;
			printf("FAIL %s %s: expected, but it did not come\n", list[i].probe, list[i].op);
		}
		free(list[i].text);
		free(list[i].rule);
	}
	printf("%u probes\n%u passed, %u failed, 0 skipped\n", probes, passed, failed);
	return failed > 0 ? 1 : 0;
}
