"""Records in a folder which applications were being reconciled when a process ended without a chance to report it.

Two files: `applications.json` has the suspected applications, and `reconciling` the ones that the current process
reconciles. The second is memory that, backed by a file, survives an out-of-memory kill: a reconcile costs two copies of
512 bytes, no system call and no request. When the next process starts, what it contains is suspected.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from rudr_py.model.identity import ObjectKey

log = logging.getLogger(__name__)

DEATHS = 2
"""The number of processes that end during a reconcile of an application before it is quarantined."""

MEMORY = timedelta(days=1)
"""The time after which a single death is forgotten: a node may also kill a process for a reason of its own."""

PLACES = 64
"""The number of records in the file."""

RENDERING = 0
"""The place of the application that is parsed and rendered, which is always one at a time."""

SIZE = 512
_EMPTY = bytes(SIZE)
_SEPARATOR = b"\x00"
_NEVER = datetime.min.replace(tzinfo=UTC)


class Suspect(msgspec.Struct, frozen=True):
    """An application during whose reconciles processes ended.

    `version` identifies its documents; `deaths` counts those processes, the last of which ended before `seen`.
    """

    namespace: str
    name: str
    version: str
    deaths: int
    seen: datetime


class CrashRecord:
    """The record in a folder, which is created on demand. Without a folder, nothing survives the process."""

    def __init__(self, folder: Path | None = None, now: datetime = _NEVER) -> None:
        """Reads the folder. One that cannot be used is logged, and nothing is recorded."""
        self._memory: bytearray | mmap.mmap = bytearray(PLACES * SIZE)
        self._free = list(range(PLACES - 1, RENDERING, -1))
        self._suspects: dict[ObjectKey, Suspect] = {}
        if folder is None:
            return
        try:
            self._memory = _mapped(folder / "reconciling")
            self._suspects = _read(folder / "applications.json", now)
            if self._blame(now):
                _save(folder / "applications.json", list(self._suspects.values()))
            self._memory[:] = bytes(PLACES * SIZE)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            log.warning("crashes are not recorded", extra={"error": str(error)})

    def __contains__(self, key: object) -> bool:
        """Whether a process ended while any version of an application was reconciled."""
        return key in self._suspects

    def deaths(self, key: ObjectKey, version: str) -> int:
        """The number of processes that ended while this version of an application was reconciled."""
        suspect = self._suspects.get(key)
        return suspect.deaths if suspect is not None and suspect.version == version else 0

    @contextlib.contextmanager
    def rendering(self, key: ObjectKey, version: str) -> Iterator[None]:
        """Record an application while it is rendered. The context must not be left for another task."""
        self._write(RENDERING, _record(key, version))
        try:
            yield
        finally:
            self._write(RENDERING, _EMPTY)

    @contextlib.contextmanager
    def reconciling(self, key: ObjectKey, version: str) -> Iterator[None]:
        """Record an application while its objects are applied. Beyond PLACES it is not recorded."""
        place = self._free.pop() if self._free else None
        if place is None:
            yield
            return
        self._write(place, _record(key, version))
        try:
            yield
        finally:
            self._write(place, _EMPTY)
            self._free.append(place)

    def _write(self, place: int, record: bytes) -> None:
        self._memory[place * SIZE : (place + 1) * SIZE] = record

    def _blame(self, now: datetime) -> bool:
        """Count the death of the previous process for the application that it rendered, else for those it applied.

        Return whether there is one.
        """
        records = [_parsed(bytes(self._memory[start : start + SIZE])) for start in range(0, PLACES * SIZE, SIZE)]
        blamed = records[: RENDERING + 1] if records[RENDERING] is not None else records
        for record in blamed:
            if record is not None:
                key, version = record
                deaths = self.deaths(key, version) + 1
                self._suspects[key] = Suspect(key.namespace, key.name, version, deaths, now)
                log.warning("a process ended during a reconcile", extra={"key": str(key), "deaths": deaths})
        return any(records)


def _read(path: Path, now: datetime) -> dict[ObjectKey, Suspect]:
    """The suspects in the list, without those that are forgotten."""
    try:
        suspects = msgspec.json.decode(path.read_bytes(), type=list[Suspect])
    except FileNotFoundError:
        return {}
    kept = (suspect for suspect in suspects if suspect.deaths >= DEATHS or now - suspect.seen < MEMORY)
    return {ObjectKey(suspect.namespace, suspect.name): suspect for suspect in kept}


def _save(path: Path, suspects: list[Suspect]) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_bytes(msgspec.json.format(msgspec.json.encode(suspects), indent=2))
    temporary.replace(path)


def _mapped(path: Path) -> mmap.mmap:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("r+b") as file:
        file.truncate(PLACES * SIZE)
        return mmap.mmap(file.fileno(), PLACES * SIZE)


def _record(key: ObjectKey, version: str) -> bytes:
    parts = [part.encode(errors="replace") for part in (key.namespace, key.name, version)]
    return _SEPARATOR.join(parts)[: SIZE - 1].ljust(SIZE, _SEPARATOR)


def _parsed(record: bytes) -> tuple[ObjectKey, str] | None:
    """The application in a record, or None where there is none or it is invalid."""
    parts = [part.decode(errors="replace") for part in record.split(_SEPARATOR, 3)[:3]]
    return (ObjectKey(parts[0], parts[1]), parts[2]) if len(parts) == 3 and all(parts) else None
