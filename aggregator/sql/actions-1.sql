-- "You said, we did": what people said and what follows from it. A change is a new version; none is ever lost.
CREATE TABLE action (
	id INTEGER NOT NULL CHECK (id > 0),
	version INTEGER NOT NULL CHECK (version > 0),
	at INTEGER NOT NULL,
	indicator TEXT NOT NULL,
	said TEXT NOT NULL CHECK (length(said) > 0),
	did TEXT NOT NULL CHECK (length(did) > 0),
	owner TEXT NOT NULL,
	state TEXT NOT NULL CHECK (state IN ('planned', 'doing', 'done', 'dropped')),
	due TEXT NOT NULL,
	from_day TEXT NOT NULL,
	until_day TEXT NOT NULL,
	PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER action_update BEFORE UPDATE ON action
BEGIN SELECT RAISE(ABORT, 'an action is never changed: write its next version'); END;
CREATE TRIGGER action_delete BEFORE DELETE ON action
BEGIN SELECT RAISE(ABORT, 'an action is never deleted: drop it'); END;
CREATE TRIGGER action_version BEFORE INSERT ON action
WHEN NEW.version <> (SELECT coalesce(max(version), 0) + 1 FROM action WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a version follows the last one'); END;
