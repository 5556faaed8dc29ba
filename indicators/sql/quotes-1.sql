-- What somebody said, redacted, to be quoted: a step is a version, none is ever changed or lost. Version 1 is one person's
-- proposal; another person releases it or refuses it; what is released may be taken back. If the answer is withdrawn its text
-- goes (the one change that is allowed), and with it the quote.
CREATE TABLE quote (
	id INTEGER NOT NULL CHECK (id > 0),
	version INTEGER NOT NULL CHECK (version > 0),
	at INTEGER NOT NULL,
	actor TEXT NOT NULL CHECK (length(actor) > 0),
	state TEXT NOT NULL CHECK (state IN ('proposed', 'released', 'refused', 'taken_back')),
	site TEXT NOT NULL,
	record BLOB NOT NULL CHECK (length(record) = 16),
	question TEXT NOT NULL,
	role TEXT NOT NULL,
	area TEXT NOT NULL,
	quarter TEXT NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX quote_record ON quote (site, record);
CREATE TRIGGER quote_update BEFORE UPDATE ON quote
WHEN NEW.text <> '' OR NEW.id IS NOT OLD.id OR NEW.version IS NOT OLD.version OR NEW.at IS NOT OLD.at
	OR NEW.actor IS NOT OLD.actor OR NEW.state IS NOT OLD.state OR NEW.site IS NOT OLD.site OR NEW.record IS NOT OLD.record
	OR NEW.question IS NOT OLD.question OR NEW.role IS NOT OLD.role OR NEW.area IS NOT OLD.area
	OR NEW.quarter IS NOT OLD.quarter
BEGIN SELECT RAISE(ABORT, 'a quote is never changed: write its next version'); END;
CREATE TRIGGER quote_delete BEFORE DELETE ON quote
BEGIN SELECT RAISE(ABORT, 'a quote is never deleted: take it back'); END;
CREATE TRIGGER quote_version BEFORE INSERT ON quote
WHEN NEW.version <> (SELECT coalesce(max(version), 0) + 1 FROM quote WHERE id = NEW.id)
	OR (NEW.version = 1) <> (NEW.state = 'proposed')
BEGIN SELECT RAISE(ABORT, 'a version follows the last one, and the first is a proposal'); END;
CREATE TRIGGER quote_second_person BEFORE INSERT ON quote
WHEN NEW.state = 'released' AND NEW.actor = (SELECT actor FROM quote WHERE id = NEW.id AND version = 1)
BEGIN SELECT RAISE(ABORT, 'another person releases what somebody proposed'); END;
CREATE TRIGGER quote_same BEFORE INSERT ON quote
WHEN NEW.version > 1 AND NOT EXISTS (SELECT 1 FROM quote AS q WHERE q.id = NEW.id AND q.version = 1 AND q.text = NEW.text
	AND q.text <> '' AND q.site = NEW.site AND q.record = NEW.record AND q.role = NEW.role AND q.area = NEW.area
	AND q.quarter = NEW.quarter AND q.question = NEW.question)
BEGIN SELECT RAISE(ABORT, 'what is released is what was proposed'); END;
