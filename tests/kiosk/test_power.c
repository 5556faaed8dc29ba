/* kiosk/power.c: batteries as the kernel shows them (sysfs-class-power: type Battery, capacity 0 to 100, status, scope). */
#include "kiosk/power.h"
#include "tests/test.h"

#include <stdlib.h>
#include <sys/stat.h>

static char folder[] = "/tmp/candour-power-XXXXXX";

static void
put(const char *name, const char *what, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", folder, name, what);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

START_TEST(the_machines_own_battery_is_read)
{
	struct power p = { .percent = -1 };
	char command[100];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert(!power_read("/nowhere/at/all", &p));
	ck_assert(!power_read(folder, &p));
	put("AC", "type", "Mains");
	put("AC", "capacity", "5");
	put("hid-mouse", "type", "Battery");
	put("hid-mouse", "scope", "Device");
	put("hid-mouse", "capacity", "3");
	put("dead", "type", "Battery");
	ck_assert(!power_read(folder, &p));
	put("BAT0", "type", "Battery");
	put("BAT0", "capacity", "83");
	put("BAT0", "status", "Discharging");
	ck_assert(power_read(folder, &p));
	ck_assert_int_eq(p.percent, 83);
	ck_assert(!p.is_charging);
	/* Two: the emptier one; and one that is full stands at the mains. */
	put("BAT1", "type", "Battery");
	put("BAT1", "capacity", "9");
	put("BAT1", "status", "Charging");
	ck_assert(power_read(folder, &p));
	ck_assert_int_eq(p.percent, 9);
	ck_assert(p.is_charging);
	put("BAT1", "capacity", "100");
	put("BAT0", "capacity", "many");
	put("BAT1", "status", "Full");
	ck_assert(power_read(folder, &p));
	ck_assert_int_eq(p.percent, 100);
	ck_assert(p.is_charging);
	put("BAT1", "capacity", "101");
	ck_assert(!power_read(folder, &p));
	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("power");
	TCase *t = tcase_create("power");

	suite_add_tcase(s, t);
	tcase_add_test(t, the_machines_own_battery_is_read);
	return s;
}

TEST_MAIN(suite)
