"""Everything in one SQLite file (单机存储): the embedded default, one command and no server."""
