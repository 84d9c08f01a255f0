"""Completion of commands, options, types and files in the shells and in kubectl."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from rudr_py.cli.commands import completion
from tests.cli import programs

Invoke = Callable[..., Result]
Run = Callable[..., list[str]]

BASH = """
source <(rudr completion bash)
complete -p rudr >/dev/null || exit 1
COMP_WORDS=({words} "{last}")
COMP_CWORD={count}
compopt() {{ echo "compopt $1 $2"; }}
_rudr_completion rudr
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

ZSH = """
compdef() {{ : }}
eval "$(rudr completion zsh)"
compadd() {{ print -l $completions }}
_describe() {{ print -l -- ${{completions_with_descriptions%%:*}} }}
_path_files() {{ print -r -- "files $*" }}
words=({words} "{last}")
CURRENT={count}+1
_rudr_completion
"""

FISH = """
rudr completion fish | source
complete --do-complete '{line}'
"""


@pytest.fixture(name="path", scope="module")
def _path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """PATH with the scripts that pip would install."""
    return programs.install(tmp_path_factory.mktemp("bin"))


@pytest.fixture(name="run")
def _run(path: str, tmp_path: Path) -> Run:
    """Run a program with the scripts on PATH. Returns its lines."""

    def run(*command: str) -> list[str]:
        executable = shutil.which(command[0], path=path)
        if executable is None:
            pytest.skip(f"{command[0]} is not installed")
        environment = {**os.environ, "PATH": path, "HOME": str(tmp_path)}
        done = subprocess.run(  # noqa: S603 - the shells of this machine
            [executable, *command[1:]],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    return run


@pytest.fixture(name="complete", params=["bash", "zsh", "fish"])
def _complete(request: pytest.FixtureRequest, run: Run) -> Callable[[str], list[str]]:
    """The completions of a shell after a line."""

    def bash(line: str) -> list[str]:
        *words, last = line.split(" ")
        return run("bash", "--norc", "-c", BASH.format(words=" ".join(words), last=last, count=len(words)))

    def zsh(line: str) -> list[str]:
        *words, last = line.split(" ")
        return run("zsh", "-f", "-c", ZSH.format(words=" ".join(words), last=last, count=len(words)))

    def fish(line: str) -> list[str]:
        return run("fish", "--no-config", "-c", FISH.format(line=line))

    complete: Callable[[str], list[str]] = {"bash": bash, "zsh": zsh, "fish": fish}[request.param]
    return complete


def test_commands_options_and_types_are_completed_in_the_shell(complete: Callable[[str], list[str]]) -> None:
    assert complete("rudr expl") == ["explain"]
    assert {"trait", "workload", "scope"} <= set(complete("rudr explain "))
    assert complete("rudr explain trait ing") == ["ingress"]
    assert "SingletonServer" in complete("rudr traits --workload Sing")
    assert "--recursive" in complete("rudr explain --rec")


def test_files_are_completed_by_the_shell(run: Run) -> None:
    assert (
        run("bash", "--norc", "-c", BASH.format(words="rudr validate -f", last="", count=3))[0] == "compopt -o default"
    )
    assert run("zsh", "-f", "-c", ZSH.format(words="rudr validate -f", last="", count=3)) == ["files -f"]


def test_kubectl_completes_its_plugin(run: Run) -> None:
    def complete(*words: str) -> list[str]:
        return run("kubectl", "__complete", "rudr", *words)

    assert complete("expl") == ["explain", ":4"]
    assert complete("explain", "trait", "manu") == ["manual-scaler", ":4"]
    assert complete("validate", "-f", "") == [":0"]
    assert complete("dev", "--stat") == ["--state-dir", ":4"]
    assert complete("no-such-command", "")[-1] == ":4"


def test_kubectl_gets_descriptions_and_a_directive(capsys: pytest.CaptureFixture[str]) -> None:
    completion.for_kubectl(["explain", "trait", "ingr"])
    completion.for_kubectl(["validate", "-f", "a"])
    completion.for_kubectl(["run", "--state-dir", ""])
    completion.for_kubectl(["explain", "no-such-category", "x"])
    assert capsys.readouterr().out.splitlines() == [
        "ingress\tMakes a Server reachable from outside the cluster under a host name.",
        ":4",
        ":0",
        ":16",
        ":4",
    ]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_script_is_printed_without_running_the_shell(shell: str, invoke: Invoke) -> None:
    printed = invoke("completion", shell, env={"PATH": ""})
    assert printed.exit_code == 0, printed.output
    assert "_RUDR_COMPLETE" in printed.stdout


def test_an_unknown_shell_is_wrong_usage(invoke: Invoke) -> None:
    assert invoke("completion", "tcsh").exit_code == 2
