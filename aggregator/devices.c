/* The devices' listener. See devices.h. */
#include "aggregator/devices.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/device_tls.h"
#include "aggregator/logtree.h"
#include "aggregator/metrics.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/http.h"
#include "base/log.h"
#include "base/num.h"
#include "collector/keyring.h"
#include "sync/bundle.h"
#include "sync/enrol.h"

enum { RATES = 4096, RETRY_LATER_S = 5, CONNECTIONS = 1000 };

/* Batches and proofs of one device in the current minute; collisions share a place. */
struct rate {
	uint8_t device[8];
	int64_t minute;
	unsigned n;
};

struct devices {
	struct devices_conf conf;
	struct device_tls *tls;
	struct http_server *http;
	pthread_mutex_t lock;		/* of store, ring, rates */
	struct store *store;
	struct buf ring;
	struct rate rates[RATES];
	struct logshow *log;
	atomic_uint_least64_t by_result[INTAKE_LATER + 1], refused, records, bytes;
};

/* Who asks: found before the body is read. */
struct caller {
	struct device_peer peer;
	bool registered;
	struct store_device device;
};

static const char *const result_words[] = { "kept", "again", "want", "fork", "revoked", "bad", "later" };

/* --- answers ------------------------------------------------------------------------------------ */

static void
refuse(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out,
    unsigned status, const char *code, const char *why)
{
	char id[33] = "-", line[600];

	if (c != NULL && c->registered)
		hex_str(c->device.id, 16, id);
	snprintf(line, sizeof(line), "code=%s %s\n", code, why);
	http_plain(out, status, line);
	atomic_fetch_add(&d->refused, 1);
	log_event("aggregator", "request=refused status=%u code=%s device=%s from=%s path=%.40s why=\"%s\"", status, code,
	    id, r->peer, r->path, why);
}

static void
bytes_answer(struct http_response *out, const void *data, size_t len)
{
	out->status = 200;
	out->type = "application/octet-stream";
	buf_reset(&out->body);
	buf_put(&out->body, data, len);
}

static void
retry_after(struct http_response *out)
{
	char text[16];
	enum err_code rc;

	snprintf(text, sizeof(text), "%d", RETRY_LATER_S);
	rc = http_add(out, "Retry-After", text, NULL);
	(void)rc;
}

/* The store does not answer: why is for our log; the device is told to come again. */
static void
later(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out,
    const struct err *err)
{
	refuse(d, r, c, out, 503, "later", err->msg);
	http_plain(out, 503, "code=later the centre cannot do this just now, come again\n");
	retry_after(out);
}

/* A revoked device gets the signed order, so that it obeys nobody else. */
static void
answer_revoked(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	struct buf order;
	struct err err;
	enum err_code rc;

	refuse(d, r, c, out, 403, "revoked", "this device was revoked at the centre");
	buf_init(&order, BUNDLE_MAX);
	pthread_mutex_lock(&d->lock);
	rc = d->store->ops->revocation(d->store, c->device.id, &order, &err);
	pthread_mutex_unlock(&d->lock);
	if (rc == ERR_OK && order.len > 0) {
		bytes_answer(out, order.data, order.len);
		out->status = 403;
	}
	buf_free(&order);
}

/* --- before the body ---------------------------------------------------------------------------- */

static bool
for_everybody(const struct http_request *r)
{
	return strcmp(r->path, "/v1/time") == 0 || strcmp(r->path, "/v1/keyring") == 0
	    || strcmp(r->path, "/v1/enrol") == 0;
}

static bool
known_path(const struct http_request *r)
{
	return for_everybody(r) || strcmp(r->path, "/v1/state") == 0 || strcmp(r->path, "/v1/batch") == 0
	    || strncmp(r->path, "/v1/bundle/", 11) == 0 || strcmp(r->path, "/v1/root") == 0;
}

static bool
too_many(struct devices *d, const struct caller *c)
{
	int64_t minute = clock_now_s(d->conf.clock) / 60;
	struct rate *rate = &d->rates[be32(c->device.id) % RATES];
	bool over;

	if (d->conf.batches_a_minute == 0)
		return false;
	pthread_mutex_lock(&d->lock);
	if (rate->minute != minute || memcmp(rate->device, c->device.id, 8) != 0) {
		rate->minute = minute;
		memcpy(rate->device, c->device.id, 8);
		rate->n = 0;
	}
	over = ++rate->n > d->conf.batches_a_minute;
	pthread_mutex_unlock(&d->lock);
	return over;
}

static bool
judge(struct devices *d, const struct http_request *r, struct caller *c, uint64_t body_len, struct http_response *out)
{
	bool post = strcmp(r->method, "POST") == 0;

	if (!known_path(r)) {
		refuse(d, r, c, out, 404, "path", "there is nothing at this path");
	} else if (!post && strcmp(r->method, "GET") != 0) {
		refuse(d, r, c, out, 405, "method", "only GET and POST");
	} else if (c->registered && c->device.state == STORE_REVOKED && !for_everybody(r)) {
		/* What a revoked device still has is put aside, not thrown away: its batches are read. */
		if (post && strcmp(r->path, "/v1/batch") == 0)
			return true;
		answer_revoked(d, r, c, out);
	} else if (!c->registered && !for_everybody(r)) {
		refuse(d, r, c, out, 403, c->peer.provisional ? "provisional" : "unknown",
		    c->peer.provisional ? "this box is not approved yet" : "this certificate is not in the registry");
	} else if (!c->registered && !c->peer.provisional) {
		refuse(d, r, c, out, 403, "unknown", "this certificate is not in the registry");
	} else if (post && strcmp(r->path, "/v1/enrol") == 0 && body_len > ENROL_REQUEST_MAX) {
		refuse(d, r, c, out, 413, "size", "an enrolment is at most 512 bytes");
	} else if (((post && strcmp(r->path, "/v1/batch") == 0) || strcmp(r->path, "/v1/root") == 0) && too_many(d, c)) {
		refuse(d, r, c, out, 429, "rate", "too many batches or proofs in a minute");
		retry_after(out);
	} else {
		return true;
	}
	return false;
}

static bool
begin(void *arg, const struct http_request *r, uint64_t body_len, void **state, struct http_response *out)
{
	struct devices *d = arg;
	struct caller *c = calloc(1, sizeof(*c));
	struct err err = { 0 };
	enum err_code rc;

	if (c == NULL) {
		http_plain(out, 503, "code=later out of memory\n");
		return false;
	}
	*state = c;
	rc = device_tls_peer(r->tls, &c->peer, &err);
	if (rc != ERR_OK) {
		refuse(d, r, c, out, 403, "certificate", err.msg);
		return false;
	}
	pthread_mutex_lock(&d->lock);
	rc = d->store->ops->device_by_cert(d->store, c->peer.cert_sha256, &c->device, &err);
	pthread_mutex_unlock(&d->lock);
	c->registered = rc == ERR_OK;
	if (rc != ERR_OK && rc != ERR_ABSENT) {
		later(d, r, c, out, &err);
		return false;
	}
	if (rc == ERR_ABSENT && device_tls_provisional(r->tls, &c->peer, &err) != ERR_OK) {
		refuse(d, r, c, out, 403, "certificate", err.msg);
		return false;
	}
	return judge(d, r, c, body_len, out);
}

static void
end(void *arg, void *state)
{
	struct caller *c = state;

	(void)arg;
	store_device_clear(&c->device);
	free(c);
}

/* --- requests ----------------------------------------------------------------------------------- */

static void
do_time(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	const char *nonce = http_query(r, "nonce");
	uint8_t bytes[TIME_LEN], n[TIME_NONCE];
	struct err err;

	if (nonce == NULL || !hex_get(nonce, strlen(nonce), n, TIME_NONCE)) {
		refuse(d, r, c, out, 400, "nonce", "nonce=32 hex digits is needed");
		return;
	}
	if (time_make(clock_now_s(d->conf.clock), n, d->conf.receipt_key, bytes, &err) != ERR_OK) {
		later(d, r, c, out, &err);
		return;
	}
	bytes_answer(out, bytes, TIME_LEN);
}

static void
do_keyring(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	const char *have = http_header(r, "If-None-Match");
	struct chain_hash hash;
	char hex[65], tag[70];
	enum err_code rc;

	devices_refresh(d);
	pthread_mutex_lock(&d->lock);
	bytes_answer(out, d->ring.data, d->ring.len);
	pthread_mutex_unlock(&d->lock);
	if (out->body.len == 0) {
		refuse(d, r, c, out, 503, "later", "the centre has no key ring yet");
		retry_after(out);
		return;
	}
	chain_h("ring", out->body.data, out->body.len, &hash);
	hex_str(hash.bytes, 32, hex);
	snprintf(tag, sizeof(tag), "\"%s\"", hex);
	out->type = "text/plain; charset=us-ascii";
	rc = http_add(out, "ETag", tag, NULL);
	if (rc == ERR_OK && have != NULL && strcmp(have, tag) == 0) {
		buf_reset(&out->body);
		out->status = 304;
	}
}

static void
do_state(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	const char *lane = http_query(r, "lane"), *epoch = http_query(r, "epoch");
	uint8_t bytes[RECEIPT_LEN], wanted[16];
	struct err err;
	enum err_code rc;
	int64_t n;

	if (lane == NULL || !num_i64(lane, strlen(lane), 0, 1, &n)
	    || (epoch != NULL && !hex_get(epoch, strlen(epoch), wanted, 16))) {
		refuse(d, r, c, out, 400, "query", "lane=0 or 1 is needed, epoch=32 hex digits may be given");
		return;
	}
	pthread_mutex_lock(&d->lock);
	rc = d->store->ops->receipt_newest(d->store, c->device.id, (int)n, epoch != NULL ? wanted : NULL, bytes, &err);
	pthread_mutex_unlock(&d->lock);
	if (rc == ERR_OK)
		bytes_answer(out, bytes, RECEIPT_LEN);
	else if (rc == ERR_ABSENT)
		out->status = 204;
	else
		later(d, r, c, out, &err);
}

/* A batch's answer, from what the writer decided. */
static void
batch_answer(struct devices *d, const struct http_request *r, const struct caller *c, const struct intake_batch *b,
    struct http_response *out)
{
	char line[80];

	switch (b->result) {
	case INTAKE_KEPT:
	case INTAKE_AGAIN:
		bytes_answer(out, b->receipt, RECEIPT_LEN);
		return;
	case INTAKE_WANT:
		snprintf(line, sizeof(line), "code=want want=%llu\n", (unsigned long long)b->want);
		http_plain(out, 409, line);
		return;
	case INTAKE_FORK:
		http_plain(out, 409, "code=fork another record stands at this place of the chain\n");
		return;
	case INTAKE_REVOKED:
		answer_revoked(d, r, c, out);
		return;
	case INTAKE_BAD:
		refuse(d, r, c, out, 422, "record", b->why.msg);
		return;
	case INTAKE_LATER:
		later(d, r, c, out, &b->why);
		return;
	}
}

static void
do_batch(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	struct intake_batch b = { .bytes = r->body->data, .len = r->body->len };
	struct err err = { 0 };
	char id[33];
	enum err_code rc;

	rc = batch_head_read(b.bytes, b.len, &b.h, &err);
	if (rc != ERR_OK) {
		refuse(d, r, c, out, rc == ERR_LIMIT ? 413 : 400, "batch", err.msg);
		return;
	}
	if (memcmp(b.h.device, c->device.id, 16) != 0) {
		refuse(d, r, c, out, 422, "device", "the batch is another device's than the certificate");
		return;
	}
	if (!batch_head_signed(b.bytes, b.len, c->device.sign_key)) {
		refuse(d, r, c, out, 422, "signature", "the batch is not signed by this device's key");
		return;
	}
	rc = intake_check(&b, &err);
	if (rc != ERR_OK) {
		if (rc == ERR_NOMEM)
			later(d, r, c, out, &err);
		else
			refuse(d, r, c, out, 422, "chain", err.msg);
		intake_clear(&b);
		return;
	}
	intake_submit(d->conf.writer, &b);
	atomic_fetch_add(&d->by_result[b.result], 1);
	if (b.result == INTAKE_KEPT) {
		atomic_fetch_add(&d->records, b.h.n);
		atomic_fetch_add(&d->bytes, b.len);
	}
	batch_answer(d, r, c, &b, out);
	hex_str(c->device.id, 16, id);
	log_event("aggregator", "device=%s site=%s lane=%d a=%llu records=%u bytes=%zu result=%s status=%u", id,
	    c->device.site, b.h.lane, (unsigned long long)b.h.a, b.h.n, b.len, result_words[b.result], out->status);
	intake_clear(&b);
}

/* The row of a box that asks again: its answer was lost, or somebody typed the invitation twice. It has proved both its
 * keys, so nothing hangs on the code, which may be used up. *KNOWN: it is there; ERR_DENIED: it may not go on. */
static enum err_code
asked_before(struct devices *d, const struct store_device *asks, bool *known, struct err *err)
{
	struct store_device row = { .site = "" };
	enum err_code rc = d->store->ops->device_get(d->store, asks->id, &row, err);

	*known = rc == ERR_OK;
	if (rc == ERR_ABSENT)
		return ERR_OK;
	if (rc == ERR_OK && row.state == STORE_REVOKED)
		rc = err_set(err, ERR_DENIED, "this box was revoked: it comes back with new keys (candour site rekey)");
	else if (rc == ERR_OK && strcmp(row.site, asks->site) != 0)
		rc = err_set(err, ERR_DENIED, "this box is known here as %s: as another site it needs new keys", row.site);
	store_device_clear(&row);
	return rc;
}

static void
do_enrol(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	struct store_device row = { .state = STORE_PENDING };
	struct enrol_request q;
	char id[33], finger[20], tag[ENROL_TAG + 1] = "";
	uint8_t hash[32];
	bool known = false;
	struct err err = { 0 };
	enum err_code rc = enrol_request_read(r->body->data, r->body->len, &q, &err);

	if (rc == ERR_OK && (q.spki_len != c->peer.spki_len || memcmp(q.spki, c->peer.spki, q.spki_len) != 0))
		rc = err_set(&err, ERR_DENIED, "enrolment: another TLS key than this connection's");
	if (rc != ERR_OK) {
		refuse(d, r, c, out, rc == ERR_DENIED ? 403 : 400, "enrolment", err.msg);
		return;
	}
	chain_device_id(q.sign_key, q.spki, q.spki_len, row.id);
	memcpy(row.site, q.site, sizeof(row.site));
	memcpy(row.sign_key, q.sign_key, 32);
	memcpy(row.spki, q.spki, q.spki_len);
	row.spki_len = (uint32_t)q.spki_len;
	row.has_succeeds = q.has_succeeds;
	memcpy(row.succeeds, q.succeeds, 16);
	snprintf(row.address, sizeof(row.address), "%s", r->peer);
	memcpy(tag, q.code, ENROL_TAG);
	enrol_code_hash(q.code, hash);
	pthread_mutex_lock(&d->lock);
	rc = asked_before(d, &row, &known, &err);
	if (rc == ERR_OK && !known)
		rc = d->store->ops->enrol(d->store, &row, tag, hash, clock_now_s(d->conf.clock), &err);
	pthread_mutex_unlock(&d->lock);
	if (rc == ERR_DENIED) {
		refuse(d, r, c, out, 401, "code", err.msg);
		return;
	}
	if (rc != ERR_OK && rc != ERR_EXISTS) {
		later(d, r, c, out, &err);
		return;
	}
	hex_str(row.id, 16, id);
	chain_fingerprint(row.id, finger);
	http_plain(out, 202, "code=wait\n");
	log_event("aggregator", "enrol=asked site=%s device=%s fingerprint=%s from=%s%s", row.site, id, finger, r->peer,
	    known || rc == ERR_EXISTS ? " again=yes" : "");
}

/* A box asks whether it was approved; it is known by its keys. */
static void
do_enrolled(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	const char *text = http_query(r, "device");
	struct store_device row = { .site = "" };
	struct err err = { 0 };
	uint8_t id[16];
	enum err_code rc;

	if (text == NULL || !hex_get(text, strlen(text), id, 16)) {
		refuse(d, r, c, out, 400, "query", "device=32 hex digits is needed");
		return;
	}
	pthread_mutex_lock(&d->lock);
	rc = d->store->ops->device_get(d->store, id, &row, &err);
	pthread_mutex_unlock(&d->lock);
	if (rc == ERR_ABSENT || (rc == ERR_OK && (row.spki_len != c->peer.spki_len
	    || memcmp(row.spki, c->peer.spki, row.spki_len) != 0))) {
		refuse(d, r, c, out, 410, "over", "no enrolment of this box is waiting");
	} else if (rc != ERR_OK) {
		later(d, r, c, out, &err);
	} else if (row.state == STORE_REVOKED) {
		refuse(d, r, c, out, 403, "refused", "the centre refused this box");
	} else if (row.state == STORE_PENDING || row.cert_pem == NULL) {
		http_plain(out, 202, "code=wait\n");
	} else {
		http_plain(out, 200, row.cert_pem);
	}
	store_device_clear(&row);
}

static void
do_bundle(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	enum bundle_kind kind = bundle_kind_of(r->path + 11);
	const char *after = http_query(r, "after"), *range = http_header(r, "Range");
	int64_t n = 0, from = 0;
	uint8_t target[16];
	uint32_t serial = 0;
	struct err err;
	struct buf bytes;
	char text[64];
	enum err_code rc;

	if (kind == 0 || (after != NULL && !num_i64(after, strlen(after), 0, UINT32_MAX, &n))) {
		refuse(d, r, c, out, 404, "path", "bundles are forms, settings, notices and revoke");
		return;
	}
	bundle_site_target(c->device.site, target);
	buf_init(&bytes, BUNDLE_MAX);
	pthread_mutex_lock(&d->lock);
	rc = d->store->ops->bundle_get(d->store, kind, c->device.id, target, (uint32_t)n, &serial, &bytes, &err);
	pthread_mutex_unlock(&d->lock);
	if (rc == ERR_ABSENT) {
		out->status = 204;
	} else if (rc != ERR_OK) {
		later(d, r, c, out, &err);
	} else {
		if (range != NULL && strncmp(range, "bytes=", 6) == 0 && strlen(range) > 7
		    && num_i64(range + 6, strlen(range) - 7, 0, (int64_t)bytes.len - 1, &from)
		    && range[strlen(range) - 1] == '-') {
			bytes_answer(out, bytes.data + from, bytes.len - (size_t)from);
			snprintf(text, sizeof(text), "bytes %lld-%zu/%zu", (long long)from, bytes.len - 1, bytes.len);
			out->status = 206;
			rc = http_add(out, "Content-Range", text, &err);
		} else {
			bytes_answer(out, bytes.data, bytes.len);
		}
	}
	buf_free(&bytes);
}

static bool
log_question(const struct http_request *r, struct logtree_question *q)
{
	const char *log_id = http_query(r, "log"), *leaf = http_query(r, "leaf"), *day = http_query(r, "day");
	const char *after = http_query(r, "after");
	int64_t on, from;

	if (log_id == NULL || leaf == NULL || day == NULL || after == NULL
	    || !hex_get(log_id, strlen(log_id), q->log_id, 16) || !hex_get(leaf, strlen(leaf), q->leaf, 32)
	    || !num_i64(day, strlen(day), 1, UINT32_MAX, &on) || !num_i64(after, strlen(after), 0, on - 1, &from))
		return false;
	q->day = (uint32_t)on;
	q->after = (uint32_t)from;
	return true;
}

/* That a receipt is under the signed root of its day. */
static void
do_root(struct devices *d, const struct http_request *r, const struct caller *c, struct http_response *out)
{
	struct logtree_question q = { .day = 0 };
	struct err err = { 0 };
	struct buf proof;
	enum err_code rc;
	bool closed;

	if (!log_question(r, &q)) {
		refuse(d, r, c, out, 400, "query", "log=32 hex digits, day, leaf=64 hex digits and after, a day before it, "
		    "are needed");
		return;
	}
	buf_init(&proof, LOGPROOF_MAX);
	rc = logshow_ask(d->log, &q, &closed, &proof, &err);
	if (rc == ERR_ABSENT)
		refuse(d, r, c, out, 404, "absent", err.msg);
	else if (rc != ERR_OK)
		later(d, r, c, out, &err);
	else if (!closed)
		out->status = 204;
	else
		bytes_answer(out, proof.data, proof.len);
	buf_free(&proof);
}

static void
handle(void *arg, const struct http_request *r, struct http_response *out)
{
	struct devices *d = arg;
	const struct caller *c = r->state;
	bool post = strcmp(r->method, "POST") == 0;

	if (strcmp(r->path, "/v1/time") == 0 && !post)
		do_time(d, r, c, out);
	else if (strcmp(r->path, "/v1/keyring") == 0 && !post)
		do_keyring(d, r, c, out);
	else if (strcmp(r->path, "/v1/state") == 0 && !post)
		do_state(d, r, c, out);
	else if (strcmp(r->path, "/v1/batch") == 0 && post)
		do_batch(d, r, c, out);
	else if (strcmp(r->path, "/v1/enrol") == 0)
		(post ? do_enrol : do_enrolled)(d, r, c, out);
	else if (strncmp(r->path, "/v1/bundle/", 11) == 0 && !post)
		do_bundle(d, r, c, out);
	else if (strcmp(r->path, "/v1/root") == 0 && !post)
		do_root(d, r, c, out);
	else
		refuse(d, r, c, out, 405, "method", "not this method at this path");
}

/* --- life --------------------------------------------------------------------------------------- */

static bool
say(void *arg, const char *text)
{
	return device_tls_say(((struct devices *)arg)->tls, text);
}

static void
tls_hook(void *arg, void *session)
{
	device_tls_hook(((struct devices *)arg)->tls, session);
}

void
devices_refresh(struct devices *d)
{
	struct keyring *ring = NULL;
	struct buf text;
	struct err err;
	unsigned serial = 0;

	buf_init(&text, KEYRING_MAX);
	pthread_mutex_lock(&d->lock);
	if (file_read(d->conf.ring_path, &text, &err) == ERR_OK && (text.len != d->ring.len
	    || memcmp(text.data, d->ring.data, text.len) != 0)) {
		if (keyring_parse(buf_str(&text), text.len, &ring, &err) == ERR_OK) {
			buf_reset(&d->ring);
			buf_put(&d->ring, text.data, text.len);
			atomic_store(d->conf.ring_serial, ring->serial);
			log_event("aggregator", "keyring=read serial=%u", ring->serial);
		} else {
			log_err("aggregator", "keyring", &err);
		}
		keyring_free(ring);
	}
	if (d->store->ops->bundle_serial(d->store, &serial, &err) == ERR_OK)
		atomic_store(d->conf.bundle_serial, serial);
	pthread_mutex_unlock(&d->lock);
	buf_free(&text);
	logshow_rest(d->log);
}

struct released {
	struct store_aside *asides;
	size_t n;
};

static enum err_code
on_aside(void *arg, const struct store_aside *a, struct err *err)
{
	struct released *r = arg;
	struct store_aside *more;

	if (strcmp(a->why, "released") != 0)
		return ERR_OK;
	more = realloc(r->asides, (r->n + 1) * sizeof(*more));
	if (more == NULL)
		return err_nomem(err);
	r->asides = more;
	more[r->n++] = *a;
	return ERR_OK;
}

/* One released batch: its signature and chain are judged as if it came in now. */
static enum err_code
take_released(struct devices *d, const struct store_aside *a, struct intake_batch *b, struct buf *bytes, struct err *err)
{
	struct store_device device = { .site = "" };
	enum err_code rc;

	pthread_mutex_lock(&d->lock);
	rc = d->store->ops->aside_get(d->store, a->device, a->id, bytes, err);
	if (rc == ERR_OK)
		rc = d->store->ops->device_get(d->store, a->device, &device, err);
	pthread_mutex_unlock(&d->lock);
	b->bytes = bytes->data;
	b->len = bytes->len;
	b->released = true;
	if (rc == ERR_OK)
		rc = batch_head_read(b->bytes, b->len, &b->h, err);
	if (rc == ERR_OK && (memcmp(b->h.device, a->device, 16) != 0
	    || !batch_head_signed(b->bytes, b->len, device.sign_key)))
		rc = err_set(err, ERR_DENIED, "the batch is not signed by this device's key");
	if (rc == ERR_OK)
		rc = intake_check(b, err);
	if (rc == ERR_OK)
		intake_submit(d->conf.writer, b);
	store_device_clear(&device);
	return rc;
}

void
devices_release(struct devices *d)
{
	struct released r = { NULL, 0 };
	struct err err = { 0 };
	enum err_code rc;

	pthread_mutex_lock(&d->lock);
	rc = d->store->ops->aside_each(d->store, on_aside, &r, &err);
	pthread_mutex_unlock(&d->lock);
	for (size_t i = 0; i < r.n && rc == ERR_OK; i++) {
		struct intake_batch b = { .len = 0 };
		struct buf bytes;
		char id[33];

		buf_init(&bytes, BATCH_MAX);
		rc = take_released(d, &r.asides[i], &b, &bytes, &err);
		if (rc == ERR_OK && (b.result == INTAKE_KEPT || b.result == INTAKE_AGAIN)) {
			pthread_mutex_lock(&d->lock);
			rc = d->store->ops->aside_done(d->store, r.asides[i].device, r.asides[i].id, &err);
			pthread_mutex_unlock(&d->lock);
		}
		hex_str(r.asides[i].device, 16, id);
		if (rc == ERR_OK)
			log_event("aggregator", "released=%s device=%s records=%u", result_words[b.result], id, b.h.n);
		intake_clear(&b);
		buf_free(&bytes);
	}
	if (rc != ERR_OK)
		log_err("aggregator", "release", &err);
	free(r.asides);
}

enum err_code
devices_start(const struct devices_conf *conf, struct devices **out, struct err *err)
{
	struct devices *d = calloc(1, sizeof(*d));
	struct http_conf http = { .name = "aggregator", .listen = conf->listen, .listen_fd = conf->listen_fd,
	    .cert_pem = conf->cert_pem, .key_pem = conf->key_pem,
	    .priorities = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA",
	    .threads = conf->threads, .connections = CONNECTIONS, .per_address = conf->per_address,
	    .body_max = BATCH_MAX, .tls_hook = tls_hook, .say = say, .begin = begin, .handle = handle, .end = end };
	enum err_code rc;

	*out = NULL;
	if (d == NULL)
		return err_nomem(err);
	d->conf = *conf;
	http.arg = d;
	pthread_mutex_init(&d->lock, NULL);
	buf_init(&d->ring, KEYRING_MAX);
	rc = device_tls_new(conf->ca_pem, &d->tls, err);
	if (rc == ERR_OK)
		rc = store_open(conf->store, false, &d->store, err);
	if (rc == ERR_OK)
		rc = logshow_new(d->conf.store, d->conf.clock, &d->log, err);
	if (rc == ERR_OK) {
		devices_refresh(d);
		rc = http_start(&http, &d->http, err);
	}
	if (rc != ERR_OK) {
		devices_stop(d);
		return rc;
	}
	*out = d;
	return ERR_OK;
}

uint16_t
devices_port(const struct devices *d)
{
	return http_port(d->http);
}

void
devices_stop(struct devices *d)
{
	if (d == NULL)
		return;
	http_stop(d->http);
	store_close(d->store);
	logshow_free(d->log);
	device_tls_free(d->tls);
	buf_free(&d->ring);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void
devices_metrics(struct devices *d, struct buf *out)
{
	uint64_t records = 0, devices = 0, aside = 0;
	size_t len;
	struct err err;
	enum err_code rc;

	metric_head(out, "candour_batches_total", METRIC_COUNTER, "Batches that were answered, by what became of them.");
	for (size_t i = 0; i <= INTAKE_LATER; i++)
		buf_printf(out, "candour_batches_total{result=\"%s\"} %llu\n", result_words[i],
		    (unsigned long long)atomic_load(&d->by_result[i]));
	metric_one(out, "candour_records_total", METRIC_COUNTER, "Records that were newly kept.", atomic_load(&d->records));
	metric_one(out, "candour_batch_bytes_total", METRIC_COUNTER, "Bytes of batches.", atomic_load(&d->bytes));
	metric_one(out, "candour_requests_refused_total", METRIC_COUNTER, "Requests of devices that were refused.",
	    atomic_load(&d->refused));
	metric_one(out, "candour_handshakes_refused_total", METRIC_COUNTER, "Connections without an acceptable certificate.",
	    device_tls_refused(d->tls));
	pthread_mutex_lock(&d->lock);
	len = out->len;
	rc = d->store->ops->counts(d->store, &records, &devices, &aside, &err);
	if (rc == ERR_OK) {
		metric_one(out, "candour_records_kept", METRIC_GAUGE, "Records in the store.", records);
		metric_one(out, "candour_devices", METRIC_GAUGE, "Boxes that have delivered.", devices);
		metric_one(out, "candour_quarantine_bytes", METRIC_GAUGE, "Bytes that were put aside.", aside);
		rc = metrics_boxes(d->store, clock_now_s(d->conf.clock), out, &err);
	}
	pthread_mutex_unlock(&d->lock);
	/* Nothing rather than zeros: an alarm on a value must not read them as one. */
	if (rc != ERR_OK) {
		log_err("aggregator", "metrics", &err);
		buf_truncate(out, len);
	}
	metric_one(out, "candour_store_up", METRIC_GAUGE, "1: the store answers.", rc == ERR_OK);
}
