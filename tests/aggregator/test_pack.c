/* The pack of a publication, opened by programs that are not ours (Python's zipfile, csv and hashlib; sha256sum): everything
 * is in it, nothing hidden is shown, the hashes hold, and what a spreadsheet would run is not run. */
#include "aggregator/csv.h"
#include "aggregator/pack.h"
#include "tests/aggregator/sample.h"
#include "tests/test.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct err err;
static struct buf file, ring;
static char folder[64];

static void
setup(void)
{
	char path[96];

	snprintf(folder, sizeof(folder), "/tmp/candour-pack-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ring", folder);
	sample_ring(path);
	buf_init(&ring, KEYRING_MAX);
	ck_ok(file_read(path, &ring, &err));
	buf_init(&file, PUB_MAX);
	sample_groups = true;
	sample_publication(7, "ab", 5, &file);
	sample_groups = false;
	snprintf(path, sizeof(path), "%s/p.pub", folder);
	ck_ok(file_write(path, file.data, file.len, 0644, &err));
}

static void
teardown(void)
{
	char command[128];

	buf_free(&file);
	buf_free(&ring);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
make(const char *name, const struct buf *with, struct buf *zip)
{
	struct publication p = {0};
	char path[128];

	buf_init(zip, 64 << 20);
	ck_ok(pub_read(file.data, file.len, &p, &err));
	ck_ok(pack_put(zip, &p, file.data, file.len, with, &err));
	pub_clear(&p);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_ok(file_write(path, zip->data, zip->len, 0644, &err));
}

/* SCRIPT in Bash, in the folder. */
static void
shell(const char *script)
{
	char path[96], command[192];
	int status;

	snprintf(path, sizeof(path), "%s/script", folder);
	ck_ok(file_write(path, script, strlen(script), 0600, &err));
	snprintf(command, sizeof(command), "cd %s && bash -eu -o pipefail ./script >&2", folder);
	status = system(command);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", script);
}

START_TEST(everything_is_in_it_and_the_hashes_hold)
{
	struct buf zip;

	make("pack.zip", &ring, &zip);
	shell("python3 -m zipfile -t pack.zip\n"
	    "python3 -m zipfile -e pack.zip .\n"
	    "cd publication-7\n"
	    "sha256sum --quiet --strict -c SHA256SUMS\n"
	    "test \"$(find . -type f | grep -vc SHA256SUMS)\" = \"$(wc -l <SHA256SUMS)\"\n"
	    "cmp publication-7.pub ../p.pub\n"
	    "cmp keyring.txt ../ring\n"
	    "cat >../check.py <<'PY'\n"
	    "import json\n"
	    "m = json.loads(open('publication-7.pub').read().split('\\n')[1])\n"
	    "for d in m['definitions']:\n"
	    "    assert open('definitions/%s@%d.ind' % (d['id'], d['version'])).read() == d['text']\n"
	    "assert open('policy.txt').read() == m['policy'] and len(m['definitions']) == 2\n"
	    "PY\n"
	    "python3 ../check.py\n"
	    "grep -q \"$(sha256sum <publication-7.pub | cut -c1-64)\" README.txt\n"
	    "grep -q 'Sampleshire Council: publication 7' README.txt\n"
	    "grep -q 'candour verify publication' README.txt\n");
	buf_free(&zip);
}
END_TEST

/* Each row of the publication, read by Python, is the row of figures.csv, and nothing hidden has a number there. */
START_TEST(the_csv_is_the_publication)
{
	struct buf zip;

	make("pack.zip", NULL, &zip);
	shell("python3 -m zipfile -e pack.zip .\n"
	    "test ! -e publication-7/keyring.txt\n"
	    "cat >check.py <<'PY'\n"
	    "import csv, json\n"
	    "rows = [json.loads(l) for l in open('p.pub').read().split('\\n')[2:] if l.startswith('{')]\n"
	    "got = list(csv.DictReader(open('publication-7/figures.csv', newline='', encoding='utf-8')))\n"
	    "assert len(rows) == len(got) == 171, (len(rows), len(got))\n"
	    "names = { 'Numerator': 'numerator', 'Denominator': 'denominator', 'Value': 'value', 'Lower 95 %': 'lower95',\n"
	    "    'Upper 95 %': 'upper95', 'Margin': 'margin', 'Target': 'target', 'Chart mean': 'spc_mean' }\n"
	    "hidden = 0\n"
	    "for r, g in zip(rows, got):\n"
	    "    assert g['Row'] == r['id'] and g['Flag'] == r['flag'] and g['Definition SHA-256'] == r['definition_hash']\n"
	    "    assert g['Publication'] == '7' and g['Area'] == r['area_name'] and g['Period start'] == r['period_start']\n"
	    "    for name, key in names.items():\n"
	    "        assert g[name] == '' if r[key] is None else float(g[name]) == r[key], (r['id'], name)\n"
	    "    hidden += r['suppressed']\n"
	    "    if r['suppressed']: assert g['Value'] == g['Numerator'] == g['Lower 95 %'] == '' and g['Flag'] != ''\n"
	    "assert hidden > 5\n"
	    "about = list(csv.DictReader(open('publication-7/indicators.csv', newline='', encoding='utf-8')))\n"
	    "assert [a['Indicator'] for a in about] == ['group-first', 'sat-users']\n"
	    "assert about[1]['Figures'] == '168' and about[1]['Code elsewhere'] == 'ascof: 1D from 2023-04'\n"
	    "assert about[1]['Left out'] == \"no_answer: ${q1} = ''\" and 'Wilson' in about[1]['Limits']\n"
	    "for a in about: open('publication-7/' + a['File'])\n"
	    "PY\n"
	    "python3 check.py\n");
	buf_free(&zip);
}
END_TEST

START_TEST(the_same_publication_gives_the_same_bytes)
{
	struct buf a, b;

	setenv("TZ", "America/New_York", 1);
	tzset();
	make("a.zip", &ring, &a);
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	make("b.zip", &ring, &b);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.data, b.data, a.len);
	buf_free(&a);
	buf_free(&b);
}
END_TEST

/* Only what was published; and what does not fit leaves nothing behind. */
START_TEST(refused_whole)
{
	struct publication p = {0};
	struct buf zip;
	char *line = strstr(buf_str(&file), "\nsignature ");

	buf_init(&zip, 1000);
	buf_puts(&zip, "before");
	ck_ok(pub_read(file.data, file.len, &p, &err));
	ck_assert_int_eq(pack_put(&zip, &p, file.data, file.len, NULL, &err), ERR_LIMIT);
	ck_assert_str_eq(buf_str(&zip), "before");
	pub_clear(&p);
	buf_free(&zip);
	ck_assert_ptr_nonnull(line);
	buf_truncate(&file, (size_t)(line + 1 - buf_str(&file)));
	buf_init(&zip, 64 << 20);
	ck_ok(pub_read(file.data, file.len, &p, &err));
	ck_assert_int_eq(pack_put(&zip, &p, file.data, file.len, NULL, &err), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(err.msg, "only prepared"));
	ck_assert_uint_eq(zip.len, 0);
	pub_clear(&p);
	buf_free(&zip);
}
END_TEST

START_TEST(nothing_is_run_by_a_spreadsheet)
{
	static const struct { const char *text, *field; } all[] = { { "=1+1", "'=1+1" }, { "+44", "'+44" }, { "-x", "'-x" },
		{ "@a", "'@a" }, { "\tx", "'\tx" }, { "plain", "plain" }, { "", "" }, { "=a,\"b\"", "\"'=a,\"\"b\"\"\"" } };
	struct buf out;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		buf_init(&out, 100);
		csv_safe_field(&out, all[i].text);
		ck_assert_str_eq(buf_str(&out), all[i].field);
		buf_free(&out);
	}
}
END_TEST

static Suite *
pack_suite(void)
{
	Suite *s = suite_create("pack");
	TCase *t = tcase_create("pack");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, everything_is_in_it_and_the_hashes_hold);
	tcase_add_test(t, the_csv_is_the_publication);
	tcase_add_test(t, the_same_publication_gives_the_same_bytes);
	tcase_add_test(t, refused_whole);
	tcase_add_test(t, nothing_is_run_by_a_spreadsheet);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(pack_suite)
