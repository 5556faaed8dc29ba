/* The questions of a page: from the engine to a view. See inside.h; reading them back is take.c. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/latin.h"
#include "base/log.h"
#include "base/num.h"
#include "kiosk/plain.h"
#include "kiosk/take.h"

enum {
	LIST_MAX = 8,		/* choices that stand side by side; more are paged */
	LIST_PAGE = 6,
	RANK_MAX = 5,		/* places under one another; more stand in two columns where there is room */
	TEXT_CHARS = 4000,
	SUMMED = 3,		/* questions of a page whose errors are summed up */
	TILES = 11,		/* points of a range that are shown as tiles */
};

const char *
text_of(struct arena *a, const char *fmt, ...)
{
	struct buf b;
	const char *out;
	va_list ap;
	char small[256];
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		out = arena_strn(a, small, (size_t)n);
		wipe(small, (size_t)n);
		return out;
	}
	wipe(small, sizeof(small));
	buf_init_secret(&b, 1 << 20);
	uint8_t *room = buf_room(&b, (size_t)n + 1);
	va_start(ap, fmt);
	if (room != NULL)
		vsnprintf((char *)room, (size_t)n + 1, fmt, ap);
	va_end(ap);
	out = room == NULL ? NULL : arena_strn(a, (const char *)room, (size_t)n);
	buf_free(&b);
	return out;
}

const char *
text_join(struct arena *a, const char *x, const char *y, const char *z)
{
	size_t nx = x == NULL ? 0 : strlen(x), ny = strlen(y), nz = z == NULL ? 0 : strlen(z);
	char *out = arena_alloc(a, nx + ny + nz + 1);

	if (out == NULL)
		return NULL;
	if (nx > 0)
		memcpy(out, x, nx);
	memcpy(out + nx, y, ny);
	if (nz > 0)
		memcpy(out + nx + ny, z, nz);
	return out;
}

/* N in decimal, into OUT. */
static const char *
digits(size_t n, char out[24])
{
	char *at = out + 23;

	*at = '\0';
	do
		*--at = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return at;
}

const char *
text_fill(struct arena *a, const char *text, const char *x, const char *y)
{
	struct buf b;
	const char *out;

	buf_init_secret(&b, 64 << 10);
	words_fill(&b, text, x, y);
	out = arena_strn(a, buf_str(&b), b.len);
	buf_free(&b);
	return out;
}

const char *
text_count(struct arena *a, const struct words *w, const struct counted *noun, uint64_t n)
{
	struct buf b;
	const char *out;

	buf_init(&b, 1000);
	words_count(&b, w, noun, n);
	out = arena_strn(a, buf_str(&b), b.len);
	buf_free(&b);
	return out;
}

bool
ask_is_exclusive(const struct page_choice *c)
{
	return c->opt_out[0] != '\0' || strcmp(c->value, "none") == 0;
}

const char *
ask_extra(const struct page_control *c, const char *key)
{
	for (const char *const *e = c->extra; e != NULL && e[0] != NULL; e += 2)
		if (strcmp(e[0], key) == 0)
			return e[1];
	return "";
}

bool
ask_is_tiles(const struct page_control *c)
{
	return c->kind == CONTROL_RANGE && c->step != 0
	    && (c->end - c->start) / c->step <= TILES - 1 && (c->end - c->start) / c->step >= 1;
}

/* Does every choice that is no opt-out have a score? */
static bool
is_scale(const struct page_control *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_choices; i++) {
		if (c->choices[i].opt_out[0] != '\0')
			continue;
		if (c->choices[i].score[0] == '\0')
			return false;
		n++;
	}
	return n >= 2;
}

/* Faces for the points of a scale, best first: told apart by mouth and word. */
static const char *
face(size_t place, size_t n)
{
	static const char *const faces[6][5] = {
		{ NULL }, { NULL }, { "f4", "f2" }, { "f4", "f3", "f2" }, { "f5", "f4", "f2", "f1" },
		{ "f5", "f4", "f3", "f2", "f1" },
	};

	return n >= 2 && n <= 5 && place < n ? faces[n][place] : "";
}

static double
score_of(const struct page_choice *c)
{
	double v = 0;

	/* Nearly all are one digit, and a page compares each with each. */
	if (c->score[0] >= '0' && c->score[0] <= '9' && c->score[1] == '\0')
		return c->score[0] - '0';
	return num_double(c->score, strlen(c->score), &v) ? v : 0;
}

const char *
ask_symbol(const struct page_control *c, const struct page_choice *x, size_t n)
{
	static const char *const known[] = { "f1", "f2", "f3", "f4", "f5" };
	size_t better = 0;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(x->symbol, known[i]) == 0)
			return known[i];
	if (x->score[0] == '\0' || !word_in(c->appearance, "likert"))
		return "";
	for (size_t i = 0; i < c->n_choices; i++)
		if (c->choices[i].score[0] != '\0' && score_of(&c->choices[i]) > score_of(x))
			better++;
	return face(better, n);
}

static const char *
grid(size_t n, bool many)
{
	static const char *const one[] = { "n2", "n2", "n2", "n3", "n4", "n5", "n6", "n8", "n8" };
	static const char *const some[] = { "n2", "n2", "n2", "n3", "n2", "n3", "n6", "n8", "n8" };

	return n > LIST_MAX ? "list" : many ? some[n] : one[n];
}

/* What a page is made with. */
struct making {
	struct visit *v;
	struct filling *f;
	const struct media *media;
	struct arena *a;
};

/* The form's picture URI, unless the person wants words only. */
static struct picture_view
picture(const struct making *m, const char *uri)
{
	const struct media_file *file = m->v->look.words_only ? NULL : media_find(m->media, uri, MEDIA_IMAGE);

	if (file == NULL)
		return (struct picture_view){ "", "", "" };
	return (struct picture_view){ text_of(m->a, "/m/%s", file->id), text_of(m->a, "%u", file->width),
	    text_of(m->a, "%u", file->height) };
}

static void
show_choice(const struct making *m, const struct page_choice *x, const struct ask_view *ask, size_t nth,
    struct choice_view *out)
{
	char n[24];

	*out = (struct choice_view){ .id = text_join(m->a, ask->id, "-", digits(nth, n)), .value = x->value,
	    .label = x->label[0] != '\0' ? plain_text(m->a, x->label) : x->value, .symbol = "", .checked = x->chosen, .rank = "", .up = "",
	    .down = "", .picture = picture(m, x->image), .sound = media_find(m->media, x->audio, MEDIA_AUDIO) };
}

/* The choices of a select: scale turned by the visit's coin, a long list paged and searched, opt-outs apart. */
static enum err_code
fill_select(const struct making *m, const struct page_control *c, struct ask_view *ask, struct err *err)
{
	struct visit *v = m->v;
	struct filling *f = m->f;
	struct arena *a = m->a;
	bool turned = v->is_scale_turned && !f->shelf->is_locked && is_scale(c);
	size_t n_main = 0, n_fit = 0, scored = 0, shown = 0;
	const char *find = buf_str(&f->find);

	for (size_t i = 0; i < c->n_choices; i++) {
		n_main += c->choices[i].opt_out[0] == '\0';
		scored += c->choices[i].score[0] != '\0';
		n_fit += c->choices[i].opt_out[0] == '\0' && latin_holds(c->choices[i].label, find);
	}
	ask->choices = arena_calloc(a, c->n_choices + 1, sizeof(*ask->choices));
	ask->others = arena_calloc(a, c->n_choices + 1, sizeof(*ask->others));
	ask->kept = arena_calloc(a, c->n_choices + 1, sizeof(*ask->kept));
	if (ask->choices == NULL || ask->others == NULL || ask->kept == NULL)
		return err_nomem(err);
	ask->has_search = n_main > 2 * LIST_PAGE;
	ask->has_pages = n_main > LIST_MAX && n_fit > LIST_PAGE;
	ask->has_more_row = ask->has_pages && !ask->has_search;
	ask->find = find;
	if (n_main > LIST_MAX && n_fit == 0 && find[0] != '\0')
		ask->hint = ask->w->search_none;
	if (f->first >= n_fit)
		f->first = 0;
	for (size_t k = 0; k < c->n_choices; k++) {
		size_t i = turned ? c->n_choices - 1 - k : k;
		const struct page_choice *x = &c->choices[i];
		struct choice_view *to;

		if (x->opt_out[0] != '\0')
			continue;
		if (n_main > LIST_MAX) {
			bool fits = latin_holds(x->label, find);

			shown += fits;
			if (!fits || shown <= f->first || shown > f->first + LIST_PAGE) {
				if (x->chosen)
					show_choice(m, x, ask, i, &ask->kept[ask->n_kept++]);
				continue;
			}
		}
		to = &ask->choices[ask->n_choices++];
		show_choice(m, x, ask, i, to);
		to->symbol = to->picture.src[0] == '\0' && !v->look.words_only ? ask_symbol(c, x, scored) : "";
	}
	for (size_t i = 0; i < c->n_choices; i++)
		if (c->choices[i].opt_out[0] != '\0')
			show_choice(m, &c->choices[i], ask, i, &ask->others[ask->n_others++]);
	ask->grid = grid(n_main, ask->is_check);
	return ERR_OK;
}

static enum err_code
fill_rank(const struct making *m, const struct page_control *c, struct ask_view *ask, struct err *err)
{
	struct arena *a = m->a;
	bool ranked = c->n_choices > 0 && c->choices[0].rank > 0;

	ask->choices = arena_calloc(a, c->n_choices + 1, sizeof(*ask->choices));
	if (ask->choices == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < c->n_choices; i++) {
		const struct page_choice *x = &c->choices[i];
		size_t place = ranked && x->rank > 0 ? (size_t)x->rank - 1 : i;
		struct choice_view *to = &ask->choices[place < c->n_choices ? place : i];

		show_choice(m, x, ask, i, to);
		to->rank = text_of(a, "%zu", place + 1);
		if (place > 0)
			to->up = text_of(a, "up-%s-%s", ask->name, x->value);
		if (place + 1 < c->n_choices)
			to->down = text_of(a, "down-%s-%s", ask->name, x->value);
	}
	ask->n_choices = c->n_choices;
	ask->grid = c->n_choices > RANK_MAX ? "rows two" : "rows";
	return ERR_OK;
}

/* A short range as tiles, one a point. */
static enum err_code
fill_tiles(const struct visit *v, const struct page_control *c, struct arena *a, struct ask_view *ask,
    struct err *err)
{
	size_t n = (size_t)((c->end - c->start) / c->step + 0.5) + 1;

	(void)v;
	ask->choices = arena_calloc(a, n, sizeof(*ask->choices));
	if (ask->choices == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		struct choice_view *to = &ask->choices[i];
		struct buf number;

		buf_init(&number, 64);
		num_put(&number, c->start + c->step * (double)i);
		*to = (struct choice_view){ .id = text_of(a, "%s-%zu", ask->id, i), .symbol = "", .rank = "",
		    .up = "", .down = "", .picture = { "", "", "" }, .value = arena_str(a, buf_str(&number)) };
		to->label = to->value;
		to->checked = to->value != NULL && strcmp(to->value, c->value) == 0;
		buf_free(&number);
	}
	ask->n_choices = n;
	ask->is_group = ask->is_radio = true;
	ask->grid = n <= 5 ? grid(n, false) : n <= 6 ? "n6" : "points";
	return ERR_OK;
}

/* "2025-03-01" or "2025-03-01T14:30:00.000Z" or "14:30:00.000" into its fields. */
static void
fill_time(const struct page_control *c, const struct typed *typed, struct arena *a, struct ask_view *ask)
{
	const char *part[5] = { "", "", "", "", "" };
	int y, m, d, h, n;
	const char *t = strchr(c->value, 'T');

	ask->is_group = true;
	ask->is_date = c->type == TYPE_DATE || c->type == TYPE_DATETIME;
	ask->is_time = c->type == TYPE_TIME || c->type == TYPE_DATETIME;
	ask->has_day = ask_has_day(c);
	ask->has_month = ask_has_month(c);
	if (typed->is_bad) {
		const char *s = buf_str(&typed->text);

		for (size_t i = 0; i < 5; i++) {
			size_t len = strcspn(s, "\n");

			part[i] = arena_strn(a, s, len);
			s += len + (s[len] == '\n');
		}
	} else {
		if (ask->is_date && sscanf(c->value, "%d-%d-%d", &y, &m, &d) == 3) {
			part[0] = text_of(a, "%d", d);
			part[1] = text_of(a, "%d", m);
			part[2] = text_of(a, "%d", y);
		}
		if (ask->is_time && sscanf(t != NULL ? t + 1 : c->value, "%d:%d", &h, &n) == 2) {
			part[3] = text_of(a, "%02d", h);
			part[4] = text_of(a, "%02d", n);
		}
	}
	ask->day = part[0];
	ask->month = part[1];
	ask->year = part[2];
	ask->hour = part[3];
	ask->minute = part[4];
}

bool
ask_is_masked(const struct page_control *c)
{
	return c->kind == CONTROL_INPUT && (c->type == TYPE_STRING || c->type == TYPE_INT || c->type == TYPE_DECIMAL)
	    && word_in(c->appearance, "masked");
}

bool
ask_has_month(const struct page_control *c)
{
	return c->type == TYPE_DATETIME || !word_in(c->appearance, "year");
}

bool
ask_has_day(const struct page_control *c)
{
	return ask_has_month(c) && (c->type == TYPE_DATETIME || !word_in(c->appearance, "month-year"));
}

/* Dots, and a button that shows what they stand for: a submit button, so that it needs no script. */
static void
mask(const struct typed *typed, struct arena *a, struct ask_view *ask)
{
	ask->is_masked = !typed->is_shown;
	ask->reveal = text_join(a, "reveal-", ask->name, "");
	ask->reveal_label = typed->is_shown ? ask->w->typed_hide : ask->w->typed_show;
}

static void
fill_input(const struct page_control *c, const struct typed *typed, struct arena *a, struct ask_view *ask)
{
	const char *max = ask_extra(c, "max_chars");
	bool number = c->type == TYPE_INT || c->type == TYPE_DECIMAL || c->kind == CONTROL_RANGE;
	int64_t n = TEXT_CHARS;

	if (c->type == TYPE_DATE || c->type == TYPE_TIME || c->type == TYPE_DATETIME) {
		fill_time(c, typed, a, ask);
		return;
	}
	ask->value = typed->is_bad ? arena_strn(a, buf_str(&typed->text), typed->text.len) : c->value;
	if (number)
		ask->inputmode = c->type == TYPE_INT ? "numeric" : "decimal";
	else if (word_in(c->appearance, "numbers"))
		ask->inputmode = "numeric";
	if (ask_is_masked(c))
		mask(typed, a, ask);
	if (number && ask->reveal[0] == '\0') {
		ask->is_number = true;
		return;
	}
	/* Nobody steps up and down what is not to be seen. */
	if (number) {
		ask->is_line = true;
		ask->max = "20";
		return;
	}
	if (!num_i64(max, strlen(max), 1, TYPED_MAX / 4, &n))
		n = TEXT_CHARS;
	ask->max = text_of(a, "%lld", (long long)n);
	ask->is_text = word_in(c->appearance, "multiline");
	ask->is_line = !ask->is_text;
}

bool
ask_is_headings(const struct page_control *c)
{
	return (c->kind == CONTROL_SELECT1 || c->kind == CONTROL_SELECT) && word_in(c->appearance, "label");
}

/* A form's hint comes first. What is written in words may stay away, and names stay out of it; a concern may name. */
static const char *
text_hint(const struct making *m, const struct page_control *c, const struct ask_view *ask)
{
	const struct words *w = m->v->words;

	if (ask->hint[0] != '\0' || c->type != TYPE_STRING || ask->is_masked || word_in(c->appearance, "numbers")
	    || m->f->shelf->is_concern || m->v->is_paper || !ask->is_lone)
		return ask->hint;
	if (word_in("no false false()", form_setting(m->f->shelf->form, "anonymous")))
		return c->required ? "" : w->optional;
	return c->required ? w->no_names : text_join(m->a, w->optional, " ", w->no_names);
}

static const char *
opt_out_label(const struct page_control *c)
{
	for (size_t i = 0; i < c->n_choices; i++)
		if (c->choices[i].opt_out[0] != '\0')
			return c->choices[i].label;
	return NULL;
}

/* What stands under the question, or "". */
static const char *
error_text(const struct words *w, const struct page_control *c, const struct typed *typed,
    const struct violation *bad, struct arena *a)
{
	const char *out = opt_out_label(c);

	if (typed->too_long)
		return w->err_long;
	if (typed->not_text)
		return w->err_text;
	if (typed->is_bad || (bad != NULL && bad->kind == VIOLATION_TYPE)) {
		switch (c->type) {
		case TYPE_INT:
			return w->err_number;
		case TYPE_DECIMAL:
			return w->err_decimal;
		case TYPE_DATE:
		case TYPE_DATETIME:
			return ask_has_day(c) ? w->err_date : ask_has_month(c) ? w->err_month : w->err_year;
		case TYPE_TIME:
			return w->err_time;
		default:
			return w->err_text;
		}
	}
	if (bad == NULL)
		return "";
	if (bad->message[0] != '\0')
		return arena_str(a, bad->message);
	if (bad->kind == VIOLATION_CONSTRAINT)
		return w->err_constraint;
	switch (c->kind) {
	case CONTROL_SELECT1:
		return out != NULL ? text_fill(a, w->err_choose_optout, out, NULL) : w->err_choose;
	case CONTROL_SELECT:
		return out != NULL ? text_fill(a, w->err_choose_some_optout, out, NULL) : w->err_choose_some;
	case CONTROL_RANK:
		return w->err_rank;
	default:
		return w->err_answer;
	}
}

static enum err_code
fill_one(const struct making *m, const struct page_control *c, size_t i, struct ask_view *ask, struct err *err)
{
	struct visit *v = m->v;
	struct filling *f = m->f;
	struct arena *a = m->a;
	enum err_code rc = ERR_OK;
	char n[24];

	ask->w = v->words;
	ask->id = ask->name = text_join(a, "a", digits(i, n), "");
	ask->label = plain_text(a, c->label);
	ask->hint = plain_text(a, c->hint);
	if (ask->label == NULL || ask->hint == NULL)
		return err_nomem(err);
	ask->error = ask->described = ask->value = ask->find = ask->grid = ask->step_text = "";
	ask->reveal = ask->reveal_label = "";
	ask->day = ask->month = ask->year = ask->hour = ask->minute = "";
	ask->inputmode = "text";
	ask->max = "4000";
	ask->picture = picture(m, c->image);
	ask->sound = media_find(m->media, c->audio, MEDIA_AUDIO);
	if (ask_is_headings(c)) {
		ask->is_note = true;
		return ERR_OK;
	}
	switch (c->kind) {
	case CONTROL_SELECT1:
		ask->is_group = ask->is_radio = true;
		rc = fill_select(m, c, ask, err);
		break;
	case CONTROL_SELECT:
		ask->is_group = ask->is_check = true;
		rc = fill_select(m, c, ask, err);
		if (rc == ERR_OK && ask->hint[0] == '\0')
			ask->hint = v->words->choose_many;
		break;
	case CONTROL_RANK:
		ask->is_group = ask->is_rank = true;
		rc = fill_rank(m, c, ask, err);
		break;
	case CONTROL_RANGE:
		if (ask_is_tiles(c))
			rc = fill_tiles(v, c, a, ask, err);
		else
			fill_input(c, &f->typed[i], a, ask);
		break;
	case CONTROL_TRIGGER:
		ask->is_group = ask->is_check = true;
		ask->choices = arena_calloc(a, 1, sizeof(*ask->choices));
		if (ask->choices == NULL)
			return err_nomem(err);
		ask->choices[0] = (struct choice_view){ .id = text_of(a, "a%zu-0", i), .value = "OK",
		    .label = v->words->tick_ok, .symbol = "", .rank = "", .up = "", .down = "", .picture = { "", "", "" },
		    .checked = strcmp(c->value, "OK") == 0 };
		ask->n_choices = 1;
		ask->grid = "n2";
		break;
	case CONTROL_INPUT:
		if (c->readonly)
			ask->is_note = true;
		else
			fill_input(c, &f->typed[i], a, ask);
		if (!c->readonly)
			ask->hint = text_hint(m, c, ask);
		break;
	case CONTROL_NOTE:
	case CONTROL_UPLOAD:
	case CONTROL_REPEAT:
		ask->is_note = true;
		break;
	}
	return rc;
}

/* In the language shown, else in the form's own sign language, whose films stand beside the words of any other. */
const struct media_file *
ask_film(struct filling *f, const struct media *media, const char *tag)
{
	size_t language = f->shelf == NULL ? 0 : shelf_language(f->shelf, tag);
	const struct media_file *film = NULL;
	struct page page;
	struct err err;

	if (!media->has_video || f->session == NULL)
		return NULL;
	for (int pass = 0; pass < 2 && film == NULL; pass++) {
		if (pass == 1 && (f->shelf->sign < 0 || (size_t)f->shelf->sign == language
		    || session_language(f->session, (size_t)f->shelf->sign, &err) != ERR_OK))
			break;
		if (session_page(f->session, f->page, &page, &err) == ERR_OK)
			for (size_t i = 0; i < page.n_controls && film == NULL; i++)
				film = media_find(media, page.controls[i].video, MEDIA_VIDEO);
		if (pass == 1 && session_language(f->session, language, &err) != ERR_OK)
			log_err("kiosk", "language", &err);
	}
	return film;
}

/* A note that is words and nothing else. */
static bool
is_heading(const struct page_control *c)
{
	return (c->kind == CONTROL_NOTE || (c->kind == CONTROL_INPUT && c->readonly && c->value[0] == '\0'))
	    && c->label[0] != '\0' && c->hint[0] == '\0' && c->image[0] == '\0' && c->audio[0] == '\0' && c->video[0] == '\0';
}

enum err_code
ask_fill(struct visit *v, struct filling *f, const struct media *media, struct arena *a, struct question_view *view,
    struct err *err)
{
	const struct making making = { .v = v, .f = f, .media = media, .a = a };
	struct violation bad[ASKS];
	char n[24], all[24];
	size_t n_bad = 0, n_controls;
	bool first_heads;
	struct page page;
	enum err_code rc;

	if (f->show_errors) {
		n_bad = session_violations(f->session, bad, ASKS);
		for (size_t i = 0; i < n_bad && i < ASKS; i++)
			if (bad[i].message != NULL)
				bad[i].message = arena_str(a, bad[i].message);
		if (n_bad > ASKS)
			n_bad = ASKS;
	}
	rc = session_page(f->session, f->page, &page, err);
	if (rc != ERR_OK)
		return rc;
	n_controls = page.n_controls < ASKS ? page.n_controls : ASKS;
	view->n_asks = 0;
	view->asks = arena_calloc(a, n_controls + 1, sizeof(*view->asks));
	view->errors = arena_calloc(a, n_controls + 1, sizeof(*view->errors));
	if (view->asks == NULL || view->errors == NULL)
		return err_nomem(err);
	/* A group without a label whose first line is a note: that is its heading (so does table-list come out). */
	first_heads = page.n_controls > 1 && page.group_label[0] == '\0' && is_heading(&page.controls[0]);
	view->heading = page.n_controls == 1 ? "" : first_heads ? page.controls[0].label
	    : page.group_label[0] != '\0' ? page.group_label : shelf_title(f->shelf, v->tag);
	view->heading = plain_text(a, view->heading);
	if (view->heading == NULL)
		return err_nomem(err);
	view->page_id = text_join(a, digits(page.id, n), "", "");
	view->has_add = page.n_controls == 1 && page.controls[0].kind == CONTROL_REPEAT;
	view->error_title = "";
	for (size_t i = first_heads; i < n_controls; i++) {
		const struct page_control *c = &page.controls[i];
		struct ask_view *ask = &view->asks[view->n_asks];
		const struct violation *mine = NULL;

		if (page.n_controls > 1 && ask_is_headings(c) && c->label[0] == '\0')
			continue;
		view->n_asks++;
		for (size_t k = 0; k < n_bad && mine == NULL; k++)
			if (bad[k].row == c->row && bad[k].page == f->page)
				mine = &bad[k];
		ask->is_lone = page.n_controls == 1;
		rc = fill_one(&making, c, i, ask, err);
		if (rc != ERR_OK)
			return rc;
		if (c->kind == CONTROL_REPEAT) {
			ask->hint = ask->label;
			ask->label = v->words->add_title;
		}
		if (!f->show_errors)
			continue;
		ask->error = error_text(v->words, c, &f->typed[i], mine, a);
		if (ask->error == NULL)
			return err_nomem(err);
		if (ask->error[0] == '\0')
			continue;
		if (view->n_errors == 0)
			view->error_title = ask->error;
		/* What cannot all be seen at once is summed up at the top. */
		ask->focus_error = page.n_controls < SUMMED && view->n_errors == 0;
		ask->described = text_join(a, ask->id, "-error", "");
		view->errors[view->n_errors++] = (struct link_view){ .label = ask->label, .lang = "",
		    .href = text_of(a, ask->is_group ? "#%s" : "#%s-f", ask->id) };
	}
	if (page.n_controls < SUMMED)
		view->n_errors = 0;
	for (size_t i = 0; i < view->n_asks; i++)
		if (view->asks[i].described[0] == '\0' && view->asks[i].hint[0] != '\0')
			view->asks[i].described = text_join(a, view->asks[i].id, "-hint", "");
	view->f.steps = page.count > 1 && page.number > 0
	    ? text_fill(a, v->words->of_n, digits(page.number, n), digits(page.count, all)) : "";
	if (page.count > 1 && page.count <= 14 && page.number > 0) {
		view->f.pebbles = arena_calloc(a, page.count, sizeof(*view->f.pebbles));
		if (view->f.pebbles == NULL)
			return err_nomem(err);
		view->f.n_pebbles = page.count;
		for (size_t i = 0; i < page.count; i++)
			view->f.pebbles[i] = (struct pebble){ .done = i + 1 < page.number,
			    .now = i + 1 == page.number };
	}
	return ERR_OK;
}
