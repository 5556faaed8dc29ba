/* Is the machine on a battery, and how full is it: Linux's power_supply class (Documentation/ABI/testing/sysfs-class-power). */
#ifndef KIOSK_POWER_H
#define KIOSK_POWER_H

#include <stdbool.h>

#define POWER_FOLDER "/sys/class/power_supply"

struct power { int percent; bool is_charging; };

/* The emptiest battery of the machine itself among those in FOLDER (a mouse has one too: its "scope" is Device). False:
 * there is none that says how full it is. */
bool power_read(const char *folder, struct power *out);

#endif
