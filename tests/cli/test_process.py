"""The behaviour of the process: exit codes, messages instead of tracebacks, encodings."""

from __future__ import annotations

import errno
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import rudr_py
from rudr_py.cli.program import CommandEntry, Program
from rudr_py.errors import ConfigError

ROOT = Path(rudr_py.__file__).parents[1]

FOREIGN = "ünïcode ─ 日本"


class _Raising(Program):
    """A program whose only command raises an error."""

    def __init__(self, error: BaseException) -> None:
        super().__init__({"fails": CommandEntry("", "Fail.")}, name="rudr")
        self._error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        def fail() -> None:
            raise self._error

        return click.Command(cmd_name, callback=fail)


def ended(error: BaseException) -> Result:
    return CliRunner().invoke(_Raising(error), ["fails"])


def test_an_error_of_rudr_becomes_a_message_and_exit_code_1() -> None:
    done = ended(ConfigError("the kubeconfig has no current context"))
    assert done.stderr == "error: the kubeconfig has no current context\n"
    assert done.exit_code == 1


def test_errors_of_a_group_are_printed_without_duplicates() -> None:
    one, other = ConfigError("one"), ConfigError("other")
    done = ended(ExceptionGroup("", [one, ExceptionGroup("", [other, ConfigError("one")])]))
    assert done.stderr == "error: one\nother\n"
    assert done.exit_code == 1


def test_ctrl_c_exits_with_130_without_a_message() -> None:
    done = ended(KeyboardInterrupt())
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize(
    "error",
    [
        BrokenPipeError(errno.EPIPE, "Broken pipe"),
        ExceptionGroup("unhandled errors in a TaskGroup", [BrokenPipeError(errno.EPIPE, "Broken pipe")]),
    ],
    ids=["alone", "in a group"],
)
def test_a_closed_pipe_is_not_reported(error: Exception) -> None:
    done = ended(error)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize(
    "error",
    [ValueError("a fault"), FileNotFoundError(errno.ENOENT, "gone", "x"), ExceptionGroup("", [ValueError("a fault")])],
)
def test_an_unexpected_exception_keeps_its_traceback(error: Exception) -> None:
    assert ended(error).exception is error


def rudr(*arguments: str, stdin: str = "", **environment: str) -> Callable[[int], subprocess.Popen[bytes]]:
    """A function that starts the program with a file descriptor as standard output."""

    def start(stdout: int) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "rudr_py", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(stdin.encode())
        return process

    return start


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_reported_without_a_traceback() -> None:
    with Path("/dev/full").open("wb") as full, rudr("version")(full.fileno()) as process:
        _, err = process.communicate(timeout=60)
    assert err.decode() == "error: the output cannot be written: No space left on device\n"
    assert process.returncode == 1


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_output_in_a_pipe_is_utf_8_in_every_locale(
    encoding: str, component: Callable[..., str], application: Callable[..., str]
) -> None:
    documents = "---\n".join((component().replace("nginx:1", f"nginx:1\n    cmd: [{FOREIGN!r}]"), application()))
    started = rudr("render", "-f", "-", stdin=documents, PYTHONIOENCODING=encoding)(subprocess.PIPE)
    with started as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert FOREIGN in out.decode("utf-8")


def test_a_terminal_gets_escapes_for_characters_outside_its_encoding() -> None:
    ours, its = pty.openpty()
    documents = f"apiVersion: core.oam.dev/v1alpha1\nkind: {FOREIGN}\n"
    with rudr("validate", "-f", "-", stdin=documents, PYTHONIOENCODING="latin-1")(its) as process:
        os.close(its)
        _, err = process.communicate(timeout=60)
        output = os.read(ours, 65536)
    os.close(ours)
    assert err == b""
    assert process.returncode == 1
    assert "ünïcode \\u2500 \\u65e5\\u672c".encode("latin-1") in output
