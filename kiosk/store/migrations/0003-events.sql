-- What the centre is to hear of once: conditions that began or ended, and how many
-- visits there were. Nothing personal. A row goes when the centre has it.
CREATE TABLE events (
	seq  INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: the centre counts each once by it
	kind TEXT    NOT NULL,
	at   INTEGER NOT NULL,
	body TEXT    NOT NULL                   -- JSON
) STRICT;

-- The name of this file, by which the centre tells its numbers from those of the machine
-- that stood here before.
CREATE TABLE origin (id TEXT NOT NULL) STRICT;
INSERT INTO origin VALUES (lower(hex(randomblob(8))));
