"""A container engine with its own storage and networks, and an image of busybox that is built on this machine.

Nothing is pulled from a registry. The storage driver is the one that needs no mounts, so that pytest can delete the
folder. Limits of processes are those of the test, because a container in a container may not
raise them.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

INSTALL = "on Debian 13: apt-get install podman runc catatonit netavark aardvark-dns iptables busybox-static"
OLDEST = (4, 4)
TIMEOUT = 120
APPLETS = ("cat", "echo", "head", "httpd", "nc", "nslookup", "sed", "sh", "sleep", "wget")


class Podman:
    """The command podman with containers, images and networks below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        settings = {
            "containers.conf": _CONTAINERS.format(
                limits=json.dumps([f"{name}={_limit(number)}" for name, number in _LIMITS.items()]),
                folder=folder,
                runtime=next(filter(shutil.which, ("runc", "crun")), "runc"),
            ),
            "storage.conf": f'[storage]\ndriver = "vfs"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n',
        }
        for name, text in settings.items():
            (folder / name).write_text(text)
        self.environment = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }

    def __call__(self, *arguments: str, text: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command; with `check` it must end with 0."""
        done = subprocess.run(  # noqa: S603 - the arguments are those of the tests
            [str(shutil.which("podman")), *arguments],
            input=text,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0 or not check, f"podman {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def inspect(self, name: str) -> dict[str, Any]:
        """The state of a container."""
        containers: list[dict[str, Any]] = json.loads(self("container", "inspect", name).stdout)
        return containers[0]

    def import_image(self, name: str, busybox: str) -> None:
        """Build an image of busybox, with an empty folder for pages."""
        root = self._folder / "root"
        for folder in ("bin", "etc", "tmp", "www"):
            (root / folder).mkdir(parents=True)
        shutil.copy(busybox, root / "bin" / "busybox")
        for applet in APPLETS:
            (root / "bin" / applet).symlink_to("busybox")
        archive = shutil.make_archive(str(self._folder / "image"), "tar", root)
        self("import", "--change", "ENV PATH=/bin", archive, name)

    def remove_everything(self) -> None:
        """Remove all pods, containers, volumes and networks of the folder."""
        self("pod", "rm", "--all", "--force", "--time", "1", check=False)
        self("rm", "--all", "--force", "--time", "1", check=False)
        self("volume", "rm", "--all", "--force", check=False)
        self("network", "prune", "--force", check=False)


_CONTAINERS = """\
[containers]
default_ulimits = {limits}
[engine]
cgroup_manager = "cgroupfs"
runtime = "{runtime}"
events_logger = "file"
volume_path = "{folder}/volumes"
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
"""

_LIMITS = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}


def _limit(number: int) -> str:
    """Half of the hard limit of this process, at most 4096: podman itself reserves some."""
    _, hard = resource.getrlimit(number)
    value = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard // 2)
    return f"{value}:{value}"


@functools.cache
def _reason() -> str:
    """The reason that no containers can be run; empty if they can."""
    if shutil.which("podman") is None:
        return f"podman is not installed: {INSTALL}"
    if shutil.which("busybox") is None:
        return f"busybox is not installed: {INSTALL}"
    return ""


def _require_version(podman: Podman) -> None:
    version = podman("version", "--format", "{{.Client.Version}}").stdout.strip()
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        pytest.skip(f"podman {version} is older than {'.'.join(map(str, OLDEST))}, which has Quadlet ({INSTALL})")


def started(folder: Path, image: str) -> Iterator[Podman]:
    """An engine with the image; skips the test where containers cannot be run."""
    if reason := _reason():
        pytest.skip(reason)
    podman = Podman(folder)
    try:
        _require_version(podman)
        podman.import_image(image, str(shutil.which("busybox")))
        done = podman("run", "--rm", image, "echo", "runs", check=False)
        if done.returncode != 0:
            pytest.skip(f"podman cannot run containers here: {done.stderr.strip()[-300:]} ({INSTALL})")
        yield podman
    finally:
        podman.remove_everything()
