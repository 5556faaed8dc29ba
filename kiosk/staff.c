/* The staff area behind a PIN: the door, and how things stand. No page of it shows an answer. The PIN guards no
 * secret: a stolen disk gives it up in a day. See staff.h. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/num.h"
#include "kiosk/power.h"
#include "kiosk/staff.h"
#include "kiosk/templates.h"

enum { SESSION_MS = 600000, WAIT_MAX_S = 900, OLD_DAYS = 2, FACTS = 18, ENDS_DAYS = 60, BATTERY_LOW = 20 };

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

const struct words *
staff_words(const struct kiosk *k)
{
	return k->staff.words != NULL ? k->staff.words : k->language[0];
}

void
staff_frame(struct kiosk *k, struct frame *f, const char *title, const char *go, const char *label, struct arena *a)
{
	char *token = arena_alloc(a, 33);

	show_frame(k, staff_words(k), f, title);
	if (token != NULL) {
		hex_str(k->staff.token, sizeof(k->staff.token), token);
		f->token = token;
	}
	f->go = go;
	f->go_label = label;
}

const char *
staff_date(const struct words *w, int64_t day, struct arena *a)
{
	struct buf b;
	const char *text;

	buf_init(&b, 200);
	words_date(&b, w, day, DATE_DAY);
	text = arena_str(a, buf_str(&b));
	buf_free(&b);
	return text;
}

bool
staff_number(const struct http_request *r, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const char *text = field_text(r, name);

	text += strspn(text, " ");
	while (text[0] == '0' && text[1] != '\0')
		text++;
	return num_i64(text, strcspn(text, " "), min, max, out) && text[strcspn(text, " ")] == '\0';
}

static void
door(struct kiosk *k, const struct words *w, const char *error, struct http_response *out)
{
	struct field_view view = { .heading = w->staff_title, .label = w->staff_pin, .hint = w->staff_pin_hint,
	    .error = error, .name = "pin", .type = "password", .inputmode = "numeric", .value = "",
	    .action = text_of(out->arena, "/staff?l=%s", w->code), .back = text_of(out->arena, "/about?l=%s", w->code) };

	show_frame(k, w, &view.f, error[0] != '\0' ? text_of(out->arena, "%s: %s", w->error, w->staff_title)
	    : w->staff_title);
	view.f.has_script = view.f.has_keys = strcmp(k->conf->keyboard, "page") == 0;
	view.f.go = "in";
	view.f.go_label = w->staff_in;
	page_kiosk_field(&out->body, &view);
}

static const char *
number(struct arena *a, int64_t n)
{
	return text_of(a, "%lld", (long long)n);
}

static void
fact(struct staff_view *view, const char *name, const char *value, bool look)
{
	if (view->n_facts < FACTS)
		view->facts[view->n_facts++] = (struct fact_view){ .name = name, .value = value, .look = look };
	view->is_well = view->is_well && !look;
}

static const char *
when(struct kiosk *k, const struct words *w, struct arena *a, bool *known, const char **says)
{
	enum clock_quality quality;
	int64_t now = keep_now(k, &quality);
	time_t at = (time_t)now;
	struct tm here;

	*known = quality != CLOCK_UNKNOWN;
	localtime_r(&at, &here);
	*says = quality == CLOCK_SYNCED ? w->staff_clock_2 : quality == CLOCK_STAFF_SET ? w->staff_clock_1
	    : w->staff_clock_0;
	return text_of(a, "%s, %02d:%02d", staff_date(w, (now + here.tm_gmtoff) / STAFF_DAY_S, a), here.tm_hour,
	    here.tm_min);
}

/* The day on which the last active key of USE ends; 0: there is none. */
static int64_t
key_until(const struct keyring *ring, enum key_use use)
{
	const struct keyring_key *key;
	int64_t last = 0;

	for (size_t i = 0; (key = keyring_active(ring, use, i)) != NULL; i++)
		last = key->not_after > last ? key->not_after : last;
	return last;
}

/* What comes signed: keys that lock, and questions that could not be used. ONLY_MARKED: what needs somebody. */
static void
signed_facts(struct kiosk *k, const struct words *w, bool only_marked, struct staff_view *view, struct arena *a)
{
	const struct { enum key_use use; const char *name; } keys[] = { { KEY_RESPONSE, w->staff_keys_answers },
		{ KEY_ESCROW, w->staff_keys_escrow }, { KEY_CONCERN, w->staff_keys_concerns } };
	enum clock_quality quality;
	int64_t today = keep_now(k, &quality) / STAFF_DAY_S;

	if (k->ring == NULL)
		fact(view, w->staff_ring, w->staff_ring_none, true);
	else if (!only_marked)
		fact(view, w->staff_ring, text_fill(a, w->staff_ring_is, number(a, k->ring->serial),
		    staff_date(w, k->ring->made / STAFF_DAY_S, a)), false);
	for (size_t i = 0; k->ring != NULL && i < ARRAY_LEN(keys); i++) {
		int64_t until = key_until(k->ring, keys[i].use);

		if (!only_marked || until - today < ENDS_DAYS)
			fact(view, keys[i].name, staff_date(w, until, a), until - today < ENDS_DAYS);
	}
	if (k->forms_refused != 0)
		fact(view, w->staff_refused, text_fill(a, w->staff_refused_is, number(a, k->forms_refused), NULL), true);
}

/* The questions that are asked, their versions, and who signed them. */
static void
forms_in_force(struct kiosk *k, const struct words *w, struct staff_view *view, struct fact_view *forms, struct arena *a)
{
	char id[17];

	view->forms = forms;
	for (size_t i = 0; i < k->catalog->n; i++)
		forms[view->n_forms++] = (struct fact_view){ .name = shelf_title(&k->catalog->shelf[i], w->code),
		    .value = form_version(k->catalog->shelf[i].form) };
	hex_str(k->forms_signer, sizeof(k->forms_signer), id);
	view->signer = k->catalog->n == 0 ? "" : k->forms_serial == 0 ? w->staff_unsigned
	    : text_fill(a, w->staff_signed, number(a, k->forms_serial), arena_str(a, id));
}

static void
keys_page(struct kiosk *k, struct http_response *out)
{
	const struct words *w = staff_words(k);
	struct fact_view list[FACTS], forms[CATALOG_MAX];
	struct staff_view view = { .facts = list };

	staff_frame(k, &view.f, w->staff_keys, "", "", out->arena);
	signed_facts(k, w, false, &view, out->arena);
	forms_in_force(k, w, &view, forms, out->arena);
	page_kiosk_staff_signed(&out->body, &view);
}

/* In a care manager's words; what needs somebody is marked. */
static void
facts(struct kiosk *k, const struct words *w, const struct outbox_counts *counts, int64_t free_bytes,
    struct staff_view *view, struct arena *a)
{
	enum clock_quality quality;
	int64_t today = keep_now(k, &quality) / STAFF_DAY_S, low = k->conf->resume_mib << 20;
	bool known, late = counts->oldest_day >= 0 && today - counts->oldest_day >= OLD_DAYS;
	const char *says, *clock = when(k, w, a, &known, &says);
	struct power power;

	fact(view, w->staff_waiting, number(a, (int64_t)counts->waiting), false);
	if (counts->oldest_day >= 0)
		fact(view, w->staff_oldest, staff_date(w, counts->oldest_day, a), late);
	fact(view, w->staff_receipt, counts->receipt_day < 0 ? w->staff_never : staff_date(w, counts->receipt_day, a),
	    late);
	fact(view, w->staff_room, k->is_full ? w->staff_room_full : free_bytes < 4 * low
	    ? text_fill(a, w->staff_room_low, number(a, free_bytes >> 20), NULL) : w->staff_room_good,
	    k->is_full || free_bytes < 4 * low);
	fact(view, w->staff_clock, clock, false);
	fact(view, w->staff_clock_is, says, !known);
	if (k->lan_port != 0)
		fact(view, w->tablets_list, number(a, (int64_t)k->joining.n), false);
	if (k->lan_port != 0 && k->conf->lan_plain)
		fact(view, w->staff_plain, w->staff_plain_risk, true);
	if (join_cert_ends(k, today))
		fact(view, w->staff_cert, text_fill(a, w->staff_cert_until, staff_date(w, k->joining.cert_until / STAFF_DAY_S, a),
		    NULL), true);
	if (power_read(POWER_FOLDER, &power))
		fact(view, w->staff_battery, text_fill(a, power.is_charging ? w->staff_battery_in : w->staff_battery_out,
		    number(a, power.percent), NULL), !power.is_charging && power.percent < BATTERY_LOW);
	signed_facts(k, w, true, view, a);
	fact(view, w->staff_visits, number(a, k->visits.open), false);
	if (k->catalog->n == 0)
		fact(view, w->staff_forms, w->staff_none_forms, true);
}

static void
state(struct kiosk *k, struct http_response *out)
{
	const struct words *w = staff_words(k);
	struct outbox_counts counts = { .oldest_day = -1, .receipt_day = -1 };
	struct arena *a = out->arena;
	struct fact_view list[FACTS], forms[CATALOG_MAX];
	struct staff_view view = { .facts = list, .is_well = true, .has_key_in = k->conf->paper_key_in,
	    .has_tablets = k->conf->lan };
	struct outbox_space space = { .ballast_path = k->ballast, .ballast = k->conf->ballast_mib << 20,
	    .low = k->conf->low_mib << 20, .resume = k->conf->resume_mib << 20 };
	int64_t free_bytes = 0;
	struct err err;

	for (size_t i = 0; i < k->catalog->n; i++)
		view.has_group |= k->catalog->shelf[i].is_group;
	if (outbox_counts(k->ob, &counts, &err) != ERR_OK
	    || outbox_space(k->ob, &space, &k->is_full, &free_bytes, &err) != ERR_OK) {
		log_err("kiosk", "staff", &err);
		show_message(k, w, 503, w->unavailable_title, "", out);
		return;
	}
	staff_frame(k, &view.f, w->staff_title, "out", w->staff_out, a);
	facts(k, w, &counts, free_bytes, &view, a);
	view.note = view.is_well ? w->staff_well : w->staff_look;
	forms_in_force(k, w, &view, forms, a);
	page_kiosk_staff(&out->body, &view);
}

/* --- coming in, going out ------------------------------------------------------------------------------- */

bool
staff_is_in(struct kiosk *k, const struct http_request *r, bool lan)
{
	const char *code = guard_cookie_get(k, r, "staff", lan);
	uint8_t cookie[16];

	return k->staff.is_in && k->staff.is_lan == lan && clock_boot_ms(k->clock) < k->staff.until_ms && code != NULL
	    && hex_get(code, strlen(code), cookie, sizeof(cookie)) && seal_equal(cookie, k->staff.cookie, 16);
}

void
staff_end(struct kiosk *k)
{
	for (size_t i = 0; i < VISITS; i++)
		if (k->visits.list[i].is_open && k->visits.list[i].is_paper)
			visit_dismiss(&k->visits, &k->visits.list[i]);
	wipe(&k->staff, sizeof(k->staff));
}

void
staff_touch(struct kiosk *k)
{
	k->staff.until_ms = clock_boot_ms(k->clock) + SESSION_MS;
}

static void
leave(struct kiosk *k, bool lan, struct http_response *out)
{
	staff_end(k);
	http_see_other(out, "/");
	guard_cookie(k, out, "staff", NULL, lan);
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
		door(k, w, text_fill(out->arena, w->staff_wait, text_count(out->arena, w, &w->seconds, (uint64_t)wait_s(k, &tries)), NULL), out);
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
	if (rc == ERR_AGAIN) {
		door(k, w, w->staff_busy, out);
		return;
	}
	if (rc != ERR_OK) {
		if (rc == ERR_DENIED) {
			int64_t s;

			tries.n = tries.n < 20 ? tries.n + 1 : 20;
			s = 1LL << (tries.n - 1);
			s = s > WAIT_MAX_S ? WAIT_MAX_S : s;
			tries.until_ms = clock_boot_ms(k->clock) + s * 1000;
			tries_put(k, &tries);
			log_event("kiosk", "staff=refused tries=%u", tries.n);
		}
		door(k, w, text_fill(out->arena, w->staff_wrong, text_count(out->arena, w, &w->seconds, (uint64_t)wait_s(k, &tries)), NULL), out);
		return;
	}
	tries.n = 0;
	tries_put(k, &tries);
	staff_end(k);
	for (size_t i = 0; i < VISITS && !lan; i++)
		if (k->visits.list[i].is_open && !k->visits.list[i].is_tablet)
			visit_dismiss(&k->visits, &k->visits.list[i]);
	seal_random(k->staff.cookie, sizeof(k->staff.cookie));
	seal_random(k->staff.token, sizeof(k->staff.token));
	k->staff.is_in = true;
	k->staff.is_lan = lan;
	k->staff.words = w;
	k->staff.typed[0] = '\0';
	staff_touch(k);
	log_event("kiosk", "staff=in");
	hex_str(k->staff.cookie, sizeof(k->staff.cookie), code);
	http_see_other(out, "/staff");
	guard_cookie(k, out, "staff", code, lan);
	wipe(code, sizeof(code));
}

/* A POST of staff who are in. The token is of this session, or nothing happens. */
static bool
has_token(struct kiosk *k, const struct http_request *r)
{
	const char *token = field_text(r, "t");
	uint8_t given[16];

	return hex_get(token, strlen(token), given, sizeof(given)) && seal_equal(given, k->staff.token, 16);
}

static void
inside(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	const struct words *w = staff_words(k);
	bool post = strcmp(r->method, "POST") == 0;

	if (post && !has_token(k, r)) {
		k->refused++;
		show_message(k, w, 403, w->refused_title, w->refused_text, out);
		return;
	}
	staff_touch(k);
	if (strcmp(r->path, "/staff") == 0) {
		if (post && strcmp(field_text(r, "go"), "out") == 0)
			leave(k, lan, out);
		else
			state(k, out);
	} else if (strcmp(r->path, "/staff/setup") == 0) {
		staff_setup(k, r, out);
	} else if (strcmp(r->path, "/staff/signed") == 0) {
		keys_page(k, out);
	} else if (strcmp(r->path, "/staff/sound") == 0) {
		staff_sound(k, r, out);
	} else if (strcmp(r->path, "/staff/tablets") == 0) {
		join_staff(k, r, out);
	} else if (strcmp(r->path, "/staff/paper") == 0) {
		paper_print(k, r, out);
	} else if (strcmp(r->path, "/staff/key") == 0 && k->conf->paper_key_in) {
		paper_key(k, r, lan, out);
	} else {
		show_message(k, w, 404, w->not_found_title, w->not_found_text, out);
	}
}

bool
staff_handle(struct kiosk *k, const struct http_request *r, bool lan, struct http_response *out)
{
	bool post = strcmp(r->method, "POST") == 0;
	const struct words *w = show_words(k, http_query(r, "l"));
	struct err err;

	if (strncmp(r->path, "/staff", 6) != 0 || (r->path[6] != '\0' && r->path[6] != '/'))
		return false;
	if (http_add(out, "Refresh", "300; url=/", &err) != ERR_OK)
		log_err("kiosk", "page", &err);
	if (staff_is_in(k, r, lan))
		inside(k, r, lan, out);
	else if (strcmp(r->path, "/staff") != 0)
		http_see_other(out, "/staff");
	else if (post)
		enter(k, r, lan, w, out);
	else
		door(k, w, "", out);
	return true;
}
