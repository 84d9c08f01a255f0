"""Packages with export targets for tests, installed by their metadata: discovery and import are the real ones."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from rudr_py.plugins import targets

PLAIN = '''
import sys
from rudr_py.api.targets import Engine, Exported, ExportTarget, Finding


class Scripted(Engine):
    """Keeps the states of services in files of the working directory."""

    name = "scripted"
    install = "run pip"

    def detect(self):
        return (sys.executable, "-c", "import os, sys; sys.exit('NO_ENGINE' in os.environ)")

    def up(self, project):
        script = "import pathlib, sys; pathlib.Path('ran.txt').write_text(' '.join(sys.argv[1:]))"
        yield (sys.executable, "-c", script, *project.files)

    def down(self, project):
        script = "import pathlib; pathlib.Path('ran.txt').unlink(); pathlib.Path('downs.txt').write_text('stopped')"
        yield (sys.executable, "-c", script)

    def logs(self, project, *, follow):
        yield (sys.executable, "-c", f"print('log of {project.name}, follow={follow}', flush=True)")

    def status(self, project):
        script = (
            "import os, pathlib; p = pathlib.Path('reads.txt'); n = int(p.read_text()) if p.exists() else 0; "
            "p.write_text(str(n + 1)); print('starting' if n < 1 else os.environ.get('END', 'ready'))"
        )
        return (sys.executable, "-c", script)

    def states(self, project, output):
        return {"web": output.strip()}


class Plain(ExportTarget):
    description = "Objects as text files."
    engines = (Scripted(),)

    def export(self, context):
        files, covered, findings = {}, set(), []
        for rendered in context.objects:
            ref = rendered.ref
            if ref.kind.kind == "HorizontalPodAutoscaler":
                findings.append(Finding(ref=ref, message="there is no autoscaler; one pod runs"))
            elif ref.kind.kind == "Ingress":
                findings.append(Finding(ref=ref, message="there is no proxy; remove the trait", severity="error"))
            elif ref.kind.kind != "Job":
                covered.add(ref)
                files[f"{ref.kind.kind.lower()}/{ref.name}.txt"] = f"{rendered.instance} {rendered.path}\\n"
        return Exported(files=files, covered=frozenset(covered), findings=tuple(findings))


target = Plain()
'''


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, package: str, points: Mapping[str, str]) -> None:
    """Add the metadata of a package to the search path: entry points of targets as `name: module:attribute`."""
    info = folder / f"{package.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{targets.GROUP}]", *lines, ""]))
    monkeypatch.syspath_prepend(str(folder))


def install_module(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str = PLAIN) -> None:
    """Install the package `rudr-py-NAME`, whose target NAME is `target` of a module with this code."""
    module = f"target_{name}"
    (folder / f"{module}.py").write_text(code)
    monkeypatch.delitem(sys.modules, module, raising=False)
    install(folder, monkeypatch, f"rudr-py-{name}", {name: f"{module}:target"})


def install_own(folder: Path, monkeypatch: pytest.MonkeyPatch, package: Path) -> None:
    """Install a package of this repository from its sources."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    install(folder, monkeypatch, project["name"], project["entry-points"][targets.GROUP])
