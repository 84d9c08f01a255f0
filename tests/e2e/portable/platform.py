"""The behaviours of an application that a platform runs, as questions that each platform can answer."""

from __future__ import annotations

from typing import Protocol


class Platform(Protocol):
    """A platform on which the portable application runs. Instances are named by their instanceName."""

    def answers(self, instance: str, port: int) -> bool:
        """Whether clients outside of the application get an answer from the port of an instance."""

    def read(self, instance: str, path: str) -> str:
        """The content of a file in the container of an instance. Raises LookupError if there is none."""

    def write(self, instance: str, path: str, content: str) -> None:
        """Write a file in the container of an instance."""

    def restart(self, instance: str) -> None:
        """Replace the pod of an instance, and wait until the new one runs."""

    def completed_runs(self, instance: str) -> int:
        """The number of runs of a Task that ended without an error, once there is one."""

    def reaches(self, client: str, server: str, port: int) -> bool:
        """Whether the container of one instance can connect to the port of another one."""
