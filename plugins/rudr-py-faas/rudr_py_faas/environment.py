"""The setting `environment`: a map, or a list as in Rudr whose entries may name a parameter each.

The core replaces a `fromParam` of a whole setting; one inside a value, as Rudr's example has it, is replaced here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.api import Problem, WorkloadContext

Scalar = bool | int | float | str


class Variable(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A variable: a value, or that of a parameter of the component, which wins when it has one."""

    name: str
    value: Scalar | None = None
    from_param: str = ""
    type: str = "string"
    required: bool = False
    description: str = ""


Environment = list[Variable] | dict[str, Scalar]


def resolve(ctx: WorkloadContext[Any], given: Environment) -> dict[str, str]:
    """Name -> text. A variable without any value is left out."""
    if isinstance(given, dict):
        return {name: text(value) for name, value in given.items()}
    values = {one.name: ctx.parameters.get(one.from_param, one.value) for one in given}
    return {name: text(value) for name, value in values.items() if value is not None}


def problems(ctx: WorkloadContext[Any], given: Environment) -> Iterator[Problem]:
    """Names that come twice, parameters that the component does not declare, and required variables without a value."""
    if isinstance(given, dict):
        return
    declared = {parameter.name for parameter in ctx.component.parameters}
    seen: set[str] = set()
    for index, one in enumerate(given):
        where = f"$.environment[{index}]"
        if one.name in seen:
            yield Problem(f'the variable "{one.name}" comes twice', path=f"{where}.name")
        seen.add(one.name)
        if one.from_param and one.from_param not in declared and one.value is None:
            yield Problem(f'the component has no parameter "{one.from_param}"', path=f"{where}.fromParam")
        elif one.required and ctx.parameters.get(one.from_param, one.value) is None:
            yield Problem(f'the variable "{one.name}" is required and has no value', path=where)


def text(value: Any) -> str:
    """A value as the text of a variable: anything that is no text as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
