/* Any bytes: the reader of "key = value" files never crashes, and what it hands on has the promised form. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum err_code
see(void *arg, const struct ini_item *it, struct err *err)
{
	int *last = arg;

	(void)err;
	assert(it->line > 0 && it->line >= *last);
	*last = it->line;
	if (it->key != NULL) {
		assert(it->key[0] >= 'a' && it->key[0] <= 'z');
		assert(strpbrk(it->key, " \t\n=.[]#") == NULL);
		assert(strchr(it->value, '\n') == NULL);
	}
	return ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = { 0 };
	int last = 0;

	if (ini_read("f", (const char *)data, len, see, &last, &err) != ERR_OK)
		assert(strncmp(err.msg, "f:", 2) == 0);
	return 0;
}
