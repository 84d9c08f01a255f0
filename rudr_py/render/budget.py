"""The budget of one application: its size after parameters and variables are replaced, and its objects.

The size is computed from the documents before anything is expanded, so that a document which refers to a large text
many times costs no memory. Sizes are also the units of the steps in which an application is rendered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.errors import Problem
from rudr_py.model import paths, resolve, size
from rudr_py.model.application import ComponentBinding
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.size import Size
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import PlannedObject

COMPONENTS = "$.spec.components"

_FROM_PARAM = "fromParam"


class Expansion(msgspec.Struct, frozen=True, kw_only=True):
    """The size of each instance, by the index of its binding, that of the largest, and the number of config files.

    `largest` counts the values once, and `instances` for each type.
    """

    instances: tuple[Size, ...]
    config_files: int
    largest: int = 0

    def excess(self, inputs: Inputs) -> Iterator[Problem]:
        """The problems of an application that is too large to be rendered."""
        limits, total = inputs.limits, sum(self.instances, Size())
        if total.values > limits.expanded_values:
            counted = f"{total.values} values in all instances and their traits"
            yield size.too_large("expanded_values", counted, limits, COMPONENTS)
        if total.text > limits.expanded_bytes:
            counted = f"{total.text} bytes of text in all instances, after parameters and variables are replaced"
            yield size.too_large("expanded_bytes", counted, limits, COMPONENTS)
        if self.config_files > limits.objects:
            counted = f"{self.config_files} config files in all instances"
            yield size.too_large("objects", counted, limits, COMPONENTS)
        if self.largest > limits.instance_values:
            counted = f"{self.largest} values in one instance"
            yield size.too_large("instance_values", counted, limits, COMPONENTS)
        for name, members in inputs.members.items():
            if len(members) > limits.members:
                counted = f'{len(members)} instances in the scope "{name}"'
                yield size.too_large("members", counted, limits, paths.child("$", "spec", "scopes"))


def expansion(inputs: Inputs) -> Expansion:
    """The sizes of an application. Takes time in proportion to its documents, and to nothing else."""
    variables = {name: size.text_bytes(resolve.text_of(value)) for name, value in inputs.application.variables.items()}
    components = {name: _ComponentSize(parsed) for name, parsed in inputs.components.items()}
    absent = _ComponentSize(Parsed(value=None))
    sized = [(binding, components.get(binding.component_name, absent)) for binding in inputs.application.components]
    return Expansion(
        instances=tuple(component.of_instance(binding, variables) for binding, component in sized),
        config_files=sum(component.config_files for _, component in sized),
        largest=max((component.largest for _, component in sized), default=0),
    )


class RenderedObjects:
    """Counts the objects of an application while they are rendered, so that rendering ends at the limit."""

    def __init__(self, inputs: Inputs) -> None:
        self._limits = inputs.limits
        self._number = 0
        self._bytes = 0

    def add(self, objects: tuple[PlannedObject, ...], owners: int = 0) -> Problem | None:
        """Count objects, and ComponentInstances that own them; return the problem if there are too many."""
        self._number += len(objects) + owners
        self._bytes += sum(len(msgspec.json.encode(planned.body)) for planned in objects)
        if self._number > self._limits.objects:
            return size.too_large("objects", f"more than {self._limits.objects} objects", self._limits, COMPONENTS)
        if self._bytes > self._limits.object_bytes:
            counted = f"more than {self._limits.object_bytes} bytes of objects"
            return size.too_large("object_bytes", counted, self._limits, COMPONENTS)
        return None


class _ComponentSize:
    """The size of a component, and how many times it uses each of its parameters.

    `largest` is the number of values of its largest instance so far, without the values of parameters themselves.
    """

    def __init__(self, parsed: Parsed[Component]) -> None:
        component = parsed.value
        self.config_files = 0
        self.largest = 0
        self._own = parsed.size
        self._uses: Counter[str] = Counter()
        self._defaults: Mapping[str, Size] = {}
        if component is not None:
            self._defaults = {parameter.name: size.of(parameter.default) for parameter in component.parameters}
            self._uses.update(_references(component))
            self.config_files = sum(len(container.config) for container in component.containers)

    def of_instance(self, binding: ComponentBinding, variables: Mapping[str, int]) -> Size:
        """The size of an instance. Its values count for each type, because each type gets a copy of them."""
        values = {name: resolve.expanded_size(value, variables) for name, value in binding.parameter_values.items()}
        traits = sum((resolve.expanded_size(trait.properties, variables) for trait in binding.traits), Size())
        rendered = self._own + traits
        for name, uses in self._uses.items():
            rendered += values.get(name, self._defaults.get(name, Size())) * uses
        self.largest = max(self.largest, rendered.values)
        own = sum(values.values(), rendered)
        return Size(own.values * (1 + len(binding.traits)), own.text)


def _references(component: Component) -> Iterator[str]:
    """The parameter of each reference in a component, in the settings of extended workloads at any depth."""
    for container in component.containers:
        yield from (variable.from_param for variable in container.env if variable.from_param)
        yield from (file.from_param for file in container.config if file.from_param)
    for setting in component.settings:
        if setting.from_param:
            yield setting.from_param
        yield from _nested(setting.value)


def _nested(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            reference = item.get(_FROM_PARAM)
            if isinstance(reference, str):
                yield reference
            stack += item.values()
        elif isinstance(item, list):
            stack += item
