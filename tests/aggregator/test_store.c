/* One suite for every backend of aggregator/store.h. What is expected is what store.h promises and
 * docs/formats/batch.md asks of a store. Races and faults are in test_store_faults.c. */
#include "tests/aggregator/store_suite.h"

/* --- registry ---------------------------------------------------------------------------------- */

struct list {
	size_t n;
	char text[2000];
};

static enum err_code
list_device(void *arg, const struct store_device *d, struct err *e)
{
	struct list *l = arg;

	(void)e;
	ck_assert_ptr_null(d->cert_pem);
	l->n++;
	snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%s:%d:%s ", d->site, d->state, d->address);
	return ERR_OK;
}

static enum err_code
list_site(void *arg, const struct store_site *s, struct err *e)
{
	struct list *l = arg;

	(void)e;
	l->n++;
	snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%s|%s|%s ", s->name, s->label, s->group);
	return ERR_OK;
}

static enum err_code
list_event(void *arg, const struct store_event *x, struct err *e)
{
	struct list *l = arg;

	(void)e;
	l->n++;
	snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%s@%d ", x->what, (int)(x->at - NOW));
	return ERR_OK;
}

START_TEST(sites_are_put_changed_and_listed_by_name)
{
	struct store_site a = { "zoe", "Zo\xc3\xab's", "" }, b = { "Abbey", "Abbey; DROP TABLE site", "south" };
	struct list l = { 0 };

	open_fresh(_i);
	ck_ok(st->ops->site_put(st, &a, &err));
	ck_ok(st->ops->site_put(st, &b, &err));
	snprintf(b.label, sizeof(b.label), "The Abbey");
	ck_ok(st->ops->site_put(st, &b, &err));
	ck_ok(st->ops->site_each(st, list_site, &l, &err));
	ck_assert_str_eq(l.text, "Abbey|The Abbey|south meadow|Meadow House|north zoe|Zo\xc3\xab's| ");
	close_all();
}
END_TEST

START_TEST(a_device_is_enrolled_approved_found_and_revoked)
{
	struct store_device d, got, again;
	struct list l = { 0 }, events = { 0 };
	uint8_t cert[32];
	struct buf out;

	open_fresh(_i);
	buf_init(&out, 1000);
	make_device(&d, 2, "meadow");
	memcpy(d.succeeds, dev, 16);
	invite_and_enrol(&d, 2);
	ck_ok(st->ops->device_get(st, d.id, &got, &err));
	ck_assert_int_eq(got.state, STORE_PENDING);
	ck_assert_int_eq(got.since, NOW);
	ck_assert_str_eq(got.site, "meadow");
	ck_assert_str_eq(got.address, "192.0.2.2");
	ck_assert_mem_eq(got.sign_key, d.sign_key, 32);
	ck_assert_uint_eq(got.spki_len, 91);
	ck_assert_mem_eq(got.spki, d.spki, 91);
	ck_assert(!got.has_succeeds);
	ck_assert_ptr_null(got.cert_pem);
	store_device_clear(&got);
	kit_bytes(cert, 32, "cert", 2);
	ck_err(st->ops->device_by_cert(st, cert, &got, &err), ERR_ABSENT, "none");
	d.has_succeeds = true;
	approve(&d, 2);
	ck_ok(st->ops->device_by_cert(st, cert, &got, &err));
	ck_assert_mem_eq(got.id, d.id, 16);
	ck_assert_int_eq(got.state, STORE_APPROVED);
	ck_assert_int_eq(got.since, NOW + 10);
	ck_assert(got.has_succeeds);
	ck_assert_mem_eq(got.succeeds, dev, 16);
	ck_assert_mem_eq(got.cert_sha256, cert, 32);
	ck_assert_ptr_nonnull(strstr(got.cert_pem, "for a test"));
	/* Neither twice, nor under a certificate that is another's. */
	again = got;
	kit_bytes(again.cert_sha256, 32, "cert", 99);
	ck_err(st->ops->approve(st, &again, NOW, &err), ERR_EXISTS, "");
	store_device_clear(&got);
	make_device(&d, 3, "meadow");
	invite_and_enrol(&d, 3);
	memcpy(d.cert_sha256, cert, 32);
	d.cert_pem = (char[]){ "x" };
	ck_err(st->ops->approve(st, &d, NOW, &err), ERR_EXISTS, "");
	ck_ok(st->ops->device_each(st, list_device, &l, &err));
	ck_assert_str_eq(l.text, "meadow:0:192.0.2.3 meadow:1:192.0.2.1 meadow:1:192.0.2.2 ");
	make_device(&d, 2, "meadow");
	ck_ok(st->ops->revocation(st, d.id, &out, &err));
	ck_assert_uint_eq(out.len, 0);
	ck_ok(st->ops->revoke(st, d.id, NOW + 20, NULL, 0, &err));
	ck_ok(st->ops->revoke(st, d.id, NOW + 21, "order", 5, &err));
	ck_ok(st->ops->revocation(st, d.id, &out, &err));
	ck_assert_str_eq(buf_str(&out), "order");
	ck_ok(st->ops->revoke(st, d.id, NOW + 22, NULL, 0, &err));
	buf_reset(&out);
	ck_ok(st->ops->revocation(st, d.id, &out, &err));
	ck_assert_str_eq(buf_str(&out), "order");
	ck_ok(st->ops->device_by_cert(st, cert, &got, &err));
	ck_assert_int_eq(got.state, STORE_REVOKED);
	store_device_clear(&got);
	make_device(&d, 77, "meadow");
	ck_err(st->ops->revoke(st, d.id, NOW, NULL, 0, &err), ERR_ABSENT, "no such device");
	ck_err(st->ops->device_get(st, d.id, &got, &err), ERR_ABSENT, "none");
	ck_ok(st->ops->events(st, NOW + 11, list_event, &events, &err));
	ck_assert_str_eq(events.text, "revoked@20 revoked@21 revoked@22 ");
	buf_free(&out);
	close_all();
}
END_TEST

START_TEST(five_wrong_tries_end_one_invitation_and_no_other)
{
	struct store_device d;
	uint8_t right[32], wrong[32], other[32];

	open_fresh(_i);
	kit_bytes(right, 32, "code", 50);
	kit_bytes(other, 32, "code", 51);
	kit_bytes(wrong, 32, "code", 52);
	ck_ok(st->ops->invite(st, "meadow", "AAAA", right, NOW, NOW + 900, &err));
	ck_ok(st->ops->invite(st, "meadow", "BBBB", other, NOW, NOW + 900, &err));
	make_device(&d, 5, "meadow");
	for (int i = 0; i < 5; i++)
		ck_err(st->ops->enrol(st, &d, "AAAA", wrong, NOW, &err), ERR_DENIED, "wrong");
	ck_err(st->ops->enrol(st, &d, "AAAA", right, NOW, &err), ERR_DENIED, "five times");
	ck_ok(st->ops->enrol(st, &d, "BBBB", other, NOW, &err));
	close_all();
}
END_TEST

START_TEST(four_wrong_tries_leave_an_invitation_open)
{
	struct store_device d;
	uint8_t right[32], wrong[32];

	open_fresh(_i);
	kit_bytes(right, 32, "code", 50);
	kit_bytes(wrong, 32, "code", 52);
	ck_ok(st->ops->invite(st, "meadow", "AAAA", right, NOW, NOW + 900, &err));
	make_device(&d, 5, "meadow");
	for (int i = 0; i < 4; i++)
		ck_err(st->ops->enrol(st, &d, "AAAA", wrong, NOW, &err), ERR_DENIED, "wrong");
	ck_ok(st->ops->enrol(st, &d, "AAAA", right, NOW, &err));
	close_all();
}
END_TEST

START_TEST(an_invitation_is_for_its_site_its_time_and_one_device)
{
	struct store_device d;
	uint8_t code[32];

	open_fresh(_i);
	kit_bytes(code, 32, "code", 60);
	ck_err(st->ops->invite(st, "nowhere", "AAAA", code, NOW, NOW + 900, &err), ERR_ABSENT, "nowhere");
	ck_ok(st->ops->invite(st, "meadow", "AAAA", code, NOW, NOW + 900, &err));
	ck_err(st->ops->invite(st, "meadow", "AAAA", code, NOW, NOW + 900, &err), ERR_EXISTS, "");
	make_device(&d, 6, "meadow");
	ck_err(st->ops->enrol(st, &d, "CCCC", code, NOW, &err), ERR_DENIED, "no such");
	ck_err(st->ops->enrol(st, &d, "AAAA", code, NOW + 901, &err), ERR_DENIED, "too old");
	ck_ok(st->ops->enrol(st, &d, "AAAA", code, NOW + 900, &err));
	make_device(&d, 7, "meadow");
	ck_err(st->ops->enrol(st, &d, "AAAA", code, NOW, &err), ERR_DENIED, "used");
	/* There are 1,024 tags to a site: one that was used, or is past its time, gives way to a new invitation. */
	ck_ok(st->ops->invite(st, "meadow", "AAAA", code, NOW, NOW + 900, &err));
	ck_err(st->ops->invite(st, "meadow", "AAAA", code, NOW + 900, NOW + 1800, &err), ERR_EXISTS, "");
	ck_ok(st->ops->invite(st, "meadow", "AAAA", code, NOW + 901, NOW + 1800, &err));
	ck_ok(st->ops->enrol(st, &d, "AAAA", code, NOW + 1800, &err));
	/* A device that is known does not use up another invitation. */
	ck_ok(st->ops->invite(st, "meadow", "DDDD", code, NOW, NOW + 900, &err));
	make_device(&d, 6, "meadow");
	ck_err(st->ops->enrol(st, &d, "DDDD", code, NOW, &err), ERR_EXISTS, "");
	make_device(&d, 8, "meadow");
	ck_ok(st->ops->enrol(st, &d, "DDDD", code, NOW, &err));
	close_all();
}
END_TEST

/* --- chains ------------------------------------------------------------------------------------ */

START_TEST(rows_come_back_as_they_were_appended)
{
	static struct kit_batch b;
	struct store_head h;
	uint8_t link[32];
	struct seen_rows s;

	open_fresh(_i);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->head(st, dev, 0, epoch, &h, &err));
	ck_assert(!h.known);
	st->ops->rollback(st);
	keep(&b, 1, 100);
	for (size_t i = 0; i < 100; i++)
		ck_assert_int_eq(b.rows[i].found, STORE_NEW);
	keep(&b, 101, 3);
	ck_assert_uint_eq(head_of(st, dev, epoch, link), 103);
	ck_assert_mem_eq(link, b.rows[2].link, 32);
	ck_ok(st->ops->link_at(st, dev, 0, epoch, 102, link, &err));
	ck_assert_mem_eq(link, b.rows[1].link, 32);
	ck_err(st->ops->link_at(st, dev, 0, epoch, 104, link, &err), ERR_ABSENT, "");
	ck_err(st->ops->link_at(st, dev, 1, epoch, 1, link, &err), ERR_ABSENT, "");
	s = read_rows(dev, epoch, 0, 1000);
	ck_assert_uint_eq(s.n, 103);
	ck_assert_uint_eq(s.first, 1);
	ck_assert_uint_eq(s.erased, 0);
	ck_assert_mem_eq(s.row.device, dev, 16);
	ck_assert_mem_eq(s.row.owner, dev, 16);
	ck_assert_mem_eq(s.row.id, b.rows[2].id, 16);
	ck_assert_mem_eq(s.row.tag, b.rows[2].tag, 16);
	ck_assert_mem_eq(s.row.leaf, b.rows[2].leaf, 32);
	ck_assert_mem_eq(s.row.link, b.rows[2].link, 32);
	ck_assert_mem_eq(s.row.hw, b.rows[2].hw, 32);
	ck_assert_mem_eq(s.row.hb, b.rows[2].hb, 32);
	ck_assert_mem_eq(s.header, b.header[2], 128);
	ck_assert_uint_eq(s.row.nonce_body_len, 100);
	ck_assert_mem_eq(s.body, b.body[2], 100);
	ck_assert_int_eq(s.row.n_wraps, 2);
	ck_assert_mem_eq(s.wraps, b.wraps[2], 160);
	s = read_rows(dev, epoch, 50, 10);
	ck_assert_uint_eq(s.n, 10);
	ck_assert_uint_eq(s.first, 51);
	s = read_rows(dev, epoch, 103, 10);
	ck_assert_uint_eq(s.n, 0);
	close_all();
}
END_TEST

START_TEST(what_is_rolled_back_leaves_nothing)
{
	static struct kit_batch b;
	uint64_t records, devices, quarantined;

	open_fresh(_i);
	kit_batch(&b, dev, 0, epoch, 1, 10, 100);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &b, 0));
	st->ops->rollback(st);
	ck_assert_uint_eq(head_of(st, dev, epoch, NULL), 0);
	ck_assert_int_eq(raw_count(_i, "record"), 0);
	ck_assert_int_eq(raw_count(_i, "body"), 0);
	ck_assert_int_eq(raw_count(_i, "entry"), 0);
	ck_assert_int_eq(raw_count(_i, "receipt"), 0);
	keep(&b, 1, 10);
	ck_ok(st->ops->counts(st, &records, &devices, &quarantined, &err));
	ck_assert_uint_eq(records, 10);
	ck_assert_uint_eq(devices, 1);
	ck_assert_uint_eq(quarantined, 0);
	close_all();
}
END_TEST

/* A restored device sends what it sent before, in a new epoch: entries again, records once. */
START_TEST(a_record_known_by_its_id_counts_once)
{
	static struct kit_batch b, again;
	uint64_t records, devices, quarantined;
	uint8_t second[16];
	struct seen_rows s;

	open_fresh(_i);
	keep(&b, 1, 10);
	kit_bytes(second, 16, "epoch", 2);
	kit_batch(&again, dev, 0, second, 1, 10, 100);
	/* 2..6 again, 7 another record under 3's id, 8 its own id twice with 9, 10 new. */
	for (int i = 1; i < 6; i++) {
		memcpy(again.rows[i].id, b.rows[i].id, 16);
		memcpy(again.rows[i].leaf, b.rows[i].leaf, 32);
	}
	memcpy(again.rows[6].id, b.rows[2].id, 16);
	memcpy(again.rows[8].id, again.rows[7].id, 16);
	memcpy(again.rows[8].leaf, again.rows[7].leaf, 32);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &again, 0));
	ck_ok(st->ops->commit(st, &err));
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(again.rows[i].found,
		    (i >= 1 && i < 6) || i == 8 ? STORE_KNOWN : i == 6 ? STORE_OTHER : STORE_NEW);
	ck_ok(st->ops->counts(st, &records, &devices, &quarantined, &err));
	ck_assert_uint_eq(records, 13);
	ck_assert_int_eq(raw_count(_i, "record"), 13);
	ck_assert_int_eq(raw_count(_i, "body"), 13);
	ck_assert_int_eq(raw_count(_i, "entry"), 20);
	s = read_rows(dev, second, 0, 100);
	ck_assert_uint_eq(s.n, 10);
	close_all();
}
END_TEST

START_TEST(a_skeleton_gains_its_body_when_it_comes)
{
	static struct kit_batch b, again;
	uint8_t second[16];
	struct seen_rows s;

	open_fresh(_i);
	kit_batch(&b, dev, 0, epoch, 1, 3, 100);
	b.rows[2].nonce_body = NULL;
	b.rows[2].nonce_body_len = 0;
	b.rows[2].wraps = NULL;
	b.rows[2].n_wraps = 0;
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &b, 0));
	ck_ok(st->ops->commit(st, &err));
	s = read_rows(dev, epoch, 0, 100);
	ck_assert_uint_eq(s.n, 3);
	ck_assert_uint_eq(s.erased, 1);
	kit_bytes(second, 16, "epoch", 2);
	kit_batch(&again, dev, 0, second, 1, 2, 100);
	memcpy(again.rows[1].id, b.rows[2].id, 16);
	memcpy(again.rows[1].leaf, b.rows[2].leaf, 32);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &again, 0));
	ck_ok(st->ops->commit(st, &err));
	ck_assert_int_eq(again.rows[1].found, STORE_KNOWN);
	s = read_rows(dev, epoch, 0, 100);
	ck_assert_uint_eq(s.erased, 0);
	ck_assert_mem_eq(s.body, again.body[1], 100);
	close_all();
}
END_TEST

/* A box enrolled anew brings what its predecessor had not sent: kept under the predecessor. */
START_TEST(a_successor_brings_its_predecessors_records)
{
	static struct kit_batch old, new;
	struct store_device d;
	struct seen_rows s;
	uint8_t second[16];

	open_fresh(_i);
	keep(&old, 1, 5);
	make_device(&d, 8, "meadow");
	invite_and_enrol(&d, 8);
	approve(&d, 8);
	kit_bytes(second, 16, "epoch", 8);
	kit_batch(&new, d.id, 0, second, 1, 6, 100);
	for (int i = 1; i < 4; i++)
		memcpy(new.rows[i].owner, dev, 16);
	memcpy(new.rows[1].id, old.rows[4].id, 16);
	memcpy(new.rows[1].leaf, old.rows[4].leaf, 32);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &new, 0));
	ck_ok(st->ops->commit(st, &err));
	ck_assert_int_eq(new.rows[1].found, STORE_KNOWN);
	ck_assert_int_eq(new.rows[2].found, STORE_NEW);
	ck_assert_int_eq(new.rows[5].found, STORE_NEW);
	ck_assert_int_eq(raw_count(_i, "record"), 10);
	s = read_rows(d.id, second, 0, 4);
	ck_assert_uint_eq(s.n, 4);
	ck_assert_mem_eq(s.row.device, d.id, 16);
	ck_assert_mem_eq(s.row.owner, dev, 16);
	ck_assert_mem_eq(s.body, new.body[3], 100);
	ck_assert_uint_eq(s.erased, 0);
	s = read_rows(d.id, second, 4, 100);
	ck_assert_mem_eq(s.row.owner, d.id, 16);
	close_all();
}
END_TEST

START_TEST(receipts_cover_and_the_newest_stands)
{
	static struct kit_batch b;
	uint8_t got[200], bytes[200], second[16];
	struct receipt r;

	open_fresh(_i);
	ck_err(st->ops->receipt_newest(st, dev, 0, NULL, got, &err), ERR_ABSENT, "");
	keep(&b, 1, 10);
	keep(&b, 11, 10);
	keep(&b, 21, 10);
	kit_receipt(&r, bytes, 11, 20, b.rows[0].link, 19675, NOW);
	ck_ok(st->ops->receipt_covering(st, dev, 0, epoch, 11, got, &err));
	ck_assert_mem_eq(got + 32, bytes + 32, 168);
	ck_ok(st->ops->receipt_covering(st, dev, 0, epoch, 20, got, &err));
	ck_assert_mem_eq(got + 32, bytes + 32, 168);
	ck_err(st->ops->receipt_covering(st, dev, 0, epoch, 31, got, &err), ERR_ABSENT, "");
	ck_err(st->ops->receipt_covering(st, dev, 1, epoch, 1, got, &err), ERR_ABSENT, "");
	kit_receipt(&r, bytes, 21, 30, b.rows[9].link, 19675, NOW);
	ck_ok(st->ops->receipt_newest(st, dev, 0, NULL, got, &err));
	ck_assert_mem_eq(got, bytes, 200);
	/* The same b signed by a newer key: that one is given from now on. */
	kit_receipt(&r, bytes, 11, 20, b.rows[0].link, 19676, NOW + 86400);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->receipt_put(st, dev, 0, epoch, &r, bytes, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_ok(st->ops->receipt_covering(st, dev, 0, epoch, 15, got, &err));
	ck_assert_mem_eq(got, bytes, 200);
	/* A new epoch's first receipt has a lower b and is the newest all the same. */
	kit_bytes(second, 16, "epoch", 2);
	kit_batch(&b, dev, 0, second, 1, 2, 100);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &b, 0));
	ck_ok(st->ops->commit(st, &err));
	kit_receipt(&r, bytes, 1, 2, b.rows[1].link, 19675, NOW);
	ck_ok(st->ops->receipt_newest(st, dev, 0, NULL, got, &err));
	ck_assert_mem_eq(got, bytes, 200);
	ck_ok(st->ops->receipt_newest(st, dev, 0, epoch, got, &err));
	ck_assert_mem_ne(got, bytes, 200);
	close_all();
}
END_TEST

START_TEST(a_withdrawal_erases_and_keeps_erased)
{
	static struct kit_batch b, again;
	uint8_t w[32], second[16], tag[16];
	struct seen_rows s;
	bool erased;

	open_fresh(_i);
	keep(&b, 1, 5);
	kit_bytes(w, 32, "w", 1);
	kit_bytes(second, 16, "epoch", 2);
	kit_bytes(tag, 16, "tag", 12345);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->withdraw(st, dev, b.rows[3].tag, w, NOW, &erased, &err));
	ck_assert(erased);
	ck_ok(st->ops->withdraw(st, dev, b.rows[3].tag, w, NOW, &erased, &err));
	ck_assert(!erased);
	/* Not one of ours, or of another device: noted, nothing erased. */
	ck_ok(st->ops->withdraw(st, dev, tag, w, NOW, &erased, &err));
	ck_assert(!erased);
	ck_ok(st->ops->withdraw(st, second, b.rows[2].tag, w, NOW, &erased, &err));
	ck_assert(!erased);
	ck_ok(st->ops->commit(st, &err));
	s = read_rows(dev, epoch, 0, 100);
	ck_assert_uint_eq(s.n, 5);
	ck_assert_uint_eq(s.erased, 1);
	s = read_rows(dev, epoch, 3, 1);
	ck_assert_uint_eq(s.erased, 1);
	ck_assert_mem_eq(s.row.hb, b.rows[3].hb, 32);
	ck_assert_int_eq(raw_count(_i, "body"), 4);
	ck_assert_int_eq(raw_count(_i, "wrap"), 3);
	/* Sent again after the withdrawal, and a record that comes only now with the noted tag: without bodies. */
	kit_batch(&again, dev, 0, second, 1, 4, 100);
	memcpy(again.rows[1].id, b.rows[3].id, 16);
	memcpy(again.rows[1].tag, b.rows[3].tag, 16);
	memcpy(again.rows[1].leaf, b.rows[3].leaf, 32);
	memcpy(again.rows[2].tag, tag, 16);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(put_batch(st, &again, 0));
	ck_ok(st->ops->commit(st, &err));
	ck_assert_int_eq(again.rows[1].found, STORE_KNOWN);
	ck_assert_int_eq(again.rows[2].found, STORE_NEW);
	s = read_rows(dev, second, 0, 100);
	ck_assert_uint_eq(s.erased, 2);
	ck_assert_int_eq(raw_count(_i, "body"), 6);
	close_all();
}
END_TEST

START_TEST(quarantine_holds_64_mib_a_device)
{
	static uint8_t bytes[8 << 20];
	uint64_t records, devices, quarantined;
	struct store_device d;

	open_fresh(_i);
	kit_bytes(bytes, sizeof(bytes), "q", 1);
	ck_ok(st->ops->begin(st, &err));
	for (int i = 0; i < 8; i++)
		ck_ok(st->ops->quarantine(st, dev, "fork", NOW, bytes, sizeof(bytes), &err));
	ck_err(st->ops->quarantine(st, dev, "fork", NOW, "x", 1, &err), ERR_LIMIT, "full");
	make_device(&d, 2, "meadow");
	ck_ok(st->ops->quarantine(st, d.id, "revoked", NOW, "x", 1, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_ok(st->ops->counts(st, &records, &devices, &quarantined, &err));
	ck_assert_uint_eq(quarantined, (64 << 20) + 1);
	close_all();
}
END_TEST

/* --- what goes down, what is read -------------------------------------------------------------- */

struct asides {
	struct store_aside last;
	char text[400], why[16];
	size_t n;
};

static enum err_code
list_aside(void *arg, const struct store_aside *a, struct err *e)
{
	struct asides *l = arg;
	size_t used = strlen(l->text);

	(void)e;
	ck_assert_mem_eq(a->device, dev, 16);
	l->n++;
	if (strcmp(a->why, "revoked") == 0 || strcmp(a->why, "released") == 0)
		l->last = *a;
	snprintf(l->text + used, sizeof(l->text) - used, "%s:%d@%d ", a->why, (int)a->size, (int)(a->at - NOW));
	return ERR_OK;
}

START_TEST(what_is_aside_is_listed_read_released_and_done_with)
{
	struct asides l = { .n = 0 };
	struct list events = { 0 };
	uint8_t other[16] = { 0 };
	struct buf out;

	open_fresh(_i);
	buf_init(&out, 1000);
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->quarantine(st, dev, "fork", NOW + 1, "abc", 3, &err));
	ck_ok(st->ops->quarantine(st, dev, "revoked", NOW + 2, "batch", 5, &err));
	ck_ok(st->ops->commit(st, &err));
	ck_ok(st->ops->aside_each(st, list_aside, &l, &err));
	ck_assert_str_eq(l.text, "fork:3@1 revoked:5@2 ");
	ck_ok(st->ops->aside_get(st, dev, l.last.id, &out, &err));
	ck_assert_uint_eq(out.len, 5);
	ck_assert_mem_eq(out.data, "batch", 5);
	ck_err(st->ops->aside_get(st, other, l.last.id, &out, &err), ERR_ABSENT, "");
	/* Only a revoked device's batch can be released, by its own name, and once. */
	ck_err(st->ops->aside_release(st, other, l.last.id, NOW, &err), ERR_ABSENT, "no batch");
	ck_ok(st->ops->aside_release(st, dev, l.last.id, NOW + 50, &err));
	ck_err(st->ops->aside_release(st, dev, l.last.id, NOW + 51, &err), ERR_ABSENT, "no batch");
	ck_ok(st->ops->events(st, NOW + 50, list_event, &events, &err));
	ck_assert_str_eq(events.text, "released@50 ");
	memset(&l, 0, sizeof(l));
	ck_ok(st->ops->aside_each(st, list_aside, &l, &err));
	ck_assert_str_eq(l.text, "fork:3@1 released:5@2 ");
	ck_ok(st->ops->aside_done(st, dev, l.last.id, &err));
	memset(&l, 0, sizeof(l));
	ck_ok(st->ops->aside_each(st, list_aside, &l, &err));
	ck_assert_str_eq(l.text, "fork:3@1 ");
	buf_free(&out);
	close_all();
}
END_TEST

/* What a device gets that asks after AFTER, and on from what it got: "5:site 5 9:all 9 ". */
static const char *
bundles_after(uint32_t after, const uint8_t *site, char *text, size_t room)
{
	size_t n = 0;
	struct buf out;

	text[0] = '\0';
	buf_init(&out, 1000);
	while (st->ops->bundle_get(st, 1, dev, site, after, &after, &out, &err) == ERR_OK) {
		n += (size_t)snprintf(text + n, room - n, "%u:%s ", after, buf_str(&out));
		buf_reset(&out);
		ck_assert_uint_lt(n, room);
	}
	ck_assert_int_eq(err.code, ERR_ABSENT);
	buf_free(&out);
	return text;
}

START_TEST(a_device_gets_the_newest_for_itself_its_site_and_everybody)
{
	uint8_t all[16] = { 0 }, site[16], other[16];
	unsigned highest = 7;
	char got[200];

	open_fresh(_i);
	kit_bytes(site, 16, "site", 1);
	kit_bytes(other, 16, "site", 2);
	ck_assert_str_eq(bundles_after(0, site, got, sizeof(got)), "");
	ck_ok(st->ops->bundle_serial(st, &highest, &err));
	ck_assert_uint_eq(highest, 0);
	ck_ok(st->ops->bundle_put(st, 1, all, 3, "all 3", 5, &err));
	ck_ok(st->ops->bundle_put(st, 1, site, 5, "site 5", 6, &err));
	ck_ok(st->ops->bundle_put(st, 1, other, 9, "other 9", 7, &err));
	ck_ok(st->ops->bundle_put(st, 2, all, 11, "kind 2", 6, &err));
	ck_assert_str_eq(bundles_after(0, site, got, sizeof(got)), "3:all 3 5:site 5 ");
	ck_assert_str_eq(bundles_after(3, site, got, sizeof(got)), "5:site 5 ");
	ck_assert_str_eq(bundles_after(5, site, got, sizeof(got)), "");
	ck_ok(st->ops->bundle_put(st, 1, dev, 6, "mine 6", 6, &err));
	ck_assert_str_eq(bundles_after(5, site, got, sizeof(got)), "6:mine 6 ");
	/* One that is enrolled after a newer one for everybody gets its site's all the same, and what was replaced not. */
	ck_ok(st->ops->bundle_put(st, 1, all, 12, "all 12", 6, &err));
	ck_ok(st->ops->bundle_put(st, 1, other, 14, "other 14", 8, &err));
	ck_assert_str_eq(bundles_after(0, site, got, sizeof(got)), "5:site 5 6:mine 6 12:all 12 ");
	ck_assert_str_eq(bundles_after(6, site, got, sizeof(got)), "12:all 12 ");
	ck_assert_str_eq(bundles_after(0, other, got, sizeof(got)), "6:mine 6 12:all 12 14:other 14 ");
	ck_ok(st->ops->bundle_serial(st, &highest, &err));
	ck_assert_uint_eq(highest, 14);
	close_all();
}
END_TEST

/* Devices ask by serial alone: one below what they may have would never come. */
START_TEST(a_bundle_below_one_that_its_devices_may_have_is_refused)
{
	uint8_t all[16] = { 0 }, site[16], other[16];

	open_fresh(_i);
	kit_bytes(site, 16, "site", 1);
	kit_bytes(other, 16, "site", 2);
	ck_ok(st->ops->bundle_put(st, 1, all, 3, "all 3", 5, &err));
	ck_ok(st->ops->bundle_put(st, 1, other, 9, "other 9", 7, &err));
	ck_err(st->ops->bundle_put(st, 1, all, 3, "again", 5, &err), ERR_EXISTS, "9 is there");
	ck_err(st->ops->bundle_put(st, 1, all, 8, "below", 5, &err), ERR_EXISTS, "9 is there");
	ck_err(st->ops->bundle_put(st, 1, other, 9, "again", 5, &err), ERR_EXISTS, "9 is there");
	ck_err(st->ops->bundle_put(st, 1, site, 3, "level", 5, &err), ERR_EXISTS, "3 is there");
	/* What is for others says nothing. */
	ck_ok(st->ops->bundle_put(st, 1, site, 4, "site 4", 6, &err));
	ck_ok(st->ops->bundle_put(st, 1, dev, 9, "mine 9", 6, &err));
	ck_ok(st->ops->bundle_put(st, 2, all, 1, "kind 2", 6, &err));
	ck_ok(st->ops->bundle_put(st, 1, all, 10, "all 10", 6, &err));
	close_all();
}
END_TEST

struct walk {
	size_t n;
	uint8_t device[16];
	int lane;
	uint64_t expect;	/* hw rises with each epoch in this test */
};

static enum err_code
walk_position(void *arg, const struct store_position *p, struct err *e)
{
	struct walk *w = arg;
	int order = w->n == 0 ? -1 : memcmp(w->device, p->device, 16);

	(void)e;
	ck_assert_int_le(order, 0);
	if (order < 0 || p->lane != w->lane)
		w->expect = 1;
	if (order == 0)
		ck_assert_int_le(w->lane, p->lane);
	ck_assert_uint_eq(p->hw, w->expect);
	ck_assert_str_eq(p->site, "meadow");
	w->expect++;
	w->n++;
	w->lane = p->lane;
	memcpy(w->device, p->device, 16);
	return ERR_OK;
}

START_TEST(positions_come_by_device_lane_and_opening)
{
	static struct kit_batch b;
	struct walk w = { 0 };

	open_fresh(_i);
	for (uint64_t n = 2; n < 5; n++) {
		struct store_device d;

		make_device(&d, n, "meadow");
		invite_and_enrol(&d, n);
		for (int lane = 1; lane >= 0; lane--)
			for (uint64_t k = 1; k <= 4; k++) {
				uint8_t e[16];

				kit_bytes(e, 16, "epoch", n * 100 + k);
				kit_batch(&b, d.id, lane, e, 1, k, 40);
				ck_ok(st->ops->begin(st, &err));
				ck_ok(put_batch(st, &b, lane));
				ck_ok(st->ops->commit(st, &err));
			}
	}
	ck_ok(st->ops->positions(st, walk_position, &w, &err));
	ck_assert_uint_eq(w.n, 24);
	close_all();
}
END_TEST

struct receipts {
	size_t n;
	uint8_t last[17];
};

static enum err_code
walk_receipt(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *e)
{
	struct receipts *r = arg;

	(void)e;
	(void)bytes;
	ck_assert_uint_eq(len, 200);
	ck_assert_uint_eq(key_len, 17);
	ck_assert_int_le(memcmp(r->last, key, 17), 0);
	memcpy(r->last, key, 17);
	r->n++;
	return ERR_OK;
}

static enum err_code
walk_epochs(void *arg, const struct store_position *p, struct err *e)
{
	(void)p;
	(void)e;
	++*(size_t *)arg;
	return ERR_OK;
}

/* More than one page of what is read page by page. */
START_TEST(thousands_of_receipts_and_chains_are_read_once_each)
{
	static struct kit_batch b;
	enum { CHAINS = 2100 };
	struct receipts r = { 0 };
	uint8_t log_id[16];
	size_t n = 0;

	open_fresh(_i);
	ck_ok(st->ops->begin(st, &err));
	for (uint64_t k = 0; k < CHAINS; k++) {
		uint8_t e[16];

		kit_bytes(e, 16, "epoch", 1000 + k);
		kit_batch(&b, dev, (int)(k % 2), e, 1, 1, 40);
		ck_ok(put_batch(st, &b, (int)(k % 2)));
	}
	ck_ok(st->ops->commit(st, &err));
	kit_bytes(log_id, 16, "log", 1);
	ck_ok(st->ops->log_receipts(st, log_id, 19675, walk_receipt, &r, &err));
	ck_assert_uint_eq(r.n, CHAINS);
	memset(&r, 0, sizeof(r));
	ck_ok(st->ops->log_receipts(st, log_id, 19676, walk_receipt, &r, &err));
	ck_assert_uint_eq(r.n, 0);
	ck_ok(st->ops->positions(st, walk_epochs, &n, &err));
	ck_assert_uint_eq(n, CHAINS);
	close_all();
}
END_TEST

static enum err_code
walk_root(void *arg, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, struct err *e)
{
	struct list *l = arg;

	(void)e;
	ck_assert_uint_eq(key_len, 4);
	l->n++;
	snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%d:%.*s ", key[2] * 256 + key[3], (int)len,
	    (const char *)bytes);
	return ERR_OK;
}

static enum err_code
walk_day(void *arg, uint32_t day, struct err *e)
{
	struct list *l = arg;

	(void)e;
	l->n++;
	snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%u ", day);
	return ERR_OK;
}

START_TEST(the_days_of_a_log_are_those_of_its_receipts)
{
	static struct kit_batch b;
	struct list l = { 0 };
	struct receipt r;
	uint8_t bytes[200], log_id[16];

	open_fresh(_i);
	keep(&b, 1, 2);
	ck_ok(st->ops->begin(st, &err));
	for (uint32_t day = 19680; day > 19670; day -= 2) {
		kit_receipt(&r, bytes, 1, 2, b.rows[1].link, day, NOW + day);
		ck_ok(st->ops->receipt_put(st, dev, 0, epoch, &r, bytes, &err));
	}
	ck_ok(st->ops->commit(st, &err));
	kit_bytes(log_id, 16, "log", 1);
	ck_ok(st->ops->log_days(st, log_id, 19674, walk_day, &l, &err));
	ck_assert_str_eq(l.text, "19675 19676 19678 19680 ");
	kit_bytes(log_id, 16, "log", 2);
	ck_ok(st->ops->log_days(st, log_id, 0, walk_day, &l, &err));
	ck_assert_uint_eq(l.n, 4);
	close_all();
}
END_TEST

/* A function added to struct store_ops and forgotten in one backend. */
START_TEST(nothing_is_missing)
{
	const unsigned char *from, *to;

	open_fresh(_i);
	from = (const unsigned char *)&st->ops->close;
	to = (const unsigned char *)(st->ops + 1);
	for (; from + sizeof(void *) <= to; from += sizeof(void *)) {
		void *p;

		memcpy(&p, from, sizeof(p));
		ck_assert_msg(p != NULL, "at %d", (int)(from - (const unsigned char *)st->ops));
	}
	close_all();
}
END_TEST

START_TEST(a_days_root_is_kept_once)
{
	uint8_t log_id[16], other[16];
	struct list l = { 0 };

	open_fresh(_i);
	kit_bytes(log_id, 16, "log", 1);
	kit_bytes(other, 16, "log", 2);
	ck_ok(st->ops->root_put(st, log_id, 19676, "tuesday", 7, &err));
	ck_ok(st->ops->root_put(st, log_id, 19675, "monday", 6, &err));
	ck_ok(st->ops->root_put(st, other, 19675, "elsewhere", 9, &err));
	ck_err(st->ops->root_put(st, log_id, 19675, "another", 7, &err), ERR_EXISTS, "");
	ck_ok(st->ops->root_each(st, log_id, walk_root, &l, &err));
	ck_assert_str_eq(l.text, "19675:monday 19676:tuesday ");
	close_all();
}
END_TEST

static enum err_code
walk_seen(void *arg, const struct store_seen *s, struct err *e)
{
	(void)e;
	*(struct store_seen *)arg = *s;
	return ERR_OK;
}

START_TEST(the_last_word_of_a_device_is_kept_and_a_boots_first)
{
	struct store_seen a = { .at = NOW, .waiting = 12, .oldest_hours = 3, .free_mib = 4000000000u, .ring_serial = 2,
	    .software = 0x00010203, .bundle_refused = 1, .clock_off_s = -86400 }, got;
	uint8_t boot[8];
	int64_t began = 0;

	open_fresh(_i);
	memcpy(a.device, dev, 16);
	kit_bytes(boot, 8, "boot", 1);
	ck_err(st->ops->boot_get(st, dev, boot, &began, &err), ERR_ABSENT, "");
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->seen(st, &a, &err));
	a.at++;
	a.waiting = 0;
	ck_ok(st->ops->seen(st, &a, &err));
	ck_ok(st->ops->boot_put(st, dev, boot, NOW - 100, &err));
	ck_ok(st->ops->boot_put(st, dev, boot, NOW - 50, &err));
	ck_ok(st->ops->commit(st, &err));
	memset(&got, 0, sizeof(got));
	ck_ok(st->ops->seen_each(st, walk_seen, &got, &err));
	ck_assert_mem_eq(got.device, dev, 16);
	ck_assert_int_eq(got.at, NOW + 1);
	ck_assert_uint_eq(got.waiting, 0);
	ck_assert_uint_eq(got.free_mib, 4000000000u);
	ck_assert_uint_eq(got.software, 0x00010203);
	ck_assert_int_eq(got.clock_off_s, -86400);
	ck_ok(st->ops->boot_get(st, dev, boot, &began, &err));
	ck_assert_int_eq(began, NOW - 100);
	close_all();
}
END_TEST

/* --- append-only ------------------------------------------------------------------------------- */

static const char *const refused[] = {
	"UPDATE %srecord SET leaf = tag", "DELETE FROM %srecord",
	"UPDATE %sentry SET link = leaf", "DELETE FROM %sentry",
	"UPDATE %sreceipt SET made = 0", "DELETE FROM %sreceipt",
	"UPDATE %swithdrawal SET at = 0", "DELETE FROM %swithdrawal",
	"UPDATE %sevent SET detail = ''", "DELETE FROM %sevent",
	"UPDATE %sroot SET bytes = log_id", "DELETE FROM %sroot",
	"UPDATE %sbody SET nonce_body = nonce_body || nonce_body", "DELETE FROM %sbody",
	"UPDATE %swrap SET wraps = wraps || wraps", "DELETE FROM %swrap",
	"UPDATE %sdevice SET site = 'other'", "DELETE FROM %sdevice",
};
enum { N_REFUSED = sizeof(refused) / sizeof(refused[0]) };

START_TEST(what_is_kept_is_neither_changed_nor_deleted)
{
	static struct kit_batch b;
	struct store_site other = { "other", "Other", "" };
	uint8_t log_id[16], w[32], tag[16] = { 9 };
	bool erased;

	open_fresh(_i);
	keep(&b, 1, 3);
	kit_bytes(log_id, 16, "log", 1);
	kit_bytes(w, 32, "w", 1);
	ck_ok(st->ops->site_put(st, &other, &err));
	ck_ok(st->ops->root_put(st, log_id, 19675, "monday", 6, &err));
	ck_ok(st->ops->begin(st, &err));
	ck_ok(st->ops->withdraw(st, dev, tag, w, NOW, &erased, &err));
	ck_ok(st->ops->commit(st, &err));
	for (int k = 0; k < N_REFUSED; k++) {
		char sql[200], said[200];

		snprintf(sql, sizeof(sql), refused[k], is_pg(_i) ? "candour." : "");
		raw(_i, sql, said);
		ck_assert_msg(said[0] != '\0', "went through: %s", sql);
		if (is_pg(_i))
			ck_assert_msg(strstr(said, "only ever added to") != NULL, "%s: %s", sql, said);
	}
	ck_assert_uint_eq(read_rows(dev, epoch, 0, 10).n, 3);
	if (is_pg(_i)) {
		char said[200];

		/* What is marked as gone stays as it was marked until it goes. */
		raw(_i, "UPDATE candour.body SET gone = 'retention', nonce_body = ''", said);
		ck_assert_ptr_nonnull(strstr(said, "only ever added to"));
		if (strcmp(backends[_i].name, "postgresql") == 0) {
			raw(_i, "TRUNCATE candour.entry", said);
			ck_assert_ptr_nonnull(strstr(said, "only ever added to"));
		}
	}
	close_all();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("store");
	TCase *tc = tcase_create("store");

	tcase_set_timeout(tc, 120);
	suite_add_tcase(s, tc);
	EACH(sites_are_put_changed_and_listed_by_name);
	EACH(a_device_is_enrolled_approved_found_and_revoked);
	EACH(five_wrong_tries_end_one_invitation_and_no_other);
	EACH(four_wrong_tries_leave_an_invitation_open);
	EACH(an_invitation_is_for_its_site_its_time_and_one_device);
	EACH(rows_come_back_as_they_were_appended);
	EACH(what_is_rolled_back_leaves_nothing);
	EACH(a_record_known_by_its_id_counts_once);
	EACH(a_skeleton_gains_its_body_when_it_comes);
	EACH(a_successor_brings_its_predecessors_records);
	EACH(receipts_cover_and_the_newest_stands);
	EACH(a_withdrawal_erases_and_keeps_erased);
	EACH(quarantine_holds_64_mib_a_device);
	EACH(what_is_aside_is_listed_read_released_and_done_with);
	EACH(a_device_gets_the_newest_for_itself_its_site_and_everybody);
	EACH(a_bundle_below_one_that_its_devices_may_have_is_refused);
	EACH(positions_come_by_device_lane_and_opening);
	EACH(thousands_of_receipts_and_chains_are_read_once_each);
	EACH(the_days_of_a_log_are_those_of_its_receipts);
	EACH(nothing_is_missing);
	EACH(a_days_root_is_kept_once);
	EACH(the_last_word_of_a_device_is_kept_and_a_boots_first);
	EACH(what_is_kept_is_neither_changed_nor_deleted);
	return s;
}

int
main(void)
{
	return run_suite(suite);
}
