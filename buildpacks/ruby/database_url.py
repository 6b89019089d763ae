"""A DATABASE_URL for compiling assets, where no database is: Rails wants one to start, and never connects. Pure."""

from __future__ import annotations

from buildpacks.ruby.gemfile_lock import GemfileLock

# The gem of a driver, and the scheme of its addresses; the first that is locked counts, as on Heroku.
_SCHEMES = {
    "pg": "postgres",
    "activerecord-jdbcpostgresql-adapter": "postgres",
    "mysql": "mysql",
    "mysql2": "mysql2",
    "sqlite3": "sqlite3",
    "sqlite3-ruby": "sqlite3",
}


def dummy_database_url(lock: GemfileLock) -> str:
    """Give an address that nobody answers; empty when no driver is known that Rails would choose by it."""
    scheme = next((scheme for gem, scheme in _SCHEMES.items() if lock.has(gem)), "")
    return f"{scheme}://user:pass@127.0.0.1/dbname" if scheme else ""
