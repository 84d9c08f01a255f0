"""`rudr quadlet`: the files of Quadlet for the objects that `rudr render` prints. Starts nothing, reads no cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import click
import yaml

from rudr_py.api import get_in
from rudr_py_podman import quadlet
from rudr_py_podman.quadlet import Application, Exported, Finding

APPLICATION = "app.kubernetes.io/name"
"""The label of objects with the name of their application."""

MARKER = "# Written by rudr quadlet; changes are overwritten.\n"
"""The first line of every file, without which a file is not overwritten or deleted."""

SUFFIXES = frozenset({".kube", ".network", ".timer", ".yaml"})


@click.command("quadlet")
@click.option("-f", "--filename", "file", type=click.File(), default="-", help="Objects; standard input by default.")
@click.option(
    "-o",
    "--output-dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files, such as /etc/containers/systemd/NAME; they are printed by default.",
)
@click.pass_context
def command(context: click.Context, file: TextIO, folder: Path | None) -> None:
    """Print the files that run applications with podman and systemd on one machine.

    Reads the objects that rudr render prints, including those that --show-sensitive reveals. A requirement that podman
    cannot fulfil is a warning or an error on standard error; with an error nothing is written, and the exit code is 1.
    Files in timers/ belong into the folder of systemd, such as /etc/systemd/system.

    \b
    Example: rudr render -f examples/ | rudr quadlet -o /etc/containers/systemd/shop
    """
    try:
        documents = [document for document in yaml.safe_load_all(file) if document]
    except yaml.YAMLError as error:
        raise click.ClickException(f"{file.name} is not YAML: {error}") from error
    exported = [quadlet.export(application) for application in applications(documents)]
    findings = [finding for each in exported for finding in each.findings]
    for finding in findings:
        click.echo(_line(finding), err=True)
    if any(finding.severity == "error" for finding in findings):
        context.exit(1)
    files = merged(exported)
    if folder is None:
        click.echo("".join(f"# {name}\n{text}\n" for name, text in files.items()), nl=False)
    else:
        write(files, folder)


def applications(documents: Iterable[Mapping[str, Any]]) -> list[Application]:
    """The applications of objects, by the label with their names. Raises ClickException for an object without one."""
    objects: dict[str, list[Mapping[str, Any]]] = {}
    for document in documents:
        name = get_in(document, "metadata", "labels", APPLICATION, default="")
        if not name:
            kind, own = document.get("kind", "object"), get_in(document, "metadata", "name", default="")
            raise click.ClickException(f'{kind} "{own}" has no label {APPLICATION}; the input is that of rudr render')
        objects.setdefault(name, []).append(document)
    return [Application(name=name, objects=tuple(own)) for name, own in objects.items()]


def merged(exported: Iterable[Exported]) -> dict[str, str]:
    """The files of all applications. Raises ClickException if two of them have one name."""
    files: dict[str, str] = {}
    for each in exported:
        for name, text in each.files.items():
            if files.setdefault(name, text) != text:
                raise click.ClickException(f"two applications have the file {name}: export them into two folders")
    return files


def write(files: Mapping[str, str], folder: Path) -> None:
    """Write the files, and delete files of an earlier run. Raises ClickException for a file of another origin."""
    for name in files:
        path = folder / name
        if path.exists() and not path.read_text().startswith(MARKER):
            raise click.ClickException(f"{path} was not written by rudr quadlet; move it, or choose another folder")
    written = {folder / name for name in files}
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path not in written and path.read_text().startswith(MARKER):
            path.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(MARKER + text)


def _line(finding: Finding) -> str:
    metadata = finding.document["metadata"]
    instance = get_in(metadata, "labels", quadlet.INSTANCE, default="")
    owner = f' (instance "{instance}")' if instance else ""
    return f"{finding.severity}: {finding.document['kind']} {metadata['name']}{owner}: {finding.message}"
