/* The submission document: relevant nodes only, no templates; meta/instanceID always. forms.md 3.5, 25. */
#include <stdio.h>
#include <string.h>

#include "forms/load.h"
#include "forms/state.h"

/* What XML 1.0 cannot hold (production 2; a paste or base64-decode can bring it) is left out. */
static void
escaped(struct buf *out, const char *s, size_t n, bool attribute)
{
	for (size_t i = 0; i < n; i++) {
		switch (s[i]) {
		case '&': buf_puts(out, "&amp;"); break;
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '"':
			if (attribute)
				buf_puts(out, "&quot;");
			else
				buf_putc(out, '"');
			break;
		case '\r': buf_puts(out, "&#13;"); break;
		case '\n':
		case '\t':
			if (attribute)
				buf_printf(out, "&#%d;", s[i]);
			else
				buf_putc(out, s[i]);
			break;
		case '\xef':
			/* U+FFFE and U+FFFF */
			if (n - i >= 3 && s[i + 1] == '\xbf' && (s[i + 2] == '\xbe' || s[i + 2] == '\xbf'))
				i += 2;
			else
				buf_putc(out, s[i]);
			break;
		default:
			if ((unsigned char)s[i] >= 0x20)
				buf_putc(out, s[i]);
			break;
		}
	}
}

struct writer {
	struct session *s;
	struct buf *out;
	const char *meta_prefix;	/* of elements we add to meta */
	bool wrote_meta;
};

static void
element_name(struct buf *out, const struct form *f, uint32_t node)
{
	const struct form_node *n = &f->nodes[node];

	if (n->prefix[0] != '\0')
		buf_printf(out, "%s:", n->prefix);
	buf_puts(out, form_node_name(f, node));
}

/* Prefixes that relevant nodes use. */
struct used { const char *prefix, *uri; };

static void
collect(struct writer *w, uint32_t row, struct used *list, size_t *n)
{
	const struct tree *t = &w->s->tree;
	const struct form_node *node = &w->s->f->nodes[t->rows[row].node];

	if (t->rows[row].kind == ROW_HEAD || (row != 1 && !row_seen(w->s, row)))
		return;
	if (node->prefix[0] != '\0' && strcmp(node->prefix, "xml") != 0) {
		size_t i;

		for (i = 0; i < *n && strcmp(list[i].prefix, node->prefix) != 0; )
			i++;
		if (i == *n && *n < 32)
			list[(*n)++] = (struct used){ node->prefix, node->uri };
	}
	for (uint32_t a = row + 1; a <= t->n && t->rows[a].kind == ROW_ATTRIBUTE && t->rows[a].parent == row; a++)
		collect(w, a, list, n);
	for (uint32_t c = t->rows[row].first; c != 0; c = t->rows[c].next)
		collect(w, c, list, n);
}

static void
extra_meta(struct writer *w)
{
	struct session *s = w->s;
	const struct form *f = s->f;

	if (f->instance_id == NO_NODE)
		buf_printf(w->out, "<%sinstanceID>%s</%sinstanceID>", w->meta_prefix, s->instance_id, w->meta_prefix);
	if (s->deprecated_id[0] != '\0') {
		buf_printf(w->out, "<%sdeprecatedID>", w->meta_prefix);
		escaped(w->out, s->deprecated_id, strlen(s->deprecated_id), false);
		buf_printf(w->out, "</%sdeprecatedID>", w->meta_prefix);
	}
	for (size_t i = 0; i < s->n_meta; i++) {
		if (s->meta[i].value[0] == '\0')
			continue;
		buf_printf(w->out, "<candour:%s>", s->meta[i].name);
		escaped(w->out, s->meta[i].value, strlen(s->meta[i].value), false);
		buf_printf(w->out, "</candour:%s>", s->meta[i].name);
	}
}

static void element(struct writer *w, uint32_t row, const char *ns);

static void
children(struct writer *w, uint32_t row, const char *ns)
{
	const struct tree *t = &w->s->tree;

	if (t->rows[row].first == 0)
		escaped(w->out, tree_text(t, row), t->rows[row].len, false);
	for (uint32_t c = t->rows[row].first; c != 0; c = t->rows[c].next)
		if (t->rows[c].kind == ROW_ELEMENT && row_seen(w->s, c))
			element(w, c, ns);
}

static void
root_namespaces(struct writer *w, uint32_t row)
{
	struct session *s = w->s;
	struct used list[34];
	size_t n = 0;
	bool orx = false, candour = false;

	collect(w, row, list, &n);
	w->meta_prefix = "";
	if (s->f->meta == NO_NODE)
		w->meta_prefix = "orx:";
	else if (s->f->nodes[s->f->meta].prefix[0] != '\0')
		w->meta_prefix = NULL;
	for (size_t i = 0; i < n; i++) {
		buf_printf(w->out, " xmlns:%s=\"", list[i].prefix);
		escaped(w->out, list[i].uri, strlen(list[i].uri), true);
		buf_putc(w->out, '"');
		orx |= strcmp(list[i].prefix, "orx") == 0;
		candour |= strcmp(list[i].prefix, "candour") == 0;
	}
	if (w->meta_prefix != NULL && w->meta_prefix[0] != '\0' && !orx)
		buf_puts(w->out, " xmlns:orx=\"" NS_ORX "\"");
	if (s->n_meta > 0 && !candour)
		buf_puts(w->out, " xmlns:candour=\"" NS_CANDOUR "\"");
}

static void
element(struct writer *w, uint32_t row, const char *ns)
{
	struct session *s = w->s;
	const struct form *f = s->f;
	const struct tree *t = &s->tree;
	uint32_t node = t->rows[row].node;
	const struct form_node *n = &f->nodes[node];
	char prefix[64];
	bool is_meta = node == f->meta, has_more;
	size_t before;

	buf_putc(w->out, '<');
	element_name(w->out, f, node);
	if (n->prefix[0] == '\0' && strcmp(n->uri, ns) != 0) {
		/* the XForms namespace is the form's, not the data's */
		bool xforms = strcmp(n->uri, NS_XFORMS) == 0;

		if (!(xforms && ns[0] == '\0')) {
			buf_puts(w->out, " xmlns=\"");
			if (!xforms)
				escaped(w->out, n->uri, strlen(n->uri), true);
			buf_putc(w->out, '"');
		}
		ns = xforms ? "" : n->uri;
	}
	if (node == 1)
		root_namespaces(w, row);
	for (uint32_t a = row + 1; a <= t->n && t->rows[a].kind == ROW_ATTRIBUTE && t->rows[a].parent == row; a++) {
		buf_putc(w->out, ' ');
		element_name(w->out, f, t->rows[a].node);
		buf_puts(w->out, "=\"");
		escaped(w->out, tree_text(t, a), t->rows[a].len, true);
		buf_putc(w->out, '"');
	}
	has_more = (is_meta && (f->instance_id == NO_NODE || s->n_meta > 0 || s->deprecated_id[0] != '\0'))
	    || (node == 1 && f->meta == NO_NODE);
	before = w->out->len;
	buf_putc(w->out, '>');
	children(w, row, ns);
	if (has_more && is_meta) {
		snprintf(prefix, sizeof(prefix), "%.50s%s", n->prefix, n->prefix[0] != '\0' ? ":" : "");
		w->meta_prefix = prefix;
		extra_meta(w);
		w->meta_prefix = "";
	} else if (has_more) {
		buf_puts(w->out, "<orx:meta>");
		extra_meta(w);
		buf_puts(w->out, "</orx:meta>");
	}
	if (w->out->len == before + 1) {
		buf_truncate(w->out, before);
		buf_puts(w->out, "/>");
		return;
	}
	buf_puts(w->out, "</");
	element_name(w->out, f, node);
	buf_putc(w->out, '>');
}

enum err_code
serialise(struct session *s, struct buf *out, struct err *err)
{
	struct writer w = { .s = s, .out = out };

	element(&w, block_row(s->f, 1, 1), "");
	return buf_check(out, err);
}
