/* Compile an HTML template to C: tmplc FOLDER/templates/NAME.html OUT.c makes
 *	void page_FOLDER_NAME(struct buf *out, const struct VIEW *v);
 * and tmplc -h FOLDER FILE... writes the header that declares them all.
 *
 * The first line says what is shown:  {{! view struct question_view from kiosk/views.h }}
 *	{{name}}			the field, escaped for text and quoted attributes
 *	{{w.key}}			a field called w is a pointer (to words, shared by all pages); others are held by value
 *	{{raw name}}			a struct buf that another template made
 *	{{#if name}} .. {{else}} .. {{/if}}	also {{#if not name}}; text: not empty; number: not 0
 *	{{#each list as o}} .. {{/each}}	fields list and n_list; inside, {{o.field}}
 *	{{> NAME field}}		the template NAME of the same folder, shown FIELD (a struct); "." is all
 *	{{! anything }}			a comment
 * A line that holds only a block tag or comment prints nothing. #line makes a misspelt field an error at
 * the template's own line. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 32, NAME = 64 };

static const char *path;
static int line = 1;
static FILE *out;
static struct block {
	char kind;	/* 'i' if, 'e' each */
	char name[NAME];
	int line;
} stack[DEPTH];
static int depth;

static void
fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: ", path, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

/* FOLDER/templates/NAME.html -> FOLDER and NAME. */
static void
names(const char *p, char *folder, char *name)
{
	const char *slash = strchr(p, '/'), *base = strrchr(p, '/'), *dot = strrchr(p, '.');

	if (slash == NULL || base == NULL || dot == NULL || slash - p >= NAME || dot - base >= NAME) {
		fprintf(stderr, "%s: expected FOLDER/templates/NAME.html\n", p);
		exit(2);
	}
	snprintf(folder, NAME, "%.*s", (int)(slash - p), p);
	snprintf(name, NAME, "%.*s", (int)(dot - base - 1), base + 1);
	for (char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && *c != '_') {
			fprintf(stderr, "%s: a template's name is letters, digits and _\n", p);
			exit(2);
		}
}

static char *
slurp(const char *p)
{
	FILE *in = fopen(p, "rb");
	char *text = NULL;
	size_t len = 0, n;

	if (in == NULL) {
		perror(p);
		exit(1);
	}
	do {
		text = realloc(text, len + 65536);
		if (text == NULL)
			exit(1);
		n = fread(text + len, 1, 65535, in);
		len += n;
	} while (n > 0);
	text[len] = '\0';
	fclose(in);
	return text;
}

/* The view's struct tag and header, from the first tag. */
static void
view(const char *text, char *tag, char *header)
{
	if (sscanf(text, "{{! view struct %63[A-Za-z0-9_] from %127s }}", tag, header) != 2)
		fail("the first line must be {{! view struct NAME from FOLDER/views.h }}");
}

static int
is_local(const char *name, size_t len)
{
	for (int i = 0; i < depth; i++)
		if (stack[i].kind == 'e' && strlen(stack[i].name) == len
		    && strncmp(stack[i].name, name, len) == 0)
			return 1;
	return 0;
}

/* A dotted field as a C expression: o.x of an each is o->x, everything else is v->x; a field called w is a pointer. */
static void
expr(const char *field, char *c, size_t max)
{
	size_t first = strcspn(field, "."), n = 0;
	char whole[256];
	const char *p;

	for (p = field; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.')
			fail("\"%s\" is not a field", field);
	if (field[0] == '\0')
		fail("a field is missing");
	if (is_local(field, first) && field[first] == '.')
		snprintf(whole, sizeof(whole), "%.*s->%s", (int)first, field, field + first + 1);
	else if (is_local(field, first))
		snprintf(whole, sizeof(whole), "(*%s)", field);
	else
		snprintf(whole, sizeof(whole), "v->%s", field);
	for (p = whole; *p != '\0' && n + 3 < max; p++) {
		if (p[0] == '.' && p > whole + 1 && p[-1] == 'w' && (p[-2] == '.' || p[-2] == '>')) {
			c[n++] = '-';
			c[n++] = '>';
		} else {
			c[n++] = *p;
		}
	}
	c[n] = '\0';
}

static void
literal(const char *s, size_t len)
{
	if (len == 0)
		return;
	fprintf(out, "\tbuf_put(out, \"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\n')
			fprintf(out, "\\n\"\n\t    \"");
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '?')
			fprintf(out, "\\?");
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\%03o", c);
		else
			putc(c, out);
	}
	fprintf(out, "\", %zu);\n", len);
}

static void
push(char kind, const char *name)
{
	if (depth == DEPTH)
		fail("blocks nested deeper than %d", DEPTH);
	stack[depth].kind = kind;
	stack[depth].line = line;
	snprintf(stack[depth].name, NAME, "%s", name);
	depth++;
}

static void
pop(char kind, const char *tag)
{
	if (depth == 0 || stack[depth - 1].kind != kind)
		fail("%s closes nothing that is open", tag);
	depth--;
}

/* One tag, without its braces. Returns 1 if it prints by itself (not a block tag). */
static int
tag(const char *folder, char *t)
{
	char a[NAME], b[NAME], list[256], c[256];

	fprintf(out, "#line %d \"%s\"\n", line, path);
	if (t[0] == '!')
		return 0;
	if (strncmp(t, "#if not ", 8) == 0 && sscanf(t, "#if not %63s", a) == 1) {
		expr(a, c, sizeof(c));
		fprintf(out, "\tif (!html_true(%s)) {\n", c);
		push('i', "");
		return 0;
	}
	if (sscanf(t, "#if %63s", a) == 1) {
		expr(a, c, sizeof(c));
		fprintf(out, "\tif (html_true(%s)) {\n", c);
		push('i', "");
		return 0;
	}
	if (strcmp(t, "else") == 0) {
		if (depth == 0 || stack[depth - 1].kind != 'i')
			fail("else outside if");
		fprintf(out, "\t} else {\n");
		return 0;
	}
	if (strcmp(t, "/if") == 0) {
		pop('i', "/if");
		fprintf(out, "\t}\n");
		return 0;
	}
	if (sscanf(t, "#each %63s as %63s", a, b) == 2) {
		char *dot;

		expr(a, list, sizeof(list));
		snprintf(c, sizeof(c), "%s", list);
		dot = strrchr(c, '>');
		if (strrchr(c, '.') > dot)
			dot = strrchr(c, '.');
		fprintf(out, "\tfor (size_t i_%s = 0; i_%s < (size_t)%.*sn_%s; i_%s++) {\n"
		    "\tconst __typeof__(%s[0]) *%s = &%s[i_%s]; (void)%s;\n", b, b, (int)(dot - c) + 1, c, dot + 1,
		    b, list, b, list, b, b);
		push('e', b);
		return 0;
	}
	if (strcmp(t, "/each") == 0) {
		pop('e', "/each");
		fprintf(out, "\t}\n");
		return 0;
	}
	if (sscanf(t, "> %63s %63s", a, b) == 2) {
		if (strcmp(b, ".") == 0) {
			fprintf(out, "\tpage_%s_%s(out, v);\n", folder, a);
		} else {
			expr(b, c, sizeof(c));
			fprintf(out, "\tpage_%s_%s(out, &%s);\n", folder, a, c);
		}
		return 0;
	}
	if (sscanf(t, "raw %63s", a) == 1) {
		expr(a, c, sizeof(c));
		fprintf(out, "\thtml_raw(out, %s);\n", c);
		return 1;
	}
	if (strpbrk(t, " #/>") != NULL)
		fail("unknown tag {{%s}}", t);
	expr(t, c, sizeof(c));
	fprintf(out, "\thtml_put(out, %s);\n", c);
	return 1;
}

static char *
end_of_blank(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

static void
body(const char *folder, char *s)
{
	char *from = s;

	while (*s != '\0') {
		char *stop, *after, *bol;

		if (s[0] == '\n')
			line++;
		if (s[0] != '{' || s[1] != '{') {
			s++;
			continue;
		}
		stop = strstr(s, "}}");
		if (stop == NULL)
			fail("{{ without }}");
		/* A block tag alone on its line swallows the line. */
		bol = s;
		while (bol > from && (bol[-1] == ' ' || bol[-1] == '\t'))
			bol--;
		after = end_of_blank(stop + 2);
		int alone = (bol == from ? (bol[-1] == '\n' || bol[-1] == '\0') : bol[-1] == '\n')
		    && *after == '\n' && (s[2] == '#' || s[2] == '/' || s[2] == '!' || s[2] == '>'
		    || strncmp(s + 2, "else", 4) == 0);
		literal(from, (size_t)((alone ? bol : s) - from));
		*stop = '\0';
		char *t = s + 2;
		tag(folder, t);
		for (char *p = s; p < stop; p++)
			line += *p == '\n';
		s = alone ? after + 1 : stop + 2;
		line += alone;
		from = s;
		if (alone)
			from[-1] = '\n';
	}
	literal(from, (size_t)(s - from));
}

static int
header(int argc, char **argv)
{
	printf("/* Made by tools/tmplc from %s/templates. */\n#ifndef %s_TEMPLATES_H\n#define %s_TEMPLATES_H\n\n"
	    "#include \"base/buf.h\"\n\n", argv[2], argv[2], argv[2]);
	for (int i = 3; i < argc; i++) {
		char folder[NAME], name[NAME], st[NAME], from[128];
		char *text;

		path = argv[i];
		names(path, folder, name);
		text = slurp(path);
		view(text, st, from);
		printf("struct %s;\nvoid page_%s_%s(struct buf *out, const struct %s *v);\n", st, folder, name, st);
		free(text);
	}
	printf("\n#endif\n");
	return 0;
}

int
main(int argc, char **argv)
{
	char folder[NAME], name[NAME], st[NAME], from[128];
	char *text, *copy;

	if (argc >= 3 && strcmp(argv[1], "-h") == 0)
		return header(argc, argv);
	if (argc != 3) {
		fprintf(stderr, "usage: tmplc FOLDER/templates/NAME.html OUT.c\n       tmplc -h FOLDER FILE...\n");
		return 2;
	}
	path = argv[1];
	names(path, folder, name);
	text = slurp(path);
	view(text, st, from);
	out = fopen(argv[2], "w");
	if (out == NULL) {
		perror(argv[2]);
		return 1;
	}
	fprintf(out, "#include \"%s/templates.h\"\n#include \"%s\"\n#include \"base/html.h\"\n\n"
	    "void\npage_%s_%s(struct buf *out, const struct %s *v)\n{\n\t(void)v;\n", folder, from, folder, name,
	    st);
	/* A NUL before the text lets body() look one back. */
	copy = malloc(strlen(text) + 2);
	if (copy == NULL)
		return 1;
	copy[0] = '\0';
	strcpy(copy + 1, text);
	body(folder, copy + 1);
	if (depth > 0) {
		line = stack[depth - 1].line;
		fail("a block is never closed");
	}
	fprintf(out, "}\n");
	free(copy);
	free(text);
	if (fclose(out) != 0) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
