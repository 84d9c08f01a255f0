"""ComponentSchematic: document -> Component, with all errors (OAM v1alpha1 §3).

Accepts all spellings that Rudr accepted, the deviating ones with a warning. Installed types and the values of an
application are not visible here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from rudr_py.model import names, parameter_types, paths, suggest
from rudr_py.model.advice import package_index, words
from rudr_py.model.component import Component, Container, Parameter, Setting
from rudr_py.model.document import Json, Parsed, Positions
from rudr_py.model.identity import API_VERSION, CORE_GROUP, TypeName
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.parameter_types import PARAMETER_TYPES, has_type
from rudr_py.model.parse import references as reference_checks
from rudr_py.model.parse.container import container_steps
from rudr_py.model.parse.fields import FieldReader, ProblemList
from rudr_py.model.parse.metadata import open_steps
from rudr_py.model.shapes import hydra
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.settings import DEFAULT_LIMITS, Limits

KIND = "ComponentSchematic"

_SERVERS = ("Server", "SingletonServer")
_WORKERS = ("Worker", "SingletonWorker")
_CORE = frozenset({*_SERVERS, *_WORKERS, "Task", "SingletonTask"})
_CORE_TYPES = tuple(f"{API_VERSION}.{kind}" for kind in sorted(_CORE))
_CONTAINERS = "$.spec.containers"

_OTHER_ARCHITECTURES = ("386", "loong64", "mips64le", "ppc64le", "riscv64", "s390x")


def parse_component(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Parsed[Component]:
    """Read a ComponentSchematic. Raises nothing, whatever JSON value `document` is."""
    return run(component_steps(document, positions, limits))


def component_steps(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Stepwise[Parsed[Component]]:
    """Like `parse_component`, in steps."""
    problems = ProblemList(positions, limits)
    envelope = yield from open_steps(document, KIND, problems)
    if envelope is None or _is_too_large(envelope.spec, problems):
        return problems.parsed(None)
    spec = envelope.spec
    workload_type, os_type, arch = _workload_type(spec), _os_type(spec), _arch(spec)
    yield problems.size.values // 10
    parameters = tuple(read_parameter(fields, PARAMETER_TYPES) for fields in spec.items("parameters"))
    containers: list[Container] = []
    for fields in spec.items("containers"):
        yield problems.size.values // 10
        containers.append((yield from container_steps(fields)))
    yield problems.size.values // 10
    component = Component(
        metadata=envelope.metadata,
        workload_type=workload_type,
        os_type=os_type,
        arch=arch,
        parameters=parameters,
        containers=tuple(containers),
        settings=tuple(read_setting(fields) for fields in spec.items("workloadSettings")),
    )
    spec.warn_unread()
    yield from reference_checks.component_steps(spec, component)
    yield problems.size.values // 10
    yield from _check_steps(component, problems)
    return problems.parsed(component)


def _is_too_large(spec: FieldReader, problems: ProblemList) -> bool:
    """Whether the numbers of entries exceed a limit; each number that does is an error."""
    errors_before = problems.error_count
    for key in ("parameters", "containers"):
        value = spec.value.get(key)
        problems.check_limit(key, len(value) if isinstance(value, list) else 0, key, spec.at(key))
    return problems.error_count > errors_before


def read_parameter(fields: FieldReader, types: tuple[str, ...]) -> Parameter:
    """Read one entry of a list of parameters; `types` are the allowed ones (PA-1 to PA-4)."""
    name = fields.text("name", required=True, rule="PA-1")
    if name and (message := names.wrong_variable_name(name)):
        fields.problems.warn(fields.at("name"), message, "PA-1")
    if fields.raw("type") is None:
        fields.problems.error(fields.path, f'"type" is missing; it must be one of {", ".join(types)}', "PA-2")
    parameter = Parameter(
        name=name,
        type=fields.choice("type", types, default="string", rule="PA-2") if fields.raw("type") else "string",
        required=fields.boolean("required", rule="PA-3"),
        default=fields.raw("default"),
        description=fields.text("description"),
    )
    fields.warn_unread()
    return parameter


def _workload_type(spec: FieldReader) -> str:
    name = spec.text("workloadType", required=True, rule="CO-2")
    if advice := hydra.type_advice(name):
        spec.problems.error(spec.at("workloadType"), advice, "CO-13")
        return ""
    if name and TypeName.parse(name) is None:
        hint = package_index.nearest_type("workloads", name, _CORE_TYPES)
        advice = f".{hint}" if hint else ", such as core.oam.dev/v1alpha1.Server"
        spec.problems.error(spec.at("workloadType"), f"{excerpt(name)} must be GROUP/VERSION.Kind{advice}", "MD-11")
    return name


def _os_type(spec: FieldReader) -> str:
    value = spec.text("osType", rule="CO-3")
    if value and value not in ("linux", "windows"):
        hint = words.nearest(value, ("linux", "windows"))
        spec.problems.error(spec.at("osType"), f"{excerpt(value)} must be linux or windows.{hint}", "CO-3")
    return value


def _arch(spec: FieldReader) -> str:
    value = spec.text("arch", rule="CO-3")
    if value in _OTHER_ARCHITECTURES:
        spec.problems.warn(spec.at("arch"), f"{value} is an architecture of Kubernetes, not of OAM", "CO-3")
    elif value and value not in ("i386", "amd64", "arm", "arm64"):
        hint = words.nearest(value, ("i386", "amd64", "arm", "arm64"))
        spec.problems.error(spec.at("arch"), f"{excerpt(value)} must be i386, amd64, arm or arm64.{hint}", "CO-3")
    return value


def read_setting(fields: FieldReader, value_key: str = "value") -> Setting:
    """Read one workload setting; its type defaults to string and its value is opaque (WS-1, WS-3).

    `value_key` is the key of the value.
    """
    setting = Setting(
        name=fields.text("name", required=True, rule="WS-1"),
        type=fields.text("type", default="string", rule="WS-1"),
        value=fields.raw(value_key),
        from_param=fields.text("fromParam", rule="WS-2"),
        required=fields.boolean("required"),
        description=fields.text("description"),
    )
    fields.warn_unread()
    return setting


def _check_steps(component: Component, problems: ProblemList) -> Stepwise[None]:
    """Add all violations of rules between fields, with their rules and paths, in steps."""
    _check_workload(component, problems)
    _check_parameters(component, problems)
    problems.repeated((setting.name for setting in component.settings), "$.spec.workloadSettings", "WS-3")
    problems.repeated((container.name for container in component.containers), _CONTAINERS, "CN-1")
    for index, container in enumerate(component.containers):
        yield problems.size.values // 20
        _check_container(container, paths.child(_CONTAINERS, index), problems)
    yield problems.size.values // 10
    # an unknown parameter next to a `value` is only a warning
    declared = {parameter.name for parameter in component.parameters}
    for path, name, has_value in references(component):
        if name not in declared:
            hint = suggest.nearest(name, declared)
            declare = "" if has_value or hint else " Declare it in spec.parameters"
            message = f"the parameter {excerpt(name)} does not exist.{hint}{declare}"
            if has_value:
                problems.warn(path, f'{message} The "value" next to it is used', "EN-1")
            else:
                problems.error(path, message, "EN-1")


def _check_workload(component: Component, problems: ProblemList) -> None:
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
    _check_shared_ports(component, problems)


def _check_shared_ports(component: Component, problems: ProblemList) -> None:
    """Warn of a port that two containers declare: they share the addresses of their pod."""
    users: dict[tuple[int, str], str] = {}
    for index, container in enumerate(component.containers):
        own: set[tuple[int, str]] = set()
        for number, port in enumerate(container.ports):
            listens = (port.container_port, port.protocol)
            if port.container_port and listens in users and listens not in own:
                path = paths.child(_CONTAINERS, index, "ports", number, "containerPort")
                message = (
                    f"the container {excerpt(users[listens])} of the same pod declares port {port.container_port}/"
                    f"{port.protocol}, too, and only one process of a pod can listen on a port; use another port, or "
                    "remove it from the container that does not listen on it"
                )
                problems.warn(path, message, "PO-1")
            own.add(listens)
        for listens in own:
            users.setdefault(listens, container.name)


def _check_parameters(component: Component, problems: ProblemList) -> None:
    """Names are unique, and a default has the declared type (PA-4)."""
    place = "$.spec.parameters"
    problems.repeated((parameter.name for parameter in component.parameters), place, "PA-1")
    for index, parameter in enumerate(component.parameters):
        if parameter.default is not None and not has_type(parameter.default, parameter.type):
            advice = parameter_types.advice(parameter.default, parameter.type)
            message = f"must be of type {parameter.type}, not {type_in_words(parameter.default)}{advice}"
            problems.error(paths.child(place, index, "default"), message, "PA-4")


def _check_container(container: Container, path: str, problems: ProblemList) -> None:
    problems.repeated((variable.name for variable in container.env), paths.child(path, "env"), "EN-4")
    ports = paths.child(path, "ports")
    problems.repeated((port.name for port in container.ports), ports, "PO-1")
    numbers = (f"{port.container_port}/{port.protocol}" if port.container_port else "" for port in container.ports)
    problems.repeated(numbers, ports, "PO-1", key="containerPort")
    problems.repeated((file.path for file in container.config), paths.child(path, "config"), "EN-6", key="path")
    mounts = (posixpath.normpath(volume.mount_path or "") for volume in container.resources.volumes)
    places = ("" if mount == "." else mount for mount in mounts)
    problems.repeated(places, paths.child(path, "resources", "volumes"), "RS-5", key="mountPath")
    if container.liveness and container.liveness.success != 1:
        place = paths.child(path, "livenessProbe", "successThreshold")
        problems.error(place, "must be 1 in a liveness probe (a rule of Kubernetes)", "HP-2")


def references(component: Component) -> Iterable[tuple[str, str, bool]]:
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
