"""Rules for the image, checked in the Dockerfile, because a container engine is not available everywhere."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from tests.release import dockerfile
from tests.release.dockerfile import ROOT, Stage

DOCKERFILE = dockerfile.read(ROOT / "Dockerfile")
BUILD, FINAL = DOCKERFILE.stages
IGNORED = dockerfile.Ignored(ROOT / ".dockerignore")
VENV = "/opt/rudr"


def tracked() -> list[str]:
    """The tracked files, and untracked files that are not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - constant
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a git repository")
    return [path for path in listed.stdout.splitlines() if (ROOT / path).exists()]


@pytest.mark.parametrize("stage", DOCKERFILE.stages, ids=["build", "final"])
def test_a_base_image_is_slim_has_a_release_and_names_no_registry(stage: Stage) -> None:
    image = dockerfile.substituted(stage.image, DOCKERFILE.arguments)
    assert re.fullmatch(r"python:3\.\d+-slim", image)


def test_the_python_of_the_image_is_supported_by_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert f'"Programming Language :: Python :: {DOCKERFILE.arguments["PYTHON"]}"' in text


def test_the_entry_point_runs_without_a_shell_and_stops_on_sigterm() -> None:
    assert FINAL.last("ENTRYPOINT").exec_form
    assert FINAL.last("ENTRYPOINT").words == [f"{VENV}/bin/rudr"]
    assert FINAL.last("CMD").exec_form
    assert FINAL.last("CMD").words == ["run"]
    assert FINAL.last("STOPSIGNAL").text == "SIGTERM"


def test_the_image_runs_as_a_numeric_unprivileged_user() -> None:
    assert FINAL.last("USER").text == "65532:65532"
    after = FINAL.instructions[FINAL.instructions.index(FINAL.last("USER")) :]
    assert not [instruction for instruction in after if instruction.name in ("RUN", "COPY")]


def test_no_file_of_the_image_is_writable_for_its_user() -> None:
    for instruction in FINAL.all("COPY", "RUN"):
        assert "--chown" not in instruction.text
        assert "chmod" not in instruction.text


def test_python_writes_no_bytecode_is_unbuffered_and_ignores_the_working_directory() -> None:
    environment = FINAL.pairs("ENV")
    names = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONSAFEPATH")
    assert [environment[name] for name in names] == ["1", "1", "1"]
    assert environment["PATH"].startswith(f"{VENV}/bin:")


def test_modules_are_compiled_with_unchecked_hashes() -> None:
    assert any(
        "compileall" in instruction.text and "unchecked-hash" in instruction.text and VENV in instruction.text
        for instruction in BUILD.all("RUN")
    )
    (stdlib,) = (instruction for instruction in FINAL.all("RUN") if "compileall" in instruction.text)
    ast.parse(stdlib.words[stdlib.words.index("-c") + 1])


def test_build_tools_are_not_in_the_final_stage() -> None:
    (copied,) = FINAL.all("COPY")
    assert copied.words == ["--from=build", VENV, VENV]
    assert not [
        instruction for instruction in FINAL.all("RUN") if "pip" in instruction.text or "apt" in instruction.text
    ]


def test_every_copied_source_exists_and_is_in_the_build_context() -> None:
    sources = [word for instruction in BUILD.all("COPY") for word in instruction.words[:-1]]
    assert sources
    files = tracked()
    for source in sources:
        below = [path for path in files if path == source or path.startswith(f"{source}/")]
        assert [path for path in below if not IGNORED(path)], source


def test_all_inputs_of_the_wheel_are_copied() -> None:
    copied = {word for instruction in BUILD.all("COPY") for word in instruction.words[:-1]}
    sources = {"pyproject.toml", "README.md", "LICENSE", "crds", "examples", "plugins", "rudr_py"}
    assert copied == sources | {"constraints.txt"}


def test_history_tests_and_caches_are_not_in_the_build_context() -> None:
    kept = [path for path in tracked() if not IGNORED(path)]
    unexpected = [path for path in kept if {"tests", "docs", "bench", "charts", "dist"} & set(path.split("/")[:-1])]
    assert unexpected == []
    for path in (".git/config", ".venv/bin/python", "rudr_py/__pycache__/x.pyc", "plugins/x/.mypy_cache/y", ".ci/run"):
        assert IGNORED(path), path


def test_the_image_has_standard_labels() -> None:
    labels = FINAL.pairs("LABEL")
    names = {"title", "description", "licenses", "version", "revision"}
    assert set(labels) == {f"org.opencontainers.image.{name}" for name in names}
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert {"VERSION", "REVISION"} <= set(FINAL.pairs("ARG"))


def test_the_exposed_ports_are_the_default_ports() -> None:
    assert FINAL.last("EXPOSE").words == ["8080", "8081"]
