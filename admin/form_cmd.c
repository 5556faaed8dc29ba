/* candour form convert|check|preview: questionnaires from spreadsheets to XForm, and what is wrong with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/commands.h"
#include "admin/preview.h"
#include "base/file.h"
#include "base/num.h"
#include "forms/sheet.h"
#include "forms/xlsform.h"
#include "kiosk/group.h"

/* An XForm given as it is comes out as it is. */
enum { XML_MAX = SHEET_FILE_MAX, REPORT_MAX = 4 << 20 };

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour form convert [--root NAME] FILE\n"
	    "       candour form check [--strict] FILE...\n"
	    "       candour form preview [--port N] FILE\n\n"
	    "convert prints the ODK XForm of a questionnaire (.xlsx, multi-sheet .csv or XForm XML); all its\n"
	    "errors at once, each with sheet, row and column, go to standard error.\n"
	    "check says what is wrong or doubtful and how to mend it; --strict fails on warnings too.\n"
	    "preview serves it in the kiosk's own pages on 127.0.0.1; nothing is kept.\n");
	return to == stdout ? 0 : 2;
}

/* Findings (and the message of a file that cannot be read) as lines, to TO. */
static void
report(FILE *to, const char *path, struct findings *found, enum err_code rc, const struct err *err)
{
	struct buf text;

	buf_init(&text, REPORT_MAX);
	findings_print(found, path, &text);
	fputs(buf_str(&text), to);
	if (rc != ERR_OK && found->errors == 0)
		fprintf(to, "%s: %s\n", path, err->msg);
	buf_free(&text);
}

static enum err_code
convert(const char *path, const char *root, struct buf *xml, struct findings *found, struct err *err)
{
	struct buf file;
	enum err_code rc;

	buf_init(&file, SHEET_FILE_MAX);
	rc = file_read(path, &file, err);
	if (rc == ERR_OK)
		rc = xlsform_convert(file.data, file.len, path, root, xml, found, err);
	buf_free(&file);
	return rc;
}

static int
run_convert(int argc, char **argv)
{
	const char *root = NULL;
	struct findings found;
	struct buf xml;
	struct err err = { 0 };
	enum err_code rc;
	int at = 1;

	if (at + 1 < argc && strcmp(argv[at], "--root") == 0) {
		root = argv[at + 1];
		at += 2;
	}
	if (at + 1 != argc || argv[at][0] == '-')
		return usage(stderr);
	findings_init(&found);
	buf_init(&xml, XML_MAX);
	rc = convert(argv[at], root, &xml, &found, &err);
	report(stderr, argv[at], &found, rc, &err);
	if (rc == ERR_OK && (fwrite(xml.data, 1, xml.len, stdout) != xml.len || fflush(stdout) != 0)) {
		fprintf(stderr, "candour: cannot write the XForm\n");
		rc = ERR_BROKEN;
	}
	buf_free(&xml);
	findings_clear(&found);
	return rc == ERR_OK ? 0 : 1;
}

/* --- the files beside a form: in its folder, or in NAME-media as other programs keep them ----------------- */

struct beside {
	char folder[1024], media[1100];
};

static void
beside_init(struct beside *b, const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');

	snprintf(b->folder, sizeof(b->folder), "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
	snprintf(b->media, sizeof(b->media), "%.*s-media", dot != NULL && (slash == NULL || dot > slash) ? (int)(dot - path)
	    : (int)strlen(path), path);
}

static bool
is_plain(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, "..") != 0;
}

static bool
file_there(const char *folder, const char *name)
{
	char path[2300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%.1024s", folder, name);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool
exists(void *arg, const char *name)
{
	const struct beside *b = arg;

	return is_plain(name) && (file_there(b->folder, name) || file_there(b->media, name));
}

/* jr://file-csv/towns.csv, jr://file/towns.xml */
static enum err_code
open_uri(void *arg, const char *uri, struct buf *out, struct err *err)
{
	const struct beside *b = arg;
	const char *name = strrchr(uri, '/');
	char path[2300];

	name = name != NULL ? name + 1 : uri;
	if (strncmp(uri, "jr://", 5) != 0 || !is_plain(name))
		return err_set(err, ERR_ABSENT, "%.80s names no file beside the form", uri);
	snprintf(path, sizeof(path), "%s/%.1024s", file_there(b->folder, name) ? b->folder : b->media, name);
	return file_read(path, out, err);
}

/* A guide for focus groups has rules of its own: what the kiosk would say of it when staff want to begin. */
static enum err_code
check_guide(const char *path, const struct form_files *files, struct err *err)
{
	const struct form_rules rules = { .admit = true, .open = files->open, .arg = files->arg };
	struct shelf shelf = { .form = NULL };
	struct group_guide guide;
	struct findings found;
	struct buf xml;
	enum err_code rc;

	findings_init(&found);
	buf_init(&xml, XML_MAX);
	rc = convert(path, NULL, &xml, &found, err);
	/* What does not load was reported before, if it is a fault. */
	if (rc == ERR_OK && form_load(buf_str(&xml), xml.len, &rules, &found, &shelf.form, err) == ERR_OK && strcmp(form_setting(shelf.form, "family"), "group") == 0) {
		rc = group_guide_read(&shelf, 0, &guide, err);
		group_guide_clear(&guide);
	}
	form_free(shelf.form);
	buf_free(&xml);
	findings_clear(&found);
	return rc;
}

static int
check_one(const char *path, bool strict)
{
	struct beside beside;
	const struct form_files files = { .exists = exists, .open = open_uri, .arg = &beside };
	struct findings found;
	struct buf file, coverage;
	struct err err = { 0 };
	enum err_code rc;
	int bad;

	findings_init(&found);
	buf_init(&file, SHEET_FILE_MAX);
	buf_init(&coverage, 1 << 16);
	beside_init(&beside, path);
	rc = file_read(path, &file, &err);
	if (rc == ERR_OK)
		rc = xlsform_check(file.data, file.len, path, &files, &found, &coverage, &err);
	if (rc == ERR_OK && found.errors == 0)
		rc = check_guide(path, &files, &err);
	report(stdout, path, &found, rc, &err);
	if (coverage.len > 0)
		printf("%s", buf_str(&coverage));
	bad = rc != ERR_OK || found.errors > 0 || (strict && found.warnings > 0);
	printf("%s: %zu errors, %zu warnings\n", path, rc != ERR_OK && found.errors == 0 ? (size_t)1 : found.errors,
	    found.warnings);
	buf_free(&coverage);
	buf_free(&file);
	findings_clear(&found);
	return bad;
}

static int
run_check(int argc, char **argv)
{
	bool strict = false;
	int at = 1, bad = 0;

	if (at < argc && strcmp(argv[at], "--strict") == 0) {
		strict = true;
		at++;
	}
	if (at == argc || argv[at][0] == '-')
		return usage(stderr);
	for (; at < argc; at++)
		bad |= check_one(argv[at], strict);
	return bad;
}

/* A picture or a list for the preview: a file of its own, not a link to somewhere. */
static enum err_code
bring(void *arg, const char *name, struct buf *out, struct err *err)
{
	const struct beside *b = arg;
	const char *const folders[] = { b->folder, b->media };

	for (size_t i = 0; is_plain(name) && i < ARRAY_LEN(folders); i++) {
		char path[2300];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%.1024s", folders[i], name);
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
			return file_read(path, out, err);
	}
	return err_set(err, ERR_ABSENT, "no such file beside the form, so it is not shown");
}

static int
run_preview(int argc, char **argv)
{
	struct beside beside;
	struct findings found;
	struct buf xml;
	struct err err = { 0 };
	enum err_code rc;
	int64_t port = 0;
	int at = 1;

	if (at + 1 < argc && strcmp(argv[at], "--port") == 0) {
		if (!num_i64(argv[at + 1], strlen(argv[at + 1]), 0, 65535, &port))
			return usage(stderr);
		at += 2;
	}
	if (at + 1 != argc || argv[at][0] == '-')
		return usage(stderr);
	if (check_one(argv[at], false) != 0)
		return 1;
	beside_init(&beside, argv[at]);
	findings_init(&found);
	buf_init(&xml, XML_MAX);
	rc = convert(argv[at], NULL, &xml, &found, &err);
	if (rc == ERR_OK)
		rc = preview_run(&xml, bring, &beside, (unsigned)port, &err);
	if (rc != ERR_OK)
		fprintf(stderr, "candour: preview: %s\n", err.msg);
	buf_free(&xml);
	findings_clear(&found);
	return rc == ERR_OK ? 0 : 1;
}

int
cmd_form(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "convert") == 0)
		return run_convert(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "check") == 0)
		return run_check(argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "preview") == 0)
		return run_preview(argc - 1, argv + 1);
	if (argc >= 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
		return usage(stdout);
	return usage(stderr);
}
