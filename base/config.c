/* Program configurations. See config.h. */
#include "base/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/num.h"

enum { CONFIG_MAX = 1 << 16, KEYS_MAX = 64 };

struct reading {
	const char *path;
	const struct config_key *keys;
	size_t n;
	void *conf;
	bool seen[KEYS_MAX];
};

static void *
field(void *conf, const struct config_key *k)
{
	return (char *)conf + k->offset;
}

static enum err_code
assign(void *conf, const struct config_key *k, const char *value, struct err *err)
{
	switch (k->type) {
	case CONFIG_TEXT: {
		size_t max = k->max > 0 ? (size_t)k->max : 4096;
		char *copy;

		if (strlen(value) > max)
			return err_set(err, ERR_INPUT, "%s is longer than %zu characters", k->name, max);
		copy = strdup(value);
		if (copy == NULL)
			return err_nomem(err);
		free(*(char **)field(conf, k));
		*(char **)field(conf, k) = copy;
		return ERR_OK;
	}
	case CONFIG_INT:
		if (!num_i64(value, strlen(value), k->min, k->max, field(conf, k)))
			return err_set(err, ERR_INPUT, "%s must be a whole number from %" PRId64 " to %" PRId64,
			    k->name, k->min, k->max);
		return ERR_OK;
	case CONFIG_BOOL:
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return err_set(err, ERR_INPUT, "%s must be yes or no", k->name);
		*(bool *)field(conf, k) = value[0] == 'y';
		return ERR_OK;
	}
	return ERR_OK;
}

static enum err_code
item(void *arg, const struct ini_item *it, struct err *err)
{
	struct reading *r = arg;
	enum err_code rc;

	if (it->argument[0] != '\0' || it->label[0] != '\0')
		return err_set(err, ERR_INPUT, "%s:%d: sections and keys have no argument here", r->path,
		    it->line);
	for (size_t i = 0; i < r->n; i++) {
		const struct config_key *k = &r->keys[i];

		if (strcmp(k->section, it->section) != 0)
			continue;
		if (it->key == NULL)
			return ERR_OK;
		if (strcmp(k->name, it->key) != 0)
			continue;
		if (r->seen[i])
			return err_set(err, ERR_INPUT, "%s:%d: %s is set twice", r->path, it->line, k->name);
		r->seen[i] = true;
		rc = assign(r->conf, k, it->value, err);
		return rc == ERR_OK ? rc : err_in(err, "%s:%d", r->path, it->line);
	}
	if (it->key == NULL)
		return err_set(err, ERR_INPUT, "%s:%d: unknown section [%s]", r->path, it->line, it->section);
	return err_set(err, ERR_INPUT, "%s:%d: unknown key %s (the program's -h lists them)", r->path,
	    it->line, it->key);
}

enum err_code
config_read(const char *path, const struct config_key *keys, size_t n, void *conf, struct err *err)
{
	struct reading r = { .path = path, .keys = keys, .n = n, .conf = conf };
	struct buf text;
	enum err_code rc = ERR_OK;

	buf_init(&text, CONFIG_MAX);
	if (n > KEYS_MAX)
		return err_set(err, ERR_BROKEN, "more than %d configuration keys", KEYS_MAX);
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		if (keys[i].preset != NULL)
			rc = assign(conf, &keys[i], keys[i].preset, err);
	if (rc == ERR_OK && path != NULL) {
		rc = file_read(path, &text, err);
		if (rc == ERR_OK)
			rc = ini_read(path, buf_str(&text), text.len, item, &r, err);
	}
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		if (keys[i].preset == NULL && !r.seen[i])
			rc = err_set(err, ERR_INPUT, "%s: %s%s%s must be set: %s", path == NULL ? "configuration"
			    : path, keys[i].section, keys[i].section[0] == '\0' ? "" : ".", keys[i].name,
			    keys[i].help);
	buf_free(&text);
	if (rc != ERR_OK)
		config_clear(keys, n, conf);
	return rc;
}

void
config_clear(const struct config_key *keys, size_t n, void *conf)
{
	for (size_t i = 0; i < n; i++) {
		switch (keys[i].type) {
		case CONFIG_TEXT:
			free(*(char **)field(conf, &keys[i]));
			*(char **)field(conf, &keys[i]) = NULL;
			break;
		case CONFIG_INT:
			*(int64_t *)field(conf, &keys[i]) = 0;
			break;
		case CONFIG_BOOL:
			*(bool *)field(conf, &keys[i]) = false;
			break;
		}
	}
}

void
config_print(const struct config_key *keys, size_t n)
{
	const char *section = "";

	for (size_t i = 0; i < n; i++) {
		if (strcmp(section, keys[i].section) != 0) {
			section = keys[i].section;
			printf("[%s]\n", section);
		}
		printf("# %s\n%s%s = %s\n", keys[i].help, keys[i].preset == NULL ? "" : "#", keys[i].name,
		    keys[i].preset == NULL ? "(must be set)" : keys[i].preset);
	}
}
