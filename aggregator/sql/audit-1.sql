-- Who did what, one chain: link = SHA-256(link before, line), docs/formats/audit.md. Append-only.
CREATE TABLE audit (
	seq INTEGER PRIMARY KEY CHECK (seq > 0),
	at INTEGER NOT NULL,
	actor TEXT NOT NULL,
	role TEXT NOT NULL,
	verb TEXT NOT NULL,
	object TEXT NOT NULL,
	detail TEXT NOT NULL,
	link BLOB NOT NULL CHECK (length(link) = 32)
) STRICT;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit entry is never deleted'); END;
CREATE TRIGGER audit_chain BEFORE INSERT ON audit
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'an audit entry follows the last one'); END;
