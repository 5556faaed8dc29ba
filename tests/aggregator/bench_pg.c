/* Intake on PostgreSQL against its limit line: real batches of 100 sealed records of 1 KB, taken in as the
 * aggregator does (signature, chain, decision, rows, signed receipt, commit), beside the very same rows brought into
 * the same tables by bare COPY into a temporary table and INSERT .. ON CONFLICT DO NOTHING. One batch by one, then
 * the other way, in one run, so that both see the same disk. Then what a kept record takes on disk.
 *	bench_pg [KEPT]	(with KEPT made-up records kept beforehand; none without) */
#include "tests/aggregator/bench_kit.h"

enum { ROUNDS = 12, BATCHES = GROUP * ROUNDS, COPY_HEAD = 19 };

/* CPU that the server's process of the store's session has used so far (Linux; 10 ms steps). */
static double
server_cpu_s(PGconn *c)
{
	PGresult *r = PQexec(c, "SELECT pid FROM pg_stat_activity WHERE application_name = 'candour'");
	unsigned long user = 0, sys = 0;
	char path[64], line[1024] = "";
	const char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "0");
	PQclear(r);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	after = strrchr(line, ')');
	if (after == NULL || sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2)
		return 0;
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/* --- the limit line ---------------------------------------------------------------------------- */

static void
field(struct buf *b, const void *bytes, size_t len)
{
	buf_u32(b, (uint32_t)len);
	buf_put(b, bytes, len);
}

/* The rows of a batch in COPY's binary form, made before the clock runs. */
static void
copy_rows(const struct made *made, struct buf *out)
{
	struct intake_batch b = { .bytes = made->bytes.data, .len = made->bytes.len, .h = made->h };

	must(intake_check(&b, &err), "check");
	buf_init(out, 4 << 20);
	buf_put(out, "PGCOPY\n\377\r\n\0", 11);
	buf_u32(out, 0);
	buf_u32(out, 0);
	for (uint32_t i = 0; i < b.h.n; i++) {
		const struct store_row *r = &b.rows[i];

		buf_u16(out, 12);
		field(out, r->owner, 16);
		buf_u32(out, 8);
		buf_u64(out, r->seq);
		field(out, r->id, 16);
		buf_u32(out, 2);
		buf_u16(out, r->kind);
		field(out, r->tag, 16);
		field(out, r->header, 128);
		field(out, r->hw, 32);
		field(out, r->hb, 32);
		field(out, r->leaf, 32);
		field(out, r->link, 32);
		field(out, r->nonce_body, r->nonce_body_len);
		field(out, r->wraps == NULL ? (const uint8_t *)"" : r->wraps, (size_t)r->n_wraps * 80);
	}
	buf_u16(out, 0xffff);
	must(buf_check(out, &err), "rows");
	intake_clear(&b);
}

static void
exec_ok(PGresult *r, PGconn *c, const char *what)
{
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		must(err_set(&err, ERR_BROKEN, "%s", PQerrorMessage(c)), what);
	PQclear(r);
}

/* One COPY and one INSERT a table for all N batches of the commit; then their receipts and the head of the chain,
 * which are rows as well. */
static void
bare(PGconn *c, const struct box *box, const struct made *made, const struct buf *rows, size_t n)
{
	uint8_t bytes[200];
	char seq[24];
	const char *values[4] = { (const char *)box->id, (const char *)box->epoch, seq, (const char *)bytes };
	int lengths[4] = { 16, 16, 0, 200 };
	const int formats[4] = { 1, 1, 0, 1 };
	PGresult *r;

	sql(c, "BEGIN");
	sql(c, "COPY stage FROM STDIN (FORMAT binary)");
	for (size_t i = 0; i < n; i++) {	/* one header, the rows of each, one end */
		size_t from = i == 0 ? 0 : COPY_HEAD, to = rows[i].len - (i + 1 < n ? 2 : 0);

		if (PQputCopyData(c, (const char *)rows[i].data + from, (int)(to - from)) != 1)
			must(err_set(&err, ERR_BROKEN, "%s", PQerrorMessage(c)), "copy");
	}
	if (PQputCopyEnd(c, NULL) != 1)
		must(err_set(&err, ERR_BROKEN, "%s", PQerrorMessage(c)), "copy");
	exec_ok(PQgetResult(c), c, "copy");
	while ((r = PQgetResult(c)) != NULL)
		PQclear(r);
	sql(c, "EXECUTE records");
	sql(c, "EXECUTE bodies");
	sql(c, "EXECUTE wraps");
	exec_ok(PQexecPrepared(c, "entries", 1, values + 1, lengths + 1, formats + 1, 1), c, "entries");
	for (size_t i = 0; i < n; i++) {
		snprintf(seq, sizeof(seq), "%llu", (unsigned long long)(made[i].h.a + made[i].h.n - 1));
		kit_bytes(bytes, 200, "receipt", made[i].h.a);
		exec_ok(PQexecPrepared(c, "receipt", 4, values, lengths, formats, 1), c, "receipt");
	}
	values[3] = (const char *)made[n - 1].h.last;
	lengths[3] = 32;
	exec_ok(PQexecPrepared(c, "head", 4, values, lengths, formats, 1), c, "head");
	sql(c, "COMMIT");
}

static PGconn *
limit_line(void)
{
	PGconn *c = PQconnectdb(kit_url);

	sql(c, "SET search_path = candour, pg_catalog");
	sql(c, "CREATE TEMPORARY TABLE stage (device bytea, seq bigint, id bytea, kind smallint, tag bytea, header bytea, "
	    "hw bytea, hb bytea, leaf bytea, link bytea, nonce_body bytea, wraps bytea) ON COMMIT DELETE ROWS");
	sql(c, "PREPARE records AS INSERT INTO record (device, id, kind, lane, tag, header, hw, hb, leaf) "
	    "SELECT device, id, kind, 0, tag, header, hw, hb, leaf FROM stage ON CONFLICT DO NOTHING");
	sql(c, "PREPARE bodies AS INSERT INTO body (device, id, nonce_body) SELECT device, id, nonce_body FROM stage "
	    "ON CONFLICT DO NOTHING");
	sql(c, "PREPARE wraps AS INSERT INTO wrap (device, id, wraps) SELECT device, id, wraps FROM stage "
	    "WHERE length(wraps) > 0 ON CONFLICT DO NOTHING");
	sql(c, "PREPARE entries (bytea) AS INSERT INTO entry (device, lane, epoch, seq, record_id, leaf, link) "
	    "SELECT device, 0, $1, seq, id, leaf, link FROM stage ON CONFLICT DO NOTHING");
	sql(c, "PREPARE receipt (bytea, bytea, bigint, bytea) AS INSERT INTO receipt (device, lane, epoch, a, b, made, "
	    "last_link, log_id, log_day, bytes) VALUES ($1, 0, $2, 1, $3, 1, $1, $1, 1, $4)");
	sql(c, "PREPARE head (bytea, bytea, bigint, bytea) AS INSERT INTO epoch (device, lane, epoch, opened, hw, hw_link, "
	    "records) VALUES ($1, 0, $2, 1, $3, $4, 0) ON CONFLICT (device, lane, epoch) DO UPDATE SET hw = excluded.hw, "
	    "hw_link = excluded.hw_link");
	return c;
}

/* --- the run ----------------------------------------------------------------------------------- */

/* BATCHES batches, GROUP_N a commit, alternating; the ratio of the rates. */
static double
compare(struct store *st, PGconn *c, struct intake_log *log, size_t group_n)
{
	static struct made mine[BATCHES], theirs[BATCHES];
	static struct buf rows[BATCHES];
	double ours = 0, limit = 0, t, cpu = 0, cpu_from, server_from;
	static uint64_t box_n;
	struct box a, b;

	make_box(st, &a, ++box_n);
	make_box(st, &b, ++box_n);
	for (int i = 0; i < BATCHES; i++) {
		make_batch(&a, RECORDS, &mine[i]);
		make_batch(&b, RECORDS, &theirs[i]);
		copy_rows(&theirs[i], &rows[i]);
	}
	server_from = server_cpu_s(c);
	for (size_t i = 0; i + group_n <= BATCHES; i += group_n) {
		t = now_s();
		cpu_from = cpu_s();
		intake(st, log, &a, mine + i, group_n);
		ours += now_s() - t;
		cpu += cpu_s() - cpu_from;
		t = now_s();
		bare(c, &b, theirs + i, rows + i, group_n);
		limit += now_s() - t;
	}
	printf("intake on PostgreSQL, %zu x 100 records of 1 KB a commit: %.0f records/s; COPY and ON CONFLICT %.0f; "
	    "ratio %.2f (goal 0.7)\n", group_n, BATCHES * RECORDS / ours, BATCHES * RECORDS / limit, limit / ours);
	printf("CPU of intake: aggregator %.1f us a record, its server process %.1f\n", cpu * 1e6 / (BATCHES * RECORDS),
	    (server_cpu_s(c) - server_from) * 1e6 / (BATCHES * RECORDS));
	if (group_n == 1) {
		t = now_s();
		for (int i = 0; i < BATCHES; i++) {
			struct intake_batch again = { .bytes = mine[i].bytes.data, .len = mine[i].bytes.len, .h = mine[i].h };
			struct intake_batch *group = &again;

			must(intake_check(&again, &err), "check");
			intake_group(st, log, &group, 1);
			if (again.result != INTAKE_AGAIN)
				must(err_set(&err, ERR_BROKEN, "result %d", again.result), "replay");
			intake_clear(&again);
		}
		printf("the same batches again: %.0f records/s, none new\n", BATCHES * RECORDS / (now_s() - t));
	}
	for (int i = 0; i < BATCHES; i++) {
		buf_free(&mine[i].bytes);
		buf_free(&theirs[i].bytes);
		buf_free(&rows[i]);
	}
	free_box(&a);
	free_box(&b);
	return limit / ours;
}

/* Batches of one record, as most are where many boxes deliver often: what each costs whatever is in it. */
static void
lone(struct store *st, PGconn *c, struct intake_log *log)
{
	static struct made made[BATCHES];
	double t, cpu, server;
	struct box box;

	make_box(st, &box, 100);
	for (int i = 0; i < BATCHES; i++)
		make_batch(&box, 1, &made[i]);
	server = server_cpu_s(c);
	cpu = cpu_s();
	t = now_s();
	for (int i = 0; i < BATCHES; i++)
		intake(st, log, &box, &made[i], 1);
	t = now_s() - t;
	printf("batches of one record: %.0f a second; CPU: aggregator %.0f us a batch, its server process %.0f\n",
	    BATCHES / t, (cpu_s() - cpu) * 1e6 / BATCHES, (server_cpu_s(c) - server) * 1e6 / BATCHES);
	for (int i = 0; i < BATCHES; i++)
		buf_free(&made[i].bytes);
	free_box(&box);
}

static void
print_sizes(PGconn *c)
{
	PGresult *r = PQexec(c, "SELECT (SELECT count(*) FROM record), sum(pg_total_relation_size(oid)), "
	    "sum(pg_total_relation_size(oid)) FILTER (WHERE relname IN ('body', 'wrap')), "
	    "sum(pg_total_relation_size(oid)) FILTER (WHERE relname = 'receipt'), (SELECT count(*) FROM receipt) FROM pg_class "
	    "WHERE relnamespace = 'candour'::regnamespace AND relkind = 'r'");

	if (PQresultStatus(r) == PGRES_TUPLES_OK) {
		double n = atof(PQgetvalue(r, 0, 0));

		printf("on disk a kept record takes %.0f bytes, of which body and wraps %.0f (%.0f records); a receipt %.0f\n",
		    (atof(PQgetvalue(r, 0, 1)) - atof(PQgetvalue(r, 0, 3))) / n, atof(PQgetvalue(r, 0, 2)) / n, n,
		    atof(PQgetvalue(r, 0, 3)) / atof(PQgetvalue(r, 0, 4)));
	}
	PQclear(r);
}

int
main(int argc, char **argv)
{
	struct store_site site = { "meadow", "Meadow House", "" };
	atomic_uint none = 0;
	struct intake_log log = { .clock = &clock_system, .ring_serial = &none, .bundle_serial = &none };
	struct seal_key *receipt;
	struct store *st;
	PGconn *c;
	double one, ten;

	if (access("/usr/lib/postgresql", F_OK) != 0) {
		printf("SKIP: intake on PostgreSQL: no server here (package postgresql)\n");
		return 0;
	}
	if (!kit_start())
		return 1;
	must(store_open(kit_url, true, &st, &err), "store");
	must(st->ops->site_put(st, &site, &err), "site");
	must(seal_key_new(KEY_RECEIPT, &receipt, &err), "key");
	log.receipt_key = receipt;
	seal_key_id(receipt, log.receipt_key_id);
	kit_bytes(log.log_id, 16, "log", 1);
	c = limit_line();
	if (argc > 1)
		fill(c, strtol(argv[1], NULL, 10));
	one = compare(st, c, &log, 1);
	ten = compare(st, c, &log, GROUP);
	lone(st, c, &log);
	print_sizes(c);
	PQfinish(c);
	seal_key_free(receipt);
	store_close(st);
	kit_stop();
	return one >= 0.7 && ten >= 0.7 ? 0 : 1;
}
