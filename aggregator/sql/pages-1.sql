CREATE TABLE user (
	name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
	role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 5),
	password TEXT NOT NULL,
	since INTEGER NOT NULL,
	disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Only the hash of a token is kept: who reads this file is not signed in by it.
CREATE TABLE session (
	hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
	name TEXT NOT NULL REFERENCES user,
	until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reader (
	name TEXT PRIMARY KEY,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE wrong_try (name TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX wrong_try_name ON wrong_try (name, at);

-- Whole files, as they were signed; append-only.
CREATE TABLE publication (
	no INTEGER PRIMARY KEY CHECK (no > 0),
	sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
	previous TEXT NOT NULL,
	stored_at INTEGER NOT NULL,
	bytes BLOB NOT NULL
) STRICT;
CREATE TRIGGER publication_update BEFORE UPDATE ON publication
BEGIN SELECT RAISE(ABORT, 'a publication is never changed'); END;
CREATE TRIGGER publication_delete BEFORE DELETE ON publication
BEGIN SELECT RAISE(ABORT, 'a publication is never deleted'); END;
CREATE TRIGGER publication_chain BEFORE INSERT ON publication
WHEN NEW.no <> (SELECT coalesce(max(no), 0) + 1 FROM publication)
	OR NEW.previous <> coalesce((SELECT sha256 FROM publication ORDER BY no DESC LIMIT 1), '')
BEGIN SELECT RAISE(ABORT, 'a publication follows the last one'); END;
