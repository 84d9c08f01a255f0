"""constraints.txt pins every requirement of pyproject.toml on every supported Python, by name and version only."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.release.building import PROJECTS, ROOT

LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
COMPARISON = r"[a-z_]+ [=<>!]+ '[^']+'"
PYTHONS = ("3.11.7", "3.12.1", "3.13.0", "3.14.0")


def required() -> Iterator[Requirement]:
    """The requirements of all projects and of their builds, except those on each other."""
    own = {"rudr-py", *(project.name for project in PROJECTS)}
    for project in PROJECTS:
        table = tomllib.loads((project / "pyproject.toml").read_text())
        lines = [*table["build-system"]["requires"], *table["project"]["dependencies"]]
        for extra in table["project"].get("optional-dependencies", {}).values():
            lines += extra
        yield from (
            requirement for requirement in map(Requirement, lines) if canonicalize_name(requirement.name) not in own
        )


def pins(python: str) -> dict[str, str]:
    """The pinned versions on Linux x86_64 with this Python, by name."""
    environment = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": "linux",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
    }
    versions: dict[str, str] = {}
    for pin in map(Requirement, LINES):
        if pin.marker is None or pin.marker.evaluate(environment):
            (specifier,) = pin.specifier
            assert pin.name not in versions, f"{pin.name} is pinned twice"
            versions[pin.name] = specifier.version
    return versions


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_a_name_a_version_and_at_most_a_marker(line: str) -> None:
    assert re.fullmatch(rf"[a-z0-9-]+==[0-9][0-9a-z.]*( ; {COMPARISON}( and {COMPARISON})*)?", line)


def test_the_names_are_sorted() -> None:
    names = [Requirement(line).name for line in LINES]
    assert all(earlier <= later for earlier, later in pairwise(names))


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_bounds(python: str) -> None:
    versions = pins(python)
    # hatchling requires editables for an editable installation only
    for requirement in (*required(), Requirement("editables")):
        name = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(versions.get(name, ""), prereleases=True), requirement
