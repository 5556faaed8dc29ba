/* bench_engine: load, answer, session and choice filter of a form of 200 questions with the mix of a real
 * questionnaire (two languages, relevance, constraints, calculates, itemsets), and a cascade over 10,000
 * items. Each line: what, measured, goal, ratio; the limit line of loading is libxml2 parsing alone. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forms/load.h"
#include "forms/state.h"
#include "tests/forms/gen.h"
#include "tests/forms/refs.h"

enum { QUESTIONS = 200, ITEMS = 10000 };

static struct err err;
static unsigned missed;

static double
now_us(void)
{
	struct timespec t;

	/* CPU time: the machine may be shared */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int64_t
clock_ms(void *arg)
{
	(void)arg;
	return 1711972800000;
}

static void
chance(void *arg, void *out, size_t len)
{
	(void)arg;
	memset(out, 9, len);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
line(const char *what, double value, double goal, const char *unit)
{
	printf("%-44s %9.3f %-3s goal %7.3f  ratio %.3f%s\n", what, value, unit, goal, value / goal,
	    value <= goal ? "" : "  MISSED");
	missed += value > goal;
}

static void
questionnaire(struct buf *b, bool repeats)
{
	struct rng r = { 7 };

	buf_puts(b, FORM_HEAD "<itext>");
	for (int l = 0; l < 2; l++) {
		buf_printf(b, "<translation lang=\"%s\">", l == 0 ? "English (en)" : "Cymraeg (cy)");
		for (int i = 0; i < QUESTIONS; i++)
			buf_printf(b, "<text id=\"/data/q%d:label\"><value>How do you feel about matter number %d of your"
			    " life here, <output value=\" /data/q0 \"/>?</value></text>", i, i);
		for (int i = 0; i < 7; i++)
			buf_printf(b, "<text id=\"L-%d\"><value>Answer %d</value></text>", i, i);
		buf_puts(b, "</translation>");
	}
	buf_puts(b, "</itext><instance><data id=\"bench\" version=\"1\">");
	for (int i = 0; i < QUESTIONS; i++)
		buf_printf(b, "<q%d/>", i);
	if (repeats)
		buf_puts(b, "<rep jr:template=\"\"><n/><c/></rep><total/>");
	buf_puts(b, "<score/><meta><instanceID/></meta></data></instance><instance id=\"L\"><root>");
	for (int i = 0; i < 7; i++)
		buf_printf(b, "<item><itextId>L-%d</itextId><name>%d</name><score>%d</score></item>", i, i, i);
	buf_puts(b, "</root></instance>");
	for (int i = 0; i < QUESTIONS; i++) {
		buf_printf(b, "<bind nodeset=\"/data/q%d\" type=\"%s\" required=\"true()\"", i, i % 3 == 0 ? "int" : "string");
		if (i > 2 && i % 2 == 0)
			buf_printf(b, " relevant=\" /data/q%u != '3' or selected( /data/q%u , '2')\"", rnd(&r, (uint32_t)i), rnd(&r, (uint32_t)i));
		if (i % 3 == 0)
			buf_puts(b, " constraint=\". &gt;= 0 and . &lt;= 100\" jr:constraintMsg=\"0 to 100\"");
		if (i % 10 == 9)
			buf_printf(b, " calculate=\"coalesce( /data/q%d , 0) + coalesce( /data/q%d , 0)\"", i - 3, i - 6);
		buf_puts(b, "/>");
	}
	buf_puts(b, "<bind nodeset=\"/data/score\" type=\"int\" calculate=\"");
	for (int i = 0; i < 20; i++)
		buf_printf(b, "%scoalesce( /data/q%d , 0)", i > 0 ? " + " : "", i * 3);
	buf_puts(b, "\"/>");
	if (repeats)
		buf_puts(b, "<bind nodeset=\"/data/rep/n\" type=\"int\"/><bind nodeset=\"/data/rep/c\" calculate=\" ../n * 2 + position(..)\"/>"
		    "<bind nodeset=\"/data/total\" calculate=\"sum( /data/rep/n )\"/>");
	buf_puts(b, "<bind nodeset=\"/data/meta/instanceID\" type=\"string\" jr:preload=\"uid\"/></model></h:head><h:body>");
	for (int i = 0; i < QUESTIONS; i++)
		if (i % 3 == 0)
			buf_printf(b, "<input ref=\"/data/q%d\"><label ref=\"jr:itext('/data/q%d:label')\"/></input>", i, i);
		else
			buf_printf(b, "<select1 ref=\"/data/q%d\"><label ref=\"jr:itext('/data/q%d:label')\"/>"
			    "<itemset nodeset=\"instance('L')/root/item\"><value ref=\"name\"/><label ref=\"jr:itext(itextId)\"/>"
			    "</itemset></select1>", i, i);
	if (repeats)
		buf_puts(b, "<group ref=\"/data/rep\"><repeat nodeset=\"/data/rep\"><input ref=\"/data/rep/n\"/></repeat></group>");
	buf_puts(b, "</h:body></h:html>");
}

static struct form *
load(const struct buf *xml)
{
	struct form_rules rules = { .admit = true };
	struct findings findings;
	struct form *f;

	findings_init(&findings);
	if (form_load((const char *)xml->data, xml->len, &rules, &findings, &f, &err) != ERR_OK) {
		printf("FAIL %s\n", err.msg);
		exit(1);
	}
	findings_clear(&findings);
	return f;
}

static double
median_of(double *v, size_t n, double part)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[(size_t)((double)(n - 1) * part)];
}

static void
bench_load(const struct buf *xml)
{
	double times[60], parse[60];

	for (int i = 0; i < 60; i++) {
		struct _xmlDoc *doc;
		double from = now_us();
		struct form *f = load(xml);

		times[i] = (now_us() - from) / 1000;
		form_free(f);
		from = now_us();
		if (xml_parse((const char *)xml->data, xml->len, false, &doc, &err) != ERR_OK)
			exit(1);
		parse[i] = (now_us() - from) / 1000;
		xml_free(doc);
	}
	printf("form of %d questions, %zu KiB of XML; libxml2 alone parses it in %.3f ms\n", QUESTIONS, xml->len / 1024,
	    median_of(parse, 60, 0.5));
	line("load, 200 questions (median)", median_of(times, 60, 0.5), 5, "ms");
}

static void
bench_answers(const struct buf *xml, const char *what, unsigned instances)
{
	static double times[40000];
	size_t n = 0;
	struct session_env env = { .now_ms = clock_ms, .random = chance };
	struct form *f = load(xml);
	struct session *s;
	size_t before = mallinfo2().uordblks, after;
	uint32_t page = 0, row;
	struct page p;
	char label[80];

	if (session_new(f, &env, &s, &err) != ERR_OK)
		exit(1);
	for (unsigned i = 0; i < instances; i++)
		if (session_add(s, row_of(s, "/data/rep", 1, true, NULL), &row, &err) != ERR_OK)
			exit(1);
	for (int round = 0; round < 30; round++)
		for (uint32_t i = 1; i <= s->tree.n && n < 40000; i++) {
			char text[8];
			double from;

			if (s->tree.rows[i].kind != ROW_ELEMENT || (s->f->nodes[s->tree.rows[i].node].flags & NODE_CONTROL) == 0)
				continue;
			snprintf(text, sizeof(text), "%d", (int)((i + (uint32_t)round) % 7));
			from = now_us();
			if (session_set(s, i, text, strlen(text), &err) != ERR_OK) {
				printf("FAIL %s\n", err.msg);
				exit(1);
			}
			times[n++] = (now_us() - from) / 1000;
		}
	while (session_next(s, &page) && session_page(s, page, &p, &err) == ERR_OK)
		;
	after = mallinfo2().uordblks;
	snprintf(label, sizeof(label), "answer, %s (median)", what);
	line(label, median_of(times, n, 0.5), 0.2, "ms");
	snprintf(label, sizeof(label), "answer, %s (p95)", what);
	line(label, median_of(times, n, 0.95), 0.2, "ms");
	snprintf(label, sizeof(label), "session, %s, all answered", what);
	line(label, (double)(after - before) / 1024, 100, "KiB");
	{
		double from = now_us();
		unsigned pages = 0;

		for (page = 0; session_next(s, &page) && session_page(s, page, &p, &err) == ERR_OK; )
			pages++;
		printf("%-44s %9.3f us  (%u pages)\n", "next page with its texts, each", (now_us() - from) / (pages > 0 ? pages : 1), pages);
	}
	session_free(s);
	form_free(f);
}

static void
bench_filter(void)
{
	struct session_env env = { .now_ms = clock_ms, .random = chance };
	struct buf b;
	struct form *f;
	struct session *s;
	double times[2000];
	uint32_t parent, child;

	buf_init(&b, 8 << 20);
	buf_puts(&b, FORM_HEAD "<instance><data id=\"f\"><a/><b/></data></instance><instance id=\"towns\"><root>");
	for (int i = 0; i < ITEMS; i++)
		buf_printf(&b, "<item><name>t%d</name><label>Town %d</label><of>c%d</of></item>", i, i, i % 1000);
	buf_puts(&b, "</root></instance></model></h:head><h:body><input ref=\"/data/a\"/><select1 ref=\"/data/b\">"
	    "<itemset nodeset=\"instance('towns')/root/item[of= /data/a ]\"><value ref=\"name\"/><label ref=\"label\"/></itemset>"
	    "</select1></h:body></h:html>");
	f = load(&b);
	if (session_new(f, &env, &s, &err) != ERR_OK)
		exit(1);
	parent = row_of(s, "/data/a", 1, false, NULL);
	child = row_of(s, "/data/b", 1, false, NULL);
	for (int i = 0; i < 2000; i++) {
		struct offer *list;
		char text[16];
		uint32_t n;
		double from;

		snprintf(text, sizeof(text), "c%d", (i * 37) % 1000);
		if (session_set(s, parent, text, strlen(text), &err) != ERR_OK)
			exit(1);
		begin_answer(s);
		from = now_us();
		if (offers(s, child, &f->bodies[1], &list, &n, &err) != ERR_OK || n != ITEMS / 1000)
			exit(1);
		times[i] = (now_us() - from) / 1000;
	}
	line("choice filter over 10,000 items (p95)", median_of(times, 2000, 0.95), 0.1, "ms");
	session_free(s);
	form_free(f);
	buf_free(&b);
}

/* With --xml the form itself is printed, for other engines (bench_peer.sh). */
int
main(int argc, char **argv)
{
	struct buf xml, repeats;

	buf_init(&xml, 8 << 20);
	buf_init(&repeats, 8 << 20);
	questionnaire(&xml, false);
	if (argc > 1 && strcmp(argv[1], "--xml") == 0) {
		fputs(buf_str(&xml), stdout);
		buf_free(&xml);
		return 0;
	}
	questionnaire(&repeats, true);
	bench_load(&xml);
	bench_answers(&xml, "200 questions", 0);
	bench_answers(&repeats, "200 + 100 repeats", 100);
	bench_filter();
	buf_free(&xml);
	buf_free(&repeats);
	return missed > 0 ? 1 : 0;
}
