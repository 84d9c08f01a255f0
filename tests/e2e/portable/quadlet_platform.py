"""The files of the target `quadlet`, run by `podman kube play` as its units state it."""

from __future__ import annotations

import configparser
from pathlib import Path

from tests.e2e.portable.container_platform import ContainerPlatform
from tests.e2e.portable.engine import Podman


class QuadletPlatform(ContainerPlatform):
    """Starts the units of a folder in the order of their dependencies."""

    def __init__(self, podman: Podman, folder: Path) -> None:
        super().__init__(podman)
        self._folder = folder

    def start(self) -> None:
        """Create the networks, and start the pods."""
        for path in sorted(self._folder.glob("*.network")):
            options = self._unit(path)["Network"]["Options"]
            self._podman("network", "create", "--opt", options, _network(path.stem))
        for path in sorted(self._folder.glob("*.kube")):
            self._play(path)

    def container(self, instance: str) -> str:
        return f"{instance}-main"

    def address_container(self, instance: str) -> str:
        return str(self._podman("pod", "inspect", instance, "--format", "{{.InfraContainerID}}").stdout.strip())

    def restart(self, instance: str) -> None:
        self._podman("kube", "down", str(self._folder / f"{instance}.yaml"))
        self._play(self._folder / f"{instance}.kube")

    def _play(self, path: Path) -> None:
        kube = self._unit(path)["Kube"]
        name, _, options = kube["Network"].partition(":")
        network = ":".join(filter(None, (_network(name.removesuffix(".network")), options)))
        self._podman("kube", "play", "--network", network, str(self._folder / kube["Yaml"]))

    @staticmethod
    def _unit(path: Path) -> configparser.ConfigParser:
        unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
        unit.optionxform = str  # type: ignore[assignment, method-assign]  # keys of unit files are case-sensitive
        unit.read_string(path.read_text())
        return unit


def _network(unit: str) -> str:
    """The name that Quadlet gives to the network of a unit."""
    return f"systemd-{unit}"
