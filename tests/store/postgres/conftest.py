"""A PostgreSQL server for these tests, and stores in new databases of it."""

from tests.servers import postgres  # noqa: F401 - a fixture
