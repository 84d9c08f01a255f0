"""Waits until the services of a started application are ready, and prints each change of their states."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import click

from rudr_py.api.targets import State
from rudr_py.cli.commands.up import engines
from rudr_py.cli.commands.up.projects import RunningProject
from rudr_py.cli.process import CommandFailure

INTERVAL = 1.0
"""The time between two reads of the states, in seconds."""

Sleep = Callable[[float], None]


def follow(running: RunningProject, timeout: float, sleep: Sleep) -> None:
    """Wait until every service is ready or complete.

    Raises CommandFailure if a service fails, or if one is not ready after `timeout` seconds of sleep.
    """
    last: Mapping[str, State] = {}
    waited = 0.0
    while True:
        states = _states(running)
        for name, state in states.items():
            if last.get(name) != state:
                click.echo(f"{running.project.name}/{name}: {state}", err=True)
        if failed := sorted(name for name, state in states.items() if state == "failed"):
            hint = f"see: rudr logs {running.project.name}"
            raise CommandFailure(f"failed in {running.project.name}: {', '.join(failed)}; {hint}")
        pending = sorted(name for name, state in states.items() if state == "starting")
        if states and not pending:
            return
        if waited >= timeout:
            names = ", ".join(pending) or "no service exists"
            raise CommandFailure(f"timed out waiting for {running.project.name}: {names}")
        last = states
        sleep(INTERVAL)
        waited += INTERVAL


def _states(running: RunningProject) -> Mapping[str, State]:
    engine, project = running.usable.engine, running.project
    text = engines.output(engine.status(project), running.folder)
    try:
        return dict(sorted(engine.states(project, text).items()))
    except ValueError as error:
        raise CommandFailure(f"the states that {engine.name} reports cannot be read: {error}") from error
