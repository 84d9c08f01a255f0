"""examples/three-tier as files of Quadlet: equal to the recorded ones, accepted by the generator, started by podman."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.testing import golden
from tests.e2e.portable import application, exported
from tests.e2e.portable.engine import INSTALL, Podman
from tests.e2e.portable.quadlet_platform import QuadletPlatform

EXAMPLE = Path(__file__).parents[3] / "examples" / "three-tier"
RECORDED = Path(__file__).parent / "recorded" / "three-tier-quadlet"
GENERATORS = (Path("/usr/libexec/podman/quadlet"), Path("/usr/lib/systemd/system-generators/podman-system-generator"))
SECRET = "shelf-database"
PASSWORD = "example-password"


def documents() -> list[dict[str, Any]]:
    """The documents of OAM in the example."""
    paths = sorted(EXAMPLE.glob("*.yaml"))
    parsed = [document for path in paths for document in yaml.safe_load_all(path.read_text())]
    return [document for document in parsed if document["apiVersion"].startswith("core.oam.dev/")]


def with_local_images() -> list[dict[str, Any]]:
    """The example with an image of this machine, whose servers do nothing until they are stopped."""
    replaced = documents()
    for document in replaced:
        for container in document["spec"].get("containers", ()):
            container["image"] = application.IMAGE
            is_task = document["spec"]["workloadType"].endswith("Task")
            container["cmd"] = ["sh", "-c", f"echo {application.RAN}"] if is_task else application.IDLE
    return replaced


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the example."""
    return exported.write("quadlet", documents(), tmp_path)


def test_the_files_of_the_example_are_those_of_the_repository(folder: Path, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption(golden.FLAG):
        shutil.rmtree(RECORDED, ignore_errors=True)
        shutil.copytree(folder, RECORDED, ignore=shutil.ignore_patterns(".*"))
    assert contents(folder) == contents(RECORDED)


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("[!.]*") if path.is_file()}


def test_quadlet_generates_a_service_for_each_unit(folder: Path) -> None:
    generator = next((path for path in GENERATORS if path.exists()), None)
    if generator is None:
        pytest.skip(f"podman with Quadlet is not installed: {INSTALL}")
    done = subprocess.run(  # noqa: S603 - the path of the generator is fixed
        [generator, "-dryrun"],
        env={**os.environ, "QUADLET_UNIT_DIRS": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    units = {f"---{path.stem}.service---" for path in folder.glob("*.kube")}
    assert units <= set(done.stdout.splitlines())


@pytest.mark.slow
def test_the_example_starts_with_its_password(podman: Podman, tmp_path: Path) -> None:
    folder = exported.write("quadlet", with_local_images(), tmp_path)
    data = {"password": base64.b64encode(PASSWORD.encode()).decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "data": data}
    podman("secret", "create", SECRET, "-", text=json.dumps(secret))
    QuadletPlatform(podman, folder).start()
    for name in ("shelf-api-api", "shelf-mailer-mailer", "shelf-web-web", "shelf-database-postgres"):
        assert podman.inspect(name)["State"]["Running"], name
    assert podman("exec", "shelf-api-api", "sh", "-c", "echo $PGPASSWORD").stdout.strip() == PASSWORD
    podman("wait", "shelf-migration-migration")
    assert application.RAN in podman("logs", "shelf-migration-migration").stdout
