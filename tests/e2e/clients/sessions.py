"""Recorded sessions with kubectl: files of commands with their output on a real server. Replays and records them.

A line `$ …` is a command without the word kubectl, run in the folder `documents`; what follows is its output, `! `
before lines of standard error, `[exit N]` after a failure. Blank lines and lines with `#` are comments.
Texts that differ between two runs (ages, uids, times, addresses) are replaced by a word in capitals, and the word
NAMESPACE in a command or document by the test's namespace.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
DOCUMENTS = FOLDER / "documents"
SECONDS = 60

REPLACED = (
    (r"\be2e-[0-9a-f]{8}\b", "NAMESPACE"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UID"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"\b[WE]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ", "LOG "),
    (r"\b10\.\d+\.\d+\.\d+\b", "ADDRESS"),
    (r"\bweb-[0-9a-z]{8,10}(-[0-9a-z]{5})?\b", "GENERATED"),
    (r"(?<=pod-template-hash=)\w+", "HASH"),
    (r"https?://127\.0\.0\.1:\d+", "SERVER"),
    (r":3\d{4}/TCP", ":PORT/TCP"),
    (r'(resourceVersion"?: |Resource Version: +)"?\d+"?', r"\1VERSION"),
    (r"<unknown>|<invalid>|(?<![\w.=-])(\d+m)?\d+s(?![\w.-])", "AGE"),
    (r"#success=(\d+) #failure=(\d+)", r"successThreshold=\1 failureThreshold=\2"),
    (r"(?m)(?<!^[-+])(?<=\S) {2,}", "  "),
)
"""Texts that differ between two runs, and their replacement."""


@dataclass(frozen=True)
class Step:
    """A command and what it printed, as lines of a session; `notes` are the reader's lines before it."""

    command: str
    output: str
    notes: str = ""

    def __str__(self) -> str:
        return f"{self.notes}$ {self.command}\n{self.output}"


@dataclass(frozen=True)
class Client:
    """A kubectl with its kubeconfig, namespace and home directory."""

    version: str
    binary: Path
    kubeconfig: Path
    home: Path
    namespace: str

    def settle(self) -> None:
        """Copy the documents to the working directory of the commands."""
        folder = self.home / DOCUMENTS.name
        folder.mkdir()
        for document in DOCUMENTS.iterdir():
            (folder / document.name).write_text(document.read_text().replace("NAMESPACE", self.namespace))

    async def started(self, command: str) -> asyncio.subprocess.Process:
        """Start a command, written as in a shell, in the test's namespace."""
        return await asyncio.create_subprocess_exec(
            str(self.binary),
            "--namespace",
            self.namespace,
            *shlex.split(command.replace("NAMESPACE", self.namespace)),
            cwd=self.home / DOCUMENTS.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                "KUBECONFIG": str(self.kubeconfig),
                "HOME": str(self.home),
                "KUBECTL_EXTERNAL_DIFF": "diff -N --unified=0 --label=live --label=merged",
            },
        )

    async def run(self, command: str) -> str:
        """The output of a command as lines of a session."""
        process = await self.started(command)
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        return printed(out.decode(), err.decode(), process.returncode or 0)


def load(path: Path) -> list[Step]:
    """The steps of a session file."""
    return list(read(path.read_text()))


def save(path: Path, steps: list[Step]) -> None:
    """Write a session file."""
    path.write_text("".join(map(str, steps)))


def read(text: str) -> Iterator[Step]:
    """The steps of a session."""
    notes = command = output = ""
    for line in [*text.splitlines(keepends=True), "$ "]:
        if line.startswith("$ "):
            if command:
                yield Step(command, output, notes)
                notes = output = ""
            command = line[2:].rstrip("\n")
        elif line.startswith("#") or not line.strip():
            if command:
                yield Step(command, output, notes)
                notes = command = output = ""
            notes += line
        else:
            output += line


def difference(expected: list[Step], recorded: list[Step]) -> str:
    """The steps with another output, as diffs."""
    return "".join(
        f"$ {step.command}\n" + "".join(difflib.ndiff(step.output.splitlines(True), other.output.splitlines(True)))
        for step, other in zip(expected, recorded, strict=True)
        if step != other
    )


def printed(out: str, err: str, code: int) -> str:
    """Normalized output: without texts that differ between two runs, and without blank lines."""
    out = re.sub(r"(?m)^Waiting for .*\n", "", out)
    lines = [*normal(out).splitlines(), *(f"! {line}" for line in normal(err).splitlines())]
    if code:
        lines.append(f"[exit {code}]")
    return "".join(f"{line.rstrip()}\n" for line in lines if line.strip(" !"))


def normal(text: str) -> str:
    """The text with the parts that differ between two runs replaced."""
    for pattern, word in REPLACED:
        text = re.sub(pattern, word, text)
    return text
