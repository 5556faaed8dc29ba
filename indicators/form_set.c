/* The forms that records may have been made with. See form_set.h. */
#include "indicators/form_set.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "collector/chain.h"

enum { FORM_BYTES = 8 << 20 };

static int
is_form(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && strcmp(e->d_name + n - 4, ".xml") == 0;
}

/* Choice files (CSV, GeoJSON) lie beside the form: jr://file-csv/NAME. */
static enum err_code
open_beside(void *arg, const char *uri, struct buf *out, struct err *err)
{
	const char *name = strrchr(uri, '/');
	char path[4096];

	if (name == NULL || name[1] == '\0' || name[1] == '.')
		return err_set(err, ERR_INPUT, "a form asks for \"%.100s\"", uri);
	if (snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name + 1) >= (int)sizeof(path))
		return err_set(err, ERR_LIMIT, "a path over %zu characters", sizeof(path));
	return file_read(path, out, err);
}

static enum err_code
read_one(const char *dir, const char *file, struct known_form *out, struct err *err)
{
	char path[4096], *folder = strdup(dir);
	struct form_rules rules = { .admit = false, .open = open_beside, .arg = folder };
	struct findings findings;
	struct buf xml;
	enum err_code rc;

	if (folder == NULL)
		return err_nomem(err);
	buf_init(&xml, FORM_BYTES);
	findings_init(&findings);
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	rc = file_read(path, &xml, err);
	if (rc == ERR_OK)
		rc = form_load((const char *)xml.data, xml.len, &rules, &findings, &out->form, err);
	if (rc == ERR_OK) {
		chain_form_id(xml.data, xml.len, out->id);
		snprintf(out->name, sizeof(out->name), "%s@%s", form_id(out->form), form_version(out->form));
	} else if (findings.n > 0) {
		rc = err_set(err, rc, "%s: %s: %s", path, findings.list[0].place, findings.list[0].text);
	} else {
		err_in(err, "%s", path);
	}
	findings_clear(&findings);
	buf_free(&xml);
	free(folder);
	return rc;
}

enum err_code
form_set_read(const char *dir, struct form_set *out, struct err *err)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, is_form, alphasort);
	enum err_code rc = ERR_OK;

	memset(out, 0, sizeof(*out));
	if (n < 0)
		return err_set(err, ERR_ABSENT, "no folder of forms %s", dir);
	out->list = calloc((size_t)n + 1, sizeof(*out->list));
	if (out->list == NULL)
		rc = err_nomem(err);
	for (int i = 0; i < n; i++) {
		if (rc == ERR_OK)
			rc = read_one(dir, names[i]->d_name, &out->list[out->n], err);
		if (rc == ERR_OK)
			out->n++;
		free(names[i]);
	}
	free(names);
	if (rc != ERR_OK)
		form_set_clear(out);
	return rc;
}

void
form_set_clear(struct form_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		form_free(s->list[i].form);
	free(s->list);
	memset(s, 0, sizeof(*s));
}

const struct known_form *
form_set_find(const struct form_set *s, const uint8_t id[16])
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(s->list[i].id, id, 16) == 0)
			return &s->list[i];
	return NULL;
}
