/* candour verify audit: prove the chain of who did what, alone and against publications that carry its head. */
#include <stdio.h>
#include <string.h>

#include "admin/audit_cmd.h"
#include "aggregator/audit_store.h"
#include "aggregator/publication.h"
#include "base/clock.h"
#include "base/file.h"

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour verify audit [--list] DB [PUBLICATION...]\n\n"
	    "Recomputes every link of the audit in DB (facts.db, pages.db or room.db) and prints its head. With files of\n"
	    "publications (candour pull publication --into DIR) also checks that the head that each carries is in facts.db's\n"
	    "chain: what was done before a publication cannot have been changed after it.\n"
	    "--list prints who did what. Exit status: 0 proved, 1 something is wrong or could not be read.\n");
	return to == stdout ? 0 : 2;
}

static enum err_code
print_entry(void *arg, const struct audit_entry *e, struct err *err)
{
	char when[32];

	(void)arg;
	(void)err;
	time_text(e->at, when);
	printf("%6lld  %s  %-24s %-14s %-18s %s%s%s\n", (long long)e->seq, when, e->actor, e->role, e->verb, e->object,
	    e->detail[0] != '\0' ? "  " : "", e->detail);
	return ERR_OK;
}

/* audit_heads of the publication at PATH: "facts 12 HEX", or "" in publications made before there was an audit. */
static enum err_code
check_publication(sqlite3 *db, const char *path, struct err *err)
{
	struct publication p = {0};
	struct buf file;
	char want[65] = "", have[65];
	long long seq = 0;
	int64_t at;
	enum err_code rc;

	buf_init(&file, PUB_MAX);
	rc = file_read(path, &file, err);
	if (rc == ERR_OK)
		rc = pub_read(file.data, file.len, &p, err);
	if (rc == ERR_OK && p.manifest.audit_heads[0] == '\0') {
		printf("publication %lld: carries no head\n", (long long)p.manifest.no);
	} else if (rc == ERR_OK && sscanf(p.manifest.audit_heads, "facts %lld %64[0-9a-f]", &seq, want) != 2) {
		rc = err_set(err, ERR_INPUT, "audit_heads is not \"facts NUMBER HASH\"");
	} else if (rc == ERR_OK) {
		at = seq;
		rc = audit_head(db, &at, have, err);
		if (rc == ERR_OK && strcmp(want, have) != 0)
			rc = err_set(err, ERR_BROKEN, "entry %lld had the link %.16s.. when it was published, now it has %.16s..", seq, want,
			    have);
		if (rc == ERR_OK)
			printf("publication %lld: its head, entry %lld, is in the chain\n", (long long)p.manifest.no, seq);
	}
	if (rc != ERR_OK)
		err_in(err, "%s", path);
	pub_clear(&p);
	buf_free(&file);
	return rc;
}

int
verify_audit(int argc, char **argv)
{
	sqlite3 *db = NULL;
	struct err err = {0};
	bool list = false;
	char head[65];
	int64_t n = 0;
	int at = 1;
	enum err_code rc;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0)
			return usage(stdout);
		if (strcmp(argv[at], "--list") != 0)
			return usage(stderr);
		list = true;
	}
	if (at == argc)
		return usage(stderr);
	rc = audit_open(argv[at], &db, &err);
	if (rc == ERR_OK && list)
		rc = audit_each(db, print_entry, NULL, &err);
	if (rc == ERR_OK)
		rc = audit_verify(db, &n, head, &err);
	for (int i = at + 1; i < argc && rc == ERR_OK; i++)
		rc = check_publication(db, argv[i], &err);
	if (rc == ERR_OK)
		printf("proved: %lld audit entries, head %s\n", (long long)n, n == 0 ? "(none)" : head);
	else
		fprintf(stderr, "candour verify audit: %s\n", err.msg);
	sqlite3_close(db);
	return rc == ERR_OK ? 0 : 1;
}
