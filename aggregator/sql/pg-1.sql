-- The central store in PostgreSQL, schema 1, run in one transaction in the schema `candour`. Written so that the
-- same tables shard by device (citus.sql): every key leads with device or belongs to a small table that is copied
-- to each node, nothing counts globally, triggers look at their own row only. Append-only but for heads, states
-- and what is erased by right. docs/SCALE.md says why it is so.
CREATE TABLE version (n integer PRIMARY KEY);

CREATE TABLE site (
	name text COLLATE "C" PRIMARY KEY CHECK (char_length(name) BETWEEN 1 AND 64),
	label text NOT NULL, grp text NOT NULL
);

CREATE TABLE device (
	id bytea PRIMARY KEY CHECK (octet_length(id) = 16),
	site text COLLATE "C" NOT NULL REFERENCES site (name),
	sign_key bytea NOT NULL CHECK (octet_length(sign_key) = 32),
	spki bytea NOT NULL CHECK (octet_length(spki) BETWEEN 1 AND 128),
	cert_sha256 bytea CHECK (octet_length(cert_sha256) = 32),
	cert_pem text,
	state smallint NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
	since bigint NOT NULL,
	succeeds bytea CHECK (octet_length(succeeds) = 16),
	address text NOT NULL,
	revocation bytea,
	-- SELECT .. FOR UPDATE asks for the right to update some column: candour_intake has it for this one.
	locked boolean NOT NULL DEFAULT false
);
-- A device row cannot be unique by its certificate where it is sharded by id: this table is.
CREATE TABLE cert (
	sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
	device bytea NOT NULL
);

CREATE TABLE invite (
	site text COLLATE "C" NOT NULL REFERENCES site (name),
	tag text COLLATE "C" NOT NULL,
	code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
	expires bigint NOT NULL,
	used boolean NOT NULL DEFAULT false,
	tries integer NOT NULL DEFAULT 0,
	PRIMARY KEY (site, tag)
);

-- A record's name is (device, id), the device being the one in its own header.
CREATE TABLE record (
	device bytea NOT NULL CHECK (octet_length(device) = 16),
	id bytea NOT NULL CHECK (octet_length(id) = 16),
	kind smallint NOT NULL, lane smallint NOT NULL,
	tag bytea NOT NULL CHECK (octet_length(tag) = 16),
	header bytea NOT NULL CHECK (octet_length(header) = 128),
	hw bytea NOT NULL CHECK (octet_length(hw) = 32),
	hb bytea NOT NULL CHECK (octet_length(hb) = 32),
	leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
	PRIMARY KEY (device, id)
);
CREATE INDEX record_tag ON record (device, tag) WHERE kind = 0 AND lane = 0;

-- Erasure in two steps, so that a trigger need not look into another table (which a shard cannot): GONE says why,
-- once; only then may the row be deleted.
CREATE TABLE body (
	device bytea NOT NULL, id bytea NOT NULL, nonce_body bytea NOT NULL, gone text,
	PRIMARY KEY (device, id)
);
ALTER TABLE body ALTER COLUMN nonce_body SET STORAGE EXTERNAL;	-- ciphertext does not compress
CREATE TABLE wrap (
	device bytea NOT NULL, id bytea NOT NULL, wraps bytea NOT NULL CHECK (octet_length(wraps) % 80 = 0), gone text,
	PRIMARY KEY (device, id)
);

CREATE TABLE epoch (
	device bytea NOT NULL, lane smallint NOT NULL CHECK (lane IN (0, 1)),
	epoch bytea NOT NULL CHECK (octet_length(epoch) = 16),
	opened bigint NOT NULL,
	hw bigint NOT NULL CHECK (hw >= 1),
	hw_link bytea NOT NULL CHECK (octet_length(hw_link) = 32),
	records bigint NOT NULL,	-- of these, kept for the first time
	PRIMARY KEY (device, lane, epoch)
) WITH (fillfactor = 50);

CREATE TABLE entry (
	device bytea NOT NULL, lane smallint NOT NULL, epoch bytea NOT NULL, seq bigint NOT NULL CHECK (seq >= 1),
	owner bytea,	-- NULL: device
	record_id bytea NOT NULL,
	leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
	link bytea NOT NULL CHECK (octet_length(link) = 32),
	PRIMARY KEY (device, lane, epoch, seq)
);

CREATE TABLE receipt (
	device bytea NOT NULL, lane smallint NOT NULL, epoch bytea NOT NULL, a bigint NOT NULL, b bigint NOT NULL,
	made bigint NOT NULL, last_link bytea NOT NULL, log_id bytea NOT NULL, log_day bigint NOT NULL,
	bytes bytea NOT NULL CHECK (octet_length(bytes) = 200),
	PRIMARY KEY (device, lane, epoch, b, bytes)
);
CREATE INDEX receipt_log ON receipt (log_id, log_day, device);

CREATE TABLE withdrawal (
	device bytea NOT NULL, tag bytea NOT NULL CHECK (octet_length(tag) = 16),
	w bytea NOT NULL CHECK (octet_length(w) = 32), at bigint NOT NULL,
	PRIMARY KEY (device, tag)
);
-- Why a body or wrap may go otherwise: lane 1 bodies 30 days after a holder pulled them, the end of retention.
CREATE TABLE release (
	device bytea NOT NULL, id bytea NOT NULL, why text NOT NULL, at bigint NOT NULL,
	PRIMARY KEY (device, id)
);

CREATE TABLE quarantine (
	device bytea NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), at bigint NOT NULL, why text NOT NULL,
	bytes bytea NOT NULL, size bigint NOT NULL,
	PRIMARY KEY (device, id)
);
ALTER TABLE quarantine ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE event (
	device bytea NOT NULL, id uuid NOT NULL DEFAULT gen_random_uuid(), at bigint NOT NULL,
	made timestamptz NOT NULL DEFAULT clock_timestamp(), what text NOT NULL, detail text NOT NULL,
	PRIMARY KEY (device, id)
);
CREATE INDEX event_at ON event (at, made);
CREATE TABLE seen (
	device bytea PRIMARY KEY, at bigint NOT NULL, waiting bigint NOT NULL, oldest_hours bigint NOT NULL,
	free_mib bigint NOT NULL, ring_serial bigint NOT NULL, software bigint NOT NULL,
	bundle_refused bigint NOT NULL, clock_off_s bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE boot (
	device bytea NOT NULL, boot_id bytea NOT NULL CHECK (octet_length(boot_id) = 8), began bigint NOT NULL,
	PRIMARY KEY (device, boot_id)
);

CREATE TABLE bundle (
	kind integer NOT NULL, target bytea NOT NULL CHECK (octet_length(target) = 16), serial bigint NOT NULL,
	bytes bytea NOT NULL, PRIMARY KEY (kind, target, serial)
);
CREATE TABLE root (
	log_id bytea NOT NULL, day bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (log_id, day)
);

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% of % is refused: what the centre keeps is only ever added to', TG_OP, TG_ARGV[0]
		USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER device_keys BEFORE UPDATE OF id, site, sign_key, spki ON device
	FOR EACH ROW EXECUTE FUNCTION refuse('a device''s site and keys');
CREATE TRIGGER device_delete BEFORE DELETE ON device FOR EACH ROW EXECUTE FUNCTION refuse('device rows');
CREATE TRIGGER cert_keep BEFORE UPDATE OR DELETE ON cert FOR EACH ROW EXECUTE FUNCTION refuse('certificates');
CREATE TRIGGER record_keep BEFORE UPDATE OR DELETE ON record FOR EACH ROW EXECUTE FUNCTION refuse('records');
CREATE TRIGGER entry_keep BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION refuse('the chain');
CREATE TRIGGER receipt_keep BEFORE UPDATE OR DELETE ON receipt FOR EACH ROW EXECUTE FUNCTION refuse('receipts');
CREATE TRIGGER withdrawal_keep BEFORE UPDATE OR DELETE ON withdrawal
	FOR EACH ROW EXECUTE FUNCTION refuse('withdrawals');
CREATE TRIGGER event_keep BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse('events');
CREATE TRIGGER root_keep BEFORE UPDATE OR DELETE ON root FOR EACH ROW EXECUTE FUNCTION refuse('log roots');
CREATE TRIGGER body_update BEFORE UPDATE ON body FOR EACH ROW
	WHEN (OLD.gone IS NOT NULL OR NEW.gone IS NULL OR OLD.device <> NEW.device OR OLD.id <> NEW.id
		OR OLD.nonce_body <> NEW.nonce_body)
	EXECUTE FUNCTION refuse('bodies');
CREATE TRIGGER body_delete BEFORE DELETE ON body FOR EACH ROW WHEN (OLD.gone IS NULL)
	EXECUTE FUNCTION refuse('bodies');
CREATE TRIGGER wrap_update BEFORE UPDATE ON wrap FOR EACH ROW
	WHEN (OLD.gone IS NOT NULL OR NEW.gone IS NULL OR OLD.device <> NEW.device OR OLD.id <> NEW.id
		OR OLD.wraps <> NEW.wraps)
	EXECUTE FUNCTION refuse('wraps');
CREATE TRIGGER wrap_delete BEFORE DELETE ON wrap FOR EACH ROW WHEN (OLD.gone IS NULL)
	EXECUTE FUNCTION refuse('wraps');

-- Where it is one server, emptying a table is refused as well (a sharded table takes no such trigger).
DO $$
DECLARE t text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
		FOREACH t IN ARRAY ARRAY['device', 'cert', 'record', 'entry', 'body', 'wrap', 'epoch', 'receipt',
			'withdrawal', 'event', 'root'] LOOP
			EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT '
				'EXECUTE FUNCTION refuse(%L)', t || '_truncate', t, t);
		END LOOP;
	END IF;
END $$;

INSERT INTO version VALUES (1);
