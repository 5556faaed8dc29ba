-- What two people agreed that a comment is about: codes of a version of a frame, blanks between them. Goes with the record: when it
-- is withdrawn, and at the end of its time.
CREATE TABLE code (
	site TEXT NOT NULL,
	record BLOB NOT NULL CHECK (length(record) = 16),
	frame TEXT NOT NULL CHECK (length(frame) > 0),
	themes TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (site, record, frame)
) STRICT, WITHOUT ROWID;
