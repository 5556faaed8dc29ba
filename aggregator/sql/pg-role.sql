-- candour_intake: what the aggregator needs and no more. Give it to the user it connects as:
--   CREATE USER aggregator; GRANT candour_intake TO aggregator;
-- Approving and revoking devices, sites, invitations and bundles are done as the owner of the schema.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'candour_intake') THEN
		CREATE ROLE candour_intake NOLOGIN;
	END IF;
	REVOKE ALL ON ALL TABLES IN SCHEMA candour FROM PUBLIC, candour_intake;
	GRANT USAGE ON SCHEMA candour TO candour_intake;
	GRANT SELECT ON version, site, device, cert, invite, record, body, wrap, epoch, entry, receipt, withdrawal,
		release, quarantine, event, seen, boot, bundle, root, pull, erased TO candour_intake;
	GRANT INSERT ON record, body, wrap, epoch, entry, receipt, withdrawal, quarantine, event, seen, boot, root, release, pull,
		erased TO candour_intake;
	GRANT INSERT (id, site, sign_key, spki, since, succeeds, address) ON device TO candour_intake;
	GRANT UPDATE (locked) ON device TO candour_intake;
	GRANT UPDATE (used, tries) ON invite TO candour_intake;
	GRANT UPDATE (hw, hw_link, records) ON epoch TO candour_intake;
	GRANT UPDATE (at, waiting, oldest_hours, free_mib, ring_serial, software, bundle_refused, clock_off_s)
		ON seen TO candour_intake;
	GRANT UPDATE (seq) ON pull TO candour_intake;
	GRANT UPDATE (seq, n, day) ON erased TO candour_intake;
	GRANT UPDATE (gone) ON body, wrap TO candour_intake;
	GRANT DELETE ON body, wrap, quarantine, pull TO candour_intake;
END $$;
