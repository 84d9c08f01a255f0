"""The rules of the image, read off the Dockerfile: no engine is needed, and none is at hand everywhere."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from tests.release import recipe
from tests.release.recipe import ROOT, Stage

DOCKERFILE = recipe.read(ROOT / "Dockerfile")
BUILD, FINAL = DOCKERFILE.stages
IGNORED = recipe.Ignored(ROOT / ".dockerignore")
VENV = "/opt/rudr"


def tracked() -> list[str]:
    """The files that git has, or will have."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - constant
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a git repository")
    return [path for path in listed.stdout.splitlines() if (ROOT / path).exists()]


@pytest.mark.parametrize("stage", DOCKERFILE.stages, ids=["build", "final"])
def test_a_base_image_is_slim_has_a_release_and_names_no_registry(stage: Stage) -> None:
    image = recipe.substituted(stage.image, DOCKERFILE.arguments)
    assert re.fullmatch(r"python:3\.\d+-slim", image)


def test_the_python_of_the_image_is_one_that_the_project_says_it_runs_on() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert f'"Programming Language :: Python :: {DOCKERFILE.arguments["PYTHON"]}"' in text


def test_what_runs_is_started_without_a_shell_and_stopped_by_sigterm() -> None:
    assert FINAL.last("ENTRYPOINT").exec_form
    assert FINAL.last("ENTRYPOINT").words == [f"{VENV}/bin/rudr"]
    assert FINAL.last("CMD").exec_form
    assert FINAL.last("CMD").words == ["run"]
    assert FINAL.last("STOPSIGNAL").text == "SIGTERM"


def test_it_runs_as_nobody_in_particular_with_a_number_that_kubelets_can_check() -> None:
    assert FINAL.last("USER").text == "65532:65532"
    after = FINAL.instructions[FINAL.instructions.index(FINAL.last("USER")) :]
    assert not [one for one in after if one.name in ("RUN", "COPY")]


def test_nothing_of_the_image_can_be_written_by_who_runs_it() -> None:
    for one in FINAL.all("COPY", "RUN"):
        assert "--chown" not in one.text
        assert "chmod" not in one.text


def test_python_writes_no_bytecode_tells_at_once_and_imports_nothing_from_where_it_stands() -> None:
    environment = FINAL.pairs("ENV")
    names = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONSAFEPATH")
    assert [environment[name] for name in names] == ["1", "1", "1"]
    assert environment["PATH"].startswith(f"{VENV}/bin:")


def test_bytecode_is_in_the_image_and_is_not_checked_against_times() -> None:
    assert any(
        "compileall" in one.text and "unchecked-hash" in one.text and VENV in one.text for one in BUILD.all("RUN")
    )
    (stdlib,) = (one for one in FINAL.all("RUN") if "compileall" in one.text)
    ast.parse(stdlib.words[stdlib.words.index("-c") + 1])


def test_the_tools_of_the_build_stay_in_its_stage() -> None:
    (copied,) = FINAL.all("COPY")
    assert copied.words == ["--from=build", VENV, VENV]
    assert not [one for one in FINAL.all("RUN") if "pip" in one.text or "apt" in one.text]


def test_every_source_of_a_copy_exists_and_gets_to_the_builder() -> None:
    sources = [word for one in BUILD.all("COPY") for word in one.words[:-1]]
    assert sources
    files = tracked()
    for source in sources:
        below = [path for path in files if path == source or path.startswith(f"{source}/")]
        assert [path for path in below if not IGNORED(path)], source


def test_whatever_the_build_of_the_wheel_reads_is_copied() -> None:
    copied = {word for one in BUILD.all("COPY") for word in one.words[:-1]}
    sources = {"pyproject.toml", "README.md", "LICENSE", "crds", "examples", "plugins", "rudr_py"}
    assert copied == sources | {"constraints.txt"}


def test_history_tests_and_caches_do_not_get_to_the_builder() -> None:
    kept = [path for path in tracked() if not IGNORED(path)]
    wrong = [path for path in kept if {"tests", "docs", "bench", "charts", "dist"} & set(path.split("/")[:-1])]
    assert wrong == []
    for path in (".git/config", ".venv/bin/python", "rudr_py/__pycache__/x.pyc", "plugins/x/.mypy_cache/y", ".ci/run"):
        assert IGNORED(path), path


def test_the_image_says_what_it_is() -> None:
    labels = FINAL.pairs("LABEL")
    names = {"title", "description", "licenses", "version", "revision"}
    assert set(labels) == {f"org.opencontainers.image.{name}" for name in names}
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert {"VERSION", "REVISION"} <= set(FINAL.pairs("ARG"))


def test_its_ports_are_those_of_the_settings() -> None:
    assert FINAL.last("EXPOSE").words == ["8080", "8081"]
