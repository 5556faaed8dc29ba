/* tool_put SITE_DIR N [TEXT]: for tests, seal and keep N made-up answers (TEXT inside each) in a site's outbox,
 * as the kiosk does. Prints the record ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/codec.h"
#include "collector/keyring.h"
#include "collector/outbox.h"

static struct err err;

static void
die(const char *what)
{
	fprintf(stderr, "tool_put: %s: %s\n", what, err.msg);
	exit(1);
}

int
main(int argc, char **argv)
{
	const char *text = argc > 3 ? argv[3] : "<data><q1>5</q1></data>";
	struct seal_recipient to[RECORD_RECIPIENTS];
	struct keyring *ring = NULL;
	struct keyring_pin pin;
	struct outbox *ob = NULL;
	uint8_t device[16];
	uint32_t serial;
	char path[1000];
	struct buf b;
	size_t n = 0;
	bool stale;

	if (argc < 3)
		return 2;
	buf_init(&b, KEYRING_MAX);
	snprintf(path, sizeof(path), "%s/site.db", argv[1]);
	if (outbox_open(path, OUTBOX_KIOSK, &ob, &err) != ERR_OK || outbox_device(ob, device, &err) != ERR_OK
	    || outbox_ring(ob, &serial, &b, &err) != ERR_OK)
		die(path);
	snprintf(path, sizeof(path), "%s/root.pin", argv[1]);
	if (keyring_pin_read(path, &pin, &err) != ERR_OK || keyring_read(buf_str(&b), b.len, &pin, &ring, &err) != ERR_OK
	    || keyring_recipients(ring, LANE_ANSWERS, time(NULL) / 86400, to, &n, &stale, &err) != ERR_OK)
		die(path);
	for (int i = 0; i < atoi(argv[2]); i++) {
		struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)text, .len = strlen(text) };
		struct sealed_record sealed = { .lane = 0 };
		char hex[33];

		record_plain_time(&plain, &clock_system, 0, CLOCK_SYNCED, NULL);
		if (seal_record(to, n, LANE_ANSWERS, device, NULL, NULL, &plain, &sealed, &err) != ERR_OK
		    || outbox_put(ob, &sealed, time(NULL) / 86400, &err) != ERR_OK)
			die("put");
		hex_str(sealed.id, 16, hex);
		puts(hex);
		sealed_record_clear(&sealed);
	}
	outbox_close(ob);
	keyring_free(ring);
	buf_free(&b);
	return 0;
}
