/* A focus group that was sent unopened, as draft_recover reads it: any bytes; and a good one with bytes changed, cut off,
 * doubled or exchanged. Only the good one is read to its end, and what is handed on before a fault is found is always
 * what was written, in order: nothing made up, nothing left out, nothing moved. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/draft.h"

enum { LINES = 7, MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct buf good;
static struct seal_key *key, *other;

/* Lines of all lengths: empty, one step, more than one. */
static size_t
line_of(uint32_t n, uint8_t out[2000])
{
	size_t len = n == 1 ? 0 : n * n * 31;

	memset(out, (int)('a' + n), len);
	return len;
}

static void
make_good(void)
{
	char folder[] = "/tmp/candour-fuzz-XXXXXX", path[64], command[100];
	uint8_t secret[32], line[2000];
	struct seal_recipient to;
	struct outbox *ob = NULL;
	struct draft *d = NULL;
	struct err err;
	bool ok;

	memset(secret, 1, sizeof(secret));
	ok = seal_key_from(KEY_RESPONSE, secret, &key, &err) == ERR_OK;
	memset(secret, 2, sizeof(secret));
	ok = ok && seal_key_from(KEY_ESCROW, secret, &other, &err) == ERR_OK && mkdtemp(folder) != NULL;
	if (!ok)
		abort();
	seal_key_id(key, to.id);
	memcpy(to.public_, seal_key_public(key), 32);
	snprintf(path, sizeof(path), "%s/site.db", folder);
	ok = outbox_create(path, (const uint8_t *)"device-a-------", &err) == ERR_OK
	    && outbox_open(path, OUTBOX_KIOSK, &ob, &err) == ERR_OK
	    && draft_new(ob, (const uint8_t *)"form of a group", 20000, "anchor velvet lemon", 19, &to, 1, &d, &err) == ERR_OK;
	for (uint32_t n = 1; ok && n <= LINES; n++)
		ok = draft_add(d, line, line_of(n, line), &err) == ERR_OK;
	buf_init(&good, MAX);
	ok = ok && draft_pack(ob, draft_id(d), &good, &err) == ERR_OK;
	draft_free(d);
	outbox_close(ob);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (!ok || system(command) != 0)
		abort();
}

static enum err_code
see(void *arg, uint32_t n, const uint8_t *line, size_t len, struct err *err)
{
	uint32_t *seen = arg;
	uint8_t want[2000];

	(void)err;
	assert(n == *seen + 1 && n <= LINES);
	assert(len == line_of(n, want) && (len == 0 || memcmp(line, want, len) == 0));
	*seen = n;
	return ERR_OK;
}

static void
recover(const uint8_t *packed, size_t len)
{
	uint32_t seen = 0;
	struct err err;
	enum err_code rc = draft_recover(packed, len, key, see, &seen, &err);

	if (len == good.len && memcmp(packed, good.data, len) == 0)
		assert(rc == ERR_OK && seen == LINES);
	else
		assert(rc == ERR_DENIED || rc == ERR_INPUT || rc == ERR_BROKEN);
	seen = 0;
	rc = draft_recover(packed, len, other, see, &seen, &err);
	assert((rc == ERR_DENIED || rc == ERR_INPUT) && seen == 0);
}

/* Each five bytes of DATA change the good one: what, where, how much. */
static void
change(const uint8_t *data, size_t len)
{
	uint8_t *b = malloc(MAX);
	size_t n = good.len;

	if (b == NULL)
		return;
	memcpy(b, good.data, n);
	for (; len >= 5 && n > 0; data += 5, len -= 5) {
		size_t at = (size_t)(data[1] << 8 | data[2]) % n, some = data[3] % 64;

		switch (data[0] % 4) {
		case 0:			/* one byte */
			b[at] ^= data[4];
			break;
		case 1:			/* cut off */
			n = at;
			break;
		case 2:			/* some bytes taken out */
			some = some > n - at ? n - at : some;
			memmove(b + at, b + at + some, n - at - some);
			n -= some;
			break;
		default:		/* doubled */
			some = some > n - at ? n - at : some;
			if (n + some > MAX)
				break;
			memmove(b + at + some, b + at, n - at);
			n += some;
		}
	}
	recover(b, n);
	free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (good.len == 0)
		make_good();
	if (len > MAX)
		return 0;
	recover(data, len);
	change(data, len);
	return 0;
}
