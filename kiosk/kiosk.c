/* The kiosk as a whole: what it opens, what it does by the clock. See kiosk.h. */
#include "kiosk/kiosk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "base/program.h"
#include "kiosk/bundle.h"
#include "kiosk/embed.h"
#include "kiosk/inside.h"
#include "kiosk/sent.h"

enum { FONT_MAX = 4 << 20, BUNDLE_MAX_LEN = (8 << 20) + 144, DAY_S = 86400 };

/* --- ring and forms ---------------------------------------------------------------------------------- */

static void
load_ring(struct kiosk *k)
{
	struct keyring *ring = NULL;
	struct buf text;
	struct err err;
	uint32_t serial;
	enum err_code rc;

	/* A box that is not enrolled yet has no pin: its pages say that this screen is not available. */
	if (!k->has_pin) {
		rc = keyring_pin_read(k->conf->pin, &k->pin, &err);
		k->has_pin = rc == ERR_OK;
		if (!k->has_pin) {
			log_err("kiosk", "pin", &err);
			return;
		}
	}
	buf_init(&text, KEYRING_MAX);
	rc = outbox_ring(k->ob, &serial, &text, &err);
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&text), text.len, &k->pin, &ring, &err);
	if (rc == ERR_OK) {
		uint32_t before = k->pin.ring_serial;

		keyring_pin_take(&k->pin, ring, buf_str(&text), text.len);
		if (k->pin.ring_serial != before && keyring_pin_write(k->conf->pin, &k->pin, &err) != ERR_OK)
			log_err("kiosk", "pin", &err);
		keyring_free(k->ring);
		k->ring = ring;
		if (before != serial)
			log_event("kiosk", "ring=%u keys=%zu", serial, ring->n);
	} else if (rc != ERR_ABSENT) {
		/* The ring that is in use stays. */
		log_err("kiosk", "ring", &err);
	}
	buf_free(&text);
}

/* Verify and load one forms bundle. */
static enum err_code
load_bundle(struct kiosk *k, const struct buf *b, const uint8_t target[16], struct catalog **out, struct err *err)
{
	const uint8_t *payload;
	uint32_t serial = 0;
	enum err_code rc;
	size_t n;

	rc = bundle_check(b->data, b->len, 1, target, k->ring, &serial, &payload, &n, err);
	if (rc == ERR_OK && serial < k->pin.bundle_serial[1])
		rc = err_set(err, ERR_DENIED, "forms bundle %u is older than %u, which was in use", serial,
		    k->pin.bundle_serial[1]);
	if (rc == ERR_OK)
		rc = catalog_payload(payload, n, k->media_folder, out, err);
	if (rc == ERR_OK) {
		k->forms_serial = serial;
		bundle_signer(b->data, k->forms_signer);
	}
	if (rc == ERR_OK && serial != k->pin.bundle_serial[1]) {
		struct err why;

		k->pin.bundle_serial[1] = serial;
		if (keyring_pin_write(k->conf->pin, &k->pin, &why) != ERR_OK)
			log_err("kiosk", "pin", &why);
		log_event("kiosk", "forms=%zu bundle=%u", (*out)->n, serial);
	}
	return rc;
}

/* What it could not load, for sync to report; 0: nothing. Said once. */
static void
tell_refused(struct kiosk *k, uint32_t serial)
{
	uint8_t bytes[4];
	struct err err;

	if (serial == k->forms_refused && k->has_told_refused)
		return;
	put_be32(bytes, serial);
	if (outbox_meta_put(k->ob, "kiosk.refused", bytes, sizeof(bytes), &err) != ERR_OK)
		log_err("kiosk", "refused", &err);
	k->forms_refused = serial;
	k->has_told_refused = true;
}

/* An order of the centre that takes this box out of service, signed for it alone. It stands: such a box comes back by
 * enrolling anew, as another device. */
static void
load_order(struct kiosk *k)
{
	const uint8_t *payload;
	uint32_t serial;
	struct buf bytes;
	struct err err;
	enum err_code rc;
	size_t n;

	if (k->is_revoked || k->ring == NULL)
		return;
	buf_init(&bytes, BUNDLE_MAX_LEN);
	rc = outbox_bundle(k->ob, 4, k->device, &serial, &bytes, &err);
	if (rc == ERR_OK)
		rc = bundle_check(bytes.data, bytes.len, 4, k->device, k->ring, &serial, &payload, &n, &err);
	k->is_revoked = rc == ERR_OK;
	if (k->is_revoked)
		log_event("kiosk", "alarm=revoked serial=%u", serial);
	else if (rc != ERR_ABSENT)
		log_err("kiosk", "order", &err);
	buf_free(&bytes);
}

/* SERIAL could not be loaded, as ERR says: the one before it for the same target stays in force, after a restart too. */
static enum err_code
load_previous(struct kiosk *k, uint32_t serial, const uint8_t target[16], struct catalog **out, uint32_t *refused,
    struct err *err)
{
	struct buf bytes;
	enum err_code rc;

	if (k->forms_refused != serial)
		log_err("kiosk", "bundle", err);
	if (serial > *refused)
		*refused = serial;
	buf_init(&bytes, BUNDLE_MAX_LEN);
	rc = outbox_bundle_previous(k->ob, 1, target, &bytes, err);
	if (rc == ERR_OK)
		rc = load_bundle(k, &bytes, target, out, err);
	buf_free(&bytes);
	return rc;
}

/* The newest bundle for this device, its site or everybody, else the folder. What cannot be loaded falls back to
 * what is in force. */
static void
load_forms(struct kiosk *k)
{
	struct catalog *c = NULL;
	uint8_t target[3][16] = { { 0 } };
	enum err_code rc = ERR_ABSENT;
	uint32_t serial, refused = 0;
	struct buf bytes;
	struct err err = { .code = ERR_OK };

	memcpy(target[0], k->device, 16);
	buf_init(&bytes, BUNDLE_MAX_LEN);
	if (outbox_meta(k->ob, "site.target", &bytes, &err) == ERR_OK && bytes.len == 16)
		memcpy(target[1], bytes.data, 16);
	for (size_t i = 0; i < 3 && c == NULL && k->ring != NULL; i++) {
		buf_reset(&bytes);
		rc = outbox_bundle(k->ob, 1, target[i], &serial, &bytes, &err);
		if (rc == ERR_OK) {
			rc = load_bundle(k, &bytes, target[i], &c, &err);
			if (rc != ERR_OK)
				rc = load_previous(k, serial, target[i], &c, &refused, &err);
		}
		if (rc != ERR_OK && rc != ERR_ABSENT)
			log_err("kiosk", "bundle", &err);
	}
	buf_free(&bytes);
	tell_refused(k, refused);
	if (c == NULL && k->conf->forms[0] != '\0' && (k->catalog == NULL || k->catalog->n == 0)) {
		if (catalog_folder(k->conf->forms, k->media_folder, &c, &err) != ERR_OK)
			log_err("kiosk", "forms", &err);
		else
			log_event("kiosk", "forms=%zu folder=%s", c->n, k->conf->forms);
		k->forms_serial = 0;
	}
	if (c == NULL)
		return;
	catalog_free(k->catalog);
	k->catalog = c;
	media_clean(&c->media);
}

/* Notices for this device, its site or everybody; what does not read leaves what is shown. */
static void
load_notices(struct kiosk *k)
{
	uint8_t target[3][16] = { { 0 } };
	struct notices *fresh = NULL;
	struct buf bytes;
	struct err err;

	memcpy(target[0], k->device, 16);
	buf_init(&bytes, BUNDLE_MAX_LEN);
	if (outbox_meta(k->ob, "site.target", &bytes, &err) == ERR_OK && bytes.len == 16)
		memcpy(target[1], bytes.data, 16);
	for (size_t i = 0; i < 3 && fresh == NULL && k->ring != NULL; i++) {
		const uint8_t *payload;
		uint32_t serial;
		enum err_code rc;
		size_t n;

		buf_reset(&bytes);
		rc = outbox_bundle(k->ob, 3, target[i], &serial, &bytes, &err);
		if (rc == ERR_OK)
			rc = bundle_check(bytes.data, bytes.len, 3, target[i], k->ring, &serial, &payload, &n,
			    &err);
		if (rc == ERR_OK && serial < k->pin.bundle_serial[3])
			rc = err_set(&err, ERR_DENIED, "notices bundle %u is older than %u", serial, k->pin.bundle_serial[3]);
		if (rc == ERR_OK)
			rc = notices_read(payload, n, k->language[0]->code, k->notices_folder, &fresh, &err);
		if (rc == ERR_OK && serial != k->pin.bundle_serial[3]) {
			k->pin.bundle_serial[3] = serial;
			if (keyring_pin_write(k->conf->pin, &k->pin, &err) != ERR_OK)
				log_err("kiosk", "pin", &err);
			log_event("kiosk", "notices=%zu bundle=%u", fresh->n, serial);
		} else if (rc != ERR_OK && rc != ERR_ABSENT) {
			log_err("kiosk", "notices", &err);
		}
	}
	buf_free(&bytes);
	if (fresh == NULL)
		return;
	notices_free(k->notices);
	k->notices = fresh;
	media_clean(&fresh->media);
}

/* "Name: number; Name: number" */
static enum err_code
load_numbers(struct kiosk *k, struct err *err)
{
	char *s = strdup(k->conf->numbers);

	if (s == NULL)
		return err_nomem(err);
	free(k->number_text);
	k->number_text = s;
	k->n_numbers = 0;
	while (s != NULL && *s != '\0' && k->n_numbers < ARRAY_LEN(k->numbers)) {
		char *next = strchr(s, ';'), *colon;

		if (next != NULL)
			*next++ = '\0';
		colon = strchr(s, ':');
		if (colon == NULL)
			return err_set(err, ERR_INPUT, "numbers: expected Name: number; Name: number");
		*colon = '\0';
		s += strspn(s, " ");
		k->numbers[k->n_numbers++] = (struct number_view){ .name = s,
		    .number = colon + 1 + strspn(colon + 1, " ") };
		s = next;
	}
	return ERR_OK;
}

/* Settings for this device, its site or everybody, over those of kiosk.conf; what does not read leaves what holds. */
static void
load_settings(struct kiosk *k)
{
	uint8_t target[3][16] = { { 0 } };
	struct sent *fresh = NULL;
	uint32_t serial = 0;
	struct buf bytes;
	struct err err;

	memcpy(target[0], k->device, 16);
	buf_init(&bytes, BUNDLE_MAX_LEN);
	if (outbox_meta(k->ob, "site.target", &bytes, &err) == ERR_OK && bytes.len == 16)
		memcpy(target[1], bytes.data, 16);
	for (size_t i = 0; i < 3 && fresh == NULL && k->ring != NULL; i++) {
		const uint8_t *payload;
		enum err_code rc;
		size_t n;

		buf_reset(&bytes);
		rc = outbox_bundle(k->ob, 2, target[i], &serial, &bytes, &err);
		if (rc == ERR_OK)
			rc = bundle_check(bytes.data, bytes.len, 2, target[i], k->ring, &serial, &payload, &n, &err);
		if (rc == ERR_OK && serial < k->pin.bundle_serial[2])
			rc = err_set(&err, ERR_DENIED, "settings bundle %u is older than %u", serial, k->pin.bundle_serial[2]);
		if (rc == ERR_OK)
			rc = sent_read(payload, n, k->given, &fresh, &err);
		if (rc != ERR_OK && rc != ERR_ABSENT)
			log_err("kiosk", "settings", &err);
	}
	buf_free(&bytes);
	if (fresh == NULL)
		return;
	if (serial != k->pin.bundle_serial[2]) {
		k->pin.bundle_serial[2] = serial;
		if (keyring_pin_write(k->conf->pin, &k->pin, &err) != ERR_OK)
			log_err("kiosk", "pin", &err);
	}
	if (k->sent == NULL || serial != k->sent_serial) {
		fresh->before = k->sent;
		k->sent = fresh;
		k->sent_serial = serial;
		k->conf = &fresh->conf;
		log_event("kiosk", "settings=taken bundle=%u", serial);
		if (load_numbers(k, &err) != ERR_OK)
			log_err("kiosk", "numbers", &err);
	} else {
		sent_free(fresh);
	}
}

/* Something else has written site.db. Forms change between visits only. */
static void
reload(struct kiosk *k, int64_t version)
{
	if (version != k->seen_version) {
		k->seen_version = version;
		load_ring(k);
		load_order(k);
		load_notices(k);
		k->is_reload_due = true;
	}
	if (k->is_reload_due && k->visits.open == 0 && !group_holds_forms(k)) {
		load_forms(k);
		load_settings(k);
		k->is_reload_due = false;
	}
}

/* --- opening ----------------------------------------------------------------------------------------- */

static enum err_code
load_words(struct kiosk *k, struct err *err)
{
	const char *list = k->conf->languages;
	enum err_code rc = word_book_open(&k->words, err);

	if (rc != ERR_OK)
		return rc;
	while (*list != '\0' && k->n_languages < ARRAY_LEN(k->language)) {
		size_t n = strcspn(list, " ,");
		char tag[36];

		if (n > 0 && n < sizeof(tag)) {
			memcpy(tag, list, n);
			tag[n] = '\0';
			k->language[k->n_languages] = word_book_find(k->words, tag);
			if (k->language[k->n_languages] == NULL)
				return err_set(err, ERR_INPUT, "languages: the kiosk has no words in \"%s\"", tag);
			k->n_languages++;
		}
		list += n;
		list += strspn(list, " ,");
	}
	if (k->n_languages == 0)
		while (k->n_languages < word_book_count(k->words) && k->n_languages < ARRAY_LEN(k->language)) {
			k->language[k->n_languages] = word_book_at(k->words, k->n_languages);
			k->n_languages++;
		}
	return ERR_OK;
}

static void
load_fonts(struct kiosk *k)
{
	static const char *const names[] = { "Andika-Regular.woff2", "Andika-Bold.woff2" };

	for (size_t i = 0; i < ARRAY_LEN(k->font); i++) {
		char path[4096];
		struct err err;

		buf_init(&k->font[i], FONT_MAX);
		snprintf(path, sizeof(path), "%s/%s", k->conf->fonts, names[i]);
		if (file_read(path, &k->font[i], &err) != ERR_OK) {
			log_err("kiosk", "font", &err);
			buf_reset(&k->font[i]);
		}
	}
}

/* The size of the screen as staff have measured it. */
static void
load_size(struct kiosk *k)
{
	struct buf b;
	struct err err;
	int64_t mm;

	buf_init(&b, 16);
	if (outbox_meta(k->ob, "kiosk.mm", &b, &err) == ERR_OK && num_i64(buf_str(&b), b.len, 200, 3000, &mm))
		snprintf(k->mm_text, sizeof(k->mm_text), "%d", (int)mm);
	buf_free(&b);
}

/* Names static files, so that they may be kept for ever: changes with them. */
static void
make_version(struct kiosk *k)
{
	struct chain_state state;
	struct chain_hash h;

	chain_begin(&state, "static");
	for (const struct embed_file *f = embed_kiosk; f->name != NULL; f++)
		chain_add(&state, f->data, f->len);
	for (size_t i = 0; i < ARRAY_LEN(k->font); i++)
		chain_add(&state, k->font[i].data, k->font[i].len);
	chain_end(&state, &h);
	hex_str(h.bytes, 6, k->version);
}

/* As set, else NAME beside site.db. */
static void
beside_site(const struct kiosk *k, const char *set, const char *name, char *to, size_t max)
{
	const char *site = k->conf->site, *slash = strrchr(site, '/');

	if (set[0] != '\0')
		snprintf(to, max, "%s", set);
	else
		snprintf(to, max, "%.*s/%s", slash == NULL ? 1 : (int)(slash - site), slash == NULL ? "." : site, name);
}

static enum err_code
open_site(struct kiosk *k, struct err *err)
{
	char cache[4096];
	enum err_code rc = outbox_open(k->conf->site, OUTBOX_KIOSK, &k->ob, err);

	if (rc == ERR_OK)
		rc = outbox_check(k->ob, err);
	if (rc == ERR_BROKEN || rc == ERR_INPUT)
		err_in(err, "the store is damaged (`candour site repair` saves what holds)");
	if (rc == ERR_OK)
		rc = outbox_device(k->ob, k->device, err);
	if (rc != ERR_OK)
		return rc;
	hex_str(k->device, sizeof(k->device), k->device_text);
	record_boot_id(k->boot);
	beside_site(k, k->conf->ballast, "site.ballast", k->ballast, sizeof(k->ballast));
	beside_site(k, k->conf->cache, "cache", cache, sizeof(cache));
	snprintf(k->media_folder, sizeof(k->media_folder), "%s/media", cache);
	snprintf(k->notices_folder, sizeof(k->notices_folder), "%s/notices", cache);
	snprintf(k->speech_folder, sizeof(k->speech_folder), "%s/speech", cache);
	return ERR_OK;
}

enum err_code
kiosk_open(const struct kiosk_conf *conf, const struct clock *clock, struct kiosk **out, struct err *err)
{
	struct kiosk *k = calloc(1, sizeof(*k));
	enum err_code rc;

	*out = NULL;
	if (k == NULL)
		return err_nomem(err);
	k->conf = conf;
	k->given = conf;
	k->clock = clock;
	k->seen_version = -1;
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->freed, NULL);
	snprintf(k->mm_text, sizeof(k->mm_text), "%lld", (long long)conf->mm_px);
	k->has_voice = conf->voice[0] != '\0' && access(conf->voice, X_OK) == 0;
	if (strcmp(conf->keyboard, "page") != 0 && strcmp(conf->keyboard, "system") != 0 && strcmp(conf->keyboard, "none") != 0)
		rc = err_set(err, ERR_INPUT, "keyboard = %s: page, system or none", conf->keyboard);
	else
		rc = load_words(k, err);
	if (rc == ERR_OK)
		rc = load_numbers(k, err);
	if (rc == ERR_OK)
		rc = visits_init(&k->visits, err);
	if (rc == ERR_OK)
		rc = group_open(k, err);
	if (rc == ERR_OK)
		rc = open_site(k, err);
	if (rc == ERR_OK) {
		k->catalog = calloc(1, sizeof(*k->catalog));
		rc = k->catalog == NULL ? err_nomem(err) : ERR_OK;
	}
	if (rc != ERR_OK) {
		kiosk_close(k);
		return rc;
	}
	load_size(k);
	staff_sound_load(k);
	join_load(k);
	load_fonts(k);
	make_version(k);
	kiosk_tick(k);
	*out = k;
	return ERR_OK;
}

void
kiosk_close(struct kiosk *k)
{
	if (k == NULL)
		return;
	visits_clear(&k->visits);
	group_close(k);
	catalog_free(k->catalog);
	notices_free(k->notices);
	keyring_free(k->ring);
	outbox_close(k->ob);
	word_book_free(k->words);
	for (size_t i = 0; i < ARRAY_LEN(k->font); i++)
		buf_free(&k->font[i]);
	free(k->number_text);
	sent_free(k->sent);
	pthread_mutex_destroy(&k->lock);
	pthread_cond_destroy(&k->freed);
	wipe(k, sizeof(*k));
	free(k);
}

void
kiosk_ports(struct kiosk *k, uint16_t loopback, uint16_t lan)
{
	k->port = loopback;
	k->lan_port = lan;
}

void
kiosk_certificate(struct kiosk *k, const char *pem)
{
	join_certificate(k, pem);
}

/* --- by the clock ------------------------------------------------------------------------------------ */

/* What waits for the disk does so without the lock: the outbox has one of its own. */
static void
look_at_space(struct kiosk *k)
{
	struct outbox_space space = { .ballast_path = k->ballast, .ballast = k->conf->ballast_mib << 20,
	    .low = k->conf->low_mib << 20, .resume = k->conf->resume_mib << 20 };
	bool is_full, was;
	struct err err;

	if (outbox_space(k->ob, &space, &is_full, NULL, &err) != ERR_OK)
		log_err("kiosk", "space", &err);
	pthread_mutex_lock(&k->lock);
	was = k->is_full;
	k->is_full = is_full;
	pthread_mutex_unlock(&k->lock);
	if (is_full != was)
		log_event("kiosk", "storage=%s", is_full ? "full" : "enough");
}

static void
clean(struct kiosk *k)
{
	enum clock_quality quality;
	struct err err;
	int64_t day;
	bool can;

	pthread_mutex_lock(&k->lock);
	day = keep_now(k, &quality) / DAY_S;
	can = k->visits.open == 0;
	pthread_mutex_unlock(&k->lock);
	if (!can)
		return;
	/* By a clock that nothing vouches for, words and delivered rows would go years too early. */
	if (day != k->last_night_day && quality != CLOCK_UNKNOWN) {
		k->last_night_day = day;
		if (outbox_retain(k->ob, day, (int)k->conf->keep_after_receipt, (int)k->conf->withdraw_days, &err)
		    != ERR_OK)
			log_err("kiosk", "retain", &err);
	}
	if (outbox_idle(k->ob, &err) != ERR_OK)
		log_debug("kiosk", "checkpoint=later");
}

void
kiosk_tick(struct kiosk *k)
{
	int64_t now = clock_boot_ms(k->clock), version = k->seen_version;
	bool slow = now - k->last_slow_ms >= k->conf->look_s * 1000 || version == -1;
	struct clock_offset offset = { .s = 0 };
	struct err err;

	if (slow && outbox_version(k->ob, &version, &err) != ERR_OK) {
		log_err("kiosk", "version", &err);
		version = k->seen_version;
	}
	if (slow)
		offset = keep_clock(k);
	pthread_mutex_lock(&k->lock);
	if (slow)
		k->offset = offset;
	(void)visits_sweep(&k->visits, now);
	group_tick(k);
	if (slow) {
		reload(k, version);
		join_tick(k);
	}
	pthread_mutex_unlock(&k->lock);
	if (!slow)
		return;
	k->last_slow_ms = now;
	look_at_space(k);
	keep_tick(k);
	clean(k);
}
