/* Properties on random walks over random forms: after every operation the state is what computing it
 * from scratch gives; a draft restores it; what is finalised loads to the same answers; nothing
 * non-relevant comes out; limits hold and leave the state as it was. */
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "tests/forms/gen.h"
#include "tests/forms/refs.h"
#include "tests/test.h"

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
	struct rng *r = arg;

	for (size_t i = 0; i < len; i++)
		((unsigned char *)out)[i] = (unsigned char)rnd(r, 256);
}

static struct form *
make_form(struct rng *r, const struct form_limits *limits)
{
	struct form_rules rules = { .admit = false };
	struct findings findings;
	struct form *f;
	struct buf xml;

	if (limits != NULL)
		rules.limits = *limits;
	buf_init(&xml, 1 << 20);
	findings_init(&findings);
	gen_form(r, &xml);
	if (form_load(buf_str(&xml), xml.len, &rules, &findings, &f, &err) != ERR_OK)
		ck_abort_msg("%s\n%s", err.msg, buf_str(&xml));
	findings_clear(&findings);
	buf_free(&xml);
	return f;
}

/* One random operation on what there is; refusals are fine. */
static enum err_code
operate(struct rng *r, struct session *s)
{
	struct err e = { 0 };
	uint32_t row = 1 + rnd(r, s->tree.n), at;
	char text[32];

	switch (rnd(r, 12)) {
	case 0:
		for (uint32_t i = 1; i <= s->tree.n; i++, row = row % s->tree.n + 1)
			if (s->tree.rows[row].kind == ROW_HEAD && (s->tree.rows[row].flags & ROW_GONE) == 0)
				return session_add(s, row, &at, &e);
		return ERR_OK;
	case 1:
		return session_remove(s, row, &e);
	default:
		for (uint32_t i = 1; i <= s->tree.n; i++, row = row % s->tree.n + 1)
			if ((s->f->nodes[s->tree.rows[row].node].flags & NODE_CONTROL) != 0 && s->tree.rows[row].kind == ROW_ELEMENT)
				break;
		switch (rnd(r, 5)) {
		case 0: text[0] = '\0'; break;
		case 1: snprintf(text, sizeof(text), "%u %u", rnd(r, 4), 4 + rnd(r, 4)); break;
		case 2: snprintf(text, sizeof(text), "-%u.5", rnd(r, 4)); break;
		default: snprintf(text, sizeof(text), "%u", rnd(r, 12)); break;
		}
		return session_set(s, row, text, strlen(text), &e);
	}
}

static void
same_xml(struct session *a, struct session *b, uint64_t seed, const char *what)
{
	struct buf x, y;

	buf_init_secret(&x, 1 << 20);
	buf_init_secret(&y, 1 << 20);
	ck_ok(serialise(a, &x, &err));
	ck_ok(serialise(b, &y, &err));
	ck_assert_msg(strcmp(buf_str(&x), buf_str(&y)) == 0, "seed %llu: %s:\n%s\n%s", (unsigned long long)seed, what,
	    buf_str(&x), buf_str(&y));
	buf_free(&x);
	buf_free(&y);
}

static void
restore_is_same(struct session *s, struct session_env *env, uint64_t seed)
{
	struct session *back;
	struct buf draft, again;

	buf_init_secret(&draft, 1 << 20);
	buf_init_secret(&again, 1 << 20);
	ck_ok(session_save(s, &draft, &err));
	ck_ok(session_restore(s->f, env, draft.data, draft.len, &back, &err));
	same_xml(s, back, seed, "a restored draft differs");
	ck_assert_uint_eq(s->tree.n, back->tree.n);
	ck_ok(session_save(back, &again, &err));
	ck_assert_uint_eq(draft.len, again.len);
	ck_assert_mem_eq(draft.data, again.data, draft.len);
	/* every cut of a draft is refused, or the tail was empty anyway */
	for (size_t cut = 0; cut < draft.len; cut += 1 + draft.len / 16) {
		struct session *none;

		ck_assert_int_ne(session_restore(s->f, env, draft.data, cut, &none, &err), ERR_OK);
		ck_assert_ptr_null(none);
	}
	session_free(back);
	buf_free(&draft);
	buf_free(&again);
}

/* Text is once(../r0) in some forms: what was written first stays; an edited session starts anew. */
static void
edit_is_same(struct session *s, struct session_env *env, uint64_t seed)
{
	struct session *edit;
	struct buf x, y;
	char *p, *q;

	buf_init_secret(&x, 1 << 20);
	buf_init_secret(&y, 1 << 20);
	if (session_finalise(s, &x, &err) != ERR_OK) {
		ck_assert_msg(err.code != ERR_BROKEN, "seed %llu: %s", (unsigned long long)seed, err.msg);
		goto out;
	}
	ck_ok(session_edit(s->f, env, buf_str(&x), x.len, &edit, &err));
	for (uint32_t i = 0; i < s->f->n_nodes; i++)
		if (s->f->nodes[i].calculate != NULL && (s->f->nodes[i].calculate->keeps_own
		    || (s->f->nodes[i].flags & NODE_CONTROL) != 0)) {
			/* a calculate that people may overwrite is computed again */
			session_free(edit);
			goto out;
		}
	ck_ok(serialise(edit, &y, &err));
	p = strstr(buf_str(&x), "<orx:meta");
	q = strstr(buf_str(&y), "<orx:meta");
	ck_assert(p != NULL && q != NULL);
	*p = *q = '\0';
	ck_assert_msg(strcmp(buf_str(&x), buf_str(&y)) == 0, "seed %llu: what was finalised loads to another state:\n%s\n%s",
	    (unsigned long long)seed, buf_str(&x), buf_str(&y));
	session_free(edit);
out:
	buf_free(&x);
	buf_free(&y);
}

enum { FORMS = 250, WALKS = 40, STEPS = 12 };

static uint64_t
seed_of_run(void)
{
	const char *given = getenv("SEED");

	return given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
}

/* FORMS * WALKS = 10,000 walks. */
START_TEST(incremental_is_from_scratch)
{
	uint64_t first = seed_of_run();

	printf("test_walks: SEED=%llu\n", (unsigned long long)first);
	for (unsigned k = 0; k < FORMS / 10; k++) {
		uint64_t seed = first + (uint64_t)_i * 1000003 + k;
		struct rng r = { seed };
		struct session_env env = { .now_ms = now_ms, .random = chance, .arg = &r };
		struct form *f = make_form(&r, NULL);

		for (unsigned w = 0; w < WALKS; w++) {
			struct session *s;

			ck_ok(session_new(f, &env, &s, &err));
			for (unsigned i = 0; i < STEPS; i++) {
				enum err_code rc = operate(&r, s);

				ck_assert_msg(rc == ERR_OK || rc == ERR_INPUT || rc == ERR_DENIED, "seed %llu: %s",
				    (unsigned long long)seed, err_word(rc));
				if (session_check(s, &err) != ERR_OK)
					ck_abort_msg("seed %llu walk %u step %u: %s", (unsigned long long)seed, w, i, err.msg);
			}
			if (w % 8 == 0)
				restore_is_same(s, &env, seed);
			if (w % 4 == 0)
				edit_is_same(s, &env, seed);
			session_free(s);
		}
		form_free(f);
	}
}
END_TEST

/* A limit that is met in the middle of an answer leaves everything as it was. */
START_TEST(limits_undo_the_answer)
{
	uint64_t first = seed_of_run();
	unsigned met = 0;

	for (unsigned k = 0; k < 60; k++) {
		struct rng r = { first + 77 + k };
		struct session_env env = { .now_ms = now_ms, .random = chance, .arg = &r };
		struct form_limits limits = { .steps = 400, .repeat_instances = 4, .session_rows = 150 };
		struct form *f = make_form(&r, &limits);
		struct session *s;

		if (session_new(f, &env, &s, &err) == ERR_OK) {
			for (unsigned i = 0; i < 60; i++) {
				struct buf before, after;
				enum err_code rc;

				buf_init_secret(&before, 1 << 20);
				buf_init_secret(&after, 1 << 20);
				ck_ok(session_save(s, &before, &err));
				rc = operate(&r, s);
				if (rc != ERR_OK) {
					met += rc == ERR_LIMIT;
					ck_ok(session_save(s, &after, &err));
					ck_assert_uint_eq(before.len, after.len);
					ck_assert_mem_eq(before.data, after.data, before.len);
				}
				ck_assert_uint_le(s->tree.n, 150);
				buf_free(&before);
				buf_free(&after);
			}
			session_free(s);
		} else {
			ck_assert_int_eq(err.code, ERR_LIMIT);
			met++;
		}
		form_free(f);
	}
	ck_assert_uint_gt(met, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("walks");
	TCase *t = tcase_create("walks");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, incremental_is_from_scratch, 0, 10);
	tcase_add_test(t, limits_undo_the_answer);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite)
