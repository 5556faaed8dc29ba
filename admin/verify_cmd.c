/* candour verify: prove a site.db from its public parts. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/audit_cmd.h"
#include "admin/commands.h"
#include "admin/publish_cmd.h"
#include "base/codec.h"
#include "collector/verify.h"

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour verify [--pin FILE] [--device ID] [--file] SITE.DB\n"
	    "       candour verify audit [--list] DB [PUBLICATION...]\n"
	    "       candour verify publication --ring FILE [--root PIN] PUBLICATION...\n\n"
	    "Recomputes every hash and link of a care site's store, compares heads, signed heads and receipts, and\n"
	    "says in a sentence each what is wrong. Needs no secret and changes nothing; a copy will do.\n"
	    "--pin FILE (root.pin) also verifies the signatures of receipts; --device compares the device id;\n"
	    "--file has SQLite check every page as well, free ones too (it does so anyway when something is wrong).\n"
	    "Exit status: 0 proved, 1 something is wrong or it could not be read.\n");
	return to == stdout ? 0 : 2;
}

static void
print_finding(void *arg, enum verify_kind kind, const char *sentence)
{
	(void)arg;
	printf("%-9s  %s\n", verify_kind_word(kind), sentence);
}

static void
print_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r  %llu of %llu records%s", (unsigned long long)done, (unsigned long long)total,
		    done == total ? "\r\033[K" : "");
}

static void
print_lane(const struct verify_report *r, unsigned lane)
{
	const struct verify_lane *l = &r->lane[lane];

	printf("%s: %llu record%s kept (%llu erased) in %llu epoch%s, head %llu, acknowledged %llu, unsent %llu, ",
	    lane == 0 ? "answers" : "concerns", (unsigned long long)l->records, l->records == 1 ? "" : "s",
	    (unsigned long long)l->erased,
	    (unsigned long long)l->epochs, l->epochs == 1 ? "" : "s", (unsigned long long)l->head,
	    (unsigned long long)l->acked, (unsigned long long)l->unsent);
	if (l->has_signed_head)
		printf("signed by the device up to %llu\n", (unsigned long long)l->signed_seq);
	else
		printf("no signed head\n");
}

int
cmd_verify(int argc, char **argv)
{
	struct verify_options o = { .found = print_finding, .progress = print_progress };
	struct verify_report r;
	struct keyring_pin pin;
	struct err err = { 0 };
	uint8_t device[16];
	char id[33], fingerprint[20];
	const char *path = NULL;

	if (argc > 1 && strcmp(argv[1], "audit") == 0)
		return verify_audit(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "publication") == 0)
		return verify_publication(argc - 1, argv + 1);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return usage(stdout);
		if (strcmp(argv[i], "--pin") == 0 && i + 1 < argc) {
			if (keyring_pin_read(argv[++i], &pin, &err) != ERR_OK)
				goto failed;
			o.pin = &pin;
		} else if (strcmp(argv[i], "--device") == 0 && i + 1 < argc) {
			i++;
			if (!hex_get(argv[i], strlen(argv[i]), device, sizeof(device))) {
				fprintf(stderr, "candour verify: a device id is 32 hex digits\n");
				return 2;
			}
			o.device = device;
		} else if (strcmp(argv[i], "--file") == 0) {
			o.whole_file = true;
		} else if (argv[i][0] == '-' || path != NULL) {
			return usage(stderr);
		} else {
			path = argv[i];
		}
	}
	if (path == NULL)
		return usage(stderr);
	if (verify_site(path, &o, &r, &err) != ERR_OK)
		goto failed;
	hex_str(r.device, 16, id);
	chain_fingerprint(r.device, fingerprint);
	printf("device %s (%s)%s\n", id, fingerprint, r.has_device_key ? "" : ", public keys not in the file");
	print_lane(&r, 0);
	print_lane(&r, 1);
	if (r.findings == 0)
		printf("proved: every record kept is what was sealed, and none is missing\n");
	else
		printf("NOT proved: %llu finding%s\n", (unsigned long long)r.findings, r.findings == 1 ? "" : "s");
	return r.findings == 0 ? 0 : 1;
failed:
	fprintf(stderr, "candour verify: %s\n", err.msg);
	return 1;
}
