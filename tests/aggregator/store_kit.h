/* What the tests and benchmarks of the central store share: a PostgreSQL of our own (postgres.sh), raw SQL beside
 * the store, and rows of a chain made up of numbers, so that each can be told again from where it stands. */
#ifndef TESTS_AGGREGATOR_STORE_KIT_H
#define TESTS_AGGREGATOR_STORE_KIT_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/store.h"
#include "sync/receipt.h"

static char kit_dir[64];
static char kit_url[256];

/* Start a PostgreSQL in a fresh folder; kit_url is where it answers. False: could not. */
static inline bool
kit_start(void)
{
	char command[256];
	FILE *p;
	bool ok;

	snprintf(kit_dir, sizeof(kit_dir), "/tmp/candour-pg-XXXXXX");
	if (mkdtemp(kit_dir) == NULL)
		return false;
	snprintf(command, sizeof(command), "bash tests/aggregator/postgres.sh start %s %ld", kit_dir, (long)getpid());
	p = popen(command, "r");
	if (p == NULL)
		return false;
	ok = fgets(kit_url, sizeof(kit_url), p) != NULL;
	kit_url[strcspn(kit_url, "\n")] = '\0';
	return pclose(p) == 0 && ok && strncmp(kit_url, "postgresql://", 13) == 0;
}

static inline void
kit_stop(void)
{
	char command[256];

	if (kit_dir[0] == '\0')
		return;
	snprintf(command, sizeof(command), "bash tests/aggregator/postgres.sh stop %s; rm -rf %s", kit_dir, kit_dir);
	if (system(command) != 0)
		fprintf(stderr, "could not stop the PostgreSQL in %s\n", kit_dir);
}

/* 16, 32 .. bytes that say WHAT and N, and nothing else says them. */
static inline void
kit_bytes(void *out, size_t len, const char *what, uint64_t n)
{
	uint64_t x = n * 0x9e3779b97f4a7c15u + 1;
	uint8_t *p = out;

	for (; *what != '\0'; what++)
		x = (x ^ (uint8_t)*what) * 0x100000001b3u;
	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (uint8_t)(x >> 32);
	}
}

enum { KIT_BODY = 24 + 1024, KIT_ROWS = 100 };

/* N rows of a chain from sequence SEQ on, and the bytes they point to. */
struct kit_batch {
	struct store_row rows[KIT_ROWS];
	uint8_t header[KIT_ROWS][128], body[KIT_ROWS][KIT_BODY], wraps[KIT_ROWS][160];
	size_t n;
};

static inline void
kit_batch(struct kit_batch *b, const uint8_t device[16], int lane, const uint8_t epoch[16], uint64_t seq, size_t n,
    size_t body_len)
{
	uint64_t chain = (uint64_t)device[0] << 56 | (uint64_t)device[1] << 48 | (uint64_t)epoch[0] << 40
	    | (uint64_t)epoch[1] << 32 | (uint64_t)lane << 31;

	memset(b->rows, 0, sizeof(b->rows));
	b->n = n;
	for (size_t i = 0; i < n; i++) {
		struct store_row *r = &b->rows[i];
		uint64_t at = chain + seq + i;

		memcpy(r->device, device, 16);
		memcpy(r->owner, device, 16);
		memcpy(r->epoch, epoch, 16);
		r->lane = (uint8_t)lane;
		r->seq = seq + i;
		r->kind = r->seq == 1 ? 2 : 0;
		kit_bytes(r->id, 16, "id", at);
		kit_bytes(r->tag, 16, "tag", at);
		kit_bytes(r->leaf, 32, "leaf", at);
		kit_bytes(r->link, 32, "link", at);
		kit_bytes(r->hw, 32, "hw", at);
		kit_bytes(r->hb, 32, "hb", at);
		kit_bytes(b->header[i], 128, "header", at);
		kit_bytes(b->body[i], body_len, "body", at);
		kit_bytes(b->wraps[i], 160, "wraps", at);
		r->header = b->header[i];
		r->nonce_body = b->body[i];
		r->nonce_body_len = body_len;
		r->wraps = b->wraps[i];
		r->n_wraps = r->kind == 0 ? 2 : 0;
	}
}

/* A receipt's bytes as the store sees them: fixed size, its own. */
static inline void
kit_receipt(struct receipt *r, uint8_t bytes[200], uint64_t a, uint64_t b, const uint8_t link[32], uint32_t day,
    uint64_t time)
{
	memset(r, 0, sizeof(*r));
	r->a = a;
	r->b = b;
	r->log_day = day;
	r->time = time;
	memcpy(r->link, link, 32);
	kit_bytes(r->log_id, 16, "log", 1);
	kit_bytes(bytes, 200, "receipt", b * 1000003 + time);
	memcpy(bytes, link, 32);
}

#endif
