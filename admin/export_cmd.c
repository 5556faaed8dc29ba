/* candour export pack, candour verify publication: a publication handed on, and checked by whoever got it. */
#include <stdio.h>
#include <string.h>

#include "admin/commands.h"
#include "admin/publish_cmd.h"
#include "aggregator/pack.h"
#include "base/file.h"

enum { PACK_MAX = 512 << 20 };

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour export pack PUBLICATION --out FILE.zip [--ring FILE [--root PIN]]\n\n"
	    "Packs a signed publication (candour pull publication --into DIR) to hand on: figures as a workbook and as CSV,\n"
	    "what each indicator means, the definitions, the rules for hiding, the signed file itself, hashes of it all, and\n"
	    "a README that says how to cite and how to check it. --ring puts the organisation's key ring beside it, after the\n"
	    "signature was checked with it; --root PIN, and the ring with the organisation's pin. The same publication gives\n"
	    "the same bytes. Nothing is written if anything is wrong.\n");
	return to == stdout ? 0 : 2;
}

static int
verify_usage(FILE *to)
{
	fprintf(to, "usage: candour verify publication --ring FILE [--root PIN] PUBLICATION...\n\n"
	    "Checks form, hashes and signature of each file, and that each one names the file before it. --root is the pin of\n"
	    "the organisation's root key: without it the ring is believed as it is.\n"
	    "Exit status: 0 all good, 1 something is wrong or could not be read.\n");
	return to == stdout ? 0 : 2;
}

static enum err_code
pack(const char *path, const char *to, const char *ring_path, const char *root, struct err *err)
{
	struct publication p = {0};
	struct keyring *ring = NULL;
	struct buf file, text, zip;
	enum err_code rc;

	buf_init(&file, PUB_MAX);
	buf_init(&text, KEYRING_MAX);
	buf_init(&zip, PACK_MAX);
	rc = file_read(path, &file, err);
	if (rc == ERR_OK)
		rc = pub_read(file.data, file.len, &p, err);
	if (rc != ERR_OK)
		err_in(err, "%s", path);
	if (rc == ERR_OK && ring_path != NULL)
		rc = ring_load(ring_path, root, &text, &ring, err);
	if (rc == ERR_OK && ring != NULL && p.is_signed)
		rc = pub_verify_ring(&p, ring, err);
	if (rc == ERR_OK)
		rc = pack_put(&zip, &p, file.data, file.len, ring == NULL ? NULL : &text, err);
	if (rc == ERR_OK)
		rc = file_write(to, zip.data, zip.len, 0644, err);
	if (rc == ERR_OK)
		printf("%s: publication %lld, %zu figures of %zu indicators, signature %s\n", to, (long long)p.manifest.no, p.n_rows,
		    p.manifest.n_definitions, ring == NULL ? "not checked (no --ring)" : "good");
	keyring_free(ring);
	pub_clear(&p);
	buf_free(&file);
	buf_free(&text);
	buf_free(&zip);
	return rc;
}

int
cmd_export(int argc, char **argv)
{
	const char *path = NULL, *to = NULL, *ring = NULL, *root = NULL;
	struct err err = {0};

	if (argc < 2 || strcmp(argv[1], "pack") != 0)
		return usage(argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) ? stdout : stderr);
	for (int i = 2; i < argc; i++) {
		const char **where = strcmp(argv[i], "--out") == 0 ? &to : strcmp(argv[i], "--ring") == 0 ? &ring
		    : strcmp(argv[i], "--root") == 0 ? &root : NULL;

		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(stdout);
		if (where != NULL && i + 1 < argc)
			*where = argv[++i];
		else if (argv[i][0] != '-' && path == NULL)
			path = argv[i];
		else
			return usage(stderr);
	}
	if (path == NULL || to == NULL || (root != NULL && ring == NULL))
		return usage(stderr);
	if (pack(path, to, ring, root, &err) != ERR_OK) {
		fprintf(stderr, "candour export pack: %s\n", err.msg);
		return 1;
	}
	return 0;
}

/* --- verify publication ---------------------------------------------------------------------------------------- */

/* The file at PATH, which comes after number *NO with hash SHA256 (0: it is the first that was given). */
static enum err_code
verify_one(const char *path, const struct keyring *ring, int64_t *no, char sha256[65], struct err *err)
{
	struct publication p = {0};
	struct buf file;
	enum err_code rc;

	buf_init(&file, PUB_MAX);
	rc = file_read(path, &file, err);
	if (rc == ERR_OK)
		rc = pub_read(file.data, file.len, &p, err);
	if (rc == ERR_OK)
		rc = pub_verify_ring(&p, ring, err);
	if (rc == ERR_OK && (*no > 0 || p.manifest.no == 1))
		rc = pub_follows(&p, *no, sha256, err);
	if (rc == ERR_OK) {
		*no = p.manifest.no;
		snprintf(sha256, 65, "%s", p.file_sha256);
		printf("publication %lld: %zu rows, sha256 %s, good\n", (long long)*no, p.n_rows, sha256);
	} else {
		err_in(err, "%s", path);
	}
	pub_clear(&p);
	buf_free(&file);
	return rc;
}

int
verify_publication(int argc, char **argv)
{
	const char *ring_path = NULL, *root = NULL;
	struct keyring *ring = NULL;
	struct err err = {0};
	struct buf text;
	char sha256[65] = "";
	int64_t no = 0;
	int at = 1;
	enum err_code rc;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--ring") == 0 && at + 1 < argc)
			ring_path = argv[++at];
		else if (strcmp(argv[at], "--root") == 0 && at + 1 < argc)
			root = argv[++at];
		else
			return verify_usage(strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0 ? stdout : stderr);
	}
	if (ring_path == NULL || at == argc)
		return verify_usage(stderr);
	buf_init(&text, KEYRING_MAX);
	rc = ring_load(ring_path, root, &text, &ring, &err);
	for (; at < argc && rc == ERR_OK; at++)
		rc = verify_one(argv[at], ring, &no, sha256, &err);
	if (rc == ERR_OK)
		printf("%s\n", root != NULL ? "all good" : "all good, if the key ring is the organisation's (--root PIN)");
	else
		fprintf(stderr, "candour verify publication: %s\n", err.msg);
	keyring_free(ring);
	buf_free(&text);
	return rc == ERR_OK ? 0 : 1;
}
