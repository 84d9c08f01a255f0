"""Builds the projects as `make dist` does, and reads the results."""

from __future__ import annotations

import email
import email.message
import importlib.util
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
PROJECTS = [ROOT, *PLUGINS]


def called(source: Path) -> str:
    """The name of a project; it does not depend on the folder of the checkout."""
    return "rudr-py" if source == ROOT else source.name


@dataclass(frozen=True)
class Built:
    """A wheel and an sdist."""

    wheel: Path
    sdist: Path

    @property
    def in_wheel(self) -> dict[str, bytes]:
        """The files of the wheel."""
        with zipfile.ZipFile(self.wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    @property
    def in_sdist(self) -> dict[str, bytes]:
        """The files of the sdist, without its one folder."""
        files = {}
        with tarfile.open(self.sdist) as archive:
            for member in archive:
                file = archive.extractfile(member)
                assert file is not None, f"{member.name} is no file"
                files[member.name.partition("/")[2]] = file.read()
        return files

    @property
    def metadata(self) -> email.message.Message:
        """METADATA of the wheel."""
        (text,) = (content for name, content in self.in_wheel.items() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(text)

    def info(self, name: str) -> str:
        """A file of the wheel's .dist-info."""
        (text,) = (content for path, content in self.in_wheel.items() if path.endswith(f".dist-info/{name}"))
        return text.decode()


def build(source: Path, folder: Path) -> Built:
    """Build wheel and sdist of a folder. Skips without hatchling, which the extra `dev` installs."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("needs hatchling: pip install -e '.[dev]'")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, "-t", "sdist", "-t", "wheel", cwd=source)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist)


def run(*command: str | Path, cwd: Path | None = None, timeout: float = 600) -> str:
    """Run a command and return its output. Fails with the whole output."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False, timeout=timeout)  # noqa: S603 - commands of these tests
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout
