/* The engine on hostile input. Bytes that begin with '<' are a form: it loads or every finding has a
 * text; what loads is walked. Other bytes choose a random form (tests/forms/gen.h) and drive operations:
 * the state stays what computing from scratch gives, a draft restores it, damaged drafts are refused. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/forms/gen.h"
#include "tests/forms/refs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

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

static void
check(struct session *s)
{
	enum err_code rc = session_check(s, &err);

	/* a form's own expressions may fail or meet the limit again */
	assert(rc != ERR_BROKEN);
}

static void
operate(struct session *s, const uint8_t *op)
{
	uint32_t row = 1 + (op[1] | (uint32_t)op[2] << 8) % s->tree.n, at;
	char text[16];

	switch (op[0] % 8) {
	case 0: (void)!session_add(s, row, &at, &err); break;
	case 1: (void)!session_remove(s, row, &err); break;
	case 2: (void)!session_language(s, op[3] % form_languages(s->f), &err); break;
	default:
		snprintf(text, sizeof(text), op[0] < 128 ? "%u" : "%u x", op[3] % 13);
		(void)!session_set(s, row, text, op[3] == 0 ? 0 : strlen(text), &err);
	}
}

static void
look(struct session *s)
{
	uint32_t page = 0;
	struct page p;

	for (unsigned i = 0; i < 200 && session_next(s, &page); i++)
		if (session_page(s, page, &p, &err) == ERR_OK)
			for (size_t k = 0; k < p.n_controls; k++)
				assert(p.controls[k].label != NULL && p.controls[k].value != NULL && p.controls[k].path != NULL);
	session_violations(s, NULL, 0);
}

static void
drafts(struct session *s, const struct session_env *env, const uint8_t *data, size_t len)
{
	struct session *back = NULL;
	struct buf draft, again;

	buf_init_secret(&draft, 4 << 20);
	buf_init_secret(&again, 4 << 20);
	if (session_save(s, &draft, &err) != ERR_OK)
		assert(false);
	if (session_restore(s->f, env, draft.data, draft.len, &back, &err) != ERR_OK)
		assert(false);
	if (session_save(back, &again, &err) != ERR_OK)
		assert(false);
	assert(draft.len == again.len && memcmp(draft.data, again.data, draft.len) == 0);
	session_free(back);
	for (size_t i = 0; i + 2 < len && i < 30; i += 3)
		draft.data[(data[i] | (size_t)data[i + 1] << 8) % draft.len] ^= data[i + 2];
	if (session_restore(s->f, env, draft.data, draft.len, &back, &err) == ERR_OK) {
		look(back);
		session_free(back);
	}
	buf_free(&draft);
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct form_rules rules = { .limits = { .steps = 20000, .repeat_instances = 20, .session_rows = 2000 } };
	struct session_env env = { .now_ms = now_ms, .random = chance };
	struct findings findings;
	struct form *f = NULL;
	struct session *s = NULL;
	struct buf xml;
	const uint8_t *ops = data;
	size_t n = len;
	enum err_code rc;

	if (len < 8)
		return 0;
	findings_init(&findings);
	buf_init(&xml, 1 << 20);
	if (data[0] == '<') {
		rules.admit = len % 2 == 0;
		buf_put(&xml, data, len);
	} else {
		struct rng r = { data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 };

		gen_form(&r, &xml);
		ops += 3;
		n -= 3;
	}
	rc = form_load(buf_str(&xml), xml.len, &rules, &findings, &f, &err);
	if (rc != ERR_OK) {
		assert(f == NULL && err.msg[0] != '\0');
		for (size_t i = 0; i < findings.n; i++)
			assert(findings.list[i].text[0] != '\0');
		goto out;
	}
	if (session_new(f, &env, &s, &err) != ERR_OK) {
		assert(s == NULL);
		goto out;
	}
	for (size_t i = 0; i + 4 <= n && i < 160; i += 4) {
		operate(s, ops + i);
		check(s);
	}
	look(s);
	drafts(s, &env, ops, n);
	xml.failed = ERR_OK;
	buf_reset(&xml);
	rc = session_finalise(s, &xml, &err);
	assert(rc != ERR_BROKEN);
	if (rc == ERR_OK) {
		struct session *edit = NULL;

		if (session_edit(f, &env, buf_str(&xml), xml.len, &edit, &err) == ERR_OK)
			session_free(edit);
		else
			assert(err.code == ERR_LIMIT || err.code == ERR_INPUT);
	}
out:
	session_free(s);
	form_free(f);
	findings_clear(&findings);
	buf_free(&xml);
	return 0;
}
