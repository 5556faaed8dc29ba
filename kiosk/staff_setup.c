/* The clock of the kiosk and the size of its screen, set by staff. See staff.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/num.h"
#include "kiosk/staff.h"
#include "kiosk/templates.h"

enum { MM_MIN = 200, MM_MAX = 3000 };

static void
show(struct kiosk *k, const char *note, struct http_response *out)
{
	const struct words *w = staff_words(k);
	struct setup_view view = { .note = note };
	enum clock_quality quality;
	time_t now = (time_t)keep_now(k, &quality);
	struct arena *a = out->arena;
	struct tm here;

	localtime_r(&now, &here);
	staff_frame(k, &view.f, w->staff_setup, "", "", a);
	view.day = text_of(a, "%d", here.tm_mday);
	view.month = text_of(a, "%d", here.tm_mon + 1);
	view.year = text_of(a, "%d", here.tm_year + 1900);
	view.hour = text_of(a, "%02d", here.tm_hour);
	view.minute = text_of(a, "%02d", here.tm_min);
	page_kiosk_staff_setup(&out->body, &view);
}

/* The system's clock is never set: the difference is kept for this boot. Staff write what their watch says, in the
 * machine's time zone. */
static const char *
set_clock(struct kiosk *k, const struct http_request *r, const struct words *w)
{
	int64_t d, m, y, h, n, at;
	struct tm here;
	struct err err;

	if (!staff_number(r, "d", 1, 31, &d) || !staff_number(r, "m", 1, 12, &m)
	    || !staff_number(r, "y", 2024, 2100, &y) || !staff_number(r, "h", 0, 23, &h)
	    || !staff_number(r, "n", 0, 59, &n))
		return w->err_date;
	here = (struct tm){ .tm_mday = (int)d, .tm_mon = (int)m - 1, .tm_year = (int)y - 1900, .tm_hour = (int)h,
	    .tm_min = (int)n, .tm_isdst = -1 };
	at = (int64_t)mktime(&here);
	if (here.tm_mday != (int)d || here.tm_mon != (int)m - 1)
		return w->err_date;
	if (outbox_clock_put(k->ob, k->boot, at - clock_boot_ms(k->clock) / 1000, CLOCK_STAFF_SET, &err) != ERR_OK) {
		log_err("kiosk", "clock", &err);
		return w->send_failed_title;
	}
	k->offset = keep_clock(k);
	log_event("kiosk", "clock=staff_set offset_s=%lld", (long long)(at - clock_now_s(k->clock)));
	return w->staff_clock_done;
}

/* One per cent a press: 2 mm of a bank card are two or three presses. */
static void
set_size(struct kiosk *k, int by)
{
	int64_t mm;
	struct err err;

	if (!num_i64(k->mm_text, strlen(k->mm_text), MM_MIN, MM_MAX, &mm))
		mm = k->conf->mm_px;
	mm += by * (mm / 100);
	if (mm < MM_MIN || mm > MM_MAX)
		return;
	snprintf(k->mm_text, sizeof(k->mm_text), "%lld", (long long)mm);
	if (outbox_meta_put(k->ob, "kiosk.mm", k->mm_text, strlen(k->mm_text), &err) != ERR_OK)
		log_err("kiosk", "mm", &err);
}

void
staff_setup(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const char *go = strcmp(r->method, "POST") == 0 ? field_text(r, "go") : "", *note = "";

	if (strcmp(go, "clock") == 0)
		note = set_clock(k, r, staff_words(k));
	else if (strcmp(go, "bigger") == 0 || strcmp(go, "smaller") == 0)
		set_size(k, strcmp(go, "bigger") == 0 ? 1 : -1);
	show(k, note, out);
}
