/* Staff type in a sheet of paper, where paper_key_in allows it. The number on the sheet says which questions and which
 * language; what follows is an ordinary visit (flow.c) in which nothing is required, ending in the same sealing. The
 * record says mode paper_keyed, the number and the date on the sheet; not who typed. See staff.h. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "kiosk/paper.h"
#include "kiosk/staff.h"
#include "kiosk/templates.h"

enum { DAYS_BACK = 400 };

static void
show(struct kiosk *k, const struct http_request *r, const char *error, struct http_response *out)
{
	const struct words *w = staff_words(k);
	struct key_view view = { .error = error, .note = "" };

	staff_frame(k, &view.f, w->key_title, "key", w->key_begin, out->arena);
	if (error[0] != '\0')
		view.f.title = text_of(out->arena, "%s: %s", w->error, w->key_title);
	else if (k->staff.typed[0] != '\0')
		view.note = k->staff.was_kept ? text_fill(out->arena, w->key_kept, k->staff.typed, NULL) : w->key_gone;
	view.sheet = error[0] != '\0' ? field_text(r, "sheet") : "";
	view.day = error[0] != '\0' ? field_text(r, "d") : "";
	view.month = error[0] != '\0' ? field_text(r, "m") : "";
	view.year = error[0] != '\0' ? field_text(r, "y") : "";
	page_kiosk_staff_key(&out->body, &view);
}

/* The form and language of SHOWN among those that are asked here; never that of a concern, which goes by post. */
static const struct shelf *
find(struct kiosk *k, const char *shown, const struct words **language)
{
	for (size_t i = 0; i < k->catalog->n; i++) {
		const struct shelf *shelf = &k->catalog->shelf[i];

		for (size_t l = 0; l < k->n_languages && !shelf->is_visit && !shelf->is_concern; l++)
			if (sheet_is_of(shown, shelf, k->language[l]->code)) {
				*language = k->language[l];
				return shelf;
			}
	}
	return NULL;
}

/* "2026-11-22", or "" where all three fields are empty. False: no date, not yet, or too long ago. */
static bool
given_on(struct kiosk *k, const struct http_request *r, char text[12])
{
	enum clock_quality quality;
	int64_t d, m, y, day, today = keep_now(k, &quality) / STAFF_DAY_S;
	int y2, m2, d2;

	text[0] = '\0';
	if (field_text(r, "d")[0] == '\0' && field_text(r, "m")[0] == '\0' && field_text(r, "y")[0] == '\0')
		return true;
	if (!staff_number(r, "d", 1, 31, &d) || !staff_number(r, "m", 1, 12, &m) || !staff_number(r, "y", 2000, 2100, &y))
		return false;
	day = day_from_date((int)y, (int)m, (int)d);
	date_from_day(day, &y2, &m2, &d2);
	/* A day of grace: the site's midnight is not that of UTC. */
	if (d2 != d || m2 != m || day > today + 1 || day < today - DAYS_BACK)
		return false;
	snprintf(text, 12, "%04d-%02d-%02d", y2, m2, d2);
	return true;
}

static void
begin(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const struct words *w = staff_words(k), *language = NULL;
	char sheet[SHEET_SHOWN + 1], date[12], cookie[CODE_LEN + 1];
	const struct shelf *shelf = NULL;
	struct visit *v;
	enum err_code rc;
	struct err err;

	if (sheet_read(field_text(r, "sheet"), sheet))
		shelf = find(k, sheet, &language);
	if (shelf == NULL) {
		show(k, r, w->key_bad, out);
		return;
	}
	if (!given_on(k, r, date)) {
		show(k, r, w->key_date_bad, out);
		return;
	}
	if (!keep_can(k)) {
		show(k, r, k->is_full ? w->attract_full : w->unavailable_title, out);
		return;
	}
	rc = flow_begin_paper(k, shelf, sheet, date, language->code, lan, &v, &err);
	if (rc != ERR_OK) {
		if (rc != ERR_AGAIN)
			log_err("kiosk", "start", &err);
		show(k, r, rc == ERR_AGAIN ? w->attract_in_use : w->send_failed_title, out);
		return;
	}
	snprintf(k->staff.typed, sizeof(k->staff.typed), "%s", sheet);
	k->staff.was_kept = false;
	visit_code(v, cookie);
	http_see_other(out, "/s");
	guard_cookie(k, out, "v", cookie, lan);
	wipe(cookie, sizeof(cookie));
}

void
paper_key(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	if (strcmp(r->method, "POST") == 0 && strcmp(field_text(r, "go"), "key") == 0)
		begin(k, r, lan, out);
	else
		show(k, r, "", out);
}
