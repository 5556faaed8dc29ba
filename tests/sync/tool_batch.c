/* tool_batch SITE_DIR: for tests, the next batch of lane 0 (what has no receipt yet), signed, to stdout.
 * tool_batch SITE_DIR receipt FILE: take a receipt into the outbox as candour-sync does, unverified. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "collector/keyfile.h"
#include "collector/outbox.h"
#include "sync/batch.h"
#include "sync/receipt.h"

static struct err err;

static void
die(const char *what)
{
	fprintf(stderr, "tool_batch: %s: %s\n", what, err.msg);
	exit(1);
}

static void
take(struct outbox *ob, const char *path)
{
	struct receipt r;
	struct chain_hash link;
	struct buf b;

	buf_init(&b, 4096);
	if (file_read(path, &b, &err) != ERR_OK || receipt_read(b.data, b.len, &r, &err) != ERR_OK)
		die(path);
	memcpy(link.bytes, r.link, 32);
	if (outbox_receipt(ob, 0, r.epoch, r.b, &link, b.data, b.len, time(NULL) / 86400, &err) != ERR_OK)
		die("receipt");
	buf_free(&b);
}

int
main(int argc, char **argv)
{
	struct outbox_span span = { .n = 0 };
	struct batch_header h = { .lane = 0 };
	struct outbox *ob = NULL;
	struct outbox_lane lane;
	struct seal_key *key = NULL;
	uint8_t head[BATCH_HEAD];
	char path[1000];

	if (argc < 2)
		return 2;
	snprintf(path, sizeof(path), "%s/site.db", argv[1]);
	if (outbox_open(path, OUTBOX_SYNC, &ob, &err) != ERR_OK)
		die(path);
	if (argc == 4) {
		take(ob, argv[3]);
		outbox_close(ob);
		return 0;
	}
	snprintf(path, sizeof(path), "%s/keys/device.key", argv[1]);
	if (outbox_lane(ob, 0, &lane, &err) != ERR_OK || outbox_device(ob, h.device, &err) != ERR_OK
	    || outbox_read(ob, 0, lane.acked_seq + 1, BATCH_RECORDS, BATCH_BYTES, &span, &err) != ERR_OK
	    || keyfile_load(path, KEY_DEVICE, NULL, NULL, &key, &err) != ERR_OK)
		die(path);
	memcpy(h.epoch, span.epoch, 16);
	h.a = span.a;
	h.n = span.n;
	memcpy(h.prev, span.before.bytes, 32);
	memcpy(h.last, span.last.bytes, 32);
	h.time = (uint64_t)time(NULL);
	h.body_len = (uint32_t)span.bytes.len;
	if (batch_head_make(&h, key, head, &err) != ERR_OK)
		die("sign");
	fwrite(head, 1, sizeof(head), stdout);
	fwrite(span.bytes.data, 1, span.bytes.len, stdout);
	outbox_span_clear(&span);
	seal_key_free(key);
	outbox_close(ob);
	return 0;
}
