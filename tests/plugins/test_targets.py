"""Export targets of installed packages: conflicts, and packages that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from rudr_py.api.targets import ExportContext
from rudr_py.errors import ConfigError, PluginError
from rudr_py.plugins import targets
from tests.cli import installed_targets

CONTEXT = ExportContext(application="shop", objects=())


def test_two_packages_with_one_target_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("first", "second"):
        installed_targets.install(tmp_path, monkeypatch, package, {"same": "json:loads"})
    with pytest.raises(PluginError, match=r"first 1\.2 and second 1\.2"):
        targets.installed().load("same")


def test_an_object_that_is_no_target_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed_targets.install(tmp_path, monkeypatch, "numbers", {"number": "json:loads"})
    with pytest.raises(PluginError, match="not an ExportTarget"):
        targets.installed().load("number")


def test_without_targets_the_error_names_packages(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pip install"):
        targets.installed([str(tmp_path)]).load("compose")


@pytest.mark.parametrize(
    ("body", "text"),
    [("return 1", "returned int"), ("return 1 / 0", "ZeroDivisionError"), ("raise SystemExit", "SystemExit")],
)
def test_a_failing_export_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, text: str
) -> None:
    code = (
        "from rudr_py.api.targets import ExportTarget\nclass Failing(ExportTarget):\n    description = ''\n"
        f"    def export(self, context):\n        {body}\ntarget = Failing()\n"
    )
    installed_targets.install_module(tmp_path, monkeypatch, "failing", code)
    loaded = targets.installed().load("failing")
    with pytest.raises(PluginError, match=f"rudr-py-failing 1.2.*{text}"):
        loaded.export(CONTEXT)
