/* Random forms, and XML pieces, for the property tests, the bench and the fuzzer. */
#ifndef TESTS_FORMS_GEN_H
#define TESTS_FORMS_GEN_H

#include <stdint.h>

#include "base/buf.h"

struct rng { uint64_t s; };

static inline uint32_t
rnd(struct rng *r, uint32_t below)
{
	r->s = r->s * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((r->s >> 33) % (below == 0 ? 1 : below));
}

#define FORM_HEAD "<h:html xmlns=\"http://www.w3.org/2002/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\"" \
	" xmlns:jr=\"http://openrosa.org/javarosa\" xmlns:orx=\"http://openrosa.org/xforms\"" \
	" xmlns:odk=\"http://www.opendatakit.org/xforms\"><h:head><h:title>t</h:title><model>"

/* One random expression over nodes q0..q(N-1) of index below LIMIT (so that nothing goes in circles);
 * REP: also r0.. of the repeat, seen from inside it if INSIDE. */
static inline void
gen_number(struct rng *r, struct buf *b, int limit, int depth);

static inline void
gen_leaf(struct rng *r, struct buf *b, int limit)
{
	switch (rnd(r, 5)) {
	case 0: buf_printf(b, "%u", rnd(r, 6)); break;
	case 1: buf_printf(b, "'%u'", rnd(r, 4)); break;
	default:
		if (limit > 0)
			buf_printf(b, "/data/q%u", rnd(r, (uint32_t)limit));
		else
			buf_puts(b, "1");
	}
}

static inline void
gen_bool(struct rng *r, struct buf *b, int limit, int depth)
{
	static const char *const ops[] = { "=", "!=", "&lt;", "&lt;=", "&gt;", "&gt;=" };

	if (depth > 0 && rnd(r, 3) == 0) {
		buf_putc(b, '(');
		gen_bool(r, b, limit, depth - 1);
		buf_puts(b, rnd(r, 2) != 0 ? " and " : " or ");
		gen_bool(r, b, limit, depth - 1);
		buf_putc(b, ')');
		return;
	}
	switch (rnd(r, 4)) {
	case 0:
		buf_puts(b, "selected(");
		gen_leaf(r, b, limit);
		buf_printf(b, ", '%u')", rnd(r, 4));
		break;
	case 1:
		buf_puts(b, "not(");
		gen_number(r, b, limit, depth - 1);
		buf_putc(b, ')');
		break;
	default:
		gen_number(r, b, limit, depth - 1);
		buf_printf(b, " %s ", ops[rnd(r, 6)]);
		gen_number(r, b, limit, depth - 1);
	}
}

static inline void
gen_number(struct rng *r, struct buf *b, int limit, int depth)
{
	static const char *const ops[] = { "+", "-", "*", "mod" };

	if (depth <= 0) {
		gen_leaf(r, b, limit);
		return;
	}
	switch (rnd(r, 7)) {
	case 0:
		buf_puts(b, "if(");
		gen_bool(r, b, limit, depth - 1);
		buf_puts(b, ", ");
		gen_number(r, b, limit, depth - 1);
		buf_puts(b, ", ");
		gen_number(r, b, limit, depth - 1);
		buf_putc(b, ')');
		break;
	case 1:
		buf_puts(b, "coalesce(");
		gen_leaf(r, b, limit);
		buf_puts(b, ", 2)");
		break;
	case 2:
		buf_puts(b, "string-length(");
		gen_leaf(r, b, limit);
		buf_putc(b, ')');
		break;
	case 3:
	case 4:
		buf_putc(b, '(');
		gen_number(r, b, limit, depth - 1);
		buf_printf(b, " %s ", ops[rnd(r, 4)]);
		gen_number(r, b, limit, depth - 1);
		buf_putc(b, ')');
		break;
	default:
		gen_leaf(r, b, limit);
	}
}

enum { GEN_Q = 8 };

/* A form of GEN_Q top nodes (some in a group), a repeat with four nodes, sometimes one in it, a cascade. */
static inline void
gen_form(struct rng *r, struct buf *b)
{
	bool template = rnd(r, 2) != 0, counted = rnd(r, 4) == 0, inner = rnd(r, 3) == 0;
	static const char *const in_repeat[] = {
		"position(..)", "../r0 + 1", "/data/rep/r0 * 2", "sum(/data/rep/r0)", "count(/data/rep)",
		"indexed-repeat(/data/rep/r0, /data/rep, position(..) - 1)", "/data/q0", "concat(../r0, '-', /data/q1)",
		"/data/rep[position() = position(current()/..) - 1]/r3", "once(../r0)", "join(' ', /data/rep/r0)",
	};
	static const char *const over[] = {
		"sum(/data/rep/r0)", "count(/data/rep)", "max(/data/rep/r1)", "join(',', /data/rep/r2)",
		"count(/data/rep[r0 &gt; 1])", "sum(/data/rep[r0 &lt; 3]/r1)", "indexed-repeat(/data/rep/r2, /data/rep, 2)",
		"/data/rep[2]/r0", "/data/rep[last()]/r2", "count-non-empty(/data/rep/r0)",
	};

	buf_puts(b, FORM_HEAD "<instance><data id=\"g\">");
	for (int i = 0; i < GEN_Q; i++)
		buf_printf(b, rnd(r, 3) == 0 ? "<q%d>%u</q%d>" : "<q%d/>", i, rnd(r, 4), i);
	buf_puts(b, "<g><ga/><gb/></g><c1/><c2/>");
	if (template)
		buf_printf(b, "<rep jr:template=\"\"><r0>%u</r0><r1/><r2/><r3/>%s</rep>", rnd(r, 3),
		    inner ? "<in jr:template=\"\"><i0/><i1/></in>" : "");
	buf_printf(b, "<rep><r0/><r1/><r2/><r3/>%s</rep>", inner ? "<in><i0/><i1/></in>" : "");
	buf_puts(b, "<s0/><s1/></data></instance>"
	    "<instance id=\"L\"><root>");
	for (unsigned i = 0; i < 12; i++)
		buf_printf(b, "<item><name>%u</name><label>n%u</label><of>%u</of></item>", i, i, i % 4);
	buf_puts(b, "</root></instance>");
	for (int i = 0; i < GEN_Q; i++) {
		static const char *const types[] = { "string", "int", "decimal", "string" };

		buf_printf(b, "<bind nodeset=\"/data/q%d\" type=\"%s\"", i, types[rnd(r, 4)]);
		if (i > 0 && rnd(r, 3) == 0) {
			buf_puts(b, " relevant=\"");
			gen_bool(r, b, i, 2);
			buf_putc(b, '"');
		}
		if (i > 1 && rnd(r, 3) == 0) {
			buf_puts(b, " calculate=\"");
			gen_number(r, b, i, 3);
			buf_putc(b, '"');
		}
		if (rnd(r, 5) == 0) {
			buf_puts(b, " constraint=\". != 3 and ");
			gen_bool(r, b, i, 1);
			buf_putc(b, '"');
		}
		buf_puts(b, "/>");
	}
	buf_puts(b, "<bind nodeset=\"/data/g\" relevant=\"");
	gen_bool(r, b, GEN_Q, 1);
	buf_puts(b, "\"/><bind nodeset=\"/data/g/gb\" type=\"int\" calculate=\"../ga + 1\"/>");
	buf_puts(b, "<bind nodeset=\"/data/rep/r0\" type=\"int\"/>");
	if (rnd(r, 3) == 0) {
		buf_puts(b, "<bind nodeset=\"/data/rep\" relevant=\"");
		gen_bool(r, b, GEN_Q, 1);
		buf_puts(b, "\"/>");
	}
	if (rnd(r, 3) == 0)
		buf_puts(b, "<bind nodeset=\"/data/rep/r2\" relevant=\"../r0 &gt; 1\"/>");
	buf_printf(b, "<bind nodeset=\"/data/rep/r1\" type=\"int\" calculate=\"%s\"/>", in_repeat[rnd(r, 7)]);
	buf_printf(b, "<bind nodeset=\"/data/rep/r3\" type=\"string\" calculate=\"%s\"/>", in_repeat[rnd(r, 11)]);
	if (inner)
		buf_printf(b, "<bind nodeset=\"/data/rep/in/i1\" calculate=\"%s\"/>",
		    rnd(r, 2) != 0 ? "concat(../../r0, position(..), count(/data/rep/in))" : "sum(/data/rep/in/i0)");
	for (int i = 0; i < 2; i++)
		buf_printf(b, "<bind nodeset=\"/data/s%d\" type=\"string\" calculate=\"%s\"/>", i, over[rnd(r, 10)]);
	buf_puts(b, "</model></h:head><h:body>");
	for (int i = 0; i < GEN_Q; i++) {
		buf_printf(b, "<input ref=\"/data/q%d\"><label>q</label>", i);
		if (rnd(r, 6) == 0)
			buf_printf(b, "<setvalue event=\"xforms-value-changed\" ref=\"/data/g/ga\" value=\"/data/q%d\"/>", i);
		buf_puts(b, "</input>");
	}
	buf_puts(b, "<group ref=\"/data/g\"><input ref=\"/data/g/ga\"/></group>"
	    "<select1 ref=\"/data/c1\"><itemset nodeset=\"instance('L')/root/item\"><value ref=\"name\"/><label ref=\"label\"/></itemset></select1>"
	    "<select ref=\"/data/c2\"><itemset nodeset=\"instance('L')/root/item[of = /data/c1]\"><value ref=\"name\"/><label ref=\"label\"/></itemset></select>");
	buf_printf(b, "<group ref=\"/data/rep\"><label>r</label><repeat nodeset=\"/data/rep\"%s><input ref=\"/data/rep/r0\"/>"
	    "<input ref=\"/data/rep/r2\"/>", counted ? " jr:count=\"/data/q1\"" : "");
	if (inner)
		buf_puts(b, "<repeat nodeset=\"/data/rep/in\"><input ref=\"/data/rep/in/i0\"/></repeat>");
	buf_puts(b, "</repeat></group></h:body></h:html>");
}

#endif
