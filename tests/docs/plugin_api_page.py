"""The page docs/plugin-reference.md: the hook, the docstrings of `rudr_py.api`, and results of merging sizes.

`reference` writes the page.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from rudr_py import api, hookspecs
from rudr_py.api import Scale, component
from rudr_py.render import scaling
from rudr_py.render.scaling import MergedScale, ScaleClash, ScaleRequest

GROUPS = {
    "Base classes of types": ("Type", "Trait", "PodTrait", "WorkloadType", "Scope"),
    "The context of a call": (
        *("Context", "InstanceContext", "TraitContext", "WorkloadContext", "ScopeContext", "Attached", "Member"),
    ),
    "Returned values": (
        "Rendered",
        "Manifest",
        "Kind",
        "Ref",
        "SetField",
        "DropField",
        "Scale",
        "Probe",
        "Health",
        "Dependency",
        "Hold",
        "InvalidProperties",
        "Problem",
        "reject",
    ),
    "Pod templates": ("pod_template", "PodTemplate", "PodTemplatePlace"),
    "Rights": ("Rule",),
    "The component (`rudr_py.api.component`)": (
        *("Component", "Container", "Port", "EnvVar", "Volume", "Disk", "ExtendedResource", "HealthProbe"),
    ),
    "Reading live objects": ("get_in", "mappings_in"),
    "Plain names": ("API_VERSION", "hookimpl", "Json", "Path"),
}
"""Every public name, once, in reading order."""

LINE = 120
"""The length from which ruff wraps a line."""

HEAD = """\
# The plugin API

Generated from the docstrings by `make reference`; do not edit it by hand. Start with
[the tutorial](plugin-tutorial.md).

The version of this API is {version}. A plugin module, or one type, may state the version that it is written for:
`RUDR_API_VERSION = "{version}"`. A rudr-py with another major number, or with a lower minor number, does not load the
plugin and reports both versions. Within one major number, names are added and never changed or removed.

A plugin is a pip package with an entry point in the group `rudr_py.plugins` that names a module with the hook:
"""

SIZES = """\
## How sizes are merged

Each trait of an instance may return one `Scale`. The order of the traits does not matter. If the result is
"refused", the application is invalid and nothing is applied. Otherwise the workload type gets one size, or None, in a
form that it declares in `scale_forms`.

"""


def page() -> str:
    """The text of the page."""
    parts = [HEAD.format(version=api.API_VERSION), *_hook()]
    for title, names in GROUPS.items():
        parts.append(f"## {title}\n")
        for name in names:
            parts += _entry(name)
    parts += [SIZES + _sizes()]
    return "\n".join(parts).rstrip() + "\n"


def undocumented() -> list[str]:
    """Public names, and their public attributes and methods, without a docstring."""
    missing = []
    for name in (*api.__all__, *component.__all__):
        value = _public(name)
        if inspect.isclass(value):
            text = _documentation(name)
            missing += [] if text else [name]
            missing += [f"{name}.{method}" for method, function in _methods(value) if not inspect.getdoc(function)]
            missing += [f"{name}.{field}" for field, _ in _fields(value) if not _explained(value, field, text)]
        elif not _documentation(name):
            missing.append(name)
    return missing


def _hook() -> Iterator[str]:
    yield "## The hook\n"
    yield f"```python\n@hookimpl\ndef rudr_register_types{_signature(hookspecs.rudr_register_types)}: ...\n```\n"
    yield f"{_text(hookspecs.rudr_register_types)}\n"


def _entry(name: str) -> Iterator[str]:
    value = _public(name)
    yield f"### {name}\n"
    if inspect.isfunction(value):
        yield f"```python\n{_definition(name, value)}\n```\n"
    if not inspect.isclass(value):
        yield f"{_documentation(name)}\n"
        return
    bases = [base.__name__ for base in value.__mro__[1:] if base.__name__ in api.__all__]
    if bases:
        yield f"Is a `{bases[0]}`, with all of its attributes.\n"
    yield f"{_documentation(name)}\n"
    rows = list(_fields(value))
    if rows:
        yield "| field | |\n|---|---|"
        notes = attribute_notes(value)
        for field, declared in rows:
            yield f"| `{cell(field)}: {cell(declared)}` | {cell(notes.get(field, ''))} |"
        yield ""
    for method, function in _methods(value):
        yield f"**`{name}.{method}{_signature(function)}`**\n"
        yield f"{_text(function)}\n"


def cell(text: str) -> str:
    """The text as one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _definition(name: str, function: Any) -> str:
    """The first line of a function, or one line for each parameter if it is too long, as ruff formats it."""
    line = f"def {name}{_signature(function)}: ..."
    if len(line) <= LINE:
        return line
    signature = inspect.signature(function)
    parameters: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parameters:
            parameters.append("*")
        parameters.append(str(parameter).replace("'", ""))
    listed = "".join(f"    {parameter},\n" for parameter in parameters)
    return f"def {name}(\n{listed}) -> {signature.return_annotation}: ..."


def _signature(function: Any) -> str:
    if isinstance(function, property):
        return f" -> {inspect.signature(function.fget).return_annotation}" if function.fget else ""
    return str(inspect.signature(function)).replace("'", "")


def _methods(class_: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that the class itself defines."""
    for name, member in vars(class_).items():
        function = member.__func__ if isinstance(member, classmethod) else member
        if not name.startswith("_") and isinstance(function, FunctionType | property):
            yield name, function


def _fields(class_: type) -> Iterator[tuple[str, str]]:
    """The annotated attributes that the class itself declares, with type and default."""
    for node in _body(class_):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id[0] != "_":
            default = f" = {ast.unparse(node.value)}" if node.value is not None else ""
            declared = ast.unparse(node.annotation)
            if declared.startswith("ClassVar["):
                declared = declared.removeprefix("ClassVar[").removesuffix("]")
            yield node.target.id, declared + default


def attribute_notes(class_: type) -> dict[str, str]:
    """The strings below attributes."""
    return dict(_notes(_body(class_)))


def _notes(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node, after in itertools.pairwise(body):
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield target.id, inspect.cleandoc(str(after.value.value))


def _explained(class_: type, field: str, text: str) -> bool:
    """Whether a string below it, the docstring of the class, or a docstring of a method documents a field."""
    documentation = text + " ".join(inspect.getdoc(function) or "" for _, function in _methods(class_))
    words = field.replace("_", " ")
    return (
        field in attribute_notes(class_)
        or f"`{field}`" in documentation
        or field in documentation
        or words in documentation
    )


def _public(name: str) -> Any:
    return getattr(api, name) if name in api.__all__ else getattr(component, name)


def _body(class_: type) -> list[ast.stmt]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(class_)))
    (node,) = tree.body
    assert isinstance(node, ast.ClassDef)
    return node.body


def _documentation(name: str) -> str:
    value = _public(name)
    if inspect.isclass(value) or inspect.isfunction(value):
        return _text(value) if value.__doc__ else ""
    modules = (api, api.values)
    notes = {key: text for module in modules for key, text in _notes(ast.parse(inspect.getsource(module)).body)}
    return notes.get(name, "")


def _text(value: Any) -> str:
    return inspect.getdoc(value) or ""


_EXAMPLES = (Scale.exact(3), Scale.between(2, 6), Scale.external(), Scale.hold(1), Scale.hold(4))


def _sizes() -> str:
    rows = ["| traits return | merged |", "|---|---|"]
    for count in (1, 2):
        for sizes in itertools.combinations(_EXAMPLES, count):
            requests = [ScaleRequest(size, f"trait-{index}", "$") for index, size in enumerate(sizes)]
            rows.append(f"| {' and '.join(map(_size, sizes))} | {_merged(requests)} |")
    return "\n".join(rows) + "\n"


def _merged(requests: list[ScaleRequest]) -> str:
    merged = scaling.merge(requests)
    backwards = scaling.merge(requests[::-1])
    assert isinstance(merged, ScaleClash) == isinstance(backwards, ScaleClash)
    return _size(merged.scale) if isinstance(merged, MergedScale) else "refused"


def _size(size: Scale) -> str:
    arguments = {
        "range": f"{size.minimum}, {size.maximum}",
        "external": "",
    }
    constructor = {"range": "between"}.get(size.form, size.form)
    return f"`Scale.{constructor}({arguments.get(size.form, size.replicas)})`"
