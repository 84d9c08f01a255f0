"""The commands with which podman runs the exported files at once, without systemd. Runs nothing.

Timers need systemd: the pods of a CronJob are not started.
"""

from __future__ import annotations

import configparser
import graphlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import yaml

from rudr_py.api import get_in, mappings_in
from rudr_py.api.targets import Argv, Engine, Project, State

NETWORK_PREFIX = "systemd-"
"""Quadlet names the network of the unit NAME.network so: the same networks serve both."""


class _Pod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod of a project: its YAML file, its networks as options of podman, and the pods that it follows."""

    name: str
    file: str
    containers: tuple[str, ...]
    networks: tuple[str, ...]
    after: tuple[str, ...]
    ends: bool


class Podman(Engine):
    """`podman kube play` of podman 4.4 and later."""

    name = "podman"
    install = "on Debian and Ubuntu: apt-get install podman"

    def detect(self) -> Argv:
        return ("podman", "kube", "play", "--help")

    def up(self, project: Project) -> Iterator[Argv]:
        for path in _networks(project):
            yield ("podman", "network", "create", "--ignore", "--opt", "isolate=true", path)
        pods = _pods(project)
        awaited = {name for pod in pods.values() for name in pod.after if name in pods and pods[name].ends}
        for pod in pods.values():
            networks = [argument for network in pod.networks for argument in ("--network", network)]
            yield ("podman", "kube", "play", "--replace", *networks, pod.file)
            if pod.name in awaited:
                yield ("podman", "wait", *pod.containers)

    def down(self, project: Project) -> Iterator[Argv]:
        for pod in reversed(_pods(project).values()):
            yield ("podman", "kube", "down", pod.file)
        for path in _networks(project):
            yield ("podman", "network", "rm", "--force", path)

    def logs(self, project: Project, *, follow: bool) -> Iterator[Argv]:
        containers = [name for pod in _pods(project).values() for name in pod.containers]
        yield ("podman", "logs", "--names", *(["--follow"] if follow else []), *containers)

    def status(self, project: Project) -> Argv:
        del project
        return ("podman", "ps", "--all", "--format", "json")

    def states(self, project: Project, output: str) -> Mapping[str, State]:
        containers = {name: entry for entry in _entries(output) for name in entry.get("Names") or ()}
        return {
            pod.name: _state([containers.get(name, {}) for name in pod.containers], ends=pod.ends)
            for pod in _pods(project).values()
        }


def _entries(output: str) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(output or "[]", type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def _state(containers: list[dict[str, Any]], *, ends: bool) -> State:
    """The state of a pod; an empty map stands for a container that podman does not list."""
    states = {str(container.get("State", "")) for container in containers}
    if ends and states == {"exited"}:
        return "failed" if any(container.get("ExitCode") for container in containers) else "complete"
    if states != {"running"} or any("(starting)" in str(container.get("Status")) for container in containers):
        return "starting"
    if any("(unhealthy)" in str(container.get("Status")) for container in containers):
        return "failed"
    return "starting" if ends else "ready"


def _networks(project: Project) -> list[str]:
    """The names of the networks."""
    return [
        NETWORK_PREFIX + path.removesuffix(".network") for path in sorted(project.files) if path.endswith(".network")
    ]


def _pods(project: Project) -> dict[str, _Pod]:
    """The pods by name, those that other pods follow first, without those of timers."""
    timers = {path.rpartition("/")[2].removesuffix(".timer") for path in project.files if path.endswith(".timer")}
    names = [path.removesuffix(".kube") for path in sorted(project.files) if path.endswith(".kube")]
    pods = {name: _pod(project, name) for name in names if name not in timers}
    order = graphlib.TopologicalSorter(
        {pod.name: [name for name in pod.after if name in pods] for pod in pods.values()}
    )
    return {name: pods[name] for name in order.static_order()}


def _pod(project: Project, name: str) -> _Pod:
    unit = project.files[f"{name}.kube"]
    networks = [line.removeprefix("Network=") for line in unit.splitlines() if line.startswith("Network=")]
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.read_string(unit)
    file = parser["Kube"]["Yaml"]
    body = list(yaml.safe_load_all(project.files[file]))[-1]
    return _Pod(
        name=name,
        file=file,
        containers=tuple(f"{name}-{container['name']}" for container in mappings_in(body, "spec", "containers")),
        networks=tuple(NETWORK_PREFIX + network.replace(".network", "", 1) for network in networks),
        after=tuple(service.removesuffix(".service") for service in parser["Unit"].get("After", "").split()),
        ends=get_in(body, "spec", "restartPolicy", default="") == "Never",
    )
