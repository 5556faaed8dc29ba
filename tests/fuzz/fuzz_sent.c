/* Settings that the centre sends, any bytes: what is taken lies within kiosk.conf's ranges, and nothing else of kiosk.conf is
 * touched; as the whole payload, and as the text of a settings.conf. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "kiosk/sent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
take(const uint8_t *payload, size_t len)
{
	static char page[] = "page", none[] = "", site[] = "site.db";
	const struct kiosk_conf conf = { .keyboard = page, .numbers = none, .paper_return = none, .site = site, .idle_warn_s = 90,
		.idle_answer_s = 60, .withdraw_days = 60, .threads = 4 };
	struct sent *s = NULL;
	struct err err;
	struct kiosk_conf rest;

	if (sent_read(payload, len, &conf, &s, &err) != ERR_OK) {
		assert(s == NULL && err.msg[0] != '\0');
		return;
	}
	assert(s->conf.idle_warn_s >= 60 && s->conf.idle_warn_s <= 600 && s->conf.idle_answer_s >= 20 && s->conf.idle_answer_s <= 300);
	assert(strcmp(s->conf.keyboard, "page") == 0 || strcmp(s->conf.keyboard, "system") == 0 || strcmp(s->conf.keyboard, "none") == 0);
	assert(strlen(s->conf.numbers) <= 2000 && strlen(s->conf.paper_return) <= 200);
	/* All but the seven is as it was. */
	rest = s->conf;
	rest.keyboard = conf.keyboard;
	rest.numbers = conf.numbers;
	rest.paper_return = conf.paper_return;
	rest.idle_warn_s = conf.idle_warn_s;
	rest.idle_answer_s = conf.idle_answer_s;
	rest.scale_coin = conf.scale_coin;
	rest.paper_key_in = conf.paper_key_in;
	assert(memcmp(&rest, &conf, sizeof(rest)) == 0);
	sent_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char name[] = "settings.conf";
	struct buf b;

	take(data, len);
	buf_init(&b, 1 << 20);
	buf_u16(&b, (uint16_t)strlen(name));
	buf_puts(&b, name);
	buf_u32(&b, (uint32_t)len);
	buf_put(&b, data, len);
	if (b.failed == ERR_OK)
		take(b.data, b.len);
	buf_free(&b);
	return 0;
}
