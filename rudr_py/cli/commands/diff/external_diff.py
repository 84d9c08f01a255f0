"""Runs the diff program of the user on the live and the merged objects, as kubectl does."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.cli.output import plain_text
from rudr_py.cli.process import CommandFailure

FAILED = 2
"""The exit code when the comparison fails, as in kubectl: 1 means that there are differences."""

VARIABLE = "KUBECTL_EXTERNAL_DIFF"
"""The environment variable that selects the program, as in kubectl."""

_ARGUMENT = re.compile(r"[a-zA-Z0-9-=]+")
"""The arguments of an external program that kubectl passes on."""


class DiffFailure(CommandFailure):
    """An error with the exit code 2."""

    exit_code = FAILED


def run(program: str, differences: Sequence[DocumentDiff]) -> int:
    """Run an external diff program on two directories. Its exit codes 0 and 1 are kept, all others become FAILED."""
    words = program.split()
    arguments = [word for word in words[1:] if _ARGUMENT.fullmatch(word)]
    with tempfile.TemporaryDirectory(prefix="LIVE-") as live, tempfile.TemporaryDirectory(prefix="MERGED-") as merged:
        for difference in differences:
            for remark in difference.remarks:
                click.echo(f"{difference.ref}: {plain_text.printable(remark)}", err=True)
            for folder, content in zip((live, merged), document_diff.texts(difference), strict=True):
                Path(folder, difference.file).write_text(content, encoding="utf-8")
        try:
            done = subprocess.run([words[0], *arguments, live, merged], check=False)  # noqa: S603 - the user's program
        except OSError as error:
            raise DiffFailure(f"error: {VARIABLE}={program}: {error.strerror or error}") from error
    return done.returncode if done.returncode in (0, 1) else FAILED
