CREATE TABLE meta (k TEXT PRIMARY KEY, v INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('data_rev', 0);

CREATE TABLE definition (
	def INTEGER PRIMARY KEY,
	id TEXT NOT NULL,
	version INTEGER NOT NULL CHECK (version > 0),
	hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
	text TEXT NOT NULL,
	UNIQUE (id, version, hash)
) STRICT;

CREATE TABLE record (
	site TEXT NOT NULL,
	record BLOB NOT NULL CHECK (length(record) = 16),
	device BLOB NOT NULL CHECK (length(device) = 16),
	chain BLOB NOT NULL CHECK (length(chain) = 16),
	tag BLOB NOT NULL CHECK (length(tag) = 16),
	lane INTEGER NOT NULL,
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	seq INTEGER NOT NULL,
	form TEXT NOT NULL,
	form_hash BLOB NOT NULL CHECK (length(form_hash) = 16),
	day INTEGER NOT NULL,
	day_quality TEXT NOT NULL CHECK (day_quality IN ('sealed', 'redated', 'receipt')),
	state TEXT NOT NULL CHECK (state IN ('facts', 'unmapped', 'none', 'withdrawn')),
	PRIMARY KEY (site, record)
) STRICT, WITHOUT ROWID;
-- A withdrawal names its record by the device and the tag.
CREATE INDEX record_tag ON record (device, tag);
CREATE INDEX record_day ON record (site, day);

CREATE TABLE bucket (
	bucket INTEGER PRIMARY KEY,
	def INTEGER NOT NULL REFERENCES definition,
	keys TEXT NOT NULL,
	UNIQUE (def, keys)
) STRICT;

-- Clustered by cell: a cell is one range of it, in the order in which it is summed.
CREATE TABLE fact (
	site TEXT NOT NULL,
	def INTEGER NOT NULL,
	period INTEGER NOT NULL,
	stratum TEXT NOT NULL,
	bucket INTEGER NOT NULL,
	item TEXT NOT NULL,
	record BLOB NOT NULL CHECK (length(record) = 16),
	rev INTEGER NOT NULL CHECK (rev > 0),
	sign INTEGER NOT NULL CHECK (sign IN (1, -1)),
	num REAL,
	value REAL,
	people INTEGER NOT NULL CHECK (people >= 0),
	data_rev INTEGER NOT NULL,
	PRIMARY KEY (site, def, period, stratum, bucket, item, record, rev, sign)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX fact_record ON fact (site, record, def, item, rev, sign);

-- Entries are never changed. A withdrawal may take the figures out of a pair that cancels.
CREATE TRIGGER fact_update BEFORE UPDATE ON fact
WHEN NEW.num IS NOT NULL OR NEW.value IS NOT NULL
	OR NEW.site IS NOT OLD.site OR NEW.def IS NOT OLD.def OR NEW.period IS NOT OLD.period
	OR NEW.stratum IS NOT OLD.stratum OR NEW.bucket IS NOT OLD.bucket OR NEW.item IS NOT OLD.item
	OR NEW.record IS NOT OLD.record OR NEW.rev IS NOT OLD.rev OR NEW.sign IS NOT OLD.sign
	OR NEW.people IS NOT OLD.people OR NEW.data_rev IS NOT OLD.data_rev
BEGIN SELECT RAISE(ABORT, 'a fact is never changed: write a reversal'); END;
CREATE TRIGGER fact_delete BEFORE DELETE ON fact
BEGIN SELECT RAISE(ABORT, 'a fact is never deleted: write a reversal'); END;

CREATE TABLE cell (
	site TEXT NOT NULL,
	def INTEGER NOT NULL,
	period INTEGER NOT NULL,
	stratum TEXT NOT NULL,
	bucket INTEGER NOT NULL,
	item TEXT NOT NULL,
	n INTEGER NOT NULL CHECK (n >= 0),
	num REAL NOT NULL,
	n_values INTEGER NOT NULL CHECK (n_values >= 0),
	mean REAL NOT NULL,
	m2 REAL NOT NULL,
	people INTEGER NOT NULL,
	data_rev INTEGER NOT NULL,
	PRIMARY KEY (site, def, period, stratum, bucket, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE dirty (
	site TEXT NOT NULL,
	def INTEGER NOT NULL,
	period INTEGER NOT NULL,
	stratum TEXT NOT NULL,
	bucket INTEGER NOT NULL,
	item TEXT NOT NULL,
	PRIMARY KEY (site, def, period, stratum, bucket, item)
) STRICT, WITHOUT ROWID;

-- How far each chain of the central store was read.
CREATE TABLE position (
	device BLOB NOT NULL CHECK (length(device) = 16),
	lane INTEGER NOT NULL,
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	seq INTEGER NOT NULL,
	PRIMARY KEY (device, lane, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
	device BLOB NOT NULL CHECK (length(device) = 16),
	record BLOB NOT NULL CHECK (length(record) = 16),
	chain BLOB NOT NULL CHECK (length(chain) = 16),
	lane INTEGER NOT NULL,
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	seq INTEGER NOT NULL,
	site TEXT NOT NULL,
	reason TEXT NOT NULL,
	day INTEGER NOT NULL,
	tries INTEGER NOT NULL DEFAULT 1,
	PRIMARY KEY (device, record)
) STRICT, WITHOUT ROWID;

-- What was handed out to be signed, and what came back: later ones are checked against all of them.
CREATE TABLE publication (
	no INTEGER PRIMARY KEY CHECK (no > 0),
	data_rev INTEGER NOT NULL,
	sha256 TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('prepared', 'published')),
	bytes BLOB NOT NULL
) STRICT;
CREATE TRIGGER publication_update BEFORE UPDATE ON publication WHEN OLD.state = 'published'
BEGIN SELECT RAISE(ABORT, 'a publication is never changed'); END;
CREATE TRIGGER publication_delete BEFORE DELETE ON publication WHEN OLD.state = 'published'
BEGIN SELECT RAISE(ABORT, 'a publication is never deleted'); END;

-- The exact counts behind each publication, where they changed since the one before: what an attacker could
-- subtract. At publication K a cell has the counts of its newest row with no <= K.
CREATE TABLE snapshot (
	def INTEGER NOT NULL,
	site TEXT NOT NULL,
	period INTEGER NOT NULL,
	stratum TEXT NOT NULL,
	bucket TEXT NOT NULL,
	item TEXT NOT NULL,
	no INTEGER NOT NULL CHECK (no > 0),
	n INTEGER NOT NULL,
	num REAL NOT NULL,
	people INTEGER NOT NULL,
	PRIMARY KEY (def, site, period, stratum, bucket, item, no)
) STRICT, WITHOUT ROWID;
