"""`plugins.packages`: the pip command of the init container installs exactly these files, and `rudr` loads them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.charts import rendering

pytest.importorskip("pip", reason="this environment has no pip")

MODULE = '''"""A trait that does nothing."""
from rudr_py.api import Rendered, Trait, hookimpl

class Nothing(Trait[dict]):
    """Nothing."""
    name = "nothing"
    properties = {"type": "object"}
    def render(self, ctx):
        return Rendered()

@hookimpl
def rudr_register_types():
    return [Nothing()]
'''


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with a plugin. It requires another package that does not exist."""
    about = "shop_trays-1.0.dist-info"
    files = {
        "shop_trays.py": MODULE,
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: shop-trays\nVersion: 1.0\nRequires-Dist: nowhere\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[rudr_py.plugins]\ntrays = shop_trays\n",
    }
    path = tmp_path / "shop_trays-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{about}/RECORD", "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"]))
    return path


def installed(folder: Path, sha256: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the init container, with a folder instead of its volumes and of the package index."""
    package = {"name": "shop-trays", "version": "1.0", "hashes": [f"sha256:{sha256}"]}
    documents = rendering.rendered({"plugins": {"packages": [package]}})
    (folder / "requirements.txt").write_text(rendering.single(documents, "ConfigMap")["data"]["requirements.txt"])
    pod: dict[str, Any] = rendering.single(documents, "Deployment")["spec"]["template"]["spec"]
    pip = pod["initContainers"][0]
    assert pip["command"][0] == "python"
    places = {"/plugins": str(folder / "plugins"), "/etc/rudr": str(folder)}
    arguments = [
        next((argument.replace(old, new) for old, new in places.items() if f"={old}" in argument), argument)
        for argument in pip["args"]
    ]
    command = [sys.executable, *pip["command"][1:], *arguments, "--no-index", f"--find-links={folder}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - rendered by our own chart


def test_a_package_with_a_matching_hash_is_installed_and_loaded(wheel: Path, tmp_path: Path) -> None:
    done = installed(tmp_path, hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [sys.executable, "-m", "rudr_py", "plugins"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "shop-trays" in listed.stdout


def test_a_package_with_another_hash_is_not_installed(wheel: Path, tmp_path: Path) -> None:
    done = installed(tmp_path, hashlib.sha256(b"another file").hexdigest())
    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not list((tmp_path / "plugins").glob("*"))
