"""The folder of an exported application: its files, and a record of them, so that files of the user are never lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from rudr_py.cli.process import CommandFailure

RECORD = ".rudr.json"
"""The name of the file that records what rudr wrote into a folder."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The files in a folder that rudr wrote, sorted; the target and the engine if `rudr up` runs them."""

    files: tuple[str, ...]
    target: str = ""
    engine: str = ""


def read(folder: Path) -> Record | None:
    """The record of a folder; None if rudr wrote nothing into it. Raises CommandFailure for one that is damaged."""
    path = folder / RECORD
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise CommandFailure(f"{path} cannot be read: {error}; delete the folder, or choose another one") from error


def write(folder: Path, files: Mapping[str, str], *, target: str = "", engine: str = "") -> None:
    """Write the files and the record, and delete the files of an earlier export that are not among them.

    Raises CommandFailure, before any change, if a file exists that rudr has not written.
    """
    record = read(folder)
    own = frozenset(record.files) if record is not None else frozenset()
    foreign = sorted(name for name in files if name not in own and (folder / name).exists())
    if foreign:
        names = ", ".join(str(folder / name) for name in foreign)
        raise CommandFailure(f"rudr did not write {names}, and does not overwrite it; choose another folder")
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        delete(folder, own - files.keys())
        new = Record(files=tuple(sorted(files)), target=target, engine=engine)
        (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(new), indent=2) + b"\n")
    except OSError as error:
        raise CommandFailure(f"the files cannot be written into {folder}: {error.strerror}") from error


def delete(folder: Path, names: Iterable[str]) -> None:
    """Delete files that rudr wrote, and the folders that are empty afterwards, up to the folder itself."""
    for name in names:
        path = folder / name
        path.unlink(missing_ok=True)
        parent = path.parent
        while parent not in (folder, folder.parent) and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
