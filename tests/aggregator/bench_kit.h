/* What the benchmarks of intake share: boxes that seal and sign batches of 100 records of 1 KB, and their way through
 * the aggregator: signature, chain, decision, rows, signed receipt, commit. */
#ifndef TESTS_AGGREGATOR_BENCH_KIT_H
#define TESTS_AGGREGATOR_BENCH_KIT_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/intake.h"
#include "base/clock.h"
#include "collector/seal.h"
#include "tests/aggregator/store_kit.h"

enum { GROUP = 10, RECORDS = 100, CONTENT = 950 };

struct made {
	struct buf bytes;
	struct batch_header h;
};

static struct err err;

static inline void
must(enum err_code rc, const char *what)
{
	if (rc != ERR_OK) {
		fprintf(stderr, "%s: %s: %s\n", what, err_word(rc), err.msg);
		kit_stop();
		exit(1);
	}
}

static inline double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU this process has used so far. */
static inline double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- batches as a device makes them ------------------------------------------------------------ */

struct box {
	struct seal_key *sign, *response, *escrow;
	struct seal_recipient to[2];
	uint8_t id[16], epoch[16];
	struct chain_hash link;
	uint64_t seq;
};

static inline void
make_batch(struct box *box, uint32_t n, struct made *out)
{
	uint8_t content[CONTENT], head[BATCH_HEAD];
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = content, .len = sizeof(content) };
	struct batch_header *h = &out->h;
	struct buf body;

	buf_init(&body, BATCH_BYTES);
	*h = (struct batch_header){ .a = box->seq + 1, .n = n };
	memcpy(h->device, box->id, 16);
	memcpy(h->epoch, box->epoch, 16);
	memcpy(h->prev, box->link.bytes, 32);
	for (uint32_t i = 0; i < n; i++) {
		struct sealed_record sealed = { 0 };
		struct record_epoch opens = { .reason = EPOCH_CREATED };
		struct record r;
		size_t at = body.len;

		kit_bytes(content, sizeof(content), "content", box->seq);
		if (box->seq == 0)
			must(seal_epoch(box->id, 0, &opens, &sealed, &err), "epoch");
		else
			must(seal_record(box->to, 2, 0, box->id, NULL, NULL, &plain, &sealed, &err), "seal");
		buf_u32(&body, 0);
		sealed_record_put(&sealed, &body);
		must(buf_check(&body, &err), "batch");
		body.data[at + 2] = (uint8_t)((body.len - at - 4) >> 8);
		body.data[at + 3] = (uint8_t)(body.len - at - 4);
		must(record_read(body.data + at + 4, body.len - at - 4, &r, &err), "record");
		box->seq++;
		chain_link(&box->link, box->seq, &r.leaf, &box->link);
		sealed_record_clear(&sealed);
	}
	memcpy(h->last, box->link.bytes, 32);
	h->body_len = (uint32_t)body.len;
	must(batch_head_make(h, box->sign, head, &err), "batch head");
	buf_init(&out->bytes, BATCH_MAX);
	buf_put(&out->bytes, head, sizeof(head));
	buf_put(&out->bytes, body.data, body.len);
	must(buf_check(&out->bytes, &err), "batch");
	buf_free(&body);
}

/* --- intake ------------------------------------------------------------------------------------ */

static inline void
intake(struct store *st, struct intake_log *log, const struct box *box, struct made *made, size_t n)
{
	struct intake_batch batches[GROUP], *group[GROUP];

	for (size_t i = 0; i < n; i++) {
		struct intake_batch *b = &batches[i];

		memset(b, 0, sizeof(*b));
		b->bytes = made[i].bytes.data;
		b->len = made[i].bytes.len;
		memcpy(b->device, box->id, 16);
		if (!batch_head_signed(b->bytes, b->len, seal_key_public(box->sign)))
			must(err_set(&err, ERR_DENIED, "signature"), "batch");
		must(batch_head_read(b->bytes, b->len, &b->h, &err), "head");
		must(intake_check(b, &err), "check");
		group[i] = b;
	}
	intake_group(st, log, group, n);
	for (size_t i = 0; i < n; i++) {
		if (batches[i].result != INTAKE_KEPT)
			must(err_set(&err, ERR_BROKEN, "result %d: %s", batches[i].result, batches[i].why.msg), "intake");
		intake_clear(&batches[i]);
	}
}

static inline void
make_box(struct store *st, struct box *box, uint64_t n)
{
	struct store_device d = { 0 };
	uint8_t code[32];
	char tag[8], pem[] = "x";

	memset(box, 0, sizeof(*box));
	must(seal_key_new(KEY_DEVICE, &box->sign, &err), "key");
	must(seal_key_new(KEY_RESPONSE, &box->response, &err), "key");
	must(seal_key_new(KEY_ESCROW, &box->escrow, &err), "key");
	seal_key_id(box->response, box->to[0].id);
	seal_key_id(box->escrow, box->to[1].id);
	memcpy(box->to[0].public_, seal_key_public(box->response), 32);
	memcpy(box->to[1].public_, seal_key_public(box->escrow), 32);
	kit_bytes(box->id, 16, "box", n);
	kit_bytes(box->epoch, 16, "epoch", n);
	chain_genesis(box->id, box->epoch, 0, &box->link);
	memcpy(d.id, box->id, 16);
	memcpy(d.sign_key, seal_key_public(box->sign), 32);
	d.spki_len = 91;
	snprintf(d.site, sizeof(d.site), "meadow");
	kit_bytes(code, 32, "code", n);
	kit_bytes(d.cert_sha256, 32, "cert", n);
	d.cert_pem = pem;
	snprintf(tag, sizeof(tag), "T%d", (int)n);
	must(st->ops->invite(st, "meadow", tag, code, 1700000000, 2000000000, &err), "invite");
	must(st->ops->enrol(st, &d, tag, code, 1700000000, &err), "enrol");
	must(st->ops->approve(st, &d, 1700000000, &err), "approve");
}

static inline void
free_box(struct box *box)
{
	seal_key_free(box->sign);
	seal_key_free(box->response);
	seal_key_free(box->escrow);
}

static inline void
sql(PGconn *c, const char *text)
{
	PGresult *r = PQexec(c, text);

	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_COPY_IN) {
		fprintf(stderr, "%s: %s", text, PQerrorMessage(c));
		kit_stop();
		exit(1);
	}
	PQclear(r);
}

/* N records of a thousand other devices, kept before the run; made by the server itself. */
static inline void
fill(PGconn *c, long n)
{
	char text[1600];
	double t = now_s();

	snprintf(text, sizeof(text), "CREATE TEMPORARY TABLE made AS SELECT decode(md5((i %% 1000)::text), 'hex') AS device, "
	    "decode(md5('r' || i), 'hex') AS id, i / 1000 + 1 AS seq, decode(md5('t' || i), 'hex') AS tag, "
	    "decode(md5('a' || i) || md5('b' || i), 'hex') AS h32 FROM generate_series(0, %ld) AS i", n - 1);
	sql(c, text);
	sql(c, "INSERT INTO record (device, id, kind, lane, tag, header, hw, hb, leaf) SELECT device, id, 0, 0, tag, "
	    "h32 || h32 || h32 || h32, h32, h32, h32 FROM made");
	sql(c, "INSERT INTO body (device, id, nonce_body) SELECT device, id, decode(repeat(encode(h32, 'hex'), 33) || "
	    "'0011223344556677', 'hex') FROM made");
	sql(c, "INSERT INTO wrap (device, id, wraps) SELECT device, id, h32 || h32 || h32 || h32 || h32 FROM made");
	sql(c, "INSERT INTO entry (device, lane, epoch, seq, record_id, leaf, link) SELECT device, 0, device, seq, id, h32, "
	    "h32 FROM made");
	sql(c, "DROP TABLE made");
	sql(c, "CHECKPOINT");
	sql(c, "ANALYZE");
	printf("%ld records kept beforehand, in %.0f s\n", n, now_s() - t);
}

#endif
