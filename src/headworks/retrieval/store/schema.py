"""The tables of an index.

`chunks.id` holds the number of the chunk's label set in its upper bits: what a caller may see is decided by the
number alone, in every search. A document that gets other labels gets new chunks. Vectors are kept by what was
embedded, so that text that was embedded once is not embedded again, whatever else changes.
"""

ROOM = "retrieval"
STEPS = (
    """
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE roots (name TEXT PRIMARY KEY, options TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE access (id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE);
    CREATE TABLE vectors (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, vector BLOB NOT NULL);
    CREATE TABLE files (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, root TEXT NOT NULL, hash BLOB NOT NULL,
        bytes INTEGER NOT NULL, added_s REAL NOT NULL
    );
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT, file INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
        name TEXT NOT NULL UNIQUE, title TEXT NOT NULL, link TEXT, access INTEGER NOT NULL REFERENCES access,
        metadata TEXT NOT NULL, digest BLOB NOT NULL
    );
    CREATE INDEX documents_file ON documents (file);
    CREATE TABLE chunks (
        id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
        ordinal INTEGER NOT NULL, text TEXT NOT NULL, heading TEXT NOT NULL, page INTEGER, vector INTEGER
    );
    CREATE INDEX chunks_document ON chunks (document);
    CREATE INDEX chunks_vector ON chunks (vector);
    CREATE VIRTUAL TABLE words USING fts5(
        text, title, heading, content='', contentless_delete=1, tokenize='porter unicode61 remove_diacritics 2'
    );
    CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, 'row');
    """,
)
TOKENIZER = ("porter", ["unicode61", "remove_diacritics", "2"])
ACCESS_SHIFT = 40
"""Chunks are numbered below 2 ** 40; above stands the number of their label set."""
