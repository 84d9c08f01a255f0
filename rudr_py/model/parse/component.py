"""ComponentSchematic: document -> Component, with all errors (OAM v1alpha1 §3).

Accepts all spellings that Rudr accepted, the deviating ones with a warning. `validate_component` checks rules between
fields.
"""

from __future__ import annotations

from rudr_py.model import names
from rudr_py.model.component import Component, Parameter, Setting
from rudr_py.model.document import Json, Parsed, Positions
from rudr_py.model.identity import TypeName
from rudr_py.model.json_text import excerpt
from rudr_py.model.parameter_types import PARAMETER_TYPES
from rudr_py.model.parse import validate_component
from rudr_py.model.parse.container import read_container
from rudr_py.model.parse.fields import FieldReader, ProblemList
from rudr_py.model.parse.metadata import open_document

KIND = "ComponentSchematic"

_OTHER_ARCHITECTURES = ("386", "loong64", "mips64le", "ppc64le", "riscv64", "s390x")


def parse_component(document: Json, positions: Positions | None = None) -> Parsed[Component]:
    """Read a ComponentSchematic. Raises nothing, whatever JSON value `document` is."""
    problems = ProblemList(positions)
    envelope = open_document(document, KIND, problems)
    if envelope is None:
        return problems.parsed(None)
    spec = envelope.spec
    component = Component(
        metadata=envelope.metadata,
        workload_type=_workload_type(spec),
        os_type=_os_type(spec),
        arch=_arch(spec),
        parameters=tuple(read_parameter(fields, PARAMETER_TYPES) for fields in spec.items("parameters")),
        containers=tuple(read_container(fields) for fields in spec.items("containers")),
        settings=tuple(read_setting(fields) for fields in spec.items("workloadSettings")),
    )
    spec.warn_unread()
    validate_component.check(component, problems)
    return problems.parsed(component)


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
    if name and TypeName.parse(name) is None:
        message = f"{excerpt(name)} must be GROUP/VERSION.Kind, such as core.oam.dev/v1alpha1.Server"
        spec.problems.error(spec.at("workloadType"), message, "MD-11")
    return name


def _os_type(spec: FieldReader) -> str:
    key = spec.renamed("os", "osType")
    value = spec.text(key, rule="CO-3")
    if value and value not in ("linux", "windows"):
        spec.problems.error(spec.at(key), f"{excerpt(value)} must be linux or windows", "CO-3")
    return value


def _arch(spec: FieldReader) -> str:
    value = spec.text("arch", rule="CO-3")
    if value in _OTHER_ARCHITECTURES:
        spec.problems.warn(spec.at("arch"), f"{value} is an architecture of Kubernetes, not of OAM", "CO-3")
    elif value and value not in ("i386", "amd64", "arm", "arm64"):
        spec.problems.error(spec.at("arch"), f"{excerpt(value)} must be i386, amd64, arm or arm64", "CO-3")
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
