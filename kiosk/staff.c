/* The staff area behind a PIN: what waits, what is in force, the clock, the size of the screen. No page of it shows
 * an answer. The PIN guards no secret: a stolen disk gives it up in a day. See inside.h. */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/num.h"
#include "kiosk/inside.h"
#include "kiosk/templates.h"

enum { SESSION_MS = 600000, WAIT_MAX_S = 900, PIN_MIN = 6, PIN_MAX = 12, DAY_S = 86400, MM_MIN = 200, MM_MAX = 3000 };

/* --- wrong tries: kept in site.db, so that pulling the plug does not forget them ---------------------- */

struct tries {
	unsigned n;
	int64_t until_ms;	/* boot time of that boot; a new boot waits anew */
};

static struct tries
tries_get(struct kiosk *k)
{
	struct tries t = { 0, 0 };
	uint8_t boot[16];
	struct buf b;
	struct err err;

	buf_init(&b, 64);
	if (outbox_meta(k->ob, "staff.tries", &b, &err) == ERR_OK && b.len == 28) {
		memcpy(boot, b.data, 16);
		t.n = be32(b.data + 16);
		t.until_ms = (int64_t)be64(b.data + 20);
		if (memcmp(boot, k->boot, 16) != 0)
			t.until_ms = clock_boot_ms(k->clock) < 60000 ? 60000 : 0;
	}
	buf_free(&b);
	return t;
}

static void
tries_put(struct kiosk *k, const struct tries *t)
{
	struct buf b;
	struct err err;

	buf_init(&b, 64);
	if (t->n > 0) {
		buf_put(&b, k->boot, 16);
		buf_u32(&b, t->n);
		buf_u64(&b, (uint64_t)t->until_ms);
	}
	if (outbox_meta_put(k->ob, "staff.tries", b.data, b.len, &err) != ERR_OK)
		log_err("kiosk", "staff", &err);
	buf_free(&b);
}

static int64_t
wait_s(struct kiosk *k, const struct tries *t)
{
	int64_t left = t->until_ms - clock_boot_ms(k->clock);

	return left <= 0 ? 0 : (left + 999) / 1000;
}

/* --- pages -------------------------------------------------------------------------------------------- */

static void
door(struct kiosk *k, const struct words *w, const char *error, struct http_response *out)
{
	struct field_view view = { .heading = w->staff_title, .label = w->staff_pin, .hint = w->staff_pin_hint,
	    .error = error, .name = "pin", .type = "password", .inputmode = "numeric", .value = "",
	    .action = "/staff", .back = "/about" };

	show_frame(k, w, &view.f, error[0] != '\0' ? text_of(out->arena, "%s: %s", w->error, w->staff_title)
	    : w->staff_title);
	view.f.go = "in";
	view.f.go_label = w->staff_in;
	page_kiosk_field(&out->body, &view);
}

static const char *
number(struct arena *a, int64_t n)
{
	return text_of(a, "%lld", (long long)n);
}

static const char *
date(struct kiosk *k, const struct words *w, int64_t day, struct arena *a)
{
	struct buf b;
	const char *text;

	(void)k;
	buf_init(&b, 200);
	words_date(&b, w, day);
	text = arena_str(a, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
state(struct kiosk *k, const struct words *w, const char *note, struct http_response *out)
{
	struct outbox_counts counts = { .oldest_day = -1, .receipt_day = -1 };
	struct arena *a = out->arena;
	struct fact_view facts[10], forms[CATALOG_MAX];
	struct staff_view view = { .facts = facts, .forms = forms, .note = note };
	struct outbox_space space = { .ballast_path = k->ballast, .ballast = k->conf->ballast_mib << 20,
	    .low = k->conf->low_mib << 20, .resume = k->conf->resume_mib << 20 };
	enum clock_quality quality;
	int64_t now = keep_now(k, &quality), free_bytes = 0;
	char *token = arena_alloc(a, 33);
	int y, m, d;
	struct err err;

	if (outbox_counts(k->ob, &counts, &err) != ERR_OK || token == NULL
	    || outbox_space(k->ob, &space, &k->is_full, &free_bytes, &err) != ERR_OK) {
		log_err("kiosk", "staff", &err);
		show_message(k, w, 503, w->unavailable_title, "", out);
		return;
	}
	hex_str(k->staff.token, sizeof(k->staff.token), token);
	show_frame(k, w, &view.f, w->staff_title);
	view.f.token = token;
	view.f.go = "out";
	view.f.go_label = w->staff_out;
	facts[view.n_facts++] = (struct fact_view){ w->staff_waiting, number(a, (int64_t)counts.waiting) };
	facts[view.n_facts++] = (struct fact_view){ w->staff_oldest,
	    counts.oldest_day < 0 ? "0" : number(a, (now / DAY_S - counts.oldest_day) * 24) };
	facts[view.n_facts++] = (struct fact_view){ w->staff_receipt,
	    counts.receipt_day < 0 ? w->staff_never : date(k, w, counts.receipt_day, a) };
	facts[view.n_facts++] = (struct fact_view){ w->staff_clock, text_of(a, "%s, %02d:%02d UTC, %s",
	    date(k, w, now / DAY_S, a), (int)(now % DAY_S / 3600), (int)(now % 3600 / 60),
	    quality == CLOCK_SYNCED ? w->staff_clock_2 : quality == CLOCK_STAFF_SET ? w->staff_clock_1
	    : w->staff_clock_0) };
	facts[view.n_facts++] = (struct fact_view){ w->staff_storage, number(a, free_bytes >> 20) };
	facts[view.n_facts++] = (struct fact_view){ w->staff_ring,
	    k->ring == NULL ? w->staff_none_forms : number(a, k->ring->serial) };
	facts[view.n_facts++] = (struct fact_view){ w->staff_visits, number(a, k->visits.open) };
	for (size_t i = 0; i < k->catalog->n; i++)
		forms[view.n_forms++] = (struct fact_view){ form_title(k->catalog->shelf[i].form),
		    text_fill(a, w->staff_version, form_version(k->catalog->shelf[i].form), NULL) };
	date_from_day(now / DAY_S, &y, &m, &d);
	view.day = number(a, d);
	view.month = number(a, m);
	view.year = number(a, y);
	view.hour = text_of(a, "%02d", (int)(now % DAY_S / 3600));
	view.minute = text_of(a, "%02d", (int)(now % 3600 / 60));
	page_kiosk_staff(&out->body, &view);
}

/* --- what they do --------------------------------------------------------------------------------------- */

bool
staff_is_in(struct kiosk *k, const struct http_request *r, bool lan)
{
	const char *code = guard_cookie_get(r, "staff", lan);
	uint8_t cookie[16];

	return k->staff.is_in && clock_boot_ms(k->clock) < k->staff.until_ms && code != NULL
	    && hex_get(code, strlen(code), cookie, sizeof(cookie)) && seal_equal(cookie, k->staff.cookie, 16);
}

static void
leave(struct kiosk *k, bool lan, struct http_response *out)
{
	wipe(&k->staff, sizeof(k->staff));
	http_see_other(out, "/");
	guard_cookie(out, "staff", NULL, lan);
}

/* Compare off the lock: it takes a tenth of a second and 64 MiB, one at a time. */
static enum err_code
compare(struct kiosk *k, const char *hash, const char *pin, struct err *err)
{
	enum err_code rc;

	if (k->is_pin_busy)
		return err_set(err, ERR_AGAIN, "another PIN is being compared");
	k->is_pin_busy = true;
	pthread_mutex_unlock(&k->lock);
	rc = seal_password_verify(hash, pin, strlen(pin), err);
	pthread_mutex_lock(&k->lock);
	k->is_pin_busy = false;
	return rc;
}

static void
enter(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, struct http_response *out)
{
	struct tries tries = tries_get(k);
	const char *pin = field_text(r, "pin");
	char code[33];
	enum err_code rc;
	struct buf hash;
	struct err err;

	if (wait_s(k, &tries) > 0) {
		door(k, w, text_fill(out->arena, w->staff_wait, number(out->arena, wait_s(k, &tries)), NULL), out);
		return;
	}
	buf_init_secret(&hash, SEAL_PASSWORD);
	rc = outbox_meta(k->ob, "staff.pin", &hash, &err);
	if (rc == ERR_OK)
		rc = compare(k, buf_str(&hash), pin, &err);
	buf_free(&hash);
	if (rc == ERR_ABSENT) {
		door(k, w, w->staff_none, out);
		return;
	}
	if (rc != ERR_OK) {
		if (rc == ERR_DENIED) {
			tries.n = tries.n < 20 ? tries.n + 1 : 20;
			int64_t s = 1LL << (tries.n - 1);

			s = s > WAIT_MAX_S ? WAIT_MAX_S : s;
			tries.until_ms = clock_boot_ms(k->clock) + s * 1000;
			tries_put(k, &tries);
			log_event("kiosk", "staff=refused tries=%u", tries.n);
		}
		door(k, w, text_fill(out->arena, w->staff_wrong, number(out->arena, wait_s(k, &tries)), NULL), out);
		return;
	}
	tries.n = 0;
	tries_put(k, &tries);
	for (size_t i = 0; i < VISITS && !lan; i++)
		if (k->visits.list[i].is_open && !k->visits.list[i].is_tablet)
			visit_end(&k->visits, &k->visits.list[i]);
	seal_random(k->staff.cookie, sizeof(k->staff.cookie));
	seal_random(k->staff.token, sizeof(k->staff.token));
	k->staff.is_in = true;
	k->staff.until_ms = clock_boot_ms(k->clock) + SESSION_MS;
	log_event("kiosk", "staff=in");
	hex_str(k->staff.cookie, sizeof(k->staff.cookie), code);
	http_see_other(out, "/staff");
	guard_cookie(out, "staff", code, lan);
	wipe(code, sizeof(code));
}

static bool
field_number(const struct http_request *r, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const char *text = field_text(r, name);

	while (text[0] == '0' && text[1] != '\0')
		text++;
	return num_i64(text, strlen(text), min, max, out);
}

/* The system's clock is never set: the difference is kept for this boot. */
static const char *
set_clock(struct kiosk *k, const struct http_request *r, const struct words *w)
{
	int64_t d, m, y, h, n, at;
	int y2, m2, d2;
	struct err err;

	if (!field_number(r, "d", 1, 31, &d) || !field_number(r, "m", 1, 12, &m)
	    || !field_number(r, "y", 2024, 2100, &y) || !field_number(r, "h", 0, 23, &h)
	    || !field_number(r, "n", 0, 59, &n))
		return w->err_date;
	at = day_from_date((int)y, (int)m, (int)d);
	date_from_day(at, &y2, &m2, &d2);
	if (d2 != d || m2 != m)
		return w->err_date;
	at = at * DAY_S + h * 3600 + n * 60;
	if (outbox_clock_put(k->ob, k->boot, at - clock_now_s(k->clock), CLOCK_STAFF_SET, &err) != ERR_OK) {
		log_err("kiosk", "clock", &err);
		return w->send_failed_title;
	}
	log_event("kiosk", "clock=staff_set offset_s=%lld", (long long)(at - clock_now_s(k->clock)));
	return w->staff_clock_done;
}

/* Half a per cent a press: 2 mm of a bank card are four presses. */
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

static void
press(struct kiosk *k, const struct http_request *r, bool lan, const struct words *w, struct http_response *out)
{
	const char *go = field_text(r, "go"), *token = field_text(r, "t"), *note = "";
	uint8_t given[16];

	if (!hex_get(token, strlen(token), given, sizeof(given)) || !seal_equal(given, k->staff.token, 16)) {
		show_message(k, w, 403, w->refused_title, w->refused_text, out);
		return;
	}
	k->staff.until_ms = clock_boot_ms(k->clock) + SESSION_MS;
	if (strcmp(go, "out") == 0) {
		leave(k, lan, out);
		return;
	}
	if (strcmp(go, "clock") == 0)
		note = set_clock(k, r, w);
	else if (strcmp(go, "bigger") == 0 || strcmp(go, "smaller") == 0)
		set_size(k, strcmp(go, "bigger") == 0 ? 1 : -1);
	state(k, w, note, out);
}

bool
staff_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const struct words *w = k->language[0];
	bool post = strcmp(r->method, "POST") == 0;
	struct err err;

	if (strcmp(r->path, "/staff") != 0)
		return false;
	if (http_add(out, "Refresh", "300; url=/", &err) != ERR_OK)
		log_err("kiosk", "page", &err);
	if (!staff_is_in(k, r, lan)) {
		if (post)
			enter(k, r, lan, w, out);
		else
			door(k, w, "", out);
	} else if (post) {
		press(k, r, lan, w, out);
	} else {
		state(k, w, "", out);
	}
	return true;
}
