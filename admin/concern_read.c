/* `candour concern list`, `show`, `table` and `note`: what was pulled, opened for the terminal. See concern.h. */
#include "admin/concern.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "admin/site.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "collector/record.h"
#include "collector/seal.h"
#include "forms/tree.h"

enum { SAFE_HOURS = 4, WORKING_DAYS = 3, ID_MIN = 4, NOTE_MAX = 1000 };

/* --- reading -------------------------------------------------------------------------------------- */

struct concern {
	char id[33], site[80], arrived[16];
	int64_t pulled;
	struct record_plain plain;	/* content borrows TEXT */
	struct buf text;		/* secret */
};

static void
concern_clear(struct concern *c)
{
	buf_free(&c->text);
}

/* "KEY = " in the lines before END. */
static bool
line_of(const char *lines, const char *key, char *out, size_t room)
{
	const char *at = strstr(lines, key);
	size_t n;

	if (at == NULL)
		return false;
	at += strlen(key);
	n = strcspn(at, "\n");
	if (n == 0 || n >= room)
		return false;
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

static enum err_code
concern_read(const char *dir, const char *id, const struct seal_key *key, struct concern *c, struct err *err)
{
	char name[48], path[PATH_MAX], pulled[24] = "", *end;
	struct record record;
	struct buf file;
	enum err_code rc;

	memset(c, 0, sizeof(*c));
	buf_init(&file, CONCERN_FILE_MAX);
	buf_init_secret(&c->text, RECORD_PLAIN_MAX + RECORD_HEADER);
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(name, sizeof(name), "%s.concern", id);
	rc = admin_path(dir, name, path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_read(path, &file, err);
	if (rc == ERR_OK) {
		end = file.len < strlen(CONCERN_HEAD) || memcmp(file.data, CONCERN_HEAD, strlen(CONCERN_HEAD)) != 0 ? NULL
		    : memmem(file.data, file.len, "\n\n", 2);
		if (end == NULL) {
			rc = err_set(err, ERR_INPUT, "%s: not a concern that was pulled", path);
		} else {
			*end = '\0';
			if (!line_of((const char *)file.data, "\nsite = ", c->site, sizeof(c->site))
			    || !line_of((const char *)file.data, "\narrived = ", c->arrived, sizeof(c->arrived))
			    || !line_of((const char *)file.data, "\npulled = ", pulled, sizeof(pulled))
			    || !num_i64(pulled, strlen(pulled), 0, INT64_MAX, &c->pulled))
				rc = err_set(err, ERR_INPUT, "%s: lines are missing", path);
			else
				rc = record_read((const uint8_t *)end + 2, file.len - (size_t)((uint8_t *)end + 2 - file.data), &record, err);
		}
	}
	if (rc == ERR_OK)
		rc = seal_open(key, &record, &c->text, err);
	if (rc == ERR_OK)
		rc = record_plain_get(c->text.data, c->text.len, &c->plain, err);
	if (rc != ERR_OK)
		concern_clear(c);
	buf_free(&file);
	return rc;
}

/* What people typed, for a terminal: nothing in it moves the cursor or changes a colour. */
static void
print_text(const char *text, const char *indent)
{
	printf("%s", indent);
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++)
		if (*s == '\n')
			printf("\n%s", indent);
		else if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
			s++;	/* C1 controls */
		else if ((*s >= 0x20 && *s != 0x7f) || *s == '\t')
			putchar(*s);
	putchar('\n');
}

static const char *
kind_words(const char *kind)
{
	static const struct { const char *code, *words; } all[] = {
		{ "not_safe", "I am not safe" }, { "complaint", "I want to complain" },
		{ "staff_report", "I work here and want to report" }, { "pns", "I would rather not say" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].code, kind) == 0)
			return all[i].words;
	return kind;
}

static const char *
question_words(const char *name)
{
	static const struct { const char *name, *words; } all[] = {
		{ "concern_kind", "What is wrong" }, { "concern_text", "What they want to tell us" },
		{ "concern_contact", "How to reach them" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].words;
	return name;
}

/* Every answer, in the order of the form; the form's own bookkeeping (meta) is left out. */
static void
print_answers(const xmlNode *node)
{
	for (const xmlNode *n = node->children; n != NULL; n = n->next) {
		xmlChar *text;

		if (n->type != XML_ELEMENT_NODE || strcmp((const char *)n->name, "meta") == 0)
			continue;
		if (xmlChildElementCount((xmlNode *)(uintptr_t)n) > 0) {
			print_answers(n);
			continue;
		}
		text = xmlNodeGetContent(n);
		if (text != NULL && text[0] != '\0') {
			printf("%s\n", question_words((const char *)n->name));
			print_text(strcmp((const char *)n->name, "concern_kind") == 0 ? kind_words((const char *)text) : (const char *)text,
			    "    ");
		}
		if (text != NULL)
			memset(text, 0, strlen((const char *)text));
		xmlFree(text);
	}
}

/* The answer called NAME into OUT, "" without. */
static void
answer(const xmlNode *node, const char *name, char *out, size_t room)
{
	for (const xmlNode *n = node->children; n != NULL && out[0] == '\0'; n = n->next) {
		if (n->type == XML_ELEMENT_NODE && strcmp((const char *)n->name, name) == 0) {
			xmlChar *text = xmlNodeGetContent(n);

			snprintf(out, room, "%s", text != NULL ? (const char *)text : "");
			xmlFree(text);
		} else if (n->type == XML_ELEMENT_NODE) {
			answer(n, name, out, room);
		}
	}
}

/* The newest note of ID: "" if there is none. */
static void
newest_note(const char *notes, const char *id, char *out, size_t room)
{
	out[0] = '\0';
	for (const char *line = notes; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *at = line + 33;

		if (strncmp(line, id, 32) != 0 || strcspn(line, "\n") < 34 || line[32] != '\t')
			continue;
		snprintf(out, room, "%.*s", (int)strcspn(at, "\n"), at);
	}
	for (char *s = out; *s != '\0'; s++)
		if (*s == '\t')
			*s = ' ';
}

/* When somebody should have begun to act: hours for a person who is not safe, else three working days. */
static int64_t
due(const char *kind, int64_t pulled)
{
	int left = WORKING_DAYS;

	if (strcmp(kind, "not_safe") == 0)
		return pulled + SAFE_HOURS * 3600;
	while (left > 0) {
		pulled += 86400;
		if ((pulled / 86400 + 4) % 7 != 0 && (pulled / 86400 + 4) % 7 != 6)	/* 1970-01-01 was a Thursday */
			left--;
	}
	return pulled;
}

static enum err_code
read_notes(const char *dir, struct buf *out, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc = admin_path(dir, "notes", path, sizeof(path), err);

	if (rc == ERR_OK)
		rc = file_read(path, out, err);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static void
given(const struct concern *c, char out[32])
{
	int year, month, day;

	date_from_day(c->plain.half_day / 2, &year, &month, &day);
	if (c->plain.quality == CLOCK_UNKNOWN)
		snprintf(out, 32, "on a day not known");
	else
		snprintf(out, 32, "%04d-%02d-%02d", year % 10000, month, day);
}

static enum err_code
print_one(const struct concern *c, const char *notes, bool whole, struct err *err)
{
	char kind[64] = "", day[32], note[NOTE_MAX + 100];
	struct _xmlDoc *doc = NULL;
	const xmlNode *root;
	enum err_code rc = xml_parse((const char *)c->plain.content, c->plain.len, false, &doc, err);

	if (rc != ERR_OK)
		return rc;
	root = xmlDocGetRootElement(doc);
	answer(root, "concern_kind", kind, sizeof(kind));
	given(c, day);
	newest_note(notes, c->id, note, sizeof(note));
	printf("%.8s  %s  given %s, arrived %s  ", c->id, c->site, day, c->arrived);
	print_text(kind_words(kind), "");
	if (note[0] == '\0')
		printf("          nobody has noted anything%s\n", time(NULL) > due(kind, c->pulled) ? strcmp(kind, "not_safe") == 0
		    ? "   <- LATE: 4 hours are over" : "   <- LATE: 3 working days are over" : "");
	else if (!whole)
		print_text(note, "          ");
	if (whole) {
		putchar('\n');
		print_answers(root);
		for (const char *line = notes; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
			char text[NOTE_MAX + 100];

			if (strncmp(line, c->id, 32) != 0 || line[32] != '\t')
				continue;
			snprintf(text, sizeof(text), "%.*s", (int)strcspn(line + 33, "\n"), line + 33);
			print_text(text, "note: ");
		}
	}
	xml_free(doc);
	return ERR_OK;
}

/* A line of the table that `candour indicator evaluate` reads: no text, and of reports by staff no site. */
static enum err_code
print_row(const struct concern *c, struct err *err)
{
	char kind[64] = "", day[32];
	struct _xmlDoc *doc = NULL;
	enum err_code rc = xml_parse((const char *)c->plain.content, c->plain.len, false, &doc, err);

	if (rc != ERR_OK)
		return rc;
	answer(xmlDocGetRootElement(doc), "concern_kind", kind, sizeof(kind));
	xml_free(doc);
	if (kind[strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0')
		return err_set(err, ERR_INPUT, "what it is about is no code");
	given(c, day);
	printf("%s,%s,%s\n", kind, strcmp(kind, "staff_report") == 0 ? "" : c->site, c->plain.quality == CLOCK_UNKNOWN
	    ? c->arrived : day);
	return ERR_OK;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The ids in DIR that begin with PREFIX, in order. */
static enum err_code
ids_of(const char *dir, const char *prefix, char (**out)[33], size_t *n, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t cap = 0;

	*out = NULL;
	*n = 0;
	if (d == NULL)
		return err_set(err, errno == ENOENT ? ERR_ABSENT : ERR_DENIED, "%s: %s", dir, strerror(errno));
	while ((e = readdir(d)) != NULL) {
		if (strlen(e->d_name) != 40 || strcmp(e->d_name + 32, ".concern") != 0 || strspn(e->d_name, "0123456789abcdef") != 32
		    || strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		if (*n == cap) {
			void *more = realloc(*out, (cap * 2 + 64) * sizeof(**out));

			if (more == NULL) {
				closedir(d);
				return err_nomem(err);
			}
			*out = more;
			cap = cap * 2 + 64;
		}
		snprintf((*out)[(*n)++], 33, "%.32s", e->d_name);
	}
	closedir(d);
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), by_name);
	return ERR_OK;
}

/* The one concern that ID (its first characters) names. */
static enum err_code
pick(const char *dir, const char *id, char out[33], struct err *err)
{
	char (*ids)[33];
	size_t n;
	enum err_code rc = strlen(id) < ID_MIN ? err_set(err, ERR_INPUT, "%s: say at least four characters of it", id)
	    : ids_of(dir, id, &ids, &n, err);

	if (rc != ERR_OK)
		return rc;
	if (n != 1)
		rc = err_set(err, n == 0 ? ERR_ABSENT : ERR_INPUT, n == 0 ? "%s: there is no such concern here"
		    : "%s: more than one begins so; say more of it", id);
	else
		memcpy(out, ids[0], 33);
	free(ids);
	return rc;
}

/* Of all a line or two each, or a row; or everything of the one that ID names. */
enum err_code
concern_read_out(const char *dir, const char *key_file, enum concern_how how, const char *id, struct err *err)
{
	char (*ids)[33] = NULL, one[1][33];
	struct seal_key *key = NULL;
	struct buf notes;
	size_t n = 1;
	enum err_code rc = id != NULL ? pick(dir, id, one[0], err) : ids_of(dir, "", &ids, &n, err);

	buf_init(&notes, 64 << 20);
	if (rc == ERR_OK)
		rc = keyfile_load(key_file, KEY_CONCERN, keyfile_ask_terminal, NULL, &key, err);
	if (rc == ERR_OK)
		rc = read_notes(dir, &notes, err);
	if (rc == ERR_OK && how == CONCERN_TABLE)
		puts("concern_kind,_site,_day");
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		struct concern c;

		rc = concern_read(dir, id != NULL ? one[0] : ids[i], key, &c, err);
		if (rc == ERR_OK) {
			rc = how == CONCERN_TABLE ? print_row(&c, err) : print_one(&c, buf_str(&notes), how == CONCERN_SHOW, err);
			concern_clear(&c);
		}
		if (rc != ERR_OK && id == NULL && rc != ERR_NOMEM) {	/* the others are to be seen all the same */
			fprintf(how == CONCERN_TABLE ? stderr : stdout, "%.8s  cannot be read: %s\n", ids[i], err->msg);
			rc = ERR_OK;
		}
	}
	if (rc == ERR_OK && n == 0 && how == CONCERN_LIST)
		printf("No concerns were pulled into %s.\n", dir);
	seal_key_free(key);
	buf_free(&notes);
	free(ids);
	return rc;
}

/* --- notes ---------------------------------------------------------------------------------------- */

enum err_code
concern_note(const char *dir, const char *id, const char *by, const char *text, struct err *err)
{
	char whole[33], path[PATH_MAX], line[NOTE_MAX + 300];
	time_t now = time(NULL);
	struct stat before;
	struct tm tm;
	char when[32];
	int n, fd;
	enum err_code rc = pick(dir, id, whole, err);

	if (rc == ERR_OK && (!utf8_valid(text, strlen(text), NULL) || !utf8_valid(by, strlen(by), NULL)))
		rc = err_set(err, ERR_INPUT, "name and note have to be UTF-8");
	for (const char *s = text; rc == ERR_OK && *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			rc = err_set(err, ERR_INPUT, "a note is one line without tabs");
	if (rc == ERR_OK && (text[0] == '\0' || strlen(text) > NOTE_MAX || by[0] == '\0' || strlen(by) > 100
	    || strpbrk(by, "\t\n") != NULL))
		rc = err_set(err, ERR_INPUT, "a note needs a name (up to 100 bytes) and a text (up to %d)", NOTE_MAX);
	if (rc == ERR_OK)
		rc = admin_path(dir, "notes", path, sizeof(path), err);
	if (rc != ERR_OK)
		return rc;
	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	n = snprintf(line, sizeof(line), "%s\t%s UTC\t%s\t%s\n", whole, when, by, text);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &before) != 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	else if (write(fd, line, (size_t)n) != n || fsync(fd) != 0) {
		rc = err_set(err, ERR_BROKEN, "%s: %s: it was not kept", path, strerror(errno));
		if (ftruncate(fd, before.st_size) != 0)	/* no half line before the next one */
			err_in(err, "half of it may stand there");
	}
	if (fd >= 0)
		close(fd);
	return rc;
}
