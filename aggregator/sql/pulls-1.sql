-- Who took what of the publications, a row a day: how often, from when to when. Kept for two years.
CREATE TABLE pull (
	day INTEGER NOT NULL,
	who TEXT NOT NULL CHECK (length(who) BETWEEN 1 AND 64),
	by_program INTEGER NOT NULL CHECK (by_program IN (0, 1)),
	what TEXT NOT NULL CHECK (length(what) BETWEEN 1 AND 120),
	publication INTEGER NOT NULL CHECK (publication > 0),
	times INTEGER NOT NULL CHECK (times > 0),
	first_at INTEGER NOT NULL,
	last_at INTEGER NOT NULL CHECK (last_at >= first_at),
	PRIMARY KEY (day, who, by_program, what, publication)
) STRICT, WITHOUT ROWID;
