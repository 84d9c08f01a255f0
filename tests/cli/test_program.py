"""The table of commands: help, late imports and errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

import rudr_py
from rudr_py.cli import program
from rudr_py.cli.program import CommandEntry, Program

Invoke = Callable[..., Result]
ROOT = Path(rudr_py.__file__).parents[1]

HEAVY = ("aiohttp", "jsonschema", "kubernetes_asyncio", "rich", "asyncio", "rudr_py.controller")
"""Modules that make a program slow to start."""

LOCAL = ("demo", "dev")
"""Commands with the local API, of which a library imports rich."""

PROBE = """
import json, sys
from rudr_py.cli import main
try:
    main(sys.argv[1].split())
except SystemExit as end:
    print(json.dumps([end.code, [name for name in sys.argv[2:] if name in sys.modules]]))
"""

HELP_PROBE = """
import contextlib, io, json, sys
from rudr_py.cli import main
results = {}
for name in sys.argv[1:]:
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            main([name, "--help"])
    except SystemExit as end:
        results[name] = (end.code, [module for module in ("kubernetes_asyncio", "rich") if module in sys.modules])
print(json.dumps(results))
"""
"""Prints the libraries that were imported when the help of each command was printed, in this order."""


def _python(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _output_without_importing(line: str, *modules: str) -> list[str]:
    """The lines that a command prints. Fails if the command imports one of the modules."""
    done = _python("-c", PROBE, line, *modules)
    *text, last = done.stdout.splitlines()
    code, imported = json.loads(last)
    assert code == 0, done.stderr
    assert imported == []
    return text


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    text = _output_without_importing("--help", *HEAVY, "pluggy", "yaml", "rudr_py.api")
    assert all(any(line.strip().startswith(name) for line in text) for name in program.COMMANDS)


def test_help_of_a_command_imports_no_cluster_library_and_no_terminal_library() -> None:
    names = [*(name for name in program.COMMANDS if name not in LOCAL), *LOCAL]
    done = _python("-c", HELP_PROBE, *names)
    results = json.loads(done.stdout)
    assert {name: code for name, (code, _) in results.items()} == dict.fromkeys(names, 0), done.stderr
    imported = {name: modules for name, (_, modules) in results.items()}
    assert {name: modules for name, modules in imported.items() if modules and name not in LOCAL} == {}
    assert not any("kubernetes_asyncio" in modules for modules in imported.values())


@pytest.mark.parametrize("line", ["version", "--version", "completion bash"])
def test_a_command_that_only_prints_text_imports_nothing_heavy(line: str) -> None:
    assert _output_without_importing(line, *HEAVY)


@pytest.mark.parametrize("name", program.COMMANDS)
def test_every_entry_is_a_command_of_that_name(name: str, invoke: Invoke) -> None:
    command = program.program.get_command(click.Context(program.program), name)
    assert command is not None
    assert command.name == name
    assert command.help
    assert invoke(name, "--help").exit_code == 0


@pytest.mark.parametrize("name", program.COMMANDS)
def test_the_help_of_an_entry_is_one_sentence(name: str) -> None:
    text = program.COMMANDS[name].help
    assert text.endswith(".")
    assert len(text) < 70


def test_completion_offers_commands_and_options_without_importing_any_command() -> None:
    code = "from rudr_py.cli.program import main; main([])"
    variables = {"_RUDR_COMPLETE": "bash_complete", "COMP_CWORD": "1"}
    for words, expected in (("rudr va", "plain,validate"), ("rudr --h", "plain,--help")):
        done = _python("-c", f"import sys; sys.argv[0] = 'rudr'; {code}", **variables, COMP_WORDS=words)
        assert done.stdout.splitlines() == [expected], done.stderr
    entries = {"absent": CommandEntry("no_such_module:command", "Nothing.")}
    group = Program(entries, name="rudr")
    assert [item.value for item in group.shell_complete(click.Context(group), "a")] == ["absent"]


def test_the_error_for_an_unknown_command_suggests_the_nearest_name(invoke: Invoke) -> None:
    done = invoke("rendr")
    assert 'Did you mean "render"?' in done.stderr
    assert done.exit_code == 2


def test_the_usage_of_the_kubectl_plugin_is_kubectl_rudr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-rudr", "--help"])
    with pytest.raises(SystemExit):
        program.main()
    assert capsys.readouterr().out.startswith("Usage: kubectl rudr ")


def test_a_process_reads_standard_input_and_returns_the_exit_code() -> None:
    done = _python("-m", "rudr_py", "validate", "-f", "-", stdin="apiVersion: core.oam.dev/v1alpha1\nkind: Trat\n")
    assert done.stdout.startswith("<stdin>:2:7: error: $.kind: ")
    assert done.returncode == 1
    assert done.stderr == ""


def test_version_prints_text_and_json(invoke: Invoke) -> None:
    assert f"rudr-py {rudr_py.__version__}" in invoke("version").stdout
    assert json.loads(invoke("version", "-o", "json").stdout)["rudr-py"] == rudr_py.__version__


def test_version_is_available_as_an_option(invoke: Invoke) -> None:
    result = invoke("--version")
    assert (result.exit_code, result.output) == (0, f"rudr-py {rudr_py.__version__}\n")


def test_a_command_without_its_extra_names_the_requirement_to_install() -> None:
    program = "import sys; sys.modules['jsonpatch'] = None; from rudr_py.cli import main; main(['dev'])"
    done = _python("-c", program)
    assert done.returncode == 1
    assert """the command "dev" needs the package jsonpatch: pip install 'rudr-py[local]'""" in done.stderr
    assert "Traceback" not in done.stderr
