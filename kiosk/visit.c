/* Visits. See visit.h. */
#include "kiosk/visit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/codec.h"
#include "collector/seal.h"

enum { FIND_MAX = 400 };

enum err_code
visits_init(struct visits *t, struct err *err)
{
	memset(t, 0, sizeof(*t));
	t->list = calloc(VISITS, sizeof(*t->list));
	if (t->list == NULL)
		return err_nomem(err);
	/* Never written to swap; where the limit forbids it the unit's MemorySwapMax=0 holds. */
	(void)mlock(t->list, VISITS * sizeof(*t->list));
	return ERR_OK;
}

void
visits_clear(struct visits *t)
{
	if (t->list == NULL)
		return;
	for (size_t i = 0; i < VISITS; i++)
		if (t->list[i].is_open)
			visit_end(t, &t->list[i]);
	munlock(t->list, VISITS * sizeof(*t->list));
	free(t->list);
	t->list = NULL;
}

static void
typed_init(struct filling *f)
{
	for (size_t i = 0; i < ASKS; i++)
		buf_init_secret(&f->typed[i].text, TYPED_MAX);
	buf_init_secret(&f->find, FIND_MAX);
}

enum err_code
filling_begin(struct filling *f, const struct shelf *shelf, const struct session_env *env, struct err *err)
{
	enum err_code rc;

	filling_clear(f);
	rc = session_new(shelf->form, env, &f->session, err);
	if (rc != ERR_OK)
		return rc;
	f->shelf = shelf;
	return ERR_OK;
}

void
filling_turn(struct filling *f)
{
	for (size_t i = 0; i < ASKS; i++) {
		buf_free(&f->typed[i].text);
		f->typed[i].is_bad = f->typed[i].too_long = f->typed[i].not_text = f->typed[i].is_shown = false;
	}
	buf_free(&f->find);
	typed_init(f);
	f->show_errors = false;
	f->first = 0;
}

void
filling_clear(struct filling *f)
{
	session_free(f->session);
	for (size_t i = 0; i < ASKS; i++)
		buf_free(&f->typed[i].text);
	buf_free(&f->find);
	wipe(f, sizeof(*f));
	typed_init(f);
}

enum err_code
visit_begin(struct visits *t, int64_t now_ms, struct visit **out, struct err *err)
{
	struct visit *v = NULL;

	*out = NULL;
	visits_sweep(t, now_ms);
	for (size_t i = 0; i < VISITS && v == NULL; i++)
		if (!t->list[i].is_open)
			v = &t->list[i];
	if (v == NULL)
		return err_set(err, ERR_AGAIN, "%d visits are open", VISITS);
	wipe(v, sizeof(*v));
	v->is_open = true;
	seal_random(v->cookie, sizeof(v->cookie));
	seal_random(v->mark, sizeof(v->mark));
	seal_random(v->page_mark, sizeof(v->page_mark));
	seal_random(v->record_id, sizeof(v->record_id));
	v->look.speed = 1;
	v->look.volume = t->volume;
	typed_init(&v->who);
	typed_init(&v->main);
	typed_init(&v->concern);
	v->started_ms = v->touched_ms = now_ms;
	v->dies_ms = INT64_MAX;
	t->open++;
	*out = v;
	return ERR_OK;
}

struct visit *
visit_find(struct visits *t, const char *code, int64_t now_ms)
{
	uint8_t cookie[16];
	struct visit *found = NULL;

	if (code == NULL || !hex_get(code, strlen(code), cookie, sizeof(cookie)))
		return NULL;
	for (size_t i = 0; i < VISITS; i++)
		if (t->list[i].is_open && seal_equal(t->list[i].cookie, cookie, sizeof(cookie)))
			found = &t->list[i];
	wipe(cookie, sizeof(cookie));
	if (found != NULL && !found->is_busy && now_ms >= found->dies_ms) {
		t->left += found->floor[0] != AT_NOTHING;
		visit_end(t, found);
		return NULL;
	}
	return found;
}

void
visit_end(struct visits *t, struct visit *v)
{
	filling_clear(&v->who);
	filling_clear(&v->main);
	filling_clear(&v->concern);
	wipe(v, sizeof(*v));
	t->open--;
}

void
visit_dismiss(struct visits *t, struct visit *v)
{
	if (v->is_busy)
		v->is_unwanted = true;
	else
		visit_end(t, v);
}

size_t
visits_sweep(struct visits *t, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < VISITS; i++)
		if (t->list[i].is_open && !t->list[i].is_busy && now_ms >= t->list[i].dies_ms) {
			t->left += t->list[i].floor[0] != AT_NOTHING;
			visit_end(t, &t->list[i]);
			n++;
		}
	return n;
}

void
visit_code(const struct visit *v, char text[CODE_LEN + 1])
{
	hex_str(v->cookie, sizeof(v->cookie), text);
}

void
visit_token(const struct visit *v, char text[TOKEN_LEN + 1])
{
	hex_str(v->mark, sizeof(v->mark), text);
	hex_str(v->page_mark, sizeof(v->page_mark), text + 2 * sizeof(v->mark));
}

enum token
visit_token_check(const struct visit *v, const char *text, size_t len)
{
	uint8_t given[sizeof(v->mark) + sizeof(v->page_mark)];

	if (text == NULL || len != TOKEN_LEN || !hex_get(text, len, given, sizeof(given))
	    || !seal_equal(given, v->mark, sizeof(v->mark)))
		return TOKEN_FOREIGN;
	return seal_equal(given + sizeof(v->mark), v->page_mark, sizeof(v->page_mark)) ? TOKEN_NOW : TOKEN_OLD;
}

void
visit_turn(struct visit *v)
{
	seal_random(v->page_mark, sizeof(v->page_mark));
	v->is_listening = v->look.read_each;
	v->listen_n++;
}

enum place
visit_at(const struct visit *v)
{
	return v->floor[v->top];
}

void
visit_go(struct visit *v, enum place place)
{
	v->top = 0;
	v->floor[0] = place;
}

void
visit_over(struct visit *v, enum place place)
{
	if (v->floor[v->top] != place && v->top + 1 < FLOORS)
		v->floor[++v->top] = place;
}

char *
visit_ticked(struct visit *v)
{
	switch (visit_at(v)) {
	case AT_STYLE:
		return v->ticked[0];
	case AT_WHICH:
		return v->ticked[1];
	case AT_PRACTICE:
		return v->ticked[2];
	default:
		return NULL;
	}
}

void
visit_under(struct visit *v)
{
	if (v->top > 0)
		v->top--;
}
