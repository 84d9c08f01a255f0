"""The page about continuous integration and the hook for pre-commit: their commands run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from rudr_py.cli.program import program

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "continuous-integration.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"run: rudr ([^>\n]+)", PAGE)
WAITS = re.findall(r"^[ -]*rudr (status [^`\n]+)", PAGE, re.MULTILINE)


def hook() -> dict[str, Any]:
    (content,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def run(arguments: list[str]) -> Result:
    return CliRunner().invoke(program, arguments)


@pytest.fixture(name="repository")
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the examples in `deploy` beside files of other programs."""
    # those in folders use types of further packages
    (tmp_path / "deploy").mkdir()
    for file in (ROOT / "examples").glob("*.yaml"):
        shutil.copy(file, tmp_path / "deploy")
    (tmp_path / "package.json").write_text('{"name": "notes"}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_of_the_page_accepts_the_examples(text: str, repository: Path) -> None:
    done = run(shlex.split(text))
    assert done.exit_code == 0, done.output
    (repository / "deploy" / "wrong.yaml").write_text("kind: HealthScope\n")
    assert run(shlex.split(text)).exit_code == 1


def test_the_page_has_commands() -> None:
    assert (len(COMMANDS), len(WAITS)) == (2, 3)


@pytest.mark.parametrize("text", WAITS)
def test_a_command_that_waits_is_right_usage(text: str, tmp_path: Path) -> None:
    done = run([*shlex.split(text), "--kubeconfig", str(tmp_path / "none")])
    assert done.exit_code == 1, done.output


def test_the_hook_checks_the_whole_repository(repository: Path) -> None:
    program_name, *entry = shlex.split(hook()["entry"])
    assert program_name == "rudr"
    done = run([*entry, *hook()["args"]])
    assert (done.exit_code, hook()["pass_filenames"]) == (0, False), done.output
    (repository / "deploy" / "wrong.yaml").write_text("kind: HealthScope\n")
    assert run([*entry, *hook()["args"]]).exit_code == 1


def test_the_hook_of_the_page_exists() -> None:
    assert re.findall(r"- id: (\S+)", PAGE) == [hook()["id"]]
    assert re.search(hook()["files"], "deploy/notes.yaml")
