/* candour indicator kappa: how well two people who coded the same comments, each for themselves, agree.
 * candour indicator codes: what they agreed on becomes facts, if they agreed well enough. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/indicator_cmd.h"
#include "aggregator/audit_store.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/config.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "indicators/coding.h"
#include "indicators/conf.h"
#include "indicators/methods.h"
#include "indicators/table.h"

enum { SHEET_BYTES = 16 << 20, ARENA_BYTES = 256 << 20, CODE_LEN = 40, CODES_MAX = 64, SAMPLE_MIN = 50, SAMPLE_SHARE = 5 };
static const double agreed = 0.6;

struct sheet {
	const char *file;
	struct table table;
	int record, themes;	/* columns */
};

struct pair {
	const char *first, *second;	/* codes, blanks between them */
};

struct coding {
	struct arena arena;
	struct sheet sheets[3];	/* the first's, the second's; codes: what was agreed */
	struct pair *pairs;	/* of comments that both coded */
	size_t n, alone;
	char codes[CODES_MAX][CODE_LEN + 1];	/* in the order of the alphabet */
	size_t n_codes;
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: candour indicator kappa [--of N] FIRST.csv SECOND.csv\n\n"
	    "Two people coded the same comments, each without seeing the other's codes. Each sheet has a line a comment: columns\n"
	    "record (the comment's record, as the reading room shows it) and themes (codes of up to %d letters, digits, . _ -,\n"
	    "blanks between them; empty: none). Prints for each theme how often both, one, or none saw it, Cohen's kappa and its\n"
	    "standard error; and for sheets with exactly one code a comment the kappa of all codes together.\n"
	    "--of N: there are N comments in all; two people should code a fifth of them, at least %d.\n"
	    "Exit status: 0 every theme reaches %.1f; 1 one does not (its codes are not published until it was coded again), too\n"
	    "few were coded, or a sheet cannot be read.\n", CODE_LEN, SAMPLE_MIN, agreed);
	return to == stdout ? 0 : 2;
}

/* The next code at *S, which moves behind it. 0: none. */
static size_t
next_code(const char **s, const char **code)
{
	size_t n;

	*s += strspn(*s, " ");
	n = strcspn(*s, " ");
	*code = *s;
	*s += n;
	return n;
}

static bool
has_code(const char *themes, const char *code)
{
	const char *at;
	size_t n;

	while ((n = next_code(&themes, &at)) > 0)
		if (strlen(code) == n && memcmp(at, code, n) == 0)
			return true;
	return false;
}

static const char *
cell(const struct sheet *s, size_t row, int column)
{
	return s->table.cells[row * s->table.n_columns + (size_t)column];
}

static enum err_code
check_row(const struct sheet *s, size_t row, struct err *err)
{
	const char *record = cell(s, row, s->record), *themes = cell(s, row, s->themes), *code;
	size_t n;

	if (record[0] == '\0')
		return err_set(err, ERR_INPUT, "%s:%d: record is empty: write the comment's record, or remove the line", s->file, s->table.lines[row]);
	while ((n = next_code(&themes, &code)) > 0)
		if (n > CODE_LEN || strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") < n)
			return err_set(err, ERR_INPUT, "%s:%d: \"%.*s\" is no code: up to %d letters, digits, . _ -, with blanks between codes", s->file,
			    s->table.lines[row], n > 60 ? 60 : (int)n, code, CODE_LEN);
	for (size_t k = 0; k < row; k++)
		if (strcmp(cell(s, k, s->record), record) == 0)
			return err_set(err, ERR_INPUT, "%s:%d: the record of line %d again: keep one", s->file, s->table.lines[row], s->table.lines[k]);
	return ERR_OK;
}

static enum err_code
read_sheet(struct coding *c, const char *path, struct sheet *s, struct err *err)
{
	struct buf text;
	enum err_code rc;

	*s = (struct sheet){ .file = path };
	buf_init_secret(&text, SHEET_BYTES);
	rc = file_read(path, &text, err);
	if (rc == ERR_OK)
		rc = table_parse(&c->arena, "codes", path, buf_str(&text), text.len, &s->table, err);
	buf_free(&text);
	if (rc != ERR_OK)
		return rc;
	s->record = table_column(&s->table, "record");
	s->themes = table_column(&s->table, "themes");
	if (s->record < 0 || s->themes < 0)
		return err_set(err, ERR_INPUT, "%s:1: no column %s: a sheet has columns record and themes", path, s->record < 0 ? "record" : "themes");
	for (size_t i = 0; i < s->table.n_rows && rc == ERR_OK; i++)
		rc = check_row(s, i, err);
	return rc;
}

/* The comments that both coded. */
static enum err_code
match(struct coding *c, struct err *err)
{
	const struct sheet *a = &c->sheets[0], *b = &c->sheets[1];

	c->pairs = arena_calloc(&c->arena, a->table.n_rows + 1, sizeof(*c->pairs));
	if (c->pairs == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < a->table.n_rows; i++)
		for (size_t k = 0; k < b->table.n_rows; k++)
			if (strcmp(cell(a, i, a->record), cell(b, k, b->record)) == 0)
				c->pairs[c->n++] = (struct pair){ cell(a, i, a->themes), cell(b, k, b->themes) };
	c->alone = a->table.n_rows + b->table.n_rows - 2 * c->n;
	return c->n > 0 ? ERR_OK : err_set(err, ERR_INPUT, "no comment is in both %s and %s", a->file, b->file);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static enum err_code
list_codes(struct coding *c, struct err *err)
{
	for (size_t i = 0; i < c->n; i++)
		for (int second = 0; second < 2; second++) {
			const char *s = second ? c->pairs[i].second : c->pairs[i].first, *code;
			size_t n, k;

			while ((n = next_code(&s, &code)) > 0) {
				for (k = 0; k < c->n_codes && (strlen(c->codes[k]) != n || memcmp(c->codes[k], code, n) != 0); k++)
					;
				if (k < c->n_codes)
					continue;
				if (c->n_codes == CODES_MAX)
					return err_set(err, ERR_LIMIT, "more than %d themes: that is more than two people can keep apart", CODES_MAX);
				snprintf(c->codes[c->n_codes++], CODE_LEN + 1, "%.*s", (int)n, code);
			}
		}
	qsort(c->codes, c->n_codes, sizeof(c->codes[0]), by_text);
	return ERR_OK;
}

static void
print_kappa(double kappa, double ase)
{
	struct buf b;

	buf_init(&b, 100);
	if (!isnan(kappa)) {
		num_put(&b, kappa);
		buf_putc(&b, '\t');
		num_put(&b, ase);
	} else {
		buf_putc(&b, '\t');
	}
	printf("\t%s\t%s\n", buf_str(&b), isnan(kappa) ? "cannot say" : kappa >= agreed ? "agreed" : "code again");
	buf_free(&b);
}

/* True: the two agree on CODE well enough, or it cannot be said (it is in every comment). */
static bool
print_theme(const struct coding *c, const char *code)
{
	double t[4] = { 0 }, ase, kappa;	/* both, the first, the second, neither */

	for (size_t i = 0; i < c->n; i++)
		t[(has_code(c->pairs[i].first, code) ? 0 : 2) + (has_code(c->pairs[i].second, code) ? 0 : 1)]++;
	kappa = stat_kappa(t, 2, &ase);
	printf("%s\t%.0f\t%.0f\t%.0f\t%.0f", code, t[0], t[1], t[2], t[3]);
	print_kappa(kappa, ase);
	return isnan(kappa) || kappa >= agreed;
}

/* The only code of THEMES, by its number; SIZE_MAX: none, or several. */
static size_t
only_code(const struct coding *c, const char *themes)
{
	const char *s = themes, *code;
	size_t n = next_code(&s, &code);

	if (n == 0 || next_code(&s, &code) > 0)
		return SIZE_MAX;
	for (size_t i = 0; i < c->n_codes; i++)
		if (has_code(themes, c->codes[i]))
			return i;
	return SIZE_MAX;
}

/* All codes together, if each comment has one. */
static enum err_code
print_all(const struct coding *c, struct err *err)
{
	double *table = calloc(CODES_MAX * CODES_MAX, sizeof(*table)), ase, kappa, same = 0;
	size_t i;

	if (table == NULL)
		return err_nomem(err);
	for (i = 0; i < c->n; i++) {
		size_t a = only_code(c, c->pairs[i].first), b = only_code(c, c->pairs[i].second);

		if (a == SIZE_MAX || b == SIZE_MAX)
			break;
		table[a * c->n_codes + b]++;
		same += a == b;
	}
	if (i == c->n && c->n_codes > 1) {
		kappa = stat_kappa(table, c->n_codes, &ase);
		printf("(all)\t%.0f\t\t\t%.0f", same, (double)c->n - same);
		print_kappa(kappa, ase);
	}
	free(table);
	return ERR_OK;
}

static enum err_code
run(struct coding *c, char **paths, int64_t of, bool *good, struct err *err)
{
	int64_t want = of < 0 ? 0 : (of + SAMPLE_SHARE - 1) / SAMPLE_SHARE;
	enum err_code rc = read_sheet(c, paths[0], &c->sheets[0], err);

	if (rc == ERR_OK)
		rc = read_sheet(c, paths[1], &c->sheets[1], err);
	if (rc == ERR_OK)
		rc = match(c, err);
	if (rc == ERR_OK)
		rc = list_codes(c, err);
	if (rc != ERR_OK)
		return rc;
	if (of >= 0 && want < SAMPLE_MIN)
		want = of < SAMPLE_MIN ? of : SAMPLE_MIN;
	*good = true;
	printf("theme\tboth\tfirst\tsecond\tneither\tkappa\tase\tverdict\n");
	for (size_t i = 0; i < c->n_codes; i++)
		*good = print_theme(c, c->codes[i]) && *good;
	rc = print_all(c, err);
	fprintf(stderr, "%zu comments coded by both, %zu by one only%s\n", c->n, c->alone, c->alone > 0 ? ": these are left out" : "");
	if (rc == ERR_OK && (int64_t)c->n < want) {
		*good = false;
		fprintf(stderr, "that is too few: of %lld comments two people code %lld\n", (long long)of, (long long)want);
	}
	return rc;
}

int
indicator_kappa(int argc, char **argv)
{
	struct coding *c;
	struct err err = {0};
	int64_t of = -1;
	bool good = false;
	int at = 1;
	enum err_code rc;

	for (; at < argc && argv[at][0] == '-'; at += 2) {
		if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0)
			return usage(stdout);
		if (strcmp(argv[at], "--of") != 0 || at + 1 == argc || !num_i64(argv[at + 1], strlen(argv[at + 1]), 1, 1000000000, &of))
			return usage(stderr);
	}
	if (argc - at != 2)
		return usage(stderr);
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		fprintf(stderr, "candour indicator kappa: out of memory\n");
		return 1;
	}
	arena_init_secret(&c->arena, ARENA_BYTES);
	rc = run(c, argv + at, of, &good, &err);
	if (rc != ERR_OK)
		fprintf(stderr, "candour indicator kappa: %s\n", err.msg);
	arena_clear(&c->arena);
	free(c);
	return rc == ERR_OK && good ? 0 : 1;
}

/* --- candour indicator codes -------------------------------------------------------------------------------------- */

static bool
has_record(const struct sheet *s, const char *record)
{
	for (size_t i = 0; i < s->table.n_rows; i++)
		if (strcmp(cell(s, i, s->record), record) == 0)
			return true;
	return false;
}

/* A theme of the agreed sheet that the two did not agree on, or never both looked for, is not taken, nor is anything else. */
static enum err_code
check_agreed(const struct coding *c, struct err *err)
{
	const struct sheet *s = &c->sheets[2], *a = &c->sheets[0], *b = &c->sheets[1];

	for (size_t i = 0; i < a->table.n_rows; i++)
		if (has_record(b, cell(a, i, a->record)) && !has_record(s, cell(a, i, a->record)))
			return err_set(err, ERR_INPUT, "%s:%d: both coded this comment, and it is not in %s: write there what holds", a->file,
			    a->table.lines[i], s->file);
	for (size_t i = 0; i < s->table.n_rows; i++) {
		const char *at = cell(s, i, s->themes), *code;
		size_t n, k;

		while ((n = next_code(&at, &code)) > 0) {
			for (k = 0; k < c->n_codes && (strlen(c->codes[k]) != n || memcmp(c->codes[k], code, n) != 0); k++)
				;
			if (k == c->n_codes)
				return err_set(err, ERR_INPUT, "%s:%d: %.*s is in no comment that two people coded: nobody knows how well they "
				    "agree on it", s->file, s->table.lines[i], (int)n, code);
		}
	}
	return ERR_OK;
}

/* The three sheets; *GOOD: all may be taken. */
static enum err_code
check_sheets(struct coding *c, char **paths, bool *good, struct err *err)
{
	enum err_code rc = read_sheet(c, paths[2], &c->sheets[2], err);

	if (rc == ERR_OK && c->sheets[2].table.n_rows == 0)
		rc = err_set(err, ERR_INPUT, "%s: no comment is in it", paths[2]);
	if (rc == ERR_OK)
		rc = run(c, paths, (int64_t)c->sheets[2].table.n_rows, good, err);
	if (rc == ERR_OK && *good)
		rc = check_agreed(c, err);
	return rc;
}

static enum err_code
rows_of(struct coding *c, struct coding_row **out, struct err *err)
{
	const struct sheet *s = &c->sheets[2];
	struct coding_row *rows = arena_calloc(&c->arena, s->table.n_rows, sizeof(*rows));

	if (rows == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < s->table.n_rows; i++) {
		const char *record = cell(s, i, s->record);

		rows[i] = (struct coding_row){ .themes = cell(s, i, s->themes), .file = s->file, .line = s->table.lines[i] };
		if (!hex_get(record, strlen(record), rows[i].record, sizeof(rows[i].record)))
			return err_set(err, ERR_INPUT, "%s:%d: \"%.40s\" is no record: 32 digits and letters a to f, as the reading room shows it",
			    s->file, s->table.lines[i], record);
	}
	*out = rows;
	return ERR_OK;
}

static enum err_code
take(struct coding *c, const char *conf_path, const char *frame, struct err *err)
{
	struct indicators_conf conf = {0};
	struct form_set forms = {0};
	struct library library = {0};
	struct findings findings;
	struct facts *facts = NULL;
	struct store *store = NULL;
	struct seal_key *key = NULL;
	struct coding_row *rows = NULL;
	struct coding_result got;
	char me[AUDIT_TEXT], detail[AUDIT_TEXT];
	enum err_code rc = config_read(conf_path, indicators_keys, indicators_n_keys, &conf, err);

	findings_init(&findings);
	if (rc == ERR_OK)
		rc = rows_of(c, &rows, err);
	if (rc == ERR_OK)
		rc = form_set_read(conf.forms, &forms, err);
	if (rc == ERR_OK)
		rc = library_read(conf.definitions, &findings, &library, err);
	if (rc != ERR_OK)
		print_findings(&findings);
	if (rc == ERR_OK)
		rc = store_open(conf.store, false, &store, err);
	if (rc == ERR_OK)
		rc = facts_open(conf.facts, &facts, err);
	if (rc == ERR_OK)
		rc = keyfile_load(conf.key, KEY_RESPONSE, keyfile_ask_terminal, NULL, &key, err);
	if (rc == ERR_OK) {
		struct coding_conf how = { facts, store, key, &forms, &library };
		size_t n = c->sheets[2].table.n_rows;

		audit_me(me);
		snprintf(detail, sizeof(detail), "comments=%zu by_two=%zu themes=%zu", n, c->n, c->n_codes);
		rc = coding_take(&how, frame, rows, n, clock_now_s(&clock_system), me, detail, &got, err);
	}
	if (rc == ERR_OK)
		fprintf(stderr, "%zu comments taken, %zu were known as they are: %lld facts of %zu indicators\n", got.taken, got.same,
		    (long long)got.facts, got.indicators);
	seal_key_free(key);
	facts_close(facts);
	store_close(store);
	library_clear(&library);
	form_set_clear(&forms);
	findings_clear(&findings);
	config_clear(indicators_keys, indicators_n_keys, &conf);
	return rc;
}

static int
codes_usage(FILE *to)
{
	fprintf(to, "usage: candour indicator codes -c indicators.conf --frame NAME@VERSION FIRST.csv SECOND.csv AGREED.csv\n\n"
	    "FIRST and SECOND are what two people coded, each for themselves (candour indicator kappa says what a sheet is). AGREED has\n"
	    "every comment that was coded, with the themes that hold. If each theme reaches %.1f and two people coded a fifth of AGREED, at\n"
	    "least %d, its codes become facts of the definitions with theme = NAME@VERSION/CODE; else nothing is taken.\n", agreed, SAMPLE_MIN);
	return to == stdout ? 0 : 2;
}

int
indicator_codes(int argc, char **argv)
{
	struct coding *c;
	struct err err = {0};
	const char *conf = NULL, *frame = NULL;
	bool good = false;
	int at = 1;
	enum err_code rc;

	for (; at < argc && argv[at][0] == '-'; at += 2) {
		if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0)
			return codes_usage(stdout);
		if (at + 1 < argc && strcmp(argv[at], "-c") == 0)
			conf = argv[at + 1];
		else if (at + 1 < argc && strcmp(argv[at], "--frame") == 0)
			frame = argv[at + 1];
		else
			return codes_usage(stderr);
	}
	if (argc - at != 3 || conf == NULL || frame == NULL)
		return codes_usage(stderr);
	if (!coding_is_frame(frame)) {
		fprintf(stderr, "candour indicator codes: --frame: a name in small letters and a version, such as care@2\n");
		return 2;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		fprintf(stderr, "candour indicator codes: out of memory\n");
		return 1;
	}
	arena_init_secret(&c->arena, ARENA_BYTES);
	rc = check_sheets(c, argv + at, &good, &err);
	if (rc == ERR_OK && !good)
		rc = err_set(&err, ERR_DENIED, "nothing is taken: code again what is not agreed, or more of it by two");
	if (rc == ERR_OK)
		rc = take(c, conf, frame, &err);
	if (rc != ERR_OK)
		fprintf(stderr, "candour indicator codes: %s\n", err.msg);
	arena_clear(&c->arena);
	free(c);
	return rc == ERR_OK ? 0 : 1;
}
