"""The engines of the installed targets: which of them can run here, and their processes."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from rudr_py.api.targets import Argv, Engine
from rudr_py.cli.process import CommandFailure
from rudr_py.errors import PluginError
from rudr_py.plugins import targets
from rudr_py.plugins.targets import PACKAGES, LoadedTarget, TargetIndex

DETECTION_LIMIT = 20
"""The longest time for the detection of an engine, in seconds."""


class UsableEngine(msgspec.Struct, frozen=True):
    """An engine, and the target whose files it runs."""

    target: LoadedTarget
    engine: Engine


def choose(name: str | None) -> UsableEngine:
    """The engine of this name, or the first one that can run here. Raises CommandFailure if there is none."""
    candidates = list(_installed(targets.installed()))
    if not candidates:
        raise CommandFailure(f"no target with an engine is installed; to install some: pip install {PACKAGES}")
    chosen = [each for each in candidates if name in (None, each.engine.name)]
    if not chosen:
        names = ", ".join(each.engine.name for each in candidates)
        raise CommandFailure(f'no installed target has the engine "{name}"; engines: {names}')
    for candidate in chosen:
        if _runs(candidate.engine):
            return candidate
    hints = "".join(f"\n{each.engine.name}: to install it, {each.engine.install}" for each in chosen)
    raise CommandFailure(f"no container engine can run here:{hints}")


def recorded(target: str, engine: str) -> UsableEngine:
    """The engine with which an application was started. Raises RudrError if its package is not installed any more."""
    loaded = targets.installed().load(target)
    for candidate in loaded.target.engines:
        if candidate.name == engine:
            return UsableEngine(loaded, candidate)
    raise CommandFailure(f'the target "{target}" of {loaded.package} has no engine "{engine}" any more')


def _installed(index: TargetIndex) -> Iterator[UsableEngine]:
    """The engines of all targets that can be loaded."""
    for name in sorted(index.points):
        try:
            loaded = index.load(name)
        except PluginError as error:
            click.echo(f"warning: {error}", err=True)
            continue
        for engine in loaded.target.engines:
            yield UsableEngine(loaded, engine)


def _runs(engine: Engine) -> bool:
    try:
        return _process(engine.detect(), Path(), capture=True, limit=DETECTION_LIMIT).returncode == 0
    except (CommandFailure, subprocess.TimeoutExpired):
        return False


def run(commands: Iterable[Argv], folder: Path) -> None:
    """Run commands one after another with the streams of this process. Raises CommandFailure if one fails."""
    for argv in commands:
        done = _process(argv, folder)
        if done.returncode != 0:
            raise CommandFailure(f"{shlex.join(argv)} exited with {done.returncode}")


def output(argv: Argv, folder: Path) -> str:
    """The standard output of a command. Raises CommandFailure if it fails."""
    done = _process(argv, folder, capture=True)
    if done.returncode != 0:
        raise CommandFailure(f"{shlex.join(argv)} exited with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _process(
    argv: Argv, folder: Path, *, capture: bool = False, limit: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. Raises CommandFailure if it cannot be started, TimeoutExpired after the limit."""
    try:
        return subprocess.run(  # noqa: S603 - an engine of an installed package, without a shell
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=capture,
            text=True,
            timeout=limit,
            check=False,
        )
    except OSError as error:
        raise CommandFailure(f"{argv[0]} cannot be started: {error.strerror}") from error
