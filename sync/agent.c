/* The daemon's work. See agent.h. */
#include "sync/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "sync/backoff.h"
#include "sync/batch.h"
#include "sync/bundle.h"
#include "sync/centre.h"
#include "sync/courier.h"
#include "sync/down.h"
#include "sync/enrol.h"
#include "sync/logcheck.h"

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000, LANE1_RECORDS = 60, SOFTWARE = 0x00000100,
	ROUND_TRIP_MAX_MS = 60000, OFFSET_TOLERANCE_S = 2 };

struct lane {
	struct courier courier;
	struct centre *centre;
	struct backoff backoff;
	int64_t due_ms;		/* boot time */
	int64_t every_ms;
	bool unreachable;	/* the last round reached nobody */
};

struct agent {
	const struct sync_settings *set;
	const struct net *net;
	const struct clock *clock;
	struct outbox *outbox;
	struct seal_key *device_key;
	struct keyring *ring;
	struct keyring_pin pin;
	struct tls_conf *tls;
	struct buf cert, key, credentials;
	struct net_proxy proxy;
	char proxy_host[256];
	uint8_t device[16], boot[16];
	struct lane lanes[LANES];
	int64_t time_due_ms, down_due_ms, head_due_ms, log_due_ms;
	struct down down;
	bool has_offset;
	int64_t offset_s;	/* of the time to CLOCK_BOOTTIME: moving the system's clock does not move it */
	struct sync_status status;
	uint64_t failed[COURIER_BROKEN + 1];	/* rounds of lane 0 that ended badly, by result */
};

/* --- status ------------------------------------------------------------------------------------- */

static int64_t
corrected_now(const struct agent *a)
{
	return a->has_offset ? clock_boot_ms(a->clock) / 1000 + a->offset_s : clock_now_s(a->clock);
}

/* How often a round ended badly, by reason, since the box was enrolled; the kiosk's /metrics show it. */
static void
count_failure(struct agent *a, enum courier_result r)
{
	struct buf text;
	struct err err;
	enum err_code rc;

	buf_init(&text, 1024);
	a->failed[r]++;
	for (int i = COURIER_UNREACHABLE; i <= COURIER_BROKEN; i++)
		buf_printf(&text, "%s %llu\n", courier_word((enum courier_result)i), (unsigned long long)a->failed[i]);
	rc = buf_check(&text, &err);
	if (rc == ERR_OK)
		rc = outbox_meta_put(a->outbox, "sync.failures", text.data, text.len, &err);
	if (rc != ERR_OK)
		log_err("sync", "failures", &err);
	buf_free(&text);
}

static void
load_failures(struct agent *a)
{
	struct buf text;
	struct err err;

	buf_init(&text, 1024);
	if (outbox_meta(a->outbox, "sync.failures", &text, &err) == ERR_OK)
		for (int i = COURIER_UNREACHABLE; i <= COURIER_BROKEN; i++) {
			const char *word = courier_word((enum courier_result)i), *at = strstr(buf_str(&text), word);
			int64_t n;

			if (at != NULL && at[strlen(word)] == ' ' && num_i64(at + strlen(word) + 1,
			    strcspn(at + strlen(word) + 1, "\n"), 0, INT64_MAX, &n))
				a->failed[i] = (uint64_t)n;
		}
	buf_free(&text);
}

static void
tell(struct agent *a, const struct lane *l, enum courier_result r, const struct err *why)
{
	bool good = r == COURIER_IDLE || r == COURIER_SENT || r == COURIER_MORE;
	struct err err;

	a->status.tried_at = corrected_now(a);
	if (good)
		a->status.delivered_at = a->status.tried_at;
	a->status.failures = good ? 0 : a->status.failures + 1;
	if (!good)
		count_failure(a, r);
	a->status.next_at = a->status.tried_at + (l->due_ms - clock_boot_ms(a->clock)) / 1000;
	snprintf(a->status.result, sizeof(a->status.result), "%s", courier_word(r));
	snprintf(a->status.why, sizeof(a->status.why), "%.290s", good ? "" : why->msg);
	if (sync_status_put(a->outbox, &a->status, &err) != ERR_OK)
		log_err("sync", "status", &err);
}

/* --- connection --------------------------------------------------------------------------------- */

static int64_t
corrected(void *arg)
{
	const struct agent *a = arg;

	return a->has_offset ? corrected_now(a) : 0;
}

static void
hang_up(struct agent *a)
{
	for (int i = 0; i < LANES; i++) {
		centre_free(a->lanes[i].centre);
		a->lanes[i].centre = NULL;
	}
	tls_conf_free(a->tls);
	a->tls = NULL;
}

static enum err_code
line_up(struct agent *a, struct lane *l, struct err *err)
{
	struct tls_setup setup = { .ring = a->ring, .cert_pem = buf_str(&a->cert), .key_pem = buf_str(&a->key),
	    .corrected = corrected, .arg = a };
	struct centre_conf conf = { .net = a->net, .proxy = a->proxy, .host = a->set->host,
	    .port = (uint16_t)a->set->port };
	enum err_code rc = ERR_OK;

	if (a->tls == NULL)
		rc = tls_conf_new(&setup, &a->tls, err);
	conf.tls = a->tls;
	if (rc == ERR_OK && l->centre == NULL)
		rc = centre_new(&conf, &l->centre, err);
	return rc;
}

enum err_code
agent_probe(const struct net *net, const struct net_proxy *proxy, const char *host, uint16_t port,
    const char *cert_pem, const char *key_pem, const char *path, struct reply *out, struct err *err)
{
	struct tls_setup setup = { .ring = NULL, .cert_pem = cert_pem, .key_pem = key_pem };
	struct tls_conf *tls = NULL;
	struct centre *centre = NULL;
	enum err_code rc = tls_conf_new(&setup, &tls, err);

	if (rc == ERR_OK) {
		struct centre_conf conf = { .net = net, .host = host, .port = port, .tls = tls };

		if (proxy != NULL)
			conf.proxy = *proxy;
		rc = centre_new(&conf, &centre, err);
	}
	if (rc == ERR_OK)
		rc = centre_ask(centre, "GET", path, NULL, NULL, 0, out, NULL, err);
	centre_free(centre);
	tls_conf_free(tls);
	return rc;
}

/* Take signed time out of REPLY, asked for at boot time BEFORE. */
static enum err_code
take_time(struct agent *a, const struct reply *reply, const uint8_t nonce[TIME_NONCE], int64_t before, struct err *err)
{
	int64_t after = clock_boot_ms(a->clock), now = 0, offset;
	const struct keyring_key *key;
	uint8_t id[8];
	enum err_code rc;

	if (reply->status != 200 || reply->body.len != TIME_LEN)
		return err_set(err, ERR_INPUT, "signed time: the centre answers %u", reply->status);
	if (after - before > ROUND_TRIP_MAX_MS)
		return err_set(err, ERR_AGAIN, "signed time: the answer took %lld s", (long long)(after - before) / 1000);
	time_key_id(reply->body.data, id);
	key = keyring_verifier(a->ring, KEY_RECEIPT, id);
	if (key == NULL)
		return err_set(err, ERR_DENIED, "signed time: by a key that is not in the key ring");
	rc = time_verify(reply->body.data, reply->body.len, nonce, key->public_, &now, err);
	if (rc != ERR_OK)
		return rc;
	offset = now - (before + (after - before) / 2) / 1000;
	if (!a->has_offset || offset - a->offset_s > OFFSET_TOLERANCE_S || a->offset_s - offset > OFFSET_TOLERANCE_S) {
		a->offset_s = offset;
		log_event("sync", "clock=corrected offset_s=%lld", (long long)(after / 1000 + offset - clock_now_s(a->clock)));
		rc = outbox_clock_put(a->outbox, a->boot, offset, CLOCK_SYNCED, err);
	}
	a->has_offset = true;
	return rc;
}

static void
time_path(uint8_t nonce[TIME_NONCE], char *path, size_t room)
{
	char hex[2 * TIME_NONCE + 1];

	seal_random(nonce, TIME_NONCE);
	hex_str(nonce, TIME_NONCE, hex);
	snprintf(path, room, "/v1/time?nonce=%s", hex);
}

/* The certificate's dates do not fit our clock: ask for the time where no certificate is judged. */
static enum err_code
probe_time(struct agent *a, struct err *err)
{
	uint8_t nonce[TIME_NONCE];
	struct reply reply;
	char path[80];
	int64_t before = clock_boot_ms(a->clock);
	enum err_code rc;

	reply_init(&reply, 1024);
	time_path(nonce, path, sizeof(path));
	rc = agent_probe(a->net, &a->proxy, a->set->host, (uint16_t)a->set->port, buf_str(&a->cert), buf_str(&a->key), path,
	    &reply, err);
	if (rc == ERR_OK)
		rc = take_time(a, &reply, nonce, before, err);
	reply_free(&reply);
	return rc;
}

struct asking {
	struct agent *agent;
	struct lane *lane;
};

static enum err_code
ask_extra(struct agent *a, struct lane *l, const char *method, const char *path, const char *extra, const void *body,
    size_t len, struct reply *out, struct err *err)
{
	bool bad_dates = false;
	enum err_code rc = line_up(a, l, err);

	if (rc == ERR_OK)
		rc = centre_ask(l->centre, method, path, extra, body, len, out, &bad_dates, err);
	if (rc == ERR_DENIED && bad_dates && probe_time(a, err) == ERR_OK)
		rc = centre_ask(l->centre, method, path, extra, body, len, out, &bad_dates, err);
	return rc;
}

static enum err_code
ask(void *arg, const char *method, const char *path, const void *body, size_t len, struct reply *out, struct err *err)
{
	struct asking *x = arg;

	return ask_extra(x->agent, x->lane, method, path, NULL, body, len, out, err);
}

/* However long a backlog or a bundle takes over a slow line, the concern lane goes when its time has come: what the
 * answer lane does is left off for it between two exchanges. */
static bool
concerns_due(void *arg)
{
	const struct asking *x = arg;

	return clock_boot_ms(x->agent->clock) >= x->agent->lanes[LANE_CONCERNS].due_ms;
}

/* --- what comes down ---------------------------------------------------------------------------- */

static void
get_time(struct agent *a, struct lane *l)
{
	uint8_t nonce[TIME_NONCE];
	struct reply reply;
	struct err err = { 0 };
	char path[80];
	int64_t before;
	enum err_code rc;

	reply_init(&reply, 1024);
	time_path(nonce, path, sizeof(path));
	before = clock_boot_ms(a->clock);
	rc = ask_extra(a, l, "GET", path, NULL, NULL, 0, &reply, &err);
	if (rc == ERR_OK)
		rc = take_time(a, &reply, nonce, before, &err);
	if (rc != ERR_OK)
		log_err("sync", "time", &err);
	else
		a->time_due_ms = clock_boot_ms(a->clock) + DAY_MS;
	reply_free(&reply);
}

static enum err_code
take_ring(struct agent *a, const struct buf *text, struct err *err)
{
	struct keyring *ring = NULL;
	struct keyring_pin pin = a->pin;
	enum err_code rc = keyring_read(buf_str(text), text->len, &a->pin, &ring, err);

	if (rc != ERR_OK)
		return rc;
	if (ring->serial > a->ring->serial) {
		rc = outbox_ring_put(a->outbox, ring->serial, text->data, text->len, err);
		if (rc == ERR_EXISTS)
			rc = ERR_OK;
		keyring_pin_take(&pin, ring, buf_str(text), text->len);
		if (rc == ERR_OK)
			rc = keyring_pin_write(a->set->pin, &pin, err);
		if (rc == ERR_OK) {
			struct keyring *old = a->ring;

			log_event("sync", "keyring=taken serial=%u", ring->serial);
			a->pin = pin;
			a->ring = ring;
			a->down.ring = ring;
			for (int i = 0; i < LANES; i++)
				a->lanes[i].courier.ring = ring;
			hang_up(a);	/* its CA certificates hold from now on */
			ring = old;
		}
	}
	keyring_free(ring);
	return rc;
}

static void
get_ring(struct agent *a, struct lane *l)
{
	struct reply reply;
	struct err err = { 0 };
	enum err_code rc;

	reply_init(&reply, KEYRING_MAX);
	rc = ask_extra(a, l, "GET", "/v1/keyring", NULL, NULL, 0, &reply, &err);
	if (rc == ERR_OK && reply.status == 200)
		rc = take_ring(a, &reply.body, &err);
	if (rc != ERR_OK)
		log_err("sync", "keyring", &err);
	reply_free(&reply);
}

static enum err_code
ask_down(void *arg, const char *path, const char *extra, struct reply *out, struct err *err)
{
	struct asking *x = arg;

	return ask_extra(x->agent, x->lane, "GET", path, extra, NULL, 0, out, err);
}

static void
get_bundles(struct agent *a, struct lane *l, bool forced)
{
	struct asking asking = { a, l };

	a->down.ask = ask_down;
	a->down.give_way = concerns_due;
	a->down.arg = &asking;
	a->down.newest = l->courier.bundle_serial;
	a->down.newest_ring = l->courier.ring_serial;
	down_look(&a->down, forced);
}

/* --- the lanes ---------------------------------------------------------------------------------- */

/* A revocation that the publish key signed is kept for the kiosk, which obeys it. */
static void
take_order(struct agent *a, struct courier *c)
{
	struct err err = { 0 };

	if (c->order.len > 0 && down_take(&a->down, &c->order, &err) != ERR_OK)
		log_err("sync", "order", &err);
}

static void
schedule(struct agent *a, struct lane *l, enum courier_result r)
{
	int64_t now = clock_boot_ms(a->clock), wait = 0;

	l->unreachable = r == COURIER_UNREACHABLE;
	switch (r) {
	case COURIER_IDLE:
	case COURIER_SENT:
		backoff_reset(&l->backoff);
		/* Never at the moment of an answer: on a grid of its own, with jitter. */
		wait = l->every_ms - l->every_ms / 10 + backoff_between(0, l->every_ms / 5);
		break;
	case COURIER_MORE:
		backoff_reset(&l->backoff);
		wait = 50;
		break;
	case COURIER_UNREACHABLE:
	case COURIER_LATER:
	case COURIER_BROKEN:
		wait = backoff_next(&l->backoff, l->courier.retry_after_s);
		break;
	case COURIER_REFUSED:
	case COURIER_REVOKED:
		/* Asked again hourly; sooner only where everything is quick (the demo, tests). */
		wait = l->every_ms >= MINUTE_MS ? HOUR_MS : 10 * l->every_ms;
		break;
	}
	l->due_ms = now + wait;
}

static uint32_t
free_mib(const char *path)
{
	struct statvfs v;

	return statvfs(path, &v) != 0 ? 0 : (uint32_t)((uint64_t)v.f_bavail * v.f_frsize >> 20);
}

/* The serial of the forms that the kiosk could not load; 0: none. */
static uint32_t
refused_by_kiosk(struct agent *a)
{
	uint32_t serial = 0;
	struct buf b;
	struct err err;

	buf_init(&b, 64);
	if (outbox_meta(a->outbox, "kiosk.refused", &b, &err) == ERR_OK && b.len == 4)
		serial = be32(b.data);
	buf_free(&b);
	return serial;
}

static void
run_lane(struct agent *a, int lane)
{
	struct lane *l = &a->lanes[lane];
	struct asking asking = { a, l };
	struct err err = { 0 };
	enum courier_result r;

	l->courier.ask = ask;
	l->courier.arg = &asking;
	l->courier.give_way = lane == LANE_CONCERNS ? NULL : concerns_due;
	l->courier.free_mib = free_mib(a->set->site_db);
	l->courier.offset_s = corrected_now(a) - clock_now_s(a->clock);
	l->courier.clock_quality = a->has_offset ? CLOCK_SYNCED : CLOCK_UNKNOWN;
	if (lane == LANE_ANSWERS)
		l->courier.bundle_refused = a->down.refused > 0 ? a->down.refused : refused_by_kiosk(a);
	r = courier_round(&l->courier, true, &err);
	if (r == COURIER_SENT || r == COURIER_MORE)
		err.code = ERR_OK;
	if (r == COURIER_REVOKED)
		take_order(a, &l->courier);
	if (r == COURIER_REFUSED || r == COURIER_REVOKED || r == COURIER_UNREACHABLE || r == COURIER_LATER)
		l->courier.asked_state = r == COURIER_UNREACHABLE && l->courier.asked_state;
	if (r != COURIER_MORE && l->every_ms > MINUTE_MS && l->centre != NULL)
		centre_hang_up(l->centre);
	schedule(a, l, r);
	if (lane == 0)
		tell(a, l, r, &err);
	if (r == COURIER_IDLE)
		log_debug("sync", "lane=%d result=idle", lane);
	else
		log_event("sync", "lane=%d delivered=%llu to=%s result=%s retry_s=%lld%s%s%s", lane,
		    (unsigned long long)l->courier.delivered, a->set->host, courier_word(r),
		    (long long)(l->due_ms - clock_boot_ms(a->clock)) / 1000, err.code != ERR_OK ? " why=\"" : "",
		    err.code != ERR_OK ? err.msg : "", err.code != ERR_OK ? "\"" : "");
}

/* Once a day: does the centre's log hold what it confirmed here? Delivery goes on whatever it says. */
static void
check_log(struct agent *a, struct lane *l)
{
	struct asking asking = { a, l };
	struct logcheck c = { .outbox = a->outbox, .ring = a->ring, .now = corrected_now(a), .ask = ask, .arg = &asking };
	struct err err = { 0 };
	enum logcheck_result r = logcheck_run(&c, &err);
	bool bad = r == LOGCHECK_LATER || r == LOGCHECK_WRONG;

	a->log_due_ms = clock_boot_ms(a->clock) + (r == LOGCHECK_LATER ? HOUR_MS : DAY_MS);
	if (r != LOGCHECK_NOTHING)
		log_event("sync", "%slog=%s day=%u%s%s%s", r == LOGCHECK_WRONG ? "alarm=log " : "", logcheck_word(r), c.day,
		    bad ? " why=\"" : "", bad ? err.msg : "", bad ? "\"" : "");
}

static void
sign_heads(struct agent *a)
{
	for (uint8_t lane = 0; lane < LANES; lane++) {
		uint8_t bytes[OUTBOX_HEAD], signature[64];
		struct outbox_lane l;
		struct err err;
		enum err_code rc = outbox_head_agrees(a->outbox, lane, seal_key_public(a->device_key), &err);

		if (rc == ERR_OK)
			rc = outbox_lane(a->outbox, lane, &l, &err);
		if (rc == ERR_OK) {
			outbox_head_bytes(a->device, lane, &l, bytes);
			rc = seal_sign(a->device_key, "head", bytes, sizeof(bytes), signature, &err);
		}
		if (rc == ERR_OK)
			rc = outbox_head_put(a->outbox, lane, &l, signature, &err);
		if (rc != ERR_OK)
			log_err("sync", "head", &err);
	}
}

int64_t
agent_tick(struct agent *a)
{
	int64_t now = clock_boot_ms(a->clock), next;

	if (now >= a->head_due_ms) {
		sign_heads(a);
		a->head_due_ms = now + MINUTE_MS;
	}
	for (int lane = LANES - 1; lane >= 0; lane--)
		if (clock_boot_ms(a->clock) >= a->lanes[lane].due_ms)
			run_lane(a, lane);
	/* In company of the answer lane only, while its connection is good. */
	if (a->lanes[0].courier.asked_state && a->lanes[0].backoff.n == 0) {
		struct lane *l = &a->lanes[0];
		/* A box with nothing to send gets its last receipt again, which tells nothing new. */
		bool down = clock_boot_ms(a->clock) >= a->down_due_ms;

		if (clock_boot_ms(a->clock) >= a->time_due_ms)
			get_time(a, l);
		if (down || l->courier.ring_serial > a->ring->serial)
			get_ring(a, l);
		get_bundles(a, l, down);
		if (clock_boot_ms(a->clock) >= a->log_due_ms)
			check_log(a, l);
		if (down)
			a->down_due_ms = clock_boot_ms(a->clock) + (4 * l->every_ms < HOUR_MS ? 4 * l->every_ms : HOUR_MS);
	}
	next = a->head_due_ms;
	for (int lane = 0; lane < LANES; lane++)
		if (a->lanes[lane].due_ms < next)
			next = a->lanes[lane].due_ms;
	now = clock_boot_ms(a->clock);
	return next > now ? next - now : 0;
}

void
agent_route_up(struct agent *a)
{
	int64_t now = clock_boot_ms(a->clock);
	struct err err = { 0 };

	for (int lane = 0; lane < LANES; lane++) {
		struct lane *l = &a->lanes[lane];

		if (!l->unreachable)
			continue;
		l->due_ms = backoff_route_up(&l->backoff, l->due_ms, now);
		if (lane == 0) {
			a->status.next_at = corrected_now(a) + (l->due_ms - now) / 1000;
			if (sync_status_put(a->outbox, &a->status, &err) != ERR_OK)
				log_err("sync", "status", &err);
		}
		log_event("sync", "lane=%d route=up retry_s=%lld", lane, (long long)(l->due_ms - now) / 1000);
	}
}

/* --- life --------------------------------------------------------------------------------------- */

enum err_code
agent_proxy(const char *text, const char *file, char *host, size_t room, struct buf *credentials,
    struct net_proxy *out, struct err *err)
{
	const char *at = text, *colon;
	size_t n;
	int64_t port;

	*out = (struct net_proxy){ .host = NULL };
	if (text[0] == '\0')
		return ERR_OK;
	if (strncmp(at, "http://", 7) != 0)
		return err_set(err, ERR_INPUT, "proxy = %.60s: expected http://HOST:PORT", text);
	at += 7;
	n = strcspn(at, "/");
	colon = memrchr(at, ':', n);
	if (colon == NULL || colon == at || (size_t)(colon - at) >= room || (at[n] == '/' && at[n + 1] != '\0')
	    || !num_i64(colon + 1, n - (size_t)(colon + 1 - at), 1, 65535, &port))
		return err_set(err, ERR_INPUT, "proxy = %.60s: expected http://HOST:PORT", text);
	if (at[0] == '[' && colon[-1] == ']') {	/* IPv6 */
		at++;
		colon--;
	}
	memcpy(host, at, (size_t)(colon - at));
	host[colon - at] = '\0';
	if (file != NULL && file[0] != '\0') {
		enum err_code rc = file_read(file, credentials, err);

		if (rc != ERR_OK)
			return err_in(err, "proxy_credentials");
		while (credentials->len > 0 && strchr(" \r\n", (char)credentials->data[credentials->len - 1]) != NULL)
			buf_truncate(credentials, credentials->len - 1);
		out->credentials = buf_str(credentials);
	}
	out->host = host;
	out->port = (uint16_t)port;
	return ERR_OK;
}

static enum err_code
load_ring(struct agent *a, struct err *err)
{
	uint32_t serial = 0;
	struct buf text;
	enum err_code rc;

	buf_init(&text, KEYRING_MAX);
	rc = outbox_ring(a->outbox, &serial, &text, err);
	if (rc == ERR_ABSENT)
		rc = err_set(err, ERR_ABSENT, "no key ring yet: enrol this box with `candour site enrol`");
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&text), text.len, &a->pin, &a->ring, err);
	if (rc == ERR_OK) {
		keyring_pin_take(&a->pin, a->ring, buf_str(&text), text.len);
		rc = keyring_pin_write(a->set->pin, &a->pin, err);
	}
	buf_free(&text);
	return rc;
}

static enum err_code
load(struct agent *a, struct err *err)
{
	const struct sync_settings *set = a->set;
	char tls_key[4096];
	enum err_code rc;

	if (set->host[0] == '\0')
		return err_set(err, ERR_ABSENT, "this box is not enrolled: `candour site enrol` with an invitation of the "
		    "centre");
	rc = file_read(set->tls_cert, &a->cert, err);
	if (rc == ERR_ABSENT)
		return err_set(err, ERR_ABSENT, "%s: not approved at the centre yet: run `candour site enrol` again",
		    set->tls_cert);
	if (rc == ERR_OK)
		rc = keyfile_where(set->tls_key, KEY_DEVICE_TLS, tls_key, sizeof(tls_key), err);
	if (rc == ERR_OK)
		rc = file_read(tls_key, &a->key, err);
	if (rc == ERR_OK)
		rc = keyfile_load(set->device_key, KEY_DEVICE, keyfile_ask_terminal, NULL, &a->device_key, err);
	/* An enrolled box without its keys has nothing to wait for. */
	if (rc == ERR_ABSENT)
		rc = ERR_BROKEN;
	if (rc == ERR_OK)
		rc = keyring_pin_read(set->pin, &a->pin, err);
	if (rc == ERR_OK)
		rc = outbox_open(set->site_db, OUTBOX_SYNC, &a->outbox, err);
	if (rc == ERR_OK)
		rc = outbox_device(a->outbox, a->device, err);
	if (rc == ERR_OK)
		rc = load_ring(a, err);
	if (rc == ERR_OK)
		rc = agent_proxy(set->proxy, set->proxy_credentials, a->proxy_host, sizeof(a->proxy_host), &a->credentials,
		    &a->proxy, err);
	return rc;
}

static void
start_lanes(struct agent *a)
{
	int64_t now = clock_boot_ms(a->clock);
	uint8_t quality = 0;
	struct err err;

	record_boot_id(a->boot);
	a->down.outbox = a->outbox;
	a->down.ring = a->ring;
	a->down.site = a->set->site;
	memcpy(a->down.device, a->device, 16);
	a->has_offset = outbox_clock(a->outbox, a->boot, &a->offset_s, &quality, &err) == ERR_OK
	    && quality == CLOCK_SYNCED;
	for (uint8_t i = 0; i < LANES; i++) {
		struct lane *l = &a->lanes[i];

		courier_init(&l->courier);
		l->courier.lane = i;
		l->courier.outbox = a->outbox;
		l->courier.device_key = a->device_key;
		l->courier.ring = a->ring;
		l->courier.clock = a->clock;
		l->courier.software = SOFTWARE;
		l->courier.max_records = i == LANE_CONCERNS ? LANE1_RECORDS : BATCH_RECORDS;
		l->every_ms = (i == LANE_CONCERNS ? a->set->concern_slot : a->set->send_every) * 1000;
		l->backoff.min_ms = l->every_ms < BACKOFF_MIN_MS ? l->every_ms : BACKOFF_MIN_MS;
		l->due_ms = now + (l->every_ms >= MINUTE_MS ? backoff_between(5000, MINUTE_MS)
		    : backoff_between(0, l->every_ms / 5));
	}
	a->head_due_ms = now;
	if (sync_status_get(a->outbox, &a->status, &err) != ERR_OK)
		memset(&a->status, 0, sizeof(a->status));
	load_failures(a);
}

enum err_code
agent_new(const struct sync_settings *set, const struct net *net, const struct clock *clock, struct agent **out,
    struct err *err)
{
	struct agent *a = calloc(1, sizeof(*a));
	enum err_code rc;

	*out = NULL;
	if (a == NULL)
		return err_nomem(err);
	a->set = set;
	a->net = net;
	a->clock = clock;
	buf_init(&a->cert, 65536);
	buf_init_secret(&a->key, 65536);
	buf_init_secret(&a->credentials, 4096);
	down_init(&a->down);
	rc = load(a, err);
	if (rc != ERR_OK) {
		agent_free(a);
		return rc;
	}
	start_lanes(a);
	*out = a;
	return ERR_OK;
}

void
agent_free(struct agent *a)
{
	if (a == NULL)
		return;
	hang_up(a);
	for (int i = 0; i < LANES; i++)
		courier_clear(&a->lanes[i].courier);
	keyring_free(a->ring);
	outbox_close(a->outbox);
	seal_key_free(a->device_key);
	buf_free(&a->cert);
	buf_free(&a->key);
	buf_free(&a->credentials);
	down_clear(&a->down);
	free(a);
}
