"""The rules of OAM between the fields of one ApplicationConfiguration.

Each problem has its rule and path. Whether components, traits and scopes exist is not checked here.
"""

from __future__ import annotations

from rudr_py.model import paths
from rudr_py.model.application import Application
from rudr_py.model.json_text import excerpt
from rudr_py.model.parse.fields import ProblemList


def check(application: Application, problems: ProblemList) -> None:
    """Add all violations of rules in `application` to `problems`, with the paths of its document."""
    instances = tuple(binding.instance_name for binding in application.components)
    _unique(instances, "$.spec.components", "instanceName", "AC-13", problems)
    _unique(tuple(scope.name for scope in application.scopes), "$.spec.scopes", "name", "AC-12", problems)
    for index, binding in enumerate(application.components):
        place = paths.child("$.spec.components", index, "applicationScopes")
        for number, name in enumerate(binding.application_scopes):
            if name in binding.application_scopes[:number]:
                problems.warn(paths.child(place, number), f"{excerpt(name)} is listed twice; remove one", "AC-14")


def _unique(values: tuple[str, ...], path: str, key: str, rule: str, problems: ProblemList) -> None:
    """Add an error for each repeated value. "" stands for a value that already has an error."""
    for index, value in enumerate(values):
        before = values.index(value)
        if value and before < index:
            message = f"{excerpt(value)} is already used by {paths.child(path, before)}"
            problems.error(paths.child(path, index, key), message, rule)
