"""Executes the instructions of the Dockerfile in a folder, as far as possible without a container engine.

The result runs as another user if this user may switch, in a folder without write permission.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import yaml

from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster
from rudr_py.model.crd_schemas import crds
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import APPLICATION, CRD, application, component, established, synced
from tests.release import dockerfile
from tests.release.dockerfile import ROOT

pytestmark = pytest.mark.slow

OTHER_USER = 65532
PLUGINS = "./plugins/rudr-py-cronhpa ./plugins/rudr-py-faas"
DOCKERFILE = dockerfile.read(ROOT / "Dockerfile")
BUILD, FINAL = DOCKERFILE.stages


@dataclass(frozen=True)
class Image:
    """The final stage, below `root`. `user` runs it; None is the user of the tests."""

    root: Path
    user: int | None

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the image, without those of the tests."""
        values = {"PATH": os.defpath}
        return {name: self.placed(dockerfile.substituted(text, values)) for name, text in FINAL.pairs("ENV").items()}

    def placed(self, text: str) -> str:
        """The text with the paths of the image below `root`."""
        return text.replace("/opt/rudr", f"{self.root}/opt/rudr").replace("/src", f"{self.root}/src")

    def command(self, *arguments: str) -> list[str]:
        return [self.placed(FINAL.last("ENTRYPOINT").words[0]), *arguments]

    def run(self, *arguments: str) -> str:
        """The output of a command of the image, run in a read-only folder."""
        done = subprocess.run(  # noqa: S603 - the entry point of the image
            self.command(*arguments),
            cwd=self.root,
            env=self.environment,
            user=self.user,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", params=["", PLUGINS], ids=["plain", "with plugins"])
def image(request: pytest.FixtureRequest) -> Iterator[Image]:
    # not in pytest's folder, which other users cannot enter
    root = Path(tempfile.mkdtemp(prefix="rudr-image-")).resolve()
    try:
        root.chmod(0o755)
        python, user = _python(root)
        _build(Image(root, user), python, str(request.param))
        for path in (root, *root.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        yield Image(root, user)
    finally:
        for path in root.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        root.chmod(0o755)
        shutil.rmtree(root)


def _python(root: Path) -> tuple[str, int | None]:
    """A Python that another user can run, and that user; otherwise the current Python without a user."""
    own = str(getattr(sys, "_base_executable", sys.executable))
    if os.geteuid() != 0:
        return own, None
    names = ("python3.14", "python3.13", "python3.12", "python3.11")
    for path in (own, *filter(None, (shutil.which(name, path="/usr/local/bin:/usr/bin") for name in names))):
        try:
            subprocess.run([path, "-c", "import ensurepip"], user=OTHER_USER, cwd=root, check=True, capture_output=True)  # noqa: S603 - a Python
        except (OSError, subprocess.CalledProcessError):
            continue
        return path, OTHER_USER
    return own, None


def _build(image: Image, python: str, plugins: str) -> None:
    """Run the build stage, with packages from the index that pip is configured for."""
    ignored = dockerfile.Ignored(ROOT / ".dockerignore")
    programs = image.root / "programs"
    programs.mkdir()
    (programs / "python").symlink_to(python)
    (image.root / "opt").mkdir()
    environment = {**os.environ, "PATH": f"{programs}:{os.defpath}", "PYTHONDONTWRITEBYTECODE": "1"}
    values: dict[str, str] = {}
    folder = image.root
    for instruction in BUILD.instructions:
        match instruction.name:
            case "WORKDIR":
                folder = Path(image.placed(instruction.text))
                folder.mkdir(parents=True)
            case "ENV":
                environment |= instruction.pairs
            case "ARG":
                values |= instruction.pairs | {"PLUGINS": plugins}
            case "COPY":
                _copy(instruction.words, folder, ignored)
            case "RUN":
                line = image.placed(dockerfile.substituted(instruction.text, values))
                done = subprocess.run(  # noqa: S602 - the lines of our Dockerfile
                    line,
                    shell=True,
                    cwd=folder,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=600,
                )
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    shutil.rmtree(folder)  # not part of the final stage


def _copy(words: list[str], folder: Path, ignored: dockerfile.Ignored) -> None:
    *sources, target = words
    for source in sources:
        paths = [ROOT / source] if (ROOT / source).is_file() else sorted((ROOT / source).rglob("*"))
        for path in paths:
            place = path.relative_to(ROOT).as_posix()
            if path.is_file() and not ignored(place):
                to = (
                    folder
                    / (target if not target.endswith("/") else f"{target}{source}")
                    / path.relative_to(ROOT / source)
                )
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, to)


def _state(root: Path) -> dict[str, tuple[int, int]]:
    entries = ((path, path.lstat()) for path in root.rglob("*"))
    return {str(path): (stats.st_size, stats.st_mtime_ns) for path, stats in entries}


def test_the_image_prints_its_version_and_plugins(image: Image, request: pytest.FixtureRequest) -> None:
    before = _state(image.root)
    assert image.run("version").startswith("rudr-py ")
    names = image.run("plugins", "-o", "name")
    assert ("cronhpa" in names, "faas" in names, "prometheus" in names) == (*[image_has_plugins(request)] * 2, False)
    assert _state(image.root) == before


def image_has_plugins(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.callspec.params["image"])


def test_all_modules_are_compiled(image: Image) -> None:
    (package,) = image.root.glob("opt/rudr/lib/python*/site-packages/rudr_py")
    modules = list(package.rglob("*.py"))
    assert len(modules) > 200
    for path in modules:
        assert list((path.parent / "__pycache__").glob(f"{path.stem}.cpython-*.pyc")), path


def test_the_image_contains_neither_tests_nor_sources(image: Image) -> None:
    assert not (image.root / "src").exists()
    (packages,) = image.root.glob("opt/rudr/lib/python*/site-packages")
    assert not {"tests", "pytest", "hatchling"} & {path.name for path in packages.iterdir()}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may read."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_the_image_serves_a_cluster_writes_no_file_and_stops_on_sigterm(image: Image, open_folder: Path) -> None:
    before = _state(image.root)
    kubeconfig = open_folder / "kubeconfig"
    async with LocalCluster() as api:
        kubeconfig.write_text(yaml.safe_dump(api.kubeconfig()))
        transport = AioTransport(await config.connect(str(kubeconfig), None, now=SystemClock().now))
        try:
            await _apply_crds(Cluster(transport, "", SystemClock()))
            await _serves(image, Cluster(transport, "default", SystemClock()), kubeconfig)
        finally:
            await transport.close()
    assert _state(image.root) == before


async def _apply_crds(cluster: Cluster) -> None:
    for document in crds.documents():
        await cluster.apply(document)
        await cluster.until(CRD, document["metadata"]["name"], established)


async def _serves(image: Image, cluster: Cluster, kubeconfig: Path) -> None:
    health, metrics = _free_port(), _free_port()
    command = image.command(
        *FINAL.last("CMD").words,
        *("--kubeconfig", str(kubeconfig), "--watch-namespace", "default", "--log-level", "debug"),
        *("--health-probe-bind-address", f"127.0.0.1:{health}", "--metrics-bind-address", f"127.0.0.1:{metrics}"),
    )
    process = await asyncio.create_subprocess_exec(
        *command, cwd=image.root, env=image.environment, user=image.user, stderr=asyncio.subprocess.PIPE
    )
    communicating = asyncio.create_task(process.communicate())
    try:
        await cluster.apply(component(), application())
        working = asyncio.create_task(cluster.until(APPLICATION, "shop", synced, seconds=60))
        await asyncio.wait((communicating, working), return_when=asyncio.FIRST_COMPLETED)
        assert not communicating.done(), communicating.result()
        await working
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{health}/readyz") as answer:
                assert answer.status == 200
            async with session.get(f"http://127.0.0.1:{metrics}/metrics") as answer:
                assert "controller_runtime_reconcile_total" in await answer.text()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            output = (await communicating)[1].decode()
    finally:
        if process.returncode is None:
            process.kill()
        await communicating
    assert process.returncode == 0, output
    assert all(line.startswith("{") for line in output.splitlines()), output


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
