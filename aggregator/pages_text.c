/* Numbers, periods, badges and charts as the pages show them. See pages_private.h. */
#include "aggregator/pages_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/templates.h"

enum { CHART_MAX = 1 << 20 };

const char *
pages_number(struct arena *a, const struct pub_num *n, const char *unit, int decimals)
{
	char text[48];

	say_number(n, unit, decimals, text);
	return arena_printf(a, "%s", text);
}

int
pages_decimals(const struct series *s)
{
	int most = 0;

	for (size_t i = 0; i < s->n; i++) {
		char text[48];
		const char *point;

		say_number(&s->rows[i]->value, "", -1, text);
		point = strchr(text, '.');
		if (point != NULL && (int)strlen(point + 1) > most)
			most = (int)strlen(point + 1);
	}
	return most;
}

const char *
pages_limits(struct arena *a, const struct pub_row *r, int decimals, const char *and)
{
	char lower[48], upper[48];

	if (r == NULL || !r->lower95.shown || !r->upper95.shown)
		return "";
	say_number(&r->lower95, "", decimals, lower);
	say_number(&r->upper95, r->unit, decimals, upper);
	return arena_printf(a, "%s %s %s", lower, and, upper);
}

const char *
pages_period(struct arena *a, const struct pub_row *r)
{
	char text[48];

	if (r == NULL)
		return "";
	say_period(r->period_start, r->period_end, text);
	return arena_printf(a, "%s", text);
}

struct badge_view
pages_verdict(const struct pub_row *r)
{
	if (r == NULL || r->verdict[0] == '\0')
		return (struct badge_view){ "", "" };
	return (struct badge_view){ strcmp(r->verdict, "met") == 0 ? "tick" : strcmp(r->verdict, "not_met") == 0
	    ? "cross" : "ask", strcmp(r->verdict, "met") == 0 ? "target reached"
	    : strcmp(r->verdict, "not_met") == 0 ? "target not reached" : "cannot say if the target is reached" };
}

struct badge_view
pages_change(const struct pub_row *r)
{
	enum mark m = r == NULL ? MARK_NONE : say_mark_of(r->variation);

	if (m == MARK_NONE)
		return (struct badge_view){ "", "" };
	return (struct badge_view){ m == MARK_HIGH || m == MARK_LOW ? "square" : say_mark_class(m), say_mark(m) };
}

struct badge_view
pages_assurance(const struct pub_row *r)
{
	static const struct { const char *code, *class_name, *word; } words[] = {
		{ "consistent_pass", "tick", "will keep reaching the target" },
		{ "consistent_fail", "cross", "will keep missing the target" },
		{ "inconsistent", "ask", "will reach the target at times" },
	};

	for (size_t i = 0; r != NULL && i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].code, r->assurance) == 0)
			return (struct badge_view){ words[i].class_name, words[i].word };
	return (struct badge_view){ "", "" };
}

const struct buf *
pages_keep(struct arena *a, struct buf *work)
{
	struct buf *made = arena_alloc(a, sizeof(*made));

	if (made != NULL && work->failed == ERR_OK && work->len > 0) {
		made->data = (uint8_t *)arena_strn(a, (const char *)work->data, work->len);
		made->len = made->data == NULL ? 0 : work->len;
	}
	buf_free(work);
	return made;
}

const struct buf *
pages_chart(struct page_request *q, const struct series *s, const char *id, const struct chart_options *how)
{
	const struct pub_row *last = series_latest(s);
	const struct chart_ref target = { last == NULL ? 0 : last->target.v, "Target", "target" };
	struct chart_options o = { .size = CHART_SMALL, .refs = &target, .n_refs = last != NULL && last->target.shown };
	struct chart_view view;
	struct buf work;
	struct err err = {0};

	if (how != NULL)
		o = *how;
	o.category = pages_category(q, series_first(s));
	if (chart_of(s, id, &o, q->arena, &view, &err) != ERR_OK)
		return NULL;
	buf_init(&work, CHART_MAX);
	page_aggregator_chart(&work, &view);
	return pages_keep(q->arena, &work);
}

const char *
pages_encoded(struct arena *a, const char *text)
{
	char out[512];
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && n + 4 < sizeof(out); p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')
		    || strchr("-_.", *p) != NULL)
			out[n++] = (char)*p;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X", *p);
	}
	out[n] = '\0';
	return arena_printf(a, "%s", out);
}

const char *
pages_query(const struct page_request *q, const char *name)
{
	const char *v = http_query(q->r, name);

	return v == NULL ? "" : v;
}

const char *
pages_date(struct arena *a, int64_t at)
{
	char date[32];

	time_text(at, date);
	return arena_printf(a, "%.10s", date);
}

const char *
pages_month(struct arena *a, const char *month)
{
	char day[16], text[48];

	snprintf(day, sizeof(day), "%.7s-01", month);
	say_period(day, day, text);
	return arena_printf(a, "%s", text);
}
