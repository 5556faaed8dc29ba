/* Shared by site_cmd.c, device_cmd.c, centre_cmd.c and status_cmd.c. See site.h. */
#include "admin/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"

int
admin_fail(const char *what, const struct err *err)
{
	fprintf(stderr, "candour %s: %s\n", what, err->msg);
	return 1;
}

enum err_code
admin_path(const char *dir, const char *name, char *path, size_t room, struct err *err)
{
	if ((size_t)snprintf(path, room, "%s/%s", dir, name) >= room)
		return err_set(err, ERR_INPUT, "%.60s..: the path is too long", dir);
	return ERR_OK;
}

static void
take_out(int *argc, char **argv, int at, int n)
{
	for (int i = at; i + n <= *argc; i++)
		argv[i] = i + n < *argc ? argv[i + n] : NULL;
	*argc -= n;
}

const char *
admin_option(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc; i++) {
		const char *value;

		if (strcmp(argv[i], name) != 0)
			continue;
		if (i + 1 >= *argc) {
			fprintf(stderr, "candour: %s needs a value\n", name);
			exit(2);
		}
		value = argv[i + 1];
		take_out(argc, argv, i, 2);
		return value;
	}
	return NULL;
}

bool
admin_flag(int *argc, char **argv, const char *name)
{
	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], name) == 0) {
			take_out(argc, argv, i, 1);
			return true;
		}
	return false;
}

void
admin_no_more(int argc, char **argv, const char *usage)
{
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-' && argv[i][1] != '\0') {
			fprintf(stderr, "candour: %s is not an option here\n%s", argv[i], usage);
			exit(2);
		}
}

void
admin_when(int64_t at, int64_t now, char *text, size_t room)
{
	static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August",
	    "September", "October", "November", "December" };
	int64_t day = at / 86400, minute = at % 86400 / 60;
	int year, month, mday;

	if (at <= 0) {
		snprintf(text, room, "never");
		return;
	}
	date_from_day(day, &year, &month, &mday);
	if (day == now / 86400)
		snprintf(text, room, "today %02d:%02d", (int)(minute / 60), (int)(minute % 60));
	else if (day == now / 86400 - 1)
		snprintf(text, room, "yesterday %02d:%02d", (int)(minute / 60), (int)(minute % 60));
	else
		snprintf(text, room, "%d %s %d %02d:%02d", mday, months[month - 1], year, (int)(minute / 60),
		    (int)(minute % 60));
}

enum err_code
site_settings(const char *from, const char *to, const struct site_setting *set, size_t n, const char *append,
    struct err *err)
{
	struct buf in, out;
	enum err_code rc;

	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	rc = file_read(from, &in, err);
	for (const char *line = buf_str(&in); rc == ERR_OK && *line != '\0'; ) {
		size_t len = strcspn(line, "\n"), blank = strspn(line, " \t"), key = strcspn(line + blank, " \t=\n"), i = 0;

		while (i < n && (strlen(set[i].key) != key || strncmp(line + blank, set[i].key, key) != 0))
			i++;
		if (i == n)
			buf_put(&out, line, len);
		else if (set[i].value != NULL)
			buf_printf(&out, "%s =%s%s", set[i].key, set[i].value[0] != '\0' ? " " : "", set[i].value);
		if (i == n || set[i].value != NULL)
			buf_putc(&out, '\n');
		line += len + (line[len] == '\n');
	}
	if (append != NULL)
		buf_puts(&out, append);
	if (rc == ERR_OK)
		rc = buf_check(&out, err);
	if (rc == ERR_OK)
		rc = file_write(to, out.data, out.len, 0644, err);
	buf_free(&in);
	buf_free(&out);
	return rc;
}
