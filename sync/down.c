/* See down.h. */
#include "sync/down.h"

#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "base/log.h"

enum { BUNDLES_A_LOOK = 6 };

void
down_init(struct down *d)
{
	memset(d, 0, sizeof(*d));
	for (int kind = 0; kind <= BUNDLE_REVOKE; kind++)
		buf_init(&d->begun[kind], BUNDLE_MAX);
}

void
down_clear(struct down *d)
{
	for (int kind = 0; kind <= BUNDLE_REVOKE; kind++)
		buf_free(&d->begun[kind]);
}

/* Is B for us, and signed by a publish key? */
static enum err_code
judge_bundle(struct down *d, const struct bundle *b, const uint8_t *bytes, struct err *err)
{
	static const uint8_t everybody[16];
	const struct keyring_key *key = keyring_verifier(d->ring, KEY_PUBLISH, b->key_id);
	uint8_t site[16];

	if (key == NULL || !bundle_signed(bytes, key->public_))
		return err_set(err, ERR_DENIED, "bundle: not signed by a publish key of the key ring");
	bundle_site_target(d->site, site);
	if (memcmp(b->target, d->device, 16) != 0 && (b->kind == BUNDLE_REVOKE
	    || (memcmp(b->target, site, 16) != 0 && memcmp(b->target, everybody, 16) != 0)))
		return err_set(err, ERR_DENIED, "bundle: it is meant for others");
	return ERR_OK;
}

enum err_code
down_take(struct down *d, const struct buf *bytes, struct err *err)
{
	struct bundle b;
	enum err_code rc = bundle_read(bytes->data, bytes->len, &b, err);

	if (rc == ERR_OK)
		rc = judge_bundle(d, &b, bytes->data, err);
	/* The kiosk does not know its site's name: this says which bundles for a site are its own. */
	if (rc == ERR_OK) {
		uint8_t site[16];

		bundle_site_target(d->site, site);
		rc = outbox_meta_put(d->outbox, "site.target", site, sizeof(site), err);
	}
	if (rc == ERR_OK)
		rc = outbox_bundle_put(d->outbox, (uint8_t)b.kind, b.target, b.serial, bytes->data, bytes->len, err);
	if (rc == ERR_OK)
		log_event("sync", "bundle=taken kind=%s serial=%u", bundle_kind_word(b.kind), b.serial);
	return rc == ERR_EXISTS ? ERR_OK : rc;
}

/* The highest serial of KIND that is in force here. */
static uint32_t
bundle_have(struct down *d, enum bundle_kind kind)
{
	uint8_t targets[3][16] = { { 0 } };
	uint32_t best = 0;

	memcpy(targets[1], d->device, 16);
	bundle_site_target(d->site, targets[2]);
	for (int i = 0; i < 3; i++) {
		uint32_t serial = 0;
		struct buf bytes;
		struct err err;

		buf_init(&bytes, BUNDLE_MAX);
		if (outbox_bundle(d->outbox, (uint8_t)kind, targets[i], &serial, &bytes, &err) == ERR_OK && serial > best)
			best = serial;
		buf_free(&bytes);
	}
	return best;
}

/* One that this box cannot take (a withdrawn key, a later version) must not hold up those above it: *AFTER becomes
 * its serial. Not while the ring that may vouch for it is still to come. */
static void
pass_over(struct down *d, enum bundle_kind kind, const struct buf *bytes, uint32_t *after)
{
	uint32_t serial = bytes->len >= BUNDLE_HEAD && memcmp(bytes->data, "CBND", 4) == 0 ? be32(bytes->data + 24) : 0;

	if (serial > *after && d->newest_ring <= d->ring->serial)
		*after = d->passed[kind] = serial;
}

/* From which serial of KIND on there is something to ask for. */
static uint32_t
bundle_after(struct down *d, enum bundle_kind kind)
{
	uint32_t have = bundle_have(d, kind);

	if (d->passed_ring != d->ring->serial) {
		memset(d->passed, 0, sizeof(d->passed));
		d->passed_ring = d->ring->serial;
	}
	return d->passed[kind] > have ? d->passed[kind] : have;
}

/* Ask for a bundle of KIND above *AFTER, from where the last try broke off. What it was the beginning of may have been
 * replaced meanwhile: the whole is verified at its end, and if it does not hold the next try begins anew. *AFTER rises
 * where the next may be asked for: this one was taken, or is passed over. */
static enum err_code
get_bundle(struct down *d, enum bundle_kind kind, uint32_t *after, struct reply *reply, struct err *err)
{
	struct buf *begun = &d->begun[kind];
	char path[64], range[64];
	bool goes_on;
	enum err_code rc;

	snprintf(path, sizeof(path), "/v1/bundle/%s?after=%u", bundle_kind_word(kind), *after);
	snprintf(range, sizeof(range), "Range: bytes=%zu-\r\n", begun->len);
	rc = d->ask(d->arg, path, begun->len > 0 ? range : NULL, reply, err);
	goes_on = reply->status == 206 && begun->len > 0 && reply->from == begun->len;
	if (rc == ERR_OK && (reply->status == 429 || reply->status >= 500))
		rc = err_set(err, ERR_AGAIN, "bundle: the centre answers %u", reply->status);
	if (!goes_on && reply->status != 200 && reply->status != 204 && reply->status != 206)
		return rc;	/* no answer, or not now: what we have may go on yet */
	if (!goes_on)
		buf_reset(begun);
	if (goes_on || reply->status == 200)
		buf_put(begun, reply->body.data, reply->body.len);
	if (rc == ERR_AGAIN && begun->failed == ERR_OK)
		return rc;
	if (rc == ERR_OK && begun->len > 0) {
		rc = buf_check(begun, err);
		if (rc == ERR_OK)
			rc = down_take(d, begun, err);
		if (rc == ERR_OK && bundle_have(d, kind) > *after)
			*after = bundle_have(d, kind);
		if (!goes_on && (rc == ERR_DENIED || rc == ERR_INPUT || rc == ERR_LIMIT))
			pass_over(d, kind, begun, after);
	}
	buf_free(begun);
	buf_init(begun, BUNDLE_MAX);
	return rc;
}

void
down_look(struct down *d, bool forced)
{
	struct reply reply;
	bool all = true, left_off = false;

	if (!forced && (d->newest == 0 || (d->asked && d->newest == d->seen)))
		return;
	reply_init(&reply, BUNDLE_MAX);
	for (int kind = d->next > 0 ? d->next : BUNDLE_FORMS; kind <= BUNDLE_REVOKE && !left_off; kind++) {
		uint32_t after = bundle_after(d, (enum bundle_kind)kind), asked;
		int n = 0;

		/* The newest for everybody, for the site and for this box, one after the other. */
		do {
			struct err err = { 0 };
			enum err_code rc;

			asked = after;
			rc = get_bundle(d, (enum bundle_kind)kind, &after, &reply, &err);
			if (rc != ERR_OK) {
				log_err("sync", "bundle", &err);
				all = rc != ERR_AGAIN && rc != ERR_BROKEN && all;
			}
			left_off = d->give_way(d->arg);
		} while (after > asked && ++n < BUNDLES_A_LOOK && !left_off);
		d->next = after > asked ? kind : kind == BUNDLE_REVOKE ? 0 : kind + 1;
	}
	if (!left_off)
		d->next = 0;
	all = all && !left_off;
	d->refused = 0;
	for (int kind = BUNDLE_FORMS; kind <= BUNDLE_REVOKE; kind++)
		if (d->passed[kind] > d->refused && d->passed[kind] > bundle_have(d, (enum bundle_kind)kind))
			d->refused = d->passed[kind];
	reply_free(&reply);
	d->asked = all;
	d->seen = d->newest;
}
