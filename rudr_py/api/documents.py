"""The instances of a file that have a trait, for a command of a plugin package.

Documents are read by the code of the controller, so every form that it accepts is accepted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.api.types import Trait
from rudr_py.api.values import Json
from rudr_py.errors import DocumentError, Problem
from rudr_py.model import paths, resolve
from rudr_py.model.application import Application
from rudr_py.model.parse import documents, yaml_file

__all__ = ["AttachedTrait", "DocumentError", "attached_traits"]


class AttachedTrait(msgspec.Struct, frozen=True, kw_only=True):
    """A trait of an instance. `properties` have their current names and the values of variables.

    The schema of the properties is not checked, and values of parameters are not replaced.
    """

    application: str
    instance: str
    properties: dict[str, Json]


def attached_traits(trait: Trait[Any], content: bytes | str, file: str) -> tuple[AttachedTrait, ...]:
    """Return the instances of the applications in `content` that have the trait, in the order of the documents.

    Documents that are not ApplicationConfigurations are ignored. Raises DocumentError, whose `problems` are all errors
    of `content` and of its applications; `file` is the name of the file in their locations.
    """
    read, problems = yaml_file.read(content, file)
    traits: list[AttachedTrait] = []
    errors = list(problems)
    for document in read:
        if not documents.is_oam(document.value) or document.value.get("kind") != "ApplicationConfiguration":
            continue
        parsed = documents.parse(document.value, document.positions)
        errors += parsed.problems
        if isinstance(parsed.value, Application):
            traits += _attached(trait, parsed.value, errors)
    if errors:
        raise DocumentError(tuple(errors))
    return tuple(traits)


def _attached(trait: Trait[Any], application: Application, errors: list[Problem]) -> Iterator[AttachedTrait]:
    names = {trait.name, *trait.aliases}
    for index, component in enumerate(application.components):
        for number, binding in enumerate(component.traits):
            if binding.name not in names:
                continue
            path = paths.child("$.spec.components", index, "traits", number)
            properties, undefined = resolve.substitute_properties(binding, application.variables, path)
            errors += undefined
            renamed = {trait.renamed_properties.get(name, name): value for name, value in properties.items()}
            yield AttachedTrait(
                application=application.metadata.name, instance=component.instance_name, properties=renamed
            )
