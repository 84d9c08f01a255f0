"""The help of every command has an example, and every example runs in a shell.

The folder has the project's examples; the kubeconfig of its home leads to a `rudr dev` with these applied. Commands
that go on until they are stopped are stopped once they have begun.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from rudr_py.cli.program import COMMANDS, program
from rudr_py.plugins.call_marker import CallLabel
from rudr_py.plugins.quarantine import Offence, Quarantine
from tests.cli import programs

LIMIT = 90.0

ENDLESS = {"dev": "Press Ctrl-C to stop", "run": "controller"}
"""Commands that go on until they are stopped, and what they say once they have begun."""

ANSWERS = {"diff": (0, 1), "doctor": (0, 1), **dict.fromkeys(("down", "export", "logs", "up"), (0, 1))}
"""Exit codes that are an answer, not a failure; 0 of all others. The packages with targets are not installed."""


class Example(msgspec.Struct, frozen=True):
    """A line of the help of a command."""

    command: str
    line: str

    def __str__(self) -> str:
        return self.line


def _commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if not words and name not in COMMANDS:
            continue  # of another package
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join((*words, name)), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))


FOUND = dict(_commands(program, ()))
EXAMPLES = [
    Example(name, line)
    for name, command in FOUND.items()
    for line in re.findall(r"^\s*Example: (.*)$", command.help or "", re.MULTILINE)
]


@pytest.mark.parametrize("name", FOUND)
def test_the_help_of_a_command_has_an_example_of_it(name: str) -> None:
    lines = [example.line for example in EXAMPLES if example.command == name]
    assert lines, f"rudr {name} --help has no line that begins with Example:"
    called = name.rpartition(" ")[2]
    for line in lines:
        assert re.search(rf"\brudr (.* )?{called}\b", line), line


class Place:
    """A folder with the examples of the project, and a shell in it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        (self.home / ".kube").mkdir(parents=True)
        self.kubeconfig = self.home / ".kube" / "config"
        self.folder = folder / "checkout"
        others = shutil.ignore_patterns("environments", "gitops")  # input of Kustomize, Helm, Argo CD and Flux
        shutil.copytree(programs.ROOT / "examples", self.folder / "examples", ignore=others)
        Quarantine(self.folder / "state").add(
            Offence(CallLabel("type", "cron-hpa", "rudr-py-cronhpa 0.1.0"), "it looped")
        )
        self._path = programs.install(folder / "bin")

    def has(self, name: str) -> bool:
        """Whether a program is installed."""
        return shutil.which(name, path=self._path) is not None

    def start(self, line: str) -> subprocess.Popen[str]:
        """Start a line in a shell, with one pipe for both outputs."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RUDR_", "KUBE"))}
        # the default ports may belong to another process of this machine
        ports = {f"RUDR_{name}_BIND_ADDRESS": "127.0.0.1:0" for name in ("METRICS", "HEALTH_PROBE")}
        return subprocess.Popen(  # noqa: S603 - our own examples
            ["bash", "--norc", "-c", f"set -o pipefail; {line}"],  # noqa: S607 - the bash of this machine
            cwd=self.folder,
            env={**inherited, **ports, "PATH": self._path, "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, line: str) -> tuple[int, str]:
        """Run a line. Returns the exit code and the output."""
        with self.start(line) as process:
            said, _ = process.communicate(timeout=LIMIT)
        return process.returncode, said


def until(process: subprocess.Popen[str], text: str) -> str:
    """Read until a text is printed. Fails if the process ends before, or takes too long."""
    assert process.stdout is not None
    limit = threading.Timer(LIMIT, process.kill)
    limit.start()
    said = ""
    while text not in said:
        line = process.stdout.readline()
        assert line, f"it ended without saying {text!r}: {said}"
        said += line
    limit.cancel()
    return said


def stopped(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Stop it as Ctrl-C does, with a signal to its process group. Returns the exit code and the output."""
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=LIMIT)
    return process.returncode, said


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("examples"))
    with place.start(f"exec rudr dev -v -n shop --kubeconfig {place.kubeconfig} -f examples") as process:
        until(process, "/shop: Ready")
        threading.Thread(target=lambda: process.stdout and process.stdout.read(), daemon=True).start()
        yield place
        os.killpg(process.pid, signal.SIGINT)
        process.wait(LIMIT)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_runs(place: Place, example: Example) -> None:
    if "kubectl" in example.line and not place.has("kubectl"):
        pytest.skip("kubectl is not installed")
    if example.command in ENDLESS:
        # the port of the example may be taken on this machine
        with place.start("exec " + re.sub(r"--port \d+", "--port 0", example.line)) as process:
            begun = until(process, ENDLESS[example.command])
            code, ended = stopped(process)
        said = begun + ended
    else:
        code, said = place.run(example.line)
    assert code in ANSWERS.get(example.command, (0,)), said
    assert "Traceback" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_a_failing_shell_line_is_detected(place: Place) -> None:
    assert place.run("rudr explain trait ingres | cat")[0] == 1
