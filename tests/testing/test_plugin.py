"""The pytest plugin: loads fast, provides its fixtures, names missing packages, and does not affect other tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import rudr_py

ROOT = Path(rudr_py.__file__).parents[1]
PLUGIN = ("-p", "rudr_py.testing.plugin")

TRAIT = """
from rudr_py.api import Kind, Manifest, Rendered, Trait
from rudr_py.testing import RenderError
import pytest

class Notes(Trait):
    name = "notes"
    produces = (Kind("v1", "ConfigMap"),)
    properties = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}

    def render(self, ctx):
        body = {"data": {"text": ctx.properties["text"]}}
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name("notes"), body=body),))
"""


def _pytest(
    folder: Path, *arguments: str, plugin: tuple[str, ...] = PLUGIN, path: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", *plugin, "-q", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(path))), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_loading_the_pytest_plugin_imports_no_heavy_module() -> None:
    probe = (
        "import sys, json, pytest; before = set(sys.modules); import rudr_py.testing.plugin; "
        "print(json.dumps(sorted({n.partition('.')[0] for n in set(sys.modules) - before})))"
    )
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == ["rudr_py"]


def test_one_instance_is_rendered_with_everything_that_the_core_adds(tmp_path: Path) -> None:
    test = """
def test_it(render_one):
    rendering = render_one(Notes(), properties={"text": "hi"})
    (own,) = rendering.own
    assert own["data"] == {"text": "hi"}
    assert own["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "rudr"
    assert rendering.one("Deployment")["metadata"]["name"] == "app-web"

def test_rejected(render_one):
    with pytest.raises(RenderError, match="text"):
        render_one(Notes())
    with pytest.raises(AssertionError, match="not one"):
        render_one(Notes(), properties={"text": "hi"}).one("Job")
"""
    (tmp_path / "test_notes.py").write_text(TRAIT + test)
    done = _pytest(tmp_path)
    assert "2 passed" in done.stdout, done.stdout


def test_golden_files_are_compared_and_recorded_only_with_the_flag(tmp_path: Path) -> None:
    test = """
def test_it(render_one, rudr_golden):
    rudr_golden(render_one(Notes(), properties={"text": "hi"}))
"""
    path = tmp_path / "test_notes.py"
    path.write_text(TRAIT + test)
    assert "--rudr-update-golden" in _pytest(tmp_path).stdout
    assert not (tmp_path / "golden").exists()
    assert "1 passed" in _pytest(tmp_path, "--rudr-update-golden").stdout
    assert "1 passed" in _pytest(tmp_path).stdout
    path.write_text((TRAIT + test).replace('"hi"', '"ho"'))
    changed = _pytest(tmp_path)
    assert "1 failed" in changed.stdout
    assert "text: hi" in changed.stdout


def test_a_trait_is_applied_on_a_cluster_in_the_test(tmp_path: Path) -> None:
    test = """
def test_it(rudr_controller):
    live = rudr_controller(Notes())
    container = {"name": "web", "image": "registry.example/web:1"}
    live.apply(
        {"apiVersion": "core.oam.dev/v1alpha1", "kind": "ComponentSchematic", "metadata": {"name": "web"},
         "spec": {"workloadType": "core.oam.dev/v1alpha1.Worker", "containers": [container]}},
        {"apiVersion": "core.oam.dev/v1alpha1", "kind": "ApplicationConfiguration", "metadata": {"name": "app"},
         "spec": {"components": [{"componentName": "web", "instanceName": "web",
                                  "traits": [{"name": "notes", "properties": {"text": "hi"}}]}]}},
    )
    live.ready("app")
    assert live.get("v1", "ConfigMap", "web-notes")["data"] == {"text": "hi"}
    live.delete("core.oam.dev/v1alpha1", "ApplicationConfiguration", "app")
    live.gone("v1", "ConfigMap", "web-notes")
"""
    (tmp_path / "test_notes.py").write_text(TRAIT + test)
    done = _pytest(tmp_path, "-W", "error")
    assert "1 passed" in done.stdout, done.stdout


def test_a_fixture_without_its_extra_skips_the_test_with_the_install_command(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import sys\nsys.modules['kubernetes_validate'] = None\n")
    (tmp_path / "test_notes.py").write_text("def test_it(rudr_api):\n    pass\n")
    done = _pytest(tmp_path, "-rs")
    assert "1 skipped" in done.stdout, done.stdout
    assert "pip install 'rudr-py[testing]'" in done.stdout


def test_the_pytest_plugin_is_loaded_once_where_the_project_is_installed(tmp_path: Path) -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    info = tmp_path / "site" / "rudr_py-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rudr-py\nVersion: 0\n")
    listed = "".join(f"{name} = {module}\n" for name, module in points.items())
    (info / "entry_points.txt").write_text(f"[pytest11]\n{listed}")
    (tmp_path / "test_notes.py").write_text("def test_it(render_one):\n    pass\n")
    for plugin in ((), PLUGIN):
        assert "1 passed" in _pytest(tmp_path, plugin=plugin, path=info.parent).stdout
