/* The forms a kiosk has. See catalog.h. */
#include "kiosk/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* The form's language that is signed (ISO 639-3), whose films stand beside the words of the others; or -1. */
static int
sign_language(const struct form *f)
{
	static const char signed_[] = "bfi isg ase sgn ssp fsl gsg pso dse swl";

	for (size_t i = 0; i < form_languages(f); i++)
		if (word_in(signed_, form_language_tag(f, i)))
			return (int)i;
	return -1;
}

/* Tables and forms beside a form: in a folder, or in the payload of a bundle. */
struct beside {
	const char *folder;	/* NULL: the payload */
	const uint8_t *payload;
	size_t len;
};

/* jr://file-csv/towns.csv: the lists of choices that a form keeps outside. */
static enum err_code
open_beside(void *arg, const char *uri, struct buf *out, struct err *err)
{
	const struct beside *b = arg;
	const char *name = strrchr(uri, '/');
	char path[PATH_LEN], found[80];
	const uint8_t *data;
	size_t at = 0, n;

	name = name == NULL ? uri : name + 1;
	if (name[0] == '.' || name[0] == '\0')
		return err_set(err, ERR_ABSENT, "%.80s names no file beside the form", uri);
	if (b->folder != NULL) {
		snprintf(path, sizeof(path), "%s/%.255s", b->folder, name);
		return file_read(path, out, err);
	}
	while (bundle_file(b->payload, b->len, &at, found, &data, &n))
		if (strcmp(found, name) == 0) {
			buf_put(out, data, n);
			return buf_check(out, err);
		}
	return err_set(err, ERR_ABSENT, "%.80s is not in the bundle", name);
}

/* What the form names and nobody brought: its words are asked without it. */
static void
tell_missing(const struct catalog *c, const char *form, const char *xml, size_t len)
{
	char name[MEDIA_NAME + 1];
	size_t at = 0;

	while (c->media.folder[0] != '\0' && media_missing(&c->media, xml, len, &at, name))
		log_event("kiosk", "form=%s missing=%s", form, name);
}

/* NAME is for messages. */
static enum err_code
add(struct catalog *c, struct beside *beside, const char *name, const char *xml, size_t len, struct err *err)
{
	const struct form_rules rules = { .admit = true, .open = open_beside, .arg = beside };
	struct findings findings;
	struct shelf *s = &c->shelf[c->n];
	enum err_code rc;

	if (c->n == CATALOG_MAX)
		return err_set(err, ERR_LIMIT, "more than %d forms", CATALOG_MAX);
	findings_init(&findings);
	rc = form_load(xml, len, &rules, &findings, &s->form, err);
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
	s->is_group = strcmp(s->family, "group") == 0;
	s->is_locked = word_in("yes true true()", form_setting(s->form, "locked"));
	s->minutes = number(s->form, "minutes", 240);
	s->idle_s = number(s->form, "idle_seconds", 600);
	s->sign = sign_language(s->form);
	tell_missing(c, name, xml, len);
	c->n++;
	return ERR_OK;
}

static bool
ends(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static int
is_shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

/* One file of the folder: a form, or something that forms show. FORMS: only these; else only the others. */
static void
take_file(struct catalog *c, const char *folder, const char *name, bool forms)
{
	struct beside beside = { .folder = folder };
	char path[PATH_LEN];
	struct buf bytes;
	struct stat st;
	struct err err;
	enum err_code rc;

	snprintf(path, sizeof(path), "%s/%.255s", folder, name);
	if (ends(name, ".xml") != forms || ends(name, ".csv") || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	buf_init(&bytes, XML_MAX);
	rc = file_read(path, &bytes, &err);
	if (rc == ERR_OK)
		rc = forms ? add(c, &beside, name, buf_str(&bytes), bytes.len, &err)
		    : media_add(&c->media, name, bytes.data, bytes.len, &err);
	if (rc != ERR_OK)
		log_err("kiosk", forms ? "form" : "media", &err);
	buf_free(&bytes);
}

/* FOLDER once: its forms, or what they show. Other programs keep that in NAME-media. */
static enum err_code
take_folder(struct catalog *c, const char *folder, bool forms, struct err *err)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_shown, alphasort);
	enum err_code rc = ERR_OK;

	if (n < 0)
		return err_set(err, ERR_ABSENT, "forms = %s: %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		char path[PATH_LEN];

		take_file(c, folder, names[i]->d_name, forms);
		if (!forms && ends(names[i]->d_name, "-media") && strchr(names[i]->d_name, '/') == NULL) {
			snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
			if (take_folder(c, path, false, err) != ERR_OK)
				log_err("kiosk", "media", err);
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

enum err_code
catalog_folder(const char *folder, const char *media, struct catalog **out, struct err *err)
{
	struct catalog *c = calloc(1, sizeof(*c));
	enum err_code rc;

	*out = NULL;
	if (c == NULL)
		return err_nomem(err);
	media_init(&c->media, media);
	rc = take_folder(c, folder, false, err);
	if (rc == ERR_OK)
		rc = take_folder(c, folder, true, err);
	if (rc == ERR_OK)
		*out = c;
	else
		catalog_free(c);
	return rc;
}

/* One file of a bundle. Tables are read by the forms that name them. */
static enum err_code
take_payload(struct catalog *c, struct beside *beside, const char *name, const uint8_t *data, size_t len, bool forms,
    struct err *err)
{
	if (ends(name, ".csv") || ends(name, ".xml") != forms)
		return ERR_OK;
	return forms ? add(c, beside, name, (const char *)data, len, err) : media_add(&c->media, name, data, len, err);
}

enum err_code
catalog_payload(const uint8_t *p, size_t len, const char *media, struct catalog **out, struct err *err)
{
	struct beside beside = { .payload = p, .len = len };
	struct catalog *c = calloc(1, sizeof(*c));
	enum err_code rc = ERR_OK;
	size_t n;
	const uint8_t *data;
	char name[80];

	*out = NULL;
	if (c == NULL)
		return err_nomem(err);
	media_init(&c->media, media);
	for (int forms = 0; forms < 2 && rc == ERR_OK; forms++) {
		size_t at = 0;

		while (rc == ERR_OK && bundle_file(p, len, &at, name, &data, &n))
			rc = take_payload(c, &beside, name, data, n, forms == 1, err);
		if (rc == ERR_OK && at != len)
			rc = err_set(err, ERR_INPUT, "forms bundle: cut off at byte %zu", at);
	}
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
	media_clear(&c->media);
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

bool
shelf_is_asked(const struct shelf *s)
{
	return !s->is_concern && !s->is_visit && !s->is_group;
}

bool
catalog_has_variant(const struct catalog *c, const char *variant)
{
	for (size_t i = 0; i < c->n; i++)
		if (shelf_is_asked(&c->shelf[i]) && strcmp(c->shelf[i].variant, variant) == 0)
			return true;
	return false;
}

/* Somebody who answers for another gets the form of that other person, or one made for this. */
static bool
fits(const struct shelf *s, const char *role, const char *by)
{
	if (!shelf_is_asked(s))
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

const char *
shelf_title(const struct shelf *s, const char *tag)
{
	char key[48];
	const char *text = "";

	for (size_t n = strlen(tag); text[0] == '\0' && n > 0; n = n > strcspn(tag, "-") ? strcspn(tag, "-") : 0) {
		snprintf(key, sizeof(key), "title.%.*s", (int)n, tag);
		text = form_setting(s->form, key);
	}
	return text[0] != '\0' ? text : form_title(s->form);
}

size_t
shelf_language(const struct shelf *s, const char *tag)
{
	for (size_t i = 0; i < form_languages(s->form); i++)
		if (same_language(form_language_tag(s->form, i), tag))
			return i;
	return form_default_language(s->form);
}
