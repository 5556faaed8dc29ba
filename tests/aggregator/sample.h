/* A made-up publication for tests of the pages: one indicator, six sites, 24 months, some hidden. Test keys
 * only: their seeds are constants. */
#ifndef TESTS_AGGREGATOR_SAMPLE_H
#define TESTS_AGGREGATOR_SAMPLE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/publication.h"
#include "base/clock.h"
#include "base/file.h"
#include "collector/keyring.h"

static const char *const sample_sites[6][2] = { { "ash", "Ash House" }, { "beech", "Beech Court" },
	{ "cedar", "Cedar Lodge" }, { "elm", "Elm View" }, { "hazel", "Hazel Gardens" }, { "oak", "Oak Tree Home" } };

static inline struct seal_key *
sample_key(enum key_use use, uint8_t seed)
{
	uint8_t secret[32];
	struct seal_key *k = NULL;
	struct err err = {0};

	memset(secret, seed, sizeof(secret));
	if (seal_key_from(use, secret, &k, &err) != ERR_OK)
		abort();
	return k;
}

/* A ring with the publish key of seed 5 (and what else a ring must have), signed by the root of seed 1. */
static inline void
sample_ring(const char *path)
{
	static const enum key_use uses[] = { KEY_RESPONSE, KEY_ESCROW, KEY_CONCERN, KEY_PUBLISH, KEY_RECEIPT };
	struct keyring ring = { .serial = 1, .made = 1700000000 };
	struct seal_key *root = sample_key(KEY_ROOT, 1);
	struct err err = {0};
	struct buf text;

	buf_init(&text, KEYRING_MAX);
	chain_org_id(seal_key_public(root), ring.org);
	for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
		struct seal_key *k = sample_key(uses[i], (uint8_t)(2 + i));

		if (keyring_add(&ring, uses[i], seal_key_public(k), 32, 0, 100000, KEY_ACTIVE, &err) != ERR_OK)
			abort();
		seal_key_free(k);
	}
	if (keyring_add(&ring, KEY_CA, "not a real certificate", 22, 0, 100000, KEY_ACTIVE, &err) != ERR_OK
	    || keyring_write(&ring, root, NULL, &text, &err) != ERR_OK
	    || file_write(path, text.data, text.len, 0644, &err) != ERR_OK) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	seal_key_free(root);
	for (size_t i = 0; i < ring.n; i++)
		free(ring.keys[i].public_);
	buf_free(&text);
}

static inline struct pub_num
sample_num(double v)
{
	return (struct pub_num){ true, round(v * 10) / 10 };
}

static inline void
sample_row(struct pub_row *r, char ids[][64], size_t at, int site, int month, int64_t no)
{
	int year = 2024 + (10 + month) / 12, m = (10 + month) % 12 + 1, last = m == 2 ? 28 : 30;
	unsigned noise = (unsigned)(site * 7919 + month * 104729) % 97;
	double n = site < 0 ? 240 : 20 + 10 * site, v = 66 + (double)noise / 8 + (month > 15 ? 7 : 0) - (site == 2 ? 15 : 0);
	char (*text)[64] = &ids[at * 3];

	snprintf(text[0], 64, "sat-users@3|%04d-%02d|%s%s", year, m, site < 0 ? "all" : "site=",
	    site < 0 ? "" : sample_sites[site][0]);
	snprintf(text[1], 64, "%04d-%02d-01", year, m);
	snprintf(text[2], 64, "%04d-%02d-%02d", year, m, last);
	*r = (struct pub_row){
		.id = text[0], .indicator = "sat-users", .version = "3",
		.title = "People satisfied with their care and support", .unit = "%", .direction = "increase",
		.definition_hash = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
		.area_code = site < 0 ? "all" : sample_sites[site][0],
		.area_name = site < 0 ? "Sampleshire Council" : sample_sites[site][1],
		.area_level = site < 0 ? "organisation" : "site", .ons_code = "", .breakdown = "", .category = "",
		.period_start = text[1], .period_end = text[2], .target = { true, 70 }, .verdict = "",
		.comparison = "", .spc_rule = "", .variation = "", .assurance = "", .annotation = "", .flag = "",
		.publication = no,
	};
	if (noise > 88 || (site == 4 && month % 5 == 0)) {
		r->suppressed = true;
		r->flag = "[c]";
		return;
	}
	r->numerator = sample_num(round(n * v / 500) * 5);
	r->denominator = sample_num(n);
	r->value = sample_num(v);
	r->lower95 = sample_num(v - 90 / sqrt(n));
	r->upper95 = sample_num(v + 85 / sqrt(n));
	r->margin = sample_num(87 / sqrt(n));
	r->verdict = r->lower95.v >= 70 ? "met" : r->upper95.v < 70 ? "not_met" : "cannot_say";
	r->spc_mean = sample_num(site == 2 ? 57 : 72);
	r->spc_lower = sample_num(r->spc_mean.v - 11);
	r->spc_upper = sample_num(r->spc_mean.v + 11);
	r->spc_rule = month > 17 ? "S+" : month == 3 ? "OL" : "CC";
	r->variation = month > 17 ? "I" : month == 3 ? "C" : ".";
	r->assurance = month == 23 ? "inconsistent" : "";
}

static int
sample_cmp(const void *a, const void *b)
{
	return strcmp(((const struct pub_row *)a)->id, ((const struct pub_row *)b)->id);
}

/* A vote in focus groups, for publications that are made while sample_groups is set. */
static bool sample_groups;
/* What that vote is: of sessions of groups, unless a test says of people who answered alone. */
static const char *sample_group_text = "[indicator]\nid = group-first\nabout = Votes in focus groups, of all who voted.\n"
    "[measure]\nunit_of_analysis = session\n";
static const char *sample_group_unit = "votes";
static const char sample_group_hash[] = "1b1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

static inline size_t
sample_group_rows(struct pub_row *rows, int64_t no)
{
	static const char *const ids[3] = { "group-first@1|2026-04..2026-09|all|answer=food",
	    "group-first@1|2026-04..2026-09|all|answer=trips", "group-first@1|2026-04..2026-09|all|mode=group|answer=food" };

	for (size_t i = 0; i < 3; i++)
		rows[i] = (struct pub_row){ .id = ids[i], .indicator = "group-first", .version = "1",
		    .title = "Focus groups: what should change first", .unit = sample_group_unit, .direction = "neutral",
		    .definition_hash = sample_group_hash, .area_code = "all", .area_name = "Sampleshire Council",
		    .area_level = "organisation", .ons_code = "", .breakdown = i == 2 ? "mode, answer" : "answer",
		    .category = i == 2 ? "group, food" : i == 0 ? "food" : "trips", .period_start = "2026-04-01",
		    .period_end = "2026-09-30", .numerator = { i != 1, 25 }, .denominator = { true, 40 }, .value = { i != 1, 62.5 },
		    .verdict = "", .comparison = "", .spc_rule = "", .variation = "", .assurance = "", .annotation = "",
		    .suppressed = i == 1, .flag = i == 1 ? "[c]" : "", .publication = no };
	return 3;
}

/* Publication NO of MONTHS months after PREVIOUS (a file hash, or ""), signed with the publish key of SEED. */
static inline void
sample_months(int64_t no, const char *previous, uint8_t seed, int months, struct buf *out)
{
	size_t most = 7 * (size_t)months + 3;
	struct pub_row *rows = calloc(most, sizeof(*rows));
	char (*ids)[64] = calloc(most * 3, sizeof(*ids));
	struct pub_definition definitions[2] = { { "group-first", 1, sample_group_hash, sample_group_text },
	    { "sat-users", 3,
	    "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
	    "[indicator]\nid = sat-users\nversion = 3\nkind = proportion\ntitle_easy = People who are happy with the help they get\n"
	    "about = The share of people who said that they are very or quite satisfied.\nalias.ascof = 1D from 2023-04\n"
	    "duty = CQC:LA-3\nsource = Adult Social Care Survey, question 1\nmethod = questionnaire\nreview_by = 2027-04\n"
	    "[measure]\nexclude.no_answer = ${q1} = ''\n[estimate]\ninterval = wilson\ntarget = 0.7 from 2025-04\n"
	    "baseline = 2024-11..2025-03\ncomparator = 0.644 from 2024-04 England (made up)\n"
	    "[spc]\nchart = xmr\nrebase = 2026-03 because two homes opened decision 12\n" } };
	struct pub_manifest m = { .no = no, .made_at = 1790000000 + no, .data_rev = 10 * no,
	    .organisation = "Sampleshire Council", .policy = "base_min 10, cell_min 5\n", .tables = "",
	    .audit_heads = "", .previous = previous, .definitions = definitions + !sample_groups,
	    .n_definitions = 1 + sample_groups };
	struct seal_key *key = sample_key(KEY_PUBLISH, seed);
	uint8_t signature[64];
	struct err err = {0};
	size_t n = 0;

	for (int month = 0; month < months; month++)
		for (int site = -1; site < 6; site++, n++)
			sample_row(&rows[n], ids, n, site, month, no);
	if (sample_groups)
		n += sample_group_rows(rows + n, no);
	qsort(rows, n, sizeof(*rows), sample_cmp);
	if (pub_write(&m, rows, n, out, &err) != ERR_OK
	    || seal_sign(key, "publication", out->data, out->len, signature, &err) != ERR_OK) {
		fprintf(stderr, "%s\n", err.msg);
		abort();
	}
	pub_sign_line(out, signature);
	seal_key_free(key);
	free(rows);
	free(ids);
}

static inline void
sample_publication(int64_t no, const char *previous, uint8_t seed, struct buf *out)
{
	sample_months(no, previous, seed, 24, out);
}

#endif
