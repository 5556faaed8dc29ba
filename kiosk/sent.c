/* See sent.h. What may be sent is what a home may want changed without a visit, takes effect between visits, and breaks no
 * promise: not how long words hold, not where anything is, not who may connect. */
#include "kiosk/sent.h"

#include <stdlib.h>
#include <string.h>

#include "base/ini.h"
#include "base/num.h"
#include "kiosk/bundle.h"

static const char *const allowed[SENT_KEYS] = { "keyboard", "numbers", "idle_warn_s", "idle_answer_s", "scale_coin",
	"paper_key_in", "paper_return" };

struct reading {
	struct sent *s;
	bool seen[SENT_KEYS];
};

/* The table's row of NAME, or NULL. *AT: which of those allowed. */
static const struct config_key *
key_of(const char *name, size_t *at)
{
	for (*at = 0; *at < SENT_KEYS; (*at)++)
		if (strcmp(allowed[*at], name) == 0)
			for (size_t i = 0; i < kiosk_n_keys; i++)
				if (kiosk_keys[i].section[0] == '\0' && strcmp(kiosk_keys[i].name, name) == 0)
					return &kiosk_keys[i];
	return NULL;
}

static enum err_code
on_item(void *arg, const struct ini_item *item, struct err *err)
{
	struct reading *r = arg;
	const struct config_key *key = NULL;
	size_t at = 0;
	void *field;
	int64_t n;

	if (item->key != NULL && item->section[0] == '\0' && item->label[0] == '\0')
		key = key_of(item->key, &at);
	if (key == NULL)
		return err_set(err, ERR_INPUT, "settings.conf:%d: %s cannot be sent: keyboard, numbers, idle_warn_s, "
		    "idle_answer_s, scale_coin, paper_key_in and paper_return can", item->line,
		    item->key != NULL ? item->key : item->section);
	if (r->seen[at])
		return err_set(err, ERR_INPUT, "settings.conf:%d: %s is there twice", item->line, item->key);
	r->seen[at] = true;
	field = (char *)&r->s->conf + key->offset;
	switch (key->type) {
	case CONFIG_TEXT:
		if (strlen(item->value) > (key->max > 0 ? (size_t)key->max : 4096))
			return err_set(err, ERR_INPUT, "settings.conf:%d: %s is too long", item->line, item->key);
		r->s->text[at] = strdup(item->value);
		if (r->s->text[at] == NULL)
			return err_nomem(err);
		*(char **)field = r->s->text[at];
		return ERR_OK;
	case CONFIG_INT:
		if (!num_i64(item->value, strlen(item->value), key->min, key->max, &n))
			return err_set(err, ERR_INPUT, "settings.conf:%d: %s = %.40s: a number from %lld to %lld is expected",
			    item->line, item->key, item->value, (long long)key->min, (long long)key->max);
		*(int64_t *)field = n;
		return ERR_OK;
	case CONFIG_BOOL:
		if (strcmp(item->value, "yes") != 0 && strcmp(item->value, "no") != 0)
			return err_set(err, ERR_INPUT, "settings.conf:%d: %s = %.40s: yes or no is expected", item->line,
			    item->key, item->value);
		*(bool *)field = item->value[0] == 'y';
		return ERR_OK;
	}
	return ERR_OK;
}

enum err_code
sent_numbers_check(const char *text, struct err *err)
{
	while (*text != '\0') {
		size_t n = strcspn(text, ";");

		if (memchr(text, ':', n) == NULL)
			return err_set(err, ERR_INPUT, "numbers: expected Name: number; Name: number");
		text += n + (text[n] == ';');
	}
	return ERR_OK;
}

enum err_code
sent_read(const uint8_t *payload, size_t n, const struct kiosk_conf *conf, struct sent **out, struct err *err)
{
	struct reading r = { .s = calloc(1, sizeof(*r.s)) };
	const uint8_t *data, *text = NULL;
	size_t at = 0, len, text_len = 0;
	char name[65];
	enum err_code rc = ERR_OK;

	*out = NULL;
	if (r.s == NULL)
		return err_nomem(err);
	r.s->conf = *conf;
	while (rc == ERR_OK && bundle_file(payload, n, &at, name, &data, &len)) {
		if (strcmp(name, "settings.conf") != 0 || text != NULL)
			rc = err_set(err, ERR_INPUT, "%s: a bundle of settings holds one file, settings.conf", name);
		text = data;
		text_len = len;
	}
	if (rc == ERR_OK && text == NULL)
		rc = err_set(err, ERR_INPUT, "a bundle of settings holds one file, settings.conf");
	if (rc == ERR_OK)
		rc = ini_read("settings.conf", (const char *)text, text_len, on_item, &r, err);
	if (rc == ERR_OK)
		rc = sent_numbers_check(r.s->conf.numbers, err);
	/* Nothing of what kiosk_conf_check looks at can be sent. */
	if (rc == ERR_OK && strcmp(r.s->conf.keyboard, "page") != 0 && strcmp(r.s->conf.keyboard, "system") != 0
	    && strcmp(r.s->conf.keyboard, "none") != 0)
		rc = err_set(err, ERR_INPUT, "keyboard = %s: page, system or none", r.s->conf.keyboard);
	if (rc != ERR_OK) {
		sent_free(r.s);
		return rc;
	}
	*out = r.s;
	return ERR_OK;
}

void
sent_free(struct sent *s)
{
	while (s != NULL) {
		struct sent *before = s->before;

		for (size_t i = 0; i < SENT_KEYS; i++)
			free(s->text[i]);
		free(s);
		s = before;
	}
}
