/* tool_record: seal records with known keys and print them in hex, for another implementation to open
 * (open_record.py): lines "name hex". */
#include <stdio.h>
#include <string.h>

#include "base/codec.h"
#include "collector/keyfile.h"
#include "collector/outbox.h"

static void
line(const char *name, const void *data, size_t len)
{
	struct buf b;

	buf_init(&b, 4u << 20);
	hex_put(&b, data, len);
	printf("%s %s\n", name, buf_str(&b));
	buf_free(&b);
}

static int
failed(const struct err *err)
{
	fprintf(stderr, "tool_record: %s\n", err->msg);
	return 1;
}

int
main(void)
{
	static const uint8_t device[16] = "device-of-python";
	static const char *const texts[] = { "", "<data><q1>5</q1></data>" };
	struct seal_key *keys[2] = { NULL, NULL };
	struct seal_recipient to[2];
	uint8_t secret[32], epoch[16], w[32], tag[16];
	static const uint16_t words[4] = { 0, 1, 1024, 2047 };
	struct chain_hash link;
	struct err err = { 0 };
	struct buf wire, big;

	buf_init(&wire, RECORD_WIRE_MAX);
	buf_init_secret(&big, 65536);
	buf_fill(&big, 'z', 40000);
	for (int i = 0; i < 2; i++) {
		memset(secret, 0x41 + i, sizeof(secret));
		if (seal_key_from(i == 0 ? KEY_RESPONSE : KEY_ESCROW, secret, &keys[i], &err) != ERR_OK)
			return failed(&err);
		seal_key_id(keys[i], to[i].id);
		memcpy(to[i].public_, seal_key_public(keys[i]), 32);
		line(i == 0 ? "secret-response" : "secret-escrow", secret, 32);
	}
	memset(epoch, 0x77, sizeof(epoch));
	chain_genesis(device, epoch, LANE_ANSWERS, &link);
	line("device", device, 16);
	line("epoch", epoch, 16);
	for (unsigned i = 0; i < 3; i++) {
		const char *text = i < 2 ? texts[i] : buf_str(&big);
		struct record_plain p = { .type = PLAIN_INSTANCE, .quality = CLOCK_SYNCED, .half_day = 40000 + i,
			.boot_half_day = i, .content = (const uint8_t *)text, .len = strlen(text) };
		struct sealed_record r;
		struct record view;

		memset(p.form, 0x66, 16);
		memset(p.boot, 0x55, 8);
		if (seal_record(to, 2, LANE_ANSWERS, device, NULL, NULL, &p, &r, &err) != ERR_OK)
			return failed(&err);
		buf_reset(&wire);
		sealed_record_put(&r, &wire);
		if (record_read(wire.data, wire.len, &view, &err) != ERR_OK)
			return failed(&err);
		chain_link(&link, i + 1, &view.leaf, &link);
		line("content", text, strlen(text));
		line("wire", wire.data, wire.len);
		line("link", link.bytes, 32);
		sealed_record_clear(&r);
	}
	if (seal_withdraw(device, words, w, &err) != ERR_OK)
		return failed(&err);
	chain_withdraw_tag(w, tag);
	line("w", w, 32);
	line("tag", tag, 16);
	seal_key_free(keys[0]);
	seal_key_free(keys[1]);
	buf_free(&wire);
	buf_free(&big);
	return 0;
}
