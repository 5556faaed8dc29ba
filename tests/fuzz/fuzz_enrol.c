/* Any bytes: an invitation that is read is written back so that it reads the same; an enrolment that is read is signed
 * by the key inside and has a good site name. */
#include <assert.h>
#include <string.h>

#include "sync/enrol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct enrol_request q;
	struct invite i, j;
	struct buf text;
	struct err err;

	if (invite_read((const char *)data, len, &i, &err) == ERR_OK) {
		assert(i.port > 0 && enrol_site_good(i.site) && strlen(i.code) == ENROL_CODE && i.host[0] != '\0');
		buf_init(&text, 1024);
		invite_put(&i, &text);
		assert(invite_read(buf_str(&text), text.len, &j, &err) == ERR_OK);
		assert(i.port == j.port && strcmp(i.host, j.host) == 0 && strcmp(i.code, j.code) == 0
		    && strcmp(i.site, j.site) == 0 && memcmp(i.root, j.root, 32) == 0);
		buf_free(&text);
	}
	if (enrol_request_read(data, len, &q, &err) == ERR_OK)
		assert(enrol_site_good(q.site) && q.spki_len > 0 && q.spki_len <= ENROL_SPKI_MAX && len <= ENROL_REQUEST_MAX);
	return 0;
}
