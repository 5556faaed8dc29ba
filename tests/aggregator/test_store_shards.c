/* What a sharded store takes: the schema and each statement of the PostgreSQL backend are held, on plain PostgreSQL,
 * against what Citus refuses, gets wrong or would ask every shard for. The rules are those of docs/SCALE.md, from
 * Citus's documentation ("SQL support and workarounds", "creating and modifying distributed objects") and its issues. A
 * rule that catches nothing is none: each is shown a planted fault. On a Citus its own catalogue is looked at. */
#include "tests/aggregator/store_suite.h"

#include "aggregator/pg.h"

static char citus_sql[8000];

static void
read_citus_sql(void)
{
	FILE *f = fopen("aggregator/sql/citus.sql", "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(citus_sql, 1, sizeof(citus_sql) - 1, f);
	citus_sql[n] = '\0';
	fclose(f);
}

static bool
is_copied(const char *table)
{
	char want[200];

	snprintf(want, sizeof(want), "create_reference_table('%s')", table);
	return strstr(citus_sql, want) != NULL;
}

static const char *
shard_column(const char *table)
{
	return strcmp(table, "device") == 0 ? "id" : "device";
}

static bool
is_sharded(const char *table)
{
	char want[200];

	snprintf(want, sizeof(want), "create_distributed_table('%s', '%s'", table, shard_column(table));
	return strstr(citus_sql, want) != NULL;
}

/* --- the schema -------------------------------------------------------------------------------- */

/* Each row of an answer is a fault, its first column says which. */
static const char *const catalogue[] = {
	"SELECT c.relname || ': a key without its device' FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid "
	"WHERE c.relnamespace = 'candour'::regnamespace AND i.indisunique AND c.relname = ANY ($1) AND NOT EXISTS "
	"(SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey) "
	"AND a.attname = CASE c.relname WHEN 'device' THEN 'id' ELSE 'device' END)",
	"SELECT f.relname || ' has a foreign key to ' || t.relname || ', which is on another node' FROM pg_constraint k "
	"JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid "
	"WHERE k.contype = 'f' AND k.connamespace = 'candour'::regnamespace AND t.relname = ANY ($1)",
	"SELECT relname || ': a number that counts for all' FROM pg_class "
	"WHERE relnamespace = 'candour'::regnamespace AND relkind = 'S' AND $1 IS NOT NULL",
	"SELECT c.relname || '.' || t.tgname || ': a trigger that a shard does not take, or that looks at another table' "
	"FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
	"WHERE NOT t.tgisinternal AND c.relnamespace = 'candour'::regnamespace AND $1 IS NOT NULL "
	"AND (p.proname <> 'refuse' OR (t.tgtype & 1 = 0 AND t.tgname NOT LIKE '%\\_truncate'))",
	"SELECT c.relname || ': a default of ' || pg_get_expr(d.adbin, d.adrelid) || ' beside INSERT .. SELECT' "
	"FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid "
	"WHERE c.relnamespace = 'candour'::regnamespace AND c.relname = ANY ($1) "
	"AND pg_get_expr(d.adbin, d.adrelid) LIKE '%(%' AND c.relname NOT IN ('event', 'quarantine')",
	"SELECT c.relname || ': rules, policies, parents and generated columns are not known to shard' FROM pg_class c "
	"WHERE c.relnamespace = 'candour'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND $1 IS NOT NULL "
	"AND (c.relkind <> 'r' OR c.relhasrules OR c.relrowsecurity OR c.relispartition OR c.relpersistence <> 'p' "
	"OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND (a.attgenerated <> '' OR a.attidentity <> '')))",
};

/* The first fault of the schema as it stands, or "". */
static void
judge_schema(PGconn *c, char fault[300])
{
	char sharded[600] = "{";
	const char *values[1] = { sharded };
	const Oid types[1] = { 1009 };	/* text[] */
	PGresult *r = PQexec(c, "SELECT relname FROM pg_class WHERE relnamespace = 'candour'::regnamespace AND relkind = 'r'");

	fault[0] = '\0';
	ck_assert_int_gt(PQntuples(r), 20);
	for (int i = 0; i < PQntuples(r); i++) {
		const char *name = PQgetvalue(r, i, 0);

		if (is_copied(name) == is_sharded(name))
			snprintf(fault, 300, "%s: neither copied nor sharded in citus.sql, or both", name);
		if (is_sharded(name))
			snprintf(sharded + strlen(sharded), sizeof(sharded) - strlen(sharded), "%s%s", sharded[1] == '\0' ? "" : ",",
			    name);
	}
	PQclear(r);
	snprintf(sharded + strlen(sharded), sizeof(sharded) - strlen(sharded), "}");
	for (size_t i = 0; fault[0] == '\0' && i < sizeof(catalogue) / sizeof(catalogue[0]); i++) {
		r = PQexecParams(c, catalogue[i], 1, types, values, NULL, NULL, 0);
		ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK, "%s", PQerrorMessage(c));
		if (PQntuples(r) > 0)
			snprintf(fault, 300, "%s", PQgetvalue(r, 0, 0));
		PQclear(r);
	}
}

static const struct { const char *sql, *fault; } planted_in_schema[] = {
	{ "CREATE TABLE candour.stray (n integer)", "stray: neither copied" },
	{ "CREATE UNIQUE INDEX ON candour.seen (at)", "seen: a key without its device" },
	{ "ALTER TABLE candour.device ADD UNIQUE (cert_sha256)", "device: a key without its device" },
	{ "ALTER TABLE candour.cert ADD FOREIGN KEY (device) REFERENCES candour.device (id)", "cert has a foreign key" },
	{ "ALTER TABLE candour.event ADD COLUMN n bigserial", "counts for all" },
	{ "CREATE TRIGGER t AFTER DELETE ON candour.seen FOR EACH STATEMENT EXECUTE FUNCTION candour.refuse('x')",
	  "seen.t: a trigger" },
	{ "CREATE FUNCTION candour.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
	  "CREATE TRIGGER t BEFORE INSERT ON candour.seen FOR EACH ROW EXECUTE FUNCTION candour.f()", "seen.t: a trigger" },
	{ "ALTER TABLE candour.record ALTER COLUMN kind SET DEFAULT (random() * 9)::smallint", "record: a default of" },
	{ "ALTER TABLE candour.seen ENABLE ROW LEVEL SECURITY", "seen: rules" },
	{ "CREATE VIEW candour.v AS SELECT 1", "v: rules" },
};

START_TEST(every_table_is_sharded_by_its_device_or_copied)
{
	char fault[300];
	PGconn *c;

	read_citus_sql();
	open_fresh(_i);
	c = raw_pg();
	judge_schema(c, fault);
	ck_assert_str_eq(fault, "");
	for (size_t i = 0; i < sizeof(planted_in_schema) / sizeof(planted_in_schema[0]); i++) {
		PGresult *r;

		PQclear(PQexec(c, "BEGIN"));
		r = PQexec(c, planted_in_schema[i].sql);
		ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK, "%s: %s", planted_in_schema[i].sql, PQerrorMessage(c));
		PQclear(r);
		judge_schema(c, fault);
		ck_assert_msg(strstr(fault, planted_in_schema[i].fault) != NULL, "%s: found \"%s\"", planted_in_schema[i].sql, fault);
		PQclear(PQexec(c, "ROLLBACK"));
	}
	PQfinish(c);
	close_all();
}
END_TEST

/* Only there a transaction holds one device: the writer goes by this. */
START_TEST(a_citus_is_sharded_and_nothing_else)
{
	bool citus = strcmp(backends[_i].name, "citus") == 0;
	int shards = 0;

	open_fresh(_i);
	ck_assert(st->ops->one_device == citus);
	if (citus) {
		PGconn *c = raw_pg();
		PGresult *r = PQexec(c, "SELECT t.relname, p.partmethod, p.repmodel, p.colocationid = (SELECT colocationid "
		    "FROM pg_dist_partition WHERE logicalrelid = 'candour.device'::regclass) FROM pg_class t "
		    "LEFT JOIN pg_dist_partition p ON p.logicalrelid = t.oid "
		    "WHERE t.relnamespace = 'candour'::regnamespace AND t.relkind = 'r' ORDER BY t.relname");

		ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK, "%s", PQerrorMessage(c));
		read_citus_sql();
		for (int i = 0; i < PQntuples(r); i++) {
			const char *name = PQgetvalue(r, i, 0), *method = PQgetvalue(r, i, 1), *model = PQgetvalue(r, i, 2);

			if (is_copied(name))
				ck_assert_msg(*method == 'n' && *model == 't', "%s is not on every node: %s %s", name, method, model);
			else if (is_sharded(name))
				ck_assert_msg(*method == 'h' && *PQgetvalue(r, i, 3) == 't', "%s is not with its device", name);
			else
				shards += *method == '\0';	/* where the coordinator is a node too, its shards may be seen */
		}
		ck_assert_int_eq(PQntuples(r), 21 + shards);
		PQclear(r);
		PQfinish(c);
	}
	close_all();
}
END_TEST

/* --- the statements ---------------------------------------------------------------------------- */

static bool
has(const char *sql, const char *what)
{
	return strstr(sql, what) != NULL;
}

static bool
begins(const char *sql, const char *what)
{
	return strncmp(sql, what, strlen(what)) == 0;
}

/* The word after WORD at or after SQL, into OUT ("" if there is none); where it ends, or NULL. */
static const char *
word_after(const char *sql, const char *word, char out[64])
{
	const char *p = strstr(sql, word);
	size_t n;

	out[0] = '\0';
	if (p == NULL)
		return NULL;
	p += strlen(word);
	n = strspn(p, "abcdefghijklmnopqrstuvwxyz_");
	memcpy(out, p, n < 63 ? n : 63);
	out[n < 63 ? n : 63] = '\0';
	return p + n;
}

static int
count_of(const char *sql, const char *what)
{
	int n = 0;

	for (const char *p = sql; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

/* Sharded tables that SQL reads, changes or deletes from; -1: a table that citus.sql does not know. */
static int
sharded_in(const char *sql)
{
	static const char *const before[] = { " FROM ", " JOIN ", "UPDATE ", "INSERT INTO " };
	int n = 0;

	for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++) {
		const char *p = sql;
		char table[64];

		while ((p = word_after(p, before[k], table)) != NULL) {
			if (table[0] == '\0' || strcmp(table, "unnest") == 0)
				continue;	/* a query in parentheses, SET after DO UPDATE, FOR UPDATE */
			if (!is_copied(table) && !is_sharded(table))
				return -1;
			n += is_sharded(table) && strcmp(before[k], "INSERT INTO ") != 0;
		}
	}
	return n;
}

static const char *
judge_insert(const char *sql, const char *table)
{
	char list[200], conflict[64];

	word_after(sql, "ON CONFLICT (", conflict);
	snprintf(list, sizeof(list), "INSERT INTO %s (", table);
	if (!has(sql, list))
		return "without its columns";
	snprintf(list, sizeof(list), "%.*s", (int)strcspn(sql, ")"), sql);
	if (!has(list, shard_column(table)))
		return "without its device";
	if (conflict[0] != '\0' && strcmp(conflict, shard_column(table)) != 0)
		return "a conflict that no shard can see";
	if (has(sql, "VALUES") && has(sql, "SELECT"))
		return "a query among its values";
	return NULL;
}

/* Why a sharded store does not take SQL, or NULL. ALL: it asks about all devices, and only reads. */
static const char *
judge(const char *sql, bool all)
{
	/* Of any table; of a sharded one; of all shards. */
	static const char *const refused[] = { "now()", "random()", "clock_timestamp", "nextval", "gen_random",
	    "SKIP LOCKED", "LISTEN", "NOTIFY", "advisory", "SAVEPOINT", "TEMP", "CURSOR", "TRUNCATE", "CONSTRAINT" };
	static const char *const refused_sharded[] = { "RECURSIVE", "WITH ", "ROLLUP", "GROUPING", "CUBE", "TABLESAMPLE",
	    "EXISTS", "LATERAL" };
	static const char *const refused_of_all[] = { "FOR UPDATE", "HAVING", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN",
	    "IN (SELECT", "UNION", " OVER ", "OFFSET", "UPDATE ", "INSERT ", "DELETE " };
	int tables = sharded_in(sql), bound;
	char table[64], set[100];

	for (size_t k = 0; k < sizeof(refused) / sizeof(refused[0]); k++)
		if (has(sql, refused[k]))
			return refused[k];
	if (tables < 0)
		return "a table that citus.sql does not know";
	for (size_t k = 0; tables > 0 && k < sizeof(refused_sharded) / sizeof(refused_sharded[0]); k++)
		if (has(sql, refused_sharded[k]))
			return refused_sharded[k];
	for (size_t k = 0; all && k < sizeof(refused_of_all) / sizeof(refused_of_all[0]); k++)
		if (has(sql, refused_of_all[k]))
			return refused_of_all[k];
	if (begins(sql, "INSERT")) {
		const char *why;

		word_after(sql, "INSERT INTO ", table);
		why = is_sharded(table) ? judge_insert(sql, table) : NULL;
		if (why != NULL)
			return why;
	}
	if (begins(sql, "UPDATE") && word_after(sql, "UPDATE ", table) != NULL && is_sharded(table)) {
		snprintf(set, sizeof(set), "SET %s =", shard_column(table));
		if (has(sql, set))
			return "moves a row to another shard";
	}
	/* Each of them is bound to the one device, or to another that is. */
	bound = count_of(sql, "device = $1") + count_of(sql, "b.device = r.device") + count_of(sql, "d.id = e.device");
	if (has(sql, "FROM device") || begins(sql, "UPDATE device"))
		bound += count_of(sql, "WHERE id = $1");
	if (bound + (all ? 1 : 0) < tables)
		return all ? "tables that do not meet on the device" : "asks or writes every shard";
	return NULL;
}

/* Questions about all devices. */
static bool
of_all(int i)
{
	static const enum pq list[] = { PQ_POSITIONS, PQ_SEEN, PQ_EVENTS, PQ_COUNT_RECORDS, PQ_COUNT_DEVICES,
	    PQ_COUNT_QUARANTINE, PQ_DEVICE_EACH, PQ_ASIDE_EACH, PQ_LOG_DAYS, PQ_LOG_RECEIPTS, PQ_DUE, PQ_DUE_GONE,
	    PQ_CHAINS_PULLED, PQ_ERASED };

	for (size_t k = 0; k < sizeof(list) / sizeof(list[0]); k++)
		if ((int)list[k] == i)
			return true;
	return false;
}

static const struct { const char *sql, *why; bool all; } planted[] = {
	{ "UPDATE body SET gone = 'x' WHERE id = $1", "every shard", false },
	{ "UPDATE device SET state = 2", "every shard", false },
	{ "UPDATE device SET id = $2 WHERE id = $1", "moves a row", false },
	{ "DELETE FROM quarantine WHERE at < $1", "every shard", false },
	{ "DELETE FROM body WHERE device = $1 AND id IN (SELECT id FROM record WHERE tag = $2)", "every shard", false },
	{ "SELECT leaf FROM record WHERE id = $1", "every shard", false },
	{ "SELECT id FROM device WHERE cert_sha256 = $1", "every shard", false },
	{ "SELECT id FROM device WHERE state = 0 LIMIT 1 FOR UPDATE", "every shard", false },
	{ "SELECT r.id FROM record r JOIN body b ON b.id = r.id WHERE r.device = $1", "every shard", false },
	{ "SELECT seq FROM entry WHERE device = $1 AND at > now()", "now()", false },
	{ "SELECT x FROM facts WHERE device = $1", "does not know", false },
	{ "SELECT id FROM record WHERE device = $1 AND EXISTS (SELECT 1 FROM body WHERE device = $1)", "EXISTS", false },
	{ "INSERT INTO seen VALUES ($1, $2)", "without its columns", false },
	{ "INSERT INTO record (id, leaf) VALUES ($1, $2)", "without its device", false },
	{ "INSERT INTO seen (device, at) VALUES ($1, $2) ON CONFLICT (at) DO NOTHING", "no shard can see", false },
	{ "INSERT INTO epoch (device, opened) VALUES ($1, (SELECT max(opened) FROM epoch WHERE device = $1))",
	  "among its values", false },
	{ "INSERT INTO seen (device, at) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT seen_pkey DO NOTHING", "CONSTRAINT",
	  false },
	{ "SELECT e.hw FROM epoch e JOIN device d ON d.site = e.epoch", "do not meet", true },
	{ "SELECT id FROM device WHERE state = 0 FOR UPDATE", "FOR UPDATE", true },
	/* As it was: see pg_retain_store.c. */
	{ "SELECT p.device, p.epoch, max(p.seq), coalesce(max(e.seq), 0) FROM pull p "
	  "LEFT JOIN erased e ON e.device = p.device GROUP BY p.device, p.epoch "
	  "HAVING max(p.seq) > coalesce(max(e.seq), 0)", "HAVING", true },
	{ "SELECT p.device FROM pull p LEFT JOIN erased e ON e.device = p.device", "LEFT JOIN", true },
};

START_TEST(every_statement_is_one_that_a_sharded_store_takes)
{
	int n = 0, all = 0, sharded = 0;

	read_citus_sql();
	for (int i = 0; i < PQ_N; i++) {
		const char *sql = pg_store_sql[i] != NULL ? pg_store_sql[i] : pg_retain_sql[i] != NULL ? pg_retain_sql[i]
		    : pg_registry_sql[i], *why;

		ck_assert_msg(sql != NULL, "statement %d has no text", i);
		why = judge(sql, of_all(i));
		ck_assert_msg(why == NULL, "%s: %s", why, sql);
		n++;
		all += of_all(i);
		sharded += sharded_in(sql) > 0;
	}
	ck_assert_int_eq(all, 14);
	ck_assert_int_gt(n, 75);
	ck_assert_int_gt(sharded, 45);
	for (size_t i = 0; i < sizeof(planted) / sizeof(planted[0]); i++) {
		const char *why = judge(planted[i].sql, planted[i].all);

		ck_assert_msg(why != NULL && strstr(why, planted[i].why) != NULL, "%s: %s", why == NULL ? "went through" : why,
		    planted[i].sql);
	}
}
END_TEST

/* What is said to Citus itself only a Citus could try: here each of its words that stands in our sources is looked up
 * in what its documentation has (docs.citusdata.com, v13.0: "Citus Tables and Views", "Citus Utility Functions",
 * "Configuration Reference"). A word that is misspelt is in no list. */
static const char *const citus_words[] = {
	"pg_dist_partition", "logicalrelid", "partmethod", "partkey", "colocationid", "repmodel", "pg_dist_node",
	"pg_dist_local_group", "create_distributed_table", "create_reference_table", "colocate_with",
	"run_command_on_workers", "citus.multi_shard_modify_mode", "citus.enable_local_reference_table_foreign_keys",
	"citus.enable_unsafe_triggers", "citus.enable_schema_based_sharding", "citus.shard_replication_factor",
	"citus.sql",	/* ours */
};

/* The first word of TEXT that is of Citus by its beginning and is in no list, into OUT; "" if there is none. */
static void
unknown_word(const char *text, char out[64])
{
	static const char *const beginnings[] = { "pg_dist", "logicalrel", "partm", "partk", "colocat", "repmod",
	    "create_dist", "create_ref", "run_command", "citus." };

	out[0] = '\0';
	while (*text != '\0' && out[0] == '\0') {
		size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_.");
		bool known = false;

		if (n == 0 || n > 63) {
			text += n == 0 ? 1 : n;
			continue;
		}
		snprintf(out, 64, "%.*s", (int)n, text);
		text += n;
		for (size_t k = 0; k < sizeof(citus_words) / sizeof(citus_words[0]); k++)
			known = known || strcmp(out, citus_words[k]) == 0;
		for (size_t k = 0; !known && k < sizeof(beginnings) / sizeof(beginnings[0]); k++)
			if (begins(out, beginnings[k]))
				return;
		out[0] = '\0';
	}
}

START_TEST(every_word_to_citus_is_one_of_its_own)
{
	static const char *const files[] = { "aggregator/pg_schema_store.c", "aggregator/pg_link_store.c",
	    "aggregator/sql/citus.sql", "aggregator/sql/pg-1.sql", "aggregator/sql/pg-2.sql", "aggregator/sql/pg-role.sql" };
	static char text[1 << 16];
	char word[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(files[i], "r");
		size_t n;

		ck_assert_msg(f != NULL, "%s", files[i]);
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		ck_assert_uint_lt(n, sizeof(text) - 1);
		text[n] = '\0';
		unknown_word(text, word);
		ck_assert_msg(word[0] == '\0', "%s: %s", files[i], word);
	}
	unknown_word("SELECT FROM pg_dist_partition WHERE logicalrel = 1", word);	/* as it was */
	ck_assert_str_eq(word, "logicalrel");
	unknown_word("SET LOCAL citus.multi_shard_modify_modes = 1", word);
	ck_assert_str_eq(word, "citus.multi_shard_modify_modes");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("store shards");
	TCase *tc = tcase_create("store shards");

	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	SERVER(a_citus_is_sharded_and_nothing_else);
	OWN(every_table_is_sharded_by_its_device_or_copied);
	tcase_add_test(tc, every_statement_is_one_that_a_sharded_store_takes);
	tcase_add_test(tc, every_word_to_citus_is_one_of_its_own);
	return s;
}

int
main(void)
{
	return run_suite(suite);
}
