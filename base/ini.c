/* Reader of "key = value" files. See ini.h. */
#include "base/ini.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"

enum { INI_MAX = 1 << 20 };

struct reader {
	const char *name;
	ini_fn *fn;
	void *arg;
	struct buf section, argument, key, label, value;
	int item_line;	/* 0: no item pending */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank((*text)[0])) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

static bool
is_key(const char *s, size_t len)
{
	if (len == 0 || s[0] < 'a' || s[0] > 'z')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
			return false;
	return true;
}

static bool
is_label(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '-')
			return false;
	return len > 0;
}

static void
set(struct buf *b, const char *s, size_t len)
{
	buf_reset(b);
	buf_put(b, s, len);
}

/* Hand the pending item to the caller. */
static enum err_code
flush(struct reader *r, struct err *err)
{
	struct ini_item item = { .section = buf_str(&r->section), .argument = buf_str(&r->argument),
	    .key = buf_str(&r->key), .label = buf_str(&r->label), .value = buf_str(&r->value),
	    .line = r->item_line };
	enum err_code rc;

	if (r->item_line == 0)
		return ERR_OK;
	r->item_line = 0;
	if (r->section.failed || r->argument.failed || r->key.failed || r->label.failed || r->value.failed)
		return err_nomem(err);
	rc = r->fn(r->arg, &item, err);
	return rc;
}

static enum err_code
section_line(struct reader *r, const char *s, size_t len, int line, struct err *err)
{
	const char *arg;
	size_t n = 0;
	struct ini_item item;

	if (s[len - 1] != ']')
		return err_set(err, ERR_INPUT, "%s:%d: a section ends with ]", r->name, line);
	s++;
	len -= 2;
	trim(&s, &len);
	while (n < len && !is_blank(s[n]))
		n++;
	if (!is_key(s, n))
		return err_set(err, ERR_INPUT, "%s:%d: a section name is lower case letters, digits and _",
		    r->name, line);
	arg = s + n;
	len -= n;
	trim(&arg, &len);
	set(&r->section, s, n);
	set(&r->argument, arg, len);
	if (r->section.failed || r->argument.failed)
		return err_nomem(err);
	item = (struct ini_item){ buf_str(&r->section), buf_str(&r->argument), NULL, "", "", line };
	return r->fn(r->arg, &item, err);
}

static enum err_code
item_line(struct reader *r, const char *s, size_t len, int line, struct err *err)
{
	const char *eq = memchr(s, '=', len), *value, *dot;
	size_t key_len, value_len;

	if (eq == NULL)
		return err_set(err, ERR_INPUT, "%s:%d: expected key = value", r->name, line);
	key_len = (size_t)(eq - s);
	value = eq + 1;
	value_len = len - key_len - 1;
	trim(&s, &key_len);
	trim(&value, &value_len);
	dot = memchr(s, '.', key_len);
	size_t name_len = dot == NULL ? key_len : (size_t)(dot - s);
	if (!is_key(s, name_len) || (dot != NULL && !is_label(dot + 1, key_len - name_len - 1)))
		return err_set(err, ERR_INPUT, "%s:%d: %.*s is no key: lower case letters, digits and _, "
		    "then perhaps .label", r->name, line, key_len > 40 ? 40 : (int)key_len, s);
	set(&r->key, s, name_len);
	set(&r->label, dot == NULL ? "" : dot + 1, dot == NULL ? 0 : key_len - name_len - 1);
	set(&r->value, value, value_len);
	r->item_line = line;
	return ERR_OK;
}

static enum err_code
one_line(struct reader *r, const char *s, size_t len, int line, struct err *err)
{
	bool indented = len > 0 && is_blank(s[0]);
	enum err_code rc;

	trim(&s, &len);
	if (len == 0 || s[0] == '#')
		return ERR_OK;
	if (indented) {
		if (r->item_line == 0)
			return err_set(err, ERR_INPUT, "%s:%d: nothing above to continue", r->name, line);
		if (r->value.len > 0)
			buf_putc(&r->value, ' ');
		buf_put(&r->value, s, len);
		return ERR_OK;
	}
	rc = flush(r, err);
	if (rc != ERR_OK)
		return rc;
	return s[0] == '[' ? section_line(r, s, len, line, err) : item_line(r, s, len, line, err);
}

enum err_code
ini_read(const char *name, const char *text, size_t len, ini_fn *fn, void *arg, struct err *err)
{
	struct reader r = { .name = name, .fn = fn, .arg = arg };
	enum err_code rc = ERR_OK;
	size_t at = 0;
	int line = 0;

	if (len > INI_MAX)
		return err_set(err, ERR_LIMIT, "%s: longer than 1 MiB", name);
	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		return err_set(err, ERR_INPUT, "%s:1: begins with a byte order mark: save it as UTF-8 without one", name);
	if (!utf8_valid(text, len, &at) || memchr(text, 0, len) != NULL) {
		const char *nul = memchr(text, 0, len);

		if (nul != NULL && (utf8_valid(text, len, &at) || (size_t)(nul - text) < at))
			at = (size_t)(nul - text);
		line = 1;
		for (size_t i = 0; i < at; i++)
			line += text[i] == '\n';
		return err_set(err, ERR_INPUT, "%s:%d: not UTF-8 text: save the file as UTF-8", name, line);
	}
	buf_init(&r.section, INI_MAX);
	buf_init(&r.argument, INI_MAX);
	buf_init(&r.key, INI_MAX);
	buf_init(&r.label, INI_MAX);
	buf_init(&r.value, INI_MAX);
	for (at = 0; at < len && rc == ERR_OK;) {
		const char *s = text + at, *nl = memchr(s, '\n', len - at);
		size_t n = nl == NULL ? len - at : (size_t)(nl - s);

		rc = one_line(&r, s, n, ++line, err);
		at += n + 1;
	}
	if (rc == ERR_OK)
		rc = flush(&r, err);
	buf_free(&r.section);
	buf_free(&r.argument);
	buf_free(&r.key);
	buf_free(&r.label);
	buf_free(&r.value);
	return rc;
}
