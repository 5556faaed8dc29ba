/* Made-up people. See demo_answers.h. */
#include "admin/demo_answers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const comments[] = {
	"The staff are kind and they listen.",
	"I would like to go out more often.",
	"Lunch is good but supper is too early.",
	"I have to wait a long time when I ring.",
	"My room is warm and I like the garden.",
	"It is noisy at night.",
	"They ask me what I want. That is good.",
	"New people come all the time. I forget their names.",
	"My daughter can visit when she wants. Thank you.",
	"I would like more music.",
};

uint32_t
demo_next(struct demo_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)((r->state * UINT64_C(2685821657736338717)) >> 32);
}

double
demo_unit(struct demo_random *r)
{
	return demo_next(r) / 4294967296.0;
}

double
demo_mood(size_t place, size_t month, size_t months)
{
	static const double level[] = { 0.78, 0.62, 0.70, 0.84, 0.66, 0.74 };
	double mood = level[place % (sizeof(level) / sizeof(level[0]))];
	double t = months < 2 ? 0 : (double)month / (double)(months - 1);

	if (place % 6 == 1)
		mood += 0.22 * t;	/* a plan that works */
	if (place % 6 == 2 && t > 0.6 && t < 0.85)
		mood -= 0.25;		/* short of staff for some months */
	return mood + 0.02 * sin((double)month);
}

static enum err_code
meta(struct session *s, const char *name, const char *value, struct err *err)
{
	return session_meta(s, name, value, strlen(value), err);
}

enum err_code
demo_person(struct session *s, struct demo_random *r, struct err *err)
{
	double who = demo_unit(r), how = demo_unit(r);
	bool individual = who < 0.8;
	const char *answered_by = !individual || how < 0.72 ? "self" : how < 0.94 ? "self_helped" : "proxy";
	const struct { const char *name, *value; } list[] = {
		{ "role", individual ? "individual" : "key_person" },
		{ "answered_by", answered_by },
		{ "helped_by", strcmp(answered_by, "self_helped") != 0 ? "" : demo_unit(r) < 0.5
		    ? "friend_family" : "staff_here" },
		{ "language", demo_unit(r) < 0.85 ? "en" : "cy" },
		{ "variant", "standard" }, { "pictures", demo_unit(r) < 0.9 ? "yes" : "no" },
		{ "scale_order", demo_unit(r) < 0.5 ? "up" : "down" }, { "mode", "kiosk" },
		{ "quote_ok", demo_unit(r) < 0.6 ? "yes" : "no" },
	};
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < ARRAY_LEN(list) && rc == ERR_OK; i++)
		if (list[i].value[0] != '\0')
			rc = meta(s, list[i].name, list[i].value, err);
	return rc;
}

/* A choice of a scale: satisfied people choose among the best two, others among the rest; a few opt out. */
static const char *
choose_one(const struct page_control *c, double mood, struct demo_random *r)
{
	const struct page_choice *plain[64];
	size_t n = 0, best;

	for (size_t i = 0; i < c->n_choices; i++) {
		if (c->choices[i].opt_out[0] != '\0') {
			if (demo_unit(r) < 0.03)
				return c->choices[i].value;
		} else if (n < ARRAY_LEN(plain)) {
			plain[n++] = &c->choices[i];
		}
	}
	if (n == 0)
		return c->n_choices > 0 ? c->choices[0].value : "";
	best = n > 4 ? 2 : (n + 1) / 2;
	if (best == n || demo_unit(r) < mood)
		return plain[demo_next(r) % best]->value;
	return plain[best + demo_next(r) % (n - best)]->value;
}

static enum err_code
choose_some(struct session *s, const struct page_control *c, struct demo_random *r, struct err *err)
{
	struct buf value;
	size_t wanted = 1 + demo_next(r) % 3, offered = 0, taken = 0;
	enum err_code rc;

	for (size_t i = 0; i < c->n_choices; i++)
		offered += c->choices[i].opt_out[0] == '\0' && strcmp(c->choices[i].value, "none") != 0;
	buf_init_secret(&value, 4096);
	for (size_t i = 0; i < c->n_choices && taken < wanted; i++) {
		if (c->choices[i].opt_out[0] != '\0' || strcmp(c->choices[i].value, "none") == 0)
			continue;
		if (demo_unit(r) < (double)(wanted - taken) / (double)offered) {
			buf_printf(&value, "%s%s", taken++ > 0 ? " " : "", c->choices[i].value);
		}
		offered--;
	}
	rc = buf_check(&value, err);
	if (rc == ERR_OK)
		rc = session_set(s, c->row, buf_str(&value), value.len, err);
	buf_free(&value);
	return rc;
}

static enum err_code
put(struct session *s, uint32_t row, const char *text, struct err *err)
{
	return session_set(s, row, text, strlen(text), err);
}

static enum err_code
one_control(struct session *s, const struct page_control *c, double mood, struct demo_random *r,
    struct err *err)
{
	char number[16];

	if (c->readonly)
		return ERR_OK;
	switch (c->kind) {
	case CONTROL_SELECT1:
		return put(s, c->row, choose_one(c, mood, r), err);
	case CONTROL_SELECT:
		return choose_some(s, c, r, err);
	case CONTROL_TRIGGER:
		return put(s, c->row, "OK", err);
	case CONTROL_RANGE:
		snprintf(number, sizeof(number), "%g", c->start);
		return put(s, c->row, number, err);
	case CONTROL_INPUT:
		if (c->type == TYPE_INT) {
			snprintf(number, sizeof(number), "%u", (unsigned)demo_next(r) % 8);
			return put(s, c->row, number, err);
		}
		if (c->type == TYPE_STRING && (c->required || demo_unit(r) < 0.25))
			return put(s, c->row, comments[demo_next(r) % ARRAY_LEN(comments)], err);
		return ERR_OK;
	case CONTROL_RANK:
	case CONTROL_NOTE:
	case CONTROL_UPLOAD:
	case CONTROL_REPEAT:
		return ERR_OK;
	}
	return ERR_OK;
}

enum err_code
demo_answer(struct session *s, double mood, struct demo_random *r, struct err *err)
{
	uint32_t at = 0;
	enum err_code rc = ERR_OK;

	while (rc == ERR_OK && session_next(s, &at)) {
		struct page page;
		size_t n = 1;

		/* An answer may change what the page shows, so it is asked for again after each. */
		for (size_t i = 0; i < n && rc == ERR_OK; i++) {
			rc = session_page(s, at, &page, err);
			n = rc == ERR_OK ? page.n_controls : 0;
			if (i < n)
				rc = one_control(s, &page.controls[i], mood, r, err);
		}
	}
	return rc;
}
