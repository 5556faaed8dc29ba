/* The reading room. See room.h. Each request opens the facts (and, for comments, the central store) for
 * itself: there are few readers, and a reader's trouble is then nobody else's. */
#include "indicators/room.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/deftext.h"
#include "aggregator/people.h"
#include "aggregator/say.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "indicators/points.h"
#include "indicators/prepare.h"
#include "indicators/room_private.h"
#include "indicators/templates.h"

enum { BODY_MAX = 16384, DAY_S = 86400 };

static const struct nav_item menu[] = {
	{ "/", "What has arrived", false },
	{ "/quarantine", "Quarantine", false },
	{ "/quotes", "Quotes", false },		/* the last: administrators have none of it */
};

struct room_request {
	struct room *room;
	const struct http_request *r;
	struct http_response *out;
	struct visitor v;
	struct facts *facts;
	struct arena *arena;
};

static void
show(struct room_request *q, const char *title, const struct buf *body)
{
	struct nav_item nav[ARRAY_LEN(menu)];

	memcpy(nav, menu, sizeof(menu));
	for (size_t i = 0; i < ARRAY_LEN(menu); i++)
		nav[i].is_here = strcmp(nav[i].href, q->r->path) == 0;
	people_page(&q->room->people, &q->v, title, nav, ARRAY_LEN(nav) - (q->v.user.role == ROLE_ADMINISTRATOR), body, q->out);
}

static bool
may(const struct room_request *q, enum user_role a, enum user_role b)
{
	return q->v.user.role == a || q->v.user.role == b;
}

static void
refuse(struct room_request *q)
{
	people_message(&q->room->people, &q->v, 403, "Not for this role",
	    "What you asked for belongs to another role. If you need it for your work, ask an administrator.", "/",
	    "Go to the start", q->out);
}

static void
trouble(struct room_request *q, const char *what, const struct err *err)
{
	log_err("room", what, err);
	people_message(&q->room->people, &q->v, err->code == ERR_INPUT ? 422 : 503,
	    err->code == ERR_INPUT ? "That cannot be done" : "That does not work at the moment",
	    err->code == ERR_INPUT ? err->msg : "The log says why. Nothing was changed.", "/", "Go to the start",
	    q->out);
}

/* --- the start -------------------------------------------------------------------------------------- */

struct home {
	struct room_request *q;
	struct room_link_view sites[1024];
	size_t n_sites;
	int64_t records;
};

static enum err_code
add_site(void *arg, const char *site, int64_t n, int64_t first_day, int64_t last_day, struct err *err)
{
	struct home *h = arg;
	struct arena *a = h->q->arena;
	int y1, m1, d1, y2, m2, d2;

	(void)err;
	h->records += n;
	if (h->n_sites == ARRAY_LEN(h->sites))
		return ERR_OK;
	date_from_day(first_day, &y1, &m1, &d1);
	date_from_day(last_day, &y2, &m2, &d2);
	h->sites[h->n_sites++] = (struct room_link_view){
		.href = arena_printf(a, "/comments?site=%s", site), .label = arena_str(a, site),
		.note = arena_printf(a, "%lld answers, %04d-%02d to %04d-%02d", (long long)n, y1, m1, y2, m2),
	};
	return ERR_OK;
}

static void
home(struct room_request *q)
{
	struct room *room = q->room;
	struct home *h = calloc(1, sizeof(*h));
	const struct library *lib = worker_library(room->conf.worker);
	struct room_link_view *indicators = arena_calloc(q->arena, lib->n + 1, sizeof(*indicators));
	struct room_home_view v = {0};
	struct err err = {0};
	struct buf body;
	int64_t held = 0, rev = 0;
	int year, month, day;
	enum err_code rc = h == NULL || indicators == NULL ? err_nomem(&err) : ERR_OK;

	buf_init(&body, 1 << 20);
	if (rc == ERR_OK) {
		h->q = q;
		rc = facts_record_counts(q->facts, add_site, h, &err);
	}
	if (rc == ERR_OK)
		rc = facts_quarantined(q->facts, &held, &err);
	if (rc == ERR_OK)
		rc = facts_data_rev(q->facts, &rev, &err);
	if (rc != ERR_OK) {
		trouble(q, "home", &err);
		goto out;
	}
	for (size_t i = 0; i < lib->n; i++)
		indicators[i] = (struct room_link_view){
			.href = arena_printf(q->arena, "/indicator?id=%s&version=%lld", lib->list[i]->id,
			    (long long)lib->list[i]->version),
			.label = lib->list[i]->title,
			.note = arena_printf(q->arena, "%s@%lld, %s", lib->list[i]->id, (long long)lib->list[i]->version,
			    definition_state_word(lib->list[i]->state)),
		};
	struct room_count_view counts[] = {
		{ "Answers", arena_printf(q->arena, "%lld", (long long)h->records), "opened" },
		{ "Sites", arena_printf(q->arena, "%zu", h->n_sites), "" },
		{ "In quarantine", arena_printf(q->arena, "%lld", (long long)held), "" },
		{ "Data revision", arena_printf(q->arena, "%lld", (long long)rev), "" },
		{ "Nightly check", atomic_load(&room->state->nightly_at) == 0 ? "not yet"
		    : atomic_load(&room->state->nightly_different) == 0 ? "equal" : "DIFFERENT",
		    arena_printf(q->arena, "%lld cells", (long long)atomic_load(&room->state->nightly_cells)) },
	};
	date_from_day(clock_now_s(room->conf.clock) / DAY_S, &year, &month, &day);
	v = (struct room_home_view){
		.counts = counts, .n_counts = ARRAY_LEN(counts), .indicators = indicators, .n_indicators = lib->n,
		.sites = h->sites, .n_sites = h->n_sites, .csrf = q->v.csrf,
		.held = held == 0 ? "" : arena_printf(q->arena, "%lld record%s", (long long)held, held == 1 ? "" : "s"),
		.until = arena_printf(q->arena, "%04d-%02d", year, month),
		.prepared = room_prepared_text(room, q->arena),
		.can_prepare = q->v.user.role == ROLE_ANALYST,
		.can_read = may(q, ROLE_ANALYST, ROLE_SAFEGUARDING),
	};
	page_indicators_home(&body, &v);
	show(q, "What has arrived", &body);
out:
	buf_free(&body);
	free(h);
}

/* --- one indicator ---------------------------------------------------------------------------------- */

static const char *
number(struct arena *a, double v, int decimals)
{
	return isfinite(v) ? arena_printf(a, "%.*f", decimals, v) : "";
}

static const char *
day_text(struct arena *a, int64_t day)
{
	int year, month, d;

	date_from_day(day, &year, &month, &d);
	return arena_printf(a, "%04d-%02d-%02d", year, month, d);
}

static void
indicator_row(struct room_request *q, const struct definition *d, const struct point *p, bool is_first,
	struct room_row_view *row)
{
	struct arena *a = q->arena;
	double scale = d->value_percent ? 100 : 1;
	char period[48];
	const char *text = buf_str(&d->canonical), *part = p->category[0] != '\0'
	    ? deftext_category(a, text, p->breakdown, p->category) : "", *item = p->item[0] != '\0'
	    ? deftext_category(a, text, "answer", p->item) : "";

	say_period(day_text(a, month_first_day(p->first_month)),
	    day_text(a, month_first_day(p->first_month + period_months(p->period)) - 1), period);
	*row = (struct room_row_view){
		.area = arena_printf(a, "%s%s%s%s%s%s%s", p->site[0] == '\0' ? "All sites" : p->site,
		    p->variant[0] != '\0' ? ", " : "", p->variant, part[0] != '\0' ? ", " : "", part,
		    item[0] != '\0' ? ", " : "", item),
		.period = arena_printf(a, "%s", period),
		.numerator = number(a, p->sum.num, d->kind == KIND_MEAN || d->kind == KIND_SCORE ? 1 : 0),
		.denominator = arena_printf(a, "%lld", (long long)p->sum.n),
		.value = number(a, p->e.value * scale, 1),
		.limits = isfinite(p->e.lower95) && isfinite(p->e.upper95) ? arena_printf(a, "%.1f to %.1f",
		    p->e.lower95 * scale, p->e.upper95 * scale) : "",
		.excluded = arena_printf(a, "%lld", (long long)p->excluded),
		.target = number(a, p->target * scale, 1),
		.verdict = say_verdict(stat_verdict_word(p->verdict)),
		.is_first = is_first,
	};
}

static void
indicator(struct room_request *q)
{
	const char *id = http_query(q->r, "id"), *version = http_query(q->r, "version");
	struct room_indicator_view v = {0};
	struct points points = {0};
	const struct definition *d;
	int64_t n = 0, def;
	bool is_new;
	char hash[65];
	struct err err = {0};
	struct buf body;
	enum err_code rc;

	if (version != NULL && !num_i64(version, strlen(version), 1, 1000000, &n))
		n = 0;
	d = id == NULL ? NULL : library_find(worker_library(q->room->conf.worker), id, n);
	if (d == NULL) {
		people_message(&q->room->people, &q->v, 404, "There is no such indicator",
		    "The list of indicators is on the first page.", "/", "Go to the start", q->out);
		return;
	}
	buf_init(&body, 4 << 20);
	hex_str(d->hash, 32, hash);
	rc = facts_definition(q->facts, d->id, d->version, d->hash, d->state != STATE_DRAFT,
	    buf_str(&d->canonical), &def, &is_new, &err);
	if (rc == ERR_OK)
		rc = points_of(q->facts, d, def, &points, &err);
	if (rc == ERR_OK) {
		struct room_row_view *rows = arena_calloc(q->arena, points.n + 1, sizeof(*rows));
		bool has_target = false;

		for (size_t i = 0; i < points.n; i++)
			has_target = has_target || isfinite(points.list[i].target);
		for (size_t i = 0; rows != NULL && i < points.n; i++)
			indicator_row(q, d, &points.list[i],
			    i == 0 || !points_same_series(&points.list[i - 1], &points.list[i]), &rows[i]);
		v = (struct room_indicator_view){
			.title = d->title, .id = arena_printf(q->arena, "%s@%lld", d->id, (long long)d->version),
			.about = d->about, .state = definition_state_word(d->state), .hash = hash,
			.unit = d->value_percent ? "percent" : d->unit, .rows = rows,
			.n_rows = rows == NULL ? 0 : points.n, .has_target = has_target,
		};
		page_indicators_indicator(&body, &v);
		show(q, d->title, &body);
	} else {
		trouble(q, "indicator", &err);
	}
	points_clear(&points);
	buf_free(&body);
}

/* --- quarantine, preparing --------------------------------------------------------------------------- */

struct held_rows {
	struct room_request *q;
	struct room_held_view rows[500];
	size_t n;
};

static const char *
reason_words(const char *reason)
{
	static const struct { const char *reason, *words; } all[] = {
		{ "does_not_open", "not sealed to our key, or changed on its way" },
		{ "damaged", "its bytes are not a record" },
		{ "unknown_form", "made with a form that is not in the forms folder" },
		{ "unreadable", "its answers do not fit its form" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].reason, reason) == 0)
			return all[i].words;
	return reason;
}

static enum err_code
add_held(void *arg, const struct facts_held *h, struct err *err)
{
	struct held_rows *l = arg;
	char hex[33];

	(void)err;
	if (l->n == ARRAY_LEN(l->rows))
		return ERR_OK;
	hex_str(h->record, 16, hex);
	l->rows[l->n++] = (struct room_held_view){
		.site = arena_printf(l->q->arena, "%s", h->site), .record = arena_printf(l->q->arena, "%s", hex),
		.reason = arena_printf(l->q->arena, "%s", reason_words(h->reason)),
		.tries = arena_printf(l->q->arena, "%lld", (long long)h->tries),
	};
	return ERR_OK;
}

static void
quarantine(struct room_request *q)
{
	struct held_rows *l = calloc(1, sizeof(*l));
	struct err err = {0};
	struct buf body;
	enum err_code rc;

	buf_init(&body, 1 << 20);
	if (l == NULL) {
		rc = err_nomem(&err);
	} else {
		l->q = q;
		rc = facts_quarantine_each(q->facts, add_held, l, &err);
	}
	if (rc == ERR_OK) {
		struct room_quarantine_view v = { l->rows, l->n, q->v.csrf,
		    may(q, ROLE_ANALYST, ROLE_ADMINISTRATOR) };

		page_indicators_quarantine(&body, &v);
		show(q, "Quarantine", &body);
	} else {
		trouble(q, "quarantine", &err);
	}
	buf_free(&body);
	free(l);
}

static void
prepare(struct room_request *q)
{
	const char *until = http_field(q->r, "until", 0, NULL);
	struct room *room = q->room;
	struct prepare how = { .organisation = room->conf.organisation, .now = clock_now_s(room->conf.clock),
	    .actor = q->v.user.name, .role = role_word(q->v.user.role) };
	struct prepare_report report = {0};
	struct store *store = NULL;
	struct err err = {0};
	struct buf file;
	enum err_code rc;

	buf_init(&file, PUB_MAX);
	if (until != NULL && until[0] != '\0' && !prepare_month(until, &how.until)) {
		rc = err_set(&err, ERR_INPUT, "\"%.20s\" is no month: write it as 2026-11", until);
	} else {
		rc = store_open(room->conf.store, false, &store, &err);
		if (rc == ERR_OK)
			rc = prepare_publication(q->facts, worker_library(room->conf.worker), store, &how, &file,
			    &report, &err);
	}
	if (rc == ERR_OK) {
		log_event("room", "prepared=%lld rows=%zu suppressed=%zu", (long long)report.no, report.rows,
		    report.suppressed);
		room_keep_prepared(room, &file, &report);
		http_see_other(q->out, "/");
	} else {
		trouble(q, "prepare", &err);
	}
	store_close(store);
	buf_free(&file);
}

static void
take_prepared(struct room_request *q)
{
	int64_t no;
	char name[128];

	if (!room_copy_prepared(q->room, &q->out->body, &no)) {
		people_message(&q->room->people, &q->v, 404, "Nothing is prepared", "Prepare a publication first.", "/",
		    "Go to the start", q->out);
		return;
	}
	q->out->type = "application/x-candour-publication";
	snprintf(name, sizeof(name), "attachment; filename=\"publication-%lld.pub\"", (long long)no);
	if (http_add(q->out, "Content-Disposition", name, NULL) != ERR_OK)
		http_plain(q->out, 503, "Out of memory.\n");
}

/* --- health, metrics, routes -------------------------------------------------------------------------- */

static void
metrics(struct room *room, struct http_response *out)
{
	struct room_state *s = room->state;
	const struct { const char *name, *type; int64_t value; } all[] = {
		{ "candour_records_opened_total", "counter", atomic_load(&s->opened) },
		{ "candour_records_quarantined", "gauge", atomic_load(&s->quarantined) },
		{ "candour_records_dummy_total", "counter", atomic_load(&s->dummies) },
		{ "candour_records_withdrawn_total", "counter", atomic_load(&s->withdrawn) },
		{ "candour_responses_unmapped_total", "counter", atomic_load(&s->unmapped) },
		{ "candour_worker_last_step_seconds", "gauge", atomic_load(&s->last_step_at) },
		{ "candour_worker_last_error_seconds", "gauge", atomic_load(&s->last_error_at) },
		{ "candour_nightly_last_seconds", "gauge", atomic_load(&s->nightly_at) },
		{ "candour_nightly_different_cells", "gauge", atomic_load(&s->nightly_different) },
		{ "candour_records_late_total", "counter", atomic_load(&s->late) },
		{ "candour_facts_erased", "gauge", atomic_load(&s->facts_erased) },
		{ "candour_fact_records_erased", "gauge", atomic_load(&s->records_erased) },
		{ "candour_facts_retention_last_round_seconds", "gauge", atomic_load(&s->retention_at) },
		{ "candour_facts_retention_failures_total", "counter", atomic_load(&s->retention_failures) },
	};

	out->type = "text/plain; version=0.0.4; charset=utf-8";
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_printf(&out->body, "# TYPE %s %s\n%s %lld\n", all[i].name, all[i].type, all[i].name,
		    (long long)all[i].value);
}

/* Nobody but signed-in people gets further than this. */
static bool
without_signing_in(struct room *room, const struct http_request *r, struct http_response *out)
{
	if (strcmp(r->path, "/healthz") == 0) {
		bool good = atomic_load(&room->state->nightly_different) == 0;

		http_plain(out, good ? 200 : 503, good ? "ok\n" : "nightly recompute differs\n");
		return true;
	}
	if (strcmp(r->path, "/metrics") == 0) {
		metrics(room, out);
		return true;
	}
	return people_handle(&room->people, r, out);
}

static void
retry(struct room_request *q)
{
	struct err err = {0};

	if (facts_audit(q->facts, clock_now_s(q->room->conf.clock), q->v.user.name, role_word(q->v.user.role), "retry_quarantine",
	    "quarantine", "", &err) != ERR_OK) {
		trouble(q, "audit", &err);
		return;
	}
	atomic_store(&q->room->state->retry, true);
	http_see_other(q->out, "/quarantine");
}

/* --- quotes -------------------------------------------------------------------------------------------- */

static struct room_reading
reading(struct room_request *q, const char *site)
{
	return (struct room_reading){ q->room, q->facts, q->arena, q->v.user.name, role_word(q->v.user.role), site, NULL };
}

static void
show_quote(struct room_request *q, const char *site, const char *record, const char *question, const char *text,
	const char *error)
{
	struct room_reading rd = reading(q, site);
	struct err err = {0};
	struct buf body;
	enum err_code rc;

	buf_init_secret(&body, 4 << 20);
	rc = room_quote(&rd, record, question, text, error, q->v.csrf, &body, &err);
	if (rc == ERR_OK) {
		show(q, "Propose a quote", &body);
		if (error[0] != '\0')
			q->out->status = 422;
	} else if (rc == ERR_ABSENT) {
		people_message(&q->room->people, &q->v, 404, "There is no such comment", "It may have been withdrawn.", "/",
		    "Go to the start", q->out);
	} else {
		trouble(q, "quote", &err);
	}
	buf_free(&body);
}

static void
show_quotes(struct room_request *q, const char *error, unsigned status)
{
	struct room_reading rd = reading(q, NULL);
	struct err err = {0};
	struct buf body;

	buf_init_secret(&body, 4 << 20);
	if (room_quotes(&rd, error, q->v.csrf, &body, &err) == ERR_OK) {
		show(q, "Quotes", &body);
		q->out->status = status;
	} else {
		trouble(q, "quotes", &err);
	}
	buf_free(&body);
}

static void
propose(struct room_request *q)
{
	const char *site = http_field(q->r, "site", 0, NULL), *record = http_field(q->r, "record", 0, NULL);
	const char *question = http_field(q->r, "question", 0, NULL), *text = http_field(q->r, "text", 0, NULL);
	struct room_reading rd = reading(q, site);
	struct err err = {0};
	enum err_code rc = room_quote_propose(&rd, record, question, text, &err);

	if (rc == ERR_OK || rc == ERR_EXISTS)
		http_see_other(q->out, "/quotes");
	else if (rc == ERR_DENIED)
		refuse(q);
	else if (rc == ERR_INPUT && site != NULL && record != NULL && question != NULL)
		show_quote(q, site, record, question, text == NULL ? "" : text, arena_printf(q->arena, "%s.", err.msg));
	else if (rc == ERR_ABSENT)
		people_message(&q->room->people, &q->v, 404, "There is no such comment", "It may have been withdrawn.", "/",
		    "Go to the start", q->out);
	else
		trouble(q, "propose", &err);
}

static void
decide(struct room_request *q)
{
	struct room_reading rd = reading(q, NULL);
	struct err err = {0};
	enum err_code rc = room_quote_decide(&rd, http_field(q->r, "id", 0, NULL), http_field(q->r, "what", 0, NULL), &err);

	if (rc == ERR_OK)
		http_see_other(q->out, "/quotes");
	else if (rc == ERR_DENIED || rc == ERR_INPUT || rc == ERR_ABSENT)
		show_quotes(q, arena_printf(q->arena, "%s.", err.msg), rc == ERR_DENIED ? 403 : rc == ERR_ABSENT ? 404 : 422);
	else
		trouble(q, "decide", &err);
}

/* True: it was about quotes. Who proposes may read comments; who releases need not. */
static bool
route_quotes(struct room_request *q, bool post)
{
	bool propose_page = strcmp(q->r->path, "/quote") == 0;
	bool reads = may(q, ROLE_ANALYST, ROLE_SAFEGUARDING);

	if (!propose_page && strcmp(q->r->path, "/quotes") != 0)
		return false;
	if (!reads && (propose_page || q->v.user.role != ROLE_COMMISSIONER))
		refuse(q);
	else if (propose_page && post)
		propose(q);
	else if (propose_page)
		show_quote(q, http_query(q->r, "site"), http_query(q->r, "record"), http_query(q->r, "question"), NULL, "");
	else if (post)
		decide(q);
	else
		show_quotes(q, "", 200);
	return true;
}

static void
route(struct room_request *q)
{
	bool post = strcmp(q->r->method, "POST") == 0;
	const char *path = q->r->path;

	if (may(q, ROLE_VIEWER, ROLE_VIEWER)) {
		refuse(q);
	} else if (post && !people_csrf(&q->room->people, q->r, &q->v, q->out)) {
		return;
	} else if (route_quotes(q, post)) {
		return;
	} else if (!post && strcmp(path, "/") == 0) {
		home(q);
	} else if (!post && strcmp(path, "/indicator") == 0) {
		if (may(q, ROLE_ANALYST, ROLE_COMMISSIONER))
			indicator(q);
		else
			refuse(q);
	} else if (!post && strcmp(path, "/quarantine") == 0) {
		quarantine(q);
	} else if (post && strcmp(path, "/quarantine") == 0) {
		if (may(q, ROLE_ANALYST, ROLE_ADMINISTRATOR)) {
			retry(q);
		} else {
			refuse(q);
		}
	} else if (post && strcmp(path, "/prepare") == 0) {
		if (may(q, ROLE_ANALYST, ROLE_ANALYST))
			prepare(q);
		else
			refuse(q);
	} else if (!post && strcmp(path, "/prepared") == 0) {
		if (may(q, ROLE_ANALYST, ROLE_COMMISSIONER))
			take_prepared(q);
		else
			refuse(q);
	} else if (!post && strcmp(path, "/comments") == 0) {
		if (may(q, ROLE_ANALYST, ROLE_SAFEGUARDING)) {
			struct room_reading reading = { q->room, q->facts, q->arena, q->v.user.name,
			    role_word(q->v.user.role), http_query(q->r, "site"), http_query(q->r, "skip") };
			struct err err = {0};
			struct buf body;

			buf_init_secret(&body, 4 << 20);
			if (room_comments(&reading, &body, &err) == ERR_OK)
				show(q, "Comments", &body);
			else
				trouble(q, "comments", &err);
			buf_free(&body);
		} else {
			refuse(q);
		}
	} else {
		people_message(&q->room->people, &q->v, 404, "There is no such page", "It may have moved.", "/",
		    "Go to the start", q->out);
	}
}

static void
handle(void *arg, const struct http_request *r, struct http_response *out)
{
	struct room *room = arg;
	struct room_request q = { .room = room, .r = r, .out = out, .arena = r->arena };
	struct err err = {0};

	if (without_signing_in(room, r, out))
		return;
	if (!people_visitor(&room->people, r, &q.v, out))
		return;
	if (facts_open(room->conf.facts, &q.facts, &err) != ERR_OK) {
		trouble(&q, "open_facts", &err);
		return;
	}
	route(&q);
	facts_close(q.facts);
}

/* --- starting ------------------------------------------------------------------------------------------ */

static bool
is_loopback(const char *listen)
{
	return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0
	    || strncmp(listen, "localhost:", 10) == 0;
}

enum err_code
room_start(const struct room_conf *conf, struct room_state *state, struct room **out, struct err *err)
{
	struct room *room = calloc(1, sizeof(*room));
	struct buf cert, key;
	bool tls = conf->cert != NULL && conf->cert[0] != '\0';
	enum err_code rc = ERR_OK;

	if (room == NULL)
		return err_nomem(err);
	buf_init(&cert, 1 << 20);
	buf_init_secret(&key, 1 << 20);
	room->conf = *conf;
	if (conf->clock == NULL)
		room->conf.clock = &clock_system;
	room->state = state;
	pthread_mutex_init(&room->lock, NULL);
	buf_init(&room->prepared, PUB_MAX);
	room->people = (struct people){ .clock = room->conf.clock, .cookie = "candour_room", .secure = tls,
	    .place = "Reading room", .organisation = conf->organisation, .is_room = true };
	people_init(&room->people);
	if (!tls && !is_loopback(conf->listen))
		rc = err_set(err, ERR_INPUT, "the reading room listens on %s without TLS: give cert and key, or an "
		    "address of 127.0.0.1", conf->listen);
	if (rc == ERR_OK)
		rc = users_open(conf->users, &room->people.users, err);
	if (rc == ERR_OK && tls)
		rc = file_read(conf->cert, &cert, err);
	if (rc == ERR_OK && tls)
		rc = file_read(conf->key, &key, err);
	if (rc == ERR_OK) {
		struct http_conf http = {
			.name = "room", .listen = conf->listen, .listen_fd = conf->listen_fd,
			.cert_pem = tls ? buf_str(&cert) : NULL, .key_pem = tls ? buf_str(&key) : NULL,
			.threads = 2, .body_max = BODY_MAX, .handle = handle, .arg = room,
		};

		rc = http_start(&http, &room->http, err);
	}
	buf_free(&cert);
	buf_free(&key);
	if (rc != ERR_OK) {
		room_stop(room);
		return rc;
	}
	*out = room;
	return ERR_OK;
}

uint16_t
room_port(const struct room *r)
{
	return http_port(r->http);
}

void
room_stop(struct room *r)
{
	if (r == NULL)
		return;
	http_stop(r->http);
	people_clear(&r->people);
	buf_free(&r->prepared);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
