"""The rules of OAM between the fields of one ApplicationConfiguration.

Each finding names its rule and path. Which components, traits and scopes there are is not known here.
"""

from __future__ import annotations

from rudr_py.model import paths
from rudr_py.model.application import Application
from rudr_py.model.parse.fields import ProblemList, shown


def check(application: Application, notes: ProblemList) -> None:
    """Note everything in `application` that breaks a rule; paths are those of the document it was read from."""
    instances = tuple(binding.instance_name for binding in application.components)
    _unique(instances, "$.spec.components", "instanceName", "AC-13", notes)
    _unique(tuple(scope.name for scope in application.scopes), "$.spec.scopes", "name", "AC-12", notes)
    for index, binding in enumerate(application.components):
        place = paths.child("$.spec.components", index, "applicationScopes")
        for number, name in enumerate(binding.application_scopes):
            if name in binding.application_scopes[:number]:
                notes.warn(paths.child(place, number), f"{shown(name)} is named twice", "AC-14")


def _unique(values: tuple[str, ...], path: str, key: str, rule: str, notes: ProblemList) -> None:
    """Note each value that came before. "" stands for a value that was already found wrong."""
    for index, value in enumerate(values):
        before = values.index(value)
        if value and before < index:
            message = f"{shown(value)} is already taken by {paths.child(path, before)}"
            notes.error(paths.child(path, index, key), message, rule)
