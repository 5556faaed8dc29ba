/* The forms a kiosk has. See catalog.h. */
#include "kiosk/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/num.h"
#include "collector/chain.h"
#include "kiosk/bundle.h"

enum { XML_MAX = 8 << 20, PATH_LEN = 4096 };

bool
word_in(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list != '\0') {
		size_t len = strcspn(list, " ");

		if (len == n && n > 0 && memcmp(list, word, n) == 0)
			return true;
		list += len;
		list += strspn(list, " ");
	}
	return false;
}

static unsigned
number(const struct form *f, const char *key, int64_t max)
{
	const char *text = form_setting(f, key);
	int64_t n = 0;

	return num_i64(text, strlen(text), 0, max, &n) ? (unsigned)n : 0;
}

/* NAME is for messages. */
static enum err_code
add(struct catalog *c, const char *name, const char *xml, size_t len, struct err *err)
{
	struct findings findings;
	struct shelf *s = &c->shelf[c->n];
	enum err_code rc;

	if (c->n == CATALOG_MAX)
		return err_set(err, ERR_LIMIT, "more than %d forms", CATALOG_MAX);
	findings_init(&findings);
	rc = form_load(xml, len, NULL, &findings, &s->form, err);
	findings_clear(&findings);
	if (rc != ERR_OK)
		return err_in(err, "%s", name);
	chain_form_id(xml, len, s->id);
	s->family = form_setting(s->form, "family");
	if (s->family[0] == '\0')
		s->family = form_id(s->form);
	s->variant = form_setting(s->form, "variant");
	if (s->variant[0] == '\0')
		s->variant = "standard";
	s->roles = form_setting(s->form, "roles");
	s->is_concern = strcmp(form_setting(s->form, "lane"), "concern") == 0;
	s->is_visit = strcmp(s->family, "visit") == 0;
	s->is_locked = word_in("yes true true()", form_setting(s->form, "locked"));
	s->minutes = number(s->form, "minutes", 240);
	s->idle_s = number(s->form, "idle_seconds", 600);
	c->n++;
	return ERR_OK;
}

static int
is_xml(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 4 && strcmp(d->d_name + n - 4, ".xml") == 0;
}

enum err_code
catalog_folder(const char *folder, struct catalog **out, struct err *err)
{
	struct catalog *c = calloc(1, sizeof(*c));
	struct dirent **names = NULL;
	enum err_code rc = ERR_OK;
	struct buf xml;
	int n;

	*out = NULL;
	if (c == NULL)
		return err_nomem(err);
	buf_init(&xml, XML_MAX);
	n = scandir(folder, &names, is_xml, alphasort);
	if (n < 0) {
		rc = err_set(err, ERR_ABSENT, "forms = %s: %s", folder, strerror(errno));
		n = 0;
	}
	for (int i = 0; i < n; i++) {
		char path[PATH_LEN];

		buf_reset(&xml);
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (rc == ERR_OK && (file_read(path, &xml, err) != ERR_OK
		    || add(c, names[i]->d_name, buf_str(&xml), xml.len, err) != ERR_OK))
			log_err("kiosk", "form", err);
		free(names[i]);
	}
	free(names);
	buf_free(&xml);
	if (rc == ERR_OK)
		*out = c;
	else
		catalog_free(c);
	return rc;
}

enum err_code
catalog_payload(const uint8_t *p, size_t len, struct catalog **out, struct err *err)
{
	struct catalog *c = calloc(1, sizeof(*c));
	enum err_code rc = ERR_OK;
	size_t at = 0, n;
	const uint8_t *data;
	char name[80];

	*out = NULL;
	if (c == NULL)
		return err_nomem(err);
	while (rc == ERR_OK && bundle_file(p, len, &at, name, &data, &n)) {
		size_t l = strlen(name);

		if (l > 4 && strcmp(name + l - 4, ".xml") == 0)
			rc = add(c, name, (const char *)data, n, err);
	}
	if (rc == ERR_OK && at != len)
		rc = err_set(err, ERR_INPUT, "forms bundle: cut off at byte %zu", at);
	if (rc == ERR_OK)
		*out = c;
	else
		catalog_free(c);
	return rc;
}

void
catalog_free(struct catalog *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		form_free(c->shelf[i].form);
	free(c);
}

const struct shelf *
catalog_visit(const struct catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->shelf[i].is_visit)
			return &c->shelf[i];
	return NULL;
}

const struct shelf *
catalog_concern(const struct catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->shelf[i].is_concern)
			return &c->shelf[i];
	return NULL;
}

static bool
is_asked(const struct shelf *s)
{
	return !s->is_concern && !s->is_visit;
}

bool
catalog_has_variant(const struct catalog *c, const char *variant)
{
	for (size_t i = 0; i < c->n; i++)
		if (is_asked(&c->shelf[i]) && strcmp(c->shelf[i].variant, variant) == 0)
			return true;
	return false;
}

/* Somebody who answers for another gets the form of that other person, or one made for this. */
static bool
fits(const struct shelf *s, const char *role, const char *by)
{
	if (!is_asked(s))
		return false;
	if (s->roles[0] == '\0' || role[0] == '\0' || strcmp(role, "pns") == 0)
		return true;
	if (strcmp(by, "proxy") == 0)
		return word_in(s->roles, "proxy") || word_in(s->roles, "individual");
	return word_in(s->roles, role);
}

/* Is there a form of the same family that fits better: in the variant asked for, or made for proxies? */
static bool
beaten(const struct catalog *c, const struct shelf *s, const char *role, const char *by, const char *variant)
{
	bool own = strcmp(s->variant, variant) == 0;
	bool proxy = strcmp(by, "proxy") == 0, own_proxy = word_in(s->roles, "proxy");

	for (size_t i = 0; i < c->n; i++) {
		const struct shelf *o = &c->shelf[i];

		if (o == s || !fits(o, role, by) || strcmp(o->family, s->family) != 0)
			continue;
		if (!own && strcmp(o->variant, variant) == 0)
			return true;
		if (proxy && !own_proxy && word_in(o->roles, "proxy"))
			return true;
	}
	return false;
}

size_t
catalog_fit(const struct catalog *c, const char *role, const char *by, const char *variant,
    const struct shelf **out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct shelf *s = &c->shelf[i];

		if (!fits(s, role, by) || beaten(c, s, role, by, variant))
			continue;
		if (strcmp(s->variant, variant) != 0 && strcmp(s->variant, "standard") != 0)
			continue;
		if (n < max)
			out[n] = s;
		n++;
	}
	return n;
}

/* Same tag, or the same language where one of them says no more. */
static bool
same_language(const char *a, const char *b)
{
	size_t n = strcspn(a, "-");

	return strcmp(a, b) == 0 || (n > 0 && n == strcspn(b, "-") && strncmp(a, b, n) == 0);
}

bool
shelf_has_language(const struct shelf *s, const char *tag)
{
	for (size_t i = 0; i < form_languages(s->form); i++)
		if (same_language(form_language_tag(s->form, i), tag))
			return true;
	return false;
}

size_t
shelf_language(const struct shelf *s, const char *tag)
{
	for (size_t i = 0; i < form_languages(s->form); i++)
		if (same_language(form_language_tag(s->form, i), tag))
			return i;
	return form_default_language(s->form);
}
