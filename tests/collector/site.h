/* What the tests of the sealed store share: a folder of its own, a ring of keys, a record of some text. */
#ifndef TESTS_COLLECTOR_SITE_H
#define TESTS_COLLECTOR_SITE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/outbox.h"
#include "tests/test.h"

static struct err err;
static char folder[64], db_path[96];

__attribute__((unused)) static void
make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/candour-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(db_path, sizeof(db_path), "%s/site.db", folder);
}

__attribute__((unused)) static void
drop_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

__attribute__((unused)) static const uint8_t device_a[16] = "device-a-------";

/* Keys made from fixed secrets: test keys, in no use anywhere. */
__attribute__((unused)) static struct seal_key *
test_key(enum key_use use, uint8_t n)
{
	struct seal_key *k = NULL;
	uint8_t secret[32];

	memset(secret, n, sizeof(secret));
	ck_ok(seal_key_from(use, secret, &k, &err));
	return k;
}

__attribute__((unused)) static struct seal_recipient
recipient(const struct seal_key *k)
{
	struct seal_recipient to;

	seal_key_id(k, to.id);
	memcpy(to.public_, seal_key_public(k), 32);
	return to;
}

/* Seal TEXT as an instance of lane LANE to the test keys 1 (response or concern) and 2 (escrow, lane 0). */
__attribute__((unused)) static void
seal_text(uint8_t lane, const uint8_t *tag, const char *text, struct sealed_record *out)
{
	struct seal_key *one = test_key(lane == LANE_ANSWERS ? KEY_RESPONSE : KEY_CONCERN, 1);
	struct seal_key *two = test_key(KEY_ESCROW, 2);
	struct seal_recipient to[2] = { recipient(one), recipient(two) };
	struct record_plain plain = { .type = PLAIN_INSTANCE, .content = (const uint8_t *)text, .len = strlen(text) };

	ck_ok(seal_record(to, lane == LANE_ANSWERS ? 2 : 1, lane, device_a, NULL, tag, &plain, out, &err));
	seal_key_free(one);
	seal_key_free(two);
}

/* Keep TEXT in OB. */
__attribute__((unused)) static void
keep_text(struct outbox *ob, const char *text)
{
	struct sealed_record r;

	seal_text(LANE_ANSWERS, NULL, text, &r);
	ck_ok(outbox_put(ob, &r, 20000, &err));
	sealed_record_clear(&r);
}

#endif
