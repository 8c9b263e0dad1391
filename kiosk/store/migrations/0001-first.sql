-- Times are Unix milliseconds. Nothing here knows a person: forms and papers
-- are ciphertext only the gateway opens, visits are hashes of random tokens.

CREATE TABLE dossiers (
	receipt      TEXT    PRIMARY KEY,
	visit        BLOB    NOT NULL UNIQUE, -- SHA-256 of the visit token
	procedure    TEXT    NOT NULL,
	case_code    TEXT    NOT NULL,
	submitted_at INTEGER NOT NULL,
	sha256       TEXT    NOT NULL,        -- of sealed: what the gateway's receipt binds
	manifest     TEXT    NOT NULL,        -- JSON
	sealed       BLOB                     -- NULL once the gateway has signed
) STRICT;

CREATE TABLE parts (
	receipt TEXT    NOT NULL REFERENCES dossiers ON DELETE CASCADE,
	n       INTEGER NOT NULL,
	sealed  BLOB    NOT NULL,
	PRIMARY KEY (receipt, n)
) STRICT;

CREATE TABLE outbox (
	receipt      TEXT    PRIMARY KEY REFERENCES dossiers ON DELETE CASCADE,
	state        TEXT    NOT NULL CHECK (state IN ('queued', 'handed-over', 'received', 'quarantined')),
	since        INTEGER NOT NULL,
	submitted_at INTEGER NOT NULL,
	papers       INTEGER NOT NULL,             -- 0 or 1: has parts, so goes later
	reason       TEXT    NOT NULL DEFAULT '',
	seq          INTEGER NOT NULL DEFAULT 0,   -- of the newest receipt
	outcome      TEXT    NOT NULL DEFAULT '',
	code         TEXT    NOT NULL DEFAULT '',
	status       INTEGER NOT NULL DEFAULT 0,
	signed       TEXT    NOT NULL DEFAULT ''   -- the newest receipt, JSON
) STRICT;
CREATE INDEX outbox_work ON outbox (state, papers, submitted_at);
CREATE INDEX outbox_code ON outbox (code) WHERE code <> '';

CREATE TABLE tickets (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	visit     BLOB    NOT NULL UNIQUE,
	day       TEXT    NOT NULL,
	service   TEXT    NOT NULL,
	n         INTEGER NOT NULL,
	number    TEXT    NOT NULL,
	priority  TEXT    NOT NULL,
	issued_at INTEGER NOT NULL,
	state     TEXT    NOT NULL CHECK (state IN ('waiting', 'called', 'recalled', 'finished', 'absent')),
	counter   TEXT    NOT NULL DEFAULT '',
	calls     INTEGER NOT NULL DEFAULT 0,
	called_at INTEGER NOT NULL DEFAULT 0,
	ended_at  INTEGER NOT NULL DEFAULT 0,
	UNIQUE (day, service, n)
) STRICT;
CREATE INDEX tickets_waiting ON tickets (day, service, n) WHERE state = 'waiting';

CREATE TABLE print_jobs (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	visit  BLOB,                    -- of the visit that recorded it; NULL: none
	kind   TEXT    NOT NULL,        -- ticket, slip, ...
	number TEXT    NOT NULL,        -- ticket or receipt number
	state  TEXT    NOT NULL CHECK (state IN ('queued', 'printing', 'printed', 'not-printed', 'unknown')),
	at     INTEGER NOT NULL
) STRICT;
CREATE INDEX print_jobs_visit ON print_jobs (visit) WHERE visit IS NOT NULL;
