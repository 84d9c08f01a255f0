"""The setting `environment`: a map, or a list as in Rudr with values of parameters.

The core replaces the `fromParam` of a whole setting; one inside a value, as in Rudr's example, is replaced here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.api import Problem, WorkloadContext

Scalar = bool | int | float | str


class Variable(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A variable with a value, or with the value of a parameter of the component, which takes precedence."""

    name: str
    value: Scalar | None = None
    from_param: str = ""
    type: str = "string"
    required: bool = False
    description: str = ""


Environment = list[Variable] | dict[str, Scalar]


def resolve(ctx: WorkloadContext[Any], environment: Environment) -> dict[str, str]:
    """Name -> text. A variable without a value is omitted."""
    if isinstance(environment, dict):
        return {name: text(value) for name, value in environment.items()}
    values = {variable.name: ctx.parameters.get(variable.from_param, variable.value) for variable in environment}
    return {name: text(value) for name, value in values.items() if value is not None}


def problems(ctx: WorkloadContext[Any], environment: Environment) -> Iterator[Problem]:
    """Duplicate names, parameters that the component does not declare, and required variables without a value."""
    if isinstance(environment, dict):
        return
    declared = {parameter.name for parameter in ctx.component.parameters}
    seen: set[str] = set()
    for index, variable in enumerate(environment):
        where = f"$.environment[{index}]"
        if variable.name in seen:
            yield Problem(f'duplicate variable "{variable.name}"', path=f"{where}.name")
        seen.add(variable.name)
        if variable.from_param and variable.from_param not in declared and variable.value is None:
            yield Problem(f'the component has no parameter "{variable.from_param}"', path=f"{where}.fromParam")
        elif variable.required and ctx.parameters.get(variable.from_param, variable.value) is None:
            yield Problem(f'the variable "{variable.name}" is required and has no value', path=where)


def text(value: Any) -> str:
    """A value as the text of a variable; a value that is not a text becomes JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
