"""The platforms on which the portable application runs. Those with an engine are slow, and skip without one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.portable import application, engine, exported, local_platform
from tests.e2e.portable.engine import Podman
from tests.e2e.portable.platform import Platform
from tests.e2e.portable.quadlet_platform import QuadletPlatform


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    """podman with an image of the portable application."""
    yield from engine.started(tmp_path_factory.mktemp("podman"), application.IMAGE)


@contextlib.contextmanager
def _quadlet(podman: Podman, folder: Path) -> Iterator[Platform]:
    platform = QuadletPlatform(podman, exported.write("quadlet", application.documents(), folder))
    platform.start()
    yield platform


@pytest.fixture(scope="module", params=["local API", pytest.param("quadlet", marks=pytest.mark.slow)])
def platform(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform with the running application."""
    if request.param == "local API":
        with local_platform.running() as local:
            yield local
        return
    with _quadlet(request.getfixturevalue("podman"), tmp_path_factory.mktemp("exported")) as exported_platform:
        yield exported_platform
