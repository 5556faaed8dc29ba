/* candour indicator check|codes|diff|evaluate|health|publish|retain: definitions, and what they say. */
#include "admin/indicator_cmd.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/commands.h"
#include "base/codec.h"
#include "base/file.h"
#include "collector/chain.h"
#include "forms/xlsform.h"
#include "indicators/evaluate.h"

enum { FORM_BYTES = 64 << 20, FILES_MAX = 1000, DUTIES_BYTES = 1 << 20, FINDINGS_SHOWN = 100 };

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour indicator check [--forms DIR] [--duties] FILE|DIR...\n"
	    "       candour indicator codes -c indicators.conf --frame NAME@VERSION FIRST.csv SECOND.csv AGREED.csv\n"
	    "       candour indicator diff FILE FILE | [--library DIR] ID@VERSION ID@VERSION\n"
	    "       candour indicator evaluate [options] FILE|DIR RESPONSES.csv\n"
	    "       candour indicator health [options] FILE|DIR RESPONSES.csv\n"
	    "       candour indicator health -c indicators.conf\n"
	    "       candour indicator import ascof FILE.csv ID.ind --area NAME ... [options]\n"
	    "       candour indicator kappa [--of N] FIRST.csv SECOND.csv\n"
	    "       candour indicator publish ...\n"
	    "       candour indicator retain -c indicators.conf [--now]\n\n"
	    "check says what is wrong with definitions, and prints the hash of each that is right. --duties prints what duty\n"
	    "each serves; a line of duties.txt beside them that none serves is a fault.\n"
	    "diff shows what one version says other than another. Each subcommand tells more with -h.\n");
	return to == stdout ? 0 : 2;
}

void
print_findings(struct findings *f)
{
	for (size_t i = 0; i < f->n && i < FINDINGS_SHOWN; i++)
		fprintf(stderr, "%s: %s%s\n", f->list[i].place, f->list[i].warning ? "warning: " : "", f->list[i].text);
	if (f->n > FINDINGS_SHOWN)
		fprintf(stderr, "and %zu more\n", f->errors + f->warnings - FINDINGS_SHOWN);
	if (f->failed)
		fprintf(stderr, "out of memory: some findings are missing\n");
}

/* --- forms ------------------------------------------------------------------------------------------------------- */

static int
is_form_file(const struct dirent *e)
{
	const char *dot = strrchr(e->d_name, '.');

	return e->d_name[0] != '.' && dot != NULL
	    && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".xlsx") == 0 || strcmp(dot, ".xml") == 0);
}

static enum err_code
read_form(const char *path, struct form **out, char id[33], struct err *err)
{
	struct form_rules rules = { .admit = false };
	struct findings found;
	struct buf file, xml;
	uint8_t hash[16];
	enum err_code rc;

	findings_init(&found);
	buf_init(&file, FORM_BYTES);
	buf_init(&xml, FORM_BYTES);
	rc = file_read(path, &file, err);
	if (rc == ERR_OK) {
		rc = xlsform_convert(file.data, file.len, path, NULL, &xml, &found, err);
		if (rc != ERR_OK && strstr(err->msg, path) == NULL)
			err_in(err, "%s", path);
	}
	if (rc == ERR_OK)
		rc = form_load(buf_str(&xml), xml.len, &rules, &found, out, err);
	for (size_t i = 0; i < found.n && rc == ERR_INPUT; i++)
		if (!found.list[i].warning) {
			rc = err_set(err, rc, "%s: %s: %s", path, found.list[i].place, found.list[i].text);
			break;
		}
	if (rc == ERR_OK) {
		chain_form_id(xml.data, xml.len, hash);
		hex_str(hash, sizeof(hash), id);
	}
	buf_free(&file);
	buf_free(&xml);
	findings_clear(&found);
	return rc;
}

/* Two files of one form (its .csv and .xlsx) are one form. */
static bool
is_known(const struct form_folder *f, const struct form *form)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(form_id(f->list[i]), form_id(form)) == 0 && strcmp(form_version(f->list[i]), form_version(form)) == 0)
			return true;
	return false;
}

static enum err_code
read_folder(const char *dir, struct form_folder *out, struct err *err)
{
	struct dirent **names = NULL;
	int found = scandir(dir, &names, is_form_file, alphasort);
	size_t n = found > 0 ? (size_t)found : 0;
	enum err_code rc = found < 0 ? err_set(err, ERR_ABSENT, "%s: no such folder of forms", dir) : ERR_OK;

	out->list = calloc(n + 1, sizeof(struct form *));
	out->ids = calloc(n + 1, sizeof(*out->ids));
	if (out->list == NULL || out->ids == NULL)
		rc = err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		struct form *form = NULL;
		char path[4096];

		if (rc == ERR_OK && snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name) < (int)sizeof(path))
			rc = read_form(path, &form, out->ids[out->n], err);
		if (form != NULL && is_known(out, form))
			form_free(form);
		else if (form != NULL)
			out->list[out->n++] = form;
		free(names[i]);
	}
	free(names);
	return rc;
}

/* The forms that ship: in the sources indicators/library lies beside forms/library, installed indicators beside forms. */
static const char *
shipped(const char *beside, char *path, size_t max)
{
	static const char *const tries[] = { "../../forms/library", "../forms" };
	struct stat st;
	char dir[3000];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", beside);
	if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode)) {
		slash = strrchr(dir, '/');
		if (slash != NULL)
			*slash = '\0';
		else
			snprintf(dir, sizeof(dir), ".");
	}
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		snprintf(path, max, "%s/%s", dir, tries[i]);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			return path;
	}
	return NULL;
}

enum err_code
form_folder_read(const char *dir, const char *beside, struct form_folder *out, struct err *err)
{
	char path[4096];
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	if (dir == NULL)
		dir = shipped(beside, path, sizeof(path));
	if (dir == NULL)
		return err_set(err, ERR_ABSENT, "no forms are known: say --forms DIR");
	rc = read_folder(dir, out, err);
	if (rc != ERR_OK)
		form_folder_clear(out);
	return rc;
}

void
form_folder_clear(struct form_folder *f)
{
	for (size_t i = 0; i < f->n; i++)
		form_free(f->list[i]);
	free(f->list);
	free(f->ids);
	memset(f, 0, sizeof(*f));
}

/* --- check --------------------------------------------------------------------------------------------------------- */

/* The blocks of D against the forms they name; a block whose form is not there is a finding, as is a changed locked form
 * and an easy-read form that no block speaks of. */
static void
check_forms(const struct definition *d, const struct form_folder *forms, struct findings *findings)
{
	char place[300];

	for (size_t b = 0; b < d->n_blocks; b++) {
		const struct form_block *block = &d->blocks[b];
		bool found = false, versioned = false, easy = false, covered = block->variant[0] == '\0' || strcmp(block->variant, "easy_read") == 0;

		for (size_t i = 0; i < forms->n; i++) {
			if (strcmp(form_id(forms->list[i]), block->form) != 0)
				continue;
			found = true;
			versioned = versioned || evaluate_covers(block, form_version(forms->list[i]));
			easy = easy || strcmp(form_setting(forms->list[i], "variant"), "easy_read") == 0;
			snprintf(place, sizeof(place), "%.250s:%d", d->file, block->line);
			if (block->locked[0] != '\0' && strcmp(block->locked, forms->ids[i]) != 0)
				findings_add(findings, false, block->line, place, "the wording of form %s changed: it is %s now; make a new version "
				    "of the indicator", block->form, forms->ids[i]);
		}
		for (size_t k = 0; k < d->n_blocks; k++)
			covered = covered || (strcmp(d->blocks[k].form, block->form) == 0 && strcmp(d->blocks[k].variant, "easy_read") == 0);
		snprintf(place, sizeof(place), "%.250s:%d", d->file, block->line);
		if (!found)
			findings_add(findings, false, block->line, place, "[form %s] is not among the forms: its expressions cannot be checked",
			    block->form);
		else if (!versioned)
			findings_add(findings, true, block->line, place, "[form %s] versions = %.60s: none of the forms here has that version, so "
			    "nothing was checked against it", block->form, block->versions);
		if (easy && !covered)
			findings_add(findings, false, block->line, place, "form %s has an easy-read variant and no block of its own: add [form "
			    "%s] variant = easy_read (three points and five are not one scale)", block->form, block->form);
	}
	for (size_t i = 0; i < forms->n; i++) {
		struct evaluator *e = NULL;
		struct err err = { 0 };
		enum err_code rc = evaluator_new(d, forms->list[i], findings, &e, &err);

		if (rc == ERR_NOMEM)
			findings->failed = true;
		evaluator_free(e);
	}
}

static void
print_definition(const struct definition *d)
{
	char hex[65], name[DEFINITION_NAME_MAX];

	hex_str(d->hash, sizeof(d->hash), hex);
	definition_name(d, name);
	printf("%s %s %s sha256 %s\n", name, definition_kind_word(d->kind), definition_state_word(d->state), hex);
}

/* Who serves DUTY: it is a line of [indicator] duty, or the beginning of one up to a blank, comma or colon. */
static bool
serves(const struct definition *d, const char *duty, size_t len)
{
	for (size_t k = 0; k < d->n_duties && d->state != STATE_RETIRED; k++) {
		const char *text = d->duties[k].text;

		if (strncmp(text, duty, len) == 0 && (text[len] == '\0' || strchr(" ,:(", text[len]) != NULL))
			return true;
	}
	return false;
}

/* Duties of [indicator], one a line, with who serves them. */
static void
print_duties(const struct library *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t k = 0; k < l->list[i]->n_duties; k++)
			printf("%s\t%s@%lld\n", l->list[i]->duties[k].text, l->list[i]->id, (long long)l->list[i]->version);
}

/* The duties that must be served stand in DIR/duties.txt, one a line (# a comment). *MISSING: those that no definition
 * serves, told on standard error. Without the file there is nothing that must be. */
static enum err_code
check_duties(const char *dir, const struct library *l, size_t *missing, struct err *err)
{
	char path[4096];
	struct buf text;
	enum err_code rc;
	int line = 0;

	buf_init(&text, DUTIES_BYTES);
	snprintf(path, sizeof(path), "%s/duties.txt", dir);
	rc = file_read(path, &text, err);
	if (rc == ERR_ABSENT) {
		buf_free(&text);
		return ERR_OK;
	}
	for (const char *s = rc == ERR_OK ? buf_str(&text) : ""; *s != '\0'; s += *s == '\n') {
		size_t len = strcspn(s, "\n"), n = len;
		bool found = false;

		line++;
		while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\r'))
			n--;
		for (size_t i = 0; i < l->n && n > 0; i++)
			found = found || serves(l->list[i], s, n);
		if (n > 0 && s[0] != '#' && !found) {
			fprintf(stderr, "%s:%d: no indicator serves %.*s: name it in a line duty = of one that does\n", path, line, (int)n, s);
			++*missing;
		}
		s += len;
	}
	buf_free(&text);
	return rc;
}

/* A folder as a library, a file as a library of one. */
static enum err_code
read_any(const char *path, struct findings *findings, struct library *out, struct err *err)
{
	struct stat st;
	enum err_code rc;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return library_read(path, findings, out, err);
	out->list = calloc(1, sizeof(struct definition *));
	if (out->list == NULL)
		return err_nomem(err);
	rc = definition_read(path, findings, &out->list[0], err);
	if (rc == ERR_OK)
		out->n = 1;
	else
		library_clear(out);
	return rc;
}

static int
check_path(const char *path, const char *forms_dir, bool duties)
{
	struct findings findings;
	struct library l;
	struct form_folder forms = { 0 };
	struct err err = { 0 };
	enum err_code rc;
	size_t missing = 0;
	int bad;

	findings_init(&findings);
	rc = read_any(path, &findings, &l, &err);
	if (rc == ERR_OK && l.n == 0)
		rc = err_set(&err, ERR_ABSENT, "%s: no definition (ID.ind) is in that folder", path);
	if (rc == ERR_OK) {
		struct err why = { 0 };

		rc = form_folder_read(forms_dir, path, &forms, &why);
		if (rc == ERR_OK)
			for (size_t i = 0; i < l.n; i++)
				check_forms(l.list[i], &forms, &findings);
		else
			err = why;
		if (findings.errors > 0)
			rc = ERR_INPUT;
	}
	print_findings(&findings);
	if (rc != ERR_OK && findings.errors == 0)
		fprintf(stderr, "%s\n", err.msg);
	for (size_t i = 0; i < l.n && rc == ERR_OK; i++)
		print_definition(l.list[i]);
	if (rc == ERR_OK && duties) {
		print_duties(&l);
		rc = check_duties(path, &l, &missing, &err);
		if (rc != ERR_OK)
			fprintf(stderr, "%s\n", err.msg);
	}
	bad = rc != ERR_OK || missing > 0;
	library_clear(&l);
	form_folder_clear(&forms);
	findings_clear(&findings);
	return bad;
}

int
indicator_check(int argc, char **argv)
{
	const char *forms = NULL;
	bool duties = false;
	int at = 1, bad = 0;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--forms") == 0 && at + 1 < argc)
			forms = argv[++at];
		else if (strcmp(argv[at], "--duties") == 0)
			duties = true;
		else
			return usage(strcmp(argv[at], "-h") == 0 ? stdout : stderr);
	}
	if (at == argc)
		return usage(stderr);
	for (; at < argc; at++)
		bad |= check_path(argv[at], forms, duties);
	return bad;
}

/* --- diff ----------------------------------------------------------------------------------------------------------- */

/* The lines of a canonical text as "[section] line". */
struct lines {
	char **list;
	size_t n;
};

static bool
split(const struct definition *d, struct lines *out)
{
	const char *s = buf_str(&d->canonical);
	char section[200] = "";
	size_t cap = 1;

	for (const char *p = s; *p != '\0'; p++)
		cap += *p == '\n';
	out->n = 0;
	out->list = calloc(cap, sizeof(char *));
	for (; *s != '\0' && out->list != NULL; s += strcspn(s, "\n"), s += *s == '\n') {
		int len = (int)strcspn(s, "\n");

		if (*s == '[')
			snprintf(section, sizeof(section), "%.*s", len, s);
		else if (asprintf(&out->list[out->n], "%s %.*s", section, len, s) >= 0)
			out->n++;
		else
			return false;
	}
	return out->list != NULL;
}

static void
print_missing(const struct lines *a, const struct lines *b, char mark, size_t *n)
{
	for (size_t i = 0; i < a->n; i++) {
		bool there = false;

		for (size_t k = 0; k < b->n && !there; k++)
			there = strcmp(a->list[i], b->list[k]) == 0;
		if (!there) {
			printf("%c %s\n", mark, a->list[i]);
			(*n)++;
		}
	}
}

static int
print_diff(const struct definition *a, const struct definition *b)
{
	struct lines x = { 0 }, y = { 0 };
	size_t n = 0;
	bool ok = split(a, &x) && split(b, &y);

	if (ok) {
		print_definition(a);
		print_definition(b);
		print_missing(&x, &y, '-', &n);
		print_missing(&y, &x, '+', &n);
		printf("%zu lines differ%s\n", n, memcmp(a->hash, b->hash, 32) == 0 ? ": the same definition" : "");
	} else {
		fprintf(stderr, "candour indicator: out of memory\n");
	}
	for (size_t i = 0; i < x.n; i++)
		free(x.list[i]);
	for (size_t i = 0; i < y.n; i++)
		free(y.list[i]);
	free(x.list);
	free(y.list);
	return ok ? 0 : 1;
}

/* FILE or ID@VERSION (of LIBRARY) into *L, with the definition in *D. */
static enum err_code
find_side(const char *name, const char *dir, struct library *l, const struct definition **d, struct err *err)
{
	struct findings findings;
	const char *at = strchr(name, '@');
	char id[80];
	enum err_code rc;

	findings_init(&findings);
	rc = read_any(at == NULL ? name : dir, &findings, l, err);
	print_findings(&findings);
	findings_clear(&findings);
	if (rc != ERR_OK)
		return rc;
	snprintf(id, sizeof(id), "%.*s", at == NULL ? 0 : (int)(at - name), name);
	*d = at == NULL ? l->list[0] : library_find(l, id, strtoll(at + 1, NULL, 10));
	return *d == NULL ? err_set(err, ERR_ABSENT, "%s is not in %s", name, dir) : ERR_OK;
}

int
indicator_diff(int argc, char **argv)
{
	const char *dir = "indicators/library";
	struct library a = { 0 }, b = { 0 };
	const struct definition *x = NULL, *y = NULL;
	struct err err = { 0 };
	int at = 1, bad = 1;

	if (at + 1 < argc && strcmp(argv[at], "--library") == 0) {
		dir = argv[at + 1];
		at += 2;
	}
	if (argc - at != 2 || argv[at][0] == '-')
		return usage(argc > at && strcmp(argv[at], "-h") == 0 ? stdout : stderr);
	if (find_side(argv[at], dir, &a, &x, &err) == ERR_OK && find_side(argv[at + 1], dir, &b, &y, &err) == ERR_OK)
		bad = print_diff(x, y);
	else
		fprintf(stderr, "candour indicator diff: %s\n", err.msg);
	library_clear(&a);
	library_clear(&b);
	return bad;
}

int
cmd_indicator(int argc, char **argv)
{
	static const struct command commands[] = {
		{ "check", indicator_check, "" }, { "codes", indicator_codes, "" }, { "diff", indicator_diff, "" }, { "evaluate", indicator_evaluate, "" },
		{ "health", indicator_health, "" }, { "import", indicator_import, "" }, { "kappa", indicator_kappa, "" },
		{ "publish", cmd_publish, "" }, { "retain", indicator_retain, "" }, { NULL, NULL, NULL },
	};

	if (argc < 2)
		return usage(stderr);
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	fprintf(stderr, "candour indicator: there is no %.40s\n", argv[1]);
	return usage(stderr);
}
