/* Enrolment's texts and messages, and signed time. See enrol.h. */
#include "sync/enrol.h"

#include <string.h>

#include "base/codec.h"
#include "base/num.h"

static const char base32_digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool
enrol_site_good(const char *site)
{
	size_t n = strlen(site);

	return n >= 1 && n <= ENROL_SITE_MAX && strspn(site, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

void
enrol_code_new(char code[ENROL_CODE + 1])
{
	for (int i = 0; i < ENROL_CODE; i++)
		code[i] = base32_digits[seal_random_below(32)];
	code[ENROL_CODE] = '\0';
}

void
enrol_code_hash(const char code[ENROL_CODE + 1], uint8_t hash[32])
{
	struct chain_hash h;

	chain_h("invite", code, ENROL_CODE, &h);
	memcpy(hash, h.bytes, 32);
}

void
invite_put(const struct invite *i, struct buf *out)
{
	const char *l = strchr(i->host, ':') != NULL ? "[" : "", *r = *l != '\0' ? "]" : "";

	buf_printf(out, "candour:1:%s%s%s:%u:", l, i->host, r, i->port);
	base32_put(out, i->root, 32);
	buf_printf(out, ":%s:%s", i->code, i->site);
}

/* The next part up to ':' (or the end) into OUT. */
static bool
part(const char **s, const char *end, char *out, size_t room)
{
	const char *stop;
	size_t n;

	if (*s > end)
		return false;
	if (*s < end && **s == '[') {
		stop = memchr(*s, ']', (size_t)(end - *s));
		if (stop == NULL || (stop + 1 < end && stop[1] != ':'))
			return false;
		n = (size_t)(stop - *s) - 1;
		if (n >= room)
			return false;
		memcpy(out, *s + 1, n);
		out[n] = '\0';
		*s = stop + 2;
		return true;
	}
	stop = memchr(*s, ':', (size_t)(end - *s));
	if (stop == NULL)
		stop = end;
	n = (size_t)(stop - *s);
	if (n >= room)
		return false;
	memcpy(out, *s, n);
	out[n] = '\0';
	*s = stop + 1;
	return true;
}

static bool
host_good(const char *host)
{
	for (const char *c = host; *c != '\0'; c++)
		if ((*c < 'a' || *c > 'z') && (*c < 'A' || *c > 'Z') && (*c < '0' || *c > '9')
		    && strchr("-.:_", *c) == NULL)
			return false;
	return *host != '\0';
}

/* Read a code as people type it: either case, I and L as 1, O as 0. */
static bool
code_read(const char *text, char code[ENROL_CODE + 1])
{
	if (strlen(text) != ENROL_CODE)
		return false;
	for (int i = 0; i < ENROL_CODE; i++) {
		char c = text[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		c = c == 'I' || c == 'L' ? '1' : c == 'O' ? '0' : c;
		if (strchr(base32_digits, c) == NULL)
			return false;
		code[i] = c;
	}
	code[ENROL_CODE] = '\0';
	return true;
}

enum err_code
invite_read(const char *text, size_t len, struct invite *out, struct err *err)
{
	const char *s = text, *end = text + len;
	char word[80], root[80], port[8], code[ENROL_CODE + 2];
	struct invite i = { .port = 0 };
	int64_t n;

	while (s < end && (*s == ' ' || *s == '\n' || *s == '\t' || *s == '\r'))
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (!part(&s, end, word, sizeof(word)) || strcmp(word, "candour") != 0)
		return err_set(err, ERR_INPUT, "an invitation begins with candour:1:");
	if (!part(&s, end, word, sizeof(word)) || strcmp(word, "1") != 0)
		return err_set(err, ERR_INPUT, "this invitation is of another version of the program");
	if (!part(&s, end, i.host, sizeof(i.host)) || !host_good(i.host))
		return err_set(err, ERR_INPUT, "invitation: the third part is the centre's host name");
	if (!part(&s, end, port, sizeof(port)) || !num_i64(port, strlen(port), 1, 65535, &n))
		return err_set(err, ERR_INPUT, "invitation: the fourth part is a port, 1 to 65535");
	i.port = (uint16_t)n;
	if (!part(&s, end, root, sizeof(root)) || !base32_get(root, strlen(root), i.root, 32))
		return err_set(err, ERR_INPUT, "invitation: the fifth part is the root key, 52 characters");
	if (!part(&s, end, code, sizeof(code)) || !code_read(code, i.code))
		return err_set(err, ERR_INPUT, "invitation: the sixth part is the code, %d characters", ENROL_CODE);
	if (!part(&s, end, i.site, sizeof(i.site)) || !enrol_site_good(i.site))
		return err_set(err, ERR_INPUT, "invitation: the last part is the site's name");
	if (s <= end)
		return err_set(err, ERR_INPUT, "invitation: something follows the site's name");
	*out = i;
	return ERR_OK;
}

enum err_code
enrol_request_put(const struct enrol_request *r, const struct seal_key *device, struct buf *out, struct err *err)
{
	size_t from = out->len;
	uint8_t sig[64];
	enum err_code rc;

	buf_put(out, "CENR\1\0\0\0", 8);
	buf_put(out, r->code, ENROL_CODE);
	buf_u8(out, (uint8_t)strlen(r->site));
	buf_puts(out, r->site);
	buf_put(out, r->sign_key, 32);
	buf_u8(out, r->has_succeeds ? 1 : 0);
	buf_put(out, r->succeeds, 16);
	buf_u16(out, (uint16_t)r->spki_len);
	buf_put(out, r->spki, r->spki_len);
	rc = buf_check(out, err);
	if (rc == ERR_OK)
		rc = seal_sign(device, "enrol", out->data + from, out->len - from, sig, err);
	if (rc != ERR_OK)
		return rc;
	buf_put(out, sig, 64);
	return buf_check(out, err);
}

enum err_code
enrol_request_read(const uint8_t *p, size_t len, struct enrol_request *out, struct err *err)
{
	struct enrol_request r = { .spki_len = 0 };
	size_t at = 8 + ENROL_CODE, site;
	char code[ENROL_CODE + 1];

	if (len < at + 1 + 1 + 32 + 17 + 2 + 64 || len > ENROL_REQUEST_MAX || memcmp(p, "CENR\1\0\0\0", 8) != 0)
		return err_set(err, ERR_INPUT, "enrolment: not a request of this version (%zu bytes)", len);
	memcpy(code, p + 8, ENROL_CODE);
	code[ENROL_CODE] = '\0';
	if (!code_read(code, r.code))
		return err_set(err, ERR_INPUT, "enrolment: no code");
	site = p[at++];
	if (site > ENROL_SITE_MAX || len - at < site + 32 + 17 + 2 + 64)
		return err_set(err, ERR_INPUT, "enrolment: a site name of %zu characters", site);
	memcpy(r.site, p + at, site);
	if (strlen(r.site) != site || !enrol_site_good(r.site))
		return err_set(err, ERR_INPUT, "enrolment: that is no site name");
	at += site;
	memcpy(r.sign_key, p + at, 32);
	at += 32;
	if (p[at] > 1)
		return err_set(err, ERR_INPUT, "enrolment: succeeds flag %d", p[at]);
	r.has_succeeds = p[at] == 1;
	memcpy(r.succeeds, p + at + 1, 16);
	at += 17;
	r.spki_len = be16(p + at);
	at += 2;
	if (r.spki_len == 0 || r.spki_len > ENROL_SPKI_MAX || len - at != r.spki_len + 64)
		return err_set(err, ERR_INPUT, "enrolment: a TLS key of %zu bytes in %zu", r.spki_len, len - at);
	memcpy(r.spki, p + at, r.spki_len);
	at += r.spki_len;
	if (!seal_verify(r.sign_key, "enrol", p, at, p + at))
		return err_set(err, ERR_DENIED, "enrolment: not signed by the key in it");
	*out = r;
	return ERR_OK;
}

enum err_code
time_make(int64_t now, const uint8_t nonce[TIME_NONCE], const struct seal_key *receipt_key, uint8_t out[TIME_LEN],
    struct err *err)
{
	put_be64(out, (uint64_t)now);
	memcpy(out + 8, nonce, TIME_NONCE);
	seal_key_id(receipt_key, out + 24);
	return seal_sign(receipt_key, "time", out, 32, out + 32, err);
}

void
time_key_id(const uint8_t bytes[TIME_LEN], uint8_t id[8])
{
	memcpy(id, bytes + 24, 8);
}

enum err_code
time_verify(const uint8_t *bytes, size_t len, const uint8_t nonce[TIME_NONCE], const uint8_t receipt_public[32],
    int64_t *now, struct err *err)
{
	if (len != TIME_LEN)
		return err_set(err, ERR_INPUT, "signed time of %zu bytes: %d expected", len, TIME_LEN);
	if (memcmp(bytes + 8, nonce, TIME_NONCE) != 0)
		return err_set(err, ERR_DENIED, "signed time: an answer to another question");
	if (!seal_verify(receipt_public, "time", bytes, 32, bytes + 32))
		return err_set(err, ERR_DENIED, "signed time: the signature is not the aggregator's");
	if (be64(bytes) > (uint64_t)1 << 40)
		return err_set(err, ERR_INPUT, "signed time: a time far from now");
	*now = (int64_t)be64(bytes);
	return ERR_OK;
}
