/* .xlsx to XForm: a made-up form of 2,000 questions, 500 choices and 2 languages. Processor time of the whole
 * conversion against reading the sheets alone (goal: at most 4 times), and the peak memory of a process that
 * converts it once (goal: under 32 MB). Exit 1 if a goal is missed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zip.h>

#include "base/attr.h"
#include "forms/sheet.h"
#include "forms/xlsform.h"

enum { QUESTIONS = 2000, LISTS = 50, CHOICES = 10, ROUNDS = 15 };

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
cell(struct buf *out, int column, int row, const char *text)
{
	buf_printf(out, "<c r=\"%c%d\" t=\"inlineStr\"><is><t>%s</t></is></c>", 'A' + column, row, text);
}

static void
survey(struct buf *out)
{
	static const char *const head[] = { "type", "name", "label::English (en)", "label::Cymraeg (cy)", "hint::English (en)",
		"hint::Cymraeg (cy)", "required", "relevant", "constraint" };
	int row = 1;

	buf_puts(out, "<worksheet><sheetData><row r=\"1\">");
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		cell(out, (int)i, 1, head[i]);
	buf_puts(out, "</row>");
	for (int q = 0; q < QUESTIONS; q++) {
		char text[120];
		int kind = q % 4;

		row++;
		buf_printf(out, "<row r=\"%d\">", row);
		snprintf(text, sizeof(text), kind == 0 ? "text" : kind == 1 ? "integer" : kind == 2 ? "select_one l%d" : "select_multiple l%d",
		    q % LISTS);
		cell(out, 0, row, text);
		snprintf(text, sizeof(text), "q%d", q);
		cell(out, 1, row, text);
		snprintf(text, sizeof(text), "How happy are you with the way part %d of your care is done?", q);
		cell(out, 2, row, text);
		snprintf(text, sizeof(text), "Pa mor hapus ydych chi gyda rhan %d o'ch gofal?", q);
		cell(out, 3, row, text);
		cell(out, 4, row, "You do not have to answer.");
		cell(out, 5, row, "Does dim rhaid i chi ateb.");
		if (q % 3 == 0)
			cell(out, 6, row, "yes");
		snprintf(text, sizeof(text), "${q%d} != ''", q > 0 ? q - 1 : 0);
		if (q % 5 == 4)
			cell(out, 7, row, text);
		if (kind == 1)
			cell(out, 8, row, ". &gt;= 0 and . &lt;= 100");
		buf_puts(out, "</row>");
	}
	buf_puts(out, "</sheetData></worksheet>");
}

static void
choices(struct buf *out)
{
	static const char *const head[] = { "list_name", "name", "label::English (en)", "label::Cymraeg (cy)", "score" };
	int row = 1;

	buf_puts(out, "<worksheet><sheetData><row r=\"1\">");
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		cell(out, (int)i, 1, head[i]);
	buf_puts(out, "</row>");
	for (int l = 0; l < LISTS; l++) {
		for (int c = 0; c < CHOICES; c++) {
			char text[60];

			row++;
			buf_printf(out, "<row r=\"%d\">", row);
			snprintf(text, sizeof(text), "l%d", l);
			cell(out, 0, row, text);
			snprintf(text, sizeof(text), "c%d", c);
			cell(out, 1, row, text);
			snprintf(text, sizeof(text), "Choice %d of list %d", c, l);
			cell(out, 2, row, text);
			snprintf(text, sizeof(text), "Dewis %d o restr %d", c, l);
			cell(out, 3, row, text);
			snprintf(text, sizeof(text), "%d", c);
			cell(out, 4, row, text);
			buf_puts(out, "</row>");
		}
	}
	buf_puts(out, "</sheetData></worksheet>");
}

static void
die(const char *what)
{
	fprintf(stderr, "bench_convert: %s\n", what);
	exit(1);
}

static size_t
make_workbook(unsigned char **out)
{
	struct buf a, b;
	zip_error_t ze;
	zip_source_t *src;
	zip_stat_t st;
	zip_t *z;
	size_t len;

	buf_init(&a, 64 << 20);
	buf_init(&b, 64 << 20);
	survey(&a);
	choices(&b);
	const struct { const char *name, *text; } parts[] = {
		{ "_rels/.rels", "<Relationships><Relationship Id='r1' Type='x/officeDocument' Target='xl/workbook.xml'/></Relationships>" },
		{ "xl/workbook.xml", "<workbook xmlns:r='r'><sheets><sheet name='survey' r:id='s1'/><sheet name='choices' r:id='s2'/></sheets></workbook>" },
		{ "xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id='s1' Type='x/worksheet' Target='s1.xml'/>"
		    "<Relationship Id='s2' Type='x/worksheet' Target='s2.xml'/></Relationships>" },
		{ "xl/s1.xml", buf_str(&a) }, { "xl/s2.xml", buf_str(&b) } };
	zip_error_init(&ze);
	src = zip_source_buffer_create(NULL, 0, 0, &ze);
	z = zip_open_from_source(src, ZIP_CREATE | ZIP_TRUNCATE, &ze);
	if (z == NULL)
		die("no zip");
	zip_source_keep(src);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (zip_file_add(z, parts[i].name, zip_source_buffer(z, parts[i].text, strlen(parts[i].text), 0), 0) < 0)
			die("cannot add a part");
	if (zip_close(z) != 0)
		die("cannot close");
	zip_source_open(src);
	zip_source_stat(src, &st);
	len = (size_t)st.size;
	*out = malloc(len);
	if (*out == NULL || zip_source_read(src, *out, len) != (zip_int64_t)len)
		die("cannot read back");
	zip_source_close(src);
	zip_source_free(src);
	buf_free(&a);
	buf_free(&b);
	return len;
}

static void
read_once(const unsigned char *data, size_t len)
{
	struct workbook book;
	struct findings found;
	struct err err = { 0 };

	findings_init(&found);
	if (workbook_read(data, len, &book, &found, &err) != ERR_OK)
		die(err.msg);
	workbook_clear(&book);
	findings_clear(&found);
}

static size_t
convert_once(const unsigned char *data, size_t len)
{
	struct buf xml;
	struct findings found;
	struct err err = { 0 };
	size_t n;

	findings_init(&found);
	buf_init(&xml, 64 << 20);
	if (xlsform_convert(data, len, "bench.xlsx", NULL, &xml, &found, &err) != ERR_OK)
		die(err.msg);
	n = xml.len;
	buf_free(&xml);
	findings_clear(&found);
	return n;
}

/* Least processor time of ROUNDS, in ms. */
static double
least(const unsigned char *data, size_t len, bool convert)
{
	double best = 1e9;

	for (int i = 0; i < ROUNDS; i++) {
		double start = cpu(), t;

		if (convert)
			convert_once(data, len);
		else
			read_once(data, len);
		t = (cpu() - start) * 1000;
		if (t < best)
			best = t;
	}
	return best;
}

/* Peak memory in MB of a fresh process that reads PATH and converts it: this program with an argument. */
static double
peak_mb(const char *self, const char *path)
{
	struct rusage use;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("no fork");
	if (pid == 0) {
		execl(self, self, path, (char *)NULL);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &use) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("the converting process failed");
	return (double)use.ru_maxrss / 1024;
}

static int
convert_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = malloc(8 << 20);
	size_t len;

	if (f == NULL || data == NULL)
		die("cannot read");
	len = fread(data, 1, 8 << 20, f);
	fclose(f);
	convert_once(data, len);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	char path[] = "/tmp/bench_convert.XXXXXX";
	unsigned char *data;
	size_t len, made;
	double reading, converting, mb;
	int fd;

	if (argc > 1)
		return convert_file(argv[1]);
	len = make_workbook(&data);
	made = convert_once(data, len);
	reading = least(data, len, false);
	converting = least(data, len, true);
	fd = mkstemp(path);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		die("cannot write the workbook");
	close(fd);
	mb = peak_mb("/proc/self/exe", path);
	unlink(path);
	printf("form to XForm, %d questions, %d choices, 2 languages: .xlsx %zu KB, XForm %zu KB\n", QUESTIONS, LISTS * CHOICES,
	    len / 1024, made / 1024);
	printf("  sheets alone %.2f ms CPU (limit line); converting %.2f ms; ratio %.2f (goal at most 4)%s\n", reading, converting,
	    converting / reading, converting <= 4 * reading ? "" : "  MISSED");
	printf("  peak memory %.1f MB (goal under 32)%s\n", mb, mb < 32 ? "" : "  MISSED");
	free(data);
	return converting <= 4 * reading && mb < 32 ? 0 : 1;
}
