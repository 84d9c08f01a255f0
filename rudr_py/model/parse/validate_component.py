"""The rules of OAM between the fields of one ComponentSchematic.

Each finding names its rule and path. Which types are installed and what an application gives is not known here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from rudr_py.model import paths, suggest
from rudr_py.model.component import Component, Container
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.model.parameter_types import has_type
from rudr_py.model.parse.fields import ProblemList, kind_of, shown

_SERVERS = ("Server", "SingletonServer")
_WORKERS = ("Worker", "SingletonWorker")
_CORE = frozenset({*_SERVERS, *_WORKERS, "Task", "SingletonTask"})
_CONTAINERS = "$.spec.containers"


def check(component: Component, notes: ProblemList) -> None:
    """Note everything in `component` that breaks a rule; paths are those of the document it was read from."""
    _workload(component, notes)
    _parameters(component, notes)
    _unique((setting.name for setting in component.settings), "$.spec.workloadSettings", "WS-3", notes)
    _unique((container.name for container in component.containers), _CONTAINERS, "CN-1", notes)
    for index, container in enumerate(component.containers):
        _container(container, paths.child(_CONTAINERS, index), notes)
    _from_params(component, notes)


def _workload(component: Component, notes: ProblemList) -> None:
    """What the core workload types ask of containers and ports."""
    name = TypeName.parse(component.workload_type)
    if name is None or name.group != CORE_GROUP or name.kind not in _CORE:
        return
    if not component.containers:
        notes.error("$.spec", f"{name.kind} needs at least one container", "CO-1")
        return
    places = [
        paths.child(_CONTAINERS, index, "ports")
        for index, container in enumerate(component.containers)
        if container.ports
    ]
    if name.kind in _WORKERS:
        for place in places:
            notes.error(place, f"{name.kind} must not have ports; a Server has", "CO-10")
    elif name.kind in _SERVERS and not places:
        notes.warn(_CONTAINERS, f"{name.kind} has no port, so nothing can reach it; no Service is made", "CO-9")


def _parameters(component: Component, notes: ProblemList) -> None:
    """Names are unique, and a default has the declared type (PA-4)."""
    place = "$.spec.parameters"
    _unique((parameter.name for parameter in component.parameters), place, "PA-1", notes)
    for index, parameter in enumerate(component.parameters):
        if parameter.default is not None and not has_type(parameter.default, parameter.type):
            message = f"must be of type {parameter.type}, not {kind_of(parameter.default)}"
            notes.error(paths.child(place, index, "default"), message, "PA-4")


def _container(container: Container, path: str, notes: ProblemList) -> None:
    _unique((variable.name for variable in container.env), paths.child(path, "env"), "EN-4", notes)
    ports = paths.child(path, "ports")
    _unique((port.name for port in container.ports), ports, "PO-1", notes)
    numbers = (f"{port.container_port}/{port.protocol}" if port.container_port else "" for port in container.ports)
    _unique(numbers, ports, "PO-1", notes, key="containerPort")
    _unique((file.path for file in container.config), paths.child(path, "config"), "EN-6", notes, key="path")
    mounts = (posixpath.normpath(volume.mount_path or "") for volume in container.resources.volumes)
    places = ("" if mount == "." else mount for mount in mounts)
    _unique(places, paths.child(path, "resources", "volumes"), "RS-5", notes, key="mountPath")
    if container.liveness and container.liveness.success != 1:
        place = paths.child(path, "livenessProbe", "successThreshold")
        notes.error(place, "must be 1 in a liveness probe, as Kubernetes asks", "HP-2")


def _from_params(component: Component, notes: ProblemList) -> None:
    """Every `fromParam` names a parameter; one that does not is harmless only beside a value of its own."""
    known = [parameter.name for parameter in component.parameters]
    for path, name, has_value in _references(component):
        if name in known:
            continue
        message = f"no parameter is called {shown(name)}.{suggest.nearest(name, known)}"
        if has_value:
            notes.warn(path, f'{message} The "value" beside it is used', "EN-1")
        else:
            notes.error(path, message, "EN-1")


def _references(component: Component) -> Iterable[tuple[str, str, bool]]:
    """(path, parameter, whether a literal value stands beside it) of every fromParam."""
    for index, container in enumerate(component.containers):
        place = paths.child(_CONTAINERS, index)
        for number, variable in enumerate(container.env):
            if variable.from_param:
                path = paths.child(place, "env", number, "fromParam")
                yield path, variable.from_param, variable.value is not None
        for number, file in enumerate(container.config):
            if file.from_param:
                path = paths.child(place, "config", number, "fromParam")
                yield path, file.from_param, file.value is not None
    for index, setting in enumerate(component.settings):
        if setting.from_param:
            path = paths.child("$.spec.workloadSettings", index, "fromParam")
            yield path, setting.from_param, setting.value is not None


def _unique(values: Iterable[str], path: str, rule: str, notes: ProblemList, *, key: str = "name") -> None:
    """Note each value that came before. "" stands for a value that was already found wrong."""
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value and value in first:
            before = paths.child(path, first[value])
            notes.error(paths.child(path, index, key), f"{shown(value)} is already taken by {before}", rule)
        first.setdefault(value, index)
