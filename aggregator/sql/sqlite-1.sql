-- The central store in SQLite. Append-only but for heads, states and what is erased by right.
CREATE TABLE site (
	name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
	label TEXT NOT NULL, grp TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
	id BLOB PRIMARY KEY CHECK (length(id) = 16),
	site TEXT NOT NULL REFERENCES site (name),
	sign_key BLOB NOT NULL CHECK (length(sign_key) = 32),
	spki BLOB NOT NULL,
	cert_sha256 BLOB UNIQUE CHECK (cert_sha256 IS NULL OR length(cert_sha256) = 32),
	cert_pem TEXT,
	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
	since INTEGER NOT NULL,
	succeeds BLOB CHECK (succeeds IS NULL OR length(succeeds) = 16),
	address TEXT NOT NULL,
	revocation BLOB
) STRICT, WITHOUT ROWID;
CREATE TRIGGER device_site BEFORE UPDATE OF id, site, sign_key, spki ON device
	BEGIN SELECT raise(ABORT, 'a device row keeps its site and keys'); END;
CREATE TRIGGER device_delete BEFORE DELETE ON device
	BEGIN SELECT raise(ABORT, 'device rows are kept'); END;

CREATE TABLE invite (
	site TEXT NOT NULL REFERENCES site (name),
	tag TEXT NOT NULL,
	code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
	expires INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (site, tag)
) STRICT, WITHOUT ROWID;

-- n is local to this file; a record's name is (device, id), the device being the one in its own header.
CREATE TABLE record (
	n INTEGER PRIMARY KEY,
	device BLOB NOT NULL CHECK (length(device) = 16),
	id BLOB NOT NULL CHECK (length(id) = 16),
	kind INTEGER NOT NULL, lane INTEGER NOT NULL,
	tag BLOB NOT NULL CHECK (length(tag) = 16),
	header BLOB NOT NULL CHECK (length(header) = 128),
	hw BLOB NOT NULL CHECK (length(hw) = 32),
	hb BLOB NOT NULL CHECK (length(hb) = 32),
	leaf BLOB NOT NULL CHECK (length(leaf) = 32),
	UNIQUE (device, id)
) STRICT;
CREATE INDEX record_tag ON record (device, tag) WHERE kind = 0 AND lane = 0;
CREATE TABLE body (n INTEGER PRIMARY KEY REFERENCES record (n), nonce_body BLOB NOT NULL) STRICT;
CREATE TABLE wrap (n INTEGER PRIMARY KEY REFERENCES record (n), wraps BLOB NOT NULL) STRICT;

CREATE TABLE epoch (
	device BLOB NOT NULL, lane INTEGER NOT NULL CHECK (lane IN (0, 1)),
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	opened INTEGER NOT NULL,
	hw INTEGER NOT NULL CHECK (hw >= 1), hw_link BLOB NOT NULL CHECK (length(hw_link) = 32),
	PRIMARY KEY (device, lane, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
	device BLOB NOT NULL, lane INTEGER NOT NULL, epoch BLOB NOT NULL, seq INTEGER NOT NULL CHECK (seq >= 1),
	owner BLOB, record_id BLOB NOT NULL,
	leaf BLOB NOT NULL CHECK (length(leaf) = 32), link BLOB NOT NULL CHECK (length(link) = 32),
	PRIMARY KEY (device, lane, epoch, seq)
) STRICT, WITHOUT ROWID;

-- again: 0, or how many receipts for the same b came before this one, by keys no longer in use.
CREATE TABLE receipt (
	device BLOB NOT NULL, lane INTEGER NOT NULL, epoch BLOB NOT NULL, a INTEGER NOT NULL, b INTEGER NOT NULL,
	again INTEGER NOT NULL, last_link BLOB NOT NULL, log_id BLOB NOT NULL, log_day INTEGER NOT NULL,
	bytes BLOB NOT NULL CHECK (length(bytes) = 200),
	PRIMARY KEY (device, lane, epoch, b, again)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_log ON receipt (log_id, log_day);

CREATE TABLE withdrawal (
	device BLOB NOT NULL, tag BLOB NOT NULL CHECK (length(tag) = 16),
	w BLOB NOT NULL CHECK (length(w) = 32), at INTEGER NOT NULL,
	PRIMARY KEY (device, tag)
) STRICT, WITHOUT ROWID;
-- Why a body or wrap may go: lane 1 bodies 30 days after a holder pulled them, and the end of retention.
CREATE TABLE release (n INTEGER PRIMARY KEY REFERENCES record (n), why TEXT NOT NULL, at INTEGER NOT NULL) STRICT;

CREATE TABLE quarantine (
	n INTEGER PRIMARY KEY, device BLOB NOT NULL, at INTEGER NOT NULL, why TEXT NOT NULL,
	bytes BLOB NOT NULL, size INTEGER NOT NULL
) STRICT;
CREATE INDEX quarantine_device ON quarantine (device, size);
CREATE TABLE event (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, what TEXT NOT NULL, device BLOB NOT NULL,
	detail TEXT NOT NULL) STRICT;
CREATE TABLE seen (
	device BLOB PRIMARY KEY, at INTEGER NOT NULL, waiting INTEGER NOT NULL, oldest_hours INTEGER NOT NULL,
	free_mib INTEGER NOT NULL, ring_serial INTEGER NOT NULL, software INTEGER NOT NULL,
	bundle_refused INTEGER NOT NULL, clock_off_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE boot (
	device BLOB NOT NULL, boot_id BLOB NOT NULL CHECK (length(boot_id) = 8), began INTEGER NOT NULL,
	PRIMARY KEY (device, boot_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE bundle (
	kind INTEGER NOT NULL, target BLOB NOT NULL CHECK (length(target) = 16), serial INTEGER NOT NULL,
	bytes BLOB NOT NULL, PRIMARY KEY (kind, target, serial)
) STRICT;
CREATE TABLE root (
	log_id BLOB NOT NULL, day INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (log_id, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER record_update BEFORE UPDATE ON record BEGIN SELECT raise(ABORT, 'records are kept as they are'); END;
CREATE TRIGGER record_delete BEFORE DELETE ON record BEGIN SELECT raise(ABORT, 'records are kept as they are'); END;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'the chain is kept as it is'); END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'the chain is kept as it is'); END;
CREATE TRIGGER receipt_update BEFORE UPDATE ON receipt BEGIN SELECT raise(ABORT, 'receipts are kept as they are'); END;
CREATE TRIGGER receipt_delete BEFORE DELETE ON receipt BEGIN SELECT raise(ABORT, 'receipts are kept as they are'); END;
CREATE TRIGGER withdrawal_update BEFORE UPDATE ON withdrawal BEGIN SELECT raise(ABORT, 'withdrawals are kept as they are'); END;
CREATE TRIGGER withdrawal_delete BEFORE DELETE ON withdrawal BEGIN SELECT raise(ABORT, 'withdrawals are kept as they are'); END;
CREATE TRIGGER event_update BEFORE UPDATE ON event BEGIN SELECT raise(ABORT, 'events are kept as they are'); END;
CREATE TRIGGER event_delete BEFORE DELETE ON event BEGIN SELECT raise(ABORT, 'events are kept as they are'); END;
CREATE TRIGGER root_update BEFORE UPDATE ON root BEGIN SELECT raise(ABORT, 'log roots are kept as they are'); END;
CREATE TRIGGER root_delete BEFORE DELETE ON root BEGIN SELECT raise(ABORT, 'log roots are kept as they are'); END;
CREATE TRIGGER body_update BEFORE UPDATE ON body BEGIN SELECT raise(ABORT, 'bodies are kept as they are'); END;
CREATE TRIGGER wrap_update BEFORE UPDATE ON wrap BEGIN SELECT raise(ABORT, 'wraps are kept as they are'); END;
CREATE TRIGGER body_delete BEFORE DELETE ON body
	WHEN NOT EXISTS (SELECT 1 FROM release WHERE release.n = OLD.n) AND NOT EXISTS (
		SELECT 1 FROM record r JOIN withdrawal w ON w.device = r.device AND w.tag = r.tag WHERE r.n = OLD.n)
	BEGIN SELECT raise(ABORT, 'a body goes only by a recorded withdrawal or release'); END;
CREATE TRIGGER wrap_delete BEFORE DELETE ON wrap
	WHEN NOT EXISTS (SELECT 1 FROM release WHERE release.n = OLD.n) AND NOT EXISTS (
		SELECT 1 FROM record r JOIN withdrawal w ON w.device = r.device AND w.tag = r.tag WHERE r.n = OLD.n)
	BEGIN SELECT raise(ABORT, 'a wrap goes only by a recorded withdrawal or release'); END;
