/* Atoms from facts. See history_atoms.h. Site by site: all entries of the family, sorted by record; each record's life
 * is a list of tokens, and equal lists are one class. */
#include "indicators/history_atoms.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 2000000, FOREVER = UINT32_MAX, PATTERN_MAX = 64, WAYS_MAX = 4096 };

/* Where a record counted: in LEAF of MEMBER while FROM <= publication < UNTIL. */
enum token_state { OUTSIDE_NUMERATOR, IN_NUMERATOR, NOT_TOLD };
struct token {
	uint32_t member, leaf, from, until, state;
};

struct record_token {
	uint8_t record[FACTS_ID];
	struct token t;
	int64_t people;
};

/* A list of tokens in the arena, found by its hash. */
struct class {
	const struct token *tokens;
	size_t n;
	uint64_t hash;
	int64_t people;
	const uint64_t *ways;	/* which tokens are in the numerator: one, or each that can be where it is not told */
	uint32_t atom, n_atoms;
};

/* What goes together in one answer: of N definitions and items (HASH of them), which have it in the numerator. */
struct pattern {
	size_t n;
	uint64_t hash, bits;
};

struct atoms {
	struct facts *f;
	const struct history *h;
	const struct atoms_member *members;
	size_t n_members;
	struct arena arena;
	struct record_token *records;
	size_t n_records, cap_records;
	struct class *classes;
	size_t n_classes, cap_classes;
	uint32_t *table;	/* class + 1 by hash */
	size_t n_table;
	struct pattern *patterns;
	size_t n_patterns, cap_patterns;
	struct atom_span *spans;
	size_t *first;		/* of member and leaf: its spans */
	size_t *leaf_base;	/* of a member: number of its leaf 0 */
	uint32_t n_atoms, first_atom;
	int64_t *people;	/* of an atom */
	/* while a site is read */
	size_t member, leaf, leaf_end;
	struct facts_entry reversal;
	bool has_reversal;
	char bucket[FACTS_TEXT];
	int64_t bucket_no;
};

static uint64_t
hash_of(const struct token *t, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;
	const uint32_t *words = (const uint32_t *)t;

	for (size_t i = 0; i < n * sizeof(*t) / sizeof(*words); i++) {
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

uint32_t
atoms_index(const struct atoms *a, int64_t no)
{
	uint32_t k = 0;

	while (k < a->h->n_publications && a->h->publications[k].manifest.no < no)
		k++;
	return k;
}

/* The first publication that was made from DATA_REV or later. */
static uint32_t
index_of_rev(const struct atoms *a, int64_t data_rev)
{
	uint32_t k = 0;

	while (k < a->h->n_publications && a->h->publications[k].manifest.data_rev < data_rev)
		k++;
	return k;
}

static enum err_code
find_leaf(struct atoms *a, const struct facts_cell_key *key, struct err *err)
{
	const struct points *p = a->members[a->member].points;

	if (a->bucket_no != key->bucket) {
		enum err_code rc = facts_bucket_keys(a->f, key->bucket, a->bucket, err);

		if (rc != ERR_OK)
			return rc;
		a->bucket_no = key->bucket;
	}
	for (; a->leaf < a->leaf_end; a->leaf++) {
		const struct leaf *l = &p->leaves[a->leaf];

		if (l->month == key->period && strcmp(l->item, key->item) == 0 && strcmp(l->bucket, a->bucket) == 0
		    && strcmp(l->stratum, key->stratum) == 0)
			return ERR_OK;
	}
	return err_set(err, ERR_BROKEN, "facts of site %s have no cell: nothing is published until that is explained", key->site);
}

static enum token_state
state_of(const struct atoms *a, const struct facts_entry *e)
{
	if (!a->members[a->member].counts || (e->num.given && e->num.v == 0))
		return OUTSIDE_NUMERATOR;
	return e->num.given && e->num.v == 1 && e->people == 1 ? IN_NUMERATOR : NOT_TOLD;
}

static enum err_code
add_entry(void *arg, const struct facts_entry *e, struct err *err)
{
	struct atoms *a = arg;
	struct token t = { (uint32_t)a->member, 0, 0, FOREVER, 0 };
	enum err_code rc;

	if (e->sign < 0) {
		a->reversal = *e;
		a->has_reversal = true;
		return ERR_OK;
	}
	if (a->has_reversal && a->reversal.rev == e->rev && memcmp(a->reversal.record, e->record, FACTS_ID) == 0)
		t.until = index_of_rev(a, a->reversal.data_rev);
	a->has_reversal = false;
	if (e->cell.item[0] == '-')	/* excluded: in no figure */
		return ERR_OK;
	t.from = index_of_rev(a, e->data_rev);
	if (t.from >= t.until)
		return ERR_OK;
	rc = find_leaf(a, &e->cell, err);
	if (rc != ERR_OK)
		return rc;
	t.leaf = (uint32_t)a->leaf;
	t.state = state_of(a, e);
	if (a->n_records == a->cap_records) {
		size_t cap = a->cap_records * 2 + 1024;
		struct record_token *more = realloc(a->records, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		a->records = more;
		a->cap_records = cap;
	}
	a->records[a->n_records] = (struct record_token){ .t = t, .people = e->people };
	memcpy(a->records[a->n_records++].record, e->record, FACTS_ID);
	return ERR_OK;
}

static int
token_cmp(const struct token *x, const struct token *y)
{
	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	if (x->leaf != y->leaf)
		return x->leaf < y->leaf ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->until < y->until ? -1 : x->until > y->until;
}

static int
record_cmp(const void *va, const void *vb)
{
	const struct record_token *x = va, *y = vb;
	int d = memcmp(x->record, y->record, FACTS_ID);

	return d != 0 ? d : token_cmp(&x->t, &y->t);
}

/* --- classes ------------------------------------------------------------------------------------------------------ */

static bool
table_grow(struct atoms *a)
{
	size_t n = a->n_table * 2 + 1024;
	uint32_t *table = calloc(n, sizeof(*table));

	if (table == NULL)
		return false;
	for (size_t i = 0; i < a->n_classes; i++) {
		size_t at = a->classes[i].hash % n;

		while (table[at] != 0)
			at = (at + 1) % n;
		table[at] = (uint32_t)i + 1;
	}
	free(a->table);
	a->table = table;
	a->n_table = n;
	return true;
}

/* The class of the N tokens, made if new; PEOPLE more are in it. */
static enum err_code
add_class(struct atoms *a, const struct token *tokens, size_t n, int64_t people, struct err *err)
{
	uint64_t hash = hash_of(tokens, n);
	struct class *c;
	struct token *copy;
	size_t at;

	if (2 * a->n_classes + 1 >= a->n_table && !table_grow(a))
		return err_nomem(err);
	for (at = hash % a->n_table; a->table[at] != 0; at = (at + 1) % a->n_table) {
		c = &a->classes[a->table[at] - 1];
		if (c->hash != hash || c->n != n || memcmp(c->tokens, tokens, n * sizeof(*tokens)) != 0)
			continue;
		c->people += people;
		return ERR_OK;
	}
	if (a->n_classes >= CLASSES_MAX)
		return err_set(err, ERR_LIMIT, "over %d kinds of people in one family of indicators: publish fewer breakdowns",
		    CLASSES_MAX);
	if (a->n_classes == a->cap_classes) {
		size_t cap = a->cap_classes * 2 + 1024;
		struct class *more = realloc(a->classes, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		a->classes = more;
		a->cap_classes = cap;
	}
	copy = arena_alloc(&a->arena, n * sizeof(*copy));
	if (copy == NULL)
		return err_nomem(err);
	memcpy(copy, tokens, n * sizeof(*copy));
	a->classes[a->n_classes++] = (struct class){ .tokens = copy, .n = n, .hash = hash, .people = people };
	a->table[at] = (uint32_t)a->n_classes;
	return ERR_OK;
}

/* All records of the site that was read. */
static enum err_code
take_site(struct atoms *a, struct err *err)
{
	struct token *tokens = calloc(a->n_records + 1, sizeof(*tokens));
	enum err_code rc = tokens == NULL ? err_nomem(err) : ERR_OK;
	size_t end;

	if (a->n_records > 0)
		qsort(a->records, a->n_records, sizeof(*a->records), record_cmp);
	for (size_t i = 0; i < a->n_records && rc == ERR_OK; i = end) {
		size_t n = 0;

		for (end = i; end < a->n_records && memcmp(a->records[end].record, a->records[i].record, FACTS_ID) == 0; end++)
			tokens[n++] = a->records[end].t;
		rc = add_class(a, tokens, n, a->records[i].people, err);
	}
	free(tokens);
	a->n_records = 0;
	return rc;
}

static enum err_code
read_site(struct atoms *a, const char *site, struct err *err)
{
	enum err_code rc = ERR_OK;

	for (a->member = 0; a->member < a->n_members && rc == ERR_OK; a->member++) {
		const struct points *p = a->members[a->member].points;

		for (a->leaf = 0; a->leaf < p->n_leaves && strcmp(p->leaves[a->leaf].site, site) != 0;)
			a->leaf++;
		for (a->leaf_end = a->leaf; a->leaf_end < p->n_leaves && strcmp(p->leaves[a->leaf_end].site, site) == 0;)
			a->leaf_end++;
		a->has_reversal = false;
		a->bucket_no = -1;
		if (a->leaf < a->leaf_end)
			rc = facts_entries(a->f, site, a->members[a->member].def, add_entry, a, err);
	}
	return rc == ERR_OK ? take_site(a, err) : rc;
}

/* --- where nobody is, but could be -------------------------------------------------------------------------------- */

/* Everybody in the class was there from one publication on and still is, and said what is known. */
static bool
is_plain(const struct class *c)
{
	bool plain = c->n <= PATTERN_MAX;

	for (size_t i = 0; i < c->n && plain; i++)
		plain = c->tokens[i].from == c->tokens[0].from && c->tokens[i].until == FOREVER && c->tokens[i].state != NOT_TOLD;
	return plain;
}

static bool
is_of_one_time(const struct token *x, const struct token *y)
{
	return x->from == y->from && x->until == y->until;
}

/* The tokens of C that are of the time of token AT: *N of them in LIST, without place and time in SHAPE; *BITS: which are
 * in. False: somebody took them back, or it is not known of them. */
static bool
shape_of(const struct atoms *a, const struct class *c, size_t at, struct token *shape, size_t *list, size_t *n, uint64_t *bits)
{
	bool told = true;

	*bits = *n = 0;
	for (size_t i = 0; i < c->n; i++) {
		const struct token *t = &c->tokens[i];
		const char *item = a->members[t->member].points->leaves[t->leaf].item;
		uint32_t h = 2166136261u;

		if (!is_of_one_time(t, &c->tokens[at]))
			continue;
		for (; *item != '\0'; item++)
			h = (h ^ (uint8_t)*item) * 16777619u;
		shape[*n] = (struct token){ t->member, h, 0, 0, 0 };
		*bits |= (uint64_t)(t->state == IN_NUMERATOR) << *n;
		told = told && t->state != NOT_TOLD;
		list[(*n)++] = i;
	}
	return told;
}

static enum err_code
add_pattern(struct atoms *a, const struct token *shape, size_t n, uint64_t bits, struct err *err)
{
	uint64_t hash = hash_of(shape, n);

	for (size_t i = 0; i < a->n_patterns; i++)
		if (a->patterns[i].hash == hash && a->patterns[i].n == n && a->patterns[i].bits == bits)
			return ERR_OK;
	if (a->n_patterns == a->cap_patterns) {
		size_t cap = a->cap_patterns * 2 + 64;
		struct pattern *more = realloc(a->patterns, cap * sizeof(*more));

		if (more == NULL)
			return err_nomem(err);
		a->patterns = more;
		a->cap_patterns = cap;
	}
	a->patterns[a->n_patterns++] = (struct pattern){ .n = n, .hash = hash, .bits = bits };
	return ERR_OK;
}

/* The options of one definition: one that nobody chose anywhere could have been chosen, alone; one that all chose, left out.
 * Only there: of several definitions it is not known which answers go together. */
static enum err_code
add_unseen(struct atoms *a, const struct token *shape, size_t n, struct err *err)
{
	uint64_t hash = hash_of(shape, n), ever = 0, always = UINT64_MAX;
	size_t seen = a->n_patterns;
	enum err_code rc = ERR_OK;

	for (size_t i = 1; i < n; i++)
		if (shape[i].member != shape[0].member)
			return ERR_OK;
	for (size_t i = 0; i < seen; i++)
		if (a->patterns[i].hash == hash && a->patterns[i].n == n) {
			ever |= a->patterns[i].bits;
			always &= a->patterns[i].bits;
		}
	for (size_t k = 0; k < n && rc == ERR_OK; k++) {
		uint64_t one = (uint64_t)1 << k;

		if ((ever & one) == 0)
			rc = add_pattern(a, shape, n, one, err);
		for (size_t i = 0; (always & one) != 0 && i < seen && rc == ERR_OK; i++)
			if (a->patterns[i].hash == hash && a->patterns[i].n == n && a->patterns[i].bits != one)
				rc = add_pattern(a, shape, n, a->patterns[i].bits & ~one, err);
	}
	return rc;
}

static enum err_code
learn(struct atoms *a, struct err *err)
{
	struct token shape[PATTERN_MAX];
	size_t list[PATTERN_MAX], n;
	uint64_t bits;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < a->n_classes && rc == ERR_OK; i++) {
		const struct class *c = &a->classes[i];

		for (size_t t = 0; t < c->n && c->n <= PATTERN_MAX && rc == ERR_OK; t++) {
			bool told = shape_of(a, c, t, shape, list, &n, &bits);

			if (list[0] != t)
				continue;
			if (told)
				rc = add_pattern(a, shape, n, bits, err);
			/* of a definition alone: both in and not in */
			for (uint64_t in = 0; rc == ERR_OK && n == 1 && in <= (uint64_t)a->members[shape[0].member].counts; in++)
				rc = add_pattern(a, shape, 1, in, err);
		}
	}
	for (size_t i = 0; i < a->n_classes && rc == ERR_OK; i++) {
		const struct class *c = &a->classes[i];

		for (size_t t = 0; t < c->n && c->n <= PATTERN_MAX && rc == ERR_OK; t++)
			if (shape_of(a, c, t, shape, list, &n, &bits) && list[0] == t && n > 1)
				rc = add_unseen(a, shape, n, err);
	}
	return rc;
}

/* Beside each plain class one of each pattern that is seen anywhere. */
static enum err_code
add_empty(struct atoms *a, struct err *err)
{
	struct token shape[PATTERN_MAX], tokens[PATTERN_MAX];
	size_t list[PATTERN_MAX], n = a->n_classes, len;
	uint64_t bits, hash;
	enum err_code rc = ERR_OK;

	for (size_t i = 0; i < n && rc == ERR_OK; i++) {
		if (!is_plain(&a->classes[i]))
			continue;
		shape_of(a, &a->classes[i], 0, shape, list, &len, &bits);
		hash = hash_of(shape, len);
		for (size_t k = 0; k < a->n_patterns && rc == ERR_OK; k++) {
			if (a->patterns[k].hash != hash || a->patterns[k].n != len || a->patterns[k].bits == bits)
				continue;
			memcpy(tokens, a->classes[i].tokens, len * sizeof(*tokens));
			for (size_t t = 0; t < len; t++)
				tokens[t].state = (a->patterns[k].bits >> t & 1) != 0 ? IN_NUMERATOR : OUTSIDE_NUMERATOR;
			rc = add_class(a, tokens, len, 0, err);
		}
	}
	return rc;
}

/* --- spans -------------------------------------------------------------------------------------------------------- */

/* Every WAY so far with each pattern of the tokens that are of the time of token AT, which were not told. */
static bool
multiply(const struct atoms *a, const struct class *c, size_t at, uint64_t *ways, size_t *n)
{
	struct token shape[PATTERN_MAX];
	size_t list[PATTERN_MAX], len, old = *n, made = 0;
	uint64_t bits, hash, *more = calloc(WAYS_MAX, sizeof(*more));

	if (more == NULL)
		return false;
	shape_of(a, c, at, shape, list, &len, &bits);
	hash = hash_of(shape, len);
	for (size_t k = 0; k < a->n_patterns; k++)
		for (size_t w = 0; w < old && a->patterns[k].hash == hash && a->patterns[k].n == len && made < WAYS_MAX; w++) {
			more[made] = ways[w];
			for (size_t t = 0; t < len; t++)
				more[made] |= (a->patterns[k].bits >> t & 1) << list[t];
			made++;
		}
	/* never seen with an answer: all in, or all out */
	for (size_t w = 0; made == w && w < 2 * old && old * 2 <= WAYS_MAX; w++) {
		more[made] = ways[w / 2];
		for (size_t t = 0; t < len; t++)
			more[made] |= (uint64_t)(w & 1) << list[t];
		made++;
	}
	memcpy(ways, more, made * sizeof(*ways));
	*n = made;
	free(more);
	return true;
}

/* The ways in which the people of C can be in numerators. */
static enum err_code
make_ways(struct atoms *a, struct class *c, uint64_t *ways, struct err *err)
{
	size_t n = 1;
	uint64_t *kept;

	ways[0] = 0;
	for (size_t t = 0; t < c->n && t < PATTERN_MAX; t++)
		ways[0] |= (uint64_t)(c->tokens[t].state == IN_NUMERATOR) << t;
	for (size_t t = 0; t < c->n && c->n <= PATTERN_MAX; t++) {
		bool first = c->tokens[t].state == NOT_TOLD;

		for (size_t k = 0; k < t && first; k++)
			first = c->tokens[k].state != NOT_TOLD || !is_of_one_time(&c->tokens[k], &c->tokens[t]);
		if (first && !multiply(a, c, t, ways, &n))
			return err_nomem(err);
	}
	kept = arena_alloc(&a->arena, n * sizeof(*kept));
	if (kept == NULL)
		return err_nomem(err);
	memcpy(kept, ways, n * sizeof(*kept));
	c->ways = kept;
	c->n_atoms = (uint32_t)n;
	return ERR_OK;
}

static enum err_code
make_atoms(struct atoms *a, struct disclosure *dis, struct err *err)
{
	uint64_t *ways = calloc(WAYS_MAX, sizeof(*ways));
	enum err_code rc = ways == NULL ? err_nomem(err) : ERR_OK;

	for (size_t i = 0; i < a->n_classes && rc == ERR_OK; i++) {
		struct class *c = &a->classes[i];

		rc = make_ways(a, c, ways, err);
		for (uint32_t k = 0; k < c->n_atoms; k++) {
			uint32_t atom = disclosure_atom(dis);

			if (k == 0)
				c->atom = atom;
			if (a->n_atoms++ == 0)
				a->first_atom = atom;
		}
	}
	free(ways);
	if (rc != ERR_OK)
		return rc;
	a->people = calloc((size_t)a->n_atoms + 1, sizeof(*a->people));
	if (a->people == NULL)
		return err_nomem(err);
	for (size_t i = 0; i < a->n_classes; i++)
		for (uint32_t k = 0; k < a->classes[i].n_atoms; k++)
			a->people[a->classes[i].atom + k - a->first_atom] = a->classes[i].n_atoms == 1 ? a->classes[i].people : -1;
	for (uint32_t k = 0; k < a->n_atoms; k++)
		disclosure_expect(dis, a->first_atom + k, a->people[k]);
	return ERR_OK;
}

/* Count, then fill, the spans of each leaf. */
static void
each_span(struct atoms *a, bool fill)
{
	for (size_t i = 0; i < a->n_classes; i++) {
		const struct class *c = &a->classes[i];

		for (size_t t = 0; t < c->n; t++) {
			const struct token *k = &c->tokens[t];
			size_t slot = a->leaf_base[k->member] + k->leaf;

			for (uint32_t at = 0; at < c->n_atoms; at++) {
				if (!fill) {
					a->first[slot + 2]++;
					continue;
				}
				a->spans[a->first[slot + 1]++] = (struct atom_span){ c->atom + at, k->from, k->until,
				    t < PATTERN_MAX ? (c->ways[at] >> t & 1) != 0 : k->state == IN_NUMERATOR };
			}
		}
	}
}

static enum err_code
make_spans(struct atoms *a, struct err *err)
{
	size_t leaves = a->leaf_base[a->n_members];

	a->first = calloc(leaves + 3, sizeof(*a->first));
	if (a->first == NULL)
		return err_nomem(err);
	each_span(a, false);
	for (size_t i = 0; i < leaves + 1; i++)
		a->first[i + 1] += a->first[i];
	/* first[slot + 1] is where slot begins, until it was filled: then where it ends */
	a->spans = calloc(a->first[leaves + 1] + a->first[leaves + 2] + 1, sizeof(*a->spans));
	if (a->spans == NULL)
		return err_nomem(err);
	each_span(a, true);
	return ERR_OK;
}

/* --- all together ------------------------------------------------------------------------------------------------- */

static int
site_cmp(const void *va, const void *vb)
{
	return strcmp(*(const char *const *)va, *(const char *const *)vb);
}

static enum err_code
read_sites(struct atoms *a, struct err *err)
{
	const char **sites;
	size_t n = 0, all = 0;
	enum err_code rc = ERR_OK;

	for (size_t m = 0; m < a->n_members; m++)
		all += a->members[m].points->n_leaves;
	sites = calloc(all + 1, sizeof(*sites));
	if (sites == NULL)
		return err_nomem(err);
	for (size_t m = 0; m < a->n_members; m++)
		for (size_t i = 0; i < a->members[m].points->n_leaves; i++) {
			const char *site = a->members[m].points->leaves[i].site;

			if (n == 0 || strcmp(sites[n - 1], site) != 0)
				sites[n++] = site;
		}
	if (n > 0)
		qsort(sites, n, sizeof(*sites), site_cmp);
	for (size_t i = 0; i < n && rc == ERR_OK; i++)
		if (i == 0 || strcmp(sites[i - 1], sites[i]) != 0)
			rc = read_site(a, sites[i], err);
	free(sites);
	return rc;
}

enum err_code
atoms_new(struct facts *f, const struct history *h, const struct atoms_member *members, size_t n,
	struct disclosure *dis, struct atoms **out, struct err *err)
{
	struct atoms *a = calloc(1, sizeof(*a));
	enum err_code rc = ERR_OK;

	*out = NULL;
	if (a == NULL)
		return err_nomem(err);
	arena_init(&a->arena, (size_t)1 << 30);
	a->f = f;
	a->h = h;
	a->members = members;
	a->n_members = n;
	a->leaf_base = calloc(n + 1, sizeof(*a->leaf_base));
	if (a->leaf_base == NULL)
		rc = err_nomem(err);
	for (size_t m = 0; m < n && rc == ERR_OK; m++)
		a->leaf_base[m + 1] = a->leaf_base[m] + members[m].points->n_leaves;
	if (rc == ERR_OK)
		rc = read_sites(a, err);
	if (rc == ERR_OK)
		rc = learn(a, err);
	if (rc == ERR_OK)
		rc = add_empty(a, err);
	if (rc == ERR_OK)
		rc = make_atoms(a, dis, err);
	if (rc == ERR_OK)
		rc = make_spans(a, err);
	free(a->records);
	a->records = NULL;
	if (rc != ERR_OK) {
		atoms_free(a);
		return rc;
	}
	*out = a;
	return ERR_OK;
}

void
atoms_free(struct atoms *a)
{
	if (a == NULL)
		return;
	free(a->records);
	free(a->classes);
	free(a->table);
	free(a->patterns);
	free(a->spans);
	free(a->first);
	free(a->leaf_base);
	free(a->people);
	arena_clear(&a->arena);
	free(a);
}

size_t
atoms_count(const struct atoms *a)
{
	return a->n_atoms;
}

const struct atom_span *
atoms_of(const struct atoms *a, size_t member, uint32_t leaf, size_t *n)
{
	size_t slot = a->leaf_base[member] + leaf;

	*n = a->first[slot + 1] - a->first[slot];
	return a->spans + a->first[slot];
}

int64_t
atoms_people(const struct atoms *a, uint32_t atom)
{
	return a->people[atom - a->first_atom];
}
