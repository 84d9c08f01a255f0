"""A container engine as a platform: questions are answered by commands in the containers."""

from __future__ import annotations

import urllib.error
import urllib.request
from abc import abstractmethod

from tests.e2e.portable import application
from tests.e2e.portable.engine import Podman

CONNECT_SECONDS = 5


class ContainerPlatform:
    """The questions whose answers are the same for pods and for services of Compose files."""

    def __init__(self, podman: Podman) -> None:
        self._podman = podman

    @abstractmethod
    def container(self, instance: str) -> str:
        """The name of the container of an instance."""

    @abstractmethod
    def address_container(self, instance: str) -> str:
        """The name of the container that has the addresses of an instance."""

    def answers(self, instance: str, port: int) -> bool:
        """Whether this machine answers on the port with the page of the instance."""
        del instance
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=CONNECT_SECONDS) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError:
            return False

    def read(self, instance: str, path: str) -> str:
        done = self._podman("exec", self.container(instance), "cat", path, check=False)
        if done.returncode != 0:
            raise LookupError(done.stderr)
        return done.stdout

    def write(self, instance: str, path: str, content: str) -> None:
        self._podman("exec", self.container(instance), "sh", "-c", f"printf %s '{content}' > {path}")

    def completed_runs(self, instance: str) -> int:
        self._podman("wait", self.container(instance))
        return self._podman("logs", self.container(instance)).stdout.splitlines().count(application.RAN)

    def reaches(self, client: str, server: str, port: int) -> bool:
        """Whether the name of the server, or else one of its addresses, accepts a connection."""
        addresses = [self._resolved(client, server), *self._addresses(server)]
        return any(self._connects(client, address, port) for address in addresses if address)

    def _connects(self, client: str, address: str, port: int) -> bool:
        command = ("wget", "-q", "-T", str(CONNECT_SECONDS), "-O", "-", f"http://{address}:{port}/")
        return self._podman("exec", self.container(client), *command, check=False).returncode == 0

    def _resolved(self, client: str, name: str) -> str:
        """The address of a name in the networks of the client; empty if it has none."""
        done = self._podman("exec", self.container(client), "nslookup", name, check=False)
        lines = done.stdout.partition("Name:")[2].splitlines()
        return next((line.split()[-1] for line in lines if line.startswith("Address")), "")

    def _addresses(self, instance: str) -> list[str]:
        networks = self._podman.inspect(self.address_container(instance))["NetworkSettings"]["Networks"]
        return [network["IPAddress"] for network in networks.values()]
