/* The machine's battery. See power.h. */
#include "kiosk/power.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

/* The first line of FOLDER/NAME/WHAT, or "". */
static void
line(const char *folder, const char *name, const char *what, char *out, size_t room)
{
	char path[600];
	FILE *f;

	out[0] = '\0';
	if (snprintf(path, sizeof(path), "%s/%s/%s", folder, name, what) >= (int)sizeof(path))
		return;
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(out, (int)room, f) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	fclose(f);
}

bool
power_read(const char *folder, struct power *out)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	bool found = false;

	if (dir == NULL)
		return false;
	while ((e = readdir(dir)) != NULL) {
		char text[40];
		int64_t percent;

		if (e->d_name[0] == '.')
			continue;
		line(folder, e->d_name, "type", text, sizeof(text));
		if (strcmp(text, "Battery") != 0)
			continue;
		line(folder, e->d_name, "scope", text, sizeof(text));
		if (strcmp(text, "Device") == 0)
			continue;
		line(folder, e->d_name, "capacity", text, sizeof(text));
		if (!num_i64(text, strlen(text), 0, 100, &percent) || (found && percent >= out->percent))
			continue;
		line(folder, e->d_name, "status", text, sizeof(text));
		*out = (struct power){ .percent = (int)percent, .is_charging = strcmp(text, "Charging") == 0 || strcmp(text, "Full") == 0
		    || strcmp(text, "Not charging") == 0 };
		found = true;
	}
	closedir(dir);
	return found;
}
