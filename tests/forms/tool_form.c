/* tool_form FILE: load an XForm and fill it in with the first choices; prints pages and the submission.
 * For looking at a form without a kiosk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "forms/session.h"

static int64_t
now(void *arg)
{
	(void)arg;
	return (int64_t)time(NULL) * 1000;
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		((unsigned char *)out)[i] = (unsigned char)rand();
}

int
main(int argc, char **argv)
{
	struct buf xml, out;
	struct err err = { 0 };
	struct findings findings;
	struct form *f;
	struct session *s;
	struct session_env env = { .now_ms = now, .random = chance };
	uint32_t page = 0;

	if (argc < 2)
		return 2;
	buf_init(&xml, (size_t)64 << 20);
	buf_init(&out, (size_t)8 << 20);
	findings_init(&findings);
	if (file_read(argv[1], &xml, &err) != ERR_OK) {
		printf("%s\n", err.msg);
		return 1;
	}
	if (form_load((const char *)xml.data, xml.len, NULL, &findings, &f, &err) != ERR_OK) {
		findings_print(&findings, argv[1], &out);
		printf("%s%s\n", buf_str(&out), err.msg);
		findings_clear(&findings);
		buf_free(&xml);
		buf_free(&out);
		return 1;
	}
	if (session_new(f, &env, &s, &err) != ERR_OK) {
		printf("%s\n", err.msg);
		return 1;
	}
	while (session_next(s, &page)) {
		struct page p;

		if (session_page(s, page, &p, &err) != ERR_OK) {
			printf("page %u: %s\n", page, err.msg);
			return 1;
		}
		printf("--- page %u (%zu of %zu) group \"%s\"\n", page, p.number, p.count, p.group_label);
		for (size_t i = 0; i < p.n_controls; i++) {
			struct page_control *c = &p.controls[i];
			const char *v = NULL;

			printf("%s kind %d type %d%s%s: %s [%s] = \"%s\"\n", c->path, c->kind, c->type, c->required ? " required" : "",
			    c->readonly ? " readonly" : "", c->label, c->hint, c->value);
			for (size_t k = 0; k < c->n_choices; k++)
				printf("   %s: %s (score %s opt_out %s)\n", c->choices[k].value, c->choices[k].label,
				    c->choices[k].score, c->choices[k].opt_out);
			if (c->n_choices > 0)
				v = c->choices[0].value;
			else if (c->type == TYPE_INT && c->kind == CONTROL_INPUT)
				v = "4";
			else if (c->kind == CONTROL_INPUT)
				v = "words";
			if (v != NULL && session_set(s, c->row, v, strlen(v), &err) != ERR_OK)
				printf("   set: %s\n", err.msg);
			break;
		}
	}
	printf("violations: %zu\n", session_violations(s, NULL, 0));
	if (session_finalise(s, &out, &err) != ERR_OK)
		printf("finalise: %s\n", err.msg);
	printf("%s\n", buf_str(&out));
	session_free(s);
	form_free(f);
	findings_clear(&findings);
	buf_free(&xml);
	buf_free(&out);
	return 0;
}
