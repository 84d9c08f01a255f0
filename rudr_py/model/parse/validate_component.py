"""The rules of OAM between the fields of one ComponentSchematic.

Each problem has its rule and path. Installed types and the values of an application are not visible here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from rudr_py.model import paths, suggest
from rudr_py.model.component import Component, Container
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.parameter_types import has_type
from rudr_py.model.parse.fields import ProblemList

_SERVERS = ("Server", "SingletonServer")
_WORKERS = ("Worker", "SingletonWorker")
_CORE = frozenset({*_SERVERS, *_WORKERS, "Task", "SingletonTask"})
_CONTAINERS = "$.spec.containers"


def check(component: Component, problems: ProblemList) -> None:
    """Add all violations of rules in `component` to `problems`, with the paths of its document."""
    _workload(component, problems)
    _parameters(component, problems)
    _unique((setting.name for setting in component.settings), "$.spec.workloadSettings", "WS-3", problems)
    _unique((container.name for container in component.containers), _CONTAINERS, "CN-1", problems)
    for index, container in enumerate(component.containers):
        _container(container, paths.child(_CONTAINERS, index), problems)
    _from_params(component, problems)


def _workload(component: Component, problems: ProblemList) -> None:
    """The rules of the core workload types for containers and ports."""
    name = TypeName.parse(component.workload_type)
    if name is None or name.group != CORE_GROUP or name.kind not in _CORE:
        return
    if not component.containers:
        problems.error("$.spec", f"{name.kind} needs at least one container", "CO-1")
        return
    places = [
        paths.child(_CONTAINERS, index, "ports")
        for index, container in enumerate(component.containers)
        if container.ports
    ]
    if name.kind in _WORKERS:
        for place in places:
            problems.error(place, f"{name.kind} must not have ports; use a Server for a component with ports", "CO-10")
    elif name.kind in _SERVERS and not places:
        problems.warn(_CONTAINERS, f"{name.kind} has no port, so it gets no Service and cannot be reached", "CO-9")


def _parameters(component: Component, problems: ProblemList) -> None:
    """Names are unique, and a default has the declared type (PA-4)."""
    place = "$.spec.parameters"
    _unique((parameter.name for parameter in component.parameters), place, "PA-1", problems)
    for index, parameter in enumerate(component.parameters):
        if parameter.default is not None and not has_type(parameter.default, parameter.type):
            message = f"must be of type {parameter.type}, not {type_in_words(parameter.default)}"
            problems.error(paths.child(place, index, "default"), message, "PA-4")


def _container(container: Container, path: str, problems: ProblemList) -> None:
    _unique((variable.name for variable in container.env), paths.child(path, "env"), "EN-4", problems)
    ports = paths.child(path, "ports")
    _unique((port.name for port in container.ports), ports, "PO-1", problems)
    numbers = (f"{port.container_port}/{port.protocol}" if port.container_port else "" for port in container.ports)
    _unique(numbers, ports, "PO-1", problems, key="containerPort")
    _unique((file.path for file in container.config), paths.child(path, "config"), "EN-6", problems, key="path")
    mounts = (posixpath.normpath(volume.mount_path or "") for volume in container.resources.volumes)
    places = ("" if mount == "." else mount for mount in mounts)
    _unique(places, paths.child(path, "resources", "volumes"), "RS-5", problems, key="mountPath")
    if container.liveness and container.liveness.success != 1:
        place = paths.child(path, "livenessProbe", "successThreshold")
        problems.error(place, "must be 1 in a liveness probe (a rule of Kubernetes)", "HP-2")


def _from_params(component: Component, problems: ProblemList) -> None:
    """Every `fromParam` must name a parameter; an unknown one next to a `value` is only a warning."""
    declared = [parameter.name for parameter in component.parameters]
    for path, name, has_value in _references(component):
        if name in declared:
            continue
        message = f"the parameter {excerpt(name)} does not exist.{suggest.nearest(name, declared)}"
        if has_value:
            problems.warn(path, f'{message} The "value" next to it is used', "EN-1")
        else:
            problems.error(path, message, "EN-1")


def _references(component: Component) -> Iterable[tuple[str, str, bool]]:
    """(path, parameter, whether it has a literal value, too) of every fromParam."""
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


def _unique(values: Iterable[str], path: str, rule: str, problems: ProblemList, *, key: str = "name") -> None:
    """Add an error for each repeated value. "" stands for a value that already has an error."""
    first: dict[str, int] = {}
    for index, value in enumerate(values):
        if value and value in first:
            before = paths.child(path, first[value])
            problems.error(paths.child(path, index, key), f"{excerpt(value)} is already used by {before}", rule)
        first.setdefault(value, index)
