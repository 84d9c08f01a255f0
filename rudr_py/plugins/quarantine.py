"""Stores in a folder the types and plugins that ended a process, so that the next process starts without them.

Two files: `quarantine.json`, the list, and `calling`, the marker of the current process. When a process starts, the
marker contains the call during which its predecessor ended. An entry is valid for one version of its package only.
"""

from __future__ import annotations

import contextlib
import mmap
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from rudr_py.errors import ConfigError
from rudr_py.plugins import call_marker
from rudr_py.plugins.call_marker import SIZE, CallLabel, CallMarker

if sys.platform != "win32":
    import fcntl

ENDED = "the process ended during its call: a loop in C, too much memory, or a kill from outside"


class Offence(msgspec.Struct, frozen=True):
    """A quarantined type or plugin, and the reason."""

    label: CallLabel
    why: str

    @property
    def reason(self) -> str:
        """The reason, and the next step for the user."""
        return f"quarantined, because {self.why}; upgrade the package, or: rudr plugins release {self.label.name}"


class Quarantine:
    """The list in a folder, which is created on demand. Raises ConfigError when the folder cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._list = folder / "quarantine.json"
        self._marker = folder / "calling"

    def read(self) -> tuple[Offence, ...]:
        """The list. Raises ConfigError when it cannot be read."""
        try:
            return msgspec.json.decode(self._list.read_bytes(), type=tuple[Offence, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError) as error:
            raise ConfigError(f"the list of quarantined types cannot be read: {self._list}: {error}") from error

    def add(self, offence: Offence) -> None:
        """Add to the list; replaces an earlier entry with the same label."""
        kept = [one for one in self.read() if one.label != offence.label]
        self._write((*kept, offence))

    def release(self, name: str) -> tuple[Offence, ...]:
        """Remove a type or a plugin from the list. Returns the removed entries."""
        listed = self.read()
        released = tuple(one for one in listed if one.label.name == name)
        if released:
            self._write(tuple(one for one in listed if one not in released))
        return released

    @contextlib.contextmanager
    def session(self) -> Iterator[CallMarker]:
        """A marker for this process. Adds the call during which the previous process ended, if any, to the list.

        Raises ConfigError when another process uses the folder.
        """
        with _opened(self._marker) as memory:
            blamed = call_marker.read(bytes(memory[:]))
            if blamed is not None:
                self.add(Offence(blamed, ENDED))
            memory[:] = bytes(SIZE)
            yield CallMarker(memory)
            memory[:] = bytes(SIZE)

    def _write(self, offences: tuple[Offence, ...]) -> None:
        temporary = self._list.with_suffix(".new")
        try:
            self._list.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(offences), indent=2))
            temporary.replace(self._list)
        except OSError as error:
            raise ConfigError(f"the list of quarantined types cannot be written: {self._list}: {error}") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[mmap.mmap]:
    """A file mapped into memory, locked for this process."""
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            file = stack.enter_context(path.open("r+b"))
            if sys.platform != "win32":
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(SIZE)
            memory = stack.enter_context(mmap.mmap(file.fileno(), SIZE))
        except BlockingIOError as error:
            raise ConfigError(f"another process uses {path.parent}; give each its own --state-dir") from error
        except OSError as error:
            raise ConfigError(f"the state directory cannot be used: {path.parent}: {error}") from error
        yield memory
