-- What readers have pulled, so that bodies can go when their time is over. DAY is days since 1970: by the end of that
-- day the chain was pulled up to SEQ.
CREATE TABLE pull (
	device BLOB NOT NULL, lane INTEGER NOT NULL CHECK (lane IN (0, 1)), epoch BLOB NOT NULL CHECK (length(epoch) = 16),
	day INTEGER NOT NULL CHECK (day > 0), seq INTEGER NOT NULL CHECK (seq >= 1),
	PRIMARY KEY (device, lane, epoch, day)
) STRICT, WITHOUT ROWID;
-- Up to SEQ the bodies of this chain are gone: N of them by the clock, last on DAY.
CREATE TABLE erased (
	device BLOB NOT NULL, lane INTEGER NOT NULL, epoch BLOB NOT NULL,
	seq INTEGER NOT NULL CHECK (seq >= 1), n INTEGER NOT NULL CHECK (n >= 0), day INTEGER NOT NULL,
	PRIMARY KEY (device, lane, epoch)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER release_update BEFORE UPDATE ON release BEGIN SELECT raise(ABORT, 'releases are kept as they are'); END;
CREATE TRIGGER release_delete BEFORE DELETE ON release BEGIN SELECT raise(ABORT, 'releases are kept as they are'); END;
