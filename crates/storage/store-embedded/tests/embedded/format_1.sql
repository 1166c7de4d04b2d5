-- A data file of format version 1, statement by statement as that version made it.
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
CREATE TABLE log (
    number INTEGER PRIMARY KEY CHECK (number = 1),
    tail INTEGER NOT NULL,
    commit_number INTEGER NOT NULL
);
CREATE TABLE topic (
    topic_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE event_block (
    first_replay_id INTEGER PRIMARY KEY,
    last_replay_id INTEGER NOT NULL,
    appended_ms INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE event_topic (
    topic_id INTEGER NOT NULL,
    first_replay_id INTEGER NOT NULL,
    PRIMARY KEY (topic_id, first_replay_id)
) WITHOUT ROWID;
CREATE TABLE document (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE layout (
    entity TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO log VALUES (1, 1002, 8589934599);
INSERT INTO topic VALUES (1, '/event/One__e');
INSERT INTO event_block VALUES (1001, 1002, 1700000000123, x'013d957ea8e9030000000000007b68e5cf8b0100000200000001000000ddddddddddddddddddddddddddddddddeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee030000006f6e6501000000ddddddddddddddddddddddddddddddddeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee0300000074776f');
INSERT INTO event_topic VALUES (1, 1001);
INSERT INTO document VALUES ('org', 'key', x'6b657074');
PRAGMA application_id = 1281640044;
PRAGMA user_version = 1;
