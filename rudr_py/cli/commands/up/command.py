"""`rudr up`: exports applications and starts them with a container engine of this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import click

from rudr_py.api.targets import Project
from rudr_py.cli.commands.export import command as export_command
from rudr_py.cli.commands.export import folder
from rudr_py.cli.commands.up import engines, progress, projects
from rudr_py.cli.commands.up.engines import UsableEngine
from rudr_py.cli.commands.up.projects import RunningProject
from rudr_py.cli.options import durations, flags
from rudr_py.cli.options.flags import DocumentOptions


@click.command("up")
@flags.documents
@click.option("--with", "engine_name", metavar="ENGINE", help="The engine; default: the first one that can run here.")
@projects.option()
@click.option(
    "--timeout",
    metavar="DURATION",
    default="5m",
    show_default=True,
    callback=durations.option,
    help="The longest time to wait until an application is ready.",
)
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    document_options: DocumentOptions,
    *,
    engine_name: str | None,
    output: Path,
    timeout: float,
    sensitive_words: tuple[str, ...],
) -> None:
    """Run applications on this machine with a container engine, without Kubernetes.

    The applications are exported to the target of the engine (rudr export --list), started or updated, and followed
    until every service is ready and every Task is complete. If one application has errors, none is started.

    \b
    Example: rudr up -f examples/shop.yaml
    Example: rudr up -f examples/shop.yaml --with podman
    """
    usable = engines.choose(engine_name)
    result, _ = export_command.exported(context, document_options, usable.target, sensitive_words)
    if result.problems.errors:
        context.exit(1)
    started = []
    for name, files in result.files.items():
        path = output / name
        _stop_former(path, files, usable)
        folder.write(path, files, target=usable.target.name, engine=usable.engine.name)
        project = Project(name=name, files=files)
        started.append(RunningProject(project=project, folder=path, usable=usable))
    for running in started:
        engines.run(usable.engine.up(running.project), running.folder)
    for running in started:
        progress.follow(running, timeout, time.sleep)


def _stop_former(path: Path, files: Mapping[str, str], usable: UsableEngine) -> None:
    """Stop the services of an earlier start if some are no longer in the files, or belong to another engine."""
    former = projects.read(path)
    if former is None:
        return
    is_same_engine = former.usable.engine.name == usable.engine.name
    if not is_same_engine or former.project.files.keys() - files.keys():
        engines.run(former.usable.engine.down(former.project), path)
