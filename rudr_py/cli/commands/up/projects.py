"""The applications that `rudr up` has started: a folder for each, with its files and the name of its engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
import msgspec

from rudr_py.api.targets import Project
from rudr_py.cli.commands.export import folder
from rudr_py.cli.commands.up import engines
from rudr_py.cli.commands.up.engines import UsableEngine
from rudr_py.cli.process import CommandFailure


class RunningProject(msgspec.Struct, frozen=True, kw_only=True):
    """A started application."""

    project: Project
    folder: Path
    usable: UsableEngine


def option() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add `--output-dir`; the command gets its value as `output`."""
    return click.option(
        "--output-dir",
        "output",
        type=click.Path(file_okay=False, path_type=Path),
        default=_default,
        show_default="~/.local/state/rudr/up",
        help="Directory of the files of started applications.",
    )


def _default() -> Path:
    """The folder of the XDG Base Directory Specification for the state of a program."""
    state = os.environ.get("XDG_STATE_HOME", "")
    return (Path(state) if state.startswith("/") else Path.home() / ".local" / "state") / "rudr" / "up"


def started(output: Path, names: Sequence[str]) -> list[RunningProject]:
    """The started applications with these names, or all. Raises CommandFailure for a name that was not started."""
    projects = {project.project.name: project for project in _all(output)}
    unknown = [name for name in names if name not in projects]
    if unknown:
        there = f"; started applications: {', '.join(projects)}" if projects else ""
        raise CommandFailure(f"not started by rudr up in {output}: {', '.join(unknown)}{there}")
    return [projects[name] for name in (names or projects)]


def read(path: Path) -> RunningProject | None:
    """The application that was started from a folder, if any."""
    record = folder.read(path)
    if record is None or not record.engine:
        return None
    files = {name: _text(path / name) for name in record.files}
    project = Project(name=path.name, files=files)
    return RunningProject(project=project, folder=path, usable=engines.recorded(record.target, record.engine))


def _all(output: Path) -> Iterator[RunningProject]:
    for path in sorted(output.iterdir()) if output.is_dir() else ():
        running = read(path) if path.is_dir() else None
        if running is not None:
            yield running


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise CommandFailure(f"{path} cannot be read: {error.strerror}; start the application again") from error
