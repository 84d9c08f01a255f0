"""Entry points of really installed packages, broken ones included."""

from __future__ import annotations

from pathlib import Path

import pytest

from rudr_py.plugins import entry_points, loading

MODULE = """
from rudr_py.api import Rendered, Trait, hookimpl

class Label(Trait):
    name = "{name}"

    def render(self, ctx):
        return Rendered()

@hookimpl
def rudr_register_types():
    return [Label()]
"""


def _package(folder: Path, name: str, *, points: str, metadata: str | None = None) -> None:
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir(parents=True)
    if metadata != "":
        (info / "METADATA").write_text(metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(points)


def test_entry_points_of_the_group_are_found_with_package_and_version(tmp_path: Path) -> None:
    _package(tmp_path, "rudr-py-b", points="[rudr_py.plugins]\nb = module_b\n[console_scripts]\nb = module_b:main\n")
    _package(tmp_path, "rudr-py-a", points="[rudr_py.plugins]\na2 = module_a\na1 = module_a:thing\n")
    _package(tmp_path, "stranger", points="[pytest11]\nx = y\n")
    found = entry_points.installed([str(tmp_path)])
    assert [(one.name, one.distribution) for one in found] == [
        ("a1", "rudr-py-a 1.2"),
        ("a2", "rudr-py-a 1.2"),
        ("b", "rudr-py-b 1.2"),
    ]


def test_listing_entry_points_imports_no_plugin(tmp_path: Path) -> None:
    _package(tmp_path, "rudr-py-x", points="[rudr_py.plugins]\nx = no_such_module_anywhere\n")
    (found,) = entry_points.installed([str(tmp_path)])
    (state,) = loading.load([found], None).plugins
    assert "no_such_module_anywhere" in state.error


def test_a_duplicate_package_on_the_path_is_loaded_once(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        _package(tmp_path / folder, "rudr-py-x", points="[rudr_py.plugins]\nx = module\n")
    assert len(entry_points.installed([str(tmp_path / "first"), str(tmp_path / "second")])) == 1


def test_a_package_without_metadata_is_listed(tmp_path: Path) -> None:
    _package(tmp_path, "rudr-py-x", points="[rudr_py.plugins]\nx = module\n", metadata="")
    assert [one.name for one in entry_points.installed([str(tmp_path)])] == ["x"]


def test_unreadable_entry_points_of_one_package_hide_no_other_package(tmp_path: Path) -> None:
    _package(tmp_path, "rudr-py-bad", points="[rudr_py.plugins]\nthis line has no equals sign\n")
    _package(tmp_path, "rudr-py-good", points="[rudr_py.plugins]\ngood = module\n")
    found = entry_points.installed([str(tmp_path)])
    assert [one.package for one in found] == ["rudr-py-bad", "rudr-py-good"]
    assert "entry_points.txt" in loading.load(found, None).plugins[0].error


def test_a_module_on_the_path_is_loaded_through_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rudr_test_label.py").write_text(MODULE.format(name="label"))
    _package(tmp_path, "rudr-py-label", points="[rudr_py.plugins]\nlabel = rudr_test_label\n")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = loading.load(entry_points.installed([str(tmp_path)]), None)
    assert loaded.catalog.trait("label").package == "rudr-py-label 1.2"


def test_the_built_in_types_are_loaded_first_and_like_every_plugin() -> None:
    first = loading.load([], entry_points.standard()).plugins[0]
    assert (first.name, first.package) == ("builtin", "rudr-py")
