-- The end of a fact's time (indicators/retain.h). kept_from: the first month of which facts are kept (0: all). Cells of
-- months before it never change again; their facts may go, and only theirs.
-- unwiped: something went that pages of the file may still hold.
INSERT INTO meta VALUES ('kept_from', 0), ('retain_day', 0), ('retain_since', 0), ('facts_erased', 0), ('records_erased', 0),
	('unwiped', 0);
CREATE TRIGGER kept_from_forward BEFORE UPDATE ON meta WHEN OLD.k = 'kept_from' AND NEW.v < OLD.v
BEGIN SELECT RAISE(ABORT, 'facts that are gone do not come back'); END;
CREATE TRIGGER kept_from_stays BEFORE DELETE ON meta WHEN OLD.k = 'kept_from'
BEGIN SELECT RAISE(ABORT, 'the end of the facts'' time is kept'); END;

-- What the cells of all months before kept_from were when they stopped changing: the newest row counts.
CREATE TABLE frozen (
	kept_from INTEGER PRIMARY KEY CHECK (kept_from > 0),
	at INTEGER NOT NULL,
	cells INTEGER NOT NULL,
	digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- Records that are gone and could be dated otherwise if they came again: a hash of each, not its id.
CREATE TABLE gone (trace BLOB PRIMARY KEY CHECK (length(trace) = 16)) STRICT, WITHOUT ROWID;

DROP TRIGGER fact_delete;
CREATE TRIGGER fact_delete BEFORE DELETE ON fact WHEN OLD.period >= (SELECT v FROM meta WHERE k = 'kept_from')
BEGIN SELECT RAISE(ABORT, 'a fact is never deleted: write a reversal'); END;
CREATE TRIGGER fact_insert BEFORE INSERT ON fact WHEN NEW.period < (SELECT v FROM meta WHERE k = 'kept_from')
BEGIN SELECT RAISE(ABORT, 'the facts of this month are gone, and its cells stay as they are'); END;
CREATE TRIGGER cell_insert BEFORE INSERT ON cell WHEN NEW.period < (SELECT v FROM meta WHERE k = 'kept_from')
BEGIN SELECT RAISE(ABORT, 'the facts of this month are gone, and its cells stay as they are'); END;
CREATE TRIGGER cell_update BEFORE UPDATE ON cell WHEN OLD.period < (SELECT v FROM meta WHERE k = 'kept_from')
BEGIN SELECT RAISE(ABORT, 'the facts of this month are gone, and its cells stay as they are'); END;
CREATE TRIGGER cell_delete BEFORE DELETE ON cell WHEN OLD.period < (SELECT v FROM meta WHERE k = 'kept_from')
BEGIN SELECT RAISE(ABORT, 'the facts of this month are gone, and its cells stay as they are'); END;

-- A quote forgets whose answer it was when that is gone (its record becomes zeros); its words go too unless they are released.
DROP TRIGGER quote_update;
CREATE TRIGGER quote_update BEFORE UPDATE ON quote
WHEN (NEW.text <> '' AND NEW.text IS NOT OLD.text) OR NEW.id IS NOT OLD.id OR NEW.version IS NOT OLD.version
	OR NEW.at IS NOT OLD.at OR NEW.actor IS NOT OLD.actor OR NEW.state IS NOT OLD.state OR NEW.site IS NOT OLD.site
	OR (NEW.record IS NOT OLD.record AND NEW.record <> zeroblob(16)) OR NEW.question IS NOT OLD.question
	OR NEW.role IS NOT OLD.role OR NEW.area IS NOT OLD.area OR NEW.quarter IS NOT OLD.quarter
BEGIN SELECT RAISE(ABORT, 'a quote is never changed: write its next version'); END;
