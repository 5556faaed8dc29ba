/* Any bytes as a definition: no crash; what is refused says why, each finding at a line of the file; of what is accepted the
 * canonical text is a definition with the same hash, and none is weaker than the organisation's policy unless it
 * names a preset. */
#include <stdlib.h>
#include <string.h>

#include "indicators/definition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any table of a definition. */
static enum err_code
give_table(void *arg, const char *name, const char *path, struct buf *out, struct err *err)
{
	(void)arg;
	(void)name;
	(void)path;
	buf_puts(out, "site,stratum,from,until,n,code,kg\nelm,1,2025-04,2025-09,30,gas,0.2\nelm,2,2025-10,,36,oil,0.3\n");
	return buf_check(out, err);
}

static void
check_again(const struct definition *d)
{
	struct definition *again = NULL;
	struct err err = { 0 };

	if (definition_parse("x.ind", buf_str(&d->canonical), d->canonical.len, give_table, NULL, NULL, &again, &err) != ERR_OK
	    || memcmp(again->hash, d->hash, 32) != 0 || strcmp(buf_str(&again->canonical), buf_str(&d->canonical)) != 0)
		abort();
	definition_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct definition *d = NULL;
	struct findings found;
	struct err err = { 0 };
	enum err_code rc;

	findings_init(&found);
	rc = definition_parse("x.ind", (const char *)data, len, give_table, NULL, &found, &d, &err);
	if (rc != ERR_OK && (d != NULL || err.msg[0] == '\0'))
		abort();
	for (size_t i = 0; i < found.n; i++)
		if (strncmp(found.list[i].place, "x.ind:", 6) != 0 || found.list[i].text[0] == '\0')
			abort();
	if (rc == ERR_OK) {
		if (found.errors > 0 || d->id[0] == '\0' || d->n_blocks == 0)
			abort();
		if (d->policy.preset == PRESET_ORGANISATION && strstr(buf_str(&d->canonical), "preset") == NULL
		    && !policy_at_least(&d->policy, &policy_preset_organisation))
			abort();
		check_again(d);
	}
	definition_free(d);
	findings_clear(&found);
	return 0;
}
