"""Commands of other packages: entry points, late imports, and conflicts of names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from rudr_py.cli import program
from rudr_py.cli.program import Program

MODULE = """
import click

@click.command("{name}")
def command():
    "Say hello."
    click.echo("hello")

number = 1
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package with commands as `name = module:attribute`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(package: str, *commands: str) -> None:
        info = tmp_path / f"{package}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text("\n".join([f"[{program.GROUP}]", *commands, ""]))
        (tmp_path / f"{package}_module.py").write_text(MODULE.format(name=package))

    return install


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(Program(program.COMMANDS, program.installed_commands, name="rudr"), list(arguments))


def test_a_package_adds_a_command(install: Install) -> None:
    install("hello", "hello = hello_module:command")
    assert _run("hello").output == "hello\n"
    assert "A command of hello 1.2." in _run("--help").output


def test_help_imports_no_command_of_a_package(install: Install) -> None:
    install("broken", "broken = no_such_module:command")
    assert _run("--help").exit_code == 0


def test_no_package_replaces_a_builtin_command(install: Install) -> None:
    install("thief", "version = thief_module:command")
    assert program.installed_commands().get("version") is None
    assert "rudr-py" in _run("version").output


def test_a_name_that_two_packages_use_is_not_available(install: Install) -> None:
    install("one", "same = one_module:command")
    install("two", "same = two_module:command")
    assert "same" not in program.installed_commands()


@pytest.mark.parametrize("place", ["no_such_module:command", "odd_module:absent", "odd_module:number"])
def test_a_command_that_cannot_be_loaded_is_reported_with_its_package(install: Install, place: str) -> None:
    install("odd", f"odd = {place}")
    done = _run("odd")
    assert done.exit_code == 1
    assert "odd 1.2" in done.stderr
    assert "Traceback" not in done.output


def test_completion_after_a_command_that_cannot_be_loaded_raises_nothing(install: Install) -> None:
    install("odd", "odd = no_such_module:command")
    group = Program(program.COMMANDS, program.installed_commands, name="rudr")
    assert ShellComplete(group, {}, "rudr", "_RUDR_COMPLETE").get_completions(["odd"], "--no-such") == []
