/* For the chain test with PostgreSQL: does at a site what the kiosk does at the end of a visit, again and again:
 * seals made-up text to the ring's recipients and commits it to site.db. A line "will ID" before the commit and
 * "kept ID" after it (the moment of "Thank you"), so that whoever kills this knows what was promised.
 *	tool_give SITE_DIR MS	(a response every MS milliseconds or so, until killed) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/codec.h"
#include "collector/keyring.h"
#include "collector/outbox.h"
#include "collector/seal.h"

struct giver {
	struct outbox *outbox;
	uint8_t device[16];
	struct seal_recipient to[RECORD_RECIPIENTS];
	size_t n_to;
	int64_t today;
};

static enum err_code
open_site(struct giver *g, const char *dir, struct err *err)
{
	struct keyring_pin pin;
	struct keyring *ring = NULL;
	char path[4096];
	struct buf text;
	uint32_t serial;
	bool stale;
	enum err_code rc;

	buf_init(&text, KEYRING_MAX);
	g->today = clock_now_s(&clock_system) / 86400;
	snprintf(path, sizeof(path), "%s/site.db", dir);
	rc = outbox_open(path, OUTBOX_KIOSK, &g->outbox, err);
	if (rc == ERR_OK)
		rc = outbox_check(g->outbox, err);
	if (rc == ERR_OK)
		rc = outbox_device(g->outbox, g->device, err);
	if (rc == ERR_OK)
		rc = outbox_ring(g->outbox, &serial, &text, err);
	snprintf(path, sizeof(path), "%s/root.pin", dir);
	if (rc == ERR_OK)
		rc = keyring_pin_read(path, &pin, err);
	if (rc == ERR_OK)
		rc = keyring_read(buf_str(&text), text.len, &pin, &ring, err);
	if (rc == ERR_OK)
		rc = keyring_recipients(ring, LANE_ANSWERS, g->today, g->to, &g->n_to, &stale, err);
	keyring_free(ring);
	buf_free(&text);
	return rc;
}

static enum err_code
give(struct giver *g, struct err *err)
{
	static const char text[] = "made-up text of a test, as long as a short answer is";
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)text, .len = sizeof(text) - 1 };
	struct sealed_record sealed = { 0 };
	char hex[33];
	enum err_code rc;

	record_plain_time(&plain, &clock_system, 0, CLOCK_UNKNOWN, NULL);
	rc = seal_record(g->to, g->n_to, LANE_ANSWERS, g->device, NULL, NULL, &plain, &sealed, err);
	if (rc == ERR_OK) {
		hex_str(sealed.id, 16, hex);
		printf("will %s\n", hex);
		fflush(stdout);
		rc = outbox_put(g->outbox, &sealed, g->today, err);
	}
	if (rc == ERR_OK) {
		printf("kept %s\n", hex);
		fflush(stdout);
	}
	sealed_record_clear(&sealed);
	return rc;
}

int
main(int argc, char **argv)
{
	struct giver g = { 0 };
	struct err err = { 0 };
	struct timespec pause = { 0 };
	enum err_code rc;

	if (argc != 3) {
		fprintf(stderr, "usage: tool_give SITE_DIR MS\n");
		return 2;
	}
	pause.tv_nsec = strtol(argv[2], NULL, 10) * 1000000;
	rc = open_site(&g, argv[1], &err);
	while (rc == ERR_OK) {
		rc = give(&g, &err);
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "tool_give: %s: %s\n", err_word(rc), err.msg);
	outbox_close(g.outbox);
	return 1;
}
