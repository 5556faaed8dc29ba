/* Letting tablets in, and which there are. See join.h. */
#include "kiosk/join.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/x509.h>

#include "base/codec.h"
#include "base/log.h"
#include "base/num.h"
#include "collector/chain.h"
#include "collector/words.h"
#include "kiosk/receipt.h"
#include "kiosk/staff.h"
#include "kiosk/templates.h"

enum { CODE_MS = 600000, TRIES_MAX = 20, ENTRY = 28, COOKIE_S = 400 * 86400, CERT_DAYS = 60, FINGER_WORDS = 6, WIFI_MAX = 400 };

static const char meta_key[] = "lan.tablets";

/* --- kept ------------------------------------------------------------------------------------------------- */

void
join_load(struct kiosk *k)
{
	struct buf b;
	struct err err;

	buf_init(&b, 64 << 10);
	if (outbox_meta(k->ob, meta_key, &b, &err) == ERR_OK)
		for (size_t at = 0; at + ENTRY <= b.len && k->joining.n < TABLETS_MAX; at += ENTRY) {
			struct tablet *t = &k->joining.tablet[k->joining.n++];

			memcpy(t->hash, b.data + at, 16);
			t->number = be32(b.data + at + 16);
			t->joined = (int32_t)be32(b.data + at + 20);
			t->seen = (int32_t)be32(b.data + at + 24);
		}
	buf_free(&b);
}

static enum err_code
save(struct kiosk *k, struct err *err)
{
	enum err_code rc;
	struct buf b;

	buf_init(&b, 64 << 10);
	for (size_t i = 0; i < k->joining.n; i++) {
		const struct tablet *t = &k->joining.tablet[i];

		buf_put(&b, t->hash, 16);
		buf_u32(&b, t->number);
		buf_u32(&b, (uint32_t)t->joined);
		buf_u32(&b, (uint32_t)t->seen);
	}
	rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(k->ob, meta_key, b.data, b.len, err);
	buf_free(&b);
	return rc;
}

void
join_certificate(struct kiosk *k, const char *pem)
{
	gnutls_datum_t d = { (unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem) };
	gnutls_x509_crt_t crt = NULL;
	uint16_t words[FINGER_WORDS];
	uint8_t sha256[32];
	size_t n = sizeof(sha256), bit = 0;
	struct buf b;

	if (gnutls_x509_crt_init(&crt) != 0)
		return;
	if (gnutls_x509_crt_import(crt, &d, GNUTLS_X509_FMT_PEM) == 0
	    && gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, sha256, &n) == 0) {
		k->joining.cert_until = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
		for (size_t i = 0; i < FINGER_WORDS; i++) {
			words[i] = 0;
			for (size_t j = 0; j < 11; j++, bit++)
				words[i] = (uint16_t)(words[i] << 1 | (sha256[bit / 8] >> (7 - bit % 8) & 1));
		}
		buf_init(&b, 200);
		words_put(WORDS_EN, words, FINGER_WORDS, &b);
		snprintf(k->joining.cert_words, sizeof(k->joining.cert_words), "%s", buf_str(&b));
		buf_free(&b);
	}
	gnutls_x509_crt_deinit(crt);
}

bool
join_cert_ends(const struct kiosk *k, int64_t today)
{
	return k->joining.cert_until != 0 && k->joining.cert_until / STAFF_DAY_S - today < CERT_DAYS;
}

/* --- at the gate ------------------------------------------------------------------------------------------- */

static void
hash_of(const uint8_t cookie[16], uint8_t hash[16])
{
	struct chain_state state;
	struct chain_hash h;

	chain_begin(&state, "tablet");
	chain_add(&state, cookie, 16);
	chain_end(&state, &h);
	memcpy(hash, h.bytes, 16);
}

bool
join_has(struct kiosk *k, const struct http_request *r)
{
	const char *text = guard_cookie_get(k, r, "screen", true);
	uint8_t cookie[16], hash[16];
	struct tablet *found = NULL;
	enum clock_quality quality;
	int32_t today;

	if (text == NULL || !hex_get(text, strlen(text), cookie, sizeof(cookie)))
		return false;
	hash_of(cookie, hash);
	for (size_t i = 0; i < k->joining.n; i++)
		if (seal_equal(k->joining.tablet[i].hash, hash, sizeof(hash)))
			found = &k->joining.tablet[i];
	if (found == NULL)
		return false;
	today = (int32_t)(keep_now(k, &quality) / STAFF_DAY_S);
	if (found->seen != today) {
		/* A hundred of them come in the morning: kept once for all, by join_tick. */
		found->seen = today;
		k->joining.is_due = true;
	}
	return true;
}

void
join_tick(struct kiosk *k)
{
	struct err err;

	if (!k->joining.is_due)
		return;
	k->joining.is_due = false;
	if (save(k, &err) != ERR_OK)
		log_err("kiosk", "tablet", &err);
}

static void
code_end(struct kiosk *k)
{
	wipe(k->joining.code, sizeof(k->joining.code));
	k->joining.until_ms = 0;
	k->joining.tries = 0;
}

static bool
code_is_open(struct kiosk *k)
{
	if (k->joining.code[0] != '\0' && clock_boot_ms(k->clock) >= k->joining.until_ms)
		code_end(k);
	return k->joining.code[0] != '\0';
}

/* As people write it: either case, blanks and dashes, O for 0. */
static bool
code_is(struct kiosk *k, const char *text)
{
	uint8_t given[5], want[5];

	return strlen(text) < 40 && base32_get(text, strlen(text), given, sizeof(given))
	    && base32_get(k->joining.code, JOIN_CODE, want, sizeof(want)) && seal_equal(given, want, sizeof(given));
}

static void
door(struct kiosk *k, const struct words *w, const char *value, const char *error, struct http_response *out)
{
	struct field_view view = { .heading = w->join_title, .label = w->join_label, .hint = w->join_hint, .error = error,
	    .name = "c", .type = "text", .inputmode = "text", .value = value,
	    .action = text_of(out->arena, "/join?l=%s", w->code), .back = "/" };

	show_frame(k, w, &view.f, error[0] != '\0' ? text_of(out->arena, "%s: %s", w->error, w->join_title)
	    : w->join_title);
	view.f.go = "join";
	view.f.go_label = w->join_do;
	page_kiosk_field(&out->body, &view);
}

static uint32_t
free_number(const struct kiosk *k)
{
	for (uint32_t n = 1;; n++) {
		bool taken = false;

		for (size_t i = 0; i < k->joining.n; i++)
			taken |= k->joining.tablet[i].number == n;
		if (!taken)
			return n;
	}
}

static void
let_in(struct kiosk *k, const struct words *w, struct http_response *out)
{
	struct tablet *t = &k->joining.tablet[k->joining.n];
	uint8_t cookie[16];
	char text[33];
	enum clock_quality quality;
	struct err err;

	if (k->joining.n == TABLETS_MAX) {
		door(k, w, "", w->tablets_full, out);
		return;
	}
	seal_random(cookie, sizeof(cookie));
	hash_of(cookie, t->hash);
	t->number = free_number(k);
	t->joined = t->seen = (int32_t)(keep_now(k, &quality) / STAFF_DAY_S);
	k->joining.n++;
	code_end(k);
	if (save(k, &err) != ERR_OK) {
		log_err("kiosk", "tablet", &err);
		k->joining.n--;
		door(k, w, "", w->send_failed_title, out);
		return;
	}
	log_event("kiosk", "tablet=joined number=%u", t->number);
	hex_str(cookie, sizeof(cookie), text);
	http_see_other(out, "/");
	guard_cookie_for(k, out, "screen", text, true, COOKIE_S);
	wipe(text, sizeof(text));
	wipe(cookie, sizeof(cookie));
}

void
join_handle(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const struct words *w = show_words(k, http_query(r, "l"));
	const char *code = http_query(r, "c");

	if (join_has(k, r)) {
		http_see_other(out, "/");
		return;
	}
	if (strcmp(r->method, "POST") != 0) {
		/* The code stands in the field; it is used up by pressing Join, not by a camera that looks ahead. */
		door(k, w, code != NULL && strlen(code) <= 16 ? code : "", "", out);
		return;
	}
	if (code_is_open(k) && code_is(k, field_text(r, "c"))) {
		let_in(k, w, out);
		return;
	}
	if (code_is_open(k) && ++k->joining.tries >= TRIES_MAX)
		code_end(k);
	log_event("kiosk", "tablet=refused");
	door(k, w, "", w->join_wrong, out);
}

/* --- for staff --------------------------------------------------------------------------------------------- */

static void
new_code(struct kiosk *k)
{
	uint8_t random[5];
	struct buf b;

	seal_random(random, sizeof(random));
	buf_init_secret(&b, 64);
	base32_put(&b, random, sizeof(random));
	snprintf(k->joining.code, sizeof(k->joining.code), "%s", buf_str(&b));
	buf_free(&b);
	wipe(random, sizeof(random));
	k->joining.until_ms = clock_boot_ms(k->clock) + CODE_MS;
	k->joining.tries = 0;
}

static void
take_out(struct kiosk *k, int64_t number)
{
	struct joining *j = &k->joining;
	struct err err;

	for (size_t i = 0; i < j->n; i++)
		if (j->tablet[i].number == (uint32_t)number) {
			memmove(&j->tablet[i], &j->tablet[i + 1], (j->n - i - 1) * sizeof(j->tablet[0]));
			j->n--;
			if (save(k, &err) != ERR_OK)
				log_err("kiosk", "tablet", &err);
			log_event("kiosk", "tablet=removed number=%lld", (long long)number);
			return;
		}
}

static const char *
address(struct kiosk *k, struct arena *a)
{
	const char *scheme = k->conf->lan_plain ? "http" : "https";

	return k->lan_port == (k->conf->lan_plain ? 80 : 443) ? text_of(a, "%s://%s", scheme, k->conf->lan_name)
	    : text_of(a, "%s://%s:%u", scheme, k->conf->lan_name, k->lan_port);
}

static void
put_escaped(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\;,:\"", *text) != NULL)
			buf_puts(out, "\\");
		buf_put(out, text, 1);
	}
}

void
join_wifi(const struct kiosk_conf *conf, struct buf *out)
{
	if (conf->wifi_name[0] == '\0')
		return;
	buf_puts(out, conf->wifi_key[0] == '\0' ? "WIFI:T:nopass;S:" : "WIFI:T:WPA;S:");
	put_escaped(out, conf->wifi_name);
	if (conf->wifi_key[0] != '\0') {
		buf_puts(out, ";P:");
		put_escaped(out, conf->wifi_key);
	}
	buf_puts(out, ";;");
}

static void
show_wifi(struct kiosk *k, struct tablets_view *view, struct arena *a)
{
	struct buf text;

	buf_init_secret(&text, WIFI_MAX);
	join_wifi(k->conf, &text);
	if (text.len > 0 && text.failed == ERR_OK) {
		view->wifi = k->conf->wifi_name;
		view->wifi_path = receipt_qr(buf_str(&text), a, &view->wifi_size);
	}
	buf_free(&text);
}

bool
join_invite(struct kiosk *k, struct tablets_view *view, struct arena *a)
{
	if (k->lan_port == 0 || k->conf->lan_join)
		return false;
	view->wifi = view->wifi_path = "";
	view->address = address(k, a);
	view->qr_path = receipt_qr(view->address, a, &view->qr_size);
	show_wifi(k, view, a);
	return true;
}

static void
show(struct kiosk *k, struct http_response *out)
{
	const struct words *w = staff_words(k);
	struct arena *a = out->arena;
	struct tablets_view view = { .note = "", .code = "", .address = "", .qr_path = "", .wifi = "", .wifi_path = "" };

	staff_frame(k, &view.f, w->tablets_title, k->lan_port != 0 ? "join" : "", k->lan_port != 0 ? w->tablets_new : "", a);
	if (k->lan_port == 0)
		view.note = w->tablets_off;
	else if (k->joining.n == TABLETS_MAX)
		view.note = w->tablets_full;
	if (k->lan_port != 0 && code_is_open(k)) {
		view.code = text_of(a, "%.4s %.4s", k->joining.code, k->joining.code + 4);
		view.address = text_of(a, "%s/join", address(k, a));
		view.qr_path = receipt_qr(text_of(a, "%s/join?c=%s", address(k, a), k->joining.code), a, &view.qr_size);
		show_wifi(k, &view, a);
	}
	if (k->joining.cert_words[0] != '\0')
		view.finger = text_fill(a, w->tablets_words, k->joining.cert_words, NULL);
	else
		view.finger = "";
	view.tablets = arena_calloc(a, k->joining.n + 1, sizeof(*view.tablets));
	for (size_t i = 0; view.tablets != NULL && i < k->joining.n; i++) {
		const struct tablet *t = &k->joining.tablet[i];

		view.tablets[view.n_tablets++] = (struct tablet_view){
		    .name = text_fill(a, w->tablets_one, text_of(a, "%u", t->number), NULL),
		    .since = text_fill(a, w->tablets_since, staff_date(w, t->joined, a), staff_date(w, t->seen, a)),
		    .go = text_of(a, "remove-%u", t->number) };
	}
	page_kiosk_staff_tablets(&out->body, &view);
}

void
join_staff(struct kiosk *k, const struct http_request *r, struct http_response *out)
{
	const char *go = strcmp(r->method, "POST") == 0 ? field_text(r, "go") : "";
	int64_t number;

	if (strcmp(go, "join") == 0 && k->lan_port != 0 && k->joining.n < TABLETS_MAX)
		new_code(k);
	else if (strncmp(go, "remove-", 7) == 0 && num_i64(go + 7, strlen(go + 7), 1, UINT32_MAX, &number))
		take_out(k, number);
	show(k, out);
}
