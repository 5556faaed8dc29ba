/* What pressing a button does: the way through a visit. See inside.h. Every button of a question is a submit
 * button of the question's own form, so that what was chosen is kept whichever is pressed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/num.h"
#include "kiosk/inside.h"
#include "kiosk/say.h"

static int64_t
env_now(void *arg)
{
	struct kiosk *k = arg;
	enum clock_quality quality;

	return keep_now(k, &quality) * 1000;
}

static void
env_random(void *arg, void *out, size_t len)
{
	(void)arg;
	seal_random(out, len);
}

static bool
is(const char *go, const char *what)
{
	return strcmp(go, what) == 0;
}

/* --- who answers ------------------------------------------------------------------------------------ */

/* The value of the question called NAME among the relevant ones of F, into OUT; "" if there is none. */
static void
answer_of(struct filling *f, const char *name, char *out, size_t max)
{
	uint32_t at = 0;
	struct page page;
	struct err err;

	out[0] = '\0';
	if (f->session == NULL)
		return;
	while (session_next(f->session, &at)) {
		if (session_page(f->session, at, &page, &err) != ERR_OK)
			return;
		for (size_t i = 0; i < page.n_controls; i++)
			if (strcmp(page.controls[i].name, name) == 0)
				snprintf(out, max, "%s", page.controls[i].value);
	}
}

/* Everything about the visit that indicators may use: ${_role}, ${_answered_by} ... */
static enum err_code
set_meta(struct visit *v, struct session *s, struct err *err)
{
	char role[40], by[40], helped[40];
	const char *meta[][2] = {
		{ "role", role }, { "answered_by", by }, { "helped_by", helped }, { "language", v->tag },
		{ "variant", v->main.shelf != NULL ? v->main.shelf->variant : "standard" },
		{ "pictures", v->look.words_only ? "no" : "yes" },
		{ "scale_order", v->is_scale_turned ? "down" : "up" },
		{ "mode", v->is_paper ? "paper_keyed" : v->is_tablet ? "tablet" : "kiosk" }, { "quote_ok", v->quote },
		{ "sheet", v->sheet }, { "given_on", v->given_on },
	};
	enum err_code rc = ERR_OK;

	answer_of(&v->who, "role", role, sizeof(role));
	answer_of(&v->who, "answered_by", by, sizeof(by));
	answer_of(&v->who, "helped_by", helped, sizeof(helped));
	for (size_t i = 0; i < ARRAY_LEN(meta) && rc == ERR_OK; i++)
		if (meta[i][1][0] != '\0')
			rc = session_meta(s, meta[i][0], meta[i][1], strlen(meta[i][1]), err);
	return rc;
}

static bool
begin_main(struct visit *v, const struct shelf *shelf)
{
	struct err err;

	if (v->main.shelf != shelf || v->main.session == NULL) {
		v->env.language = shelf_language(shelf, v->tag);
		if (filling_begin(&v->main, shelf, &v->env, &err) != ERR_OK) {
			log_err("kiosk", "begin", &err);
			return false;
		}
	}
	visit_go(v, AT_PRIVACY);
	return true;
}

static void to_first(struct visit *v);

static void
after_who(struct kiosk *k, struct visit *v)
{
	char role[40], by[40];

	/* The sheet says which form it is; whoever wrote on it agreed by handing it in. */
	if (v->is_paper) {
		if (begin_main(v, v->choice[0]))
			to_first(v);
		else
			visit_go(v, AT_NO_FORM);
		return;
	}

	answer_of(&v->who, "role", role, sizeof(role));
	answer_of(&v->who, "answered_by", by, sizeof(by));
	v->n_choice = catalog_fit(k->catalog, role, by, v->easy_read ? "easy_read" : "standard", v->choice,
	    CATALOG_MAX);
	v->choose_error = false;
	v->ticked[1][0] = '\0';
	if (v->n_choice == 0 || (v->n_choice == 1 && !begin_main(v, v->choice[0])))
		visit_go(v, AT_NO_FORM);
	else if (v->n_choice > 1)
		visit_go(v, AT_WHICH);
}

static void
to_who(struct kiosk *k, struct visit *v)
{
	const struct shelf *shelf = catalog_visit(k->catalog);
	struct err err;

	if (shelf == NULL) {
		after_who(k, v);
		return;
	}
	if (v->who.session == NULL) {
		v->env.language = shelf_language(shelf, v->tag);
		if (filling_begin(&v->who, shelf, &v->env, &err) != ERR_OK
		    || !session_next(v->who.session, &v->who.page)) {
			log_err("kiosk", "begin", &err);
			filling_clear(&v->who);
			after_who(k, v);
			return;
		}
	}
	visit_go(v, AT_WHO);
}

static bool
asks_style(const struct kiosk *k)
{
	return catalog_has_variant(k->catalog, "easy_read");
}

/* A visit in the language CODE that stands nowhere yet. ERR_AGAIN: the screen is in use, or too many are. */
static enum err_code
begin(struct kiosk *k, const char *code, bool lan, struct visit **out, struct err *err)
{
	struct visit *v;
	enum err_code rc;

	if (!lan)
		for (size_t i = 0; i < VISITS; i++)
			if (k->visits.list[i].is_open && !k->visits.list[i].is_tablet
			    && clock_boot_ms(k->clock) < k->visits.list[i].dies_ms)
				return err_set(err, ERR_AGAIN, "somebody is answering");
	rc = visit_begin(&k->visits, clock_boot_ms(k->clock), &v, err);
	if (rc != ERR_OK)
		return rc;
	v->words = show_words(k, code);
	v->is_tablet = lan;
	snprintf(v->tag, sizeof(v->tag), "%s", v->words->code);
	v->env = (struct session_env){ .now_ms = env_now, .random = env_random, .arg = k,
	    .device_id = k->device_text };
	*out = v;
	return ERR_OK;
}

enum err_code
flow_begin_paper(struct kiosk *k, const struct shelf *shelf, const char *code, const char *given_on,
    const char *language, bool lan, struct visit **out, struct err *err)
{
	struct receipt_draw draw;
	struct visit *v;
	enum err_code rc = keep_draw(k, &draw, err);

	if (rc == ERR_OK)
		rc = begin(k, language, lan, &v, err);
	if (rc == ERR_OK)
		keep_prepare(v, &draw);
	wipe(&draw, sizeof(draw));
	if (rc != ERR_OK)
		return rc;
	v->is_paper = v->env.on_paper = true;
	v->look.words_only = true;
	snprintf(v->tag, sizeof(v->tag), "%s", language);
	snprintf(v->sheet, sizeof(v->sheet), "%s", code);
	snprintf(v->given_on, sizeof(v->given_on), "%s", given_on);
	v->choice[0] = shelf;
	v->n_choice = 1;
	to_who(k, v);
	visit_turn(v);
	*out = v;
	return ERR_OK;
}

enum err_code
flow_begin(struct kiosk *k, const char *go, const char *code, bool lan, struct visit **out, struct err *err)
{
	bool wrong = is(go, "wrong");
	enum err_code rc = ERR_OK;
	struct receipt_draw draw;
	struct visit *v;

	/* Others go on meanwhile: twenty who start at once do not wait for one another. Nothing is borrowed here. */
	if (!wrong) {
		pthread_mutex_unlock(&k->lock);
		rc = keep_draw(k, &draw, err);
		pthread_mutex_lock(&k->lock);
	}
	if (rc == ERR_OK)
		rc = begin(k, code, lan, &v, err);
	if (rc == ERR_OK && !wrong)
		keep_prepare(v, &draw);
	wipe(&draw, sizeof(draw));
	if (rc != ERR_OK)
		return rc;
	v->is_scale_turned = k->conf->scale_coin && seal_random_below(2) == 1;
	v->easy_read = is(go, "easy");
	/* Opening "Something is wrong" is in no count. */
	k->visits.begun += !wrong;
	if (wrong)
		visit_over(v, AT_WRONG);
	else if (asks_style(k) && !v->easy_read)
		visit_go(v, AT_STYLE);
	else
		to_who(k, v);
	visit_turn(v);
	*out = v;
	return ERR_OK;
}

/* --- a filling-in: back and on ---------------------------------------------------------------------- */

enum step { STEP_STAYS, STEP_MOVED, STEP_BEFORE, STEP_AFTER };

static enum step
go_on(struct visit *v, struct filling *f, const struct http_request *r)
{
	struct err err;
	bool bad;

	if (ask_take(v, f, r, &bad, &err) != ERR_OK) {
		log_err("kiosk", "answer", &err);
		return STEP_STAYS;
	}
	if (bad || ask_has_violations(f)) {
		f->show_errors = true;
		return STEP_STAYS;
	}
	filling_turn(f);
	return session_next(f->session, &f->page) ? STEP_MOVED : STEP_AFTER;
}

static void
take_quietly(struct visit *v, struct filling *f, const struct http_request *r)
{
	struct err err;
	bool bad;

	f->show_errors = false;
	if (ask_take(v, f, r, &bad, &err) != ERR_OK)
		log_err("kiosk", "answer", &err);
}

static enum step
go_back(struct visit *v, struct filling *f, const struct http_request *r)
{
	take_quietly(v, f, r);
	filling_turn(f);
	return session_previous(f->session, &f->page) ? STEP_MOVED : STEP_BEFORE;
}

/* One more instance of the repeat whose page this is: its first page comes where this one stood. */
static void
add_another(struct filling *f)
{
	uint32_t before = f->page, row;
	struct page page;
	struct err err;

	if (session_page(f->session, f->page, &page, &err) != ERR_OK || page.n_controls != 1
	    || page.controls[0].kind != CONTROL_REPEAT)
		return;
	if (!session_previous(f->session, &before))
		before = 0;
	if (session_add(f->session, page.controls[0].row, &row, &err) != ERR_OK) {
		log_err("kiosk", "repeat", &err);
		return;
	}
	filling_turn(f);
	if (session_next(f->session, &before))
		f->page = before;
}

/* --- something is wrong ------------------------------------------------------------------------------ */

/* The kind is the button that was pressed: its question is answered, and the next one shown. */
static bool
begin_concern(struct kiosk *k, struct visit *v, const char *kind)
{
	const struct shelf *shelf = catalog_concern(k->catalog);
	struct filling *f = &v->concern;
	struct page page;
	struct err err;

	if (!keep_can_concern(k, v->is_tablet))
		return false;
	v->env.language = shelf_language(shelf, v->tag);
	if (filling_begin(f, shelf, &v->env, &err) != ERR_OK)
		return false;
	seal_random(v->concern_id, sizeof(v->concern_id));
	if (!session_next(f->session, &f->page) || session_page(f->session, f->page, &page, &err) != ERR_OK)
		return false;
	if (page.n_controls == 1 && strcmp(page.controls[0].name, "concern_kind") == 0
	    && session_set(f->session, page.controls[0].row, kind, strlen(kind), &err) == ERR_OK)
		(void)session_next(f->session, &f->page);
	return session_meta(f->session, "concern_kind", kind, strlen(kind), &err) == ERR_OK
	    && session_meta(f->session, "language", v->tag, strlen(v->tag), &err) == ERR_OK;
}

static void
send_concern(struct kiosk *k, struct visit *v)
{
	struct err err;
	bool kept = keep_concern(k, v, &err) == ERR_OK;

	v->floor[v->top] = kept ? AT_CONCERN_SENT : AT_CONCERN_FAILED;
	if (kept)
		filling_clear(&v->concern);
}

/* Under what was laid over the page: the page itself, or the end of a visit that was only for this. */
static bool
leave_over(struct kiosk *k, struct visit *v)
{
	visit_under(v);
	if (visit_at(v) != AT_NOTHING)
		return true;
	visit_end(&k->visits, v);
	return false;
}

static bool
press_wrong(struct kiosk *k, struct visit *v, const char *go)
{
	static const char *const kinds[] = { "not_safe", "complaint", "staff_report" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (is(go, kinds[i])) {
			v->concern_kind = kinds[i];
			if (begin_concern(k, v, kinds[i]))
				visit_over(v, AT_CONCERN);
			return true;
		}
	if (is(go, "next") || is(go, "back"))
		return leave_over(k, v);
	return true;
}

static void
press_concern(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r)
{
	struct filling *f = &v->concern;
	struct page page;
	struct err err;

	if (is(go, "next")) {
		if (go_on(v, f, r) == STEP_AFTER)
			send_concern(k, v);
	} else if (is(go, "back")) {
		enum step step = go_back(v, f, r);

		if (step == STEP_MOVED && session_page(f->session, f->page, &page, &err) == ERR_OK
		    && page.n_controls == 1 && strcmp(page.controls[0].name, "concern_kind") == 0)
			step = STEP_BEFORE;
		if (step == STEP_BEFORE) {
			filling_clear(f);
			visit_under(v);
		}
	} else {
		take_quietly(v, f, r);
		(void)ask_press(v, f, go, r);
	}
}

/* --- look ------------------------------------------------------------------------------------------ */

static void
set_language(struct kiosk *k, struct visit *v, const char *code)
{
	struct filling *all[] = { &v->who, &v->main, &v->concern };
	struct err err;

	for (size_t i = 0; i < k->n_languages; i++)
		if (is(code, k->language[i]->code)) {
			v->words = k->language[i];
			snprintf(v->tag, sizeof(v->tag), "%s", code);
		}
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i]->session != NULL && session_language(all[i]->session,
		    shelf_language(all[i]->shelf, v->tag), &err) != ERR_OK)
			log_err("kiosk", "language", &err);
}

static bool
press_look(struct kiosk *k, struct visit *v, const char *go)
{
	const char *dash = strchr(go, '-');
	unsigned n = dash != NULL && dash[1] >= '0' && dash[1] <= '2' && dash[2] == '\0' ? (unsigned)(dash[1] - '0') : 0;

	if (is(go, "next") || is(go, "back"))
		return leave_over(k, v);
	if (strncmp(go, "size-", 5) == 0)
		v->look.size = n;
	else if (strncmp(go, "dark-", 5) == 0)
		v->look.is_dark = n == 1;
	else if (strncmp(go, "words-", 6) == 0)
		v->look.words_only = n == 1;
	else if (strncmp(go, "speed-", 6) == 0)
		v->look.speed = n;
	else if (is(go, "volume-0"))
		v->look.volume -= v->look.volume > 0;
	else if (is(go, "volume-1"))
		v->look.volume += v->look.volume < SAY_LOUD;
	else if (strncmp(go, "read-", 5) == 0)
		v->look.read_each = n == 1;
	else if (strncmp(go, "lang-", 5) == 0)
		set_language(k, v, go + 5);
	return true;
}

/* --- review and sending ------------------------------------------------------------------------------ */

static size_t
page_count(struct filling *f)
{
	uint32_t at = 0;
	size_t n = 0;

	while (session_next(f->session, &at))
		n++;
	return n;
}

static void
send_answers(struct kiosk *k, struct visit *v)
{
	struct violation bad[1];
	struct err err;

	if (session_violations(v->main.session, bad, 1) > 0) {
		filling_turn(&v->main);
		v->main.page = bad[0].page;
		v->main.show_errors = true;
		v->is_changing = true;
		v->pages_before = page_count(&v->main);
		visit_go(v, AT_ASK);
		return;
	}
	if (set_meta(v, v->main.session, &err) != ERR_OK) {
		log_err("kiosk", "meta", &err);
		visit_go(v, AT_FAILED);
		return;
	}
	if (keep_answers(k, v, &err) != ERR_OK) {
		visit_go(v, AT_FAILED);
		return;
	}
	filling_clear(&v->main);
	filling_clear(&v->who);
	k->visits.finished += !v->is_paper;
	visit_go(v, AT_THANKS);
}

static void
press_review(struct kiosk *k, struct visit *v, const char *go)
{
	int64_t page;

	v->review_shown = is(go, "reveal") && !v->review_shown;
	if (is(go, "send")) {
		send_answers(k, v);
	} else if (is(go, "next")) {
		v->review_page++;
	} else if (is(go, "back") && v->review_page > 0) {
		v->review_page--;
	} else if (is(go, "back")) {
		uint32_t at = 0, last = 0;

		while (session_next(v->main.session, &at))
			last = at;
		v->main.page = last;
		filling_turn(&v->main);
		visit_go(v, last != 0 ? AT_ASK : AT_PRIVACY);
	} else if (strncmp(go, "change-", 7) == 0 && num_i64(go + 7, strlen(go + 7), 1, UINT32_MAX, &page)) {
		uint32_t at = 0;

		while (session_next(v->main.session, &at))
			if (at == (uint32_t)page) {
				v->main.page = at;
				filling_turn(&v->main);
				v->is_changing = true;
				v->pages_before = page_count(&v->main);
				visit_go(v, AT_ASK);
				return;
			}
	}
}

static void
press_ask(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r)
{
	struct filling *f = &v->main;
	enum step step;

	if (is(go, "next")) {
		uint32_t was = f->page;

		step = go_on(v, f, r);
		/* A changed answer leads back to the review, unless it brought new questions. */
		if (step == STEP_MOVED && v->is_changing && page_count(f) <= v->pages_before)
			step = STEP_AFTER;
		if (step != STEP_STAYS)
			v->is_changing = false;
		if (step == STEP_AFTER) {
			f->page = was;
			visit_go(v, AT_REVIEW);
		}
	} else if (is(go, "back")) {
		step = go_back(v, f, r);
		v->is_changing = false;
		if (step == STEP_BEFORE && v->is_paper)
			to_who(k, v);
		else if (step == STEP_BEFORE)
			visit_go(v, AT_PRIVACY);
	} else if (is(go, "add")) {
		take_quietly(v, f, r);
		add_another(f);
	} else {
		take_quietly(v, f, r);
		(void)ask_press(v, f, go, r);
	}
}

static void
press_who(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r)
{
	if (is(go, "next")) {
		if (go_on(v, &v->who, r) == STEP_AFTER) {
			/* The last page stays where Back returns to. */
			after_who(k, v);
		}
	} else if (is(go, "back")) {
		if (go_back(v, &v->who, r) == STEP_BEFORE && asks_style(k))
			visit_go(v, AT_STYLE);
	} else {
		take_quietly(v, &v->who, r);
		(void)ask_press(v, &v->who, go, r);
	}
}

static void
press_style(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r)
{
	const char *a = http_field(r, "a0", 0, NULL);

	if (!is(go, "next"))
		return;
	v->choose_error = a == NULL;
	if (a == NULL)
		return;
	v->easy_read = is(a, "easy");
	v->look.words_only = is(a, "words");
	to_who(k, v);
}

static void
press_which(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r)
{
	const char *a = http_field(r, "a0", 0, NULL);
	int64_t n;

	if (is(go, "back")) {
		to_who(k, v);
	} else if (is(go, "next")) {
		v->choose_error = a == NULL || !num_i64(a, strlen(a), 0, (int64_t)v->n_choice - 1, &n);
		if (!v->choose_error && !begin_main(v, v->choice[n]))
			visit_go(v, AT_NO_FORM);
	}
}

static void
to_first(struct visit *v)
{
	struct filling *f = &v->main;

	filling_turn(f);
	f->page = 0;
	visit_go(v, session_next(f->session, &f->page) ? AT_ASK : AT_REVIEW);
	v->review_page = 0;
}

static bool
press_privacy(struct kiosk *k, struct visit *v, const char *go)
{
	if (is(go, "no")) {
		k->visits.stopped++;
		visit_end(&k->visits, v);
		return false;
	}
	if (is(go, "back")) {
		to_who(k, v);
	} else if (is(go, "next") && strcmp(v->main.shelf->variant, "easy_read") == 0 && !v->has_practised) {
		v->has_practised = true;
		visit_go(v, AT_PRACTICE);
	} else if (is(go, "next")) {
		to_first(v);
	}
	return true;
}

/* What is ticked on pages of the kiosk's own, whatever was pressed there. */
static void
keep_ticks(struct kiosk *k, struct visit *v, const struct http_request *r)
{
	const char *a = http_field(r, "a0", 0, NULL), *quote = http_field(r, "quote", 0, NULL);
	char *ticked = visit_ticked(v);

	if (ticked != NULL && a != NULL) {
		snprintf(ticked, sizeof(v->ticked[0]), "%s", a);
		v->choose_error = false;
	}
	if (visit_at(v) == AT_STYLE && say_can(k, v->words))
		v->look.read_each = http_field(r, "read", 0, NULL) != NULL;
	if (visit_at(v) == AT_REVIEW && quote != NULL && (is(quote, "yes") || is(quote, "no")))
		snprintf(v->quote, sizeof(v->quote), "%s", quote);
}

/* What is typed on the page below stays when something is laid over it. */
static void
keep_page(struct visit *v, const struct http_request *r)
{
	switch (visit_at(v)) {
	case AT_WHO:
		take_quietly(v, &v->who, r);
		break;
	case AT_ASK:
		take_quietly(v, &v->main, r);
		break;
	case AT_CONCERN:
		take_quietly(v, &v->concern, r);
		break;
	default:
		break;
	}
}

/* Buttons that every page has. True: it was one. */
static bool
press_common(struct visit *v, const char *go, const struct http_request *r)
{
	if (!is(go, "look") && !is(go, "wrong") && !is(go, "listen") && !is(go, "hush") && !is(go, "sign") && !is(go, "stay"))
		return false;
	keep_page(v, r);
	if (is(go, "look"))
		visit_over(v, AT_LOOK);
	else if (is(go, "sign"))
		visit_over(v, AT_SIGN);
	else if (is(go, "wrong") && visit_at(v) != AT_CONCERN)
		visit_over(v, AT_WRONG);
	return true;
}

static bool
press_place(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r)
{
	switch (visit_at(v)) {
	case AT_STYLE:
		press_style(k, v, go, r);
		return true;
	case AT_WHO:
		press_who(k, v, go, r);
		return true;
	case AT_WHICH:
		press_which(k, v, go, r);
		return true;
	case AT_PRIVACY:
		return press_privacy(k, v, go);
	case AT_PRACTICE:
		if (is(go, "back"))
			visit_go(v, AT_PRIVACY);
		else if (is(go, "next"))
			to_first(v);
		return true;
	case AT_ASK:
		press_ask(k, v, go, r);
		return true;
	case AT_REVIEW:
		press_review(k, v, go);
		return true;
	case AT_FAILED:
		if (is(go, "back"))
			visit_go(v, AT_REVIEW);
		else if (is(go, "next"))
			send_answers(k, v);
		return true;
	case AT_NO_FORM:
		if (is(go, "back")) {
			to_who(k, v);
			return true;
		}
		visit_end(&k->visits, v);
		return false;
	case AT_NOTHING:
	case AT_THANKS:
		visit_end(&k->visits, v);
		return false;
	case AT_LOOK:
		return press_look(k, v, go);
	case AT_WRONG:
		return press_wrong(k, v, go);
	case AT_CONCERN:
		press_concern(k, v, go, r);
		return true;
	case AT_CONCERN_FAILED:
		if (is(go, "next"))
			send_concern(k, v);
		else
			v->floor[v->top] = AT_CONCERN;
		return true;
	case AT_CONCERN_SENT:
		visit_under(v);
		return visit_at(v) == AT_WRONG ? leave_over(k, v) : true;
	case AT_SIGN:
		if (!is(go, "again"))
			visit_under(v);
		return true;
	case AT_STILL:
		visit_under(v);
		return true;
	}
	return true;
}

void
flow_save(struct kiosk *k, struct visit *v, const struct http_request *r)
{
	struct filling *f = visit_at(v) == AT_WHO ? &v->who : visit_at(v) == AT_ASK ? &v->main
	    : visit_at(v) == AT_CONCERN ? &v->concern : NULL;
	bool shown = f != NULL && f->show_errors;

	keep_page(v, r);
	if (f != NULL)
		f->show_errors = shown;
	v->dies_ms = clock_boot_ms(k->clock) + v->lives_ms;
}

bool
flow_press(struct kiosk *k, struct visit *v, const char *go, const struct http_request *r)
{
	bool listen = is(go, "listen");

	v->touched_ms = clock_boot_ms(k->clock);
	if (is(go, "stop")) {
		k->visits.stopped += v->floor[0] != AT_NOTHING && v->floor[0] != AT_THANKS && !v->is_paper;
		visit_end(&k->visits, v);
		return false;
	}
	/* The script's clock has run out: nobody said that they are there. */
	if (is(go, "left")) {
		k->visits.left += v->floor[0] != AT_NOTHING;
		visit_end(&k->visits, v);
		return false;
	}
	keep_ticks(k, v, r);
	if (!press_common(v, go, r) && !press_place(k, v, go, r))
		return false;
	/* A sheet that is kept ends here: its thanks were said on paper. */
	if (v->is_paper && visit_at(v) == AT_THANKS) {
		k->staff.was_kept = true;
		visit_end(&k->visits, v);
		return false;
	}
	visit_turn(v);
	if (listen || is(go, "hush"))
		v->is_listening = listen;
	return true;
}
