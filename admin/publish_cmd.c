/* candour indicator publish, candour pull publication: from prepared figures to signed ones, and back to
 * whoever wants to check them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/publish_cmd.h"
#include "admin/web.h"
#include "aggregator/audit_store.h"
#include "aggregator/publication.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "collector/keyring.h"
#include "indicators/conf.h"
#include "indicators/prepare.h"

struct publish {
	const char *conf, *file, *key, *to, *ca, *out;
	int until;
	bool drafts, dry;
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour indicator publish -c indicators.conf --key KEY --to URL [options]\n"
	    "       candour indicator publish FILE --key KEY --to URL [-c indicators.conf] [options]\n\n"
	    "Prepares the next publication (or takes FILE, prepared in the reading room), signs it with the publish\n"
	    "key and posts it to the aggregator's pages. One that was signed before but did not arrive is sent first.\n"
	    "  --until YYYY-MM  also periods up to that month that are not complete yet\n"
	    "  --drafts         also definitions that are not agreed yet (for trying out)\n"
	    "  --out FILE       keep the signed file too\n"
	    "  --dry-run        prepare and show what would be published; sign and post nothing\n"
	    "  --ca FILE        certificates believed for https\n");
	return to == stdout ? 0 : 2;
}

static enum err_code
sign(struct buf *file, const char *key_path, struct publication *p, struct err *err)
{
	struct seal_key *key = NULL;
	uint8_t signature[64];
	enum err_code rc = pub_read(file->data, file->len, p, err);

	if (rc == ERR_OK && p->is_signed)
		return ERR_OK;
	if (rc == ERR_OK)
		rc = keyfile_load(key_path, KEY_PUBLISH, keyfile_ask_terminal, NULL, &key, err);
	if (rc == ERR_OK) {
		rc = seal_sign(key, "publication", p->signed_bytes, p->signed_len, signature, err);
		pub_clear(p);
	}
	if (rc == ERR_OK) {
		pub_sign_line(file, signature);
		rc = buf_check(file, err);
	}
	if (rc == ERR_OK)
		rc = pub_read(file->data, file->len, p, err);
	if (rc == ERR_OK)
		rc = pub_verify(p, seal_key_public(key), err);
	seal_key_free(key);
	return rc;
}

static enum err_code
post(const struct publish *pub, const struct buf *file, struct err *err)
{
	struct web_answer answer;
	char url[1024];
	size_t n = strlen(pub->to);
	enum err_code rc;

	snprintf(url, sizeof(url), "%.*s/v1/publication", (int)(n > 0 && pub->to[n - 1] == '/' ? n - 1 : n), pub->to);
	rc = web_request("POST", url, pub->ca, NULL, file->data, file->len, &answer, err);
	if (rc == ERR_OK && answer.status != 200 && answer.status != 201)
		rc = err_set(err, answer.status == 503 ? ERR_AGAIN : ERR_DENIED, "the aggregator answers %u: %.300s",
		    answer.status, buf_str(&answer.body));
	buf_free(&answer.body);
	return rc;
}

/* Signed bytes go into the facts before they go out, so that a cut between the two is mended by sending the
 * same bytes again. */
static enum err_code
send(const struct publish *pub, struct facts *f, struct buf *file, struct err *err)
{
	struct publication p = {0};
	enum err_code rc = sign(file, pub->key, &p, err);

	if (rc == ERR_OK && f != NULL)
		rc = facts_prepared(f, p.manifest.no, p.manifest.data_rev, p.file_sha256, file->data, file->len, err);
	if (rc == ERR_OK && pub->out != NULL)
		rc = file_write(pub->out, file->data, file->len, 0644, err);
	if (rc == ERR_OK)
		rc = post(pub, file, err);
	if (rc == ERR_OK && f != NULL)
		rc = facts_published(f, p.manifest.no, p.manifest.data_rev, p.file_sha256, file->data, file->len, err);
	if (rc == ERR_OK && f != NULL) {
		char me[AUDIT_TEXT], object[64], detail[AUDIT_TEXT];

		audit_me(me);
		snprintf(object, sizeof(object), "publication %lld", (long long)p.manifest.no);
		snprintf(detail, sizeof(detail), "sha256=%s", p.file_sha256);
		rc = facts_audit(f, clock_now_s(&clock_system), me, "commissioner", "publish", object, detail, err);
	}
	if (rc == ERR_OK)
		printf("publication %lld: %zu rows, signed and stored, sha256 %s\n", (long long)p.manifest.no, p.n_rows,
		    p.file_sha256);
	pub_clear(&p);
	return rc;
}

static enum err_code
prepare(const struct publish *pub, const struct indicators_conf *conf, struct facts *f, struct buf *file,
	struct err *err)
{
	char me[AUDIT_TEXT];
	struct prepare how = { .actor = me, .role = "commissioner", .organisation = conf->organisation, .now = clock_now_s(&clock_system),
	    .until = pub->until, .drafts = pub->drafts };
	struct prepare_report report = {0};
	struct library library = {0};
	struct findings findings;
	struct store *store = NULL;
	struct buf said;
	enum err_code rc;

	audit_me(me);
	buf_init(&said, 4096);
	findings_init(&findings);
	rc = library_read(conf->definitions, &findings, &library, err);
	if (rc == ERR_OK)
		rc = store_open(conf->store, false, &store, err);
	if (rc == ERR_OK)
		rc = prepare_publication(f, &library, store, &how, file, &report, err);
	if (rc == ERR_OK) {
		prepare_report_text(&report, &said);
		printf("%s\n", buf_str(&said));
	}
	buf_free(&said);
	store_close(store);
	library_clear(&library);
	findings_clear(&findings);
	return rc;
}

static enum err_code
publish(const struct publish *pub, const struct indicators_conf *conf, struct facts *f, struct err *err)
{
	struct buf file;
	enum err_code rc = ERR_OK;

	buf_init(&file, PUB_MAX);
	if (f != NULL && !pub->dry) {
		rc = facts_pending(f, &file, err);
		if (rc == ERR_OK && file.len > 0)
			rc = send(pub, f, &file, err);
		if (rc == ERR_DENIED) {
			/* It is stored nowhere, so nobody has seen it: a new one takes its number. */
			fprintf(stderr, "candour indicator publish: one signed before was refused and is prepared "
			    "again: %s\n", err->msg);
			rc = ERR_OK;
		}
		buf_reset(&file);
	}
	if (rc == ERR_OK)
		rc = pub->file != NULL ? file_read(pub->file, &file, err) : prepare(pub, conf, f, &file, err);
	if (rc == ERR_OK && pub->dry && pub->out != NULL)
		rc = file_write(pub->out, file.data, file.len, 0600, err);
	if (rc == ERR_OK && !pub->dry)
		rc = send(pub, f, &file, err);
	buf_free(&file);
	return rc;
}

int
cmd_publish(int argc, char **argv)
{
	struct publish pub = {0};
	struct indicators_conf conf = {0};
	struct facts *f = NULL;
	struct err err = {0};
	enum err_code rc = ERR_OK;

	for (int i = 1; i < argc; i++) {
		const char **where = strcmp(argv[i], "-c") == 0 ? &pub.conf : strcmp(argv[i], "--key") == 0 ? &pub.key
		    : strcmp(argv[i], "--to") == 0 ? &pub.to : strcmp(argv[i], "--ca") == 0 ? &pub.ca
		    : strcmp(argv[i], "--out") == 0 ? &pub.out : NULL;

		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(stdout);
		if (where != NULL && i + 1 < argc)
			*where = argv[++i];
		else if (strcmp(argv[i], "--drafts") == 0)
			pub.drafts = true;
		else if (strcmp(argv[i], "--dry-run") == 0)
			pub.dry = true;
		else if (strcmp(argv[i], "--until") == 0 && i + 1 < argc && prepare_month(argv[i + 1], &pub.until))
			i++;
		else if (argv[i][0] != '-' && pub.file == NULL)
			pub.file = argv[i];
		else
			return usage(stderr);
	}
	if ((pub.conf == NULL && pub.file == NULL) || (!pub.dry && (pub.key == NULL || pub.to == NULL)))
		return usage(stderr);
	if (pub.conf != NULL) {
		rc = config_read(pub.conf, indicators_keys, indicators_n_keys, &conf, &err);
		if (rc == ERR_OK)
			rc = facts_open(conf.facts, &f, &err);
	}
	if (rc == ERR_OK)
		rc = publish(&pub, &conf, f, &err);
	facts_close(f);
	config_clear(indicators_keys, indicators_n_keys, &conf);
	if (rc != ERR_OK)
		fprintf(stderr, "candour indicator publish: %s\n", err.msg);
	return rc == ERR_OK ? 0 : 1;
}

/* --- pull ------------------------------------------------------------------------------------------------ */

static int
pull_usage(FILE *to)
{
	fprintf(to, "usage: candour pull publication --from URL --reader NAME --token-file FILE --ring FILE [--root PIN]\n"
	    "                                [--into DIR] [--ca FILE]\n\n"
	    "Fetches every publication, from the first, and checks form, hashes, chain and signatures; with --into\n"
	    "keeps the files as publication-N.pub. --root is the pin of the organisation's root key.\n");
	return to == stdout ? 0 : 2;
}

struct pull {
	const char *from, *reader, *token_file, *ring, *root, *into, *ca;
};

enum err_code
ring_load(const char *path, const char *root, struct buf *text, struct keyring **out, struct err *err)
{
	struct keyring_pin pin;
	enum err_code rc = file_read(path, text, err);

	if (rc == ERR_OK && root == NULL)
		rc = keyring_parse((const char *)text->data, text->len, out, err);
	else if (rc == ERR_OK) {
		rc = keyring_pin_read(root, &pin, err);
		if (rc == ERR_OK)
			rc = keyring_read((const char *)text->data, text->len, &pin, out, err);
	}
	return rc;
}

/* Number NO, which follows LAST_SHA256. *MORE false: there is none. */
static enum err_code
pull_one(const struct pull *pull, const char *basic, const struct keyring *ring, int64_t no, char last_sha256[65],
	bool *more, struct err *err)
{
	struct publication p = {0};
	struct web_answer answer;
	char url[1024], path[4096];
	enum err_code rc;

	snprintf(url, sizeof(url), "%s/publications/%lld", pull->from, (long long)no);
	rc = web_request("GET", url, pull->ca, basic, NULL, 0, &answer, err);
	*more = rc == ERR_OK && answer.status == 200;
	if (rc == ERR_OK && answer.status != 200 && answer.status != 404)
		rc = err_set(err, ERR_DENIED, "%s answers %u: %.200s", url, answer.status, buf_str(&answer.body));
	if (!*more || rc != ERR_OK)
		goto out;
	rc = pub_read(answer.body.data, answer.body.len, &p, err);
	if (rc == ERR_OK)
		rc = pub_verify_ring(&p, ring, err);
	if (rc == ERR_OK)
		rc = pub_follows(&p, no - 1, last_sha256, err);
	if (rc == ERR_OK && pull->into != NULL) {
		snprintf(path, sizeof(path), "%s/publication-%lld.pub", pull->into, (long long)no);
		rc = file_write(path, answer.body.data, answer.body.len, 0644, err);
	}
	if (rc == ERR_OK) {
		snprintf(last_sha256, 65, "%s", p.file_sha256);
		printf("publication %lld: %zu rows, sha256 %s, good\n", (long long)no, p.n_rows, p.file_sha256);
	}
out:
	pub_clear(&p);
	buf_free(&answer.body);
	return rc;
}

static enum err_code
pull_all(const struct pull *pull, struct err *err)
{
	struct keyring *ring = NULL;
	struct buf basic, text;
	char last[65] = "", *line;
	bool more = true;
	int64_t no = 0;
	enum err_code rc;

	buf_init(&text, KEYRING_MAX);
	buf_init_secret(&basic, 1024);
	buf_printf(&basic, "%s:", pull->reader);
	rc = file_read(pull->token_file, &basic, err);
	if (rc == ERR_OK)
		rc = ring_load(pull->ring, pull->root, &text, &ring, err);
	if (rc == ERR_OK && pull->into != NULL)
		rc = file_mkdirs(pull->into, 0755, err);
	line = rc == ERR_OK ? strpbrk((char *)basic.data, "\r\n") : NULL;
	if (line != NULL)
		buf_truncate(&basic, (size_t)(line - (char *)basic.data));
	while (rc == ERR_OK && more)
		rc = pull_one(pull, buf_str(&basic), ring, ++no, last, &more, err);
	if (rc == ERR_OK)
		printf("%lld publications, chain and signatures good\n", (long long)no - 1);
	keyring_free(ring);
	buf_free(&text);
	buf_free(&basic);
	return rc;
}

int
cmd_pull(int argc, char **argv)
{
	struct pull pull = {0};
	struct err err = {0};

	if (argc < 2 || strcmp(argv[1], "publication") != 0)
		return pull_usage(argc > 1 && strcmp(argv[1], "-h") == 0 ? stdout : stderr);
	for (int i = 2; i < argc; i++) {
		const char **where = strcmp(argv[i], "--from") == 0 ? &pull.from
		    : strcmp(argv[i], "--reader") == 0 ? &pull.reader
		    : strcmp(argv[i], "--token-file") == 0 ? &pull.token_file
		    : strcmp(argv[i], "--ring") == 0 ? &pull.ring : strcmp(argv[i], "--root") == 0 ? &pull.root
		    : strcmp(argv[i], "--into") == 0 ? &pull.into : strcmp(argv[i], "--ca") == 0 ? &pull.ca : NULL;

		if (where == NULL || i + 1 == argc)
			return pull_usage(stderr);
		*where = argv[++i];
	}
	if (pull.from == NULL || pull.reader == NULL || pull.token_file == NULL || pull.ring == NULL)
		return pull_usage(stderr);
	if (pull_all(&pull, &err) != ERR_OK) {
		fprintf(stderr, "candour pull publication: %s\n", err.msg);
		return 1;
	}
	return 0;
}
