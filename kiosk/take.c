/* What was chosen and typed: from a POST into the engine. See inside.h and take.h. */
#include "kiosk/take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/num.h"

enum { LIST_STEP = 6, NUMBER_LEN = 64 };

static const char *
field(const struct http_request *r, size_t i, const char *part, size_t *len)
{
	char name[24];

	snprintf(name, sizeof(name), "a%zu%s", i, part);
	return http_field(r, name, 0, len);
}

/* What was sent for question I, piece by piece. */
static const char *
next_field(const struct http_request *r, size_t i, size_t *at, size_t *len)
{
	char name[24];

	snprintf(name, sizeof(name), "a%zu", i);
	return http_field_next(r, name, at, len);
}

static void
keep_typed(struct typed *t, const char *text, size_t len)
{
	buf_reset(&t->text);
	buf_put(&t->text, text, len < TYPED_MAX ? len : TYPED_MAX);
	t->is_bad = true;
}

/* Store TEXT; what is not of the type is kept as typed. False: it was not. */
static bool
put(struct filling *f, uint32_t row, struct typed *t, const char *text, size_t len, enum err_code *rc,
    struct err *err)
{
	t->is_bad = t->too_long = t->not_text = false;
	if (!utf8_valid(text, len, NULL) || memchr(text, '\0', len) != NULL) {
		buf_reset(&t->text);
		t->is_bad = t->not_text = true;
		return false;
	}
	*rc = session_set(f->session, row, text, len, err);
	if (*rc == ERR_INPUT || *rc == ERR_LIMIT) {
		keep_typed(t, text, len);
		t->too_long = *rc == ERR_LIMIT;
		*rc = ERR_OK;
		return false;
	}
	if (*rc == ERR_DENIED)
		*rc = ERR_OK;
	return true;
}

static bool
is_sent(const struct http_request *r, size_t i, const char *value)
{
	const char *got;
	size_t len, at = 0;

	while ((got = next_field(r, i, &at, &len)) != NULL)
		if (strlen(value) == len && memcmp(got, value, len) == 0)
			return true;
	return false;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The texts that were sent for question I, sorted: somebody may send any number of them. *N of them in the request's
 * arena; NULL without memory. */
static const char **
all_sent(const struct http_request *r, size_t i, size_t *n)
{
	const char **sent, *got;
	size_t len, at = 0, room = 1;

	*n = 0;
	for (size_t k = 0; k < r->body->len; k++)
		room += r->body->data[k] == '&';
	sent = arena_calloc(r->arena, room, sizeof(*sent));
	while (sent != NULL && *n < room && (got = next_field(r, i, &at, &len)) != NULL)
		if (memchr(got, '\0', len) == NULL)
			sent[(*n)++] = got;
	if (sent != NULL)
		qsort(sent, *n, sizeof(*sent), by_text);
	return sent;
}

static bool
take_one_of(struct filling *f, const struct page_control *c, size_t i, const struct http_request *r,
    enum err_code *rc, struct err *err)
{
	const char *got, *last = NULL;
	size_t len, last_len = 0, at = 0;

	/* A choice made on another page of a long list comes first, as a hidden field. */
	while ((got = next_field(r, i, &at, &len)) != NULL) {
		last = got;
		last_len = len;
	}
	for (size_t k = 0; last != NULL && k < c->n_choices; k++)
		if (strlen(c->choices[k].value) == last_len && memcmp(last, c->choices[k].value, last_len) == 0)
			return put(f, c->row, &f->typed[i], c->choices[k].value, last_len, rc, err);
	return true;
}

static bool
take_some_of(struct filling *f, const struct page_control *c, size_t i, const struct http_request *r,
    enum err_code *rc, struct err *err)
{
	size_t n_sent;
	const char **sent = all_sent(r, i, &n_sent);
	struct buf value;
	bool ok;

	if (sent == NULL) {
		*rc = err_nomem(err);
		return false;
	}
	buf_init_secret(&value, TYPED_MAX);
	for (size_t k = 0; k < c->n_choices; k++) {
		const struct page_choice *x = &c->choices[k];

		if (bsearch(&x->value, sent, n_sent, sizeof(*sent), by_text) != NULL) {
			if (value.len > 0)
				buf_putc(&value, ' ');
			buf_puts(&value, x->value);
		}
	}
	ok = put(f, c->row, &f->typed[i], buf_str(&value), value.len, rc, err);
	buf_free(&value);
	return ok;
}

/* Numbers as people write them: blanks around, a comma for the point. */
static bool
take_number(struct filling *f, const struct page_control *c, size_t i, const struct http_request *r,
    enum err_code *rc, struct err *err)
{
	size_t len = 0;
	const char *text = field(r, i, "", &len);
	char copy[NUMBER_LEN];

	if (text == NULL)
		return true;
	while (len > 0 && text[0] == ' ') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return put(f, c->row, &f->typed[i], text, len, rc, err);
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strchr(copy, '.') == NULL && strchr(copy, ',') == strrchr(copy, ',') && strchr(copy, ',') != NULL)
		*strchr(copy, ',') = '.';
	bool ok = put(f, c->row, &f->typed[i], copy, len, rc, err);

	wipe(copy, sizeof(copy));
	return ok;
}

static int64_t
part_of(const struct http_request *r, size_t i, const char *part, int64_t min, int64_t max, bool *empty,
    struct buf *all)
{
	size_t len = 0;
	const char *text = field(r, i, part, &len);
	int64_t n = -1;

	if (text == NULL)
		text = "";
	while (len > 0 && text[0] == ' ') {
		text++;
		len--;
	}
	while (len > 0 && text[len - 1] == ' ')
		len--;
	*empty &= len == 0;
	if (utf8_valid(text, len, NULL) && memchr(text, '\n', len) == NULL && memchr(text, '\0', len) == NULL)
		buf_put(all, text, len < 12 ? len : 12);
	buf_putc(all, '\n');
	while (len > 1 && text[0] == '0') {
		text++;
		len--;
	}
	return num_i64(text, len, min, max, &n) ? n : -1;
}

static bool
is_day(int64_t y, int64_t m, int64_t d)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (y < 0 || m < 1 || d < 1 || d > days[m - 1])
		return false;
	return m != 2 || d < 29 || (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
}

static bool
take_time(struct filling *f, const struct page_control *c, size_t i, const struct http_request *r,
    enum err_code *rc, struct err *err)
{
	bool date = c->type != TYPE_TIME, time = c->type != TYPE_DATE, empty = true, ok;
	int64_t y = 0, m = 1, d = 1, h = 0, n = 0;
	struct buf typed;
	char text[64] = "";

	if (field(r, i, date ? "y" : "h", NULL) == NULL)
		return true;
	buf_init_secret(&typed, 256);
	if (date) {
		if (ask_has_day(c))
			d = part_of(r, i, "d", 1, 31, &empty, &typed);
		else
			buf_putc(&typed, '\n');
		if (ask_has_month(c))
			m = part_of(r, i, "m", 1, 12, &empty, &typed);
		else
			buf_putc(&typed, '\n');
		y = part_of(r, i, "y", 1, 9999, &empty, &typed);
	} else {
		buf_puts(&typed, "\n\n\n");
	}
	if (time) {
		h = part_of(r, i, "h", 0, 23, &empty, &typed);
		n = part_of(r, i, "n", 0, 59, &empty, &typed);
	}
	if (!empty && ((date && !is_day(y, m, d)) || (time && (h < 0 || n < 0)))) {
		keep_typed(&f->typed[i], buf_str(&typed), typed.len);
		ok = false;
	} else {
		if (!empty && date && time)
			snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:00.000Z", (int)y, (int)m, (int)d, (int)h,
			    (int)n);
		else if (!empty && date)
			snprintf(text, sizeof(text), "%04d-%02d-%02d", (int)y, (int)m, (int)d);
		else if (!empty)
			snprintf(text, sizeof(text), "%02d:%02d:00.000Z", (int)h, (int)n);
		ok = put(f, c->row, &f->typed[i], text, strlen(text), rc, err);
	}
	wipe(text, sizeof(text));
	buf_free(&typed);
	return ok;
}

/* Line ends as one LF; nothing else is touched. */
static bool
take_text(struct filling *f, const struct page_control *c, size_t i, const struct http_request *r,
    enum err_code *rc, struct err *err)
{
	size_t len = 0, n = 0;
	const char *text = field(r, i, "", &len);
	char *copy;

	if (text == NULL)
		return true;
	copy = arena_alloc(r->arena, len + 1);
	if (copy == NULL) {
		*rc = err_nomem(err);
		return false;
	}
	for (size_t k = 0; k < len; k++)
		if (text[k] != '\r')
			copy[n++] = text[k];
	return put(f, c->row, &f->typed[i], copy, n, rc, err);
}

static bool
take_one(struct filling *f, const struct page_control *c, size_t i, const struct http_request *r,
    enum err_code *rc, struct err *err)
{
	switch (c->kind) {
	case CONTROL_SELECT1:
		return take_one_of(f, c, i, r, rc, err);
	case CONTROL_SELECT:
		return take_some_of(f, c, i, r, rc, err);
	case CONTROL_TRIGGER:
		return put(f, c->row, &f->typed[i], "OK", is_sent(r, i, "OK") ? 2 : 0, rc, err);
	case CONTROL_RANGE:
		return take_number(f, c, i, r, rc, err);
	case CONTROL_INPUT:
		if (c->readonly)
			return true;
		if (c->type == TYPE_DATE || c->type == TYPE_TIME || c->type == TYPE_DATETIME)
			return take_time(f, c, i, r, rc, err);
		if (c->type == TYPE_INT || c->type == TYPE_DECIMAL)
			return take_number(f, c, i, r, rc, err);
		return take_text(f, c, i, r, rc, err);
	case CONTROL_RANK:
	case CONTROL_NOTE:
	case CONTROL_UPLOAD:
	case CONTROL_REPEAT:
		return true;
	}
	return true;
}

enum err_code
ask_take(struct visit *v, struct filling *f, const struct http_request *r, bool *bad, struct err *err)
{
	enum err_code rc = ERR_OK;
	size_t n = 1;

	(void)v;
	*bad = false;
	/* Setting one answer can change the page, so that it is asked for anew each time. */
	for (size_t i = 0; i < n && i < ASKS && rc == ERR_OK; i++) {
		struct page page;

		rc = session_page(f->session, f->page, &page, err);
		if (rc != ERR_OK)
			break;
		n = page.n_controls;
		if (i < n && !take_one(f, &page.controls[i], i, r, &rc, err))
			*bad = true;
	}
	return rc;
}

bool
ask_has_violations(struct filling *f)
{
	struct violation bad[ASKS];
	size_t n = session_violations(f->session, bad, ASKS);

	for (size_t i = 0; i < n && i < ASKS; i++)
		if (bad[i].page == f->page)
			return true;
	return false;
}

/* "minus-a0", "up-a0-VALUE": the control's number, and what follows it. */
static bool
target(const char *go, const char *verb, size_t *i, const char **rest)
{
	size_t n = strlen(verb);
	char *end;
	unsigned long at;

	if (strncmp(go, verb, n) != 0 || go[n] != '-' || go[n + 1] != 'a' || go[n + 2] < '0' || go[n + 2] > '9')
		return false;
	at = strtoul(go + n + 2, &end, 10);
	if (at >= ASKS || (*end != '\0' && *end != '-'))
		return false;
	*i = at;
	*rest = *end == '-' ? end + 1 : end;
	return true;
}

static void
step_number(struct filling *f, const struct page_control *c, size_t i, int by)
{
	double step = c->kind == CONTROL_RANGE && c->step != 0 ? c->step : 1, v = 0;
	const char *now = f->typed[i].is_bad ? buf_str(&f->typed[i].text) : c->value;
	bool had = num_double(now, strlen(now), &v);
	struct buf text;
	struct err err;

	if (!had)
		v = c->kind == CONTROL_RANGE ? c->start : by > 0 ? step : 0;
	else if (by > 0 || v >= step || v < 0 || c->kind == CONTROL_RANGE)
		v += by * step;
	if (c->kind == CONTROL_RANGE) {
		double low = c->start < c->end ? c->start : c->end, high = c->start < c->end ? c->end : c->start;

		v = v < low ? low : v > high ? high : v;
	}
	buf_init_secret(&text, 64);
	num_put(&text, v);
	f->typed[i].is_bad = false;
	if (session_set(f->session, c->row, buf_str(&text), text.len, &err) != ERR_OK)
		keep_typed(&f->typed[i], buf_str(&text), text.len);
	buf_free(&text);
}

/* Exchange the choice VALUE with its neighbour and store the whole order. */
static void
step_rank(struct filling *f, const struct page_control *c, const char *value, int by)
{
	const char *order[256];
	bool ranked = c->n_choices > 0 && c->choices[0].rank > 0;
	size_t n = c->n_choices, at = SIZE_MAX;
	struct buf text;
	struct err err;

	if (n > ARRAY_LEN(order) || n == 0)
		return;
	for (size_t k = 0; k < n; k++) {
		size_t place = ranked && c->choices[k].rank > 0 ? (size_t)c->choices[k].rank - 1 : k;

		if (place >= n)
			return;
		order[place] = c->choices[k].value;
		if (strcmp(c->choices[k].value, value) == 0)
			at = place;
	}
	if (at == SIZE_MAX || (by < 0 && at == 0) || (by > 0 && at + 1 == n))
		return;
	const char *other = by < 0 ? order[at - 1] : order[at + 1];

	order[by < 0 ? at - 1 : at + 1] = order[at];
	order[at] = other;
	buf_init_secret(&text, TYPED_MAX);
	for (size_t k = 0; k < n; k++) {
		if (k > 0)
			buf_putc(&text, ' ');
		buf_puts(&text, order[k]);
	}
	(void)!session_set(f->session, c->row, buf_str(&text), text.len, &err);
	buf_free(&text);
}

bool
ask_press(struct visit *v, struct filling *f, const char *go, const struct http_request *r)
{
	const char *rest, *text;
	struct page page;
	struct err err;
	size_t i, len;

	(void)v;
	if (strcmp(go, "more") == 0) {
		f->first += LIST_STEP;
		return true;
	}
	if (strcmp(go, "find") == 0) {
		text = http_field(r, "find", 0, &len);
		buf_reset(&f->find);
		f->first = 0;
		if (text != NULL && len < 100 && utf8_valid(text, len, NULL) && memchr(text, '\0', len) == NULL)
			buf_put(&f->find, text, len);
		return true;
	}
	if (session_page(f->session, f->page, &page, &err) != ERR_OK)
		return false;
	if (target(go, "reveal", &i, &rest) && i < page.n_controls && ask_is_masked(&page.controls[i])) {
		f->typed[i].is_shown = !f->typed[i].is_shown;
		return true;
	}
	for (int up = 0; up < 2; up++) {
		if (target(go, up ? "plus" : "minus", &i, &rest) && i < page.n_controls
		    && (page.controls[i].kind == CONTROL_RANGE || page.controls[i].type == TYPE_INT
		    || page.controls[i].type == TYPE_DECIMAL)) {
			step_number(f, &page.controls[i], i, up ? 1 : -1);
			return true;
		}
		if (target(go, up ? "up" : "down", &i, &rest) && i < page.n_controls
		    && page.controls[i].kind == CONTROL_RANK) {
			step_rank(f, &page.controls[i], rest, up ? -1 : 1);
			return true;
		}
	}
	return false;
}
