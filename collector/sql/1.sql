-- site.db, drawn in docs/formats/site-db.md. Lanes: 0 answers, 1 concerns.
CREATE TABLE lane (
	lane INTEGER PRIMARY KEY CHECK (lane IN (0, 1)),
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	head_seq INTEGER NOT NULL CHECK (head_seq >= 1),
	head_link BLOB NOT NULL CHECK (length(head_link) = 32),
	acked_seq INTEGER NOT NULL CHECK (acked_seq BETWEEN 0 AND head_seq),
	acked_link BLOB NOT NULL CHECK (length(acked_link) = 32)
) STRICT;

CREATE TABLE record (
	n INTEGER PRIMARY KEY,	-- grows: the order of arrival
	id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	lane INTEGER NOT NULL CHECK (lane IN (0, 1)),
	seq INTEGER NOT NULL CHECK (seq >= 1),
	header BLOB NOT NULL CHECK (length(header) = 128 AND substr(header, 25, 16) = id),
	hw BLOB NOT NULL CHECK (length(hw) = 32),
	hb BLOB NOT NULL CHECK (length(hb) = 32),
	link BLOB NOT NULL CHECK (length(link) = 32),
	nonce_body BLOB CHECK (length(nonce_body) >= 24 + 32),	-- NULL: erased
	receipt_day INTEGER,	-- NULL: unsent
	UNIQUE (epoch, lane, seq)
) STRICT;

CREATE TABLE wrap (
	record_n INTEGER NOT NULL REFERENCES record (n) ON DELETE CASCADE,
	slot INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 3),
	wrap BLOB NOT NULL CHECK (length(wrap) = 80),
	PRIMARY KEY (record_n, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
	tag BLOB PRIMARY KEY CHECK (length(tag) = 16),
	record_id BLOB NOT NULL CHECK (length(record_id) = 16),
	day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE receipt (
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	lane INTEGER NOT NULL CHECK (lane IN (0, 1)),
	b INTEGER NOT NULL CHECK (b >= 1),
	day INTEGER NOT NULL,
	bytes BLOB NOT NULL,
	PRIMARY KEY (epoch, lane, b)
) STRICT;

CREATE TABLE signed_head (
	lane INTEGER PRIMARY KEY CHECK (lane IN (0, 1)),
	epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	seq INTEGER NOT NULL CHECK (seq >= 1),
	link BLOB NOT NULL CHECK (length(link) = 32),
	signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;

CREATE TABLE slot (
	n INTEGER PRIMARY KEY CHECK (n BETWEEN 0 AND 3),
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE ring (
	serial INTEGER PRIMARY KEY CHECK (serial >= 1),
	bytes BLOB NOT NULL
) STRICT;

CREATE TABLE bundle (
	kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 4),
	target BLOB NOT NULL CHECK (length(target) = 16),
	serial INTEGER NOT NULL CHECK (serial >= 1),
	bytes BLOB NOT NULL,
	previous BLOB,
	PRIMARY KEY (kind, target)
) STRICT;

CREATE TABLE draft (
	id BLOB PRIMARY KEY CHECK (length(id) = 16),
	form BLOB NOT NULL CHECK (length(form) = 16),
	kdf_t INTEGER NOT NULL,
	kdf_m INTEGER NOT NULL,
	salt BLOB NOT NULL CHECK (length(salt) = 16),
	wrap_pass BLOB NOT NULL CHECK (length(wrap_pass) = 72),
	made_day INTEGER NOT NULL,
	head BLOB NOT NULL CHECK (length(head) = 80)
) STRICT;

CREATE TABLE draft_wrap (
	draft_id BLOB NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
	slot INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 3),
	key_id BLOB NOT NULL CHECK (length(key_id) = 8),
	wrap BLOB NOT NULL CHECK (length(wrap) = 80),
	PRIMARY KEY (draft_id, slot)
) STRICT;

CREATE TABLE draft_line (
	draft_id BLOB NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
	n INTEGER NOT NULL CHECK (n >= 1),
	box BLOB NOT NULL CHECK (length(box) >= 40),
	PRIMARY KEY (draft_id, n)
) STRICT;

CREATE TABLE clock (
	boot_id BLOB PRIMARY KEY CHECK (length(boot_id) = 16),
	offset_s INTEGER NOT NULL,
	quality INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 2)
) STRICT;

CREATE TABLE meta (
	k TEXT PRIMARY KEY CHECK (length(k) BETWEEN 1 AND 64),
	v BLOB NOT NULL CHECK (length(v) <= 65536)
) STRICT;
