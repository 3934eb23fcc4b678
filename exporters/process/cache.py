"""A SQLite file with the device list and what vendors told last, for a start without a network.

Never holds a status. A file that is not wholly understood is put aside, never used.
"""

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from exporters.process.device_list import Devices, Entry

logger = logging.getLogger(__name__)

APPLICATION_ID = 0x52654D6F  # "ReMo": tells our files from other SQLite files
SCHEMA_VERSION = 1
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE exporters (exporter_id INTEGER, platform_id INTEGER, name TEXT NOT NULL,
    enabled INTEGER NOT NULL, configuration TEXT NOT NULL,
    PRIMARY KEY (exporter_id, platform_id)) WITHOUT ROWID;
CREATE TABLE devices (exporter_id INTEGER, platform_id INTEGER, identity TEXT,
    name TEXT NOT NULL, PRIMARY KEY (exporter_id, platform_id, identity)) WITHOUT ROWID;
CREATE TABLE info (exporter_id INTEGER, identity TEXT, labels TEXT NOT NULL,
    PRIMARY KEY (exporter_id, identity)) WITHOUT ROWID;
"""

Info = dict[tuple[int, str], Mapping[str, str]]
NewInfo = Mapping[tuple[int, str], Mapping[str, str] | None]  # None: the device is gone


class CacheError(Exception):
    """The cache cannot be used now; the process goes on without it."""


@dataclass(slots=True)
class Kept:
    """What the cache remembers."""

    entries: list[Entry] = field(default_factory=list)
    devices: Devices | None = None
    exporters_etag: str = ""
    devices_etag: str = ""
    fetched_at: float = 0.0  # Unix time
    info: Info = field(default_factory=dict)


class Cache:
    """One open cache file. All methods raise CacheError. Used by one thread at a time."""

    def __init__(self, path: Path, origin: str) -> None:
        """Open or make the file; `origin` names the list it is for, another one's is dropped."""
        self._path = path
        self._origin = origin
        self.put_aside: Path | None = None  # where a file went that could not be used
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The settings in it hold vendors' tokens; SQLite gives -wal and -shm the same mode.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            os.chmod(path, 0o600)
            self._database = self._open()
        except (OSError, sqlite3.Error) as error:
            raise CacheError(f"the cache file {path} cannot be used: {error}") from error

    def load(self) -> Kept:
        """Return everything; an origin other than ours gives nothing."""
        try:
            return self._load()
        except (sqlite3.DatabaseError, ValueError, LookupError, TypeError) as error:
            self._replace(str(error))
            return Kept()

    def save_list(
        self,
        entries: Iterable[Entry],
        devices: Devices,
        etags: tuple[str, str],
        discovering: Iterable[int],
        fetched_at: float,
    ) -> None:
        """Replace the list in one transaction; forget the info of devices that are gone.

        `discovering` are the exporters whose devices are not in the list, but the vendor's.
        """
        rows = (
            (*key, identity, name)
            for key, names in devices.by_exporter.items()
            for identity, name in names.items()
        )
        facts = {
            "origin": self._origin,
            "exporters_etag": etags[0],
            "devices_etag": etags[1],
            "fetched_at": repr(fetched_at),
        }
        with self._transaction() as database:
            known = database.execute("SELECT value FROM facts WHERE name = 'origin'").fetchone()
            if known != (self._origin,):
                database.execute("DELETE FROM info")  # of another Remosa, platform or shard
            database.execute("DELETE FROM exporters")
            database.executemany(
                "INSERT OR REPLACE INTO exporters VALUES (?, ?, ?, ?, ?)",
                [(*entry[:4], json.dumps(entry.configuration)) for entry in entries],
            )
            database.execute("DELETE FROM devices")
            database.executemany("INSERT INTO devices VALUES (?, ?, ?, ?)", rows)
            database.execute(
                "DELETE FROM info WHERE exporter_id NOT IN (SELECT value FROM json_each(?))"
                " AND NOT EXISTS (SELECT 1 FROM devices WHERE"
                " devices.exporter_id = info.exporter_id AND devices.identity = info.identity)",
                (json.dumps(sorted(discovering)),),
            )
            database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def confirm_list(self, fetched_at: float) -> None:
        """Note that Remosa said the list is still the same."""
        with self._transaction() as database:
            fact = ("fetched_at", repr(fetched_at))
            database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", fact)

    def save_info(self, info: NewInfo) -> None:
        """Write what vendors told of these devices in one transaction."""
        rows = [(*key, json.dumps(dict(told))) for key, told in info.items() if told is not None]
        gone = [key for key, told in info.items() if told is None]
        with self._transaction() as database:
            database.executemany("DELETE FROM info WHERE (exporter_id, identity) = (?, ?)", gone)
            database.executemany("INSERT OR REPLACE INTO info VALUES (?, ?, ?)", rows)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        database = self._connect()
        try:
            reason = self._why_unusable(database)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                database.close()
                raise
            reason = str(error)
        if reason:
            database.close()
            self._put_aside(reason)
            database = self._connect()
        if database.execute("PRAGMA user_version").fetchone() == (0,):
            database.executescript(
                f"BEGIN; {_TABLES} PRAGMA application_id = {APPLICATION_ID};"
                f" PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
            )
        return database

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=1, isolation_level=None, check_same_thread=False)

    def _why_unusable(self, database: sqlite3.Connection) -> str:
        """Return why the file is none of ours; empty if it is, or is new."""
        # Exclusive: two processes on one file would undo each other's list.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")  # tells at once when it cannot be written
        database.execute("COMMIT")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (version, application, tables) == (0, 0, 0):
            return ""
        if application != APPLICATION_ID:
            return "it is not a cache of an exporter"
        if version != SCHEMA_VERSION:
            return f"its version is {version}, this program's is {SCHEMA_VERSION}"
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        return "" if verdict == "ok" else f"it is damaged: {verdict}"

    def _put_aside(self, reason: str) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.put_aside = self._path.with_name(f"{self._path.name}.unusable-{stamp}")
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.replace(f"{self._path}{suffix}", f"{self.put_aside}{suffix}")
        logger.warning(
            "The cache file %s cannot be used (%s); it was put aside as %s and a new one begun",
            self._path, reason, self.put_aside.name,
        )  # fmt: skip

    def _replace(self, reason: str) -> None:
        """Put a file aside that turned out to be damaged while it was in use."""
        self._database.close()
        try:
            self._put_aside(reason)
            self._database = self._open()
        except (OSError, sqlite3.Error) as error:
            raise CacheError(f"the cache file {self._path} cannot be used: {error}") from error

    def _load(self) -> Kept:
        database = self._database
        facts = dict(database.execute("SELECT name, value FROM facts"))
        if facts.get("origin") != self._origin:
            return Kept()
        devices = Devices()
        kept = Kept(
            devices=devices,
            exporters_etag=facts["exporters_etag"],
            devices_etag=facts["devices_etag"],
            fetched_at=float(facts["fetched_at"]),
        )
        for exporter_id, platform_id, name, enabled, told in database.execute(
            "SELECT exporter_id, platform_id, name, enabled, configuration FROM exporters"
        ):
            entry = Entry(exporter_id, platform_id, name, bool(enabled), json.loads(told))
            kept.entries.append(entry)
        for exporter_id, platform_id, identity, name in database.execute(
            "SELECT exporter_id, platform_id, identity, name FROM devices"
        ):
            names = devices.by_exporter.setdefault((exporter_id, platform_id), {})
            names[identity] = name
        for exporter_id, identity, labels in database.execute(
            "SELECT exporter_id, identity, labels FROM info"
        ):
            kept.info[exporter_id, identity] = json.loads(labels)
        return kept

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_damage(error):
                self._replace(str(error))
            raise CacheError(f"the cache file {self._path} was not written: {error}") from error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell a file that is damaged or foreign from one that is locked, full or read-only."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
