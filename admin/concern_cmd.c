/* candour concern: what people wrote behind "Something is wrong", for who holds a concern key. `pull` takes what has come of
 * lane 1 into a folder of the holder's, where it stays sealed; `list` and `show` open it for the terminal; `note` keeps
 * who did what about it; `table` gives kind, site and day for the rates. docs/formats/concern.md. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libxml/tree.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "admin/commands.h"
#include "admin/site.h"
#include "aggregator/settings.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/config.h"
#include "base/file.h"
#include "base/num.h"
#include "collector/keyfile.h"
#include "collector/record.h"
#include "collector/seal.h"
#include "forms/tree.h"
#include "sync/receipt.h"

static const char usage[] =
    "usage: candour concern pull --key FILE [--centre DIR | --store STORE] [--notify PROGRAM] INTO\n"
    "       candour concern list --key FILE INTO\n"
    "       candour concern show --key FILE INTO ID\n"
    "       candour concern note --by NAME INTO ID TEXT\n"
    "       candour concern table --key FILE INTO\n\n"
    "For who holds a concern key: what people wrote behind \"Something is wrong\". INTO is a folder of the holder's own.\n";

enum { CHUNK = 100, SAFE_HOURS = 4, WORKING_DAYS = 3, FILE_MAX = RECORD_WIRE_MAX + 4096, ID_MIN = 4, NOTE_MAX = 1000 };

static const char head[] = "candour-concern 1\n";

/* --- the folder ----------------------------------------------------------------------------------- */

/* How far a chain was read, and up to where everything in it opened (or had nothing to open). */
struct place {
	uint8_t device[16], epoch[16];
	uint64_t seq, marked;
};

struct places {
	struct place *list;
	size_t n, cap;
};

static enum err_code
places_add(struct places *p, const uint8_t device[16], const uint8_t epoch[16], struct place **out, struct err *err)
{
	for (size_t i = 0; i < p->n; i++)
		if (memcmp(p->list[i].device, device, 16) == 0 && memcmp(p->list[i].epoch, epoch, 16) == 0) {
			*out = &p->list[i];
			return ERR_OK;
		}
	if (p->n == p->cap) {
		size_t cap = p->cap == 0 ? 64 : p->cap * 2;
		struct place *more = realloc(p->list, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		p->list = more;
		p->cap = cap;
	}
	*out = &p->list[p->n++];
	memset(*out, 0, sizeof(**out));
	memcpy((*out)->device, device, 16);
	memcpy((*out)->epoch, epoch, 16);
	return ERR_OK;
}

/* Lines "DEVICE EPOCH READ MARKED". None yet: empty. */
static enum err_code
places_read(const char *dir, struct places *p, struct err *err)
{
	char path[PATH_MAX], *line, *rest;
	struct buf text;
	unsigned n = 0;
	enum err_code rc = admin_path(dir, "positions", path, sizeof(path), err);

	buf_init(&text, 8 << 20);
	if (rc == ERR_OK)
		rc = file_read(path, &text, err);
	if (rc == ERR_OK)
		buf_str(&text);
	for (line = rc == ERR_OK ? strtok_r((char *)text.data, "\n", &rest) : NULL; line != NULL && rc == ERR_OK;
	    line = strtok_r(NULL, "\n", &rest)) {
		unsigned long long seq, marked;
		uint8_t device[16], epoch[16];
		struct place *at;

		n++;
		if (strlen(line) < 67 || line[32] != ' ' || line[65] != ' ' || !hex_get(line, 32, device, 16)
		    || !hex_get(line + 33, 32, epoch, 16) || sscanf(line + 66, "%llu %llu", &seq, &marked) != 2 || marked > seq) {
			rc = err_set(err, ERR_INPUT, "%s:%u: not a position. Take the file away to read everything again; what is in "
			    "the folder already stays as it is", path, n);
			break;
		}
		rc = places_add(p, device, epoch, &at, err);
		if (rc == ERR_OK) {
			at->seq = seq;
			at->marked = marked;
		}
	}
	buf_free(&text);
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static enum err_code
places_write(const char *dir, const struct places *p, struct err *err)
{
	char path[PATH_MAX], device[33], epoch[33];
	struct buf text;
	enum err_code rc = admin_path(dir, "positions", path, sizeof(path), err);

	buf_init(&text, 8 << 20);
	for (size_t i = 0; i < p->n; i++) {
		hex_str(p->list[i].device, 16, device);
		hex_str(p->list[i].epoch, 16, epoch);
		buf_printf(&text, "%s %s %llu %llu\n", device, epoch, (unsigned long long)p->list[i].seq,
		    (unsigned long long)p->list[i].marked);
	}
	if (rc == ERR_OK)
		rc = buf_check(&text, err);
	if (rc == ERR_OK)
		rc = file_write(path, text.data, text.len, 0600, err);
	buf_free(&text);
	return rc;
}

/* --- pulling -------------------------------------------------------------------------------------- */

struct pulling {
	const char *dir;
	struct store *st;
	const struct seal_key *key;
	const struct store_position *chain;
	struct place *at;
	bool all_opened;		/* in this chain so far */
	unsigned long found, unopened;
	int64_t now, longest_days;	/* from the day it was given to the day it arrived; -1: nothing to say */
};

/* The day on which the centre confirmed it. */
static enum err_code
arrived(const struct pulling *p, uint64_t seq, int64_t *day, struct err *err)
{
	uint8_t bytes[RECEIPT_LEN];
	struct receipt receipt;
	enum err_code rc = p->st->ops->receipt_covering(p->st, p->chain->device, LANE_CONCERNS, p->chain->epoch, seq, bytes,
	    err);

	if (rc == ERR_OK)
		rc = receipt_read(bytes, sizeof(bytes), &receipt, err);
	*day = rc == ERR_OK ? (int64_t)receipt.log_day : p->now / 86400;
	return rc == ERR_ABSENT ? ERR_OK : rc;
}

static void
put_date(struct buf *b, const char *key, int64_t day)
{
	int year, month, mday;

	date_from_day(day, &year, &month, &mday);
	buf_printf(b, "%s = %04d-%02d-%02d\n", key, year, month, mday);
}

/* The record as it came, under a few lines in clear: nothing in them that the centre does not show to its operators. */
static enum err_code
keep(struct pulling *p, const struct record *r, const struct record_plain *plain, uint64_t seq, const struct buf *wire,
    struct err *err)
{
	char name[48], path[PATH_MAX], hex[33];
	struct buf b;
	int64_t day = 0;
	enum err_code rc = arrived(p, seq, &day, err);

	buf_init(&b, FILE_MAX);
	hex_str(r->head.id, 16, hex);
	snprintf(name, sizeof(name), "%s.concern", hex);
	buf_printf(&b, "%ssite = %s\npulled = %lld\n", head, p->chain->site, (long long)p->now);
	put_date(&b, "arrived", day);
	buf_putc(&b, '\n');
	buf_put(&b, wire->data, wire->len);
	if (rc == ERR_OK)
		rc = buf_check(&b, err);
	if (rc == ERR_OK)
		rc = admin_path(p->dir, name, path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_create(path, b.data, b.len, 0600, err);
	if (rc == ERR_OK) {
		p->found++;
		if (plain->quality != CLOCK_UNKNOWN && day - plain->half_day / 2 > p->longest_days)
			p->longest_days = day - plain->half_day / 2;
	}
	buf_free(&b);
	return rc == ERR_EXISTS ? ERR_OK : rc;	/* a pull that was cut off */
}

static enum err_code
on_row(void *arg, const struct store_row *row, struct err *err)
{
	struct pulling *p = arg;
	struct record_plain plain;
	struct record record;
	struct buf wire, text;
	struct err why;
	enum err_code rc = ERR_OK;

	buf_init(&wire, RECORD_WIRE_MAX);
	buf_init_secret(&text, RECORD_PLAIN_MAX + RECORD_HEADER);
	if (row->kind == RECORD_SEALED && row->nonce_body != NULL) {
		store_row_wire(row, &wire);
		rc = record_read(wire.data, wire.len, &record, &why);
		if (rc == ERR_OK)
			rc = seal_open(p->key, &record, &text, &why);
		if (rc == ERR_OK)
			rc = record_plain_get(text.data, text.len, &plain, &why);
		if (rc == ERR_NOMEM) {
			rc = err_nomem(err);
		} else if (rc != ERR_OK) {
			p->unopened++;
			p->all_opened = false;
			rc = ERR_OK;
		} else if (plain.type == PLAIN_INSTANCE) {
			rc = keep(p, &record, &plain, row->seq, &wire, err);
		}
	}
	if (rc == ERR_OK) {
		p->at->seq = row->seq;
		if (p->all_opened)
			p->at->marked = row->seq;
	}
	buf_free(&text);
	buf_free(&wire);
	return rc;
}

struct chains {
	struct store_position *list;
	size_t n, cap;
};

static enum err_code
on_chain(void *arg, const struct store_position *p, struct err *err)
{
	struct chains *c = arg;

	if (p->lane != LANE_CONCERNS)
		return ERR_OK;
	if (c->n == c->cap) {
		size_t cap = c->cap == 0 ? 64 : c->cap * 2;
		struct store_position *more = realloc(c->list, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		c->list = more;
		c->cap = cap;
	}
	c->list[c->n++] = *p;
	return ERR_OK;
}

/* Concerns are durable in the folder before the position is, and the position before the centre is told. */
static enum err_code
pull_chain(struct pulling *p, struct places *places, struct err *err)
{
	const struct store_position *c = p->chain;
	uint64_t before;
	enum err_code rc = places_add(places, c->device, c->epoch, &p->at, err);

	if (rc != ERR_OK)
		return rc;
	before = p->at->seq;
	p->all_opened = p->at->marked == p->at->seq;
	while (rc == ERR_OK && p->at->seq < c->hw) {
		uint64_t was = p->at->seq;

		rc = p->st->ops->rows(p->st, c->device, LANE_CONCERNS, c->epoch, was, CHUNK, on_row, p, err);
		if (rc == ERR_OK && p->at->seq == was)
			break;
	}
	if (rc == ERR_OK && p->at->seq > before)
		rc = places_write(p->dir, places, err);
	if (rc == ERR_OK && p->at->marked > 0)
		rc = p->st->ops->pulled(p->st, c->device, LANE_CONCERNS, c->epoch, p->at->marked < c->hw ? p->at->marked : c->hw,
		    (uint32_t)(p->now / 86400), err);
	return rc;
}

static void
notify(const char *program, unsigned long n, const char *dir)
{
	char count[24];
	int status = 0;
	pid_t child;

	snprintf(count, sizeof(count), "%lu", n);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		execlp(program, program, count, dir, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fprintf(stderr, "candour concern pull: %s did not do it: tell whoever has to know yourself\n", program);
}

static enum err_code
lock(const char *dir, int *fd, struct err *err)
{
	char path[PATH_MAX];
	enum err_code rc = file_mkdirs(dir, 0700, err);

	*fd = -1;
	if (rc == ERR_OK)
		rc = admin_path(dir, "lock", path, sizeof(path), err);
	if (rc != ERR_OK)
		return rc;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(err, ERR_AGAIN, "%s is being written by another pull", dir);
	return ERR_OK;
}

static enum err_code
store_of(const char *centre, const char *store, struct store **out, struct err *err)
{
	struct aggregator_settings set = { 0 };
	char path[PATH_MAX];
	enum err_code rc = ERR_OK;

	if (store == NULL) {
		rc = admin_path(centre != NULL ? centre : "/var/lib/candour/centre", "aggregator.conf", path, sizeof(path), err);
		if (rc == ERR_OK)
			rc = config_read(path, aggregator_keys, aggregator_n_keys, &set, err);
	}
	if (rc == ERR_OK)
		rc = store_open(store != NULL ? store : set.store, false, out, err);
	config_clear(aggregator_keys, aggregator_n_keys, &set);
	return rc;
}

static enum err_code
pull(const char *dir, const char *key_file, const char *centre, const char *store, const char *program, struct err *err)
{
	struct pulling p = { .dir = dir, .now = time(NULL), .longest_days = -1 };
	struct places places = { 0 };
	struct chains chains = { 0 };
	struct seal_key *key = NULL;
	int fd;
	enum err_code rc = lock(dir, &fd, err);

	if (rc == ERR_OK)
		rc = keyfile_load(key_file, KEY_CONCERN, keyfile_ask_terminal, NULL, &key, err);
	p.key = key;
	if (rc == ERR_OK)
		rc = places_read(dir, &places, err);
	if (rc == ERR_OK)
		rc = store_of(centre, store, &p.st, err);
	if (rc == ERR_OK)
		rc = p.st->ops->positions(p.st, on_chain, &chains, err);
	for (size_t i = 0; i < chains.n && rc == ERR_OK; i++) {
		p.chain = &chains.list[i];
		rc = pull_chain(&p, &places, err);
	}
	if (rc == ERR_OK || p.found > 0) {
		printf("%lu new concern%s.\n", p.found, p.found == 1 ? "" : "s");
		if (p.longest_days > 0)
			printf("One was given %lld day%s before it arrived.\n", (long long)p.longest_days,
			    p.longest_days == 1 ? "" : "s");
		if (p.unopened > 0)
			printf("%lu record%s not sealed to this key: another holder has to pull. The centre keeps them until then.\n",
			    p.unopened, p.unopened == 1 ? " is" : "s are");
		if (p.found > 0 && program != NULL)
			notify(program, p.found, dir);
	}
	store_close(p.st);
	seal_key_free(key);
	free(places.list);
	free(chains.list);
	if (fd >= 0)
		close(fd);
	return rc;
}

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
	buf_init(&file, FILE_MAX);
	buf_init_secret(&c->text, RECORD_PLAIN_MAX + RECORD_HEADER);
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(name, sizeof(name), "%s.concern", id);
	rc = admin_path(dir, name, path, sizeof(path), err);
	if (rc == ERR_OK)
		rc = file_read(path, &file, err);
	if (rc == ERR_OK) {
		end = memmem(file.data, file.len, "\n\n", 2);
		if (end == NULL || file.len < sizeof(head) || memcmp(file.data, head, sizeof(head) - 1) != 0) {
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

enum how { LIST, SHOW, TABLE };

/* Of all a line or two each, or a row; or everything of the one that ID names. */
static enum err_code
read_out(const char *dir, const char *key_file, enum how how, const char *id, struct err *err)
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
	if (rc == ERR_OK && how == TABLE)
		puts("concern_kind,_site,_day");
	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		struct concern c;

		rc = concern_read(dir, id != NULL ? one[0] : ids[i], key, &c, err);
		if (rc == ERR_OK) {
			rc = how == TABLE ? print_row(&c, err) : print_one(&c, buf_str(&notes), how == SHOW, err);
			concern_clear(&c);
		}
		if (rc != ERR_OK && id == NULL && rc != ERR_NOMEM) {	/* the others are to be seen all the same */
			fprintf(how == TABLE ? stderr : stdout, "%.8s  cannot be read: %s\n", ids[i], err->msg);
			rc = ERR_OK;
		}
	}
	if (rc == ERR_OK && n == 0 && how == LIST)
		printf("No concerns were pulled into %s.\n", dir);
	seal_key_free(key);
	buf_free(&notes);
	free(ids);
	return rc;
}

/* --- notes ---------------------------------------------------------------------------------------- */

static enum err_code
note(const char *dir, const char *id, const char *by, const char *text, struct err *err)
{
	char whole[33], path[PATH_MAX], line[NOTE_MAX + 300];
	time_t now = time(NULL);
	struct tm tm;
	char when[32];
	int n, fd;
	enum err_code rc = pick(dir, id, whole, err);

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
	if (fd < 0 || write(fd, line, (size_t)n) != n || fsync(fd) != 0)
		rc = err_set(err, ERR_BROKEN, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

int
cmd_concern(int argc, char **argv)
{
	const char *key = admin_option(&argc, argv, "--key"), *centre = admin_option(&argc, argv, "--centre");
	const char *store = admin_option(&argc, argv, "--store"), *program = admin_option(&argc, argv, "--notify");
	const char *by = admin_option(&argc, argv, "--by"), *what = argc > 1 ? argv[1] : "";
	struct err err = { 0 };
	enum err_code rc;

	if (strcmp(what, "-h") == 0 || strcmp(what, "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	admin_no_more(argc, argv, usage);
	if (strcmp(what, "pull") == 0 && argc == 3 && key != NULL)
		rc = pull(argv[2], key, centre, store, program, &err);
	else if (strcmp(what, "list") == 0 && argc == 3 && key != NULL)
		rc = read_out(argv[2], key, LIST, NULL, &err);
	else if (strcmp(what, "table") == 0 && argc == 3 && key != NULL)
		rc = read_out(argv[2], key, TABLE, NULL, &err);
	else if (strcmp(what, "show") == 0 && argc == 4 && key != NULL)
		rc = read_out(argv[2], key, SHOW, argv[3], &err);
	else if (strcmp(what, "note") == 0 && argc == 5 && by != NULL)
		rc = note(argv[2], argv[3], by, argv[4], &err);
	else {
		fputs(usage, stderr);
		return 2;
	}
	return rc == ERR_OK ? 0 : admin_fail("concern", &err);
}
