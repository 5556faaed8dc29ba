/* Any bytes as XForm XML, with the files its external instances ask for: what follows each NUL byte is one
 * file, handed out in the order in which they are opened. A refusal has a sentence for every finding and
 * leaves nothing; loading twice finds the same; what loads is filled in, stays what computing from scratch
 * gives, goes through a draft, and its submission is well formed. The same XML written again by libxml2,
 * with the attributes of body and binds turned round, is the same form. */
#include <assert.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "forms/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct files { const char *at, *end; };

static struct err err;

static int64_t
now_ms(void *arg)
{
	(void)arg;
	return 1711972800000;
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 3, len);
}

static const struct session_env env = { .now_ms = now_ms, .random = chance };

static enum err_code
open_file(void *arg, const char *uri, struct buf *out, struct err *e)
{
	struct files *f = arg;
	const char *nul = f->at < f->end ? memchr(f->at, '\0', (size_t)(f->end - f->at)) : NULL, *next;

	if (nul == NULL) {
		buf_puts(out, strstr(uri, "csv") != NULL ? "name,label\na,A\nb,B\n"
		    : "<root><item><name>a</name><label>A</label></item></root>");
	} else {
		next = memchr(nul + 1, '\0', (size_t)(f->end - nul - 1));
		buf_put(out, nul + 1, (size_t)((next != NULL ? next : f->end) - nul - 1));
		f->at = next != NULL ? next : f->end;
	}
	return buf_check(out, e);
}

static struct form *
load(const char *xml, size_t n, const uint8_t *files, const uint8_t *end, bool admit, struct findings *findings)
{
	struct files f = { (const char *)files, (const char *)end };
	struct form_rules rules = { .admit = admit, .open = open_file, .arg = &f, .limits = { .steps = 20000,
	    .repeat_instances = 20, .session_rows = 2000, .secondary_cells = 2000, .string_bytes = 65536 } };
	struct form *form = NULL;

	findings_init(findings);
	err = (struct err){ 0 };
	if (form_load(xml, n, &rules, findings, &form, &err) == ERR_OK) {
		assert(form != NULL && findings->errors == 0);
		return form;
	}
	assert(form == NULL && err.msg[0] != '\0' && err.code != ERR_BROKEN);
	for (size_t i = 0; i < findings->n; i++)
		assert(findings->list[i].text[0] != '\0');
	return NULL;
}

static void
answer(struct session *s, const struct page_control *c, size_t turn)
{
	static const char *const texts[] = { "1", "x y", "2024-02-29", "-3.5", "", "true" };
	struct buf value;

	buf_init(&value, 4096);
	buf_puts(&value, c->n_choices > 0 ? c->choices[turn % c->n_choices].value : texts[turn % ARRAY_LEN(texts)]);
	/* the value is of the page, which goes when the session changes */
	(void)!session_set(s, c->row, buf_str(&value), value.len, &err);
	buf_free(&value);
}

/* One answer to each question, an instance more of each repeat. */
static void
fill_in(struct session *s)
{
	uint32_t page = 0, made;
	struct page p;

	for (size_t i = 0; i < 60 && session_next(s, &page); i++) {
		if (session_page(s, page, &p, &err) != ERR_OK)
			continue;
		for (size_t k = 0; k < p.n_controls; k++)
			assert(p.controls[k].label != NULL && p.controls[k].hint != NULL && p.controls[k].value != NULL);
		if (p.n_controls == 0)
			continue;
		if (p.controls[0].kind == CONTROL_REPEAT)
			(void)!session_add(s, p.controls[0].row, &made, &err);
		else
			answer(s, &p.controls[i % p.n_controls], i);
		assert(session_check(s, &err) != ERR_BROKEN);
	}
	session_violations(s, NULL, 0);
}

static void
through_a_draft(struct session *s)
{
	struct session *back = NULL;
	struct buf draft, again;

	buf_init_secret(&draft, 4 << 20);
	buf_init_secret(&again, 4 << 20);
	assert(session_save(s, &draft, &err) == ERR_OK);
	assert(session_restore(s->f, &env, draft.data, draft.len, &back, &err) == ERR_OK);
	assert(session_save(back, &again, &err) == ERR_OK);
	assert(draft.len == again.len && memcmp(draft.data, again.data, draft.len) == 0);
	session_free(back);
	buf_free(&draft);
	buf_free(&again);
}

/* Everything that can be done with a form; the submission (or the refusal) as text. */
static void
use(const struct form *f, struct buf *out)
{
	struct session *s = NULL, *edit = NULL;
	struct _xmlDoc *doc;
	enum err_code rc = session_new(f, &env, &s, &err);

	if (rc != ERR_OK) {
		assert(s == NULL && rc != ERR_BROKEN);
		buf_printf(out, "new: %s", err_word(rc));
		return;
	}
	fill_in(s);
	through_a_draft(s);
	rc = session_finalise(s, out, &err);
	assert(rc != ERR_BROKEN);
	if (rc != ERR_OK) {
		buf_printf(out, "finalise: %s", err_word(rc));
	} else {
		assert(xml_parse(buf_str(out), out->len, false, &doc, &err) == ERR_OK);
		xml_free(doc);
		if (session_edit(f, &env, buf_str(out), out->len, &edit, &err) == ERR_OK)
			session_free(edit);
		else
			assert(err.code == ERR_LIMIT || err.code == ERR_INPUT);
	}
	session_free(s);
}

static void
turn_attributes(xmlNode *e)
{
	xmlAttr *last = NULL;

	for (xmlAttr *a = e->properties, *next; a != NULL; last = a, a = next) {
		next = a->next;
		a->next = a->prev;
		a->prev = next;
	}
	if (last != NULL)
		e->properties = last;
	for (xmlNode *c = e->children; c != NULL; c = c->next)
		if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, "instance") != 0)
			turn_attributes(c);
}

static void
rewrite(const char *xml, size_t n, xmlChar **text, int *size)
{
	xmlDoc *doc;

	*text = NULL;
	if (xml_parse(xml, n, false, &doc, &err) != ERR_OK)
		return;
	turn_attributes(xmlDocGetRootElement(doc));
	xmlDocDumpMemoryEnc(doc, text, size, "UTF-8");
	xmlFreeDoc(doc);
	/* libxml2 2.9 writes '<' in a namespace's name as it is */
	if (*text != NULL && xml_parse((const char *)*text, (size_t)*size, false, &doc, &err) != ERR_OK) {
		xmlFree(*text);
		*text = NULL;
		return;
	}
	xmlFreeDoc(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *nul = len > 0 ? memchr(data, '\0', len) : NULL;
	size_t n = nul != NULL ? (size_t)(nul - data) : len;
	const char *xml = (const char *)data;
	struct findings one, two;
	struct form *f = load(xml, n, data + n, data + len, len % 2 == 0, &one), *again;
	xmlChar *text;
	int size;

	again = load(xml, n, data + n, data + len, len % 2 == 0, &two);
	assert((f == NULL) == (again == NULL) && one.n == two.n);
	for (size_t i = 0; i < one.n; i++)
		assert(strcmp(one.list[i].text, two.list[i].text) == 0 && strcmp(one.list[i].place, two.list[i].place) == 0);
	findings_clear(&two);
	form_free(again);
	rewrite(xml, n, &text, &size);
	if (f != NULL && text != NULL) {
		struct buf a, b;

		buf_init_secret(&a, 4 << 20);
		buf_init_secret(&b, 4 << 20);
		again = load((const char *)text, (size_t)size, data + n, data + len, len % 2 == 0, &two);
		assert(again != NULL);
		use(f, &a);
		use(again, &b);
		assert(a.len == b.len && memcmp(buf_str(&a), buf_str(&b), a.len) == 0);
		findings_clear(&two);
		form_free(again);
		buf_free(&a);
		buf_free(&b);
	}
	xmlFree(text);
	findings_clear(&one);
	form_free(f);
	return 0;
}
