"""Run the tests in an environment with the newest versions, and name the packages whose newest version breaks them.

`make newest` runs it there; arguments go to pytest. It compares that environment with constraints.txt; without a
difference it runs nothing, because `make test` has run the same versions. When tests fail, each package that differs
gets its pinned version once, alone, and the failed tests run again.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
OWN = "rudr-py"
INSTALLER = {"pip", "setuptools", "wheel"}  # from the venv module, never pinned
FAILED = 1  # pytest's exit code for failed tests


@dataclass(frozen=True)
class Difference:
    """A package whose version in this environment is not the pinned one. `pinned` is empty without a pin."""

    name: str
    pinned: str
    newest: str

    def __str__(self) -> str:
        return f"{self.name} {self.newest} ({f'pinned: {self.pinned}' if self.pinned else 'not pinned'})"


def differences(lines: Iterable[str], installed: Mapping[str, str]) -> list[Difference]:
    """The differences between the lines of a constraints file and the installed versions by canonical name."""
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    pinned: dict[str, str] = {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }
    return [
        Difference(name, pinned.get(name, ""), version)
        for name, version in sorted(installed.items())
        if name not in pinned or Version(pinned[name]) != Version(version)
    ]


def culprits(candidates: Iterable[Difference]) -> list[Difference]:
    """The packages with whose pinned version alone the tests that failed pass."""
    passing = []
    for difference in candidates:
        if difference.pinned:
            _install(difference.name, difference.pinned)
            if _pytest("--last-failed", "--tb=no", "--quiet") == 0:
                passing.append(difference)
            _install(difference.name, difference.newest)
    return passing


def main(*arguments: str) -> int:
    """Compare, run the tests, and report; the exit code."""
    changed = differences((ROOT / "constraints.txt").read_text().splitlines(), _installed())
    if not changed:
        print("The newest versions are those of constraints.txt, which make test has run.")
        return 0
    print("Newer than constraints.txt:", *changed, sep="\n  ", flush=True)
    code = _pytest("-n", "auto", "--dist", "loadfile", *arguments)
    if code == 0:
        print("The tests pass with these versions; make pins writes them to constraints.txt.")
    elif code == FAILED:
        _report(changed, culprits(changed))
    return code


def _report(changed: list[Difference], breaking: list[Difference]) -> None:
    if breaking:
        print("The failed tests pass with the pinned version of:", *breaking, sep="\n  ")
    else:
        print("The tests fail, and no pinned version alone repairs them; these packages differ:", *changed, sep="\n  ")


def _installed() -> dict[str, str]:
    versions = {
        canonicalize_name(distribution.name): distribution.version
        for distribution in importlib.metadata.distributions()
    }
    return {name: version for name, version in versions.items() if name not in {OWN, *INSTALLER}}


def _pytest(*arguments: str) -> int:
    cache = f"cache_dir={Path(sys.prefix) / 'pytest'}"
    command = [sys.executable, "-m", "pytest", "-m", "not slow", "-o", cache, *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - runs pytest of that environment


def _install(name: str, version: str) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
    subprocess.run([*pip, f"{name}=={version}"], cwd=ROOT, check=True)  # noqa: S603 - runs pip of that environment


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
