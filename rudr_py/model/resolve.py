"""Replaces parameters and variables by their values (OAM v1alpha1 §3 "Parameters", §6 "Variables").

The result contains no `fromParam` and no `[fromVariable(x)]`. Inserted values are not searched for references again,
so that no value can refer to another one. The installed types are not visible here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import msgspec

from rudr_py.errors import Problem
from rudr_py.model import parameter_types, paths, size, suggest
from rudr_py.model.application import ComponentBinding, PropertiesBinding
from rudr_py.model.component import Component, ConfigFile, EnvVar, Parameter
from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.parameter_types import has_type
from rudr_py.model.size import Size

_REFERENCE = re.compile(r"\[fromVariable\(([^()\[\]]*)\)\]")


LISTED = 100
"""Maximum number of undefined variables of one text that are listed; further ones are counted."""


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """A component as one binding uses it.

    In `component` no env entry, config file or setting has a `from_param`; entries that are left without
    a value are removed. `parameters` and `settings` contain those with a value. Paths in `problems` and
    `warnings` are those of the application's document, unless `document` names the component's.
    """

    component: Component
    parameters: dict[str, Json] = {}
    settings: dict[str, Json] = {}
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def resolve(
    component: Component, binding: ComponentBinding, variables: Mapping[str, Json], *, path: str = paths.ROOT
) -> Resolved:
    """Resolve `component` for `binding`, which is at `path` in the application's document.

    A parameter's value is the binding's, else its default; without either it is unset, which is an error only if
    it is required (PA-3, PA-6). `fromParam` wins over `value` unless the parameter is unset (EN-1, WS-2).
    """
    bound_values, problems = substitute_parameters(binding, variables, path)
    undefined = {outer for problem in problems for outer in paths.enclosing(problem.path)}
    declared = {parameter.name: parameter for parameter in component.parameters}
    parameters: dict[str, Json] = {}
    for parameter in declared.values():
        value = bound_values.get(parameter.name, parameter.default)
        place = paths.child(path, *binding.parameter_steps.get(parameter.name, ("parameterValues",)))
        if place in undefined:
            continue
        problem = _parameter_problem(parameter, value, component, place)
        if problem:
            problems.append(problem)
        elif value is not None:
            parameters[parameter.name] = value
    settings = {setting.name: parameters.get(setting.from_param, setting.value) for setting in component.settings}
    problems += _unset_settings(component, settings)
    return Resolved(
        component=_filled(component, parameters, settings),
        parameters=parameters,
        settings={name: value for name, value in settings.items() if value is not None},
        problems=tuple(problems),
        warnings=tuple(_undeclared(component, binding, path)),
    )


def substitute(
    value: Json, variables: Mapping[str, Json], path: str, *, rule: str = "AC-9"
) -> tuple[Json, tuple[Problem, ...]]:
    """`value` with every `[fromVariable(x)]` in it replaced, and a problem for each undefined variable.

    A text that consists of the reference alone becomes the variable's value with its type; inside a longer text the
    value becomes text. Keys are not changed. `path` is the path of `value`.
    """
    problems: list[Problem] = []
    result = _substituted(value, variables, path, problems, rule)
    return result, tuple(problems)


def substitute_properties(
    binding: PropertiesBinding, variables: Mapping[str, Json], path: str
) -> tuple[dict[str, Json], tuple[Problem, ...]]:
    """The properties of a binding at `path`, with variables replaced; problems have the path of the property."""
    properties: dict[str, Json] = {}
    problems: list[Problem] = []
    for name, value in binding.properties.items():
        properties[name], undefined = substitute(value, variables, paths.child(path, *binding.steps_to(name)))
        problems += undefined
    return properties, tuple(problems)


def substitute_parameters(
    binding: ComponentBinding, variables: Mapping[str, Json], path: str
) -> tuple[dict[str, Json], list[Problem]]:
    """The binding's values with variables replaced (AC-8). Null is the same as absent."""
    values: dict[str, Json] = {}
    problems: list[Problem] = []
    for name, value in binding.parameter_values.items():
        place = paths.child(path, *binding.parameter_steps.get(name, ("parameterValues",)))
        values[name], undefined = substitute(value, variables, place, rule="AC-8")
        problems += undefined
    return {name: value for name, value in values.items() if value is not None}, problems


def expanded_size(value: Json, variables: Mapping[str, int]) -> Size:
    """The size of a value after its variables are replaced; `variables` are the lengths of their texts in bytes."""
    references = (name for text in _texts(value) for name in _references(text))
    return size.of(value) + Size(0, sum(variables.get(name, 0) for name in references))


def _texts(value: Json) -> Iterator[str]:
    stack: list[Json] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack += item.values()
        elif isinstance(item, list):
            stack += item


def _references(text: str) -> list[str]:
    """The names of the variables in a text."""
    return [name.strip() for name in _REFERENCE.findall(text)] if "[fromVariable(" in text else []


def text_of(value: Json) -> str:
    """A value as the text of an environment variable or file: text unchanged, anything else as compact JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _parameter_problem(parameter: Parameter, value: Json, component: Component, place: str) -> Problem | None:
    if value is None and parameter.required and parameter.type != "null":
        message = f'the component "{component.metadata.name}" requires a value for {excerpt(parameter.name)}'
        return Problem(message, place, rule="PA-3")
    if value is not None and not has_type(value, parameter.type):
        # without the value, which may be confidential
        message = f"{excerpt(parameter.name)} must be of type {parameter.type}, not {type_in_words(value)}"
        message += parameter_types.advice(value, parameter.type)
        return Problem(message, place, rule="PA-5")
    return None


def _undeclared(component: Component, binding: ComponentBinding, path: str) -> Iterator[Problem]:
    declared = {parameter.name for parameter in component.parameters}
    for name in binding.parameter_values:
        if name not in declared:
            place = paths.child(path, *binding.parameter_steps.get(name, ("parameterValues",)))
            message = f'the component "{component.metadata.name}" has no parameter {excerpt(name)}'
            yield Problem(f"{message}; the value has no effect.{suggest.nearest(name, declared)}", place, rule="PA-7")


def _unset_settings(component: Component, settings: Mapping[str, Json]) -> Iterator[Problem]:
    document = f"componentschematic/{component.metadata.name}"
    for index, setting in enumerate(component.settings):
        if setting.required and settings[setting.name] is None:
            place = paths.child("$.spec.workloadSettings", index)
            message = f"the setting {excerpt(setting.name)} is required and has no value"
            yield Problem(message, place, rule="WS-3", document=document)


def _filled(component: Component, parameters: Mapping[str, Json], settings: Mapping[str, Json]) -> Component:
    def text(entry: EnvVar | ConfigFile) -> str | None:
        return text_of(parameters[entry.from_param]) if entry.from_param in parameters else entry.value

    containers = []
    for container in component.containers:
        env = (EnvVar(name=entry.name, value=text(entry)) for entry in container.env)
        config = (ConfigFile(path=entry.path, value=text(entry)) for entry in container.config)
        filled = msgspec.structs.replace(
            container,
            env=tuple(entry for entry in env if entry.value is not None),
            config=tuple(entry for entry in config if entry.value is not None),
        )
        containers.append(filled)
    values = ((setting, settings[setting.name]) for setting in component.settings)
    return msgspec.structs.replace(
        component,
        containers=tuple(containers),
        settings=tuple(
            msgspec.structs.replace(setting, value=value, from_param="")
            for setting, value in values
            if value is not None
        ),
    )


def _substituted(value: Json, variables: Mapping[str, Json], path: str, problems: list[Problem], rule: str) -> Json:
    if isinstance(value, dict):
        return {
            key: _substituted(inner, variables, paths.child(path, key), problems, rule) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            _substituted(inner, variables, paths.child(path, index), problems, rule)
            for index, inner in enumerate(value)
        ]
    if not isinstance(value, str) or "[fromVariable(" not in value:
        return value
    names = [text.strip() for text in _REFERENCE.findall(value)]
    undefined = list(dict.fromkeys(name for name in names if name not in variables))
    for name in undefined[:LISTED]:
        message = f"the variable {excerpt(name)} does not exist.{suggest.nearest(name, variables)}"
        problems.append(Problem(message, path, rule=rule))
    if len(undefined) > LISTED:
        problems.append(size.more(len(undefined) - LISTED))
    if undefined:
        return value
    if whole := _REFERENCE.fullmatch(value):
        return variables[whole[1].strip()]
    return _REFERENCE.sub(lambda match: text_of(variables[match[1].strip()]), value)
